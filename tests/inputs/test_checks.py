"""Findings as a table; where stations stand."""

import csv
import re
import string
from importlib import resources

import geopandas as gpd
import numpy as np
import pytest
import shapely

from planner.inputs import checks
from planner.inputs.places.within import district_of
from tests.inputs.nasty import CRS, codes, one


def squares():
    names = ["甲区", "乙区"]
    data = {"district": names, "name_zh": names, "name_en": ["Jia", "Yi"], "adcode": [None, None]}
    return gpd.GeoDataFrame(
        data, geometry=[shapely.box(0, 0, 1000, 1000), shapely.box(1000, 0, 2000, 1000)], crs=CRS
    )


def stations(points, district=None, ids=None):
    n = len(points)
    return gpd.GeoDataFrame(
        {"station_id": ids or [f"{i:03}" for i in range(n)], "name": [f"s{i}" for i in range(n)],
         "district": district or [None] * n, "source": "a.csv", "row": np.arange(2, n + 2)},
        geometry=[shapely.Point(p) for p in points], crs=CRS,
    )  # fmt: skip


def test_every_sentence_of_the_catalogue_exists_in_both_languages_and_takes_the_same_words():
    text = resources.files("planner").joinpath("findings.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    seen = [r["code"] for r in rows]
    assert len(seen) == len(set(seen))
    for r in rows:
        assert r["severity"] in "EWFI", r
        assert r["en"].strip(), r
        assert r["zh"].strip(), r
        named = [{f for _, f, _, _ in string.Formatter().parse(r[k]) if f} for k in ("en", "zh")]
        english, chinese = ({re.sub("_?(en|zh)$", "", n) for n in names} for names in named)
        assert english == chinese, r["code"]


def test_stations_get_the_district_they_lie_in_and_a_word_where_the_list_says_another():
    placed, found = checks.in_districts(
        stations([(500, 500), (1500, 500), (1500, 600), (500, 600)], ["甲", "甲区", None, "丙区"]), squares()
    )
    assert placed["district"].tolist() == ["甲区", "乙区", "乙区", "甲区"]
    assert [(f.row, f.value) for f in found] == [(3, "甲区"), (5, "丙区")]


def test_a_station_on_the_border_counts_for_the_first_district():
    assert district_of(
        gpd.GeoSeries([shapely.Point(1000, 500), shapely.Point(9, 9000)]), squares()
    ).tolist() == ["甲区", None]


def test_stations_in_a_lake_are_left_out_with_the_distance_to_the_shore():
    lake = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 400, 400) - shapely.box(100, 100, 200, 200)], crs=CRS)
    # deep in the lake; on the island; 5 m from the shore; on land
    kept, found = checks.in_water(stations([(300, 300), (150, 150), (395, 300), (500, 500)]), lake)
    assert kept["name"].tolist() == ["s1", "s2", "s3"]
    assert (found[0].code, found[0].row, found[0].value) == ("LOC-001", 2, "100")
    assert len(found) == 1


def test_an_id_used_by_two_lists_is_refused():
    both = stations([(500, 500), (1500, 500)], ids=["1", "1"])
    kept, found = checks.check_stations(both, districts=squares())
    assert one(found, "ID-001").row == 3
    assert "2 (a.csv)" in one(found, "ID-001").message_en
    assert len(kept) == 1


def test_stations_far_outside_the_districts_are_left_out_near_ones_kept():
    kept, _ = checks.check_stations(stations([(500, 500), (-1500, 500), (-2500, 500)]), districts=squares())
    assert kept["name"].tolist() == ["s0", "s1"]
    assert kept["district"].isna().tolist() == [False, True]


def test_close_pairs_against_brute_force():
    rng = np.random.default_rng(4)
    x, y = rng.uniform(0, 60, 60), rng.uniform(0, 60, 60)
    x[10], y[10] = x[3], y[3]
    first, metres = checks.close_pairs(x, y, within_m=5)
    gaps = np.hypot(x[:, None] - x, y[:, None] - y) + np.diag(np.full(60, np.inf))
    for i in range(60):
        assert (first[i] != i or (first == i).sum() > 1) == (gaps[i].min() < 5), i
    assert first[10] == 3
    assert metres[10] == 0


def test_many_stations_at_one_spot_are_one_cluster():
    first, _ = checks.close_pairs(np.zeros(500), np.zeros(500), within_m=5)
    assert (first == 0).all()


@pytest.mark.parametrize("n", [0, 1])
def test_no_pairs_without_two_points(n):
    first, metres = checks.close_pairs(np.zeros(n), np.zeros(n), within_m=5)
    assert first.tolist() == list(range(n))
    assert codes([]) == []
    assert metres.tolist() == [0.0] * n
