"""``recommendations.xlsx``: the sites, coverage by district, assumptions, findings and inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from planner.publish.office.homes.lines import absent_lines
from planner.publish.office.sheets import (
    ACCENT,
    bar_chart,
    keep_workbook,
    line_chart,
    new_book,
    new_sheet,
    put,
    put_heading,
    put_notes,
    put_part,
    put_table,
    put_total,
    set_widths,
    titled,
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
    synthetic_notice,
)
from planner.telling.contents.sites import (
    COST_COLUMNS,
    batch_columns,
    batch_rows,
    cost_rows,
    regret_line,
    site_columns,
    site_rows,
    site_total,
)
from planner.telling.words.phrases import phrase
from planner.workbook.cover import cover_sheet, link_cover, terms_sheet
from planner.workbook.grades import grades_sheets
from planner.workbook.homes import homes_sheets
from planner.workbook.networks import networks_sheets
from planner.workbook.previous import previous_sheet

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["write_workbook"]


def _list_sheet(
    book: Workbook, key: str, columns: Sequence[Column], table: pd.DataFrame, bundle: Bundle, freeze: str, *,
    lines: Sequence[str] = (), total: Mapping[str, Any] | None = None,
) -> Worksheet:  # fmt: skip
    """A sheet that is one table: heads frozen and on every page, filter on, widths and print set.

    ``lines``: notes above it; ``total``: the row below, which the filter leaves alone.
    """
    language = bundle.settings.study.language
    sheet, top = new_sheet(book, key, language), 1
    top = put_notes(sheet, top, lines)
    end = put_table(sheet, top, columns, table, language)
    if total is not None:
        put_total(sheet, end, columns, total)
    set_widths(sheet, columns)
    sheet.freeze_panes = f"{freeze}{top + 1}"
    sheet.auto_filter.ref = f"A{top}:{get_column_letter(len(columns))}{max(end - 1, top)}"
    printed = sum(column.kind != "degrees" for column in columns)
    if printed < len(columns):  # coordinates are for machines
        sheet.print_area = f"A1:{get_column_letter(printed)}{sheet.max_row}"
    titled(sheet, bundle.settings.study.title(), top=top)
    return sheet


def _sites_sheet(book: Workbook, bundle: Bundle) -> None:
    table = site_rows(bundle)
    columns = site_columns(bundle, table)
    sheet = _list_sheet(book, "sites", columns, table, bundle, "D", total=site_total(bundle, columns))
    sheet.sheet_properties.tabColor = ACCENT


def _costs_sheet(book: Workbook, bundle: Bundle) -> None:
    """What each kind of host comes to; none where no cost is known."""
    table, total = cost_rows(bundle)
    if total["cost_yuan"] is not None:
        _list_sheet(book, "costs", COST_COLUMNS, table, bundle, "B", total=total)


def _put_figures(sheet: Worksheet, row: int, figures: Sequence[Figure]) -> None:
    for at, figure in enumerate(figures, start=row):
        put(sheet, at, 1, figure.label, ruled=True)
        put(sheet, at, 2, figure.value, figure.kind, ruled=True)


def _coverage_sheet(book: Workbook, bundle: Bundle) -> None:
    """Coverage by district with its total, and the chart of it below."""
    columns, districts = timed_columns(DISTRICT_COLUMNS, bundle), district_rows(bundle)
    sheet = _list_sheet(
        book, "coverage", columns, districts, bundle, "B", total=district_total(bundle)
    )  # fmt: skip
    if len(districts):
        _chart(sheet, len(districts), len(districts) + 4, bundle.settings.study.language)


def _readings_sheet(book: Workbook, bundle: Bundle) -> None:
    """The same coverage read in other ways: by radius, group and period, how evenly it falls, how far from the best it can be."""
    language = bundle.settings.study.language
    sheet = new_sheet(book, "readings", language)
    row = put_heading(sheet, 1, phrase("head_readings", language))
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
    set_widths(sheet, (Column("", "text", 26), *timed_columns(GROUP_COLUMNS, bundle)[1:]))
    titled(sheet, bundle.settings.study.title())


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
    return put_notes(sheet, row, fairness_lines(bundle))


def _chart(sheet: Worksheet, n: int, row: int, language: str) -> None:
    """Share before and after by district, beside the smaller tables."""
    from openpyxl.chart.shapes import GraphicalProperties
    from openpyxl.drawing.line import LineProperties

    chart = bar_chart(
        sheet, f"A{row}", title=phrase("chart_title", language), columns=(5, 6), rows=(1, n + 1),
        colours=("9AA7B1", ACCENT), size_cm=(18, 10), grouping="clustered", gap=60, overlap=-5,
    )  # fmt: skip
    chart.y_axis.number_format, chart.y_axis.scaling.min, chart.y_axis.scaling.max = "0%", 0, 1
    chart.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="E3E8EC", w=6350))


def _curve_sheet(book: Workbook, bundle: Bundle) -> None:
    """Coverage against the number of new sites, as a table and as lines."""
    table, language = curve_rows(bundle), bundle.settings.study.language
    if table is None:
        return
    sheet = _list_sheet(book, "curve", CURVE_COLUMNS, table, bundle, "A")
    line_chart(
        sheet, "F2", title=phrase("sec_curve", language), columns=(2, 3), rows=(1, 1 + len(table)),
        axes=(phrase("col_n", language), phrase("col_curve_share", language)), colours=(ACCENT, "9AA7B1"),
    )  # fmt: skip


#: Questions that have a sheet of their own, and the columns that stay on it when it is scrolled.
_OWN_SHEETS = {"sensitivity": "B", "replacements": "B"}


def _question_sheets(book: Workbook, bundle: Bundle) -> None:
    """What else could be decided: phases, other plans and rules on one sheet, assumptions and replacements on their own."""
    language = bundle.settings.study.language
    parts: list[tuple[str, Sequence[str], Sequence[Column], pd.DataFrame]] = []
    batches, note, asked = batch_rows(bundle), regret_line(bundle), options(bundle)
    if batches is not None:
        lines = [note] if note else []
        parts.append((phrase("sec_batches", language), lines, batch_columns(batches), batches))
    parts += [(p.heading, p.lines, p.columns, p.table) for p in asked if p.key not in _OWN_SHEETS]
    if parts:
        sheet = new_sheet(book, "batches", language)
        row = 1
        for heading, notes, columns, table in parts:
            if len(table):
                row = put_part(sheet, row, columns, table, language, heading=heading, lines=notes) + 1
            else:
                row = put_notes(sheet, put_heading(sheet, row, heading), notes) + 1
        titled(sheet, bundle.settings.study.title())
    for part in asked:
        if part.key in _OWN_SHEETS:
            freeze = _OWN_SHEETS[part.key]
            _list_sheet(book, part.key, part.columns, part.table, bundle, freeze, lines=part.lines)


def _actions_sheet(book: Workbook, bundle: Bundle) -> None:
    """The plan with five verbs, where the study has it."""
    lines, language = action_lines(bundle), bundle.settings.study.language
    if not lines:
        return
    sheet = new_sheet(book, "actions", language)
    row = put_heading(sheet, 1, phrase("sec_actions", language))
    row = put_notes(sheet, row, lines)
    row = put_table(sheet, row + 1, VERB_COLUMNS, verb_rows(bundle), language)
    row = put_table(sheet, row + 1, ACTION_DISTRICT_COLUMNS, action_district_rows(bundle), language)
    row = put_heading(sheet, row + 1, phrase("actions_list", language))
    listed = action_rows(bundle)
    end = put_table(sheet, row, ACTION_COLUMNS, listed, language)
    sheet.auto_filter.ref = f"A{row}:{get_column_letter(len(ACTION_COLUMNS))}{max(end - 1, row)}"
    set_widths(sheet, ACTION_COLUMNS)
    sheet.sheet_properties.tabColor = ACCENT
    titled(sheet, bundle.settings.study.title())


def _inputs_sheet(book: Workbook, bundle: Bundle) -> None:
    language = bundle.settings.study.language
    sheet = _list_sheet(book, "inputs", INPUT_COLUMNS, input_rows(bundle), bundle, "A")
    row = sheet.max_row + 2
    for line in (
        station_line(bundle),
        *synthetic_lines(bundle.settings),
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
    _readings_sheet(book, bundle)
    _costs_sheet(book, bundle)
    _curve_sheet(book, bundle)
    _question_sheets(book, bundle)
    _actions_sheet(book, bundle)
    previous_sheet(book, bundle)
    grades_sheets(book, bundle)
    study = settings.study
    absent = absent_lines(bundle.run)
    homes_sheets(book, bundle.homes, study.language, district_labels(bundle), study.title(), absent)
    networks_sheets(book, bundle.networks, bundle.facts, settings, district_labels(bundle))
    _list_sheet(book, "assumptions", ASSUMPTION_COLUMNS, assumption_rows(bundle), bundle, "C")
    findings = finding_rows(bundle.findings, language)
    _list_sheet(book, "findings", FINDING_COLUMNS, findings, bundle, "A")
    _inputs_sheet(book, bundle)
    terms_sheet(book, bundle)
    link_cover(book)
    keep_workbook(book, path, study.title(), notice=synthetic_notice(settings))
