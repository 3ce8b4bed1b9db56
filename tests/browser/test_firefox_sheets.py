"""Sheets of districts and towns, the networks' state, an estimated place and the keyboard's list: the same in Firefox as in Chromium."""

from __future__ import annotations

import os
import time

import pytest

from tests.browser.firefox import firefox, firefox_path
from tests.browser.test_towns import bundle, html, study
from tests.study.town import at

pytestmark = pytest.mark.browser
__all__ = ["bundle", "html", "study"]  # fixtures

SHEET = """(() => {{
  document.querySelector("#tab-districts").click();
  [...document.querySelectorAll("table.districts tbody tr")].find((tr) => tr.textContent.includes({name!r})).querySelector(".paper-tool").click();
  const dialog = document.querySelector("dialog");
  const texts = (tag) => [...dialog.querySelectorAll(tag)].map((node) => node.textContent);
  const said = {{ heading: texts("h2"), state: texts(".unit-line"), figures: texts("dt").map((t, i) => [t, texts("dd")[i]]), lines: texts("li") }};
  dialog.querySelector("[data-act=close]").click();
  return said;
}})()"""
STATES = [
    {},
    {"periods": "night"},
    {"least": 2, "cutoff_m": 833},
    {"plan": "today"},
    {"network": "posts"},
    {"network": "union:all", "plan": "today"},
]


@pytest.fixture(scope="module")
def fox(tmp_path_factory, html):
    path = firefox_path()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Firefox found: apt-get install firefox-esr")
        pytest.skip("no Firefox found: apt-get install firefox-esr")
    page = tmp_path_factory.mktemp("fox") / "map.html"
    page.write_text(html, "utf-8")
    with firefox(path, page.parent / "profile") as browser:
        browser.open(page, width=1280, height=900)
        yield browser


@pytest.mark.parametrize("name", ["mid", "城关镇 (mid)"])
def test_the_sheet_says_the_same_in_every_state(fox, opened, html, name):
    seen = opened(html)
    said = []
    for state in STATES:
        change = f"planner.setState({{ reset: true }}).then(() => planner.setState({state!r})).then(() => __planner.desk.tellNow())"
        fox.awaited(change)
        seen.page.evaluate(f"async () => await ({change})")
        found = [fox.evaluate(SHEET.format(name=name)), seen.page.evaluate(SHEET.format(name=name))]
        assert found[0] == found[1]
        assert found[0]["heading"] == [name]
        said.append(str(found[0]))
    assert len(set(said)) == len(STATES)
    assert fox.messages("map.html") == []
    assert seen.errors == []


@pytest.mark.parametrize("name", ["mid", "城关镇 (mid)"])
def test_the_sheet_is_one_printed_page_there_too(fox, name):
    pdfium = pytest.importorskip("pypdfium2")
    fox.awaited("planner.setState({ reset: true })")
    fox.evaluate(
        f"""(() => {{ document.querySelector("#tab-districts").click();
          [...document.querySelectorAll("table.districts tbody tr")].find((tr) => tr.textContent.includes({name!r})).querySelector(".paper-tool").click(); }})()"""
    )
    time.sleep(0.5)  # its map is drawn two frames later
    assert fox.evaluate("document.querySelectorAll('dialog figure img').length") == 1
    with pdfium.PdfDocument(fox.pdf(21.0, 29.7, landscape=False)) as document:
        texts = [page.get_textpage().get_text_range() for page in document]
    fox.evaluate("document.querySelector('dialog [data-act=close]').click()")
    assert len(texts) == 1
    assert name in texts[0]
    assert "Map approval No." in texts[0]


def test_an_estimated_place_comes_to_the_same_figures(fox, opened, html):
    seen = opened(html)
    lng, lat = at(8950.0)
    code = f"planner.setState({{ reset: true }}).then(() => planner.edit({{ add: [{{ lng: {lng}, lat: {lat} }}] }})).then(() => planner.figures())"
    figures = fox.awaited(code)
    other = seen.page.evaluate(f"async () => await ({code})")
    assert figures["estimated"] == 1
    assert figures["covered"] == pytest.approx(other["covered"], abs=1e-6)
    assert fox.evaluate("document.querySelector('.headline .estimated').hidden") is False
    assert fox.awaited("planner.file()") == seen.page.evaluate("() => planner.file()")
    fox.awaited("planner.setState({ reset: true })")
    assert fox.messages("map.html") == []
