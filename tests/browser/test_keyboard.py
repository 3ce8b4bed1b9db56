"""The page without a mouse, and to a screen reader: links past the lists, focus that comes back, axe-core finds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.publish.page.write import page_html
from tests.browser.test_negotiation import bundle, html, study
from tests.publish.toy import toy_bundle

pytestmark = pytest.mark.browser
__all__ = ["bundle", "html", "study"]  # fixtures


@pytest.fixture(scope="module", params=["zh", "en"])
def either(request):
    return page_html(toy_bundle(request.param))


@pytest.fixture(scope="module")
def toy_page():
    return page_html(toy_bundle())


def focused(seen, what="(node) => node.id || node.className || node.tagName"):
    return seen.page.evaluate(f"() => ({what})(document.activeElement)")


def found_by_axe(seen, where=""):
    """Rules of axe-core that something breaks, and the first node of each: every impact, best practices too."""
    axe = pytest.importorskip("axe_playwright_python")
    seen.page.evaluate(Path(axe.__file__).with_name("axe.min.js").read_text("utf-8"))
    found = seen.page.evaluate("async () => (await axe.run(document)).violations")
    return [(where, v["impact"], v["id"], [n["html"][:120] for n in v["nodes"]][:3]) for v in found]


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_map_is_at_most_five_tabs_away(opened, either, width, height):
    seen = opened(either, width=width, height=height)
    seen.page.keyboard.press("Tab")
    link = seen.page.locator(".skips a").first
    assert link.bounding_box()["y"] >= 0  # it shows itself
    seen.page.keyboard.press("Enter")
    assert focused(seen) == "map_planner"
    for k, there in ((2, "(node) => node.getAttribute('role')"), (3, "(node) => node.getAttribute('role')")):
        seen.page.locator(".skips a").nth(k - 1).focus()
        seen.page.keyboard.press("Enter")
        assert focused(seen, there) == {2: "combobox", 3: "tab"}[k]
    assert seen.page.evaluate("() => location.hash") == ""


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844), (844, 390)])
def test_focus_goes_into_the_card_and_back(opened, toy_page, width, height):
    seen = opened(toy_page, width=width, height=height)
    while height < 800 and seen.page.locator("html").get_attribute("data-sheet") != "full":
        seen.page.locator(".sheet-handle").press("ArrowUp")
    seen.page.locator("button[data-rank='2']").focus()
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector(".leaflet-popup-content")
    assert (
        focused(seen, "(node) => node.getAttribute('role') + ' ' + node.getAttribute('aria-label')")
        == "dialog 湖东便利店"
    )
    seen.page.keyboard.press("Escape")
    seen.page.wait_for_timeout(400)
    assert seen.page.locator(".leaflet-popup").count() == 0
    if height < 800:  # the list is away under the map
        assert focused(seen) == "map_planner"
    else:
        assert focused(seen, "(node) => node.dataset.rank") == "2"


def test_the_close_button_says_so_and_takes_space(opened, toy_page):
    seen = opened(toy_page)
    seen.page.locator("button[data-rank='1']").click()
    seen.page.wait_for_selector(".leaflet-popup-content")
    button = seen.page.get_by_role("button", name="关闭")
    button.focus()
    seen.page.keyboard.press("Space")
    seen.page.wait_for_timeout(400)
    assert seen.page.locator(".leaflet-popup").count() == 0


def test_every_symbol_in_view_is_in_a_list(opened, toy_page):
    seen = opened(toy_page)
    seen.page.locator("#map_planner").focus()
    seen.page.keyboard.press("Enter")
    buttons = seen.page.locator(".leaflet-popup .stand-in")
    names = buttons.locator("span").all_inner_texts()
    bundle = toy_bundle()
    assert sorted(names) == sorted([*bundle.stations["name"], *bundle.chosen["name"]])
    seen.page.keyboard.press("Tab")  # the first of them: the nearest to the middle
    assert focused(seen, "(node) => node.querySelector('span').textContent") == names[0]
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_timeout(300)
    assert seen.popup() == names[0]
    seen.page.keyboard.press("Escape")
    assert focused(seen) == "map_planner"


def test_focus_stays_in_the_card_when_its_tools_change(opened, html):
    seen = opened(html)
    seen.page.locator("button[data-rank='1']").click()
    seen.page.wait_for_selector(".leaflet-popup-content")
    seen.page.locator(".leaflet-popup [data-tool=drop]").focus()
    seen.page.keyboard.press("Enter")
    assert focused(seen, "(node) => node.dataset.tool") == "add"


@pytest.mark.parametrize(
    ("which", "width", "height"),
    [("zh", 1280, 800), ("en", 390, 844), ("edited", 1280, 800), ("edited", 390, 844)],
)
def test_axe_finds_nothing(opened, html, which, width, height):
    seen = opened(html if which == "edited" else page_html(toy_bundle(which)), width=width, height=height)
    found = found_by_axe(seen, "first")
    seen.page.locator(".layer-title").click()
    found += found_by_axe(seen, "layers")
    seen.page.locator(".layer-title").click()
    if width < 800:
        seen.page.locator(".sheet-handle").press("ArrowUp")
    for tab in seen.page.get_by_role("tab").all():
        tab.click()
        found += found_by_axe(seen, tab.get_attribute("id"))
    seen.page.get_by_role("tab").first.click()
    seen.page.locator("button[data-rank='1']").click()
    seen.page.wait_for_selector(".leaflet-popup-content")
    seen.page.wait_for_timeout(300)
    found += found_by_axe(seen, "card")
    assert not found, "\n".join(map(str, found))
