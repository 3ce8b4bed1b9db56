"""Reasons in words: what stands in them for sites that gain many, few or nobody."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.settings.reading import defaults
from planner.settings.whole import Settings
from planner.siting.explain import reasons


def told(language: str, **site: object) -> str:
    groups = Settings.model_fields["groups"].annotation.__args__[0]
    base = {
        "workers_gained": 12.0, "workers_in_reach": 30.0, "nearest_station_m": 1234.0, "host_kind": "bank",
        "name": "石路支行", "open_hours": "08:00-12:00;13:00-17:00", "district": "d", "toilet_near": True,
        "required": False, "alternative": "", "alternative_id": "n7", "alternative_kind": "office",
        "alternative_loss": 3.2,
    }  # fmt: skip
    gains = pd.DataFrame({"rider": [site.get("workers_gained", 12.0)], "courier": [0.2]})
    shares = pd.DataFrame({"label": ["甲区"], "before": [0.2], "after": [0.3]}, index=["d"])
    known = [groups.model_validate(g) for g in defaults()["groups"]]
    return reasons(pd.DataFrame([base | site]), gains, shares, groups=known, language=language)[0]


def test_a_site_that_gains() -> None:
    assert told("zh") == (
        "新增 12 名劳动者进入十分钟圈（其中外卖骑手 12）；距最近的现有站点 1.2 公里；依托银行网点“石路支行”，"
        "08:00–12:00、13:00–17:00 开放，150 米内有公厕；全部建成后甲区覆盖率由 20.0% 升至 30.0%；"
        "如改用区内次优的写字楼（n7），将少覆盖 3 人。"
    )
    assert told("en").endswith(
        "; an office building (n7), the best stand-in of the district, would cover 3 fewer."
    )


def test_a_site_that_gains_nobody_says_what_it_is_good_for_and_names_no_stand_in() -> None:
    zh, en = told("zh", workers_gained=0.1), told("en", workers_gained=0.1)
    assert zh.startswith("不新增覆盖：十分钟范围内的 30 名劳动者已有其他站点可达")
    assert en.startswith("Covers nobody new: the 30 workers within ten minutes have another station")
    assert "次优" not in zh
    assert "stand-in" not in en
    assert told("zh", workers_gained=0.0, workers_in_reach=0.0).startswith("十分钟范围内没有劳动者")
    assert told("en", workers_gained=0.0, required=True).startswith("Required; covers nobody new")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_kind_is_not_said_twice_and_a_host_without_a_name_is_its_kind(language: str) -> None:
    fuel = told(language, name="玉山第二加油站", host_kind="fuel")
    assert ("依托“玉山第二加油站”" in fuel) == (language == "zh")
    bare = told(language, name="", nearest_station_m=np.inf)
    assert ("依托一处银行网点" if language == "zh" else "at a bank branch,") in bare
    assert ("步行一小时内没有现有站点" if language == "zh" else "no station within an hour's walk") in bare
