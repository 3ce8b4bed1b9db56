"""Text files with separators: encoding and dialect found, never assumed."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from planner.errors import Finding, finding
from planner.inputs.tables.extent import MAX_LINES

__all__ = ["Delimited", "decode", "read_delimited"]

SEPARATORS = (",", ";", "\t", "|")
_PROBE_ROWS = 60


@dataclass(frozen=True, slots=True)
class Delimited:
    """Cells of a separated text file; ``lines`` holds the line each row begins on."""

    cells: list[list[str]]
    lines: list[int]
    encoding: str
    separator: str


def decode(data: bytes, *, source: str, encoding: str | None = None) -> tuple[str | None, str, list[Finding]]:
    """Text of ``data``, the encoding used, and findings (CSV-002 … CSV-005).

    Tried in order: a byte order mark, UTF-16 without one (zero bytes), UTF-8, GB18030 (of which
    GBK and GB2312 are parts). Lines of both kinds in one file are refused with their place.
    """
    if encoding is not None:
        return _strict(data, source, encoding)
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return _strict(data, source, name)
    head = data[:4000]
    if head and head.count(0) > len(head) // 5:
        return _strict(
            data, source, "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
        )
    try:
        return _marked(data.decode("utf-8"), source, "utf-8")
    except UnicodeDecodeError:
        pass
    mixed = _mixed(data, source)
    if mixed:
        return None, "", [mixed]
    text, name, found = _strict(data, source, "gb18030")
    if text is not None:
        foreign = [c for c in text if ord(c) > 127]
        rare = sum(not _in_gb2312(c) for c in foreign)
        if rare > 0.2 * len(foreign):
            found.append(finding("CSV-005", source=source, value=name))
    return text, name, found


def _common(text: str) -> bool:
    """Whether every letter is among the common Chinese ones (GB2312)."""
    return all(ord(c) < 128 or _in_gb2312(c) for c in text)


def _in_gb2312(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _strict(data: bytes, source: str, encoding: str) -> tuple[str | None, str, list[Finding]]:
    try:
        text = data.decode(encoding)
    except (LookupError, TypeError):
        return None, "", [finding("CSV-001", source=source, field="encoding", value=encoding)]
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        names = "UTF-8 / GB18030" if encoding == "gb18030" else encoding
        return None, "", [
            finding("CSV-006", source=source, row=row, value=f"byte {error.start}", encoding=names)
        ]  # fmt: skip
    except UnicodeError:  # "undefined" and the like: encodings that read nothing
        return None, "", [finding("CSV-001", source=source, field="encoding", value=encoding)]
    return _marked(text, source, encoding)


def _marked(text: str, source: str, encoding: str) -> tuple[str | None, str, list[Finding]]:
    """Refuse text that already holds the replacement character: letters were lost earlier."""
    found = [
        finding("CSV-003", source=source, row=number, value=line)
        for number, line in enumerate(text.split("\n"), 1)
        if "\ufffd" in line
    ] if "\ufffd" in text else []  # fmt: skip
    return text.removeprefix("\ufeff"), encoding, found


def _mixed(data: bytes, source: str) -> Finding | None:
    """A finding if some lines are plainly UTF-8 and others are not."""
    offset, kinds = 0, []
    for row, line in enumerate(data.split(b"\n"), 1):
        if not line.isascii():
            try:
                text = line.decode("utf-8")
                sure = _common(text) and not _common(line.decode("gb18030", errors="replace"))
                kinds.append(("utf-8" if sure else "?", row, offset))
            except UnicodeDecodeError as error:
                kinds.append(("gb18030", row, offset + error.start))
        offset += len(line) + 1
    counts = Counter(kind for kind, _, _ in kinds)
    if not (counts["utf-8"] and counts["gb18030"]):
        return None
    few = min(("utf-8", "gb18030"), key=lambda k: counts[k])
    main = "gb18030" if few == "utf-8" else "utf-8"
    row, place = next((r, o) for kind, r, o in kinds if kind == few)
    return finding("CSV-002", source=source, row=row, value=f"byte {place}", one=main, other=few)


def _split(text: str, separator: str, limit: int | None = None) -> tuple[list[list[str]], list[int]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    cells, lines, before = [], [], 0
    for row in reader:
        cells.append(row)
        lines.append(before + 1)
        before = reader.line_num
        if limit is not None and len(cells) >= limit:
            break
    return cells, lines


def read_delimited(
    data: bytes, *, source: str, score: Callable[[list[str]], int], encoding: str | None = None
) -> tuple[Delimited | None, list[Finding]]:
    """Cells of a CSV file in any common encoding and separator.

    ``score`` says how many cells of a row are known column names; the separator under which a row
    scores best wins, then the one that cuts the rows most evenly.
    """
    n = max(data.count(b"\n"), data.count(b"\r"))
    if n > MAX_LINES:
        words: dict[str, Any] = {"what_en": "lines", "what_zh": "行", "limit": f"{MAX_LINES:,}"}
        return None, [finding("FILE-013", source=source, value=f"{n:,}", **words)]
    text, name, found = decode(data, source=source, encoding=encoding)
    if text is None:
        return None, found
    csv.field_size_limit(10**6)

    def merit(separator: str) -> tuple[int, float, int]:
        try:
            rows = [r for r in _split(text, separator, _PROBE_ROWS)[0] if any(c.strip() for c in r)]
        except csv.Error:
            return (-1, 0.0, 0)
        widths = Counter(len(r) for r in rows)
        width, times = widths.most_common(1)[0] if widths else (1, 0)
        known = max((score(r) for r in rows), default=0)
        return (known, times / max(1, len(rows)) if width > 1 else 0.0, width)

    separator = max(SEPARATORS, key=merit)
    try:
        cells, lines = _split(text, separator)
    except csv.Error as error:
        return None, [*found, finding("FILE-001", source=source, why=str(error))]
    if separator != "," or name not in ("utf-8", "utf-8-sig"):
        shown = {"\t": "tab"}.get(separator, separator)
        found.append(finding("CSV-004", source=source, value=f"{name}, {shown}"))
    return Delimited(cells, lines, name, separator), found
