"""Sites decided by the bound: out (or in) of every plan better than the best one known.

If forcing site i into the relaxed selection lowers the Lagrangean bound to the best plan's value or
below, no better plan holds i; the cheapest forcing exchanges i for one selected site, which is exact
because selections with min and max counts per label of one partition are the bases of a matroid.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from planner.solvers.covering.bound import best_sites
from planner.solvers.rules import Partition, Rules

__all__ = ["decided"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def decided(
    rules: Rules, score: Floats, bound: float, value: float, plan: Ints, *, unit: float = 0.0
) -> tuple[Bools, Bools]:
    """Sites that no plan better than ``value`` contains, and sites that each of them contains.

    ``score``: what a site adds to the bound, tolls paid; ``bound``: the Lagrangean bound at the same prices;
    ``unit``: of which all values are multiples (0: of nothing). The sites of ``plan`` are never ruled out,
    and no others are fixed, so that the plan stays possible.
    """
    m, first = rules.n_sites, rules.partitions[0]
    nothing = np.zeros(m, bool)
    if rules.limited or rules.p is None or rules.spaced:
        return nothing, nothing.copy()
    selected, _ = best_sites(score, _alone(rules))
    inside = np.zeros(m, bool)
    inside[selected] = True
    slack = bound - value - (1 - 1e-6) * unit
    weakest, strongest = _exchanges(first, score, inside)
    out = ~inside & (weakest[first.of] - score > slack)
    keep = inside & (score - strongest[first.of] > slack)
    planned = np.zeros(m, bool)
    planned[plan] = True
    return out & ~planned, keep & planned


def _alone(rules: Rules) -> Rules:
    """The rules with their first partition alone (the others are in the score)."""
    return replace(rules, partitions=rules.partitions[:1])


def _exchanges(part: Partition, score: Floats, inside: Bools) -> tuple[Floats, Floats]:
    """Per label: the lowest score that may leave for a site of it, the highest that may enter."""
    k = len(part.labels)
    load = np.bincount(part.of[inside], minlength=k)
    low, high = np.full(k, np.inf), np.full(k, -np.inf)
    np.minimum.at(low, part.of[inside], score[inside])
    np.maximum.at(high, part.of[~inside], score[~inside])
    spare, room = load > part.least, load < part.most
    least_spare = low[spare].min(initial=np.inf)
    most_room = high[room].max(initial=-np.inf)
    weakest = np.where(room, np.minimum(low, least_spare), low)
    strongest = np.where(spare, np.maximum(high, most_room), high)
    return weakest, strongest
