"""The street and the town of a site, the nearest station of today, and how far others are on the street."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Point

from planner.roads.network import read_network
from planner.roads.reach import snap
from planner.siting.reach import nearest_station, street_metres
from planner.siting.whereabouts import whereabouts
from tests.street_referee import seconds_to_sites

CRS = "EPSG:4549"
X, Y = 559_000.0, 3_464_100.0


def points(*xy: tuple[float, float]) -> gpd.GeoSeries:
    return gpd.GeoSeries([Point(X + x, Y + y) for x, y in xy], crs=CRS)


def lines(*named: tuple[str, tuple[float, float], tuple[float, float]]) -> gpd.GeoDataFrame:
    shapes = [LineString([(X + a[0], Y + a[1]), (X + b[0], Y + b[1])]) for _, a, b in named]
    return gpd.GeoDataFrame({"name": [n for n, _, _ in named]}, geometry=shapes, crs=CRS)


def places(*named: tuple[str, str, float, float]) -> gpd.GeoDataFrame:
    columns = {"name": [n for n, _, _, _ in named], "kind": [k for _, k, _, _ in named]}
    return gpd.GeoDataFrame(columns, geometry=points(*((x, y) for _, _, x, y in named)).array, crs=CRS)


STREETS = lines(("北路", (0, 0), (1000, 0)), ("南路", (0, -150), (1000, -150)), ("", (0, -20), (1000, -20)))
PLACES = places(
    ("甲镇", "town", 0, 3000), ("乙村", "village", 0, 100), ("丙街", "suburb", 9000, 0), ("", "town", 0, 1)
)


@pytest.mark.parametrize(
    ("x", "y", "street", "place"),
    [
        (500, 30, "北路", "甲镇"),  # the town 3 km off, not the village beside it
        (500, -20, "北路", "甲镇"),  # the nearer street has no name
        (500, -80, "南路", "甲镇"),
        (500, 100, "北路", "甲镇"),
        (500, 101, "", "甲镇"),
        (0, -1899, "", "甲镇"),  # 4,899 m
        (0, -2001, "", ""),  # the town is beyond 5 km, the village beyond 2 km
        (9000, 10, "", "丙街"),
    ],
)
def test_the_nearest_named_street_and_town(x: float, y: float, street: str, place: str) -> None:
    found = whereabouts(points((x, y)), STREETS, PLACES)
    assert found.loc[0, ["street", "place"]].tolist() == [street, place]


def test_a_village_where_no_town_is_near_and_the_first_by_name_of_two_as_near() -> None:
    far = PLACES[PLACES["kind"] == "village"]
    assert whereabouts(points((0, 2100), (0, 2101)), STREETS, far)["place"].tolist() == ["乙村", ""]
    twins = lines(("b", (0, 10), (9, 10)), ("a", (0, -10), (9, -10)))
    assert whereabouts(points((5, 0)), twins, far)["street"].tolist() == ["a"]


def test_nothing_is_known_of_streets_or_places() -> None:
    found = whereabouts(points((0, 0), (1, 1)), STREETS.iloc[:0], PLACES.iloc[:0])
    assert found["street"].tolist() == found["place"].tolist() == ["", ""]
    assert len(whereabouts(points(), STREETS, PLACES)) == 0


def town() -> object:
    """Streets every 100 m, 1 km by 1 km, with two of them missing and one way that leads nowhere."""
    rows = [((100 * i, 100 * j), (100 * i + 100, 100 * j)) for i in range(10) for j in range(11) if j != 3]
    columns = [
        ((100 * i, 100 * j), (100 * i, 100 * j + 100))
        for i in range(11)
        for j in range(10)
        if i not in (4, 5)
    ]
    named = [("s", a, b) for a, b in [*rows, *columns]]
    return read_network(lines(*named), "walk", crs=CRS)


def test_metres_on_the_street_are_networkx_and_stop_where_asked() -> None:
    network, rng = town(), np.random.default_rng(3)
    sites, others = points(*rng.uniform(0, 1000, (5, 2))), points(*rng.uniform(0, 1000, (40, 2)))
    for within_m in (250.0, 667.0):
        found = street_metres(network, sites, others, within_m=within_m, walk_kmh=4.0, snap_limit_m=60.0)
        here, there = (snap(network, p, limit_m=60.0) for p in (sites, others))
        want = seconds_to_sites(network, here, there, cutoff_s=within_m * 3.6 / 4) * 4 / 3.6
        got = np.full(want.shape, np.inf)
        rows = np.repeat(np.arange(5), np.diff(found.indptr))
        got[rows, found.indices] = found.data
        np.testing.assert_allclose(got, want, atol=0.01)
        assert np.isfinite(got).sum() >= 5
        assert found.data.max() <= within_m


def test_the_nearest_station_is_networkx_nearest_by_position() -> None:
    network, rng = town(), np.random.default_rng(4)
    stations, sites = (
        points(*rng.uniform(0, 1000, (6, 2))),
        points(*rng.uniform(0, 1000, (25, 2)), (9000, 9000)),
    )
    found = nearest_station(network, stations, sites.to_frame("geometry"), walk_kmh=4.0)
    here, there = snap(network, stations), snap(network, sites)
    metres = seconds_to_sites(network, here, there, cutoff_s=3600) * 4 / 3.6
    np.testing.assert_allclose(found.metres, metres.min(axis=0), atol=0.01)
    assert found.station.tolist() == [*metres.argmin(axis=0)[:25].tolist(), -1]
    assert metres.min(axis=0)[:25].max() < 2000  # an hour's walk goes farther than any of these
    none = nearest_station(network, stations.iloc[:0], sites.to_frame("geometry"), walk_kmh=4.0)
    assert set(none.station) == {-1}
    assert np.isinf(none.metres).all()


def test_a_station_three_kilometres_off_is_found_and_one_beyond_an_hour_is_not() -> None:
    network = read_network(lines(("s", (0, 0), (10_000, 0))), "walk", crs=CRS)
    stations = points((0.0, 0.0))
    sites = points((3000.0, 0.0), (3990.0, 0.0), (4010.0, 0.0)).to_frame("geometry")
    found = nearest_station(network, stations, sites, walk_kmh=4.0)
    assert found.metres[:2] == pytest.approx([3000, 3990], abs=0.5)
    assert found.station.tolist() == [0, 0, -1]


def test_the_outline_in_which_a_point_lies_names_its_town() -> None:
    boxes = ((0, -500, 400, 500), (400, -500, 800, 500), (0, 0, 1, 1))
    shapes = [shapely.box(X + a, Y + b, X + c, Y + d) for a, b, c, d in boxes]
    towns = gpd.GeoDataFrame({"name": ["城关镇", "北街道", ""]}, geometry=shapes, crs=CRS)
    at = points((10, 0), (500, 0), (400, 0), (801, 0), (0.5, 0.5))
    found = whereabouts(at, STREETS, PLACES, towns)["place"].tolist()
    # on the line between two: the first by name; outside of all: the nearest place; an outline without a name says nothing
    assert found == ["城关镇", "北街道", "北街道", "甲镇", "城关镇"]
    assert whereabouts(points(), STREETS, PLACES, towns)["place"].tolist() == []
