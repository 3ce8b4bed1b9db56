"""Counted visits and stations' kit as files state them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from planner.inputs.stations import read_stations
from planner.inputs.visits import Visits, read_visits
from planner.settings.inputs import Table
from tests.study.town import write_table

STATIONS = ("001", "002", "7")


def read(
    folder: Path, rows: list[tuple[str, ...]], head: tuple[str, ...] = ("编号", "月份", "人次")
) -> Visits:
    return read_visits(Table(path=write_table(folder / "visits.csv", head, rows)), STATIONS)


def codes(found: object) -> list[tuple[str, int | None]]:
    return [(f.code, f.row) for f in found if not f.code.startswith("TAB-011")]  # type: ignore[attr-defined]


def test_months_are_read_as_people_write_them_and_weigh_their_days(tmp_path: Path) -> None:
    rows = [
        ("001", "2025-07", "93"),
        ("001", "2025年6月", "1,200人次"),
        ("002", "202502", "0"),
        ("7", "2024/2", "29"),
    ]
    got = read(tmp_path, rows)
    assert codes(got.findings) == []
    assert got.table.to_numpy().tolist() == [
        ["001", "2025-06", 1200.0, 30.0], ["001", "2025-07", 93.0, 31.0], ["002", "2025-02", 0.0, 28.0],
        ["7", "2024-02", 29.0, 29.0],
    ]  # fmt: skip
    assert got.by_station().loc["001"].tolist() == [1293.0, 61.0]


def test_every_bad_row_is_told_and_the_good_ones_stay(tmp_path: Path) -> None:
    rows = [
        ("001", "2025-07", "10"), ("009", "2025-07", "10"), ("002", "2025-07", "many"), ("002", "July", "5"),
        ("001", "2025-7", "11"), ("002", "2025", "5"), ("002", "2025-08", ""), ("7.0", "2025-08", "4"),
    ]  # fmt: skip
    got = read(tmp_path, rows)
    assert codes(got.findings) == [
        ("VIS-001", 3), ("VIS-003", 4), ("VIS-005", 5), ("VIS-004", 6), ("VIS-005", 7), ("VIS-003", 8),
    ]  # fmt: skip
    assert all(f.severity == "W" for f in got.findings if f.code.startswith("VIS"))
    assert got.table[["station_id", "visits"]].to_numpy().tolist() == [["001", 10.0], ["7", 4.0]]


def test_negative_counts_are_refused(tmp_path: Path) -> None:
    found = read(tmp_path, [("001", "2025-07", "10"), ("002", "2025-07", "-3")]).findings
    assert [(f.code, f.severity, f.row) for f in found if f.code == "VIS-002"] == [("VIS-002", "E", 3)]


@pytest.mark.parametrize(
    ("rows", "head", "code"),
    [
        ([("001", "5")], ("编号", "人次"), "VIS-006"),
        ([("x", "2025-07", "5")], ("编号", "月份", "人次"), "VIS-007"),
    ],
)
def test_a_table_of_which_nothing_can_be_used(
    tmp_path: Path, rows: list[tuple[str, ...]], head: tuple[str, ...], code: str
) -> None:
    got = read(tmp_path, rows, head)
    assert code in {f.code for f in got.findings}
    assert got.table.empty
    assert got.by_station().empty


def test_no_table_is_no_visits_and_a_missing_file_is_told(tmp_path: Path) -> None:
    assert read_visits(None, STATIONS).findings == ()
    assert [f.severity for f in read_visits(Table(path=tmp_path / "none.csv"), STATIONS).findings] == ["E"]


def test_kit_is_read_from_columns_and_from_the_list_of_facilities(tmp_path: Path) -> None:
    head = ("编号", "名称", "经度", "纬度", "设施", "厕所", "停车位", "标识", "守时率")
    rows = [
        ("1", "a", 120.61, 31.31, "饮水机、微波炉、换电柜", "", "3", "有", "80%"),
        ("2", "b", 120.62, 31.31, "卫生间、热水", "无", "0", "", "0.5"),
        ("3", "c", 120.63, 31.31, "", "", "", "maybe", "2"),
    ]
    table = Table(path=write_table(tmp_path / "list.csv", head, rows), datum="wgs84")
    stations, found = read_stations(table, crs="EPSG:4549")
    kit = stations[["toilet", "water", "parking", "battery", "findable", "hours_kept"]].to_numpy(dtype=float)
    nan = np.nan
    # a list of facilities is complete: what it leaves out is not there; a column of its own goes before it
    expected = [[0, 1, 1, 1, 1, 0.8], [0, 1, 0, 0, nan, 0.5], [nan] * 6]
    assert np.array_equal(kit, np.array(expected, dtype=float), equal_nan=True)
    assert [(f.code, f.row) for f in found if f.code in ("STA-006", "HRS-007")] == [
        ("HRS-007", 4),
        ("STA-006", 4),
    ]


def test_a_list_that_says_nothing_of_its_kit_has_no_columns_of_it(tmp_path: Path) -> None:
    rows = [("1", "a", 120.61, 31.31)]
    table = Table(
        path=write_table(tmp_path / "list.csv", ("编号", "名称", "经度", "纬度"), rows), datum="wgs84"
    )
    stations, _ = read_stations(table, crs="EPSG:4549")
    assert "toilet" not in stations.columns
    assert stations["hours_kept"].isna().all()
