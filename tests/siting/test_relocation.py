"""Relocation against trying every plan."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import sparse

from planner.siting.variants import maximal_covering_relocating


@pytest.mark.parametrize("seed", range(30))
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


def test_regions_are_refused_with_relocation() -> None:
    with pytest.raises(ValueError, match="region"):
        maximal_covering_relocating(
            sparse.csr_array(np.eye(2)), np.ones(2), 1, existing=[0], most_closed=1, region=["a", "b"]
        )
