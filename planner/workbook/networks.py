"""The union's networks in a workbook: one sheet for all and one per network; a workbook of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from openpyxl import Workbook

from planner.publish.office.sheets import (
    keep_workbook,
    new_book,
    new_sheet,
    put_notes,
    put_part,
    titled,
)
from planner.publish.safe import plain_text
from planner.telling.contents.assumptions import ASSUMPTION_COLUMNS, assumption_table, network_rows
from planner.telling.contents.networks import (
    network_lines,
    network_parts,
    union_lines,
    union_parts,
)
from planner.telling.contents.records import synthetic_lines, synthetic_notice

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
    made_up = synthetic_lines(settings) if settings.study.synthetic else ()
    sheet = new_sheet(book, "union", language)
    row = 1
    row = put_notes(sheet, row, [*made_up, *union_lines(union, facts, settings, language)])
    for part in union_parts(union, facts, language):
        row = put_part(sheet, row, part.columns, part.table, language, heading=part.heading) + 1
    titled(sheet, title)
    for one in union.networks:
        sheet = book.create_sheet(sheet_name(book, one.title(language)))
        row = 1
        row = put_notes(sheet, row, [*made_up, *network_lines(union, one, facts, language)])
        for part in network_parts(union, one, language, districts):
            row = put_part(sheet, row, part.columns, part.table, language, heading=part.heading) + 1
        titled(sheet, title)


def sheet_name(book: Workbook, title: str) -> str:
    """A name that Excel takes and no sheet of the book has."""
    plain = re.sub(r"[\[\]:*?/\\]", " ", plain_text(title)).strip(" '") or "network"
    taken = {name.casefold() for name in book.sheetnames}
    name, n = plain[:_LONGEST].strip(), 2
    while name.casefold() in taken:
        end = f" ({n})"
        name, n = plain[: _LONGEST - len(end)].strip() + end, n + 1
    return name


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
    table = assumption_table(network_rows(settings), language)
    put_part(sheet, 1, ASSUMPTION_COLUMNS, table, language)
    titled(sheet, settings.study.title(), top=1)
    keep_workbook(book, path, settings.study.title(), notice=synthetic_notice(settings))
