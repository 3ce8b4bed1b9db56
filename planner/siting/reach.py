"""Who reaches which sites, and what that covers: stages from travel times to coverage and the circle as drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse

from planner.demand.streets.standing import DemandPoints
from planner.errors import InputError, finding
from planner.hours.parse import open_share
from planner.hours.week import period_quarters, week_hours
from planner.roads.areas import union_area
from planner.roads.network import Network
from planner.roads.outline import generalise
from planner.roads.reach import Snapped, nearest, snap, travel_times
from planner.settings.circle import Circle
from planner.settings.groups import Group, Period
from planner.siting.coverage import Access, Coverage, measure_coverage, stations_in_reach
from planner.siting.open_times import OpenTimes

__all__ = [
    "CircleAreas",
    "NearestStation",
    "SiteReach",
    "Way",
    "circle_area",
    "circle_areas",
    "covers_of",
    "cutoff_s",
    "joined",
    "measure",
    "nearest_station",
    "places_of",
    "reach_seconds",
    "second_views",
    "site_reach",
    "snapped",
    "street_metres",
    "ways_of",
]

Array = NDArray[Any]


@dataclass(frozen=True)
class Way:
    """A way of travelling of the headline: mode, minutes, and the groups that travel so."""

    mode: str
    minutes: float
    groups: tuple[str, ...]


def ways_of(groups: Sequence[Group], circle: Circle) -> tuple[Way, ...]:
    """Ways of travelling of the headline's groups; who walks ten minutes walks the circle's minutes.

    Raises
    ------
    InputError
        No group counts in the headline (DEM-021).
    """
    ways: dict[tuple[str, float], list[str]] = {}
    for g in groups:
        minutes = circle.minutes if g.mode == "walk" and g.minutes == 10 else g.minutes
        ways.setdefault((g.mode, minutes), []).append(g.name)
    if not ways:
        raise InputError([finding("DEM-021", source="study.toml", field="groups")])
    return tuple(Way(mode, minutes, tuple(names)) for (mode, minutes), names in ways.items())


def cutoff_s(way: Way, circle: Circle, fade_m: Sequence[float] | None) -> float:
    """How far is searched: the minutes, and on foot every distance that is read off the same search."""
    read = [*circle.readings_m, *(fade_m or ())] if way.mode == "walk" else []
    return max([way.minutes * 60.0, *(r / (circle.walk_kmh / 3.6) for r in read)])


def reach_seconds(
    network: Network, sites: gpd.GeoSeries, points: gpd.GeoSeries, *, cutoff_s: float, snap_limit_m: float
) -> sparse.csr_array:
    """Seconds from every point to every site that it reaches (n_sites × n_points)."""
    here, there = snapped(network, sites, points, snap_limit_m=snap_limit_m)
    return travel_times(network, here, there, cutoff_s=cutoff_s).seconds


def snapped(
    network: Network, sites: gpd.GeoSeries, points: gpd.GeoSeries, *, snap_limit_m: float
) -> tuple[Snapped, Snapped]:
    """Sites and demand points on the streets that count."""
    return snap(network, sites, limit_m=snap_limit_m), snap(network, points, limit_m=snap_limit_m)


@dataclass(frozen=True)
class SiteReach:
    """Sites, who reaches them by each way of travelling, the share of each period they are open, and when by quarter-hours."""

    access: tuple[Access, ...]
    open_share: Array
    times: OpenTimes | None = None

    def only(self, sites: Array) -> SiteReach:
        """The same for the sites at some positions."""
        access = tuple(replace(a, seconds=a.seconds[sites]) for a in self.access)
        times = None if self.times is None else self.times.only(sites)
        return SiteReach(access, self.open_share[sites], times)

    def columns(self, at: Array) -> SiteReach:
        """The same sites, only the demand points at some positions."""
        return replace(self, access=tuple(replace(a, seconds=a.seconds[:, at]) for a in self.access))

    def within(self, radius_m: float) -> SiteReach:
        """The same read at another walking distance."""
        access = tuple(replace(a, cutoff_s=a.cutoff_for(radius_m)) for a in self.access)
        return replace(self, access=access)

    def always(self) -> SiteReach:
        """The same sites, open day and night."""
        times = None if self.times is None else self.times.always()
        return replace(self, open_share=np.ones_like(self.open_share), times=times)


def site_reach(
    ways: Sequence[Way], seconds: Sequence[sparse.csr_array], hours: pd.DataFrame, *, default_hours: str,
    periods: Sequence[Period], circle: Circle, off_h: tuple[float, float] | None = None,
) -> SiteReach:  # fmt: skip
    """Travel times of every way beside when the sites are open.

    ``hours``: a row per site with ``open_hours`` (none: the study's default), and where known ``week_hours`` and
    ``hours_kept`` (else the study's share); ``off_h``: hours in which nobody is out.
    """
    walk_kmh, stated = circle.walk_kmh, hours["open_hours"].fillna("")
    filled = stated.where(stated != "", default_hours)
    access = tuple(
        Access(w.groups, s, w.minutes * 60.0, walk_kmh / 3.6 if w.mode == "walk" else None)
        for w, s in zip(ways, seconds, strict=True)
    )
    week = week_hours(filled, hours.get("week_hours"), default=default_hours)
    times = OpenTimes(week, _kept(hours, circle), period_quarters(periods, off_h=off_h))
    return SiteReach(access, np.asarray(open_share(filled, periods)), times)


def _kept(hours: pd.DataFrame, circle: Circle) -> Array:
    """Low, middle and high share of its hours that each site keeps: its own where the list says, else the study's."""
    low, high = circle.hours_kept_band
    own = hours["hours_kept"].to_numpy(float) if "hours_kept" in hours else np.full(len(hours), np.nan)
    every = np.tile(np.array([low, circle.hours_kept, high]), (len(hours), 1))
    return np.where(np.isnan(own)[:, None], every, own[:, None])


def joined(old: SiteReach, new: SiteReach) -> SiteReach:
    """Sites of two lists, one below the other."""
    access = tuple(
        replace(a, seconds=sparse.csr_array(sparse.vstack([a.seconds, b.seconds], format="csr")))
        for a, b in zip(old.access, new.access, strict=True)
    )
    times = None if old.times is None or new.times is None else old.times.beside(new.times)
    return SiteReach(access, np.vstack([old.open_share, new.open_share]), times)


def measure(
    demand: gpd.GeoDataFrame, reach: SiteReach, districts: gpd.GeoDataFrame, *, points: DemandPoints,
    periods: Sequence[Period], circle: Circle,
) -> Coverage:  # fmt: skip
    """Coverage by the sites of ``reach``, whose columns are the ``points`` that ``demand`` sums over cells."""
    return measure_coverage(
        demand,
        reach.access,
        reach.open_share,
        points=points,
        periods=[p.name for p in periods],
        night=[p.name for p in periods if p.start_h >= 20 or p.end_h <= 6],
        readings_m=circle.readings_m,
        need_open=circle.open_share,
        districts=list(districts["district"]),
        times=reach.times,
    )


def covers_of(
    stations: gpd.GeoDataFrame, reach: SiteReach, points: DemandPoints, *, periods: Sequence[Period],
    need_open: float,
) -> gpd.GeoDataFrame:  # fmt: skip
    """Stations with ``covers``: workers within the cutoff in the periods that it is open (0 for those not open).

    ``reach``: of the open ones, in the table's order; a period counts as ``need_open`` says.
    """
    is_open, serves = stations["status"] == "open", reach.open_share >= need_open
    total = np.zeros(int(is_open.sum()))
    for way in reach.access:
        near = way.seconds.copy()
        near.data = (near.data <= way.cutoff_s).astype(float)
        workers = points.by_period(way.groups, [t.name for t in periods])
        total += ((near @ workers) * serves).sum(axis=1)
    covers = pd.Series(total, index=stations.index[is_open])
    return stations.assign(covers=covers.reindex(stations.index).fillna(0.0))


@dataclass(frozen=True)
class NearestStation:
    """The open station nearest to each candidate: walking metres (inf beyond an hour), its position (-1: none)."""

    metres: Array
    station: Array


def nearest_station(
    network: Network, stations: gpd.GeoSeries, candidates: gpd.GeoDataFrame, *, walk_kmh: float
) -> NearestStation:
    """The nearest of the open ``stations`` on foot, for each candidate."""
    if stations.empty:
        return NearestStation(np.full(len(candidates), np.inf), np.full(len(candidates), -1))
    found = nearest(network, stations, candidates.geometry, cutoff_s=3600.0)
    return NearestStation(found.seconds.astype(float).ravel() * walk_kmh / 3.6, found.site.ravel())


def street_metres(
    network: Network, sites: gpd.GeoSeries, points: gpd.GeoSeries, *, within_m: float, walk_kmh: float,
    snap_limit_m: float,
) -> sparse.csr_array:  # fmt: skip
    """Walking metres from every point to every site within ``within_m`` (n_sites × n_points; stored = in reach)."""
    speed = walk_kmh / 3.6
    found = travel_times(network, sites, points, cutoff_s=within_m / speed, limit_m=snap_limit_m).seconds
    metres = np.minimum(found.data.astype(float) * speed, within_m)
    return sparse.csr_array((metres, found.indices, found.indptr), shape=found.shape)


def places_of(stations: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame, chosen: Array) -> gpd.GeoSeries:
    """The open stations, then the chosen sites."""
    old, new = (
        stations[stations["status"] == "open"].geometry,
        candidates.geometry.iloc[chosen],
    )
    return gpd.GeoSeries(pd.concat([old, new], ignore_index=True), crs=stations.crs)


def second_views(
    groups: Sequence[Group], seconds: Sequence[sparse.csr_array], points: DemandPoints, existing: SiteReach,
    new: SiteReach, chosen: Array, *, periods: Sequence[Period], need_open: float,
) -> pd.DataFrame:  # fmt: skip
    """Groups that also ride or drive: share covered within their minutes by their second mode.

    ``seconds``: per such group, from the open stations and then the chosen sites. Columns group, mode, minutes,
    before, after (with the new stations).
    """
    is_open = np.vstack([existing.open_share, new.open_share[chosen]]) >= need_open
    n, rows = len(existing.open_share), []
    for g, reached in zip(groups, seconds, strict=True):
        workers = points.by_period([g.name], [p.name for p in periods])
        today = stations_in_reach(reached[:n], g.minutes * 60, is_open[:n]) >= 1
        later = stations_in_reach(reached, g.minutes * 60, is_open) >= 1
        whole = workers.sum() or np.inf  # nobody: a share of nought
        shares = [float((workers * got).sum() / whole) for got in (today, later)]
        rows.append((g.name, g.second_mode, g.minutes, *shares))
    return pd.DataFrame(rows, columns=["group", "mode", "minutes", "before", "after"])


@dataclass(frozen=True)
class CircleAreas:
    """Union of the ten-minute walking areas before and after, as drawn (study CRS; small holes filled)."""

    before: shapely.Geometry
    after: shapely.Geometry


def circle_area(network: Network, at: gpd.GeoSeries, *, circle: Circle) -> shapely.Geometry:
    """The circle around places, as drawn."""
    return generalise(
        union_area(network, at, cutoff_s=circle.cutoff_s) if len(at) else shapely.MultiPolygon()
    )


def circle_areas(
    network: Network, today: shapely.Geometry, both: gpd.GeoSeries, *, circle: Circle
) -> CircleAreas:
    """The circle around the open stations (``today``), and around these and the new ones (``both``)."""
    return CircleAreas(today, circle_area(network, both, circle=circle))
