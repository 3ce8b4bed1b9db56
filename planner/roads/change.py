"""What a change of streets or sites changes: only the rows of travel times that it can touch are searched again.

A row (a site) is kept when neither before nor after the change anything changed lies within its cutoff: one
search from the changed streets along the directions of travel, in the network as it was and as it is, tells
which sites those are. Rows kept are the same bytes a search of everything would give: what counts as changed is
not the street alone but the whole run of streets between junctions that it is part of, so that not even the
order of sums differs elsewhere.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from planner.progress import Progress
from planner.roads.arcs import SearchGraph
from planner.roads.make import topology
from planner.roads.reach import TravelTimes, travel_times
from planner.roads.search import SLACK_S, on_chains, search_graph
from planner.roads.snapping import Snapped

if TYPE_CHECKING:
    from planner.roads.graph import Network

__all__ = ["Updated", "streets_in", "update_travel_times", "with_street", "without_streets"]

_PER_EDGE = ("edge_u", "edge_v", "edge_length_m", "edge_s_uv", "edge_s_vu", "edge_class", "edge_way_id")


@dataclass(frozen=True)
class Updated:
    """Travel times after a change, and the rows (positions of sites) that were searched again."""

    times: TravelTimes
    redone: np.ndarray

    def __repr__(self) -> str:
        return f"<Updated {self.redone.size:,} of {len(self.times.sites):,} sites searched again>"


# -- changed networks ------------------------------------------------------------------------------


def streets_in(network: Network, area: Any) -> np.ndarray:
    """Edges that touch an area or cross a line (shapely geometry in the network's CRS), ascending."""
    import shapely

    owner = np.repeat(np.arange(network.n_edges), np.diff(network.geom_ptr))
    lines = shapely.linestrings(np.column_stack([network.geom_x, network.geom_y]), indices=owner)
    shapely.prepare(area)
    return np.flatnonzero(shapely.intersects(area, lines))


def without_streets(
    network: Network, edges: Sequence[int] | np.ndarray, *, min_component: int = topology.MIN_COMPONENT
) -> Network:
    """``network`` with some edges closed in both directions; they keep their numbers.

    ``min_component``: as the network was made with, see :func:`planner.roads.make.topology.components`.
    """
    s_uv, s_vu = network.edge_s_uv.copy(), network.edge_s_vu.copy()
    s_uv[edges] = s_vu[edges] = np.inf
    return _joined(replace(network, edge_s_uv=s_uv, edge_s_vu=s_vu), min_component)


def with_street(
    network: Network,
    u: int,
    v: int,
    *,
    kmh: float,
    both_ways: bool = True,
    length_m: float | None = None,
    min_component: int = topology.MIN_COMPONENT,
) -> Network:
    """``network`` with a new straight edge, such as a bridge, between two of its nodes; it is the last one.

    Raises
    ------
    ValueError
        No such node, or a speed not above 0.
    """
    if not (0 <= u < network.n_nodes and 0 <= v < network.n_nodes):
        raise ValueError(f"an edge between nodes {u} and {v}, but there are only 0…{network.n_nodes - 1}")
    if not (np.isfinite(kmh) and kmh > 0):
        raise ValueError(f"kmh must be above 0, not {kmh}")
    x, y = network.x_m[[u, v]], network.y_m[[u, v]]
    metres = max(float(np.hypot(*np.diff([x, y]).ravel())) if length_m is None else float(length_m), 1e-6)
    seconds = metres / kmh * 3.6
    new = (u, v, metres, seconds, seconds if both_ways else np.inf, 0, -1)
    longer: dict[str, Any] = {
        name: np.append(getattr(network, name), np.array(value, getattr(network, name).dtype))
        for name, value in zip(_PER_EDGE, new, strict=True)
    }
    return _joined(
        replace(
            network, **longer, geom_ptr=np.append(network.geom_ptr, network.geom_ptr[-1] + 2),
            geom_x=np.append(network.geom_x, x), geom_y=np.append(network.geom_y, y),
        ),
        min_component,
    )  # fmt: skip


def _joined(network: Network, min_component: int) -> Network:
    """``network`` with its components found anew."""
    component, counts = topology.components(
        network.n_nodes, network.edge_u, network.edge_v, network.edge_s_uv, network.edge_s_vu,
        min_component=min_component,
    )  # fmt: skip
    return replace(network, component=component, counts=counts)


# -- travel times after a change -------------------------------------------------------------------


def update_travel_times(
    times: TravelTimes,
    before: tuple[Network, Snapped, Snapped],
    after: tuple[Network, Snapped, Snapped],
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Updated:
    """Travel times after a change of streets, sites or places of demand.

    Parameters
    ----------
    times
        :func:`planner.roads.reach.travel_times` of ``before``; its cutoff holds for both.
    before, after
        Network, sites and demand, both snapped to it. Sites are the same where their labels are (labels are
        unique); demand points are the same ones, in the same order. Edges keep their numbers: closed ones
        have infinite seconds (:func:`without_streets`), new ones come last (:func:`with_street`).

    Returns
    -------
    Updated
        Equal, to the bit, to travel times of ``after`` from nothing.

    Raises
    ------
    ValueError
        Labels of sites that stand twice; times, sites and demand that do not belong together.
    """
    (old, old_sites, old_demand), (new, sites, demand) = before, after
    _check(times, old_sites, old_demand, sites, demand)
    row = times.sites.get_indexer(sites.index)
    if _other_town(old, new):
        redo = np.ones(len(sites), bool)
    else:
        limit = times.cutoff_s * (1 + 1e-9) + 2 * SLACK_S
        redo = (row < 0) | _moved(old_sites, row, sites, np.arange(len(sites)))
        shifted = np.flatnonzero(_moved(old_demand, np.arange(len(demand)), demand, np.arange(len(demand))))
        held = np.unique(times.seconds[:, shifted].tocoo().coords[0]) if shifted.size else shifted
        redo |= np.isin(row, held)
        nodes = _disturbed(old, new)
        redo |= np.append(_near(old, old_sites, nodes, shifted[:0], limit), False)[row]
        redo |= _near(new, sites, nodes, demand.edge[shifted], limit)
    redone = np.flatnonzero(redo)
    made = travel_times(
        new, sites.take(redone), demand, cutoff_s=times.cutoff_s, threads=threads, progress=progress
    )
    matrix = _assembled(times.seconds, row, made.seconds, redone)
    return Updated(TravelTimes(matrix, times.cutoff_s, sites.index, demand.index), redone)


def _check(
    times: TravelTimes, old_sites: Snapped, old_demand: Snapped, sites: Snapped, demand: Snapped
) -> None:
    if not (times.sites.is_unique and sites.index.is_unique):
        raise ValueError("a site's label stands twice: rows cannot be told apart")
    if times.seconds.shape != (len(old_sites), len(old_demand)) or not times.sites.equals(old_sites.index):
        raise ValueError("these are not the travel times of the sites and demand before the change")
    if len(demand) != len(old_demand):
        raise ValueError(
            f"{len(old_demand)} demand points before, {len(demand)} after: times of others are needed"
        )


def _other_town(old: Network, new: Network) -> bool:
    """Whether the two share too little to tell what is the same: then everything is searched again."""
    n, m = old.n_nodes, old.n_edges
    return (
        new.n_nodes != n
        or new.n_edges < m
        or old.walk_kmh != new.walk_kmh
        or not all(np.array_equal(getattr(old, k), getattr(new, k)) for k in ("x_m", "y_m"))
        or not all(
            np.array_equal(getattr(old, k), getattr(new, k)[:m])
            for k in ("edge_u", "edge_v", "edge_length_m")
        )
    )


def _moved(old: Snapped, at: np.ndarray, new: Snapped, to: np.ndarray) -> np.ndarray:
    """Whether points stand elsewhere than before (``at`` -1 counts as elsewhere)."""
    same = at >= 0
    for name in ("edge", "offset_m", "metres"):
        a, b = getattr(old, name)[at] if len(old) else np.full(at.size, -2), getattr(new, name)[to]
        same = same & ((a == b) | ((a != a) & (b != b)))
    return ~same


def _disturbed(old: Network, new: Network) -> np.ndarray:
    """Nodes at which a street or a turn is not as it was, bool ``[n_nodes]``."""
    m = old.n_edges
    changed = np.ones(new.n_edges, bool)
    changed[:m] = (old.edge_s_uv != new.edge_s_uv[:m]) | (old.edge_s_vu != new.edge_s_vu[:m])
    nodes = np.zeros(new.n_nodes, bool)
    nodes[new.edge_u[changed]] = nodes[new.edge_v[changed]] = True
    here, there = ({tuple(t) for t in n.turns.tolist()} for n in (old, new))
    for _, node, _ in here ^ there:
        nodes[node] = True
    return nodes


def _near(network: Network, sites: Snapped, nodes: np.ndarray, edges: np.ndarray, limit: float) -> np.ndarray:
    """Which sites can be reached within ``limit`` seconds from the streets at some nodes, or from some edges."""
    graph = search_graph(network)
    chosen = (nodes[network.edge_u] | nodes[network.edge_v]) & (graph.chain >= 0)
    chosen[edges[edges >= 0]] = True
    touched = np.zeros(graph.a.size, bool)
    touched[graph.chain[chosen]] = True
    if not touched.any():
        return np.zeros(len(sites), bool)
    seconds = _from(graph, np.flatnonzero(touched), limit)
    at = on_chains(network, sites)
    chain = np.maximum(at.chain, 0)
    way = np.minimum(seconds[graph.from_a[chain]] + at.a_to, seconds[graph.from_b[chain]] + at.b_to)
    near: np.ndarray = (at.chain >= 0) & (touched[chain] | (way + at.off_s <= limit))
    return near


def _from(graph: SearchGraph, chains: np.ndarray, limit: float) -> np.ndarray:
    """Seconds from the ends of chains to every search node, inf beyond ``limit``."""
    ends = np.unique(np.concatenate([getattr(graph, k)[chains] for k in ("a", "b", "from_a", "from_b")]))
    n = graph.n_nodes
    arcs = sparse.csc_array(  # column x holds the arcs into x: by rows these are the arcs out of each node
        (graph.arcs.arc["seconds"], graph.arcs.arc["node"].astype(np.int32), graph.arcs.ptr.astype(np.int32)),
        shape=(n, n),
    )
    found: np.ndarray = csgraph.dijkstra(arcs.tocsr(), indices=ends, limit=limit, min_only=True)
    return found


def _assembled(
    kept: sparse.csr_array, row: np.ndarray, made: sparse.csr_array, redone: np.ndarray
) -> sparse.csr_array:
    """Rows of ``kept`` (positions ``row``), those of ``redone`` from ``made``; runs of rows are copied whole."""
    again = np.zeros(row.size, bool)
    again[redone] = True
    at = row.copy()
    at[redone] = np.arange(redone.size)
    size = np.empty(row.size, np.int64)
    size[again], size[~again] = np.diff(made.indptr), np.diff(kept.indptr)[at[~again]]
    ptr = np.concatenate([[0], np.cumsum(size)])
    indices, data = np.empty(ptr[-1], np.int32), np.empty(ptr[-1], np.float32)
    first = np.flatnonzero(np.append(True, (again[1:] != again[:-1]) | (np.diff(at) != 1)))[: row.size]
    for lo, hi in itertools.pairwise([*first.tolist(), row.size]):
        source = made if again[lo] else kept
        a, b = source.indptr[at[lo]], source.indptr[at[lo] + hi - lo]
        indices[ptr[lo] : ptr[hi]], data[ptr[lo] : ptr[hi]] = source.indices[a:b], source.data[a:b]
    small = ptr.astype(np.int32) if ptr[-1] < 2**31 else ptr
    out = sparse.csr_array((data, indices, small), shape=(row.size, made.shape[1]))
    out.has_sorted_indices = True
    return out
