"""Set covering, p-median and p-center on small random instances equal the best of all plans."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import sparse

from planner.errors import InfeasibleError
from planner.medians.problems import p_center, p_median
from planner.solvers.problems import set_covering


def quotas(rng: np.random.Generator, m: int) -> dict:
    if rng.random() < 0.6:
        return {}
    return {
        "region": np.array(list("ABC"))[rng.integers(0, 3, m)],
        "quota_min": {label: int(rng.integers(0, 2)) for label in "AB"},
        "quota_max": {label: int(rng.integers(1, 4)) for label in "BC"},
    }


def obeys(sites: tuple[int, ...], rules: dict) -> bool:
    s = set(sites)
    if not set(rules.get("required", ())) <= s or s & set(rules.get("forbidden", ())):
        return False
    if any(int(a) in s and int(b) in s and a != b for a, b in rules.get("conflicts", [])):
        return False
    if "region" in rules:
        where = [rules["region"][i] for i in sites]
        low = all(where.count(r) >= q for r, q in rules["quota_min"].items())
        return low and all(where.count(r) <= q for r, q in rules["quota_max"].items())
    return True


def lists(rng: np.random.Generator, m: int, p: int) -> dict:
    picks = rng.permutation(m)
    rules: dict = {}
    if rng.random() < 0.3:
        rules["required"] = picks[: rng.integers(0, p + 1)].tolist()
    if rng.random() < 0.3:
        rules["forbidden"] = picks[p : p + int(rng.integers(0, m - p + 1))].tolist()
    return rules


def plans(m: int, p: int | None, rules: dict):
    for k in range(m + 1) if p is None else [p]:
        yield from (s for s in itertools.combinations(range(m), k) if obeys(s, rules))


@pytest.mark.parametrize("block", range(20))
def test_set_covering_equals_the_best_of_all_plans(block: int) -> None:
    for seed in range(block * 15, block * 15 + 15):
        rng = np.random.default_rng(1000 + seed)
        m, n = int(rng.integers(3, 9)), int(rng.integers(3, 15))
        hit = rng.random((m, n)) < rng.uniform(0.15, 0.5)
        covers = sparse.csr_array(hit.astype(np.int8))
        weights = None if rng.random() < 0.4 else rng.integers(0, 9, n) + np.r_[1, np.zeros(n - 1, int)]
        share = 1.0 if rng.random() < 0.5 else float(rng.uniform(0.3, 0.95))
        rules = lists(rng, m, int(rng.integers(1, m))) | quotas(rng, m)
        if rng.random() < 0.3:
            rules["conflicts"] = rng.integers(0, m, (3, 2))
        cost = rng.integers(1, 9, m).astype(float) if rng.random() < 0.5 else np.ones(m)
        covered = rng.random(n) < 0.2
        w = np.ones(n) if weights is None else weights.astype(float)
        values = []
        for s in plans(m, None, rules):
            got = w[hit[list(s)].any(axis=0) | covered].sum()
            if got >= share * w.sum() - 1e-9:
                values.append(cost[list(s)].sum())
        given = {} if (cost == 1).all() else {"cost": cost}
        if not values:
            with pytest.raises(InfeasibleError):
                set_covering(covers, weights, share=share, covered=covered, **rules, **given)
            continue
        found = set_covering(covers, weights, share=share, covered=covered, **rules, **given)
        assert found.objective == pytest.approx(min(values)), seed
        assert found.status == "optimal"
        assert obeys(tuple(found.chosen.tolist()), rules)
        got = w[hit[found.chosen].any(axis=0) | covered].sum()
        assert got >= share * w.sum() - 1e-9


def costs_of(rng: np.random.Generator, m: int, n: int):
    dense = rng.integers(0, 30, (m, n)).astype(float) if rng.random() < 0.5 else rng.random((m, n)) * 10
    if rng.random() < 0.5:
        return dense, dense
    missing = rng.random((m, n)) < 0.35
    dense = np.where(missing, np.inf, dense)
    i, j = np.nonzero(~missing)  # stored zeros stay stored
    ptr = np.r_[0, np.cumsum(np.bincount(i, minlength=m))]
    return dense, sparse.csr_array((dense[i, j], j, ptr), shape=(m, n))


@pytest.mark.parametrize("block", range(20))
def test_p_median_equals_the_best_of_all_plans(block: int) -> None:
    for seed in range(block * 15, block * 15 + 15):
        rng = np.random.default_rng(5000 + seed)
        m, n = int(rng.integers(3, 9)), int(rng.integers(3, 12))
        dense, costs = costs_of(rng, m, n)
        p = int(rng.integers(1, m))
        rules = lists(rng, m, p) | quotas(rng, m)
        weights = rng.integers(0, 5, n).astype(float) + np.r_[1.0, np.zeros(n - 1)]
        need = weights > 0
        values = [float((weights[need] * dense[list(s)].min(axis=0)[need]).sum()) for s in plans(m, p, rules)]
        values = [v for v in values if np.isfinite(v)]
        if not values:
            with pytest.raises(InfeasibleError):
                p_median(costs, weights, p, **rules)
            continue
        found = p_median(costs, weights, p, **rules)
        assert found.objective == pytest.approx(min(values)), seed
        assert found.status == "optimal", (seed, found)
        assert len(set(found.chosen.tolist())) == p
        assert obeys(tuple(found.chosen.tolist()), rules)


@pytest.mark.parametrize("block", range(20))
def test_p_center_equals_the_best_of_all_plans(block: int) -> None:
    for seed in range(block * 15, block * 15 + 15):
        rng = np.random.default_rng(9000 + seed)
        m, n = int(rng.integers(3, 9)), int(rng.integers(3, 12))
        dense, costs = costs_of(rng, m, n)
        p = int(rng.integers(1, m))
        rules = lists(rng, m, p) | quotas(rng, m)
        values = [dense[list(s)].min(axis=0).max() for s in plans(m, p, rules)]
        values = [v for v in values if np.isfinite(v)]
        if not values:
            with pytest.raises(InfeasibleError):
                p_center(costs, p, **rules)
            continue
        found = p_center(costs, p, **rules)
        assert found.objective == min(values), seed
        assert found.status == "optimal"
        assert len(set(found.chosen.tolist())) == p
        assert obeys(tuple(found.chosen.tolist()), rules)
