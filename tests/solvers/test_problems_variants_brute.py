"""Backup, capacity, fading cover, spacing by price, robust and fair siting equal the best of all plans."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog

from planner.solvers.problems import (
    conflicts_within,
    maximal_covering,
    maximal_covering_backup,
    maximal_covering_capacitated,
    maximal_covering_fair,
    maximal_covering_partial,
    maximal_covering_robust,
    maximal_covering_spread,
)

QUICK = {"work_limit": 20}
#: Instances of each kind: every credit, measure and rounding of shares with and without each rule.
SEEDS = range(72)


def toy(seed: int):
    rng = np.random.default_rng(seed)
    m, n = int(rng.integers(4, 8)), int(rng.integers(4, 12))
    hit = rng.random((m, n)) < 0.35
    weights = rng.integers(0, 9, n).astype(float)
    weights[0] = 3.0
    p = int(rng.integers(1, min(4, m)))
    rules: dict = {"covered": rng.random(n) < 0.2}
    if rng.random() < 0.4:
        rules["required"] = [int(rng.integers(m))]
    if rng.random() < 0.4:
        rules["region"] = np.where(np.arange(m) % 2, "A", "B")
        rules["quota_max"] = {"A": max(1, p - 1)}
    return rng, hit, weights, p, rules


def plans(m: int, p: int, rules: dict):
    for s in itertools.combinations(range(m), p):
        if not set(rules.get("required", ())) <= set(s):
            continue
        if "region" in rules and sum(rules["region"][i] == "A" for i in s) > rules["quota_max"]["A"]:
            continue
        yield list(s)


@pytest.mark.parametrize("seed", SEEDS)
def test_backup(seed: int) -> None:
    rng, hit, w, p, rules = toy(seed)
    credit = [(0.7, 0.3), (0.5, 0.5), (0.2, 0.8), (0.6, 0.3, 0.1)][seed % 4]
    del rules["covered"]
    times = rng.integers(0, 2, len(w))
    steps = np.r_[0.0, np.cumsum(credit)]
    best = max(
        (w * steps[np.minimum(times + hit[s].sum(axis=0), len(credit))]).sum()
        for s in plans(len(hit), p, rules)
    )
    found = maximal_covering_backup(sparse.csr_array(hit), w, p, credit=credit, times=times, **rules, **QUICK)
    assert found.objective == pytest.approx(best)
    assert found.status == "optimal"


@pytest.mark.parametrize("seed", SEEDS)
def test_capacitated(seed: int) -> None:
    rng, hit, w, p, rules = toy(1000 + seed)
    room = rng.integers(0, 15, len(hit)).astype(float)

    def served(s: list[int]) -> float:
        i, j = np.nonzero(hit[s] & ~rules["covered"][None, :])
        base = w[rules["covered"]].sum()
        if not len(i):
            return float(base)
        a = np.zeros((len(s) + len(w), len(i)))  # absolute flows, unlike the model's shares
        a[i, np.arange(len(i))] = 1
        a[len(s) + j, np.arange(len(i))] = 1
        flow = linprog(-np.ones(len(i)), A_ub=a, b_ub=np.r_[room[s], w], method="highs")
        return float(base - flow.fun)

    best = max(served(s) for s in plans(len(hit), p, rules))
    found = maximal_covering_capacitated(sparse.csr_array(hit), w, p, capacity=room, **rules, **QUICK)
    assert found.objective == pytest.approx(best)
    assert found.status == "optimal"


@pytest.mark.parametrize("seed", SEEDS)
def test_partial(seed: int) -> None:
    rng, hit, w, p, rules = toy(2000 + seed)
    share = np.where(hit, np.round(rng.uniform(0.05, 1, hit.shape), 1 if seed % 2 else 6), 0.0)
    best = max(
        (w * np.maximum(share[s].max(axis=0), rules["covered"])).sum() for s in plans(len(hit), p, rules)
    )
    found = maximal_covering_partial(sparse.csr_array(share), w, p, **rules, **QUICK)
    assert found.objective == pytest.approx(best)
    assert found.status == "optimal"
    rough = maximal_covering_partial(sparse.csr_array(share), w, p, levels=4, **rules, **QUICK)
    assert rough.objective <= best + 1e-9 <= rough.bound + 2e-9


@pytest.mark.parametrize("seed", SEEDS)
def test_spread(seed: int) -> None:
    rng, hit, w, p, rules = toy(3000 + seed)
    m = len(hit)
    pairs = rng.integers(0, m, (6, 2))
    apart = {tuple(sorted(c)) for c in pairs.tolist() if c[0] != c[1]}
    price = float(rng.uniform(0, 8))

    def worth(s: list[int]) -> float:
        near = sum(c in apart for c in itertools.combinations(s, 2))
        return float(w[hit[s].any(axis=0) | rules["covered"]].sum() - price * near)

    best = max(worth(s) for s in plans(m, p, rules))
    found = maximal_covering_spread(sparse.csr_array(hit), w, p, pairs=pairs, price=price, **rules, **QUICK)
    assert found.objective == pytest.approx(best)
    assert found.status == "optimal"


@pytest.mark.parametrize("seed", SEEDS)
def test_robust(seed: int) -> None:
    measure = ("mean", "worst", "cvar")[seed % 3]
    rng, hit, w, p, rules = toy(4000 + seed)
    scenarios = w * rng.uniform(0.2, 2.0, (5, len(w)))

    def worth(s: list[int]) -> float:
        values = np.sort(scenarios[:, hit[s].any(axis=0) | rules["covered"]].sum(axis=1))
        return float({"mean": values.mean(), "worst": values[0], "cvar": values[:2].mean()}[measure])

    best = max(worth(s) for s in plans(len(hit), p, rules))
    found = maximal_covering_robust(
        sparse.csr_array(hit), scenarios, p, measure=measure, tail=0.4, **rules, **QUICK
    )
    assert found.objective == pytest.approx(best)
    assert found.gap < 1e-7


@pytest.mark.parametrize("seed", SEEDS)
def test_fair(seed: int) -> None:
    rng, hit, w, p, rules = toy(5000 + seed)
    w = w + 1
    group = np.array(["N", "S"])[rng.integers(0, 2, len(w))]
    group[:2] = ["N", "S"]

    def worth(s: list[int]) -> tuple[float, float]:
        got = hit[s].any(axis=0) | rules["covered"]
        shares = [w[got & (group == g)].sum() / w[group == g].sum() for g in "NS"]
        return round(min(shares), 9), float(w[got].sum())

    best = max(worth(s) for s in plans(len(hit), p, rules))
    found = maximal_covering_fair(sparse.csr_array(hit), w, p, group=group, **rules, **QUICK)
    assert found.objective == pytest.approx(best[0])
    assert found.work["total"] == pytest.approx(best[1])
    assert found.status == "optimal"


@pytest.mark.parametrize("seed", SEEDS)
def test_lexicographic(seed: int) -> None:
    rng, hit, w, p, rules = toy(6000 + seed)
    w = w + 1
    group = rng.permutation(np.array(["N", "S", "E"])[np.arange(len(w)) % 3])

    def shares(s: list[int]) -> list[float]:
        got = hit[s].any(axis=0) | rules["covered"]
        return sorted(round(w[got & (group == g)].sum() / w[group == g].sum(), 9) for g in "NSE")

    best = max(shares(s) for s in plans(len(hit), p, rules))
    found = maximal_covering_fair(
        sparse.csr_array(hit), w, p, group=group, lexicographic=True, **rules, **QUICK
    )
    assert shares(found.chosen.tolist()) == pytest.approx(best)
    assert found.status == "optimal"
    assert found.work["least_3"] == pytest.approx(sum(best) / 3)
    assert found.work["least_2_bound"] == pytest.approx(sum(best[:2]) / 2, rel=1e-6)


def test_conflicts_within_a_distance_strictly() -> None:
    pairs = conflicts_within([0, 0, 0, 500], [0, 100, 200, 0], 101)
    assert pairs.tolist() == [[0, 1], [1, 2]]
    assert conflicts_within([0, 0], [0, 100], 100).tolist() == []
    covers = sparse.csr_array(np.eye(4))
    plan = maximal_covering(covers, [6.0, 9.0, 6.0, 1.0], 2, conflicts=pairs)
    assert sorted(plan.chosen.tolist()) == [0, 2]  # 6 + 6, apart, beats 9 + 1
