"""A solve that sets out from a neighbour's solution: never worse than that plan, and its prices bound any plan."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import sparse

from planner.solvers.covering.maximal import solve_covering
from planner.solvers.effort import effort
from planner.solvers.request import Request, check_covers, check_rules


def town(seed: int, n_sites: int = 9, n_points: int = 40):
    rng = np.random.default_rng(seed)
    covers = check_covers(sparse.csr_array((rng.random((n_sites, n_points)) < 0.15).astype(float)))
    return covers, rng.integers(1, 50, n_points).astype(float), rng.random(n_points) < 0.2, rng


def covered_by(covers, sites, covered):
    return covered | (covers[list(sites)].sum(axis=0) > 0)


def best_of_all(covers, weights, covered, p):
    return max(
        float(weights[covered_by(covers, sites, covered)].sum())
        for sites in combinations(range(covers.shape[0]), p)
    )


@pytest.mark.parametrize("seed", range(12))
def test_from_a_neighbour_s_plan_the_best_plan_is_found_too(seed: int) -> None:
    covers, weights, covered, rng = town(seed)
    first = solve_covering(Request(covers, weights, covered, check_rules(9, 3)), effort(10, 0.0, 4, 0))
    other = weights * rng.uniform(0.2, 5.0, len(weights))
    for p in (2, 3, 5):
        request = Request(covers, other, covered, check_rules(9, p))
        again = solve_covering(request, effort(10, 0.0, 1, 0), first)
        assert again.objective == pytest.approx(best_of_all(covers, other, covered, p))
        assert again.bound >= again.objective


@pytest.mark.parametrize("seed", range(12))
def test_prices_bound_every_plan_whatever_is_forced_or_forbidden(seed: int) -> None:
    covers, weights, covered, rng = town(seed)
    found = solve_covering(Request(covers, weights, covered, check_rules(9, 3)), effort(10, 0.0, 4, 0))
    assert found.prices is not None
    assert ((found.prices >= 0) & (found.prices <= 1)).all()
    assert (found.prices[covered] == 0).all()
    charged = found.prices.astype(float) * weights
    alone = covers @ charged  # what a site is worth at these prices
    free = float((weights - charged).sum())
    assert free + np.sort(alone)[-3:].sum() >= best_of_all(covers, weights, covered, 3) - 1e-4
    forced, barred = rng.choice(9, 2, replace=False)
    plans = [s for s in combinations(range(9), 3) if forced in s and barred not in s]
    best = max(float(weights[covered_by(covers, s, covered)].sum()) for s in plans)
    others = np.sort(np.delete(alone, [forced, barred]))[-2:].sum()
    assert free + alone[forced] + others >= best - 1e-4


def test_a_larger_city_s_second_solve_is_no_worse_than_the_first_plan_and_bounded_from_its_prices() -> None:
    rng = np.random.default_rng(5)
    xy, at = rng.uniform(0, 100, (4000, 2)), rng.uniform(0, 100, (500, 2))
    near = sparse.csr_array(np.abs(at[:, None] - xy[None]).max(axis=2) < 3)
    covers, weights = check_covers(near.astype(float)), rng.uniform(1, 9, 4000)
    none = np.zeros(4000, bool)
    first = solve_covering(Request(covers, weights, none, check_rules(500, 40)), effort(60, 1e-4, 10, 0))
    other = weights * rng.uniform(0.5, 2.0, 4000)
    request = Request(covers, other, none, check_rules(500, 40))
    again = solve_covering(request, effort(60, 1e-4, 1, 0), first)
    kept = float(other[covered_by(covers, first.chosen, none)].sum())
    assert kept <= again.objective <= again.bound
    assert len(set(again.chosen.tolist())) == 40
    alone = solve_covering(request, effort(60, 1e-4, 1, 0))
    assert again.bound <= 1.02 * alone.bound
