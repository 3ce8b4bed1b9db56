"""Service areas: by hand, against the exact union of buffered pieces, and their promises."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from planner.roads.areas import service_areas, union_area
from planner.roads.network import network_from_edges
from planner.roads.pieces import lines, pieces_of_each
from planner.roads.reach import travel_times
from tests.street_referee import on_edges, random_network, random_places

CRS = "EPSG:4549"


def points(*xy):
    return gpd.GeoSeries(gpd.points_from_xy([p[0] for p in xy], [p[1] for p in xy]), crs=CRS)


def lattice(n=15, *, spacing=90.0, seed=0, keep=0.8):
    """Streets of a jittered town of n × n corners at 1 m/s, some missing, some one-way."""
    rng = np.random.default_rng(seed)
    at = np.arange(n * n).reshape(n, n)
    x, y = (a.ravel() * spacing + rng.normal(0, 12, n * n) for a in np.meshgrid(np.arange(n), np.arange(n)))
    u = np.concatenate([at[:, :-1].ravel(), at[:-1].ravel()])
    v = np.concatenate([at[:, 1:].ravel(), at[1:].ravel()])
    stay = rng.random(u.size) < keep
    u, v = u[stay], v[stay]
    length = np.hypot(x[u] - x[v], y[u] - y[v])
    return network_from_edges(x, y, u, v, length, length, np.where(rng.random(u.size) < 0.1, np.inf, length))


def over_union(a, b):
    return shapely.area(shapely.intersection(a, b)) / shapely.area(shapely.union(a, b))


def test_a_single_street_is_cut_where_the_cutoff_falls():
    network = network_from_edges(
        np.array([0, 1000.0]),
        np.zeros(2),
        [0],
        [1],
        np.array([1000.0]),
        np.array([1000.0]),
        np.array([1000.0]),
    )
    areas = service_areas(network, points((400, 0)), cutoff_s=250, method="exact")
    assert areas.reached_km.tolist() == pytest.approx([0.5], abs=1e-6)
    assert areas.total_bounds == pytest.approx([120, -30, 680, 30], abs=1e-5)
    assert areas.minutes.tolist() == pytest.approx([250 / 60])
    contour = service_areas(network, points((400, 0)), cutoff_s=250)
    assert contour.total_bounds == pytest.approx([120, -30, 680, 30], abs=2)


def test_the_off_road_leg_of_the_site_shortens_its_reach():
    network = network_from_edges(
        np.array([0, 1000.0]), np.zeros(2), [0], [1], np.array([1000.0]), np.array([1000.0]), np.array([1000.0]),
        walk_kmh=3.6,
    )  # fmt: skip
    assert service_areas(network, points((400, 60)), cutoff_s=100).reached_km[0] == pytest.approx(
        0.08, abs=1e-6
    )


def test_one_ways_are_followed_to_the_site():
    x = np.array([0.0, 500, 1000])
    s = np.array([500.0, 500])
    network = network_from_edges(x, 0 * x, [0, 1], [1, 2], s, s, s + np.inf, min_component=1)
    site = on_edges(network, [1], [0.5])
    assert service_areas(network, site, cutoff_s=400, method="exact").total_bounds[[0, 2]] == pytest.approx(
        [320, 780], abs=1e-5
    )


@pytest.mark.parametrize("seed", range(3))
def test_contour_is_the_exact_area_but_for_two_percent(seed):
    network = lattice(seed=seed)
    rng = np.random.default_rng(seed)
    sites = random_places(network, 12, rng)
    exact = service_areas(network, sites, cutoff_s=420, method="exact")
    quick = service_areas(network, sites, cutoff_s=420)
    assert quick.is_valid.all()
    assert quick.reached_km.to_numpy() == pytest.approx(exact.reached_km.to_numpy())
    score = over_union(exact.geometry.to_numpy(), quick.geometry.to_numpy())
    assert np.median(score) > 0.975
    assert score.min() > 0.95


@pytest.mark.parametrize("seed", range(4))
def test_no_reachable_street_lies_outside(seed):
    network = random_network(seed, nodes=60, edges=130)
    sites = random_places(network, 8, np.random.default_rng(seed))
    for method in ("contour", "exact"):
        areas = service_areas(network, sites, cutoff_s=350, method=method).geometry.to_numpy()
        for (piece,), area in zip(pieces_of_each(network, sites, np.array([350.0])), areas, strict=True):
            outside = shapely.length(shapely.difference(lines(network, piece), area)).sum()
            assert outside == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("method", ["contour", "exact"])
def test_areas_of_growing_cutoffs_are_nested_and_valid(method):
    network = lattice(seed=4)
    areas = service_areas(
        network, random_places(network, 6, np.random.default_rng(0)), cutoff_s=(300, 600, 150), method=method
    )
    assert areas.index.tolist() == np.repeat(range(6), 3).tolist()
    assert areas.minutes.tolist() == [5, 10, 2.5] * 6
    assert areas.is_valid.all()
    five, ten, two = areas.geometry.to_numpy().reshape(-1, 3).T
    margin = 1e-6 if method == "exact" else 0.0
    assert shapely.covers(shapely.buffer(ten, margin), five).all()
    assert shapely.covers(shapely.buffer(five, margin), two).all()


def test_several_cutoffs_cost_one_search_and_give_the_same_reach():
    network = lattice(seed=2)
    sites = random_places(network, 5, np.random.default_rng(0))
    both = service_areas(network, sites, cutoff_s=(200, 500))
    for i, cutoff in enumerate((200, 500)):
        alone = service_areas(network, sites, cutoff_s=cutoff)
        assert both.reached_km.to_numpy()[i::2] == pytest.approx(alone.reached_km.to_numpy())
        assert over_union(both.geometry.to_numpy()[i::2], alone.geometry.to_numpy()).min() > 0.98


def two_banks():
    """Two parallel streets 25 m apart, a canal between them, joined only at the far end."""
    x, y = np.array([0.0, 1000, 0, 1000]), np.array([0.0, 0, 25, 25])
    length = np.array([1000.0, 1000, 25])
    return network_from_edges(x, y, [0, 2, 1], [1, 3, 3], length, length, length)


def test_a_canal_stops_the_polygon_not_only_the_graph():
    network = two_banks()
    area = service_areas(network, points((100, 0)), cutoff_s=300).geometry[0]
    far_bank = shapely.LineString([(0, 25), (400, 25)])
    assert area.intersection(far_bank).length == pytest.approx(0, abs=1e-6)
    assert area.covers(shapely.LineString([(0, 0), (399, 0)]))
    exact = service_areas(network, points((100, 0)), cutoff_s=300, method="exact").geometry[0]
    assert exact.intersection(far_bank).length > 390


def test_a_block_deeper_than_the_buffer_stays_a_hole():
    x, y = np.array([0.0, 200, 200, 0]), np.array([0.0, 0, 200, 200])
    s = np.full(4, 200.0)
    network = network_from_edges(x, y, [0, 1, 2, 3], [1, 2, 3, 0], s, s, s)
    area = service_areas(network, points((0, 0)), cutoff_s=600).geometry[0]
    assert len(area.interiors) == 1
    assert shapely.Polygon(area.interiors[0]).area == pytest.approx(140**2, rel=0.02)


def test_islands_inside_holes_stay_where_they_are():
    def ring(half, x0):
        x = np.array([-half, half, half, -half]) + x0
        return x, np.array([-half, -half, half, half]) + 0.0

    shapes = [ring(300, 0), ring(150, 0), ring(20, 0)]
    x, y = (np.concatenate([s[i] for s in shapes]) for i in (0, 1))
    u = np.concatenate([4 * k + np.arange(4) for k in range(3)])
    v = np.concatenate([4 * k + (np.arange(4) + 1) % 4 for k in range(3)])
    length = np.hypot(x[u] - x[v], y[u] - y[v])
    network = network_from_edges(x, y, u, v, length, length, length, min_component=1)
    sites = points((-300, 0), (-150, 0), (-20, 0))
    area = union_area(network, sites, cutoff_s=5000)
    assert area.is_valid
    exact = union_area(network, sites, cutoff_s=5000, method="exact")
    assert [len(p.interiors) for p in sorted(area.geoms, key=lambda p: p.area)] == [0, 1, 1]
    assert over_union(area, exact) > 0.98


def test_the_union_from_one_search_is_the_union_of_all():
    network = lattice(seed=9, n=20)
    sites = random_places(network, 15, np.random.default_rng(3))
    for method in ("contour", "exact"):
        each = shapely.union_all(
            service_areas(network, sites, cutoff_s=250, method=method).geometry.to_numpy()
        )
        once = union_area(network, sites, cutoff_s=250, method=method)
        assert once.is_valid
        assert over_union(each, once) > (0.97 if method == "contour" else 1 - 1e-9)


def test_the_bands_of_a_large_grid_do_not_show(monkeypatch):
    from planner.roads import ground

    network = lattice(seed=6)
    sites = random_places(network, 3, np.random.default_rng(3))
    whole = service_areas(network, sites, cutoff_s=500).geometry.to_numpy()
    monkeypatch.setattr(ground, "BAND", 1)
    monkeypatch.setattr(ground, "ROOM", 4)
    banded = service_areas(network, sites, cutoff_s=500).geometry.to_numpy()
    assert over_union(whole, banded) == pytest.approx(1, abs=1e-6)


def test_reached_km_counts_the_streets_from_which_people_arrive():
    network = lattice(seed=8)
    site = random_places(network, 1, np.random.default_rng(5))
    rng = np.random.default_rng(0)
    edge = rng.choice(network.n_edges, 40_000, p=network.edge_length_m / network.edge_length_m.sum())
    sample = on_edges(network, edge, rng.random(40_000))
    share = travel_times(network, site, sample, cutoff_s=400).seconds.nnz / 40_000
    assert service_areas(network, site, cutoff_s=400).reached_km[0] == pytest.approx(
        share * network.length_km, rel=0.03
    )


def test_a_site_on_no_street_has_an_empty_area():
    areas = service_areas(lattice(), points((-900, 0), (90, 90)))
    assert areas.is_empty.tolist() == [True, False]
    assert areas.reached_km[0] == 0
    assert areas.crs == CRS
    assert union_area(lattice(), points((-900, 0))).is_empty


@pytest.mark.parametrize("wrong", [{"cutoff_s": -1}, {"cutoff_s": ()}, {"buffer_m": 0}, {"method": "hull"}])
def test_what_is_no_time_width_or_method_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        service_areas(lattice(n=3), points((0, 0)), **wrong)
