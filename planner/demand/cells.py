"""The study area as square cells, each with its district and its share of land."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from planner.demand.grid import Grid, covered_share, overlay
from planner.errors import InputError, finding

#: cells with less of their area inside the study area than this are not made
MIN_SHARE = 0.01
MAX_CELLS = 4_000_000  # a province at 200 m has 2.5 million


def make_cells(
    area: BaseGeometry,
    *,
    cell_m: float,
    crs: Any,
    districts: gpd.GeoDataFrame | None = None,
    water: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Cover an area with square cells.

    Parameters
    ----------
    area
        The study area, a (multi)polygon in ``crs``.
    cell_m
        Side of a cell in metres; corners are multiples of it, so that ``cell_id`` is stable.
    crs
        Metric CRS of everything here.
    districts
        Polygons with column ``district``; a cell belongs to the one that covers most of it, or, where
        none does, to the nearest.
    water
        Polygons in which nobody stands.

    Returns
    -------
    GeoDataFrame
        ``cell_id`` (``"200mN17322E2510"``), ``col``, ``row``, ``district`` (``""`` without districts),
        ``area_share`` (inside the study area) and ``land_share`` (of that, not water), both 0 to 1,
        geometry (the square). Sorted by row, then column; a fresh RangeIndex.

    Raises
    ------
    ValueError
        ``cell_m`` is not positive or the area is empty.
    """
    if not cell_m > 0:
        raise ValueError(f"cell_m must be positive, got {cell_m}")
    if area is None or area.is_empty:
        raise ValueError("the study area is empty")
    _refuse_too_many(area, float(cell_m))
    grid = _inside(area, float(cell_m), crs)
    inside = covered_share(grid, [area])
    keep = inside >= MIN_SHARE
    grid, inside = Grid(grid.cell_m, grid.col[keep], grid.row[keep], crs), inside[keep]
    land = np.ones(len(grid))
    if water is not None and len(water):
        wet = covered_share(grid, water.geometry.to_numpy())
        land = np.clip(1 - wet / inside, 0, 1)
        land[land < 1e-9] = 0
    return gpd.GeoDataFrame(
        {
            "cell_id": _names(grid),
            "col": grid.col,
            "row": grid.row,
            "district": _largest_district(grid, districts),
            "area_share": inside,
            "land_share": land,
        },
        geometry=grid.boxes(),
        crs=crs,
    )


def _refuse_too_many(area: BaseGeometry, side: float) -> None:
    """DIS-006, before room is made for them, where an area would take more than :data:`MAX_CELLS` cells."""
    west, south, east, north = area.bounds
    n = max(area.area / side**2, (east - west) * (north - south) / (32 * side) ** 2)
    if n > MAX_CELLS:
        told: dict[str, Any] = {"side": f"{side:g}", "limit": f"{MAX_CELLS:,}"}
        told["better"] = int(np.ceil(side * np.sqrt(n / MAX_CELLS) / 100) * 100)
        raise InputError([finding("DIS-006", source="study.toml", field="demand.cell_m", value=f"{n:,.0f}", **told)])  # fmt: skip


def _inside(area: BaseGeometry, side: float, crs: Any) -> Grid:
    """All cells that touch the area, found block by block."""
    factor = 32
    west, south, east, north = (np.floor(v / side / factor) for v in area.bounds)
    col, row = np.meshgrid(np.arange(west, east + 1), np.arange(south, north + 1))
    blocks = Grid(side * factor, col.ravel().astype(np.int64), row.ravel().astype(np.int64), crs)
    parts = shapely.get_parts(np.asarray([area], dtype=object))
    hit = np.unique(shapely.STRtree(blocks.boxes()).query(parts, predicate="intersects")[1])
    step = np.arange(factor)
    col = (blocks.col[hit][:, None, None] * factor + step[None, None, :]) + np.zeros((1, factor, 1), np.int64)
    row = (blocks.row[hit][:, None, None] * factor + step[None, :, None]) + np.zeros((1, 1, factor), np.int64)
    col, row = col.ravel(), row.ravel()
    order = np.lexsort((col, row))
    return Grid(side, col[order], row[order], crs)


def _names(grid: Grid) -> list[str]:
    head = f"{grid.cell_m:g}mN"
    return [f"{head}{r}E{c}" for r, c in zip(grid.row.tolist(), grid.col.tolist(), strict=True)]


def _largest_district(grid: Grid, districts: gpd.GeoDataFrame | None) -> list[str]:
    """The district that covers most of each cell, the nearest where none does; "" without districts."""
    if districts is None or not len(districts):
        return [""] * len(grid)
    found = overlay(grid, districts.geometry.to_numpy())
    found["share"] = found["share"].round(9)
    best = found.sort_values(["cell", "share", "polygon"], ascending=[True, False, True])
    best = best.drop_duplicates("cell")
    which = np.full(len(grid), -1, np.int64)
    which[best["cell"].to_numpy()] = best["polygon"].to_numpy()
    lost = np.flatnonzero(which < 0)
    if lost.size:
        centres = shapely.points(grid.x_m[lost], grid.y_m[lost])
        tree = shapely.STRtree(districts.geometry.to_numpy())
        near = pd.DataFrame(tree.query_nearest(centres).T, columns=["cell", "polygon"])
        which[lost] = near.groupby("cell")["polygon"].min().to_numpy()
    names = districts["district"].astype(str).to_numpy()
    return list(names[which])
