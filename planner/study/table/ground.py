"""Stages a study stands on: networks, inputs, worker density, candidates."""

from __future__ import annotations

from typing import Any

from planner.roads.make.profiles import MODES
from planner.settings.about import About
from planner.settings.whole import Settings
from planner.study.stages import Stage
from planner.study.table.keys import DENSITY, PLACES
from planner.study.table.pick import get
from planner.study.takes import derived, fixed, groups, section, setting, stage


def inputs() -> dict[str, Stage]:
    """Networks, inputs, stations on the streets, worker density, candidates, hot spots."""
    return {
        **{f"network:{mode}": _network(mode) for mode in MODES},
        "frame": Stage("planner.roads.network:street_frame", {"network": stage("network:walk")}, kept=False),
        "words": Stage(
            "planner.inputs.spelling:judge_words", {
                "siting": section("siting", "host_kinds", "cost_yuan", "host_hours", "default_hours", "places"),
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
            guards=("words", "truck_lists"),
        ),
        "truck_lists": Stage(
            "planner.inputs.truck_lists:read_truck_lists",
            {
                **{k: setting(f"inputs.{k}") for k in ("truck_counts", "truck_sites", "driver_homes")},
                "crs": stage("network:walk", lambda n: n.crs, may_fail=True),
            },
        ),
        "stations": Stage(
            "planner.siting.existing:snap_stations",
            {
                "stations": stage("inputs", get("stations")), "network": stage("network:walk"),
                "limit_m": setting("circle.snap_limit_m"),
            },
        ),
        "demand": Stage(
            "planner.demand.density:model_demand",
            {
                "demand": setting("demand"), "groups": groups("active_groups", *DENSITY), "periods": setting("periods"),
                "seed": setting("study.seed"), "inputs": stage("inputs"), "observations": setting("inputs.observations"),
                "streets": stage("network:walk", lambda n: n.edges()),
            },
        ),
        "candidates": Stage(
            "planner.siting.proposal:candidate_sites",
            {
                **{k: stage("inputs", get(k)) for k in ("hosts", "districts", "water")},
                "network": stage("network:walk"), "stations": stage("stations", get("stations")),
                "rules": section("siting", *PLACES, "required"),  # a required host is taken before its neighbours
            },
        ),
        "hotspots": Stage(
            "planner.demand.hotspots:find",
            {
                "demand": stage("demand", get("demand")), "periods": setting("periods"),
                "places": stage("inputs", get("places")), "hosts": stage("inputs", get("hosts")), "language": setting("study.language"),
            },
            kept=False,
        ),
    }  # fmt: skip


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


def _lists(settings: Settings) -> Any:
    """The files that are read at once; what is known of trucks, of visits and of grades is read apart."""
    return settings.inputs.model_copy(
        update={
            "visits": None,
            "grades": None,
            "grade_costs": None,
            "truck_counts": None,
            "truck_sites": None,
            "driver_homes": (),
        }
    )
