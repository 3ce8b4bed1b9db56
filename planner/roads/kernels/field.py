# mypy: allow-untyped-defs, allow-untyped-calls
"""Kernels for the ground around reached streets: distances on a grid, and where they say "inside".

Distances are exact at the grid's nodes and linear between them. Streets that do not reach the site
push back, so that the far bank of a canal stays outside: ground nearer to such a street than to a
reached one is not inside. Where the street goes on from a reached one, which is what a cutoff does
everywhere, it only does so close by. Ground within ``core`` of a reached street always is inside.
"""

from __future__ import annotations

import numpy as np

from planner.jit import compiled
from planner.roads.kernels.rings import crossings

__all__ = ["outline", "piece_segments"]

FAR = np.float32(1e12)


@compiled
def piece_segments(geom_ptr, geom_x, geom_y, shape_m, edge, lo, hi):
    """Straight segments of pieces: float64 ``[n, 4]`` (x1, y1, x2, y2)."""
    size = 0
    for i in range(edge.size):
        size += geom_ptr[edge[i] + 1] - geom_ptr[edge[i]]
    out = np.empty((size, 4))
    k = 0
    for i in range(edge.size):
        start, end = lo[i] * shape_m[edge[i]], hi[i] * shape_m[edge[i]]
        along = 0.0
        for j in range(geom_ptr[edge[i]], geom_ptr[edge[i] + 1] - 1):
            x, y = geom_x[j], geom_y[j]
            dx, dy = geom_x[j + 1] - x, geom_y[j + 1] - y
            step = np.sqrt(dx * dx + dy * dy)
            if along + step >= start and along <= end:
                t0 = max((start - along) / step, 0.0) if step > 0.0 else 0.0
                t1 = min((end - along) / step, 1.0) if step > 0.0 else 0.0
                out[k, 0], out[k, 1], out[k, 2], out[k, 3] = (
                    x + t0 * dx,
                    y + t0 * dy,
                    x + t1 * dx,
                    y + t1 * dy,
                )
                k += 1
            along += step
    return out[:k]


@compiled
def _stamp(field, x0, y0, h, x1, y1, x2, y2, radius, factor):
    """Lower ``field`` to ``factor`` times the squared distance from a segment, at nodes within ``radius``."""
    ny, nx = field.shape
    first = max(int(np.ceil((min(x1, x2) - radius - x0) / h)), 0)
    last = min(int((max(x1, x2) + radius - x0) / h), nx - 1)
    low = max(int(np.ceil((min(y1, y2) - radius - y0) / h)), 0)
    high = min(int((max(y1, y2) + radius - y0) / h), ny - 1)
    dx, dy = np.float32(x2 - x1), np.float32(y2 - y1)
    square = dx * dx + dy * dy
    inverse = np.float32(1.0) / square if square > 0 else np.float32(0.0)
    times = np.float32(factor)
    step, begin = np.float32(h), np.float32(x0 + first * h - x1)
    zero, one = np.float32(0.0), np.float32(1.0)
    for j in range(low, high + 1):
        py = np.float32(y0 + j * h - y1)
        row = field[j]
        for i in range(last - first + 1):
            px = begin + step * np.float32(i)
            t = min(max((px * dx + py * dy) * inverse, zero), one)
            ex, ey = px - t * dx, py - t * dy
            row[first + i] = min(row[first + i], times * (ex * ex + ey * ey))


@compiled
def _by_band(segments, y0, height, bands, reach):
    """Segments that come within ``reach`` of each band of ``height`` metres, as CSR."""
    ptr = np.zeros(bands + 2, np.int64)
    which = np.empty((segments.shape[0], 2), np.int64)
    for s in range(segments.shape[0]):
        south, north = (
            min(segments[s, 1], segments[s, 3]) - reach,
            max(segments[s, 1], segments[s, 3]) + reach,
        )
        which[s, 0] = max(int((south - y0) / height), 0)
        which[s, 1] = min(int((north - y0) / height), bands - 1)
        for band in range(which[s, 0], which[s, 1] + 1):
            ptr[band + 2] += 1
    for band in range(bands):
        ptr[band + 2] += ptr[band + 1]
    member = np.empty(ptr[bands + 1], np.int32)
    for s in range(segments.shape[0]):
        for band in range(which[s, 0], which[s, 1] + 1):
            member[ptr[band + 1]] = s
            ptr[band + 1] += 1
    return ptr[: bands + 1], member


@compiled
def _push_back(away, x0, y0, h, segments, members, buffer_m, bias, grid, mark, marks):
    """Stamp the unreached streets near the reached ones on this part of the grid, as ``(w / bias) ** 2``.

    ``bias`` is (of streets that go on from a reached one, of others); each pushes as far as it can.
    """
    ends, seg_edge, gx0, gy0, size, gnx, gny, ptr, cell_segment, edge_u, edge_v = grid
    edge_mark, node_mark, cell_mark, seg_mark = marks
    reach = buffer_m + max(bias[0], bias[1]) * buffer_m + h
    low, high = y0 - reach, y0 + h * (away.shape[0] - 1) + reach
    for s in members:
        x1, y1, x2, y2 = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
        south, north = max(min(y1, y2) - reach, low), min(max(y1, y2) + reach, high)
        west, east = min(x1, x2) - reach, max(x1, x2) + reach
        for row in range(max(int((south - gy0) / size), 0), min(int((north - gy0) / size), gny - 1) + 1):
            for column in range(max(int((west - gx0) / size), 0), min(int((east - gx0) / size), gnx - 1) + 1):
                cell = row * gnx + column
                if cell_mark[cell] == mark:
                    continue
                cell_mark[cell] = mark
                for j in range(ptr[cell], ptr[cell + 1]):
                    k = cell_segment[j]
                    e = seg_edge[k]
                    if seg_mark[k] == mark or edge_mark[e]:
                        continue
                    seg_mark[k] = mark
                    b = bias[0] if node_mark[edge_u[e]] or node_mark[edge_v[e]] else bias[1]
                    push = b * buffer_m + h
                    _stamp(
                        away, x0, y0, h, ends[k, 0], ends[k, 1], ends[k, 2], ends[k, 3], push, 1.0 / (b * b)
                    )


@compiled
def _inside(near, away, core, buffer_m, shrink):
    """Turn squared distances into metres inside (above 0) or outside, put into ``near``; never 0."""
    low, high, less, least = np.float32(core), np.float32(buffer_m), np.float32(shrink), np.float32(1e-3)
    for j in range(near.shape[0]):
        for i in range(near.shape[1]):
            limit = min(max(np.sqrt(away[j, i]), low), high) - less
            f = limit - np.sqrt(near[j, i])
            near[j, i] = max(f, least) if f >= 0 else min(f, -least)


@compiled
def outline(
    segments, edges, soft, frame, near, away, rule, bias, tolerance, grid, marks, mark, follow, west, out
):
    """Crossings of the ground around reached streets with the sides of a grid, band by band.

    A node at ``d`` from the reached streets and ``w`` from a street that does not reach the site is
    inside if ``d <= clip(w / bias, core, buffer_m) - shrink``.

    Parameters
    ----------
    segments, edges
        Of the reached pieces.
    soft
        Edges reached a little later: what goes on from them pushes back with the first bias.
    frame
        x0, y0, distance of nodes, columns, rows.
    near, away
        Scratch float32 ``[rows of a band, columns]``.
    rule
        core, buffer_m, shrink (metres).
    bias
        For streets that go on from a reached one and for others; 0, 0: they do not push back.
    tolerance
        How far a line may pass beside a crossing, inwards and outwards.
    grid, marks, mark
        All streets (see :class:`StreetGrid`) and their end nodes; bool per edge and node (all False,
        and left so) and int32 per cell and segment, which hold no number from ``mark`` on.
    follow, west, out
        See :func:`planner.roads.kernels.rings.crossings`.

    Returns
    -------
    n : crossings, -1 if more than there is room for; mark : the next free number
    """
    x0, y0, h, nx, ny = frame
    core, buffer_m, shrink = rule
    edge_mark, node_mark, edge_u, edge_v = marks[0], marks[1], grid[9], grid[10]
    for e in edges:
        edge_mark[e] = True
    for e in soft:
        node_mark[edge_u[e]] = node_mark[edge_v[e]] = True
    below = np.empty(nx, np.int32)
    step = near.shape[0] - 1
    bands = (ny - 2) // step + 1
    ptr, member = _by_band(segments, y0, step * h, bands, 2.0 * buffer_m + 2.0 * h)
    n = np.int64(0)
    for band in range(bands):
        row = band * step
        rows = min(step + 1, ny - row)
        here, other, south = near[:rows], away[:rows], y0 + row * h
        members = member[ptr[band] : ptr[band + 1]]
        if members.size == 0:
            continue
        for j in range(rows):  # by hand: a slice is slow to compile
            for i in range(nx):
                here[j, i] = other[j, i] = FAR
        for s in members:
            x1, y1, x2, y2 = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
            _stamp(here, x0, south, h, x1, y1, x2, y2, buffer_m + 1.01 * h, 1.0)
        if bias[0] > 0.0:
            _push_back(other, x0, south, h, segments, members, buffer_m, bias, grid, mark, marks)
            mark += 1
        _inside(here, other, core, buffer_m, shrink)
        n = crossings(here, x0, south, h, tolerance[0], tolerance[1], below, n, follow, west, out)
        if n < 0:
            break
    for e in edges:
        edge_mark[e] = False
    for e in soft:
        node_mark[edge_u[e]] = node_mark[edge_v[e]] = False
    return n, mark
