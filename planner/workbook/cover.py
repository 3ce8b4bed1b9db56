"""The workbook's first sheet, the decision page, and its sheet of definitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from planner.facts.definitions import definitions
from planner.publish.office.sheets import (
    ACCENT,
    RULE,
    for_print,
    new_sheet,
    put,
    put_heading,
    put_table,
    put_total,
)
from planner.telling.contents.columns import Column
from planner.telling.contents.decision import Decision, decision
from planner.telling.words.figures import told, told_band
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["TERM_COLUMNS", "cover_sheet", "link_cover", "term_rows", "terms_sheet"]

#: Rows of figures on the cover begin here.
_VALUE, _SHEET = 2, 4
_WIDTHS = (34, 26, 30, 16)

TERM_COLUMNS = (
    Column("term", "text", 24), Column("assumed", "text", 14), Column("unit", "text", 14), Column("band", "text", 22),
    Column("band_of", "text", 30), Column("meaning", "text", 80),
)  # fmt: skip


def cover_sheet(book: Workbook, bundle: Bundle) -> Worksheet:
    """The decision page on one A4, portrait; :func:`link_cover` links its figures once all sheets are there."""
    study, page = bundle.settings.study, decision(bundle)
    sheet = new_sheet(book, "cover", study.language)
    for at, width in enumerate(_WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(at)].width = width
    row = _wide(sheet, 1, study.title(), size=18, bold=True, height=34)
    if page.banner:
        row = _wide(sheet, row, page.banner, size=10, bold=True, height=34, fill="FBE9E4")
    row = _wide(sheet, row, page.asked, size=12, height=40)
    row = _figures(sheet, row + 1, page, study.language)
    row = put_heading(sheet, row + 1, phrase("sites_by_batch", study.language))
    row = put_table(sheet, row, page.columns, page.sites.iloc[:-1], study.language)
    put_total(sheet, row, page.columns, page.sites.iloc[-1].to_dict())
    row = put_heading(sheet, row + 2, phrase("sec_limits", study.language))
    for n, line in enumerate(page.limits, start=1):
        row = _wide(sheet, row, f"{n}. {line}", size=10, height=30)
    for_print(sheet, study.title(), top=None, landscape=False)
    sheet.page_setup.fitToHeight = 1
    sheet.sheet_properties.tabColor = ACCENT
    return sheet


def _wide(
    sheet: Worksheet, row: int, text: str, *, size: int, height: int, bold: bool = False, fill: str = ""
) -> int:
    """A line of text over the width of the page; the row below comes back."""
    cell = put(sheet, row, 1, text)
    cell.font = Font(name=cell.font.name, size=size, bold=bold, color=cell.font.color)
    cell.alignment = Alignment(vertical="center", wrap_text=True)
    if fill:
        cell.fill = PatternFill("solid", fgColor=fill)
    sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=len(_WIDTHS))
    sheet.row_dimensions[row].height = height
    return row + 1


def _figures(sheet: Worksheet, row: int, page: Decision, language: str) -> int:
    heads = [phrase(f"decision_{k}", language) for k in ("figure", "value", "band", "more")]
    for at, text in enumerate(heads, start=1):
        put(sheet, row, at, text).font = Font(bold=True, size=10, color="5B6B77")
    for line in page.rows:
        row += 1
        for at, text in enumerate(
            (line.label, line.value, line.band, phrase(f"sheet_{line.sheet}", language)), start=1
        ):
            cell = put(sheet, row, at, text)
            cell.border = RULE
            if at == _VALUE:
                cell.font = Font(name=cell.font.name, size=12, bold=True, color=ACCENT)
        sheet.row_dimensions[row].height = 30 if max(len(line.label) / 17, len(line.value) / 14) > 1 else 20
    return row + 1


def link_cover(book: Workbook) -> None:
    """Make the names of sheets on the cover links to those that are there."""
    cover = book.worksheets[0]
    names = {sheet.title for sheet in book.worksheets[1:]}
    for row in cover.iter_rows(min_col=_SHEET, max_col=_SHEET):
        cell = row[0]
        if cell.value in names:
            cell.hyperlink = f"#'{cell.value}'!A1"
            cell.font = Font(name=cell.font.name, size=10, color="1F4E8C", underline="single")


def term_rows(bundle: Bundle) -> pd.DataFrame:
    """Every quantity of the study: name, value and band of the headline's state, what is counted, what it means."""
    language, facts = bundle.settings.study.language, bundle.facts
    rows: list[Sequence[object]] = []
    present = {key for key, _ in facts}
    for key, term in definitions().items():
        if key not in present:
            continue
        states: tuple[dict[str, str], ...] = (
            {"plan": ""},
            {},
            {"plan": "gain"},
            {"network": "driver_homes", "groups": "truck"},
            {"plan": "today"},
            {"plan": "today", "network": "driver_homes", "groups": "truck"},
        )
        found = next((f for s in states if (f := facts.find(key, **s)) is not None), None)
        value, band = ("", "") if found is None else (told(found), told_band(found))
        of = phrase(f"band_of_{term.band}", language) if term.band and band else ""
        rows.append((term.name(language), value, term.of(language), band, of, term.meaning(language)))
    return pd.DataFrame(rows, columns=[c.key for c in TERM_COLUMNS], dtype=object)


def terms_sheet(book: Workbook, bundle: Bundle) -> None:
    """The sheet of definitions, from the register."""
    language = bundle.settings.study.language
    sheet = new_sheet(book, "terms", language)
    end = put_table(sheet, 1, TERM_COLUMNS, term_rows(bundle), language)
    for at, column in enumerate(TERM_COLUMNS, start=1):
        sheet.column_dimensions[get_column_letter(at)].width = column.width + 2
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(TERM_COLUMNS))}{end - 1}"
    for_print(sheet, f"{bundle.settings.study.title()} · {sheet.title}")
