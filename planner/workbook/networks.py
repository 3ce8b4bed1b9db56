"""The union's networks in a workbook: one sheet for all and one per network; a workbook of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from planner.publish.office.sheets import (
    for_print,
    keep_workbook,
    new_book,
    new_sheet,
    put_heading,
    put_note,
    put_table,
    set_widths,
)
from planner.publish.safe import plain_text
from planner.telling.contents.assumptions import ASSUMPTION_COLUMNS, assumption_table, network_rows
from planner.telling.contents.networks import (
    NetworkPart,
    network_lines,
    network_parts,
    union_lines,
    union_parts,
)
from planner.telling.contents.records import synthetic_notice
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.facts.register import Register
    from planner.networks.whole import UnionResult
    from planner.settings.whole import Settings

__all__ = ["networks_sheets", "write_networks_workbook"]

#: Longest name of a sheet in Excel.
_LONGEST = 31


def networks_sheets(
    book: Workbook,
    union: UnionResult | None,
    facts: Register,
    settings: Settings,
    districts: Mapping[str, str],
) -> None:
    """The networks' sheets at the end of a workbook; none where there are none."""
    if union is None:
        return
    language, title = settings.study.language, settings.study.title()
    sheet = new_sheet(book, "union", language)
    row = 1
    for line in [*_synthetic(settings), *union_lines(union, facts, settings, language)]:
        row = put_note(sheet, row, line)
    for part in union_parts(union, facts, language):
        row = _put_part(sheet, row, part, language)
    for_print(sheet, f"{title} · {sheet.title}", top=None)
    for one in union.networks:
        sheet = book.create_sheet(sheet_name(book, one.title(language)))
        row = 1
        for line in [*_synthetic(settings), *network_lines(union, one, facts, language)]:
            row = put_note(sheet, row, line)
        for part in network_parts(union, one, language, districts):
            row = _put_part(sheet, row, part, language)
        for_print(sheet, f"{title} · {sheet.title}", top=None)


def _synthetic(settings: Settings) -> list[str]:
    """Where the data are made up, that comes first on every sheet."""
    study = settings.study
    if not study.synthetic:
        return []
    note = study.synthetic_note_zh if study.language == "zh" else study.synthetic_note_en
    return [line for line in (phrase("synthetic_yes", study.language), note) if line]


def sheet_name(book: Workbook, title: str) -> str:
    """A name that Excel takes and no sheet of the book has."""
    plain = re.sub(r"[\[\]:*?/\\]", " ", plain_text(title)).strip(" '") or "network"
    taken = {name.casefold() for name in book.sheetnames}
    name, n = plain[:_LONGEST].strip(), 2
    while name.casefold() in taken:
        end = f" ({n})"
        name, n = plain[: _LONGEST - len(end)].strip() + end, n + 1
    return name


def _put_part(sheet: Worksheet, row: int, part: NetworkPart, language: str) -> int:
    row = put_heading(sheet, row, part.heading) if part.heading else row
    row = put_table(sheet, row, part.columns, part.table, language) + 1
    set_widths(sheet, part.columns)
    return row


def write_networks_workbook(
    union: UnionResult, facts: Register, path: Path, *, settings: Settings, districts: Mapping[str, str]
) -> None:
    """Write the networks alone, on the sheets they have in the workbook of a plan.

    Raises
    ------
    OutputError
        The file could not be written; the old one is untouched.
    """
    book = new_book()
    networks_sheets(book, union, facts, settings, districts)
    language = settings.study.language
    sheet = new_sheet(book, "assumptions", language)
    put_table(sheet, 1, ASSUMPTION_COLUMNS, assumption_table(network_rows(settings), language), language)
    set_widths(sheet, ASSUMPTION_COLUMNS)
    for_print(sheet, f"{settings.study.title()} · {sheet.title}")
    keep_workbook(book, path, settings.study.title(), notice=synthetic_notice(settings))
