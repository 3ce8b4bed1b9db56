"""What must hold for any siting request, whatever the numbers."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from planner.medians.problems import p_median
from planner.solvers.problems import maximal_covering, set_covering
from planner.solvers.score import covered_weight

FEW = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def requests(draw: st.DrawFn):
    m, n = draw(st.integers(2, 9)), draw(st.integers(2, 16))
    bits = draw(st.lists(st.booleans(), min_size=m * n, max_size=m * n))
    hit = np.array(bits).reshape(m, n)
    weights = np.array(draw(st.lists(st.integers(0, 50), min_size=n, max_size=n)), float)
    weights[0] += 1
    return hit, weights, draw(st.integers(1, m))


@FEW
@given(requests())
def test_more_sites_never_cover_less_and_the_answer_is_its_own_score(request) -> None:
    hit, weights, p = request
    covers = sparse.csr_array(hit)
    values = []
    for k in range(1, p + 1):
        plan = maximal_covering(covers, weights, k, work_limit=10)
        assert plan.status == "optimal"
        assert plan.objective == weights[hit[plan.chosen].any(axis=0)].sum()
        assert covered_weight(covers, weights, plan.chosen) == plan.objective
        values.append(plan.objective)
    assert all(a <= b for a, b in itertools.pairwise(values))


@FEW
@given(requests())
def test_chosen_come_in_order_of_falling_gain(request) -> None:
    hit, weights, p = request
    plan = maximal_covering(sparse.csr_array(hit), weights, p, work_limit=10)
    seen = np.zeros(len(weights), bool)
    gains = []
    for i in plan.chosen:
        gains.append(weights[hit[i] & ~seen].sum())
        rest = [weights[hit[k] & ~seen].sum() for k in plan.chosen[len(gains) :]]
        assert gains[-1] >= max(rest, default=0)
        seen |= hit[i]
    assert all(a >= b for a, b in itertools.pairwise(gains))


@FEW
@given(requests(), st.randoms(use_true_random=False))
def test_relabelling_and_doubling(request, random) -> None:
    hit, weights, p = request
    plan = maximal_covering(sparse.csr_array(hit), weights, p, work_limit=10)
    sites, points = list(range(len(hit))), list(range(len(weights)))
    random.shuffle(sites)
    random.shuffle(points)
    other = maximal_covering(sparse.csr_array(hit[sites][:, points]), weights[points], p, work_limit=10)
    assert other.objective == plan.objective
    double = maximal_covering(sparse.csr_array(hit), weights * 2, p, work_limit=10)
    assert double.objective == 2 * plan.objective
    assert double.chosen.tolist() == plan.chosen.tolist()


@FEW
@given(requests())
def test_covering_with_the_fewest_sites_covers_everything(request) -> None:
    hit, weights, _ = request
    hit[np.arange(len(weights)) % len(hit), np.arange(len(weights))] = True  # everything can be covered
    covers = sparse.csr_array(hit)
    fewest = set_covering(covers)
    assert hit[fewest.chosen].any(axis=0).all()
    assert fewest.objective == len(fewest.chosen)
    assert maximal_covering(covers, weights, len(fewest.chosen), work_limit=10).objective == weights.sum()
    if len(fewest.chosen) > 1:
        ones = np.ones(len(weights))
        less = maximal_covering(covers, ones, len(fewest.chosen) - 1, work_limit=10)
        assert less.objective < ones.sum()


@FEW
@given(requests())
def test_a_median_over_zero_one_costs_is_a_covering(request) -> None:
    hit, weights, p = request
    covering = maximal_covering(sparse.csr_array(hit), weights, p, work_limit=10)
    median = p_median(1.0 - hit, weights, p, work_limit=10)
    assert median.objective == weights.sum() - covering.objective


@FEW
@given(requests(), st.integers(0, 3))
def test_the_same_work_gives_the_same_answer(request, seed: int) -> None:
    hit, weights, p = request
    first, second = (
        maximal_covering(sparse.csr_array(hit), weights, p, work_limit=5, seed=seed) for _ in range(2)
    )
    assert first.chosen.tolist() == second.chosen.tolist()
    assert (first.objective, first.bound, first.repeatable) == (second.objective, second.bound, True)


def test_nothing_given_is_changed() -> None:
    rng = np.random.default_rng(0)
    covers = sparse.csr_array(rng.random((20, 60)) < 0.2)
    weights, covered = rng.random(60), rng.random(60) < 0.3
    before = covers.copy(), weights.copy(), covered.copy()
    for p in (1, 5):
        maximal_covering(covers, weights, p, covered=covered, work_limit=5)
    assert (covers != before[0]).nnz == 0
    assert (weights == before[1]).all()
    assert (covered == before[2]).all()
