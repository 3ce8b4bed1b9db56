"""Two lists of places, paired one to one at the least cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

__all__ = ["PlacePairs", "close_pairs", "one_to_one"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class PlacePairs:
    """PlacePairs of positions in two lists, ``metres`` apart (n_pairs each)."""

    own: Ints
    other: Ints
    metres: Floats

    def only(self, which: NDArray[np.bool_] | Ints) -> PlacePairs:
        """Some of them."""
        return PlacePairs(self.own[which], self.other[which], self.metres[which])


def close_pairs(own: Floats, other: Floats, *, within_m: float) -> PlacePairs:
    """Every pair within a distance of places ``own`` (n × 2, metres) and ``other`` (m × 2), sorted by position."""
    if not len(own) or not len(other):
        empty = np.zeros(0, np.int64)
        return PlacePairs(empty, empty, np.zeros(0))
    near = cKDTree(own).query_ball_tree(cKDTree(other), within_m)
    a = np.repeat(np.arange(len(own)), [len(n) for n in near])
    b = np.array([j for n in near for j in sorted(n)], np.int64)
    metres = np.hypot(*(own[a] - other[b]).T) if len(a) else np.zeros(0)
    return PlacePairs(a.astype(np.int64), b, metres)


def one_to_one(pairs: PlacePairs, cost: Floats, *, alone: float) -> Ints:
    """Positions of the pairs that are taken: each place in at most one, at the least sum of costs.

    ``cost`` per pair; a place that is left alone costs ``alone``, so that no pair dearer than twice that is taken. Solved exactly
    (Kuhn 1955) in each component of places that are linked by pairs.
    """
    keep = np.flatnonzero(cost < 2 * alone)
    if not keep.size:
        return keep
    own, a = np.unique(pairs.own[keep], return_inverse=True)
    other, b = np.unique(pairs.other[keep], return_inverse=True)
    n = len(own)
    links = sparse.coo_array((np.ones(len(keep)), (a, b + n)), shape=(n + len(other),) * 2)
    _, label = connected_components(links, directed=False)
    taken: list[int] = []
    order = np.argsort(label[a], kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(label[a][order])) + 1):
        taken += keep[part[_component(a[part], b[part], cost[keep[part]], alone)]].tolist()
    return np.array(sorted(taken), np.int64)


def _component(a: Ints, b: Ints, cost: Floats, alone: float) -> Ints:
    """Which pairs of one component are taken."""
    rows, i = np.unique(a, return_inverse=True)
    columns, j = np.unique(b, return_inverse=True)
    table = np.full((len(rows), len(columns)), 0.0)
    index = np.full(table.shape, -1)
    table[i, j] = cost - 2 * alone  # what pairing saves; nothing where no pair may be
    index[i, j] = np.arange(len(a))
    got = index[linear_sum_assignment(table)]
    return got[got >= 0]
