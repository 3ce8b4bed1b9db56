"""What lists of thirteen real cities showed: columns, places, datums; each with the smallest file that shows it."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from planner.inputs.frame import StreetFrame
from planner.inputs.load import load_inputs
from planner.inputs.places.datum import convert, guess_datum
from planner.inputs.stations import read_stations
from planner.roads.network import read_network, street_frame
from planner.settings.about import About
from planner.settings.inputs import Inputs, Streets
from tests.inputs.nasty import CRS, codes, one, table, write

X, Y = 558000.0, 3464000.0
ABOUT = About(name="town", crs="auto")


def degrees(x, y):
    at = gpd.GeoSeries(gpd.points_from_xy(X + np.atleast_1d(x), Y + np.atleast_1d(y)), crs=CRS).to_crs(4326)
    return at.x.to_numpy(), at.y.to_numpy()


def listed(folder, rows, head="name,lng,lat", name="stations.csv"):
    return write(folder, head + "\n" + "\n".join(",".join(map(str, r)) for r in rows) + "\n", name)


def at(x, y=0.0):
    lng, lat = degrees(x, y)
    return f"{lng[0]:.7f}", f"{lat[0]:.7f}"


def loaded(folder, rows, head="name,lng,lat", **parts):
    """The list in a study of streets over a square of 2 km."""
    square = shapely.box(X, Y, X + 2000, Y + 2000)
    path = listed(folder, rows, head)
    inputs = Inputs(streets=Streets(path=folder / "streets.gpkg"), stations=(table(path),), **parts)
    return load_inputs(ABOUT, inputs, StreetFrame(CRS, square, square, np.zeros((0, 2))))


@pytest.mark.parametrize("column", ["serviceTime", "openTime", "service_time", "服务时段", "business hours"])
def test_columns_of_hours_by_the_names_platforms_give_them(tmp_path, column):
    path = listed(tmp_path, [("a", *at(100), "9:00-17:00")], f"name,lng,lat,{column}")
    frame, _ = read_stations(table(path), crs=CRS)
    assert frame["open_hours"].tolist() == ["09:00-17:00"]


def test_columns_that_are_not_read_are_listed(tmp_path):
    path = listed(tmp_path, [("a", *at(100), "x", "y")], "name,lng,lat,wechat,心情")
    _, found = read_stations(table(path), crs=CRS)
    assert one(found, "TAB-018").value == "wechat, 心情"
    _, found = read_stations(table(listed(tmp_path, [("a", *at(100))])), crs=CRS)
    assert "TAB-018" not in codes(found)


def test_no_row_contradicts_districts_that_the_study_does_not_name(tmp_path):
    rows = [("a", *at(100, 100), "右京区"), ("b", *at(300, 300), "左京区")]
    assert "LOC-003" not in codes(loaded(tmp_path, rows, "name,lng,lat,district").findings)
    half = gpd.GeoDataFrame(
        {"district": ["左京区"]}, geometry=[shapely.box(X, Y, X + 1000, Y + 1000)], crs=CRS
    )
    half.to_crs(4326).to_file(tmp_path / "d.geojson", driver="GeoJSON")
    named = loaded(tmp_path, rows, "name,lng,lat,district", districts=table(tmp_path / "d.geojson"))
    assert [f.row for f in named.findings if f.code == "LOC-003"] == [2]


def test_rows_a_little_outside_the_hull_of_the_streets_do_not_refuse_a_run(tmp_path):
    rows = [(str(i), *at(100 + i, 100)) for i in range(4)] + [
        ("out", *at(2300, 100)),
        ("far", *at(2630, 100)),
    ]
    near = loaded(tmp_path, rows)
    assert [(f.row, f.severity, f.value) for f in near.findings if f.code == "LOC-002"] == [
        (6, "W", "0.30"),
        (7, "W", "0.63"),
    ]
    assert "inputs.districts" in one(loaded(tmp_path, rows[:5]).findings, "LOC-002").message_en
    assert len(near.stations) == 6
    away = loaded(tmp_path, [*rows[:4], ("away", *at(9000, 100))])
    assert one(away.findings, "LOC-002").severity == "E"


def test_a_station_41_km_off_is_told_where_the_area_holds_it(tmp_path):
    rows = [(f"站{i}", *at(700 * i, 0)) for i in range(6)] + [("笔误", *at(41_000, 3500))]
    _, found = read_stations(table(listed(tmp_path, rows)), crs=CRS)
    lone = one(found, "LOC-004")
    assert (lone.row, lone.field, lone.value) == (8, "笔误", "37.7")  # hypot(41 - 3.5, 3.5)
    spread = [(f"镇{i}", *at(12_000 * i, 0)) for i in range(6)]  # all are as far apart: nobody is alone
    _, found = read_stations(table(listed(tmp_path, spread)), crs=CRS)
    assert "LOC-004" not in codes(found)


def test_one_address_at_three_places_is_told(tmp_path):
    rows = [
        ("a", *at(0), "人民路 12 号"),
        ("b", *at(900), "人民路12号"),
        ("c", *at(0, 1200), "人民路１２号"),
        ("d", *at(0, 100), "人民路 14 号"),
        ("e", *at(0, 5000), "人民路"),
        ("f", *at(0, 9000), "人民路"),
    ]
    _, found = read_stations(table(listed(tmp_path, rows, "name,lng,lat,address")), crs=CRS)
    said = one(found, "LOC-005")
    assert said.row == 2
    assert "at 3 places up to 1500 m apart (rows 2, 3, 4)" in said.message_en  # hypot(900, 1200)


@pytest.fixture(scope="module")
def town():
    """Streets at uneven distances, and shops 8 m from them; WGS84."""
    rng = np.random.default_rng(7)
    xs, ys = (np.cumsum(rng.uniform(120, 420, 30)) for _ in range(2))
    lines = [shapely.LineString([(X + x, Y), (X + x, Y + ys[-1])]) for x in xs]
    lines += [shapely.LineString([(X, Y + y), (X + xs[-1], Y + y)]) for y in ys]
    streets = gpd.GeoDataFrame(
        geometry=shapely.get_parts(shapely.node(shapely.multilinestrings(lines))), crs=CRS
    )
    x, y = rng.choice(xs[5:25], 80) + 8, rng.uniform(ys[5], ys[25], 80)
    return read_network(streets, crs=CRS), degrees(x, y)


def shops(folder, lng, lat):
    return listed(
        folder, [(f"店{i}", f"{a:.7f}", f"{b:.7f}") for i, (a, b) in enumerate(zip(lng, lat, strict=True))]
    )


def test_the_datum_is_told_by_distances_to_street_lines(town):
    network, (lng, lat) = town
    frame = street_frame(network)
    for truth in ("wgs84", "gcj02", "bd09"):
        guess = guess_datum(*convert(lng, lat, source="wgs84", target=truth), frame.streets)
        assert (guess.datum, guess.best) == (truth, truth)
        assert guess.metres[truth] == pytest.approx(8, abs=0.5)
        assert guess.confidence == 1


def test_the_confidence_in_a_datum_is_said_where_it_decides_nothing(tmp_path, town):
    network, (lng, lat) = town
    streets = street_frame(network).streets
    few = shops(tmp_path, *convert(lng[:5], lat[:5] + 0.0006, source="wgs84", target="gcj02"))
    _, found = read_stations(table(few, datum=None), crs=CRS, streets=streets)
    assert codes(found, "EW") == ["DAT-011"]
    assert "confidence" in one(found, "DAT-011").message_en
    _, found = read_stations(table(few), crs=CRS, streets=streets)
    assert "DAT-013" in codes(found) or "DAT-008" in codes(found)


def test_two_datums_in_one_list_are_told_with_the_row_where_they_meet(tmp_path, town):
    network, (lng, lat) = town
    streets = street_frame(network).streets
    a, b = convert(lng[:45], lat[:45], source="wgs84", target="gcj02")
    mixed = shops(tmp_path, np.append(a, lng[45:]), np.append(b, lat[45:]))
    _, found = read_stations(table(mixed), crs=CRS, streets=streets)
    said = one(found, "DAT-012")
    assert abs(int(said.value) - 46) <= 3  # the header is row 1
    assert "fit gcj02" in said.message_en
    _, found = read_stations(table(shops(tmp_path, lng, lat)), crs=CRS, streets=streets)
    assert "DAT-012" not in codes(found)


def test_a_list_in_order_of_place_is_not_taken_for_two(town):
    """West of the middle streets are dense, and the shops stand on them only in the datum that the east belies."""
    network, (lng, lat) = town
    streets = street_frame(network).streets
    a, b = convert(lng, lat, source="wgs84", target="gcj02")
    west = lng < np.median(lng)
    mixed = np.where(west, a, lng), np.where(west, b, lat)
    order = np.argsort(mixed[0])
    assert guess_datum(*(v[order] for v in mixed), streets).split is None
    half = np.arange(len(lng)) < len(lng) // 2
    n, first, second = guess_datum(np.where(half, a, lng), np.where(half, b, lat), streets).split
    assert (abs(n - half.sum()) <= 3, first, second) == (True, "gcj02", "wgs84")
