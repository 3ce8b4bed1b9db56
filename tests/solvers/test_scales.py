"""Every problem in billionths, in billions and in both at once equals the best of all plans.

Values here are counted with NumPy, Python sets and, for limited room, a flow by augmenting paths in fractions.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse

from planner.medians.problems import p_center, p_median
from planner.solvers.problems import (
    maximal_covering,
    maximal_covering_backup,
    maximal_covering_capacitated,
    maximal_covering_fair,
    maximal_covering_partial,
    maximal_covering_robust,
    maximal_covering_spread,
    set_covering,
)

QUICK = {"work_limit": 20}
SCALES = ["1e-9", "1e-4", "1e4", "1e9", "mixed"]
SEEDS = range(12)


class Toy:
    """Six sites, nine points, numbers of the scale asked for."""

    def __init__(self, seed: int, scale: str) -> None:
        self.rng = np.random.default_rng(seed)
        self.scale = scale
        self.m, self.n, self.p = 6, 9, int(self.rng.integers(1, 4))
        self.hit = self.rng.random((self.m, self.n)) < 0.4
        self.covers = sparse.csr_array(self.hit)
        self.weights = self.numbers(self.n)

    def numbers(self, size: int | tuple[int, int]) -> np.ndarray:
        base = self.rng.integers(1, 20, size).astype(float)
        if self.scale == "mixed":
            return base * 10.0 ** self.rng.integers(-9, 10, size)
        return base * float(self.scale)

    def plans(self, budget: float = np.inf, cost: np.ndarray | None = None) -> Iterator[list[int]]:
        for s in itertools.combinations(range(self.m), self.p):
            if cost is None or cost[list(s)].sum() <= budget * (1 + 1e-12):
                yield list(s)

    def covered(self, s: list[int], weights: np.ndarray | None = None) -> float:
        w = self.weights if weights is None else weights
        return float(w[self.hit[s].any(axis=0)].sum()) if len(s) else 0.0


def agrees(found, best: float) -> None:
    """The plan is the best one, and its bound neither below it nor above."""
    assert found.objective == pytest.approx(best, rel=1e-8, abs=0)
    assert found.bound == pytest.approx(best, rel=1e-8, abs=0)
    assert found.status == "optimal"


def each(problem: Callable) -> Callable:
    return pytest.mark.parametrize("scale", SCALES)(pytest.mark.parametrize("seed", SEEDS)(problem))


@each
def test_maximal_covering(seed: int, scale: str) -> None:
    t = Toy(seed, scale)
    agrees(maximal_covering(t.covers, t.weights, t.p, **QUICK), max(map(t.covered, t.plans())))


@each
def test_maximal_covering_within_a_budget(seed: int, scale: str) -> None:
    t = Toy(100 + seed, scale)
    cost = t.numbers(t.m)
    budget = float(np.sort(cost)[: t.p].sum() * (1 + t.rng.random()))
    best = max(t.covered(s) for s in t.plans(budget, cost))
    found = maximal_covering(t.covers, t.weights, t.p, cost=cost, budget=budget, **QUICK)
    agrees(found, best)
    assert cost[found.chosen].sum() <= budget * (1 + 1e-9)


@each
def test_limited_room(seed: int, scale: str) -> None:
    t = Toy(200 + seed, scale)
    room = t.numbers(t.m)
    best = max(flow(t, s, room) for s in t.plans())
    agrees(maximal_covering_capacitated(t.covers, t.weights, t.p, capacity=room, **QUICK), float(best))


def flow(t: Toy, sites: list[int], room: np.ndarray) -> Fraction:
    """Most weight that sites of limited room serve: the least cut (Ford & Fulkerson 1956), over all sets of sites."""
    least = None
    for k in range(len(sites) + 1):
        for cut in itertools.combinations(sites, k):
            rest = [s for s in sites if s not in cut]
            reached = t.hit[rest].any(axis=0) if rest else np.zeros(t.n, bool)
            value = sum((Fraction(float(room[s])) for s in cut), Fraction(0)) + sum(
                (Fraction(float(w)) for w in t.weights[reached]), Fraction(0)
            )
            least = value if least is None else min(least, value)
    return least or Fraction(0)


@each
def test_close_pairs_at_a_price(seed: int, scale: str) -> None:
    t = Toy(300 + seed, scale)
    pairs = [tuple(sorted(c)) for c in t.rng.integers(0, t.m, (5, 2)).tolist() if c[0] != c[1]]
    price = float(t.numbers(1)[0])

    def worth(s: list[int]) -> float:
        return t.covered(s) - price * sum(c in set(pairs) for c in itertools.combinations(s, 2))

    found = maximal_covering_spread(
        t.covers, t.weights, t.p, pairs=pairs or np.zeros((0, 2)), price=price, **QUICK
    )
    agrees(found, max(map(worth, t.plans())))


@each
def test_backup(seed: int, scale: str) -> None:
    t = Toy(400 + seed, scale)
    steps = np.array([0.0, 0.7, 1.0])
    best = max(float((t.weights * steps[np.minimum(2, t.hit[s].sum(axis=0))]).sum()) for s in t.plans())
    agrees(maximal_covering_backup(t.covers, t.weights, t.p, credit=(0.7, 0.3), **QUICK), best)


@each
def test_fading_cover(seed: int, scale: str) -> None:
    t = Toy(500 + seed, scale)
    share = np.where(t.hit, np.round(t.rng.uniform(0.05, 1, t.hit.shape), 1), 0.0)
    best = max(float((t.weights * share[s].max(axis=0)).sum()) for s in t.plans())
    agrees(maximal_covering_partial(sparse.csr_array(share), t.weights, t.p, **QUICK), best)


@each
def test_worst_scenario(seed: int, scale: str) -> None:
    t = Toy(600 + seed, scale)
    rows = t.numbers((3, t.n))
    best = max(min(t.covered(s, w) for w in rows) for s in t.plans())
    found = maximal_covering_robust(t.covers, rows, t.p, measure="worst", **QUICK)
    whole = 0.0 if scale != "mixed" else 1e-8 * float(rows.sum(axis=1).max())
    assert found.objective == pytest.approx(best, rel=1e-8, abs=whole)
    assert found.bound >= best * (1 - 1e-9)


@each
def test_fair(seed: int, scale: str) -> None:
    t = Toy(700 + seed, scale)
    group = np.array(["N", "S"])[np.arange(t.n) % 2]

    def least(s: list[int]) -> float:
        return min(t.covered(s, t.weights * (group == g)) / t.weights[group == g].sum() for g in "NS")

    found = maximal_covering_fair(t.covers, t.weights, t.p, group=group, **QUICK)
    assert found.objective == pytest.approx(max(map(least, t.plans())), abs=1e-8)
    assert found.gap < 1e-6


@each
def test_set_covering(seed: int, scale: str) -> None:
    t = Toy(800 + seed, scale)
    cost, share = t.numbers(t.m), float(t.rng.uniform(0.3, 0.95))
    reached = t.hit.any(axis=0)
    t.weights[~reached] = 0.0
    every = [list(s) for k in range(t.m + 1) for s in itertools.combinations(range(t.m), k)]
    whole = t.weights.sum()
    agrees(
        set_covering(t.covers, t.weights, share=share, cost=cost, **QUICK),
        min(float(cost[s].sum()) for s in every if t.covered(s) >= share * whole * (1 - 1e-12)),
    )
    agrees(
        set_covering(t.covers, t.weights, cost=cost, **QUICK),
        min(float(cost[s].sum()) for s in every if t.hit[s].any(axis=0)[reached].all()),
    )


@each
def test_p_median_and_p_center(seed: int, scale: str) -> None:
    t = Toy(900 + seed, scale)
    costs = t.numbers((t.m, t.n))
    far = [float((t.weights * costs[s].min(axis=0)).sum()) for s in t.plans()]
    agrees(p_median(costs, t.weights, t.p, **QUICK), min(far))
    agrees(p_center(costs, t.p, **QUICK), min(float(costs[s].min(axis=0).max()) for s in t.plans()))


def test_the_three_that_were_wrong() -> None:
    eye = sparse.csr_array(np.eye(3))
    small = maximal_covering_capacitated(
        eye, np.array([1.0, 2, 3]) * 1e-10, 2, capacity=np.array([1.0, 1, 2]) * 1e-10
    )
    assert small.objective == pytest.approx(3e-10)  # the third site serves 2, each other one 1
    assert sorted(small.chosen.tolist())[1] == 2

    # one point of 1e15 beside points of 1, 2, 3; sites 0 and 2 have room for half and a third of it
    hit = sparse.csr_array([[0, 0, 0, 1], [1, 1, 1, 0], [0, 0, 0, 1]])
    mixed = maximal_covering_capacitated(hit, [1, 2, 3, 1e15], 2, capacity=[5e14, 4, 1e15 / 3])
    assert mixed.objective == pytest.approx(5e14 + 1e15 / 3)

    covers = sparse.csr_array([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    tiny = maximal_covering_spread(covers, np.array([1, 1, 1.5, 1.2]) * 1e-9, 2, pairs=[[0, 1]], price=0.4e-9)
    assert sorted(tiny.chosen.tolist()) == [0, 2]  # 2 + 1.2; with site 1 instead 2 + 1.5 − 0.4
    agrees(tiny, 3.2e-9)
