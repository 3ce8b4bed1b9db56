"""Datums: referees are the package prcoords and properties that hold everywhere."""

import numpy as np
import prcoords
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.inputs.places.datum import CHINA, convert, guess_datum

WEST, SOUTH, EAST, NORTH = CHINA
china_lng = st.floats(WEST, EAST, allow_nan=False)
china_lat = st.floats(SOUTH, NORTH, allow_nan=False)


def metres(lng1, lat1, lng2, lat2):
    """Great-circle distance by haversine, m."""
    a1, a2 = np.radians(lat1), np.radians(lat2)
    h = np.sin((a2 - a1) / 2) ** 2
    h = h + np.cos(a1) * np.cos(a2) * np.sin(np.radians(np.subtract(lng2, lng1)) / 2) ** 2
    return 2 * 6371008.8 * np.arcsin(np.sqrt(h))


@pytest.mark.parametrize("middle", ["gcj02", "bd09"])
@given(lng=china_lng, lat=china_lat)
def test_round_trip_closes_within_a_millimetre_everywhere_in_the_box(middle, lng, lat):
    there = convert(lng, lat, source="wgs84", target=middle)
    back = convert(*there, source=middle)
    assert metres(lng, lat, *back) < 1e-3


@given(lng=china_lng, lat=china_lat)
def test_gcj_to_bd_and_back_closes_within_a_millimetre(lng, lat):
    gcj = convert(lng, lat, source="wgs84", target="gcj02")
    bd = convert(*gcj, source="gcj02", target="bd09")
    assert metres(*gcj, *convert(*bd, source="bd09", target="gcj02")) < 1e-3


@given(lng=china_lng, lat=china_lat)
def test_forward_agrees_with_prcoords_to_a_tenth_of_a_millimetre(lng, lat):
    for target, theirs in (("gcj02", prcoords.wgs_gcj), ("bd09", prcoords.wgs_bd)):
        expected = theirs(prcoords.Coords(lat, lng))
        assert metres(*convert(lng, lat, source="wgs84", target=target), expected.lon, expected.lat) < 1e-4


@given(
    lng=st.one_of(st.floats(-180, WEST - 0.1), st.floats(EAST + 0.1, 180)),
    lat=st.floats(-90, 90),
    source=st.sampled_from(["wgs84", "gcj02", "bd09"]),
    target=st.sampled_from(["wgs84", "gcj02", "bd09"]),
)
def test_nothing_moves_outside_china(lng, lat, source, target):
    x, y = convert(lng, lat, source=source, target=target)
    assert (float(x), float(y)) == (lng, lat)


def test_inverse_agrees_with_the_bored_inverse_of_prcoords_over_suzhou():
    rng = np.random.default_rng(1)
    lng, lat = rng.uniform(119.9, 121.4, 300), rng.uniform(30.75, 32.05, 300)
    for source, theirs in (("gcj02", prcoords.gcj_wgs_bored), ("bd09", prcoords.bd_wgs_bored)):
        x, y = convert(lng, lat, source=source)
        expected = np.array([theirs(prcoords.Coords(b, a)) for a, b in zip(lng, lat, strict=True)])
        # theirs stops after a step below 1e-5 degrees (1 m), each step leaving about a fiftieth
        assert metres(x, y, expected[:, 1], expected[:, 0]).max() < 0.03


def test_shift_at_suzhou_is_what_the_published_figures_say():
    gcj = convert(120.62, 31.30, source="wgs84", target="gcj02")
    bd = convert(120.62, 31.30, source="wgs84", target="bd09")
    assert 450 < metres(120.62, 31.30, *gcj) < 530
    assert 1090 < metres(120.62, 31.30, *bd) < 1190


def test_a_row_does_not_depend_on_its_neighbours():
    rng = np.random.default_rng(2)
    lng, lat = rng.uniform(75, 130, 500), rng.uniform(20, 50, 500)
    whole = np.stack(convert(lng, lat, source="bd09"))
    alone = np.stack([np.stack(convert(a, b, source="bd09")) for a, b in zip(lng, lat, strict=True)], axis=1)
    np.testing.assert_array_equal(whole, alone)


def test_missing_and_infinite_coordinates_come_back_as_they_are():
    x, y = convert([np.nan, np.inf, 120.0], [31.0, 31.0, np.nan], source="gcj02")
    np.testing.assert_array_equal(x, [np.nan, np.inf, 120.0])
    np.testing.assert_array_equal(y, [31.0, 31.0, np.nan])


def test_cgcs2000_is_wgs84_and_the_input_is_not_touched():
    lng, lat = np.array([120.6]), np.array([31.3])
    x, _ = convert(lng, lat, source="cgcs2000")
    x[0] = 0
    assert lng[0] == 120.6


def test_an_unknown_datum_is_refused():
    with pytest.raises(ValueError, match="unknown datum"):
        convert(120, 31, source="column")


def _town():
    """Streets 80 to 500 m apart (vertices every 20 m), and 200 stations beside them, WGS84."""
    rng = np.random.default_rng(3)
    east, north = np.cumsum(rng.uniform(0.0008, 0.005, 25)), np.cumsum(rng.uniform(0.0008, 0.005, 25))
    along = np.arange(0, 0.075, 0.0002)
    lines = [(120.58 + a, 31.27 + t) for a in east for t in along]
    lines += [(120.58 + t, 31.27 + b) for b in north for t in along]
    streets = np.array(lines)
    spots = streets[rng.integers(0, len(streets), 200)] + rng.normal(0, 1e-4, (200, 2))
    return streets, spots[:, 0], spots[:, 1]


@pytest.mark.parametrize("truth", ["wgs84", "gcj02", "bd09"])
def test_the_streets_tell_the_datum(truth):
    streets, lng, lat = _town()
    guess = guess_datum(*convert(lng, lat, source="wgs84", target=truth), streets)
    assert guess.datum == guess.best == truth
    assert guess.confidence > 0.99
    others = [m for name, m in guess.metres.items() if name != truth]
    assert guess.metres[truth] < 0.5 * min(others)


def test_the_streets_tell_a_conversion_done_twice():
    streets, lng, lat = _town()
    twice = convert(lng, lat, source="gcj02")  # as if WGS84 were GCJ-02
    assert guess_datum(*twice, streets).best == "over_gcj02"


def test_a_guess_without_points_or_streets_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        guess_datum([np.nan], [31.0], [[120, 31]])
    with pytest.raises(ValueError, match="at least one"):
        guess_datum([120.0], [31.0], np.empty((0, 2)))
