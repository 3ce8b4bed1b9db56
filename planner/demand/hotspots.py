"""Hot spots: where workers crowd, as named areas. The list planners ask for first."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.demand.grid import Floats, Ints
from planner.demand.summary import group_columns
from planner.settings.groups import Period

#: kinds of place that name a neighbourhood better than a venue does
NEAR_PLACES = ("city_block", "quarter", "neighbourhood", "suburb", "borough", "town", "village", "locality")
#: kinds of venue that give an area its name, best first, and what the area is then called
NAMING_HOSTS = {
    "mall": ("商圈", "around {}"),
    "rail_station": ("站区", "around {}"),
    "industry": ("园区", "{} works area"),
    "logistics": ("物流区", "{} logistics area"),
    "port": ("港区", "{} port area"),
    "office": ("商务区", "around {}"),
    "bus_station": ("站区", "around {}"),
    "restaurant": ("商圈", "around {}"),
}
_PLACE_NEAR_M = 800.0


def find(
    demand: gpd.GeoDataFrame,
    *,
    periods: Sequence[Period] = (),
    places: gpd.GeoDataFrame | None = None,
    hosts: gpd.GeoDataFrame | None = None,
    groups: Sequence[str] | None = None,
    share: float = 0.3,
    reach_m: float | None = None,
    min_workers: float | None = None,
    max_km2: float = 4.0,
    limit: int = 30,
    language: str = "zh",
) -> gpd.GeoDataFrame:
    """Clusters of the densest cells, with names.

    The densest cells that together hold ``share`` of the workers are clustered by weighted DBSCAN (Ester
    et al. 1996; a cell's weight is its workers). A cluster larger than ``max_km2`` is divided by looking at
    the denser half of it again, so that a whole inner city is not one spot.

    Parameters
    ----------
    demand
        The demand table.
    periods
        The day's periods, to say when a spot is busiest (workers per hour).
    places, hosts
        Points with ``name`` and ``kind`` / ``host_kind``, to name the spots by.
    groups
        Groups that count for the busiest period; None: the headline groups.
    share
        Share of all workers in the cells that are clustered.
    reach_m
        Distance within which cells belong together; None: one and a half cells.
    min_workers
        Workers within reach of a cell that make it the core of a spot; None: ten times the mean cell. A spot
        has at least three times as many.
    max_km2
        Largest spot, where it can be divided.
    limit
        Number of spots returned.
    language
        Language of ``name``.

    Returns
    -------
    GeoDataFrame
        Most workers first: ``name``, ``name_zh``, ``name_en``, ``workers``, ``area_km2``, ``workers_per_km2``,
        ``peak_period`` (a period's name), ``district``, geometry (union of cells). Empty if nobody works.
    """
    workers = demand["workers"].to_numpy(float)
    dense = _densest(workers, np.arange(workers.size), share)
    if not dense.size:
        return _empty(demand.crs)
    boxes = demand.geometry.to_numpy()
    side = float(np.sqrt(np.median(shapely.area(boxes[dense]))))
    least = max(min_workers if min_workers is not None else 10 * workers.mean(), 1e-9)
    xy = np.full((workers.size, 2), np.nan)
    xy[dense] = shapely.get_coordinates(shapely.centroid(boxes[dense]))
    found = _clusters(xy, workers, dense, reach_m or 1.5 * side, least, max_km2 * 1e6 / side**2)
    head = _headline(demand, groups)
    rows = [_spot(demand, part, periods, head) for part in found if workers[part].sum() >= 3 * least]
    if not rows:
        return _empty(demand.crs)
    table = gpd.GeoDataFrame(rows, geometry="geometry", crs=demand.crs)
    table = table.sort_values(["workers", "area_km2"], ascending=False, kind="stable").head(limit)
    table = table.reset_index(drop=True)
    table["name_zh"], table["name_en"] = _names(table, places, hosts)
    table["name"] = table["name_zh"] if language == "zh" else table["name_en"]
    return table[_COLUMNS]


_COLUMNS = [
    "name", "name_zh", "name_en", "workers", "area_km2", "workers_per_km2", "peak_period", "district", "geometry",
]  # fmt: skip


def _empty(crs: object) -> gpd.GeoDataFrame:
    numbers = ("workers", "area_km2", "workers_per_km2")
    columns = {c: pd.Series(dtype=float if c in numbers else object) for c in _COLUMNS[:-1]}
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=crs), crs=crs)


def _clusters(
    xy: Floats, workers: Floats, rows: Ints, reach_m: float, least: float, most_cells: float, depth: int = 8
) -> list[Ints]:
    """Clusters of rows; one of more than ``most_cells`` is divided by its denser half, while that divides."""
    from sklearn.cluster import DBSCAN

    # min_samples is a whole number to scikit-learn, so the weights are counted in units of `least`.
    label = DBSCAN(eps=reach_m, min_samples=1).fit_predict(xy[rows], sample_weight=workers[rows] / least)
    found: list[Ints] = []
    for k in np.unique(label[label >= 0]):
        part = rows[label == k]
        if part.size > most_cells and depth > 0:
            half = _densest(workers, part, 0.6)
            inner = _clusters(xy, workers, half, reach_m, least, most_cells, depth - 1)
            found += inner or [part]
        else:
            found.append(part)
    return found


def _densest(workers: Floats, rows: Ints, share: float) -> Ints:
    """The fewest of the rows that hold ``share`` of their workers, in the table's order."""
    total = workers[rows].sum()
    if not total > 0:
        return np.zeros(0, np.int64)
    order = rows[np.argsort(-workers[rows], kind="stable")]
    number = int(np.searchsorted(np.cumsum(workers[order]), share * total)) + 1
    return np.sort(order[:number])


def _headline(demand: gpd.GeoDataFrame, groups: Sequence[str] | None) -> list[str]:
    known = group_columns(demand)
    wanted = groups if groups is not None else demand.attrs.get("headline", list(known))
    return [g for g in wanted if g in known]


def _spot(
    demand: gpd.GeoDataFrame, rows: Ints, periods: Sequence[Period], groups: Sequence[str]
) -> dict[str, object]:
    part = demand.iloc[rows]
    area = shapely.union_all(part.geometry.to_numpy())
    workers, km2 = float(part["workers"].sum()), float(area.area / 1e6)
    hourly = {
        p.name: sum(float(part[f"{g}__{p.name}"].sum()) for g in groups if f"{g}__{p.name}" in part) / p.hours
        for p in periods
    }
    districts = part.groupby("district")["workers"].sum()
    return {
        "workers": workers,
        "area_km2": km2,
        "workers_per_km2": workers / km2,
        "peak_period": max(hourly, key=lambda n: hourly[n]) if hourly else "",
        "district": str(districts.idxmax()),
        "geometry": area,
    }


def _names(
    table: gpd.GeoDataFrame, places: gpd.GeoDataFrame | None, hosts: gpd.GeoDataFrame | None
) -> tuple[list[str], list[str]]:
    """Chinese and English names: a place within or near, a venue within, else the nearest place."""
    centres = shapely.centroid(table.geometry.to_numpy())
    near, far = _places(table, centres, places)
    venue, kind = _venues(table, centres, hosts)
    zh, en, used = [], [], set()
    for k, district in enumerate(table["district"]):
        options = [near[k], venue[k], far[k], str(district)]
        name = next((o for o in options if o and o not in used), next(o for o in options if o))
        used.add(name)
        tail, pattern = NAMING_HOSTS[kind[k]] if name == venue[k] else ("商圈", "around {}")
        zh.append(name if name.endswith(("商圈", "园区", tail)) else name + tail)
        en.append(pattern.replace("{}", name))
    return _apart(zh), _apart(en)


def _apart(names: list[str]) -> list[str]:
    """Number repeated names: the second is called ``… 2``."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return out


def _places(
    table: gpd.GeoDataFrame, centres: object, places: gpd.GeoDataFrame | None
) -> tuple[list[str], list[str]]:
    """Names of the nearest place within reach of each spot, and of the nearest anywhere."""
    none = [""] * len(table)
    if places is None or not len(places):
        return none, none
    named = places[places["name"].fillna("").astype(str).str.strip() != ""]
    if not len(named):
        return none, none
    points, names = shapely.centroid(named.geometry.to_numpy()), named["name"].astype(str).to_numpy()
    tree = shapely.STRtree(points)
    far = [str(names[tree.nearest(c)]) for c in np.asarray(centres)]
    kinds = named["kind"] if "kind" in named.columns else pd.Series("", index=named.index)
    local = kinds.isin(NEAR_PLACES).to_numpy() | (kinds == "").to_numpy()
    if not local.any():
        return none, far
    tree = shapely.STRtree(points[local])
    near = []
    for area, centre in zip(table.geometry, np.asarray(centres), strict=True):
        k = int(tree.nearest(centre))
        at = points[local][k]
        near.append(str(names[local][k]) if shapely.distance(area, at) <= _PLACE_NEAR_M else "")
    return near, far


def _venues(
    table: gpd.GeoDataFrame, centres: object, hosts: gpd.GeoDataFrame | None
) -> tuple[list[str], list[str]]:
    """Name and kind of the venue inside each spot that names it best: by kind, then nearest the middle."""
    names, kinds = [""] * len(table), [""] * len(table)
    if hosts is None or not len(hosts):
        return names, kinds
    rank = hosts["host_kind"].map({k: i for i, k in enumerate(NAMING_HOSTS)})
    use = hosts[rank.notna() & (hosts["name"].fillna("").astype(str).str.strip() != "")]
    if not len(use):
        return names, kinds
    points = use.geometry.to_numpy()
    spot, host = shapely.STRtree(points).query(table.geometry.to_numpy(), predicate="intersects")
    metres = shapely.distance(np.asarray(centres)[spot], points[host]).round(3)
    pairs = pd.DataFrame(
        {"spot": spot, "host": host, "rank": rank[use.index].to_numpy()[host], "metres": metres}
    )
    best = pairs.sort_values(["spot", "rank", "metres", "host"]).drop_duplicates("spot")
    for k, h in zip(best["spot"], best["host"], strict=True):
        names[k], kinds[k] = str(use["name"].iloc[h]), str(use["host_kind"].iloc[h])
    return names, kinds
