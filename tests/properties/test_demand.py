"""What must hold for any city: totals, order, scale, order of rows."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "demand"))
from planner.demand import estimate
from planner.demand.calibrate import rake, to_totals
from planner.demand.grid import Grid
from planner.demand.observations import merge_small
from planner.settings.demand import Demand
from tests.demand.city import PERIODS, make_city

CITY = make_city(0, n=12)
QUICK = settings(max_examples=12, deadline=None)


@QUICK
@given(st.lists(st.floats(0, 1e5), min_size=4, max_size=4), st.integers(0, 2**31))
def test_any_district_totals_are_met_within_half_a_worker(values, seed):
    group = CITY.group.model_copy(update={"total": None, "totals": dict(zip("abcd", values, strict=True))})
    table, _ = estimate(
        CITY.cells, CITY.covariates, [group], periods=PERIODS, seed=seed, settings=Demand(ensemble=2)
    )
    sums = table.groupby("district")["workers"].sum()
    assert all(abs(sums[d] - v) <= 0.5 for d, v in zip("abcd", values, strict=True))
    assert (table["workers_low"] <= table["workers"]).all()
    assert (table["workers"] <= table["workers_high"]).all()


@QUICK
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(random):
    order = list(CITY.cells.index)
    random.shuffle(order)
    args = {"periods": PERIODS, "settings": Demand(ensemble=2, local_sd=0.0)}
    one, _ = estimate(CITY.cells, CITY.covariates, [CITY.group], **args)
    two, _ = estimate(CITY.cells.loc[order], CITY.covariates.loc[order], [CITY.group], **args)
    np.testing.assert_allclose(one["workers"], two["workers"].loc[one.index], rtol=1e-4)


@QUICK
@given(st.floats(0.01, 100))
def test_twice_the_total_is_twice_everywhere(factor):
    more = CITY.group.model_copy(update={"total": CITY.group.total * factor})
    one, _ = estimate(CITY.cells, CITY.covariates, [CITY.group], periods=PERIODS)
    two, _ = estimate(CITY.cells, CITY.covariates, [more], periods=PERIODS)
    np.testing.assert_allclose(two["workers"], factor * one["workers"])


@QUICK
@given(
    st.lists(st.floats(0, 10), min_size=9, max_size=9),
    st.lists(st.floats(0, 1000), min_size=3, max_size=3),
)
def test_weights_meet_totals_even_where_they_are_zero(weights, totals):
    zone = np.repeat([0, 1, 2], 3)
    out = to_totals(np.array(weights), zone, np.array(totals), np.ones(9))
    np.testing.assert_allclose(np.bincount(zone, out), totals, rtol=1e-9, atol=1e-9)


@QUICK
@given(st.lists(st.lists(st.floats(0.1, 100), min_size=3, max_size=3), min_size=2, max_size=4))
def test_raking_to_consistent_margins_converges(rows):
    seed = np.array(rows)
    wanted = seed * np.linspace(0.5, 2, seed.size).reshape(seed.shape)
    table, held = rake(seed, wanted.sum(axis=1), wanted.sum(axis=0))
    assert held
    assert (table > 0).all()


@QUICK
@given(st.lists(st.integers(0, 6), min_size=400, max_size=400), st.integers(1, 8), st.floats(0, 1))
def test_no_unit_shows_a_small_number(counts, least, looked):
    row, col = np.divmod(np.arange(400), 20)
    sums = np.array(counts, float)
    seen = np.random.default_rng(1).random(400) <= looked
    unit, _, lost = merge_small(np.where(seen, sums, 0), seen, Grid(200.0, col, row), least)
    kept = unit >= 0
    assert (unit[~seen] == -1).all()
    held = np.bincount(unit[kept], sums[kept]) if kept.any() else np.zeros(0)
    assert ((held == 0) | (held >= least)).all()
    assert held.sum() + lost == sums[seen].sum()
    assert lost < max(least, 1)
    assert pd.Series(unit[kept]).nunique() == (unit.max() + 1 if kept.any() else 0)
