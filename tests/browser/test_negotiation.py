"""The page as the table that a meeting sits around: changed by hand, it says what the study says of the same plan."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from planner.facts.register import Scope
from planner.publish.page.write import page_html, show
from planner.settings.reading import read_settings
from planner.study.gather import make_bundle
from planner.study.plan_file import read_plan, wishes
from planner.study.study import Study
from tests.actions.test_five_verbs import study_of
from tests.study.town import Place, street_town

pytestmark = pytest.mark.browser

HOURS = ["00:00-24:00", "08:00-18:00", "22:00-06:00", "06:00-22:00", "10:00-14:00", "07:30-19:00"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    rng = np.random.default_rng(5)
    stations = [
        Place(f"S{k}", float(x), HOURS[k % 4]) for k, x in enumerate((250, 1700, 2450, 4100, 6300, 7900))
    ]
    hosts = [
        Place(f"h{k:02d}", float(x), HOURS[k % 6], ("bank", "park")[k % 2])
        for k, x in enumerate(sorted(rng.uniform(60, 8940, 60)))
    ]
    path = street_town(
        folder, stations=stations, hosts=hosts, siting="p = 8\nquotas = 'none'\nquota_min = { mid = 2 }\nscenarios = 4",
        districts={"west": (0.0, 2050.0, 6000.0), "mid": (2050.0, 5000.0, 9000.0), "east": (5000.0, 9000.0, 7000.0)},
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(folder / "cache"))
        yield Study(read_settings(path), cache=folder / "cache")


@pytest.fixture(scope="module")
def bundle(study):
    return make_bundle(study.stages)


@pytest.fixture(scope="module")
def html(bundle):
    return page_html(bundle)


def ask(seen, code, given=None):
    """What a call of ``window.planner`` comes to."""
    return seen.page.evaluate(f"async (given) => await ({code})", given)


def test_it_is_ready_asks_nobody_and_begins_with_the_proposal(opened, html, bundle):
    begun = time.monotonic()
    seen = opened(html, ready=False)
    state = ask(seen, "planner.state()")
    assert time.monotonic() - begun < 10  # 3 s on a PC; shared machines are slower
    nothing = {"add": [], "drop": [], "hours": {}, "rejected": {}}
    assert state == {"plan": "proposal", "periods": "all", "groups": "headline", "cutoff_m": 667, "least": 1,
                     "network": "stations", "cutoff": 667, "edits": nothing}  # fmt: skip
    figures = ask(seen, "planner.figures()")
    assert figures["share"] == pytest.approx(bundle.after.share, abs=1e-6)
    assert figures["stations"] == 14
    assert figures["sites"] == 8
    assert len(seen.requests) == 1
    assert seen.errors == []


def test_every_state_says_what_the_register_says(opened, html, bundle):
    """Every coverage figure of the register in a state that the page can be in, by the same names."""
    seen = opened(html)
    wanted = [
        f for f in bundle.facts.values()
        if f.id in ("share", "covered") and f.scope.plan in ("today", "proposal") and not f.scope.hours and not f.scope.batch
        and not f.scope.case and f.scope.sites is None and f.scope.network == "stations" and f.scope.mode == "walk"
    ]  # fmt: skip
    states: dict[Scope, dict] = {}
    for f in wanted:
        states[f.scope.at(district="")] = {
            k: getattr(f.scope, k) for k in ("plan", "periods", "groups", "cutoff_m", "least", "network")
        }
    assert len(states) >= 20
    found = {}
    for scope, state in states.items():
        found[scope] = ask(seen, "(await planner.setState(given), planner.figures())", state)
    for f in wanted:
        figures = found[f.scope.at(district="")]
        rows = {row["district"]: row for row in figures["by_district"]}
        value = (rows[f.scope.district] if f.scope.district else figures)[f.id]
        assert value == pytest.approx(f.value, abs=0.05 if f.id == "covered" else 1e-5), f.scope


def test_headline_districts_and_lists_follow_the_state(opened, html, bundle):
    seen = opened(html)
    big = seen.page.locator(".headline .big")
    for field, value, scope in (("periods", "night", {"periods": "night"}), ("cutoff_m", "500", {"cutoff_m": 500}), ("least", "2", {"least": 2}),
                                ("groups", "rider", {"groups": "rider"})):  # fmt: skip
        seen.page.locator(f"select[data-state={field}]").select_option(value)
        shown = [bundle.facts.fact("share", plan=plan, **scope).value for plan in ("today", "proposal")]
        assert big.locator(".old").inner_text() == f"{shown[0]:.1%}"
        assert big.locator(".new").inner_text() == f"{shown[1]:.1%}"
        seen.page.locator(f"select[data-state={field}]").select_option(
            {"periods": "all", "cutoff_m": "667", "least": "1", "groups": "headline"}[field]
        )
    seen.page.locator("select[data-state=least]").select_option("2")
    seen.page.get_by_role("tab", name="Districts").click()
    rows = seen.page.locator("table.districts tbody tr")
    for k, d in enumerate(bundle.districts["district"]):
        share = [
            bundle.facts.fact("share", plan=plan, least=2, district=d).value for plan in ("today", "proposal")
        ]
        assert f"{share[0]:.1%} → {share[1]:.1%}" in " ".join(rows.nth(k).inner_text().split())
    seen.page.locator(".view").get_by_text("Today", exact=True).click()
    assert not big.locator(".new").is_visible()
    seen.page.locator("#tab-sites", has_text="New stations 0").wait_for()  # lists follow a moment later
    assert "2 or more" in seen.page.locator(".state-line").inner_text()


def test_a_hundred_random_edits_are_what_evaluate_says(opened, html, study, tmp_path):
    seen = opened(html)
    rng = np.random.default_rng(3)
    candidates, stations = study.candidates["site_id"].tolist(), study.open_stations["station_id"].tolist()
    path = tmp_path / "plan.json"
    for k in range(100):
        if k % 20 == 0:
            ask(seen, "planner.setState({ reset: true })")
        edit = {
            "add": rng.choice(candidates, rng.integers(0, 3), replace=False).tolist(),
            "drop": [],
            "hours": {},
        }
        edit["drop"] = [
            v
            for v in rng.choice(candidates + stations, rng.integers(0, 3), replace=False).tolist()
            if v not in edit["add"]
        ]
        if rng.random() < 0.4:
            kept = [v for v in (edit["add"] or stations) if v not in edit["drop"]]
            edit["hours"] = {kept[0]: str(rng.choice(HOURS))} if kept else {}
        state = ask(seen, "planner.edit(given)", edit)
        assert state["plan"] == "mine"
        figures, text = ask(seen, "Promise.all([planner.figures(), planner.file()])")
        path.write_text(text, "utf-8")
        wished = study.evaluate(path).wished
        assert figures["covered"] == pytest.approx(wished.covered, abs=0.1)
        assert round(figures["workers"]) == round(wished.workers)
        covered = [row["covered"] for row in figures["by_district"]]
        assert covered == pytest.approx(wished.by_district["covered"].tolist(), abs=0.1)
    assert seen.errors == []


def test_the_rest_is_planned_anew_in_a_worker_and_certified(opened, html, study):
    seen = opened(html)
    first, second = study.site_stations().chosen["site_id"].tolist()[:2]
    chosen = set(study.site_stations().chosen["site_id"])
    other = next(v for v in study.candidates["site_id"] if v not in chosen)
    ask(seen, "planner.edit(given)", {"drop": [first], "add": [other]})
    found = ask(seen, "planner.replan()")
    assert len(seen.page.workers) == 1
    figures, text = ask(seen, "Promise.all([planner.figures(), planner.file()])")
    sites = {row["site_id"] for row in json.loads(text)["sites"]}
    assert len(sites) == 8
    assert other in sites
    assert first not in sites
    assert second in sites or len(sites) == 8
    assert found["covered"] == pytest.approx(figures["covered"])
    # the study's own plan under the same wishes is never better than the bound says
    own = study.with_(siting__required=(other,), siting__forbidden=(first,)).site_stations()
    assert own.after.covered <= found["bound"] + 1e-3
    assert found["covered"] >= 0.99 * own.after.covered
    seen.page.get_by_role("tab", name="My plan").click()
    assert "With your changes kept" in seen.page.locator(".certificate").inner_text()
    assert seen.errors == []


def test_the_file_is_taken_by_evaluate_and_run_unedited(opened, html, study, tmp_path):
    seen = opened(html)
    chosen = study.site_stations().chosen["site_id"].tolist()
    other = next(v for v in study.candidates["site_id"] if v not in set(chosen))
    ask(
        seen,
        "planner.edit(given)",
        {"drop": [chosen[0]], "add": [other], "reject": {chosen[1]: "the landlord refuses"}},
    )
    figures = ask(seen, "planner.figures()")
    csv = tmp_path / "plan.csv"
    csv.write_text(ask(seen, "planner.file('csv')"), "utf-8")
    assert study.evaluate(csv).wished.covered == pytest.approx(figures["covered"], abs=0.1)
    path = tmp_path / "plan.json"
    path.write_text(ask(seen, "planner.file()"), "utf-8")
    again = study.with_(**wishes(read_plan(path), study.settings.siting))
    sites = set(again.site_stations().chosen["site_id"])
    assert other in sites
    assert not sites & set(chosen[:2])
    told = [f for f in again.all_findings() if f.code == "CAN-011"]
    assert len(told) == 1
    assert "the landlord refuses" in str(told[0])
    # and in again: another visitor drops the file on the page
    seen = opened(html)
    seen.page.locator("#tab-mine").click()
    seen.page.locator("input[type=file]").set_input_files(str(path))
    seen.page.wait_for_selector(".toast")
    assert ask(seen, "planner.figures()") == figures
    assert ask(seen, "planner.state()")["edits"]["rejected"] == {chosen[1]: "the landlord refuses"}


def test_from_the_card_drop_move_and_take_back(opened, html, study):
    seen = opened(html)
    page = seen.page
    covered = lambda: ask(seen, "planner.figures()")["covered"]  # noqa: E731
    before = covered()
    page.locator("button[data-rank='1']").click()
    page.wait_for_selector(".leaflet-popup-content [data-tool=drop]")
    page.locator("[data-tool=move]").click()
    stand_in = page.locator(".stand-in").first
    said = stand_in.locator("small").inner_text()
    site = stand_in.get_attribute("data-site")
    stand_in.click()
    edits = ask(seen, "planner.state()")["edits"]
    assert edits["add"] == [site]
    assert len(edits["drop"]) == 1
    number = int(said.split(" · ")[1].split()[0].replace(",", ""))
    assert abs(before - covered()) == pytest.approx(number, abs=1)
    page.locator("#tab-mine").click()
    assert page.locator(".changes li").count() == 2
    page.locator("[data-act=undo]").click()
    assert covered() == pytest.approx(before)
    page.locator("[data-act=redo]").click()
    page.locator("[data-act=reset]").click()
    assert ask(seen, "planner.state()")["plan"] == "proposal"
    assert covered() == pytest.approx(before)
    assert seen.errors == []


def test_a_click_on_the_street_offers_the_nearest_candidates(opened, html, study):
    seen = opened(html)
    page = seen.page
    chosen = set(study.site_stations().chosen["site_id"])
    other = study.candidates[~study.candidates["site_id"].isin(chosen)].iloc[7]
    at = study.candidates.loc[[other.name]].to_crs(4326).geometry.iloc[0]
    for key in ("stations", "sites"):
        page.locator(f"input[data-layer={key}]").uncheck()
    place = page.evaluate(
        "(p) => { const m = __planner.map; m.setView(p, 16, { animate: false }); return m.latLngToContainerPoint(p); }",
        [at.y, at.x],
    )
    page.locator("#map_planner").click(position={"x": place["x"], "y": place["y"]})
    offered = page.locator(f".stand-in[data-site='{other['site_id']}']")
    said = int(offered.locator("small").inner_text().split(" · ")[1].split()[0].replace(",", ""))
    before = ask(seen, "planner.figures()")["covered"]
    offered.click()
    assert ask(seen, "planner.state()")["edits"]["add"] == [other["site_id"]]
    assert ask(seen, "planner.figures()")["covered"] - before == pytest.approx(said, abs=0.6)


def test_a_link_opens_the_same_state_and_back_closes_the_card(opened, html):
    seen = opened(html)
    page = seen.page
    ask(
        seen,
        "(planner.edit({ drop: [__planner.head.sites.id[2]] }), planner.setState({ periods: 'night', cutoff_m: 833 }))",
    )
    figures = ask(seen, "planner.figures()")
    page.wait_for_timeout(400)
    address = page.url
    assert "periods=night" in address
    page.locator("#tab-sites").click()
    page.locator("button[data-rank='1']").click()
    page.wait_for_selector(".leaflet-popup-content")
    page.wait_for_timeout(300)
    page.go_back()
    page.wait_for_timeout(500)
    assert page.locator(".leaflet-popup-content").count() == 0
    ask(seen, "planner.setState({ reset: true })")
    page.wait_for_timeout(300)
    page.evaluate("(hash) => { location.hash = hash; }", address.split("#")[1])
    page.wait_for_timeout(300)
    assert ask(seen, "planner.figures()") == figures
    page.goto("about:blank")
    page.goto(address)
    assert ask(seen, "planner.figures()") == figures
    # somebody's own plan is still there without the link, but not shown unasked
    page.goto("about:blank")
    page.goto(address.split("#")[0])
    assert ask(seen, "planner.state()")["plan"] == "proposal"
    assert len(ask(seen, "planner.setState({ plan: 'mine' })")["edits"]["drop"]) == 1


def test_cells_of_the_map_say_what_the_headline_says(opened, html):
    """The shares that colour the cells, weighted by their workers, are the headline's in any state."""
    seen = opened(html)
    for state in ({}, {"periods": "night"}, {"least": 2, "groups": "sweeper"}, {"plan": "today"}):
        figures = ask(
            seen,
            "(await planner.setState({ reset: true }), await planner.setState(given), __planner.desk.tellNow(), planner.figures())",
            state,
        )
        share = seen.page.evaluate(
            "() => { const g = __planner.layers.grid; let [a, b] = [0, 0]; g.workers.forEach((w, i) => { a += w * g.then[i]; b += w; }); return a / b; }"
        )
        assert share == pytest.approx(figures["share"], abs=1e-5)


def test_the_five_verbs_are_a_plan_of_the_page(opened, tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    town = study_of(tmp_path / "town", "budget_yuan = 14500\nyearly_yuan = 12000")
    plan = town.plan_actions()
    assert len(plan.actions) >= 2
    seen = opened(page_html(make_bundle(town.stages)))
    figures = ask(seen, "(await planner.setState({ plan: 'actions' }), planner.figures())")
    assert figures["covered"] == pytest.approx(plan.after.covered, abs=0.05)
    assert figures["stations"] == plan.open_after
    assert seen.page.locator(".headline .big .new").inner_text() == f"{plan.after.share:.1%}"
    seen.page.locator("#tab-readings").click()
    twice = seen.page.locator(".readings tr", has_text="Two or more").locator("td").last
    assert twice.inner_text() == f"{plan.after.share_backup:.1%}"


def test_inside_a_notebooks_frame_it_counts_too(opened, bundle):
    frame = show(bundle, height=500)._repr_html_()
    seen = opened(f"<!DOCTYPE html><meta charset=utf-8><body>{frame}</body>", ready=False)
    inner = seen.page.frame_locator("iframe")
    inner.locator(".headline .big").wait_for(timeout=30_000)
    inner.locator("#tab-mine").click()
    inner.locator("[data-act=replan]").click()
    inner.locator(".certificate", has_text="planned anew").wait_for(timeout=30_000)
    inner.locator("#tab-sites").click()
    inner.locator("button[data-rank='1']").click()
    inner.locator(".leaflet-popup-content").wait_for()
    seen.page.wait_for_timeout(400)
    assert seen.errors == []


def test_hostile_names_stay_text_in_cards_lists_and_files(opened, tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    names = [
        "<img src=x onerror='window.hacked=1'>",
        '=HYPERLINK("http://x","y")',
        "</script><script>window.hacked=2</script>",
        "a,b\"c'd",
    ]
    hosts = [Place(n, 400.0 + 700 * k) for k, n in enumerate(names)]
    town = Study(
        read_settings(street_town(tmp_path / "town", stations=[Place("S", 100)], hosts=hosts)),
        cache=tmp_path / "cache",
    )
    seen = opened(page_html(make_bundle(town.stages)))
    ids = town.candidates["site_id"].tolist()
    ask(seen, "planner.edit(given)", {"add": ids, "reject": {ids[0]: names[0]}})
    ask(seen, "planner.edit(given)", {"add": ids})
    seen.page.locator("#tab-mine").click()
    listed = seen.page.locator(".changes .what").all_inner_texts()
    assert sorted(" ".join(t.split()) for t in listed) == sorted(" ".join(n.split()) for n in names)
    seen.page.locator(".changes .what").nth(1).click()
    seen.page.wait_for_selector(".leaflet-popup-content")
    assert seen.popup() in names
    text = ask(seen, "planner.file('csv')")
    assert "\r\n=HYP" not in text
    assert ",=HYP" not in text
    figures = ask(seen, "planner.figures()")
    path = tmp_path / "plan.json"
    path.write_text(ask(seen, "planner.file()"), "utf-8")
    assert town.evaluate(path).wished.covered == pytest.approx(figures["covered"], abs=0.1)
    assert seen.page.evaluate("() => window.hacked") is None
    assert seen.errors == []
