"""A street network for one mode, as compact arrays: what every search in ``planner.roads`` reads.

A node is a place where streets meet or a source line ends; an edge is the street between two nodes,
with its length, its seconds each way and its shape. Coordinates are metres in a projected CRS.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from planner.errors import Finding, PlannerError
from planner.roads.make import topology
from planner.roads.npz import load_arrays, save_arrays

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["Network", "network_from_edges"]

FORMAT = 2
_ARRAYS = (
    "x_m", "y_m", "edge_u", "edge_v", "edge_length_m", "edge_s_uv", "edge_s_vu", "edge_class",
    "edge_way_id", "geom_ptr", "geom_x", "geom_y", "component", "counts", "turns",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Network:
    """Streets one mode may use.

    Attributes
    ----------
    mode
        ``"walk"``, ``"ebike"``, ``"car"`` or ``"truck"``.
    crs
        Projected CRS of every coordinate, in metres.
    walk_kmh
        Walking speed, also used for the way between a point and its street.
    x_m, y_m
        Nodes, float64 ``[n_nodes]``.
    edge_u, edge_v
        End nodes of each edge, int32 ``[n_edges]``.
    edge_length_m
        Length; that of the source graph where it has one, else of the shape.
    edge_s_uv, edge_s_vu
        Seconds from u to v and from v to u, delays at the end reached included; ``inf`` where that
        direction is not allowed.
    edge_class
        Position in ``classes`` (OSM's ``highway`` values).
    edge_way_id
        OSM way, or the row of the source table; -1 if unknown.
    geom_ptr, geom_x, geom_y
        Shape of edge ``e`` from u to v, both ends included: ``geom_x[geom_ptr[e]:geom_ptr[e + 1]]``.
    component
        Label of the node's strongly connected component, largest first, int32 ``[n_nodes]``.
    counts
        Whether that component is big enough for points to be snapped to it, bool ``[n_nodes]``.
    findings
        What was noticed and mended while reading.
    turns
        Turns that are forbidden, int32 ``[n, 3]``: edge to come from, node, edge that may not be gone to.
    """

    mode: str
    crs: str
    walk_kmh: float
    x_m: np.ndarray
    y_m: np.ndarray
    edge_u: np.ndarray
    edge_v: np.ndarray
    edge_length_m: np.ndarray
    edge_s_uv: np.ndarray
    edge_s_vu: np.ndarray
    edge_class: np.ndarray
    edge_way_id: np.ndarray
    geom_ptr: np.ndarray
    geom_x: np.ndarray
    geom_y: np.ndarray
    component: np.ndarray
    counts: np.ndarray
    classes: tuple[str, ...] = ("",)
    findings: tuple[Finding, ...] = ()
    turns: np.ndarray = field(default_factory=lambda: np.zeros((0, 3), np.int32))

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return int(self.x_m.size)

    @property
    def n_edges(self) -> int:
        """Number of edges (street segments, not directed arcs)."""
        return int(self.edge_u.size)

    @property
    def length_km(self) -> float:
        """Length of all edges, each counted once, in km."""
        return float(self.edge_length_m.sum() / 1000)

    def edges(self) -> gpd.GeoDataFrame:
        """Edges as lines in the network's CRS, with their ends, class, way, length and seconds."""
        import geopandas as gpd
        import pandas as pd
        import shapely

        owner = np.repeat(np.arange(self.n_edges), np.diff(self.geom_ptr))
        lines = shapely.linestrings(np.column_stack([self.geom_x, self.geom_y]), indices=owner)
        columns = {
            "u": self.edge_u,
            "v": self.edge_v,
            "class": pd.Categorical.from_codes(self.edge_class.astype(np.int64), list(self.classes)),
            "way_id": self.edge_way_id,
            "length_m": self.edge_length_m,
            "s_uv": self.edge_s_uv,
            "s_vu": self.edge_s_vu,
            "component": self.component[self.edge_u],
            "counts": self.counts[self.edge_u] & self.counts[self.edge_v],
        }
        return gpd.GeoDataFrame(columns, geometry=lines, crs=self.crs)

    def nodes(self) -> gpd.GeoDataFrame:
        """Nodes as points in the network's CRS, with their component."""
        import geopandas as gpd

        points = gpd.points_from_xy(self.x_m, self.y_m)
        return gpd.GeoDataFrame(
            {"component": self.component, "counts": self.counts}, geometry=points, crs=self.crs
        )

    def forbidden_turns(self) -> gpd.GeoDataFrame:
        """Turns that are forbidden, as points at their junctions: edges and OSM ways come from and not gone to."""
        import geopandas as gpd

        come, node, go = self.turns.T
        columns = {
            "from_edge": come,
            "to_edge": go,
            "from_way": self.edge_way_id[come],
            "to_way": self.edge_way_id[go],
        }
        points = gpd.points_from_xy(self.x_m[node], self.y_m[node])
        return gpd.GeoDataFrame(columns, geometry=points, crs=self.crs)

    def islands(self) -> gpd.GeoDataFrame:
        """The parts that do not count: ``component``, ``nodes``, ``length_km`` and their streets, largest first.

        Only streets within a part are drawn; a lone node at the end of a one-way is a point.
        """
        import geopandas as gpd
        import shapely

        lone = np.unique(self.component[~self.counts])
        inside = (self.component[self.edge_u] == self.component[self.edge_v]) & ~self.counts[self.edge_u]
        edges = self.edges()[["length_m", "geometry"]].assign(component=self.component[self.edge_u])[inside]
        drawn = edges.dissolve("component", aggfunc="sum").reindex(lone)
        first = np.searchsorted(np.sort(self.component), lone)
        node = np.argsort(self.component, kind="stable")[first]
        points = shapely.points(self.x_m[node], self.y_m[node])
        return gpd.GeoDataFrame(
            {
                "component": lone,
                "nodes": np.bincount(self.component)[lone],
                "length_km": drawn["length_m"].fillna(0).to_numpy() / 1000,
            },
            geometry=np.where(drawn.geometry.isna(), points, drawn.geometry.to_numpy()),
            crs=self.crs,
        )

    def save(self, path: Path | str) -> Path:
        """Write the network to one ``.npz`` (no pickle, not compressed); whole or not at all."""
        meta = {
            "format": FORMAT,
            "mode": self.mode,
            "crs": self.crs,
            "walk_kmh": self.walk_kmh,
            "classes": list(self.classes),
            "findings": [{f.name: getattr(x, f.name) for f in fields(Finding)} for x in self.findings],
        }
        return save_arrays(Path(path), {k: getattr(self, k) for k in _ARRAYS}, json.dumps(meta))

    @classmethod
    def load(cls, path: Path | str) -> Network:
        """Read a network that :meth:`save` wrote; large arrays are memory-mapped, read-only.

        Raises
        ------
        PlannerError
            Not such a file, cut short, or of another version.
        """
        arrays, text = load_arrays(Path(path), _ARRAYS)
        meta = json.loads(text)
        if meta.get("format") != FORMAT:
            raise PlannerError(f"{Path(path).name} is a network of format {meta.get('format')}, not {FORMAT}")
        return cls(
            mode=meta["mode"], crs=meta["crs"], walk_kmh=float(meta["walk_kmh"]),
            classes=tuple(meta["classes"]), findings=tuple(Finding(**f) for f in meta["findings"]), **arrays,
        )  # fmt: skip

    def __repr__(self) -> str:
        parts = np.unique(self.component[self.counts]).size
        return (
            f"<Network {self.mode}: {self.n_nodes:,} nodes, {self.n_edges:,} edges, {self.length_km:,.1f} km; "
            f"{parts:,} component{'s' * (parts != 1)} that count hold {int(self.counts.sum()):,} nodes; {self.crs}>"
        )

    def _repr_html_(self) -> str:
        largest = int(np.bincount(self.component).max()) if self.n_nodes else 0
        rows = {
            "mode": self.mode,
            "nodes": f"{self.n_nodes:,}",
            "edges": f"{self.n_edges:,}",
            "length": f"{self.length_km:,.1f} km",
            "nodes in components that count": f"{int(self.counts.sum()):,} (largest {largest:,})",
            "forbidden turns": f"{len(self.turns):,}",
            "CRS": self.crs,
            "findings": f"{len(self.findings):,}",
        }
        cells = "".join(
            f"<tr><th style='text-align:left'>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>"
            for k, v in rows.items()
        )
        return f"<table><caption>Network</caption>{cells}</table>"


def network_from_edges(
    x_m: np.ndarray,
    y_m: np.ndarray,
    edge_u: np.ndarray,
    edge_v: np.ndarray,
    edge_length_m: np.ndarray,
    edge_s_uv: np.ndarray,
    edge_s_vu: np.ndarray,
    *,
    mode: str = "walk",
    crs: str = "EPSG:4549",
    walk_kmh: float = 4.0,
    edge_class: np.ndarray | None = None,
    edge_way_id: np.ndarray | None = None,
    classes: Sequence[str] = ("residential",),
    geometry: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
    min_component: int = topology.MIN_COMPONENT,
    findings: Sequence[Finding] = (),
    turns: np.ndarray | None = None,
) -> Network:
    """Make a network from bare arrays; edges are straight unless ``geometry`` is given.

    Parameters
    ----------
    x_m, y_m
        Nodes ``[n_nodes]``, metres.
    edge_u, edge_v, edge_length_m, edge_s_uv, edge_s_vu
        ``[n_edges]``; seconds are ``inf`` where a direction is not allowed.
    geometry
        ``(geom_ptr, geom_x, geom_y)``, see :class:`Network`.
    min_component
        See :func:`planner.roads.make.topology.components`.
    turns
        Forbidden turns, see :class:`Network`.

    Raises
    ------
    ValueError
        Arrays of unequal size, nodes that do not exist, lengths or seconds negative or NaN; turns
        between edges that do not meet at their node.
    """
    x, y = np.ascontiguousarray(x_m, np.float64), np.ascontiguousarray(y_m, np.float64)
    u, v = np.ascontiguousarray(edge_u, np.int32), np.ascontiguousarray(edge_v, np.int32)
    length, s_uv, s_vu = (np.ascontiguousarray(a, np.float64) for a in (edge_length_m, edge_s_uv, edge_s_vu))
    n = u.size
    _check_edges(x, y, u, v, length, s_uv, s_vu)
    if geometry is None:
        ptr = np.arange(0, 2 * n + 1, 2, dtype=np.int64)
        gx, gy = np.column_stack([x[u], x[v]]).ravel(), np.column_stack([y[u], y[v]]).ravel()
    else:
        ptr, gx, gy = geometry
    shut = np.zeros((0, 3), np.int32) if turns is None else np.asarray(turns, np.int32).reshape(-1, 3)
    _check_turns(shut, u, v)
    component, counts = topology.components(x.size, u, v, s_uv, s_vu, min_component=min_component)
    return Network(
        mode=mode, crs=crs, walk_kmh=float(walk_kmh), x_m=x, y_m=y, edge_u=u, edge_v=v,
        edge_length_m=length, edge_s_uv=s_uv, edge_s_vu=s_vu,
        edge_class=np.zeros(n, np.int16) if edge_class is None else np.asarray(edge_class, np.int16),
        edge_way_id=np.full(n, -1, np.int64) if edge_way_id is None else np.asarray(edge_way_id, np.int64),
        geom_ptr=np.ascontiguousarray(ptr, np.int64), geom_x=np.ascontiguousarray(gx, np.float64),
        geom_y=np.ascontiguousarray(gy, np.float64), component=component, counts=counts, classes=tuple(classes), findings=tuple(findings),
        turns=shut,
    )  # fmt: skip


def _check_edges(
    x: np.ndarray,
    y: np.ndarray,
    u: np.ndarray,
    v: np.ndarray,
    length: np.ndarray,
    s_uv: np.ndarray,
    s_vu: np.ndarray,
) -> None:
    """Refuse arrays that make no network."""
    n = u.size
    if x.size != y.size or any(a.size != n for a in (v, length, s_uv, s_vu)):
        raise ValueError("node arrays must be of one size, and edge arrays of another")
    if n and (min(u.min(), v.min()) < 0 or max(u.max(), v.max()) >= x.size):
        raise ValueError(f"an edge names a node outside 0…{x.size - 1}")
    for name, a in (("edge_length_m", length), ("edge_s_uv", s_uv), ("edge_s_vu", s_vu)):
        bad = ~(a >= 0)
        if bad.any():
            raise ValueError(f"{name} must be 0 or more; edge {int(bad.argmax())} has {a[bad.argmax()]}")
    if not np.isfinite(length).all() or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("lengths and coordinates must be finite")


def _check_turns(turns: np.ndarray, u: np.ndarray, v: np.ndarray) -> None:
    """Refuse turns between edges that do not meet at the node named."""
    edges, node = turns[:, [0, 2]], turns[:, 1:2]
    if turns.size and (edges.min() < 0 or edges.max() >= u.size):
        raise ValueError(f"a turn names an edge outside 0…{u.size - 1}")
    apart = ~((u[edges] == node) | (v[edges] == node)).all(axis=1)
    if apart.any():
        raise ValueError(f"turn {int(apart.argmax())} is between edges that do not meet at its node")
