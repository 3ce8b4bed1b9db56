"""What if, at demand points: a season's factors, and events' workers on the street within their polygon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely

from planner.demand.grid import Floats
from planner.demand.scenarios import event_polygon
from planner.demand.seasons import season_over
from planner.demand.streets.hold import Held, with_spots
from planner.demand.streets.standing import DemandPoints
from planner.errors import Finding, InputError, finding
from planner.settings.demand import Demand, Event
from planner.settings.groups import Group, Period

__all__ = ["lay_over", "with_event_spots"]


def with_event_spots(held: Held, events: Sequence[Event], districts: object, crs: object) -> Held:
    """The points with one more in the middle of each event that no street touches."""
    for event in events:
        polygon = event_polygon(event, crs)
        if not shapely.contains_xy(polygon, held.pieces.x_m, held.pieces.y_m).any():
            spot = shapely.point_on_surface(polygon)
            held = with_spots(held, np.array([[spot.x, spot.y]]), districts)
    return held


def lay_over(
    points: DemandPoints, groups: Sequence[Group], s: Demand, periods: Sequence[Period]
) -> tuple[DemandPoints, Floats, Floats, list[Finding]]:
    """The points under the study's season and events.

    A season scales groups and moves their workers between periods (on hot days some are gone); an event's workers stand on
    the street within its polygon, in proportion to metres, and are divided over periods like their group.

    Returns
    -------
    points, seasoned, added, findings
        The points; per point, headline workers before events, and those that events bring; DEM-019.

    Raises
    ------
    InputError
        Nobody is outdoors in such a season (DEM-027).
    """
    found: list[Finding] = []
    table, profiles = points.table.copy(), {g: dict(p) for g, p in points.profiles.items()}
    factors = season_over(s, groups, periods)
    for g in groups:
        before = sum(profiles[g.name].values())
        weight = {t: share * factors[g.name].get(t, 1.0) for t, share in profiles[g.name].items()}
        whole = sum(weight.values())
        if whole > 0:
            profiles[g.name] = {t: v * before / whole for t, v in weight.items()}
        table[g.name] *= whole / before if before > 0 else 1.0
    head = [g for g in groups if g.in_headline]
    seasoned = table[[g.name for g in head]].to_numpy(float).sum(axis=1)
    if s.season == "hot_40" and not seasoned.sum() > 0:
        raise InputError([finding("DEM-027", source="study.toml", field="demand.season", value=s.season)])
    added = np.zeros(len(table))
    sums = {g.name: float(table[g.name].sum()) for g in head}
    x, y = (f(table.geometry.to_numpy()) for f in (shapely.get_x, shapely.get_y))
    metres = table["length_m"].to_numpy(float)
    for event in s.events:
        inside = shapely.contains_xy(event_polygon(event, table.crs), x, y)
        if not inside.any():
            found.append(finding("DEM-019", source="demand.events", field="name", value=event.name))
            continue
        share = inside * metres if (inside * metres).sum() > 0 else inside.astype(float)
        share = share / share.sum()
        for g, part in _parts(event, groups, head, sums):
            table[g.name] += event.workers * part * share
            added += event.workers * part * share * g.in_headline
    table["workers"] = seasoned + added
    return replace(points, table=table, profiles=profiles), seasoned, added, found


def _parts(
    event: Event, groups: Sequence[Group], head: Sequence[Group], sums: dict[str, float]
) -> list[tuple[Group, float]]:
    """How an event's workers divide into groups: its own, or as the headline groups are mixed."""
    own = [g for g in groups if g.name == event.group]
    if own:
        return [(own[0], 1.0)]
    total = sum(sums.values())
    return [(g, sums[g.name] / total if total > 0 else 1 / len(head)) for g in head]
