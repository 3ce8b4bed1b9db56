"""Whether a path is a file planner will open: regular, local, of sane size."""

from __future__ import annotations

import zipfile
from pathlib import Path

from planner.errors import Finding, finding

__all__ = ["check_file"]

MAX_BYTES = 200 * 2**20
MAX_UNPACKED_BYTES = 2**30
MAX_RATIO = 100
#: Below this size unpacked, a high ratio is only a dull sheet.
_RATIO_MATTERS = 50 * 2**20


def check_file(path: Path, *, max_bytes: int = MAX_BYTES) -> list[Finding]:
    """Findings that forbid opening ``path``; empty if it may be opened.

    URLs and GDAL's virtual paths (``/vsicurl/…``) are not files; a zip (xlsx is one) that unpacks to
    more than 1 GiB, or to more than a hundred times its size, is refused before it is unpacked.
    """
    text = str(path)
    name = path.name or text
    if (
        "://" in text
        or (":/" in text[:9] and not path.drive)
        or text.startswith(("/vsi", "\\vsi"))
        or "\x00" in text
    ):
        return [finding("SET-005", source=name, field="path", value=text)]
    try:
        if not path.exists():
            return [finding("SET-004", source=name, field="path", value=text)]
        if not path.is_file():
            return [finding("SET-005", source=name, field="path", value=text)]
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(4)
    except OSError as error:
        return [finding("FILE-001", source=name, field="path", value=text, why=error.strerror or str(error))]
    if size == 0:
        return [finding("FILE-001", source=name, field="path", value=text, why="0 bytes")]
    if size > max_bytes:
        return [
            finding(
                "FILE-002", source=name, value=f"{size / 2**20:.0f} MB", limit=f"{max_bytes / 2**20:.0f} MB"
            )
        ]
    return _check_zip(path) if head == b"PK\x03\x04" else []


def _check_zip(path: Path) -> list[Finding]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        return [finding("FILE-004", source=path.name, why=str(error))]
    full = sum(m.file_size for m in members)
    packed = max(1, sum(m.compress_size for m in members))
    if full > MAX_UNPACKED_BYTES or (full > _RATIO_MATTERS and full / packed > MAX_RATIO):
        return [finding("FILE-003", source=path.name, value=f"{full / 2**20:.0f} MB, {full / packed:.0f}:1")]
    return []
