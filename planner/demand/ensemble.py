"""How sure the density is: seeded draws over totals, mixtures, elasticities and what the model cannot see.

A draw says how many workers of each headline group stand in each cell, as a factor on the estimate
(:class:`Ensemble`). What varies: the rates, with an error common to all groups beside each group's own
(:func:`rate_factors`); the shares and elasticities of a mixture, or the replicates of a fit; and two random fields of
what no covariate explains, one alike within about a kilometre, one within several (:class:`LocalField`).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from planner.demand.draws.fields import LocalField, shaken, to_areas
from planner.demand.grid import Floats, Grid, Ints
from planner.settings.demand import Demand

Singles = NDArray[np.float32]
Halves = NDArray[np.float16]
#: standard deviations between the middle and the 95 % point of a normal distribution
Z95 = 1.6448536


class Source(Protocol):
    """Where draws of a group's distribution over the cells come from."""

    name: str
    band: tuple[float, float]
    local_sd: Any

    def draw(self, rng: np.random.Generator, number: int) -> Singles:
        """One draw of the group's weights, float32 per cell (their scale does not matter)."""
        ...


def stream(seed: int, name: str) -> np.random.Generator:
    """A random stream of its own for each name, so that one more group leaves the others' draws alone."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def band_factor(z: Floats, band: tuple[float, float]) -> Floats:
    """Factors whose 5 % and 95 % points are the band, of standard normal ``z``: half log-normals that meet at 1."""
    low, high = min(max(band[0], 1e-3), 1.0), max(band[1], 1.0)
    return np.exp(np.asarray(z) / Z95 * np.where(np.asarray(z) > 0, np.log(high), -np.log(low)))


def normal_scores(values: Floats) -> Floats:
    """Values by their rank as quantiles of the standard normal distribution, at ``rank / (n + 1)`` as :func:`band` reads."""
    return np.asarray(
        ndtri((np.argsort(np.argsort(values, kind="stable")) + 1) / (values.size + 1)), np.float64
    )


def rate_factors(
    bands: Mapping[str, tuple[float, float]],
    totals: Mapping[str, float],
    *,
    draws: int,
    correlation: float,
    seed: int,
) -> Floats:
    """Factors on the groups' totals: an error that all rates share beside each rate's own.

    ``z_g = √correlation · z_0 + √(1 − correlation) · own_g``, made normal scores again; a group's factor is
    :func:`band_factor` of ``z_g``. All are then centred together, so that the middle of the summed totals is the sum of
    ``totals``: bands that reach further up than down would lift it.

    Parameters
    ----------
    bands
        5 % and 95 % points of a group's total, a share of the estimate.
    totals
        Workers of the groups.
    correlation
        Share of the variance of a rate's error that all rates have in common, 0 to 1.

    Returns
    -------
    float64 array, draws × groups.

    Example
    -------
    >>> f = rate_factors({"rider": (0.7, 2.0)}, {"rider": 100.0}, draws=100, correlation=0.6, seed=1)
    >>> float(np.median(f))
    1.0
    """
    common = normal_scores(stream(seed, "all rates").random(draws))
    out = np.ones((draws, len(bands)))
    for j, (name, ends) in enumerate(bands.items()):
        own = normal_scores(stream(seed, f"rate of {name}").random(draws))
        z = normal_scores(np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own)
        factor = band_factor(z, ends)
        out[:, j] = factor / np.median(factor)
    weight = np.array([totals[name] for name in bands], float)
    if not weight.sum() > 0:
        return out
    share = weight / weight.sum()  # of sums too small to be multiplied also
    return out / np.median(out @ share)


@dataclass
class Mixture:
    """Level (a): draws of the shares and elasticities of a mixture of covariates.

    Attributes
    ----------
    logs
        Logarithms of the covariates by name, float32, -inf where zero; shared between groups.
    shares
        Share of the group that follows each covariate.
    elasticities
        Exponents, 1 where not named.
    share_band
        Factor between the middle and the 95 % point of a share.
    elasticity_band
        Distance between the middle and the 95 % point of an exponent.
    """

    name: str
    logs: dict[str, Singles]
    shares: dict[str, float]
    elasticities: dict[str, float]
    band: tuple[float, float]
    local_sd: Any
    share_band: float = 1.5
    elasticity_band: float = 0.2

    def draw(self, rng: np.random.Generator, number: int) -> Singles:  # noqa: ARG002 - every draw is alike
        """One draw of the mixture's weights."""
        weight: Singles | None = None
        for name, share in self.shares.items():
            e = self.elasticities.get(name, 1.0) + self.elasticity_band * rng.standard_normal() / Z95
            values = np.exp(np.float32(max(e, 0.05)) * self.logs[name])
            s = share * self.share_band ** (rng.standard_normal() / Z95)
            values *= np.float32(s / max(float(values.sum(dtype=np.float64)), 1e-30))
            weight = values if weight is None else weight + values
        return np.zeros(0, np.float32) if weight is None else weight


@dataclass
class Replicated:
    """Draws of a group at level (b) or (c): a replicate, and its own local uncertainty per cell."""

    name: str
    replicates: Singles
    band: tuple[float, float]
    local_sd: Any

    def draw(self, rng: np.random.Generator, number: int) -> Singles:  # noqa: ARG002 - replicates are drawn before
        """The next replicate."""
        return self.replicates[number % len(self.replicates)]


def logs_of(covariates: pd.DataFrame, names: Sequence[str]) -> dict[str, Singles]:
    """Logarithms of covariates scaled to mean 1, float32; -inf where zero."""
    logs = {}
    with np.errstate(divide="ignore"):
        for name in names:
            values = covariates[name].to_numpy(float)
            logs[name] = np.log(values / max(values.mean(), 1e-300)).astype(np.float32)
    return logs


@dataclass(frozen=True, eq=False)
class Ensemble:
    """How many workers of each group stand in each cell, draw by draw.

    Attributes
    ----------
    groups
        Names of the headline groups.
    workers
        float32, n_groups × n_cells: the estimate.
    factors
        float16, n_draws × n_groups × n_cells: workers of the draw over the estimate, 1 where nobody is.
    """

    groups: tuple[str, ...]
    workers: Singles
    factors: Halves

    def __len__(self) -> int:
        return int(self.factors.shape[0])

    def __repr__(self) -> str:
        return f"<Ensemble of {len(self)} draws: {', '.join(self.groups)} in {self.workers.shape[1]:,} cells>"

    def surfaces(self, groups: Sequence[str] | None = None) -> Singles:
        """Workers of some groups together (all of them if not named), float32, n_draws × n_cells."""
        out = np.zeros((len(self), self.workers.shape[1]), np.float32)
        for name in self.groups if groups is None else groups:
            at = self.groups.index(name)
            for row, factor in zip(out, self.factors[:, at], strict=True):
                row += factor.astype(np.float32) * self.workers[at]
        return out

    def sums(self, part: NDArray[Any]) -> Floats:
        """Sums over the cells, draw by draw, of workers that the estimate puts at ``part``.

        Parameters
        ----------
        part
            n_groups × n_cells, or n_groups × n_cells × n_states: workers of a group in a cell that count (covered ones,
            those of a district, of a period …), as estimated.

        Returns
        -------
        float64 array, n_draws × n_groups (× n_states).
        """
        sums = [
            self.factors[:, at].astype(np.float32) @ np.asarray(part[at], np.float32)
            for at in range(len(self.groups))
        ]
        shape = (len(self), 0, *np.shape(part)[2:])
        return np.stack(sums, axis=1).astype(float) if sums else np.zeros(shape)

    def laid_over(
        self, seasoned: NDArray[Any], added: NDArray[Any], at: NDArray[Any] | None = None
    ) -> Ensemble:
        """The draws under a scenario.

        Parameters
        ----------
        seasoned
            n_groups × n_cells: the estimate under the scenario's factors; draws differ from it as before.
        added
            n_groups × n_cells: workers on top, the same in every draw.
        at
            The cell of each old one, where the scenario has more cells.
        """
        factors = self.factors
        if at is not None:
            factors = np.ones((len(self), len(self.groups), seasoned.shape[1]), np.float16)
            factors[:, :, at] = self.factors
        now = np.asarray(seasoned + added, float)
        part = np.divide(seasoned, now, out=np.ones_like(now), where=now > 0).astype(np.float32)
        made = np.stack([_halves(1 + (f.astype(np.float32) - 1) * part) for f in factors])
        out = Ensemble(self.groups, now.astype(np.float32), made)
        middle, total = float(np.median(out.sums(now).sum(axis=1))), float(now.sum())
        if middle <= 0:
            return out
        for f in made:  # a season moves groups unlike each other, and with them the middle of their sum
            f[:] = np.where(now > 0, _halves(f.astype(np.float32) * np.float32(total / middle)), 1)
        return out


def _halves(values: NDArray[Any]) -> Halves:
    return np.minimum(values, 60_000.0).astype(np.float16)


@dataclass(frozen=True)
class Spread:
    """How far draws go, beside what is known of each group (:class:`Source`).

    Attributes
    ----------
    correlation
        Share of the variance of a rate's error that all rates have in common.
    local, far
        What no covariate explains: the field alike within about a kilometre, and within several.
    local_sd, far_sd
        Their standard deviations on the log scale. A group that was observed has a smaller local one of its own
        (``Source.local_sd``); its far one shrinks with the square of what is left of the local one.
    shared
        Share of the variance of the fields that all groups have in common (a busy corner is busy for everybody).
    """

    correlation: float
    local: LocalField
    far: LocalField
    local_sd: float
    far_sd: float
    shared: float

    def far_of(self, local_sd: Any) -> Any:
        """Standard deviation of the far field for a group whose local one is ``local_sd``."""
        left = np.minimum(np.asarray(local_sd, np.float32) / max(self.local_sd, 1e-6), 1) ** 2
        return np.float32(self.far_sd) * left if self.local_sd > 0 else np.float32(self.far_sd)


def spread_over(grid: Grid, s: Demand) -> Spread:
    """The spread of the draws on a grid, as a study's ``[demand]`` says."""
    return Spread(
        s.rate_correlation,
        LocalField(grid, s.local_m),
        LocalField(grid, s.far_m),
        s.local_sd,
        s.far_sd,
        s.field_correlation,
    )


def draw_ensemble(
    sources: Sequence[Source],
    zone: Ints,
    controls: pd.DataFrame,
    workers: Mapping[str, Floats],
    *,
    draws: int,
    spread: Spread,
    stated: NDArray[np.bool_] | None = None,
    seed: int,
    progress: Callable[[str, float], None] | None = None,
) -> Ensemble:
    """Draws of the headline groups.

    Each draw takes, per group, a factor on its total (:func:`rate_factors`), weights from its source, scaled to the
    totals of the districts, and two fields, which move workers within the city's total, between districts too.

    Parameters
    ----------
    sources
        One per headline group.
    zone
        Position of each cell's district in the rows of ``controls``.
    controls
        Districts × groups.
    workers
        The estimate, per group and cell.
    draws
        How many.
    stated
        Per row of ``controls``: whether the district's total is itself given, so that nothing moves out of it or in.
    """
    n, names = zone.size, [s.name for s in sources]
    known = np.zeros(len(controls), np.bool_) if stated is None else stated
    home = zone.astype(np.int32)
    basin = np.where(known[zone], zone, len(controls)).astype(np.int32) if n else home
    totals = {name: controls[name].to_numpy(float) for name in names}
    sums = {name: float(values.sum()) for name, values in totals.items()}
    bands = {s.name: s.band for s in sources}
    rates = rate_factors(bands, sums, draws=draws, correlation=spread.correlation, seed=seed)
    base = np.zeros((len(names), n), np.float32)
    streams, fields = [stream(seed, name) for name in names], (spread.local, spread.far)
    common, own = stream(seed, "fields"), [stream(seed, f"fields of {name}") for name in names]
    a, b = np.float32(np.sqrt(spread.shared)), np.float32(np.sqrt(1 - spread.shared))
    factors = np.ones((draws, len(names), n), np.float16)
    for j, name in enumerate(names):
        base[j] = workers[name]
    for k in range(draws):
        if progress is not None and k % 8 == 0:
            progress("how sure the density is", k / draws)
        both = [f.noise(common) for f in fields]
        for j, source in enumerate(sources):
            noises = [a * noise + b * f.noise(own[j]) for f, noise in zip(fields, both, strict=True)]
            goal = totals[source.name]
            weight = to_areas(source.draw(streams[j], k), base[j], home, goal)
            weight = shaken(weight, fields, noises, (source.local_sd, spread.far_of(source.local_sd)))
            weight = to_areas(weight, base[j], basin, rates[k, j] * _goals(goal, known))
            factors[k, j] = _halves(np.divide(weight, base[j], out=np.ones_like(weight), where=base[j] > 0))
    return Ensemble(tuple(names), base, factors)


def _goals(totals: Floats, known: NDArray[np.bool_]) -> Floats:
    """Totals of the districts that keep theirs, and at the end that of all others together."""
    return np.append(np.where(known, totals, 0.0), totals[~known].sum())


def band(draws: Singles, low: float = 0.05, high: float = 0.95) -> tuple[Floats, Floats]:
    """Low and high quantiles over the draws, such that a new draw falls between them with 90 % chance.

    Quantiles by ``(n + 1) p`` (Weibull), which keep their meaning with few draws.
    """
    ordered = np.sort(draws, axis=0)
    n = ordered.shape[0]

    def at(p: float) -> Floats:
        position = np.clip((n + 1) * p - 1, 0, n - 1)
        k = int(position)
        upper = ordered[min(k + 1, n - 1)]
        return np.asarray(ordered[k] + (position - k) * (upper - ordered[k]), np.float64)

    return at(low), at(high)
