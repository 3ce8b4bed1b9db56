"""Travel times of another router, one way per row: origin, destination, minutes, and how one travels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.errors import Finding, finding
from planner.inputs.places.coordinates import parse_column
from planner.inputs.places.crs import transform
from planner.inputs.places.datum import convert
from planner.inputs.tables.read import RawTable, read_table
from planner.settings.inputs import Datum, Table

__all__ = ["RouterTimes", "read_times"]

Floats = npt.NDArray[np.float64]
_ENDS = ("origin_lng", "origin_lat", "dest_lng", "dest_lat")
#: Words for the modes that routers use.
_MODES = {
    "": "walk", "walk": "walk", "walking": "walk", "foot": "walk", "pedestrian": "walk", "步行": "walk", "走路": "walk",
    "ebike": "ebike", "e-bike": "ebike", "电动车": "ebike", "电动自行车": "ebike", "骑行": "ebike",
    "car": "car", "drive": "car", "driving": "car", "auto": "car", "驾车": "car", "开车": "car",
    "truck": "truck", "hgv": "truck", "货车": "truck",
}  # fmt: skip
#: Longer ways than this are no walk or ride within a city, and most likely seconds.
_MOST_MINUTES = 600.0


@dataclass(frozen=True)
class RouterTimes:
    """Rows that could be read, and what was noticed.

    ``table``: ``row`` (as the user counts), ``mode``, ``minutes``, both ends in WGS84 (``from_lng`` …) and in the study's
    CRS (``from_x``, ``from_y``, ``to_x``, ``to_y``).
    """

    table: pd.DataFrame
    findings: tuple[Finding, ...]


def read_times(path: Path, *, crs: str, datum: Datum = "wgs84") -> RouterTimes:
    """Read a list of travel times (csv, xlsx …); rows that cannot be read are left out with a finding each.

    Parameters
    ----------
    crs
        The study's CRS, metres.
    datum
        What the coordinates are in.
    """
    raw, found = read_table(Table(path=path, datum=datum), kind="times")
    empty = pd.DataFrame({c: [] for c in ("row", "mode", "minutes", "from_x", "from_y", "to_x", "to_y")})
    if raw is None:
        return RouterTimes(empty, tuple(found))
    absent = [role for role in _ENDS if role not in raw.roles]
    if not {"minutes", "seconds"} & raw.roles.keys():
        absent.append("minutes")
    if absent:
        missing = finding("TIM-001", source=raw.source, field=", ".join(absent))
        return RouterTimes(empty, (*found, missing))
    good = np.ones(len(raw.rows), dtype=bool)
    ends = [_numbers(raw, role, good, found) for role in _ENDS]
    for at, most in enumerate((180.0, 90.0) * 2):
        off = good & (np.abs(ends[at]) > most)
        _leave_out(raw, _ENDS[at], off, good, found)
    unit = "minutes" if "minutes" in raw.roles else "seconds"
    minutes = _numbers(raw, unit, good, found) / (1.0 if unit == "minutes" else 60.0)
    with np.errstate(invalid="ignore"):
        _leave_out(raw, unit, good & ((minutes < 0) | (minutes > _MOST_MINUTES)), good, found, code="TIM-007")
    words = raw.column("mode").fillna("").astype(str).str.strip().str.lower()
    mode = words.map(_MODES)
    _leave_out(raw, "mode", good & mode.isna().to_numpy(), good, found, code="TIM-003")
    table = pd.DataFrame({"row": raw.rows, "mode": mode, "minutes": minutes})
    for end, (lng, lat) in (("from", ends[:2]), ("to", ends[2:])):
        table[f"{end}_lng"], table[f"{end}_lat"] = convert(lng, lat, source=datum)
        table[f"{end}_x"], table[f"{end}_y"] = transform(
            table[f"{end}_lng"], table[f"{end}_lat"], source="EPSG:4326", target=crs
        )
    return RouterTimes(table[good].reset_index(drop=True), tuple(found))


def _numbers(raw: RawTable, role: str, good: npt.NDArray[np.bool_], found: list[Finding]) -> Floats:
    """A column as numbers; rows where there is none are no longer ``good``, with a finding."""
    texts = raw.column(role)
    values, mended = parse_column(texts, raw.rows, source=raw.source, field=role)
    found += [f for f in mended if f.code != "XY-013"]
    _leave_out(raw, role, good & ~np.isfinite(values), good, found)
    return np.asarray(values, dtype=float)


def _leave_out(
    raw: RawTable, role: str, bad: npt.NDArray[np.bool_], good: npt.NDArray[np.bool_], found: list[Finding],
    *, code: str = "TIM-002",
) -> None:  # fmt: skip
    texts = raw.column(role)
    for i in np.flatnonzero(bad):
        text = texts.iloc[i]
        found.append(
            finding(code, source=raw.source, row=int(raw.rows[i]), field=role, value="" if text is None else str(text))
        )  # fmt: skip
    good &= ~bad
