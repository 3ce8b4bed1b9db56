"""Coordinates as text."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.inputs.places.coordinates import decimals, parse_column, parse_number, split_pairs


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        ("120.6", 120.6, ""), (" -3.5 ", -3.5, ""), ("1.206e2", 120.6, ""), ("１２０．６", 120.6, "XY-009"), ("120。6", 120.6, "XY-009"), ("１２０", 120.0, "XY-009"), ("٣٠", np.nan, "XY-013"), ("0\x1f", 0.0, ""),
        ("120,6", 120.6, "XY-010"), ("120°36′E", 120.6, "XY-008"), ("E120°36'00\"", 120.6, "XY-008"), ("东经120度36分", 120.6, "XY-008"),
        ("120度36分0秒", 120.6, "XY-008"), ("120°36.0′", 120.6, "XY-008"), ("31°18′18″N", 31.305, "XY-008"), ("33°24′S", -33.4, "XY-008"),
        ("70°30′W", -70.5, "XY-008"), ("120 36 00", np.nan, "XY-013"), ("120°60′E", np.nan, "XY-013"), ("人民路", np.nan, "XY-013"),
        ("120.6.1", np.nan, "XY-013"), ("1e400", np.nan, "XY-013"), ("nan", np.nan, "XY-013"), ("inf", np.nan, "XY-013"), ("0x78", np.nan, "XY-013"),
        ("1_2", np.nan, "XY-013"),
    ],
)  # fmt: skip
def test_one_cell(text, value, code):
    got, how = parse_number(text)
    assert how == code
    np.testing.assert_allclose(got, value, atol=1e-12)
    column, found = parse_column(pd.Series([text], dtype=object), np.array([7]), source="a", field="经度")
    np.testing.assert_allclose(column[0], value, atol=1e-12)
    assert [(f.code, f.row) for f in found] == ([(code, 7)] if code else [])


@given(st.floats(0, 180, allow_nan=False))
def test_degrees_minutes_and_seconds_come_back(value):
    whole = int(value)
    minutes = int((value - whole) * 60)
    seconds = (value - whole - minutes / 60) * 3600
    if 0 <= seconds < 59.9999:
        got, _ = parse_number(f"{whole}°{minutes}′{seconds:.9f}″E")
        assert abs(got - value) < 1e-9


@given(st.text(max_size=30))
def test_no_text_breaks_the_reader_or_gives_an_infinity(text):
    value, code = parse_number(text)
    assert not np.isinf(value)
    assert np.isnan(value) == (code == "XY-013")


def test_pairs_with_commas_as_decimal_points():
    first, second = split_pairs(
        pd.Series(["120,62;31,30", "120.62,31.30", None, "x", "120°36′E,31°18′N"], dtype=object)
    )
    assert first.tolist() == ["120,62", "120.62", None, "x", "120°36′E"]
    assert second.tolist() == ["31,30", "31.30", None, "x", "31°18′N"]


def test_decimals_of_plain_numbers_only():
    assert decimals(
        pd.Series(["120.62", "120", "120.", "-1.234567", "120°36′", None], dtype=object)
    ).tolist() == [2, 0, 0, 6, 99, 99]
