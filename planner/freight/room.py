"""Room of a home: how many drivers a month its bays have room for, and what counts at homes that are open tell of it.

Bays are not all in use at all hours: of their hours at most ``occupancy`` are, so a bay has room for ``turnover_per_day ×
occupancy`` stays a day. Homes whose visits were counted and whose bays are stated tell how many stays a bay has in fact.
With ``n`` of them, the logarithm of stays per bay is shrunk to the assumption: it moves by ``n / (n + τ²/σ²)`` of the mean
difference, σ from the band of the assumption (``stays_sigma``) and τ between homes (``stays_spread``). A count below the
assumed room tells of few drivers, not of little room: it counts as no difference. A home's own count is its own room, where
that is more than its bays have.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from planner.errors import Finding, finding
from planner.settings.freight import Freight

__all__ = ["Stays", "fit_stays", "room_of", "tell_room"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stays:
    """Stays per bay and day: as assumed, as used, and how many homes with counts and stated bays moved it."""

    assumed: float
    used: float
    homes: int = 0


def fit_stays(sites: gpd.GeoDataFrame, f: Freight) -> Stays:
    """Stays per bay and day that bays have room for, from the settings and the homes counted.

    Parameters
    ----------
    sites
        With ``exists``, ``bays`` and ``bays_known``, and ``visits_per_day`` (NaN: not counted).

    Examples
    --------
    One home with 20 stated bays and 336 visits a day has twice the 8.4 stays a bay that are assumed (12 × 0.7); with
    σ 0.33 and τ 0.5 its weight is 1 / (1 + 2.3) = 0.30, so 8.4 × 2^0.30 = 10.4 are used.
    """
    assumed = f.turnover_per_day * f.occupancy
    bays, visits = sites["bays"].to_numpy(float), sites["visits_per_day"].to_numpy(float)
    told = sites["exists"].to_numpy(bool) & sites["bays_known"].to_numpy(bool) & (bays > 0) & (visits > 0)
    n = int(told.sum())
    if n == 0:
        return Stays(assumed, assumed)
    above = np.maximum(np.log(visits[told] / (bays[told] * assumed)), 0.0)
    weight = n / (n + (f.stays_spread / f.stays_sigma) ** 2)
    return Stays(assumed, float(assumed * np.exp(weight * above.mean())), n)


def room_of(sites: gpd.GeoDataFrame, stays: Stays, f: Freight) -> tuple[Floats, Floats]:
    """Drivers a month that each site has room for, and its stays per bay and day.

    At most ``max_bays`` bays of a site count; a home that was counted has room for what was counted, if that is more.
    """
    bays = np.minimum(sites["bays"].to_numpy(float), f.max_bays)
    counted = np.where(sites["exists"].to_numpy(bool), sites["visits_per_day"].to_numpy(float), np.nan)
    visits = np.fmax(bays * stays.used, counted)
    each = np.divide(visits, bays, out=np.full(len(bays), stays.used), where=bays > 0)
    return visits * f.days_per_month / f.visits_per_driver_month, each


def tell_room(sites: gpd.GeoDataFrame, stays: Stays, f: Freight) -> tuple[Finding, ...]:
    """Each home counted beside the room of its bays, and what the counts do to stays per bay."""
    out = []
    for r in sites[sites["exists"] & (sites["visits_per_day"] > 0)].itertuples():
        room = min(float(r.bays), f.max_bays) * stays.assumed
        code = "FRT-029" if r.visits_per_day > room else "FRT-030"
        known = "bays" if r.bays_known else "assumed bays"
        out.append(
            finding(code, source="driver_homes", field="visits_per_day", value=f"{r.visits_per_day:,.0f}", name=str(r.name),
                    bays=f"{min(r.bays, f.max_bays):g}", room=f"{room:,.0f}", ratio=f"{r.visits_per_day / max(room, 1e-9):.2f}",
                    known_en=known, known_zh="" if r.bays_known else "假定")
        )  # fmt: skip
    if stays.homes:
        out.append(
            finding("FRT-031", source="driver_homes", field="visits_per_day", value=f"{stays.used:.2f}", n=stays.homes,
                    assumed=f"{stays.assumed:.2f}")
        )  # fmt: skip
    return tuple(out)
