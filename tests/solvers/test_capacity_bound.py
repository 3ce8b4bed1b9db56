"""The bounds and greedy plans of limited room on small instances, where the exact model is set aside."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import sparse

from planner.solvers.covering.capacity import most_served, served, served_plans
from planner.solvers.request import Request, check_rules


@pytest.mark.parametrize("seed", range(60))
def test_no_plan_serves_more_than_the_bound_and_greedy_obeys_the_rules(seed: int) -> None:
    rng = np.random.default_rng(seed)
    m, n, p = 8, 14, 3
    covers = sparse.csr_array(rng.random((m, n)) < 0.3)
    weights, room = rng.integers(1, 9, n).astype(float), rng.integers(0, 14, m).astype(float)
    covered = rng.random(n) < 0.2
    limited = {"cost": rng.integers(1, 5, m).astype(float), "budget": 9.0} if seed % 2 else {}
    region = np.arange(m) % 2
    rules = check_rules(m, p, required=[1], region=region, quota_max={1: 2}, **limited)
    request = Request(covers, weights, covered, rules)

    def obeys(s) -> bool:
        return (
            1 in s
            and sum(region[i] for i in s) <= 2
            and (not limited or limited["cost"][list(s)].sum() <= limited["budget"])
        )

    plans = [s for s in combinations(range(m), p) if obeys(s)]
    best = max(served(request, room, np.array(s)) for s in plans)
    assert most_served(request, room) >= best - 1e-9
    for found in served_plans(request, room):
        assert tuple(found.tolist()) in plans
        assert served(request, room, found) <= best + 1e-9
