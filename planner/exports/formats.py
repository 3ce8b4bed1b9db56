"""The formats that a plan is exported to, by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from planner.errors import PlannerError, finding

__all__ = ["FORMATS", "Format", "read_formats"]

Format = Literal["geojson", "kml", "geoparquet", "allocation", "amap", "baidu", "service-map", "gpkg"]
#: In the order in which they are written.
FORMATS: tuple[Format, ...] = get_args(Format)


def read_formats(wanted: str | Sequence[str]) -> tuple[Format, ...]:
    """The formats named, each once: ``"geojson,kml"`` or a sequence; ``"all"`` is every one.

    Raises
    ------
    PlannerError
        There is no such format, or none is named (OUT-008).
    """
    names = wanted.replace("，", ",").split(",") if isinstance(wanted, str) else list(wanted)
    asked = [n.strip().lower() for n in names if n.strip()]
    if "all" in asked:
        return FORMATS
    strange = [n for n in asked if n not in FORMATS]
    if strange or not asked:
        told = finding("OUT-008", source="export", value=(strange or [""])[0], formats=", ".join(FORMATS))
        raise PlannerError.of(told)
    return tuple(f for f in FORMATS if f in asked)
