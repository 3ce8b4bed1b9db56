"""How far a workbook's cells reach, found before any room is made for them.

calamine makes room for the whole rectangle that a sheet's cells span: one stray cell at XFD1048576 asks for half a terabyte.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from planner.errors import Finding, finding

__all__ = ["MAX_CELLS", "MAX_COLUMNS", "MAX_LINES", "too_wide"]

#: Cells of the rectangle that a sheet may span (32 bytes each); columns of a table; lines of a text file.
MAX_CELLS, MAX_COLUMNS, MAX_LINES = 10_000_000, 2_000, 3_000_000
_CHUNK = 1 << 20
#: What a damaged zip makes its reader say.
_NOT_UNPACKED = (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, EOFError, RuntimeError)
#: Parts that a workbook names beside its sheets.
_NO_SHEETS = {
    f"xl/{name}{end}"
    for name in ("styles", "sharedStrings", "theme/theme1", "metadata", "calcChain")
    for end in (".xml", ".bin")
}
_CELL = re.compile(rb"<(?:\w{1,20}:)?(?:c|row)\s[^<>]{0,200}?\br=[\"']([A-Z]{0,3})(\d{1,10})[\"']")
#: What begins the record (BIFF8) in which a sheet of .xls says how far it reaches: calamine makes room for that.
_DIMENSIONS = b"\x00\x02\x0e\x00"
_REPEATED = re.compile(rb"<table:(table-row|table-cell|covered-table-cell)\b([^<>]*)>")


def too_wide(path: Path) -> list[Finding]:
    """FILE-012 for each sheet of a workbook whose cells span too much, FILE-004 where one cannot be unpacked; nothing for a file that is neither a zip nor an .xls."""
    try:
        with zipfile.ZipFile(path) as book:
            parts = {
                p for p in book.namelist() if p.lower().startswith("xl/worksheets/") or p == "content.xml"
            }
            found = [_far(book, part) for part in sorted(parts | _named_sheets(book))]
    except _NOT_UNPACKED as error:
        if zipfile.is_zipfile(path):
            return [finding("FILE-004", source=path.name, why=str(error))]
        found = [_far_in_old(path)]
    return [
        finding("FILE-012", source=path.name, value=where, limit=f"{MAX_CELLS:,}") for where in found if where
    ]


def _far_in_old(path: Path) -> str:
    """The cell that a sheet of an old workbook (.xls) says it reaches to, where that is too far; "" otherwise."""
    if path.suffix.lower() not in (".xls", ".xlt", ".et"):
        return ""
    data, at = path.read_bytes(), -1
    while (at := data.find(_DIMENSIONS, at + 1)) >= 0:
        first, last, left, right = struct.unpack_from("<IIHH", data.ljust(at + 16, b"\0"), at + 4)
        rows, columns = last - first, right - left
        if min(rows, columns) < 0 or rows * columns > MAX_CELLS or last > 1 << 16 or right > 1 << 8:
            return f"{_letters(min(right, 1 << 14) or 1)}{last}"
    return ""


def _named_sheets(book: zipfile.ZipFile) -> set[str]:
    """Parts that the workbook names as its sheets, wherever they stand."""
    every, found = set(book.namelist()), set()
    for rels in {"xl/_rels/workbook.xml.rels", "xl/_rels/workbook.bin.rels"} & every:
        for target in re.findall(r"Target=[\"']([^\"']*)[\"']", book.read(rels).decode("utf-8", "replace")):
            part = target.removeprefix("/")
            found.add(part if part.startswith("xl/") else f"xl/{part}")
    return {
        p for p in found & every if "sheet" in p.lower() or p.lower().endswith((".xml", ".bin"))
    } - _NO_SHEETS


def _far(book: zipfile.ZipFile, part: str) -> str:
    """The part and the cell that it reaches to, where that is too far; "" otherwise."""
    name = part.lower()
    if name == "content.xml":
        column, row = _reach_ods(book, part)
    elif name.endswith(".bin"):
        column, row = _reach_binary(book, part)
    else:
        column, row = _reach_xml(book, part)
    if column * row <= MAX_CELLS and column <= 16_384:
        return ""
    return f"{part.rsplit('/', 1)[-1]} ({_letters(column)}{row})"


def _chunks(book: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """Pieces of a part that overlap at an element."""
    rest = b""
    with book.open(part) as stream:
        while block := stream.read(_CHUNK):
            text = rest + block
            yield text
            cut = text.rfind(b"<")
            rest = text[cut:] if cut >= 0 and len(text) - cut < 4096 else b""


def _reach_xml(book: zipfile.ZipFile, part: str) -> tuple[int, int]:
    """Last column and row of a sheet of .xlsx."""
    columns: set[bytes] = set()
    row = 0
    for text in _chunks(book, part):
        for m in _CELL.finditer(text):
            columns.add(m[1])
            row = max(row, int(m[2]))
    return max((_number(c) for c in columns), default=0) or 1, row


def _reach_binary(book: zipfile.ZipFile, part: str) -> tuple[int, int]:
    """Last column and row of a sheet of .xlsb: records of rows (type 0) and of cells (types 1 to 11) name them."""
    column, row = 1, 1
    with book.open(part) as stream:
        while True:
            kind, size = _varint(stream.read, 2), _varint(stream.read, 4)
            if kind is None or size is None:
                return column, row
            data = stream.read(size)
            if kind == 0 and len(data) >= 4:
                row = max(row, int.from_bytes(data[:4], "little") + 1)
            elif 1 <= kind <= 11 and len(data) >= 4:
                column = max(column, int.from_bytes(data[:4], "little") + 1)


def _varint(read, most: int) -> int | None:  # type: ignore[no-untyped-def]
    value = 0
    for i in range(most):
        byte = read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << (7 * i)
        if byte[0] < 0x80:
            break
    return value


def _reach_ods(book: zipfile.ZipFile, part: str) -> tuple[int, int]:
    """The largest block of repeated cells that hold something, as columns and rows."""
    rows, best = 1, (1, 1)
    for text in _chunks(book, part):
        for m in _REPEATED.finditer(text):
            if m[1] == b"table-row":
                n = re.search(rb'number-rows-repeated="(\d{1,9})"', m[2])
                rows = int(n[1]) if n else 1
            elif b"office:value-type" in m[2]:
                n = re.search(rb'number-columns-repeated="(\d{1,9})"', m[2])
                columns = int(n[1]) if n else 1
                best = max(best, (columns, rows), key=lambda b: b[0] * b[1])
    return best


def _number(letters: bytes) -> int:
    n = 0
    for c in letters:
        n = 26 * n + c - 64
    return n


def _letters(column: int) -> str:
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text
