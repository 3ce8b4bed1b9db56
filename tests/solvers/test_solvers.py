"""The parts of the solver: what reduces must keep the optimum, what bounds must bound, what fixes must not err."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import sparse

from planner import jit
from planner.solvers.covering import kernels
from planner.solvers.covering.bound import Dual, best_sites
from planner.solvers.covering.core import reduce_request, shrink
from planner.solvers.covering.exact import cover_constraint, solve_core
from planner.solvers.covering.fixing import decided
from planner.solvers.covering.search import Search, best_first, greedy, plan_of
from planner.solvers.each_rule import allowed, each
from planner.solvers.effort import Effort
from planner.solvers.request import Request, check_rules
from planner.solvers.score import covered_by, covered_weight
from planner.solvers.solution import Solution, relative_gap


def request(
    seed: int, m: int = 9, n: int = 30, p: int = 3, **rules
) -> tuple[Request, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    hit = rng.random((m, n)) < 0.25
    hit[:, 1] = hit[:, 0]  # equal cover sets, to be merged
    hit[m - 1] = hit[0] & (rng.random(n) < 0.5)  # dominated by the first site
    weights = rng.integers(0, 9, n).astype(float)
    weights[0] = 1
    covered = rng.random(n) < 0.2
    covers = sparse.csr_array(hit)
    return Request(covers, weights, covered, check_rules(m, p, **rules)), hit, weights


def optimum(hit: np.ndarray, weights: np.ndarray, covered: np.ndarray, p: int) -> float:
    return max(
        float(weights[hit[list(s)].any(axis=0) | covered].sum())
        for s in itertools.combinations(range(len(hit)), p)
    )


@pytest.mark.parametrize("seed", range(40))
def test_the_core_keeps_the_optimum(seed: int) -> None:
    asked, hit, weights = request(seed)
    core = reduce_request(asked)
    assert core.n_rows < len(weights)
    best = max(
        plan_of(core, np.array(s)).value
        for s in itertools.combinations(range(core.n_sites), int(core.p or 0))
    )
    assert core.base + best == optimum(hit, weights, asked.covered, 3)


def test_equal_cover_sets_become_one_row_and_dominated_sites_go() -> None:
    #            a  b  c  d (a and b alike; c covered already; d in reach of nobody)
    hit = [[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 0]]
    asked = Request(
        sparse.csr_array(hit),
        np.array([2.0, 3, 5, 7]),
        np.array([False, False, True, False]),
        check_rules(3, 1),
    )
    core = reduce_request(asked)
    assert core.weight.tolist() == [5.0]
    assert core.base == 5.0
    assert core.n_sites == 1


@pytest.mark.parametrize("seed", range(40))
def test_the_lagrangean_bound_bounds_and_fixing_keeps_an_optimum(seed: int) -> None:
    asked, hit, weights = request(seed, p=2)
    core = reduce_request(asked)
    best = optimum(hit, weights, asked.covered, 2) - core.base
    dual = Dual(core)
    for _ in range(10):
        assert dual.run(10, best) >= best - 1e-9
    start = greedy(core)
    assert start is not None
    out, keep = decided(
        core.rules, dual.reduced_scores(), dual.value, start.value, start.sites, unit=core.unit
    )
    smaller, taken = shrink(core, out, keep)
    left = [
        plan_of(
            core, np.r_[taken, np.flatnonzero(np.isin(core.site, smaller.site[list(s)]))].astype(int)
        ).value
        for s in itertools.combinations(range(smaller.n_sites), int(smaller.p or 0))
    ]
    assert max([start.value, *left]) == best


def test_the_bound_is_the_best_relaxed_selection_plus_what_prices_leave() -> None:
    asked, _, _ = request(7, region=list("AAABBBCCC"), quota_min={"A": 1, "B": 1}, quota_max={"C": 1})
    core = reduce_request(asked)
    rng = np.random.default_rng(1)
    for _ in range(30):
        score = rng.integers(0, 20, core.n_sites).astype(float)
        chosen, value = best_sites(score, core.rules)
        best, districts = -np.inf, core.rules.partitions[0]
        for s in itertools.combinations(range(core.n_sites), int(core.p or 0)):
            load = np.bincount(districts.of[list(s)], minlength=3)
            if (load >= districts.least).all() and (load <= districts.most).all():
                best = max(best, score[list(s)].sum())
        assert value == best
        assert score[chosen].sum() == best


@pytest.mark.parametrize("seed", range(10))
def test_greedy_reaches_its_guarantee_and_search_never_loses(seed: int) -> None:
    asked, hit, weights = request(seed, m=12, n=40)
    core = reduce_request(asked)
    best = optimum(hit, weights, asked.covered, 3) - core.base
    start = greedy(core)
    assert start is not None
    assert start.value >= (1 - 1 / np.e) * best
    search = Search(core, start, seed=seed)
    for heat in (0.0, 0.5, 1.0, None):
        search.run(20_000, heat=heat)
    plan = search.plan()
    assert start.value <= plan.value <= best
    assert plan.value == plan_of(core, plan.sites).value


def test_kernels_keep_their_books() -> None:
    asked, _hit, _weights = request(3, m=8, n=20)
    core = reduce_request(asked)
    count, owner, loss = (
        np.zeros(core.n_rows, np.int32),
        np.zeros(core.n_rows, np.int64),
        np.zeros(core.n_sites),
    )
    args = (core.ptr, core.idx, core.weight, count, owner, loss)
    reach = np.zeros((core.n_sites, core.n_rows), bool)
    for i in range(core.n_sites):
        reach[i, core.idx[core.ptr[i] : core.ptr[i + 1]]] = True
    chosen: set[int] = set()
    rng = np.random.default_rng(0)
    for _ in range(60):
        i = int(rng.integers(core.n_sites))
        if i in chosen:
            kernels.drop_site(*args, i)
            chosen.remove(i)
        else:
            expected = core.weight[reach[i] & (count == 0)].sum()
            assert kernels.gain_of(core.ptr, core.idx, core.weight, count, i) == expected
            kernels.add_site(*args, i)
            chosen.add(i)
        assert (count == reach[sorted(chosen)].sum(axis=0)).all()
        alone = count == 1
        for k in chosen:
            assert loss[k] == pytest.approx(core.weight[alone & reach[k]].sum())


def test_each_constraint_says_what_its_name_says() -> None:
    asked, _, _ = request(
        5, m=4, n=6, p=2, region=list("AABB"), quota_min={"A": 1}, quota_max={"B": 1},
        cost=[1.0, 2, 3, 4], budget=5.0, conflicts=[[0, 1], [2, 3]],
    )  # fmt: skip
    core = reduce_request(asked)
    m, n = core.n_sites, core.n_rows
    assert m == 4
    for bits in itertools.product([0.0, 1.0], repeat=m):
        x = np.r_[bits, np.zeros(n)]
        chosen = np.flatnonzero(bits)
        count = np.zeros(n)
        for i in chosen:
            count[core.idx[core.ptr[i] : core.ptr[i + 1]]] += 1

        def holds(block, v) -> bool:
            got = block.matrix @ v
            return bool((got >= block.lower - 1e-9).all() and (got <= block.upper + 1e-9).all())

        asked_for = {
            "p": len(chosen) == 2,
            "quota_min": bits[0] + bits[1] >= 1,
            "quota_max": bits[2] + bits[3] <= 1,
            "budget": float(np.array(bits) @ [1.0, 2, 3, 4]) <= 5,
            "spacing": bits[0] + bits[1] < 2 and bits[2] + bits[3] < 2,
        }
        for rule in each(core.rules):
            assert holds(rule.rows(m + n), x) == rule.admits(chosen) == asked_for[rule.key], rule.key
        assert allowed(core.rules, chosen) == all(asked_for.values())
        assert holds(cover_constraint(core), np.r_[bits, (count > 0).astype(float)])
        if (count == 0).any():
            assert not holds(cover_constraint(core), np.r_[bits, np.ones(n)])


def test_highs_agrees_with_enumeration_from_any_start() -> None:
    asked, hit, weights = request(11, m=10, n=50)
    core = reduce_request(asked)
    best = optimum(hit, weights, asked.covered, 3)
    for start in (None, np.arange(int(core.p or 0))):
        sites, outcome = solve_core(core, effort=Effort(100, 60.0, 0.0, 0), start=start)
        assert outcome.proven
        assert core.base + outcome.bound == pytest.approx(best)
        assert core.base + plan_of(core, sites).value == best


def test_the_referee_counts_by_hand() -> None:
    covers = sparse.csr_array(
        (np.array([0.0, 2.0, 1.0]), np.array([0, 1, 1]), np.array([0, 2, 3])), shape=(2, 3)
    )  # a stored zero covers
    assert covered_by(covers, [0, 1]).tolist() == [1, 2, 0]
    assert covered_by(covers, [0], [False, False, True]).tolist() == [1, 1, 1]
    assert covered_weight(covers, [1, 10, 100], [1]) == 10
    assert covered_weight(covers, [1, 10, 100], [], [False, False, True]) == 100


def test_best_first_is_the_order_of_marginal_gain() -> None:
    hit = np.array([[1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [0, 0, 0, 1, 1], [0, 0, 0, 0, 0]])
    order = best_first(sparse.csr_array(hit), np.array([1.0, 1, 1, 2, 2]), np.array([0, 1, 2, 3]))
    assert order.tolist() == [2, 1, 0, 3]  # 4, then 3, then nothing new (lower position first)


def test_solution_shows_counts_and_what_the_gap_is_worth() -> None:
    plan = Solution(np.arange(10), 1100.0, 1111.0, "feasible", 1.5, base=100.0)
    assert plan.gap == pytest.approx(0.01)
    assert plan.gap_gained == pytest.approx(0.011)
    assert plan.gap_sites == pytest.approx(0.11)  # a site gains 100, the gap is 11
    assert "10 sites" in repr(plan)
    assert "1.000%" in repr(plan)
    assert "<table>" in plan._repr_html_()
    assert relative_gap(0.0, 0.0) == 0.0
    assert relative_gap(0.0, 1.0) == np.inf


def test_compiled_falls_back_where_no_cache_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    real = jit.numba.njit

    def without_cache(*args, **options):
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return real(*args, **options)

    monkeypatch.setattr(jit.numba, "njit", without_cache)
    assert jit.compiled(lambda a: a + 1)(1) == 2
