"""Points merged by the sites in reach: every plan covers the same workers as on the points themselves."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from planner.demand.streets.standing import DemandPoints
from planner.siting.classes import AtPoints
from planner.siting.coverage import Access, cover_matrix, cover_weights, measure_coverage
from planner.siting.goal.pose import _shares
from planner.siting.reach import SiteReach

PERIODS = ("day", "night")
PROFILES = {"rider": {"day": 0.7, "night": 0.3}, "sweeper": {"day": 0.2, "night": 0.8}}


def reach(rng, sites: int, points: int) -> SiteReach:
    """Each site reaches a run of points on a line, the farther the longer it takes."""
    seconds = np.zeros((sites, points))
    for row in seconds:
        middle = rng.integers(0, points)
        away = np.abs(np.arange(points) - middle) * 30.0 + 1
        row[:] = np.where(away <= 900, away, 0)
    is_open = (rng.random((sites, 2)) > 0.3).astype(float)
    return SiteReach((Access(("rider", "sweeper"), sparse.csr_array(seconds), 600.0, 4 / 3.6),), is_open)


def whole(seed: int = 0, points: int = 300) -> AtPoints:
    rng = np.random.default_rng(seed)
    cell = np.sort(rng.integers(0, 60, points))
    cell = np.unique(cell, return_inverse=True)[1]
    n = int(cell.max()) + 1
    of_cell = np.where(np.arange(n) < n // 2, "a", "b")
    workers = rng.gamma(1.0, 2.0, (points, 2))
    district = pd.Categorical(of_cell[cell], categories=["a", "b"])
    table = gpd.GeoDataFrame(
        {"cell_id": cell, "district": district, "rider": workers[:, 0], "sweeper": workers[:, 1],
         "workers": workers.sum(axis=1)},
        geometry=gpd.points_from_xy(np.arange(points), np.zeros(points)), crs="EPSG:4549",
    )  # fmt: skip
    made = DemandPoints(table, cell, PROFILES, np.searchsorted(cell, np.arange(n)))
    demand = gpd.GeoDataFrame(
        made.merged(cell, n).assign(district=of_cell),
        geometry=table.geometry.iloc[:n].to_numpy(),
        crs=table.crs,
    )
    return AtPoints(demand, made, reach(rng, 5, points), reach(rng, 8, points))


def dense(at: AtPoints, sites, *, fade=None) -> np.ndarray:
    """Workers covered by group and period, point by point: the greatest share of any of the sites."""
    shares = _shares(at.new.access, at.new.open_share >= 0.5, fade).toarray()
    best = shares[list(sites)].max(axis=0).reshape(2, -1)
    return np.array([
        [(at.points.table[g].to_numpy() * PROFILES[g][t] * best[k]).sum() for k, t in enumerate(PERIODS)]
        for g in PROFILES
    ])  # fmt: skip


@pytest.mark.parametrize("fade", [None, (300.0, 800.0)])
@pytest.mark.parametrize("by_cell", [False, True])
def test_every_set_of_sites_covers_the_same_by_group_and_period(fade, by_cell) -> None:
    at = whole()
    made = at.merged(fade, by_cell=by_cell)
    assert len(made.demand) < 0.7 * len(at.points)
    merged = _shares(made.new.access, made.new.open_share >= 0.5, fade).toarray()
    for seed in range(20):
        sites = np.random.default_rng(seed).choice(8, 3, replace=False)
        best = merged[sites].max(axis=0).reshape(2, -1)
        for i, g in enumerate(PROFILES):
            got = [(made.demand[f"{g}__{t}"].to_numpy() * best[k]).sum() for k, t in enumerate(PERIODS)]
            assert got == pytest.approx(dense(at, sites, fade=fade)[i])


def test_what_no_site_reaches_is_one_row_for_each_district() -> None:
    at = whole()
    far = np.ones(len(at.points), bool)
    for part in (*at.existing.access, *at.new.access):
        far &= (part.seconds.toarray() == 0).all(axis=0) | (
            np.where(part.seconds.toarray() > 0, part.seconds.toarray(), 1e9).min(axis=0) > 600
        )
    made = at.merged(None)
    reached = np.asarray(cover_matrix(made.new.access, np.ones((8, 1), bool)).sum(axis=0)).ravel()
    reached += np.asarray(cover_matrix(made.existing.access, np.ones((5, 1), bool)).sum(axis=0)).ravel()
    lone = made.demand[reached == 0]
    districts = at.points.table["district"].to_numpy()
    assert sorted(lone["district"]) == sorted(np.unique(districts[far]))
    assert lone["workers"].sum() == pytest.approx(at.points.table["workers"].to_numpy()[far].sum())


def test_factors_of_cells_act_on_classes_as_on_their_points() -> None:
    at = whole()
    factors = np.random.default_rng(4).gamma(4.0, 0.25, (3, at.points.n_cells))
    workers = at.points.table["workers"].to_numpy()
    for by_cell in (False, True):
        made = at.merged(None, by_cell=by_cell)
        expected = [np.bincount(made.of, workers * f[at.points.cell]) for f in factors]
        got = made.of_cells(factors) * made.demand["workers"].to_numpy()
        assert got == pytest.approx(np.array(expected))


def test_cells_covered_in_part_add_up_to_the_points() -> None:
    at = whole(3)
    found = measure_coverage(
        at.demand,
        at.new.access,
        at.new.open_share,
        points=at.points,
        periods=PERIODS,
        night=("night",),
        readings_m=(300, 667),
    )
    expected = dense(at, range(8))
    assert found.covered == pytest.approx(expected.sum())
    assert found.by_group["covered"].to_numpy() == pytest.approx(expected.sum(axis=1))
    assert found.by_period["covered"].to_numpy() == pytest.approx(expected.sum(axis=0))
    assert found.cells["covered"].sum() == pytest.approx(expected.sum())
    assert found.workers == pytest.approx(at.points.table["workers"].sum())
    partly = (found.cells["covered"] > 1e-9) & (found.cells["covered"] < found.cells["workers"] - 1e-9)
    assert partly.any()
    seconds = at.new.access[0].seconds.toarray()
    near = np.where(seconds > 0, seconds, np.inf).min(axis=0)[at.points.typical]
    assert found.cells["nearest_m"].to_numpy() == pytest.approx(
        np.where(np.isfinite(near), near * 4 / 3.6, np.nan), nan_ok=True
    )
    count = ((seconds > 0) & (seconds <= 600)).sum(axis=0)[at.points.typical]
    assert found.cells["stations"].tolist() == count.tolist()
    assert cover_weights(at.merged(None).demand, at.new.access, PERIODS).sum() == pytest.approx(found.workers)
