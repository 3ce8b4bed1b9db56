"""The referee: scores any set of sites afresh, with SciPy alone and none of the solvers' code."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["covered_by", "covered_weight"]


def covered_by(covers: Any, sites: ArrayLike, covered: ArrayLike | None = None) -> np.ndarray:
    """How many of ``sites`` cover each demand point (an already covered one counts once more).

    ``covers``: sparse (n_sites × n_demand), a stored entry covers whatever its value.
    """
    rows = covers.tocsr()[np.asarray(sites, dtype=np.int64)]  # a copy
    rows.sum_duplicates()
    times = np.bincount(rows.indices, minlength=covers.shape[1])
    return times if covered is None else times + np.asarray(covered, dtype=np.int64)


def covered_weight(
    covers: Any, weights: ArrayLike, sites: ArrayLike, covered: ArrayLike | None = None
) -> float:
    """Σ of the weights of demand points covered by ``sites`` or covered already."""
    return float(np.asarray(weights, dtype=np.float64)[covered_by(covers, sites, covered) > 0].sum())
