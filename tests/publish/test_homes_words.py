"""Driver homes in words: what a site lacks, how the plan relates to it, why it was chosen; layers and headings."""

from __future__ import annotations

import re

import numpy as np
import pytest

from planner.publish.office.homes.tables import homes_tables
from planner.publish.page.homes import homes_layers
from planner.telling.layer import ExtraLayer, PopupField
from planner.telling.words.homes import (
    assumptions,
    candidates_in_words,
    chosen_in_words,
    existing_in_words,
    kind_word,
)
from tests.freight.county import County, lnglat, table


@pytest.fixture(scope="module")
def plan():
    return County("target_drivers = 5000").plan()


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory):
    """A home that is upgraded, one that is kept, and a site of 18 bays of which a home may have 15."""
    folder = tmp_path_factory.mktemp("county")
    (a, b), (c, d), (e, f) = lnglat(5, 0), lnglat(30, 0), lnglat(42, 0.05)
    files = table(
        folder, "driver_homes.csv",
        "站点编号,站点名称,经度,纬度,状态,货车泊位,淋浴,洗衣机,开放时间,免费服务\n"
        f"H1,一号之家,{a},{b},运营,30,2,2,全天,齐全\nH2,二号之家,{c},{d},运营,12,2,2,全天,齐全\n",
    )  # fmt: skip
    files += table(
        folder, "truck_sites.csv",
        f"编号,名称,类型,经度,纬度,货车泊位,淋浴,洗衣机,开放时间\nS1,小场,服务区,{e},{f},18,1,2,08:00-20:00\n",
    )  # fmt: skip
    hosts = County.usual_hosts().iloc[[0, 2]]
    freight = 'target_drivers = 1400\nmax_bays = 15\nspacing_km = 3\nsite_kinds = ["service_area"]'
    return County(freight, files, folder, hosts=hosts).plan()


def test_what_a_site_lacks_is_said_by_what_it_has_today(upgraded):
    small = candidates_in_words(upgraded).set_index("site_id").loc["S1"]
    assert small["lacks_zh"] == "缺：货车泊位 18/20、淋浴间 1/2、24 小时开放；未知：五项免费服务"
    assert (
        small["lacks_en"]
        == "lacks truck bays 18/20, showers 1/2, open 24 hours; not known: the five free services"
    )
    chosen = chosen_in_words(upgraded).set_index("site_id")
    assert chosen.loc["H2-U", "lacks_en"] == "lacks truck bays 12/20"  # today, before the upgrade
    assert chosen.loc["H2-U", "bays"] == 15
    homes = existing_in_words(upgraded).set_index("site_id")
    assert homes.loc["H1", "lacks_zh"] == homes.loc["H1", "lacks_en"] == ""


def test_existing_homes_are_kept_or_upgraded(upgraded):
    homes = existing_in_words(upgraded).set_index("site_id")
    assert homes.loc["H2", ["relation_zh", "relation_en"]].tolist() == ["建议升级扩容", "to be upgraded"]
    assert homes.loc["H1", "relation_zh"] == "保留；最近的新建点为“二号之家”，相距 25.0 公里"
    assert homes.loc["H1", "relation_en"] == "kept; the nearest new home, “二号之家”, is 25.0 km away"
    assert "upgraded" not in homes.columns


def test_a_reason_holds_what_the_home_serves_and_what_its_stand_in_would_lose(plan):
    home, other = plan.chosen.iloc[0], plan.alternatives.iloc[0]
    zh, en = chosen_in_words(plan).loc[0, ["reason_zh", "reason_en"]]
    assert zh.startswith(
        "每月服务 2,520 名司机，受泊位限制（泊位 40 个（假定），每泊位每日至多 8.4 次停靠）；30 分钟车程内有本地司机 "
    )
    assert en.startswith(
        "Serves 2,520 drivers a month, limited by bays (40 bays (assumed), at most 8.4 stays a day each); "
    )
    assert f"依托{kind_word(home['host_kind'], 'zh')}“{home['name']}”" in zh
    assert f"at the {kind_word(home['host_kind'], 'en')} “{home['name']}”: " in en
    assert f"“{other['alternative']}”" in zh
    assert f"{home['nearest_home_km']:.1f} 公里" in zh
    assert other["drivers_lost"] == 0
    assert other["passing_lost"] == 0  # everybody passes every site of the one road
    assert f"“{other['alternative']}” would do as well; " in en
    # pairs of four like sites
    assert en.endswith("; 6 plans serve as many: this one was chosen by drivers passing, then by detour.")
    assert zh.endswith("；服务人数相同的方案共 6 个，按经过的司机数、再按绕行时间选定本方案。")


def test_tables_and_layers_speak_both_languages(plan):
    zh, en = ({p.heading: p.table for p in homes_tables(plan, i, {}, printed=False)} for i in ("zh", "en"))
    assert [t.shape for t in zh.values()] == [t.shape for t in en.values()]
    assert "服务司机（人/月）" in zh["司机之家"].columns
    assert "Drivers served a month" in en["Driver homes"].columns
    assert not any(ord(c) > 0x2E80 for t in en.values() for name in t.columns for c in str(name))
    assert en["Driver homes"]["Meets the checklist"].tolist() == ["not known", "not known"]
    for language, other in (("zh", "_en"), ("en", "_zh")):
        layers = homes_layers(plan, language)
        assert [x.key for x in layers] == [
            "truck_flows", "home_catchments", "home_candidates", "homes_existing", "homes_new",
        ]  # fmt: skip
        for layer in layers:
            assert isinstance(layer, ExtraLayer)
            assert all(isinstance(x, PopupField) for x in layer.fields)
            assert {x.column for x in layer.fields} <= set(layer.table.columns)
            assert not any(x.column.endswith(other) for x in layer.fields)
            assert layer.table.crs is not None
            assert re.search("[一-鿿]", layer.zh)
            assert not re.search("[一-鿿]", layer.en)
    assert homes_layers(plan)[1].zh == "司机之家 30 分钟车程"
    assert homes_layers(plan)[4].en == "New driver homes (2)"


def test_every_assumption_has_its_value_band_and_source_in_both_languages(plan):
    made = assumptions(plan).set_index("key")
    assert made.loc["turnover_per_day", ["value", "low", "high"]].tolist() == [12, 6, 18]
    assert made.loc["occupancy", ["value", "low", "high"]].tolist() == [0.7, 0.5, 0.85]
    assert made.loc["gateway_trucks.trunk", ["value", "low", "high"]].tolist() == [6000, 3000, 9000]
    assert made.loc["kind_bays.port", ["value", "low", "high"]].tolist() == [40, 20, 80]
    assert made.loc["night_share_long", "value"] == 0.35
    assert made.loc["kind_bays.port", "zh"] == "港口默认泊位"
    given = made.loc[["target_drivers", "max_homes"]]  # what is wanted: no band
    assert given["value"].tolist() == [5000, 40]
    assert given["low"].isna().all()
    assert given["source"].tolist() == ["given in the study file", "own assumption"]
    known = made.drop(index=given.index)
    assert (known["low"] <= known["high"]).all()
    assert np.isfinite(known[["value", "low", "high"]].to_numpy(float)).all()
    for column, chinese in (("zh", True), ("source_zh", True), ("en", False), ("source", False)):
        assert all(bool(re.search("[一-鿿]", text)) is chinese for text in made[column]), column


def test_a_kind_without_a_word_stays_as_it_is():
    assert kind_word("depot_of_mine", "zh") == "depot_of_mine"
    assert kind_word("fuel_hgv", "en") == "filling station for lorries"


def test_text_columns_are_text_without_a_row(plan):
    assert len(plan.existing) == 0
    made = existing_in_words(plan)
    assert {str(made[c].dtype) for c in ("lacks_zh", "lacks_en", "relation_zh", "relation_en")} == {"str"}
