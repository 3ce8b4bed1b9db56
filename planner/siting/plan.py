"""The plan of new stations: from coverage and candidates to a ranked, explained list with a certificate."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import Finding, InfeasibleError, InputError, finding
from planner.progress import Progress
from planner.settings import Settings
from planner.siting.alternatives import replacements
from planner.siting.candidates import proportional_quota_min
from planner.siting.coverage import Access, Coverage, cover_matrix, cover_weights
from planner.siting.explain import first_cover, gains_by_group, reasons, toilets_within
from planner.siting.phases import plan_phases
from planner.siting.problems import Solution, maximal_covering
from planner.siting.solvers.infeasible import refuse_impossible
from planner.siting.solvers.request import check_rules
from planner.siting.solvers.solution import PROOF, relative_gap

Array = NDArray[Any]


@dataclass(frozen=True)
class SitingProblem:
    """The MCLP of a study: who covers whom, what it is worth, what is covered already.

    Columns run over ways of travelling × periods × cells (:func:`planner.siting.coverage.cover_matrix`).
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


@dataclass(frozen=True)
class SitePlan:
    """New stations: the chosen table, the solution with its bound, and coverage before and after.

    ``phases``: one row per batch (cumulative sites, covered, regret); empty without batches.
    """

    chosen: gpd.GeoDataFrame
    solution: Solution
    before: Coverage
    after: Coverage
    phases: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def new_gap(self) -> float:
        """Gap of the newly covered workers alone: (bound − objective) / newly covered."""
        new = self.after.covered - self.before.covered
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


def _positions(ids: Sequence[str], table: gpd.GeoDataFrame) -> Array:
    """Positions of the candidates named in ``ids``, each once."""
    return np.flatnonzero(table["site_id"].isin(ids).to_numpy()).astype(np.int64)


def judge_rules(
    settings: Settings, candidates: gpd.GeoDataFrame, districts: gpd.GeoDataFrame
) -> list[Finding]:
    """What the study's rules name that is not there, or name twice over (CAN-004 to CAN-007)."""
    rules, found = settings.siting, list[Finding]()
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
    if rules.p > len(candidates):
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
    rules = settings.siting
    region = candidates["district"].to_numpy(dtype=str)
    try:
        refuse_impossible(
            check_rules(
                len(candidates), rules.p, required=_positions(rules.required, candidates),
                forbidden=_positions(rules.forbidden, candidates), region=region,
                quota_min=study_quota_min(settings, districts, region) or None,
                quota_max=study_quota_max(settings, districts) or None, cost=candidates["cost_yuan"].to_numpy(dtype=float),
                budget=rules.budget_yuan,
            )
        )  # fmt: skip
    except InfeasibleError as error:
        return [finding("CAN-008", source="study.toml", field="siting", why=error)]
    return []


def study_quota_min(settings: Settings, districts: gpd.GeoDataFrame, region: Array) -> dict[str, int]:
    """Minimum per district: the study's, else the districts' table's, else half its share of p.

    The last is never above the district's candidates.
    """
    rules = settings.siting
    stated = _stated(districts, "quota_min") | dict(rules.quota_min)
    if stated or rules.quotas != "half_proportional":
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
    covered = np.asarray(cover_matrix(existing, existing_open).sum(axis=0)).ravel() > 0
    return SitingProblem(
        covers=cover_matrix(new, new_open),
        weights=cover_weights(demand, new, periods),
        covered=covered,
        region=region,
        required=_positions(rules.required, candidates),
        forbidden=_positions(rules.forbidden, candidates),
        quota_min=quota_min,
        quota_max=study_quota_max(settings, districts),
        cost=candidates["cost_yuan"].to_numpy(dtype=float),
    )


def solve(
    problem: SitingProblem,
    settings: Settings,
    *,
    p: int | None = None,
    weights: Array | None = None,
    barred: Array | None = None,
    work_limit: int | None = None,
    quotas: bool = True,
    progress: Progress | None = None,
) -> Solution:
    """Solve a posed problem under the study's rules, limits and seed.

    ``p``, ``weights``, ``barred`` (further forbidden positions) and ``work_limit`` replace the study's own;
    ``quotas=False`` leaves the districts' minima and maxima out.
    """
    rules = settings.siting
    forbidden = problem.forbidden if barred is None else np.union1d(problem.forbidden, barred)
    return maximal_covering(
        problem.covers,
        problem.weights if weights is None else weights,
        rules.p if p is None else p,
        covered=problem.covered,
        required=problem.required if p is None or p >= len(problem.required) else (),
        forbidden=forbidden,
        region=problem.region if quotas else None,
        quota_min=(problem.quota_min or None) if quotas else None,
        quota_max=(problem.quota_max or None) if quotas else None,
        cost=problem.cost if rules.budget_yuan is not None else None,
        budget=rules.budget_yuan,
        time_limit_s=rules.time_limit_s,
        gap=rules.gap,
        work_limit=rules.work_limit if work_limit is None else work_limit,
        seed=settings.study.seed,
        progress=progress,
    )


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
    early = [
        solve(problem, settings, p=int(n), work_limit=effort, quotas=False, progress=progress)
        for n in ends[:-1]
    ]
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
        repeatable=last.repeatable and all(s.repeatable for s in early),
    )
    return nested, found.table


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
