"""Compiled loops of the p-median: nearest two chosen sites, best interchange, dual step.

Costs are weighted (``w_j · c_ij``). ``ptr, idx, cost`` is the CSR site → points; ``near_ptr, near_site,
near_cost`` lists each point's sites from nearest to farthest. A point without any (or any second)
chosen site in reach pays ``penalty[j]``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.jit import compiled
from planner.solvers.covering.kernels import accepted, may_swap, swap_loads, xorshift

__all__ = ["Points", "anneal_median", "median_direction", "median_scores", "nearest_two"]


class Points(NamedTuple):
    """Weighted costs both ways: CSR by site, and per point its sites from nearest to farthest.

    ``penalty`` is more than any plan costs: what a point without a site in reach pays; every cost is a multiple
    of ``unit`` (0: of nothing).
    """

    ptr: NDArray[np.int64]
    idx: NDArray[np.int32]
    cost: NDArray[np.float64]
    near_ptr: NDArray[np.int64]
    near_site: NDArray[np.int32]
    near_cost: NDArray[np.float64]
    penalty: NDArray[np.float64]
    unit: float


@compiled
def nearest_two(near_ptr, near_site, near_cost, penalty, place, first, cost1, cost2, j):  # type: ignore[no-untyped-def]
    """Set the nearest chosen site of point ``j``, its cost, and the cost of the second nearest."""
    first[j] = -1
    cost1[j] = penalty[j]
    cost2[j] = penalty[j]
    for e in range(near_ptr[j], near_ptr[j + 1]):
        if place[near_site[e]] >= 0:
            if first[j] < 0:
                first[j] = near_site[e]
                cost1[j] = near_cost[e]
            else:
                cost2[j] = near_cost[e]
                return


@compiled
def _losses(first, cost1, cost2, loss):  # type: ignore[no-untyped-def]
    """``loss[k]``: what giving up chosen site ``k`` costs; returns the plan's cost."""
    loss[:] = 0.0
    total = 0.0
    for j in range(len(first)):
        total += cost1[j]
        if first[j] >= 0:
            loss[first[j]] += cost2[j] - cost1[j]
    return total


@compiled
def _interchange(points, first, cost1, cost2, loss, extra, chosen, limits, site):  # type: ignore[no-untyped-def]
    """Best chosen site to give up for ``site``: (position or -1, change of cost)."""
    gain = 0.0
    for e in range(points.ptr[site], points.ptr[site + 1]):
        j = points.idx[e]
        c = points.cost[e]
        if c < cost1[j]:
            gain += cost1[j] - c
            if first[j] >= 0:
                extra[first[j]] += cost2[j] - cost1[j]
        elif c < cost2[j] and first[j] >= 0:
            extra[first[j]] += cost2[j] - c
    best = -1
    least = np.inf
    for k in chosen:
        if not limits.fixed[k] and loss[k] - extra[k] < least and may_swap(limits, k, site):
            best = k
            least = loss[k] - extra[k]
        extra[k] = 0.0
    return best, least - gain


@compiled
def _come_in(ptr, idx, cost, first, cost1, cost2, site):  # type: ignore[no-untyped-def]
    """Chosen ``site`` serves the points it is now nearest (or second nearest) to."""
    for e in range(ptr[site], ptr[site + 1]):
        j = idx[e]
        if first[j] == site:
            continue
        if cost[e] < cost1[j]:
            cost2[j] = cost1[j]
            first[j] = site
            cost1[j] = cost[e]
        elif cost[e] < cost2[j]:
            cost2[j] = cost[e]


@compiled
def anneal_median(points, limits, chosen, place, pool, best_chosen, best, heat, work, state):  # type: ignore[no-untyped-def]
    """Interchanges with Metropolis' rule (``heat`` 0: improving ones only); returns the best cost.

    ``points``: :class:`Points`, ``limits``: the rules. Ends after about ``work`` cost entries; changes
    ``place``, ``chosen``, the loads of ``limits`` and ``best_chosen``.
    """
    ptr, idx, penalty = points.ptr, points.idx, points.penalty
    near_ptr, near_site, near_cost = points.near_ptr, points.near_site, points.near_cost
    m = len(ptr) - 1
    n = len(penalty)
    first = np.empty(n, np.int64)
    cost1 = np.empty(n)
    cost2 = np.empty(n)
    loss = np.zeros(m)
    extra = np.zeros(m)
    for j in range(n):
        nearest_two(near_ptr, near_site, near_cost, penalty, place, first, cost1, cost2, j)
    now = _losses(first, cost1, cost2, loss)
    if now < best:
        best = now
        best_chosen[:] = chosen
    done = 0
    n_pool = np.uint64(len(pool))
    while done < work:
        site = pool[xorshift(state) % n_pool]
        done += 8
        if place[site] >= 0:
            continue
        done += ptr[site + 1] - ptr[site] + len(chosen)
        out, change = _interchange(points, first, cost1, cost2, loss, extra, chosen, limits, site)
        if out < 0 or not accepted(-change, heat, state):
            continue
        at = place[out]
        place[out] = -1
        place[site] = at
        chosen[at] = site
        swap_loads(limits, out, site)
        for e in range(ptr[out], ptr[out + 1]):
            nearest_two(near_ptr, near_site, near_cost, penalty, place, first, cost1, cost2, idx[e])
        _come_in(ptr, idx, points.cost, first, cost1, cost2, site)
        now = _losses(first, cost1, cost2, loss)
        done += 4 * n
        if now < best - 1e-9 * abs(best):
            best = now
            best_chosen[:] = chosen
    return best


@compiled
def median_scores(ptr, idx, cost, dual, score):  # type: ignore[no-untyped-def]
    """``score[i]`` = Σ_j max(0, dual_j − cost_ij): what site ``i`` saves at these prices."""
    for i in range(len(ptr) - 1):
        total = 0.0
        for e in range(ptr[i], ptr[i + 1]):
            d = dual[idx[e]] - cost[e]
            if d > 0.0:
                total += d
        score[i] = total


@compiled
def median_direction(ptr, idx, cost, dual, selected, average, share):  # type: ignore[no-untyped-def]
    """Blend 1 − (selected sites that would serve j) into ``average``; returns its squared length."""
    n = len(dual)
    served = np.zeros(n)
    for i in selected:
        for e in range(ptr[i], ptr[i + 1]):
            if cost[e] < dual[idx[e]]:
                served[idx[e]] += 1.0
    length = 0.0
    for j in range(n):
        average[j] = share * (1.0 - served[j]) + (1.0 - share) * average[j]
        length += average[j] * average[j]
    return length
