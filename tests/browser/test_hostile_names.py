"""Names from files come back from the page character for character, whatever they hold."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import pytest
import shapely

from planner.publish.page.write import page_html, show
from planner.telling.bundle import ExtraLayer, PopupField
from tests.publish.hostile import HOSTILE, WORST, hostile_bundle
from tests.publish.toy import CRS, X0, Y0

pytestmark = pytest.mark.browser

#: Two more that only a browser would fall for, and names that JavaScript knows itself.
TITLES = [*WORST, "`\\`${alert(1)} \\u003cb\\u003e\r\n two\nlines <b>", "__proto__"]


def bundle_of(title: str):
    """The hostile toy town, also in what only the map shows: lakes, credits, a further layer."""
    bundle = hostile_bundle(title)
    lake = bundle.water.assign(name=title)
    spot = gpd.GeoDataFrame(
        {"name": HOSTILE, "note": HOSTILE}, geometry=[shapely.Point(X0 + 60 * i, Y0 + 1200) for i in range(len(HOSTILE))], crs=CRS
    )  # fmt: skip
    note = PopupField("note", title, title, None, "", "")
    layer = ExtraLayer(
        "more", title, title, spot, name_column="name", fields=(note,), shown=True, searchable=True
    )
    return dataclasses.replace(
        bundle, water=lake, extra_layers=(layer,), run=bundle.run | {"credits": [title]}
    )


LOOK = """() => {
  const { map, layers } = __planner;
  const opened = (symbol) => {
    symbol.openPopup();
    const text = (part) => [...symbol.getPopup().getElement().querySelectorAll(part)].map((n) => n.textContent);
    return { name: text(".name")[0], values: text("dd"), labels: text("dt"), reason: text(".reason")[0] };
  };
  const all = [];
  map.eachLayer((layer) => layer.getPopup?.() && all.push(layer));
  const stations = layers.stationSymbols.map(opened);
  const sites = layers.siteSymbols.map(opened);
  const more = all.filter((s) => !layers.stationSymbols.includes(s) && !layers.siteSymbols.includes(s)).map(opened);
  map.closePopup();
  const texts = (selector) => [...document.querySelectorAll(selector)].map((n) => n.textContent);
  return {
    stations, sites, more,
    title: document.querySelector("h1").textContent,
    notice: document.querySelector(".notice").textContent,
    approval: document.querySelector(".credits p").textContent,
    listed: texts("#panel-sites .site-name"),
    spots: texts(".spot-list .site-name"),
    filter: texts(".list-head option").slice(1),
    districts: texts(".districts tbody th button:not([data-paper])"),
    labels: layers.labels.map((l) => l.options.icon.options.html.textContent),
    legend: texts("[data-entry=sites] li"),
    control: document.querySelector("[data-entry=extra-more] label").textContent,
    credits: document.querySelector(".credits summary").textContent,
    hacked: window.hacked ?? null,
  };
}"""


@pytest.mark.parametrize("title", TITLES, ids=range(len(TITLES)))
def test_every_text_comes_back_as_it_is(opened, title):
    seen = opened(page_html(bundle_of(title)))
    seen.page.on("dialog", lambda dialog: seen.errors.append("dialog: " + dialog.message))
    text = seen.page.evaluate(LOOK)
    title = title.strip()  # the study file's own reader trims
    assert [p["name"] for p in text["stations"]] == HOSTILE
    assert [p["name"] for p in text["sites"]] == HOSTILE
    assert [p["reason"] for p in text["sites"]] == HOSTILE
    assert [p["name"] for p in text["more"]] == HOSTILE
    for hostile, station, site, spot in zip(
        HOSTILE, text["stations"], text["sites"], text["more"], strict=True
    ):
        assert station["values"].count(hostile) >= 4  # kind, grade, hours, host (and a district)
        assert site["values"].count(hostile) >= 3  # host, hours, batch (and a district)
        assert spot["values"] == [hostile]
    assert {p["labels"][0] for p in text["more"]} == {title}
    assert text["title"] == title
    assert text["notice"].endswith(title)
    assert text["approval"].endswith(title)
    assert text["listed"] == HOSTILE
    assert sorted(text["spots"]) == sorted(HOSTILE)
    assert text["filter"] == [title, HOSTILE[1]]
    assert text["districts"] == [title, HOSTILE[1]]
    assert [t.removeprefix("批次：") for t in text["legend"]] == HOSTILE
    assert text["control"] == title
    assert text["credits"].endswith(title)
    assert text["hacked"] is None
    assert seen.errors == []
    assert len(seen.requests) == 1


def test_areas_and_search_show_hostile_names(opened):
    seen = opened(page_html(bundle_of(WORST[0])))
    for key in ("hotspots", "gaps"):
        seen.page.locator(f"input[data-layer={key}]").check()
    for kind, cards in (("gaps", "gapCard"), ("hotspots", "hotspotCard")):
        shown = seen.page.evaluate(
            f"""() => {{
                 const {{ map, layers }} = __planner;
                 return layers.{kind.removesuffix("s")}Shapes.map((shape) => layers.at(shape.getBounds().getCenter()).querySelector(".name").textContent);
               }}"""
        )
        assert set(shown) <= set(HOSTILE), cards
        assert shown
    box = seen.page.get_by_role("combobox").first
    for name in HOSTILE:
        if not name.isprintable():  # what one cannot type
            continue
        box.fill(name)
        found = seen.page.locator("#search-list li span").evaluate_all(
            "(nodes) => nodes.map((n) => n.textContent)"
        )
        assert name in found
    assert seen.errors == []


def test_a_notebook_shows_a_hostile_page_in_its_frame(opened):
    frame = show(bundle_of(WORST[0]))._repr_html_()
    assert frame.count("<") == 2  # the frame's own tag, opened and closed
    seen = opened(f"<!DOCTYPE html><meta charset=utf-8><body>{frame}</body>", ready=False, own=True)
    seen.page.bring_to_front()  # a frame of a page behind others does not run on
    inner = seen.page.frame_locator("iframe")
    inner.locator(".headline .big").wait_for(timeout=30_000)
    assert inner.locator("h1").evaluate("(n) => n.textContent") == WORST[0]
    assert seen.page.evaluate("() => window.hacked ?? null") is None
    assert seen.errors == []
