"""Trucks obey forbidden turns: toys by hand, the travel times of trucks, trips on the streets, and gateways."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy.spatial import Delaunay

from planner.freight.assign import assign
from planner.freight.flows import Trips
from planner.freight.graph import build_graph, times, times_to
from planner.freight.need import detours
from planner.freight.zones import find_gateways
from planner.roads.network import Network, network_from_edges, read_network
from planner.roads.reach import snap, travel_times

#: A cross: node 4 in the middle, arms of 1 km (100 s) to the west, south, east and north, which end in dead ends.
ARMS = np.array([[-1000, 0], [0, -1000], [1000, 0], [0, 1000], [0, 0.0]])
WEST, SOUTH, EAST, NORTH = range(4)
CRS = "EPSG:4549"


def cross(*turns: tuple[int, int], **more) -> Network:
    """The cross; a turn is (arm come from, arm not gone to)."""
    shut = np.array([(a, 4, b) for a, b in turns], np.int32).reshape(-1, 3)
    u, v, ones = np.arange(4), np.full(4, 4), np.ones(4)
    return network_from_edges(
        *ARMS.T, u, v, 1000 * ones, 100 * ones, 100 * ones, mode="truck", min_component=1, turns=shut, **more
    )


def between(network: Network, a, b) -> float:
    graph = build_graph(network, snap(network, np.array([a, b], float), limit_m=5))
    return float(times(graph, graph.place[:1], graph.place_to[1:])[0, 0])


def test_a_forbidden_left_turn_is_driven_round_by_a_dead_end():
    west, north = (-500, 0), (0, 500)
    assert between(cross(), west, north) == pytest.approx(100)
    # straight on to the end of the eastern arm, back, and right into the northern one
    assert between(cross((WEST, NORTH)), west, north) == pytest.approx(50 + 200 + 50)
    # turning round in the middle is no way out where that is forbidden too, nor is the other side
    shut = cross((WEST, NORTH), (EAST, NORTH), (WEST, EAST), (WEST, WEST))
    assert between(shut, west, north) == pytest.approx(50 + 200 + 50)  # by the southern arm
    none = cross((WEST, NORTH), (EAST, NORTH), (SOUTH, NORTH))
    # back to the end of the western arm helps nobody: all ways into the northern arm are shut
    assert np.isinf(between(none, west, north))
    assert between(none, north, west) == pytest.approx(100)


def test_the_way_through_the_middle_of_a_street_turns_round_at_its_end_only():
    network = cross((WEST, NORTH))
    # a yard on the eastern arm 100 m from the middle is no place to turn round for who passes it
    places = snap(network, np.array([[-500, 0], [0, 500], [100, 0.0]]), limit_m=5)
    graph = build_graph(network, places)
    assert times(graph, graph.place, graph.place_to)[0, 1] == pytest.approx(300)
    # but who stops there may leave it either way
    direct = times(graph, graph.place[:2], graph.place_to[:2])
    to, back = (
        times(graph, graph.place[:2], graph.place_to[2:]),
        times_to(graph, graph.place[2:], graph.place_to[:2]),
    )
    assert to[0, 0] == pytest.approx(60)
    assert back[0].tolist() == pytest.approx([60, 60])
    assert detours(direct[0], to[0], back)[1, 0] == pytest.approx(60 + 60 - 300)  # quicker by the stop
    assert direct.diagonal() == pytest.approx([0, 0], abs=1e-6)


def test_trips_are_put_on_the_way_round():
    network = cross((WEST, NORTH))
    graph = build_graph(network, snap(network, np.array([[-500, 0], [0, 500.0]]), limit_m=5))
    trips = np.array([[0, 7.0], [0, 0]])
    done = assign(graph, graph.place, graph.place_to, Trips(trips, 0 * trips, 0 * trips, 0.0, 1.0))
    by_arm = [
        sorted({round(t, 6) for t in done.total[graph.edge == arm].tolist()} - {0.0}) for arm in range(4)
    ]
    turned = by_arm.index([7], 1, 3)  # east and south are equally far: one of them
    assert by_arm == [[7], *([7] if arm == turned else [] for arm in (1, 2)), [7]]
    there_and_back = done.total[graph.edge == turned]
    assert there_and_back.tolist() == pytest.approx([7, 7])
    assert done.vehicle_hours == pytest.approx(7 * 300 / 3600)


def test_who_comes_through_a_gateway_turns_by_the_road_it_came_on():
    # the outline runs 1 m west of the middle: the western arm leads out of it, the others stay within
    network = replace(
        cross((WEST, NORTH), edge_class=np.array([0, 1, 1, 1]), classes=("trunk", "residential")), crs=CRS
    )
    gates, _ = find_gateways(network, shapely.box(-1, -2000, 2000, 2000), trucks={"trunk": 10.0}, merge_km=0)
    assert gates.doors == (((4,), (4,)),)
    assert gates.ways == (((WEST,), (WEST,)),)
    places = snap(network, np.array([[0, 500], [0, -500.0]]), limit_m=5)
    graph = build_graph(network, places, gates=gates.doors, ways=gates.ways)
    assert times(graph, graph.source, graph.place_to)[0].tolist() == pytest.approx([250, 50])
    assert times(graph, graph.place, graph.sink)[:, 0].tolist() == pytest.approx([50, 50])
    out = replace(network, turns=np.array([[SOUTH, 4, WEST]], np.int32))
    graph = build_graph(out, places, gates=gates.doors, ways=gates.ways)
    assert times(graph, graph.source, graph.place_to)[0].tolist() == pytest.approx([50, 50])
    assert times(graph, graph.place, graph.sink)[:, 0].tolist() == pytest.approx([50, 250])


def test_a_road_cut_off_at_the_outline_is_its_own_gateway():
    network = replace(cross(edge_class=np.zeros(4), classes=("trunk",)), crs=CRS)
    gates, _ = find_gateways(
        network, shapely.box(-1010, -9000, 9000, 9000), trucks={"trunk": 1.0}, merge_km=0
    )
    assert gates.doors == (((WEST,), (WEST,)),)  # nodes 0 to 3 are the ends of the arms
    assert gates.ways == (((-1,), (-1,)),)
    none, _ = find_gateways(network, shapely.box(-9e3, -9e3, 9e3, 9e3), trucks={"trunk": 1.0}, merge_km=0)
    assert (none.doors, none.ways) == ((), ())
    assert isinstance(none.table, gpd.GeoDataFrame)


def town(random) -> Network:
    """Streets between random points, some cut in pieces or one-way, and a third of the turns at some nodes forbidden."""
    xy = random.uniform(0, 5000, (14, 2))
    corners = Delaunay(xy).simplices
    pairs = {
        tuple(sorted(pair)) for t in corners.tolist() for pair in ((t[0], t[1]), (t[1], t[2]), (t[0], t[2]))
    }
    nodes, rows = xy.tolist(), []
    for a, b in sorted(p for p in pairs if random.random() < 0.6):
        parts, one_way, chain = int(random.integers(1, 4)), random.random() < 0.2, [a]
        for i in range(1, parts):
            nodes.append((xy[a] + (xy[b] - xy[a]) * i / parts).tolist())
            chain.append(len(nodes) - 1)
        rows += [(i, j, one_way) for i, j in zip(chain, [*chain[1:], b], strict=True)]
    at = np.array(nodes)
    u, v, one_way = (np.array(column) for column in zip(*rows, strict=True))
    length = np.hypot(*(at[u] - at[v]).T)
    there = length / random.uniform(5, 20, len(length))
    back = np.where(one_way, np.inf, there * random.uniform(0.8, 1.2, len(length)))
    turns = [
        (i, x, j)
        for x in range(len(at))
        if random.random() < 0.4
        for i in np.flatnonzero((u == x) | (v == x))
        for j in np.flatnonzero((u == x) | (v == x))
        if random.random() < 0.35
    ]
    shut = np.array(turns, np.int32).reshape(-1, 3)
    return network_from_edges(*at.T, u, v, length, there, back, mode="truck", min_component=1, turns=shut)


def there_and_back(network: Network, random) -> tuple[np.ndarray, np.ndarray]:
    """Seconds between ten places of a town: of the truck graph, and of the trucks' travel times (inf: no way)."""
    edge, share = random.integers(0, network.n_edges, 10), random.choice([0, 1, 0.3, 0.5, 0.77], 10)
    a, b = (np.column_stack([network.x_m[n], network.y_m[n]])[edge] for n in (network.edge_u, network.edge_v))
    places = snap(network, a + (b - a) * share[:, None], limit_m=50)
    graph = build_graph(network, places)
    ours = times(graph, graph.place, graph.place_to)
    assert times_to(graph, graph.place, graph.place_to) == pytest.approx(ours)
    found = travel_times(network, places, places, cutoff_s=1e5).seconds.tocoo()
    site, demand = found.coords
    theirs = np.full((10, 10), np.inf)
    theirs[demand, site] = found.data
    on = (places.edge >= 0) & (np.nan_to_num(places.metres) < 1e-6)  # nobody walks
    apart = ~np.eye(10, dtype=bool) & on[:, None] & on
    return ours[apart], theirs[apart]


@pytest.mark.parametrize("block", range(4))
def test_times_equal_the_trucks_travel_times(block):
    random, pairs, later = np.random.default_rng(40 + block), 0, 0
    for _ in range(25):
        network = town(random)
        ours, theirs = there_and_back(network, random)
        assert ours == pytest.approx(theirs, abs=0.01)
        free = replace(network, turns=network.turns[:0])
        with_, without = (there_and_back(n, np.random.default_rng(5))[0] for n in (network, free))
        later += int((with_ > without + 1).sum())
        pairs += len(ours)
    assert pairs > 1500
    assert later > 200  # the turns do bind


@pytest.mark.real
@pytest.mark.parametrize("name", ["liechtenstein/liechtenstein-latest.osm.pbf", "cities/taipei.osm"])
def test_real_streets_take_trucks_as_long_as_their_travel_times(shared_data, name):
    network = read_network(shared_data / name, "truck")
    assert len(network.turns) > 0
    random = np.random.default_rng(3)
    held = np.unique(network.turns[:, 1])
    near = np.flatnonzero(np.isin(network.edge_u, held) | np.isin(network.edge_v, held))
    edge = np.concatenate([random.choice(near, 20), random.integers(0, network.n_edges, 20)])
    middle = (network.geom_ptr[edge] + network.geom_ptr[edge + 1]) // 2
    places = snap(network, np.column_stack([network.geom_x[middle], network.geom_y[middle]]), limit_m=500)
    graph = build_graph(network, places)
    off = places.metres / (10 / 3.6) - places.metres / (network.walk_kmh / 3.6)
    ours = times(graph, graph.place, graph.place_to) - off[:, None] - off
    found = travel_times(network, places, places, cutoff_s=1e5).seconds.tocoo()
    theirs = np.full(ours.shape, np.inf)
    theirs[found.coords[1], found.coords[0]] = found.data
    apart = ~np.eye(len(off), dtype=bool) & (places.edge >= 0)[:, None] & (places.edge >= 0)
    assert ours[apart] == pytest.approx(theirs[apart], abs=0.05)
    free = build_graph(replace(network, turns=network.turns[:0]), places)
    quicker = times(free, free.place, free.place_to) - off[:, None] - off
    assert (quicker[apart] <= ours[apart] + 1e-3).all()
    assert (quicker[apart] < ours[apart] - 1).sum() > 10  # the turns do bind
