"""The frame of the streets that the other inputs are judged by."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely

from planner.roads import network as door
from planner.roads.network import network_from_edges, street_frame
from tests.roads.osm_text import CRS, EAST, NORTH


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
