"""``recommendations.xlsx``: the sites, coverage by district, assumptions, findings and inputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from planner.publish.office.cover import cover_sheet, link_cover, terms_sheet
from planner.publish.office.existing.grades import grades_sheets
from planner.publish.office.existing.previous import previous_sheet
from planner.publish.office.homes.lines import absent_lines
from planner.publish.office.homes.sheets import homes_sheets
from planner.publish.office.networks import networks_sheets
from planner.publish.office.sheets import (
    ACCENT,
    bar_chart,
    for_print,
    keep_workbook,
    new_book,
    new_sheet,
    put,
    put_heading,
    put_note,
    put_table,
    put_total,
    set_widths,
)
from planner.telling.contents.actions.told import (
    ACTION_COLUMNS,
    ACTION_DISTRICT_COLUMNS,
    VERB_COLUMNS,
    action_district_rows,
    action_lines,
    action_rows,
    verb_rows,
)
from planner.telling.contents.assumptions import ASSUMPTION_COLUMNS, assumption_rows
from planner.telling.contents.certificate import Figure, certificate_figures
from planner.telling.contents.columns import Column
from planner.telling.contents.coverage import (
    CURVE_COLUMNS,
    DISTRICT_COLUMNS,
    GROUP_COLUMNS,
    PERIOD_COLUMNS,
    READING_COLUMNS,
    curve_rows,
    district_labels,
    district_rows,
    district_total,
    group_rows,
    period_rows,
    reading_rows,
    timed_columns,
)
from planner.telling.contents.fairness import (
    FAIRNESS_COLUMNS,
    fairness_lines,
    fairness_measures,
    fairness_rows,
)
from planner.telling.contents.intervals import interval_columns, interval_rows
from planner.telling.contents.questions import options
from planner.telling.contents.records import (
    FINDING_COLUMNS,
    INPUT_COLUMNS,
    credit_lines,
    finding_rows,
    input_rows,
    station_line,
    synthetic_lines,
)
from planner.telling.contents.sites import batch_columns, batch_rows, regret_line, site_columns, site_rows
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["write_workbook"]


def _list_sheet(
    book: Workbook, key: str, columns: Sequence[Column], table: pd.DataFrame, bundle: Bundle, freeze: str
) -> Worksheet:
    """A sheet that is one table: heads frozen, filter on, widths and print set."""
    language = bundle.settings.study.language
    sheet = new_sheet(book, key, language)
    end = put_table(sheet, 1, columns, table, language)
    set_widths(sheet, columns)
    sheet.freeze_panes = freeze
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{max(end - 1, 1)}"
    for_print(sheet, f"{bundle.settings.study.title()} · {sheet.title}")
    return sheet


def _sites_sheet(book: Workbook, bundle: Bundle) -> None:
    table = site_rows(bundle)
    columns = site_columns(table)
    sheet = _list_sheet(book, "sites", columns, table, bundle, "D2")
    printed = sum(column.kind != "degrees" for column in columns)
    sheet.print_area = f"A1:{get_column_letter(printed)}{len(table) + 1}"  # coordinates are for machines
    sheet.sheet_properties.tabColor = ACCENT


def _put_figures(sheet: Worksheet, row: int, figures: Sequence[Figure]) -> None:
    for at, figure in enumerate(figures, start=row):
        put(sheet, at, 1, figure.label, ruled=True)
        put(sheet, at, 2, figure.value, figure.kind, ruled=True)


def _coverage_sheet(book: Workbook, bundle: Bundle) -> None:
    language = bundle.settings.study.language
    sheet = new_sheet(book, "coverage", language)
    columns = timed_columns(DISTRICT_COLUMNS, bundle)
    districts = district_rows(bundle)
    end = put_table(sheet, 1, columns, districts, language)
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{end - 1}"
    put_total(sheet, end, columns, district_total(bundle))
    set_widths(sheet, (Column("", "text", 26), *columns[1:]))
    if len(districts):
        _chart(sheet, len(districts), end + 2, language)
    row = put_heading(sheet, end + 2, phrase("head_readings", language))
    row = put_table(sheet, row, READING_COLUMNS, reading_rows(bundle), language)
    row = put_heading(sheet, row + 1, phrase("sec_groups", language))
    row = put_table(sheet, row, timed_columns(GROUP_COLUMNS, bundle), group_rows(bundle), language)
    row = put_table(sheet, row + 1, timed_columns(PERIOD_COLUMNS, bundle), period_rows(bundle), language)
    row = _put_fairness(sheet, row + 1, bundle)
    row = put_heading(sheet, row + 1, phrase("sec_certificate", language))
    figures = certificate_figures(bundle)
    _put_figures(sheet, row, figures)
    intervals = interval_rows(bundle)
    if intervals is not None:
        row = put_heading(sheet, row + len(figures) + 1, phrase("sec_intervals", language))
        put_table(sheet, row, interval_columns(language), intervals, language)
    sheet.freeze_panes = "B2"
    for_print(sheet, f"{bundle.settings.study.title()} · {sheet.title}")


def _put_fairness(sheet: Worksheet, row: int, bundle: Bundle) -> int:
    """How evenly coverage falls: measures today and with the plan, below them what they say; the next free row."""
    language, measures = bundle.settings.study.language, fairness_measures(bundle)
    if not measures:
        return row - 1
    row = put_heading(sheet, row, phrase("sec_fairness", language))
    row = put_table(sheet, row, FAIRNESS_COLUMNS, fairness_rows(bundle).iloc[:0], language)
    for m in measures:
        put(sheet, row, 1, m.name, ruled=True)
        for column, value, band in ((2, m.today, m.today_band), (4, m.with_plan, m.with_plan_band)):
            put(sheet, row, column, value, m.kind, ruled=True)
            put(sheet, row, column + 1, band, ruled=True)
        row += 1
    for line in fairness_lines(bundle):
        row = put_note(sheet, row, line)
    return row


def _chart(sheet: Worksheet, n: int, row: int, language: str) -> None:
    """Share before and after by district, beside the smaller tables."""
    from openpyxl.chart.shapes import GraphicalProperties
    from openpyxl.drawing.line import LineProperties

    chart = bar_chart(
        sheet, f"G{row}", title=phrase("chart_title", language), columns=(5, 6), rows=(1, n + 1),
        colours=("9AA7B1", ACCENT), size_cm=(18, 10), grouping="clustered", gap=60, overlap=-5,
    )  # fmt: skip
    chart.y_axis.number_format, chart.y_axis.scaling.min, chart.y_axis.scaling.max = "0%", 0, 1
    chart.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="E3E8EC", w=6350))


def _phases_sheet(book: Workbook, bundle: Bundle) -> None:
    """Phases, the curve, other plans, rules, assumptions and replacements, where the study has them."""
    language = bundle.settings.study.language
    parts: list[tuple[str, Sequence[str], Sequence[Column], pd.DataFrame]] = []
    batches, curve, note = batch_rows(bundle), curve_rows(bundle), regret_line(bundle)
    if batches is not None:
        lines = [note] if note else []
        parts.append((phrase("sec_batches", language), lines, batch_columns(batches), batches))
    if curve is not None:
        parts.append((phrase("sec_curve", language), [], CURVE_COLUMNS, curve))
    parts += [(part.heading, part.lines, part.columns, part.table) for part in options(bundle)]
    if not parts:
        return
    sheet = new_sheet(book, "batches", language)
    row = 1
    for heading, notes, columns, table in parts:
        row = put_heading(sheet, row, heading)
        for line in notes:
            row = put_note(sheet, row, line)
        row = (put_table(sheet, row, columns, table, language) if len(table) else row) + 1
        set_widths(sheet, columns)
    for_print(sheet, f"{bundle.settings.study.title()} · {sheet.title}", top=None)


def _actions_sheet(book: Workbook, bundle: Bundle) -> None:
    """The plan with five verbs, where the study has it."""
    lines, language = action_lines(bundle), bundle.settings.study.language
    if not lines:
        return
    sheet = new_sheet(book, "actions", language)
    row = put_heading(sheet, 1, phrase("sec_actions", language))
    for line in lines:
        row = put_note(sheet, row, line)
    row = put_table(sheet, row + 1, VERB_COLUMNS, verb_rows(bundle), language)
    row = put_table(sheet, row + 1, ACTION_DISTRICT_COLUMNS, action_district_rows(bundle), language)
    row = put_heading(sheet, row + 1, phrase("actions_list", language))
    listed = action_rows(bundle)
    end = put_table(sheet, row, ACTION_COLUMNS, listed, language)
    sheet.auto_filter.ref = f"A{row}:{get_column_letter(len(ACTION_COLUMNS))}{max(end - 1, row)}"
    set_widths(sheet, ACTION_COLUMNS)
    sheet.sheet_properties.tabColor = ACCENT
    for_print(sheet, f"{bundle.settings.study.title()} · {sheet.title}", top=None)


def _inputs_sheet(book: Workbook, bundle: Bundle) -> None:
    language = bundle.settings.study.language
    sheet = _list_sheet(book, "inputs", INPUT_COLUMNS, input_rows(bundle), bundle, "A2")
    row = sheet.max_row + 2
    for line in (
        station_line(bundle),
        *synthetic_lines(bundle),
        phrase("sheet_note_sites", language),
        *credit_lines(bundle),
    ):
        if line:
            put(sheet, row, 1, line).alignment = Alignment(vertical="top", wrap_text=False)
            row += 1


def write_workbook(bundle: Bundle, path: Path) -> None:
    """Write the workbook; the same bundle gives the same bytes.

    Raises
    ------
    OutputError
        The file could not be written (disk full, open in Excel); the old one is untouched.
    """
    settings, language = bundle.settings, bundle.settings.study.language
    book = new_book()
    cover_sheet(book, bundle)
    _sites_sheet(book, bundle)
    _coverage_sheet(book, bundle)
    _phases_sheet(book, bundle)
    _actions_sheet(book, bundle)
    previous_sheet(book, bundle)
    grades_sheets(book, bundle)
    study = settings.study
    absent = absent_lines(bundle.run)
    homes_sheets(book, bundle.homes, study.language, district_labels(bundle), study.title(), absent)
    networks_sheets(book, bundle.networks, bundle.facts, settings, district_labels(bundle))
    _list_sheet(book, "assumptions", ASSUMPTION_COLUMNS, assumption_rows(bundle), bundle, "C2")
    findings = finding_rows(bundle.findings, language)
    _list_sheet(book, "findings", FINDING_COLUMNS, findings, bundle, "A2")
    _inputs_sheet(book, bundle)
    terms_sheet(book, bundle)
    link_cover(book)
    keep_workbook(book, path, study.title())
