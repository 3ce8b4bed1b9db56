"""What holds a street network together: joined ends, duplicates, components.

Pure functions on arrays; nothing is mutated.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = ["MIN_COMPONENT", "components", "join_points"]

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

    A component counts if it holds at least ``max(min_component, share × largest)`` nodes, but never
    more than a quarter of the largest is asked for, so that small networks keep their parts too.

    Returns
    -------
    component : int32 ``[n_nodes]``
    counts : bool ``[n_nodes]``
    """
    if n_nodes == 0:
        return np.zeros(0, np.int32), np.zeros(0, bool)
    forth, back = np.isfinite(edge_s_uv), np.isfinite(edge_s_vu)
    tail = np.concatenate([edge_u[forth], edge_v[back]])
    head = np.concatenate([edge_v[forth], edge_u[back]])
    graph = coo_array((np.ones(tail.size, np.int8), (tail, head)), shape=(n_nodes, n_nodes)).tocsr()
    _, label = connected_components(graph, directed=True, connection="strong")
    size = np.bincount(label)
    first = np.full(size.size, n_nodes)
    np.minimum.at(first, label, np.arange(n_nodes))
    order = np.lexsort((first, -size))
    rank = np.empty(size.size, np.int32)
    rank[order] = np.arange(size.size, dtype=np.int32)
    largest = int(size.max())
    needed = min(max(min_component, share * largest), largest / 4)
    return rank[label], size[label] >= needed


def join_points(x: np.ndarray, y: np.ndarray, *, within_m: float = 0.01) -> np.ndarray:
    """Label points so that those within ``within_m`` of each other share a label.

    Returns
    -------
    int64 ``[n]``
        Labels 0…k-1 in the order of first appearance.
    """
    from scipy.spatial import cKDTree

    xy = np.column_stack([x, y])
    unique, label = np.unique(xy, axis=0, return_inverse=True)
    label = label.ravel()
    pairs = cKDTree(unique).query_pairs(within_m, output_type="ndarray")
    if pairs.size:
        n = len(unique)
        graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
        label = connected_components(graph.tocsr(), directed=False)[1][label]
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    order = np.empty(first.size, np.int64)
    order[np.argsort(first)] = np.arange(first.size)
    return order[inverse.ravel()]
