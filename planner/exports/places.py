"""The stations of today and the new ones as one list of places, for programs that show places: maps, the union's app."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.siting.candidates import STREET_ID
from planner.tables import is_missing
from planner.telling.contents.coverage import district_labels
from planner.telling.contents.sites import ranked, site_rows
from planner.telling.words.names import host_label

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["places", "spot_id"]

_TEXTS = ("address", "open_hours", "week_hours", "grade", "host")


def spot_id(lng: float, lat: float) -> str:
    """The id of a place that nobody numbered: its spot to about ten metres, whatever its row or rank.

    Examples
    --------
    >>> spot_id(120.61234567, 31.3)
    'at-1206123-313000'
    """
    return f"at-{round(lng * 1e4)}-{round(lat * 1e4)}"


def _text(values: pd.Series) -> list[str]:
    return ["" if is_missing(v) else str(v) for v in values]


def _station_ids(stations: gpd.GeoDataFrame, wgs: gpd.GeoSeries) -> list[str]:
    """The list's own number; a row without one (numbered after file and row on reading) goes by its spot."""
    ids = stations["station_id"].astype(str).tolist()
    if "source" not in stations or "row" not in stations:
        return [f"station-{i}" for i in ids]
    made = [f"{PurePath(str(s)).stem}-{r}" for s, r in zip(stations["source"], stations["row"], strict=True)]
    spots = [spot_id(p.x, p.y) for p in wgs]
    return [spot if i == m else f"station-{i}" for i, m, spot in zip(ids, made, spots, strict=True)]


def places(bundle: Bundle) -> gpd.GeoDataFrame:
    """Every station of the list that is not withdrawn, then the new ones in rank order (WGS84).

    Columns: ``place_id`` (the same from year to year: the list's number, else the host venue's, else the spot; never the rank or the
    row), ``is_new``, ``status`` (of ``planner.tables``; new ones are planned), ``closes`` (the plan closes it), ``name``, ``district``
    (its name), ``kind`` (the host venue's in words), ``address``, ``open_hours``, ``week_hours``, ``grade``, ``host``, ``area_m2``,
    ``batch``.
    """
    language, names = bundle.settings.study.language, district_labels(bundle)
    old = bundle.stations[bundle.stations["status"] != "withdrawn"]
    wgs = old.geometry.to_crs(4326)
    today = pd.DataFrame({
        "place_id": _station_ids(old, wgs), "is_new": False, "status": old["status"].astype(str).tolist(),
        "closes": old["station_id"].astype(str).isin(bundle.closed).to_numpy(), "name": _text(old["name"]),
        "district": [names.get(d, d) for d in _text(old["district"])], "kind": _text(old["kind"]),
        **{c: _text(old[c]) if c in old else "" for c in _TEXTS},
        "area_m2": old["area_m2"].to_numpy(float) if "area_m2" in old else np.nan, "batch": "",
    })  # fmt: skip
    new, told = ranked(bundle), site_rows(bundle)
    spots = new.geometry.to_crs(4326)
    later = pd.DataFrame({
        "place_id": [spot_id(p.x, p.y) if s.startswith(STREET_ID) else f"host-{s}"
                     for s, p in zip(new["site_id"].astype(str), spots, strict=True)],
        "is_new": True, "status": "planned", "closes": False, "name": _text(told["name"]), "district": _text(told["district"]),
        "kind": [host_label(k, language) for k in _text(new["host_kind"])],
        **{c: _text(new[c]) if c in new else "" for c in _TEXTS}, "area_m2": np.nan,
        "batch": _text(new["batch"]) if "batch" in new else "",
    })  # fmt: skip
    table = pd.concat([today, later], ignore_index=True)
    table["place_id"] = _apart(table["place_id"].tolist())
    points = np.concatenate([wgs.to_numpy(), spots.to_numpy()])
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(points, crs=4326))


def _apart(ids: list[str]) -> list[str]:
    """Ids that stand once: the second place at one spot adds ``-2``."""
    seen: dict[str, int] = {}
    out = []
    for i in ids:
        seen[i] = seen.get(i, 0) + 1
        out.append(i if seen[i] == 1 else f"{i}-{seen[i]}")
    return out
