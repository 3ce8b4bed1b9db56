"""One large OpenStreetMap file cut by the areas of many studies, in as many passes as for one.

A study's part holds every way that touches its area and margin, whole, with its nodes and the turn restrictions and multipolygons it
belongs to, whole too; and, so that streets meet where they met, each street that shares a node with such a street. The network
read from the part within the area is that of the large file, number by number. Places of nodes are kept as
:func:`planner.inputs.osm.faults.location_store` keeps them (on disk for a large file); beside them memory grows with what is cut out.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import shapely

from planner.errors import InputError, PlannerError, finding
from planner.inputs.osm.faults import OSM_ERRORS, broken_file, check_places, location_store
from planner.inputs.osm.turns import RESTRICTION_KEYS
from planner.inputs.tables.local import check_file
from planner.leaving import temporary_folder

__all__ = ["cut_areas", "cut_studies", "study_area"]

_MAX_BYTES = 64 * 2**30
#: Ways and tagged nodes judged at a time.
_STEP = 50_000
#: Added to a margin: between metres and degrees a line bends a little.
_SLACK_M = 50.0
_TYPES = ("multipolygon", "boundary")
#: Kinds of objects, in the order of a file.
_NODE, _WAY, _RELATION = 0, 1, 2

Say = Callable[[str, float], None]


@dataclass
class _Kept:
    """Objects for the parts: ids, and the part each is for; twice, where two parts have it."""

    id: array[int] = field(default_factory=lambda: array("q"))
    part: array[int] = field(default_factory=lambda: array("i"))

    def add(self, ids: Any, parts: Any) -> None:
        """Take ids (int64) with their parts."""
        self.id.frombytes(np.asarray(ids, np.int64).tobytes())
        self.part.frombytes(np.asarray(parts, np.int32).tobytes())

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Ids, ascending, with their parts, each pair once."""
        both = np.column_stack([np.array(self.id, np.int64), np.array(self.part, np.int64)])
        both = np.unique(both, axis=0) if len(both) else both
        return both[:, 0].copy(), both[:, 1].copy()


def cut_studies(
    source: Path, studies: Sequence[Path], out: Path | None = None, *, progress: Say | None = None
) -> list[Path]:
    """Cut the streets of studies out of a large file; the files written, in the order of the studies.

    Parameters
    ----------
    source
        ``.osm.pbf`` (or any OSM file), sorted as every extract is.
    studies
        Study files; the area of each is that of its districts, and ``inputs.streets.margin_m`` around it.
    out
        A folder for ``<study>.osm.pbf``; None: each where its study says its streets are (``inputs.streets.path``).

    Raises
    ------
    PlannerError
        A study without districts, two that would write one file, or one whose streets are the large file itself; a part without streets.
    InputError
        The large file or the districts cannot be read.
    """
    areas: dict[Path, Any] = {}
    for study in studies:
        name, streets, area = study_area(study)
        target = streets if out is None else out / f"{name}.osm.pbf"
        if target in areas or target.resolve() == source.resolve():
            raise PlannerError.of(finding("OSM-011", source=study.name, value=str(target)))
        areas[target] = area
    return cut_areas(source, areas, progress=progress)


def study_area(study: Path) -> tuple[str, Path, Any]:
    """Name of a study, where its streets are to be, and its area with its margin in degrees."""
    import geopandas as gpd

    from planner.inputs.districts import read_districts
    from planner.inputs.places.crs import auto_crs
    from planner.settings.reading import read_settings

    settings = read_settings(study)
    table = settings.inputs.districts
    if table is None:
        raise PlannerError.of(finding("OSM-010", source=study.name))
    districts, found = read_districts(table, crs="EPSG:3857")
    if not len(districts):
        raise InputError(found)
    west, south, east, north = districts.to_crs(4326).total_bounds
    metres = districts.to_crs(auto_crs([west, east], [south, north]))
    whole = shapely.union_all(shapely.make_valid(metres.geometry.to_numpy()))
    wide = shapely.segmentize(shapely.buffer(whole, settings.inputs.streets.margin_m + _SLACK_M), 1000.0)
    area = gpd.GeoSeries([wide], crs=metres.crs).to_crs(4326).iloc[0]
    return settings.study.label, settings.inputs.streets.path, area


def cut_areas(source: Path, areas: Mapping[Path, Any], *, progress: Say | None = None) -> list[Path]:
    """Cut areas (degrees) out of an OSM file, each into the file it is named by; whole files or none.

    An area that lies inside a closed way or multipolygon without touching its outline does not get it, nor any area administrative
    boundaries.

    Raises
    ------
    PlannerError
        An area without streets.
    InputError
        The file cannot be read.
    """
    say = progress or (lambda _label, _share: None)
    wrong = check_file(source, max_bytes=_MAX_BYTES)
    if wrong:
        raise InputError(wrong)
    check_places(source)
    try:
        say("reading outlines", 0.0)
        nodes, ways, relations = _touching(source, list(areas.values()))
        say("cutting streets", 0.5)
        vertices, streets = _vertices(source, ways, nodes)
        for n, target in enumerate(areas):
            if n not in streets:
                raise PlannerError.of(finding("OSM-002", value=target.name))
        _neighbours(source, vertices, ways, nodes)
        say("cutting streets", 0.8)
        _write(source, list(areas), (nodes, ways, relations))
    except OSM_ERRORS as error:
        raise broken_file(source, error) from error
    say("cutting streets", 1.0)
    return list(areas)


class _Judged:
    """Things waiting to be judged, and those that touch an area."""

    def __init__(self, areas: list[Any], index: shapely.STRtree) -> None:
        self.areas, self.index = areas, index
        self.id: list[int] = []
        self.drawn: list[Any] = []
        self.kept = _Kept()

    def add(self, number: int, drawn: Any) -> None:
        """Take a thing: its id, and WKB in hex or (lng, lat)."""
        self.id.append(number)
        self.drawn.append(drawn)
        if len(self.id) >= _STEP:
            self.judge()

    def judge(self) -> _Kept:
        """Judge all that wait; everything that touches so far."""
        if self.id:
            plain = isinstance(self.drawn[0], str)
            shapes = shapely.from_wkb(self.drawn) if plain else shapely.points(np.array(self.drawn))
            number = np.array(self.id, np.int64)
            near, part = self.index.query(shapes)
            for n in np.unique(part).tolist():
                some = near[part == n]
                hit = some[shapely.intersects(self.areas[n], shapes[some])]
                self.kept.add(number[hit], np.full(hit.size, n))
            self.id.clear()
            self.drawn.clear()
        return self.kept


def _touching(source: Path, areas: list[Any]) -> tuple[_Kept, _Kept, _Kept]:
    """Tagged nodes and ways that touch an area, and relations of such ways; the other ways of these relations too."""
    index = shapely.STRtree([shapely.box(*area.bounds) for area in areas])
    for area in areas:
        shapely.prepare(area)
    nodes, ways, relations = _Judged(areas, index), _Judged(areas, index), list[tuple[int, np.ndarray]]()
    wkb, tagged = osmium.geom.WKBFactory(), osmium.filter.EmptyTagFilter().enable_for(osmium.osm.NODE)
    with location_store(source) as store:
        for thing in osmium.FileProcessor(str(source)).with_locations(store).with_filter(tagged):
            if thing.is_node():
                if thing.location.valid():
                    nodes.add(thing.id, (thing.location.lon, thing.location.lat))
            elif thing.is_way():
                shape = _line(wkb, thing)
                if shape:
                    ways.add(thing.id, shape)
            elif _wanted(thing.tags):
                members = [m.ref for m in thing.members if m.type == "w"]
                relations.append((thing.id, np.array(members, np.int64)))
    return nodes.judge(), *_with_relations(ways.judge(), relations)


def _with_relations(ways: _Kept, relations: list[tuple[int, np.ndarray]]) -> tuple[_Kept, _Kept]:
    """Ways with all those that are in a relation with one of them, and these relations."""
    ids, parts = ways.pairs()
    kept = _Kept()
    for number, members in relations:
        mine = np.unique(_owners(ids, parts, members)[1])
        kept.add(np.full(mine.size, number), mine)
        ways.add(np.tile(members, mine.size), np.repeat(mine, members.size))
    return ways, kept


def _line(wkb: Any, way: Any) -> str:
    """A way as WKB in hex, or what of it the file places; "" if that is nothing."""
    try:
        return str(wkb.create_linestring(way))
    except OSM_ERRORS:
        places = [(n.location.lon, n.location.lat) for n in way.nodes if n.location.valid()]
        return shapely.to_wkb(shapely.multipoints(places) if len(places) < 2 else shapely.linestrings(places), hex=True) if places else ""  # fmt: skip


def _wanted(tags: Any) -> bool:
    """Whether planner reads a relation: turn restrictions and areas, but not administrative ones (a province would come along)."""
    area = tags.get("type") in _TYPES and tags.get("boundary") != "administrative"
    return area or any(k in tags for k in RESTRICTION_KEYS)


def _owners(ids: np.ndarray, parts: np.ndarray, asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each of ``asked`` that is among ``ids`` (ascending), its position and part; several times if it has several."""
    low, high = np.searchsorted(ids, asked, "left"), np.searchsorted(ids, asked, "right")
    count = high - low
    at = np.repeat(np.arange(asked.size), count)
    place = np.arange(at.size) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)
    return at, parts[place]


def _refs(source: Path, chosen: Any) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Ways that a filter lets pass, many at a time: ids, whether each is a street, number of nodes of each, nodes."""
    number, street, size, refs = array("q"), array("b"), array("q"), array("q")
    for way in osmium.FileProcessor(str(source), osmium.osm.WAY).with_filter(chosen):
        before = len(refs)
        refs.extend([n.ref for n in way.nodes])
        number.append(way.id)
        size.append(len(refs) - before)
        street.append("highway" in way.tags or "route" in way.tags)
        if len(number) >= _STEP:
            yield np.array(number), np.array(street, bool), np.array(size), np.array(refs)
            for values in (number, street, size, refs):
                del values[:]
    if number:
        yield np.array(number), np.array(street, bool), np.array(size), np.array(refs)


def _vertices(source: Path, ways: _Kept, nodes: _Kept) -> tuple[_Kept, set[int]]:
    """Nodes of the streets of each part; which parts have any. The nodes of all its ways join ``nodes``."""
    ids, parts = ways.pairs()
    vertices, streets = _Kept(), set[int]()
    for number, street, size, refs in _refs(source, osmium.filter.IdFilter(np.unique(ids).tolist())):
        way = np.repeat(np.arange(number.size), size)
        at, part = _owners(ids, parts, number[way])
        nodes.add(refs[at], part)
        on_street = street[way[at]]
        vertices.add(refs[at][on_street], part[on_street])
        streets |= set(np.unique(part[on_street]).tolist())
    return vertices, streets


def _neighbours(source: Path, vertices: _Kept, ways: _Kept, nodes: _Kept) -> None:
    """Add the streets that share a node with a street of a part, and their nodes."""
    ids, parts = vertices.pairs()
    for number, _, size, refs in _refs(source, osmium.filter.KeyFilter("highway", "route")):
        way = np.repeat(np.arange(number.size), size)
        at, part = _owners(ids, parts, refs)
        met = np.unique(np.column_stack([way[at], part]), axis=0)
        ways.add(number[met[:, 0]], met[:, 1])
        first = np.cumsum(size) - size
        for row, part_of in met.tolist():
            nodes.add(refs[first[row] : first[row] + size[row]], np.full(size[row], part_of))


def _write(source: Path, targets: list[Path], kept: tuple[_Kept, _Kept, _Kept]) -> None:
    """Write each part beside its place, then move all into place."""
    header = osmium.io.Header()
    header.set("generator", "planner")
    chosen = [k.pairs() for k in kept]
    with ExitStack() as stack:
        for target in targets:
            target.parent.mkdir(parents=True, exist_ok=True)
        folders = [stack.enter_context(temporary_folder(t.parent, f".{t.name}.")) for t in targets]
        beside = [folder / "part.osm.pbf" for folder in folders]
        writers = [osmium.SimpleWriter(str(path), header=header, overwrite=True) for path in beside]
        kinds = (osmium.osm.NODE, osmium.osm.WAY, osmium.osm.RELATION)
        processor = osmium.FileProcessor(str(source))
        for kind, (ids, _) in zip(kinds, chosen, strict=True):
            processor = processor.with_filter(
                osmium.filter.IdFilter(np.unique(ids).tolist()).enable_for(kind)
            )
        at = [0, 0, 0]
        lists = [(array("q", ids.tolist()), array("q", parts.tolist())) for ids, parts in chosen]
        for thing in processor:
            kind = _NODE if thing.is_node() else _WAY if thing.is_way() else _RELATION
            number, part = lists[kind]
            k = at[kind]
            while k < len(number) and number[k] < thing.id:
                k += 1
            while k < len(number) and number[k] == thing.id:
                writers[part[k]].add(thing)
                k += 1
            at[kind] = k
        for writer in writers:
            writer.close()
        for path, target in zip(beside, targets, strict=True):
            path.replace(target)
