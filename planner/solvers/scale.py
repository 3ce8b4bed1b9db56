"""Units of a problem: weights and money brought to an ordinary size before solving, and back after.

HiGHS keeps rows and prices to fixed tolerances (1e-7) and drops coefficients below 1e-9, so that a problem in
billionths, or in quadrillions, would be solved as another one. Factors are powers of two: scaling by them
changes no digit, and what is of ordinary size already stays as it is.
"""

from __future__ import annotations

from dataclasses import replace
from math import frexp

import numpy as np
from numpy.typing import NDArray

from planner.solvers.request import Request, Rules
from planner.solvers.solution import PROOF, Solution, relative_gap

__all__ = ["certified", "factor", "scaled", "scaled_money", "step_of"]

Floats = NDArray[np.float64]

#: Sums between these are of ordinary size; others are brought to the middle.
LEAST, MIDDLE, MOST = 2.0**10, 16, 2.0**30
#: Steps finer than this many halvings below the greatest value are not looked for.
FINEST = 40


def factor(total: float) -> float:
    """The power of two that brings a sum to an ordinary size; 1 where it is, or is 0."""
    if not np.isfinite(total) or total <= 0 or LEAST <= total <= MOST:
        return 1.0
    return float(2.0 ** (MIDDLE - frexp(total)[1]))


def scaled_money(rules: Rules) -> tuple[Rules, float]:
    """The rules in money of ordinary size, and the factor; what no plan can pay costs twice the budget."""
    if rules.cost is None:
        return rules, 1.0
    limited = rules.budget is not None and rules.budget > 0
    by = factor(float(rules.budget or 0.0) if limited else float(rules.cost.sum()))
    cost = np.minimum(rules.cost, 2.0 * float(rules.budget or 0.0)) if limited else rules.cost
    budget = None if rules.budget is None else rules.budget * by
    return replace(rules, cost=cost * by, budget=budget), by


def scaled(request: Request, by: float) -> Request:
    """The request with ``by`` times its weights, its money of ordinary size."""
    rules, _ = scaled_money(request.rules)
    return replace(request, weights=request.weights * by, rules=rules)


def step_of(values: Floats) -> float:
    """The greatest power of two of which all values are multiples; 0 where that is too fine to matter."""
    top = float(values.max(initial=0.0))
    if not top > 0:
        return 0.0
    exponent = frexp(top)[1]
    for k in range(FINEST):
        step = 2.0 ** (exponent - k)
        if float(values[0] / step).is_integer() and (values == np.rint(values / step) * step).all():
            return step
    return 0.0


def certified(found: Solution, objective: float, bound: float, *, least: bool = False) -> Solution:
    """The solution with its objective counted afresh and its bound in the same unit.

    ``least``: the objective is to be as small as can be. A bound that objective and rounding have passed
    is drawn back to the objective.
    """
    passed = bound >= objective if least else bound <= objective
    if found.status == "optimal" or passed or relative_gap(objective, bound) <= PROOF:
        bound = objective
    return replace(
        found, objective=objective, bound=bound, status="optimal" if bound == objective else "feasible"
    )
