"""Pilots: what they teach where that can be written down, and in simulated cities whether it helps."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

from benchmarks.pilots import left
from planner.siting.questions.draws import Contested, DrawnWeights
from planner.siting.questions.pilots import choose_pilots, in_reach, learnt, simulate

MANY = 4000


def test_a_pilot_shows_workers_in_reach_whom_no_station_serves() -> None:
    draws = DrawnWeights.of(np.array([1.0, 2, 4, 8]), np.array([[1.0, 1, 1, 1], [2, 1, 1, 3]]))
    covers = sparse.csr_array(np.array([[1, 1, 0, 0], [0, 1, 1, 1], [0, 0, 0, 1]]))
    shown = in_reach(draws, covers, np.array([False, True, False, False]), np.array([1, 0]))
    assert shown.tolist() == [[12, 1], [28, 2]]


def test_cells_out_of_every_sites_reach_keep_the_estimate_and_the_rest_is_as_without_them() -> None:
    rng = np.random.default_rng(5)
    logs = rng.normal(0, 0.5, (50, 1)) + rng.normal(0, 0.2, (50, 6))
    draws = DrawnWeights.of(np.arange(1.0, 13), np.exp(logs))  # two periods of six cells
    shown, seen = np.exp(logs[:, :2]), np.array([2.0, 1.5])
    whole = learnt(draws, shown, seen)
    part = learnt(draws, shown, seen, cells=np.array([0, 4]))
    mean = np.arange(1.0, 13)
    near = np.array([True, False, False, False, True, False] * 2)
    assert part[near] == pytest.approx(whole[near], rel=1e-5)
    assert part[~near] == pytest.approx(mean[~near])
    assert (np.abs(whole - mean) > 0.05 * mean).any()


@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_what_is_learnt_is_the_posterior_of_a_log_normal_field(noise: float) -> None:
    """Two cells with log factors of sd 0.6 and 0.5 and correlation 0.8, a third alone; the first is seen at twice its median."""
    rng = np.random.default_rng(1)
    cov = np.array([[0.36, 0.24, 0], [0.24, 0.25, 0], [0, 0, 0.16]])
    logs = rng.multivariate_normal(np.zeros(3), cov, MANY)
    draws = DrawnWeights.of(
        np.array([10.0, 20, 30]), np.exp(logs)
    )  # of the median: only how a mean moves counts
    shown = 10 * np.exp(logs[:, :1])
    found = learnt(draws, shown, np.array([20.0]), noise=noise)
    gain = cov[:, 0] / (0.36 + noise**2)
    middle = gain * np.log(2)
    spread = np.diag(cov) - gain * cov[:, 0]
    assert found == pytest.approx(
        np.array([10.0, 20, 30]) * np.exp(middle + (spread - np.diag(cov)) / 2), rel=0.04
    )


def test_a_second_pilot_that_shows_the_same_adds_what_a_second_look_adds() -> None:
    """Two pilots on one field, errors apart: the variance of the error halves."""
    rng = np.random.default_rng(2)
    log = rng.normal(0, 0.6, (MANY, 1))
    draws = DrawnWeights.of(np.array([1.0]), np.exp(log))
    shown = np.hstack([np.exp(log), np.exp(log)])
    found = learnt(draws, shown, np.array([2.0, 3.0]), noise=0.5)
    error = 0.5**2 / 2
    gain = 0.36 / (0.36 + error)
    expected = np.exp(gain * np.log([2, 3]).mean() - 0.36 * gain / 2)
    assert found == pytest.approx([expected], rel=0.04)


def test_what_has_nothing_to_do_with_a_pilot_is_left_alone_by_few_draws() -> None:
    rng = np.random.default_rng(3)
    logs = rng.normal(0, 0.5, (40, 300))
    draws = DrawnWeights.of(np.ones(300), np.exp(logs))
    shown = np.exp(rng.normal(0, 0.5, (40, 1)))
    moved = learnt(draws, shown, np.array([3.0]), noise=0.1) - 1
    off = logs - logs.mean(axis=0)
    tell = np.log(shown) - np.log(shown).mean()
    slope = (tell * off).mean(axis=0) / (tell**2).mean()
    plain = np.abs(slope * (np.log(3.0) - np.log(shown).mean()))  # the regression believed as it stands
    assert np.abs(moved).mean() < 0.15 * plain.mean()


def test_pilots_are_the_sites_that_tell_most_of_what_the_plan_hangs_on_and_are_sure_themselves() -> None:
    """Site 0 and 1 move with the contested sites 5 and 6, site 2 with none, site 3 is contested itself."""
    rng = np.random.default_rng(4)
    a, b, c = rng.normal(size=(3, MANY))
    gains = np.column_stack([a + 0.1 * c, 2 * a, b])
    hung = Contested(np.array([3, 5, 6]), gains, np.array([1.0, 1.0, 1.0]))
    shown = 100 + np.column_stack([10 * b, 10 * a, 10 * c, 10 * (a + 0.1 * c)])
    sites, explained = choose_pilots(shown, np.arange(4), hung, k=2, noise=0.01)
    assert sites.tolist() == [1, 0]  # 3 tells as much as 1, and is in doubt
    whole = gains.var(axis=0).sum()
    assert explained == pytest.approx([(1 + 4) / whole, (1 + 4 + 1) / whole], rel=0.03)
    more, _ = choose_pilots(shown, np.arange(4), hung, k=4, noise=0.01)
    assert sorted(more.tolist()) == [0, 1, 2, 3]


def test_simulated_regret_is_counted_against_the_best_plan_for_the_truth() -> None:
    """Three sites on cells of their own, two to build, no noise: the pilot is site 0, the rest goes by what it shows."""
    factors = np.array([[1.0, 1, 3], [1, 3, 1], [1, 1, 2], [1, 2, 1]])
    draws = DrawnWeights.of(np.array([10.0, 10, 10]), factors)
    eye, none = sparse.csr_array(np.eye(3)), np.zeros(3, bool)
    asked = []

    def solve(weights: np.ndarray, must: np.ndarray) -> SimpleNamespace:
        asked.append((weights.round(6).tolist(), must.tolist()))
        rest = [s for s in np.argsort(-weights, kind="stable") if s not in must]
        return SimpleNamespace(chosen=np.array([*must, *rest][:2]))

    plan = np.array([1, 0])
    shown = in_reach(draws, eye, none, plan)
    found = simulate(solve, draws, eye, none, plan, shown, {"second": np.array([1])}, truths=2, noise=0.0)
    assert [must for _, must in asked] == [[0], [], [0], []]
    # site 0 never varies: nothing is learnt, the estimate stands (10 each) and site 1 is built
    # truth 0: best 10 + 30, built 10 + 10; truth 1: built 10 + 30, all there is
    assert found["plan"].tolist() == [20, 0]
    assert found["second"].tolist() == [20, 0]
    assert asked[0][0] == [10, 10, 10]


def test_in_simulated_cities_pilots_leave_less_regret_than_none() -> None:
    """A small version of ``python -m benchmarks.pilots``: four cities, few truths."""
    rows = [left(seed, draws=60, truths=4, spreads=(0.2, 0.6, 0.6, 0.15)) for seed in range(4)]
    mean = {name: np.mean([row[name] for row in rows]) for name in rows[0].index}
    assert set(mean) == {"plan", "taught", "rank", "random"}
    assert min(mean.values()) >= 0
    assert mean["taught"] < mean["plan"]
