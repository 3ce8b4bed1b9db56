"""Service areas: the ground around the streets from which a site is reached within a cutoff.

Streets are cut exactly where the cutoff falls, and the area is everything within ``buffer_m`` of the
reached pieces: a block's inside, a lake or a rail yard farther than that from every reached street
stays a hole. Directions hold: the area of a site is where people can come *from*.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from planner.roads.ground import Ground
from planner.roads.pieces import Pieces, lines, pieces_of_all, pieces_of_each
from planner.roads.reach import Progress
from planner.roads.snapping import Snapped, snap

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from shapely.geometry.base import BaseGeometry

    from planner.roads.network import Network

__all__ = ["cover_counts", "difference", "overlap_counts", "service_areas", "union_area"]

Method = Literal["contour", "exact"]


def service_areas(
    network: Network,
    sites: Any,
    *,
    cutoff_s: float | Sequence[float] = 600,
    method: Method = "contour",
    buffer_m: float = 30.0,
    limit_m: float = 100.0,
    progress: Progress | None = None,
) -> gpd.GeoDataFrame:
    """The service area of every site, for one cutoff or several.

    Parameters
    ----------
    network
        Streets of one mode.
    sites
        Points (GeoDataFrame, GeoSeries, array in the network's CRS) or :class:`Snapped`.
    cutoff_s
        Seconds, off-road leg of the site counted; several cutoffs share one search.
    buffer_m
        Half the width of the ground that belongs to a street.

    Returns
    -------
    GeoDataFrame in the network's CRS on the sites' index (once per cutoff, in the order given):
    ``minutes``, ``reached_km`` (length of reached streets), geometry (empty for a site on no street).

    Raises
    ------
    ValueError
        Cutoff or buffer not a number, or not positive.
    PlannerError
        Points without a CRS.
    """
    import geopandas as gpd

    cutoffs = np.atleast_1d(np.asarray(cutoff_s, float))
    _check(cutoffs, buffer_m, method)
    snapped = sites if isinstance(sites, Snapped) else snap(network, sites, limit_m=limit_m)
    ground = Ground(network, buffer_m) if method == "contour" else None
    later = [] if ground is None else [cutoffs + ground.later_s]
    rank = np.argsort(np.argsort(-cutoffs, kind="stable"))
    shapes, km = [], []
    for i, found in enumerate(pieces_of_each(network, snapped, np.concatenate([cutoffs, *later]))):
        for j, r in enumerate(rank):
            if ground is None:
                shapes.append(_buffered(network, found[j], buffer_m))
            else:
                shapes.append(ground.polygon(found[j], found[cutoffs.size + j], rank=int(r), of=rank.size))
            km.append(found[j].km(network))
        if progress is not None and i % 100 == 0:
            progress("service areas", i / len(snapped))
    return gpd.GeoDataFrame(
        {"minutes": np.tile(cutoffs / 60, len(snapped)), "reached_km": np.array(km, float)},
        geometry=gpd.GeoSeries(shapes, index=snapped.index.repeat(cutoffs.size), crs=network.crs),
        index=snapped.index.repeat(cutoffs.size),
        crs=network.crs,
    )


def union_area(
    network: Network,
    sites: Any,
    *,
    cutoff_s: float = 600,
    method: Method = "contour",
    buffer_m: float = 30.0,
    limit_m: float = 100.0,
) -> BaseGeometry:
    """The ground from which any of the sites is reached within the cutoff, from one search."""
    _check(np.array([cutoff_s], float), buffer_m, method)
    snapped = sites if isinstance(sites, Snapped) else snap(network, sites, limit_m=limit_m)
    if method == "exact":
        return _buffered(network, pieces_of_all(network, snapped, np.array([cutoff_s], float))[0], buffer_m)
    ground = Ground(network, buffer_m)
    found, soft = pieces_of_all(network, snapped, np.array([cutoff_s, cutoff_s + ground.later_s]))
    return ground.polygon(found, soft)


def _check(cutoffs: np.ndarray, buffer_m: float, method: str) -> None:
    if cutoffs.size == 0 or not (np.isfinite(cutoffs).all() and (cutoffs >= 0).all()):
        raise ValueError(f"cutoff_s must be finite seconds, 0 or more, not {cutoffs}")
    if not (np.isfinite(buffer_m) and buffer_m > 0):
        raise ValueError(f"buffer_m must be above 0, not {buffer_m}")
    if method not in ("contour", "exact"):
        raise ValueError(f'method is "contour" or "exact", not {method!r}')


def _buffered(network: Network, pieces: Pieces, buffer_m: float) -> BaseGeometry:
    """Union of the buffered pieces."""
    import shapely

    return shapely.union_all(shapely.buffer(lines(network, pieces), buffer_m))


#: Where outlines of areas meet they are rounded to this (metres), so that pieces close.
GRID_M = 1e-3


def overlap_counts(areas: gpd.GeoDataFrame | gpd.GeoSeries) -> gpd.GeoDataFrame:
    """The ground cut where the areas' outlines run, and how many areas cover each piece.

    Meant for some hundred areas; for how many cover a point use :func:`cover_counts`, whatever the number.

    Returns
    -------
    GeoDataFrame in the areas' CRS: ``sites`` (areas that cover the piece, 1 or more), ``km2``, geometry
    (polygons that do not overlap, most covered first, then largest).
    """
    import geopandas as gpd
    import shapely

    shapes = np.asarray(areas.geometry)
    shapes = shapes[~(shapely.is_empty(shapes) | shapely.is_missing(shapes))]
    outlines = shapely.union_all(shapely.boundary(shapes), grid_size=GRID_M)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(outlines)))
    _, face = shapely.STRtree(shapely.point_on_surface(faces)).query(shapes, predicate="contains")
    sites = np.bincount(face, minlength=faces.size).astype(np.int64)
    km2 = shapely.area(faces) / 1e6
    order = np.lexsort((-km2, -sites))
    order = order[sites[order] > 0]
    return gpd.GeoDataFrame({"sites": sites[order], "km2": km2[order]}, geometry=faces[order], crs=areas.crs)


def cover_counts(
    areas: gpd.GeoDataFrame | gpd.GeoSeries, points: gpd.GeoDataFrame | gpd.GeoSeries
) -> pd.Series:
    """How many areas each point lies in or on the edge of, on the points' index.

    Raises
    ------
    ValueError
        Areas and points in different CRS.
    """
    import pandas as pd
    import shapely

    if areas.crs != points.crs:
        raise ValueError(f"areas are in {areas.crs}, points in {points.crs}")
    tree = shapely.STRtree(np.asarray(points.geometry))
    _, point = tree.query(np.asarray(areas.geometry), predicate="intersects")
    return pd.Series(np.bincount(point, minlength=len(points)), index=points.index, name="sites")


def difference(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """What each site's area gained and lost, sites matched by index; absent before or after: nothing there.

    Returns
    -------
    GeoDataFrame on both indexes (before's first): ``gained_km2``, ``lost_km2``, ``lost`` (GeoSeries) and
    geometry, the ground gained.

    Raises
    ------
    ValueError
        Different CRS, or a site that stands in one table more than once.
    """
    import geopandas as gpd
    import shapely

    if before.crs != after.crs:
        raise ValueError(f"before is in {before.crs}, after in {after.crs}")
    if not (before.index.is_unique and after.index.is_unique):
        raise ValueError("a site stands more than once: compare one cutoff at a time")
    index = before.index.append(after.index.difference(before.index, sort=False))
    old, new = (np.asarray(t.geometry.reindex(index)) for t in (before, after))
    nothing = shapely.from_wkt("POLYGON EMPTY")
    old, new = (np.where(shapely.is_missing(a), nothing, a) for a in (old, new))
    gained, lost = shapely.difference(new, old), shapely.difference(old, new)
    return gpd.GeoDataFrame(
        {
            "gained_km2": shapely.area(gained) / 1e6,
            "lost_km2": shapely.area(lost) / 1e6,
            "lost": gpd.GeoSeries(lost, index=index, crs=before.crs),
        },
        geometry=gpd.GeoSeries(gained, index=index, crs=before.crs),
        index=index,
    )
