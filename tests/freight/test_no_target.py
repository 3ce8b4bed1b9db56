"""Without a target: as many drivers as the homes allowed can serve, with no home too many; brute force and a county."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from planner.errors import AbsentError
from planner.freight.choose import problem as fp
from planner.freight.choose.choice import choose
from planner.settings.freight import Freight
from tests.freight.county import County
from tests.freight.test_cost import allowed, dear_problem


@pytest.mark.parametrize("problem", ["fewest", "cheapest"])
@pytest.mark.parametrize("block", range(3))
def test_without_a_target_the_plan_equals_brute_force(block, problem):
    random, solved = np.random.default_rng(300 + block), 0
    while solved < 40:
        p = dear_problem(random, must=block == 1)
        p = replace(p, budget=float(random.choice([450_000, 900_000, 3_000_000])))
        base = fp.served(p, np.flatnonzero(p.open_now)).total
        most = int(random.integers(1, 5))
        plans = [(got - base, p.cost[list(plan)].sum(), len(plan)) for plan, got in allowed(p, most)]
        top = max((got for got, _, _ in plans), default=0.0)
        f = Freight(problem=problem, max_homes=most, gap=0.0, curve_to=int(random.integers(1, 4)))
        if top < 1 or p.open_now.all():
            with pytest.raises(AbsentError):
                choose(p, f)
            continue
        solved += 1
        best = choose(p, f).best
        assert best.drivers == pytest.approx(top, abs=1e-2)
        winners = [(cost, n) for got, cost, n in plans if got >= top - 1e-6]
        if problem == "fewest":
            assert len(best.homes) == min(n for _, n in winners)
        else:
            assert p.cost[best.homes].sum() == pytest.approx(min(cost for cost, _ in winners))


def test_numbers_of_homes_beyond_the_curve_are_halved_and_the_fewest_are_found():
    # ten groups of 30 drivers with a home each, and two homes that nobody needs: ten serve all who are there
    drivers = np.r_[np.full(10, 30.0), 0.0, 0.0]
    p = fp.HomesProblem(
        sparse.csr_array(np.eye(12, dtype=bool)), drivers, np.full(12, 100.0), np.zeros(12, bool)
    )
    choice = choose(p, Freight(curve_to=2, max_homes=12, gap=0.0))
    assert sorted(choice.best.homes.tolist()) == list(range(10))
    assert choice.best.drivers == pytest.approx(300)
    assert choice.curve["homes"].tolist() == [1, 2, 10]
    assert choice.curve["drivers"].tolist() == pytest.approx([30, 60, 300])


@pytest.mark.parametrize(
    ("p", "code"),
    [
        (fp.HomesProblem(sparse.csr_array(np.ones((1, 1), bool)), np.array([9.0]), np.array([20.0]), np.ones(1, bool)), "FRT-018"),
        (fp.HomesProblem(sparse.csr_array(np.zeros((1, 1), bool)), np.array([9.0]), np.array([20.0]), np.zeros(1, bool)), "FRT-027"),
        (fp.HomesProblem(sparse.csr_array(np.ones((1, 2), bool)), np.array([9.0]), np.full(2, 20.0), np.array([True, False])), "FRT-028"),
        (fp.HomesProblem(sparse.csr_array(np.ones((1, 2), bool)), np.array([9.0]), np.full(2, 20.0), np.zeros(2, bool),
                         np.array([[0, 1]]), must=sparse.csr_array(np.eye(2, dtype=bool))), "FRT-023"),
    ],
)  # fmt: skip
def test_homes_that_would_serve_nobody_are_told_by_their_reason(p, code):
    with pytest.raises(AbsentError) as error:
        choose(p, Freight())
    (told,) = error.value.findings
    assert (told.code, told.severity) == (code, "W")
    for language in ("zh", "en"):
        assert "freight.enabled = false" in told.message(language)
        assert "{" not in told.message(language)
    assert not re.search("[一-鿿]", told.message_en)


def test_a_county_without_a_target_serves_as_many_as_the_homes_allowed_can():
    plan = County("max_homes = 3").plan()
    # 40 bays × 12 × 0.7 × 30 / 4 = 2,520 drivers a month each
    assert plan.drivers == pytest.approx(3 * 2520)
    assert len(plan.chosen) == 3
    assert plan.run_json()["target"] is None
    with pytest.raises(
        AbsentError, match=r"3 homes, the most that are allowed, serve 7,560 at most.*freight\.max_homes = 3"
    ):
        County("max_homes = 3\ntarget_drivers = 7561").plan()
    assert County("max_homes = 3\ntarget_drivers = 7560").plan().drivers == pytest.approx(7560)


def test_no_promise_of_suzhous_is_a_default():
    assert Freight().target_drivers is None
    assert Freight().target_source == ""
