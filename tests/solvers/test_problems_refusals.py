"""Requests that cannot be meant or met are refused in plain words (INPUTS.md rows 46 to 52)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from planner.errors import InfeasibleError, PlannerError
from planner.medians.problems import p_center, p_median
from planner.solvers.problems import maximal_covering, set_covering

COVERS = sparse.csr_array(np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1]]))
W = [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": [1, np.nan, 1, 1]}, "not finite"),
        ({"weights": [1, -1, 1, 1]}, "negative, first at 1"),
        ({"weights": [1, 1e300, 1, 1]}, "astronomically large at 1"),
        ({"weights": [0, 0, 0, 0]}, "no demand"),
        ({"weights": [1, 2]}, "4 expected"),
        ({"weights": ["a", 1, 1, 1]}, "numbers"),
        ({"p": 0}, "at least 1; got 0"),
        ({"p": -3}, "at least 1; got -3"),
        ({"p": 2.5}, "whole number"),
        ({"p": "2"}, "whole number"),
        ({"p": True}, "whole number"),
        ({"p": float("nan")}, "whole number"),
        ({"p": None}, "budget"),
        ({"covers": np.zeros((0, 4))}, "no candidate site"),
        ({"covers": np.zeros((4, 0)), "weights": []}, "no demand point"),
        ({"covers": np.zeros(4)}, "sites × demand"),
        ({"covered": [True]}, "4 expected"),
        ({"covered": [0, 1, 2, 0]}, "True or False"),
        ({"required": [4]}, "positions run from 0 to 3"),
        ({"required": [-1]}, "positions run from 0 to 3"),
        ({"required": [1, 1]}, "more than once"),
        ({"forbidden": [0.5]}, "positions"),
        ({"forbidden": np.array([True, False, False, False])}, "positions"),
        ({"quota_min": {"A": 1}}, "need region"),
        ({"region": list("AB")}, "4 expected"),
        ({"region": list("AABB"), "quota_min": {"A": -1}}, "at least 0"),
        ({"region": list("AABB"), "quota_max": {"A": 1.5}}, "whole number"),
        ({"budget": 3.0}, "needs cost"),
        ({"cost": [1, 1, 1, -1], "budget": 3.0}, "not negative"),
        ({"cost": [1, 1, 1], "budget": 3.0}, "4 expected"),
        ({"cost": [1, 1, 1, 1], "budget": np.nan}, "budget must be finite"),
        ({"conflicts": [[0, 9]]}, "outside"),
        ({"time_limit_s": 0}, "time_limit_s"),
        ({"gap": -1}, "gap"),
        ({"work_limit": 0}, "work_limit"),
    ],
)
def test_arguments_that_cannot_be_meant(change: dict, words: str) -> None:
    arguments = {"covers": COVERS, "weights": W, "p": 2} | change
    with pytest.raises(ValueError, match=words) as caught:
        maximal_covering(**arguments)
    assert isinstance(caught.value, PlannerError)


@pytest.mark.parametrize(
    ("rules", "clash", "way_out"),
    [
        ({"p": 5}, ["p = 5 sites", "there are only 4 candidates"], "p = 4"),
        ({"p": 4, "forbidden": [0]}, ["p = 4 sites", "1 of 4 candidates are forbidden"], "p = 3"),
        ({"p": 1, "required": [0, 1]}, ["p = 1 sites", "2 sites are required"], "p = 2"),
        (
            {"p": 2, "required": [0], "forbidden": [0]},
            ["site 0 is required", "site 0 is forbidden"],
            "site 0",
        ),
        (
            {"p": 3, "region": list("AABB"), "quota_min": {"A": 2, "B": 2}},
            ["p = 3 sites", "quota_min sum to 2 + 2 = 4"],
            "p = 4",
        ),
        (
            {"p": 3, "region": list("AABB"), "quota_min": {"A": 3}},
            ["A needs at least 3", "A has 2 usable candidates"],
            "quota_min of A = 2",
        ),
        (
            {"p": 3, "region": list("AABB"), "quota_min": {"C": 1}},
            ["C needs at least 1", "C has 0 usable candidates"],
            "quota_min of C = 0",
        ),
        (
            {"p": 3, "region": list("AABB"), "quota_max": {"A": 1, "B": 1}},
            ["p = 3 sites", "quota_max (and usable candidates) leave room for 1 + 1 = 2"],
            "p = 2",
        ),
        (
            {"p": 3, "region": list("AABB"), "quota_min": {"A": 2}, "quota_max": {"A": 1}},
            ["A needs at least 2", "A may have at most 1"],
            "quota_min of A = 1",
        ),
        (
            {"p": 3, "region": list("AABB"), "quota_max": {"A": 1}, "required": [0, 1]},
            ["A may have at most 1", "2 sites required there"],
            "quota_max of A = 2",
        ),
        (
            {"p": 3, "cost": [5, 6, 7, 8], "budget": 17.0},
            ["budget 17", "p = 3 sites", "the cheapest such plan costs 18"],
            "budget 18",
        ),
        (
            {"p": None, "cost": [5, 6, 7, 8], "budget": 4.0, "required": [0]},
            ["budget 4", "the required sites cost 5"],
            "budget 5",
        ),
        (
            {"p": 2, "required": [0, 1], "conflicts": [[0, 1]]},
            ["sites 0 and 1 are required", "sites 0 and 1 are too close to each other"],
            "require only one",
        ),
        (
            {"p": 3, "conflicts": [[0, 1], [2, 3]]},
            ["p = 3 sites", "2 pairs of sites too close to each other"],
            "p = 2 (the most that fit)",
        ),
    ],
)
def test_requests_that_no_plan_can_meet(rules: dict, clash: list[str], way_out: str) -> None:
    with pytest.raises(InfeasibleError) as caught:
        maximal_covering(COVERS, W, **rules)
    assert list(caught.value.clash) == clash
    assert way_out in caught.value.suggestion
    assert all(rule in str(caught.value) for rule in clash)


def test_the_clash_is_irreducible_and_the_way_out_works() -> None:
    rules = {"cost": [5.0, 6, 7, 8], "budget": 12.0, "conflicts": [[0, 1]], "required": [3]}
    # 8 for the required one leaves 4: no second site is affordable, whatever the spacing
    with pytest.raises(InfeasibleError) as caught:
        maximal_covering(COVERS, W, 2, **rules)
    assert "too close" not in str(caught.value)
    rules["budget"] = 13.0
    assert sorted(maximal_covering(COVERS, W, 2, **rules).chosen.tolist()) == [0, 3]


def test_spacing_and_budget_together() -> None:
    # the two cheapest are too close: 5 + 7 is the cheapest pair that may stand together
    rules = {"cost": [5.0, 6, 7, 8], "budget": 11.5, "conflicts": [[0, 1]]}
    with pytest.raises(InfeasibleError) as caught:
        maximal_covering(COVERS, W, 2, **rules)
    assert set(caught.value.rules) == {"p", "budget", "spacing"}
    assert caught.value.suggestion == "budget 12"
    assert maximal_covering(COVERS, W, 2, **rules | {"budget": 12.0}).chosen.size == 2


def test_nothing_left_to_gain_still_gives_p_sites() -> None:
    plan = maximal_covering(COVERS, W, 3, covered=[True] * 4)
    assert (plan.objective, plan.bound, plan.status, len(plan.chosen)) == (10.0, 10.0, "optimal", 3)
    assert plan.gained == 0


def test_empty_covers_give_p_sites_that_cover_nothing() -> None:
    plan = maximal_covering(sparse.csr_array((4, 4)), W, 2)
    assert (plan.objective, plan.gap, len(plan.chosen)) == (0.0, 0.0, 2)


def test_all_candidates_chosen() -> None:
    plan = maximal_covering(COVERS, W, 4)
    assert sorted(plan.chosen.tolist()) == [0, 1, 2, 3]
    assert plan.status == "optimal"


def test_duplicate_entries_and_stored_zeros_cover_once() -> None:
    coo = sparse.coo_array(([1, -1, 0, 5], ([0, 0, 1, 1], [2, 2, 0, 3])), shape=(2, 4))
    plan = maximal_covering(coo, W, 1)
    assert plan.chosen.tolist() == [1]
    assert plan.objective == 5.0
    assert maximal_covering(coo, W, 2).objective == 8.0


def test_set_covering_lists_what_cannot_be_covered() -> None:
    covers = sparse.csr_array(np.array([[1, 0, 0], [0, 1, 0]]))
    with pytest.raises(InfeasibleError, match="1 demand points lie in reach of no usable site: 2"):
        set_covering(covers)
    assert set_covering(covers, coverable_only=True).objective == 2
    with pytest.raises(InfeasibleError) as caught:
        set_covering(covers, [1, 1, 2], share=0.9)
    assert "share 0.5" in caught.value.suggestion
    assert set_covering(covers, [1, 1, 2], share=0.5).objective == 2
    with pytest.raises(ValueError, match="share must lie"):
        set_covering(covers, share=1.5)


def test_costs_that_cannot_be_meant() -> None:
    for costs, words in [
        ([[1, np.nan]], "NaN"),
        ([[1, -2]], "negative"),
        ([1, 2], "dimension"),
        ([[]], "at least one"),
    ]:
        with pytest.raises(ValueError, match=words):
            p_median(costs, None, 1)
    with pytest.raises(ValueError, match="more than once"):
        p_median(sparse.coo_array(([1.0, 2.0], ([0, 0], [0, 0])), shape=(1, 1)), None, 1)
    with pytest.raises(ValueError, match="inf"):
        p_center(sparse.csr_array(np.array([[np.inf]])), 1)


def test_points_that_cannot_be_assigned_are_listed() -> None:
    costs = np.array([[1, 2, np.inf], [3, 1, np.inf]])
    with pytest.raises(InfeasibleError, match="1 have no usable site with a cost: 2"):
        p_median(costs, None, 1)
    assert p_median(costs, [1, 1, 0], 1).objective == 3  # weight 0 need not be assigned
    apart = np.array([[1, np.inf], [np.inf, 1]])
    with pytest.raises(InfeasibleError) as caught:
        p_median(apart, None, 1)
    assert caught.value.suggestion == "p = 2"
    with pytest.raises(InfeasibleError, match="in reach"):
        p_center(apart, 1)
    assert p_center(apart, 2).objective == 1


def test_a_limit_of_time_never_says_optimal_without_proof() -> None:
    rng = np.random.default_rng(3)
    covers = sparse.csr_array(rng.random((600, 4000)) < 0.01)
    plan = maximal_covering(covers, rng.integers(1, 50, 4000), 40, time_limit_s=0.02)
    assert plan.status == "feasible"
    assert plan.bound > plan.objective
    assert not plan.repeatable
    assert "cut by the clock" in repr(plan)
    assert len(plan.chosen) == 40
