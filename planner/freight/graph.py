"""The truck network with the places of a study on it: shortest times between them.

Nodes are numbered: the network's own, then one split node per place (where it meets its street), then
one terminal per place (the yard behind it), then a source and a sink per gateway. A terminal hangs on
its split node by a spur, so no way leads through a yard; a place on a one-way carriageway can only be
entered and left in that carriageway's direction. Where turns are forbidden the ends of streets come after
(:mod:`planner.freight.turning`), and yards near them have a second terminal where trips end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.freight.turning import CutStreets, Turning, turning
from planner.roads.kernels.ways import ArcsInto, arcs_into, seconds_from
from planner.roads.network import Network
from planner.roads.snapping import Snapped
from planner.roads.turns import junctions

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Arcs of no length still take this long, so that a stored arc is never taken for a missing one.
LEAST_S = 1e-9
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
    place, place_to
        Terminal node of each place, to begin a trip at and to end one at; -1 where it stands on no street. They are the
        same but near forbidden turns.
    source, sink
        Of each gateway.
    """

    matrix: sparse.csr_array
    edge: Ints
    forward: NDArray[np.bool_]
    place: Ints
    place_to: Ints
    source: Ints
    sink: Ints
    n_edges: int

    @property
    def seconds(self) -> Floats:
        """Seconds of each arc."""
        return self.matrix.data

    @cached_property
    def into(self) -> ArcsInto:
        """The arcs by the node they lead to."""
        return arcs_into(self.matrix)

    def with_seconds(self, seconds: Floats) -> sparse.csr_array:
        """The same arcs with other times."""
        return sparse.csr_array((seconds, self.matrix.indices, self.matrix.indptr), shape=self.matrix.shape)


def build_graph(
    network: Network,
    snapped: Snapped,
    *,
    gates: Sequence[tuple[Sequence[int], Sequence[int]]] = (),
    ways: Sequence[tuple[Sequence[int], Sequence[int]]] = (),
    yard_kmh: float = 10.0,
) -> TruckGraph:
    """Join places and gateways to the truck network; forbidden turns hold.

    Parameters
    ----------
    snapped
        Places on streets (generators, homes, candidates), in this order.
    gates
        Per gateway: network nodes where trucks come in, and nodes where they leave.
    ways
        Per gateway, for each of these nodes: the street they come in and leave by; -1, or nothing given: any.
    yard_kmh
        Speed between a place and its street.
    """
    n, m, g = network.n_nodes, len(snapped), len(gates)
    on = snapped.edge >= 0
    pieces, stand = _pieces(network, snapped, on)
    yard = n + m + np.arange(m)
    source, sink = n + 2 * m + np.arange(g), n + 2 * m + g + np.arange(g)
    off = np.maximum(np.nan_to_num(snapped.metres), 0.0) / (yard_kmh / 3.6)
    spur = np.column_stack([yard, stand, np.full(m, -1)])[on]
    enter, leave = (
        _SpurArcs(np.vstack([spur, doors]), np.concatenate([off[on], np.zeros(len(doors))]))
        for doors in (_doors(source, gates, ways, 0), _doors(sink, gates, ways, 1))
    )
    ends, none = np.stack([pieces.u, pieces.v]), _SpurArcs(np.zeros((0, 2), np.int64), np.zeros(0))
    joined = _Joined(ends, ends, enter, leave, none, yard, n + 2 * m + 2 * g)
    if len(network.turns):
        joined = _apart(joined, turning(network, pieces, n + m, joined.size), np.where(on, stand, -1), off)
    enter, leave, turns = joined.enter, joined.leave, joined.turns
    tail = np.concatenate([*joined.depart, enter.ends[:, 0], leave.ends[:, 1], turns.ends[:, 0]])
    head = np.concatenate([*joined.arrive[::-1], enter.ends[:, 1], leave.ends[:, 0], turns.ends[:, 1]])
    seconds = np.concatenate([pieces.uv, pieces.vu, enter.seconds, leave.seconds, turns.seconds])
    p, rest = len(pieces.u), len(tail) - 2 * len(pieces.u)
    edge = np.concatenate([pieces.edge, pieces.edge, np.full(rest, -1)])
    forward = np.repeat([True, False, True], [p, p, rest])
    keep = (tail != head) & np.isfinite(seconds)
    tail, head, seconds = tail[keep], head[keep], np.maximum(seconds[keep], LEAST_S)
    edge, forward = edge[keep], forward[keep]
    order = np.lexsort((seconds, head, tail))
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(tail[order]) != 0) | (np.diff(head[order]) != 0)
    order = order[first]  # of parallel arcs the quickest
    size = joined.size
    indptr = np.searchsorted(tail[order], np.arange(size + 1)).astype(np.int32)
    matrix = sparse.csr_array((seconds[order], head[order].astype(np.int32), indptr), shape=(size, size))
    place, place_to = (np.where(on, nodes, -1) for nodes in (yard, joined.back))
    return TruckGraph(matrix, edge[order], forward[order], place, place_to, source, sink, network.n_edges)


class _SpurArcs(NamedTuple):
    """Arcs between terminals and streets: terminal, node (and street: -1 for any); and their seconds."""

    ends: Ints
    seconds: Floats


class _Joined(NamedTuple):
    """Nodes at which pieces are left for and come by (2 × pieces), terminals' arcs, turns, yards where trips end."""

    depart: Ints
    arrive: Ints
    enter: _SpurArcs
    leave: _SpurArcs
    turns: _SpurArcs
    back: Ints
    size: int


def _apart(joined: _Joined, turned: Turning, stand: Ints, off: Floats) -> _Joined:
    """The graph with the ends of streets apart near forbidden turns, and a second terminal for yards there.

    A trip ends at the second terminal and begins at the first, so no truck turns round in a yard.
    """
    yard, here = joined.back, np.flatnonzero(np.isin(stand, turned.node))
    back = yard.copy()
    back[here] = turned.size + np.arange(len(here))
    a, b = np.nonzero(stand[here][:, None] == stand[here])  # at one spot: from yard to yard
    across = np.where(a == b, 0.0, off[here][a] + off[here][b])
    turns = np.vstack(
        [np.column_stack([turned.tail, turned.head]), np.column_stack([yard[here][a], back[here][b]])]
    )
    spurs = int((stand >= 0).sum())
    ends = joined.leave.ends.copy()
    ends[:spurs, 0] = back[stand >= 0]
    return _Joined(
        turned.depart, turned.arrive, _by_ends(turned, joined.enter, turned.out, turned.into),
        _by_ends(turned, _SpurArcs(ends, joined.leave.seconds), turned.into, turned.out),
        _SpurArcs(turns, np.concatenate([np.zeros(len(turned.tail)), across])), back, turned.size + len(here),
    )  # fmt: skip


def _doors(terminal: Ints, gates: Sequence[Any], ways: Sequence[Any], side: int) -> Ints:
    """Rows of terminal, node and street (-1: any) of the gateways' doors on one side."""
    rows = [
        (end, node, ways[i][side][j] if ways else -1)
        for i, (end, gate) in enumerate(zip(terminal.tolist(), gates, strict=True))
        for j, node in enumerate(gate[side])
    ]
    return np.array(rows, np.int64).reshape(-1, 3)


def _by_ends(turned: Turning, arcs: _SpurArcs, any_: Ints, along: Ints) -> _SpurArcs:
    """Arcs of terminals, at nodes that stand apart by the ends of streets there.

    ``any_``: node of an end for who may use every street; ``along``: for who is on the street named already.
    """
    ends, seconds = arcs
    apart = np.isin(ends[:, 1], turned.node)
    row, end = turned.at(ends[apart, 1], ends[apart, 2])
    made = ends[apart][row]
    made[:, 1] = np.where(made[:, 2] < 0, any_[end], along[end])
    return _SpurArcs(np.vstack([ends[~apart], made]), np.concatenate([seconds[~apart], seconds[apart][row]]))


def _pieces(network: Network, snapped: Snapped, on: Mask) -> tuple[CutStreets, Ints]:
    """Streets, those with places on them cut at each, times in proportion to length; the node of each place.

    A place at an end of its edge stands on that node and may be left along every street there; where a turn is
    forbidden there it stands on its own street, as it does for travel times.
    """
    e = np.arange(network.n_edges)
    of = np.maximum(snapped.edge, 0)
    long = network.edge_length_m[of]
    at_u, at_v = on & (snapped.offset_m <= AT_NODE_M), on & (snapped.offset_m >= long - AT_NODE_M)
    stand = network.n_nodes + np.arange(len(snapped))
    held = junctions(network)
    for at_end, nodes in ((at_v, network.edge_v), (at_u, network.edge_u)):
        here = at_end & ~held[nodes[of]]
        stand = np.where(here, nodes[of], stand)
        on = on & ~here
    cut = np.zeros(network.n_edges, bool)
    cut[snapped.edge[on]] = True
    whole = e[~cut]
    at = np.flatnonzero(on)
    at = at[np.lexsort((at, snapped.offset_m[at], snapped.edge[at]))]
    other = np.diff(snapped.edge[at], prepend=-1) != 0
    other |= np.diff(snapped.offset_m[at], prepend=-np.inf) > AT_NODE_M
    stand[at] = (
        network.n_nodes + at[other][np.cumsum(other) - 1]
    )  # those at one spot on the node of the first
    at = at[other]
    length = np.maximum(network.edge_length_m[snapped.edge[at]], 1e-9)
    share = np.clip(snapped.offset_m[at] / length, 0.0, 1.0)
    edges = np.flatnonzero(cut)
    # stations along each cut edge: u (share 0), its places in order, v (share 1)
    stop_edge = np.concatenate([edges, snapped.edge[at], edges])
    stop_share = np.concatenate([np.zeros(len(edges)), share, np.ones(len(edges))])
    stop_node = np.concatenate([network.edge_u[edges], network.n_nodes + at, network.edge_v[edges]])
    kind = np.concatenate([np.zeros(len(edges)), np.ones(len(at)), np.full(len(edges), 2.0)])
    rank = np.lexsort((np.arange(len(kind)), stop_share, kind, stop_edge))
    a, b = rank[:-1], rank[1:]
    same = stop_edge[a] == stop_edge[b]
    a, b = a[same], b[same]
    part, piece = stop_share[b] - stop_share[a], stop_edge[a]
    u = np.concatenate([network.edge_u[whole], stop_node[a]]).astype(np.int64)
    v = np.concatenate([network.edge_v[whole], stop_node[b]]).astype(np.int64)
    edge = np.concatenate([whole, piece]).astype(np.int64)
    share_of = np.concatenate([np.ones(len(whole)), part])
    with np.errstate(invalid="ignore"):
        uv = np.where(np.isfinite(network.edge_s_uv[edge]), network.edge_s_uv[edge] * share_of, np.inf)
        vu = np.where(np.isfinite(network.edge_s_vu[edge]), network.edge_s_vu[edge] * share_of, np.inf)
    return CutStreets(u, v, uv, vu, edge), stand.astype(np.int64)


def times(graph: TruckGraph, starts: Ints, ends: Ints, *, limit_s: float = np.inf) -> Floats:
    """Seconds (len(starts) × len(ends)) along shortest ways; inf where there is none or a node is -1."""
    out = np.full((len(starts), len(ends)), np.inf)
    to, rows = np.flatnonzero(ends >= 0), np.flatnonzero(starts >= 0)
    for row, found in zip(rows, seconds_from(graph.matrix, starts[rows], limit_s=limit_s), strict=True):
        out[row, to] = found[ends[to]]
    return out


def times_to(graph: TruckGraph, starts: Ints, ends: Ints) -> Floats:
    """The same as :func:`times`, searched backwards from ``ends`` (cheaper where they are fewer)."""
    turned = TruckGraph(
        graph.matrix.T.tocsr(),
        graph.edge,
        graph.forward,
        graph.place,
        graph.place_to,
        graph.source,
        graph.sink,
        graph.n_edges,
    )
    return times(turned, ends, starts).T
