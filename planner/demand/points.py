"""Where the workers of a cell stand: on a street, not in the middle of a block or a pond."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.demand.grid import Floats, LinePieces, cut_lines, grid_of

#: street classes nobody walks or waits on
NOT_WALKED = ("motorway", "motorway_link")


def walkable(streets: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The streets on which people stand: all classes but motorways."""
    if "class" not in streets.columns:
        return streets
    return streets[~streets["class"].isin(NOT_WALKED)]


def in_water(x: Floats, y: Floats, water: gpd.GeoDataFrame | None) -> NDArray[np.bool_]:
    """Which points lie in a water polygon."""
    wet = np.zeros(x.size, bool)
    if water is not None and len(water) and x.size:
        tree = shapely.STRtree(shapely.points(x, y))
        wet[tree.query(water.geometry.to_numpy(), predicate="contains")[1]] = True
    return wet


def dry_pieces(
    cells: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, water: gpd.GeoDataFrame | None = None
) -> LinePieces:
    """Walkable streets cut at the cells' edges, bridges over water left out."""
    pieces = cut_lines(grid_of(cells), walkable(streets).geometry.to_numpy())
    wet = in_water((pieces.x0 + pieces.x1) / 2, (pieces.y0 + pieces.y1) / 2, water)
    return pieces.take(~wet)


def place(
    cells: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    *,
    targets: gpd.GeoSeries | None = None,
    water: gpd.GeoDataFrame | None = None,
    limit_m: float = 500.0,
) -> gpd.GeoSeries:
    """One point per cell where its workers are taken to stand.

    The point of the cell's walkable streets nearest to the target; the target is ``targets`` or, by
    default, the centre of gravity of the streets in the cell. A cell without a street takes the nearest
    street point within ``limit_m`` of its centre, and its centre beyond that.

    Parameters
    ----------
    cells
        From :func:`planner.demand.cells.make_cells`.
    streets
        Lines in the same CRS, with or without ``class``; motorways are left out.
    targets
        Points on the cells' index: where the workers of a cell would like to stand.
    water
        Polygons; pieces of street over water (bridges) are left out.

    Returns
    -------
    GeoSeries
        Points on the cells' index, in their CRS.
    """
    grid = grid_of(cells)
    x, y = grid.x_m.copy(), grid.y_m.copy()
    pieces = dry_pieces(cells, streets, water)
    if targets is None:
        tx, ty = _centre_of_streets(pieces, x, y)
    else:
        given = targets.reindex(cells.index)
        tx, ty = given.x.to_numpy(), given.y.to_numpy()
    best, bx, by = _nearest_on(pieces, tx, ty)
    x[best], y[best] = bx, by
    without = np.setdiff1d(np.arange(len(grid)), best)
    if without.size and len(streets):
        _reach_out(without, x, y, walkable(streets), water, limit_m)
    return gpd.GeoSeries(shapely.points(x, y), index=cells.index, crs=cells.crs, name="point")


def _centre_of_streets(pieces: LinePieces, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Length-weighted mean of the pieces' middles per cell; the cell's centre where there are none."""
    length, n = pieces.length_m, x.size
    total = np.bincount(pieces.cell, length, n)
    has = total > 0
    tx, ty = x.copy(), y.copy()
    tx[has] = np.bincount(pieces.cell, length * (pieces.x0 + pieces.x1) / 2, n)[has] / total[has]
    ty[has] = np.bincount(pieces.cell, length * (pieces.y0 + pieces.y1) / 2, n)[has] / total[has]
    return tx, ty


def _nearest_on(pieces: LinePieces, tx: Floats, ty: Floats) -> tuple[NDArray[np.int64], Floats, Floats]:
    """For each cell with pieces: its position and the nearest point of its pieces to its target."""
    dx, dy = pieces.x1 - pieces.x0, pieces.y1 - pieces.y0
    square = np.maximum(dx**2 + dy**2, 1e-12)
    t = ((tx[pieces.cell] - pieces.x0) * dx + (ty[pieces.cell] - pieces.y0) * dy) / square
    t = np.clip(t, 0, 1)
    px, py = pieces.x0 + t * dx, pieces.y0 + t * dy
    distance = np.hypot(px - tx[pieces.cell], py - ty[pieces.cell]).round(6)
    order = np.lexsort((np.arange(t.size), distance, pieces.cell))
    cell = pieces.cell[order]
    first = order[np.append(True, cell[1:] != cell[:-1])] if cell.size else order
    return pieces.cell[first], px[first], py[first]


def _reach_out(
    without: NDArray[np.int64],
    x: Floats,
    y: Floats,
    streets: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame | None,
    limit_m: float,
) -> None:
    """Give cells without a street the nearest dry street point within ``limit_m`` (in place)."""
    lines = streets.geometry.to_numpy()
    centres = shapely.points(x[without], y[without])
    tree = shapely.STRtree(lines)
    who, line = tree.query_nearest(centres, max_distance=limit_m, all_matches=False)
    on = shapely.line_interpolate_point(lines[line], shapely.line_locate_point(lines[line], centres[who]))
    nx, ny = shapely.get_x(on), shapely.get_y(on)
    dry = ~in_water(nx, ny, water)
    x[without[who[dry]]], y[without[who[dry]]] = nx[dry], ny[dry]
