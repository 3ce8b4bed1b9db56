# mypy: allow-untyped-defs, allow-untyped-calls
"""Kernels that turn a network into its search graph: chains joined, nodes in spatial order."""

from __future__ import annotations

import numpy as np

from planner.jit import compiled
from planner.roads.arcs import ARC

__all__ = ["arcs_into", "chains", "incidence", "meetings", "morton"]


@compiled
def morton(x: np.ndarray, y: np.ndarray, x0: float, y0: float, scale: float) -> np.ndarray:
    """Morton (Z-order) code of points: bits of ``(x - x0) * scale`` and ``(y - y0) * scale`` interleaved."""
    out = np.empty(x.size, np.uint64)
    for i in range(x.size):
        code = np.uint64(0)
        part = np.uint64(0)
        for axis in range(2):
            part = np.uint64((x[i] - x0) * scale) if axis == 0 else np.uint64((y[i] - y0) * scale)
            part = (part | (part << np.uint64(16))) & np.uint64(0x0000FFFF0000FFFF)
            part = (part | (part << np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)
            part = (part | (part << np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
            part = (part | (part << np.uint64(2))) & np.uint64(0x3333333333333333)
            part = (part | (part << np.uint64(1))) & np.uint64(0x5555555555555555)
            code |= part << np.uint64(axis)
        out[i] = code
    return out


@compiled
def incidence(n_nodes: int, u: np.ndarray, v: np.ndarray, usable: np.ndarray) -> tuple[np.ndarray, ...]:
    """Usable edges at each node, as CSR (``ptr``, ``edge``); a loop stands twice at its node."""
    ptr = np.zeros(n_nodes + 1, np.int64)
    for e in range(u.size):
        if usable[e]:
            ptr[u[e] + 1] += 1
            ptr[v[e] + 1] += 1
    for i in range(n_nodes):
        ptr[i + 1] += ptr[i]
    at = ptr[:-1].copy()
    edge = np.empty(ptr[n_nodes], np.int32)
    for e in range(u.size):
        if usable[e]:
            edge[at[u[e]]] = e
            at[u[e]] += 1
            edge[at[v[e]]] = e
            at[v[e]] += 1
    return ptr, edge


@compiled
def _passes(
    node: int, ptr: np.ndarray, edge: np.ndarray, u: np.ndarray, s_uv: np.ndarray, s_vu: np.ndarray
) -> bool:
    """Whether a node only joins two edges that are open in the same directions."""
    if ptr[node + 1] - ptr[node] != 2:
        return False
    e, f = edge[ptr[node]], edge[ptr[node] + 1]
    if e == f:
        return False
    into_e, from_e = (s_vu[e], s_uv[e]) if u[e] == node else (s_uv[e], s_vu[e])
    into_f, from_f = (s_vu[f], s_uv[f]) if u[f] == node else (s_uv[f], s_vu[f])
    return np.isfinite(into_e) == np.isfinite(from_f) and np.isfinite(into_f) == np.isfinite(from_e)


@compiled
def chains(
    ptr: np.ndarray,
    edge: np.ndarray,
    u: np.ndarray,
    v: np.ndarray,
    length: np.ndarray,
    s_uv: np.ndarray,
    s_vu: np.ndarray,
    order: np.ndarray,
    stop: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """Join edges through nodes that only pass traffic on; not through those of ``stop``.

    ``order`` is the sequence in which nodes are visited, which is also the order of the kept nodes
    and (by first end) of the chains.

    Returns
    -------
    keep : bool per node
    a, b : int32 per chain, its end nodes
    total : float64 ``[n_chains, 3]``: metres, seconds a→b, seconds b→a
    chain, step : int32 per edge, its chain (-1: not usable) and its place in it
    flip : bool per edge, v nearer to a than u
    behind : int32 per edge, the row of ``before`` it has
    before : float64 ``[…, 3]``: metres, seconds a→edge, edge→a of the chain before an edge; row 0, of
        every first edge, is zero
    """
    n_nodes, n_edges = ptr.size - 1, u.size
    keep = np.zeros(n_nodes, np.bool_)
    for i in range(n_nodes):
        keep[i] = ptr[i + 1] > ptr[i] and (stop[i] or not _passes(i, ptr, edge, u, s_uv, s_vu))
    chain = np.empty(n_edges, np.int32)
    for e in range(n_edges):
        chain[e] = -1
    step = np.zeros(n_edges, np.int32)
    flip = np.zeros(n_edges, np.bool_)
    behind = np.zeros(n_edges, np.int32)
    before = np.empty((n_edges + 1, 3))
    before[0] = 0.0
    rows = 1
    a = np.empty(n_edges, np.int32)
    b = np.empty(n_edges, np.int32)
    total = np.empty((n_edges, 3))
    n = 0
    for rings in range(2):  # first from kept nodes; then rings that hold none
        for i in order:
            if rings == 1 and not keep[i] and ptr[i + 1] > ptr[i] and chain[edge[ptr[i]]] < 0:
                keep[i] = True
            elif rings == 1 or not keep[i]:
                continue
            for j in range(ptr[i], ptr[i + 1]):
                e = edge[j]
                if chain[e] >= 0:
                    continue
                here = i
                metres, forth, back = 0.0, 0.0, 0.0
                steps = 0
                while True:
                    chain[e], step[e] = n, steps
                    steps += 1
                    flip[e] = u[e] != here
                    if steps > 1:
                        behind[e] = rows
                        before[rows, 0], before[rows, 1], before[rows, 2] = metres, forth, back
                        rows += 1
                    metres += length[e]
                    forth += s_vu[e] if flip[e] else s_uv[e]
                    back += s_uv[e] if flip[e] else s_vu[e]
                    here = u[e] if flip[e] else v[e]
                    if keep[here]:
                        break
                    e = edge[ptr[here]] if edge[ptr[here]] != e else edge[ptr[here] + 1]
                a[n], b[n] = i, here
                total[n, 0], total[n, 1], total[n, 2] = metres, forth, back
                n += 1
    ends = a[:n].copy(), b[:n].copy()
    return keep, *ends, total[:n].copy(), chain, step, flip, behind, before[:rows].copy()


@compiled
def arcs_into(n: int, a: np.ndarray, b: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, ...]:
    """Arcs of ``n`` nodes by the node they lead to; loops and arcs to or from dead ends left out.

    ``a``, ``b``, ``total`` as of :func:`chains`. Nothing is held beside the result.

    Returns
    -------
    ptr : uint32 ``[n + 1]``; arc : :data:`planner.roads.arcs.ARC`; leaf : bool ``[n]``, dead ends

    Arcs of a node are in order of the node they leave, parallel ones in order of their chains, those
    from a to b first.
    """
    degree = np.zeros(n, np.int32)
    for c in range(a.size):
        degree[a[c]] += 1
        degree[b[c]] += 1
    leaf = np.zeros(n, np.bool_)
    for i in range(n):
        leaf[i] = degree[i] == 1
    ptr = np.zeros(n + 1, np.uint32)
    for c in range(a.size):
        if a[c] != b[c] and not leaf[a[c]] and not leaf[b[c]]:
            ptr[b[c] + 1] += np.isfinite(total[c, 1])
            ptr[a[c] + 1] += np.isfinite(total[c, 2])
    for i in range(n):
        ptr[i + 1] += ptr[i]
        degree[i] = 0
    arc = np.empty(np.int64(ptr[n]), ARC)
    for way in range(2):
        for c in range(a.size):
            tail, head = (a[c], b[c]) if way == 0 else (b[c], a[c])
            if tail == head or leaf[tail] or leaf[head] or not np.isfinite(total[c, 1 + way]):
                continue
            first = np.int64(ptr[head])
            j = first + degree[head]
            degree[head] += 1
            while j > first and arc[j - 1].node > tail:
                arc[j] = arc[j - 1]
                j -= 1
            arc[j].node, arc[j].seconds, arc[j].pad = tail, total[c, 1 + way], 0
    return ptr, arc, leaf


@compiled
def meetings(
    counts: np.ndarray, met: np.ndarray, at_nodes: tuple[np.ndarray, ...], on_chains: tuple[np.ndarray, ...]
) -> np.ndarray:
    """Fill ``met`` (:data:`planner.roads.search.MET`), ``counts`` points a node; returns its pointers.

    ``at_nodes``: node, point, seconds. ``on_chains``: end nodes a and b and pointers of each chain,
    then by pointer: point, seconds to a, seconds to b. Points of a loop stand twice at its node.
    """
    ptr = np.zeros(counts.size + 1, np.uint32)
    for x in range(counts.size):
        ptr[x + 1] = ptr[x] + counts[x]
    fill = ptr[:-1].copy()
    node, point, seconds = at_nodes
    for i in range(node.size):
        k = fill[node[i]]
        fill[node[i]] += 1
        met[k].seconds, met[k].point = seconds[i], point[i]
    a, b, chain_ptr, chain_point, to_a, to_b = on_chains
    for c in range(a.size):
        for far in range(2):
            x = b[c] if far else a[c]
            for p in range(chain_ptr[c], chain_ptr[c + 1]):
                k = fill[x]
                fill[x] += 1
                met[k].seconds, met[k].point = to_b[p] if far else to_a[p], chain_point[p]
    return ptr
