"""Networks under one budget: never worse than apart, equal to brute force, links kept, bounds true."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import planner
from planner.facts.coverage import headline_scope
from planner.facts.networks import network_facts
from planner.facts.register import Register
from planner.networks.shared import packages, plan_together, split_of
from planner.networks.solve import LookFor, NetworkBlock, block_of, gains, solve_block
from planner.study.union import union_of
from planner.telling.contents.networks import network_lines, union_parts
from planner.telling.words.phrases import phrase
from tests.networks.test_town import HOSTS, own, riders
from tests.study.town import Place, street_town

LOOK = LookFor(20, 0.0, 60.0, 1)
NO_PAIRS = np.zeros((0, 2), np.int64)


def toy(rng: np.random.Generator, *, wanted: int | None = None) -> NetworkBlock:
    """A network of 3 to 5 candidates and 6 to 10 people columns, some of equal worth, some served by nobody."""
    n, m = int(rng.integers(3, 6)), int(rng.integers(6, 11))
    covers = sparse.csr_array((rng.random((n, m)) < 0.35).astype(np.int8))
    weights = rng.integers(0, 5, m).astype(float)
    pairs = np.array([(0, 1)]) if rng.random() < 0.4 else NO_PAIRS
    return NetworkBlock(
        covers, weights, rng.integers(1, 6, n).astype(float), 0.0, weights.sum(), pairs, wanted
    )


def subsets(block: NetworkBlock) -> list[tuple[int, ...]]:
    n = block.covers.shape[0]
    most = n if block.wanted is None else block.wanted
    bad = [set(p) for p in block.conflicts.tolist()]
    return [
        c
        for k in range(most + 1)
        for c in itertools.combinations(range(n), k)
        if not any(pair <= set(c) for pair in bad)
    ]


def value(block: NetworkBlock, chosen: tuple[int, ...]) -> float:
    hit = (
        (block.covers.toarray()[list(chosen)] > 0).any(axis=0)
        if chosen
        else np.zeros(block.covers.shape[1], bool)
    )
    return float(block.weights[hit].sum())


def best_of_all(
    blocks: list[NetworkBlock], worth: list[float], budget: float, on: dict[int, tuple[int, Any]] | None = None
) -> float:  # fmt: skip
    """The best joint plan, every combination tried; what each part costs and is worth is counted once."""
    parts = [
        [(c, float(b.cost[list(c)].sum()), w * value(b, c)) for c in subsets(b)]
        for w, b in zip(worth, blocks, strict=True)
    ]
    best = 0.0
    for plan in itertools.product(*parts):
        if sum(cost for _, cost, _ in plan) > budget:
            continue
        linked = all(
            needs[i] < 0 or needs[i] in plan[below][0]
            for k, (below, needs) in (on or {}).items()
            for i in plan[k][0]
        )
        if linked:
            best = max(best, sum(gained for _, _, gained in plan))
    return best


@pytest.mark.parametrize("seed", range(40))
def test_together_is_the_best_of_all_plans_and_never_worse_than_any_split(seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = [
        toy(rng, wanted=int(rng.integers(1, 4)) if rng.random() < 0.5 else None) for _ in range(2 + seed % 2)
    ]
    worth = [float(w) for w in rng.choice([0.5, 1.0, 3.0], len(blocks))]
    budget = float(rng.integers(0, 16))
    found = plan_together(blocks, worth, budget, LOOK)
    assert found.worth == pytest.approx(best_of_all(blocks, worth, budget))
    assert found.bound >= found.worth - 1e-9
    assert found.worth >= found.separate_worth
    assert found.spent <= budget
    for share in rng.dirichlet(np.ones(len(blocks)), 2):
        apart = sum(
            w * value(b, tuple(solve_block(b, LOOK, budget=budget * s)[0].chosen))
            for w, b, s in zip(worth, blocks, share, strict=True)
        )
        assert found.worth >= apart - 1e-9


@pytest.mark.parametrize("seed", range(30))
def test_a_network_on_another_keeps_to_its_places_and_the_bound_holds(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    base, top, third = toy(rng, wanted=2), toy(rng), toy(rng, wanted=2)
    needs = rng.integers(-1, base.covers.shape[0], top.covers.shape[0])
    budget = float(rng.integers(2, 16))
    on = {1: (0, needs)}
    found = plan_together([base, top, third], [1.0, 2.0, 1.0], budget, LOOK, on=on)
    assert all(needs[i] < 0 or needs[i] in found.chosen[0] for i in found.chosen[1])
    assert all(needs[i] < 0 or needs[i] in found.separate[0] for i in found.separate[1])
    best = best_of_all([base, top, third], [1.0, 2.0, 1.0], budget, on)
    assert found.worth == pytest.approx(best)
    assert found.bound >= best - 1e-9
    assert found.worth >= found.separate_worth
    assert found.spent <= budget


@pytest.mark.parametrize("seed", range(30))
def test_two_networks_on_one_and_one_on_these_are_the_best_of_all_plans_too(seed: int) -> None:
    rng = np.random.default_rng(500 + seed)
    blocks = [toy(rng, wanted=2), toy(rng, wanted=2), toy(rng, wanted=1), toy(rng)]
    sizes = [b.covers.shape[0] for b in blocks]
    on = {k: (below, rng.integers(-1, sizes[below], sizes[k])) for k, below in ((1, 0), (2, 0), (3, 1))}
    budget = float(rng.integers(2, 14))
    found = plan_together(blocks, [1.0, 2.0, 1.0, 2.0], budget, LOOK, on=on)
    for k, (below, needs) in on.items():
        assert all(needs[i] < 0 or needs[i] in found.chosen[below] for i in found.chosen[k])
    assert found.worth == pytest.approx(best_of_all(blocks, [1.0, 2.0, 1.0, 2.0], budget, on))
    assert found.bound >= found.worth - 1e-9


def test_packages_hold_each_place_and_every_choice_of_what_may_stand_on_it() -> None:
    starts = np.array([0, 2, 4, 5])  # two networks of two places, one of one
    on = {1: (0, np.array([1, -1])), 2: (0, np.array([1]))}
    made = packages(starts, on).toarray().astype(int)
    assert {tuple(np.flatnonzero(row)) for row in made} == {(0,), (1,), (1, 2), (1, 4), (1, 2, 4), (3,)}


def test_the_budget_is_split_by_what_is_wanted() -> None:
    rng = np.random.default_rng(0)
    a, b = toy(rng, wanted=2), toy(rng, wanted=4)
    a = NetworkBlock(a.covers, a.weights, np.full(a.covers.shape[0], 3.0), 0, 1, NO_PAIRS, 2)
    b = NetworkBlock(b.covers, b.weights, np.full(b.covers.shape[0], 1.0), 0, 1, NO_PAIRS, 4)
    free = NetworkBlock(b.covers, b.weights, b.cost, 0, 1, NO_PAIRS, None)
    assert split_of([a, b], 100.0) == pytest.approx([60, 40])
    assert split_of([a, b, free], 150.0) == pytest.approx([60, 40, 50])


def test_gains_are_counted_in_order_and_sum_to_the_value() -> None:
    rng = np.random.default_rng(5)
    block = toy(rng)
    order = np.arange(block.covers.shape[0])
    assert gains(block.covers, block.weights, order).sum() == pytest.approx(value(block, tuple(order)))
    assert gains(block.covers, block.weights, order)[0] == pytest.approx(value(block, (0,)))


def test_a_block_leaves_out_whom_places_serve_already_in_that_period() -> None:
    people = np.array([[5.0, 1.0, 0.0], [2.0, 0.0, 7.0]])  # two points; morning, night, any hour
    old = sparse.csr_array(np.array([[60.0, 0.0]]))  # reaches the first point
    new = sparse.csr_array(np.array([[60.0, 60.0], [0.0, 900.0]]))
    block = block_of(
        people, old, new, cutoff_s=600.0, open_old=np.array([[True, False, True]]),
        open_new=np.array([[True, True, True], [True, True, True]]), cost=np.ones(2), conflicts=NO_PAIRS, wanted=1,
    )  # fmt: skip
    assert block.people == 15
    assert block.served == 5  # the old place is shut at night
    assert value(block, (0,)) == 1 + 2 + 7
    assert value(block, (1,)) == 0  # beyond the cutoff


def test_through_the_study_file_money_is_shared_and_links_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    shared = 'host_kinds = ["{}"]\nwanted = 2\nshares_budget = true\ncost_yuan = 10000\n'
    text = (
        "[union]\nbudget_yuan = 30000\ngap = 0.0\n" + own("a", shared.format("mall")) + own("b", shared.format("bank") + "worth = 2.0\n")
        + own("c", 'only_on = "a"\nwanted = 1\nshares_budget = true\ncost_yuan = 10000\n')
    )  # fmt: skip
    study = planner.open_study(street_town(tmp_path, stations=[Place("s", 1000.0)], hosts=HOSTS, extra=text))
    plan = study.plan_networks()
    pool = plan.pool
    assert pool is not None
    assert pool.spent_yuan <= 30000
    assert pool.worth_apart <= pool.worth <= pool.bound
    assert list(pool.table["network"]) == ["a", "b", "c"]
    assert set(plan.plans["c"].chosen["name"]) <= set(plan.plans["a"].chosen["name"])
    gained = {n: p.after - p.before for n, p in plan.plans.items()}
    assert pool.worth == pytest.approx(gained["a"] + 2 * gained["b"] + gained["c"])
    sites = {h.name: h for h in HOSTS}
    for name in ("a", "b", "c"):
        chosen = [sites[n] for n in plan.plans[name].chosen["name"]]
        assert riders(study, chosen) == pytest.approx(plan.plans[name].after)
        assert pool.table.set_index("network").loc[name, "gained"] == pytest.approx(gained[name])
    union, here = union_of(study.stages), headline_scope(study.settings.circle.walk_m)
    facts = Register(network_facts(union, here), here)
    shared_out = {part.heading: part.table for part in union_parts(union, facts, "en")}[
        phrase("union_head_pool", "en")
    ]
    assert list(shared_out["pool_gained"]) == pytest.approx([gained[n] for n in ("a", "b", "c")])
    for one in union.networks:
        low, high = facts.fact("network_people", plan="", network=one.name).shown_band()
        assert low < high
        assert f"{low:,.0f}" in network_lines(union, one, facts, "en")[-1]
        assert f"{high:,.0f}" in network_lines(union, one, facts, "en")[-1]
