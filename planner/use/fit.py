"""The choice of stations fitted to counted visits, and tried on stations that were withheld."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.use.law import Law, Pairs, Priors, chances, expected

__all__ = ["Counted", "FittedLaw", "WithheldVisits", "fit", "fit_level", "folds_of", "withhold"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Counted:
    """Visits counted: per counted station its position, visits in all, and the days they were counted on."""

    site: Array
    visits: Array
    days: Array

    def only(self, which: Array) -> Counted:
        """Those that a mask names."""
        return Counted(self.site[which], self.visits[which], self.days[which])


@dataclass(frozen=True)
class FittedLaw:
    """A fitted law.

    Attributes
    ----------
    law
        The most probable one.
    covariance
        Of its logs (:attr:`planner.use.law.Law.logs`).
    dispersion
        κ of the counts' variance μ + κ μ²: how far stations differ beyond what the law knows.
    """

    law: Law
    covariance: Array
    dispersion: float


@dataclass(frozen=True)
class UseModel:
    """What a law is read against: pairs, traits (n_sites × n_traits), occasions (n_points), hours kept (n_sites)."""

    pairs: Pairs
    traits: Array
    trips: Array
    kept: Array | None = None

    def daily(self, law: Law) -> Array:
        """Visits a day per station."""
        return expected(law, self.pairs, self.traits, self.trips, kept=self.kept).by_site

    def slopes(self, law: Law) -> tuple[Array, Array]:
        """Visits a day per station and their derivatives by the logs of the law (n_sites × n_logs)."""
        p, pairs = chances(law, self.pairs, self.traits, kept=self.kept), self.pairs
        visits = p * self.trips[pairs.point]
        by = [np.ones(len(p)), -law.slope * pairs.minutes, *self.traits[pairs.site].T]
        columns = [pairs.of_sites(visits * (d - pairs.of_points(p * d)[pairs.point])) for d in by]
        return pairs.of_sites(visits), np.stack(columns, axis=1)


def fit(model: UseModel, counted: Counted, priors: Priors, *, rounds: int = 60) -> FittedLaw:
    """The most probable law: quasi-likelihood of overdispersed counts (variance μ + κ μ²), the priors on its logs.

    Fisher scoring with halved steps; κ by the moments of the residuals, anew in each round.

    Raises
    ------
    ValueError
        No station with a count is in reach of anybody.
    """
    logs = priors.middle.copy()
    reached = model.daily(Law.of_logs(logs))[counted.site] > 0
    counted = counted.only(reached)
    if not len(counted.site):
        raise ValueError("no counted station is in reach of anybody")
    logs[0] += _log_ratio(model, Law.of_logs(logs), counted)
    kappa, weigh = 0.5, 1 / priors.spread**2
    precision = np.diag(weigh)
    for _ in range(rounds):
        mean, jacobian = model.slopes(Law.of_logs(logs))
        mu, j = mean[counted.site] * counted.days, jacobian[counted.site] * counted.days[:, None]
        variance = mu + kappa * mu**2
        precision = (j / variance[:, None]).T @ j + np.diag(weigh)
        gradient = j.T @ ((counted.visits - mu) / variance) - weigh * (logs - priors.middle)
        step = np.linalg.solve(precision, gradient)
        step *= min(1.0, 1.0 / max(np.abs(step).max(), 1e-12))
        logs = logs + step
        new = _dispersion(counted.visits, mu, len(logs))
        settled = abs(new - kappa) < 1e-6
        kappa = 0.5 * (kappa + new)
        if settled and np.abs(step).max() < 1e-9:
            break
    return FittedLaw(Law.of_logs(logs), np.linalg.inv(precision), float(kappa))


def _dispersion(visits: Array, mu: Array, n_logs: int) -> float:
    """κ at which the squared residuals over μ + κ μ² sum to the degrees of freedom, by its moments; at least 0."""
    free = max(len(mu) - n_logs, 1) / len(mu)
    low, high = 0.0, 1e4
    squares = (visits - mu) ** 2
    if (squares / mu).mean() <= free:
        return 0.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if (squares / (mu + middle * mu**2)).mean() > free else (low, middle)
    return 0.5 * (low + high)


def _log_ratio(model: UseModel, law: Law, counted: Counted) -> float:
    """Log of the visits counted over those that the law makes."""
    made = float((model.daily(law)[counted.site] * counted.days).sum())
    return float(np.log(max(float(counted.visits.sum()), 0.5) / made))


def fit_level(model: UseModel, counted: Counted, law: Law) -> Law:
    """The law with the level at which counted stations together have the visits that were counted.

    Raises
    ------
    ValueError
        No station with a count is in reach of anybody.
    """
    if not (model.daily(law)[counted.site] > 0).any():
        raise ValueError("no counted station is in reach of anybody")
    for _ in range(100):
        ratio = _log_ratio(model, law, counted)
        law = replace(law, level=law.level * float(np.exp(min(ratio, 2.0))))
        if abs(ratio) < 1e-10 or law.level > 1e12:
            break
    return law


def folds_of(x: Array, y: Array, *, block_m: float, n: int, seed: int) -> Array:
    """Fold of each station: squares of ``block_m`` go to ``n`` folds as a whole, by chance; about as many stations in each."""
    squares = np.stack([np.floor(x / block_m), np.floor(y / block_m)], axis=1)
    _, block, size = np.unique(squares, axis=0, return_inverse=True, return_counts=True)
    order = np.random.default_rng([seed, 72]).permutation(len(size))
    fold, filled = np.zeros(len(size), dtype=np.int64), np.zeros(n)
    for b in sorted(order.tolist(), key=lambda b: -size[b]):  # the largest first, each into the emptiest
        fold[b] = int(filled.argmin())
        filled[fold[b]] += size[b]
    return np.asarray(fold[block.ravel()])


@dataclass(frozen=True)
class WithheldVisits:
    """How well visits of withheld stations are foretold: mean absolute error in visits a day of three ways to say them.

    ``mean``: every station has the mean of those counted; ``level``: the assumed law, its level fitted; ``fitted``: the
    fitted law. ``stations``: how many were withheld in their turn, ``folds``: in how many parts.
    """

    mean: float
    level: float
    fitted: float
    stations: int
    folds: int

    @property
    def fit_helps(self) -> bool:
        """Whether the fitted law foretells withheld stations better than the assumed one."""
        return self.fitted < self.level


def withhold(model: UseModel, counted: Counted, priors: Priors, fold: Array) -> WithheldVisits | None:
    """Withhold each fold's counts in turn (the stations stay open, and compete); None with fewer than two folds.

    ``fold``: of each counted station.
    """
    names = np.unique(fold)
    if len(names) < 2:
        return None
    truth, said = counted.visits / counted.days, np.zeros((3, len(fold)))
    for k in names:
        out, known = fold == k, counted.only(fold != k)
        site = counted.site[out]
        said[0, out] = known.visits.sum() / known.days.sum()
        said[1, out] = model.daily(fit_level(model, known, Law.of_logs(priors.middle)))[site]
        said[2, out] = model.daily(fit(model, known, priors).law)[site]
    mean, level, fitted = (float(v) for v in np.abs(said - truth).mean(axis=1))
    return WithheldVisits(mean, level, fitted, len(fold), len(names))
