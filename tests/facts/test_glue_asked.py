"""Figures of what a study asks for beside its plan, by hand: changes, fairness, use, grades, networks and the evidence."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from planner.facts.bands import Draws
from planner.facts.changes import change_facts
from planner.facts.evidence import front_facts, knowledge_facts, pilot_facts
from planner.facts.fairness import fairness_facts
from planner.facts.grades import grade_facts
from planner.facts.networks import network_facts
from planner.facts.use import use_facts
from planner.networks.circle import ServiceCircle
from tests.facts.test_glue_facts import HERE, Side, listed, parts_of
from tests.publish.known import one_lot

TODAY, GAIN = {"plan": "today"}, {"plan": "gain"}


def near(value: float) -> Any:
    return pytest.approx(value)


# -- last year's plan -------------------------------------------------------------------------------------------------


def test_changes_since_last_year_are_told_of_the_plan_they_belong_to() -> None:
    changes: Any = SimpleNamespace(counts=lambda: {"kept": 3, "dropped": 1})
    assert listed(change_facts(changes, HERE, "actions")) == [
        ("plan_kept", {"plan": "actions"}, 3, 3, "previous"), ("plan_dropped", {"plan": "actions"}, 1, 1, "previous"),
    ]  # fmt: skip
    assert listed(change_facts(None, HERE, "proposal")) == []


# -- fairness ---------------------------------------------------------------------------------------------------------


def covers(workers: list[float], shares: list[float], **more: Any) -> Any:
    table = pd.DataFrame({"district": list("abc")[: len(workers)], "workers": workers, "share": shares})
    return SimpleNamespace(by_district=table, **more)


def evenly(before: Any, after: Any, **more: Any) -> list[tuple[Any, ...]]:
    given: dict[str, Any] = {"draws": None, "found": None, "aversion": 1.0}
    return listed(fairness_facts(before, after, HERE, **(given | more)))


def test_the_gap_of_districts_is_that_of_the_printed_shares() -> None:
    """51.26 % and 20.04 % are 31.22 points apart, but printed as 51.3 % and 20.0 %; in c nobody works.

    Gini: 0.7 · 0.3 · 0.3122 / (0.7 · 0.5126 + 0.3 · 0.2004); with the plan 0.21 · 0.1 / 0.57.
    """
    before = covers([700.0, 300.0, 0.0], [0.5126, 0.2004, 0.0])
    after = covers([700.0, 300.0, 0.0], [0.6, 0.5, 0.0])
    assert evenly(before, after) == [
        ("gini_districts", TODAY, near(0.065562 / 0.41894), 0.156, "coverage"), ("district_gap", TODAY, near(31.22), 31.3, "coverage"),
        ("gini_districts", {}, near(0.021 / 0.57), 0.037, "coverage"), ("district_gap", {}, near(10.0), 10.0, "coverage"),
    ]  # fmt: skip


def test_evenness_needs_two_districts_somebody_who_works_and_for_a_gini_somebody_covered() -> None:
    one, nobody = covers([700.0], [0.5]), covers([0.0, 0.0], [0.0, 0.0])
    assert evenly(one, nobody) == []
    uncovered, few = covers([700.0, 300.0], [0.0, 0.0]), covers([0.25, 0.75], [0.0, 1.0])
    assert [row[:4] for row in evenly(uncovered, few)] == [
        ("district_gap", TODAY, 0, 0), ("gini_districts", {}, near(0.25), 0.25), ("district_gap", {}, 100, 100),
    ]  # fmt: skip


@pytest.mark.parametrize("n", [100.0, 0.25])
def test_bands_of_evenness_are_taken_draw_by_draw(n: float) -> None:
    """District a: n × f covered workers and n who are not; b: a fifth of n covered. Of 39 draws the 2nd, 20th and 38th count."""
    cells = pd.DataFrame({"workers": [n, n, n], "covered": [n, 0.0, n / 5]})
    town = covers([2 * n, n], [0.5, 0.2], cells=cells, of_groups={})
    f = np.linspace(0.5, 1.9, 39)
    surfaces = n * np.column_stack([f, np.ones(39), np.ones(39)])
    draws = Draws(one_lot(surfaces, n), pd.Series(["a", "a", "b"]))
    drawn_gap = f / (f + 1) - 0.2
    drawn_gini = np.sort((f + 1) * drawn_gap / ((f + 2) * (f + 0.2)))
    gap, gini = (list(fairness_facts(town, town, HERE, draws=draws, found=None, aversion=1.0))[k] for k in (1, 0))  # fmt: skip
    assert [gap.low, gap.middle, gap.high] == [near(100 * drawn_gap[k]) for k in (1, 19, 37)]
    assert [gini.low, gini.middle, gini.high] == [near(drawn_gini[k]) for k in (1, 19, 37)]
    surfaces[4] = 0.0  # a draw in which nobody works
    draws = Draws(one_lot(surfaces, n), pd.Series(["a", "a", "b"]))
    assert [len(row) for row in evenly(town, town, draws=draws)] == [5] * 4


def test_measures_over_units_are_told_where_they_are_known_and_the_even_share_between_both_aversions() -> (
    None
):
    ede = {0.5: (0.55, 0.8), 1.0: (0.5, 0.7), 2.0: (0.4, 0.6), 3.0: (0.35, 0.85)}

    def measures(aversion: float) -> pd.DataFrame:
        table = {
            "gini_units": [0.3, 0.1], "theil_between": [0.03, 0.01], "theil_within": [0.2, np.nan], "ede": ede[aversion]
        }  # fmt: skip
        return pd.DataFrame(table, index=["today", "proposal"])

    nobody = covers([0.0, 0.0], [0.0, 0.0])
    found = SimpleNamespace(measures=measures)
    assert evenly(nobody, nobody, found=found) == [
        ("gini_units", TODAY, 0.3, 0.3, "fairness"), ("theil_between", TODAY, 0.03, 0.03, "fairness"),
        ("theil_within", TODAY, 0.2, 0.2, "fairness"), ("ede_share", TODAY, 0.5, 0.5, 0.4, 0.55, "fairness"),
        ("gini_units", {}, 0.1, 0.1, "fairness"), ("theil_between", {}, 0.01, 0.01, "fairness"),
        ("ede_share", {}, 0.7, 0.7, 0.6, 0.8, "fairness"),
    ]  # fmt: skip
    # an aversion beyond the usual ones widens the band to it
    wide = [row[2:] for row in evenly(nobody, nobody, found=found, aversion=3.0) if row[0] == "ede_share"]
    assert wide == [(0.35, 0.35, 0.35, 0.55, "fairness"), (0.85, 0.85, 0.6, 0.85, "fairness")]


# -- use --------------------------------------------------------------------------------------------------------------


def expected(**changes: Any) -> Any:
    districts = pd.DataFrame(
        {"district": ["x", "y"], "today": [7.4, 5.2], "today_low": [3.0, 2.0], "today_high": [9.0, 8.0],
         "after": [10.4, 9.3], "after_low": [5.0, 4.0], "after_high": [20.0, 30.0]}
    )  # fmt: skip
    drawn = np.arange(21.0)  # 5 % and 95 %: 1 and 19
    start = {
        "today": 12.6, "after": 19.7, "today_drawn": drawn, "after_drawn": 3 * drawn + 1, "districts": districts
    }  # fmt: skip
    return SimpleNamespace(**(start | changes))


def test_visits_to_expect_with_their_bands_in_all_by_district_and_per_station_and_worker() -> None:
    """Three stations are open, one of them closes, three are new; 400 workers are covered today and 530 with the plan.

    Printed 13 and 20: 7.4 + 5.2 as 8 + 5 (the larger remainder goes up), 10.4 + 9.3 as 11 + 9.
    """
    assert listed(use_facts(parts_of(use=expected(), closed=1), HERE)) == [
        ("visits_day", TODAY, 12.6, 13, 1, 19, "use"), ("visits_station", TODAY, near(4.2), 4.2, near(1 / 3), near(19 / 3), "use"),
        ("use_share", TODAY, near(0.0315), 0.032, near(1 / 400), near(19 / 400), "use"),
        ("visits_day", TODAY | {"district": "x"}, 7.4, 8, 3, 9, "use"), ("visits_day", TODAY | {"district": "y"}, 5.2, 5, 2, 8, "use"),
        ("visits_day", {}, 19.7, 20, 4, 58, "use"), ("visits_station", {}, near(3.94), 3.94, near(0.8), near(11.6), "use"),
        ("use_share", {}, near(19.7 / 530), 0.037, near(4 / 530), near(58 / 530), "use"),
        ("visits_day", {"district": "x"}, 10.4, 11, 5, 20, "use"), ("visits_day", {"district": "y"}, 9.3, 9, 4, 30, "use"),
        ("visits_more", GAIN, near(7.1), 7, 3, 39, "use"),
    ]  # fmt: skip


def test_the_visits_more_are_those_of_the_printed_sums() -> None:
    """12.6 and 19.4 are 6.8 apart, printed 13 and 19."""
    found = listed(use_facts(parts_of(use=expected(after=19.4)), HERE))
    assert found[-1][2:4] == (near(6.8), 6)


def test_without_draws_use_has_no_bands_and_without_stations_or_coverage_nothing_to_divide_by() -> None:
    none = np.zeros(0)
    found = listed(use_facts(parts_of(use=expected(today_drawn=none, after_drawn=none)), HERE))
    whole = [row for row in found if "district" not in row[1]]
    assert len(whole) == 7
    assert all(len(row) == 5 for row in whole)
    bare = parts_of(
        use=expected(), stations=parts_of().stations.iloc[1:2], chosen=parts_of().chosen.iloc[:1],
        before=Side(0.0), after=Side(0.5),
    )  # fmt: skip
    told = [
        (row[0], row[2]) for row in listed(use_facts(bare, HERE)) if row[0] in ("visits_station", "use_share")
    ]
    assert told == [("visits_station", 19.7), ("use_share", near(39.4))]
    assert listed(use_facts(parts_of(), HERE)) == []


# -- grades -----------------------------------------------------------------------------------------------------------


def graded(subsidy: tuple[float, float] = (1000.0, 3000.0), **changes: Any) -> Any:
    table = {
        "level": [-1, 0, 1, 0, 0], "possible": [0, 0, 1, 1, 1], "agrees": ["higher", "same", "open", "", "lower"],
        "flags": ["", "visits", "", "hours,visits", "hours"], "overdue": [True, True, True, True, False],
        "cost_yuan": [100.0, 200.0, 0.0, 300.0, 50.6], "cost_low": [10.0, 20.0, 0.0, 30.0, 5.0], "cost_high": [900.0, 800.0, 0.0, 700.0, 60.0],
        "yearly_yuan": [1.0, 2.0, 0.0, 3.0, 5.0], "yearly_low": [0.5, 1.0, 0.0, 1.5, 2.0], "yearly_high": [4.0, 5.0, 0.0, 6.0, 7.0],
    } | changes  # fmt: skip
    levels = pd.DataFrame({"grade": ["star", "double"], "subsidy_yuan": subsidy})
    return parts_of(
        grades=SimpleNamespace(
            table=pd.DataFrame(table), exits=range(6), rules=SimpleNamespace(levels=levels)
        )
    )


def test_grades_are_counted_and_priced_and_a_station_below_the_lowest_gets_no_subsidy() -> None:
    """Certain: star three times, double once, none once: 6,000; possible: star twice and double three times, 11,000."""
    now = "grades"
    assert listed(grade_facts(graded(), HERE)) == [
        ("grades_certain", TODAY, 2, 2, now), ("grades_stated_higher", TODAY, 1, 1, now), ("stations_flagged", TODAY, 3, 3, now),
        ("inspections_overdue", TODAY, 4, 4, now), ("stations_exit", TODAY, 6, 6, now),
        ("grade_stations", TODAY | {"case": "0"}, 1, 1, now), ("grade_stations", TODAY | {"case": "star"}, 3, 3, now),
        ("grade_stations", TODAY | {"case": "double"}, 1, 1, now),
        ("upgrade_yuan", TODAY, near(650.6), 651, 65, 2460, now), ("upgrade_yearly_yuan", TODAY, 11, 11, 5, 22, now),
        ("subsidy_yuan", TODAY, 6000, 6000, 6000, 11000, now),
    ]  # fmt: skip
    assert listed(grade_facts(parts_of(), HERE)) == []


def test_sums_of_grades_are_told_only_where_every_part_of_them_is_known() -> None:
    def ids(parts: Any) -> set[str]:
        told = {row[0] for row in listed(grade_facts(parts, HERE))}
        return told & {"upgrade_yuan", "upgrade_yearly_yuan", "subsidy_yuan"}

    assert ids(graded(cost_yuan=[100.0, np.nan, 0.0, 300.0, 50.0])) == {"upgrade_yearly_yuan", "subsidy_yuan"}
    assert ids(graded(yearly_yuan=[1.0, 2.0, 0.0, 3.0, np.nan])) == {"upgrade_yuan", "subsidy_yuan"}
    assert ids(graded((np.nan, 3000.0))) == {"upgrade_yuan", "upgrade_yearly_yuan"}
    # possible grades that would get less do not put the upper end below the figure
    (row,) = [
        r
        for r in listed(grade_facts(graded((1000.0, 0.0), level=[-1, 0, 0, 0, 0]), HERE))
        if r[0] == "subsidy_yuan"
    ]
    assert row[2:6] == (4000, 4000, 4000, 4000)


def test_a_possible_grade_without_a_sum_leaves_the_subsidy_without_an_upper_end() -> None:
    parts = graded((1000.0, np.nan), level=[-1, 0, 0, 0, 0])
    (row,) = [r for r in listed(grade_facts(parts, HERE)) if r[0] == "subsidy_yuan"]
    assert row[2:] == (4000, 4000, "grades")


# -- the union's networks ---------------------------------------------------------------------------------------------


def circle_of(names: tuple[str, ...], times: float, only: float) -> ServiceCircle:
    """Of 1,000 workers 300 × ``times`` covered and 110 × ``times`` twice; two pairs of places per network side by side."""
    n = np.arange(1, len(names) + 1) * times
    table = pd.DataFrame(
        {"network": names, "places": (3 * n).astype(int), "covered": 100 * n, "share": n / 10, "only": only * n, "people": 50.0,
         "served": 11 * n, "served_share": 0.22 * n}
    )  # fmt: skip
    doubles = pd.DataFrame(index=range(2 * len(names)))
    return ServiceCircle(names, 1000.0, 300 * times, 110 * times, table, pd.DataFrame(), doubles)


def serving_of(times: float) -> Any:
    def circle(names: tuple[str, ...] | None = None) -> ServiceCircle:
        return circle_of(("s", "a"), times, 20.4) if names is None else circle_of(names, times, 7.0)

    own = pd.DataFrame({"network": ["a", "s", "b"], "people": [120.4, 500.0, 30.0]})
    return SimpleNamespace(names=("s", "a", "b"), counted=("s", "a"), own=own, circle=circle)


def union_of(**changes: Any) -> Any:
    def plan(*costs: float, gap: float) -> Any:
        return SimpleNamespace(chosen=pd.DataFrame({"cost_yuan": costs}), solution=SimpleNamespace(gap=gap))

    verdicts = ["redundant", "alone", "redundant", "alone", "shared", "redundant", "redundant"]
    review = pd.DataFrame({"verdict": verdicts, "may_close": [True, False, True, False, False, False, True]})
    pool = SimpleNamespace(
        table=pd.DataFrame({"new": [2, 3]}), spent_yuan=99.4, worth=50.6, worth_apart=45.4, gap=0.012
    )
    networks = [
        SimpleNamespace(name=name, people=SimpleNamespace(band=(0.5, 3.0)), shares_budget=shared)
        for name, shared in (("s", False), ("a", True), ("b", False))
    ]
    planned = SimpleNamespace(
        plans={"a": plan(10.4, 20.4, gap=0.5), "b": plan(7.0, gap=0.03)}, reviews={"s": review}, pool=pool
    )
    start = {"networks": networks, "today": serving_of(1.0), "after": serving_of(2.0), "plan": planned}
    return SimpleNamespace(**(start | changes))


def test_every_figure_of_the_networks() -> None:
    wanted: list[tuple[Any, ...]] = []
    for plan, k in ((TODAY, 1), ({}, 2)):
        all_ = plan | {"network": "union:all"}
        wanted += [
            ("network_places", all_, 9 * k, 9 * k), ("network_covered", all_, 300 * k, 300 * k), ("network_circle", all_, 0.3 * k, 0.3 * k),
            ("network_twice", all_, 0.11 * k, 0.11 * k), ("network_doubles", all_, 4, 4),
        ]  # fmt: skip
        for n, name in ((k, "s"), (2 * k, "a"), (3 * k, "b")):
            at = plan | {"network": name}
            wanted += [
                ("network_places", at, 3 * n, 3 * n), ("network_covered", at, 100 * n, 100 * n), ("network_circle", at, near(n / 10), near(n / 10)),
                ("network_served", at, 11 * n, 11 * n), ("network_share", at, near(0.22 * n), near(0.22 * n)),
            ]  # fmt: skip
            if name != "b":  # does not count: nobody is served by it alone among those that do
                wanted.append(("network_only", at, near(20.4 * n), {1: 20, 2: 41, 4: 82}[n]))
    s, a, b, pool = ({"network": n} for n in ("s", "a", "b", "union:pool"))
    wanted += [
        ("network_people", s | {"plan": ""}, 500, 500, 250, 1500),
        ("network_redundant", s | TODAY, 4, 4), ("network_may_close", s | TODAY, 3, 3), ("network_alone", s | TODAY, 2, 2),
        ("network_people", a | {"plan": ""}, 120.4, 120, near(60.2), near(361.2)),
        ("network_new", a, 2, 2), ("network_cost", a, near(30.8), 31),
        ("network_people", b | {"plan": ""}, 30, 30, 15, 90),
        ("network_new", b, 1, 1), ("network_cost", b, 7, 7), ("network_gap", b, 0.03, 0.03),
        ("network_new", pool, 5, 5), ("network_cost", pool, 99.4, 99), ("network_worth", pool, 50.6, 51),
        ("network_worth", pool | {"plan": "apart"}, 45.4, 45), ("network_gap", pool, 0.012, 0.012),
    ]  # fmt: skip
    assert listed(network_facts(union_of(), HERE)) == [(*row, "") for row in wanted]


def test_networks_that_share_no_money_have_no_pool_and_a_study_without_networks_no_figure_of_them() -> None:
    apart = union_of(plan=SimpleNamespace(plans={}, reviews={}, pool=None))
    assert {row[1]["network"] for row in listed(network_facts(apart, HERE))} == {"union:all", "s", "a", "b"}
    assert listed(network_facts(None, HERE)) == []


# -- evidence ---------------------------------------------------------------------------------------------------------


def test_the_plans_of_the_front_beside_the_plan_s_530_workers_of_1000() -> None:
    table = pd.DataFrame(
        {"covered": [520.6, 480.2], "bound": [520.0, 500.5], "gap": [0.0, 0.0423], "least_share": [0.3, 0.4], "price": [0.0, 49.6],
         "price_most": [9.2, 70.0]}
    )  # fmt: skip
    front, told = SimpleNamespace(table=table, least_bound=0.4561), "fair_front"
    first, second = {"plan": "front 1"}, {"plan": "front 2"}
    assert listed(front_facts(parts_of(fair_front=front), HERE)) == [
        ("covered", first, 520.6, 521, told), ("share", first, near(0.5206), 0.521, told), ("fewer", first, near(9.4), 9, told),
        ("bound", first, 520.6, 521, told), ("gap", first, 0, 0, told), ("least_share", first, 0.3, 0.3, told),
        ("front_price", first, 0, 0, told), ("front_price_most", first, 9.2, 10, told),
        ("covered", second, 480.2, 480, told), ("share", second, near(0.4802), 0.48, told), ("fewer", second, near(49.8), 50, told),
        ("bound", second, 500.5, 501, told), ("gap", second, 0.0423, 0.0423, told), ("least_share", second, 0.4, 0.4, told),
        ("front_price", second, 49.6, 50, told), ("front_price_most", second, 70, 70, told),
        ("least_bound", {"plan": "front"}, 0.4561, 0.457, told),
    ]  # fmt: skip
    # printed numbers subtract: 530.6 and 520.5 are 531 and 520
    close = SimpleNamespace(table=table.assign(covered=520.5), least_bound=0.5)
    found = listed(front_facts(parts_of(fair_front=close, after=Side(530.6)), HERE))
    assert [row[2:4] for row in found if row[0] == "fewer"] == [(10.5, 11)] * 2
    for none in (None, SimpleNamespace(table=table.iloc[:0], least_bound=0.5)):
        assert listed(front_facts(parts_of(fair_front=none), HERE)) == []
    for workers, share in ((0.0, 520.6), (0.5, 1041.2)):
        found = listed(front_facts(parts_of(fair_front=front, before=Side(0.0, workers)), HERE))
        assert found[1][2] == near(share)


@pytest.mark.parametrize(
    ("regret", "ceiling", "shown"), [(30.2, 41.1, 42), (41.6, 41.7, 42), (42.6, 41.0, 43), (42.2, 41.0, 42)]
)
def test_what_knowing_all_could_gain_is_at_least_what_it_is_said_to_gain(
    regret: float, ceiling: float, shown: float
) -> None:
    table = pd.DataFrame({"removes": 25.0 - np.arange(25), "chance": 2.0, "part": 3.0})
    found = listed(
        knowledge_facts(
            parts_of(knowledge=SimpleNamespace(regret=regret, ceiling=ceiling, table=table)), HERE
        )
    )
    known = {"plan": "known"}
    assert found[:5] == [
        ("learn_regret", known, regret, round(regret), "knowledge"), ("learn_ceiling", known, ceiling, shown, "knowledge"),
        ("learn_removes", known | {"case": "unknown 1"}, 25, 25, "knowledge"),
        ("learn_chance", known | {"case": "unknown 1"}, 2, 2, "knowledge"), ("learn_part", known | {"case": "unknown 1"}, 3, 3, "knowledge"),
    ]  # fmt: skip
    assert len(found) == 2 + 3 * 20  # the twenty that are worth most
    assert listed(knowledge_facts(parts_of(), HERE)) == []


def test_pilots_tell_what_regret_their_order_leaves_and_whom_they_tell_apart() -> None:
    pilots = SimpleNamespace(
        simulated=pd.DataFrame({"best": [10.0, 20.4], "random": [30.0, 41.0]}),
        table=pd.DataFrame(
            {"place": [4, 2], "workers": [50.4, 9.0], "workers_low": [20.0, 1.0], "workers_high": [80.0, 11.0], "explained": [0.3333, 0.5]}
        ),
    )  # fmt: skip
    fourth, second = ({"plan": "pilots", "case": f"pilot {n}"} for n in (4, 2))
    assert listed(pilot_facts(parts_of(pilots=pilots), HERE)) == [
        ("pilots_left", {"plan": "pilots best"}, near(15.2), 15, "pilots"), ("pilots_left", {"plan": "pilots random"}, 35.5, 36, "pilots"),
        ("pilot_workers", fourth, 50.4, 50, 20, 80, "pilots"), ("pilot_explained", fourth, 0.3333, 0.333, "pilots"),
        ("pilot_workers", second, 9, 9, 1, 11, "pilots"), ("pilot_explained", second, 0.5, 0.5, "pilots"),
    ]  # fmt: skip
    assert listed(pilot_facts(parts_of(), HERE)) == []
