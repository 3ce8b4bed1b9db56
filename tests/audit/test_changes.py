"""``[previous]`` on the town of one street: what is kept, dropped, added and built since, and what a price on changes does."""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path
from typing import Any

import openpyxl
import pyogrio
import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.errors import InputError, PlannerError
from planner.settings.reading import read_settings
from planner.study.study import Study, open_study
from planner.workbook.previous import previous_sheet
from tests.study.town import Place, at, covered, street_town, write_table

OLD = Place("old", 200)
HOSTS = [Place(n, x) for n, x in (("A", 900), ("B", 1700), ("C", 2300), ("D", 3300))]


def town(
    folder: Path, previous: str, *, language: str = "en", stations: Any = (OLD,), hosts: Any = HOSTS, siting: str = "p = 2"
) -> Path:  # fmt: skip
    path = street_town(folder, stations=list(stations), hosts=list(hosts), siting=siting, extra=previous)
    path.write_text(path.read_text("utf-8").replace('language = "en"', f'language = "{language}"'), "utf-8")
    return path


def last_year(
    folder: Path, sites: dict[str, float], *, actions: Any = None, stations: Any = ("old",)
) -> Path:
    """A run.json that promises some sites, by their names and x."""
    rows = [
        {"site_id": n, "name": n, "district": "mid", "lng": at(x)[0], "lat": at(x)[1], "workers_gained": 7.0}
        for n, x in sites.items()
    ]
    promised = {"sites": rows, "stations": list(stations), "actions": actions}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "run.json"
    path.write_text(json.dumps({"stations": {}, "versions": {"planner": "1"}, "promised": promised}), "utf-8")
    return path


def previous(run: Path, price: float = 0.0, more: str = "") -> str:
    return f'[previous]\nrun = "{run}"\nchange_workers = {price}\n{more}'


def priced_best(study: Study, price: float, kept: set[str]) -> tuple[float, float]:
    """(worth, covered) of the best two hosts of all pairs."""
    found = []
    for pair in itertools.combinations(HOSTS, 2):
        got = covered(study, lambda _, pair=pair: [OLD, *pair])
        found.append((got + price * sum(p.name in kept for p in pair), got))
    return max(found)


@pytest.mark.parametrize("price", [0.0, 1.0, 4.0, 9.0, 100.0])
def test_the_priced_plan_is_the_best_of_all_and_its_figures_are_workers(tmp_path: Path, price: float) -> None:
    run = last_year(tmp_path / "then", {"A": 900.0, "D": 3300.0})
    study = open_study(town(tmp_path, previous(run, price)))
    plan = study.site_stations()
    worth, got = priced_best(study, price, {"A", "D"})
    assert plan.solution.objective == pytest.approx(worth, abs=1e-6)
    assert plan.solution.bound == pytest.approx(worth, rel=1e-6)
    assert plan.after.covered == pytest.approx(got, abs=1e-6)
    kept = set(plan.chosen["site_id"]) & {"A", "D"}
    n = study.changes().counts()
    assert (n["kept"], n["dropped"], n["added"], n["built"]) == (len(kept), 2 - len(kept), 2 - len(kept), 0)


def test_a_price_high_enough_keeps_every_site_and_a_lower_one_does_not(tmp_path: Path) -> None:
    run = last_year(tmp_path / "then", {"A": 900.0, "D": 3300.0})
    free = open_study(town(tmp_path, previous(run)))
    assert free.changes().counts()["dropped"] > 0  # else nothing is tested
    dear = free.with_(previous__change_workers=1000.0)
    assert dear.changes().counts() == {"built": 0, "kept": 2, "dropped": 0, "added": 0}
    assert "1,000" in repr(dear.changes())


def test_with_spacing_and_weights_the_price_holds_too(tmp_path: Path) -> None:
    """Goals that are sums over demand points: here weighted riders, and no two new stations within 700 m."""
    run = last_year(tmp_path / "then", {"B": 1700.0, "C": 2300.0})
    study = open_study(town(tmp_path, previous(run, 3.0)))
    study = study.with_(siting__goal__spacing_m=700.0, siting__goal__group_weights={"rider": 2.0})
    plan = study.site_stations()
    found = []
    for pair in itertools.combinations(HOSTS, 2):
        if abs(pair[0].x_m - pair[1].x_m) < 700:
            continue
        got = [covered(study, lambda _, p=pair: [OLD, *p], groups=[g]) for g in ("rider", "sweeper")]
        found.append(2 * got[0] + got[1] + 3 * sum(p.name in ("B", "C") for p in pair))
    assert plan.solution.objective == pytest.approx(max(found), abs=1e-6)
    assert plan.solution.bound == pytest.approx(max(found), rel=1e-6)


def test_a_goal_that_is_no_sum_over_workers_refuses_the_price(tmp_path: Path) -> None:
    run = last_year(tmp_path / "then", {"A": 900.0})
    study = open_study(town(tmp_path, previous(run, 3.0))).with_(siting__goal__aim="fair")
    with pytest.raises(InputError) as refused:
        study.site_stations()
    assert [f.code for f in refused.value.findings if f.severity == "E"] == ["PRV-003"]
    assert open_study(town(tmp_path, previous(run))).with_(siting__goal__aim="fair").changes()


def test_every_row_has_its_reason(tmp_path: Path) -> None:
    """A is built (60 m would be too far, 30 m is not), G is gone, F is forbidden, B is kept, X instead of what is dropped near."""
    run = last_year(tmp_path / "then", {"A": 900.0, "G": 2000.0, "D": 3300.0, "C": 2300.0})
    stations = [OLD, Place("new", 930)]
    hosts = [Place("B", 1700), Place("C", 2310), Place("D", 3300), Place("E", 3000)]
    path = town(tmp_path, previous(run), stations=stations, hosts=hosts, siting='p = 2\nforbidden = ["D"]')
    study = open_study(path)
    found = study.changes()
    rows = {(r.change, r.place_id): r for r in found.table.itertuples()}
    assert (rows["built", "A"].why, rows["built", "A"].other_name) == ("stands", "new")
    assert rows["built", "A"].other_m == pytest.approx(30, abs=0.1)
    assert rows["dropped", "G"].why == "gone"
    chosen = list(study.site_stations().chosen["site_id"])
    plan = [p for p in hosts if p.name in chosen]
    with_d = covered(study, lambda _: [*stations, *plan, hosts[2]])
    assert rows["dropped", "D"].why == "forbidden"
    assert rows["dropped", "D"].workers_now == pytest.approx(
        with_d - covered(study, lambda _: [*stations, *plan])
    )
    assert set(chosen) == {"C", "E"}
    assert rows["kept", "C"].workers_then == 7.0
    new = rows["added", "E"]
    assert (new.why, new.other_name) == ("instead", "D")
    assert new.other_m == pytest.approx(300, abs=0.1)


def test_a_run_of_our_own_is_read_back(tmp_path: Path) -> None:
    """The folder of a run, the next year on its own plan: everything is kept, and the products say so."""
    first = open_study(town(tmp_path / "a", ""))
    first.run(tmp_path / "a" / "out")
    told = json.loads((tmp_path / "a" / "out" / "run.json").read_text("utf-8"))
    assert told["previous"] is None
    assert told["promised"]["actions"] is None
    told["promised"]["sites"][0]["name"] = "=1+1<u>x"
    (tmp_path / "a" / "out" / "run.json").write_text(json.dumps(told), "utf-8")
    gone = told["promised"]["sites"][0]["site_id"]
    for language, words in (("en", "Dropped"), ("zh", "取消")):
        hosts = [*(h for h in HOSTS if h.name != gone), Place("E", 3050)]
        path = town(
            tmp_path / language, previous(tmp_path / "a" / "out", 0.5), language=language, hosts=hosts
        )
        study = open_study(path)
        run = study.run(tmp_path / language / "out")
        n = study.changes().counts()
        facts = {f["id"]: f["shown"] for f in run["facts"] if f["id"].startswith("plan_")}
        assert facts == {f"plan_{k}": v for k, v in n.items()}
        assert run["previous"]["stations"]["kept"] == n["kept"]
        assert run["inputs"][-1]["name"] == "previous"
        assert all(r["reason"] for r in run["previous"]["stations"]["rows"])
        book = openpyxl.load_workbook(tmp_path / language / "out" / "recommendations.xlsx")
        sheet = book["与上年方案对照" if language == "zh" else "Against last year"]
        cells = [str(c.value) for row in sheet.iter_rows() for c in row if c.value is not None]
        assert any(words == c for c in cells)
        report = (tmp_path / language / "out" / "report.html").read_text("utf-8")
        assert ("与上年方案对照" if language == "zh" else "against last year") in report
        assert "<u>x" not in report
        assert any(c == "=1+1<u>x" for c in cells)
        assert all(c.data_type != "f" for row in sheet.iter_rows() for c in row)
        drawn = set(pyogrio.list_layers(tmp_path / language / "out" / "plan.gpkg")[:, 0])
        assert {f"previous_{k}" for k, v in n.items() if v} == {d for d in drawn if d.startswith("previous_")}


def test_a_list_of_what_was_built_is_enough(tmp_path: Path) -> None:
    """A CSV: what stands there now is built, the rest may be kept; it says no figures."""
    write_table(
        tmp_path / "built.csv",
        ["name", "lng", "lat"],
        [("one", *at(200)), ("B", *at(1705)), ("x", *at(3333))],
    )
    study = open_study(town(tmp_path, previous(tmp_path / "built.csv", 50.0)))
    found = study.changes()
    assert found.counts()["built"] == 1
    assert found.counts()["kept"] == 2
    assert {"B", "D"} == set(study.site_stations().chosen["site_id"])
    assert found.table["workers_then"].isna().all()
    result = CliRunner().invoke(app, ["site", str(tmp_path / "study.toml"), "--out", str(tmp_path / "out")])
    assert "2 kept, 0 dropped, 0 added, 1 built since" in result.output


@pytest.mark.parametrize(("language", "remedy"), [("en", "give a run's folder"), ("zh", "请给出运行文件夹")])
def test_an_unknown_run_is_refused_with_the_remedy(tmp_path: Path, language: str, remedy: str) -> None:
    path = town(tmp_path, previous(tmp_path / "nowhere" / "run.json"), language=language)
    result = CliRunner().invoke(app, ["check", str(path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "AUD-010" in result.output
    assert remedy in result.output


def test_bad_lists_are_refused_with_file_row_and_remedy(tmp_path: Path) -> None:
    far = last_year(tmp_path / "far", {"A": 900_000.0, "B": 901_000.0})
    nothing = last_year(tmp_path / "nothing", {"A": 1200.0, "B": 2800.0})
    broken = last_year(tmp_path / "broken", {"A": 900.0})
    raw = json.loads(broken.read_text("utf-8"))
    raw["promised"]["sites"].append({"site_id": "Z", "lng": "x", "lat": 1})
    broken.write_text(json.dumps(raw), "utf-8")
    for run, code in ((far, "AUD-013"), (nothing, "PRV-001")):
        with pytest.raises(InputError) as refused:
            open_study(town(tmp_path, previous(run))).site_stations()
        found = [f for f in refused.value.findings if f.severity == "E"]
        assert [f.code for f in found] == [code]
        assert found[0].source == "run.json"
    study = open_study(town(tmp_path, previous(broken)))
    study.changes()
    codes = {f.code: f for f in study.stages.findings()}
    assert codes["AUD-015"].row == 2
    assert codes["AUD-015"].field == "promised.sites"
    some = last_year(tmp_path / "some", {"A": 900.0, "B": 2800.0})
    study = open_study(town(tmp_path, previous(some)))
    assert study.changes().counts()["dropped"] >= 1
    assert "PRV-002" in {f.code for f in study.stages.findings()}
    with pytest.raises(PlannerError) as none:
        open_study(town(tmp_path, "")).changes()
    assert "PRV-005" in str(none.value.told)


def test_the_plan_before_is_found_from_the_study_files_folder(tmp_path: Path) -> None:
    last_year(tmp_path / "outputs" / "2024", {"A": 900.0})
    path = town(tmp_path, '[previous]\nrun = "outputs/2024"\n')
    own = read_settings(path).previous
    assert own is not None
    assert own.files == (tmp_path / "outputs" / "2024" / "run.json",)
    a, b = (open_study(path).stages.keys()["previous_sites"] for _ in range(2))
    assert a == b
    last_year(tmp_path / "outputs" / "2024", {"B": 1700.0})
    assert open_study(path).stages.keys()["previous_sites"] != a


def test_a_study_without_it_has_no_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    from planner.study.gather import make_bundle

    previous_sheet(book, make_bundle(open_study(town(tmp_path, "")).stages))
    assert len(book.sheetnames) == 1
    with (tmp_path / "hosts.csv").open(encoding="utf-8") as handle:
        assert len(list(csv.reader(handle))) == 5
