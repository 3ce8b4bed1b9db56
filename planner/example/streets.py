"""From the cut blocks to streets: service ways, bridges, missing crossings, names, one-ways.

What crosses a canal, a railway or a motorway is a main street (bridge or underpass); of the small
streets most simply end there, so that canals and lines are the barriers they are in the city. In the
old town most lanes have their bridge.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.example.blocks import WALL, CityBlock, Cutter, Web
from planner.example.facts import Facts, Floats, Line
from planner.example.field import Field, old_town_outline
from planner.example.mains import Mains, Road, lay_mains, warp

MAIN = ("motorway", "trunk", "primary", "secondary", "tertiary")
MAXSPEED = {"motorway": "100", "trunk": "80", "primary": "60", "secondary": "60"}
ISLANDS = 12
BRIDGE, UNDERPASS, GONE = 1, 2, 3
CROSSING_TAGS = {BRIDGE: {"bridge": "yes", "layer": "1"}, UNDERPASS: {"tunnel": "yes", "layer": "-1"}}
FIRST = "锦金兴德福文春景华泰新星丰永平安嘉秀云水莲荷桂梅兰竹松枫柳杏桃虹玉珠明宝祥瑞清和芳学崇仁义礼"
SECOND = "园湖塘泾浜桥溪山庄坊源宁康乐业贤港浦苑泉峰林谷洲岸田村墩巷渡"


@dataclass
class TownWay:
    """A street to be: node numbers and tags."""

    nodes: list[int]
    tags: dict[str, str]


@dataclass
class TownStreets:
    """All streets, in metres (EPSG:4549).

    Node numbers in ``ways`` are positions in ``x`` and ``y``.
    """

    x: Floats
    y: Floats
    ways: list[TownWay] = field(default_factory=list)

    def add(self, xy: Floats) -> list[int]:
        """Append nodes; their numbers."""
        first = len(self.x)
        self.x = np.concatenate([self.x, xy[:, 0]])
        self.y = np.concatenate([self.y, xy[:, 1]])
        return list(range(first, first + len(xy)))


@dataclass(frozen=True)
class _Run:
    """Nodes along one street of one class, before barriers take their share."""

    nodes: list[int]
    kind: str
    road: Road | None


def canals(facts: Facts) -> tuple[Line, ...]:
    """Canals of the table and the old town's three across and four down (三横四直), placed by shares."""
    moat = old_town_outline(facts).minimum_rotated_rectangle
    ring = shapely.get_coordinates(moat)[:4]
    start = int(np.argmin(ring @ [1.0, 1.0]))
    a, b, c, d = (ring[(start + k) % 4] for k in range(4))
    if abs(b[0] - a[0]) < abs(b[1] - a[1]):
        b, d = d, b
    grid = []
    for k, (name, s) in enumerate(
        (("第一直河", 0.08), ("第二直河", 0.38), ("第三直河", 0.66), ("平江河", 0.86))
    ):
        ends = np.array([a + s * (b - a), d + s * (c - d)])
        grid.append(
            Line("canal", "", name, f"Old town canal {k + 1} (north-south)", shapely.LineString(ends))
        )
    for k, s in enumerate((0.18, 0.5, 0.82)):
        ends = np.array([a + s * (d - a), b + s * (c - b)])
        grid.append(
            Line(
                "canal",
                "",
                f"第{'一二三'[k]}横河",
                f"Old town canal {k + 1} (east-west)",
                shapely.LineString(ends),
            )
        )
    return tuple(line for line in facts.lines if line.kind == "canal") + tuple(grid)


def lay_streets(facts: Facts, land: Field, *, seed: int) -> TownStreets:
    """The whole street network but the motorways."""
    mains = lay_mains(facts)
    angle = np.full(land.land.shape, np.nan)
    angle[land.park] = 0.0
    angle[land.old_town] = math.radians(-7.2)
    cutter = Cutter(mains.web, land, angle, seed=seed)
    blocks = cutter.cut_all(mains.blocks)
    rng = np.random.default_rng([seed, 2])
    _add_service_ways(mains.web, blocks, cutter, rng)
    _add_islands(mains.web, blocks)
    runs = _runs(mains)
    xy = warp(np.column_stack([mains.web.x, mains.web.y]))
    streets = TownStreets(xy[:, 0].copy(), xy[:, 1].copy())
    _make_ways(streets, runs, facts, land, rng)
    return streets


def _add_service_ways(web: Web, blocks: list[CityBlock], cutter: Cutter, rng: np.random.Generator) -> None:
    """Dead-end service ways and footpaths into built-up blocks, from the middle of the longest sides."""
    draw = rng.random((len(blocks), 3))
    for block, (p, q, r) in zip(blocks, draw.tolist(), strict=True):
        corners = block.corners
        area = (
            abs(
                sum(
                    a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, corners[1:] + corners[:1], strict=True)
                )
            )
            / 2
        )
        want = cutter.expected(corners, area)
        if area < 9_000 or want < 0.25 or area > 250_000 or p > 0.20:
            continue
        cx = sum(c[0] for c in corners) / len(corners)
        cy = sum(c[1] for c in corners) / len(corners)
        sides = [
            (math.hypot(b[0] - a[0], b[1] - a[1]), k)
            for k, (a, b) in enumerate(zip(corners, corners[1:] + corners[:1], strict=True))
            if web.kinds[block.sides[k]] not in (WALL, "trunk")
        ]
        for length, k in sorted(sides, reverse=True)[: 2 if area > 60_000 else 1]:
            if length < 60:
                continue
            a, b = corners[k], corners[(k + 1) % len(corners)]
            t = 0.35 + 0.3 * q
            start = _tee(web, block.sides[k], a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]))
            x, y = web.x[start], web.y[start]
            end = web.node(x + 0.8 * (cx - x), y + 0.8 * (cy - y))
            web.segment(start, end, "service" if r < 0.7 else "footway" if r < 0.985 else "steps")


def _add_islands(web: Web, blocks: list[CityBlock]) -> None:
    """Works' own roads that join nothing: a triangle inside twelve large blocks, islands to be pruned."""
    large = [b for b in blocks if len(b.corners) == 4 and _width(b) > 400]
    for block in large[:: max(len(large) // ISLANDS, 1)][:ISLANDS]:
        cx = sum(c[0] for c in block.corners) / 4
        cy = sum(c[1] for c in block.corners) / 4
        a, b, c = web.node(cx - 50, cy - 30), web.node(cx + 50, cy - 30), web.node(cx, cy + 50)
        for p, q in ((a, b), (b, c), (c, a)):
            web.segment(p, q, "service")


def _width(block: CityBlock) -> float:
    """Twice the shortest distance from the middle of a block to a corner."""
    cx = sum(c[0] for c in block.corners) / len(block.corners)
    cy = sum(c[1] for c in block.corners) / len(block.corners)
    return 2 * min(math.hypot(c[0] - cx, c[1] - cy) for c in block.corners)


def _tee(web: Web, seg: int, x: float, y: float) -> int:
    """A new junction on a segment; the node's number (an existing one within 12 m is taken)."""
    p, q = web.ends[seg]
    dx, dy = web.x[q] - web.x[p], web.y[q] - web.y[p]
    whole = math.hypot(dx, dy)
    share = ((x - web.x[p]) * dx + (y - web.y[p]) * dy) / whole**2
    row = web.along[seg]
    k = bisect.bisect(row, (share, -1))
    for j in (k - 1, k):
        if abs(row[j][0] - share) * whole < 12.0:
            return row[j][1]
    n = web.node(x, y)
    row.insert(k, (share, n))
    return n


def _runs(mains: Mains) -> list[_Run]:
    """Every street as a row of nodes: main roads joined over their pieces, cuts one by one."""
    web = mains.web
    runs, used = [], set()
    for road, numbers, segs in mains.chains:
        nodes = [numbers[0]]
        for a, seg in zip(numbers, segs, strict=False):
            row = [n for _, n in web.along[seg]]
            nodes += (row if row[0] == a else row[::-1])[1:]
            used.add(seg)
        runs.append(_Run(nodes, road.kind, road))
    for seg, kind in enumerate(web.kinds):
        if seg not in used and kind != WALL:
            runs.append(_Run([n for _, n in web.along[seg]], kind, None))
    return runs


def _edges(runs: list[_Run]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    u = np.array([n for run in runs for n in run.nodes[:-1]])
    v = np.array([n for run in runs for n in run.nodes[1:]])
    owner = np.repeat(np.arange(len(runs)), [len(run.nodes) - 1 for run in runs])
    return u, v, owner


def _crossings(tree: shapely.STRtree, barriers: list[shapely.Geometry]) -> NDArray[np.int64]:
    """Numbers of the street edges in the tree that meet a barrier (asked in short steps: small boxes)."""
    points = [shapely.get_coordinates(shapely.segmentize(b, 300.0)) for b in barriers]
    steps = shapely.linestrings(np.concatenate([np.stack([p[:-1], p[1:]], axis=1) for p in points]))
    return np.unique(tree.query(steps, predicate="intersects")[1])


def _fates(
    streets: TownStreets, runs: list[_Run], facts: Facts, land: Field, rng: np.random.Generator
) -> NDArray[np.int8]:
    """What becomes of every edge of the runs: 0 street, 1 bridge, 2 underpass, 3 not built."""
    u, v, owner = _edges(runs)
    ends = [np.column_stack([streets.x[n], streets.y[n]]) for n in (u, v)]
    tree = shapely.STRtree(shapely.linestrings(np.stack(ends, axis=1)))
    main = np.array([run.kind in MAIN for run in runs])[owner]
    middle = (ends[0] + ends[1]) / 2
    old = land.at(land.old_town, middle[:, 0], middle[:, 1])
    fate = np.zeros(len(u), np.int8)
    draw = rng.random(len(u))
    wet = _crossings(tree, [c.geometry for c in canals(facts)])
    fate[wet] = np.where(main[wet] | (draw[wet] < np.where(old[wet], 0.75, 0.10)), BRIDGE, GONE)
    walls = [r.geometry for r in facts.roads if r.kind == "motorway"]
    walls += [line.geometry for line in facts.lines if line.kind == "rail"]
    under = _crossings(tree, walls)
    dry = main[under] & (fate[under] != BRIDGE)
    fate[under] = np.where(dry | (draw[under] < 0.08), UNDERPASS, np.where(main[under], BRIDGE, GONE))
    water = facts.water.union_all()
    shapely.prepare(water)
    over = shapely.contains_xy(water, middle[:, 0], middle[:, 1])
    fate[over] = np.where(main[over], BRIDGE, GONE)
    return fate


def _make_ways(
    streets: TownStreets, runs: list[_Run], facts: Facts, land: Field, rng: np.random.Generator
) -> None:
    """Decide every edge's fate at barriers, then cut the runs into ways of one kind."""
    fate = _fates(streets, runs, facts, land, rng)
    namer = _Namer(rng)
    first = np.array([run.nodes[0] for run in runs])
    old = land.at(land.old_town, streets.x[first], streets.y[first]).tolist()
    starts = np.concatenate([[0], np.cumsum([len(run.nodes) - 1 for run in runs])])
    for i, run in enumerate(runs):
        tags = namer.tags(run, old=old[i])
        for a, b, what in stretches(fate[starts[i] : starts[i + 1]].tolist()):
            if what != GONE:
                streets.ways.append(TownWay(run.nodes[a : b + 1], tags | CROSSING_TAGS.get(what, {})))
    _open_dead_ends(streets)


def _open_dead_ends(streets: TownStreets) -> None:
    """No one-way street may begin or end where nothing else goes on."""
    count = np.bincount(np.concatenate([w.nodes for w in streets.ways]), minlength=len(streets.x))
    for way in streets.ways:
        if "oneway" in way.tags and min(count[way.nodes[0]], count[way.nodes[-1]]) < 2:
            del way.tags["oneway"]


def stretches(fates: list[int]) -> list[tuple[int, int, int]]:
    """(first node, last node, fate) of each stretch of equal fate; long plain runs stay whole."""
    found, start = [], 0
    for k in range(1, len(fates) + 1):
        if k == len(fates) or fates[k] != fates[start]:
            found.append((start, k, fates[start]))
            start = k
    return found


class _Namer:
    """Gives streets their tags: class, a made-up name by class and place, one-way, surface."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.stems = [a + b for a in FIRST for b in SECOND]

    def tags(self, run: _Run, *, old: bool) -> dict[str, str]:
        """Tags of a street; deterministic in the order of calls."""
        tags = {"highway": run.kind}
        if run.road is not None:
            tags["name"] = run.road.name
            if run.road.ref:
                tags["ref"] = run.road.ref
        stem, chance, way = self.rng.random(3).tolist()
        suffix = self._suffix(run.kind, old=old, draw=chance)
        if "name" not in tags and suffix:
            tags["name"] = self.stems[int(stem * len(self.stems))] + suffix
        if run.kind in MAXSPEED:
            tags["maxspeed"] = MAXSPEED[run.kind]
        if run.kind == "residential" and way < (0.16 if old else 0.04):
            tags["oneway"] = "yes"
        if run.kind in ("footway", "steps"):
            tags["surface"] = "paving_stones"
        return tags

    @staticmethod
    def _suffix(kind: str, *, old: bool, draw: float) -> str:
        if kind in ("secondary", "primary", "trunk"):
            return "大道" if draw < 0.3 else "路"
        if kind in ("tertiary", "unclassified"):
            return "路" if draw < 0.7 else "街"
        if kind == "residential":
            return (
                ("巷" if draw < 0.6 else "街") if old else "路" if draw < 0.35 else "街" if draw < 0.5 else ""
            )
        return ("弄" if draw < 0.5 else "") if old else ""
