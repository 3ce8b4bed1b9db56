"""How the report is laid out: contents, page numbers, annex, tables that break well, maps with their core beside them."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path
from typing import Any

import docx
import numpy as np
import pytest
import shapely
from docx.oxml.ns import qn
from lxml import html

from planner.publish.office import document, figures, maps, story
from planner.telling.words.phrases import phrase
from tests.publish.toy import toy_bundle


@pytest.fixture
def long_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of the toy's five sites stand in the text, all in the annex."""
    monkeypatch.setattr(story, "_FIRST_SITES", 2)


def written(folder: Path, language: str = "zh") -> tuple[Any, Any, Any]:
    """The report as a tree, as a Word document, and what it tells."""
    bundle = toy_bundle(language)
    document.write_report(bundle, folder / "report.html", {})
    document.write_docx(bundle, folder / "report.docx", {})
    tree = html.fromstring((folder / "report.html").read_text("utf-8"))
    return tree, docx.Document(str(folder / "report.docx")), story.story(bundle)


@pytest.mark.usefixtures("long_list")
def test_the_contents_of_the_page_lead_to_every_section(tmp_path: Path) -> None:
    tree, _, _ = written(tmp_path)
    sections = [h for h in tree.iter("h2") if h.getparent().tag != "nav"]
    links = [(a.get("href"), a.text_content()) for a in tree.xpath("//nav//a")]
    assert links == [(f"#{h.get('id')}", h.text_content()) for h in sections]
    assert len({target for target, _ in links}) == len(links) > 8
    known = {e.get("id") for e in tree.iter() if e.get("id")}
    assert {a.get("href")[1:] for a in tree.iter("a")} <= known


@pytest.mark.usefixtures("long_list")
def test_the_contents_of_the_word_file_lead_to_every_section_and_its_page(tmp_path: Path) -> None:
    _, word, _ = written(tmp_path)
    headings = {
        p._element.find(qn("w:bookmarkStart")).get(qn("w:name")): p.text
        for p in word.paragraphs
        if p.style.name == "Heading 1"
    }
    lines = [p for p in word.paragraphs if p._element.find(qn("w:hyperlink")) is not None]
    links = [p._element.find(qn("w:hyperlink")) for p in lines]
    assert {a.get(qn("w:anchor")): p.text.strip() for a, p in zip(links, lines, strict=True)} == headings
    assert len(headings) > 8
    for link in links:
        (field,) = link.iter(qn("w:fldSimple"))
        assert field.get(qn("w:instr")) == f"PAGEREF {link.get(qn('w:anchor'))} \\h"
        assert field.get(qn("w:dirty")) == "true"
    foot = word.sections[0].footer.paragraphs[0]._element
    assert [f.get(qn("w:instr")) for f in foot.iter(qn("w:fldSimple"))] == ["PAGE", "NUMPAGES"]


@pytest.mark.usefixtures("long_list")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_first_sites_have_reasons_and_the_list_is_an_annex(language: str, tmp_path: Path) -> None:
    tree, word, told = written(tmp_path, language)
    bundle = toy_bundle(language)
    assert [len(told.first_sites.rows), len(told.reasons), len(told.annex.rows)] == [2, 2, 5]
    paragraphs = [p.text for p in word.paragraphs]
    reasons = bundle.chosen.sort_values("rank")[f"reason_{language}"].tolist()
    for reason, line in zip(reasons, told.reasons, strict=False):
        assert reason in line
        assert line in paragraphs
        assert line in [p.text_content() for p in tree.xpath("//div[@class='reasons']/p")]
    annex = phrase("sec_annex", language)
    assert tree.xpath("//h2")[-1].text_content() == annex
    assert [p.text for p in word.paragraphs if p.style.name == "Heading 1"][-1] == annex
    rows = [[c.text for c in row.cells] for row in word.tables[-1].rows]
    assert rows == [list(told.annex.heads), *map(list, told.annex.rows)]
    shown = [[c.text_content() for c in tr] for tr in tree.xpath("//section[@class='annex']//tr")]
    assert shown == rows


def test_a_short_list_needs_no_annex(tmp_path: Path) -> None:
    tree, word, told = written(tmp_path)
    assert told.annex is None
    assert not told.sites_more
    assert len(told.first_sites.rows) == len(told.reasons) == 5
    assert phrase("sec_annex", "zh") not in [p.text for p in word.paragraphs]
    assert not tree.xpath("//section[@class='annex']")


@pytest.mark.usefixtures("long_list")
def test_rows_are_not_split_heads_come_again_and_no_row_stands_alone(tmp_path: Path) -> None:
    _, word, _ = written(tmp_path)
    tables = word.tables[1:]  # the first holds the three figures
    for table in tables:
        assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)
        heads = [row._tr.trPr.find(qn("w:tblHeader")) is not None for row in table.rows]
        assert heads == [True, *[False] * (len(table.rows) - 1)]
        kept = [all(c.paragraphs[0].paragraph_format.keep_with_next for c in r.cells) for r in table.rows]
        assert not kept[-1]
        if len(kept) <= 13:
            assert all(kept[:-1])
        else:
            assert kept[:2] == [True, True]
            assert kept[-2]
            assert not all(kept[:-1])  # a long one may break
    assert any(len(t.rows) > 13 for t in tables)
    assert any(len(t.rows) <= 13 for t in tables)


def test_parts_of_a_word_table_stand_in_the_order_that_word_wants(tmp_path: Path) -> None:
    _, word, _ = written(tmp_path)
    order = ("tblStyle", "tblW", "jc", "tblBorders", "tblLayout", "tblCellMar", "tblLook")
    for table in word.tables:
        names = [e.tag.rpartition("}")[2] for e in table._element.tblPr]
        assert names == sorted(names, key=order.index)


# --- maps ------------------------------------------------------------------------------------------------------


def test_the_densest_box_holds_as_much_as_the_best_of_all_boxes() -> None:
    rng = np.random.default_rng(7)
    for _ in range(20):
        x, y, weight = rng.uniform(0, 9000, 60), rng.uniform(0, 5000, 60), rng.integers(0, 9, 60)
        x[:15], y[:15] = rng.normal(6000, 300, 15), rng.normal(1500, 300, 15)
        width, height = 1600.0, 1200.0
        at_x, at_y = maps.densest(x, y, weight, width, height)
        held = weight[(abs(x - at_x) <= width / 2) & (abs(y - at_y) <= height / 2)].sum()
        best = max(
            weight[(x >= a) & (x <= a + 0.9 * width) & (y >= b) & (y <= b + 0.9 * height)].sum()
            for a in x
            for b in y
        )
        assert held >= best  # of all boxes a sixteenth smaller on each side: those of the raster hold them


def test_a_map_of_a_large_area_has_its_core_beside_it_and_a_small_one_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle = toy_bundle("en")
    assert maps.core(bundle) is None  # 4 km across
    assert len(figures._circle(bundle).axes) == 1
    monkeypatch.setattr(maps, "_WALKS", 1.5)
    box = maps.core(bundle)
    assert box is not None
    assert box[3] - box[1] == pytest.approx(1000)
    for draw in (figures._circle, figures._density):
        figure = draw(bundle)
        whole, part = figure.axes
        assert (*part.get_xlim(), *part.get_ylim()) == pytest.approx((box[0], box[2], box[1], box[3]))
        assert whole.get_xlim()[1] - whole.get_xlim()[0] > 4000
        frame = whole.patches[-1].get_bbox()
        assert (frame.x0, frame.y0, frame.x1, frame.y1) == pytest.approx(box)
        assert phrase("fig_core", "en") in [t.get_text() for t in part.texts]
        figure.canvas.draw()
        for text in (whole.title, whole._left_title, part._right_title, *figure.legends):
            seen = text.get_window_extent()
            assert seen.y0 >= 0
            assert seen.y1 <= figure.bbox.height  # a title was cut off where the layout was found in passes


def test_the_core_lies_where_most_workers_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "_WALKS", 1.5)
    bundle = toy_bundle("zh")
    east = bundle.demand.geometry.centroid.x > bundle.districts.total_bounds[[0, 2]].mean() + 1200
    there = dataclasses.replace(bundle, demand=bundle.demand.assign(workers=np.where(east, 50.0, 1.0)))
    box = maps.core(there)
    assert box is not None
    assert shapely.box(*box).centroid.x > bundle.districts.total_bounds[[0, 2]].mean() + 1000
    nobody = dataclasses.replace(bundle, demand=bundle.demand.assign(workers=0.0))
    assert maps.core(nobody) is None


# --- read by another program -----------------------------------------------------------------------------------


def as_pdf(path: Path) -> list[str]:
    """The text of each page as LibreOffice lays it out."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip(
            "LibreOffice is not installed (apt-get install libreoffice-writer-nogui libreoffice-calc-nogui)"
        )
    pdfium = pytest.importorskip("pypdfium2")
    profile = f"-env:UserInstallation={(path.parent / 'profile').as_uri()}"
    command = [office, profile, "--headless", "--convert-to", "pdf", "--outdir", str(path.parent), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    with pdfium.PdfDocument(path.with_suffix(".pdf")) as pdf:
        return [page.get_textpage().get_text_range() for page in pdf]


@pytest.mark.usefixtures("long_list")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_libreoffice_lays_the_report_out_with_the_pages_that_its_contents_name(
    language: str, tmp_path: Path
) -> None:
    _, word, _ = written(tmp_path, language)
    pages = as_pdf(tmp_path / "report.docx")
    for n, text in enumerate(pages, start=1):
        assert f"{n} / {len(pages)}" in text
    (contents,) = [text for text in pages if text.lstrip().startswith(phrase("sec_contents", language))]
    lines = [line.strip() for line in contents.splitlines()]
    for heading in (p.text for p in word.paragraphs if p.style.name == "Heading 1"):
        (line,) = [x for x in lines if x.startswith(heading) and x[len(heading) :].strip(" .\t").isdigit()]
        page = int(line[len(heading) :].strip(" .\t"))
        assert heading in [x.strip() for x in pages[page - 1].splitlines()]


def test_libreoffice_prints_the_workbook_with_numbered_pages_and_every_sheet(tmp_path: Path) -> None:
    from planner.workbook.whole import write_workbook

    bundle = toy_bundle("en")
    write_workbook(bundle, tmp_path / "plan.xlsx")
    pages = as_pdf(tmp_path / "plan.xlsx")
    for n, text in enumerate(pages, start=1):
        assert f"{n} / {len(pages)}" in text
        assert phrase("synthetic_yes", "en")[:60] in " ".join(text.split())
    for key in ("sites", "coverage", "curve", "assumptions", "findings", "inputs"):
        sheet = phrase(f"sheet_{key}", "en")
        assert any(
            f"{bundle.settings.study.title()} · {sheet}" in " ".join(text.split()) for text in pages
        ), sheet
