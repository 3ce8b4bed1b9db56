"""The ground around reached streets, as polygons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from planner.roads.snapping import street_grid

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from planner.roads.graph import Network
    from planner.roads.pieces import Pieces

__all__ = ["TOLERANCE_M", "StreetGround"]

#: Outlines are simplified by at most this much (metres).
TOLERANCE_M = 1.0
#: Distance between the nodes of the grid, as a share of the buffer.
CELL_SHARE = 1 / 3
#: Ground is not inside if its distance to an unreachable street is below this share of its distance
#: to a reached one: for streets that go on from a reached one, and for others (a canal's far bank).
BIAS = (0.2, 0.5)
#: A street goes on from a reached one if it is reached this many buffers later.
GO_ON = 2.0
#: Of several nested areas, each lies this much inside the next (metres).
NEST_M = 0.02
#: Nodes of the grid in memory at once.
BAND = 1 << 19
#: Crossings of an outline there is room for at first.
ROOM = 1 << 14


class StreetGround:
    """Makes polygons of pieces; keeps the scratch arrays that one network needs."""

    def __init__(self, network: Network, buffer_m: float) -> None:
        self.network, self.buffer_m = network, float(buffer_m)
        self.h = self.buffer_m * CELL_SHARE
        self.core = min(0.71 * self.h + TOLERANCE_M + 0.1, self.buffer_m)
        grid = street_grid(network, counting=False)
        self.shape_m = grid.shape_m
        self.grid = (grid.ends, grid.edge, *grid[3:10], network.edge_u, network.edge_v)
        cells = (np.zeros(n, np.int32) for n in (grid.ptr.size - 1, grid.edge.size))
        self.marks = (np.zeros(network.n_edges, bool), np.zeros(network.n_nodes, bool), *cells)
        self.mark = np.int64(1)
        self.later_s = GO_ON * self.buffer_m * _seconds_per_m(network)
        self.fields = np.empty((2, 0), np.float32)
        self._make_room(ROOM)

    def _make_room(self, n: int) -> None:
        """Scratch for n crossings."""
        self.follow, self.west, self.order = (np.empty(n + 1, np.int32) for _ in range(3))
        self.out, self.xy = np.empty((n + 1, 6)), np.empty((2 * n + 2, 2))

    def polygon(self, pieces: Pieces, soft: Pieces, *, rank: int = 0, of: int = 1) -> BaseGeometry:
        """The ground around pieces as one (multi)polygon, empty if there are none.

        ``soft`` are the pieces reached within :attr:`later_s` more, on which streets only go on.
        ``rank`` 0 is the outermost ``of`` several nested areas: simplified outwards only, the
        innermost inwards only, those between not at all.
        """
        import shapely

        from planner.roads.kernels.field import outline, piece_segments
        from planner.roads.kernels.rings import rings

        net = self.network
        if pieces.edge.size == 0:
            return shapely.Polygon()
        segments = piece_segments(
            net.geom_ptr, net.geom_x, net.geom_y, self.shape_m, pieces.edge, pieces.lo, pieces.hi
        )
        frame = self._frame(segments)
        metres = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1]).sum()
        likely = int(3 * metres / self.h) + 10 * len(segments)  # twice the length, aslant, and round ends
        if likely > self.follow.size:
            self._make_room(likely)
        band = max(BAND // frame[3], 8), frame[3]
        if self.fields.shape[1] < band[0] * band[1]:
            self.fields = np.empty((2, band[0] * band[1]), np.float32)
        near, away = (f[: band[0] * band[1]].reshape(band) for f in self.fields)
        rule = (self.core, self.buffer_m, rank * NEST_M)
        tolerance = (TOLERANCE_M * (rank == of - 1), TOLERANCE_M * (rank == 0))
        while True:
            n, self.mark = outline(
                segments, pieces.edge, soft.edge, frame, near, away, rule, BIAS, tolerance, self.grid, self.marks, self.mark,
                self.follow, self.west, self.out,
            )  # fmt: skip
            if n >= 0:
                break
            self._make_room(4 * self.follow.size)
        ptr, owner = rings(n, self.follow, self.west, self.out, self.order, self.xy)
        return _assemble(self.xy, ptr, owner)

    def _frame(self, segments: np.ndarray) -> tuple[float, float, float, int, int]:
        """x0, y0, distance, columns and rows of a grid around segments, on multiples of the distance."""
        h, pad = self.h, self.buffer_m + 2 * self.h
        low, high = segments.min(axis=0), segments.max(axis=0)
        x0 = np.floor((min(low[0], low[2]) - pad) / h) * h
        y0 = np.floor((min(low[1], low[3]) - pad) / h) * h
        nx = int((max(high[0], high[2]) + pad - x0) / h) + 2
        ny = int((max(high[1], high[3]) + pad - y0) / h) + 2
        return float(x0), float(y0), h, nx, ny


def _assemble(xy: np.ndarray, ptr: np.ndarray, owner: np.ndarray) -> BaseGeometry:
    """One (multi)polygon of closed rings, each with the shell it belongs to."""
    import shapely

    shell = owner == np.arange(owner.size)
    order = np.lexsort((~shell, owner))
    size = np.diff(ptr)[order]
    start = np.concatenate([[0], np.cumsum(size)])
    at = np.repeat(ptr[:-1][order] - start[:-1], size) + np.arange(start[-1])
    first = np.append(np.flatnonzero(shell[order]), owner.size)
    if first.size == 2:
        return shapely.from_ragged_array(shapely.GeometryType.POLYGON, xy[at], (start, first))[0]
    offsets = (start, first, np.array([0, first.size - 1]))
    return shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, xy[at], offsets)[0]


def _seconds_per_m(network: Network) -> float:
    """Mean pace of the network, by length."""
    seconds = np.minimum(network.edge_s_uv, network.edge_s_vu)
    open_ = np.isfinite(seconds) & (network.edge_length_m > 0)
    return float(seconds[open_].sum() / network.edge_length_m[open_].sum()) if open_.any() else 0.0
