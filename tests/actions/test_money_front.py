"""Workers against money on the street that everything can be told of, at every budget beside every plan there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.errors import PlannerError
from tests.actions.test_five_verbs import every_plan, study_of


def test_each_point_is_the_best_plan_for_its_money(tmp_path: Path) -> None:
    study = study_of(tmp_path, "budget_yuan = 20000\nyearly_yuan = 9000")
    front, plans = study.money_front(points=5), every_plan(study)
    assert front.table["share"].tolist() == pytest.approx([0.4, 0.8, 1.2, 1.6, 2.0])
    for r in front.table.itertuples():
        best = max(c for c, a, b, _ in plans if a <= r.budget_yuan + 1e-6 and b <= r.yearly_yuan + 1e-6)
        assert r.covered == pytest.approx(best, abs=1e-6)
        assert r.bound >= best - 1e-6
        assert r.cost_yuan <= r.budget_yuan + 1e-6
        assert r.yearly_used_yuan <= r.yearly_yuan + 1e-6
    assert front.table["covered"].is_monotonic_increasing
    assert front.table["bound"].is_monotonic_increasing
    assert "<svg" in front._repr_html_()
    assert "5 budgets" in repr(front)


def test_money_that_cannot_pay_what_must_be_has_no_point(tmp_path: Path) -> None:
    study = study_of(tmp_path, "budget_yuan = 10000\nyearly_yuan = 9000\nleast = { build = 1 }")
    table = study.money_front(points=5).table
    assert table["share"].min() >= 7000 / 10000  # the cheapest place costs 7,000
    assert len(table) < 5


def test_without_limited_money_there_is_nothing_to_ask(tmp_path: Path) -> None:
    study = study_of(tmp_path, "")
    assert study.money_front(points=3).table.empty
    with pytest.raises(PlannerError):
        study.money_front(points=1)
