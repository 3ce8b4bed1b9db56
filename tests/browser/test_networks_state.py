"""A network of the union as a state: headline, districts, cells and lists are that network's, as the study counts it."""

from __future__ import annotations

import numpy as np
import pytest

import planner
from planner.publish.page.write import page_html
from planner.study.gather import make_bundle
from tests.networks.test_town import own, places
from tests.study.town import Place, street_town

pytestmark = pytest.mark.browser

KINDS = ("bank", "mall", "office", "fast_food")
DISTRICTS = {"west": (0.0, 2050.0, 6000.0), "mid": (2050.0, 5000.0, 9000.0), "east": (5000.0, 9000.0, 7000.0)}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    old = [
        Place(f"o{k}", x, hours)
        for k, (x, hours) in enumerate([(900.0, "00:00-24:00"), (5300.0, "08:00-18:00")])
    ]
    lists = own("posts", 'host_kinds = ["bank", "mall"]\nwanted = 3\n' + places(folder, "posts", *old))
    lists += own("rooms", 'host_kinds = ["office"]\nwanted = 2\nminutes = 20\n')
    path = street_town(
        folder, stations=[Place("s", 1000.0), Place("t", 6400.0)], districts=DISTRICTS, extra=lists,
        hosts=[Place(f"h{i}", 130.0 + 440 * i, kind=KINDS[i % 4]) for i in range(20)],
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(folder / "cache"))
        yield make_bundle(planner.open_study(path).stages, networks=True)


@pytest.fixture(scope="module")
def html(bundle):
    return page_html(bundle)


def shown(seen, **state):
    return seen.page.evaluate(
        "async (s) => { await planner.setState(s); __planner.desk.tellNow(); return planner.figures(); }",
        state,
    )


def test_every_network_says_what_the_register_says(opened, html, bundle):
    seen = opened(html)
    union = bundle.networks
    for key in ("posts", "rooms", "union:all"):
        for plan, serving in (("today", union.today), ("proposal", union.after)):
            figures = shown(seen, network=key, plan=plan)
            covered, share = (
                bundle.facts.fact(q, network=key, plan=plan) for q in ("network_covered", "network_circle")
            )
            assert figures["covered"] == pytest.approx(covered.value, abs=1e-6)
            assert figures["share"] == pytest.approx(share.value, abs=1e-9)
            assert figures["stations"] == bundle.facts.fact("network_places", network=key, plan=plan).value
            by = serving.circle(None if key == "union:all" else [key]).by_district.set_index("district")
            for row in figures["by_district"]:
                assert row["share"] == pytest.approx(by.loc[row["district"], "share"], abs=1e-5)
            cells = seen.page.evaluate("() => __planner.desk.counted().cells.reduce((a, b) => a + b, 0)")
            assert cells == pytest.approx(covered.value, rel=0.08)  # its colours, in tenths
    assert seen.errors == []


def test_headline_table_cells_and_lists_follow(opened, html, bundle):
    seen = opened(html)
    first = seen.page.evaluate("() => Array.from(__planner.layers.grid.bucket)")
    seen.page.locator("select[data-state=network]").select_option("posts")
    seen.page.wait_for_timeout(200)
    share = [
        bundle.facts.fact("network_circle", network="posts", plan=p).value for p in ("today", "proposal")
    ]
    big = seen.page.locator(".headline .big")
    assert [big.locator(part).inner_text() for part in (".old", ".new")] == [f"{v:.1%}" for v in share]
    assert "posts" in seen.page.locator(".state-line").inner_text()
    assert seen.page.evaluate("() => Array.from(__planner.layers.grid.bucket)") != first
    new = bundle.networks.plan.plans["posts"].chosen
    assert seen.page.locator("#tab-sites").inner_text() == f"New stations {len(new)}"
    names = seen.page.locator("ol.sites li:visible .site-name").all_inner_texts()
    assert sorted(names) == sorted(new["name"])
    reach = bundle.networks.after.places.query("network == 'posts' and new")["workers"].to_numpy()
    gains = [
        int(v.replace(",", "")) for v in seen.page.locator("ol.sites li:visible .gain").all_inner_texts()
    ]
    assert gains == sorted(np.rint(reach).astype(int).tolist(), reverse=True)
    seen.page.get_by_role("tab", name="Districts").click()
    by = [
        c.circle(["posts"]).by_district.set_index("district")["share"]
        for c in (bundle.networks.today, bundle.networks.after)
    ]
    rows = seen.page.locator("table.districts tbody tr")
    for k, d in enumerate(bundle.districts["district"]):
        assert f"{by[0][d]:.1%} → {by[1][d]:.1%}" in " ".join(rows.nth(k).inner_text().split())
    visible = "() => [...__planner.layers.stationSymbols, ...__planner.layers.siteSymbols].filter((s) => !s.options.hidden).length"
    assert seen.page.evaluate(visible) == 0
    assert seen.page.evaluate("() => __planner.layers.networkGroup.getLayers().length") == 2 + len(new)
    assert seen.page.locator("select[data-state=periods]").is_disabled()
    rows.nth(0).locator(".paper-tool").click()
    assert (
        f"{by[0]['west']:.1%} → {by[1]['west']:.1%}"
        in seen.page.locator("dialog .paper-figures").inner_text()
    )
    seen.page.locator("dialog [data-act=close]").click()
    seen.page.get_by_role("tab", name="All sites").click()
    assert seen.page.locator(".site-table:visible tbody tr:not(.room)").count() == 2 + len(new)
    assert seen.errors == []


def test_an_edit_goes_back_to_the_stations_and_what_is_not_counted_is_refused(opened, html):
    seen = opened(html)
    at_first = shown(seen)
    shown(seen, periods="night")
    assert shown(seen, network="rooms")["workers"] == pytest.approx(at_first["workers"])
    said = seen.page.evaluate("() => planner.setState({ periods: 'night' }).then(() => '', (e) => e.message)")
    assert "periods" in said
    said = seen.page.evaluate(
        "() => planner.setState({ network: 'nowhere' }).then(() => '', (e) => e.message)"
    )
    assert "nowhere" in said
    state = seen.page.evaluate("async () => planner.edit({ drop: [__planner.head.sites.id[0]] })")
    assert (state["network"], state["plan"]) == ("stations", "mine")
    shown(seen, network="rooms")
    assert seen.page.evaluate("async () => (await planner.state()).plan") == "proposal"
    assert seen.page.evaluate("async () => (await planner.setState({ plan: 'mine' })).network") == "stations"
    assert shown(seen, reset=True) == at_first
    assert seen.page.locator("select[data-state=network] option").count() == 4
    assert seen.errors == []
