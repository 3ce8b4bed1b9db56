"""Maximal covering from request to certificate: reduce, search, bound, prove."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from planner.siting.solvers.bound import Dual
from planner.siting.solvers.core import Core, reduce_request
from planner.siting.solvers.evaluate import covered_weight
from planner.siting.solvers.exact import solve_core
from planner.siting.solvers.infeasible import InfeasibleRequestError, refuse_impossible
from planner.siting.solvers.request import Request
from planner.siting.solvers.search import Plan, Search, best_first, greedy, plan_of
from planner.siting.solvers.solution import PROOF, Solution, relative_gap

__all__ = ["Effort", "solve_covering"]

Ints = NDArray[np.int64]
Progress = Callable[[str, float], None]

#: Coverage entries per round of the search: about 30 ms of one core.
ROUND = 10_000_000


@dataclass
class Effort:
    """How hard to look, and what was spent.

    ``rounds`` is the amount of work (so that answers repeat); ``seconds`` is a safety only.
    """

    rounds: int
    seconds: float
    gap: float
    seed: int
    progress: Progress | None = None
    begun: float = field(default_factory=time.perf_counter)
    repeatable: bool = True

    @property
    def left(self) -> float:
        """Seconds left."""
        return self.seconds - (time.perf_counter() - self.begun)

    def out_of_time(self) -> bool:
        """Whether the clock has run out; remembers that the answer then depends on it."""
        if self.left <= 0:
            self.repeatable = False
            return True
        return False

    def tell(self, label: str, share: float) -> None:
        """Report progress."""
        if self.progress is not None:
            self.progress(label, min(1.0, max(0.0, share)))


@dataclass
class _Standing:
    """The best plan and bound of the core so far (core weight)."""

    core: Core
    plan: Plan
    bound: float

    def settle(self) -> None:
        """Whole weights: no plan lies between two whole numbers."""
        if self.core.whole:
            self.bound = float(np.floor(self.bound + 1e-6 + 1e-9 * abs(self.bound)))
        self.bound = max(self.bound, self.plan.value)

    def gap(self) -> float:
        base = self.core.base
        return relative_gap(base + self.plan.value, base + self.bound)


def solve_covering(request: Request, effort: Effort) -> Solution:
    """The best plan found for a request, with its bound.

    Raises
    ------
    InfeasibleRequestError
        No plan can obey the rules.
    """
    refuse_impossible(request.rules)
    effort.tell("reduce", 0.0)
    core = reduce_request(request)
    standing = _first_plan(core, effort)
    work: dict[str, float] = {"sites": core.n_sites, "rows": core.n_rows, "pairs": len(core.idx)}
    _improve(standing, effort, work)
    if standing.gap() > PROOF:
        _prove(standing, effort, work)
    return _answer(request, standing, effort, work)


def _first_plan(core: Core, effort: Effort) -> _Standing:
    plan = greedy(core)
    if core.limited:
        by_price = greedy(core, price=core.cost)
        if plan is None or (by_price is not None and by_price.value > plan.value):
            plan = by_price
    if plan is None:
        sites, _ = solve_core(core, seconds=max(1.0, effort.left), gap=0.5)
        if sites is None:
            raise InfeasibleRequestError(["spacing, quotas, budget and p together"], "relax one of them")
        plan = plan_of(core, sites)
    return _Standing(core, plan, float(core.weight.sum()))


def _improve(standing: _Standing, effort: Effort, work: dict[str, float]) -> None:
    """Annealed swaps from below and dual steps from above, in turn, a fixed number of rounds."""
    core = standing.core
    standing.settle()
    search = Search(core, standing.plan, seed=effort.seed)
    dual = Dual(core)
    rounds = max(4, effort.rounds)
    entries = min(ROUND, 2_000 * max(1, len(core.idx)))
    steps = max(1, int(ROUND // (max(1, len(core.idx)) + 20 * core.n_sites) // 2))
    for r in range(rounds):
        if standing.gap() <= max(effort.gap, PROOF) or effort.out_of_time():
            break
        heat = r / (rounds * 0.85)
        search.run(entries, heat=heat if heat <= 1 else None)
        if search.best > standing.plan.value:
            standing.plan = search.plan()
        dual.run(steps, standing.plan.value)
        standing.bound = min(standing.bound, dual.bound)
        standing.settle()
        effort.tell("search", 0.9 * (r + 1) / rounds)
        if dual.done and search.idle:
            break
    work.update(rounds=r + 1 if rounds else 0, entries=search.entries, dual_steps=dual.steps)


def _prove(standing: _Standing, effort: Effort, work: dict[str, float]) -> None:
    """HiGHS on the core where it is small enough to finish."""
    core = standing.core
    if len(core.idx) > 60_000 or core.n_rows + core.n_sites > 30_000 or effort.left <= 0.05:
        return
    sites, outcome = solve_core(core, start=standing.plan.sites, seconds=effort.left)
    work["nodes"] = outcome.nodes
    if outcome.cut_by_clock:
        effort.repeatable = False
    if sites is not None:
        plan = plan_of(core, sites)
        if plan.value > standing.plan.value:
            standing.plan = plan
    if outcome.proven:
        standing.bound = standing.plan.value
    else:
        standing.bound = min(standing.bound, outcome.bound)
    standing.settle()


def _answer(request: Request, standing: _Standing, effort: Effort, work: dict[str, float]) -> Solution:
    core = standing.core
    sites = np.concatenate([request.rules.required, core.site[standing.plan.sites]])
    chosen = best_first(request.covers, np.where(request.covered, 0.0, request.weights), sites)
    objective = covered_weight(request.covers, request.weights, chosen, request.covered)
    bound = max(core.base + standing.bound, objective)
    if relative_gap(objective, bound) <= PROOF:
        bound = objective
    base = float(request.weights[request.covered].sum())
    return Solution(
        chosen=chosen,
        objective=objective,
        bound=bound,
        status="optimal" if relative_gap(objective, bound) <= PROOF else "feasible",
        seconds=time.perf_counter() - effort.begun,
        repeatable=effort.repeatable,
        base=base,
        work=work,
    )
