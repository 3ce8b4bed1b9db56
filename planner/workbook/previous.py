"""The sheet 与上年方案对照: what is kept, dropped, added and built since, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpyxl import Workbook

from planner.publish.office.sheets import new_sheet, put_part, titled
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
        row = put_part(
            sheet, row + 1, CHANGE_COLUMNS, change_rows(bundle, changes), language,
            heading=phrase(key, language), lines=change_lines(bundle, plan),
        )  # fmt: skip
    titled(sheet, bundle.settings.study.title())
