"""What in a survey cannot be believed: records that lean to a class of road, repeats, single cells.

All three compare what was seen with a *base*: level (a)'s mixture with its shares learnt again from the survey
itself, streets left out, so that riders who follow malls more than assumed are not taken for a lean.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.demand.covariates import NOT_DRAWING
from planner.demand.grid import Floats, Ints, grid_of
from planner.demand.levels.model import PRIOR_WORKERS, mixture_shares
from planner.demand.levels.validate import blocks, fitting
from planner.demand.observations import Surveyed
from planner.errors import Finding, Told, finding

#: covariates that say how much street of which class a cell holds
ROADS = ("streets", "main_streets")
#: a lean is told where the 2.5 % or 97.5 % point of its factor is beyond this (or below 1 over it)
LEAN = 2.0
#: fewest workers seen from whose classes of road a lean is judged
ENOUGH = 50
#: times blocks are resampled for the band of the lean
RESAMPLES = 60
#: workers imagined on each class as expected, before any was seen
ON_EACH = 2.0
#: a factor of overdispersion that is told
TOLD_ABOVE = 2.0
#: standard deviations of the local error, and of chance, up to which a count is believed
BELIEVED_SD = 3.0
#: workers that may be seen anywhere
ANYWHERE = 3.0
Z = 1.959964


@dataclass(frozen=True)
class Lean:
    """How much likelier a worker on one class of road was recorded.

    Attributes
    ----------
    factor, low, high
        Of main roads over other streets, and its 2.5 % and 97.5 % points over resampled blocks.
    seen, expected
        Share of the records on main roads, and what the base expects of an even survey.
    """

    factor: float
    low: float
    high: float
    seen: float
    expected: float

    @property
    def doubtful(self) -> bool:
        """Whether the lean is beyond what truth and chance make."""
        return self.low > LEAN or self.high < 1 / LEAN

    @property
    def sd(self) -> float:
        """Standard deviation, on the log scale, of the error that the lean makes in a cell."""
        return abs(float(np.log(self.factor))) / 2


@dataclass(frozen=True)
class Examined:
    """A survey as far as it can be believed.

    Attributes
    ----------
    surveyed
        The survey, counts beyond belief cut down.
    factor
        How much more counts vary than by chance, at least 1 (quasi-Poisson).
    lean
        Its lean to a class of road, or None where that cannot be judged.
    refused
        Whether the lean forbids to correct anything from it.
    findings
        SUR-002, SUR-004, SUR-008.
    """

    surveyed: Surveyed
    factor: float
    lean: Lean | None
    refused: bool
    findings: tuple[Finding, ...]


def base_of(covariates: pd.DataFrame, prior: Floats, y: Floats, exposure: Floats) -> Floats:
    """Counts expected of an even survey: level (a) and its covariates, streets apart, mixed as the counts say."""
    names = [c for c in covariates.columns if c not in (*NOT_DRAWING, *ROADS)]
    columns = [prior, *(covariates[c].to_numpy(float) for c in names)]
    known = [exposure * c for c in columns]
    known = [c * (y.sum() / c.sum()) for c in known if c.sum() > 0]
    if not known:
        return exposure * (y.sum() / max(float(exposure.sum()), 1e-300))
    pull = np.zeros(len(known))
    pull[0] = PRIOR_WORKERS
    table = np.column_stack(known)
    return np.asarray(table @ mixture_shares(table, y, pull))


def lean(y: Floats, base: Floats, main: Floats, block: Ints, *, seed: int = 0) -> Lean | None:
    """How the records lie over main roads and other streets, against the base.

    A worker expected in a cell stands on a main road with the share ``main`` of the cell's streets that is one.
    The two classes' shares of the records are a mixture, found by expectation–maximisation; their odds over
    those expected are the factor. None where the classes cannot be told apart.

    Parameters
    ----------
    y, base, main
        Per cell looked at: workers seen, expected of an even survey, share of main roads.
    block
        Blocks of land, resampled for the band (Poisson bootstrap).
    """
    two = np.column_stack([base * (1 - main), base * main])
    sums = two.sum(axis=0)
    if y.sum() < ENOUGH or not (sums > 0).all() or np.ptp(main) < 0.05:
        return None
    expected = float(sums[1] / sums.sum())

    def share(times: Floats) -> float:
        weight, total = y * times, float((y * times).sum())
        held = (two * times[:, None]).sum(axis=0)
        if not total > 0 or not (held > 0).all():
            return np.nan
        even = held / held.sum()
        # the pull is towards an even survey, so that few records say little
        s = mixture_shares(two * (total / held), weight, 2 * ON_EACH * even)
        return float(np.log(s[1] / s[0]) - np.log(even[1] / even[0]))

    rng = np.random.default_rng([seed, 47])
    n = int(block.max()) + 1
    again = [share(rng.poisson(1.0, n).astype(float)[block]) for _ in range(RESAMPLES)]
    log, sd = share(np.ones(y.size)), float(np.nanstd(again))
    odds = np.exp(log) * expected / (1 - expected)
    low, high = np.exp(log - Z * sd), np.exp(log + Z * sd)
    return Lean(float(np.exp(log)), float(low), float(high), float(odds / (1 + odds)), expected)


def overdispersion(y: Floats, base: Floats, block: Ints) -> float:
    """How much more counts vary within blocks than by chance: ``φ ≥ 1`` in ``Var[y] = φ μ + c μ²``.

    Each block's base is first brought to what was seen in it, so that what differs from block to block does not
    count; then squared errors are regressed on μ and μ², weighted as Poisson counts vary. ``c μ²`` is the base's
    own error, which dense cells show and sparse ones do not; drawn to 1 by 25 imagined workers.
    """
    seen, expected = np.bincount(block, y), np.bincount(block, base)
    ratio = np.where(expected > 0, seen / np.where(expected > 0, expected, 1.0), 0.0)
    mu = base * ratio[block]
    some = mu > 0
    if not some.any():
        return 1.0
    mu, error = mu[some], (y[some] - mu[some]) ** 2
    # one number per block was fitted: within it errors are smaller by the cell's share
    free = np.maximum(1 - mu / np.maximum(seen[block[some]], 1e-300), 1e-3)
    weight = 1 / (mu + 2 * mu**2)
    a = np.column_stack([mu * free, (mu * free) ** 2])
    from scipy.optimize import nnls

    root = np.sqrt(weight)
    factor = float(nnls(a * root[:, None], error * root)[0][0])
    n = float(y.sum())
    return max((n * factor + 25) / (n + 25), 1.0)


def believable(base: Floats, looked: Floats, local_sd: float, factor: float = 1.0) -> Floats:
    """The largest count believed of each cell: the base times ``exp(3 · local_sd)``, and chance on top.

    A cell of which the base expects less than the mean is judged by the mean: the base may be wrong there.
    """
    mean = float(base.sum()) / max(float((looked > 0).sum()), 1.0)
    most = np.exp(BELIEVED_SD * max(local_sd, 0.1)) * np.maximum(base, mean)
    return np.asarray(np.ceil(most + BELIEVED_SD * np.sqrt(most * factor) + ANYWHERE * factor))


def main_share(covariates: pd.DataFrame) -> Floats | None:
    """Share of each cell's streets that is main road; None where the streets' classes are not known."""
    if not set(ROADS) <= set(covariates.columns) or not covariates["main_streets"].sum() > 0:
        return None
    street, main = (covariates[c].to_numpy(float) for c in ROADS)
    return np.where(street > 0, np.clip(main / np.where(street > 0, street, 1.0), 0, 1), 0.0)


def examine(
    cells: gpd.GeoDataFrame,
    covariates: pd.DataFrame,
    prior: Floats,
    surveyed: Surveyed,
    *,
    name: str,
    source: str = "observations",
    local_m: float,
    local_sd: float,
    forced: bool = False,
    seed: int = 0,
) -> Examined:
    """Judge one group's survey before anything is learnt from it.

    Parameters
    ----------
    cells, covariates, prior
        The cells in use, their covariates and level (a)'s workers.
    name, source
        The group and the file, for the findings.
    local_m, local_sd
        Size of the blocks over which errors are alike, and how large they are expected to be.
    forced
        The study wants this survey used whatever it is (``demand.level``): a lean widens the band only.
    """
    y, exposure = surveyed.sums.fillna(0).to_numpy(float), surveyed.exposure
    looked = exposure > 0
    if not y.sum() > 0:
        return Examined(surveyed, 1.0, None, False, ())
    fine = blocks(cells, block_m=local_m)
    base = base_of(covariates, prior, y, exposure)
    factor = overdispersion(y[looked], base[looked], fine[looked])
    most = believable(base, exposure, local_sd, factor)
    found: list[Finding] = []
    if (y > most).any():
        found.append(_cut(y, most, cells, name, source, local_sd))
        y = np.minimum(y, most)
        kept = surveyed.sums.where(surveyed.sums.isna(), pd.Series(y, index=surveyed.sums.index))
        surveyed = surveyed.holding(kept, grid_of(cells))
        base = base_of(covariates, prior, y, exposure)
        factor = overdispersion(y[looked], base[looked], fine[looked])
    if factor > TOLD_ABOVE:
        found.append(finding("SUR-004", source=source, field=name, group=name, value=f"{factor:.1f}"))
    main, tilt = main_share(covariates), None
    if main is not None and not surveyed.places:
        land = cells[looked]
        block = blocks(land, block_m=fitting(land)[0] / 2)
        tilt = lean(y[looked], base[looked], main[looked], block, seed=seed)
    doubtful = tilt is not None and tilt.doubtful
    refused = doubtful and not forced and surveyed.shares is None
    if tilt is not None and doubtful:
        found.append(_leaning(tilt, name, source, refused))
    return Examined(surveyed, factor, tilt if doubtful else None, refused, tuple(found))


def _cut(
    y: Floats, most: Floats, cells: gpd.GeoDataFrame, name: str, source: str, local_sd: float
) -> Finding:
    over = np.maximum(y - most, 0)
    k = int(np.argmax(over))
    return finding(
        "SUR-008", source=source, field=name, group=name, n=int((over > 0).sum()), cut=f"{over.sum():,.0f}",
        factor=f"{np.exp(BELIEVED_SD * max(local_sd, 0.1)):.1f}", cell=cells["cell_id"].iloc[k],
        value=f"{y[k]:,.10g}",
    )  # fmt: skip


def _leaning(tilt: Lean, name: str, source: str, refused: bool) -> Finding:
    up = tilt.factor > 1
    factor, low, high = tilt.factor, tilt.low, tilt.high
    if not up:
        factor, low, high = 1 / factor, 1 / high, 1 / low
    seen, expected = (v if up else 1 - v for v in (tilt.seen, tilt.expected))
    where = Told("main roads (trunk to tertiary)", "主干道路（快速路至三级道路）")
    if not up:
        where = Told("streets that are not main roads", "非主干街道")
    done = Told("the survey corrects nothing and the weights are kept", "该调查不用于修正，已保留权重法")
    if not refused:
        done = Told("the survey is used and the band widened by as much", "仍采用该调查，区间已相应放宽")
    return finding(
        "SUR-002", source=source, field=name, group=name, value=f"{factor:.1f}",
        low=f"{low:.1f}", high=f"{high:.1f}", seen=f"{seen:.0%}", expected=f"{expected:.0%}", where=where,
        done=done,
    )  # fmt: skip
