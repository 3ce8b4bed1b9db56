"""Names of the ground that the study's files hold: streets, towns, green and other named areas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["Context"]


@dataclass(frozen=True, eq=False)
class Context:
    """Named things by which a reader knows a place (study CRS).

    ``streets``: lines with ``name``; ``main``: lines with ``name`` and ``class``; ``places``: points with ``name`` and ``kind``;
    ``areas``: areas with ``name`` and ``kind``; ``landmarks``: points with ``name`` and ``host_kind``.
    """

    streets: gpd.GeoDataFrame
    main: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame
    landmarks: gpd.GeoDataFrame
