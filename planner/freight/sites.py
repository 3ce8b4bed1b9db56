"""Where a driver home could be, what each place has, and what it lacks of the checklist."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.errors import Finding, finding
from planner.freight.zones import district_of, one_per_spot
from planner.inputs.places.points import locate
from planner.inputs.tables.read import RawTable, read_table
from planner.settings.freight import Freight
from planner.settings.inputs import Table

#: Columns of a user's table, by what they may be called.
ALIASES: dict[str, tuple[str, ...]] = {
    "bays": (
        "bays",
        "truck_bays",
        "capacity:hgv",
        "货车泊位",
        "货车车位",
        "泊位",
        "泊位数",
        "车位",
        "车位数",
    ),
    "showers": ("showers", "shower", "淋浴", "淋浴间", "淋浴位", "淋浴数"),
    "washers": ("washers", "washing_machines", "洗衣机", "洗衣机数", "洗衣设备"),
    "services": ("services", "免费服务", "服务项目", "五项服务"),
    "trucks_per_day": ("trucks_per_day", "货车流量", "货车日流量", "日均货车", "货车"),
    "vehicles_per_day": ("vehicles_per_day", "日流量", "车流量", "日均车流量", "机动车流量"),
    "place_zh": ("place_zh", "地点", "路段"),
    "place_en": ("place_en", "place"),
    "road": ("road", "道路", "路名", "ref"),
    "source_text": ("source", "来源"),
}
_NUMBERS = ("bays", "showers", "washers", "trucks_per_day", "vehicles_per_day")
#: A number with up to three characters before it (no sign, no point), 千 or 万, and a unit.
_NUMBER = re.compile(r"[^\d.\-\u2010-\u2015\u2212]{0,3}?(\d+(?:\.\d+)?)\s*([千万]?)\D{0,4}")
_TIMES = {"": 1, "千": 1_000, "万": 10_000}
#: Which of several hosts at one spot is kept.
_ORDER = ("user", "driver_home", "service_area", "truck_parking", "port", "logistics", "fuel", "charging")
COLUMNS = [
    "site_id", "name", "host_kind", "district", "bays", "bays_known", "showers", "washers", "open_hours",
    "services", "exists", "geometry",
]  # fmt: skip


def extra_columns(raw: RawTable, roles: Iterable[str]) -> tuple[pd.DataFrame, list[Finding]]:
    """Columns of a table that are the freight room's own; numbers NaN where blank or wrong (told)."""
    names = {unicodedata.normalize("NFKC", str(c)).strip().lower(): c for c in raw.cells.columns}
    out: dict[str, Any] = {}
    found: list[Finding] = []
    for role in roles:
        column = next((names[a] for a in ALIASES[role] if a in names), None)
        texts = raw.cells[column] if column is not None else pd.Series([None] * len(raw.rows))
        if role not in _NUMBERS:
            out[role] = ["" if t is None or pd.isna(t) else str(t) for t in texts]
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


def read_sites(table: Table, *, crs: str) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Sites of a user's table (candidates): name, kind, bays, showers, washers, hours, services; 0 bays told."""
    from planner.inputs.hosts import read_hosts

    hosts, found = read_hosts(table, crs=crs)
    raw, _ = read_table(table, kind="hosts")
    if raw is None or hosts.empty:
        return _blank(hosts.iloc[:0].rename(columns={"host_id": "site_id"}), crs), found
    extra, more = extra_columns(raw, ("bays", "showers", "washers", "services"))
    extra.index = pd.Index(raw.rows)
    joined = hosts.join(extra, on="row")
    none = joined["bays"] == 0
    found += more + [
        finding("FRT-004", source=raw.source, row=int(r), field="bays", value=0) for r in joined["row"][none]
    ]
    made = joined[~none].rename(columns={"host_id": "site_id"})
    return _blank(made.assign(exists=False, user=True), crs), found


def read_homes(
    tables: Sequence[Table], *, crs: str, freight: Freight
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Existing driver homes that are open, with what is known of them."""
    from planner.inputs.stations import read_stations

    parts, found = [], list[Finding]()
    for table in tables:
        homes, more = read_stations(table, crs=crs, area=None)
        found += more
        raw, _ = read_table(table, kind="stations")
        if raw is None or homes.empty:
            continue
        extra, more = extra_columns(raw, ("bays", "showers", "washers", "services", "source_text"))
        found += more
        extra.index = pd.Index(raw.rows)
        homes = homes[homes["status"] == "open"].join(extra, on="row")
        parts.append(
            homes.rename(columns={"station_id": "site_id"}).assign(host_kind="driver_home", exists=True)
        )
    if not parts:
        empty = gpd.GeoDataFrame({"site_id": [], "name": []}, geometry=[], crs=crs)
        return _blank(empty.assign(host_kind="driver_home", exists=True), crs), found
    homes = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=crs)
    made = _blank(homes, crs).assign(source=homes["source_text"].to_numpy())
    known = np.isfinite(made["bays"].to_numpy(float))
    bays = np.where(
        known, made["bays"].to_numpy(float), freight.kind_bays.get("driver_home", freight.min_bays)
    )
    return made.assign(bays=bays, bays_known=known), found


def _blank(frame: gpd.GeoDataFrame, crs: str) -> gpd.GeoDataFrame:
    """The columns of sites, blank where a table has none."""
    n = len(frame)
    blanks: dict[str, Any] = {
        "district": [""] * n, "bays": np.full(n, np.nan), "bays_known": np.zeros(n, bool), "showers": np.full(n, np.nan),
        "washers": np.full(n, np.nan), "open_hours": [""] * n, "services": [""] * n, "exists": np.zeros(n, bool),
    }  # fmt: skip
    made = frame.assign(**{c: v for c, v in blanks.items() if c not in frame.columns})
    keep = [*COLUMNS, *(["user"] if "user" in made.columns else [])]
    return gpd.GeoDataFrame(made[keep], geometry="geometry", crs=crs).reset_index(drop=True)


def truck_tags(path: Path, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Tags about trucks of the OSM objects given (``n1``, ``w2``): bays, whether lorries are meant, showers."""
    import osmium

    keys = ("capacity:hgv", "hgv", "shower", "laundry", "hgv:parking")
    wanted, out = set(ids), dict[str, dict[str, str]]()
    for thing in osmium.FileProcessor(str(path)).with_filter(osmium.filter.KeyFilter(*keys)):
        key = f"{thing.type_str()}{thing.id}"
        if key in wanted:
            out[key] = {k: thing.tags[k] for k in keys if k in thing.tags}
    return out


def find_sites(
    hosts: gpd.GeoDataFrame,
    districts: gpd.GeoDataFrame,
    *,
    freight: Freight,
    tags: Mapping[str, Mapping[str, str]],
    own: gpd.GeoDataFrame | None = None,
    homes: gpd.GeoDataFrame | None = None,
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Candidates: hosts with room for trucks and the user's own sites, one per spot, apart from homes."""
    used = hosts[hosts["host_kind"].isin(freight.site_kinds)].rename(columns={"host_id": "site_id"})
    lorry = np.array(
        [tags.get(i, {}).get("hgv", "") in ("yes", "designated", "only") for i in used["site_id"]], bool
    )
    told = np.array([_number(tags.get(i, {}).get("capacity:hgv")) for i in used["site_id"]], float)
    key = np.where((used["host_kind"] == "fuel").to_numpy() & lorry, "fuel_hgv", used["host_kind"].to_numpy())
    usual = np.array([freight.kind_bays.get(str(k), 0.0) for k in key], float)
    shower = [2.0 if tags.get(i, {}).get("shower") == "yes" else np.nan for i in used["site_id"]]
    table = _blank(
        used.assign(
            bays=np.where(np.isfinite(told), told, usual), bays_known=np.isfinite(told), showers=shower
        ),
        str(hosts.crs),
    ).assign(user=False)
    if own is not None and len(own):
        known = np.isfinite(own["bays"].to_numpy(float))
        usual = own["host_kind"].map(lambda k: freight.kind_bays.get(k, freight.min_bays)).to_numpy(float)
        own = own.assign(
            bays=np.where(known, own["bays"], np.maximum(usual, freight.min_bays)), bays_known=known
        )
        table = gpd.GeoDataFrame(pd.concat([own, table], ignore_index=True), crs=hosts.crs)
    left: dict[str, int] = {}
    table = _drop(table, (table["bays"] <= 0).to_numpy(), "room", left)
    table["district"] = district_of(table.geometry, districts)
    table = _drop(table, (table["district"] == "").to_numpy(), "outside", left)
    if homes is not None and len(homes) and len(table):
        near = shapely.STRtree(homes.geometry.to_numpy()).query_nearest(
            table.geometry.to_numpy(), return_distance=True, all_matches=False
        )
        metres = np.full(len(table), np.inf)
        metres[near[0][0]] = near[1]
        table = _drop(table, metres < freight.spacing_km * 1000, "home", left)
    place = {k: i for i, k in enumerate(_ORDER)}
    rank = np.where(table["user"], -1, table["host_kind"].map(lambda k: place.get(k, len(place))))
    table = table.assign(_r=rank, _b=-table["bays"]).sort_values(["_r", "_b", "site_id"], kind="stable")
    table = table.drop(columns=["_r", "_b"]).reset_index(drop=True)
    spot = one_per_spot(shapely.get_coordinates(table.geometry.to_numpy()), freight.dedupe_m)
    table = _drop(table, ~spot, "spot", left)
    found = [
        finding("FRT-008", source="candidates", n=n, why_en=_WHY[k][0], why_zh=_WHY[k][1])
        for k, n in left.items()
        if n
    ]
    return table.drop(columns="user").reset_index(drop=True), found


_WHY = {
    "room": ("no truck bays known there", "没有已知的货车泊位"),
    "outside": ("outside the study's districts", "不在研究区各区之内"),
    "home": ("nearer to an existing driver home than the spacing", "与现有司机之家的距离小于规定间距"),
    "spot": ("another site stands at the same spot", "同一位置已有其他场所"),
    "street": ("no street for trucks close enough", "附近没有货车可通行的道路"),
}


def _drop(table: gpd.GeoDataFrame, mask: Any, why: str, left: dict[str, int]) -> gpd.GeoDataFrame:
    left[why] = left.get(why, 0) + int(np.sum(mask))
    return table[~np.asarray(mask, bool)].reset_index(drop=True)


def _number(text: str | None) -> float:
    if text is None or not re.fullmatch(r"\d+(\.\d+)?", text.strip()):
        return float("nan")
    return float(text)


WORDS = {
    "bays": ("货车泊位", "truck bays"), "showers": ("淋浴间", "showers"), "washers": ("洗衣机", "washing machines"),
    "hours": ("24 小时开放", "open 24 hours"), "services": ("五项免费服务", "the five free services"),
}  # fmt: skip


def checklist(sites: gpd.GeoDataFrame, freight: Freight) -> pd.DataFrame:
    """What each site has of the ministry's minimum: ``meets``, ``lacks_zh``, ``lacks_en``, a mark per line.

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
    table = pd.DataFrame(marks, index=sites.index)
    out = table.assign(meets=(table == 1).all(axis=1))
    for column, language in (("lacks_zh", 0), ("lacks_en", 1)):
        out[column] = [_lacks(row, sites.loc[i], freight, language) for i, row in table.iterrows()]
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


def _lacks(row: pd.Series, site: pd.Series, freight: Freight, language: int) -> str:
    """What is missing, then what is not known, in one phrase."""
    least = {"bays": freight.min_bays, "showers": freight.min_showers, "washers": freight.min_washers}
    missing, unknown = [], []
    for line, mark in row.items():
        word = WORDS[str(line)][language]
        if np.isnan(mark):
            unknown.append(word)
        elif mark == 0:
            have = f"{float(site[line]):g}/{least[str(line)]:g}" if line in least else ""
            missing.append(f"{word} {have}".strip())
    glue, parts = ("、", "；") if language == 0 else (", ", "; ")
    said = []
    if missing:
        said.append(("缺：" if language == 0 else "lacks ") + glue.join(missing))
    if unknown:
        said.append(("未知：" if language == 0 else "not known: ") + glue.join(unknown))
    return parts.join(said)


def read_counts(table: Table, *, crs: str, truck_share: float) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Published or own counts: road, place, ``trucks_per_day`` (NaN if only vehicles are known), ``trucks``.

    ``trucks`` is the count, or the share ``truck_share`` of all vehicles where trucks are not told apart.
    """
    raw, found = read_table(table, kind="hosts")
    if raw is None:
        return _no_counts(crs), found
    places = locate(raw, table, crs=crs)
    roles = ("road", "place_zh", "place_en", "trucks_per_day", "vehicles_per_day", "source_text")
    frame, more = extra_columns(raw, roles)
    trucks = frame["trucks_per_day"].where(
        frame["trucks_per_day"].notna(), frame["vehicles_per_day"] * truck_share
    )
    made = gpd.GeoDataFrame(
        frame.assign(trucks=trucks, row=raw.rows, source=raw.source), geometry=places.points(crs), crs=crs
    )
    return made[places.used].reset_index(drop=True), found + places.findings + more


def _no_counts(crs: str) -> gpd.GeoDataFrame:
    texts = {c: pd.Series(dtype="str") for c in ("road", "place_zh", "place_en", "source_text", "source")}
    numbers = {c: pd.Series(dtype=float) for c in ("trucks_per_day", "vehicles_per_day", "trucks", "row")}
    return gpd.GeoDataFrame(texts | numbers, geometry=[], crs=crs)
