"""From streets as they stand in a source to the network of one mode."""

from __future__ import annotations

from typing import Any

import numpy as np

from planner.errors import InputError, finding
from planner.inputs.osm_streets import Streets
from planner.roads import topology
from planner.roads.network import Network, network_from_edges
from planner.roads.profiles import Profile

__all__ = ["build_network"]


def build_network(
    streets: Streets,
    profile: Profile,
    *,
    crs: str = "auto",
    area: Any = None,
    margin_m: float = 1000.0,
    min_component: int = topology.MIN_COMPONENT,
) -> Network:
    """The part of ``streets`` that ``profile`` may use, as a network in metres."""
    verdicts = [profile.street(t) for t in streets.tags]
    forth = np.array([v.forth_kmh for v in verdicts])[streets.line_tags]
    back = np.array([v.back_kmh for v in verdicts])[streets.line_tags]
    names = sorted({v.street for v in verdicts})
    cls = np.array([names.index(v.street) for v in verdicts], np.int16)[streets.line_tags]
    keep = np.flatnonzero((forth > 0) | (back > 0))
    if keep.size == 0:
        raise InputError([finding("NET-104", source=streets.source, mode=profile.mode)])
    size = np.diff(streets.line_ptr)[keep]
    ptr = np.concatenate([[0], np.cumsum(size)])
    line = np.repeat(np.arange(keep.size), size)
    at = np.arange(ptr[-1]) - ptr[line] + streets.line_ptr[keep][line]
    vertex = streets.line_vertex[at]
    x, y, target = _to_metres(streets, vertex, crs)
    end = np.zeros(vertex.size, bool)
    end[ptr[:-1]] = end[ptr[1:] - 1] = True
    used = np.bincount(vertex, minlength=streets.x.size)
    stop = end | (used[vertex] > 1)
    joined, node = np.unique(vertex[stop], return_inverse=True)
    px, py = np.empty(streets.x.size), np.empty(streets.x.size)
    px[vertex], py[vertex] = x, y
    label = topology.join_points(px[joined], py[joined])
    n_nodes = int(label.max()) + 1
    nx, ny = np.empty(n_nodes), np.empty(n_nodes)
    nx[label[::-1]], ny[label[::-1]] = px[joined][::-1], py[joined][::-1]
    node_at = np.full(vertex.size, -1)
    node_at[stop] = label[node.ravel()]
    where = np.flatnonzero(stop)
    first = np.flatnonzero(line[where[:-1]] == line[where[1:]])
    a, b = where[first], where[first + 1]
    n = b - a + 1
    geom_ptr = np.concatenate([[0], np.cumsum(n)])
    owner = np.repeat(np.arange(n.size), n)
    take = np.arange(geom_ptr[-1]) - geom_ptr[owner] + a[owner]
    gx, gy = x[take], y[take]
    step = np.hypot(np.diff(x), np.diff(y))
    along = np.concatenate([[0], np.cumsum(step)])
    length = along[b] - along[a]
    of = line[a]
    with np.errstate(divide="ignore"):
        s_uv, s_vu = length * 3.6 / forth[keep][of], length * 3.6 / back[keep][of]
    good = length > 0
    made = network_from_edges(
        nx, ny, node_at[a], node_at[b], length, np.where(good, s_uv, 0), np.where(good, s_vu, 0),
        mode=profile.mode, crs=target, walk_kmh=profile.walk_kmh, edge_class=cls[keep][of],
        edge_way_id=streets.line_id[keep][of], classes=names, geometry=(geom_ptr, gx, gy),
        min_component=min_component,
    )  # fmt: skip
    return made


def _to_metres(streets: Streets, vertex: np.ndarray, crs: str) -> tuple[np.ndarray, np.ndarray, str]:
    import pyproj

    x, y = streets.x[vertex], streets.y[vertex]
    source = pyproj.CRS.from_user_input(streets.crs)
    target = crs
    if crs == "auto":
        if source.is_projected:
            return x, y, streets.crs
        from planner.inputs.crs import auto_crs

        target = auto_crs(x, y)
    px, py = pyproj.Transformer.from_crs(source, target, always_xy=True).transform(x, y)
    return px, py, target
