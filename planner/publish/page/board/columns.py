"""Demand points as columns: those of one cell that the same sites reach from within the same rings are one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.solvers.merge import equal_columns

if TYPE_CHECKING:
    from planner.publish.page.cells import GridCells
    from planner.siting.coverage import Access
    from planner.telling.board import Board

__all__ = ["Columns", "columns_of", "cutoffs_of", "hilbert"]

Array = NDArray[Any]
#: Bits of a point's place within its cell.
_WITHIN = 4


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of one way of travelling, cell after cell along a Hilbert curve, so that neighbours differ little.

    Attributes
    ----------
    groups
        Who travels so.
    point
        A demand point of each column.
    cell
        Its cell, as the page numbers them.
    district
        Its district's code.
    workers
        float (n_columns × n_groups), all periods.
    ptr, site, level
        Sites in reach of each column (open stations, then candidates), ascending, and how many of the cutoffs each is
        within: 1 for the largest alone.
    """

    groups: tuple[str, ...]
    point: Array
    cell: Array
    district: Array
    workers: Array
    ptr: Array
    site: Array
    level: Array


def cutoffs_of(part: Access, readings_m: tuple[float, ...]) -> list[float]:
    """The cutoffs (s) that are told apart, largest first: the way's own, and on foot each reading's."""
    return sorted({part.cutoff_s, *(part.cutoff_for(r) for r in readings_m)}, reverse=True)


def hilbert(x: Array, y: Array, bits: int) -> Array:
    """Place of each (x, y), whole numbers below 2^bits, along the Hilbert curve; the script does the same for cells."""
    x, y = x.astype(np.int64), y.astype(np.int64)
    along = np.zeros(len(x), np.int64)
    for k in range(bits - 1, -1, -1):
        side = 1 << k
        right, up = (x >> k) & 1, (y >> k) & 1
        along += side * side * ((3 * right) ^ up)
        x, y = x & (side - 1), y & (side - 1)
        turned = up == 0
        mirrored = turned & (right == 1)
        x, y = np.where(mirrored, side - 1 - x, x), np.where(mirrored, side - 1 - y, y)
        x, y = np.where(turned, y, x), np.where(turned, x, y)
    return along


def columns_of(
    board: Board, way: int, grid: GridCells, *, cell_m: float, readings_m: tuple[float, ...], apart: Array | None = None
) -> Columns:  # fmt: skip
    """The columns of the ``way``-th way of travelling; points without workers of its groups are left out.

    ``apart``: a whole number from -1 per point; points that differ in it are never one column.
    """
    old, new = board.existing.access[way], board.new.access[way]
    points = board.points
    workers = points.of_groups(new.groups)
    here = np.full(points.n_cells, -1, np.int64)
    here[grid.held] = np.searchsorted(grid.keys, grid.key)
    cell = here[points.cell]
    kept = np.flatnonzero((workers.sum(axis=1) > 0) & (cell >= 0))
    seconds = sparse.csr_array(sparse.vstack([old.seconds, new.seconds], format="csr"))[:, kept]
    cutoffs = cutoffs_of(new, readings_m)
    rings = sparse.csr_array(sparse.vstack([_within(seconds, c) for c in cutoffs], format="csr"))
    zone = points.cell if apart is None else points.cell * (int(apart.max(initial=-1)) + 2) + apart + 1
    first, of = equal_columns(rings, apart=zone[kept])
    order = np.argsort(_along(board, kept[first], cell, grid, cell_m), kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    n, first = len(order), first[order]
    summed = [np.bincount(place[of], workers[kept, g], n) for g in range(workers.shape[1])]
    near = seconds[:, first].tocsc()
    near.sort_indices()
    level = np.sum([near.data <= c for c in cutoffs], axis=0).astype(np.int64)
    held = level > 0
    ptr = np.concatenate([[0], np.cumsum(held)])[near.indptr]
    code = points.table["district"].cat.codes.to_numpy(np.int64)
    return Columns(
        new.groups, kept[first], cell[kept[first]], code[kept[first]], np.column_stack(summed),
        ptr, near.indices[held].astype(np.int64), level[held],
    )  # fmt: skip


def _within(seconds: sparse.csr_array, cutoff_s: float) -> sparse.csr_array:
    """Only the entries within the cutoff."""
    keep = seconds.data <= cutoff_s
    ends = np.concatenate([[0], np.cumsum(keep)])[seconds.indptr]
    ones = np.ones(int(keep.sum()), np.int8)
    return sparse.csr_array((ones, seconds.indices[keep], ends), shape=seconds.shape)


def _along(board: Board, points: Array, cell: Array, grid: GridCells, cell_m: float) -> Array:
    """Place of points along the curve through the grid; those of one cell stand together."""
    key = grid.keys[cell[points]]
    at = np.column_stack([key % grid.columns, key // grid.columns])
    where = board.points.geometry.iloc[points]
    side = 1 << _WITHIN
    inside = (np.column_stack([where.x, where.y]) - grid.origin) / cell_m - at
    fine = at * side + np.clip(np.floor(inside * side), 0, side - 1).astype(np.int64)
    bits = _WITHIN + max(1, int(max(grid.columns, grid.rows) - 1).bit_length())
    return hilbert(fine[:, 0], fine[:, 1], bits)
