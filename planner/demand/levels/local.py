"""What no covariate explains, corrected near the observations: a gamma–Poisson posterior, tuned on workers set aside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.demand.grid import Floats, Grid, Ints
from planner.demand.kernels import Smoother
from planner.demand.levels.model import poisson_deviance
from planner.demand.observations import Surveyed

#: how many well-observed blocks the expected local error weighs
PRIOR_BLOCKS = 10.0
#: share of the local variance that a local correction usually smooths away
SMOOTHED_AWAY = 0.2
#: times the counts are split to tune the local correction
SPLITS = 4
#: bandwidths tried for the local correction, in metres
LOCAL_M = (200.0, 300.0, 450.0, 700.0, 1000.0, 1500.0)


def spread_units(surveyed: Surveyed, expected: Floats) -> Floats:
    """Counts of units shared out over their cells like ``expected``; what maps are made from."""
    unit = surveyed.unit.to_numpy()
    seen = unit >= 0
    size = surveyed.count.size
    if not size:
        return np.zeros(unit.size)
    sums = np.bincount(unit[seen], expected[seen], size)
    cells = np.bincount(unit[seen], minlength=size)
    even = 1 / np.maximum(cells, 1)
    share = np.where((sums > 0)[unit], expected / np.where(sums > 0, sums, 1)[unit], even[unit])
    return np.where(seen, surveyed.count[unit] * share, 0.0)


def excess(y: Floats, mu: Floats, spread: Floats) -> float:
    """How much more counts vary than by chance: ``c`` in ``Var[y] = μ + c · spread²``.

    Method of moments, each block weighted by 1/μ so that dense blocks do not decide alone.
    """
    some = mu > 0
    below = float((spread[some] ** 2 / mu[some]).sum())
    above = float((((y - mu)[some] ** 2 - mu[some]) / mu[some]).sum())
    return above / below if below > 0 else 0.0


def dispersion(y: Floats, mu: Floats, expected_sd: float) -> float:
    """Variance of the local ratio of truth to model, from held-out counts of blocks.

    Drawn towards ``expected_sd²`` (see :func:`drawn_to`).
    """
    start = max(expected_sd, 0.1) ** 2
    return float(np.clip(drawn_to(start, excess(y, mu, mu), mu), 0.02, 2.0))


def drawn_to(usual: float, found: float, mu: Floats) -> float:
    """A variance found in counts, drawn to the usual one with the weight of :data:`PRIOR_BLOCKS`.

    What was found weighs as much as the signal that the usual variance would give, squared, stands out of
    Poisson noise: ``(σ² Σμ)² / 2n``.
    """
    some = mu > 0
    signal = (usual * float(mu[some].sum())) ** 2 / max(2.0 * float(some.sum()), 1.0)
    return (signal * found + PRIOR_BLOCKS * usual) / (signal + PRIOR_BLOCKS)


def local_correction(
    y: Floats, mu: Floats, grid: Grid, variance: float, bandwidth_m: float
) -> tuple[Floats, Floats]:
    """How much more was seen around a cell than the model expects, shrunk towards 1 (gamma–Poisson).

    With a gamma prior of mean 1 and variance σ² for the local ratio, and kernel sums S of what was seen and
    expected near the cell (the kernel is 1 at the cell), the posterior mean is
    ``(1/σ² + S_y) / (1/σ² + S_μ)`` and its relative standard deviation ``(1/σ² + S_y)^-½``. With an infinite
    bandwidth nothing is corrected, and all of σ² remains.
    """
    shape = 1 / variance
    if not np.isfinite(bandwidth_m):
        return np.ones(y.size), np.full(y.size, 1 / np.sqrt(shape))
    smoother = Smoother(grid, bandwidth_m)
    peak = np.maximum(smoother.own.astype(float), 1e-9)
    seen, expected = smoother(y) / peak, smoother(mu) / peak
    return (shape + seen) / (shape + expected), 1 / np.sqrt(shape + seen)


@dataclass(frozen=True)
class Local:
    """How the local correction is made, chosen on workers set aside.

    Attributes
    ----------
    variance
        σ², of the ratio of truth to regression over blocks.
    bandwidth_m
        Of the correction; infinite where none foretells the workers set aside best.
    remaining
        τ², what the correction smooths away, on top of the gamma posterior's variance.
    """

    variance: float
    bandwidth_m: float
    remaining: float


def tune_local(
    surveyed: Surveyed,
    expected: Floats,
    grid: Grid,
    block: Ints,
    variance: float,
    seed: int,
    *,
    factor: float = 1.0,
) -> list[Local]:
    """Bandwidths of the local correction, best first, and how far off each still is.

    The counts are thinned, :data:`SPLITS` times: each worker seen goes to a learning part (two in three) or a
    testing part, which are independent if counts are Poisson. The correction is made from the first, small
    counts merged as always, and judged on the second. No correction at all is one of the candidates.

    Parameters
    ----------
    expected
        The regression's workers per cell.
    block
        Blocks over which the remaining error is measured.
    factor
        Overdispersion: counts are taken as so many times fewer, which is what they are worth.

    Returns
    -------
    list
        The best bandwidth, and after it the narrower ones that are better than none, widest first; the last is
        no correction.
    """
    rng, keep = np.random.default_rng([seed, 31]), 2 / 3
    mu = surveyed.exposure * expected / factor
    tried = (*LOCAL_M, np.inf)
    off, left = np.zeros(len(tried)), np.zeros(len(tried))
    for _ in range(SPLITS):
        y, test = _thinned(surveyed, surveyed.exposure * expected, grid, keep, rng, factor)
        test = block_sums(block, test)
        for k, h in enumerate(tried):
            ratio, sd = local_correction(y, keep * mu, grid, variance, h)
            m = (1 - keep) * mu * ratio
            m_b = block_sums(block, m)
            off[k] += poisson_deviance(test, m_b) / SPLITS
            left[k] += _remaining(test, m_b, block_sums(block, m * sd), SMOOTHED_AWAY * variance) / SPLITS
    best = int(np.argmin(off))
    narrower = [k for k in range(best - 1, -1, -1) if off[k] < off[-1]]
    order = [best, *narrower, len(LOCAL_M)] if best < len(LOCAL_M) else [best]
    low = SMOOTHED_AWAY * variance / 2
    return [Local(variance, tried[k], float(np.clip(left[k], low, 2.0))) for k in order]


def _thinned(
    surveyed: Surveyed, expected: Floats, grid: Grid, keep: float, rng: np.random.Generator, factor: float
) -> tuple[Floats, Floats]:
    """A learning part, small counts merged and shared out again, and a testing part, per cell.

    Both in workers that are independent of each other: counts divided by the factor of overdispersion; fractions
    are rounded up or down at random.
    """
    sums = surveyed.sums
    held = sums.fillna(0).to_numpy(float) / factor
    whole = np.floor(held)
    if (held > whole + 1e-9).any():
        whole += rng.random(held.size) < held - whole
    whole = np.round(whole).astype(np.int64)
    learn = rng.binomial(whole, keep)
    units = surveyed.holding(sums.where(sums.isna(), learn * factor), grid)
    return spread_units(units, expected + 1e-12) / factor, (whole - learn).astype(float)


def _remaining(test: Floats, mu: Floats, posterior: Floats, usual: float) -> float:
    """τ²: how much more the testing part varies than chance and the posterior explain, relative to μ²."""
    some = mu > 0
    if not some.any():  # nobody was seen where anybody is expected
        return usual
    known = float((posterior[some] ** 2 / mu[some]).sum()) / float(mu[some].sum())
    return drawn_to(usual, excess(test, mu, mu) - known, mu)


def block_sums(area: Ints, values: Floats) -> Floats:
    """Sums of a value per cell over numbered areas."""
    return np.bincount(area, values).astype(float)
