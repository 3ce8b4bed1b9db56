"""The page under fingers: on phones and tablets nothing overlaps, a tapped marker stands above its card."""

from __future__ import annotations

import itertools

import pytest

from planner.publish.page.write import page_html
from planner.study.gather import make_bundle
from tests.actions.test_five_verbs import study_of
from tests.browser.test_negotiation import bundle, html, study
from tests.publish.toy import toy_bundle

pytestmark = pytest.mark.browser
__all__ = ["bundle", "html", "study"]  # fixtures

SIZES = [(390, 844), (844, 390), (768, 1024), (1280, 800)]
PARTS = (".view", ".leaflet-control-zoom", ".home", ".layer-control", ".stamp", ".leaflet-control-scale",
         ".leaflet-control-attribution", "#planner-panel")  # fmt: skip

# What a finger can hit of each control: its own box, or its label's.
TARGETS = """() => [...document.querySelectorAll("a, button, input, select, summary, [role=option]")]
  .filter((node) => node.checkVisibility({ visibilityProperty: true, opacityProperty: false }) && !node.closest(".skips"))
  .map((node) => {
    const box = (node.closest("label") ?? node).getBoundingClientRect();
    const own = node.getBoundingClientRect();
    return [node.outerHTML.slice(0, 90), Math.max(box.width, own.width), Math.max(box.height, own.height)];
  })"""


def boxes(seen, selectors=PARTS):
    found = {s: seen.page.locator(s).bounding_box() for s in selectors}
    return {s: b for s, b in found.items() if b and b["width"] and b["height"]}


def overlap(a, b):
    across = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
    down = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
    return across > 0.5 and down > 0.5


def whole(seen):
    """Whether the town lies whole in the map."""
    return seen.page.evaluate(
        """() => { const { map, head } = __planner; const [w, s, e, n] = head.bounds;
             return map.getBounds().contains([[s, w], [n, e]]) && map.getBoundsZoom([[s, w], [n, e]]) - map.getZoom() < 1.2; }"""
    )


@pytest.fixture(scope="module")
def toy_page():
    return page_html(toy_bundle())


@pytest.fixture(scope="module", params=["zh", "en"])
def either(request):
    return page_html(toy_bundle(request.param))


@pytest.fixture(scope="module")
def five_verbs(tmp_path_factory):
    """A page with four plans to choose from, in the longer words."""
    folder = tmp_path_factory.mktemp("five")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(folder / "cache"))
        return page_html(
            make_bundle(study_of(folder / "town", "budget_yuan = 14500\nyearly_yuan = 12000").stages)
        )


@pytest.mark.parametrize(("width", "height"), [(390, 844), (320, 568), (844, 390)])
def test_four_plans_to_choose_from_stand_beside_the_layers(opened, five_verbs, width, height):
    seen = opened(five_verbs, width=width, height=height, has_touch=True, is_mobile=True)
    found = boxes(seen)
    for a, b in itertools.combinations(found, 2):
        assert not overlap(found[a], found[b]), (a, b)
    last = seen.page.locator(".view label").last  # reached by a swipe where the row is too narrow
    assert seen.page.locator(".view label").count() == 4
    last.scroll_into_view_if_needed()
    last.tap()
    assert seen.page.evaluate("async () => (await planner.state()).plan") == "mine"


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_nothing_overlaps_and_nothing_sticks_out(opened, either, html, width, height):
    for page in (either, html):
        seen = opened(page, width=width, height=height)
        found = boxes(seen)
        assert set(found) == set(PARTS)
        for (a, one), (b, other) in itertools.combinations(found.items(), 2):
            assert not overlap(one, other), (a, b)
        for name, box in found.items():
            assert box["x"] >= 0, name
            assert box["x"] + box["width"] <= width + 0.5, name
            assert box["y"] + box["height"] <= height + 0.5, name
        assert seen.page.evaluate("() => document.documentElement.scrollWidth") <= width
        assert whole(seen)
        assert seen.errors == []


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_tapped_marker_stands_above_its_card(opened, html, width, height):
    seen = opened(html, width=width, height=height, has_touch=True)
    n = seen.page.evaluate("() => __planner.layers.siteSymbols.length")
    for k in (0, n // 2, n - 1):
        where = """(k) => { const { map, layers } = __planner;
          const c = map.getContainer().getBoundingClientRect();
          const at = map.latLngToContainerPoint(layers.siteSymbols[k].getLatLng());
          return [c.x + at.x, c.y + at.y]; }"""
        x, y = seen.page.evaluate(where, k)
        seen.page.touchscreen.tap(x, y)
        seen.page.wait_for_selector(".leaflet-popup-content .name")
        seen.page.wait_for_timeout(400)
        card = seen.page.locator(".leaflet-popup").last.bounding_box()
        x, y = seen.page.evaluate(where, k)
        assert y < card["y"] + (0 if width <= 844 else card["height"] + 40)
        under = seen.page.evaluate(
            "([x, y]) => document.elementFromPoint(x, y).closest('.leaflet-pane') !== null", [x, y]
        )
        assert under, "something lies on the marker"
        if width <= 844:
            assert card["y"] + card["height"] == pytest.approx(height, abs=1)
            stamp = seen.page.locator(".stamp").bounding_box()
            assert not overlap(stamp, card)
            assert seen.page.locator(".stamp").is_visible()
        seen.page.locator(".leaflet-popup-close-button").last.click()
        seen.page.wait_for_timeout(300)
        seen.page.locator(".home a").first.click()


@pytest.mark.parametrize(("width", "height"), SIZES[:3])
def test_targets_are_large_enough_for_a_finger(opened, html, width, height):
    seen = opened(html, width=width, height=height, has_touch=True)
    seen.page.locator(".layer-title").click()
    small = lambda: [t for t in seen.page.evaluate(TARGETS) if min(t[1:]) < 43.9]  # noqa: E731
    assert small() == []
    seen.page.locator(".layer-title").click()
    while seen.page.locator("html").get_attribute("data-sheet") != "full":
        seen.page.locator(".sheet-handle").click()
    for tab in seen.page.get_by_role("tab").all():
        tab.click()
        assert small() == [], tab.inner_text()
    seen.page.get_by_role("tab").first.click()
    seen.page.locator("button[data-rank='1']").click()
    seen.page.wait_for_selector(".leaflet-popup-content")
    seen.page.locator(".leaflet-popup [data-tool=move]").click()
    assert small() == []


def test_the_sheet_opens_in_three_steps_and_hides_what_is_not_seen(opened, toy_page):
    seen = opened(toy_page, width=390, height=844)
    state = lambda: seen.page.locator("html").get_attribute("data-sheet")  # noqa: E731
    handle = seen.page.locator(".sheet-handle")
    assert state() == "half"
    assert handle.get_attribute("aria-expanded") == "true"
    handle.press("ArrowDown")
    assert state() == "peek"
    assert handle.get_attribute("aria-expanded") == "false"
    assert not seen.page.get_by_role("combobox").first.is_visible()
    assert seen.page.locator("#map_planner").bounding_box()["height"] == 844 - 64
    assert "→" in handle.inner_text()
    handle.press("ArrowUp")
    handle.press("ArrowUp")
    assert state() == "full"
    assert not seen.page.locator(".home a").first.is_visible()
    box = handle.bounding_box()
    seen.page.mouse.move(195, box["y"] + 30)
    seen.page.mouse.down()
    seen.page.mouse.move(195, box["y"] + 200)
    seen.page.mouse.up()
    assert state() == "half"
    handle.press("ArrowUp")
    seen.page.locator("button[data-rank='2']").click()  # what is asked for is on the map: the sheet makes way
    seen.page.wait_for_selector(".leaflet-popup-content")
    assert state() == "half"
    assert seen.page.locator("#map_planner").is_visible()


def test_another_size_of_the_window_refits(opened, toy_page):
    seen = opened(toy_page)
    for width, height in (*SIZES, SIZES[0]):
        seen.page.set_viewport_size({"width": width, "height": height})
        seen.page.wait_for_timeout(250)
        assert whole(seen), (width, height)
    seen.page.evaluate("() => { __planner.map.setView([31.3, 120.63], 15, { animate: false }); }")
    seen.page.set_viewport_size({"width": 1280, "height": 800})
    seen.page.wait_for_timeout(250)
    centre, zoom = seen.page.evaluate(
        "() => { const c = __planner.map.getCenter(); return [[c.lat, c.lng], __planner.map.getZoom()]; }"
    )
    assert centre == pytest.approx([31.3, 120.63], abs=2e-4)
    assert zoom == 15
