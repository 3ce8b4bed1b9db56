"""Service areas: the ground around the streets from which a site is reached within a cutoff.

Streets are cut exactly where the cutoff falls, and the area is everything within ``buffer_m`` of the
reached pieces: a block's inside, a lake or a rail yard farther than that from every reached street
stays a hole. Directions hold: the area of a site is where people can come *from*.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from planner.progress import Progress
from planner.roads.ground import StreetGround
from planner.roads.pieces import Pieces, lines, pieces_of_all, pieces_of_each
from planner.roads.snapping import Snapped, snap

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

    from planner.roads.graph import Network

__all__ = ["service_areas", "union_area"]

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
    ground = StreetGround(network, buffer_m) if method == "contour" else None
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
    ground = StreetGround(network, buffer_m)
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
