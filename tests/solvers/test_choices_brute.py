"""Choices among sites against all plans of small towns: the plan, its value, and a bound that none exceeds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import sparse

from planner.solvers.concave import Choices, solve_choices
from planner.solvers.effort import effort
from planner.solvers.request import check_rules


def town(seed: int, n: int = 11, m: int = 25, heavy: float = 1.0) -> Choices:
    rng = np.random.default_rng([seed, 9])
    pulls = np.where(rng.random((n, m)) < 0.3, heavy * rng.gamma(1.0, 0.3, (n, m)), 0.0)
    base = np.where(rng.random(m) < 0.4, rng.gamma(1.0, 0.3, m), 0.0)
    return Choices(sparse.csr_array(pulls), base, rng.gamma(1.0, 50.0, m))


def worth(town: Choices, plan: tuple[int, ...]) -> float:
    """By loops over points."""
    dense, total = town.pulls.toarray(), 0.0
    for j, (weight, base) in enumerate(zip(town.weights, town.base, strict=True)):
        odds = base + sum(dense[i, j] for i in plan)
        total += weight * odds / (1 + odds)
    return total


@pytest.mark.parametrize(("heavy", "lack"), [(0.1, 1e-4), (1.0, 0.002), (20.0, 0.01)])
def test_no_plan_is_better_than_the_bound_and_the_plan_is_near_it(heavy: float, lack: float) -> None:
    gaps, lacks = [], []
    for seed in range(12):
        one = town(seed, heavy=heavy)
        every = [worth(one, plan) for plan in itertools.combinations(range(11), 4)]
        found = solve_choices(one, check_rules(11, 4), effort(20.0, 1e-9, 5, 0))
        assert len(set(found.chosen.tolist())) == 4
        assert found.objective == pytest.approx(worth(one, tuple(found.chosen)))
        assert found.bound >= max(every) - 1e-9
        assert found.base == pytest.approx(worth(one, ()))
        gaps.append(found.gap)
        lacks.append(1 - found.objective / max(every))
    assert np.mean(lacks) < lack
    assert max(lacks) < 5 * lack
    assert np.mean(gaps) < 0.08


def test_rules_hold() -> None:
    for seed in range(6):
        one = town(seed)
        region = np.array(["a", "b", "c"])[np.arange(11) % 3]
        rules = check_rules(
            11, 4, required=[0], forbidden=[1], region=region, quota_max={"a": 2}, quota_min={"c": 1}
        )
        plans = [
            p for p in itertools.combinations(range(11), 4)
            if 0 in p and 1 not in p and sum(region[i] == "a" for i in p) <= 2 and any(region[i] == "c" for i in p)
        ]  # fmt: skip
        found = solve_choices(one, rules, effort(20.0, 1e-9, 5, 0))
        assert tuple(sorted(found.chosen.tolist())) in plans
        assert found.bound >= max(worth(one, p) for p in plans) - 1e-9


def test_sites_come_in_the_order_of_what_they_bring() -> None:
    one = town(5)
    found = solve_choices(one, check_rules(11, 5), effort(20.0, 1e-9, 5, 0))
    plan = found.chosen.tolist()
    for k in range(5):
        brings = [worth(one, (*plan[:k], i)) for i in plan[k:]]
        assert brings[0] == pytest.approx(max(brings))


def test_sites_that_share_no_point_are_a_sum_and_proved() -> None:
    pulls = sparse.csr_array(np.diag([0.5, 1.0, 2.0, 4.0]))
    one = Choices(pulls, np.zeros(4), np.array([8.0, 4.0, 3.0, 1.0]))  # worth 8/3, 2, 2, 0.8 each
    found = solve_choices(one, check_rules(4, 1), effort(20.0, 1e-9, 5, 0))
    assert found.chosen.tolist() == [0]
    assert found.objective == pytest.approx(8 / 3)
    assert found.bound >= 8 / 3
