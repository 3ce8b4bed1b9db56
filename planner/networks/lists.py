"""The places each network has: lists read, judged, and one shape for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from planner.errors import Finding, finding, told
from planner.inputs.checks import check_stations
from planner.inputs.frame import StreetFrame
from planner.inputs.places.within import district_of
from planner.inputs.stations import read_list
from planner.settings.inputs import Table
from planner.settings.networks import UnionNetwork, named

__all__ = ["PLACE", "SAME_PLACE_M", "UnionLists", "no_places", "read_lists", "without_base"]

#: A place that may only stand on another network's stands within so many metres of one.
SAME_PLACE_M = 50.0
#: A list that holds so much more or less than is reported is told.
_REPORTED = 0.05
#: Columns of every table of places.
PLACE = ["place_id", "name", "kind", "open_hours", "district", "source", "row", "geometry"]


@dataclass(frozen=True, eq=False)
class UnionLists:
    """The open places of each network by its name, in the columns of :data:`PLACE`, and what was noticed."""

    places: Mapping[str, gpd.GeoDataFrame]
    findings: tuple[Finding, ...] = field(default=())


def no_places(crs: object) -> gpd.GeoDataFrame:
    """A table of places without a row."""
    columns: dict[str, list[object]] = {c: [] for c in PLACE}
    return gpd.GeoDataFrame(columns, geometry="geometry", crs=crs).astype(
        {c: "str" for c in PLACE if c not in ("row", "geometry")} | {"row": "int64"}
    )


def read_lists(
    networks: Sequence[UnionNetwork], stations: gpd.GeoDataFrame, homes: gpd.GeoDataFrame,
    districts: gpd.GeoDataFrame, water: gpd.GeoDataFrame, frame: StreetFrame | None,
) -> UnionLists:  # fmt: skip
    """Read every list of ``networks`` into the districts' CRS and judge it.

    Parameters
    ----------
    stations, homes
        The study's own stations and driver homes (those that are open): what the networks that other parts plan have.
    districts, water
        Places far outside the districts, or in a lake, are left out and told.
    frame
        The streets, against which the datum of coordinates is tested; None where they were refused.
    """
    crs, area = districts.crs, shapely.union_all(districts.geometry.to_numpy())
    streets = None if frame is None else frame.streets
    places: dict[str, gpd.GeoDataFrame] = {}
    found: list[Finding] = []
    for network in networks:
        parts = []
        if network.planned_by == "siting":
            parts.append(stations[stations["status"] == "open"].rename(columns={"station_id": "place_id"}))
        if network.planned_by == "freight":
            homes_ = homes.assign(
                kind=homes["host_kind"], source="driver_homes", row=range(2, len(homes) + 2)
            )
            parts.append(homes_.rename(columns={"site_id": "place_id"}))
        full = []
        for table in network.lists:
            read, name = read_list(table, crs=str(crs), area=area, streets=streets), _source(table)
            found += [replace(f, source=name) if f.source == table.path.name else f for f in read.findings]
            full += [read.stations.assign(source=name)] if len(read.stations) else []
        if full:
            listed = gpd.GeoDataFrame(pd.concat(full, ignore_index=True), crs=crs)
            listed, more = check_stations(listed, districts=districts, water=water)
            found += more
            parts.append(listed[listed["status"] == "open"].rename(columns={"station_id": "place_id"}))
        places[network.name] = _one_table(parts, districts)
        found += _as_reported(network, len(places[network.name]))
    for network in networks:
        base = named(networks, network.only_on) if network.only_on else None
        if base is not None:
            found += without_base(base, places[network.name], places[base.name])
    return UnionLists(places, tuple(found))


def _source(table: Table) -> str:
    """The file, with its sheet where one is named: several lists may be in one workbook."""
    return table.path.name if table.sheet is None else f"{table.path.name} · {table.sheet}"


def _one_table(parts: Sequence[gpd.GeoDataFrame], districts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Lists below each other in the columns of :data:`PLACE`, the district by where a place stands."""
    if not parts or not sum(map(len, parts)):
        return no_places(districts.crs)
    table = pd.concat([p.reindex(columns=PLACE) for p in parts if len(p)], ignore_index=True)
    made = gpd.GeoDataFrame(table, geometry="geometry", crs=districts.crs)
    texts = {
        c: made[c].astype(object).where(made[c].notna(), "").astype("str")
        for c in PLACE
        if c not in ("row", "geometry")
    }
    where = district_of(made.geometry, districts, outside="").to_numpy()
    made = made.assign(**texts).assign(district=where)
    return made.assign(row=pd.to_numeric(made["row"]).fillna(0).astype("int64"))


def _as_reported(network: UnionNetwork, n: int) -> list[Finding]:
    """Whether a list is there, and holds about as many places as are reported."""
    names: dict[str, Any] = {"title_en": network.title("en"), "title_zh": network.title("zh")}
    own = network.planned_by == "here"
    if own and not network.lists:
        known = (
            ("how many there are is not known", "数量不详")
            if network.reported is None
            else (f"{network.reported:,} are reported to exist", f"据报有 {network.reported:,} 处")
        )
        said: dict[str, Any] = {"reported_en": known[0], "reported_zh": known[1]}
        return [
            finding("UNI-016", source="study.toml", field=f"networks.{network.name}.lists", **names, **said)
        ]
    if network.reported and abs(n - network.reported) > _REPORTED * network.reported:
        source = _source(network.lists[0]) if network.lists else "stations"
        return [finding("UNI-017", source=source, value=f"{n:,}", reported=f"{network.reported:,}", **names)]
    return []


def without_base(base: UnionNetwork, own: gpd.GeoDataFrame, below: gpd.GeoDataFrame) -> list[Finding]:
    """Places ``own`` that stand on none of the places ``below`` of their ``base`` (UNI-014): row, value, nearest."""
    if own.empty:
        return []
    far = np.full(len(own), np.inf)
    if len(below):
        far, _ = cKDTree(shapely.get_coordinates(below.geometry.to_numpy())).query(
            shapely.get_coordinates(own.geometry.to_numpy())
        )
    at = np.flatnonzero(far > SAME_PLACE_M)
    return [
        finding(
            "UNI-014", source=own["source"].iloc[i], row=int(own["row"].iloc[i]), field="only_on",
            value=own["name"].iloc[i], base_en=base.title("en"), base_zh=base.title("zh"), within=f"{SAME_PLACE_M:g}",
            metres=f"{far[i]:,.0f}" if np.isfinite(far[i]) else told("none", "无"),
        )
        for i in at.tolist()
    ]  # fmt: skip
