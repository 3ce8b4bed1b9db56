"""Reach on streets small enough to be worked by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from scipy import sparse

from planner.errors import PlannerError
from planner.roads.network import network_from_edges
from planner.roads.reach import nearest, snap, travel_times
from planner.roads.search import search_graph
from tests.street_referee import on_edges, random_network, random_places

CRS = "EPSG:4549"
WALK = 4.0 / 3.6


def points(*xy):
    return gpd.GeoSeries(gpd.points_from_xy([p[0] for p in xy], [p[1] for p in xy]), crs=CRS)


def street(*, back=True, length=400.0, parts=4):
    """A straight street of ``parts`` edges along x, walked at 4 km/h, one-way eastwards if not ``back``."""
    x = np.linspace(0, length, parts + 1)
    s = np.diff(x) / WALK
    i = np.arange(parts)
    return network_from_edges(x, 0 * x, i, i + 1, np.diff(x), s, s if back else s + np.inf, min_component=1)


def test_667_m_at_4_kmh_is_within_ten_minutes_and_the_next_metre_is_not():
    network = street(length=1000, parts=10)
    demand = points((600 * WALK, 0), (601 * WALK, 0), (500, 0))
    found = travel_times(network, points((0, 0)), demand, cutoff_s=600).seconds
    assert found.indices.tolist() == [0, 2]
    assert found.data == pytest.approx([600, 450], abs=1e-3)


@pytest.mark.parametrize("metres", [500.0, 667.0, 833.0])
def test_the_cutoff_is_inclusive_whatever_the_rounding(metres):
    network = street(length=1001, parts=7)
    times = travel_times(network, points((0, 0)), points((metres, 0)), cutoff_s=metres / WALK)
    assert times.seconds.nnz == 1
    assert float(times.seconds.data[0]) <= times.cutoff_s


def test_zero_seconds_are_stored():
    found = travel_times(street(), points((130, 0)), points((130, 0), (0, 0)), cutoff_s=60).seconds
    assert isinstance(found, sparse.csr_array)
    assert found.dtype == np.float32
    assert (found.indices.tolist(), found.data.tolist()) == ([0], [0.0])


def test_off_road_legs_at_both_ends_are_walked_and_counted():
    found = travel_times(street(), points((100, 20)), points((300, 30)), cutoff_s=600).seconds
    assert found.data == pytest.approx([(20 + 200 + 30) / WALK], abs=1e-3)
    assert travel_times(street(), points((100, 20)), points((300, 30)), cutoff_s=224).seconds.nnz == 0


def test_the_direction_is_to_the_site():
    network = street(back=False)
    site = on_edges(network, [1], [0.5])
    demand = on_edges(network, [1, 1, 0, 3], [0.2, 0.9, 0.0, 1.0])
    found = travel_times(network, site, demand, cutoff_s=600).seconds
    assert found.indices.tolist() == [0, 2]
    assert found.data == pytest.approx([30 / WALK, 150 / WALK], abs=1e-3)


def one_way_block():
    """Four streets of 100 s round a block, anticlockwise only."""
    x, y = np.array([0.0, 100, 100, 0]), np.array([0.0, 0, 100, 100])
    s, i = np.full(4, 100.0), np.arange(4)
    return network_from_edges(x, y, i, (i + 1) % 4, s, s, s + np.inf)


def test_round_the_block_on_a_one_way_ring_of_one_street():
    network = one_way_block()
    at = on_edges(network, [2, 2], [0.75, 0.25])
    found = travel_times(network, at, at, cutoff_s=400).seconds.toarray()
    assert found == pytest.approx(np.array([[0, 50], [350, 0]]), abs=1e-3)


def test_an_edge_at_its_start_is_not_a_trap():
    network = one_way_block()
    corner = snap(network, points((100, 0)))
    assert travel_times(network, corner, corner, cutoff_s=0).seconds.nnz == 1
    assert travel_times(network, corner, points((100, 99)), cutoff_s=400).seconds.data == pytest.approx([301])


def test_the_bytes_do_not_depend_on_threads_or_blocks():
    network = random_network(5, nodes=300, edges=420)
    rng = np.random.default_rng(1)
    sites, demand = random_places(network, 700, rng), random_places(network, 900, rng)
    one = travel_times(network, sites, demand, cutoff_s=700, threads=1).seconds
    two = travel_times(network, sites, demand, cutoff_s=700, threads=3, block_mb=0.01).seconds
    for name in ("indptr", "indices", "data"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
    assert one.nnz > 5_000
    assert all(
        (np.diff(one.indices[a:b]) > 0).all() for a, b in zip(one.indptr[:-1], one.indptr[1:], strict=True)
    )


def test_progress_ends_at_one():
    told = []
    travel_times(street(), points((0, 0)), points((10, 0)), progress=lambda label, share: told.append(share))
    assert told[-1] == 1


def test_chains_are_joined_and_change_nothing():
    network = street(length=1000, parts=50)
    assert search_graph(network).n_nodes == 2
    times = travel_times(network, points((333, 0)), points((777, 0))).seconds
    assert times.data == pytest.approx([444 / WALK], abs=1e-3)


def test_no_sites_no_demand_and_far_points_give_an_empty_table():
    network = street()
    nobody = points((0, 500))
    assert travel_times(network, nobody, points((0, 0))).seconds.nnz == 0
    assert travel_times(network, nobody[:0], points((0, 0))).seconds.shape == (0, 1)
    assert travel_times(network, points((0, 0)), nobody[:0]).seconds.shape == (1, 0)


@pytest.mark.parametrize("cutoff", [-1, np.nan, np.inf])
def test_a_cutoff_that_is_no_time_is_refused(cutoff):
    with pytest.raises(ValueError, match="cutoff_s"):
        travel_times(street(), points((0, 0)), points((0, 0)), cutoff_s=cutoff)


def test_snapping_goes_to_the_nearest_place_of_an_edge():
    made = snap(street(), points((150, 7), (-30, 40), (100, 0), (50, 101)), limit_m=100)
    assert made.edge.tolist() == [1, 0, 0, -1]
    assert made.offset_m[:3] == pytest.approx([50, 0, 100])
    assert made.metres[:3] == pytest.approx([7, 50, 0])
    assert np.isnan(made.metres[3])
    assert made.points().is_empty.sum() + made.points().isna().sum() == 1


def street_with_island_and_trap():
    """A street, a one-way that ends at node 13, an island of nodes 14 and 15."""
    x = np.array([*np.arange(0, 650, 50.0), 50, 0, 1])  # a street, the end of a one-way, an island
    y = np.array([*np.zeros(13), 50, 60, 60])
    u, v = np.array([*range(12), 1, 14]), np.array([*range(1, 13), 13, 15])
    length = np.hypot(x[u] - x[v], y[u] - y[v])
    back = np.where(v == 13, np.inf, length)
    network = network_from_edges(x, y, u, v, length, length, back, min_component=3)
    assert np.flatnonzero(~network.counts).tolist() == [13, 14, 15]
    return network


def test_snapping_passes_over_islands_and_traps():
    made = snap(street_with_island_and_trap(), points((50, 40), (0, 60)))
    assert made.edge.tolist() == [0, 0]
    assert made.metres == pytest.approx([40, 60])


def test_a_graphs_length_wins_over_its_shape():
    network = network_from_edges(
        np.array([0, 100.0]), np.zeros(2), [0], [1], np.array([150.0]), np.array([150.0]), np.array([150.0])
    )
    assert snap(network, points((50, 0))).offset_m == pytest.approx([75])


def test_snapping_finds_what_shapely_finds():
    network = random_network(3, nodes=150, edges=400)
    xy = np.random.default_rng(2).uniform(-300, 1300, (2000, 2))
    made = snap(network, xy, limit_m=250)
    lines = network.edges().geometry.to_numpy()
    counting = (network.component[network.edge_u] == network.component[network.edge_v]) & network.counts[
        network.edge_u
    ]
    lines[~counting] = None
    import shapely

    tree = shapely.STRtree(lines)
    (which, _), metres = tree.query_nearest(shapely.points(xy), return_distance=True, all_matches=False)
    best = np.full(2000, np.inf)
    best[which] = metres
    np.testing.assert_array_equal(made.edge >= 0, best <= 250)
    ok = made.edge >= 0
    assert made.metres[ok] == pytest.approx(best[ok])
    along = shapely.line_interpolate_point(
        lines[made.edge[ok]], made.offset_m[ok] / network.edge_length_m[made.edge[ok]], normalized=True
    )
    assert shapely.distance(along, shapely.points(made.x_m[ok], made.y_m[ok])) == pytest.approx(0, abs=1e-6)


def test_points_come_in_any_crs_but_not_without_one():
    network = street()
    here = points((120, 3))
    assert snap(network, here.to_crs("EPSG:4326")).offset_m == pytest.approx([20], abs=1e-6)
    with pytest.raises(PlannerError, match="no CRS"):
        snap(network, gpd.GeoSeries(here.values, crs=None).set_crs(None, allow_override=True))
    with pytest.raises(ValueError, match="not points"):
        snap(network, here.buffer(1))


def test_the_point_column_of_cells_is_used_where_cells_are_polygons():
    cells = gpd.GeoDataFrame({"point": points((120, 3))}, geometry=points((0, 0)).buffer(9), crs=CRS)
    assert snap(street(), cells).offset_m == pytest.approx([20])


def test_missing_points_are_unreachable():
    holes = gpd.GeoSeries([None, *points((1, 1))], crs=CRS)
    assert snap(street(), holes).edge.tolist() == [-1, 0]


def test_nearest_by_hand_ties_to_the_first():
    network = street()
    found = nearest(network, points((0, 0), (400, 0), (400, 0)), points((100, 0), (200, 0), (399, 0)), k=2)
    assert found.site.tolist() == [[0, 1], [0, 1], [1, 2]]
    assert found.seconds[:, 0] * WALK == pytest.approx([100, 200, 1])
    assert found.frame().columns.tolist() == ["site_1", "seconds_1", "site_2", "seconds_2"]
    assert nearest(network, points((0, 0)), points((100, 0)), k=1, cutoff_s=60).site.tolist() == [[-1]]


def test_points_of_another_network_are_refused():
    long, short = street(parts=20), street(parts=2)
    with pytest.raises(ValueError, match="another network"):
        travel_times(short, snap(long, points((390, 0))), points((0, 0)))


def test_labels_of_sites_and_demand_come_back():
    sites = gpd.GeoDataFrame(geometry=points((0, 0)).values, index=["s"], crs=CRS)
    demand = gpd.GeoDataFrame(geometry=points((9, 0), (0, 50)).values, index=["a", "b"], crs=CRS)
    pairs = travel_times(street(), sites, demand).frame()
    assert pairs[["site", "demand"]].to_numpy().tolist() == [["s", "a"], ["s", "b"]]


def test_more_nodes_and_points_than_scratch_arrays_first_hold_are_found_in_order():
    """90,000 crossings: the queue grows, and points fill more than one word of each level."""
    from scipy.sparse.csgraph import dijkstra

    side = 300
    at = np.arange(side * side).reshape(side, side)
    u = np.r_[at[:, :-1].ravel(), at[:-1].ravel()]
    v = np.r_[at[:, 1:].ravel(), at[1:].ravel()]
    rng = np.random.default_rng(3)
    seconds = rng.uniform(5, 15, u.size)
    x, y = np.divmod(np.arange(side * side), side)
    network = network_from_edges(10.0 * y, 10.0 * x, u, v, np.full(u.size, 10.0), seconds, seconds)
    shuffled = rng.permutation(side * side)
    demand = np.column_stack([10.0 * y, 10.0 * x])[shuffled]
    sites = [0, 44850]
    found = travel_times(
        network, np.column_stack([10.0 * y, 10.0 * x])[sites], demand, cutoff_s=1400, threads=1
    ).seconds
    both = np.r_[seconds, seconds]
    graph = sparse.csr_array((both, (np.r_[u, v], np.r_[v, u])), shape=(side * side,) * 2)
    expected = dijkstra(graph, indices=sites)[:, shuffled]
    for row in range(2):
        ids = found.indices[found.indptr[row] : found.indptr[row + 1]]
        assert ids.tolist() == np.flatnonzero(expected[row] <= 1400).tolist()
        np.testing.assert_allclose(found[[row]].data, expected[row][ids], rtol=0, atol=1e-3)
    assert (np.diff(found.indptr) > 8192).all()
