"""The stage ``inputs``: every file of a study read, judged, and brought into one CRS."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner import tables
from planner.errors import Finding, finding
from planner.inputs.checks import check_stations
from planner.inputs.districts import no_towns, read_districts, read_towns
from planner.inputs.frame import StreetFrame
from planner.inputs.hosts import read_hosts
from planner.inputs.observations import read_observations
from planner.inputs.osm.area import file_bounds
from planner.inputs.osm.layers import OsmLayers, is_osm, lakes, no_layers, read_layers
from planner.inputs.places.crs import auto_crs, transform
from planner.inputs.population import read_population, with_population
from planner.inputs.stations import read_list
from planner.inputs.streets import named_lines
from planner.progress import Progress, silent
from planner.settings.about import About
from planner.settings.inputs import Inputs, Table

__all__ = ["LoadedInputs", "load_inputs"]


@dataclass(frozen=True, eq=False)
class LoadedInputs:
    """What the files of a study say, all tables in ``crs``.

    Attributes
    ----------
    crs
        The study's metric CRS.
    districts, stations, hosts
        As ``planner/tables.py`` lists them; districts without a population have the residents' sum.
    population
        Points with ``population`` (persons) and ``district``; ``placed`` False: only the district is known.
    water, main_roads, landuse, places
        Layers of the street file (:class:`planner.inputs.osm.layers.OsmLayers`), empty if it has none.
    towns
        Outlines of towns and subdistricts with ``name``; none where the study names no file of them.
    streets
        Lines of the street file with a ``name``, whatever file it is.
    rows
        Rows taken per input.
    findings
        Whatever is wrong with the files; the caller refuses where one is an error.
    station_rows
        Rows of the station lists: ``listed``; ``unplaced``, ``repeated`` and ``away`` (in water, or too far
        from the districts) of them not taken; ``read``, the rest.
    """

    crs: str
    districts: gpd.GeoDataFrame
    stations: gpd.GeoDataFrame
    hosts: gpd.GeoDataFrame
    population: gpd.GeoDataFrame
    water: gpd.GeoDataFrame
    main_roads: gpd.GeoDataFrame
    landuse: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    rows: dict[str, int]
    findings: tuple[Finding, ...]
    station_rows: dict[str, int] = field(default_factory=dict)
    towns: gpd.GeoDataFrame = field(default_factory=no_towns)

    @property
    def lakes(self) -> gpd.GeoDataFrame:
        """The areas of ``water``."""
        return lakes(self.water)


def load_inputs(
    about: About, inputs: Inputs, frame: StreetFrame | None, *, progress: Progress | None = None
) -> LoadedInputs:
    """Read and judge every input of a study but its streets; nothing is refused here.

    Parameters
    ----------
    about
        Names the study's CRS, and its only district where no districts are given.
    inputs
        The files.
    frame
        The streets that people walk; None when they were refused (the caller tells why).
    """
    say = progress or silent
    crs = frame.crs if frame is not None else _crs_without_streets(about, inputs)
    say("reading districts", 0.0)
    districts, found, rows = _districts(about, inputs, frame, crs)
    area = shapely.union_all(districts.geometry.to_numpy())
    osm_path = inputs.streets.path if frame is not None and is_osm(inputs.streets.path) else None
    layers = no_layers(crs)
    if osm_path is not None:
        say("reading layers of the street file", 0.1)
        layers = read_layers(osm_path, crs=crs, area=area.buffer(inputs.streets.margin_m))
    found += layers.findings
    hosts, more = _hosts(inputs.hosts, layers, area, crs)
    found += more
    say("reading population", 0.5)
    people = inputs.population
    population, more = read_population(
        people, crs=crs, districts=districts, osm_path=osm_path, buildings=layers.buildings
    )
    if frame is None:  # what streets that were refused would have held is not known
        more = [f for f in more if f.code != "POP-006"]
    found += more
    districts = with_population(districts, population, total=people.total)
    say("reading stations", 0.7)
    stations, more, counted = _stations(
        inputs.stations, frame, districts, layers, area, crs, stated=bool(rows.get("districts"))
    )
    found += more
    towns, more = no_towns(crs), list[Finding]()
    if inputs.towns is not None:
        towns, more = read_towns(inputs.towns, crs=crs)
        rows["towns"] = len(towns)
    found += more
    if inputs.observations is not None:
        found += read_observations(inputs.observations, crs=crs)[1]
    rows |= {"stations": len(stations), "hosts": len(hosts), "population": len(population)}
    return LoadedInputs(
        crs=crs, districts=districts, stations=stations, hosts=hosts, population=population, water=layers.water,
        main_roads=layers.main_roads, landuse=layers.landuse, places=layers.places, rows=rows,
        findings=tuple(found), station_rows=counted, towns=towns,
        streets=layers.streets if osm_path is not None or frame is None else named_lines(inputs.streets, crs=crs),
    )  # fmt: skip


def _crs_without_streets(about: About, inputs: Inputs) -> str:
    """A metric CRS to judge the other inputs in when the streets, which settle "auto", were refused."""
    if about.crs != "auto":
        return about.crs
    if inputs.districts is not None:
        outlines, _ = read_districts(inputs.districts, crs="EPSG:3857")
        box = outlines.to_crs(4326).total_bounds
        if len(outlines) and np.isfinite(box).all():
            return auto_crs(box[[0, 2]], box[[1, 3]])
    return "EPSG:3857"


def _districts(
    about: About, inputs: Inputs, frame: StreetFrame | None, crs: str
) -> tuple[gpd.GeoDataFrame, list[Finding], dict[str, int]]:
    """The study's districts (one around the streets where it names none), what is wrong, and rows read."""
    found: list[Finding] = []
    rows: dict[str, int] = {}
    if inputs.districts is not None:
        near = None if frame is None else frame.box
        districts, found = read_districts(inputs.districts, crs=crs, near=near)
        rows["districts"] = len(districts)
        if len(districts):
            return districts, found, rows
    row = {
        "district": about.name, "name_zh": about.title_zh or about.name, "name_en": about.title_en or about.name,
        "adcode": "", "population": np.nan, "quota_min": np.nan, "quota_max": np.nan,
    }  # fmt: skip
    hull = shapely.Polygon() if frame is None else frame.hull
    if frame is not None and is_osm(inputs.streets.path) and inputs.streets.path.is_file():
        hull, more = _within_bounds(inputs.streets.path, hull, crs)
        found += more
    return gpd.GeoDataFrame([row], geometry=[hull], crs=crs), found, rows


def _within_bounds(path: Path, hull: shapely.Geometry, crs: str) -> tuple[shapely.Geometry, list[Finding]]:
    """The area of the streets without what sticks out of the bounds that their file names (NET-130)."""
    bounds = file_bounds(path, crs)
    if bounds is None or bounds.contains(hull):
        return hull, []
    inside = shapely.intersection(hull, bounds)
    if not inside.area > 0:
        return hull, []
    lng, lat = transform(*np.array(bounds.exterior.coords).T, source=crs, target="EPSG:4326")
    value = ", ".join(f"{v:.4f}" for v in (lng.min(), lat.min(), lng.max(), lat.max()))
    return inside, [finding("NET-130", source=path.name, value=value)]


def _hosts(
    table: Table | None, layers: OsmLayers, area: shapely.Geometry, crs: str
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """The user's own hosts, else the street file's, within the area."""
    hosts, found = read_hosts(table, crs=crs) if table is not None else (layers.hosts, [])
    return hosts[hosts.intersects(area)].reset_index(drop=True), found


def _stations(
    lists: tuple[Table, ...],
    frame: StreetFrame | None,
    districts: gpd.GeoDataFrame,
    layers: OsmLayers,
    area: shapely.Geometry,
    crs: str,
    *,
    stated: bool,
) -> tuple[gpd.GeoDataFrame, list[Finding], dict[str, int]]:
    """Every list of stations as one table, judged by itself and by where its stations stand; what became of the rows."""
    streets = None if frame is None else frame.streets
    parts = [read_list(table, crs=crs, area=area, streets=streets, stated=stated) for table in lists]
    found = [f for part in parts for f in part.findings]
    if not parts:
        return tables.empty("stations", crs), found, {}
    stations = gpd.GeoDataFrame(pd.concat([p.stations for p in parts], ignore_index=True), crs=crs)
    placed = len(stations)
    if placed:
        stations, more = check_stations(
            stations, districts=districts, water=lakes(layers.water), stated=stated
        )
        found += more
    counted = {key: sum(getattr(p, key) for p in parts) for key in ("listed", "unplaced", "repeated")}
    return stations, found, counted | {"away": placed - len(stations), "read": len(stations)}
