"""Streets as they stand in a source, before any mode is chosen: vertices, lines and tags.

:class:`Streets` is the common form of OSM files, graphs and tables of lines;
:func:`read_osm_streets` fills it from ``.osm`` and ``.osm.pbf`` in one streaming pass.
"""

from __future__ import annotations

import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from planner.errors import Finding, InputError, finding

__all__ = ["LINE_KEYS", "VERTEX_KEYS", "Streets", "read_osm_streets"]

#: Tags of ways that some profile reads; everything else is left in the file.
LINE_KEYS = (
    "highway", "route", "oneway", "junction", "access", "vehicle", "motor_vehicle", "motorcar", "hgv",
    "goods", "bicycle", "foot", "oneway:bicycle", "oneway:foot", "cycleway", "cycleway:left",
    "cycleway:right", "cycleway:both", "sidewalk", "maxspeed", "maxspeed:forward", "maxspeed:backward",
    "maxspeed:hgv", "maxheight", "maxweight", "service", "surface", "tracktype", "toll", "duration",
    "area", "bridge", "tunnel", "construction", "proposed", "motorroad", "footway", "name",
)  # fmt: skip
VERTEX_KEYS = ("highway", "barrier", "access", "vehicle", "motor_vehicle", "motorcar", "hgv", "bicycle",
               "foot", "crossing", "direction", "traffic_signals:direction", "locked", "maxheight", "maxweight")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Streets:
    """Lines with tags; two lines meet where they name the same vertex.

    Attributes
    ----------
    crs
        CRS of ``x``, ``y``.
    x, y
        Vertices, float64 ``[n_vertices]``.
    line_ptr, line_vertex
        Vertices of line ``i``: ``line_vertex[line_ptr[i]:line_ptr[i + 1]]``.
    line_id
        OSM way id, or row of the table.
    line_tags, tags
        Position of each line's tags in ``tags``.
    vertex_at, vertex_tags
        Vertices with tags of their own, and their position in ``tags``.
    line_length_m
        Length that wins over the shape's, NaN where there is none; None if no line has one.
    arcs
        True if each line is one direction of travel (a directed graph).
    source
        Name of the file, for findings.
    """

    crs: str
    x: np.ndarray
    y: np.ndarray
    line_ptr: np.ndarray
    line_vertex: np.ndarray
    line_id: np.ndarray
    line_tags: np.ndarray
    tags: tuple[Mapping[str, str], ...]
    vertex_at: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    vertex_tags: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    line_length_m: np.ndarray | None = None
    arcs: bool = False
    source: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def n_lines(self) -> int:
        """Number of lines."""
        return int(self.line_id.size)


class _Combos:
    """Distinct sets of tags, numbered as they come."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[Any, ...], int] = {}

    def number(self, values: tuple[Any, ...]) -> int:
        return self.numbers.setdefault(values, len(self.numbers))

    def as_tags(self, width: int) -> tuple[dict[str, str], ...]:
        keys = LINE_KEYS if width == len(LINE_KEYS) else VERTEX_KEYS
        return tuple(
            {k: v for k, v in zip(keys, values, strict=True) if v is not None} for values in self.numbers
        )


def read_osm_streets(path: Path | str) -> Streets:
    """Read every way a profile may allow, and the nodes with tags on them.

    One pass; only ways with ``highway`` or ``route=ferry`` and nodes with ``highway`` or ``barrier``
    reach Python, the rest stays in osmium.

    Raises
    ------
    InputError
        The file is missing, no OSM file, or cut short (with the byte reached).
    """
    import osmium

    path = Path(path)
    ways, nodes = _Combos(), _Combos()
    refs, sizes, way_id, way_tags = array.array("q"), array.array("q"), array.array("q"), array.array("i")
    node_id, node_tags, hexes = array.array("q"), array.array("i"), []
    wkb = osmium.geom.WKBFactory()
    every, forward = osmium.geom.use_nodes.ALL, osmium.geom.direction.FORWARD
    processor = (
        osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY)
        .with_locations()
        .with_filter(osmium.filter.KeyFilter("highway", "barrier", "route"))
    )
    for thing in processor:
        get = thing.tags.get
        if thing.is_node():
            node_id.append(thing.id)
            node_tags.append(nodes.number(tuple([get(k) for k in VERTEX_KEYS])))
            continue
        if get("highway") is None and get("route") != "ferry":
            continue
        ids = [n.ref for n in thing.nodes]
        if len(ids) < 2:
            continue
        hexes.append(wkb.create_linestring(thing, every, forward)[18:])
        refs.extend(ids)
        sizes.append(len(ids))
        way_id.append(thing.id)
        way_tags.append(ways.number(tuple([get(k) for k in LINE_KEYS])))
    if not sizes:
        raise InputError([finding("NET-101", source=path.name)])
    xy = np.frombuffer(bytes.fromhex("".join(hexes)), "<f8").reshape(-1, 2)
    vertex, first, index = np.unique(np.frombuffer(refs, np.int64), return_index=True, return_inverse=True)
    at = np.searchsorted(vertex, np.frombuffer(node_id, np.int64)) if node_id else np.zeros(0, np.int64)
    known = (
        (vertex[np.minimum(at, vertex.size - 1)] == np.frombuffer(node_id, np.int64)) if node_id else at > 0
    )
    way_sets = ways.as_tags(len(LINE_KEYS))
    return Streets(
        crs="EPSG:4326", x=xy[first, 0], y=xy[first, 1],
        line_ptr=np.concatenate([[0], np.cumsum(np.frombuffer(sizes, np.int64))]),
        line_vertex=index.ravel().astype(np.int64), line_id=np.frombuffer(way_id, np.int64).copy(),
        line_tags=np.frombuffer(way_tags, np.int32).copy(), tags=way_sets + nodes.as_tags(len(VERTEX_KEYS)),
        vertex_at=at[known], vertex_tags=np.array(node_tags, np.int32)[known] + len(way_sets),
        source=path.name,
    )  # fmt: skip
