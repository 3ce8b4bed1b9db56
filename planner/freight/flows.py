"""Truck trips between zones: a doubly constrained gravity model.

Trips ``T_ij = a_i O_i b_j D_j exp(-beta c_ij)`` with Σ_j T_ij = O_i and Σ_i T_ij = D_j (Wilson 1967),
balanced by iterative proportional fitting.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.errors import absent

Floats = NDArray[np.float64]


def gravity(
    origins: Floats, ends: Floats, minutes: Floats, *, beta: float, allowed: NDArray[np.bool_] | None = None,
    tolerance: float = 1e-9, rounds: int = 5000,
) -> Floats:  # fmt: skip
    """Balanced trips a day between zones.

    Parameters
    ----------
    origins, ends
        Trips that begin and end in each zone; equal sums.
    minutes
        Travel times; pairs at inf get no trips.
    allowed
        Pairs that may exchange trips (all but a zone with itself when None).

    Raises
    ------
    ValueError
        Negative or unequal totals, or pairs that leave some zone's trips nowhere to go.
    """
    o, d = np.asarray(origins, float), np.asarray(ends, float)
    if (o < 0).any() or (d < 0).any() or not np.isclose(o.sum(), d.sum(), rtol=1e-9, atol=1e-9):
        raise ValueError(f"trips out ({o.sum():g}) and trips in ({d.sum():g}) must agree and not be negative")
    may = np.isfinite(minutes) & (~np.eye(len(o), dtype=bool) if allowed is None else allowed)
    near = np.where(may, minutes, np.inf).min(initial=np.inf)
    base = np.where(
        may, np.exp(-beta * (np.where(may, minutes, 0.0) - (near if np.isfinite(near) else 0))), 0.0
    )
    trips = base.copy()
    for _ in range(rounds):
        trips *= _ratio(o, trips.sum(1))[:, None]
        trips *= _ratio(d, trips.sum(0))[None, :]
        if np.abs(trips.sum(1) - o).max(initial=0.0) <= tolerance * max(o.sum(), 1.0):
            return trips
    short = np.abs(trips.sum(1) - o).max(initial=0.0)
    if short <= 1e-5 * max(o.sum(), 1.0):
        return trips
    raise ValueError(f"these zones cannot exchange their trips: {short:,.3g} a day are left over")


def _ratio(wanted: Floats, have: Floats) -> Floats:
    return np.divide(wanted, have, out=np.zeros_like(wanted), where=have > 0)


def fit_beta(
    origins: Floats, ends: Floats, minutes: Floats, mean_minutes: float, *, upper: float = 2.0
) -> float:
    """The deterrence per minute whose balanced trips take ``mean_minutes`` on average (bisection).

    Raises
    ------
    AbsentError
        No deterrence in [0, upper] gives that mean; says the range that can be had.
    """

    def mean(beta: float) -> float:
        trips = gravity(origins, ends, minutes, beta=beta, allowed=np.isfinite(minutes))
        return float((trips * np.where(trips > 0, minutes, 0.0)).sum() / max(trips.sum(), 1e-12))

    low, high = 0.0, upper
    longest, shortest = mean(low), mean(high)
    if not shortest <= mean_minutes <= longest:
        raise absent(
            "FRT-025", field="freight.mean_trip_minutes", value=f"{mean_minutes:g}", low=f"{shortest:.1f}", high=f"{longest:.1f}"
        )  # fmt: skip
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if mean(middle) > mean_minutes else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True, eq=False)
class Trips:
    """Trips a day between all zones (generators first, then gateways), by class, each zones × zones."""

    local: Floats
    exchange: Floats
    through: Floats
    beta: float
    scaled: float

    @property
    def total(self) -> Floats:
        """All classes together."""
        return self.local + self.exchange + self.through


def model_trips(
    drivers_trips: Floats,
    gate_trips: Floats,
    minutes: Floats,
    gate_km: Floats,
    *,
    through_share: float,
    through_min_km: float,
    beta: float,
    mean_minutes: float | None = None,
) -> Trips:
    """Local, exchange and through trips.

    Parameters
    ----------
    drivers_trips
        Trips out (= in) a day of each generator.
    gate_trips
        Trucks a day through each gateway, both directions together.
    minutes
        All zones × all zones.
    gate_km
        Straight distances between gateways.

    Through traffic runs between gateways at least ``through_min_km`` apart; what is left of a gateway
    is exchanged with the generators, whose own trips make up the rest (some stay within their zone and
    meet no street of the model). Where gateways ask for more
    than generators have, their exchange is scaled down (``scaled`` < 1).
    """
    n, g = len(drivers_trips), len(gate_trips)
    half = np.asarray(gate_trips, float) / 2
    through = np.zeros((n + g, n + g))
    may = (gate_km >= through_min_km) & ~np.eye(g, dtype=bool) & np.isfinite(minutes[n:, n:])
    passing = _through(half * through_share, minutes[n:, n:], may)
    through[n:, n:] = passing
    joined = np.isfinite(minutes[n:, :n]).any(1) & np.isfinite(minutes[:n, n:]).any(0)
    rest = np.where(joined, np.maximum(half - (passing.sum(0) + passing.sum(1)) / 2, 0.0), 0.0)
    room = float(drivers_trips.sum())
    scaled = min(1.0, 0.9 * room / rest.sum()) if rest.sum() > 0 else 1.0
    margin = np.concatenate([drivers_trips, rest * scaled])
    allowed = np.ones((n + g, n + g), dtype=bool)
    allowed[n:, n:] = False
    within = with_own_times(np.where(allowed, minutes, np.inf), n)
    if mean_minutes is not None:
        beta = fit_beta(margin, margin, within, mean_minutes)
    rest_trips = gravity(margin, margin, within, beta=beta, allowed=allowed)
    local = np.zeros_like(rest_trips)
    local[:n, :n] = rest_trips[:n, :n]
    return Trips(local, rest_trips - local, through, beta, scaled)


def with_own_times(minutes: Floats, n: int) -> Floats:
    """Times with those of trips that stay in a generator: half of the way to its nearest zone (10 min if alone)."""
    out = np.array(minutes, float)
    np.fill_diagonal(out, np.inf)
    near = out[:n].min(axis=1, initial=np.inf)
    out[np.arange(n), np.arange(n)] = np.where(np.isfinite(near), near / 2, 10.0)
    return out


def _through(half: Floats, minutes: Floats, may: NDArray[np.bool_]) -> Floats:
    """Through trips between gateways in proportion to their volumes (no deterrence: they come from afar).

    A gateway that no other is far enough from, or that outweighs all others, gets what can be balanced.
    """
    some = may.any(0) & may.any(1)
    want = np.where(some, half, 0.0)
    if len(want) < 2 or want.sum() <= 0:
        return np.zeros((len(half), len(half)))
    reach = np.where(may, want[None, :], 0.0).sum(1)
    want = np.minimum(want, 0.999 * reach)
    for _ in range(20):
        try:
            return gravity(want, want, np.where(may, minutes, np.inf), beta=0.0, allowed=may)
        except ValueError:
            reach = np.where(may, want[None, :], 0.0).sum(1)
            want = np.minimum(want * 0.95, 0.95 * reach)
    return np.zeros((len(half), len(half)))
