"""Counts and samples of workers as a file gives them: read and judged, never kept.

Nothing finer than a cell may be stored: who reads them sums them over cells at once
(:func:`planner.demand.observations.aggregate`) and lets the points go.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np

from planner.errors import Finding
from planner.inputs.places.points import locate
from planner.inputs.tables.read import read_table
from planner.settings.inputs import Table

__all__ = ["read_observations"]

#: column names under which a record's columns are found, besides the study's own
ALIASES = {
    "count": ("count", "workers", "number", "人数", "数量", "观测人数", "订单数"),
    "group": ("group", "worker_group", "群体", "人群", "职业", "类别"),
    "sampling_share": ("sampling_share", "抽样比例", "抽样率", "采样比例", "观测比例"),
    "worker_id": ("worker_id", "rider_id", "courier_id", "工号", "骑手编号", "人员编号", "劳动者编号"),
}


def read_observations(table: Table, *, crs: Any) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Read points with counts from a file; do not keep the result.

    Parameters
    ----------
    table
        The study's ``inputs.observations``: any table with coordinates; ``columns`` may name the columns of
        ``count``, ``group``, ``sampling_share`` and ``worker_id``.
    crs
        The study's CRS.

    Returns
    -------
    records, findings
        Points with ``count`` (text or number, 1 where the file has none), ``row`` (as the file's user counts
        them), and ``group``, ``sampling_share`` (of the workers present, how many this record's set could have
        seen there) and ``worker_id`` where the file has them.
    """
    stated = {k: v for k, v in table.columns.items() if k not in ALIASES}
    raw, found = read_table(table.model_copy(update={"columns": stated}), kind="observations")
    if raw is None:
        return gpd.GeoDataFrame({"count": []}, geometry=gpd.GeoSeries([], crs=crs), crs=crs), found
    where = locate(raw, table, crs=str(crs))
    columns: dict[str, Any] = {"row": raw.rows}
    for role, names in ALIASES.items():
        wanted = (table.columns.get(role, role), *names)
        name = next((c for c in raw.cells.columns if str(c).strip() in wanted), None)
        if name is not None:
            columns[role] = raw.cells[name].to_numpy()
    columns.setdefault("count", np.ones(len(raw.rows)))
    records = gpd.GeoDataFrame(columns, geometry=where.points(crs), crs=crs)
    return records[where.used].reset_index(drop=True), [*found, *where.findings]
