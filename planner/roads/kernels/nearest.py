# mypy: allow-untyped-defs, allow-untyped-calls
"""One sweep from all sites at once: the k nearest sites of every node, then of every point."""

from __future__ import annotations

import numpy as np

from planner.jit import compiled
from planner.roads.kernels.search import with_room

__all__ = ["nearest_to_nodes", "nearest_to_points"]


@compiled
def _push(key, node, site, size, t, x, s):
    i = size
    while i > 0:
        up = (i - 1) >> 1
        if key[up] < t or (key[up] == t and site[up] <= s):
            break
        key[i], node[i], site[i] = key[up], node[up], site[up]
        i = up
    key[i], node[i], site[i] = t, x, s


@compiled
def _pop(key, node, site, size):
    """Remove the first entry of a heap of ``size``; the hole is filled with its last."""
    t, x, s = key[size - 1], node[size - 1], site[size - 1]
    size -= 1
    i = 0
    while True:
        c = 2 * i + 1
        if c >= size:
            break
        if c + 1 < size and (key[c + 1] < key[c] or (key[c + 1] == key[c] and site[c + 1] < site[c])):
            c += 1
        if t < key[c] or (t == key[c] and s <= site[c]):
            break
        key[i], node[i], site[i] = key[c], node[c], site[c]
        i = c
    key[i], node[i], site[i] = t, x, s


@compiled
def _nobody(n, k):
    """No site (-1) for each of ``n``, infinitely far away."""
    site, seconds = np.empty((n, k), np.int32), np.empty((n, k))
    for i in range(n):  # by hand: np.full is slow to compile
        for j in range(k):
            site[i, j], seconds[i, j] = -1, np.inf
    return site, seconds


@compiled
def nearest_to_nodes(arcs, sites, k, limit):
    """The k nearest sites (by seconds below ``limit``) of every search node.

    ``sites``: arrays a, b (-1: no street), seconds a→site, b→site, off-road seconds. Equal seconds:
    the site listed first wins.

    Returns
    -------
    count : int64 ``[n_nodes]``; site : int32, seconds : float64 ``[n_nodes, k]``
    """
    site_a, site_b, site_a_to, site_b_to, site_off = sites
    n_nodes = arcs.ptr.size - 1
    count = np.zeros(n_nodes, np.int64)
    site, seconds = _nobody(n_nodes, k)
    key = np.empty(2 * site_a.size + 1024)
    node = np.empty(key.size, np.int32)
    who = np.empty(key.size, np.int32)
    size = np.int64(0)
    for s in range(site_a.size):
        if site_b[s] < 0:
            continue
        for end in range(2):
            t = site_off[s] + (site_a_to[s] if end == 0 else site_b_to[s])
            if t < limit:
                _push(key, node, who, size, t, np.int32(site_a[s] if end == 0 else site_b[s]), np.int32(s))
                size += 1
    while size > 0:
        t, x, s = key[0], node[0], who[0]
        _pop(key, node, who, size)
        size -= 1
        c = count[x]
        if c == k:
            continue
        known = False
        for i in range(c):
            known = known or site[x, i] == s
        if known:
            continue
        site[x, c], seconds[x, c] = s, t
        count[x] = c + 1
        lo, hi = np.int64(arcs.ptr[x]), np.int64(arcs.ptr[x + 1])
        more = size + (hi - lo)
        key, node, who = with_room(key, more), with_room(node, more), with_room(who, more)
        for j in range(lo, hi):
            to, y = t + arcs.arc[j].seconds, arcs.arc[j].node
            if to < limit and count[y] < k:
                _push(key, node, who, size, to, np.int32(y), s)
                size += 1
    return count, site, seconds


@compiled
def _offer(site, seconds, s, t):
    """Put a site into a row of the k nearest, kept in order; a site stands there once."""
    k = site.size
    at = k - 1
    for i in range(k):
        if site[i] == s:
            if seconds[i] <= t:
                return
            at = i
            break
    else:
        if seconds[k - 1] < t or (seconds[k - 1] == t and 0 <= site[k - 1] < s):
            return
    while at > 0 and (
        seconds[at - 1] > t or (seconds[at - 1] == t and (site[at - 1] > s or site[at - 1] < 0))
    ):
        site[at], seconds[at] = site[at - 1], seconds[at - 1]
        at -= 1
    site[at], seconds[at] = s, t


@compiled
def nearest_to_points(chain, points, ends, sites, chain_ptr, chain_site, count, site, seconds, k, limit):
    """The k nearest sites of every point, through either end of its chain or along it.

    ``points``: pos, point→a, point→b, a→point, off-road seconds; ``ends``: a, b per chain;
    ``sites``: pos, a→site, site→a, off-road seconds; ``chain_site[chain_ptr[c]:…]`` stand on chain c.
    """
    pos, to_a, to_b, a_to, off = points
    site_pos, site_a_to, site_to_a, site_off = sites
    n = chain.size
    out, out_s = _nobody(n, k)
    for i in range(n):
        c = chain[i]
        if c < 0 or not off[i] < limit:
            continue
        for end in range(2):
            x = ends[end][c]
            way = off[i] + (to_a[i] if end == 0 else to_b[i])
            for j in range(count[x]):
                t = way + seconds[x, j]
                if t < limit:
                    _offer(out[i], out_s[i], site[x, j], t)
        for j in range(chain_ptr[c], chain_ptr[c + 1]):
            s = chain_site[j]
            gap = pos[i] - site_pos[s]
            t = np.inf
            if abs(gap) <= 1e-6:
                t = 0.0
            elif gap < 0.0 and np.isfinite(site_a_to[s]):
                t = site_a_to[s] - a_to[i]
            elif gap > 0.0 and np.isfinite(to_a[i]):
                t = to_a[i] - site_to_a[s]
            t += off[i] + site_off[s]
            if t < limit:
                _offer(out[i], out_s[i], np.int32(s), t)
    return out, out_s
