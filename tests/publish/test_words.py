"""What the products say: one key, one text, in both languages; and how numbers are printed."""

from __future__ import annotations

import math
import re
import tomllib
from importlib import resources
from pathlib import Path

import geopandas as gpd
import pyproj
import pytest

from planner.errors import finding
from planner.settings.reading import defaults
from planner.telling.contents.records import findings_table
from planner.telling.words.names import (
    crs_label,
    field_label,
    in_language,
    input_label,
    period_labels,
    source_label,
)
from planner.telling.words.numbers import (
    band_text,
    ceil_number,
    ceil_percent,
    ceil_share,
    number,
    percent,
    printed,
)
from planner.telling.words.phrases import phrase, read_tables, translated, words_of
from tests.publish.toy import toy_settings

TABLES = sorted(
    f.name.removesuffix(".csv")
    for f in resources.files("planner.telling.words").iterdir()
    if f.name.endswith(".csv")
)


@pytest.mark.parametrize("table", TABLES)
def test_every_text_exists_in_both_languages_with_the_same_places(table: str) -> None:
    zh, en = (words_of(table, language) for language in ("zh", "en"))
    assert len(zh) > 10
    for key in zh:
        assert zh[key].strip(), key
        assert en[key].strip(), key
        places = [set(re.findall(r"{(\w+)}", text)) for text in (zh[key], en[key])]
        assert places[0] == places[1], key


def test_a_key_that_stands_twice_is_refused_in_one_table_and_in_two() -> None:
    head = "key,zh,en\n"
    once = read_tables({"a": head + 'x,甲,"A, b"\n', "b": head + "y,乙,B\n"})
    assert once == {"a": {"x": {"zh": "甲", "en": "A, b"}}, "b": {"y": {"zh": "乙", "en": "B"}}}
    with pytest.raises(ValueError, match=r"a\.csv: the key x already stands in a\.csv"):
        read_tables({"a": head + "x,甲,A\nx,丙,C\n"})
    with pytest.raises(ValueError, match=r"b\.csv: the key x already stands in a\.csv"):
        read_tables({"a": head + "x,甲,A\n", "b": head + "x,丙,C\n"})


def test_places_are_filled_with_text_as_it_is() -> None:
    assert phrase("unnamed_site", "en", kind="{kind} {0}") == "{kind} {0} (unnamed)"
    assert phrase("unnamed_site", "zh", kind="银行") == "银行（未命名）"
    with pytest.raises(KeyError):
        phrase("no_such_key", "en")


def test_every_source_of_the_defaults_is_known_in_chinese_and_a_users_own_stays() -> None:
    for group in defaults()["groups"]:
        assert re.search("[\u4e00-\u9fff]", translated(group["source"], "zh")), group["name"]
        assert translated(group["source"], "en") == group["source"]
    assert translated("Total", "zh") == "Total"  # a word of ours, but the user's source


def test_numbers_as_people_read_them() -> None:
    assert [number(v) for v in (12345.4, -0.2, float("nan"), None)] == ["12,345", "0", "–", "–"]
    assert [percent(v) for v in (0.4321, 1.0, math.inf, None)] == ["43.2%", "100.0%", "–", "–"]
    assert percent(0.4321, 0) == "43%"
    assert [ceil_percent(v) for v in (0.0012341, 0.001, 0.0)] == ["0.124%", "0.100%", "0.000%"]
    assert ceil_share(0.0012341) == 0.00124
    assert [ceil_number(v) for v in (3.0, 3.0000005, 3.1)] == [3, 3, 4]
    assert band_text(3.479, 6.461) == "3.48–6.46"
    assert band_text(6250, 26700) == "6,250–26,700"
    assert band_text(None, 3) == band_text(3, float("nan")) == ""


def test_a_value_is_printed_by_its_kind() -> None:
    assert printed(0.4321, "share") == "43.2%"
    assert printed(0.00124, "gap") == "0.124%"
    assert [printed(v, "points") for v in (12.34, -3.21)] == ["+12.3", "-3.2"]
    assert [printed(v, "decimal") for v in (0.5, 12345.6)] == ["0.5", "12,346"]
    assert printed(120.6234567, "degrees") == "120.623457"
    assert [printed(v, k) for v, k in ((None, "text"), (None, "people"), ("own", "people"))] == [
        "",
        "–",
        "own",
    ]


def test_periods_by_the_clock() -> None:
    assert period_labels(toy_settings("en"))["22_06"] in ("22:00–06:00", "22:00–30:00")


CODES = ("EPSG:4549", "EPSG:32632", "ESRI:102025")
OWN = "+proj=tmerc +lat_0=31 +lon_0=120.58 +k=1 +x_0=50000 +y_0=100000 +ellps=GRS80 +units=m"


@pytest.mark.parametrize("code", CODES)
def test_a_coordinate_system_is_printed_by_its_code_also_when_a_file_spells_it_out(code: str) -> None:
    there = pyproj.CRS(code)
    assert crs_label(there) == code
    assert crs_label(pyproj.CRS.from_json_dict(there.to_json_dict())) == code
    assert crs_label(pyproj.CRS.from_wkt(there.to_wkt())) == code


def test_a_coordinate_system_without_a_code_is_printed_the_same_before_and_after_a_file() -> None:
    there = pyproj.CRS(OWN)  # such as a city's own grid
    back = pyproj.CRS.from_json_dict(there.to_json_dict())
    assert str(back) != str(there)  # what used to be printed
    assert crs_label(back) == crs_label(there)
    assert "+lon_0=120.58" in crs_label(there)
    assert crs_label(None) == ""


def test_lakes_are_named_in_english_where_the_street_file_does_and_the_study_is_english() -> None:
    lakes = gpd.GeoDataFrame({"name": ["太湖", "小湖"], "name_en": ["Lake Tai", ""]}, geometry=[None, None])
    assert in_language(lakes, "en")["name"].tolist() == ["Lake Tai", "小湖"]
    assert in_language(lakes, "zh")["name"].tolist() == ["太湖", "小湖"]
    assert in_language(lakes[["name", "geometry"]], "en")["name"].tolist() == ["太湖", "小湖"]


def test_what_a_finding_is_about_and_a_role_of_files_are_said_in_the_studys_language() -> None:
    assert [source_label(s, "zh") for s in ("candidates", "figures", "站点.xlsx")] == [
        "候选点",
        "插图",
        "站点.xlsx",
    ]
    assert source_label("candidates", "en") == "candidate sites"
    assert [field_label(f, "zh") for f in ("open_hours", "开放时间", "siting.p", "")] == [
        "开放时间",
        "开放时间",
        "siting.p",
        "",
    ]
    assert field_label("open_hours", "en") == "open_hours"
    assert [input_label(r, "zh") for r in ("stations", "stations_2", "driver_homes_11")] == [
        "现有站点", "现有站点（2）", "现有司机之家（11）",
    ]  # fmt: skip
    assert [input_label(r, "en") for r in ("truck_counts", "stations_3", "else")] == [
        "Truck counts", "Existing stations (3)", "else",
    ]  # fmt: skip


def test_one_word_for_one_severity() -> None:
    words = [phrase(f"severity_{s}", "zh") for s in "EWFI"]
    assert words == ["错误", "警告", "已修正", "提示"]
    told = findings_table(
        [finding("CAN-003"), finding("CAN-002"), finding("ID-007"), finding("ID-003", other=1)], "zh"
    )
    assert sorted(told["级别"]) == sorted(words)


def test_the_sources_of_the_embedded_study_are_said_in_chinese() -> None:
    study = tomllib.loads((Path(__file__).parents[2] / "data/suzhou/study.toml").read_text("utf-8"))
    for text in (study["circle"]["source"], *(g["source"] for g in study["groups"])):
        assert translated(text, "en") == text
        assert re.search("[\u4e00-\u9fff]", translated(text, "zh")), text


def test_the_example_says_by_what_quotas_are_shared() -> None:
    text = (Path(__file__).parents[2] / "data/suzhou/study.toml").read_text("utf-8")
    line = next(line for line in text.splitlines() if line.startswith("quotas"))
    assert "by residents" in line
    assert "workers" not in line
