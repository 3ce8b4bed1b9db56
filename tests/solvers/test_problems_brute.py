"""Every maximal covering answer on small random instances equals the best of all plans."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import sparse

from planner.errors import InfeasibleError
from planner.solvers.problems import maximal_covering
from planner.solvers.score import covered_weight


def instance(seed: int):
    """A random small request with a random mix of rules."""
    rng = np.random.default_rng(seed)
    m, n = int(rng.integers(3, 10)), int(rng.integers(3, 25))
    hit = rng.random((m, n)) < rng.uniform(0.05, 0.5)
    covers = sparse.csr_array(hit * rng.integers(1, 9, (m, n)))
    covers.data[rng.random(covers.nnz) < 0.2] = 0  # stored zeros cover too
    weights = rng.integers(0, 20, n).astype(float) if seed % 3 else rng.random(n) * 10
    weights[0] = 1.0
    p = int(rng.integers(1, min(5, m) + 1))
    rules: dict = {}
    if rng.random() < 0.4:
        rules["covered"] = rng.random(n) < 0.3
    picks = rng.permutation(m)
    if rng.random() < 0.4:
        rules["required"] = picks[: rng.integers(0, p + 1)].tolist()
    if rng.random() < 0.4:
        rules["forbidden"] = picks[p : p + int(rng.integers(0, m - p + 1))].tolist()
    if rng.random() < 0.5:
        rules["region"] = np.array(list("ABC"))[rng.integers(0, 3, m)]
        rules["quota_min"] = {label: int(rng.integers(0, 3)) for label in "AB"}
        rules["quota_max"] = {label: int(rng.integers(1, 4)) for label in "BC"}
    if rng.random() < 0.4:
        rules["cost"] = rng.integers(1, 9, m).astype(float)
        rules["budget"] = float(rng.integers(4, 25))
        if rng.random() < 0.5:
            p = None
    if rng.random() < 0.3:
        rules["conflicts"] = rng.integers(0, m, (int(rng.integers(1, 6)), 2))
    return covers, weights, p, rules


def allowed(m: int, p: int | None, rules: dict):
    """All sets of sites that obey the rules."""
    cost = rules.get("cost", np.zeros(m))
    pairs = [tuple(c) for c in rules.get("conflicts", []) if c[0] != c[1]]
    sizes = range(m + 1) if p is None else [p]
    for k in sizes:
        for sites in itertools.combinations(range(m), k):
            s = set(sites)
            if not set(rules.get("required", ())) <= s or s & set(rules.get("forbidden", ())):
                continue
            if "region" in rules:
                where = [rules["region"][i] for i in sites]
                if any(where.count(r) < q for r, q in rules["quota_min"].items()):
                    continue
                if any(where.count(r) > q for r, q in rules["quota_max"].items()):
                    continue
            if sum(cost[i] for i in sites) > rules.get("budget", np.inf):
                continue
            if any(a in s and b in s for a, b in pairs):
                continue
            yield sites


def dense_weight(covers, weights, sites, covered) -> float:
    hit = np.zeros(covers.shape[1], bool) if covered is None else covered.copy()
    coo = covers.tocoo()
    hit[coo.coords[1][np.isin(coo.coords[0], sites)]] = True
    return float(weights[hit].sum())


@pytest.mark.parametrize("block", range(20))
def test_equals_the_best_of_all_plans(block: int) -> None:
    for seed in range(block * 20, block * 20 + 20):
        covers, weights, p, rules = instance(seed)
        covered = rules.get("covered")
        values = [dense_weight(covers, weights, s, covered) for s in allowed(covers.shape[0], p, rules)]
        if not values:
            with pytest.raises(InfeasibleError):
                maximal_covering(covers, weights, p, **rules)
            continue
        found = maximal_covering(covers, weights, p, **rules, time_limit_s=10)
        best = max(values)
        assert found.objective == pytest.approx(best, abs=1e-7), (seed, found)
        assert found.status == "optimal", (seed, found)
        assert tuple(sorted(found.chosen.tolist())) in set(allowed(covers.shape[0], p, rules)), seed
        assert covered_weight(covers, weights, found.chosen, covered) == pytest.approx(found.objective)
        if p is not None:
            assert len(set(found.chosen.tolist())) == p
