"""The search box of a page that counts: id, rank, pinyin, candidates, streets, and coordinates in the datum that is meant."""

from __future__ import annotations

import pytest

from planner.inputs.places.datum import convert
from planner.publish.page.write import page_html
from planner.settings.reading import read_settings
from planner.study.gather import make_bundle
from planner.study.study import Study
from tests.study.town import Place, at, street_town

pytestmark = pytest.mark.browser

HOSTS = [
    Place("观前街银行", 500),
    Place("湖东便利店", 1500),
    Place("星湖公园", 2500, kind="park"),
    Place("相门加油站", 3500),
]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    stations = [Place("湖东便利店", 100), Place("东环驿站", 3900)]
    path = street_town(folder / "town", stations=stations, hosts=HOSTS, siting="p = 2")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(folder / "cache"))
        yield Study(read_settings(path), cache=folder / "cache")


@pytest.fixture(scope="module")
def html(study):
    return page_html(make_bundle(study.stages))


def offered(seen, text):
    seen.page.locator(".search input").fill(text)
    rows = seen.page.locator("#search-list li")
    return [tuple(part.inner_text() for part in row.locator("span, small").all()) for row in rows.all()]


def test_every_way_to_name_a_site_leads_to_it(opened, html, study):
    seen = opened(html)
    chosen = study.site_stations().chosen
    best = chosen.iloc[0]
    box = seen.page.locator(".search input")
    for text in (best["name"], str(best["site_id"]), "1", "#1"):
        assert offered(seen, text)[0][0] == best["name"], text
        box.press("Enter")
        seen.page.wait_for_selector(".leaflet-popup-content")
        assert seen.popup() == best["name"]
        seen.page.keyboard.press("Escape")
    other = next(h.name for h in HOSTS if h.name not in set(chosen["name"]))
    assert offered(seen, other)[-1][0] == other
    assert seen.errors == []


def test_a_candidate_that_is_not_proposed_opens_its_card(opened, html, study):
    chosen = set(study.site_stations().chosen["name"])
    name = next(h.name for h in HOSTS if h.name not in chosen and h.name != "湖东便利店")
    seen = opened(html)
    offered(seen, name)
    seen.page.locator(".search input").press("Enter")
    seen.page.wait_for_selector(".leaflet-popup-content")
    assert seen.popup() == name


def test_a_namesake_stands_behind_the_site_or_alone(opened, html, study):
    seen = opened(html)
    notes = [note for text, note in offered(seen, "湖东便利店")]
    assert len(notes) == 2
    if "湖东便利店" in set(study.site_stations().chosen["name"]):
        assert notes[1] == "Existing station"


def test_letters_find_chinese_names(opened, html):
    pytest.importorskip("pypinyin")
    seen = opened(html)
    assert offered(seen, "xinghu")[0][0] == "星湖公园"
    assert offered(seen, "xmjyz")[0][0] == "相门加油站"
    assert {text for text, _ in offered(seen, "hudong")} == {"湖东便利店"}


def test_coordinates_are_offered_in_each_datum_and_lead_to_the_place(opened, html):
    seen = opened(html)
    lng, lat = at(2500)
    gcj = [float(v[0]) for v in convert([lng], [lat], source="wgs84", target="gcj02")]
    rows = offered(seen, f"{gcj[1]:.6f}, {gcj[0]:.6f}")
    assert [note for _, note in rows] == ["WGS84 (GPS)", "GCJ-02 (Amap, Tencent)", "BD-09 (Baidu)"]
    assert rows[1][0] == f"{lng:.5f}, {lat:.5f}"
    assert len(offered(seen, f"gcj02 {gcj[0]:.6f} {gcj[1]:.6f}")) == 1
    seen.page.locator(".search input").press("Enter")
    seen.page.wait_for_selector(".leaflet-popup-content")
    assert "GCJ-02" in seen.card.inner_text()
    where = seen.page.evaluate(
        "(() => { const { lat, lng } = __planner.map._popup.getLatLng(); return [lng, lat]; })()"
    )
    assert where == pytest.approx([lng, lat], abs=2e-6)
    assert seen.errors == []
