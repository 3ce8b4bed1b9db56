"""The sheet of a district: two clicks away, the study's own figures, one A4 page in either language."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from planner.publish.page.write import page_html
from tests.browser.test_keyboard import found_by_axe
from tests.browser.test_map import click_at, degrees
from tests.browser.test_negotiation import bundle, html, study
from tests.publish.known import known_bundle
from tests.publish.toy import X0, Y0

pytestmark = pytest.mark.browser
__all__ = ["bundle", "html", "study"]  # fixtures

A4 = (595, 842)
STAMP = {"en": "For internal use · Map approval No.: (not yet given)", "zh": "内部使用 · 审图号：（待填）"}


def figures(seen) -> dict[str, str]:
    """Labels and values of the open sheet."""
    pairs = [seen.page.locator(f"dialog .paper-figures {tag}").all_inner_texts() for tag in ("dt", "dd")]
    return dict(zip(*pairs, strict=True))


def listed(seen, part: str) -> list[list[str]]:
    return [
        item.split("\n")
        for item in seen.page.locator(f"dialog section[data-part={part}] li").all_inner_texts()
    ]


def printed(seen) -> list[tuple[tuple[float, float], str]]:
    """(size in points, text) of each page."""
    pdfium = pytest.importorskip("pypdfium2")
    with pdfium.PdfDocument(seen.page.pdf(prefer_css_page_size=True, print_background=True)) as document:
        return [
            (page.get_size(), " ".join(page.get_textpage().get_text_range().split())) for page in document
        ]


def open_from_table(seen, name: str) -> None:
    seen.page.locator("#tab-districts").click()
    seen.page.locator("table.districts tr", has_text=name).locator(".paper-tool").click()


@pytest.mark.parametrize(("language", "name"), [("en", "West"), ("zh", "西区")])
def test_two_clicks_from_the_table_and_on_one_page(opened, language, name):
    seen = opened(page_html(known_bundle(language)))
    open_from_table(seen, name)
    found = list(figures(seen).values())
    assert found[:7] == ["700", "50.0% → 90.0%", "+280", "11.0% → 31.0%", "4", "3", found[6]]
    assert found[6].startswith("1 · 55")
    sites = listed(seen, "sites")
    chosen = known_bundle().chosen
    own = chosen[chosen["district"] == "west"].sort_values("rank")
    assert [row[0] for row in sites] == [str(r) for r in own["rank"]]
    assert [row[-1] for row in sites] == [f"+{g:.0f}" for g in own["workers_gained"]]
    assert listed(seen, "gaps") == [["1", "NW corner", "55"]]
    seen.page.wait_for_timeout(200)
    assert seen.page.locator("dialog figure img").count() == 1  # the map of it
    assert found_by_axe(seen) == []
    pages = printed(seen)
    assert len(pages) == 1
    assert pages[0][0] == pytest.approx(A4, abs=2)
    for part in (name, "700", "50.0% → 90.0%", "NW corner", STAMP[language], *own["name"]):
        assert part in pages[0][1], part
    seen.page.keyboard.press("Escape")
    seen.page.locator("dialog").wait_for(state="detached")
    assert seen.page.evaluate("document.activeElement.matches('.paper-tool')")
    assert len(printed(seen)) > 1  # the whole again
    assert seen.errors == []


def test_two_clicks_from_the_map_the_district_that_was_clicked_on(opened):
    seen = opened(page_html(known_bundle()))
    for key in ("sites", "stations", "gaps", "hotspots", "before", "added"):
        seen.page.locator(f"input[data-layer={key}]").uncheck()
    for x, name in ((700, "West"), (2700, "East")):
        seen.page.locator(".home a").first.click()  # the sheet before went to its district
        seen.page.wait_for_timeout(200)
        click_at(seen, degrees(x, 700))
        seen.page.wait_for_timeout(300)
        seen.card.locator(".paper-tool").click()
        assert seen.page.locator("dialog h2").inner_text() == name
        seen.page.locator("dialog [data-act=close]").click()


def test_it_says_the_state_that_is_shown(opened, html, bundle):
    seen = opened(html)
    d = "mid"
    name = bundle.districts.set_index("district")["name_en"][d]
    states = [
        ({}, {}),
        ({"least": 2}, {"least": 2}),
        ({"plan": "today"}, None),
    ]
    for state, scope in states:
        seen.page.evaluate(
            "async (s) => { await planner.setState({ reset: true }); await planner.setState(s); }", state
        )
        open_from_table(seen, name)
        found = figures(seen)
        share = [
            bundle.facts.fact("share", plan=p, district=d, **(scope or {})).value
            for p in ("today", "proposal")
        ]
        assert found["Covered"] == (
            f"{share[0]:.1%} → {share[1]:.1%}" if scope is not None else f"{share[0]:.1%}"
        )
        gaps = seen.page.evaluate(
            "(d) => __planner.layers.gapsOfState().filter((g) => __planner.head.districts.id[g.district] === d).map((g) => g.workers)",
            d,
        )
        assert found["Gap areas"] == f"{len(gaps)} · {round(sum(gaps)):,}"
        if not state:
            facts = [bundle.facts.fact(q, district=d).shown for q in ("gap_areas", "gap_workers")]
            assert [len(gaps), round(sum(gaps))] == facts
            gains = bundle.chosen[bundle.chosen["district"] == d].sort_values("rank")["workers_gained"]
            assert [row[-1] for row in listed(seen, "sites")] == [f"+{g:,.0f}" for g in gains]
        seen.page.locator("dialog [data-act=close]").click()
    assert seen.errors == []


def test_a_long_list_is_cut_to_one_page_and_says_so(opened):
    town = known_bundle()
    n = 300
    rng = np.random.default_rng(3)
    row = town.chosen.iloc[[0]]
    chosen = gpd.GeoDataFrame(pd.concat([row] * n, ignore_index=True), crs=town.chosen.crs).assign(
        rank=np.arange(1, n + 1), site_id=[f"N{k:03d}" for k in range(n)], district="west",
        name=[f"A place with a rather long name by the lake, number {k}" for k in range(n)],
    )  # fmt: skip
    chosen = chosen.set_geometry(
        gpd.points_from_xy(X0 + rng.uniform(0, 2000, n), Y0 + rng.uniform(0, 2000, n), crs=town.chosen.crs)
    )
    seen = opened(page_html(dataclasses.replace(town, chosen=chosen)))
    open_from_table(seen, "West")
    pages = printed(seen)
    assert len(pages) == 1
    kept = pages[0][1].count("by the lake, number")
    assert 20 < kept < n
    assert f"{n - kept} more are not listed" in pages[0][1]
