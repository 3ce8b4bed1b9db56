"""Levels and costs of random facts against a plain loop."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from planner.grades.assess import KIT_PARTS, costs_of, facts_of, levels_of
from planner.grades.exits import lost_in_turn, served_by, workers_alone
from planner.grades.review import add_months
from planner.grades.rules import FACTS, read_rules


@pytest.mark.parametrize("seed", range(40))
def test_levels_and_costs_against_a_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m, k = 12, 4, len(FACTS)
    needs = np.cumsum(rng.integers(0, 3, (m, k)), axis=0).astype(float)
    needs[needs == 0] = np.nan
    facts = rng.integers(0, 8, (n, k)).astype(float)
    facts[rng.random((n, k)) < 0.3] = np.nan
    costs = read_rules(None, None).costs
    found = levels_of(facts, needs)
    prices = costs_of(found, needs, costs)
    for i in range(n):
        ok = [all(np.isnan(q) or facts[i, j] >= q for j, q in enumerate(needs[g])) for g in range(m)]
        may = [not any(facts[i, j] < q for j, q in enumerate(needs[g])) for g in range(m)]
        sure = max([g for g in range(m) if ok[g]], default=-1)
        possible = max([g for g in range(m) if may[g]], default=-1)
        assert (found.sure[i], found.possible[i]) == (sure, possible)
        if sure + 1 == m:
            assert (found.following[i], found.lacks[i].any(), prices.once[i].tolist()) == (
                -1,
                False,
                [0, 0, 0],
            )
            continue
        short = {j: q - facts[i, j] for j, q in enumerate(needs[sure + 1]) if facts[i, j] < q}
        blind = {j: q for j, q in enumerate(needs[sure + 1]) if not np.isnan(q) and np.isnan(facts[i, j])}
        assert set(np.flatnonzero(found.lacks[i])) == set(short)
        asked = (
            blind
            if possible == sure
            else {j for j in range(k) if not np.isnan(needs[possible, j]) and np.isnan(facts[i, j])}
        )
        assert set(np.flatnonzero(found.asks[i])) == set(asked)

        def total(amount: dict[int, float], column: str) -> float:
            whole = amount.get(FACTS.index("kit"), 0) > 0
            return sum(
                v * costs[column].iloc[j] for j, v in amount.items() if not (whole and FACTS[j] in KIT_PARTS)
            )

        assert prices.once[i] == pytest.approx(
            [total(short, "yuan"), total(short, "low"), total({**blind, **short}, "high")]
        )


def test_facts_follow_from_one_another() -> None:
    """A base kit has its parts; a part that is missing breaks it; what can be found is signed and on the map."""
    nan = np.nan
    stations = pd.DataFrame({
        "open_hours": ["08:00-20:00", None, "closed"], "kit": [1.0, nan, nan], "water": [nan, 1.0, 0.0],
        "findable": [nan, 1.0, 0.0], "capacity": [4.0, nan, 0.0],
    })  # fmt: skip
    told = pd.DataFrame(facts_of(stations), columns=list(FACTS))
    assert told["water"].tolist() == [1, 1, 0]
    assert told["kit"].fillna(-1).tolist() == [1, -1, 0]
    assert told["first_aid"].fillna(-1).tolist() == [1, -1, -1]
    assert told["sign"].fillna(-1).tolist() == [
        -1,
        1,
        -1,
    ]  # not found: which of the two is missing is not said
    assert told["hours_week"].fillna(-1).tolist() == [84, -1, 0]
    assert told["toilet"].isna().all()


@pytest.mark.parametrize("seed", range(20))
def test_who_is_lost_when_sites_close(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m, t = 7, 30, 3
    seconds = sparse.csr_array(sparse.random_array((n, m), density=0.3, rng=rng) * 1000)
    workers, is_open = rng.random((m, t)), rng.random((n, t)) < 0.7
    near = served_by(seconds, 600.0)
    within = (seconds.toarray() <= 600) & (seconds.toarray() > 0)

    def covered(there: list[int]) -> float:
        hit = np.einsum("ij,it->jt", within[there].astype(int), is_open[there].astype(int)) > 0
        return float((workers * hit).sum())

    every = list(range(n))
    alone = [covered(every) - covered([j for j in every if j != i]) for i in every]
    assert workers_alone([(near, workers)], is_open) == pytest.approx(alone)
    order = rng.permutation(n)
    lost = [covered(every) - covered([j for j in every if j not in order[: k + 1]]) for k in range(n)]
    assert lost_in_turn([(near, workers)], is_open, order) == pytest.approx(lost)


def test_months_end_on_the_month() -> None:
    assert add_months(dt.date(2023, 8, 31), 6) == dt.date(2024, 2, 29)
    assert add_months(dt.date(2023, 12, 31), 12) == dt.date(2024, 12, 31)
    assert add_months(dt.date(2024, 1, 15), 1.5) == dt.date(2024, 3, 1)
