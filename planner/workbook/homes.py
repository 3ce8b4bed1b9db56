"""Driver homes in a workbook: their sheets in a plan's, and a workbook of their own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from planner.publish.office.homes.lines import homes_lines
from planner.publish.office.homes.tables import HomesPart, homes_tables, is_number, shown
from planner.publish.office.sheets import (
    NOTE_COLUMNS,
    bar_chart,
    keep_workbook,
    lines_of,
    new_book,
    new_sheet,
    put_notes,
    put_part,
    titled,
)
from planner.telling.contents.columns import Column

if TYPE_CHECKING:
    from planner.freight.homes import HomesPlan

__all__ = ["homes_sheets", "write_homes_workbook"]


def homes_sheets(
    book: Workbook, homes: HomesPlan | None, language: str, districts: Mapping[str, str], title: str,
    absent: Sequence[str] = (),
) -> None:  # fmt: skip
    """Driver homes: what they come to with the homes, the candidates, and the traffic behind them.

    ``absent``: why there are none, which then stands on their first sheet.
    """
    if homes is None and absent:
        sheet, row = new_sheet(book, "homes", language), 1
        for at in range(1, NOTE_COLUMNS + 1):
            sheet.column_dimensions[get_column_letter(at)].width = 14
        row = put_notes(sheet, row, absent)
        titled(sheet, title)
    parts = homes_tables(homes, language, districts, printed=False)
    for key in dict.fromkeys(part.sheet for part in parts):
        sheet, row = new_sheet(book, key, language), 1
        mine = [part for part in parts if part.sheet == key]
        widths = _homes_widths(mine)
        for at, width in enumerate(widths, start=1):
            sheet.column_dimensions[get_column_letter(at)].width = width + 2
        row = put_notes(sheet, row, homes_lines(homes, language) if key == parts[0].sheet else ())
        for part in mine:
            row = _homes_table(sheet, row, part, widths, language) + 1
        titled(sheet, title)


def write_homes_workbook(
    homes: HomesPlan, path: Path, *, language: str, districts: Mapping[str, str], title: str, notice: str = ""
) -> None:
    """Write the driver homes alone, on the sheets they have in the workbook of a plan; ``notice``: at the foot of each.

    Raises
    ------
    OutputError
        The file could not be written; the old one is untouched.
    """
    book = new_book()
    homes_sheets(book, homes, language, districts, title)
    keep_workbook(book, path, title, notice=notice)


def _homes_widths(parts: Sequence[HomesPart]) -> list[int]:
    """Characters each column of a sheet needs: of its heads (broken in two) and cells, 44 at most."""
    out: list[int] = []
    for part in parts:
        for at, name in enumerate(part.table.columns):
            cells = [] if is_number(part.table, name) else [shown(v) for v in part.table[name]]
            need = max([math.ceil(lines_of(str(name), 1) / 2) + 2, 9, *(lines_of(text, 1) for text in cells)])
            out += [0] * (at + 1 - len(out))
            out[at] = max(out[at], min(need, 44))
    return out


def _homes_table(sheet: Worksheet, row: int, part: HomesPart, widths: Sequence[int], language: str) -> int:
    """A heading, sentences and a table that brings its own heads; the first free row below comes back."""
    heads = [str(c) for c in part.table.columns]
    numeric = [is_number(part.table, c) for c in heads]
    columns = [
        Column(c, "decimal" if n else "text", w, head=c)
        for c, n, w in zip(heads, numeric, widths, strict=False)
    ]
    table = part.table.assign(
        **{c: part.table[c].map(shown) for c, n in zip(heads, numeric, strict=True) if not n}
    )
    end = put_part(sheet, row, columns, table, language, heading=part.heading, lines=part.lines)
    if part.picture == "homes_hours":
        _hours_chart(sheet, end - len(table) - 1, len(table) - 1, part.heading)
    return end


def _hours_chart(sheet: Worksheet, row: int, hours: int, title: str) -> None:
    """Trucks under way by the hour (local and long-distance, columns 2 and 3), beside their table at ``row``."""
    bar_chart(
        sheet, f"{get_column_letter(7)}{row}", title=title, columns=(2, 3), rows=(row, row + hours),
        colours=("9AA7B1", "B5651D"), size_cm=(24, 11), grouping="stacked", gap=20, overlap=100,
    )  # fmt: skip
