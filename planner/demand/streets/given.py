"""Demand points that somebody else gives: a count at street corners, another model's points; to score a plan on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.demand.streets.estimate import points_at, table_of
from planner.demand.streets.pieces import StreetPieces, zones_of
from planner.demand.streets.standing import DemandPoints, cells_of, profiles_of
from planner.settings.demand import Demand
from planner.settings.groups import Group, Period

__all__ = ["points_given"]


def points_given(
    records: gpd.GeoDataFrame, groups: Sequence[Group], periods: Sequence[Period], *, districts: gpd.GeoDataFrame,
    mixed: Mapping[str, float], settings: Demand,
) -> tuple[gpd.GeoDataFrame, DemandPoints]:  # fmt: skip
    """Demand table and points of records with ``count`` (workers) and, where known, ``group``.

    Parameters
    ----------
    records
        Points in the districts' CRS (:func:`planner.inputs.observations.read_observations`).
    groups, periods
        Of the study: profiles, headline.
    districts
        Polygons with ``district``; records in none are left out.
    mixed
        Workers per headline group, by which records of no known group are divided.

    Raises
    ------
    ValueError
        No record with workers lies in a district.
    """
    points = records.geometry.to_numpy()
    count = pd.to_numeric(records["count"], errors="coerce").to_numpy(float)
    x, y = shapely.get_x(points), shapely.get_y(points)
    good = np.isfinite(x) & np.isfinite(y) & np.isfinite(count) & (count > 0)
    zone = np.full(len(points), -1, np.int64)
    if good.any():
        zone[good] = zones_of(x[good], y[good], districts.geometry.to_numpy())[0]
    keep = zone >= 0
    if not keep.any():
        raise ValueError("no point with workers lies in a district of the study")
    n, count = int(keep.sum()), count[keep]
    no = np.zeros(n, bool)
    pieces = StreetPieces(x[keep], y[keep], np.zeros(n), no, no, zone[keep])
    names = districts["district"].astype(str).tolist()
    cells = cells_of(
        pieces, names, cell_m=settings.cell_m, origin_m=settings.cell_origin_m, crs=districts.crs
    )
    named = np.full(n, "", dtype=object)
    if "group" in records.columns:
        named = records["group"].fillna("").astype(str).to_numpy(object)[keep]
    unknown = ~np.isin(named, [g.name for g in groups])
    whole = sum(mixed.values())
    workers = {
        g.name: np.where(named == g.name, count, 0.0)
        + np.where(unknown, count * (mixed.get(g.name, 0.0) / whole if whole > 0 else 0.0), 0.0)
        for g in groups
    }
    head = [g.name for g in groups if g.in_headline]
    made = points_at(pieces, cells, workers, head, profiles_of(groups, periods))
    return table_of(made, cells, districts), made
