"""Surveys of a known city: honest ones, and ones that lie in one way each."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.demand.ensemble import band
from planner.demand.estimate import estimate_in_full
from planner.demand.levels.validate import blocks
from planner.demand.observations import Observations, aggregate
from planner.demand.summary import Estimate
from planner.errors import Finding
from planner.settings.demand import Demand
from tests.demand.city import CRS, PERIODS, City, make_city, smooth_noise

SIDE = 200.0


def town(seed: int, *, n: int = 48, pull: float = 1.0, workers: float = 8000.0) -> City:
    """A city with quarters of main roads; a worker is ``pull`` times as likely on one as the venues say."""
    city = make_city(seed, n=n, workers=workers)
    main = smooth_noise(np.random.default_rng([seed, 5]), n, 4).ravel() > 0.7
    share = np.where(main, 0.75, 0.05)
    covariates = city.covariates.assign(main_streets=city.covariates["streets"] * share)
    truth = city.truth * (1 + (pull - 1) * share)
    return City(city.cells, covariates, truth * workers / truth.sum(), city.group)


def on_main(city: City) -> np.ndarray:
    """Share of each cell's streets that is main road."""
    return (city.covariates["main_streets"] / city.covariates["streets"]).to_numpy()


def seen(city: City, exposure: np.ndarray | float, seed: int) -> np.ndarray:
    """Workers seen per cell, each with the chance ``exposure``."""
    return np.random.default_rng([seed, 7]).poisson(city.truth * exposure).astype(int)


def points(city: City, counts: np.ndarray, seed: int = 0, **columns: object) -> gpd.GeoDataFrame:
    """One record per worker, anywhere in its cell."""
    rng = np.random.default_rng([seed, 9])
    which = np.repeat(np.arange(counts.size), counts)
    x, y = ((city.cells[c].to_numpy()[which] + rng.random(which.size)) * SIDE for c in ("col", "row"))
    return gpd.GeoDataFrame({"group": "rider", **columns}, index=range(which.size), crs=CRS,
                            geometry=gpd.points_from_xy(x, y))  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """What came of a survey: the estimate, all findings, its error and its band against the truth."""

    full: Estimate
    findings: list[Finding]
    error: float
    inside: float

    @property
    def codes(self) -> set[str]:
        return {f.code for f in self.findings}


def judge(
    city: City,
    records: gpd.GeoDataFrame | None,
    *,
    settings: Demand | None = None,
    seed: int = 0,
    **how: object,
) -> Judged:
    """Estimate a city from records and compare blocks of 1 km² with the truth."""
    observed: Observations | None = None
    notes: list[Finding] = []
    if records is not None:
        observed, notes = aggregate(records, city.cells, **how)  # type: ignore[arg-type]
    full = estimate_in_full(
        city.cells, city.covariates, [city.group], periods=PERIODS, observations=observed,
        settings=settings or Demand(), seed=seed,
    )  # fmt: skip
    block = blocks(city.cells, block_m=1000)
    truth = np.bincount(block, city.truth)
    workers = full.demand["workers"].reindex(city.cells.index).fillna(0).to_numpy()
    draws = np.zeros((len(full.surfaces), len(city.cells)))
    draws[:, city.cells.index.get_indexer(full.demand.index)] = full.surfaces
    low, high = band(np.stack([np.bincount(block, d) for d in draws]))
    return Judged(
        full, [*notes, *full.findings],
        error=float(np.sqrt(np.mean((np.bincount(block, workers) - truth) ** 2))),
        inside=float(np.mean((truth >= low) & (truth <= high))),
    )  # fmt: skip


def table_of(city: City, counts: np.ndarray, **columns: object) -> gpd.GeoDataFrame:
    """One row per cell, those where nobody was seen included."""
    x, y = ((city.cells[c].to_numpy() + 0.5) * SIDE for c in ("col", "row"))
    return gpd.GeoDataFrame({"group": "rider", "count": counts, **columns}, crs=CRS,
                            geometry=gpd.points_from_xy(x, y))  # fmt: skip


def frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame(rows)
