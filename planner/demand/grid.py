"""The square grid under the density: where cells lie, what covers them, which pieces of line are in them.

A grid is square cells of ``cell_m`` metres whose corners are whole multiples of ``cell_m`` in the
study's CRS. A cell is named by its column and row, so the same place has the same name in every
study of the same CRS and cell size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """Cells of a table by column and row.

    Attributes
    ----------
    cell_m
        Side of a cell in metres.
    col, row
        ``floor(x / cell_m)`` and ``floor(y / cell_m)`` of each cell, int64, in the table's order.
    crs
        Metric CRS of the cells.
    """

    cell_m: float
    col: Ints
    row: Ints
    crs: Any = None

    def __len__(self) -> int:
        return int(self.col.size)

    @property
    def x_m(self) -> Floats:
        """Eastings of the cells' centres."""
        return np.asarray((self.col + 0.5) * self.cell_m, np.float64)

    @property
    def y_m(self) -> Floats:
        """Northings of the cells' centres."""
        return np.asarray((self.row + 0.5) * self.cell_m, np.float64)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the smallest raster that holds all cells."""
        if not len(self):
            return (0, 0)
        return int(np.ptp(self.row)) + 1, int(np.ptp(self.col)) + 1

    def flat(self) -> Ints:
        """Position of each cell in the flattened raster of :attr:`shape`."""
        if not len(self):
            return np.zeros(0, np.int64)
        return (self.row - self.row.min()) * self.shape[1] + (self.col - self.col.min())

    def find(self, col: Ints, row: Ints) -> Ints:
        """Positions in the table of the cells ``(col, row)``; -1 where there is none."""
        found = np.full(col.shape, -1, np.int64)
        if not len(self):
            return found
        rows, cols = self.shape
        c, r = col - self.col.min(), row - self.row.min()
        inside = (c >= 0) & (c < cols) & (r >= 0) & (r < rows)
        table = np.full(rows * cols, -1, np.int64)
        table[self.flat()] = np.arange(len(self))
        found[inside] = table[r[inside] * cols + c[inside]]
        return found

    def locate(self, x: Floats, y: Floats) -> Ints:
        """Positions in the table of the cells that hold the points; -1 outside and for NaN."""
        good = np.isfinite(x) & np.isfinite(y)
        found = np.full(x.shape, -1, np.int64)
        col = np.floor(x[good] / self.cell_m).astype(np.int64)
        row = np.floor(y[good] / self.cell_m).astype(np.int64)
        found[good] = self.find(col, row)
        return found

    def boxes(self) -> NDArray[np.object_]:
        """The cells as square polygons."""
        return _boxes(self.col, self.row, self.cell_m)


def grid_of(cells: gpd.GeoDataFrame) -> Grid:
    """The grid a table of cells (columns ``col``, ``row``; square geometry) lies on."""
    if not len(cells):
        return Grid(1.0, np.zeros(0, np.int64), np.zeros(0, np.int64), cells.crs)
    west, _, east, _ = shapely.bounds(cells.geometry.iloc[0])
    return Grid(
        round(float(east - west), 6),
        cells["col"].to_numpy(np.int64),
        cells["row"].to_numpy(np.int64),
        cells.crs,
    )


def _boxes(col: Ints, row: Ints, side: float) -> NDArray[np.object_]:
    return np.asarray(shapely.box(col * side, row * side, (col + 1) * side, (row + 1) * side))


def overlay(grid: Grid, polygons: Any, *, levels: tuple[int, ...] = (64, 8, 1)) -> pd.DataFrame:
    """Which polygons cover which cells, and by how much.

    Outlines are cut in coarse blocks first, then in finer ones, and blocks that lie wholly inside are
    not cut again, so that no cell is ever intersected with a lake of ten thousand vertices.

    Parameters
    ----------
    grid
        The cells.
    polygons
        Array of polygons in the grid's CRS; invalid ones are mended, empty ones skipped.

    Returns
    -------
    DataFrame
        ``cell`` and ``polygon`` (positions), ``share`` of the cell, ``piece`` (the part of the polygon in
        the cell; None where the whole cell is in it). Sorted by cell, then polygon.
    """
    pieces = np.asarray(polygons, dtype=object)
    owner = np.arange(pieces.size)
    keep = ~(shapely.is_missing(pieces) | shapely.is_empty(pieces))
    pieces, owner = pieces[keep], owner[keep]
    bad = ~shapely.is_valid(pieces)
    pieces[bad] = shapely.make_valid(pieces[bad])
    found, active = [], np.arange(len(grid))
    for factor in levels:
        col, row, of_cell = _blocks(grid, factor, active)
        boxes, side = _boxes(col, row, grid.cell_m * factor), grid.cell_m * factor
        piece, box = shapely.STRtree(boxes).query(pieces, predicate="intersects")
        cut = shapely.intersection(pieces[piece], boxes[box])
        share = shapely.area(cut) / side**2
        full, part = share > 1 - 1e-12, (share > 0) & (share <= 1 - 1e-12)
        found.append(_whole(active, of_cell, box[full], owner[piece[full]]))
        pieces, owner, where, share = cut[part], owner[piece[part]], box[part], share[part]
        if factor > 1:
            active = active[np.isin(of_cell, where)]
    found.append(pd.DataFrame({"cell": active[where], "polygon": owner, "share": share, "piece": pieces}))
    table = pd.concat([t for t in found if len(t)] or found[-1:], ignore_index=True)
    return table.sort_values(["cell", "polygon"], ignore_index=True)


def _blocks(grid: Grid, factor: int, active: Ints) -> tuple[Ints, Ints, Ints]:
    """Columns and rows of the blocks of ``factor`` × ``factor`` cells, and the block of each active cell."""
    if factor == 1:
        return grid.col[active], grid.row[active], np.arange(active.size)
    coarse = Grid(grid.cell_m * factor, grid.col[active] // factor, grid.row[active] // factor)
    _, first, of_cell = np.unique(coarse.flat(), return_index=True, return_inverse=True)
    return coarse.col[first], coarse.row[first], of_cell.ravel()


def _whole(active: Ints, of_cell: Ints, blocks: Ints, owner: Ints) -> pd.DataFrame:
    """The cells of blocks that lie wholly inside a polygon."""
    cells = pd.DataFrame({"block": of_cell, "cell": active})
    pairs = pd.DataFrame({"block": blocks, "polygon": owner}).merge(cells, on="block")
    return pairs[["cell", "polygon"]].assign(share=1.0, piece=None)


def covered_share(grid: Grid, polygons: Any) -> Floats:
    """Share of each cell that lies in any of the polygons; overlaps count once.

    Returns
    -------
    float64 array, one per cell, 0 to 1.
    """
    share = np.zeros(len(grid))
    if not len(grid) or not len(polygons):
        return share
    found = overlay(grid, polygons)
    np.maximum.at(share, found["cell"].to_numpy(), found["share"].to_numpy())
    twice = found["cell"].duplicated(keep=False) & (share[found["cell"]] < 1)
    for cell, pieces in found[twice].groupby("cell")["piece"]:
        share[cell] = shapely.area(shapely.union_all(pieces.to_numpy())) / grid.cell_m**2
    return np.asarray(np.clip(share, 0, 1))


@dataclass(frozen=True)
class LinePieces:
    """Straight pieces of lines, each within one cell.

    Attributes
    ----------
    line, cell
        Positions of the piece's line and cell in their tables; pieces outside every cell are left out.
    x0, y0, x1, y1
        End points in the CRS of the grid.
    """

    line: Ints
    cell: Ints
    x0: Floats
    y0: Floats
    x1: Floats
    y1: Floats

    @property
    def length_m(self) -> Floats:
        """Lengths in metres."""
        return np.asarray(np.hypot(self.x1 - self.x0, self.y1 - self.y0))

    def take(self, keep: NDArray[Any]) -> LinePieces:
        """The pieces selected by a mask or positions."""
        return LinePieces(*(getattr(self, n)[keep] for n in ("line", "cell", "x0", "y0", "x1", "y1")))


def _crossings(a: Floats, b: Floats, side: float) -> tuple[Ints, Floats]:
    """Segment numbers and parameters (0..1) at which coordinates a→b cross a grid line."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    first = np.floor(low / side).astype(np.int64) + 1
    last = np.ceil(high / side).astype(np.int64) - 1
    count = np.maximum(last - first + 1, 0)
    segment = np.repeat(np.arange(a.size), count)
    step = np.arange(segment.size) - np.repeat(np.cumsum(count) - count, count)
    at = (first[segment] + step) * side
    return segment, (at - a[segment]) / (b[segment] - a[segment])


def cut_lines(grid: Grid, lines: Any) -> LinePieces:
    """Cut lines exactly at the grid lines and say which cell each piece is in.

    Parameters
    ----------
    lines
        Array of (multi)lines in the grid's CRS.

    Returns
    -------
    LinePieces
        In the order of the lines; the lengths of the pieces inside cells sum to the lines' there.
    """
    lines = np.asarray(lines, dtype=object)
    parts, owner = shapely.get_parts(lines, return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    same = part[1:] == part[:-1]
    start, end, part = xy[:-1][same], xy[1:][same], part[:-1][same]
    marks = [_crossings(start[:, k], end[:, k], grid.cell_m) for k in (0, 1)]
    ends = np.arange(part.size)
    segment = np.concatenate([marks[0][0], marks[1][0], ends, ends])
    t = np.concatenate([marks[0][1], marks[1][1], np.zeros(ends.size), np.ones(ends.size)])
    order = np.lexsort((t, segment))
    segment, t = segment[order], np.clip(t[order], 0, 1)
    keep = (segment[1:] == segment[:-1]) & (t[1:] > t[:-1])
    seg, t0, t1 = segment[:-1][keep], t[:-1][keep], t[1:][keep]
    delta = end[seg] - start[seg]
    p0, p1 = start[seg] + t0[:, None] * delta, start[seg] + t1[:, None] * delta
    middle = (p0 + p1) / 2
    cell = grid.locate(middle[:, 0], middle[:, 1])
    pieces = LinePieces(owner[part[seg]], cell, p0[:, 0], p0[:, 1], p1[:, 0], p1[:, 1])
    return pieces.take(cell >= 0)
