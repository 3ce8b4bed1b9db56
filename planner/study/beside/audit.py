"""Audits of a study: its list of stations against a map platform, a plan's promises against what came."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from planner.errors import Finding, finding, refuse_if_errors

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.audit.promised import Audit
    from planner.audit.truth import MapAudit
    from planner.settings.inputs import Datum
    from planner.study.stages import Stages

__all__ = ["audit_export", "audit_plan", "write_audit", "write_map_audit"]

#: What is not told of an export: it has no ids, no status, no dates of its own.
_USUAL = ("ID-007", "ID-008", "STA-002", "TAB-011", "HRS-006", "NAM-001", "ID-002")
#: Metres from which on a common shift is no scatter of entrances; between datums it is hundreds.
_DATUM_M, _SCATTER_M, _MOST_SHARE, _LEAST_MOVED = 200.0, 60.0, 0.6, 5


def audit_export(stages: Stages, file: Path, *, datum: Datum = "gcj02") -> MapAudit:
    """The study's stations against an export of a map platform (Amap, Baidu): missing, shifted, wrong hours, ghosts.

    Raises
    ------
    InputError
        The export cannot be read or placed, or no station is open; with every finding.
    """
    from planner.audit.truth import audit_map
    from planner.inputs.stations import read_stations
    from planner.settings.inputs import Table

    own = stages.value("inputs").stations
    crs = str(stages.value("inputs").crs)
    shown, found = read_stations(Table(path=Path(file).resolve(), datum=datum), crs=crs)
    found = [f for f in found if f.code not in _USUAL]
    if not len(shown):
        found.append(finding("AUD-001", source=Path(file).name))
    if not (own["status"] == "open").any():
        found.append(finding("AUD-002", source="stations"))
    refuse_if_errors(found)
    audit = audit_map(own, shown, language=stages.settings.study.language)
    return replace(audit, findings=(*found, *_common_shift(audit, own, datum)))


def write_map_audit(
    stages: Stages, file: Path, out: Path, *, datum: Datum = "gcj02"
) -> tuple[MapAudit, Path, Path]:
    """``map_audit.html`` and ``map_audit.csv`` in the folder ``out``; the audit and the two paths."""
    from planner.publish.office.existing import audit as pages
    from planner.study.products import require_folder

    require_folder(out)
    found = audit_export(stages, file, datum=datum)
    out.mkdir(parents=True, exist_ok=True)
    return (found, *pages.write_map_audit(found, out, stages.settings.study.language))


def _common_shift(audit: MapAudit, own: gpd.GeoDataFrame, datum: Datum) -> list[Finding]:
    """Tell where most stations are moved the same way: the export is in another datum than was said."""
    moved = audit.pairs[["east_m", "north_m"]].to_numpy(float)
    if len(moved) < _LEAST_MOVED:
        return []
    middle = np.median(moved, axis=0)
    alike = int((np.hypot(*(moved - middle).T) < _SCATTER_M).sum())
    far = float(np.hypot(*middle))
    if far < _DATUM_M or alike < _MOST_SHARE * len(moved):
        return []
    others: list[Datum] = [d for d in ("gcj02", "bd09", "wgs84") if d != datum]
    other = min(others, key=lambda d: float(np.hypot(*(_moved_by(own, d, datum) - middle))))
    told = finding(
        "AUD-003",
        source="audit",
        field="datum",
        value=alike,
        total=audit.listed,
        metres=f"{far:.0f}",
        datum=datum,
        other=other,
    )
    return [told]


def _moved_by(own: gpd.GeoDataFrame, truly: Datum, read_as: Datum) -> np.ndarray:
    """How far (east, north, metres) a place is moved whose coordinates in one datum are read as another's."""
    import geopandas as gpd

    from planner.inputs.places.datum import convert

    there = own.geometry.iloc[:1]
    plain = there.to_crs(4326)
    lng, lat = convert(plain.x.to_numpy(), plain.y.to_numpy(), source="wgs84", target=truly)
    lng, lat = convert(lng, lat, source=read_as, target="wgs84")
    moved = gpd.GeoSeries.from_xy(lng, lat, crs=4326).to_crs(own.crs)
    return np.array([moved.x.iloc[0] - there.x.iloc[0], moved.y.iloc[0] - there.y.iloc[0]])


def audit_plan(stages: Stages, previous: Path, *, datum: Datum = "wgs84", within_m: float = 150.0) -> Audit:
    """What an earlier plan promised, and what came.

    Raises
    ------
    InputError
        The earlier plan cannot be read, does not name its sites, or is another city's; with every finding.
    """
    import shapely

    from planner.audit.previous import read_previous
    from planner.audit.promised import audit_promises

    s, inputs = stages.settings, stages.value("inputs")
    area = shapely.union_all(inputs.districts.geometry.to_numpy())
    then = read_previous(Path(previous).resolve(), crs=str(inputs.crs), area=area, datum=datum)
    refuse_if_errors(then.findings)
    stations = stages.value("covers")
    today = {"today": float(stages.value("coverage").share)}
    return audit_promises(
        then, stations, stations["covers"].to_numpy(float), stages.value("visits"), today=today, within_m=within_m, seed=s.study.seed,
        language=s.study.language,
    )  # fmt: skip


def write_audit(
    stages: Stages, previous: Path, out: Path, *, datum: Datum = "wgs84"
) -> tuple[Audit, Path, Path]:
    """``audit.html`` and ``audit.csv`` in the folder ``out``; the audit and the two paths."""
    from planner.publish.office.existing import audit as pages
    from planner.study.products import require_folder

    require_folder(out)
    found, language = audit_plan(stages, previous, datum=datum), stages.settings.study.language
    table = stages.value("inputs").districts
    labels = dict(zip(table["district"].astype(str), table[f"name_{language}"].astype(str), strict=True))
    out.mkdir(parents=True, exist_ok=True)
    return (found, *pages.write_audit(found, out, language, labels))
