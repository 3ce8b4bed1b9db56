"""Forbidden turns in a search.

A search knows a street's end only as a node, whoever comes from where. Where a turn is forbidden that is too
little, so there, and only there, each street's end becomes two nodes of the search graph: one to arrive at and
one to depart from, joined in no time for every turn that is allowed. Streets themselves stay one of each, so
that snapping, lengths and areas know nothing of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from planner.roads.arcs import ARC, Arcs, SearchGraph

if TYPE_CHECKING:
    from planner.roads.graph import Network

__all__ = ["junctions", "with_turns"]


def junctions(network: Network) -> np.ndarray:
    """Nodes where some turn is forbidden, bool ``[n_nodes]``."""
    at = np.zeros(network.n_nodes, bool)
    at[network.turns[:, 1]] = True
    return at


def with_turns(network: Network, graph: SearchGraph) -> SearchGraph:
    """``graph`` with the ends of streets apart where turns are forbidden.

    A street that is open one way only has one node there. A point exactly at such a junction stands on
    the street it was snapped to.

    Parameters
    ----------
    graph
        Chains that end at every junction of :func:`junctions`.
    """
    where, chain, side, edge = _ends(network, graph)
    toward, away = graph.total[chain, 2 - side], graph.total[chain, 1 + side]
    both = np.isfinite(toward) & np.isfinite(away)
    first = graph.n_nodes + np.cumsum(1 + both) - (1 + both)
    arrive, depart = first, first + both
    n = graph.n_nodes + int((1 + both).sum())
    into, out = np.stack([graph.a, graph.b]), np.stack([graph.a, graph.b])
    into[side, chain], out[side, chain] = arrive, depart
    i, j = _allowed(network.turns, where, edge)
    fits = np.isfinite(toward[i]) & np.isfinite(away[j])
    i, j = i[fits], j[fits]
    total = graph.total
    tail = np.concatenate([out[0], out[1], arrive[i]])
    head = np.concatenate([into[1], into[0], depart[j]])
    seconds = np.concatenate([total[:, 1], total[:, 2], np.zeros(i.size)])
    leaf = _dead_ends(graph, into, n)
    keep = np.isfinite(seconds) & (tail != head) & ~leaf[tail] & ~leaf[head]
    tail, head, seconds = tail[keep], head[keep], seconds[keep]
    order = np.lexsort((tail, head))
    ptr = np.concatenate([[0], np.cumsum(np.bincount(head, minlength=n))]).astype(np.uint32)
    arc = np.zeros(tail.size, ARC)
    arc["node"], arc["seconds"] = tail[order], seconds[order]
    leaf[graph.n_nodes :] = True  # points there are looked for along their streets
    return replace(graph, arcs=Arcs(ptr, arc, leaf), a=into[0], b=into[1], from_a=out[0], from_b=out[1])


def _ends(network: Network, graph: SearchGraph) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ends of chains where turns are forbidden: node of the network, chain, side (0: a, 1: b), edge there."""
    held = junctions(network)
    found = []
    for nodes, far in ((network.edge_u, graph.flip), (network.edge_v, ~graph.flip)):
        e = np.flatnonzero(held[nodes] & (graph.chain >= 0))
        found.append(np.stack([nodes[e], graph.chain[e], far[e], e]))
    ends = np.concatenate(found, axis=1).astype(np.int64)
    ends = ends[:, np.lexsort((ends[2], ends[1], ends[0]))]
    return ends[0], ends[1], ends[2], ends[3]


def _allowed(turns: np.ndarray, where: np.ndarray, edge: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of ends at the same node between which one may turn; ``where`` ascending."""
    size = np.unique(where, return_counts=True)[1]
    start = np.repeat(np.cumsum(size) - size, size)
    each = np.repeat(size, size)
    i = np.repeat(np.arange(where.size), each)
    j = np.arange(i.size) - np.repeat(np.cumsum(each) - each, each) + start[i]
    shut = {tuple(t) for t in turns.tolist()}
    pairs = zip(edge[i].tolist(), where[i].tolist(), edge[j].tolist(), strict=True)
    free = np.array([pair not in shut for pair in pairs], bool)
    return i[free], j[free]


def _dead_ends(graph: SearchGraph, into: np.ndarray, n: int) -> np.ndarray:
    """Nodes of one street, where turning round leads nowhere new."""
    degree = np.bincount(into.ravel(), minlength=n)
    leaf = degree == 1
    leaf[graph.n_nodes :] = False
    beside = into >= graph.n_nodes
    leaf[into[0][beside[1] & ~beside[0]]] = False
    leaf[into[1][beside[0] & ~beside[1]]] = False
    return leaf
