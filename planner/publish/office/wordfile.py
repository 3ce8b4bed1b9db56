"""``report.docx``: the report as a document to edit and carry into the meeting (python-docx)."""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from planner.publish.office.printed import PrintedTable
from planner.publish.office.story import Story, story
from planner.publish.safe import plain_text
from planner.publish.zipped import FIXED_DATE, without_clock
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["Picture", "TextLine", "docx_bytes", "parts_docx"]

_LATIN, _EAST = "Arial", "Microsoft YaHei"
_INK, _SOFT, _ACCENT = RGBColor(0x1F, 0x2D, 0x38), RGBColor(0x5B, 0x6B, 0x77), RGBColor(0xB8, 0x34, 0x1F)
_WIDTH_MM = 174.0
#: A table of no more rows stays on one page.
_SHORT = 12

#: Widths in parts of the page's width, by column key; a column not named takes 10.
_PARTS = {
    "rank": 7, "name": 22, "district": 15, "host_kind": 11, "open_hours": 11, "workers_gained": 9,
    "workers_in_reach": 9, "nearest_station_m": 10, "confidence": 8, "batch": 8, "reason": 56,
    "parameter": 22, "assumed": 26, "band": 12, "basis": 44, "trust": 11, "severity": 8, "source": 18, "row": 6,
    "field": 12, "value": 16, "message": 44, "radius": 40, "group": 18, "period": 18, "file": 30, "sha256": 20,
    "decision_label": 34, "decision_value": 26, "decision_band": 28, "decision_more": 14, "gap_place": 20, "option": 18, "rule": 24, "case": 26, "in_force": 8,
    "place_name": 20, "part": 20, "verb": 7, "action_cost": 9, "yearly_yuan": 9, "action_gain": 8, "lacks": 34, "limited": 9, "relation": 24, "road": 14,
}  # fmt: skip


def _font(run: Any, size: float | None = None, *, bold: bool = False, colour: Any = None) -> None:
    run.font.name = _LATIN
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _EAST)
    if size:
        run.font.size = Pt(size)
    if bold:
        run.bold = True
    if colour is not None:
        run.font.color.rgb = colour


def _styles(document: Any) -> None:
    """One typeface for Chinese and one for Latin, restrained headings."""
    sizes = {"Normal": (10.5, _INK), "Title": (22, _INK), "Heading 1": (14, _INK), "Heading 2": (11.5, _INK)}
    for name, (size, colour) in sizes.items():
        style = document.styles[name]
        style.font.name, style.font.size, style.font.color.rgb = _LATIN, Pt(size), colour
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:eastAsia"), _EAST)
    document.styles["Normal"].paragraph_format.space_after = Pt(6)
    document.styles["Normal"].paragraph_format.line_spacing = 1.3
    for name in ("Heading 1", "Heading 2"):
        document.styles[name].font.bold = True
        document.styles[name].paragraph_format.space_before = Pt(16 if name == "Heading 1" else 10)
        document.styles[name].paragraph_format.space_after = Pt(6)


def _page(section: Any) -> None:
    """A4 upright."""
    section.orientation = WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(18)
    section.top_margin, section.bottom_margin = Mm(20), Mm(18)


def _field(instruction: str, size: float, colour: Any = None) -> Any:
    """A field that the reader's program fills in; marked as not filled in yet."""
    field, run = OxmlElement("w:fldSimple"), OxmlElement("w:r")
    field.set(qn("w:instr"), instruction)
    field.set(qn("w:dirty"), "true")
    field.append(run)
    run.append(OxmlElement("w:t"))
    _font(Run(run, None), size, colour=colour)
    return field


def _page_number(section: Any, credit: str) -> None:
    """The foot of each page: the credit, the page's number and how many there are."""
    paragraph = section.footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _font(paragraph.add_run(credit + "    "), 8, colour=_SOFT)
    paragraph._element.append(_field("PAGE", 8, _SOFT))
    _font(paragraph.add_run(" / "), 8, colour=_SOFT)
    paragraph._element.append(_field("NUMPAGES", 8, _SOFT))


def _contents(document: Any, before: Any) -> None:
    """A line for each section, with a link to it and its page, put before a paragraph."""
    style = document.styles["Heading 1"].style_id
    headings = [p for p in document.paragraphs if p._p.style == style]
    for n, heading in enumerate(headings, start=1):
        name = f"part_{n}"
        for end in ("Start", "End"):
            mark = OxmlElement(f"w:bookmark{end}")
            mark.set(qn("w:id"), str(n))
            if end == "Start":
                mark.set(qn("w:name"), name)
                heading._element.insert_element_before(mark, "w:r")
            else:
                heading._element.append(mark)
        line = before.insert_paragraph_before()
        line.paragraph_format.space_after = Pt(1)
        line.paragraph_format.tab_stops.add_tab_stop(
            Mm(_WIDTH_MM), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS
        )
        _font(line.add_run(heading.text + "\t"), 10)
        link = OxmlElement("w:hyperlink")
        link.set(qn("w:anchor"), name)
        for part in list(line._element.r_lst):
            link.append(part)
        link.append(_field(f"PAGEREF {name} \\h", 10))
        line._element.append(link)


def _text(
    document: Any,
    text: str,
    size: float | None = None,
    *,
    bold: bool = False,
    colour: Any = None,
    keep: bool = False,
) -> Any:
    """A paragraph; ``keep``: on the page of what follows it."""
    paragraph = document.add_paragraph()
    if keep:
        paragraph.paragraph_format.keep_with_next = True
    _font(paragraph.add_run(plain_text(text)), size, bold=bold, colour=colour)
    return paragraph


def _shade(cell: Any, colour: str) -> None:
    shade = OxmlElement("w:shd")
    for key, value in (("val", "clear"), ("color", "auto"), ("fill", colour)):
        shade.set(qn(f"w:{key}"), value)
    cell._element.get_or_add_tcPr().append(shade)


def _borders(table: Any) -> None:
    """Thin rules between rows only, and little room beside them."""
    borders = OxmlElement("w:tblBorders")
    for edge, size in (("top", "8"), ("bottom", "8"), ("insideH", "4")):
        line = OxmlElement(f"w:{edge}")
        for key, value in (("val", "single"), ("sz", size), ("space", "0"), ("color", "C9D1D8")):
            line.set(qn(f"w:{key}"), value)
        borders.append(line)
    properties = table._element.tblPr  # Word wants its parts in this order
    properties.insert_element_before(borders, "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook")
    margins = OxmlElement("w:tblCellMar")  # a millimetre each side
    for edge in ("left", "right"):
        margin = OxmlElement(f"w:{edge}")
        for key, value in (("w", "57"), ("type", "dxa")):
            margin.set(qn(f"w:{key}"), value)
        margins.append(margin)
    properties.insert_element_before(margins, "w:tblLook")


def _row_rule(row: Any, name: str) -> None:
    rule = OxmlElement(f"w:{name}")
    rule.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(rule)


def _fill(
    cell: Any,
    text: str,
    size: float,
    *,
    numeric: bool,
    bold: bool = False,
    colour: Any = None,
    keep: bool = False,
) -> None:
    paragraph = cell.paragraphs[0]
    run = paragraph.add_run(plain_text(text))
    of_paragraph, of_run = _looks(size, numeric, bold, colour, keep)
    paragraph._p.insert(0, deepcopy(of_paragraph))
    run._r.insert(0, deepcopy(of_run))


@functools.cache
def _looks(size: float, numeric: bool, bold: bool, colour: RGBColor | None, keep: bool) -> tuple[Any, Any]:
    """Properties of a cell's paragraph and of its text: made once, as a large table has thousands of cells and few looks."""
    paragraph = Paragraph(OxmlElement("w:p"), None)
    paragraph.paragraph_format.space_after = Pt(0)
    paragraph.paragraph_format.line_spacing = 1.15
    if keep:
        paragraph.paragraph_format.keep_with_next = True
    if numeric:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    run = paragraph.add_run()
    _font(run, size, bold=bold, colour=colour)
    return paragraph._p.pPr, run._r.rPr


def _put_table(document: Any, content: PrintedTable, *, size: float = 8.5) -> None:
    """A table with its head repeated on every page; rows are not split, a short table stays on one page, and no row alone."""
    table = document.add_table(rows=len(content.rows) + 1, cols=len(content.heads))
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    _borders(table)
    parts = [_PARTS.get(k, 10) for k in content.keys]
    widths = [Mm(_WIDTH_MM * part / sum(parts)) for part in parts]
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    last = len(content.rows)
    first_total = last - content.totals
    for i, (row, texts) in enumerate(zip(table.rows, (content.heads, *content.rows), strict=True)):
        head, total = i == 0, i - 1 >= first_total
        keep = i < last and (last <= _SHORT or i <= 1 or i >= last - max(1, content.totals))
        _row_rule(row, "cantSplit")
        if head:
            _row_rule(row, "tblHeader")
        for cell, text, numeric, width in zip(row.cells, texts, content.numeric, widths, strict=True):
            cell.width = width
            _fill(cell, text, size, numeric=numeric, bold=head or total, colour=_SOFT if head else None,
                  keep=keep)  # fmt: skip
            if head:
                _shade(cell, "F3F5F7")
    document.add_paragraph().paragraph_format.space_after = Pt(2)


def _headline(document: Any, s: Story) -> None:
    """Three large figures side by side."""
    table = document.add_table(rows=1, cols=len(s.figures))
    table.autofit = False
    _borders(table)
    for i, (cell, (label, value, people)) in enumerate(zip(table.rows[0].cells, s.figures, strict=True)):
        cell.width = Mm(_WIDTH_MM / len(s.figures))
        _fill(cell, label, 9, numeric=False, colour=_SOFT)
        for text, size, colour in ((value, 24, _ACCENT if i == 1 else _INK), (people, 9, _SOFT)):
            paragraph = cell.add_paragraph()
            paragraph.paragraph_format.space_after = Pt(0)
            _font(paragraph.add_run(plain_text(text)), size, bold=size > 20, colour=colour)
    document.add_paragraph().paragraph_format.space_after = Pt(2)


def _picture(document: Any, figures: Mapping[str, Path], name: str, language: str, width_mm: float) -> None:
    if name not in figures:
        return
    document.add_picture(str(figures[name]), width=Mm(width_mm))
    document.paragraphs[-1].alignment = WD_ALIGN_PARAGRAPH.CENTER
    document.paragraphs[-1].paragraph_format.keep_with_next = True
    caption = _text(document, phrase(f"cap_{name}", language), 9, colour=_SOFT)
    caption.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _decision(document: Any, s: Story, language: str) -> None:
    """The decision page: one A4, what is asked for, figures, sites by district and phase, limits."""
    kicker = s.kicker + (f"  [{phrase('synthetic_badge', language)}]" if s.synthetic else "")
    _text(document, kicker, 10.5, bold=True, colour=_ACCENT).paragraph_format.space_after = Pt(2)
    _text(document, s.title, 18, bold=True).paragraph_format.line_spacing = 1.1
    if s.decision.banner:
        _text(document, s.decision.banner, 9.5, bold=True, colour=_ACCENT).paragraph_format.space_after = Pt(
            3
        )
    _text(document, s.decision.asked, 11.5, bold=True)
    _headline(document, s)
    _put_table(document, s.decided, size=9)
    _put_table(document, s.decided_sites, size=8)
    for n, line in enumerate(s.decision.limits, start=1):
        _text(document, f"{n}. {line}", 8.5, colour=_SOFT).paragraph_format.space_after = Pt(1)


def _opening(document: Any, s: Story, figures: Mapping[str, Path], language: str) -> Any:
    """Contents, the result in sentences, maps; where the list of contents ends comes back."""
    document.add_page_break()
    _text(document, phrase("sec_contents", language), 14, bold=True)
    _text(document, "").paragraph_format.space_after = Pt(0)
    contents = document.paragraphs[-1]
    _text(document, s.sentence, 11).paragraph_format.page_break_before = True
    if s.cost:
        _text(document, s.cost)
    document.add_heading(phrase("sec_map", language), 1)
    if not figures:
        _text(document, phrase("no_figures", language), 9, colour=_SOFT)
    _picture(document, figures, "circle", language, _WIDTH_MM)
    _picture(document, figures, "density", language, _WIDTH_MM)
    return contents


def _comparisons(document: Any, s: Story, figures: Mapping[str, Path], language: str) -> None:
    document.add_heading(phrase("sec_districts", language), 1)
    _text(document, phrase("intro_districts", language), 9, colour=_SOFT, keep=True)
    _put_table(document, s.districts, size=8)
    _picture(document, figures, "districts", language, 150)
    document.add_heading(phrase("head_readings", language), 2)
    _put_table(document, s.readings)
    document.add_heading(phrase("sec_groups", language), 2)
    _put_table(document, s.groups)
    _put_table(document, s.periods)
    sections: Sequence[tuple[str, PrintedTable | None]] = (
        ("sec_batches", s.batches), ("sec_curve", s.curve), ("sec_gaps", s.gaps), ("sec_hotspots", s.hotspots),
    )  # fmt: skip
    for key, table in sections:
        if key == "sec_gaps":
            _further(document, s, figures, language)
        if table is None:
            continue
        document.add_heading(phrase(key, language), 1)
        if key == "sec_curve":
            _text(
                document,
                phrase("list_stop", language).join(s.curve_lines) + phrase("sentence_stop", language),
                keep=True,
            )
            _picture(document, figures, "curve", language, 150)
        if key == "sec_batches" and s.batches_note:
            _text(document, s.batches_note, 9, colour=_SOFT, keep=True)
        _put_table(document, table)


def _further(document: Any, s: Story, figures: Mapping[str, Path], language: str) -> None:
    for part in s.further:
        document.add_heading(part.heading, 1)
        if part.table is None:
            for line in part.lines:
                _text(document, line)
            continue
        for line in part.lines[1:]:
            _text(document, line)
        for line in part.lines[:1]:
            _text(document, line, 9, colour=_SOFT, keep=True)
        _picture(document, figures, part.picture, language, _WIDTH_MM)
        _put_table(document, part.table, size=8)
        _reasons(document, part.notes)


def _reasons(document: Any, lines: Sequence[str]) -> None:
    """Paragraphs below a table, each on one page."""
    for line in lines:
        form = _text(document, line, 9).paragraph_format
        form.space_after, form.keep_together = Pt(4), True


def _sites(document: Any, s: Story, language: str) -> None:
    """The first sites with their reasons."""
    document.add_heading(phrase("sec_sites", language), 1)
    for line in (phrase("intro_sites", language), s.sites_note):
        if line:
            _text(document, line, 9, colour=_SOFT, keep=True)
    _put_table(document, s.first_sites, size=8)
    _reasons(document, s.reasons)
    if s.sites_more:
        _text(document, s.sites_more, 9, colour=_SOFT)


def _closing(document: Any, s: Story, language: str) -> None:
    document.add_heading(phrase("sec_method", language), 1)
    for i, line in enumerate(s.method, start=1):
        _text(document, f"{i}. {line}")
    document.add_heading(phrase("sec_certificate", language), 2)
    for line in s.certificate:
        _text(document, line)
    document.add_heading(phrase("sec_assumptions", language), 1)
    _text(document, f"{phrase('intro_assumptions', language)} {s.band}")
    _put_table(document, s.assumptions, size=8)
    document.add_heading(phrase("profiles_title", language), 2)
    _put_table(document, s.profiles, size=8)
    _text(document, s.profiles_note, 9, colour=_SOFT)
    document.add_heading(phrase("sec_findings", language), 1)
    _text(document, s.finding_counts)
    if s.findings is not None:
        _put_table(document, s.findings, size=7.5)
    if s.findings_more:
        _text(document, s.findings_more, 9, colour=_SOFT)
    document.add_heading(phrase("sec_synthetic", language), 1)
    for line in s.synthetic_lines:
        _text(document, line)
    if s.inputs.rows:
        document.add_heading(phrase("sec_inputs", language), 1)
        if s.stations:
            _text(document, s.stations)
        _put_table(document, s.inputs, size=8)
    document.add_heading(phrase("sec_credits", language), 1)
    for line in (*s.credits, s.footer):
        _text(document, line, 9, colour=_SOFT)


def docx_bytes(bundle: Bundle, figures: Mapping[str, Path]) -> bytes:
    """The report as a Word document; the same bundle and figures give the same bytes."""
    s, language = story(bundle), bundle.settings.study.language
    document = Document()
    _styles(document)
    _page(document.sections[0])
    _page_number(document.sections[0], phrase("internal", language))
    _decision(document, s, language)
    contents = _opening(document, s, figures, language)
    _comparisons(document, s, figures, language)
    _sites(document, s, language)
    _closing(document, s, language)
    if s.annex is not None:
        document.add_heading(phrase("sec_annex", language), 1).paragraph_format.page_break_before = True
        _put_table(document, s.annex, size=7.5)
    _contents(document, contents)
    return _saved(document, s.title)


def _saved(document: Any, title: str) -> bytes:
    core = document.core_properties
    core.title, core.author, core.comments = plain_text(title)[:255], "planner", ""
    core.created = core.modified = datetime.fromisoformat(FIXED_DATE)
    out = io.BytesIO()
    document.save(out)
    return without_clock(out.getvalue())


@dataclass(frozen=True)
class TextLine:
    """A line of text: ``level`` 1 or 2 is a heading; ``size`` in points, the usual one when None."""

    text: str
    level: int = 0
    size: float | None = None
    bold: bool = False
    colour: Literal["ink", "soft", "accent"] = "ink"


@dataclass(frozen=True)
class Picture:
    """A picture (PNG) with its caption."""

    png: bytes
    caption: str
    width_mm: float = 140.0


def parts_docx(parts: Sequence[TextLine | Picture | PrintedTable], *, title: str, footer: str) -> bytes:
    """A document of lines, pictures and tables in order, A4 upright, pages numbered; the same parts give the same bytes."""
    document, colours = Document(), {"ink": _INK, "soft": _SOFT, "accent": _ACCENT}
    _styles(document)
    _page(document.sections[0])
    _page_number(document.sections[0], plain_text(footer))
    for part in parts:
        match part:
            case TextLine(level=0):
                _text(document, part.text, part.size, bold=part.bold, colour=colours[part.colour])
            case TextLine():
                document.add_heading(plain_text(part.text), part.level)
            case Picture():
                document.add_picture(io.BytesIO(part.png), width=Mm(part.width_mm))
                document.paragraphs[-1].alignment = WD_ALIGN_PARAGRAPH.CENTER
                document.paragraphs[-1].paragraph_format.keep_with_next = True
                _text(document, part.caption, 9, colour=_SOFT)
            case PrintedTable():
                _put_table(document, part, size=8)
    return _saved(document, title)
