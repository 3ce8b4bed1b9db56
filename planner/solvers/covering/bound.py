"""The Lagrangean bound: no plan covers more.

Relaxing "row j counts only if a chosen site covers it" with prices 0 ≤ λ_j ≤ w_j leaves

    L(λ) = Σ_j (w_j − λ_j) + max { Σ_i s_i x_i : x within p, quotas, budget },   s_i = Σ_{j ∈ i} λ_j,

an upper bound for every λ (Galvão & ReVelle 1996). The site part is exact for the first partition: per
label its best ``least`` sites, then the best others up to ``most`` and ``p``; a budget is priced. The labels
of further partitions have a toll μ_l, paid by each of their sites: Σ_l max(μ_l most_l, μ_l least_l) − Σ_i μ x_i is
added, which is never negative for a plan that keeps them. λ and μ are improved together by subgradient steps of
Polyak's length along an averaged direction.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.solvers.covering import kernels
from planner.solvers.covering.core import Core
from planner.solvers.covering.prices import blend, step_prices
from planner.solvers.rules import Partition, Rules

__all__ = ["Dual", "Tolls", "best_sites"]

#: Steps without a better bound after which they become smaller, from the best prices on, and by how much.
PATIENCE, SMALLER = 30, 0.5
#: Size of the steps (share of Polyak's) from prices that an earlier answer gave.
NEAR = 0.05

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Tolls:
    """What the rules cost that a selection does not keep by itself: money, and labels of further partitions.

    ``label``: toll per label of the partitions after the first; ``money``: score per unit of money near which
    the budget's price lies (None: not known yet); ``reach``: how many rows of demand a site has, about, so that
    tolls move as fast as the prices of rows.
    """

    def __init__(self, rules: Rules, reach: float = 1.0) -> None:
        further = rules.partitions[1:]
        self.rules, self.reach = rules, max(reach, 1.0)
        self.money: float | None = None
        self.least = np.concatenate([np.zeros(0), *(q.least for q in further)])
        self.most = np.concatenate([np.zeros(0), *(np.minimum(q.most, rules.n_sites) for q in further)])
        starts = np.cumsum([0, *(len(q.labels) for q in further)])
        self.of = [q.of + start for q, start in zip(further, starts, strict=False)]
        self.label = np.zeros(len(self.least))
        self.average = np.zeros(len(self.least))

    def net(self, score: Floats) -> Floats:
        """Scores less what each site's labels are charged."""
        for of in self.of:
            score = score - self.label[of]
        return score

    @property
    def constant(self) -> float:
        """What the limits themselves are worth at these tolls: Σ_l max(μ_l most_l, μ_l least_l)."""
        return float(np.maximum(self.label * self.most, self.label * self.least).sum())

    def blend(self, chosen: Ints, share: float) -> float:
        """Blend the subgradient at ``chosen`` into the direction; returns its squared length."""
        if not self.of:
            return 0.0
        load = np.zeros(len(self.label))
        for of in self.of:
            load += np.bincount(of[chosen], minlength=len(load))
        within = np.clip(load, self.least, self.most)
        limit = np.where(self.label > 0, self.most, np.where(self.label < 0, self.least, within))
        self.average = share * (limit - load) + (1 - share) * self.average
        return float(self.reach * (self.average**2).sum())

    def move(self, step: float) -> None:
        """A step along the direction; a toll that would change its sign stops at 0."""
        moved = self.label - step * self.reach * self.average
        self.label = np.where(moved * self.label < 0, 0.0, moved)

    def restart(self, label: Floats) -> None:
        """Go back to tolls known to be good."""
        self.label, self.average = label.copy(), np.zeros(len(label))


def best_sites(score: Floats, rules: Rules, tolls: Tolls | None = None) -> tuple[Ints, float]:
    """The selection with the highest Σ score within count and first partition, and a bound on any plan's.

    Spacing is relaxed. With a budget, or further partitions, the bound is a Lagrangean one (≥ the true
    maximum) at ``tolls``; without these the tolls are sought here.
    """
    if tolls is None:
        tolls = Tolls(rules)
        if tolls.of:
            return _settled(score, rules, tolls)
    chosen, value = _first(tolls.net(score), rules, tolls)
    return chosen, value + tolls.constant


def _settled(score: Floats, rules: Rules, tolls: Tolls, steps: int = 60) -> tuple[Ints, float]:
    """The least bound over the tolls, by shrinking steps; the selection last met that obeys their limits."""
    size = float(np.abs(score).max(initial=0.0)) / 4
    best: tuple[Ints, float] | None = None
    for k in range(steps):
        found = best_sites(score, rules, tolls)
        best = found if best is None or found[1] < best[1] else best
        length = tolls.blend(found[0], 1.0)
        if length <= 0:
            break
        tolls.move(size * 0.9**k / length**0.5)
    return best if best is not None else best_sites(score, rules, tolls)


def _first(score: Floats, rules: Rules, tolls: Tolls) -> tuple[Ints, float]:
    """The selection within count, first partition and budget, and its bound."""
    if not rules.limited:
        chosen = _within(score, rules)
        return chosen, float(score[chosen].sum())
    if rules.p is None and not rules.partitions[0].binds(None):
        chosen, value = _knapsack(score, rules)
    else:
        chosen, value = _priced(score, rules, tolls.money)
    rate = score[chosen] / np.maximum(rules.money[chosen], 1e-12)
    tolls.money = float(np.quantile(rate, 0.05)) if len(rate) else 0.0
    return chosen, value


def _knapsack(score: Floats, rules: Rules) -> tuple[Ints, float]:
    """Best score per money first until the budget is spent, the last site in part (Dantzig 1957)."""
    cost, budget = rules.money, float(rules.budget or 0.0)
    order = np.argsort(-score / np.maximum(cost, 1e-12), kind="stable")
    order = order[score[order] > 0]
    spent = np.cumsum(cost[order])
    whole = int(np.searchsorted(spent, budget, side="right"))
    value = float(score[order[:whole]].sum())
    if whole < len(order):
        left = budget - (spent[whole - 1] if whole else 0.0)
        value += float(score[order[whole]]) * left / float(cost[order[whole]])
    return order[:whole], value


def _priced(score: Floats, rules: Rules, hint: float | None) -> tuple[Ints, float]:
    """The least Lagrangean bound over the budget's price, by halving an interval."""
    cost, budget = rules.money, float(rules.budget or 0.0)
    top = float((score / np.maximum(cost, 1e-12)).max(initial=0.0))

    def at(price: float) -> tuple[Ints, float]:
        net = score - price * cost
        chosen = _within(net, rules)
        return chosen, float(net[chosen].sum() + price * budget)

    low, high, steps = 0.0, top, 40
    best, best_value = at(high)
    if hint is not None and 0 < hint < top:
        low, high, steps = 0.7 * hint, min(top, 1.4 * hint), 12
    for _ in range(steps):
        price = (low + high) / 2
        chosen, value = at(price)
        if value < best_value:
            best, best_value = chosen, value
        if cost[chosen].sum() > budget:
            low = price
        else:
            high = price
    chosen, value = at(0.0)
    return (chosen, value) if value < best_value else (best, best_value)


def _within(score: Floats, rules: Rules) -> Ints:
    """Exact for Σ score with the count and the first partition (greedy on a matroid base)."""
    part, p = rules.partitions[0], rules.p
    if len(part.labels) == 1 and p is not None:
        return _top(score, p)
    return _per_label(score, part, p)


def _per_label(score: Floats, part: Partition, p: int | None) -> Ints:
    """The best ``least`` sites of each label, then the best others up to ``most`` and ``p`` (None: all that score)."""
    if p is not None and 4 * p < len(score):
        near, floor = _high_enough(
            score, part, p
        )  # a tenth of the work of sorting all, and nearly always enough
        must, others = _sorted_per_label(score[near], part.of[near], part, p)
        if len(must) + len(others) == p and (score[near[others]] >= floor).all():
            return near[np.concatenate([must, others])]
    return np.concatenate(_sorted_per_label(score, part.of, part, p))


def _high_enough(score: Floats, part: Partition, p: int) -> tuple[Ints, float]:
    """Sites that score no less than the ``p``-th best, or than the ``least``-th of their label; the first of these scores."""
    floor = np.partition(score, -p)[-p] if p else np.inf
    near = score >= floor
    many = np.bincount(part.of[near], minlength=len(part.labels))
    for label in np.flatnonzero(many < part.least):  # of the others the best are there already
        mine = part.members[label]
        own = score[mine]
        k = min(int(part.least[label]), len(mine))
        if k:
            near[mine] |= own >= np.partition(own, -k)[-k]
    return np.flatnonzero(near), float(floor)


def _sorted_per_label(score: Floats, label_of: Ints, part: Partition, p: int | None) -> tuple[Ints, Ints]:
    """The sites that fill each label's ``least``, and the others, both by falling score."""
    order = np.argsort(-score, kind="stable")
    return kernels.best_per_label(order, score, label_of, part.least, part.most, -1 if p is None else p)


def _top(score: Floats, p: int) -> Ints:
    if p >= len(score):
        return np.arange(len(score))
    if p == 0:
        return np.empty(0, np.int64)
    return np.argpartition(-score, p - 1)[:p]


class Dual:
    """Prices and the best bound so far (of core weight, ``base`` not included).

    ``value`` is L at ``best_price`` and ``best_toll``; ``bound`` also knows that no plan covers more than all.
    ``price``: where to begin, near the best (default: half of each weight).
    """

    def __init__(self, core: Core, *, share: float = 0.1, price: Floats | None = None) -> None:
        self.core = core
        self.price = core.weight * 0.5 if price is None else price
        self.best_price = self.price.copy()
        self.tolls = Tolls(core.rules, len(core.idx) / max(1, core.n_sites))
        self.best_toll = self.tolls.label.copy()
        self.value = np.inf
        self.average = np.zeros(core.n_rows)
        self.score = np.zeros(core.n_sites)
        self.count = np.zeros(core.n_rows, np.int32)
        self.share = share
        self.steps, self.scale, self.stall = 0, 1.0 if price is None else NEAR, 0

    @property
    def bound(self) -> float:
        """The best bound."""
        return min(self.value, float(self.core.weight.sum()))

    @property
    def done(self) -> bool:
        """Whether further steps are pointless."""
        return self.scale < 1e-4 or self.core.n_rows == 0

    def reduced_scores(self) -> Floats:
        """Per site what it is worth at the best prices: those of its rows, less the tolls of its labels."""
        kernels.column_sums(self.core.ptr, self.core.idx, self.best_price, self.score)
        self.tolls.restart(self.best_toll)
        return self.tolls.net(self.score.copy())

    def run(self, steps: int, target: float) -> float:
        """``steps`` subgradient steps towards ``target`` (a plan's value); returns the best bound."""
        core, total = self.core, float(self.core.weight.sum())
        for _ in range(steps):
            if self.done:
                break
            kernels.column_sums(core.ptr, core.idx, self.price, self.score)
            chosen, value = best_sites(self.score, core.rules, self.tolls)
            bound = total - float(self.price.sum()) + value
            self.steps += 1
            if bound < self.value - 1e-9 * abs(bound):
                self.value, self.stall = bound, 0
                self.best_price[:] = self.price
                self.best_toll = self.tolls.label.copy()
            else:
                self.stall += 1
                if self.stall >= PATIENCE:
                    self.scale *= SMALLER
                    self.stall = 0
                    self.price[:] = self.best_price
                    self.average[:] = 0.0
                    self.tolls.restart(self.best_toll)
                    continue
            kernels.cover_count(core.ptr, core.idx, chosen, self.count)
            share = 1.0 if self.steps == 1 else self.share
            length = blend(core.weight, self.price, self.count, self.average, share)
            length += self.tolls.blend(chosen, share)
            if length <= 0.0:
                self.scale = 0.0
                break
            step = self.scale * max(bound - target, 1e-6 * abs(bound)) / length
            step_prices(core.weight, self.price, self.average, step)
            self.tolls.move(step)
        return self.bound
