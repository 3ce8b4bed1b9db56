"""Workers against money on the street that everything can be told of, at every budget beside every plan there is."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest

from planner.actions.frontier import MoneyFront
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


def test_the_numbers_of_its_picture_stand_under_and_beside_what_they_count() -> None:
    table = pd.DataFrame(
        {"budget_yuan": [1000.0, 3000.0, 4000.0], "covered": [150.0, 250.0, 280.0], "bound": [150.0, 260.0, 300.0], "new": [50.0, 150.0, 180.0]}
    )  # fmt: skip
    svg = ET.fromstring(MoneyFront(table).picture())  # noqa: S314 - our own text
    frame = {k: float(v) for k, v in svg.find("rect").attrib.items() if k in ("x", "y", "width", "height")}
    left, top = frame["x"], frame["y"]

    def across(yuan: float) -> float:
        return left + frame["width"] * yuan / 4000

    def down(workers: float) -> float:
        return top + frame["height"] * (
            1 - workers / 200
        )  # 100 were covered before: the bound's 300 are 200 more

    dots = [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in svg.iter("circle")]
    assert dots == [(across(1000), down(50)), (across(3000), down(150)), (across(4000), down(180))]
    line = [tuple(map(float, pair.split(","))) for pair in svg.find("polyline").attrib["points"].split()]
    assert line == dots
    texts = [
        (t.attrib["text-anchor"], t.text, float(t.attrib["x"]), float(t.attrib["y"]))
        for t in svg.iter("text")
    ]
    under = {text: x for anchor, text, x, _ in texts if anchor == "middle"}
    assert under == {"0": across(0), "2,000": across(2000), "4,000": across(4000)}
    beside = {text: y - 4 for anchor, text, _, y in texts if anchor == "end"}  # half a figure's height
    assert beside == {"0": down(0), "100": down(100), "200": down(200)}
    assert all(x < left for anchor, _, x, _ in texts if anchor == "end")
