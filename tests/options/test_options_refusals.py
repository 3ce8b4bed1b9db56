"""What no choice can keep is refused with the limit that binds; what cannot be meant is refused before."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import planner
from planner.errors import InfeasibleError

#: Station a: as it is, longer, closed; candidate b: small, large; candidate c.
COVERS = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 1, 0], [0, 0, 0, 1]])
PLACE = ["a", "a", "a", "b", "b", "c"]
YUAN = [0, 20, 5, 30, 50, 40]
WEIGHTS = [10, 4, 7, 5]


def solve(**more):
    return planner.maximal_covering_options(COVERS, WEIGHTS, PLACE, **more)


@pytest.mark.parametrize(
    ("most", "chosen", "worth"),
    [
        (0, {0}, 10), (19, {0}, 10), (20, {1}, 14), (30, {0, 3}, 17), (40, {0, 3}, 17), (50, {1, 3}, 21),
        (70, {0, 3, 5}, 22), (89, {0, 3, 5}, 22), (90, {1, 3, 5}, 26), (1000, {1, 3, 5}, 26),
    ],
)  # fmt: skip
def test_plans_worked_by_hand(most: float, chosen: set[int], worth: float) -> None:
    plan = solve(must=["a"], use={"yuan": YUAN}, most={"yuan": most})
    assert plan.objective == plan.bound == worth
    if most not in (50, 1000):  # there are ties
        assert set(plan.chosen.tolist()) == chosen


def test_best_first_by_what_each_adds() -> None:
    plan = solve(must=["a"], use={"yuan": YUAN}, most={"yuan": 90})
    assert plan.chosen.tolist() == [1, 3, 5]  # 14, 7, 5


def test_a_close_may_pay_for_another_place() -> None:
    plan = planner.maximal_covering_options(
        [[1, 0], [0, 0], [0, 1]],
        [2, 9],
        ["a", "a", "b"],
        must=["a"],
        use={"yearly": [0, -6, 6]},
        most={"yearly": 0},
    )
    assert sorted(plan.chosen.tolist()) == [1, 2]
    assert plan.objective == 9


REFUSED = [
    ({"use": {"yuan": YUAN}, "most": {"yuan": 19}, "required": [1]}, ("required", "most['yuan']"), "at most 20 of yuan"),
    ({"use": {"yuan": YUAN}, "least": {"yuan": 1000}}, ("least['yuan']",), "at least 110 of yuan"),
    ({"use": {"yuan": YUAN}, "least": {"yuan": 40}, "most": {"yuan": 30}}, ("least['yuan']", "most['yuan']"), "at least 30 of yuan"),
    ({"must": ["b", "c"], "use": {"yuan": YUAN}, "most": {"yuan": 69.5}}, ("must", "most['yuan']"), "at most 70 of yuan"),
    ({"region": PLACE, "quota_min": {"b": 2}}, ("quota_min['b']",), "at least 1 options in region b"),
    ({"region": PLACE, "quota_max": {"a": 0}, "must": ["a"]}, ("must", "quota_max['a']"), "at most 1 options in region a"),
    ({"region": PLACE, "quota_min": {"north": 1}}, ("quota_min['north']",), "at least 0 options in region north"),
    ({"must": ["z"]}, ("must",), "leave out must z"),
    ({"must": ["c"], "forbidden": [5]}, ("must", "forbidden"), "forbid one option fewer"),
    ({"required": [3, 4]}, ("required",), "require one of them"),
    ({"required": [3], "forbidden": [3]}, ("required", "forbidden"), "leave out forbidden 3"),
    ({"use": {"yuan": YUAN, "beds": [0, 1, 0, 1, 2, 1]}, "most": {"yuan": 60}, "least": {"beds": 3}}, ("least['beds']", "most['yuan']"), "at most 70 of yuan"),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "named", "way_out"), REFUSED, ids=lambda v: str(v)[:40])
def test_the_limit_that_binds_is_named_with_the_nearest_way_out(rules, named, way_out) -> None:
    with pytest.raises(InfeasibleError) as caught:
        solve(**rules)
    assert set(caught.value.rules) == set(named)
    assert way_out in caught.value.suggestion
    assert "没有方案" in caught.value.message("zh")
    assert caught.value.message("zh").isascii() is False
    assert isinstance(caught.value, ValueError)


def test_the_nearest_way_out_is_one() -> None:
    plan = solve(use={"yuan": YUAN, "beds": [0, 1, 0, 1, 2, 1]}, most={"yuan": 70}, least={"beds": 3})
    assert sorted(plan.chosen.tolist()) == [1, 4]  # 20 + 50 for 1 + 2 beds
    assert plan.objective == 21


def test_a_limit_met_exactly_in_tenths_is_kept() -> None:
    plan = planner.maximal_covering_options(
        np.eye(3), [1, 1, 1], [0, 1, 2], use={"km": [0.1, 0.2, 0.3]}, most={"km": 0.3 + 0.3}
    )
    assert plan.objective == 3  # 0.1 + 0.2 + 0.3 is 0.6000000000000001


def test_a_sum_that_passes_its_limit_by_a_millionth_of_a_millionth_and_more_is_not() -> None:
    use = [1.0, 1.0 + 1e-9]
    plan = planner.maximal_covering_options(np.eye(2), [1, 2], [0, 1], use={"yuan": use}, most={"yuan": 1.0})
    assert plan.chosen.tolist() == [0]
    assert plan.status == "optimal"


def test_a_sum_that_one_selection_alone_meets_is_found_and_one_that_none_meets_refused() -> None:
    use = np.random.default_rng(0).uniform(1, 2, 12)
    meant = float(use[[1, 4, 7]].sum())
    plan = planner.maximal_covering_options(
        np.eye(12),
        np.ones(12),
        range(12),
        use={"y": use},
        most={"y": meant},
        least={"y": meant * (1 - 1e-13)},
    )
    assert sorted(plan.chosen.tolist()) == [1, 4, 7]
    off = meant * (1 + 3e-9)  # within what HiGHS takes for equal
    with pytest.raises(InfeasibleError, match="limits, taken together"):
        planner.maximal_covering_options(
            np.eye(12),
            np.ones(12),
            range(12),
            use={"y": use},
            most={"y": off},
            least={"y": off * (1 - 1e-13)},
        )


MEANT = [
    (
        {"use": {"yuan": [1, 2]}, "most": {"yuan": 3}},
        "use\\['yuan'\\] must be one number per option: 6 expected",
    ),
    ({"use": {"yuan": [np.nan] * 6}, "most": {"yuan": 3}}, "must be finite; option 0"),
    ({"use": {"yuan": ["dear"] * 6}, "most": {"yuan": 3}}, "must be numbers"),
    ({"most": {"yuan": 3}}, "most limits 'yuan', but use says nothing of it"),
    ({"use": {"yuan": YUAN}, "least": {"beds": 3}}, "least limits 'beds'"),
    ({"use": {"yuan": YUAN}, "most": {"yuan": np.nan}}, "most\\['yuan'\\] must be a number"),
    ({"use": {"yuan": YUAN}, "most": {"yuan": -np.inf}}, "must be a number"),
    ({"required": [6]}, "positions run from 0 to 5"),
    ({"quota_min": {"a": 1}}, "quotas need region"),
    ({"region": ["x"]}, "6 expected"),
    ({"region": PLACE, "quota_max": {"a": 0.5}}, "whole number"),
    ({"time_limit_s": 0}, "time_limit_s"),
    ({"gap": -1}, "gap"),
]


@pytest.mark.parametrize(("rules", "words"), MEANT, ids=lambda v: str(v)[:40])
def test_what_cannot_be_meant_is_refused(rules, words) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        solve(**rules)
    assert not isinstance(caught.value, InfeasibleError)


def test_a_label_per_option_is_asked_for() -> None:
    with pytest.raises(ValueError, match="place must be one label per option: 6 expected"):
        planner.maximal_covering_options(COVERS, WEIGHTS, ["a", "b"])


def test_an_unlimited_side_and_a_resource_without_limits_change_nothing() -> None:
    plan = solve(use={"yuan": YUAN, "beds": YUAN}, most={"yuan": np.inf}, least={"yuan": -np.inf})
    assert plan.objective == sum(WEIGHTS)


@pytest.mark.parametrize("name", sorted(n for n in planner.__all__ if n.startswith(("maximal_cov", "p_"))))
def test_every_solver_stops_after_a_minute_unless_told(name):
    assert inspect.signature(getattr(planner, name)).parameters["time_limit_s"].default == 60.0
