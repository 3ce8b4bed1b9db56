"""Gaps and costs by district, by hand: parts add up to what the whole prints."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from planner.facts.coverage import headline_scope
from planner.facts.districts import district_facts

HERE = headline_scope(667.0)
PARTS: Any = SimpleNamespace(
    before=SimpleNamespace(by_district=pd.DataFrame({"district": ["a", "b", "c"]})),
    gaps=pd.DataFrame({"district": ["b", "a", "b"], "workers": [9.3, 3.4, 2.0]}),
)
COSTS = pd.DataFrame(
    {
        "district": ["a", "b", "a"],
        "cost_yuan": [10.0, 20.25, 5.375],
        "low": [1.0, 2.0, 3.0],
        "high": [20.0, 30.0, 40.0],
    }
)


def told(costs: pd.DataFrame) -> dict[tuple[str, str], tuple[float, float, float | None, float | None]]:
    return {
        (f.id, f.scope.district): (f.value, f.shown, f.low, f.high)
        for f in district_facts(PARTS, HERE, costs)
    }


def test_gaps_and_costs_of_districts_add_up_as_printed() -> None:
    found = told(COSTS)
    # 3.4 + 11.3 + 0 = 14.7, printed 15: 4 and 11; 15.375 + 20.25 + 0 = 35.625, printed 36: 16 and 20
    assert found == {
        ("gap_areas", "a"): (1, 1, None, None), ("gap_areas", "b"): (2, 2, None, None), ("gap_areas", "c"): (0, 0, None, None),
        ("gap_workers", "a"): (3.4, 4, None, None), ("gap_workers", "b"): (11.3, 11, None, None),
        ("gap_workers", "c"): (0, 0, None, None),
        ("cost_yuan", "a"): (15.375, 16, 4.0, 60.0), ("cost_yuan", "b"): (20.25, 20, 2.0, 30.0),
        ("cost_yuan", "c"): (0, 0, 0, 0),
    }  # fmt: skip


def test_gaps_and_costs_say_what_they_were_taken_from() -> None:
    sources = {(f.id, f.source) for f in district_facts(PARTS, HERE, COSTS)}
    assert sources == {("gap_areas", "gaps"), ("gap_workers", "gaps"), ("cost_yuan", "candidates")}


def test_a_cost_that_is_not_known_is_told_for_no_district() -> None:
    for costs in (COSTS.drop(columns="district"), COSTS.assign(cost_yuan=[1.0, np.nan, 2.0]), COSTS.iloc[:0]):
        assert {k for k, _ in told(costs)} == {"gap_areas", "gap_workers"}
