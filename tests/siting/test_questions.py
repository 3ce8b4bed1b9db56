"""Alternatives, sensitivity and the price of rules on toys small enough to try everything.

Values here are counted with plain Python sets, best plans by trying every combination; nothing of the
solver or of the code under test takes part.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from planner.siting.problem import SitingProblem
from planner.siting.questions.alternatives import price_of
from planner.siting.questions.robust import with_known
from planner.siting.questions.sensitivity import (
    Case,
    district_shares,
    levelling_quotas,
    merged,
    price_rules,
    stress,
)
from planner.solvers.request import check_rules

SITES, POINTS, P = 8, 24, 3


def toy(seed: int, density: float = 0.25) -> SitingProblem:
    rng = np.random.default_rng(seed)
    return SitingProblem(
        covers=sparse.csr_array((rng.random((SITES, POINTS)) < density).astype(float)),
        weights=rng.integers(0, 20, POINTS).astype(float),
        covered=rng.random(POINTS) < 0.2,
        rules=check_rules(SITES, P, region=list("aaabbbcc")),
    )


def value(problem: SitingProblem, sites) -> float:
    reached = {j for j in range(POINTS) if problem.covered[j]}
    dense = problem.covers.toarray()
    for site in sites:
        reached |= {j for j in range(POINTS) if dense[site, j]}
    return float(sum(problem.weights[j] for j in reached))


class Found:
    """A plan found by trying every set; its bound is its own value."""

    def __init__(self, problem: SitingProblem, allowed=lambda sites: True) -> None:
        sets = [s for s in combinations(range(SITES), P) if allowed(s)]
        self.chosen = np.array(max(sets, key=lambda s: value(problem, s)))
        self.objective = self.bound = value(problem, self.chosen)


@pytest.mark.parametrize("seed", range(15))
def test_the_plan_under_another_assumption_is_scored_as_counting_by_hand_scores_it(seed: int) -> None:
    base, other = toy(seed), toy(seed + 100, density=0.4)
    plan = Found(base)
    xy = np.random.default_rng(seed).random((SITES, 2)) * 1000
    cases = [Case("base", base), Case("other", other)]
    found = stress(cases, plan.chosen, Found, xy_m=xy, within_m=300.0)
    for row, case in zip(found.table.itertuples(), cases, strict=True):
        total, before = float(case.problem.weights.sum()), value(case.problem, [])
        mine, best = value(case.problem, plan.chosen), Found(case.problem)
        assert row.workers == total
        assert (row.share_before, row.share_plan) == pytest.approx((before / total, mine / total))
        assert row.share_best == pytest.approx(best.objective / total)
        lost = (best.objective - mine) / (best.objective - before) if best.objective > before else 0
        assert row.lost == row.lost_most == pytest.approx(lost)
        assert row.same == len(set(plan.chosen) & set(best.chosen))
        near = [min(np.hypot(*(xy[i] - xy[j])) for j in best.chosen) <= 300 for i in plan.chosen]
        assert row.near == sum(near)
        assert found.kept[case.key].tolist() == near
    assert found.table["lost"].iloc[0] == 0
    assert found.table["same"].iloc[0] == P


def test_a_weaker_plan_made_anew_never_makes_the_best_known_worse() -> None:
    problem = toy(5)
    plan = Found(problem)

    def worst(_: SitingProblem) -> Found:
        out = Found(problem)
        out.chosen = np.array(min(combinations(range(SITES), P), key=lambda s: value(problem, s)))
        out.objective = value(problem, out.chosen)
        return out

    row = stress([Case("base", problem)], plan.chosen, worst, xy_m=np.eye(SITES, 2), within_m=0.0).table.iloc[
        0
    ]
    assert row["lost"] == 0
    assert row["share_best"] == row["share_plan"]


def test_sites_that_stay_in_every_case_are_the_steady_ones() -> None:
    problem = toy(2)
    plan = Found(problem)
    dropped = int(plan.chosen[1])

    def solve(asked: SitingProblem) -> Found:
        return Found(asked, lambda s: asked is problem or dropped not in s)

    far_apart = np.arange(SITES)[:, None] * np.array([[1000.0, 0.0]])
    other = SitingProblem(**{**problem.__dict__, "weights": problem.weights * 2})
    found = stress(
        [Case("base", problem), Case("x", other)], plan.chosen, solve, xy_m=far_apart, within_m=200.0
    )
    assert not found.steady[1]
    assert "2 cases" in repr(found)


@pytest.mark.parametrize("seed", range(10))
def test_shares_by_district_over_two_periods(seed: int) -> None:
    problem, district = toy(seed), np.array(["north"] * 5 + ["south"] * 7)
    sites = [0, 4]
    shares = district_shares(problem, np.array(sites), district)
    dense = problem.covers.toarray()
    for name in ("north", "south"):
        mine = [j for j in range(POINTS) if district[j % 12] == name]
        got = [j for j in mine if problem.covered[j] or any(dense[s, j] for s in sites)]
        assert shares[name] == pytest.approx(
            sum(problem.weights[j] for j in got) / sum(problem.weights[j] for j in mine)
        )
    assert problem.reached(np.array(sites)) == pytest.approx(value(problem, sites))


@pytest.mark.parametrize("seed", range(15))
def test_the_price_of_quotas_is_what_the_best_plan_without_them_covers_more(seed: int) -> None:
    problem = toy(seed)

    def one_each(sites) -> bool:
        return {problem.region[s] for s in sites} == set("abc")

    def two_of_c(sites) -> bool:
        return [problem.region[s] for s in sites].count("c") == 2

    plan, free, other = Found(problem, one_each), Found(problem), Found(problem, two_of_c)
    table = price_rules(
        problem, plan.chosen, (plan.objective, plan.bound), {"quotas": (True, free), "c": (False, other)},
        district=np.array(["n"] * 12),
    ).set_index("rule")  # fmt: skip
    assert list(table.index) == ["plan", "quotas", "c"]  # no phases: nothing to say of them
    assert table.loc["quotas", "price"] == pytest.approx(free.objective - plan.objective)
    assert table.loc["quotas", "price_most"] == pytest.approx(free.objective - plan.objective)
    assert table.loc["c", "price"] == pytest.approx(max(0.0, plan.objective - other.objective))
    assert table.loc["plan", "least_share"] == pytest.approx(plan.objective / problem.weights.sum())


def test_phases_cost_what_the_plan_lacks_of_the_best_in_one_piece() -> None:
    problem = toy(4)
    best = Found(problem)
    plan = next(s for s in combinations(range(SITES), P) if value(problem, s) < best.objective)
    table = price_rules(
        problem, np.array(plan), (best.objective, best.bound + 2), {}, district=np.array(["n"] * 12)
    ).set_index("rule")
    assert table.loc["phases", "price"] == pytest.approx(best.objective - value(problem, plan))
    assert table.loc["phases", "price_most"] == pytest.approx(best.objective + 2 - value(problem, plan))


@pytest.mark.parametrize("seed", range(20))
def test_a_forced_wish_keeps_quotas_and_required_sites(seed: int) -> None:
    problem = toy(seed)
    region, low, high = problem.region, {"a": 1, "b": 1}, {"c": 1}

    def obeys(sites) -> bool:
        labels = [region[s] for s in sites]
        return all(labels.count(r) >= n for r, n in low.items()) and all(
            labels.count(r) <= n for r, n in high.items()
        )

    plan = Found(problem, obeys)
    keep = [int(plan.chosen[0])]
    rules = check_rules(SITES, P, region=region, quota_min=low, quota_max=high, required=keep)
    for wished in set(range(SITES)) - set(plan.chosen.tolist()):
        may_go = rules.may_swap(plan.chosen, wished)
        tried = {
            int(out): value(problem, [*(s for s in plan.chosen if s != out), wished])
            for out in plan.chosen
            if out not in keep and obeys([*(s for s in plan.chosen if s != out), wished])
        }
        assert {int(s) for s in plan.chosen[may_go]} == set(tried)
        wish = price_of(
            problem.covers, problem.weights, plan.chosen, wished, covered=problem.covered, may_go=may_go
        )
        if tried:
            assert plan.objective - wish.loss == pytest.approx(max(tried.values()))
            assert tried[wish.instead_of] == pytest.approx(max(tried.values()))
        else:
            assert (wish.loss, wish.instead_of) == (np.inf, -1)


def test_a_plan_known_besides_lifts_the_curve_from_its_number_on() -> None:
    curve = pd.DataFrame({"n": [1, 2, 4], "covered": [10.0, 15.0, 18.0], "bound": [10.0, 17.0, 20.0]})
    got = with_known(curve, {2: 16.0, 3: 17.0, 4: 17.5}, total=40.0)
    assert got["covered"].tolist() == [10, 16, 18]
    assert got["bound"].tolist() == [10, 17, 20]
    assert got["share"].tolist() == [0.25, 0.4, 0.45]
    assert got["bound_share"].tolist() == [0.25, 0.425, 0.5]


@pytest.mark.parametrize("seed", range(15))
def test_merging_points_keeps_the_covered_weight_of_every_group(seed: int) -> None:
    problem = toy(seed, density=0.15)
    rng = np.random.default_rng(seed)
    twice = np.concatenate([np.arange(POINTS), rng.integers(0, POINTS, 10)])  # points with equal cover sets
    problem = SitingProblem(
        **{
            **problem.__dict__,
            "covers": sparse.csr_array(problem.covers.toarray()[:, twice]),
            "weights": problem.weights[twice],
            "covered": problem.covered[twice],
        }
    )
    group = np.array(["n", "s"])[rng.integers(0, 2, len(twice))]
    small, labels = merged(problem, group)
    assert len(small.weights) < len(twice)
    for sites in ([], [3], [0, 5], [1, 2, 7]):
        for name in ("n", "s"):
            one, other = (
                float(w[(g == name) & (c | (m.toarray()[sites].sum(axis=0) > 0))].sum())
                for m, w, c, g in (
                    (problem.covers, problem.weights, problem.covered, group),
                    (small.covers, small.weights, small.covered, labels),
                )
            )
            assert one == pytest.approx(other)


def test_levelling_gives_the_next_site_to_the_worst_off() -> None:
    # two districts of four cells of weight 1; every site covers one cell; b starts half covered
    covers = sparse.csr_array(np.eye(8))
    problem = SitingProblem(
        **{
            **toy(0).__dict__,
            "covers": covers,
            "weights": np.array([1, 1, 1, 1, 1, 1, 1, 1.0]),
            "covered": np.array([0, 0, 0, 0, 1, 1, 0, 0], dtype=bool),
            "rules": check_rules(8, 2, region=list("aaaabbbb")),
        }
    )
    district = np.array(list("aaaabbbb"))
    # a: 0, 1/4, 2/4 … by one site each; b: 2/4. At 2/4 each, a comes first by name.
    assert levelling_quotas(problem, district, 2) == {"a": 2}
    assert levelling_quotas(problem, district, 3) == {"a": 3}
    assert levelling_quotas(problem, district, 4) == {"a": 3, "b": 1}
    assert levelling_quotas(problem, district, 99) == {"a": 4, "b": 2}
    shut = problem.with_rules(problem.rules.barring(np.array([0, 1, 2])))
    assert levelling_quotas(shut, district, 4) == {"a": 1, "b": 2}
