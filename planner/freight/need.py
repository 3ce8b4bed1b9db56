"""Who could use a home: drivers in segments, each driver in exactly one, and the homes in reach of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.freight.flows import Trips

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: A stop that costs no time still costs this many minutes, so that it is not taken for a site out of reach.
LEAST_MIN = 1e-6


@dataclass(frozen=True, eq=False)
class Need:
    """Segments of distinct drivers a month.

    Attributes
    ----------
    reach
        ``csr_array`` of bool (n_segments × n_sites).
    extra
        ``csr_array`` with the entries of ``reach``: minutes of the way to the site, of a passing segment of the detour.
    drivers
        Of each segment.
    first, second
        Zones: a based segment has the same twice, a passing one the two ends of its way.
    passing_trips
        Trucks a day that pass each site within the detour, drivers of every kind.
    lost
        Trucks a day between each pair of zones that pass no site at all (n_zones × n_zones).
    stops
        ``csr_array`` of bool (long relations × n_sites): trips over the driving limit, and the sites within
        the detour that cut them in two parts within it.
    long_trips
        Trucks a day of each of these relations, one direction each.
    long_ends
        Their zones (relations × 2).
    """

    reach: sparse.csr_array
    extra: sparse.csr_array
    drivers: Floats
    first: Ints
    second: Ints
    passing_trips: Floats
    lost: Floats
    stops: sparse.csr_array
    long_trips: Floats
    long_ends: Ints

    @property
    def based(self) -> NDArray[np.bool_]:
        """Segments of drivers based at a generator."""
        return self.first == self.second

    def in_reach(self, homes: Ints) -> tuple[float, float]:
        """Distinct (based, passing) drivers who have one of the homes in reach."""
        if len(homes) == 0:
            return 0.0, 0.0
        hit = np.asarray(self.reach[:, homes].sum(1)).ravel() > 0
        return float(self.drivers[hit & self.based].sum()), float(self.drivers[hit & ~self.based].sum())

    def by_site(self) -> tuple[Floats, Floats]:
        """Drivers (based, passing) in reach of each site."""
        turned = self.reach.T.astype(float)
        return (
            np.asarray(turned @ np.where(self.based, self.drivers, 0.0)).ravel(),
            np.asarray(turned @ np.where(self.based, 0.0, self.drivers)).ravel(),
        )


def detours(direct: Floats, to_site: Floats, from_site: Floats) -> Floats:
    """Extra time of a stop on one zone's ways: ``t(o,h) + t(h,d) - t(o,d)``, (n_ends × n_sites); inf if none.

    Parameters
    ----------
    direct
        From one zone to every end.
    to_site
        From that zone to every site.
    from_site
        From every site to every end (n_sites × n_ends).
    """
    with np.errstate(invalid="ignore"):
        extra = to_site[None, :] + from_site.T - direct[:, None]
    return np.where(np.isfinite(extra), extra, np.inf)


def make_need(
    drivers: Floats,
    trips: Trips,
    direct: Floats,
    to_site: Floats,
    from_site: Floats,
    *,
    catchment: float,
    detour: float,
    outside_share: float,
    trips_per_month: float,
    days: float = 30.0,
    drive_limit: float = np.inf,
) -> Need:
    """Segments from modelled trips.

    Drivers based at a generator count there and nowhere else, whatever they drive; of the trips through
    a gateway only those by drivers from elsewhere make passing drivers: all of the through trips, and
    ``outside_share`` of the exchange. A month's trips over ``trips_per_month`` are distinct drivers.
    Both directions of a relation are the same drivers, who can stop on the way there or back.

    Parameters
    ----------
    drivers
        Based at each generator (the first zones).
    direct, to_site, from_site
        Times (any unit, the same for all): zones × zones, zones × sites, sites × zones.
    catchment, detour, drive_limit
        In that unit; all inclusive.
    """
    n, z, s = len(drivers), direct.shape[0], to_site.shape[1]
    outside = trips.through + outside_share * trips.exchange
    may, more = np.zeros((z, z, s), bool), np.full((z, z, s), np.inf, np.float32)
    total, passing = trips.total, np.zeros(s)
    for a in range(z):
        more[a] = detours(direct[a], to_site[a], from_site)
        may[a] = more[a] <= detour + 1e-6
        may[a, a] = False  # trips that stay in their zone pass nothing
        passing += total[a] @ may[a]
    lost = np.where(may.any(2), 0.0, total)
    first, second = np.triu_indices(z, 1)
    moved = (outside + outside.T)[first, second] * days / trips_per_month
    some = moved > 0
    first, second, moved = first[some], second[some], moved[some]
    on_way = may[first, second] | may[second, first]
    way = np.minimum(more[first, second], more[second, first])
    near = to_site[:n] <= catchment + 1e-6
    long = np.argwhere((total > 0) & np.isfinite(direct) & (direct > drive_limit + 1e-6))
    start, end = long[:, 0], long[:, 1]
    parts = (to_site[start] <= drive_limit + 1e-6) & (drive_limit + 1e-6 >= from_site[:, end].T)
    reach = sparse.csr_array(np.vstack([near, on_way]) if len(first) else near)
    minutes = np.vstack([to_site[:n], way.astype(float)]) if len(first) else to_site[:n]
    row, column = reach.tocoo().coords
    least = np.maximum(minutes[row, column], LEAST_MIN)
    extra = sparse.csr_array((least, reach.indices, reach.indptr), shape=reach.shape)
    own = np.arange(n)
    return Need(
        reach, extra, np.concatenate([drivers, moved]), np.concatenate([own, first]).astype(np.int64),
        np.concatenate([own, second]).astype(np.int64), passing, lost,
        sparse.csr_array(may[start, end] & parts), total[start, end], long.astype(np.int64),
    )  # fmt: skip
