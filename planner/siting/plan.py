"""The plan of new stations: from coverage and candidates to a ranked, explained list with a certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import Finding, InputError, finding
from planner.progress import Progress
from planner.settings.whole import Settings
from planner.siting.alternatives import replacements
from planner.siting.coverage import Access, Coverage, cover_matrix, cover_weights
from planner.siting.explain import first_cover, gains_by_group, reasons, toilets_within
from planner.siting.goal import PosedGoal, goal_value, pose_goal, solve_goal, worker_counts
from planner.siting.phases import plan_phases
from planner.siting.rules import (
    judge_rules,
    positions,
    study_quota_max,
    study_quota_min,
    xy_of,
)
from planner.solvers.problems import Solution, maximal_covering
from planner.solvers.score import covered_weight
from planner.solvers.solution import PROOF, relative_gap

Array = NDArray[Any]


@dataclass(frozen=True)
class SitingProblem:
    """The MCLP of a study: who covers whom, what it is worth, what is covered already.

    Columns run over ways of travelling × periods × cells (:func:`planner.siting.coverage.cover_matrix`).
    ``goal``: what plans are compared by, where that is more than the covered workers.
    """

    covers: Any
    weights: Array
    covered: Array
    region: Array
    required: Array
    forbidden: Array
    quota_min: dict[str, int]
    quota_max: dict[str, int]
    cost: Array
    goal: PosedGoal | None = None


@dataclass(frozen=True)
class SitePlan:
    """New stations: the chosen table, the solution with its bound, and coverage before and after.

    ``phases``: one row per batch (cumulative sites, covered, regret); empty without batches. ``closed``: the
    open stations that move, by their ``station_id``.
    """

    chosen: gpd.GeoDataFrame
    solution: Solution
    before: Coverage
    after: Coverage
    phases: pd.DataFrame = field(default_factory=pd.DataFrame)
    closed: tuple[str, ...] = ()

    @property
    def new_gap(self) -> float:
        """Gap of what the plan adds alone: (bound − objective) / (objective − what there is today)."""
        new = self.solution.objective - self.solution.base
        return (self.solution.bound - self.solution.objective) / new if new > 0 else 0.0

    def __repr__(self) -> str:
        return (
            f"SitePlan({len(self.chosen)} sites; {self.before.share:.1%} → {self.after.share:.1%} of "
            f"{self.after.workers:,.0f} workers; gap {self.solution.gap:.3%}, {self.solution.status})"
        )

    def _repr_html_(self) -> str:
        shown = self.chosen[["rank", "name", "district", "workers_gained", "reason"]]
        return f"<p>{escape(repr(self))}</p>" + shown.head(20).to_html(
            index=False, escape=True, float_format="%.0f"
        )


def nothing_to_gain(problem: SitingProblem) -> list[Finding]:
    """CAN-003 where no candidate reaches demand that the open stations do not cover already."""
    worth = (problem.weights > 0) & ~problem.covered
    if np.asarray(problem.covers @ worth.astype(float)).any():
        return []
    return [finding("CAN-003", source="candidates")]


def pose(
    settings: Settings,
    demand: gpd.GeoDataFrame,
    districts: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    *,
    existing: Sequence[Access],
    existing_open: Array,
    new: Sequence[Access],
    new_open: Array,
    quota_min: dict[str, int] | None = None,
    factors: Array | None = None,
) -> SitingProblem:
    """Pose the study's MCLP.

    Parameters
    ----------
    existing, new
        Ways of travelling to the existing stations and to the candidates, same groups in the same order.
    existing_open, new_open
        bool (n_sites × n_periods).
    quota_min
        Minimum per district; the study's rule when None.
    factors
        Workers per demand scenario and cell over the estimate (aims over scenarios).

    Raises
    ------
    InputError
        What :func:`judge_rules` finds: sites or districts that do not exist, fewer candidates than p.
    """
    rules = settings.siting
    periods = [t.name for t in settings.periods]
    findings = judge_rules(settings, candidates, districts)
    if findings:
        raise InputError(findings)
    region = candidates["district"].to_numpy(dtype=str)
    quota_min = study_quota_min(settings, districts, region) if quota_min is None else quota_min
    weights = cover_weights(demand, new, periods)
    goal = pose_goal(
        settings, existing=existing, existing_open=existing_open, new=new, new_open=new_open, weights=weights,
        counts=worker_counts(settings, demand, new, weights), xy_m=xy_of(candidates), host_kind=candidates["host_kind"].to_numpy(dtype=str),
        district=demand["district"].to_numpy(dtype=str), factors=factors,
    )  # fmt: skip
    return SitingProblem(
        covers=cover_matrix(new, new_open),
        weights=weights,
        covered=covered_by_open(existing, existing_open),
        region=region,
        required=positions(rules.required, candidates),
        forbidden=positions(rules.forbidden, candidates),
        quota_min=quota_min,
        quota_max=study_quota_max(settings, districts),
        cost=candidates["cost_yuan"].to_numpy(dtype=float),
        goal=goal,
    )


def covered_by_open(access: Sequence[Access], is_open: Array, *, closed: Array | None = None) -> Array:
    """Which points the open stations cover (bool), those at the positions ``closed`` left out."""
    covers = cover_matrix(access, is_open)
    if closed is not None and len(closed):
        covers = covers[np.delete(np.arange(covers.shape[0]), closed)]
    return np.asarray(covers.sum(axis=0)).ravel() > 0


def solve(problem: SitingProblem, settings: Settings, **options: Any) -> Solution:
    """The solution of :func:`solve_plan` (its sites are candidates)."""
    return solve_plan(problem, settings, **options)[0]


def solve_plan(
    problem: SitingProblem,
    settings: Settings,
    *,
    p: int | None = None,
    weights: Array | None = None,
    barred: Array | None = None,
    work_limit: int | None = None,
    quotas: bool = True,
    budget: bool = True,
    progress: Progress | None = None,
) -> tuple[Solution, Array]:
    """Solve a posed problem under the study's rules, limits and seed; also which open stations close.

    ``p``, ``weights``, ``barred`` (further forbidden positions) and ``work_limit`` replace the study's own;
    ``quotas=False`` leaves the districts' minima and maxima out, ``budget=False`` the budget.
    """
    rules = settings.siting
    limited = budget and rules.budget_yuan is not None
    weight = problem.weights if weights is None else weights
    count: int | None = rules.p if p is None else p
    if p is None and problem.goal is not None and rules.goal.budget_only and limited:
        count = None
    asked: dict[str, Any] = {
        "required": problem.required if p is None or p >= len(problem.required) else (),
        "forbidden": problem.forbidden if barred is None else np.union1d(problem.forbidden, barred),
        "region": problem.region if quotas else None,
        "quota_min": (problem.quota_min or None) if quotas else None,
        "quota_max": (problem.quota_max or None) if quotas else None,
        "cost": problem.cost if limited else None,
        "budget": rules.budget_yuan if limited else None,
    }
    look: dict[str, Any] = {
        "time_limit_s": rules.time_limit_s,
        "gap": rules.gap,
        "work_limit": rules.work_limit if work_limit is None else work_limit,
        "seed": settings.study.seed,
        "progress": progress,
    }
    if problem.goal is not None:
        return solve_goal(settings, problem.goal, weight, {"p": count, **asked}, look)
    found = maximal_covering(problem.covers, weight, count, covered=problem.covered, **asked, **look)
    return found, np.zeros(0, dtype=np.int64)


def plan_value(
    problem: SitingProblem, settings: Settings, sites: Array, *, closed: Array | None = None
) -> float:
    """What plans are compared by: covered workers, or the study's goal."""
    if problem.goal is not None:
        gone = () if closed is None else closed.tolist()
        return goal_value(settings, problem.goal, problem.weights, np.asarray(sites), closed=gone)
    return covered_weight(problem.covers, problem.weights, sites, problem.covered)


def solve_in_phases(
    problem: SitingProblem, settings: Settings, last: Solution, *, progress: Progress | None = None
) -> tuple[Solution, pd.DataFrame]:
    """Order the plan into the study's batches, each good in its turn.

    Returns the solution with its sites in building order (objective of the nested plan, the bound of the
    plan without phases) and one row per phase (:class:`planner.siting.phases.Phases`).
    """
    rules = settings.siting
    sizes = [b.count for b in rules.batches]
    ends = np.cumsum(sizes)
    effort = max(1, rules.work_limit // 4)
    fixed = problem.goal is not None or rules.budget_yuan is not None  # exchanges would know nothing of these
    early = [
        solve(problem, settings, p=int(n), work_limit=effort, quotas=False, progress=progress)
        for n in ends[:-1]
    ]
    steady = last.repeatable and all(s.repeatable for s in early)
    if fixed:
        return replace(last, repeatable=steady), _phases_of(problem, settings, last, [*early, last], ends)
    found = plan_phases(
        problem.covers, problem.weights, sizes, [b.name for b in rules.batches],
        [*(s.chosen for s in early), last.chosen], [*(s.bound for s in early), last.bound],
        covered=problem.covered, required=problem.required, forbidden=problem.forbidden,
        region=problem.region if problem.quota_min or problem.quota_max else None,
        final_weight=rules.final_phase_weight,
    )  # fmt: skip
    objective = float(found.table["covered"].iloc[-1])
    status: Literal["optimal", "feasible"] = (
        "optimal" if relative_gap(objective, last.bound) <= PROOF else "feasible"
    )
    nested = replace(
        last,
        chosen=found.order,
        objective=objective,
        status=status,
        repeatable=steady,
    )
    return nested, found.table


def _phases_of(
    problem: SitingProblem, settings: Settings, plan: Solution, best: Sequence[Solution], ends: Array
) -> pd.DataFrame:
    """The plan's own order cut into batches, in the columns of :class:`planner.siting.phases.Phases`.

    ``covered`` and ``best`` count workers; ``bound`` and the regrets are in what plans are compared by.
    """
    rows = []
    for batch, end, alone in zip(settings.siting.batches, ends, best, strict=True):
        got = plan_value(problem, settings, plan.chosen[:end]) - plan.base
        top = max(got, alone.objective - plan.base)
        counted = [
            covered_weight(problem.covers, problem.weights, s, problem.covered)
            for s in (plan.chosen[:end], alone.chosen)
        ]
        most = max(top, alone.bound - plan.base)
        rows.append(
            {
                "name": batch.name,
                "sites": int(end),
                "covered": counted[0],
                "best": max(counted),
                "bound": float(alone.bound),
                "regret": 1 - got / top if top > 0 else 0.0,
                "regret_bound": 1 - got / most if most > 0 else 0.0,
            }
        )
    return pd.DataFrame(rows)


def batch_names(settings: Settings, n: int) -> list[str]:
    """Batch of each rank, from the study's batches ("" without them)."""
    names = [b.name for b in settings.siting.batches for _ in range(b.count)]
    return (names + [names[-1] if names else ""] * n)[:n]


def _stand_ins(problem: SitingProblem, candidates: gpd.GeoDataFrame, order: Array) -> dict[str, Any]:
    """Best replacement of each chosen site within its district: name, id, kind of host, what it loses."""
    free = np.ones(len(candidates), dtype=bool)
    free[problem.forbidden] = False
    found = replacements(
        problem.covers,
        problem.weights,
        order,
        covered=problem.covered,
        allowed=free,
        region=problem.region,
        k=1,
    ).set_index("site")
    rows = found.reindex(order)
    has = rows["replacement"].notna().to_numpy()
    at = rows["replacement"].fillna(0).astype(int).to_numpy()

    def of(column: str) -> Array:
        values = candidates[column].to_numpy(dtype=object)
        return np.where(has, values[at], "").astype(str)

    return {
        "alternative": of("name"),
        "alternative_id": of("site_id"),
        "alternative_kind": of("host_kind"),
        "alternative_loss": rows["loss"].to_numpy(dtype=float),
    }


def chosen_table(
    settings: Settings,
    demand: gpd.GeoDataFrame,
    districts: gpd.GeoDataFrame,
    hosts: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    problem: SitingProblem,
    order: Array,
    *,
    access: Sequence[Access],
    nearest_station_m: Array,
    confidence: Array | None = None,
    before: Coverage,
    after: Coverage,
) -> gpd.GeoDataFrame:
    """Table ``chosen`` for the candidate positions ``order``, best first, with reasons in both languages.

    ``nearest_station_m`` is per candidate. Beside the contract's columns: name, host_kind, open_hours,
    cost_yuan, toilet_near, required, alternative (name), alternative_id, alternative_kind, alternative_loss,
    reason_zh, reason_en, one ``gained__{group}`` per group.
    """
    periods = [t.name for t in settings.periods]
    table = candidates.iloc[order].reset_index(drop=True)
    first = first_cover(problem.covers, order, problem.covered)
    gains = gains_by_group(demand, access, periods, first, len(order))
    reach = problem.covers[order] @ problem.weights
    table = table.assign(
        rank=np.arange(1, len(order) + 1),
        workers_gained=gains.sum(axis=1).to_numpy(),
        workers_in_reach=np.asarray(reach, dtype=float),
        nearest_station_m=nearest_station_m[order],
        confidence=np.nan if confidence is None else confidence,
        batch=batch_names(settings, len(order)),
        toilet_near=toilets_within(table.geometry, hosts),
        **_stand_ins(problem, candidates, order),
        required=np.isin(order, problem.required),
    )
    shares = pd.DataFrame(
        {
            "before": before.by_district.set_index("district")["share"],
            "after": after.by_district.set_index("district")["share"],
        }
    )
    names = districts.set_index("district")
    for language in ("zh", "en"):
        labelled = shares.assign(label=names[f"name_{language}"].reindex(shares.index))
        table[f"reason_{language}"] = reasons(
            table, gains, labelled, groups=settings.headline_groups, language=language
        )
    table["reason"] = table[f"reason_{settings.study.language}"]
    return table.join(gains.add_prefix("gained__"))
