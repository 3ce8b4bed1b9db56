"""Where a driver home could be, and what each place has of the checklist."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.errors import Finding, finding
from planner.inputs.places.within import district_of, one_per_spot
from planner.settings.freight import Freight

__all__ = ["LINES", "checklist", "existing_homes", "find_sites", "left_out"]

#: Which of several hosts at one spot is kept; the user's own come first.
_ORDER = ("driver_home", "service_area", "truck_parking", "port", "logistics", "fuel", "charging")
COLUMNS = [
    "site_id", "name", "host_kind", "district", "bays", "bays_known", "showers", "washers", "open_hours",
    "services", "exists", "visits_per_day", "geometry",
]  # fmt: skip
#: Lines of the checklist.
LINES = ("bays", "showers", "washers", "hours", "services")
_WHY = {
    "room": ("no truck bays known there", "没有已知的货车泊位"),
    "outside": ("outside the study's districts", "不在研究区各区之内"),
    "home": ("nearer to an existing driver home than the spacing", "与现有司机之家的距离小于规定间距"),
    "spot": ("another site stands at the same spot", "同一位置已有其他场所"),
    "street": ("no street for trucks close enough", "附近没有货车可通行的道路"),
}


def existing_homes(
    homes: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, freight: Freight
) -> gpd.GeoDataFrame:
    """The homes there are (:class:`planner.inputs.truck_lists.TruckLists`), their bays assumed where not said."""
    usual = freight.kind_bays.get("driver_home", freight.min_bays)
    made = _with_bays(homes, homes["bays"].to_numpy(float), usual).assign(
        exists=True, district=district_of(homes.geometry, districts, outside="")
    )
    made = made[COLUMNS]
    sources = {name: homes[name].to_numpy() for name in ("source_zh", "source_en")}
    return made.assign(**sources) if len(homes) else made


def find_sites(
    hosts: gpd.GeoDataFrame,
    districts: gpd.GeoDataFrame,
    *,
    freight: Freight,
    tags: pd.DataFrame,
    own: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame,
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Candidates: hosts with room for trucks and the user's own sites, one per spot, apart from homes.

    Parameters
    ----------
    tags
        What is known of hosts (:func:`planner.inputs.truck_lists.read_truck_tags`).
    own, homes
        The user's sites and the homes there are (:class:`planner.inputs.truck_lists.TruckLists`).
    """
    table, rank = _venues(hosts, tags, freight)
    if len(own):
        usual = own["host_kind"].map(lambda kind: freight.kind_bays.get(kind, freight.min_bays))
        least = np.maximum(usual.to_numpy(float), freight.min_bays)
        mine = _with_bays(own, own["bays"].to_numpy(float), least).assign(
            exists=False, district="", visits_per_day=np.nan
        )
        table = gpd.GeoDataFrame(pd.concat([mine[COLUMNS], table], ignore_index=True), crs=hosts.crs)
        rank = np.concatenate([np.full(len(own), -1), rank])
    table["district"] = district_of(table.geometry, districts, outside="")
    metres = np.full(len(table), np.inf)
    if len(homes) and len(table):
        near = shapely.STRtree(homes.geometry.to_numpy()).query_nearest(
            table.geometry.to_numpy(), return_distance=True, all_matches=False
        )
        metres[near[0][0]] = near[1]
    reasons = {
        "room": (table["bays"] <= 0).to_numpy(), "outside": (table["district"] == "").to_numpy(),
        "home": metres < freight.spacing_km * 1000,
    }  # fmt: skip
    keep, found = np.ones(len(table), bool), list[Finding]()
    for why, mask in reasons.items():
        found += left_out(why, int((keep & mask).sum()))
        keep &= ~mask
    table = table.assign(_rank=rank, _bays=-table["bays"])[keep]
    table = table.sort_values(["_rank", "_bays", "site_id"], kind="stable").drop(columns=["_rank", "_bays"])
    first = one_per_spot(shapely.get_coordinates(table.geometry.to_numpy()), freight.dedupe_m)
    found += left_out("spot", int((~first).sum()))
    return table[first].reset_index(drop=True), found


def _venues(
    hosts: gpd.GeoDataFrame, tags: pd.DataFrame, freight: Freight
) -> tuple[gpd.GeoDataFrame, NDArray[Any]]:
    """Hosts of the study's kinds as sites, and the place of each in the order of kinds."""
    used = hosts[hosts["host_kind"].isin(freight.site_kinds)].rename(columns={"host_id": "site_id"})
    known = tags.reindex(used["site_id"].astype(str))
    lorry = known["lorries"].eq(True).to_numpy(bool)
    kind = used["host_kind"].to_numpy()
    kind_of_bays = np.where((kind == "fuel") & lorry, "fuel_hgv", kind)
    usual = np.array([freight.kind_bays.get(str(k), 0.0) for k in kind_of_bays], float)
    blank = {
        "visits_per_day": np.nan,
        "showers": known["showers"].to_numpy(float),
        "washers": np.nan,
        "services": "",
        "district": "",
    }
    made = _with_bays(used, known["bays"].to_numpy(float), usual).assign(exists=False, **blank)
    place = {k: i for i, k in enumerate(_ORDER)}
    return made[COLUMNS], np.array([place.get(str(k), len(place)) for k in kind], int)


def _with_bays(table: gpd.GeoDataFrame, told: NDArray[Any], usual: Any) -> gpd.GeoDataFrame:
    """``bays`` as told, as usual where they are not, and which of the two (``bays_known``)."""
    known = np.isfinite(told)
    return table.assign(bays=np.where(known, told, usual), bays_known=known).reset_index(drop=True)


def left_out(why: str, n: int) -> list[Finding]:
    """That ``n`` candidates were left out: for want of ``room``, ``outside``, near a ``home`` …; nothing for none."""
    en, zh = _WHY[why]
    return [finding("FRT-008", source="candidates", n=n, why_en=en, why_zh=zh)] if n else []


def checklist(sites: gpd.GeoDataFrame, freight: Freight) -> pd.DataFrame:
    """What each site has of the ministry's minimum: ``has_<line>`` for each of :data:`LINES`, and ``meets``.

    A mark is 1 (has it), 0 (lacks it) or NaN (not known); ``meets`` only if every line is known and had.
    Columns ``star_<name>`` judge the study's own star rows the same way.
    """
    rules = {"bays": freight.min_bays, "showers": freight.min_showers, "washers": freight.min_washers}
    marks: dict[str, Any] = {}
    for line, least in rules.items():
        have = sites[line].to_numpy(float)
        if line == "bays":
            have = np.where(sites["bays_known"].to_numpy(bool), have, np.nan)
        marks[line] = np.where(np.isfinite(have), (have >= least).astype(float), np.nan if least > 0 else 1.0)
    hours = sites["open_hours"].fillna("").astype(str)
    day = np.where(hours == "", np.nan, (hours == "00:00-24:00").astype(float))
    marks["hours"] = day if freight.must_open_24h else np.ones(len(sites))
    marks["services"] = np.array([_services(t, freight.services) for t in sites["services"]], float)
    table = pd.DataFrame({f"has_{line}": marks[line] for line in LINES}, index=sites.index)
    out = table.assign(meets=(table == 1).all(axis=1))
    for name, star in freight.stars.items():
        have_all = np.ones(len(sites), bool)
        for line, least in star.items():
            have_all &= np.nan_to_num(sites[line].to_numpy(float), nan=-1.0) >= least
        out[f"star_{name}"] = have_all
    return out


def _services(text: Any, wanted: Sequence[str]) -> float:
    plain = str(text or "").strip().lower()
    if not plain:
        return float("nan")
    if plain in ("yes", "all", "是", "齐全", "五项齐全"):
        return 1.0
    return float(set(wanted) <= set(re.split(r"[;,、；，\s]+", plain)))
