"""Demand points that the same sites cover are one point: found once, here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner.jit import compiled
from planner.solvers.solution import Solution

__all__ = ["MergedPoints", "equal_columns", "fill_rows"]

Ints = NDArray[np.int64]


@compiled
def _scatter(ptr, idx, key, hashes):  # type: ignore[no-untyped-def]
    """Add each site's key to the hash of the columns it covers (wrapping sums)."""
    for i in range(len(ptr) - 1):
        for e in range(ptr[i], ptr[i + 1]):
            hashes[idx[e]] += key[i]


@compiled
def _groups_hold(ptr, idx, group, size):  # type: ignore[no-untyped-def]
    """Whether every site covers each group of columns wholly or not at all."""
    seen = np.zeros(len(size), np.int64)
    for i in range(len(ptr) - 1):
        for e in range(ptr[i], ptr[i + 1]):
            seen[group[idx[e]]] += 1
        for e in range(ptr[i], ptr[i + 1]):
            g = group[idx[e]]
            if seen[g] != 0 and seen[g] != size[g]:
                return False
        for e in range(ptr[i], ptr[i + 1]):
            seen[group[idx[e]]] = 0
    return True


def equal_columns(covers: Any, *, apart: NDArray[Any] | None = None) -> tuple[Ints, Ints]:
    """Columns of a CSR that the same rows hold: (first column of each group, group of each column).

    By structure: a stored entry counts, whatever its value. ``apart``: a whole number per column; columns
    that differ in it are kept apart. Groups stand in the order of their first columns.
    """
    n, m = covers.shape[1], covers.shape[0]
    rng = np.random.default_rng(20240124)
    key = rng.integers(1, 2**63, m, dtype=np.uint64)
    hashes = np.zeros(n, np.uint64)
    _scatter(covers.indptr, covers.indices, key, hashes)
    code = np.zeros(n, np.int64)
    if apart is not None:
        code = np.unique(apart, return_inverse=True)[1].reshape(-1)
        hashes ^= rng.integers(0, 2**63, int(code.max(initial=0)) + 1, dtype=np.uint64)[code]
    which = pd.factorize(hashes)[0].astype(np.int64, copy=False)  # numbered as they first come
    size = np.bincount(which)
    first = np.empty(len(size), np.int64)
    first[which[::-1]] = np.arange(n)[::-1]
    if (code[first][which] != code).any() or not _groups_hold(covers.indptr, covers.indices, which, size):
        return np.arange(n), np.arange(n)  # two hashes met by chance: merge nothing
    return first, which


@compiled
def _count(ptr, idx, sites, row_of, out_ptr):  # type: ignore[no-untyped-def]
    """Row pointers of the CSR that :func:`_fill` fills."""
    for a in range(len(sites)):
        kept = 0
        for e in range(ptr[sites[a]], ptr[sites[a] + 1]):
            if row_of[idx[e]] >= 0:
                kept += 1
        out_ptr[a + 1] = out_ptr[a] + kept


@compiled
def _fill(ptr, idx, sites, row_of, out_ptr, out_idx):  # type: ignore[no-untyped-def]
    """CSR of ``sites`` over the rows with ``row_of >= 0``."""
    for a in range(len(sites)):
        at = out_ptr[a]
        for e in range(ptr[sites[a]], ptr[sites[a] + 1]):
            r = row_of[idx[e]]
            if r >= 0:
                out_idx[at] = r
                at += 1


def fill_rows(
    ptr: NDArray[Any], idx: NDArray[Any], sites: Ints, row_of: NDArray[np.int32]
) -> tuple[Ints, NDArray[np.int32]]:
    """CSR of ``sites`` over the rows that ``row_of`` maps the columns to (-1: left out)."""
    ptr, idx = np.asarray(ptr, np.int64), np.asarray(idx, np.int32)  # so that a loop is compiled once
    out_ptr = np.zeros(len(sites) + 1, np.int64)
    _count(ptr, idx, sites, row_of, out_ptr)
    out_idx = np.empty(int(out_ptr[-1]), np.int32)
    _fill(ptr, idx, sites, row_of, out_ptr, out_idx)
    return out_ptr, out_idx


@dataclass(frozen=True)
class MergedPoints:
    """The points of a covering problem with those merged that the same sites cover: found once for all weights and rules.

    Attributes
    ----------
    covers, covered
        As the problem's; what is covered already is one column, and so is what no site covers.
    which
        Column of each point of the problem.
    """

    covers: Any
    covered: NDArray[Any]
    which: NDArray[Any]

    @classmethod
    def of(cls, covers: Any, covered: NDArray[Any]) -> MergedPoints:
        """Merge the columns of a CSR (sites × points); a stored entry covers."""
        n = covers.shape[1]
        wanted = ~covered
        row_of = np.where(wanted, np.cumsum(wanted) - 1, -1).astype(np.int32)
        every = np.arange(covers.shape[0])
        ptr, idx = fill_rows(covers.indptr, covers.indices, every, row_of)
        alone = sparse.csr_array(
            (np.ones(len(idx), np.int8), idx, ptr), shape=(len(every), int(wanted.sum()))
        )
        first, merged = equal_columns(alone)
        row_of = np.full(alone.shape[1], -1, np.int32)
        row_of[first] = np.arange(len(first), dtype=np.int32)
        ptr, idx = fill_rows(ptr, idx, every, row_of)
        which = np.full(n, len(first), np.int64)
        which[wanted] = merged
        shape = (len(every), len(first) + 1)
        served = np.zeros(len(first) + 1, bool)
        served[-1] = True
        return cls(sparse.csr_array((np.ones(len(idx), np.int8), idx, ptr), shape=shape), served, which)

    def weights(self, weights: NDArray[Any]) -> NDArray[Any]:
        """Weights of the columns, from those of the points."""
        return np.bincount(self.which, weights, len(self.covered))

    def known(self, found: Solution | None) -> Solution | None:
        """A solution over the points, as one over the columns."""
        if found is None or found.prices is None or len(found.prices) != len(self.which):
            return found
        prices = np.zeros(len(self.covered), found.prices.dtype)
        prices[self.which] = found.prices
        return replace(found, prices=prices)

    def told(self, found: Solution) -> Solution:
        """A solution over the columns, as one over the points."""
        return found if found.prices is None else replace(found, prices=found.prices[self.which])
