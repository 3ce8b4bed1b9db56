"""Gap areas: where workers have no station, as connected areas of a district."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.siting.coverage import Coverage

__all__ = ["gap_areas"]


def gap_areas(
    demand: gpd.GeoDataFrame,
    coverage: Coverage,
    *,
    cell_m: float,
    places: gpd.GeoDataFrame | None = None,
    least_workers: float = 10.0,
) -> gpd.GeoDataFrame:
    """Connected areas of a district whose workers have no station: name, district, workers, geometry.

    A cell belongs to a gap when its workers without a station exceed the mean workers of an inhabited cell;
    cells of a district that touch form one area; areas under ``least_workers`` are left out. Largest
    first, named by the place nearest to the area's middle.
    """
    missing = coverage.cells["workers"] - coverage.cells["covered"]
    inhabited = coverage.cells["workers"] > 0
    floor = float(coverage.cells.loc[inhabited, "workers"].mean()) if inhabited.any() else 0.0
    picked = demand.loc[(missing > floor).to_numpy(), ["district", "geometry"]].assign(workers=missing)
    parts = []
    for district, cells in picked.groupby("district", sort=True):
        areas = shapely.get_parts(
            shapely.union_all(shapely.buffer(cells.geometry.to_numpy(), cell_m * 0.01, join_style="mitre"))
        )
        inside = shapely.point_on_surface(cells.geometry.to_numpy())  # a centroid may lie outside a cut cell
        cell, area = shapely.STRtree(areas).query(inside, predicate="intersects")
        cell, first = np.unique(cell, return_index=True)
        workers = np.bincount(area[first], cells["workers"].to_numpy()[cell], len(areas))
        parts.append(
            gpd.GeoDataFrame({"district": district, "workers": workers}, geometry=areas, crs=demand.crs)
        )
    columns = ["name", "district", "workers", "geometry"]
    if not parts:
        return gpd.GeoDataFrame({c: [] for c in columns}, geometry="geometry", crs=demand.crs)
    gaps = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=demand.crs)
    gaps = gaps[gaps["workers"] >= least_workers]
    gaps = gaps.sort_values("workers", ascending=False, kind="stable").reset_index(drop=True)
    gaps["name"] = _nearest_names(gaps, places)
    return gaps[columns]


def _nearest_names(areas: gpd.GeoDataFrame, places: Any) -> list[str]:
    """Name of the place nearest to each area's middle; empty where no places are known."""
    if places is None or len(places) == 0:
        return [""] * len(areas)
    tree = shapely.STRtree(places.geometry.to_numpy())
    near = tree.nearest(areas.geometry.representative_point().to_numpy())
    return [str(v) for v in places["name"].to_numpy()[near]]
