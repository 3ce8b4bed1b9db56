"""Reasons word for word in both languages, and the gains they stand on, counted by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from shapely.geometry import Point

from planner.settings.groups import Group
from planner.siting.coverage import Access
from planner.siting.explain import HOST_WORDS, first_cover, gains_by_group, reasons, toilets_within
from planner.tables import HOST_KINDS

GROUPS = [
    Group(name=n, name_zh=zh, name_en=en, profile={"day": 1.0})
    for n, zh, en in (("rider", "骑手", "riders"), ("courier", "快递员", "couriers"), ("taxi", "司机", "drivers"),
                      ("guard", "保安", "guards"))
]  # fmt: skip
BASE = {
    "workers_gained": 1234.4, "workers_in_reach": 2000.0, "nearest_station_m": 450.4, "host_kind": "office",
    "name": "一号", "open_hours": "00:00-24:00", "district": "d", "toilet_near": False, "required": False,
    "alternative": "", "alternative_id": "", "alternative_kind": "bank", "alternative_loss": np.nan,
}  # fmt: skip


def told(
    language: str, *, gains: dict[str, float] | None = None, before: float = 0.25, after: float = 0.5, **site
) -> str:
    table = pd.DataFrame([gains or {"rider": 1000.0, "courier": 200.0, "taxi": 30.0, "guard": 4.4}])
    shares = pd.DataFrame({"label": ["西区"], "before": [before], "after": [after]}, index=["d"])
    return reasons(pd.DataFrame([BASE | site]), table, shares, groups=GROUPS, language=language)[0]


def test_a_reason_word_for_word() -> None:
    assert told("zh") == (
        "新增 1,234 名劳动者进入十分钟圈（其中骑手 1,000、快递员 200、司机 30）；距最近的现有站点 450 米；"
        "依托写字楼“一号”，24 小时开放；全部建成后西区覆盖率由 25.0% 升至 50.0%。"
    )
    assert told("en") == (
        "Brings 1,234 workers into the ten-minute circle (among them riders 1,000, couriers 200, drivers 30); "
        "the nearest existing station is 450 m away; at the office building “一号”, open 24 hours; "
        "with the whole plan 西区 goes from 25.0% to 50.0%."
    )


def test_the_three_groups_that_gain_most_are_named_those_under_half_a_worker_are_not() -> None:
    gains = {"rider": 0.4, "courier": 3.0, "taxi": 0.5, "guard": 7.0}
    assert "（其中保安 7、快递员 3、司机 0）" in told("zh", gains=gains)
    assert "(among them guards 7, couriers 3, drivers 0)" in told("en", gains=gains)
    assert "进入十分钟圈；" in told("zh", gains={"rider": 0.49})
    assert "circle; " in told("en", gains={"rider": 0.49})


@pytest.mark.parametrize(
    ("metres", "zh", "en"),
    [
        (999.4, "距最近的现有站点 999 米", "the nearest existing station is 999 m away"),
        (1000.0, "距最近的现有站点 1.0 公里", "the nearest existing station is 1.0 km away"),
        (2567.0, "距最近的现有站点 2.6 公里", "the nearest existing station is 2.6 km away"),
        (2551.0, "距最近的现有站点 2.6 公里", "the nearest existing station is 2.6 km away"),
        (9949.0, "距最近的现有站点 9.9 公里", "the nearest existing station is 9.9 km away"),
        (np.inf, "步行一小时内没有现有站点", "no station within an hour's walk"),
    ],
)
def test_the_nearest_station(metres: float, zh: str, en: str) -> None:
    assert f"；{zh}；" in told("zh", nearest_station_m=metres)
    assert f"; {en}; " in told("en", nearest_station_m=metres)


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
    assert f"；{zh}，" in told("zh", host_kind=kind, name=name)
    assert f"; {en}, " in told("en", host_kind=kind, name=name)


def test_every_kind_of_host_has_words_of_its_own_in_both_languages() -> None:
    assert set(HOST_WORDS) == set(HOST_KINDS)
    for place in (0, 1):
        words = [w[place] for w in HOST_WORDS.values()]
        assert all(words)
        assert len(set(words)) == len(words)
    assert all(zh.isascii() is False and en.isascii() for zh, en in HOST_WORDS.values())


def test_a_district_that_stays_as_it_was() -> None:
    assert told("zh", before=0.5, after=0.50004).endswith("；全部建成后西区覆盖率保持 50.0%。")
    assert told("en", before=0.5, after=0.50004).endswith("; with the whole plan 西区 stays at 50.0%.")


def test_a_required_site_says_so() -> None:
    assert told("zh", required=True).startswith("指定站点；新增 1,234 名劳动者")
    assert told("en", required=True).startswith("Required; brings 1,234 workers")
    assert told("zh", required=True, workers_gained=0.4).startswith(
        "指定站点；不新增覆盖：十分钟范围内的 2,000 名劳动者"
    )
    said = told("en", required=True, workers_gained=0.4)
    assert said.startswith(
        "Required; covers nobody new: the 2,000 workers within ten minutes have another station,"
    )
    nobody = {"workers_gained": 0.0, "workers_in_reach": 0.4}
    assert told("en", required=True, **nobody).startswith("Required; nobody works within ten minutes of it; ")
    assert told("zh", required=True, **nobody).startswith("指定站点；十分钟范围内没有劳动者，不新增覆盖；")


def test_half_a_worker_is_where_a_gain_and_a_reach_begin() -> None:
    assert told("en", workers_gained=0.5).startswith("Brings 0 workers")
    assert told("en", workers_gained=0.49).startswith(
        "Covers nobody new: the 2,000 workers within ten minutes"
    )
    assert told("zh", workers_gained=0.49).startswith("不新增覆盖：十分钟范围内的 2,000 名")
    assert told("en", workers_gained=0.0, workers_in_reach=0.5).startswith("Covers nobody new: the 0 workers")
    assert told("en", workers_gained=0.0, workers_in_reach=0.49).startswith(
        "Nobody works within ten minutes of it"
    )
    assert told("zh", workers_gained=0.0, workers_in_reach=0.49).startswith("十分钟范围内没有劳动者")


def test_the_stand_in_and_what_it_would_lose() -> None:
    other = {"alternative": "乙", "alternative_id": "n7", "alternative_loss": 12.4}
    assert told("zh", **other).endswith("升至 50.0%；如改用区内次优的银行网点“乙”，将少覆盖 12 人。")
    assert told("en", **other).endswith(
        "50.0%; the bank branch “乙”, the best stand-in of the district, would cover 12 fewer."
    )
    bare = other | {"alternative": "", "alternative_loss": 0.49}
    assert told("zh", **bare).endswith("；如改用区内次优的银行网点（n7），效果相当。")
    assert told("en", **bare).endswith(
        "; a bank branch (n7), the best stand-in of the district, would do as well."
    )
    assert told("zh", **bare | {"alternative_loss": 0.5}).endswith("，将少覆盖 0 人。")
    assert told("en", **bare | {"alternative_loss": 0.5}).endswith("would cover 0 fewer.")
    assert told("en", **bare | {"alternative_loss": -3.0}).endswith("would do as well.")
    for nothing in ({"alternative_id": ""}, {"alternative_loss": np.nan}, {"workers_gained": 0.49}):
        for language, word in (("zh", "次优"), ("en", "stand-in")):
            assert word not in told(language, **other | nothing)
    assert "stand-in" in told("en", **other, workers_gained=0.5)


def test_each_site_gets_its_own_gains_and_district() -> None:
    sites = pd.DataFrame([BASE | {"workers_gained": 5.0, "district": "e"}, BASE])
    gains = pd.DataFrame({"rider": [5.0, 0.0], "courier": [0.0, 9.0]})
    shares = pd.DataFrame(
        {"label": ["西区", "东区"], "before": [0.1, 0.2], "after": [0.3, 0.4]}, index=["d", "e"]
    )
    first, second = reasons(sites, gains, shares, groups=GROUPS, language="zh")
    assert "骑手 5）" in first
    assert "东区覆盖率由 20.0% 升至 40.0%" in first
    assert "快递员 9）" in second
    assert "西区覆盖率由 10.0% 升至 30.0%" in second


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
