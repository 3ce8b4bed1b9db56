"""Smoothing, bandwidths by likelihood, draws and bands."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import shapely
from scipy.stats import norm

from planner.demand import make_cells
from planner.demand.ensemble import LocalField, band, band_factor, stream
from planner.demand.estimate import estimate_in_full
from planner.demand.grid import Grid, grid_of
from planner.demand.kernels import Smoother, choose_bandwidth, smooth
from planner.demand.levels.validate import blocks
from planner.settings.demand import Demand
from tests.demand.city import CRS, GROUPS, PERIODS, X0, Y0, make_city


def square(n):
    row, col = np.divmod(np.arange(n * n), n)
    return Grid(200.0, col, row)


def test_smoothing_keeps_the_sum_and_stays_on_the_cells():
    rng = np.random.default_rng(0)
    full = square(30)
    keep = rng.random(900) > 0.4  # a lake in pieces
    grid = Grid(200.0, full.col[keep], full.row[keep])
    values = rng.poisson(0.3, keep.sum()).astype(float)
    for metres in (0, 100, 400, 1500):
        out = Smoother(grid, metres)(values)
        assert out.sum() == pytest.approx(values.sum())
        assert (out >= 0).all()
    np.testing.assert_array_equal(Smoother(grid, 0)(values), values)


def test_a_kernel_in_the_open_is_gaussian():
    grid = square(41)
    values = np.zeros(41 * 41)
    values[20 * 41 + 20] = 1.0
    out = Smoother(grid, 400.0)(values).reshape(41, 41)
    assert out[20, 22] / out[20, 20] == pytest.approx(np.exp(-0.5), rel=1e-3)
    assert out[20, 20] == pytest.approx(Smoother(grid, 400.0).own[20 * 41 + 20], rel=1e-5)


def test_bandwidth_by_likelihood_is_the_brute_force_one():
    """Leave-one-out by the definition: take each point out, smooth the rest, look at its cell."""
    rng = np.random.default_rng(2)
    grid = square(12)
    counts = np.bincount(rng.integers(0, 144, 25), minlength=144).astype(float)
    _, scores = choose_bandwidth(counts, grid, bandwidths_m=(200.0, 500.0))
    for metres in (200.0, 500.0):
        smoother, total = Smoother(grid, metres), 0.0
        for cell in np.flatnonzero(counts):
            rest = counts.copy()
            rest[cell] -= 1
            density = 0.98 * smoother(rest)[cell] / (counts.sum() - 1) + 0.02 / 144
            total += counts[cell] * np.log(density)
        assert scores[metres] == pytest.approx(total / counts.sum(), rel=2e-3)


def test_the_bandwidth_grows_with_the_spread_of_clusters():
    rng = np.random.default_rng(0)
    chosen = []
    for spread in (150.0, 700.0):
        centres = rng.uniform(2000, 10_000, (25, 2))
        xy = centres[rng.integers(0, 25, 2000)] + rng.normal(0, spread, (2000, 2))
        grid = square(60)
        cell = grid.locate(xy[:, 0], xy[:, 1])
        counts = np.bincount(cell[cell >= 0], minlength=3600).astype(float)
        chosen.append(choose_bandwidth(counts, grid)[0])
    assert chosen[0] < chosen[1]
    assert choose_bandwidth(np.eye(1, 3600).ravel(), square(60))[0] == 0.0  # one point tells nothing


def test_a_sparse_kernel_can_be_passed_in():
    grid = square(3)
    table = pd.DataFrame({"a": np.arange(9.0)})
    kernel = sp.csr_array(np.tril(np.ones((9, 9))))
    out, used = smooth(table, grid, columns=["a"], kernel=kernel)
    assert out["a"].sum() == pytest.approx(36)
    assert used == {}
    expected = [sum(j / (9 - j) for j in range(i + 1)) for i in range(9)]
    np.testing.assert_allclose(out["a"], expected)


def test_band_factors_have_the_band_as_their_5_and_95_percent():
    rng = stream(0, "x")
    draws = band_factor(rng.standard_normal(20_000), (0.7, 1.6))
    np.testing.assert_allclose(np.quantile(draws, [0.05, 0.5, 0.95]), [0.7, 1.0, 1.6], rtol=0.03)
    assert stream(0, "x").random() != stream(0, "y").random()


def test_bands_of_few_draws_hold_a_new_one_nine_times_in_ten():
    rng = np.random.default_rng(0)
    low, high = band(rng.standard_normal((40, 20_000)).astype(np.float32))
    assert np.mean(norm.cdf(high) - norm.cdf(low)) == pytest.approx(0.9, abs=0.005)


def test_the_local_field_has_unit_variance_over_its_blocks():
    grid = square(120)
    field, rng = LocalField(grid, 1000.0), np.random.default_rng(0)
    block = np.unique((grid.row // 5) * 1000 + grid.col // 5, return_inverse=True)[1]
    means = [np.bincount(block, field.draw(rng)) / 25 for _ in range(20)]
    assert np.var(means) == pytest.approx(1.0, abs=0.12)


def test_bands_widen_with_what_is_not_known():
    city = make_city(0, n=32)
    args = {"periods": PERIODS, "seed": 3}

    def width(**changes):
        group = city.group.model_copy(update=changes.pop("group", {}))
        s = Demand(
            ensemble=60,
            **{"share_band": 1.0, "elasticity_band": 0.0, "local_sd": 0.0, "far_sd": 0.0} | changes,
        )
        table = estimate_in_full(city.cells, city.covariates, [group], settings=s, **args).demand
        return float((table["workers_high"] - table["workers_low"]).sum() / table["workers"].sum())

    still = width()
    assert still < 0.01
    assert width(group={"band_low": 0.7, "band_high": 1.3}) == pytest.approx(0.6, abs=0.12)
    for change in ({"share_band": 1.5}, {"elasticity_band": 0.33}, {"local_sd": 0.5}, {"far_sd": 0.5}):
        assert width(**change) > still + 0.05


def test_one_more_group_leaves_the_others_draws_alone():
    city = make_city(0, n=24)
    groups = [g.model_copy(update={"total": 100.0}) for g in GROUPS[:2]]
    one = estimate_in_full(city.cells, city.covariates, groups[:1], periods=PERIODS, seed=1).surfaces
    quiet = groups[1].model_copy(update={"total": 0.0})
    two = estimate_in_full(city.cells, city.covariates, [groups[0], quiet], periods=PERIODS, seed=1).surfaces
    np.testing.assert_array_equal(one, two)


def test_cells_of_odd_size_and_negative_coordinates():
    cells = make_cells(shapely.box(-700, -700, 500, 500), cell_m=150, crs=CRS)
    grid = grid_of(cells)
    assert grid.cell_m == 150
    np.testing.assert_array_equal(grid.locate(grid.x_m, grid.y_m), np.arange(len(cells)))
    assert grid.locate(np.array([1e6, np.nan]), np.array([0.0, 0.0])).tolist() == [-1, -1]
    assert (cells["area_share"] > 0).all()
    assert isinstance(cells, gpd.GeoDataFrame)
    assert blocks(cells, block_m=300).max() > 3
    assert (X0, Y0) != (0, 0)
