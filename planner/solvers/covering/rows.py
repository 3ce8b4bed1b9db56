"""Rows that earn a credit per cover: plans from below by annealing, a bound from above by prices.

The bound relaxes "covers that count ≤ covers there are" with a price λ_j ≥ 0 per row:

    L(λ) = Σ_j max_n (Σ_{k ≤ n} v_jk − n λ_j) + max { Σ_i s_i x_i : x within the rules },   s_i = Σ_{j ∈ i} λ_j,

v_jk the worth of the k-th cover. Pairs' prices are left out of it, so it holds for any of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.jit import compiled
from planner.solvers.covering import kernels
from planner.solvers.covering import rows_kernels as rk
from planner.solvers.covering.bound import Tolls, best_sites
from planner.solvers.covering.core import Core, sites_alone
from planner.solvers.effort import Effort, random_state
from planner.solvers.rules import Rules

__all__ = ["Rows", "RowsDual", "RowsSearch", "rows_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """Rows and the rules on sites.

    ``ptr``, ``idx``: CSR site → row; ``worths`` (n_rows × n_scenarios); ``count``: covers each row has before
    any site is chosen; ``sums``: what is earned by then, per scenario; ``credit``: worth of the 1st, 2nd …
    cover; ``ordered``: weights of the least, second least … sum; ``straight``: of each sum; ``pairs`` (k × 2) and their ``price``.
    """

    ptr: Ints
    idx: NDArray[np.int32]
    worths: Floats
    count: NDArray[np.int32]
    sums: Floats
    credit: Floats
    ordered: Floats
    straight: Floats
    pairs: Ints
    price: float
    rules: Rules

    @property
    def n_sites(self) -> int:
        """Sites, forbidden ones too."""
        return len(self.ptr) - 1

    def value(self, sites: Ints) -> float:
        """What a set of sites is worth."""
        close = int(np.isin(self.pairs, sites).all(axis=1).sum()) if len(self.pairs) else 0
        return float(rk.ordered_mean(self.sums_of(sites), self.ordered, self.straight)) - self.price * close

    def sums_of(self, sites: Ints) -> Floats:
        """The sums per scenario that a set of sites earns."""
        count, sums = self.count.copy(), self.sums.copy()
        for site in sites:
            rk.add_row_site(self.ptr, self.idx, self.worths, self.credit, count, sums, int(site))
        return sums


def _csr_pairs(pairs: Ints, n: int) -> tuple[Ints, Ints]:
    """Symmetric pointers and partners of ``pairs``."""
    both = np.concatenate([pairs, pairs[:, ::-1]])
    csr = sparse.csr_array((np.ones(len(both), bool), (both[:, 0], both[:, 1])), shape=(n, n))
    csr.sum_duplicates()
    return csr.indptr.astype(np.int64), csr.indices.astype(np.int64)


class RowsSearch:
    """Annealed plans over :class:`Rows` from a start that obeys the rules; same seed, same work: same plan."""

    def __init__(self, rows: Rows, start: Ints, *, seed: int) -> None:
        rules, m = rows.rules, rows.n_sites
        self.rows = rows
        ones = np.ones(len(rows.idx), np.int8)
        csc = sparse.csr_array((ones, rows.idx, rows.ptr), shape=(m, len(rows.count))).tocsc()
        self.reach = csc.indptr.astype(np.int64), csc.indices.astype(np.int64)
        self.pairs = _csr_pairs(rows.pairs, m)
        self.limits = rules.limits(start)
        self.pool = np.flatnonzero(rules.usable() & ~self.limits.fixed)
        self.random = random_state(seed)
        self.entries = 0.0
        self._begin(start)
        self.scale = max(self.totals[0] - rows.value(np.empty(0, np.int64)), 0.0) / max(1, len(start))

    def _begin(self, sites: Ints) -> None:
        rows, m = self.rows, self.rows.n_sites
        self.count, self.sums = rows.count.copy(), rows.sums.copy()
        self.members, self.best = np.zeros(m, np.int64), np.zeros(m, np.int64)
        self.members[: len(sites)] = self.best[: len(sites)] = sites
        self.n = len(sites)
        self.place = np.full(m, -1, np.int64)
        self.place[sites] = np.arange(len(sites))
        for site in sites:
            rk.add_row_site(rows.ptr, rows.idx, rows.worths, rows.credit, self.count, self.sums, int(site))
        value = rows.value(sites)
        self.totals = np.array([value, value, len(sites), self.limits.cost[sites].sum(), 0.0])

    @property
    def idle(self) -> bool:
        """Nothing to move."""
        return len(self.pool) == 0 or (self.n == 0 and self.rows.rules.p is not None)

    def prefer(self, score: Floats) -> None:
        """Draw sites that score high (per cost under a budget) more often (8 : 3 : 1)."""
        k = self.n
        rate = score / np.maximum(self.limits.cost, 1e-12) if self.rows.rules.limited else score
        if 0 < k < len(rate):
            level = np.partition(rate, -k)[-k]
            often = np.where(rate > 0.95 * level, 8, np.where(rate > 0.8 * level, 3, 1))
            self.pool = np.repeat(self.pool, often[self.pool])

    def run(self, entries: int, heat: float) -> None:
        """Look at ``entries`` coverage entries at temperature ``heat`` (share of a site's mean worth)."""
        if self.idle:
            return
        rows = self.rows
        rising = np.argsort(self.sums, kind="stable")
        lean = np.empty(len(rising))
        lean[rising] = rows.ordered  # what the value's slope is, here
        lean = 0.7 * lean + 0.3 * rows.ordered.mean() + rows.straight
        value = rk.Value(
            rows.worths, rows.worths @ lean, rows.credit, rows.ordered, rows.straight, *self.pairs, rows.price
        )
        plan = rk.RowPlan(self.count, self.sums, self.members, self.place, self.best, self.totals)
        self.n = rk.search_rows(
            rk.Reach(rows.ptr, rows.idx, *self.reach), value, self.limits, plan, self.n, self.pool, heat * self.scale,
            max(4, self.n // 12), entries, self.random,
        )  # fmt: skip
        self.entries = float(self.totals[4])

    def anneal(self, entries: int, hot: float, effort: Effort) -> Ints:
        """One annealed plan by a fixed amount of work; says so where the clock cut it."""
        rounds = 30
        for r in range(rounds):
            heat = hot * (0.1 ** (r / (rounds - 3))) if r < rounds - 2 else 0.0
            self.run(entries // rounds, heat)
            if effort.out_of_time():
                break
        return self.plan()

    def plan(self) -> Ints:
        """The best plan seen."""
        return np.sort(self.best[: int(self.totals[2])])


@compiled
def _price_step(worth, credit, count0, price, count, average, share, out):  # type: ignore[no-untyped-def]
    """Row part of the bound at ``price`` and the blended direction; out: [row part, squared length]."""
    value, length = 0.0, 0.0
    last = len(credit)
    for j in range(len(price)):
        best, earned, at = 0.0, 0.0, 0
        for k in range(count0[j], last):
            earned += worth[j] * credit[k] - price[j]
            if earned > best:
                best, at = earned, k + 1 - count0[j]
        value += best
        d = share * (count[j] - at) + (1.0 - share) * average[j]
        average[j] = d
        if not (price[j] <= 0.0 and d > 0.0):
            length += d * d
    out[0], out[1] = value, length


@compiled
def _price_move(price, average, step, top):  # type: ignore[no-untyped-def]
    for j in range(len(price)):
        price[j] = min(max(price[j] - step * average[j], 0.0), top[j])


@dataclass
class RowsDual:
    """Prices per row and the least bound so far, for one worth per row (``worth``)."""

    rows: Rows
    worth: Floats
    base: float
    bound: float = np.inf

    def __post_init__(self) -> None:
        rows = self.rows
        self.core = sites_alone(rows.rules)
        most = np.array([float(np.max(rows.credit[k:], initial=0.0)) for k in range(len(rows.credit) + 1)])
        self.top = self.worth * most[np.minimum(rows.count, len(rows.credit))]
        self.price = 0.5 * self.top
        self.best_price = self.price.copy()

    def run(self, steps: int, target: float, effort: Effort) -> float:
        """``steps`` subgradient steps towards ``target`` (a plan's value); returns the best bound."""
        rows, core = self.rows, self.core
        score, count = np.zeros(rows.n_sites), np.zeros(len(self.price), np.int32)
        tolls = Tolls(core.rules, len(rows.idx) / max(1, rows.n_sites))
        best_toll = tolls.label.copy()
        average, out, scale, stall = np.zeros(len(self.price)), np.zeros(2), 1.0, 0
        for step in range(steps):
            kernels.column_sums(rows.ptr, rows.idx, self.price, score)
            chosen, top = best_sites(score[core.site], core.rules, tolls)
            share = 1.0 if step == 0 else 0.1
            toll_length = tolls.blend(chosen, share)
            chosen = np.concatenate([rows.rules.required, core.site[chosen]])
            top += float(score[rows.rules.required].sum())
            kernels.cover_count(rows.ptr, rows.idx, chosen, count)
            _price_step(self.worth, rows.credit, rows.count, self.price, count, average, share, out)
            out[1] += toll_length
            bound = self.base + out[0] + top
            if bound < self.bound - 1e-9 * abs(bound):
                self.bound, stall = bound, 0
                self.best_price[:] = self.price
                best_toll = tolls.label.copy()
            else:
                stall += 1
                if stall >= 20:
                    scale, stall = scale * 0.7, 0
                    self.price[:] = self.best_price
                    average[:] = 0.0
                    tolls.restart(best_toll)
                    continue
            if out[1] <= 0.0 or scale < 1e-4 or self.bound - target <= 1e-10 * abs(target):
                break
            if step % 50 == 49 and effort.out_of_time():
                break
            gap = max(bound - target, 1e-6 * abs(bound))
            _price_move(self.price, average, scale * gap / out[1], self.top)
            tolls.move(scale * gap / out[1])
        return self.bound

    def score(self) -> Floats:
        """Per site the best prices summed over its rows."""
        out = np.zeros(self.rows.n_sites)
        kernels.column_sums(self.rows.ptr, self.rows.idx, self.best_price, out)
        return out


def rows_of(core: Core) -> Rows:
    """The rows of a plain covering core, each earning its weight once."""
    one = np.ones(1)
    return Rows(
        ptr=core.ptr, idx=core.idx, worths=core.weight[:, None].copy(), count=np.zeros(core.n_rows, np.int32),
        sums=np.zeros(1), credit=one, ordered=one, straight=np.zeros(1), pairs=np.zeros((0, 2), np.int64),
        price=0.0, rules=core.rules,
    )  # fmt: skip
