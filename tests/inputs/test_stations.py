"""One test per way in which a list of stations goes wrong."""

import datetime as dt
import time

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

from planner import tables
from planner.inputs.places.datum import convert
from planner.inputs.stations import read_stations, to_geocode
from tests.inputs.nasty import CRS, HEADER, ROWS, codes, one, table, text, workbook, write

TODAY = dt.date(2026, 11, 22)


def read(path, **options):
    extra = {k: options.pop(k) for k in ("area", "streets") if k in options}
    frame, found = read_stations(table(path, **options), crs=CRS, today=TODAY, **extra)
    tables.check("stations", frame)
    assert np.isfinite(shapely.get_coordinates(frame.geometry.to_numpy())).all()
    return frame, found


def csv(tmp_path, rows, header=None, **options):
    return read(write(tmp_path, text(rows, header)), **options)


def rows_of(found, code):
    return sorted(f.row for f in found if f.code == code)


def row(lng, lat, ident="1", name="站"):
    return [ident, name, lng, lat, "", "", ""]


GOOD = [row(120.60123 + i / 100, 31.30456, str(i), f"站{i}") for i in range(20)]


def check_clean(frame, found):
    assert codes(found, "EW") == []
    assert list(frame["station_id"]) == ["001", "002", "003"]
    assert list(frame["name"]) == ["观前街站", "金鸡湖站", "木渎站"]
    assert list(frame["open_hours"]) == ["08:00-20:00", "00:00-24:00", "09:00-17:30"]
    assert list(frame["open_days"]) == ["1234567", "1234567", "12345"]
    assert list(frame["status"]) == ["open", "open", "planned"]
    expected = gpd.GeoSeries([shapely.Point(float(r[2]), float(r[3])) for r in ROWS], crs="EPSG:4326").to_crs(
        CRS
    )
    assert frame.geometry.distance(expected).max() < 1e-3
    np.testing.assert_allclose(frame["lng_wgs84"], [float(r[2]) for r in ROWS], atol=1e-9)


def test_a_clean_list_reads_the_same_from_every_kind_of_file(tmp_path):
    layer = gpd.GeoDataFrame(
        [[r[0], r[1], *r[4:]] for r in ROWS], columns=[HEADER[0], HEADER[1], *HEADER[4:]],
        geometry=[shapely.Point(float(r[2]), float(r[3])) for r in ROWS], crs="EPSG:4326",
    )  # fmt: skip
    layer.to_file(tmp_path / "a.geojson", driver="GeoJSON")
    layer.to_crs(CRS).to_file(tmp_path / "a.gpkg", driver="GPKG")
    layer.set_axis([*HEADER[:1], "名称", "开放", *HEADER[5:], "geometry"], axis=1).to_file(
        tmp_path / "a.shp", encoding="utf-8"
    )
    numbers = [[r[0], r[1], float(r[2]), float(r[3]), *r[4:]] for r in ROWS]
    for path in (
        write(tmp_path, text()), workbook(tmp_path, [HEADER, *ROWS]), workbook(tmp_path, [HEADER, *numbers], "b.xlsx"),
        tmp_path / "a.geojson", tmp_path / "a.gpkg", tmp_path / "a.shp",
    ):  # fmt: skip
        check_clean(*read(path))


def test_a_layer_without_crs_is_refused_until_the_study_names_it(tmp_path):
    layer = gpd.GeoDataFrame({"名称": ["站"]}, geometry=[shapely.Point(558000, 3464000)])
    with pytest.warns(UserWarning, match="crs"):
        layer.to_file(tmp_path / "a.gpkg", driver="GPKG")
    frame, found = read(tmp_path / "a.gpkg")
    assert frame.empty
    assert codes(found, "E") == ["CRS-001"]
    frame, found = read(tmp_path / "a.gpkg", crs=CRS)
    assert codes(found, "E") == []
    assert frame.geometry.iloc[0].distance(shapely.Point(558000, 3464000)) < 1e-3


@pytest.mark.parametrize(
    ("x", "y", "label", "right"),
    [
        (120.61, 31.31, "EPSG:4549", "EPSG:4326"),
        (558000.0, 3464000.0, "EPSG:4326", "EPSG:4549"),
        (40558000.0, 3464000.0, "EPSG:4549", "EPSG:4528"),
        (13426000.0, 3672000.0, "EPSG:4549", "EPSG:3857"),
    ],
)
def test_a_wrong_crs_label_is_refused_and_the_right_one_suggested(tmp_path, x, y, label, right):
    layer = gpd.GeoDataFrame({"名称": ["a", "b"]}, geometry=[shapely.Point(x, y)] * 2, crs=label)
    layer.to_file(tmp_path / "a.gpkg", driver="GPKG")
    frame, found = read(tmp_path / "a.gpkg")
    assert frame.empty
    assert right in one(found, "CRS-002").message_en
    columns = write(tmp_path, text([["1", "a", x, y]], ["编号", "名称", "经度", "纬度"]))
    assert right in one(read(columns, crs=label)[1], "CRS-002").message_en


def test_metres_in_a_plain_table_with_their_crs_stated(tmp_path):
    path = write(tmp_path, text([["1", "a", "558000", "3464000"]], ["编号", "名称", "X", "Y"]))
    frame, found = read(path, crs=CRS)
    assert codes(found, "E") == []
    assert frame.geometry.iloc[0].distance(shapely.Point(558000, 3464000)) < 1e-3


def test_mixed_crs_is_reprojected_and_said(tmp_path):
    layer = gpd.GeoDataFrame({"名称": ["a"]}, geometry=[shapely.Point(120.61, 31.31)], crs=4326)
    layer.to_crs(32651).to_file(tmp_path / "a.gpkg", driver="GPKG")
    frame, found = read(tmp_path / "a.gpkg")
    assert one(found, "CRS-003").severity == "F"
    assert abs(frame["lng_wgs84"].iloc[0] - 120.61) < 1e-6


def test_swapped_columns_are_refused_and_swap_is_offered(tmp_path):
    rows = [[*r[:2], r[3], r[2], *r[4:]] for r in ROWS]
    path = write(tmp_path, text(rows))
    frame, found = read(path)
    assert frame.empty
    assert "swap = true" in one(found, "XY-001").message_en
    frame, found = read(path, swap=True)
    assert one(found, "XY-014").severity == "F"
    check_clean(frame, [f for f in found if f.code != "XY-014"])


def test_swapped_rows_are_listed_and_never_used(tmp_path):
    rows = [*GOOD, row(31.3, 120.6, "bad")]
    frame, found = csv(tmp_path, rows)
    assert (one(found, "XY-002").severity, one(found, "XY-002").row) == ("W", 22)
    assert "bad" not in set(frame["station_id"])


def test_swapped_columns_outside_china_show_by_the_studys_area(tmp_path):
    area = gpd.GeoSeries([shapely.box(9.4, 47.0, 9.7, 47.3)], crs=4326).to_crs("EPSG:32632").iloc[0]
    path = write(
        tmp_path,
        text([["1", "a", "47.14", "9.52"], ["2", "b", "47.16", "9.51"]], ["id", "name", "lng", "lat"]),
    )
    frame, found = read_stations(table(path), crs="EPSG:32632", area=area)
    assert frame.empty
    assert "XY-001" in codes(found, "E")


def test_fillers_are_dropped_and_counted(tmp_path):
    rows = [*GOOD, row(0, 0, "a"), row(9999, 9999, "b"), row(999, 31.3, "c"), row(500.5, 31.3, "d")]
    frame, found = csv(tmp_path, rows)
    assert [f.row for f in found if f.code == "XY-005"] == [22, 23, 24]
    assert [f.row for f in found if f.code == "XY-011"] == [25]
    assert len(frame) == 20


def test_coordinates_in_odd_writing_are_mended_and_listed(tmp_path):
    rows = [
        ["1", "全角", "１２０．６１２３４", "３１．３０４５６"], ["2", "度分秒", "120°36′36″E", "北纬31°18′18″"],
        ["3", "句号", "120。61234", "31。30456"], ["4", "乱", "东边", "31.30456"], ["5", "度", "120.61234°", "31.30456°"],
    ]  # fmt: skip
    frame, found = csv(tmp_path, rows, ["编号", "名称", "经度", "纬度"])
    assert rows_of(found, "XY-009") == [2, 2, 4, 4]
    assert rows_of(found, "XY-008") == [3, 3, 6, 6]
    assert one(found, "XY-013").row == 5
    np.testing.assert_allclose(frame["lng_wgs84"], [120.61234, 120.61, 120.61234, 120.61234])
    np.testing.assert_allclose(frame["lat_wgs84"], [31.30456, 31.305, 31.30456, 31.30456])


def test_decimal_commas_in_a_semicolon_file(tmp_path):
    content = "编号;名称;经度;纬度\n1;站;120,61234;31,30456\n"
    frame, found = read(write(tmp_path, content))
    assert abs(frame["lng_wgs84"].iloc[0] - 120.61234) < 1e-9
    assert codes(found, "F") == ["CSV-004", "XY-010"]


@pytest.mark.parametrize("pair", ["120.62123,31.30456", "120.62123，31.30456", "120.62123 31.30456", "(120.62123, 31.30456)",
                                  "120.62123、31.30456", "120.62123;31.30456"])  # fmt: skip
def test_both_coordinates_in_one_cell(tmp_path, pair):
    rows = [["编号", "名称", "坐标"], ["1", "站", pair]]
    frame, found = read(workbook(tmp_path, rows))
    assert codes(found, "EW") == []
    np.testing.assert_allclose(
        [frame["lng_wgs84"].iloc[0], frame["lat_wgs84"].iloc[0]], [120.62123, 31.30456]
    )


def test_pairs_written_latitude_first_are_not_swapped_in_silence(tmp_path):
    rows = [["编号", "名称", "坐标"], ["1", "站", "31.30456,120.62123"]]
    assert codes(read(workbook(tmp_path, rows))[1], "E") == ["XY-001"]


def test_two_decimals_are_too_few(tmp_path):
    frame, found = csv(tmp_path, [row("120.62", "31.3"), row("120.62123", "31.3", "2")])
    assert one(found, "XY-004").row == 2
    assert len(frame) == 2


def test_address_only_rows_are_listed_and_too_many_are_refused(tmp_path):
    header = ["编号", "名称", "经度", "纬度", "地址"]
    rows = [[str(i), f"s{i}", 120.6 + i / 1000 + 1e-5, 31.30001, "a"] for i in range(19)]
    rows.append(["19", "x", "", "", "人民路1号"])
    path = write(tmp_path, text(rows, header))
    frame, found = read(path)
    assert len(frame) == 19
    assert (one(found, "XY-006").row, one(found, "XY-006").severity) == (21, "W")
    assert codes(found, "E") == []
    assert codes(read(path, max_missing_share=0.04)[1], "E") == ["XY-007"]
    missing = to_geocode(table(path))
    assert missing.to_dict("records") == [
        {
            "source": "stations.csv",
            "row": 21,
            "编号": "19",
            "名称": "x",
            "经度": None,
            "纬度": None,
            "地址": "人民路1号",
        }
    ]


def test_leading_zeros_of_ids_survive(tmp_path):
    for path in (write(tmp_path, text()), workbook(tmp_path, [HEADER, *ROWS])):
        assert list(read(path)[0]["station_id"]) == ["001", "002", "003"]


def test_ids_that_became_numbers_are_mended_or_refused(tmp_path):
    rows = [
        row(120.61 + i / 100 + 1e-5, 31.31001, ident)
        for i, ident in enumerate(["12.0", "1.2E+05", "００７", "1.5", "ok-1"])
    ]
    frame, found = csv(tmp_path, rows)
    assert list(frame["station_id"]) == ["12", "120000", "007", "1.5", "ok-1"]
    assert [f.row for f in found if f.code == "ID-006"] == [2, 3, 4]
    assert (one(found, "ID-004").row, one(found, "ID-004").severity) == (5, "E")
    numbers = workbook(tmp_path, [HEADER, [12.0, "a", 120.61001, 31.3, "", "", ""]])
    assert list(read(numbers)[0]["station_id"]) == ["12"]


def test_rows_without_ids_get_their_files_name_and_row(tmp_path):
    frame, found = csv(tmp_path, [["a", "120.61234", "31.30456"]], ["名称", "经度", "纬度"])
    assert list(frame["station_id"]) == ["stations-2"]
    assert codes(found, "E") == []


def test_an_exact_copy_of_a_row_is_kept_once(tmp_path):
    frame, found = csv(tmp_path, [*ROWS, ROWS[1]])
    assert len(frame) == 3
    assert (one(found, "ID-003").row, one(found, "ID-003").severity) == (5, "F")
    assert "row 3" in one(found, "ID-003").message_en


def test_one_id_for_two_places_is_refused(tmp_path):
    frame, found = csv(tmp_path, [*ROWS, ["001", "另一处", "120.7", "31.4", "", "", ""]])
    bad = one(found, "ID-001")
    assert (bad.severity, bad.row, bad.value) == ("E", 5, "001")
    assert len(frame) == 3


def test_one_id_twice_at_one_place_is_a_warning(tmp_path):
    again = [*ROWS[0][:4], "7:00-9:00", "正常", ""]
    frame, found = csv(tmp_path, [*ROWS, again])
    assert one(found, "ID-005").severity == "W"
    assert len(frame) == 3


def test_different_ids_within_five_metres_are_possible_duplicates(tmp_path):
    rows = [
        row(120.6, 31.3, "a"),
        row(120.60003, 31.30001, "b"),
        row(120.6009, 31.3, "c"),
        row(120.6, 31.3, "d"),
    ]
    frame, found = csv(tmp_path, [[*r[:2], f"{r[2]:.6f}", f"{r[3]:.6f}", *r[4:]] for r in rows])
    assert [(f.row, f.severity) for f in found if f.code == "ID-002"] == [(3, "W"), (5, "W")]
    assert len(frame) == 4


def test_one_name_far_apart_is_for_information(tmp_path):
    _, found = csv(tmp_path, [row(120.60001, 31.3, "a"), row(120.70001, 31.3, "b")])
    assert one(found, "NAM-001").severity == "I"


@pytest.mark.parametrize(
    ("word", "status"),
    [("正常", "open"), ("开放", "open"), ("在建", "planned"), ("规划中", "planned"), ("停用", "suspended"),
     ("维修", "suspended"), ("已撤销", "withdrawn"), ("在建（预计2027年开放）", "planned"), ("未正常开放", "suspended"),
     ("正常开放，24小时", "open"), ("暂停开放", "suspended"), ("Open", "open"), ("normal", "suspended"), ("", "open")],
)  # fmt: skip
def test_words_of_status(tmp_path, word, status):
    frame, found = csv(tmp_path, [["1", "a", "120.60001", "31.30001", "", word, ""]])
    assert list(frame["status"]) == [status]
    assert ("STA-001" in codes(found)) == (word == "normal")


def test_capacity_and_area_are_judged(tmp_path):
    header = ["编号", "名称", "经度", "纬度", "容量", "面积"]
    values = [("0", "30㎡"), ("-5", "约12.5平方米"), ("二十", "-3"), ("20人", "30-50")]
    rows = [[str(i), f"s{i}", 120.6 + i / 100 + 1e-5, 31.30001, c, a] for i, (c, a) in enumerate(values)]
    frame, found = csv(tmp_path, rows, header)
    assert list(frame["status"]) == ["suspended", "open", "open", "open"]
    assert sorted((f.row, f.field) for f in found if f.code == "STA-004") == [(3, "容量"), (4, "面积")]
    assert sorted((f.row, f.field) for f in found if f.code == "STA-003") == [(4, "容量"), (5, "面积")]
    assert list(frame["area_m2"].fillna(-1)) == [30, 12.5, -1, -1]


def test_dates_as_serials_chinese_and_doubtful(tmp_path):
    header = ["编号", "名称", "经度", "纬度", "建成时间"]
    texts = [
        "45413",
        "2024/5/1",
        "2024年5月1日",
        "2024-05-01",
        "20240501",
        "5/1/2024",
        "2024年5月",
        "2030-01-01",
        "去年",
    ]
    rows = [[str(i), f"s{i}", 120.6 + i / 100 + 1e-5, 31.30001, t] for i, t in enumerate(texts)]
    frame, found = csv(tmp_path, rows, header)
    assert list(frame["opened"])[:7] == ["2024-05-01"] * 7
    assert frame["opened"].isna().tolist() == [False] * 8 + [True]
    assert [f.row for f in found if f.code == "DATE-003"] == [2, 3, 4, 6]
    assert [f.row for f in found if f.code == "DATE-004"] == [7, 8]
    assert [f.row for f in found if f.code == "DATE-002"] == [9]
    assert [f.row for f in found if f.code == "DATE-001"] == [10]


def test_a_date_of_the_1904_system_is_the_day_excel_shows(tmp_path):
    path = workbook(
        tmp_path, [["编号", "名称", "经度", "纬度", "建成时间"], ["1", "a", 120.60001, 31.30001, None]]
    )
    book = openpyxl.load_workbook(path)
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active["E2"] = dt.date(2024, 5, 1)
    book.save(path)
    assert list(read(path)[0]["opened"]) == ["2024-05-01"]


def test_hours_nobody_can_read_are_unknown_and_say_what_that_means(tmp_path):
    frame, found = csv(tmp_path, [["1", "a", "120.60001", "31.30001", "随银行", "", ""]])
    assert frame["open_hours"].isna().all()
    assert "study's default hours" in one(found, "HRS-001").message_en


def test_stations_outside_the_area_by_how_far(tmp_path):
    area = gpd.GeoSeries([shapely.box(120.5, 31.2, 120.9, 31.4)], crs=4326).to_crs(CRS).iloc[0]
    frame, found = csv(tmp_path, [*GOOD, row(120.95001, 31.3, "far")], area=area)
    bad = one(found, "LOC-002")
    assert (bad.severity, bad.row, bad.value) == ("W", 22, "4.76")
    assert len(frame) == 21
    frame, found = csv(tmp_path, [*GOOD[:3], row(120.95001, 31.3, "far")], area=area)
    assert one(found, "LOC-002").severity == "E"


# --- datums ---------------------------------------------------------------------------------------


def town():
    """Street vertices (WGS84) and 60 stations beside them."""
    rng = np.random.default_rng(5)
    east, north = np.cumsum(rng.uniform(0.0008, 0.005, 25)), np.cumsum(rng.uniform(0.0008, 0.005, 25))
    along = np.arange(0, 0.075, 0.0002)
    streets = np.array(
        [(120.58 + a, 31.27 + t) for a in east for t in along]
        + [(120.58 + t, 31.27 + b) for b in north for t in along]
    )
    spots = streets[rng.choice(len(streets), 60, replace=False)] + rng.normal(0, 1e-4, (60, 2))
    return streets, spots


def list_in(tmp_path, lng, lat, header=("编号", "名称", "经度", "纬度"), more=()):
    rows = [
        [f"{i:03}", f"s{i}", f"{a:.6f}", f"{b:.6f}", *(m[i] for m in more)]
        for i, (a, b) in enumerate(zip(lng, lat, strict=True))
    ]
    return write(tmp_path, text(rows, list(header)))


@pytest.mark.parametrize(("truth", "code"), [("bd09", "DAT-001"), ("gcj02", "DAT-002")])
def test_an_unstated_datum_that_the_streets_contradict_is_refused(tmp_path, truth, code):
    streets, spots = town()
    path = list_in(tmp_path, *convert(*spots.T, source="wgs84", target=truth))
    frame, found = read(path, datum=None, streets=streets)
    bad = one(found, code)
    assert bad.severity == "E"
    assert "confidence" in bad.message_en
    frame, found = read(path, datum=truth, streets=streets)
    assert codes(found, "EW") == []
    assert "DAT-008" in codes(found, "I")
    truth_m = gpd.GeoSeries(shapely.points(spots), crs=4326).to_crs(CRS)
    assert frame.geometry.distance(truth_m).max() < 0.2  # six decimals


def test_an_unstated_datum_that_the_streets_confirm_goes_on(tmp_path):
    streets, spots = town()
    _, found = read(list_in(tmp_path, *spots.T), datum=None, streets=streets)
    assert codes(found, "EW") == []
    assert "DAT-008" in codes(found, "I")


def test_an_unstated_datum_without_streets_is_taken_as_wgs84_aloud(tmp_path):
    _, found = read(write(tmp_path, text()), datum=None)
    assert codes(found, "EW") == ["DAT-006"]


def test_coordinates_converted_twice_are_suspected(tmp_path):
    streets, spots = town()
    twice = convert(*spots.T, source="gcj02")
    assert "DAT-003" in codes(read(list_in(tmp_path, *twice), streets=streets)[1], "W")
    assert "DAT-003" in codes(read(list_in(tmp_path, *spots.T), datum="gcj02", streets=streets)[1], "W")


def test_a_stated_datum_that_the_streets_contradict_is_doubted(tmp_path):
    streets, spots = town()
    path = list_in(tmp_path, *convert(*spots.T, source="wgs84", target="bd09"))
    assert one(read(path, datum="gcj02", streets=streets)[1], "DAT-007").severity == "W"


def test_the_datum_may_stand_in_the_columns_names(tmp_path):
    rows = [["1", "a", "120.62551", "31.30235"]]
    path = write(tmp_path, text(rows, ["编号", "名称", "lng_gcj02", "lat_gcj02"]))
    frame, found = read(path, datum=None)
    expected = convert(120.62551, 31.30235, source="gcj02")
    np.testing.assert_allclose(frame[["lng_wgs84", "lat_wgs84"]].to_numpy()[0], np.ravel(expected), atol=1e-9)
    assert one(found, "DAT-005").value == "gcj02"


def test_every_row_may_say_its_own_datum(tmp_path):
    words = ["百度地图", "高德", "GPS", "ＧＣＪ－０２", "天地图", "火星坐标"]
    kinds = ["bd09", "gcj02", "wgs84", "gcj02", "wgs84", "gcj02"]
    true = np.array([[120.6 + i / 50, 31.3] for i in range(6)])
    moved = np.array(
        [np.ravel(convert(a, b, source="wgs84", target=k)) for (a, b), k in zip(true, kinds, strict=True)]
    )
    path = list_in(tmp_path, *moved.T, header=("编号", "名称", "经度", "纬度", "来源"), more=(words,))
    for datum in ("column", None):
        frame, found = read(path, datum=datum)
        assert codes(found, "EW") == []
        np.testing.assert_allclose(frame[["lng_wgs84", "lat_wgs84"]], true, atol=2e-6)
    frame, found = read(path, datum="bd09")
    assert one(found, "DAT-009").severity == "W"


def test_a_row_that_does_not_say_its_datum_is_refused(tmp_path):
    path = list_in(
        tmp_path, [120.61, 120.62, 120.63], [31.3, 31.3, 31.3], header=("编号", "名称", "经度", "纬度", "来源"),
        more=(["百度", "街道上报", "高德"],),
    )  # fmt: skip
    frame, found = read(path, datum="column")
    assert (one(found, "DAT-004").row, one(found, "DAT-004").severity) == (3, "E")
    assert list(frame["station_id"]) == ["000", "002"]
    assert codes(read(write(tmp_path, text()), datum="column")[1], "E") == ["DAT-004"]


def test_a_source_column_about_something_else_is_left_alone(tmp_path):
    path = list_in(
        tmp_path, [120.61001, 120.62001], [31.30001, 31.30001], header=("编号", "名称", "经度", "纬度", "来源"),
        more=(["街道上报", "区工会"],),
    )  # fmt: skip
    frame, found = read(path, datum="wgs84")
    assert codes(found, "EW") == []
    assert len(frame) == 2


# --- hostile names, speed, real data --------------------------------------------------------------


def test_hostile_names_are_kept_as_they_are(tmp_path):
    names = [
        "<img src=x onerror=alert(1)>",
        "{{ 7*7 }}",
        "${x}`",
        "=1+1",
        "</script>",
        "{0.__class__}",
        "\u202eRTL",
        "@SUM(A1)",
    ]
    rows = [
        ["编号", "名称", "经度", "纬度"],
        *([str(i), n, 120.6 + i / 100 + 1e-5, 31.30001] for i, n in enumerate(names)),
    ]
    path = workbook(tmp_path, rows)
    book = openpyxl.load_workbook(path)
    for line in book.active.iter_rows(min_row=2, max_col=2, min_col=2):
        line[0].data_type = "s"
    book.save(path)
    assert list(read(path)[0]["name"]) == names


def test_ten_thousand_rows_in_two_seconds(tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        [f"{i:05}", f"站{i}", f"{x:.6f}", f"{y:.6f}", "8:00-20:00", "正常", "姑苏区"]
        for i, (x, y) in enumerate(
            zip(rng.uniform(120.4, 120.9, 10_000), rng.uniform(31.2, 31.5, 10_000), strict=True)
        )
    ]
    path = workbook(tmp_path, [HEADER, *rows])
    read(write(tmp_path, text(rows[:10])), datum="gcj02")  # warm
    start = time.process_time()
    frame, _ = read(path, datum="gcj02")
    assert time.process_time() - start < 2.0
    assert len(frame) == 10_000


@pytest.mark.real
def test_the_real_list_of_zhengzhou(shared_data):
    path = shared_data / "zhengzhou-stations" / "stations.csv"
    frame, found = read_stations(table(path, datum="gcj02"), crs="EPSG:4547")
    lines = path.read_text("utf-8-sig").splitlines()
    assert len(frame) == 18
    assert sum(f.code == "XY-006" for f in found) == 64
    assert codes(found, "E") == ["XY-007"]
    assert len(to_geocode(table(path))) == 64
    for r in frame.itertuples():
        assert str(r.name) in lines[r.row - 1]
    hours = pd.read_csv(path)["open_hours"].notna().sum()
    unknown = [f for f in found if f.code in ("HRS-001", "HRS-003")]
    assert hours == 22
    assert not unknown  # every style on the list is read but 工作日开放, which names no hours
    assert sum(f.code == "HRS-002" for f in found) == 2
    split = frame.set_index("row")["open_hours"]
    assert split[12] == "08:30-12:00;13:00-17:30"


def shapefile(tmp_path, encoding, cpg):
    """A shapefile whose long Chinese column name is cut at ten bytes, as GIS programs write it."""
    layer = gpd.GeoDataFrame(
        {"bianhao_xx": ["001"], "name": ["观前街站"]}, geometry=[shapely.Point(120.62, 31.31)], crs=4326
    )
    path = tmp_path / "a.shp"
    layer.to_file(path, encoding=encoding)
    dbf = path.with_suffix(".dbf")
    cut = "站点名称编号".encode(encoding)[:10].ljust(11, b"\0")
    dbf.write_bytes(dbf.read_bytes().replace(b"bianhao_xx\0", cut))
    path.with_suffix(".cpg").unlink()
    if cpg:
        path.with_suffix(".cpg").write_text(cpg)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("cpg", ["UTF-8", "GBK", "ISO-8859-1", None])
def test_shapefiles_with_cut_names_and_no_or_a_wrong_cpg(tmp_path, encoding, cpg):
    frame, found = read(shapefile(tmp_path, encoding, cpg), columns={"name": "name"})
    assert list(frame["name"]) == ["观前街站"]
    right = (encoding, cpg) in (("utf-8", "UTF-8"), ("gb18030", "GBK"))
    assert ("FILE-009" in codes(found, "W")) != right
    assert "XY-001" not in codes(found)


def test_a_column_name_cut_by_the_shapefile_is_still_known(tmp_path):
    layer = gpd.GeoDataFrame(
        {"站点名": ["观前街站"], "开放时": ["全天"]}, geometry=[shapely.Point(120.62, 31.31)], crs=4326
    )
    layer.to_file(tmp_path / "a.shp", encoding="utf-8")
    frame, _ = read(tmp_path / "a.shp")
    assert list(frame["name"]) == ["观前街站"]
    assert list(frame["open_hours"]) == ["00:00-24:00"]


@pytest.mark.parametrize("part", [".dbf", ".shx"])
def test_a_shapefile_without_one_of_its_parts_names_the_part(tmp_path, part):
    path = shapefile(tmp_path, "utf-8", "UTF-8")
    path.with_suffix(part).unlink()
    assert one(read(path)[1], "FILE-007").value == part


def test_a_shapefile_without_prj_needs_a_crs(tmp_path):
    path = shapefile(tmp_path, "utf-8", "UTF-8")
    path.with_suffix(".prj").unlink()
    assert ".prj" in one(read(path)[1], "CRS-001").message_en
    assert codes(read(path, crs="EPSG:4326")[1], "E") == []


def test_a_list_with_addresses_only_goes_to_geocoding_whole(tmp_path):
    path = write(tmp_path, text([["1", "a", "人民路1号"], ["2", "b", "人民路2号"]], ["编号", "名称", "地址"]))
    frame, found = read(path)
    assert frame.empty
    assert codes(found, "E") == ["TAB-008"]
    assert to_geocode(table(path))["row"].tolist() == [2, 3]


def test_rows_that_name_the_wrong_datum_are_doubted_by_the_streets(tmp_path):
    streets, spots = town()
    bd = convert(*spots.T, source="wgs84", target="bd09")
    path = list_in(tmp_path, *bd, header=("编号", "名称", "经度", "纬度", "坐标系"), more=(["GCJ-02"] * 60,))
    assert one(read(path, datum="column", streets=streets)[1], "DAT-007").value == "gcj02"


@pytest.mark.parametrize(
    ("good", "severity"), [(20, "E"), (120, "W")]
)  # one of 21 is too many, one of 121 is not
def test_places_without_an_image_in_the_studys_crs_never_leave(tmp_path, good, severity):
    rows = [row(120.60123 + i / 1000, 31.30456, f"{i:03}", f"s{i}") for i in range(good)]
    frame, found = csv(tmp_path, [*rows, row(30.0, 0.0, "quarter")])  # 90 degrees from the zone's meridian
    assert one(found, "XY-003").severity == severity
    assert len(frame) == good


def test_shuffled_rows_give_the_same_stations(tmp_path):
    rows = [*GOOD, *ROWS]
    one_way, _ = csv(tmp_path, rows)
    other, _ = csv(tmp_path, rows[::-1])
    columns = [c for c in one_way.columns if c not in ("row", "geometry")]
    pd.testing.assert_frame_equal(
        one_way.sort_values("station_id")[columns].reset_index(drop=True),
        other.sort_values("station_id")[columns].reset_index(drop=True),
    )


def test_two_readings_give_equal_tables_and_findings(tmp_path):
    path = workbook(tmp_path, [HEADER, *ROWS])
    (first, found), (second, again) = read(path), read(path)
    pd.testing.assert_frame_equal(first, second)
    assert found == again


def test_of_three_pairs_of_coordinates_the_stated_datums_is_read(tmp_path):
    point = {
        d: np.ravel(convert(120.62, 31.31, source="wgs84", target=d)) for d in ("wgs84", "gcj02", "bd09")
    }
    header = ["site_id", "name", *(f"{c}_{d}" for d in point for c in ("lng", "lat"))]
    path = write(tmp_path, text([["S1", "a", *(f"{v:.7f}" for p in point.values() for v in p)]], header))
    for datum in ("wgs84", "gcj02", "bd09", None):
        frame, found = read(path, datum=datum)
        assert codes(found, "EW") == []
        assert frame["station_id"].tolist() == ["S1"]
        np.testing.assert_allclose(
            frame[["lng_wgs84", "lat_wgs84"]].to_numpy()[0], [120.62, 31.31], atol=1e-7
        )


def test_a_column_name_that_contradicts_the_stated_datum_is_doubted(tmp_path):
    path = write(
        tmp_path, text([["1", "a", "120.62551", "31.30235"]], ["编号", "名称", "经度_GCJ02", "纬度_GCJ02"])
    )
    frame, found = read(path, datum="bd09")
    assert one(found, "DAT-010").severity == "W"
    expected = np.ravel(convert(120.62551, 31.30235, source="bd09"))
    np.testing.assert_allclose(frame[["lng_wgs84", "lat_wgs84"]].to_numpy()[0], expected, atol=1e-9)


def test_the_better_known_of_two_names_wins_and_is_said(tmp_path):
    header = ["id", "站点编号", "名称", "站点名称", "经度", "纬度"]
    frame, found = csv(tmp_path, [["77", "S-1", "x", "观前站", "120.62001", "31.31001"]], header)
    assert frame[["station_id", "name"]].to_numpy().tolist() == [["S-1", "观前站"]]
    assert codes(found, "EW") == []


def test_infinite_coordinates_inside_a_layer_never_leave(tmp_path):
    features = ",".join(
        f'{{"type":"Feature","properties":{{"name":"s{i}"}},"geometry":{{"type":"Point","coordinates":[{x},31.3]}}}}'
        for i, x in enumerate(["120.61", "1e999", "NaN", "120.62"])
    )
    path = write(tmp_path, f'{{"type":"FeatureCollection","features":[{features}]}}', "a.geojson")
    frame, found = read(path)
    assert set(frame["name"]) <= {"s0", "s3"}
    assert codes(found, "EW")


@pytest.mark.parametrize("crs", ["EPSG:4326", CRS])
def test_swapped_points_of_a_layer(tmp_path, crs):
    point = gpd.GeoSeries([shapely.Point(120.61, 31.31)], crs=4326).to_crs(crs).iloc[0]
    layer = gpd.GeoDataFrame({"名称": ["a"]}, geometry=[shapely.Point(point.y, point.x)], crs=crs)
    layer.to_file(tmp_path / "a.gpkg", driver="GPKG")
    frame, found = read(tmp_path / "a.gpkg")
    assert frame.empty
    assert codes(found, "E") == ["XY-001" if crs == "EPSG:4326" else "CRS-002"]
    frame, found = read(tmp_path / "a.gpkg", swap=True)
    assert codes(found, "EW") == []
    np.testing.assert_allclose(frame[["lng_wgs84", "lat_wgs84"]].to_numpy()[0], [120.61, 31.31], atol=1e-6)


def test_every_fault_of_a_file_is_told_at_once(tmp_path):
    rows = [
        ["苏州市户外劳动者服务站点一览表"], [], HEADER, *[[*r[:4], "全天", "正常", ""] for r in GOOD],
        ["1", "重号", "120.75001", "31.35001", "8:00-20:00", "正常", ""],  # the id of another place
        ["x1", "颠倒", "31.30001", "120.60001", "", "", ""], ["x2", "填充", 9999, 9999, "", "", ""],
        ["x3", "全角", "１２０．６００１", "31.30001", "", "", ""], ["x4", "怪状态", "120.60051", "31.40001", "", "%%", ""],
        ["x5", "怪时间", "120.60052", "31.41001", "看心情", "", ""], ["1.5", "坏编号", "120.60053", "31.42001", "", "", ""],
        ["合计", None, None, None, None, None, None],
    ]  # fmt: skip
    _, found = read(workbook(tmp_path, rows))
    assert codes(found, "E") == ["ID-001", "ID-004"]
    assert {"XY-002", "XY-005", "STA-001", "HRS-001"} <= set(codes(found, "W"))
    assert {"TAB-005", "TAB-013", "XY-009"} <= set(codes(found, "F"))
    for f in found:
        assert f.source == "stations.xlsx"
        assert f.message("zh")
        assert f.message("en")
        if f.row is not None and f.severity in "EW":
            assert rows[f.row - 1][0] in ("1", "x1", "x2", "x4", "x5", "1.5")  # the row as Excel counts it
