"""Every figure of a small town against a table written by hand: value, print, band, source; and each edge of a rule."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from planner.facts import whole as whole_module
from planner.facts.bands import Draws
from planner.facts.coverage import coverage_facts, headline_scope
from planner.facts.definitions import UNITS, Unit, parts
from planner.facts.plan import (
    Parts,
    certificate_facts,
    cost_facts,
    count_facts,
    homes_facts,
    phase_facts,
    question_facts,
    regret_facts,
    steadiness_facts,
)
from planner.facts.register import Fact, Register, Scope, fact
from planner.facts.whole import register_of
from planner.siting.coverage import Coverage
from planner.siting.questions.robust import Hindsight
from planner.solvers.solution import Solution
from tests.publish.known import known_bundle, one_lot

HERE = Scope()
#: A factor per draw: what a cell has in a draw is its estimate times this, so every band is a figure times two numbers.
FACTOR = np.linspace(0.5, 1.9, 39)
LOW, HIGH = (float(np.quantile(FACTOR, q, method="weibull")) for q in (0.05, 0.95))
#: Workers per cell; the last has none by the estimate, though the draws put some there.
CELLS = np.array([60.25, 0.5, 40.65, 0.0])
DISTRICT = pd.Series(["a", "a", "b", "b"])

# State → workers, covered today, covered with the plan; a group is called as the headline, a period as the night.
STATES: list[tuple[dict[str, Any], float, float, float]] = [
    ({}, 101.4, 38.4, 62.4),
    ({"district": "a"}, 60.75, 27.75, 41.75), ({"district": "a", "least": 2}, 60.75, 12.15, 24.3),
    ({"district": "b"}, 40.65, 10.65, 20.65), ({"district": "b", "least": 2}, 40.65, 4.065, 10.1625),
    ({"groups": "a"}, 70.75, 30.75, 50.75), ({"groups": "own:headline"}, 30.65, 7.65, 11.65),
    ({"periods": "a"}, 80.75, 31.75, 52.75), ({"periods": "own:night"}, 20.65, 6.65, 9.65),
    ({"least": 2}, 101.4, 16.215, 34.4625), ({"periods": "any_hour"}, 101.4, 50.7, 76.05), ({"periods": "night"}, 20.5, 6.15, 12.3),
    ({"cutoff_m": 500.0}, 101.4, 25.35, 50.7), ({"cutoff_m": 833.0}, 101.4, 60.84, 81.12),
]  # fmt: skip
#: Printed numbers where they are not the rounded value: parts add up to the printed total (101; 38; 62).
WORKERS_SHOWN = {"a": 61, "b": 40}
SHOWN = {
    ("district", "a"): (28, 42), ("district", "b"): (10, 20), ("groups", "a"): (31, 51),
    ("groups", "own:headline"): (7, 11), ("periods", "a"): (32, 53), ("periods", "own:night"): (6, 9),
}  # fmt: skip
#: States whose covered workers no cell tells.
UNKNOWN = ({"groups": "a"}, {"groups": "own:headline"}, {"cutoff_m": 833.0})


def _of(which: int) -> Coverage:
    """The town today (1) or with the plan (2), as the table above has it."""
    state = {json.dumps(s): (row[0], row[which - 1]) for s, *row in STATES}

    def table(label: str, field: str, keys: dict[str, str]) -> pd.DataFrame:
        rows = []
        for key, name in keys.items():
            workers, covered = state[json.dumps({field: name})]
            backup = state.get(json.dumps({field: name, "least": 2}), (1.0, 0.0))[1]
            rows.append((key, workers, covered, covered / workers, backup / workers))
        return pd.DataFrame(rows, columns=[label, "workers", "covered", "share", "backup_share"])

    def spread(total: float) -> np.ndarray[Any, Any]:
        return np.array([0.7 * total, 0.0, 0.3 * total, 0.0])

    def by_district(least: dict[str, int]) -> np.ndarray[Any, Any]:
        a, b = (state[json.dumps({"district": d} | least)][1] for d in "ab")
        return np.array([a, 0.0, b, 0.0])

    def share(part: dict[str, Any]) -> float:
        workers, covered = state[json.dumps(part)]
        return covered / workers

    cells = {
        "workers": CELLS, "covered": by_district({}), "covered_twice": by_district({"least": 2}),
        "covered_any_hour": spread(state['{"periods": "any_hour"}'][1]), "covered_500m": spread(state['{"cutoff_m": 500.0}'][1]),
        "covered_night": spread(state['{"periods": "night"}'][1]), "workers_night": np.array([20.0, 0.5, 0.0, 0.0]),
        "workers_in_a": spread(80.75), "covered_in_a": spread(state['{"periods": "a"}'][1]),
        "workers_in_night": spread(20.65), "covered_in_night": spread(state['{"periods": "own:night"}'][1]),
    }  # fmt: skip
    return Coverage(
        workers=101.4, covered=state["{}"][1], share=share({}), share_backup=share({"least": 2}),
        by_radius_m={"500": share({"cutoff_m": 500.0}), "667": 0.9, "833": share({"cutoff_m": 833.0})},
        by_district=table("district", "district", {"a": "a", "b": "b"}),
        by_group=table("group", "groups", {"a": "a", "headline": "own:headline"}),
        by_period=table("period", "periods", {"a": "a", "night": "own:night"}),
        readings={"any_hour": share({"periods": "any_hour"}), "night": share({"periods": "night"})}, cells=pd.DataFrame(cells),
    )  # fmt: skip


def told(facts: Any) -> dict[tuple[str, Scope], Fact]:
    return dict(Register(facts, HERE))


def towns_facts(draws: Draws | None, after: Coverage | None = None) -> list[Fact]:
    return list(coverage_facts(_of(2), after or _of(3), HERE, draws=draws, group_bands={"a": (0.5, 3.0)}))


@pytest.mark.parametrize("with_draws", [True, False])
def test_every_figure_of_coverage_stands_as_the_table_says(with_draws: bool) -> None:
    surfaces = FACTOR[:, None] * (CELLS + np.array([0, 0, 0, 7.0]))
    found = told(towns_facts(Draws(one_lot(surfaces, CELLS), DISTRICT) if with_draws else None))
    wanted: dict[tuple[str, Scope], tuple[float, float, tuple[float, float] | None]] = {}
    for state, workers, before, after in STATES:
        part = next(iter(state.items()), ("", "")) if "least" not in state else ("", "")
        now, then = SHOWN.get(part, (round(before), round(after)))

        def band(value: float, state: dict[str, Any] = state) -> tuple[float, float] | None:
            return (value * LOW, value * HIGH) if with_draws and state not in UNKNOWN else None

        def fixed(value: float, state: dict[str, Any] = state) -> tuple[float, float] | None:
            return (value, value) if with_draws and state not in UNKNOWN else None

        def at(plan: str, state: dict[str, Any] = state) -> Scope:
            return HERE.at(plan=plan, **state)

        shares = [round(before / workers, 3), round(after / workers, 3)]
        if not state or part[0] in ("district", "groups") or state.get("periods") in ("a", "own:night"):
            shown = WORKERS_SHOWN.get(str(part[1]), round(workers))
            shown = {
                "own:headline": 30,
                "own:night": 20,
                "a": {"groups": 71, "periods": 81}.get(part[0], shown),
            }.get(str(part[1]), shown)
            own = band(workers)
            if part[0] == "groups":
                own = (workers * 0.5, workers * 3.0) if part[1] == "a" else None
            wanted["workers", at("")] = (workers, shown, own)
        wanted["covered", at("today")] = (before, now, band(before))
        wanted["covered", at("proposal")] = (after, then, band(after))
        wanted["share", at("today")] = (before / workers, shares[0], fixed(before / workers))
        wanted["share", at("proposal")] = (after / workers, shares[1], fixed(after / workers))
        wanted["newly_covered", at("gain")] = (after - before, then - now, band(after - before))
        points = 100 * (after - before) / workers
        wanted["share_gain", at("gain")] = (points, round(100 * (shares[1] - shares[0]), 1), fixed(points))
    assert set(found) == set(wanted)
    for key, (value, shown, band_of) in wanted.items():
        got = found[key]
        assert (got.value, got.shown) == (pytest.approx(value), shown), key
        assert (got.low, got.high) == (pytest.approx(band_of) if band_of else (None, None)), key
        assert got.source == ("demand" if key[0] == "workers" else "coverage")


def test_the_headline_s_own_distance_is_no_reading_and_what_the_plan_lacks_is_no_gain() -> None:
    far = headline_scope(5000 / 6)
    shares = {f.scope.cutoff_m for f in coverage_facts(_of(2), _of(3), far, draws=None, group_bands={})}
    assert shares == {833.0, 500.0, 667.0}
    after = dataclasses.replace(_of(3), readings={}, by_radius_m={})
    found = told(towns_facts(None, after))
    assert ("covered", HERE.at(plan="today", periods="night")) in found
    assert not [k for k in found if k[1].plan != "today" and k[1].periods in ("night", "any_hour")]
    few = towns_facts(
        Draws(one_lot(FACTOR[:, None] * CELLS[:3], CELLS[:3]), DISTRICT[:3])
    )  # draws of other cells
    assert [f.low for f in few if f.low is not None] == [70.75 * 0.5]


@pytest.mark.parametrize("workers", [0.0, 0.5])
def test_shares_where_nobody_or_hardly_anybody_works(workers: float) -> None:
    empty = pd.DataFrame(columns=["district", "workers", "covered", "share", "backup_share"])
    town = Coverage(
        workers=workers, covered=workers / 2, share=0.5, share_backup=0.0, by_radius_m={}, by_district=empty,
        by_group=empty.rename(columns={"district": "group"}), by_period=empty.rename(columns={"district": "period"}),
        readings={}, cells=pd.DataFrame({"workers": [workers], "covered": [workers / 2]}),
    )  # fmt: skip
    draws = Draws(one_lot(np.full((39, 1), workers), workers), pd.Series(["a"]))
    found = told(coverage_facts(town, town, HERE, draws=draws, group_bands={}))
    share = found["share", HERE]
    assert [share.value, share.shown, share.low, share.high] == [workers and 0.5] * 4


def test_a_share_per_draw_is_nought_where_nobody_works_in_it() -> None:
    whole = np.array([0.0, 0.5, 4.0] * 13)
    part = np.array([0.0, 0.25, 3.0] * 13)
    wanted = [np.quantile([0.0, 0.5, 0.75] * 13, q, method="weibull") for q in (0.05, 0.5, 0.95)]
    assert Draws.share(part, whole) == pytest.approx(wanted)


# -- rounding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "total", "shown"),
    [
        ([1.48, 2.46, 3.41], 7, [2, 2, 3]),  # 7.35
        ([1.4, 2.6], 5, [1, 3]),  # not all of it
        ([0.5 + 1e-6], 0, [0]), ([0.5 + 0.7e-6], 0, [0]), ([0.5 + 2e-6], 0, [1]), ([2.0, 0.4, 0.4], 3, [2, 1, 0]),
        ([1.5, 2.25, 3.25], 7, [2, 2, 3]), ([0.2, 0.9, 0.9], 2, [0, 1, 1]),
    ],
)  # fmt: skip
def test_parts_of_a_printed_sum(values: list[float], total: float, shown: list[float]) -> None:
    found = parts(values, total)
    assert found == shown
    assert all(type(v) is float for v in found)


def test_arithmetic_may_add_a_little_of_the_last_digit_before_a_claim_goes_up() -> None:
    assert UNITS["people_up"].rounded(64_870 + 0.7e-6) == 64_870
    assert UNITS["people_up"].rounded(64_870 + 1.5e-6) == 64_871
    assert UNITS["share_up"].rounded(0.427 + 0.7e-9) == 0.427
    assert UNITS["gap"].rounded(7.00007e-5) == 0.00007
    assert UNITS["gap"].rounded(7.00012e-5) == 0.00008
    assert Unit("people", 0).rounded(1.4) == 1.0
    assert {k: u.kind for k, u in UNITS.items()} == {
        "people": "people", "people_up": "people", "count": "count", "share": "share", "share_up": "share", "points": "points",
        "gap": "gap", "yuan": "yuan", "rate": "decimal", "index": "index", "spread": "spread",
    }  # fmt: skip


# -- the plan's figures -----------------------------------------------------------------------------------------------


class Side:
    """Workers, those covered, and the districts of one side."""

    def __init__(self, covered: float, workers: float = 1000.0) -> None:
        self.covered, self.workers = covered, workers
        self.by_district = pd.DataFrame({"district": ["x", "y", "z"]})


def parts_of(**changes: Any) -> Parts:
    open_or_not = {"status": ["open", "planned", "open", "open"], "district": ["x", "x", "y", "x"]}
    chosen = {"rank": [2, 1, 3], "district": ["y", "x", "y"], "workers_gained": [40.0, 80.0, 10.0]}
    start: dict[str, Any] = {
        "stations": pd.DataFrame(open_or_not), "candidates": pd.DataFrame(index=range(7)), "chosen": pd.DataFrame(chosen),
        "before": Side(400.0), "after": Side(530.0), "gaps": pd.DataFrame({"workers": [11.0, 12.5]}),
        "solution": Solution(chosen=np.arange(3), objective=530.0, bound=580.0, status="feasible", seconds=0.0, base=400.0),
    }  # fmt: skip
    return Parts(**(start | changes))


def listed(facts: Any) -> list[tuple[Any, ...]]:
    """(id, what the state differs in, value, print, band where there is one, source)."""
    return [
        (f.id, {k: v for k, v in f.scope.json().items() if v != HERE.json().get(k)}, f.value, f.shown,
         *(() if f.low is None and f.high is None else (f.low, f.high)), f.source)
        for f in facts
    ]  # fmt: skip


def test_what_is_counted() -> None:
    assert listed(count_facts(parts_of(closed=1), HERE)) == [
        ("stations_open", {"plan": "today"}, 3, 3, "stations"), ("sites_new", {}, 3, 3, "chosen"), ("stations_closed", {}, 1, 1, "siting"),
        ("stations_total", {}, 5, 5, "siting"), ("candidates", {}, 7, 7, "candidates"),
        ("stations_open", {"plan": "today", "district": "x"}, 2, 2, "stations"), ("sites_new", {"district": "x"}, 1, 1, "chosen"),
        ("stations_open", {"plan": "today", "district": "y"}, 1, 1, "stations"), ("sites_new", {"district": "y"}, 2, 2, "chosen"),
        ("stations_open", {"plan": "today", "district": "z"}, 0, 0, "stations"), ("sites_new", {"district": "z"}, 0, 0, "chosen"),
        ("gap_areas", {}, 2, 2, "gaps"), ("gap_workers", {}, 23.5, 24, "gaps"),
    ]  # fmt: skip
    assert listed(count_facts(parts_of(), HERE))[2][2:4] == (0, 0)


def certificate(
    objective: float, bound: float, after: float, before: float = 400.0, **more: Any
) -> dict[str, tuple[Any, ...]]:
    solution = Solution(
        chosen=np.arange(3), objective=objective, bound=bound, status="feasible", seconds=0.0, base=before
    )
    found = certificate_facts(
        parts_of(solution=solution, before=Side(before), after=Side(after), **more), HERE
    )
    return {row[0]: row[2:] for row in listed(found)}


def test_the_certificate_s_figures() -> None:
    found = certificate(530.0, 580.0, 530.0)
    assert found == {
        "gap": (pytest.approx(50 / 530), 0.09434, "siting"), "bound": (580.0, 580.0, "siting"), "missing": (50.0, 50.0, "siting"),
        "gap_of_new": (pytest.approx(50 / 130), 0.38462, "siting"), "worth_sites": (2.0, 2.0, "siting"),
    }  # fmt: skip
    assert set(certificate(530.0, 580.0, 530.0, own_goal=True)) == {"gap"}
    assert not parts_of().own_goal


@pytest.mark.parametrize(
    ("objective", "after", "missing"),
    [
        (841.6, 841.2, 59), (841.5, 841.0, 58), (841.6, 841.0, 58), (841.2, 841.6, 58), (840.4999, 840.5001, 59),
    ],
)  # fmt: skip
def test_the_plan_and_its_coverage_are_one_number_if_less_than_half_a_worker_apart(
    objective: float, after: float, missing: float
) -> None:
    """Printed: the bound of 900 less the coverage where they are one number, else less the objective."""
    assert certificate(objective, 900.0, after)["missing"][1] == missing


def test_a_bound_below_the_plan_is_the_plan_and_a_plan_that_gains_nobody_has_no_gap_of_the_new() -> None:
    found = certificate(530.0, 529.9, 530.0)
    assert (found["bound"][:2], found["missing"][:2], found["worth_sites"][:2]) == (
        (530, 530),
        (0, 0),
        (0, 0),
    )
    assert certificate(400.0, 410.0, 400.0)["gap_of_new"][:2] == (0.0, 0.0)
    assert certificate(400.5, 410.5, 400.5)["gap_of_new"][0] == 20.0  # half a worker is new


@pytest.mark.parametrize(
    ("missing", "worth"),
    [
        (0.0, 0), (0.5, 1), (10.0, 1), (10.5, 2), (50.0, 2), (50 + 1e-5, 2), (50 + 4e-5, 2), (50.1, 3), (130.0, 3), (500.0, 3),
    ],
)  # fmt: skip
def test_the_last_sites_that_bring_together_what_is_missing(missing: float, worth: int) -> None:
    """From the end they bring 10, 50 and 130; a millionth of what is missing does not count."""
    assert certificate(530.0, 530.0 + missing, 530.0)["worth_sites"][0] == worth


@pytest.mark.parametrize(("more", "worth"), [(0.7e-6, 1), (1.5e-6, 2)])
def test_below_one_worker_a_millionth_of_a_worker_does_not_count(more: float, worth: int) -> None:
    chosen = pd.DataFrame({"rank": [1, 2], "workers_gained": [0.5, 0.5], "district": "x"})
    assert certificate(530.0, 530.5 + more, 530.0, chosen=chosen)["worth_sites"][0] == worth


def test_costs_are_summed_where_all_are_known() -> None:
    costs = pd.DataFrame({"cost_yuan": [10.0, 20.5], "low": [1.0, 2.0], "high": [100.0, 300.0]})
    chosen = pd.DataFrame({"host_kind": ["fuel", "bank"], "workers_gained": [19.6, 0.2]}, index=[7, 3])
    gain, fuel, bank = {"plan": "gain"}, {"case": "host fuel"}, {"case": "host bank"}

    def told(after: float = 530.0, costs: pd.DataFrame = costs, **more: Any) -> list[tuple[Any, ...]]:
        return listed(cost_facts(parts_of(chosen=chosen, after=Side(after), **more), HERE, costs))

    counted = [
        ("sites_gain", gain, pytest.approx(19.8), 20, "chosen"), ("sites_new", bank, 1, 1, "chosen"),
        ("sites_gain", bank | gain, 0.2, 0, "chosen"), ("sites_new", fuel, 1, 1, "chosen"),
        ("sites_gain", fuel | gain, 19.6, 20, "chosen"),
    ]  # fmt: skip
    assert told() == [
        counted[0], ("cost_yuan", {}, 30.5, 30, 3.0, 400.0, "candidates"), ("yuan_per_worker", {}, pytest.approx(30.5 / 19.8), 2, "candidates"),
        *counted[1:3], ("cost_yuan", bank, 20.5, 20, 2.0, 300.0, "candidates"),
        *counted[3:], ("cost_yuan", fuel, 10, 10, 1.0, 100.0, "candidates"),
        ("yuan_per_worker", fuel, pytest.approx(10 / 19.6), 1, "candidates"),
    ]  # fmt: skip
    assert told(costs=costs.assign(cost_yuan=[10.0, np.nan])) == counted
    assert told(costs=costs.iloc[:0]) == counted


def test_the_gain_of_the_sites_is_printed_as_what_is_newly_covered_where_it_is_that() -> None:
    """From 400.4 to 420.6: 400 and 421 are printed, 21 more, of which each kind has its part."""
    chosen = pd.DataFrame({"host_kind": ["fuel", "bank"], "workers_gained": [12.0, 8.2]})

    def shown(**more: Any) -> list[float]:
        parts = parts_of(chosen=chosen, before=Side(400.4), after=Side(420.6), **more)
        return [f.shown for f in cost_facts(parts, HERE, pd.DataFrame()) if f.id == "sites_gain"]

    assert shown()[0] == sum(shown()[1:]) == 21
    assert shown(closed=1) == [20, 8, 12]


def test_steadiness_of_the_sites_where_it_is_known() -> None:
    chosen = parts_of().chosen.assign(confidence=[0.5, np.nan, 0.25])
    assert listed(steadiness_facts(parts_of(chosen=chosen), HERE, 2)) == [
        ("steadiness", {}, 0.375, 0.375, "confidence"), ("sites_steady", {}, 1, 1, "confidence"), ("sites_always", {}, 2, 2, "sensitivity"),
    ]  # fmt: skip
    assert listed(steadiness_facts(parts_of(), HERE, None)) == []
    assert [row[0] for row in listed(steadiness_facts(parts_of(), HERE, 0))] == ["sites_always"]


def phased(gains: list[float], batch: list[str | None], after: float, **more: Any) -> list[tuple[Any, ...]]:
    n = len(gains)
    chosen = pd.DataFrame(
        {
            "rank": range(n, 0, -1),
            "workers_gained": gains[::-1],
            "batch": batch[::-1],
            "district": list("xyyx")[:n][::-1],
        }
    )
    return listed(phase_facts(parts_of(chosen=chosen, after=Side(after), **more), HERE))


def test_phases_in_the_order_of_building() -> None:
    regret = pd.DataFrame({"name": ["a", "b", "b"], "regret": [0.01, 0.02, 0.5]})
    assert phased([80.0, 40.0, 20.0, 10.0], ["b", "b", "b", "a"], 550.0, phases=regret) == [
        ("phase_sites", {"batch": "b"}, 3, 3, "chosen"), ("sites_new", {"batch": "b", "district": "x"}, 1, 1, "chosen"),
        ("sites_new", {"batch": "b", "district": "y"}, 2, 2, "chosen"), ("phase_covered", {"batch": "b"}, 140, 140, "chosen"),
        ("phase_share", {"batch": "b"}, 0.54, 0.54, "chosen"), ("phase_regret", {"batch": "b"}, 0.02, 0.02, "phases"),
        ("phase_sites", {"batch": "a"}, 1, 1, "chosen"), ("sites_new", {"batch": "a", "district": "x"}, 1, 1, "chosen"),
        ("phase_covered", {"batch": "a"}, 10, 10, "chosen"), ("phase_share", {"batch": "a"}, 0.55, 0.55, "chosen"),
        ("phase_regret", {"batch": "a"}, 0.01, 0.01, "phases"),
    ]  # fmt: skip


def test_a_plan_in_one_piece_has_no_phases_and_sites_of_no_phase_are_one_of_their_own() -> None:
    assert listed(phase_facts(parts_of(), HERE)) == []
    assert phased([80.0, 40.0], [None, ""], 520.0) == []
    rows = phased([80.0, 40.0], ["a", None], 520.0, phases=pd.DataFrame())
    assert [(r[0], r[1]["batch"]) for r in rows if r[0] == "phase_sites"] == [
        ("phase_sites", "a"),
        ("phase_sites", "–"),
    ]
    assert not [r for r in rows if r[0] == "phase_regret"]
    only = pd.DataFrame({"name": ["b"], "regret": [0.1]})
    assert not [r for r in phased([80.0, 40.0], ["a", "a"], 520.0, phases=only) if r[0] == "phase_regret"]


@pytest.mark.parametrize(
    ("gains", "after", "shown"),
    [
        ([400.0, 41.0], 841.5, [400, 41]), ([400.0, 41.0], 842.0, [400, 41]), ([400.0, 41.2], 841.6, [400, 42]),
        ([441.4, 0.2], 841.6, [441, 1]), ([400.0, 41.0], 840.0, [400, 41]),
    ],
)  # fmt: skip
def test_the_last_phase_ends_at_the_plan_if_less_than_half_a_worker_apart(
    gains: list[float], after: float, shown: list[float]
) -> None:
    assert [r[3] for r in phased(gains, ["a", "b"], after) if r[0] == "phase_covered"] == shown


@pytest.mark.parametrize(("workers", "share"), [(0.0, 0.0), (0.5, 820.0)])
def test_the_share_of_a_phase_where_nobody_or_hardly_anybody_works(workers: float, share: float) -> None:
    rows = phased([10.0], ["a"], 410.0, before=Side(400.0, workers))
    assert next(r[2] for r in rows if r[0] == "phase_share") == share


def test_answers_to_questions() -> None:
    tables = {
        "curve": pd.DataFrame({"n": [0, 3], "share": [0.4, 0.53], "bound": [400.0, 580.0]}),
        "alternatives": pd.DataFrame({"plan": [1], "covered": [519.5]}), "rule_prices": pd.DataFrame({"rule": ["p"], "covered": [540.7]}),
        "sensitivity": pd.DataFrame({"case": ["base"], "share_before": [0.1], "share_plan": [0.2], "share_best": [0.3]}),
        "second_views": pd.DataFrame({"group": ["headline"], "mode": ["car"], "before": [0.6], "after": [0.7]}),
    }  # fmt: skip
    found = listed(
        question_facts(parts_of(before=Side(400.0, 2000.0), after=Side(530.4, 3000.0), **tables), HERE)
    )
    assert [tuple(round(v, 9) if isinstance(v, float) else v for v in row) for row in found] == [
        ("curve_share", {"plan": "curve", "sites": 0}, 0.4, 0.4, "curve"), ("curve_bound", {"plan": "curve", "sites": 0}, 0.2, 0.2, "curve"),
        ("curve_share", {"plan": "curve", "sites": 3}, 0.53, 0.53, "curve"), ("curve_bound", {"plan": "curve", "sites": 3}, 0.29, 0.29, "curve"),
        ("covered", {"plan": "alternative 1"}, 519.5, 520, "questions"), ("share", {"plan": "alternative 1"}, 0.25975, 0.26, "questions"),
        ("fewer", {"plan": "alternative 1"}, 10.5, 10, "questions"),
        ("covered", {"plan": "rule p"}, 540.7, 541, "questions"), ("share", {"plan": "rule p"}, 0.27035, 0.27, "questions"),
        ("fewer", {"plan": "rule p"}, -10.7, -11, "questions"),
        ("share", {"plan": "today", "case": "base"}, 0.1, 0.1, "sensitivity"), ("share", {"case": "base"}, 0.2, 0.2, "sensitivity"),
        ("share", {"plan": "best", "case": "base"}, 0.3, 0.3, "sensitivity"),
        ("second_share", {"plan": "today", "groups": "own:headline", "mode": "car"}, 0.6, 0.6, "second_views"),
        ("second_share", {"groups": "own:headline", "mode": "car"}, 0.7, 0.7, "second_views"),
    ]  # fmt: skip
    assert listed(question_facts(parts_of(), HERE)) == []
    nobody = listed(question_facts(parts_of(before=Side(0.0, 0.0), after=Side(0.0, 0.0), **tables), HERE))
    assert nobody[1][2] == 400.0


def test_the_homes_figures_with_a_band_where_both_ends_are_known() -> None:
    run = {"chosen": 3, "existing": 1, "drivers": 4321.4, "bound": 4400.2, "gap": 0.0123451, "cost_yuan": 5e5}
    of = {"network": "driver_homes", "groups": "truck"}

    def rows(**band: Any) -> list[tuple[Any, ...]]:
        return listed(homes_facts(run | band, HERE))

    assert rows(served_if_drivers_low=0.0, served_if_drivers_high=4500.0) == [
        ("homes_new", of, 3, 3, "homes"), ("homes_existing", {"plan": "today"} | of, 1, 1, "homes"),
        ("drivers_served", of, 4321.4, 4321, 0.0, 4500.0, "homes"), ("drivers_bound", of, 4400.2, 4401, "homes"),
        ("homes_gap", of, 0.0123451, 0.01235, "homes"), ("homes_cost_yuan", of, 5e5, 5e5, "homes"),
    ]  # fmt: skip
    for half in (
        {},
        {"served_if_drivers_low": 1.0},
        {"served_if_drivers_high": 1.0, "served_if_drivers_low": None},
    ):
        assert rows(**half)[2] == ("drivers_served", of, 4321.4, 4321, "homes")


# -- the register -----------------------------------------------------------------------------------------------------


def test_a_row_of_run_json_rounds_value_and_band_and_leaves_out_parts_that_are_not_meant() -> None:
    assert Scope("proposal", "all", "headline", 667, 1, "stations", "walk", "", "", "", None) == HERE
    row = fact("share", HERE.at(district="d", batch="b", case="c", sites=0), 0.123456789012, band=(0.12345678, 0.98765432),
               source="s").json()  # fmt: skip
    assert row == {
        "id": "share", "value": 0.12345679, "shown": 0.123, "low": 0.123457, "middle": None, "high": 0.987654, "unit": "share", "source": "s",
        "scope": {"plan": "proposal", "periods": "all", "groups": "headline", "cutoff_m": 667, "least": 1, "network": "stations",
                  "mode": "walk", "district": "d", "batch": "b", "case": "c", "sites": 0},
    }  # fmt: skip
    empty = fact("share", HERE.at(mode="", plan=""), 0.5).json()
    assert (empty["low"], empty["high"], empty["scope"]["mode"], empty["scope"]["plan"]) == (
        None,
        None,
        "",
        "",
    )
    assert not {"district", "batch", "case", "sites"} & set(empty["scope"])


def test_a_register_read_back_has_every_field_of_every_figure() -> None:
    facts = [
        fact("sites_new", HERE, 3),
        fact("share", HERE.at(district="d", sites=2), 0.25, band=(0.125, 0.5), source="s"),
    ]
    assert dict(Register.read(json.loads(json.dumps(Register(facts, HERE).json())))) == dict(
        Register(facts, HERE)
    )


def test_half_a_band_is_none_in_print() -> None:
    assert fact("share", HERE, 0.5, band=(0.12345, 0.98765)).shown_band() == (0.123, 0.988)
    assert Fact("share", HERE, 0.5, 0.5, 0.1, None).shown_band() is None
    assert Fact("share", HERE, 0.5, 0.5, None, 0.9).shown_band() is None


@pytest.mark.parametrize("first", [{"district": "d"}, {"batch": "b"}, {"district": "d", "batch": "b"}])
def test_the_headline_read_back_is_that_of_the_number_of_sites_as_a_whole(first: dict[str, str]) -> None:
    here = Scope(cutoff_m=833.0)
    rows = [
        fact("gap", here.at(mode="car"), 0.1),
        fact("sites_new", here.at(**first), 1),
        fact("sites_new", here, 3),
    ]
    assert Register.read(Register(rows, here).json()).headline == here


def test_figures_are_found_by_quantity_and_state_together() -> None:
    made = Register(
        [fact("share", HERE, 0.25), fact("gap", HERE, 0.5), fact("share", HERE.at(least=2), 0.125)], HERE
    )
    assert [made.fact("share").value, made.fact("gap").value, made.fact("share", least=2).value] == [
        0.25,
        0.5,
        0.125,
    ]
    assert [f.value if f else None for f in (made.find("share"), made.find("bound"))] == [0.25, None]
    assert made["gap", HERE].value == 0.5
    assert repr(made) == "Register(3 figures of 2 quantities)"


def test_the_register_in_a_notebook_is_short_escaped_and_plain() -> None:
    many = [fact("share", HERE.at(district=f"<b>{n}</b>"), 1 / 3) for n in range(45)]
    shown = Register([fact("workers", HERE, 1234567.0, band=(1.0, 2.0)), *many], HERE)._repr_html_()
    assert "<b>" not in shown
    assert "&lt;b&gt;0&lt;/b&gt;" in shown
    assert "NaN" not in shown
    assert "<th>0</th>" not in shown
    assert shown.count("<tr") == 1 + 40 + 1  # heads, forty rows, the row of dots
    assert "1.23457e+06" in shown


def test_the_table_of_figures_names_unit_band_and_state() -> None:
    made = Register(
        [fact("share", HERE.at(district="d"), 0.5, band=(0.25, 0.75)), fact("gap", HERE, 0.125)], HERE
    )
    row = made.table("share").iloc[0]
    assert [row[k] for k in ("id", "name", "shown", "low", "high", "unit", "plan", "district")] == [
        "share", "Share covered", 0.5, 0.25, 0.75, "share", "proposal", "d",
    ]  # fmt: skip
    assert (len(made.table()), len(made.table("share"))) == (2, 1)


def test_the_whole_register_takes_bands_from_the_draws_and_is_kept_without_cells() -> None:
    bundle = known_bundle()
    here = bundle.facts.headline

    def whole(demand: pd.DataFrame, surfaces: Any, homes: Any = None) -> Register:
        return register_of(
            Parts(bundle.stations, bundle.candidates, bundle.chosen, bundle.before, bundle.after, bundle.gaps, bundle.solution),
            demand=demand, ensemble=None if surfaces is None else one_lot(surfaces, 5.0), groups=bundle.settings.headline_groups, circle=bundle.settings.circle,
            costs=pd.DataFrame({"cost_yuan": [0.2] * 5, "low": [0.1] * 5, "high": [0.4] * 5}), always=4, homes=homes,
        )  # fmt: skip

    some = whole(bundle.demand, np.ones((39, len(bundle.demand))))
    assert here.cutoff_m == 667
    # a worker per cell in every draw, of five by the estimate: 200 workers, and of the covered ones a fifth
    assert (some.fact("workers", plan="").low, some.fact("workers", plan="").high) == (
        pytest.approx(200),
        pytest.approx(200),
    )
    assert some.fact("covered", plan="today").low == pytest.approx(8 / 5)
    assert some.fact("covered").low == pytest.approx(12 / 5)
    west = some.fact("workers", plan="", district="west")
    assert (west.low, west.value) == (pytest.approx(100), 700)
    assert (
        some.shown("sites_always"),
        some.shown("cost_yuan"),
        some.find("homes_new", network="driver_homes", groups="truck"),
    ) == (4, 1, None)
    assert whole(bundle.demand, None).fact("workers", plan="").low is None
    assert whole(bundle.demand.iloc[:0], np.ones((39, 0))).fact("workers", plan="").low is None


def test_draws_of_no_cell_at_all_give_no_band_of_nought() -> None:
    bundle = known_bundle()
    before, after = (dataclasses.replace(c, cells=c.cells.iloc[:0]) for c in (bundle.before, bundle.after))
    found = register_of(
        Parts(bundle.stations, bundle.candidates, bundle.chosen, before, after, bundle.gaps, bundle.solution),
        demand=bundle.demand.iloc[:0], ensemble=one_lot(np.ones((39, 0)), 5.0), groups=bundle.settings.headline_groups, circle=bundle.settings.circle,
        costs=pd.DataFrame(), always=None, homes=None,
    )  # fmt: skip
    assert [f.low for f in (found.fact("workers", plan=""), found.fact("covered"))] == [None, None]
    assert found.fact("covered").value == 840


def test_what_is_asked_besides_stands_in_the_register_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part is given what it is told of, and its figure stands in the register."""
    bundle = known_bundle()
    calls: dict[str, list[Any]] = {}

    def part(name: str, id_: str) -> None:
        def facts(*a: Any, **k: Any) -> list[Fact]:
            calls.setdefault(name, []).append((*a, k))
            return [fact(id_, HERE.at(case=f"{name} {len(calls[name])}"), 1)]

        monkeypatch.setattr(whole_module, name, facts)

    for name in ("fairness_facts", "action_facts", "change_facts", "network_facts"):
        part(name, "sites_new")
    made = Parts(
        bundle.stations,
        bundle.candidates,
        bundle.chosen,
        bundle.before,
        bundle.after,
        bundle.gaps,
        bundle.solution,
    )

    def register(**more: Any) -> Register:
        calls.clear()
        return register_of(
            made, demand=bundle.demand, ensemble=one_lot(np.ones((39, len(bundle.demand))), 5.0), groups=bundle.settings.headline_groups,
            circle=bundle.settings.circle, costs=pd.DataFrame(), always=None, homes=None, **more,
        )  # fmt: skip

    asked: dict[str, Any] = {
        "actions": "verbs", "fairness": "found", "aversion": 1.5, "union": "union", "changes": ("sites", None)
    }  # fmt: skip
    found = register(weighted=True, **asked)
    here = found.headline
    told = {s.case for id_, s in found if id_ == "sites_new" and "_facts" in s.case}
    assert told == {
        "fairness_facts 1",
        "action_facts 1",
        "change_facts 1",
        "change_facts 2",
        "network_facts 1",
    }
    ((before, after, at, how),) = calls["fairness_facts"]
    assert (before, after, at) == (bundle.before, bundle.after, here)
    assert (how["found"], how["aversion"]) == ("found", 1.5)
    assert calls["action_facts"] == [("verbs", here, {"draws": how["draws"], "own_goal": True})]
    assert isinstance(how["draws"], Draws)
    assert calls["change_facts"] == [("sites", here, "proposal", {}), (None, here, "actions", {})]
    assert calls["network_facts"] == [("union", here, {})]
    register(**asked)
    assert calls["action_facts"][0][-1]["own_goal"] is False
    register()
    assert "action_facts" not in calls


# -- regret -----------------------------------------------------------------------------------------------------------


def test_regret_is_of_the_best_plan_known_and_at_most_of_the_bound() -> None:
    """39 draws: the plan lacks 10, 12 … 86 workers (48 on average) of the best known, and 5 more at most in each."""
    lacks = np.arange(10.0, 88.0, 2.0)
    draws = pd.DataFrame(
        {
            "workers": 1000.0,
            "before": 200.0,
            "plan": 700.0 - lacks / 2,
            "best": 700 + lacks / 2,
            "bound": 705 + lacks / 2,
        }
    )
    hindsight = Hindsight(np.ones(3), np.zeros((39, 3)), draws.sample(frac=1, random_state=1), 667.0)
    found = {f.id: f for f in regret_facts(parts_of(hindsight=hindsight), HERE)}
    assert set(found) == {"regret", "regret_of_new", "regret_share", "regret_most"}
    regret = found["regret"]
    assert (regret.value, regret.low, regret.middle, regret.high) == pytest.approx((48, 12, 48, 84))
    assert found["regret_most"].value == pytest.approx(53)
    # the best plans add 700 + 24 − 200 workers on average
    assert found["regret_of_new"].value == pytest.approx(48 / 524)
    share = found["regret_share"]
    assert (share.value, share.low, share.middle, share.high) == pytest.approx((0.048, 0.012, 0.048, 0.084))
    assert {f.source for f in found.values()} == {"confidence"}


def test_no_regret_is_told_without_draws_or_where_plans_are_not_compared_by_workers() -> None:
    none = pd.DataFrame({c: [1.0, 2.0] for c in ("workers", "before", "plan", "best", "bound")})
    for draws in (none.iloc[:0], none.assign(best=np.nan)):
        hindsight = Hindsight(np.ones(3), np.zeros((len(draws), 3)), draws, 667.0)
        assert not list(regret_facts(parts_of(hindsight=hindsight), HERE))
    assert not list(regret_facts(parts_of(), HERE))
    nobody = Hindsight(np.ones(3), np.zeros((2, 3)), none.assign(workers=0.0, best=1.0, before=1.0), 667.0)
    found = {f.id: f.value for f in regret_facts(parts_of(hindsight=nobody), HERE)}
    assert (found["regret_share"], found["regret_of_new"]) == (0, 0)
