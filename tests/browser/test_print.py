"""The map on paper and as a picture: title, legend, scale and stamp are on it, and no page is blank."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from planner.publish.page.write import page_html
from tests.browser.test_negotiation import bundle, html, study
from tests.publish.toy import toy_bundle

pytestmark = pytest.mark.browser
__all__ = ["bundle", "html", "study"]  # fixtures

MM = 72 / 25.4


@pytest.fixture(scope="module")
def toy_page():
    return page_html(toy_bundle())


def printed(seen, paper):
    """(size in points, text) of each page."""
    pdfium = pytest.importorskip("pypdfium2")
    data = seen.page.pdf(format=paper, landscape=True, print_background=True)
    with pdfium.PdfDocument(data) as document:
        return [(page.get_size(), page.get_textpage().get_text_range()) for page in document]


@pytest.mark.parametrize(("paper", "width_mm"), [("A4", 297), ("A3", 420)])
def test_every_printed_page_says_something_and_for_whom(opened, html, paper, width_mm):
    seen = opened(html)
    pages = printed(seen, paper)
    for size, text in pages:
        assert size[0] == pytest.approx(width_mm * MM, abs=2)
        assert "Forinternaluse·MapapprovalNo.:(notyetgiven)·street" in "".join(text.split())
        assert len(text) > 200  # more than the foot
    first = " ".join(pages[0][1].split())  # whatever its lines
    scale = seen.page.locator(".leaflet-control-scale-line").inner_text().split()[1]
    for part in (
        "street",
        "60.4%",
        "98.5%",
        "Layers and legend",
        "Existing stations (6)",
        "Added",
        f" {scale}",
    ):
        assert part in first, part
    lists = " ".join(text for _, text in pages[1:])
    for part in ("h15", "Outdoor workers", "500 m on foot"):
        assert part in lists
    assert len(pages) == 3


def test_a_phone_prints_the_same_pages(opened, html):
    wide, narrow = (
        [text.split() for _, text in printed(opened(html, width=w, height=h), "A4")]
        for w, h in ((1280, 800), (390, 844))
    )
    assert [len(page) for page in wide] == [len(page) for page in narrow]


def test_the_filter_is_respected_on_paper(opened, html):
    seen = opened(html)
    rows = seen.page.locator("ol.sites > li[data-district]")
    by_district = {}
    for row in rows.all():
        if row.locator(".site-name").count() and row.locator("[data-rank]").count():
            by_district.setdefault(row.get_attribute("data-district"), []).append(
                row.locator(".site-name").inner_text()
            )
    chosen, *others = by_district
    seen.page.locator(".list-head select").select_option(chosen)
    lists = " ".join(text for _, text in printed(seen, "A4")[1:])
    assert all(name in lists for name in by_district[chosen])
    assert not [name for other in others for name in by_district[other] if name in lists]
    assert seen.page.locator(".list-head select option:checked").inner_text() in lists


def test_the_map_becomes_a_picture_with_all_that_explains_it(opened, toy_page):
    seen = opened(toy_page)
    spoken = """() => { window.said = []; for (const kind of ["fillText"]) {
      const real = CanvasRenderingContext2D.prototype[kind];
      CanvasRenderingContext2D.prototype[kind] = function (text, ...more) { said.push(text); return real.call(this, text, ...more); }; } }"""
    seen.page.evaluate(spoken)
    with seen.page.expect_download() as download:
        seen.page.locator(".picture").click()
    assert download.value.suggested_filename == "map.png"
    said = seen.page.evaluate("() => said")
    scale = seen.page.locator(".leaflet-control-scale-line").inner_text()
    title = seen.page.locator("h1").inner_text()
    for part in (title, "东区", "西区", scale, "内部使用 · 审图号：（待填）"):
        assert any(part in text for text in said), part
    assert any("现有站点" in text for text in said)
    with Path(download.value.path()).open("rb") as file:
        picture = np.asarray(Image.open(io.BytesIO(file.read())).convert("RGB"))
    height, width = picture.shape[:2]
    box = seen.page.locator("#map_planner").bounding_box()
    assert width == 2 * (box["width"] + 250)
    assert height >= 2 * box["height"]
    painted = lambda part: len(np.unique(part.reshape(-1, 3), axis=0))  # noqa: E731
    assert painted(picture[:92]) > 10  # title
    assert painted(picture[92 : 2 * int(box["height"]), : 2 * int(box["width"])]) > 100  # map
    assert painted(picture[92:600, -500:]) > 10  # legend
    assert seen.errors == []
