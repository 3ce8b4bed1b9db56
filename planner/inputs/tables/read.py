"""Any file with rows as one table of text cells, with rows numbered as the user counts them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.errors import Finding, finding
from planner.inputs.tables import headers
from planner.inputs.tables.delimited import read_delimited
from planner.inputs.tables.extent import MAX_COLUMNS
from planner.inputs.tables.formulas import blank_formulas
from planner.inputs.tables.layerfile import read_layer
from planner.inputs.tables.local import check_file
from planner.inputs.tables.spreadsheet import read_sheet
from planner.settings.inputs import Table

__all__ = ["RawTable", "as_text", "read_table"]

#: Kinds of tables that people keep, of which a column that is not read is told.
_LISTS = ("stations", "hosts")
Grid = Sequence[Sequence[str | None]]


@dataclass(frozen=True)
class RawTable:
    """What a file holds, before anything is believed.

    Attributes
    ----------
    source
        File name without its folders.
    cells
        Text (or None) under the file's own column names.
    rows
        Number of each row as the user counts it: spreadsheet row, line of a CSV file, feature.
    roles
        Role → column name (``{"lng": "经度"}``).
    geometry, crs
        Of a layer: shapely objects or None, and its CRS; None for a plain table.
    """

    source: str
    cells: pd.DataFrame
    rows: npt.NDArray[np.int64]
    roles: dict[str, str] = field(default_factory=dict)
    geometry: npt.NDArray[Any] | None = None
    crs: str | None = None

    def column(self, role: str) -> pd.Series:
        """The column of a role (all None where the file has none), index 0 … n − 1."""
        if role in self.roles:
            return self.cells[self.roles[role]]
        return pd.Series([None] * len(self.rows), index=self.cells.index, dtype=object)


def as_text(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The frame with ``columns`` as text columns, missing values kept as missing.

    Before pandas 3 such a column is of objects: there ``"str"`` would write None as a word.
    """
    kind = "str" if int(pd.__version__.split(".")[0]) >= 3 else object
    return frame.assign(
        **{c: frame[c].astype(object).where(frame[c].notna(), None).astype(kind) for c in columns}
    )


def read_table(table: Table, *, kind: str) -> tuple[RawTable | None, list[Finding]]:
    """Read ``table`` and find out which column is what.

    ``kind`` chooses the alias table: stations, hosts, districts, population. ``table.columns`` (role →
    column name) goes before it. None comes back with at least one finding of severity E.
    """
    path, source = Path(table.path), Path(table.path).name
    found = check_file(path)
    if found:
        return None, found
    known = headers.known_names(kind)
    suffix = path.suffix.lower()
    opener = next((f for kinds, f in _OPENERS if suffix in kinds), None)
    if opener is None:
        return None, [finding("FILE-008", source=source, value=suffix or source)]
    if suffix == ".shp":
        known = headers.with_cut_names(known)
    raw, found = opener(path, table, known)
    if raw is None:
        return None, found
    roles, more = headers.match_columns(
        list(raw.cells.columns), known, source=source, stated=table.columns, datum=table.datum
    )
    unread = [c for c in map(str, raw.cells.columns) if c not in roles.values()]
    if unread and kind in _LISTS:
        more.append(finding("TAB-018", source=source, value=", ".join(unread)))
    return dataclasses.replace(raw, roles=roles), found + more


def _mentioned(table: Table) -> frozenset[str]:
    """Plain column names that the study file names itself."""
    return frozenset(headers.plain_name(n) for pair in table.columns.items() for n in pair)


def _open_layer(path: Path, table: Table, known: dict[str, str]) -> tuple[RawTable | None, list[Finding]]:
    del known  # a layer's columns have names
    layer, found = read_layer(path, layer=table.layer, encoding=table.encoding)
    if layer is None:
        return None, found
    rows = np.arange(1, len(layer.cells) + 1)
    if not len(rows):
        return None, [*found, finding("TAB-015", source=path.name)]
    return RawTable(path.name, layer.cells, rows, {}, layer.geometry, layer.crs), found


def _open_sheet(path: Path, table: Table, known: dict[str, str]) -> tuple[RawTable | None, list[Finding]]:
    sheet, found = read_sheet(path, table.sheet)
    if sheet is None:
        return None, found
    raw, more = _from_grid(sheet.cells, range(1, len(sheet.cells) + 1), table, known, path.name)
    if sheet.filled:
        found.append(finding("TAB-012", source=path.name, field=sheet.name, value=sheet.filled))
    blank = blank_formulas(path, sheet.name)
    if blank:
        shown = ", ".join(blank[:12]) + (f" … ({len(blank)})" if len(blank) > 12 else "")
        found.append(finding("TAB-016", source=path.name, field=sheet.name, value=shown))
    return raw, found + more


def _open_text(path: Path, table: Table, known: dict[str, str]) -> tuple[RawTable | None, list[Finding]]:
    extra = _mentioned(table)
    text, found = read_delimited(
        path.read_bytes(), source=path.name, encoding=table.encoding,
        score=lambda row: headers.score(row, known, extra),
    )  # fmt: skip
    if text is None:
        return None, found
    grid = [[c.strip() or None for c in row] for row in text.cells]
    raw, more = _from_grid(grid, text.lines, table, known, path.name)
    return raw, found + more


_Opener = Callable[[Path, Table, dict[str, str]], tuple[RawTable | None, list[Finding]]]
_OPENERS: tuple[tuple[tuple[str, ...], _Opener], ...] = (
    ((".geojson", ".json", ".gpkg", ".shp"), _open_layer),
    ((".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"), _open_sheet),
    ((".csv", ".tsv", ".txt"), _open_text),
)


def _from_grid(
    grid: Grid, numbers: Sequence[int], table: Table, known: dict[str, str], source: str
) -> tuple[RawTable | None, list[Finding]]:
    """Cut a grid into names and rows; blank rows go, footers (合计, 备注) go with a finding."""
    width = max((len(row) for row in grid), default=0)
    if width > MAX_COLUMNS:
        words: dict[str, Any] = {"what_en": "columns", "what_zh": "列", "limit": f"{MAX_COLUMNS:,}"}
        return None, [finding("FILE-013", source=source, value=f"{width:,}", **words)]
    extra = _mentioned(table)
    header, found = headers.find_header(
        grid, known, source=source, numbers=list(numbers), header_row=table.header_row, extra=extra
    )
    if header is None:
        return None, found
    names = [" ".join(n.split()) for n in header.names]
    repeated = {n for n in names if n and names.count(n) > 1}
    for name in sorted(repeated):
        plain = headers.plain_name(name)
        code = "TAB-007" if plain in known or plain in extra else "TAB-017"
        row, role = numbers[header.row], known.get(plain, name)
        found.append(finding(code, source=source, row=row, field=role, value=name))
    if any(f.code == "TAB-007" for f in found):
        return None, found
    rows, kept = _rows_of(grid, numbers, header.first, len(names), source, found)
    if not rows:
        return None, [*found, finding("TAB-015", source=source)]
    keep = [j for j, n in enumerate(names) if n and names.index(n) == j]
    cells = pd.DataFrame({names[j]: [r[j] for r in kept] for j in keep}, dtype=object)
    return RawTable(source, cells, np.asarray(rows, np.int64)), found


def _first_word(text: str) -> str:
    return headers.plain_name(re.split("[:：]", text, maxsplit=1)[0])


def _rows_of(
    grid: Grid, numbers: Sequence[int], first: int, width: int, source: str, found: list[Finding]
) -> tuple[list[int], list[list[str | None]]]:
    """Row numbers and cells of the data rows, ``width`` cells each; findings are appended."""
    footers = headers.words("footer")
    kept: list[list[str | None]] = []
    rows: list[int] = []
    for row, number in zip(grid[first:], numbers[first:], strict=True):
        filled = [c for c in row if c]
        if not filled:
            continue
        if len(filled) <= max(1, width // 3) and _first_word(filled[0]) in footers:
            found.append(finding("TAB-013", source=source, row=number, value=filled[0]))
            continue
        if len(row) > width and any(row[width:]):
            found.append(finding("TAB-014", source=source, row=number, value=len(row), expected=width))
        kept.append([*row[:width], *[None] * (width - len(row))])
        rows.append(number)
    return rows, kept
