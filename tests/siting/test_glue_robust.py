"""Hindsight, the curve and what is read off it, on solvers whose answers are written down."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from planner.siting.problem import SitingProblem
from planner.siting.questions.robust import (
    Hindsight,
    coverage_curve,
    look_back,
    scenario_factors,
    sites_for,
    with_known,
)
from planner.solvers.request import check_rules


def test_factors_are_the_scenario_over_the_estimate_and_one_where_nobody_works() -> None:
    surfaces = np.array([[2.0, 9.0, 0.0], [1.0, 7.0, 8.0]])
    assert scenario_factors(surfaces, np.array([4.0, 0.0, 2.0])).tolist() == [[0.5, 1, 0], [0.25, 1, 4]]
    assert scenario_factors(surfaces, np.array([0.5, 0.0, 1.0])).tolist() == [[4, 1, 0], [2, 1, 8]]


def problem_of(weights: list[float], covers: list[list[int]], covered: list[bool]) -> SitingProblem:
    """A posed problem without rules or a goal."""
    rules = check_rules(len(covers), None, needs_count=False)
    return SitingProblem(
        covers=sparse.csr_array(np.array(covers, float)),
        weights=np.array(weights),
        covered=np.array(covered),
        rules=rules,
        goal=None,
    )


def test_hindsight_is_what_a_plan_made_with_the_draw_known_would_have_covered() -> None:
    """Sites every 100 m; near is up to 100 m. The plan's are 0, 4 and 8; two blocks of two cells; point 3 is covered today."""
    xy = np.c_[np.arange(10) * 100.0, np.zeros(10)]
    covers = [[0, 0, 0, 0] for _ in range(10)]
    covers[0], covers[4], covers[8] = [1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]
    problem = problem_of([1.0, 10.0, 100.0, 1000.0], covers, [False, False, False, True])
    answers = iter(
        [
            ([0, 4, 8], 2130.0, 2131.0),
            ([1, 4, 6], 0.0, 900.0),
            ([0, 6, 2], 1112.0, 1112.0),
            ([], 5000.0, 4000.0),
        ]
    )
    asked: list[np.ndarray] = []

    def solve(weights: np.ndarray) -> SimpleNamespace:
        asked.append(weights)
        chosen, objective, bound = next(answers)
        return SimpleNamespace(chosen=np.array(chosen, dtype=int), objective=objective, bound=bound)

    said: list[tuple[str, float]] = []
    factors = np.array([[1.0, 2.0], [3.0, 0.5], [1.0, 1.0], [0.0, 1.0]])
    draws = [problem.weights * np.tile(factor, 2) for factor in factors]
    found = look_back(
        solve, problem, draws, kept=problem, xy_m=xy, chosen=np.array([0, 4, 8]), within_m=100.0,
        progress=lambda label, share: said.append((label, share)),
    )  # fmt: skip
    assert found.kept.tolist() == [3 / 4, 2 / 4, 1 / 4]
    assert [w.tolist() for w in asked[:2]] == [[1, 20, 100, 2000], [3, 5, 300, 500]]
    assert [share for _, share in said] == [0, 0.25, 0.5, 0.75]
    assert found.draws["workers"].tolist() == [2121, 808, 1111, 1010]
    assert found.draws["before"].tolist() == [2000, 500, 1000, 1000]
    assert found.draws["plan"].tolist() == [2021, 508, 1011, 1010]  # points 0 and 1 besides
    assert found.draws["best"].tolist() == [2130, 508, 1112, 5000]  # the plan is a plan for every draw
    assert found.draws["bound"].tolist() == [2131, 900, 1112, 5000]  # and no bound lies below a plan
    assert found.regret.tolist() == [109, 0, 101, 3990]
    assert found.regret_most.tolist() == [110, 392, 101, 3990]
    assert found.alone.tolist() == [
        [1, 0, 0],
        [3, 0, 0],
        [1, 0, 0],
        [0, 0, 0],
    ]  # point 1 has two of the sites


def test_the_margin_of_a_share_of_draws_is_half_of_wilson_s_interval() -> None:
    from scipy.stats import binomtest

    draws = pd.DataFrame({"workers": np.ones(40)})
    kept = np.array([0.0, 0.25, 0.5, 1.0])
    found = Hindsight(kept, np.zeros((40, 4)), draws, 100.0)
    for share, margin in zip(kept, found.kept_margin, strict=True):
        known = binomtest(round(share * 40), 40).proportion_ci(0.9, method="wilson")
        assert margin == pytest.approx((known.high - known.low) / 2, abs=1e-6)


def test_under_a_goal_of_its_own_no_regret_in_workers_is_told() -> None:
    problem = replace(problem_of([1.0, 2.0], [[1, 0], [0, 1]], [False, False]), goal="fair")  # type: ignore[arg-type]
    answer = SimpleNamespace(chosen=np.array([1]), objective=0.5, bound=0.6)
    found = look_back(
        lambda _: answer, problem, [problem.weights] * 3, kept=problem, xy_m=np.zeros((2, 2)), chosen=np.array([0]),
        within_m=10,
    )  # fmt: skip
    assert found.kept.tolist() == [1.0]
    assert np.isnan(found.regret).all()
    assert found.draws["plan"].tolist() == [1, 1, 1]


def test_no_draws_give_nothing_to_look_back_on() -> None:
    problem = problem_of([1.0, 1.0], [[1, 0], [0, 1]], [False, False])
    none = look_back(
        lambda _: None, problem, [], kept=problem, xy_m=np.zeros((2, 2)), chosen=np.array([0, 1]),
        within_m=10,
    )  # fmt: skip
    assert none.kept.tolist() == [0, 0]
    assert none.alone.shape == (0, 2)
    assert len(none.draws) == 0
    assert "0 draws" in repr(none)


def table_of(answers: dict[int, tuple[float, float]], asked: list[int] | None = None):
    def solve(n: int) -> SimpleNamespace:
        if asked is not None:
            asked.append(n)
        return SimpleNamespace(objective=answers[n][0], bound=answers[n][1])

    return solve


def test_more_sites_cover_no_less_and_fewer_could_do_no_more() -> None:
    answers = {2: (30.0, 50.0), 4: (28.0, 45.0), 6: (40.0, 60.0)}
    asked: list[int] = []
    curve = coverage_curve(table_of(answers, asked), [6, 2, 4, 0], total=100.0, base=10.0, shares=())
    assert asked == [2, 4, 6]
    assert curve["n"].tolist() == [0, 2, 4, 6]
    assert curve["covered"].tolist() == [10, 30, 30, 40]
    assert curve["bound"].tolist() == [10, 45, 45, 60]
    assert curve["share"].tolist() == pytest.approx([0.1, 0.3, 0.3, 0.4])
    assert curve["bound_share"].tolist() == pytest.approx([0.1, 0.45, 0.45, 0.6])


def test_the_curve_says_how_far_it_is() -> None:
    said: list[tuple[str, float]] = []
    answers = {n: (float(n), float(n)) for n in range(1, 5)}
    coverage_curve(
        table_of(answers), [1, 2, 3, 4], total=100.0, shares=(0.5,), progress=lambda *a: said.append(a)
    )
    assert [share for _, share in said] == [0, 0.25, 0.5, 0.75, 1.0]


def test_nobody_to_cover_makes_shares_of_nought() -> None:
    curve = coverage_curve(table_of({1: (0.0, 0.0)}), [1], total=0.0, shares=())
    assert curve["share"].tolist() == [0, 0]
    assert with_known(curve, {}, total=0.0)["bound_share"].tolist() == [0, 0]


def test_by_default_eighty_ninety_and_ninety_five_per_cent_are_looked_for() -> None:
    answers = {n: (float(n), float(n)) for n in range(1, 101)}
    asked: list[int] = []
    curve = coverage_curve(table_of(answers, asked), [50, 100], total=100.0)
    assert {79, 80, 89, 90, 94, 95} <= set(asked)
    assert len(asked) == len(set(asked))  # nothing is solved twice
    rows = sites_for(curve)
    assert rows["share"].tolist() == [0.8, 0.9, 0.95]
    assert rows["enough"].tolist() == [80, 90, 95]
    assert rows["needed"].tolist() == [80, 90, 95]


def test_a_share_that_is_reached_exactly_counts_as_reached() -> None:
    asked: list[int] = []
    answers = {n: (10.0 * n, 10.0 * n) for n in range(1, 6)}
    curve = coverage_curve(table_of(answers, asked), [5], total=100.0, shares=(0.5,))
    assert asked == [5, 2, 3, 4]
    assert sites_for(curve, (0.5,)).iloc[0].tolist() == [0.5, 5, 5]


def test_a_share_that_is_reached_today_needs_no_search() -> None:
    asked: list[int] = []
    curve = coverage_curve(table_of({10: (85.0, 86.0)}, asked), [10], total=100.0, base=80.0, shares=(0.8,))
    assert asked == [10]
    assert sites_for(curve, (0.8,)).iloc[0].tolist() == [0.8, 0, 0]


def test_plans_known_besides_lift_the_curve_from_their_number_on() -> None:
    curve = pd.DataFrame({"n": [0, 5, 10, 15], "covered": [10.0, 30, 50, 70], "bound": [10.0, 35, 52, 90]})
    found = with_known(curve, {5: 33.0, 10: 55.0}, total=200.0)
    assert found["covered"].tolist() == [10, 33, 55, 70]
    assert found["bound"].tolist() == [10, 35, 55, 90]
    assert found["share"].tolist() == pytest.approx([0.05, 0.165, 0.275, 0.35])
    assert found["bound_share"].tolist() == pytest.approx([0.05, 0.175, 0.275, 0.45])
    assert with_known(curve, {7: 60.0}, total=200.0)["covered"].tolist() == [10, 30, 60, 70]
    assert with_known(curve, {0: 12.0}, total=200.0)["covered"].tolist() == [12, 30, 50, 70]
    assert with_known(curve / 100, {}, total=0.8)["share"].tolist() == pytest.approx(
        [0.125, 0.375, 0.625, 0.875]
    )
    assert curve["covered"].tolist() == [10, 30, 50, 70]  # the table given is left as it was


def test_sites_for_a_share_that_found_and_bound_put_apart() -> None:
    curve = pd.DataFrame(
        {"n": [0, 4, 8, 12], "share": [0.1, 0.4, 0.7, 0.9], "bound_share": [0.1, 0.5, 0.8, 0.95]}
    )
    rows = sites_for(curve, (0.1, 0.5, 0.8, 0.95)).set_index("share")
    assert rows.loc[0.1].tolist() == [0, 0]
    assert rows.loc[0.5].tolist() == [8, 1]  # the bound of 0 sites is short, that of 4 is not
    assert rows.loc[0.8].tolist() == [12, 5]
    assert rows.loc[0.95, "enough"] is pd.NA
    assert rows.loc[0.95, "needed"] == 9
    assert str(rows["enough"].dtype) == str(rows["needed"].dtype) == "Int64"
