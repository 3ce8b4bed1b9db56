"""``recommendations.xlsx``: the sites, coverage by district, assumptions, findings and inputs."""

from __future__ import annotations

import errno
import io
import math
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from planner.publish import contents
from planner.publish.contents import Column
from planner.publish.office.homes.lines import homes_lines
from planner.publish.office.homes.tables import HomesPart, homes_tables, is_number, shown
from planner.publish.office.options import options, regret_line
from planner.publish.office.story import CURVE_COLUMNS, READING_COLUMNS, curve_rows, reading_rows
from planner.publish.safe import atomic_path, xlsx_text
from planner.publish.words.assumptions import ASSUMPTION_COLUMNS, assumption_rows
from planner.publish.words.goal import goal_pairs
from planner.publish.words.phrases import phrase
from planner.publish.zipped import without_clock

if TYPE_CHECKING:
    from planner.freight.homes import HomesPlan
    from planner.publish.bundle import Bundle

__all__ = ["write_homes_workbook", "write_workbook"]

INK, ACCENT, PALE, LINE = "1F3A4D", "C8452B", "F3F5F7", "C9D1D8"
_FONT = "Microsoft YaHei"
_NOTE_COLUMNS = 8
_FORMATS = {
    "text": "@", "count": "#,##0", "people": "#,##0", "metres": "#,##0", "share": "0.0%",
    "points": "+0.0;-0.0;0.0", "yuan": "#,##0", "degrees": "0.000000", "gap": "0.000%", "decimal": "#,##0.######;-#,##0.######",
}  # fmt: skip
_RULE = Border(bottom=Side(style="hair", color=LINE))


def _put(sheet: Worksheet, row: int, column: int, value: Any, kind: str = "text") -> Any:
    """Write one cell: text can never become a formula, numbers carry their format, missing stays empty."""
    cell = sheet.cell(row, column)
    cell.font = Font(name=_FONT, size=10, color=INK)
    if isinstance(value, str) or kind == "text":
        text = "" if value is None else xlsx_text(value)
        if text:
            cell.value = text
            cell.data_type = "s"
            cell.quotePrefix = True
        cell.alignment = Alignment(vertical="top", wrap_text=True)
    elif value is not None and math.isfinite(float(value)):
        whole = float(value).is_integer()
        cell.value = int(value) if whole else round(float(value), 6)
        cell.number_format = "#,##0" if kind == "decimal" and whole else _FORMATS[kind]
        cell.alignment = Alignment(vertical="top", horizontal="right", indent=1)
    return cell


def _heads(sheet: Worksheet, row: int, heads: Sequence[str]) -> None:
    for at, text in enumerate(heads, start=1):
        cell = _put(sheet, row, at, text)
        cell.font = Font(name=_FONT, size=10, bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor=INK)
        cell.alignment = Alignment(vertical="center", horizontal="center", wrap_text=True)
    sheet.row_dimensions[row].height = 32


def _table(sheet: Worksheet, top: int, columns: Sequence[Column], table: pd.DataFrame, language: str) -> int:
    """Write a table with its heads at row ``top``; the first free row below comes back."""
    _heads(sheet, top, contents.header(columns, language))
    for row, values in enumerate(table[[c.key for c in columns]].itertuples(index=False), start=top + 1):
        lines = 1
        for at, (column, value) in enumerate(zip(columns, values, strict=True), start=1):
            _put(sheet, row, at, value, column.kind).border = _RULE
            if isinstance(value, str):
                lines = max(lines, _lines(value, column.width))
        sheet.row_dimensions[row].height = min(14.0 * lines + 3, 400.0)
    return top + len(table) + 1


def _lines(text: str, width: int) -> int:
    """Lines that a text takes in a column of so many characters; Chinese characters are two wide."""
    wide = (
        sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) for line in text.split("\n")
    )
    return sum(max(1, math.ceil(w / width)) for w in wide)


def _widths(sheet: Worksheet, columns: Sequence[Column]) -> None:
    for at, column in enumerate(columns, start=1):
        letter = get_column_letter(at)
        current = sheet.column_dimensions[letter].width if letter in sheet.column_dimensions else 0
        sheet.column_dimensions[letter].width = max(column.width + 2, current)


def _for_print(sheet: Worksheet, title: str, *, top: int | None = 1, landscape: bool = True) -> None:
    """A4, one page wide, heads of row ``top`` on every page, title above and page number below."""
    sheet.page_setup.orientation = "landscape" if landscape else "portrait"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    if top is not None:
        sheet.print_title_rows = f"{top}:{top}"
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top = sheet.page_margins.bottom = 0.7
    sheet.oddHeader.center.text = xlsx_text(title).replace("&", "&&")[:200]
    sheet.oddFooter.center.text = "&P / &N"
    sheet.sheet_view.showGridLines = False


def _new_sheet(book: Workbook, key: str, language: str) -> Worksheet:
    return book.create_sheet(phrase(f"sheet_{key}", language))


def _list_sheet(
    book: Workbook, key: str, columns: Sequence[Column], table: pd.DataFrame, bundle: Bundle, freeze: str
) -> Worksheet:
    """A sheet that is one table: heads frozen, filter on, widths and print set."""
    language = bundle.settings.study.language
    sheet = _new_sheet(book, key, language)
    end = _table(sheet, 1, columns, table, language)
    _widths(sheet, columns)
    sheet.freeze_panes = freeze
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{max(end - 1, 1)}"
    _for_print(sheet, f"{bundle.settings.study.title()} · {sheet.title}")
    return sheet


def _sites_sheet(book: Workbook, bundle: Bundle) -> None:
    table = contents.site_rows(bundle)
    columns = contents.site_columns(table)
    sheet = _list_sheet(book, "sites", columns, table, bundle, "D2")
    printed = sum(column.kind != "degrees" for column in columns)
    sheet.print_area = f"A1:{get_column_letter(printed)}{len(table) + 1}"  # coordinates are for machines
    sheet.sheet_properties.tabColor = ACCENT


def _heading(sheet: Worksheet, row: int, text: str) -> int:
    cell = _put(sheet, row, 1, text)
    cell.font = Font(name=_FONT, size=12, bold=True, color=INK)
    cell.alignment = Alignment(vertical="bottom", wrap_text=False)
    sheet.row_dimensions[row].height = 26
    return row + 1


def _pairs(sheet: Worksheet, row: int, pairs: Sequence[tuple[str, Any, str]]) -> int:
    """Rows of (label, value, kind)."""
    for label, value, kind in pairs:
        _put(sheet, row, 1, label).border = _RULE
        _put(sheet, row, 2, value, kind).border = _RULE
        row += 1
    return row


def _coverage_sheet(book: Workbook, bundle: Bundle) -> None:
    language = bundle.settings.study.language
    sheet = _new_sheet(book, "coverage", language)
    columns = contents.DISTRICT_COLUMNS
    districts = contents.district_rows(bundle)
    end = _table(sheet, 1, columns, districts, language)
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{end - 1}"
    total = contents.district_total(bundle)
    for at, column in enumerate(columns, start=1):
        cell = _put(sheet, end, at, total[column.key], column.kind)
        cell.font = Font(name=_FONT, size=10, bold=True, color=INK)
        cell.fill = PatternFill("solid", fgColor=PALE)
    _widths(sheet, (Column("", "text", 26), *columns[1:]))
    if len(districts):
        _chart(sheet, len(districts), end + 2, language)
    row = _heading(sheet, end + 2, phrase("head_readings", language))
    row = _table(sheet, row, READING_COLUMNS, reading_rows(bundle), language)
    row = _heading(sheet, row + 1, phrase("sec_groups", language))
    row = _table(sheet, row, contents.GROUP_COLUMNS, contents.group_rows(bundle), language)
    row = _table(sheet, row + 1, contents.PERIOD_COLUMNS, contents.period_rows(bundle), language)
    row = _heading(sheet, row + 1, phrase("sec_certificate", language))
    _pairs(sheet, row, _certificate_pairs(bundle))
    sheet.freeze_panes = "B2"
    _for_print(sheet, f"{bundle.settings.study.title()} · {sheet.title}")


def _certificate_pairs(bundle: Bundle) -> list[tuple[str, Any, str]]:
    if bundle.settings.siting.goal.own_measure:
        return goal_pairs(bundle)
    language, c = bundle.settings.study.language, contents.certificate(bundle)
    return [
        (phrase("cert_objective", language), c.objective, "people"),
        (phrase("cert_bound", language), math.ceil(c.bound - 1e-6), "people"),
        (phrase("cert_gap_label", language), _ceil(c.gap), "gap"),
        (phrase("cert_new_gap_label", language), _ceil(c.new_gap), "gap"),
        (phrase("cert_worth_label", language), c.worth, "count"),
    ]


def _ceil(share: float) -> float:
    """Up to the next thousandth of a per cent, so that "not more than" stays true in print."""
    return math.ceil(share * 1e5 - 1e-9) / 1e5


def _chart(sheet: Worksheet, n: int, row: int, language: str) -> None:
    """Share before and after by district, beside the smaller tables."""
    from openpyxl.chart import BarChart, Reference

    chart = BarChart()
    chart.type, chart.grouping, chart.gapWidth, chart.overlap = "col", "clustered", 60, -5
    chart.title = phrase("chart_title", language)
    chart.title.tx.rich.p[0].pPr = _title_text()
    chart.add_data(Reference(sheet, min_col=5, max_col=6, min_row=1, max_row=n + 1), titles_from_data=True)
    chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=n + 1))
    for series, colour in zip(chart.series, ("9AA7B1", ACCENT), strict=True):
        series.graphicalProperties.solidFill = colour
        series.graphicalProperties.line.noFill = True
    chart.y_axis.number_format, chart.y_axis.scaling.min, chart.y_axis.scaling.max = "0%", 0, 1
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.y_axis.majorGridlines.spPr = _pale_line()
    chart.legend.position = "b"
    chart.width, chart.height = 18, 10
    sheet.add_chart(chart, f"G{row}")


def _title_text() -> Any:
    from openpyxl.drawing.text import CharacterProperties, ParagraphProperties

    return ParagraphProperties(defRPr=CharacterProperties(sz=1200, b=False, solidFill=INK))


def _pale_line() -> Any:
    from openpyxl.chart.shapes import GraphicalProperties
    from openpyxl.drawing.line import LineProperties

    return GraphicalProperties(ln=LineProperties(solidFill="E3E8EC", w=6350))


def _phases_sheet(book: Workbook, bundle: Bundle) -> None:
    """Phases, the curve, other plans, rules, assumptions and replacements, where the study has them."""
    language = bundle.settings.study.language
    parts: list[tuple[str, Sequence[str], Sequence[Column], pd.DataFrame]] = []
    batches, curve, note = contents.batch_rows(bundle), curve_rows(bundle), regret_line(bundle)
    if batches is not None:
        lines = [note] if note else []
        parts.append((phrase("sec_batches", language), lines, contents.batch_columns(batches), batches))
    if curve is not None:
        parts.append((phrase("sec_curve", language), [], CURVE_COLUMNS, curve))
    parts += [(part.heading, part.lines, part.columns, part.table) for part in options(bundle)]
    if not parts:
        return
    sheet = _new_sheet(book, "batches", language)
    row = 1
    for heading, notes, columns, table in parts:
        row = _heading(sheet, row, heading)
        for line in notes:
            row = _note(sheet, row, line)
        row = _table(sheet, row, columns, table, language) + 1
        _widths(sheet, columns)
    _for_print(sheet, f"{bundle.settings.study.title()} · {sheet.title}", top=None)


def _homes_sheets(
    book: Workbook, homes: HomesPlan | None, language: str, districts: Mapping[str, str], title: str
) -> None:
    """Driver homes: what they come to with the homes, the candidates, and the traffic behind them."""
    parts = homes_tables(homes, language, districts, printed=False)
    for key in dict.fromkeys(part.sheet for part in parts):
        sheet, row = _new_sheet(book, key, language), 1
        mine = [part for part in parts if part.sheet == key]
        widths = _homes_widths(mine)
        for at, width in enumerate(widths, start=1):
            sheet.column_dimensions[get_column_letter(at)].width = width + 2
        for line in homes_lines(homes, language) if key == parts[0].sheet else ():
            row = _note(sheet, row, line)
        for part in mine:
            row = _homes_table(sheet, row, part, widths) + 1
        _for_print(sheet, f"{title} · {sheet.title}", top=None)


def write_homes_workbook(
    homes: HomesPlan, path: Path, *, language: str, districts: Mapping[str, str], title: str
) -> None:
    """Write the driver homes alone, on the sheets they have in the workbook of a plan.

    Raises
    ------
    OutputError
        The file could not be written; the old one is untouched.
    """
    book = Workbook()
    book.remove(book.active)
    _homes_sheets(book, homes, language, districts, title)
    _keep(book, path, title)


def _homes_widths(parts: Sequence[HomesPart]) -> list[int]:
    """Characters each column of a sheet needs: of its heads (broken in two) and cells, 44 at most."""
    out: list[int] = []
    for part in parts:
        for at, name in enumerate(part.table.columns):
            cells = [] if is_number(part.table, name) else [shown(v) for v in part.table[name]]
            need = max([math.ceil(_lines(str(name), 1) / 2) + 2, 9, *(_lines(text, 1) for text in cells)])
            out += [0] * (at + 1 - len(out))
            out[at] = max(out[at], min(need, 44))
    return out


def _homes_table(sheet: Worksheet, row: int, part: HomesPart, widths: Sequence[int]) -> int:
    """A heading, sentences and a table that brings its own heads; the first free row below comes back."""
    table, row = part.table, _heading(sheet, row, part.heading)
    for line in part.lines:
        row = _note(sheet, row, line)
    _heads(sheet, row, [str(c) for c in table.columns])
    numeric = [is_number(table, c) for c in table.columns]
    for at, values in enumerate(table.itertuples(index=False), start=row + 1):
        lines = 1
        for column, (value, plain) in enumerate(zip(values, numeric, strict=True), start=1):
            text = value if plain else shown(value)
            _put(sheet, at, column, text, "decimal" if plain else "text").border = _RULE
            if isinstance(text, str):
                lines = max(lines, _lines(text, widths[column - 1]))
        sheet.row_dimensions[at].height = min(14.0 * lines + 3, 400.0)
    if part.picture == "homes_hours":
        _hours_chart(sheet, row, len(table) - 1, part.heading)
    return row + len(table) + 1


def _hours_chart(sheet: Worksheet, row: int, hours: int, title: str) -> None:
    """Trucks under way by the hour (local and long-distance, columns 2 and 3), beside their table at ``row``."""
    from openpyxl.chart import BarChart, Reference

    chart = BarChart()
    chart.type, chart.grouping, chart.gapWidth, chart.overlap = "col", "stacked", 20, 100
    chart.title = title
    chart.title.tx.rich.p[0].pPr = _title_text()
    chart.add_data(
        Reference(sheet, min_col=2, max_col=3, min_row=row, max_row=row + hours), titles_from_data=True
    )
    chart.set_categories(Reference(sheet, min_col=1, min_row=row + 1, max_row=row + hours))
    for series, colour in zip(chart.series, ("9AA7B1", "B5651D"), strict=True):
        series.graphicalProperties.solidFill = colour
        series.graphicalProperties.line.noFill = True
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.legend.position, chart.width, chart.height = "b", 24, 11
    sheet.add_chart(chart, f"{get_column_letter(7)}{row}")


def _note(sheet: Worksheet, row: int, text: str) -> int:
    """A sentence across the sheet's first columns."""
    cell = _put(sheet, row, 1, text)
    cell.font = Font(name=_FONT, size=9, color="5B6B77")
    sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=_NOTE_COLUMNS)
    sheet.row_dimensions[row].height = 13.0 * _lines(text, 110) + 4
    return row + 1


def _inputs_sheet(book: Workbook, bundle: Bundle) -> None:
    language = bundle.settings.study.language
    sheet = _list_sheet(book, "inputs", contents.INPUT_COLUMNS, contents.input_rows(bundle), bundle, "A2")
    row = sheet.max_row + 2
    study = bundle.settings.study
    notes = [phrase(f"synthetic_{'yes' if study.synthetic else 'no'}", language)]
    notes += (
        [study.synthetic_note_zh if language == "zh" else study.synthetic_note_en] if study.synthetic else []
    )
    for line in [*notes, phrase("sheet_note_sites", language), *contents.credit_lines(bundle)]:
        if line:
            _put(sheet, row, 1, line).alignment = Alignment(vertical="top", wrap_text=False)
            row += 1


def write_workbook(bundle: Bundle, path: Path) -> None:
    """Write the workbook; the same bundle gives the same bytes.

    Raises
    ------
    OutputError
        The file could not be written (disk full, open in Excel); the old one is untouched.
    """
    settings, language = bundle.settings, bundle.settings.study.language
    book = Workbook()
    book.remove(book.active)
    _sites_sheet(book, bundle)
    _coverage_sheet(book, bundle)
    _phases_sheet(book, bundle)
    study = settings.study
    _homes_sheets(book, bundle.homes, study.language, contents.district_labels(bundle), study.title())
    table = assumption_rows(settings, all_groups=bundle.homes is not None)
    _list_sheet(book, "assumptions", ASSUMPTION_COLUMNS, table, bundle, "C2")
    findings = contents.finding_rows(bundle.findings, language)
    _list_sheet(book, "findings", contents.FINDING_COLUMNS, findings, bundle, "A2")
    _inputs_sheet(book, bundle)
    _keep(book, path, study.title())


def _keep(book: Workbook, path: Path, title: str) -> None:
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
