"""What each piece of street holds: residents, metres, what is drawn to it by venues and land use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.demand.covariates import HECTARES_PER_HOST, HOST_COVARIATES, LANDUSE_COVARIATES, lattice_m
from planner.demand.grid import Floats, Ints
from planner.demand.kernels import FEW
from planner.demand.streets.pieces import StreetPieces, zones_of
from planner.demand.streets.spread import StreetIndex, bandwidth_of
from planner.settings.demand import Demand

__all__ = ["Held", "hold", "with_spots"]

#: metres within which the residents of a building reach their street (standard deviation)
HOME_M = 50.0
#: the same for residents known on a lattice, as a share of its spacing: a square is known, not the house
_OF_LATTICE = 0.4
#: land use is taken at points so many metres apart
_FIELD_M = 100.0


@dataclass(frozen=True, eq=False)
class Pulls:
    """Places that draw workers: where, and how much of a venue each is."""

    x_m: Floats
    y_m: Floats
    mass: Floats

    @classmethod
    def none(cls) -> Pulls:
        """No place."""
        return cls(*(np.zeros(0) for _ in range(3)))

    def __add__(self, other: Pulls) -> Pulls:
        return Pulls(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in ("x_m", "y_m", "mass")))


@dataclass(frozen=True, eq=False)
class Held:
    """What each demand point holds.

    Attributes
    ----------
    pieces
        The points, those off the streets behind.
    table
        On the points' positions, float64: ``population`` (persons), ``streets`` and ``main_streets`` (metres), venues by
        covariate; each column sums to what there is in the area.
    bandwidths_m
        Bandwidth of each covariate with venues.
    """

    pieces: StreetPieces
    table: pd.DataFrame
    bandwidths_m: dict[str, float]


def hold(
    pieces: StreetPieces, *, population: gpd.GeoDataFrame, hosts: gpd.GeoDataFrame, landuse: gpd.GeoDataFrame,
    districts: gpd.GeoDataFrame, settings: Demand,
) -> Held:  # fmt: skip
    """What each piece of street holds.

    Parameters
    ----------
    pieces
        From :func:`planner.demand.streets.pieces.cut_streets`.
    population
        Points with ``population``; those with ``placed`` False say how many live in a district, not where: they live
        along its streets.
    hosts
        Points with ``host_kind``.
    landuse
        Polygons with ``landuse``, ``kind`` or ``class``; hectares count like venues.
    districts
        Polygons with ``district``, as the pieces' zones number them.
    settings
        ``bandwidth_m``, ``smooth``, ``homes_elsewhere``.
    """
    index, area = StreetIndex.of(pieces.x_m, pieces.y_m), float(districts.geometry.area.sum())
    venues = _venues(hosts, landuse)
    widths = _bandwidths(venues, settings, area)
    columns: dict[str, Floats] = {}
    alone: dict[str, Pulls] = {}
    homes = pieces.length_m * np.where(pieces.home, 1.0, settings.homes_elsewhere)
    people, unplaced = _people(population)
    lattice = lattice_m(people.x_m, people.y_m)
    near = max(_OF_LATTICE * lattice, HOME_M)
    columns["population"], left = index.share_out(
        people.x_m, people.y_m, people.mass, bandwidth_m=near, weight=homes
    )
    alone["population"] = _some(people, left)
    columns["population"] += _along(unplaced, pieces, homes, districts["district"].astype(str).tolist())
    columns["streets"] = pieces.length_m
    columns["main_streets"] = pieces.length_m * pieces.main
    for name, places in venues.items():
        columns[name], left = index.share_out(
            places.x_m, places.y_m, places.mass, bandwidth_m=widths.get(name, 0.0), weight=pieces.length_m
        )
        alone[name] = _some(places, left)
    return _with_alone(pieces, columns, alone, districts.geometry.to_numpy(), widths)


def _some(places: Pulls, at: Ints) -> Pulls:
    return Pulls(places.x_m[at], places.y_m[at], places.mass[at])


def _xy(frame: gpd.GeoDataFrame) -> tuple[Floats, Floats]:
    points = frame.geometry.to_numpy()
    if len(points) and (shapely.get_type_id(points) != 0).any():
        points = shapely.centroid(points)
    return shapely.get_x(points), shapely.get_y(points)


def _people(population: gpd.GeoDataFrame) -> tuple[Pulls, pd.Series]:
    """Residents whose place is known; and by district how many have none."""
    if not len(population):
        return Pulls.none(), pd.Series(dtype=float)
    number = pd.to_numeric(population["population"], errors="coerce").clip(lower=0).fillna(0.0)
    placed = (
        population["placed"].astype(bool) if "placed" in population else pd.Series(True, population.index)
    )
    x, y = _xy(population)
    good = placed.to_numpy() & (number > 0).to_numpy() & np.isfinite(x) & np.isfinite(y)
    rest = number[~placed]
    by = rest.groupby(population.loc[~placed, "district"].astype(str)).sum() if len(rest) else rest
    return Pulls(x[good], y[good], number.to_numpy()[good]), by


def _along(unplaced: pd.Series, pieces: StreetPieces, homes: Floats, districts: list[str]) -> Floats:
    """Residents of each district along its streets, as ``homes`` (metres) counts them.

    ``unplaced``: persons, by district.
    """
    out = np.zeros(len(pieces))
    for district, people in unplaced.items():
        here = pieces.zone == districts.index(str(district))
        metres = np.where(here, homes, 0.0)
        if metres.sum() > 0:
            out += people * metres / metres.sum()
    return out


def _venues(hosts: gpd.GeoDataFrame, landuse: gpd.GeoDataFrame) -> dict[str, Pulls]:
    """Venues by covariate, land use among them."""
    found = {name: Pulls.none() for name in HOST_COVARIATES}
    if len(hosts):
        x, y = _xy(hosts)
        kind = hosts["host_kind"].astype(str)
        good = np.isfinite(x) & np.isfinite(y)
        for name, kinds in HOST_COVARIATES.items():
            some = kind.isin(kinds).to_numpy() & good
            found[name] += Pulls(x[some], y[some], np.ones(int(some.sum())))
    column = next((c for c in ("landuse", "kind", "class") if c in landuse.columns), None)
    if len(landuse) and column is not None:
        use = landuse[column].astype(str)
        for name, values in LANDUSE_COVARIATES.items():
            polygons = landuse.geometry.to_numpy()[use.isin(values).to_numpy()]
            found[name] += _fields(polygons)
    return found


def _fields(polygons: Any) -> Pulls:
    """Points every :data:`_FIELD_M` within polygons (each at one spot once), one in those that hold none."""
    polygons = polygons[~(shapely.is_missing(polygons) | shapely.is_empty(polygons))]
    if not len(polygons):
        return Pulls.none()
    low = np.floor(shapely.bounds(polygons) / _FIELD_M).astype(np.int64)
    wide, high = low[:, 2] - low[:, 0] + 1, low[:, 3] - low[:, 1] + 1
    owner = np.repeat(np.arange(len(polygons)), wide * high)
    nth = np.arange(owner.size) - np.repeat(np.cumsum(wide * high) - wide * high, wide * high)
    col, row = low[owner, 0] + nth % wide[owner], low[owner, 1] + nth // wide[owner]
    x, y = (col + 0.5) * _FIELD_M, (row + 0.5) * _FIELD_M
    shapely.prepare(polygons)
    inside = shapely.contains_xy(polygons[owner], x, y)
    small = np.setdiff1d(np.arange(len(polygons)), owner[inside])
    spots = np.unique(np.column_stack([row[inside], col[inside]]), axis=0)
    one = shapely.point_on_surface(polygons[small])
    per = _FIELD_M**2 / 1e4 / HECTARES_PER_HOST
    return Pulls(
        (spots[:, 1] + 0.5) * _FIELD_M, (spots[:, 0] + 0.5) * _FIELD_M, np.full(len(spots), per)
    ) + Pulls(shapely.get_x(one), shapely.get_y(one), shapely.area(polygons[small]) / 1e4 / HECTARES_PER_HOST)


def _bandwidths(venues: dict[str, Pulls], s: Demand, area_m2: float) -> dict[str, float]:
    """Bandwidth of each covariate there is: the study's, else by likelihood; of few venues that of all together."""
    some = {name: v for name, v in venues.items() if v.mass.sum() > 0}
    if not s.smooth or s.bandwidth_m is not None:
        return dict.fromkeys(some, float(s.bandwidth_m or 0.0) if s.smooth else 0.0)
    widths = {name: bandwidth_of(v.x_m, v.y_m, v.mass, area_m2=area_m2) for name, v in some.items()}
    few = [name for name, v in some.items() if v.mass.sum() < FEW]
    if few:
        every = Pulls.none()
        for v in some.values():
            every += v
        together = bandwidth_of(every.x_m, every.y_m, every.mass, area_m2=area_m2)
        widths |= dict.fromkeys(few, together)
    return widths


def _with_alone(
    pieces: StreetPieces,
    columns: dict[str, Floats],
    alone: dict[str, Pulls],
    districts: Any,
    widths: dict[str, float],
) -> Held:
    """Points off the streets for places that no street is near, one per spot within the districts."""
    names = [n for n, v in alone.items() if v.x_m.size]
    held = Held(pieces, pd.DataFrame(columns), widths)
    if not names:
        return held
    x, y, mass = (np.concatenate([getattr(alone[n], c) for n in names]) for c in ("x_m", "y_m", "mass"))
    column = np.repeat(np.arange(len(names)), [alone[n].x_m.size for n in names])
    spots, at = np.unique(np.column_stack([x, y]), axis=0, return_inverse=True)
    extra = np.zeros((len(spots), held.table.shape[1]))
    np.add.at(extra, (at.ravel(), held.table.columns.get_indexer(names)[column]), mass)
    return with_spots(held, spots, districts, extra)


def with_spots(held: Held, spots: Floats, districts: Any, extra: Floats | None = None) -> Held:
    """The same with points off the streets (n × 2) behind, and what they hold; those in no district left out."""
    zone, _ = zones_of(spots[:, 0], spots[:, 1], districts)
    keep = zone >= 0
    some = np.zeros((len(spots), held.table.shape[1])) if extra is None else extra
    more = pd.DataFrame(some[keep], columns=held.table.columns)
    pieces = held.pieces.with_alone(spots[keep, 0], spots[keep, 1], zone[keep])
    return Held(pieces, pd.concat([held.table, more], ignore_index=True), held.bandwidths_m)
