"""The page of a town whose every figure is known, read as a visitor reads it: no two figures are mixed up."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from planner.publish.page.write import page_html
from tests.browser.test_map import click_at, degrees
from tests.publish.known import known_bundle, one_lot
from tests.publish.test_evidence_told import FRONT, KNOWN, PILOTS, UNKNOWNS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def known_page() -> str:
    return page_html(known_bundle())


def rows(table) -> list[list[str]]:
    """A table's cells, spaces made one."""
    cells = table.locator("tbody tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.children].map((c) => c.innerText))"
    )
    return [[" ".join(cell.split()) for cell in row] for row in cells]


def lines(seen) -> dict[str, str]:
    """The open card's labels and values."""
    return dict(zip(*(seen.card.locator(tag).all_inner_texts() for tag in ("dt", "dd")), strict=True))


def test_the_headline_goes_from_today_to_the_plan(opened, known_page):
    headline = opened(known_page).page.locator(".headline")
    assert headline.locator(".big .old").inner_text() == "41.0%"
    assert headline.locator(".big .new").inner_text() == "84.0%"
    assert headline.locator(".plus").inner_text() == "430 more workers covered: up 43.0 percentage points"
    assert headline.locator(".figure b").all_inner_texts() == ["1,000", "5", "5", "≤ 1.62%"]
    bar = headline.locator(".bar")
    assert bar.get_attribute("aria-label").endswith("41.0% → 84.0%")
    widths = [
        bar.locator(f".bar-{part}").evaluate("(n) => parseFloat(n.style.width)") for part in ("old", "new")
    ]
    assert widths == pytest.approx([41, 43])


def test_readings_and_districts_stand_in_their_columns(opened, known_page):
    page = opened(known_page).page
    page.get_by_role("tab", name="Readings").click()
    assert rows(page.locator(".readings table")) == [
        ["500 m on foot", "31.0%", "61.0%"],
        ["667 m on foot", "41.0%", "84.0%"],
        ["833 m on foot", "47.0%", "88.0%"],
        ["Two or more stations (backup)", "9.0%", "28.0%"],
        ["Whatever the opening hours", "45.0%", "86.0%"],
        ["At night only", "7.0%", "17.0%"],
    ]
    page.get_by_role("tab", name="Districts").click()
    assert rows(page.locator("table.districts")) == [
        ["East Sheet", "300", "20.0% → 70.0%", "1 +2"],
        ["West Sheet", "700", "50.0% → 90.0%", "4 +3"],
    ]


@pytest.mark.parametrize(
    ("rank", "figures"),
    [
        (2, {"Newly covered": "130", "Workers in reach": "150", "District": "East", "Nearest station today": "623 m",
             "Phase": "2025", "Steadiness": "82%", "Site": "N002"}),
        (4, {"Newly covered": "40", "Workers in reach": "77", "District": "West", "Nearest station today": "845 m",
             "Phase": "2026", "Steadiness": "64%", "Site": "N004"}),
    ],
)  # fmt: skip
def test_a_sites_card_says_what_is_known_of_it(opened, known_page, rank, figures):
    seen = opened(known_page)
    seen.page.locator(f"button[data-rank='{rank}']").click()
    seen.page.wait_for_selector(".leaflet-popup-content")
    found = lines(seen)
    assert {label: found[label] for label in figures} == figures
    gains = seen.page.locator("#panel-sites ol.sites .gain").all_inner_texts()
    assert gains == ["+170", "+130", "+80", "+40", "+10"]


def test_a_cells_card_says_whether_today_or_the_plan_reaches_it(opened, known_page):
    seen = opened(known_page)
    for key in ("sites", "stations", "before", "added", "roads", "gaps", "hotspots"):
        seen.page.locator(f"input[data-layer={key}]").uncheck()
    found = []
    for column in range(3):  # the first cells of the bottom row: today and then, only then, never
        click_at(seen, degrees(200 * column + 100, 100))
        seen.page.wait_for_timeout(300)
        found.append(lines(seen)["Covered, hours counted"])
    assert found == [
        "today 100%, with the plan 100%",
        "today 0%, with the plan 100%",
        "today 0%, with the plan 0%",
    ]


def test_the_evidence_opens_section_by_section(opened):
    bundle = known_bundle()
    ensemble = one_lot(np.array([0.5, 1.5] * 20)[:, None] * np.full(len(bundle.demand), 5.0), 5.0)
    demand = bundle.demand.assign(workers=5.0)
    name = "<b>湖东</b>"
    unknowns = UNKNOWNS.assign(name=["west", name])
    known = dataclasses.replace(KNOWN, table=unknowns)
    made = known_bundle(ensemble=ensemble, demand=demand, fair_front=FRONT, knowledge=known, pilots=PILOTS)
    seen = opened(page_html(made))
    seen.page.get_by_role("tab", name="Evidence").click()
    parts = seen.page.locator("details[data-evidence]")
    keys = parts.evaluate_all("(all) => all.map((d) => d.dataset.evidence)")
    assert keys == ["intervals", "fairness", "fair_front", "knowledge", "pilots"]
    assert parts.evaluate_all("(all) => all.map((d) => d.open)") == [True, False, False, False, False]
    assert rows(parts.nth(0).locator("table"))[0] == [
        "Total",
        "0.8% (0.8%–0.8%)",
        "1.2% (1.2%–1.2%)",
        "4 (2–6)",
    ]
    for k in range(1, 5):
        parts.nth(k).locator("summary").click()
    assert rows(parts.nth(1).locator("table"))[0][:2] == ["Gini of districts", "0.154"]
    assert rows(parts.nth(2).locator("table"))[1][-2:] == ["5–14", "3"]
    assert name in rows(parts.nth(3).locator("table"))[1][0]  # shown as it is, not as markup
    assert rows(parts.nth(4).locator("table"))[0][-2] == "90 (60–130)"
    assert seen.page.evaluate(
        "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    assert not seen.errors
