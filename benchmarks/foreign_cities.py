"""Simulated cities whose workers follow processes that planner does not model, to see whether its bands hold them.

A city is 24 × 24 km of 200 m cells in nine districts. A hidden surface of how urban a place is drives residents, streets and
venues, which planner sees, and, in ways that it does not see, the workers of the five headline groups. Each city has
one of the five :data:`PROCESSES`; its groups have a realisation in common or one of their own. Totals per group are
known, so that only the *where* is judged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from planner.demand.cells import make_cells
from planner.settings.groups import Group
from planner.settings.reading import defaults

Surface = NDArray[np.float64]
SIDE, CELL_KM, CRS = 120, 0.2, "EPSG:4549"
X0, Y0 = 500_000.0, 3_450_000.0
#: workers of each group that a city of 4.4 million residents has at the default rates
WORKERS = {
    "rider": 22_000.0,
    "courier": 11_000.0,
    "ride_hail": 9_400.0,
    "sanitation": 6_300.0,
    "traffic_police": 3_100.0,
}
#: how sharply groups follow how urban a place is: between these powers, drawn per city and group
POWERS = {"sanitation": (0.3, 0.8), "traffic_police": (0.3, 0.8)}
ANY_POWER = (0.6, 1.2)


@dataclass(frozen=True, eq=False)
class Ground:
    """What a city stands on, on its raster (SIDE × SIDE).

    ``urban``: how urban a place is, mean 1 (nobody sees it); ``roads``: kilometres of main road per cell; ``road_of``: which of
    the roads it is, -1 where there is none; ``along``: kilometres from the road's begin.
    """

    urban: Surface
    roads: Surface
    road_of: NDArray[np.int64]
    along: Surface


@dataclass(frozen=True, eq=False)
class ForeignCity:
    """A city as planner sees it, and its truth: workers per group and cell (n_groups × n_cells)."""

    cells: gpd.GeoDataFrame
    covariates: pd.DataFrame
    districts: gpd.GeoDataFrame
    groups: list[Group]
    truth: Surface


def gaussian_field(rng: np.random.Generator, range_km: float, side: int = SIDE) -> Surface:
    """A Gaussian field with exponential covariance, mean 0 and variance 1 (spectral, on a torus of twice the side)."""
    n = 2 * side
    k = np.fft.fftfreq(n, CELL_KM)
    power = (1 + (2 * np.pi * range_km) ** 2 * (k[:, None] ** 2 + k[None, :] ** 2)) ** -1.5
    noise = np.fft.fft2(rng.standard_normal((n, n))) * np.sqrt(power / power.mean())
    return np.asarray(np.fft.ifft2(noise).real[:side, :side])


def cox(rng: np.random.Generator, base: Surface, ground: Ground) -> Surface:
    """Log-Gaussian Cox, long range: whole quarters have more or fewer (sd 0.6, 5 km), single places too (sd 0.4, 0.6 km)."""
    return base * np.exp(0.6 * gaussian_field(rng, 5.0) + 0.4 * gaussian_field(rng, 0.6))


def thomas(rng: np.random.Generator, base: Surface, ground: Ground) -> Surface:
    """Thomas hot spots: four in five workers gather about 400 parents (sd 300 m, exponential sizes), one in five is spread."""
    parents = np.zeros(base.size)
    where = rng.choice(base.size, 400, p=(base / base.sum()).ravel())
    np.add.at(parents, where, rng.exponential(1.0, 400))
    spots = gaussian_filter(parents.reshape(base.shape), 0.3 / CELL_KM, mode="nearest")
    return 0.8 * spots / spots.sum() + 0.2 * base / base.sum()


def strings(rng: np.random.Generator, base: Surface, ground: Ground) -> Surface:
    """Main-road strings: two in five workers along main roads, each stretch of 1.5 km busier or quieter (gamma, shape 2)."""
    stretch = ground.road_of * 100 + (ground.along / 1.5).astype(np.int64)
    _, which = np.unique(stretch, return_inverse=True)
    busy = rng.gamma(2.0, 0.5, int(which.max()) + 1)[which].reshape(base.shape)
    line = np.sqrt(base) * ground.roads * busy
    return 0.4 * line / line.sum() + 0.6 * base / base.sum()


def zones(rng: np.random.Generator, base: Surface, ground: Ground) -> Surface:
    """Zones: 150 quarters (3.8 km² in the mean), each as busy all over as its use makes it (gamma, shape 2)."""
    at = rng.choice(base.size, 150, replace=False, p=(np.sqrt(base) / np.sqrt(base).sum()).ravel())
    row, col = np.indices(base.shape)
    places = np.column_stack([row.ravel(), col.ravel()])
    zone = cKDTree(places[at] + rng.random((150, 2))).query(places)[1]
    mean = np.bincount(zone, base.ravel(), 150) / np.maximum(np.bincount(zone, minlength=150), 1)
    return (mean * rng.gamma(2.0, 0.5, 150))[zone].reshape(base.shape)


def centres(rng: np.random.Generator, base: Surface, ground: Ground) -> Surface:
    """Centres: seven in ten workers fall off by distance from 10 centres of unequal draw, the others are spread."""
    at = rng.choice(base.size, 10, replace=False, p=(base / base.sum()).ravel())
    row, col = np.indices(base.shape)
    pull = np.zeros(base.shape)
    for spot, weight in zip(at, rng.gamma(1.5, 1.0, 10), strict=True):
        km = CELL_KM * np.hypot(row - spot // base.shape[1], col - spot % base.shape[1])
        pull += weight * np.exp(-km / rng.uniform(1.0, 3.0))
    drawn = base * pull
    return 0.7 * drawn / drawn.sum() + 0.3 * base / base.sum()


Process = Callable[[np.random.Generator, Surface, Ground], Surface]
PROCESSES: dict[str, Process] = {
    "log-Gaussian Cox": cox,
    "Thomas hot spots": thomas,
    "main-road strings": strings,
    "zones": zones,
    "centres": centres,
}


def make_ground(rng: np.random.Generator, side: int = SIDE) -> Ground:
    """How urban a city is where (one middle, quarters, places), and its main roads."""
    row, col = np.indices((side, side))
    middle = side * rng.uniform(0.35, 0.65, 2)
    far = np.hypot(row - middle[0], col - middle[1]) / side
    field = 0.7 * gaussian_field(rng, 2.0, side) + 0.3 * gaussian_field(rng, 0.5, side) - 2.5 * far
    urban = np.exp(field)
    roads, road_of, along = np.zeros((side, side)), np.full((side, side), -1), np.zeros((side, side))
    for number in range(24):
        a, b = side * rng.random(2), side * rng.random(2)
        step = (b - a) / max(np.hypot(*(b - a)), 1e-9)
        t = np.arange(-2 * side, 2 * side, 0.5)
        r, c = np.floor(a[0] + t * step[0]).astype(int), np.floor(a[1] + t * step[1]).astype(int)
        some = (r >= 0) & (r < side) & (c >= 0) & (c < side)
        np.add.at(roads, (r[some], c[some]), 0.5 * CELL_KM)
        road_of[r[some], c[some]] = number
        along[r[some], c[some]] = (t[some] - t[some].min()) * CELL_KM
    return Ground(urban / urban.mean(), roads, road_of, along)


def seen(rng: np.random.Generator, ground: Ground, index: pd.Index) -> pd.DataFrame:
    """Covariates as planner has them: counts about what the hidden surface makes likely, each with ups and downs of its own."""
    u, side = ground.urban, len(ground.urban)

    def venues(mean: float, power: float, sd: float) -> Surface:
        rate = mean * u**power * np.exp(sd * gaussian_field(rng, 0.5, side) - sd * sd / 2)
        return rng.poisson(rate).astype(float)

    columns = {
        "population": rng.gamma(2.0, u * 150), "streets": rng.gamma(4.0, 150 * np.sqrt(u)),
        "main_streets": 1000 * ground.roads, "restaurants": venues(0.8, 1.0, 0.8), "malls": venues(0.02, 1.4, 0.3),
        "offices": venues(0.3, 1.1, 0.8), "depots": venues(0.1, 0.8, 0.4), "hubs": venues(0.02, 0.8, 0.3),
        "chargers": venues(0.05, 0.7, 0.4), "shops": venues(0.8, 0.9, 0.5),
    }  # fmt: skip
    return pd.DataFrame({k: np.asarray(v, float).ravel() for k, v in columns.items()}, index=index)


def foreign_city(process: str, seed: int) -> ForeignCity:
    """One city of a process; the same seed gives the same city.

    Example
    -------
    >>> city = foreign_city("zones", 3)
    >>> city.truth.shape
    (5, 14400)
    """
    rng = np.random.default_rng([seed, sorted(PROCESSES).index(process)])
    ground, third = make_ground(rng), SIDE * 200.0 / 3
    shapes = [shapely.box(X0 + i * third, Y0 + j * third, X0 + (i + 1) * third, Y0 + (j + 1) * third)
              for j in range(3) for i in range(3)]  # fmt: skip
    districts = gpd.GeoDataFrame({"district": [f"d{k}" for k in range(9)]}, geometry=shapes, crs=CRS)
    area = shapely.box(X0, Y0, X0 + 3 * third, Y0 + 3 * third)
    cells = make_cells(area, cell_m=200, crs=CRS, districts=districts)
    place = (cells["row"] - cells["row"].min()) * SIDE + cells["col"] - cells["col"].min()
    covariates = seen(rng, ground, pd.RangeIndex(SIDE * SIDE)).iloc[place].set_axis(cells.index)
    people = covariates["population"].groupby(cells["district"]).sum()
    districts["population"] = people.reindex(districts["district"]).to_numpy()
    like_all, alike = np.random.default_rng([seed, 77]).random(5) < rng.uniform(0.3, 0.9), rng.integers(2**32)
    truth = []
    for k, (name, workers) in enumerate(WORKERS.items()):
        base = ground.urban ** rng.uniform(*POWERS.get(name, ANY_POWER))
        own = np.random.default_rng([int(alike), 0 if like_all[k] else k + 1])
        surface = PROCESSES[process](own, base, ground).ravel()[place]
        truth.append(workers * surface / surface.sum())
    known = {"band_low": 0.999, "band_high": 1.001}
    base_groups = {g["name"]: g for g in defaults()["groups"]}
    groups = [Group(**(base_groups[n] | known | {"total": w})) for n, w in WORKERS.items()]
    return ForeignCity(cells, covariates, districts, groups, np.stack(truth))
