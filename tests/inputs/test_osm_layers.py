"""Hosts, water, land use, buildings, main roads and places of an OSM file."""

from __future__ import annotations

import osmium
import pytest
from shapely.geometry import Point, box

from planner import tables
from planner.inputs.osm.hours import canonical_hours
from planner.inputs.osm.layers import ATTRIBUTION, host_kind, read_layers
from tests.roads.osm_text import CRS, EAST, NORTH, osm

SQUARE = {1: (0, 0), 2: (40, 0), 3: (40, 30), 4: (0, 30)}
ROUND = [1, 2, 3, 4, 1]


@pytest.fixture
def town(tmp_path):
    nodes = SQUARE | {5: (100, 100), 6: (300, 100), 7: (500, 500), 8: (20, 15), 9: (900, 900)}
    ways = {
        1: (ROUND, {"building": "retail", "shop": "convenience", "name": "便利店", "building:levels": "3"}),
        2: (ROUND, {"natural": "water", "name": "湖", "name:en": "Lake"}),
        3: ([5, 6], {"highway": "primary", "name": "人民路", "ref": "G312"}),
        4: ([5, 6], {"waterway": "canal", "name": "运河"}),
        5: ([5, 6], {"highway": "residential"}),
        6: (ROUND, {"landuse": "industrial"}),
        7: (ROUND, {"highway": "service"}),
    }
    node_tags = {
        7: {
            "amenity": "bank",
            "name": "<img src=x onerror=alert(1)>",
            "opening_hours": "Mo-Fr 09:00-17:00; Sa off",
        },
        8: {"place": "village", "name": "村"},
        9: {"amenity": "bench"},
    }
    return osm(tmp_path / "town.osm", nodes, ways, node_tags)


def test_layers_of_a_small_town(town):
    found = read_layers(town, crs=CRS)
    hosts = found.hosts.set_index("host_id")
    assert set(hosts.index) == {"w1", "n7", "w6"}
    assert hosts.loc["n7", "name"] == "<img src=x onerror=alert(1)>"
    assert hosts.loc["n7", "open_hours"] == "09:00-17:00"
    assert hosts.host_kind.to_dict() == {"w1": "convenience", "n7": "bank", "w6": "industry"}
    assert hosts.geometry["w1"].distance(Point(EAST + 20, NORTH + 15)) < 0.1
    assert found.buildings.levels.tolist() == [3.0]
    assert found.buildings.area.iloc[0] == pytest.approx(1200, rel=1e-3)
    assert sorted(found.water.kind) == ["canal_line", "lake"]
    assert dict(zip(found.water.name, found.water.name_en, strict=True)) == {"湖": "Lake", "运河": ""}
    assert found.main_roads[["class", "name", "ref"]].iloc[0].tolist() == ["primary", "人民路", "G312"]
    assert len(found.main_roads) == 1
    assert found.streets.name.tolist() == ["人民路"]  # the others have no name
    assert found.landuse.kind.tolist() == ["industrial"]
    assert found.places[["name", "kind"]].values.tolist() == [["村", "village"]]
    assert {getattr(found, k).crs.to_epsg() for k in ("hosts", "water", "places")} == {4549}
    tables.check("hosts", found.hosts)
    assert "3 hosts" in repr(found)


def test_streets_with_a_name_but_no_motorway_path_or_bridge_for_people(tmp_path):
    nodes = {i: (100 * i, 0) for i in range(6)}
    classes = ("residential", "motorway", "footway", "tertiary_link", "steps")
    ways = {i: ([i, i + 1], {"highway": c, "name": f"{c} 路"}) for i, c in enumerate(classes)}
    found = read_layers(osm(tmp_path / "s.osm", nodes, ways, {}), crs=CRS)
    assert found.streets.name.tolist() == ["residential 路", "tertiary_link 路"]
    assert found.streets.geom_type.tolist() == ["LineString"] * 2
    assert found.main_roads["class"].tolist() == ["motorway"]


def test_area_keeps_what_touches_it(town):
    found = read_layers(town, crs=CRS, area=box(EAST - 10, NORTH - 10, EAST + 60, NORTH + 60))
    assert set(found.hosts.host_id) == {"w1", "w6"}
    assert len(found.main_roads) == 0
    assert found.main_roads.crs.to_epsg() == 4549


def test_a_lake_with_an_island_and_a_lake_without_its_shore(tmp_path):
    corners = [(0, 0), (100, 0), (100, 100), (0, 100), (40, 40), (60, 40), (60, 60), (40, 60)]
    nodes = dict(enumerate(corners, 1))
    path = osm(tmp_path / "lake.osm", nodes, {1: ([1, 2, 3, 4, 1], {}), 2: ([5, 6, 7, 8, 5], {})})
    text = path.read_text("utf-8")
    whole = '<relation id="1" version="1"><member type="way" ref="1" role="outer"/><member type="way" ref="2" role="inner"/>'
    torn = '<relation id="2" version="1"><member type="way" ref="1" role="outer"/><member type="way" ref="77" role="outer"/>'
    kind = '<tag k="type" v="multipolygon"/><tag k="natural" v="water"/><tag k="name" v="阳澄湖"/></relation>'
    path.write_text(text.replace("</osm>", f"{whole}{kind}{torn}{kind}</osm>"), "utf-8")
    water = read_layers(path, crs=CRS).water
    assert water.osm_id.tolist() == ["r1"]
    assert water.area.iloc[0] == pytest.approx(100 * 100 - 20 * 20, rel=1e-3)


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"amenity": "parking", "hgv": "yes"}, "truck_parking"),
        ({"amenity": "parking"}, ""),
        ({"office": "company"}, "office"),
        ({"office": "logistics"}, "logistics"),
        ({"office": "government"}, "community"),
        ({"highway": "services"}, "service_area"),
        ({"public_transport": "station", "bus": "yes"}, "bus_station"),
        ({"amenity": "charging_station"}, "charging"),
        ({"landuse": "construction"}, "construction"),
        ({"building": "yes"}, ""),
        ({}, ""),
    ],
)
def test_host_kinds(tags, kind):
    assert host_kind(tags) == kind


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("24/7", "00:00-24:00"),
        ("Mo-Su 00:00-24:00", "00:00-24:00"),
        ("08:00-20:00", "08:00-20:00"),
        ("8:00-20:00", "08:00-20:00"),
        ("Mo-Fr 08:00-12:00,13:30-18:00; Sa 09:00-12:00; PH off", "08:00-12:00;13:30-18:00"),
        ("Mo-Fr 08:00-18:00, Sa 09:00-12:00", "08:00-18:00"),
        ("Mo 10:00-12:00; Tu-Su 08:00-20:00", "08:00-20:00"),
        ("Mo-Th 11:00-23:00; Fr-Sa 11:00-02:00", "11:00-23:00"),
        ("18:00-02:00", "18:00-02:00"),
        ("18:00-26:00", "18:00-02:00"),
        ("Sa-Mo 10:00-18:00", "10:00-18:00"),
        ("Mo-Su,PH 07:30-23:30", "07:30-23:30"),
        ("Fr-Mo 10:00-14:00; Tu-Th off", "10:00-14:00"),
        ('10:00-18:00 "except feasts"', "10:00-18:00"),
        ('Mo-Fr 08:00-18:00 || "call"', "08:00-18:00"),
        ("mo-fr 08:00-18:00; WE off", "08:00-18:00"),
        ("Mo-Fr 06:00-11:00,11:00-18:00", "06:00-18:00"),
        ("Mo-Fr 00:00-24:00; Sa 00:00-12:00", "00:00-24:00"),
        # days apart by a comma and a blank are one list of days
        ("Mo-Su, PH 05:00-23:20", "05:00-23:20"),
        ("Fr 14:00-20:00; Sa, Su 14:00-18:00", "14:00-18:00"),
        # past midnight, begun before noon: told apart from nine to five
        ("Mo-Su 10:00-03:00", "00:00-03:00;10:00-24:00"),
        (
            "Mo-Fr 00:00-00:26,04:40-24:00; Sa 04:40-24:00; Su 00:00-01:00,04:00-24:00",
            "00:00-00:26;04:40-24:00",
        ),
        # not OSM's grammar, but hours
        ("Mo-Fr 8-18", "08:00-18:00"),
        ("Mo - Fr: 08:00 – 18:00", "08:00-18:00"),
        ("10:00 to 22:00", "10:00-22:00"),
        ("周一至周五 8:30-17:30", "08:30-17:30"),
        ("09：00-22：00", "09:00-22:00"),
        ("24小时", "00:00-24:00"),
        # neither
        ("+423 232 48 18", ""),
        ("8-6:30", ""),
        ("Weekdays 7-3, Saturdays 7-6, Sundays 7-4", ""),
        ("08:00+", ""),
        ("PH 10:00-12:00", ""),
        ("Apr-Oct 08:00-20:00", ""),
        ("sunrise-sunset", ""),
        ("off", ""),
        ("by appointment", ""),
        ("25:00-27:00", ""),
        ("08:75-20:00", ""),
        ("", ""),
    ],
)
def test_opening_hours(text, hours):
    assert canonical_hours(text) == hours


@pytest.mark.real
def test_liechtenstein_counts_agree_with_osmium(shared_data):
    path = shared_data / "liechtenstein" / "liechtenstein-latest.osm.pbf"
    found = read_layers(path, crs="EPSG:32632")
    ways = osmium.FileProcessor(str(path), osmium.osm.WAY).with_filter(osmium.filter.KeyFilter("building"))
    closed = {f"w{w.id}" for w in ways if w.is_closed() and w.tags["building"] != "no"}
    ours = set(found.buildings.osm_id)
    assert len(closed - ours) <= 0.001 * len(closed)
    assert len(ours - closed) < 60  # buildings with courtyards are relations
    nodes = osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(osmium.filter.KeyFilter("amenity"))
    banks = {f"n{n.id}" for n in nodes if n.tags["amenity"] == "bank"}
    assert banks <= set(found.hosts.host_id[found.hosts.host_kind == "bank"])
    rhine = found.water[found.water.name == "Rhein"]
    assert len(rhine) > 0
    assert found.hosts.host_id.is_unique
    assert "ODbL" in ATTRIBUTION
