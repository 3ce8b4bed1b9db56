"""Any file with rows as one table of text cells, with rows numbered as the user counts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.errors import Finding, finding
from planner.inputs import headers
from planner.inputs.delimited import read_delimited
from planner.inputs.layerfile import read_layer
from planner.inputs.localfile import check_file
from planner.inputs.spreadsheet import read_sheet
from planner.settings import Table

__all__ = ["RawTable", "read_table"]

_SHEETS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_TEXTS = (".csv", ".tsv", ".txt")
_LAYERS = (".geojson", ".json", ".gpkg", ".shp")
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


def read_table(table: Table, *, kind: str) -> tuple[RawTable | None, list[Finding]]:
    """Read ``table`` and find out which column is what.

    ``kind`` chooses the alias table: stations, hosts, districts, population. None comes back with
    at least one finding of severity E.
    """
    path, source = Path(table.path), Path(table.path).name
    found = check_file(path)
    if found:
        return None, found
    known = headers.known_names(kind)
    extra = frozenset(headers.plain_name(n) for pair in table.columns.items() for n in pair)
    suffix = path.suffix.lower()
    if suffix in _LAYERS:
        layer, found = read_layer(path, layer=table.layer, encoding=table.encoding)
        if layer is None:
            return None, found
        raw = RawTable(source, layer.cells, np.arange(1, len(layer.cells) + 1), {}, layer.geometry, layer.crs)
    elif suffix in _SHEETS:
        sheet, found = read_sheet(path, table.sheet)
        if sheet is None:
            return None, found
        if sheet.filled:
            found.append(finding("TAB-012", source=source, field=sheet.name, value=sheet.filled))
        made = _from_grid(sheet.cells, range(1, len(sheet.cells) + 1), table, known, extra, source)
        raw, found = made[0], found + made[1]  # type: ignore[assignment]
    elif suffix in _TEXTS:
        text, found = read_delimited(
            path.read_bytes(), source=source, encoding=table.encoding,
            score=lambda row: headers.score(row, known, extra),
        )  # fmt: skip
        if text is None:
            return None, found
        grid = [[c.strip() or None for c in row] for row in text.cells]
        made = _from_grid(grid, text.lines, table, known, extra, source)
        raw, found = made[0], found + made[1]  # type: ignore[assignment]
    else:
        return None, [finding("FILE-008", source=source, value=suffix or source)]
    if raw is None:
        return None, found
    roles, more = headers.match_columns(list(raw.cells.columns), known, source=source, stated=table.columns)
    return RawTable(raw.source, raw.cells, raw.rows, roles, raw.geometry, raw.crs), found + more


def _from_grid(
    grid: Grid,
    numbers: Sequence[int],
    table: Table,
    known: dict[str, str],
    extra: frozenset[str],
    source: str,
) -> tuple[RawTable | None, list[Finding]]:
    """Cut a grid into names and rows; blank rows go, footers (合计, 备注) go with a finding."""
    header, found = headers.find_header(
        grid, known, source=source, numbers=list(numbers), header_row=table.header_row, extra=extra
    )
    if header is None:
        return None, found
    names = _names(header.names)
    repeated = sorted({n for n in names if names.count(n) > 1})
    if repeated:
        found.append(finding("TAB-007", source=source, row=numbers[header.row], value=", ".join(repeated)))
        return None, found
    footers, width = headers.words("footer"), len(names)
    kept: list[list[str | None]] = []
    rows: list[int] = []
    for row, number in zip(grid[header.first :], numbers[header.first :], strict=True):
        filled = [c for c in row if c]
        if not filled:
            continue
        first = headers.plain_name(filled[0].split(":")[0].split("：")[0])
        if len(filled) <= max(1, width // 3) and first in footers:
            found.append(finding("TAB-013", source=source, row=number, value=filled[0]))
            continue
        if len(row) > width and any(row[width:]):
            found.append(finding("TAB-014", source=source, row=number, value=len(row), expected=width))
        kept.append([*row[:width], *[None] * (width - len(row))])
        rows.append(number)
    if not rows:
        found.append(finding("TAB-015", source=source))
        return None, found
    keep = [j for j, n in enumerate(names) if n]
    cells = pd.DataFrame({names[j]: [r[j] for r in kept] for j in keep}, dtype=object)
    return RawTable(source, cells, np.asarray(rows, np.int64)), found


def _names(names: Sequence[str]) -> list[str]:
    return [" ".join(n.split()) for n in names]
