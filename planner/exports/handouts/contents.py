"""What a district's hand-out says: figures from the register beside those of the whole, its sites, gaps and stations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from planner.facts.definitions import UNITS
from planner.facts.register import Fact
from planner.tables import is_missing
from planner.telling.contents.columns import Column
from planner.telling.contents.coverage import district_labels
from planner.telling.contents.places import GAP_COLUMNS, fullest_first
from planner.telling.contents.sites import coordinates, ranked, site_columns, site_rows
from planner.telling.words.figures import told, told_band
from planner.telling.words.numbers import Kind, number
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = [
    "BATCH_COLUMNS",
    "GAPS",
    "DistrictFigure",
    "Handout",
    "handout",
    "station_columns",
    "summary",
    "summary_columns",
]

#: (key of the label, the quantity's own name where empty; quantity; state) of each figure, in order.
_FIGURES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("col_workers", "workers", {"plan": ""}),
    ("col_stations_open", "stations_open", {"plan": "today"}),
    ("col_sites_new", "sites_new", {}),
    ("col_share_before", "share", {"plan": "today"}),
    ("col_share_after", "share", {}),
    ("col_change", "share_gain", {"plan": "gain"}),
    ("alias_covered_before", "covered", {"plan": "today"}),
    ("alias_covered_after", "covered", {}),
    ("col_covered_new", "newly_covered", {"plan": "gain"}),
    ("col_backup_after", "share", {"least": 2}),
    ("col_time_before", "share", {"plan": "today", "hours": "time"}),
    ("col_time_after", "share", {"hours": "time"}),
    ("col_cost_yuan", "cost_yuan", {}),
    ("", "gap_areas", {}),
    ("", "gap_workers", {}),
)
GAPS = tuple(c for c in GAP_COLUMNS if c.key != "district")
BATCH_COLUMNS = (Column("batch", "text", 20), Column("sites_new", "count", 12))
STATION_COLUMNS = (
    Column("station_id", "text", 16), Column("name", "text", 28), Column("state", "text", 14), Column("open_hours", "text", 16),
    Column("grade", "text", 10), Column("area_m2", "decimal", 10), Column("covers", "people", 12),
    *(Column(f"{axis}_{datum}", "degrees", 12) for datum in ("wgs84", "gcj02", "bd09") for axis in ("lng", "lat")),
)  # fmt: skip


@dataclass(frozen=True)
class DistrictFigure:
    """A registered figure of the district beside the whole's: label, both as printed, its kind, the band in print."""

    label: str
    here: float
    whole: float
    kind: Kind
    band: str
    text: str
    whole_text: str


@dataclass(frozen=True)
class Handout:
    """A district's hand-out: its key and name, title, the sentence, figures and tables; a table may be empty."""

    key: str
    name: str
    title: str
    sentence: str
    figures: tuple[DistrictFigure, ...]
    batches: pd.DataFrame
    site_columns: tuple[Column, ...]
    sites: pd.DataFrame
    gaps: pd.DataFrame
    stations: pd.DataFrame
    closed: str


def _pairs(bundle: Bundle, district: str) -> list[tuple[str, Fact, Fact]]:
    """(label, the district's figure, the whole's) of the figures that the study has."""
    facts, language, out = bundle.facts, bundle.settings.study.language, list[tuple[str, Fact, Fact]]()
    for label, quantity, scope in _FIGURES:
        here, whole = facts.find(quantity, district=district, **scope), facts.find(quantity, **scope)
        if here is not None and whole is not None:
            out.append((phrase(label, language) if label else here.definition.name(language), here, whole))
    return out


def _figure(label: str, here: Fact, whole: Fact) -> DistrictFigure:
    kind = cast("Kind", UNITS[here.definition.unit].kind)
    return DistrictFigure(label, here.shown, whole.shown, kind, told_band(here), told(here), told(whole))


def _sentence(bundle: Bundle, key: str, name: str) -> str:
    facts = bundle.facts
    sites = facts.shown("sites_new", district=key)
    return phrase(
        "handout_sentence" if sites else "handout_sentence_none", bundle.settings.study.language, district=name,
        workers=number(facts.shown("workers", plan="", district=key)),
        stations=number(facts.shown("stations_open", plan="today", district=key)), sites=number(sites),
        before=told(facts.fact("share", plan="today", district=key)), after=told(facts.fact("share", district=key)),
        new=number(facts.shown("newly_covered", plan="gain", district=key)),
    )  # fmt: skip


def _batches(bundle: Bundle, key: str) -> pd.DataFrame:
    """Sites of the district per phase; nothing for a plan in one piece."""
    facts = bundle.facts
    found = {b: facts.find("sites_new", district=key, batch=b) for b in facts.along("phase_sites", "batch")}
    rows = [(b, 0 if f is None else int(f.shown)) for b, f in found.items()]
    return pd.DataFrame(rows, columns=[c.key for c in BATCH_COLUMNS])


def _sites(bundle: Bundle, key: str) -> tuple[tuple[Column, ...], pd.DataFrame]:
    table = site_rows(bundle)
    columns = tuple(c for c in site_columns(bundle, table) if c.key != "district")
    own = (ranked(bundle)["district"].astype(str) == key).to_numpy()
    return columns, table[own].reset_index(drop=True)


def _gaps(bundle: Bundle, key: str) -> pd.DataFrame:
    own = fullest_first(bundle.gaps[bundle.gaps["district"].astype(str) == key])
    return pd.DataFrame({"gap_place": own["name"], "gap_workers": own["workers"]}).reset_index(drop=True)


def _stations(bundle: Bundle, key: str) -> tuple[pd.DataFrame, str]:
    """The district's stations that are not withdrawn, and the names of those that the plan closes."""
    language, table = bundle.settings.study.language, bundle.stations
    own = table[(table["district"].astype(str) == key) & (table["status"] != "withdrawn")]
    closed = own["station_id"].astype(str).isin(bundle.closed)
    states = own["status"].astype(str).where(~closed, "closes")
    where = coordinates(own.geometry)
    frame = pd.DataFrame(
        own.drop(columns=[own.geometry.name, *own.columns.intersection(where.columns)])
    ).join(where)
    frame["state"] = [phrase(f"place_{s}", language) for s in states]
    for column in STATION_COLUMNS:
        if column.key not in frame:
            frame[column.key] = None if column.kind == "text" else np.nan
    stop = "、" if language == "zh" else ", "
    names = stop.join(str(n) for n in own["name"][closed])
    told_closed = phrase("handout_closed", language, names=names) if names else ""
    texts = [c.key for c in STATION_COLUMNS if c.kind == "text"]
    frame[texts] = frame[texts].map(lambda v: "" if is_missing(v) else str(v))
    return frame[[c.key for c in STATION_COLUMNS]].reset_index(drop=True), told_closed


def station_columns(table: pd.DataFrame) -> tuple[Column, ...]:
    """Columns of the existing stations: the shifted datums only where maps are shifted."""
    return tuple(c for c in STATION_COLUMNS if c.kind != "degrees" or table[c.key].notna().any())


def handout(bundle: Bundle, key: str) -> Handout:
    """The hand-out of a district by its key."""
    name, language = district_labels(bundle)[key], bundle.settings.study.language
    columns, sites = _sites(bundle, key)
    stations, closed = _stations(bundle, key)
    return Handout(
        key, name, phrase("handout_title", language, district=name), _sentence(bundle, key, name),
        tuple(_figure(*pair) for pair in _pairs(bundle, key)), _batches(bundle, key), columns, sites, _gaps(bundle, key), stations,
        closed,
    )  # fmt: skip


def summary_columns(handouts: list[Handout], language: str) -> tuple[Column, ...]:
    """Columns of :func:`summary`: the district, then each figure that all of them have."""
    first = Column("name", "text", 18, head=phrase("col_district", language))
    shared = [
        f for f in handouts[0].figures if all(f.label in [g.label for g in h.figures] for h in handouts)
    ]
    return (first, *(Column(f"figure_{n}", f.kind, 13, head=f.label) for n, f in enumerate(shared)))


def summary(handouts: list[Handout], language: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A row per district, and the whole's row."""
    columns = summary_columns(handouts, language)[1:]
    rows, total = [], dict[str, Any]()
    for h in handouts:
        by_label = {f.label: f for f in h.figures}
        rows.append({"name": h.name, **{c.key: by_label[c.head].here for c in columns}})
        total = {"name": phrase("total", language), **{c.key: by_label[c.head].whole for c in columns}}
    return pd.DataFrame(rows), total
