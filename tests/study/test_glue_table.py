"""The table of stages row by row: each row gives its function what it asks for; what is kept, told and guarded stands here."""

from __future__ import annotations

import importlib
import inspect
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from planner.settings.reading import parse_settings
from planner.settings.whole import Settings
from planner.study.stages import Stage
from planner.study.table.whole import table_of
from planner.study.takes import FromSettings, FromStages

TEXT = """
[study]
name = "t"
title_zh = "镇"
title_en = "Town"
language = "en"
crs = "EPSG:4549"
seed = 5
[inputs.streets]
path = "{streets}"
[inputs.truck_counts]
path = "counts.csv"
[inputs.truck_sites]
path = "sites.csv"
[[inputs.driver_homes]]
path = "homes.csv"
[circle]
minutes = 12
walk_kmh = 3.0
speeds_kmh = {{ walk = 3.5, car = 30.0, path = 2.0 }}
[siting]
scenarios = 7
[siting.goal]
aim = "{aim}"
[freight]
enabled = {enabled}
target_drivers = 100.0
"""


def settings(streets: str = "a.osm", aim: str = "covered", enabled: str = "true") -> Settings:
    return parse_settings(TEXT.format(streets=streets, aim=aim, enabled=enabled))


@pytest.fixture(scope="module")
def table() -> dict[str, Stage]:
    return dict(table_of(settings()))


def made_by(stage: Stage) -> Any:
    module, _, name = stage.make.partition(":")
    return getattr(importlib.import_module(module), name)


def value(table: dict[str, Stage], stage: str, argument: str, of: Settings | None = None) -> Any:
    take = table[stage].takes[argument]
    assert isinstance(take, FromSettings)
    return take.read(of or settings())


def picked(table: dict[str, Stage], stage: str, argument: str, *values: Any) -> Any:
    take = table[stage].takes[argument]
    assert isinstance(take, FromStages)
    assert take.pick is not None
    return take.pick(*values)


def test_each_stage_takes_what_its_function_asks_for_and_nothing_else(table: dict[str, Stage]) -> None:
    for name, stage in table.items():
        asked = inspect.signature(made_by(stage)).parameters
        needed = {k for k, p in asked.items() if p.default is inspect.Parameter.empty}
        assert needed <= set(stage.takes) <= set(asked) - {"progress"}, name
        optional = set(asked) - needed - {"progress"} - set(stage.takes)
        wanted = {"turn_restrictions"} if name in ("network:walk", "network:ebike") else set()
        assert {
            k for k in optional if k in ("turn_restrictions", "fair", "time_limit_s", "change")
        } == wanted, name


def test_what_takes_long_is_kept_on_disk_other_minutes_under_their_own_name(table: dict[str, Stage]) -> None:
    kept = {
        "network:walk", "network:ebike", "network:car", "network:truck", "inputs", "truck_lists", "stations", "demand", "candidates",
        "reach:stations:walk:12", "reach:candidates:walk:12", "coverage", "siting", "confidence", "curve:searched", "alternatives", "sensitivity", "rule_prices",
        "truck_tags", "trucks", "homes", "area_today", "areas", "actions_solved", "money_front", "actions_fair_front", "against_half", "fair_front", "knowledge", "pilots", "law_of_use", "use", "backtest",
        "union:lists", "union:reach", "union:plan", "union:today", "union:after",
    }  # fmt: skip
    assert {n for n, s in table.items() if s.kept and not n.startswith("reach:second")} == kept


def test_who_guards_whom_what_is_told_elsewhere_and_what_goes_on_without(table: dict[str, Stage]) -> None:
    assert {n: s.guards for n, s in table.items() if s.guards} == {
        "inputs": ("words", "truck_lists"),
        "problem": ("worth",),
        "union:plan": ("union:judged",),
    }
    assert [n for n, s in table.items() if not s.told] == ["network:ebike", "network:car", "network:truck"]
    may_fail = [
        (n, a)
        for n, s in table.items()
        for a, t in s.takes.items()
        if isinstance(t, FromStages) and t.may_fail
    ]
    assert may_fail == [("inputs", "frame"), ("truck_lists", "crs"), ("union:lists", "frame")]


def test_a_network_has_its_own_mode_its_speeds_and_for_cars_the_turns(table: dict[str, Stage]) -> None:
    for mode in ("walk", "ebike", "car", "truck"):
        takes = table[f"network:{mode}"].takes
        assert value(table, f"network:{mode}", "mode") == mode
        assert value(table, f"network:{mode}", "walk_kmh") == 3.0
        own = {"walk": {"walk": 3.5}, "car": {"car": 30.0}}.get(mode, {})
        found = value(table, f"network:{mode}", "speeds_kmh")
        assert {k: v for k, v in found.items() if k != "ebike"} == own | {"path": 2.0}
        assert ("ebike" in found) <= (mode == "ebike")
        assert ("turn_restrictions" in takes) == (mode in ("car", "truck"))
        assert isinstance(takes["crs"], FromSettings if mode == "walk" else FromStages)
        assert value(table, f"network:{mode}", "source").name == "a.osm"
    assert value(table, "network:walk", "crs") == "EPSG:4549"
    assert picked(table, "network:car", "crs", SimpleNamespace(crs="a crs")) == "a crs"


def test_what_is_read_off_the_settings(table: dict[str, Stage]) -> None:
    about = value(table, "inputs", "about")
    assert (about.name, about.title_zh, about.title_en, about.crs, about.language) == (
        "t",
        "镇",
        "Town",
        "EPSG:4549",
        type(about)(name="x").language,
    )
    lists = value(table, "inputs", "inputs")
    assert (lists.truck_counts, lists.truck_sites, lists.driver_homes, lists.streets.path.name) == (
        None,
        None,
        (),
        "a.osm",
    )
    assert value(table, "truck_lists", "truck_counts").path.name == "counts.csv"
    assert value(table, "truck_lists", "truck_sites").path.name == "sites.csv"
    assert [t.path.name for t in value(table, "truck_lists", "driver_homes")] == ["homes.csv"]
    for stage, argument in (
        ("confidence", "within_m"),
        ("stand_ins", "max_m"),
        ("alternatives", "within_m"),
        ("sensitivity", "within_m"),
    ):
        assert value(table, stage, argument) == pytest.approx(600), stage  # twelve minutes at 3 km/h
    assert (value(table, "rule_prices", "fair"), value(table, "rule_prices", "time_limit_s")) == (
        False,
        120.0,
    )
    assert value(table, "sensitivity", "change") == 0.3
    assert value(table, "confidence", "scenarios") == 7
    for stage in ("demand", "posing", "trucks"):
        assert value(table, stage, "seed") == 5
    names = tuple(g.name for g in settings().headline_groups)
    assert value(table, "worth", "groups") == value(table, "posing", "groups") == names
    assert value(table, "worth", "periods") == tuple(p.name for p in settings().periods)


@pytest.mark.parametrize(
    ("aim", "scenarios"), [("covered", 0), ("fair", 0), ("mean", 7), ("cvar", 7), ("worst", 7)]
)
def test_a_plan_looks_at_scenarios_if_it_is_after_them(
    table: dict[str, Stage], aim: str, scenarios: int
) -> None:
    goal = settings().siting.goal.model_copy(update={"aim": aim})
    of = settings().model_copy(update={"siting": settings().siting.model_copy(update={"goal": goal})})
    assert value(table, "factors", "scenarios", of) == scenarios


def test_trucks_know_nothing_of_what_homes_are_wanted(table: dict[str, Stage]) -> None:
    assert value(table, "trucks", "freight").target_drivers != 100.0
    assert value(table, "homes", "freight").target_drivers == 100.0
    off = settings(enabled="false")
    assert value(table, "homes", "freight", off) == value(table, "homes", "freight")
    assert value(table, "truck_tags", "osm_path") == settings().inputs.streets.path
    assert value(table, "truck_tags", "osm_path", settings("a.geojson")) is None


def test_what_is_picked_of_other_stages_values(table: dict[str, Stage]) -> None:
    plan = SimpleNamespace(plan=SimpleNamespace(before="before", after="after"))
    assert picked(table, "gaps", "coverage", plan) == "after"
    sited = SimpleNamespace(solution=SimpleNamespace(chosen="chosen"))
    assert (
        picked(table, "sites", "chosen", sited) == picked(table, "second_views", "chosen", sited) == "chosen"
    )
    rows = pd.DataFrame({"status": ["open", "planned"], "open_hours": ["a", "b"]})
    assert picked(table, "existing", "hours", SimpleNamespace(stations=rows))["open_hours"].tolist() == ["a"]
    assert picked(table, "new", "hours", SimpleNamespace(candidates=rows))["open_hours"].tolist() == [
        "a",
        "b",
    ]
    hosts = SimpleNamespace(hosts=pd.DataFrame({"host_id": [1, 2]}))
    assert picked(table, "truck_tags", "ids", hosts).tolist() == ["1", "2"]
    inputs = SimpleNamespace(
        **{
            k: f"the {k}"
            for k in ("stations", "hosts", "districts", "water", "places", "streets", "landuse", "main_roads")
        }
    )
    for stage, argument, of in (
        ("stations", "stations", "stations"), ("candidates", "hosts", "hosts"), ("candidates", "districts", "districts"),
        ("candidates", "water", "water"), ("hotspots", "places", "places"), ("hotspots", "hosts", "hosts"), ("coverage", "districts", "districts"),
        ("plan", "hosts", "hosts"), ("plan", "streets", "streets"), ("plan", "places", "places"), ("gaps", "places", "places"),
        ("ground", "landuse", "landuse"), ("ground", "main_roads", "main_roads"),
    ):  # fmt: skip
        assert picked(table, stage, argument, inputs) == f"the {of}", (stage, argument)
    demand = SimpleNamespace(demand="cells", surfaces="draws")
    for stage in (
        "hotspots",
        "worth",
        "factors",
        "posing",
        "coverage",
        "gaps",
        "ground",
    ):
        assert picked(table, stage, "demand", demand) == "cells", stage
    assert picked(table, "factors", "surfaces", demand) == "draws"
    held = SimpleNamespace(points="points", ensemble=SimpleNamespace(factors="factors"))
    for stage in ("covers", "second_views", "classes", "spots", "posing", "coverage"):
        assert picked(table, stage, "points", held) == "points", stage
    for stage in ("confidence", "knowledge", "pilots"):
        assert picked(table, stage, "factors", held) == "factors", stage


def test_open_stations_are_judged_by_the_workers_in_their_own_reach(table: dict[str, Stage]) -> None:
    rows = pd.DataFrame({"status": ["open", "planned", "open"], "covers": [7, 90, 5]})
    assert picked(table, "grades", "covers", rows) == (7.0, 5.0)
    assert picked(table, "grades", "stations", SimpleNamespace(stations=rows))["covers"].tolist() == [7, 5]
    assert value(table, "grades", "periods") == tuple(p.name for p in settings().periods)
