"""Places that must be apart where the search, not HiGHS, makes the plan: kept, repeatable, under a bound that holds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import planner
from planner.errors import InfeasibleError
from planner.options.request import check_options
from planner.solvers.request import RequestError


def city(seed: int, *, within: float = 0.8) -> dict:
    """1,000 places on a plane with 3 options each, 4,000 points: too much for a proof."""
    rng = np.random.default_rng(seed)
    sites, points = rng.uniform(0, 30, (1000, 2)), rng.uniform(0, 30, (4000, 2))
    near = np.hypot(*(sites[:, None] - points[None]).transpose(2, 0, 1)) < 1.2
    hours = np.array([[1, 0], [1, 1], [0, 0]], bool)  # by day, day and night, closed
    covers = sparse.csr_array(
        np.stack([np.outer(near[s], hours[k]).ravel() for s in range(1000) for k in range(3)]).astype(float)
    )
    once = np.where(np.arange(3000) % 3 == 2, 0.0, rng.integers(20, 60, 3000)).astype(float)
    apart = np.argwhere(np.hypot(*(sites[:, None] - sites[None]).transpose(2, 0, 1)) < within)
    return {
        "covers": covers, "weights": rng.lognormal(1, 1, 8000), "place": np.repeat(np.arange(1000), 3), "must": range(50),
        "use": {"once": once}, "most": {"once": 8000.0}, "apart": apart[apart[:, 0] < apart[:, 1]].tolist(),
        "stands": np.arange(3000) % 3 < 2, "work_limit": 2, "time_limit_s": 600.0,
    }  # fmt: skip


@pytest.mark.parametrize("seed", [1])
def test_a_large_plan_keeps_places_apart_under_a_bound(seed: int) -> None:
    given = city(seed)
    plan = planner.maximal_covering_options(**given)
    chosen = plan.chosen
    standing = set(given["place"][chosen[given["stands"][chosen]]].tolist())
    assert len(standing) > 100
    assert not [p for p in given["apart"] if p[0] in standing and p[1] in standing]
    assert set(range(50)) <= set(given["place"][chosen].tolist())
    assert given["use"]["once"][chosen].sum() <= 8000 + 1e-9
    hit = np.asarray(given["covers"][chosen].sum(axis=0)).ravel() > 0
    assert plan.objective == pytest.approx(given["weights"][hit].sum())
    free = planner.maximal_covering_options(**{**given, "apart": ()})
    assert plan.objective <= free.objective * (1 + 1e-3)  # the spacing takes something away
    assert plan.bound >= plan.objective
    assert plan.chosen.tolist() == planner.maximal_covering_options(**given).chosen.tolist()


def test_a_plan_made_without_spacing_obeys_no_such_request() -> None:
    given = city(3)
    free = planner.maximal_covering_options(**{**given, "apart": ()})
    own = {k: v for k, v in given.items() if k not in ("work_limit", "time_limit_s")}
    request = check_options(own.pop("covers"), own.pop("weights"), own.pop("place"), **own)
    assert not request.allows(free.chosen)
    assert request.allows(planner.maximal_covering_options(**given).chosen)


def test_what_cannot_be_apart_is_refused() -> None:
    given = {"covers": np.eye(3), "weights": [1, 1, 1], "place": ["a", "b", "c"]}
    with pytest.raises(InfeasibleError) as refused:
        planner.maximal_covering_options(**given, must=["a", "b"], apart=[("a", "b")])
    assert set(refused.value.rules) == {"must", "apart"}
    assert planner.maximal_covering_options(**given, apart=[("a", "b")]).objective == 2.0
    assert planner.maximal_covering_options(**given, apart=[("a", "nowhere")]).objective == 3.0
    for wrong in ({"apart": [("a", "a")]}, {"stands": [True]}, {"stands": [1, 0, 1]}):
        with pytest.raises(RequestError):
            planner.maximal_covering_options(**given, **wrong)
