"""Pauses within opening hours, the noon's clock, and texts too long to be hours."""

from __future__ import annotations

import time

import pytest

from planner.hours.parse import parse_hours


@pytest.mark.parametrize(
    ("text", "hours", "days"),
    [
        ("周一至周五9:00-17:00（午休12:00-13:30）", "09:00-12:00;13:30-17:00", "12345"),
        ("9:00-17:00（午休12:00-13:30）", "09:00-12:00;13:30-17:00", "1234567"),
        ("9:00-17:00，12:00-13:30休息", "09:00-12:00;13:30-17:00", "1234567"),
        ("中午12:00-13:00休息，8:00-18:00", "08:00-12:00;13:00-18:00", "1234567"),
        ("Mon-Fri 9:00-17:00 (closed 12:00-13:00)", "09:00-12:00;13:00-17:00", "12345"),
        ("lunch break 12:00-13:00; 9:00-17:00", "09:00-12:00;13:00-17:00", "1234567"),
        ("24小时（12:00-13:00休息）", "13:00-12:00", "1234567"),
        # the pause lies between two spans already
        ("9:00-12:00,14:00-17:00(午休12:00-14:00)", "09:00-12:00;14:00-17:00", "1234567"),
        # the word alone, between two spans, takes neither away
        ("上午9:00-12:00 午休 下午14:00-17:00", "09:00-12:00;14:00-17:00", "1234567"),
        ("8:30-11:30 午休 13:30-17:00", "08:30-11:30;13:30-17:00", "1234567"),
        ("9:00-17:00 中午不休息", "09:00-17:00", "1234567"),
        ("9:00-17:00（休息日除外）", "09:00-17:00", "1234567"),
    ],
)
def test_a_lunch_break_is_taken_out_of_the_hours_around_it(text: str, hours: str, days: str) -> None:
    read = parse_hours(text)
    assert (read.text, read.days) == (hours, days)


def test_a_pause_belongs_to_the_days_it_is_said_of() -> None:
    one = parse_hours("周一至周五9:00-17:00(午休12:00-13:30);周六10:00-16:00")
    assert one.week_text == "Mo-Fr 09:00-12:00,13:30-17:00; Sa 10:00-16:00"
    both = parse_hours("周一至周五 9:00-17:00，周六 9:00-16:00，午休12:00-13:00")
    assert both.week_text == "Mo-Fr 09:00-12:00,13:00-17:00; Sa 09:00-12:00,13:00-16:00"
    some = parse_hours("Mo-Su 09:00-17:00; Mo-Fr 12:00-13:00 off")
    assert some.week_text == "Mo-Fr 09:00-12:00,13:00-17:00; Sa-Su 09:00-17:00"


def test_hours_of_closing_alone_are_not_taken_for_hours_of_opening() -> None:
    assert parse_hours("22:00-6:00关闭").problem == "ambiguous"


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("中午1点-3点", "13:00-15:00"),
        ("中午12点-1点", "12:00-13:00"),
        ("中午11点-2点", "11:00-14:00"),
        ("9:00 a.m. - 6:30 p.m.", "09:00-18:30"),
        ("9 a.m. to 5 p.m.", "09:00-17:00"),
        ("9:00 A.M.-12:00 P.M.; 1:00 P.M.-6:00 P.M.", "09:00-12:00;13:00-18:00"),
    ],
)
def test_noon_and_the_english_clock(text: str, hours: str) -> None:
    assert parse_hours(text).text == hours


@pytest.mark.parametrize("text", ["夏季" * 1500, "周一" * 1500, "9" * 50_000, "9:00-" * 9000, "(" * 300_000])
def test_a_text_too_long_to_be_hours_is_unreadable_at_once(text: str) -> None:
    begin = time.perf_counter()
    assert not parse_hours(text).known
    assert time.perf_counter() - begin < 1.0
