"""The stages from candidates to the plan: each a function of what it takes, called by the facade in this order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.demand.streets.standing import DemandPoints
from planner.errors import Finding, finding, refuse_if_errors
from planner.progress import Progress
from planner.roads.network import Network
from planner.settings.circle import Circle
from planner.settings.groups import Period
from planner.settings.siting import Siting
from planner.settings.whole import Settings
from planner.siting.candidates import find_candidates
from planner.siting.classes import AtPoints, ReachClasses
from planner.siting.coverage import Coverage, cover_weights
from planner.siting.goal.choice import StationChoice
from planner.siting.goal.words import judge_stability, measure_in_words
from planner.siting.open_times import Patterns
from planner.siting.plan import SitePlan, chosen_table
from planner.siting.problem import (
    Ground,
    SitingProblem,
    ceiling,
    covered_by_open,
    nothing_to_gain,
    pose,
    reachable,
)
from planner.siting.questions.alternatives import StandIns, replacements
from planner.siting.questions.draws import DrawnPart, DrawnWeights
from planner.siting.questions.robust import Hindsight, look_back, scenario_factors
from planner.siting.reach import NearestStation, SiteReach, joined, measure, street_metres
from planner.siting.rules import judge_clash, judge_rules, with_number
from planner.siting.solve import Look, solve, solve_in_phases, solve_plan
from planner.siting.whereabouts import whereabouts
from planner.solvers.problems import Solution

__all__ = [
    "AGAIN",
    "ANEW",
    "AgainstHalf",
    "CandidateSites",
    "Planned",
    "Posed",
    "Posing",
    "Sited",
    "added_workers",
    "against_half",
    "candidate_sites",
    "demand_factors",
    "drawn_weights",
    "find_stand_ins",
    "judge",
    "kept_problem",
    "make_plan",
    "pose_problem",
    "posing_of",
    "solve_study",
    "steadiness",
]

Array = NDArray[Any]
#: Rounds of the solves that set out from the plan too: what differs from it then differs for more than chance.
AGAIN = 1
#: A site that brings fewer workers than this brings nobody.
NOBODY = 0.05
#: Rounds of a solve that starts from nothing (each of ten million coverage entries).
ANEW = 3


@dataclass(frozen=True)
class Posing:
    """All that a study's siting problem is posed from.

    ``groups``: names of those that count; ``demand``, ``existing`` and ``new`` hold a row or column per class of demand
    points in reach of the same sites (``merged``), ``whole`` the points themselves; ``factors``: workers per demand
    scenario and class over the estimate, for plans that are after more than the estimate (``by_cell``: and cell); ``choice``:
    how workers choose, for plans that are after use; ``kept``: workers that each candidate counts besides, as last year's plan had it.
    """

    siting: Siting
    periods: tuple[Period, ...]
    groups: tuple[str, ...]
    seed: int
    need_open: float
    districts: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    demand: pd.DataFrame
    existing: SiteReach
    new: SiteReach
    factors: Array
    merged: ReachClasses
    whole: AtPoints
    by_cell: Array
    choice: StationChoice | None = None
    kept: Array | None = None

    @property
    def ground(self) -> Ground:
        """What the problem stands on: a site serves a period that it is open for ``need_open`` of."""
        return Ground(
            demand=self.demand, districts=self.districts, candidates=self.candidates,
            existing=self.existing.access, existing_open=self.existing.open_share >= self.need_open,
            new=self.new.access, new_open=self.new.open_share >= self.need_open, factors=self.factors,
            by_time=self._by_time(),
            existing_share=self.existing.open_share, new_share=self.new.open_share, choice=self.choice,
        )  # fmt: skip

    def _by_time(self) -> Patterns | None:
        """Quarter-hours of the stated hours, for a plan that is judged by them."""
        every = joined(self.existing, self.new).times if self.siting.goal.open_rule == "time" else None
        return None if every is None else every.patterns(("time",))

    def pose(self) -> SitingProblem:
        """The maximal covering problem as arrays."""
        problem = pose(self.siting, self.periods, self.ground)
        return problem if self.kept is None else replace(problem, kept=self.kept)

    def weighed_anew(self, problem: SitingProblem) -> SitingProblem:
        """As :meth:`pose`, where only the demand differs from what ``problem`` was posed from: who covers whom stays."""
        if problem.goal is not None:
            return self.pose()
        return problem.changed(
            weights=cover_weights(self.demand, self.new.access, [t.name for t in self.periods])
        )

    def over(self, whole: AtPoints) -> Posing:
        """The same over other points, or other reach to them."""
        made = whole.merged(self.siting.goal.fade_m, by_cell=len(self.by_cell) > 0)
        return replace(
            self, demand=made.demand, existing=made.existing, new=made.new, merged=made, whole=whole,
            factors=made.of_cells(self.by_cell),
        )  # fmt: skip

    def look(
        self, work_limit: int | None = None, *, seed: int | None = None, progress: Progress | None = None
    ) -> Look:
        """How hard to look for a plan: as the study says, but for ``work_limit`` and ``seed``."""
        own = self.seed if seed is None else seed
        return Look.of(self.siting, own, work_limit=work_limit, progress=progress)


def demand_factors(surfaces: Array, demand: gpd.GeoDataFrame, scenarios: int) -> Array:
    """Per demand scenario and cell the workers over the estimate."""
    return scenario_factors(surfaces[:scenarios], demand["workers"].to_numpy())


def posing_of(
    siting: Siting, *, periods: tuple[Period, ...], groups: tuple[str, ...], seed: int, need_open: float,
    demand: gpd.GeoDataFrame, points: DemandPoints, districts: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame,
    existing: SiteReach, new: SiteReach, classes: ReachClasses, factors: Array, choice: StationChoice | None = None,
    earlier: Array | None = None, change_workers: float = 0.0,
) -> Posing:  # fmt: skip
    """What the problem is posed from, the demand points merged.

    ``demand``: the table of cells; ``existing``, ``new``: a column per point; ``classes``: both merged; ``factors``: workers per demand
    scenario and cell over the estimate, of the scenarios that the plan itself is after (none where it is the estimate);
    ``earlier``: candidates that last year's plan had (-1: none), each worth ``change_workers`` more.
    """
    siting, kept = with_number(siting, candidates, districts), None
    if earlier is not None and change_workers > 0:
        kept = np.zeros(len(candidates))
        kept[earlier[earlier >= 0]] = change_workers
    whole = AtPoints(demand, points, existing, new)
    apart, by_point = siting.goal.fade_m is not None or len(factors) > 0, siting.goal.aim == "use"
    made = classes
    if apart or by_point:
        made = whole.merged(siting.goal.fade_m, by_cell=len(factors) > 0, by_point=by_point)
    return Posing(
        siting, periods, groups, seed, need_open, districts, candidates, demand=made.demand, existing=made.existing,
        new=made.new, factors=made.of_cells(factors), merged=made, whole=whole, by_cell=factors,
        choice=choice, kept=kept,
    )  # fmt: skip


@dataclass(frozen=True)
class Posed:
    """The siting problem, and a word where no candidate gains anything."""

    problem: SitingProblem
    findings: tuple[Finding, ...]


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


def added_workers(posing: Posing, posed: Posed, sited: Sited) -> Array:
    """Per candidate the workers that it would add to the plan."""
    problem = kept_problem(posing, posed.problem, sited.closed)
    reached = problem.covered.copy()
    reached[problem.covers[sited.solution.chosen].indices] = True
    gain: Array = np.asarray(problem.covers @ np.where(reached, 0.0, problem.weights))
    return gain


def drawn_weights(posing: Posing, factors: Array) -> DrawnWeights:
    """The demand draws as weights of the problem's points, group by group, so that each period moves with who is out in it.

    ``factors``: float (n_draws × n_groups × n_cells), workers over the estimate, groups in the order of the posing's.
    """
    periods, parts = [t.name for t in posing.periods], []
    for k, group in enumerate(posing.groups):
        alone = [replace(a, groups=tuple(g for g in a.groups if g == group)) for a in posing.new.access]
        of_classes = posing.merged.of_cells(factors[:, k]).astype(np.float32)
        parts.append(DrawnPart(group, cover_weights(posing.demand, alone, periods), of_classes))
    return DrawnWeights(tuple(parts))


def steadiness(
    posing: Posing, posed: Posed, sited: Sited, factors: Array, *, within_m: float, scenarios: int,
    progress: Progress | None = None,
) -> Hindsight | None:  # fmt: skip
    """What would have been chosen under each of the first ``scenarios`` demand draws; None where no draw is asked for."""
    if not scenarios:
        return None
    problem = posed.problem
    return look_back(
        lambda weights: solve(problem, posing.look(AGAIN), weights=weights, known=sited.solution),
        problem,
        drawn_weights(posing, factors[:scenarios]),
        kept=kept_problem(posing, problem, sited.closed),
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
    towns: gpd.GeoDataFrame, stand_ins: StandIns, hindsight: Hindsight | None,
) -> Planned:  # fmt: skip
    """The new stations: ranked, explained, with coverage before and after.

    ``stations``: all existing ones with what they cover (:func:`covers_of`); ``nearest``: per candidate.
    """
    chosen, stay = (
        sited.solution.chosen,
        np.setdiff1d(np.arange(len(posing.existing.open_share)), sited.closed),
    )
    whole = posing.whole
    after = measure(
        whole.demand, joined(whole.existing.only(stay), whole.new.only(chosen)), posing.districts,
        points=whole.points, periods=settings.periods, circle=settings.circle,
    )  # fmt: skip
    open_now = stations[stations["status"] == "open"]
    where = whereabouts(posing.candidates.geometry.iloc[chosen], streets, places, towns)
    around = {
        "nearest_station_m": nearest.metres[chosen],
        "nearest_station": _names_at(open_now, nearest.station[chosen]),
        "nearest_station_id": _ids_at(open_now, nearest.station[chosen]),
        **{column: where[column].to_numpy() for column in where},
    }
    table = chosen_table(
        settings, posing.ground, hosts, kept_problem(posing, posed.problem, sited.closed), chosen,
        around=around, any_station=len(open_now) > 0, stand_ins=stand_ins, hindsight=hindsight,
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
    findings += saturated(posing, posed.problem, table)
    return Planned(SitePlan(table, sited.solution, before, after, sited.phases, closed), tuple(findings))


def saturated(posing: Posing, problem: SitingProblem, table: pd.DataFrame) -> list[Finding]:
    """PLN-001 and PLN-002: sites that bring nobody because all that candidates can is reached, and why that is no more.

    Only for plans that are after covered workers; sites that rules ask for count like any other.
    """
    gained = table["workers_gained"].to_numpy(dtype=float)
    enough = int((gained >= NOBODY).sum())
    if problem.goal is not None or enough == len(gained) or not problem.weights.sum() > 0:
        return []
    worth = reachable(problem) & ~problem.covered
    n, idle = len(posing.candidates), len(gained) - enough
    if problem.weights[worth].sum() - gained.sum() >= NOBODY * max(1, enough):
        return []  # rules, not the candidates, keep the others out
    cost = (
        posing.candidates.set_index("site_id")["cost_yuan"].reindex(table["site_id"][gained < NOBODY]).sum()
    )
    covered, closed, away = ceiling(problem, posing.ground)
    return [
        finding("PLN-001", source="siting", field="siting.p", value=len(gained), idle=idle, enough=enough, n=n, yuan=f"{cost:,.0f}"),
        finding("PLN-002", source="siting", value=f"{covered:.1%}", closed=f"{closed:.1%}", away=f"{away:.1%}", n=n),
    ]  # fmt: skip


def _names_at(stations: gpd.GeoDataFrame, at: Array) -> Array:
    """Name of the station at each position, its id where it has none; "" for -1."""
    names = stations["name"].fillna("").astype("str").str.strip()
    told = np.array([*names.where(names != "", stations["station_id"].astype("str")), ""], dtype=object)
    return told[at]


def _ids_at(stations: gpd.GeoDataFrame, at: Array) -> Array:
    """Id of the station at each position; "" for -1."""
    return np.array([*stations["station_id"].astype("str"), ""], dtype=object)[at]


@dataclass(frozen=True)
class AgainstHalf:
    """What a plan for the hours as they are gains over one found by the half-open rule."""

    findings: tuple[Finding, ...]


def against_half(
    posing: Posing, planned: Planned, *, circle: Circle, progress: Progress | None = None
) -> AgainstHalf:
    """A plan under the same rules by the half-open rule, and both plans read both ways (GOAL-008)."""
    goal = posing.siting.goal.model_copy(update={"open_rule": "half"})
    other = replace(posing, siting=posing.siting.model_copy(update={"goal": goal}))
    found, closed = solve_plan(other.pose(), other.look(ANEW, progress=progress))
    whole = posing.whole
    stay = np.setdiff1d(np.arange(len(posing.existing.open_share)), closed)
    half = measure(
        whole.demand, joined(whole.existing.only(stay), whole.new.only(found.chosen)), posing.districts,
        points=whole.points, periods=posing.periods, circle=circle,
    )  # fmt: skip
    before, after = planned.plan.before, planned.plan.after
    if before.by_time is None or after.by_time is None or half.by_time is None:
        return AgainstHalf(())
    new, other_new = (round(c.by_time.covered - before.by_time.covered) for c in (after, half) if c.by_time)
    told = finding(
        "GOAL-008", source="siting", field="siting.goal.open_rule", value="time", new=f"{new:,}", half=f"{other_new:,}",
        more=f"{new - other_new:,}", new_half=f"{round(after.covered - before.covered):,}",
        half_half=f"{round(half.covered - before.covered):,}",
    )  # fmt: skip
    return AgainstHalf((told,))


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


def judge(
    siting: Siting, candidates: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, change_workers: float = 0.0
) -> tuple[Finding, ...]:
    """What the study's siting rules name that is not there, or ask for that cannot be had together.

    ``change_workers``: what a change from last year's plan has to be worth.
    """
    found = [*judge_rules(siting, candidates, districts)]
    if not any(f.severity == "E" for f in found):
        found += judge_clash(siting, candidates, districts)
    found += judge_stability(siting.goal, change_workers)
    if not any(f.severity == "E" for f in found) and (siting.goal.own_measure or change_workers > 0):
        en, zh = measure_in_words(siting.goal, change_workers)
        found.append(finding("GOAL-003", source="study.toml", field="siting.goal", en=en, zh=zh))
    if not any(f.severity == "E" for f in found):
        found += _refused(siting.refused, candidates)
    return tuple(found)


def _refused(reasons: dict[str, str], candidates: gpd.GeoDataFrame) -> list[Finding]:
    """A word on each candidate that cannot be had."""
    if not reasons:
        return []
    names = candidates.set_index("site_id")["name"]
    return [
        finding(
            "CAN-011",
            source="study.toml",
            field="siting.refused",
            value=key,
            name=str(names[key]),
            reason=reason,
        )
        for key, reason in reasons.items()
    ]
