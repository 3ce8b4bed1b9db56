"""A synthetic city whose true worker density is known: covariates, districts, truth, samples of it."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.ndimage import gaussian_filter, zoom

from planner.demand.cells import make_cells
from planner.settings.groups import Group, Period
from planner.settings.reading import defaults

CRS = "EPSG:4549"
X0, Y0 = 500_000.0, 3_450_000.0
PERIODS = [Period(**p) for p in defaults()["periods"]]
GROUPS = [Group(**g) for g in defaults()["groups"] if g.get("enabled", True)]


@dataclass(frozen=True)
class City:
    cells: gpd.GeoDataFrame
    covariates: pd.DataFrame
    truth: np.ndarray  # expected riders per cell
    group: Group

    def sample(self, share: float, seed: int) -> gpd.GeoDataFrame:
        """A point per sampled worker, anywhere in its cell."""
        rng = np.random.default_rng([seed, 7])
        seen = rng.binomial(rng.poisson(self.truth), share)
        which = np.repeat(np.arange(len(seen)), seen)
        side = 200.0
        x = (self.cells["col"].to_numpy()[which] + rng.random(which.size)) * side
        y = (self.cells["row"].to_numpy()[which] + rng.random(which.size)) * side
        return gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=CRS)


def smooth_noise(rng, n, scale):
    field = gaussian_filter(rng.standard_normal((n, n)), scale, mode="wrap")
    return (field - field.mean()) / field.std()


def make_city(seed: int = 0, *, n: int = 96, workers: float = 20_000.0, local_sd: float = 0.4) -> City:
    """``n`` × ``n`` cells of 200 m in four districts; riders follow malls and offices more than weights say."""
    rng = np.random.default_rng(seed)
    area = shapely.box(X0, Y0, X0 + 200 * n, Y0 + 200 * n)
    half = 100 * n
    districts = gpd.GeoDataFrame(
        {"district": ["a", "b", "c", "d"]},
        geometry=[shapely.box(X0 + i * half, Y0 + j * half, X0 + (i + 1) * half, Y0 + (j + 1) * half)
                  for j in (0, 1) for i in (0, 1)],
        crs=CRS,
    )  # fmt: skip
    cells = make_cells(area, cell_m=200, crs=CRS, districts=districts)
    dense = np.exp(0.9 * smooth_noise(rng, n, 10) + 0.4 * smooth_noise(rng, n, 3))
    covariates = pd.DataFrame(
        {
            "population": rng.gamma(2.0, dense.ravel() * 120),
            "streets": rng.gamma(4.0, 150 * dense.ravel() ** 0.5),
            "restaurants": rng.poisson(0.8 * dense.ravel() * np.exp(0.8 * smooth_noise(rng, n, 2).ravel())),
            "malls": rng.poisson(0.03 * dense.ravel() ** 1.5),
            "offices": rng.poisson(0.3 * dense.ravel() * np.exp(smooth_noise(rng, n, 4).ravel())),
            "centre_m": np.hypot(cells["col"] - cells["col"].mean(), cells["row"] - cells["row"].mean())
            * 200.0,
        },
        index=cells.index,
    ).astype(float)
    near = {
        c: gaussian_filter(covariates[c].to_numpy().reshape(n, n), 1.5).ravel() for c in ("malls", "offices")
    }
    mixed = sum(
        share * v / max(v.sum(), 1e-9)
        for share, v in (
            (0.35, near["malls"]), (0.35, near["offices"]), (0.2, covariates["restaurants"].to_numpy() ** 0.7),
            (0.1, covariates["population"].to_numpy()),
        )
    )  # fmt: skip
    coarse = rng.standard_normal((n // 5 + 2, n // 5 + 2))
    local = zoom(coarse, 5, order=1)[:n, :n].ravel()
    truth = mixed * np.exp(local_sd * local / local.std())
    truth *= workers / truth.sum()
    band = {"band_low": 0.999, "band_high": 1.001}
    base = {g.name: g for g in GROUPS}["rider"].model_dump() | band | {"total": workers}
    return City(cells, covariates, truth, Group(**base))
