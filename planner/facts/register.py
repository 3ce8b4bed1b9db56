"""The register: each figure once, found by its id and the state it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from html import escape
from typing import Any

import pandas as pd

from planner.facts.definitions import UNITS, Definition, definitions

__all__ = ["Fact", "Register", "Scope", "fact", "own", "plain"]

#: Words that stand for something in a scope; a study's own period or group of that name is told apart by a prefix.
_WORDS = {"periods": ("all", "any_hour", "night"), "groups": ("headline",)}
_OWN = "own:"  # no name of a period or group holds a colon


def own(part: str, name: str) -> str:
    """A study's own period or group (``part``) as a scope names it."""
    return _OWN + name if name in _WORDS.get(part, ()) else name


def plain(name: str) -> str:
    """The name that the study gave."""
    return name.removeprefix(_OWN)


@dataclass(frozen=True, slots=True)
class Scope:
    """The state a figure belongs to; the defaults are the headline's.

    Attributes
    ----------
    plan
        ``today``, ``proposal``, ``gain`` (the difference of the two) or the name of another plan.
    periods
        ``all``, ``any_hour`` (opening hours ignored), ``night`` or one period's name (:func:`own`).
    groups
        ``headline`` or one group's name.
    cutoff_m
        Metres on foot; 667 is ten minutes at 4 km/h.
    least
        Least number of stations in reach.
    network
        ``stations`` or ``driver_homes``.
    mode
        How people travel.
    district, batch, case
        The part that is meant; empty for the whole.
    sites
        Number of new stations, on the curve.
    hours
        How opening hours count: "" (a station open for at least half of the period serves all of it), ``time`` (by
        quarter-hours), and the same from Monday to Friday (``workday``) and on Saturday and Sunday (``weekend``).
    """

    plan: str = "proposal"
    periods: str = "all"
    groups: str = "headline"
    cutoff_m: float = 667
    least: int = 1
    network: str = "stations"
    mode: str = "walk"
    district: str = ""
    batch: str = ""
    case: str = ""
    sites: int | None = None
    hours: str = ""

    def at(self, **changes: Any) -> Scope:
        """The state that differs in some fields."""
        return replace(self, **changes)

    def json(self) -> dict[str, Any]:
        """As ``run.json`` has it: parts that are not meant are left out."""
        plain = asdict(self)
        return {k: v for k, v in plain.items() if not (k in _PARTS and v in ("", None))}


_PARTS = ("district", "batch", "case", "sites", "hours")


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure: ``value`` as computed, ``shown`` as every product prints it, and its band.

    ``low``, ``middle`` and ``high`` are the 5, 50 and 95 % points over the demand draws; where a band is known from elsewhere,
    as of costs, it has no middle; None where no band is known. ``source`` says what it was taken from.
    """

    id: str
    scope: Scope
    value: float
    shown: float
    low: float | None = None
    high: float | None = None
    source: str = ""
    middle: float | None = None

    @property
    def definition(self) -> Definition:
        """What it means."""
        return definitions()[self.id]

    def shown_middle(self) -> float | None:
        """The 50 % point rounded as the figure is; None where there is none."""
        return None if self.middle is None else UNITS[self.definition.unit].rounded(self.middle)

    def shown_band(self) -> tuple[float, float] | None:
        """The band rounded as the figure is; None where there is none."""
        if self.low is None or self.high is None:
            return None
        unit = UNITS[self.definition.unit]
        return unit.rounded(self.low), unit.rounded(self.high)

    def json(self) -> dict[str, Any]:
        """A row of ``run.json``'s ``facts``."""
        low, middle, high = (None if v is None else round(v, 6) for v in (self.low, self.middle, self.high))
        unit = UNITS[self.definition.unit].kind
        return {"id": self.id, "value": round(self.value, 8), "shown": self.shown, "low": low, "middle": middle,
                "high": high, "unit": unit, "scope": self.scope.json(), "source": self.source}  # fmt: skip


def fact(
    id_: str, scope: Scope, value: float, *, shown: float | None = None,
    band: tuple[float, ...] | None = None, source: str = "",
) -> Fact:  # fmt: skip
    """A figure rounded by its unit unless ``shown`` is given (a difference of printed figures, a part of a printed sum).

    ``band``: low and high, or low, middle and high.
    """
    unit = UNITS[definitions()[id_].unit]
    low, high = (None, None) if band is None else (band[0], band[-1])
    middle = band[1] if band is not None and len(band) == 3 else None
    shown = unit.rounded(value) if shown is None else shown
    return Fact(id_, scope, float(value), float(shown), low, high, source, middle)


class Register(Mapping[tuple[str, Scope], Fact]):
    """Every figure of a study, by (id, scope); ``headline`` is the state that figures have unless another is named."""

    def __init__(self, facts: Iterable[Fact], headline: Scope) -> None:
        self.headline = headline
        self._facts: dict[tuple[str, Scope], Fact] = {}
        for f in facts:
            if (f.id, f.scope) in self._facts:
                raise ValueError(f"{f.id} is registered twice for {f.scope}")
            self._facts[f.id, f.scope] = f

    def __getitem__(self, key: tuple[str, Scope]) -> Fact:
        return self._facts[key]

    def __iter__(self) -> Iterator[tuple[str, Scope]]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)

    def fact(self, id_: str, **scope: Any) -> Fact:
        """The figure for a state that differs from the headline's in ``scope``.

        Raises
        ------
        KeyError
            There is none.
        """
        return self._facts[id_, self.headline.at(**scope)]

    def find(self, id_: str, **scope: Any) -> Fact | None:
        """The same; None where there is none."""
        return self._facts.get((id_, self.headline.at(**scope)))

    def shown(self, id_: str, **scope: Any) -> float:
        """The figure as printed."""
        return self.fact(id_, **scope).shown

    def along(self, id_: str, part: str, **scope: Any) -> dict[Any, Fact]:
        """The figures that differ from the named state only in one field (``district``, ``groups`` …), in their order."""
        wanted = self.headline.at(**scope)
        whole = getattr(wanted, part)
        return {
            getattr(f.scope, part): f
            for f in self._facts.values()
            if f.id == id_ and getattr(f.scope, part) != whole
            and all(getattr(f.scope, k.name) == getattr(wanted, k.name) for k in fields(Scope) if k.name != part)
        }  # fmt: skip

    @classmethod
    def read(cls, rows: Iterable[Mapping[str, Any]]) -> Register:
        """The register that :meth:`json` wrote; its headline's state is that of the number of new sites."""
        facts = [
            Fact(
                r["id"],
                Scope(**r["scope"]),
                r["value"],
                r["shown"],
                r["low"],
                r["high"],
                r["source"],
                r.get("middle"),
            )
            for r in rows
        ]
        whole = (
            f.scope
            for f in facts
            if f.id == "sites_new" and not (f.scope.district or f.scope.batch or f.scope.case)
        )
        return cls(facts, next(whole))

    def json(self) -> list[dict[str, Any]]:
        """``run.json``'s ``facts``."""
        return [f.json() for f in self._facts.values()]

    def table(self, id_: str | None = None, *, language: str = "en") -> pd.DataFrame:
        """The figures (of one quantity) as rows: ``id``, ``name``, ``shown``, ``low``, ``middle``, ``high``, ``unit``, then the state."""
        rows = [
            {"id": f.id, "name": f.definition.name(language), "shown": f.shown, "low": f.low, "middle": f.middle,
             "high": f.high, "unit": UNITS[f.definition.unit].kind, **f.scope.json()}
            for f in self._facts.values()
            if id_ in (None, f.id)
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>" + self.table().to_html(
            index=False, escape=True, na_rep="", max_rows=40, float_format="{:,.6g}".format
        )

    def __repr__(self) -> str:
        return f"Register({len(self)} figures of {len({f.id for f in self._facts.values()})} quantities)"
