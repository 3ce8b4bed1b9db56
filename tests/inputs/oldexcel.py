"""A minimal Excel 97 workbook (.xls), written by hand: no library here writes one.

BIFF8 records in a compound file, after [MS-XLS] and [MS-CFB]: one sheet, text and number cells.
"""

from __future__ import annotations

import struct
from pathlib import Path

_SECTOR = 512
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _sheet(rows) -> bytes:
    out = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    out += _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0))
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            if isinstance(value, str):
                text = value.encode("utf-16-le")
                out += _record(0x0204, struct.pack("<HHHHB", i, j, 0, len(text) // 2, 1) + text)
            elif value is not None:
                out += _record(0x0203, struct.pack("<HHHd", i, j, 0, value))
    return out + _record(0x000A, b"")


def _stream(rows, title: str) -> bytes:
    start = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    start += _record(0x0042, struct.pack("<H", 1200))  # code page: UTF-16
    name = title.encode("utf-16-le")
    size = 4 + 4 + 1 + 1 + 1 + 1 + len(name)
    at = len(start) + size + 4
    start += _record(0x0085, struct.pack("<IBBBB", at, 0, 0, len(name) // 2, 1) + name)
    return start + _record(0x000A, b"") + _sheet(rows)


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    head = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, _FREE, _FREE, child)
    return head + b"\0" * 16 + struct.pack("<IQQIQ", 0, 0, 0, start, size)


def write_xls(path: Path, rows, title: str = "站点") -> Path:
    """Write rows of text, numbers and None."""
    stream = _stream(rows, title)
    stream = stream.ljust(max(4096, -(-len(stream) // _SECTOR) * _SECTOR), b"\0")  # no mini stream
    sectors = len(stream) // _SECTOR
    fat = [_FAT, _END, *range(3, sectors + 2), _END]
    assert len(fat) <= 128
    fat += [_FREE] * (128 - len(fat))
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + b"\0" * 16
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + b"\0" * 6
    )
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, _END, 0, _END, 0)
    header += struct.pack("<I", 0) + struct.pack("<I", _FREE) * 108
    directory = _entry("Root Entry", 5, 1, _END, 0) + _entry("Workbook", 2, _FREE, 2, len(stream))
    directory += (b"\0" * 68 + struct.pack("<III", _FREE, _FREE, _FREE)).ljust(128, b"\0") * 2
    path.write_bytes(header + struct.pack("<128I", *fat) + directory + stream)
    return path
