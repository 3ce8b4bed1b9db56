"""The table of sites: sorted, sifted with the map, its count and sum; ten thousand sites are ready in time."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from planner.publish.page.write import page_html
from tests.publish.known import known_bundle
from tests.publish.toy import X0, Y0

pytestmark = pytest.mark.browser


def rows(seen):
    return seen.page.locator(".site-table:visible tbody tr:not(.room)").evaluate_all("(all) => all.map((tr) => [...tr.children].map((c) => c.textContent))")  # fmt: skip


def summed(seen):
    return [int(v.replace(",", "")) for v in re.findall(r"[\d,]+", seen.page.locator(".site-table:visible .unit-line").inner_text())]  # fmt: skip


def test_rows_are_sorted_and_sifted_and_summed(opened):
    bundle = known_bundle()
    seen = opened(page_html(bundle))
    seen.page.get_by_role("tab", name="All sites").click()
    found = rows(seen)
    assert [row[4] for row in found[:5]] == ["+170", "+130", "+80", "+40", "+10"]
    assert len(found) == 11
    assert summed(seen) == [11, 11, 430]
    seen.page.locator(".site-table:visible button[data-sort=workers]").click()
    values = [int(re.sub(r"\D", "", row[4])) for row in rows(seen)]
    assert values == sorted(values, reverse=True)
    seen.page.locator(".site-table:visible button[data-sort=workers]").click()
    assert [int(re.sub(r"\D", "", row[4])) for row in rows(seen)] == sorted(values)
    assert seen.page.locator(".site-table:visible th[aria-sort=ascending]").inner_text().startswith("Workers")
    seen.page.locator(".site-table:visible select").select_option(label="East")
    assert {row[2] for row in rows(seen)} == {"East"}
    east = bundle.chosen[bundle.chosen["district"] == "east"]
    assert summed(seen)[0] == len(east) + 2
    assert summed(seen)[2] == round(east["workers_gained"].sum())
    seen.page.locator(".site-table:visible select").select_option("")
    seen.page.locator(".site-table:visible .sift input[type=search]").fill("湖")
    assert all("湖" in row[1] for row in rows(seen))
    assert len(rows(seen)) >= 2
    if os.environ.get("PLANNER_SHOTS"):
        seen.page.locator(".site-table:visible .sift input[type=search]").fill("")
        seen.page.screenshot(path=str(Path(os.environ["PLANNER_SHOTS"]) / "table.png"))
    assert seen.errors == []


def test_the_table_follows_the_map_and_its_layers(opened):
    seen = opened(page_html(known_bundle()))
    seen.page.get_by_role("tab", name="All sites").click()
    seen.page.get_by_label("Only what the map shows").check()
    seen.page.evaluate(
        "() => { const s = __planner.layers.siteSymbols[0]; __planner.map.setView(s.getLatLng(), 18, { animate: false }); }"
    )
    inside = seen.page.evaluate(
        "() => { const b = __planner.map.getBounds(); return [...__planner.layers.siteSymbols, ...__planner.layers.stationSymbols].filter((s) => b.contains(s.getLatLng())).length; }"
    )
    assert 1 <= len(rows(seen)) == inside < 11
    seen.page.locator("input[data-layer=sites]").uncheck()
    assert all(not row[4].startswith("+") for row in rows(seen))
    seen.page.locator("input[data-layer=sites]").check()
    seen.page.locator(".site-table:visible tbody th button").first.click()
    seen.page.wait_for_selector(".leaflet-popup-content")
    assert seen.popup() == rows(seen)[0][1]


def many(n):
    """The known town with n new sites."""
    bundle = known_bundle()
    rng = np.random.default_rng(2)
    at = np.resize(np.arange(len(bundle.chosen)), n)
    table = bundle.chosen.iloc[at].reset_index(drop=True)
    table = table.assign(
        rank=np.arange(1, n + 1), site_id=[f"N{i:05d}" for i in range(n)], name=[f"站点{i}" for i in range(n)]
    )
    xy = rng.uniform((0, 0), (4000, 2000), (n, 2)) + np.array([X0, Y0])
    table = table.set_geometry(gpd.GeoSeries.from_xy(*xy.T, crs=table.crs))
    made = dataclasses.replace(bundle, chosen=table)
    made.__dict__["facts"] = bundle.facts  # the figures are not what is looked at
    return made


def test_ten_thousand_sites_are_ready_and_scroll(opened):
    html = page_html(many(10_000))
    times = []
    for _ in range(3):
        seen = opened(html)
        times.append(seen.page.evaluate("() => performance.now()") / 1000)
        if times[-1] <= 3:
            break
    print("ready", times)
    if os.getloadavg()[0] <= (os.cpu_count() or 1):
        assert min(times) <= 3, times
    assert 10 < len(rows(seen)) < 80
    assert seen.page.evaluate("document.querySelectorAll('*').length") < 3000
    frame = seen.page.locator(".site-table:visible .frame")
    frame.evaluate("(f) => { f.scrollTop = f.scrollHeight; }")
    seen.page.wait_for_timeout(200)
    assert rows(seen)[-1][1] == "站点9999"
    assert summed(seen)[:2] == [10_000, 10_000]
    seen.page.locator(".site-table:visible .sift input[type=search]").fill("站点777")
    assert len(rows(seen)) == 11  # 777 and 7770 to 7779
    assert seen.errors == []
