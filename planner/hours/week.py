"""When places are open on each day of the week, by quarter-hours: 96 a day.

A quarter-hour counts as open where the place is open for at least half of it, so that hours on the quarter are
exact and others are off by seven minutes at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.hours.parse import DAY_MIN, parse_hours
from planner.settings.groups import Period

__all__ = [
    "QUARTERS",
    "STATED",
    "WEEKEND",
    "WORKDAYS",
    "WeekHours",
    "period_quarters",
    "posted_week",
    "week_hours",
]

QUARTERS = 96
#: Days as :class:`WeekHours` counts them: that of the stated hours, Monday to Friday, Saturday and Sunday.
STATED, WORKDAYS, WEEKEND = (0,), (1, 2, 3, 4, 5), (6, 7)
_QUARTER_MIN = DAY_MIN // QUARTERS

Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class WeekHours:
    """Open quarter-hours of places.

    Attributes
    ----------
    of
        Row of ``open`` that each place keeps (n_places).
    open
        bool (n_kinds × 8 × 96): day 0 is the day of the hours as stated, 1 … 7 are Monday … Sunday.
    """

    of: npt.NDArray[np.int64]
    open: npt.NDArray[np.bool_]

    def only(self, places: npt.NDArray[Any]) -> WeekHours:
        """The places at some positions."""
        return WeekHours(self.of[places], self.open)

    def beside(self, other: WeekHours) -> WeekHours:
        """These places, then the others."""
        return WeekHours(
            np.concatenate([self.of, other.of + len(self.open)]), np.concatenate([self.open, other.open])
        )

    def always(self) -> WeekHours:
        """The same places, open day and night."""
        return WeekHours(np.zeros_like(self.of), np.ones((1, 8, QUARTERS), bool))


def week_hours(
    open_hours: Iterable[Any], by_day: Iterable[Any] | None = None, *, default: str = "08:00-20:00"
) -> WeekHours:
    """Open quarter-hours of each place.

    Parameters
    ----------
    open_hours
        Hours as :func:`planner.hours.parse.parse_hours` reads them; unknown ones count as ``default``.
    by_day
        What holds on each day of the week (:attr:`planner.hours.parse.Hours.week_text`); empty: as ``open_hours`` says.

    Raises
    ------
    ValueError
        ``default`` itself cannot be read.

    Examples
    --------
    >>> week = week_hours(["09:00-17:00"], ["Mo-Fr 09:00-17:00"])
    >>> week.open[week.of[0], [0, 6]].sum(axis=1).tolist()  # quarter-hours as stated, and on a Saturday
    [32, 0]
    """
    if not parse_hours(default).known:
        raise ValueError(f"cannot read the default opening hours {default!r}")
    stated = pd.Series(list(open_hours), dtype=object).fillna("").astype(str)
    days = stated if by_day is None else pd.Series(list(by_day), dtype=object).fillna("").astype(str)
    days = days.where(days != "", stated)
    codes, pairs = pd.factorize(pd.MultiIndex.from_arrays([stated, days]))
    kinds = np.zeros((len(pairs), 8, QUARTERS), bool)
    for row, (text, day_text) in enumerate(pairs):
        read = parse_hours(text)
        read = read if read.known else parse_hours(default)
        daily = parse_hours(day_text)
        daily = daily if daily.known else read
        kinds[row] = [_quarters(spans) for spans in (read.spans, *(daily.on(d) for d in range(1, 8)))]
    return WeekHours(codes.astype(np.int64), kinds)


def posted_week(table: pd.DataFrame) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whose posted hours are known (n), and which quarter-hours of Monday … Sunday they are open (n × 7 × 96).

    ``table``: ``open_hours``, and where there ``week_hours`` (days that differ) and ``open_days`` (the days that hours hold for).

    Examples
    --------
    >>> known, week = posted_week(pd.DataFrame({"open_hours": ["09:00-17:00", None], "open_days": ["12345", ""]}))
    >>> known.tolist(), week.sum(axis=2).tolist()[0]
    ([True, False], [32, 32, 32, 32, 32, 0, 0])
    """

    def texts(name: str) -> npt.NDArray[np.object_]:
        found = (
            table[name].astype(object) if name in table else pd.Series("", index=table.index, dtype=object)
        )
        return found.where(found.notna(), "").astype(str).to_numpy(dtype=object)

    stated, by_day, days = texts("open_hours"), texts("week_hours"), texts("open_days")
    read = week_hours(stated, by_day)
    week = read.open[read.of, 1:].copy()
    for i in np.flatnonzero((by_day == "") & (days != "")):
        week[i, [k for k in range(7) if str(k + 1) not in days[i]]] = False
    known = np.array([parse_hours(t).known if t else False for t in stated], bool).reshape(len(table))
    week[~known] = False
    return known, week


def _quarters(spans: Spans) -> npt.NDArray[np.bool_]:
    return np.asarray(_minutes(spans).reshape(QUARTERS, -1).sum(axis=1) * 2 >= _QUARTER_MIN)


def _minutes(spans: Spans) -> npt.NDArray[np.bool_]:
    """Which minutes of the day lie within the spans."""
    inside = np.zeros(DAY_MIN, bool)
    for start, end in spans:
        inside[start:end] = True
    return inside


def period_quarters(
    periods: Sequence[Period], *, off_h: tuple[float, float] | None = None
) -> npt.NDArray[np.float64]:
    """Share of each period's minutes that each quarter-hour holds (n_periods × 96; rows sum to 1).

    ``off_h``: hours of the day in which nobody is out (the hottest of a hot day); a period that lies wholly within
    them is read as if they were not.
    """
    rows = np.array([_minutes(_pieces(p.start_h, p.end_h)) for p in periods], float).reshape(-1, DAY_MIN)
    if off_h is not None:
        out = rows * ~_minutes(_pieces(*off_h))
        rows = np.where(out.sum(axis=1, keepdims=True) > 0, out, rows)
    quarters = rows.reshape(len(rows), QUARTERS, -1).sum(axis=2)
    return np.asarray(quarters / quarters.sum(axis=1, keepdims=True))


def _pieces(start_h: float, end_h: float) -> Spans:
    start, end = round(start_h * 60), round(end_h * 60)
    return [(start, end)] if end > start else [(start, DAY_MIN), (0, end)]
