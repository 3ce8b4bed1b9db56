"""Anything a planner calls "the streets", brought to one form: files, graphs and tables of lines."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from planner.errors import Finding, InputError, PlannerError, finding, told
from planner.inputs.osm.faults import foreign_xml
from planner.inputs.osm.streets import LINE_KEYS, SourceStreets, read_osm_streets
from planner.inputs.tables.trusted import MAGIC, untrusted
from planner.roads.make.profiles import known_classes

__all__ = ["OSM_ENDINGS", "read_streets", "streets_from_graph", "streets_from_lines"]

OSM_ENDINGS = (".osm", ".osm.pbf", ".pbf", ".osm.gz", ".osm.bz2", ".osm.xml")
_YES = ("yes", "true", "1", "-1")
#: Other names under which tables carry the class of a street.
_CLASS_COLUMNS = ("highway", "fclass", "class", "road_class", "type")
#: Geofabrik's shapefiles: F along the line, T against it, B both.
_ONEWAY_LETTERS = {"F": "yes", "T": "-1", "B": "no"}
#: ``highway`` values that are no street to anybody, or not yet.
_NO_STREET = {
    "abandoned", "bus_guideway", "bus_stop", "busway", "construction", "emergency_bay", "escape", "motor", "no",
    "planned", "platform", "proposed", "raceway", "razed", "rest_area", "services", "via_ferrata", "ladder",
}  # fmt: skip


def read_streets(
    source: Any, *, source_crs: str | None = None, name: str | None = None, turns: bool = True
) -> SourceStreets:
    """Read streets from a path, a networkx graph or a GeoDataFrame.

    Parameters
    ----------
    source_crs
        CRS of lines that do not say theirs.
    turns
        Whether an OSM file's turn restrictions are wanted.

    Raises
    ------
    InputError
        The file is missing, broken or without streets; lines or a graph without CRS; negative lengths.
    PlannerError
        Something that is none of these.
    """
    if isinstance(source, str | Path):
        return _from_file(Path(source), source_crs, turns)
    if hasattr(source, "geometry") and hasattr(source, "crs"):
        return streets_from_lines(source, name=name or "streets", source_crs=source_crs)
    if hasattr(source, "edges") and hasattr(source, "is_directed"):
        return streets_from_graph(source, name=name or "graph", source_crs=source_crs)
    raise PlannerError(
        f"streets are a path, a networkx graph or a GeoDataFrame of lines, not a {type(source).__name__}"
    )


def _from_file(path: Path, source_crs: str | None, turns: bool) -> SourceStreets:
    name = path.name.lower()
    if not path.is_file():
        raise InputError([finding("NET-102", source=path.name, value=str(path))])
    if name.endswith(OSM_ENDINGS):
        return read_osm_streets(path, turns=turns)
    root = _xml_root(path)
    if root == "osm":
        return read_osm_streets(path, turns=turns)
    if root and root != "graphml":
        raise foreign_xml(path, root)
    if name.endswith(".graphml"):
        return streets_from_graph(_read_graphml(path), name=path.name, source_crs=source_crs)
    import geopandas as gpd
    from pyogrio.errors import DataLayerError, DataSourceError

    if not name.endswith((*MAGIC, ".parquet")):
        known = ", ".join((*OSM_ENDINGS[:3], ".graphml", *MAGIC, ".parquet"))
        raise InputError(
            [
                finding(
                    "NET-119",
                    source=path.name,
                    why=told("kinds of street files: {known}", "街道文件的类型：{known}", known=known),
                )
            ]
        )
    found = [] if name.endswith(".parquet") else untrusted(path)
    if found:
        raise InputError(found)
    try:
        lines = gpd.read_parquet(path) if name.endswith(".parquet") else gpd.read_file(path)
    except (DataSourceError, DataLayerError, ValueError, OSError, RuntimeError, UnboundLocalError) as error:
        raise InputError([finding("NET-119", source=path.name, why=str(error))]) from error
    if not hasattr(lines, "geometry") or "geometry" not in lines:
        raise InputError([finding("NET-101", source=path.name, holds="")])
    return streets_from_lines(lines, name=path.name, source_crs=source_crs)


def _xml_root(path: Path) -> str:
    """The first element of an XML file; "" if it is none."""
    with path.open("rb") as file:
        head = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(b"<"):
        return ""
    first = re.search(rb"<([A-Za-z_][\w.-]*)", head)
    return first[1].decode() if first else "?"


def streets_from_lines(lines: Any, *, name: str = "streets", source_crs: str | None = None) -> SourceStreets:
    """Streets from a GeoDataFrame of lines; they meet where their ends do, never where they cross.

    Columns named as OSM keys (``highway``, ``oneway``, ``maxspeed``, ``access`` …) are read as tags;
    a line without a class is ``residential``. Multi-part lines are taken apart, other geometry is
    left out and told.

    Raises
    ------
    InputError
        No CRS, no line.
    """
    import shapely

    crs = source_crs if lines.crs is None else lines.crs.to_string()
    if crs is None:
        raise InputError(
            [finding("CRS-001", source=name, field="crs", missing=" (.prj)" if name.endswith(".shp") else "")]
        )
    shapes = np.asarray(lines.geometry.array)
    parts, row = shapely.get_parts(shapes, return_index=True)
    is_line = np.isin(shapely.get_type_id(parts), (1, 2)) & ~shapely.is_empty(parts)
    parts, row = parts[is_line], row[is_line]
    found: list[Finding] = []
    lost = len(shapes) - np.unique(row).size
    if lost:
        found.append(finding("NET-120", source=name, n=lost))
    if parts.size == 0:
        raise InputError([*found, finding("NET-101", source=name, holds="")])
    xy, owner = shapely.get_coordinates(parts, return_index=True)
    number, tags = _tags_of_table(lines, name, found)
    return SourceStreets(
        crs=crs, x=xy[:, 0].copy(), y=xy[:, 1].copy(),
        line_ptr=np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=parts.size))]),
        line_vertex=np.arange(len(xy)), line_id=row.astype(np.int64), line_tags=number[row], tags=tags,
        join=True, source=name, findings=tuple(found),
    )  # fmt: skip


def _tags_of_table(
    lines: Any, name: str, found: list[Finding]
) -> tuple[np.ndarray, tuple[dict[str, str], ...]]:
    """Each row's set of tags, by number."""
    columns = {str(c).lower(): c for c in lines.columns}
    read = {k: columns[k] for k in LINE_KEYS if k in columns}
    cls = next((columns[c] for c in _CLASS_COLUMNS if c in columns), None)
    if cls is not None:
        read["highway"] = cls
    if not read:
        return np.zeros(len(lines), np.int32), ({},)
    return _number_tags(
        [dict(zip(read, r, strict=True)) for r in zip(*(lines[c] for c in read.values()), strict=True)],
        name,
        found,
    )


def _number_tags(
    rows: Iterable[Mapping[str, Any]], name: str, found: list[Finding]
) -> tuple[np.ndarray, tuple[dict[str, str], ...]]:
    """Clean tags of lines (:func:`_plain`), each distinct set numbered once."""
    numbers: dict[tuple[tuple[str, str], ...], int] = {}
    of: list[int] = []
    strange: dict[str, int] = {}
    known = known_classes() | _NO_STREET
    for row in rows:
        tags = {k: t for k, v in row.items() if (t := _plain(v))}
        if "oneway" in tags:
            tags["oneway"] = _ONEWAY_LETTERS.get(tags["oneway"], tags["oneway"])
        cls = tags.get("highway")
        if cls is not None and cls not in known:
            strange[cls] = strange.get(cls, 0) + 1
            del tags["highway"]
        of.append(numbers.setdefault(tuple(tags.items()), len(numbers)))
    if strange:
        most = max(strange, key=lambda k: strange[k])
        found.append(finding("NET-121", source=name, value=most, n=sum(strange.values())))
    return np.array(of, np.int32), tuple(dict(t) for t in numbers)


def _plain(value: Any) -> str:
    """A cell or attribute as an OSM value: ``True`` → ``"yes"``, 50.0 → ``"50"``, a list → its first; "" if empty."""
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            return value
    if isinstance(value, list | tuple | np.ndarray):
        value = value[0] if len(value) else None
    if value is None or value != value:  # NaN, NaT, NA
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return str(value).strip()


def _read_graphml(path: Path) -> Any:
    """A ``.graphml`` as osmnx writes it: every value is text until :func:`streets_from_graph` reads it."""
    from xml.etree.ElementTree import ParseError

    import networkx as nx

    try:
        return nx.read_graphml(path, force_multigraph=True)
    except (ParseError, nx.NetworkXError, ValueError, KeyError) as error:
        raise InputError([finding("NET-119", source=path.name, why=str(error))]) from error


def streets_from_graph(graph: Any, *, name: str = "graph", source_crs: str | None = None) -> SourceStreets:
    """Streets from a networkx graph as osmnx makes it.

    Nodes carry ``x`` and ``y``, the graph its ``crs``. Each arc is one direction of travel for whoever
    rides or drives, whatever ``oneway`` says (an undirected graph: both); walkers go both ways, except on arcs
    with ``oneway:foot`` and on steps with ``oneway``. An arc's ``length`` in metres wins over
    its ``geometry``; where it has none its shape is measured. Of merged ways (lists) the first class
    counts. ``speed_kph`` and ``travel_time`` are left aside: speeds come from the profile.

    Raises
    ------
    InputError
        No CRS, nodes without place, negative lengths, no arc.
    """
    crs = graph.graph.get("crs") or source_crs
    if crs is None:
        raise InputError(
            [finding("CRS-001", source=name, field="crs", missing=" (.prj)" if name.endswith(".shp") else "")]
        )
    if graph.number_of_edges() == 0:
        raise InputError([finding("NET-101", source=name, holds="")])
    nodes = {node: i for i, node in enumerate(graph.nodes)}
    try:
        x = np.array([float(d["x"]) for _, d in graph.nodes(data=True)])
        y = np.array([float(d["y"]) for _, d in graph.nodes(data=True)])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError([finding("NET-122", source=name, why=str(error))]) from error
    arcs = list(graph.edges(data=True))
    u = np.array([nodes[a] for a, _, _ in arcs])
    v = np.array([nodes[b] for _, b, _ in arcs])
    found: list[Finding] = []
    length = _lengths([d.get("length") for _, _, d in arcs], name, found)
    number, tags = _number_tags(
        [{k: d[k] for k in LINE_KEYS if k in d and k != "oneway"} | _one_way_on_foot(d) for _, _, d in arcs],
        name, found,
    )  # fmt: skip
    ptr, vertex, x, y = _graph_shapes([d.get("geometry") for _, _, d in arcs], u, v, x, y)
    return SourceStreets(
        crs=crs if isinstance(crs, str) else crs.to_string(), x=x, y=y, line_ptr=ptr, line_vertex=vertex,
        line_id=np.array([_way(d.get("osmid")) for _, _, d in arcs], np.int64), line_tags=number, tags=tags,
        line_length_m=length, arcs=graph.is_directed(), source=name, findings=tuple(found),
    )  # fmt: skip


def _one_way_on_foot(arc: Mapping[str, Any]) -> dict[str, str]:
    """The tag of an arc that walkers too take in its direction alone: moving stairs."""
    steps = _plain(arc.get("highway")) == "steps"
    return {"oneway:foot": "yes"} if steps and _plain(arc.get("oneway")).lower() in _YES else {}


def _lengths(values: list[Any], name: str, found: list[Finding]) -> np.ndarray:
    """Lengths of arcs, NaN where they have none."""
    length = np.array([np.nan if v in (None, "") else float(v) for v in values])
    bad = np.flatnonzero(length < 0)
    if bad.size:
        raise InputError(
            [finding("NET-117", source=name, value=length[bad[0]], row=int(bad[0]) + 1, n=int(bad.size))]
        )
    missing = int((~np.isfinite(length)).sum())
    if missing:
        found.append(finding("NET-118", source=name, n=missing))
    return np.where(np.isfinite(length), length, np.nan)


def _way(value: Any) -> int:
    """The (first) OSM way of an arc, -1 if it names none."""
    text = _plain(value)
    return int(text) if text.lstrip("-").isdigit() else -1


def _graph_shapes(
    shapes: list[Any], u: np.ndarray, v: np.ndarray, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Vertices of each arc: its nodes, and between them what its geometry adds, turned if it runs backwards."""
    import shapely

    with_shape = np.array([s is not None and s != "" for s in shapes])
    inner = np.zeros(u.size, np.int64)
    middle = np.zeros((0, 2))
    if with_shape.any():
        given = [s for s in shapes if s is not None and s != ""]
        lines = np.array([shapely.from_wkt(s) if isinstance(s, str) else s for s in given])
        a, b = u[with_shape], v[with_shape]
        start = shapely.get_point(lines, 0)
        to_u = np.hypot(shapely.get_x(start) - x[a], shapely.get_y(start) - y[a])
        to_v = np.hypot(shapely.get_x(start) - x[b], shapely.get_y(start) - y[b])
        lines = np.where(to_v < to_u, shapely.reverse(lines), lines)
        xy, owner = shapely.get_coordinates(lines, return_index=True)
        size = np.bincount(owner, minlength=lines.size)
        last = np.cumsum(size) - 1
        inside = np.ones(len(xy), bool)
        inside[last] = inside[last - size + 1] = False
        inner[with_shape] = size - 2
        middle = xy[inside]
    ptr = np.concatenate([[0], np.cumsum(inner + 2)])
    vertex = np.empty(ptr[-1], np.int64)
    ends = np.zeros(ptr[-1], bool)
    ends[ptr[:-1]] = ends[ptr[1:] - 1] = True
    vertex[ptr[:-1]], vertex[ptr[1:] - 1] = u, v
    vertex[~ends] = x.size + np.arange(len(middle))
    return ptr, vertex, np.concatenate([x, middle[:, 0]]), np.concatenate([y, middle[:, 1]])
