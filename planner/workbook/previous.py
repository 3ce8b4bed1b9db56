"""The sheet 与上年方案对照: what is kept, dropped, added and built since, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpyxl import Workbook

from planner.publish.office.sheets import for_print, new_sheet, put_heading, put_note, put_table, set_widths
from planner.telling.contents.existing.changes import (
    CHANGE_COLUMNS,
    change_lines,
    change_parts,
    change_rows,
)
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["previous_sheet"]


def previous_sheet(book: Workbook, bundle: Bundle) -> None:
    """The sheet; none where the study goes on from no plan."""
    parts, language = change_parts(bundle), bundle.settings.study.language
    if not parts:
        return
    sheet, row = new_sheet(book, "previous", language), 0
    for plan, changes in parts:
        key = "sec_previous" if plan == "proposal" else "sec_previous_actions"
        row = put_heading(sheet, row + 1, phrase(key, language))
        for line in change_lines(bundle, plan):
            row = put_note(sheet, row, line)
        row = put_table(sheet, row, CHANGE_COLUMNS, change_rows(bundle, changes), language)
    set_widths(sheet, CHANGE_COLUMNS)
    for_print(sheet, f"{bundle.settings.study.title()} · {sheet.title}", top=None)
