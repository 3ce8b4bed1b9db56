"""Host venues, land use and named points of the embedded Suzhou, as OpenStreetMap would tag them.

Kinds, counts and hours come from ``host_kinds.csv``; every venue stands 12 to 30 m beside a street, drawn
by people, by centrality or along main streets. Names are made up: no real firm stands at these places.
"""

from __future__ import annotations

import csv

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.example.facts import Facts, Floats, folder
from planner.example.field import CELL_M, Field
from planner.example.motorways import service_sides
from planner.example.pbf import Drawing
from planner.example.streets import FIRST, SECOND, TownStreets, canals

STREET_KINDS = ("trunk", "primary", "secondary", "tertiary", "residential", "unclassified")


class Frontage:
    """Places beside streets with their people, to draw venues and stations from.

    Attributes
    ----------
    x, y
        Metres, one place per stretch of street of some 30 m or more.
    people
        Residents of the cell.
    main
        Whether the street is a main one.
    name
        The street's name, or "".
    """

    def __init__(self, streets: TownStreets, land: Field, rng: np.random.Generator) -> None:
        ways = [w for w in streets.ways if w.tags["highway"] in STREET_KINDS and "layer" not in w.tags]
        u = np.array([n for w in ways for n in w.nodes[:-1]])
        v = np.array([n for w in ways for n in w.nodes[1:]])
        owner = np.repeat(np.arange(len(ways)), [len(w.nodes) - 1 for w in ways])
        dx, dy = streets.x[v] - streets.x[u], streets.y[v] - streets.y[u]
        length = np.hypot(dx, dy)
        keep = length > 30
        u, owner, dx, dy, length = u[keep], owner[keep], dx[keep], dy[keep], length[keep]
        share = rng.uniform(0.15, 0.85, len(u))
        side = rng.uniform(12, 30, len(u)) * rng.choice([-1.0, 1.0], len(u))
        self.x = streets.x[u] + share * dx - side * dy / length
        self.y = streets.y[u] + share * dy + side * dx / length
        dry = land.at(land.land, self.x, self.y)
        self.x, self.y, owner, length = self.x[dry], self.y[dry], owner[dry], length[dry]
        self.length = length
        self.people: Floats = land.at(land.people, self.x, self.y)
        main = np.array([w.tags["highway"] in STREET_KINDS[:4] for w in ways])
        self.main: NDArray[np.bool_] = main[owner]
        names = np.array([w.tags.get("name", "") for w in ways], dtype=object)
        self.name: NDArray[np.object_] = names[owner]

    def weights(self, how: str, industry: Floats) -> Floats:
        """Chance of each place for one way of drawing; sums to 1."""
        near = np.minimum(self.length, 200.0)
        w = {
            "people": near * self.people,
            "centre": near * self.people**1.5 * np.where(self.main, 2.5, 1.0),
            "core": near * self.people**2 * np.where(self.main, 3.0, 0.5),
            "main": near * (self.people + 4.0) ** 0.6 * np.where(self.main, 1.0, 0.02),
            "industry": near * industry,
        }[how]
        return w / w.sum()


def towns_near(facts: Facts, x: Floats, y: Floats) -> NDArray[np.object_]:
    """Name of the nearest town of the table for each point."""
    xy = facts.towns[["x", "y"]].to_numpy()
    tree = shapely.STRtree(shapely.points(xy))
    near = tree.nearest(shapely.points(x, y))
    return facts.towns["name_zh"].to_numpy(object)[near]


def _industry(facts: Facts, x: Floats, y: Floats) -> Floats:
    weight = np.full(x.shape, 1e-9)
    for p in facts.places[facts.places["kind"].isin(["industry", "logistics", "port"])].itertuples():
        weight += np.exp(-((np.hypot(x - p.x, y - p.y) / (1.3 * float(p.radius_m))) ** 2))
    return weight


def draw_hosts(facts: Facts, front: Frontage, *, seed: int) -> Drawing:
    """Every venue of ``host_kinds.csv`` as a tagged point."""
    rng = np.random.default_rng([seed, 3])
    drawing = Drawing()
    town = towns_near(facts, front.x, front.y)
    industry = _industry(facts, front.x, front.y)
    with (folder() / "host_kinds.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        count = int(row["count"])
        at = rng.choice(len(front.x), count, replace=False, p=front.weights(row["draw"], industry))
        names, hours = row["names"].split(";"), row["hours"].split(";")
        tags = dict(pair.split("=") for pair in row["tags"].split(";"))
        pick = rng.integers(0, len(names), count).tolist()
        when = rng.integers(0, len(hours), count).tolist()
        known = (rng.random(count) < 0.75).tolist()
        for i, n, h, k in zip(at.tolist(), pick, when, known, strict=True):
            name = names[n].replace("{t}", town[i]).replace("{n}", front.name[i] or town[i])
            extra = {"name": name} | ({"opening_hours": hours[h]} if k else {})
            drawing.points.append((float(front.x[i]), float(front.y[i]), tags | extra))
    return drawing


_WITH_BAYS = ("service_area", "truck_parking")
_AREAS = {
    "port": {"landuse": "port", "industrial": "port"}, "logistics": {"landuse": "industrial", "industrial": "logistics"},
    "industry": {"landuse": "industrial"}, "park": {"leisure": "park"},
    "service_area": {"highway": "services", "opening_hours": "24/7"},
    "truck_parking": {"amenity": "parking", "hgv": "yes", "opening_hours": "24/7"},
    "market": {"landuse": "retail", "amenity": "marketplace"},
}  # fmt: skip


def draw_land(facts: Facts, front: Frontage, land: Field, *, seed: int) -> Drawing:
    """Water, canals, railways, land use, parks, ports, service areas, stations, building sites, town names."""
    rng = np.random.default_rng([seed, 4])
    drawing = Drawing()
    for w in facts.water.itertuples():
        if not w.geometry.is_empty:
            named = {"name": w.name_zh, "name:en": w.name_en}
            drawing.shapes.append((w.geometry, {"natural": "water", "water": w.kind} | named))
    for line in canals(facts):
        tags = {"waterway": "canal", "name": line.name_zh, "name:en": line.name_en}
        drawing.shapes.append((line.geometry, tags))
    for line in facts.lines:
        if line.kind == "rail":
            drawing.shapes.append((line.geometry, {"railway": "rail", "name": line.name_zh}))
    for h in facts.hills.itertuples():
        drawing.shapes.append((h.geometry, {"natural": "wood", "name": h.name_zh, "name:en": h.name_en}))
    _draw_places(drawing, facts, rng)
    _building_sites(drawing, front, rng)
    _name_places(drawing, facts, land, rng)
    return drawing


def _name_places(drawing: Drawing, facts: Facts, land: Field, rng: np.random.Generator) -> None:
    """Towns and quarters of the table, and villages with made-up names."""
    unit = land.at(land.district, facts.towns["x"].to_numpy(), facts.towns["y"].to_numpy())
    urban = ~facts.districts["adcode"].str.startswith("32058").to_numpy()[unit]
    for t, inner in zip(facts.towns.itertuples(), urban.tolist(), strict=True):
        kind = "suburb" if inner and t.kind == "core" else "town"
        drawing.points.append((t.x, t.y, {"place": kind, "name": t.name_zh, "name:en": t.name_en}))
    first, second = (
        rng.integers(0, len(FIRST), len(land.villages)),
        rng.integers(0, len(SECOND), len(land.villages)),
    )
    for (x, y), a, b in zip(land.villages.tolist(), first.tolist(), second.tolist(), strict=True):
        drawing.points.append((x, y, {"place": "village", "name": f"{FIRST[a]}{SECOND[b]}村"}))


def _draw_places(drawing: Drawing, facts: Facts, rng: np.random.Generator) -> None:
    """Places of the table as areas (stations as points); motorway service areas once per carriageway."""
    water = facts.water.union_all()
    twice: dict[int, list[tuple[str, float, float]]] = {}
    for p, side, x, y in service_sides(facts):
        twice.setdefault(p.Index, []).append((f"（{side}）", x, y))
    for p in facts.places.itertuples():
        for suffix, x, y in twice.get(p.Index, [("", p.x, p.y)]):
            names = {"name": p.name_zh + suffix, "name:en": p.name_en}
            if p.kind == "rail_station":
                drawing.points.append((x, y, {"railway": "station", "public_transport": "station"} | names))
                continue
            radius = 95.0 if suffix else float(p.radius_m)
            whole = _patch(x, y, radius, rng)
            shape = whole if suffix else shapely.difference(whole, water)
            bays = {"capacity:hgv": str(int(rng.integers(20, 90)))} if p.kind in _WITH_BAYS else {}
            drawing.shapes.append((shape, _AREAS[p.kind] | names | bays))


def _patch(x: float, y: float, radius: float, rng: np.random.Generator) -> shapely.Geometry:
    """A rough octagon around a point."""
    angle = np.linspace(0, 2 * np.pi, 9)[:-1] + rng.uniform(0, 0.7)
    reach = radius * rng.uniform(0.7, 1.1, 8)
    return shapely.Polygon(np.column_stack([x + reach * np.cos(angle), y + reach * np.sin(angle)]))


def _building_sites(drawing: Drawing, front: Frontage, rng: np.random.Generator) -> None:
    weight = np.where((front.people > 5) & (front.people < 90), front.length, 0.0)
    at = rng.choice(len(front.x), 90, replace=False, p=weight / weight.sum())
    for k, i in enumerate(at.tolist(), start=1):
        shape = _patch(float(front.x[i]), float(front.y[i]), CELL_M * rng.uniform(0.5, 1.2), rng)
        drawing.shapes.append((shape, {"landuse": "construction", "name": f"在建工地{k}"}))
