"""map.html in a browser without internet: it asks nobody, shows what it should, and trusts no name."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pytest
import shapely

from planner.publish.page.write import page_html, show
from planner.telling.bundle import ExtraLayer, PopupField
from tests.publish.toy import CELL, CRS, X0, Y0, toy_bundle

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def toy_page() -> str:
    return page_html(toy_bundle())


def degrees(x: float, y: float) -> list[float]:
    """[lat, lng] of a place given in metres from the toy town's south-west corner."""
    at = gpd.GeoSeries.from_xy([X0 + x], [Y0 + y], crs=CRS).to_crs(4326)
    return [float(at.y.iloc[0]), float(at.x.iloc[0])]


def click_at(seen, place):
    at = seen.page.evaluate("(p) => __planner.map.latLngToContainerPoint(p)", place)
    seen.page.locator("#map_planner").click(position={"x": at["x"], "y": at["y"]})


def test_it_asks_nobody_and_reports_no_error(opened, toy_page):
    seen = opened(toy_page)
    assert len(seen.requests) == 1
    assert seen.requests[0].startswith("file:")
    assert seen.errors == []


def test_headline_says_what_coverage_says(opened, toy_page):
    bundle = toy_bundle()
    text = opened(toy_page).page.locator(".headline").inner_text()
    for number in (f"{bundle.before.share:.1%}", f"{bundle.after.share:.1%}", "500", "70"):
        assert number in text


def test_every_layer_toggles(opened, toy_page):
    seen = opened(toy_page)
    boxes = seen.page.locator("[data-layers] input[type=checkbox]")
    panes = {"sites": "points", "steadiness": "points", "stations": "points", "before": "areas", "added": "areas", "cells": "cells",
             "gaps": "marks", "hotspots": "marks", "districts": "ground", "roads": "ground", "water": "ground"}  # fmt: skip
    assert boxes.count() == len(panes)
    for key, pane in panes.items():
        box = seen.page.locator(f"input[data-layer={key}]")
        shown = box.is_checked()
        before = seen.painted(pane)
        box.set_checked(not shown)
        seen.page.wait_for_timeout(80)
        changed = seen.painted(pane)
        assert (changed < before) if shown else (changed > before), key
        box.set_checked(shown)
        seen.page.wait_for_timeout(80)
        assert abs(seen.painted(pane) - before) <= 4, key  # edges of what is drawn again


def test_today_hides_what_the_plan_adds(opened, toy_page):
    seen = opened(toy_page)
    both = seen.painted("areas")
    seen.page.locator(".view").get_by_text("现状", exact=True).click()
    seen.page.wait_for_timeout(80)
    assert 0 < seen.painted("areas") < both
    assert not seen.page.locator("input[data-layer=sites]").is_checked()


def test_a_click_on_a_station_shows_its_name(opened, toy_page):
    seen = opened(toy_page)
    click_at(seen, degrees(1700, 1700))
    assert seen.popup() == "相门驿站"
    assert "08:00-20:00" in seen.card.inner_text()


def test_cells_are_drawn_where_they_are_in_the_colour_of_their_class(opened, toy_page):
    """Pixels at the centres of all cells, against the legend: 4 workers in the west, 1 in the east."""
    seen = opened(toy_page)
    for key in ("sites", "stations", "before", "added", "roads", "water", "districts"):
        seen.page.locator(f"input[data-layer={key}]").uncheck()
    column, row = (a.ravel() for a in np.meshgrid(np.arange(20), np.arange(10)))
    at = gpd.GeoSeries.from_xy(X0 + (column + 0.5) * CELL, Y0 + (row + 0.5) * CELL, crs=CRS).to_crs(4326)
    colours = seen.page.evaluate(
        """(places) => {
             const canvas = document.querySelector(".leaflet-p-cells-pane canvas");
             const box = canvas.getBoundingClientRect();
             const home = __planner.map.getContainer().getBoundingClientRect();
             return places.map((p) => {
               const c = __planner.map.latLngToContainerPoint(p);
               const k = canvas.width / box.width;
               const px = canvas.getContext("2d").getImageData((c.x + home.x - box.x) * k, (c.y + home.y - box.y) * k, 1, 1).data;
               return [...px].join();
             });
           }""",
        np.column_stack([at.y, at.x]).tolist(),
    )
    west, east = (
        {c for c, k in zip(colours, column, strict=True) if (k < 10) == left} for left in (True, False)
    )
    assert len(west) == len(east) == 1
    assert west != east
    click_at(seen, degrees(900, 1100))
    assert "4.0 人" in seen.card.inner_text()
    click_at(seen, degrees(3900, 100))
    text = seen.card.inner_text()
    assert "1.0 人" in text
    assert "现状 0% · 建成后 0%" in text


def test_the_list_flies_to_a_site_by_keyboard(opened, toy_page):
    seen = opened(toy_page)
    seen.page.locator("button[data-rank='2']").focus()
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector(".leaflet-popup-content")
    assert seen.popup() == "湖东便利店"
    text = seen.card.inner_text()
    for part in (
        "第 2 位",
        "便利店",
        "07:00-23:00",
        "23 人",
        "新增 23 名劳动者进入十分钟圈。",
        "2025",
        "721 m",
    ):
        assert part in text
    centre = seen.page.evaluate("() => { const c = __planner.map.getCenter(); return [c.lat, c.lng]; }")
    assert centre == pytest.approx(degrees(3100, 900), abs=0.004)  # the popup may have moved the map a little


def test_search_finds_stations_sites_and_districts(opened, toy_page):
    seen = opened(toy_page)
    box = seen.page.get_by_role("combobox").first
    for text, heading in (("平江路", "平江路爱心屋"), ("星湖", "星湖公园")):
        box.fill(text)
        box.press("ArrowDown")
        box.press("Enter")
        seen.page.wait_for_selector(".leaflet-popup-content")
        assert seen.popup() == heading
    box.fill("东区")
    box.press("Enter")
    assert seen.page.evaluate("() => __planner.map.getZoom()") > 10
    box.fill("没有这个名字")
    assert seen.page.locator("#search-list").inner_text() == "没有找到"


def test_a_site_that_is_switched_off_comes_back_when_asked_for(opened, toy_page):
    seen = opened(toy_page)
    seen.page.locator(".view").get_by_text("现状", exact=True).click()
    seen.page.locator("button[data-rank='1']").click()
    seen.page.wait_for_selector(".leaflet-popup-content")
    assert seen.page.locator("input[data-layer=sites]").is_checked()


def test_names_on_hover(opened, toy_page):
    seen = opened(toy_page)
    at = seen.page.evaluate("(p) => __planner.map.latLngToContainerPoint(p)", degrees(300, 300))
    seen.page.locator("#map_planner").hover(position={"x": at["x"], "y": at["y"]})
    assert seen.page.locator(".name-tip").inner_text() == "石路驿站"


def test_english_page_has_no_chinese_words_of_its_own(opened):
    bundle = toy_bundle("en")
    seen = opened(page_html(bundle))
    text = seen.page.locator("body").inner_text()
    names = "".join(bundle.chosen["name"]) + "金鸡湖"
    own = "".join(c for c in text if "\u4e00" <= c <= "\u9fff" and c not in names)
    assert own == ""
    for part in ("Toy Town", "Streets and residents are made up", "For internal use", "OpenStreetMap"):
        assert part in text


def test_credits_notice_and_approval_field(opened, toy_page):
    seen = opened(toy_page)
    text = seen.page.locator("body").inner_text()
    for part in (
        "内部使用",
        "审图号",
        "© OpenStreetMap contributors (ODbL)",
        "GeoNames (CC BY",
        "示例数据",
        "街道与人口为虚构",
    ):
        assert part in text
    seen.page.locator(".credits summary").click()
    assert (
        "Redistribution and use in source and binary forms" in seen.page.locator(".credits pre").inner_text()
    )
    assert seen.page.locator(".leaflet-control-attribution").inner_text().startswith("Leaflet |")
    assert seen.page.locator(".leaflet-control-attribution svg").count() == 0


def test_it_fits_a_phone(opened, toy_page):
    seen = opened(toy_page, width=360, height=740)
    wide = seen.page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 360
    assert seen.page.locator("#map_planner").bounding_box()["height"] > 300
    assert not seen.page.locator("#layer-body").is_visible()
    seen.page.locator(".layer-title").click()
    assert seen.page.locator("#layer-body").is_visible()


def test_printing_makes_one_picture_of_the_map_and_undoes_it(opened, toy_page):
    seen = opened(toy_page)
    seen.page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    painted = seen.page.evaluate(
        """async () => { const img = document.getElementById("planner-print"); await img.decode();
             return [img.naturalWidth, document.querySelector("#planner-panel .layer-control") !== null]; }"""
    )
    assert painted == [2 * 742, True]  # the map is 744 px with its borders
    seen.page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    assert seen.page.locator("#planner-print").count() == 0
    assert seen.page.locator("#map_planner .layer-control").count() == 1


def test_further_layers(opened):
    line = shapely.LineString([(X0, Y0 + 1000), (X0 + 4000, Y0 + 1000)])
    flows = gpd.GeoDataFrame({"trucks": [1234.4]}, geometry=[line], crs=CRS)
    homes = gpd.GeoDataFrame(
        {"name": ["常熟司机之家"], "bays": [24], "lacks": [None]},
        geometry=[shapely.Point(X0 + 2300, Y0 + 1300)],
        crs=CRS,
    )
    zone = gpd.GeoDataFrame(
        {"n": [5]}, geometry=[shapely.box(X0 + 2600, Y0 + 1200, X0 + 3000, Y0 + 1400)], crs=CRS
    )
    layers = (
        ExtraLayer("flows", "货车流量", "Truck flow", flows, fields=(PopupField("trucks", "货车", "Trucks", 0, "辆/日", "a day"),),
                   width_column="trucks", width_px=(2, 10), widths_zh="辆/日", shown=True),
        ExtraLayer("homes", "司机之家", "Driver homes", homes, name_column="name", shape="square", searchable=True, shown=True,
                   fields=(PopupField("bays", "泊位", "Bays", 0), PopupField("lacks", "缺少", "Lacks"))),
        ExtraLayer("zone", "服务区", "Zone", zone, shown=False),
    )  # fmt: skip
    seen = opened(page_html(toy_bundle(extra_layers=layers)))
    assert seen.errors == []
    assert seen.painted("marks") > 500
    click_at(seen, degrees(2300, 1300))
    assert seen.popup() == "常熟司机之家"
    assert seen.card.locator("dt").all_inner_texts() == ["泊位"]
    click_at(seen, degrees(1500, 1000))
    assert "1,234 辆/日" in seen.card.inner_text()
    seen.page.locator("input[data-layer=extra-zone]").check()
    click_at(seen, degrees(2700, 1300))
    assert seen.popup() == "服务区"
    seen.page.get_by_role("combobox").first.fill("司机之家")
    assert seen.page.locator("#search-list li").count() == 1


def test_a_study_without_stations_water_or_roads(opened):
    bundle = toy_bundle()
    none = dataclasses.replace(
        bundle, stations=bundle.stations.iloc[:0], water=bundle.water.iloc[:0], main_roads=bundle.main_roads.iloc[:0],
        gaps=bundle.gaps.iloc[:0], hotspots=None, area_before=shapely.Polygon(), curve=None,
    )  # fmt: skip
    seen = opened(page_html(none))
    assert seen.errors == []
    assert seen.painted("cells") > 0
    assert seen.painted("marks") == 0


def test_the_policy_stops_what_a_name_might_try(opened, toy_page):
    seen = opened(toy_page)
    finished = []
    seen.page.on("requestfinished", lambda r: finished.append(r.url))
    seen.page.evaluate(
        """() => {
             window.blocked = [];
             document.addEventListener("securitypolicyviolation", (e) => blocked.push(e.effectiveDirective));
             const box = document.createElement("div");
             box.innerHTML = "<img src=x onerror='window.hacked = 1'>";
             document.body.append(box);
             const script = document.createElement("script");
             script.textContent = "window.hacked = 2";
             document.body.append(script);
             const style = document.createElement("style");
             style.textContent = "body { background: url(http://127.0.0.1:9/x.png) }";
             document.body.append(style);
             fetch("http://127.0.0.1:9/").catch(() => {});
           }"""
    )
    seen.page.wait_for_timeout(300)
    blocked = seen.page.evaluate("() => blocked")
    assert seen.page.evaluate("() => window.hacked") is None
    assert {"img-src", "script-src-elem", "style-src-elem", "connect-src"} <= set(blocked)
    assert finished == []


def test_in_a_notebook_the_page_runs_inside_its_frame(opened):
    frame = show(toy_bundle(), height=500)._repr_html_()
    seen = opened(f"<!DOCTYPE html><meta charset=utf-8><body>{frame}</body>", ready=False, own=True)
    seen.page.bring_to_front()  # a frame of a page behind others does not run on
    inner = seen.page.frame_locator("iframe")
    inner.locator(".headline .big").wait_for(timeout=30_000)
    assert inner.locator("h1").inner_text() == "玩具城户外劳动者服务站点规划"
    assert seen.errors == []


def test_hot_spots_are_a_list_with_numbers_that_leads_to_each(opened, toy_page):
    seen = opened(toy_page)
    seen.page.locator("#tab-gaps").click()
    spots = seen.page.evaluate("__planner.head.hotspots")
    rows = seen.page.locator(".spot-list li")
    assert rows.count() == len(spots["name"])
    told = [int(t.replace(",", "")) for t in rows.locator(".gain").all_inner_texts()]
    assert told == sorted((round(v) for v in spots["workers"]), reverse=True)
    assert not seen.page.evaluate("__planner.map.hasLayer(__planner.layers.get('hotspots').layer)")
    rows.first.locator("button").click()
    assert seen.page.evaluate("__planner.map.hasLayer(__planner.layers.get('hotspots').layer)")
    assert seen.errors == []
