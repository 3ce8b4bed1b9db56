"""What if: events, seasons and other totals laid over a demand table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.demand.grid import Floats
from planner.demand.seasons import season_over
from planner.errors import Finding, finding
from planner.settings.demand import Demand, Event
from planner.settings.groups import Group, Period

#: band of the workers that an event brings
EVENT_BAND = (0.7, 1.3)


def apply(
    demand: gpd.GeoDataFrame,
    *,
    groups: Sequence[Group],
    periods: Sequence[Period],
    events: Sequence[Event] = (),
    season: str = "",
    settings: Demand | None = None,
    totals: Mapping[str, float] | None = None,
    cells: gpd.GeoDataFrame | None = None,
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """A demand table under a scenario; the given one stays as it is.

    In this order: ``totals``, ``season``, ``events``.

    Parameters
    ----------
    demand
        The demand table.
    groups, periods
        Of the study: profiles, headline.
    events
        Workers on top, spread evenly over the land cells of a polygon; of one group, or of all headline groups
        as they are mixed in the study.
    season
        A season of ``defaults.toml`` (``[seasons.<name>]``): factors on totals by group and on periods.
    settings
        What else a season asks of the study (``hottest_h``, ``heat_groups``).
    totals
        Workers of a group in the whole study, by name.
    cells
        From :func:`planner.demand.cells.make_cells`: land on which an event may put workers where the demand
        table has no row yet.

    Returns
    -------
    demand, findings
        Same columns; rows added for events on empty land. The bands grow in proportion; an event's
        workers have :data:`EVENT_BAND`.
    """
    found: list[Finding] = []
    table = demand.copy()
    polygons = [event_polygon(e, demand.crs) for e in events]
    if cells is not None and polygons:
        table = _with_cells(table, cells, polygons)
    before = table["workers"].to_numpy(float).copy()
    _rescale(table, totals or {}, periods)
    _season(table, season, groups, periods, settings)
    middle = _headline_sum(table, groups, periods)
    ratio = np.where(before > 0, middle / np.where(before > 0, before, 1), 1.0)
    added = np.zeros(len(table))
    for event, polygon in zip(events, polygons, strict=True):
        shares = event_shares(table, polygon)
        if not shares.sum() > 0:
            found.append(finding("DEM-019", source="demand.events", field="name", value=event.name))
            continue
        for group, part in _parts(event, table, groups, periods):
            for p in periods:
                table[f"{group.name}__{p.name}"] += (
                    event.workers * part * group.profile.get(p.name, 0.0) * shares
                )
            added += event.workers * part * shares * group.in_headline
    table["workers"] = _headline_sum(table, groups, periods)
    low, high = table["workers_low"] * ratio, table["workers_high"] * ratio
    table["workers_low"] = np.minimum(low + EVENT_BAND[0] * added, table["workers"])
    table["workers_high"] = np.maximum(high + EVENT_BAND[1] * added, table["workers"])
    return table, found


def season_and_events(
    before: NDArray[Any], now: NDArray[Any], totals: Sequence[float]
) -> tuple[Floats, Floats]:
    """What the season makes of an estimate, and what events add to it.

    Parameters
    ----------
    before, now
        Workers of groups in cells (n_groups × n_cells): without the scenario, and under it.
    totals
        Factor of the season on the workers of each group.

    Returns
    -------
    seasoned, added
        They sum to ``now``.
    """
    seasoned = np.asarray(before, float) * np.asarray(totals, float)[:, None]
    return seasoned, np.maximum(now - seasoned, 0.0)


def event_polygon(event: Event, crs: Any) -> shapely.Polygon:
    """The polygon of an event in a CRS."""
    ring = gpd.GeoSeries([shapely.Polygon(event.polygon)], crs="EPSG:4326").to_crs(crs)
    return shapely.make_valid(ring.iloc[0])


def event_shares(table: gpd.GeoDataFrame, polygon: shapely.Polygon) -> Floats:
    """Share of an event's workers per row: by area of the cell within the polygon; they sum to 1 or 0."""
    boxes = table.geometry.to_numpy()
    area = np.zeros(len(table))
    hit = shapely.STRtree(boxes).query(polygon, predicate="intersects")
    area[hit] = shapely.area(shapely.intersection(boxes[hit], polygon))
    return area / area.sum() if area.sum() > 0 else area


def _parts(
    event: Event, table: gpd.GeoDataFrame, groups: Sequence[Group], periods: Sequence[Period]
) -> list[tuple[Group, float]]:
    """How an event's workers divide into groups: its own, or as the headline groups are mixed."""
    own = [g for g in groups if g.name == event.group]
    if own:
        return [(own[0], 1.0)]
    head = [g for g in groups if g.in_headline]
    sums = [float(sum(table[f"{g.name}__{p.name}"].sum() for p in periods)) for g in head]
    total = sum(sums)
    return [(g, v / total if total > 0 else 1 / len(head)) for g, v in zip(head, sums, strict=True)]


def _headline_sum(table: pd.DataFrame, groups: Sequence[Group], periods: Sequence[Period]) -> Floats:
    names = [f"{g.name}__{p.name}" for g in groups if g.in_headline for p in periods]
    return np.asarray(table[names].sum(axis=1), float)


def _rescale(table: pd.DataFrame, totals: Mapping[str, float], periods: Sequence[Period]) -> None:
    """Give groups other totals (in place)."""
    for group, total in totals.items():
        names = [f"{group}__{p.name}" for p in periods]
        if not set(names) <= set(table.columns):
            raise ValueError(f"the demand table has no group {group!r}")
        now = float(table[names].sum().sum())
        if now > 0:
            table[names] = table[names] * (total / now)


def _season(
    table: pd.DataFrame, season: str, groups: Sequence[Group], periods: Sequence[Period], settings: Demand | None
) -> None:  # fmt: skip
    """Scale groups by the season's factors, and move their workers between periods (in place)."""
    if not season:
        return
    own = (settings or Demand()).model_copy(update={"season": season})
    for name, factors in season_over(own, groups, periods).items():
        for t, factor in factors.items():
            table[f"{name}__{t}"] *= factor


def _with_cells(
    table: gpd.GeoDataFrame, cells: gpd.GeoDataFrame, polygons: Sequence[shapely.Polygon]
) -> gpd.GeoDataFrame:
    """Rows for land cells that an event touches and the table lacks, with nobody in them yet."""
    land = cells[(cells["land_share"] > 0) & ~cells["cell_id"].isin(table["cell_id"])]
    hit = shapely.STRtree(land.geometry.to_numpy()).query(polygons, predicate="intersects")
    new = land.iloc[np.unique(hit[1])]
    if not len(new):
        return table
    zero = [c for c in table.columns if "__" in c or c.startswith("workers")]
    rows = new[["cell_id", "district", "geometry"]].assign(**dict.fromkeys(zero, 0.0))
    rows["point"] = gpd.GeoSeries(shapely.centroid(new.geometry.to_numpy()), index=new.index, crs=table.crs)
    both = pd.concat([table, rows[list(table.columns)]])
    if table.index.isin(cells.index).all():
        both = both.loc[cells.index[cells.index.isin(both.index)]]
    both.attrs = dict(table.attrs)
    return both
