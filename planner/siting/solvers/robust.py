"""One plan for many demand scenarios: plans and bounds from mixtures of scenarios, then the exact model.

For any mixture π (π_s ≥ 0, Σ π_s = 1, π_s ≤ 1/(tail · S)) the best plan for the mixed weights covers at
least as much of them as the robust optimum is worth, so every mixture gives a bound; mixtures that
lean towards the scenarios a plan serves badly give better plans and better bounds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from planner.siting.solvers.covering import solve_covering
from planner.siting.solvers.effort import Effort
from planner.siting.solvers.evaluate import covered_by
from planner.siting.solvers.request import Request
from planner.siting.solvers.solution import Solution
from planner.siting.solvers.variants import solve_robust

__all__ = ["solve_scenarios"]

Floats = NDArray[np.float64]

MIXTURES = 6


def solve_scenarios(request: Request, scenarios: Floats, tail: float, effort: Effort) -> Solution:
    """Mean of the worst ``tail`` share of the scenarios, as large as possible."""
    s = len(scenarios)
    mixture = np.full(s, 1.0 / s)
    starts, bound = [], np.inf
    for turn in range(MIXTURES):
        part = Effort(
            max(2, effort.rounds // 12), max(0.5, effort.seconds / 12), effort.gap, effort.seed + turn
        )
        plan = solve_covering(replace(request, weights=mixture @ scenarios), part)
        effort.repeatable &= part.repeatable
        starts.append(plan.chosen)
        bound = min(bound, plan.bound)
        hit = covered_by(request.covers, plan.chosen, request.covered) > 0
        values = scenarios[:, hit].sum(axis=1)
        mixture = _leaning(mixture, values, 1.0 / (tail * s))
        effort.tell("mixtures", 0.4 * (turn + 1) / MIXTURES)
    return solve_robust(request, scenarios, tail, starts, bound, effort)


def _leaning(mixture: Floats, values: Floats, cap: float) -> Floats:
    """Half the old mixture, half all weight on the scenarios served worst (each at most ``cap``)."""
    order = np.argsort(values, kind="stable")
    worst = np.zeros(len(values))
    left = 1.0
    for k in order:
        worst[k] = min(cap, left)
        left -= worst[k]
    return 0.5 * mixture + 0.5 * worst
