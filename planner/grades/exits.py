"""What closing a station costs: the workers whom it alone covers, and those lost when several close together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["Served", "lost_in_turn", "served_by", "workers_alone"]

Floats = NDArray[np.float64]
#: Who is served by each way of travelling: near (bool csr, n_sites × n_points) and workers (n_points × n_periods).
Served = Sequence[tuple[sparse.csr_array, Floats]]


def served_by(seconds: sparse.csr_array, cutoff_s: float) -> sparse.csr_array:
    """Which points each site serves (csr of ones, n_sites × n_points); a stored 0 s counts."""
    within = seconds.data <= cutoff_s
    rows = np.repeat(np.arange(seconds.shape[0]), np.diff(seconds.indptr))[within]
    made = sparse.coo_array((np.ones(len(rows)), (rows, seconds.indices[within])), shape=seconds.shape)
    return sparse.csr_array(made)


def workers_alone(served: Served, is_open: NDArray[np.bool_]) -> Floats:
    """Workers whom each site alone covers (n_sites): no other site serves them in their period.

    ``is_open``: n_sites × n_periods.
    """
    total = np.zeros(len(is_open))
    for near, workers in served:
        alone = np.rint(near.T @ is_open.astype(float)) == 1
        total += ((near @ (workers * alone)) * is_open).sum(axis=1)
    return total


def lost_in_turn(served: Served, is_open: NDArray[np.bool_], order: NDArray[np.int64]) -> Floats:
    """Workers no longer covered once the first, the first two, … sites of ``order`` are closed (n_order, running totals)."""
    lost = np.zeros(len(order))
    for near, workers in served:
        left = np.rint(near.T @ is_open.astype(float)).astype(np.int64)
        for k, site in enumerate(order.tolist()):
            points = near.indices[near.indptr[site] : near.indptr[site + 1]]
            there = is_open[site]
            last = (left[points] == 1) & there
            lost[k] += float((workers[points] * last).sum())
            left[points] -= there
    return np.cumsum(lost)
