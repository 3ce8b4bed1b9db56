"""Reasons in words: what stands in them for sites that gain many, few or nobody."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.settings.groups import Period
from planner.settings.reading import defaults
from planner.settings.whole import Settings
from planner.siting.explain import reasons


def told(language: str, **site: object) -> str:
    groups = Settings.model_fields["groups"].annotation.__args__[0]
    base = {
        "workers_gained": 12.0, "workers_in_reach": 30.0, "workers_alone": 9.0, "nearest_station_m": 1234.0,
        "nearest_station": "石路驿站", "street": "石路", "place": "金阊", "host_kind": "bank", "name": "石路支行",
        "open_hours": "08:00-12:00;13:00-17:00", "toilet_near": True, "required": False, "alternative": "",
        "alternative_id": "n7", "alternative_kind": "office", "alternative_m": 320.4, "alternative_loss": 3.2,
    }  # fmt: skip
    gained = site.get("workers_gained", 12.0)
    gains = pd.DataFrame({"rider": [gained], "courier": [0.2]})
    by_period = pd.DataFrame({"06_10": [0.3 * gained], "10_14": [0.7 * gained]})
    known = [groups.model_validate(g) for g in defaults()["groups"]]
    periods = [Period(name="06_10", start_h=6, end_h=10), Period(name="10_14", start_h=10, end_h=14)]
    return reasons(
        pd.DataFrame([base | site]), gains, by_period, groups=known, periods=periods, any_station=True,
        within_m=2000 / 3, language=language,
    )[0]  # fmt: skip


def test_a_site_that_gains_says_who_when_where_from_how_far_and_what_without_it() -> None:
    assert told("zh") == (
        "新增 12 名劳动者进入十分钟圈（其中外卖骑手 12），10:00–14:00 人数最多，为 8 人；位于金阊一带、临石路，"
        "依托银行网点“石路支行”，08:00–12:00、13:00–17:00 开放，150 米内有公厕；"
        "距最近的现有站点“石路驿站”步行 1,234 米；"
        "如不设此站，其中 9 人十分钟内无站点可用，但可改用 320 米外的写字楼（n7），少覆盖 3 人。"
    )
    assert told("en") == (
        "Brings 12 workers into the ten-minute circle (among them food-delivery riders 12), "
        "most of all at 10:00–14:00 (8); at the bank branch “石路支行” by 石路 near 金阊, "
        "open 08:00–12:00, 13:00–17:00, with a public toilet within 150 m; "
        "the nearest existing station, “石路驿站”, is 1,234 m away on foot; "
        "without it 9 of them have no station within ten minutes, but an office building (n7), 320 m away, "
        "could stand in and would cover 3 fewer."
    )


def test_a_site_that_gains_nobody_says_what_it_is_good_for_and_names_no_stand_in() -> None:
    zh, en = told("zh", workers_gained=0.04), told("en", workers_gained=0.04)
    assert zh.startswith("不新增覆盖：十分钟范围内的 30 名劳动者已有其他站点可达")
    assert en.startswith("Covers nobody new: the 30 workers within ten minutes have another station")
    assert "改用" not in zh
    assert "stand in" not in en
    assert told("zh", workers_gained=0.0, workers_in_reach=0.0).startswith("十分钟范围内没有劳动者")
    assert told("en", workers_gained=0.0, required=True).startswith("Required; covers nobody new")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_kind_is_not_said_twice_and_a_host_without_a_name_is_its_kind(language: str) -> None:
    fuel = told(language, name="玉山第二加油站", host_kind="fuel")
    assert ("依托“玉山第二加油站”" in fuel) == (language == "zh")
    bare = told(language, name="", nearest_station_m=np.inf)
    assert ("依托一处银行网点" if language == "zh" else "at a bank branch by 石路") in bare
    assert (
        "步行一小时内没有现有站点" if language == "zh" else "no existing station within an hour's walk"
    ) in bare
