"""A made-up county with one trunk road, small enough to work its driver homes out by hand."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from planner.errors import Finding
from planner.freight.homes import HomesPlan, plan_homes
from planner.freight.model import FreightModel, run_model
from planner.freight.start import TruckGround
from planner.inputs.truck_lists import TruckLists, read_truck_lists, read_truck_tags
from planner.roads.network import network_from_edges
from planner.settings.reading import parse_settings

CRS = "EPSG:4549"
X0, Y0 = 550_000.0, 3_450_000.0
LNG0, LAT0 = 120.5243, 31.1702


def county_network():
    """A trunk road 60 km long from west to east, crossing a county 50 km wide, with a lane at every 5 km."""
    at = np.arange(-5, 60, 5.0)
    n = len(at)
    x = np.r_[at, at] * 1000 + X0
    y = np.r_[np.zeros(n), np.full(n, 2.0)] * 1000 + Y0
    u = np.r_[np.arange(n - 1), np.arange(n)]
    v = np.r_[np.arange(1, n), np.arange(n) + n]
    length = np.r_[np.full(n - 1, 5000.0), np.full(n, 2000.0)]
    kind = np.r_[np.zeros(n - 1, int), np.ones(n, int)]
    seconds = length / np.where(kind == 0, 15.0, 8.0)
    return network_from_edges(
        x, y, u, v, length, seconds, seconds, mode="truck", crs=CRS, edge_class=kind, classes=("trunk", "residential"),
        min_component=1,
    )  # fmt: skip


def points(*km):
    return gpd.GeoSeries([shapely.Point(X0 + a * 1000, Y0 + b * 1000) for a, b in km], crs=CRS)


class County:
    """A made-up county: what a study hands over to the freight room."""

    def __init__(
        self, freight: str = "", files: str = "", folder: Path | None = None, hosts=None, draws: int = 0
    ) -> None:
        text = (
            '[study]\nname = "county"\ncrs = "EPSG:4549"\n[inputs.streets]\npath = "roads.gpkg"\n'
            f"{files}\n[freight]\nmultipath_draws = {draws}\n{freight}\n"
        )
        self.settings = parse_settings(text, folder=folder or Path.cwd())
        box = shapely.box(X0, Y0 - 10_000, X0 + 50_000, Y0 + 10_000)
        self.districts = gpd.GeoDataFrame(
            {"district": ["甲县"], "name_zh": ["甲县"], "name_en": ["Jia"], "population": [1e6]},
            geometry=[box],
            crs=CRS,
        )
        self.hosts = hosts if hosts is not None else self.usual_hosts()
        cells = [
            shapely.box(X0 + a * 1000, Y0 + 1000, X0 + a * 1000 + 200, Y0 + 1200) for a in range(2, 50, 4)
        ]
        self.demand = gpd.GeoDataFrame(
            {"cell_id": [str(i) for i in range(12)], "district": "甲县", "truck__06_10": 400.0, "truck__22_06": 600.0},
            geometry=cells, crs=CRS,
        )  # fmt: skip
        blank = gpd.GeoDataFrame(
            {"kind": [], "name": [], "class": [], "ref": [], "osm_id": []}, geometry=[], crs=CRS
        )
        self.layers = {"landuse": blank, "main_roads": blank, "water": blank, "places": blank}
        self.network = county_network()
        self.findings: tuple[Finding, ...] = ()

    @staticmethod
    def usual_hosts():
        kinds = ["port", "logistics", "industry", "service_area", "truck_parking", "fuel"]
        return gpd.GeoDataFrame(
            {"host_id": [f"n{i}" for i in range(6)], "name": [f"{k}一" for k in kinds], "host_kind": kinds, "open_hours": ""},
            geometry=points((10, 2), (25, 2), (40, 2), (20, 0.1), (35, 0.1), (30, 0.1)), crs=CRS,
        )  # fmt: skip

    def lists(self) -> TruckLists:
        """Its lists about trucks."""
        given = self.settings.inputs
        return read_truck_lists(given.truck_counts, given.truck_sites, given.driver_homes, crs=CRS)

    def ground(self, lists: TruckLists) -> TruckGround:
        """What is known of it before any truck is modelled."""
        return TruckGround(
            districts=self.districts, hosts=self.hosts, demand=self.demand, landuse=self.layers["landuse"],
            main_roads=self.layers["main_roads"], tags=read_truck_tags(None, ()), lists=lists,
        )  # fmt: skip

    def model(self) -> FreightModel:
        """The freight model; its findings after those of the lists are kept as ``findings``."""
        lists = self.lists()
        ground = self.ground(lists)
        made = run_model(self.settings.freight, self.network, ground, seed=self.settings.study.seed)
        self.findings = (*lists.findings, *made.findings)
        return made

    def plan(self) -> HomesPlan:
        """The plan of its driver homes."""
        return plan_homes(self.settings.freight, self.model(), self.network)

    @property
    def codes(self) -> set[str]:
        """Codes of what was told."""
        return {f.code for f in self.findings}


def table(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, "utf-8")
    role = name.removesuffix(".csv")
    head = f"[[inputs.{role}]]" if role == "driver_homes" else f"[inputs.{role}]"
    return f'{head}\npath = "{name}"\ndatum = "wgs84"\n'


def lnglat(a: float, b: float) -> tuple[float, float]:
    p = points((a, b)).to_crs(4326).iloc[0]
    return round(p.x, 6), round(p.y, 6)
