"""Host venues from a user's own list."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from planner import tables
from planner.errors import Finding, finding
from planner.inputs.places.points import locate
from planner.inputs.stations import parse_ids, read_hours
from planner.inputs.tables import headers
from planner.inputs.tables.read import RawTable, as_text, read_table
from planner.settings.inputs import Table

__all__ = ["read_hosts"]

#: Columns beside those of the contract, and their kinds.
_MORE = {"week_hours": "text", "lng_wgs84": "float", "lat_wgs84": "float", "source": "text", "row": "int"}


def read_hosts(table: Table, *, crs: str) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Read host venues (points) with kind and hours, in the study's metric CRS.

    ``host_kind`` is one of ``tables.HOST_KINDS`` or a word for it (银行, 加油站); rows of other kinds
    are dropped and listed (HOST-001). Rows with a repeated id keep the first.
    """
    raw, found = read_table(table, kind="hosts")
    if raw is None:
        return tables.empty("hosts", crs, **_MORE), found
    places = locate(raw, table, crs=crs)
    found += places.findings
    ids, more = parse_ids(raw, "host_id")
    found += more
    hours, more = read_hours(raw)
    found += more
    kinds, more = _kinds(raw)
    found += more
    frame = pd.DataFrame({
        "host_id": ids, "name": raw.column("name"), "host_kind": kinds, **hours,
        "lng_wgs84": places.lng, "lat_wgs84": places.lat, "source": raw.source, "row": raw.rows,
    }).drop(columns="open_days")  # fmt: skip
    texts = ["host_id", "name", "host_kind", "open_hours", "week_hours"]
    frame = as_text(frame, [*texts, "source"])
    table_ = gpd.GeoDataFrame(frame, geometry=places.points(crs), crs=crs)
    table_ = table_[places.used & frame["host_kind"].notna().to_numpy()]
    repeat = table_["host_id"].duplicated(keep="first")
    first = table_[~repeat].set_index("host_id")["row"]
    found += [
        finding("ID-005", source=raw.source, row=int(row), field="host_id", value=key, other=int(first[key]))
        for key, row in zip(table_["host_id"][repeat], table_["row"][repeat], strict=True)
    ]
    return tables.check("hosts", table_[~repeat].reset_index(drop=True)), found


def _kinds(raw: RawTable) -> tuple[pd.Series, list[Finding]]:
    """Kinds as ``tables.HOST_KINDS`` calls them; None where the word is not known."""
    known = headers.words("host_kind") | {k: k for k in tables.HOST_KINDS}
    if "host_kind" not in raw.roles:
        names = ", ".join(str(c) for c in raw.cells.columns)
        return pd.Series(np.full(len(raw.rows), None, object)), [
            finding("TAB-008", source=raw.source, field="host_kind", nearest=names)
        ]
    found: list[Finding] = []
    kinds: list[str | None] = []
    for text, row in zip(raw.column("host_kind"), raw.rows, strict=True):
        kind = headers.meant(text or "", known)
        if kind is None:
            found.append(
                finding("HOST-001", source=raw.source, row=row, field=raw.roles["host_kind"], value=text or "",
                        names=", ".join(tables.HOST_KINDS))
            )  # fmt: skip
        kinds.append(kind)
    return pd.Series(kinds, dtype=object), found
