"""What each cell holds: residents, streets, venues, land use, distance to a centre."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.demand.grid import Floats, Grid, covered_share, cut_lines, grid_of
from planner.demand.points import in_water, walkable

#: covariate -> host kinds counted for it
HOST_COVARIATES: dict[str, tuple[str, ...]] = {
    "restaurants": ("restaurant", "fast_food"),
    "malls": ("mall",),
    "offices": ("office",),
    "depots": ("parcel_depot", "post_office"),
    "hubs": ("rail_station", "bus_station"),
    "chargers": ("charging", "fuel"),
    "logistics": ("logistics", "truck_parking", "service_area"),
    "ports": ("port",),
    "industry": ("industry",),
    "construction": ("construction",),
    "shops": ("convenience", "pharmacy", "bank", "telecom"),
}
#: covariate -> values of land use whose hectares are added to it
LANDUSE_COVARIATES: dict[str, tuple[str, ...]] = {
    "industry": ("industrial",),
    "construction": ("construction", "brownfield"),
    "ports": ("port", "harbour"),
    "logistics": ("logistics", "depot"),
    "shops": ("retail",),
    "offices": ("commercial",),
}
#: classes that make ``main_streets``; ``_link`` counts with its class
MAIN_CLASSES = ("trunk", "primary", "secondary", "tertiary")
#: hectares of land use that count like one mapped venue
HECTARES_PER_HOST = 2.0
#: what each covariate is called, in English and Chinese
LABELS: dict[str, tuple[str, str]] = {
    "population": ("residents", "居民"),
    "streets": ("walkable streets", "可步行街道"),
    "main_streets": ("main streets", "主干道路"),
    "restaurants": ("restaurants", "餐饮"),
    "malls": ("malls", "商场"),
    "offices": ("offices", "写字楼"),
    "depots": ("parcel depots and post offices", "快递网点与邮局"),
    "hubs": ("railway and bus stations", "车站"),
    "chargers": ("charging and petrol stations", "充电站与加油站"),
    "logistics": ("logistics parks", "物流园区"),
    "ports": ("ports", "港口"),
    "industry": ("industry", "工业"),
    "construction": ("building sites", "建筑工地"),
    "shops": ("shops and banks", "便利店与银行"),
}
#: columns that describe a place but draw nobody by themselves
NOT_DRAWING = ("centre_m",)
#: kinds of place that are centres, the first row of which there is any (without ``kind``: every place)
CENTRES = (("city", "town", "suburb", "borough"), ("village",))


def measure(
    cells: gpd.GeoDataFrame,
    *,
    population: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
    hosts: gpd.GeoDataFrame | None = None,
    landuse: gpd.GeoDataFrame | None = None,
    water: gpd.GeoDataFrame | None = None,
    centres: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Measure the covariates of each cell; nothing is smoothed yet.

    Parameters
    ----------
    cells
        From :func:`planner.demand.cells.make_cells`; all layers in the same CRS.
    population
        Points (or small polygons, taken at their centroid) with column ``population``; points on a regular
        lattice stand for squares, and are spread over them.
    streets
        Lines with ``class`` (OSM highway value); a column ``length`` (metres) is what the line counts for.
    hosts
        Points with ``host_kind`` (:data:`planner.tables.HOST_KINDS`).
    landuse
        Polygons with ``landuse`` (or ``kind``, ``class``): OSM values such as ``industrial``.
    water
        Polygons: streets over water (bridges) and venues in it count nothing.
    centres
        Points of centres; with ``kind``, those of :data:`CENTRES` count.

    Returns
    -------
    DataFrame
        On the cells' index, float64, no NaN: ``population`` (persons), ``streets`` and
        ``main_streets`` (metres), counts for each key of :data:`HOST_COVARIATES` (land use adds one per
        :data:`HECTARES_PER_HOST`), ``centre_m`` (distance to the nearest centre, 0 without centres).
    """
    grid = grid_of(cells)
    land = cells["land_share"].to_numpy() > 0 if "land_share" in cells else np.ones(len(cells), bool)
    columns: dict[str, Floats] = {"population": _people(grid, population, land)}
    columns |= _streets(grid, streets, water)
    columns |= _hosts(grid, hosts)
    for name, more in _landuse(grid, landuse).items():
        columns[name] = columns.get(name, np.zeros(len(grid))) + more
    table = pd.DataFrame(columns, index=cells.index)
    table.loc[~land] = 0.0
    table["centre_m"] = centre_distance(grid, centres)
    return table


def _xy(frame: gpd.GeoDataFrame) -> tuple[Floats, Floats]:
    points = frame.geometry.to_numpy()
    if len(points) and (shapely.get_type_id(points) != 0).any():
        points = shapely.centroid(points)
    return shapely.get_x(points), shapely.get_y(points)


def _sum_points(grid: Grid, frame: gpd.GeoDataFrame, weight: Floats) -> Floats:
    cell = grid.locate(*_xy(frame))
    known = (cell >= 0) & np.isfinite(weight)
    return np.bincount(cell[known], weight[known], len(grid)).astype(float)


def _people(grid: Grid, population: gpd.GeoDataFrame | None, land: NDArray[np.bool_]) -> Floats:
    if population is None or not len(population):
        return np.zeros(len(grid))
    people = pd.to_numeric(population["population"], errors="coerce").to_numpy(float)
    people = np.clip(people, 0, None)
    side = lattice_m(*_xy(population))
    if side <= grid.cell_m / 4:
        return _sum_points(grid, population, people)
    return _sum_squares(grid, population, people, side, land)


def lattice_m(x: Floats, y: Floats) -> float:
    """Spacing of points that lie on a lattice, in metres; 0 for others.

    On a lattice most points have their nearest neighbour at one and the same distance, even if some have been
    moved ashore; of points anywhere, one in fourteen has it within 5 % of the median.
    """
    from scipy.spatial import cKDTree

    xy = np.column_stack([x, y])[np.isfinite(x) & np.isfinite(y)]
    if len(xy) < 9:
        return 0.0
    some = xy[:: max(len(xy) // 2000, 1)]
    metres = cKDTree(xy).query(some, k=2)[0][:, 1]
    middle = float(np.median(metres))
    return middle if np.mean(np.abs(metres - middle) < 0.05 * middle) > 0.4 else 0.0


def _sum_squares(
    grid: Grid,
    frame: gpd.GeoDataFrame,
    weight: Floats,
    side: float,
    land: NDArray[np.bool_],
    *,
    parts: int = 5,
) -> Floats:
    """Sum points that stand for squares of ``side``, each spread evenly over the land of its square.

    A lattice that does not match the cells would else leave some cells empty and fill others twice.
    """
    x, y = _xy(frame)
    steps = ((np.arange(parts) + 0.5) / parts - 0.5) * side
    where = np.stack([grid.locate(x + dx, y + dy) for dx in steps for dy in steps])
    dry = where >= 0
    dry[dry] = land[where[dry]]
    count = dry.sum(axis=0)
    share = np.where((count > 0) & np.isfinite(weight), weight / np.maximum(count, 1), 0.0)
    shares = np.broadcast_to(share, where.shape)
    return np.bincount(where[dry], shares[dry], len(grid)).astype(float)


def _streets(
    grid: Grid, streets: gpd.GeoDataFrame | None, water: gpd.GeoDataFrame | None
) -> dict[str, Floats]:
    none = {"streets": np.zeros(len(grid)), "main_streets": np.zeros(len(grid))}
    if streets is None or not len(streets):
        return none
    streets = walkable(streets)
    lines = streets.geometry.to_numpy()
    pieces = cut_lines(grid, lines)
    length = pieces.length_m
    if "length" in streets.columns:
        drawn = shapely.length(lines)
        stated = pd.to_numeric(streets["length"], errors="coerce").to_numpy(float)
        good = (drawn > 0) & np.isfinite(stated) & (stated > 0)
        length = length * np.where(good, stated / np.where(good, drawn, 1), 1)[pieces.line]
    length = np.where(in_water((pieces.x0 + pieces.x1) / 2, (pieces.y0 + pieces.y1) / 2, water), 0, length)
    main = np.zeros(len(streets), bool)
    if "class" in streets.columns:
        main = streets["class"].astype(str).str.removesuffix("_link").isin(MAIN_CLASSES).to_numpy()
    return {
        "streets": np.bincount(pieces.cell, length, len(grid)).astype(float),
        "main_streets": np.bincount(pieces.cell, length * main[pieces.line], len(grid)).astype(float),
    }


def _hosts(grid: Grid, hosts: gpd.GeoDataFrame | None) -> dict[str, Floats]:
    columns = {name: np.zeros(len(grid)) for name in HOST_COVARIATES}
    if hosts is None or not len(hosts):
        return columns
    kind = hosts["host_kind"].astype(str)
    for name, kinds in HOST_COVARIATES.items():
        some = hosts[kind.isin(kinds)]
        if len(some):
            columns[name] = _sum_points(grid, some, np.ones(len(some)))
    return columns


def _landuse(grid: Grid, landuse: gpd.GeoDataFrame | None) -> dict[str, Floats]:
    if landuse is None or not len(landuse):
        return {}
    column = next((c for c in ("landuse", "kind", "class") if c in landuse.columns), None)
    if column is None:
        return {}
    use = landuse[column].astype(str)
    found: dict[str, Floats] = {}
    for name, values in LANDUSE_COVARIATES.items():
        polygons = landuse.geometry.to_numpy()[use.isin(values).to_numpy()]
        if polygons.size:
            hectares = covered_share(grid, polygons) * grid.cell_m**2 / 1e4
            found[name] = hectares / HECTARES_PER_HOST
    return found


def centre_distance(grid: Grid, centres: gpd.GeoDataFrame | None) -> Floats:
    """Metres from the middle of each cell to the nearest centre; 0 without centres."""
    if centres is not None and "kind" in centres.columns:
        kinds = next((k for k in CENTRES if centres["kind"].isin(k).any()), ())
        centres = centres[centres["kind"].isin(kinds)]
    if centres is None or not len(centres) or not len(grid):
        return np.zeros(len(grid))
    tree = shapely.STRtree(centres.geometry.to_numpy())
    middle = shapely.points(grid.x_m, grid.y_m)
    found, distance = tree.query_nearest(middle, return_distance=True, all_matches=False)
    metres = np.zeros(len(grid))
    metres[found[0]] = distance
    return metres
