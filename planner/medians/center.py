"""p-center: p sites so that the farthest demand point is as near as possible (Hakimi 1964).

The answer is one of the distinct costs; a binary search asks for each whether p sites cover every
point within it (a set covering problem, Minieka 1970).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.solvers.clash import InfeasibleRequestError
from planner.solvers.effort import Effort
from planner.solvers.infeasible import refuse_impossible
from planner.solvers.request import Request
from planner.solvers.rules import Rules
from planner.solvers.setcover import reaching_plan
from planner.solvers.solution import Solution

__all__ = ["solve_center"]

Ints = NDArray[np.int64]


def solve_center(costs: Any, rules: Rules, effort: Effort) -> Solution:
    """The p sites with the least greatest cost.

    Raises
    ------
    InfeasibleRequestError
        Rules clash, or p sites cannot reach every point at any cost.
    """
    refuse_impossible(rules)
    radii = np.unique(costs.data)
    low, high = 0, len(radii) - 1  # the answer's position lies in [low, high]
    best = _within(costs, rules, float(radii[high]), effort)
    if best[0] is None:
        raise InfeasibleRequestError(
            [f"p = {rules.p} sites", "every demand point must be in reach of one (missing = not assignable)"],
            f"p = {int(best[1])} at least" if np.isfinite(best[1]) else "more candidates",
        )
    plan, certain, tried = best[0], True, 0
    proven = 0  # positions below this one are known to be impossible
    while low < high:
        middle = (low + high) // 2
        sites, least = _within(costs, rules, float(radii[middle]), effort)
        tried += 1
        effort.tell("radius", 1 - (high - low) / len(radii))
        if sites is not None:
            plan, high = sites, middle
        else:
            low = middle + 1
            if rules.p is not None and least > rules.p:
                proven = max(proven, low)
            else:
                certain = False
        if effort.out_of_time():
            certain = False
            break
    chosen = _nearest_first(costs, plan)
    objective = float(_reach(costs, chosen).max(initial=0.0))
    bound = objective if certain else float(radii[min(proven, high)])
    return Solution(
        chosen=chosen,
        objective=objective,
        bound=min(bound, objective),
        status="optimal" if bound >= objective else "feasible",
        seconds=effort.spent,
        repeatable=effort.repeatable,
        work={"radii": len(radii), "tried": tried},
    )


def _within(costs: Any, rules: Rules, radius: float, effort: Effort) -> tuple[Ints | None, float]:
    """P sites reaching every point within ``radius`` (None: none found), and the fewest needed."""
    coo = costs.tocoo()
    near = coo.data <= radius
    covers = sparse.csr_array(
        (np.ones(int(near.sum()), np.int8), (coo.coords[0][near], coo.coords[1][near])), shape=costs.shape
    )
    n = costs.shape[1]
    return reaching_plan(Request(covers, np.ones(n), np.zeros(n, bool), rules), effort)


def _reach(costs: Any, sites: Ints) -> NDArray[np.float64]:
    """Per demand point the least cost to one of ``sites`` (inf: none)."""
    rows = costs[sites].tocoo()
    best = np.full(costs.shape[1], np.inf)
    np.minimum.at(best, rows.coords[1], rows.data)
    return best


def _nearest_first(costs: Any, sites: Ints) -> Ints:
    """Sites in the order that lowers the greatest (then the summed) cost fastest."""
    rest, order = sorted(int(i) for i in sites), []
    best = np.full(costs.shape[1], np.inf)
    limit = float(costs.data.max(initial=0.0)) * 10 + 1
    while rest:
        scores = []
        for i in rest:
            trial = best.copy()
            a, b = costs.indptr[i], costs.indptr[i + 1]
            np.minimum.at(trial, costs.indices[a:b], costs.data[a:b])
            trial = np.minimum(trial, limit)
            scores.append((trial.max(initial=0.0), trial.sum(), i))
        nxt = min(scores)[2]
        a, b = costs.indptr[nxt], costs.indptr[nxt + 1]
        np.minimum.at(best, costs.indices[a:b], costs.data[a:b])
        rest.remove(nxt)
        order.append(nxt)
    return np.array(order, np.int64)
