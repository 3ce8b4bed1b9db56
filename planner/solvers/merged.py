"""A covering problem with its points merged, whatever their weights: what many solves of it have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.solvers.merge import equal_columns, fill_rows
from planner.solvers.solution import Solution

__all__ = ["MergedPoints"]


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
        ptr, idx = fill_rows(covers.indptr.astype(np.int64), covers.indices.astype(np.int32), every, row_of)
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
