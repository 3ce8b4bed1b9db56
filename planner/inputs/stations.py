"""Rest stations from any list a federation keeps."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from planner import tables
from planner.errors import Finding, finding
from planner.hours.parse import parse_hours
from planner.inputs import checks, dates
from planner.inputs.kit import read_kit
from planner.inputs.places.datums import Streets
from planner.inputs.places.points import Places, locate
from planner.inputs.tables import headers
from planner.inputs.tables.read import RawTable, as_text, read_table
from planner.settings.inputs import Table

__all__ = ["StationList", "parse_ids", "read_hours", "read_list", "read_stations", "to_geocode"]

_SAME_PLACE_M = 5.0
#: One address does not reach farther than this (m).
_ONE_ADDRESS_M = 500.0
#: A station is alone from this distance (m) to the next one on; told in lists of so many stations.
_LONE_M = 10_000.0
_ENOUGH = 5
#: Columns beside those of the contract, and their kinds.
_MORE = {
    "open_days": "text", "week_hours": "text", "hours_kept": "float", "address": "text", "capacity": "float", "opened": "text", "lng_wgs84": "float",
    "lat_wgs84": "float", "source": "text", "row": "int",
}  # fmt: skip
_HOURS_CODE = {
    "unparsable": "HRS-001", "days_only": "HRS-002", "ambiguous": "HRS-003", "seasons": "HRS-004",
    "several_days": "HRS-005",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class StationList:
    """A list of stations as read: the table, what was noticed, and what became of its rows.

    ``listed``: rows of the list; ``unplaced``: those without coordinates that can be used; ``repeated``: of the
    others, those that repeat another row. The table has a row for each that remains.
    """

    stations: gpd.GeoDataFrame
    findings: list[Finding]
    listed: int = 0
    unplaced: int = 0
    repeated: int = 0


def read_stations(
    table: Table, *, crs: str, area: BaseGeometry | None = None, streets: Streets = None,
    today: dt.date | None = None,
) -> tuple[gpd.GeoDataFrame, list[Finding]]:  # fmt: skip
    """The table of :func:`read_list`, and what was noticed."""
    read = read_list(table, crs=crs, area=area, streets=streets, today=today)
    return read.stations, read.findings


def read_list(
    table: Table, *, crs: str, area: BaseGeometry | None = None, streets: Streets = None,
    today: dt.date | None = None, stated: bool = True,
) -> StationList:  # fmt: skip
    """Read one list of stations and judge it.

    Parameters
    ----------
    table
        The file and how to read it.
    crs
        The study's metric CRS.
    area
        The study's area in ``crs``: stations outside it are listed (LOC-002).
    streets
        What tells the distance to streets, or m × 2 WGS84 degrees along them: the datum is tested against it.
    today
        The day on which dates count as future; the system's by default.
    stated
        Whether the study states its area, or it is only drawn around the streets.

    Returns
    -------
    StationList
        Its table has the columns of ``tables.py`` and ``open_days`` (``"12345"``), ``week_hours`` (the days of the week where they
        differ, as OpenStreetMap writes them), ``hours_kept`` (share of the stated hours that is kept), ``address``, ``capacity``,
        ``opened``, ``lng_wgs84``, ``lat_wgs84``, ``source``, ``row``, and what the file states of :mod:`planner.inputs.kit`. Rows that
        stand nowhere are not in it. Errors are findings of severity E; the table is then what could be made.
    """
    raw, found = read_table(table, kind="stations")
    if raw is None:
        return StationList(tables.empty("stations", crs, **_MORE), found)
    places = locate(raw, table, crs=crs, area=area, streets=streets, stated=stated)
    found += places.findings
    frame, more = _columns(raw, today or dt.datetime.now(tz=dt.UTC).date())
    found += more
    placed = _placed(frame, places, crs)
    once, more = _one_row_each(placed, raw)
    found += more
    found += _doubts(once, raw.source)
    stations = tables.check("stations", once.reset_index(drop=True))
    n = len(raw.rows)
    return StationList(stations, found, n, n - len(placed), len(placed) - len(once))


def to_geocode(table: Table) -> pd.DataFrame:
    """Rows with an address and no coordinates, under their own column names, with ``source`` and ``row``.

    An unreadable file gives an empty table; :func:`read_stations` says why.
    """
    raw, _ = read_table(table, kind="stations")
    if raw is None:
        return pd.DataFrame(columns=["source", "row"])
    places = locate(raw, table, crs="EPSG:4326")
    wanted = places.missing & raw.column("address").notna().to_numpy()
    rows = raw.cells[wanted].reset_index(drop=True)
    rows.insert(0, "row", raw.rows[wanted])
    rows.insert(0, "source", raw.source)
    return rows


def parse_ids(raw: RawTable, role: str) -> tuple[pd.Series, list[Finding]]:
    """Ids as text: ``001`` stays, full-width and ``1.2E+05`` are mended, a broken number is refused.

    Rows without an id get one from the file's name and their row.
    """
    stem = Path(raw.source).stem
    made = pd.Series([f"{stem}-{row}" for row in raw.rows], dtype=object)
    if role not in raw.roles:
        return made, [finding("ID-007", source=raw.source, value=made.iloc[0])]
    found: list[Finding] = []
    ids: list[str] = []
    for text, row, spare in zip(raw.column(role), raw.rows, made, strict=True):
        if text is None:
            found.append(finding("ID-008", source=raw.source, row=row, field=raw.roles[role], value=spare))
            ids.append(spare)
            continue
        plain = unicodedata.normalize("NFKC", text).strip()
        if re.fullmatch(r"[+-]?\d+(\.\d+)?[eE][+-]?\d+|\d+\.\d+", plain):
            number = float(plain)
            if number.is_integer() and abs(number) < 1e15:
                plain = str(int(number))
            else:
                found.append(finding("ID-004", source=raw.source, row=row, field=raw.roles[role], value=text))
        if plain != text:
            found.append(
                finding("ID-006", source=raw.source, row=row, field=raw.roles[role], value=text, read=plain)
            )
        ids.append(plain)
    return pd.Series(ids, dtype=object), found


def read_hours(raw: RawTable) -> tuple[dict[str, pd.Series], list[Finding]]:
    """Columns of canonical opening hours, and what was unclear.

    ``open_hours``, ``open_days`` (the days they hold for), ``week_hours`` (what holds on each day, where these differ).
    """
    texts = raw.column("open_hours")
    parsed = [parse_hours(t) for t in texts]
    name = raw.roles.get("open_hours", "open_hours")
    found = [
        finding(_HOURS_CODE[h.problem], source=raw.source, row=row, field=name, value=text, read=h.text or "")
        for text, row, h in zip(texts, raw.rows, parsed, strict=True)
        if h.problem in _HOURS_CODE
    ]
    blank = sum(h.problem == "empty" for h in parsed)
    if blank:
        found.append(finding("HRS-006", source=raw.source, field=name, value=f"{blank}/{len(parsed)}"))
    columns = {"open_hours": [h.text for h in parsed], "open_days": [h.days for h in parsed],
               "week_hours": [h.week_text for h in parsed]}  # fmt: skip
    return {name: pd.Series(texts, dtype=object) for name, texts in columns.items()}, found


def _kept(raw: RawTable) -> tuple[pd.Series, list[Finding]]:
    """Share of the stated hours that each station keeps, 0 to 1 (``85%`` too); blank where it cannot be one (HRS-007)."""
    found: list[Finding] = []
    values = np.full(len(raw.rows), np.nan)
    for i, text in enumerate(raw.column("hours_kept")):
        if text is None:
            continue
        plain = unicodedata.normalize("NFKC", text).strip()
        share = pd.to_numeric(plain.removesuffix("%"), errors="coerce") / (100 if plain.endswith("%") else 1)
        if 0 <= share <= 1:
            values[i] = share
        else:
            field = raw.roles["hours_kept"]
            found.append(finding("HRS-007", source=raw.source, row=int(raw.rows[i]), field=field, value=text))
    return pd.Series(values), found


def _status(raw: RawTable) -> tuple[pd.Series, list[Finding]]:
    if "status" not in raw.roles:
        return pd.Series(["open"] * len(raw.rows), dtype=object), [finding("STA-002", source=raw.source)]
    known = headers.words("status")
    meaning: dict[str, str | None] = {}
    for text in raw.column("status").dropna().unique():
        plain = unicodedata.normalize("NFKC", text).strip().lower()
        denied = plain not in known and plain.startswith(("未", "不", "停", "暂"))
        meaning[text] = "suspended" if denied else headers.meant(text, known)
    found, values = [], []
    for text, row in zip(raw.column("status"), raw.rows, strict=True):
        status = "open" if text is None else meaning[text]
        if status is None:
            found.append(
                finding("STA-001", source=raw.source, row=row, field=raw.roles["status"], value=text)
            )
        values.append(status or "suspended")
    return pd.Series(values, dtype=object), found


def _numbers(raw: RawTable, role: str) -> tuple[pd.Series, list[Finding]]:
    """A column such as ``约30㎡`` as numbers; negative ones are refused, text is left blank."""
    found: list[Finding] = []
    values = np.full(len(raw.rows), np.nan)
    for i, text in enumerate(raw.column(role)):
        if text is None:
            continue
        plain = unicodedata.normalize("NFKC", text).replace(",", "")
        m = re.fullmatch(
            r"\D*?(-?\d+(?:\.\d+)?)\s*(?:m2|m|平方米?|平米|平|人|个|座|位|席|件|起|次|左右|余|多|\s)*", plain
        )
        where = {"source": raw.source, "row": int(raw.rows[i]), "field": raw.roles[role], "value": text}
        if m is None:
            found.append(finding("STA-003", **where))
        elif float(m[1]) < 0:
            found.append(finding("STA-004", **where))
        else:
            values[i] = float(m[1])
    return pd.Series(values), found


def _columns(raw: RawTable, today: dt.date) -> tuple[pd.DataFrame, list[Finding]]:
    """Every column but the place, one row per row of the file."""
    ids, found = parse_ids(raw, "station_id")
    hours, more = read_hours(raw)
    kept, more_kept = _kept(raw)
    status, more_status = _status(raw)
    area, more_area = _numbers(raw, "area_m2")
    capacity, more_capacity = _numbers(raw, "capacity")
    opened, more_opened = dates.read_dates(raw, "opened", today)
    snapshot, more_snapshot = dates.read_dates(raw, "snapshot_date", today)
    found += more + more_kept + more_status + more_area + more_capacity + more_opened + more_snapshot
    for i in np.flatnonzero((capacity == 0) & (status == "open")):
        found.append(
            finding("STA-005", source=raw.source, row=raw.rows[i], field=raw.roles["capacity"], value="0")
        )
        status.iloc[i] = "suspended"
    name = raw.column("name")
    for i in np.flatnonzero(name.isna()):
        found.append(finding("NAM-002", source=raw.source, row=raw.rows[i], field="name"))
    frame = pd.DataFrame({
        "station_id": ids, "name": name.where(name.notna(), ids), "kind": raw.column("kind"), "status": status,
        "grade": raw.column("grade"), **hours, "hours_kept": kept, "area_m2": area, "host": raw.column("host"),
        "district": raw.column("district"), "snapshot_date": snapshot, "opened": opened,
        "capacity": capacity, "address": raw.column("address"), "source": raw.source, "row": raw.rows,
    })  # fmt: skip
    texts = [c for c in frame.columns if c not in ("area_m2", "capacity", "hours_kept", "row")]
    kit, more = read_kit(raw)
    found += more
    if "complaints" in raw.roles:
        frame["complaints"], more = _numbers(raw, "complaints")
        found += more
    if "inspected" in raw.roles:
        frame["inspected"], more = dates.read_dates(raw, "inspected", today)
        found += more
        texts.append("inspected")
    return as_text(frame, texts).join(kit), found


def _placed(frame: pd.DataFrame, places: Places, crs: str) -> gpd.GeoDataFrame:
    placed = frame.assign(lng_wgs84=places.lng, lat_wgs84=places.lat)
    return gpd.GeoDataFrame(placed, geometry=places.points(crs), crs=crs)[places.used]


def _one_row_each(frame: gpd.GeoDataFrame, raw: RawTable) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Drop equal rows (F), then rows that repeat an id: the same place twice (W), two places (E)."""
    found: list[Finding] = []
    counted = [c for c in raw.cells.columns if headers.plain_name(c) not in ("序号", "行号", "no", "fid")]
    cells = raw.cells.loc[frame.index, counted].assign(_x=frame.geometry.x, _y=frame.geometry.y)
    same = cells.duplicated(keep="first")
    if same.any():
        keys = cells.apply(lambda c: pd.factorize(c)[0]).apply(tuple, axis=1)
        first = frame["row"].groupby(keys).transform("first")
        found += [
            finding("ID-003", source=raw.source, row=frame["row"][i], other=int(first[i]))
            for i in cells.index[same]
        ]
    frame = frame[~same]
    repeat = frame["station_id"].duplicated(keep="first")
    first_of = pd.Series(frame.index, index=frame.index).groupby(frame["station_id"]).transform("first")
    metres = frame.geometry.distance(frame.geometry[first_of].set_axis(frame.index))
    for i in frame.index[repeat]:
        code = "ID-005" if metres[i] < _SAME_PLACE_M else "ID-001"
        found.append(
            finding(code, source=raw.source, row=frame["row"][i], field=raw.roles.get("station_id", ""),
                    value=frame["station_id"][i], other=int(frame["row"][first_of[i]]))
        )  # fmt: skip
    return frame[~repeat], found


def _doubts(frame: gpd.GeoDataFrame, source: str) -> list[Finding]:
    """Different ids at one place (W); one name in several places (I)."""
    x, y = frame.geometry.x.to_numpy(), frame.geometry.y.to_numpy()
    first, metres = checks.close_pairs(x, y, within_m=_SAME_PLACE_M)
    rows, ids, names = frame["row"].to_numpy(), frame["station_id"].to_numpy(), frame["name"].to_numpy()
    found = [
        finding("ID-002", source=source, row=rows[i], field="station_id", value=ids[i], metres=f"{metres[i]:.1f}",
                other=f"{names[first[i]]} ({ids[first[i]]})")
        for i in np.flatnonzero(first != np.arange(len(first)))
    ]  # fmt: skip
    shared = frame[frame["name"].duplicated(keep=False)]
    for name, group in shared.groupby("name", sort=True):
        spread = np.hypot(np.ptp(group.geometry.x), np.ptp(group.geometry.y))
        if spread > 100:
            listed = ", ".join(str(r) for r in group["row"][:10])
            found.append(
                finding(
                    "NAM-001", source=source, row=group["row"].iloc[0], field="name", value=name, other=listed
                )
            )
    return found + _lone(frame, source) + _one_address(frame, source)


def _lone(frame: gpd.GeoDataFrame, source: str) -> list[Finding]:
    """LOC-004: a station far from every other, where the others have each other near."""
    if len(frame) < _ENOUGH:
        return []
    spots = shapely.get_coordinates(frame.geometry.to_numpy())
    next_m = cKDTree(spots).query(spots, k=2)[0][:, 1]
    usual = float(np.median(next_m))
    return [
        finding("LOC-004", source=source, row=int(frame["row"].iloc[i]), field=str(frame["name"].iloc[i]),
                value=f"{next_m[i] / 1000:.1f}", usual=f"{usual / 1000:.1f}")
        for i in np.flatnonzero(next_m > max(_LONE_M, 10 * usual))
    ]  # fmt: skip


def _one_address(frame: gpd.GeoDataFrame, source: str) -> list[Finding]:
    """LOC-005: one address (with a house number) at places far apart."""
    found: list[Finding] = []
    plain = frame["address"].map(
        lambda t: re.sub(r"[\s,，。]+", "", unicodedata.normalize("NFKC", t)) if isinstance(t, str) else ""
    )
    numbered = frame[plain.str.contains(r"\d", regex=True)]
    for _, group in numbered.groupby(plain[numbered.index], sort=True):
        spots = shapely.get_coordinates(group.geometry.to_numpy())
        spread = float(np.hypot(*np.ptp(spots, axis=0)))
        if len(group) > 1 and spread > _ONE_ADDRESS_M:
            rows = ", ".join(str(r) for r in group["row"][:10])
            places = len(np.unique(np.round(spots), axis=0))
            found.append(
                finding("LOC-005", source=source, row=int(group["row"].iloc[0]), field="address", value=group["address"].iloc[0],
                        n=places, metres=f"{spread:.0f}", rows=rows)
            )  # fmt: skip
    return found
