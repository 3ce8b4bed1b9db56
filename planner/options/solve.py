"""Options from request to certificate: reduce, bound, search, fix, merge, prove."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.options.core import OptionsCore, reduce_options, shrink
from planner.options.dual import OptionsDual
from planner.options.exact import solve_options_core
from planner.options.infeasible import any_choice, refuse_clash, refuse_impossible
from planner.options.request import OptionsRequest
from planner.options.search import OptionsSearch, Selection, choice_of, mended
from planner.solvers.clash import InfeasibleRequestError, told
from planner.solvers.covering.search import best_first
from planner.solvers.effort import ENTRIES_PER_ROUND, LOOKS, Effort
from planner.solvers.scale import certified, factor
from planner.solvers.score import covered_weight
from planner.solvers.solution import PROOF, Solution, relative_gap

__all__ = ["PricedSolution", "solve_options"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Up to this many coverage pairs, or rows and options, a proof is cheap: it is made whatever the tolerance.
SMALL_PAIRS, SMALL_SIZE = 12_000, 1_500
#: Coverage pairs of what the bound leaves open, per round of work, up to which HiGHS is worth its time.
PAIRS_PER_ROUND = 300
#: OptionsDual steps after which prices hardly improve, and those before the first plan.
DUAL_STEPS, FIRST_STEPS = 1600, 100
#: Steps after which those that remain aim at a nearer plan.
NEARER = (150, 400, 800, 1200)
#: Most of them per round of work.
STEPS_PER_ROUND = 80
#: Least size of dual steps once a nearer plan is known; how hot the plans that they aim at begin.
STRIDE, HOT = 0.005, 0.05
#: How hot each annealed plan begins (share of the mean worth of a taken option).
TURNS = (0.1, 0.2, 0.1, 0.2, 0.1, 0.2)
#: Part of the work that one of them takes, and turns after which those since the last merger are merged with the best.
TURN_PART, MERGE_AFTER = 9, (2, 5)
#: HiGHS's pauses for a merger, and the most rows and options it may have.
MERGE_LOOKS, MERGE_SIZE = 8, 40_000
#: Pauses times rows and options that a merger may have in any case: small ones are solved nearly out.
MERGE_WORK = 2_000_000
#: Mergers, and proofs of larger models, do without HiGHS's searches of its own: none of them can be cut short.
LEAN = {
    "mip_heuristic_run_rens": False, "mip_heuristic_run_rins": False, "mip_heuristic_run_root_reduced_cost": False,
}  # fmt: skip

NO_PLAN = told("the places, quotas and limits, taken together", "各地点、配额与限额合在一起")
RELAX = told("relax one of them", "放宽其中一项")


@dataclass(frozen=True)
class PricedSolution:
    """A plan, its certificate, and what more of each limited resource would bring.

    ``tolls``: per limit of the request, covered weight per unit of use at the bound (above 0: more of ``most`` would
    bring it; below 0: less of ``least``); exact only where the gap is 0, and then for a small change.
    """

    solution: Solution
    tolls: Floats
    names: tuple[tuple[str, Any], ...] = field(default=())

    @property
    def per_unit(self) -> Mapping[Any, float]:
        """Covered weight that one more unit of each limited resource is worth."""
        return {
            name: float(t) for (kind, name), t in zip(self.names, self.tolls, strict=True) if kind == "use"
        }


@dataclass
class _Found:
    """The best plan and bound of the core so far (core weight, ``base`` excluded)."""

    core: OptionsCore
    plan: Selection
    bound: float

    def settle(self) -> None:
        """No plan lies between two multiples of the unit."""
        if self.core.unit > 0:
            steps = self.bound / self.core.unit
            self.bound = float(np.floor(steps + 1e-6 + 1e-10 * abs(steps))) * self.core.unit
        self.bound = max(self.bound, self.plan.value)

    def take(self, plan: Selection) -> None:
        """Keep the better plan, if it is one."""
        if plan.value > self.plan.value and _keeps(self.core, plan):
            self.plan = plan

    def gap(self) -> float:
        """The relative gap as the solution will state it."""
        return relative_gap(self.core.base + self.plan.value, self.core.base + self.bound)


def solve_options(
    request: OptionsRequest, effort: Effort, known: PricedSolution | None = None
) -> PricedSolution:
    """The best choice of options found for a request, with its bound.

    ``known``: the answer to a neighbouring request on the same options (another budget): the search sets out from its
    plan too, the bound from its prices and tolls.

    Raises
    ------
    InfeasibleRequestError
        No choice can obey the rules.
    """
    refuse_impossible(request)
    by = factor(float(request.weights.sum()))
    found = _solved(replace(request, weights=request.weights * by), effort, known, by)
    plan = found.solution
    objective = covered_weight(request.covers, request.weights, plan.chosen, request.covered)
    base = float(request.weights[request.covered].sum())
    return replace(found, solution=certified(replace(plan, base=base), objective, plan.bound / by))


def _solved(
    request: OptionsRequest, effort: Effort, known: PricedSolution | None, by: float
) -> PricedSolution:
    """The plan and its bound, for weights of ordinary size."""
    effort.tell("reduce", 0.0)
    core = reduce_options(request)
    dual = OptionsDual(core, price=_known_prices(core, known), toll=_known_tolls(core, known, by))
    work: dict[str, float] = {
        "options": core.n_options,
        "places": core.n_places,
        "rows": core.n_rows,
        "pairs": len(core.row),
    }
    reached = 0.0 if known is None else max(0.0, known.solution.objective * by - core.base)
    standing = _first_plan(request, core, dual, reached)
    starts = [standing.plan]
    if known is not None:
        starts += _known_plan(core, known, dual)
        for start in starts[1:]:
            standing.take(start)
    small = _small(core)
    tolerance = PROOF if small else max(PROOF, effort.gap)
    if standing.gap() > tolerance and not small:
        _better_target(standing, dual, effort, work)
    _lower_bound(standing, dual, effort, work, tolerance)
    if standing.gap() > tolerance:
        _improve(standing, dual, effort, work, starts, tolerance)
    if standing.gap() > tolerance:
        _prove(standing, dual, effort, work, 0.0 if small else effort.gap * 0.99)
    work["dual_steps"] = dual.steps
    effort.tell("done", 1.0)
    return _answer(request, standing, dual, effort, work, by)


def _small(core: OptionsCore) -> bool:
    return len(core.row) <= SMALL_PAIRS or core.n_rows + core.n_options <= SMALL_SIZE


def _keeps(core: OptionsCore, plan: Selection) -> bool:
    """Whether a choice obeys the rules of the core."""
    limits, load = core.limits, core.limits.use[plan.taken].sum(axis=0)
    slack = 2 * limits.slack
    within = (load <= limits.most + slack).all() and (load >= limits.least - slack).all()
    apart = not len(core.apart) or not len(core.conflicts(plan.taken))
    return bool(within and apart and (plan.options[core.must] >= 0).all())


def _first_plan(request: OptionsRequest, core: OptionsCore, dual: OptionsDual, reached: float) -> _Found:
    """The relaxed selection brought within the limits; HiGHS on the limits alone where that fails.

    ``reached``: core weight that a plan covers, about (0: nobody knows).
    """
    dual.run(FIRST_STEPS, reached)
    net, _ = dual.reduced()
    plan = mended(core, dual.choice, net)
    if plan is None or not _keeps(core, plan):
        plan = _any_plan(request, core, net)
    standing = _Found(core, plan, float(core.weight.sum()))
    standing.bound = min(standing.bound, dual.bound)
    standing.settle()
    return standing


def _any_plan(request: OptionsRequest, core: OptionsCore, net: Floats) -> Selection:
    """A selection that obeys the limits; raises where there is none."""
    score = np.zeros(request.n_options)
    score[core.option] = net - min(0.0, float(net.min(initial=0.0)))
    here = np.zeros(request.n_options, bool)
    here[core.option] = here[core.decided] = True
    found = any_choice(replace(request, forbidden=np.flatnonzero(~here)), score)
    if found is None:
        refuse_clash(request)
    else:
        plan = choice_of(core, np.flatnonzero(np.isin(core.option, found)))
        if _keeps(core, plan):
            return plan
    # at the very edge of a limit: the limits alone again, without what only HiGHS's tolerances admit
    options, _ = solve_options_core(core.without_rows(), effort=Effort(1, np.inf, 0.0, 0), looks=LOOKS)
    if options is None:
        raise InfeasibleRequestError([NO_PLAN], RELAX)
    return choice_of(core, options)


def _known_prices(core: OptionsCore, known: PricedSolution | None) -> Floats | None:
    """Prices per row from the shares of the demand points' weights that were charged."""
    if known is None or known.solution.prices is None or len(known.solution.prices) != len(core.row_of):
        return None
    share = np.full(core.n_rows, 0.5)
    at = np.flatnonzero(core.row_of >= 0)
    share[core.row_of[at]] = known.solution.prices[at]
    return share * core.weight


def _known_tolls(core: OptionsCore, known: PricedSolution | None, by: float) -> Floats | None:
    """Tolls in the core's units, where the limits are the same."""
    if known is None or len(known.tolls) != len(core.limits.by):
        return None
    return known.tolls * by / core.limits.by


def _known_plan(core: OptionsCore, known: PricedSolution, dual: OptionsDual) -> list[Selection]:
    """The known plan's options that are left, brought within the limits; none where that gets stuck."""
    start = np.full(core.n_places, -1, np.int64)
    options = np.flatnonzero(np.isin(core.option, known.solution.chosen))
    start[core.place[options]] = options
    net, _ = dual.reduced()
    plan = mended(core, start, net)
    return [plan] if plan is not None and _keeps(core, plan) else []


def _better_target(standing: _Found, dual: OptionsDual, effort: Effort, work: dict[str, float]) -> None:
    """One short annealed plan: dual steps need to know how high the plans reach."""
    dual.polish()
    net, best = dual.reduced()
    search = OptionsSearch(
        standing.core, standing.plan, seed=effort.seed, toll=dual.best_toll, net=net, best=best, hot=HOT
    )
    _anneal(search, effort.rounds * ENTRIES_PER_ROUND // 50, effort)
    work["entries"] = search.entries
    standing.take(search.choice())
    if not dual.warm:
        dual.lean_on(standing.plan.options)


def _nearer_target(standing: _Found, dual: OptionsDual, effort: Effort, work: dict[str, float]) -> None:
    """A plan at the prices reached so far: the steps that remain aim at it, and are not too small for that."""
    net, best = dual.reduced()
    search = OptionsSearch(
        standing.core, standing.plan, seed=effort.seed, toll=dual.best_toll, net=net, best=best, hot=HOT
    )
    _anneal(search, min(effort.rounds * ENTRIES_PER_ROUND // 20, 400 * (len(standing.core.row) + 50)), effort)
    work["entries"] = work.get("entries", 0) + search.entries
    standing.take(search.choice())
    dual.scale = max(dual.scale, STRIDE)


def _lower_bound(
    standing: _Found, dual: OptionsDual, effort: Effort, work: dict[str, float], tolerance: float
) -> None:
    """OptionsDual steps in parts of 50, until they stop helping."""
    core = standing.core
    # a step walks memory in order: of the search's entries, which jump, it is worth a sixtieth
    cost = (len(core.row) // 2 + 2 * core.n_options + core.n_rows) // 60 + 1
    worth = int(0.4 * effort.rounds * ENTRIES_PER_ROUND / cost)
    most = DUAL_STEPS if _small(core) else min(DUAL_STEPS, STEPS_PER_ROUND * effort.rounds)
    steps = min(most, max(50, worth))
    end = dual.steps + steps
    nearer = [] if _small(core) else [dual.steps + n for n in NEARER if n < steps]
    while dual.steps < end and not dual.done and not effort.out_of_time():
        dual.run(min(50, end - dual.steps), standing.plan.value)
        standing.bound = min(standing.bound, dual.bound)
        standing.settle()
        if standing.gap() <= tolerance:
            break
        if nearer and dual.steps >= nearer[0]:
            del nearer[0]
            _nearer_target(standing, dual, effort, work)
        effort.tell("bound", 0.3 * (1 - (end - dual.steps) / steps))
    standing.bound = min(standing.bound, dual.polish())
    standing.settle()


def _improve(
    standing: _Found, dual: OptionsDual, effort: Effort, work: dict[str, float], starts: list[Selection], tolerance: float
) -> None:  # fmt: skip
    """Annealed plans from the relaxed selection, each by a lot of its own, then HiGHS on the options they use.

    Plans found apart agree on most places; the best within their union is quickly found (tour merging, Cook &
    Seymour 2003).
    """
    core = standing.core
    net, best = dual.reduced()
    lean = mended(core, dual.choice, net)
    kept = [standing.plan] if lean is None or not _keeps(core, lean) else [lean]
    starts = [*kept, *starts[1:]]
    total = min(effort.rounds * ENTRIES_PER_ROUND, 4_000 * (len(core.row) + 50))
    used = np.zeros(core.n_options, bool)
    idle = np.zeros(core.n_places, bool)
    for start in starts:
        standing.take(start)
    for turn, hot in enumerate(TURNS):
        start = starts[turn % len(starts)]
        search = OptionsSearch(
            core,
            start,
            seed=effort.seed * len(TURNS) + turn,
            toll=dual.best_toll,
            net=net,
            best=best,
            hot=hot,
        )
        _anneal(search, total // TURN_PART, effort)
        work["entries"] = work.get("entries", 0) + search.entries
        plan = search.choice()
        standing.take(plan)
        for one in (plan, standing.plan):
            used[one.taken] = True
            idle |= one.options < 0
        if turn in MERGE_AFTER:
            _merge_plans(standing, used, idle, effort)
            used[:], idle[:] = False, False
        standing.settle()
        effort.tell("search", 0.3 + 0.4 * (turn + 1) / len(TURNS))
        if effort.out_of_time() or standing.gap() <= tolerance:
            break


def _anneal(search: OptionsSearch, entries: int, effort: Effort) -> None:
    """One annealed plan by a fixed amount of work, the last rounds cold."""
    rounds = 40
    for r in range(rounds):
        heat = r / (rounds - 4)
        search.run(entries // rounds, heat=heat if heat <= 1 else None)
        if effort.out_of_time():
            break


def _merge_plans(standing: _Found, used: Bools, idle: Bools, effort: Effort) -> None:
    """The best plan within the options that any plan so far takes, by HiGHS (few places: little to decide)."""
    core = standing.core
    smaller = shrink(core, used, ~idle)
    size = smaller.n_rows + smaller.n_options
    if smaller.n_places == 0 or size > MERGE_SIZE or effort.out_of_time():
        return
    _take_best_of(
        standing,
        smaller,
        effort,
        looks=max(MERGE_LOOKS + effort.rounds // 10, MERGE_WORK // size),
        options=LEAN,
    )


def _take_best_of(standing: _Found, smaller: OptionsCore, effort: Effort, **how: Any) -> float:
    """HiGHS on a part of the core, from the best plan; its bound, as weight of the whole core."""
    core = standing.core
    mine = np.flatnonzero(np.isin(smaller.option, core.option[standing.plan.taken]))
    options, outcome = solve_options_core(smaller, effort=effort, start=mine, **how)
    if options is not None:
        chosen = np.concatenate([smaller.decided, smaller.option[options]])
        standing.take(choice_of(core, np.flatnonzero(np.isin(core.option, chosen))))
    return float(outcome.bound + smaller.base - core.base)


def _prove(standing: _Found, dual: OptionsDual, effort: Effort, work: dict[str, float], gap: float) -> None:
    """HiGHS on what the bound leaves open, until the gap or the work is spent."""
    core = standing.core
    smaller = _open(standing, dual)
    pairs = smaller.covers().nnz
    work.update(open_options=smaller.n_options, open_rows=smaller.n_rows, open_pairs=pairs)
    if effort.out_of_time() or not (_small(core) or pairs <= PAIRS_PER_ROUND * effort.rounds):
        return
    size = smaller.n_rows + smaller.n_options
    bound = _take_best_of(
        standing, smaller, effort, gap=gap, looks=effort.looks(size),
        options=LEAN if pairs > 4 * SMALL_PAIRS else None,
        progress=lambda share: effort.tell("prove", 0.7 + 0.3 * share),
    )  # fmt: skip
    standing.bound = min(standing.bound, bound)
    standing.settle()


def _open(standing: _Found, dual: OptionsDual) -> OptionsCore:
    """The core without options that no better plan takes, and with places bound that every better plan uses.

    Taking option o instead of its place's best lowers the bound by what it is worth less; where that falls to the
    best plan's value, no better plan takes it. The plan's own options stay.
    """
    core = standing.core
    net, best = dual.reduced()
    slack = dual.value - standing.plan.value - (1 - 1e-6) * core.unit
    slack += 1e-11 * (abs(dual.value) + 1.0)
    keep = best[core.place] - net <= slack
    keep[standing.plan.taken] = True
    must = core.must | ((best > slack) & (standing.plan.options >= 0))
    return shrink(core, keep, must)


def _answer(
    request: OptionsRequest, standing: _Found, dual: OptionsDual, effort: Effort, work: dict[str, float], by: float
) -> PricedSolution:  # fmt: skip
    core = standing.core
    options = np.concatenate([core.decided, core.option[standing.plan.taken]])
    chosen = best_first(request.covers, np.where(request.covered, 0.0, request.weights), options)
    share = np.append(dual.best_price / np.maximum(core.weight, 1e-300), 1.0)
    solution = Solution(
        chosen=chosen,
        objective=core.base + standing.plan.value,
        bound=core.base + standing.bound,
        status="feasible",
        seconds=effort.spent,
        repeatable=effort.repeatable,
        prices=np.where(request.covered, 0.0, share[core.row_of]).astype(np.float32),
        work=work,
    )
    tolls = dual.best_toll * core.limits.by / by
    return PricedSolution(solution, tolls, tuple((limit.kind, limit.name) for limit in request.limits))
