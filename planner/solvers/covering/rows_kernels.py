"""Compiled search over rows that earn a credit per cover, under any rules on the choice of sites.

A plan is ``count`` (how many chosen and existing sites cover each row); the row's ``c``-th cover earns
``credit[c]`` of its worth, nothing beyond the last credit. Worth is a vector per row, one entry per
scenario (or district); a plan's value is the ordered mean of its sums, ``ordered[0]`` times the least
sum, ``ordered[1]`` times the next, and so on (Yager 1988), plus Σ ``straight`` · sums, less ``price`` per
close pair. A move takes
a site in and as many out as count, quotas, spacing and budget ask for; it is applied, scored exactly,
and taken back where refused.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.jit import compiled
from planner.solvers.covering.kernels import accepted, xorshift

__all__ = ["Reach", "RowPlan", "Value", "add_row_site", "gain_alone", "ordered_mean", "search_rows"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Reach(NamedTuple):
    """Which site covers which row: CSR site → row (``ptr``, ``idx``) and row → site (``tptr``, ``tidx``)."""

    ptr: Ints
    idx: NDArray[np.int32]
    tptr: Ints
    tidx: Ints


class Value(NamedTuple):
    """What covers are worth; ``worth``: one figure per row, to guess by."""

    worths: Floats
    worth: Floats
    credit: Floats
    ordered: Floats
    straight: Floats
    pair_ptr: Ints
    pair_idx: Ints
    price: float


class RowPlan(NamedTuple):
    """A plan as the search keeps it: ``members[:n]`` are chosen, ``place`` their positions there (-1: not chosen).

    ``times``: covers per row (``count`` in the loops); ``totals``: [value now, best value, number of ``best`` members, money spent, entries looked at].
    """

    times: NDArray[np.int32]
    sums: Floats
    members: Ints
    place: Ints
    best: Ints
    totals: Floats


@compiled
def gain_alone(ptr, idx, worth, credit, count, site):  # type: ignore[no-untyped-def]
    """What ``site`` would add, by one worth per row."""
    total = 0.0
    for e in range(ptr[site], ptr[site + 1]):
        c = count[idx[e]]
        if c < len(credit):
            total += worth[idx[e]] * credit[c]
    return total


@compiled
def _loss_alone(ptr, idx, worth, credit, count, site):  # type: ignore[no-untyped-def]
    """What the chosen ``site`` holds, by one worth per row."""
    total = 0.0
    for e in range(ptr[site], ptr[site + 1]):
        c = count[idx[e]] - 1
        if c < len(credit):
            total += worth[idx[e]] * credit[c]
    return total


@compiled
def add_row_site(ptr, idx, worths, credit, count, sums, site):  # type: ignore[no-untyped-def]
    """Choose ``site``: ``count`` and ``sums`` follow."""
    for e in range(ptr[site], ptr[site + 1]):
        j = idx[e]
        c = count[j]
        count[j] = c + 1
        if c < len(credit):
            for s in range(len(sums)):
                sums[s] += worths[j, s] * credit[c]


@compiled
def _drop_row_site(ptr, idx, worths, credit, count, sums, site):  # type: ignore[no-untyped-def]
    """Give ``site`` up: ``count`` and ``sums`` follow."""
    for e in range(ptr[site], ptr[site + 1]):
        j = idx[e]
        c = count[j] - 1
        count[j] = c
        if c < len(credit):
            for s in range(len(sums)):
                sums[s] -= worths[j, s] * credit[c]


@compiled
def ordered_mean(sums, ordered, straight):  # type: ignore[no-untyped-def]
    """Σ ``ordered[r]`` · the r-th least of ``sums`` + Σ ``straight`` · ``sums``."""
    if len(sums) == 1:
        return sums[0] * (ordered[0] + straight[0])
    rising = np.sort(sums)
    total = 0.0
    for r in range(len(rising)):
        total += ordered[r] * rising[r] + straight[r] * sums[r]
    return total


@compiled
def _below(n, state):  # type: ignore[no-untyped-def]
    """A random whole number in [0, n)."""
    return np.int64(((xorshift(state) >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@compiled
def _joined(ptr, idx, place, site):  # type: ignore[no-untyped-def]
    """How many chosen sites ``site`` is linked to, and the last of them (-1: none)."""
    n, last = 0, -1
    for e in range(ptr[site], ptr[site + 1]):
        if place[idx[e]] >= 0:
            n += 1
            last = idx[e]
    return n, last


@compiled
def _linked(ptr, idx, a, b):  # type: ignore[no-untyped-def]
    """1 where sites ``a`` and ``b`` are a pair, else 0."""
    for e in range(ptr[a], ptr[a + 1]):
        if idx[e] == b:
            return 1
    return 0


@compiled
def _pairs_more(pair_ptr, pair_idx, place, first, second, site):  # type: ignore[no-untyped-def]
    """Close pairs that the move adds (``place`` still shows the old plan)."""
    more = _joined(pair_ptr, pair_idx, place, site)[0]
    for out in (first, second):
        if out >= 0:
            more -= _joined(pair_ptr, pair_idx, place, out)[0] + _linked(pair_ptr, pair_idx, site, out)
    if first >= 0 and second >= 0:
        more += _linked(pair_ptr, pair_idx, first, second)
    return more


@compiled
def _joins(limits, first, second, site):  # type: ignore[no-untyped-def]
    """Whether the labels of ``site`` have room for it once ``first`` and ``second`` (-1: nobody) have left."""
    for t in range(limits.labels.shape[0]):
        home = limits.labels[t, site]
        load = limits.load[home] + 1
        for out in (first, second):
            if out >= 0 and limits.labels[t, out] == home:
                load -= 1
        if load > limits.most[home]:
            return False
    return True


@compiled
def _may_go(k, gone, limits, site):  # type: ignore[no-untyped-def]
    """Whether ``k`` may leave when ``site`` joins (``gone``: a site that leaves already, or -1)."""
    if k < 0 or limits.fixed[k] or k == gone:
        return False
    for t in range(limits.labels.shape[0]):
        theirs = limits.labels[t, k]
        load = limits.load[theirs] - 1
        if gone >= 0 and limits.labels[t, gone] == theirs:
            load -= 1
        if limits.labels[t, site] == theirs:
            load += 1
        if load < limits.least[theirs]:
            return False
    return gone >= 0 or _joins(limits, k, -1, site)


@compiled
def _quiet(gone, site, limits, chosen, loss, by_cost, tries, need, state):  # type: ignore[no-untyped-def]
    """The chosen site of least loss (per cost) among ``tries`` drawn that may go and frees ``need``."""
    best = -1
    least = np.inf
    for _ in range(tries):
        k = chosen[_below(len(chosen), state)]
        if limits.cost[k] < need or not _may_go(k, gone, limits, site):
            continue
        score = loss[k] / limits.cost[k] if by_cost and limits.cost[k] > 0 else loss[k]
        if score < least:
            best, least = k, score
    return best


@compiled
def _neighbour(reach, place, site, state):  # type: ignore[no-untyped-def]
    """A chosen site that covers a random row of ``site``; -1 where none does."""
    ptr, idx, tptr, tidx = reach.ptr, reach.idx, reach.tptr, reach.tidx
    if ptr[site] == ptr[site + 1]:
        return -1
    j = idx[ptr[site] + _below(ptr[site + 1] - ptr[site], state)]
    start, size = tptr[j], tptr[j + 1] - tptr[j]
    shift = _below(size, state)
    for e in range(size):
        k = tidx[start + (e + shift) % size]
        if place[k] >= 0:
            return k
    return -1


@compiled
def _refresh(reach, value, count, place, loss, stamp, mark, site):  # type: ignore[no-untyped-def]
    """Recompute ``loss`` of the chosen sites that share a row with ``site``; returns what that cost."""
    ptr, idx, tptr, tidx = reach.ptr, reach.idx, reach.tptr, reach.tidx
    work = 0
    if site < 0:
        return work
    if place[site] >= 0:
        loss[site] = _loss_alone(ptr, idx, value.worth, value.credit, count, site)
    for e in range(ptr[site], ptr[site + 1]):
        j = idx[e]
        for f in range(tptr[j], tptr[j + 1]):
            k = tidx[f]
            if place[k] >= 0 and stamp[k] != mark:
                stamp[k] = mark
                loss[k] = _loss_alone(ptr, idx, value.worth, value.credit, count, k)
                work += ptr[k + 1] - ptr[k]
        work += tptr[j + 1] - tptr[j]
    return work


@compiled
def _replace(members, place, limits, n, first, second, site):  # type: ignore[no-untyped-def]
    """Put the move into ``members``, ``place`` and the loads; returns the number of members."""
    for out in (first, second):
        if out >= 0:
            at = place[out]
            place[out] = -1
            n -= 1
            if at < n:
                members[at] = members[n]
                place[members[at]] = at
            for t in range(limits.labels.shape[0]):
                limits.load[limits.labels[t, out]] -= 1
    members[n] = site
    place[site] = n
    for t in range(limits.labels.shape[0]):
        limits.load[limits.labels[t, site]] += 1
    return n + 1


@compiled
def _leavers(reach, limits, over, blocker, members, place, loss, tries, site, state):  # type: ignore[no-untyped-def]
    """Who leaves for ``site``: (possible, first or -1, second or -1, whether the first is close by).

    ``over``: money missing if nobody leaves (≤ 0: none).
    """
    counted, cost = limits.counted, limits.cost
    if blocker < 0 and not counted and over <= 0.0 and _joins(limits, -1, -1, site):
        return True, -1, -1, True
    if len(members) == 0:
        return False, -1, -1, True
    need = over if counted and over > 0.0 else 0.0
    by_cost = over > 0.0 and not counted
    first = blocker
    if first < 0 and xorshift(state) & np.uint64(1 << 40):
        first = _neighbour(reach, place, site, state)
    close = first >= 0
    if first < 0:
        first = _quiet(-1, site, limits, members, loss, by_cost, tries, need, state)
    if not _may_go(first, -1, limits, site):
        return False, -1, -1, close
    if over <= cost[first] or over <= 0.0:
        return True, first, -1, close
    if counted or len(members) < 2:
        return False, -1, -1, close
    second = _quiet(first, site, limits, members, loss, by_cost, tries, over - cost[first], state)
    return second >= 0, first, second, close


@compiled
def _apply(reach, value, count, sums, first, second, site):  # type: ignore[no-untyped-def]
    """Sites ``first`` and ``second`` (-1: nobody) leave, ``site`` joins; returns the entries looked at."""
    ptr, idx = reach.ptr, reach.idx
    work = 2 * (ptr[site + 1] - ptr[site])
    for out in (first, second):
        if out >= 0:
            _drop_row_site(ptr, idx, value.worths, value.credit, count, sums, out)
            work += 2 * (ptr[out + 1] - ptr[out])
    add_row_site(ptr, idx, value.worths, value.credit, count, sums, site)
    return work


@compiled
def _take_back(reach, value, count, sums, first, second, site):  # type: ignore[no-untyped-def]
    """Undo :func:`_apply`."""
    _drop_row_site(reach.ptr, reach.idx, value.worths, value.credit, count, sums, site)
    for out in (second, first):
        if out >= 0:
            add_row_site(reach.ptr, reach.idx, value.worths, value.credit, count, sums, out)


@compiled
def _cost_of(cost, site):  # type: ignore[no-untyped-def]
    return cost[site] if site >= 0 else 0.0


@compiled
def search_rows(reach, value, limits, plan, n, pool, heat, tries, work, state):  # type: ignore[no-untyped-def]
    """Annealed moves until ``work`` coverage entries were looked at.

    ``reach``: :class:`Reach`, ``value``: :class:`Value`, ``limits``: the rules, ``plan``: :class:`RowPlan` with ``n``
    members. Changes the plan, the loads of ``limits`` and ``state``; returns the number of members.
    """
    ptr, idx, cost = reach.ptr, reach.idx, limits.cost
    count, sums, members, place, totals = plan.times, plan.sums, plan.members, plan.place, plan.totals
    loss = np.zeros(len(ptr) - 1)
    stamp = np.full(len(ptr) - 1, -1, np.int64)
    for k in members[:n]:
        loss[k] = _loss_alone(ptr, idx, value.worth, value.credit, count, k)
    slack = 1e-12 * limits.budget if np.isfinite(limits.budget) else 0.0
    now, best, spent, done, mark = totals[0], totals[1], totals[3], 0, 0
    before = np.empty(len(sums))
    while done < work:
        site = pool[_below(len(pool), state)]
        size = ptr[site + 1] - ptr[site]
        done += 8
        if place[site] >= 0:
            continue
        blockers, blocker = _joined(limits.conflict_ptr, limits.conflict_idx, place, site)
        if blockers > 1:
            continue
        over = spent + cost[site] - limits.budget - slack
        able, first, second, close = _leavers(
            reach, limits, over, blocker, members[:n], place, loss, tries, site, state)  # fmt: skip
        done += tries + size
        if not able:
            continue
        if not close and value.price == 0.0:
            hope = gain_alone(ptr, idx, value.worth, value.credit, count, site) - loss[first]
            if hope - (loss[second] if second >= 0 else 0.0) < -25.0 * heat:
                continue
        before[:] = sums
        done += _apply(reach, value, count, sums, first, second, site)
        change = ordered_mean(sums, value.ordered, value.straight)
        change -= ordered_mean(before, value.ordered, value.straight)
        change -= value.price * _pairs_more(value.pair_ptr, value.pair_idx, place, first, second, site)
        if (first < 0 and change <= 0.0) or not accepted(change, heat, state):
            _take_back(reach, value, count, sums, first, second, site)
            sums[:] = before
            continue
        n = _replace(members, place, limits, n, first, second, site)
        now += change
        mark += 1
        spent += cost[site] - _cost_of(cost, first) - _cost_of(cost, second)
        for other in (first, second, site):
            done += _refresh(reach, value, count, place, loss, stamp, mark, other)
        if now > best + 1e-9 * abs(best):
            best = now
            plan.best[:n] = members[:n]
            totals[2] = n
    totals[0], totals[1], totals[3], totals[4] = now, best, spent, totals[4] + done
    return n
