"""Who may use a street, and how fast: the table ``profiles.csv``, read by a few rules of OSM's.

The table's rows are ``mode, kind, key, value, number, source``:

=================  =================================================================================
class              streets a mode may use (``highway=…``, ``route=ferry``), km/h
access_key         keys that say who may enter, the most particular first
refuse             values that close a street (of an access key, or of the key named)
open               a tag that opens a class which is closed else, or sets its speed; km/h
ferry              tags by which a ferry says that it takes vehicles
oneway             direction by tag: 1 along the line, -1 against it, 0 both
oneway_implied     tags that make a street one-way unless ``oneway`` says otherwise
rule               ``maxspeed_share`` (driven share of a posted limit), ``top_kmh``,
                   ``turn_restrictions`` (obeyed)
limit              metres or tonnes below which a truck is refused (``maxheight``, ``maxweight`` …)
factor             speed × number
delay, junction    seconds at a node; at a junction of three or more streets without a signal
barrier            whether a mode passes a barrier, ``*`` for all others
=================  =================================================================================

Walking is flat: its speed of 4 km/h already holds the waiting at crossings.
"""

from __future__ import annotations

import csv
import difflib
import functools
import math
import numbers
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from planner.errors import InputError, PlannerError, finding

__all__ = [
    "MODES",
    "Profile",
    "StreetVerdict",
    "VertexVerdict",
    "kmh_of",
    "known_classes",
    "metres_of",
    "minutes_of",
    "profile",
]

MODES = ("walk", "ebike", "car", "truck")
_ONEWAY_KEYS = {"walk": ("oneway:foot",), "car": ("oneway",), "truck": ("oneway",)}
_BIKE_ONEWAY = ("oneway:bicycle", "cycleway", "cycleway:left", "cycleway:right", "cycleway:both", "oneway")


@dataclass(frozen=True, slots=True)
class StreetVerdict:
    """What a mode may do on a street.

    Attributes
    ----------
    forth_kmh, back_kmh
        Speed along the line and against it; 0 = not allowed.
    street
        Its class.
    minutes
        Time for the whole line, where the source says so (ferries); 0 = by speed.
    odd
        A value that could not be read, ``"maxspeed=fast"``.
    """

    forth_kmh: float
    back_kmh: float
    street: str
    minutes: float = 0.0
    odd: str = ""


@dataclass(frozen=True, slots=True)
class VertexVerdict:
    """What a node does to a mode: seconds each way along the line, or a closed barrier."""

    forth_s: float = 0.0
    back_s: float = 0.0
    closed: bool = False
    signal: bool = False


@dataclass(frozen=True)
class Profile:
    """One mode's rules; made by :func:`profile`.

    Attributes
    ----------
    kmh
        Speed by class.
    own
        Classes whose speed the study set: a posted limit, a surface or a tag changes nothing there.
    flat_kmh
        One speed for everything, without delays; 0 = none.
    rows
        The mode's rows of the table, by kind and key.
    opens
        By class: tags that open it, and the speed then.
    """

    mode: str
    kmh: Mapping[str, float]
    walk_kmh: float
    own: frozenset[str]
    flat_kmh: float
    rows: Mapping[tuple[str, str], Mapping[str, str]]
    opens: Mapping[str, Sequence[tuple[str, str, float]]]

    @functools.cached_property
    def _limits(self) -> list[tuple[str, float]]:
        return [(key, float(rows[""])) for (kind, key), rows in self.rows.items() if kind == "limit"]

    def _row(self, kind: str, key: str, value: str | None) -> str | None:
        return None if value is None else self.rows.get((kind, key), {}).get(value)

    def _number(self, kind: str, key: str, default: float) -> float:
        return float(self.rows.get((kind, key), {}).get("", default))

    @property
    def junction_s(self) -> float:
        """Seconds at a junction without a signal."""
        return 0.0 if self.flat_kmh else self._number("junction", "", 0.0)

    @property
    def obeys_turns(self) -> bool:
        """Whether turn restrictions hold for the mode."""
        return ("rule", "turn_restrictions") in self.rows

    def street(self, tags: Mapping[str, str]) -> StreetVerdict:
        """Judge a street by its tags; one without a class is ``residential``."""
        cls = "ferry" if tags.get("route") == "ferry" else tags.get("highway", "residential")
        kmh = self._class_kmh(cls, tags)
        if not kmh or self._refused(tags) or (cls == "ferry" and not self._takes_vehicles(tags)):
            return StreetVerdict(0.0, 0.0, cls)
        way = self._direction(tags)
        forth, back = kmh * (way >= 0), kmh * (way <= 0)
        if self.flat_kmh:
            return StreetVerdict(forth, back, cls)
        minutes = minutes_of(tags.get("duration", "")) if cls == "ferry" else 0.0
        if cls in self.own or cls == "ferry":
            return StreetVerdict(forth, back, cls, minutes=minutes)
        odd = ""
        if ("rule", "maxspeed_share") in self.rows:
            forth, odd = self._limited(forth, tags, "maxspeed:forward")
            back, _ = self._limited(back, tags, "maxspeed:backward")
        factor = self._factor(tags)
        return StreetVerdict(forth * factor, back * factor, cls, odd=odd)

    def _class_kmh(self, cls: str, tags: Mapping[str, str]) -> float:
        kmh = self.kmh.get(cls, 0.0)
        for key, value, opened in self.opens.get(cls, ()):
            if tags.get(key) == value:
                own = self.walk_kmh if self.mode == "walk" else opened
                return kmh if cls in self.own else max(kmh, self.flat_kmh or own)
        return kmh

    def _refused(self, tags: Mapping[str, str]) -> bool:
        for key in ("motorroad", "area", "oneway", "bicycle"):
            if key in tags and self._row("refuse", key, tags[key]) is not None:
                return True
        return self._closed_by_access(tags) or self._too_low(tags)

    def _closed_by_access(self, tags: Mapping[str, str]) -> bool:
        for key in self.rows[("access_key", "")]:
            if key in tags:
                return tags[key] in self.rows[("refuse", "access")]
        return False

    def _too_low(self, tags: Mapping[str, str]) -> bool:
        for key, need in self._limits:
            have = metres_of(tags[key]) if key in tags else None
            if have is not None and have < need:
                return True
        return False

    def _takes_vehicles(self, tags: Mapping[str, str]) -> bool:
        says = [(key, values) for (kind, key), values in self.rows.items() if kind == "ferry"]
        return not says or any(tags.get(key) in values for key, values in says)

    def _direction(self, tags: Mapping[str, str]) -> int:
        for key in _ONEWAY_KEYS.get(self.mode, _BIKE_ONEWAY):
            found = self._row("oneway", key, tags[key]) if key in tags else None
            if found is not None:
                return int(found)
        for key in ("junction", "highway"):
            found = self._row("oneway_implied", key, tags.get(key))
            if found is not None:
                return int(found)
        return 0

    def _limited(self, kmh: float, tags: Mapping[str, str], directed: str) -> tuple[float, str]:
        """Speed under a posted limit; a value that cannot be read leaves the class's speed."""
        share, top = self._number("rule", "maxspeed_share", 1.0), self._number("rule", "top_kmh", math.inf)
        keys = ("maxspeed:hgv", directed, "maxspeed") if self.mode == "truck" else (directed, "maxspeed")
        for key in keys:
            if key in tags:
                limit = kmh_of(tags[key])
                if limit is None:
                    return kmh, "" if tags[key] in _NO_LIMIT else f"{key}={tags[key]}"
                return (min(limit * share, top) if self.mode != "ebike" else min(kmh, limit)) * (kmh > 0), ""
        return kmh, ""

    def _factor(self, tags: Mapping[str, str]) -> float:
        factor = 1.0
        for key in ("surface", "service"):
            found = self._row("factor", key, tags.get(key))
            factor *= 1.0 if found is None else float(found)
        return factor

    def vertex(self, tags: Mapping[str, str]) -> VertexVerdict:
        """Judge a node by its tags."""
        if "barrier" in tags and self._barrier_closed(tags):
            return VertexVerdict(closed=True)
        seconds = 0.0
        for key in ("highway", "crossing", "barrier"):
            found = self._row("delay", key, tags.get(key))
            if found is not None and not self.flat_kmh:
                seconds = max(seconds, float(found))
        heading = tags.get("traffic_signals:direction", tags.get("direction", ""))
        return VertexVerdict(
            forth_s=seconds * (heading != "backward"),
            back_s=seconds * (heading != "forward"),
            signal=tags.get("highway") == "traffic_signals",
        )

    def _barrier_closed(self, tags: Mapping[str, str]) -> bool:
        for key in self.rows[("access_key", "")]:
            if key in tags:
                return tags[key] in self.rows[("refuse", "access")]
        if tags.get("locked") == "yes" or self._too_low(tags):
            return True
        passes = self.rows[("barrier", "barrier")]
        return passes.get(tags["barrier"], passes["*"]) == "no"


_NO_LIMIT = {"none", "signals", "variable", "unposted", "implicit"}
_UNITS = {"": 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": 1.609344, "knots": 1.852}
_ZONES = {"walk": 5.0, "urban": 50.0, "rural": 80.0, "trunk": 100.0, "motorway": 120.0, "living_street": 10.0}


def kmh_of(text: str) -> float | None:
    """A posted limit in km/h: ``"50"``, ``"30 mph"``, ``"60;80"`` (the lowest), ``"CN:urban"``.

    None where there is no limit or it cannot be read; limits of 0 and below cannot be read.
    """
    found = []
    for part in re.split(r"[;|,]", text.lower()):
        part = part.strip()
        zone = part.rpartition(":")[2]
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z/]*)", part)
        if match and match[2] in _UNITS and float(match[1]) > 0:
            found.append(float(match[1]) * _UNITS[match[2]])
        elif zone in _ZONES:
            found.append(_ZONES[zone])
    return min(found) if found else None


def metres_of(text: str) -> float | None:
    """A height in metres or a weight in tonnes: ``"3.8"``, ``"4 m"``, ``"12 ft 6 in"``, ``"7.5t"``; else None."""
    text = text.lower().strip()
    feet = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:ft|')\s*(?:(\d+(?:\.\d+)?)\s*(?:in|\"))?", text)
    if feet:
        return float(feet[1]) * 0.3048 + float(feet[2] or 0) * 0.0254
    plain = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(m|t|)", text)
    return float(plain[1]) if plain else None


def minutes_of(text: str) -> float:
    """A duration in minutes: ``"12"``, ``"0:25"``, ``"01:10:00"``, ``"PT45M"``; 0 if it cannot be read."""
    iso = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?", text.upper())
    if iso and any(iso.groups()):
        hours, minutes, seconds = (float(g or 0) for g in iso.groups())
        return hours * 60 + minutes + seconds / 60
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if re.fullmatch(r"\d+:\d{2}(:\d{2})?", text):
        hours, minutes, *rest = (float(p) for p in text.split(":"))
        return hours * 60 + minutes + (rest[0] / 60 if rest else 0.0)
    return 0.0


@functools.cache
def _tables() -> Mapping[str, Mapping[tuple[str, str], Mapping[str, str]]]:
    """``profiles.csv``: mode → (kind, key) → value → number."""
    text = resources.files("planner.roads.make").joinpath("profiles.csv").read_text("utf-8")
    found: dict[str, dict[tuple[str, str], dict[str, str]]] = {
        mode: {("refuse", "access"): {}, ("access_key", ""): {}} for mode in MODES
    }
    for mode, kind, key, value, number, _source in csv.reader(text.splitlines()[1:]):
        for rows in found.values() if mode == "*" else (found[mode],):
            if kind == "access_key":
                rows["access_key", ""][key] = number
            else:
                rows.setdefault((kind, key), {})[value] = number
    return found


def profile(mode: str, *, speeds_kmh: Mapping[str, float] | None = None, walk_kmh: float = 4.0) -> Profile:
    """The profile of ``mode``, with the study's speeds over the table's.

    Parameters
    ----------
    speeds_kmh
        By mode (one flat speed, no delays or penalties) or by ``highway`` class. Speeds of other
        modes are left aside.
    walk_kmh
        Walking speed; other walking classes (steps) keep their proportion to it.

    Raises
    ------
    PlannerError
        No such mode, a key that is neither a mode nor a class, a speed not above 0.
    """
    if mode not in MODES:
        raise PlannerError(f"no mode {mode!r}; the modes are {', '.join(MODES)}")
    own = dict(speeds_kmh or {})
    _check_speeds({**own, "walk": own.get("walk", walk_kmh)})
    rows = _tables()[mode]
    kmh = {c: float(n) for (kind, _), classes in rows.items() if kind == "class" for c, n in classes.items()}
    if mode == "walk":
        kmh = {c: v * walk_kmh / kmh["residential"] if c != "ferry" else v for c, v in kmh.items()}
    set_here = frozenset(own) & frozenset(kmh)
    kmh |= {c: float(own[c]) for c in set_here}
    flat = float(own.get(mode, 0.0))
    if flat:
        kmh = dict.fromkeys(kmh, flat)
    opens: dict[str, list[tuple[str, str, float]]] = {}
    for (kind, key), classes in rows.items():
        if kind == "open":
            name, _, value = key.partition("=")
            for cls, number in classes.items():
                opens.setdefault(cls, []).append((name, value, float(number)))
    return Profile(
        mode=mode, kmh=kmh, walk_kmh=flat if flat and mode == "walk" else float(walk_kmh),
        own=set_here, flat_kmh=flat, rows=rows, opens=opens,
    )  # fmt: skip


@functools.cache
def known_classes() -> frozenset[str]:
    """Every class of street that some mode may use."""
    return frozenset(
        c
        for mode in MODES
        for (kind, _), classes in _tables()[mode].items()
        if kind in ("class", "open")
        for c in classes
    )


def _check_speeds(speeds: Mapping[str, Any]) -> None:
    known = known_classes()
    for key, value in speeds.items():
        if key not in MODES and key not in known:
            near = difflib.get_close_matches(str(key), [*MODES, *sorted(known)], n=1, cutoff=0.0)[0]
            raise InputError(
                [finding("NET-125", source="study.toml", field="circle.speeds_kmh", value=key, nearest=near)]
            )
        speed = math.nan if isinstance(value, bool) or not isinstance(value, numbers.Real) else float(value)
        if not (math.isfinite(speed) and speed > 0):
            raise InputError(
                [
                    finding(
                        "NET-126", source="study.toml", field="circle.speeds_kmh", value=repr(value), key=key
                    )
                ]
            )
