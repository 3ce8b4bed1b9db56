"""When a station is inspected next, and which are to be looked at first: few visits, complaints, hours not kept."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.settings.grades import Grading

__all__ = ["FLAGS", "Inspections", "add_months", "flags_of", "inspections", "reference_day"]

#: Why a station is flagged.
FLAGS = ("visits", "complaints", "hours")


@dataclass(frozen=True)
class Inspections:
    """Per station: from which day it is counted and whether that is its last inspection, the next day (None: never), overdue."""

    since: list[str | None]
    inspected: NDArray[np.bool_]
    due: list[str | None]
    overdue: NDArray[np.bool_]


def add_months(day: dt.date, months: float) -> dt.date:
    """The day so many months later; the last day of the month where it has no such day, half months as 15 days.

    >>> add_months(dt.date(2024, 1, 31), 1)
    datetime.date(2024, 2, 29)
    """
    whole = int(months)
    year, month = divmod(day.year * 12 + day.month - 1 + whole, 12)
    moved = dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
    return moved + dt.timedelta(days=round((months - whole) * 30))


def reference_day(settings: Grading, stations: pd.DataFrame) -> str | None:
    """The day from which is counted: the study's, else the latest date of the lists; None where there is none. Never today's."""
    if settings.reference_date:
        return settings.reference_date
    dates = stations["snapshot_date"].dropna() if "snapshot_date" in stations else pd.Series(dtype=object)
    return max(map(str, dates)) if len(dates) else None


def inspections(
    stations: pd.DataFrame, months: NDArray[np.float64], flagged: NDArray[np.bool_], *, reference: str | None, review_months: float
) -> Inspections:  # fmt: skip
    """The next inspection of each station.

    ``months`` between two inspections by its grade (NaN: none), counted from its last one, else from the date of its list, else from
    the ``reference`` day. A flagged station is inspected ``review_months`` after the reference day at the latest. A day before the
    reference day is overdue.
    """
    n = len(stations)
    last = _dates(stations, "inspected")
    listed = _dates(stations, "snapshot_date")
    since = [a or b or reference for a, b in zip(last, listed, strict=True)]
    due: list[str | None] = []
    for start, gap, hot in zip(since, months, flagged, strict=True):
        days = []
        if start is not None and np.isfinite(gap):
            days.append(add_months(dt.date.fromisoformat(start), float(gap)))
        if reference is not None and hot:
            days.append(add_months(dt.date.fromisoformat(reference), review_months))
        due.append(min(days).isoformat() if days else None)
    late = np.array([d is not None and reference is not None and d < reference for d in due], bool)
    return Inspections(since, np.array([v is not None for v in last], bool), due, late.reshape(n))


def _dates(stations: pd.DataFrame, column: str) -> list[str | None]:
    if column not in stations:
        return [None] * len(stations)
    return [str(v) if isinstance(v, str) and v else None for v in stations[column].astype(object)]


def flags_of(
    settings: Grading, visits_day: NDArray[np.float64], complaints: NDArray[np.float64], kept: NDArray[np.float64]
) -> NDArray[np.bool_]:  # fmt: skip
    """Why each station is flagged (n_stations × 3, as :data:`FLAGS`); what is not told flags nobody.

    ``visits_day``: counted visits a day; ``complaints``: their number; ``kept``: share of the posted hours; NaN where not told.
    """
    with np.errstate(invalid="ignore"):
        return np.column_stack(
            [
                visits_day < settings.low_visits_per_day,
                complaints >= settings.complaints,
                kept < settings.least_hours_kept - 1e-12,
            ]
        )
