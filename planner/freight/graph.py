"""The truck network with the places of a study on it: shortest times between them.

Nodes are numbered: the network's own, then one split node per place (where it meets its street), then
one terminal per place (the yard behind it), then a source and a sink per gateway. A terminal hangs on
its split node by a spur, so no way leads through a yard; a place on a one-way carriageway can only be
entered and left in that carriageway's direction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from planner.roads.network import Network
from planner.roads.snapping import Snapped

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Arcs of no length still take this long, so that a stored arc is never taken for a missing one.
LEAST_S = 1e-9
#: Searches kept in memory at once.
BLOCK = 16
#: Places this near to the end of an edge stand on its node (metres).
AT_NODE_M = 1e-6


@dataclass(frozen=True, eq=False)
class TruckGraph:
    """Directed arcs in CSR order with the places and gateways of a study.

    Attributes
    ----------
    matrix
        ``csr_array`` of seconds; arc ``i`` is its i-th stored value.
    edge, forward
        Per arc: the network's edge it runs along (-1: a spur) and whether from u to v.
    place
        Terminal node of each place; -1 where it stands on no street.
    source, sink
        Of each gateway.
    """

    matrix: sparse.csr_array
    edge: Ints
    forward: NDArray[np.bool_]
    place: Ints
    source: Ints
    sink: Ints
    n_edges: int

    @property
    def seconds(self) -> Floats:
        """Seconds of each arc."""
        return self.matrix.data

    def with_seconds(self, seconds: Floats) -> sparse.csr_array:
        """The same arcs with other times."""
        return sparse.csr_array((seconds, self.matrix.indices, self.matrix.indptr), shape=self.matrix.shape)


def build_graph(
    network: Network,
    snapped: Snapped,
    *,
    gates: Sequence[tuple[Sequence[int], Sequence[int]]] = (),
    yard_kmh: float = 10.0,
) -> TruckGraph:
    """Join places and gateways to the truck network.

    Parameters
    ----------
    snapped
        Places on streets (generators, homes, candidates), in this order.
    gates
        Per gateway: network nodes where trucks come in, and nodes where they leave.
    yard_kmh
        Speed between a place and its street.
    """
    n, m, g = network.n_nodes, len(snapped), len(gates)
    on = snapped.edge >= 0
    tail, head, seconds, edge, forward = _street_arcs(network, snapped, on)
    split, yard = n + np.arange(m), n + m + np.arange(m)
    off = np.maximum(np.nan_to_num(snapped.metres), 0.0) / (yard_kmh / 3.6)
    spur = np.full(int(on.sum()), -1)
    source, sink = n + 2 * m + np.arange(g), n + 2 * m + g + np.arange(g)
    ins = np.array([(s, v) for s, (ends, _) in zip(source, gates, strict=True) for v in ends], int)
    outs = np.array([(u, s) for s, (_, ends) in zip(sink, gates, strict=True) for u in ends], int)
    doors = np.vstack([ins.reshape(-1, 2), outs.reshape(-1, 2)])
    none = np.full(len(doors), -1)
    tail = np.concatenate([tail, split[on], yard[on], doors[:, 0]])
    head = np.concatenate([head, yard[on], split[on], doors[:, 1]])
    seconds = np.concatenate([seconds, off[on], off[on], np.zeros(len(doors))])
    edge = np.concatenate([edge, spur, spur, none])
    forward = np.concatenate([forward, np.ones(2 * len(spur) + len(doors), bool)])
    size = n + 2 * m + 2 * g
    keep = (tail != head) & np.isfinite(seconds)
    tail, head, seconds = tail[keep], head[keep], np.maximum(seconds[keep], LEAST_S)
    edge, forward = edge[keep], forward[keep]
    order = np.lexsort((seconds, head, tail))
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(tail[order]) != 0) | (np.diff(head[order]) != 0)
    order = order[first]  # of parallel arcs the quickest
    indptr = np.searchsorted(tail[order], np.arange(size + 1)).astype(np.int32)
    matrix = sparse.csr_array((seconds[order], head[order].astype(np.int32), indptr), shape=(size, size))
    place = np.where(on, yard, -1)
    return TruckGraph(matrix, edge[order], forward[order], place, source, sink, network.n_edges)


def _street_arcs(network: Network, snapped: Snapped, on: NDArray[np.bool_]) -> tuple[Any, ...]:
    """Arcs along streets; an edge with places on it is cut at each, times in proportion to length.

    A place at an end of its edge stands on that node and may be left along every street there.
    """
    e = np.arange(network.n_edges)
    long = network.edge_length_m[np.maximum(snapped.edge, 0)]
    at_u, at_v = on & (snapped.offset_m <= AT_NODE_M), on & (snapped.offset_m >= long - AT_NODE_M)
    ends = np.flatnonzero(at_u | at_v)
    end_node = np.where(at_u[ends], network.edge_u[snapped.edge[ends]], network.edge_v[snapped.edge[ends]])
    on = on & ~at_u & ~at_v
    cut = np.zeros(network.n_edges, bool)
    cut[snapped.edge[on]] = True
    whole = e[~cut]
    at = np.flatnonzero(on)
    length = np.maximum(network.edge_length_m[snapped.edge[at]], 1e-9)
    share = np.clip(snapped.offset_m[at] / length, 0.0, 1.0)
    order = np.lexsort((at, share, snapped.edge[at]))
    edges = np.flatnonzero(cut)
    # stations along each cut edge: u (share 0), its places in order, v (share 1)
    stop_edge = np.concatenate([edges, snapped.edge[at][order], edges])
    stop_share = np.concatenate([np.zeros(len(edges)), share[order], np.ones(len(edges))])
    stop_node = np.concatenate([network.edge_u[edges], network.n_nodes + at[order], network.edge_v[edges]])
    kind = np.concatenate([np.zeros(len(edges)), np.ones(len(at)), np.full(len(edges), 2.0)])
    rank = np.lexsort((np.arange(len(kind)), stop_share, kind, stop_edge))
    a, b = rank[:-1], rank[1:]
    same = stop_edge[a] == stop_edge[b]
    a, b = a[same], b[same]
    part, piece = stop_share[b] - stop_share[a], stop_edge[a]
    u = np.concatenate([network.edge_u[whole], stop_node[a]])
    v = np.concatenate([network.edge_v[whole], stop_node[b]])
    of = np.concatenate([whole, piece])
    share_of = np.concatenate([np.ones(len(whole)), part])
    with np.errstate(invalid="ignore"):
        uv = np.where(np.isfinite(network.edge_s_uv[of]), network.edge_s_uv[of] * share_of, np.inf)
        vu = np.where(np.isfinite(network.edge_s_vu[of]), network.edge_s_vu[of] * share_of, np.inf)
    u, v = np.concatenate([u, end_node]), np.concatenate([v, network.n_nodes + ends])
    uv, vu = np.concatenate([uv, np.zeros(len(ends))]), np.concatenate([vu, np.zeros(len(ends))])
    of = np.concatenate([of, np.full(len(ends), -1)])
    return (
        np.concatenate([u, v]).astype(np.int64), np.concatenate([v, u]).astype(np.int64),
        np.concatenate([uv, vu]), np.concatenate([of, of]).astype(np.int64),
        np.concatenate([np.ones(len(u), bool), np.zeros(len(u), bool)]),
    )  # fmt: skip


def times(graph: TruckGraph, starts: Ints, ends: Ints, *, limit_s: float = np.inf) -> Floats:
    """Seconds (len(starts) × len(ends)) along shortest ways; inf where there is none or a node is -1."""
    out = np.full((len(starts), len(ends)), np.inf)
    to = np.flatnonzero(ends >= 0)
    for rows in blocks(np.flatnonzero(starts >= 0)):
        found = csgraph.dijkstra(graph.matrix, indices=starts[rows], limit=limit_s)
        out[np.ix_(rows, to)] = found[:, ends[to]]
    return out


def times_to(graph: TruckGraph, starts: Ints, ends: Ints) -> Floats:
    """The same as :func:`times`, searched backwards from ``ends`` (cheaper where they are fewer)."""
    turned = TruckGraph(
        graph.matrix.T.tocsr(),
        graph.edge,
        graph.forward,
        graph.place,
        graph.source,
        graph.sink,
        graph.n_edges,
    )
    return times(turned, ends, starts).T


def blocks(rows: Ints) -> Iterator[Ints]:
    """The rows, some at a time: their searches stand in memory together."""
    for k in range(0, len(rows), BLOCK):
        yield rows[k : k + BLOCK]
