"""Report, Word document, checks page and figures: what they say, and that no name does anything."""

from __future__ import annotations

import dataclasses
import io
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import docx
import numpy as np
import pytest
from PIL import Image

from planner.errors import finding
from planner.publish.office import document, drawing, figures
from planner.publish.office.story import story
from planner.publish.safe import plain_text
from planner.telling.words.numbers import number, percent
from planner.telling.words.phrases import phrase
from tests.publish.hostile import HOSTILE, WORST, hostile_bundle
from tests.publish.toy import toy_bundle

FINDINGS = (
    finding("CAN-003", source="站点.xlsx", row=7, field="名称", value="石路"),
    finding("SET-004", source="study.toml", value="x.csv"),
)


class Page(HTMLParser):
    """The text cells, tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.text += data
        if self.cells and ("td" in self.open or "th" in self.open):
            self.cells[-1] += data


def report(bundle: Any, folder: Path, pictures: dict[str, Path] | None = None) -> str:
    document.write_report(bundle, folder / "report.html", pictures or {})
    return (folder / "report.html").read_text("utf-8")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_report_says_the_headline_the_tables_and_the_certificate(language: str, tmp_path: Path) -> None:
    bundle = toy_bundle(language, findings=FINDINGS)
    page = Page(report(bundle, tmp_path))
    before, after = bundle.before, bundle.after
    for words in (percent(before.share), percent(after.share), number(after.covered - before.covered)):
        assert words in page.text
    for radius, share in after.by_radius_m.items():
        assert f"{radius} {'米' if language == 'zh' else 'm'}" in page.text
        assert percent(share) in page.cells
    assert bundle.settings.study.title() in page.text
    for name in bundle.chosen["name"]:
        assert name in page.cells
    for reason in bundle.chosen[f"reason_{language}"]:
        assert any(line.endswith(reason) and line in page.text for line in story(bundle).reasons)
    assert phrase("cert_optimal", language, n="5") in page.text
    for credit in ("OpenStreetMap", "ODbL", "GeoNames", "内部使用", "审图号"):
        assert credit in page.text
    note = (
        bundle.settings.study.synthetic_note_zh
        if language == "zh"
        else bundle.settings.study.synthetic_note_en
    )
    assert note in page.text


def test_an_english_report_holds_no_chinese_but_names(tmp_path: Path) -> None:
    bundle = toy_bundle("en", findings=FINDINGS)
    text = Page(report(bundle, tmp_path)).text
    for name in (*bundle.chosen["name"], *bundle.gaps["name"], *bundle.hotspots["name"], "站点.xlsx", "名称", "石路",
                 "内部使用", "审图号"):  # fmt: skip
        text = text.replace(name, "")
    assert re.findall("[\u4e00-\u9fff]+", text) == []


def test_the_certificate_of_an_unproven_plan_never_claims_too_much(tmp_path: Path) -> None:
    bundle = toy_bundle("en")
    solution = dataclasses.replace(bundle.solution, bound=bundle.solution.objective * 1.0012341, status="feasible",
                                   repeatable=False)  # fmt: skip
    page = Page(report(dataclasses.replace(bundle, solution=solution), tmp_path))
    assert "No plan of 5 sites covers more than 0.124% above this one." in page.text  # rounded up
    assert phrase("cert_cut", "en") in page.text


def test_what_a_study_lacks_is_left_out(tmp_path: Path) -> None:
    bundle = toy_bundle("en")
    bare = dataclasses.replace(
        bundle, hotspots=None, curve=None, homes=None, gaps=bundle.gaps.iloc[:0], run={}, findings=(),
        chosen=bundle.chosen.assign(batch="", confidence=np.nan),
    )  # fmt: skip
    text = Page(report(bare, tmp_path)).text
    for key in ("sec_hotspots", "sec_curve", "sec_gaps", "sec_batches", "sec_inputs"):
        assert phrase(key, "en") not in text
        assert phrase(key, "en") in Page(report(bundle, tmp_path)).text or key == "sec_inputs"
    document.write_docx(bare, tmp_path / "bare.docx", {})


def test_the_pages_load_nothing_and_run_nothing(tmp_path: Path) -> None:
    bundle = toy_bundle("zh", findings=FINDINGS)
    png = tmp_path / "circle.png"
    Image.new("RGB", (4, 4)).save(png)
    page = Page(report(bundle, tmp_path, {"circle": png}))
    document.write_checks(FINDINGS, tmp_path / "checks.html", "zh")
    for each in (page, Page((tmp_path / "checks.html").read_text("utf-8"))):
        tags = {tag for tag, _ in each.tags}
        assert not tags & {"script", "link", "iframe", "object", "form"}
        assert all(dict(attributes)["href"].startswith("#") for tag, attributes in each.tags if tag == "a")
        policy = next(a["content"] for t, a in each.tags if a.get("http-equiv") == "Content-Security-Policy")
        assert policy is not None
        assert "default-src 'none'" in policy
        for tag, attributes in each.tags:
            assert not any(k.startswith("on") or k == "style" for k in attributes)
            assert (attributes.get("src") or "data:image/png").startswith("data:image/png")
            assert tag != "img" or attributes.get("alt")


@pytest.mark.parametrize("title", WORST)
def test_hostile_names_are_shown_to_the_letter_in_the_pages(title: str, tmp_path: Path) -> None:
    bundle = hostile_bundle(title)
    calm = {tag for tag, _ in Page(report(toy_bundle(findings=FINDINGS), tmp_path)).tags}
    page = Page(report(bundle, tmp_path))
    assert {tag for tag, _ in page.tags} <= calm

    def one_line(text: str) -> str:
        return plain_text(text).replace("\r\n", "\n").replace("\r", "\n")

    cells = {c.replace("\r\n", "\n").replace("\r", "\n") for c in page.cells}
    assert {one_line(t) for t in HOSTILE} <= cells
    assert "49" not in cells
    document.write_checks(bundle.findings, tmp_path / "checks.html", "zh")
    assert {one_line(t) for t in HOSTILE} <= {
        c.replace("\r", "\n") for c in Page((tmp_path / "checks.html").read_text("utf-8")).cells
    }


def test_checks_say_whether_the_study_can_run(tmp_path: Path) -> None:
    def text(*findings: Any) -> str:
        document.write_checks(findings, tmp_path / "c.html", "en")
        return Page((tmp_path / "c.html").read_text("utf-8")).text

    assert phrase("checks_refused", "en") in text(*FINDINGS)
    assert "Errors: 1; warnings: 1;" in text(*FINDINGS)
    assert phrase("checks_ok", "en") in text(FINDINGS[0])
    assert phrase("findings_none", "en") in text()
    assert "500 more are left out" in text(*[FINDINGS[0]] * 2500)


# --- figures ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
def test_figures_are_drawn_and_two_drawings_are_equal(language: str, tmp_path: Path) -> None:
    first = figures.write_figures(toy_bundle(language), tmp_path / "a")
    second = figures.write_figures(toy_bundle(language), tmp_path / "b")
    assert list(first) == ["circle", "density", "districts", "curve"]
    for name, path in first.items():
        assert path.read_bytes() == second[name].read_bytes()
        with Image.open(path) as picture:
            assert min(picture.size) > 300
            assert len(np.unique(np.asarray(picture.convert("L")))) > 10
            assert "Software" not in picture.info


@pytest.mark.parametrize("title", WORST)
def test_hostile_names_can_be_drawn(title: str, tmp_path: Path) -> None:
    assert len(figures.write_figures(hostile_bundle(title), tmp_path)) == 4


def test_figures_for_nothing_chosen_and_nobody_there(tmp_path: Path) -> None:
    bundle = toy_bundle("en")
    empty = dataclasses.replace(
        bundle, chosen=bundle.chosen.iloc[:0], stations=bundle.stations.iloc[:0], water=bundle.water.iloc[:0],
        main_roads=bundle.main_roads.iloc[:0], demand=bundle.demand.assign(workers=0.0), curve=None,
    )  # fmt: skip
    assert list(figures.write_figures(empty, tmp_path)) == ["circle", "density", "districts"]


def test_without_a_chinese_font_figures_are_left_out_and_the_report_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "figures"
    folder.mkdir()
    (folder / "circle.png").write_bytes(b"of an earlier run")
    monkeypatch.setattr(drawing, "chinese_font", lambda: None)
    assert figures.write_figures(toy_bundle("zh"), folder) == {}
    assert list(folder.iterdir()) == []
    (found,) = drawing.judge_font("zh")
    assert found.code == "OUT-003"
    assert "pip install pylopdf-fonts-zh-cn" in found.message("zh")
    assert drawing.judge_font("en") == ()
    assert "pip install pylopdf-fonts-zh-cn" in Page(report(toy_bundle("zh"), tmp_path)).text


# --- report.docx -----------------------------------------------------------------------------------------------


def texts(path: Path) -> list[str]:
    read = docx.Document(str(path))
    cells = [c.text for t in read.tables for row in t.rows for c in row.cells]
    return [p.text for p in read.paragraphs] + cells


def test_the_word_document_holds_the_same_as_the_page(tmp_path: Path) -> None:
    bundle = toy_bundle("zh", findings=FINDINGS)
    png = tmp_path / "circle.png"
    Image.new("RGB", (40, 30)).save(png)
    document.write_docx(bundle, tmp_path / "a.docx", {"circle": png})
    found, told = set(texts(tmp_path / "a.docx")), story(bundle)
    assert {told.title, told.sentence, *told.certificate, *told.credits} <= found
    for table in (told.first_sites, told.districts, told.assumptions, told.readings):
        assert {cell for row in table.rows for cell in row} <= found
    with zipfile.ZipFile(tmp_path / "a.docx") as archive:
        assert any(n.startswith("word/media/") for n in archive.namelist())


@pytest.mark.parametrize("title", WORST)
def test_hostile_names_are_text_in_the_word_document(title: str, tmp_path: Path) -> None:
    document.write_docx(hostile_bundle(title), tmp_path / "a.docx", {})
    found = set(texts(tmp_path / "a.docx"))
    for text in HOSTILE:
        if "\r" not in text:
            assert plain_text(text) in found
    with zipfile.ZipFile(tmp_path / "a.docx") as archive:
        body = archive.read("word/document.xml").decode()
        assert "instrText" not in body
        assert "External" not in archive.read("word/_rels/document.xml.rels").decode()


def test_two_writes_of_the_documents_give_equal_bytes(tmp_path: Path) -> None:
    import time

    for i in ("a", "b"):
        bundle = toy_bundle("zh", findings=FINDINGS)
        document.write_docx(bundle, tmp_path / f"{i}.docx", {})
        report(bundle, tmp_path).encode()
        (tmp_path / "report.html").rename(tmp_path / f"{i}.html")
        time.sleep(1.1)
    for kind in ("docx", "html"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


# --- pictures -------------------------------------------------------------------------------------------------


def test_pictures_in_the_report_are_the_files(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGB", (3, 3), "red").save(out, "PNG")
    (tmp_path / "circle.png").write_bytes(out.getvalue())
    import base64

    text = report(toy_bundle(), tmp_path, {"circle": tmp_path / "circle.png"})
    assert base64.b64encode(out.getvalue()).decode() in text
