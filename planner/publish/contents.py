"""The tables and sentences that workbook, CSV, layers and report share, as plain values in one language.

Numbers stay numbers here; how they are printed is each product's business. No clock time and no run
time is among them (those are in ``run.json``), so that equal plans give equal products.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.errors import Finding
from planner.inputs.places.datum import convert
from planner.publish.safe import is_missing
from planner.publish.words.phrases import group_label, host_label, period_label, phrase
from planner.siting.coverage import Coverage

if TYPE_CHECKING:
    from planner.publish.bundle import Bundle

__all__ = [
    "Certificate",
    "Column",
    "as_text",
    "batch_columns",
    "batch_rows",
    "certificate",
    "coordinates",
    "credit_lines",
    "district_labels",
    "district_rows",
    "finding_rows",
    "group_rows",
    "header",
    "input_rows",
    "period_rows",
    "site_columns",
    "site_rows",
    "sorted_findings",
]

Kind = Literal["text", "count", "people", "metres", "share", "points", "yuan", "degrees", "decimal"]
_SEVERITIES = ("E", "W", "F", "I")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a printed table: its key, what its values are, its width in characters."""

    key: str
    kind: Kind
    width: int


def as_text(value: Any) -> str:
    """A text value as it is; empty for a missing one."""
    return "" if is_missing(value) else str(value)


def header(columns: Iterable[Column], language: str) -> list[str]:
    """The printed heads of some columns."""
    return [phrase(f"col_{c.key}", language) for c in columns]


def coordinates(points: gpd.GeoSeries) -> pd.DataFrame:
    """``lng_/lat_`` of points in WGS84, GCJ-02 and BD-09, degrees to six decimals (0.1 m), same index."""
    wgs = points.to_crs(4326)
    lng, lat = wgs.x.to_numpy(), wgs.y.to_numpy()
    columns: dict[str, Any] = {"lng_wgs84": lng, "lat_wgs84": lat}
    targets: tuple[Literal["gcj02", "bd09"], ...] = ("gcj02", "bd09")
    for target in targets:
        columns[f"lng_{target}"], columns[f"lat_{target}"] = convert(lng, lat, source="wgs84", target=target)
    return pd.DataFrame(columns, index=points.index).round(6)


def district_labels(bundle: Bundle) -> dict[str, str]:
    """District key → its name in the study's language."""
    column = f"name_{bundle.settings.study.language}"
    names = zip(bundle.districts["district"], bundle.districts[column], strict=True)
    return {str(key): str(key) if is_missing(name) or not name else str(name) for key, name in names}


_SITES = (
    Column("rank", "count", 6),
    Column("site_id", "text", 16),
    Column("name", "text", 28),
    Column("district", "text", 12),
    Column("host_kind", "text", 14),
    Column("open_hours", "text", 14),
    Column("workers_gained", "people", 11),
    Column("workers_in_reach", "people", 11),
    Column("nearest_station_m", "metres", 12),
    Column("cost_yuan", "yuan", 10),
    Column("confidence", "share", 9),
    Column("kept", "share", 11),
    Column("batch", "text", 10),
    Column("reason", "text", 70),
)
_COORDINATES = tuple(
    Column(f"{axis}_{datum}", "degrees", 12)
    for datum in ("wgs84", "gcj02", "bd09")
    for axis in ("lng", "lat")
)


def site_rows(bundle: Bundle) -> pd.DataFrame:
    """The chosen sites in rank order with the columns of :func:`site_columns`."""
    language = bundle.settings.study.language
    chosen = bundle.chosen.sort_values("rank", kind="stable")
    table = pd.DataFrame(chosen.drop(columns=chosen.geometry.name))
    names = district_labels(bundle)
    kinds = [host_label(kind, language) for kind in table["host_kind"]]
    table["district"] = [names.get(str(d), str(d)) for d in table["district"]]
    table["name"] = [
        name if isinstance(name, str) and name.strip() else phrase("unnamed_site", language, kind=kind)
        for name, kind in zip(table["name"], kinds, strict=True)
    ]
    table["host_kind"] = kinds
    table["reason"] = table[f"reason_{language}"]
    if "cost_yuan" not in table:
        costs = bundle.candidates.set_index("site_id")["cost_yuan"]
        table["cost_yuan"] = table["site_id"].map(costs)
    table["nearest_station_m"] = table["nearest_station_m"].where(np.isfinite(table["nearest_station_m"]))
    if "kept" not in table:
        table["kept"] = np.nan
    joined = table.join(coordinates(chosen.geometry))
    return joined[[c.key for c in _SITES + _COORDINATES]].reset_index(drop=True)


def site_columns(table: pd.DataFrame) -> tuple[Column, ...]:
    """Columns of the site table; ``confidence``, ``kept`` and ``batch`` only where something stands in them."""
    optional = {"confidence", "kept", "batch"}
    empty = {key for key in optional if table[key].isna().all() or (table[key].astype(str) == "").all()}
    return tuple(c for c in _SITES + _COORDINATES if c.key not in empty)


def district_rows(bundle: Bundle) -> pd.DataFrame:
    """Per district: label, workers, stations, new sites, shares before and after, change in points, backup."""
    before = bundle.before.by_district.set_index("district")
    after = bundle.after.by_district.set_index("district").reindex(before.index)
    is_open = bundle.stations["status"] == "open"
    stations = bundle.stations.loc[is_open, "district"].value_counts()
    new = bundle.chosen["district"].value_counts()
    names = district_labels(bundle)
    return pd.DataFrame(
        {
            "district": [names.get(str(key), str(key)) for key in before.index],
            "workers": before["workers"].to_numpy(),
            "stations_open": stations.reindex(before.index, fill_value=0).to_numpy(),
            "sites_new": new.reindex(before.index, fill_value=0).to_numpy(),
            "share_before": before["share"].to_numpy(),
            "share_after": after["share"].to_numpy(),
            "change": 100 * (after["share"] - before["share"]).to_numpy(),
            "covered_new": (after["covered"] - before["covered"]).to_numpy(),
            "backup_after": after["backup_share"].to_numpy(),
        }
    )


def district_total(bundle: Bundle) -> dict[str, Any]:
    """The total row under :func:`district_rows`."""
    before, after = bundle.before, bundle.after
    return {
        "district": phrase("total", bundle.settings.study.language),
        "workers": before.workers,
        "stations_open": int((bundle.stations["status"] == "open").sum()),
        "sites_new": len(bundle.chosen),
        "share_before": before.share,
        "share_after": after.share,
        "change": 100 * (after.share - before.share),
        "covered_new": after.covered - before.covered,
        "backup_after": after.share_backup,
    }


DISTRICT_COLUMNS = (
    Column("district", "text", 16),
    Column("workers", "people", 12),
    Column("stations_open", "count", 11),
    Column("sites_new", "count", 11),
    Column("share_before", "share", 11),
    Column("share_after", "share", 11),
    Column("change", "points", 11),
    Column("covered_new", "people", 12),
    Column("backup_after", "share", 13),
)


def _before_after(
    label: str, names: Sequence[str], before: pd.DataFrame, after: pd.DataFrame
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            label: list(names),
            "workers": before["workers"].to_numpy(),
            "share_before": before["share"].to_numpy(),
            "share_after": after["share"].to_numpy(),
            "covered_new": after["covered"].to_numpy() - before["covered"].to_numpy(),
        }
    )


GROUP_COLUMNS = (
    Column("group", "text", 18),
    Column("workers", "people", 12),
    Column("share_before", "share", 11),
    Column("share_after", "share", 11),
    Column("covered_new", "people", 12),
)
PERIOD_COLUMNS = (Column("period", "text", 18), *GROUP_COLUMNS[1:])


def group_rows(bundle: Bundle) -> pd.DataFrame:
    """Per worker group: label, workers, shares before and after, newly covered."""
    names = [group_label(str(g), bundle.settings) for g in bundle.before.by_group["group"]]
    return _before_after("group", names, bundle.before.by_group, bundle.after.by_group)


def period_rows(bundle: Bundle) -> pd.DataFrame:
    """Per period of the day: label, workers, shares before and after, newly covered."""
    labels = {p.name: period_label(p) for p in bundle.settings.periods}
    names = [labels.get(str(p), str(p)) for p in bundle.before.by_period["period"]]
    return _before_after("period", names, bundle.before.by_period, bundle.after.by_period)


BATCH_COLUMNS = (
    Column("batch", "text", 18),
    Column("sites_new", "count", 11),
    Column("covered_new", "people", 12),
    Column("share_after", "share", 13),
    Column("regret", "share", 13),
)


def batch_rows(bundle: Bundle) -> pd.DataFrame | None:
    """Phases in order: sites, workers they add, share once built, regret; None for a plan in one piece.

    ``workers_gained`` is marginal in rank order, so sums up to the end of a phase are exact as long as
    phases follow the ranks.
    """
    chosen = bundle.chosen.sort_values("rank", kind="stable")
    batch = chosen["batch"].fillna("").astype(str)
    if (batch == "").all():
        return None
    sums = chosen.groupby(batch, sort=False)["workers_gained"].agg(["size", "sum"])
    covered = bundle.before.covered + sums["sum"].cumsum()
    regret = pd.Series(dtype=float)
    if bundle.phases is not None and len(bundle.phases):
        regret = bundle.phases.drop_duplicates("name").set_index("name")["regret"]
    return pd.DataFrame(
        {
            "batch": sums.index.to_numpy(),
            "sites_new": sums["size"].to_numpy(),
            "covered_new": sums["sum"].to_numpy(),
            "share_after": (
                covered / bundle.before.workers if bundle.before.workers > 0 else 0 * covered
            ).to_numpy(),
            "regret": regret.reindex(sums.index).to_numpy(dtype=float),
        }
    )


def batch_columns(table: pd.DataFrame) -> tuple[Column, ...]:
    """Columns of :func:`batch_rows`; the regret only where it is known."""
    return tuple(c for c in BATCH_COLUMNS if c.key != "regret" or table["regret"].notna().any())


@dataclass(frozen=True, slots=True)
class Certificate:
    """How far from the best possible the plan can be.

    Attributes
    ----------
    sites
        Number of new sites.
    objective, bound
        Workers covered by the plan, and the most that any plan of as many sites could cover.
    gap, new_gap
        (bound − objective) over objective, and over the newly covered workers alone.
    missing
        bound − objective, workers.
    worth
        How many of the last-ranked sites bring as many workers together as are missing.
    proven
        Whether the plan is proven to be the best.
    repeatable
        False when a time limit cut the search.
    """

    sites: int
    objective: float
    bound: float
    gap: float
    new_gap: float
    missing: float
    worth: int
    proven: bool
    repeatable: bool


def certificate(bundle: Bundle) -> Certificate:
    """The certificate of the bundle's solution."""
    solution = bundle.solution
    missing = max(float(solution.bound) - float(solution.objective), 0.0)
    new = bundle.after.covered - bundle.before.covered
    gains = bundle.chosen.sort_values("rank", kind="stable")["workers_gained"].to_numpy(dtype=float)
    from_the_end = np.cumsum(gains[::-1])
    worth = int(np.searchsorted(from_the_end, missing - 1e-6 * max(missing, 1.0))) + 1 if missing > 0 else 0
    return Certificate(
        sites=len(gains),
        objective=float(solution.objective),
        bound=float(solution.bound),
        gap=float(solution.gap),
        new_gap=missing / new if new > 0 else 0.0,
        missing=missing,
        worth=min(worth, len(gains)),
        proven=solution.status == "optimal",
        repeatable=bool(solution.repeatable),
    )


def sorted_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by severity (errors first), then code, source and row."""

    def key(f: Finding) -> tuple[int, str, str, int]:
        return (_SEVERITIES.index(f.severity), f.code, f.source, -1 if f.row is None else f.row)

    return sorted(findings, key=key)


FINDING_COLUMNS = (
    Column("severity", "text", 10),
    Column("code", "text", 10),
    Column("source", "text", 24),
    Column("row", "count", 7),
    Column("field", "text", 18),
    Column("value", "text", 26),
    Column("message", "text", 70),
)


def finding_rows(findings: Iterable[Finding], language: str) -> pd.DataFrame:
    """Findings as rows of :data:`FINDING_COLUMNS`; ``row`` is empty where a finding has none."""
    rows = [
        (
            phrase(f"severity_{f.severity}", language),
            f.code,
            f.source,
            f.row,
            f.field,
            f.value,
            f.message(language),
        )
        for f in sorted_findings(findings)
    ]
    return pd.DataFrame(rows, columns=[c.key for c in FINDING_COLUMNS], dtype=object)


INPUT_COLUMNS = (
    Column("input", "text", 18),
    Column("file", "text", 36),
    Column("rows", "count", 10),
    Column("sha256", "text", 68),
)


def input_rows(bundle: Bundle) -> pd.DataFrame:
    """What was read: name, file (without its folder), rows, SHA-256."""
    rows = [
        (
            i.get("name", ""),
            str(i.get("path", "")).replace("\\", "/").rsplit("/", 1)[-1],
            i.get("rows"),
            i.get("sha256", ""),
        )
        for i in bundle.run.get("inputs", [])
    ]
    return pd.DataFrame(rows, columns=[c.key for c in INPUT_COLUMNS], dtype=object)


def readings(coverage: Coverage) -> list[tuple[float, float]]:
    """(radius in metres, share), by radius."""
    return sorted((float(radius), share) for radius, share in coverage.by_radius_m.items())


def credit_lines(bundle: Bundle) -> list[str]:
    """Whose data the products show, and for whom they are: one sentence each."""
    language = bundle.settings.study.language
    number = bundle.settings.study.map_approval_no
    approval = number or phrase("approval_none", language)
    return [
        phrase("credit_osm", language),
        phrase("credit_geonames", language),
        phrase("internal", language),
        phrase("approval", language, number=approval),
    ]
