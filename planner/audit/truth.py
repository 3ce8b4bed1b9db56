"""Our list of stations against what a map platform shows: missing, shifted, with wrong hours, and ghosts that are no station."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.audit.names import core, likeness
from planner.audit.pairing import PlacePairs, close_pairs, one_to_one
from planner.errors import Finding
from planner.hours.week import posted_week

__all__ = ["FAULTS", "MapAudit", "MapRules", "audit_map"]

FAULTS = ("missing", "shifted", "hours", "ghost")
#: Names of places that are of our kind, and of those that only sound so (parcel lockers).
_OURS = re.compile(
    r"户外|劳动者|工会|驿站|服务站|服务点|爱心|暖心|职工之家|司机之家|小哥|rest station", re.IGNORECASE
)
_NOT_OURS = re.compile(r"菜鸟|快递驿站|妈妈驿站|兔喜|收件")
#: Cost of leaving a place without a partner; a pair costs up to two.
_ALONE = 0.7


@dataclass(frozen=True, slots=True)
class MapRules:
    """What counts as the same place, and as a fault.

    ``shift_m``: farther than this from where the list has it, a station is shifted. ``near_m``: within this, names as little alike as
    ``some`` are the same place; up to ``far_m`` names must be ``alike``. ``slack_min``: minutes a day by which hours may differ.
    """

    shift_m: float = 60.0
    near_m: float = 120.0
    far_m: float = 3000.0
    alike: float = 0.65
    some: float = 0.3
    slack_min: float = 30.0


@dataclass(frozen=True, eq=False)
class MapAudit:
    """What a map platform has of our stations.

    Attributes
    ----------
    faults
        A row per fault: ``fault`` (of :data:`FAULTS`), ``station_id``, ``name``, ``map_name``, ``distance_m``, ``hours``, ``map_hours``,
        ``why`` (of ghosts: ``no_station``, ``twice``, or the station's status), ``row`` (of the export), ``station_row``; geometry: where
        the list has it, a ghost where the map has it.
    pairs
        A row per station found: ``station_id``, ``name``, ``map_name``, ``distance_m``, ``alike`` (names, 0 to 1), ``hours_differ_min`` (minutes a
        day; NaN where either is not known), ``east_m``, ``north_m`` (from the list's place to the map's).
    listed, shown, ignored
        Open stations of the list, places of our kind in the export, and its rows that are none.
    """

    faults: gpd.GeoDataFrame
    pairs: pd.DataFrame
    listed: int
    shown: int
    ignored: int
    language: str = "en"
    findings: tuple[Finding, ...] = ()

    def counts(self) -> dict[str, int]:
        """Faults by kind."""
        return {k: int((self.faults["fault"] == k).sum()) for k in FAULTS}

    def __repr__(self) -> str:
        told = ", ".join(f"{n:,} {k}" for k, n in self.counts().items())
        return f"MapAudit({self.listed:,} open stations against {self.shown:,} places on the map: {told})"

    def _repr_html_(self) -> str:
        shown = pd.DataFrame(self.faults.drop(columns="geometry")).head(30)
        return f"<p>{escape(repr(self))}</p>{shown.to_html(index=False, na_rep='', float_format='{:,.0f}'.format, escape=True)}"


def audit_map(
    own: gpd.GeoDataFrame, shown: gpd.GeoDataFrame, *, rules: MapRules | None = None, language: str = "en", findings: tuple[Finding, ...] = ()
) -> MapAudit:  # fmt: skip
    """Compare a list of stations with an export of a map platform; both in one metric CRS.

    Parameters
    ----------
    own
        The stations, open or not, with the columns of ``planner.tables``.
    shown
        The export read like a list of stations (``name``, ``open_hours``, geometry). Rows that are not of our kind by their name are
        ignored, unless none is.

    Notes
    -----
    A pair costs ``1 − likeness of the names + d / (2 near_m), at most ½, + d / (2 far_m)``; a place left alone costs 0.7; the pairs are the
    cheapest one-to-one choice (:func:`planner.audit.pairing.one_to_one`).
    """
    rules = rules or MapRules()
    ours = _of_our_kind(shown["name"])
    places = shown[ours].reset_index(drop=True)
    own = own.reset_index(drop=True)
    linked, alike = _links(own, places, rules)
    cost = 1 - alike + np.minimum(linked.metres / rules.near_m, 1) / 2 + linked.metres / (2 * rules.far_m)
    taken = one_to_one(linked, cost, alone=_ALONE)
    pairs = linked.only(taken)
    is_open = (own["status"] == "open").to_numpy()
    differ = _hours_differ(own, places, pairs)
    live = is_open[pairs.own]
    rows = [
        *_of_pairs("shifted", pairs.only(live & (pairs.metres > rules.shift_m)), own, places),
        *_of_pairs("hours", pairs.only(live & (np.nan_to_num(differ) > rules.slack_min)), own, places),
        *_missing(own, np.setdiff1d(np.flatnonzero(is_open), pairs.own)),
        *_ghosts(own, places, linked, pairs, is_open),
    ]
    found = _found(own, places, pairs, alike[taken], differ)[live].reset_index(drop=True)
    return MapAudit(
        _faults(rows, own), found, int(is_open.sum()), len(places), int((~ours).sum()), language, findings
    )


def _found(
    own: pd.DataFrame,
    places: pd.DataFrame,
    pairs: PlacePairs,
    alike: NDArray[np.float64],
    differ: NDArray[np.float64],
) -> pd.DataFrame:
    """The stations that were found on the map."""
    moved = _xy(places)[pairs.other] - _xy(own)[pairs.own]
    return pd.DataFrame(
        {
            "station_id": own["station_id"].to_numpy()[pairs.own], "name": own["name"].to_numpy()[pairs.own],
            "map_name": places["name"].to_numpy()[pairs.other], "distance_m": pairs.metres, "alike": alike, "hours_differ_min": differ,
            "east_m": moved[:, 0], "north_m": moved[:, 1],
        }
    )  # fmt: skip


def _faults(rows: list[tuple[object, ...]], own: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Faults by kind, then by station."""
    plain = pd.DataFrame(rows, columns=[*_COLUMNS, "geometry"])
    table = gpd.GeoDataFrame(plain, geometry="geometry", crs=own.crs)
    table["fault"] = pd.Categorical(table["fault"], FAULTS)
    table = table.sort_values(["fault", "station_id", "row"], kind="stable", ignore_index=True)
    table["fault"] = table["fault"].astype(str)
    return table


_COLUMNS = (
    "fault",
    "station_id",
    "name",
    "map_name",
    "distance_m",
    "hours",
    "map_hours",
    "why",
    "row",
    "station_row",
)


def _of_our_kind(names: pd.Series) -> NDArray[np.bool_]:
    """Rows whose name says that they are of our kind; all where none does."""
    ours = np.array([bool(_OURS.search(str(n))) and not _NOT_OURS.search(str(n)) for n in names], bool)
    return ours if ours.any() else np.ones(len(names), bool)


def _links(
    own: gpd.GeoDataFrame, places: gpd.GeoDataFrame, rules: MapRules
) -> tuple[PlacePairs, NDArray[np.float64]]:
    """PlacePairs that may be the same place, and how alike their names are."""
    linked = close_pairs(_xy(own), _xy(places), within_m=max(rules.far_m, rules.near_m))
    a, b = [core(str(n)) for n in own["name"]], [core(str(n)) for n in places["name"]]
    alike = np.array(
        [likeness(a[i], b[j]) for i, j in zip(linked.own.tolist(), linked.other.tolist(), strict=True)]
    )
    alike = alike.reshape(len(linked.own))
    may = np.where(linked.metres <= rules.near_m, alike >= rules.some, alike >= rules.alike)
    return linked.only(may), alike[may]


def _xy(table: gpd.GeoDataFrame) -> NDArray[np.float64]:
    return np.column_stack([table.geometry.x.to_numpy(), table.geometry.y.to_numpy()])


def _hours_differ(own: pd.DataFrame, places: pd.DataFrame, pairs: PlacePairs) -> NDArray[np.float64]:
    """Minutes a day by which the hours of each pair differ; NaN where either is not known."""
    if not len(pairs.own):
        return np.zeros(0)
    (known, week), (known_too, shown) = posted_week(own), posted_week(places)
    minutes = (week[pairs.own] ^ shown[pairs.other]).sum(axis=(1, 2)) * 15 / 7
    return np.where(known[pairs.own] & known_too[pairs.other], minutes, np.nan)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _hours_of(table: pd.DataFrame, at: int) -> str:
    """Hours as they are told: by day where the days differ."""
    each = (_text(table[c].iloc[at]) if c in table else "" for c in ("week_hours", "open_hours"))
    return next((t for t in each if t), "")


def _row(table: pd.DataFrame, at: int) -> int | None:
    return int(table["row"].iloc[at]) if "row" in table else None


def _of_pairs(
    fault: str, pairs: PlacePairs, own: gpd.GeoDataFrame, places: gpd.GeoDataFrame
) -> list[tuple[object, ...]]:
    return [
        (fault, own["station_id"].iloc[i], own["name"].iloc[i], places["name"].iloc[j], metres, _hours_of(own, i), _hours_of(places, j), "",
         _row(places, j), _row(own, i), own.geometry.iloc[i])
        for i, j, metres in zip(pairs.own.tolist(), pairs.other.tolist(), pairs.metres.tolist(), strict=True)
    ]  # fmt: skip


def _missing(own: gpd.GeoDataFrame, at: NDArray[np.int64]) -> list[tuple[object, ...]]:
    return [
        ("missing", own["station_id"].iloc[i], own["name"].iloc[i], "", float("nan"), _hours_of(own, i), "", "", None, _row(own, i), own.geometry.iloc[i])
        for i in at.tolist()
    ]  # fmt: skip


def _ghosts(
    own: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    linked: PlacePairs,
    pairs: PlacePairs,
    is_open: NDArray[np.bool_],
) -> list[tuple[object, ...]]:
    """Places of the map that are no open station: none at all, one shown twice, one that is not open."""
    partner = dict(zip(pairs.other.tolist(), pairs.own.tolist(), strict=True))
    near: dict[int, tuple[float, int]] = {}
    for i, j, metres in zip(linked.own.tolist(), linked.other.tolist(), linked.metres.tolist(), strict=True):
        near[j] = min(near.get(j, (np.inf, -1)), (metres, i))
    rows: list[tuple[object, ...]] = []
    for j in range(len(places)):
        i = partner.get(j, -1)
        if i >= 0 and is_open[i]:
            continue
        metres, close = near.get(j, (float("nan"), -1))
        i = i if i >= 0 else close
        why = "no_station" if i < 0 else "twice" if is_open[i] else str(own["status"].iloc[i])
        there = (own["station_id"].iloc[i], own["name"].iloc[i]) if i >= 0 else ("", "")
        rows.append(("ghost", *there, places["name"].iloc[j], metres, "", _hours_of(places, j), why, _row(places, j), None, places.geometry.iloc[j]))  # fmt: skip
    return rows
