"""What is passed from stage to stage between travel times and plan, on tables of three rows and functions that write down what they are given."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import sparse

from planner.errors import InputError
from planner.settings.circle import Circle
from planner.settings.groups import Group, Period
from planner.settings.siting import Siting
from planner.siting import proposal, reach
from planner.siting.coverage import Access
from planner.siting.reach import (
    SiteReach,
    Way,
    covers_of,
    cutoff_s,
    joined,
    places_of,
    second_views,
    site_reach,
    ways_of,
)

PERIODS = [Period(name="day", start_h=6, end_h=22), Period(name="night", start_h=22, end_h=6)]


def group(name: str, **more: Any) -> Group:
    return Group(name=name, profile={"day": 0.5, "night": 0.5}, **more)


def matrix(*rows: list[float]) -> sparse.csr_array:
    """Seconds, −1 where there is no way."""
    pairs = [(i, j, v) for i, row in enumerate(rows) for j, v in enumerate(row) if v >= 0]
    i, j, v = zip(*pairs, strict=True)
    return sparse.csr_array((np.array(v), (i, j)), shape=(len(rows), len(rows[0])))


def noted(monkeypatch: pytest.MonkeyPatch, module: Any, **answers: Any) -> list[tuple[Any, ...]]:
    """Functions of a module that write down what they are called with."""
    calls: list[tuple[Any, ...]] = []
    for name, answer in answers.items():

        def call(*a: Any, _name: str = name, _answer: Any = answer, **k: Any) -> Any:
            calls.append((_name, *a, k))
            return _answer(*a, **k) if callable(_answer) else _answer

        monkeypatch.setattr(module, name, call)
    return calls


# -- ways and how far is searched -------------------------------------------------------------------------------------


def test_who_walks_ten_minutes_walks_the_circle_s_and_who_travels_alike_goes_together() -> None:
    groups = [
        group("a"), group("b", minutes=12), group("c", mode="ebike", minutes=10), group("d"), group("e", mode="ebike", minutes=15),
        group("f", minutes=15), group("g", minutes=9), group("h", minutes=11),
    ]  # fmt: skip
    assert ways_of(groups, Circle(minutes=15)) == (
        Way("walk", 15, ("a", "d", "f")), Way("walk", 12, ("b",)), Way("ebike", 10, ("c",)), Way("ebike", 15, ("e",)),
        Way("walk", 9, ("g",)), Way("walk", 11, ("h",)),
    )  # fmt: skip
    with pytest.raises(InputError) as caught:
        ways_of([], Circle())
    assert [(f.code, f.source, f.field) for f in caught.value.findings] == [
        ("DEM-021", "study.toml", "groups")
    ]


def test_on_foot_the_search_goes_as_far_as_any_reading() -> None:
    circle = Circle(walk_kmh=3.6, readings_m=[500, 833])  # a metre a second
    walk, ride = Way("walk", 10, ("a",)), Way("ebike", 10, ("b",))
    assert cutoff_s(walk, circle, None) == 833
    assert cutoff_s(walk, circle, [100, 900]) == 900
    assert cutoff_s(Way("walk", 20, ("a",)), circle, [900]) == 1200
    assert cutoff_s(ride, circle, [900]) == 600
    assert cutoff_s(walk, Circle(walk_kmh=7.2, readings_m=[1500]), None) == 750


def test_sites_and_points_stand_as_far_from_a_street_as_the_study_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = noted(
        monkeypatch,
        reach,
        snap=lambda network, points, **_: f"{points} on {network}",
        travel_times=SimpleNamespace(seconds="s"),
    )
    assert reach.reach_seconds("net", "sites", "cells", cutoff_s=7.0, snap_limit_m=50) == "s"  # type: ignore[arg-type, comparison-overlap]
    assert calls == [
        ("snap", "net", "sites", {"limit_m": 50}), ("snap", "net", "cells", {"limit_m": 50}),
        ("travel_times", "net", "sites on net", "cells on net", {"cutoff_s": 7.0}),
    ]  # fmt: skip


# -- who reaches what -------------------------------------------------------------------------------------------------


def test_sites_with_their_hours_and_those_without_with_the_study_s() -> None:
    ways = (Way("walk", 10, ("a",)), Way("ebike", 15, ("b", "c")))
    seconds = [matrix([1, 2], [3, 4], [5, 6]), matrix([7, 8], [9, 10], [11, 12])]
    hours = pd.DataFrame({"open_hours": ["22:00-06:00", "", None], "hours_kept": [np.nan, 0.25, np.nan]})
    circle = Circle(walk_kmh=3.6, hours_kept=0.75, hours_kept_band=(0.5, 1.0))
    found = site_reach(ways, seconds, hours, default_hours="06:00-22:00", periods=PERIODS, circle=circle)
    assert found.times.kept.tolist() == [[0.5, 0.75, 1.0], [0.25, 0.25, 0.25], [0.5, 0.75, 1.0]]  # type: ignore[union-attr]
    assert found.open_share.tolist() == [[0, 1], [1, 0], [1, 0]]
    walk, ride = found.access
    assert (walk.groups, walk.cutoff_s, walk.metres_per_s) == (("a",), 600, 1.0)
    assert (ride.groups, ride.cutoff_s, ride.metres_per_s) == (("b", "c"), 900, None)
    assert (walk.seconds is seconds[0], ride.seconds is seconds[1]) == (True, True)


def sites_of(*rows: list[float], share: list[list[float]], **more: Any) -> SiteReach:
    return SiteReach((Access(("a",), matrix(*rows), 600.0, **more),), np.array(share))


def test_some_of_the_sites_and_two_lists_one_below_the_other() -> None:
    old = sites_of([1, 2], [3, 4], [5, 6], share=[[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
    new = sites_of([7, -1], share=[[0.7, 0.8]])
    some = old.only(np.array([2, 0]))
    assert some.access[0].seconds.toarray().tolist() == [[5, 6], [1, 2]]
    assert some.open_share.tolist() == [[0.5, 0.6], [0.1, 0.2]]
    both = joined(some, new)
    assert both.access[0].seconds.toarray().tolist() == [[5, 6], [1, 2], [7, 0]]
    assert isinstance(both.access[0].seconds, sparse.csr_array)
    assert both.open_share.tolist() == [[0.5, 0.6], [0.1, 0.2], [0.7, 0.8]]
    assert (both.access[0].groups, both.access[0].cutoff_s) == (("a",), 600)


def test_what_is_measured_and_which_periods_are_night(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = noted(monkeypatch, reach, measure_coverage="coverage")
    hours = {"a": (0, 6), "b": (0, 7), "c": (19, 24), "d": (20, 24), "e": (21, 5), "f": (6, 20)}
    periods = [Period(name=n, start_h=s, end_h=e) for n, (s, e) in hours.items()]
    circle = Circle(readings_m=[500, 900], open_share=0.75)
    of = SiteReach(("access",), "open share")  # type: ignore[arg-type]
    districts = pd.DataFrame({"district": ["x", "y"]})
    assert (
        reach.measure("cells", of, districts, points="points", periods=periods, circle=circle) == "coverage"
    )  # type: ignore[arg-type, comparison-overlap]
    assert calls == [
        ("measure_coverage", "cells", ("access",), "open share",
         {"points": "points", "times": None, "periods": list("abcdef"), "night": ["a", "d", "e"], "readings_m": circle.readings_m, "need_open": 0.75, "districts": ["x", "y"]}),
    ]  # fmt: skip


DEMAND = pd.DataFrame(
    {"a__day": [1.0, 2.0], "a__night": [10.0, 20.0], "b__day": [100.0, 200.0], "b__night": [1000.0, 2000.0]}
)


class Standing:
    """Demand points by hand: the rows of a table."""

    def __init__(self, table: pd.DataFrame = DEMAND) -> None:
        self.table = table

    def by_period(self, groups: Any, periods: Any) -> np.ndarray:
        return sum(self.table[[f"{g}__{t}" for t in periods]].to_numpy() for g in groups)  # type: ignore[return-value]


def test_each_open_station_covers_who_reaches_it_while_it_is_open() -> None:
    stations = gpd.GeoDataFrame({"status": ["open", "planned", "open", "open"]}, index=[5, 6, 7, 8])
    of = SiteReach(
        (
            Access(("a",), matrix([600, 601], [0, 1], [600, -1]), 600.0),
            Access(("b",), matrix([-1, 5], [-1, 901], [900, -1]), 900.0),
        ),
        np.array([[0.5, 0.49], [1.0, 1.0], [0.0, 0.6]]),
    )
    found = covers_of(stations, of, Standing(), periods=PERIODS, need_open=0.5)
    # the first by day: a in cell 0, b in cell 1; the second always: a in both cells; the third by night: a and b in cell 0
    assert found["covers"].tolist() == [1 + 200, 0.0, 1 + 2 + 10 + 20, 10 + 1000]
    assert found["covers"].index.tolist() == [5, 6, 7, 8]


def test_a_second_mode_has_its_own_share_before_and_after() -> None:
    old, new = sites_of([1, 1], share=[[0.5, 0.4]]), sites_of([1, 1], [1, 1], share=[[1.0, 1.0], [0.4, 0.5]])
    groups = [group("a", second_mode="car", minutes=10), group("b", second_mode="ebike", minutes=15)]
    seconds = [matrix([600, 601], [-1, 600]), matrix([901, -1], [901, 900])]
    found = second_views(groups, seconds, Standing(), old, new, np.array([1]), periods=PERIODS, need_open=0.5)
    # a, 33 in all: today cell 0 by day; later besides cell 1 by night. b, 3300: nobody; later cell 1 by night
    assert found.columns.tolist() == ["group", "mode", "minutes", "before", "after"]
    assert found.iloc[0].tolist() == ["a", "car", 10, pytest.approx(1 / 33), pytest.approx(21 / 33)]
    assert found.iloc[1].tolist() == ["b", "ebike", 15, 0.0, pytest.approx(2000 / 3300)]
    nobody = second_views(
        groups, seconds, Standing(DEMAND * 0), old, new, np.array([1]), periods=PERIODS, need_open=0.5
    )
    assert nobody[["before", "after"]].to_numpy().tolist() == [[0, 0], [0, 0]]
    few = second_views(
        groups[:1],
        seconds[:1],
        Standing(DEMAND / 100),
        old,
        new,
        np.array([1]),
        periods=PERIODS,
        need_open=0.5,
    )
    assert few["after"].tolist() == [pytest.approx(21 / 33)]
    twice = sites_of([1, 1], [1, 1], share=[[1.0, 1.0], [1.0, 1.0]])
    assert second_views(
        groups[:1],
        [matrix([1, -1], [1, -1], [1, -1])],
        Standing(),
        twice,
        new,
        np.array([0]),
        periods=PERIODS,
        need_open=0.5,
    )["before"].tolist() == [pytest.approx(11 / 33)]  # by two stations as by one


def points(*x: float, **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=[shapely.Point(v, 0) for v in x], crs="EPSG:4549")


def test_the_places_are_the_open_stations_and_then_the_chosen_sites() -> None:
    stations = points(1, 2, 3, status=["open", "planned", "open"])
    found = places_of(stations, points(10, 20, 30), np.array([2, 0]))
    assert [p.x for p in found] == [1, 3, 30, 10]
    assert (found.index.tolist(), found.crs) == ([0, 1, 2, 3], stations.crs)


def test_the_nearest_station_is_looked_for_within_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = SimpleNamespace(seconds=np.array([[90.0], [np.inf]], np.float32), site=np.array([[4], [-1]]))
    calls = noted(monkeypatch, reach, nearest=answer)
    sites, stations = points(1, 2), points(3).geometry
    found = reach.nearest_station("net", stations, sites, walk_kmh=7.2)  # type: ignore[arg-type]
    assert (found.metres.tolist(), found.station.tolist()) == ([180.0, np.inf], [4, -1])
    assert (calls[0][1], calls[0][2] is stations, calls[0][-1]) == ("net", True, {"cutoff_s": 3600.0})


def test_metres_on_the_street_from_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = noted(
        monkeypatch, reach, travel_times=SimpleNamespace(seconds=matrix([10, -1, 50.01], [-1, 20, -1]))
    )
    found = reach.street_metres("net", "sites", "points", within_m=100, walk_kmh=7.2, snap_limit_m=33)  # type: ignore[arg-type]
    assert calls == [("travel_times", "net", "sites", "points", {"cutoff_s": 50.0, "limit_m": 33})]
    assert (found.toarray().tolist(), found.shape) == ([[20, 0, 100], [0, 40, 0]], (2, 3))


def test_the_circle_as_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = noted(
        monkeypatch,
        reach,
        union_area=lambda network, places, **_: f"area of {places}",
        generalise=lambda shape: (shape, "drawn"),
    )
    today = reach.circle_area("net", ["old"], circle=Circle(minutes=5))  # type: ignore[arg-type]
    found = reach.circle_areas("net", today, "both", circle=Circle(minutes=5))  # type: ignore[arg-type]
    assert (found.before, found.after) == (("area of ['old']", "drawn"), ("area of both", "drawn"))
    assert [c for c in calls if c[0] == "union_area"] == [
        ("union_area", "net", ["old"], {"cutoff_s": 300}), ("union_area", "net", "both", {"cutoff_s": 300})
    ]  # fmt: skip
    none = reach.circle_area("net", [], circle=Circle())  # type: ignore[arg-type]
    assert none[0].is_empty  # type: ignore[index]


# -- from candidates to the plan --------------------------------------------------------------------------------------


def posing(**changes: Any) -> proposal.Posing:
    start: dict[str, Any] = {
        "siting": Siting(p=2), "periods": "periods", "groups": ("a",), "seed": 11, "need_open": 0.5,
        "demand": pd.DataFrame({"workers": [2.0, 0.0]}), "districts": "districts", "candidates": points(10, 20, 30),
        "existing": SiteReach(("old access",), np.array([[0.5, 0.4], [1.0, 0.0], [0.2, 0.9]])),  # type: ignore[arg-type]
        "new": SiteReach(("new access",), np.array([[0.4, 0.5], [0.6, 0.0], [0.0, 0.0]])), "factors": "factors",  # type: ignore[arg-type]
        "merged": "merged", "whole": "whole", "by_cell": np.zeros((0, 2)),
    }  # fmt: skip
    return proposal.Posing(**(start | changes))


@dataclasses.dataclass(frozen=True)
class Problem:
    covers: Any = "covers"
    weights: Any = "weights"
    covered: Any = "covered"
    rules: Any = "rules"


POSED = SimpleNamespace(problem=Problem())


def sited(closed: list[int], chosen: list[int] | None = None) -> Any:
    return SimpleNamespace(
        solution=SimpleNamespace(chosen=np.array(chosen or [2, 0])),
        phases="phases",
        closed=np.array(closed, dtype=int),
    )


def test_a_problem_stands_on_all_that_it_is_posed_from(monkeypatch: pytest.MonkeyPatch) -> None:
    of, calls = posing(), noted(monkeypatch, proposal, pose="problem", nothing_to_gain=["nothing"])
    ground = of.ground
    assert (ground.demand is of.demand, ground.districts, ground.candidates is of.candidates) == (
        True,
        "districts",
        True,
    )
    assert (ground.existing, ground.new, ground.factors) == (("old access",), ("new access",), "factors")
    assert ground.existing_open.tolist() == [[True, False], [True, False], [False, True]]
    assert ground.new_open.tolist() == [[False, True], [True, False], [False, False]]
    assert proposal.pose_problem(of, ()) == proposal.Posed("problem", ("nothing",))  # type: ignore[arg-type]
    assert calls[0][:3] == ("pose", of.siting, "periods")
    assert calls[1][:2] == ("nothing_to_gain", "problem")
    from planner.errors import finding

    with pytest.raises(InputError):
        proposal.pose_problem(of, (finding("DEM-021", source="x"),))


def test_how_hard_is_looked() -> None:
    of = posing(siting=Siting(p=2, work_limit=77))
    assert (of.look().seed, of.look().work_limit, of.look().progress) == (11, 77, None)
    assert (of.look(5, seed=0).seed, of.look(5).work_limit) == (0, 5)
    assert of.look(progress=print).progress is print  # type: ignore[arg-type]
    assert proposal.AGAIN == 1


def test_factors_are_those_of_the_scenarios_asked_for() -> None:
    found = proposal.demand_factors(
        np.array([[1.0, 5.0], [4.0, 5.0], [9.0, 9.0]]), pd.DataFrame({"workers": [2.0, 0.0]}), 2
    )  # type: ignore[arg-type]
    assert found.tolist() == [[0.5, 1.0], [2.0, 1.0]]


def test_a_plan_in_phases_is_solved_in_phases(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = noted(monkeypatch, proposal, solve_plan=("solution", [1]), solve_in_phases=("in phases", "table"))
    one = {"name": "2025", "count": 2}
    for batches in ([], [one]):
        found = proposal.solve_study(posing(siting=Siting(p=2, batches=batches)), POSED)
        assert (found.solution, len(found.phases), found.closed.tolist()) == ("solution", 0, [1])
    assert {c[0] for c in calls} == {"solve_plan"}
    assert calls[0][1] is POSED.problem
    assert calls[0][2].seed == 11
    two = Siting(p=3, batches=[one, {"name": "2026", "count": 1}], final_phase_weight=0.7)
    found = proposal.solve_study(posing(siting=two), POSED, progress=print)  # type: ignore[arg-type]
    assert (found.solution, found.phases, found.closed.tolist()) == ("in phases", "table", [1])
    name, problem, batches, weight, solution, look, _ = calls[-1]
    assert (name, problem, batches, weight, solution) == (
        "solve_in_phases",
        POSED.problem,
        two.batches,
        0.7,
        "solution",
    )
    assert (look.seed, look.progress) == (11, print)


def test_stations_that_close_cover_nobody_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = noted(monkeypatch, proposal, covered_by_open="by the others")
    of = posing()
    assert proposal.kept_problem(of, POSED.problem, np.zeros(0, dtype=int)) is POSED.problem
    assert calls == []
    assert proposal.kept_problem(of, POSED.problem, np.array([1])) == dataclasses.replace(
        POSED.problem, covered="by the others"
    )
    _, access, is_open, more = calls[0]
    assert (access, is_open.tolist(), more["closed"].tolist()) == (
        ("old access",),
        [[True, False], [True, False], [False, True]],
        [1],
    )


def test_how_steady_the_sites_are_is_asked_under_the_plan_s_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = noted(
        monkeypatch,
        proposal,
        look_back=lambda solve, *a, **k: (solve("other weights"), *a, k),
        drawn_weights=lambda posing, factors: (posing.seed, factors.tolist()),
        covered_by_open="by the others",
        solve="again",
    )
    plan, factors = sited([]), np.array([[[2.0]], [[4.0]], [[6.0]]])
    again, asked, draws, more = proposal.steadiness(
        posing(), POSED, plan, factors, within_m=9.0, scenarios=2, progress=print
    )  # type: ignore[misc, arg-type]
    assert (again, asked, more["kept"]) == ("again", POSED.problem, POSED.problem)
    assert draws == (11, [[[2.0]], [[4.0]]])
    assert (more["xy_m"].tolist(), more["chosen"].tolist()) == ([[10, 0], [20, 0], [30, 0]], [2, 0])
    assert (more["within_m"], more["progress"]) == (9.0, print)
    name, problem, look, given = next(c for c in calls if c[0] == "solve")
    assert (name, problem, look.work_limit, given) == (
        "solve",
        POSED.problem,
        1,
        {"weights": "other weights", "known": plan.solution},
    )
    assert proposal.steadiness(posing(), POSED, sited([]), factors, within_m=9.0, scenarios=0) is None


def test_draws_act_group_by_group_so_that_each_period_moves_with_who_is_out_in_it() -> None:
    """Two classes; riders (1 and 2 workers) are out by day, sweepers (10 and 20) by night."""
    demand = pd.DataFrame(
        {"a__day": [1.0, 2.0], "a__night": [0.0, 0.0], "b__day": [0.0, 0.0], "b__night": [10.0, 20.0]}
    )
    new = SiteReach((Access(("a", "b"), matrix([1, 1]), 600.0),), np.ones((1, 2)))
    merged = SimpleNamespace(of_cells=lambda factors: factors[:, ::-1])  # class 0 stands in cell 1
    of = posing(demand=demand, new=new, merged=merged, groups=("a", "b"), periods=PERIODS)
    factors = np.array([[[2.0, 3.0], [0.5, 4.0]]])  # one draw: riders, then sweepers, per cell
    (found,) = list(proposal.drawn_weights(of, factors))
    assert found.tolist() == [1 * 3, 2 * 2, 10 * 4, 20 * 0.5]  # day: both classes; night: both


def test_what_could_stand_instead_is_looked_for_on_the_street_and_under_the_rules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = noted(
        monkeypatch,
        proposal,
        street_metres="metres",
        replacements="stand-ins",
        covered_by_open="by the others",
    )
    of = posing()
    found = proposal.find_stand_ins(
        of, POSED, sited([1]), "net", max_m=300.0, walk_kmh=5.0, snap_limit_m=40.0
    )  # type: ignore[arg-type]
    assert found == "stand-ins"  # type: ignore[comparison-overlap]
    _, network, here, there, more = calls[1]
    assert (network, [p.x for p in here], [p.x for p in there]) == ("net", [30, 10], [10, 20, 30])
    assert more == {"within_m": 300.0, "walk_kmh": 5.0, "snap_limit_m": 40.0}
    _, covers, weights, chosen, more = calls[2]
    assert (covers, weights, chosen.tolist()) == ("covers", "weights", [2, 0])
    assert more == {"covered": "by the others", "rules": "rules", "near": "metres", "within_m": 300.0}


STATIONS = points(
    1, 2, 3, 4, status=["open", "planned", "open", "open"], station_id=["s1", "s2", "s3", "s4"], name=["甲", "乙", None, " "],
    covers=[1234.5, 0.0, 5.0, 6.0],
)  # fmt: skip


def made(
    monkeypatch: pytest.MonkeyPatch, closed: list[int], stations: Any = STATIONS, **changes: Any
) -> tuple[Any, dict[str, tuple[Any, ...]]]:
    calls = noted(
        monkeypatch, proposal, measure="after", joined=lambda *a: a, chosen_table="table", covered_by_open="by the others",
        whereabouts=pd.DataFrame({"street": ["x", "y"], "place": ["u", "v"]}), saturated=[],
    )  # fmt: skip
    asked = SimpleNamespace(periods="the study's periods", circle="circle")
    existing = SimpleNamespace(open_share=np.ones((3, 2)), access="old", only=lambda at: ("old", at.tolist()))
    new = SimpleNamespace(open_share=np.ones((3, 2)), access="new", only=lambda at: ("new", at.tolist()))
    nearest = reach.NearestStation(np.array([7.0, 8.0, 9.0]), np.array([0, 1, -1]))
    whole = SimpleNamespace(
        demand=pd.DataFrame({"workers": [2.0, 0.0]}), points="the points", existing=existing, new=new
    )
    plan = proposal.make_plan(
        asked, posing(existing=existing, new=new, whole=whole), POSED, sited(closed), stations, "hosts", "before", nearest=nearest,  # type: ignore[arg-type]
        streets="streets", places="places", towns="towns", stand_ins="stand-ins", hindsight="hindsight",  # type: ignore[arg-type]
    )  # fmt: skip
    return plan, {c[0]: c[1:] for c in calls}


def test_a_plan_is_made_from_what_stays_and_what_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    planned, calls = made(monkeypatch, [0, 2])
    demand, reached, districts, more = calls["measure"]
    assert (demand["workers"].tolist(), reached, districts) == (
        [2.0, 0.0],
        (("old", [1]), ("new", [2, 0])),
        "districts",
    )
    assert more == {"points": "the points", "periods": "the study's periods", "circle": "circle"}
    where, *rest = calls["whereabouts"]
    assert ([p.x for p in where], rest[:2]) == ([30, 10], ["streets", "places"])
    asked, ground, hosts, problem, chosen, more = calls["chosen_table"]
    assert (asked.circle, ground.districts, hosts, problem.covered, chosen.tolist()) == (
        "circle",
        "districts",
        "hosts",
        "by the others",
        [2, 0],
    )
    around = more.pop("around")
    assert {k: list(v) for k, v in around.items()} == {
        "nearest_station_m": [9.0, 7.0], "nearest_station": ["", "甲"], "nearest_station_id": ["", "s1"], "street": ["x", "y"], "place": ["u", "v"],
    }  # fmt: skip
    assert more == {"any_station": True, "stand_ins": "stand-ins", "hindsight": "hindsight"}
    plan = planned.plan
    assert (plan.chosen, plan.before, plan.after, plan.phases, plan.closed) == (
        "table",
        "before",
        "after",
        "phases",
        ("s1", "s4"),
    )
    assert plan.solution.chosen.tolist() == [2, 0]
    assert [(f.code, f.source, f.field, f.value) for f in planned.findings] == [
        ("GOAL-004", "siting", "relocate", "s1"),
        ("GOAL-004", "siting", "relocate", "s4"),
    ]
    assert (
        planned.findings[0]
        .message("en")
        .startswith("station s1 (甲) closes and opens elsewhere: it covers 1,234 workers")
    )


def test_a_plan_in_a_city_without_or_with_one_station(monkeypatch: pytest.MonkeyPatch) -> None:
    for n, there in ((0, False), (1, True)):
        one = points(
            *range(n + 1),
            status=["planned", "open"][: n + 1],
            station_id=["p", "s"][: n + 1],
            name="",
            covers=0.0,
        )
        with monkeypatch.context() as patch:
            patch.setattr(proposal, "_names_at", lambda stations, at: ["", ""])
            planned, calls = made(patch, [], one)
        assert calls["chosen_table"][-1]["any_station"] is there
        assert (planned.findings, planned.plan.closed) == ((), ())


def test_a_station_goes_by_its_name_and_without_one_by_its_id() -> None:
    assert proposal._names_at(STATIONS, np.array([0, 2, 3, -1])).tolist() == ["甲", "s3", "s4", ""]


def test_candidates_are_found_where_hosts_face_a_street(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = noted(monkeypatch, proposal, find_candidates=("table", ["found"]))
    assert proposal.candidate_sites(
        "hosts", "net", "districts", "stations", "water", rules="rules"
    ) == proposal.CandidateSites("table", ("found",))  # type: ignore[arg-type]
    assert calls == [
        ("find_candidates", "hosts", "net", "districts", "stations", {"rules": "rules", "water": "water"})
    ]


def test_rules_are_judged_one_by_one_then_together_and_a_goal_of_its_own_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = Siting(p=2, goal={"aim": "fair"})
    r, c = (SimpleNamespace(severity="E", code=code) for code in "rc")
    for rules, clash, wanted in (([r], [c], [r]), ([], [c], [c]), ([], [], [])):
        calls = noted(monkeypatch, proposal, judge_rules=rules, judge_clash=clash)
        assert list(proposal.judge(Siting(p=2), "candidates", "districts")) == wanted  # type: ignore[arg-type]
        assert all(c[2:4] == ("candidates", "districts") for c in calls)
        assert len(calls) == (1 if rules else 2)
        told = proposal.judge(own, "candidates", "districts")  # type: ignore[arg-type]
        if wanted:
            assert list(told) == wanted
        else:
            assert [(f.code, f.source, f.field, f.severity) for f in told] == [
                ("GOAL-003", "study.toml", "siting.goal", "I")
            ]
