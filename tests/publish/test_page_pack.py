"""The page's island, read back by an independent reader."""

from __future__ import annotations

import dataclasses
import gzip
import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from planner.publish.page.cells import cells_part, nice_breaks
from planner.publish.page.data import island_text
from planner.publish.page.pack import Island, lettered, unlettered, varints, zigzag
from tests.publish.toy import CELL, X0, Y0, toy_bundle


def read(text: str) -> tuple[dict, bytes]:
    whole = gzip.decompress(unlettered(text))
    size = int.from_bytes(whole[:4], "little")
    return json.loads(whole[4 : 4 + size]), whole[4 + size :]


def integers(blob: bytes, ref: list[int]) -> list[int]:
    """Protobuf's zigzag varints, as its documentation describes them, one byte at a time."""
    out, value, shift = [], 0, 0
    for byte in blob[ref[0] : ref[0] + ref[1]]:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            out.append((value >> 1) ^ -(value & 1))
            value = shift = 0
    return out


def points(blob: bytes, ref: list[int]) -> np.ndarray:
    return np.cumsum(np.array(integers(blob, ref)).reshape(-1, 2), axis=0) / 1e5


def polygons(blob: bytes, packed: dict) -> list[shapely.Geometry]:
    shape, xy, out, at = iter(integers(blob, packed["shape"])), points(blob, packed["xy"]), [], 0
    for parts in shape:
        pieces = []
        for _ in range(parts):
            rings = []
            for _ in range(next(shape)):
                n = next(shape)
                rings.append(xy[at : at + n])
                at += n
            pieces.append(shapely.Polygon(rings[0], rings[1:]))
        out.append(shapely.MultiPolygon(pieces))
    return out


@pytest.fixture(scope="module")
def packed():
    bundle = toy_bundle()
    return bundle, *read(island_text(bundle))


def test_varints_are_protobufs():
    # worked examples of https://protobuf.dev/programming-guides/encoding/
    assert varints([150]).hex() == "9601"
    assert zigzag([0, -1, 1, -2, 0x7FFFFFFF, -0x80000000]).tolist() == [0, 1, 2, 3, 0xFFFFFFFE, 0xFFFFFFFF]


@given(st.lists(st.integers(-(2**50), 2**50)))
def test_integers_come_back(values):
    island = Island()
    refs = island.integers([7]), island.integers(values), island.integers(values, delta=True)
    _, blob = read(island.text({}))
    assert integers(blob, refs[1]) == values
    assert np.cumsum(np.array(integers(blob, refs[2]), dtype=np.int64)).tolist() == values


def test_points_come_back_within_half_a_metre(packed):
    bundle, head, blob = packed
    there = bundle.stations.to_crs(4326)
    back = points(blob, head["stations"]["at"])
    assert np.abs(back - np.column_stack([there.geometry.x, there.geometry.y])).max() <= 0.51e-5


def test_areas_come_back_with_their_holes():
    ring = shapely.Polygon(
        [(120, 31), (120.1, 31), (120.1, 31.1), (120, 31.1)],
        [[(120.02, 31.02), (120.05, 31.02), (120.05, 31.05)]],
    )
    two = shapely.MultiPolygon([ring, shapely.box(121, 30, 121.5, 30.5)])
    island = Island()
    ref = island.geometries(
        [two, shapely.Polygon(), shapely.box(119, 30, 119.000001, 30.000001)], kind="polygon"
    )
    _, blob = read(island.text({}))
    back = polygons(blob, ref)
    assert [g.is_empty for g in back] == [False, True, True]  # the last has no area at this scale
    assert back[0].equals(two)


def test_the_circle_is_split_into_today_and_added(packed):
    bundle, head, blob = packed
    today, added = (
        gpd.GeoSeries(polygons(blob, head["areas"][key]), crs=4326)
        .to_crs(bundle.districts.crs)
        .iloc[0]
        .buffer(0)
        for key in ("before", "added")
    )
    assert today.area == pytest.approx(bundle.area_before.area, rel=0.01)
    assert added.area == pytest.approx(bundle.area_after.difference(bundle.area_before).area, rel=0.03)
    assert today.intersection(added).area < 0.002 * today.area


def test_cells_come_back_with_workers_place_and_state(packed):
    bundle, head, blob = packed
    cells = head["cells"]
    key = np.cumsum(integers(blob, cells["key"]))
    row, column = key // cells["columns"], key % cells["columns"]
    assert (cells["columns"], cells["rows"], len(key)) == (20, 10, 200)
    order = np.lexsort((bundle.demand.bounds["minx"], bundle.demand.bounds["miny"]))
    table = bundle.demand.iloc[order]
    assert np.allclose((table.bounds["minx"] - X0) / CELL, column)
    assert np.allclose((table.bounds["miny"] - Y0) / CELL, row)
    assert np.allclose(np.array(integers(blob, cells["workers"])) / 1000, table["workers"])
    for name, coverage in (("now", bundle.before), ("then", bundle.after)):
        reached = coverage.cells["stations"].to_numpy()[order] > 0  # everybody in the cell, or nobody
        assert integers(blob, cells[name]) == (1000 * reached).tolist()


def test_cells_cut_by_a_border_share_their_place():
    bundle = toy_bundle()
    demand = bundle.demand.copy()
    whole = demand.loc[0].copy()
    halves = [shapely.box(X0, Y0, X0 + 80, Y0 + 200), shapely.box(X0 + 80, Y0, X0 + 200, Y0 + 200)]
    demand.loc[0, "geometry"], demand.loc[0, "workers"] = halves[0], 1.0
    demand.loc[200] = whole
    demand.loc[200, "geometry"], demand.loc[200, "workers"] = halves[1], 2.5
    head, blob = read(island_text(toy_bundle(demand=demand)))
    workers = np.array(integers(blob, head["cells"]["workers"])) / 1000
    assert len(workers) == 200
    assert workers[0] == 3.5
    assert workers.sum() == pytest.approx(demand["workers"].sum())


def test_missing_texts_and_numbers_are_empty(packed):
    bundle, _, _ = packed
    stations = bundle.stations.assign(name=[None] * 6, host=[np.nan] * 6, covers=[np.inf] * 6)
    head, _ = read(island_text(toy_bundle(stations=stations)))
    assert head["stations"]["name"] == [""] * 6
    assert head["stations"]["host"] == [""] * 6
    assert head["stations"]["covers"] == [None] * 6


def test_a_place_without_a_shape_is_left_out_without_a_word():
    bundle = toy_bundle()
    shapes = bundle.stations.geometry.to_list()
    shapes[1], shapes[4] = None, shapely.Point()
    stations = bundle.stations.set_geometry(gpd.GeoSeries(shapes, crs=bundle.stations.crs))
    head, blob = read(island_text(toy_bundle(stations=stations)))
    assert head["stations"]["name"] == ["石路驿站", "平江路爱心屋", "相门驿站", "园区南站点"]
    assert len(points(blob, head["stations"]["at"])) == 4


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=200), st.integers(2, 8))
def test_breaks_ascend_and_are_of_the_series(values, classes):
    breaks = nice_breaks(np.array(values), classes=classes)
    assert breaks == sorted(set(breaks))
    assert 1 <= len(breaks) <= classes - 1
    for b in breaks:
        assert f"{b:e}"[0] in "125"


def test_breaks_by_hand():
    # 1..100 evenly in the logarithm: a tenth of the sum lies below 10.9, nine tenths below 90.4; between them 31.4
    assert nice_breaks(np.geomspace(1, 100, 1000), classes=4) == [10.0, 20.0, 100.0]
    assert nice_breaks(np.zeros(5)) == []


def test_cells_with_hardly_a_worker_each_still_add_up() -> None:
    bundle = toy_bundle()
    demand = bundle.demand.assign(workers=np.linspace(0.0004, 0.0176, len(bundle.demand)))
    before = dataclasses.replace(
        bundle.before, cells=bundle.before.cells.assign(workers=demand["workers"], covered=0.0)
    )
    island = Island()
    part = cells_part(demand, before, before, cell_m=CELL, island=island)
    _, blob = read(island.text({}))
    assert part is not None
    assert sum(integers(blob, part["workers"])) / part["per"] == pytest.approx(
        demand["workers"].sum(), rel=1e-3
    )


@given(st.binary(max_size=300))
def test_the_letters_of_the_island_give_the_bytes_back_and_mean_nothing_to_html(data):
    text = lettered(data)
    assert unlettered(text) == data
    assert not set(text) & set("<&`${}\"'\\")
    assert len(text) <= 5 * -(-len(data) // 4)
