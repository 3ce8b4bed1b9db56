"""Where people live and how fine the streets are: smooth fields on a 100 m raster.

Own model, not a measurement: every town of the table is a bump with its radius and weight, villages
fill the country between, lakes and hills stay empty, and each district's sum is the known population.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.example.facts import Facts, Floats

CELL_M = 100.0
#: blocks per square metre where the field of a place is 1
FINEST = {"core": 1 / 15_500, "city": 1 / 21_500, "town": 1 / 27_000}
SKIRT, VILLAGE, COUNTRY, OLD_TOWN = 1 / 75_000, 1 / 30_000, 1 / 700_000, 1 / 8_500


@dataclass(frozen=True)
class Field:
    """Rasters over the city; row 0 is south, values belong to cell centres.

    Attributes
    ----------
    west, south
        Corner of the raster in metres.
    district
        Row of the district table, -1 outside the city.
    blocks
        Street blocks per cell that the generator aims at.
    people
        Residents per cell (before rounding to whole numbers).
    land, old_town, park
        Dry land in the city; inside Gusu's moat; inside Suzhou Industrial Park.
    villages
        Centres of villages, metres, shape (n, 2).
    """

    west: float
    south: float
    district: NDArray[np.int16]
    blocks: Floats
    people: Floats
    land: NDArray[np.bool_]
    old_town: NDArray[np.bool_]
    park: NDArray[np.bool_]
    villages: Floats

    def at(self, raster: NDArray, x: Floats, y: Floats) -> NDArray:
        """Raster values at points (points outside take the nearest cell)."""
        col = np.clip(((x - self.west) / CELL_M).astype(int), 0, raster.shape[1] - 1)
        row = np.clip(((y - self.south) / CELL_M).astype(int), 0, raster.shape[0] - 1)
        return raster[row, col]

    def centres(self) -> tuple[Floats, Floats]:
        """Cell centres as two rasters."""
        rows, cols = self.land.shape
        x = self.west + (np.arange(cols) + 0.5) * CELL_M
        y = self.south + (np.arange(rows) + 0.5) * CELL_M
        return np.meshgrid(x, y)


def _inside(shape: shapely.Geometry, x: Floats, y: Floats) -> NDArray[np.bool_]:
    shapely.prepare(shape)
    return np.asarray(shapely.contains_xy(shape, x, y))


def _ripple(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Smooth noise around 1: lognormal of a few plane waves of 2 to 9 km."""
    total = np.zeros_like(x)
    for length in (2100.0, 3300.0, 5200.0, 8700.0):
        a, phase = rng.uniform(0, np.pi), rng.uniform(0, 2 * np.pi, 2)
        u, v = x * np.cos(a) + y * np.sin(a), y * np.cos(a) - x * np.sin(a)
        total += np.sin(2 * np.pi * u / length + phase[0]) * np.sin(2 * np.pi * v / length + phase[1])
    return np.exp(0.28 * total)


def _stamp(
    target: Floats, cx: float, cy: float, radius: float, value: float, west: float, south: float, power: float
) -> None:
    """Add ``value · exp(-(d/radius)^power)`` around a centre, within three radii, in place."""
    reach = int(3 * radius / CELL_M) + 1
    col, row = int((cx - west) / CELL_M), int((cy - south) / CELL_M)
    r0, r1 = max(row - reach, 0), min(row + reach + 1, target.shape[0])
    c0, c1 = max(col - reach, 0), min(col + reach + 1, target.shape[1])
    if r0 >= r1 or c0 >= c1:
        return
    dy = south + (np.arange(r0, r1) + 0.5)[:, None] * CELL_M - cy
    dx = west + (np.arange(c0, c1) + 0.5)[None, :] * CELL_M - cx
    target[r0:r1, c0:c1] += value * np.exp(-((np.hypot(dx, dy) / radius) ** power))


def _village_centres(facts: Facts, land: NDArray[np.bool_], busy: Floats, west: float, south: float,
                     rng: np.random.Generator) -> Floats:  # fmt: skip
    """Village centres on a jittered grid of 1.15 km, on land, away from towns; every island has one."""
    step = 1150.0
    rows, cols = land.shape
    gx, gy = np.meshgrid(np.arange(0, cols * CELL_M, step), np.arange(0, rows * CELL_M, step))
    x = (gx + rng.uniform(-0.42, 0.42, gx.shape) * step).ravel()
    y = (gy + rng.uniform(-0.42, 0.42, gy.shape) * step).ravel()
    col = np.clip((x / CELL_M).astype(int), 0, cols - 1)
    row = np.clip((y / CELL_M).astype(int), 0, rows - 1)
    keep = land[row, col] & (busy[row, col] < 0.25) & (rng.random(x.size) < 0.62)
    own = np.array([[p.x, p.y] for p in facts.islands.representative_point()])
    return np.vstack([np.column_stack([west + x[keep], south + y[keep]]), own])


def old_town_outline(facts: Facts) -> shapely.Geometry:
    """The old town of Gusu: what the moat encloses."""
    moat = next(line for line in facts.lines if line.name_zh == "外城河")
    return shapely.Polygon(moat.geometry)


def make_field(facts: Facts, *, seed: int) -> Field:
    """Build every raster of the city; 12.96 million people, district by district."""
    rng = np.random.default_rng([seed, 1])
    west, south, east, north = (float(v) for v in facts.city.bounds)
    west, south = np.floor(west / 500) * 500, np.floor(south / 500) * 500
    shape = (int((north - south) // 500 + 1) * 5, int((east - west) // 500 + 1) * 5)
    x, y = np.meshgrid(
        west + (np.arange(shape[1]) + 0.5) * CELL_M, south + (np.arange(shape[0]) + 0.5) * CELL_M
    )
    district = np.full(shape, -1, np.int16)
    for i, outline in enumerate(facts.districts.geometry):
        district[_inside(outline, x, y) & (district < 0)] = i
    land = (district >= 0) & ~_inside(facts.water.union_all(), x, y)
    hill = _inside(facts.hills.union_all(), x, y)
    old_town = _inside(old_town_outline(facts), x, y)
    park = district == int(np.flatnonzero(facts.districts["adcode"] == "320571")[0])
    ripple = _ripple(x, y, rng)

    busy, fine, people, skirt = (np.zeros(shape) for _ in range(4))
    for t in facts.towns.itertuples():
        _stamp(busy, t.x, t.y, t.radius_m * 1.3, 1.0, west, south, 3.0)
        _stamp(fine, t.x, t.y, t.radius_m, FINEST[t.kind], west, south, 3.0)
        _stamp(skirt, t.x, t.y, t.radius_m * 1.9, SKIRT, west, south, 2.5)
        density = t.weight * 1000 / (t.radius_m / CELL_M) ** 2
        _stamp(people, t.x, t.y, t.radius_m * 0.95, 0.27 * density, west, south, 2.2)
        _stamp(people, t.x, t.y, t.radius_m * 2.0, 0.018 * density, west, south, 2.0)
    villages = _village_centres(facts, land, busy, west, south, rng)
    for vx, vy in villages:
        size = rng.uniform(0.7, 1.3)
        _stamp(fine, vx, vy, 230 * size, VILLAGE, west, south, 3.0)
        _stamp(people, vx, vy, 220 * size, 26.0, west, south, 2.5)
    for p in facts.places[facts.places["kind"].isin(["industry", "logistics", "port"])].itertuples():
        _stamp(skirt, p.x, p.y, float(p.radius_m), 1 / 50_000, west, south, 4.0)
        _stamp(people, p.x, p.y, float(p.radius_m), 3.0, west, south, 4.0)

    blocks = np.maximum(np.minimum(fine, FINEST["core"]), np.minimum(skirt, 2 * SKIRT)) * ripple + COUNTRY
    blocks = np.where(old_town, OLD_TOWN, np.where(park, blocks * 0.55, blocks))
    blocks = np.where(hill, 1 / 2_500_000, blocks) * land * CELL_M**2
    people = np.where(old_town, np.maximum(people, 90.0), people) * ripple**0.8
    people = np.where(land & ~hill, people + 0.25, 0.0)
    for i, total in enumerate(facts.districts["population"].astype(float)):
        mine = district == i
        people[mine] *= total / people[mine].sum()
    return Field(west, south, district, blocks, people, land, old_town, park, villages)
