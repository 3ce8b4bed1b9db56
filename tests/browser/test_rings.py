"""What is known of each new station, as rings with their meaning one tap away; two stations in reach, hatched."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.publish.page.layers import sites_part
from planner.publish.page.pack import Island
from planner.publish.page.write import page_html
from planner.study.gather import make_bundle
from tests.browser.test_negotiation import bundle, html, study
from tests.publish.known import known_bundle

pytestmark = pytest.mark.browser
__all__ = ["bundle", "html", "study"]  # fixtures

KEPT = pd.DataFrame(
    {
        "base": [True] * 5,
        "radius:500": [True, True, True, False, False],
        "hours:any": [True, False, True, False, False],
        "cell:400": [True, False, True, True, False],
    }
)


def legend(seen, key: str) -> list[str]:
    return seen.page.locator(f"[data-entry={key}] ul li").all_inner_texts()


def visible(seen, key: str) -> int:
    return seen.page.evaluate(
        "(key) => __planner.layers.get(key).layer.getLayers().filter((r) => !r.options.hidden).length", key
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_rings_say_what_the_table_says_and_mean_what_one_tap_says(opened, language):
    seen = opened(page_html(known_bundle(language, kept=KEPT)))
    assert [text.rsplit("(", 1)[1] for text in legend(seen, "steadiness")] == [
        "1)",
        "4)",
        "0)",
    ]  # 93, 82, 71, 64, 58 %
    assert [text.rsplit("(", 1)[1] for text in legend(seen, "kept")] == [
        "2)",
        "2)",
        "1)",
    ]  # 4, 2, 4, 2, 1 of 4
    for key, part in (("steadiness", {"en": "below a half", "zh": "低于一半"}), ("kept", {"en": "4 cases", "zh": "共 4 种"}),
                      ("sites", {"en": "covered", "zh": "覆盖"})):  # fmt: skip
        meaning = seen.page.locator(f"[data-entry={key}] .means")
        assert not meaning.is_visible()
        seen.page.locator(f"[data-entry={key}] .what-is").click()
        assert part[language] in meaning.inner_text()
    seen.page.locator("input[data-layer=kept]").check()
    assert visible(seen, "kept") == 5
    seen.page.locator("button[data-rank='2']").click()
    seen.page.wait_for_selector(".leaflet-popup-content")
    assert {"en": "2 of 4 cases", "zh": "4 种中 2 种"}[language] in seen.card.inner_text()
    assert seen.errors == []


def test_what_each_site_is_kept_in_adds_up_to_the_studys_own_figures(study):
    bundle = make_bundle(study.with_(siting__sensitivity=True).stages)
    part = sites_part(bundle, Island(), list(bundle.districts["district"]), "en")
    assert part["cases"] == len(bundle.sensitivity) > 3
    assert sum(part["kept"]) == bundle.sensitivity["near"].sum()
    assert sum(n == part["cases"] for n in part["kept"]) == bundle.facts.fact("sites_always").value


def test_rings_follow_the_plan_and_two_stations_in_reach_are_hatched(opened, html):
    seen = opened(html)
    seen.page.locator("input[data-layer=steadiness]").check()
    assert visible(seen, "steadiness") == 8
    seen.page.evaluate(
        "async () => { await planner.edit({ drop: __planner.head.sites.id.slice(0, 2) }); __planner.desk.tellNow(); }"
    )
    assert visible(seen, "steadiness") == 6
    seen.page.evaluate("async () => { await planner.setState({ plan: 'today' }); __planner.desk.tellNow(); }")
    assert visible(seen, "steadiness") == 0
    before = seen.painted("cells")
    seen.page.locator("input[data-layer=backup]").check()
    seen.page.wait_for_timeout(200)
    hatched = seen.painted("cells") - before
    seen.page.evaluate(
        "async () => { await planner.setState({ plan: 'proposal' }); __planner.desk.tellNow(); }"
    )
    seen.page.wait_for_timeout(200)
    assert seen.painted("cells") - before > hatched  # the plan gives more people two
    assert [e for e in seen.errors if "getImageData" not in e] == []


@pytest.mark.parametrize("zoomed", [False, True])
def test_what_is_added_is_hatched_at_every_zoom_level(opened, html, zoomed):
    seen = opened(html)
    if zoomed:
        seen.page.evaluate(
            "() => __planner.map.setView(__planner.layers.siteSymbols[0].getLatLng(), 16, { animate: false })"
        )
    count = """() => { const c = document.querySelector('.leaflet-p-cells-pane canvas'), px = c.getContext('2d').getImageData(0, 0, c.width, c.height).data, n = {};
      for (let i = 0; i < px.length; i += 4) if (px[i + 3]) { const k = px.slice(i, i + 3).join(); n[k] = (n[k] ?? 0) + 1; } return n; }"""
    plans = {}
    for plan in ("today", "proposal"):
        seen.page.evaluate(
            "async (plan) => { await planner.setState({ plan }); __planner.desk.tellNow(); }", plan
        )
        plans[plan] = seen.page.evaluate(count)
    # orange fill alone would be few colours; its hatching brings brown ink over each of them
    brown = [
        sum(n for k, n in px.items() if (c := np.array(k.split(","), int))[0] - c[2] > 80 and c[0] < 190)
        for px in plans.values()
    ]
    assert brown[0] == 0
    assert brown[1] > 30
