"""A place cut out of a local extract: outlines, districts, towns, streets, and a study that can be checked."""

from __future__ import annotations

import itertools
import json

import geopandas as gpd
import osmium
import pytest

from planner.errors import InputError, PlannerError
from planner.fetch.extract import cut_place
from planner.inputs.osm.streets import read_osm_streets
from planner.settings.reading import read_settings


@pytest.fixture
def extract(tmp_path):
    """A city of two districts, one of two towns, and a street that runs on through the country."""
    make = osmium.osm.mutable
    path = tmp_path / "province.osm.pbf"
    spots: dict[tuple[float, float], int] = {}

    def node(x, y):
        return spots.setdefault((x, y), len(spots) + 1)

    def box(x0, y0, x1, y1):
        return [node(x0, y0), node(x1, y0), node(x1, y1), node(x0, y1), node(x0, y0)]

    areas = [
        ("大城市", 5, (0, 0, 20, 10), {"name:en": "Bigcity"}),
        ("东区", 6, (10, 0, 20, 10), {"population": "3000"}),
        ("西区", 6, (0, 0, 10, 10), {"population": "2,000"}),
        ("南镇", 8, (0, 0, 10, 5), {}),
        ("北镇", 8, (0, 5, 10, 10), {}),
        ("邻县", 6, (20, 0, 30, 10), {}),
    ]
    rings = [box(*corners) for _, _, corners, _ in areas]
    street = [node(x, 5.5) for x in range(-9, 60)]
    far = [node(50, 50), node(51, 51)]
    with osmium.SimpleWriter(str(path)) as out:
        for (x, y), i in spots.items():
            tags = {"amenity": "bank"} if (x, y) == (3, 5.5) else {}
            out.add_node(make.Node(id=i, version=1, location=(120 + x / 100, 31 + y / 100), tags=tags))
        for i, ring in enumerate(rings, 1):
            out.add_way(make.Way(id=i, version=1, nodes=ring))
        for i, (a, b) in enumerate(itertools.pairwise(street), 101):
            out.add_way(make.Way(id=i, version=1, nodes=[a, b], tags={"highway": "residential"}))
        out.add_way(make.Way(id=999, version=1, nodes=far, tags={"highway": "residential"}))
        for i, (name, level, _, more) in enumerate(areas, 1):
            tags = {
                "type": "boundary",
                "boundary": "administrative",
                "admin_level": str(level),
                "name": name,
                **more,
            }
            out.add_relation(make.Relation(id=i, version=1, members=[("w", i, "outer")], tags=tags))
    return path


def names(path):
    return {f["properties"]["district"] for f in json.loads(path.read_text("utf-8"))["features"]}


@pytest.mark.parametrize("place", ["大城市", "bigcity"])
def test_a_place_comes_with_its_outline_districts_towns_and_streets(tmp_path, extract, place):
    out = cut_place(place, extract, tmp_path / "own", margin_m=500)
    assert names(out / "boundary.geojson") == {"大城市"}
    assert names(out / "districts.geojson") == {"东区", "西区"}
    assert names(out / "towns.geojson") == {"南镇", "北镇"}
    found = gpd.read_file(out / "districts.geojson").set_index("district")
    assert found["population"].to_dict() == {"东区": 3000, "西区": 2000}
    assert "OpenStreetMap" in json.loads((out / "districts.geojson").read_text("utf-8"))["attribution"]
    streets = read_osm_streets(out / "streets.osm.pbf")
    lng = streets.x / streets.per_unit
    # whole ways of 0.01 degree that touch the city and 500 m around it: from -0.01 to 0.21
    assert (lng.min(), lng.max()) == pytest.approx((119.99, 120.21), abs=1e-6)
    banks = [n.id for n in osmium.FileProcessor(str(out / "streets.osm.pbf")) if "amenity" in n.tags]
    assert len(banks) == 1
    made = read_settings(out / "study.toml")
    assert made.inputs.districts.path.name == "districts.geojson"
    assert made.inputs.towns.path == out / "towns.geojson"


def test_towns_are_the_level_below_the_districts(tmp_path, extract):
    out = cut_place("西区", extract, tmp_path / "own")
    assert names(out / "districts.geojson") == {"南镇", "北镇"}
    assert read_settings(out / "study.toml").inputs.towns is None  # nothing below them


def test_a_name_that_is_not_there_is_answered_with_those_that_are(tmp_path, extract):
    with pytest.raises(PlannerError, match=r"did you mean .*大城市") as told:
        cut_place("大成市", extract, tmp_path / "own")
    assert told.value.told.code == "OSM-009"
    assert not (tmp_path / "own").exists()
    with pytest.raises(InputError, match="SET-004"):
        cut_place("x", tmp_path / "none.osm.pbf", tmp_path / "own")


@pytest.mark.real
def test_liechtenstein_has_its_eleven_communes(tmp_path, shared_data):
    extract = shared_data / "liechtenstein" / "liechtenstein-latest.osm.pbf"
    out = cut_place("Liechtenstein", extract, tmp_path / "own")
    assert {"Vaduz", "Schaan", "Balzers", "Triesen"} <= names(out / "towns.geojson")
    assert read_osm_streets(out / "streets.osm.pbf").n_lines > 4000
