"""Which driver homes to open: flow capture with capacity in bays, solved with a certificate.

A segment ``k`` is a set of drivers, each counted once, who can use the homes ``R_k``. What a set of
open homes serves is a maximum flow from segments through homes of capacity ``c_h``. By max-flow
min-cut it is the least, over sets A of segments, of ``Σ_{k∈A} w_k + Σ_{h∈R(not A)} c_h``, so for every A

    θ ≤ Σ_{k∈A} w_k z_k + Σ_{h∈R(not A)} c_h y_h,      z_k ≤ Σ_{h∈R_k} y_h,  z_k ≤ 1

holds for every plan y, and is tight at the plan whose cut it is. The master problem (HiGHS) holds
the cuts found so far; its best value bounds every plan, and the flow of its plan is a plan's worth
(Benders 1962 on the flow-capturing problem of Hodgson 1990).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from planner.errors import PlannerError
from planner.siting.solvers.exact import Block, solve_model
from planner.siting.solvers.solution import PROOF, Solution, relative_gap

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Flows are counted in thousandths of a driver and HiGHS keeps rows to 1e-7: less than this share is no gap.
RESOLUTION = 1e-6


@dataclass(frozen=True, eq=False)
class HomesProblem:
    """Drivers in segments and homes they can use.

    Attributes
    ----------
    reach
        ``csr_array`` of bool (n_segments × n_homes).
    drivers
        Distinct drivers a month of each segment.
    capacity
        Drivers a month each home can serve.
    open_now
        Homes that exist already.
    conflicts
        Pairs (k × 2) of homes too near to each other to open both.
    cost, budget
        Of opening each home; what all new ones may cost together.
    """

    reach: sparse.csr_array
    drivers: Floats
    capacity: Floats
    open_now: Mask
    conflicts: Ints = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    cost: Floats | None = None
    budget: float | None = None

    def __post_init__(self) -> None:
        m, n = self.reach.shape
        if self.drivers.shape != (m,) or self.capacity.shape != (n,) or self.open_now.shape != (n,):
            raise ValueError(f"{m} segments and {n} homes need as many drivers, capacities and marks")
        for name, values in (("drivers", self.drivers), ("capacity", self.capacity)):
            if not (np.isfinite(values).all() and (values >= 0).all()):
                raise ValueError(f"{name} must be numbers, 0 or more")


@dataclass(frozen=True, eq=False)
class Served:
    """What a set of open homes serves: total, by home, and the minimum cut that binds it."""

    total: float
    by_home: Floats
    by_segment: Floats
    cut: Mask  # segments on the drivers' side of the cut: all their drivers are served


def merged(reach: Any, drivers: Floats) -> tuple[sparse.csr_array, Floats]:
    """Segments with the same homes taken together, those without any or with nobody left out."""
    reach = sparse.csr_array(reach, dtype=bool)
    reach.sort_indices()
    sums: dict[bytes, float] = {}
    for k in range(reach.shape[0]):
        homes = reach.indices[reach.indptr[k] : reach.indptr[k + 1]]
        if len(homes) and drivers[k] > 0:
            key = homes.astype(np.int32).tobytes()
            sums[key] = sums.get(key, 0.0) + float(drivers[k])
    rows = [np.frombuffer(key, np.int32) for key in sums]
    ptr = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    idx = np.concatenate(rows) if rows else np.zeros(0, np.int32)
    made = sparse.csr_array((np.ones(len(idx), bool), idx, ptr), shape=(len(rows), reach.shape[1]))
    return made, np.array(list(sums.values()), float)


def served(problem: HomesProblem, homes: Ints | Sequence[int]) -> Served:
    """Drivers that the homes given can serve: a maximum flow (Dinic), in thousandths of a driver at best."""
    homes = np.asarray(homes, np.int64)
    m, n = problem.reach.shape
    at = problem.reach[:, homes].tocoo()
    h = len(homes)
    total = max(problem.drivers.sum(), problem.capacity[homes].sum(), 1.0)
    unit = min(1000.0, (2**31 - 2) / total)
    w = np.floor(problem.drivers * unit + 0.5).astype(np.int64)
    c = np.floor(problem.capacity[homes] * unit + 0.5).astype(np.int64)
    s, t = m + h, m + h + 1
    seg, hom = at.coords
    tail = np.concatenate([np.full(m, s), seg, m + np.arange(h)])
    head = np.concatenate([np.arange(m), m + hom, np.full(h, t)])
    cap = np.concatenate([w, w[seg], c]).astype(np.int32)
    graph = sparse.csr_array((cap, (tail, head)), shape=(t + 1, t + 1))
    flow = csgraph.maximum_flow(sparse.csr_matrix(graph), s, t)
    net = sparse.csr_array(flow.flow)
    residual = sparse.csr_array(graph - net)
    residual.eliminate_zeros()
    seen = np.zeros(t + 1, bool)
    seen[csgraph.breadth_first_order(residual, s, return_predecessors=False)] = True
    by_home = np.zeros(n)
    into = net[m : m + h, [t]].toarray().ravel()
    by_home[homes] = into / unit
    by_segment = net[[s], :m].toarray().ravel() / unit
    return Served(float(flow.flow_value) / unit, by_home, by_segment, ~seen[:m])


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
        self, count: int | None, *, seconds: float, floor: float | None = None
    ) -> tuple[Mask | None, float]:
        """Best plan under the cuts, and a bound.

        On θ; or, with a ``floor`` for θ, on the distinct drivers who have an open home in reach.
        """
        problem = self.problem
        if floor is not None:
            for segment in range(problem.reach.shape[0]):
                self.touched.setdefault(segment, len(self.touched))
        n, k = len(problem.capacity), len(self.touched)
        size = n + k + 1  # y, z, θ
        top = float(problem.drivers.sum()) + 1.0
        lower, upper = np.zeros(size), np.ones(size)
        lower[:n][problem.open_now] = 1.0
        lower[-1], upper[-1] = min(floor or 0.0, top), top
        cost = np.zeros(size)
        if floor is None:
            cost[-1] = -1.0
        else:
            cost[n + np.array(list(self.touched.values()), int)] = -problem.drivers[list(self.touched)]
        outcome = solve_model(
            cost, self._blocks(n, k, count), lower, upper, np.arange(size) < n, seconds=seconds,
            gap=0.0 if floor is None else 1e-4, options={"mip_lp_solver": "choose"},
        )  # fmt: skip
        self.cut_by_clock |= outcome.cut_by_clock
        if outcome.values is None:
            if outcome.infeasible:
                return None, -np.inf
            raise PlannerError("no plan of driver homes was found in the time allowed; allow more time")
        return outcome.values[:n] > 0.5, -outcome.bound

    def _blocks(self, n: int, k: int, count: int | None) -> list[Block]:
        problem, size = self.problem, n + k + 1
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
        new = np.flatnonzero(~problem.open_now)
        if count is not None:
            put(new, np.ones(len(new)), -np.inf, float(count))
        for a, b in problem.conflicts:
            put([a, b], [1.0, 1.0], -np.inf, 1.0)
        if problem.budget is not None and problem.cost is not None:
            put(new, problem.cost[new], -np.inf, problem.budget)
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


@dataclass(frozen=True, eq=False)
class Best:
    """The best plan found with at most so many new homes, and what none can beat."""

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
    while done < rounds:
        done += 1
        left = max(1.0, until - time.perf_counter())
        plan, upper = master.solve(count, seconds=left)
        if plan is None:
            return None
        bound = min(bound, upper - base)
        chosen = np.flatnonzero(plan & ~problem.open_now)
        flow = served(problem, np.concatenate([now, chosen]))
        if flow.total - base > best:
            best, homes = flow.total - base, chosen
        if bound <= best + max(RESOLUTION * max(best, 1.0), gap * best) or time.perf_counter() > until:
            break
        master.add(flow.cut)
    best = max(best, 0.0)
    if bound <= best + RESOLUTION * max(best, 1.0):
        bound = best
    return Best(homes, best, bound, done)


def break_tie(master: Master, best: Best, *, base: float, seconds: float, rounds: int = 30) -> Best:
    """Among plans as good as ``best``, one with the most distinct drivers in reach; ``best`` if none is found."""
    problem = master.problem
    now = np.flatnonzero(problem.open_now)
    until = time.perf_counter() + seconds
    slack = RESOLUTION * max(base + best.drivers, 1.0)
    for _ in range(rounds):
        left = until - time.perf_counter()
        if left <= 0:
            master.cut_by_clock = True
            break
        plan, _ = master.solve(len(best.homes), seconds=left, floor=base + best.drivers - slack)
        if plan is None:
            break
        chosen = np.flatnonzero(plan & ~problem.open_now)
        flow = served(problem, np.concatenate([now, chosen]))
        if flow.total - base >= best.drivers - 2 * slack:
            return Best(chosen, min(flow.total - base, best.bound), best.bound, best.rounds)
        master.add(flow.cut)
    return best


def in_order(problem: HomesProblem, homes: Ints) -> tuple[Ints, Floats]:
    """The homes by what each adds to those before it, and that gain."""
    now = list(np.flatnonzero(problem.open_now))
    have, rest = served(problem, np.array(now, np.int64)).total, list(map(int, homes))
    order, gains = list[int](), list[float]()
    while rest:
        worth = [served(problem, np.array([*now, *order, h])).total for h in rest]
        i = int(np.argmax(worth))
        gains.append(worth[i] - have)
        have = worth[i]
        order.append(rest.pop(i))
    return np.array(order, np.int64), np.array(gains, float)


def certificate(best: Best, order: Ints, *, seconds: float, base: float, repeatable: bool = True) -> Solution:
    """The plan as a :class:`Solution`; objective and bound are drivers newly served."""
    gap = relative_gap(best.drivers, best.bound)
    return Solution(
        chosen=order, objective=best.drivers, bound=best.bound, status="optimal" if gap <= PROOF else "feasible",
        seconds=seconds, repeatable=repeatable, work={"rounds": float(best.rounds), "served_before": base},
    )  # fmt: skip


Progress = Callable[[str, float], None]
