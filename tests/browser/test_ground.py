"""Online base maps: offered only where the study names them, asked only once chosen, Amap's tiles shifted to where they belong."""

from __future__ import annotations

import base64
import math
import re

import numpy as np
import pytest

from planner.publish.page.write import page_html
from tests.browser.test_negotiation import bundle, html, study

pytestmark = pytest.mark.browser
__all__ = ["bundle", "html", "study"]  # fixtures

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
MAPS = ("osm", "amap", "tianditu")
METRES = 2 * math.pi * 6378137


@pytest.fixture(scope="module")
def grounded(bundle):
    about = bundle.settings.study.model_copy(update={"base_maps": MAPS, "tianditu_key": "0123abcd"})
    from dataclasses import replace

    changed = replace(bundle, settings=bundle.settings.model_copy(update={"study": about}))
    return page_html(changed), page_html(changed, public=True)


@pytest.fixture
def online(opened, grounded):
    """The page, and every tile that it asked for; the tiles are ours."""
    seen = opened(grounded[0])
    asked = []

    def give(route):
        asked.append(route.request.url)
        route.fulfill(body=PIXEL, content_type="image/png")

    seen.page.context.set_offline(False)
    seen.page.route(re.compile("^https:"), give)
    return seen, asked


def test_a_page_whose_study_names_none_offers_none_and_may_ask_nobody(opened, html, grounded):
    seen = opened(html)
    assert seen.page.locator("[data-ground]").count() == 0
    assert "img-src data: blob:;" in html
    assert "img-src data: blob:;" in grounded[1]  # the public page neither


@pytest.mark.parametrize(
    ("name", "host"),
    [("osm", "tile.openstreetmap.org"), ("amap", "autonavi.com"), ("tianditu", "tianditu.gov.cn")],
)
def test_nobody_is_asked_before_a_map_is_chosen_and_then_only_its_site(online, name, host):
    seen, asked = online
    seen.page.evaluate("__planner.map.setView([31.3, 120.63], 14, { animate: false })")
    seen.page.wait_for_timeout(300)
    assert asked == []
    assert "water" in seen.page.evaluate("__planner.layers.list.map((e) => e.key)")
    choice = seen.page.locator("[data-ground]")
    choice.select_option(name)
    seen.page.wait_for_timeout(700)
    assert asked, seen.errors
    assert all(host in url for url in asked)
    assert all("tk=0123abcd" in url for url in asked) or name != "tianditu"
    shown = "(key) => __planner.map.hasLayer(__planner.layers.get(key).layer)"
    assert seen.page.evaluate(shown, "roads") is False
    choice.select_option("")
    assert seen.page.evaluate(shown, "roads") is True
    n = len(asked)
    seen.page.evaluate("__planner.map.setView([31.31, 120.64], 15, { animate: false })")
    seen.page.wait_for_timeout(400)
    assert len(asked) == n
    assert [e for e in seen.errors if "Content Security" in str(e)] == []


def gcj(lng, lat):
    """GCJ-02 of a place by the published formula, written out once more."""
    x, y = lng - 105.0, lat - 35.0
    s = lambda k, v: math.sin(k * math.pi * v)  # noqa: E731
    wave = (20 * s(6, x) + 20 * s(2, x)) * 2 / 3
    dy = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + wave
    dy += (20 * s(1, y) + 40 * s(1 / 3, y) + 160 * s(1 / 12, y) + 320 * s(1 / 30, y)) * 2 / 3
    dx = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + wave
    dx += (20 * s(1, x) + 40 * s(1 / 3, x) + 150 * s(1 / 12, x) + 300 * s(1 / 30, x)) * 2 / 3
    e2, a = 0.00669342162296594323, 6378245.0
    m = 1 - e2 * math.sin(math.radians(lat)) ** 2
    return (
        lng + dx / (a / math.sqrt(m) * math.cos(math.radians(lat)) * math.pi / 180),
        lat + dy / (a * (1 - e2) / m**1.5 * math.pi / 180),
    )


def test_amaps_tiles_lie_where_the_ground_is_within_five_metres(online):
    seen, _ = online
    rng = np.random.default_rng(3)
    checked = 0
    seen.page.locator("[data-ground]").select_option("amap")
    for lng, lat in zip(rng.uniform(119.9, 121.3, 10), rng.uniform(30.8, 32.0, 10), strict=True):
        zoom = int(rng.integers(14, 18))
        seen.page.evaluate(
            "([lat, lng, zoom]) => __planner.map.setView([lat, lng], zoom, { animate: false })",
            [lat, lng, zoom],
        )
        seen.page.wait_for_timeout(350)
        x, y = gcj(lng, lat)
        world = 2.0**zoom
        tx = (x + 180) / 360 * world
        ty = (1 - math.asinh(math.tan(math.radians(y))) / math.pi) / 2 * world
        wanted = f"x={int(tx)}&y={int(ty)}&z={zoom}"
        box = seen.page.evaluate(
            """(wanted) => {
                 const corner = document.querySelector("#map_planner").getBoundingClientRect();
                 const tile = [...document.querySelectorAll(".leaflet-tile-pane img")].find((i) => i.src.endsWith(wanted));
                 if (!tile) return null;
                 const b = tile.getBoundingClientRect();
                 return [b.left - corner.left, b.top - corner.top];
               }""",
            wanted,
        )
        assert box is not None, wanted
        at = seen.page.evaluate("([lat, lng]) => { const p = __planner.map.latLngToContainerPoint([lat, lng]); return [p.x, p.y]; }", [lat, lng])  # fmt: skip
        drawn = [box[0] + 256 * (tx % 1), box[1] + 256 * (ty % 1)]
        metre_per_px = METRES * math.cos(math.radians(lat)) / 256 / world
        assert math.hypot(drawn[0] - at[0], drawn[1] - at[1]) * metre_per_px < 5
        checked += 1
    assert checked == 10


def test_tianditu_without_a_key_is_refused_with_what_to_do():
    from planner.settings.about import About

    with pytest.raises(ValueError, match="SET-052"):
        About(name="a", base_maps=("tianditu",))
    assert About(name="a", base_maps=("osm", "amap")).base_maps == ("osm", "amap")
