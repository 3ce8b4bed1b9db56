"""Plans from below: lazy greedy, then swaps with annealing (fixed work, one seed, one answer)."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.solvers.covering import kernels
from planner.solvers.covering.core import Core

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
        self.load = np.bincount(core.region[self.chosen], minlength=len(core.quota_min)).astype(np.int64)
        self.value = 0.0
        for i in self.chosen:
            self.value += self.add(core, int(i))

    def add(self, core: Core, site: int) -> float:
        return kernels.add_site(core.ptr, core.idx, core.weight, self.count, self.owner, self.loss, site)


def plan_of(core: Core, sites: Ints) -> Plan:
    """The plan made of these core sites."""
    return Plan(np.array(sites, np.int64), _State(core, sites).value)


def greedy(core: Core, *, price: Floats | None = None) -> Plan | None:
    """Lazy greedy (CELF) within quotas, spacing and budget; None where it gets stuck.

    ``price`` divides the gain (gain per cost); otherwise the plain gain decides. Greedy on plain gain
    covers at least (1 − 1/e) of the optimum where nothing but ``p`` limits the plan.
    """
    state = _State(core, np.empty(0, np.int64))
    per = np.ones(core.n_sites) if price is None else np.maximum(price, 1e-12)
    first = np.empty(core.n_sites)
    kernels.column_sums(core.ptr, core.idx, core.weight, first)
    heap = [(-g / c, i) for i, (g, c) in enumerate(zip(first.tolist(), per.tolist(), strict=True))]
    heapq.heapify(heap)
    room = Room(core)
    chosen: list[int] = []
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

    def __init__(self, core: Core) -> None:
        self.core = core
        self.load = np.zeros(len(core.quota_min), np.int64)
        self.blocked = np.zeros(core.n_sites, bool)
        self.left = core.budget
        self.cheap = np.sort(core.cost)

    def full(self, n: int) -> bool:
        """Whether ``n`` sites are all there may be."""
        return self.core.p is not None and n >= self.core.p

    def owed(self, i: int) -> bool:
        """Whether the region of site ``i`` still lacks sites."""
        r = self.core.region[i]
        return bool(self.load[r] < self.core.quota_min[r])

    def admits(self, i: int, n: int) -> bool:
        """Whether site ``i`` may join a plan of ``n`` sites."""
        core, r = self.core, self.core.region[i]
        if self.blocked[i] or self.load[r] >= core.quota_max[r]:
            return False
        if core.p is not None and not self.owed(i):
            deficit = int(np.maximum(core.quota_min - self.load, 0).sum())
            if core.p - n <= deficit:
                return False
        if core.limited:
            to_come = 0 if core.p is None else core.p - n - 1
            need = core.cost[i] + (self.cheap[:to_come].sum() if to_come else 0.0)
            if need > self.left + 1e-12 * core.budget:
                return False
        return True

    def take(self, i: int) -> None:
        """Site ``i`` joins."""
        core = self.core
        self.load[core.region[i]] += 1
        self.left -= core.cost[i]
        self.blocked[core.conflict_idx[core.conflict_ptr[i] : core.conflict_ptr[i + 1]]] = True

    def satisfied(self, n: int) -> bool:
        """Whether a plan of ``n`` sites lacks nothing."""
        core = self.core
        enough = core.p is None or n == core.p
        return enough and bool((self.load >= core.quota_min).all())


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
        self.now = self.best = self.state.value
        self.best_sites = self.state.chosen.copy()
        self.pool = np.flatnonzero(np.diff(core.ptr) > 0)
        self.random = np.array([np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] | 1], np.uint64)
        scale = self.best / max(1, len(start.sites))
        self.hot, self.cold = hot * scale, cold * scale
        self.entries = 0

    @property
    def idle(self) -> bool:
        """Nothing to swap."""
        return len(self.pool) == 0 or len(self.state.chosen) == 0 or self.core.limited

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
            core.ptr, core.idx, core.weight, s.count, s.owner, s.loss, core.region, s.load,
            core.quota_min, core.quota_max, core.conflict_ptr, core.conflict_idx, s.chosen, s.place,
            self.pool, self.best_sites, self.now, self.best, warmth, 1.0, entries, self.random,
        )  # fmt: skip
        self.entries += int(done)
        return self.best

    def plan(self) -> Plan:
        """The best plan seen, its value summed afresh."""
        return plan_of(self.core, self.best_sites)
