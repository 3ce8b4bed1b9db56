"""Visits counted at stations by month, read and judged."""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.errors import Finding, finding
from planner.inputs.dates import parse_date
from planner.inputs.tables.read import RawTable, read_table
from planner.settings.inputs import Table

__all__ = ["Visits", "read_visits"]

_NEEDED = ("station_id", "month", "visits")


@dataclass(frozen=True, eq=False)
class Visits:
    """Visits that can be used: ``table`` has ``station_id``, ``month`` (``"2025-07"``), ``visits``, ``days`` (of the month)."""

    table: pd.DataFrame
    findings: tuple[Finding, ...]

    def by_station(self) -> pd.DataFrame:
        """``visits`` and ``days`` per station (index ``station_id``, sorted), summed over its months."""
        return self.table.groupby("station_id", sort=True)[["visits", "days"]].sum()


def read_visits(visits: Table | None, stations: Iterable[str]) -> Visits:
    """Read the study's ``inputs.visits``: a row per station and month.

    Parameters
    ----------
    visits
        The file; None: nothing was counted.
    stations
        Ids of the stations there are. Rows of others are told (VIS-001) and left out, as are months that cannot be
        read (VIS-005), counts that are no number (VIS-003), and rows that repeat a station's month (VIS-004, the first
        counts). Negative counts (VIS-002) and missing columns (VIS-006) are errors.
    """
    empty = pd.DataFrame({"station_id": pd.Series(dtype="str"), "month": pd.Series(dtype="str"),
                          "visits": pd.Series(dtype=float), "days": pd.Series(dtype=float)})  # fmt: skip
    if visits is None:
        return Visits(empty, ())
    raw, found = read_table(visits, kind="visits")
    if raw is None:
        return Visits(empty, tuple(found))
    missing = [role for role in _NEEDED if role not in raw.roles]
    if missing:
        found.append(
            finding("VIS-006", source=raw.source, field=", ".join(missing), value=", ".join(missing))
        )
        return Visits(empty, tuple(found))
    rows, more = _rows(raw, frozenset(map(str, stations)))
    found += more
    if not rows:
        found.append(finding("VIS-007", source=raw.source))
        return Visits(empty, tuple(found))
    table = pd.DataFrame(rows, columns=list(empty.columns)).astype({"visits": float, "days": float})
    return Visits(table.sort_values(["station_id", "month"], ignore_index=True), tuple(found))


def _rows(raw: RawTable, known: frozenset[str]) -> tuple[list[tuple[str, str, float, int]], list[Finding]]:
    """(station, month, visits, days) of each row that can be used."""
    rows: list[tuple[str, str, float, int]] = []
    found: list[Finding] = []
    first: dict[tuple[str, str], int] = {}
    columns = [raw.column(role) for role in _NEEDED]
    for station, text, count, row in zip(*columns, raw.rows, strict=True):

        def note(code: str, role: str, value: object, *, at: int = int(row), **more: Any) -> None:
            found.append(finding(code, source=raw.source, row=at, field=raw.roles[role], value=value, **more))

        month, visits, name = _month(text), _number(count), _id(station)
        if visits is not None and visits < 0:
            note("VIS-002", "visits", count)
        elif name not in known:
            note("VIS-001", "station_id", station or "")
        elif month is None:
            note("VIS-005", "month", text or "")
        elif visits is None:
            note("VIS-003", "visits", count or "")
        elif (name, month) in first:
            note("VIS-004", "month", text, station=name, other=first[name, month])
        else:
            first[name, month] = int(row)
            year, number = map(int, month.split("-"))
            rows.append((name, month, visits, calendar.monthrange(year, number)[1]))
    return rows, found


def _id(text: str | None) -> str:
    """An id as the station list has it: ``1.0`` is ``1``."""
    plain = unicodedata.normalize("NFKC", text or "").strip()
    return plain[:-2] if re.fullmatch(r"\d+\.0", plain) else plain


def _month(text: str | None) -> str | None:
    """``"2025-07"`` of ``2025年7月``, ``2025/7``, ``202507``, ``2025-07-31``; None where there is no year and month."""
    plain = unicodedata.normalize("NFKC", text or "").strip()
    m = re.fullmatch(r"((?:19|20)\d\d)(0[1-9]|1[0-2])", plain)
    if m:
        return f"{m[1]}-{m[2]}"
    date, _ = (None, "") if re.fullmatch(r"\d{4}\s*年?", plain) else parse_date(plain)
    return None if date is None else f"{date.year:04d}-{date.month:02d}"


def _number(text: str | None) -> float | None:
    """``1,234`` or ``1234人次`` as a number."""
    plain = unicodedata.normalize("NFKC", text or "").replace(",", "").strip()
    m = re.fullmatch(r"([+-]?\d+(?:\.\d+)?)\s*(?:人次|人|次)?", plain)
    return float(m[1]) if m else None
