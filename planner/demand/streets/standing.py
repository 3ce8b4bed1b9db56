"""Workers at demand points, and the table of cells that sums them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.demand.grid import Floats, Grid, Ints, overlay
from planner.demand.streets.pieces import StreetPieces

__all__ = ["Cells", "DemandPoints", "cells_of", "on_squares", "profiles_of"]

Profiles = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, eq=False)
class DemandPoints:
    """Where workers stand: pieces of street, and hosts or homes that no street is near.

    Attributes
    ----------
    table
        ``point_id``, ``cell_id``, ``district``, ``length_m`` (0 off the streets), a column of workers per group under
        its name, ``workers`` (headline groups); geometry: the middle of the piece, in the study's CRS.
    cell
        Row of the demand table that each point belongs to.
    profiles
        Share of each group that is there in each period.
    typical
        Per row of the demand table the position of the point nearest to the middle of its workers.
    """

    table: gpd.GeoDataFrame
    cell: Ints
    profiles: dict[str, dict[str, float]]
    typical: Ints

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        return f"<DemandPoints {len(self):,} points in {self.n_cells:,} cells: {self.table['workers'].sum():,.0f} workers>"

    @property
    def n_cells(self) -> int:
        """Rows of the demand table."""
        return int(self.typical.size)

    @property
    def geometry(self) -> gpd.GeoSeries:
        """Where the points are, in the study's CRS."""
        return self.table.geometry

    def cube(self, groups: Sequence[str], periods: Sequence[str], at: Any = slice(None)) -> Floats:
        """Workers [n_groups, n_points, n_periods] of the points at some positions."""
        own = self.table[list(groups)].to_numpy(float)[at].T
        return own[:, :, None] * self.shares(groups, periods)[:, None, :]

    def of_groups(self, groups: Sequence[str]) -> Floats:
        """Workers per point and group, all periods (n_points × n_groups)."""
        return self.table[list(groups)].to_numpy(float)

    def shares(self, groups: Sequence[str], periods: Sequence[str]) -> Floats:
        """Share of each group in each period (n_groups × n_periods)."""
        rows = [[self.profiles[g].get(t, 0.0) for t in periods] for g in groups]
        return np.asarray(rows, float).reshape(len(groups), len(periods))

    def by_period(self, groups: Sequence[str], periods: Sequence[str]) -> Floats:
        """Workers per point and period of some groups together (n_points × n_periods)."""
        return self.of_groups(groups) @ self.shares(groups, periods)

    def sum_cells(self, values: NDArray[Any]) -> Floats:
        """Values of points summed over the rows of the demand table; the first axis is the points'."""
        if values.ndim == 1:
            return np.bincount(self.cell, values, self.n_cells).astype(float)
        return (
            np.column_stack([self.sum_cells(v) for v in values.T])
            if values.size
            else np.zeros((self.n_cells, values.shape[1]))
        )

    def merged(self, of: Ints, number: int) -> pd.DataFrame:
        """The points' workers summed over classes: ``{group}__{period}`` and ``workers`` per class (0 … number - 1)."""
        columns: dict[str, Floats] = {}
        for g, profile in self.profiles.items():
            total = np.bincount(of, self.table[g].to_numpy(float), number).astype(float)
            columns |= {f"{g}__{t}": total * share for t, share in profile.items()}
        columns["workers"] = np.bincount(of, self.table["workers"].to_numpy(float), number).astype(float)
        return pd.DataFrame(columns)


def profiles_of(groups: Sequence[Any], periods: Sequence[Any]) -> dict[str, dict[str, float]]:
    """Share of each group in each of the periods, as the study says."""
    return {g.name: {p.name: float(g.profile.get(p.name, 0.0)) for p in periods} for g in groups}


@dataclass(frozen=True, eq=False)
class Cells:
    """Squares over the points, one row per square and district.

    Attributes
    ----------
    rows
        ``cell_id``, ``col``, ``row``, ``district``, geometry: the whole square.
    of
        Row of each point.
    origin_m
        Beside which the corners are whole multiples of the side.
    """

    rows: gpd.GeoDataFrame
    of: Ints
    origin_m: tuple[float, float]

    def cut(self, districts: gpd.GeoDataFrame) -> NDArray[np.object_]:
        """The squares, those shared by districts cut at their border."""
        shapes = self.rows.geometry.to_numpy().copy()
        shared = self.rows.duplicated(["col", "row"], keep=False).to_numpy()
        if not shared.any():
            return shapes
        at = self.rows[shared].drop_duplicates(["col", "row"])
        side = float(np.ptp(shapely.bounds(shapes[0])[[0, 2]]))
        grid = Grid(side, at["col"].to_numpy(np.int64), at["row"].to_numpy(np.int64))
        origin = np.asarray(self.origin_m)
        moved = shapely.transform(districts.geometry.to_numpy(), lambda xy: xy - origin)
        found = overlay(grid, moved)
        found["district"] = districts["district"].astype(str).to_numpy()[found["polygon"]]
        found["col"], found["row"] = grid.col[found["cell"]], grid.row[found["cell"]]
        pieces = found.dropna(subset="piece").drop_duplicates(["col", "row", "district"])
        wanted = self.rows.loc[shared, ["col", "row", "district"]].astype({"district": str})
        match = wanted.merge(pieces, on=["col", "row", "district"], how="left")["piece"].to_numpy()
        back = shapely.transform(match, lambda xy: xy + origin)
        have = ~shapely.is_missing(back)
        shapes[np.flatnonzero(shared)[have]] = back[have]
        return np.asarray(shapes)


def cells_of(
    pieces: StreetPieces, districts: Sequence[str], *, cell_m: float, origin_m: tuple[float, float], crs: Any
) -> Cells:
    """The squares of ``cell_m`` that hold points, apart by district.

    ``cell_id`` is ``200mN17322E2510`` (row and column); of a square that districts share, those with less street
    add ``-2``, ``-3`` ….
    """
    col = np.floor((pieces.x_m - origin_m[0]) / cell_m).astype(np.int64)
    row = np.floor((pieces.y_m - origin_m[1]) / cell_m).astype(np.int64)
    c0, r0 = (int(v.min()) if v.size else 0 for v in (col, row))
    wide = int(np.ptp(col)) + 1 if col.size else 1
    key = ((row - r0) * wide + (col - c0)) * len(districts) + pieces.zone
    keys, first, of = np.unique(key, return_index=True, return_inverse=True)
    of = of.ravel()
    metres = np.bincount(of, pieces.length_m, keys.size)
    square = keys // max(len(districts), 1)
    order = np.lexsort((-metres, square))
    place = np.zeros(keys.size, np.int64)
    begin = np.searchsorted(square, square, side="left")
    place[order] = np.arange(keys.size)
    nth = place - begin
    names = [f"{cell_m:g}mN{r}E{c}" + (f"-{n + 1}" if n else "")
             for r, c, n in zip(row[first].tolist(), col[first].tolist(), nth.tolist(), strict=True)]  # fmt: skip
    x, y = col[first] * cell_m + origin_m[0], row[first] * cell_m + origin_m[1]
    rows = gpd.GeoDataFrame(
        {
            "cell_id": names, "col": col[first], "row": row[first],
            "district": np.asarray(districts, dtype=object)[pieces.zone[first]], "land_share": 1.0,
        },
        geometry=shapely.box(x, y, x + cell_m, y + cell_m), crs=crs,
    )  # fmt: skip
    return Cells(rows, of, origin_m)


def on_squares(cells: Cells, measured: pd.DataFrame, squares: gpd.GeoDataFrame) -> tuple[Cells, pd.DataFrame]:
    """Cells (and what they hold) under the index of the square each lies in.

    The first row of a square has its label; others, and those of squares that are not in ``squares``, have new ones.
    """
    place = pd.Series(squares.index, index=pd.MultiIndex.from_frame(squares[["col", "row"]]))
    label = place.reindex(pd.MultiIndex.from_frame(cells.rows[["col", "row"]])).to_numpy(float)
    main = ~cells.rows["cell_id"].astype(str).str.contains("-[0-9]+$").to_numpy()
    new = np.isnan(label) | ~main
    top = (float(squares.index.max()) if len(squares) else -1.0) + 1
    label[new] = top + np.arange(int(new.sum()))
    index = pd.Index(label.astype(np.int64))
    return replace(cells, rows=cells.rows.set_axis(index)), measured.set_axis(index)
