"""Other bodies' posts (城管驿站, 暖新驿站) that may be co-branded: read like station lists."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from planner import tables
from planner.demand.streets.standing import DemandPoints
from planner.errors import Finding
from planner.inputs.places.within import district_of
from planner.inputs.stations import read_list
from planner.settings.inputs import Table
from planner.siting.classes import ReachClasses, merge_points
from planner.siting.reach import SiteReach, joined

__all__ = ["Posts", "classes_with", "read_partners"]


@dataclass(frozen=True, eq=False)
class Posts:
    """Partners' posts that are open, in the study's CRS, with their district."""

    posts: gpd.GeoDataFrame
    findings: tuple[Finding, ...] = ()


def read_partners(partners: tuple[Table, ...], *, districts: gpd.GeoDataFrame, crs: str) -> Posts:
    """Every list as one table; those outside the districts are left out. Ids begin with the list's number where two lists share one."""
    parts = [read_list(table, crs=crs, area=districts.union_all()) for table in partners]
    found = tuple(f for part in parts for f in part.findings)
    if not parts:
        return Posts(tables.empty("stations", crs), found)
    lists = [p.stations.assign(number=str(k + 1)) for k, p in enumerate(parts)]
    posts = gpd.GeoDataFrame(pd.concat(lists, ignore_index=True), crs=crs)
    posts = posts.assign(district=district_of(posts.geometry, districts, outside=""))
    posts = posts[(posts["status"] == "open") & (posts["district"] != "")].reset_index(drop=True)
    twice = posts["station_id"].duplicated(keep=False)
    ids = posts["station_id"].where(~twice, posts["number"] + ":" + posts["station_id"])
    return Posts(posts.assign(station_id=ids).drop(columns="number"), found)


def classes_with(
    demand: gpd.GeoDataFrame, points: DemandPoints, existing: SiteReach, new: SiteReach, partners: SiteReach
) -> ReachClasses:
    """The demand points merged where the same stations, candidates and partners' posts are in reach (posts behind the candidates)."""
    return merge_points(demand, points, existing, joined(new, partners))
