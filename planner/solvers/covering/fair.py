"""The worst-off district first: the greatest least share, with an interval that holds it.

Max-min is the mean of the worst 1/G of G "scenarios", the covered shares of the districts; the rest is
:mod:`.composed`. In lexicographic order the second least share decides between plans with the same
least one, and so on; for that the sums of the r least shares are raised one after the other (Ogryczak
& Śliwiński 2003), each with the bound that no plan exceeds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from planner.solvers.covering.composed import (
    Worth,
    searched,
    small_enough,
    solve_composed,
    sums_of,
    worth_of,
)
from planner.solvers.effort import Effort
from planner.solvers.request import Request
from planner.solvers.solution import PROOF, Solution, relative_gap

__all__ = ["solve_fair"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Shares nearer than this count as equal.
SAME = 1e-9


def solve_fair(
    request: Request,
    worth: Worth,
    totals: Floats,
    starts: list[Ints],
    effort: Effort,
    *,
    lexicographic: bool = False,
) -> Solution:
    """The plan with the greatest least covered share of a group; ties by total weight, or lexicographically.

    ``worth.scenarios``: a row per group, each point's share of its weight (``tail`` 1/groups); ``totals``: weight
    of each group. Objective and bound are the least share; ``work``: ``total`` and ``total_bound`` (covered
    weight, and the most of any plan with this least share) or, lexicographically, ``least_r`` and
    ``least_r_bound`` (mean of the r least shares, r = 2 …, and the most that any plan reaches).
    """
    part = replace(effort, rounds=max(2, effort.rounds // 2))
    first = solve_composed(request, worth, starts, part)
    effort.repeatable &= part.repeatable
    work = dict(first.work)
    if lexicographic:
        plan = _next_levels(request, worth, first, effort, work)
    else:
        plan = _most_weight(request, worth, totals, np.sort(first.chosen), effort, work)
    objective = worth_of(request, worth, plan)
    bound = max(first.bound, objective)
    bound = objective if relative_gap(objective, bound) <= PROOF else bound
    return replace(
        first, chosen=_ranked(first.chosen, plan), objective=objective, bound=bound, seconds=effort.spent,
        status="optimal" if bound == objective else "feasible", repeatable=effort.repeatable, work=work,
    )  # fmt: skip


def _most_weight(
    request: Request, worth: Worth, sums: Floats, plan: Ints, effort: Effort, work: dict[str, float]
) -> Ints:
    """Among plans with this least share the one that covers most."""
    level = worth_of(request, worth, plan) * (1 - SAME)
    rest = replace(worth, tail=0.0, straight=sums, at_least=((worth.tail, level),))
    both = replace(worth, straight=0.2 * sums / sums.sum())
    near = searched(request, both, plan, effort)
    plans = [p for p in (plan, near) if np.isfinite(worth_of(request, rest, p))]
    found = solve_composed(request, rest, plans, effort, search=False)
    work.update(total=found.objective, total_bound=found.bound)
    return np.sort(found.chosen)


def _next_levels(
    request: Request, worth: Worth, first: Solution, effort: Effort, work: dict[str, float]
) -> Ints:
    """Raise the mean of the r least shares for r = 2, 3 … without lowering those before."""
    k, plan = round(1 / worth.tail), np.sort(first.chosen)
    kept = [(worth.tail, first.objective * (1 - SAME))]
    if first.status == "optimal" and small_enough(request, worth, effort):
        bounds = dict[int, float]()
        for r in range(2, k + 1):
            level = replace(worth, tail=r / k, at_least=tuple(kept))
            found = solve_composed(request, level, [plan], effort, search=False)
            plan = np.sort(found.chosen)
            kept.append((r / k, found.objective * (1 - SAME)))
            bounds[r] = found.bound
    else:
        again = searched(request, worth, plan, effort, lean=1.0)
        plan = max(plan, again, key=lambda p: np.sort(sums_of(request, worth, p)).round(6).tolist())
        least = float(sums_of(request, worth, plan).min()) * (1 - SAME)
        bounds = _level_bounds(request, replace(worth, at_least=((worth.tail, least),)), plan, effort)
    for r in range(2, k + 1):
        value = worth_of(request, replace(worth, tail=r / k), plan)
        work.update({f"least_{r}": value, f"least_{r}_bound": max(value, bounds[r])})
    return plan


def _level_bounds(request: Request, worth: Worth, plan: Ints, effort: Effort) -> dict[int, float]:
    """Most that the mean of the r least shares can be in a plan whose least share is as given, r = 2 ….

    By the relaxed model for r = 2, all but one, and all; the r least are no more on average than the r + 1
    least, which bounds those between.
    """
    k = round(1 / worth.at_least[0][0])
    bounds = dict.fromkeys(range(2, k + 1), 1.0)
    for r in sorted({2, k - 1, k} & bounds.keys()):
        if effort.out_of_time():
            break
        found = solve_composed(request, replace(worth, tail=r / k), [plan], effort, search=False)
        bounds[r] = min(1.0, found.bound)
    for r in range(k - 1, 1, -1):
        bounds[r] = min(bounds[r], bounds[r + 1])
    return bounds


def _ranked(order: Ints, plan: Ints) -> Ints:
    """``plan`` with the sites it shares with ``order`` first, in that order."""
    shared = order[np.isin(order, plan)]
    return np.concatenate([shared, np.setdiff1d(plan, shared)])
