"""The door to street networks: read one for a mode, from whatever holds the streets.

:class:`Network` itself, its arrays and how it is kept on disk, is in :mod:`planner.roads.graph`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.progress import Progress, silent
from planner.roads.graph import Network, network_from_edges
from planner.roads.make import topology
from planner.roads.make.assemble import build_network
from planner.roads.make.profiles import profile
from planner.roads.make.sources import read_streets

if TYPE_CHECKING:
    from planner.inputs.frame import StreetFrame
    from planner.inputs.places.datum import StreetDistance

__all__ = ["Network", "network_from_edges", "read_network", "street_frame"]

#: More vertices than this tell a datum no better.
FRAME_VERTICES = 200_000
#: The area of streets is their convex hull and so many metres around it.
FRAME_MARGIN_M = 200.0
#: A street this far off (m) tells no datum.
FAR_M = 3000.0


def read_network(
    source: Any,
    mode: str = "walk",
    *,
    area: Any = None,
    speeds_kmh: Mapping[str, float] | None = None,
    walk_kmh: float = 4.0,
    crs: str = "auto",
    source_crs: str | None = None,
    margin_m: float = 1000.0,
    min_component: int = topology.MIN_COMPONENT,
    join_ends_m: float = topology.JOIN_M,
    turn_restrictions: bool = True,
    progress: Progress | None = None,
) -> Network:
    """Read the streets that one mode may use.

    Parameters
    ----------
    source
        ``.osm``, ``.osm.pbf``, ``.graphml``; lines as ``.geojson``, ``.gpkg``, ``.shp``, ``.parquet`` or a
        GeoDataFrame; a networkx graph as osmnx makes it. Lines join where their ends lie within 1 cm,
        never where they merely cross. A graph's arcs give the directions (walkers go both ways, but on arcs with
        ``oneway:foot`` and steps with ``oneway``), and their ``length`` wins over their geometry.
    mode
        ``"walk"``, ``"ebike"``, ``"car"`` or ``"truck"``; who may go where, and how fast, is in
        ``planner/roads/make/profiles.csv``.
    area
        Keep only streets that touch it or its margin: GeoDataFrame, GeoSeries or shapely geometry.
    speeds_kmh
        By mode (one flat speed, no delays or penalties) or by ``highway`` class.
    walk_kmh
        Walking speed, used off the streets in every mode.
    crs
        Metric CRS to work in; ``"auto"`` keeps lines that are in metres already, else takes the
        CGCS2000 3-degree zone in China and UTM elsewhere.
    source_crs
        CRS of lines that do not say theirs.
    margin_m
        How far beyond ``area`` streets are kept.
    min_component
        See :func:`planner.roads.make.topology.components`.
    join_ends_m
        Ends of lines nearer than this are one node; more than the default 0.01 mends near misses, also of
        dead ends in an OSM file or a graph (never across a closed barrier).
    turn_restrictions
        Whether a car and a truck obey the turn restrictions of an OSM file.

    Returns
    -------
    Network
        What was mended or noticed is in its ``findings``.

    Raises
    ------
    InputError
        The source is missing, broken or empty, nothing in it is open to the mode, lengths are
        negative, or the area lies outside it.
    PlannerError
        An unknown mode, speed or CRS.

    Examples
    --------
    >>> read_network("liechtenstein-latest.osm.pbf", "car")  # doctest: +SKIP
    """
    rules = profile(mode, speeds_kmh=speeds_kmh, walk_kmh=walk_kmh)
    say = progress or silent
    say("reading streets", 0.0)
    made = build_network(
        read_streets(source, source_crs=source_crs, turns=turn_restrictions and rules.obeys_turns),
        rules,
        crs=crs,
        area=area,
        margin_m=margin_m,
        min_component=min_component,
        join_ends_m=join_ends_m,
        progress=say,
    )
    say("joining streets", 1.0)
    return made


def street_frame(network: Network) -> StreetFrame:
    """What the other inputs are judged by: the network's CRS, where its streets lie, and points along them."""
    import shapely

    from planner.inputs.frame import StreetFrame
    from planner.inputs.places.crs import transform

    x, y = network.x_m[network.counts], network.y_m[network.counts]
    step = max(1, network.geom_x.size // FRAME_VERTICES)
    sample = transform(network.geom_x[::step], network.geom_y[::step], source=network.crs, target="EPSG:4326")
    return StreetFrame(
        crs=network.crs,
        box=shapely.box(x.min(), y.min(), x.max(), y.max()) if x.size else None,
        hull=shapely.convex_hull(shapely.multipoints(np.c_[x, y])).buffer(FRAME_MARGIN_M),
        sample=np.column_stack(sample),
        metres=_metres_to(network),
    )


def _metres_to(network: Network) -> StreetDistance:
    """Distances (m) from places in degrees to the nearest street that counts; ``FAR_M`` where none is nearer."""

    def metres(lng: np.ndarray, lat: np.ndarray) -> np.ndarray:
        import geopandas as gpd

        from planner.inputs.places.crs import transform
        from planner.roads.snapping import snap

        x, y = transform(lng, lat, source="EPSG:4326", target=network.crs)
        here = np.isfinite(x) & np.isfinite(y)
        points = gpd.GeoSeries(gpd.points_from_xy(x[here], y[here]), crs=network.crs)
        away = np.full(x.size, FAR_M)
        away[here] = np.nan_to_num(snap(network, points, limit_m=FAR_M).metres, nan=FAR_M)
        return away

    return metres
