"""Main roads of the embedded Suzhou and the blocks between them.

Waypoint roads of the table plus links between neighbouring towns (Gabriel graph) are noded with the
shores and the city's edge; the faces are the blocks that :mod:`planner.example.blocks` cuts.
Everything is bent back by a gentle warp first and bent forward at the end, so that the straight cuts
become slightly curved streets while roads and shores stay where the tables say.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.spatial import Delaunay

from planner.example.blocks import WALL, CityBlock, Web
from planner.example.facts import Facts, Floats

LEAD_M, OVER_M, LOOSE_M = 9_000.0, 5.0, 600.0
RANK = {"trunk": 0, "primary": 1, "secondary": 2, "tertiary": 3, WALL: 9}
_WAVES = (
    (4300.0, 0.35, 62.0, 0.4),
    (5900.0, 1.30, 80.0, 2.1),
    (7700.0, 2.20, 95.0, 4.4),
    (9800.0, 2.85, 110.0, 1.2),
)


def warp(xy: Floats) -> Floats:
    """A gentle bend of the plane: four plane waves of 4 to 10 km, up to some 200 m."""
    shift = np.zeros_like(xy)
    for length, angle, size, phase in _WAVES:
        u = xy[:, 0] * np.cos(angle) + xy[:, 1] * np.sin(angle)
        wave = size * np.sin(2 * np.pi * u / length + phase)
        shift += np.column_stack([-np.sin(angle) * wave, np.cos(angle) * wave])
    return xy + shift


def unwarp(xy: Floats) -> Floats:
    """The inverse of :func:`warp`, by fixed-point iteration (to 1 mm)."""
    guess = xy.copy()
    for _ in range(14):
        guess = guess + (xy - warp(guess))
    return guess


@dataclass(frozen=True)
class Road:
    """A main road before noding: class, names, geometry in metres."""

    kind: str
    ref: str
    name: str
    geometry: shapely.LineString


@dataclass(frozen=True)
class Mains:
    """The web with the main roads in it, the blocks between them, and which segments form which road.

    ``chains`` holds (road, node numbers from end to end, segment numbers) per noded piece.
    """

    web: Web
    blocks: list[CityBlock]
    chains: list[tuple[Road, list[int], list[int]]]


def main_roads(facts: Facts) -> list[Road]:
    """Roads of the table that join others (no motorways), ends drawn to the next road, plus town links."""
    roads = [
        Road(r.kind, r.ref if r.ref[0] in "GS" else "", r.name_zh, r.geometry)
        for r in facts.roads
        if r.kind != "motorway"
    ]
    return _drawn_together(roads + _links(facts, roads), facts)


def _drawn_together(roads: list[Road], facts: Facts) -> list[Road]:
    """Loose ends within 450 m of another road are led to it; lines are clipped to the city and eased."""
    tree = shapely.STRtree([r.geometry for r in roads])
    result = []
    for i, road in enumerate(roads):
        points = shapely.get_coordinates(shapely.segmentize(road.geometry, 400.0))
        for end in (0, -1):
            here = shapely.Point(points[end])
            near = [j for j in tree.query(here, predicate="dwithin", distance=450.0) if j != i]
            if near:
                other = roads[min(near, key=lambda j: (here.distance(roads[j].geometry), j))].geometry
                foot = other.interpolate(other.project(here))
                step = np.array([foot.x, foot.y]) - points[end]
                reach = float(np.hypot(*step))
                if reach > 0.5:
                    beyond = points[end] + step * (1 + OVER_M / reach)
                    points = np.vstack([beyond, points] if end == 0 else [points, beyond])
        inside = shapely.get_parts(shapely.intersection(shapely.LineString(points), facts.city))
        lines = [shapely.simplify(p, 8.0) for p in inside if p.geom_type == "LineString" and p.length > 60]
        result += [Road(road.kind, road.ref, road.name, line) for line in lines]
    return _led_on(result, facts)


def _led_on(roads: list[Road], facts: Facts) -> list[Road]:
    """Loose ends go straight on until they meet a road, a shore or the city's edge.

    A road that ends inside a face would not be a side of it, and streets would cross it unjoined.
    """
    lines = [*(r.geometry for r in roads), *shapely.get_parts(shapely.boundary(facts.land))]
    tree = shapely.STRtree(lines)
    result = []
    for i, road in enumerate(roads):
        points = shapely.get_coordinates(road.geometry)
        for end, before in ((0, 1), (-1, -2)):
            here = shapely.Point(points[end])
            step = points[end] - points[before]
            step /= np.hypot(*step)
            tail = shapely.LineString([points[end] - 6 * OVER_M * step, points[end]])
            if any(j != i for j in tree.query(tail, predicate="intersects").tolist()):
                continue
            ray = shapely.LineString([points[end] + 0.1 * step, points[end] + LEAD_M * step])
            hits = [
                shapely.intersection(ray, lines[j]) for j in tree.query(ray, predicate="intersects").tolist()
            ]
            if hits:
                reach = min(here.distance(h) for h in hits) + OVER_M
                more = points[end] + step * reach
                points = np.vstack([more, points] if end == 0 else [points, more])
        result.append(Road(road.kind, road.ref, road.name, shapely.LineString(points)))
    return result


def _links(facts: Facts, roads: list[Road]) -> list[Road]:
    """Straight-ish secondary roads between neighbouring towns, where no main road runs already."""
    towns = facts.towns
    xy = towns[["x", "y"]].to_numpy()
    pairs = {
        tuple(sorted(p)) for t in Delaunay(xy).simplices for p in ((t[0], t[1]), (t[1], t[2]), (t[2], t[0]))
    }
    water = facts.water.union_all()
    corridor = shapely.unary_union([r.geometry for r in roads]).buffer(350, quad_segs=2)
    links = []
    for a, b in sorted(pairs):
        middle, reach = (xy[a] + xy[b]) / 2, float(np.hypot(*(xy[a] - xy[b])))
        if reach > 13_000 or (np.hypot(*(xy - middle).T) < reach / 2 - 1).any():
            continue
        line = shapely.LineString(np.vstack([xy[a], xy[b]]))
        if (
            line.intersection(water).length > 0.12 * reach
            or line.intersection(corridor).length > 0.55 * reach
        ):
            continue
        name = f"{towns['name_zh'].iloc[a][:2]}{towns['name_zh'].iloc[b][:2]}路"
        links.append(Road("secondary", "", name, line))
    return links


def lay_mains(facts: Facts) -> Mains:
    """Node roads, shores and the city's edge; build the web and the blocks (in unwarped metres)."""
    roads = main_roads(facts)
    shore = shapely.segmentize(shapely.boundary(facts.land), 900.0)
    straight = [_bent(r.geometry, 260.0) for r in roads]
    wall = _bent(shore, 900.0)
    walls = list(shapely.get_parts(wall))
    spokes = _spokes(facts, shapely.unary_union([*straight, *walls], grid_size=0.01))
    straight += spokes
    roads += [Road("tertiary", "", "环湖支路", s) for s in spokes]
    noded = shapely.unary_union([*straight, *walls], grid_size=0.01)
    pieces = shapely.get_parts(shapely.line_merge(noded))
    pieces = _without_stubs(pieces)
    owner = _owners(pieces, straight, roads)
    web, nodes, segments = Web(), {}, {}
    chains = []
    for piece, road in zip(pieces, owner, strict=True):
        points = [tuple(p) for p in shapely.get_coordinates(piece).tolist()]
        numbers = []
        for p in points:
            if p not in nodes:
                nodes[p] = web.node(*p)
            numbers.append(nodes[p])
        kind = WALL if road is None else road.kind
        run = []
        for a, b in itertools.pairwise(numbers):
            key = (min(a, b), max(a, b))
            if key not in segments:
                segments[key] = web.segment(a, b, kind)
            run.append(segments[key])
        if road is not None:
            chains.append((road, numbers, run))
    return Mains(web, _blocks(facts, noded, nodes, segments), chains)


def _without_stubs(pieces: np.ndarray) -> np.ndarray:
    """Pieces in a fixed order, without short loose ends: a road that stops inside a block joins nothing."""
    ends = shapely.get_coordinates(shapely.boundary(pieces))
    _, place, count = np.unique(ends, axis=0, return_inverse=True, return_counts=True)
    owner = shapely.get_coordinates(shapely.boundary(pieces), return_index=True)[1]
    loose = np.zeros(len(pieces), bool)
    loose[owner[count[place.ravel()] == 1]] = True
    kept = pieces[~(loose & (shapely.length(pieces) < LOOSE_M))]
    return kept[np.argsort([g.wkb for g in kept])]


def _spokes(facts: Facts, noded: shapely.Geometry) -> list[shapely.Geometry]:
    """Two streets from every lake that lies free inside a face, due west and due east, to what comes next.

    With them no face has a hole, and no street can be cut across the lake.
    """
    spokes = []
    for face in _land_faces(facts, noded):
        if not face.interiors:
            continue
        west, _, east, _ = face.bounds
        for hole in face.interiors:
            ring = shapely.get_coordinates(hole)
            for start, far in (
                (ring[ring[:, 0].argmin()], west - 10),
                (ring[ring[:, 0].argmax()], east + 10),
            ):
                ray = shapely.LineString([start, (far, start[1])])
                parts = shapely.get_parts(shapely.intersection(ray, face))
                lines = [q for q in parts if q.length > 1 and q.distance(shapely.Point(start)) < 0.5]
                spokes += [_lengthened(q, start) for q in lines]
    return spokes


def _lengthened(line: shapely.Geometry, start: Floats) -> shapely.Geometry:
    """The horizontal line, 0.5 m longer at both ends, so that it surely meets what it ends on."""
    x = shapely.get_coordinates(line)[:, 0]
    return shapely.LineString([(x.min() - 0.5, start[1]), (x.max() + 0.5, start[1])])


def _land_faces(facts: Facts, noded: shapely.Geometry) -> list[shapely.Geometry]:
    """Faces of the noded lines that are dry land of the city, in a fixed order."""
    land = shapely.transform(facts.land, unwarp)
    shapely.prepare(land)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    dry = [f for f in faces if shapely.contains(land, f.representative_point())]
    return sorted(dry, key=lambda f: f.bounds)


def _bent(geometry: shapely.Geometry, step: float) -> shapely.Geometry:
    return shapely.transform(shapely.segmentize(geometry, step), unwarp)


def _owners(pieces: np.ndarray, straight: list[shapely.Geometry], roads: list[Road]) -> list[Road | None]:
    """The road each noded piece belongs to: the highest class that runs along its middle, or none."""
    tree = shapely.STRtree(straight)
    middles = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    piece, road = tree.query(middles, predicate="dwithin", distance=0.2)
    found: list[Road | None] = [None] * len(pieces)
    for p, r in sorted(
        zip(piece.tolist(), road.tolist(), strict=True),
        key=lambda pr: (pr[0], -RANK[roads[pr[1]].kind], -pr[1]),
    ):
        found[p] = roads[r]
    return found


def _blocks(facts: Facts, noded: shapely.Geometry, nodes: dict, segments: dict) -> list[CityBlock]:
    blocks = []
    for face in _land_faces(facts, noded):
        corners, sides = [], []
        ring = [tuple(p) for p in shapely.get_coordinates(face.exterior)[:-1].tolist()]
        for p, q in zip(ring, ring[1:] + ring[:1], strict=True):
            a, b = nodes[p], nodes[q]
            corners.append((p[0], p[1], a))
            sides.append(segments[min(a, b), max(a, b)])
        blocks.append(CityBlock(corners, sides))
    return blocks
