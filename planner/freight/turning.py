"""Forbidden turns in the truck graph.

Where a turn is forbidden it matters whence a truck comes, so there each end of a street becomes two nodes, one to
arrive at and one to depart from, joined for every turn that is allowed (as :mod:`planner.roads.turns` does for travel
times). A truck turns round at junctions and dead ends, never in the middle of a street: the nodes that streets between
such junctions merely pass through, places on them included, are treated alike, with turning round forbidden.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from planner.roads.network import Network
from planner.roads.turns import junctions

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CutStreets:
    """Streets between nodes of the truck graph, cut at the places on them: ends, seconds each way, network edge."""

    u: Ints
    v: Ints
    uv: Floats
    vu: Floats
    edge: Ints


@dataclass(frozen=True, eq=False)
class Turning:
    """The ends of pieces where it matters whence one comes.

    Attributes
    ----------
    depart, arrive
        Node at which each piece is left for and come by at its u and its v (2 × pieces).
    node, edge, into, out
        Of each end that stands apart: its node, its street, where one arrives by it, where one departs by it.
    tail, head
        Turns that are allowed, as arcs of no length.
    size
        Nodes there are in all.
    """

    depart: Ints
    arrive: Ints
    node: Ints
    edge: Ints
    into: Ints
    out: Ints
    tail: Ints
    head: Ints
    size: int

    def at(self, node: Ints, edge: Ints) -> tuple[Ints, Ints]:
        """Pairs (row of ``node``, end of a piece there); only ends of ``edge`` where that is no -1."""
        first = np.searchsorted(self.node, node, side="left")
        many = np.searchsorted(self.node, node, side="right") - first
        row = np.repeat(np.arange(len(node)), many)
        end = np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many) + first[row]
        fits = (edge[row] < 0) | (self.edge[end] == edge[row])
        return row[fits], end[fits]


def guarded(network: Network, pieces: CutStreets, n_nodes: int) -> Mask:
    """Nodes where it matters whence one comes: with a forbidden turn, or passed through on the way from one."""
    held = np.zeros(n_nodes, bool)
    held[: network.n_nodes] = junctions(network)
    forth, back = np.isfinite(pieces.uv), np.isfinite(pieces.vu)
    usable = np.flatnonzero(forth | back)
    forth, back = forth[usable], back[usable]
    node = np.concatenate([pieces.u[usable], pieces.v[usable]])
    piece = np.concatenate([usable, usable])
    comes, goes = np.concatenate([back, forth]), np.concatenate([forth, back])
    order = np.argsort(node, kind="stable")
    first = np.flatnonzero(np.append(True, np.diff(node[order]) != 0)) if len(order) else order
    pair = first[np.diff(np.append(first, len(order))) == 2]
    e, f = order[pair], order[pair + 1]
    passes = (piece[e] != piece[f]) & ~held[node[e]] & (comes[e] == goes[f]) & (comes[f] == goes[e])
    e, f = e[passes], f[passes]
    n = len(pieces.u)
    links = sparse.coo_array((np.ones(len(e)), (piece[e], piece[f])), shape=(n, n))
    _, chain = csgraph.connected_components(links, directed=False)
    near = np.zeros(n, bool)  # by chain
    near[chain[piece[held[node]]]] = True
    held[node[e][near[chain[piece[e]]]]] = True
    return held


def turning(network: Network, pieces: CutStreets, n_nodes: int, size: int) -> Turning:
    """The ends of ``pieces`` apart where it matters; new nodes from ``size`` on."""
    guard = guarded(network, pieces, n_nodes)
    ends = np.stack([pieces.u, pieces.v])
    side, piece = np.nonzero(guard[ends])
    order = np.lexsort((side, piece, ends[side, piece]))
    side, piece = side[order], piece[order]
    node, edge = ends[side, piece], pieces.edge[piece]
    into = size + 2 * np.arange(len(node))
    depart, arrive = ends.copy(), ends.copy()
    arrive[side, piece], depart[side, piece] = into, into + 1
    made = Turning(depart, arrive, node, edge, into, into + 1, into[:0], into[:0], size + 2 * len(node))
    come, go = made.at(node, np.full(len(node), -1))
    shut = network.turns.astype(np.int64)
    barred = np.isin(_key(network, edge[come], node[come], edge[go]), _key(network, *shut.T))
    crossing = np.zeros(n_nodes, bool)
    crossing[shut[:, 1]] = True
    barred |= ~crossing[node[come]] & (come == go)
    return Turning(
        depart, arrive, node, edge, into, into + 1, into[come[~barred]], into[go[~barred]] + 1, made.size
    )


def _key(network: Network, come: Ints, node: Ints, go: Ints) -> Ints:
    """One number for each turn at a node of the network; -1 elsewhere."""
    key = (come * network.n_nodes + node) * network.n_edges + go
    return np.where(node < network.n_nodes, key, -1)
