"""A batch leaves ``summary.xlsx`` and ``summary.html``: a row per study as its own run says, failures in words, links that lead there."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from lxml import html
from typer.testing import CliRunner

from planner.cli import app
from planner.exports.together import write_all_sites
from planner.study.batch import COLUMNS
from planner.workbook.summary import write_summary
from tests.publish.hostile import HOSTILE
from tests.study.town import Place, at, street_town

HOSTS = [Place("h0", 0.0), Place("h13", 1300.0), Place("h30", 3000.0)]


def listed(folder: Path) -> tuple[list[str], list[list[Any]]]:
    """Heads and rows of the workbook."""
    head, *rows = openpyxl.load_workbook(folder / "summary.xlsx").worksheets[0].iter_rows(values_only=True)
    return [str(h) for h in head], [list(row) for row in rows]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("batch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(folder / "cache"))
        good = street_town(folder / "good", hosts=HOSTS)
        bad = street_town(folder / "bad", hosts=HOSTS)
        bad.write_text(bad.read_text("utf-8").replace("[siting]", "[siting]\nq = 1"), "utf-8")
        made = CliRunner(env={"LC_ALL": "C.UTF-8"}).invoke(
            app, ["batch", str(good), str(bad), "--out", str(folder / "out"), "--workers", "1"]
        )
    assert made.exit_code == 1, made.output
    assert str(folder / "out" / "summary.xlsx") in made.output
    return folder / "out"


def test_a_row_says_what_the_study_itself_says(out: Path) -> None:
    head, (good, bad) = listed(out)
    assert head == ["study", "exit code", "workers", "before", "after", "after (5 %)", "after (95 %)", "newly covered",
                    "newly covered (5 %)", "newly covered (95 %)", "sites", "gap", "findings", "seconds", "folder", "message"]  # fmt: skip
    run = json.loads((out / "street" / "run.json").read_text("utf-8"))
    row = dict(zip(head, good, strict=True))

    def fact(id_: str, plan: str | None) -> dict[str, Any]:
        return next(
            f for f in run["facts"]
            if f["id"] == id_ and f["scope"].get("plan") == plan and f["scope"]["groups"] == "headline"
            and f["scope"]["periods"] == "all" and f["scope"]["cutoff_m"] == 667 and f["scope"]["least"] == 1
            and not {"district", "batch", "case", "hours"} & set(f["scope"])
        )  # fmt: skip

    def shown(id_: str, plan: str | None) -> float:
        return float(fact(id_, plan)["shown"])

    assert row["workers"] == shown("workers", "")
    assert (row["before"], row["after"]) == (shown("share", "today"), shown("share", "proposal"))
    assert row["newly covered"] == shown("newly_covered", "gain") > 0
    for head_of, id_, plan, unit in (
        ("newly covered", "newly_covered", "gain", 1),
        ("after", "share", "proposal", 0.001),
    ):
        band = fact(id_, plan)
        assert row[f"{head_of} (5 %)"] == pytest.approx(band["low"], abs=0.51 * unit)
        assert row[f"{head_of} (95 %)"] == pytest.approx(band["high"], abs=0.51 * unit)
        assert row[f"{head_of} (5 %)"] < row[f"{head_of} (95 %)"]
    assert row["sites"] == run["stations"]["chosen"]
    assert row["findings"] == sum(run["findings"].values())
    assert row["seconds"] >= 0
    assert (row["study"], row["folder"], row["message"]) == ("street", "street", None)
    failed = dict(zip(head, bad, strict=True))
    assert failed["exit code"] == 1
    assert "SET-0" in failed["message"]
    assert [failed[key] for key in head[2:13]] == [None] * 11


def test_the_sites_of_all_studies_stand_in_one_table(out: Path) -> None:
    sites = gpd.read_parquet(out / "sites.parquet")
    with (out / "street" / "recommendations.csv").open(encoding="utf-8-sig", newline="") as handle:
        rows = [row for row in csv.reader(handle) if row and row[0].isdigit()]
    assert sites.columns[0] == "study"
    assert sites["study"].tolist() == ["street"] * len(rows) != []  # the refused study has none
    assert [str(n) for n in sites["rank"]] == [row[0] for row in rows]
    assert sites.crs == "EPSG:4326"
    assert set(sites["name"]) <= {h.name for h in HOSTS}
    x = {h.name: at(h.x_m)[0] for h in HOSTS}
    assert sites.geometry.x.to_numpy() == pytest.approx([x[name] for name in sites["name"]], abs=1e-6)


def test_sites_of_studies_whose_columns_differ_stand_together(tmp_path: Path) -> None:
    tables = {
        "b": {"rank": [1, 2], "name": ["=1+1", "<b>"], "batch": ["2024", "2025"]},
        "a": {"rank": [1], "name": ["x"]},
    }
    for name, columns in tables.items():
        points = gpd.points_from_xy([120.0] * len(columns["rank"]), [31.0] * len(columns["rank"]))
        (tmp_path / name).mkdir()
        gpd.GeoDataFrame(columns, geometry=points, crs=4326).to_file(
            tmp_path / name / "plan.gpkg", layer="chosen"
        )
    studies = [(name, tmp_path / name) for name in ("b", "none", "a")]
    path = write_all_sites(studies, tmp_path / "sites.parquet")
    assert path is not None
    sites = gpd.read_parquet(path)
    assert sites[["study", "rank", "name"]].to_numpy().tolist() == [
        ["b", 1, "=1+1"],
        ["b", 2, "<b>"],
        ["a", 1, "x"],
    ]
    assert sites["batch"].fillna("").tolist() == ["2024", "2025", ""]
    first = path.read_bytes()
    write_all_sites(studies, path)
    assert path.read_bytes() == first
    assert write_all_sites([("none", tmp_path / "none")], tmp_path / "no.parquet") is None
    assert not (tmp_path / "no.parquet").exists()


def test_links_lead_to_the_folder_of_a_study(out: Path) -> None:
    sheet = openpyxl.load_workbook(out / "summary.xlsx").worksheets[0]
    links = [cell.hyperlink.target for row in sheet.iter_rows() for cell in row if cell.hyperlink]
    page = html.fromstring((out / "summary.html").read_text("utf-8"))
    assert links == page.xpath("//a/@href") == ["./street/"]
    assert (out / links[0] / "map.html").is_file()
    assert not page.xpath("//script")
    assert "SET-0" in page.text_content()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_text_of_studies_stays_text(language: str, tmp_path: Path) -> None:
    empty = dict.fromkeys(COLUMNS)
    rows = [empty | {"study": t, "exit_code": 1, "folder": "", "message": t} for t in HOSTILE]
    (tmp_path / "a b&c'").mkdir()
    rows.append(empty | {"study": "a", "exit_code": 0, "folder": str(tmp_path / "a b&c'"), "message": ""})
    elsewhere = tmp_path.parent / "elsewhere"
    rows.append(empty | {"study": "b", "exit_code": 0, "folder": str(elsewhere), "message": ""})
    write_summary(pd.DataFrame(rows, columns=COLUMNS), tmp_path, language)
    sheet = openpyxl.load_workbook(tmp_path / "summary.xlsx").worksheets[0]
    cells = [c for row in sheet.iter_rows() for c in row if c.value is not None]
    assert {c.data_type for c in cells} <= {"s", "n"}
    assert all(c.quotePrefix for c in cells if c.data_type == "s" and not c.hyperlink)
    text = (tmp_path / "summary.html").read_text("utf-8")
    page = html.fromstring(text)
    assert page.xpath("//a/@href") == ["./a%20b%26c%27/"]
    assert page.xpath("//a/text()") == ["a b&c'"]
    assert not page.xpath("//script|//img|//iframe")
    assert "Content-Security-Policy" in text
    first = (tmp_path / "summary.xlsx").read_bytes(), text
    write_summary(pd.DataFrame(rows, columns=COLUMNS), tmp_path, language)
    assert ((tmp_path / "summary.xlsx").read_bytes(), (tmp_path / "summary.html").read_text("utf-8")) == first
