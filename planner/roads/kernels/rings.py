# mypy: allow-untyped-defs, allow-untyped-calls
"""Kernels that trace where a field on a grid changes sign, as rings with the holes they own.

Marching squares (Lorensen & Cline 1987 in two dimensions), a saddle decided by the mean of its four
corners. Inside lies to the left: shells run anticlockwise, holes clockwise.

Outlines are simplified while they are traced, so that they stay valid without a check: a straight
line may replace a run of crossings only if it crosses the same sides of the same cells, each within
the tolerance. A side is crossed once and a cell at most twice, so lines can never meet.
"""

from __future__ import annotations

import numpy as np

from planner.jit import compiled

__all__ = ["crossings", "rings"]


@compiled
def _record(out, n, field, i, j, side, x0, y0, h, inward, outward):
    """Put a crossing at ``out[n]``: x, y and the two ends of the window a line may pass through.

    It lies on a side of cell (i, j): bottom, right, top, left are 0, 1, 2, 3. The first end of the
    window (x, y) is towards the inside. Windows end short of the nodes.
    """
    i, j, upright = i + (side == 1), j + (side == 2), side in (1, 3)
    here = float(field[j, i])
    t = here / (here - float(field[j + 1, i] if upright else field[j, i + 1]))
    low, high = -t * h * 0.999, (1.0 - t) * h * 0.999
    if here > 0.0:
        inside, outside = max(-inward, low), min(outward, high)
    else:
        inside, outside = min(inward, high), max(-outward, low)
    x, y = x0 + h * i, y0 + h * j
    if upright:
        y += h * t
        out[n, 0] = out[n, 2] = out[n, 4] = x
        out[n, 1], out[n, 3], out[n, 5] = y, y + inside, y + outside
    else:
        x += h * t
        out[n, 1] = out[n, 3] = out[n, 5] = y
        out[n, 0], out[n, 2], out[n, 4] = x, x + inside, x + outside


@compiled
def _turn(a, b, c, d, middle):
    """The sides by which a line comes into a cell and leaves it, and whether a second one does.

    Corners a, b, c, d go anticlockwise from the south-west, sides 0, 1, 2, 3 from the bottom; the
    second line of a saddle has both sides 2 further on.
    """
    f = 0 if a and not b else 1 if b and not c else 2 if c and not d else 3
    if a == c and b == d:
        return f, (f + 1 if middle else (f + 3) % 4), True
    return f, (0 if b and not a else 1 if c and not b else 2 if d and not c else 3), False


@compiled
def _link(n, f, t, i, under, left, beside, below, follow):
    """Join crossing n, from side f to side t of a cell in column i, to those of its neighbours.

    ``under`` and ``left`` wait on the sides below and to the left; what waits on the side above goes
    into ``below``, on the right side is returned.
    """
    if f == 0:
        follow[under] = n
    elif f == 3:
        follow[left] = n
    if t == 0:
        follow[n] = under
    elif t == 3:
        follow[n] = left
    if f == 2 or t == 2:
        below[i] = n
    return n if f == 1 or t == 1 else beside


@compiled
def crossings(field, x0, y0, h, inward, outward, below, n, follow, west, out):
    """Crossings of grid sides with the line where ``field`` is 0, in the order of the cells they lead into.

    A grid may come in bands from south to north, each beginning with the last row of nodes of the
    one before: ``below`` (int32 per column) carries over, ``n`` is how many there were.
    ``out[k]`` takes the :func:`_record` of crossing k, ``follow[k]`` the crossing after it, and
    ``west[k]`` the one before it in the same row of nodes (-1: first in its row; -2: not in a row).
    Returns how many there are, -1 if more than there is room for.
    """
    ny, nx = field.shape
    for j in range(ny - 1):
        low, high = field[j], field[j + 1]
        a, d = low[0] > 0, high[0] > 0
        beside, last = np.int64(-1), np.int64(-1)
        for i in range(nx - 1):
            b, c = low[i + 1] > 0, high[i + 1] > 0
            if a == b and a == c and a == d:
                continue
            if n + 2 > follow.size:
                return -1
            f, t, saddle = _turn(a, b, c, d, low[i] + low[i + 1] + high[i + 1] + high[i] > 0)
            under, left = np.int64(below[i]), beside
            for _ in range(2 if saddle else 1):
                _record(out, n, field, i, j, f, x0, y0, h, inward, outward)
                west[n] = -2
                beside = _link(n, f, t, i, under, left, beside, below, follow)
                if f == 0 or t == 0:
                    start = n if f == 0 else under
                    west[start], last = last, start
                n += 1
                f, t = f + 2, (t + 2) % 4
            a, d = b, c
    return n


@compiled
def _straightened(out, order, n, xy, k):
    """Copy the closed ring ``out[order[:n]]`` (first = last) to ``xy[k:]``, runs made straight.

    From a vertex, the wedge of directions that pass every window so far narrows until it is empty;
    the last vertex seen inside it is kept.
    """
    begin = k
    xy[k, 0], xy[k, 1] = out[order[0], 0], out[order[0], 1]
    k += 1
    anchor = 0
    while anchor < n - 1:
        ax, ay = out[order[anchor], 0], out[order[anchor], 1]
        last = anchor + 1
        c = order[last]
        lx, ly, rx, ry = out[c, 2] - ax, out[c, 3] - ay, out[c, 4] - ax, out[c, 5] - ay
        for m in range(anchor + 2, n):
            c = order[m]
            dx, dy = out[c, 0] - ax, out[c, 1] - ay
            if rx * dy - ry * dx >= 0.0 and dx * ly - dy * lx >= 0.0:
                last = m
            dx, dy = out[c, 2] - ax, out[c, 3] - ay
            if dx * ly - dy * lx > 0.0:
                lx, ly = dx, dy
            dx, dy = out[c, 4] - ax, out[c, 5] - ay
            if rx * dy - ry * dx > 0.0:
                rx, ry = dx, dy
            if rx * ly - ry * lx < 0.0:
                break
        anchor = last
        xy[k, 0], xy[k, 1] = out[order[anchor], 0], out[order[anchor], 1]
        k += 1
    if k - begin < 4:
        k = begin
        for m in range(n):
            xy[k, 0], xy[k, 1] = out[order[m], 0], out[order[m], 1]
            k += 1
    return k


@compiled
def rings(n, follow, west, out, order, xy):
    """Closed rings of ``n`` crossings, see :func:`crossings`; put into ``xy`` (float64 ``[2 * n, 2]``).

    ``order`` is scratch, int32 ``[n + 1]``.

    Returns
    -------
    ptr : int64 ``[n_rings + 1]`` into xy
    owner : int64 ``[n_rings]``: the ring itself for a shell, the shell it is a hole of otherwise
    """
    ring = np.empty(n, np.int32)
    for m in range(n):
        ring[m] = -1
    ptr, first, hole = (
        np.zeros(ring.size + 1, np.int64),
        np.empty(ring.size, np.int32),
        np.zeros(ring.size, np.bool_),
    )
    count, k = np.int64(0), np.int64(0)
    for m in range(n):
        if ring[m] >= 0:
            continue
        size, area, here = 0, 0.0, m
        x, y, least = 0.0, 0.0, np.inf
        while ring[here] < 0:
            ring[here] = count
            order[size] = here
            size += 1
            if west[here] >= -1 and out[here, 0] < least:
                least, first[count] = out[here, 0], here
            nx, ny = out[here, 0] - out[m, 0], out[here, 1] - out[m, 1]
            area += x * ny - nx * y
            x, y = nx, ny
            here = follow[here]
        order[size] = m
        k = _straightened(out, order, size + 1, xy, k)
        hole[count] = area < 0.0
        count += 1
        ptr[count] = k
    owner = np.empty(count, np.int64)
    for r in range(count):
        owner[r] = r
    for r in range(count):  # the next crossing to the west of a hole bounds the same ground
        if hole[r]:
            owner[r] = ring[west[first[r]]]
    for r in range(count):
        top = owner[r]
        while owner[top] != top:
            top = owner[top]
        owner[r] = top
    return ptr[: count + 1], owner
