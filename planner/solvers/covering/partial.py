"""Cover that fades with distance, as maximal covering with one row per point and share.

Σ_j w_j max_i a_ij = Σ_j Σ_k w_j (a_k − a_k−1) · [some chosen site has a_ij ≥ a_k], over the distinct
shares a_1 < a_2 < … of point j: exact, and every rule, search and bound of maximal covering applies.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.solvers.covering.maximal import solve_covering
from planner.solvers.effort import Effort
from planner.solvers.request import Request
from planner.solvers.solution import PROOF, Solution, relative_gap

__all__ = ["expand_levels", "partial_weight", "solve_partial"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Pairs of the expanded problem above which shares are rounded.
LARGEST = 4_000_000


def partial_weight(request: Request, sites: Ints) -> float:
    """Σ_j w_j · best share of ``sites`` (1 where covered already)."""
    rows = request.covers[sites].tocoo()
    best = request.covered.astype(np.float64)
    np.maximum.at(best, rows.coords[1], rows.data.astype(np.float64))
    return float((request.weights * best).sum())


def expand_levels(request: Request) -> Request:
    """The same problem with a row per (point, distinct share)."""
    csc = request.covers.tocsc()
    n = csc.shape[1]
    point = np.repeat(np.arange(n), np.diff(csc.indptr))
    order = np.lexsort((csc.data, point))
    point, share, site = point[order], csc.data[order].astype(np.float64), csc.indices[order]
    new = np.ones(len(point), bool)
    new[1:] = (point[1:] != point[:-1]) | (share[1:] > share[:-1])
    level = np.cumsum(new) - 1
    owner, height = point[new], share[new]
    first = np.ones(len(owner), bool)
    first[1:] = owner[1:] != owner[:-1]
    below = np.where(first, 0.0, np.concatenate([[0.0], height[:-1]]))
    begin = np.flatnonzero(first)[np.cumsum(first) - 1]  # first level of each level's point
    depth = level - begin[level] + 1  # an entry covers its level and all below it
    rows = np.repeat(level, depth) - _ramp(depth)
    sites = np.repeat(site, depth)
    covers = sparse.csr_array(
        (np.ones(len(rows), np.int8), (sites, rows)), shape=(request.covers.shape[0], max(1, len(owner)))
    )
    if not len(owner):
        return replace(request, covers=covers, weights=np.zeros(1), covered=np.zeros(1, bool))
    return replace(
        request,
        covers=covers,
        weights=request.weights[owner] * (height - below),
        covered=request.covered[owner],
    )


def _ramp(length: Ints) -> Ints:
    """0 … length − 1 for each length, one after the other."""
    ends = np.cumsum(length)
    return np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - length, length)


def solve_partial(request: Request, levels: int | None, effort: Effort) -> Solution:
    """Expand, solve, and score afresh with the exact shares."""
    data = request.covers.data.astype(np.float64)
    size = np.bincount(request.covers.indices, minlength=request.covers.shape[1])
    if levels is None and int((size * (size + 1) // 2).sum()) > LARGEST:
        levels = max(4, int(2 * LARGEST // (len(data) + 1)))
    rounded = data if levels is None else np.minimum(1.0, np.ceil(data * levels - 1e-9) / levels)
    covers = sparse.csr_array(
        (rounded, request.covers.indices, request.covers.indptr), shape=request.covers.shape
    )
    shares = replace(request, covers=covers)
    expanded = expand_levels(shares)
    found = solve_covering(expanded, effort)
    # Weight that counts whatever is chosen but has no row: covered points beyond their best candidate.
    apart = float(request.weights[request.covered].sum()) - float(expanded.weights[expanded.covered].sum())
    objective = partial_weight(request, found.chosen)
    bound = max(found.bound + apart, objective)
    if relative_gap(objective, bound) <= PROOF:
        bound = objective
    return replace(
        found,
        objective=objective,
        bound=bound,
        status="optimal" if bound == objective else "feasible",
        base=float(request.weights[request.covered].sum()),
    )
