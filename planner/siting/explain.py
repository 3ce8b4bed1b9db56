"""Why a site is on the list: gains in order, and reasons in words (zh, en)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse

from planner.settings import Group
from planner.siting.coverage import Access, worker_cube

Array = NDArray[Any]

#: host_kind -> (zh, en)
HOST_WORDS: dict[str, tuple[str, str]] = {
    "bank": ("银行网点", "bank branch"),
    "post_office": ("邮政网点", "post office"),
    "fuel": ("加油站", "fuel station"),
    "charging": ("充电站", "charging station"),
    "convenience": ("便利店", "convenience store"),
    "fast_food": ("快餐店", "fast-food outlet"),
    "restaurant": ("餐馆", "restaurant"),
    "mall": ("商场", "mall"),
    "office": ("写字楼", "office building"),
    "community": ("社区服务中心", "community centre"),
    "toilet": ("公共厕所", "public toilet"),
    "bus_station": ("公交站场", "bus station"),
    "rail_station": ("轨道交通站", "rail station"),
    "park": ("公园", "park"),
    "parcel_depot": ("快递网点", "parcel depot"),
    "construction": ("工地", "construction site"),
    "industry": ("工业园区", "industrial site"),
    "service_area": ("服务区", "service area"),
    "truck_parking": ("货车停车场", "truck park"),
    "logistics": ("物流园", "logistics park"),
    "port": ("港口", "port"),
    "telecom": ("通信营业厅", "telecom shop"),
    "pharmacy": ("药店", "pharmacy"),
    "police": ("警务站", "police post"),
    "library": ("图书馆", "library"),
    "street": ("沿街点位", "street-side point"),
}


def first_cover(covers: sparse.csr_array, order: Sequence[int] | Array, covered: Array) -> Array:
    """Position in ``order`` of the first site that covers each point; -1 where none, or already covered."""
    rows = sparse.csr_array(covers[np.asarray(order, dtype=np.int64)])
    first = np.full(covers.shape[1], len(order), dtype=np.int64)
    rank = np.repeat(np.arange(len(order)), np.diff(rows.indptr))
    np.minimum.at(first, rows.indices, rank)
    first[(first == len(order)) | covered] = -1
    return first


def gains_by_group(
    demand: pd.DataFrame, access: Sequence[Access], periods: Sequence[str], first: Array, n_sites: int
) -> pd.DataFrame:
    """Workers each site newly brings into reach, in the order of building: one column per group."""
    n_points, out, at = len(demand) * len(periods), {}, 0
    for part in access:
        mine = first[at : at + n_points]
        at += n_points
        for name, own in zip(part.groups, worker_cube(demand, part.groups, periods), strict=True):
            weight = own.T.ravel()
            out[name] = np.bincount(mine[mine >= 0], weight[mine >= 0], n_sites)
    return pd.DataFrame(out, index=np.arange(n_sites))


def toilets_within(points: gpd.GeoSeries, hosts: gpd.GeoDataFrame, within_m: float = 150.0) -> Array:
    """Whether a public toilet of the host list stands within ``within_m`` (straight line)."""
    toilets = hosts[hosts["host_kind"] == "toilet"].geometry.to_numpy()
    out = np.zeros(len(points), dtype=bool)
    if len(toilets):
        hit, _ = shapely.STRtree(toilets).query(points.to_numpy(), predicate="dwithin", distance=within_m)
        out[hit] = True
    return out


def _listed(gains: pd.Series, groups: Mapping[str, Group], language: str) -> str:
    top = gains[gains >= 0.5].sort_values(ascending=False, kind="stable").head(3)
    words = [f"{groups[str(name)].label(language)} {value:,.0f}" for name, value in top.items()]
    return ("、" if language == "zh" else ", ").join(words)


def _spell_hours(hours: str, language: str) -> str:
    if hours == "00:00-24:00":
        return "24 小时开放" if language == "zh" else "open 24 hours"
    spans = hours.replace("-", "–").replace(";", "、" if language == "zh" else ", ")
    return f"{spans} 开放" if language == "zh" else f"open {spans}"


def _distance(metres: float, language: str) -> str:
    if not np.isfinite(metres):
        return "步行范围内没有现有站点" if language == "zh" else "no station within walking distance"
    text = f"{metres / 1000:.1f} km" if metres >= 1000 else f"{metres:.0f} m"
    return f"距最近的现有站点 {text}" if language == "zh" else f"nearest existing station {text} away"


def _beaten(site: Any, zh: bool) -> str:
    """The best candidate that could stand instead, and what it would lose."""
    if not site.alternative or not np.isfinite(site.alternative_loss):
        return ""
    loss = max(0.0, site.alternative_loss)
    if zh:
        return f"；区内最佳替代点为“{site.alternative}”，" + (
            f"少覆盖 {loss:,.0f} 人" if loss >= 0.5 else "效果相当"
        )
    return f"; the best stand-in of the district, “{site.alternative}”, " + (
        f"covers {loss:,.0f} fewer" if loss >= 0.5 else "does as well"
    )


def reasons(
    chosen: gpd.GeoDataFrame,
    gains: pd.DataFrame,
    districts: pd.DataFrame,
    *,
    groups: Sequence[Group],
    language: str,
) -> list[str]:
    """One sentence or two per chosen site.

    Parameters
    ----------
    chosen
        Rows in rank order with ``workers_gained``, ``workers_in_reach``, ``nearest_station_m``,
        ``host_kind``, ``name``, ``open_hours``, ``district``, ``toilet_near``, ``required``,
        ``alternative`` and ``alternative_loss``.
    gains
        :func:`gains_by_group`, same order.
    districts
        Index district; ``label``, ``before``, ``after`` (shares).
    """
    by_name = {g.name: g for g in groups}
    zh = language == "zh"
    out = []
    for i, site in enumerate(chosen.itertuples()):
        who = _listed(gains.iloc[i], by_name, language)
        d = districts.loc[site.district]
        kind = HOST_WORDS.get(site.host_kind, (site.host_kind, site.host_kind))[0 if zh else 1]
        host = f"{kind}“{site.name}”" if zh and site.name else f"{kind} “{site.name}”" if site.name else kind
        hours = _spell_hours(site.open_hours, language)
        toilet = ("，150 米内有公厕" if zh else ", public toilet within 150 m") if site.toilet_near else ""
        toilet = "" if site.host_kind == "toilet" else toilet
        beaten = _beaten(site, zh)
        n = f"{site.workers_gained:,.0f}"
        if zh:
            gain = f"新增 {n} 名劳动者进入十分钟圈" + (f"（{who}）" if who else "")
            gain = gain if site.workers_gained >= 0.5 else "主要为满足区域配额或指定要求，不新增覆盖"
            must = "（指定站点）" if site.required else ""
            text = (
                f"{gain}{must}；{_distance(site.nearest_station_m, language)}；依托{host}，{hours}{toilet}；"
                f"全部建成后{d['label']}覆盖率由 {d['before']:.1%} 升至 {d['after']:.1%}{beaten}。"
            )
        else:
            gain = f"Brings {n} workers into the ten-minute circle" + (f" ({who})" if who else "")
            gain = (
                gain
                if site.workers_gained >= 0.5
                else "Stands for its quota or by request; covers nobody new"
            )
            must = " (required)" if site.required else ""
            text = (
                f"{gain}{must}; {_distance(site.nearest_station_m, language)}; hosted by {host}, {hours}{toilet}; "
                f"with the whole plan {d['label']} goes from {d['before']:.1%} to {d['after']:.1%}{beaten}."
            )
        out.append(text)
    return out
