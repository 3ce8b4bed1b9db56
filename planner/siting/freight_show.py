"""What a plan of driver homes shows: reasons, flows on streets, catchments, modelled beside counted."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.roads.areas import service_areas, union_area
from planner.roads.network import Network
from planner.roads.outline import generalise
from planner.roads.reach import snap
from planner.settings import Freight
from planner.siting.freight_model import Model
from planner.siting.freight_words import kind_word


def with_reasons(chosen: gpd.GeoDataFrame, swaps: pd.DataFrame, f: Freight) -> gpd.GeoDataFrame:
    """``reason_zh``, ``reason_en`` and ``reason`` (zh) for each chosen home."""
    zh, en = [], []
    for r, s in zip(chosen.itertuples(), swaps.itertuples(), strict=True):
        other_zh = f"；最佳替代点“{s.alternative}”" + (
            f"少服务 {s.drivers_lost:,.0f} 人"
            if s.drivers_lost >= 0.5
            else f"服务人数相同，但可达司机少 {s.reach_lost:,.0f} 人"
        )
        other_en = f"; the best stand-in, “{s.alternative}”, " + (
            f"serves {s.drivers_lost:,.0f} fewer"
            if s.drivers_lost >= 0.5
            else f"serves as many, with {s.reach_lost:,.0f} fewer in reach"
        )
        if not s.alternative:
            other_zh = other_en = ""
        far = np.isfinite(r.nearest_home_km)
        known_zh, known_en = ("", "") if r.bays_known else ("（假定）", " (assumed)")
        zh.append(
            f"每月服务 {r.drivers:,.0f} 名司机（泊位 {r.bays:.0f} 个{known_zh}，每泊位每日周转 {f.turnover_per_day:g} 次）；"
            f"{f.catchment_minutes:g} 分钟车程内有本地司机 {r.drivers_in_catchment:,.0f} 人，绕行 {f.detour_minutes:g} 分钟内"
            f"每月有外来司机 {r.drivers_passing:,.0f} 人、每日货车 {r.trucks_passing:,.0f} 辆经过"
            + (f"；距最近的司机之家 {r.nearest_home_km:.1f} km" if far else "")
            + f"；依托{kind_word(r.host_kind, 'zh')}“{r.name}”，" + (r.lacks_zh or "符合全部条件") + other_zh + "。"
        )  # fmt: skip
        en.append(
            f"Serves {r.drivers:,.0f} drivers a month ({r.bays:.0f} bays{known_en}, {f.turnover_per_day:g} stays a day each); "
            f"{r.drivers_in_catchment:,.0f} drivers are based within {f.catchment_minutes:g} min by truck, "
            f"{r.drivers_passing:,.0f} from elsewhere pass within a detour of {f.detour_minutes:g} min in a month, "
            f"{r.trucks_passing:,.0f} trucks a day in all"
            + (f"; the nearest other home is {r.nearest_home_km:.1f} km away" if far else "")
            + f"; at the {kind_word(r.host_kind, 'en')} “{r.name}”: " + (r.lacks_en or "meets the whole checklist")
            + other_en + "."
        )  # fmt: skip
    return chosen.assign(reason_zh=zh, reason_en=en, reason=zh)


def flows(model: Model, network: Network, f: Freight, *, least: float = 50.0) -> gpd.GeoDataFrame:
    """Streets with at least ``least`` trucks a day: both directions, with the share at night."""
    by_edge = edge_flows(model)
    total = by_edge.sum(0)
    keep = np.flatnonzero(total >= least)
    edges = network.edges().iloc[keep]
    night = (by_edge[0] * f.night_share_local + by_edge[1] * f.night_share_long)[keep]
    return gpd.GeoDataFrame(
        {
            "edge": keep, "class": edges["class"].astype(str).to_numpy(), "trucks_per_day": total[keep].round(1),
            "night_share": (night / total[keep]).round(4), "trucks_at_night": night.round(1),
            "per_hour_day": ((total[keep] - night) / 16).round(1), "per_hour_night": (night / 8).round(1),
        },
        geometry=edges.geometry.to_numpy(), crs=network.crs,
    )  # fmt: skip


def edge_flows(model: Model) -> np.ndarray[Any, Any]:
    """Trucks a day by class (2 × n_edges), both directions; of a street cut by places the greatest part."""
    graph, out = model.graph, np.zeros((2, model.graph.n_edges))
    real = graph.edge >= 0
    for way in (True, False):
        mine = real & (graph.forward == way)
        part = np.zeros_like(out)
        for c in range(2):
            np.maximum.at(part[c], graph.edge[mine], model.assigned.flows[c][mine])
        out += part
    return out


def checks(model: Model, network: Network, roads: gpd.GeoDataFrame) -> pd.DataFrame:
    """Modelled trucks a day beside the counts.

    On the road the count names (``ref`` or ``name`` in ``roads``) where it passes within 5 km, else on the
    main road within 1.5 km that carries most; ``modelled`` is NaN where there is neither.
    """
    total = edge_flows(model).sum(0)
    kinds = np.array(network.classes, dtype=object)[network.edge_class.astype(int)]
    main = np.flatnonzero(np.isin(kinds, ["motorway", "trunk", "primary", "secondary"]))
    tree = shapely.STRtree(network.edges().geometry.to_numpy()[main])
    rows = []
    for r in model.inputs.counts.itertuples():
        ways = _ways_called(str(r.road), roads)
        wide = main[tree.query(r.geometry, predicate="dwithin", distance=5000.0)]
        named = wide[np.isin(network.edge_way_id[wide], ways)]
        near = named if len(named) else main[tree.query(r.geometry, predicate="dwithin", distance=1500.0)]
        modelled = float(total[near].max()) if len(near) else float("nan")
        band = (
            (r.trucks, r.trucks)
            if np.isfinite(r.trucks_per_day)
            else tuple(r.vehicles_per_day * x for x in _SHARES)
        )
        rows.append((
            r.road, r.place_zh, r.place_en, r.vehicles_per_day, r.trucks, *band, modelled, modelled / r.trucks,
            bool(len(named)), r.source_text,
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=[
        "road", "place_zh", "place_en", "vehicles_per_day", "trucks", "trucks_low", "trucks_high", "modelled", "ratio",
        "same_road", "source",
    ])  # fmt: skip


#: Band of the share of trucks among vehicles, as in the settings.
_SHARES = (0.15, 0.35)


def _ways_called(road: str, roads: gpd.GeoDataFrame) -> np.ndarray[Any, Any]:
    """Ids of the OSM ways whose ref or name is ``road``."""
    if not road or "osm_id" not in roads.columns:
        return np.zeros(0, np.int64)
    refs = roads["ref"].fillna("").astype(str).str.split(";")
    hit = [road in parts or road == name for parts, name in zip(refs, roads["name"], strict=True)]
    ids = roads["osm_id"][hit].astype(str)
    return ids[ids.str.startswith("w")].str[1:].astype(np.int64).to_numpy()


def catchments(
    network: Network, chosen: gpd.GeoDataFrame, existing: gpd.GeoDataFrame, f: Freight
) -> gpd.GeoDataFrame:
    """Ground within the catchment's minutes of each new home, and of the existing homes together."""
    seconds, limit = f.catchment_minutes * 60, 1500.0
    made = service_areas(network, chosen.geometry, cutoff_s=seconds, buffer_m=150.0, limit_m=limit)
    shapes = list(made.geometry)
    names, ids = chosen["name"].tolist(), chosen["site_id"].tolist()
    if len(existing):
        on = snap(network, existing.geometry, limit_m=limit)
        shapes.append(union_area(network, on, cutoff_s=seconds, buffer_m=150.0))
        names.append("")
        ids.append("existing")
    simple = [generalise(g, least_m2=3e6, tolerance_m=100.0) for g in shapes]  # one outline, lakes left out
    return gpd.GeoDataFrame({"site_id": ids, "name": names}, geometry=simple, crs=network.crs)
