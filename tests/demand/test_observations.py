"""From observations: privacy, levels, recovery of a known truth, blocked against random scores."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_poisson_deviance

from planner.demand.ensemble import band
from planner.demand.estimate import estimate_in_full
from planner.demand.grid import grid_of
from planner.demand.levels.local import dispersion, local_correction, spread_units
from planner.demand.levels.model import DemandModel, mixture_shares, poisson_deviance
from planner.demand.levels.validate import blocks, cross_validate, folds
from planner.demand.observations import Observations, aggregate, merge_small
from planner.settings.demand import Demand
from tests.demand.city import CRS, GROUPS, PERIODS, make_city

SHARES = (0.01, 0.05, 0.2)


def run(city, *, share=None, seed=0, settings=None):
    seen = None
    if share is not None:
        found, _ = aggregate(city.sample(share, seed).assign(group="rider"), city.cells, share=share)
        seen = found
    return estimate_in_full(
        city.cells, city.covariates, [city.group], periods=PERIODS, observations=seen,
        settings=settings or Demand(), seed=seed,
    )  # fmt: skip


@pytest.fixture(scope="module")
def recovered():
    """Four cities, each estimated without observations and from samples of 1, 5 and 20 %.

    What nothing explains is near here (1 km), as it was made; tests/demand/test_ensemble.py has cities where it reaches far.
    """
    near = Demand(far_sd=0.0)
    rows = []
    for seed in (1, 2, 4, 7):
        city = make_city(seed)
        block = blocks(city.cells, block_m=1000)
        truth = np.bincount(block, city.truth)
        for share in (None, *SHARES):
            full = run(city, share=share, seed=seed, settings=near)
            workers = full.demand["workers"].reindex(city.cells.index).fillna(0).to_numpy()
            draws = np.zeros((len(full.surfaces), len(city.cells)))
            draws[:, city.cells.index.get_indexer(full.demand.index)] = full.surfaces
            low, high = band(np.stack([np.bincount(block, d) for d in draws]))
            rows.append(
                {
                    "city": seed,
                    "share": share or 0.0,
                    "level": full.levels["rider"],
                    "deviance": poisson_deviance(city.truth, workers),
                    "error": np.sqrt(np.mean((np.bincount(block, workers) - truth) ** 2)),
                    "inside": np.mean((truth >= low) & (truth <= high)),
                    "scores": full.scores.get("rider"),
                }
            )
    return pd.DataFrame(rows)


@pytest.mark.slow
def test_observations_bring_the_truth_nearer_the_more_there_are(recovered):
    error = recovered.pivot_table(index="city", columns="share", values="error")
    deviance = recovered.pivot_table(index="city", columns="share", values="deviance")
    mean = error.mean()
    assert mean[0.0] > mean[0.01] > mean[0.05] > mean[0.2]
    for table in (error, deviance):  # the true intensities are never seen by the fit
        assert (table[0.05] <= table[0.0]).all()  # where it would not help, the weights are kept
        assert (table[0.2] < 0.85 * table[0.0]).all()
        assert table[0.2].mean() < 0.7 * table[0.0].mean()
    assert (recovered.loc[recovered["share"] == 0.2, "level"] == "regression").all()


@pytest.mark.slow
def test_the_band_holds_the_truth_in_85_to_97_percent_of_blocks(recovered):
    inside = recovered.groupby("share")["inside"].mean()
    assert inside.between(0.85, 0.97).all(), inside


@pytest.mark.slow
def test_regression_beats_weights_on_withheld_blocks_and_says_how_random_cells_flatter(recovered):
    for row in recovered[recovered["share"] == 0.2].itertuples():
        assert list(row.scores.index) == ["random cells", "km blocks", "km blocks, corrected"]
        assert row.scores.loc["km blocks", "against_weights"] > 0
        assert "neighbours" in row.scores.attrs["note"]


def test_a_score_on_random_cells_flatters_where_errors_are_alike_nearby():
    """Counts that follow place alone: boosting learns coordinates, which says nothing about new blocks."""
    city = make_city(3, n=64)
    rng = np.random.default_rng(0)
    place = city.cells[["col", "row"]].astype(float)
    bumps = np.exp(1.5 * np.sin(place["col"] / 5.0) * np.sin(place["row"] / 5.0))
    y = rng.poisson(2 * bumps).astype(float)
    model = DemandModel(
        HistGradientBoostingRegressor(loss="poisson", max_iter=60, random_state=0), adapt=False
    )
    scores = cross_validate(model, place, y, cells=city.cells, block_m=3200)
    assert scores.loc["random cells", "against_constant"] > scores.loc["km blocks", "against_constant"] + 0.1
    assert {"random cells", "km blocks", "districts"} == set(scores.index)


def test_small_counts_are_merged_and_no_unit_shows_one():
    city = make_city(0, n=48)
    found, notes = aggregate(city.sample(0.05, 0), city.cells, min_observed=3)
    seen = found.groups["*"]
    assert ((seen.count == 0) | (seen.count >= 3)).all()
    assert seen.count.sum() == seen.total  # nothing was lost
    assert (seen.unit >= 0).all()
    assert [f.code for f in notes] == ["SUR-003", "DEM-012"]
    strict, _ = aggregate(city.sample(0.05, 0), city.cells, min_observed=10)
    assert strict.groups["*"].count[strict.groups["*"].count > 0].min() >= 10


def test_too_few_in_all_are_suppressed():
    city = make_city(0, n=16)
    sums = np.zeros(256)
    sums[7] = 2
    unit, merged, lost = merge_small(sums, np.ones(256, bool), grid_of(city.cells), 3)
    assert (merged, lost) == (0, 2.0)
    assert (unit[:16] == -1).any()


def test_a_quadtree_by_hand():
    city = make_city(0, n=16)
    grid = grid_of(city.cells)
    sums = np.zeros(256)
    place = {
        (c - grid.col.min(), r - grid.row.min()): k
        for k, (c, r) in enumerate(zip(grid.col, grid.row, strict=True))
    }
    sums[place[0, 0]], sums[place[1, 0]], sums[place[1, 1]] = 5, 2, 1  # one block of 2 × 2
    unit, merged, lost = merge_small(sums, np.ones(256, bool), grid, 3)
    assert lost == 0
    assert merged == 2
    alone = unit[place[0, 0]]
    assert (unit == alone).sum() == 1
    together = unit[place[1, 0]]
    assert {k for k in range(256) if unit[k] == together} == {place[1, 0], place[0, 1], place[1, 1]}


def test_maps_come_from_units_only():
    """Two samples with the same units and counts but other cells within them make the same shared-out counts."""
    city = make_city(0, n=16)
    found, _ = aggregate(city.sample(0.02, 1), city.cells)
    seen = found.groups["*"]
    y = spread_units(seen, np.ones(256))
    unit = seen.unit.to_numpy()
    np.testing.assert_allclose(np.bincount(unit[unit >= 0], y[unit >= 0]), seen.count)
    for k in np.unique(unit[unit >= 0]):
        assert np.ptp(y[unit == k]) < 1e-12


def test_what_is_wrong_with_observations_is_said():
    city = make_city(0, n=16)
    pond = gpd.GeoDataFrame(geometry=[city.cells.geometry.iloc[20]], crs=CRS)
    inside = shapely.centroid(city.cells.geometry.iloc[0])
    records = gpd.GeoDataFrame(
        {
            "count": ["4", -2, "many", 5, 6, 7, 900],
            "group": ["rider", "rider", "rider", "rider", "pilot", "rider", "rider"],
        },
        geometry=[
            inside,
            inside,
            inside,
            shapely.Point(0, 0),
            inside,
            shapely.centroid(pond.geometry.iloc[0]),
            inside,
        ],
        crs=CRS,
    )
    residents = pd.Series(1.0, index=city.cells.index)
    found, notes = aggregate(records, city.cells, groups=["rider"], water=pond, residents=residents)
    assert {f.code for f in notes} == {
        "DEM-002",
        "DEM-003",
        "DEM-007",
        "DEM-008",
        "DEM-016",
        "DEM-017",
        "SUR-001",
        "SUR-003",
    }
    assert {f.code: f.row for f in notes if f.row} == {
        "DEM-002": 2, "DEM-017": 3, "DEM-007": 4, "DEM-016": 5, "DEM-008": 6, "SUR-001": 1,
    }  # fmt: skip
    assert found.groups["rider"].total == 0  # all in one cell
    assert set(found.groups) == {"rider"}


def test_too_few_workers_for_a_regression_keep_the_weights():
    city = make_city(0, n=32)
    records = city.sample(0.2, 0).head(30).assign(group="rider")
    found, _ = aggregate(records, city.cells)
    full = estimate_in_full(city.cells, city.covariates, [city.group], periods=PERIODS, observations=found)
    assert full.levels == {"rider": "weights"}
    assert "DEM-014" in {f.code for f in full.findings}


def test_observations_that_say_nothing_do_not_replace_the_weights():
    city = make_city(5, n=48)
    prior = run(city).demand["workers"]
    rng = np.random.default_rng(2)
    lucky = city.cells.index.repeat(rng.poisson(prior * 0.02))  # a sample of the weights themselves
    same = gpd.GeoDataFrame({"group": "rider"}, index=range(len(lucky)), crs=CRS,
                            geometry=shapely.centroid(city.cells.geometry.loc[lucky].to_numpy()))  # fmt: skip
    found, _ = aggregate(same, city.cells, share=0.02)
    full = estimate_in_full(city.cells, city.covariates, [city.group], periods=PERIODS, observations=found)
    scores = full.scores["rider"].loc["km blocks"]
    assert full.levels["rider"] == "weights"
    assert scores["against_weights"] < scores["standard_error"]
    told = next(f for f in full.findings if f.code == "DEM-013")
    assert f"{full.scores['rider'].iloc[-1]['standard_error']:.3f}" in told.message_en


def test_a_full_count_is_used_as_it_is_smoothed_and_sets_its_own_totals():
    city = make_city(1, n=32)
    records = city.sample(1.0, 0).assign(group="rider")
    found, _ = aggregate(records, city.cells, share=1.0)
    free = city.group.model_copy(update={"total": None})
    full = estimate_in_full(city.cells, city.covariates, [free], periods=PERIODS, observations=found)
    assert full.levels == {"rider": "surface"}
    assert full.demand.attrs["levels"] == {"rider": "surface"}
    assert full.demand["workers"].sum() == pytest.approx(len(records))
    stated = estimate_in_full(city.cells, city.covariates, [city.group], periods=PERIODS, observations=found)
    assert stated.demand["workers"].sum() == pytest.approx(city.group.total)
    off = np.abs(full.demand["workers"] - city.truth[full.demand.index] * len(records) / 20_000).sum()
    assert off < 0.35 * len(records)


def test_observations_of_no_named_group_move_all_headline_groups():
    city = make_city(4, n=48)
    found, _ = aggregate(city.sample(0.2, 0), city.cells, share=0.2)
    groups = [g.model_copy(update={"total": 1000.0}) for g in GROUPS]
    args = {"periods": PERIODS, "seed": 1}
    plain = estimate_in_full(city.cells, city.covariates, groups, **args)
    moved = estimate_in_full(city.cells, city.covariates, groups, observations=found, **args)
    assert moved.levels["rider"] == moved.levels["courier"] == "regression"
    assert moved.levels["truck"] == "weights"
    truth = pd.Series(city.truth, index=city.cells.index)[moved.demand.index]
    for g in ("rider", "courier"):
        column = f"{g}__10_14"
        assert moved.demand[column].corr(truth) > plain.demand[column].corr(truth)
        assert moved.demand[column].sum() == pytest.approx(plain.demand[column].sum())


def test_the_model_keeps_scikit_learns_conventions():
    model = DemandModel(penalty=2.0)
    assert clone(model).get_params() == model.get_params()
    assert model.set_params(floor=0.1).floor == 0.1
    city = make_city(0, n=32)
    rng = np.random.default_rng(0)
    X = city.covariates
    y = rng.poisson(city.truth).astype(float)
    fitted = model.fit(X, y)
    assert fitted is model
    assert list(model.feature_names_in_) == list(X.columns)
    assert (model.predict(X) >= 0).all()
    assert model.shares_.sum() == pytest.approx(1)
    assert model.score(X, y) > 0.3
    swapped = DemandModel(HistGradientBoostingRegressor(loss="poisson", max_iter=20, random_state=0)).fit(
        X, y
    )
    assert swapped.score(X, y) > 0.3
    for bad in ({"y": -y}, {"y": y * np.nan}, {"y": y * 0}, {"y": y, "exposure": y * 0}):
        with pytest.raises(ValueError, match=r"counts|observed|exposure"):
            DemandModel().fit(X, **bad)


def test_deviance_is_scikit_learns():
    rng = np.random.default_rng(0)
    mu = rng.gamma(2, 2, 500)
    y = rng.poisson(mu).astype(float)
    assert poisson_deviance(y, mu) == pytest.approx(mean_poisson_deviance(y, mu) * 500)


def test_mixture_shares_are_found_again():
    rng = np.random.default_rng(0)
    columns = rng.gamma(0.5, 1, (20_000, 3))
    columns *= 40_000 / columns.sum(axis=0)
    y = rng.poisson(columns @ [0.6, 0.3, 0.1]).astype(float)
    columns *= y.sum() / columns.sum(axis=0)
    np.testing.assert_allclose(mixture_shares(columns, y, np.zeros(3)), [0.6, 0.3, 0.1], atol=0.02)
    pulled = mixture_shares(columns, y, np.array([0.0, 0.0, 1e9]))
    assert pulled[2] > 0.99


def test_local_variance_is_found_again():
    rng = np.random.default_rng(0)
    mu = rng.gamma(2, 20, 4000)
    y = rng.poisson(mu * rng.gamma(1 / 0.2, 0.2, 4000)).astype(float)
    assert dispersion(y, mu, 0.5) == pytest.approx(0.2, rel=0.1)
    assert dispersion(rng.poisson(mu).astype(float), mu, 0.5) == pytest.approx(0.02)  # the floor
    few = np.full(20, 0.5)
    assert dispersion(np.zeros(20), few, 0.5) == pytest.approx(0.25, rel=0.2)  # too little to move it


def test_the_local_correction_is_the_gamma_posterior_without_neighbours():
    city = make_city(0, n=16)
    grid = grid_of(city.cells)
    y, mu = np.full(256, 6.0), np.full(256, 2.0)
    ratio, sd = local_correction(y, mu, grid, 0.5, 0.0)
    np.testing.assert_allclose(ratio, (2 + 6) / (2 + 2))
    np.testing.assert_allclose(sd, 1 / np.sqrt(2 + 6))


def test_blocks_stay_together_and_folds_are_alike():
    city = make_city(0, n=48)
    block = blocks(city.cells, block_m=1600)
    fold = folds(block, 5, 0, weight=city.truth)
    assert pd.Series(fold).groupby(block).nunique().max() == 1
    load = np.bincount(fold, city.truth)
    assert load.max() < 1.3 * load.min()
    assert blocks(city.cells, by="district").max() == 3
    with pytest.raises(ValueError, match="km"):
        blocks(city.cells, by="mood")


def test_observations_are_shown_without_their_cells():
    city = make_city(0, n=16)
    found, _ = aggregate(city.sample(0.05, 0), city.cells)
    assert isinstance(found, Observations)
    assert "sums" not in repr(found.groups["*"])
    assert "workers in" in repr(found)
