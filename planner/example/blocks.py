"""Streets by cutting blocks: the land between main roads is cut until every block is small enough.

Each cut is a street that ends on the streets around it, so the network joins by construction and is
planar. A block is cut while the field says that more than one block should fit into it. The cuts'
ends are drawn to junctions that are already there, which makes crossings rather than offsets
(recursive subdivision as in Parish & Müller 2001, "Procedural modeling of cities").
"""

from __future__ import annotations

import bisect
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from planner.example.field import CELL_M, Field

WALL = "wall"
SNAP_M = 32.0
SMALLEST_M2 = 2_600.0

Corner = tuple[float, float, int]


@dataclass
class Web:
    """The growing network: nodes and straight segments, each with the nodes along it.

    Attributes
    ----------
    x, y
        Metres per node.
    ends, kinds
        Per segment: its two nodes, and its class (``wall``: a shore or the city's edge, no street).
    along
        Per segment: sorted (share of length, node), both ends included.
    """

    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    ends: list[tuple[int, int]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    along: list[list[tuple[float, int]]] = field(default_factory=list)

    def node(self, x: float, y: float) -> int:
        """Add a node; its number."""
        self.x.append(x)
        self.y.append(y)
        return len(self.x) - 1

    def segment(self, a: int, b: int, kind: str) -> int:
        """Add a straight segment between two nodes; its number."""
        self.ends.append((a, b))
        self.kinds.append(kind)
        self.along.append([(0.0, a), (1.0, b)])
        return len(self.ends) - 1


@dataclass
class CityBlock:
    """A simple polygon: corner i is followed by the side ``sides[i]`` (a segment of the web)."""

    corners: list[Corner]
    sides: list[int]


class Cutter:
    """Cuts blocks; holds the field as a summed-area table for quick questions."""

    def __init__(self, web: Web, land: Field, angle: np.ndarray, *, seed: int) -> None:
        self.web = web
        self.land = land
        table = np.zeros((land.blocks.shape[0] + 1, land.blocks.shape[1] + 1))
        table[1:, 1:] = land.blocks.cumsum(axis=0).cumsum(axis=1)
        self.table: list[list[float]] = table.tolist()
        self.angle: list[list[float]] = angle.tolist()
        self.old: list[list[bool]] = land.old_town.tolist()
        self.random = random.Random(seed)

    def expected(self, corners: Sequence[Corner], area: float) -> float:
        """Blocks that the field wants inside: its sum over the bounding box × area ÷ box area."""
        xs, ys = [c[0] for c in corners], [c[1] for c in corners]
        x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)
        rows, cols = len(self.table) - 1, len(self.table[0]) - 1
        c0 = min(max(int((x0 - self.land.west) / CELL_M), 0), cols - 1)
        c1 = min(max(int((x1 - self.land.west) / CELL_M) + 1, c0 + 1), cols)
        r0 = min(max(int((y0 - self.land.south) / CELL_M), 0), rows - 1)
        r1 = min(max(int((y1 - self.land.south) / CELL_M) + 1, r0 + 1), rows)
        t = self.table
        total = t[r1][c1] - t[r0][c1] - t[r1][c0] + t[r0][c0]
        return total / ((r1 - r0) * (c1 - c0) * CELL_M**2) * area

    def cut_all(self, blocks: list[CityBlock]) -> list[CityBlock]:
        """Cut until the field is content; the last blocks, in a fixed order."""
        done: list[CityBlock] = []
        stack = blocks[::-1]
        while stack:
            block = stack.pop()
            area = abs(_area(block.corners))
            want = self.expected(block.corners, area)
            halves = None
            if want > self.random.uniform(1.0, 1.7) and area > 2 * SMALLEST_M2:
                halves = self._cut(block, want)
            if halves is None:
                done.append(block)
            else:
                stack.extend(halves)
        return done

    def _axis(self, block: CityBlock) -> tuple[float, float, float]:
        """Direction of the cut (unit vector) and where it stands along its normal."""
        corners = block.corners
        cx = sum(c[0] for c in corners) / len(corners)
        cy = sum(c[1] for c in corners) / len(corners)
        row = min(max(int((cy - self.land.south) / CELL_M), 0), len(self.angle) - 1)
        col = min(max(int((cx - self.land.west) / CELL_M), 0), len(self.angle[0]) - 1)
        theta = self.angle[row][col]
        if math.isnan(theta):
            best = 0.0
            for (ax, ay, _), (bx, by, _) in zip(corners, corners[1:] + corners[:1], strict=True):
                length = (bx - ax) ** 2 + (by - ay) ** 2
                if length > best:
                    best, theta = length, math.atan2(by - ay, bx - ax)
            theta += self.random.gauss(0, 0.03)
        ux, uy = math.cos(theta), math.sin(theta)
        along = [c[0] * ux + c[1] * uy for c in corners]
        across = [c[1] * ux - c[0] * uy for c in corners]
        share = self.random.uniform(0.4, 0.6)
        if max(along) - min(along) >= max(across) - min(across):
            return -uy, ux, min(along) + share * (max(along) - min(along))
        return ux, uy, -(min(across) + share * (max(across) - min(across)))

    def _chord(self, block: CityBlock) -> tuple[tuple[int, float], tuple[int, float]] | None:
        """The longest stretch of the cutting line inside the block: (side, share) at both ends."""
        ux, uy, at = self._axis(block)
        nx, ny = uy, -ux  # signed distance of a corner from the cutting line is n·c - at
        corners = block.corners
        signed = [c[0] * nx + c[1] * ny - at for c in corners]
        hits = []
        for i, s in enumerate(signed):
            e = signed[i + 1 - len(corners)]
            if (s >= 0) != (e >= 0):
                t = s / (s - e)
                ax, ay, _ = corners[i]
                bx, by, _ = corners[i + 1 - len(corners)]
                hits.append(((ax + t * (bx - ax)) * ux + (ay + t * (by - ay)) * uy, i, t))
        hits.sort()
        pairs = list(zip(hits[::2], hits[1::2], strict=False))
        if not pairs:
            return None
        first, second = max(pairs, key=lambda p: p[1][0] - p[0][0])
        if second[0] - first[0] < 25.0:
            return None
        return (first[1], first[2]), (second[1], second[2])

    def _join(self, block: CityBlock, side: int, t: float) -> tuple[int, Corner]:
        """The node where a cut meets a side, a junction near by or a new one: (corner position or -1, corner)."""
        corners = block.corners
        a, b = corners[side], corners[side + 1 - len(corners)]
        length = math.hypot(b[0] - a[0], b[1] - a[1])
        snap = min(SNAP_M, 0.3 * length)
        if t * length < snap:
            return side, a
        if (1 - t) * length < snap:
            return (side + 1) % len(corners), b
        web = self.web
        seg = block.sides[side]
        p, q = web.ends[seg]
        px, py, qx, qy = web.x[p], web.y[p], web.x[q], web.y[q]
        whole = math.hypot(qx - px, qy - py)
        x, y = a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])
        share = ((x - px) * (qx - px) + (y - py) * (qy - py)) / whole**2
        row = web.along[seg]
        k = bisect.bisect(row, (share, -1))
        for j in (k - 1, k):
            if 0 < j < len(row) - 1 and abs(row[j][0] - share) * whole < snap:
                n = row[j][1]
                return -1, (web.x[n], web.y[n], n)
        n = web.node(x, y)
        row.insert(k, (share, n))
        return -1, (x, y, n)

    def _cut(self, block: CityBlock, want: float) -> tuple[CityBlock, CityBlock] | None:
        chord = self._chord(block)
        if chord is None:
            return None
        (i, ti), (j, tj) = chord
        if i > j:
            i, ti, j, tj = j, tj, i, ti
        ci, a = self._join(block, i, ti)
        cj, b = self._join(block, j, tj)
        return None if a[2] == b[2] else self._halves(block, (i, ci, a), (j, cj, b), want)

    def _halves(
        self, block: CityBlock, start: tuple[int, int, Corner], end: tuple[int, int, Corner], want: float
    ) -> tuple[CityBlock, CityBlock] | None:
        """Both parts of a block cut from one join to the other, or None for a sliver."""
        ring: list[Corner] = []
        owner: list[int] = []
        where: dict[int, int] = {}
        for k, corner in enumerate(block.corners):
            where[corner[2]] = len(ring)
            ring.append(corner)
            owner.append(block.sides[k])
            for side, position, join in (start, end):
                if side == k and position < 0:
                    where[join[2]] = len(ring)
                    ring.append(join)
                    owner.append(block.sides[k])
        p, q = sorted((where[start[2][2]], where[end[2][2]]))
        if q - p < 2 or len(ring) - (q - p) < 2:
            return None
        one = CityBlock(ring[p : q + 1], owner[p:q])
        two = CityBlock(ring[q:] + ring[: p + 1], owner[q:] + owner[:p])
        if min(abs(_area(one.corners)), abs(_area(two.corners))) < SMALLEST_M2:
            return None
        seg = self.web.segment(ring[p][2], ring[q][2], self._kind(ring[p], ring[q], want))
        one.sides.append(seg)
        two.sides.append(seg)
        return one, two

    def _kind(self, a: Corner, b: Corner, want: float) -> str:
        """Class of a street by how many blocks it serves and how long it is."""
        length = math.hypot(a[0] - b[0], a[1] - b[1])
        if want > 260:
            return "secondary"
        if want > 42 or length > 2500:
            return "tertiary"
        if want > 5:
            return "residential" if length < 1500 else "unclassified"
        row = min(max(int((a[1] - self.land.south) / CELL_M), 0), len(self.old) - 1)
        col = min(max(int((a[0] - self.land.west) / CELL_M), 0), len(self.old[0]) - 1)
        if self.old[row][col]:
            return "footway" if self.random.random() < 0.4 else "residential"
        draw = self.random.random()
        return "residential" if draw < 0.45 else "service" if draw < 0.8 else "footway"


def _area(corners: Sequence[Corner]) -> float:
    """Signed area (shoelace)."""
    total = 0.0
    px, py, _ = corners[-1]
    for x, y, _ in corners:
        total += px * y - x * py
        px, py = x, y
    return total / 2
