"""The ready entries, what a study may say of networks, and what is refused: with the place, the value and the way out."""

from __future__ import annotations

from typing import Any

import pytest

from planner.errors import SettingsError
from planner.settings.networks import in_order, ready_networks
from planner.settings.reading import changed, parse_settings
from planner.settings.whole import Settings

BASE = '[study]\nname = "a"\n[inputs.streets]\npath = "x.osm"\n'
#: Entry → places wanted (the work report of 24 January 2024, press of 2025/26; 20 is an assumption of our own).
WANTED = {"mothers": 100, "carnation": 150, "night_stops": 100, "ride_hail_stops": 20}


def settings(networks: str) -> Settings:
    return parse_settings(BASE + networks)


def uses(*names: str, more: str = "") -> str:
    return "".join(f'[[networks]]\nuse = "{n}"\n' for n in names) + more


def test_the_ready_entries_are_those_of_the_federation_with_their_numbers() -> None:
    made = settings(uses(*ready_networks())).networks
    assert [n.name for n in made] == [
        "stations", "driver_homes", "mothers", "carnation", "reading_rooms", "ride_hail_stops", "night_stops",
        "new_work_homes", "culture", "palaces", "childcare", "legal", "counselling", "city_posts", "warm_new",
    ]  # fmt: skip
    assert {n.name: n.wanted for n in made if n.planned} == WANTED
    assert [n.name for n in made if n.review] == ["reading_rooms"]
    assert [n.name for n in made if n.partner] == ["city_posts", "warm_new"]
    assert {n.name: n.planned_by for n in made if n.planned_by != "here"} == {
        "stations": "siting", "driver_homes": "freight",
    }  # fmt: skip
    for n in made:
        assert n.source
        assert n.confidence
        assert n.title_zh
        assert n.title_en


def test_what_a_study_gives_takes_the_place_of_the_entrys_own_also_when_it_is_changed_later() -> None:
    made = settings('[[networks]]\nuse = "mothers"\nwanted = 5\nminutes = 15\n')
    (one,) = made.networks
    assert (one.wanted, one.minutes, one.apart_m) == (5, 15, 300)
    later = changed(made, {"networks__mothers__wanted": 7})
    assert (later.networks[0].wanted, later.networks[0].minutes) == (7, 15)


def test_networks_come_after_those_they_stand_on_by_name_or_title() -> None:
    made = settings(
        '[[networks]]\nuse = "carnation"\nonly_on = "妈妈驿站"\n[[networks]]\nuse = "mothers"\n'
    ).networks
    assert [n.name for n in in_order(made)] == ["mothers", "carnation"]


REFUSED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "unknown ready entry": (uses("mother"), "UNI-001", ("mother", "did you mean mothers")),
    "unknown ready entry in Chinese": (uses("妈妈站"), "UNI-001", ("did you mean mothers",)),
    "a name twice": (uses("mothers", "mothers"), "UNI-002", ("mothers",)),
    "unknown only_on": (uses("carnation"), "UNI-003", ("carnation may only stand on mothers",)),
    "unknown only_on, near": (
        uses("mothers", "carnation", more='only_on = "mother"\n'), "UNI-003", ("did you mean mothers",),
    ),
    "a circle": (
        '[[networks]]\nuse = "mothers"\nonly_on = "carnation"\n' + uses("carnation"), "UNI-004",
        ("mothers → carnation → mothers",),
    ),
    "on itself": ('[[networks]]\nuse = "mothers"\nonly_on = "mothers"\n', "UNI-004", ("mothers → mothers",)),
    "no common budget": (uses("mothers", more="shares_budget = true\n"), "UNI-005", ("mothers",)),
    "two budgets": (
        "[union]\nbudget_yuan = 9\n" + uses("mothers", more="shares_budget = true\nbudget_yuan = 5\n"), "UNI-006",
        ("mothers",),
    ),
    "unknown period": (uses("night_stops", more='open_in = ["night"]\n'), "UNI-007", ("night", "22_06")),
    "unknown group": (
        uses("night_stops", more="[networks.people]\ngroups = { ridr = 1 }\n"), "UNI-007", ("ridr", "rider"),
    ),
    "a directory that wants places": (uses("palaces", more="wanted = 2\n"), "UNI-008", ("palaces",)),
    "nowhere to stand": ('[[networks]]\nname = "z"\nwanted = 2\n', "UNI-009", ("z",)),
    "more than all at hosts": (
        uses("mothers", more="[networks.people]\nat_hosts = { office = 0.9, mall = 0.2 }\n"), "UNI-010", ("1.1",),
    ),
    "a band the wrong way round": (
        uses("mothers", more="[networks.people]\nband = [1.2, 1.4]\n"), "UNI-011", ("1.2",),
    ),
    "costs the wrong way round": (uses("mothers", more="cost_band_yuan = [9, 8]\n"), "UNI-011", ("9",)),
    "siting plans two": (
        uses("stations", more='[[networks]]\nname = "b"\nplanned_by = "siting"\n'), "UNI-012", ("stations, b",),
    ),
    "unknown host": (uses("mothers", more='host_kinds = ["malls"]\n'), "UNI-013", ("did you mean mall",)),
    "a negative number": (uses("mothers", more="wanted = -1\n"), "SET-012", ("≥ 0",)),
    "a negative distance": (uses("mothers", more="apart_m = -5\n"), "SET-012", ("≥ 0",)),
    "a negative budget": (uses("mothers", more="budget_yuan = -5\n"), "SET-012", ("≥ 0",)),
    "an unknown key": (uses("mothers", more="onli_on = 1\n"), "SET-001", ('did you mean "only_on"',)),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_refused_with_its_name_and_the_way_out(case: str) -> None:
    text, code, says = REFUSED[case]
    with pytest.raises(SettingsError) as caught:
        settings(text)
    (found,) = caught.value.findings
    assert found.code == code
    assert found.message_zh
    for part in says:
        assert part in f"{found.message_en} {found.value}"


def test_several_refusals_of_networks_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        settings(
            uses("mothers", more="wanted = -1\n") + uses("no_such") + uses("culture", more="minutes = 0\n")
        )
    assert sorted(f.code for f in caught.value.findings) == ["SET-012", "SET-012", "UNI-001"]


def test_a_study_without_networks_is_as_before() -> None:
    made: Any = settings("")
    assert made.networks == ()
    assert made.union.in_run is False
