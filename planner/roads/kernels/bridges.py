"""Bridges in the sense of graphs: streets without which two places are not connected at all."""

from __future__ import annotations

from typing import Any

import numpy as np

from planner.jit import compiled

__all__ = ["bridge_edges"]


@compiled
def _marked(ptr: Any, node: Any, edge: Any, n_edges: int) -> Any:
    """Depth-first search with low links; an edge is known by its number, so that parallel ones are no bridges."""
    n = ptr.size - 1
    seen = np.zeros(n, np.int64)  # order of discovery, from 1
    low = np.zeros(n, np.int64)
    came = np.empty(n, np.int64)  # edge by which it was found
    for x in range(n):
        came[x] = -1
    at = ptr[:-1].copy()
    stack = np.empty(n, np.int64)
    bridge = np.zeros(n_edges, np.bool_)
    count = 0
    for root in range(n):
        if seen[root]:
            continue
        count += 1
        seen[root] = low[root] = count
        stack[0], top = root, 0
        while top >= 0:
            u = stack[top]
            if at[u] < ptr[u + 1]:
                k = at[u]
                at[u] += 1
                v = node[k]
                if edge[k] == came[u]:
                    continue
                if seen[v]:
                    low[u] = min(low[u], seen[v])
                else:
                    count += 1
                    seen[v] = low[v] = count
                    came[v] = edge[k]
                    top += 1
                    stack[top] = v
            else:
                top -= 1
                if top >= 0:
                    parent = stack[top]
                    low[parent] = min(low[parent], low[u])
                    if low[u] > seen[parent]:
                        bridge[came[u]] = True
    return bridge


def bridge_edges(n_nodes: int, u: Any, v: Any) -> Any:
    """Bool (n_edges): the edges (``u``–``v``, undirected) whose removal parts their ends."""
    u, v = np.asarray(u, np.int64), np.asarray(v, np.int64)
    ends, others = np.concatenate([u, v]), np.concatenate([v, u])
    order = np.argsort(ends, kind="stable")
    ptr = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=n_nodes))]).astype(np.int64)
    number = np.concatenate([np.arange(u.size), np.arange(u.size)])[order]
    return _marked(ptr, others[order], number, u.size)
