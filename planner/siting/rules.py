"""The study's rules on sites: what they name, whether they can hold together, quotas as arrays of sites."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.errors import Finding, InfeasibleError, finding
from planner.settings.whole import Settings
from planner.siting.candidates import proportional_quota_min
from planner.siting.goal import close_sites
from planner.siting.goal_rules import judge_goal
from planner.solvers.clash import refusal
from planner.solvers.infeasible import refuse_impossible
from planner.solvers.request import check_rules

Array = NDArray[Any]


def positions(ids: Sequence[str], table: gpd.GeoDataFrame) -> Array:
    """Positions of the candidates named in ``ids``, each once."""
    return np.flatnonzero(table["site_id"].isin(ids).to_numpy()).astype(np.int64)


def judge_rules(
    settings: Settings, candidates: gpd.GeoDataFrame, districts: gpd.GeoDataFrame
) -> list[Finding]:
    """What the study's rules name that is not there, or name twice over (CAN-004 to CAN-007, GOAL-*)."""
    rules, found = settings.siting, judge_goal(settings)
    ids, names = set(candidates["site_id"]), [str(d) for d in districts["district"]]
    for key in ("required", "forbidden"):
        found += [
            finding("CAN-005", source="study.toml", field=key, value=v)
            for v in dict.fromkeys(getattr(rules, key))
            if v not in ids
        ]
    both = [v for v in dict.fromkeys(rules.required) if v in set(rules.forbidden)]
    found += [finding("CAN-006", source="study.toml", field="required", value=v) for v in both]
    for key in ("quota_min", "quota_max"):
        found += [
            finding("CAN-007", source="study.toml", field=key, value=v, nearest=_nearest(v, names))
            for v in getattr(rules, key)
            if v not in names
        ]
    if rules.p > len(candidates) and not rules.goal.budget_only:
        found.append(
            finding("CAN-004", source="study.toml", field="p", value=rules.p, p=rules.p, n=len(candidates))
        )
    return found


def _nearest(value: str, known: Iterable[str]) -> str:
    names = [str(k) for k in known]
    return next(iter(difflib.get_close_matches(value, names, n=1, cutoff=0.0)), "-")


def judge_clash(
    settings: Settings, candidates: gpd.GeoDataFrame, districts: gpd.GeoDataFrame
) -> list[Finding]:
    """CAN-008 where no plan can obey the study's count, quotas, required sites and budget together."""
    rules, goal = settings.siting, settings.siting.goal
    region = candidates["district"].to_numpy(dtype=str)
    hard = goal.spacing_m > 0 and not goal.spacing_price
    must = positions(rules.required, candidates)
    close = close_sites(xy_of(candidates.iloc[must]), goal.spacing_m) if hard else np.zeros((0, 2), np.int64)
    if len(close):
        ids = candidates["site_id"].to_numpy()[must]
        return [
            finding("GOAL-005", source="study.toml", field="siting.required", value=ids[a], a=ids[a], b=ids[b],
                    m=f"{goal.spacing_m:g}")
            for a, b in close
        ]  # fmt: skip
    try:
        refuse_impossible(
            check_rules(
                len(candidates), None if goal.budget_only else rules.p, required=must,
                forbidden=positions(rules.forbidden, candidates), region=region,
                quota_min=study_quota_min(settings, districts, region) or None,
                quota_max=study_quota_max(settings, districts) or None, cost=candidates["cost_yuan"].to_numpy(dtype=float),
                budget=rules.budget_yuan,
                conflicts=close_sites(xy_of(candidates), goal.spacing_m) if hard else None,
            )
        )  # fmt: skip
    except InfeasibleError as error:
        return [
            finding(
                "CAN-008",
                source="study.toml",
                field="siting",
                why_en=refusal(error, "en"),
                why_zh=refusal(error, "zh"),
            )
        ]
    return []


def xy_of(table: gpd.GeoDataFrame) -> Array:
    """Coordinates of a table of points (n × 2)."""
    return shapely.get_coordinates(table.geometry.to_numpy())


def study_quota_min(settings: Settings, districts: gpd.GeoDataFrame, region: Array) -> dict[str, int]:
    """Minimum per district: the study's, else the districts' table's, else half its share of p.

    The last is never above the district's candidates.
    """
    rules = settings.siting
    stated = _stated(districts, "quota_min") | dict(rules.quota_min)
    if stated or rules.quotas != "half_proportional" or rules.goal.budget_only:
        return stated
    caps = [int((region == d).sum()) for d in districts["district"]]
    return proportional_quota_min(districts, rules.p, caps=caps)


def study_quota_max(settings: Settings, districts: gpd.GeoDataFrame) -> dict[str, int]:
    """Maximum per district, as the districts' table says or, before it, the study."""
    return _stated(districts, "quota_max") | dict(settings.siting.quota_max)


def _stated(districts: gpd.GeoDataFrame, column: str) -> dict[str, int]:
    """Whole numbers of a column of the districts' table, where it has one."""
    given = (
        districts.set_index("district")[column].dropna() if column in districts else pd.Series(dtype=float)
    )
    return {str(k): int(v) for k, v in given.items()}
