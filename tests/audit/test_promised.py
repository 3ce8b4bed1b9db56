"""``planner audit`` on the town of one street: a year later two of three promised sites stand, and one that nobody promised."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

from planner.audit.previous import Previous
from planner.audit.promised import audit_promises
from planner.cli import app
from planner.errors import InputError
from planner.inputs.visits import Visits
from planner.study.study import open_study
from tests.study.town import CRS, X0, Y0, Place, at, street_town, write_table

HEAD = ["编号", "站点名称", "经度", "纬度", "开放时间", "状态", "建成时间"]
OLD = [Place("old1", 200), Place("old2", 3900)]
HOSTS = [Place(n, x) for n, x in (("A", 1000), ("B", 2000), ("C", 3000))]


def town(folder: Path, *, extra: str = "", language: str = "en") -> Path:
    path = street_town(folder, stations=OLD, hosts=HOSTS, siting="p = 3", extra=extra)
    path.write_text(path.read_text("utf-8").replace('language = "en"', f'language = "{language}"'), "utf-8")
    return path


@pytest.fixture(scope="module")
def then(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of last year's run: A, B and C."""
    folder = tmp_path_factory.mktemp("then")
    open_study(town(folder)).run(folder / "out")
    return folder / "out"


def later(folder: Path, *, language: str = "en") -> Path:
    """The study a year later: A stands 60 m off, C where promised, old2 is withdrawn, and one more at 2,600."""
    path = town(folder, language=language, extra='[inputs.visits]\npath = "visits.csv"\n')
    rows = [("old1", 200, "正常", ""), ("old2", 3900, "撤销", ""), ("n1", 1060, "正常", "2024-05-01"), ("n2", 3000, "正常", "2024-06-01"),
            ("=n3<i>", 2600, "正常", "2024-06-01")]  # fmt: skip
    write_table(folder / "stations.csv", HEAD, [(n, n, *at(x), "00:00-24:00", s, d) for n, x, s, d in rows])
    counted = [
        ("n1", "2024-07", 31),
        ("n1", "2024-08", 0),
        ("=n3<i>", "2024-07", 62),
        ("old1", "2024-07", 310),
        ("nowhere", "2024-07", 5),
    ]
    write_table(folder / "visits.csv", ["站点编号", "月份", "人次"], counted)
    return path


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_command_tells_what_came_of_a_run(then: Path, tmp_path: Path, language: str) -> None:
    study = later(tmp_path, language=language)
    result = CliRunner().invoke(app, ["audit", str(study), str(then), "--out", str(tmp_path / "audit")])
    assert result.exit_code == 0, result.output
    said = {"zh": "原方案承诺 3 个站点，其中 2 个已建成", "en": "2 of the 3 sites promised are built"}
    assert said[language] in result.output
    with (tmp_path / "audit" / "audit.csv").open(encoding="utf-8-sig", newline="") as handle:
        rows = {r["name"]: r for r in csv.DictReader(handle)}
    assert {n: r["station_id"] for n, r in rows.items()} == {"A": "n1", "B": "", "C": "n2"}
    assert float(rows["A"]["distance_m"]) == pytest.approx(60, abs=0.5)
    assert rows["C"]["verdict"] == "uncounted"
    assert float(rows["A"]["visits_day"]) == pytest.approx(31 / 62)
    page = (tmp_path / "audit" / "audit.html").read_text("utf-8")
    assert "&lt;i&gt;" in page
    assert "<i>" not in page


def test_what_was_promised_is_what_the_run_says(then: Path, tmp_path: Path) -> None:
    study = open_study(later(tmp_path))
    found = study.audit(then / "run.json")
    run = json.loads((then / "run.json").read_text("utf-8"))
    promised = {s["name"]: s for s in run["promised"]["sites"]}
    assert set(promised) == {"A", "B", "C"}
    assert run["promised"]["stations"] == ["old1", "old2"]
    visits = run["use"]["visits_after"]
    assert sum(s["visits"] for s in promised.values()) < visits
    assert all(s["visits_low"] < s["visits"] < s["visits_high"] for s in promised.values())
    table = found.promised.set_index("name")
    # half a visit a day of 31 in 62 days: the band of a Poisson count, by scipy's own
    low, high = stats.chi2.ppf(0.05, 62) / 2 / 62, stats.chi2.ppf(0.95, 64) / 2 / 62
    assert table.loc["A", ["counted_low", "counted_high"]].tolist() == pytest.approx([low, high])
    wanted = (
        "less"
        if high < promised["A"]["visits_low"]
        else "more"
        if low > promised["A"]["visits_high"]
        else "as_foretold"
    )
    assert table.loc["A", "verdict"] == wanted
    assert found.others is not None
    assert found.others["station_id"].tolist() == ["=n3<i>"]
    assert found.closed == ("old2",)
    assert found.shares["after"] == pytest.approx(run["coverage"]["after"]["share"])
    assert found.shares["today"] == pytest.approx(study.coverage().share)
    assert "AUD-021" in {f.code for f in found.findings}  # nobody was counted before
    assert "VIS-001" in {f.code for f in study.all_findings()}  # visits of a station nobody knows
    assert "2 of 3" in repr(found)


def test_an_older_run_is_read_from_its_layers_and_alone_refused(then: Path, tmp_path: Path) -> None:
    study = open_study(later(tmp_path))
    old = tmp_path / "older"
    shutil.copytree(then, old)
    run = json.loads((old / "run.json").read_text("utf-8"))
    del run["promised"]
    (old / "run.json").write_text(json.dumps(run), "utf-8")
    found = study.audit(old)
    assert found.promised.set_index("name")["built"].to_dict() == {"A": True, "B": False, "C": True}
    assert found.closed == ("old2",)
    assert {"AUD-017", "AUD-019"} <= {f.code for f in found.findings}
    (old / "plan.gpkg").unlink()
    assert refusal(study, old) == {"AUD-012"}


def test_a_list_is_enough_for_what_was_built(tmp_path: Path) -> None:
    study = open_study(later(tmp_path))
    write_table(
        tmp_path / "list.csv", ["编号", "名称", "lng", "lat"], [("1", "A", *at(1000)), ("2", "B", *at(2000))]
    )
    found = study.audit(tmp_path / "list.csv")
    assert found.promised["built"].tolist() == [True, False]
    assert (found.others, found.closed) == (None, None)
    assert "AUD-018" in {f.code for f in found.findings}


def refusal(study: Any, path: Path) -> set[str]:
    with pytest.raises(InputError) as caught:
        study.audit(path)
    return {f.code for f in caught.value.findings if f.severity == "E"}


def test_what_is_no_earlier_plan_of_this_city_is_refused(then: Path, tmp_path: Path) -> None:
    study = open_study(later(tmp_path))
    assert refusal(study, tmp_path / "nowhere") == {"AUD-010"}
    for k, text in enumerate(("{", "[1]", '{"a": 1}', '{"stations": 3}', "[" * 100_000)):
        (tmp_path / f"{k}.json").write_text(text, "utf-8")
        assert refusal(study, tmp_path / f"{k}.json") == {"AUD-011"}
    run = json.loads((then / "run.json").read_text("utf-8"))
    for site in run["promised"]["sites"]:
        site["lng"] += 1
    (tmp_path / "elsewhere.json").write_text(json.dumps(run), "utf-8")
    assert refusal(study, tmp_path / "elsewhere.json") == {"AUD-013"}
    run = json.loads((then / "run.json").read_text("utf-8"))
    run["promised"]["sites"][0]["lng"] = "far"
    (tmp_path / "odd.json").write_text(json.dumps(run), "utf-8")
    found = study.audit(tmp_path / "odd.json")
    assert [f.row for f in found.findings if f.code == "AUD-015"] == [1]
    assert len(found.promised) == 2


def test_a_planted_effect_is_found_through_the_whole_audit() -> None:
    """Sixty stations, six promised sites built beside six of them in July; their visits then fall by a fifth."""
    rng = np.random.default_rng(5)
    n, months = 60, [f"2024-{m:02d}" for m in range(1, 13)]
    xy = np.column_stack([X0 + 3000.0 * (np.arange(n) % 10), Y0 + 3000.0 * (np.arange(n) // 10)])
    beside = xy[:54:9] + np.array([300.0, 0.0])
    place = gpd.points_from_xy(*np.vstack([xy, beside]).T)
    stations = gpd.GeoDataFrame(
        {"station_id": [f"s{k}" for k in range(n + 6)], "name": "s", "district": "d", "status": "open", "opened": [None] * n + ["2024-07-10"] * 6},
        geometry=place, crs=CRS,
    )  # fmt: skip
    sites = gpd.GeoDataFrame(
        {"site_id": [f"c{k}" for k in range(6)], "name": "c", "district": "d", "workers_gained": 1.0, "visits": 10.0, "visits_low": 5.0, "visits_high": 20.0},
        geometry=gpd.points_from_xy(*beside.T), crs=CRS,
    )  # fmt: skip
    rows = []
    for k in range(n):
        for t, month in enumerate(months):
            rate = 400 * (0.8 if k in range(0, 54, 9) and t > 6 else 1.0)
            rows.append((f"s{k}", month, float(rng.poisson(rate)), 30.0))
    rows += [(f"s{n + j}", "2024-08", v * 30.0, 30.0) for j, v in enumerate((1, 3, 10, 10, 30, 40))]
    visits = Visits(pd.DataFrame(rows, columns=["station_id", "month", "visits", "days"]), ())
    then = Previous(sites, tuple(f"s{k}" for k in range(n)), {}, "run.json", "x", ())
    found = audit_promises(then, stations, np.full(n + 6, 100.0), visits)
    assert found.promised["verdict"].tolist() == [
        "less",
        "less",
        "as_foretold",
        "as_foretold",
        "more",
        "more",
    ]
    assert found.effect is not None
    assert (found.effect.neighbours, found.effect.new) == (6, 6)
    assert found.effect.low < -0.2 < found.effect.high
    assert found.effect.change == pytest.approx(-0.2, abs=0.03)
    html = found._repr_html_()
    assert "6 of 6" in html
