"""The Lagrangean bound: no choice of options covers more.

Relaxing "row j counts only if a chosen option covers it" with prices 0 ≤ λ_j ≤ w_j, and each limit with a toll π_r
(above 0 for what may be used at most, below 0 for what must be used at least), leaves

    L(λ, π) = Σ_j (w_j − λ_j) + Σ_places max_o (Σ_{j ∈ o} λ_j − Σ_r π_r use_ro) + Σ_r max(π_r most_r, π_r least_r),

where a place that need not take an option has the choice of none at 0: an upper bound for every λ and π. All are
improved together by subgradient steps of Polyak's length along an averaged direction.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.jit import compiled
from planner.options.core import OptionsCore
from planner.solvers.covering.prices import blend, step_prices

__all__ = ["OptionsDual"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Every bound is raised by this share of the sums it is made of: rounding never puts it below a plan.
SAFETY = 1e-12
#: Steps without a better bound after which they become smaller, from the best prices on, and by how much.
PATIENCE, SMALLER = 150, 0.5
#: Size of the steps (share of Polyak's) from prices that a plan or an earlier answer gave.
NEAR = 0.03
#: Share of the newest subgradient in the direction: many options cover each row, so the average forgets slowly.
FRESH = 0.03
#: Share of its weight that a row covered once is charged where prices begin from a plan.
ONCE = 0.3


@compiled
def _sum_pieces(piece_ptr, row, price, out):  # type: ignore[no-untyped-def]
    """Σ price per piece; four sums side by side, as one would wait for itself at every row."""
    for q in range(len(out)):
        start, end = piece_ptr[q], piece_ptr[q + 1]
        four = start + (end - start) // 4 * 4
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        for e in range(start, four, 4):
            a += price[np.uint64(row[e])]
            b += price[np.uint64(row[e + 1])]
            c += price[np.uint64(row[e + 2])]
            d += price[np.uint64(row[e + 3])]
        for e in range(four, end):
            a += price[np.uint64(row[e])]
        out[q] = (a + b) + (c + d)


@compiled
def _net(option_ptr, piece, worth, use, toll, net):  # type: ignore[no-untyped-def]
    """Per option what its pieces are worth, less the tolls."""
    for o in range(len(net)):
        total = 0.0
        for e in range(option_ptr[o], option_ptr[o + 1]):
            total += worth[piece[e]]
        for r in range(len(toll)):
            total -= toll[r] * use[o, r]
        net[o] = total


@compiled
def _select(place_ptr, must, net, choice):  # type: ignore[no-untyped-def]
    """Each place's best option (-1: none); returns the sum of what they are worth."""
    total = 0.0
    for p in range(len(must)):
        best = -1
        value = -np.inf if must[p] else 0.0
        for o in range(place_ptr[p], place_ptr[p + 1]):
            if net[o] > value:
                value, best = net[o], o
        choice[p] = best
        total += value
    return total


@compiled
def _count_rows(option_ptr, piece, piece_ptr, row, choice, count):  # type: ignore[no-untyped-def]
    """How many of the chosen options cover each row."""
    count[:] = 0
    for p in range(len(choice)):
        if choice[p] >= 0:
            for e in range(option_ptr[choice[p]], option_ptr[choice[p] + 1]):
                for f in range(piece_ptr[piece[e]], piece_ptr[piece[e] + 1]):
                    count[row[f]] += 1


class OptionsDual:
    """Prices, tolls and the best bound so far (of core weight, ``base`` not included).

    ``price``, ``toll``: where to begin (default: half of each weight, and the tolls that make the best of that).
    """

    def __init__(self, core: OptionsCore, *, price: Floats | None = None, toll: Floats | None = None) -> None:
        self.core, self.warm = core, price is not None
        self.price = core.weight * 0.5 if price is None else np.clip(price, 0.0, core.weight)
        limits = core.limits
        size = np.abs(limits.use)
        used = (size > 0).sum(axis=0)
        typical = np.where(used > 0, size.sum(axis=0) / np.maximum(used, 1), 1.0)
        self.pace = (
            len(core.row) / max(1, core.n_options) / typical**2
        )  # tolls move as fast as what rows are worth
        self.toll = np.zeros(len(limits.least)) if toll is None else self.signed(toll)
        self.worth = np.zeros(len(core.piece_ptr) - 1)
        self.net = np.zeros(core.n_options)
        self.choice = np.full(core.n_places, -1, np.int64)
        self.count = np.zeros(core.n_rows, np.int32)
        self.average, self.drift = np.zeros(core.n_rows), np.zeros(len(self.toll))
        self.best_price, self.best_toll, self.value = self.price.copy(), self.toll.copy(), np.inf
        self.steps, self.scale, self.stall = 0, NEAR if self.warm else 1.0, 0
        if toll is None and len(self.toll) and core.n_options:
            _sum_pieces(core.piece_ptr, core.row, self.price, self.worth)
            self.toll = self._settle(self.toll, 4)

    def lean_on(self, options: Ints) -> None:
        """Prices anew from a plan (per place its option, -1: none), as those that would prove it best have them.

        A row that nothing covers is charged in full, one covered twice not at all; between them one covered once. The bound
        begins anew: whoever has a better one keeps it.
        """
        core = self.core
        _count_rows(core.option_ptr, core.piece, core.piece_ptr, core.row, options, self.count)
        self.price = np.where(self.count == 0, 1.0, np.where(self.count == 1, ONCE, 0.0)) * core.weight
        _sum_pieces(core.piece_ptr, core.row, self.price, self.worth)
        self.toll = self._settle(self.best_toll, 4)
        self.average[:], self.drift = 0.0, np.zeros(len(self.toll))
        self.value, self.scale, self.stall = np.inf, NEAR, 0
        self.best_price, self.best_toll = self.price.copy(), self.toll.copy()

    @property
    def bound(self) -> float:
        """The best bound."""
        return min(self.value, float(self.core.weight.sum()))

    @property
    def done(self) -> bool:
        """Whether further steps are pointless."""
        return self.scale < 1e-4 or self.core.n_places == 0

    def signed(self, toll: Floats) -> Floats:
        """Tolls without those on sides that are not limited."""
        low, high = np.isfinite(self.core.limits.least), np.isfinite(self.core.limits.most)
        return np.where((toll > 0) & ~high | (toll < 0) & ~low, 0.0, toll)

    def constant(self, toll: Floats) -> float:
        """What the limits themselves are worth: Σ_r max(π_r most_r, π_r least_r)."""
        limits = self.core.limits
        edge = np.where(toll > 0, limits.most + limits.slack, limits.least - limits.slack)
        return float((toll[toll != 0] * edge[toll != 0]).sum())

    def _places(self, toll: Floats) -> float:
        """The best options at these tolls (pieces' worth as it stands) and what they sum up to."""
        core = self.core
        _net(core.option_ptr, core.piece, self.worth, core.limits.use, toll, self.net)
        return float(_select(core.place_ptr, core.must, self.net, self.choice))

    def _settle(self, toll: Floats, rounds: int) -> Floats:
        """Tolls that lower the bound, one after the other by halving, the worth of pieces as it stands."""
        toll = toll.copy()
        for _ in range(rounds):
            before = toll.copy()
            for r in range(len(toll)):
                toll[r] = self._one_toll(toll, r)
            if np.allclose(before, toll, rtol=1e-3, atol=0.0):
                break
        return toll

    def _excess(self, toll: Floats, r: int) -> tuple[float, float]:
        """By how much the selection at these tolls passes ``most`` and falls short of ``least`` of limit ``r``."""
        self._places(toll)
        load = self.core.limits.use[self.choice[self.choice >= 0], r].sum()
        return load - self.core.limits.most[r], self.core.limits.least[r] - load

    def _one_toll(self, toll: Floats, r: int) -> float:
        """The toll of limit ``r`` at which its use meets the limit, the others given."""
        trial = toll.copy()
        trial[r] = 0.0
        over, short = self._excess(trial, r)
        if over <= 0 and short <= 0:
            return 0.0
        sign, side = (1.0, 0) if over > 0 else (-1.0, 1)
        low, high = (
            0.0,
            float(np.abs(self.worth).sum() + 1.0)
            / max(float(np.abs(self.core.limits.use[:, r]).max()), 1e-300),
        )
        guess = abs(toll[r])
        if guess > 0:
            trial[r] = sign * 1.5 * guess
            high = 1.5 * guess if self._excess(trial, r)[side] <= 0 else high
        for _ in range(40):
            middle = (low + high) / 2 if low > 0 or high < 1e-9 else high / 4
            trial[r] = sign * middle
            if self._excess(trial, r)[side] > 0:
                low = middle
            else:
                high = middle
            if high - low <= 1e-4 * high:
                break
        return sign * high

    def run(self, steps: int, target: float) -> float:
        """``steps`` subgradient steps towards ``target`` (a plan's value); returns the best bound."""
        core = self.core
        total = float(core.weight.sum())
        for _ in range(steps):
            if self.done:
                break
            _sum_pieces(core.piece_ptr, core.row, self.price, self.worth)
            places = self._places(self.toll)
            fixed = self.constant(self.toll)
            bound = total - float(self.price.sum()) + places + fixed
            bound += SAFETY * (total + abs(places) + abs(fixed))
            self.steps += 1
            if bound < 0.0:  # below any plan: there is none
                self.value, self.scale = bound, 0.0
                break
            if bound < self.value - 1e-9 * abs(bound):
                self.value, self.stall = bound, 0
                self.best_price[:] = self.price
                self.best_toll = self.toll.copy()
            else:
                self.stall += 1
                if self.stall >= PATIENCE:
                    self._restart()
                    continue
            if not self._descend(bound, target):
                self.scale = 0.0
                break
        return self.bound

    def _restart(self) -> None:
        """Back to the best prices, in smaller steps."""
        self.scale *= SMALLER
        self.stall = 0
        self.price[:], self.toll = self.best_price, self.best_toll.copy()
        self.average[:], self.drift = 0.0, np.zeros(len(self.toll))

    def _descend(self, bound: float, target: float) -> bool:
        """One step from the selection as it stands; False where there is nowhere to go."""
        core, limits = self.core, self.core.limits
        _count_rows(core.option_ptr, core.piece, core.piece_ptr, core.row, self.choice, self.count)
        share = 1.0 if self.steps == 1 else FRESH
        length = float(blend(core.weight, self.price, self.count, self.average, share))
        load = limits.use[self.choice[self.choice >= 0]].sum(axis=0)
        within = np.clip(load, limits.least, limits.most)
        edge = np.where(self.toll > 0, limits.most, np.where(self.toll < 0, limits.least, within))
        self.drift = share * (edge - load) + (1 - share) * self.drift
        length += float((self.pace * self.drift**2).sum())
        if length <= 0.0:
            return False
        above = (
            min(bound, 2.0 * float(core.weight.sum())) - target
        )  # far off prices say nothing of how far to go
        step = self.scale * max(above, 1e-6 * abs(target), 1e-9) / length
        step_prices(core.weight, self.price, self.average, step)
        moved = self.toll - step * self.pace * self.drift
        self.toll = self.signed(np.where(np.sign(moved) * np.sign(self.toll) < 0, 0.0, moved))
        return True

    def polish(self) -> float:
        """At the best prices, the best tolls; returns the best bound."""
        core = self.core
        if len(self.toll) and core.n_places and np.isfinite(self.value):
            _sum_pieces(core.piece_ptr, core.row, self.best_price, self.worth)
            self.toll = self._settle(self.best_toll, 2)
            total = float(core.weight.sum())
            places, fixed = self._places(self.toll), self.constant(self.toll)
            value = total - float(self.best_price.sum()) + places + fixed
            value += SAFETY * (total + abs(places) + abs(fixed))
            if value < self.value:
                self.value, self.best_toll = value, self.toll.copy()
        return self.bound

    def reduced(self) -> tuple[Floats, Floats]:
        """Per option what it is worth at the best prices and tolls; per place the best of these (none: 0)."""
        core = self.core
        _sum_pieces(core.piece_ptr, core.row, self.best_price, self.worth)
        self._places(self.best_toll)
        best = np.where(self.choice >= 0, self.net[self.choice], 0.0) if core.n_places else np.zeros(0)
        return self.net.copy(), best
