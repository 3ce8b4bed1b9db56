"""Compiled loops of the search: changes of a place's option, their gain, their room within the limits.

A plan is ``choice`` (per place the option taken, -1: none), ``times`` (per row how many of these cover it) and ``load``
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


#: At warmth 0 a change must gain at least this share of what is covered: less is rounding.
LEAST_GAIN = 1e-13


class Menu(NamedTuple):
    """What may be taken: the arrays of a core (``low``, ``high``: its limits, rounding allowed for; ``apart``: places too near)."""

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
    stands: NDArray[np.bool_]
    apart_ptr: NDArray[np.int64]
    apart: NDArray[np.int64]


class Taken(NamedTuple):
    """A plan as the search keeps it."""

    choice: NDArray[np.int64]
    times: NDArray[np.int32]
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
            taken.times[np.uint64(menu.row[e])] += 1
        looked += menu.piece_ptr[come[k] + 1] - menu.piece_ptr[come[k]]
    for k in range(n_gone):
        for e in range(menu.piece_ptr[gone[k]], menu.piece_ptr[gone[k] + 1]):
            taken.times[np.uint64(menu.row[e])] -= 1
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
    kept = True
    for r in range(len(load)):
        kept = kept and menu.low[r] <= load[r] <= menu.high[r]
    return kept


@compiled
def _too_near(menu, choice, p, b, q, d):  # type: ignore[no-untyped-def]
    """How many places near ``p`` stand in the way of its option ``b``, once ``q`` takes ``d`` (q < 0: nothing else), and the last of them."""
    crowd, last = 0, -1
    if b < 0 or not menu.stands[b]:
        return crowd, last
    for e in range(menu.apart_ptr[p], menu.apart_ptr[p + 1]):
        n = menu.apart[e]
        o = d if n == q else choice[n]
        if o >= 0 and menu.stands[o]:
            crowd, last = crowd + 1, n
    return crowd, last


@compiled
def _leaves(menu, choice, q, random):  # type: ignore[no-untyped-def]
    """An option of ``q`` (or none) that does not stand; the option it has where there is none."""
    n = menu.place_ptr[q + 1] - menu.place_ptr[q]
    begin = np.int64(xorshift(random) % np.uint64(n + 1))
    for k in range(n + 1):
        at = (begin + k) % (n + 1)
        o = menu.place_ptr[q] + at if at < n else -1
        if (o < 0 and not menu.must[q]) or (o >= 0 and not menu.stands[o]):
            return o
    return choice[q]


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
    taken.times[:] = 0
    taken.load[:] = 0.0
    gone = np.empty(1, np.int64)
    total = 0.0
    for p in range(len(start)):
        taken.choice[p] = -1
        b = start[p]
        if b >= 0:
            come = menu.piece[menu.option_ptr[b] : menu.option_ptr[b + 1]]
            total += _gain(menu, taken.times, gone, 0, come, len(come))[0]
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
def _draw(menu, choice, in_force, pool, random):  # type: ignore[no-untyped-def]
    """A place and what it might take: one time in four a place in force gives way, else an option of ``pool`` comes."""
    if in_force > 0 and xorshift(random) % np.uint64(4) == 0:
        return _other(menu, choice, random)
    o = pool[np.int64(xorshift(random) % np.uint64(len(pool)))]
    return menu.place[o], o


@compiled
def _partner(menu, taken, p, b, tries, random):  # type: ignore[no-untyped-def]
    """A place other than ``p`` (which takes ``b``), and what it might take so that the limits are kept (the load is changed); -1: none found."""
    for _ in range(tries):
        q, d = _other(menu, taken.choice, random)
        c = taken.choice[q]
        if q == p or c == d or _too_near(menu, taken.choice, q, d, p, b)[0] > 0:
            continue
        _use(menu, taken.load, c, d)
        if _keeps(menu, taken.load):
            return q, d
        _use(menu, taken.load, d, c)
    return -1, -1


@compiled
def _room_for(menu, taken, p, b, tries, random):  # type: ignore[no-untyped-def]
    """Whether ``p`` may take ``b``, and what another place takes with it (-1: none); the load is changed if so."""
    a = taken.choice[p]
    crowd, q = _too_near(menu, taken.choice, p, b, -1, -1)
    if crowd > 1:
        return False, -1, -1
    _use(menu, taken.load, a, b)
    if crowd == 1:  # the one that stands in the way gives way
        d = _leaves(menu, taken.choice, q, random)
        _use(menu, taken.load, taken.choice[q], d)
        if d != taken.choice[q] and _keeps(menu, taken.load):
            return True, q, d
        _use(menu, taken.load, d, taken.choice[q])
        _use(menu, taken.load, b, a)
        return False, -1, -1
    if _keeps(menu, taken.load):
        return True, -1, -1
    q, d = _partner(menu, taken, p, b, tries, random)
    if q < 0:
        _use(menu, taken.load, b, a)
    return q >= 0, q, d


@compiled
def _try_one(menu, taken, p, b, toll, bar, pieces, best, fresh):  # type: ignore[no-untyped-def]
    """Change one place if it is worth at least ``bar`` (weight less tolls); returns (done, gain, rows seen)."""
    a = taken.choice[p]
    gone, come = pieces[0], pieces[1]
    n_gone, n_come = _differ(menu, a, b, gone, come)
    gain, seen = _gain(menu, taken.times, gone, n_gone, come, n_come)
    if gain - _charge(menu, toll, a, b) < bar:
        return False, 0.0, seen
    if fresh and gain < 0.0:
        best[:] = taken.choice
    return True, gain, seen + _apply(menu, taken, p, b, gone, n_gone, come, n_come)


@compiled
def _try_two(menu, taken, p, b, q, d, toll, bar, pieces):  # type: ignore[no-untyped-def]
    """Change two places if that is worth at least ``bar``; returns (done, gain, rows seen)."""
    a, c = taken.choice[p], taken.choice[q]
    n_gone, n_come = _differ(menu, a, b, pieces[0], pieces[1])
    gain, seen = _gain(menu, taken.times, pieces[0], n_gone, pieces[1], n_come)
    seen += _apply(menu, taken, p, b, pieces[0], n_gone, pieces[1], n_come)
    n_less, n_more = _differ(menu, c, d, pieces[2], pieces[3])
    more, looked = _gain(menu, taken.times, pieces[2], n_less, pieces[3], n_more)
    seen += looked
    gain += more
    if gain - _charge(menu, toll, a, b) - _charge(menu, toll, c, d) < bar:
        return False, 0.0, seen + _apply(menu, taken, p, a, pieces[1], n_come, pieces[0], n_gone)
    return True, gain, seen + _apply(menu, taken, q, d, pieces[2], n_less, pieces[3], n_more)


@compiled
def anneal(menu, taken, pool, toll, warmth, entries, tries, random, best, now, best_value):  # type: ignore[no-untyped-def]
    """Changes of options for ``entries`` looks at coverage; returns (value now, best value, entries looked at).

    A change is one place's, or, where the limits have no room for it, a second place's with it (``tries`` of these are
    looked for). It is accepted by Metropolis's rule at ``warmth`` on weight less ``toll`` on what it uses; at warmth
    0 only where weight rises. ``pool``: options drawn from. ``best``: the choice of the best value.
    """
    widest = 1
    for o in range(len(menu.place)):
        widest = max(widest, menu.option_ptr[o + 1] - menu.option_ptr[o])
    pieces = np.empty((4, widest), np.int64)
    charged = toll if warmth > 0 else np.zeros(len(toll))
    in_force, looked, fresh = np.sum(taken.choice >= 0), 0, False
    while looked < entries:
        looked += 40
        p, b = _draw(menu, taken.choice, in_force, pool, random)
        a = taken.choice[p]
        if a == b:
            continue
        bar = warmth * np.log(_unit(random)) if warmth > 0 else LEAST_GAIN * (1.0 + now)
        fits, q, d = _room_for(menu, taken, p, b, tries if in_force > 1 else 0, random)
        if not fits:
            continue
        c = taken.choice[q] if q >= 0 else -1
        if q < 0:
            done, gain, seen = _try_one(menu, taken, p, b, charged, bar, pieces, best, fresh)
        else:
            if fresh:
                best[:] = taken.choice
                fresh = False
            done, gain, seen = _try_two(menu, taken, p, b, q, d, charged, bar, pieces)
        looked += seen
        if not done:
            _use(menu, taken.load, b, a)
            _use(menu, taken.load, d, c)
            continue
        in_force += (b >= 0) - np.int64(a >= 0) + (d >= 0) - np.int64(c >= 0)
        fresh = fresh and gain >= 0.0
        now += gain
        if now > best_value:
            best_value = now
            fresh = True
    if fresh:
        best[:] = taken.choice
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
                if _too_near(menu, choice, p, other, -1, -1)[0] > 0:
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
