"""What stages tell, by code: freight, use, grades, audits, five verbs, networks; the smallest town or county that meets each."""

from __future__ import annotations

import dataclasses
import functools
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from planner.errors import AbsentError, InputError, PlannerError
from planner.evidence import use as use_module
from planner.evidence.backtest import backtest
from planner.freight.choose import problem as fp
from planner.freight.choose.choice import choose
from planner.freight.choose.master import Master, most
from planner.settings.freight import Freight
from planner.study.study import Study, open_study
from tests.freight.county import CRS as COUNTY_CRS
from tests.freight.county import County, lnglat, table
from tests.study.town import X0, Y0, Place, at, street_town, write_table


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))


def refused(call: Any) -> dict[str, Any]:
    with pytest.raises((InputError, AbsentError, PlannerError)) as caught:
        call()
    findings = getattr(caught.value, "findings", None) or [caught.value.told]
    return {f.code: f for f in findings}


# -- trucks -----------------------------------------------------------------------------------------------


def county(**options: Any) -> County:
    return County("target_drivers = 100", **options)


def test_a_road_that_crosses_no_outline_brings_no_traffic() -> None:
    inner = county()
    inner.districts = inner.districts.set_geometry(inner.districts.buffer(100_000))
    inner.model()
    assert "FRT-002" in inner.codes
    usual = county()
    usual.model()
    assert "FRT-002" not in usual.codes


def test_gateways_that_ask_for_more_than_there_is_are_scaled_and_told() -> None:
    asking = County("target_drivers = 100\ngateway_trucks = { trunk = 90000.0 }")
    asking.model()
    found = {f.code: f for f in asking.findings}
    assert "FRT-006" in found
    assert "%" in found["FRT-006"].message_en


def test_gateways_whose_road_leads_to_nobody_are_left_out() -> None:
    """The trunk road is cut in two at 30 km; all ports, yards and works lie west of the cut."""
    from planner.roads.network import network_from_edges

    cut = county(hosts=County.usual_hosts().iloc[[0, 1, 3]])
    along = np.arange(-5, 60, 5.0)
    n = len(along)
    x = np.r_[along, along] * 1000 + 550_000.0
    y = np.r_[np.zeros(n), np.full(n, 2.0)] * 1000 + 3_450_000.0
    road = [k for k in range(n - 1) if along[k] != 30]
    u, v = np.r_[road, np.arange(n)], np.r_[np.array(road) + 1, np.arange(n) + n]
    length = np.r_[np.full(len(road), 5000.0), np.full(n, 2000.0)]
    kind = np.r_[np.zeros(len(road), int), np.ones(n, int)]
    seconds = length / np.where(kind == 0, 15.0, 8.0)
    cut.network = network_from_edges(
        x, y, u, v, length, seconds, seconds, mode="truck", crs=COUNTY_CRS, edge_class=kind, classes=("trunk", "residential"),
        min_component=1,
    )  # fmt: skip
    cut.model()
    assert "FRT-007" in cut.codes


def test_candidates_at_one_spot_are_counted_with_the_reason() -> None:
    hosts = County.usual_hosts()
    twice = pd.concat([hosts, hosts.iloc[[3]].assign(host_id="n9")], ignore_index=True)
    doubled = county(hosts=gpd.GeoDataFrame(twice, crs=hosts.crs))
    doubled.model()
    assert [f.message_en for f in doubled.findings if f.code == "FRT-008"]


def test_a_home_off_every_street_serves_nobody_and_is_named(tmp_path: Path) -> None:
    lng, lat = lnglat(30, 8)  # 6 km north of the nearest lane
    listed = table(tmp_path, "driver_homes.csv", f"编号,名称,经度,纬度,货车泊位\nH1,远家,{lng},{lat},50\n")
    far = county(files=listed, folder=tmp_path)
    far.model()
    assert [f.value for f in far.findings if f.code == "FRT-009"] == ["远家"]


def test_no_place_of_trucks_by_any_street_is_told() -> None:
    hosts = County.usual_hosts()
    away = county(hosts=hosts.set_geometry(hosts.translate(0, 6_500)))
    away.demand = away.demand.assign(truck__06_10=0.0, truck__22_06=0.0)
    away.model()
    assert "FRT-012" in away.codes


def pair_of(drivers: float, room: float, apart: bool = True) -> fp.HomesProblem:
    """Two sites that reach both of two segments; ``apart``: not both may be chosen."""
    clash = np.array([[0, 1]]) if apart else np.zeros((0, 2), int)
    return fp.HomesProblem(
        sparse.csr_array(np.ones((2, 2), bool)),
        np.full(2, drivers),
        np.full(2, room),
        np.zeros(2, bool),
        clash,
    )


@pytest.mark.parametrize(
    ("code", "problem", "settings"),
    [
        ("FRT-019", pair_of(25, 60), {}),
        ("FRT-020", pair_of(900, 40), {}),
        ("FRT-021", pair_of(900, 60, apart=False), {"max_homes": 1}),
        ("FRT-022", pair_of(900, 60), {}),
    ],
)
def test_a_target_out_of_reach_is_told_by_what_binds(
    code: str, problem: Any, settings: dict[str, Any]
) -> None:
    found = refused(lambda: choose(problem, Freight(target_drivers=100, **settings)))
    assert list(found) == [code]
    assert found[code].severity == "W"


def test_no_homes_found_in_the_time_allowed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from planner.freight.choose import master
    from planner.solvers.highs import Outcome

    def nothing(*_: Any, **__: Any) -> Outcome:
        fields = {f.name: None for f in dataclasses.fields(Outcome)}
        return Outcome(**{**fields, "bound": 0.0, "infeasible": False, "cut_by_clock": True})

    monkeypatch.setattr(master, "solve_model", nothing)
    assert list(refused(lambda: most(Master(pair_of(900, 60)), 1, base=0.0, gap=0.0, seconds=1.0))) == [
        "FRT-024"
    ]


def test_a_mean_trip_that_no_trips_have_is_refused_by_its_code() -> None:
    found = refused(lambda: County("target_drivers = 100\nmean_trip_minutes = 900").plan())
    assert found["FRT-025"].value == "900"


# -- use --------------------------------------------------------------------------------------------------


def street(folder: Path, **more: Any) -> Study:
    stations = more.pop("stations", [Place("s", 500), Place("t", 900)])
    return open_study(
        street_town(folder, stations=stations, hosts=[Place("A", 2500), Place("B", 1100)], **more)
    )


def test_what_the_level_of_use_stands_on_is_told(tmp_path: Path) -> None:
    law = street(tmp_path).stages.value("law_of_use")
    assert [f.code for f in law.findings] == ["USE-001"]
    none = street(tmp_path / "none", stations=[]).stages.value("law_of_use")
    assert [f.code for f in none.findings] == ["USE-005"]
    assert none.law is None


@pytest.mark.parametrize(("helps", "code"), [(True, "USE-002"), (False, "USE-003")])
def test_what_counted_visits_were_good_for_is_told(helps: bool, code: str) -> None:
    tried = use_module.WithheldVisits(
        **{f.name: 1.5 for f in dataclasses.fields(use_module.WithheldVisits) if f.init}
    )
    found = use_module._told(tried, fits=helps, n=30)
    assert (found.code, found.value) == (code, "30")
    assert found.message_en.count("1.5") >= 2


def test_a_list_without_two_dates_and_one_without_residents_have_no_backtest(tmp_path: Path) -> None:
    from tests.siting.test_backtest import dated_town

    found = refused(dated_town(tmp_path / "a", ["2024-01-24"] * 4).backtest)
    assert found["USE-006"].value == "1"
    dated = pd.DataFrame({"snapshot_date": ["2024-01-24", "2025-01-01"]})
    nobody = gpd.GeoDataFrame({"population": []}, geometry=[], crs=COUNTY_CRS)
    call = functools.partial(backtest, *[None] * 4, nobody, dated, None, None, (), need_open=0.5, seed=0)
    assert list(refused(call)) == ["USE-007"]


def test_a_way_that_another_router_finds_and_we_do_not_is_told_with_its_ends(tmp_path: Path) -> None:
    study = street(tmp_path)
    head = ["from_lng", "from_lat", "to_lng", "to_lat", "minutes"]
    path = write_table(tmp_path / "t.csv", head, [(*at(0), *at(400), 6), (*at(0), *at(4000), 0.5)])
    found = study.check_times(path)
    told = [f for f in found.findings if f.code == "TIM-005"]
    assert [(f.row, f.value) for f in told] == [(3, "0.5")]


def test_a_local_correction_that_foretells_worse_is_narrowed_or_left_out() -> None:
    from planner.demand.levels.choose import _narrowed

    assert _narrowed(800.0, 0.25, "rider", "seen.csv").code == "SUR-007"
    assert "800 m" in _narrowed(800.0, 0.25, "rider", "seen.csv").message_en
    assert "left out" in _narrowed(float("nan"), 0.25, "rider", "seen.csv").message_en


def test_no_plan_in_the_time_allowed_is_told_and_rules_that_allow_none_are_not_called_so() -> None:
    from planner.solvers.highs import Outcome, nothing_found

    fields = {f.name: None for f in dataclasses.fields(Outcome)}
    cut = nothing_found(Outcome(**{**fields, "infeasible": False}), "the rules")
    assert cut.told is not None
    assert cut.told.code == "SOL-001"
    assert nothing_found(Outcome(**{**fields, "infeasible": True}), "the rules").told is None


# -- grades -----------------------------------------------------------------------------------------------


def test_a_table_of_grades_without_grades_or_that_falls_is_told(tmp_path: Path) -> None:
    from tests.grades.test_town_grades import town

    study = town(tmp_path, extra='[inputs.grades]\npath = "g.csv"\n')
    (tmp_path / "g.csv").write_text("名称,面积\n甲级,5\n", "utf-8")
    assert "GRD-001" in {f.code for f in study.judge() if f.severity == "E"}
    (tmp_path / "g.csv").write_text("等级,面积\n乙级,10\n甲级,5\n", "utf-8")
    falls = open_study(tmp_path / "study.toml").grades().rules.findings
    assert [(f.row, f.value) for f in falls if f.code == "GRD-005"] == [(3, "5")]


def test_a_subsidy_of_a_grade_that_is_none_is_refused_with_those_there_are(tmp_path: Path) -> None:
    from tests.grades.test_town_grades import town

    study = town(tmp_path, extra="subsidy_yuan = { nine = 5 }\n")
    told = {f.code: f for f in study.judge()}
    assert told["GRD-014"].value == "nine"


def test_lists_without_a_date_or_without_an_open_station_are_told(tmp_path: Path) -> None:
    extra = "[grades]\nenabled = true\n"
    assert "GRD-011" in {f.code for f in street(tmp_path / "a", extra=extra).grades().findings}
    assert "GRD-012" in {f.code for f in street(tmp_path / "b", extra=extra, stations=[]).grades().findings}


# -- audits -----------------------------------------------------------------------------------------------


def test_a_list_without_an_open_station_has_nothing_to_compare_with(tmp_path: Path) -> None:
    study = street(tmp_path, stations=[])
    write_table(tmp_path / "map.csv", ["名称", "经度", "纬度"], [("a", *at(500))])
    assert "AUD-002" in refused(lambda: study.audit_map(tmp_path / "map.csv", datum="wgs84"))


def test_promised_sites_outside_and_none_at_all_are_told(tmp_path: Path) -> None:
    study = street(tmp_path)
    rows = [("1", "A", *at(500)), ("2", "B", *at(900)), ("3", "C", *at(90_000))]
    write_table(tmp_path / "list.csv", ["编号", "名称", "lng", "lat"], rows)
    told = {f.code: f for f in study.audit(tmp_path / "list.csv").findings}
    assert told["AUD-014"].value == "1"
    run = {"study": "x", "promised": {"sites": []}, "stations": {"chosen": 0}}
    (tmp_path / "run.json").write_text(json.dumps(run), "utf-8")
    told = {f.code for f in study.audit(tmp_path / "run.json").findings}
    assert "AUD-016" in told


def test_new_stations_of_unknown_month_and_few_of_them_are_told() -> None:
    """Twenty counted stations; two promised ones were built, of which one says when."""
    from planner.audit.previous import Previous
    from planner.audit.promised import audit_promises
    from planner.inputs.visits import Visits

    n, months = 20, [f"2024-{m:02d}" for m in range(1, 13)]
    xy = np.column_stack([X0 + 3000.0 * np.arange(n), np.full(n, Y0)])
    beside = xy[[0, 9]] + np.array([300.0, 0.0])
    stations = gpd.GeoDataFrame(
        {"station_id": [f"s{k}" for k in range(n + 2)], "name": "s", "district": "d", "status": "open",
         "opened": [None] * n + ["2024-07-10", None]},
        geometry=gpd.points_from_xy(*np.vstack([xy, beside]).T), crs=COUNTY_CRS,
    )  # fmt: skip
    sites = gpd.GeoDataFrame(
        {"site_id": ["c0", "c1"], "name": "c", "district": "d", "workers_gained": 1.0, "visits": 10.0,
         "visits_low": 5.0, "visits_high": 20.0},
        geometry=gpd.points_from_xy(*beside.T), crs=COUNTY_CRS,
    )  # fmt: skip
    rows = [(f"s{k}", month, 400.0 + k, 30.0) for k in range(n) for month in months]
    visits = Visits(pd.DataFrame(rows, columns=["station_id", "month", "visits", "days"]), ())
    then = Previous(sites, tuple(f"s{k}" for k in range(n)), {}, "run.json", "x", ())
    told = {f.code: f for f in audit_promises(then, stations, np.full(n + 2, 100.0), visits).findings}
    assert "1 of 2" in told["AUD-020"].message_en
    assert told["AUD-022"].value == "1"


# -- five verbs -------------------------------------------------------------------------------------------

#: Code → (an hours class, the key it is told of).
HOURS = {
    "ACT-005": ('{ name = "n", hours = "never", yearly_yuan = 5 }', "hours"),
    "ACT-008": ('{ name = "n", hours = "0:00-24:00", yearly_yuan = 0 }', "hours"),
    "ACT-009": ('{ name = "n", hours = "8:00-20:00", yearly_yuan = 5, hosts = ["bnak"] }', "hours.hosts"),
}


@pytest.mark.parametrize("code", HOURS)
def test_a_class_of_hours_that_cannot_be_meant_is_refused(tmp_path: Path, code: str) -> None:
    given, key = HOURS[code]
    study = street(tmp_path, extra=f"[actions]\nbudget_yuan = 100000\nhours = [{given}]\n")
    found = refused(study.plan_actions)
    assert key in found[code].field
    if code == "ACT-009":
        assert "bank" in found[code].message_en


# -- networks ---------------------------------------------------------------------------------------------


def test_networks_without_a_list_of_another_size_and_for_nobody_are_told(tmp_path: Path) -> None:
    from tests.networks.test_town import own, places, town

    few = places(tmp_path, "b", Place("o", 2000.0))
    text = (
        own("a", 'host_kinds = ["mall"]\nwanted = 1\n')
        + own("b", 'host_kinds = ["mall"]\nwanted = 1\nreported = 40\n' + few)
        + own("c", 'host_kinds = ["mall"]\nwanted = 1\n', "[networks.people]\ngroups = { courier = 1 }\n")
    )
    study = town(tmp_path, text)
    study.plan_networks()
    findings = study.stages.findings()
    told = {(f.code, f.field.split(".")[1] if "." in f.field else "") for f in findings}
    assert {("UNI-016", "a"), ("UNI-016", "c"), ("UNI-018", "c")} <= told
    assert [(f.value, f.source) for f in findings if f.code == "UNI-017"] == [("1", "b.csv")]


def test_a_network_that_is_none_and_a_study_without_any_are_refused_by_code(tmp_path: Path) -> None:
    from tests.networks.test_town import town

    study = town(tmp_path / "a", '[[networks]]\nuse = "stations"\n')
    assert list(refused(lambda: study.circle("station"))) == ["UNI-019"]
    assert list(refused(town(tmp_path / "b", "").plan_networks)) == ["UNI-020"]
