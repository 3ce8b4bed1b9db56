"""What can be done to each place: options with the hours they give it, their grade, and what they cost.

Costs are over what is spent today: an existing station left as it is costs nothing, closing one saves its running costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.actions.places import CANDIDATE, EXISTING, ActionPlaces
from planner.hours.parse import merged, open_share, parse_hours
from planner.settings.actions import Actions, GradeClass, HourClass
from planner.settings.groups import Period

__all__ = ["KEEP", "Options", "running_yuan", "span_minutes", "write_options"]

Array = NDArray[Any]
#: The option of a place that is left as it is.
KEEP = "keep"
Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Options:
    """Options, those of a place together.

    Attributes
    ----------
    table
        ``place`` (row of the places), ``verb`` (``keep`` where nothing is done; a station that moves closes here, and ``move`` is at the
        place it moves to), ``hours`` and ``grade`` (names of classes, "" where they stay), ``open_hours``, ``grade_to``,
        ``cost_yuan``, ``yearly_yuan`` with ``_low`` and ``_high``.
    is_open
        bool (n_options × n_periods): serves the period.
    """

    table: pd.DataFrame
    is_open: Array


def span_minutes(spans: Spans) -> int:
    """Minutes of the day that disjoint spans have."""
    return sum(b - a for a, b in spans)


def running_yuan(classes: Sequence[HourClass], minutes: float) -> tuple[float, float, float]:
    """What a place open so many minutes a day costs a year, with its band: straight between the classes, from nothing at none.

    Above the longest class as that.

    Examples
    --------
    >>> day = HourClass(name="day", hours="08:00-20:00", yearly_yuan=2400)
    >>> running_yuan([day, HourClass(name="24h", hours="00:00-24:00", yearly_yuan=9600)], 18 * 60)
    (6000.0, 6000.0, 6000.0)
    """
    rows = [
        (0.0, _Money()),
        *sorted(((float(_minutes(c)), _yearly(c)) for c in classes), key=lambda row: row[0]),
    ]
    at = [m for m, _ in rows]
    low, middle, high = (
        float(np.interp(minutes, at, [getattr(v, k) for _, v in rows])) for k in ("low", "yuan", "high")
    )
    return middle, low, high


def _minutes(of: HourClass) -> int:
    return span_minutes(merged(parse_hours(of.hours).spans))


def _holds(outer: Spans, inner: Spans) -> bool:
    return all(any(a <= c and d <= b for a, b in outer) for c, d in inner)


@dataclass(frozen=True)
class _Money:
    """A cost with its band."""

    yuan: float = 0.0
    low: float = 0.0
    high: float = 0.0

    def plus(self, other: _Money) -> _Money:
        return _Money(self.yuan + other.yuan, self.low + other.low, self.high + other.high)

    def minus(self, other: _Money) -> _Money:
        """A difference of two costs that rise and fall together."""
        ends = (self.low - other.low, self.high - other.high)
        return _Money(self.yuan - other.yuan, min(ends), max(ends))

    def times(self, share: float, low: float, high: float) -> _Money:
        return _Money(self.yuan * share, self.low * low, self.high * high)

    @property
    def floor(self) -> _Money:
        return _Money(max(self.yuan, 0.0), max(self.low, 0.0), max(self.high, 0.0))


def _money(yuan: float, band: tuple[float, float] | None) -> _Money:
    low, high = band if band is not None else (yuan, yuan)
    return _Money(yuan, low, high)


def _once(of: HourClass | GradeClass | None) -> _Money:
    return _Money() if of is None else _money(of.one_off_yuan, of.one_off_band)


def _yearly(of: HourClass | GradeClass | None) -> _Money:
    return _Money() if of is None else _money(of.yearly_yuan, of.yearly_band)


@dataclass(frozen=True)
class _Option:
    verb: str
    spans: Spans
    open_hours: str
    cost: _Money
    yearly: _Money
    hours: str = ""
    grade: str = ""
    grade_to: str = ""


class _Writer:
    """The options of one place after another, from the study's classes."""

    def __init__(self, actions: Actions, cost_bands: dict[str, tuple[float, float, float]]) -> None:
        self.actions = actions
        self.bands = cost_bands
        self.classes = [(c, merged(parse_hours(c.hours).spans)) for c in actions.hours]
        self.classes.sort(key=lambda pair: (span_minutes(pair[1]), pair[0].name))
        self.names = [g.name for g in actions.grades]

    def running(self, spans: Spans) -> _Money:
        """What these hours cost a year."""
        return _Money(*running_yuan(self.actions.hours, span_minutes(spans)))

    def fitted(self, spans: Spans) -> HourClass | None:
        """The longest class that these hours are as long as: what it needs once is there."""
        return next(
            (c for c, own in reversed(self.classes) if span_minutes(own) <= span_minutes(spans)), None
        )

    def level(self, grade: str) -> int:
        """Place of a grade in the list; the lowest where a list's word is none of them."""
        return self.names.index(grade) if grade in self.names else 0

    def longer(self, spans: Spans, kind: str) -> list[tuple[HourClass, Spans]]:
        """Classes that hold all of a place's own hours and more, and that its host can keep."""
        found = []
        for c, own in self.classes:
            allowed = not c.hosts or kind == "" or kind in c.hosts
            if allowed and _holds(own, spans) and span_minutes(own) > span_minutes(spans):
                found.append((c, own))
        return found

    def existing(self, spans: Spans, hours: str, kind: str, grade: str) -> list[_Option]:
        now, there, none = self.running(spans), self.fitted(spans), _Money()
        made = [_Option(KEEP, spans, hours, none, none, grade_to=grade)]
        for c, own in self.longer(spans, kind):
            once = _once(c).minus(_once(there)).floor
            made.append(
                _Option("retime", own, c.hours, once, _yearly(c).minus(now), hours=c.name, grade_to=grade)
            )
        have = self.level(grade)
        for g in self.actions.grades[have + 1 :]:
            if g.hosts and kind and kind not in g.hosts:
                continue
            was = self.actions.grades[have]
            made.append(
                _Option(
                    "upgrade", spans, hours, _once(g).minus(_once(was)).floor, _yearly(g).minus(_yearly(was)),
                    grade=g.name, grade_to=g.name,
                )
            )  # fmt: skip
        saved = none.minus(now)
        made.append(
            _Option("close", (), "closed", _money(self.actions.close_yuan, self.actions.close_band), saved)
        )
        return made

    def candidate(self, spans: Spans, hours: str, kind: str, cost_yuan: float) -> list[_Option]:
        known = self.bands.get(kind, (cost_yuan, cost_yuan, cost_yuan))
        room = _Money(cost_yuan, min(known[1], cost_yuan), max(known[2], cost_yuan))
        share, band = self.actions.move_share, self.actions.move_band
        moved = room.times(share, min(band[0], share), max(band[1], share))
        fits: list[tuple[str, Spans, str, _Money, _Money]] = [
            ("", spans, hours, _Money(), self.running(spans))
        ]
        for c, own in self.classes:
            if _holds(own, spans) and span_minutes(own) == span_minutes(spans):
                continue  # its own hours already
            inside = _holds(spans, own)
            if inside or not c.hosts or kind in c.hosts:
                once = _Money() if inside else _once(c)
                fits.append((c.name, own, c.hours, once, _yearly(c)))
        first = self.names[0] if self.names else ""
        return [
            _Option(verb, s, text, paid.plus(once), yearly, hours=name, grade=first, grade_to=first)
            for verb, paid in (("build", room), ("move", moved))
            for name, s, text, once, yearly in fits
        ]

    def partner(self, spans: Spans, hours: str, grade: str) -> list[_Option]:
        none = _Money()
        a = self.actions
        keep = spans if a.count_partners else ()
        cost = _money(a.cobrand_yuan, a.cobrand_band)
        return [
            _Option(KEEP, keep, hours if keep else "closed", none, none, grade_to=grade),
            _Option("cobrand", spans, hours, cost, _money(a.cobrand_yearly_yuan, None), grade_to=grade),
        ]


def write_options(
    actions: Actions, places: ActionPlaces, periods: Sequence[Period], *, need_open: float,
    cost_bands: dict[str, tuple[float, float, float]], moves: bool = True,
) -> Options:  # fmt: skip
    """Every option of every place; of those at a place that serve the same periods at the same grade only the cheapest.

    ``cost_bands``: what building costs by kind of host, with its band; ``moves``: whether stations may move at all.
    """
    writer = _Writer(actions, cost_bands)
    made: list[_Option] = []
    at: list[int] = []
    table = places.table
    columns = (table[c] for c in ("source", "spans", "open_hours", "host_kind", "grade", "cost_yuan"))
    for n, (source, spans, hours, kind, grade, cost) in enumerate(zip(*columns, strict=True)):
        if source == EXISTING:
            own = writer.existing(spans, hours, kind, grade)
        elif source == CANDIDATE:
            own = writer.candidate(spans, hours, kind, cost)
        else:
            own = writer.partner(spans, hours, grade)
        own = own if moves else [o for o in own if o.verb != "move"]
        made += own
        at += [n] * len(own)
    texts = sorted({o.open_hours for o in made})
    share = np.asarray(open_share(pd.Series(texts), periods)) if texts else np.zeros((0, len(periods)))
    row = {t: k for k, t in enumerate(texts)}
    is_open = (
        (share >= need_open)[[row[o.open_hours] for o in made]] if made else np.zeros((0, len(periods)), bool)
    )
    frame = pd.DataFrame(
        {
            "place": np.array(at, np.int64), "verb": [o.verb for o in made], "hours": [o.hours for o in made],
            "grade": [o.grade for o in made], "open_hours": [o.open_hours for o in made],
            "grade_to": [o.grade_to for o in made],
            **{f"{name}{end}": [getattr(getattr(o, key), part) for o in made]
               for name, key in (("cost_yuan", "cost"), ("yearly_yuan", "yearly"))
               for end, part in (("", "yuan"), ("_low", "low"), ("_high", "high"))},
        }
    )  # fmt: skip
    keep = _cheapest(frame, is_open)
    return Options(frame[keep].reset_index(drop=True), is_open[keep])


def _cheapest(table: pd.DataFrame, is_open: Array) -> Array:
    """Which options are worth a thought (bool).

    No other of the same place, verb and grade serves the same periods no dearer once nor a year, and re-timing serves
    other periods than leaving the place as it is.
    """
    code = is_open.astype(np.int64) @ (1 << np.arange(is_open.shape[1], dtype=np.int64))
    keys = ["place", "verb", "grade", "code"]
    ordered = table[["place", "verb", "grade", "cost_yuan", "yearly_yuan"]].assign(code=code)
    ordered = ordered.sort_values([*keys, "cost_yuan", "yearly_yuan"], kind="stable")
    least = ordered.groupby(keys, sort=False)["yearly_yuan"].cummin()
    before = least.groupby([ordered[k] for k in keys], sort=False).shift()
    keep = (before.isna() | (ordered["yearly_yuan"] < before)).reindex(table.index).to_numpy(dtype=bool)
    there = np.full(int(table["place"].max()) + 1 if len(table) else 0, -1, np.int64)
    kept = (table["verb"] == KEEP).to_numpy()
    there[table["place"].to_numpy()[kept]] = code[kept]
    same = (table["verb"] == "retime").to_numpy() & (there[table["place"].to_numpy()] == code)
    return keep & ~same
