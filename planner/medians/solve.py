"""p-median from request to certificate: interchange from above, prices and branching from below."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.medians import kernels as mk
from planner.medians.kernels import Points
from planner.medians.tree import plan_cost, prove
from planner.solvers.clash import InfeasibleRequestError
from planner.solvers.effort import ENTRIES_PER_ROUND, Effort, random_state
from planner.solvers.infeasible import refuse_impossible
from planner.solvers.request import Request
from planner.solvers.rules import Rules
from planner.solvers.scale import certified, factor, step_of
from planner.solvers.setcover import completed, reaching_plan
from planner.solvers.solution import Solution

__all__ = ["assignment_cost", "solve_median"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def assignment_cost(costs: Any, weights: Floats, sites: Ints) -> float:
    """Σ_j w_j · min cost to one of ``sites``; inf where a weighted point has none (the referee)."""
    rows = costs.tocsr()[np.asarray(sites, np.int64)].tocoo()
    best = np.full(costs.shape[1], np.inf)
    np.minimum.at(best, rows.coords[1], rows.data)
    need = weights > 0
    return float((weights[need] * best[need]).sum())


def solve_median(costs: Any, weights: Floats, rules: Rules, effort: Effort) -> Solution:
    """The p sites with the least weighted assignment cost found, with its bound.

    Raises
    ------
    InfeasibleRequestError
        Rules clash, or some weighted point cannot be assigned.
    """
    refuse_impossible(rules)
    need = weights > 0
    points, by = _prepare(costs[:, np.flatnonzero(need)].tocsr(), weights[need])
    start = _start(costs, need, points, rules, effort)
    sites = _interchange(points, rules, start, effort)
    points = _capped(points, 2.0 * plan_cost(points, sites, rules.n_sites))
    proof = prove(points, rules, sites, effort)
    sites = proof.sites
    work = {
        "sites": rules.n_sites, "points": int(need.sum()), "entries": len(points.idx),
        "dual_steps": proof.steps, "nodes": proof.nodes,
    }  # fmt: skip
    objective = assignment_cost(costs, weights, sites)
    if not np.isfinite(objective):
        raise _unreachable(costs, need, rules)
    found = Solution(
        chosen=_cheapest_first(points, sites),
        objective=objective,
        bound=proof.bound / by,
        status="feasible",
        seconds=effort.spent,
        repeatable=effort.repeatable,
        work=work,
    )
    return certified(found, objective, found.bound, least=True)


def _capped(points: Points, most: float) -> Points:
    """The same for every plan that costs less than ``most`` (costs far beyond would drown the rest)."""
    if not most > 0:
        return points
    return points._replace(
        cost=np.minimum(points.cost, most),
        near_cost=np.minimum(points.near_cost, most),
        penalty=np.minimum(points.penalty, most),
    )


def _prepare(costs: Any, weights: Floats) -> tuple[Points, float]:
    """Weighted costs of ordinary size, and what they were multiplied by."""
    cost = costs.data * weights[costs.indices]
    by = factor(float(cost.sum()))
    cost = cost * by
    m, n = costs.shape
    weighted = sparse.csr_array((cost, costs.indices, costs.indptr), shape=(m, n)).tocsc()
    point = np.repeat(np.arange(n), np.diff(weighted.indptr))
    order = np.lexsort((weighted.indices, weighted.data, point))
    dear = np.zeros(n)
    np.maximum.at(dear, costs.indices, cost)
    points = Points(
        ptr=costs.indptr.astype(np.int64),
        idx=costs.indices.astype(np.int32),
        cost=cost,
        near_ptr=weighted.indptr.astype(np.int64),
        near_site=weighted.indices[order].astype(np.int32),
        near_cost=weighted.data[order],
        penalty=dear.sum() + dear + 1.0,
        unit=step_of(cost),
    )
    return points, by


def _start(costs: Any, need: NDArray[np.bool_], points: Points, rules: Rules, effort: Effort) -> Ints:
    """A plan that serves every point where one exists: sites that cover, then any within the quotas."""
    lost = np.diff(points.near_ptr) == 0
    if lost.any():
        raise _unreachable(costs, need, rules)
    if len(points.idx) == rules.n_sites * int(need.sum()):  # everything is in reach of everything
        return _any(rules)
    n = int(need.sum())
    covers = costs[:, np.flatnonzero(need)].tocsr()
    plan, fewest = reaching_plan(Request(covers, np.ones(n), np.zeros(n, bool), rules), effort)
    if plan is not None:
        return plan
    if not np.isfinite(fewest):
        raise _unreachable(costs, need, rules)
    if rules.p is not None and fewest > rules.p:
        raise InfeasibleRequestError(
            [
                f"p = {rules.p} sites",
                "every demand point must be assigned (missing costs: not assignable)",
            ],
            f"p = {int(fewest)}",
        )
    return _any(rules)


def _any(rules: Rules) -> Ints:
    """Some plan within the rules."""
    plan = completed(rules, rules.required)
    if plan is None:
        raise InfeasibleRequestError(["the rules, taken together"], "relax one of them")
    return plan


def _unreachable(costs: Any, need: NDArray[np.bool_], rules: Rules) -> InfeasibleRequestError:
    usable = np.setdiff1d(np.arange(rules.n_sites), rules.forbidden)
    reached = np.zeros(costs.shape[1], bool)
    reached[costs[usable].tocsr().indices] = True
    lost = np.flatnonzero(need & ~reached)
    shown = ", ".join(map(str, lost[:20])) + (" …" if len(lost) > 20 else "")
    if not len(lost):
        return InfeasibleRequestError(
            [f"p = {rules.p} sites within the quotas", "every demand point must be assigned"], "a larger p"
        )
    return InfeasibleRequestError(
        ["every demand point must be assigned", f"{len(lost)} have no usable site with a cost: {shown}"],
        "give these points a cost, or weight 0",
    )


def _interchange(points: Points, rules: Rules, start: Ints, effort: Effort) -> Ints:
    """Annealed interchange from ``start``, a fixed amount of work."""
    place = np.full(rules.n_sites, -1, np.int64)
    chosen = start.copy()
    place[chosen] = np.arange(len(chosen))
    limits = rules.limits(chosen)
    pool = np.flatnonzero(rules.usable() & ~limits.fixed)
    best_chosen = chosen.copy()
    state = random_state(effort.seed)
    best = np.inf
    rounds = 24
    total = min(effort.rounds * ENTRIES_PER_ROUND // 3, 800 * len(points.idx) + 2_000_000)
    for r in range(rounds if len(pool) else 0):
        if effort.out_of_time():
            break
        scale = best / max(1, len(chosen)) if np.isfinite(best) else 0.0
        heat = 0.0 if r < 2 or r > rounds - 4 else 0.05 * scale * 0.05 ** (r / rounds)
        best = mk.anneal_median(
            points, limits, chosen, place, pool, best_chosen, best, heat, total // rounds, state
        )
        effort.tell("search", 0.3 * (r + 1) / rounds)
    return best_chosen


def _cheapest_first(points: Points, sites: Ints) -> Ints:
    """The chosen sites, each lowering the cost most after those before it (ties: lower position)."""
    rows = {int(i): (points.idx[points.ptr[i] : points.ptr[i + 1]], points.cost[points.ptr[i] : points.ptr[i + 1]])
            for i in sites}  # fmt: skip
    now = points.penalty.copy()
    rest, order = sorted(rows), []
    while rest:
        gains = [float(np.maximum(now[rows[i][0]] - rows[i][1], 0.0).sum()) for i in rest]
        pick = rest[int(np.argmax(gains))]
        j, c = rows[pick]
        now[j] = np.minimum(now[j], c)
        rest.remove(pick)
        order.append(pick)
    return np.array(order, np.int64)
