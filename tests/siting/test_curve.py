"""The curve of coverage against the number of stations, on a line of towns counted by hand."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from planner.siting.questions.robust import coverage_curve, sites_for

#: Ten towns of these sizes, one site covers one: the best n sites cover the n largest.
TOWNS = sorted([50, 9, 8, 7, 6, 5, 5, 4, 3, 3], reverse=True)


class Solver:
    """The best plan and a bound that is ``slack`` above it; counts what it is asked."""

    def __init__(self, slack: float = 0.0) -> None:
        self.slack, self.asked = slack, []

    def __call__(self, n: int) -> SimpleNamespace:
        self.asked.append(n)
        covered = float(sum(TOWNS[:n]))
        return SimpleNamespace(objective=covered, bound=covered + self.slack)


def test_it_begins_with_the_stations_of_today_and_never_falls() -> None:
    table = coverage_curve(Solver(), [2, 5], total=200.0, base=20.0, shares=())
    assert list(table["n"]) == [0, 2, 5]
    assert list(table["covered"]) == [20, 59, 80]
    assert list(table["bound"]) == [20, 59, 80]
    assert table["covered"].is_monotonic_increasing
    assert list(table["share"]) == [0.1, 0.295, 0.4]


@pytest.mark.parametrize("share", [0.5, 0.6, 0.75, 0.9, 0.95])
def test_the_first_number_that_reaches_a_share_is_found_between_the_numbers_asked_for(share: float) -> None:
    solver = Solver()
    table = coverage_curve(solver, [5, 10], total=100.0, shares=(share,))
    first = next(n for n in range(11) if sum(TOWNS[:n]) >= share * 100)
    row = sites_for(table, (share,)).iloc[0]
    assert (row["enough"], row["needed"]) == (first, first)
    assert len(solver.asked) <= 2 + 4  # halving, not counting up


def test_a_bound_above_the_plan_leaves_fewer_sites_thinkable() -> None:
    table = coverage_curve(Solver(slack=4.0), [2, 4, 6, 8, 10], total=100.0, shares=(0.8,))
    row = sites_for(table, (0.8,)).iloc[0]
    assert row["enough"] == 5  # 50 + 9 + 8 + 7 + 6
    assert row["needed"] <= 5
    beyond = sites_for(table, (1.5,)).iloc[0]
    assert beyond["enough"] is pd.NA
    assert beyond["needed"] is pd.NA
