"""Compiled loops of the p-median: nearest two chosen sites, best interchange, dual step.

Costs are weighted (``w_j · c_ij``). ``ptr, idx, cost`` is the CSR site → points; ``near_ptr, near_site,
near_cost`` lists each point's sites from nearest to farthest. A point without any (or any second)
chosen site in reach pays ``penalty[j]``.
"""

from __future__ import annotations

import numpy as np

from planner.jit import compiled
from planner.solvers.covering.kernels import accepted, xorshift

__all__ = ["anneal_median", "median_direction", "median_scores", "nearest_two"]


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
def _interchange(ptr, idx, cost, first, cost1, cost2, loss, extra, chosen, locked, region, load,  # type: ignore[no-untyped-def]
                 quota_min, quota_max, site):  # fmt: skip
    """Best chosen site to give up for ``site``: (position or -1, change of cost)."""
    gain = 0.0
    for e in range(ptr[site], ptr[site + 1]):
        j = idx[e]
        c = cost[e]
        if c < cost1[j]:
            gain += cost1[j] - c
            if first[j] >= 0:
                extra[first[j]] += cost2[j] - cost1[j]
        elif c < cost2[j] and first[j] >= 0:
            extra[first[j]] += cost2[j] - c
    r = region[site]
    room = load[r] < quota_max[r]
    best = -1
    least = np.inf
    for k in chosen:
        q = region[k]
        if not locked[k] and loss[k] - extra[k] < least and (q == r or (room and load[q] > quota_min[q])):
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
def anneal_median(ptr, idx, cost, near_ptr, near_site, near_cost, penalty, place, chosen, locked,  # type: ignore[no-untyped-def]
                  region, load, quota_min, quota_max, pool, best_chosen, best, heat, work, state):  # fmt: skip
    """Interchanges with Metropolis' rule (``heat`` 0: improving ones only); returns the best cost.

    Ends after about ``work`` cost entries; changes ``place``, ``chosen``, ``load``, ``best_chosen``.
    """
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
        out, change = _interchange(ptr, idx, cost, first, cost1, cost2, loss, extra, chosen, locked, region,
                                   load, quota_min, quota_max, site)  # fmt: skip
        if out < 0 or not accepted(-change, heat, state):
            continue
        at = place[out]
        place[out] = -1
        place[site] = at
        chosen[at] = site
        load[region[out]] -= 1
        load[region[site]] += 1
        for e in range(ptr[out], ptr[out + 1]):
            nearest_two(near_ptr, near_site, near_cost, penalty, place, first, cost1, cost2, idx[e])
        _come_in(ptr, idx, cost, first, cost1, cost2, site)
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
