"""What holds a street network together: joined ends, duplicates, near misses, components.

Pure functions on arrays; nothing is mutated.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = [
    "JOIN_M",
    "MIN_COMPONENT",
    "component_sizes",
    "components",
    "join_points",
    "near_misses",
    "same_shape",
]

#: Line ends within this distance are one node.
JOIN_M = 0.01
#: A component counts from this many nodes on (see :func:`components`).
MIN_COMPONENT = 50


def components(
    n_nodes: int,
    edge_u: np.ndarray,
    edge_v: np.ndarray,
    edge_s_uv: np.ndarray,
    edge_s_vu: np.ndarray,
    *,
    min_component: int = MIN_COMPONENT,
    share: float = 0.001,
) -> tuple[np.ndarray, np.ndarray]:
    """Label strongly connected components, largest first, and say which count.

    A component counts if it holds at least ``max(min_component, share × largest)`` nodes; never is
    more than a quarter of the largest asked for, so that small networks keep their parts too.

    Returns
    -------
    component : int32 ``[n_nodes]``
    counts : bool ``[n_nodes]``
    """
    if n_nodes == 0:
        return np.zeros(0, np.int32), np.zeros(0, bool)
    forth, back = np.isfinite(edge_s_uv), np.isfinite(edge_s_vu)
    one_way = bool((forth != back).any())
    tail, head = edge_u[forth], edge_v[forth]
    if one_way:
        tail, head = np.concatenate([tail, edge_v[back]]), np.concatenate([head, edge_u[back]])
    graph = coo_array((np.ones(tail.size, np.int8), (tail, head)), shape=(n_nodes, n_nodes)).tocsr()
    del tail, head, forth, back
    _, label = connected_components(graph, directed=one_way, connection="strong")
    del graph
    size = np.bincount(label)
    first = np.full(size.size, n_nodes)
    np.minimum.at(first, label, np.arange(n_nodes))
    order = np.lexsort((first, -size))
    rank = np.empty(size.size, np.int32)
    rank[order] = np.arange(size.size, dtype=np.int32)
    largest = int(size.max())
    needed = min(max(min_component, share * largest), largest / 4)
    return rank[label], size[label] >= needed


def component_sizes(component: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    """Nodes in each component and the place of its middle (mean of its nodes).

    Returns
    -------
    size, x, y : ``[n_components]``
    """
    size = np.bincount(component)
    return (
        size,
        np.bincount(component, weights=x) / np.maximum(size, 1),
        np.bincount(component, weights=y) / np.maximum(size, 1),
    )


def join_points(x: np.ndarray, y: np.ndarray, *, within_m: float = JOIN_M) -> np.ndarray:
    """Label points so that those within ``within_m`` of each other share a label (chains too).

    Returns
    -------
    int64 ``[n]``
        Labels 0…k-1 in the order of first appearance.
    """
    from scipy.spatial import cKDTree

    unique, label = np.unique(x + 1j * y, return_inverse=True)
    label = label.ravel()
    pairs = cKDTree(np.column_stack([unique.real, unique.imag])).query_pairs(within_m, output_type="ndarray")
    if len(pairs):
        n = unique.size
        graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
        label = connected_components(graph.tocsr(), directed=False)[1][label]
    return by_appearance(label)


def by_appearance(label: np.ndarray) -> np.ndarray:
    """Renumber labels 0…k-1 in the order in which they first appear."""
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    order = np.empty(first.size, np.int64)
    order[np.argsort(first)] = np.arange(first.size)
    return order[inverse.ravel()]


def same_shape(
    edge_u: np.ndarray,
    edge_v: np.ndarray,
    edge_length_m: np.ndarray,
    geom_ptr: np.ndarray,
    geom_x: np.ndarray,
    geom_y: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Which edges run between the same nodes, along the same vertices (to 1 cm), at the same length.

    Returns
    -------
    group : int64 ``[n_edges]``
        The first edge of the same shape.
    turned : bool ``[n_edges]``
        Whether the edge runs against that first edge.
    """
    n = edge_u.size
    if n == 0:
        return np.zeros(0, np.int64), np.zeros(0, bool)
    forth = _hash_shapes(geom_ptr, geom_x, geom_y, backward=False)
    back = _hash_shapes(geom_ptr, geom_x, geom_y, backward=True)
    # One name for both directions: smaller node first, of a loop the smaller hash.
    flip = (edge_u > edge_v) | ((edge_u == edge_v) & (back < forth))
    low, high = np.where(flip, edge_v, edge_u), np.where(flip, edge_u, edge_v)
    centimetres = np.rint(edge_length_m * 100).astype(np.int64)
    with np.errstate(over="ignore"):
        key = np.where(flip, back, forth) + low.astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93)
        key = (key ^ (key >> np.uint64(31))) + high.astype(np.uint64) * np.uint64(0xA24BAED4963EE407)
        key = (key ^ (key >> np.uint64(29))) + centimetres.astype(np.uint64) * np.uint64(0x9FB21C651E98DF25)
    order = np.argsort(key, kind="stable")
    new = np.ones(n, bool)
    new[1:] = key[order][1:] != key[order][:-1]
    group = np.empty(n, np.int64)
    group[order] = order[new][np.cumsum(new) - 1]
    # The hash only proposes: ends and lengths decide.
    same = (low == low[group]) & (high == high[group]) & (centimetres == centimetres[group])
    group = np.where(same, group, np.arange(n))
    return group, flip != flip[group]


def _hash_shapes(ptr: np.ndarray, x: np.ndarray, y: np.ndarray, *, backward: bool) -> np.ndarray:
    """A 64-bit number for each shape, from its vertices in whole centimetres and their order."""
    size = np.diff(ptr)
    rank = np.arange(ptr[-1]) - np.repeat(ptr[:-1], size)
    if backward:
        rank = np.repeat(size, size) - 1 - rank
    with np.errstate(over="ignore"):
        a = np.rint(x * 100).astype(np.int64).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        b = np.rint(y * 100).astype(np.int64).astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
        mixed = (a ^ (b << np.uint64(1))) + rank.astype(np.uint64) * np.uint64(0x165667B19E3779F9)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(32)
        return np.add.reduceat(mixed, ptr[:-1])


def near_misses(
    x: np.ndarray,
    y: np.ndarray,
    edge_u: np.ndarray,
    edge_v: np.ndarray,
    *,
    within_m: float = 1.0,
    but: np.ndarray | None = None,
) -> np.ndarray:
    """Dead ends that stop less than ``within_m`` short of a node no edge joins them to.

    ``but``: nodes parted on purpose, such as the ends before a closed barrier; they miss nothing.

    Returns
    -------
    int64 ``[k, 2]``
        Dead end and the nearest such node, in the order of dead ends.
    """
    degree = np.bincount(np.concatenate([edge_u, edge_v]), minlength=x.size)
    ends = np.flatnonzero(degree == 1)
    end, other = _around(x, y, ends, within_m)
    gap = np.hypot(x[end] - x[other], y[end] - y[other])
    near = (end != other) & (gap < within_m)
    if but is not None and but.size:
        near &= ~(np.isin(end, but) | np.isin(other, but))
    end, other, gap = end[near], other[near], gap[near]
    n = np.int64(x.size)
    is_end = np.zeros(x.size, bool)
    is_end[end] = True
    about = is_end[edge_u] | is_end[edge_v]
    u, v = edge_u[about].astype(np.int64), edge_v[about].astype(np.int64)
    free = ~np.isin(end * n + other, np.concatenate([u * n + v, v * n + u]))
    end, other, gap = end[free], other[free], gap[free]
    order = np.lexsort((other, gap, end))
    first = np.ones(order.size, bool)
    first[1:] = end[order][1:] != end[order][:-1]
    return np.column_stack([end[order][first], other[order][first]])


def _around(x: np.ndarray, y: np.ndarray, some: np.ndarray, cell_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a point of ``some`` with each point in its square cell and the eight around."""
    cx, cy = np.floor(x / cell_m).astype(np.int64), np.floor(y / cell_m).astype(np.int64)
    row = np.int64(1) << 32
    key = cx * row + cy
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    offsets = np.array([dx * row + dy for dx in (-1, 0, 1) for dy in (-1, 0, 1)])
    found = [(some[:0], order[:0])]
    for lo in range(0, some.size, 1 << 13):
        part = some[lo : lo + (1 << 13)]
        wanted = (key[part][:, None] + offsets).ravel()
        low, high = np.searchsorted(ordered, wanted, "left"), np.searchsorted(ordered, wanted, "right")
        size = high - low
        owner = np.repeat(np.repeat(part, offsets.size), size)
        at = np.arange(size.sum()) + np.repeat(low - np.concatenate([[0], np.cumsum(size)[:-1]]), size)
        found.append((owner, order[at]))
    return np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])
