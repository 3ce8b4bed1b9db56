"""The table of quantities: name, unit, rounding and meaning of each, in both languages."""

from __future__ import annotations

import csv
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

__all__ = ["UNITS", "Definition", "Unit", "definitions", "parts"]


@dataclass(frozen=True, slots=True)
class Unit:
    """How a quantity is rounded: ``digits`` after the point, upwards for claims of the kind "not more than".

    ``kind`` is how it is printed (:data:`planner.telling.words.numbers.Kind`); ``slack`` is the share of the last digit
    that arithmetic may add without counting.
    """

    kind: str
    digits: int
    up: bool = False
    slack: float = 1e-6

    def rounded(self, value: float) -> float:
        """The value as every product prints it."""
        if not self.up:
            return round(float(value), self.digits) + 0.0  # no "-0"
        scale = 10.0**self.digits
        return math.ceil(float(value) * scale - self.slack) / scale


#: Name of a unit → its rounding. Shares to a tenth of a per cent, gaps up to a thousandth of one.
UNITS = {
    "people": Unit("people", 0),
    "people_up": Unit("people", 0, up=True),
    "count": Unit("count", 0),
    "share": Unit("share", 3),
    "share_up": Unit("share", 3, up=True),
    "points": Unit("points", 1),
    "gap": Unit("gap", 5, up=True, slack=1e-4),
    "yuan": Unit("yuan", 0),
    "rate": Unit("decimal", 2),
    "index": Unit("index", 3),
    "spread": Unit("spread", 1),
}


@dataclass(frozen=True, slots=True)
class Definition:
    """A quantity: id, unit, and in both languages what is counted, its name and what it means.

    ``band``: where low and high come from, ``draws`` of the demand, the ``cost`` of stations elsewhere, the hours ``kept``, draws of
    how workers ``use`` stations, the ``aversion`` to inequality, or prices and facts of ``grades``; empty without.
    """

    id: str
    unit: str
    of_zh: str
    of_en: str
    zh: str
    en: str
    meaning_zh: str
    meaning_en: str
    band: str

    def of(self, language: str) -> str:
        """What is counted: workers, sites, CNY; empty for a share."""
        return self.of_zh if language == "zh" else self.of_en

    def name(self, language: str) -> str:
        """Its name."""
        return self.zh if language == "zh" else self.en

    def meaning(self, language: str) -> str:
        """What it means, one sentence."""
        return self.meaning_zh if language == "zh" else self.meaning_en


@functools.cache
def definitions() -> dict[str, Definition]:
    """Every quantity by its id, in the order of the table."""
    text = resources.files("planner.facts").joinpath("definitions.csv").read_text("utf-8")
    rows = [Definition(**row) for row in csv.DictReader(text.splitlines())]
    if len({row.id for row in rows}) != len(rows):
        raise ValueError("definitions.csv names a quantity twice")
    return {row.id: row for row in rows}


def parts(values: Sequence[float], total: float) -> list[float]:
    """Whole numbers that sum to ``total`` (whole), each within one of its value: the largest remainders round up.

    Parts that are not all of the total are rounded each on its own.

    Examples
    --------
    >>> parts([1.4, 2.4, 3.2], 7)
    [2.0, 2.0, 3.0]
    """
    if abs(sum(values) - total) > 0.5 + 1e-6:
        return [float(round(v)) for v in values]
    floors = [math.floor(v) for v in values]
    more = round(total) - sum(floors)  # 0 … len(values), as the values sum to the total
    last = sorted(range(len(values)), key=lambda i: (floors[i] - values[i], i))[:more]
    return [float(f + (i in last)) for i, f in enumerate(floors)]
