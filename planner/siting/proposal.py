"""The stages from candidates to the plan: each a function of what it takes, called by the facade in this order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.errors import Finding, finding, refuse_if_errors
from planner.progress import Progress
from planner.roads.network import Network
from planner.settings.groups import Period
from planner.settings.siting import Siting
from planner.settings.whole import Settings
from planner.siting.candidates import find_candidates
from planner.siting.coverage import Coverage
from planner.siting.goal.choice import StationChoice
from planner.siting.goal.words import measure_in_words
from planner.siting.plan import SitePlan, chosen_table
from planner.siting.problem import Ground, SitingProblem, covered_by_open, nothing_to_gain, pose
from planner.siting.questions.alternatives import StandIns, replacements
from planner.siting.questions.robust import confidence, scenario_factors
from planner.siting.reach import NearestStation, SiteReach, joined, measure, street_metres
from planner.siting.rules import judge_clash, judge_rules
from planner.siting.solve import Look, solve, solve_in_phases, solve_plan
from planner.siting.whereabouts import whereabouts
from planner.solvers.problems import Solution

__all__ = [
    "AGAIN",
    "CandidateSites",
    "Planned",
    "Posed",
    "Posing",
    "Sited",
    "candidate_sites",
    "demand_factors",
    "find_stand_ins",
    "judge",
    "kept_problem",
    "make_plan",
    "pose_problem",
    "solve_study",
    "steadiness",
]

Array = NDArray[Any]
#: Rounds of the solves that set out from the plan too: what differs from it then differs for more than chance.
AGAIN = 1


@dataclass(frozen=True)
class Posing:
    """All that a study's siting problem is posed from.

    ``groups``: names of those that count; ``factors``: workers per demand scenario and cell over the estimate, for plans
    that are after more than the estimate; ``choice``: how workers choose, for plans that are after use.
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
    choice: StationChoice | None = None

    @property
    def ground(self) -> Ground:
        """What the problem stands on: a site serves a period that it is open for ``need_open`` of."""
        return Ground(
            demand=self.demand, districts=self.districts, candidates=self.candidates,
            existing=self.existing.access, existing_open=self.existing.open_share >= self.need_open,
            new=self.new.access, new_open=self.new.open_share >= self.need_open, factors=self.factors,
            existing_share=self.existing.open_share, new_share=self.new.open_share, choice=self.choice,
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
        lambda weights: solve(problem, posing.look(AGAIN), weights=weights, known=sited.solution),
        problem.weights,
        demand_factors(surfaces, posing.demand, scenarios),
        xy_m=shapely.get_coordinates(posing.candidates.geometry.to_numpy()),
        chosen=sited.solution.chosen,
        within_m=within_m,
        progress=progress,
    )


def find_stand_ins(
    posing: Posing, posed: Posed, sited: Sited, network: Network, *, max_m: float, walk_kmh: float,
    snap_limit_m: float,
) -> StandIns:  # fmt: skip
    """What could stand instead of each chosen site, within ``max_m`` of it on the street."""
    chosen, kept = sited.solution.chosen, kept_problem(posing, posed.problem, sited.closed)
    where = posing.candidates.geometry
    near = street_metres(
        network, where.iloc[chosen], where, within_m=max_m, walk_kmh=walk_kmh, snap_limit_m=snap_limit_m
    )
    return replacements(
        kept.covers, kept.weights, chosen, covered=kept.covered, rules=kept.rules, near=near, within_m=max_m
    )


@dataclass(frozen=True)
class Planned:
    """The plan, with a word for each station that closes and opens elsewhere."""

    plan: SitePlan
    findings: tuple[Finding, ...]


def make_plan(
    settings: Settings, posing: Posing, posed: Posed, sited: Sited, stations: gpd.GeoDataFrame, hosts: gpd.GeoDataFrame,
    before: Coverage, *, nearest: NearestStation, streets: gpd.GeoDataFrame, places: gpd.GeoDataFrame,
    stand_ins: StandIns, confidence: Array | None,
) -> Planned:  # fmt: skip
    """The new stations: ranked, explained, with coverage before and after.

    ``stations``: all existing ones with what they cover (:func:`covers_of`); ``nearest``: per candidate.
    """
    chosen, stay = (
        sited.solution.chosen,
        np.setdiff1d(np.arange(len(posing.existing.open_share)), sited.closed),
    )
    after = measure(
        posing.demand, joined(posing.existing.only(stay), posing.new.only(chosen)), posing.districts,
        periods=settings.periods, circle=settings.circle,
    )  # fmt: skip
    open_now = stations[stations["status"] == "open"]
    where = whereabouts(posing.candidates.geometry.iloc[chosen], streets, places)
    around = {
        "nearest_station_m": nearest.metres[chosen],
        "nearest_station": _names_at(open_now, nearest.station[chosen]),
        **{column: where[column].to_numpy() for column in where},
    }
    table = chosen_table(
        settings, posing.ground, hosts, kept_problem(posing, posed.problem, sited.closed), chosen,
        around=around, any_station=len(open_now) > 0, stand_ins=stand_ins, confidence=confidence,
    )  # fmt: skip
    gone = open_now.iloc[sited.closed]
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


def _names_at(stations: gpd.GeoDataFrame, at: Array) -> Array:
    """Name of the station at each position, its id where it has none; "" for -1."""
    names = stations["name"].fillna("").astype("str").str.strip()
    told = np.array([*names.where(names != "", stations["station_id"].astype("str")), ""], dtype=object)
    return told[at]


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
