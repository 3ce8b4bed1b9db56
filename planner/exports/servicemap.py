"""``service_map.json``: every station and driver home for the union's app, with ids that stay, its version, hours, a place for a photo, the QR code's text.

``service_map.schema.json`` beside it says what each field is (JSON Schema 2020-12).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import geopandas as gpd
import numpy as np
from scipy.spatial import cKDTree

from planner.errors import InputError, finding
from planner.hours.parse import parse_hours
from planner.inputs.places.datum import convert
from planner.publish.safe import plain_text, write_text
from planner.tables import is_missing
from planner.telling.contents.records import credit_lines, synthetic_note

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["FORMAT_VERSION", "kept_ids", "read_earlier", "schema_text", "service_map", "write_service_map"]

#: Version of the fields, as the schema has it.
FORMAT_VERSION = "1.1"
#: A place of an earlier map that nothing else names again stands within so many metres of what it has become.
SAME_M = 50.0
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOST_BYTES = 200_000_000


def schema_text() -> str:
    """The JSON schema of the map."""
    return resources.files("planner.exports").joinpath("service_map.schema.json").read_text("utf-8")


def read_earlier(path: Path, kind: str = "station") -> dict[str, tuple[float, float]]:
    """The ids of an earlier map's places of a kind and where each stood (WGS84).

    Raises
    ------
    InputError
        The file is no service map (OUT-009).
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("too large")
        rows = [r for r in json.loads(path.read_text("utf-8"))["places"] if r["kind"] == kind]
        found = {str(r["id"]): (float(r["wgs84"][0]), float(r["wgs84"][1])) for r in rows}
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise InputError([finding("OUT-009", source=path.name, value=path.name)]) from error
    if not np.isfinite(np.asarray([*found.values(), (0.0, 0.0)])).all():
        raise InputError([finding("OUT-009", source=path.name, value=path.name)])
    return found


def kept_ids(places: gpd.GeoDataFrame, earlier: Mapping[str, tuple[float, float]], crs: Any) -> list[str]:
    """The places' ids; one that stands where an earlier place stood, which is named no more, takes its id.

    So a station keeps the id it had as a plan, or under another number. Nearest pairs first, each once, within :data:`SAME_M`.
    """
    ids = places["place_id"].tolist()
    gone = [k for k in earlier if k not in set(ids)]
    new = [n for n, i in enumerate(ids) if i not in earlier]
    if not gone or not new:
        return ids
    old = gpd.GeoSeries.from_xy(*np.asarray([earlier[k] for k in gone]).T, crs=4326).to_crs(crs)
    here = places.geometry.iloc[new].to_crs(crs)
    near = cKDTree(np.column_stack([old.x, old.y]))
    found = near.query_ball_point(np.column_stack([here.x, here.y]), SAME_M)
    pairs = sorted((here.iloc[n].distance(old.iloc[k]), n, k) for n, close in enumerate(found) for k in close)
    taken: set[tuple[str, int]] = set()
    for _, n, k in pairs:
        if ("new", n) not in taken and ("old", k) not in taken:
            taken |= {("new", n), ("old", k)}
            ids[new[n]] = gone[k]
    return ids


def _hours(text: str, by_day: str) -> dict[str, Any] | None:
    """Hours as stated and by day; None where the list has none that can be read."""
    stated = parse_hours(text)
    if not text or not stated.known:
        return None
    week = parse_hours(by_day) if by_day else stated
    week = week if week.known else stated
    days = {d: [f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}" for a, b in week.on(n)]
            for n, d in enumerate(_DAYS, start=1)}  # fmt: skip
    return {"text": plain_text(by_day or text), "week": days}


def _or_none(value: Any) -> Any:
    return (
        None if is_missing(value) or value == "" else plain_text(value) if isinstance(value, str) else value
    )


def qr_text(template: str, study: str, place_id: str) -> str:
    """What the QR code at the door says: ``{id}`` of the template is the id, safe in an address; without a template study and id."""
    return template.replace("{id}", quote(place_id, safe="")) if template else f"{study}/{place_id}"


def service_map(
    bundle: Bundle, places: gpd.GeoDataFrame, ids: Sequence[str], *, qr: str = ""
) -> dict[str, Any]:
    """The map's content. ``version`` is a hash of the places: it changes when one of them does, and only then."""
    study = bundle.settings.study
    x, y = places.geometry.x.to_numpy(), places.geometry.y.to_numpy()
    shifted = {"wgs84": (x, y), "gcj02": convert(x, y, source="wgs84", target="gcj02"),
               "bd09": convert(x, y, source="wgs84", target="bd09")}  # fmt: skip
    rows = []
    for n, (place_id, p) in enumerate(zip(ids, places.itertuples(index=False), strict=True)):
        where = {k: [round(float(a[n]), 7), round(float(b[n]), 7)] for k, (a, b) in shifted.items()}
        rows.append({
            "id": plain_text(place_id), "kind": p.place, "status": p.status, "closes": bool(p.closes), "name": plain_text(p.name),
            "district": _or_none(p.district), "address": _or_none(p.address), "host": _or_none(p.host), **where,
            "hours": _hours(p.open_hours, p.week_hours), "grade": _or_none(p.grade), "area_m2": _or_none(float(p.area_m2)),
            "bays": None if is_missing(p.bays) else round(float(p.bays)),
            "batch": _or_none(p.batch), "photo": None, "qr_text": qr_text(qr, study.name, plain_text(place_id)),
        })  # fmt: skip
    content = json.dumps(rows, ensure_ascii=False, sort_keys=True)
    return {
        "format": FORMAT_VERSION, "study": study.name, "title": plain_text(study.title()), "language": study.language,
        "version": hashlib.sha256(content.encode()).hexdigest()[:16], "synthetic": study.synthetic,
        "synthetic_note": plain_text(synthetic_note(bundle.settings)) if study.synthetic else "",
        "credits": [plain_text(line) for line in credit_lines(bundle)], "places": rows,
    }  # fmt: skip


def write_service_map(content: Mapping[str, Any], folder: Path) -> None:
    """Write the map and its schema into ``folder``.

    Raises
    ------
    OutputError
        A file could not be written; the old one is untouched.
    """
    write_text(folder / "service_map.json", json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n")  # fmt: skip
    write_text(folder / "service_map.schema.json", schema_text())
