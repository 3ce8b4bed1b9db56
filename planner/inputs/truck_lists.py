"""A study's own lists about trucks: traffic counts, sites that could hold a driver home, the homes there are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.errors import Finding, finding
from planner.inputs.hosts import read_hosts
from planner.inputs.places.points import locate
from planner.inputs.stations import read_stations
from planner.inputs.tables.local import check_file
from planner.inputs.tables.read import RawTable, read_table
from planner.settings.inputs import Table

__all__ = ["TruckLists", "read_truck_lists", "read_truck_tags"]

#: Columns of these lists beyond those of stations and hosts, by what they may be called.
ALIASES: dict[str, tuple[str, ...]] = {
    "bays": (
        "bays", "truck_bays", "capacity:hgv", "货车泊位", "货车车位", "泊位", "泊位数", "车位", "车位数",
    ),
    "showers": ("showers", "shower", "淋浴", "淋浴间", "淋浴位", "淋浴数"),
    "washers": ("washers", "washing_machines", "洗衣机", "洗衣机数", "洗衣设备"),
    "services": ("services", "免费服务", "服务项目", "五项服务"),
    "visits_per_day": (
        "visits_per_day", "日均使用", "日均使用人次", "日均服务人次", "日均人次", "日均到访", "日均使用（次）",
    ),
    "trucks_per_day": ("trucks_per_day", "货车流量", "货车日流量", "日均货车", "货车"),
    "vehicles_per_day": ("vehicles_per_day", "日流量", "车流量", "日均车流量", "机动车流量"),
    "place_zh": ("place_zh", "地点", "路段"),
    "place_en": ("place_en", "place"),
    "road": ("road", "道路", "路名", "ref"),
    "source_zh": ("source_zh", "来源", "source"),
    "source_en": ("source_en", "source", "来源"),
}  # fmt: skip
_NUMBERS = ("bays", "showers", "washers", "visits_per_day", "trucks_per_day", "vehicles_per_day")
#: A number with up to three characters before it (no sign, no point), 千 or 万, and a unit.
_NUMBER = re.compile(r"[^\d.\-\u2010-\u2015\u2212]{0,3}?(\d+(?:\.\d+)?)\s*([千万]?)\D{0,4}")
_TIMES = {"": 1, "千": 1_000, "万": 10_000}
_COUNTS = ("road", "place_zh", "place_en", "trucks_per_day", "vehicles_per_day", "source_zh", "source_en")
_HELD = ("bays", "showers", "washers", "services")
_SITES = ["site_id", "name", "host_kind", *_HELD, "open_hours", "geometry"]
#: Tags of OpenStreetMap about what a place offers trucks.
_TAGS = ("capacity:hgv", "hgv", "shower")


@dataclass(frozen=True, eq=False)
class TruckLists:
    """What the lists say and no more: a number that is not stated, or cannot be read, is NaN.

    Attributes
    ----------
    counts
        Traffic counts: road, place_zh, place_en, trucks_per_day, vehicles_per_day, source_zh, source_en, row and
        source (where it stands), geometry.
    sites
        Sites that could hold a home: site_id, name, host_kind, bays, showers, washers, services,
        open_hours, geometry.
    homes
        Homes that are open: the same, and visits_per_day (drivers' visits as counted), source_zh, source_en.
    findings
        What is wrong with the lists. A file that is not there is an error; then no list is read.
    """

    counts: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    homes: gpd.GeoDataFrame
    findings: tuple[Finding, ...] = ()


def read_truck_lists(
    truck_counts: Table | None, truck_sites: Table | None, driver_homes: Sequence[Table], *, crs: str | None
) -> TruckLists:
    """Read and judge the lists of a study file's inputs into ``crs``; those not given are empty.

    ``crs`` None, where the streets that settle it were refused: the lists are only judged.
    """
    crs = crs or "EPSG:3857"
    given = [t for t in (truck_counts, truck_sites, *driver_homes) if t is not None]
    missing = [f for table in given for f in check_file(table.path)]
    if missing:
        return TruckLists(no_counts(crs), no_sites(crs), read_homes((), crs=crs)[0], tuple(missing))
    counts, found = no_counts(crs), list[Finding]()
    if truck_counts is not None:
        counts, found = read_counts(truck_counts, crs=crs)
    sites = no_sites(crs)
    if truck_sites is not None:
        sites, more = read_sites(truck_sites, crs=crs)
        found += more
    homes, more = read_homes(driver_homes, crs=crs)
    return TruckLists(counts, sites, homes, (*found, *more))


def read_counts(table: Table, *, crs: str) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Published or own counts at points, as :class:`TruckLists` has them."""
    raw, found = read_table(table, kind="hosts")
    if raw is None:
        return no_counts(crs), found
    places = locate(raw, table, crs=crs)
    frame, more = further_columns(raw, _COUNTS)
    made = gpd.GeoDataFrame(
        frame.assign(row=raw.rows, source=raw.source), geometry=places.points(crs), crs=crs
    )
    return made[places.used].reset_index(drop=True), found + places.findings + more


def read_sites(table: Table, *, crs: str) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Sites of a user's table; those with 0 bays are told and left out."""
    hosts, found = read_hosts(table, crs=crs)
    raw, _ = read_table(table, kind="hosts")
    if raw is None or hosts.empty:
        return no_sites(crs), found
    joined, more = _with_further_columns(hosts, raw, _HELD)
    none = joined["bays"] == 0
    found += more + [
        finding("FRT-004", source=raw.source, row=int(r), field="bays", value=0) for r in joined["row"][none]
    ]
    made = joined[~none].rename(columns={"host_id": "site_id"})
    return made[_SITES].reset_index(drop=True), found


def read_homes(tables: Sequence[Table], *, crs: str) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Existing driver homes that are open, of all lists together."""
    parts, found = [], list[Finding]()
    for table in tables:
        homes, more = read_stations(table, crs=crs, area=None)
        found += more
        raw, _ = read_table(table, kind="stations")
        if raw is None or homes.empty:
            continue
        joined, more = _with_further_columns(
            homes[homes["status"] == "open"], raw, (*_HELD, "visits_per_day", "source_zh", "source_en")
        )
        found += more
        parts.append(joined.rename(columns={"station_id": "site_id"}).assign(host_kind="driver_home"))
    if not parts:
        texts = {name: pd.Series(dtype="str") for name in ("source_zh", "source_en")}
        return no_sites(crs).assign(visits_per_day=pd.Series(dtype=float), **texts), found
    homes = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=crs)
    return homes[[*_SITES, "visits_per_day", "source_zh", "source_en"]], found


def further_columns(raw: RawTable, roles: Iterable[str]) -> tuple[pd.DataFrame, list[Finding]]:
    """The columns of :data:`ALIASES`, on the table's lines; numbers NaN where blank or wrong (told)."""
    names = {unicodedata.normalize("NFKC", str(c)).strip().lower(): c for c in raw.cells.columns}
    out: dict[str, Any] = {}
    found: list[Finding] = []
    for role in roles:
        column = next((names[a] for a in ALIASES[role] if a in names), None)
        texts = raw.cells[column] if column is not None else pd.Series([None] * len(raw.rows))
        if role not in _NUMBERS:
            out[role] = pd.Series(["" if t is None or pd.isna(t) else str(t) for t in texts], dtype="str")
            continue
        values = np.full(len(raw.rows), np.nan)
        for i, text in enumerate(texts):
            if text is None or pd.isna(text) or not str(text).strip():
                continue
            plain = unicodedata.normalize("NFKC", str(text)).replace(",", "")
            match = _NUMBER.fullmatch(plain.strip())
            if match is None:
                found.append(
                    finding("FRT-010", source=raw.source, row=int(raw.rows[i]), field=str(column), value=text)
                )
            else:
                values[i] = round(float(match[1]) * _TIMES[match[2]], 6)
        out[role] = values
    return pd.DataFrame(out), found


def _with_further_columns(
    places: gpd.GeoDataFrame, raw: RawTable, roles: Iterable[str]
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """A list that was read from ``raw`` (``row``: where each stands) with further columns of it."""
    extra, found = further_columns(raw, roles)
    extra.index = pd.Index(raw.rows)
    return places.join(extra, on="row"), found


def no_counts(crs: str) -> gpd.GeoDataFrame:
    """Counts without a row."""
    texts = {
        c: pd.Series(dtype="str")
        for c in ("road", "place_zh", "place_en", "source_zh", "source_en", "source")
    }
    numbers = {c: pd.Series(dtype=float) for c in ("trucks_per_day", "vehicles_per_day")}
    return gpd.GeoDataFrame(texts | numbers | {"row": pd.Series(dtype="int64")}, geometry=[], crs=crs)


def no_sites(crs: str) -> gpd.GeoDataFrame:
    """Sites without a row."""
    numbers = ("bays", "showers", "washers")
    columns = {
        c: pd.Series(dtype=float if c in numbers else "str") for c in _SITES if c != "geometry"
    }  # fmt: skip
    return gpd.GeoDataFrame(columns, geometry=[], crs=crs)


def read_truck_tags(osm_path: Path | None, ids: Iterable[str]) -> pd.DataFrame:
    """What the street file says about trucks at the objects given (``n1``, ``w2``); the others have no row.

    Parameters
    ----------
    osm_path
        OpenStreetMap's own file; None: the streets are of another kind, nothing is known.

    Returns
    -------
    By ``host_id`` as index: ``lorries`` (bool, trucks are meant), ``bays`` (NaN: not said), ``showers``
    (2 where there are any: how many is not tagged; NaN: not said).
    """
    told: dict[str, tuple[bool, float, float]] = {}
    if osm_path is not None:
        import osmium

        wanted = set(ids)
        for thing in osmium.FileProcessor(str(osm_path)).with_filter(osmium.filter.KeyFilter(*_TAGS)):
            key = f"{thing.type_str()}{thing.id}"
            if key in wanted:
                lorries = thing.tags.get("hgv", "") in ("yes", "designated", "only")
                showers = 2.0 if thing.tags.get("shower") == "yes" else float("nan")
                told[key] = (lorries, _plain_number(thing.tags.get("capacity:hgv")), showers)
    columns = zip(*told.values(), strict=True) if told else ((), (), ())
    kinds = {"lorries": bool, "bays": float, "showers": float}
    return pd.DataFrame(
        {name: np.array(values, kind) for (name, kind), values in zip(kinds.items(), columns, strict=True)},
        index=pd.Index(list(told), dtype="str", name="host_id"),
    )


def _plain_number(text: str | None) -> float:
    if text is None or not re.fullmatch(r"\d+(\.\d+)?", text.strip()):
        return float("nan")
    return float(text)
