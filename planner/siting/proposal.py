"""The stages from reach to the plan: each a function of what it takes, called by the facade in this order."""

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

from planner.errors import Finding, InputError, finding, refuse_if_errors
from planner.inputs.hours import open_share
from planner.progress import Progress
from planner.roads.areas import union_area
from planner.roads.network import Network
from planner.roads.outline import generalise
from planner.roads.reach import Snapped, nearest, snap, travel_times
from planner.settings.circle import Circle
from planner.settings.groups import Group, Period
from planner.settings.siting import Siting
from planner.settings.whole import Settings
from planner.siting.candidates import find_candidates
from planner.siting.coverage import Access, Coverage, measure_coverage, stations_in_reach, worker_cube
from planner.siting.goal_rules import measure_in_words
from planner.siting.plan import SitePlan, chosen_table
from planner.siting.problem import Ground, SitingProblem, covered_by_open, nothing_to_gain, pose
from planner.siting.robust import confidence, scenario_factors
from planner.siting.rules import judge_clash, judge_rules
from planner.siting.solve import Look, solve, solve_in_phases, solve_plan
from planner.solvers.problems import Solution

__all__ = [
    "Posing",
    "SiteReach",
    "Sited",
    "Way",
    "covers_of",
    "cutoff_s",
    "joined",
    "kept_problem",
    "make_plan",
    "measure",
    "nearest_station_m",
    "pose_problem",
    "reach_seconds",
    "site_reach",
    "solve_study",
    "steadiness",
    "ways_of",
]  # fmt: skip

Array = NDArray[Any]
#: Rounds of the solves whose sites are compared with the plan's: enough that chance moves few of them.
STEADY = 3


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
    network: Network, sites: gpd.GeoSeries, points: gpd.GeoSeries, *, cutoff_s: float, snap_limit_m: float,
    cell_m: float,
) -> sparse.csr_array:  # fmt: skip
    """Seconds from every point to every site that it reaches (n_sites × n_points)."""
    here, there = snapped(network, sites, points, snap_limit_m=snap_limit_m, cell_m=cell_m)
    return travel_times(network, here, there, cutoff_s=cutoff_s).seconds


def snapped(
    network: Network, sites: gpd.GeoSeries, points: gpd.GeoSeries, *, snap_limit_m: float, cell_m: float
) -> tuple[Snapped, Snapped]:
    """Sites and cells' points on the streets; a cell may be as far from them as it is wide."""
    return snap(network, sites, limit_m=snap_limit_m), snap(
        network, points, limit_m=max(snap_limit_m, cell_m)
    )


@dataclass(frozen=True)
class SiteReach:
    """Sites, who reaches them by each way of travelling, and the share of each period they are open."""

    access: tuple[Access, ...]
    open_share: Array

    def only(self, sites: Array) -> SiteReach:
        """The same for the sites at some positions."""
        access = tuple(replace(a, seconds=a.seconds[sites]) for a in self.access)
        return SiteReach(access, self.open_share[sites])


def site_reach(
    ways: Sequence[Way], seconds: Sequence[sparse.csr_array], hours: pd.Series, *, default_hours: str,
    periods: Sequence[Period], walk_kmh: float,
) -> SiteReach:  # fmt: skip
    """Travel times of every way beside when the sites are open; no hours: the study's default."""
    filled = hours.fillna("").where(hours.fillna("") != "", default_hours)
    access = tuple(
        Access(w.groups, s, w.minutes * 60.0, walk_kmh / 3.6 if w.mode == "walk" else None)
        for w, s in zip(ways, seconds, strict=True)
    )
    return SiteReach(access, np.asarray(open_share(filled, periods)))


def joined(old: SiteReach, new: SiteReach) -> SiteReach:
    """Sites of two lists, one below the other."""
    access = tuple(
        replace(a, seconds=sparse.csr_array(sparse.vstack([a.seconds, b.seconds], format="csr")))
        for a, b in zip(old.access, new.access, strict=True)
    )
    return SiteReach(access, np.vstack([old.open_share, new.open_share]))


def measure(
    demand: gpd.GeoDataFrame, reach: SiteReach, districts: gpd.GeoDataFrame, *, periods: Sequence[Period],
    circle: Circle,
) -> Coverage:  # fmt: skip
    """Coverage by the sites of ``reach``."""
    return measure_coverage(
        demand,
        reach.access,
        reach.open_share,
        periods=[p.name for p in periods],
        night=[p.name for p in periods if p.start_h >= 20 or p.end_h <= 6],
        readings_m=circle.readings_m,
        need_open=circle.open_share,
        districts=list(districts["district"]),
    )


def covers_of(
    stations: gpd.GeoDataFrame, reach: SiteReach, demand: gpd.GeoDataFrame, *, periods: Sequence[Period]
) -> gpd.GeoDataFrame:
    """Stations with ``covers``: workers within the cutoff at any hour (0 for those not open).

    ``reach``: of the open ones, in the table's order.
    """
    is_open = stations["status"] == "open"
    total = np.zeros(int(is_open.sum()))
    for way in reach.access:
        weight = demand[[f"{g}__{t.name}" for g in way.groups for t in periods]].to_numpy().sum(axis=1)
        near = way.seconds.copy()
        near.data = (near.data <= way.cutoff_s).astype(float)
        total += near @ weight
    covers = pd.Series(total, index=stations.index[is_open])
    return stations.assign(covers=covers.reindex(stations.index).fillna(0.0))


@dataclass(frozen=True)
class Posing:
    """All that a study's siting problem is posed from.

    ``groups``: names of those that count; ``factors``: workers per demand scenario and cell over the estimate, for plans
    that are after more than the estimate.
    """

    siting: Siting
    periods: tuple[Period, ...]
    groups: tuple[str, ...]
    seed: int
    need_open: float
    demand: gpd.GeoDataFrame
    districts: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    existing: SiteReach
    new: SiteReach
    factors: Array

    @property
    def ground(self) -> Ground:
        """What the problem stands on: a site serves a period that it is open for ``need_open`` of."""
        return Ground(
            demand=self.demand, districts=self.districts, candidates=self.candidates,
            existing=self.existing.access, existing_open=self.existing.open_share >= self.need_open,
            new=self.new.access, new_open=self.new.open_share >= self.need_open, factors=self.factors,
        )  # fmt: skip

    def pose(self) -> SitingProblem:
        """The maximal covering problem as arrays."""
        return pose(self.siting, self.periods, self.ground)

    def look(
        self, work_limit: int | None = None, *, seed: int | None = None, progress: Progress | None = None
    ) -> Look:
        """How hard to look for a plan: as the study says, but for ``work_limit`` and ``seed``."""
        own = self.seed if seed is None else seed
        return Look.of(self.siting, own, work_limit=work_limit, progress=progress)


@dataclass(frozen=True)
class Posed:
    """The siting problem, and a word where no candidate gains anything."""

    problem: SitingProblem
    findings: tuple[Finding, ...]


def demand_factors(surfaces: Array, demand: gpd.GeoDataFrame, scenarios: int) -> Array:
    """Per demand scenario and cell the workers over the estimate."""
    return scenario_factors(surfaces[:scenarios], demand["workers"].to_numpy())


def pose_problem(posing: Posing, judged: tuple[Finding, ...]) -> Posed:
    """The study's maximal covering problem. ``judged``: its rules, in which no error was found."""
    refuse_if_errors(judged)
    problem = posing.pose()
    return Posed(problem, tuple(nothing_to_gain(problem)))


@dataclass(frozen=True)
class Sited:
    """The sites of a plan in building order with their certificate.

    ``phases``: one row per batch, empty without batches; ``closed``: positions of open stations that close.
    """

    solution: Solution
    phases: pd.DataFrame
    closed: Array


def solve_study(posing: Posing, posed: Posed, *, progress: Progress | None = None) -> Sited:
    """The new stations, in batches where the study has them."""
    siting, look, phases = posing.siting, posing.look(progress=progress), pd.DataFrame()
    solution, closed = solve_plan(posed.problem, look)
    if len(siting.batches) > 1:
        solution, phases = solve_in_phases(
            posed.problem, siting.batches, siting.final_phase_weight, solution, look
        )
    return Sited(solution, phases, np.asarray(closed))


def kept_problem(posing: Posing, problem: SitingProblem, closed: Array) -> SitingProblem:
    """The problem with only the stations that stay (``closed``: positions of those that go)."""
    if not len(closed):
        return problem
    is_open = posing.existing.open_share >= posing.need_open
    return replace(problem, covered=covered_by_open(posing.existing.access, is_open, closed=closed))


def steadiness(
    posing: Posing, posed: Posed, sited: Sited, surfaces: Array, *, within_m: float, scenarios: int,
    progress: Progress | None = None,
) -> Array | None:  # fmt: skip
    """Share of demand scenarios in which each chosen site (or one within ``within_m``) is chosen again."""
    if not scenarios:
        return None
    problem = posed.problem
    return confidence(
        lambda weights: solve(problem, posing.look(STEADY), weights=weights),
        problem.weights,
        demand_factors(surfaces, posing.demand, scenarios),
        xy_m=shapely.get_coordinates(posing.candidates.geometry.to_numpy()),
        chosen=sited.solution.chosen,
        within_m=within_m,
        progress=progress,
    )


def nearest_station_m(
    network: Network, stations: gpd.GeoSeries, candidates: gpd.GeoDataFrame, *, walk_kmh: float
) -> Array:
    """Walking metres from each candidate to the nearest open station; inf beyond an hour's walk."""
    if stations.empty:
        return np.full(len(candidates), np.inf)
    found = nearest(network, stations, candidates.geometry, cutoff_s=3600.0)
    seconds = np.asarray(found.seconds, dtype=float).reshape(len(candidates), -1)[:, 0]
    return np.where(np.isfinite(seconds), seconds * walk_kmh / 3.6, np.inf)


@dataclass(frozen=True)
class Planned:
    """The plan, with a word for each station that closes and opens elsewhere."""

    plan: SitePlan
    findings: tuple[Finding, ...]


def make_plan(
    settings: Settings, posing: Posing, posed: Posed, sited: Sited, stations: gpd.GeoDataFrame, hosts: gpd.GeoDataFrame,
    before: Coverage, *, nearest_m: Array, confidence: Array | None,
) -> Planned:  # fmt: skip
    """The new stations: ranked, explained, with coverage before and after.

    ``stations``: all existing ones with what they cover (:func:`covers_of`).
    """
    chosen, stay = (
        sited.solution.chosen,
        np.setdiff1d(np.arange(len(posing.existing.open_share)), sited.closed),
    )
    after = measure(
        posing.demand, joined(posing.existing.only(stay), posing.new.only(chosen)), posing.districts,
        periods=settings.periods, circle=settings.circle,
    )  # fmt: skip
    table = chosen_table(
        settings, posing.ground, hosts, kept_problem(posing, posed.problem, sited.closed), chosen,
        nearest_station_m=nearest_m, confidence=confidence, before=before, after=after,
    )  # fmt: skip
    gone = stations[stations["status"] == "open"].iloc[sited.closed]
    findings = [
        finding(
            "GOAL-004",
            source="siting",
            field="relocate",
            value=station_id,
            name=name,
            workers=f"{workers:,.0f}",
        )
        for station_id, name, workers in zip(gone["station_id"], gone["name"], gone["covers"], strict=True)
    ]
    closed = tuple(gone["station_id"].astype(str))
    return Planned(SitePlan(table, sited.solution, before, after, sited.phases, closed), tuple(findings))


@dataclass(frozen=True)
class CandidateSites:
    """Where a station could stand, and what was noticed on the way."""

    candidates: gpd.GeoDataFrame
    findings: tuple[Finding, ...]


def candidate_sites(
    hosts: gpd.GeoDataFrame, network: Network, districts: gpd.GeoDataFrame, stations: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame, *, rules: Siting,
) -> CandidateSites:  # fmt: skip
    """The candidate sites of a study."""
    table, found = find_candidates(hosts, network, districts, stations, rules=rules, water=water)
    return CandidateSites(table, tuple(found))


def judge(siting: Siting, candidates: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> tuple[Finding, ...]:
    """What the study's siting rules name that is not there, or ask for that cannot be had together."""
    found = judge_rules(siting, candidates, districts) or judge_clash(siting, candidates, districts)
    if not found and siting.goal.own_measure:
        en, zh = measure_in_words(siting.goal)
        found = [finding("GOAL-003", source="study.toml", field="siting.goal", en=en, zh=zh)]
    return tuple(found)


def second_views(
    groups: Sequence[Group], seconds: Sequence[sparse.csr_array], demand: gpd.GeoDataFrame, existing: SiteReach,
    new: SiteReach, sited: Sited, *, periods: Sequence[Period], need_open: float,
) -> pd.DataFrame:  # fmt: skip
    """Groups that also ride or drive: share covered within their minutes by their second mode.

    ``seconds``: per such group, from the open stations and then the chosen sites. Columns group, mode, minutes,
    before, after (with the new stations).
    """
    is_open = np.vstack([existing.open_share, new.open_share[sited.solution.chosen]]) >= need_open
    n, rows = len(existing.open_share), []
    for g, reached in zip(groups, seconds, strict=True):
        workers = worker_cube(demand, [g.name], [p.name for p in periods])[0]
        today = stations_in_reach(reached[:n], g.minutes * 60, is_open[:n]) >= 1
        later = stations_in_reach(reached, g.minutes * 60, is_open) >= 1
        shares = [float((workers * got).sum() / max(workers.sum(), 1e-12)) for got in (today, later)]
        rows.append((g.name, g.second_mode, g.minutes, *shares))
    return pd.DataFrame(rows, columns=["group", "mode", "minutes", "before", "after"])


@dataclass(frozen=True)
class CircleAreas:
    """Union of the ten-minute walking areas before and after, as drawn (study CRS; small holes filled)."""

    before: shapely.Geometry
    after: shapely.Geometry


def circle_areas(network: Network, old: gpd.GeoSeries, both: gpd.GeoSeries, *, circle: Circle) -> CircleAreas:
    """The circle around the open stations ``old``, and around these and the new ones (``both``)."""
    today = union_area(network, old, cutoff_s=circle.cutoff_s) if len(old) else shapely.MultiPolygon()
    return CircleAreas(generalise(today), generalise(union_area(network, both, cutoff_s=circle.cutoff_s)))


def places_of(stations: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame, sited: Sited) -> gpd.GeoSeries:
    """The open stations, then the chosen sites."""
    old, new = (
        stations[stations["status"] == "open"].geometry,
        candidates.geometry.iloc[sited.solution.chosen],
    )
    return gpd.GeoSeries(pd.concat([old, new], ignore_index=True), crs=stations.crs)
