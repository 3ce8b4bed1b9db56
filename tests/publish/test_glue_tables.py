"""Whole tables against lists written by hand: assumptions, the certificate, decisions, places, bands on the page."""

from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.publish.page.data import page_content
from planner.publish.page.pack import Island
from planner.settings.reading import parse_settings
from planner.telling.contents.assumptions import ASSUMPTION_COLUMNS, assumption_rows, assumptions
from planner.telling.contents.certificate import certificate_figures, certificate_lines
from planner.telling.contents.coverage import curve_rows
from planner.telling.contents.decision import decision
from planner.telling.contents.places import fullest_first, gap_rows, hotspot_rows
from planner.telling.contents.questions import irreplaceable_line, options
from planner.telling.contents.records import input_rows, station_line
from planner.telling.contents.sites import batch_columns, batch_rows, regret_line
from planner.telling.words.phrases import phrase
from tests.publish.known import known_bundle, one_lot
from tests.publish.toy import CRS, X0, Y0

# -- assumptions --------------------------------------------------------------------------------------------------------

OWN = """
[study]
name = "town"
language = "en"
seed = 7
[inputs.streets]
path = "s.osm"
[circle]
speeds_kmh = { truck = 30.0, ebike = 16.0, path = 6.0 }
[[groups]]
name = "rider"
total = 90.0
band_low = 0.5
band_high = 2.0
source = "a count"
confidence = "M"
covariates = { malls = 0.256, own = 0.744 }
[siting]
quota_min = { west = 1 }
budget_yuan = 50000
target_source = "the letter"
cost_yuan = { kiosk = 9.0 }
"""
PLAIN = '[study]\nname = "t"\nlanguage = "en"\n[inputs.streets]\npath = "s.osm"\n'
#: Key, value, unit, band, trust, and the words that say where it is from ("user": given in the study file).
CIRCLE = [
    ("circle.minutes", 10, "min", None, None, "H", "why_minutes"), ("circle.walk_kmh", 4.0, "km/h", 3.0, 5.0, "H", ""),
    ("circle.readings_m", "500 / 667 / 833", "m", None, None, "H", "why_readings_m"),
    ("circle.snap_limit_m", 100, "m", None, None, "M", "why_snap_limit_m"), ("circle.open_share", "50%", "", None, None, "L", "why_open_share"),
]  # fmt: skip
SITING = [
    ("siting.min_to_open_m", 100, "m", None, None, "M", "why_min_to_open_m"), ("siting.dedupe_m", 40, "m", None, None, "M", "why_dedupe_m"),
    ("siting.street_within_m", 60, "m", None, None, "M", "why_street_within_m"),
    ("siting.default_hours", "08:00-20:00", "", None, None, "L", "why_default_hours"),
]  # fmt: skip
DEMAND = [
    ("demand.cell_m", 200, "m", None, None, "M", "why_cell_m"), ("demand.piece_m", 100.0, "m", 50.0, 200.0, "L", "why_piece_m"),
    ("demand.homes_elsewhere", 0.2, "of 1 for a residential one", 0.1, 0.5, "L", "why_homes_elsewhere"),
    ("demand.thin_venues", 20.0, "venues", 5.0, 50.0, "L", "why_thin_venues"), ("inputs.population.kind", "district totals, along residential streets and in buildings", "", None, None, "M", "why_population"),
]  # fmt: skip
END = [("siting.gap", "0.010%", "", None, None, "", "why_gap")]
OTHER_COST = ("siting.default_cost_yuan", 8000, "CNY", 6250.0, 26_700.0, "L", "why_default_cost_yuan")


def told(text: str, **more: Any) -> list[tuple[Any, ...]]:
    """Rows as the lists above; the long words of a source by their key where that says the same."""
    rows = assumptions(parse_settings(text), **more)
    return [(a.key, a.assumed, a.unit, a.low, a.high, a.trust, a.basis) for a in rows]


def same(rows: list[tuple[Any, ...]], wanted: list[tuple[Any, ...]]) -> None:
    assert [r[:6] for r in rows] == [w[:6] for w in wanted]
    for row, (*_, why) in zip(rows, wanted, strict=True):
        if why.startswith("why_"):
            assert row[6] == phrase(why, "en"), row[0]
        elif why:
            assert row[6] == why


KEPT = ("circle.hours_kept", 1.0, "", 0.7, 1.0, "L", "why_hours_kept")


def test_what_a_study_leaves_as_it_comes_has_our_bands_reasons_and_trust() -> None:
    rows = [
        r
        for r in told(PLAIN + "[siting]\nquota_max = { west = 2 }\n")
        if not r[0].startswith(("groups.", "use.", "siting.inequality"))
    ]
    ebike = ("circle.speeds_kmh.ebike", 15.0, "km/h", 15.0, 20.0, "L", "why_ebike")
    target = ("siting.p", "a fifth of the candidates, 200 at most", "", None, None, "L", "why_p")
    quotas = ("siting.quotas", "half of a share by population", "", None, None, "M", "why_quotas")
    seed = ("study.seed", str(parse_settings(PLAIN).study.seed), "", None, None, "", "why_seed")
    same(rows, [*CIRCLE, KEPT, ebike, *DEMAND, target, quotas, *SITING, OTHER_COST, *END, seed])


def test_what_a_study_says_itself_is_its_own_without_our_bands() -> None:
    rows = told(OWN, kinds=("kiosk", "bank", "nowhere"))
    groups = [r for r in rows if r[0].startswith("groups.rider")]
    profile = parse_settings(OWN).headline_groups[0].profile
    spans = ["06:00–10:00", "10:00–14:00", "14:00–17:00", "17:00–22:00", "22:00–06:00"]
    shares = "\n".join(
        f"{span} {100 * share:.0f}%" for span, share in zip(spans, profile.values(), strict=True)
    )
    same(groups, [
        ("groups.rider.total", 90.0, "people", 45.0, 180.0, "M", "a count"), ("groups.rider.profile", shares, "", None, None, "L", "why_profile"),
        ("groups.rider.covariates", "malls 26%\nown 74%", "", None, None, "L", "why_covariates"),
    ])  # fmt: skip
    speeds = [
        ("circle.speeds_kmh.ebike", 16.0, "km/h", 15.0, 20.0, "L", "why_ebike"), ("circle.speeds_kmh.path", 6.0, "km/h", None, None, "L", "why_user"),
        ("circle.speeds_kmh.truck", 30.0, "km/h", None, None, "L", "why_user"),
    ]  # fmt: skip
    same([r for r in rows if not r[0].startswith(("groups.", "use.", "siting.inequality"))], [
        *CIRCLE, KEPT, *speeds, *DEMAND, ("siting.p", "a fifth of the candidates, 200 at most", "", None, None, "", "the letter"),
        ("siting.quotas", "given in the study file", "", None, None, "M", "why_quotas"), *SITING,
        ("siting.cost_yuan.bank", 7200.0, "CNY", 6250.0, 9874.0, "M", ""), ("siting.cost_yuan.kiosk", 9.0, "CNY", None, None, "", "why_user"),
        OTHER_COST, ("siting.budget_yuan", 50_000, "CNY", None, None, "", "why_user"), *END, ("study.seed", "7", "", None, None, "", "why_seed"),
    ])  # fmt: skip
    names = {a.key: a.parameter for a in assumptions(parse_settings(OWN))}
    assert names["groups.rider.total"] == "food-delivery riders · head-count"
    assert (names["circle.speeds_kmh.path"], names["circle.speeds_kmh.truck"]) == (
        "Speed (path)",
        "Speed (truck)",
    )


def test_changed_settings_are_the_study_s_own() -> None:
    text = PLAIN + (
        "[circle]\nminutes = 12\nwalk_kmh = 4.5\nsnap_limit_m = 80\nopen_share = 0.75\n[demand]\ncell_m = 100\n"
        '[siting]\np = 9\nquotas = "none"\nmin_to_open_m = 1\ngap = 0.00005\ndefault_cost_yuan = 3\n'
    )  # fmt: skip
    rows = {r[0]: r for r in told(text)}
    for key, value in (
        ("circle.minutes", 12), ("circle.snap_limit_m", 80), ("circle.open_share", "75%"), ("siting.p", 9), ("siting.min_to_open_m", 1),
        ("siting.gap", "0.005%"), ("siting.default_cost_yuan", 3),
    ):  # fmt: skip
        assert rows[key][1] == value
        assert rows[key][3:] == (None, None, "", phrase("why_user", "en")), key


def test_every_known_covariate_has_its_word() -> None:
    keys = [
        "restaurants",
        "malls",
        "offices",
        "population",
        "depots",
        "hubs",
        "chargers",
        "streets",
        "main_streets",
        "construction",
        "logistics",
        "ports",
        "industry",
    ]
    given = ", ".join(f"{k} = {1 / len(keys)}" for k in keys)
    text = PLAIN + f'[[groups]]\nname = "rider"\nrate_per_1000 = 1.0\ncovariates = {{ {given} }}\n'
    found = next(r for r in told(text) if r[0] == "groups.rider.covariates")[1].splitlines()
    assert found == [f"{phrase(f'cov_{k}', 'en')} 8%" for k in keys]


def test_assumptions_behind_a_plan_are_a_table_with_the_trust_in_words() -> None:
    table = assumption_rows(known_bundle())
    assert list(table.columns) == [c.key for c in ASSUMPTION_COLUMNS]
    assert list(table.columns) == [
        "part",
        "parameter",
        "assumed",
        "unit",
        "low",
        "high",
        "basis",
        "trust",
        "key",
    ]
    trust = dict(zip(table["key"], table["trust"], strict=True))
    assert (trust["circle.minutes"], trust["study.seed"]) == (phrase("trust_H", "en"), "")
    kinds = {k.removeprefix("siting.cost_yuan.") for k in table["key"] if k.startswith("siting.cost_yuan.")}
    assert kinds
    assert kinds <= set(known_bundle().candidates["host_kind"])


# -- the certificate ------------------------------------------------------------------------------------------------------


def of_goal(aim: str, objective: float, bound: float, language: str = "en", status: str = "feasible") -> Any:
    base = known_bundle(language)
    goal = base.settings.siting.goal.model_copy(update={"aim": aim})
    siting = base.settings.siting.model_copy(update={"goal": goal})
    solution = dataclasses.replace(base.solution, objective=objective, bound=bound, status=status)
    return known_bundle(
        language, settings=base.settings.model_copy(update={"siting": siting}), solution=solution
    )


@pytest.mark.parametrize("aim", ["fair", "lexicographic"])
def test_a_goal_in_shares_is_told_in_hundredths_of_a_per_cent_its_bound_rounded_up(aim: str) -> None:
    value, bound, gap = certificate_figures(of_goal(aim, 0.612345, 0.700001))
    assert (value.label, value.value, value.kind, value.text) == (
        phrase("cert_goal_value", "en"),
        0.6123,
        "share",
        "61.23%",
    )
    assert (bound.label, bound.value, bound.kind, bound.text) == (
        phrase("cert_goal_bound", "en"),
        0.7001,
        "share",
        "70.01%",
    )
    assert gap.label == phrase("cert_gap_label", "en")
    # a bound a hair above: what arithmetic adds does not count
    _, near, _ = certificate_figures(of_goal(aim, 0.6, 0.7 + 0.7e-10))
    assert (near.value, near.text) == (0.7, "70.00%")
    _, above, _ = certificate_figures(of_goal(aim, 0.6, 0.7 + 2e-10))
    assert (above.value, above.text) == (0.7001, "70.01%")


def test_the_certificate_of_the_known_town_in_its_figures() -> None:
    found = [(f.label, f.value, f.kind, f.text) for f in certificate_figures(known_bundle())]
    label = {
        k: phrase(f"cert_{k}", "en")
        for k in ("objective", "bound", "gap_label", "new_gap_label", "worth_label")
    }
    assert found == [
        (label["objective"], 840, "people", "840"), (label["bound"], 854, "people", "854"), (label["gap_label"], 0.0162, "gap", "1.620%"),
        (label["new_gap_label"], 0.03163, "gap", "3.163%"), (label["worth_label"], 2, "count", ""),
    ]  # fmt: skip
    lines = certificate_lines(known_bundle())
    assert len(lines) == 4
    assert "840" in lines[1]
    assert "854" in lines[1]
    assert "14" in lines[1]
    assert "3.163%" in lines[1]
    assert ("1.620%" in lines[0], "5" in lines[0], "2" in lines[2]) == (True, True, True)


# -- decisions, places, records -----------------------------------------------------------------------------------------


def test_a_share_that_is_not_known_on_both_sides_is_no_row_of_the_decision() -> None:
    base = known_bundle()
    before = dataclasses.replace(base.before, readings={})
    labels = [r.label for r in decision(known_bundle(before=before)).rows]
    assert not [label for label in labels if "night" in label]
    assert [label for label in labels if "Two or more" in label]


def areas(n: int) -> gpd.GeoDataFrame:
    shapes = [shapely.box(X0 + 300 * k, Y0, X0 + 300 * k + 200, Y0 + 200) for k in range(n)]
    return gpd.GeoDataFrame(
        {"name": [f"a{k}" for k in range(n)], "workers": [float((7 * k) % n) for k in range(n)], "district": "west",
         "area_km2": 0.12345, "peak_period": "06_10"}, geometry=shapes, crs=CRS,
    )  # fmt: skip


def test_the_ten_places_with_most_workers_are_printed_and_none_where_there_are_none() -> None:
    bundle = known_bundle(gaps=areas(12), hotspots=areas(12))
    gaps, hot = gap_rows(bundle), hotspot_rows(bundle)
    assert gaps is not None
    assert hot is not None
    assert gaps["gap_workers"].tolist() == hot["workers"].tolist() == [float(v) for v in range(11, 1, -1)]
    assert gaps["gap_place"].tolist()[0] == hot["gap_place"].tolist()[0] == "a5"  # 35 = 2 · 12 + 11
    assert (gaps["district"].iloc[0], hot["area_km2"].iloc[0], hot["peak_period"].iloc[0]) == (
        "West",
        0.12,
        "06:00–10:00",
    )
    for none in (areas(0), None):
        assert hotspot_rows(known_bundle(hotspots=none)) is None
    assert gap_rows(known_bundle(gaps=areas(0))) is None
    assert fullest_first(areas(3))["workers"].tolist() == [2, 1, 0]
    strange = gap_rows(known_bundle(gaps=areas(1).assign(district="north")))
    assert strange is not None
    assert strange["district"].tolist() == ["north"]
    odd = hotspot_rows(known_bundle(hotspots=areas(1).assign(peak_period="noon")))
    assert odd is not None
    assert odd["peak_period"].tolist() == ["noon"]


def test_the_curve_is_a_table_by_number_of_sites_or_none() -> None:
    table = curve_rows(known_bundle())
    assert table is not None
    assert table.to_numpy().tolist() == [[0, 0.41, 0.41], [3, 0.79, 0.805], [5, 0.84, 0.854]]
    assert table.columns.tolist() == ["n", "curve_share", "curve_bound"]
    assert curve_rows(known_bundle(curve=None)) is None


def test_how_the_rows_of_the_lists_become_the_open_stations() -> None:
    base = known_bundle()
    rows = {"listed": 1200, "repeated": 30, "unplaced": 4, "away": 5, "read": 1161, "existing": 1100}
    said = station_line(dataclasses.replace(base, run={"stations": rows}))
    assert said == (
        "The lists of stations have 1,200 rows: 1,170 stations once 30 repeated rows are merged. 4 without coordinates that can be "
        "used and 5 in water or outside the study area are left out; of the 1,161 taken, 61 are not open, so 1,100 stations are open today."
    )
    for none in ({}, {"stations": {}}, {"stations": rows | {"listed": 0}}):
        assert station_line(dataclasses.replace(base, run=none)) == ""


def test_inputs_that_say_little_leave_their_cells_empty() -> None:
    bundle = dataclasses.replace(
        known_bundle(),
        run={"inputs": [{}, {"name": "streets", "path": "C:\\a\\b.osm", "rows": 3, "sha256": "x"}]},
    )
    rows = input_rows(bundle)
    assert rows.iloc[0].tolist()[1:] == ["", None, ""]
    assert rows.iloc[1].tolist()[1:] == ["b.osm", 3, "x"]
    assert len(input_rows(dataclasses.replace(bundle, run={}))) == 0


def test_the_regret_of_phases_is_told_where_it_is_known() -> None:
    assert regret_line(known_bundle()) == phrase("intro_regret", "en")
    table = batch_rows(known_bundle())
    assert table is not None
    assert table.to_numpy().tolist() == [["2025", 3, 380, 0.79, 0.015], ["2026", 2, 50, 0.84, 0.002]]
    assert [c.key for c in batch_columns(table)] == [
        "batch",
        "sites_new",
        "covered_new",
        "share_after",
        "regret",
    ]
    unknown = known_bundle(phases=None)
    assert regret_line(unknown) == ""
    bare = batch_rows(unknown)
    assert bare is not None
    assert "regret" not in [c.key for c in batch_columns(bare)]
    half = known_bundle(phases=pd.DataFrame({"name": ["2026"], "regret": [0.25]}))
    assert regret_line(half) != ""
    assert regret_line(known_bundle(chosen=known_bundle().chosen.assign(batch=""))) == ""


def test_sites_that_nothing_could_replace_are_told_by_rank() -> None:
    assert irreplaceable_line(known_bundle(replacements=None)) == ""
    said = irreplaceable_line(known_bundle())
    assert "1, 3, 4, 5" in said
    assert "1、3、4、5" in irreplaceable_line(known_bundle("zh"))
    every = pd.concat([known_bundle().replacements.assign(rank=r) for r in range(1, 6)])
    assert irreplaceable_line(known_bundle(replacements=every)) == ""
    assert [o.key for o in options(known_bundle())] == [
        "alternatives",
        "rules",
        "sensitivity",
        "replacements",
    ]
    assert [o.long for o in options(known_bundle())] == [False, False, False, True]
    none = known_bundle(
        alternatives=known_bundle().alternatives.iloc[:0],
        sensitivity=known_bundle().sensitivity.iloc[:0],
        rule_prices=None,
    )
    assert [o.key for o in options(none)] == ["replacements"]


# -- bands on the page ------------------------------------------------------------------------------------------------------


def test_the_page_has_the_printed_bands_of_each_figure_where_there_are_draws() -> None:
    """Every draw is half or one and a half of the estimate, so a number's band is its figure times these, a share's is itself."""
    base = known_bundle()
    workers = np.full(len(base.demand), 5.0)
    surfaces = np.array([0.5, 1.5] * 20)[:, None] * workers
    bundle = known_bundle(ensemble=one_lot(surfaces, 5.0), demand=base.demand.assign(workers=5.0))
    bands = page_content(bundle, Island())["headline"]["bands"]
    cells = 5.0 * len(workers)
    covered = [float(c.cells["covered"].sum()) for c in (base.before, base.after)]
    assert covered[0] < covered[1]
    assert bands == {
        "share": [[round(c / cells, 3)] * 2 for c in covered], "new": [round(f * (covered[1] - covered[0])) for f in (0.5, 1.5)],
        "workers": [0.5 * cells, 1.5 * cells],
    }  # fmt: skip
    none = page_content(known_bundle(), Island())["headline"]["bands"]
    assert none == {"share": [None, None], "new": None, "workers": None}


def test_what_is_assumed_of_use_and_of_fairness_has_its_band_and_its_reason() -> None:
    """Factors go up and down by 1.6, idle minutes by 1.5; shares and the length of a visit have no band."""
    rows = {r[0]: r for r in told(PLAIN) if r[0].startswith(("use.", "siting.inequality"))}
    factors = {"toilet": (2.0, 1.25, 3.2), "water": (1.3, 0.812, 2.08), "parking": (1.3, 0.812, 2.08),
               "battery": (1.5, 0.938, 2.4), "findable": (3.0, 1.875, 4.8)}  # fmt: skip
    idle = {"rider": (60.0, 40.0, 90.0), "courier": (40.0, 26.7, 60.0), "ride_hail": (60.0, 40.0, 90.0),
            "sanitation": (90.0, 60.0, 135.0), "traffic_police": (45.0, 30.0, 67.5)}  # fmt: skip
    shares = {"toilet": 0.4, "water": 0.95, "parking": 0.5, "battery": 0.01, "findable": 0.38}
    wanted = {
        "siting.inequality_aversion": (1.0, "", 0.5, 2.0), "use.visits_per_day": (3.1, "visits a day", 0.8, 12.4),
        "use.halving_minutes": (4.0, "min", 2.0, 8.0), "use.visit_minutes": (20.0, "min", None, None),
        **{f"use.factor.{k}": (v, "", low, high) for k, (v, low, high) in factors.items()},
        **{f"use.share.{k}": (v, "", None, None) for k, v in shares.items()},
        **{f"use.idle_minutes.{k}": (v, "min", low, high) for k, (v, low, high) in idle.items()},
    }  # fmt: skip
    assert {k: r[1:5] for k, r in rows.items()} == wanted
    assert {k for k, r in rows.items() if r[5] == "M"} == {"use.factor.toilet", "use.share.toilet"}
    assert all(r[6].strip() for r in rows.values())


def test_the_page_holds_every_part_that_its_program_asks_for() -> None:
    content = page_content(known_bundle(), Island())
    assert {
        "about", "words", "bounds", "headline", "evidence", "glossary", "districts", "water", "context", "roads", "cells", "areas", "gaps",
        "hotspots", "stations", "sites", "board", "extras",
    } <= set(content)  # fmt: skip


def test_a_figure_without_a_band_has_only_its_middle() -> None:
    from planner.facts.register import Fact, Scope
    from planner.telling.contents.intervals import _points

    one = Fact("workers", Scope(plan=""), 12.3, 12.0)
    assert _points(one) == (None, one.shown_middle(), None)
