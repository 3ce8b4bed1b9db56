"""Stages of the truck drivers' homes."""

from __future__ import annotations

from pathlib import Path

from planner.freight.model import CHOICE_ONLY
from planner.inputs.osm.layers import is_osm
from planner.settings.freight import Freight
from planner.settings.whole import Settings
from planner.study.stages import Stage
from planner.study.table.pick import get
from planner.study.takes import derived, setting, stage


def homes() -> dict[str, Stage]:
    """What is known of trucks, the freight model, the homes."""
    inputs = {k: stage("inputs", get(k)) for k in ("districts", "hosts", "landuse", "main_roads")}
    return {
        "truck_tags": Stage(
            "planner.inputs.truck_lists:read_truck_tags",
            {
                "osm_path": derived(_osm_path), "ids": stage("inputs", lambda v: v.hosts["host_id"].astype(str)),
            },
        ),
        "ground": Stage(
            "planner.freight.start:TruckGround",
            {
                **inputs, "demand": stage("demand", get("demand")), "tags": stage("truck_tags"),
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
