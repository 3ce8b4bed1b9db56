"""What is written comes back: any Chinese, English or odd text, in every kind of file."""

import csv
import tempfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.inputs.tables.read import read_table
from planner.settings.inputs import Table

letters = st.characters(
    codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn", "Zl", "Zp"], exclude_characters="\ufeff\ufffd"
)
cells = st.text(letters, min_size=1, max_size=12).map(str.strip).filter(bool)
names = st.lists(cells, min_size=1, max_size=6)
HEADER = ["编号", "名称", "经度", "纬度"]


def back(path):
    raw, found = read_table(Table(path=path, datum="wgs84"), kind="stations")
    assert raw is not None, [str(f) for f in found]
    return list(raw.column("name")), list(raw.column("station_id"))


def rows(texts):
    return [HEADER, *([f"{i:03}", t, "120.61234", "31.30456"] for i, t in enumerate(texts))]


@settings(max_examples=40, deadline=None)
@given(names)
def test_csv_in_utf8_and_gb18030(texts):
    with tempfile.TemporaryDirectory() as folder:
        for encoding in ("utf-8-sig", "gb18030"):
            path = Path(folder) / "a.csv"
            with path.open("w", encoding=encoding, newline="") as stream:
                csv.writer(stream).writerows(rows(texts))
            stated = Table(path=path, datum="wgs84", encoding=encoding)
            raw, _ = read_table(stated, kind="stations")
            assert list(raw.column("name")) == texts
            assert list(raw.column("station_id")) == [f"{i:03}" for i in range(len(texts))]


@settings(max_examples=25, deadline=None)
@given(names)
def test_workbooks(texts):
    with tempfile.TemporaryDirectory() as folder:
        book = openpyxl.Workbook()
        for row in rows(texts):
            book.active.append(row)
        for line in book.active.iter_rows():
            for cell in line:
                cell.data_type = "s"
        book.save(Path(folder) / "a.xlsx")
        assert back(Path(folder) / "a.xlsx") == (texts, [f"{i:03}" for i in range(len(texts))])


@settings(max_examples=15, deadline=None)
@given(names)
def test_layers(texts):
    ids = [f"{i:03}" for i in range(len(texts))]
    frame = gpd.GeoDataFrame(
        {"编号": ids, "名称": texts}, geometry=[shapely.Point(120.6, 31.3)] * len(texts), crs=4326
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a.gpkg", "a.geojson"):
            frame.to_file(Path(folder) / name)
            assert back(Path(folder) / name) == (texts, ids)
