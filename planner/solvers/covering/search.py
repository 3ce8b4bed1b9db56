"""Plans from below: lazy greedy, then swaps with annealing (fixed work, one seed, one answer)."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.solvers.covering import kernels
from planner.solvers.covering.core import Core
from planner.solvers.effort import random_state
from planner.solvers.rules import Rules

__all__ = ["Plan", "Room", "Search", "best_first", "greedy", "plan_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """Chosen core sites and the core weight they cover."""

    sites: Ints
    value: float


class _State:
    """The plan arrays that the kernels change."""

    def __init__(self, core: Core, sites: Ints) -> None:
        self.count = np.zeros(core.n_rows, np.int32)
        self.owner = np.zeros(core.n_rows, np.int64)
        self.loss = np.zeros(core.n_sites)
        self.chosen = np.array(sites, np.int64)
        self.place = np.full(core.n_sites, -1, np.int64)
        self.place[self.chosen] = np.arange(len(self.chosen))
        self.value = 0.0
        for i in self.chosen:
            self.value += self.add(core, int(i))

    @property
    def plan(self) -> kernels.SwapPlan:
        """The arrays together."""
        return kernels.SwapPlan(self.count, self.owner, self.loss, self.chosen, self.place)

    def add(self, core: Core, site: int) -> float:
        return kernels.add_site(core.ptr, core.idx, core.weight, self.count, self.owner, self.loss, site)


def plan_of(core: Core, sites: Ints) -> Plan:
    """The plan made of these core sites."""
    return Plan(np.array(sites, np.int64), _State(core, sites).value)


def greedy(core: Core, *, price: Floats | None = None, first: Sequence[int] = ()) -> Plan | None:
    """Lazy greedy (CELF) within quotas, spacing and budget; None where it gets stuck.

    ``price`` divides the gain (gain per cost); otherwise the plain gain decides. Greedy on plain gain
    covers at least (1 − 1/e) of the optimum where nothing but ``p`` limits the plan. ``first``: sites that come
    before all others, as far as the rules admit them.
    """
    state = _State(core, np.empty(0, np.int64))
    per = np.ones(core.n_sites) if price is None else np.maximum(price, 1e-12)
    room = Room(core.rules)
    chosen: list[int] = []
    for i in first:
        if not room.full(len(chosen)) and room.admits(i, len(chosen)):
            state.value += state.add(core, i)
            room.take(i)
            chosen.append(i)
    gains = np.empty(core.n_sites)
    kernels.column_sums(core.ptr, core.idx, core.weight, gains)
    taken = set(chosen)
    heap = [
        (-g / c, i)
        for i, (g, c) in enumerate(zip(gains.tolist(), per.tolist(), strict=True))
        if i not in taken
    ]
    heapq.heapify(heap)
    while heap and not room.full(len(chosen)):
        score, i = heapq.heappop(heap)
        if not room.admits(i, len(chosen)):
            continue
        gain = kernels.gain_of(core.ptr, core.idx, core.weight, state.count, i)
        if gain / per[i] < -score and heap and gain / per[i] < -heap[0][0]:
            heapq.heappush(heap, (-gain / per[i], i))
            continue
        if core.p is None and gain <= 0 and not room.owed(i):
            continue
        state.value += state.add(core, i)
        room.take(i)
        chosen.append(i)
    if not room.satisfied(len(chosen)):
        return None
    return Plan(np.array(chosen, np.int64), state.value)


class Room:
    """Which sites may still join a growing plan, so that it can be finished within the rules."""

    def __init__(self, rules: Rules) -> None:
        self.rules, self.limits = rules, rules.limits(np.empty(0, np.int64))
        self.blocked = np.zeros(rules.n_sites, bool)
        self.left = self.limits.budget
        self.cheap = np.sort(self.limits.cost)
        sizes = [len(q.labels) for q in rules.partitions]
        self.part = np.repeat(np.arange(len(sizes)), sizes)
        self.owes = np.maximum(self.limits.least - self.limits.load, 0)
        self.lacking = np.bincount(self.part, self.owes, len(sizes)).astype(np.int64)

    def full(self, n: int) -> bool:
        """Whether ``n`` sites are all there may be."""
        return self.rules.p is not None and n >= self.rules.p

    def owed(self, i: int) -> bool:
        """Whether a label of site ``i`` still lacks sites."""
        mine = self.limits.labels[:, i]
        return bool((self.limits.load[mine] < self.limits.least[mine]).any())

    def admits(self, i: int, n: int) -> bool:
        """Whether site ``i`` may join a plan of ``n`` sites."""
        limits, p, mine = self.limits, self.rules.p, self.limits.labels[:, i]
        if self.blocked[i] or (limits.load[mine] >= limits.most[mine]).any():
            return False
        if p is not None and (self.lacking - (self.owes[mine] > 0) > p - n - 1).any():
            return False
        if self.rules.limited:
            to_come = 0 if p is None else p - n - 1
            need = limits.cost[i] + (self.cheap[:to_come].sum() if to_come else 0.0)
            if need > self.left + 1e-12 * limits.budget:
                return False
        return True

    def take(self, i: int) -> None:
        """Site ``i`` joins."""
        limits = self.limits
        mine = limits.labels[:, i]
        limits.load[mine] += 1
        self.lacking -= self.owes[mine] > 0
        self.owes[mine] = np.maximum(limits.least[mine] - limits.load[mine], 0)
        self.left -= limits.cost[i]
        self.blocked[limits.conflict_idx[limits.conflict_ptr[i] : limits.conflict_ptr[i + 1]]] = True

    def satisfied(self, n: int) -> bool:
        """Whether a plan of ``n`` sites lacks nothing."""
        enough = self.rules.p is None or n == self.rules.p
        return enough and bool((self.limits.load >= self.limits.least).all())


def best_first(covers: Any, weight: Floats, sites: Ints) -> Ints:
    """The same sites, each adding the most to those before it (ties: lower position first).

    ``covers``: CSR (n_sites × n_demand) by structure; ``weight``: 0 where demand is served already.
    """
    alive = weight.copy()
    rows = {int(i): covers.indices[covers.indptr[i] : covers.indptr[i + 1]] for i in sites}
    heap = [(-float(alive[rows[i]].sum()), i) for i in sorted(rows)]
    heapq.heapify(heap)
    order: list[int] = []
    while heap:
        score, i = heapq.heappop(heap)
        now = (-float(alive[rows[i]].sum()), i)
        if now <= (score, i) or not heap or now <= heap[0]:
            alive[rows[i]] = 0.0
            order.append(i)
        else:
            heapq.heappush(heap, now)
    return np.array(order, np.int64)


class Search:
    """Annealed swaps over a core with a count: rounds of a given number of coverage entries.

    The temperature falls from ``hot`` to ``cold`` (shares of the mean gain per chosen site) as
    ``heat`` goes from 0 to 1. Sites without any row never enter. Same seed, same rounds: same plan.
    """

    def __init__(
        self, core: Core, start: Plan, *, seed: int, hot: float = 0.025, cold: float = 0.005
    ) -> None:
        self.core = core
        self.state = _State(core, start.sites)
        self.limits = core.rules.limits(self.state.chosen)
        self.now = self.best = self.state.value
        self.best_sites = self.state.chosen.copy()
        self.pool = np.flatnonzero(np.diff(core.ptr) > 0)
        self.random = random_state(seed)
        scale = self.best / max(1, len(start.sites))
        self.hot, self.cold = hot * scale, cold * scale
        self.entries = 0

    @property
    def idle(self) -> bool:
        """Nothing to swap."""
        return len(self.pool) == 0 or len(self.state.chosen) == 0 or self.core.rules.limited

    def prefer(self, score: Floats) -> None:
        """Draw sites more often whose dual score comes near the ``p``-th best (8 : 3 : 1)."""
        k = len(self.state.chosen)
        if self.idle or k >= len(score):
            return
        level = np.partition(score, -k)[-k]
        often = np.where(score > 0.95 * level, 8, np.where(score > 0.85 * level, 3, 1))
        self.pool = np.repeat(self.pool, often[self.pool])

    def run(self, entries: int, *, heat: float | None) -> float:
        """Look at ``entries`` coverage entries; ``heat`` None: only strict improvements."""
        if self.idle:
            return self.best
        core, s = self.core, self.state
        warmth = 0.0 if heat is None else self.hot * (self.cold / self.hot) ** heat if self.hot > 0 else 0.0
        self.now, self.best, done = kernels.anneal(
            core.ptr, core.idx, core.weight, s.plan, self.limits, self.pool, self.best_sites, self.now, self.best,
            warmth, entries, self.random,
        )  # fmt: skip
        self.entries += int(done)
        return self.best

    def plan(self) -> Plan:
        """The best plan seen, its value summed afresh."""
        return plan_of(self.core, self.best_sites)
