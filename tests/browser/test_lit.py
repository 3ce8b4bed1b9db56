"""An open card: the site's catchment lit, its hours and groups as bars, what could stand in its place on the map; all of it in the link."""

from __future__ import annotations

import numpy as np
import pytest

from tests.browser.test_negotiation import ask, bundle, html, study
from tests.study.town import PERIODS, RATES, TEN_MINUTES_M, standing, workers

pytestmark = pytest.mark.browser
__all__ = ["bundle", "html", "study"]  # fixtures


def opened_card(opened, html, rank: int = 1):
    seen = opened(html)
    seen.page.locator(f"button[data-rank='{rank}']").click()
    seen.page.wait_for_selector(".leaflet-popup-content .reach-bars")
    return seen


def bars(seen) -> list[tuple[str, str]]:
    rows = seen.card.locator(".reach-bars li")
    return [
        (rows.nth(k).locator("span").first.inner_text(), rows.nth(k).locator(".number").inner_text())
        for k in range(rows.count())
    ]


@pytest.mark.parametrize("metres", [None, 500])
def test_the_bars_are_the_workers_within_the_distance(opened, html, study, bundle, metres):
    seen = opened_card(opened, html)
    if metres:
        seen.page.evaluate(
            "async (m) => { await planner.setState({ cutoff_m: m }); __planner.desk.tellNow(); }", metres
        )
    site = bundle.chosen.sort_values("rank").iloc[0]
    near = np.abs(standing(study) - (site.geometry.x - 559_000.0)) <= (metres or 4000 / 6)
    open_in = {t for t, (a, b) in PERIODS.items()} if site["open_hours"] == "00:00-24:00" else None
    found = bars(seen)
    assert len(found) == len(PERIODS) + len(RATES)
    for (_, told), t in zip(found, PERIODS, strict=False):
        wanted = sum(float(workers(study, g, t)[near].sum()) for g in RATES)
        assert float(told.split(" · ")[0]) == pytest.approx(wanted, abs=0.51)
        if open_in is not None:
            assert "Not open" not in told
    for (_, told), g in zip(found[len(PERIODS) :], RATES, strict=True):
        wanted = float(study.demand_points[g].to_numpy()[near].sum())
        assert float(told) == pytest.approx(wanted, abs=0.51)
    assert seen.page.evaluate("() => __planner.lit.group.getLayers().length") == 2
    seen.page.keyboard.press("Escape")
    assert seen.page.evaluate("() => __planner.lit.group.getLayers().length") == 0
    assert seen.errors == []


def test_the_lit_outline_goes_round_the_cells_in_reach(opened, html, study, bundle):
    """Its box on the ground is that of the cells which hold workers within the distance."""
    seen = opened_card(opened, html)
    site = bundle.chosen.sort_values("rank").iloc[0]
    near = np.abs(standing(study) - (site.geometry.x - 559_000.0)) <= 4000 / 6
    box = seen.page.evaluate(
        "() => { const b = L.latLngBounds(__planner.lit.group.getLayers()[0].getLatLngs().flat(3)); return [b.getWest(), b.getEast()]; }"
    )
    lng = study.demand_points.to_crs(4326).geometry.x.to_numpy()[near]
    west, east = lng.min(), lng.max()
    wide = bundle.demand.to_crs(4326).geometry.bounds
    side = float((wide["maxx"] - wide["minx"]).max())
    assert west - side <= box[0] <= west + 1e-6
    assert east - 1e-6 <= box[1] <= east + side


def test_a_period_in_which_it_is_shut_says_so_and_follows_other_hours(opened, html):
    seen = opened_card(opened, html)
    seen.card.locator("[data-tool=hours]").select_option("18:00-06:00")
    seen.page.wait_for_timeout(200)
    shut = [label for label, told in bars(seen) if "Not open" in told]
    assert shut == ["06:00–10:00", "10:00–14:00", "14:00–17:00"]
    assert seen.errors == []


def test_what_could_stand_in_its_place_is_on_the_map_with_distance_and_loss(opened, html):
    seen = opened_card(opened, html)
    seen.page.locator("[data-tool=move]").click()
    offered = seen.card.locator(".stand-ins .stand-in")
    tips = seen.page.locator(".offer-tip").all_inner_texts()
    assert tips == [offered.nth(k).locator("small").inner_text() for k in range(offered.count())]
    assert len(tips) == 3
    card = seen.page.locator(".leaflet-popup-content-wrapper").bounding_box()
    corner = seen.page.locator("#map_planner").bounding_box()
    marks = seen.page.evaluate(
        "() => [__planner.layers.siteSymbols[0], ...__planner.lit.offers.getLayers()].map((s) => __planner.map.latLngToContainerPoint(s.getLatLng()))"
    )
    hidden = [
        m
        for m in marks
        if card["x"] <= corner["x"] + m["x"] <= card["x"] + card["width"]
        and card["y"] <= corner["y"] + m["y"] <= card["y"] + card["height"]
    ]
    assert len(hidden) < len(marks) - 1  # the card has stepped aside
    assert marks[0] not in hidden
    assert all(" m · " in tip for tip in tips)
    other = offered.first.get_attribute("data-site")
    seen.page.evaluate("() => __planner.lit.offers.getLayers()[0].fire('click')")
    assert ask(seen, "planner.state()")["edits"]["add"] == [other]
    seen.page.wait_for_selector(".offer-tip", state="detached", timeout=5000)  # they fade out
    assert seen.errors == []


def test_the_link_holds_the_site_whose_card_is_open_and_what_lists_are_sifted_by(opened, html, bundle):
    seen = opened_card(opened, html, rank=2)
    seen.page.locator(".lists select[data-filter=list]").select_option("1")
    seen.page.locator("#tab-table").click()
    seen.page.locator("input[data-filter=name]").fill("h1")
    seen.page.wait_for_timeout(400)
    address = seen.page.url
    site = bundle.chosen.sort_values("rank")["site_id"].iloc[1]
    assert f"site={site}" in address
    seen.page.goto("about:blank")
    seen.page.goto(address)
    seen.wait_until_ready()
    seen.page.wait_for_selector(".leaflet-popup-content [data-tool=drop]")
    assert seen.card.locator(f"dd:text-is('{site}')").count() == 1
    assert seen.page.locator("select[data-filter=list]").input_value() == "1"
    assert seen.page.locator("input[data-filter=name]").input_value() == "h1"
    seen.page.locator("#tab-table").click()
    names = seen.page.locator(".site-table:visible tbody th").all_inner_texts()
    assert names
    assert all(name.startswith("h1") for name in names)
    assert seen.errors == []


@pytest.mark.parametrize(
    ("state", "periods", "metres"),
    [({"periods": "night"}, ("22_06",), None), ({"cutoff_m": 500}, None, 500.0)],
)
def test_stations_say_whom_they_reach_in_the_state(opened, html, study, state, periods, metres):
    """In the table and on the card; counted along the street."""
    seen = opened(html)
    seen.page.evaluate("async (s) => { await planner.setState(s); __planner.desk.tellNow(); }", state)
    seen.page.locator("#tab-table").click()
    seen.page.locator("input[data-filter=name]").fill("S0")
    row = seen.page.locator(".site-table:visible tbody tr:not(.room)")
    assert row.count() == 1
    told = int(row.locator("td.number").inner_text().replace(",", ""))
    near = np.abs(standing(study) - 250.0) <= (metres or TEN_MINUTES_M)
    wanted = sum(
        float(workers(study, g, t)[near].sum()) for g in RATES for t in periods or PERIODS
    )  # open day and night
    assert told == pytest.approx(wanted, abs=0.51)
    row.locator("button").click()
    seen.page.wait_for_selector(".leaflet-popup-content dl")
    assert f"Workers in reach\n{told}" in seen.card.inner_text()
    assert seen.errors == []
