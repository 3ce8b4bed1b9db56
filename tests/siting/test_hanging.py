"""Cells that hang on one footway, against taking every street away in turn."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from planner.roads.kernels.bridges import bridge_edges
from planner.roads.network import Network, network_from_edges
from planner.roads.reach import snap, travel_times
from planner.siting.questions.hanging import hanging_on


def _random(seed: int) -> tuple[Network, np.ndarray]:
    """A straggling town: a tree of streets, some joined into rings, two places, some streets doubtful."""
    rng = np.random.default_rng(seed)
    n = 40
    x, y = rng.uniform(0, 900, n), rng.uniform(0, 900, n)
    u = [int(rng.integers(0, k)) for k in range(1, n - 5)] + [n - 5, n - 4, n - 3, n - 2]
    v = [*range(1, n - 5), n - 4, n - 3, n - 2, n - 1]
    for _ in range(6):
        a, b = rng.integers(0, n - 5, 2)
        if a != b:
            u.append(int(a))
            v.append(int(b))
    u.append(u[3])  # the same two nodes joined twice
    v.append(v[3])
    ends = np.array([u, v])
    length = np.hypot(x[ends[0]] - x[ends[1]], y[ends[0]] - y[ends[1]])
    seconds = length / (4 / 3.6)
    made = network_from_edges(x, y, ends[0], ends[1], length, seconds, seconds, min_component=2)
    return made, rng.random(ends.shape[1]) < 0.5


@pytest.mark.parametrize("seed", range(10))
def test_bridges_are_those_of_networkx(seed: int) -> None:
    network, _ = _random(seed)
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(network.n_nodes))
    for e, (a, b) in enumerate(zip(network.edge_u.tolist(), network.edge_v.tolist(), strict=True)):
        graph.add_edge(a, b, key=e)
    whole = nx.number_connected_components(graph)
    wanted = []
    for e, (a, b) in enumerate(zip(network.edge_u.tolist(), network.edge_v.tolist(), strict=True)):
        graph.remove_edge(a, b, key=e)
        wanted.append(nx.number_connected_components(graph) > whole)
        graph.add_edge(a, b, key=e)
    found = bridge_edges(network.n_nodes, network.edge_u, network.edge_v)
    assert found.tolist() == wanted
    assert 0 < found.sum() < len(found)


@pytest.mark.parametrize("seed", range(15))
def test_without_the_street_no_station_in_reach_is_left_and_no_other_does_the_same(seed: int) -> None:
    network, doubtful = _random(seed)
    rng = np.random.default_rng(seed + 100)

    def places(n: int) -> np.ndarray:
        e = rng.integers(0, network.n_edges, n)
        t = rng.uniform(0.1, 0.9, n)
        a = np.column_stack([network.x_m[network.edge_u[e]], network.y_m[network.edge_u[e]]])
        b = np.column_stack([network.x_m[network.edge_v[e]], network.y_m[network.edge_v[e]]])
        return a + t[:, None] * (b - a)

    points, sites = (snap(network, places(n), limit_m=50) for n in (60, 1 + seed % 3))
    seconds = travel_times(network, sites, points, cutoff_s=3000).seconds
    found = hanging_on(network, points, sites, seconds, cutoff_s=2500, doubtful=doubtful)
    reached = seconds.tocsc()
    for j in range(60):
        near = reached.indices[reached.indptr[j] : reached.indptr[j + 1]]
        near = near[reached.data[reached.indptr[j] : reached.indptr[j + 1]] <= 2500]
        wanted = set()
        for e in np.flatnonzero(doubtful):
            graph = nx.Graph()
            graph.add_nodes_from(range(network.n_nodes))
            keep = np.arange(network.n_edges) != e
            graph.add_edges_from(
                zip(network.edge_u[keep].tolist(), network.edge_v[keep].tolist(), strict=True)
            )
            own = {int(points.edge[j]), *(int(sites.edge[i]) for i in near)}
            if e in own or not len(near):
                continue
            start = int(network.edge_u[points.edge[j]])
            if not any(nx.has_path(graph, start, int(network.edge_u[sites.edge[i]])) for i in near):
                wanted.add(int(e))
        if found[j] >= 0:
            assert int(found[j]) in wanted
        elif wanted:  # a point on a doubtful dead end leaves it at either end: it does not count
            assert doubtful[points.edge[j]]


def test_some_points_hang_and_some_do_not() -> None:
    hanging = total = 0
    for seed in range(15):
        network, doubtful = _random(seed)
        at = np.column_stack([network.x_m, network.y_m])
        middle = (at[network.edge_u] + at[network.edge_v])[~doubtful] / 2
        points, sites = snap(network, middle, limit_m=5), snap(network, at[20:21], limit_m=5)
        seconds = travel_times(network, sites, points, cutoff_s=9000).seconds
        found = hanging_on(network, points, sites, seconds, cutoff_s=9000, doubtful=doubtful)
        hanging, total = hanging + int((found >= 0).sum()), total + len(found)
        assert doubtful[found[found >= 0]].all()
    assert 0.05 * total < hanging < 0.9 * total
