"""Relocation against trying every plan."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import sparse

from planner.solvers.variants import maximal_covering_relocating


@pytest.mark.parametrize("seed", range(240))
def test_relocation_equals_trying_every_plan(seed: int) -> None:
    rng = np.random.default_rng(seed)
    covers = rng.random((8, 20)) < 0.25
    weights = rng.integers(1, 30, 20).astype(float)
    existing, p, most_closed = [0, 3, 5], 1, int(rng.integers(0, 3))
    best = max(
        weights[covers[list(s)].any(axis=0)].sum()
        for s in combinations(range(8), len(existing) + p)
        if len(set(existing) - set(s)) <= most_closed
    )
    found = maximal_covering_relocating(
        sparse.csr_array(covers.astype(float)), weights, p, existing=existing, most_closed=most_closed
    )
    assert found.objective == pytest.approx(best)
    assert len(found.chosen) == 4
    assert len(set(existing) - set(found.chosen.tolist())) <= most_closed


def test_closing_nobody_is_plain_covering_beside_the_existing() -> None:
    covers = sparse.csr_array(np.eye(4))
    found = maximal_covering_relocating(covers, np.array([1.0, 5, 3, 4]), 1, existing=[0], most_closed=0)
    assert sorted(found.chosen.tolist()) == [0, 1]
    moved = maximal_covering_relocating(covers, np.array([1.0, 5, 3, 4]), 1, existing=[0], most_closed=1)
    assert sorted(moved.chosen.tolist()) == [1, 3]


@pytest.mark.parametrize("seed", range(60))
def test_quotas_count_the_sites_that_are_opened(seed: int) -> None:
    rng = np.random.default_rng(900 + seed)
    covers = rng.random((8, 20)) < 0.25
    weights = rng.integers(1, 30, 20).astype(float)
    existing, p, most_closed = [0, 3, 5], 2, int(rng.integers(0, 3))
    region = np.array(list("AABBACBC"))
    low, high = {"B": 1}, {"A": 1, "C": 1}

    def opened(s: tuple[int, ...], label: str) -> int:
        return sum(region[i] == label for i in s if i not in existing)

    best = max(
        weights[covers[list(s)].any(axis=0)].sum()
        for s in combinations(range(8), len(existing) + p)
        if len(set(existing) - set(s)) <= most_closed
        and opened(s, "B") >= 1
        and opened(s, "A") <= 1
        and opened(s, "C") <= 1
    )
    found = maximal_covering_relocating(
        sparse.csr_array(covers.astype(float)), weights, p, existing=existing, most_closed=most_closed,
        region=region, quota_min=low, quota_max=high,
    )  # fmt: skip
    assert found.objective == pytest.approx(best)
    assert found.status == "optimal"
