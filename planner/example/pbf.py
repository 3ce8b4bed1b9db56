"""Write streets, hosts and areas as ``.osm.pbf`` with ids that never change between builds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import osmium
import shapely

from planner.example.facts import Floats, to_degrees
from planner.example.streets import TownStreets

BOX = 7


@dataclass
class Drawing:
    """What goes into the file besides streets: tagged points, and tagged lines, rings and polygons."""

    points: list[tuple[float, float, dict[str, str]]] = field(default_factory=list)
    shapes: list[tuple[shapely.Geometry, dict[str, str]]] = field(default_factory=list)


def write_pbf(path: Path, streets: TownStreets, drawing: Drawing) -> None:
    """Write nodes, ways and relations, each sorted by id; polygons with holes become multipolygons."""
    rings: list[tuple[Floats, dict[str, str]]] = []
    relations: list[tuple[list[tuple[int, str]], dict[str, str]]] = []
    for shape, tags in drawing.shapes:
        _take(shape, tags, rings, relations)
    used = np.zeros(len(streets.x), bool)
    for way in streets.ways:
        used[way.nodes] = True
    number = np.cumsum(used)  # ids of street nodes, from 1
    points = np.array([(p[0], p[1]) for p in drawing.points]).reshape(-1, 2)
    extra = np.vstack([points, *(r for r, _ in rings)]) if rings else points
    lng, lat = to_degrees(
        np.concatenate([streets.x[used], extra[:, 0]]), np.concatenate([streets.y[used], extra[:, 1]])
    )
    n_streets = int(used.sum())
    tags_of = {n_streets + i: p[2] for i, p in enumerate(drawing.points)}
    header = osmium.io.Header()
    header.set("generator", "planner")
    with osmium.SimpleWriter(str(path), header=header, overwrite=True) as writer:
        for i, (a, b) in enumerate(zip(lng.round(BOX).tolist(), lat.round(BOX).tolist(), strict=True)):
            writer.add_node(osmium.osm.mutable.Node(id=i + 1, location=(a, b), tags=tags_of.get(i, {})))
        wid = 0
        for way in streets.ways:
            wid += 1
            nodes = number[way.nodes].tolist()
            writer.add_way(osmium.osm.mutable.Way(id=wid, nodes=nodes, tags=way.tags))
        first = n_streets + len(drawing.points) + 1
        for ring, tags in rings:
            wid += 1
            nodes = list(range(first, first + len(ring)))
            first += len(ring)
            closed = tags.get("_closed") == "yes"
            kept = {k: v for k, v in tags.items() if k != "_closed"}
            writer.add_way(
                osmium.osm.mutable.Way(id=wid, nodes=[*nodes, nodes[0]] if closed else nodes, tags=kept)
            )
        for rid, (members, tags) in enumerate(relations, start=1):
            shifted = [("w", len(streets.ways) + ref, role) for ref, role in members]
            writer.add_relation(osmium.osm.mutable.Relation(id=rid, members=shifted, tags=tags))


def _take(shape: shapely.Geometry, tags: dict[str, str], rings: list, relations: list) -> None:
    """Break a geometry into open lines, closed rings and multipolygon relations."""
    if shape.geom_type == "LineString":
        rings.append((shapely.get_coordinates(shape), tags))
        return
    if shape.is_empty:
        raise ValueError(f"nothing to draw for {tags}")
    polygons = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"]
    if len(polygons) == 1 and not polygons[0].interiors:
        rings.append((shapely.get_coordinates(polygons[0].exterior)[:-1], tags | {"_closed": "yes"}))
        return
    members = []
    for polygon in polygons:
        for role, ring in [("outer", polygon.exterior), *(("inner", r) for r in polygon.interiors)]:
            rings.append((shapely.get_coordinates(ring)[:-1], {"_closed": "yes"}))
            members.append((len(rings), role))
    relations.append((members, {"type": "multipolygon"} | tags))


def merge(drawings: Iterable[Drawing]) -> Drawing:
    """Several drawings as one, in order."""
    whole = Drawing()
    for d in drawings:
        whole.points += d.points
        whole.shapes += d.shapes
    return whole
