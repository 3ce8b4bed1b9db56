"""Workers against the worst-off district: fairness by hand, the front against every plan of small towns."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from planner.equity.fairness import covered_units, fairness
from planner.equity.front import front_of
from planner.settings.groups import Period
from planner.siting.coverage import Access, measure_coverage
from planner.siting.problem import SitingProblem
from planner.siting.reach import SiteReach
from planner.siting.solve import Look, solve
from planner.solvers.request import check_rules

# -- fairness ----------------------------------------------------------------------------------------------------------

PERIODS = [Period(name="day", start_h=6, end_h=18), Period(name="night", start_h=18, end_h=6)]


def _reach(pairs: list[tuple[int, int]], hours: list[list[float]]) -> SiteReach:
    site, cell = (np.array(v, int) for v in zip(*pairs, strict=True))
    seconds = sparse.csr_array((np.full(len(site), 60.0), (site, cell)), shape=(len(hours), 3))
    return SiteReach((Access(("rider", "sweeper"), seconds, 600.0, 1.1),), np.array(hours))


def _demand() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "district": ["a", "a", "b"],
            "rider__day": [10.0, 20, 30], "rider__night": [5.0, 0, 5],
            "sweeper__day": [4.0, 0, 6], "sweeper__night": [1.0, 1, 2],
        }
    )  # fmt: skip


def test_fairness_of_three_cells_by_hand() -> None:
    old = _reach([(0, 0)], [[1.0, 0.0]])  # a station for the first cell, by day
    new = _reach([(0, 1), (1, 2)], [[1.0, 1.0], [1.0, 1.0]])
    found = fairness(
        _demand(), old, new, chosen=np.array([1]), closed=np.zeros(0, int), periods=PERIODS, need_open=0.5
    )
    by = found.by("district").set_index("district")
    assert by["workers"].to_dict() == {"a": 41, "b": 43}
    assert by["today"].to_dict() == {"a": 14, "b": 0}
    assert by["proposal"].to_dict() == {"a": 14, "b": 43}
    m = found.measures()
    assert m["gap"].tolist() == pytest.approx([14 / 41, 1 - 14 / 41])
    assert m["least"].tolist() == pytest.approx([0, 14 / 41])
    assert m.loc["today", "gini_districts"] == pytest.approx(43 / 84)  # all of it is had by 41 of 84
    assert m.loc["proposal", "theil"] == pytest.approx(
        m.loc["proposal", ["theil_between", "theil_within"]].sum()
    )
    riders = found.by("district", "group", "period").set_index(["district", "group", "period"])
    assert riders.loc[("a", "rider", "day"), ["workers", "today", "proposal"]].tolist() == [30, 10, 10]
    gone = fairness(
        _demand(), old, new, chosen=np.array([1]), closed=np.array([0]), periods=PERIODS, need_open=0.5
    )
    assert gone.by("district").set_index("district")["proposal"].to_dict() == {"a": 0, "b": 43}


def test_the_units_add_up_to_the_coverage() -> None:
    rng, n = np.random.default_rng(4), 60
    names = [p.name for p in PERIODS]
    demand = pd.DataFrame({f"{g}__{t}": rng.random(n) for g in ("x", "y", "z") for t in names})
    demand["district"] = rng.choice(["s", "t", "u"], n)
    access = [
        Access(groups, sparse.csr_array(np.where(rng.random((5, n)) < 0.2, 1, 0) * rng.integers(1, 900, (5, n))), 600.0)
        for groups in (("x",), ("y", "z"))
    ]  # fmt: skip
    open_share = rng.random((5, 2))
    units = covered_units(demand, access, open_share, periods=names)
    whole = measure_coverage(demand, access, open_share, periods=names, readings_m=())
    for column, table in (
        ("district", whole.by_district),
        ("group", whole.by_group),
        ("period", whole.by_period),
    ):
        sums = units.groupby(column)[["workers", "covered"]].sum()
        assert sums.to_numpy() == pytest.approx(
            table.set_index(column).loc[sums.index, ["workers", "covered"]].to_numpy()
        )


def test_a_fairness_shows_itself_without_markup_of_others() -> None:
    demand = _demand().assign(district=["<b>", "<b>", "c"])
    reach = _reach([(0, 0)], [[1.0, 1.0]])
    found = fairness(
        demand, reach, reach, chosen=np.array([0]), closed=np.zeros(0, int), periods=PERIODS, need_open=0.5
    )
    assert "<svg" in found._repr_html_()
    assert "<b>" not in found._repr_html_()


# -- the front ---------------------------------------------------------------------------------------------------------


def _town(seed: int) -> tuple[SitingProblem, np.ndarray]:
    rng = np.random.default_rng(seed)
    n_sites, n = 9, 24
    district = np.array(["a", "b", "c"])[rng.integers(0, 3, n)]
    district[:3] = ["a", "b", "c"]
    covers = sparse.csr_array((rng.random((n_sites, n)) < 0.2).astype(float))
    rules = check_rules(
        n_sites,
        3,
        region=rng.choice(["a", "b"], n_sites),
        quota_max={"a": 2},
        forbidden=[0] if seed % 2 else [],
    )
    return SitingProblem(covers, rng.integers(1, 20, n).astype(float), rng.random(n) < 0.1, rules), district


def _every(problem: SitingProblem, district: np.ndarray) -> list[tuple[float, float]]:
    """(covered, least share) of every plan that obeys the rules."""
    dense, region, out = problem.covers.toarray() > 0, problem.region, []
    names = sorted(set(district))
    for sites in combinations(range(len(region)), 3):
        if (region[list(sites)] == "a").sum() > 2 or set(sites) & set(problem.forbidden.tolist()):
            continue
        got = problem.weights * (problem.covered | dense[list(sites)].any(axis=0))
        least = min(got[district == d].sum() / problem.weights[district == d].sum() for d in names)
        out.append((float(got.sum()), float(least)))
    return out


@pytest.mark.parametrize("seed", range(12))
def test_no_plan_of_a_small_town_beats_the_bounds_and_the_plans_are_plans(seed: int) -> None:
    problem, district = _town(seed)
    look = Look(20, 0.0, 60.0, 0)
    plan = solve(problem, look)
    ids = np.array([f"s{k}" for k in range(9)])
    found = front_of(problem, district, plan=plan, ids=ids, look=look, points=4)
    every = _every(problem, district)
    assert found.least_bound >= max(least for _, least in every) - 1e-9
    assert found.table["least_share"].max() == pytest.approx(max(least for _, least in every))  # small: exact
    for r in found.table.itertuples():
        best = max(covered for covered, least in every if least >= r.level - 1e-9)
        assert r.covered <= best + 1e-6 <= r.bound + 2e-6
        assert r.least_share >= r.level - 1e-9
        assert any(abs(c - r.covered) < 1e-6 and abs(x - r.least_share) < 1e-9 for c, x in every)
        sites = [int(s[1:]) for s in r.sites.split(";")]
        assert len(set(sites)) == 3
        assert problem.reached(np.array(sites)) == pytest.approx(r.covered)
        most = max(covered for covered, _ in every)
        assert r.price - 1e-6 <= most - best <= r.price_most + 1e-6
    first = found.table.iloc[0]
    assert first["covered"] == pytest.approx(max(c for c, _ in every)) == pytest.approx(first["bound"])
    assert found.table["covered"].is_monotonic_decreasing
    assert found.table["bound"].is_monotonic_decreasing
    assert "<svg" in found._repr_html_()


def test_the_front_finds_the_best_plan_of_most_levels() -> None:
    hits = rows = 0
    for seed in range(12):
        problem, district = _town(seed)
        look = Look(20, 0.0, 60.0, 0)
        found = front_of(
            problem, district, plan=solve(problem, look), ids=np.arange(9).astype(str), look=look, points=4
        )
        every = _every(problem, district)
        for r in found.table.itertuples():
            rows += 1
            hits += r.covered == pytest.approx(max(c for c, least in every if least >= r.level - 1e-9))
    assert hits >= 0.8 * rows, f"{hits} of {rows}"


def test_a_front_needs_two_ends() -> None:
    problem, district = _town(0)
    look = Look(5, 0.0, 60.0, 0)
    with pytest.raises(ValueError, match="two ends"):
        front_of(
            problem, district, plan=solve(problem, look), ids=np.arange(9).astype(str), look=look, points=1
        )
