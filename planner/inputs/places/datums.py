"""One datum for a table: as the study states it, as its rows or column names say, as the streets tell."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
import numpy.typing as npt

from planner.inputs.places import datum as datum_
from planner.inputs.places.notes import Notes
from planner.inputs.tables import headers
from planner.settings.inputs import Datum

__all__ = ["to_wgs84"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
#: A guess of the datum counts when it holds in this share of bootstrap samples.
CONFIDENT = 0.97
#: … and when it brings the points this much closer (geometric mean) than the stated datum does.
CLEARLY = 0.9
#: What tells how near streets are: a function of degrees, or points along them.
Streets = npt.ArrayLike | datum_.StreetDistance | None


def to_wgs84(job: Notes, lng: Floats, lat: Floats, streets: Streets) -> tuple[Floats, Floats]:
    """Degrees in whatever datum the file is in as WGS84 degrees."""
    used = np.isfinite(lng) & np.isfinite(lat)
    if not used.any() or not datum_.in_china(lng[used], lat[used], margin_deg=0.05).any():
        return lng, lat
    per_row = _row_datums(job, used)
    stated = job.table.datum
    if stated == "column" or (stated is None and per_row is not None):
        if per_row is None:
            job.whole("DAT-004", field="datum", value=job.raw.roles.get("datum", ""))
            return np.full_like(lng, np.nan), np.full_like(lat, np.nan)
        out_lng, out_lat = np.full_like(lng, np.nan), np.full_like(lat, np.nan)
        names: tuple[Datum, ...] = ("wgs84", "gcj02", "bd09")
        for name in names:
            mask = used & (per_row == name)
            if mask.any():
                _checked_datum(job, lng[mask], lat[mask], name, streets, job.raw.rows[mask])
                out_lng[mask], out_lat[mask] = datum_.convert(lng[mask], lat[mask], source=name)
        return out_lng, out_lat
    source = _checked_datum(job, lng[used], lat[used], _file_datum(job, stated), streets, job.raw.rows[used])
    return datum_.convert(lng, lat, source=source)


def _row_datums(job: Notes, used: Mask) -> npt.NDArray[np.object_] | None:
    """Datum of each row, from its own column; None if that column does not speak of datums."""
    if "datum" not in job.raw.roles:
        return None
    known = headers.words("datum")
    texts = job.raw.column("datum").to_list()
    plain = [unicodedata.normalize("NFKC", t or "").lower().replace(" ", "") for t in texts]
    meaning = np.array([known.get(t) for t in plain], dtype=object)
    lost = np.array([m is None for m in meaning]) & used
    if lost.sum() == used.sum() or (lost.sum() > 0.5 * used.sum() and job.table.datum != "column"):
        return None
    stated = "wgs84" if job.table.datum == "cgcs2000" else job.table.datum
    if stated in ("wgs84", "gcj02", "bd09"):
        other = int((used & ~lost & (meaning != stated)).sum())
        if other:
            job.whole("DAT-009", field=job.raw.roles["datum"], value=str(job.table.datum), n=other)
        return None
    job.each("DAT-004", lost, lambda i: texts[i] or "", field=job.raw.roles["datum"])
    return meaning


def _file_datum(job: Notes, stated: Datum | None) -> Datum | None:
    """The stated datum, else the one that the coordinate columns' own names state (``lng_gcj02``)."""
    columns = [job.raw.roles[r] for r in ("lng", "lat", "lnglat") if r in job.raw.roles]
    named = {headers.name_datum(c) for c in columns} - {None}
    if len(named) != 1 or job.raw.geometry is not None:
        return stated
    name: Any = named.pop()
    if stated is None:
        job.whole("DAT-005", field=columns[0], value=name)
        return name
    if {name, stated} - {"wgs84", "cgcs2000"} and name != stated:
        job.whole("DAT-010", field=columns[0], value=stated)
    return stated


def _checked_datum(
    job: Notes,
    lng: Floats,
    lat: Floats,
    stated: Datum | None,
    streets: Streets,
    rows: npt.NDArray[np.int64],
) -> Datum:
    """The stated datum, or WGS84 with a finding, after asking the streets."""
    layer = job.raw.geometry is not None
    guess = None
    if streets is not None and (callable(streets) or len(np.asarray(streets)) > 0) and len(lng) >= 5:
        guess = datum_.guess_datum(lng, lat, streets)
    if guess is None:
        if stated is None and not layer:
            job.whole("DAT-006", field="datum", value="")
        return stated or "wgs84"
    if guess.split is not None:
        n, first, second = guess.split
        job.whole("DAT-012", field="datum", value=int(rows[n - 1]), next=int(rows[n]), first=first, second=second, n=n, m=len(rows) - n)  # fmt: skip
    _told_by_streets(job, guess, stated, layer)
    return stated or "wgs84"


def _told_by_streets(job: Notes, guess: datum_.DatumGuess, stated: Datum | None, layer: bool) -> None:
    """What the streets say of the datum, beside what the study says."""
    mine = "wgs84" if stated in (None, "cgcs2000") else str(stated)
    words = {
        "best": guess.best, "metres": f"{guess.metres[guess.best]:.0f}", "stated": f"{guess.metres[mine]:.0f}",
        "confidence": f"{guess.confidence:.0%}",
    }  # fmt: skip
    sure = guess.confidence >= CONFIDENT
    clear = guess.best == mine or guess.typical[guess.best] <= CLEARLY * guess.typical[mine]
    if not (sure and clear):
        if stated is None and not layer:
            job.whole("DAT-011", field="datum", value="", **words)
        elif stated is not None and guess.best != mine:
            job.whole("DAT-013", field="datum", value=mine, **words)
    elif guess.best == mine:
        job.whole("DAT-008", field="datum", value=mine, **words)
    elif guess.best.startswith("over_") or (stated is not None and guess.best == "wgs84"):
        job.whole("DAT-003", field="datum", value=str(stated or ""), **words)
    elif stated is None:
        job.whole("DAT-001" if guess.best == "bd09" else "DAT-002", field="datum", value="", **words)
    else:
        job.whole("DAT-007", field="datum", value=str(stated), **words)
