"""The sheets 分级与奖补 (grades, subsidies, inspection, exit list) and 分级规则 (rules and prices)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from planner.publish.office.sheets import (
    new_sheet,
    put_heading,
    put_notes,
    put_part,
    put_table,
    set_widths,
    titled,
)
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
    row = put_notes(sheet, row, grade_lines(bundle))
    row = put_table(sheet, row + 1, LEVEL_COLUMNS, level_rows(bundle), language)
    row = put_heading(sheet, row + 1, phrase("sec_grade_exits", language))
    row = put_notes(sheet, row, [phrase("grades_exit_note", language)])
    row = put_table(sheet, row, EXIT_COLUMNS, exit_rows(bundle), language)
    row = put_heading(sheet, row + 1, phrase("sec_grade_stations", language))
    end = put_table(sheet, row, GRADE_COLUMNS, grade_rows(bundle), language)
    sheet.auto_filter.ref = f"A{row}:{get_column_letter(len(GRADE_COLUMNS))}{max(end - 1, row)}"
    set_widths(sheet, GRADE_COLUMNS)
    titled(sheet, title)
    rules = new_sheet(book, "grade_rules", language)
    heading, table = phrase("sec_grade_rules", language), rule_rows(bundle.grades, language)
    row = put_part(rules, 1, RULE_COLUMNS, table, language, heading=heading)
    row = put_heading(rules, row + 1, phrase("sec_grade_prices", language))
    put_table(rules, row, PRICE_COLUMNS, price_rows(bundle.grades, language), language)
    titled(rules, title)
