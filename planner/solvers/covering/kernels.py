"""Compiled loops over coverage in CSR form (site → demand rows): greedy, swap with annealing, dual step.

All of them only ever walk the rows of one site at a time, so no demand → site index is kept. Per
demand row two numbers describe a plan: ``count`` (how many chosen sites cover it) and ``owner`` (the
sum of their positions, which *is* the covering site where ``count == 1``). ``loss[k]`` is the weight
that only chosen site ``k`` covers. ``limits``: the rules (:class:`planner.solvers.rules.Limits`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.jit import compiled

__all__ = [
    "SwapPlan",
    "accepted",
    "add_site",
    "anneal",
    "best_per_label",
    "column_sums",
    "cover_count",
    "drop_site",
    "gain_of",
    "may_swap",
    "swap_loads",
    "xorshift",
]


class SwapPlan(NamedTuple):
    """A plan as the swaps keep it: ``chosen`` sites, their ``place`` there (-1: not chosen), and the books.

    ``times``: how many chosen sites cover each row (``count`` in the loops).
    """

    times: NDArray[np.int32]
    owner: NDArray[np.int64]
    loss: NDArray[np.float64]
    chosen: NDArray[np.int64]
    place: NDArray[np.int64]


#: Codes of ``alone`` for rows that no, or more than one, chosen site covers.
FREE = -1
SHARED = -2


@compiled
def gain_of(ptr, idx, weight, count, site):  # type: ignore[no-untyped-def]
    """Weight that ``site`` would newly cover."""
    total = 0.0
    for e in range(ptr[site], ptr[site + 1]):
        j = np.uint64(idx[e])
        if count[j] == 0:
            total += weight[j]
    return total


@compiled
def add_site(ptr, idx, weight, count, owner, loss, site):  # type: ignore[no-untyped-def]
    """Choose ``site``: bring ``count``, ``owner`` and ``loss`` up to date; returns the weight gained."""
    gained = 0.0
    for e in range(ptr[site], ptr[site + 1]):
        j = np.uint64(idx[e])
        c = count[j]
        if c == 0:
            gained += weight[j]
        elif c == 1:
            loss[owner[j]] -= weight[j]
        count[j] = c + 1
        owner[j] += site
    loss[site] = gained
    return gained


@compiled
def drop_site(ptr, idx, weight, count, owner, loss, site):  # type: ignore[no-untyped-def]
    """Give ``site`` up; returns the weight lost."""
    lost = 0.0
    for e in range(ptr[site], ptr[site + 1]):
        j = np.uint64(idx[e])
        c = count[j] - 1
        count[j] = c
        owner[j] -= site
        if c == 0:
            lost += weight[j]
        elif c == 1:
            loss[owner[j]] += weight[j]
    loss[site] = 0.0
    return lost


@compiled
def xorshift(state):  # type: ignore[no-untyped-def]
    """Next 64-bit number of Marsaglia's xorshift generator (``state``: uint64 [1], changed)."""
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return x


@compiled
def may_swap(limits, out, site):  # type: ignore[no-untyped-def]
    """Whether every label keeps its least and its most when ``site`` takes the place of ``out``."""
    for t in range(limits.labels.shape[0]):
        home, theirs = limits.labels[t, site], limits.labels[t, out]
        if home != theirs and (
            limits.load[home] >= limits.most[home] or limits.load[theirs] <= limits.least[theirs]
        ):
            return False
    return True


@compiled
def swap_loads(limits, out, site):  # type: ignore[no-untyped-def]
    """``site`` has taken the place of ``out``: the loads of their labels follow."""
    for t in range(limits.labels.shape[0]):
        limits.load[limits.labels[t, out]] -= 1
        limits.load[limits.labels[t, site]] += 1


@compiled
def _quietest(chosen, loss, kind, quiet, rising):  # type: ignore[no-untyped-def]
    """Per kind of site the chosen one with the least loss (-1: none); ``rising``: these by rising loss."""
    quiet[:] = -1
    rising[:] = -1
    for k in chosen:
        r = kind[k]
        if quiet[r] < 0 or loss[k] < loss[quiet[r]]:
            quiet[r] = k
    n = 0
    for k in quiet:
        if k >= 0:
            at = n
            while at > 0 and loss[rising[at - 1]] > loss[k]:
                rising[at] = rising[at - 1]
                at -= 1
            rising[at] = k
            n += 1


@compiled
def _quiet_enough(limits, rising, site):  # type: ignore[no-untyped-def]
    """The first of ``rising`` (the quietest of each kind) that ``site`` may replace (-1: none)."""
    for k in rising:
        if k < 0:
            break
        if may_swap(limits, k, site):
            return k
    return -1


@compiled
def _listed(sites, site):  # type: ignore[no-untyped-def]
    """Whether ``site`` is among ``sites``."""
    return (sites == site).any()


@compiled
def _mark(ptr, idx, count, owner, alone, site):  # type: ignore[no-untyped-def]
    """Bring ``alone`` up to date on the rows of ``site``: the one covering site, FREE or SHARED."""
    for e in range(ptr[site], ptr[site + 1]):
        j = np.uint64(idx[e])
        alone[j] = FREE if count[j] == 0 else (owner[j] if count[j] == 1 else SHARED)


@compiled
def _best_swap(ptr, idx, weight, alone, loss, limits, quiet, rising, blocked_by, extra, touched, site):  # type: ignore[no-untyped-def]
    """Best chosen site to give up for ``site``: (position or -1, change of covered weight).

    ``blocked_by``: -1 free, else the one chosen site that must leave for ``site`` to fit. ``extra[k + 2]``
    gathers what only chosen site k covers of the rows of ``site``; FREE and SHARED have slots of their own.
    """
    n_touched = 0
    for e in range(ptr[site], ptr[site + 1]):  # no branch: which case a row is cannot be guessed
        j = np.uint64(idx[e])
        slot = np.uint64(alone[j] + 2)
        old = extra[slot]
        touched[n_touched] = slot
        n_touched += old == 0.0
        extra[slot] = old + weight[j]
    gain = extra[FREE + 2]
    best = -1
    best_loss = np.inf
    if blocked_by >= 0:
        if may_swap(limits, blocked_by, site):
            best = blocked_by
            best_loss = loss[best] - extra[best + 2]
    else:
        for t in range(n_touched):
            k = touched[t] - 2
            if k >= 0 and loss[k] - extra[k + 2] < best_loss and may_swap(limits, k, site):
                best = k
                best_loss = loss[k] - extra[k + 2]
        for k in (quiet[limits.kind[site]], _quiet_enough(limits, rising, site)):
            if k >= 0 and loss[k] - extra[k + 2] < best_loss:
                best = k
                best_loss = loss[k] - extra[k + 2]
    for t in range(n_touched):
        extra[touched[t]] = 0.0
    return best, gain - best_loss


@compiled
def _blocker(conflict_ptr, conflict_idx, place, site):  # type: ignore[no-untyped-def]
    """The one chosen site too close to ``site``; -1 none, -2 several."""
    blocker = -1
    for e in range(conflict_ptr[site], conflict_ptr[site + 1]):
        k = conflict_idx[e]
        if place[k] >= 0:
            if blocker >= 0:
                return -2
            blocker = k
    return blocker


@compiled
def accepted(change, hot, state):  # type: ignore[no-untyped-def]
    """Metropolis' rule; a cold search takes only what improves."""
    if hot <= 0.0:
        return change > 0.0
    if change >= 0.0:
        return True
    if change < -25.0 * hot:
        return False
    u = (xorshift(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0)
    return u < np.exp(change / hot)


@compiled
def _copy(values, into):  # type: ignore[no-untyped-def]
    """``into[j] = values[j]``."""
    for j in range(len(values)):
        into[j] = values[j]


@compiled
def anneal(ptr, idx, weight, plan, limits, pool, best_chosen, start, best, heat, work, state):  # type: ignore[no-untyped-def]
    """Swaps of one chosen for one unchosen site, worse ones accepted with Metropolis' rule.

    A move draws an entering site from ``pool`` and gives up the chosen site that hurts least, within
    the counts and conflicts. Ends after ``work`` coverage entries were looked at. Changes ``plan`` (a
    :class:`SwapPlan`), the loads of ``limits``, ``best_chosen`` and the generator ``state``. Returns (covered
    weight now, best covered weight, entries looked at).
    """
    count, owner, loss, chosen, place = plan.times, plan.owner, plan.loss, plan.chosen, plan.place
    m = len(ptr) - 1
    alone = np.empty(len(count), np.int32)
    for j in range(len(count)):
        alone[j] = FREE if count[j] == 0 else (owner[j] if count[j] == 1 else SHARED)
    extra = np.zeros(m + 2)
    longest, kinds = 0, 0  # by hand, as _copy: np.diff, max and assigning a slice take 8 s to compile
    for j in range(m):
        if ptr[j + 1] - ptr[j] > longest:
            longest = ptr[j + 1] - ptr[j]
        if limits.kind[j] > kinds:
            kinds = limits.kind[j]
    touched = np.empty(longest + 1, np.int64)
    quiet = np.empty(kinds + 1, np.int64)
    rising = np.empty(len(quiet), np.int64)
    _quietest(chosen, loss, limits.kind, quiet, rising)
    now = start
    done = 0
    taken = 0
    n_pool = np.uint64(len(pool))
    while done < work:
        site = pool[((xorshift(state) >> np.uint64(32)) * n_pool) >> np.uint64(32)]
        done += 8
        if place[site] >= 0:
            continue
        blocked = _blocker(limits.conflict_ptr, limits.conflict_idx, place, site)
        if blocked == -2:
            continue
        done += ptr[site + 1] - ptr[site]
        out, change = _best_swap(
            ptr, idx, weight, alone, loss, limits, quiet, rising, blocked, extra, touched, site
        )
        if out < 0:
            continue
        if not accepted(change, heat, state):
            continue
        done += 2 * (ptr[site + 1] - ptr[site]) + 2 * (ptr[out + 1] - ptr[out])
        drop_site(ptr, idx, weight, count, owner, loss, out)
        add_site(ptr, idx, weight, count, owner, loss, site)
        _mark(ptr, idx, count, owner, alone, out)
        _mark(ptr, idx, count, owner, alone, site)
        at = place[out]
        place[out] = -1
        place[site] = at
        chosen[at] = site
        swap_loads(limits, out, site)
        now += change
        taken += 1
        if taken % 8 == 0 or _listed(quiet, out) or len(limits.most) > 1:
            _quietest(chosen, loss, limits.kind, quiet, rising)
        if now > best + 1e-9 * abs(best):
            best = now
            _copy(chosen, best_chosen)
    return now, best, done


@compiled
def column_sums(ptr, idx, dual, out):  # type: ignore[no-untyped-def]
    """``out[i]`` = Σ of ``dual`` over the rows that site ``i`` covers."""
    for i in range(len(ptr) - 1):
        total = 0.0
        for e in range(ptr[i], ptr[i + 1]):
            total += dual[np.uint64(idx[e])]
        out[i] = total


@compiled
def cover_count(ptr, idx, sites, count):  # type: ignore[no-untyped-def]
    """``count[j]`` = how many of ``sites`` cover row ``j``."""
    count[:] = 0
    for i in sites:
        for e in range(ptr[i], ptr[i + 1]):
            count[np.uint64(idx[e])] += 1


@compiled
def best_per_label(order, score, label_of, least, most, p):  # type: ignore[no-untyped-def]
    """The sites of ``order`` that fill each label's ``least``, and the next up to ``most``: ``p`` in all, or (-1) all that score."""
    must, others = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    seen = np.zeros(len(least), np.int64)
    n_must, n_others = 0, 0
    for i in order:
        label = label_of[i]
        seen[label] += 1
        if seen[label] <= least[label]:
            must[n_must] = i
            n_must += 1
        elif seen[label] <= most[label] and (p >= 0 or score[i] > 0.0):
            others[n_others] = i
            n_others += 1
    if p >= 0:
        n_others = min(n_others, max(p - n_must, 0))
    return must[:n_must], others[:n_others]
