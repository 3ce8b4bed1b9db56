"""What the rows of the table share: parts of values, names, and the search for travel times."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd

from planner.settings.groups import Group
from planner.settings.whole import Settings
from planner.siting.reach import Way
from planner.study.stages import Stage
from planner.study.takes import fixed, setting, stage


def get(name: str) -> Any:
    """A pick: the part ``name`` of a value."""
    return lambda value: getattr(value, name)


def open_of(value: Any) -> gpd.GeoDataFrame:
    """The stations that are open."""
    return value.stations[value.stations["status"] == "open"]


def hours_of(sites: gpd.GeoDataFrame) -> pd.DataFrame:
    """What is known of when sites are open."""
    return pd.DataFrame(sites[[c for c in ("open_hours", "week_hours", "hours_kept") if c in sites]])


def change_workers_of(settings: Settings) -> float:
    """What a change from last year's plan has to be worth, in workers."""
    return settings.change_workers


def factors_of(value: Any) -> Any:
    """Workers of each demand draw over the estimate (n_draws × n_groups × n_cells)."""
    return value.ensemble.factors


def points_of(value: Any) -> gpd.GeoSeries:
    """Where workers stand."""
    return value.points.geometry


def second_groups(settings: Settings) -> tuple[Group, ...]:
    """Groups of the headline that also travel by a second mode."""
    return tuple(g for g in settings.headline_groups if g.second_mode is not None)


def reach_name(kind: str, way: Way) -> str:
    """Name of the stage that searches travel times to the sites of a kind."""
    return f"reach:{kind}:{way.mode}" + (f":{way.minutes:g}" if way.minutes != 10 else "")


def reach_of(mode: str, cutoff: float, sites: Any) -> Stage:
    """The search for travel times from every demand point to ``sites`` by a mode, as far as ``cutoff`` seconds."""
    return Stage(
        "planner.siting.reach:reach_seconds",
        {
            "network": stage(f"network:{mode}"), "sites": sites, "points": stage("demand", points_of),
            "cutoff_s": fixed(cutoff), "snap_limit_m": setting("circle.snap_limit_m"),
        },
    )  # fmt: skip
