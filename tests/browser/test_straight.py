"""A clicked place farther from every candidate than is looked for: scored by straight line, and marked as estimated."""

from __future__ import annotations

import re

import numpy as np
import pytest

import planner
from planner.errors import InputError
from planner.publish.page.write import page_html
from planner.study.gather import make_bundle
from planner.study.plan_file import plan_of_text, read_plan, wishes
from tests.browser.test_map import click_at
from tests.study.town import TEN_MINUTES_M, X0, Y0, Place, at, covered, street_town

pytestmark = pytest.mark.browser
HOSTS = {"a": 900.0, "b": 1500.0, "c": 2300.0}


def figures(seen) -> dict:
    """What the page counts, when every list has followed."""
    return seen.page.evaluate("async () => { __planner.desk.tellNow(); return planner.figures(); }")


#: Periods of which at least a half lies within the hours: 2 of 4, 4 of 4, 3 of 3 and 3 of 5 hours; none of the night.
HOURS = {"08:00-20:00": ("06_10", "10_14", "14_17", "17_22")}


@pytest.mark.parametrize(("language", "mark"), [("en", "estimated"), ("zh", "估算")])
def test_far_from_candidates_the_straight_line_says_how_many(opened, tmp_path, monkeypatch, language, mark):
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    path = street_town(
        tmp_path, stations=[Place("s", 400.0)], hosts=[Place("a", 900.0), Place("b", 1500.0)],
        districts={"west": (0.0, 4000.0, 9000.0), "east": (4000.0, 9000.0, 12000.0)},
    )  # fmt: skip
    study = planner.open_study(path).with_(study__language=language)
    bundle = make_bundle(study.stages)
    seen = opened(page_html(bundle))
    x = 6512.0
    seen.page.evaluate("(p) => __planner.map.setView(p, 14, { animate: false })", at(x)[::-1])
    click_at(seen, at(x)[::-1])
    seen.page.wait_for_selector(".leaflet-popup-content .straight")
    said = seen.card.locator(".straight")
    assert said.locator(".estimated").inner_text() == mark
    demand, hours = bundle.demand, bundle.settings.siting.default_hours
    middle = demand.geometry.centroid
    near = np.hypot(middle.x - X0 - x, middle.y - Y0) <= TEN_MINUTES_M
    columns = [f"{g}__{t}" for g in ("rider", "sweeper") for t in HOURS[hours]]
    wanted = demand.loc[near, columns].to_numpy().sum()
    assert wanted > 5
    told = int("".join(c for c in said.locator("b").inner_text() if c.isdigit()))
    assert told == pytest.approx(wanted, abs=0.6)
    told_at = [float(v) for v in re.search(r"(120\.\d+), (31\.\d+)", said.inner_text()).groups()]
    assert told_at == pytest.approx(at(x), abs=2e-4)  # a pixel of the map
    assert said.locator("button").count() == 1
    # it may join somebody's plan, which is then an estimate wherever it is shown
    before = figures(seen)
    said.locator("button").click()
    after = figures(seen)
    assert after["covered"] - before["covered"] == pytest.approx(wanted, abs=0.6)
    assert (after["estimated"], after["sites"]) == (1, before["sites"] + 1)
    page = seen.page
    assert page.locator(".headline .estimated").inner_text() == mark
    assert mark in page.locator(".state-line").inner_text()
    page.wait_for_selector(".sites [data-site^='point@']")
    assert page.locator(".sites li:has([data-site^='point@']) .estimated").count() == 1
    page.locator("#tab-mine").click()
    assert page.locator(".changes li small").inner_text() == mark
    page.locator(".changes .what").click()
    page.wait_for_selector(".leaflet-popup-content [data-tool=drop]")
    assert mark in seen.card.inner_text()
    assert page.locator("[data-tool=reject], [data-tool=move]").count() == 0
    page.locator("#tab-table").click()
    assert page.locator(".site-table:visible tr", has_text=mark).count() == 1
    page.locator("#tab-compare").click()
    assert mark in page.locator(".compare thead").inner_text()
    page.evaluate("() => planner.undo()")
    assert figures(seen) == before
    assert not page.locator(".headline .estimated").is_visible()
    page.evaluate("() => planner.redo()")
    assert figures(seen) == after
    page.evaluate("() => planner.setState({ plan: 'proposal' })")
    assert not page.locator(".headline .estimated").is_visible()
    assert seen.errors == []


@pytest.fixture
def town(tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    path = street_town(
        tmp_path, stations=[Place("s", 400.0)], hosts=[Place(name, x) for name, x in HOSTS.items()], siting="p = 2",
        districts={"west": (0.0, 4000.0, 9000.0), "east": (4000.0, 9000.0, 12000.0)},
    )  # fmt: skip
    return planner.open_study(path)


def add(seen, x: float, hours: str = "") -> str:
    """Adds the place at x of the street through the door; its id."""
    lng, lat = at(x)
    state = seen.page.evaluate("(place) => planner.edit({ add: [place] })", {"lng": lng, "lat": lat})
    place = state["edits"]["add"][-1]
    assert place == f"point@{lng:.6f}_{lat:.6f}"
    if hours:
        seen.page.evaluate("([id, hours]) => planner.edit({ hours: { [id]: hours } })", [place, hours])
    return place


def along_the_street(study, chosen) -> float:
    """Workers covered by the station, the chosen hosts, and from 18 to 6 by the place at 6512 m."""
    new = [Place(name, HOSTS[name]) for name in chosen if name in HOSTS]

    def open_in(period: str) -> list[Place]:
        late = [Place("p", 6512.0)] if period in ("17_22", "22_06") else []
        return [Place("s", 400.0), *new, *late]

    return covered(study, open_in)


def test_evaluate_and_run_take_the_files_unedited(opened, town, tmp_path):
    seen = opened(page_html(make_bundle(town.stages)))
    place = add(seen, 6512.0, "18:00-06:00")
    told = figures(seen)
    files = {}
    for kind in ("json", "csv"):
        files[kind] = tmp_path / f"plan.{kind}"
        files[kind].write_text(seen.page.evaluate("(kind) => planner.file(kind)", kind), "utf-8", newline="")
        wished = town.evaluate(files[kind])
        assert (wished.sites, wished.unreachable) == (3, 0)
        chosen = town.site_stations().chosen["site_id"]
        assert wished.wished.covered == pytest.approx(along_the_street(town, chosen), abs=0.05)
        assert wished.wished.covered == pytest.approx(told["covered"], abs=10)  # told by whole cells of 200 m
        asked = wishes(read_plan(files[kind]), town.settings.siting)
        assert place in asked["siting__required"]
        again = town.with_(**asked | {"siting__p": 3})
        chosen = again.site_stations().chosen.set_index("site_id")
        assert place in chosen.index
        assert chosen.loc[place, "open_hours"] == "18:00-06:00"
        assert chosen.loc[place, "district"] == "east"
        assert again.site_stations().after.covered == pytest.approx(
            along_the_street(again, chosen.index), abs=0.05
        )
    # the page of that run knows it as a candidate like others, and the file still opens there
    seen = opened(page_html(make_bundle(again.stages)))
    assert figures(seen)["estimated"] == 0
    seen.page.locator("#tab-mine").click()
    seen.page.locator("input[type=file]").set_input_files(str(files["json"]))
    seen.page.wait_for_selector(".toast")
    assert figures(seen)["covered"] == pytest.approx(wished.wished.covered, abs=0.1)


def test_a_place_where_none_can_stand_is_refused_with_the_reason(opened, town, tmp_path):
    seen = opened(page_html(make_bundle(town.stages)))
    lng, lat = at(6512.0, 90.0)  # from the street
    seen.page.evaluate("(place) => planner.edit({ add: [place] })", {"lng": lng, "lat": lat})
    path = tmp_path / "plan.json"
    path.write_text(seen.page.evaluate("() => planner.file()"), "utf-8")
    with pytest.raises(InputError) as refused:
        town.with_(**wishes(read_plan(path), town.settings.siting)).site_stations()
    (found,) = [f for f in refused.value.findings if f.code == "CAN-012"]
    assert "no walkable street" in found.message_en
    assert "street" in found.message_zh or "街道" in found.message_zh
    assert town.evaluate(path).wished.covered > 0


def test_link_storage_file_and_the_rest_planned_anew_keep_it(opened, town):
    html = page_html(make_bundle(town.stages))
    seen = opened(html)
    page = seen.page
    add(seen, 3100.0)
    place = add(seen, 6512.0)
    page.evaluate(
        "(id) => planner.edit({ drop: [id] })",
        page.evaluate("async () => (await planner.state()).edits.add[0]"),
    )
    assert page.evaluate("async () => (await planner.state()).edits") == {
        "add": [place],
        "drop": [],
        "hours": {},
        "rejected": {},
    }
    told = figures(seen)
    page.wait_for_timeout(400)
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    seen.wait_until_ready()
    assert figures(seen) == told
    page.goto("about:blank")
    page.goto(address.split("#")[0])
    seen.wait_until_ready()
    page.evaluate("() => planner.setState({ plan: 'mine' })")
    assert figures(seen) == told
    text = page.evaluate("() => planner.file('csv')")
    page.evaluate("() => planner.setState({ reset: true })")
    page.locator("#tab-mine").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "plan.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    page.wait_for_selector(".toast")
    assert figures(seen) == told
    page.evaluate("() => planner.setState({ reset: true })")
    add(seen, 6512.0)
    found = page.evaluate("() => planner.replan()")
    assert figures(seen)["sites"] == 2
    assert figures(seen)["estimated"] == 1
    assert found["covered"] == pytest.approx(figures(seen)["covered"])
    assert "estimated" in page.locator(".certificate").inner_text()
    assert page.evaluate(
        "() => planner.edit({ add: [{ lng: 10, lat: 10 }] }).then(() => '', (e) => e.message)"
    ).startswith("outside")
    assert seen.errors == []


def test_near_a_candidate_there_is_nothing_estimated(opened, tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    path = street_town(tmp_path, stations=[Place("s", 400.0)], hosts=[Place("a", 2000.0), Place("b", 2600.0)])
    seen = opened(page_html(make_bundle(planner.open_study(path).stages)))
    seen.page.evaluate("(p) => __planner.map.setView(p, 14, { animate: false })", at(2300.0)[::-1])
    click_at(seen, at(2300.0)[::-1])
    seen.page.wait_for_selector(".leaflet-popup-content .stand-in")
    assert seen.card.locator(".straight").count() == 0


def test_in_a_notebook_it_arrives_with_the_sites_and_may_be_set_again(opened, town):
    pytest.importorskip("anywidget")
    seen = opened(page_html(make_bundle(town.stages)))
    place = add(seen, 6512.0, "18:00-06:00")
    board = town.board()
    board.plan = seen.page.evaluate("() => planner.file()")
    sites = board.sites.set_index("site_id")
    assert len(sites) == 3
    assert sites.loc[place, "open_hours"] == "18:00-06:00"
    assert sites.loc[place].geometry.x == pytest.approx(X0 + 6512.0, abs=0.2)
    assert board.evaluation.sites == 3
    board.sites = board.sites[board.sites["site_id"] == place]
    assert board.evaluation.sites == 1
    back = plan_of_text(board.plan, "board")
    assert [row["origin"] for row in back.sites] == ["estimated"]
    told = seen.page.evaluate(
        "async (text) => { __planner.desk.restore(plannerModel.readPlan(text, __planner.desk).kept); return planner.figures(); }",
        board.plan,
    )
    assert (told["sites"], told["estimated"]) == (1, 1)
    with pytest.raises(planner.PlannerError, match="candidates, by site_id"):
        board.sites = board.sites.assign(site_id="nowhere", geometry=board.sites.geometry.translate(5))
