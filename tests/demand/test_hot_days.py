"""Hot days: nobody who keeps the heat rule is out in the hottest hours, or at all."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.demand.seasons import season_over
from planner.errors import InputError, SettingsError
from planner.settings.demand import Demand
from planner.settings.groups import Group, Period
from tests.study.town import Place, street_town

PERIODS = (
    Period(name="10_14", start_h=10, end_h=14),
    Period(name="14_17", start_h=14, end_h=17),
    Period(name="17_10", start_h=17, end_h=10),
)
EVEN = {"10_14": 0.5, "14_17": 0.3, "17_10": 0.2}
SWEEPER = Group(name="sweeper", profile=EVEN)
TRUCK = Group(name="truck", profile=EVEN, in_headline=False)


def test_the_hottest_hours_are_empty_and_nobody_moves_to_others() -> None:
    found = season_over(Demand(season="hot"), [SWEEPER, TRUCK], PERIODS)
    # 12 to 15: two of four hours, one of three
    assert found["sweeper"] == pytest.approx({"10_14": 0.5, "14_17": 2 / 3, "17_10": 1.0})
    assert found["truck"] == pytest.approx(dict.fromkeys(EVEN, 1.0))  # in their cabs


def test_the_study_says_which_hours_and_who() -> None:
    demand = Demand(season="hot", hottest_h=(13, 16), heat_groups=("truck",))
    found = season_over(demand, [SWEEPER, TRUCK], PERIODS)
    assert found["sweeper"] == pytest.approx(dict.fromkeys(EVEN, 1.0))
    assert found["truck"] == pytest.approx({"10_14": 0.75, "14_17": 1 / 3, "17_10": 1.0})
    assert demand.off_h is None  # some of the circle are out at all hours
    assert Demand(season="hot").off_h == (12, 15)
    assert Demand(season="summer").off_h is None


def test_other_seasons_move_workers_and_keep_their_number() -> None:
    found = season_over(Demand(season="summer"), [SWEEPER], PERIODS)["sweeper"]
    assert sum(EVEN[t] * f for t, f in found.items()) == pytest.approx(1)
    assert found["10_14"] > 1 > found["17_10"]


def test_a_hot_day_in_a_study(tmp_path: Path) -> None:
    path = street_town(tmp_path, stations=[Place("s", 1000, "13:00-16:00")], hosts=[Place("A", 3000)])
    plain = planner.open_study(path)
    hot = plain.with_(demand__season="hot")
    # riders 8 per 1,000 of 10,000, sweepers 2; the town's profiles: half of 10_14 and a third of 14_17 are gone
    riders, sweepers = 80 * (1 - 0.3 / 2 - 0.2 / 3), 20 * (1 - 0.1 / 2 - 0.1 / 3)
    assert plain.demand["workers"].sum() == pytest.approx(100)
    assert hot.demand["workers"].sum() == pytest.approx(riders + sweepers)
    assert hot.demand["rider__10_14"].sum() == pytest.approx(80 * 0.15)
    assert hot.demand["rider__17_22"].sum() == pytest.approx(80 * 0.3)
    # 14_17: open 14 to 16 of three hours; without the hour to 15, one of two
    shares = [s.coverage().by_time.by_period.set_index("period")["share"] for s in (plain, hot)]
    assert shares[0]["10_14"] / shares[0]["14_17"] == pytest.approx((1 / 4) / (2 / 3))
    assert shares[1]["10_14"] == 0
    assert shares[1]["14_17"] / shares[0]["14_17"] == pytest.approx((1 / 2) / (2 / 3))


def test_at_forty_degrees_nobody_is_out_but_those_who_do_not_keep_the_rule(tmp_path: Path) -> None:
    study = planner.open_study(street_town(tmp_path, hosts=[Place("A", 3000)]))
    with pytest.raises(InputError) as refused:
        _ = study.with_(demand__season="hot_40").demand
    assert [f.code for f in refused.value.findings] == ["DEM-027"]
    left = study.with_(demand__season="hot_40", demand__heat_groups=("sweeper",))
    assert left.demand["workers"].sum() == pytest.approx(80)


def test_groups_and_hours_that_cannot_be_meant_are_refused(tmp_path: Path) -> None:
    study = planner.open_study(street_town(tmp_path, hosts=[Place("A", 3000)]))
    for changes, code in (
        ({"demand__heat_groups": ("postman",)}, "SET-041"),
        ({"demand__hottest_h": (15, 12)}, "SET-040"),
    ):
        with pytest.raises(SettingsError) as refused:
            study.with_(**changes)
        assert [f.code for f in refused.value.findings] == [code]
