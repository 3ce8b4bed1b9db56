"""Shortest ways on the truck network: seconds from a node to every other, and the arcs that lie on a way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.jit import compiled
from planner.roads.arcs import ARC, Arcs
from planner.roads.kernels.search import QUEUED, run, start

__all__ = ["ArcsInto", "arcs_into", "seconds_from", "trace"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: No truck is under way longer (a week): what lies further counts as out of reach.
LONGEST_S = 7 * 86400.0
#: Buckets of a search's queue: a 32nd of a mean arc wide, and no more than this many.
MOST_BUCKETS = 2**19
ONE = np.uint64(1)


def seconds_from(matrix: sparse.csr_array, starts: Ints, *, limit_s: float = np.inf) -> Iterator[Floats]:
    """Seconds from each of ``starts`` to every node; inf beyond ``limit_s`` (a week at most).

    The same array is filled again for every start.
    """
    limit = min(limit_s + 1e-6, LONGEST_S)
    arc = np.zeros(matrix.nnz, ARC)
    arc["seconds"], arc["node"] = matrix.data, matrix.indices
    arcs = Arcs(matrix.indptr.astype(np.uint32), arc, np.zeros(0, bool))
    width = max(float(matrix.data.mean()) / 32 if matrix.nnz else 1.0, limit / MOST_BUCKETS, 1e-3)
    seconds, queue = np.empty(matrix.shape[0]), np.empty(4096, QUEUED)
    for node in starts.tolist():
        queue = _search(arcs, node, limit, width, queue, seconds)
        yield seconds


@compiled
def _search(arcs: Any, node: int, limit: float, width: float, queue: Any, seconds: Any) -> Any:
    """Fill ``seconds`` with the times from ``node``; the queue comes back, as it may have grown."""
    scale = 1.0 / width
    seconds[:] = limit
    head = np.zeros(int(limit * scale) + 2, np.uint32)
    used = start(seconds, queue, ONE, head, scale, node, 0.0)
    queue, used = run(arcs, seconds, queue, used, head, scale)
    for i in range(seconds.size):
        if seconds[i] >= limit:
            seconds[i] = np.inf
    return queue


@dataclass(frozen=True, eq=False)
class ArcsInto:
    """Arcs by the node they lead to: ``tail[ptr[x]:ptr[x + 1]]`` and their numbers ``arc``."""

    ptr: Ints
    tail: Ints
    arc: Ints


def arcs_into(matrix: sparse.csr_array) -> ArcsInto:
    """The arcs of a matrix (arc ``i`` is its i-th stored value) by the node they lead to."""
    numbered = sparse.csr_array((np.arange(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)
    turned = numbered.T.tocsr()
    return ArcsInto(turned.indptr.astype(np.int64), turned.indices.astype(np.int64), turned.data)


@compiled
def trace(ptr: Any, tail: Any, arc: Any, seconds: Any, times: Any, node: int) -> tuple[int, int]:
    """The arc by which a shortest way comes to ``node``, and the node it comes from; (-1, -1) where there is none.

    ``seconds`` of every arc, by which ``times`` of every node were found; of several the first.
    """
    for i in range(ptr[node], ptr[node + 1]):
        if times[tail[i]] < times[node] and times[tail[i]] + seconds[arc[i]] == times[node]:
            return arc[i], tail[i]
    return -1, -1
