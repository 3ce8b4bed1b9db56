"""Street files as they come: what holds no street, what is out of order, where the file itself ends."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import pytest
import shapely

from planner.errors import InputError
from planner.inputs.load import load_inputs
from planner.inputs.osm.area import file_bounds
from planner.inputs.osm.layers import read_layers
from planner.inputs.places.crs import auto_crs, chinese
from planner.roads.network import read_network, street_frame
from planner.settings.about import About
from planner.settings.inputs import Inputs, Population, Streets
from tests.inputs.nasty import CRS, codes, one, write

make = osmium.osm.mutable


def pbf(path, things):
    with osmium.SimpleWriter(str(path)) as out:
        for kind, thing in things:
            getattr(out, f"add_{kind}")(thing)
    return path


def test_an_extract_without_streets_says_what_it_holds(tmp_path):
    nodes = [("node", make.Node(id=i, version=1, location=(120 + i / 1000, 31))) for i in range(1, 1501)]
    way = ("way", make.Way(id=1, version=1, nodes=[1, 2, 3], tags={"building": "yes"}))
    with pytest.raises(InputError, match=r"NET-101 .*it holds 1,500 nodes, 1 ways and 0 relations"):
        read_network(pbf(tmp_path / "a.osm.pbf", [*nodes, way]))


def test_a_whole_file_out_of_order_is_not_called_broken(tmp_path):
    nodes = [("node", make.Node(id=i, version=1, location=(120 + i / 1000, 31))) for i in (3, 2, 1)]
    ways = [
        ("way", make.Way(id=i, version=1, nodes=[1, 2, 3], tags={"highway": "residential"})) for i in (9, 8)
    ]
    path = pbf(tmp_path / "a.osm.pbf", [*nodes, *ways])
    with pytest.raises(InputError, match=r"NET-128 .*osmium sort a\.osm\.pbf") as told:
        read_layers(path, crs=CRS)
    assert "NET-106" not in str(told.value)


@pytest.mark.parametrize(
    ("root", "name", "says"),
    [
        ("net", "a.net.xml", "SUMO"),
        ("net", "a.osm", "SUMO"),
        ("gpx", "a.xml", "GPS"),
        ("html", "a.geojson", "<html>"),
        ("kml", "a.osm", "Google"),
    ],
)
def test_other_xml_is_called_what_it_is(tmp_path, root, name, says):
    path = write(
        tmp_path, f'<?xml version="1.0"?>\n<!-- made by x -->\n<{root} version="1"><a/></{root}>', name
    )
    with pytest.raises(InputError, match="NET-129") as told:
        read_network(path)
    assert says in str(told.value)


def test_osm_xml_is_read_whatever_its_ending(tmp_path):
    body = '<node id="1" lat="31" lon="120"/><node id="2" lat="31" lon="120.01"/><way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="road"/></way>'
    path = write(tmp_path, f'<?xml version="1.0"?><osm version="0.6">{body}</osm>', "a.xml")
    assert read_network(path).n_edges == 1


def grid(folder, bounds):
    """A street from lng 119.99 to 120.05 whose file says that it ends at 120.03."""
    ends = "".join(
        f'<node id="{i}" lat="{31 + 0.01 * (i % 2)}" lon="{119.98 + 0.01 * i}"/>' for i in range(1, 8)
    )
    ways = "".join(
        f'<way id="{i}"><nd ref="{i}"/><nd ref="{i + 1}"/><tag k="highway" v="residential"/></way>'
        for i in range(1, 7)
    )
    return write(folder, f'<?xml version="1.0"?><osm version="0.6">{bounds}{ends}{ways}</osm>', "a.osm")


def test_the_area_ends_where_the_file_says_it_does(tmp_path):
    bounds = '<bounds minlat="30.99" minlon="120.0" maxlat="31.02" maxlon="120.03"/>'

    def area(path):
        frame = street_frame(read_network(path))
        inputs = Inputs(streets=Streets(path=path), population=Population(total=9000))
        loaded = load_inputs(About(name="a"), inputs, frame)
        return loaded.districts.to_crs(4326).total_bounds, loaded

    box, loaded = area(grid(tmp_path, bounds))
    assert box[[0, 2]] == pytest.approx([120.0, 120.03], abs=1e-4)
    assert "120.0000, 30.9900, 120.0300, 31.0200" in one(loaded.findings, "NET-130").value
    box, loaded = area(grid(tmp_path, ""))
    assert box[2] > 120.05
    assert "NET-130" not in codes(loaded.findings)
    box, loaded = area(
        grid(tmp_path, '<bounds minlat="0" minlon="0" maxlat="1" maxlon="1"/>')
    )  # of another place
    assert box[2] > 120.05
    assert file_bounds(tmp_path / "none.osm", CRS) is None


def test_much_that_does_not_count_is_a_warning():
    lines = [
        shapely.LineString([(558_000 + 10 * i, 3_464_000), (558_010 + 10 * i, 3_464_000)]) for i in range(60)
    ]
    lone = [
        shapely.LineString([(570_000 + 100 * i, 3_464_000), (570_010 + 100 * i, 3_464_000)])
        for i in range(10)
    ]
    some = read_network(gpd.GeoDataFrame(geometry=[*lines, *lone], crs=CRS))
    told = one(some.findings, "NET-109")
    assert (told.severity, "20" in told.message_en) == ("W", True)
    few = read_network(gpd.GeoDataFrame(geometry=[*lines, lone[0]], crs=CRS))
    assert one(few.findings, "NET-109").severity == "I"


def test_a_walk_from_a_directed_graph_equals_one_from_an_undirected_one():
    rng = np.random.default_rng(3)
    graph = nx.MultiDiGraph(crs=CRS)
    for i in range(30):
        graph.add_node(i, x=558_000 + 100.0 * (i % 6), y=3_464_000 + 100.0 * (i // 6))
    for i in range(30):
        for j in (i + 1, i + 6):
            if j < 30 and (j % 6 or j != i + 1):
                a, b = (i, j) if rng.random() < 0.5 else (j, i)
                graph.add_edge(a, b, length=100.0, highway="residential", oneway=True)
    one_way, both = read_network(graph), read_network(nx.MultiGraph(graph))
    assert one_way.n_edges == both.n_edges
    for network in (one_way, both):
        assert np.isfinite(network.edge_s_uv).all()
        assert np.isfinite(network.edge_s_vu).all()


@pytest.mark.parametrize(
    ("place", "lng", "lat", "inside"),
    [("Suzhou", 120.62, 31.31, True), ("Hong Kong", 114.17, 22.30, True), ("Lhasa", 91.12, 29.65, True), ("Kyoto", 135.77, 35.01, False),
     ("Seoul", 126.98, 37.57, False), ("Taipei", 121.56, 25.03, False), ("Hanoi", 105.85, 21.03, False), ("Helsinki", 24.9, 60.2, False)],
)  # fmt: skip
def test_which_places_maps_are_shifted_in(place, lng, lat, inside):
    assert chinese(lng, lat).tolist() == [inside]
    assert auto_crs(lng, lat).startswith("EPSG:45") == inside
