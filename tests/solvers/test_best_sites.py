"""The selection behind the bound: looking only at high scores changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from planner.solvers.covering.bound import best_sites
from planner.solvers.request import check_rules, partition


def by_brute_force(score, of, least, most, p):
    """Site by site, best first: those that fill a minimum, then whatever fits."""
    order = sorted(range(len(score)), key=lambda i: (-score[i], i))
    must, load = [], dict.fromkeys(range(len(least)), 0)
    for i in order:
        if load[of[i]] < least[of[i]]:
            must.append(i)
            load[of[i]] += 1
    others = []
    for i in order:
        if i not in must and load[of[i]] < most[of[i]] and len(must) + len(others) < p:
            others.append(i)
            load[of[i]] += 1
    return sorted(must + others)


@pytest.mark.parametrize("seed", range(40))
def test_few_of_many_sites_within_limits_per_label_are_the_same_as_site_by_site(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(25):
        n, k = int(rng.integers(8, 60)), int(rng.integers(2, 5))
        of, score = rng.integers(0, k, n), rng.integers(0, 8, n).astype(float)
        least = np.minimum(rng.integers(0, 3, k), np.bincount(of, minlength=k))
        most = least + rng.integers(0, 8, k)
        p = int(least.sum() + rng.integers(0, 5))
        if not 1 <= p <= n:
            continue
        limits = partition(of, dict(enumerate(least)), dict(enumerate(most)), name="kind")
        rules = check_rules(n, p, partitions=[limits])
        chosen, value = best_sites(score, rules)
        expected = by_brute_force(score, of, least, most, p)
        assert sorted(chosen.tolist()) == expected
        assert value == score[expected].sum()
