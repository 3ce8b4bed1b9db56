"""The actions of a plan spread over years, each with its own money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.settings.actions import Year

__all__ = ["spread"]

Array = NDArray[Any]


def spread(order: Sequence[int], cost: Array, yearly: Array, years: Sequence[Year]) -> list[str]:
    """Year of each action (as numbered in ``order``'s entries): best first, the first year whose money, with what earlier years left, is enough.

    What saves money comes first, so that what it saves can be spent. The last year takes what is left: the plan as a whole keeps
    the money of all years.
    """
    if not years:
        return [""] * len(order)
    once_left = np.cumsum([y.budget_yuan for y in years])
    a_year_left = np.cumsum([y.yearly_yuan for y in years])
    found = [years[-1].name] * len(order)
    saving_first = sorted(order, key=lambda n: (not (yearly[n] <= 0 and cost[n] <= 0),))
    for n in saving_first:
        for k, year in enumerate(years):
            fits = (once_left[k:] >= cost[n] - 1e-9).all() and (a_year_left[k:] >= yearly[n] - 1e-9).all()
            if fits or k == len(years) - 1:
                once_left[k:] -= cost[n]
                a_year_left[k:] -= yearly[n]
                found[n] = year.name
                break
    return found
