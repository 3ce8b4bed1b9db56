"""A made-up plan the size of Suzhou, on its real outlines: for the page's weight, speed and looks.

Nothing in it was computed by planner; only sizes and shapes are as in the real thing: about 60,000
cells, 1,019 stations, 200 new ones, service areas with ragged edges.
"""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from planner.settings.siting import Batch
from planner.siting.coverage import Coverage
from planner.solvers.solution import Solution
from planner.telling.bundle import Bundle, ExtraLayer, PopupField
from tests.publish.toy import toy_settings

FACTS = Path(__file__).parents[2] / "data" / "suzhou"
CRS = "EPSG:4549"


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((FACTS / name).read_text("utf-8").splitlines()))


def _metric(text: str) -> np.ndarray:
    pairs = np.array([[float(v) for v in pair.split()] for pair in text.split(";")])
    at = gpd.GeoSeries.from_xy(*pairs.T, crs=4326).to_crs(CRS)
    return np.column_stack([at.x, at.y])


def _districts() -> gpd.GeoDataFrame:
    table = gpd.read_file(FACTS / "districts.geojson").to_crs(CRS)
    facts = pd.DataFrame(_rows("districts.csv")).set_index("adcode")
    table["district"] = table["adcode"]
    table["name_en"] = facts["name_en"].reindex(table["adcode"]).to_numpy()
    table["population"] = facts["population"].reindex(table["adcode"]).astype(float).to_numpy()
    table["quota_min"], table["quota_max"] = np.nan, np.nan
    return table


def _roads(rng: np.random.Generator, area: shapely.Geometry) -> gpd.GeoDataFrame:
    """The main roads of the fact tables, and a loose net of lesser ones."""
    classes, lines = [], []
    for row in _rows("roads.csv"):
        at = _metric(row["points"])
        steps = np.linspace(0, 1, 40)
        curve = np.concatenate([a + (b - a) * steps[:-1, None] for a, b in itertools.pairwise(at)])
        lines.append(shapely.LineString(curve + rng.normal(0, 12, curve.shape)))
        classes.append(row["class"])
    west, south, east, north = area.bounds
    for name, step in (("primary", 4_000), ("secondary", 1_600)):
        for y in np.arange(south, north, step):
            x = np.arange(west, east, 250.0)
            lines.append(shapely.LineString(np.column_stack([x, y + 300 * np.sin(x / 9_000 + y)])))
            classes.append(name)
        for x in np.arange(west, east, step):
            y = np.arange(south, north, 250.0)
            lines.append(shapely.LineString(np.column_stack([x + 300 * np.sin(y / 8_000 + x), y])))
            classes.append(name)
    return gpd.clip(gpd.GeoDataFrame({"class": classes}, geometry=lines, crs=CRS), area)


def _water() -> gpd.GeoDataFrame:
    rows = _rows("water.csv")
    polygons = {"lake": [], "island": []}
    for row in rows:
        ring = _metric(row["points"])
        if row["kind"] in polygons and len(ring) > 3:
            polygons[row["kind"]].append((row["name_zh"], shapely.make_valid(shapely.Polygon(ring))))
    islands = shapely.union_all([shape for _, shape in polygons["island"]])
    names, lakes = zip(*polygons["lake"], strict=True)
    return gpd.GeoDataFrame({"name": names}, geometry=shapely.difference(lakes, islands), crs=CRS)


def _blob(rng: np.random.Generator, at: np.ndarray, radius: float = 560.0) -> shapely.Geometry:
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    r = radius * (0.75 + 0.18 * np.abs(np.cos(2 * angle)) + rng.normal(0, 0.035, 48))
    return shapely.Polygon(np.column_stack([at[0] + r * np.cos(angle), at[1] + r * np.sin(angle)])).buffer(0)


def _coverage(demand: gpd.GeoDataFrame, xy: np.ndarray, sites: np.ndarray) -> Coverage:
    workers = demand["workers"].to_numpy()
    tree = cKDTree(sites)
    count = np.array([len(v) for v in tree.query_ball_point(xy, 560)])
    nearest = tree.query(xy)[0]
    names = sorted(demand["district"].unique())
    by = pd.DataFrame({"district": names})
    for column, mask in (("workers", count > -1), ("covered", count > 0), ("backup", count > 1)):
        sums = demand["workers"].where(mask, 0.0).groupby(demand["district"]).sum()
        by[column] = sums.reindex(names).to_numpy()
    by["share"], by["backup_share"] = by["covered"] / by["workers"], by["backup"] / by["workers"]
    total = workers.sum()
    share = {f"{r:g}": float(workers[nearest <= r * 0.84].sum() / total) for r in (500, 667, 833)}
    return Coverage(
        workers=float(total), covered=float(workers[count > 0].sum()), share=share["667"],
        share_backup=float(workers[count > 1].sum() / total), by_radius_m=share,
        by_district=by.drop(columns="backup"), by_group=by.rename(columns={"district": "group"}),
        by_period=by.rename(columns={"district": "period"}),
        readings={"any_hour": share["667"] + 0.02, "night": share["667"] * 0.3},
        cells=pd.DataFrame({"workers": workers, "covered": workers, "stations": count, "nearest_m": nearest},
                           index=demand.index),
    )  # fmt: skip


def _field(area: shapely.Geometry, districts: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, np.ndarray]:
    towns = _rows("towns.csv")
    at = gpd.GeoSeries.from_xy(
        [float(t["lng"]) for t in towns], [float(t["lat"]) for t in towns], crs=4326
    ).to_crs(CRS)
    west, south, east, north = (np.floor(v / 200) * 200 for v in area.bounds)
    x, y = (a.ravel() for a in np.meshgrid(np.arange(west, east, 200.0), np.arange(south, north, 200.0)))
    points = gpd.GeoSeries.from_xy(x + 100, y + 100, crs=CRS)
    shapely.prepare(area)
    inside = shapely.contains_xy(area, x + 100, y + 100)
    x, y, points = x[inside], y[inside], points[inside].reset_index(drop=True)
    workers = np.full(len(x), 0.02)
    for t, px, py in zip(towns, at.x, at.y, strict=True):
        reach = 1_000 * float(t["radius_km"])
        workers += float(t["weight"]) * np.exp(-np.hypot(x + 100 - px, y + 100 - py) / (0.55 * reach)) / 40
    workers *= np.exp(np.random.default_rng(5).normal(0, 0.45, len(x)))
    keep = np.argsort(workers)[-60_000:]
    keep.sort()
    x, y, workers = x[keep], y[keep], workers[keep] / workers[keep].sum() * 151_700
    points = points.iloc[keep].reset_index(drop=True)
    table = gpd.GeoDataFrame(
        {"workers": workers, "point": points}, geometry=shapely.box(x, y, x + 200, y + 200), crs=CRS
    )
    joined = gpd.GeoDataFrame(geometry=points).sjoin(districts[["district", "geometry"]], how="left")
    table["district"] = joined[~joined.index.duplicated()]["district"].fillna("320508").to_numpy()
    return table, np.column_stack([x + 100, y + 100])


def city_bundle(language: str = "zh", seed: int = 1) -> Bundle:
    rng = np.random.default_rng(seed)
    districts, water = _districts(), _water()
    whole = shapely.union_all(districts.geometry.array)
    land = shapely.difference(whole, shapely.union_all(water.geometry.array))
    demand, xy = _field(land, districts)
    chance = demand["workers"].to_numpy() ** 0.8
    old_at = xy[rng.choice(len(xy), 1019, replace=False, p=chance / chance.sum())] + rng.normal(
        0, 60, (1019, 2)
    )
    free = cKDTree(old_at).query(xy)[0] > 700
    place = rng.choice(np.flatnonzero(free), 200, replace=False, p=chance[free] / chance[free].sum())
    kinds = ["bank", "community", "convenience", "fuel", "park", "post_office"]
    names = ["工商银行", "社区党群服务中心", "便利店", "中石化加油站", "口袋公园", "邮政支局"]
    where = gpd.GeoDataFrame(geometry=gpd.GeoSeries.from_xy(*old_at.T, crs=CRS)).sjoin(
        districts[["district", "geometry"]], how="left"
    )
    n = len(old_at)
    pick = rng.integers(0, 6, n)
    stations = gpd.GeoDataFrame(
        {
            "station_id": [f"S{i:04d}" for i in range(n)], "name": [f"{names[k]}爱心驿站第{i + 1}号" for i, k in enumerate(pick)],
            "kind": "工会驿站", "status": np.where(np.arange(n) % 68 == 0, "planned", "open"), "grade": "标准型",
            "open_hours": "08:00-20:00", "area_m2": 15.0, "host": [kinds[k] for k in pick],
            "district": where[~where.index.duplicated()]["district"].to_numpy(), "snap_m": 8.0,
            "covers": rng.gamma(2, 60, n),
        },
        geometry=gpd.points_from_xy(*old_at.T), crs=CRS,
    )  # fmt: skip
    pick = rng.integers(0, 6, 200)
    gain = np.sort(rng.gamma(2.2, 45, 200))[::-1]
    district_names = districts.set_index("district")[f"name_{language}"]
    where_new = demand["district"].to_numpy()[place]
    chosen = gpd.GeoDataFrame(
        {
            "rank": np.arange(1, 201), "site_id": [f"N{i:05d}" for i in range(200)],
            "name": [f"{district_names[d][:2]}{names[k]}" for k, d in zip(pick, where_new, strict=True)],
            "host_kind": [kinds[k] for k in pick], "open_hours": "08:00-20:00", "district": where_new,
            "workers_gained": gain, "workers_in_reach": gain * 1.4, "nearest_station_m": rng.uniform(700, 2500, 200),
            "confidence": rng.uniform(0.5, 1, 200), "batch": ["2025"] * 80 + ["2026"] * 120, "cost_yuan": 8000.0,
        },
        geometry=gpd.points_from_xy(*xy[place].T), crs=CRS,
    )  # fmt: skip
    for lang, text in (
        ("zh", "新增 {:.0f} 名劳动者进入十分钟圈；最近站点 {:.0f} 米。"),
        ("en", "Brings {:.0f} workers into the circle; nearest station {:.0f} m."),
    ):
        chosen[f"reason_{lang}"] = [
            text.format(g, d) for g, d in zip(gain, chosen["nearest_station_m"], strict=True)
        ]
    chosen["reason"] = chosen[f"reason_{language}"]
    blobs = [_blob(rng, p) for p in old_at]
    more = [_blob(rng, p) for p in xy[place]]
    before, after = _coverage(demand, xy, old_at), _coverage(demand, xy, np.vstack([old_at, xy[place]]))
    far = demand[(after.cells["stations"] == 0) & (demand["workers"] > np.quantile(demand["workers"], 0.93))]
    gaps = gpd.GeoDataFrame(geometry=list(shapely.get_parts(shapely.union_all(far.geometry.array))), crs=CRS)
    gaps = gaps[gaps.area >= 160_000].reset_index(drop=True)
    gaps["district"], gaps["workers"], gaps["name"] = (
        "320508",
        gaps.area / 4e4 * 9,
        [f"空白区 {i + 1}" for i in range(len(gaps))],
    )
    busy = demand[demand["workers"] > np.quantile(demand["workers"], 0.99)]
    spots = gpd.GeoDataFrame(
        geometry=list(shapely.get_parts(shapely.union_all(busy.geometry.array).buffer(150).buffer(-150))),
        crs=CRS,
    )
    spots = spots[spots.area > 400_000].reset_index(drop=True)
    spots["name"], spots["workers"] = [f"聚集区 {i + 1}" for i in range(len(spots))], spots.area / 4e4 * 20
    spots["area_km2"], spots["peak_period"] = spots.area / 1e6, "10_14"
    settings = toy_settings(language)
    study = settings.study.model_copy(update={"name": "city", "title_zh": "苏州市户外劳动者服务站点规划", "title_en": "Suzhou: rest stations for outdoor workers",
                                              "synthetic_note_zh": "街道、人口网格与站点为生成数据，行政区界与人口总数为公开数据。"})  # fmt: skip
    settings = settings.model_copy(
        update={
            "study": study,
            "siting": settings.siting.model_copy(
                update={"p": 200, "batches": (Batch(name="2025", count=80), Batch(name="2026", count=120))}
            ),
        }
    )
    ports = [r for r in _rows("places.csv") if r["kind"] in ("port", "logistics")]
    homes = gpd.GeoDataFrame(
        {"name": [r[f"name_{language}"] for r in ports], "drivers": np.linspace(2400, 300, len(ports)), "lacks": "淋浴"},
        geometry=gpd.points_from_xy([float(r["lng"]) for r in ports], [float(r["lat"]) for r in ports]), crs=4326,
    )  # fmt: skip
    roads = _roads(rng, whole)
    flows = roads[roads["class"].isin(["motorway", "trunk"])].assign(
        trucks=lambda t: rng.uniform(500, 30_000, len(t))
    )
    extras = (
        ExtraLayer("flows", "货车流量", "Truck flow", flows, colour="#3c6e57", fields=(PopupField("trucks", "货车", "Trucks", 0, "辆/日", "a day"),),
                   width_column="trucks", width_px=(1, 9), widths_zh="辆/日", widths_en="trucks a day"),
        ExtraLayer("homes", "司机之家（建议）", "Driver homes (proposed)", homes, colour="#2f7d5b", name_column="name", shape="square", searchable=True,
                   fields=(PopupField("drivers", "服务司机", "Drivers", 0, "人/月", "a month"), PopupField("lacks", "缺少", "Lacks"))),
    )  # fmt: skip
    return Bundle(
        settings=settings, districts=districts, stations=stations, hosts=stations.iloc[:0], demand=demand, candidates=stations.iloc[:0],
        chosen=chosen, before=before, after=after, area_before=shapely.union_all(blobs), area_after=shapely.union_all(blobs + more),
        gaps=gaps, hotspots=spots, water=water, main_roads=roads, findings=(),
        solution=Solution(chosen=np.arange(200), objective=after.covered, bound=after.covered * 1.00007, status="feasible", seconds=20.0, base=before.covered),
        curve=None, homes=None, run={"driver_homes": {"chosen": 7, "drivers": 10_214.0, "gap": 0.002}}, extra_layers=extras,
    )  # fmt: skip
