"""From streets as they stand in a source to the network of one mode.

Judge each line by the profile, cut the lines where they meet, turn lengths into seconds, mend
what can be mended, and tell what was mended.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyproj

from planner.errors import Finding, InputError, finding
from planner.inputs.crs import auto_crs, plausible, suggest
from planner.inputs.osm_area import from_wgs84
from planner.inputs.osm_streets import Streets
from planner.roads import topology
from planner.roads.graph import Network, network_from_edges
from planner.roads.profiles import Profile, VertexVerdict
from planner.roads.report import tell

__all__ = ["build_network"]

#: No edge is shorter, so that a place along it is always a share of its length.
SHORTEST_M = 1e-6


@dataclass(frozen=True)
class _Lines:
    """The lines a mode may use; arrays per line, per vertex of a line (``vertex``) and per place (``x``)."""

    ptr: np.ndarray
    line: np.ndarray
    vertex: np.ndarray
    forth: np.ndarray
    back: np.ndarray
    minutes: np.ndarray
    street: np.ndarray
    line_id: np.ndarray
    given_m: np.ndarray | None


@dataclass(frozen=True)
class _Edges:
    """Edges in the making; ``a``…``b`` are the first and last vertex of each in :class:`_Lines`."""

    u: np.ndarray
    v: np.ndarray
    length: np.ndarray
    s_uv: np.ndarray
    s_vu: np.ndarray
    street: np.ndarray
    way: np.ndarray
    ptr: np.ndarray
    x: np.ndarray
    y: np.ndarray

    def take(self, keep: np.ndarray) -> _Edges:
        """Only the edges ``keep`` (positions or mask)."""
        index = np.flatnonzero(keep) if keep.dtype == bool else keep
        size = np.diff(self.ptr)[index]
        ptr = np.concatenate([[0], np.cumsum(size)])
        at = np.arange(ptr[-1]) + np.repeat(self.ptr[index] - ptr[:-1], size)
        rest = {f: getattr(self, f)[index] for f in ("u", "v", "length", "s_uv", "s_vu", "street", "way")}
        return _Edges(**rest, ptr=ptr, x=self.x[at], y=self.y[at])


def build_network(
    streets: Streets,
    profile: Profile,
    *,
    crs: str = "auto",
    area: Any = None,
    margin_m: float = 1000.0,
    min_component: int = topology.MIN_COMPONENT,
    join_ends_m: float = topology.JOIN_M,
) -> Network:
    """The part of ``streets`` that ``profile`` may use, as a network in metres.

    Raises
    ------
    InputError
        No street is open to the mode; lengths are negative; coordinates do not suit their CRS; the
        area lies outside the streets.
    """
    found = list(streets.findings)
    lines, classes = _allowed(streets, profile, found)
    px, py, target = to_metres(streets, lines.vertex, crs)
    place, verdicts = _vertex_verdicts(streets, profile)
    edges, nx, ny = _cut(streets, lines, px, py, place, verdicts, profile, join_ends_m)
    edges = _mend(edges, streets, found)
    if area is not None:
        from planner.roads.clip import clip

        edges = edges.take(
            clip(edges, nx, ny, area, crs=target, margin_m=margin_m, source=streets.source, found=found)
        )
    edges, nx, ny = _only_used(edges, nx, ny)
    made = network_from_edges(
        nx, ny, edges.u, edges.v, edges.length, edges.s_uv, edges.s_vu, mode=profile.mode, crs=target,
        walk_kmh=profile.walk_kmh, edge_class=edges.street, edge_way_id=edges.way, classes=classes,
        geometry=(edges.ptr, edges.x, edges.y), min_component=min_component,
    )  # fmt: skip
    return replace(made, findings=(*found, *tell(made, streets.source)))


def _allowed(streets: Streets, profile: Profile, found: list[Finding]) -> tuple[_Lines, list[str]]:
    """Lines the mode may use in at least one direction, and the names of their classes."""
    verdicts = [profile.street(t) for t in streets.tags]
    of = streets.line_tags
    forth, back = (np.array([getattr(v, f) for v in verdicts])[of] for f in ("forth_kmh", "back_kmh"))
    odd = [i for i, v in enumerate(verdicts) if v.odd]
    if odd:
        n = int(np.isin(of, odd).sum())
        found.append(finding("NET-113", source=streets.source, value=verdicts[odd[0]].odd, n=n))
    if streets.arcs:
        back = np.zeros_like(back)
    keep = np.flatnonzero((forth > 0) | (back > 0))
    if keep.size == 0:
        raise InputError([*found, finding("NET-104", source=streets.source, value=profile.mode)])
    names = sorted({verdicts[i].street for i in np.unique(of[keep])})
    number = {name: i for i, name in enumerate(names)}
    street = np.array([number.get(v.street, 0) for v in verdicts], np.int16)[of[keep]]
    size = np.diff(streets.line_ptr)[keep]
    ptr = np.concatenate([[0], np.cumsum(size)])
    line = np.repeat(np.arange(keep.size), size)
    vertex = streets.line_vertex[np.arange(ptr[-1]) + np.repeat(streets.line_ptr[keep] - ptr[:-1], size)]
    given = None if streets.line_length_m is None else streets.line_length_m[keep]
    minutes = np.array([v.minutes for v in verdicts])[of[keep]]
    return _Lines(
        ptr, line, vertex, forth[keep], back[keep], minutes, street, streets.line_id[keep], given
    ), names


def to_metres(streets: Streets, used: np.ndarray, crs: str) -> tuple[np.ndarray, np.ndarray, str]:
    """Places of the vertices in a metric CRS, and that CRS.

    ``"auto"`` keeps a source that is in metres already (Web Mercator's are none); else the zone of
    the middle of the streets.
    """
    x, y = streets.x[used], streets.y[used]
    source = pyproj.CRS.from_user_input(streets.crs)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InputError([finding("NET-112", source=streets.source, n=int((~np.isfinite(x + y)).sum()))])
    metric = source.is_projected and source.axis_info[0].unit_name == "metre" and source.to_epsg() != 3857
    better = _better_label(x, y, source, crs)
    if better:
        raise InputError(
            [finding("CRS-002", source=streets.source, field="crs", value=streets.crs, better=better)]
        )
    if crs == "auto" and metric:
        return streets.x, streets.y, streets.crs
    degrees = source.to_epsg() in (4326, 4490)
    if crs == "auto":
        corners = (np.array([x.min(), x.max()]), np.array([y.min(), y.max()]))
        if not degrees:
            corners = pyproj.Transformer.from_crs(source, "EPSG:4326", always_xy=True).transform(*corners)
        crs = auto_crs(*corners)
    if pyproj.CRS.from_user_input(crs) == source:
        return streets.x, streets.y, crs
    move = from_wgs84(crs) if degrees else pyproj.Transformer.from_crs(source, crs, always_xy=True)
    px, py = move.transform(streets.x, streets.y)
    lost = ~np.isfinite(px[used] + py[used])
    if lost.any():
        raise InputError([finding("NET-112", source=streets.source, n=int(lost.sum()))])
    return px, py, crs


def _better_label(x: np.ndarray, y: np.ndarray, source: pyproj.CRS, crs: str) -> str:
    """What the coordinates are, where they cannot be what their label says; else ""."""
    if source.is_geographic:
        return (
            ""
            if plausible(x, y, source)
            else suggest(x, y, study_crs=crs if crs != "auto" else "EPSG:4549") or "?"
        )
    area, mx, my = source.area_of_use, float(np.median(x)), float(np.median(y))
    if area is not None and area.west <= mx <= area.east and area.south <= my <= area.north:
        return "EPSG:4326"
    return ""


def _vertex_verdicts(streets: Streets, profile: Profile) -> tuple[np.ndarray, list[VertexVerdict]]:
    """Vertices that matter to the mode, and what they do to it."""
    known = {int(t): profile.vertex(streets.tags[t]) for t in np.unique(streets.vertex_tags)}
    idle = {t for t, v in known.items() if not (v.closed or v.signal or v.forth_s or v.back_s)}
    pairs = [
        (p, known[t])
        for p, t in zip(streets.vertex_at.tolist(), streets.vertex_tags.tolist(), strict=True)
        if t not in idle
    ]
    return np.array([p for p, _ in pairs], np.int64), [v for _, v in pairs]


def _cut(
    streets: Streets,
    lines: _Lines,
    px: np.ndarray,
    py: np.ndarray,
    place: np.ndarray,
    verdicts: list[VertexVerdict],
    profile: Profile,
    join_ends_m: float,
) -> tuple[_Edges, np.ndarray, np.ndarray]:
    """Cut lines where they meet, end, or stand before a closed barrier; give seconds to the pieces."""
    vertex, line, ptr = lines.vertex, lines.line, lines.ptr
    closed = np.zeros(px.size, bool)
    closed[place] = [v.closed for v in verdicts]
    stop = (np.bincount(vertex, minlength=px.size) > 1)[vertex] | closed[vertex]
    stop[ptr[:-1]] = stop[ptr[1:] - 1] = True
    where = np.flatnonzero(stop)
    first = np.flatnonzero(line[where[:-1]] == line[where[1:]])
    a, b = where[first], where[first + 1]
    u, v, nx, ny = _nodes(vertex, a, b, closed, px, py, join_m=join_ends_m if streets.join else 0.0)
    size = b - a + 1
    geom_ptr = np.concatenate([[0], np.cumsum(size)])
    take = np.arange(geom_ptr[-1]) + np.repeat(a - geom_ptr[:-1], size)
    x, y = px[vertex], py[vertex]
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    length = along[b] - along[a]
    of = line[a]
    if lines.given_m is not None:
        length = _given_lengths(lines.given_m, length, of)
    s_uv, s_vu = _seconds(lines, length, of)
    forth_s, back_s = _delays(px.size, place, verdicts, vertex, a, b, u, v, profile)
    edges = _Edges(
        u, v, length, s_uv + forth_s, s_vu + back_s, lines.street[of], lines.line_id[of],
        geom_ptr, x[take], y[take],
    )  # fmt: skip
    return edges, nx, ny


def _seconds(lines: _Lines, length: np.ndarray, of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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


def _given_lengths(given_m: np.ndarray, length: np.ndarray, of: np.ndarray) -> np.ndarray:
    """The source's own lengths, spread over a line's pieces by their shapes; shapes where it has none."""
    whole = np.bincount(of, weights=length, minlength=given_m.size)
    pieces = np.bincount(of, minlength=given_m.size)
    given = given_m[of]
    share = np.where(whole[of] > 0, length / np.where(whole[of] > 0, whole[of], 1), 1 / pieces[of])
    return np.where(np.isfinite(given), given * share, length)


def _nodes(
    vertex: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    closed: np.ndarray,
    px: np.ndarray,
    py: np.ndarray,
    *,
    join_m: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Number the ends of edges; those at a closed barrier stay apart from each other."""
    ends = np.concatenate([vertex[a], vertex[b]])
    label = topology.join_points(px[ends], py[ends], within_m=join_m) if join_m > 0 else ends
    shut = np.flatnonzero(closed[ends])
    if shut.size:
        label = label.copy()
        label[shut] = label.max() + 1 + np.arange(shut.size)
    used = np.zeros(int(label.max()) + 1, bool)
    used[label] = True
    node = (np.cumsum(used, dtype=np.int32) - np.int32(1))[label]
    x, y = np.empty(int(used.sum())), np.empty(int(used.sum()))
    # Backwards, so that of joined ends the first gives the place.
    x[node[::-1]], y[node[::-1]] = px[ends[::-1]], py[ends[::-1]]
    return node[: a.size], node[a.size :], x, y


def _delays(
    n: int,
    place: np.ndarray,
    verdicts: list[VertexVerdict],
    vertex: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    u: np.ndarray,
    v: np.ndarray,
    profile: Profile,
) -> tuple[np.ndarray, np.ndarray]:
    """Seconds at nodes passed and entered, in each direction of each edge."""
    forth, back = np.zeros(n), np.zeros(n)
    if profile.junction_s:
        degree = np.bincount(np.concatenate([u, v]))
        ends, nodes = np.concatenate([vertex[a], vertex[b]]), np.concatenate([u, v])
        forth[ends[degree[nodes] > 2]] = back[ends[degree[nodes] > 2]] = profile.junction_s
    if place.size:
        forth[place] = np.where([w.signal for w in verdicts], 0, forth[place]) + [w.forth_s for w in verdicts]
        back[place] = np.where([w.signal for w in verdicts], 0, back[place]) + [w.back_s for w in verdicts]
    if not (forth.any() or back.any()):
        return np.zeros(a.size), np.zeros(a.size)
    passed_f = np.concatenate([[0.0], np.cumsum(forth[vertex])])
    passed_b = np.concatenate([[0.0], np.cumsum(back[vertex])])
    return passed_f[b + 1] - passed_f[a + 1], passed_b[b] - passed_b[a]


def _mend(edges: _Edges, streets: Streets, found: list[Finding]) -> _Edges:
    """Drop edges without length and copies of others; merge the two directions of a graph's arcs."""
    extent = np.maximum.reduceat(np.hypot(edges.x - np.repeat(edges.x[edges.ptr[:-1]], np.diff(edges.ptr)),
                                          edges.y - np.repeat(edges.y[edges.ptr[:-1]], np.diff(edges.ptr))),
                                 edges.ptr[:-1])  # fmt: skip
    empty = (edges.u == edges.v) & (extent <= topology.JOIN_M)
    if empty.any():
        found.append(finding("NET-107", source=streets.source, n=int(empty.sum())))
        edges = edges.take(~empty)
    if not edges.u.size:
        raise InputError([*found, finding("NET-101", source=streets.source)])
    edges = replace(edges, length=np.maximum(edges.length, SHORTEST_M))
    group, turned = topology.same_shape(edges.u, edges.v, edges.length, edges.ptr, edges.x, edges.y)
    copy = group != np.arange(group.size)
    if not copy.any():
        return edges
    told = int((copy & ~turned).sum()) if streets.arcs else int(copy.sum())
    if told:
        km = float(edges.length[copy & ~turned if streets.arcs else copy].sum() / 1000)
        found.append(finding("NET-108", source=streets.source, n=told, km=round(km, 1)))
    s_uv, s_vu = edges.s_uv.copy(), edges.s_vu.copy()
    np.minimum.at(s_uv, group, np.where(turned, edges.s_vu, edges.s_uv))
    np.minimum.at(s_vu, group, np.where(turned, edges.s_uv, edges.s_vu))
    return replace(edges, s_uv=s_uv, s_vu=s_vu).take(~copy)


def _only_used(edges: _Edges, x: np.ndarray, y: np.ndarray) -> tuple[_Edges, np.ndarray, np.ndarray]:
    """Drop nodes that no edge touches."""
    used = np.zeros(x.size, bool)
    used[edges.u] = used[edges.v] = True
    if used.all():
        return edges, x, y
    number = np.cumsum(used) - 1
    return replace(edges, u=number[edges.u], v=number[edges.v]), x[used], y[used]
