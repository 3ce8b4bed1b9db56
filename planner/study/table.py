"""The table of stages: what is computed, by which function of which room, from what.

Everything about a stage follows from its row: its key, the order, what a change recomputes, what can run side by
side. A new stage is a new row; its function lives in a room and returns a frozen value.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd

from planner.freight.model import CHOICE_ONLY
from planner.inputs.osm.layers import is_osm
from planner.roads.make.profiles import MODES
from planner.settings.about import About
from planner.settings.freight import Freight
from planner.settings.groups import Group
from planner.settings.whole import Settings
from planner.siting.proposal import Way, cutoff_s, ways_of
from planner.siting.questions import CHANGE
from planner.study.stages import Stage
from planner.study.takes import derived, fixed, part, setting, stage, stages

__all__ = ["reach_name", "second_groups", "table_of"]

#: Settings of siting that only say what is asked of a finished plan.
_ASKED = ("siting.curve", "siting.alternatives", "siting.replacements", "siting.sensitivity")


def table_of(settings: Settings) -> Mapping[str, Stage]:
    """The stages of a study, each after those whose values it takes."""
    return {**_inputs(), **_today(settings), **_plan(), **_questions(), **_homes(), **_views(settings)}


def reach_name(kind: str, way: Way) -> str:
    """Name of the stage that searches travel times to the sites of a kind."""
    return f"reach:{kind}:{way.mode}" + (f":{way.minutes:g}" if way.minutes != 10 else "")


def second_groups(settings: Settings) -> tuple[Group, ...]:
    """Groups of the headline that also travel by a second mode."""
    return tuple(g for g in settings.headline_groups if g.second_mode is not None)


# -- what a study stands on ------------------------------------------------------------------------


def _network(mode: str) -> Stage:
    def speeds(s: Settings) -> dict[str, float]:
        """Speeds of the mode itself and of classes of road."""
        return {k: v for k, v in s.circle.speeds_kmh.items() if k == mode or k not in MODES}

    takes = {
        "source": setting("inputs.streets.path"),
        "source_crs": setting("inputs.streets.crs"),
        "mode": fixed(mode),
        "crs": setting("study.crs") if mode == "walk" else stage("network:walk", lambda n: n.crs),
        "walk_kmh": setting("circle.walk_kmh"),
        "speeds_kmh": derived(speeds),
    }
    if mode in ("car", "truck"):
        takes["turn_restrictions"] = setting("circle.turn_restrictions")
    return Stage("planner.roads.network:read_network", takes, told=mode == "walk")


def _inputs() -> dict[str, Stage]:
    return {
        **{f"network:{mode}": _network(mode) for mode in MODES},
        "frame": Stage("planner.roads.network:street_frame", {"network": stage("network:walk")}, kept=False),
        "words": Stage(
            "planner.inputs.spelling:judge_words", {"siting": setting("siting"), "freight": setting("freight")}, kept=False
        ),
        "inputs": Stage(
            "planner.inputs.load:load_inputs",
            {
                "about": derived(lambda s: About(**{k: getattr(s.study, k) for k in ("name", "title_zh", "title_en", "crs")})),
                "inputs": setting("inputs"), "frame": stage("frame", may_fail=True),
            },
            guards=("words",),
        ),
        "stations": Stage(
            "planner.siting.existing:snap_stations",
            {
                "stations": stage("inputs", _get("stations")), "network": stage("network:walk"),
                "limit_m": setting("circle.snap_limit_m"),
            },
        ),
        "demand": Stage(
            "planner.demand.density:model_demand",
            {
                "demand": setting("demand"), "groups": derived(lambda s: s.active_groups), "periods": setting("periods"),
                "seed": setting("study.seed"), "inputs": stage("inputs"), "observations": setting("inputs.observations"),
                "streets": stage("network:walk", lambda n: n.edges()),
            },
        ),
        "candidates": Stage(
            "planner.siting.proposal:candidate_sites",
            {
                **{k: stage("inputs", _get(k)) for k in ("hosts", "districts", "water")},
                "network": stage("network:walk"), "stations": stage("stations", _get("stations")),
                "rules": derived(_places),
            },
        ),
        "hotspots": Stage(
            "planner.demand.hotspots:find",
            {
                "demand": stage("demand", _get("demand")), "periods": setting("periods"),
                "places": stage("inputs", _get("places")), "hosts": stage("inputs", _get("hosts")),
            },
            kept=False,
        ),
    }  # fmt: skip


def _get(name: str) -> Any:
    """A pick: the part ``name`` of a value."""
    return lambda value: getattr(value, name)


def _places(settings: Settings) -> Any:
    """The rules of siting that say where a station could stand; the others stand at their defaults."""
    own = settings.siting
    keys = ("host_kinds", "every_m", "street_within_m", "dedupe_m", "min_to_open_m", "cost_yuan", "default_cost_yuan",
            "default_hours", "host_hours")  # fmt: skip
    return type(own)().model_copy(update={k: getattr(own, k) for k in keys})


# -- coverage today --------------------------------------------------------------------------------


def _open(value: Any) -> gpd.GeoDataFrame:
    """The stations that are open."""
    return value.stations[value.stations["status"] == "open"]


def _points(value: Any) -> gpd.GeoSeries:
    """Where the workers of each cell stand."""
    return gpd.GeoSeries(value.demand["point"], crs=value.demand.crs)


def _reach(mode: str, cutoff: float, sites: Any) -> Stage:
    return Stage(
        "planner.siting.proposal:reach_seconds",
        {
            "network": stage(f"network:{mode}"), "sites": sites, "points": stage("demand", _points),
            "cutoff_s": fixed(cutoff), "snap_limit_m": setting("circle.snap_limit_m"),
            "cell_m": setting("demand.cell_m"),
        },
    )  # fmt: skip


def _joined(ways: tuple[Way, ...], kind: str, hours: Any) -> Stage:
    return Stage(
        "planner.siting.proposal:site_reach",
        {
            "ways": stage("ways"), "seconds": stages(reach_name(kind, w) for w in ways), "hours": hours,
            "default_hours": setting("siting.default_hours"), "periods": setting("periods"),
            "walk_kmh": setting("circle.walk_kmh"),
        },
        kept=False,
    )  # fmt: skip


def _today(settings: Settings) -> dict[str, Stage]:
    """Who reaches the stations of today and the candidates, and coverage by the former."""
    ways = ways_of(settings.headline_groups, settings.circle) if settings.headline_groups else ()
    sites = {
        "stations": stage("stations", lambda v: _open(v).geometry),
        "candidates": stage("candidates", lambda v: v.candidates.geometry),
    }
    far = {w: cutoff_s(w, settings.circle, settings.siting.goal.fade_m) for w in ways}
    return {
        "ways": Stage(
            "planner.siting.proposal:ways_of",
            {"groups": derived(lambda s: s.headline_groups), "circle": setting("circle")},
            kept=False,
        ),
        **{reach_name(kind, w): _reach(w.mode, far[w], of) for kind, of in sites.items() for w in ways},
        "existing": _joined(ways, "stations", stage("stations", lambda v: _open(v)["open_hours"])),
        "new": _joined(ways, "candidates", stage("candidates", lambda v: v.candidates["open_hours"])),
        "coverage": Stage(
            "planner.siting.proposal:measure",
            {
                "demand": stage("demand", _get("demand")), "reach": stage("existing"),
                "districts": stage("inputs", _get("districts")), "periods": setting("periods"), "circle": setting("circle"),
            },
            kept=False,
        ),
        "covers": Stage(
            "planner.siting.proposal:covers_of",
            {
                "stations": stage("stations", _get("stations")), "reach": stage("existing"),
                "demand": stage("demand", _get("demand")), "periods": setting("periods"),
            },
            kept=False,
        ),
    }  # fmt: skip


# -- the plan --------------------------------------------------------------------------------------


def _plan() -> dict[str, Stage]:
    rules = part("siting", "circle.open_share", "groups", "periods", "study.seed", but=_ASKED)
    return {
        "rules": Stage(
            "planner.siting.proposal:judge",
            {
                "settings": part("siting", "groups", "periods", but=_ASKED),
                "candidates": stage("candidates", _get("candidates")), "districts": stage("inputs", _get("districts")),
            },
            kept=False,
        ),
        "factors": Stage(
            "planner.siting.proposal:demand_factors",
            {
                "surfaces": stage("demand", _get("surfaces")), "demand": stage("demand", _get("demand")),
                "scenarios": setting("siting.scenarios"),
            },
            kept=False,
        ),
        "posing": Stage(
            "planner.siting.proposal:Posing",
            {
                "settings": rules, "demand": stage("demand", _get("demand")), "districts": stage("inputs", _get("districts")),
                "candidates": stage("candidates", _get("candidates")), "existing": stage("existing"), "new": stage("new"),
                "factors": stage("factors"),
            },
            kept=False,
        ),
        "problem": Stage(
            "planner.siting.proposal:pose_problem", {"posing": stage("posing"), "judged": stage("rules")}, kept=False
        ),
        "siting": Stage("planner.siting.proposal:solve_study", {"posing": stage("posing"), "posed": stage("problem")}),
        "confidence": Stage(
            "planner.siting.proposal:steadiness",
            {
                "posing": stage("posing"), "posed": stage("problem"), "sited": stage("siting"),
                "within_m": setting("demand.cell_m"), "scenarios": setting("siting.scenarios"),
            },
        ),
        "nearest": Stage(
            "planner.siting.proposal:nearest_station_m",
            {
                "network": stage("network:walk"), "stations": stage("stations", lambda v: _open(v).geometry),
                "candidates": stage("candidates", _get("candidates")), "walk_kmh": setting("circle.walk_kmh"),
            },
            kept=False,
        ),
        "plan": Stage(
            "planner.siting.proposal:make_plan",
            {
                "settings": part("groups", "periods", "circle", "siting.batches", "study.language"),
                "posing": stage("posing"), "posed": stage("problem"), "sited": stage("siting"),
                "stations": stage("covers"), "hosts": stage("inputs", _get("hosts")), "before": stage("coverage"),
                "nearest_m": stage("nearest"), "confidence": stage("confidence"),
            },
            kept=False,
        ),
    }  # fmt: skip


# -- questions to it -------------------------------------------------------------------------------


def _questions() -> dict[str, Stage]:
    within = setting("demand.cell_m")
    return {
        "finished": Stage(
            "planner.siting.questions:finish",
            {
                "posing": stage("posing"),
                "posed": stage("problem"),
                "sited": stage("siting"),
                "planned": stage("plan"),
            },
            kept=False,
        ),
        "curve:searched": Stage(
            "planner.siting.questions:curve",
            {
                "posed": stage("problem"),
                "settings": part("siting", "study.seed", but=_ASKED),
                "numbers": setting("siting.curve"),
            },
        ),
        "curve": Stage(
            "planner.siting.questions:curve_with_plan",
            {"table": stage("curve:searched"), "of": stage("finished")},
            kept=False,
        ),
        "alternatives": Stage(
            "planner.siting.questions:alternatives",
            {"of": stage("finished"), "k": setting("siting.alternatives"), "within_m": within},
        ),
        "replacements": Stage(
            "planner.siting.questions:replacements",
            {"of": stage("finished"), "k": setting("siting.replacements")},
            kept=False,
        ),
        "sensitivity": Stage(
            "planner.siting.questions:sensitivity",
            {
                "of": stage("finished"),
                "circle": setting("circle"),
                "change": fixed(CHANGE),
                "within_m": within,
            },
        ),
        "rule_prices": Stage(
            "planner.siting.questions:rule_prices",
            {"of": stage("finished"), "fair": fixed(False), "time_limit_s": fixed(120.0)},
        ),
    }


# -- driver homes ----------------------------------------------------------------------------------


def _homes() -> dict[str, Stage]:
    inputs = {k: stage("inputs", _get(k)) for k in ("districts", "hosts", "landuse", "main_roads")}
    return {
        "truck_lists": Stage(
            "planner.inputs.truck_lists:read_truck_lists",
            {
                **{k: setting(f"inputs.{k}") for k in ("truck_counts", "truck_sites", "driver_homes")},
                "crs": stage("inputs", _get("crs")),
            },
        ),
        "truck_tags": Stage(
            "planner.inputs.truck_lists:read_truck_tags",
            {
                "osm_path": derived(_osm_path), "ids": stage("inputs", lambda v: v.hosts["host_id"].astype(str)),
            },
        ),
        "ground": Stage(
            "planner.freight.start:Ground",
            {
                **inputs, "demand": stage("demand", _get("demand")), "tags": stage("truck_tags"),
                "lists": stage("truck_lists"),
            },
            kept=False,
        ),
        "trucks": Stage(
            "planner.freight.model:run_model",
            {
                "freight": derived(_trucks), "network": stage("network:truck"), "ground": stage("ground"),
                "seed": setting("study.seed"),
            },
        ),
        "homes": Stage(
            "planner.freight.homes:plan_homes",
            {"freight": derived(_choice), "model": stage("trucks"), "network": stage("network:truck")},
            kept=False,
        ),
    }  # fmt: skip


def _osm_path(settings: Settings) -> Path | None:
    """The street file where it holds OpenStreetMap's objects."""
    path = settings.inputs.streets.path
    return path if is_osm(path) else None


def _trucks(settings: Settings) -> Freight:
    """What is assumed of trucks; which homes are wanted stands at its defaults."""
    own = settings.freight
    return Freight().model_copy(
        update={k: getattr(own, k) for k in type(own).model_fields if k not in CHOICE_ONLY}
    )


def _choice(settings: Settings) -> Freight:
    """The section but for the switch that leaves homes out."""
    return settings.freight.model_copy(update={"enabled": True})


# -- what is shown besides -------------------------------------------------------------------------


def _views(settings: Settings) -> dict[str, Stage]:
    def way(g: Group) -> Way:
        return Way(str(g.second_mode), g.minutes, (g.name,))

    seconds = {reach_name("second", way(g)): g for g in second_groups(settings)}
    fade = settings.siting.goal.fade_m
    return {
        "sites": Stage(
            "planner.siting.proposal:places_of",
            {
                "stations": stage("stations", _get("stations")), "candidates": stage("candidates", _get("candidates")),
                "sited": stage("siting"),
            },
            kept=False,
        ),
        **{
            name: _reach(str(g.second_mode), cutoff_s(way(g), settings.circle, fade), stage("sites"))
            for name, g in seconds.items()
        },
        "second_views": Stage(
            "planner.siting.proposal:second_views",
            {
                "groups": derived(second_groups),
                "seconds": stages(reach_name("second", way(g)) for g in second_groups(settings)),
                "demand": stage("demand", _get("demand")), "existing": stage("existing"), "new": stage("new"),
                "sited": stage("siting"), "periods": setting("periods"), "need_open": setting("circle.open_share"),
            },
            kept=False,
        ),
        "areas": Stage(
            "planner.siting.proposal:circle_areas",
            {
                "network": stage("network:walk"), "old": stage("stations", lambda v: _open(v).geometry),
                "both": stage("sites"), "circle": setting("circle"),
            },
        ),
        "gaps": Stage(
            "planner.siting.coverage:gap_areas",
            {
                "demand": stage("demand", _get("demand")), "coverage": stage("plan", lambda v: v.plan.after),
                "cell_m": setting("demand.cell_m"), "places": stage("inputs", _get("places")),
            },
            kept=False,
        ),
    }  # fmt: skip
