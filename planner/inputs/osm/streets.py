"""Streets as they stand in a source, before any mode is chosen: vertices, lines and tags.

:class:`SourceStreets` is the common form of OSM files, graphs and tables of lines;
:func:`read_osm_streets` fills it from ``.osm`` and ``.osm.pbf`` in one streaming pass.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import osmium

from planner.errors import Finding, InputError, finding
from planner.inputs.osm.faults import OSM_ERRORS, broken_file, check_places, contents, location_store
from planner.inputs.osm.pbf import PER_DEGREE, RawStreets, read_pbf
from planner.inputs.osm.turns import RESTRICTION_KEYS, RawTurn, TurnRule, turn_of_text, turn_rules

__all__ = ["LINE_KEYS", "VERTEX_KEYS", "SourceStreets", "read_osm_streets"]

#: Tags of ways that some profile reads; the others stay in the file.
LINE_KEYS = (
    "highway", "route", "oneway", "junction", "access", "vehicle", "motor_vehicle", "motorcar", "hgv",
    "goods", "bicycle", "foot", "oneway:bicycle", "oneway:foot", "cycleway", "cycleway:left",
    "cycleway:right", "cycleway:both", "sidewalk", "maxspeed", "maxspeed:forward", "maxspeed:backward",
    "maxspeed:hgv", "maxheight", "maxheight:physical", "maxweight", "maxweight:hgv", "maxweightrating",
    "maxweightrating:hgv", "maxaxleload", "maxwidth", "maxlength", "service", "surface", "duration", "area",
    "motorroad", "foot:backward",
)  # fmt: skip
#: Tags of nodes that some profile reads.
VERTEX_KEYS = (
    "highway", "barrier", "access", "vehicle", "motor_vehicle", "motorcar", "hgv", "goods", "bicycle", "foot",
    "crossing", "direction", "traffic_signals:direction", "locked", "maxheight", "maxheight:physical",
    "maxweight", "maxwidth",
)  # fmt: skip
_NOWHERE = b"x999y999"
_TO_NUMBERS = bytes.maketrans(b"nxy,", b"    ")
_BLOCK = 1 << 24


@dataclass(frozen=True, eq=False)
class SourceStreets:
    """Lines with tags; two lines meet where they name the same vertex.

    Attributes
    ----------
    crs
        CRS of ``x``, ``y``.
    x, y
        Vertices, ``[n_vertices]``.
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
    join
        True if lines meet where their ends lie within a centimetre, whatever vertex they name.
    source
        Name of the file, for findings.
    per_unit
        ``x`` and ``y`` count so many to a unit of the CRS (whole numbers of 1e-7 degrees take half the room).
    turns
        Turn restrictions, in the order of their relations.
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
    join: bool = False
    source: str = ""
    findings: tuple[Finding, ...] = ()
    per_unit: float = 1.0
    turns: tuple[TurnRule, ...] = ()

    @property
    def n_lines(self) -> int:
        """Number of lines."""
        return int(self.line_id.size)


class _Tags:
    """Distinct sets of tags, numbered as they come."""

    def __init__(self, keys: Collection[str]) -> None:
        self._keys = frozenset(k.replace(":", "%3a%").encode() for k in keys) | {k.encode() for k in keys}
        self._numbers: dict[tuple[bytes, ...], int] = {}
        self.of: list[int] = []

    def add(self, text: bytes) -> None:
        """Take the tags of one object, ``key=value,key=value`` as osmium writes them."""
        keys, numbers = self._keys, self._numbers
        kept = tuple([t for t in text.split(b",") if t.partition(b"=")[0] in keys])
        number = numbers.get(kept)
        if number is None:
            number = numbers[kept] = len(numbers)
        self.of.append(number)

    def sets(self) -> tuple[dict[str, str], ...]:
        """The distinct sets of tags, in the order of their numbers."""
        return tuple(_told(kept) for kept in self._numbers)


def _told(tags: Iterable[bytes]) -> dict[str, str]:
    """Tags from osmium's OPL form, ``key=value`` each."""
    pairs = (t.partition(b"=") for t in tags)
    return {_text(key): _text(value) for key, _, value in pairs}


def _text(raw: bytes) -> str:
    """Text from osmium's OPL form, where ``%20%`` is a space."""
    if b"%" not in raw:
        return raw.decode()
    parts = raw.decode().split("%")
    return "".join(chr(int(p, 16)) if i % 2 else p for i, p in enumerate(parts))


def read_osm_streets(path: Path | str, *, turns: bool = True) -> SourceStreets:
    """Read every way a profile may allow, and the nodes with tags on them.

    Only ways with ``highway`` or ``route=ferry``, their nodes and turn restrictions are kept. A ``.pbf`` is read by
    :mod:`planner.inputs.osm.pbf`; every other form, and what that does not know, by osmium, which
    filters and looks up coordinates in one pass and hands the streets over as text in a temporary
    file, taken in blocks. Either way no Python object is made for a node, and nothing is kept of what
    is no street. Ways whose nodes are partly outside the file are cut there. Without ``turns`` the turn
    restrictions are left in the file.

    Raises
    ------
    InputError
        The file is missing, no OSM file, cut short (with the byte reached), or holds no street.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError([finding("NET-102", source=path.name, value=str(path))])
    pbf = path.name.lower().endswith(".pbf")
    raw = read_pbf(path, LINE_KEYS, VERTEX_KEYS, turns=turns) if pbf else None
    return _streets(path.name, raw or _by_osmium(path, turns=turns))


def _by_osmium(path: Path, *, turns: bool = True) -> RawStreets:
    """The streets of any file osmium reads."""
    ways, nodes = _Tags(LINE_KEYS), _Tags(VERTEX_KEYS)
    way_id: list[int] = []
    node_id: list[int] = []
    numbers: list[np.ndarray] = []
    sizes: list[int] = []
    found: list[RawTurn] = []
    check_places(path)
    with tempfile.TemporaryDirectory(prefix="planner-") as folder:
        text = Path(folder) / "streets.opl"
        _filter(path, text, turns)
        for block in _blocks(text):
            shapes: list[bytes] = []
            for line in block:
                kind, tags, rest = line.split(b" ", 2)
                if kind[:1] == b"n":
                    node_id.append(int(kind[1:]))
                    nodes.add(tags[1:])
                elif b"," in rest and (b"highway=" in tags or b"route=ferry" in tags):
                    way_id.append(int(kind[1:]))
                    ways.add(tags[1:])
                    shapes.append(rest[1:])
                    sizes.append(rest.count(b",") + 1)
                elif kind[:1] == b"r":
                    members = rest[1:].strip().split(b",")
                    found += turn_of_text(int(kind[1:]), _told(tags[1:].split(b",")), map(_text, members))
            if shapes:
                plain = b",".join(shapes).replace(b"xy", _NOWHERE).translate(_TO_NUMBERS)
                numbers.append(np.fromstring(plain, sep=" ").reshape(-1, 3))
    if not sizes:
        raise InputError([finding("NET-101", source=path.name, holds=contents(path))])
    whole = numbers[0] if len(numbers) == 1 else np.concatenate(numbers)
    del numbers
    vertex, first, index = np.unique(whole[:, 0].astype(np.int64), return_index=True, return_inverse=True)
    x, y = (np.rint(whole[first, k] * PER_DEGREE) for k in (1, 2))
    there = x < 999 * PER_DEGREE
    x, y = (np.where(there, a, 0).astype(np.int32) for a in (x, y))
    marked = np.array(node_id, np.int64)
    at = np.minimum(np.searchsorted(vertex, marked), vertex.size - 1)
    known = vertex[at] == marked
    return RawStreets(
        way_id=np.array(way_id), size=np.array(sizes), way_tags=np.array(ways.of, np.int32), way_sets=ways.sets(),
        vertex=vertex, index=index.ravel().astype(np.int32), x=x, y=y, there=there, node_at=at[known],
        node_tags=np.array(nodes.of, np.int32)[known], node_sets=nodes.sets(), turns=tuple(found),
    )  # fmt: skip


def _filter(path: Path, text: Path, turns: bool) -> None:
    """Write the streets of ``path`` to ``text`` (OPL: one object per line, ways with coordinates)."""
    wanted = osmium.osm.NODE | osmium.osm.WAY
    if turns:
        wanted |= osmium.osm.RELATION
    try:
        out = osmium.SimpleWriter(osmium.io.File(str(text), "opl,locations_on_ways=true,add_metadata=false"))
        with (
            location_store(path) as store,
            osmium.io.Reader(str(path), wanted) as reader,
        ):
            locate = osmium.NodeLocationsForWays(store)
            locate.ignore_errors()
            streets = osmium.filter.KeyFilter("highway", "barrier", "route")
            rules = osmium.filter.KeyFilter(*RESTRICTION_KEYS)
            streets.enable_for(osmium.osm.NODE | osmium.osm.WAY)
            rules.enable_for(osmium.osm.RELATION)
            osmium.apply(reader, locate, streets, rules, out)
            out.close()
    except OSM_ERRORS as error:
        raise broken_file(path, error) from error


def _blocks(text: Path) -> Iterator[list[bytes]]:
    """The lines of a text file, about 16 MB at a time."""
    with text.open("rb") as file:
        while block := file.readlines(_BLOCK):
            yield block


def _streets(source: str, raw: RawStreets) -> SourceStreets:
    """Cut ways at nodes the file does not hold; tags of ways and nodes in one list."""
    found: list[Finding] = []
    sizes, index, of = raw.size, raw.index, np.arange(raw.size.size)
    there = raw.there[index]
    if not there.all():
        line = np.repeat(of, sizes)
        found.append(finding("NET-105", source=source, n=int(np.unique(line[~there]).size)))
        start = np.ones(line.size, bool)
        start[1:] = (line[1:] != line[:-1]) | ~there[:-1]
        run = np.cumsum(start)[there] - 1
        index, line = index[there], line[there]
        size = np.bincount(run)
        keep = (size > 1)[run]
        index, line, sizes = index[keep], line[keep], size[size > 1]
        of = line[np.concatenate([[0], np.cumsum(sizes)[:-1]])] if sizes.size else of[:0]
    if not sizes.size:
        raise InputError([*found, finding("NET-101", source=source, holds="")])
    return SourceStreets(
        crs="EPSG:4326", x=raw.x, y=raw.y, line_ptr=np.concatenate([[0], np.cumsum(sizes)]), line_vertex=index,
        line_id=raw.way_id[of], line_tags=raw.way_tags[of], tags=raw.way_sets + raw.node_sets,
        vertex_at=raw.node_at, vertex_tags=raw.node_tags + np.int32(len(raw.way_sets)), source=source,
        findings=tuple(found), per_unit=PER_DEGREE, turns=turn_rules(raw.turns, raw.vertex),
    )  # fmt: skip
