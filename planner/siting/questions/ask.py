"""Questions to a plan: other plans, replacements, the price of a wish or a rule, other assumptions.

All are asked of a :class:`Finished` plan: what it was posed from, the problem, and the plan itself.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planner.errors import InfeasibleError, PlannerError
from planner.progress import Progress
from planner.settings.circle import Circle
from planner.settings.siting import Siting
from planner.siting.candidates import proportional_quota_min
from planner.siting.plan import SitePlan
from planner.siting.problem import SitingProblem
from planner.siting.proposal import AGAIN, ANEW, Planned, Posed, Posing, Sited, kept_problem
from planner.siting.questions import alternatives as other
from planner.siting.questions.alternatives import StandIns
from planner.siting.questions.robust import coverage_curve, with_known
from planner.siting.questions.sensitivity import (
    Case,
    Sensitivity,
    levelling_quotas,
    merged,
    price_rules,
    stress,
)
from planner.siting.questions.streets import MISSING
from planner.siting.solve import plan_value, solve, solve_plan
from planner.solvers.problems import Solution
from planner.solvers.variants import maximal_covering_fair

__all__ = [
    "CHANGE", "Finished", "WishPrice", "alternatives", "curve", "finish", "price_of", "replacements", "rule_prices",
    "sensitivity", "with_cells",
]  # fmt: skip

Array = NDArray[Any]
#: By how much the numbers of each group are changed.
CHANGE = 0.3


@dataclass(frozen=True)
class Finished:
    """A plan and what it was made from. ``problem``: as posed; ``kept``: with only the stations that stay."""

    posing: Posing
    problem: SitingProblem
    kept: SitingProblem
    closed: Array
    plan: SitePlan

    @property
    def chosen(self) -> Array:
        """Positions of the proposed sites, in building order."""
        return self.plan.solution.chosen

    @property
    def xy_m(self) -> Array:
        """Coordinates of the candidates (n × 2)."""
        return shapely.get_coordinates(self.posing.candidates.geometry.to_numpy())

    @property
    def labels(self) -> Array:
        """Name of each candidate, or its id where it has none."""
        c = self.posing.candidates
        return c["name"].where(c["name"] != "", c["site_id"]).to_numpy(dtype=object)

    @property
    def district(self) -> Array:
        """District of each class of demand points."""
        return self.posing.demand["district"].to_numpy(dtype=str)

    @property
    def settled(self) -> Siting:
        """The rules with the plan's closings done and its number of sites fixed: what a case is posed under."""
        own = self.posing.siting
        if own.goal.plain:
            return own
        goal = own.goal.model_copy(update={"relocate": 0, "budget_only": False})
        fixed = {"goal": goal, "p": max(1, len(self.plan.chosen))}
        if own.goal.budget_only:  # minima by half the population share were not in force
            fixed["quotas"] = "none"
        return own.model_copy(update=fixed)

    def settle(self, posing: Posing) -> Posing:
        """``posing`` under the settled rules, without the stations that close."""
        stay = np.setdiff1d(np.arange(len(posing.existing.open_share)), self.closed)
        whole = replace(posing.whole, existing=posing.whole.existing.only(stay))
        return replace(posing, existing=posing.existing.only(stay), whole=whole, siting=self.settled)


def finish(posing: Posing, posed: Posed, sited: Sited, planned: Planned) -> Finished:
    """A plan ready to be asked."""
    kept = kept_problem(posing, posed.problem, sited.closed)
    return Finished(posing, posed.problem, kept, sited.closed, planned.plan)


def alternatives(of: Finished, *, k: int, within_m: float) -> pd.DataFrame:
    """Up to ``k`` near-optimal plans that differ: plan, covered, share, lost (workers), loss (share), same, near, sites.

    Each does without another k-th of the proposed sites (required ones stay); ``same``: sites in common;
    ``near``: proposed sites with one of the other plan's within ``within_m``; ``sites``: ids joined by ``;``.
    """
    plan, xy, ids = of.plan, of.xy_m, of.posing.candidates["site_id"].to_numpy()
    closed: list[Array] = []

    def again(banned: Array) -> Solution:
        found, gone = solve_plan(of.problem, of.posing.look(AGAIN), barred=banned, known=plan.solution)
        closed.append(gone)
        return found

    found = other.other_plans(
        again, of.chosen, plan.solution.objective, k=min(k, len(of.chosen)), keep=list(of.problem.required)
    )
    rows = []
    for n, (one, gone) in enumerate(zip(found, closed, strict=True), start=1):
        far, _ = cKDTree(xy[one.chosen]).query(xy[of.chosen])
        covered = kept_problem(of.posing, of.problem, gone).reached(one.chosen)
        rows.append(
            {
                "plan": n,
                "covered": covered,
                "share": covered / plan.after.workers if plan.after.workers > 0 else 0.0,
                "lost": plan.after.covered - covered,
                "loss": one.loss,
                "same": int(np.isin(of.chosen, one.chosen).sum()),
                "near": int((far <= within_m).sum()),
                "sites": ";".join(map(str, ids[one.chosen])),
            }
        )
    columns = ["plan", "covered", "share", "lost", "loss", "same", "near", "sites"]
    return pd.DataFrame(rows, columns=columns)


def replacements(of: Finished, found: StandIns, *, k: int) -> pd.DataFrame:
    """The ``k`` best replacements in reach of every proposed site within its district; no row for a site without any.

    Columns: rank, site_id, name, district, place (1..k), replacement_id, replacement, host_kind, distance_m (on the
    street), loss (workers).
    """
    candidates, best = of.posing.candidates, found.best(k)
    rank = pd.Series(np.arange(1, len(of.chosen) + 1), index=of.chosen)
    site, instead = best["site"].to_numpy(), best["replacement"].to_numpy()
    ids, names = candidates["site_id"].to_numpy(), of.labels
    return pd.DataFrame(
        {
            "rank": rank.reindex(site).to_numpy(),
            "site_id": ids[site],
            "name": names[site],
            "district": candidates["district"].to_numpy()[site],
            "place": best["place"].to_numpy(),
            "replacement_id": ids[instead],
            "replacement": names[instead],
            "host_kind": candidates["host_kind"].to_numpy()[instead],
            "distance_m": best["distance_m"].to_numpy(),
            "loss": best["loss"].to_numpy(),
        }
    )


@dataclass(frozen=True)
class WishPrice:
    """What a wished candidate does to the plan, in workers.

    ``chosen``: it is in the plan already (``gain`` 0, ``loss`` 0). Else ``gain``: newly covered when it is built
    besides; ``loss``: fewer covered when it takes the place of ``instead_of`` so that the quotas hold (at
    most so many: one exchange, nothing else moved; inf where no site may make room).
    """

    site_id: str
    name: str
    chosen: bool
    gain: float
    loss: float
    instead_of: str
    instead_of_name: str

    def describe(self) -> str:
        """The price in a sentence."""
        who = f"{self.name} ({self.site_id})" if self.name != self.site_id else self.site_id
        if self.chosen:
            return f"{who} is in the plan"
        added = f"{who}: built besides, {self.gain:,.0f} more workers"
        if not np.isfinite(self.loss):
            return added + "; no site of the plan may make room for it"
        effect = f"{self.loss:,.0f} fewer" if self.loss >= 0 else f"{-self.loss:,.0f} more"
        return added + f"; in the place of {self.instead_of_name}, {effect}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.describe())}</p>"


def price_of(of: Finished, site_id: str) -> WishPrice:
    """The price of a wish: any candidate, added or forced into the plan.

    Raises
    ------
    PlannerError
        No such candidate; the nearest ids are named.
    """
    ids, names = of.posing.candidates["site_id"].to_numpy(), of.labels
    at = np.flatnonzero(ids == site_id)
    if not len(at):
        near = ", ".join(difflib.get_close_matches(str(site_id), [str(v) for v in ids], n=3, cutoff=0.5))
        raise PlannerError(
            f"{site_id!r} is no candidate of this study" + (f"; nearest ids: {near}" if near else "")
        )
    problem, wished = of.kept, int(at[0])
    if wished in of.chosen:
        return WishPrice(str(site_id), str(names[wished]), True, 0.0, 0.0, "", "")
    may_go = problem.rules.may_swap(of.chosen, wished)
    wish = other.price_of(
        problem.covers, problem.weights, of.chosen, wished, covered=problem.covered, may_go=may_go
    )
    out = wish.instead_of
    return WishPrice(
        str(site_id), str(names[wished]), False, wish.gain, wish.loss,
        str(ids[out]) if out >= 0 else "", str(names[out]) if out >= 0 else "",
    )  # fmt: skip


def curve(
    posing: Posing, posed: Posed, *, numbers: Sequence[int], progress: Progress | None = None
) -> pd.DataFrame | None:
    """Covered share against the number of new stations (no quotas, no budget, no goal), with the bound.

    ``numbers`` above the number of candidates that are not forbidden are left out; None if none is left.
    """
    problem = posed.problem.without_goal()
    limits = [*(part.name for part in problem.rules.partitions), "budget"]
    numbers = [n for n in numbers if n <= problem.rules.usable().sum()]
    if not numbers:
        return None
    last: Solution | None = None

    def best(n: int) -> Solution:
        nonlocal last
        last = solve(problem, posing.look(AGAIN), p=n, without=limits, known=last)
        return last

    return coverage_curve(
        best, numbers, progress=progress,
        total=float(problem.weights.sum()), base=float(problem.weights[problem.covered].sum()),
    )  # fmt: skip


def curve_with_plan(table: pd.DataFrame | None, of: Finished) -> pd.DataFrame | None:
    """The curve, no lower than the plan and its phases show it can be."""
    if table is None:
        return None
    plan = of.plan
    known = {} if len(plan.closed) else {len(plan.chosen): plan.after.covered}
    if len(plan.phases):
        known |= dict(zip(plan.phases["sites"], plan.phases["best"], strict=True))
    return with_known(table, known, total=float(of.problem.weights.sum()))


def _cases(of: Finished, circle: Circle, change: float) -> list[Case]:
    """The cases of :func:`sensitivity`; under each the candidates are the same."""
    base = of.settle(of.posing)
    old, new = base.existing, base.new
    problem = base.pose()
    cases = [Case("base", problem)]
    own_m = circle.walk_kmh / 3.6 * circle.cutoff_s
    cases += [
        Case(f"radius:{r:g}", base.over(base.whole.within(r)).pose())
        for r in circle.readings_m
        if abs(r - own_m) >= 1.0
    ]
    cases.append(Case("hours:any", replace(base, existing=old.always(), new=new.always()).pose()))
    for group in base.groups:
        for sign in (1, -1):
            columns = [f"{group}__{t.name}" for t in base.periods]
            demand = base.demand.assign(**{c: base.demand[c] * (1 + sign * change) for c in columns})
            case = f"group:{group}:{sign * change * 100:+g}"
            cases.append(Case(case, replace(base, demand=demand).weighed_anew(problem)))
    return cases


def sensitivity(
    of: Finished, circle: Circle, *, change: float, within_m: float, fewer: Posing | None = None,
    missing: float = MISSING, progress: Progress | None = None,
) -> Sensitivity:  # fmt: skip
    """The plan under other walking distances, other numbers per group (each alone by ± ``change``), hours ignored.

    ``fewer``: what is posed where the share ``missing`` of the footways is not there.

    The first case changes nothing but the solver's seed: how many sites chance (and, in a plan built in
    batches, the batches) moves.
    """
    cases = _cases(of, circle, change)
    if fewer is not None:
        cases.append(Case(f"streets:{100 * missing:g}", of.settle(fewer).pose()))
    return _stressed(of, cases, within_m=within_m, progress=progress)


def with_cells(
    of: Finished,
    found: Sensitivity,
    cells: Iterable[tuple[float, Posing]],
    *,
    progress: Progress | None = None,
) -> Sensitivity:
    """The sensitivity with a case for each further demand grid: size of its cells (m), and what is posed on it."""
    cases = [Case(f"cell:{size:g}", of.settle(posing).pose()) for size, posing in cells]
    if not cases:
        return found
    more = _stressed(of, cases, within_m=found.within_m, progress=progress)
    return Sensitivity(
        pd.concat([found.table, more.table], ignore_index=True), found.kept.join(more.kept), found.within_m
    )


def _stressed(of: Finished, cases: list[Case], *, within_m: float, progress: Progress | None) -> Sensitivity:
    by_chance = {id(case.problem) for case in cases if case.key == "base"}  # nothing but the seed changes

    def again(problem: SitingProblem) -> Solution:
        if id(problem) in by_chance:
            return solve(problem, of.posing.look(ANEW, seed=of.posing.seed + 1))
        return solve(problem, of.posing.look(AGAIN), known=of.plan.solution)

    return stress(
        cases, of.chosen, again, value=plan_value, xy_m=of.xy_m, within_m=within_m, progress=progress
    )


def rule_prices(of: Finished, *, fair: bool, time_limit_s: float) -> pd.DataFrame:
    """What each rule costs in covered workers (:func:`planner.siting.questions.sensitivity.price_rules`).

    Rules in force (the study's goal, phases, quotas, required, forbidden) are left out one by one;
    ``quotas_full`` puts quotas by population in full in their place, ``quotas_level`` such that lift the
    worst-off district as far as sites built there do. ``fair`` adds the plan with the greatest least share of a
    district found within ``time_limit_s``; columns ``least_share`` and ``least_share_bound`` hold between them
    what is possible.
    """
    plan, goal = of.plan, of.problem.goal is not None
    problem = of.kept.without_goal()
    problem = problem.with_rules(problem.rules.counted(of.settled.p))
    quick = of.posing.look(AGAIN)
    found: dict[str, tuple[bool, Any]] = {}
    for part in problem.rules.partitions:
        if part.binds(problem.rules.p):
            found[f"{part.name}s"] = (True, solve(problem, quick, without=[part.name], known=plan.solution))
    for name in ("required", "forbidden"):
        if len(getattr(problem, name)):
            found[name] = (True, solve(problem, quick, without=[name], known=plan.solution))
    for name, quotas in _other_quotas(of).items():
        with contextlib.suppress(InfeasibleError):  # other rules stand against these quotas
            found[name] = (False, solve(problem.with_quotas(quotas), quick, known=plan.solution))
    if fair:
        found["fair"] = (False, _fairest(of, time_limit_s))
    top, bound = plan.solution.objective, plan.solution.bound
    if goal:
        best = solve(problem, quick, known=plan.solution)
        top, bound = max(best.objective, plan.after.covered), best.bound
    elif len(plan.phases):
        top = max(top, float(plan.phases["best"].iloc[-1]))
    return price_rules(
        problem, of.chosen, (top, bound), found, district=of.district, between="goal" if goal else "phases"
    )


def _other_quotas(of: Finished) -> dict[str, dict[str, int]]:
    """Quotas to compare with: by population in full, and such that lift the worst-off district.

    Empty where there is nothing to share out; quotas that other rules stand against are left out.
    """
    problem, rules, districts = of.problem, of.posing.siting, of.posing.districts
    p = rules.p or 0  # a posing's rules have a number
    first = problem.rules.partitions[0]
    if (first.most < len(first.of)).any() or rules.budget_yuan is not None or len(districts) < 2:
        return {}
    may = np.delete(problem.region, problem.forbidden)
    caps = [int((may == d).sum()) for d in districts["district"]]
    asked = {
        "quotas_full": proportional_quota_min(districts, 2 * p, caps=caps),  # halved there
        "quotas_level": levelling_quotas(problem, of.district, p),
    }
    must = pd.Series(problem.region[problem.required]).value_counts().to_dict()

    def fits(quotas: dict[str, int]) -> bool:
        return 0 < sum(max(quotas.get(d, 0), must.get(d, 0)) for d in quotas.keys() | must.keys()) <= p

    return {name: quotas for name, quotas in asked.items() if fits(quotas)}


def _fairest(of: Finished, time_limit_s: float) -> Solution:
    """The plan with the greatest least covered share of a district, quotas left out."""
    whole = of.problem
    problem, group = merged(whole, np.tile(of.district, len(whole.weights) // len(of.district)))
    return maximal_covering_fair(
        problem.covers, problem.weights, of.settled.p, group=group, covered=problem.covered,
        required=problem.required, forbidden=problem.forbidden, time_limit_s=time_limit_s, seed=of.posing.seed,
    )  # fmt: skip
