"""What an unknown is worth knowing, on cities small enough to try every plan under every draw.

Expected values are counted with plain Python over all sets of sites; the solver handed in tries every set.
"""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from planner.siting.questions.draws import Contested, DrawnPart, DrawnWeights, contested
from planner.siting.questions.knowledge import Knowledge, classes_of, learn_what, removed
from planner.solvers.request import check_rules
from tests.siting.drawn_city import drawn_city

SITES, CELLS, P, DRAWS = 7, 18, 2, 24


class SmallTown:
    """Sites that reach cells, one of them served already, and draws of two zones and of every cell."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.covers = (rng.random((SITES, CELLS)) < 0.25).astype(int)
        self.covered = rng.random(CELLS) < 0.15
        self.weights = rng.integers(1, 30, CELLS).astype(float)
        self.zone = np.repeat([0, 1], CELLS // 2)
        zones = np.exp(rng.normal(0, 0.7, (DRAWS, 2)))
        self.factors = zones[:, self.zone] * np.exp(rng.normal(0, 0.3, (DRAWS, CELLS)))
        self.plans = list(combinations(range(SITES), P))
        self.chosen = np.array(max(self.plans, key=lambda s: self.value(self.weights, s)))

    def value(self, weights: np.ndarray, sites) -> float:
        reached = {j for j in range(CELLS) if self.covered[j]}
        for site in sites:
            reached |= {j for j in range(CELLS) if self.covers[site, j]}
        return float(sum(weights[j] for j in sorted(reached)))

    def solve(self, weights: np.ndarray) -> SimpleNamespace:
        best = max(self.plans, key=lambda s: self.value(weights, s))
        return SimpleNamespace(chosen=np.array(best), bound=self.value(weights, best))

    def unknowns(self) -> np.ndarray:
        """Workers of both zones, in reach of each site, and a number that has nothing to do with them."""
        drawn = self.weights * self.factors
        zones = [drawn[:, self.zone == z].sum(axis=1) for z in (0, 1)]
        sites = [drawn[:, self.covers[s] > 0].sum(axis=1) for s in range(SITES)]
        return np.column_stack([*zones, *sites, np.random.default_rng(3).normal(size=DRAWS)])

    def learn(self, **options) -> Knowledge:
        values = self.unknowns()
        return learn_what(
            self.solve, DrawnWeights.of(self.weights, self.factors), sparse.csr_array(self.covers), self.covered, self.chosen,
            unknowns=pd.DataFrame({"name": np.arange(values.shape[1])}), values=values,
            teaches=options.pop("teaches", np.ones(values.shape[1])), **options,
        )  # fmt: skip

    def nested(self, values: np.ndarray) -> float:
        """All plans under all draws: what choosing a plan for each third of the draws gains over one plan."""
        worth = [[self.value(self.weights * f, s) for s in self.plans] for f in self.factors]
        order = sorted(range(DRAWS), key=lambda d: values[d])
        third = DRAWS // 3
        parts = [order[:third], order[third : 2 * third], order[2 * third :]]
        whole = sum(max(sum(worth[d][s] for d in part) for s in range(len(self.plans))) for part in parts)
        return (whole - max(sum(worth[d][s] for d in range(DRAWS)) for s in range(len(self.plans)))) / DRAWS


@pytest.mark.parametrize("seed", range(50))
def test_what_knowing_removes_is_what_trying_every_plan_under_every_draw_says(seed: int) -> None:
    town = SmallTown(seed)
    found, values = town.learn(), town.unknowns()
    varies = np.ptp(values, axis=0) > 0  # a site may reach nobody
    assert found.solves == DRAWS + 1 + 4 * 3 + 3 * varies.sum()
    for row in found.table.itertuples():
        expected = town.nested(values[:, row.name]) if varies[row.name] else 0.0
        assert row.seems == pytest.approx(expected, abs=1e-9)
        assert row.removes == pytest.approx(max(0.0, row.seems - row.chance), abs=1e-9)
    best = np.mean([max(town.value(town.weights * f, s) for s in town.plans) for f in town.factors])
    mean = town.weights * town.factors.mean(axis=0)
    one = max(town.value(mean, s) for s in town.plans)
    assert found.regret == found.ceiling == pytest.approx(best - one)
    assert found.replan == pytest.approx(one - town.value(mean, town.chosen))
    assert (found.table["part"] >= 0).all()
    assert found.table["part"].sum() <= found.regret + 1e-9
    assert found.table["removes"].is_monotonic_decreasing


def test_the_number_of_plans_is_held_and_the_rest_choose_among_those_found() -> None:
    town = SmallTown(1)
    teaches = np.array([0.1, 0.9, 0, 0, 0.5, 0, 0, 0, 0, 0.2])
    found = town.learn(teaches=teaches, most_solves=DRAWS + 1 + 12 + 8)
    assert found.solves == DRAWS + 1 + 12 + 6
    assert found.table["solved"].sum() == 2
    assert found.table.loc[found.table["solved"], "name"].isin([0, 1]).any()  # zones move this town most
    full = town.learn().table.set_index("name")["seems"]
    assert (
        found.table.set_index("name")["seems"].reindex(full.index) <= full + 1e-9
    ).all()  # fewer plans to choose from


def test_what_is_the_same_in_every_draw_is_not_worth_knowing() -> None:
    town = SmallTown(2)
    draws = DrawnWeights.of(town.weights, town.factors)
    found = learn_what(
        town.solve, draws, sparse.csr_array(town.covers), town.covered, town.chosen,
        unknowns=pd.DataFrame({"name": ["same"]}), values=np.full((DRAWS, 1), 5.0), teaches=np.zeros(1),
    )  # fmt: skip
    row = found.table.iloc[0]
    assert (row["seems"], row["removes"], row["part"], bool(row["clear"])) == (0, 0, 0, False)


def test_two_sites_in_two_zones_by_hand() -> None:
    """One site to build; zone A has 10 workers, zone B 8 or 14: knowing B removes (14 − 11) / 2 … of one plan, B's."""
    factors = np.array([[1.0, 8 / 11], [1.0, 14 / 11]] * 6)
    draws = DrawnWeights.of(np.array([10.0, 11.0]), factors)

    def solve(weights: np.ndarray) -> SimpleNamespace:
        return SimpleNamespace(chosen=np.array([int(weights[1] > weights[0])]), bound=weights.max())

    values = draws.worth(sparse.csr_array(np.eye(2)))
    found = learn_what(
        solve, draws, sparse.csr_array(np.eye(2)), np.zeros(2, bool), np.array([1]), classes=2,
        unknowns=pd.DataFrame({"zone": ["A", "B"]}), values=values, teaches=np.zeros(2),
    )  # fmt: skip
    assert found.regret == pytest.approx((10 + 14) / 2 - 11)
    assert found.table["zone"].iloc[0] == "B"
    assert found.table["seems"].tolist() == pytest.approx([1.0, 0.0])


def test_equal_values_stay_together_and_classes_are_of_one_size_else() -> None:
    assert classes_of(np.array([5.0, 1, 3, 2, 4, 6]), 3).tolist() == [2, 0, 1, 0, 1, 2]
    assert classes_of(np.array([7.0, 7, 7, 7]), 3).tolist() == [0, 0, 0, 0]
    assert classes_of(np.array([1.0, 1, 1, 2, 2, 9]), 3).tolist() == [0, 0, 0, 1, 1, 2]
    assert removed(np.array([[3.0, 0], [3, 0], [0, 5], [0, 5]]), np.array([0, 0, 1, 1])) == 16 / 4 - 10 / 4


def test_taking_chance_off_brings_the_value_of_what_says_nothing_near_to_nothing() -> None:
    """The last unknown is noise: what it seems to remove is chance, and most of that is taken off."""
    seems, removes, decisive = [], [], []
    for seed in range(25):
        table = SmallTown(seed).learn().table
        noise = table[table["name"] == SITES + 2].iloc[0]
        seems.append(noise["seems"])
        removes.append(noise["removes"])
        decisive.append(table[table["name"] < 2]["removes"].max())
    assert np.mean(removes) < 0.6 * np.mean(seems)
    assert np.mean(decisive) > 4 * np.mean(removes)


def test_draws_by_group_are_the_sum_of_their_parts() -> None:
    """Two groups, two periods of three cells: weights and worth written out."""
    rider = DrawnPart("rider", np.array([1.0, 2, 3, 4, 5, 6]), np.array([[1.0, 2, 1], [0, 1, 1]]))
    sweeper = DrawnPart("sweeper", np.array([10.0, 0, 0, 10, 0, 0]), np.array([[1.0, 1, 1], [3, 1, 1]]))
    draws = DrawnWeights((rider, sweeper))
    assert draws.one(0).tolist() == [11, 4, 3, 14, 10, 6]
    assert draws.one(1).tolist() == [30, 2, 3, 30, 5, 6]
    assert draws.mixed(np.array([0.5, 0.5])).tolist() == [20.5, 3, 3, 22, 7.5, 6]
    rows = sparse.csr_array(np.array([[1, 0, 0, 0, 1, 0], [0, 0, 1, 1, 0, 0]]))
    assert draws.worth(rows).tolist() == [[21, 17], [35, 33]]
    labels = {(g, d): v.tolist() for g, d, v in draws.of_labels(np.array(["x", "y", "x"]))}
    assert labels[("rider", "x")] == [5 + 9, 9]
    assert labels[("rider", "y")] == [14, 7]
    assert labels[("sweeper", "x")] == [20, 60]


def test_a_plan_hangs_on_sites_near_the_margin_and_not_on_what_all_have_in_common() -> None:
    """Sites alone on their cells: 100, 52 (chosen), 48 (left out), 1 worker; the third cell varies by itself."""
    weights = np.array([100.0, 52, 48, 1])
    rng = np.random.default_rng(0)
    common = np.exp(rng.normal(0, 0.5, (400, 1))) * np.ones(4)
    rules, eye, none = check_rules(4, 2), sparse.csr_array(np.eye(4)), np.zeros(4, bool)
    alike = contested(DrawnWeights.of(weights, common), eye, none, np.array([0, 1]), rules)
    assert not len(alike.sites)
    factors = common.copy()
    factors[:, 2] *= np.exp(rng.normal(0, 0.2, 400))
    hung = contested(DrawnWeights.of(weights, factors), eye, none, np.array([0, 1]), rules)
    worth = dict(zip(hung.sites.tolist(), hung.worth.tolist(), strict=True))
    assert worth[2] > 0.5
    assert worth.get(0, 0.0) < 0.01
    assert worth.get(3, 0.0) < 0.01
    told = hung.explained(np.column_stack([factors[:, 2] / common[:, 0], rng.normal(size=400)]))
    assert told[0] > 0.7  # the rest is the common factor, which multiplies it
    assert told[1] < 0.05


def test_few_draws_explain_nothing() -> None:
    three = Contested(np.array([0]), np.array([[1.0], [2], [4]]), np.ones(1))
    assert three.explained(np.array([[1.0], [2], [4]])).tolist() == [0]


@pytest.mark.parametrize("seed", range(3))
def test_with_the_solver_of_studies_no_unknown_is_worth_more_than_all_there_is_to_know(seed: int) -> None:
    city = drawn_city(seed, cells=80, sites=15, p=4, reach=0.2)
    draws = city.draws(30, seed)
    plan = city.best(city.weights).chosen
    values = np.column_stack([v for _, _, v in draws.of_labels(city.zone.astype(str))])
    found = learn_what(
        city.best, draws, city.covers, city.covered, plan, unknowns=pd.DataFrame({"zone": range(4)}),
        values=values, teaches=np.ones(4),
    )  # fmt: skip
    assert found.table["removes"].min() >= 0
    assert found.table["removes"].max() <= found.regret <= found.ceiling + 1e-9
    assert found.table["part"].sum() <= found.regret + 1e-9
    assert found.ceiling <= found.regret * 1.02 + 1.0
