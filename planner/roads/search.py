"""The search graph of a network made, and where points stand on it.

Streets are joined into chains through nodes that only pass traffic on, nodes are numbered in
spatial (Morton) order, and arcs are turned round, because searches run from a site outwards while
travel times are *to* the site. Nothing here changes an answer; it only makes it cheap.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from planner.roads.arcs import Arcs, SearchGraph
from planner.roads.turns import junctions, with_turns

if TYPE_CHECKING:
    from planner.roads.graph import Network
    from planner.roads.snapping import Snapped

__all__ = [
    "SLACK_S", "GroupedDemand", "OnChains", "bucket_width", "demand_on", "on_chains", "search_graph", "search_limit",
    "spatial_order",
]  # fmt: skip

#: Points this near to the end of an edge stand on its node (metres); absorbs rounding only.
AT_NODE_M = 1e-6
#: Added to a cutoff, so that sums that should equal it are not lost to rounding.
SLACK_S = 1e-6


class OnChains(NamedTuple):
    """Points on chains.

    ``chain`` (-1: none), ``pos`` metres from a, ``a_to``/``b_to`` seconds from either end to the
    point, ``to_a``/``to_b`` seconds from the point to either end, ``off_s`` the off-road leg.
    """

    chain: np.ndarray
    pos: np.ndarray
    a_to: np.ndarray
    b_to: np.ndarray
    to_a: np.ndarray
    to_b: np.ndarray
    off_s: np.ndarray


#: A demand point as met from a search node: its number, and seconds from it to the node.
MET = np.dtype([("seconds", "f8"), ("point", "u4"), ("pad", "u4")])


class GroupedDemand(NamedTuple):
    """Demand points as the searches meet them.

    ``met[met_ptr[x]:met_ptr[x + 1]]`` (:data:`MET`) are the points at node x and on the chains that
    end there (so these stand at both), all a search needs in one run of memory. Points of a chain, from ``ptr[c]`` on, in order
    along it: ``id``, ``pos``, ``to_a`` (off-road leg included), ``a_to``, ``off``.
    """

    n: int
    met_ptr: np.ndarray
    met: np.ndarray
    ptr: np.ndarray
    id: np.ndarray
    pos: np.ndarray
    to_a: np.ndarray
    a_to: np.ndarray
    off: np.ndarray


_graphs: weakref.WeakKeyDictionary[Any, SearchGraph] = weakref.WeakKeyDictionary()


def search_graph(network: Network) -> SearchGraph:
    """The search graph of ``network``, made once and kept as long as the network."""
    found = _graphs.get(network)
    if found is None:
        found = _graphs[network] = _build(network)
    return found


def search_limit(cutoff_s: float) -> float:
    """How far a search goes to find what lies within an inclusive cutoff."""
    return cutoff_s + max(SLACK_S, cutoff_s * 1e-12)


def bucket_width(graph: SearchGraph, cutoff_s: float) -> float:
    """Width of a bucket in seconds: half a mean arc, at most 65,536 buckets."""
    return max(graph.mean_s / 2, cutoff_s / 65536, 1e-3)


def spatial_order(x_m: np.ndarray, y_m: np.ndarray) -> np.ndarray:
    """Positions of points in Morton order (stable), int64."""
    from planner.roads.kernels.graph import morton

    if x_m.size == 0:
        return np.empty(0, np.int64)
    x0, y0 = float(x_m.min()), float(y_m.min())
    extent = max(float(x_m.max()) - x0, float(y_m.max()) - y0, 1e-9)
    return np.argsort(morton(x_m, y_m, x0, y0, (2**31 - 1) / extent), kind="stable")


def _build(network: Network) -> SearchGraph:
    from planner.roads.kernels.graph import chains, incidence

    u, v = network.edge_u, network.edge_v
    s_uv, s_vu, length = network.edge_s_uv, network.edge_s_vu, network.edge_length_m
    usable = np.isfinite(s_uv) | np.isfinite(s_vu)
    ptr, edge = incidence(network.n_nodes, u, v, usable)
    order = spatial_order(network.x_m, network.y_m).astype(np.int32)
    keep, a, b, total, chain, step, flip, behind, before = chains(
        ptr, edge, u, v, length, s_uv, s_vu, order, junctions(network)
    )  # fmt: skip
    del ptr, edge, usable
    kept = order[keep[order]]
    node = np.full(network.n_nodes, -1, np.int32)
    node[kept] = np.arange(kept.size, dtype=np.int32)
    a, b = node[a], node[b]
    arcs = _arcs(kept.size, a, b, total)
    mean_s = float(arcs.arc["seconds"].mean()) if arcs.arc.size else 1.0
    graph = SearchGraph(arcs, a, b, a, b, total, chain, step, flip, behind, before, mean_s)
    return with_turns(network, graph) if len(network.turns) else graph


def _arcs(n: int, a: np.ndarray, b: np.ndarray, total: np.ndarray) -> Arcs:
    """Arcs by the node they lead to, loops and dead ends left out, in order of the node they leave."""
    from planner.roads.kernels.graph import arcs_into

    return Arcs(*arcs_into(n, a, b, total))


def on_chains(network: Network, snapped: Snapped) -> OnChains:
    """Where snapped points stand on the chains, with seconds to and from both ends."""
    graph = search_graph(network)
    ok = snapped.edge >= 0
    e = np.where(ok, snapped.edge, 0)
    if network.n_edges == 0:
        nothing = np.full(ok.size, np.inf)
        return OnChains(np.full(ok.size, -1, np.int32), *(nothing,) * 6)
    length, flip, before = network.edge_length_m[e], graph.flip[e], graph.before[graph.behind[e]]
    chain = np.where(ok, graph.chain[e], -1).astype(np.int32)
    total = graph.total[np.maximum(chain, 0)]
    share = np.divide(snapped.offset_m, length, out=np.zeros(ok.size), where=length > 0).clip(0, 1)
    share = np.where(flip, 1 - share, share)
    forth, back = network.edge_s_uv[e], network.edge_s_vu[e]
    forth, back = np.where(flip, back, forth), np.where(flip, forth, back)
    pos = before[:, 0] + share * length
    at_a, at_b = pos <= AT_NODE_M, pos >= total[:, 0] - AT_NODE_M
    with np.errstate(invalid="ignore"):
        a_to, to_a = before[:, 1] + share * forth, before[:, 2] + share * back
        b_to, to_b = total[:, 2] - to_a, total[:, 1] - a_to
    a_to, to_a = (np.where(at_a, 0.0, np.where(np.isnan(t), np.inf, t)) for t in (a_to, to_a))
    b_to, to_b = (np.where(at_b, 0.0, np.where(np.isnan(t), np.inf, t).clip(0)) for t in (b_to, to_b))
    return OnChains(chain, pos, a_to, b_to, to_a, to_b, snapped.metres / (network.walk_kmh / 3.6))


def demand_on(graph: SearchGraph, at: OnChains) -> tuple[GroupedDemand, np.ndarray]:
    """Group demand points by the node or chain where a search finds them.

    Returns the groups and the chains that carry points, ascending: ``GroupedDemand.ptr`` counts these.
    """
    from planner.roads.kernels.graph import meetings

    chain = at.chain
    a, b = graph.a[np.maximum(chain, 0)], graph.b[np.maximum(chain, 0)]
    total = graph.total[np.maximum(chain, 0), 0]
    ok = (chain >= 0) & np.isfinite(at.off_s)
    at_a, at_b = at.pos <= AT_NODE_M, at.pos >= total - AT_NODE_M
    leaf = graph.arcs.leaf
    on_a, on_b = ok & at_a & ~leaf[a], ok & at_b & ~leaf[b]
    node = np.where(on_a, a, b)
    ids = np.flatnonzero(on_a | on_b).astype(np.int32)
    rest = np.flatnonzero(ok & ~(on_a | on_b))
    rest = rest[np.lexsort((at.pos[rest], chain[rest]))]
    used, first = np.unique(chain[rest], return_index=True)
    off, ptr = at.off_s[rest], np.append(first, rest.size).astype(np.int64)
    to_a, to_b, rest_id = at.to_a[rest] + off, at.to_b[rest] + off, rest.astype(np.int32)
    counts = np.bincount(node[ids], minlength=graph.n_nodes)
    for end in (graph.a, graph.b):
        counts += np.bincount(end[used], np.diff(ptr), minlength=graph.n_nodes).astype(np.int64)
    met = np.zeros(int(counts.sum()), MET)
    met_ptr = meetings(
        counts, met, (node[ids], ids, at.off_s[ids]), (graph.a[used], graph.b[used], ptr, rest_id, to_a, to_b)
    )
    made = GroupedDemand(int(chain.size), met_ptr, met, ptr, rest_id, at.pos[rest], to_a, at.a_to[rest], off)
    return made, used
