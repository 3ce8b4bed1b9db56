"""What the readers tell of lists and streets, by code: the smallest file that meets each."""

from __future__ import annotations

import struct
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from planner.errors import InputError
from planner.inputs.osm.layers import read_layers
from planner.inputs.stations import read_stations
from planner.inputs.tables.read import read_table
from planner.roads.network import read_network
from tests.inputs.nasty import CRS, codes, one, table, write
from tests.inputs.oldexcel import _END, _FAT, _FREE, _entry
from tests.roads.osm_text import osm

HEAD = "编号,站点名称,经度,纬度,开放时间,状态,座位数\n"


def told(folder: Path, rows: str, head: str = HEAD):
    frame, found = read_stations(table(write(folder, head + rows)), crs=CRS)
    return frame, found


#: Code → (rows below the head, row it is told of, the value).
ROWS = {
    "ID-008": (",甲站,120.62,31.31,8:00-20:00,正常,3\n", 2, "stations-2"),
    "NAM-002": ("1,,120.62,31.31,8:00-20:00,正常,3\n", 2, ""),
    "HRS-004": ("1,甲站,120.62,31.31,夏季 8:00-20:00；冬季 9:00-18:00,正常,3\n", 2, "夏季 8:00-20:00；冬季 9:00-18:00"),
    "HRS-005": ("1,甲站,120.62,31.31,周一至周五 8:00-20:00 周六 9:00-12:00,正常,3\n", 2, "周一至周五 8:00-20:00 周六 9:00-12:00"),
    "HRS-006": ("1,甲站,120.62,31.31,,正常,3\n", None, "1/1"),
    "STA-005": ("1,甲站,120.62,31.31,8:00-20:00,正常,0\n", 2, "0"),
}  # fmt: skip


@pytest.mark.parametrize("code", ROWS)
def test_a_row_of_a_list_is_told_by_its_code_with_row_and_value(tmp_path: Path, code: str) -> None:
    rows, row, value = ROWS[code]
    frame, found = told(tmp_path, rows)
    assert len(frame) == 1
    assert (one(found, code).row, one(found, code).value) == (row, value)
    _, sound = told(tmp_path, "1,甲站,120.62,31.31,8:00-20:00,正常,3\n")
    assert code not in codes(sound)


def test_hours_by_season_and_by_day_keep_those_that_hold_most(tmp_path: Path) -> None:
    assert told(tmp_path, ROWS["HRS-004"][0])[0]["open_hours"].tolist() == ["09:00-18:00"]
    assert told(tmp_path, ROWS["HRS-005"][0])[0]["open_hours"].tolist() == ["08:00-20:00"]
    assert told(tmp_path, ROWS["STA-005"][0])[0]["status"].tolist() == ["suspended"]
    assert told(tmp_path, ROWS["NAM-002"][0])[0]["name"].tolist() == ["1"]


def test_a_list_without_status_counts_every_station_as_open(tmp_path: Path) -> None:
    frame, found = told(tmp_path, "1,甲站,120.62,31.31\n", "编号,站点名称,经度,纬度\n")
    assert one(found, "STA-002").severity == "I"
    assert frame["status"].tolist() == ["open"]


def test_a_role_that_is_none_in_columns_is_refused_with_the_roles_there_are(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "1,甲站,120.62,31.31,,,\n")
    _, found = read_stations(table(path, columns={"longitudo": "经度"}), crs=CRS)
    assert one(found, "TAB-009").field == "longitudo"
    assert "lng" in one(found, "TAB-009").message_en


def test_shapes_that_are_no_points_stand_at_a_point_on_them(tmp_path: Path) -> None:
    square, point = shapely.box(120.62, 31.31, 120.63, 31.32), shapely.Point(120.7, 31.3)
    gpd.GeoDataFrame({"name": ["甲", "乙"]}, geometry=[square, point], crs=4326).to_file(
        tmp_path / "a.geojson"
    )
    frame, found = read_stations(table(tmp_path / "a.geojson"), crs=CRS)
    assert one(found, "GEO-003").value == "1"
    lng, lat = frame["lng_wgs84"].iloc[0], frame["lat_wgs84"].iloc[0]
    assert square.contains(shapely.Point(lng, lat))


def encrypted(path: Path) -> Path:
    """A compound file as Excel leaves one behind a password: the workbook is a stream, EncryptedPackage."""
    body = b"\0" * 4096
    sectors = len(body) // 512
    fat = [_FAT, _END, *range(3, sectors + 2), _END]
    fat += [_FREE] * (128 - len(fat))
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + b"\0" * 16
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + b"\0" * 6
    )
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, _END, 0, _END, 0)
    header += struct.pack("<I", 0) + struct.pack("<I", _FREE) * 108
    directory = _entry("Root Entry", 5, 1, _END, 0) + _entry("EncryptedPackage", 2, _FREE, 2, len(body))
    directory += (b"\0" * 68 + struct.pack("<III", _FREE, _FREE, _FREE)).ljust(128, b"\0") * 2
    path.write_bytes(header + struct.pack("<128I", *fat) + directory + body)
    return path  # fmt: skip


@pytest.mark.parametrize("name", ["a.xlsx", "a.xlsm"])
def test_a_workbook_behind_a_password_is_told_so(tmp_path: Path, name: str) -> None:
    raw, found = read_table(table(encrypted(tmp_path / name)), kind="stations")
    assert raw is None
    assert codes(found, "E") == ["FILE-005"]
    assert "password" in one(found, "FILE-005").message_en


def test_a_road_that_is_not_whole_is_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    nodes = {1: (0, 0), 2: (100, 0), 3: (100, 100), 4: (0, 100)}
    ways = {1: ([1, 2, 3, 4, 1], {"building": "yes"}), 3: ([1, 2], {"highway": "primary"})}
    cut = ways | {4: ([98, 99], {"highway": "primary"})}  # of which no node is in the file
    whole = read_layers(osm(tmp_path / "whole.osm", nodes, ways), crs=CRS)
    layers = read_layers(osm(tmp_path / "a.osm", nodes, cut), crs=CRS)
    assert "OSM-001" not in codes(whole.findings)
    assert one(layers.findings, "OSM-001").severity == "I"
    assert len(layers.main_roads) == len(whole.main_roads) == 1


def test_streets_of_which_a_corner_has_no_place_are_refused(tmp_path: Path) -> None:
    line = shapely.LineString([(559_000, 3_464_000), (float("inf"), 3_464_000), (559_100, 3_464_000)])
    with pytest.raises(InputError) as caught:
        read_network(gpd.GeoDataFrame({"highway": ["residential"]}, geometry=[line], crs=CRS), crs=CRS)
    assert codes(caught.value.findings, "E") == ["NET-112"]


@pytest.mark.parametrize("speed", [0, -3.0, float("nan"), True, "fast"])
def test_a_speed_that_is_none_is_refused(speed: object) -> None:
    line = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(559_000, 3_464_000), (559_100, 3_464_000)])], crs=CRS
    )
    with pytest.raises(InputError) as caught:
        read_network(line, crs=CRS, speeds_kmh={"walk": speed})
    assert codes(caught.value.findings, "E") == ["NET-126"]
