"""Which driver homes to open: most drivers, or least cost, with a bound (cuts of :mod:`planner.freight.choose.problem`).

The master problem (HiGHS) holds the cuts found so far. Its best value bounds every plan, and the flow of
its plan is that plan's worth (Benders 1962 on the flow-capturing problem of Hodgson 1990). Cuts are first
found at plans that open homes in part, which is quick, then at whole ones.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.errors import absent
from planner.freight.choose.problem import HomesProblem, flow_at, merged, served
from planner.solvers.covering.exact import Block, solve_model
from planner.solvers.solution import PROOF, Solution, relative_gap

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Flows are counted in thousandths of a driver and HiGHS keeps rows to 1e-7: less than this share is no gap.
RESOLUTION = 1e-6
#: Money is counted in ten thousands of yuan, so that rows of the model hold numbers of like size.
COST_UNIT = 10_000.0

Aim = Literal["served", "passing", "cost"]


class Master:
    """The cuts found so far, and the best plan that obeys them."""

    def __init__(self, problem: HomesProblem) -> None:
        self.problem = problem
        m, n = problem.reach.shape
        self.by_home = problem.reach.T.tocsr()
        alone = np.asarray(problem.reach.T.astype(float) @ problem.drivers).ravel() if m else np.zeros(n)
        self.useful = np.minimum(problem.capacity, alone)
        self.cuts: list[tuple[Ints, Floats]] = [
            (np.zeros(0, np.int64), self.useful)
        ]  # θ ≤ Σ min(c_h, w(h)) y_h
        self.touched: dict[int, int] = {}
        self.cut_by_clock = False

    def add(self, cut: Mask) -> None:
        """Add the inequality of a set of segments."""
        problem = self.problem
        rest = ~cut
        near = (
            np.asarray(problem.reach[rest].sum(0)).ravel() > 0
            if rest.any()
            else np.zeros(len(problem.capacity), bool)
        )
        weight = np.zeros(len(problem.capacity))
        if rest.any():
            alone = np.asarray(problem.reach[rest].T.astype(float) @ problem.drivers[rest]).ravel()
            weight[near] = np.minimum(problem.capacity, alone)[near]
        inside = np.flatnonzero(cut)
        for k in inside:
            self.touched.setdefault(int(k), len(self.touched))
        self.cuts.append((inside, weight))

    def solve(
        self,
        count: int | None,
        *,
        seconds: float,
        aim: Aim = "served",
        floor: float = 0.0,
        relaxed: bool = False,
    ) -> tuple[Floats | None, float]:
        """Best plan under the cuts (1 for each home it opens; None: the rules allow none), and a bound.

        Parameters
        ----------
        aim
            Most drivers served; or, serving ``floor``, most distinct drivers who pass an open home, or least cost.
        relaxed
            Homes may open in part.
        """
        problem = self.problem
        groups, weights = _groups(problem) if aim == "passing" else (problem.reach[:0], problem.drivers[:0])
        n, k, more = len(problem.capacity), len(self.touched), groups.shape[0]
        size = n + k + more + 1  # y, z, who passes, θ
        top = float(problem.drivers.sum()) + 1.0
        lower, upper = np.zeros(size), np.ones(size)
        lower[:n][problem.open_now] = 1.0
        lower[-1], upper[-1] = floor, max(top, floor)
        cost = np.zeros(size)
        if aim == "served":
            cost[-1] = -1.0
        elif aim == "cost":
            cost[:n] = np.where(problem.open_now, 0.0, _costs(problem)) / COST_UNIT
        else:
            cost[n + k : n + k + more] = -weights
        whole = np.arange(size) < (0 if relaxed else n)
        outcome = solve_model(
            cost, self._blocks(n, k, count, groups), lower, upper, whole, seconds=seconds,
            gap=1e-4 if aim == "passing" else 0.0, options={"mip_lp_solver": "choose"},
        )  # fmt: skip
        self.cut_by_clock |= outcome.cut_by_clock
        if outcome.values is None:
            if outcome.infeasible:
                return None, -np.inf
            raise absent("FRT-024", field="freight.time_limit_s")
        opened, bound = outcome.values[:n], outcome.bound * (COST_UNIT if aim == "cost" else -1.0)
        return np.clip(opened, 0, 1) if relaxed else np.round(opened), bound

    def relax(
        self, count: int | None, *, until: float, aim: Aim = "served", floor: float = 0.0, rounds: int = 60
    ) -> None:
        """Cuts at the best plan that may open homes in part, until none is violated: the bound starts near."""
        for _ in range(rounds):
            left = until - time.perf_counter()
            if left <= 0:
                self.cut_by_clock = True
                return
            opened, bound = self.solve(count, seconds=left, aim=aim, floor=floor, relaxed=True)
            if opened is None:
                return
            flow = flow_at(self.problem, np.where(opened > 1e-6, opened, 0.0))
            if (bound if aim == "served" else floor) <= flow.total + 1e-4 * max(flow.total, 1.0):
                return
            self.add(flow.cut)

    def _blocks(self, n: int, k: int, count: int | None, groups: sparse.csr_array) -> list[Block]:
        problem, size = self.problem, n + k + groups.shape[0] + 1
        rows, low, high = [], [], []

        def put(columns: Any, values: Any, lo: float, hi: float) -> None:
            rows.append((np.asarray(columns), np.asarray(values, float)))
            low.append(lo)
            high.append(hi)

        for inside, weight in self.cuts:
            near = np.flatnonzero(weight)
            z = np.array([n + self.touched[int(i)] for i in inside], int)
            columns = np.concatenate([[size - 1], near, z])
            put(columns, np.concatenate([[1.0], -weight[near], -problem.drivers[inside]]), -np.inf, 0.0)
        for segment, place in self.touched.items():
            homes = problem.reach.indices[problem.reach.indptr[segment] : problem.reach.indptr[segment + 1]]
            put(np.r_[n + place, homes], np.r_[1.0, -np.ones(len(homes))], -np.inf, 0.0)
        for group in range(groups.shape[0]):
            homes = groups.indices[groups.indptr[group] : groups.indptr[group + 1]]
            put(np.r_[n + k + group, homes], np.r_[1.0, -np.ones(len(homes))], -np.inf, 0.0)
        new = np.flatnonzero(~problem.open_now)
        if count is not None:
            put(new, np.ones(len(new)), -np.inf, float(count))
        for a, b in problem.conflicts:
            put([a, b], [1.0, 1.0], -np.inf, 1.0)
        if problem.budget is not None:
            put(new, _costs(problem)[new] / COST_UNIT, -np.inf, problem.budget / COST_UNIT)
        if problem.must is not None:
            for row in range(problem.must.shape[0]):
                homes = problem.must.indices[problem.must.indptr[row] : problem.must.indptr[row + 1]]
                put(homes, np.ones(len(homes)), 1.0, np.inf)
        ptr = np.concatenate([[0], np.cumsum([len(c) for c, _ in rows])])
        matrix = sparse.csr_array(
            (
                np.concatenate([v for _, v in rows]),
                np.concatenate([c for c, _ in rows]).astype(np.int64),
                ptr,
            ),
            shape=(len(rows), size),
        )
        return [Block(matrix, np.array(low), np.array(high))]


def _costs(problem: HomesProblem) -> Floats:
    """What each home costs to open; 1 yuan each where nothing is said."""
    return np.ones(len(problem.capacity)) if problem.cost is None else problem.cost


@dataclass(frozen=True, eq=False)
class Best:
    """The best plan found under some rule, what it serves newly, and the drivers that none can beat."""

    homes: Ints
    drivers: float
    bound: float
    rounds: int


def most(
    master: Master, count: int | None, *, base: float, gap: float, seconds: float, rounds: int = 200
) -> Best | None:
    """Most drivers newly served with at most ``count`` new homes; None where the rules allow no plan."""
    problem = master.problem
    until = time.perf_counter() + seconds
    now = np.flatnonzero(problem.open_now)
    best, bound, homes, done = -1.0, np.inf, np.zeros(0, np.int64), 0
    master.relax(count, until=until)
    while done < rounds:
        done += 1
        left = max(1.0, until - time.perf_counter())
        plan, upper = master.solve(count, seconds=left)
        if plan is None:
            return None
        bound = min(bound, upper - base)
        chosen = np.flatnonzero((plan > 0.5) & ~problem.open_now)
        flow = served(problem, np.concatenate([now, chosen]))
        if flow.total - base > best:
            best, homes = flow.total - base, chosen
        if bound <= best + max(RESOLUTION * max(best, 1.0), gap * best):
            break
        if time.perf_counter() > until:
            master.cut_by_clock = True
            break
        master.add(flow.cut)
    best = max(best, 0.0)
    if bound <= best + RESOLUTION * max(best, 1.0):
        bound = best
    return Best(homes, best, bound, done)


def cheapest(
    master: Master, target: float, count: int | None, *, base: float, seconds: float, rounds: int = 200
) -> tuple[float, float] | None:
    """Least cost (yuan) of serving ``target`` drivers newly, with what no plan can undercut; None: none can.

    The master knows only the cuts found so far, so its plans cost no more than any that serves the target;
    the first that does serve it is the cheapest. inf with the bound so far where time runs out.
    """
    problem, floor = master.problem, base + target
    until = time.perf_counter() + seconds
    now = np.flatnonzero(problem.open_now)
    price, bound = np.inf, 0.0
    master.relax(count, until=until, aim="cost", floor=floor)
    for _ in range(rounds):
        left = max(1.0, until - time.perf_counter())
        plan, least = master.solve(count, seconds=left, aim="cost", floor=floor)
        if plan is None:
            return None
        bound = max(bound, least)
        chosen = np.flatnonzero((plan > 0.5) & ~problem.open_now)
        flow = served(problem, np.concatenate([now, chosen]))
        if flow.total >= floor - RESOLUTION * max(floor, 1.0):
            price = float(_costs(problem)[chosen].sum())
            break
        if time.perf_counter() > until:
            master.cut_by_clock = True
            break
        master.add(flow.cut)
    return price, price if bound >= price * (1 - RESOLUTION) else bound


def _groups(problem: HomesProblem) -> tuple[sparse.csr_array, Floats]:
    """Who could pass which homes, groups alike taken together, and how many drivers they are."""
    if problem.passing is None:
        return problem.reach, problem.drivers
    return merged(np.isfinite(problem.passing.minutes), problem.passing.drivers)


def break_tie(
    master: Master, best: Best, count: int | None, *, base: float, seconds: float, rounds: int = 30
) -> Best:
    """Among plans as good as ``best``, one that the most distinct drivers pass; ``best`` if none is found."""
    problem = master.problem
    now = np.flatnonzero(problem.open_now)
    until = time.perf_counter() + seconds
    slack = RESOLUTION * max(base + best.drivers, 1.0)
    for _ in range(rounds):
        left = until - time.perf_counter()
        if left <= 0:
            master.cut_by_clock = True
            break
        plan, _ = master.solve(count, seconds=left, aim="passing", floor=base + best.drivers - slack)
        if plan is None:
            break
        chosen = np.flatnonzero((plan > 0.5) & ~problem.open_now)
        flow = served(problem, np.concatenate([now, chosen]))
        if flow.total - base >= best.drivers - 2 * slack:
            return Best(chosen, min(flow.total - base, best.bound), best.bound, best.rounds)
        master.add(flow.cut)
    return best


def certificate(best: Best, order: Ints, *, seconds: float, base: float, repeatable: bool = True) -> Solution:
    """The plan as a :class:`Solution`; objective and bound are drivers newly served."""
    gap = relative_gap(best.drivers, best.bound)
    return Solution(
        chosen=order, objective=best.drivers, bound=best.bound, status="optimal" if gap <= PROOF else "feasible",
        seconds=seconds, repeatable=repeatable, work={"rounds": float(best.rounds), "served_before": base},
    )  # fmt: skip
