"""Reasons word for word in both languages, and the gains they stand on, counted by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from shapely.geometry import Point

from planner.settings.groups import Group, Period
from planner.siting.coverage import Access
from planner.siting.explain import (
    HOST_WORDS,
    first_cover,
    gains_by_group,
    gains_by_period,
    reasons,
    toilets_within,
)
from planner.tables import HOST_KINDS

GROUPS = [
    Group(name=n, name_zh=zh, name_en=en, profile={"day": 1.0})
    for n, zh, en in (("rider", "骑手", "riders"), ("courier", "快递员", "couriers"), ("taxi", "司机", "drivers"),
                      ("guard", "保安", "guards"))
]  # fmt: skip
BASE = {
    "workers_gained": 1234.4, "workers_in_reach": 2000.0, "workers_alone": 1000.4, "nearest_station_m": 450.4,
    "nearest_station": "旧站", "street": "东街", "place": "北镇", "host_kind": "office", "name": "一号",
    "open_hours": "00:00-24:00", "toilet_near": False, "required": False, "alternative": "乙", "alternative_id": "n7",
    "alternative_kind": "bank", "alternative_m": 320.4, "alternative_loss": 12.4,
}  # fmt: skip
PERIODS = [Period(name="day", start_h=6, end_h=22), Period(name="night", start_h=22, end_h=6)]
NONE = {"alternative": "", "alternative_id": "", "alternative_m": np.nan, "alternative_loss": np.nan}


def told(
    language: str, *, gains: dict[str, float] | None = None, by_period: dict[str, float] | None = None,
    any_station: bool = True, within_m: float = 2000 / 3, **site,
) -> str:  # fmt: skip
    table = pd.DataFrame([gains or {"rider": 1000.0, "courier": 200.0, "taxi": 30.0, "guard": 4.4}])
    when = pd.DataFrame([by_period or {"day": 1034.4, "night": 200.0}])
    return reasons(
        pd.DataFrame([BASE | site]), table, when, groups=GROUPS, periods=PERIODS, any_station=any_station,
        within_m=within_m, language=language,
    )[0]  # fmt: skip


def test_a_reason_word_for_word() -> None:
    assert told("zh") == (
        "新增 1,234 名劳动者进入十分钟圈（其中骑手 1,000、快递员 200、司机 30），06:00–22:00 人数最多，为 1,034 人；"
        "位于北镇一带、临东街，依托写字楼“一号”，24 小时开放；距最近的现有站点“旧站”步行 450 米；"
        "如不设此站，其中 1,000 人十分钟内无站点可用，但可改用 320 米外的银行网点“乙”，少覆盖 12 人。"
    )
    assert told("en") == (
        "Brings 1,234 workers into the ten-minute circle (among them riders 1,000, couriers 200, drivers 30), "
        "most of all at 06:00–22:00 (1,034); at the office building “一号” by 东街 near 北镇, open 24 hours; "
        "the nearest existing station, “旧站”, is 450 m away on foot; without it 1,000 of them have no station "
        "within ten minutes, but the bank branch “乙”, 320 m away, could stand in and would cover 12 fewer."
    )


def test_the_three_groups_that_gain_most_are_named_those_under_half_a_worker_are_not() -> None:
    gains = {"rider": 0.4, "courier": 3.0, "taxi": 0.5, "guard": 7.0}
    assert "（其中保安 7、快递员 3、司机 0）" in told("zh", gains=gains)
    assert "(among them guards 7, couriers 3, drivers 0)" in told("en", gains=gains)
    assert "进入十分钟圈，06:00" in told("zh", gains={"rider": 0.49})
    assert "circle, most" in told("en", gains={"rider": 0.49})


@pytest.mark.parametrize(
    ("metres", "zh", "en"),
    [
        (999.4, "“旧站”步行 999 米", "“旧站”, is 999 m away on foot"),
        (1000.0, "“旧站”步行 1,000 米", "“旧站”, is 1,000 m away on foot"),
        (2566.6, "“旧站”步行 2,567 米", "“旧站”, is 2,567 m away on foot"),
    ],
)
def test_the_nearest_station_by_name_in_the_tables_whole_metres(metres: float, zh: str, en: str) -> None:
    assert f"；距最近的现有站点{zh}；" in told("zh", nearest_station_m=metres)
    assert f"; the nearest existing station, {en}; " in told("en", nearest_station_m=metres)


def test_no_station_within_an_hour_and_no_station_at_all() -> None:
    far = {"nearest_station_m": np.inf, "nearest_station": ""}
    assert "；步行一小时内没有现有站点；" in told("zh", **far)
    assert "; no existing station within an hour's walk; " in told("en", **far)
    for language, word in (("zh", "现有站点"), ("en", "existing station")):
        assert word not in told(language, **far, any_station=False)


def test_when_most_of_them_are_about() -> None:
    night = {"day": 200.0, "night": 1034.4}
    assert "），22:00–06:00 人数最多，为 1,034 人；" in told("zh", by_period=night)
    assert "), most of all at 22:00–06:00 (1,034); " in told("en", by_period=night)
    for few in ({"day": 1234.4}, {"day": 0.2, "night": 0.49}):
        assert "人数最多" not in told("zh", by_period=few)
        assert "most of all" not in told("en", by_period=few)


@pytest.mark.parametrize(
    ("street", "place", "zh", "en"),
    [
        ("东街", "", "；临东街，依托写字楼“一号”", "“一号” by 东街, open"),
        ("", "北镇", "；位于北镇一带，依托写字楼“一号”", "“一号” near 北镇, open"),
        ("", "", "；依托写字楼“一号”", "“一号”, open"),
    ],
)
def test_where_it_stands_as_far_as_it_is_known(street: str, place: str, zh: str, en: str) -> None:
    assert zh in told("zh", street=street, place=place)
    assert en in told("en", street=street, place=place)


def test_hours_spelled() -> None:
    site = {"open_hours": "08:00-12:00;13:30-17:00"}
    assert "，08:00–12:00、13:30–17:00 开放；" in told("zh", **site)
    assert ", open 08:00–12:00, 13:30–17:00; " in told("en", **site)


def test_a_public_toilet_nearby_but_not_the_host_itself() -> None:
    assert "24 小时开放，150 米内有公厕；" in told("zh", toilet_near=True)
    assert "open 24 hours, with a public toilet within 150 m; " in told("en", toilet_near=True)
    for language, word in (("zh", "150 米内"), ("en", "150 m")):
        assert word not in told(language)
        assert word not in told(language, toilet_near=True, host_kind="toilet")


@pytest.mark.parametrize(
    ("kind", "name", "zh", "en"),
    [
        ("bank", "甲", "依托银行网点“甲”", "at the bank branch “甲”"),
        ("bank", "", "依托一处银行网点", "at a bank branch"),
        ("office", "", "依托一处写字楼", "at an office building"),
        ("park", "Central PARK", "依托公园“Central PARK”", "at “Central PARK”"),
        ("library", "市图书馆", "依托“市图书馆”", "at the library “市图书馆”"),
        ("kiosk", "甲", "依托kiosk“甲”", "at the kiosk “甲”"),
        ("kiosk", "", "依托一处kiosk", "at a kiosk"),
    ],
)
def test_a_venue_by_kind_and_name(kind: str, name: str, zh: str, en: str) -> None:
    assert f"，{zh}，" in told("zh", host_kind=kind, name=name)
    assert f"; {en} by 东街" in told("en", host_kind=kind, name=name)


def test_every_kind_of_host_has_words_of_its_own_in_both_languages() -> None:
    assert set(HOST_WORDS) == set(HOST_KINDS)
    for place in (0, 1):
        words = [w[place] for w in HOST_WORDS.values()]
        assert all(words)
        assert len(set(words)) == len(words)
    assert all(zh.isascii() is False and en.isascii() for zh, en in HOST_WORDS.values())


def test_a_required_site_says_so() -> None:
    assert told("zh", required=True).startswith("指定站点；新增 1,234 名劳动者")
    assert told("en", required=True).startswith("Required; brings 1,234 workers")
    assert told("zh", required=True, workers_gained=0.04).startswith(
        "指定站点；不新增覆盖：十分钟范围内的 2,000 名劳动者"
    )
    said = told("en", required=True, workers_gained=0.04)
    assert said.startswith(
        "Required; covers nobody new: the 2,000 workers within ten minutes have another station,"
    )
    nobody = {"workers_gained": 0.0, "workers_in_reach": 0.4}
    assert told("en", required=True, **nobody).startswith("Required; nobody works within ten minutes of it; ")
    assert told("zh", required=True, **nobody).startswith("指定站点；十分钟范围内没有劳动者，不新增覆盖；")


def test_where_a_gain_and_a_reach_begin() -> None:
    assert told("en", workers_gained=0.51).startswith("Brings 1 workers")
    assert told("en", workers_gained=0.5).startswith(
        "Brings less than one worker (0.5) into the ten-minute circle;"
    )
    assert told("en", required=True, workers_gained=0.4).startswith(
        "Required; brings less than one worker (0.4)"
    )
    assert told("zh", workers_gained=0.05).startswith("新增不到 1 名劳动者（0.1 人）进入十分钟圈；")
    assert told("en", workers_gained=0.049).startswith(
        "Covers nobody new: the 2,000 workers within ten minutes"
    )
    assert told("zh", workers_gained=0.049).startswith("不新增覆盖：十分钟范围内的 2,000 名")
    assert told("en", workers_gained=0.0, workers_in_reach=0.5).startswith("Covers nobody new: the 0 workers")
    assert told("en", workers_gained=0.0, workers_in_reach=0.49).startswith(
        "Nobody works within ten minutes of it"
    )
    assert told("zh", workers_gained=0.0, workers_in_reach=0.49).startswith("十分钟范围内没有劳动者")


def test_the_stand_in_how_far_it_is_and_what_it_would_lose() -> None:
    bare = {"alternative": "", "alternative_loss": 0.5, "alternative_m": 1002.6}
    assert told("zh", **bare).endswith("，但可改用 1,003 米外的银行网点（n7），效果相当。")
    assert told("en", **bare).endswith(
        ", but a bank branch (n7), 1,003 m away, could stand in and would do as well."
    )
    assert told("zh", alternative_loss=0.51).endswith("，少覆盖 1 人。")
    assert told("en", alternative_loss=0.51).endswith("would cover 1 fewer.")
    assert told("zh", alternative_m=0.4).endswith("，但可改用同一地点的银行网点“乙”，少覆盖 12 人。")
    assert ", but the bank branch “乙”, at the same spot, could" in told("en", alternative_m=0.4)


def test_nothing_in_reach_could_stand_instead() -> None:
    assert told("zh", **NONE).endswith("人十分钟内无站点可用，且附近（步行 667 米内）无可替代场所。")
    assert told("en", **NONE).endswith(" ten minutes, and there is no substitute within 667 m.")
    assert told("en", **NONE, within_m=1500.0).endswith("no substitute within 1,500 m.")


def test_what_happens_without_it() -> None:
    assert "；如不设此站，这 1,234 人十分钟内无站点可用，但" in told("zh", workers_alone=1234.4)
    assert "; without it these 1,234 have no station within ten minutes, but" in told(
        "en", workers_alone=1234.4
    )
    assert "; without it 1 of them has no station" in told("en", workers_alone=1.0)
    assert "；如不设此站，上述人员仍有其他新站可去，也可改用 320 米外" in told("zh", workers_alone=0.4)
    assert "; without it they still have another new station, and the bank" in told("en", workers_alone=0.4)
    assert "可去，且附近（步行 667 米内）无可替代场所。" in told("zh", workers_alone=0.4, **NONE)
    for language, words in (("zh", ("改用", "不设")), ("en", ("stand in", "without it"))):
        nobody = told(language, workers_gained=0.49, workers_alone=0.0)
        assert not [w for w in words if w in nobody]
        assert all(w in told(language, workers_gained=0.5, workers_alone=0.5) for w in words)


def test_each_site_gets_its_own_gains_and_hours() -> None:
    sites = pd.DataFrame([BASE | {"workers_gained": 5.0}, BASE])
    gains = pd.DataFrame({"rider": [5.0, 0.0], "courier": [0.0, 9.0]})
    when = pd.DataFrame({"day": [1.0, 7.0], "night": [4.0, 2.0]})
    first, second = reasons(
        sites, gains, when, groups=GROUPS, periods=PERIODS, any_station=True, within_m=667.0, language="zh"
    )
    assert "骑手 5），22:00–06:00 人数最多，为 4 人" in first
    assert "快递员 9），06:00–22:00 人数最多，为 7 人" in second


# -- the figures they stand on ---------------------------------------------------------------------------------


def test_the_first_site_in_the_order_of_building_gets_the_point() -> None:
    covers = sparse.csr_array(np.array([[1, 1, 0, 0, 1], [0, 1, 1, 0, 1], [1, 0, 1, 0, 1]], dtype=np.int8))
    covered = np.array([False, False, False, False, True])
    assert first_cover(covers, [2, 0], covered).tolist() == [0, 1, 0, -1, -1]
    assert first_cover(covers, np.array([1, 2, 0]), covered).tolist() == [1, 0, 0, -1, -1]
    assert first_cover(covers, [], covered).tolist() == [-1] * 5


def test_gains_by_group_follow_ways_periods_and_cells() -> None:
    demand = pd.DataFrame(
        {"rider__day": [1.0, 2.0], "rider__night": [10.0, 20.0], "taxi__day": [100.0, 200.0], "taxi__night": [0.5, 0.25],
         "courier__day": [3.0, 4.0], "courier__night": [5.0, 6.0]}
    )  # fmt: skip
    none = sparse.csr_array((2, 2))
    access = [Access(("rider", "courier"), none, 600.0), Access(("taxi",), none, 600.0)]
    # columns: walk day c0 c1, walk night c0 c1, ride day c0 c1, ride night c0 c1
    first = np.array([0, 1, -1, 1, 2, -1, 0, 2])
    found = gains_by_group(demand, access, ["day", "night"], first, 3)
    assert found["rider"].tolist() == [1, 22, 0]
    assert found["courier"].tolist() == [3, 10, 0]
    assert found["taxi"].tolist() == [0.5, 0, 100.25]
    assert found.index.tolist() == [0, 1, 2]
    assert list(found.columns) == ["rider", "courier", "taxi"]
    when = gains_by_period(demand, access, ["day", "night"], first, 3)
    assert when["day"].tolist() == [4.0, 6.0, 100.0]
    assert when["night"].tolist() == [0.5, 26.0, 0.25]
    np.testing.assert_allclose(when.sum(axis=1), found.sum(axis=1))


def test_toilets_within_150_metres_in_a_straight_line() -> None:
    hosts = gpd.GeoDataFrame(
        {"host_kind": ["bank", "toilet", "toilet"]},
        geometry=[Point(1000, 0), Point(0, 0), Point(5000, 0)],
        crs="EPSG:4549",
    )
    points = gpd.GeoSeries([Point(150, 0), Point(151, 0), Point(1000, 0), Point(4900, 90)], crs="EPSG:4549")
    assert toilets_within(points, hosts).tolist() == [True, False, False, True]
    assert toilets_within(points, hosts, 155).tolist() == [True, True, False, True]
    assert toilets_within(points, hosts[hosts["host_kind"] == "bank"]).tolist() == [False] * 4
