"""WithheldBlocks blocks: strips in metres, standard errors, the local correction under the same folds."""

import numpy as np
import pytest

from planner.demand.estimate import estimate_in_full
from planner.demand.grid import grid_of
from planner.demand.levels.local import local_correction, spread_units
from planner.demand.levels.model import DemandModel
from planner.demand.levels.regression import fit_regression
from planner.demand.levels.validate import blocks, fitting, folds, gain, training, withhold
from planner.demand.observations import aggregate
from planner.demand.surveys.doubts import lean, overdispersion
from planner.settings.demand import Demand
from tests.demand.city import PERIODS, make_city
from tests.demand.surveys import points, seen, town


@pytest.mark.parametrize("buffer_m", [0.0, 400.0, 1000.0])
def test_nothing_within_the_strip_is_learnt_from(buffer_m):
    city = make_city(0, n=32)
    fold = folds(blocks(city.cells, block_m=1600), 4, 0)
    learn = training(city.cells, fold, buffer_m)
    grid = grid_of(city.cells)
    for k in range(4):
        test = np.flatnonzero(fold == k)
        for i in range(0, len(city.cells), 37):
            dx, dy = grid.x_m[i] - grid.x_m[test], grid.y_m[i] - grid.y_m[test]
            clear = (np.hypot(dx, dy) - 200 >= buffer_m - 1e-6).all() if buffer_m else True
            assert learn[k, i] == (fold[i] != k and clear)


def test_blocks_and_strips_are_metres_whatever_the_cells():
    coarse = make_city(0, n=96)
    assert fitting(coarse.cells) == (3200.0, 1000.0)
    half = coarse.cells.iloc[:1536]  # 61 km²: 24 blocks of 1.6 km
    side, strip = fitting(half)
    assert side == pytest.approx(1600)
    assert strip == pytest.approx(500)
    assert fitting(coarse.cells.iloc[:4])[0] == 400  # never under two cells


def test_the_standard_error_is_that_of_a_sum_over_blocks():
    rng = np.random.default_rng(0)
    y = rng.poisson(3.0, 400).astype(float)
    mu, base = rng.gamma(9, 1 / 3, 400), np.full(400, 3.0)
    block = np.repeat(np.arange(20), 20)

    def deviance(expected):
        return 2 * (np.where(y > 0, y * np.log(np.maximum(y, 1) / expected), 0) - y + expected)

    each = (deviance(base) - deviance(mu)).reshape(20, 20).sum(axis=1)
    total = deviance(base).sum()
    got, se = gain(y, mu, base, block)
    assert got == pytest.approx(each.sum() / total)
    assert se == pytest.approx(np.sqrt(20) * each.std(ddof=1) / total)
    assert gain(y, mu, base, np.zeros(400, int))[1] == np.inf


def test_a_fold_is_foretold_by_the_cells_it_may_learn_from_alone():
    city = make_city(2, n=32)
    X, y = (
        city.covariates.assign(prior=city.truth),
        np.random.default_rng(1).poisson(city.truth).astype(float),
    )
    fold = folds(blocks(city.cells, block_m=1600), 4, 0)
    learn = training(city.cells, fold, 400)
    made = withhold(DemandModel(), X, y, np.ones(y.size), fold, learn)
    other = np.where(learn[1], y, y[::-1])  # change all that fold 1 may not see
    again = withhold(DemandModel(), X, other, np.ones(y.size), fold, learn)
    np.testing.assert_array_equal(made.mu[fold == 1], again.mu[fold == 1])
    assert made.prior[fold == 1].sum() == pytest.approx(
        city.truth[fold == 1].sum() * y[learn[1]].sum() / city.truth[learn[1]].sum()
    )


def test_the_local_correction_is_scored_by_the_same_folds_and_without_seeing_them():
    city = make_city(4, n=64)
    found, _ = aggregate(city.sample(0.2, 4).assign(group="rider"), city.cells, share=0.2)
    survey = found.groups["rider"]
    fitted = fit_regression(city.cells, city.covariates, city.truth**0.8, survey, replicates=2)
    scores = fitted.scores
    assert list(scores.index) == ["random cells", "km blocks", "km blocks, corrected"]
    assert (scores["standard_error"] > 0).all()
    # by hand for one fold
    side, strip = fitting(city.cells)
    y, X = survey.sums.to_numpy(), city.covariates.assign(prior=city.truth**0.8)
    block = blocks(city.cells, block_m=side)
    fold = folds(block, 5, 0, weight=y)
    learn = training(city.cells, fold, strip)
    grid, mu = grid_of(city.cells), np.zeros(y.size)
    for k in range(5):
        rates = DemandModel(penalty=fitted.model.penalty).fit(
            X[learn[k]], y[learn[k]], exposure=np.full(learn[k].sum(), 0.2)
        )
        expected = np.where(learn[k], 0.2 * rates.predict(X), 0.0)
        part = survey.holding(survey.sums.where(learn[k]), grid)
        ratio, _ = local_correction(
            spread_units(part, expected + 1e-12),
            expected,
            grid,
            fitted.local.variance,
            fitted.local.bandwidth_m,
        )
        mu[fold == k] = (0.2 * rates.predict(X) * ratio)[fold == k]
    prior = withhold(DemandModel(), X, y, np.full(y.size, 0.2), fold, learn).prior
    assert scores.loc["km blocks, corrected", "against_weights"] == pytest.approx(
        gain(y, mu, prior, block)[0], rel=1e-6
    )


def test_overdispersion_is_found_again_and_a_wrong_base_is_not_taken_for_it():
    rng = np.random.default_rng(0)
    block = np.repeat(np.arange(400), 25)
    mu = rng.gamma(0.5, 1.0, 10_000)
    assert overdispersion(rng.poisson(mu).astype(float), mu, block) < 1.05
    thrice = 3.0 * rng.poisson(mu / 3)
    assert overdispersion(thrice, mu, block) == pytest.approx(3, rel=0.1)
    wrong = mu * np.exp(0.5 * rng.standard_normal(10_000))
    assert overdispersion(rng.poisson(20 * wrong).astype(float), mu, block) < 1.6  # 20 % of it would be 5
    shifted = mu * rng.gamma(2, 0.5, 400)[block]
    assert overdispersion(rng.poisson(shifted).astype(float), mu, block) < 1.1


def test_a_lean_by_hand():
    """Two kinds of cell, as many workers expected; three in four records on main roads: odds of three."""
    base, main = np.full(2000, 1.0), np.tile([1.0, 0.0], 1000)
    y = np.tile([3.0, 1.0], 1000)
    found = lean(y, base, main, np.repeat(np.arange(100), 20))
    assert found.factor == pytest.approx(3, rel=0.01)
    assert found.seen == pytest.approx(0.75, abs=0.002)
    assert found.expected == pytest.approx(0.5)
    assert found.doubtful
    assert lean(y, base, np.full(2000, 0.3), np.zeros(2000, int)) is None  # all cells alike
    assert lean(y / 200, base, main, np.zeros(2000, int)) is None  # 20 workers


def test_repeats_widen_the_band_as_much_as_they_are_worth():
    city = town(3, workers=16_000.0)
    counts = seen(city, 0.05, 3)
    settings = Demand(level="regression")
    once, fivefold = (
        estimate_in_full(
            city.cells, city.covariates, [city.group], periods=PERIODS, settings=settings,
            observations=aggregate(points(city, counts * k, 3), city.cells)[0],
        )
        for k in (1, 5)
    )  # fmt: skip
    width = [float(np.std(np.log(f.surfaces + 1e-3), axis=0).mean()) for f in (once, fivefold)]
    assert width[1] == pytest.approx(width[0], rel=0.1)  # not √5 narrower
