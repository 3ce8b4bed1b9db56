"""Whatever stands in a file, reading ends in a table or in findings, never in a stack trace."""

import datetime as dt
import tempfile
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner import tables
from planner.hours.parse import DAY_MIN, parse_hours
from planner.inputs.dates import parse_date
from planner.inputs.stations import read_stations
from planner.inputs.tables.delimited import decode
from planner.settings.inputs import Table

CLOCK = st.text(
    "0123456789:.-~至到点半时分上下午早晚次日周一二三四五六末每天全小休息，；、（）夏冬季 ampm/", max_size=30
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(CLOCK, st.text(max_size=30)))
def test_hours_are_spans_within_the_day_or_unknown(text):
    hours = parse_hours(text)
    edges = [edge for span in hours.spans for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= edge <= DAY_MIN for edge in edges)
    assert (hours.text is None) == (not hours.known)
    if hours.known:
        assert parse_hours(hours.text).spans == hours.spans


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text("0123456789-/.年月日号 :T", max_size=16), st.text(max_size=16)))
def test_dates_are_dates_or_none(text):
    date, code = parse_date(text)
    assert isinstance(date, dt.date) == (code != "DATE-001")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_bytes_decode_or_say_why_not(data):
    text, encoding, found = decode(data, source="a")
    if text is None:
        assert [f.severity for f in found] == ["E"]
    else:
        assert data.decode(encoding).removeprefix("\ufeff") == text


MAGIC = {
    ".csv": b"", ".txt": b"", ".xlsx": b"PK\x03\x04", ".xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".ods": b"PK\x03\x04",
    ".geojson": b'{"type":"FeatureCollection","features":[', ".gpkg": b"SQLite format 3\x00", ".shp": b"\x00\x00\x27\x0a",
}  # fmt: skip


@pytest.mark.parametrize("suffix", MAGIC)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=2000))
def test_broken_files_of_every_kind_are_refused_in_words(suffix, data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        path.write_bytes(MAGIC[suffix] + data)
        frame, found = read_stations(
            Table(path=path, datum="wgs84"), crs="EPSG:4549", today=dt.date(2026, 1, 1)
        )
    tables.check("stations", frame)
    assert found
    assert len(frame) or any(f.severity in "EW" for f in found)


CELL = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(["120.61234", "31.30456", "0", "9999", "nan", "inf", "1e308", "-1", "全天"]),
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(CELL, min_size=7, max_size=7), min_size=1, max_size=8))
def test_any_cells_under_a_good_header_give_finite_points_and_unique_ids(rows):
    import csv

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        with path.open("w", encoding="utf-8", newline="", errors="replace") as stream:
            writer = csv.writer(stream)
            writer.writerow(["编号", "站点名称", "经度", "纬度", "开放时间", "状态", "建成时间"])
            writer.writerows(rows)
        frame, _ = read_stations(Table(path=path, datum="gcj02"), crs="EPSG:4549", today=dt.date(2026, 1, 1))
    tables.check("stations", frame)
    assert np.isfinite(shapely.get_coordinates(frame.geometry.to_numpy())).all()
    assert np.isfinite(frame[["lng_wgs84", "lat_wgs84"]].to_numpy(float)).all()
    assert frame["station_id"].is_unique
