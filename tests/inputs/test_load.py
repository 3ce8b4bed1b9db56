"""Every file of a study at once: what each says, and what they say of each other."""

from dataclasses import fields

import geopandas as gpd
import numpy as np
import pytest
import shapely

from planner.inputs.frame import StreetFrame
from planner.inputs.load import LoadedInputs, load_inputs
from planner.inputs.osm.layers import is_osm, no_layers
from planner.settings.about import About
from planner.settings.inputs import Inputs, Population, Streets
from tests.inputs.nasty import CRS, codes, one, table, write

X, Y = 558000.0, 3464000.0
STATIONS = "编号,名称,经度,纬度,开放时间,状态\n"
ABOUT = About(name="town", title_zh="小城", title_en="Town", crs="auto")


def degrees(x, y):
    at = gpd.GeoSeries([shapely.Point(X + x, Y + y)], crs=CRS).to_crs(4326).iloc[0]
    return f"{at.x:.7f},{at.y:.7f}"


def frame(hull=None):
    """Streets over a square of 2 km."""
    square = shapely.box(X, Y, X + 2000, Y + 2000)
    grid = gpd.GeoSeries(
        gpd.points_from_xy(*(v.ravel() for v in np.meshgrid(X + np.arange(0, 2001, 100), Y + np.arange(0, 2001, 100)))),
        crs=CRS,
    )  # fmt: skip
    return StreetFrame(
        CRS, square, square if hull is None else hull, shapely.get_coordinates(grid.to_crs(4326))
    )


def districts(folder, people=None):
    """Two districts, each 1 km wide and 2 km high, of the square."""
    halves = [shapely.box(X + 1000 * k, Y, X + 1000 * k + 1000, Y + 2000) for k in (0, 1)]
    data = {"district": ["甲区", "乙区"]} | ({} if people is None else {"population": people})
    gpd.GeoDataFrame(data, geometry=halves, crs=CRS).to_crs(4326).to_file(
        folder / "d.geojson", driver="GeoJSON"
    )
    return table(folder / "d.geojson")


def files(folder, **parts):
    return Inputs(streets=Streets(path=folder / "streets.gpkg"), **parts)


def test_a_study_of_streets_alone_is_one_district_with_the_studys_name(tmp_path):
    loaded = load_inputs(ABOUT, files(tmp_path), frame())
    assert loaded.crs == CRS
    assert loaded.districts[["district", "name_zh", "name_en"]].iloc[0].tolist() == ["town", "小城", "Town"]
    assert loaded.districts.geometry.iloc[0].equals(frame().hull)
    assert loaded.rows == {"stations": 0, "hosts": 0, "population": 0}
    for name in ("stations", "hosts", "population", "water", "main_roads", "landuse", "places", "streets"):
        layer = getattr(loaded, name)
        assert (len(layer), layer.crs) == (0, CRS), name
    assert codes(loaded.findings) == ["POP-006"]


def test_districts_far_from_the_streets_are_another_citys(tmp_path):
    near = load_inputs(ABOUT, files(tmp_path, districts=districts(tmp_path)), frame())
    assert "DIS-002" not in codes(near.findings)
    assert near.rows["districts"] == 2
    away = StreetFrame(CRS, shapely.box(X + 9e4, Y, X + 9.1e4, Y + 1e3), shapely.Polygon(), np.zeros((0, 2)))
    assert one(load_inputs(ABOUT, files(tmp_path, districts=districts(tmp_path)), away).findings, "DIS-002")


@pytest.mark.parametrize(
    ("stated", "with_districts", "crs"),
    [("EPSG:32651", True, "EPSG:32651"), ("auto", True, "EPSG:4549"), ("auto", False, "EPSG:3857")],
)
def test_without_streets_the_other_files_are_judged_in_a_crs_of_their_own(
    tmp_path, stated, with_districts, crs
):
    given = files(tmp_path, districts=districts(tmp_path)) if with_districts else files(tmp_path)
    loaded = load_inputs(ABOUT.model_copy(update={"crs": stated}), given, None)
    assert loaded.crs == crs
    assert loaded.districts.crs == crs
    assert loaded.stations.crs == crs


def test_two_lists_become_one_table_and_are_judged_together(tmp_path):
    one_list = write(tmp_path, STATIONS + f"1,东站,{degrees(1500, 500)},8:00-20:00,正常\n", "one.csv")
    two = f"1,西站,{degrees(500, 500)},全天,正常\n2,远站,{degrees(500, -9000)},全天,正常\n"
    two_list = write(tmp_path, STATIONS + two, "two.csv")
    given = files(tmp_path, districts=districts(tmp_path), stations=(table(one_list), table(two_list)))
    loaded = load_inputs(ABOUT, given, frame())
    assert loaded.stations["name"].tolist() == ["东站"]  # the id is taken, and 9 km away is nobody's
    assert loaded.stations["district"].tolist() == ["乙区"]
    assert (one(loaded.findings, "ID-001").source, one(loaded.findings, "ID-001").row) == ("two.csv", 2)
    assert one(loaded.findings, "LOC-002").source == "two.csv"
    assert loaded.rows["stations"] == 1


def test_own_hosts_outside_the_districts_are_left_out(tmp_path):
    text = f"编号,名称,类型,经度,纬度\na,行,银行,{degrees(10, 10)}\nb,行,银行,{degrees(2500, 10)}\n"
    hosts = table(write(tmp_path, text, "hosts.csv"))
    loaded = load_inputs(ABOUT, files(tmp_path, districts=districts(tmp_path), hosts=hosts), frame())
    assert loaded.hosts["host_id"].tolist() == ["a"]
    assert loaded.rows["hosts"] == 1


def test_a_district_without_residents_gets_those_counted_in_it_and_a_stated_one_keeps_its_own(tmp_path):
    rows = "lng,lat,population\n" + "".join(
        f"{degrees(x, 100)},{n}\n" for x, n in ((100, 7), (900, 5), (1500, 40))
    )
    grid = Population(kind="grid", path=write(tmp_path, rows, "people.csv"))
    given = files(tmp_path, districts=districts(tmp_path, [None, 1000.0]), population=grid)
    assert load_inputs(ABOUT, given, frame()).districts["population"].tolist() == [12, 1000]


def test_without_any_residents_a_stated_total_is_shared_by_area(tmp_path):
    nobody = write(tmp_path, "lng,lat,population\n", "people.csv")
    grid = Population(kind="grid", path=nobody, total=90.0)
    given = files(tmp_path, districts=districts(tmp_path), population=grid)
    assert load_inputs(ABOUT, given, frame()).districts["population"].tolist() == pytest.approx([45, 45])


def test_observations_are_judged_and_not_kept(tmp_path):
    text = f"经度,纬度,人数\n{degrees(10, 10)},3\n999,999,4\n"
    seen = table(write(tmp_path, text, "seen.csv"))
    loaded = load_inputs(ABOUT, files(tmp_path, observations=seen), frame())
    assert one(loaded.findings, "XY-005").source == "seen.csv"
    at = shapely.Point(X + 10, Y + 10)
    for f in fields(LoadedInputs):
        value = getattr(loaded, f.name)
        if isinstance(value, gpd.GeoDataFrame):
            assert "count" not in value.columns
            assert not (value.geom_type.eq("Point") & (value.distance(at) < 5)).any(), f.name


@pytest.mark.parametrize(
    ("name", "osm"),
    [("a.osm", True), ("A.OSM.PBF", True), ("a.osm.gz", True), ("a.graphml", False), ("osm.geojson", False)],
)
def test_a_street_file_is_openstreetmaps_by_its_name(name, osm):
    assert is_osm(name) == osm


def test_a_street_file_without_layers_has_every_layer_empty():
    none = no_layers(CRS)
    assert {
        len(getattr(none, k))
        for k in ("hosts", "water", "landuse", "buildings", "main_roads", "places", "streets")
    } == {0}
    assert list(none.main_roads.columns) == ["osm_id", "class", "name", "ref", "geometry"]
    assert none.findings == ()
