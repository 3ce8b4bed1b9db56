"""What any plan can be counted from, as the page takes it along: who reaches which site, open when, under which rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from planner.demand.streets.standing import DemandPoints
    from planner.siting.reach import SiteReach
    from planner.solvers.rules import Rules

__all__ = ["Board", "prices_at_points"]


@dataclass(frozen=True, eq=False)
class Board:
    """Stations, candidates and demand points of a study, and the plan among them.

    Attributes
    ----------
    points
        The demand points.
    existing, new
        Who reaches the open stations (in the order of the stations' table) and the candidates; a column per point.
    chosen
        Positions of the plan's candidates, best first.
    closed
        Positions of the open stations that the plan closes.
    rules
        The study's rules on candidates; the first partition are the districts.
    prices
        Share of its workers' weight that the plan's bound charges to the sites that reach a point (n_ways × n_periods ×
        n_points); None where the bound is of another kind.
    """

    points: DemandPoints
    existing: SiteReach
    new: SiteReach
    chosen: NDArray[np.int64]
    closed: NDArray[np.int64]
    rules: Rules
    prices: NDArray[np.float32] | None = None


def prices_at_points(
    prices: NDArray[np.float32] | None, of: NDArray[Any], n_ways: int, n_periods: int
) -> NDArray[np.float32] | None:
    """Prices of classes of points (ways, then periods, then classes) as those of the points; None where they are of other columns.

    ``of``: class of each point.
    """
    classes = int(of.max(initial=-1)) + 1
    if prices is None or len(prices) != n_ways * n_periods * classes:
        return None
    return prices.reshape(n_ways, n_periods, classes)[:, :, of]
