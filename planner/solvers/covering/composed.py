"""Covering beyond one cover per point, from request to certificate: search, prices, then the model.

What a plan is worth (:class:`Worth`) may combine a credit per cover, a price per close pair, several
scenarios (or districts) with the mean of the worst of them, and capacities; the rules on sites are
those of maximal covering. Small problems are solved to proof; for large ones a search gives the plan,
prices and the linear relaxation the bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.solvers.covering.capacity import most_served, served, served_plans
from planner.solvers.covering.model import (
    Model,
    capacity_constraint,
    close_pairs,
    repeat_cover_constraint,
    worst_share,
)
from planner.solvers.covering.rows import Rows, RowsDual, RowsSearch
from planner.solvers.covering.search import best_first
from planner.solvers.each_rule import allowed
from planner.solvers.effort import ENTRIES_PER_ROUND, Effort
from planner.solvers.highs import nothing_found
from planner.solvers.merge import equal_columns
from planner.solvers.request import Request
from planner.solvers.scale import certified, factor, scaled
from planner.solvers.solution import PROOF, Solution, relative_gap

__all__ = [
    "Worth",
    "searched",
    "small_enough",
    "solve_composed",
    "sums_of",
    "tail_mean",
    "tail_weights",
    "worth_of",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: How hot each annealed plan begins (share of the mean worth per site).
TURNS = (0.05, 0.025, 0.05, 0.012)
#: Coverage pairs up to which the model alone finds the plan.
SMALL_PAIRS = 2_000
#: Mixtures of scenarios that are priced.
MIXTURES = 6


def _no_pairs() -> Ints:
    return np.zeros((0, 2), np.int64)


@dataclass(frozen=True)
class Worth:
    """What a set of sites is worth.

    Attributes
    ----------
    credit
        Share of a point's weight for its first, second … cover.
    times
        Existing facilities that reach each point.
    pairs, price
        Close pairs (k × 2 positions) and what choosing both costs.
    capacity
        Most weight each site serves; None: no limit (excludes credits, scenarios and ``times`` above 1).
    scenarios, tail, straight
        Weights (n_scenarios × n_demand) whose worst ``tail`` share is averaged (0: not at all), plus
        Σ ``straight`` · sums; None: the request's weights.
    at_least
        (tail, value) pairs: the mean of the worst ``tail`` must reach ``value``; else worth -inf.
    """

    credit: tuple[float, ...] = (1.0,)
    times: Ints | None = None
    pairs: Ints = field(default_factory=_no_pairs)
    price: float = 0.0
    capacity: Floats | None = None
    scenarios: Floats | None = None
    tail: float = 1.0
    straight: Floats | None = None
    at_least: tuple[tuple[float, float], ...] = ()

    def scaled(self, by: float) -> Worth:
        """The same in another unit of weight."""
        return replace(
            self,
            price=self.price * by,
            capacity=None if self.capacity is None else self.capacity * by,
            scenarios=None if self.scenarios is None else self.scenarios * by,
            at_least=tuple((tail, value * by) for tail, value in self.at_least),
        )


def tail_weights(n: int, tail: float) -> Floats:
    """Weights of the least, second least … of ``n`` equally likely sums in the mean of the worst ``tail``."""
    return np.clip(tail * n - np.arange(n), 0.0, 1.0) / (tail * n) if tail > 0 else np.zeros(n)


def tail_mean(values: Floats, tail: float) -> float:
    """Mean of the lowest ``tail`` share of equally likely values (the last one counted in part)."""
    return float(np.sort(values) @ tail_weights(len(values), tail))


def sums_of(request: Request, worth: Worth, sites: Ints) -> Floats:
    """What a set of sites earns per scenario, with SciPy alone (the referee)."""
    rows = request.covers[np.asarray(sites, np.int64)]
    count = np.bincount(rows.indices, minlength=request.covers.shape[1])
    count = count + (request.covered.astype(np.int64) if worth.times is None else worth.times)
    steps = np.concatenate([[0.0], np.cumsum(worth.credit)])
    earned = steps[np.minimum(count, len(worth.credit))]
    return (request.weights[None, :] if worth.scenarios is None else worth.scenarios) @ earned


def worth_of(request: Request, worth: Worth, sites: Ints) -> float:
    """What a set of sites is worth, none of the search's code used."""
    close = np.isin(worth.pairs, sites).all(axis=1).sum() if len(worth.pairs) else 0
    if worth.capacity is not None:
        value = served(request, worth.capacity, sites)
    else:
        sums = sums_of(request, worth, sites)
        value = tail_mean(sums, worth.tail) + (
            0.0 if worth.straight is None else float(worth.straight @ sums)
        )
        if any(tail_mean(sums, tail) < least for tail, least in worth.at_least):
            return -np.inf
    return value - worth.price * float(close)


def reduced_rows(request: Request, worth: Worth) -> Rows:
    """The rows that can still earn something; those that the same sites cover become one."""
    weights = request.weights[None, :] if worth.scenarios is None else worth.scenarios
    count = request.covered.astype(np.int64) if worth.times is None else worth.times
    count = np.minimum(count, len(worth.credit))
    steps = np.concatenate([[0.0], np.cumsum(worth.credit)])
    sums = weights @ steps[count]
    covers = request.covers
    hit = np.zeros(covers.shape[1], bool)
    hit[covers[np.flatnonzero(request.rules.usable())].indices] = True
    live = np.flatnonzero(hit & (count < len(worth.credit)) & (weights.max(axis=0) > 0))
    ones = sparse.csr_array((np.ones(len(covers.indices)), covers.indices, covers.indptr), shape=covers.shape)
    kept = sparse.csr_array(ones[:, live])
    first, which = equal_columns(kept, apart=count[live])
    sites = sparse.csr_array(kept[:, first])
    sites.sort_indices()
    merge = sparse.csr_array(
        (np.ones(len(which)), (which, np.arange(len(which)))), shape=(len(first), len(live))
    )
    return Rows(
        ptr=sites.indptr.astype(np.int64),
        idx=sites.indices.astype(np.int32),
        worths=np.ascontiguousarray(merge @ weights[:, live].T),
        count=count[live][first].astype(np.int32),
        sums=np.asarray(sums, float),
        credit=np.asarray(worth.credit, float),
        ordered=tail_weights(len(weights), worth.tail),
        straight=np.zeros(len(weights)) if worth.straight is None else np.asarray(worth.straight, float),
        pairs=worth.pairs,
        price=float(worth.price),
        rules=request.rules,
    )


def solve_composed(
    request: Request, worth: Worth, starts: list[Ints], effort: Effort, *, search: bool = True
) -> Solution:
    """The best plan found, with its bound; ``starts`` are plans that obey the rules.

    ``search`` False: nothing but the starts and the model.

    Raises
    ------
    InfeasibleRequestError
        No plan can obey the rules.
    """
    sums = request.weights if worth.scenarios is None else worth.scenarios
    whole = float(sums.sum() if sums.ndim == 1 else sums.sum(axis=1).max())
    by = factor(whole)
    dear = replace(worth, price=min(worth.price, 4 * whole))  # a pair costs more than all demand: never mind
    found = _solved(scaled(request, by), dear.scaled(by), starts, effort, search)
    chosen = np.sort(found.chosen)
    base = worth_of(request, replace(worth, at_least=()), np.zeros(0, np.int64))
    return certified(replace(found, base=base), worth_of(request, worth, chosen), found.bound / by)


def _solved(request: Request, worth: Worth, starts: list[Ints], effort: Effort, search: bool) -> Solution:
    """The plan and its bound, for weights of ordinary size."""
    work: dict[str, float] = {}
    rows = reduced_rows(request, worth)
    work.update(sites=rows.n_sites, rows=len(rows.count), pairs=len(rows.idx))

    def value(sites: Ints) -> float:
        return worth_of(request, worth, sites)

    model, x = _posed(request, worth, rows)
    bound = np.inf
    if worth.capacity is not None:
        plans = [*starts, *served_plans(request, worth.capacity)]
        if not model.exact(effort):  # no more than is in reach, nor than the roomiest sites take
            bound = min(_priced(rows, plans[0], effort), most_served(request, worth.capacity))
    else:
        plans = list(starts)
        if search and not (model.exact(effort) and len(rows.idx) <= SMALL_PAIRS):
            plans.append(_searched(rows, max(starts, key=value), effort))
            bound = min(bound, _priced(rows, plans[-1], effort))
    best = max(plans, key=value)
    if relative_gap(value(best), bound) > PROOF:
        outcome, top = model.solve(effort, work, start=best)
        bound = min(bound, top)
        if outcome is not None and model.exact(effort):
            if outcome.values is not None:
                whole = np.flatnonzero(outcome.values[x] > 0.5)
                best = max(best, whole if allowed(request.rules, whole) else best, key=value)
            elif outcome.infeasible:
                raise nothing_found(outcome, "the rules")
        elif outcome is not None and outcome.values is not None and worth.capacity is not None:
            lean = served_plans(request, worth.capacity, prefer=outcome.values[x])
            best = max([best, *lean], key=value)
    return _answer(request, worth, best, bound, effort, work)


def searched(request: Request, worth: Worth, start: Ints, effort: Effort, *, lean: float = 0.3) -> Ints:
    """The plan that annealing from ``start`` finds."""
    return _searched(reduced_rows(request, worth), start, effort, lean)


def small_enough(request: Request, worth: Worth, effort: Effort) -> bool:
    """Whether the model of this worth is solved in whole numbers."""
    return _posed(request, worth, reduced_rows(request, worth))[0].exact(effort)


def _searched(rows: Rows, start: Ints, effort: Effort, lean: float = 0.3) -> Ints:
    """Annealed plans, each from the best so far.

    The first turn gives the share ``lean`` of the ordered weights to sums other than the worst, falling from
    the least to the greatest; later turns ever less.
    """
    total, best = int(0.5 * effort.rounds * ENTRIES_PER_ROUND), start
    n = len(rows.ordered)
    total = min(total, 4_000 * len(rows.idx) + 100_000) // (1 + n // 3)
    lean = 0.0 if n == 1 else lean
    for turn, hot in enumerate(TURNS):
        part = lean if lean == 1.0 else lean * 0.3**turn
        leaning = replace(rows, ordered=(1 - part) * rows.ordered + part * rows.ordered.sum() * _falling(n))
        search = RowsSearch(leaning, best, seed=effort.seed * len(TURNS) + turn)
        found = search.anneal(total // len(TURNS), hot, effort)
        best = max(best, found, key=leaning.value if lean == 1.0 else rows.value)
        effort.tell("search", 0.4 * (turn + 1) / len(TURNS))
    return best


def _falling(n: int) -> Floats:
    """Weights that halve from the least sum to the greatest."""
    each = 0.5 ** np.minimum(np.arange(n), 30)
    return each / each.sum()


def _priced(rows: Rows, plan: Ints, effort: Effort) -> float:
    """The least bound over mixtures of the scenarios, each leaning more towards those served worst.

    Any mixture of the ordered weights' permutations values a plan at least as high as the ordered mean.
    """
    target, n = rows.value(plan), len(rows.ordered)
    step = len(rows.idx) // 4 + rows.n_sites + 1
    steps = int(np.clip(0.3 * effort.rounds * ENTRIES_PER_ROUND / step, 50, 2000))
    mixture, bound = np.full(n, rows.ordered.mean()), np.inf
    turns = 1 if n == 1 else MIXTURES
    for _ in range(turns):
        weight = mixture + rows.straight
        dual = RowsDual(rows, rows.worths @ weight, float(rows.sums @ weight))
        bound = min(bound, dual.run(steps // turns, target, effort))
        worst = np.empty(n)
        worst[np.argsort(rows.sums_of(plan), kind="stable")] = rows.ordered
        mixture = 0.5 * mixture + 0.5 * worst
        effort.tell("bound", 0.45)
    return bound


def _posed(request: Request, worth: Worth, rows: Rows) -> tuple[Model, slice]:
    """The model of a worth on its reduced rows, and where its sites stand."""
    model, m, n = Model.of(request.rules), rows.n_sites, len(rows.count)
    if len(worth.pairs) and worth.price > 0:
        close_pairs(model, worth.pairs, worth.price)
    site = np.repeat(np.arange(m), np.diff(rows.ptr))
    if worth.capacity is not None:
        model.offset = float(rows.sums[0])
        if len(site):
            capacity_constraint(model, site, rows.idx.astype(np.int64), rows.worths[:, 0], worth.capacity)
        return model, model.sites
    falling = all(a >= b for a, b in zip(worth.credit, worth.credit[1:], strict=False))
    reach = sparse.csr_array((np.ones(len(site)), (rows.idx, site)), shape=(n, m))
    earned = np.concatenate([[0.0], np.cumsum(rows.credit)])[np.minimum(rows.count, len(rows.credit))]
    already = rows.sums - rows.worths.T @ earned  # of rows left out: they earn it whatever is chosen
    straight = rows.straight + rows.ordered if len(rows.ordered) == 1 else rows.straight
    plain = len(rows.ordered) == 1 or worth.tail == 0
    model.offset = float(already @ straight)
    z = [model.add(n, value=(rows.worths @ straight) * each, whole=not falling) for each in rows.credit]
    if n:
        repeat_cover_constraint(model, reach, z, rows.count)
    parts = [rows.worths.T * each for each in rows.credit]
    if not plain:
        worst_share(model, z, parts, already, worth.tail)
    for tail, least in worth.at_least:
        worst_share(model, z, parts, already, tail, least=least)
    return model, model.sites


def _answer(
    request: Request, worth: Worth, sites: Ints, bound: float, effort: Effort, work: dict[str, float]
) -> Solution:
    """The plan scored afresh, best sites first."""
    objective = worth_of(request, worth, sites)
    return Solution(
        chosen=_by_worth(request, replace(worth, at_least=()), sites),
        objective=objective,
        bound=bound,
        status="optimal" if bound <= objective or relative_gap(objective, bound) <= PROOF else "feasible",
        seconds=effort.spent,
        repeatable=effort.repeatable,
        work=work,
    )


def _by_worth(request: Request, worth: Worth, sites: Ints) -> Ints:
    """Sites in the order of what each adds to the plan's worth (many: to its first cover)."""
    if len(sites) > 40 or (worth.capacity is not None and len(sites) > 12):
        weight = request.weights if worth.scenarios is None else worth.scenarios.mean(axis=0)
        open_ = request.covered == 0 if worth.times is None else worth.times == 0
        return best_first(request.covers, np.where(open_, weight, 0.0), sites)
    rest: list[int] = sorted(int(i) for i in sites)
    order: list[int] = []
    while rest:
        scores: list[Any] = [worth_of(request, worth, np.array([*order, i], np.int64)) for i in rest]
        order.append(rest.pop(scores.index(max(scores))))
    return np.array(order, np.int64)
