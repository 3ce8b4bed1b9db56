"""The stations of today and the new ones as one list of places, for programs that show places: maps, the union's app."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.siting.candidates import STREET_ID
from planner.tables import is_missing
from planner.telling.contents.coverage import district_labels
from planner.telling.contents.sites import ranked, site_rows
from planner.telling.words.homes import kind_word
from planner.telling.words.names import host_label
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["home_places", "places", "spot_id"]

_TEXTS = ("address", "open_hours", "week_hours", "grade")


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


def _unnumbered(table: pd.DataFrame, column: str) -> set[str]:
    """Ids that were made on reading from the file's name and the row, as the file had none."""
    if "source" not in table or "row" not in table:
        return set()
    made = [f"{PurePath(str(s)).stem}-{r}" for s, r in zip(table["source"], table["row"], strict=True)]
    return {i for i, m in zip(table[column].astype(str), made, strict=True) if i == m}


def _ids(kind: str, numbers: pd.Series, points: gpd.GeoSeries, unnumbered: set[str]) -> list[str]:
    """``kind`` and the number; the spot where nobody gave one."""
    return [
        spot_id(p.x, p.y) if n in unnumbered or n.startswith(STREET_ID) else f"{kind}-{n}"
        for n, p in zip(numbers.astype(str), points, strict=True)
    ]


def places(bundle: Bundle) -> gpd.GeoDataFrame:
    """Every station of the list that is not withdrawn, then the new ones in rank order (WGS84).

    Columns: ``place_id`` (the same from year to year: the list's number, else the host venue's, else the spot; never the rank or the
    row), ``is_new``, ``status`` (of ``planner.tables``; new ones are planned), ``closes`` (the plan closes it), ``name``, ``district``
    (its name), ``kind``, ``host`` (in words), ``address``, ``open_hours``, ``week_hours``, ``grade``, ``area_m2``, ``batch``,
    ``place`` (``station``), ``bays`` (none).
    """
    language, names = bundle.settings.study.language, district_labels(bundle)
    old = bundle.stations[bundle.stations["status"] != "withdrawn"]
    new, told = ranked(bundle), site_rows(bundle)
    wgs, spots = old.geometry.to_crs(4326), new.geometry.to_crs(4326)
    today = pd.DataFrame({
        "place_id": _ids("station", old["station_id"], wgs, _unnumbered(old, "station_id")), "is_new": False,
        "status": old["status"].astype(str).tolist(), "closes": old["station_id"].astype(str).isin(bundle.closed).to_numpy(),
        "name": _text(old["name"]), "district": [names.get(d, d) for d in _text(old["district"])], "kind": _text(old["kind"]),
        "host": [host_label(h, language) for h in _text(old["host"])] if "host" in old else "",
        **{c: _text(old[c]) if c in old else "" for c in _TEXTS},
        "area_m2": old["area_m2"].to_numpy(float) if "area_m2" in old else np.nan, "batch": "",
    })  # fmt: skip
    venues, table = (
        told["host_kind"].tolist(),
        bundle.candidates.drop_duplicates("site_id").set_index("site_id").reindex(new["site_id"]),
    )
    later = pd.DataFrame({
        "place_id": _ids("host", new["site_id"], spots, _unnumbered(bundle.hosts, "host_id")), "is_new": True, "status": "planned",
        "closes": False, "name": _text(told["name"]), "district": _text(told["district"]), "kind": venues, "host": venues,
        "address": "", "open_hours": _text(new["open_hours"]),
        "week_hours": _text(table["week_hours"]) if "week_hours" in table else "", "grade": "", "area_m2": np.nan,
        "batch": _text(new["batch"]) if "batch" in new else "",
    })  # fmt: skip
    both = pd.concat([today, later], ignore_index=True)
    both = both.assign(place_id=_apart(both["place_id"].tolist()), place="station", bays=np.nan)
    points = np.concatenate([wgs.to_numpy(), spots.to_numpy()])
    return gpd.GeoDataFrame(both, geometry=gpd.GeoSeries(points, crs=4326))


def home_places(bundle: Bundle) -> gpd.GeoDataFrame:
    """The driver homes as :func:`places` has stations: those that stand, then the new ones in rank order (WGS84).

    ``place`` is ``driver_home``, ``bays`` are its bays for trucks where they are known. A home that the plan upgrades stands once, as it is today.
    """
    homes, language, names = bundle.homes, bundle.settings.study.language, district_labels(bundle)
    if homes is None:
        return places(bundle).iloc[:0]
    new = homes.chosen[homes.chosen["host_kind"] != "upgrade"]
    both = pd.concat([homes.existing.assign(is_new=False), new.assign(is_new=True)], ignore_index=True)
    kinds = [kind_word(k, language) for k in both["host_kind"]]
    points = gpd.GeoSeries(both.geometry, crs=homes.chosen.crs).to_crs(4326)
    files = {PurePath(t.path).stem for t in bundle.settings.inputs.driver_homes}
    made = [
        re.compile(rf"{re.escape(file)}-\d+") for file in sorted(files)
    ]  # on reading, where a list has no numbers
    unnumbered = {i for i in both["site_id"].astype(str) if any(m.fullmatch(i) for m in made)}
    unnamed = [phrase("unnamed_site", language, kind=kind) for kind in kinds]
    return gpd.GeoDataFrame({
        "place_id": _apart(_ids("home", both["site_id"], points, unnumbered)), "is_new": both["is_new"],
        "status": np.where(both["is_new"], "planned", "open"), "closes": False,
        "name": [n or u for n, u in zip(_text(both["name"]), unnamed, strict=True)],
        "district": [names.get(d, d) for d in _text(both["district"])], "kind": _text(both["host_kind"]), "host": kinds,
        "address": "", "open_hours": _text(both["open_hours"]), "week_hours": "", "grade": "", "area_m2": np.nan, "batch": "",
        "place": "driver_home", "bays": both["bays_there"].where(both["bays_known"].astype(bool)),
    }, geometry=points)  # fmt: skip


def _apart(ids: list[str]) -> list[str]:
    """Ids that stand once: the second place at one spot adds ``-2``."""
    seen: dict[str, int] = {}
    out = []
    for i in ids:
        seen[i] = seen.get(i, 0) + 1
        out.append(i if seen[i] == 1 else f"{i}-{seen[i]}")
    return out
