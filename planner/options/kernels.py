"""Compiled loops of the search: changes of a place's option, their gain, their room within the limits.

A plan is ``choice`` (per place the option taken, -1: none), ``count`` (per row how many of these cover it) and ``load``
(per limit what they use). Options of a place are sets of pieces that do not overlap, so a change from one option to
another gains and loses exactly the pieces in which they differ.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.jit import compiled
from planner.solvers.covering.kernels import xorshift

__all__ = ["Menu", "Taken", "anneal", "mend", "take"]


class Menu(NamedTuple):
    """What may be taken: the arrays of a core (``low``, ``high``: its limits, rounding allowed for)."""

    place_ptr: NDArray[np.int64]
    must: NDArray[np.bool_]
    option_ptr: NDArray[np.int64]
    piece: NDArray[np.int64]
    piece_ptr: NDArray[np.int64]
    row: NDArray[np.int32]
    weight: NDArray[np.float64]
    place: NDArray[np.int64]
    use: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


class Taken(NamedTuple):
    """A plan as the search keeps it."""

    choice: NDArray[np.int64]
    count: NDArray[np.int32]
    load: NDArray[np.float64]


@compiled
def _differ(menu, a, b, gone, come):  # type: ignore[no-untyped-def]
    """Pieces of ``a`` alone into ``gone``, of ``b`` alone into ``come`` (-1: no option); how many of each."""
    e = menu.option_ptr[a] if a >= 0 else 0
    e_end = menu.option_ptr[a + 1] if a >= 0 else 0
    f = menu.option_ptr[b] if b >= 0 else 0
    f_end = menu.option_ptr[b + 1] if b >= 0 else 0
    n_gone, n_come = 0, 0
    while e < e_end or f < f_end:
        if f >= f_end or (e < e_end and menu.piece[e] < menu.piece[f]):
            gone[n_gone] = menu.piece[e]
            n_gone += 1
            e += 1
        elif e >= e_end or menu.piece[f] < menu.piece[e]:
            come[n_come] = menu.piece[f]
            n_come += 1
            f += 1
        else:
            e += 1
            f += 1
    return n_gone, n_come


@compiled
def _gain(menu, count, gone, n_gone, come, n_come):  # type: ignore[no-untyped-def]
    """Weight gained (net) by giving the pieces ``gone`` for ``come``, and the rows looked at."""
    total, looked = 0.0, 0
    for k in range(n_come):
        for e in range(menu.piece_ptr[come[k]], menu.piece_ptr[come[k] + 1]):
            j = np.uint64(menu.row[e])
            if count[j] == 0:
                total += menu.weight[j]
        looked += menu.piece_ptr[come[k] + 1] - menu.piece_ptr[come[k]]
    for k in range(n_gone):
        for e in range(menu.piece_ptr[gone[k]], menu.piece_ptr[gone[k] + 1]):
            j = np.uint64(menu.row[e])
            if count[j] == 1:
                total -= menu.weight[j]
        looked += menu.piece_ptr[gone[k] + 1] - menu.piece_ptr[gone[k]]
    return total, looked


@compiled
def _apply(menu, taken, p, b, gone, n_gone, come, n_come):  # type: ignore[no-untyped-def]
    """Place ``p`` takes option ``b``; returns the rows touched."""
    looked = 0
    for k in range(n_come):
        for e in range(menu.piece_ptr[come[k]], menu.piece_ptr[come[k] + 1]):
            taken.count[np.uint64(menu.row[e])] += 1
        looked += menu.piece_ptr[come[k] + 1] - menu.piece_ptr[come[k]]
    for k in range(n_gone):
        for e in range(menu.piece_ptr[gone[k]], menu.piece_ptr[gone[k] + 1]):
            taken.count[np.uint64(menu.row[e])] -= 1
        looked += menu.piece_ptr[gone[k] + 1] - menu.piece_ptr[gone[k]]
    taken.choice[p] = b
    return looked


@compiled
def _use(menu, load, a, b):  # type: ignore[no-untyped-def]
    """Option ``b`` is used in the place of ``a`` (-1: none)."""
    for r in range(len(load)):
        if a >= 0:
            load[r] -= menu.use[a, r]
        if b >= 0:
            load[r] += menu.use[b, r]


@compiled
def _keeps(menu, load):  # type: ignore[no-untyped-def]
    """Whether every limit is kept."""
    for r in range(len(load)):
        if load[r] > menu.high[r] or load[r] < menu.low[r]:
            return False
    return True


@compiled
def _charge(menu, toll, a, b):  # type: ignore[no-untyped-def]
    """What taking ``b`` for ``a`` costs more in tolls."""
    total = 0.0
    for r in range(len(toll)):
        total += toll[r] * ((menu.use[b, r] if b >= 0 else 0.0) - (menu.use[a, r] if a >= 0 else 0.0))
    return total


@compiled
def take(menu, taken, start):  # type: ignore[no-untyped-def]
    """Fill ``taken`` with the choice ``start``; returns the weight covered."""
    taken.count[:] = 0
    taken.load[:] = 0.0
    gone = np.empty(1, np.int64)
    total = 0.0
    for p in range(len(start)):
        taken.choice[p] = -1
        b = start[p]
        if b >= 0:
            come = menu.piece[menu.option_ptr[b] : menu.option_ptr[b + 1]]
            total += _gain(menu, taken.count, gone, 0, come, len(come))[0]
            _apply(menu, taken, p, b, gone, 0, come, len(come))
            _use(menu, taken.load, -1, b)
    return total


@compiled
def _other(menu, choice, random):  # type: ignore[no-untyped-def]
    """A random place with an option in force, and another option of it (or none, where it need not have one)."""
    while True:
        p = np.int64(xorshift(random) % np.uint64(len(choice)))
        if choice[p] >= 0:
            break
    n = menu.place_ptr[p + 1] - menu.place_ptr[p]
    if menu.must[p]:
        if n < 2:
            return p, choice[p]
        k = np.int64(xorshift(random) % np.uint64(n - 1))
        o = menu.place_ptr[p] + k
        return p, o + 1 if o >= choice[p] else o
    if n < 2 or xorshift(random) % np.uint64(4) != 0:
        return p, -1
    o = menu.place_ptr[p] + np.int64(xorshift(random) % np.uint64(n))
    return p, -1 if o == choice[p] else o


@compiled
def _unit(random):  # type: ignore[no-untyped-def]
    """A random number above 0, at most 1."""
    return (np.float64(xorshift(random) >> np.uint64(11)) + 1.0) / 9007199254740992.0


@compiled
def anneal(menu, taken, pool, toll, warmth, entries, tries, random, best, now, best_value):  # type: ignore[no-untyped-def]
    """Changes of options for ``entries`` looks at coverage; returns (value now, best value, entries looked at).

    A change is one place's, or, where the limits have no room for it, a second place's with it (``tries`` of these are
    looked for). It is accepted by Metropolis's rule at ``warmth`` on weight less ``toll`` on what it uses; at warmth
    0 only where weight rises. ``pool``: options drawn from; an option drawn that is in force is given up. ``best``: the choice of the best value.
    """
    widest = 1
    for o in range(len(menu.place)):
        widest = max(widest, menu.option_ptr[o + 1] - menu.option_ptr[o])
    gone, come = np.empty(widest, np.int64), np.empty(widest, np.int64)
    gone2, come2 = np.empty(widest, np.int64), np.empty(widest, np.int64)
    choice, load = taken.choice, taken.load
    in_force = 0
    for p in range(len(choice)):
        if choice[p] >= 0:
            in_force += 1
    looked, fresh = 0, False
    while looked < entries:
        looked += 20
        if in_force > 0 and xorshift(random) % np.uint64(4) == 0:
            p, b = _other(menu, choice, random)
            a = choice[p]
            if a == b:
                continue
        else:
            b = pool[np.int64(xorshift(random) % np.uint64(len(pool)))]
            p = menu.place[b]
            a = choice[p]
            if a == b:
                continue
        bar = warmth * np.log(_unit(random)) if warmth > 0 else 0.0
        _use(menu, load, a, b)
        q, c, d = -1, -1, -1
        if not _keeps(menu, load):
            found = False
            if in_force > 1:
                for _ in range(tries):
                    q, d = _other(menu, choice, random)
                    looked += 5
                    c = choice[q]
                    if q == p or c == d:
                        continue
                    _use(menu, load, c, d)
                    if _keeps(menu, load):
                        found = True
                        break
                    _use(menu, load, d, c)
            if not found:
                _use(menu, load, b, a)
                continue
        n_gone, n_come = _differ(menu, a, b, gone, come)
        gain, seen = _gain(menu, taken.count, gone, n_gone, come, n_come)
        looked += seen
        worth = gain - _charge(menu, toll, a, b)
        if q < 0:
            accept = worth >= bar if warmth > 0 else gain > 0.0
            if not accept:
                _use(menu, load, b, a)
                continue
            if fresh and gain < 0.0:
                best[:] = choice
                fresh = False
            looked += _apply(menu, taken, p, b, gone, n_gone, come, n_come)
        else:
            # what the second place gives up is at least what it alone covers now, less what the first just took over
            if fresh:
                best[:] = choice
                fresh = False
            looked += _apply(menu, taken, p, b, gone, n_gone, come, n_come)
            n_gone2, n_come2 = _differ(menu, c, d, gone2, come2)
            more, seen = _gain(menu, taken.count, gone2, n_gone2, come2, n_come2)
            looked += seen
            gain += more
            worth += more - _charge(menu, toll, c, d)
            accept = worth >= bar if warmth > 0 else gain > 0.0
            if not accept:
                looked += _apply(menu, taken, p, a, come, n_come, gone, n_gone)
                _use(menu, load, d, c)
                _use(menu, load, b, a)
                continue
            looked += _apply(menu, taken, q, d, gone2, n_gone2, come2, n_come2)
            in_force += (1 if d >= 0 else 0) - (1 if c >= 0 else 0)
        in_force += (1 if b >= 0 else 0) - (1 if a >= 0 else 0)
        now += gain
        if now > best_value:
            best_value = now
            fresh = True
    if fresh:
        best[:] = choice
    return now, best_value, looked


@compiled
def _broken(menu, load, a, b, size):  # type: ignore[no-untyped-def]
    """By how much the limits would be broken (in shares of ``size``) once ``b`` is taken for ``a``."""
    total = 0.0
    for r in range(len(load)):
        x = load[r]
        if a != b:
            x += (menu.use[b, r] if b >= 0 else 0.0) - (menu.use[a, r] if a >= 0 else 0.0)
        total += max(0.0, x - menu.high[r], menu.low[r] - x) / size[r]
    return total


@compiled
def mend(menu, choice, load, net, size, most):  # type: ignore[no-untyped-def]
    """Change options until the limits are kept, each time the change that mends most per worth (``net``) lost.

    ``size``: what counts as one in each limit. Returns whether the limits are kept after at most ``most`` changes.
    """
    for _ in range(most):
        broken = _broken(menu, load, -1, -1, size)
        if broken <= 0.0:
            return True
        best, where, what = 0.0, -1, -1
        for p in range(len(choice)):
            a = choice[p]
            worth = net[a] if a >= 0 else 0.0
            for b in range(menu.place_ptr[p] - 1, menu.place_ptr[p + 1]):
                other = b if b >= menu.place_ptr[p] else -1
                if other == a or (other < 0 and menu.must[p]):
                    continue
                less = broken - _broken(menu, load, a, other, size)
                if less <= 1e-12 * broken:
                    continue
                lost = worth - (net[other] if other >= 0 else 0.0)
                rate = less / max(lost, 1e-9) if lost > 0 else less * 1e12 - lost
                if rate > best:
                    best, where, what = rate, p, other
        if where < 0:
            return False
        _use(menu, load, choice[where], what)
        choice[where] = what
    return _broken(menu, load, -1, -1, size) <= 0.0
