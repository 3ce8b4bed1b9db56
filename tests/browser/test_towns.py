"""The sheet of a town (镇、街道): two clicks away where outlines are given, its figures those of the people in it, in every state."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import planner
from planner.publish.page.write import page_html
from planner.study.gather import make_bundle
from tests.browser.test_keyboard import found_by_axe
from tests.browser.test_map import click_at
from tests.browser.test_sheet import A4, figures, listed, printed
from tests.networks.test_town import own, places
from tests.study.town import PERIODS, RATES, Place, at, reach, standing, street_town, workers

pytestmark = pytest.mark.browser

HOURS = {"00:00-24:00": set(PERIODS), "08:00-18:00": {"06_10", "10_14", "14_17"}, "22:00-06:00": {"22_06"}}
#: Stretches of the street (m): two outlines of one town, one town in two districts, and a piece in none.
TOWNS = [
    ("北桥镇", 0.0, 1100.0),
    ("北桥镇", 1100.0, 2050.0),
    ("城关镇", 2050.0, 3500.0),
    ("城关镇", 5000.0, 7300.0),
]
NAMED = {"北桥镇": [(0.0, 2050.0)], "城关镇 (mid)": [(2050.0, 3500.0)], "城关镇 (east)": [(5000.0, 7300.0)]}
DISTRICTS = {"west": (0.0, 2050.0, 6000.0), "mid": (2050.0, 5000.0, 9000.0), "east": (5000.0, 9000.0, 7000.0)}
STATIONS = [Place("s", 1013.7), Place("t", 2611.3, "08:00-18:00"), Place("u", 6387.9, "22:00-06:00")]
KINDS = ("bank", "mall", "office", "fast_food")
HOSTS = [Place(f"h{i:02d}", 133.3 + 441.7 * i, list(HOURS)[i % 3], KINDS[i % 4]) for i in range(20)]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("towns")
    old = [Place("o0", 900.0), Place("o1", 5300.0, "08:00-18:00")]
    features = [
        {
            "type": "Feature", "properties": {"name_zh": name},
            "geometry": {"type": "Polygon", "coordinates": [[at(*corner) for corner in ((a, -90), (b, -90), (b, 90), (a, 90), (a, -90))]]},
        }
        for name, a, b in TOWNS
    ]  # fmt: skip
    (folder / "towns.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    extra = '[inputs.towns]\npath = "towns.geojson"\n'
    extra += own("posts", 'host_kinds = ["bank", "mall"]\nwanted = 3\n' + places(folder, "posts", *old))
    path = street_town(
        folder, stations=STATIONS, hosts=HOSTS, districts=DISTRICTS, siting="p = 5", extra=extra
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(folder / "cache"))
        yield planner.open_study(path)


@pytest.fixture(scope="module")
def bundle(study):
    return make_bundle(study.stages, networks=True)


@pytest.fixture(scope="module")
def html(bundle):
    return page_html(bundle)


def in_town(study, name: str) -> np.ndarray:
    x = standing(study)
    return np.any([(a <= x) & (x <= b) for a, b in NAMED[name]], axis=0)


def pencil(
    study, bundle, name, *, plan, periods=tuple(PERIODS), groups=tuple(RATES), m=None, least=1, any_hour=False
):
    """(workers, covered) of a town, counted point by point along the street."""
    new = [h for h in HOSTS if h.name in set(bundle.chosen["site_id"])] if plan == "proposal" else []
    here, total, covered = in_town(study, name), 0.0, 0.0
    for t in periods:
        there = [p for p in [*STATIONS, *new] if any_hour or t in HOURS[p.hours]]
        hit = reach(study, there, **({} if m is None else {"within_m": m})) >= least
        for g in groups:
            w = workers(study, g, t)
            total += float(w[here].sum())
            covered += float(w[here & hit].sum())
    return total, covered


STATES = [
    ({}, {}), ({"periods": "night"}, {"periods": ("22_06",)}), ({"groups": "sweeper"}, {"groups": ("sweeper",)}), ({"cutoff_m": 500}, {"m": 500.0}),
    ({"cutoff_m": 833, "least": 2}, {"m": 833.0, "least": 2}), ({"periods": "any_hour"}, {"any_hour": True}),
]  # fmt: skip


def test_each_town_says_who_in_it_is_covered_in_every_state(opened, html, study, bundle):
    seen = opened(html)
    names = seen.page.evaluate("() => __planner.head.board.towns.name")
    assert sorted(names) == sorted(NAMED)
    for state, counted in STATES:
        for plan in ("today", "proposal"):
            found = seen.page.evaluate(
                "async (s) => { await planner.setState({ reset: true }); await planner.setState(s); return __planner.desk.byTown(); }",
                state | {"plan": plan},
            )
            for name, row in zip(names, found, strict=True):
                total, covered = pencil(study, bundle, name, plan=plan, **counted)
                assert row["workers"] == pytest.approx(total, abs=0.02)
                assert row["covered"] == pytest.approx(covered, abs=0.05), (name, state, plan)
    # one town is the whole of a district: what the demand table sums there; who stands in no town is in none of the sums
    found = seen.page.evaluate(
        "async () => { await planner.setState({ reset: true }); return __planner.desk.byTown(); }"
    )
    demand, by = bundle.demand, bundle.after.by_district.set_index("district")
    whole = found[names.index("北桥镇")]
    assert whole["workers"] == pytest.approx(
        demand.loc[demand["district"] == "west", "workers"].sum(), abs=0.01
    )
    assert whole["covered"] == pytest.approx(by.loc["west", "covered"], abs=0.05)
    assert sum(row["workers"] for row in found) < demand["workers"].sum() - 10
    assert seen.errors == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_two_clicks_from_the_table_and_on_one_page(opened, study, bundle, language):
    told = make_bundle(study.with_(study__language=language).stages)
    seen = opened(page_html(told))
    name = "城关镇 (mid)"
    seen.page.locator("#tab-districts").click()
    seen.page.locator("table.towns tr", has_text=name).locator(".paper-tool").click()
    found = list(figures(seen).values())
    before, after = (pencil(study, bundle, name, plan=plan) for plan in ("today", "proposal"))
    inside = told.chosen[
        [
            any(a <= h.x_m <= b for a, b in NAMED[name])
            for h in (next(h for h in HOSTS if h.name == s) for s in told.chosen["site_id"])
        ]
    ]
    assert found[0] == f"{before[0]:,.0f}"
    assert found[1] == f"{before[1] / before[0]:.1%} → {after[1] / after[0]:.1%}"
    assert found[2] == f"+{round(after[1]) - round(before[1]):,}"
    assert found[4:6] == ["1", str(len(inside))]
    sites = listed(seen, "sites")
    assert [row[0] for row in sites] == [str(r) for r in inside["rank"]]
    assert [row[-1] for row in sites] == [f"+{g:,.0f}" for g in inside["workers_gained"]]
    assert found_by_axe(seen) == []
    pages = printed(seen)
    assert len(pages) == 1
    assert pages[0][0] == pytest.approx(A4, abs=2)
    for part in (found[0], found[1], *inside["site_id"]):
        assert part in pages[0][1]
    assert ("Town sheet" if language == "en" else "镇街表") in pages[0][1]
    assert seen.errors == []


def test_two_clicks_from_the_map_the_town_that_was_clicked_on(opened, html):
    seen = opened(html)
    for key in ("sites", "stations"):
        seen.page.locator(f"input[data-layer={key}]").uncheck()
    for x, name in ((1500.0, "北桥镇"), (2400.0, "城关镇 (mid)"), (6000.0, "城关镇 (east)"), (4400.0, None)):
        seen.page.evaluate("(p) => __planner.map.setView(p, 15, { animate: false })", at(x)[::-1])
        click_at(seen, at(x)[::-1])
        seen.page.wait_for_timeout(250)
        button = seen.card.locator(".paper-tool[data-zone=town]")
        if name is None:
            assert button.count() == 0
            continue
        button.click()
        assert seen.page.locator("dialog h2").inner_text() == name
        seen.page.locator("dialog [data-act=close]").click()
    assert seen.errors == []


def test_gaps_sites_and_figures_follow_the_state_and_the_network(opened, html, study, bundle):
    seen = opened(html)
    name = "北桥镇"
    seen.page.locator("#tab-districts").click()
    row = seen.page.locator("table.towns tr", has_text=name)
    for state, counted, plan in (({"least": 2}, {"least": 2}, "proposal"), ({"plan": "today"}, {}, "today")):
        seen.page.evaluate(
            "async (s) => { await planner.setState({ reset: true }); await planner.setState(s); __planner.desk.tellNow(); }",
            state,
        )
        before, after = (pencil(study, bundle, name, plan=p, **counted) for p in ("today", plan))
        share = f"{before[1] / before[0]:.1%}" + ("" if plan == "today" else f" → {after[1] / after[0]:.1%}")
        assert share in " ".join(row.inner_text().split())
        row.locator(".paper-tool").click()
        found = figures(seen)
        assert found["Covered"] == share
        lost = sum(int(line[-1].replace(",", "")) for line in listed(seen, "gaps"))
        areas, missing = found["Gap areas"].split(" · ")
        assert int(areas) == len(listed(seen, "gaps"))
        assert lost == pytest.approx(int(missing.replace(",", "")), abs=1 + len(listed(seen, "gaps")))
        seen.page.locator("dialog [data-act=close]").click()
    for plan, serving in (("today", bundle.networks.today), ("proposal", bundle.networks.after)):
        hit = np.asarray(serving.served[[serving.names.index("posts")]].sum(axis=0)).ravel() > 0
        wanted = serving.weights[hit & in_town(study, name)[serving.point]].sum()
        found = seen.page.evaluate(
            "async (plan) => { await planner.setState({ network: 'posts', plan }); return __planner.desk.byTown(); }",
            plan,
        )
        k = seen.page.evaluate("(n) => __planner.layers.towns.name.indexOf(n)", name)
        assert found[k]["covered"] == pytest.approx(wanted, abs=0.01)
        assert wanted > 0
    seen.page.evaluate("() => __planner.desk.tellNow()")
    row.locator(".paper-tool").click()
    new = bundle.networks.after.places.query("network == 'posts'")
    x = new.geometry.x - 559_000.0
    mine = new[(x >= 0) & (x <= 2050)]
    assert figures(seen)["Open stations"] == str(int((~mine["new"]).sum()))
    assert len(listed(seen, "sites")) == int(mine["new"].sum())
    assert seen.errors == []


def test_a_public_page_has_the_sheet_and_no_outline(opened, bundle):
    seen = opened(page_html(bundle, public=True))
    assert seen.page.locator("input[data-layer=towns]").count() == 0
    corners = seen.page.evaluate(
        "() => __planner.layers.towns.shapes.flatMap((s) => s.getLatLngs().flat(3)).map((p) => [p.lng, p.lat])"
    )
    outline = {
        tuple(round(v, 4) for v in at(x, y))
        for spans in NAMED.values()
        for span in spans
        for x in span
        for y in (-90, 90)
    }
    assert len(corners) == 12
    assert not outline & {tuple(round(v, 4) for v in corner) for corner in corners}
    seen.page.locator("#tab-districts").click()
    seen.page.locator("table.towns .paper-tool").first.click()
    assert re.match("北桥镇|城关镇", seen.page.locator("dialog h2").inner_text())
    assert seen.errors == []


def test_the_search_finds_a_town_and_the_layer_draws_it(opened, html):
    seen = opened(html)
    seen.page.locator("input[role=combobox]").fill("beiqiao")
    seen.page.locator("#search-list li", has_text="北桥镇").first.click()
    assert seen.page.evaluate("() => __planner.map.getBounds().contains(__planner.layers.towns.label[0])")
    assert seen.errors == []
    before = seen.painted("ground")
    seen.page.locator("input[data-layer=towns]").check()
    seen.page.wait_for_timeout(200)
    assert seen.painted("ground") > before
