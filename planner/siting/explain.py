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

from planner.settings.groups import Group, Period
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


def gains_by_period(
    demand: pd.DataFrame, access: Sequence[Access], periods: Sequence[str], first: Array, n_sites: int
) -> pd.DataFrame:
    """The same workers as in :func:`gains_by_group`: one column per period."""
    out, at = np.zeros((n_sites, len(periods))), 0
    for part in access:
        weight = worker_cube(demand, part.groups, periods).sum(axis=0).T
        mine = first[at : at + weight.size].reshape(weight.shape)
        at += weight.size
        for t, (site, workers) in enumerate(zip(mine, weight, strict=True)):
            out[:, t] += np.bincount(site[site >= 0], workers[site >= 0], n_sites)
    return pd.DataFrame(out, columns=list(periods))


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


def _metres(metres: float) -> str:
    """As the tables print it: whole metres."""
    return f"{metres:,.0f}"


def _nearest(site: Any, zh: bool) -> str:
    """The nearest station of today, by name."""
    if not np.isfinite(site.nearest_station_m):
        return "步行一小时内没有现有站点" if zh else "no existing station within an hour's walk"
    far, name = _metres(site.nearest_station_m), f"“{site.nearest_station}”" if site.nearest_station else ""
    if zh:
        return f"距最近的现有站点{name}步行 {far} 米"
    return f"the nearest existing station{f', {name},' if name else ''} is {far} m away on foot"


def _where(site: Any, zh: bool) -> str:
    """The host and where it stands, by street and town."""
    host, hours = _venue(site.name, site.host_kind, "", zh), _spell_hours(site.open_hours, zh)
    near = site.toilet_near and site.host_kind != "toilet"
    if zh:
        at = [f"位于{site.place}一带"] * bool(site.place) + [f"临{site.street}"] * bool(site.street)
        toilet = "，150 米内有公厕" if near else ""
        return (
            "".join(f"{part}、" for part in at).removesuffix("、")
            + f"{'，' if at else ''}依托{host}，{hours}{toilet}"
        )
    by = (f" by {site.street}" if site.street else "") + (f" near {site.place}" if site.place else "")
    return f"at {host}{by}, {hours}" + (", with a public toilet within 150 m" if near else "")


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


def _peak(gains: pd.Series, spans: Mapping[str, str], zh: bool) -> str:
    """When most of those who gain are about; "" where the day has one period, or nobody gains."""
    if len(gains) < 2 or gains.max() < 0.5:
        return ""
    span, n = spans[str(gains.idxmax())], f"{gains.max():,.0f}"
    return f"，{span} 人数最多，为 {n} 人" if zh else f", most of all at {span} ({n})"


def _gain(site: Any, gains: pd.Series, groups: Mapping[str, Group], peak: str, zh: bool) -> str:
    """What the site brings; for one that gains nobody, what it is good for."""
    must = ("指定站点；" if zh else "Required; ") if site.required else ""
    if site.workers_gained > 0.5:
        n, who = f"{site.workers_gained:,.0f}", _listed(gains, groups, zh) + peak
        if zh:
            return f"{must}新增 {n} 名劳动者进入十分钟圈{who}"
        return f"{must}{'brings' if must else 'Brings'} {n} workers into the ten-minute circle{who}"
    if site.workers_gained >= 0.05:
        few = f"{site.workers_gained:.1f}"
        if zh:
            return f"{must}新增不到 1 名劳动者（{few} 人）进入十分钟圈"
        return (
            f"{must}{'brings' if must else 'Brings'} less than one worker ({few}) into the ten-minute circle"
        )
    n = f"{site.workers_in_reach:,.0f}"
    if site.workers_in_reach < 0.5:
        text = "十分钟范围内没有劳动者，不新增覆盖" if zh else "nobody works within ten minutes of it"
    elif zh:
        text = f"不新增覆盖：十分钟范围内的 {n} 名劳动者已有其他站点可达，本站使其多一处选择"
    else:
        text = f"covers nobody new: the {n} workers within ten minutes have another station, and gain a second choice"
    return must + (text if zh or must else text[0].upper() + text[1:])


def _without(site: Any, within_m: float, zh: bool) -> str:
    """Who has no station within ten minutes if this one is not built and the others are; what could stand instead."""
    n, gained, instead = (
        f"{site.workers_alone:,.0f}",
        f"{site.workers_gained:,.0f}",
        bool(site.alternative_id),
    )
    told = _instead(site, within_m, zh)
    if site.workers_alone < 0.5:
        if zh:
            return f"如不设此站，上述人员仍有其他新站可去，{'也' if instead else '且'}{told}"
        return f"without it they still have another new station, and {told}"
    if zh:
        who = f"这 {n} 人" if n == gained else f"其中 {n} 人"
        return f"如不设此站，{who}十分钟内无站点可用，{'但' if instead else '且'}{told}"
    who = f"these {n}" if n == gained else f"{n} of them"
    have = "has" if n == "1" and n != gained else "have"
    return f"without it {who} {have} no station within ten minutes, {'but' if instead else 'and'} {told}"


def _instead(site: Any, within_m: float, zh: bool) -> str:
    """The best candidate in reach that could stand instead, how far off it is and what it would lose."""
    if not site.alternative_id:
        far = _metres(within_m)
        return f"附近（步行 {far} 米内）无可替代场所" if zh else f"there is no substitute within {far} m"
    other, far = (
        _venue(site.alternative, site.alternative_kind, site.alternative_id, zh),
        _metres(site.alternative_m),
    )
    n = f"{site.alternative_loss:,.0f}"
    if zh:
        there = f" {far} 米外的" if far != "0" else "同一地点的"
        return f"可改用{there}{other}，" + (f"少覆盖 {n} 人" if n != "0" else "效果相当")
    there = f"{far} m away" if far != "0" else "at the same spot"
    return f"{other}, {there}, could stand in and would " + (f"cover {n} fewer" if n != "0" else "do as well")


def reasons(
    chosen: gpd.GeoDataFrame,
    gains: pd.DataFrame,
    by_period: pd.DataFrame,
    *,
    groups: Sequence[Group],
    periods: Sequence[Period],
    any_station: bool,
    within_m: float,
    language: str,
) -> list[str]:
    """Per chosen site: who gains and when, where it stands, the nearest station of today, and what if it is not built.

    Parameters
    ----------
    chosen
        Rows in rank order with ``workers_gained``, ``workers_in_reach``, ``workers_alone``, ``nearest_station_m``,
        ``nearest_station`` (its name), ``street``, ``place``, ``host_kind``, ``name``, ``open_hours``,
        ``toilet_near``, ``required``, ``alternative`` (its name, "" where it has none), ``alternative_id`` ("" where
        nothing in reach could stand instead), ``alternative_kind``, ``alternative_m`` and ``alternative_loss``.
    gains, by_period
        :func:`gains_by_group` and :func:`gains_by_period`, same order.
    any_station
        Whether there is a station today: the nearest is then told.
    within_m
        How far an alternative may be.
    """
    by_name, zh = {g.name: g for g in groups}, language == "zh"
    spans = {p.name: p.label for p in periods}
    out = []
    for i, site in enumerate(chosen.itertuples()):
        peak = _peak(by_period.iloc[i], spans, zh)
        parts = [_gain(site, gains.iloc[i], by_name, peak, zh), _where(site, zh)]
        if any_station:
            parts.append(_nearest(site, zh))
        if site.workers_gained >= 0.5:
            parts.append(_without(site, within_m, zh))
        out.append("；".join(parts) + "。" if zh else "; ".join(parts) + ".")
    return out
