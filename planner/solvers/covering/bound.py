"""The Lagrangean bound: no plan covers more.

Relaxing "row j counts only if a chosen site covers it" with prices 0 ≤ λ_j ≤ w_j leaves

    L(λ) = Σ_j (w_j − λ_j) + max { Σ_i s_i x_i : x within p, quotas, budget },   s_i = Σ_{j ∈ i} λ_j,

an upper bound for every λ (Galvão & ReVelle 1996). The site part is exact: per region the best
``quota_min`` sites, then the best others up to ``quota_max`` and ``p``; a budget is priced too.
λ is improved by subgradient steps of Polyak's length along an averaged direction.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.jit import compiled
from planner.solvers.covering import kernels
from planner.solvers.covering.core import Core

__all__ = ["Dual", "best_sites", "money_price"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@compiled
def _direction(weight, price, count, average, share):  # type: ignore[no-untyped-def]
    """Blend the new subgradient into ``average``; returns the squared length of what can move."""
    length = 0.0
    for j in range(len(weight)):
        g = count[j] - (1.0 if price[j] < weight[j] else 0.0)
        d = share * g + (1.0 - share) * average[j]
        average[j] = d
        if (price[j] <= 0.0 and d > 0.0) or (price[j] >= weight[j] and d < 0.0):
            continue
        length += d * d
    return length


@compiled
def _move(weight, price, average, step):  # type: ignore[no-untyped-def]
    """``price`` − step · average, kept within [0, weight]; returns its sum."""
    total = 0.0
    for j in range(len(weight)):
        v = min(max(price[j] - step * average[j], 0.0), weight[j])
        price[j] = v
        total += v
    return total


def best_sites(score: Floats, core: Core, *, hint: float | None = None) -> tuple[Ints, float]:
    """The selection with the highest Σ score within p and quotas (spacing relaxed), and a bound on it.

    With a budget the bound is the Lagrangean one over the budget's price (≥ the true maximum); ``hint`` is a
    price to look near (:func:`money_price`).
    """
    if not core.limited:
        chosen = _within_quotas(score, core)
        return chosen, float(score[chosen].sum())
    size = np.bincount(core.region, minlength=len(core.quota_min))
    if core.p is None and not (core.quota_min > 0).any() and (core.quota_max >= size).all():
        return _knapsack(score, core)
    return _priced(score, core, hint)


def money_price(score: Floats, core: Core, chosen: Ints) -> float:
    """Score per unit of money of the weakest selected site: where the budget's price lies."""
    rate = score[chosen] / np.maximum(core.cost[chosen], 1e-12)
    return float(np.quantile(rate, 0.05)) if len(rate) else 0.0


def _knapsack(score: Floats, core: Core) -> tuple[Ints, float]:
    """Best score per money first until the budget is spent, the last site in part (Dantzig 1957)."""
    order = np.argsort(-score / np.maximum(core.cost, 1e-12), kind="stable")
    order = order[score[order] > 0]
    spent = np.cumsum(core.cost[order])
    whole = int(np.searchsorted(spent, core.budget, side="right"))
    value = float(score[order[:whole]].sum())
    if whole < len(order):
        left = core.budget - (spent[whole - 1] if whole else 0.0)
        value += float(score[order[whole]]) * left / float(core.cost[order[whole]])
    return order[:whole], value


def _priced(score: Floats, core: Core, hint: float | None) -> tuple[Ints, float]:
    """The least Lagrangean bound over the budget's price, by halving an interval."""
    top = float((score / np.maximum(core.cost, 1e-12)).max(initial=0.0))
    low, high, steps = 0.0, top, 40
    best, best_value = _at_price(score, core, high)
    if hint is not None and 0 < hint < top:
        low, high, steps = 0.7 * hint, min(top, 1.4 * hint), 12
    for _ in range(steps):
        price = (low + high) / 2
        chosen, value = _at_price(score, core, price)
        if value < best_value:
            best, best_value = chosen, value
        if core.cost[chosen].sum() > core.budget:
            low = price
        else:
            high = price
    chosen, value = _at_price(score, core, 0.0)
    return (chosen, value) if value < best_value else (best, best_value)


def _at_price(score: Floats, core: Core, price: float) -> tuple[Ints, float]:
    net = score - price * core.cost
    chosen = _within_quotas(net, core)
    return chosen, float(net[chosen].sum() + price * core.budget)


def _within_quotas(score: Floats, core: Core) -> Ints:
    """Exact for Σ score with min and max counts per region (greedy on a matroid base)."""
    m, p = core.n_sites, core.p
    if len(core.quota_min) == 1 and p is not None:
        return _top(score, p)
    order = np.argsort(-score, kind="stable")
    region = core.region[order]
    by_region = np.argsort(region, kind="stable")
    start = np.searchsorted(region[by_region], np.arange(len(core.quota_min)))
    rank = np.empty(m, np.int64)
    rank[by_region] = np.arange(m) - start[region[by_region]]
    must = rank < core.quota_min[region]
    may = ~must & (rank < core.quota_max[region])
    if p is None:
        return order[must | (may & (score[order] > 0))]
    extra = np.flatnonzero(may)[: p - int(must.sum())]
    return np.concatenate([order[must], order[extra]])


def _top(score: Floats, p: int) -> Ints:
    if p >= len(score):
        return np.arange(len(score))
    if p == 0:
        return np.empty(0, np.int64)
    return np.argpartition(-score, p - 1)[:p]


class Dual:
    """Prices and the best bound so far (of core weight, ``base`` not included).

    ``value`` is L at ``best_price``; ``bound`` also knows that no plan covers more than everything.
    """

    def __init__(self, core: Core, *, share: float = 0.1) -> None:
        self.core = core
        self.price = core.weight * 0.5
        self.best_price = self.price.copy()
        self.value = np.inf
        self.average = np.zeros(core.n_rows)
        self.score = np.zeros(core.n_sites)
        self.count = np.zeros(core.n_rows, np.int32)
        self.share = share
        self.money: float | None = None
        self.steps, self.scale, self.stall = 0, 1.0, 0

    @property
    def bound(self) -> float:
        """The best bound."""
        return min(self.value, float(self.core.weight.sum()))

    @property
    def done(self) -> bool:
        """Whether further steps are pointless."""
        return self.scale < 1e-4 or self.core.n_rows == 0

    def reduced_scores(self) -> Floats:
        """Per site the best prices summed over its rows: what it is worth at these prices."""
        kernels.column_sums(self.core.ptr, self.core.idx, self.best_price, self.score)
        return self.score.copy()

    def run(self, steps: int, target: float) -> float:
        """``steps`` subgradient steps towards ``target`` (a plan's value); returns the best bound."""
        core, total = self.core, float(self.core.weight.sum())
        for _ in range(steps):
            if self.done:
                break
            kernels.column_sums(core.ptr, core.idx, self.price, self.score)
            chosen, value = best_sites(self.score, core, hint=self.money)
            if core.limited:
                self.money = money_price(self.score, core, chosen)
            bound = total - float(self.price.sum()) + value
            self.steps += 1
            if bound < self.value - 1e-9 * abs(bound):
                self.value, self.stall = bound, 0
                self.best_price[:] = self.price
            else:
                self.stall += 1
                if self.stall >= 20:
                    self.scale *= 0.7
                    self.stall = 0
                    self.price[:] = self.best_price
                    self.average[:] = 0.0
                    continue
            kernels.cover_count(core.ptr, core.idx, chosen, self.count)
            share = 1.0 if self.steps == 1 else self.share
            length = _direction(core.weight, self.price, self.count, self.average, share)
            if length <= 0.0:
                self.scale = 0.0
                break
            gap = max(bound - target, 1e-6 * abs(bound))
            _move(core.weight, self.price, self.average, self.scale * gap / length)
        return self.bound
