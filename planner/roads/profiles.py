"""Who may use a street, how fast: a table (``profiles.csv``) and the few rules of OSM that read it."""

from __future__ import annotations

import csv
import difflib
import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources

from planner.errors import PlannerError

__all__ = ["MODES", "Profile", "Verdict", "profile"]

MODES = ("walk", "ebike", "car", "truck")
_ACCESS = {
    "walk": ("foot", "access"),
    "ebike": ("bicycle", "vehicle", "access"),
    "car": ("motorcar", "motor_vehicle", "vehicle", "access"),
    "truck": ("hgv", "goods", "motor_vehicle", "vehicle", "access"),
}
_REFUSED = {"no", "private", "agricultural", "forestry", "military", "use_sidepath", "emergency", "psv"}


@dataclass(frozen=True)
class Verdict:
    """What a mode may do on a street: km/h along it and against it, 0 = not allowed."""

    forth_kmh: float
    back_kmh: float
    street: str


@dataclass(frozen=True)
class Profile:
    """One mode's rules."""

    mode: str
    kmh: Mapping[str, float]
    walk_kmh: float = 4.0
    flat: bool = False
    own: Mapping[str, float] = field(default_factory=dict)

    def street(self, tags: Mapping[str, str]) -> Verdict:
        """Judge one street by its tags."""
        cls = "ferry" if tags.get("route") == "ferry" else tags.get("highway", "residential")
        kmh = self.kmh.get(cls, 0.0)
        if not kmh:
            return Verdict(0.0, 0.0, cls)
        for key in _ACCESS[self.mode]:
            if key in tags:
                if tags[key] in _REFUSED:
                    return Verdict(0.0, 0.0, cls)
                break
        forth = back = kmh
        if self.mode != "walk":
            oneway = tags.get(
                "oneway", "yes" if cls == "motorway" or tags.get("junction") == "roundabout" else "no"
            )
            if oneway in ("yes", "true", "1"):
                back = 0.0
            elif oneway in ("-1", "reverse"):
                forth = 0.0
        return Verdict(forth, back, cls)


@functools.cache
def _table() -> tuple[Mapping[str, str], ...]:
    text = resources.files("planner.roads").joinpath("profiles.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def profile(mode: str, *, speeds_kmh: Mapping[str, float] | None = None, walk_kmh: float = 4.0) -> Profile:
    """The profile of ``mode``, with the study's speeds put over the table's.

    Raises
    ------
    PlannerError
        No such mode, a key of ``speeds_kmh`` that is neither a mode nor a class, a speed not above 0.
    """
    if mode not in MODES:
        raise PlannerError(f"no mode {mode!r}; the modes are {', '.join(MODES)}")
    kmh = {r["value"]: float(r["kmh"] or 0) for r in _table() if r["mode"] == mode and r["kind"] == "class"}
    if mode == "walk":
        kmh = {k: v * walk_kmh / 4.0 for k, v in kmh.items()}
    own = dict(speeds_kmh or {})
    for key, value in own.items():
        if key not in MODES and key not in kmh:
            near = difflib.get_close_matches(key, [*MODES, *kmh], n=1, cutoff=0.0)[0]
            raise PlannerError(
                f"speeds_kmh names {key!r}, neither a mode nor a street class; did you mean {near!r}?"
            )
        if not (isinstance(value, int | float) and math.isfinite(value) and value > 0):
            raise PlannerError(f"speeds_kmh[{key!r}] must be above 0, not {value!r}")
    for key, value in own.items():
        if key in kmh and kmh[key]:
            kmh[key] = float(value)
    if mode in own:
        kmh = {k: float(own[mode]) if v else 0.0 for k, v in kmh.items()}
    walk = float(own.get("walk", walk_kmh)) if mode == "walk" else walk_kmh
    return Profile(mode=mode, kmh=kmh, walk_kmh=walk, flat=mode in own, own=own)
