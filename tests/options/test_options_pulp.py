"""Options beside a model of their own in PuLP, solved by CBC: same objective where the gap asked for is 0."""

from __future__ import annotations

import numpy as np
import pulp
import pytest
from scipy import sparse

import planner

#: Places.
N = 40


def instance(seed: int) -> dict:
    """40 places on a plane with 4 options each, 60 points in 5 periods, money once and yearly, districts."""
    rng = np.random.default_rng(seed)
    sites, points = rng.uniform(0, 8, (N, 2)), rng.uniform(0, 8, (60, 2))
    near = np.hypot(*(sites[:, None] - points[None]).transpose(2, 0, 1)) < rng.uniform(0.9, 1.6)
    hours = np.array([[0, 1, 1, 1, 0], [0, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0]], bool)
    menu = np.stack([rng.permutation(4) for _ in range(N)])
    covers = np.stack([(near[s][:, None] & hours[menu[s, k]]).ravel() for s in range(N) for k in range(4)])
    place, must = np.repeat(np.arange(N), 4), list(range(int(rng.integers(0, 15))))
    length = hours.sum(axis=1)[menu].ravel().astype(float)
    once = rng.integers(20, 90, 4 * N) * (~np.isin(place, must) | (rng.random(4 * N) < 0.3))
    yearly = 3.0 * length + rng.integers(0, 3, 4 * N) if seed % 2 else rng.uniform(1, 3, 4 * N) * length
    weights = rng.integers(1, 50, 300).astype(float) if seed % 3 else rng.lognormal(2, 1, 300)
    given = {
        "covers": sparse.csr_array(covers.astype(float)),
        "weights": weights,
        "place": place,
        "must": must,
    }
    given["use"] = {"once": once.astype(float), "yearly": yearly}
    given["most"] = {"once": float(rng.integers(400, 900)), "yearly": float(rng.integers(150, 300))}
    given["least"] = {"yearly": 60.0} if seed % 4 == 0 else {}
    given["region"] = sites[place, 0] > 4
    given["quota_min"] = {True: 8} if seed % 5 == 0 else {}
    given["quota_max"] = {False: 9} if seed % 5 < 2 and len(must) < 9 else {}
    given["covered"] = rng.random(300) < 0.05
    if seed % 2:  # places nearer than 1 may not both have an option that stands
        near = np.argwhere(np.hypot(*(sites[:, None] - sites[None]).transpose(2, 0, 1)) < 1.0)
        given.update(apart=near[near[:, 0] < near[:, 1]].tolist(), stands=menu.ravel() > 0)
    return given


def best_by_pulp(given: dict) -> float:
    """The optimum of a plain model: x per option, z per demand point."""
    covers, weights, place = given["covers"].tocsc(), given["weights"], given["place"]
    model = pulp.LpProblem("options", pulp.LpMaximize)
    x = [model.add_variable(f"x{o}", cat="Binary") for o in range(len(place))]
    open_ = np.flatnonzero(~given["covered"])
    z = {j: model.add_variable(f"z{j}", 0, 1) for j in open_.tolist()}
    model += pulp.lpSum(float(weights[j]) * z[j] for j in z)
    for j in z:
        model += z[j] <= pulp.lpSum(x[o] for o in covers.indices[covers.indptr[j] : covers.indptr[j + 1]])
    for p in np.unique(place).tolist():
        taken = pulp.lpSum(x[o] for o in np.flatnonzero(place == p))
        model += (taken == 1) if p in given["must"] else (taken <= 1)
    for a, b in given.get("apart", ()):
        model += pulp.lpSum(x[o] for o in np.flatnonzero(np.isin(place, [a, b]) & given["stands"])) <= 1
    for name, amounts in given["use"].items():
        total = pulp.lpSum(float(a) * one for a, one in zip(amounts, x, strict=True))
        model += total <= given["most"][name]
        if name in given["least"]:
            model += total >= given["least"][name]
    for side in (True, False):
        count = pulp.lpSum(x[o] for o in np.flatnonzero(given["region"] == side))
        if side in given["quota_min"]:
            model += count >= given["quota_min"][side]
        if side in given["quota_max"]:
            model += count <= given["quota_max"][side]
    assert model.solve(pulp.PULP_CBC_CMD(msg=False, gapRel=0.0)) == 1
    return float(pulp.value(model.objective)) + float(weights[given["covered"]].sum())


@pytest.mark.filterwarnings(
    "ignore:PULP_CBC_CMD is deprecated:DeprecationWarning"
)  # CBC: not the solver we use
@pytest.mark.parametrize("block", range(10))
def test_the_optimum_is_pulp_s_and_the_bound_never_below_it(block: int) -> None:
    for seed in range(block * 6, block * 6 + 6):
        given = instance(seed)
        best = best_by_pulp(given)
        plan = planner.maximal_covering_options(**given, gap=0.0)
        assert plan.objective == pytest.approx(best, rel=1e-7), seed
        assert plan.bound >= best * (1 - 1e-9), seed
        assert plan.status == "optimal", seed
        rough = planner.maximal_covering_options(**given, gap=0.5, work_limit=1)
        assert rough.objective <= best * (1 + 1e-7) <= rough.bound * (1 + 2e-7), seed
