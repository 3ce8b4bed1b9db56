"""Demand points: pieces of walkable street, each with its district; cells come after and only sum them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.demand.covariates import MAIN_CLASSES
from planner.demand.grid import Floats, Ints
from planner.demand.points import walkable

__all__ = ["HOME_CLASSES", "StreetPieces", "cut_streets"]

Flags = NDArray[np.bool_]
#: classes of street that people live along
HOME_CLASSES = ("residential", "living_street")


@dataclass(frozen=True, eq=False)
class StreetPieces:
    """StreetPieces of street as points, and points off the streets (of no length) where hosts or residents stand alone.

    Attributes
    ----------
    x_m, y_m
        Middle of each piece, float64 ``[n]``, metres in the streets' CRS.
    length_m
        Metres of street, float64; 0 off the streets.
    main
        Whether it is a main street (:data:`planner.demand.covariates.MAIN_CLASSES`).
    home
        Whether people live along its class; of streets without classes all.
    zone
        Position of the district it lies in.
    """

    x_m: Floats
    y_m: Floats
    length_m: Floats
    main: Flags
    home: Flags
    zone: Ints

    def __len__(self) -> int:
        return int(self.x_m.size)

    def take(self, at: NDArray[Any]) -> StreetPieces:
        """The pieces selected by a mask or positions."""
        names = ("x_m", "y_m", "length_m", "main", "home", "zone")
        return StreetPieces(*(getattr(self, n)[at] for n in names))

    def with_alone(self, x_m: Floats, y_m: Floats, zone: Ints) -> StreetPieces:
        """The same and, behind them, points off the streets."""
        n = x_m.size
        return replace(
            self, x_m=np.concatenate([self.x_m, x_m]), y_m=np.concatenate([self.y_m, y_m]),
            length_m=np.concatenate([self.length_m, np.zeros(n)]), main=np.concatenate([self.main, np.zeros(n, bool)]),
            home=np.concatenate([self.home, np.zeros(n, bool)]), zone=np.concatenate([self.zone, zone]),
        )  # fmt: skip


def zones_of(
    x_m: Floats, y_m: Floats, districts: Any, water: gpd.GeoDataFrame | None = None
) -> tuple[Ints, Flags]:
    """Position of the (first) polygon that holds each point, -1 for none; and which points lie in water."""
    tree = shapely.STRtree(shapely.points(x_m, y_m))
    zone, wet = np.full(x_m.size, len(districts), np.int64), np.zeros(x_m.size, bool)
    which, at = tree.query(np.asarray(districts), predicate="intersects")
    np.minimum.at(zone, at, which)
    if water is not None and len(water):
        wet[tree.query(water.geometry.to_numpy(), predicate="contains")[1]] = True
    return np.where(zone == len(districts), -1, zone), wet


def cut_streets(
    streets: gpd.GeoDataFrame, *, piece_m: float, start: float = 0.0, districts: Any,
    water: gpd.GeoDataFrame | None = None,
) -> StreetPieces:  # fmt: skip
    """Cut walkable streets into equal pieces of at most ``piece_m``.

    Parameters
    ----------
    streets
        Lines; ``class`` (OSM highway value) leaves motorways out, ``length`` or ``length_m`` (metres) is what a line
        counts for.
    piece_m
        Longest piece, metres.
    start
        Where along a piece the first cut lies, 0 to 1 (not included); 0: the first piece begins where the street
        does. Two values cut the same streets into pieces whose middles differ.
    districts
        Array of polygons; pieces whose middle is in none are left out.
    water
        Polygons; pieces with their middle over water (bridges) are left out.

    Returns
    -------
    StreetPieces
        In the order of the lines, along each of them.

    Examples
    --------
    A street of 250 m, pieces of at most 100 m: three of 83 m, their middles at 42, 125 and 208 m.
    """
    streets = walkable(streets)
    lines = streets.geometry.to_numpy()
    drawn = shapely.length(lines)
    some = np.flatnonzero(drawn > 0)
    line, middle, length = _cuts(drawn[some], piece_m, start)
    line = some[line]
    points = shapely.line_interpolate_point(lines[line], middle)
    x, y = shapely.get_x(points), shapely.get_y(points)
    main, home = _kinds(streets)
    pieces = StreetPieces(
        x, y, length * _stated(streets, drawn)[line], main[line], home[line], np.zeros(0, np.int64)
    )
    zone, wet = zones_of(x, y, districts, water)
    return replace(pieces, zone=zone).take((zone >= 0) & ~wet)


def _cuts(drawn: Floats, piece_m: float, start: float) -> tuple[Ints, Floats, Floats]:
    """Per piece: its line, where along the line its middle lies, and its length."""
    number = np.maximum(np.ceil(drawn / piece_m - 1e-3), 1).astype(np.int64)
    step = drawn / number
    count = number + (start > 0)
    line = np.repeat(np.arange(drawn.size), count)
    nth = np.arange(line.size) - np.repeat(np.cumsum(count) - count, count)
    shift = start - 1 if start > 0 else 0.0
    begin = np.maximum((nth + shift) * step[line], 0.0)
    end = np.minimum((nth + shift + 1) * step[line], drawn[line])
    return line, (begin + end) / 2, end - begin


def _stated(streets: gpd.GeoDataFrame, drawn: Floats) -> Floats:
    """Stated over drawn length of each line; 1 where none is stated."""
    column = next((c for c in ("length", "length_m") if c in streets.columns), None)
    if column is None:
        return np.ones(drawn.size)
    stated = pd.to_numeric(streets[column], errors="coerce").to_numpy(float)
    good = (drawn > 0) & np.isfinite(stated) & (stated > 0)
    return np.where(good, stated / np.where(good, drawn, 1), 1.0)


def _kinds(streets: gpd.GeoDataFrame) -> tuple[Flags, Flags]:
    """Which lines are main streets, and which people live along (all where no class says so)."""
    every = np.ones(len(streets), bool)
    if "class" not in streets.columns:
        return ~every, every
    kinds = streets["class"].astype("category").cat
    names = pd.Index(kinds.categories.astype(str)).str.removesuffix("_link")
    code = kinds.codes.to_numpy()
    main, home = (np.append(names.isin(some), False)[code] for some in (MAIN_CLASSES, HOME_CLASSES))
    return main, home if home.any() else every
