"""Lines cut into the edges of a network: where they meet, end, or stand before a closed barrier.

Shapes are the bulk of a network, so they are projected a block at a time straight into the arrays that
stay, and nothing else is made per vertex but a mark or two: a province needs little more than its result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from planner.inputs.osm.streets import SourceStreets
from planner.roads.make import topology
from planner.roads.make.profiles import VertexVerdict

__all__ = [
    "SHORTEST_M",
    "Edges",
    "Lines",
    "Project",
    "closed_of",
    "cuts_of",
    "edges_of",
    "packed",
    "selected",
    "shapes",
    "taken",
]

#: No edge is shorter, so that a place along it is always a share of its length.
SHORTEST_M = 1e-6
#: Vertices at a time.
BLOCK = 1 << 16

Project = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Lines:
    """The lines a mode may use: arrays per line, and ``vertex`` per vertex of a line (``ptr`` points to it)."""

    ptr: np.ndarray
    vertex: np.ndarray
    forth: np.ndarray
    back: np.ndarray
    minutes: np.ndarray
    street: np.ndarray
    line_id: np.ndarray
    given_m: np.ndarray | None


class Cuts(NamedTuple):
    """Where lines are cut: first and last position of each piece in ``Lines.vertex``, and its line; int32, in order."""

    a: np.ndarray
    b: np.ndarray
    of: np.ndarray


class Shapes(NamedTuple):
    """Vertices of each piece in metres, by pointer, and its length."""

    ptr: np.ndarray
    x: np.ndarray
    y: np.ndarray
    length: np.ndarray


@dataclass(frozen=True)
class Edges:
    """Edges in the making: ends, metres, seconds, class, way, and shapes as runs of ``x`` and ``y``.

    The shape of edge ``e`` is ``x[start[e]:start[e] + size[e]]``; runs are in order, with gaps where edges were left out.
    """

    u: np.ndarray
    v: np.ndarray
    length: np.ndarray
    s_uv: np.ndarray
    s_vu: np.ndarray
    street: np.ndarray
    way: np.ndarray
    start: np.ndarray
    size: np.ndarray
    x: np.ndarray
    y: np.ndarray

    def shapes(self, some: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pointers and coordinates of the shapes of some edges (positions, ascending)."""
        ptr, at = _runs(self.start[some], self.size[some])
        return ptr, self.x[at], self.y[at]


def selected(edges: Edges, keep: np.ndarray) -> Edges:
    """The edges of a mask; their shapes stay where they are, so that none is held twice."""
    if keep.all():
        return edges
    per_edge = (f.name for f in fields(Edges) if f.name not in ("x", "y"))
    return replace(edges, **{name: getattr(edges, name)[keep] for name in per_edge})


def packed(edges: Edges) -> Edges:
    """The same edges, their shapes laid end to end."""
    if edges.size.sum() == edges.x.size:
        return edges
    ptr, x = taken(edges.x, edges.start, edges.size)
    _, y = taken(edges.y, edges.start, edges.size)
    return replace(edges, start=ptr[:-1], x=x, y=y)


def _runs(start: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pointers of runs laid end to end, and the positions ``start … start + size`` of each."""
    ptr = np.concatenate([[0], np.cumsum(size)])
    return ptr, np.arange(ptr[-1]) + np.repeat(start - ptr[:-1], size)


def taken(array: np.ndarray, start: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Runs of an array laid end to end, and the pointers to them."""
    ptr = np.concatenate([[0], np.cumsum(size)])
    out = np.empty(ptr[-1], array.dtype)
    for lo, hi in _blocks(ptr):
        out[ptr[lo] : ptr[hi]] = array[_runs(start[lo:hi], size[lo:hi])[1]]
    return ptr, out


def _blocks(ptr: np.ndarray, room: int = BLOCK) -> Iterator[tuple[int, int]]:
    """Ranges of items that hold about ``room`` entries of ``ptr`` each, at least one item."""
    lo, n = 0, ptr.size - 1
    while lo < n:
        hi = max(int(np.searchsorted(ptr, ptr[lo] + room, "right")) - 1, lo + 1)
        yield lo, hi
        lo = hi


def cuts_of(lines: Lines, closed: np.ndarray, n: int) -> Cuts:
    """Cut lines where they meet, end, or stand before a closed barrier; ``n`` vertices in all."""
    vertex, ptr = lines.vertex, lines.ptr
    meets = np.zeros(n, bool)
    latest = np.empty(n, np.int32)
    latest[vertex] = np.arange(vertex.size, dtype=np.int32)
    for lo in range(0, vertex.size, BLOCK):
        some = vertex[lo : lo + BLOCK]
        meets[some[latest[some] != np.arange(lo, lo + some.size, dtype=np.int32)]] = True
    del latest
    meets[closed] = True
    stop = meets[vertex]
    stop[ptr[:-1]] = stop[ptr[1:] - 1] = True
    where = np.flatnonzero(stop).astype(np.int32)
    del stop, meets
    of = np.searchsorted(ptr, where, "right").astype(np.int32) - np.int32(1)
    same = np.flatnonzero(of[1:] == of[:-1])
    return Cuts(where[same], where[same + 1], of[same])


def shapes(streets: SourceStreets, vertex: np.ndarray, cut: Cuts, project: Project) -> Shapes:
    """The pieces' shapes in metres; ``project`` makes metres of the coordinates of vertices."""
    size = (cut.b - cut.a + 1).astype(np.int64)
    ptr = np.concatenate([[0], np.cumsum(size)])
    x, y, length = np.empty(ptr[-1]), np.empty(ptr[-1]), np.empty(size.size)
    for lo, hi in _blocks(ptr):
        own, at = _runs(cut.a[lo:hi], size[lo:hi])
        some = vertex[at]
        px, py = project(streets.x[some] / streets.per_unit, streets.y[some] / streets.per_unit)
        x[ptr[lo] : ptr[hi]], y[ptr[lo] : ptr[hi]] = px, py
        step = np.zeros(px.size)
        step[:-1] = np.hypot(np.diff(px), np.diff(py))
        step[own[1:] - 1] = 0.0
        length[lo:hi] = np.add.reduceat(step, own[:-1])
    return Shapes(ptr, x, y, length)


def edges_of(
    lines: Lines,
    cut: Cuts,
    shape: Shapes,
    place: np.ndarray,
    verdicts: list[VertexVerdict],
    *,
    junction_s: float,
    join_m: float,
    via: np.ndarray,
) -> tuple[Edges, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Number the nodes of the pieces and give them their seconds.

    Parameters
    ----------
    place, verdicts
        Vertices that matter to the mode, ascending, and what they do to it.
    join_m
        Ends nearer than this are one node; 0: those of one vertex.
    via
        Vertices whose nodes are asked for.

    Returns
    -------
    edges; x, y of the nodes; node of each of ``via`` (-1: none, or several); nodes before closed barriers.
    """
    first, last = lines.vertex[cut.a], lines.vertex[cut.b]
    closed = closed_of(place, verdicts)
    u, v, nx, ny = _nodes(first, last, closed, shape, join_m)
    node_of = _nodes_of(via, first, last, u, v, closed)
    barred = np.concatenate([u[np.isin(first, closed)], v[np.isin(last, closed)]])
    length = shape.length
    if lines.given_m is not None:
        length = _given_lengths(lines.given_m, length, cut.of)
    s_uv, s_vu = _seconds(lines, length, cut.of)
    _add_delays(s_uv, s_vu, lines.vertex, cut, u, v, (place, verdicts), junction_s)
    street, way = lines.street[cut.of], lines.line_id[cut.of]
    start, size = shape.ptr[:-1], np.diff(shape.ptr).astype(np.int32)
    edges = Edges(u, v, length, s_uv, s_vu, street, way, start, size, shape.x, shape.y)
    return edges, nx, ny, node_of, barred


def closed_of(place: np.ndarray, verdicts: list[VertexVerdict]) -> np.ndarray:
    """The places nobody passes."""
    return place[np.array([v.closed for v in verdicts], bool)]


def _nodes(
    first: np.ndarray, last: np.ndarray, closed: np.ndarray, shape: Shapes, join_m: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Number the ends of edges; those at a closed barrier stay apart from each other."""
    label = ends = np.concatenate([first, last])
    at = np.concatenate([shape.ptr[:-1], shape.ptr[1:] - 1])
    if join_m > 0:
        label = topology.join_points(shape.x[at], shape.y[at], within_m=join_m)
    shut = np.flatnonzero(np.isin(ends, closed)) if closed.size else closed
    if shut.size:
        label = label.astype(np.int64)
        label[shut] = label.max() + 1 + np.arange(shut.size)
    number = np.zeros(int(label.max()) + 1, np.int32)
    number[label] = 1
    np.cumsum(number, out=number)
    node = number[label] - np.int32(1)
    nx, ny = np.empty(int(number[-1])), np.empty(int(number[-1]))
    del number
    # Backwards, so that of joined ends the first gives the place.
    nx[node[::-1]], ny[node[::-1]] = shape.x[at[::-1]], shape.y[at[::-1]]
    return node[: first.size], node[first.size :], nx, ny


def _nodes_of(
    via: np.ndarray, first: np.ndarray, last: np.ndarray, u: np.ndarray, v: np.ndarray, closed: np.ndarray
) -> np.ndarray:
    """Node of each vertex of ``via``, -1 where no street of the mode ends or a barrier parts them."""
    node = np.full(via.size, -1, np.int64)
    if not via.size:
        return node
    for ends, nodes in ((first, u), (last, v)):
        hit = np.flatnonzero(np.isin(ends, via))
        order = np.argsort(via, kind="stable")
        lo = np.searchsorted(via[order], ends[hit], "left")
        hi = np.searchsorted(via[order], ends[hit], "right")
        rules, at = order[_runs(lo, hi - lo)[1]], np.repeat(nodes[hit], hi - lo)
        node[rules] = at
    node[np.isin(via, closed)] = -1
    return node


def _given_lengths(given_m: np.ndarray, length: np.ndarray, of: np.ndarray) -> np.ndarray:
    """The source's own lengths, spread over a line's pieces by their shapes; shapes where it has none."""
    whole = np.bincount(of, weights=length, minlength=given_m.size)
    pieces = np.bincount(of, minlength=given_m.size)
    given = given_m[of]
    share = np.where(whole[of] > 0, length / np.where(whole[of] > 0, whole[of], 1), 1 / pieces[of])
    return np.where(np.isfinite(given), given * share, length)


def _seconds(lines: Lines, length: np.ndarray, of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Seconds along and against the pieces of lines: by speed, or their share of the line's own duration."""
    length = np.maximum(length, SHORTEST_M)
    with np.errstate(divide="ignore"):
        s_uv, s_vu = length * 3.6 / lines.forth[of], length * 3.6 / lines.back[of]
    if lines.minutes.any():
        whole = np.bincount(of, weights=length, minlength=lines.forth.size)
        own = lines.minutes[of] * 60 * length / whole[of]
        s_uv = np.where((own > 0) & np.isfinite(s_uv), own, s_uv)
        s_vu = np.where((own > 0) & np.isfinite(s_vu), own, s_vu)
    return s_uv, s_vu


def _add_delays(
    s_uv: np.ndarray,
    s_vu: np.ndarray,
    vertex: np.ndarray,
    cut: Cuts,
    u: np.ndarray,
    v: np.ndarray,
    places: tuple[np.ndarray, list[VertexVerdict]],
    junction_s: float,
) -> None:
    """Add the seconds at nodes passed and reached to each direction of each edge, in place."""
    place, verdicts = places
    junction = np.bincount(np.concatenate([u, v])) > 2
    marked = np.zeros(int(vertex.max()) + 1, bool)
    marked[place[place < marked.size]] = True
    signal = np.array([w.signal for w in verdicts], bool)
    delay = np.array([[w.forth_s, w.back_s] for w in verdicts]).reshape(-1, 2)
    for seconds, end, node, side in ((s_uv, cut.b, v, 0), (s_vu, cut.a, u, 1)):
        hit = np.flatnonzero(marked[vertex[end]])
        at = np.searchsorted(place, vertex[end[hit]])
        if junction_s:
            plain = junction[node]
            plain[hit] &= ~signal[at]
            seconds += junction_s * plain
        seconds[hit] += delay[at, side]
    if not delay.any():
        return
    for lo in range(0, vertex.size, BLOCK):  # in the middle of an edge
        hit = lo + np.flatnonzero(marked[vertex[lo : lo + BLOCK]])
        edge = np.searchsorted(cut.a, hit, "left") - 1
        hit, edge = (k[(edge >= 0) & (hit < cut.b[edge])] for k in (hit, edge))
        at = np.searchsorted(place, vertex[hit])
        np.add.at(s_uv, edge, delay[at, 0])
        np.add.at(s_vu, edge, delay[at, 1])
