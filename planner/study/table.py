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
from planner.settings.siting import Siting
from planner.settings.whole import Settings
from planner.siting.proposal import Way, cutoff_s, ways_of
from planner.siting.questions import CHANGE
from planner.study.stages import Stage
from planner.study.takes import derived, fixed, groups, part, section, setting, stage, stages

__all__ = ["reach_name", "second_groups", "table_of"]

#: Settings of siting that only say what is asked of a finished plan.
_ASKED = ("curve", "alternatives", "replacements", "sensitivity")
#: Settings of siting that only say where a station could stand, and when it is open.
_PLACES = ("host_kinds", "every_m", "street_within_m", "dedupe_m", "min_to_open_m", "cost_yuan", "default_cost_yuan",
           "default_hours", "host_hours")  # fmt: skip
#: Settings of siting that rule on sites; the number of demand scenarios is in their factors.
_RULES = tuple(k for k in Siting.model_fields if k not in (*_ASKED, *_PLACES, "scenarios"))
#: What worker density asks of a group.
_DENSITY = ("name", "enabled", "in_headline", "rate_per_1000", "total", "totals", "district_rates_per_1000", "band_low", "band_high",
            "profile", "covariates", "elasticities")  # fmt: skip
#: What a rule on sites asks of a group: whether it counts.
_COUNTS = ("name", "enabled", "in_headline")


def table_of(settings: Settings) -> Mapping[str, Stage]:
    """The stages of a study, each after those whose values it takes."""
    return {**_inputs(), **_today(settings), **_plan(), **_questions(), **_homes(), **_views(settings)}


def reach_name(kind: str, way: Way) -> str:
    """Name of the stage that searches travel times to the sites of a kind."""
    return f"reach:{kind}:{way.mode}" + (f":{way.minutes:g}" if way.minutes != 10 else "")


def _second_groups(settings: Settings) -> tuple[Group, ...]:
    """The same with nothing but how they travel."""
    keys = {"name", "second_mode", "minutes"}
    return tuple(
        Group.model_construct(**{k: getattr(g, k) for k in keys}, profile={}) for g in second_groups(settings)
    )


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
            "planner.inputs.spelling:judge_words", {
                "siting": section("siting", "host_kinds", "cost_yuan", "host_hours", "default_hours"),
                "freight": section("freight", "site_kinds"),
            },
            kept=False
        ),
        "inputs": Stage(
            "planner.inputs.load:load_inputs",
            {
                "about": derived(lambda s: About(**{k: getattr(s.study, k) for k in ("name", "title_zh", "title_en", "crs")})),
                "inputs": derived(_lists), "frame": stage("frame", may_fail=True),
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
                "demand": setting("demand"), "groups": groups("active_groups", *_DENSITY), "periods": setting("periods"),
                "seed": setting("study.seed"), "inputs": stage("inputs"), "observations": setting("inputs.observations"),
                "streets": stage("network:walk", lambda n: n.edges()),
            },
        ),
        "candidates": Stage(
            "planner.siting.proposal:candidate_sites",
            {
                **{k: stage("inputs", _get(k)) for k in ("hosts", "districts", "water")},
                "network": stage("network:walk"), "stations": stage("stations", _get("stations")),
                "rules": section("siting", *_PLACES),
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


def _lists(settings: Settings) -> Any:
    """The files that are read at once; what is known of trucks is read apart."""
    return settings.inputs.model_copy(update={"truck_counts": None, "truck_sites": None, "driver_homes": ()})


def _get(name: str) -> Any:
    """A pick: the part ``name`` of a value."""
    return lambda value: getattr(value, name)


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
            {"groups": groups("headline_groups", "name", "mode", "minutes"), "circle": section("circle", "minutes")},
            kept=False,
        ),
        **{reach_name(kind, w): _reach(w.mode, far[w], of) for kind, of in sites.items() for w in ways},
        "existing": _joined(ways, "stations", stage("stations", lambda v: _open(v)["open_hours"])),
        "new": _joined(ways, "candidates", stage("candidates", lambda v: v.candidates["open_hours"])),
        "coverage": Stage(
            "planner.siting.proposal:measure",
            {
                "demand": stage("demand", _get("demand")), "reach": stage("existing"),
                "districts": stage("inputs", _get("districts")), "periods": setting("periods"),
                "circle": section("circle", "readings_m", "open_share"),
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
    return {
        "rules": Stage(
            "planner.siting.proposal:judge",
            {
                "siting": section("siting", *_RULES, "scenarios"),
                "candidates": stage("candidates", _get("candidates")), "districts": stage("inputs", _get("districts")),
            },
            kept=False,
        ),
        "factors": Stage(
            "planner.siting.proposal:demand_factors",
            {
                "surfaces": stage("demand", _get("surfaces")), "demand": stage("demand", _get("demand")),
                "scenarios": derived(_aimed_at),
            },
            kept=False,
        ),
        "posing": Stage(
            "planner.siting.proposal:Posing",
            {
                "siting": section("siting", *_RULES), "periods": setting("periods"),
                "groups": derived(lambda s: tuple(g.name for g in s.headline_groups)), "seed": setting("study.seed"),
                "need_open": setting("circle.open_share"),
                "demand": stage("demand", _get("demand")), "districts": stage("inputs", _get("districts")),
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
                "surfaces": stage("demand", _get("surfaces")), "within_m": setting("demand.cell_m"),
                "scenarios": setting("siting.scenarios"),
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
                "settings": part(
                    "periods", "circle.readings_m", "circle.open_share", "siting.batches", "study.language",
                    of_groups=(*_COUNTS, "name_zh", "name_en"),
                ),
                "posing": stage("posing"), "posed": stage("problem"), "sited": stage("siting"),
                "stations": stage("covers"), "hosts": stage("inputs", _get("hosts")), "before": stage("coverage"),
                "nearest_m": stage("nearest"), "confidence": stage("confidence"),
            },
            kept=False,
        ),
    }  # fmt: skip


def _aimed_at(settings: Settings) -> int:
    """How many demand scenarios the plan itself is after; none where it is the estimate."""
    return settings.siting.scenarios if settings.siting.goal.aim in ("mean", "cvar", "worst") else 0


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
            {"posing": stage("posing"), "posed": stage("problem"), "numbers": setting("siting.curve")},
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
                "circle": section("circle", "minutes", "walk_kmh", "readings_m"),
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
                "groups": derived(_second_groups),
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
                "both": stage("sites"), "circle": section("circle", "minutes"),
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
