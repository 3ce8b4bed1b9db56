"""The door to street networks: read one for a mode, from whatever holds the streets.

:class:`Network` itself, its arrays and how it is kept on disk, is in :mod:`planner.roads.graph`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from planner.roads.build import topology
from planner.roads.build.assemble import build_network
from planner.roads.build.profiles import profile
from planner.roads.build.sources import read_streets
from planner.roads.graph import Network, network_from_edges

__all__ = ["Network", "network_from_edges", "read_network"]


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
    progress: Callable[[str, float], None] | None = None,
) -> Network:
    """Read the streets that one mode may use.

    Parameters
    ----------
    source
        ``.osm``, ``.osm.pbf``, ``.graphml``; lines as ``.geojson``, ``.gpkg``, ``.shp``, ``.parquet`` or a
        GeoDataFrame; a networkx graph as osmnx makes it. Lines join where their ends lie within 1 cm,
        never where they merely cross. A graph's arcs give the directions, for every mode, and their
        ``length`` wins over their geometry.
    mode
        ``"walk"``, ``"ebike"``, ``"car"`` or ``"truck"``; who may go where, and how fast, is in
        ``planner/roads/profiles.csv``.
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
        See :func:`planner.roads.build.topology.components`.
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
    say = progress or (lambda _label, _share: None)
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
