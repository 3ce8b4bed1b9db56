"""The pieces a workbook is made of: cells that can hold no formula, tables with heads, notes, charts, the file."""

from __future__ import annotations

import errno
import io
import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import coordinate_to_tuple, range_boundaries
from openpyxl.worksheet.worksheet import Worksheet

from planner.publish.safe import atomic_path, xlsx_text
from planner.publish.zipped import without_clock
from planner.telling.contents.columns import Column, header
from planner.telling.words.numbers import Kind
from planner.telling.words.phrases import phrase

__all__ = [
    "ACCENT",
    "RULE",
    "bar_chart",
    "for_print",
    "keep_workbook",
    "line_chart",
    "lines_of",
    "new_book",
    "new_sheet",
    "put",
    "put_heading",
    "put_heads",
    "put_notes",
    "put_part",
    "put_table",
    "put_total",
    "set_widths",
    "titled",
]

INK, ACCENT, PALE, LINE = "1F3A4D", "C8452B", "F3F5F7", "C9D1D8"
_FONT = "Microsoft YaHei"
NOTE_COLUMNS = 8
_FORMATS = {
    "text": "@", "count": "#,##0", "people": "#,##0", "metres": "#,##0", "share": "0.0%",
    "points": "+0.0;-0.0;0.0", "yuan": "#,##0", "degrees": "0.000000", "gap": "0.000%", "decimal": "#,##0.######;-#,##0.######", "index": "0.000", "spread": "0.0",
}  # fmt: skip
#: Papers by Excel's numbers, and how many characters go across at three quarters of their size.
_A3, _A4 = 8, 9
_ACROSS = {_A4: 200.0, _A3: 290.0}
RULE = Border(bottom=Side(style="hair", color=LINE))
#: Made once: a workbook has tens of thousands of cells, and a style is looked up by all it holds.
_PLAIN = Font(name=_FONT, size=10, color=INK)
_TEXT = Alignment(vertical="top", wrap_text=True)
_NUMBER = Alignment(vertical="top", horizontal="right", indent=1)
_LOOKS: WeakKeyDictionary[Workbook, dict[tuple[str, bool], Any]] = WeakKeyDictionary()


def put(
    sheet: Worksheet, row: int, column: int, value: Any, kind: Kind = "text", *, ruled: bool = False
) -> Any:
    """Write one cell: text can never become a formula, numbers carry their format, missing stays empty.

    ``ruled``: with a line below.
    """
    cell = sheet.cell(row, column)
    if isinstance(value, str) or kind == "text":
        text = "" if value is None else xlsx_text(value)
        if text:
            cell.value = text
            cell.data_type = "s"
        _dress(cell, "quoted" if text else "@", ruled=ruled)
    elif value is not None and math.isfinite(float(value)):
        whole = float(value).is_integer()
        cell.value = int(value) if whole else round(float(value), 6)
        _dress(cell, "#,##0" if kind == "decimal" and whole else _FORMATS[kind], ruled=ruled)
    else:
        _dress(cell, "", ruled=ruled)
    return cell


def _dress(cell: Any, look: str, *, ruled: bool) -> None:
    """Font, alignment, line and number format of a cell; ``look``: a format, or ``quoted`` text.

    Each look is put together once per workbook and copied from then on: openpyxl looks a part of a style up
    by all that it holds, which takes half the time of a workbook where every cell has it done.
    """
    looks = _LOOKS.setdefault(cell.parent.parent, {})
    if (look, ruled) not in looks:
        cell.font = _PLAIN
        if look in {"quoted", "@"}:
            cell.quotePrefix, cell.alignment = look == "quoted", _TEXT
        elif look:
            cell.number_format, cell.alignment = look, _NUMBER
        if ruled:
            cell.border = RULE
        looks[look, ruled] = copy(cell._style)
    cell._style = copy(looks[look, ruled])


def put_heads(sheet: Worksheet, row: int, heads: Sequence[str]) -> None:
    """The heads of a table, white on dark."""
    for at, text in enumerate(heads, start=1):
        cell = put(sheet, row, at, text)
        cell.font = Font(name=_FONT, size=10, bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor=INK)
        cell.alignment = Alignment(vertical="center", horizontal="center", wrap_text=True)
    sheet.row_dimensions[row].height = 32


def put_table(
    sheet: Worksheet, top: int, columns: Sequence[Column], table: pd.DataFrame, language: str
) -> int:
    """Write a table with its heads at row ``top``; the first free row below comes back."""
    put_heads(sheet, top, header(columns, language))
    for row, values in enumerate(table[[c.key for c in columns]].itertuples(index=False), start=top + 1):
        lines = 1
        for at, (column, value) in enumerate(zip(columns, values, strict=True), start=1):
            put(sheet, row, at, value, column.kind, ruled=True)
            if isinstance(value, str):
                lines = max(lines, lines_of(value, column.width))
        sheet.row_dimensions[row].height = min(14.0 * lines + 3, 400.0)
    return top + len(table) + 1


def put_total(sheet: Worksheet, row: int, columns: Sequence[Column], total: Mapping[str, Any]) -> None:
    """The total row under a table; empty where ``total`` has nothing."""
    for at, column in enumerate(columns, start=1):
        cell = put(sheet, row, at, total.get(column.key), column.kind)
        cell.font = Font(name=_FONT, size=10, bold=True, color=INK)
        cell.fill = PatternFill("solid", fgColor=PALE)


def lines_of(text: str, width: int) -> int:
    """Lines that a text takes in a column of so many characters; Chinese characters are two wide."""
    wide = (
        sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) for line in text.split("\n")
    )
    return sum(max(1, math.ceil(w / width)) for w in wide)


def set_widths(sheet: Worksheet, columns: Sequence[Column]) -> None:
    """Make columns as wide as a table needs, where they are not wider already."""
    for at, column in enumerate(columns, start=1):
        letter = get_column_letter(at)
        current = sheet.column_dimensions[letter].width if letter in sheet.column_dimensions else 0
        sheet.column_dimensions[letter].width = max(column.width + 2, current)


def titled(sheet: Worksheet, title: str, *, top: int | None = None) -> None:
    """For print (:func:`for_print`), under the study's title and the sheet's name; no row is repeated where ``top`` is None."""
    for_print(sheet, f"{title} · {sheet.title}", top=top)


def for_print(sheet: Worksheet, title: str, *, top: int | None = 1, landscape: bool = True) -> None:
    """Heads of row ``top`` on every page, title above, page number below; on paper that keeps it readable.

    A4 one page wide; A3 where that would shrink the columns too far; two A3 pages wide, the frozen columns on both,
    where one would.
    """
    paper, pages = _paper(sheet) if landscape else (_A4, 1)
    sheet.page_setup.orientation = "landscape" if landscape else "portrait"
    sheet.page_setup.paperSize = paper
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = pages, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    if top is not None:
        sheet.print_title_rows = f"{top}:{top}"
    if pages > 1 and sheet.freeze_panes:
        frozen = coordinate_to_tuple(sheet.freeze_panes)[1] - 1
        sheet.print_title_cols = f"A:{get_column_letter(frozen)}" if frozen else None
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top = sheet.page_margins.bottom = 0.7
    sheet.oddHeader.center.text = xlsx_text(title).replace("&", "&&")[:120]
    sheet.oddFooter.center.text = "&P / &N"
    sheet.sheet_view.showGridLines = False


def _paper(sheet: Worksheet) -> tuple[int, int]:
    """Paper and pages across for the columns that are printed."""
    area = str(sheet.print_area or "").rpartition("!")[2].replace("$", "")
    last = range_boundaries(area)[2] if area else sheet.max_column
    widths = [sheet.column_dimensions[get_column_letter(at)].width for at in range(1, int(last or 1) + 1)]
    if sum(widths) <= _ACROSS[_A4]:
        return _A4, 1
    return _A3, 1 if sum(widths) <= _ACROSS[_A3] else 2


def _mark(book: Workbook, notice: str) -> None:
    """What every sheet says below when it is printed and on its page preview: that its data are made up."""
    for sheet in book.worksheets:
        sheet.oddFooter.left.text = xlsx_text(notice).replace("&", "&&")[:90]
        sheet.oddFooter.left.color = ACCENT


def new_book() -> Workbook:
    """A workbook without a sheet."""
    book = Workbook()
    book.remove(book.active)
    return book


def new_sheet(book: Workbook, key: str, language: str) -> Worksheet:
    """A new last sheet, named ``sheet_{key}`` in words."""
    return book.create_sheet(phrase(f"sheet_{key}", language))


def put_heading(sheet: Worksheet, row: int, text: str) -> int:
    """A heading; the row below comes back."""
    cell = put(sheet, row, 1, text)
    cell.font = Font(name=_FONT, size=12, bold=True, color=INK)
    cell.alignment = Alignment(vertical="bottom", wrap_text=False)
    sheet.row_dimensions[row].height = 26
    return row + 1


def put_notes(sheet: Worksheet, row: int, lines: Iterable[str]) -> int:
    """Sentences across the sheet's first columns, one below the other; the row below them comes back."""
    for text in lines:
        cell = put(sheet, row, 1, text)
        cell.font = Font(name=_FONT, size=9, color="5B6B77")
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=NOTE_COLUMNS)
        sheet.row_dimensions[row].height = 13.0 * lines_of(text, 110) + 4
        row += 1
    return row


def put_part(
    sheet: Worksheet, row: int, columns: Sequence[Column], table: pd.DataFrame, language: str, *,
    heading: str = "", lines: Iterable[str] = (),
) -> int:  # fmt: skip
    """A heading, sentences and a table below each other, the columns made wide enough; the first free row below comes back."""
    row = put_heading(sheet, row, heading) if heading else row
    row = put_notes(sheet, row, lines)
    set_widths(sheet, columns)
    return put_table(sheet, row, columns, table, language)


def bar_chart(
    sheet: Worksheet, at: str, *, title: str, columns: tuple[int, int], rows: tuple[int, int],
    colours: Sequence[str], size_cm: tuple[float, float], grouping: str, gap: int, overlap: int,
) -> Any:  # fmt: skip
    """A chart of ``columns`` (first, last) over ``rows`` (heads, last), categories in column 1, placed at a cell."""
    from openpyxl.chart import BarChart, Reference

    chart, (left, right), (head, last) = BarChart(), columns, rows
    chart.type, chart.grouping, chart.gapWidth, chart.overlap = "col", grouping, gap, overlap
    chart.title = title
    chart.title.tx.rich.p[0].pPr = _title_text()
    chart.add_data(
        Reference(sheet, min_col=left, max_col=right, min_row=head, max_row=last), titles_from_data=True
    )
    chart.set_categories(Reference(sheet, min_col=1, min_row=head + 1, max_row=last))
    for series, colour in zip(chart.series, colours, strict=True):
        series.graphicalProperties.solidFill = colour
        series.graphicalProperties.line.noFill = True
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.legend.position, (chart.width, chart.height) = "b", size_cm
    sheet.add_chart(chart, at)
    return chart


def line_chart(
    sheet: Worksheet, at: str, *, title: str, columns: tuple[int, int], rows: tuple[int, int], axes: tuple[str, str],
    colours: Sequence[str],
) -> Any:  # fmt: skip
    """Lines of ``columns`` (first, last) over the numbers of column 1, in ``rows`` (heads, last), placed at a cell; a line without points."""
    from openpyxl.chart import Reference, ScatterChart, Series

    chart, (left, right), (head, last) = ScatterChart(), columns, rows
    chart.style, chart.scatterStyle, chart.title = 13, "lineMarker", title
    chart.title.tx.rich.p[0].pPr = _title_text()
    across = Reference(sheet, min_col=1, min_row=head + 1, max_row=last)
    for column, colour in zip(range(left, right + 1), colours, strict=True):
        up = Reference(sheet, min_col=column, min_row=head, max_row=last)
        series = Series(up, across, title_from_data=True)
        series.marker.symbol, series.smooth = "none", False
        series.graphicalProperties.line.solidFill, series.graphicalProperties.line.width = colour, 22_000
        chart.series.append(series)
    chart.x_axis.title, chart.y_axis.title = axes
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.x_axis.number_format, chart.y_axis.number_format = "0", "0%"
    chart.x_axis.scaling.min = 0
    chart.legend.position, (chart.width, chart.height) = "b", (20, 11)
    sheet.add_chart(chart, at)
    return chart


def _title_text() -> Any:
    from openpyxl.drawing.text import CharacterProperties, ParagraphProperties

    return ParagraphProperties(defRPr=CharacterProperties(sz=1200, b=False, solidFill=INK))


def keep_workbook(book: Workbook, path: Path, title: str, *, notice: str = "") -> None:
    """Write a workbook, whole or not at all, without the time of writing; ``notice``: at the foot of every sheet.

    Raises
    ------
    OutputError
        The file could not be written (disk full, open in Excel); the old one is untouched.
    """
    if notice:
        _mark(book, notice)
    book.properties.creator, book.properties.title = "planner", xlsx_text(title)
    with atomic_path(path) as temporary:
        temporary.write_bytes(without_clock(_saved(book)))


def _saved(book: Workbook) -> bytes:
    """The bytes of a workbook; openpyxl's own temporary files may find no room either."""
    from lxml.etree import SerialisationError  # type: ignore[import-untyped]

    out = io.BytesIO()
    try:
        book.save(out)
    except SerialisationError as error:
        raise OSError(errno.ENOSPC, str(error)) from error
    return out.getvalue()
