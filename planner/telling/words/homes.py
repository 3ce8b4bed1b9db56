"""A plan of driver homes in words: what sites lack, why each was chosen, what the numbers rest on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.freight.homes import assumed_numbers
from planner.freight.sites import LINES
from planner.settings.freight import Freight
from planner.telling.words.numbers import number
from planner.telling.words.phrases import phrase, translated

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.freight.homes import HomesPlan

__all__ = [
    "assumptions", "candidates_in_words", "chosen_in_words", "existing_in_words", "kind_word", "limited_words",
]  # fmt: skip

LANGUAGES = ("zh", "en")

_NONE = float("nan")
#: Assumptions, as they are listed: their bands (none for what a study wants), and the source of value and band.
_BANDS: dict[str, tuple[float, float, str]] = {
    "target_drivers": (_NONE, _NONE, "user"),
    "max_homes": (_NONE, _NONE, "assumption"),
    "turnover_per_day": (6, 18, "assumption"),
    "occupancy": (0.5, 0.85, "parking"),
    "stays_sigma": (0.2, 0.5, "assumption"),
    "stays_spread": (0.3, 0.8, "assumption"),
    "visits_per_driver_month": (2, 8, "assumption"),
    "catchment_minutes": (20, 45, "assumption"),
    "detour_minutes": (5, 15, "assumption"),
    "trips_per_driver_day": (0.8, 1.6, "assumption"),
    "outside_trips_per_month": (6, 16, "assumption"),
    "through_share": (0.25, 0.55, "assumption"),
    "outside_share": (0.3, 0.7, "assumption"),
    "beta_per_minute": (0.02, 0.08, "assumption"),
    "truck_share": (0.15, 0.35, "fenhu"),
    "toll_minutes_per_km": (0, 1, "toll"),
    "toll_sigma": (0.4, 1, "axles"),
    "multipath_sigma": (0.1, 0.3, "assumption"),
    "drive_limit_minutes": (240, 240, "law"),
    "count_slack": (0.01, 0.1, "assumption"),
    "trips_slack": (0.1, 2, "assumption"),
    "gateway_slack": (0.2, 4, "assumption"),
    "max_bays": (20, 100, "assumption"),
    "spacing_km": (0, 50, "assumption"),
    "cost_yuan": (300000, 5000000, "cost"),
    "upgrade_cost_yuan": (100000, 300000, "assumption"),
    "min_bays": (20, 20, "ministry"),
    "min_showers": (2, 2, "ministry"),
    "min_washers": (2, 2, "ministry"),
    "night_share_local": (0.1, 0.3, "assumption"),
    "night_share_long": (0.25, 0.45, "assumption"),
}
#: Assumptions by kind of road or site: their bands as shares of the value, and the source.
_BANDS_BY_KIND = {"gateway_trucks": (0.5, 1.5, "gateways"), "kind_bays": (0.5, 2, "assumption")}


def kind_word(kind: str, language: str) -> str:
    """A site's or zone's kind in words; an unknown kind as it is."""
    try:
        return phrase(f"homes_kind_{kind}", language)
    except KeyError:
        return kind


def assumptions(plan: HomesPlan) -> pd.DataFrame:
    """Every assumption: key, zh, en, value, low, high, source, source_zh.

    A value that the study file gives in the place of ours has its user for a source, and no band of ours; a target
    that is not set has no row.
    """
    rows = []
    for key, (low, high, source) in _BANDS.items():
        if key not in plan.assumed:
            continue
        value = float(plan.assumed[key])
        shown = round(value, 4) if key.startswith("night_share_") else value
        rows.append((key, *(phrase(f"homes_par_{key}", i) for i in LANGUAGES), shown, low, high, source))
    for table, (less, more, source) in _BANDS_BY_KIND.items():
        for key, value in plan.assumed.items():
            if key.startswith(f"{table}."):
                kind = key.removeprefix(f"{table}.")
                words = (phrase(f"homes_par_{table}", i, kind=kind_word(kind, i)) for i in LANGUAGES)
                rows.append((key, *words, value, less * value, more * value, source))
    made = pd.DataFrame(rows, columns=["key", "zh", "en", "value", "low", "high", "source"])
    ours = assumed_numbers(Freight())
    own = np.array([plan.assumed[key] != ours.get(key) for key in made["key"]], bool)
    made.loc[own, ["low", "high"]] = np.nan
    made.loc[own, "source"] = "user"
    words_of = {i: [_source(plan, r.key, r.source, i) for r in made.itertuples()] for i in LANGUAGES}
    return made.assign(source=words_of["en"], source_zh=words_of["zh"])


def _source(plan: HomesPlan, key: str, source: str, language: str) -> str:
    """Where an assumption is from."""
    if key == "target_drivers" and plan.target_source:
        return translated(plan.target_source, language)
    return phrase(f"homes_src_{source}", language)


def candidates_in_words(plan: HomesPlan) -> gpd.GeoDataFrame:
    """The candidates with what they lack, and whether they meet the checklist, in words."""
    return _with_lacks(plan, plan.candidates)


def existing_in_words(plan: HomesPlan) -> gpd.GeoDataFrame:
    """The existing homes, with what they lack and ``relation_zh`` and ``relation_en`` to the plan."""
    table = _with_lacks(plan, plan.existing)
    for i in LANGUAGES:
        table[f"relation_{i}"] = _texts(_relation(r, i) for r in plan.existing.itertuples())
    return table.drop(columns="upgraded")


def chosen_in_words(plan: HomesPlan) -> gpd.GeoDataFrame:
    """The new homes, with what they lack and why they were chosen: ``reason_zh``, ``reason_en``, ``reason`` (zh)."""
    table = _with_lacks(plan, plan.chosen)
    for i in LANGUAGES:
        pairs = zip(table.itertuples(), plan.alternatives.itertuples(), strict=True)
        table[f"reason_{i}"] = _texts(_reason(home, other, plan, i) for home, other in pairs)
    return table.assign(reason=table["reason_zh"])


def _with_lacks(plan: HomesPlan, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A table of sites with ``meets_…`` and ``lacks_…`` of each language in the place of the marks.

    Homes get ``limited_…`` besides: what binds, their bays or the drivers in reach.
    """
    marks = [f"has_{line}" for line in LINES]
    made = table.drop(columns=[*marks, "meets"])
    at = list(table.columns).index("meets")
    states = checklist_states(table)
    for language in reversed(LANGUAGES):
        lacks = (_lacks(site, plan.assumed, language) for _, site in table.iterrows())
        made.insert(min(at, made.shape[1]), f"lacks_{language}", _texts(lacks))
        if "limited_by_bays" in table.columns:
            binds = [
                phrase("homes_by_bays" if b else "homes_by_drivers", language)
                for b in table["limited_by_bays"]
            ]
            made[f"limited_{language}"] = _texts(binds)
        words = {
            "yes": phrase("yes", language),
            "no": phrase("no", language),
            "unknown": phrase("homes_unknown", language),
        }
        made.insert(min(at, made.shape[1]), f"meets_{language}", _texts(words[s] for s in states))
    return made


def checklist_states(table: pd.DataFrame) -> list[str]:
    """Of each site of a plan's table whether it meets the checklist: yes, no, or unknown where nothing is known to lack."""
    marks = table[[f"has_{line}" for line in LINES]].to_numpy(float)
    lacking, known = (marks == 0).any(axis=1), np.isfinite(marks).all(axis=1)
    return ["no" if bad else "yes" if sure else "unknown" for bad, sure in zip(lacking, known, strict=True)]


def capped(table: pd.DataFrame, assumed: dict[str, float]) -> pd.DataFrame:
    """The sites of a plan's table with more bays than count for one home."""
    return table[(table["bays_there"] > assumed["max_bays"]) & (table["host_kind"] != "upgrade")]


def _texts(said: Iterable[str]) -> Any:
    """A column of texts, which it is also without a row."""
    return pd.array(list(said), dtype="str")


def _lacks(site: pd.Series, assumed: dict[str, float], language: str) -> str:
    """What is missing of the checklist, then what is not known, in one phrase."""
    missing, unknown = [], []
    have = {"bays": site["bays_there"], "showers": site["showers"], "washers": site["washers"]}
    for line in LINES:
        word, mark = phrase(f"homes_line_{line}", language), site[f"has_{line}"]
        if np.isnan(mark):
            unknown.append(word)
        elif mark == 0:
            missing.append(f"{word} {have[line]:g}/{assumed[f'min_{line}']:g}" if line in have else word)
    stop = phrase("homes_lines_stop", language)
    said = [
        phrase(key, language, names=stop.join(names))
        for key, names in (("homes_lacks", missing), ("homes_not_known", unknown))
        if names
    ]
    return phrase("homes_lacks_stop", language).join(said)


def _relation(home: Any, language: str) -> str:
    """What the plan does with an existing home."""
    if home.upgraded:
        return phrase("homes_upgraded", language)
    if not np.isfinite(home.nearest_new_km):
        return phrase("homes_kept", language)
    return phrase("homes_kept_near", language, name=home.nearest_new, km=f"{home.nearest_new_km:.1f}")


def limited_words(full: float, new: float, language: str) -> str:
    """What follows on the number served: that bays limit it at all the ``new`` homes, or at ``full`` of them."""
    if not full:
        return ""
    every = full >= new
    return phrase("page_homes_limited_all" if every else "page_homes_limited_some", language, n=number(full))


def _reason(home: Any, other: Any, plan: HomesPlan, language: str) -> str:
    """Why a new home was chosen, what limits it, what its best stand-in would lose, and how ties were broken."""
    assumed, ties = plan.assumed, plan.ties

    def say(key: str, **words: object) -> str:
        return phrase(f"homes_reason_{key}", language, **words)

    swap = ""
    if other.alternative_id:
        served, reach = other.drivers_lost >= 0.5, other.passing_lost >= 0.5
        n = other.drivers_lost if served else other.passing_lost
        key = "fewer" if served else "same" if reach else "equal"
        swap = say(key, name=other.alternative or other.alternative_id, n=f"{n:,.0f}")
    more = home.bays_there > assumed["max_bays"] and home.host_kind != "upgrade"
    few = say("capped", there=f"{home.bays_there:.0f}", max=f"{assumed['max_bays']:g}") if more else ""
    kind = kind_word(home.host_kind, language)
    place = say("named", kind=kind, name=home.name) if home.name else say("unnamed", kind=kind)
    near = say("near", km=f"{home.nearest_home_km:.1f}") if np.isfinite(home.nearest_home_km) else ""
    tied = say("tied" if ties.exact else "tied_least", n=number(ties.plans)) if ties.plans > 1 else ""
    lacks = home.lacks_zh if language == "zh" else home.lacks_en
    return phrase(
        "homes_reason", language, drivers=f"{home.drivers:,.0f}", bays=f"{home.bays:.0f}",
        assumed=few or ("" if home.bays_known else say("assumed")), turnover=f"{home.stays_per_bay:.3g}",
        limited=say("limited") if home.limited_by_bays else "", tied=tied,
        minutes=f"{assumed['catchment_minutes']:g}", based=f"{home.drivers_in_catchment:,.0f}",
        detour=f"{assumed['detour_minutes']:g}", passing=f"{home.drivers_passing:,.0f}",
        trucks=f"{home.trucks_passing:,.0f}", near=near, place=place,
        lacks=lacks or say("meets"), other=swap,
    )  # fmt: skip
