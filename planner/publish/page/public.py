"""The page for people outside: the same plan without any district's outline."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from planner.publish.page.layers import shape_kind

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["without_boundaries"]

#: Half the width (m) of the box that stands for a district where nobody works.
_LEAST_M = 500.0


def without_boundaries(bundle: Bundle) -> Bundle:
    """The bundle without a district's outline, and without areas that may have been cut at one (gaps, hot spots, further areas).

    In place of its outline a district has the box around the places where its workers stand: to be shown, never to be drawn.
    """
    import geopandas as gpd
    import shapely

    points = gpd.GeoSeries(bundle.demand["point"], crs=bundle.demand.crs)
    where = points.groupby(bundle.demand["district"].astype(str))
    boxes = {name: shapely.box(*there.total_bounds).buffer(_LEAST_M / 10) for name, there in where}
    middle = bundle.districts.geometry.representative_point().buffer(_LEAST_M)
    names = bundle.districts["district"].astype(str)
    shapes = [shapely.envelope(boxes.get(name, alone)) for name, alone in zip(names, middle, strict=True)]
    told = replace(
        bundle,
        districts=bundle.districts.set_geometry(
            gpd.GeoSeries(shapes, index=names.index, crs=bundle.districts.crs)
        ),
        gaps=bundle.gaps.iloc[:0],
        hotspots=None,
        extra_layers=tuple(e for e in bundle.extra_layers if shape_kind(e.table) != "polygon"),
    )
    told.__dict__["facts"] = bundle.facts
    return told
