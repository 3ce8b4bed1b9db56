"""Set covering: the fewest (or cheapest) sites that cover all demand, or a stated share of it.

    min Σ c_i x_i   subject to   Σ_{i covers j} x_i ≥ 1 for every point j        (Toregas et al. 1971)

With ``share`` below 1 each point has ``z_j ≤ Σ x_i`` and ``Σ w_j z_j ≥ share · W`` instead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.jit import compiled
from planner.solvers.clash import InfeasibleRequestError
from planner.solvers.covering import kernels
from planner.solvers.covering.core import Core, reduce_request, transpose
from planner.solvers.covering.exact import cover_constraint
from planner.solvers.covering.search import Room, best_first
from planner.solvers.each_rule import allowed, each, rule_model
from planner.solvers.effort import Effort
from planner.solvers.highs import Block, Outcome, nothing_found, solve_model
from planner.solvers.infeasible import any_plan, refuse_impossible
from planner.solvers.request import Request
from planner.solvers.rules import Rules
from planner.solvers.scale import certified, factor, scaled, scaled_money, step_of
from planner.solvers.solution import PROOF, Solution

__all__ = ["cheapest_cover", "completed", "reaching_plan", "share_constraint", "solve_set_covering"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Cover:
    """Core sites that meet the target, their cost, and a lower bound on any such cost."""

    sites: Ints
    cost: float
    bound: float


def share_constraint(core: Core, target: float) -> Block:
    """``Σ_j w_j z_j ≥ target``: the weight that must be covered beside what is covered anyway."""
    row = np.concatenate([np.zeros(core.n_sites), core.weight])
    return Block(sparse.csr_array(row[None, :]), np.array([target * (1 - 1e-12)]), np.array([np.inf]))


def solve_set_covering(request: Request, share: float, coverable_only: bool, effort: Effort) -> Solution:
    """The cheapest sites whose coverage reaches ``share`` of all weight.

    Raises
    ------
    InfeasibleRequestError
        Demand that no candidate covers (its points are listed), or rules that clash.
    """
    refuse_impossible(request.rules)
    cost = request.rules.cost
    found, by = _solved(request, share, coverable_only, effort)
    objective = float(len(found.chosen) if cost is None else cost[found.chosen].sum())
    return certified(found, objective, found.bound / by, least=True)


def _solved(request: Request, share: float, coverable_only: bool, effort: Effort) -> tuple[Solution, float]:
    """The plan and its bound in money of ordinary size, and what that was multiplied by."""
    _, by = scaled_money(request.rules)
    request = scaled(request, factor(float(request.weights.sum())))
    core = reduce_request(request, fill=False)
    total = float(request.weights.sum())
    reachable = core.base + float(core.weight.sum())
    goal = share * total
    if reachable < goal * (1 - 1e-12):
        if not coverable_only:
            raise _uncoverable(request, share, reachable / total)
        goal = reachable
    target = max(0.0, goal - core.base)
    every = target >= float(core.weight.sum()) * (1 - 1e-12)
    cover, nodes = cheapest_cover(core, None if every else target, effort)
    work: dict[str, float] = {"sites": core.n_sites, "rows": core.n_rows, "nodes": nodes}
    return _answer(request, core, cover, effort, work), by


def _uncoverable(request: Request, share: float, most: float) -> InfeasibleRequestError:
    banned = np.zeros(request.rules.n_sites, bool)
    banned[request.rules.forbidden] = True
    usable = np.flatnonzero(~banned)
    reached = request.covered.copy()
    reached[request.covers[usable].indices] = True
    lost = np.flatnonzero(~reached & (request.weights > 0))
    shown = ", ".join(map(str, lost[:20])) + (" …" if len(lost) > 20 else "")
    return InfeasibleRequestError(
        [
            f"share {share:g} of the demand",
            f"{len(lost)} demand points lie in reach of no usable site: {shown}",
        ],
        f"share {np.floor(most * 1e6) / 1e6:g}, or coverable_only=True",
    )


def cheapest_cover(core: Core, target: float | None, effort: Effort) -> tuple[Cover, int]:
    """Cheapest core sites covering every row (``target`` None) or at least ``target`` weight."""
    cover = _greedy_cover(core, target)
    step = step_of(core.cost)
    bound = (
        _dual_bound(core, cover.cost if cover else float(core.cost.sum()), step) if target is None else 0.0
    )
    if cover is not None and cover.cost - bound <= PROOF * cover.cost:
        return replace(cover, bound=cover.cost), 0
    sites, outcome = _exact_cover(core, target, cover, effort)
    if outcome.cut_by_clock:
        effort.repeatable = False
    if sites is not None and (cover is None or core.cost[sites].sum() < cover.cost):
        cover = Cover(sites, float(core.cost[sites].sum()), 0.0)
    if cover is None:
        raise nothing_found(outcome, "coverage, quotas and spacing")
    bound = max(bound, outcome.bound)
    bound = _stepped(bound, step)
    return replace(cover, bound=min(bound, cover.cost)), outcome.nodes


def _greedy_cover(core: Core, target: float | None) -> Cover | None:
    """Most uncovered rows (or weight) per cost first, then sites that are not needed leave."""
    worth = np.ones(core.n_rows) if target is None else core.weight
    need = float(core.n_rows) if target is None else target
    count = np.zeros(core.n_rows, np.int32)
    owner = np.zeros(core.n_rows, np.int64)
    loss = np.zeros(core.n_sites)
    score = np.empty(core.n_sites)
    kernels.column_sums(core.ptr, core.idx, worth, score)
    price = np.maximum(core.cost, 1e-9)
    chosen: list[int] = []
    done = 0.0
    room = Room(core.rules)
    rate = score / price
    open_ = np.ones(core.n_sites, bool)
    while done < need * (1 - 1e-12):
        best = _next_cover(core.ptr, core.idx, worth, count, price, rate, open_)
        if best < 0:
            return None
        open_[best] = False
        if not room.admits(best, len(chosen)):
            continue
        done += kernels.add_site(core.ptr, core.idx, worth, count, owner, loss, best)
        chosen.append(best)
        room.take(best)
    for i in sorted(chosen, key=lambda i: -core.cost[i]):
        lost = loss[i]
        if done - lost >= need * (1 - 1e-12) and (core.cost[i] > 0):
            kernels.drop_site(core.ptr, core.idx, worth, count, owner, loss, i)
            done -= lost
            chosen.remove(i)
    sites = _topped_up(core, chosen)
    return Cover(sites, float(core.cost[sites].sum()), 0.0) if allowed(core.rules, sites) else None


def reaching_plan(request: Request, effort: Effort) -> tuple[Ints | None, float]:
    """A plan of p sites within the rules that reaches every point, and the fewest sites that reach them.

    None where there is none (the fewest is then above p), or where the time ran out before one was found.
    """
    rules = request.rules
    core = reduce_request(request, fill=False, unit_cost=True, count=False)
    if core.base + core.weight.sum() < request.covers.shape[1] - 0.5:
        return None, np.inf
    try:
        cover, _ = cheapest_cover(core, None, effort)
    except InfeasibleRequestError:  # the counts leave no cover
        return None, np.inf
    fewest = cover.bound + len(rules.required)
    sites = np.concatenate([rules.required, core.site[cover.sites]])
    if rules.p is not None and len(sites) > rules.p:
        return None, fewest
    plan = completed(rules, sites)
    if plan is None:  # these sites leave no room for what further labels still need: ask for all at once
        reach = request.covers.T.tocsr()
        ones = sparse.csr_array((np.ones(reach.nnz), reach.indices, reach.indptr), shape=reach.shape)
        rows = Block(ones, np.ones(reach.shape[0]), np.full(reach.shape[0], np.inf))
        plan = any_plan(rules, np.zeros(rules.n_sites), [rows])
    return plan, fewest if plan is not None else np.inf


def completed(rules: Rules, sites: Ints) -> Ints | None:
    """A plan of p sites with ``sites`` among them: the lowest positions that fit join; None where none do."""
    room, chosen = Room(rules), [int(i) for i in sites]
    for i in chosen:
        room.take(i)
    free = np.setdiff1d(np.flatnonzero(rules.usable()), sites).tolist()
    for must in (True, False):
        for i in free:
            if room.full(len(chosen)) or rules.p is None:
                break
            if i not in chosen and (room.owed(i) or not must) and room.admits(i, len(chosen)):
                room.take(i)
                chosen.append(i)
    plan = np.array(chosen, np.int64)
    if allowed(rules, plan) or len(rules.partitions) == 1:
        return plan
    return any_plan(replace(rules, required=np.sort(np.asarray(sites, np.int64))), np.zeros(rules.n_sites))


def _topped_up(core: Core, chosen: list[int]) -> Ints:
    """The sites with the cheapest others that labels still lack, label by label."""
    for part in core.rules.partitions:
        load = part.load(np.array(chosen, np.int64))
        for r in np.flatnonzero(load < part.least):
            members = np.setdiff1d(np.flatnonzero(part.of == r), chosen)
            short = int(part.least[r] - load[r])
            chosen = chosen + members[np.argsort(core.cost[members], kind="stable")][:short].tolist()
    return np.array(sorted(chosen), np.int64)


@compiled
def _next_cover(ptr, idx, worth, count, price, rate, allowed):  # type: ignore[no-untyped-def]
    """Site with the best fresh rate; stale rates only ever overstate, so they are mended when met."""
    while True:
        best = -1
        for i in range(len(rate)):
            if allowed[i] and rate[i] > 0.0 and (best < 0 or rate[i] > rate[best]):
                best = i
        if best < 0:
            return -1
        gain = 0.0
        for e in range(ptr[best], ptr[best + 1]):
            if count[idx[e]] == 0:
                gain += worth[idx[e]]
        fresh = gain / price[best]
        if fresh >= rate[best] * (1 - 1e-12):
            return best
        rate[best] = fresh


@compiled
def _ascent(ptr, idx, cost, dual, steps, target, best_dual):  # type: ignore[no-untyped-def]
    """Subgradient ascent on L(u) = Σ u_j + Σ_i min(0, c_i − Σ_{j∈i} u_j), u ≥ 0; returns the best L."""
    n = len(dual)
    count = np.zeros(n)
    best = -np.inf
    scale = 1.0
    stall = 0
    for _ in range(steps):
        value = dual.sum()
        count[:] = 1.0
        for i in range(len(ptr) - 1):
            reduced = cost[i]
            for e in range(ptr[i], ptr[i + 1]):
                reduced -= dual[idx[e]]
            if reduced < 0.0:
                value += reduced
                for e in range(ptr[i], ptr[i + 1]):
                    count[idx[e]] -= 1.0
        if value > best + 1e-9 * abs(best):
            best = value
            best_dual[:] = dual
            stall = 0
        else:
            stall += 1
            if stall >= 15:
                scale *= 0.6
                stall = 0
                dual[:] = best_dual
                continue
        length = 0.0
        for j in range(n):
            if dual[j] > 0.0 or count[j] > 0.0:
                length += count[j] * count[j]
        if length == 0.0 or scale < 1e-3:
            break
        step = scale * max(target - value, 1e-3 * abs(target)) / length
        for j in range(n):
            dual[j] = max(0.0, dual[j] + step * count[j])
    return best


def _stepped(bound: float, step: float) -> float:
    """No cost lies between two multiples of ``step`` (0: any may)."""
    return float(np.ceil(bound / step - 1e-6)) * step if step > 0 else bound


def _dual_bound(core: Core, target: float, step: float) -> float:
    """Lagrangean lower bound (quotas and spacing relaxed)."""
    if core.n_rows == 0:
        return 0.0
    each = np.full(core.n_rows, np.inf)
    size = np.maximum(np.diff(core.ptr), 1)
    np.minimum.at(each, core.idx, np.repeat(core.cost / size, np.diff(core.ptr)))
    steps = int(min(1500, max(20, 4e9 // (len(core.idx) + 1))))
    bound = float(_ascent(core.ptr, core.idx, core.cost, each, steps, target, each.copy()))
    return _stepped(bound, step)


def _exact_cover(
    core: Core, target: float | None, known: Cover | None, effort: Effort
) -> tuple[Ints | None, Outcome]:
    m, n = core.n_sites, core.n_rows
    warm = None
    if target is None:
        tptr, tidx = transpose(core.ptr, core.idx, n)
        reach = sparse.csr_array((np.ones(len(tidx)), tidx, tptr), shape=(n, m))
        blocks = [Block(reach, np.ones(n), np.full(n, np.inf)), *rule_model(each(core.rules), m)]
        size = m
    else:
        blocks = [
            cover_constraint(core),
            share_constraint(core, target),
            *rule_model(each(core.rules), m + n),
        ]
        size = m + n
    if known is not None:
        warm = np.zeros(size)
        warm[known.sites] = 1.0
        for i in known.sites if target is not None else []:
            warm[m + core.idx[core.ptr[i] : core.ptr[i + 1]]] = 1.0
    outcome = solve_model(
        np.concatenate([core.cost, np.zeros(size - m)]), blocks, np.zeros(size), np.ones(size),
        np.arange(size) < m, warm=warm, seconds=effort.left, gap=0.0,
        looks=effort.looks(m + n),
        progress=lambda share: effort.tell("prove", share),
    )  # fmt: skip
    sites = None if outcome.values is None else np.flatnonzero(outcome.values[:m] > 0.5)
    if sites is not None and not (_meets(core, sites, target) and allowed(core.rules, sites)):
        sites = None
    return sites, outcome


def _meets(core: Core, sites: Ints, target: float | None) -> bool:
    count = np.zeros(core.n_rows, np.int32)
    kernels.cover_count(core.ptr, core.idx, sites, count)
    if target is None:
        return bool((count > 0).all())
    return float(core.weight[count > 0].sum()) >= target * (1 - 1e-9)


def _answer(request: Request, core: Core, cover: Cover, effort: Effort, work: dict[str, float]) -> Solution:
    rules = request.rules
    cost = np.ones(rules.n_sites) if rules.cost is None else rules.cost
    sites = np.concatenate([rules.required, core.site[cover.sites]])
    fixed = float(cost[rules.required].sum())
    return Solution(
        chosen=best_first(request.covers, np.where(request.covered, 0.0, request.weights), sites),
        objective=float(cost[sites].sum()),
        bound=fixed + cover.bound,
        status="feasible",
        seconds=effort.spent,
        repeatable=effort.repeatable,
        work=work,
    )
