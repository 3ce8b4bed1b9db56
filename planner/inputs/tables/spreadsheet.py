"""Excel and OpenDocument workbooks, read with calamine as text cells."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner.errors import Finding, finding
from planner.inputs.tables.extent import too_wide

__all__ = ["Sheet", "cell_text", "read_sheet"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Cells of one sheet from its first row on (row 1 is ``cells[0]``)."""

    name: str
    cells: list[list[str | None]]
    filled: int  # cells that took the value of the merged cell they lie in


def cell_text(value: Any) -> str | None:
    """A cell as text: ``12.0`` is ``"12"``, dates are ISO, times ``HH:MM``, blank is None."""
    if value is None or isinstance(value, str):
        return (value.strip() or None) if value else None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        whole = value.time() == dt.time(0)
        return value.date().isoformat() if whole else value.isoformat(" ", "minutes")
    if isinstance(value, dt.time):
        return value.strftime("%H:%M")
    if isinstance(value, dt.timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    return str(value).strip() or None


def _not_excel(path: Path) -> str | None:
    """What the file really is, if its first bytes are not a workbook's."""
    with path.open("rb") as stream:
        head = stream.read(2048)
    if head.startswith(
        (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x09\x08", b"\x09\x04", b"\x09\x02")
    ):
        return None
    text = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if (
        text.startswith((b"<!doctype html", b"<html", b"<meta", b"<table"))
        or b"<table" in text
        or b"<html" in text
    ):
        return "HTML"
    if text.startswith(b"<?xml"):
        return "XML"
    return "text" if b"\x00" not in head else "unknown"


def read_sheet(path: Path, sheet: str | None) -> tuple[Sheet | None, list[Finding]]:
    """The named sheet, or the only visible one that holds anything.

    Cells merged downwards under the header all take the merged value; findings: FILE-004 not a
    workbook, FILE-005 password, TAB-001 … TAB-003 sheets.
    """
    from python_calamine import CalamineError, PasswordError, load_workbook

    what = _not_excel(path)
    if what:
        return None, [finding("FILE-004", source=path.name, why=what)]
    far = too_wide(path)
    if far:
        return None, far
    try:
        with load_workbook(path) as book:
            name, found = _choose(book, sheet, path.name)
            if name is None:
                return None, found
            page = book.get_sheet_by_name(name)
            rows = [[cell_text(v) for v in row] for row in page.to_python(skip_empty_area=False)]
            filled = _fill_merged(rows, page.merged_cell_ranges or [])
    except PasswordError:
        return None, [finding("FILE-005", source=path.name)]
    except (CalamineError, OSError, ValueError) as error:
        return None, [finding("FILE-004", source=path.name, why=str(error))]
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what its Rust says of a damaged .xls is no Exception
            raise
        return None, [finding("FILE-004", source=path.name, why=str(error))]
    return Sheet(name, rows, filled), found


def _choose(book: Any, wanted: str | None, source: str) -> tuple[str | None, list[Finding]]:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    pages = [m for m in book.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet]
    names = ", ".join(m.name for m in pages)
    hidden = [m.name for m in pages if m.visible != SheetVisibleEnum.Visible]
    if wanted is not None:
        if wanted not in [m.name for m in pages]:
            return None, [finding("TAB-003", source=source, field="sheet", value=wanted, names=names)]
        return wanted, [finding("TAB-002", source=source, value=wanted)] if wanted in hidden else []
    full = [m.name for m in pages if m.name not in hidden and book.get_sheet_by_name(m.name).height > 0]
    if len(full) != 1:
        return None, [
            finding("TAB-001", source=source, field="sheet", value=names, hidden=", ".join(hidden) or "-")
        ]
    return full[0], []


def _fill_merged(rows: list[list[str | None]], ranges: list[tuple[tuple[int, int], tuple[int, int]]]) -> int:
    """Give the cells below the top left one of a merged block its value; returns how many changed.

    Blocks wider than four columns are titles; across columns nothing is filled, for there one value
    would come to mean two things.
    """
    changed = 0
    for (top, left), (bottom, right) in ranges:
        if top >= len(rows) or left >= len(rows[top]) or rows[top][left] is None or right - left > 3:
            continue
        for row in rows[top + 1 : bottom + 1]:
            if left < len(row) and row[left] is None:
                row[left] = rows[top][left]
                changed += 1
    return changed
