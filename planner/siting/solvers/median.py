"""p-median from request to certificate: interchange from above, prices from below, HiGHS between.

The bound relaxes "every point is assigned" with prices σ_j (Cornuéjols, Fisher & Nemhauser 1977):

    L(σ) = Σ_j σ_j − max { Σ_i x_i · Σ_j max(0, σ_j − w_j c_ij) : x within p and quotas }.

Sites whose choice would lift L above the best plan leave; what remains goes to HiGHS in the radius
formulation of Cornuéjols, Nemhauser & Wolsey 1980, in Elloumi's 2010 form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.siting.solvers import median_kernels as mk
from planner.siting.solvers.bound import best_sites
from planner.siting.solvers.clash import InfeasibleRequestError
from planner.siting.solvers.core import Core, reduce_request
from planner.siting.solvers.effort import ENTRIES_PER_ROUND, Effort
from planner.siting.solvers.exact import Block, rule_blocks, solve_model
from planner.siting.solvers.fixing import decided
from planner.siting.solvers.infeasible import refuse_impossible
from planner.siting.solvers.request import Request, Rules
from planner.siting.solvers.setcover import cheapest_cover
from planner.siting.solvers.solution import PROOF, Solution, relative_gap

__all__ = ["assignment_cost", "solve_median"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Variables and entries of the radius model up to which HiGHS is asked.
LARGEST_MODEL = 400_000


@dataclass(frozen=True)
class _Points:
    """Weighted costs both ways: CSR by site, and per point its sites from nearest to farthest."""

    ptr: Ints
    idx: NDArray[np.int32]
    cost: Floats
    near_ptr: Ints
    near_site: NDArray[np.int32]
    near_cost: Floats
    penalty: Floats
    whole: bool


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
    points = _prepare(costs[:, np.flatnonzero(need)].tocsr(), weights[need])
    core = _site_core(points, rules)
    start = _start(costs, need, points, rules, effort)
    sites, value = _interchange(points, rules, start, effort)
    bound, price = _raise_bound(points, core, rules, value, effort)
    work: dict[str, float] = {"sites": rules.n_sites, "points": int(need.sum()), "entries": len(points.idx)}
    if relative_gap(value, bound) > PROOF and relative_gap(value, bound) > effort.gap * (
        len(points.idx) > LARGEST_MODEL
    ):
        sites, value, bound = _prove(points, core, rules, sites, value, bound, price, effort, work)
    objective = assignment_cost(costs, weights, sites)
    if not np.isfinite(objective):
        raise _unreachable(costs, need, rules)
    if relative_gap(objective, bound) <= PROOF or bound > objective:
        bound = objective
    return Solution(
        chosen=_cheapest_first(points, sites),
        objective=objective,
        bound=bound,
        status="optimal" if bound == objective else "feasible",
        seconds=effort.spent,
        repeatable=effort.repeatable,
        work=work,
    )


def _prepare(costs: Any, weights: Floats) -> _Points:
    cost = costs.data * weights[costs.indices]
    m, n = costs.shape
    weighted = sparse.csr_array((cost, costs.indices, costs.indptr), shape=(m, n)).tocsc()
    point = np.repeat(np.arange(n), np.diff(weighted.indptr))
    order = np.lexsort((weighted.indices, weighted.data, point))
    dear = np.zeros(n)
    np.maximum.at(dear, costs.indices, cost)
    return _Points(
        ptr=costs.indptr.astype(np.int64),
        idx=costs.indices.astype(np.int32),
        cost=cost,
        near_ptr=weighted.indptr.astype(np.int64),
        near_site=weighted.indices[order].astype(np.int32),
        near_cost=weighted.data[order],
        penalty=dear.sum() + dear + 1.0,
        whole=bool((cost == np.rint(cost)).all()),
    )


def _site_core(points: _Points, rules: Rules) -> Core:
    """The choice of sites alone, required and forbidden ones by scores (see :func:`_steered`)."""
    m = rules.n_sites
    size = np.bincount(rules.region, minlength=len(rules.labels))
    return Core(
        ptr=points.ptr, idx=points.idx, weight=np.zeros(0), site=np.arange(m), p=rules.p, region=rules.region,
        quota_min=rules.quota_min, quota_max=np.minimum(rules.quota_max, size), cost=np.zeros(m),
        budget=np.inf, conflict_ptr=np.zeros(m + 1, np.int64), conflict_idx=np.zeros(0, np.int64), base=0.0,
        whole=points.whole,
    )  # fmt: skip


def _start(costs: Any, need: NDArray[np.bool_], points: _Points, rules: Rules, effort: Effort) -> Ints:
    """A plan that serves every point where one exists: sites that cover, then any within the quotas."""
    lost = np.diff(points.near_ptr) == 0
    if lost.any():
        raise _unreachable(costs, need, rules)
    if len(points.idx) == rules.n_sites * int(need.sum()):  # everything is in reach of everything
        return _fill_up(rules, rules.required)
    n = int(need.sum())
    covers = costs[:, np.flatnonzero(need)].tocsr()
    request = Request(covers, np.ones(n), np.zeros(n, bool), rules)
    core = reduce_request(request, fill=False, unit_cost=True, count=False)
    if core.base + core.weight.sum() < n - 0.5:
        raise _unreachable(costs, need, rules)
    cover, _ = cheapest_cover(core, None, effort)
    fewest = cover.bound + len(rules.required)
    if rules.p is not None and cover.cost + len(rules.required) > rules.p:
        if fewest > rules.p:
            raise InfeasibleRequestError(
                [
                    f"p = {rules.p} sites",
                    "every demand point must be assigned (missing costs: not assignable)",
                ],
                f"p = {int(fewest)}",
            )
        return _fill_up(rules, rules.required)
    return _fill_up(rules, np.concatenate([rules.required, core.site[cover.sites]]))


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


def _fill_up(rules: Rules, sites: Ints) -> Ints:
    """P sites within the quotas, starting from ``sites``; the lowest free positions join."""
    chosen = [int(i) for i in sites]
    load = np.bincount(rules.region[sites], minlength=len(rules.labels))
    banned = set(rules.forbidden.tolist()) | set(chosen)
    free = [i for i in range(rules.n_sites) if i not in banned]
    p = rules.p or 0
    for must in (True, False):
        for i in list(free):
            r = rules.region[i]
            owed = load[r] < rules.quota_min[r]
            if len(chosen) < p and (owed if must else load[r] < rules.quota_max[r]):
                chosen.append(i)
                free.remove(i)
                load[r] += 1
    return np.array(chosen, np.int64)


def _interchange(points: _Points, rules: Rules, start: Ints, effort: Effort) -> tuple[Ints, float]:
    """Annealed interchange from ``start``, a fixed amount of work."""
    m = rules.n_sites
    place = np.full(m, -1, np.int64)
    chosen = start.copy()
    place[chosen] = np.arange(len(chosen))
    locked = np.zeros(m, bool)
    locked[rules.required] = True
    banned = np.zeros(m, bool)
    banned[rules.forbidden] = True
    pool = np.flatnonzero(~banned & ~locked)
    load = np.bincount(rules.region[chosen], minlength=len(rules.labels)).astype(np.int64)
    best_chosen = chosen.copy()
    state = np.array([np.random.SeedSequence(effort.seed).generate_state(1, np.uint64)[0] | 1], np.uint64)
    best = np.inf
    rounds = 24
    total = min(effort.rounds * ENTRIES_PER_ROUND // 3, 800 * len(points.idx) + 2_000_000)
    for r in range(rounds if len(pool) else 0):
        if effort.out_of_time():
            break
        scale = best / max(1, len(chosen)) if np.isfinite(best) else 0.0
        heat = 0.0 if r < 2 or r > rounds - 4 else 0.05 * scale * 0.05 ** (r / rounds)
        best = mk.anneal_median(
            points.ptr, points.idx, points.cost, points.near_ptr, points.near_site, points.near_cost,
            points.penalty, place, chosen, locked, rules.region, load, rules.quota_min, rules.quota_max,
            pool, best_chosen, best, heat, total // rounds, state,
        )  # fmt: skip
        effort.tell("search", 0.3 * (r + 1) / rounds)
    return best_chosen, _value(points, best_chosen, m)


def _value(points: _Points, sites: Ints, m: int) -> float:
    inside = np.zeros(m, bool)
    inside[sites] = True
    total = np.minimum.reduceat(
        np.where(inside[points.near_site], points.near_cost, np.inf), points.near_ptr[:-1]
    )
    return float(np.where(np.isfinite(total), total, points.penalty).sum())


def _steered(score: Floats, rules: Rules) -> Floats:
    """Scores that make the relaxed selection hold every required and no forbidden site."""
    big = float(score.sum()) + 1.0
    steered = score.copy()
    steered[rules.required] += big
    steered[rules.forbidden] -= big
    return steered


def _raise_bound(
    points: _Points, core: Core, rules: Rules, value: float, effort: Effort
) -> tuple[float, Floats]:
    """Subgradient ascent towards ``value``; returns the best bound and its prices."""
    n = len(points.penalty)
    price = _first_prices(points)
    best_price, best = price.copy(), 0.0
    average, score = np.zeros(n), np.zeros(rules.n_sites)
    scale, stall = 1.0, 0
    steps = int(min(3000, max(100, effort.rounds * ENTRIES_PER_ROUND // (3 * len(points.idx) + 1))))
    for step in range(steps):
        mk.median_scores(points.ptr, points.idx, points.cost, price, score)
        selected, _ = best_sites(_steered(score, rules), core)
        bound = float(price.sum() - score[selected].sum())
        if bound > best * (1 + 1e-10):
            best, stall = bound, 0
            best_price[:] = price
            if relative_gap(value, _rounded(points, best)) <= PROOF:
                break
        else:
            stall += 1
            if stall >= 25:
                scale, stall = scale * 0.7, 0
                price[:] = best_price
                average[:] = 0.0
        length = mk.median_direction(
            points.ptr, points.idx, points.cost, price, selected, average, 1.0 if step == 0 else 0.3
        )
        if length <= 1e-12 or scale < 1e-4 or (step % 50 == 0 and effort.out_of_time()):
            break
        price += scale * max(value - bound, 1e-6 * value) / length * average
        if step % 50 == 0:
            effort.tell("bound", 0.3 + 0.2 * step / steps)
    return min(value, _rounded(points, best)), best_price


def _rounded(points: _Points, bound: float) -> float:
    return float(np.ceil(bound - 1e-6 - 1e-10 * abs(bound))) if points.whole else bound


def _first_prices(points: _Points) -> Floats:
    """Second smallest cost of each point (or its only one)."""
    size = np.diff(points.near_ptr)
    return points.near_cost[points.near_ptr[:-1] + np.minimum(1, size - 1)].copy()


def _prove(
    points: _Points, core: Core, rules: Rules, sites: Ints, value: float, bound: float, price: Floats,
    effort: Effort, work: dict[str, float],
) -> tuple[Ints, float, float]:  # fmt: skip
    """HiGHS on the sites that the prices leave open, where the model is small enough."""
    score = np.zeros(rules.n_sites)
    mk.median_scores(points.ptr, points.idx, points.cost, price, score)
    steered = _steered(score, rules)
    selected, _ = best_sites(steered, core)
    relaxed = float(price.sum() - score[selected].sum())
    out, keep = decided(core, steered, -relaxed, -value, sites)
    out[rules.forbidden] = True
    keep[rules.required] = True
    model = _Radius(points, core, ~out, keep)
    work["open_sites"] = int((~out).sum())
    work["model"] = model.size
    if model.size > LARGEST_MODEL or effort.out_of_time():
        return sites, value, bound
    outcome = solve_model(
        model.value, model.blocks, model.lower, model.upper, model.whole, warm=model.start(sites),
        seconds=effort.left, gap=0.0, looks=effort.rounds * 40_000 // (model.size + 1) + 200,
        progress=lambda share: effort.tell("prove", 0.5 + 0.5 * share),
    )  # fmt: skip
    if outcome.cut_by_clock:
        effort.repeatable = False
    if outcome.values is not None:
        found = model.sites[outcome.values[: len(model.sites)] > 0.5]
        cost = _value(points, found, rules.n_sites)
        if cost < value:
            sites, value = found, cost
    low = outcome.bound + model.offset
    return sites, value, min(value, max(bound, _rounded(points, low)))


class _Radius:
    """The radius model over the open sites.

    ``z_jk`` = 1 if no chosen site is among the first k distinct costs of point j:
    ``z_jk ≥ z_j,k−1 − Σ_{i at cost k} x_i`` and the cost is D_1 + Σ_k (D_k+1 − D_k) z_jk.
    """

    def __init__(
        self, points: _Points, core: Core, usable: NDArray[np.bool_], keep: NDArray[np.bool_]
    ) -> None:
        self.points = points
        self.sites = np.flatnonzero(usable)
        column = np.full(len(usable), -1, np.int64)
        column[self.sites] = np.arange(len(self.sites))
        n = len(points.penalty)
        point = np.repeat(np.arange(n), np.diff(points.near_ptr))
        listed = usable[points.near_site]
        point, site, cost = point[listed], column[points.near_site[listed]], points.near_cost[listed]
        new = np.ones(len(point), bool)
        new[1:] = (point[1:] != point[:-1]) | (cost[1:] > cost[:-1])
        level = np.cumsum(new) - 1  # levels counted through all points
        fixed = np.zeros(new.sum(), bool)  # levels at which a kept site surely serves the point
        kept = keep[self.sites][site]
        fixed[level[kept]] = True
        self._levels(point[new], cost[new], level, site, fixed)
        self._finish(core, keep)

    def _levels(self, owner: Ints, cost: Floats, level: Ints, site: Ints, fixed: NDArray[np.bool_]) -> None:
        """Levels beyond a surely serving one go; so does the last (every point is served)."""
        k = len(owner)
        begin = np.ones(k, bool)
        begin[1:] = owner[1:] != owner[:-1]
        before: Ints = np.cumsum(fixed) - fixed  # fixed levels before this one, over all points
        first_before: Ints = before[begin][np.cumsum(begin) - 1]
        beyond: NDArray[np.bool_] = before > first_before
        last = np.append(begin[1:], True) | fixed
        self.live: NDArray[np.bool_] = ~beyond  # levels that exist
        self.open = self.live & ~last  # levels with a z of their own: paid if nobody serves up to here
        self.step = np.where(self.open, np.append(cost[1:], 0.0) - cost, 0.0)
        self.owner, self.level_cost, self.begin = owner, cost, begin
        self.at = level
        self.site_of = site
        self.offset = float(cost[begin].sum())

    def _finish(self, core: Core, keep: NDArray[np.bool_]) -> None:
        m = len(self.sites)
        number = np.cumsum(self.open) - 1
        n_open = int(self.open.sum())
        self.z_of = np.where(self.open, number, -1)
        rows = self.live
        row_of = np.where(rows, np.cumsum(rows) - 1, -1)
        n_rows = int(rows.sum())
        hit = row_of[self.at] >= 0
        own = self.open & rows
        prev = rows & ~self.begin
        parts = [
            (row_of[self.at[hit]], self.site_of[hit], np.ones(int(hit.sum()))),
            (row_of[own], m + self.z_of[own], np.ones(int(own.sum()))),
            (row_of[prev], m + self.z_of[np.flatnonzero(prev) - 1], -np.ones(int(prev.sum()))),
        ]
        r, c, v = (np.concatenate([part[a] for part in parts]) for a in range(3))
        matrix = sparse.csr_array((v, (r, c)), shape=(n_rows, m + n_open))
        low = np.where(self.begin[rows], 1.0, 0.0)
        small = Core(
            ptr=np.zeros(m + 1, np.int64), idx=np.zeros(0, np.int32), weight=np.zeros(0), site=self.sites,
            p=core.p, region=core.region[self.sites], quota_min=core.quota_min, quota_max=core.quota_max,
            cost=np.zeros(m), budget=np.inf, conflict_ptr=np.zeros(m + 1, np.int64),
            conflict_idx=np.zeros(0, np.int64), base=0.0, whole=core.whole,
        )  # fmt: skip
        self.blocks = [Block(matrix, low, np.full(n_rows, np.inf)), *rule_blocks(small, n_open)]
        self.value = np.concatenate([np.zeros(m), self.step[self.open]])
        self.lower = np.concatenate([keep[self.sites].astype(float), np.zeros(n_open)])
        self.upper = np.ones(m + n_open)
        self.whole = np.arange(m + n_open) < m
        self.size = len(v)

    def start(self, sites: Ints) -> Floats | None:
        """The variables' values of a known plan."""
        inside = np.isin(self.sites, sites)
        served = np.zeros(len(self.owner), bool)
        served[self.at[inside[self.site_of]]] = True
        up_to = np.cumsum(served)
        first = (up_to - served)[self.begin][np.cumsum(self.begin) - 1]
        z = (up_to - first) == 0
        return np.concatenate([inside.astype(float), z[self.open].astype(float)])


def _cheapest_first(points: _Points, sites: Ints) -> Ints:
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
