"""Toy streets worked by hand: what joins, what is dropped, who may go where, how long it takes."""

from __future__ import annotations

import tracemalloc

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
from shapely.geometry import LineString, MultiLineString, Point, box

from planner.errors import InputError, PlannerError
from planner.inputs.osm.streets import SourceStreets
from planner.roads.make.assemble import build_network
from planner.roads.make.cut import Edges, packed, selected
from planner.roads.make.profiles import profile
from planner.roads.network import Network, network_from_edges, read_network
from tests.roads.osm_text import CRS, osm

WALK = 4.0 / 3.6


def lines(*shapes, crs=CRS, **columns):
    shapes = [LineString(s) if isinstance(s, list) else s for s in shapes]
    return gpd.GeoDataFrame(columns or None, geometry=shapes, crs=crs)


def codes(network):
    return [f.code for f in network.findings]


def arcs(network, east=0.0):
    """(from x, to x) → seconds, of every direction that is open."""
    found = {}
    for u, v, f, b in zip(network.edge_u, network.edge_v, network.edge_s_uv, network.edge_s_vu, strict=True):
        a, z = round(network.x_m[u] - east), round(network.x_m[v] - east)
        if np.isfinite(f):
            found[a, z] = f
        if np.isfinite(b):
            found[z, a] = b
    return found


# --- tables of lines -------------------------------------------------------------------------------------


def test_lines_join_at_ends_within_a_centimetre_and_never_where_they_cross():
    made = read_network(lines([(0, 0), (100, 0)], [(100.006, 0), (200, 0)], [(50, -50), (50, 50)]))
    assert made.n_nodes == 5
    assert made.n_edges == 3
    assert np.unique(made.component).size == 2


def test_ends_two_centimetres_apart_stay_apart_but_are_told():
    made = read_network(lines([(0, 0), (100, 0)], [(100.02, 0), (200, 0)]))
    assert made.n_nodes == 4
    assert "NET-114" in codes(made)


def test_near_misses_are_joined_on_request():
    made = read_network(lines([(0, 0), (100, 0)], [(100.6, 0), (200, 0)]), join_ends_m=1.0)
    assert made.n_nodes == 3
    assert np.unique(made.component).size == 1
    assert "NET-114" not in codes(made)


def test_an_end_on_the_middle_of_another_line_does_not_join():
    made = read_network(lines([(0, 0), (50, 0), (100, 0)], [(50, 0), (50, 80)]))
    assert made.n_nodes == 4


def test_lines_in_metres_keep_their_crs_and_seconds_are_length_over_speed():
    made = read_network(lines([(0, 0), (30, 40), (90, 40)]))
    assert made.crs == CRS
    assert made.edge_length_m == pytest.approx([110.0])
    assert made.edge_s_uv == pytest.approx([110 / WALK])
    assert made.edge_s_vu == pytest.approx([110 / WALK])
    assert made.classes == ("residential",)


def test_multi_part_lines_are_taken_apart_and_other_shapes_left_out():
    made = read_network(lines(MultiLineString([[(0, 0), (9, 0)], [(9, 0), (9, 9)]]), Point(0, 0), None))
    assert made.n_edges == 2
    assert list(made.edge_way_id) == [0, 0]
    assert "NET-120" in codes(made)


def test_copies_are_dropped_whichever_way_they_run():
    made = read_network(
        lines([(0, 0), (50, 9), (100, 0)], [(0, 0), (50, 9), (100, 0)], [(100, 0), (50, 9), (0, 0)])
    )
    assert made.n_edges == 1
    told = next(f for f in made.findings if f.code == "NET-108")
    assert "2 duplicate" in told.message_en
    assert "2 条重复" in told.message_zh


def test_parallel_streets_of_another_shape_are_both_kept():
    made = read_network(lines([(0, 0), (50, 9), (100, 0)], [(0, 0), (50, -9), (100, 0)], [(0, 0), (100, 0)]))
    assert made.n_edges == 3


def test_two_one_way_copies_in_opposite_directions_make_one_street_both_ways():
    made = read_network(
        lines([(0, 0), (99, 0)], [(99, 0), (0, 0)], oneway=[True, True], highway=["primary"] * 2), "car"
    )
    assert made.n_edges == 1
    assert np.isfinite([made.edge_s_uv[0], made.edge_s_vu[0]]).all()


def test_lines_without_length_are_dropped_and_loops_are_kept():
    made = read_network(
        lines([(0, 0), (0, 0)], [(0, 0), (100, 0)], [(100, 0), (150, 50), (150, -50), (100, 0)])
    )
    assert made.n_edges == 2
    loop = made.edge_u == made.edge_v
    assert loop.sum() == 1
    assert made.edge_length_m[loop] == pytest.approx([2 * np.hypot(50, 50) + 100])
    assert "NET-107" in codes(made)


def test_a_table_without_crs_is_refused_unless_it_is_named():
    with pytest.raises(InputError, match="CRS-001"):
        read_network(lines([(0, 0), (9, 0)], crs=None))
    assert read_network(lines([(0, 0), (9, 0)], crs=None), source_crs=CRS).n_edges == 1


def test_metres_labelled_degrees_are_refused():
    with pytest.raises(InputError, match=r"CRS-002.*EPSG:4549"):
        read_network(lines([(500_000, 3_460_000), (500_100, 3_460_000)], crs="EPSG:4326"))


def test_degrees_labelled_metres_are_refused():
    with pytest.raises(InputError, match=r"CRS-002.*EPSG:4326"):
        read_network(lines([(120.6, 31.3), (120.61, 31.3)], crs="EPSG:4549"))


def test_web_mercator_is_not_taken_for_metres():
    frame = lines([(120.6, 31.3), (120.601, 31.3)], crs="EPSG:4326")
    made = read_network(frame.to_crs(3857))
    assert made.crs == "EPSG:4549"
    assert made.length_km * 1000 == pytest.approx(frame.to_crs(4549).length.sum(), rel=1e-6)


def test_an_empty_table_has_no_streets():
    with pytest.raises(InputError, match="NET-101"):
        read_network(lines())
    with pytest.raises(InputError, match="NET-101"):
        read_network(lines(Point(0, 0)))


def test_columns_are_read_as_tags_and_strange_classes_are_told():
    frame = lines(
        [(0, 0), (100, 0)], [(100, 0), (200, 0)], [(200, 0), (300, 0)],
        fclass=["primary", "快速路", "footway"], oneway=["F", "T", "B"], maxspeed=[50.0, np.nan, np.nan],
    )  # fmt: skip
    made = read_network(frame, "car")
    assert set(arcs(made)) == {(0, 100), (200, 100)}
    assert "NET-121" in codes(made)
    assert read_network(frame, "walk").n_edges == 3


def test_reading_leaves_the_table_as_it_was():
    frame = lines([(0, 0), (100, 0)], highway=["primary"])
    before = frame.copy()
    read_network(frame)
    assert frame.equals(before)


# --- components ------------------------------------------------------------------------------------------


def grid(n, x0=0.0, step=100.0):
    rows = [
        [(x0 + i * step, j * step), (x0 + (i + 1) * step, j * step)] for j in range(n) for i in range(n - 1)
    ]
    return rows + [
        [(x0 + i * step, j * step), (x0 + i * step, (j + 1) * step)] for j in range(n - 1) for i in range(n)
    ]


def test_patches_count_by_size_never_the_largest_alone():
    made = read_network(lines(*grid(12), *grid(8, x0=5000), *grid(3, x0=9000)))
    size = np.bincount(made.component)
    assert list(size) == [144, 64, 9]
    assert set(np.unique(made.component[made.counts])) == {0, 1}
    island = next(f for f in made.findings if f.code == "NET-110")
    assert "9 nodes" in island.message_en


def test_the_threshold_follows_a_small_network_down():
    made = read_network(lines(*grid(3), [(5000, 0), (5100, 0)]))
    assert made.counts.sum() == 9
    made = read_network(lines([(0, 0), (100, 0)], [(50, -50), (50, 50)]))
    assert made.counts.all()


def test_a_one_way_trap_is_a_component_of_its_own():
    frame = lines(*grid(4), [(300, 300), (900, 300)], oneway=["no"] * 24 + ["yes"], highway=["primary"] * 25)
    made = read_network(frame, "car")
    trap = np.flatnonzero(made.x_m == 900)
    assert not made.counts[trap].any()
    assert read_network(frame, "walk").component.max() == 0


def test_components_agree_with_networkx():
    rng = np.random.default_rng(5)
    n, m = 300, 420
    u, v = rng.integers(0, n, m), rng.integers(0, n, m)
    s_uv, s_vu = np.where(rng.random(m) < 0.2, np.inf, 1.0), np.where(rng.random(m) < 0.3, np.inf, 1.0)
    made = network_from_edges(rng.random(n), rng.random(n), u, v, np.ones(m), s_uv, s_vu)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from((a, b) for a, b, s in zip(u, v, s_uv, strict=True) if s < np.inf)
    graph.add_edges_from((b, a) for a, b, s in zip(u, v, s_vu, strict=True) if s < np.inf)
    expected = {frozenset(c) for c in nx.strongly_connected_components(graph)}
    ours = {frozenset(np.flatnonzero(made.component == c)) for c in np.unique(made.component)}
    assert ours == expected
    sizes = np.bincount(made.component)
    assert (np.diff(sizes) <= 0).all()


# --- bare arrays -----------------------------------------------------------------------------------------


def test_from_edges_checks_what_it_is_given():
    x = np.zeros(2)
    ok = {"edge_u": [0], "edge_v": [1], "edge_length_m": [1.0], "edge_s_uv": [1.0], "edge_s_vu": [np.inf]}
    assert network_from_edges(x, x, **ok).n_edges == 1
    for bad in ({"edge_u": [2]}, {"edge_length_m": [-1.0]}, {"edge_s_uv": [np.nan]}, {"edge_v": [0, 1]}):
        with pytest.raises(ValueError):
            network_from_edges(x, x, **(ok | bad))


# --- graphs ----------------------------------------------------------------------------------------------


def graph(*, crs=CRS):
    made = nx.MultiDiGraph(crs=crs)
    for i, (x, y) in enumerate([(0, 0), (100, 0), (100, 100), (0, 100)]):
        made.add_node(10 + i, x=float(x), y=float(y))
    made.add_edge(10, 11, length=120.0, highway="residential", osmid=[7, 8])
    made.add_edge(11, 10, length=120.0, highway="residential", osmid=[7, 8], reversed=True)
    made.add_edge(11, 12, length=100.0, highway=["primary", "tertiary"], oneway=True, osmid=9)
    made.add_edge(12, 13, highway="residential", geometry=LineString([(100, 100), (50, 150), (0, 100)]))
    return made


def test_a_graphs_length_wins_over_its_geometry_and_its_arcs_give_the_directions():
    made = read_network(graph(), speeds_kmh={"walk": 3.6})
    assert (made.n_nodes, made.n_edges) == (4, 3)
    assert made.edge_length_m == pytest.approx([120.0, 100.0, 2 * np.hypot(50, 50)])
    assert np.isfinite(made.edge_s_vu).all()  # walkers turn round
    driven = read_network(graph(), "car", speeds_kmh={"car": 3.6})
    assert list(np.isfinite(driven.edge_s_vu)) == [True, False, False]
    assert made.edge_s_uv[:2] == pytest.approx([120.0, 100.0])
    assert list(made.edge_way_id[:2]) == [7, 9]
    assert made.geom_x[made.geom_ptr[2] : made.geom_ptr[3]] == pytest.approx([100, 50, 0])
    assert "NET-118" in codes(made)
    assert "NET-108" not in codes(made)


@pytest.mark.parametrize(
    ("tags", "both"),
    [
        ({"oneway": True}, True),
        ({"oneway": "True", "highway": "residential"}, True),
        ({"oneway:foot": "yes"}, False),
        ({"highway": "steps", "oneway": True}, False),  # moving stairs
        ({"highway": "steps"}, True),
    ],
)
def test_walkers_go_both_ways_on_a_graphs_arc_but_on_what_is_one_way_on_foot(tags, both):
    made = nx.MultiDiGraph(crs=CRS)
    made.add_node(1, x=0.0, y=0.0)
    made.add_node(2, x=100.0, y=0.0)
    made.add_edge(1, 2, **({"highway": "service", "length": 100.0} | tags))
    walk = read_network(made)
    assert (walk.n_edges, bool(np.isfinite(walk.edge_s_uv[0])), bool(np.isfinite(walk.edge_s_vu[0]))) == (
        1,
        True,
        both,
    )


def test_a_geometry_drawn_backwards_is_turned():
    made = graph()
    made.add_edge(13, 10, length=110.0, geometry=LineString([(0, 0), (-5, 50), (0, 100)]))
    network = read_network(made)
    last = slice(network.geom_ptr[-2], network.geom_ptr[-1])
    u = network.edge_u[-1]
    assert (network.geom_x[last][0], network.geom_y[last][0]) == (network.x_m[u], network.y_m[u])


def test_negative_lengths_are_refused_and_a_graph_needs_a_crs():
    bad = graph()
    bad.add_edge(10, 12, length=-3.0)
    with pytest.raises(InputError, match="NET-117"):
        read_network(bad)
    bare = graph()
    del bare.graph["crs"]
    with pytest.raises(InputError, match="CRS-001"):
        read_network(bare)
    nowhere = graph()
    nowhere.add_node(99)
    with pytest.raises(InputError, match="NET-122"):
        read_network(nowhere)


def test_an_undirected_graph_is_open_both_ways():
    made = read_network(nx.MultiGraph(graph()), "car", speeds_kmh={"car": 36})
    assert np.isfinite(made.edge_s_uv).all()
    assert np.isfinite(made.edge_s_vu).all()


def test_graphml_as_osmnx_saves_it(tmp_path):
    ox = pytest.importorskip("osmnx")
    source = graph(crs="EPSG:4326")
    for _, data in source.nodes(data=True):
        data["x"], data["y"] = 120.6 + data["x"] / 1e5, 31.3 + data["y"] / 1e5
    source.edges[12, 13, 0]["geometry"] = LineString(
        [(120.601, 31.301), (120.6005, 31.3015), (120.6, 31.301)]
    )
    ox.save_graphml(source, tmp_path / "streets.graphml")
    made, direct = read_network(tmp_path / "streets.graphml"), read_network(source)
    for name in ("x_m", "y_m", "edge_length_m", "edge_s_uv", "geom_x", "edge_way_id"):
        assert getattr(made, name) == pytest.approx(getattr(direct, name)), name
    (tmp_path / "streets.graphml").write_text("<graphml><graph>", "utf-8")
    with pytest.raises(InputError, match="NET-119"):
        read_network(tmp_path / "streets.graphml")


# --- area ------------------------------------------------------------------------------------------------


def test_area_keeps_a_margin_of_whole_streets():
    made = read_network(lines(*grid(21)), area=box(950, 950, 1050, 1050), margin_m=200)
    assert made.x_m.min() == 700
    assert made.x_m.max() == 1300
    assert "NET-116" not in codes(made)


def test_area_outside_the_streets_is_refused():
    with pytest.raises(InputError, match="NET-115"):
        read_network(lines(*grid(3)), area=box(5000, 5000, 6000, 6000))


def test_streets_cut_off_at_the_area_are_told():
    stubs = [
        [(i * 100, j * 1000), (i * 100, j * 1000 + (40 if j == 0 else -40))]
        for i in range(1, 20)
        for j in (0, 1)
    ]
    inner = [[(i * 100, 40), (i * 100 + 100, 40)] for i in range(1, 19)]
    made = read_network(lines(*stubs, *inner), area=box(0, -10, 2000, 1010))
    assert "NET-116" in codes(made)


def test_area_may_be_degrees_or_a_table_of_another_crs(tmp_path):
    path = osm(tmp_path / "a.osm", {1: (0, 0), 2: (100, 0), 3: (5000, 0), 4: (5100, 0)},
               {1: ([1, 2], {"highway": "service"}), 2: ([3, 4], {"highway": "service"})})  # fmt: skip
    whole = read_network(path)
    here = gpd.GeoSeries([Point(whole.x_m[0], whole.y_m[0]).buffer(50)], crs=whole.crs)
    for area in (here, here.to_crs(4326), here.to_crs(4326).iloc[0], here.iloc[0], here.to_frame("geometry")):
        assert read_network(path, area=area, margin_m=0).n_edges == 1


# --- kept on disk ----------------------------------------------------------------------------------------


def test_saved_networks_come_back_the_same_with_the_same_bytes(tmp_path):
    made = read_network(lines(*grid(5), [(0, 0), (0, 0)]))
    first, second = made.save(tmp_path / "a.npz"), made.save(tmp_path / "b.npz")
    assert first.read_bytes() == second.read_bytes()
    again = Network.load(first)
    for name in ("x_m", "edge_u", "edge_s_uv", "geom_ptr", "geom_y", "component", "counts", "edge_class"):
        a, b = getattr(made, name), getattr(again, name)
        assert a.dtype == b.dtype
        assert np.array_equal(a, b)
        assert not b.flags.writeable
    assert (again.mode, again.crs, again.walk_kmh, again.classes) == (
        made.mode,
        made.crs,
        made.walk_kmh,
        made.classes,
    )
    assert again.findings == made.findings
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith(".part")] == []


def test_a_cut_or_foreign_file_is_refused(tmp_path):
    path = read_network(lines(*grid(4))).save(tmp_path / "a.npz")
    whole = path.read_bytes()
    for bad in (whole[: len(whole) // 2], b"hello", b""):
        path.write_bytes(bad)
        with pytest.raises(PlannerError, match=r"a\.npz"):
            Network.load(path)
    np.savez(path, x=np.array([{}], dtype=object))
    with pytest.raises(PlannerError, match=r"a\.npz"):
        Network.load(path)


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    made = read_network(lines(*grid(4)))
    path = made.save(tmp_path / "a.npz")
    before = path.read_bytes()

    def full(*_a, **_k):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(OSError, match="space"):
        made.save(path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_edges_as_a_table_and_words_about_it():
    made = read_network(lines([(0, 0), (30, 40), (90, 40)], highway=["<b>bold</b>"]))
    table = made.edges()
    assert table.crs.to_epsg() == 4549
    assert table.geometry.iloc[0].equals(LineString([(0, 0), (30, 40), (90, 40)]))
    assert table["class"].tolist() == ["residential"]
    assert len(made.nodes()) == 2
    assert "2 nodes, 1 edges, 0.1 km" in repr(made)
    assert "<b>" not in made._repr_html_()


def test_a_source_that_is_none_is_refused(tmp_path):
    with pytest.raises(PlannerError, match="GeoDataFrame"):
        read_network(42)
    with pytest.raises(InputError, match="NET-102"):
        read_network(tmp_path / "no.osm")
    (tmp_path / "bad.geojson").write_text("{", "utf-8")
    with pytest.raises(InputError, match="NET-119"):
        read_network(tmp_path / "bad.geojson")
    with pytest.raises(PlannerError, match="no mode"):
        read_network(lines([(0, 0), (9, 0)]), "horse")


def test_the_order_of_lines_changes_nothing_that_counts():
    frame = lines(*grid(6), *grid(4, x0=900), [(0, 0), (500, 500)], [(500, 500), (0, 0)])
    made = read_network(frame)
    for seed in range(3):
        again = read_network(frame.sample(frac=1, random_state=seed))
        assert (again.n_nodes, again.n_edges) == (made.n_nodes, made.n_edges)
        assert again.length_km == pytest.approx(made.length_km)
        assert np.array_equal(np.bincount(again.component), np.bincount(made.component))
        assert sorted(zip(again.x_m, again.y_m, again.counts, strict=True)) == sorted(
            zip(made.x_m, made.y_m, made.counts, strict=True)
        )


def test_islands_are_a_layer_with_size_and_place():
    made = read_network(lines(*grid(12), *grid(3, x0=9000), [(20_000, 0), (20_100, 0)]))
    islands = made.islands()
    assert islands.nodes.tolist() == [9, 2]
    assert islands.length_km.tolist() == pytest.approx([1.2, 0.1])
    assert islands.crs.to_epsg() == 4549
    assert islands.geometry.iloc[1].bounds == (20_000, 0, 20_100, 0)
    assert len(read_network(lines(*grid(3))).islands()) == 0


# --- near misses and barriers in OSM files ---------------------------------------------------------------

GAP = {1: (0, 0), 2: (100, 0), 3: (100.6, 0), 4: (200, 0), 5: (100, 50)}


def test_a_dead_end_that_just_misses_a_street_is_told_and_joined_on_request(tmp_path):
    path = osm(
        tmp_path / "a.osm", GAP, {1: ([1, 2], {"highway": "service"}), 2: ([3, 4], {"highway": "service"})}
    )
    told = read_network(path)
    assert "NET-114" in codes(told)
    assert told.component.max() == 1
    made = read_network(path, join_ends_m=1.0)
    assert "NET-114" not in codes(made)
    assert made.component.max() == 0
    assert (made.n_nodes, made.n_edges) == (3, 2)
    assert made.length_km * 1000 == pytest.approx(199.4, abs=0.1)


def test_ends_before_a_closed_barrier_miss_nothing_and_stay_apart(tmp_path):
    ways = {1: ([1, 2, 5], {"highway": "service"}), 2: ([2, 3, 4], {"highway": "service"})}
    path = osm(tmp_path / "a.osm", GAP, ways, {3: {"barrier": "block"}})
    for join_ends_m in (0.01, 2.0):
        made = read_network(path, "car", join_ends_m=join_ends_m)
        assert "NET-114" not in codes(made)
        assert made.component.max() == 1, join_ends_m
    assert read_network(path, "walk").component.max() == 0


def test_a_footbridge_carries_walkers_over_a_road_it_does_not_meet(tmp_path):
    nodes = {1: (0, 0), 2: (100, 0), 3: (50, -20), 4: (50, -10), 5: (50, 10), 6: (50, 20)}
    ways = {
        1: ([1, 2], {"highway": "trunk"}),
        2: ([3, 4], {"highway": "steps"}),
        3: ([4, 5], {"highway": "footway", "bridge": "yes", "layer": "1"}),
        4: ([5, 6], {"highway": "steps"}),
    }
    path = osm(tmp_path / "a.osm", nodes, ways)
    walk = read_network(path)
    assert sorted(np.bincount(walk.component).tolist()) == [2, 4]
    bridge = walk.edge_way_id > 1
    assert walk.edge_s_uv[bridge].sum() == pytest.approx((20 / WALK) + 20 / (2.2 / 3.6), rel=1e-3)
    assert read_network(path, "ebike").length_km == pytest.approx(0.12, abs=1e-3)  # not up the steps
    assert read_network(path, "car").n_edges == 1


# --- memory ----------------------------------------------------------------------------------------------


def lattice_streets(n: int, inner: int = 7, *, twice: int = 0) -> SourceStreets:
    """n × n corners, each street with inner vertices, as an OSM file would give them; the first ones drawn twice."""
    at = np.arange(n * n).reshape(n, n)
    x, y = (a.ravel() * 0.001 for a in np.meshgrid(np.arange(n), np.arange(n)))
    u, v = (np.concatenate([p.ravel(), q.ravel()]) for p, q in ((at[:, :-1], at[:-1]), (at[:, 1:], at[1:])))
    share, m = np.arange(1, inner + 1) / (inner + 1), u.size
    x, y = (np.concatenate([a, (a[u][:, None] + (a[v] - a[u])[:, None] * share).ravel()]) for a in (x, y))
    middle = n * n + np.arange(m * inner).reshape(m, inner)
    lines = np.column_stack([u, middle, v]).astype(np.int32)
    lines, m = np.concatenate([lines, lines[:twice]]), m + twice
    return SourceStreets(
        crs="EPSG:4326", x=np.rint((120 + x) * 1e7).astype(np.int32), y=np.rint((31 + y) * 1e7).astype(np.int32),
        line_ptr=np.arange(m + 1) * (inner + 2), line_vertex=lines.ravel(),
        line_id=np.arange(m), line_tags=np.zeros(m, np.int32), tags=({"highway": "residential"},), per_unit=1e7,
    )  # fmt: skip


@pytest.mark.parametrize("twice", [0, 100])
@pytest.mark.parametrize("mode", ["walk", "car"])
def test_building_needs_less_than_twice_its_result_with_the_streets_it_is_made_of(mode, twice):
    build_network(lattice_streets(10), profile(mode))  # what is made once is not counted
    tracemalloc.start()
    made = build_network(lattice_streets(300, twice=twice), profile(mode))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    result = sum(a.nbytes for a in vars(made).values() if isinstance(a, np.ndarray))
    # A street drawn twice is cut at every vertex, its copy left out.
    assert made.n_edges == 2 * 300 * 299 + 7 * twice
    assert made.geom_x.size == 9 * (made.n_edges - 8 * twice) + 2 * 8 * twice
    assert peak < 2 * result


def test_edges_left_out_leave_the_others_and_their_shapes_as_they_were():
    def edges(*, start, size, x):
        n = np.arange(len(start))
        return Edges(n, n, n, n, n, n, n, np.array(start), np.array(size), np.array(x), -np.array(x))

    three = edges(start=[0, 2, 5], size=[2, 3, 2], x=[0, 1, 10, 11, 12, 20, 21])
    two = selected(three, np.array([True, False, True]))
    assert two.u.tolist() == [0, 2]
    assert [a.tolist() for a in two.shapes(np.array([1]))] == [[0, 2], [20, 21], [-20, -21]]
    assert [packed(two).start.tolist(), packed(two).x.tolist()] == [[0, 2], [0, 1, 20, 21]]
    assert packed(two).y.tolist() == [0, -1, -20, -21]
    assert three.x.tolist() == [0, 1, 10, 11, 12, 20, 21]
