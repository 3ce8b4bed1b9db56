"""The slow and obvious way: points inserted into the graph, networkx from every site."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pandas as pd

from planner.roads.network import Network, network_from_edges
from planner.roads.snapping import Snapped


def split_graph(network: Network, groups: dict[str, Snapped]) -> nx.DiGraph:
    """Streets cut at every point; the node of point i of a group is ``(group, i)``; weight ``s``."""
    on: dict[int, list[tuple[float, tuple[str, int]]]] = {}
    graph = nx.DiGraph()
    for name, points in groups.items():
        for i, (edge, offset) in enumerate(zip(points.edge, points.offset_m, strict=True)):
            graph.add_node((name, i))
            if edge >= 0:
                on.setdefault(int(edge), []).append((float(offset), (name, i)))

    def add(a, b, seconds):
        if np.isfinite(seconds) and seconds < graph.get_edge_data(a, b, {"s": np.inf})["s"]:
            graph.add_edge(a, b, s=seconds)

    for e in range(network.n_edges):
        length = network.edge_length_m[e]
        stops = [(0.0, int(network.edge_u[e])), *sorted(on.get(e, ())), (length, int(network.edge_v[e]))]
        for (start, a), (end, b) in itertools.pairwise(stops):
            if start == end and length > 0:
                add(a, b, 0.0)
                add(b, a, 0.0)
            else:
                share = (end - start) / length if length > 0 else 1.0
                add(a, b, share * network.edge_s_uv[e])
                add(b, a, share * network.edge_s_vu[e])
    return graph


def seconds_to_sites(network: Network, sites: Snapped, demand: Snapped, *, cutoff_s: float) -> np.ndarray:
    """Dense seconds (n_sites × n_demand), inf beyond the cutoff, off-road legs at walking speed."""
    turned = split_graph(network, {"site": sites, "demand": demand}).reverse(copy=False)
    walk = network.walk_kmh / 3.6
    return seconds_over(turned, sites, demand, walk, cutoff_s, lambda i: ("site", i), lambda j: ("demand", j))


def seconds_over(
    turned: nx.DiGraph, sites: Snapped, demand: Snapped, walk: float, cutoff_s: float, at_site, at_demand
):
    """Dense seconds by Dijkstra's algorithm on a graph turned round, off-road legs at ``walk`` m/s; inf beyond the cutoff.

    ``at_site``, ``at_demand``: the graph's node of the i-th site, of the j-th demand point.
    """
    out = np.full((len(sites), len(demand)), np.inf)
    for i in range(len(sites)):
        if sites.edge[i] < 0:
            continue
        found = nx.single_source_dijkstra_path_length(
            turned, at_site(i), cutoff=cutoff_s * 1.001 + 1, weight="s"
        )
        for j in range(len(demand)):
            if demand.edge[j] >= 0 and at_demand(j) in found:
                out[i, j] = found[at_demand(j)] + (sites.metres[i] + demand.metres[j]) / walk
    return np.where(out <= cutoff_s + 1e-6, out, np.inf)


def dense(seconds) -> np.ndarray:
    """A sparse result as a dense array with inf where nothing is stored."""
    out = np.full(seconds.shape, np.inf)
    pairs = seconds.tocoo()
    out[pairs.coords] = pairs.data
    return out


def on_edges(network: Network, edge, share, metres=None) -> Snapped:
    """Points put onto edges at a share of their length."""
    edge, share = np.asarray(edge, np.int32), np.asarray(share, float)
    first = network.geom_ptr[edge]
    return Snapped(
        edge=edge,
        offset_m=network.edge_length_m[edge] * share,
        metres=np.zeros(edge.size) if metres is None else np.asarray(metres, float),
        x_m=network.geom_x[first],
        y_m=network.geom_y[first],
        index=pd.RangeIndex(edge.size),
        crs=network.crs,
    )


def random_network(seed: int, *, nodes: int = 25, edges: int = 32) -> Network:
    """Streets anyhow: loops, doubles, dead ends, islands, one-ways of both directions."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 1000, nodes), rng.uniform(0, 1000, nodes)
    u, v = rng.integers(0, nodes, edges), rng.integers(0, nodes, edges)
    length = np.hypot(x[u] - x[v], y[u] - y[v]) * 1.1 + (u == v) * 50
    forth, back = length / 1.2, length / 0.9
    kind = rng.random(edges)
    forth[kind < 0.15] = np.inf
    back[(kind > 0.15) & (kind < 0.3)] = np.inf
    return network_from_edges(x, y, u, v, length, forth, back, min_component=1)


def random_places(network: Network, n: int, rng: np.random.Generator) -> Snapped:
    """Points on edges: at ends, in the middle, anywhere, some off the street."""
    share = np.where(rng.random(n) < 0.5, rng.choice([0.0, 1.0, 0.5, 0.25], n), rng.random(n))
    return on_edges(network, rng.integers(0, network.n_edges, n), share, rng.choice([0.0, 5.0, 20.0], n))
