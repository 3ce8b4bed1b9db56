"""Properties of the freight model that hold for any input."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from planner.freight.choose import problem as fp
from planner.freight.flows import Trips, model_trips
from planner.freight.need import make_need


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(0, 4))
def test_trips_out_equal_trips_in_in_every_zone(seed: int, generators: int, gates: int) -> None:
    random = np.random.default_rng(seed)
    xy = random.uniform(0, 60, (generators + gates, 2))
    minutes = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) + 0.1
    drivers = random.uniform(0, 500, generators)
    volume = random.uniform(0, 400, gates)
    trips = model_trips(
        drivers,
        volume,
        minutes,
        minutes[generators:, generators:],
        through_share=0.4,
        through_min_km=20,
        beta=0.05,
    )
    total = trips.total
    assert (total >= 0).all()
    scale = 1e-4 * max(total.sum(), 1)
    assert np.allclose(total.sum(1), total.sum(0), atol=scale)
    assert np.allclose(total.sum(1)[:generators], drivers, atol=scale)
    assert (total.sum(1)[generators:] <= volume / 2 + scale).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_distinct_drivers_add_up_and_longer_budgets_reach_no_fewer(seed: int) -> None:
    random = np.random.default_rng(seed)
    n, g, s = 4, 3, 5
    xy, spots = random.uniform(0, 60, (n + g, 2)), random.uniform(0, 60, (s, 2))
    direct = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    to = np.hypot(*(xy[:, None] - spots[None]).transpose(2, 0, 1))
    local, exchange, through = (random.uniform(0, 9, (n + g, n + g)) for _ in range(3))
    for part in (local, exchange, through):
        np.fill_diagonal(part, 0)
    trips, drivers = Trips(local, exchange, through, 0.0, 1.0), random.uniform(1, 50, n)
    before = None
    for budget in (2.0, 8.0, 30.0):
        need = make_need(
            drivers,
            trips,
            direct,
            to,
            to.T,
            catchment=budget,
            detour=budget,
            outside_share=0.5,
            trips_per_month=6,
        )
        outside = (through + 0.5 * exchange).sum() * 30 / 6
        assert np.isclose(need.drivers.sum(), drivers.sum() + outside)
        reached = sum(need.in_reach(np.arange(s)))
        assert reached <= need.drivers.sum() + 1e-6
        assert (need.passing_trips <= trips.total.sum() + 1e-6).all()
        assert before is None or reached >= before - 1e-6
        before = reached


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_served_never_exceeds_drivers_or_bays_and_grows_with_homes(seed: int) -> None:
    random = np.random.default_rng(seed)
    m, n = int(random.integers(1, 12)), int(random.integers(1, 8))
    reach = random.random((m, n)) < 0.4
    p = fp.HomesProblem(
        sparse.csr_array(reach), random.uniform(0, 30, m), random.uniform(0, 60, n), np.zeros(n, bool)
    )
    before = 0.0
    for k in range(n + 1):
        got = fp.served(p, np.arange(k))
        assert (got.by_home <= p.capacity + 1e-2).all()
        assert (got.by_segment <= p.drivers + 1e-2).all()
        assert np.isclose(got.by_home.sum(), got.by_segment.sum(), atol=1e-2)
        assert (got.by_segment[~reach[:, :k].any(1)] == 0).all()
        assert got.total >= before - 1e-6
        before = got.total
