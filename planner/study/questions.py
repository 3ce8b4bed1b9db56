"""Questions to a finished plan: other plans, replacements, the price of a wish or a rule, other assumptions."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from planner.errors import PlannerError

if TYPE_CHECKING:
    from planner.siting.sensitivity import Case, Sensitivity
    from planner.study.study import Study

#: Rounds of the quick solves (each of ten million coverage entries).
QUICK = 1
#: Rounds of the solves whose sites are compared with the plan's: enough that chance moves few of them.
STEADY = 3
#: By how much the numbers of each group are changed.
CHANGE = 0.3


def _key(study: Study) -> list[Any]:
    study._solved()
    return [study._done["siting"]["_key"], study._siting_key()]


def _xy(study: Study) -> Any:
    return shapely.get_coordinates(study.candidates.geometry.to_numpy())


def _labels(study: Study) -> Any:
    """Name of each candidate, or its id where it has none."""
    c = study.candidates
    return c["name"].where(c["name"] != "", c["site_id"]).to_numpy(dtype=object)


def alternatives(study: Study, *, k: int = 3) -> pd.DataFrame:
    """Up to ``k`` near-optimal plans that differ: plan, covered, share, lost (workers), loss (share), same, near, sites.

    Each does without another k-th of the proposed sites (required ones stay); ``same``: sites in common;
    ``near``: proposed sites with one of the other plan's within a cell; ``sites``: ids joined by ``;``.
    """
    from scipy.spatial import cKDTree

    from planner.siting.alternatives import other_plans
    from planner.siting.solve import solve_plan

    problem, s = study.problem(), study.settings

    def compute() -> dict[str, Any]:
        plan = study.site_stations()
        chosen, xy, ids = plan.solution.chosen, _xy(study), study.candidates["site_id"].to_numpy()
        closed: list[Any] = []

        def solve(banned: Any) -> Any:
            other, gone = solve_plan(problem, study._look(QUICK), barred=banned)
            closed.append(gone)
            return other

        found = other_plans(
            solve, chosen, plan.solution.objective,
            k=min(k, len(chosen)), keep=list(problem.required),
        )  # fmt: skip
        rows = []
        for n, (other, gone) in enumerate(zip(found, closed, strict=True), start=1):
            far, _ = cKDTree(xy[other.chosen]).query(xy[chosen])
            covered = study._problem_kept(gone).reached(other.chosen)
            rows.append(
                {
                    "plan": n,
                    "covered": covered,
                    "share": covered / plan.after.workers if plan.after.workers > 0 else 0.0,
                    "lost": plan.after.covered - covered,
                    "loss": other.loss,
                    "same": int(np.isin(chosen, other.chosen).sum()),
                    "near": int((far <= s.demand.cell_m).sum()),
                    "sites": ";".join(map(str, ids[other.chosen])),
                }
            )
        columns = ["plan", "covered", "share", "lost", "loss", "same", "near", "sites"]
        return {"alternatives": pd.DataFrame(rows, columns=columns)}

    table: pd.DataFrame = study._stage(f"alternatives:{k}", _key(study), compute)["alternatives"]
    return table


def replacements(study: Study, *, k: int = 3) -> pd.DataFrame:
    """The ``k`` best replacements of every proposed site within its district, and what each loses (workers).

    Columns: rank, site_id, name, district, place (1..k), replacement_id, replacement, host_kind, distance_m, loss.
    """
    from planner.siting.alternatives import replacements as replace_each

    plan, problem, candidates = study.site_stations(), study._problem_kept(), study.candidates
    chosen, xy, names = plan.solution.chosen, _xy(study), _labels(study)
    found = replace_each(
        problem.covers,
        problem.weights,
        chosen,
        covered=problem.covered,
        rules=problem.rules,
        k=k,
    )
    rank = pd.Series(np.arange(1, len(chosen) + 1), index=chosen)
    site, other = found["site"].to_numpy(dtype=np.int64), found["replacement"].to_numpy(dtype=np.int64)
    ids = candidates["site_id"].to_numpy()
    return pd.DataFrame(
        {
            "rank": rank.reindex(site).to_numpy(),
            "site_id": ids[site],
            "name": names[site],
            "district": candidates["district"].to_numpy()[site],
            "place": found["place"].to_numpy(),
            "replacement_id": ids[other],
            "replacement": names[other],
            "host_kind": candidates["host_kind"].to_numpy()[other],
            "distance_m": np.hypot(*(xy[site] - xy[other]).T),
            "loss": np.maximum(0.0, found["loss"].to_numpy(dtype=float)),
        }
    )


@dataclasses.dataclass(frozen=True)
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


def price_of(study: Study, site_id: str) -> WishPrice:
    """The price of a wish: any candidate, added or forced into the plan.

    Raises
    ------
    PlannerError
        No such candidate; the nearest ids are named.
    """
    from planner.siting import alternatives as siting

    ids, names = study.candidates["site_id"].to_numpy(), _labels(study)
    at = np.flatnonzero(ids == site_id)
    if not len(at):
        near = ", ".join(difflib.get_close_matches(str(site_id), [str(v) for v in ids], n=3, cutoff=0.5))
        raise PlannerError(
            f"{site_id!r} is no candidate of this study" + (f"; nearest ids: {near}" if near else "")
        )
    chosen, problem, wished = study.site_stations().solution.chosen, study._problem_kept(), int(at[0])
    if wished in chosen:
        return WishPrice(str(site_id), str(names[wished]), True, 0.0, 0.0, "", "")
    may_go = problem.rules.may_swap(chosen, wished)
    wish = siting.price_of(
        problem.covers, problem.weights, chosen, wished, covered=problem.covered, may_go=may_go
    )
    out = wish.instead_of
    return WishPrice(
        str(site_id), str(names[wished]), False, wish.gain, wish.loss,
        str(ids[out]) if out >= 0 else "", str(names[out]) if out >= 0 else "",
    )  # fmt: skip


def _cases(study: Study, change: float, cell_m: Sequence[float]) -> list[Case]:
    from planner.siting.problem import pose
    from planner.siting.sensitivity import Case

    s, ground = _settled(study), study._ground()
    stay = np.setdiff1d(np.arange(len(ground.existing_open)), study._solved()["closed"])
    kept = tuple(dataclasses.replace(a, seconds=a.seconds[stay]) for a in ground.existing)
    ground = dataclasses.replace(ground, existing=kept, existing_open=ground.existing_open[stay])

    def case(key: str, **changes: Any) -> Case:
        return Case(key, pose(s.siting, s.periods, dataclasses.replace(ground, **changes)))

    own_m = s.circle.walk_kmh / 3.6 * s.circle.cutoff_s
    cases = [case("base")]
    for r in s.circle.readings_m:
        if abs(r - own_m) >= 1.0:
            here, there = (
                tuple(dataclasses.replace(a, cutoff_s=a.cutoff_for(r)) for a in ways)
                for ways in (ground.existing, ground.new)
            )
            cases.append(case(f"radius:{r:g}", existing=here, new=there))
    always = {name: np.ones_like(getattr(ground, name)) for name in ("existing_open", "new_open")}
    cases.append(case("hours:any", **always))
    periods = [t.name for t in s.periods]
    for group in s.headline_groups:
        for sign in (1, -1):
            columns = [f"{group.name}__{t}" for t in periods]
            other = study.demand.assign(**{c: study.demand[c] * (1 + sign * change) for c in columns})
            cases.append(case(f"group:{group.name}:{sign * change * 100:+g}", demand=other))
    return cases + [Case(f"cell:{size:g}", _with_cells(study, size).problem()) for size in cell_m]


def _settled(study: Study) -> Any:
    """The settings with the plan's closings done and its number of sites fixed: what a case is solved under."""
    s, n = study.settings, len(study.site_stations().chosen)
    if s.siting.goal.plain:
        return s
    goal = s.siting.goal.model_copy(update={"relocate": 0, "budget_only": False})
    return s.model_copy(update={"siting": s.siting.model_copy(update={"goal": goal, "p": max(1, n)})})


def _with_cells(study: Study, cell_m: float) -> Study:
    """The same study on another demand grid; its candidates are the same."""
    s = study.settings
    demand = s.demand.model_copy(update={"cell_m": float(cell_m)})
    return type(study)(
        s.model_copy(update={"demand": demand}), progress=study._progress, cache=study._store.folder.parent,
        source=study.source,
    )  # fmt: skip


def sensitivity(study: Study, *, change: float = CHANGE, cell_m: Sequence[float] = ()) -> Sensitivity:
    """The plan under other walking distances, other numbers per group, hours ignored (and other cell sizes).

    The first case changes nothing but the solver's seed: how many sites chance (and, in a plan built in
    batches, the batches) moves. ``change``: each group alone by ± this share. ``cell_m``: demand grids to compare with (metres); the demand
    is modelled anew for each, which takes as long as the first time.
    """
    from planner.siting.sensitivity import Sensitivity, stress
    from planner.siting.solve import plan_value, solve

    s, plan = _settled(study), study.site_stations()

    def compute() -> dict[str, Any]:
        cases = _cases(study, change, cell_m)
        found = stress(
            cases, plan.solution.chosen,
            lambda problem: solve(problem, study._look(STEADY, seed=s.study.seed + (problem is cases[0].problem))),
            value=plan_value, xy_m=_xy(study),
            within_m=s.demand.cell_m, progress=study._progress,
        )  # fmt: skip
        return {"table": found.table, "kept": found.kept}

    asked = [f"by {change:g}"] * (change != CHANGE) + [f"cell {m:g}" for m in cell_m]
    parts = study._stage(":".join(["sensitivity", *asked]), _key(study), compute)
    return Sensitivity(parts["table"], parts["kept"], s.demand.cell_m)


def rule_prices(study: Study, *, fair: bool = False, time_limit_s: float = 120.0) -> pd.DataFrame:
    """What each rule costs in covered workers (:func:`planner.siting.sensitivity.price_rules`).

    Rules in force (the study's goal, phases, quotas, required, forbidden) are left out one by one;
    ``quotas_full`` puts quotas by population in full in their place, ``quotas_level`` such that lift the
    worst-off district as far as sites built there do. ``fair`` adds the plan with the greatest least share of a
    district found within ``time_limit_s``; columns ``least_share`` and ``least_share_bound`` hold between them
    what is possible.
    """
    from planner.siting.sensitivity import price_rules
    from planner.siting.solve import solve

    plan, s = study.site_stations(), _settled(study)
    problem = study._problem_kept().without_goal()
    problem = problem.with_rules(problem.rules.counted(s.siting.p))
    goal = study.problem().goal is not None

    def without(**changes: Any) -> Any:
        return solve(problem, study._look(QUICK), **changes)

    def compute() -> dict[str, Any]:
        found: dict[str, tuple[bool, Any]] = {}
        for part in problem.rules.partitions:
            if part.binds(problem.rules.p):
                found[f"{part.name}s"] = (True, without(without=[part.name]))
        for name in ("required", "forbidden"):
            if len(getattr(problem, name)):
                found[name] = (True, without(without=[name]))
        for name, quotas in _other_quotas(study).items():
            found[name] = (False, solve(problem.with_quotas(quotas), study._look(QUICK)))
        if fair:
            found["fair"] = (False, _fairest(study, time_limit_s))
        top, bound = plan.solution.objective, plan.solution.bound
        if goal:
            best = without()
            top, bound = max(best.objective, plan.after.covered), best.bound
        elif len(plan.phases):
            top = max(top, float(plan.phases["best"].iloc[-1]))
        district = study.demand["district"].to_numpy(dtype=str)
        priced = price_rules(
            problem, plan.solution.chosen, (top, bound), found, district=district,
            between="goal" if goal else "phases",
        )  # fmt: skip
        return {"rules": priced}

    table: pd.DataFrame = study._stage("rule_prices" + ":fair" * fair, _key(study), compute)["rules"]
    return table


def _other_quotas(study: Study) -> dict[str, dict[str, int]]:
    """Quotas to compare with: by population in full, and such that lift the worst-off district.

    Empty where there is nothing to share out; quotas that other rules stand against are left out.
    """
    from planner.siting.candidates import proportional_quota_min
    from planner.siting.sensitivity import levelling_quotas

    problem, p = study.problem(), study.settings.siting.p
    if (
        (problem.rules.partitions[0].most < len(problem.rules.partitions[0].of)).any()
        or study.settings.siting.budget_yuan is not None
        or len(study.districts) < 2
    ):
        return {}
    may = np.delete(problem.region, problem.forbidden)
    caps = [int((may == d).sum()) for d in study.districts["district"]]
    asked = {
        "quotas_full": proportional_quota_min(study.districts, 2 * p, caps=caps),  # halved there
        "quotas_level": levelling_quotas(problem, study.demand["district"].to_numpy(dtype=str), p),
    }
    must = pd.Series(problem.region[problem.required]).value_counts().to_dict()

    def fits(quotas: dict[str, int]) -> bool:
        return 0 < sum(max(quotas.get(d, 0), must.get(d, 0)) for d in quotas.keys() | must.keys()) <= p

    return {name: quotas for name, quotas in asked.items() if fits(quotas)}


def _fairest(study: Study, time_limit_s: float) -> Any:
    """The plan with the greatest least covered share of a district, quotas left out."""
    from planner.siting.sensitivity import merged
    from planner.solvers.problems import maximal_covering_fair

    s, whole = study.settings, study.problem()
    district = study.demand["district"].to_numpy(dtype=str)
    problem, group = merged(whole, np.tile(district, len(whole.weights) // len(district)))
    return maximal_covering_fair(
        problem.covers, problem.weights, s.siting.p, group=group, covered=problem.covered,
        required=problem.required, forbidden=problem.forbidden, time_limit_s=time_limit_s, seed=s.study.seed,
    )  # fmt: skip
