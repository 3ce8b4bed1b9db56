"""What a study asks of its streets: a network by its settings, and a frame the other inputs are judged by."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

from planner.roads import network as door
from planner.roads.network import network_from_edges, street_frame, study_network
from planner.settings.circle import Circle
from planner.settings.inputs import Streets
from tests.roads.osm_text import CRS, EAST, NORTH, osm


@pytest.fixture
def crossing(tmp_path):
    """Four streets of 100 m around a corner; from the first no left turn into the second."""
    nodes = {1: (0, 0), 2: (-100, 0), 3: (0, 100), 4: (100, 0), 5: (0, -100)}
    ways = {i: ([1, i + 1], {"highway": "residential"}) for i in (1, 2, 3, 4)}
    no_left = ([("way", 1, "from"), ("node", 1, "via"), ("way", 2, "to")], {"type": "restriction", "restriction": "no_left_turn"})  # fmt: skip
    return Streets(path=osm(tmp_path / "x.osm", nodes, ways, relations={9: no_left}))


@pytest.mark.parametrize(
    ("mode", "circle", "seconds"),
    [
        ("walk", Circle(), 100 / 4 * 3.6),
        ("walk", Circle(walk_kmh=5, speeds_kmh={"car": 50}), 100 / 5 * 3.6),
        ("ebike", Circle(speeds_kmh={"ebike": 20, "car": 50}), 100 / 20 * 3.6),
        ("ebike", Circle(speeds_kmh={"car": 50, "residential": 10}), 100 / 10 * 3.6),
    ],
)
def test_a_mode_goes_at_the_circles_speed_for_it_and_no_other_modes(crossing, mode, circle, seconds):
    made = study_network(crossing, mode, circle=circle, crs=CRS)
    # To the dead ends: no delay at a junction is added there.
    at_end = np.where(
        made.x_m[made.edge_u] + made.y_m[made.edge_u] == EAST + NORTH, made.edge_s_uv, made.edge_s_vu
    )
    assert made.mode == mode
    assert made.crs == CRS
    assert made.walk_kmh == circle.walk_kmh
    assert at_end == pytest.approx(np.full(4, seconds), rel=1e-4)


@pytest.mark.parametrize(
    ("mode", "obeyed", "turns"), [("car", True, 2), ("car", False, 0), ("walk", True, 0)]
)
def test_turn_restrictions_hold_for_cars_where_the_study_obeys_them(crossing, mode, obeyed, turns):
    """No left turn forbids turning round too (art. 49), so one restriction forbids two turns."""
    made = study_network(crossing, mode, circle=Circle(turn_restrictions=obeyed), crs=CRS)
    assert len(made.turns) == turns


def test_a_street_file_without_crs_is_read_in_the_studys(tmp_path):
    path = tmp_path / "lines.shp"
    gpd.GeoDataFrame(
        {"highway": ["primary"]}, geometry=[shapely.LineString([(120, 31), (120, 31.001)])], crs=4326
    ).to_file(path)
    path.with_suffix(".prj").unlink()
    made = study_network(Streets(path=path, crs="EPSG:4326"), "walk", circle=Circle(), crs=CRS)
    assert made.length_km == pytest.approx(0.111, abs=1e-3)


def test_progress_is_told(crossing):
    told = []
    study_network(crossing, "walk", circle=Circle(), crs="auto", progress=lambda *t: told.append(t))
    assert told[0] == ("reading streets", 0.0)
    assert told[-1][1] == 1.0


# --- the frame -------------------------------------------------------------------------------------------


def town():
    """A square of 1 km in eight streets, and far from it one that leads one way only and does not count."""
    x = EAST + np.array([0, 500, 1000, 1000, 1000, 500, 0, 0, 9000, 9100.0])
    y = NORTH + np.array([0, 0, 0, 500, 1000, 1000, 1000, 500, 9000, 9000.0])
    u, v = np.append(np.arange(8), 8), np.append((np.arange(8) + 1) % 8, 9)
    forth, back = np.full(9, 500.0), np.append(np.full(8, 500.0), np.inf)
    return network_from_edges(x, y, u, v, np.full(9, 500.0), forth, back)


def test_the_frame_lies_around_the_streets_that_count():
    made = street_frame(town())
    assert made.crs == CRS
    assert made.box.equals(shapely.box(EAST, NORTH, EAST + 1000, NORTH + 1000))
    # A square and a strip of 200 m along its sides with round corners.
    assert made.hull.area == pytest.approx(1000**2 + 4 * 1000 * 200 + np.pi * 200**2, rel=1e-3)
    assert made.hull.bounds == pytest.approx((EAST - 200, NORTH - 200, EAST + 1200, NORTH + 1200))


def test_its_sample_is_in_degrees_and_thinned_evenly(monkeypatch):
    network = town()
    back = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    every = np.column_stack(back.transform(network.geom_x, network.geom_y))
    assert every.shape == (18, 2)
    np.testing.assert_array_equal(street_frame(network).sample, every)
    monkeypatch.setattr(door, "FRAME_VERTICES", 4)
    np.testing.assert_array_equal(street_frame(network).sample, every[[0, 4, 8, 12, 16]])


def test_no_streets_have_no_box_and_an_empty_hull():
    none = np.empty(0)
    made = street_frame(network_from_edges(none, none, none, none, none, none, none))
    assert made.box is None
    assert made.hull.is_empty
    assert made.sample.shape == (0, 2)
