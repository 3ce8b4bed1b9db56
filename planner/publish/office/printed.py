"""A table as printed text: what the report and the Word document show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from planner.telling.contents.columns import Column, header
from planner.telling.words.numbers import printed

__all__ = ["PrintedTable", "printed_table"]


@dataclass(frozen=True)
class PrintedTable:
    """A printed table: heads, rows of text, which columns are numbers, and how many rows at the end are totals."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    keys: tuple[str, ...] = ()
    totals: int = 0

    def first(self, n: int) -> PrintedTable:
        """The first rows of a table without totals."""
        return replace(self, rows=self.rows[:n])


def printed_table(
    columns: Sequence[Column], table: pd.DataFrame, language: str, *, totals: int = 0
) -> PrintedTable:
    """The columns of a table of values, printed; the last ``totals`` rows are totals."""
    keys = [c.key for c in columns]
    rows = tuple(
        tuple(printed(v, c.kind) for c, v in zip(columns, row, strict=True))
        for row in table[keys].itertuples(index=False)
    )
    heads = tuple(header(columns, language))
    return PrintedTable(heads, rows, tuple(c.kind != "text" for c in columns), tuple(keys), totals)
