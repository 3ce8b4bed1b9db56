"""The tables that pass between rooms, as column contracts (pandera, all failures at once).

Files people send are read by ``planner/inputs/tables``, which believes nothing; here is what a table must be
once it was judged.

Geometry is metric, in the study's CRS, unless a table says otherwise. The contracts are checked
where a table is made (:func:`check`), so that what arrives in the next room can be trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from planner.errors import PlannerError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandera.pandas as pa

TableName = Literal["stations", "districts", "hosts", "demand", "candidates", "chosen"]

STATUSES = ("planned", "open", "suspended", "withdrawn")
HOST_KINDS = (
    "bank", "post_office", "fuel", "charging", "convenience", "fast_food", "restaurant", "mall", "office",
    "community", "toilet", "bus_station", "rail_station", "park", "parcel_depot", "construction", "industry",
    "service_area", "truck_parking", "logistics", "port", "telecom", "pharmacy", "police", "library", "street",
)  # fmt: skip

#: column -> (kind, may be empty); kinds: text, float, int, bool
COLUMNS: dict[str, dict[str, tuple[str, bool]]] = {
    "stations": {
        "station_id": ("text", False), "name": ("text", False), "kind": ("text", True),
        "status": ("text", False), "grade": ("text", True), "open_hours": ("text", True),
        "area_m2": ("float", True), "host": ("text", True), "district": ("text", True),
        "snapshot_date": ("text", True),
    },
    "districts": {
        "district": ("text", False), "name_zh": ("text", False), "name_en": ("text", False),
        "adcode": ("text", True), "population": ("float", True),
        "quota_min": ("float", True), "quota_max": ("float", True),
    },
    "hosts": {
        "host_id": ("text", False), "name": ("text", True), "host_kind": ("text", False),
        "open_hours": ("text", True),
    },
    "demand": {
        "cell_id": ("text", False), "district": ("text", False), "workers": ("float", False),
        "workers_low": ("float", False), "workers_high": ("float", False),
    },
    "candidates": {
        "site_id": ("text", False), "host_id": ("text", True), "host_kind": ("text", False),
        "cost_yuan": ("float", False), "district": ("text", False),
    },
    "chosen": {
        "rank": ("int", False), "site_id": ("text", False), "district": ("text", False),
        "workers_gained": ("float", False), "workers_in_reach": ("float", False),
        "nearest_station_m": ("float", True), "confidence": ("float", True), "batch": ("text", True),
        "reason": ("text", False),
    },
}  # fmt: skip

_UNIQUE = {"stations": "station_id", "districts": "district", "hosts": "host_id", "demand": "cell_id",
           "candidates": "site_id", "chosen": "site_id"}  # fmt: skip


def schema(name: TableName) -> pa.DataFrameSchema:
    """The pandera schema of a table; further columns are allowed."""
    import pandera.pandas as pa

    dtypes = {"text": "str", "float": float, "int": int, "bool": bool}
    columns = {}
    for column, (kind, empty) in COLUMNS[name].items():
        checks = []
        if column == "status":
            checks.append(pa.Check.isin(STATUSES))
        if column.startswith("workers"):
            checks.append(pa.Check.ge(0))
        columns[column] = pa.Column(
            None if kind == "text" else dtypes[kind],
            checks, nullable=empty, coerce=kind != "text", unique=_UNIQUE[name] == column,
        )  # fmt: skip
    return pa.DataFrameSchema(columns, strict=False, name=name)


def empty(name: TableName, crs: str, **more: str) -> gpd.GeoDataFrame:
    """The table ``name`` without rows; ``more``: further columns and their kinds (text, float, int, bool)."""
    import geopandas as gpd
    import pandas as pd

    dtypes = {"text": "str", "float": float, "int": "int64", "bool": bool}
    kinds = {c: kind for c, (kind, _) in COLUMNS[name].items()} | more
    return gpd.GeoDataFrame({c: pd.Series(dtype=dtypes[k]) for c, k in kinds.items()}, geometry=[], crs=crs)


def check(name: TableName, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return ``table`` if it keeps the contract ``name``.

    Raises
    ------
    PlannerError
        Columns missing or of the wrong kind, ids not unique, no CRS: every failure in one message.
    """
    import pandera.errors

    try:
        schema(name).validate(table, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases
        lines = sorted({f"{c.column or ''}: {c.check} ({c.failure_case})" for c in cases.itertuples()})
        raise PlannerError(f"the table {name} breaks its contract:\n  " + "\n  ".join(lines[:20])) from error
    if table.crs is None:
        raise PlannerError(f"the table {name} has no CRS")
    return table


def is_missing(value: object) -> bool:
    """Whether a cell is empty: None, NaN, NaT or pandas' NA (which refuses to be compared)."""
    try:
        return value is None or bool(value != value)
    except (TypeError, ValueError):
        return True
