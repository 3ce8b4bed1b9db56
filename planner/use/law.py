"""From coverage to use: the chance that a worker in reach goes to a station, and to which (Huff, a logit with staying away).

A worker at a point has ``trips`` occasions a day to rest. On each they go to station i with the chance

    p_ij = level · pull_ij / (1 + level · Σ_k pull_kj),   pull_ij = open_ij · kept_i · Π_t factor_t^has_it · exp(−slope · minutes_ij)

where the 1 is staying away. All functions take arrays: a pair is a station within reach of a point.

Examples
--------
>>> import numpy as np
>>> pairs = Pairs(np.array([0, 1]), np.array([0, 0]), np.array([0.0, 5.0]), np.ones(2), 2, 1)
>>> law = Law(level=1.0, slope=np.log(2) / 5, factors=np.array([3.0]))
>>> chances(law, pairs, np.array([[0.0], [1.0]])).round(3).tolist()  # pulls 1 and 3/2
[0.286, 0.429]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DailyVisits",
    "Law",
    "Pairs",
    "Priors",
    "calibrated",
    "chances",
    "drawn_laws",
    "drawn_use",
    "expected",
    "joined_pairs",
    "odds_of",
]  # fmt: skip

Array = NDArray[Any]
#: Standard deviations between the middle and the 5 % or 95 % point of a normal distribution.
_TAIL = 1.6448536269514722


@dataclass(frozen=True)
class Pairs:
    """Stations within reach of points.

    Attributes
    ----------
    site, point
        Positions (n_pairs).
    minutes
        On the way (n_pairs).
    open
        Share of the point's period that the station is open, 0 to 1 (n_pairs).
    n_sites, n_points
        How many of each there are.
    """

    site: Array
    point: Array
    minutes: Array
    open: Array
    n_sites: int
    n_points: int

    def of_sites(self, value: Array) -> Array:
        """Sum per station (n_sites) of a value per pair."""
        return np.bincount(self.site, value, self.n_sites)

    def of_points(self, value: Array) -> Array:
        """Sum per point (n_points) of a value per pair."""
        return np.bincount(self.point, value, self.n_points)


def joined_pairs(old: Pairs, new: Pairs) -> Pairs:
    """Stations of two lists that serve the same points, the second behind the first."""
    point, minutes, open_ = (
        np.concatenate([getattr(old, k), getattr(new, k)]) for k in ("point", "minutes", "open")
    )
    site = np.concatenate([old.site, new.site + old.n_sites])
    return Pairs(site, point, minutes, open_, old.n_sites + new.n_sites, old.n_points)


@dataclass(frozen=True)
class Law:
    """The choice: ``level`` (odds of going where the pull is 1), ``slope`` per minute, a factor on the odds per trait."""

    level: float
    slope: float
    factors: Array

    @property
    def logs(self) -> Array:
        """(log level, log slope, log factors): what is fitted (2 + n_traits)."""
        return np.concatenate([[np.log(self.level), np.log(self.slope)], np.log(self.factors)])

    @classmethod
    def of_logs(cls, logs: Array) -> Law:
        """The law of :attr:`logs`."""
        found = np.exp(np.clip(logs, -50, 50))
        return cls(float(found[0]), float(found[1]), found[2:])


@dataclass(frozen=True)
class Priors:
    """What is assumed before any visit is counted: middle and standard deviation of the logs (:attr:`Law.logs`)."""

    middle: Array
    spread: Array

    @classmethod
    def of_bands(cls, bands: Array) -> Priors:
        """From rows (low, middle, high): the 5 % and 95 % points of each; a lopsided band keeps its width."""
        low, middle, high = np.log(np.asarray(bands, dtype=float)).T
        return cls(middle, np.maximum((high - low) / (2 * _TAIL), 1e-9))


def _pulls(law: Law, pairs: Pairs, traits: Array, kept: Array | None) -> Array:
    """Pull of each pair (n_pairs)."""
    site = np.exp(traits @ np.log(law.factors))
    site = site if kept is None else site * kept
    return np.asarray(site[pairs.site] * pairs.open * np.exp(-law.slope * pairs.minutes))


def odds_of(law: Law, pairs: Pairs, traits: Array, kept: Array | None = None) -> Array:
    """Odds of going to the pair's station against staying away (n_pairs); arguments as :func:`chances`."""
    return np.asarray(law.level * _pulls(law, pairs, traits, kept))


def chances(law: Law, pairs: Pairs, traits: Array, *, kept: Array | None = None) -> Array:
    """The chance, at an occasion, that a worker of the pair's point goes to the pair's station (n_pairs).

    Parameters
    ----------
    traits
        float (n_sites × n_traits): 1 where a station has it, 0 where not, between where that is not known.
    kept
        Share of its posted hours that a station is really open (n_sites); None: all of them.
    """
    odds = odds_of(law, pairs, traits, kept)
    return np.asarray(odds / (1 + pairs.of_points(odds))[pairs.point])


@dataclass(frozen=True)
class DailyVisits:
    """Visits a day: ``by_site`` (n_sites), ``by_point`` (n_points) and in all."""

    by_site: Array
    by_point: Array

    @property
    def total(self) -> float:
        """Visits a day in all."""
        return float(self.by_site.sum())


def expected(
    law: Law, pairs: Pairs, traits: Array, trips: Array, *, kept: Array | None = None
) -> DailyVisits:
    """Visits a day to expect; ``trips``: occasions a day per point (workers × occasions of each)."""
    visits = chances(law, pairs, traits, kept=kept) * trips[pairs.point]
    return DailyVisits(pairs.of_sites(visits), pairs.of_points(visits))


def calibrated(
    law: Law, pairs: Pairs, traits: Array, trips: Array, visits: float, *, kept: Array | None = None
) -> Law:
    """The law whose level makes ``visits`` a day in all.

    Raises
    ------
    ValueError
        Nobody is in reach of a station, or fewer occasions a day than ``visits``.
    """
    pull = pairs.of_points(_pulls(law, pairs, traits, kept))
    live = (pull > 0) & (trips > 0)
    pull, some = pull[live], trips[live]
    if visits <= 0 or some.sum() <= visits:
        raise ValueError(f"{visits:g} visits a day of {some.sum():g} occasions")
    log_level = float(np.log(visits / (some @ pull)))  # too low: staying away counts
    for _ in range(200):
        odds = np.exp(log_level) * pull
        share = odds / (1 + odds)
        made, slope = float(some @ share), float(some @ (share * (1 - share)))
        step = (
            np.log(visits / made) * made / slope
        )  # Newton on log visits, which is concave in the log of the level
        log_level += min(step, 5.0)
        if abs(step) < 1e-12:
            break
    return Law(float(np.exp(log_level)), law.slope, law.factors)


def drawn_laws(middle: Array, root: Array, n: int, *, seed: int) -> list[Law]:
    """``n`` laws around the logs ``middle``; ``root`` @ its transpose is their covariance. Pairs of opposite draws."""
    rng = np.random.default_rng([seed, 71])
    half = rng.standard_normal((-(-n // 2), len(middle)))
    normal = np.concatenate([half, -half])[:n]
    return [Law.of_logs(middle + z @ root.T) for z in normal]


def drawn_use(
    laws: list[Law], pairs: Pairs, traits: Array, trips: Callable[[int], Array], *, kept: Callable[[int], Array],
) -> list[DailyVisits]:  # fmt: skip
    """Visits to expect under each law; ``trips`` and ``kept`` give those of a draw."""
    return [expected(law, pairs, traits, trips(n), kept=kept(n)) for n, law in enumerate(laws)]
