"""Choices among sites: Σ_j w_j · s_j / (1 + s_j), s_j = base_j + Σ_i pull_ij over the chosen; a plan and an honest bound.

The sum is concave in the sites, also where these are taken in parts. So at any point x (sites in parts, within the rules) no plan
y is better than F(x) + ∇F(x) · (y − x): the bound is the least of these over the steps of Frank and Wolfe. Each step asks for the
best plan of a sum over sites, which is maximal covering with one point per site: every rule holds, with its own bound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.solvers.covering.maximal import solve_covering
from planner.solvers.effort import Effort
from planner.solvers.request import Request
from planner.solvers.rules import Rules
from planner.solvers.solution import PROOF, Solution, relative_gap

__all__ = ["Choices", "solve_choices"]

Array = NDArray[Any]
#: Steps after which the bound hardly falls.
STEPS = 40
#: Rounds of work for each best plan of a sum over sites.
ROUNDS = 3


@dataclass(frozen=True)
class Choices:
    """What plans are worth.

    Attributes
    ----------
    pulls
        csr (n_sites × n_points), 0 or more: odds with which a site draws those of a point.
    base
        Odds of the sites there are (n_points).
    weights
        Occasions per point (n_points).
    """

    pulls: sparse.csr_array
    base: Array
    weights: Array

    def odds(self, part: Array) -> Array:
        """Odds per point with ``part`` of each site (n_sites)."""
        return np.asarray(self.base + self.pulls.T @ part)

    def worth(self, odds: Array) -> float:
        """Σ of the weights times the chance at those odds."""
        return float(self.weights @ (odds / (1 + odds)))

    def slope(self, odds: Array) -> Array:
        """What more of each site brings (n_sites)."""
        return np.asarray(self.pulls @ (self.weights / (1 + odds) ** 2))

    def value(self, sites: Array) -> float:
        """What a plan is worth, the sites there are among it."""
        part = np.zeros(self.pulls.shape[0])
        part[sites] = 1.0
        return self.worth(self.odds(part))


def solve_choices(choices: Choices, rules: Rules, effort: Effort) -> Solution:
    """The best plan found, with a bound.

    Raises
    ------
    InfeasibleError
        No plan obeys the rules.
    """
    n = choices.pulls.shape[0]
    part, odds = np.zeros(n), choices.base.copy()
    best, value, bound = np.zeros(0, np.int64), -np.inf, np.inf

    for steps in range(1, STEPS + 1):
        slope = choices.slope(odds)
        found = _best_sum(slope, rules, effort)
        bound = min(bound, choices.worth(odds) + found.bound - float(slope @ part))
        plans = [found.chosen]
        if steps % 8 == 0:  # sites that most steps chose
            plans.append(_best_sum(part, rules, effort).chosen)
        for plan in plans:
            now = choices.value(plan)
            if now > value:
                best, value = plan, now
        best, value = _refined(choices, rules, effort, best, value) if steps in (1, STEPS) else (best, value)
        if relative_gap(value, bound) <= max(effort.gap, PROOF) or effort.out_of_time():
            break
        toward = np.zeros(n)
        toward[found.chosen] = 1.0
        there = choices.odds(toward)
        length = 1.0 if steps == 1 else _length(choices, odds, there)
        part = part + length * (toward - part)
        odds = odds + length * (there - odds)
    bound = max(bound, value)
    if relative_gap(value, bound) <= PROOF:
        bound = value
    return Solution(
        chosen=_best_first(choices, best), objective=value, bound=bound, status="optimal" if bound == value else "feasible",
        seconds=effort.spent, repeatable=effort.repeatable, base=choices.worth(choices.base),
        work={"steps": float(steps)},
    )  # fmt: skip


def _best_sum(worth: Array, rules: Rules, effort: Effort) -> Solution:
    """The plan of the greatest sum over its sites, and a bound on it."""
    n = len(worth)
    scale = float(worth.max(initial=0.0)) or 1.0
    covers = sparse.csr_array((np.ones(n, np.int8), (np.arange(n), np.arange(n))), shape=(n, n))
    request = Request(covers, np.maximum(worth, 0.0) / scale, np.zeros(n, bool), rules)
    quick = replace(effort, rounds=min(effort.rounds, ROUNDS), gap=min(effort.gap, 1e-6), progress=None)
    found = solve_covering(request, quick)
    effort.repeatable &= quick.repeatable
    return replace(found, bound=found.bound * scale)


def _refined(
    choices: Choices, rules: Rules, effort: Effort, plan: Array, value: float
) -> tuple[Array, float]:
    """Better plans by what each site brings beside the others of the plan, as long as that helps."""
    for _ in range(10):
        part = np.zeros(choices.pulls.shape[0])
        part[plan] = 1.0
        odds = choices.odds(part)
        worth = choices.slope(odds)  # of those not in the plan, to first order
        for i in plan:
            row = slice(choices.pulls.indptr[i], choices.pulls.indptr[i + 1])
            at, own = choices.pulls.indices[row], choices.pulls.data[row]
            less = odds[at] - own
            worth[i] = float(choices.weights[at] @ (odds[at] / (1 + odds[at]) - less / (1 + less)))
        new = _best_sum(worth, rules, effort).chosen
        now = choices.value(new)
        if now <= value * (1 + 1e-12):
            break
        plan, value = new, now
    return plan, value


def _length(choices: Choices, here: Array, there: Array) -> float:
    """How far to go from the odds ``here`` toward ``there`` (0 to 1): where the sum no longer rises."""
    step = there - here

    def rise(length: float) -> float:
        return float(choices.weights @ (step / (1 + here + length * step) ** 2))

    if rise(1.0) >= 0:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if rise(middle) > 0 else (low, middle)
    return 0.5 * (low + high)


def _best_first(choices: Choices, plan: Array) -> Array:
    """The plan's sites, each next one that brings most beside those before it."""
    odds, left, order = choices.base.copy(), list(plan), []
    gains = dict.fromkeys(left, np.inf)
    while left:  # what a site brings only falls: ask again for the first until it stays first
        left.sort(key=lambda i: -gains[i])
        i = left[0]
        row = slice(choices.pulls.indptr[i], choices.pulls.indptr[i + 1])
        at, own = choices.pulls.indices[row], choices.pulls.data[row]
        now = float(
            choices.weights[at] @ ((odds[at] + own) / (1 + odds[at] + own) - odds[at] / (1 + odds[at]))
        )
        if len(left) == 1 or now >= gains[left[1]] - 1e-15:
            odds[at] += own
            order.append(left.pop(0))
        else:
            gains[i] = now
    return np.array(order, dtype=np.int64)
