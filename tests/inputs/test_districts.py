"""Outlines as they come: crossed, open, overlapping, mixed, shifted, of another city."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner import tables
from planner.inputs import checks
from planner.inputs.districts import read_districts, read_towns
from planner.inputs.places.datum import convert
from planner.inputs.places.outlines import polygons_of
from tests.inputs.nasty import CRS, codes, one, table

LNG, LAT = 120.6, 31.3


def box(west, south, east, north):
    """A box in hundredths of a degree east and north of Suzhou's middle."""
    return shapely.box(LNG + west / 100, LAT + south / 100, LNG + east / 100, LAT + north / 100)


def save(tmp_path, shapes, names=None, crs="EPSG:4326", driver="GPKG", **columns):
    names = names or [f"{c}区" for c in "甲乙丙丁戊"[: len(shapes)]]
    path = tmp_path / ("a.gpkg" if driver == "GPKG" else "a.geojson")
    gpd.GeoDataFrame({"名称": names, **columns}, geometry=shapes, crs=crs).to_file(path, driver=driver)
    return path


def read(path, **options):
    near = options.pop("near", None)
    frame, found = read_districts(table(path, **options), crs=CRS, near=near)
    tables.check("districts", frame)
    assert frame.geometry.is_valid.all()
    assert set(frame.geom_type) <= {"Polygon", "MultiPolygon"}
    assert np.isfinite(shapely.get_coordinates(frame.geometry.to_numpy())).all()
    return frame, found


def area_of(shape):
    return gpd.GeoSeries([shape], crs=4326).to_crs(CRS).area.iloc[0]


def test_clean_districts_with_their_figures(tmp_path):
    path = save(
        tmp_path, [box(0, 0, 2, 2), box(2, 0, 4, 2)], 人口=[120000, 80000.5], 行政区划代码=["320508", "320506"],
        最少=["3", None], name_en=["Jia", "Yi"],
    )  # fmt: skip
    frame, found = read(path)
    assert codes(found, "EWF") == []
    assert list(frame["district"]) == list(frame["name_zh"]) == ["甲区", "乙区"]
    assert list(frame["name_en"]) == ["Jia", "Yi"]
    assert list(frame["population"]) == [120000, 80000.5]
    assert list(frame["adcode"]) == ["320508", "320506"]
    assert frame["quota_min"].fillna(-1).tolist() == [3, -1]
    assert frame.area.iloc[0] == pytest.approx(area_of(box(0, 0, 2, 2)), rel=1e-6)


def test_a_bow_tie_is_mended_and_its_change_of_area_told(tmp_path):
    bow = shapely.Polygon([(LNG, LAT), (LNG + 0.02, LAT + 0.02), (LNG + 0.02, LAT), (LNG, LAT + 0.02)])
    frame, found = read(save(tmp_path, [bow]))
    assert one(found, "GEO-006").severity == "W"
    # two triangles, each a quarter of the box
    assert frame.area.iloc[0] == pytest.approx(area_of(box(0, 0, 2, 2)) / 2, rel=1e-4)


def test_a_small_crossing_is_mended_without_a_warning(tmp_path):
    spike = shapely.Polygon(
        [(LNG, LAT), (LNG + 0.02, LAT), (LNG + 0.02, LAT + 0.02), (LNG + 0.0001, LAT + 0.02), (LNG - 0.0001, LAT + 0.0201),
         (LNG - 0.0001, LAT + 0.02), (LNG + 0.0001, LAT + 0.0201), (LNG, LAT + 0.02)]
    )  # fmt: skip
    assert not spike.is_valid
    frame, found = read(save(tmp_path, [spike]))
    assert one(found, "GEO-002").severity == "F"
    assert frame.area.iloc[0] == pytest.approx(area_of(box(0, 0, 2, 2)), rel=0.01)


def test_an_open_ring_is_closed_and_listed(tmp_path):
    ring = [[LNG, LAT], [LNG + 0.02, LAT], [LNG + 0.02, LAT + 0.02], [LNG, LAT + 0.02]]
    feature = {
        "type": "Feature",
        "properties": {"name": "古城"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    frame, found = read(path)
    assert (one(found, "GEO-001").severity, one(found, "GEO-001").row) == ("F", 1)
    assert frame.area.iloc[0] == pytest.approx(area_of(box(0, 0, 2, 2)), rel=1e-6)


def test_empty_missing_and_mixed_shapes(tmp_path):
    mixed = shapely.GeometryCollection(
        [box(0, 0, 2, 2), shapely.Point(LNG, LAT), shapely.LineString([(LNG, LAT), (LNG + 1, LAT)])]
    )
    high = shapely.force_3d(box(3, 0, 5, 2), 7.0)
    path = save(tmp_path, [mixed, None, shapely.Polygon(), high, shapely.Point(LNG, LAT)], driver="GeoJSON")
    frame, found = read(path)
    assert list(frame["district"]) == ["甲区", "丁区"]
    assert one(found, "GEO-005").row == 1
    assert sorted(f.row for f in found if f.code == "GEO-004") == [2, 3, 5]
    assert not frame.has_z.any()
    assert frame.area.iloc[0] == pytest.approx(area_of(box(0, 0, 2, 2)), rel=1e-6)


def test_overlaps_and_gaps_are_told_in_square_kilometres(tmp_path):
    ring = box(0, 0, 6, 6) - box(2, 2, 4, 4)
    _, found = read(save(tmp_path, [ring, box(5, 0, 8, 6)]))
    overlap, gap = area_of(box(5, 0, 6, 6)) / 1e6, area_of(box(2, 2, 4, 4)) / 1e6
    assert f"{overlap:.2f} km²" in one(found, "DIS-001").message_en
    assert f"{gap:.2f} km²" in one(found, "DIS-004").message_en
    inner = read(save(tmp_path, [ring, box(2, 2, 4, 4)]))[1]  # an enclave is no gap
    assert codes(inner, "EW") == []


def test_another_citys_outlines_are_refused(tmp_path):
    path = save(tmp_path, [box(0, 0, 2, 2)])
    streets = gpd.GeoSeries([shapely.box(113.9, 22.5, 114.0, 22.6)], crs=4326).to_crs(CRS).iloc[0]
    assert codes(read(path, near=streets)[1], "E") == ["DIS-002"]
    here = gpd.GeoSeries([box(1, 1, 9, 9)], crs=4326).to_crs(CRS).iloc[0]
    assert codes(read(path, near=here)[1], "E") == []


def test_a_district_twice_is_refused(tmp_path):
    frame, found = read(save(tmp_path, [box(0, 0, 2, 2), box(3, 0, 4, 2)], ["甲区", "甲区"]))
    assert one(found, "DIS-003").severity == "E"
    assert len(frame) == 1


def test_outlines_of_amap_are_brought_to_wgs84(tmp_path):
    true = box(0, 0, 2, 2)
    moved = shapely.transform(
        true, lambda c: np.stack(convert(c[:, 0], c[:, 1], source="wgs84", target="gcj02"), axis=1)
    )
    frame, _ = read(save(tmp_path, [moved]), datum="gcj02")
    expected = gpd.GeoSeries([true], crs=4326).to_crs(CRS).iloc[0]
    assert frame.geometry.iloc[0].symmetric_difference(expected).area < 1  # m², of 4 km²


def test_wrong_labels_no_crs_and_swapped_outlines(tmp_path):
    metric = gpd.GeoSeries([box(0, 0, 2, 2)], crs=4326).to_crs(CRS).iloc[0]
    assert "EPSG:4549" in one(read(save(tmp_path, [metric]))[1], "CRS-002").message_en
    frame, found = read(save(tmp_path, [metric], crs=CRS))
    assert codes(found, "EW") == []
    with pytest.warns(UserWarning, match="crs"):
        path = save(tmp_path, [metric], crs=None)
    assert codes(read(path)[1], "E") == ["CRS-001"]
    path = save(tmp_path, [shapely.transform(box(0, 0, 2, 2), lambda c: c[:, ::-1])])
    assert codes(read(path)[1], "E") == ["XY-001"]
    frame, found = read(path, swap=True)
    assert frame.area.iloc[0] == pytest.approx(area_of(box(0, 0, 2, 2)), rel=1e-6)


def test_points_and_tables_are_no_districts(tmp_path):
    _, found = read(save(tmp_path, [shapely.Point(LNG, LAT)]))
    assert codes(found, "E") == ["DIS-005"]
    path = tmp_path / "a.csv"
    path.write_text("名称,人口\n甲区,5\n", "utf-8")
    assert codes(read(path)[1], "E") == ["DIS-005"]


def test_negative_and_wordy_populations(tmp_path):
    frame, found = read(save(tmp_path, [box(0, 0, 1, 1), box(1, 0, 2, 1)], 人口=["-5", "约十万"]))
    assert (one(found, "STA-004").row, one(found, "STA-003").row) == (1, 2)
    assert frame["population"].isna().all()


def test_collections_within_collections_give_their_polygons():
    deep = shapely.GeometryCollection(
        [shapely.GeometryCollection([box(0, 0, 1, 1)]), shapely.MultiPolygon([box(2, 2, 3, 3)])]
    )
    assert polygons_of(deep).equals(shapely.MultiPolygon([box(0, 0, 1, 1), box(2, 2, 3, 3)]))
    assert polygons_of(shapely.Point(0, 0)).is_empty


@pytest.mark.real
def test_the_real_outline_of_old_suzhou_whose_ring_is_open(shared_data):
    frame, found = read(shared_data / "gusu" / "old_city.geojson")
    assert codes(found, "EWF") == ["GEO-001"]
    assert frame.area.iloc[0] / 1e6 == pytest.approx(14.2, abs=0.1)  # the file's own area_km2


@pytest.mark.real
def test_the_real_outline_of_the_industrial_park(shared_data):
    frame, found = read(shared_data / "sip" / "boundary.geojson")
    assert codes(found, "EWF") == []
    assert frame.area.iloc[0] / 1e6 == pytest.approx(281.6, abs=0.3)


# --- which district --------------------------------------------------------------------------------


def five(tmp_path):
    names = ["吴中区", "虎丘区（高新区）", "苏州工业园区", "昆山市", "姑苏区"]
    shapes = [box(i, 0, i + 1, 1) for i in range(5)]
    english = [
        "Wuzhong District",
        "Huqiu District (SND)",
        "Suzhou Industrial Park (SIP)",
        "Kunshan City",
        "Gusu",
    ]
    return read(save(tmp_path, shapes, names, name_en=english))[0]


def test_districts_by_the_names_people_use(tmp_path):
    texts = pd.Series(
        [
            "吴中",
            "吴中区",
            "高新区",
            "虎丘区",
            "园区",
            "工业园区",
            "昆山",
            "SIP",
            "Gusu",
            "苏州市吴中区",
            "区",
            "不知道",
            None,
        ]
    )
    meant = checks.match_districts(texts, five(tmp_path))
    assert meant.astype(object).where(meant.notna(), None).tolist() == [
        "吴中区", "吴中区", "虎丘区（高新区）", "虎丘区（高新区）", "苏州工业园区", "苏州工业园区", "昆山市", "苏州工业园区",
        "姑苏区", "吴中区", None, None, None,
    ]  # fmt: skip


def test_towns_are_outlines_with_names_that_may_come_twice(tmp_path):
    path = save(
        tmp_path, [box(0, 0, 2, 2), box(3, 0, 4, 2), box(5, 0, 6, 2)], names=["城关镇", "城关镇", "北街道"]
    )
    towns, found = read_towns(table(path), crs=CRS)
    assert codes(found, "EWF") == []
    assert towns["name"].tolist() == ["城关镇", "城关镇", "北街道"]
    assert towns.crs == CRS
    assert towns.area.iloc[0] == pytest.approx(area_of(box(0, 0, 2, 2)), rel=1e-6)


def test_towns_without_names_or_without_a_file_are_told(tmp_path):
    path = tmp_path / "towns.geojson"
    gpd.GeoDataFrame({"x": [1]}, geometry=[box(0, 0, 2, 2)], crs=4326).to_file(path)
    towns, found = read_towns(table(path), crs=CRS)
    assert towns.empty
    assert "TAB-008" in codes(found, "E")
    towns, found = read_towns(table(tmp_path / "none.geojson"), crs=CRS)
    assert towns.empty
    assert codes(found, "E")
