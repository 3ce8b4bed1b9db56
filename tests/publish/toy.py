"""A small town made by hand, as a Bundle: two square districts, 200 cells, six stations, five new sites.

Coverage is by straight line, 667 m from cell centre to station, so that every figure can be recounted
from the tables (``covered_by``). West is dense (4 workers a cell), east is thin (1 a cell).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.settings.reading import parse_settings
from planner.settings.whole import Settings
from planner.siting.coverage import Coverage
from planner.solvers.solution import Solution
from planner.telling.bundle import Bundle

CRS = "EPSG:4549"
#: South-west corner of the town, about 120.62 E, 31.30 N.
X0, Y0 = 559_000.0, 3_464_000.0
CELL = 200.0
RADIUS = 667.0
PERIODS = ("06_10", "10_14", "14_17", "17_22", "22_06")
GROUPS = ("rider", "courier")

STUDY = """
[study]
name = "toy"
title_zh = "玩具城户外劳动者服务站点规划"
title_en = "Toy Town: stations for outdoor workers"
language = "{language}"
crs = "EPSG:4549"
synthetic = true
synthetic_note_zh = "街道与人口为虚构，仅作示例。"
synthetic_note_en = "Streets and residents are made up, for show only."

[inputs.streets]
path = "toy.osm.pbf"

[siting]
p = 5
batches = [{{ name = "2025", count = 3 }}, {{ name = "2026", count = 2 }}]
"""


def toy_settings(language: str = "zh") -> Settings:
    return parse_settings(STUDY.format(language=language))


def _districts() -> gpd.GeoDataFrame:
    west, east = (shapely.box(X0 + dx, Y0, X0 + dx + 2000, Y0 + 2000) for dx in (0, 2000))
    return gpd.GeoDataFrame(
        {
            "district": ["west", "east"],
            "name_zh": ["西区", "东区"],
            "name_en": ["West", "East"],
            "adcode": ["320001", "320002"],
            "population": [40_000.0, 10_000.0],
            "quota_min": [1.0, 1.0],
            "quota_max": [np.nan, np.nan],
        },
        geometry=[west, east],
        crs=CRS,
    )


def _demand() -> gpd.GeoDataFrame:
    column, row = (a.ravel() for a in np.meshgrid(np.arange(20), np.arange(10)))
    x, y = X0 + column * CELL, Y0 + row * CELL
    workers = np.where(column < 10, 4.0, 1.0)
    table = gpd.GeoDataFrame(
        {
            "cell_id": [f"c{c:02d}r{r:02d}" for c, r in zip(column, row, strict=True)],
            "district": np.where(column < 10, "west", "east"),
            "workers": workers,
            "workers_low": workers * 0.7,
            "workers_high": workers * 1.3,
            "point": gpd.GeoSeries.from_xy(x + 100, y + 100, crs=CRS),
        },
        geometry=shapely.box(x, y, x + CELL, y + CELL),
        crs=CRS,
    )
    for group, part in zip(GROUPS, (0.75, 0.25), strict=True):
        for period in PERIODS:
            table[f"{group}__{period}"] = workers * part / len(PERIODS)
    return table


def _stations() -> gpd.GeoDataFrame:
    at = [(300, 300), (300, 1500), (1100, 900), (1700, 1700), (2500, 500), (3300, 1500)]
    n = len(at)
    return gpd.GeoDataFrame(
        {
            "station_id": [f"S{i + 1:03d}" for i in range(n)],
            "name": ["石路驿站", "观前街服务点", "平江路爱心屋", "相门驿站", "湖东社区服务点", "园区南站点"],
            "kind": ["工会驿站"] * n,
            "status": ["open"] * 5 + ["planned"],
            "grade": ["标准型"] * n,
            "open_hours": ["08:00-20:00"] * 4 + ["00:00-24:00", "08:00-18:00"],
            "area_m2": [12.0, 20.0, 8.5, np.nan, 30.0, 15.0],
            "host": ["bank", "community", "convenience", "park", "fuel", "bank"],
            "district": ["west"] * 4 + ["east"] * 2,
            "snapshot_date": ["2024-06-30"] * n,
            "snap_m": [3.0, 8.0, 5.5, 12.0, 4.0, 9.0],
        },
        geometry=gpd.points_from_xy(*(np.array(at) + np.array([X0, Y0])).T),
        crs=CRS,
    )


def _chosen(demand: gpd.GeoDataFrame, stations: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    at = np.array([(1100, 300), (3100, 900), (2700, 1700), (1500, 1300), (500, 900)])
    n = len(at)
    table = gpd.GeoDataFrame(
        {
            "rank": np.arange(1, n + 1),
            "site_id": [f"N{i + 1:03d}" for i in range(n)],
            "name": ["工商银行石路支行", "湖东便利店", "星湖公园", "中石化相门站", "白塔社区服务中心"],
            "host_kind": ["bank", "convenience", "park", "fuel", "community"],
            "open_hours": ["08:30-17:00", "07:00-23:00", "06:00-22:00", "00:00-24:00", "08:00-20:00"],
            "district": ["west", "east", "east", "west", "west"],
            "cost_yuan": [8000.0] * n,
            "confidence": [0.9, 0.8, 0.75, 0.6, 0.55],
            "batch": ["2025", "2025", "2025", "2026", "2026"],
        },
        geometry=gpd.points_from_xy(*(at + np.array([X0, Y0])).T),
        crs=CRS,
    )
    old = stations[stations["status"] == "open"]
    table["nearest_station_m"] = [float(old.distance(p).min()) for p in table.geometry]
    known = covered_by(demand, old)
    gained, reach = [], []
    for i in range(n):
        own = covered_by(demand, table.iloc[[i]])
        reach.append(float(demand["workers"][own].sum()))
        gained.append(float(demand["workers"][own & ~known].sum()))
        known |= own
    table["workers_in_reach"] = reach
    table["workers_gained"] = gained
    table["reason_zh"] = [f"新增 {g:.0f} 名劳动者进入十分钟圈。" for g in gained]
    table["reason_en"] = [f"Brings {g:.0f} workers into the ten-minute circle." for g in gained]
    table["reason"] = table["reason_zh"]
    return table


def covered_by(demand: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, radius_m: float = RADIUS) -> np.ndarray:
    """Bool per cell: some site within the radius of the cell's point, straight line."""
    return counts_of(demand, sites, radius_m) > 0


def counts_of(demand: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, radius_m: float = RADIUS) -> np.ndarray:
    points = gpd.GeoSeries(demand["point"])
    distance = [points.distance(site).to_numpy() <= radius_m for site in sites.geometry]
    return np.sum(distance, axis=0) if distance else np.zeros(len(demand), dtype=int)


def toy_coverage(demand: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> Coverage:
    """Straight-line coverage of the open ``sites``."""
    workers = demand["workers"].to_numpy()
    count = counts_of(demand, sites)
    points = gpd.GeoSeries(demand["point"])
    nearest = (
        np.min([points.distance(s).to_numpy() for s in sites.geometry], axis=0)
        if len(sites)
        else np.full(len(demand), np.nan)
    )

    def table(label: str, names: list[str], parts: list[np.ndarray]) -> pd.DataFrame:
        total = [float(w.sum()) for w in parts]
        return pd.DataFrame(
            {
                label: names,
                "workers": total,
                "covered": [float(w[count > 0].sum()) for w in parts],
                "share": [float(w[count > 0].sum() / w.sum()) for w in parts],
                "backup_share": [float(w[count > 1].sum() / w.sum()) for w in parts],
            }
        )

    districts = ["west", "east"]
    return Coverage(
        workers=float(workers.sum()),
        covered=float(workers[count > 0].sum()),
        share=float(workers[count > 0].sum() / workers.sum()),
        share_backup=float(workers[count > 1].sum() / workers.sum()),
        by_radius_m={
            f"{r:g}": float(workers[covered_by(demand, sites, r)].sum() / workers.sum())
            for r in (500, 667, 833)
        },
        by_district=table(
            "district", districts, [np.where(demand["district"] == d, workers, 0.0) for d in districts]
        ),
        by_group=table(
            "group",
            list(GROUPS),
            [demand[[f"{g}__{t}" for t in PERIODS]].sum(axis=1).to_numpy() for g in GROUPS],
        ),
        by_period=table(
            "period",
            list(PERIODS),
            [demand[[f"{g}__{t}" for g in GROUPS]].sum(axis=1).to_numpy() for t in PERIODS],
        ),
        readings={"any_hour": float(workers[count > 0].sum() / workers.sum()), "night": 0.125},
        cells=pd.DataFrame(
            {
                "workers": workers,
                "covered": np.where(count > 0, workers, 0.0),
                "stations": count,
                "nearest_m": nearest,
            },
            index=demand.index,
        ),
    )


def _hosts() -> gpd.GeoDataFrame:
    at = np.array([(1100, 300), (500, 900), (1500, 1300), (3100, 900), (2700, 1700), (3700, 300)])
    return gpd.GeoDataFrame(
        {
            "host_id": [f"H{i + 1}" for i in range(len(at))],
            "name": ["工商银行石路支行", "白塔社区服务中心", "中石化相门站", "湖东便利店", "星湖公园", None],
            "host_kind": ["bank", "community", "fuel", "convenience", "park", "street"],
            "open_hours": ["08:30-17:00", "08:00-20:00", "00:00-24:00", "07:00-23:00", "06:00-22:00", None],
        },
        geometry=gpd.points_from_xy(*(at + np.array([X0, Y0])).T),
        crs=CRS,
    )


def toy_bundle(language: str = "zh", **changes: Any) -> Bundle:
    """The toy town's bundle; ``changes`` replace fields."""
    demand, stations, hosts = _demand(), _stations(), _hosts()
    chosen = _chosen(demand, stations)
    chosen["reason"] = chosen[f"reason_{language}"]
    old = stations[stations["status"] == "open"]
    stations["covers"] = [
        float(demand["workers"][covered_by(demand, stations.iloc[[i]])].sum()) for i in range(len(stations))
    ]
    both = pd.concat([old[["geometry"]], chosen[["geometry"]]], ignore_index=True)
    before, after = toy_coverage(demand, old), toy_coverage(demand, both)
    candidates = gpd.GeoDataFrame(
        {
            "site_id": [f"N{i + 1:03d}" for i in range(len(hosts))],
            "host_id": hosts["host_id"],
            "host_kind": hosts["host_kind"],
            "cost_yuan": 8000.0,
            "district": ["west"] * 3 + ["east"] * 3,
        },
        geometry=hosts.geometry,
        crs=CRS,
    )
    gaps = gpd.GeoDataFrame(
        {"district": ["east"], "workers": [9.0], "name": ["东南角"]},
        geometry=[shapely.box(X0 + 3400, Y0, X0 + 4000, Y0 + 600)],
        crs=CRS,
    )
    hotspots = gpd.GeoDataFrame(
        {"name": ["石路商圈"], "workers": [64.0], "area_km2": [0.64], "peak_period": ["10_14"]},
        geometry=[shapely.box(X0 + 200, Y0 + 200, X0 + 1000, Y0 + 1000)],
        crs=CRS,
    )
    water = gpd.GeoDataFrame(
        {"name": ["金鸡湖"]}, geometry=[shapely.Point(X0 + 3600, Y0 + 1700).buffer(220)], crs=CRS
    )
    roads = gpd.GeoDataFrame(
        {
            "class": ["motorway", "primary", "secondary_link"],
            "name": ["沪蓉高速", "人民路", None],
            "ref": ["G42", None, None],
        },
        geometry=[
            shapely.LineString([(X0, Y0 + 1900), (X0 + 4000, Y0 + 1800)]),
            shapely.LineString([(X0 + 1000, Y0), (X0 + 1000, Y0 + 2000)]),
            shapely.LineString([(X0, Y0 + 600), (X0 + 4000, Y0 + 600)]),
        ],
        crs=CRS,
    )
    solution = Solution(
        chosen=np.arange(5), objective=after.covered, bound=after.covered, status="optimal", seconds=0.01,
        base=before.covered,
    )  # fmt: skip
    bundle = Bundle(
        settings=toy_settings(language),
        districts=_districts(), stations=stations, hosts=hosts, demand=demand, candidates=candidates, chosen=chosen,
        before=before, after=after,
        area_before=shapely.union_all(old.buffer(RADIUS).array),
        area_after=shapely.union_all(both.set_crs(CRS, allow_override=True).buffer(RADIUS).array),
        gaps=gaps, hotspots=hotspots, water=water, main_roads=roads, findings=(), solution=solution,
        curve=pd.DataFrame({"n": [0, 3, 5], "covered": [before.covered, after.covered - 5, after.covered],
                            "share": [before.share, after.share - 0.01, after.share],
                            "bound": [before.covered, after.covered - 5, after.covered]}),
        homes=None,
        run={"study": "toy", "synthetic": True, "seed": 1,
             "stations": {"existing": 5, "chosen": 5, "total": 10, "objective": after.covered,
                          "bound": after.covered, "gap": 0.0, "status": "optimal", "seconds": 0.01}},
    )  # fmt: skip
    return dataclasses.replace(bundle, **changes)
