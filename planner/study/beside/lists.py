"""A list of wished sites: any table, and our own workbook, csv and GeoPackage as people hand them back."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.errors import finding, refuse_if_errors
from planner.inputs.stations import parse_ids, read_list
from planner.inputs.tables.extent import too_wide
from planner.inputs.tables.read import RawTable, read_table
from planner.inputs.tables.trusted import untrusted
from planner.settings.inputs import Datum, Table
from planner.telling.words.phrases import phrase

__all__ = ["read_sites"]

_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
#: Layer of ``plan.gpkg`` with the proposed sites.
_LAYER = "chosen"


def read_sites(
    path: Path, *, datum: Datum, districts: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame, part: str | None = None,
    stated: bool = True,
) -> gpd.GeoDataFrame:  # fmt: skip
    """The sites of a file, in the districts' CRS.

    Of our own workbook the sheet of sites is read, of ``plan.gpkg`` the layer ``chosen``; ``part`` names another sheet or layer.
    A row without coordinates whose id is a candidate's stands where that candidate does. ``stated``: whether the study names its
    districts.

    Raises
    ------
    InputError
        The list is refused, with every finding; a row that has neither coordinates nor a candidate's id is (EVA-001).
    """
    table = _part(Table(path=path.resolve(), datum=datum, max_missing_share=1.0), part)
    raw, found = read_table(table, kind="stations")
    refuse_if_errors(found)
    assert raw is not None  # noqa: S101
    blank = _without_place(raw)
    named = _named(raw, blank, candidates)
    lost = blank & (named < 0)
    ids = raw.column("station_id").fillna("").to_list()
    refused = [
        finding("EVA-001", source=raw.source, row=int(raw.rows[i]), value=ids[i])
        for i in np.flatnonzero(lost)
    ]
    parts = [_at_candidates(raw, named, candidates)]
    if not blank.all():
        area = shapely.union_all(districts.geometry.to_numpy())
        read = read_list(table, crs=str(districts.crs), area=area, stated=stated)
        refuse_if_errors([*read.findings, *refused])
        parts.insert(0, read.stations)
    refuse_if_errors(refused)
    whole = pd.concat([p for p in parts if len(p)], ignore_index=True) if any(map(len, parts)) else parts[0]
    return gpd.GeoDataFrame(whole, crs=districts.crs)


def _part(table: Table, part: str | None) -> Table:
    """The table with the sheet or layer that holds the sites."""
    suffix = table.path.suffix.lower()
    if suffix in _WORKBOOKS:
        return table.model_copy(update={"sheet": part or _own_sheet(table.path)})
    if suffix == ".gpkg":
        return table.model_copy(update={"layer": part or _own_layer(table.path)})
    return table


def _own_sheet(path: Path) -> str | None:
    """The sheet of sites, where the workbook is one of ours; None: whatever sheet is alone."""
    from python_calamine import CalamineError, load_workbook

    ours = {phrase("sheet_sites", language) for language in ("zh", "en")}
    try:
        if too_wide(path):
            return None
        with load_workbook(path) as book:
            return (
                next((n for n in book.sheet_names if n in ours), None) if len(book.sheet_names) > 1 else None
            )
    except (CalamineError, OSError, ValueError):  # the reader says what it is
        return None


def _own_layer(path: Path) -> str | None:
    import pyogrio

    try:
        if untrusted(path):
            return None
        return _LAYER if _LAYER in {str(n) for n, *_ in pyogrio.list_layers(path)} else None
    except (pyogrio.errors.DataSourceError, OSError, ValueError, RuntimeError):
        return None


def _without_place(raw: RawTable) -> np.ndarray:
    """Rows that state no coordinates."""
    if raw.geometry is not None:
        return np.array([g is None or g.is_empty for g in raw.geometry], bool)
    for pair in (("lng", "lat"), ("x", "y"), ("lnglat", "lnglat")):
        if all(role in raw.roles for role in pair):
            return (raw.column(pair[0]).isna() | raw.column(pair[1]).isna()).to_numpy(bool)
    return np.ones(len(raw.rows), bool)


def _named(raw: RawTable, blank: np.ndarray, candidates: gpd.GeoDataFrame) -> np.ndarray:
    """Position of the candidate that each row without place names by its id; −1: none."""
    ids, _ = parse_ids(raw, "station_id")
    at = pd.Index(candidates["site_id"].astype(str)).get_indexer(ids.astype(str))
    return np.where(blank, at, -1)


def _at_candidates(raw: RawTable, named: np.ndarray, candidates: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The rows that stand at candidates, each once."""
    at = pd.unique(named[named >= 0])
    there = candidates.iloc[at]
    frame = {
        "station_id": there["site_id"].to_numpy(), "name": there["name"].to_numpy(), "open_hours": None, "week_hours": None,
        "source": raw.source,
    }  # fmt: skip
    return gpd.GeoDataFrame(frame, geometry=there.geometry.to_numpy(), crs=candidates.crs)
