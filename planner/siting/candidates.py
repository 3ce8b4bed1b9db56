"""Candidate sites: host venues that face a street, one per spot, not beside an open station."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planner.errors import Finding, InputError, finding
from planner.inputs.places.within import district_of, one_per_spot
from planner.roads.network import Network
from planner.roads.reach import snap
from planner.settings.siting import OwnPlace, Siting

Array = NDArray[Any]

#: Hosts that stations are usually put in, best first (who opens long and has a toilet beside it counts
#: more); used to pick one host where several share a spot. Own order, after Shandong's list of hosts.
HOST_ORDER = (
    "community", "bank", "post_office", "convenience", "fuel", "fast_food", "park", "bus_station", "mall",
    "charging", "telecom", "pharmacy", "library", "police", "toilet", "parcel_depot", "rail_station",
    "restaurant", "office", "service_area", "street",
)  # fmt: skip

#: More points along streets than this are not made.
MOST_POINTS = 200_000
#: What the ids of points along streets begin with.
STREET_ID = "street-"

COLUMNS = [
    "site_id",
    "host_id",
    "name",
    "host_kind",
    "open_hours",
    "week_hours",
    "cost_yuan",
    "district",
    "geometry",
]


def _xy(table: gpd.GeoDataFrame) -> Array:
    return shapely.get_coordinates(table.geometry.to_numpy())


def points_along_streets(network: Network, every_m: float) -> gpd.GeoDataFrame:
    """Points every ``every_m`` metres of street of the components that count (network CRS)."""
    usable = network.counts[network.edge_u] & network.counts[network.edge_v]
    lines = network.edges().geometry.to_numpy()[usable]
    lengths = shapely.length(lines)
    ends = np.cumsum(lengths)
    n = float(ends[-1]) / every_m if len(ends) else 0.0
    if n > MOST_POINTS:
        better = int(np.ceil(n / MOST_POINTS * every_m))
        words: dict[str, Any] = {"n": f"{n:,.0f}", "limit": f"{MOST_POINTS:,}", "better": better}
        raise InputError(
            [finding("CAN-010", source="study.toml", field="siting.every_m", value=f"{every_m:g}", **words)]
        )
    at = np.arange(every_m / 2, ends[-1] if len(ends) else 0.0, every_m)
    edge = np.searchsorted(ends, at)
    points = shapely.line_interpolate_point(lines[edge], at - (ends[edge] - lengths[edge]))
    frame = {
        "host_id": [f"{STREET_ID}{i:06d}" for i in range(len(points))],
        "name": "",
        "host_kind": "street",
        "open_hours": "",
    }
    return gpd.GeoDataFrame(frame, geometry=points, crs=network.crs)


def find_candidates(
    hosts: gpd.GeoDataFrame,
    network: Network,
    districts: gpd.GeoDataFrame,
    stations: gpd.GeoDataFrame,
    *,
    rules: Siting,
    water: gpd.GeoDataFrame | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Candidates under ``rules``, and what was left out and why (counts, as findings).

    Returns the table ``candidates`` with ``name`` and ``open_hours`` (the host's, else the rule table's
    for its kind, else the study's default) and ``week_hours`` (of each day, where these differ) beside the columns of the contract.
    """
    if progress:
        progress("candidates", 0.0)
    kinds = rules.host_kinds or tuple(k for k in HOST_ORDER if k != "street")
    table = _with_own_places(hosts[hosts["host_kind"].isin(kinds)], rules.places)
    own, lost = {p.id for p in rules.places}, dict[str, str]()
    if rules.every_m:
        table = _with_street_points(table, points_along_streets(network, rules.every_m), rules.every_m / 2)
    left_out: dict[tuple[str, bool], int] = {}

    def drop(mask: Array, why: str) -> None:
        nonlocal table
        ours = _on_street(table)
        for street in (False, True):
            left_out[why, street] = int((mask & (ours == street)).sum())
        lost.update(dict.fromkeys(set(table["host_id"][mask]) & own, why))
        table = table[~mask]

    drop(table["host_id"].duplicated().to_numpy() & table["host_id"].isin(own).to_numpy(), "same_id")
    district = district_of(table.geometry, districts, outside="")
    table = table.assign(district=district)
    drop((district == "").to_numpy(), "outside")
    if water is not None and len(water):
        hit = shapely.STRtree(water.geometry.to_numpy()).query(
            table.geometry.to_numpy(), predicate="intersects"
        )
        wet = np.zeros(len(table), dtype=bool)
        wet[hit[0]] = True
        drop(wet, "water")
    drop(snap(network, table.geometry, limit_m=rules.street_within_m).edge < 0, "street")
    open_now = stations[stations["status"] == "open"]
    if len(open_now) and len(table):
        far, _ = cKDTree(_xy(open_now)).query(_xy(table))
        drop(far < rules.min_to_open_m, "open_station")
    place = {k: i for i, k in enumerate(HOST_ORDER)}
    rank = table["host_kind"].map(lambda kind: place.get(kind, len(HOST_ORDER))).astype(int)
    wished = table["host_id"].isin(rules.required)
    table = table.assign(_rank=rank - 1000 * wished).sort_values(["_rank", "host_id"], kind="stable")
    alone = _on_street(table)  # points along streets are thin already
    alone[~alone] = one_per_spot(_xy(table)[~alone], rules.dedupe_m)
    drop(~alone, "same_spot")
    findings = [
        finding(
            "CAN-001",
            source="candidates",
            why_en=_WHY[k][0],
            why_zh=_WHY[k][1],
            n=n,
            what_en=_WHAT[street][0],
            what_zh=_WHAT[street][1],
        )
        for (k, street), n in left_out.items()
        if n
    ]
    findings += [
        finding("CAN-012", source="study.toml", field="siting.places", value=place, why_en=_WHY[lost[place]][0], why_zh=_WHY[lost[place]][1])
        for place in sorted(lost)
    ]  # fmt: skip
    if table.empty:
        findings.append(finding("CAN-002", source="candidates"))
    return _finish(table, rules), findings


def _with_own_places(hosts: gpd.GeoDataFrame, places: Sequence[OwnPlace]) -> gpd.GeoDataFrame:
    """Hosts, and the study's own places as points on the street."""
    if not places:
        return hosts
    frame = {"host_id": [p.id for p in places], "open_hours": [p.open_hours for p in places]}
    points = gpd.points_from_xy([p.lng for p in places], [p.lat for p in places], crs=4326)
    own = gpd.GeoDataFrame(frame, geometry=points).to_crs(hosts.crs).assign(name="", host_kind="street")
    return gpd.GeoDataFrame(pd.concat([hosts, own], ignore_index=True), crs=hosts.crs)


def _on_street(table: pd.DataFrame) -> Array:
    """Which candidates are points along streets (planner's own)."""
    return table["host_id"].astype(str).str.startswith(STREET_ID).to_numpy(dtype=bool).copy()


def _with_street_points(
    hosts: gpd.GeoDataFrame, points: gpd.GeoDataFrame, apart_m: float
) -> gpd.GeoDataFrame:
    """Hosts, and the points along streets that have no host within ``apart_m``: a venue with a name goes before a spot without."""
    if len(hosts) and len(points):
        far, _ = cKDTree(_xy(hosts)).query(_xy(points))
        points = points[far > apart_m]
    return (
        gpd.GeoDataFrame(pd.concat([hosts, points], ignore_index=True), crs=points.crs)
        if len(hosts)
        else points
    )


_WHAT = {False: ("host venues", "依托场所"), True: ("points along streets", "沿街点位")}
_WHY = {
    "outside": ("outside the study's districts", "不在研究区各区之内"),
    "water": ("in water", "落在水面上"),
    "street": ("no walkable street close enough", "附近没有可步行的街道"),
    "open_station": ("beside a station that is open", "紧邻已开放的站点"),
    "same_id": ("a host has this id already", "已有同编号的依托场所"),
    "same_spot": ("another host stands at the same spot", "同一位置已有其他依托场所"),
}


def _finish(table: gpd.GeoDataFrame, rules: Siting) -> gpd.GeoDataFrame:
    hours = table["open_hours"].fillna("").astype("str")
    week = table["week_hours"] if "week_hours" in table else pd.Series("", index=table.index)
    by_kind = table["host_kind"].map(lambda kind: rules.host_hours.get(kind, rules.default_hours))
    table = table.assign(
        site_id=table["host_id"].astype("str"),
        name=table["name"].fillna("").astype("str"),
        open_hours=hours.where(hours != "", by_kind).astype("str"),
        week_hours=week.fillna("").astype("str"),
        cost_yuan=table["host_kind"].map(lambda kind: rules.cost_of(str(kind))[0]).astype(float),
    )
    return table.sort_values("site_id", kind="stable").reset_index(drop=True)[COLUMNS]


def proportional_quota_min(
    districts: gpd.GeoDataFrame, p: int, *, caps: Sequence[int] | None = None
) -> dict[str, int]:
    """Half of each district's share of ``p`` by population, rounded down, never above its ``caps``."""
    population = districts["population"].fillna(0).to_numpy(dtype=float)
    if population.sum() <= 0:
        return {}
    half = np.floor(p * population / population.sum() / 2).astype(int)
    if caps is not None:
        half = np.minimum(half, np.asarray(caps, dtype=int))
    return {str(k): int(v) for k, v in zip(districts["district"], half, strict=True) if v > 0}
