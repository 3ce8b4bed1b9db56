"""Which grade a station's facts allow, what it lacks for the next, and which facts nobody has told.

Arrays in, arrays out: facts (n_stations × n_facts, NaN where not told) against needs (n_levels × n_facts, NaN where not asked).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.grades.rules import FACTS
from planner.hours.week import posted_week

__all__ = ["KIT_PARTS", "Levels", "Prices", "costs_of", "facts_of", "levels_of"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

#: What the base kit is made of (ACFTU, 2023-07).
KIT_PARTS = ("water", "microwave", "charging", "tables", "first_aid")
_AT = {name: k for k, name in enumerate(FACTS)}
_KIT, _PARTS = _AT["kit"], [_AT[p] for p in KIT_PARTS]


@dataclass(frozen=True)
class Levels:
    """Grades that facts allow, as positions in the table of grades (-1: below the lowest).

    Attributes
    ----------
    sure
        The highest grade whose every need is known to be met (n_stations).
    possible
        The highest grade of which nothing is known to be lacking: what it could be once all is told (n_stations).
    following
        The grade above ``sure``; -1 at the top (n_stations).
    lacks
        What is known to be lacking for ``following`` (n_stations × n_facts).
    asks
        What nobody has told and must be known: for ``possible`` where that is above ``sure``, else for ``following``.
    short
        By how much each fact falls short of ``following``: units of counted things, 1 of others; NaN where not told, 0 where met.
    """

    sure: Ints
    possible: Ints
    following: Ints
    lacks: Bools
    asks: Bools
    short: Floats


@dataclass(frozen=True)
class Prices:
    """Cost of what is lacking per station (n_stations): middle of what is known, with a band that also holds what is not told.

    ``once`` and ``yearly``: columns middle, low, high (yuan).
    """

    once: Floats
    yearly: Floats


def facts_of(stations: pd.DataFrame) -> Floats:
    """Facts of stations (n_stations × n_facts): what their list says, NaN where it does not.

    ``seats`` is the list's ``capacity``; ``hours_week`` are the posted hours of a week. A base kit is there where all its parts are, and
    has its parts; a station that can be found (``findable``) is signed and on the map.
    """
    n = len(stations)
    out = np.full((n, len(FACTS)), np.nan)
    for name, k in _AT.items():
        column = "capacity" if name == "seats" else name
        if column in stations:
            out[:, k] = stations[column].to_numpy(float)
    out[:, _AT["hours_week"]] = _hours_week(stations)
    if "findable" in stations:
        found = stations["findable"].to_numpy(float) == 1
        for k in (_AT["sign"], _AT["mapped"]):
            out[found & np.isnan(out[:, k]), k] = 1.0
    parts = out[:, _PARTS]
    kit = np.where((parts == 0).any(axis=1), 0.0, np.where((parts == 1).all(axis=1), 1.0, np.nan))
    out[:, _KIT] = np.where(np.isnan(out[:, _KIT]), kit, out[:, _KIT])
    whole = out[:, _KIT] == 1
    out[:, _PARTS] = np.where(whole[:, None] & np.isnan(parts), 1.0, parts)
    return out


def _hours_week(stations: pd.DataFrame) -> Floats:
    """Posted opening hours of a week; NaN where the list has none that can be read."""
    known, week = posted_week(stations)
    return np.where(known, week.sum(axis=(1, 2)) / 4, np.nan)


def levels_of(facts: Floats, needs: Floats) -> Levels:
    """Grade the facts.

    Parameters
    ----------
    facts
        n_stations × n_facts, NaN where not told.
    needs
        n_levels × n_facts, lowest grade first, NaN where nothing is asked.

    Examples
    --------
    Two grades, from 5 and from 12 of one thing: 7 is the first for certain; nothing told could be either.

    >>> found = levels_of(np.array([[7.0], [np.nan]]), np.array([[5.0], [12.0]]))
    >>> found.sure.tolist(), found.possible.tolist(), found.short.tolist()
    ([0, -1], [0, 1], [[5.0], [nan]])
    """
    n, m = len(facts), len(needs)
    asked = ~np.isnan(needs)
    known = ~np.isnan(facts)
    with np.errstate(invalid="ignore"):
        fails = known[:, None, :] & asked[None] & (facts[:, None, :] < needs[None] - 1e-9)
    blind = ~known[:, None, :] & asked[None]
    lacking = fails.any(axis=2)  # n × m
    sure = _highest(np.asarray(~lacking & ~blind.any(axis=2)))
    possible = np.maximum(_highest(np.asarray(~lacking)), sure)
    following = np.where(sure + 1 < m, sure + 1, -1)
    rows, at = np.arange(n), np.maximum(following, 0)
    above = (following >= 0)[:, None]
    lacks, open_ = fails[rows, at] & above, blind[rows, at] & above
    further = blind[rows, np.maximum(possible, 0)] & (possible > sure)[:, None]
    asks = np.where((possible > sure)[:, None], further, open_)
    gap = np.where(lacks, needs[at] - facts, 0.0)
    short = np.where(open_, np.nan, gap)
    return Levels(sure, possible, following, lacks, asks, short)


def _highest(holds: Bools) -> Ints:
    """Position of the last True per row; -1 where none is."""
    m = holds.shape[1]
    if m == 0:
        return np.full(len(holds), -1)
    return np.where(holds.any(axis=1), m - 1 - np.argmax(holds[:, ::-1], axis=1), -1)


def costs_of(found: Levels, needs: Floats, costs: pd.DataFrame) -> Prices:
    """What reaching the next grade costs.

    The middle is what is known to be lacking at its price; low the same at its low price; high adds, at its high price, what is not
    told, as if all of it were lacking. A part of the base kit costs nothing where the whole kit is to be bought.
    """
    wants = needs[np.maximum(found.following, 0)]
    short = np.where(np.isnan(found.short), 0.0, found.short)
    most = np.where(np.isnan(found.short), wants, found.short)
    most = np.where(np.isnan(most), 0.0, most)
    kit, kit_most = short[:, _KIT] > 0, most[:, _KIT] > 0
    short[:, _PARTS] = np.where(kit[:, None], 0.0, short[:, _PARTS])
    most[:, _PARTS] = np.where(kit_most[:, None], 0.0, most[:, _PARTS])
    price = costs[["yuan", "low", "high", "yearly_yuan", "yearly_low", "yearly_high"]].to_numpy(float)
    return Prices(*(_sums(short, most, price[:, cols]) for cols in ([0, 1, 2], [3, 4, 5])))


def _sums(short: Floats, most: Floats, price: Floats) -> Floats:
    """Middle, low, high per station; what has no price makes the sum unknown."""
    out = np.zeros((len(short), 3))
    for side, amount in ((0, short), (1, short), (2, most)):
        unknown = (amount > 0) & np.isnan(price[:, side])
        out[:, side] = np.where(unknown.any(axis=1), np.nan, amount @ np.nan_to_num(price[:, side]))
    return out
