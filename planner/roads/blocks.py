"""Many searches on threads, block by block, their results straight into the matrix they are for.

The result is the same bytes for any number of threads and any size of a block.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from planner.progress import Progress
from planner.roads.arcs import SearchGraph
from planner.roads.search import GroupedDemand, bucket_width, search_limit

__all__ = ["Found", "reached_rows"]

#: Rows, how many points each reaches, and the page that holds these points and their seconds.
_Rows = tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]


class Found(NamedTuple):
    """The points one search has found: their least seconds (float32, inf: not found), and which they are.

    ``bits`` has a bit a point and ``top`` a bit a word of ``bits``, uint64.
    """

    best: np.ndarray
    bits: np.ndarray
    top: np.ndarray


def _nothing_found(n_points: int) -> Found:
    """Scratch for searches that look for ``n_points`` points."""
    words = n_points // 64 + 1
    return Found(
        np.full(n_points, np.inf, np.float32),
        np.zeros(words, np.uint64),
        np.zeros(words // 64 + 1, np.uint64),
    )


class _Searcher:
    """Runs blocks of searches on threads; scratch arrays are used again, first of all the results'.

    Memory that a system has not yet handed out costs more than what is computed into it.
    """

    def __init__(
        self, graph: SearchGraph, demand: GroupedDemand, sites: tuple[np.ndarray, ...], cutoff_s: float
    ) -> None:
        self.graph, self.demand, self.sites, self.room = graph, demand, sites, 4096
        self.limit = search_limit(cutoff_s)
        self.largest = _below(cutoff_s)
        self.width = bucket_width(graph, cutoff_s)
        self.spare: list[tuple[np.ndarray, Found, np.ndarray]] = []
        self.pages: list[tuple[np.ndarray, np.ndarray]] = []

    def __call__(self, order: np.ndarray) -> _Rows:
        """Search from the sites at some positions."""
        from planner.roads.kernels.search import QUEUED, reach_block

        dist, found, queue = _kept(self.spare) or self._fresh(QUEUED)
        page = _kept(self.pages) or (np.empty(self.room, np.int32), np.empty(self.room, np.float32))
        count, queue, ids, seconds = reach_block(
            self.graph.arcs, self.demand, self.sites, order, (dist, found, queue, *page),
            self.limit, self.largest, self.width,
        )  # fmt: skip
        self.spare.append((dist, found, queue))
        return order, count, (ids, seconds)

    def _fresh(self, queued: np.dtype[Any]) -> tuple[np.ndarray, Found, np.ndarray]:
        return np.full(self.graph.n_nodes, self.limit), _nothing_found(self.demand.n), np.empty(4096, queued)


def reached_rows(
    graph: SearchGraph,
    demand: GroupedDemand,
    sites: tuple[np.ndarray, ...],
    rank: np.ndarray,
    *,
    cutoff_s: float,
    threads: int,
    least: float,
    progress: Progress | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which points each site reaches within a cutoff, and their seconds.

    Parameters
    ----------
    sites
        The arrays that :func:`planner.roads.kernels.search.reach_block` takes.
    rank
        Place of each site in spatial order.
    least
        Bytes for results on their way, at least; a sixteenth of all results if that is more.

    Returns
    -------
    ptr : int64 ``[n_sites + 1]``; ids : int32, ascending in a row; seconds : float32
    """
    search = _Searcher(graph, demand, sites, cutoff_s)
    with ThreadPoolExecutor(threads) as pool:
        each: Callable[..., Any] = pool.map if threads > 1 else map
        return _rows(search, rank, each, threads, least, progress)


def _below(value: float) -> np.float32:
    """The greatest float32 not above ``value``."""
    near = np.float32(value)
    return near if float(near) <= value else np.nextafter(near, np.float32(0))


def _kept(scratch: list[Any]) -> Any:
    """One that is kept and not in use, or None; asking first would let another thread take the last one."""
    try:
        return scratch.pop()
    except IndexError:
        return None


def _budget(
    search: _Searcher, n: int, least: float, each: Callable[..., Any], workers: int
) -> tuple[int, int]:
    """Bytes for the results of a block of the ``n`` rows, and how many rows to begin with.

    Many rows at once, because searches close to each other find what they read in the processor's cache:
    a sixteenth of the result if that is more than ``least`` bytes, from what 32 of the rows reach.
    """
    if n <= 256:
        return int(least), 256
    sample = np.linspace(0, n - 1, 32).astype(np.int64)
    found = list(each(search, np.array_split(sample, workers)))
    search.pages += [page for *_, page in found]
    mean = float(np.concatenate([count for _, count, _ in found]).mean())
    budget = int(max(least, mean * n * 8 / 16))
    return budget, _fitting(mean, budget)


def _fitting(each: float, budget: int) -> int:
    return int(max(budget / (8 * max(each, 1.0)), 256))


def _rows(
    search: _Searcher,
    rank: np.ndarray,
    each: Callable[..., Any],
    workers: int,
    least: float,
    progress: Progress | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row pointers, points and seconds of all sites, block by block; ``rank``: place of each in spatial order."""
    n, n_parts = rank.size, 8 * workers if workers > 1 else 1
    budget, size = _budget(search, n, least, each, workers)
    search.room = 1 + budget // (8 * n_parts)
    ptr = np.zeros(n + 1, np.int64)
    made: tuple[np.ndarray, ...] = np.empty(0, np.int32), np.empty(0, np.float32)
    lo = 0
    while lo < n:
        hi = min(lo + size, n)
        order = lo + np.argsort(rank[lo:hi], kind="stable")
        parts = np.array_split(order, min(max(1, order.size // 32), n_parts))
        done = list(each(search, parts))
        for rows, count, _ in done:
            ptr[rows + 1] = count
        ptr[lo + 1 : hi + 1] = ptr[lo] + np.cumsum(ptr[lo + 1 : hi + 1])
        made = tuple(_grown(a, ptr, lo, hi) for a in made)
        list(each(partial(_place, ptr, made), done))
        search.pages += [page for *_, page in done]
        if progress is not None:
            progress("travel times", hi / n)
        lo, size = hi, min(_fitting((ptr[hi] - ptr[lo]) / (hi - lo), budget), 4 * size)
    ids, seconds = made
    for a in (ids, seconds):
        a.resize(ptr[n], refcheck=False)
    return ptr, ids, seconds


def _place(ptr: np.ndarray, made: tuple[np.ndarray, ...], done: _Rows) -> None:
    """Copy a page of results to where its rows begin."""
    from planner.roads.kernels.search import place_rows

    rows, count, page = done
    place_rows(count, *page, ptr[rows], *made)


def _grown(array: np.ndarray, ptr: np.ndarray, lo: int, hi: int) -> np.ndarray:
    """``array`` with room for the rows before ``hi``, and likely for all that follow.

    Room that is never written takes no memory; growing by every block would hold old copies.
    """
    if ptr[hi] <= array.size:
        return array
    likely = int(1.25 * (ptr.size - 1 - hi) * max(ptr[hi] / hi, (ptr[hi] - ptr[lo]) / (hi - lo)))
    made = np.empty(int(ptr[hi]) + likely, array.dtype)
    made[: ptr[lo]] = array[: ptr[lo]]
    return made
