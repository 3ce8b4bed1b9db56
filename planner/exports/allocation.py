"""Which station serves which cell, in how many minutes: the coverage of a plan, worker by worker.

In every period the workers of a demand point go to the nearest station that is open in it and within their cutoff, so that the
served rows sum to the covered workers of the headline's state, and all rows to all workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse

from planner.siting.coverage import Access
from planner.siting.reach import SiteReach, joined

if TYPE_CHECKING:
    from planner.telling.board import Board
    from planner.telling.bundle import Bundle

__all__ = ["COLUMNS", "Plan", "allocation", "allocation_lines"]

Array = NDArray[Any]
Plan = Literal["today", "proposal"]
COLUMNS = ("cell_id", "district", "station_id", "station_name", "is_new", "minutes", "workers")


@dataclass(frozen=True, eq=False)
class _Stations:
    """The stations of a plan: ``table`` (``station_id``, ``name``, ``is_new``, geometry), who reaches them, when they are open."""

    table: gpd.GeoDataFrame
    reach: SiteReach


def _stations(bundle: Bundle, board: Board, plan: Plan) -> _Stations:
    old = bundle.stations[bundle.stations["status"] == "open"]
    own = pd.DataFrame({"station_id": old["station_id"], "name": old["name"], "is_new": False})
    if plan == "today":
        return _Stations(gpd.GeoDataFrame(own, geometry=old.geometry, crs=old.crs), board.existing)
    keep = np.setdiff1d(np.arange(len(old)), board.closed)
    names = bundle.chosen.set_index("site_id")["name"]
    new = bundle.candidates.iloc[board.chosen]
    more = pd.DataFrame({"station_id": new["site_id"], "name": new["site_id"].map(names), "is_new": True})
    table = pd.concat([own.iloc[keep], more], ignore_index=True)
    points = pd.concat([old.geometry.iloc[keep], new.geometry], ignore_index=True)
    reach = joined(board.existing.only(keep), board.new.only(board.chosen))
    return _Stations(gpd.GeoDataFrame(table, geometry=points.to_numpy(), crs=old.crs), reach)


def _nearest_first(access: Access) -> tuple[Array, Array, Array]:
    """Entries within the cutoff as (station, point, seconds), by point, the nearest first; equals in the stations' order."""
    near = sparse.csr_array(access.seconds)
    station = np.repeat(np.arange(near.shape[0]), np.diff(near.indptr))
    inside = near.data <= access.cutoff_s
    station, point, seconds = station[inside], near.indices[inside], near.data[inside].astype(float)
    order = np.lexsort((station, seconds, point))
    return station[order], point[order], seconds[order]


def _served(stations: _Stations, board: Board, periods: Sequence[str], need_open: float) -> pd.DataFrame:
    """A row per point, period and station that serves it: ``cell``, ``station``, ``workers``, worker seconds ``spent``."""
    is_open, parts = stations.reach.open_share >= need_open, list[pd.DataFrame]()
    for access in stations.reach.access:
        station, point, seconds = _nearest_first(access)
        workers = board.points.by_period(access.groups, periods)
        for t in range(len(periods)):
            on = is_open[station, t]
            points, first = np.unique(point[on], return_index=True)
            there = workers[points, t]
            frame = {"cell": board.points.cell[points], "station": station[on][first], "workers": there}
            parts.append(pd.DataFrame({**frame, "spent": there * seconds[on][first]}))
    return pd.concat(parts, ignore_index=True)


def allocation(bundle: Bundle, plan: Plan) -> gpd.GeoDataFrame:
    """Rows of :data:`COLUMNS` by cell, its nearest station first; workers whom nobody serves have a row without a station.

    Geometry: the station, missing where there is none; ``point``: where the cell's workers stand (study CRS). ``minutes`` is the
    mean over the workers.

    Raises
    ------
    ValueError
        The bundle was made by hand and holds no travel times.
    """
    board = bundle.board
    if board is None:
        raise ValueError("a bundle without travel times has no allocation")
    settings, stations = bundle.settings, _stations(bundle, board, plan)
    periods = [p.name for p in settings.periods]
    served = _served(stations, board, periods, settings.circle.open_share)
    sums = served[served["workers"] > 0].groupby(["cell", "station"], as_index=False).sum()
    groups = [g for access in board.existing.access for g in access.groups]
    whole = board.points.sum_cells(board.points.by_period(groups, periods).sum(axis=1))
    left = whole - np.bincount(sums["cell"], sums["workers"], len(whole))
    none = np.flatnonzero(left > 1e-9)
    rows = pd.DataFrame(
        {
            "cell": np.concatenate([sums["cell"], none]).astype(np.int64),
            "station": np.concatenate([sums["station"], np.full(len(none), -1)]).astype(np.int64),
            "workers": np.concatenate([sums["workers"], left[none]]),
            "minutes": np.concatenate([sums["spent"] / sums["workers"] / 60, np.full(len(none), np.nan)]),
        }
    )
    rows = rows.sort_values(["cell", "minutes", "station"], kind="stable", ignore_index=True)
    return _named(rows, bundle.demand, stations.table)


def _named(rows: pd.DataFrame, demand: gpd.GeoDataFrame, stations: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    cells, at = demand.iloc[rows["cell"]], rows["station"].to_numpy()
    has = at >= 0
    ends = np.full(len(rows), None, dtype=object)
    ends[has] = stations.geometry.to_numpy()[at[has]]

    def of_station(column: str) -> Array:
        values = np.full(len(rows), None, dtype=object)
        values[has] = stations[column].to_numpy(object)[at[has]]
        return values

    frame = {
        "cell_id": cells["cell_id"].to_numpy(),
        "district": cells["district"].to_numpy(),
        "station_id": of_station("station_id"),
        "station_name": of_station("name"),
        "is_new": of_station("is_new"),
        "minutes": rows["minutes"].to_numpy(),
        "workers": rows["workers"].to_numpy(),
        "point": gpd.GeoSeries(cells["point"].to_numpy(), crs=demand.crs),
    }
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(ends, crs=demand.crs))


def allocation_lines(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The served rows of :func:`allocation` as straight lines from where the cell's workers stand to their station."""
    served = table[table["station_id"].notna()]
    ends = np.stack([shapely.get_coordinates(served["point"].to_numpy()), shapely.get_coordinates(served.geometry.to_numpy())], axis=1)  # fmt: skip
    frame = served[list(COLUMNS)].astype({"is_new": bool}).reset_index(drop=True)
    return gpd.GeoDataFrame(frame, geometry=shapely.linestrings(ends), crs=table.crs)
