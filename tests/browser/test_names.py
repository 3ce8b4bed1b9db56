"""Names written by the page: enough of them around each site, none over another, small streets only from near."""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
from pathlib import Path

import pytest

from planner.publish.page.write import page_html
from tests.publish.towns import grid_context
from tests.publish.toy import toy_bundle

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def html():
    return page_html(dataclasses.replace(toy_bundle(), context=grid_context()))


def drawn(seen, latlng, zoom):
    return seen.page.evaluate(
        """([at, zoom]) => {
             const { map, layers } = __planner;
             map.setView(at, zoom, { animate: false });
             return layers.names.drawn.map((d) => ({ ...d, metres: map.distance(d.latlng, at) }));
           }""",
        [latlng, zoom],
    )


def test_three_names_near_every_site_and_none_over_another(opened, html):
    seen = opened(html)
    places = seen.page.evaluate(
        "__planner.layers.siteSymbols.map((s) => { const { lat, lng } = s.getLatLng(); return [lat, lng]; })"
    )
    assert len(places) == 5
    for at in places:
        for zoom in (14, 15, 16, 18):
            labels = drawn(seen, at, zoom)
            if zoom == 16:
                assert len({d["text"] for d in labels if d["metres"] <= 500}) >= 3
            for a, b in itertools.combinations(labels, 2):
                for (x, y, r), (u, v, s) in itertools.product(a["discs"], b["discs"]):
                    assert math.hypot(x - u, y - v) >= r + s - 1e-9, (a["text"], b["text"], zoom)
    if os.environ.get("PLANNER_SHOTS"):
        drawn(seen, places[0], 16)
        seen.page.screenshot(path=str(Path(os.environ["PLANNER_SHOTS"]) / "names-toy.png"))
    assert seen.errors == []


def test_small_streets_wait_for_a_closer_look_and_zoom_has_an_end(opened, html):
    seen = opened(html)
    at = seen.page.evaluate(
        "(() => { const { lat, lng } = __planner.layers.siteSymbols[0].getLatLng(); return [lat, lng]; })()"
    )
    far, near = ({d["kind"] for d in drawn(seen, at, zoom)} for zoom in (13.5, 14))
    assert "street" not in far
    assert "street" in near
    assert (
        seen.page.evaluate("(__planner.map.setZoom(30, { animate: false }), __planner.map.getZoom())") == 18
    )


def test_the_layer_can_be_switched_off_and_its_names_are_found(opened, html):
    seen = opened(html)
    assert seen.painted("names") > 0
    seen.page.locator("input[data-layer=names]").uncheck()
    assert seen.page.locator(".leaflet-p-names-pane canvas").count() == 0
    box = seen.page.locator(".search input")
    box.fill("横7号")
    assert seen.page.locator("#search-list li").first.inner_text().split() == ["横7号路", "道路"]
    box.press("Enter")
    seen.page.wait_for_timeout(200)
    assert seen.page.evaluate("__planner.map.getZoom()") >= 15
    assert seen.errors == []
