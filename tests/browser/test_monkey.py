"""A hundred and more random clicks, keys and zooms on the page, fast, with its animations: no error, and it still counts."""

from __future__ import annotations

import pytest

from tests.browser.monkey import let_loose
from tests.browser.test_negotiation import bundle, html, study

pytestmark = pytest.mark.browser
__all__ = ["bundle", "html", "study"]  # fixtures

PHONE = {"width": 390, "height": 844, "has_touch": True}


@pytest.mark.parametrize(("seed", "screen"), [(0, {}), (2, {}), (20, PHONE)])
def test_nothing_that_somebody_does_is_an_error(opened, html, seed, screen):
    seen = opened(html, **screen)
    seen.page.emulate_media(reduced_motion="no-preference")
    seen.page.reload()
    seen.wait_until_ready()
    start = seen.page.evaluate("() => planner.figures()")
    let_loose(seen.page, seed=seed, steps=150)
    assert seen.errors == []
    asked = [url for url in seen.requests if not url.startswith("blob:")]  # what somebody saves is a blob
    assert asked[1:] == asked[:1]  # the page itself, twice
    assert (
        seen.page.evaluate(
            "async () => { await planner.setState({ reset: true }); return planner.figures(); }"
        )
        == start
    )


def test_a_card_that_opens_while_the_map_glides_to_another(opened, html):
    """What the random clicks found: the first card's way ends the glide, and who waits for that end opens a second."""
    seen = opened(html)
    seen.page.emulate_media(reduced_motion="no-preference")
    seen.page.reload()
    seen.wait_until_ready()
    seen.page.evaluate(
        """() => {
          const { map, layers } = __planner;
          const [one, other] = layers.siteSymbols;
          map.setView(one.getLatLng(), 15, { animate: false });
          map.panBy([40, 0], { animate: true, duration: 2 });
          map.once("moveend", () => other.openPopup());
          one.openPopup();
        }"""
    )
    seen.page.wait_for_timeout(300)
    assert seen.page.evaluate("() => __planner.map._popup.isOpen()")
    assert seen.errors == []


def test_the_list_of_what_the_map_shows_passes_over_rings(opened, html):
    seen = opened(html)
    box = seen.page.locator("input[data-layer=steadiness]")
    box.check()
    seen.page.locator("#map_planner").focus()
    seen.page.keyboard.press("Enter")
    assert seen.card.locator(".stand-in").count() > 5
    assert seen.errors == []
