"""The sheets 分级与奖补 (grades, subsidies, inspection, exit list) and 分级规则 (rules and prices)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from planner.publish.office.sheets import for_print, new_sheet, put_heading, put_note, put_table, set_widths
from planner.telling.contents.existing.grades import (
    EXIT_COLUMNS,
    GRADE_COLUMNS,
    LEVEL_COLUMNS,
    PRICE_COLUMNS,
    RULE_COLUMNS,
    exit_rows,
    grade_lines,
    grade_rows,
    level_rows,
    price_rows,
    rule_rows,
)
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["grades_sheets"]


def grades_sheets(book: Workbook, bundle: Bundle) -> None:
    """Both sheets; none where grades are not asked."""
    if bundle.grades is None:
        return
    language, title = bundle.settings.study.language, bundle.settings.study.title()
    sheet = new_sheet(book, "grades", language)
    row = put_heading(sheet, 1, phrase("sec_grades", language))
    for line in grade_lines(bundle):
        row = put_note(sheet, row, line)
    row = put_table(sheet, row + 1, LEVEL_COLUMNS, level_rows(bundle), language)
    row = put_heading(sheet, row + 1, phrase("sec_grade_exits", language))
    row = put_note(sheet, row, phrase("grades_exit_note", language))
    row = put_table(sheet, row, EXIT_COLUMNS, exit_rows(bundle), language)
    row = put_heading(sheet, row + 1, phrase("sec_grade_stations", language))
    end = put_table(sheet, row, GRADE_COLUMNS, grade_rows(bundle), language)
    sheet.auto_filter.ref = f"A{row}:{get_column_letter(len(GRADE_COLUMNS))}{max(end - 1, row)}"
    set_widths(sheet, GRADE_COLUMNS)
    for_print(sheet, f"{title} · {sheet.title}", top=None)
    rules = new_sheet(book, "grade_rules", language)
    row = put_heading(rules, 1, phrase("sec_grade_rules", language))
    row = put_table(rules, row, RULE_COLUMNS, rule_rows(bundle.grades, language), language)
    set_widths(rules, RULE_COLUMNS)
    row = put_heading(rules, row + 1, phrase("sec_grade_prices", language))
    put_table(rules, row, PRICE_COLUMNS, price_rows(bundle.grades, language), language)
    for_print(rules, f"{title} · {rules.title}", top=None)
