"""One cell that holds too much of a survey: said, and set aside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.demand.grid import Floats

#: share of a survey's workers above which one cell is set aside
MOST_IN_ONE_CELL = 0.2
#: fewer workers than this in a cell are chance, whatever their share
FEW = 10
#: counts at places: a place may hold this many times an even share, and never more than :data:`NEARLY_ALL`
TIMES_EVEN, NEARLY_ALL = 5.0, 0.9


def crowded(sums: Floats, exposure: Floats, *, places: bool) -> tuple[NDArray[np.int64], Floats]:
    """Cells that hold more of a survey than one place can, worst first, and the share each holds.

    Workers are compared as the survey estimates them (seen ÷ share seen), each cell with what is left after
    those set aside before it.

    Parameters
    ----------
    sums
        Workers seen per cell.
    exposure
        Share of its workers that the survey sees, per cell; 0 where nobody looked.
    places
        Counts at few chosen places: the limit rises to :data:`TIMES_EVEN` times an even share.
    """
    looked = exposure > 0
    many = np.where(looked, sums / np.where(looked, exposure, 1.0), 0.0)
    limit = MOST_IN_ONE_CELL
    if places:
        limit = min(max(limit, TIMES_EVEN / max(int(looked.sum()), 1)), NEARLY_ALL)
    total, found, shares = float(many.sum()), [], []
    for k in np.argsort(-many, kind="stable"):
        if not (sums[k] >= FEW and many[k] > limit * total):
            break
        found.append(int(k))
        shares.append(float(many[k] / total))
        total -= float(many[k])
    return np.asarray(found, np.int64), np.asarray(shares, float)
