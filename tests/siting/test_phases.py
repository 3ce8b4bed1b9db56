"""Phases and alternatives on toys small enough to try everything."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import sparse

from planner.siting.phases import greedy_order, plan_phases, uncovered_core
from planner.siting.questions.alternatives import other_plans, price_of, replacements
from planner.solvers.request import check_rules, partition


def toy(seed: int, n_sites: int = 9, n_points: int = 25):
    rng = np.random.default_rng(seed)
    covers = sparse.csr_array((rng.random((n_sites, n_points)) < 0.25).astype(float))
    weights = rng.integers(1, 20, n_points).astype(float)
    return covers, weights, rng.random(n_points) < 0.2


def value(covers, weights, covered, sites) -> float:
    reached = covered | (covers.toarray()[list(sites)].sum(axis=0) > 0)
    return float(weights[reached].sum())


def best(covers, weights, covered, p):
    sets = list(combinations(range(covers.shape[0]), p))
    values = [value(covers, weights, covered, s) for s in sets]
    return np.array(sets[int(np.argmax(values))]), max(values)


@pytest.mark.parametrize("seed", range(20))
def test_merging_equal_points_changes_no_value(seed: int) -> None:
    covers, weights, covered = toy(seed)
    core, worth = uncovered_core(covers, weights, covered)
    base = weights[covered].sum()
    for sites in ([0], [1, 4], [2, 5, 8]):
        reached = core.toarray()[sites].sum(axis=0) > 0
        assert base + worth[reached].sum() == pytest.approx(value(covers, weights, covered, sites))


@pytest.mark.parametrize("seed", range(25))
def test_phases_nest_and_are_close_to_the_best_nested_plan(seed: int) -> None:
    covers, weights, covered = toy(seed)
    (first, top1), (last, top2) = best(covers, weights, covered, 2), best(covers, weights, covered, 4)
    found = plan_phases(covers, weights, [2, 2], ["a", "b"], [first, last], [top1, top2], covered=covered)
    assert len(set(found.order)) == 4
    values = [value(covers, weights, covered, found.order[:k]) for k in (2, 4)]
    assert found.table["covered"].tolist() == pytest.approx(values)
    base = weights[covered].sum()

    def score(v1: float, v2: float) -> float:
        return (v1 - base) / (top1 - base) + 3 * (v2 - base) / (top2 - base)

    every = max(
        score(value(covers, weights, covered, a), value(covers, weights, covered, {*a, *b}))
        for a in combinations(range(9), 2)
        for b in combinations(set(range(9)) - set(a), 2)
    )
    assert score(*values) >= 0.97 * every
    # never worse than the last plan in its greedy order
    ordered = greedy_order(*uncovered_core(covers, weights, covered), last)
    assert score(*values) >= score(*(value(covers, weights, covered, ordered[:k]) for k in (2, 4))) - 1e-9


def test_required_sites_stay_and_regions_keep_their_numbers() -> None:
    covers, weights, covered = toy(3)
    region = np.array(list("aaabbbccc"))
    last, top = best(covers, weights, covered, 4)
    found = plan_phases(
        covers, weights, [2, 2], ["a", "b"], [last[:2], last], [top, top], covered=covered,
        required=last[:1], region=region,
    )  # fmt: skip
    assert last[0] in found.order
    assert sorted(region[found.order]) == sorted(region[last])


def around(seed: int, chosen, n_sites: int = 9) -> tuple[sparse.csr_array, dict[tuple[int, int], float]]:
    """Metres between a chosen site and a candidate, for a random two thirds of the pairs; the rest is out of reach."""
    rng = np.random.default_rng([seed, 7])
    metres = np.where(
        rng.random((len(chosen), n_sites)) < 2 / 3, rng.uniform(1, 600, (len(chosen), n_sites)), 0.0
    )
    stored = {
        (int(site), j): metres[i, j] for i, site in enumerate(chosen) for j in np.flatnonzero(metres[i])
    }
    return sparse.csr_array(metres), stored


@pytest.mark.parametrize("seed", range(20))
def test_replacements_are_what_trying_each_one_in_reach_gives(seed: int) -> None:
    covers, weights, covered = toy(seed)
    chosen, top = best(covers, weights, covered, 3)
    near, metres = around(seed, chosen)
    found = replacements(
        covers, weights, chosen, covered=covered, rules=check_rules(9, 3), near=near, within_m=600.0
    )
    for n, site in enumerate(chosen.tolist()):
        others = [s for s in chosen if s != site]
        assert found.alone[n] == pytest.approx(top - value(covers, weights, covered, others))
        rows = found.table[found.table["site"] == site]
        free = [j for j in range(9) if j not in chosen and (site, j) in metres]
        tried = {j: value(covers, weights, covered, [*others, j]) for j in free}
        assert set(rows["replacement"]) == set(free)
        assert rows["place"].tolist() == list(range(1, len(free) + 1))
        assert (top - rows["loss"]).tolist() == pytest.approx(sorted(tried.values(), reverse=True))
        for row in rows.itertuples():
            assert top - row.loss == pytest.approx(tried[row.replacement])
            assert row.distance_m == metres[site, row.replacement]
    two = found.best(2)
    assert two.equals(found.table[found.table["place"].isin([1, 2])].reset_index(drop=True))


def test_a_chosen_site_with_nothing_in_reach_has_no_row() -> None:
    covers, weights, covered = toy(1)
    chosen, _ = best(covers, weights, covered, 3)
    none = sparse.csr_array((3, 9))
    found = replacements(
        covers, weights, chosen, covered=covered, rules=check_rules(9, 3), near=none, within_m=600.0
    )
    assert len(found.table) == len(found.best(3)) == 0
    assert list(found.best(1).columns) == ["site", "place", "replacement", "distance_m", "loss"]
    assert len(found.alone) == 3


@pytest.mark.parametrize("seed", range(20))
def test_replacements_keep_the_district_every_count_and_what_is_forbidden(seed: int) -> None:
    covers, weights, covered = toy(seed)
    chosen, _ = best(covers, weights, covered, 3)
    district, kind = np.array(list("nnnnnsssss"[:9])), np.array(list("xyzxyzxyz"))
    least, most = {"x": 1}, {"y": 1, "z": 1}
    rules = check_rules(
        9, 3, region=district, partitions=[partition(kind, least, most, name="kind")], forbidden=[8]
    )
    everywhere = sparse.csr_array(np.ones((3, 9)))
    table = replacements(
        covers, weights, chosen, covered=covered, rules=rules, near=everywhere, within_m=1.0
    ).table
    before = kind[chosen].tolist()
    for site in chosen.tolist():
        got = set(table.loc[table["site"] == site, "replacement"])
        want = set()
        for j in sorted(set(range(8)) - set(chosen.tolist())):
            after = [*before, kind[j]]
            after.remove(kind[site])
            fine = all(
                kind[site] == kind[j] or (c == kind[site] and after.count(c) >= least.get(c, 0))
                or (c == kind[j] and after.count(c) <= most.get(c, 9))
                for c in {kind[site], kind[j]}
            )  # fmt: skip
            if district[j] == district[site] and fine:
                want.add(j)
        assert got == want


@pytest.mark.parametrize("seed", range(20))
def test_the_price_of_a_wish_is_what_trying_gives(seed: int) -> None:
    covers, weights, covered = toy(seed)
    chosen, top = best(covers, weights, covered, 3)
    wished = next(j for j in range(9) if j not in chosen)
    wish = price_of(covers, weights, chosen, wished, covered=covered)
    assert top + wish.gain == pytest.approx(value(covers, weights, covered, [*chosen, wished]))
    forced = [value(covers, weights, covered, [*(s for s in chosen if s != out), wished]) for out in chosen]
    assert top - wish.loss == pytest.approx(max(forced))
    assert forced[list(chosen).index(wish.instead_of)] == pytest.approx(max(forced))


def test_other_plans_forbid_other_parts_and_report_their_loss() -> None:
    class Found:
        def __init__(self, chosen, objective):
            self.chosen, self.objective = np.array(chosen), objective

    covers, weights, covered = toy(1)
    chosen, top = best(covers, weights, covered, 3)

    def solve(banned):
        free = [j for j in range(9) if j not in banned]
        sets = list(combinations(free, 3))
        return max((Found(s, value(covers, weights, covered, s)) for s in sets), key=lambda f: f.objective)

    plans = other_plans(solve, chosen, top, k=3)
    assert len(plans) == 3
    for n, plan in enumerate(plans):
        assert chosen[n] not in plan.chosen
        assert plan.objective == pytest.approx(top * (1 - plan.loss))
        assert plan.same_share == pytest.approx(np.isin(plan.chosen, chosen).mean())
