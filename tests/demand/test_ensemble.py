"""Draws of the density by group: rates that err together, fields that reach far, totals that stay in the middle."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.demand_bands import judged
from benchmarks.foreign_cities import foreign_city
from planner.demand.draws.fields import LocalField, shaken, to_areas
from planner.demand.ensemble import Ensemble, Spread, draw_ensemble, rate_factors
from planner.demand.estimate import estimate_in_full
from planner.demand.grid import Grid
from planner.settings.demand import Demand, Event
from tests.demand.city import GROUPS, PERIODS, make_city

HEAD = [g for g in GROUPS if g.in_headline]


class Still:
    """A group whose weights are always the same."""

    def __init__(self, name, weights, band=(1.0, 1.0), local_sd=0.0):
        self.name, self.weights, self.band, self.local_sd = (
            name,
            np.asarray(weights, np.float32),
            band,
            local_sd,
        )

    def draw(self, rng, number):
        return self.weights.copy()


def square(side, cell_m=200.0):
    row, col = np.divmod(np.arange(side * side), side)
    return Grid(cell_m, col, row)


def spread(grid, *, local_sd=0.0, far_sd=0.0, shared=0.5, correlation=0.5, far_m=4000.0):
    return Spread(correlation, LocalField(grid, 1000.0), LocalField(grid, far_m), local_sd, far_sd, shared)


@pytest.fixture(scope="module")
def full():
    city = make_city(0, n=40)
    return city, estimate_in_full(city.cells, city.covariates, HEAD, periods=PERIODS, seed=3)


def test_the_middle_of_the_drawn_totals_is_the_total_that_the_report_prints(full):
    _, made = full
    total = made.demand["workers"].sum()
    assert np.median(made.surfaces.sum(axis=1, dtype=float)) == pytest.approx(total, rel=2e-4)
    assert len(made.ensemble) == 100
    by_group = made.ensemble.sums(made.ensemble.workers)
    middles = np.median(by_group, axis=0) / made.ensemble.workers.sum(axis=1, dtype=float)
    assert np.abs(middles - 1).max() < 0.05  # each group's own middle stays by its total


def test_rates_reach_further_up_than_down_where_their_bands_do(full):
    _, made = full
    rider = made.ensemble.sums(made.ensemble.workers)[:, 0]
    low, high = np.quantile(rider / made.ensemble.workers[0].sum(dtype=float), [0.05, 0.95], method="weibull")
    assert HEAD[0].band_high == 2.0
    assert low == pytest.approx(0.7, abs=0.03)
    assert high == pytest.approx(2.0, abs=0.08)


def test_rates_err_together_as_far_as_the_correlation_says():
    bands = dict.fromkeys("abcde", (0.7, 1 / 0.7))
    totals = dict.fromkeys(bands, 1.0)
    for r in (0.0, 0.6, 1.0):
        logs = np.log(rate_factors(bands, totals, draws=4000, correlation=r, seed=1))
        found = np.corrcoef(logs.T)[np.triu_indices(5, 1)].mean()
        assert found == pytest.approx(r, abs=0.03)
        # a sum of groups that err together is as unsure as each of them; of five that do not, some √5 times less
        width = np.std(np.log(np.exp(logs).mean(axis=1)))
        assert width == pytest.approx(np.log(1 / 0.7) / 1.645 * np.sqrt(r + (1 - r) / 5), rel=0.08)


def test_a_group_that_is_added_changes_no_draw_of_the_others():
    two = rate_factors(
        {"a": (0.7, 2.0), "b": (0.5, 1.5)}, {"a": 5.0, "b": 0.0}, draws=50, correlation=0.6, seed=4
    )
    one = rate_factors({"a": (0.7, 2.0)}, {"a": 5.0}, draws=50, correlation=0.6, seed=4)
    np.testing.assert_allclose(two[:, 0], one[:, 0], rtol=1e-12)


def far_only(stated):
    grid = square(60)
    zone = (grid.col >= 30).astype(np.int64)
    controls = pd.DataFrame({"a": [1000.0, 3000.0]}, index=["west", "east"])
    even = np.where(zone == 0, 1000.0, 3000.0) / 1800
    return zone, draw_ensemble(
        [Still("a", np.ones(3600))], zone, controls, {"a": even}, draws=60, spread=spread(grid, far_sd=0.5),
        stated=np.array(stated), seed=2,
    )  # fmt: skip


def test_the_far_field_moves_workers_between_districts_within_the_citys_total():
    zone, made = far_only([False, False])
    west = made.surfaces()[:, zone == 0].sum(axis=1)
    assert made.surfaces().sum(axis=1) == pytest.approx(4000, rel=1e-3)
    assert 0.05 < np.std(np.log(west / 1000)) < 0.5


def test_a_district_whose_number_of_workers_is_given_keeps_it():
    zone, made = far_only([True, False])
    assert made.surfaces()[:, zone == 0].sum(axis=1) == pytest.approx(1000, rel=1e-3)
    assert made.surfaces()[:, zone == 1].sum(axis=1) == pytest.approx(3000, rel=1e-3)
    assert np.std(made.surfaces()[:, 0]) > 0.02  # within it they move


def test_the_far_field_is_alike_over_kilometres_where_the_local_one_is_not():
    grid = square(100)
    rng = np.random.default_rng(5)
    far, near = LocalField(grid, 6000.0), LocalField(grid, 1000.0)

    def alike(field):  # correlation of cells 2 km apart
        fields = np.stack([field.draw(rng).reshape(100, 100) for _ in range(60)])
        return np.corrcoef(fields[:, :, :-10].ravel(), fields[:, :, 10:].ravel())[0, 1]

    assert alike(far) > 0.6
    assert abs(alike(near)) < 0.1


def test_groups_share_as_much_of_the_fields_as_is_said():
    grid = square(40)
    zone = np.zeros(1600, np.int64)
    controls = pd.DataFrame({"a": [1600.0], "b": [1600.0]}, index=["all"])
    for shared in (0.0, 0.5, 1.0):
        made = draw_ensemble(
            [Still(n, np.ones(1600), local_sd=0.3) for n in "ab"], zone, controls, dict.fromkeys("ab", np.ones(1600)),
            draws=80, spread=spread(grid, local_sd=0.3, shared=shared), seed=7,
        )  # fmt: skip
        logs = np.log(made.factors.astype(float))
        assert np.corrcoef(logs[:, 0].ravel(), logs[:, 1].ravel())[0, 1] == pytest.approx(shared, abs=0.12)


def test_what_was_observed_shrinks_the_far_field_with_the_local_one():
    half = spread(square(2), local_sd=0.5, far_sd=0.4)
    assert half.far_of(0.5) == pytest.approx(0.4)
    np.testing.assert_allclose(half.far_of(np.array([0.25, 0.05, 0.9])), [0.1, 0.004, 0.4], rtol=1e-5)


def test_weights_times_fields_are_what_numpy_says():
    grid, rng = square(9), np.random.default_rng(0)
    near, far = LocalField(grid, 500.0), LocalField(grid, 900.0)
    a, b, weight = near.noise(rng), far.noise(rng), rng.random(81).astype(np.float32)
    sds = rng.random(81).astype(np.float32)
    heights = [(f.weight * noise[f.corner]).sum(axis=1) for f, noise in ((near, a), (far, b))]
    wanted = weight * np.exp(sds * heights[0] + 0.3 * heights[1] - sds**2 / 2 - 0.3**2 / 2)
    np.testing.assert_allclose(shaken(weight, (near, far), (a, b), (sds, 0.3)), wanted, rtol=1e-4)


def test_areas_get_their_totals_by_hand():
    weight, base = np.array([1, 3, 5, 0, 0], np.float32), np.array([2, 2, 0, 1, 3], np.float32)
    area = np.array([0, 0, 0, 1, 1], np.int32)
    # the third cell holds nobody in the estimate; the second area's weights are lost, so the estimate stands in
    assert to_areas(weight, base, area, np.array([8.0, 2.0])).tolist() == [2, 6, 0, 0.5, 1.5]


def test_sums_of_states_are_those_of_the_draws():
    rng = np.random.default_rng(2)
    workers, factors = rng.random((2, 7)).astype(np.float32), rng.random((5, 2, 7)).astype(np.float16)
    made = Ensemble(("a", "b"), workers, factors)
    part = rng.random((2, 7, 3)) * workers[:, :, None]
    wanted = [[[sum(float(factors[k, g, c]) * part[g, c, s] for c in range(7)) for s in range(3)]
               for g in range(2)] for k in range(5)]  # fmt: skip
    np.testing.assert_allclose(made.sums(part), wanted, rtol=1e-5)
    np.testing.assert_allclose(made.sums(part[:, :, 0]), np.asarray(wanted)[:, :, 0], rtol=1e-5)
    np.testing.assert_allclose(made.surfaces(["b"]), factors[:, 1].astype(float) * workers[1], rtol=1e-5)
    np.testing.assert_allclose(made.surfaces(), (factors * workers).astype(float).sum(axis=1), rtol=2e-3)


def test_an_events_workers_are_the_same_in_every_draw():
    made = Ensemble(
        ("a",), np.array([[10.0, 0.0]], np.float32), np.array([[[0.5, 1]], [[1, 1]], [[2, 1]]], np.float16)
    )
    over = made.laid_over(np.array([[10.0, 0.0, 0.0]]), np.array([[10.0, 4.0, 0.0]]), np.array([0, 1]))
    # draws of the first cell: 5, 10, 20 and ten more
    np.testing.assert_allclose(over.surfaces(), [[15, 4, 0], [20, 4, 0], [30, 4, 0]], rtol=1e-3)


def test_a_seasons_middle_is_its_own_total():
    city = make_city(1, n=24)
    event = Event(name="fair", polygon=[(120.0, 31.1), (120.1, 31.1), (120.1, 31.2)], workers=0)
    for settings in (Demand(season="spring_festival"), Demand(season="summer", events=(event,))):
        made = estimate_in_full(city.cells, city.covariates, HEAD, periods=PERIODS, seed=3, settings=settings)
        total = made.demand["workers"].sum()
        assert np.median(made.surfaces.sum(axis=1, dtype=float)) == pytest.approx(total, rel=3e-4)
        np.testing.assert_allclose(made.ensemble.workers.sum(axis=0), made.demand["workers"], rtol=1e-4)


def test_two_foreign_cities_lie_in_the_band_nine_times_in_ten_or_so():
    cities = [foreign_city(name, 500) for name in ("log-Gaussian Cox", "zones")]
    found = pd.DataFrame([judged(city, 500, Demand(ensemble=40)) for city in cities])
    held = found[["1 km", "2 km", "4 km", "busiest tenth"]].mean()
    assert held.between(0.75, 1.0).all()
    assert found["error, 1 km"].between(0.2, 0.9).all()  # the truths are far from the estimate
    narrow = Demand(ensemble=40, local_sd=0.05, far_sd=0.0, share_band=1.0, elasticity_band=0.0)
    assert judged(cities[1], 500, narrow)["1 km"] < 0.5  # bands that are too narrow are found out


def test_foreign_truths_hold_the_workers_said_and_are_not_the_estimates_formula():
    city = foreign_city("Thomas hot spots", 501)
    assert city.truth.sum(axis=1) == pytest.approx([22_000, 11_000, 9_400, 6_300, 3_100])
    assert (city.truth >= 0).all()
    again = foreign_city("Thomas hot spots", 501)
    np.testing.assert_array_equal(city.truth, again.truth)
    assert not np.allclose(city.truth, foreign_city("Thomas hot spots", 502).truth)
