"""Stages of the union's networks: made only where they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from planner.networks.reach import modes_of
from planner.settings.networks import UnionNetwork
from planner.settings.siting import Siting
from planner.settings.whole import Settings
from planner.siting.reach import ways_of
from planner.study.stages import Stage
from planner.study.table.pick import get
from planner.study.takes import Take, bared, derived, fixed, groups, section, setting, stage, stages

#: Keys of a network by what they say: what it has; where it may stand; whom it is for; how it is reached; what is wanted.
HAS = ("name", "lists", "planned_by", "reported", "only_on", "title_zh", "title_en")
HOSTED = ("name", "host_kinds", "near_m", "open_in", "apart_m", "cost_yuan", "kind_cost_yuan")
JUDGED = (
    "name",
    "only_on",
    "wanted",
    "budget_yuan",
    "shares_budget",
    "host_kinds",
    "near_m",
    "open_in",
    "apart_m",
    "title_zh",
    "title_en",
)
STANDS = ("name", "only_on", "host_kinds", "apart_m", "cost_yuan", "kind_cost_yuan", "title_zh", "title_en")
SERVES = ("name", "people", "planned_by", "title_zh", "title_en")
REACHED = ("name", "mode", "minutes")
WANTED = (
    *REACHED,
    "wanted",
    "budget_yuan",
    "shares_budget",
    "review",
    "only_on",
    "apart_m",
    "worth",
    "people",
    "title_zh",
    "title_en",
)
COUNTED = ("name", "mode", "minutes", "people", "partner", "only_on", "title_zh", "title_en")
#: Rules on hosts that hold for every network.
HOSTS = ("street_within_m", "dedupe_m", "default_hours", "host_hours")


def union(settings: Settings) -> dict[str, Stage]:
    """Lists, people, candidates, travel times, the plan, and who is served today and with it."""
    hours = {"periods": setting("periods"), "default_hours": setting("siting.default_hours"),
             "need_open": setting("circle.open_share")}  # fmt: skip
    return {
        "union:lists": Stage(
            "planner.networks.lists:read_lists",
            {
                "networks": groups("networks", *HAS), "stations": stage("stations", get("stations")),
                "homes": stage("truck_lists", get("homes")), "districts": stage("inputs", get("districts")),
                "water": stage("inputs", get("lakes")), "frame": stage("frame", may_fail=True),
            },
        ),
        "union:people": Stage(
            "planner.networks.people:people_of_networks",
            {
                "networks": groups("networks", *SERVES), "points": stage("demand", get("points")),
                "population": stage("inputs", get("population")), "hosts": stage("inputs", get("hosts")),
                "periods": derived(lambda s: tuple(t.name for t in s.periods)), "groups": derived(_headline),
            },
            kept=False,
        ),
        "union:elsewhere": Stage("planner.networks.elsewhere:planned_elsewhere", _elsewhere(settings), kept=False),
        "union:hosts": Stage(
            "planner.networks.places:host_places",
            {
                "networks": _some(lambda n: n.planned and not n.only_on, *HOSTED), "lists": stage("union:lists"),
                "hosts": stage("inputs", get("hosts")), "districts": stage("inputs", get("districts")),
                "water": stage("inputs", get("water")), "network": stage("network:walk"), "siting": derived(_hosts),
                "periods": hours["periods"], "need_open": hours["need_open"],
            },
            kept=False,
        ),
        "union:judged": Stage(
            "planner.networks.places:judge_places",
            {"networks": groups("networks", *JUDGED), "hosted": stage("union:hosts")}, kept=False,
        ),
        "union:places": Stage(
            "planner.networks.places:all_places",
            {
                "networks": groups("networks", *STANDS), "lists": stage("union:lists"), "hosted": stage("union:hosts"),
                "elsewhere": stage("union:elsewhere"),
                "planned": derived(lambda s: tuple(n.name for n in s.networks if n.planned)),
            },
            kept=False,
        ),
        "union:reach": Stage(
            "planner.networks.reach:reach_networks",
            {
                "networks": _some(lambda n: n.planned or n.review, *REACHED), "lists": stage("union:lists"), "places": stage("union:places"),
                "streets": stages(
                    f"network:{m}" for m in modes_of([n for n in settings.networks if n.planned or n.review])
                ),
                "points": stage("demand", lambda v: v.points.geometry), "snap_limit_m": setting("circle.snap_limit_m"),
            },
        ),
        "union:plan": Stage(
            "planner.networks.plan:plan_networks",
            {
                "networks": groups("networks", *WANTED), "union": section("union", "budget_yuan", "gap", "work_limit", "time_limit_s"),
                "lists": stage("union:lists"), "places": stage("union:places"), "reach": stage("union:reach"),
                "people": stage("union:people"), "points": stage("demand", get("points")), "seed": setting("study.seed"), **hours,
            },
            guards=("union:judged",),
        ),
        "union:today": _serving(settings, hours, fixed(None), fixed(None)),
        "union:after": _serving(
            settings, hours, stage("union:elsewhere"), stage("union:plan", lambda v: v.new_places())
        ),
    }  # fmt: skip


def _headline(settings: Settings) -> tuple[str, ...]:
    return tuple(g.name for g in settings.headline_groups)


def _elsewhere(settings: Settings) -> dict[str, Take]:
    """What the plans of stations and of driver homes build, where a network is theirs."""
    who = {n.planned_by: n.name for n in settings.networks}
    takes: dict[str, Take] = {
        "names": derived(lambda s: {n.planned_by: n.name for n in s.networks if n.planned_by != "here"})
    }
    takes["stations"] = fixed(None)
    takes["chosen"] = fixed(None)
    if "siting" in who:
        takes["stations"] = stage("candidates", get("candidates"))
        takes["chosen"] = stage("siting", lambda v: v.solution.chosen)
    homes = "freight" in who and settings.freight.enabled
    takes["homes"] = stage("homes", get("chosen"), may_fail=True) if homes else fixed(None)
    return takes


def _some(which: Callable[[UnionNetwork], bool], *keys: str) -> Take:
    """The networks of a kind, with only ``keys`` of each."""
    return derived(lambda s: tuple(bared(n, keys) for n in s.networks if which(n)))


def _hosts(settings: Settings) -> Siting:
    """What is said of hosts for stations and holds for every network."""
    return Siting().model_copy(update={k: getattr(settings.siting, k) for k in HOSTS})


def _serving(settings: Settings, hours: dict[str, Any], elsewhere: Take, planned: Take) -> Stage:
    ways = ways_of(settings.headline_groups, settings.circle) if settings.headline_groups else ()
    return Stage(
        "planner.networks.circle:serve_networks",
        {
            "networks": groups("networks", *COUNTED), "lists": stage("union:lists"), "elsewhere": elsewhere, "planned": planned,
            "people": stage("union:people"), "points": stage("demand", get("points")), "ways": stage("ways"),
            "streets": stages(f"network:{w.mode}" for w in ways),
            "own_streets": stages(f"network:{m}" for m in modes_of(settings.networks)),
            "snap_limit_m": setting("circle.snap_limit_m"), "double_m": setting("union.double_m"),
            "count_partners": setting("union.count_partners"), **hours,
        },
    )  # fmt: skip
