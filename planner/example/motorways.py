"""Motorways of the embedded Suzhou: two carriageways, interchanges, junctions, service areas, access roads.

Motorways touch other streets at interchanges only; everywhere else streets pass beneath them
(:mod:`planner.example.streets`). Traffic keeps to the right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.example.facts import Facts, Floats, Line
from planner.example.streets import TownStreets, TownWay, stretches

Ints = NDArray[np.int64]
STEP_M = 150.0
HALF_M = 13.0
SPACING_M = 3_600.0
RAMP = 3
SERVICE_OFF_M = 110.0
BEYOND_M = 1_500.0


@dataclass(frozen=True)
class Carriageway:
    """One direction of a motorway: node numbers and positions in the order of travel."""

    line: Line
    nodes: list[int]
    xy: Floats
    forward: bool


def _normals(xy: Floats) -> Floats:
    """Unit vectors to the right of travel, per vertex."""
    way = np.gradient(xy, axis=0)
    way /= np.hypot(way[:, 0], way[:, 1])[:, None]
    return np.column_stack([way[:, 1], -way[:, 0]])


def centre_lines(facts: Facts) -> list[tuple[Line, Floats]]:
    """Each motorway's centre line within 1.5 km of the city, a vertex every 150 m."""
    near = facts.city.buffer(BEYOND_M, quad_segs=4)
    found = []
    for line in facts.roads:
        if line.kind == "motorway":
            for part in shapely.get_parts(shapely.intersection(line.geometry, near)):
                if part.length > 2_000:
                    steps = max(int(part.length / STEP_M), 2)
                    points = shapely.line_interpolate_point(
                        part, np.linspace(0, 1, steps + 1), normalized=True
                    )
                    found.append((line, shapely.get_coordinates(points)))
    return found


def add_motorways(streets: TownStreets, facts: Facts) -> None:
    """Append carriageways, ramps, links between motorways, service loops and access roads, in place."""
    roads: list[tuple[Carriageway, Carriageway]] = []
    for line, middle in centre_lines(facts):
        right = middle + HALF_M * _normals(middle)
        left = (middle - HALF_M * _normals(middle))[::-1]
        pair = [Carriageway(line, streets.add(xy), xy, k == 0) for k, xy in enumerate((right, left))]
        roads.append((pair[0], pair[1]))
    water = facts.water.union_all()
    shapely.prepare(water)
    for both in roads:
        for side in both:
            _lay(streets, side, water)
    _interchanges(streets, roads)
    for i, one in enumerate(roads):
        for other in roads[i + 1 :]:
            _junction(streets, one, other)
    _ends(streets, facts, roads)
    _service_loops(streets, facts, roads)
    _access_roads(streets, facts)


def _lay(streets: TownStreets, side: Carriageway, water: Any) -> None:
    """The carriageway's ways: plain, and bridges over water."""
    middle = (side.xy[1:] + side.xy[:-1]) / 2
    wet = shapely.contains_xy(water, middle[:, 0], middle[:, 1]).astype(int).tolist()
    tags = {"highway": "motorway", "name": side.line.name_zh, "ref": side.line.ref, "oneway": "yes", "maxspeed": "110",
            "lanes": "3"}  # fmt: skip
    for a, b, over in stretches(wet):
        bridge = {"bridge": "yes", "layer": "1"} if over else {}
        streets.ways.append(TownWay(side.nodes[a : b + 1], tags | bridge))


def _link(streets: TownStreets, nodes: list[int], kind: str = "motorway_link") -> None:
    """A one-way link through the given nodes."""
    streets.ways.append(TownWay(nodes, {"highway": kind, "oneway": "yes", "maxspeed": "40"}))


def _interchanges(streets: TownStreets, roads: list[tuple[Carriageway, Carriageway]]) -> None:
    """Ramps where a motorway crosses a trunk, primary or secondary road, every 3.6 km at most."""
    grade = {"trunk": 0, "primary": 1, "secondary": 2}
    ways = [w for w in streets.ways if w.tags["highway"] in grade]
    lines = [shapely.LineString(np.column_stack([streets.x[w.nodes], streets.y[w.nodes]])) for w in ways]
    tree = shapely.STRtree(lines)
    names: dict[str, list[int]] = {}
    for w in ways:
        names.setdefault(w.tags.get("name", ""), []).extend(w.nodes)
    of_name = {name: np.unique(nodes) for name, nodes in names.items()}
    for right, left in roads:
        middle = (right.xy + left.xy[::-1]) / 2
        centre = shapely.LineString(middle)
        crossings = []
        for k in tree.query(centre, predicate="crosses").tolist():
            points = shapely.get_parts(shapely.intersection(centre, lines[k]))
            rank = grade[ways[k].tags["highway"]]
            crossings += [(rank, centre.project(p), k, p) for p in points if p.geom_type == "Point"]
        taken: list[float] = []
        for _, at, k, point in sorted(crossings, key=lambda c: c[:3]):
            if at < 800 or at > centre.length - 800 or any(abs(at - t) < SPACING_M for t in taken):
                continue
            if _interchange(streets, right, left, point, of_name[ways[k].tags.get("name", "")]):
                taken.append(at)


def _interchange(
    streets: TownStreets, right: Carriageway, left: Carriageway, point: Any, numbers: Ints
) -> bool:
    """Both directions' exits and entries at a crossing; False where the road has no junction near by."""
    away = np.column_stack([streets.x[numbers] - point.x, streets.y[numbers] - point.y])
    far = np.hypot(away[:, 0], away[:, 1])
    done = False
    for side in (right, left):
        i = int(np.hypot(*(side.xy - [point.x, point.y]).T).argmin())
        if i < RAMP or i + RAMP >= len(side.nodes):
            continue
        outward = away @ _normals(side.xy)[i]
        fits = (far < 700) & (outward > 40)
        if not fits.any():
            continue
        j = int(numbers[fits][np.abs(far[fits] - 260).argmin()])
        here = np.array([streets.x[j], streets.y[j]])
        off = side.xy + 45.0 * _normals(side.xy)
        mid = streets.add(np.array([0.5 * (off[i - 1] + here), 0.5 * (off[i + 1] + here)]))
        _link(streets, [side.nodes[i - RAMP], mid[0], j])
        _link(streets, [j, mid[1], side.nodes[i + RAMP]])
        done = True
    return done


def _junction(
    streets: TownStreets, one: tuple[Carriageway, Carriageway], other: tuple[Carriageway, Carriageway]
) -> None:
    """Links between two motorways that cross or end at each other (within 300 m), each way to each way."""
    a, b = shapely.LineString(one[0].xy), shapely.LineString(other[0].xy)
    if a.distance(b) > 300:
        return
    here = shapely.get_coordinates(shapely.shortest_line(a, b))[0]
    for first, second in ((one, other), (other, one)):
        for leave in first:
            for enter in second:
                i = int(np.hypot(*(leave.xy - here).T).argmin()) - RAMP
                j = int(np.hypot(*(enter.xy - here).T).argmin()) + RAMP
                if i < 1 or j > len(enter.nodes) - 2:
                    continue
                bend = (leave.xy[i] + enter.xy[j]) / 2 * 0.6 + here * 0.4
                (mid,) = streets.add(bend[None, :])
                _link(streets, [leave.nodes[i], mid, enter.nodes[j]])


def _ends(streets: TownStreets, facts: Facts, roads: list[tuple[Carriageway, Carriageway]]) -> None:
    """Where motorways end: a turn beyond the city's edge, for the world outside; inside, a way to the next road.

    Ends at another motorway have their links already.
    """
    kinds = ("trunk", "primary", "secondary")
    nodes = np.unique(np.concatenate([w.nodes for w in streets.ways if w.tags["highway"] in kinds]))
    centres = [shapely.LineString(right.xy) for right, _ in roads]
    for k, (right, left) in enumerate(roads):
        for arriving, leaving in ((right, left), (left, right)):
            end = shapely.Point(arriving.xy[-1])
            if not facts.city.covers(end):
                _link(streets, [arriving.nodes[-1], leaving.nodes[0]])
            elif all(j == k or c.distance(end) > 300 for j, c in enumerate(centres)):
                near = int(nodes[np.hypot(streets.x[nodes] - end.x, streets.y[nodes] - end.y).argmin()])
                _link(streets, [arriving.nodes[-1], near])
                _link(streets, [near, leaving.nodes[0]])


def service_sides(facts: Facts) -> list[tuple[Any, str, float, float]]:
    """Service areas on motorways, once per carriageway: (row, side name, x, y)."""
    found = []
    lines = centre_lines(facts)
    for p in facts.places[facts.places["kind"] == "service_area"].itertuples():
        line = _motorway_of(p, lines)
        if line is None:
            continue
        i = int(np.hypot(*(line - [p.x, p.y]).T).argmin())
        right = _normals(line)[i]
        across = abs(right[0]) > abs(right[1])
        names = ("东", "西") if across else ("北", "南")
        for sign in (1.0, -1.0):
            spot = line[i] + sign * (HALF_M + SERVICE_OFF_M) * right
            ahead = sign * (right[0] if across else right[1]) > 0
            found.append((p, names[0] if ahead else names[1], float(spot[0]), float(spot[1])))
    return found


def _motorway_of(place: Any, lines: list[tuple[Line, Floats]]) -> Floats | None:
    """The motorway named in the place's note, if it is within 3 km."""
    for line, xy in lines:
        if place.note.endswith(f" {line.ref}") and np.hypot(*(xy - [place.x, place.y]).T).min() < 3_000:
            return xy
    return None


def _service_loops(streets: TownStreets, facts: Facts, roads: list[tuple[Carriageway, Carriageway]]) -> None:
    """From a carriageway into its service area and back."""
    for _, _, x, y in service_sides(facts):
        sides = [side for pair in roads for side in pair]
        side = min(sides, key=lambda s: float(np.hypot(*(s.xy - [x, y]).T).min()))
        i = int(np.hypot(*(side.xy - [x, y]).T).argmin())
        if i < 2 or i + 2 >= len(side.nodes):
            continue
        along = side.xy[i + 1] - side.xy[i - 1]
        along /= np.hypot(*along)
        a, b, c = streets.add(np.array([[x, y] - 60 * along, [x, y], [x, y] + 60 * along]))
        _link(streets, [side.nodes[i - 2], a])
        _link(streets, [c, side.nodes[i + 2]])
        streets.ways.append(TownWay([a, b, c], {"highway": "service", "oneway": "yes"}))


def _access_roads(streets: TownStreets, facts: Facts) -> None:
    """A service road from each port, logistics park, truck park and roadside service area to the next street."""
    on_motorway = {side[0].Index for side in service_sides(facts)}
    kinds = ("trunk", "primary", "secondary", "tertiary", "unclassified", "residential")
    nodes = np.unique(
        np.concatenate(
            [w.nodes for w in streets.ways if w.tags["highway"] in kinds and "layer" not in w.tags]
        )
    )
    for p in facts.places[
        facts.places["kind"].isin(["port", "logistics", "truck_parking", "service_area"])
    ].itertuples():
        if p.Index in on_motorway:
            continue
        near = np.hypot(streets.x[nodes] - p.x, streets.y[nodes] - p.y)
        if near.min() > 15:
            (end,) = streets.add(np.array([[p.x, p.y]]))
            streets.ways.append(
                TownWay(
                    [int(nodes[near.argmin()]), end], {"highway": "service", "name": f"{p.name_zh}专用路"}
                )
            )
