"""Driver homes at least cost, and the stop of long trips: brute force, toys by hand, a county."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from planner.errors import AbsentError
from planner.freight.choose import master as fm
from planner.freight.choose import problem as fp
from planner.freight.choose.choice import choose
from planner.freight.need import make_need
from planner.settings.freight import Freight
from tests.freight.county import County, lnglat, table
from tests.freight.test_homes import corridor, corridor_times, random_problem, served_by_cuts, three_flows


def allowed(p: fp.HomesProblem, most: int):
    """Every plan that the rules allow: spacing, budget, a stop for each long trip."""
    free = np.flatnonzero(~p.open_now).tolist()
    bad = {tuple(sorted(c)) for c in p.conflicts.tolist()}
    must = p.must.toarray() if p.must is not None else np.zeros((0, len(p.capacity)), bool)
    for k in range(most + 1):
        for plan in itertools.combinations(free, k):
            every = [*np.flatnonzero(p.open_now).tolist(), *plan]
            if (
                any(pair in bad for pair in itertools.combinations(plan, 2))
                or not must[:, every].any(1).all()
            ):
                continue
            if p.budget is None or p.cost[list(plan)].sum() <= p.budget:
                yield plan, served_by_cuts(p, every)


def dear_problem(random, *, must: bool = False) -> fp.HomesProblem:
    p = random_problem(random)
    n = len(p.capacity)
    cost = random.choice([150_000.0, 300_000.0, 420_000.0], n)
    rows = sparse.csr_array(random.random((2, n)) < 0.5) if must else None
    return replace(p, cost=cost, must=rows)


@pytest.mark.parametrize("block", range(4))
def test_the_cheapest_plan_equals_brute_force(block):
    random = np.random.default_rng(700 + block)
    solved = 0
    while solved < 55:
        p = dear_problem(random, must=block % 2 == 1)
        base = fp.served(p, np.flatnonzero(p.open_now)).total
        plans = [(p.cost[list(plan)].sum(), got - base, len(plan)) for plan, got in allowed(p, 4)]
        most = max((got for _, got, _ in plans), default=0.0)
        if most < 1:
            continue
        target = float(random.uniform(0.3, 1) * most)
        fitting = [(cost, got, n) for cost, got, n in plans if got >= target - 1e-6]
        least = min(cost for cost, _, _ in fitting)
        found = fm.cheapest(fm.Master(p), target, 4, base=base, seconds=20)
        assert found == pytest.approx((least, least))
        choice = choose(
            p, Freight(problem="cheapest", target_drivers=target, gap=0.0, curve_to=1, max_homes=4)
        )
        assert p.cost[choice.best.homes].sum() == pytest.approx(least)
        assert choice.least_cost == pytest.approx(least)
        assert choice.best.drivers == pytest.approx(
            max(got for cost, got, _ in fitting if cost <= least + 1e-6), abs=1e-3
        )
        assert choice.best.bound == pytest.approx(choice.best.drivers, abs=1e-3)
        fewest = choose(p, Freight(target_drivers=target, gap=0.0, curve_to=1, max_homes=4))
        assert len(fewest.best.homes) <= min(n for _, _, n in fitting)
        assert p.cost[fewest.best.homes].sum() >= least - 1e-6
        solved += 1


@pytest.mark.parametrize("block", range(3))
def test_stops_of_long_trips_and_budgets_equal_brute_force(block):
    random = np.random.default_rng(800 + block)
    for _ in range(40):
        p = dear_problem(random, must=True)
        p = replace(p, budget=float(random.choice([300_000, 700_000, 1_500_000])))
        base = fp.served(p, np.flatnonzero(p.open_now)).total
        for count in (1, 2, 3):
            truth = max((got - base for _, got in allowed(p, count)), default=None)
            best = fm.most(fm.Master(p), count, base=base, gap=0.0, seconds=20)
            assert (best is None) == (truth is None)
            if truth is not None:
                assert best.drivers == pytest.approx(max(truth, 0.0), abs=1e-3)
                every = np.concatenate([np.flatnonzero(p.open_now), best.homes])
                assert p.must[:, every].toarray().any(1).all()


def test_three_homes_apart_are_found_where_two_serve_no_more_than_one_in_the_middle():
    p = fp.HomesProblem(
        sparse.csr_array(np.eye(4, dtype=bool)), np.array([100.0, 45, 45, 45]), np.full(4, 100.0),
        np.zeros(4, bool), np.array([[0, 1], [0, 2], [0, 3]]),
    )  # fmt: skip
    choice = choose(p, Freight(target_drivers=110))
    assert choice.best.homes.tolist() == [1, 2, 3]
    assert choice.best.drivers == pytest.approx(135)
    with pytest.raises(AbsentError, match="at most 135 can be served, with 3 homes"):
        choose(p, Freight(target_drivers=140))


@pytest.mark.parametrize("block", range(3))
def test_the_fewest_are_the_fewest_whatever_the_gap_and_the_rules(block):
    random = np.random.default_rng(900 + block)
    for _ in range(40):
        p = dear_problem(random)
        p = replace(p, budget=float(random.choice([450_000, 700_000, 1_500_000])))
        base = fp.served(p, np.flatnonzero(p.open_now)).total
        plans = [(got - base, len(plan)) for plan, got in allowed(p, 4)]
        most = max(got for got, _ in plans)
        if most < 1:
            continue
        target = float(random.uniform(0.6, 1) * most)
        choice = choose(p, Freight(target_drivers=target, gap=0.4, curve_to=1, max_homes=4))
        assert choice.best.drivers >= target - 1e-3
        assert len(choice.best.homes) <= min(n for got, n in plans if got >= target - 1e-6)


def test_a_plan_cut_by_the_clock_is_not_said_to_be_repeatable(monkeypatch):
    p = dear_problem(np.random.default_rng(2))
    ticks = iter(range(10**6))
    monkeypatch.setattr(fm.time, "perf_counter", lambda: 100.0 * next(ticks))
    master = fm.Master(p)
    fm.most(master, 2, base=0.0, gap=0.0, seconds=1.0)
    assert master.cut_by_clock


def test_an_upgrade_is_taken_where_it_is_cheaper():
    # one segment of 100 drivers: a new home for 60 of them at 300,000, or two upgrades of 30 at 120,000 each
    p = fp.HomesProblem(
        sparse.csr_array(np.ones((1, 3), bool)), np.array([100.0]), np.array([60.0, 30, 30]), np.zeros(3, bool),
        cost=np.array([300_000.0, 120_000, 120_000]),
    )  # fmt: skip
    few = choose(p, Freight(target_drivers=55))
    cheap = choose(p, Freight(target_drivers=55, problem="cheapest"))
    assert few.best.homes.tolist() == [0]
    assert cheap.best.homes.tolist() == [1, 2]
    assert cheap.least_cost == pytest.approx(240_000)
    assert cheap.best.drivers == pytest.approx(60)


def test_rules_that_allow_no_plan_are_said():
    p = fp.HomesProblem(
        sparse.csr_array(np.ones((1, 2), bool)), np.array([50.0]), np.array([60.0, 60]), np.zeros(2, bool),
        np.array([[0, 1]]), must=sparse.csr_array(np.eye(2, dtype=bool)),
    )  # fmt: skip
    for problem in ("fewest", "cheapest"):
        with pytest.raises(
            AbsentError, match=r"no choice of up to 3 homes 5 km apart.* gives each of the 2 groups of trips"
        ):
            choose(p, Freight(target_drivers=10, problem=problem, max_homes=3))


# -- the driving limit -------------------------------------------------------------------------------


def test_corridor_stops_by_hand():
    _, graph = corridor()
    need = make_need(
        np.array([7.0, 8.0, 9.0]), three_flows(through=True), *corridor_times(graph),
        catchment=24, detour=8, outside_share=0.5, trips_per_month=10, drive_limit=25,
    )  # fmt: skip
    # only A-E (40 min) is too long; h1 cuts it in 15 + 25, h2 (S) in 24 + 24 for 8 minutes more
    assert need.long_ends.tolist() == [[0, 2]]
    assert need.long_trips.tolist() == [50]
    assert need.stops.toarray().tolist() == [[True, True]]

    def with_limit(limit: float):
        return make_need(
            np.zeros(3), three_flows(through=True), *corridor_times(graph),
            catchment=24, detour=8, outside_share=0.5, trips_per_month=10, drive_limit=limit,
        )  # fmt: skip

    assert with_limit(24).stops.toarray().tolist() == [[False, True]]  # 25 min from h1 to E
    assert with_limit(23).stops.toarray().tolist() == [[False, False]]
    assert with_limit(40).stops.shape == (0, 2)


def long_road(tmp_path, limit: float) -> County:
    """60 bays near the western end, 20 in the middle; the whole road takes 56 minutes."""
    (a, b), (c, d) = lnglat(3, 0.05), lnglat(27, 0.05)
    files = table(
        tmp_path, "truck_sites.csv",
        f"编号,名称,类型,经度,纬度,货车泊位\nS1,西端大场,服务区,{a},{b},60\nS2,中段小场,服务区,{c},{d},20\n",
    )  # fmt: skip
    hosts = County.usual_hosts().iloc[[0, 2]]  # a port and an industrial zone: no candidates but the table's
    freight = (
        f'target_drivers = 1000\ndrive_limit_minutes = {limit}\nsite_kinds = ["service_area"]\ncurve_to = 1'
    )
    return County(freight, files, tmp_path, hosts=hosts)


def test_the_driving_limit_binds_where_trips_are_long(tmp_path):
    free = long_road(tmp_path, 240).plan()
    assert free.chosen["name"].tolist() == ["西端大场"]
    assert free.totals["trips_over_4h_per_day"] == 0
    bound = long_road(tmp_path, 40).plan()
    assert bound.chosen["name"].tolist() == ["中段小场"]  # 3 km from the west leaves 52 minutes of driving
    assert bound.totals["trips_over_4h_per_day"] > 0
    assert bound.totals["trips_over_4h_without_home"] == 0
    road = long_road(tmp_path, 20)
    never = road.plan()
    assert "FRT-017" in road.codes
    assert never.totals["trips_over_4h_without_home"] > 0


def test_the_cheapest_plan_of_a_county_takes_the_kind_that_costs_less(tmp_path):
    costs = "[freight.kind_cost_yuan]\nservice_area = 900000\n"
    few = County("target_drivers = 2500\ncurve_to = 1\n" + costs).plan()
    cheap = County('target_drivers = 2500\ncurve_to = 1\nproblem = "cheapest"\n' + costs).plan()
    assert len(few.chosen) == len(cheap.chosen) == 1
    assert cheap.chosen["host_kind"].iloc[0] != "service_area"
    run = cheap.run_json()
    assert run["cost_yuan"] == run["least_cost_yuan"] == 300_000
    assert run["problem"] == "cheapest"
    assert run["gap"] == 0
    assert few.run_json()["least_cost_yuan"] is None
    assert few.candidates.set_index("host_kind").loc["service_area", "cost_yuan"] == 900_000
