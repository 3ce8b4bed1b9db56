"""CSV files: ``recommendations.csv`` and any other table, safe to open in a spreadsheet.

UTF-8 with a byte order mark, so that Excel and WPS see Chinese; ``'`` before text that a spreadsheet
would run; numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from planner.publish.safe import csv_text, write_text
from planner.tables import is_missing
from planner.telling.contents.columns import Column, header
from planner.telling.contents.sites import coordinates, site_columns, site_rows
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.settings.whole import Settings
    from planner.telling.bundle import Bundle

__all__ = ["synthetic_badge", "write_csv", "write_table"]

_DIGITS = {"people": 1, "metres": 1, "share": 4, "points": 2, "degrees": 6}


def _cell(column: Column, value: Any) -> str:
    """A cell of a known column: numbers plain (−1 stays −1), text made harmless, missing empty."""
    if column.kind == "text":
        return csv_text(value)
    if is_missing(value):
        return ""
    digits = _DIGITS.get(column.kind, 0)
    return f"{round(float(value), digits) + 0.0:.{digits}f}"


def _any_cell(value: Any) -> str:
    """A cell of a table that we know nothing of."""
    if is_missing(value):
        return ""
    if isinstance(value, float) or (hasattr(value, "dtype") and value.dtype.kind == "f"):
        return f"{float(value):.10g}"
    if isinstance(value, bool) or hasattr(value, "dtype") or isinstance(value, int):
        return str(value)
    return csv_text(value)


def _write(path: Path, heads: Sequence[str], rows: Iterable[Iterable[str]]) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(heads)
    writer.writerows(rows)
    write_text(path, out.getvalue(), encoding="utf-8-sig")


def write_csv(bundle: Bundle, path: Path) -> None:
    """Write the chosen sites, one row each in rank order; heads in the study's language.

    Raises
    ------
    OutputError
        The file could not be written; the old one is untouched.
    """
    table = site_rows(bundle)
    columns = site_columns(bundle, table)
    study = bundle.settings.study
    if study.synthetic:  # a column, not a line: the file is read back
        table = table.assign(synthetic=synthetic_badge(bundle.settings))
        columns = (*columns, Column("synthetic", "text", 12))
    rows = (
        [_cell(c, v) for c, v in zip(columns, row, strict=True)]
        for row in table[[c.key for c in columns]].itertuples(index=False)
    )
    _write(path, header(columns, study.language), rows)


def synthetic_badge(settings: Settings) -> str:
    """What every row of a study with made-up data says; "" where the data are none."""
    return phrase("synthetic_badge", settings.study.language) if settings.study.synthetic else ""


def write_table(table: pd.DataFrame, path: Path, *, synthetic: str = "") -> None:
    """Write any table under its own column names; geometry becomes coordinates in all three datums.

    Geometry that is no point stands as a point inside it. The index is left out. ``synthetic``: what every row says
    in a last column of that name, where the data are made up (:func:`synthetic_badge`).

    Raises
    ------
    OutputError
        The file could not be written; the old one is untouched.
    """
    if isinstance(table, gpd.GeoDataFrame):
        points = table.geometry
        if not (points.geom_type == "Point").all():
            points = points.representative_point()
        shapes = [c for c in table.columns if isinstance(table[c].dtype, gpd.array.GeometryDtype)]
        table = pd.DataFrame(table.drop(columns=shapes))
        if points.crs is not None:
            table = table.join(coordinates(points))
    if synthetic:
        table = table.assign(synthetic=synthetic)
    columns = [table[c].tolist() for c in table.columns]
    rows = ([_any_cell(v) for v in row] for row in zip(*columns, strict=True))
    _write(path, [csv_text(c) for c in table.columns], rows)
