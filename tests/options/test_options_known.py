"""Prices, neighbours and larger cities: a frontier over budgets sets out from the last answer, and tells what money is worth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from planner.options.request import check_options, relimited
from planner.options.solve import solve_options
from planner.solvers.effort import effort


def apart(scale: float = 1.0):
    """Four candidates that share nobody: 10, 8, 6, 4 for 2 each."""
    return check_options(
        np.eye(4), [10, 8, 6, 4], range(4), use={"yuan": np.full(4, 2 * scale)}, most={"yuan": 4 * scale}
    )


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e7])
def test_one_more_yuan_brings_between_what_the_last_and_the_next_bring(scale: float) -> None:
    found = solve_options(apart(scale), effort(10, 0.0, 4, 0))
    assert found.solution.objective == 18
    assert 3 - 0.01 <= found.per_unit["yuan"] * scale <= 4 + 0.01


def test_a_least_use_has_a_price_below_zero() -> None:
    request = check_options(
        np.eye(2),
        [9, 1],
        ["a", "b"],
        use={"yuan": [1.0, 4.0], "count": [1.0, 1.0]},
        most={"count": 1.0},
        least={"yuan": 4.0},
    )
    found = solve_options(request, effort(10, 0.0, 4, 0))
    assert found.solution.chosen.tolist() == [1]
    assert found.per_unit["yuan"] < 0 < found.per_unit["count"]


def city(seed: int = 3, places: int = 700, points: int = 2500):
    """Stations that must take one of three options, candidates with two kinds of hours, money once and yearly."""
    rng = np.random.default_rng(seed)
    sites, at = rng.uniform(0, 40, (places, 2)), rng.uniform(0, 40, (points, 2))
    near = np.hypot(*(sites[:, None] - at[None]).transpose(2, 0, 1)) < 1.3
    open_ = np.array([[0, 1, 0], [1, 1, 1], [0, 0, 0], [0, 1, 0], [1, 1, 1], [0, 1, 1]], bool)
    covers, place, once, yearly = [], [], [], []
    for s in range(places):
        menu = (0, 1, 2) if s < places // 5 else (3, 4, 5)
        for k in menu:
            covers.append((near[s][:, None] & open_[k]).ravel())
            place.append(s)
            once.append((0, 2, 1, 20 + s % 17, 20 + s % 17, 26 + s % 17)[k])
            yearly.append((0, 9, -5, 6, 15, 11)[k])
    weights = rng.lognormal(1, 1, points * 3)
    return check_options(
        sparse.csr_array(np.array(covers, np.int8)), weights, place, must=range(places // 5),
        use={"once": np.array(once, float), "yearly": np.array(yearly, float)}, most={"once": 900.0, "yearly": 500.0},
    )  # fmt: skip


def test_a_frontier_sets_out_from_its_neighbour_s_plan_and_prices() -> None:
    request, last = city(), None
    worths, bounds = [], []
    for budget in (600.0, 900.0, 1200.0):
        one = relimited(request, most={"once": budget})
        found = solve_options(one, effort(120, 2e-3, 20, 0), last)
        plan = found.solution
        assert one.allows(plan.chosen)
        assert plan.objective <= plan.bound
        assert plan.gap < 0.01
        if last is not None:
            assert plan.objective >= last.solution.objective  # the old plan keeps the larger budget
            # concave in the budget: the neighbour's bound and its price bound this plan as well
            assert (
                plan.objective
                <= last.solution.bound + 300 * max(0.0, last.per_unit["once"]) + 0.02 * plan.objective
            )
        worths.append(plan.objective)
        bounds.append(plan.bound)
        last = found
    cold = solve_options(relimited(request, most={"once": 1200.0}), effort(120, 2e-3, 20, 0)).solution
    assert worths[-1] <= cold.bound
    assert cold.objective <= bounds[-1]
    assert bounds[-1] <= 1.01 * cold.bound


def test_the_same_work_gives_the_same_plan_and_prices_bound_it_whatever_is_paid() -> None:
    request = city(seed=8, places=400)
    first, again = (solve_options(request, effort(600, 1e-4, 10, 3)) for _ in range(2))
    assert first.solution.chosen.tolist() == again.solution.chosen.tolist()
    assert first.solution.bound == again.solution.bound
    assert first.solution.repeatable
    # the bound by hand from the prices told: what is not charged, each place's best option, the limits at their tolls
    charged = first.solution.prices.astype(float) * request.weights
    net = request.covers @ charged
    for limit, toll in zip(request.limits, first.tolls, strict=True):
        net = net - toll * limit.use
    best = np.full(len(request.labels), -np.inf)
    np.maximum.at(best, request.place, net)
    best = np.where(request.must, best, np.maximum(best, 0.0))
    limits = sum(toll * limit.most for limit, toll in zip(request.limits, first.tolls, strict=True))
    by_hand = float((request.weights - charged).sum() + best.sum() + limits)
    assert (first.tolls >= 0).all()
    assert by_hand >= first.solution.objective * (1 - 1e-6)
    assert by_hand == pytest.approx(first.solution.bound, rel=5e-3)


def test_limits_that_are_not_there_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="no limit on 'beds'"):
        relimited(apart(), most={"beds": 3.0})
    with pytest.raises(ValueError, match="must be a number"):
        relimited(apart(), most={"yuan": float("nan")})
    other = relimited(apart(), most={"yuan": 6.0}, least={"yuan": 1.0})
    assert [(limit.least, limit.most) for limit in other.limits] == [(1.0, 6.0)]
