# mypy: allow-untyped-defs, allow-untyped-calls
"""Kernels for the nearest street: segments in a grid of cells, searched ring by ring."""

from __future__ import annotations

import math

import numpy as np

from planner.jit import compiled

__all__ = ["count_cells", "fill_cells", "nearest_segments"]


@compiled
def _columns(x1, y1, x2, y2, low, high):
    """Least and greatest x of a segment within the band ``low``…``high`` of y."""
    left, right = min(x1, x2), max(x1, x2)
    if y1 == y2:
        return left, right
    t1, t2 = (low - y1) / (y2 - y1), (high - y1) / (y2 - y1)
    if t1 > t2:
        t1, t2 = t2, t1
    t1, t2 = max(t1, 0.0), min(t2, 1.0)
    xa, xb = x1 + t1 * (x2 - x1), x1 + t2 * (x2 - x1)
    return max(left, min(xa, xb)), min(right, max(xa, xb))


@compiled
def _visit(ends, x0, y0, size, nx, ny, ptr, out):
    for s in range(ends.shape[0]):
        x1, y1, x2, y2 = ends[s, 0] - x0, ends[s, 1] - y0, ends[s, 2] - x0, ends[s, 3] - y0
        first, last = int(min(y1, y2) / size), min(int(max(y1, y2) / size), ny - 1)
        for row in range(first, last + 1):
            left, right = _columns(x1, y1, x2, y2, row * size, (row + 1) * size)
            for column in range(max(int(left / size - 1e-9), 0), min(int(right / size + 1e-9), nx - 1) + 1):
                cell = row * nx + column
                if out.size:
                    out[ptr[cell]] = s
                ptr[cell] += 1


@compiled
def count_cells(ends, x0, y0, size, nx, ny):
    """How many segments pass each cell, as pointers int64 ``[nx * ny + 1]``."""
    ptr = np.zeros(nx * ny + 1, np.int64)
    nothing = np.empty(0, np.int32)
    _visit(ends, x0, y0, size, nx, ny, ptr[1:], nothing)
    for i in range(nx * ny):
        ptr[i + 1] += ptr[i]
    return ptr


@compiled
def fill_cells(ends, x0, y0, size, nx, ny, ptr):
    """The segments that pass each cell, int32."""
    out = np.empty(ptr[nx * ny], np.int32)
    _visit(ends, x0, y0, size, nx, ny, ptr[:-1].copy(), out)
    return out


@compiled
def _nearer(x, y, ends, members, best, found, at):
    """Squared distance, segment and share along it of the nearest so far and of ``members``."""
    for s in members:
        dx, dy = ends[s, 2] - ends[s, 0], ends[s, 3] - ends[s, 1]
        px, py = x - ends[s, 0], y - ends[s, 1]
        square = dx * dx + dy * dy
        t = 0.0
        if square > 0.0:
            t = min(max((px * dx + py * dy) / square, 0.0), 1.0)
        ex, ey = px - t * dx, py - t * dy
        d = ex * ex + ey * ey
        if d < best or (d == best and (found < 0 or s < found)):
            best, found, at = d, s, t
    return best, found, at


@compiled
def nearest_segments(px, py, ends, x0, y0, size, nx, ny, ptr, cell_segment, limit):
    """Nearest segment of each point within ``limit``: (segment or -1, share along it, distance).

    Of equally near segments the first wins.
    """
    n = px.size
    segment, share, metres = np.empty(n, np.int32), np.empty(n), np.empty(n)
    for i in range(n):
        segment[i], share[i], metres[i] = -1, 0.0, np.inf
        x, y = px[i] - x0, py[i] - y0
        if not (math.isfinite(x) and math.isfinite(y)):
            continue
        cx, cy = math.floor(x / size), math.floor(y / size)
        margin = min(x - cx * size, (cx + 1) * size - x, y - cy * size, (cy + 1) * size - y)
        best = limit * limit * (1 + 1e-12)
        found, at = np.int64(-1), 0.0
        away = max(-cx, cx - (nx - 1), -cy, cy - (ny - 1), 0)
        ring = int(away)
        end = max(cx, nx - 1 - cx, cy, ny - 1 - cy)
        while ring <= end:
            if ring > 0:
                gap = (ring - 1) * size + margin
                if gap * gap > best:
                    break
            for row in range(max(cy - ring, 0), min(cy + ring, ny - 1) + 1):
                step = 1 if row in (cy - ring, cy + ring) else max(2 * ring, 1)
                for column in range(cx - ring, cx + ring + 1, step):
                    if column < 0 or column >= nx:
                        continue
                    cell = row * nx + column
                    best, found, at = _nearer(
                        px[i], py[i], ends, cell_segment[ptr[cell] : ptr[cell + 1]], best, found, at
                    )
            ring += 1
        if found >= 0:
            segment[i], share[i], metres[i] = found, at, math.sqrt(best)
    return segment, share, metres
