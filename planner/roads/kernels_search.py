# mypy: allow-untyped-defs, allow-untyped-calls
"""The bounded searches: from a site outwards over arcs turned round, straight to demand points.

A bucket queue (Dial 1969, with buckets wider than the shortest arc as in delta-stepping, Meyer &
Sanders 2003): labels are corrected until a bucket is empty, and results are written only when the
search is over, so they are exact whatever the width.
"""

from __future__ import annotations

import numpy as np

from planner.roads.kernels import jit
from planner.roads.kernels_graph import NEVER

__all__ = ["place_rows", "reach_block", "settle"]

BITS = 11


@jit
def settle(arcs, dist, touched, n, limit, width, head, pool_node, pool_dist, pool_next):
    """Run one bounded search from the nodes already in ``touched[:n]`` with their ``dist``.

    ``dist`` holds ``limit`` where nothing was reached; only shorter ways are taken. ``head`` is -1
    throughout, before and after. Returns the number of touched nodes and the pool arrays, which may
    have grown.
    """
    ptr, node, seconds = arcs.ptr, arcs.node, arcs.seconds
    scale = 1.0 / width
    used = 0
    last = -1
    for i in range(n):
        x = touched[i]
        bucket = int(dist[x] * scale)
        pool_node[used] = x
        pool_dist[used] = dist[x]
        pool_next[used] = head[bucket]
        head[bucket] = used
        last = max(last, bucket)
        used += 1
    bucket = 0
    while bucket <= last:
        while head[bucket] >= 0:
            entry = head[bucket]
            head[bucket] = pool_next[entry]
            x = pool_node[entry]
            d = pool_dist[entry]
            if d != dist[x]:
                continue
            lo, hi = ptr[x], ptr[x + 1]
            if used + (hi - lo) > pool_node.size:
                pool_node = np.append(pool_node, np.empty_like(pool_node))
                pool_dist = np.append(pool_dist, np.empty_like(pool_dist))
                pool_next = np.append(pool_next, np.empty_like(pool_next))
            for j in range(lo, hi):
                y = node[j]
                t = d + seconds[j]
                old = dist[y]
                if t < old:
                    if old == limit:
                        touched[n] = y
                        n += 1
                    dist[y] = t
                    to = int(t * scale)
                    pool_node[used] = y
                    pool_dist[used] = t
                    pool_next[used] = head[to]
                    head[to] = used
                    last = max(last, to)
                    used += 1
        bucket += 1
    return n, pool_node, pool_dist, pool_next


@jit
def _start(dist, touched, a, b, a_to, b_to, limit):
    n = 0
    if a_to < limit:
        dist[a] = a_to
        touched[0] = a
        n = 1
    if b_to < limit:
        if n == 1 and b == a:
            dist[a] = min(a_to, b_to)
        else:
            dist[b] = b_to
            touched[n] = b
            n += 1
    return n


@jit
def sort_row(ids, seconds, lo, hi, spare_id, spare_s, digits):
    """Sort ``ids[lo:hi]`` and their seconds in place: insertion if few, else by digits of what they span."""
    n = hi - lo
    if n <= 12:
        for i in range(lo + 1, hi):
            key, value = ids[i], seconds[i]
            j = i
            while j > lo and ids[j - 1] > key:
                ids[j], seconds[j] = ids[j - 1], seconds[j - 1]
                j -= 1
            ids[j], seconds[j] = key, value
        return
    least, most = ids[lo], ids[lo]
    for i in range(lo, hi):
        least, most = min(least, ids[i]), max(most, ids[i])
    bits = 1
    while ((most - least) >> bits) > 0:
        bits += 1
    half = (bits + 1) // 2 if bits <= 2 * BITS else (bits + 3) // 4
    mask, shift = (1 << half) - 1, 0
    while shift < bits:  # there and back, so that the result is where it began
        _by_digit(ids, seconds, lo, n, least, spare_id, spare_s, 0, shift, mask, digits)
        _by_digit(spare_id, spare_s, 0, n, least, ids, seconds, lo, shift + half, mask, digits)
        shift += 2 * half


@jit
def _by_digit(ids, seconds, lo, n, least, to_id, to_s, to_lo, shift, mask, digits):
    """Move ``n`` entries in order of one digit of ``ids - least``."""
    digits[: mask + 1] = 0
    for i in range(lo, lo + n):
        digits[((ids[i] - least) >> shift) & mask] += 1
    at = to_lo
    for i in range(mask + 1):
        digits[i], at = at, at + digits[i]
    for i in range(lo, lo + n):
        d = ((ids[i] - least) >> shift) & mask
        to = digits[d]
        digits[d] = to + 1
        to_id[to], to_s[to] = ids[i], seconds[i]


@jit
def _room(out_id, out_s, needed):
    """Result arrays with room for ``needed`` entries."""
    if needed <= out_id.size:
        return out_id, out_s
    more = max(out_id.size, needed - out_id.size)
    return np.append(out_id, np.empty(more, np.int32)), np.append(out_s, np.empty(more, np.float32))


@jit
def _collect(demand, dist, touched, n, special, limit, out_id, out_s, k):
    """Append the demand points of reached nodes, and of their chains but ``special``."""
    met_ptr, met = demand.met_ptr, demand.met
    for r in range(n):
        x = touched[r]
        d = dist[x]
        lo, hi = met_ptr[x], met_ptr[x + 1]
        out_id, out_s = _room(out_id, out_s, k + hi - lo)
        for j in range(lo, hi):
            y, chain = met[j].other, met[j].chain
            other = dist[y]
            t = min(d + met[j].here, other + met[j].there)
            out_id[k], out_s[k] = met[j].id, t  # stays only if counted: no branch to guess wrong
            elsewhere = (other < limit) & (y < x) | (chain == special) | (chain == NEVER)
            k += (t < limit) & (not elsewhere)
    return out_id, out_s, k


@jit
def _collect_beside(demand, chain, da, db, site, limit, out_id, out_s, k):
    """Append the points on a site's own chain, reached round it or along it.

    ``site``: metres from a, a→site, site→a, off-road seconds.
    """
    pos, a_to, to_a, off = site
    lo, hi = demand.ptr[chain], demand.ptr[chain + 1]
    out_id, out_s = _room(out_id, out_s, k + hi - lo)
    for p in range(lo, hi):
        t = min(da + demand.to_a[p], db + demand.to_b[p])
        gap = demand.pos[p] - pos
        if abs(gap) <= 1e-6:
            t = off + demand.off[p]
        elif gap < 0.0 and a_to < np.inf:
            t = min(t, off + demand.off[p] + (a_to - demand.a_to[p]))
        elif gap > 0.0 and demand.to_a[p] < np.inf:
            t = min(t, off + (demand.to_a[p] - to_a))
        if t < limit:
            out_id[k], out_s[k] = demand.id[p], t
            k += 1
    return out_id, out_s, k


@jit
def reach_block(arcs, demand, sites, order, dist, touched, limit, largest, width):
    """Seconds from demand points to each site of ``order``.

    ``sites`` is a tuple of arrays: end nodes a, b, position of the chain among the demand's chains
    (-1: none), metres from a, seconds a→site, b→site, site→a, off-road seconds; b = -1: no street.
    ``dist`` (all ``limit``) and ``touched`` are scratch and left as found. Times are below
    ``limit`` and at most ``largest`` (float32).

    Returns
    -------
    count : int64 ``[order.size]``; id : int32; seconds : float32, concatenated, ids ascending
    """
    site_a, site_b, site_link, site_pos, site_a_to, site_b_to, site_to_a, site_off = sites
    head = np.full(int(limit / width) + 2, -1, np.int32)
    pool_node = np.empty(4096, np.int32)
    pool_dist = np.empty(4096, np.float64)
    pool_next = np.empty(4096, np.int32)
    count = np.zeros(order.size, np.int64)
    out_id, out_s = np.empty(1 << 14, np.int32), np.empty(1 << 14, np.float32)
    spare_id, spare_s = np.empty(demand.n, np.int32), np.empty(demand.n, np.float32)
    digits = np.empty(1 << BITS, np.int64)
    k = 0
    for i in range(order.size):
        s = order[i]
        if site_b[s] < 0 or not site_off[s] < limit:
            continue
        begin, off, a, b = k, site_off[s], site_a[s], site_b[s]
        n = _start(dist, touched, a, b, site_a_to[s] + off, site_b_to[s] + off, limit)
        n, pool_node, pool_dist, pool_next = settle(
            arcs, dist, touched, n, limit, width, head, pool_node, pool_dist, pool_next
        )
        out_id, out_s, k = _collect(demand, dist, touched, n, site_link[s], limit, out_id, out_s, k)
        if site_link[s] >= 0:
            site = (site_pos[s], site_a_to[s], site_to_a[s], off)
            out_id, out_s, k = _collect_beside(
                demand, site_link[s], dist[a], dist[b], site, limit, out_id, out_s, k
            )
        for r in range(n):
            dist[touched[r]] = limit
        count[i] = k - begin
        sort_row(out_id, out_s, begin, k, spare_id, spare_s, digits)
        for j in range(begin, k):
            out_s[j] = min(out_s[j], largest)
    return count, out_id[:k].copy(), out_s[:k].copy()


@jit
def place_rows(count, block_id, block_s, start, out_id, out_s):
    """Copy the rows of a block to where they begin in the result (``start`` per row)."""
    at = 0
    for i in range(count.size):
        for j in range(count[i]):
            out_id[start[i] + j] = block_id[at + j]
            out_s[start[i] + j] = block_s[at + j]
        at += count[i]
