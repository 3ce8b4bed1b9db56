"""How sure the density is: seeded draws over totals, mixtures, elasticities and what the model cannot see."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.demand.grid import Floats, Grid, Ints

Singles = NDArray[np.float32]
#: standard deviations between the middle and the 95 % point of a normal distribution
Z95 = 1.6448536
#: standard deviation of the local field in a cell, where its means over blocks have 1 (by simulation)
CELL_SD = 1.25


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


def band_factor(rng: np.random.Generator, band: tuple[float, float]) -> float:
    """A factor whose 5 % and 95 % points are the band (two half log-normal distributions that meet at 1)."""
    z = rng.standard_normal()
    low, high = max(band[0], 1e-3), max(band[1], 1.0)
    return float(np.exp(z / Z95 * (np.log(high) if z > 0 else -np.log(min(low, 1.0)))))


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
    elasticity_band: float = 0.33

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


@dataclass
class LocalField:
    """What no covariate explains: a random field, alike within about ``range_m``.

    White noise on a lattice of ``range_m``, interpolated linearly; means over blocks of ``range_m`` have
    variance 1 (single cells :data:`CELL_SD` squared), as the errors it stands for are measured on blocks.
    """

    grid: Grid
    range_m: float
    _corner: Ints = field(init=False, repr=False)
    _weight: Singles = field(init=False, repr=False)
    _size: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        u, v = self.grid.x_m / self.range_m, self.grid.y_m / self.range_m
        i, j = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
        a, b = u - i, v - j
        i, j = i - (i.min() if i.size else 0), j - (j.min() if j.size else 0)
        width = int(i.max(initial=0)) + 2
        corner = np.stack([j * width + i, j * width + i + 1, (j + 1) * width + i, (j + 1) * width + i + 1])
        weight = np.stack([(1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b])
        self._weight = (CELL_SD * weight / np.sqrt((weight**2).sum(axis=0))).astype(np.float32)
        self._corner, self._size = corner, (int(j.max(initial=0)) + 2) * width

    def draw(self, rng: np.random.Generator) -> Singles:
        """One field, float32 per cell."""
        noise = rng.standard_normal(self._size, dtype=np.float32)
        return np.asarray((self._weight * noise[self._corner]).sum(axis=0), np.float32)


def surfaces(
    sources: Sequence[Source],
    zone: Ints,
    controls: pd.DataFrame,
    *,
    draws: int,
    local: LocalField,
    seed: int,
    progress: Callable[[str, float], None] | None = None,
) -> Singles:
    """Scenario surfaces of all headline workers together.

    Each draw takes, per group, a factor on its totals from its band, weights from its source, and the
    draw's local field (one for all groups: a busy corner is busy for everybody); weights are then scaled to
    the drawn totals in each district.

    Parameters
    ----------
    sources
        One per headline group.
    zone
        Position of each cell's district in the rows of ``controls``.
    controls
        Districts × groups.
    draws
        How many surfaces.

    Returns
    -------
    float32 array, draws × cells, workers.
    """
    out = np.zeros((draws, zone.size), np.float32)
    fields, streams = stream(seed, "local field"), [stream(seed, s.name) for s in sources]
    for k in range(draws):
        if progress is not None and k % 8 == 0:
            progress("how sure the density is", k / draws)
        bumps = local.draw(fields)
        for source, rng in zip(sources, streams, strict=True):
            weight = source.draw(rng, k)
            sd = np.asarray(source.local_sd, np.float32)
            weight = weight * np.exp(sd * bumps - sd * sd / 2)
            totals = controls[source.name].to_numpy(float) * band_factor(rng, source.band)
            sums = np.bincount(zone, weight, totals.size)
            factor = np.where(sums > 0, totals / np.where(sums > 0, sums, 1), 0)
            out[k] += weight * factor.astype(np.float32)[zone]
    return out


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
