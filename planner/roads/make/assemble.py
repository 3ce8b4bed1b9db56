"""From streets as they stand in a source to the network of one mode.

Judge each line by the profile, cut the lines where they meet, turn lengths into seconds, mend
what can be mended, and tell what was mended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyproj
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.errors import Finding, InputError, finding
from planner.inputs.osm.streets import SourceStreets
from planner.inputs.places.crs import auto_crs, plausible, suggest, transformer
from planner.roads.graph import Network, network_from_edges
from planner.roads.make import topology
from planner.roads.make.cut import (
    SHORTEST_M,
    Edges,
    Lines,
    Project,
    closed_of,
    cuts_of,
    edges_of,
    packed,
    selected,
    shapes,
    taken,
)
from planner.roads.make.profiles import Profile, VertexVerdict
from planner.roads.make.report import tell
from planner.roads.make.turns import forbidden_turns, tell_turns

__all__ = ["build_network"]

#: Coordinates looked at to judge the label of a CRS.
SAMPLE = 20_000


def build_network(
    streets: SourceStreets,
    profile: Profile,
    *,
    crs: str = "auto",
    area: Any = None,
    margin_m: float = 1000.0,
    min_component: int = topology.MIN_COMPONENT,
    join_ends_m: float = topology.JOIN_M,
    progress: Callable[[str, float], None] | None = None,
) -> Network:
    """The part of ``streets`` that ``profile`` may use, as a network in metres.

    Raises
    ------
    InputError
        No street is open to the mode; lengths are negative; coordinates do not suit their CRS; the
        area lies outside the streets.
    """
    if progress is not None:
        progress("joining streets", 0.5)
    found = list(streets.findings)
    lines, classes = _allowed(streets, profile, found)
    streets = replace(streets, line_ptr=lines.ptr, line_vertex=lines.vertex)  # nobody needs the others
    project, target = projection(streets, lines.vertex, crs)
    place, verdicts = _vertex_verdicts(streets, profile)
    rules = streets.turns if profile.obeys_turns else ()
    source, arcs, join_m = streets.source, streets.arcs, join_ends_m if streets.join else 0.0
    cut = cuts_of(lines, closed_of(place, verdicts), streets.x.size)
    shape = shapes(streets, lines.vertex, cut, project)
    del streets  # where nobody else holds it, its room is free for what follows
    edges, nx, ny, node_of, barred = edges_of(
        lines, cut, shape, place, verdicts, junction_s=profile.junction_s, join_m=join_m,
        via=np.array([rule.via for rule in rules], np.int64),
    )  # fmt: skip
    del lines, cut, shape
    if join_ends_m > topology.JOIN_M and not join_m:
        edges = _ends_joined(edges, nx, ny, barred, join_ends_m)
    edges = _mend(edges, source, arcs, found)
    if area is not None:
        from planner.roads.make.clip import clip

        inside = clip(edges, nx, ny, area, crs=target, margin_m=margin_m, source=source, found=found)
        edges = selected(edges, inside)
    edges, nx, ny, (node_of, barred) = _only_used(edges, nx, ny, (node_of, barred))
    turns = None
    if rules:
        turns, told = forbidden_turns(
            rules, profile, node_of, edges.u, edges.v, edges.way, edges.s_uv, edges.s_vu
        )
        found += tell_turns(told, source, profile.mode)
    edges = packed(edges)
    made = network_from_edges(
        nx, ny, edges.u, edges.v, edges.length, edges.s_uv, edges.s_vu, mode=profile.mode, crs=target,
        walk_kmh=profile.walk_kmh, edge_class=edges.street, edge_way_id=edges.way, classes=classes,
        geometry=(np.append(edges.start, edges.x.size), edges.x, edges.y), min_component=min_component, turns=turns,
    )  # fmt: skip
    return replace(made, findings=(*found, *tell(made, source, barred)))


def _allowed(streets: SourceStreets, profile: Profile, found: list[Finding]) -> tuple[Lines, list[str]]:
    """Lines the mode may use in at least one direction, and the names of their classes."""
    verdicts = [profile.street(t) for t in streets.tags]
    of = streets.line_tags
    forth, back = (np.array([getattr(v, f) for v in verdicts])[of] for f in ("forth_kmh", "back_kmh"))
    odd = [i for i, v in enumerate(verdicts) if v.odd]
    if odd:
        n = int(np.isin(of, odd).sum())
        found.append(finding("NET-113", source=streets.source, value=verdicts[odd[0]].odd, n=n))
    if streets.arcs:
        own = np.ones(len(streets.tags), bool)  # a graph's arc is one direction, but walkers turn round
        if profile.mode == "walk":
            own = np.array([t.get("oneway:foot", "no") not in ("no", "") for t in streets.tags], bool)
        forth, back = np.where(own[of], np.maximum(forth, back), forth), np.where(own[of], 0.0, back)
    keep = np.flatnonzero((forth > 0) | (back > 0))
    if keep.size == 0:
        raise InputError([*found, finding("NET-104", source=streets.source, value=profile.mode)])
    names = sorted({verdicts[i].street for i in np.unique(of[keep])})
    number = {name: i for i, name in enumerate(names)}
    street = np.array([number.get(v.street, 0) for v in verdicts], np.int16)[of[keep]]
    ptr, vertex = streets.line_ptr, streets.line_vertex
    if keep.size < of.size:
        ptr, vertex = taken(vertex, ptr[keep], np.diff(ptr)[keep])
    given = None if streets.line_length_m is None else streets.line_length_m[keep]
    minutes = np.array([v.minutes for v in verdicts])[of[keep]]
    return Lines(ptr, vertex, forth[keep], back[keep], minutes, street, streets.line_id[keep], given), names


def _zone(corners: tuple[np.ndarray, ...], streets: SourceStreets, used: np.ndarray) -> str:
    """The metric CRS of the middle of the streets (whose extent is given in degrees); NET-112 where they have none."""
    try:
        return auto_crs(corners[0], corners[1])
    except ValueError as error:
        x, y = streets.x[used] / streets.per_unit, streets.y[used] / streets.per_unit
        n = int(((np.abs(x) > 180) | (np.abs(y) > 90)).sum())
        raise InputError([finding("NET-112", source=streets.source, n=n)]) from error


def projection(streets: SourceStreets, used: np.ndarray, crs: str) -> tuple[Project, str]:
    """What makes metres of the streets' coordinates, and the metric CRS they then are in.

    ``"auto"`` keeps a source that is in metres already (Web Mercator's are none); else the zone of
    the middle of the streets. ``used``: the vertices that matter.
    """
    x, y = streets.x[used], streets.y[used]
    source = pyproj.CRS.from_user_input(streets.crs)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InputError([finding("NET-112", source=streets.source, n=int((~np.isfinite(x + y)).sum()))])
    corners = tuple(np.array([a.min(), a.max()]) / streets.per_unit for a in (x, y))
    sx, sy = (a[:: max(1, used.size // SAMPLE)] / streets.per_unit for a in (x, y))
    del x, y
    metric = source.is_projected and source.axis_info[0].unit_name == "metre" and source.to_epsg() != 3857
    better = _better_label(sx, sy, source, crs)
    if better:
        raise InputError(
            [finding("CRS-002", source=streets.source, field="crs", value=streets.crs, better=better)]
        )
    if crs == "auto" and metric:
        return _as_it_is, streets.crs
    degrees = source.to_epsg() in (4326, 4490)
    if crs == "auto":
        if not degrees:
            corners = pyproj.Transformer.from_crs(source, "EPSG:4326", always_xy=True).transform(*corners)
        crs = _zone(corners, streets, used)
    if pyproj.CRS.from_user_input(crs) == source:
        return _as_it_is, crs
    move = (
        transformer("EPSG:4326", crs) if degrees else pyproj.Transformer.from_crs(source, crs, always_xy=True)
    )

    name = streets.source  # the streets themselves are not to be held

    def project(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        px, py = move.transform(x, y)
        lost = ~np.isfinite(px + py)
        if lost.any():
            raise InputError([finding("NET-112", source=name, n=int(lost.sum()))])
        return px, py

    return project, crs


def _as_it_is(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x, y


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


def _vertex_verdicts(streets: SourceStreets, profile: Profile) -> tuple[np.ndarray, list[VertexVerdict]]:
    """Vertices that matter to the mode, ascending, and what they do to it."""
    known = {int(t): profile.vertex(streets.tags[t]) for t in np.unique(streets.vertex_tags)}
    idle = {t for t, v in known.items() if not (v.closed or v.signal or v.forth_s or v.back_s)}
    order = np.argsort(streets.vertex_at, kind="stable")
    pairs = [
        (p, known[t])
        for p, t in zip(streets.vertex_at[order].tolist(), streets.vertex_tags[order].tolist(), strict=True)
        if t not in idle
    ]
    return np.array([p for p, _ in pairs], np.int64), [v for _, v in pairs]


def _mend(edges: Edges, source: str, arcs: bool, found: list[Finding]) -> Edges:
    """Drop edges without length and copies of others; merge the two directions of a graph's arcs."""
    keep = ~_empty(edges)
    if not keep.all():
        found.append(finding("NET-107", source=source, n=int((~keep).sum())))
    if not keep.any():
        raise InputError([*found, finding("NET-101", source=source, holds="")])
    edges = replace(edges, length=np.maximum(edges.length, SHORTEST_M))
    group, turned = _copies(edges, keep)
    copy = keep & (group != np.arange(group.size))
    if copy.any():
        same_way = copy & ~turned
        told = same_way if arcs else copy
        if told.any():
            km = float(edges.length[told].sum() / 1000)
            found.append(finding("NET-108", source=source, n=int(told.sum()), km=round(km, 1)))
        s_uv, s_vu = edges.s_uv.copy(), edges.s_vu.copy()
        c = np.flatnonzero(copy)
        np.minimum.at(s_uv, group[c], np.where(turned[c], edges.s_vu[c], edges.s_uv[c]))
        np.minimum.at(s_vu, group[c], np.where(turned[c], edges.s_uv[c], edges.s_vu[c]))
        edges = replace(edges, s_uv=s_uv, s_vu=s_vu)
    return selected(edges, keep & ~copy)


def _empty(edges: Edges) -> np.ndarray:
    """Edges that lead nowhere: both ends are one node, and the shape stays at it."""
    empty = np.zeros(edges.u.size, bool)
    loops = np.flatnonzero(edges.u == edges.v)
    if loops.size:
        ptr, x, y = edges.shapes(loops)
        size = np.diff(ptr)
        away = np.hypot(x - np.repeat(x[ptr[:-1]], size), y - np.repeat(y[ptr[:-1]], size))
        empty[loops] = np.maximum.reduceat(away, ptr[:-1]) <= topology.JOIN_M
    return empty


def _copies(edges: Edges, keep: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """:func:`planner.roads.make.topology.same_shape` of the edges kept; looked for only between the same two nodes."""
    n = edges.u.size
    group, turned = np.arange(n), np.zeros(n, bool)
    low, high = np.minimum(edges.u, edges.v).astype(np.int64), np.maximum(edges.u, edges.v)
    pair = low * (int(high.max()) + 1) + high
    pair[~keep] = -1
    order = np.argsort(pair, kind="stable")
    same = pair[order][1:] == pair[order][:-1]
    double = np.zeros(n, bool)
    double[order[1:][same]] = double[order[:-1][same]] = True
    some = np.flatnonzero(double & keep)
    if some.size:
        among, against = topology.same_shape(
            edges.u[some], edges.v[some], edges.length[some], *edges.shapes(some)
        )
        group[some], turned[some] = some[among], against
    return group, turned


def _ends_joined(edges: Edges, x: np.ndarray, y: np.ndarray, barred: np.ndarray, within_m: float) -> Edges:
    """Dead ends put onto the node they just miss, except where a barrier parts them."""
    pairs = topology.near_misses(x, y, edges.u, edges.v, within_m=within_m, but=barred)
    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(x.size, x.size))
    _, label = connected_components(graph.tocsr(), directed=False)
    first = np.full(x.size, x.size, np.int32)
    np.minimum.at(first, label, np.arange(x.size, dtype=np.int32))
    node = first[label]
    return replace(edges, u=node[edges.u], v=node[edges.v])


def _only_used(
    edges: Edges, x: np.ndarray, y: np.ndarray, named: tuple[np.ndarray, ...]
) -> tuple[Edges, np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """Drop nodes that no edge touches; arrays that name nodes (or -1) are renumbered with the rest."""
    used = np.zeros(x.size, bool)
    used[edges.u] = used[edges.v] = True
    if used.all():
        return edges, x, y, named
    number = np.cumsum(used, dtype=np.int32) - np.int32(1)
    named = tuple(np.where((a >= 0) & used[a], number[a], -1) for a in named)
    return replace(edges, u=number[edges.u], v=number[edges.v]), x[used], y[used], named
