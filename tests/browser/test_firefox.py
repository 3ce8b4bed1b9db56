"""The page in Firefox: from a file, without an error, with the same figures and the same printed pages as Chromium."""

from __future__ import annotations

import dataclasses
import os

import pytest

from planner.publish.page.write import page_html
from tests.browser.firefox import firefox, firefox_path
from tests.browser.suzhou_sized import city_bundle
from tests.browser.test_negotiation import bundle, html, study

pytestmark = pytest.mark.browser
__all__ = ["bundle", "html", "study"]  # fixtures


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
        browser.page = page
        yield browser


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (450, 844)])  # Firefox opens no narrower window
def test_it_opens_is_ready_and_reports_no_error(fox, width, height):
    fox.open(fox.page, width=width, height=height)
    assert fox.evaluate("document.documentElement.classList.contains('failed')") is False
    assert fox.evaluate("document.documentElement.scrollWidth <= innerWidth") is True
    assert fox.evaluate("document.documentElement.classList.contains('sheet')") is (width < 820)
    assert fox.messages("map.html") == []


def test_an_edit_comes_to_the_same_figures_as_in_chromium(fox, opened, html):
    fox.open(fox.page, width=1280, height=900)
    seen = opened(html)
    for code in (
        "planner.figures()",
        "planner.setState({ plan: 'mine' }).then(() => planner.edit({ drop: [__planner.head.sites.id[0]] })).then(() => planner.figures())",
        "planner.replan().then(() => planner.figures())",
    ):
        assert fox.awaited(code) == seen.page.evaluate(f"async () => await ({code})")


PAPERS = {"A4": (29.7, 21.0), "A3": (42.0, 29.7)}


def printed(fox, seen, paper):
    """The text of each page, as Firefox prints it and as Chromium does."""
    pdfium = pytest.importorskip("pypdfium2")
    texts = []
    for pdf in (fox.pdf(*PAPERS[paper]), seen.page.pdf(format=paper, landscape=True)):
        with pdfium.PdfDocument(pdf) as document:
            texts.append(["".join(page.get_textpage().get_text_range().split()) for page in document])
    return texts


def test_it_prints_as_many_pages_as_chromium(fox, opened, html):
    fox.open(fox.page, width=1280, height=900)
    fox.evaluate("localStorage.clear()")  # an earlier test's own plan would be printed too
    fox.open(fox.page, width=1280, height=900)
    seen = opened(html)
    for paper in PAPERS:
        texts = printed(fox, seen, paper)
        assert [len(pages) for pages in texts] == [3, 3], [[len(t) for t in pages] for pages in texts]
        for pages in texts:
            assert all(len(text) > 200 for text in pages)
            assert all("MapapprovalNo.:(notyetgiven)·street" in text for text in pages)


def test_a_city_prints_as_many_pages_in_both_none_of_them_blank(fox, opened, tmp_path):
    """Many sites, a long note on synthetic data and many layers: the legend is whole and beside nothing, no page has only its stamp."""
    city = city_bundle()
    about = city.settings.study.model_copy(
        update={
            "synthetic": True,
            "synthetic_note_zh": "模拟数据，" * 60,
            "synthetic_note_en": "Made up. " * 60,
        }
    )
    city = dataclasses.replace(city, settings=city.settings.model_copy(update={"study": about}))
    path = tmp_path / "city.html"
    path.write_text(page_html(city), "utf-8")
    fox.open(path, width=1280, height=900)
    seen = opened(path.read_text("utf-8"))
    labels = seen.page.locator(".layer:has(input:checked) label").all_text_contents()
    for paper in PAPERS:
        texts = printed(fox, seen, paper)
        assert len(texts[0]) == len(texts[1]) > 2
        for pages in texts:
            assert all(len(text) > 150 for text in pages), [len(t) for t in pages]
            assert all("".join(label.split()) in pages[0] for label in labels)
