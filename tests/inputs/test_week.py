"""Hours of each day of the week, as lists and OpenStreetMap write them, and the share of them that is kept."""

from __future__ import annotations

import pytest

from planner.hours.parse import parse_hours
from planner.inputs.osm.hours import hours_of_tag
from planner.inputs.stations import read_stations
from tests.inputs.nasty import CRS, HEADER, ROWS, codes, table, text, write


@pytest.mark.parametrize(
    ("written", "week"),
    [
        ("8:00-20:00", ""),
        ("周一至周五 9:00-17:00", "Mo-Fr 09:00-17:00"),
        ("周一至周五 9:00-17:00，周六日 10:00-16:00", "Mo-Fr 09:00-17:00; Sa-Su 10:00-16:00"),
        ("周一至周五 8:00-18:00；周六、周日 9:00-12:00", "Mo-Fr 08:00-18:00; Sa-Su 09:00-12:00"),
        ("8:00-17:00 周日休息", "Mo-Sa 08:00-17:00"),
        ("周一闭馆 9:00-17:00", "Tu-Su 09:00-17:00"),
        ("周二至周日 9:00-17:00（周一闭馆）", "Tu-Su 09:00-17:00"),
        ("8:00-17:00（周一至周五），周六 9:00-12:00", "Mo-Fr 08:00-17:00; Sa 09:00-12:00"),
        ("每天 8:00-20:00，周日 10:00-16:00", "Mo-Sa 08:00-20:00; Su 10:00-16:00"),
        ("周一至周五 22:00-06:00", "Mo-Fr 22:00-06:00"),
        ("周一至周五 上午8:30-11:30，下午1:30-5:00", "Mo-Fr 08:30-11:30,13:30-17:00"),
        ("8:00-17:30（法定节假日休息）", ""),  # holidays are no days of the week
        ("Mo-Su 08:00-20:00; PH off", ""),
    ],
)
def test_the_week_is_read_beside_the_hours_of_a_working_day(written: str, week: str) -> None:
    read = parse_hours(written)
    assert read.week_text == week
    if week:  # read back, it says the same
        again = parse_hours(week)
        assert [again.on(d) for d in range(1, 8)] == [read.on(d) for d in range(1, 8)]


def test_the_tags_of_openstreetmap_keep_their_week() -> None:
    assert hours_of_tag("Mo-Fr 08:00-18:00; Sa 09:00-12:00; PH off") == (
        "08:00-18:00", "Mo-Fr 08:00-18:00; Sa 09:00-12:00",
    )  # fmt: skip
    assert hours_of_tag("24/7") == ("00:00-24:00", "")
    assert hours_of_tag("Mo-Su 22:00-02:00") == ("22:00-02:00", "")


def test_a_list_says_how_much_of_its_hours_a_station_keeps(tmp_path) -> None:
    shares = ["85%", "0.4", "1.2"]
    rows = [[*row, share] for row, share in zip(ROWS, shares, strict=True)]
    path = write(tmp_path, text(rows, header=[*HEADER, "开放兑现率"]))
    stations, found = read_stations(table(path), crs=CRS)
    assert stations["hours_kept"].tolist()[:2] == [0.85, 0.4]
    assert stations["hours_kept"].isna().tolist() == [False, False, True]
    assert stations["week_hours"].tolist() == ["", "", "Mo-Fr 09:00-17:30"]
    told = [f for f in found if f.code == "HRS-007"]
    assert [(f.value, f.field, f.severity) for f in told] == [("1.2", "开放兑现率", "W")]
    assert "HRS-007" not in codes(read_stations(table(write(tmp_path, text(), "plain.csv")), crs=CRS)[1])
    minus, found = read_stations(
        table(write(tmp_path, text([[*ROWS[0], "-5%"]], header=[*HEADER, "hours_kept"]), "minus.csv")),
        crs=CRS,
    )
    assert minus["hours_kept"].isna().all()
    assert "HRS-007" in codes(found)
