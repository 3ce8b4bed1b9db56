"""From the study file's inputs to judged tables, and from tables to worker density."""

from __future__ import annotations

import difflib
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.errors import Finding, finding
from planner.progress import Progress, silent
from planner.roads.network import Network
from planner.settings.whole import Settings
from planner.tables import COLUMNS, HOST_KINDS

#: More vertices than this tell a datum no better.
STREET_SAMPLE = 200_000


def load_inputs(
    settings: Settings, network: Network | None, *, progress: Progress | None = None
) -> dict[str, Any]:
    """Read and judge every input of a study.

    Parameters
    ----------
    network
        The walking network; None when it was refused (its findings are the caller's).

    Returns
    -------
    dict
        The tables districts, stations, hosts, population and the street file's water, main_roads,
        landuse and places, all in the study's CRS, with ``crs``, ``findings`` and ``rows`` (rows read
        per input). Errors are findings; the caller refuses.
    """
    from planner.demand.observations import read_observations
    from planner.inputs.checks import check_stations
    from planner.inputs.districts import read_districts
    from planner.inputs.hosts import read_hosts
    from planner.inputs.osm import layers as osm
    from planner.inputs.population import read_population
    from planner.inputs.stations import read_stations
    from planner.inputs.truck_lists import read_truck_lists

    say = progress or silent
    i, findings, rows = settings.inputs, judge_words(settings), dict[str, int]()
    crs = network.crs if network is not None else _crs_without_streets(settings)
    say("reading districts", 0.0)
    districts: gpd.GeoDataFrame | None = None
    if i.districts is not None:
        districts, found = read_districts(i.districts, crs=crs, near=_extent(network))
        findings += found
        rows["districts"] = len(districts)
    if districts is None or districts.empty:
        districts = _area_of_streets(settings, crs, network)
    area = shapely.union_all(districts.geometry.to_numpy())
    layers = None
    if is_osm(settings) and network is not None:
        say("reading layers of the street file", 0.1)
        layers = osm.read_layers(i.streets.path, crs=crs, area=area.buffer(i.streets.margin_m))
        findings += layers.findings
    hosts, found = read_hosts(i.hosts, crs=crs) if i.hosts is not None else (_hosts(layers, crs), [])
    findings += found
    hosts = hosts[hosts.intersects(area)].reset_index(drop=True)
    say("reading population", 0.5)
    osm_path = i.streets.path if layers is not None else None
    population, found = read_population(i.population, crs=crs, districts=districts, osm_path=osm_path)
    findings += found
    districts = with_population(districts, population, settings)
    say("reading stations", 0.7)
    tables = []
    for table in i.stations:
        read, found = read_stations(table, crs=crs, area=area, streets=_street_sample(network))
        findings += found
        tables.append(read)
    stations = (
        gpd.GeoDataFrame(pd.concat(tables, ignore_index=True), crs=crs) if tables else _empty("stations", crs)
    )
    water = _layer(layers, "water", crs)
    if len(stations):
        stations, found = check_stations(stations, districts=districts, water=lakes(water))
        findings += found
    if i.observations is not None:
        findings += read_observations(i.observations, crs=crs)[1]
    lists = read_truck_lists(i.truck_counts, i.truck_sites, i.driver_homes, crs=crs)
    findings += lists.findings
    rows |= {"stations": len(stations), "hosts": len(hosts), "population": len(population)}
    return {
        "crs": crs, "districts": districts, "stations": stations, "hosts": hosts, "population": population,
        "water": water, "main_roads": _layer(layers, "main_roads", crs), "landuse": _layer(layers, "landuse", crs),
        "places": _layer(layers, "places", crs), "truck_counts": lists.counts, "truck_sites": lists.sites,
        "driver_homes": lists.homes, "findings": findings, "rows": rows,
    }  # fmt: skip


def judge_words(settings: Settings) -> list[Finding]:
    """Kinds of hosts that do not exist (SET-006) and hours that cannot be read (SET-007) in the study file."""
    from planner.inputs.hours import parse_hours

    rules, found = settings.siting, list[Finding]()
    kinds = {
        "siting.host_kinds": rules.host_kinds, "siting.cost_yuan": rules.cost_yuan,
        "siting.host_hours": rules.host_hours, "freight.site_kinds": settings.freight.site_kinds,
    }  # fmt: skip
    for field, named in kinds.items():
        for kind in named:
            if kind not in HOST_KINDS:
                near = difflib.get_close_matches(kind, HOST_KINDS, n=1, cutoff=0.0)[0]
                found.append(finding("SET-006", source="study.toml", field=field, value=kind, nearest=near))
    hours = {"siting.default_hours": rules.default_hours}
    hours |= {f"siting.host_hours.{kind}": text for kind, text in rules.host_hours.items()}
    for field, text in hours.items():
        if not parse_hours(text).known:
            found.append(finding("SET-007", source="study.toml", field=field, value=text))
    return found


def _extent(network: Network | None) -> Any:
    """The box around the streets that count (study CRS); None without a network."""
    if network is None or not network.counts.any():
        return None
    x, y = network.x_m[network.counts], network.y_m[network.counts]
    return shapely.box(x.min(), y.min(), x.max(), y.max())


def _crs_without_streets(settings: Settings) -> str:
    """A metric CRS to judge the other inputs in when the streets, which settle "auto", were refused."""
    from planner.inputs.districts import read_districts
    from planner.inputs.places.crs import auto_crs

    if settings.study.crs != "auto":
        return settings.study.crs
    if settings.inputs.districts is not None:
        outlines, _ = read_districts(settings.inputs.districts, crs="EPSG:3857")
        box = outlines.to_crs(4326).total_bounds
        if len(outlines) and np.isfinite(box).all():
            return auto_crs(box[[0, 2]], box[[1, 3]])
    return "EPSG:3857"


def is_osm(settings: Settings) -> bool:
    """Whether the street file holds OpenStreetMap's own objects (hosts, water, buildings)."""
    return settings.inputs.streets.path.name.lower().endswith((".osm", ".pbf", ".osm.bz2", ".osm.gz"))


def lakes(water: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The areas among the water features (rivers drawn as lines left out)."""
    return water[water.geom_type.isin(["Polygon", "MultiPolygon"])]


def _layer(layers: Any, name: str, crs: str) -> gpd.GeoDataFrame:
    if layers is None:
        extra = {
            "main_roads": ["class", "name", "ref"],
            "water": ["kind", "name"],
            "landuse": ["kind", "name"],
        }
        columns = extra.get(name, ["name", "kind"])
        return gpd.GeoDataFrame({c: pd.Series(dtype="str") for c in columns}, geometry=[], crs=crs)
    return getattr(layers, name).to_crs(crs)


def _empty(name: str, crs: str) -> gpd.GeoDataFrame:
    kinds = {"text": "str", "float": float, "int": int, "bool": bool}
    columns = {c: pd.Series(dtype=kinds[k]) for c, (k, _) in COLUMNS[name].items()}
    return gpd.GeoDataFrame(columns, geometry=[], crs=crs)


def _hosts(layers: Any, crs: str) -> gpd.GeoDataFrame:
    return _empty("hosts", crs) if layers is None else layers.hosts.to_crs(crs)


def _street_sample(network: Network | None) -> Any:
    """WGS84 vertices (lng, lat) of streets, to tell the datum of a list by; None without a network."""
    if network is None:
        return None
    step = max(1, len(network.geom_x) // STREET_SAMPLE)
    points = gpd.GeoSeries(
        gpd.points_from_xy(network.geom_x[::step], network.geom_y[::step]), crs=network.crs
    )
    return shapely.get_coordinates(points.to_crs(4326).to_numpy())


def _area_of_streets(settings: Settings, crs: str, network: Network | None) -> gpd.GeoDataFrame:
    """One district around the walking network, where the study names no districts."""
    hull = shapely.Polygon()
    if network is not None:
        points = shapely.multipoints(np.c_[network.x_m, network.y_m][network.counts])
        hull = shapely.convex_hull(points).buffer(200)
    about = settings.study
    row = {
        "district": about.name, "name_zh": about.title_zh or about.name, "name_en": about.title_en or about.name,
        "adcode": "", "population": np.nan, "quota_min": np.nan, "quota_max": np.nan,
    }  # fmt: skip
    return gpd.GeoDataFrame([row], geometry=[hull], crs=crs)


def with_population(
    districts: gpd.GeoDataFrame, population: gpd.GeoDataFrame, settings: Settings
) -> gpd.GeoDataFrame:
    """Districts whose population is not given get the sum of the population table within them."""
    missing = districts["population"].isna()
    if not missing.any():
        return districts
    total = settings.inputs.population.total
    if len(population):
        at, which = shapely.STRtree(districts.geometry.to_numpy()).query(
            population.geometry.to_numpy(), predicate="intersects"
        )
        sums = np.bincount(which, population["population"].to_numpy()[at], len(districts))
    else:
        area = districts.geometry.area.to_numpy()
        sums = area / max(area.sum(), 1e-9) * (total or 0.0)  # no area: the streets were refused
    return districts.assign(population=districts["population"].where(~missing, sums))


def snap_stations(stations: gpd.GeoDataFrame, network: Network, *, limit_m: float) -> dict[str, Any]:
    """Stations with ``snap_m`` (NaN beyond the limit), and a finding for each that no street reaches."""
    from planner.roads.reach import snap

    if stations.empty:
        return {"stations": stations.assign(snap_m=pd.Series(dtype=float)), "findings": []}
    snapped = snap(network, stations.geometry, limit_m=limit_m)
    far = np.asarray(snapped.edge) < 0
    table = stations.assign(snap_m=np.where(far, np.nan, np.asarray(snapped.metres)))
    sources = stations["source"] if "source" in stations else pd.Series("stations", index=stations.index)
    rows = stations["row"] if "row" in stations else pd.Series(range(len(stations)), index=stations.index)
    findings: list[Finding] = [
        finding("NET-003", source=str(sources.loc[k]), row=int(rows.loc[k]), field="name",
                value=stations["name"].loc[k], limit=f"{limit_m:g}")
        for k in stations.index[far & (stations["status"] == "open").to_numpy()]
    ]  # fmt: skip
    return {"stations": table, "findings": findings}


def model_demand(
    settings: Settings, inputs: dict[str, Any], network: Network, *, progress: Progress | None = None
) -> dict[str, Any]:
    """Worker density of a study: the demand table, its covariates and findings."""
    from planner.demand import covariates as cov
    from planner.demand.cells import make_cells
    from planner.demand.estimate import estimate_in_full
    from planner.demand.observations import of_study

    say = progress or silent
    districts = inputs["districts"]
    say("cells", 0.0)
    wet = lakes(inputs["water"])
    area = shapely.union_all(districts.geometry.to_numpy())
    cells = make_cells(area, cell_m=settings.demand.cell_m, crs=inputs["crs"], districts=districts, water=wet)
    say("covariates", 0.2)
    measured = cov.measure(
        cells, population=inputs["population"], streets=network.edges(), hosts=inputs["hosts"],
        landuse=inputs["landuse"], water=wet, centres=inputs["places"],
    )  # fmt: skip
    say("observations", 0.4)
    observed, found = of_study(settings, cells, water=wet, residents=measured["population"])
    found = [f for f in found if f not in set(inputs["findings"])]
    say("worker density", 0.5)
    made = estimate_in_full(
        cells, measured, settings.active_groups, periods=settings.periods, districts=districts,
        observations=observed, streets=network.edges(), seed=settings.study.seed, settings=settings.demand,
        progress=progress,
    )  # fmt: skip
    return {
        "demand": made.demand,
        "covariates": measured,
        "surfaces": made.surfaces,
        "controls": made.controls,
        "levels": dict(made.levels),
        "bandwidths_m": dict(made.bandwidths_m),
        "findings": [*found, *made.findings],
    }
