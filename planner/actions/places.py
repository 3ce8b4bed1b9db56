"""Places that something may be done to: open stations, candidate sites, partners' posts, with who reaches each."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from importlib import resources
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.hours.parse import ALWAYS, merged, parse_hours
from planner.siting.classes import ReachClasses
from planner.siting.reach import SiteReach, joined

__all__ = ["CANDIDATE", "EXISTING", "PARTNER", "Places", "gather_places", "host_kind_of"]

Array = NDArray[Any]
EXISTING, CANDIDATE, PARTNER = "existing", "candidate", "partner"


@dataclass(frozen=True, eq=False)
class Places:
    """Every place, in the order of the rows of ``reach``: open stations, candidates, partners' posts.

    Attributes
    ----------
    table
        ``place_id``, ``source`` (existing, candidate, partner), ``name``, ``district``, ``host_kind`` ("" where it is not
        known), ``open_hours`` (filled with the study's default), ``spans`` (minutes of the day), ``grade``, ``cost_yuan`` (of building
        there; 0 elsewhere), geometry (study CRS).
    reach
        Who reaches each place (a column per class of demand points, ``demand``).
    demand
        A row per class of demand points in reach of the same places: ``district``, ``{group}__{period}`` ….
    """

    table: gpd.GeoDataFrame
    reach: SiteReach
    demand: pd.DataFrame

    def rows(self, source: str) -> Array:
        """Positions of the places from one source."""
        return np.flatnonzero((self.table["source"] == source).to_numpy())


@functools.cache
def _words() -> tuple[tuple[str, str], ...]:
    """(word, kind of host), longest words first."""
    text = resources.files("planner.inputs.tables").joinpath("words.csv").read_text("utf-8")
    rows = [r for r in csv.reader(text.splitlines()) if r and r[0] == "host_kind"]
    pairs = [(w.lower(), r[1]) for r in rows for w in r[2].split()]
    return tuple(sorted(pairs, key=lambda p: (-len(p[0]), p)))


def host_kind_of(text: str) -> str:
    """The kind of host that a list's free text names, "" where it names none: ``"人民路银行网点"`` → ``"bank"``."""
    lower = text.lower()
    return next((kind for word, kind in _words() if word in lower), "")


def _spans(text: str) -> tuple[tuple[int, int], ...]:
    found = parse_hours(text)
    return merged(found.spans) if found.known else parse_hours(ALWAYS).spans


def _texts(table: pd.DataFrame, column: str) -> pd.Series[str]:
    if column not in table:
        return pd.Series("", index=table.index, dtype="str")
    return table[column].fillna("").astype("str").str.strip()


def _part(table: gpd.GeoDataFrame, source: str, ids: str, default_hours: str) -> gpd.GeoDataFrame:
    hours = _texts(table, "open_hours")
    hours = hours.where(hours != "", default_hours)
    kind = (
        _texts(table, "host_kind")
        if source == CANDIDATE
        else _texts(table, "host").map(host_kind_of).astype("str")
    )
    name, place_id = _texts(table, "name"), table[ids].astype("str")
    frame = {
        "place_id": place_id, "source": source, "name": name.where(name != "", place_id),
        "district": _texts(table, "district"), "host_kind": kind, "open_hours": hours, "spans": [_spans(t) for t in hours],
        "grade": _texts(table, "grade"),
        "cost_yuan": table["cost_yuan"].astype(float) if source == CANDIDATE else 0.0,
    }  # fmt: skip
    return gpd.GeoDataFrame(frame, geometry=table.geometry, crs=table.crs)


def gather_places(
    stations: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame, classes: ReachClasses, *, default_hours: str,
    partners: gpd.GeoDataFrame | None = None,
) -> Places:  # fmt: skip
    """The places of a study. ``stations``: the open ones; ``classes``: reach of these, then of the candidates (and behind them ``partners``)."""
    parts = [
        _part(stations, EXISTING, "station_id", default_hours),
        _part(candidates, CANDIDATE, "site_id", default_hours),
    ]
    if partners is not None and len(partners):
        parts.append(_part(partners, PARTNER, "station_id", default_hours))
    table = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=candidates.crs)
    return Places(table, joined(classes.existing, classes.new), classes.demand)
