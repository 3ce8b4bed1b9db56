"""Truck flows by the hour: when trips depart, and which hour they pass in.

A trip that departs in some hour, evenly spread over it, passes a street k + f hours later in the k-th hour
after with share 1 − f and in the next with f; that is exact for departures that are even within each hour.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.freight.model import FreightModel
from planner.settings.freight import Freight

Floats = NDArray[np.float64]

#: The hours of the night, 22 to 6.
NIGHT = np.isin(np.arange(24), [22, 23, 0, 1, 2, 3, 4, 5])


def by_hour(hourly: Floats, profiles: Floats) -> Floats:
    """Trucks in each hour of the day (24 × …) from trucks by hours since departure and departure profiles.

    Parameters
    ----------
    hourly
        Classes × hours × …; as :class:`Assigned` has them.
    profiles
        Classes × 24 shares of the departures in each hour; each row sums to 1.
    """
    out = np.zeros((24, *hourly.shape[2:]))
    for c in range(hourly.shape[0]):
        for k in range(hourly.shape[1]):
            out += np.multiply.outer(np.roll(profiles[c], k), hourly[c, k])
    return out


def hour_shares(f: Freight) -> Floats:
    """Shares of departures in each hour (2 × 24): trips within the area, trips through a gateway."""
    out = []
    for weights, share in ((f.hourly_local, f.night_share_local), (f.hourly_long, f.night_share_long)):
        w = np.array(weights) / sum(weights)
        if share is not None:
            for part, wanted in ((NIGHT, share), (~NIGHT, 1 - share)):
                w[part] = w[part] * (wanted / w[part].sum()) if w[part].sum() > 0 else wanted / part.sum()
        out.append(w)
    return np.array(out)


def hourly_of(model: FreightModel, f: Freight, *, least: float = 50.0) -> pd.DataFrame:
    """Trucks in each hour (columns 0 to 23) on streets with at least ``least`` trucks a day; index: the street."""
    keep = np.flatnonzero(model.streets >= least)
    loads = model.loads[:, keep].toarray().reshape(2, model.loads.shape[0] // 2, len(keep))
    return pd.DataFrame(by_hour(loads, hour_shares(f)).T, index=pd.Index(keep, name="edge"))


def day_of(model: FreightModel, f: Freight) -> pd.DataFrame:
    """Trucks under way at a time, hour by hour: ``hour``, ``local``, ``long``, ``trucks``, ``share`` of the day."""
    shares, driven = hour_shares(f), model.under_way
    parts = [by_hour(driven[[c]], shares[[c]]) for c in range(2)]
    total = parts[0] + parts[1]
    return pd.DataFrame(
        {"hour": np.arange(24), "local": parts[0], "long": parts[1], "trucks": total, "share": total / max(total.sum(), 1e-12)}
    )  # fmt: skip
