# mypy: allow-untyped-defs, allow-untyped-calls
"""The bounded searches: from a site outwards over arcs turned round, straight to demand points.

A bucket queue (Dial 1969, with buckets wider than the shortest arc as in delta-stepping, Meyer &
Sanders 2003): labels are corrected until a bucket is empty, and results are written only when the
search is over, so they are exact whatever the width.

What makes it fast: arrays that are never exchanged within a loop (growing them there costs a
reference count an arc), unsigned indices (no test for negative ones), records that lie together, no
branch where a guess would be wrong half the time, and results put in order by a set of bits (Numba
counts trailing zeros only in a module it calls unsafe) instead of sorted.
"""

from __future__ import annotations

import numpy as np
from numba.cpython.unsafe.numbers import trailing_zeros

from planner.jit import compiled

__all__ = ["QUEUED", "place_rows", "reach_block", "run", "start", "with_room"]

#: An entry of the queue: node, its time when queued, and the entry below it in its bucket (0: none).
#: Entry 0 is not used. An entry whose time is no longer its node's is stale.
QUEUED = np.dtype([("seconds", "f8"), ("node", "u4"), ("below", "u4")])

# Unsigned with signed integers make floats in NumPy's rules, hence constants of one kind.
ZERO, ONE, SIX, LOW = np.uint64(0), np.uint64(1), np.uint64(6), np.uint64(63)


@compiled
def start(dist, queue, used, head, scale, x, t):
    """Give node ``x`` the time ``t`` if that is less than it has; returns how many entries are used."""
    if t < dist[x]:
        dist[x] = t
        to = np.int64(t * scale)
        queue[used].node, queue[used].seconds, queue[used].below = x, t, head[to]
        head[to] = used
        used += ONE
    return used


@compiled
def _settle(ptr, arc, dist, queue, used, head, scale):
    """Search on from what is queued until nothing is, or the queue is full; returns entries used, and whether done."""
    room = np.uint64(queue.size)
    for bucket in range(np.uint64(head.size)):
        entry = np.uint64(head[bucket])
        while entry != ZERO:
            x, d = np.uint64(queue[entry].node), queue[entry].seconds
            lo, hi = np.uint64(ptr[x]), np.uint64(ptr[x + ONE])
            if used + (hi - lo) >= room:
                return used, False
            head[bucket] = queue[entry].below
            if d == dist[x]:
                for j in range(lo, hi):
                    y = np.uint64(arc[j].node)
                    t, old = d + arc[j].seconds, dist[y]
                    better = t < old
                    t = min(t, old)
                    dist[y] = t
                    to = np.uint64(np.int64(t * scale))
                    below = head[to]
                    queue[used].node, queue[used].seconds, queue[used].below = y, t, below
                    head[to] = used if better else below
                    used += np.uint64(better)
            entry = np.uint64(head[bucket])
    return used, True


@compiled
def with_room(array, needed):
    """``array`` with room for ``needed`` entries, at least twice as long where it has to grow."""
    size, wanted = np.uint64(array.size), np.uint64(needed)
    if wanted <= size:
        return array
    longer = np.empty(np.int64(max(size + size, wanted)), array.dtype)
    for i in range(size):  # by hand: np.append takes a second to compile
        longer[i] = array[i]
    return longer


@compiled
def run(arcs, dist, queue, used, head, scale):
    """Run one bounded search from the nodes queued by :func:`start`.

    ``dist`` holds the limit where nothing was reached; only shorter ways are taken. ``head`` (uint32,
    a bucket of ``1 / scale`` seconds each, up to the limit) is 0 throughout, before and after.

    Returns
    -------
    queue : :data:`QUEUED`, which may have grown; every reached node stands there once with its time
    used : entries of it, the first (unused) one counted
    """
    while True:
        used, done = _settle(arcs.ptr, arcs.arc, dist, queue, used, head, scale)
        if done:
            return queue, used
        queue = with_room(queue, np.int64(queue.size) + 1)


@compiled
def _meet(found, lo, hi, more, p, t):
    """Note that point ``p`` is reached in ``t``; returns the range of words of ``found.top`` in use, and a count."""
    best, bits, top = found
    old = best[p]
    more += np.uint64(old == np.inf)
    best[p] = min(old, np.float32(t))
    word = p >> SIX
    bits[word] |= ONE << (p & LOW)
    above = word >> SIX
    top[above] |= ONE << (word & LOW)
    return min(lo, above), max(hi, above), more


@compiled
def _meet_all(demand, queue, used, dist, limit, found):
    """Note the points at reached nodes and on streets that end there; ``dist`` is the limit again after."""
    ptr, met = demand.met_ptr, demand.met
    lo, hi, more = np.uint64(found.top.size), ZERO, ZERO
    for entry in range(ONE, used):
        x, d = np.uint64(queue[entry].node), queue[entry].seconds
        if d != dist[x]:
            continue
        dist[x] = limit
        for j in range(np.uint64(ptr[x]), np.uint64(ptr[x + ONE])):
            t = d + met[j].seconds
            if t < limit:
                lo, hi, more = _meet(found, lo, hi, more, np.uint64(met[j].point), t)
    return lo, hi, more


@compiled
def _meet_beside(demand, chain, site, limit, found, lo, hi, more):
    """Note the points on a site's own chain that are reached along it.

    ``site``: metres from a, a→site, site→a, off-road seconds.
    """
    pos, a_to, to_a, off = site
    for p in range(demand.ptr[chain], demand.ptr[chain + 1]):
        t = np.inf
        gap = demand.pos[p] - pos
        if abs(gap) <= 1e-6:
            t = off + demand.off[p]
        elif gap < 0.0 and a_to < np.inf:
            t = off + demand.off[p] + (a_to - demand.a_to[p])
        elif gap > 0.0 and demand.to_a[p] < np.inf:
            t = off + (demand.to_a[p] - to_a)
        if t < limit:
            lo, hi, more = _meet(found, lo, hi, more, np.uint64(demand.id[p]), t)
    return lo, hi, more


@compiled
def _write(found, lo, hi, largest, out_id, out_s, k):
    """Write what was found in order of points and clear it; returns the end of what is written."""
    best, bits, top = found
    for above in range(lo, hi + ONE):
        words = top[above]
        top[above] = ZERO
        while words != ZERO:
            word = (above << SIX) | np.uint64(trailing_zeros(words))
            words &= words - ONE
            points = bits[word]
            bits[word] = ZERO
            while points != ZERO:
                p = (word << SIX) | np.uint64(trailing_zeros(points))
                points &= points - ONE
                out_id[k], out_s[k] = p, min(best[p], largest)
                best[p] = np.inf
                k += ONE
    return k


@compiled
def reach_block(arcs, demand, sites, order, scratch, limit, largest, width):
    """Seconds from demand points to each site of ``order``.

    ``sites`` is a tuple of arrays: end nodes a, b, position of the chain among the demand's chains
    (-1: none), metres from a, seconds a→site, b→site, site→a, off-road seconds; b = -1: no street.
    ``scratch``: seconds of every node (all ``limit``), a :class:`planner.roads.search.Found` (empty),
    both left as they were, and arrays to be overwritten: queue (:data:`QUEUED`), int32 and float32 for
    the results. Times are below ``limit`` and at most ``largest`` (float32).

    Returns
    -------
    count : int64 ``[order.size]``
    queue, id, seconds : those of ``scratch`` or larger ones; points and times row after row, points
        ascending
    """
    site_a, site_b, site_link, site_pos, site_a_to, site_b_to, site_to_a, site_off = sites
    dist, found, queue, out_id, out_s = scratch
    scale = 1.0 / width
    head = np.zeros(int(limit * scale) + 2, np.uint32)
    count = np.zeros(order.size, np.int64)
    k = ZERO
    for i in range(order.size):
        s = order[i]
        if site_b[s] < 0 or not site_off[s] < limit:
            continue
        begin, off = k, site_off[s]
        used = start(dist, queue, ONE, head, scale, site_a[s], site_a_to[s] + off)
        used = start(dist, queue, used, head, scale, site_b[s], site_b_to[s] + off)
        queue, used = run(arcs, dist, queue, used, head, scale)
        lo, hi, more = _meet_all(demand, queue, used, dist, limit, found)
        if site_link[s] >= 0:
            site = (site_pos[s], site_a_to[s], site_to_a[s], off)
            lo, hi, more = _meet_beside(demand, site_link[s], site, limit, found, lo, hi, more)
        needed = np.int64(k + more)
        out_id, out_s = with_room(out_id, needed), with_room(out_s, needed)
        k = _write(found, lo, hi, largest, out_id, out_s, k)
        count[i] = k - begin
    return count, queue, out_id, out_s


@compiled
def place_rows(count, block_id, block_s, start, out_id, out_s):
    """Copy the rows of a block to where they begin in the result (``start`` per row)."""
    at = 0
    for i in range(count.size):
        for j in range(count[i]):
            out_id[start[i] + j] = block_id[at + j]
            out_s[start[i] + j] = block_s[at + j]
        at += count[i]
