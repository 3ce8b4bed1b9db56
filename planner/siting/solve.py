"""A posed problem solved: the plan with its certificate, what plans are worth, building in batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.progress import Progress
from planner.settings.siting import Batch, Siting
from planner.siting.goal.pose import goal_value, solve_goal, with_kept
from planner.siting.phases import lack, plan_phases
from planner.siting.problem import SitingProblem
from planner.solvers.covering.maximal import solve_covering
from planner.solvers.covering.search import best_first
from planner.solvers.effort import effort
from planner.solvers.request import Request, check_weights
from planner.solvers.solution import PROOF, Solution, relative_gap

__all__ = ["Look", "plan_value", "solve", "solve_in_phases", "solve_plan"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Look:
    """How hard to look for a plan: rounds of work, the gap that is good enough, the clock as a safety, the seed."""

    work_limit: int
    gap: float
    time_limit_s: float
    seed: int
    progress: Progress | None = None

    @classmethod
    def of(
        cls, siting: Siting, seed: int, *, work_limit: int | None = None, progress: Progress | None = None
    ) -> Look:
        """A study's own limits; ``work_limit`` in the place of its own."""
        work = siting.work_limit if work_limit is None else work_limit
        return cls(work, siting.gap, siting.time_limit_s, seed, progress)


def solve(problem: SitingProblem, look: Look, **changes: Any) -> Solution:
    """The solution of :func:`solve_plan` (its sites are candidates)."""
    return solve_plan(problem, look, **changes)[0]


def solve_plan(
    problem: SitingProblem,
    look: Look,
    *,
    p: int | None = None,
    weights: Array | None = None,
    barred: Array | None = None,
    without: Sequence[str] = (),
    known: Solution | None = None,
) -> tuple[Solution, Array]:
    """Solve a posed problem; also which open stations close.

    ``p``, ``weights`` and ``barred`` (further forbidden positions) replace the problem's own; ``without`` names
    rules to leave out (:meth:`planner.solvers.rules.Rules.without`). ``known``: the solution of a neighbouring problem, from which
    search and bound set out.
    """
    rules = problem.rules.without(*without)
    rules = rules if p is None else rules.counted(p)
    rules = rules if barred is None else rules.barring(barred)
    weight = problem.weights if weights is None else weights
    hard = effort(look.time_limit_s, look.gap, look.work_limit, look.seed, look.progress)
    if problem.goal is not None:
        return solve_goal(problem.goal, weight, rules, hard, known, problem.kept)
    lean = problem.lean
    checked = check_weights(weight, len(problem.covered))
    request, known = Request(lean.covers, lean.weights(checked), lean.covered, rules), lean.known(known)
    if problem.kept is None:
        return lean.told(solve_covering(request, hard, known)), np.zeros(0, dtype=np.int64)
    found = lean.told(solve_covering(with_kept(request, problem.kept), hard, known))
    order = best_first(lean.covers, np.where(request.covered, 0.0, request.weights), found.chosen)
    return replace(found, chosen=order), np.zeros(0, dtype=np.int64)


def plan_value(problem: SitingProblem, sites: Array, *, closed: Array | None = None) -> float:
    """What plans are compared by: covered workers, or the study's goal."""
    if problem.goal is not None:
        gone = () if closed is None else closed.tolist()
        return goal_value(problem.goal, problem.weights, np.asarray(sites), closed=gone, kept=problem.kept)
    own = 0.0 if problem.kept is None else float(problem.kept[np.asarray(sites, np.int64)].sum())
    return problem.reached(sites) + own


def solve_in_phases(
    problem: SitingProblem, batches: Sequence[Batch], final_weight: float, last: Solution, look: Look
) -> tuple[Solution, pd.DataFrame]:
    """Order the plan into the study's batches, each good in its turn.

    Returns the solution with its sites in building order (objective of the nested plan, the bound of the
    plan without phases) and one row per phase (:class:`planner.siting.phases.Phases`).
    """
    rules, sizes = problem.rules, [b.count for b in batches]
    ends = np.cumsum(sizes)
    quick = replace(look, work_limit=max(1, look.work_limit // 4))
    fixed = (
        problem.goal is not None or rules.limited or problem.kept is not None
    )  # exchanges would know nothing of these
    counts = [part.name for part in rules.partitions]
    early = [solve(problem, quick, p=int(n), without=counts) for n in ends[:-1]]
    steady = last.repeatable and all(s.repeatable for s in early)
    if fixed:
        table = _phases_of(problem, batches, last, [*early, last], ends)
        return replace(last, repeatable=steady), table
    binding = any(part.binds(rules.p) for part in rules.partitions)
    found = plan_phases(
        problem.covers, problem.weights, sizes, [b.name for b in batches],
        [*(s.chosen for s in early), last.chosen], [*(s.bound for s in early), last.bound],
        covered=problem.covered, required=problem.required, forbidden=problem.forbidden,
        region=rules.kind if binding else None, final_weight=final_weight,
    )  # fmt: skip
    objective = float(found.table["covered"].iloc[-1])
    status: Literal["optimal", "feasible"] = (
        "optimal" if relative_gap(objective, last.bound) <= PROOF else "feasible"
    )
    nested = replace(last, chosen=found.order, objective=objective, status=status, repeatable=steady)
    return nested, found.table


def _phases_of(
    problem: SitingProblem, batches: Sequence[Batch], plan: Solution, best: Sequence[Solution], ends: Array
) -> pd.DataFrame:
    """The plan's own order cut into batches, in the columns of :class:`planner.siting.phases.Phases`.

    ``covered`` and ``best`` count workers; ``bound`` and the regrets are in what plans are compared by.
    """
    rows = []
    for batch, end, alone in zip(batches, ends, best, strict=True):
        got = plan_value(problem, plan.chosen[:end]) - plan.base
        top = max(got, alone.objective - plan.base)
        counted = [problem.reached(s) for s in (plan.chosen[:end], alone.chosen)]
        rows.append(
            {
                "name": batch.name,
                "sites": int(end),
                "covered": counted[0],
                "best": max(counted),
                "bound": float(alone.bound),
                "regret": lack(got, top),
                "regret_bound": lack(got, max(top, alone.bound - plan.base)),
            }
        )
    return pd.DataFrame(rows)
