"""What last year's plan had among the options: what each counts besides, and what each would add to this year's plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.actions.pose import ActionProblem
from planner.actions.sequence import Tally
from planner.actions.solve import Solved

__all__ = ["added_by_earlier"]

Array = NDArray[Any]


def added_by_earlier(
    problem: ActionProblem, solved: Solved, places: Array, verbs: Sequence[Sequence[str]]
) -> Array:
    """Per earlier action the workers that doing it would add to this plan (NaN where there is nothing to be done).

    ``places``: its place (row, -1: none); ``verbs``: the verbs that come to it. Of several options the one that adds most.
    """
    chosen = solved.solution.chosen
    tally, verb, place = Tally(problem, chosen), problem.options.table["verb"].to_numpy(object), problem.place
    now = dict(zip(place[chosen].tolist(), chosen.tolist(), strict=True))
    shut = np.zeros(len(place), bool)
    shut[problem.forbidden] = True
    found = np.full(len(places), np.nan)
    for n, (at, those) in enumerate(zip(places.tolist(), verbs, strict=True)):
        own = np.flatnonzero((place == at) & np.isin(verb, list(those)) & ~shut)
        out = [now[at]] if at in now else []
        gains = [tally.gain(out, [int(o)]) for o in own]
        found[n] = max(gains, default=np.nan)
    return found
