"""The public page: the same plan, and not one coordinate of a district's outline in the file."""

from __future__ import annotations

import dataclasses
import gzip
import json
import re

import geopandas as gpd
import numpy as np
import pytest
import shapely

from planner.publish.page.pack import unlettered
from planner.publish.page.write import page_html, write_page
from tests.publish.known import known_bundle


def ragged(bundle):
    """The bundle with outlines whose corners stand on no grid, cells and areas cut at them."""
    shapes = []
    for shape in bundle.districts.geometry:
        dense = shapely.segmentize(shape.buffer(-33.3), 150)
        shapes.append(shapely.transform(dense, lambda xy: xy + 9 * np.sin(xy[:, ::-1] * 1.7)))
    outlines = gpd.GeoSeries(shapes, crs=bundle.districts.crs, index=bundle.districts.index)
    whole = shapely.union_all(outlines.to_numpy())
    cells = bundle.demand.set_geometry(bundle.demand.geometry.intersection(whole))
    gaps = gpd.GeoDataFrame({"district": ["east"], "workers": [40.0], "name": ["gap"]}, geometry=[outlines.iloc[0]], crs=outlines.crs)  # fmt: skip
    spots = gaps.assign(area_km2=1.0, peak_period="10_14")
    return dataclasses.replace(bundle, districts=bundle.districts.set_geometry(outlines), demand=cells, gaps=gaps, hotspots=spots)  # fmt: skip


@pytest.fixture(scope="module")
def bundle():
    return ragged(known_bundle())


def decoded(html):
    """Header and every stream of integers of a page."""
    whole = gzip.decompress(unlettered(re.search(r'id="planner-data">([^<]*)<', html)[1]))
    size = int.from_bytes(whole[:4], "little")
    head, blob = json.loads(whole[4 : 4 + size]), whole[4 + size :]
    streams = []

    def walk(value):
        if isinstance(value, dict):
            for v in value.values():
                walk(v)
        elif isinstance(value, list):
            if len(value) == 2 and all(isinstance(v, int) for v in value) and 0 < value[1] <= len(blob) - value[0]:  # fmt: skip
                streams.append(integers(blob[value[0] : value[0] + value[1]]))
            for v in value:
                walk(v)

    walk(head)
    return head, streams


def integers(data):
    found, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            found.append((value >> 1) ^ -(value & 1))
            value = shift = 0
    return found


def places(html):
    """All places (1e-5 degree) that any stream can be read as, and all numbers of the header as text."""
    head, streams = decoded(html)
    found = set()
    for stream in streams:
        if len(stream) % 2 == 0:
            xy = np.cumsum(np.array(stream, dtype=object).reshape(-1, 2), axis=0)
            found |= {(int(x), int(y)) for x, y in xy}
    return found, json.dumps(head)


def corners(bundle):
    xy = shapely.get_coordinates(bundle.districts.geometry.to_crs(4326).to_numpy())
    return {(int(x), int(y)) for x, y in np.rint(xy * 1e5)}


def test_no_corner_of_an_outline_is_in_the_public_file(bundle):
    own, _ = places(page_html(bundle))
    assert len(corners(bundle) & own) >= 8  # the search finds them where they are
    public = page_html(bundle, public=True)
    found, text = places(public)
    assert corners(bundle) & found == set()
    west, south, east, north = gpd.GeoSeries(bundle.districts.geometry).to_crs(4326).total_bounds
    for v in (west, south, east, north):
        assert f"{v:.4f}" not in text
        assert f"{v:.4f}" not in public


def test_it_is_marked_and_its_figures_are_the_same(bundle, tmp_path):
    own, _ = decoded(page_html(bundle))
    public, _ = decoded(write_page(bundle, tmp_path / "map-public.html", public=True).read_text("utf-8"))
    assert public["headline"] == own["headline"]
    assert public["about"]["public"] is True
    assert own["about"]["public"] is False
    assert public["words"]["internal"] == "Public version: without district boundaries"
    assert public["words"]["internal"] in public["words"]["kicker"]
    assert own["words"]["internal"] != public["words"]["internal"]
