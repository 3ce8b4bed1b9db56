"""Use through the facade: a town on one street, counted with a pencil (and loops)."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from planner.errors import SettingsError
from planner.study.study import Study, open_study
from tests.study.town import PERIODS, RATES, Place, at, standing, street_town, write_table
from tests.study.town import workers as workers_of

STATIONS = [Place("s", 500), Place("t", 900, hours="06:00-12:00")]
HOSTS = [Place("A", 2500), Place("B", 1100)]
#: Odds of a station of which nothing is known: 2^.4 · 1.3^.95 · 1.3^.5 · 1.5^.01 · 3^.38, open in all its hours.
PULL = 2**0.4 * 1.3**0.95 * 1.3**0.5 * 1.5**0.01 * 3**0.38
IDLE = {"rider": 60 / 20, "sweeper": 60 / 20}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))


def town(folder: Path, extra: str = "", kit: dict[str, list[str]] | None = None) -> Study:
    path = street_town(folder, stations=STATIONS, hosts=HOSTS, extra=extra)
    if kit:
        rows = [
            (s.name, s.name, *at(s.x_m), s.hours, "正常", *(kit[c][k] for c in kit))
            for k, s in enumerate(STATIONS)
        ]
        write_table(
            folder / "stations.csv", ["编号", "站点名称", "经度", "纬度", "开放时间", "状态", *kit], rows
        )
    return open_study(path)


def by_loops(study: Study, level: float, places: list[tuple[Place, float]]) -> list[float]:
    """Visits a day at each place, of pull as given: cell by cell, period by period."""
    hours = {"00:00-24:00": dict.fromkeys(PERIODS, 1.0), "06:00-12:00": {"06_10": 1.0, "10_14": 0.5}}
    visits, x = [0.0] * len(places), standing(study)
    for period in PERIODS:
        workers = sum(workers_of(study, g, period) * IDLE[g] for g in RATES)
        for j in np.flatnonzero(workers):
            odds = [0.0] * len(places)
            for i, (place, pull) in enumerate(places):
                minutes = abs(x[j] - place.x_m) / (4000 / 60)
                share = hours[place.hours].get(period, 0.0)
                odds[i] = level * pull * share * 0.5 ** (minutes / 4) * (minutes <= 10)
            for i in range(len(places)):
                visits[i] += workers[j] * odds[i] / (1 + sum(odds))
    return visits


def test_visits_of_a_town_by_pencil_and_what_the_new_station_takes(tmp_path: Path) -> None:
    study = town(tmp_path)
    use, law = study.use(), study.stages.value("law_of_use")
    assert use is not None
    assert use.today == pytest.approx(2 * 3.1), "the level makes 3.1 visits a station and day"
    today = by_loops(study, law.law.level, [(s, PULL) for s in STATIONS])
    assert use.sites["today"].tolist()[:2] == pytest.approx(today, rel=1e-4)
    new = next(h for h in HOSTS if h.name == use.sites["id"].iloc[2])
    after = by_loops(study, law.law.level, [*((s, PULL) for s in STATIONS), (new, PULL)])
    assert use.sites["visits"].tolist() == pytest.approx(after, rel=1e-4)
    assert use.after == pytest.approx(sum(after), rel=1e-4)
    assert use.districts["after"].sum() == pytest.approx(use.after)


def test_bands_hold_the_middle_and_draw_the_stated_range(tmp_path: Path) -> None:
    study = town(tmp_path, "[use]\ndraws = 2000\nvisits_band = [1.0, 9.61]\n")
    use = study.use()
    assert use is not None
    low, middle, high = np.quantile(use.today_drawn, [0.05, 0.5, 0.95])
    assert (low, middle, high) == pytest.approx((2 * 1.0, 2 * 3.1, 2 * 9.61), rel=0.08)
    assert (use.sites["low"] < use.sites["visits"]).all()
    assert (use.sites["visits"] < use.sites["high"]).all()


def test_a_toilet_and_kept_hours_draw_workers_as_stated(tmp_path: Path) -> None:
    kit = {"厕所": ["有", "无"], "守时率": ["50%", "1"]}
    study = town(tmp_path, kit=kit)
    law, use = study.stages.value("law_of_use"), study.use()
    assert use is not None
    rest = PULL / 2**0.4
    pulls = [rest * 2 * 0.5, rest]
    expected = by_loops(study, law.law.level, list(zip(STATIONS, pulls, strict=True)))
    assert use.sites["today"].tolist()[:2] == pytest.approx(expected, rel=1e-4)


def counted(folder: Path, extra: str = "") -> Study:
    write_table(
        folder / "visits.csv",
        ["编号", "月份", "人次"],
        [("s", "2025-06", 300), ("t", "2025-06", 60), ("s", "2025-07", 310)],
    )
    return town(folder, f'[inputs.visits]\npath = "visits.csv"\n{extra}')


def test_counted_visits_set_the_level(tmp_path: Path) -> None:
    tmp_path.joinpath("town").mkdir()
    study = counted(tmp_path / "town")
    use, law = study.use(), study.stages.value("law_of_use")
    assert use is not None
    assert (law.how, law.counted) == ("level", 2)
    # s was counted on 61 days, t on 30: the level makes 670 visits on those days
    assert 61 * use.sites["today"][0] + 30 * use.sites["today"][1] == pytest.approx(670.0, rel=1e-6)
    assert "USE-004" in {f.code for f in law.findings}


@pytest.mark.parametrize(("language", "words"), [("en", "a station"), ("zh", "每站")])
def test_use_is_told_in_run_report_and_workbook(tmp_path: Path, language: str, words: str) -> None:
    import openpyxl

    study = town(tmp_path).with_(study__language=language)
    run = study.run(tmp_path / "out")
    shown = study.facts.shown("visits_day", plan="today")
    assert shown == round(2 * 3.1)
    assert study.facts.shown("visits_more", plan="gain") == study.facts.shown("visits_day") - shown
    share = study.facts.fact("use_share", plan="today")
    assert share.value == pytest.approx(2 * 3.1 / study.coverage().covered)
    assert run["use"]["how"] == "assumed"
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert f"{100 * share.shown:.1f}%" in report
    assert words in report
    book = openpyxl.load_workbook(tmp_path / "out" / "recommendations.xlsx")
    cells = [str(c.value) for sheet in book for row in sheet.iter_rows() for c in row if c.value is not None]
    assert any(words in c and "%" in c for c in cells)
    assert any("use.factor.toilet" in c for c in cells)
    assert {f["id"] for f in json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["facts"]} >= {
        "use_share",
        "visits_more",
    }


def test_without_stations_use_is_absent_with_a_reason(tmp_path: Path) -> None:
    path = street_town(tmp_path, hosts=HOSTS)
    study = open_study(path)
    run = study.run(tmp_path / "out")
    assert study.use() is None
    assert run["use"] is None
    assert "no station is open" in run["absent"]["use"]
    assert "no station is open" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_use_switched_off(tmp_path: Path) -> None:
    study = town(tmp_path, "[use]\nenabled = false\n")
    run = study.run(tmp_path / "out")
    assert run["use"] is None
    assert "use.enabled" in run["absent"]["use"]
    assert not [f for f in run["facts"] if f["id"].startswith(("visits", "use"))]


def test_a_plan_after_use_is_the_best_of_all_plans_by_loops(tmp_path: Path) -> None:
    hosts = [Place(f"H{x}", x) for x in (300, 1500, 1800, 2600, 3300, 3800)]
    path = street_town(
        tmp_path,
        stations=STATIONS,
        hosts=hosts,
        siting='p = 2\ngoal = { aim = "use" }',
        extra="[use]\nvisits_per_day = 12.0\n",
    )
    study = open_study(path)
    plan, use, law = study.site_stations(), study.use(), study.stages.value("law_of_use").law
    assert use is not None

    def visits(pair: tuple[Place, ...]) -> float:
        return sum(by_loops(study, law.level, [*((s, PULL) for s in STATIONS), *((h, PULL) for h in pair)]))

    worth = {tuple(sorted(h.name for h in pair)): visits(pair) for pair in itertools.combinations(hosts, 2)}
    best = max(worth.values())
    assert plan.solution.objective == pytest.approx(use.after, rel=1e-6), (
        "the goal is what the products print"
    )
    assert worth[tuple(sorted(plan.chosen["site_id"]))] == pytest.approx(best, rel=1e-6)
    assert plan.solution.bound >= best * (1 - 1e-6)
    assert plan.solution.bound <= best * 1.05
    assert "GOAL-003" in {f.code for f in study.judge()}


def test_a_plan_after_use_differs_from_one_after_coverage_where_many_are_covered_already(
    tmp_path: Path,
) -> None:
    # all work from 0 to 1300 m, within reach of the station there; a few out at 3000 m and beyond
    districts = {"busy": (0.0, 1300.0, 50_000.0), "calm": (1300.0, 4000.0, 400.0)}
    made = {
        aim: open_study(
            street_town(
                tmp_path / aim, stations=[Place("s", 650)], hosts=[Place("in", 300), Place("out", 3000)], districts=districts,
                siting=f'p = 1\ngoal = {{ aim = "{aim}" }}',
            )
        )
        for aim in ("covered", "use")
    }  # fmt: skip
    assert made["covered"].site_stations().chosen["site_id"].tolist() == ["out"]
    assert made["use"].site_stations().chosen["site_id"].tolist() == ["in"]


@pytest.mark.parametrize(
    "other",
    ["credit = [1.0, 0.5]", "fade_m = [300.0, 900.0]", "relocate = 1", "group_weights = { rider = 2.0 }"],
)
def test_what_a_plan_after_use_cannot_be_had_with(tmp_path: Path, other: str) -> None:
    path = street_town(
        tmp_path, stations=STATIONS, hosts=HOSTS, siting=f'p = 1\ngoal = {{ aim = "use", {other} }}'
    )
    assert "GOAL-001" in {f.code for f in open_study(path).judge()}


def test_a_plan_after_use_needs_stations_to_know_it_from(tmp_path: Path) -> None:
    path = street_town(tmp_path, hosts=HOSTS, siting='p = 1\ngoal = { aim = "use" }')
    found = [f for f in open_study(path).judge() if f.code == "GOAL-009"]
    assert [f.severity for f in found] == ["E"]
    assert "no station is open" in found[0].message_en


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ("factor = { sofa = 2.0 }", "SET-046"), ("visits_per_day = 20.0", "SET-047"), ("idle_minutes = { pilot = 9.0 }", "SET-048"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(tmp_path: Path, extra: str, code: str) -> None:
    with pytest.raises(SettingsError) as refused:
        town(tmp_path, f"[use]\n{extra}\n")
    assert code in {f.code for f in refused.value.findings}


def test_visits_are_those_of_the_district_that_workers_stand_in(tmp_path: Path) -> None:
    """One station at the west end, one new site at the east end of a street: each district's visits are its own station's."""
    study = open_study(
        street_town(
            tmp_path, stations=(Place("S1", 300, "08:00-20:00"),), hosts=(Place("H1", 3600, "08:00-20:00", "bank"),),
            districts={"west": (0.0, 2000.0, 6000.0), "east": (2000.0, 4000.0, 4000.0)}, siting='p = 1\nquotas = "none"',
        )
    )  # fmt: skip
    found = study.stages.value("use")
    made = found.districts.set_index("district")
    sites = found.sites.set_index("new")
    assert made.loc["west", "today"] == pytest.approx(found.today)
    assert made.loc["east", "today"] == 0
    assert made.loc["west", "after"] == pytest.approx(sites.loc[False, "visits"])
    assert made.loc["east", "after"] == pytest.approx(sites.loc[True, "visits"])
    assert made.loc["east", "after"] > 0
