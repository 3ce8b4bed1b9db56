"""Maximal covering from request to certificate: reduce, bound, search, prove."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planner.solvers.clash import InfeasibleRequestError, told
from planner.solvers.covering import kernels
from planner.solvers.covering.bound import Dual
from planner.solvers.covering.core import Core, reduce_request, shrink
from planner.solvers.covering.exact import solve_core
from planner.solvers.covering.fixing import decided
from planner.solvers.covering.rows import RowsSearch, rows_of
from planner.solvers.covering.search import Plan, Search, best_first, greedy, plan_of
from planner.solvers.each_rule import allowed
from planner.solvers.effort import ENTRIES_PER_ROUND, Effort
from planner.solvers.infeasible import any_plan, refuse_impossible
from planner.solvers.request import Request
from planner.solvers.scale import certified, factor, scaled
from planner.solvers.score import covered_weight
from planner.solvers.solution import PROOF, Solution, relative_gap

__all__ = ["solve_covering"]

Floats = NDArray[np.float64]

#: Up to this many coverage pairs, or rows and sites, a proof is cheap: it is made whatever the tolerance.
SMALL_PAIRS, SMALL_SIZE = 12_000, 1_500
#: Coverage pairs of the reduced problem per round of work up to which HiGHS is worth its time.
PAIRS_PER_ROUND = 3_000
#: Coverage pairs up to which sites that others dominate are looked for; in a quick search, which hardly gains by it, fewer.
MOST_PAIRS, QUICK_PAIRS = 3_000_000, 1_000_000
#: Dual steps after which prices hardly improve.
DUAL_STEPS = 2000


NO_PLAN = told("p, quotas, budget and spacing, taken together", "选址数量、配额、预算与最小间距合在一起")
RELAX = told("relax one of them", "放宽其中一项")

#: How hot each annealed plan begins (share of the mean gain per site); the last ones start from the merger.
TURNS = (0.025, 0.05, 0.025, 0.05, 0.025, 0.05, 0.012, 0.012)
#: Turns after which the plans so far are merged.
MERGE_AFTER = (3, 5, 7)
#: Rounds of work up to which the search ends with the first merger.
QUICK_ROUNDS = 5
#: Coverage pairs of a merger: so many, and so many more per round of work. Where plans agree on little the model is large, and
#: takes longer than the annealing that it would improve on by hardly anything.
MERGE_PAIRS, MERGE_PAIRS_PER_ROUND = 2_500, 500
#: HiGHS's pauses for a merger: plans that agree on most sites are merged at the root or not worth it.
MERGE_LOOKS = 8
#: Mergers, and proofs of larger models, do without HiGHS's searches of its own: each is a model in itself, and none of them
#: can be cut short.
MERGE_OPTIONS = {
    "mip_heuristic_run_rens": False, "mip_heuristic_run_rins": False, "mip_heuristic_run_root_reduced_cost": False,
}  # fmt: skip


@dataclass
class _Standing:
    """The best plan and bound of the core so far (core weight, ``base`` excluded)."""

    core: Core
    plan: Plan
    bound: float

    def settle(self) -> None:
        """No plan lies between two multiples of the unit."""
        if self.core.unit > 0:
            steps = self.bound / self.core.unit
            self.bound = float(np.floor(steps + 1e-6 + 1e-10 * abs(steps))) * self.core.unit
        self.bound = max(self.bound, self.plan.value)

    def take(self, plan: Plan) -> None:
        """Keep the better plan, if it is one: HiGHS keeps rules only to its tolerances."""
        if plan.value > self.plan.value and allowed(self.core.rules, plan.sites):
            self.plan = plan

    def gap(self) -> float:
        """The relative gap as the solution will state it."""
        base = self.core.base
        return relative_gap(base + self.plan.value, base + self.bound)


def solve_covering(request: Request, effort: Effort, known: Solution | None = None) -> Solution:
    """The best plan found for a request, with its bound.

    ``known``: the solution of a neighbouring problem on the same sites (other weights, another count): the search sets
    out from its plan too, and the bound from its prices where the demand points are the same.

    Raises
    ------
    InfeasibleRequestError
        No plan can obey the rules.
    """
    refuse_impossible(request.rules)
    by = factor(float(request.weights.sum()))
    found = _solved(scaled(request, by), effort, known)
    objective = covered_weight(request.covers, request.weights, found.chosen, request.covered)
    base = float(request.weights[request.covered].sum())
    return certified(replace(found, base=base), objective, found.bound / by)


def _solved(request: Request, effort: Effort, known: Solution | None) -> Solution:
    """The plan and its bound, for weights and money of ordinary size."""
    effort.tell("reduce", 0.0)
    core = reduce_request(request, largest=QUICK_PAIRS if effort.rounds <= QUICK_ROUNDS else MOST_PAIRS)
    plan = None if known is None else _known_plan(core, known)
    standing = _first_plan(core) if plan is None else _standing(core, plan)
    starts = [standing.plan]
    work: dict[str, float] = {"sites": core.n_sites, "rows": core.n_rows, "pairs": len(core.idx)}
    dual = Dual(core, price=_known_prices(core, known))
    step = len(core.idx) // 4 + core.n_sites + 1  # what a dual step costs, in entries of the search
    steps = min(DUAL_STEPS, max(50, int(0.4 * effort.rounds * ENTRIES_PER_ROUND / step)))
    _lower_bound(standing, dual, steps, effort)
    small = len(core.idx) <= SMALL_PAIRS or core.n_rows + core.n_sites <= SMALL_SIZE
    exact = small or len(core.idx) <= PAIRS_PER_ROUND * effort.rounds
    tolerance = PROOF if small else max(PROOF, effort.gap)
    if standing.gap() > tolerance:
        sweeps = 400 if small else 3_000 if exact else None
        _improve(standing, dual, effort, work, sweeps, starts)
    if exact and standing.gap() > tolerance:
        _prove(standing, dual, effort, work, 0.0 if small else effort.gap * 0.99)
    work["dual_steps"] = dual.steps
    effort.tell("done", 1.0)
    return _answer(request, standing, dual, effort, work)


def _first_plan(core: Core) -> _Standing:
    plan = greedy(core)
    if core.rules.limited:
        by_price = greedy(core, price=core.cost)
        if plan is None or (by_price is not None and by_price.value > plan.value):
            plan = by_price
    if plan is None:  # the rules hold greedy up, not the problem: the best sites by what they cover alone
        score = np.zeros(core.n_sites)
        kernels.column_sums(core.ptr, core.idx, core.weight, score)
        sites = any_plan(core.rules, score)
        if sites is None:
            raise InfeasibleRequestError([NO_PLAN], RELAX)
        plan = plan_of(core, sites)
    return _standing(core, plan)


def _standing(core: Core, plan: Plan) -> _Standing:
    """Where the search begins: a plan, and no bound but all there is."""
    standing = _Standing(core, plan, float(core.weight.sum()))
    standing.settle()
    return standing


def _known_plan(core: Core, known: Solution) -> Plan | None:
    """The known plan's sites that are left, as many as the rules take, filled up greedily; None where that gets stuck."""
    place = dict(zip(core.site.tolist(), range(core.n_sites), strict=True))
    return greedy(core, first=[place[i] for i in known.chosen.tolist() if i in place])


def _known_prices(core: Core, known: Solution | None) -> Floats | None:
    """Prices per row from the shares of the demand points' weights that were charged, where these are the same points."""
    if known is None or known.prices is None or len(known.prices) != len(core.row):
        return None
    share = np.full(core.n_rows, 0.5)
    at = np.flatnonzero(core.row >= 0)
    share[core.row[at]] = known.prices[at]
    return share * core.weight


def _lower_bound(standing: _Standing, dual: Dual, steps: int, effort: Effort) -> None:
    """Dual steps in parts of 50, until they stop helping."""
    while dual.steps < steps and not dual.done and not effort.out_of_time():
        dual.run(min(50, steps - dual.steps), standing.plan.value)
        standing.bound = min(standing.bound, dual.bound)
        standing.settle()
        if standing.gap() <= PROOF:
            break
        effort.tell("bound", 0.1 * dual.steps / steps)


def _improve(
    standing: _Standing, dual: Dual, effort: Effort, work: dict[str, float], sweeps: int | None, starts: list[Plan]
) -> None:  # fmt: skip
    """Several annealed plans, then HiGHS on the sites they use together; then once more from there.

    ``starts``: plans from which turns set out, one after the other; the last ones set out from the best so far.

    Plans found apart agree on most sites; the best plan within their union is far better than any of
    them and quickly found, since so few sites are left (tour merging, Cook & Seymour 2003).
    ``sweeps``: at most so many looks at each coverage pair, where HiGHS proves afterwards.
    """
    core = standing.core
    total = effort.rounds * ENTRIES_PER_ROUND
    if sweeps is not None:
        total = min(total // 5, sweeps * len(core.idx))
    rows = rows_of(core) if core.rules.limited else None  # sites come and go one for two under a budget
    if rows is None and Search(core, standing.plan, seed=effort.seed).idle:
        return
    score = dual.reduced_scores()
    used = np.zeros(core.n_sites, bool)
    for start in starts:
        used[start.sites] = True
    turns = TURNS[: MERGE_AFTER[0] + 1] if effort.rounds <= QUICK_ROUNDS else TURNS
    for turn, hot in enumerate(turns):
        seed, start = effort.seed * len(TURNS) + turn, starts[turn % len(starts)]
        search: Search | RowsSearch
        if rows is None:
            search = Search(core, start, seed=seed, hot=hot)
            search.prefer(score)
            _anneal(search, total // len(turns), effort)
            plan = search.plan()
        else:
            search = RowsSearch(rows, start.sites, seed=seed)
            search.prefer(score)
            plan = plan_of(core, search.anneal(total // len(turns), hot, effort))
        work["entries"] = work.get("entries", 0) + search.entries
        used[plan.sites] = True
        standing.take(plan)
        if turn in MERGE_AFTER:
            _merge_plans(standing, used, effort)
            starts = starts if turn < MERGE_AFTER[-2] else [standing.plan]
        standing.settle()
        effort.tell("search", 0.1 + 0.4 * (turn + 1) / len(turns))
        if effort.out_of_time() or standing.gap() <= (
            PROOF if sweeps is not None else max(PROOF, effort.gap)
        ):
            break
    _lower_bound(standing, dual, dual.steps + 100, effort)


def _anneal(search: Search, entries: int, effort: Effort) -> None:
    """One annealed plan by a fixed amount of work, the last rounds cold."""
    rounds = 40
    for r in range(rounds):
        heat = r / (rounds - 3)
        search.run(entries // rounds, heat=heat if heat <= 1 else None)
        if effort.out_of_time():
            break


def _merge_plans(standing: _Standing, used: NDArray[np.bool_], effort: Effort) -> None:
    """The best plan within the sites that any plan so far uses, by HiGHS (few sites: little to decide)."""
    core = standing.core
    if effort.out_of_time() or int(used.sum()) <= len(standing.plan.sites):
        return
    smaller, _ = shrink(core, ~used, np.zeros(core.n_sites, bool))
    if len(smaller.idx) > MERGE_PAIRS + MERGE_PAIRS_PER_ROUND * effort.rounds:
        return
    mine = np.flatnonzero(np.isin(smaller.site, core.site[standing.plan.sites]))
    sites, _ = solve_core(
        smaller,
        start=mine,
        effort=effort,
        looks=MERGE_LOOKS + effort.rounds // 10,
        options=MERGE_OPTIONS,
    )
    if sites is not None:
        standing.take(plan_of(core, np.flatnonzero(np.isin(core.site, smaller.site[sites]))))


def _prove(standing: _Standing, dual: Dual, effort: Effort, work: dict[str, float], gap: float) -> None:
    """HiGHS on what the bound leaves open, from the best plan known, until the gap or the work is spent."""
    core = standing.core
    if effort.out_of_time():
        return
    out, keep = decided(
        core.rules,
        dual.reduced_scores(),
        dual.value,
        standing.plan.value,
        standing.plan.sites,
        unit=core.unit,
    )
    smaller, taken = shrink(core, out, keep)
    mine = np.flatnonzero(np.isin(smaller.site, core.site[standing.plan.sites]))
    size = smaller.n_rows + smaller.n_sites
    sites, outcome = solve_core(
        smaller,
        start=mine,
        effort=effort,
        gap=gap,
        looks=effort.looks(size),
        options=MERGE_OPTIONS if len(core.idx) > 4 * SMALL_PAIRS else None,
        progress=lambda share: effort.tell("prove", 0.5 + 0.5 * share),
    )
    work.update(nodes=outcome.nodes, lp_iterations=outcome.iterations)
    work.update(open_sites=smaller.n_sites, open_rows=smaller.n_rows)
    if sites is not None:
        chosen = np.flatnonzero(np.isin(core.site, smaller.site[sites]))
        standing.take(plan_of(core, np.concatenate([taken, chosen])))
    standing.bound = min(standing.bound, outcome.bound + smaller.base - core.base)
    standing.settle()


def _answer(
    request: Request, standing: _Standing, dual: Dual, effort: Effort, work: dict[str, float]
) -> Solution:
    core = standing.core
    sites = np.concatenate([request.rules.required, core.site[standing.plan.sites]])
    chosen = best_first(request.covers, np.where(request.covered, 0.0, request.weights), sites)
    return Solution(
        chosen=chosen,
        objective=core.base + standing.plan.value,
        bound=core.base + standing.bound,
        status="feasible",
        seconds=effort.spent,
        repeatable=effort.repeatable,
        prices=_prices_of(core, dual, request.covered),
        work=work,
    )


def _prices_of(core: Core, dual: Dual, covered: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Share of each demand point's weight that the bound charges: none where it is covered, all where no site reaches it."""
    share = np.append(dual.best_price / np.maximum(core.weight, 1e-300), 1.0)
    return np.where(covered, 0.0, share[core.row]).astype(np.float32)
