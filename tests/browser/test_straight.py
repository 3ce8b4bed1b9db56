"""A clicked place farther from every candidate than is looked for: scored by straight line, and marked as estimated."""

from __future__ import annotations

import re

import numpy as np
import pytest

import planner
from planner.publish.page.write import page_html
from planner.study.gather import make_bundle
from tests.browser.test_map import click_at
from tests.study.town import TEN_MINUTES_M, X0, Y0, Place, at, street_town

pytestmark = pytest.mark.browser

#: Periods of which at least a half lies within the hours: 2 of 4, 4 of 4, 3 of 3 and 3 of 5 hours; none of the night.
HOURS = {"08:00-20:00": ("06_10", "10_14", "14_17", "17_22")}


@pytest.mark.parametrize(("language", "mark"), [("en", "estimated"), ("zh", "估算")])
def test_far_from_candidates_the_straight_line_says_how_many(opened, tmp_path, monkeypatch, language, mark):
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    path = street_town(
        tmp_path, stations=[Place("s", 400.0)], hosts=[Place("a", 900.0), Place("b", 1500.0)],
        districts={"west": (0.0, 4000.0, 9000.0), "east": (4000.0, 9000.0, 12000.0)},
    )  # fmt: skip
    study = planner.open_study(path).with_(study__language=language)
    bundle = make_bundle(study.stages)
    seen = opened(page_html(bundle))
    x = 6512.0
    seen.page.evaluate("(p) => __planner.map.setView(p, 14, { animate: false })", at(x)[::-1])
    click_at(seen, at(x)[::-1])
    seen.page.wait_for_selector(".leaflet-popup-content .straight")
    said = seen.card.locator(".straight")
    assert said.locator(".estimated").inner_text() == mark
    demand, hours = bundle.demand, bundle.settings.siting.default_hours
    middle = demand.geometry.centroid
    near = np.hypot(middle.x - X0 - x, middle.y - Y0) <= TEN_MINUTES_M
    columns = [f"{g}__{t}" for g in ("rider", "sweeper") for t in HOURS[hours]]
    wanted = demand.loc[near, columns].to_numpy().sum()
    assert wanted > 5
    told = int("".join(c for c in said.locator("b").inner_text() if c.isdigit()))
    assert told == pytest.approx(wanted, abs=0.6)
    told_at = [float(v) for v in re.search(r"(120\.\d+), (31\.\d+)", said.inner_text()).groups()]
    assert told_at == pytest.approx(at(x), abs=2e-4)  # a pixel of the map
    assert said.locator("button").count() == 0
    assert seen.errors == []


def test_near_a_candidate_there_is_nothing_estimated(opened, tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    path = street_town(tmp_path, stations=[Place("s", 400.0)], hosts=[Place("a", 2000.0), Place("b", 2600.0)])
    seen = opened(page_html(make_bundle(planner.open_study(path).stages)))
    seen.page.evaluate("(p) => __planner.map.setView(p, 14, { animate: false })", at(2300.0)[::-1])
    click_at(seen, at(2300.0)[::-1])
    seen.page.wait_for_selector(".leaflet-popup-content .stand-in")
    assert seen.card.locator(".straight").count() == 0
