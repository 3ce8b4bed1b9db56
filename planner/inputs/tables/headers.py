"""Which row holds the column names, and which column plays which role.

Column names are looked up in ``headers.csv``, words of a vocabulary (status, datum, units) in
``words.csv``; both are data, to be extended without touching code.
"""

from __future__ import annotations

import csv
import difflib
import functools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from planner.errors import Finding, finding

__all__ = [
    "Header",
    "find_header",
    "known_names",
    "match_columns",
    "meant",
    "name_datum",
    "plain_name",
    "words",
]

Row = Sequence[str | None]
_LOOK_AT = 40
#: Letters of a column name that are looked at.
_LONGEST_NAME = 200
_DATUM_IN_NAME = re.compile(r"(gcj0?2|bd0?9|wgs0?84|cgcs2000)(?:ll)?")


def plain_name(text: str | None) -> str:
    """A column name for looking up: NFKC, lower case, no brackets, blanks or marks, no datum."""
    s = unicodedata.normalize("NFKC", (text or "")[:_LONGEST_NAME]).lower()
    s = re.sub(r"[(\[{].*?[)\]}]", "", s)
    s = re.sub(r"[\s_\-.:*/#'\"]+", "", s)
    return _DATUM_IN_NAME.sub("", s) or s


def name_datum(text: str) -> str | None:
    """The datum a column name states (``lng_gcj02``, ``经度(BD-09)``), if any."""
    s = re.sub(r"[\s_\-]+", "", unicodedata.normalize("NFKC", text).lower())
    m = _DATUM_IN_NAME.search(s)
    if m:
        return {"g": "gcj02", "b": "bd09", "w": "wgs84", "c": "cgcs2000"}[m[1][0]]
    makers = {"百度": "bd09", "高德": "gcj02", "火星": "gcj02", "腾讯": "gcj02"}
    return next((datum for word, datum in makers.items() if word in s), None)


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("planner.inputs.tables").joinpath(name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


@functools.cache
def role_names() -> dict[str, str]:
    """Role of a column → what it is called in Chinese."""
    return {row["role"]: row["zh"] for row in _rows("headers.csv")}


@functools.cache
def known_names(kind: str) -> dict[str, str]:
    """Plain column name → role, for a kind of table: stations, hosts, districts, population."""
    names: dict[str, str] = {}
    for row in _rows("headers.csv"):
        if row["table"] == "*" or kind in row["table"].split():
            for alias in [row["role"], *row["aliases"].split()]:
                names.setdefault(plain_name(alias), row["role"])
    return names


def with_cut_names(known: Mapping[str, str]) -> dict[str, str]:
    """``known`` and what is left of Chinese names that a shapefile cuts at ten bytes.

    Three letters are left in UTF-8, five in GB18030; a rest that two roles share is left out.
    """
    cut: dict[str, set[str]] = {}
    for name, role in known.items():
        for left in (3, 5):
            if len(name) > left and not name.isascii():
                cut.setdefault(name[:left], set()).add(role)
    return {name: roles.pop() for name, roles in cut.items() if len(roles) == 1} | dict(known)


@functools.cache
def words(table: str) -> dict[str, str]:
    """Plain word → meaning, for a vocabulary of ``words.csv``."""
    found: dict[str, str] = {}
    for row in _rows("words.csv"):
        if row["table"] == table:
            found |= {unicodedata.normalize("NFKC", w).lower(): row["meaning"] for w in row["words"].split()}
    return found


def meant(text: str, vocabulary: Mapping[str, str]) -> str | None:
    """What a cell means: a word of the vocabulary, else the first (then longest) such word in it.

    English words count only where they stand alone (``bus`` is not in ``business``).
    """
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if plain in vocabulary:
        return vocabulary[plain]
    places = []
    for word in vocabulary:
        if word.isascii():
            m = re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", plain) if len(word) > 1 else None
            at = m.start() if m else -1
        else:
            at = plain.find(word) if len(word) > 1 else -1
        if at >= 0:
            places.append((at, -len(word), word))
    return vocabulary[min(places)[2]] if places else None


@dataclass(frozen=True, slots=True)
class Header:
    """Where the names stand and what they are; data begin at ``first`` (0-based)."""

    names: list[str]
    row: int
    first: int


def score(row: Row, known: Mapping[str, str], extra: frozenset[str] = frozenset()) -> int:
    """How many different roles (or names the study mentions) a row's cells are called."""
    plain = {plain_name(c) for c in row if c and len(c) <= 30}
    return len({known[p] for p in plain if p in known}) + len(
        {p for p in plain if p in extra and p not in known}
    )


def find_header(
    grid: Sequence[Row], known: Mapping[str, str], *, source: str, numbers: Sequence[int],
    header_row: int | None = None, extra: frozenset[str] = frozenset(),
) -> tuple[Header | None, list[Finding]]:  # fmt: skip
    """Find the header below titles, blank rows and above a row of units; two-row headers are joined.

    ``numbers`` are the rows as the user counts them; ``header_row`` (counted so) settles it.
    """
    found: list[Finding] = []
    if header_row is not None:
        if header_row not in numbers:
            return None, [finding("TAB-004", source=source, field="header_row", value=header_row)]
        at = numbers.index(header_row)
    else:
        scores = [score(row, known, extra) for row in grid[:_LOOK_AT]]
        best = max(scores, default=0)
        if best == 0:
            at = next((i for i, row in enumerate(grid) if sum(bool(c) for c in row) > 1), 0)
        else:
            at = scores.index(best)
    if not grid or not any(grid[at]):
        return None, [finding("TAB-004", source=source, field="header_row", value="")]
    names, first = [c or "" for c in grid[at]], at + 1
    if header_row is None:
        names, first, joined = _joined(grid, at, names, known)
        if joined:
            found.append(finding("TAB-006", source=source, row=numbers[at], value=", ".join(names)))
    if any(any(row) for row in grid[:at]) and header_row is None:
        found.append(finding("TAB-005", source=source, row=numbers[at], value=", ".join(filter(None, names))))
    units = words("unit")
    if first < len(grid):
        cells = [unicodedata.normalize("NFKC", c).lower() for c in grid[first] if c]
        if cells and all(c in units for c in cells):
            found.append(finding("TAB-010", source=source, row=numbers[first], value=" ".join(cells)))
            first += 1
    return Header(names, at, first), found


def _joined(
    grid: Sequence[Row], at: int, names: list[str], known: Mapping[str, str]
) -> tuple[list[str], int, bool]:
    """Join a second header row (above or below) that only fills or refines the found one."""
    if at + 1 < len(grid):
        below = grid[at + 1]
        cells = [c for c in below if c]
        if cells and all(plain_name(c) in known for c in cells):
            new = [(below[j] if j < len(below) else None) or n for j, n in enumerate(names)]
            return new, at + 2, new != names
    blanks = [j for j, n in enumerate(names) if not n]
    if at > 0 and blanks:
        above = grid[at - 1]
        filled = {j: above[j] for j in blanks if j < len(above) and plain_name(above[j]) in known}
        if filled:
            return [filled.get(j) or n for j, n in enumerate(names)], at + 1, True
    return names, at + 1, False


def match_columns(
    names: Sequence[str],
    known: Mapping[str, str],
    *,
    source: str,
    stated: Mapping[str, str] | None = None,
    datum: str | None = None,
) -> tuple[dict[str, str], list[Finding]]:
    """Role → column name. ``stated`` (role → column, from the study) goes before the alias table.

    Where several columns claim a role, the alias that stands first in the table wins; of several
    coordinates the ones whose names say ``datum`` (WGS84 if None), else they are refused (TAB-007).
    """
    match, found = _stated_columns(names, known, source, dict(stated or {}))
    claims: dict[str, list[str]] = {}
    for name in names:
        role = known.get(plain_name(name), "")
        if role and role not in match and name not in match.values():
            claims.setdefault(role, []).append(name)
    for role, columns in claims.items():
        best = _best_claim(role, columns, known, datum)
        if best is None:
            found.append(finding("TAB-007", source=source, field=role, value=", ".join(columns)))
        else:
            match[role] = best
            if best != role:
                zh = role_names().get(role, role)
                found.append(
                    finding("TAB-011", source=source, field=role, value=best, role_en=role, role_zh=zh)
                )
    return match, found


def _stated_columns(
    names: Sequence[str], known: Mapping[str, str], source: str, stated: dict[str, str]
) -> tuple[dict[str, str], list[Finding]]:
    """The study's own ``columns``, either way round (role → name or name → role)."""
    found: list[Finding] = []
    roles = set(known.values())
    if not set(stated) <= roles and set(stated.values()) <= roles:
        stated = {role: name for name, role in stated.items()}
    match: dict[str, str] = {}
    for role, name in stated.items():
        if role not in roles:
            found.append(
                finding("TAB-009", source=source, field=role, value=name, names=", ".join(sorted(roles)))
            )
        elif name not in names:
            near = difflib.get_close_matches(name, names, n=3, cutoff=0.0)
            found.append(finding("TAB-008", source=source, field=role, value=name, nearest=", ".join(near)))
        elif list(names).count(name) > 1:
            found.append(finding("TAB-007", source=source, field=role, value=name))
        else:
            match[role] = name
    return match, found


def _best_claim(role: str, columns: list[str], known: Mapping[str, str], datum: str | None) -> str | None:
    """The column for a role, or None if that cannot be told."""
    if len(columns) == 1:
        return columns[0]
    if role in ("lng", "lat", "x", "y", "lnglat"):
        same = {"cgcs2000": "wgs84", None: "wgs84"}
        wanted = same.get(datum, datum)
        said = [c for c in columns if (d := name_datum(c)) is not None and same.get(d, d) == wanted]
        exact = [c for c in columns if c == role]
        return said[0] if len(said) == 1 else exact[0] if exact and not said else None
    order = [alias for alias, r in known.items() if r == role]
    rank = [order.index(plain_name(c)) for c in columns]
    best = min(rank)
    return columns[rank.index(best)] if rank.count(best) == 1 and role != "population" else None
