"""What leaves the house comes back: our own workbook, csv and layers edited, evaluated, compared."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.errors import InputError, PlannerError, SettingsError
from planner.study.products import write_products
from planner.study.study import Study
from tests.study.town import Place, covered, street_town

HOSTS = [Place(f"h{i}", 150.0 + 260 * i, hours="08:00-20:00") for i in range(14)]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("town")
    toml = street_town(
        folder, hosts=HOSTS, stations=[Place("s1", 2000.0, hours="08:00-20:00")], siting="p = 3"
    )
    return planner.open_study(toml)


@pytest.fixture(scope="module")
def out(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    write_products(study.stages, folder)
    return folder


def by_pencil(study: Study, ids: list[str]) -> float:
    """Workers covered by the old station and these hosts, by distances along the street; all are open in the day's periods alike."""
    places = [Place("s1", 2000.0), *(h for h in HOSTS if h.name in ids)]
    open_in = {"06_10": places, "10_14": places, "14_17": places, "17_22": places, "22_06": []}
    return covered(study, open_in.__getitem__)


def edited(path: Path, to: Path, drop: list[str], add: list[str]) -> Path:
    """The workbook with rows taken out and others typed in: two by id alone, the rest with coordinates."""
    book = openpyxl.load_workbook(path)
    sheet = book["Sites"]
    head = [c.value for c in sheet[1]]
    at = {name: head.index(name) + 1 for name in ("Site ID", "lng_wgs84", "lat_wgs84")}
    for row in range(sheet.max_row, 1, -1):
        if sheet.cell(row, at["Site ID"]).value in drop:
            sheet.delete_rows(row)
    for site in add:
        sheet.append([None] * len(head))
        sheet.cell(sheet.max_row, at["Site ID"]).value = site
    book.save(to)
    return to


def test_our_own_workbook_csv_and_layers_come_back_as_the_proposal(study: Study, out: Path) -> None:
    plan = study.site_stations()
    for name in ("recommendations.xlsx", "recommendations.csv", "plan.gpkg"):
        found = study.evaluate(out / name)
        assert found.sites == 3, name
        assert found.wished.covered == pytest.approx(plan.after.covered), name
        assert found.table is not None
        assert sorted(found.table["station_id"]) == sorted(plan.chosen["site_id"]), name


def test_an_edited_workbook_counts_what_python_and_the_pencil_count(
    study: Study, out: Path, tmp_path: Path
) -> None:
    own = study.site_stations().chosen["site_id"].tolist()
    others = [h.name for h in HOSTS if h.name not in own][:2]
    path = edited(out / "recommendations.xlsx", tmp_path / "edited.xlsx", own[:2], others)
    found = study.evaluate(path)
    ids = [own[2], *others]
    table = study.candidates[study.candidates["site_id"].isin(ids)]
    assert found.sites == 3
    assert found.wished.covered == pytest.approx(study.evaluate(table).wished.covered)
    assert found.wished.covered == pytest.approx(by_pencil(study, ids))


def test_another_sheet_is_read_where_it_is_named_and_a_row_without_a_place_is_refused(
    study: Study, out: Path, tmp_path: Path
) -> None:
    book = openpyxl.load_workbook(out / "recommendations.xlsx")
    copy = book.copy_worksheet(book["Sites"])
    copy.title = "B"
    copy.delete_rows(3)
    book.save(tmp_path / "two.xlsx")
    assert study.evaluate(tmp_path / "two.xlsx", sheet="B").sites == 2
    assert study.evaluate(tmp_path / "two.xlsx").sites == 3
    wrong = edited(out / "recommendations.xlsx", tmp_path / "wrong.xlsx", [], ["nobody"])
    with pytest.raises(InputError, match=r"EVA-001 wrong.xlsx, row 6"):
        study.evaluate(wrong)


def test_a_list_of_ids_alone_is_enough(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "ids.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["site_id", "note"], ["h0", ""], ["h13", ""]])
    assert study.evaluate(path).wished.covered == pytest.approx(by_pencil(study, ["h0", "h13"]))


def test_the_command_writes_a_workbook_and_a_page_beside_the_table(
    study: Study, out: Path, tmp_path: Path
) -> None:
    assert study.source is not None
    done = CliRunner().invoke(
        app, ["evaluate", str(study.source), str(out / "recommendations.xlsx"), "--out", str(tmp_path / "ev")]
    )
    assert done.exit_code == 0, done.output
    book = openpyxl.load_workbook(tmp_path / "ev" / "evaluation.xlsx")
    assert book.sheetnames == ["In all", "by district", "by group", "by period", "The list"]
    rows = list(book["In all"].iter_rows(values_only=True))
    heads = next(i for i, r in enumerate(rows) if r[0] == "Plan")
    plan = study.site_stations()
    assert [r[1] for r in rows[heads + 1 : heads + 4]] == pytest.approx(
        [plan.before.covered, plan.after.covered, plan.after.covered], rel=1e-6
    )
    page = (tmp_path / "ev" / "evaluation.html").read_text("utf-8")
    assert f"{plan.after.covered:,.0f}" in page
    assert "<script" not in page


def test_a_change_of_settings_is_checked_and_shares_what_it_leaves_alone(study: Study) -> None:
    other = study.with_(siting__p=2)
    assert len(other.site_stations().chosen) == 2
    assert other.demand is study.demand
    for wrong in ({"siting__p": 0}, {"siting__q": 3}, {"siting__p__x": 1}):
        with pytest.raises(SettingsError):
            study.with_(**wrong)


def test_two_plans_beside_each_other(study: Study, out: Path) -> None:
    other = study.with_(siting__p=2)
    found = planner.compare(study, other)
    a, b = study.site_stations(), other.site_stations()
    assert found.covered == (a.after.covered, b.after.covered)
    row = found.by_district.iloc[0]
    assert row["difference"] == pytest.approx(b.after.covered - a.after.covered)
    assert set(found.by_group["group"]) == {"rider", "sweeper"}
    assert len(found.by_period) == 5
    both = set(a.chosen["site_id"]) & set(b.chosen["site_id"])
    n = found.counts()
    assert n["kept"] == len(both)
    assert n["kept"] + n["moved"] + n["gone"] == 3
    assert n["kept"] + n["moved"] + n["new"] == 2
    for r in found.sites.itertuples():
        assert (r.state == "moved") == (0 < r.moved_m <= 300)
    same = planner.compare(out, study)  # a run's folder beside the study that made it
    assert same.counts() == {"kept": 3, "moved": 0, "new": 0, "gone": 0}
    assert same.by_district["difference"].abs().max() < 1
    assert same.plot() is not None
    with pytest.raises(PlannerError):
        planner.compare(study, 3)
    with pytest.raises(InputError, match="AUD-010"):
        planner.compare(out / "figures", study)
