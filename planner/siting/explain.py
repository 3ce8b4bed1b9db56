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

from planner.settings.groups import Group
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


def _listed(gains: pd.Series, groups: Mapping[str, Group], zh: bool) -> str:
    """The groups that gain most, in brackets; "" where nobody gains."""
    language = "zh" if zh else "en"
    top = gains[gains >= 0.5].sort_values(ascending=False, kind="stable").head(3)
    words = [f"{groups[str(name)].label(language)} {value:,.0f}" for name, value in top.items()]
    if not words:
        return ""
    return f"（其中{'、'.join(words)}）" if zh else f" (among them {', '.join(words)})"


def _spell_hours(hours: str, zh: bool) -> str:
    if hours == "00:00-24:00":
        return "24 小时开放" if zh else "open 24 hours"
    spans = hours.replace("-", "–").replace(";", "、" if zh else ", ")
    return f"{spans} 开放" if zh else f"open {spans}"


def _distance(metres: float, zh: bool) -> str:
    if not np.isfinite(metres):
        return "步行一小时内没有现有站点" if zh else "no station within an hour's walk"
    if zh:
        return "距最近的现有站点 " + (f"{metres / 1000:.1f} 公里" if metres >= 1000 else f"{metres:.0f} 米")
    text = f"{metres / 1000:.1f} km" if metres >= 1000 else f"{metres:.0f} m"
    return f"the nearest existing station is {text} away"


def _venue(name: str, host_kind: str, site_id: str, zh: bool) -> str:
    """A venue in words: kind and name, the kind once; an unnamed one by its id ("" leaves that out)."""
    kind = HOST_WORDS.get(host_kind, (host_kind, host_kind))[0 if zh else 1]
    if not name:
        article = "an" if kind[:1].lower() in "aeiou" else "a"
        if zh:
            return f"{kind}（{site_id}）" if site_id else f"一处{kind}"
        return f"{article} {kind}" + (f" ({site_id})" if site_id else "")
    if kind.lower() in name.lower():
        return f"“{name}”"
    return f"{kind}“{name}”" if zh else f"the {kind} “{name}”"


def _gain(site: Any, gains: pd.Series, groups: Mapping[str, Group], zh: bool) -> str:
    """What the site brings; for one that gains nobody, what it is good for."""
    must = ("指定站点；" if zh else "Required; ") if site.required else ""
    if site.workers_gained >= 0.5:
        n, who = f"{site.workers_gained:,.0f}", _listed(gains, groups, zh)
        if zh:
            return f"{must}新增 {n} 名劳动者进入十分钟圈{who}"
        return f"{must}{'brings' if must else 'Brings'} {n} workers into the ten-minute circle{who}"
    n = f"{site.workers_in_reach:,.0f}"
    if site.workers_in_reach < 0.5:
        text = "十分钟范围内没有劳动者，不新增覆盖" if zh else "nobody works within ten minutes of it"
    elif zh:
        text = f"不新增覆盖：十分钟范围内的 {n} 名劳动者已有其他站点可达，本站使其多一处选择"
    else:
        text = f"covers nobody new: the {n} workers within ten minutes have another station, and gain a second choice"
    return must + (text if zh or must else text[0].upper() + text[1:])


def _beaten(site: Any, zh: bool) -> str:
    """The best candidate that could stand instead, and what it would lose; "" where that says nothing."""
    if not site.alternative_id or not np.isfinite(site.alternative_loss) or site.workers_gained < 0.5:
        return ""
    loss = max(0.0, site.alternative_loss)
    other = _venue(site.alternative, site.alternative_kind, site.alternative_id, zh)
    if zh:
        effect = f"将少覆盖 {loss:,.0f} 人" if loss >= 0.5 else "效果相当"
        return f"；如改用区内次优的{other}，{effect}"
    effect = f"would cover {loss:,.0f} fewer" if loss >= 0.5 else "would do as well"
    return f"; {other}, the best stand-in of the district, {effect}"


def _district(district: pd.Series, zh: bool) -> str:
    before, after = f"{district['before']:.1%}", f"{district['after']:.1%}"
    if zh:
        text = f"覆盖率由 {before} 升至 {after}" if after != before else f"覆盖率保持 {after}"
        return f"全部建成后{district['label']}{text}"
    text = f"goes from {before} to {after}" if after != before else f"stays at {after}"
    return f"with the whole plan {district['label']} {text}"


def reasons(
    chosen: gpd.GeoDataFrame,
    gains: pd.DataFrame,
    districts: pd.DataFrame,
    *,
    groups: Sequence[Group],
    language: str,
) -> list[str]:
    """One sentence per chosen site.

    Parameters
    ----------
    chosen
        Rows in rank order with ``workers_gained``, ``workers_in_reach``, ``nearest_station_m``,
        ``host_kind``, ``name``, ``open_hours``, ``district``, ``toilet_near``, ``required``,
        ``alternative`` (its name, "" where it has none), ``alternative_id``, ``alternative_kind`` and
        ``alternative_loss``.
    gains
        :func:`gains_by_group`, same order.
    districts
        Index district; ``label``, ``before``, ``after`` (shares).
    """
    by_name, zh = {g.name: g for g in groups}, language == "zh"
    out = []
    for i, site in enumerate(chosen.itertuples()):
        host, hours = _venue(site.name, site.host_kind, "", zh), _spell_hours(site.open_hours, zh)
        near = site.toilet_near and site.host_kind != "toilet"
        toilet = ("，150 米内有公厕" if zh else ", with a public toilet within 150 m") if near else ""
        parts = [
            _gain(site, gains.iloc[i], by_name, zh),
            _distance(site.nearest_station_m, zh),
            (f"依托{host}，{hours}{toilet}" if zh else f"at {host}, {hours}{toilet}"),
            _district(districts.loc[site.district], zh) + _beaten(site, zh),
        ]
        out.append("；".join(parts) + "。" if zh else "; ".join(parts) + ".")
    return out
