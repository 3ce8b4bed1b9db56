"""What an earlier plan promised: from a run's folder, its ``run.json``, or a list of sites."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from shapely.geometry.base import BaseGeometry

from planner.errors import Finding, finding
from planner.inputs.stations import read_stations
from planner.inputs.tables.trusted import untrusted
from planner.settings.actions import VERBS
from planner.settings.inputs import Datum, Table

__all__ = ["ACTION_COLUMNS", "COLUMNS", "Previous", "read_plan", "read_previous"]

#: Columns of the sites promised, beside their geometry.
COLUMNS = ("site_id", "name", "district", "workers_gained", "visits", "visits_low", "visits_high")
#: Columns of the actions of a plan with five verbs, beside their geometry: where the station stands then.
ACTION_COLUMNS = ("verb", "place_id", "name", "district", "to_id", "hours_to", "grade_to", "workers_gained")
#: No run of planner is larger than this.
_MAX_BYTES = 500_000_000


@dataclass(frozen=True, eq=False)
class Previous:
    """What was promised.

    Attributes
    ----------
    sites
        A row per site: :data:`COLUMNS` (NaN where the plan did not say: workers newly covered, visits a day with their band), geometry.
    stations
        Ids of the stations that were open when it was made; None where it is not told (a plain list).
    actions
        A row per action of its plan with five verbs: :data:`ACTION_COLUMNS`, geometry; None where it had no such plan.
    shares
        Share covered ``before`` and ``after`` as it promised; empty for a list.
    source, version
        The file's name, and that of the planner that made it ("" for a list).
    """

    sites: gpd.GeoDataFrame
    stations: tuple[str, ...] | None
    shares: dict[str, float]
    source: str
    version: str
    findings: tuple[Finding, ...]
    actions: gpd.GeoDataFrame | None = None


def read_plan(
    files: tuple[Path, ...], districts: gpd.GeoDataFrame, *, crs: str, datum: Datum = "wgs84"
) -> Previous:
    """The plan that a study goes on from (:func:`read_previous`); ``files``: its file, and what is read beside it."""
    area = shapely.union_all(districts.geometry.to_numpy())
    return read_previous(files[0], crs=crs, area=area, datum=datum)


def read_previous(path: Path, *, crs: str, area: BaseGeometry, datum: Datum = "wgs84") -> Previous:
    """Read what was promised; errors are findings, nothing is refused here.

    ``path``: a run's folder, its ``run.json``, or a list of sites read like stations (``datum``: of its coordinates). ``area``: the
    study's, in ``crs``: a plan whose sites mostly lie elsewhere is another city's (AUD-013).
    """
    if path.is_dir():
        path = path / "run.json"
    found: list[Finding] = []
    if not path.is_file():
        return _nothing(path, crs, finding("AUD-010", source=path.name, value=str(path)))
    made = (
        _of_run(path, crs, found)
        if path.suffix.lower() == ".json" and not _is_layer(path)
        else _of_list(path, crs, datum, found)
    )
    outside = ~made.sites.geometry.intersects(area).to_numpy() if len(made.sites) else np.zeros(0, bool)
    if len(outside) and outside.mean() > 0.5:
        found.append(finding("AUD-013", source=path.name, value=int(outside.sum()), total=len(outside)))
    elif outside.any():
        found.append(finding("AUD-014", source=path.name, value=int(outside.sum()), total=len(outside)))
    elif not len(made.sites) and not any(f.severity == "E" for f in found):
        found.append(finding("AUD-016", source=path.name))
    return Previous(
        made.sites[~outside].reset_index(drop=True),
        made.stations,
        made.shares,
        path.name,
        made.version,
        tuple(found),
        None
        if made.actions is None
        else made.actions[made.actions.geometry.intersects(area)].reset_index(drop=True),
    )


def _nothing(path: Path, crs: str, *found: Finding) -> Previous:
    return Previous(_frame([], crs), None, {}, path.name, "", found)


def _is_layer(path: Path) -> bool:
    """Whether a .json file is GeoJSON, a list with places."""
    with path.open("rb") as handle:
        return b"FeatureCollection" in handle.read(2000)


def _frame(rows: list[dict[str, Any]], crs: str, columns: tuple[str, ...] = COLUMNS) -> gpd.GeoDataFrame:
    """Rows with ``lng`` and ``lat`` (WGS84) as a table in the study's CRS."""
    table = pd.DataFrame(rows, columns=[*columns, "lng", "lat"])
    for column in columns:
        if column in COLUMNS[3:]:
            table[column] = pd.to_numeric(table[column], errors="coerce").astype(float)
    places = gpd.GeoSeries.from_xy(table["lng"].astype(float), table["lat"].astype(float), crs=4326).to_crs(
        crs
    )
    return gpd.GeoDataFrame(table[list(columns)], geometry=places.to_numpy(), crs=crs)


def _of_list(path: Path, crs: str, datum: Datum, found: list[Finding]) -> Previous:
    """A list of sites, as a federation keeps it."""
    table, more = read_stations(Table(path=path.resolve(), datum=datum), crs=crs)
    found += [f for f in more if f.severity in ("E", "W")]
    sites = gpd.GeoDataFrame(
        {"site_id": table["station_id"], "name": table["name"], "district": table["district"], **dict.fromkeys(COLUMNS[3:], np.nan)},
        geometry=table.geometry.to_numpy(), crs=crs,
    )  # fmt: skip
    return Previous(sites, None, {}, path.name, "", ())


def _of_run(path: Path, crs: str, found: list[Finding]) -> Previous:
    """What ``run.json`` says, and where it is of an older planner, ``plan.gpkg`` beside it."""
    run = _json(path)
    if run is None or not isinstance(run.get("stations"), Mapping):
        found.append(finding("AUD-011", source=path.name))
        return _nothing(path, crs)
    versions = run.get("versions")
    version = str(versions.get("planner", "")) if isinstance(versions, Mapping) else ""
    promised = run.get("promised")
    if isinstance(promised, Mapping):
        rows, stations = _rows(promised, "sites", COLUMNS, path, found), promised.get("stations")
        ids = tuple(str(s) for s in stations) if isinstance(stations, list) else None
        return Previous(
            _frame(rows, crs), ids, _shares(run), path.name, version, (), _actions(promised, crs, path, found)
        )
    beside = path.with_name("plan.gpkg")
    if not beside.is_file():
        found.append(finding("AUD-012", source=path.name, value=version or "?"))
        return _nothing(path, crs)
    return _of_layers(beside, crs, run, version, found)


def _json(path: Path) -> dict[str, Any] | None:
    """A JSON object; None where the file holds none."""
    if path.stat().st_size > _MAX_BYTES:
        return None
    try:
        run = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return run if isinstance(run, dict) else None


def _actions(
    promised: Mapping[str, Any], crs: str, path: Path, found: list[Finding]
) -> gpd.GeoDataFrame | None:
    """Actions of ``promised`` whose verb is known."""
    if not isinstance(promised.get("actions"), list):
        return None
    table = _frame(_rows(promised, "actions", ACTION_COLUMNS, path, found), crs, ACTION_COLUMNS)
    for column in set(ACTION_COLUMNS) - {"workers_gained"}:
        table[column] = table[column].fillna("").astype("str")
    return table[table["verb"].isin(VERBS)].reset_index(drop=True)


def _rows(
    promised: Mapping[str, Any], key: str, columns: tuple[str, ...], path: Path, found: list[Finding]
) -> list[dict[str, Any]]:
    """Sites or actions of ``promised`` that have a place; others are told with their number."""
    good, sites = [], promised.get(key)
    for at, site in enumerate(sites if isinstance(sites, list) else [], start=1):
        place = {k: site.get(k) for k in ("lng", "lat")} if isinstance(site, Mapping) else {}
        if _is_degrees(place.get("lng"), 180) and _is_degrees(place.get("lat"), 90):
            good.append({k: site.get(k) for k in (*columns, "lng", "lat")})
        else:
            found.append(
                finding(
                    "AUD-015", source=path.name, row=at, field=f"promised.{key}", value=str(place or site)
                )
            )
    return good


def _is_degrees(value: Any, most: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= most


def _shares(run: Mapping[str, Any]) -> dict[str, float]:
    """Shares covered before and after."""
    out: dict[str, float] = {}
    coverage = run.get("coverage")
    for key in ("before", "after"):
        part = coverage.get(key) if isinstance(coverage, Mapping) else None
        share = part.get("share") if isinstance(part, Mapping) else None
        if isinstance(share, (int, float)) and 0 <= share <= 1:
            out[key] = float(share)
    return out


def _of_layers(path: Path, crs: str, run: Mapping[str, Any], version: str, found: list[Finding]) -> Previous:
    """The layers ``chosen`` and ``stations`` of a run made before ``promised`` was written."""
    if path.is_file() and untrusted(path):
        found += untrusted(path)
        return _nothing(path, crs)
    try:
        layers = set(pyogrio.list_layers(path)[:, 0])
        if not {"chosen", "stations"} <= layers:
            raise ValueError("no layer of chosen sites")
        chosen, stations = (gpd.read_file(path, layer=name) for name in ("chosen", "stations"))
    except Exception:
        found.append(finding("AUD-011", source=path.name))
        return _nothing(path, crs)
    chosen = chosen.to_crs(crs)
    data = {c: chosen.get(c, np.nan) for c in COLUMNS}
    sites = gpd.GeoDataFrame(data, geometry=chosen.geometry.to_numpy(), crs=crs)
    open_ = stations[stations["status"] == "open"]
    found.append(finding("AUD-017", source="run.json", value=version or "?"))
    return Previous(sites, tuple(open_["station_id"].astype(str)), _shares(run), path.name, version, ())
