"""A plan that somebody took out of the page (``plan.json``, ``plan.csv``): read, judged, and as wishes for a new run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.errors import PlannerError, finding
from planner.hours.parse import parse_hours
from planner.settings.siting import OwnPlace

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.settings.siting import Siting

__all__ = ["ESTIMATED", "FORMAT", "PlanFile", "plan_of_text", "read_plan", "wishes"]

#: What a plan's file calls itself.
FORMAT = "planner plan 1"
#: Origin of a site that the page scored by straight line, because no candidate stands there.
ESTIMATED = "estimated"


@dataclass(frozen=True)
class PlanFile:
    """A plan of the page.

    Attributes
    ----------
    sites
        A row per new site: ``site_id``, ``lng``, ``lat`` (WGS84), ``open_hours``, ``origin`` ("estimated": a place that is no candidate).
    closed, hours
        Ids of the open stations that close, and other hours of those that stay.
    required, forbidden, refused
        Candidates that somebody put in, left out, or cannot have (with the reason).
    """

    sites: tuple[Mapping[str, Any], ...]
    closed: tuple[str, ...] = ()
    hours: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)

    def points(self, crs: Any) -> gpd.GeoDataFrame:
        """The new sites as points in ``crs``."""
        import geopandas as gpd

        columns = {k: [str(r.get(k) or "") for r in self.sites] for k in ("site_id", "open_hours")}
        xy = gpd.points_from_xy([r["lng"] for r in self.sites], [r["lat"] for r in self.sites], crs=4326)
        return gpd.GeoDataFrame(columns, geometry=xy).to_crs(crs)


def read_plan(path: Path) -> PlanFile:
    """A plan of the page.

    Raises
    ------
    PlannerError
        PAGE-001: it is none.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _no_plan(path.name, str(error)) from error
    return plan_of_text(text, path.name)


def plan_of_text(text: str, source: str) -> PlanFile:
    """A plan of the page from its text; ``source``: what it is called in a refusal.

    Raises
    ------
    PlannerError
        PAGE-001: it is none.
    """
    found = _from_json(source, text) if text.lstrip().startswith("{") else _from_csv(source, text)
    for row in found.sites:
        if not (-180 <= row["lng"] <= 180 and -90 <= row["lat"] <= 90):
            raise _no_plan(source, f"{row.get('site_id')}: {row['lng']}, {row['lat']}")
        if row.get("origin") == ESTIMATED and not str(row.get("site_id") or "").strip():
            raise _no_plan(source, "site_id")
    for hours in (*found.hours.values(), *(str(r.get("open_hours") or "") for r in found.sites)):
        if hours and not parse_hours(hours).known:
            raise _no_plan(source, hours)
    return found


def _from_json(source: str, text: str) -> PlanFile:
    try:
        plan = json.loads(text)
        if plan.get("format") != FORMAT:
            raise _no_plan(source, f"format {plan.get('format')!r}")
        return PlanFile(
            tuple({**row, "lng": float(row["lng"]), "lat": float(row["lat"])} for row in plan["sites"]),
            tuple(map(str, plan.get("closed", ()))),
            {str(k): str(v) for k, v in plan.get("hours", {}).items()},
            tuple(map(str, plan.get("required", ()))),
            tuple(map(str, plan.get("forbidden", ()))),
            {str(row["site_id"]): str(row["reason"]) for row in plan.get("rejected", ())},
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise _no_plan(source, f"{type(error).__name__} {error}") from error


def _from_csv(source: str, text: str) -> PlanFile:
    """A table of sites; those with the origin ``mine`` were put in by hand."""
    try:
        rows = list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise _no_plan(source, str(error)) from error
    if not rows or not {"site_id", "lng", "lat"} <= set(rows[0]):
        raise _no_plan(source, "site_id, lng, lat")
    try:
        sites = tuple({**row, "lng": float(row["lng"]), "lat": float(row["lat"])} for row in rows)
    except (TypeError, ValueError) as error:
        raise _no_plan(source, str(error)) from error
    return PlanFile(
        sites, required=tuple(r["site_id"] for r in rows if r.get("origin") in ("mine", ESTIMATED))
    )


def _no_plan(source: str, why: str) -> PlannerError:
    return PlannerError.of(finding("PAGE-001", source=source, why=why))


def wishes(plan: PlanFile, siting: Siting) -> dict[str, Any]:
    """The plan's choices as settings beside the study's own: what was put in is required, what was left out forbidden.

    Places that are no candidates become some (``siting.places``).
    """
    known = {p.id for p in siting.places}
    places = [
        OwnPlace(id=str(r["site_id"]), lng=r["lng"], lat=r["lat"], open_hours=str(r.get("open_hours") or ""))
        for r in plan.sites if r.get("origin") == ESTIMATED and r["site_id"] not in known
    ]  # fmt: skip
    out = {*plan.forbidden, *plan.refused}
    put_in = [v for v in (*siting.required, *plan.required) if v not in out]
    left = [
        v for v in (*siting.forbidden, *plan.forbidden) if v not in plan.required and v not in plan.refused
    ]
    refused = {k: v for k, v in siting.refused.items() if k not in plan.required} | dict(plan.refused)
    return {
        **({"siting__places": (*siting.places, *places)} if places else {}),
        "siting__required": tuple(dict.fromkeys(put_in)),
        "siting__forbidden": tuple(dict.fromkeys(left)),
        "siting__refused": refused,
    }
