# mypy: allow-untyped-defs, allow-untyped-calls
"""Which pieces of streets reach a site within a cutoff, and their shapes."""

from __future__ import annotations

import numpy as np

from planner.jit import compiled
from planner.roads.kernels.search import ONE, QUEUED, run, start, with_room

__all__ = ["cut_lines", "site_pieces"]

# Columns of StreetChains.rows: of an edge along its chain, and of the chain before it (seconds in the
# chain's direction and against it).
METRES, FORTH, BACK, BEFORE_M, BEFORE_FORTH, BEFORE_BACK = range(6)


@compiled
def _through_ends(row, end_forth, da, db, cutoff):
    """End of the span reached by way of a, and start of the span by way of b, as shares from a's side."""
    forth, back = row[FORTH], row[BACK]
    head, tail = 0.0, 1.0
    left = cutoff - da - row[BEFORE_BACK]
    if left >= 0.0 and back < np.inf:
        head = left / back if left < back else 1.0
    left = cutoff - db - (end_forth - row[BEFORE_FORTH] - forth)
    if left >= 0.0 and forth < np.inf:
        tail = 1.0 - left / forth if left < forth else 0.0
    return head, tail


@compiled
def _around_site(row, cutoff, site):
    """The span of an edge from which a site on its chain is reached along the chain (low > high: none).

    ``site``: metres from a, a→site, site→a, off-road seconds.
    """
    metres, forth, back = row[METRES], row[FORTH], row[BACK]
    pos = site[0] - row[BEFORE_M]
    here = min(max(pos / metres, 0.0), 1.0) if metres > 0.0 else 0.0
    low, high = here, here
    left = cutoff - site[3]
    if left < 0.0:
        return 1.0, 0.0
    if pos >= 0.0 and forth < np.inf:  # forward to the site
        spare = left - (site[1] - row[BEFORE_FORTH] - here * forth)
        if spare < 0.0:
            return 1.0, 0.0
        low = here - spare / forth if spare < here * forth else 0.0
    if pos <= metres and back < np.inf:  # back to it
        spare = left - (row[BEFORE_BACK] + here * back - site[2])
        if spare < 0.0:
            return 1.0, 0.0
        high = here + spare / back if spare < (1.0 - here) * back else 1.0
    return low, high


@compiled
def _put(streets, j, start, end, edge, lo, hi, k):
    """Append a span, turned to run from u; returns how many there are."""
    if not start < end:
        return k
    edge[k] = streets.chain_edge[j]
    if streets.flip[j]:
        start, end = 1.0 - end, 1.0 - start
    lo[k], hi[k] = start, end
    return k + 1


@compiled
def _chain_pieces(streets, c, da, db, cutoff, site, edge, lo, hi, k):
    """Append the reached pieces of chain ``c``; pieces of an edge do not overlap. ``site`` at inf: none stands on it."""
    on_chain = site[0] < np.inf
    for j in range(streets.chain_ptr[c], streets.chain_ptr[c + 1]):
        row = streets.rows[j]
        head, tail = _through_ends(row, streets.forth[c], da, db, cutoff)
        if on_chain:
            low, high = _around_site(row, cutoff, site)
            if low <= high and low <= head:
                head = max(head, high)
            elif low <= high and high >= tail:
                tail = min(tail, low)
            elif low < high and head < tail:
                k = _put(streets, j, low, high, edge, lo, hi, k)
        if head >= tail:
            k = _put(streets, j, 0.0, 1.0, edge, lo, hi, k)
        else:
            k = _put(streets, j, 0.0, head, edge, lo, hi, k)
            k = _put(streets, j, tail, 1.0, edge, lo, hi, k)
    return k


@compiled
def _node_pieces(streets, queue, used, dist, cutoff, skip, edge, lo, hi, k):
    """Pieces of all chains at the reached nodes but ``skip``; a chain between two of them is met once."""
    none = (np.inf, 0.0, 0.0, 0.0)
    for i in range(ONE, used):
        x = queue[i].node
        if queue[i].seconds != dist[x] or dist[x] > cutoff:
            continue
        for j in range(streets.node_ptr[x], streets.node_ptr[x + 1]):
            c = streets.node_chain[j]
            a, b = streets.a[c], streets.b[c]
            y = b if a == x else a
            if c == skip or (y < x and dist[y] <= cutoff):
                continue
            needed = k + 3 * (streets.chain_ptr[c + 1] - streets.chain_ptr[c])
            edge, lo, hi = with_room(edge, needed), with_room(lo, needed), with_room(hi, needed)
            k = _chain_pieces(streets, c, dist[a], dist[b], cutoff, none, edge, lo, hi, k)
    return edge, lo, hi, k


@compiled
def site_pieces(arcs, streets, chains, sites, cutoffs, limit, dist, width, alone):
    """Pieces of streets from which a site is reached within each of ``cutoffs``, from one search.

    With ``alone`` there is one site, and the pieces of an edge do not overlap; of several sites the
    nearest counts, and pieces around sites may overlap others.

    Parameters
    ----------
    chains : int32 ``[n]``, of the sites
    sites : float64 ``[n, 5]``: metres from a, a→site, site→a, off-road seconds, b→site
    cutoffs : float64, none above ``limit``
    dist : scratch, all ``limit`` and left so

    Returns
    -------
    ptr : int64 ``[cutoffs + 1]``; edge : int32; lo, hi : shares of the edge from u, float64
    """
    scale = 1.0 / width
    head = np.zeros(int(limit * scale) + 2, np.uint32)
    queue, used = np.empty(4096 + 2 * chains.size, QUEUED), ONE
    for s in range(chains.size):
        used = start(dist, queue, used, head, scale, streets.from_a[chains[s]], sites[s, 1] + sites[s, 3])
        used = start(dist, queue, used, head, scale, streets.from_b[chains[s]], sites[s, 4] + sites[s, 3])
    queue, used = run(arcs, dist, queue, used, head, scale)
    edge, lo, hi = np.empty(1024, np.int32), np.empty(1024), np.empty(1024)
    ptr = np.zeros(cutoffs.size + 1, np.int64)
    k = np.int64(0)
    for i in range(cutoffs.size):
        for s in range(chains.size):
            c = chains[s]
            da, db = (dist[streets.a[c]], dist[streets.b[c]]) if alone else (np.inf, np.inf)
            needed = k + 3 * (streets.chain_ptr[c + 1] - streets.chain_ptr[c])
            edge, lo, hi = with_room(edge, needed), with_room(lo, needed), with_room(hi, needed)
            site = (sites[s, 0], sites[s, 1], sites[s, 2], sites[s, 3])
            k = _chain_pieces(streets, c, da, db, cutoffs[i], site, edge, lo, hi, k)
        skip = chains[0] if alone else -1
        edge, lo, hi, k = _node_pieces(streets, queue, used, dist, cutoffs[i], skip, edge, lo, hi, k)
        ptr[i + 1] = k
    for i in range(ONE, used):
        dist[queue[i].node] = limit
    return ptr, edge[:k].copy(), lo[:k].copy(), hi[:k].copy()


@compiled
def cut_lines(geom_ptr, geom_x, geom_y, shape_m, edge, lo, hi):
    """Shapes of pieces: coordinates float64 ``[n, 2]`` and the piece each belongs to, int64."""
    size = 0
    for i in range(edge.size):
        size += geom_ptr[edge[i] + 1] - geom_ptr[edge[i]] + 2
    xy, owner = np.empty((size, 2)), np.empty(size, np.int64)
    k = 0
    for i in range(edge.size):
        first, last = geom_ptr[edge[i]], geom_ptr[edge[i] + 1] - 1
        start, end = lo[i] * shape_m[edge[i]], hi[i] * shape_m[edge[i]]
        along = 0.0
        begin = k
        for j in range(first, last):
            x, y = geom_x[j], geom_y[j]
            dx, dy = geom_x[j + 1] - x, geom_y[j + 1] - y
            step = np.hypot(dx, dy)
            if along + step >= start and along <= end and step > 0.0:
                t0, t1 = max((start - along) / step, 0.0), min((end - along) / step, 1.0)
                if k == begin:
                    xy[k, 0], xy[k, 1], owner[k] = x + t0 * dx, y + t0 * dy, i
                    k += 1
                xy[k, 0], xy[k, 1], owner[k] = x + t1 * dx, y + t1 * dy, i
                k += 1
            along += step
        if k == begin:  # no length: stand where the piece is
            xy[k, 0], xy[k, 1], owner[k] = geom_x[first], geom_y[first], i
            xy[k + 1] = xy[k]
            owner[k + 1] = i
            k += 2
    return xy[:k].copy(), owner[:k].copy()
