"""What a study asks of its streets: a network by its settings."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from planner.settings.circle import Circle
from planner.settings.inputs import Inputs, Streets
from planner.settings.reading import parse_settings
from planner.study.study import Study
from tests.roads.osm_text import CRS, EAST, NORTH, osm


def study_of(streets, tmp_path, *, circle=None, progress=None):
    """A study of these streets alone."""
    plain = parse_settings(f'[study]\nname = "x"\ncrs = "{CRS}"\n[inputs.streets]\npath = "x.osm"\n')
    asked = plain.model_copy(update={"inputs": Inputs(streets=streets), "circle": circle or Circle()})
    return Study(asked, cache=tmp_path / "cache", progress=progress)


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
def test_a_mode_goes_at_the_circles_speed_for_it_and_no_other_modes(
    crossing, tmp_path, mode, circle, seconds
):
    made = study_of(crossing, tmp_path, circle=circle).network(mode)
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
def test_turn_restrictions_hold_for_cars_where_the_study_obeys_them(crossing, tmp_path, mode, obeyed, turns):
    """No left turn forbids turning round too (art. 49), so one restriction forbids two turns."""
    made = study_of(crossing, tmp_path, circle=Circle(turn_restrictions=obeyed)).network(mode)
    assert len(made.turns) == turns


def test_a_street_file_without_crs_is_read_in_the_studys(tmp_path):
    path = tmp_path / "lines.shp"
    gpd.GeoDataFrame(
        {"highway": ["primary"]}, geometry=[shapely.LineString([(120, 31), (120, 31.001)])], crs=4326
    ).to_file(path)
    path.with_suffix(".prj").unlink()
    made = study_of(Streets(path=path, crs="EPSG:4326"), tmp_path).network("walk")
    assert made.length_km == pytest.approx(0.111, abs=1e-3)


def test_progress_is_told(crossing, tmp_path):
    told = []
    study_of(crossing, tmp_path, progress=lambda *t: told.append(t)).network("walk")
    assert told[:2] == [("network:walk", 0.0), ("reading streets", 0.0)]
    assert told[-1] == ("network:walk", 1.0)
