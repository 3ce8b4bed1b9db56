"""Formula cells of a workbook that carry no stored value: they read as blank."""

from __future__ import annotations

import html
import re
import zipfile
import zlib
from pathlib import Path

__all__ = ["blank_formulas"]

_CELL = re.compile(rb'<c r="([A-Z]+[0-9]+)"[^>]*>(.*?)</c>', re.DOTALL)
_VALUE = re.compile(rb"<v>[^<]|<t[ >]")


def blank_formulas(path: Path, sheet: str) -> list[str]:
    """Addresses (``"C7"``) of such cells in a sheet of an .xlsx file; empty for other kinds.

    Programs that write workbooks without calculating leave them so. The sheet's XML is searched as
    bytes, never parsed, so no entity in it is ever expanded.
    """
    if path.suffix.lower() not in (".xlsx", ".xlsm"):
        return []
    try:
        with zipfile.ZipFile(path) as archive:
            part = _part(archive, sheet)
            if part is None:
                return []
            data = archive.read(part)
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        NotImplementedError,
        EOFError,
    ):  # what could be read was read
        return []
    if b"<f" not in data:
        return []
    return [
        m[1].decode()
        for m in _CELL.finditer(data)
        if re.search(rb"<f[ />]", m[2]) and not _VALUE.search(m[2])
    ]


def _part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The archive member that holds a sheet."""
    members = set(archive.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= members:
        return None
    book = archive.read("xl/workbook.xml").decode("utf-8", errors="replace")
    rels = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", errors="replace")
    for tag in re.findall(r"<sheet [^>]*>", book):
        name, rid = re.search(r'\bname="([^"]*)"', tag), re.search(r'\br:id="([^"]*)"', tag)
        if name and rid and html.unescape(name[1]) == sheet:
            for rel in re.findall(r"<Relationship [^>]*>", rels):
                target = re.search(r'Target="([^"]*)"', rel)
                if target and f'Id="{rid[1]}"' in rel:
                    part = target[1].removeprefix("/")
                    part = part if part.startswith("xl/") else f"xl/{part}"
                    return part if part in members else None
    return None
