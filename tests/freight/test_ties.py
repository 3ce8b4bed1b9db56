"""Plans that tie: counted as brute force counts them, chosen by who passes and by detour, and told."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from planner.freight.choose import master as fm
from planner.freight.choose import problem as fp
from planner.freight.choose.choice import choose
from planner.freight.choose.ties import swapped, tied, untie
from planner.settings.freight import Freight
from tests.freight.county import County
from tests.freight.test_cost import allowed, dear_problem
from tests.freight.test_homes import served_by_cuts


def alike(n: int, drivers: float = 1000.0, capacity: float = 10.0, **more) -> fp.HomesProblem:
    """``n`` homes of like room within everybody's reach."""
    return fp.HomesProblem(
        sparse.csr_array(np.ones((1, n), bool)), np.array([drivers]), np.full(n, capacity), np.zeros(n, bool), **more
    )  # fmt: skip


def passing(random, p: fp.HomesProblem) -> fp.Passing:
    """Groups of drivers who pass some of the homes, with detours of whole minutes."""
    groups, n = int(random.integers(1, 6)), len(p.capacity)
    minutes = random.integers(1, 11, (groups, n)).astype(float)
    return fp.Passing(
        np.where(random.random((groups, n)) < 0.4, minutes, np.inf),
        random.integers(1, 50, groups).astype(float),
    )


def who_passes(p: fp.HomesProblem, homes) -> tuple[float, float]:
    """Drivers who pass one of the homes, and the sum of their least detours, one group at a time."""
    drivers = spent = 0.0
    for row, many in zip(p.passing.minutes.tolist(), p.passing.drivers.tolist(), strict=True):
        least = min((row[h] for h in homes), default=np.inf)
        if np.isfinite(least):
            drivers, spent = drivers + many, spent + many * least
    return drivers, spent / drivers if drivers else 0.0


@pytest.mark.parametrize("problem", ["fewest", "cheapest"])
@pytest.mark.parametrize("block", range(3))
def test_ties_equal_brute_force_and_the_plan_is_the_one_most_drivers_pass(block, problem):
    random, solved, several, decided = np.random.default_rng(60 + block), 0, 0, 0
    while solved < 35:
        p = dear_problem(random, must=block == 1)
        like = random.random() < 0.6
        p = replace(
            p, budget=float(random.choice([600_000, 3_000_000])), passing=passing(random, p),
            capacity=np.full(len(p.capacity), 12.0) if like else p.capacity,
            cost=np.full(len(p.capacity), 300_000.0) if like else p.cost,
        )  # fmt: skip
        now = np.flatnonzero(p.open_now)
        base = fp.served(p, now).total
        plans = [(plan, got - base) for plan, got in allowed(p, 3) if plan]
        top = max((got for _, got in plans), default=0.0)
        if top < 1:
            continue
        solved += 1
        choice = choose(
            p, Freight(problem=problem, target_drivers=0.8 * top, gap=0.0, curve_to=1, max_homes=3)
        )
        fits = [(plan, got) for plan, got in plans if got >= 0.8 * top - 1e-6]
        if problem == "fewest":
            best = min(len(plan) for plan, _ in fits)
            fits = [(plan, got) for plan, got in plans if len(plan) <= best]
        else:
            best = min(p.cost[list(plan)].sum() for plan, _ in fits)
            fits = [(plan, got) for plan, got in plans if p.cost[list(plan)].sum() <= best + 1e-6]
        most = max(got for _, got in fits)
        ties = [plan for plan, got in fits if got >= most - 1e-6]
        assert choice.ties.exact
        assert choice.ties.plans == len(ties)
        assert choice.best.drivers == pytest.approx(most, abs=1e-2)
        ranked = sorted((-d, m, plan) for plan in ties for d, m in [who_passes(p, [*now, *plan])])
        assert tuple(sorted(choice.best.homes.tolist())) == ranked[0][2]
        assert choice.ties.passing == pytest.approx(-ranked[0][0])
        assert choice.ties.detour_minutes == pytest.approx(ranked[0][1])
        several += len(ties) > 1
        decided += len(ties) > 1 and ranked[0][:2] != ranked[1][:2]
    assert several > 7
    assert decided > 2


def test_fifteen_pairs_of_six_like_homes_tie():
    p = alike(6)
    plans, exact = tied(p, 20.0, 2)
    assert exact
    assert sorted(map(tuple, plans)) == list(itertools.combinations(range(6), 2))
    # homes 0 and 1 too near to each other: one pair less; a budget for one home only: none
    assert len(tied(replace(p, conflicts=np.array([[0, 1]])), 20.0, 2)[0]) == 14
    assert tied(replace(p, cost=np.full(6, 5.0), budget=9.0), 20.0, 2) == ([], True)
    assert len(tied(replace(p, must=sparse.csr_array(np.eye(6, dtype=bool)[:1])), 20.0, 2)[0]) == 5


def test_a_count_that_is_cut_off_says_at_least_and_looks_for_who_passes_all_the_same():
    minutes = np.full((3, 60), np.inf)
    minutes[0, 57], minutes[1, 58], minutes[2, 59] = 5.0, 5.0, 5.0
    p = alike(60, passing=fp.Passing(minutes, np.array([30.0, 20, 10])))
    master = fm.Master(p)
    best = fm.most(master, 3, base=0.0, gap=0.0, seconds=20)
    found, ties = untie(master, best, 3, base=0.0, seconds=20, work=100)
    assert not ties.exact
    # 34,220 in truth; the search sees no more than 100 before its work is done, and 100 of the plan's 171 swaps tie too
    assert 100 <= ties.plans <= 201
    assert sorted(found.homes.tolist()) == [57, 58, 59]
    assert (ties.passing, ties.detour_minutes) == (60, 5)
    again, same = untie(master, best, 3, base=0.0, seconds=20, work=100)
    assert again.homes.tolist() == found.homes.tolist()
    assert same.plans == ties.plans


def test_the_detour_decides_where_as_many_pass():
    minutes = np.array([[4.0, 2.0, 3.0], [np.inf, np.inf, np.inf]])
    p = alike(3, passing=fp.Passing(minutes, np.array([30.0, 99.0])))
    choice = choose(p, Freight(target_drivers=10))
    assert choice.ties.plans == 3
    assert choice.best.homes.tolist() == [1]
    assert (choice.ties.passing, choice.ties.detour_minutes) == (30, 2)


def test_bays_bind_where_one_bay_more_would_serve_more():
    random, both = np.random.default_rng(8), set()
    for _ in range(120):
        p = replace(dear_problem(random), conflicts=np.zeros((0, 2), np.int64))
        homes = np.flatnonzero(random.random(len(p.capacity)) < 0.6)
        got = fp.served(p, homes)
        for h in homes:
            more = replace(p, capacity=p.capacity + np.eye(len(p.capacity))[h])
            binds = served_by_cuts(more, homes) > served_by_cuts(p, homes) + 1e-9
            assert got.full[h] == binds
            both.add(bool(binds))
        assert not np.delete(got.full, homes).any()
    assert both == {True, False}


def test_a_county_says_how_many_plans_tie_and_that_bays_bind():
    plan = County("target_drivers = 5000").plan()
    # four sites of 40 bays, all within everybody's reach: six pairs serve 2 × 2,520
    assert len(plan.candidates) == 4
    run = plan.run_json()
    assert (run["tied_plans"], run["tied_plans_exact"]) == (6, True)
    assert (run["limited_by"], run["homes_limited_by_bays"]) == ("bays", 2)
    assert plan.chosen["limited_by_bays"].tolist() == [True, True]
    fewer = County(
        "target_drivers = 5000\ntrips_per_driver_day = 0.3"
    )  # a tenth of the drivers still fill the bays
    fewer.demand = fewer.demand.assign(truck__06_10=40.0, truck__22_06=60.0)
    assert fewer.plan().drivers == pytest.approx(plan.drivers)


def test_homes_with_bays_to_spare_are_not_limited_by_them():
    county = County("max_homes = 4\ngateway_trucks = {trunk = 0.0}")
    county.demand = county.demand.assign(truck__06_10=4.0, truck__22_06=6.0)  # 120 drivers, 2,520 a home
    plan = county.plan()
    run = plan.run_json()
    assert plan.drivers == pytest.approx(120)
    assert (run["limited_by"], run["homes_limited_by_bays"]) == ("drivers", 0)
    assert not plan.chosen["limited_by_bays"].any()


def test_swaps_keep_the_rules():
    p = alike(5, conflicts=np.array([[0, 2]]), cost=np.array([1.0, 1, 1, 5, 1]), budget=2.0)
    # from {0, 1}: 2 is too near to 0 and may stand in for it only; 3 is too dear
    assert set(swapped(p, np.array([0, 1]), 20.0)) == {(1, 2), (1, 4), (0, 4)}
    stop = replace(p, must=sparse.csr_array(np.array([[True, False, False, False, False]])))
    assert swapped(stop, np.array([0, 1]), 20.0) == [(0, 4)]
    assert swapped(p, np.array([0, 1]), 20.5) == []


def test_many_homes_of_many_are_told_as_ties_within_the_work():
    p = alike(80, drivers=1e6)
    master = fm.Master(p)
    best = fm.most(master, 40, base=0.0, gap=0.0, seconds=20)
    found, ties = untie(master, best, 40, base=0.0, seconds=20, work=300)
    assert not ties.exact
    assert ties.plans >= 300
    assert len(found.homes) == 40
