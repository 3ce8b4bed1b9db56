"""Changing any key of the study file changes the keys of exactly those stages that may depend on it.

Two tables written by hand: which stage stands on which (``STANDS_ON``), and which stages read a key of the study file
(``READ_BY``). For every key of
the schema the stages whose keys change must be those that read it and all that stand on those, no more and no fewer. A new key without an entry fails here: say which stages read it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from planner.settings.reading import read_settings
from planner.settings.whole import Settings
from planner.study.study import Study
from tests.study.settings_walk import another, patterns, replaced, value_at
from tests.study.town import Place, street_town, write_table

#: Stage → the stages whose values it takes.
STANDS_ON: dict[str, tuple[str, ...]] = {
    "network:walk": (),
    "network:ebike": ("network:walk",),  # its CRS
    "network:car": ("network:walk",),
    "network:truck": ("network:walk",),
    "frame": ("network:walk",),
    "words": (),
    "inputs": ("frame",),
    "truck_lists": ("network:walk",),  # its CRS
    "stations": ("inputs", "network:walk"),
    "demand": ("inputs", "network:walk"),
    "candidates": ("inputs", "stations", "network:walk"),
    "hotspots": ("inputs", "demand"),
    "ways": (),
    "reach:stations:walk": ("stations", "demand", "network:walk"),
    "reach:candidates:walk": ("candidates", "demand", "network:walk"),
    "existing": ("ways", "reach:stations:walk", "stations"),
    "new": ("ways", "reach:candidates:walk", "candidates"),
    "coverage": ("demand", "existing", "inputs"),
    "covers": ("stations", "existing", "demand"),
    "rules": ("candidates", "inputs"),
    "worth": ("demand",),
    "factors": ("demand",),
    "classes": ("demand", "existing", "new"),
    "posing": ("demand", "inputs", "candidates", "existing", "new", "classes", "factors", "previous_sites"),
    "previous": ("inputs",),
    "previous_sites": ("previous", "candidates", "stations"),
    "added_workers": ("posing", "problem", "siting"),
    "site_changes": ("previous_sites", "plan", "candidates", "stations", "added_workers"),
    "previous_actions": ("previous_sites", "action_places", "stations"),
    "earlier_adds": ("action_problem", "actions_solved", "previous_actions"),
    "action_changes": ("previous_actions", "actions", "earlier_adds"),
    "problem": ("posing", "rules"),
    "siting": ("posing", "problem"),
    "confidence": ("posing", "problem", "siting"),
    "nearest": ("network:walk", "stations", "candidates"),
    "stand_ins": ("posing", "problem", "siting", "network:walk"),
    "plan": (
        "posing",
        "problem",
        "siting",
        "covers",
        "inputs",
        "coverage",
        "nearest",
        "stand_ins",
        "confidence",
    ),
    "against_half": ("posing", "plan"),
    "finished": ("posing", "problem", "siting", "plan"),
    "curve:searched": ("problem",),
    "curve": ("curve:searched", "finished"),
    "alternatives": ("finished",),
    "replacements": ("finished", "stand_ins"),
    "fewer_streets": ("posing", "network:walk", "stations", "demand", "ways"),
    "hanging": ("network:walk", "demand", "stations", "existing", "ways", "coverage"),
    "sensitivity": ("finished", "fewer_streets"),
    "fair_front": ("finished",),
    "rule_prices": ("finished",),
    "visits": ("stations",),
    "spots": ("demand", "existing", "new"),
    "law_of_use": ("spots", "stations", "visits"),
    "grade_rules": (),
    "grades": ("grade_rules", "stations", "covers", "existing", "demand", "visits"),
    "choice": ("law_of_use", "stations", "candidates"),
    "use": ("law_of_use", "spots", "inputs", "stations", "candidates", "siting"),
    "backtest": ("demand", "classes", "inputs", "stations"),
    "knowledge": ("finished", "demand"),
    "pilots": ("finished", "demand"),
    "truck_tags": ("inputs",),
    "ground": ("inputs", "demand", "truck_tags", "truck_lists"),
    "trucks": ("network:truck", "ground"),
    "homes": ("trucks", "network:truck"),
    "sites": ("stations", "candidates", "siting"),
    "reach:second:ebike": ("network:ebike", "sites", "demand"),
    "second_views": ("reach:second:ebike", "demand", "existing", "new", "siting"),
    "fairness": ("classes", "siting"),
    "area_today": ("network:walk", "stations"),
    "areas": ("network:walk", "area_today", "sites"),
    "gaps": ("demand", "plan", "inputs"),
    "font": (),
    "partners": ("inputs",),
    "reach:partners:walk": ("partners", "demand", "network:walk"),
    "partner_reach": ("ways", "reach:partners:walk", "partners"),
    "action_classes": ("demand", "existing", "new", "partner_reach"),
    "action_places": ("stations", "candidates", "action_classes", "partners"),
    "action_rules": ("stations", "candidates", "inputs", "partners"),
    "action_problem": ("action_places", "action_rules", "inputs", "previous_actions"),
    "actions_solved": ("action_problem",),
    "actions": (
        "action_problem",
        "actions_solved",
        "coverage",
        "existing",
        "new",
        "partner_reach",
        "stations",
        "ways",
        "demand",
        "inputs",
        "network:walk",
    ),
    "money_front": ("action_problem",),
    "actions_fair_front": ("action_problem", "actions_solved"),
    "union:lists": ("stations", "truck_lists", "inputs", "frame"),
    "union:people": ("demand", "inputs"),
    "union:elsewhere": ("candidates", "siting"),  # one network here is planned by siting
    "union:hosts": ("union:lists", "inputs", "network:walk"),
    "union:judged": ("union:hosts",),
    "union:places": ("union:lists", "union:hosts", "union:elsewhere"),
    "union:reach": ("union:lists", "union:places", "network:walk", "demand"),
    "union:plan": ("union:lists", "union:places", "union:reach", "union:people", "demand"),
    "union:today": ("union:lists", "union:people", "demand", "ways", "network:walk"),
    "union:after": (
        "union:lists",
        "union:people",
        "demand",
        "ways",
        "network:walk",
        "union:elsewhere",
        "union:plan",
    ),
}
VERBS = ("action_rules", "action_problem")
SOLVING = ("actions_solved", "money_front", "actions_fair_front")
SERVING = ("union:today", "union:after")
NETWORKS = ("network:walk", "network:ebike", "network:car", "network:truck")
REACHES = ("reach:stations:walk", "reach:candidates:walk")
TABLE_KEYS = (
    "path", "crs", "datum", "sheet", "layer", "header_row", "encoding", "columns{}", "swap", "max_missing_share",
)  # fmt: skip


def table(role: str) -> list[str]:
    return [f"inputs.{role}.{key}" for key in TABLE_KEYS]


def keys(section: str, words: str) -> list[str]:
    return [section + word for word in words.split()]


#: Keys of the study file → the stages that read them (not: those that stand on these).
READ_BY: list[tuple[Iterable[str], tuple[str, ...]]] = [
    # -- study: notes are for the products alone; the name is that of the area where no districts are given
    (keys("study.", "accept_gap synthetic synthetic_note_zh synthetic_note_en map_approval_no base_maps[] tianditu_key scenario"), ()),
    (["scenarios{}"], ()),  # each is a study of its own
    (keys("study.", "name title_zh title_en"), ("inputs",)),
    (["study.language"], ("plan", "font", "actions", "hotspots")),
    (["study.effort"], (*SOLVING, "union:plan", "rules", "posing", "backtest")),
    (["study.crs"], ("network:walk", "inputs")),
    (["study.seed"], (*SOLVING, "union:plan", "demand", "posing", "trucks", "law_of_use", "use", "backtest", "fewer_streets")),
    # -- files
    (keys("inputs.streets.", "path crs"), (*NETWORKS, "inputs")),
    (["inputs.streets.margin_m"], ("inputs",)),
    ([*table("districts"), *table("towns"), *table("stations[]"), *table("hosts")], ("inputs",)),
    (keys("inputs.population.", "kind path column crs total"), ("inputs",)),
    (table("observations"), ("inputs", "demand")),
    ([*table("truck_counts"), *table("truck_sites"), *table("driver_homes[]")], ("truck_lists",)),
    (table("visits"), ("visits",)),
    ([*table("grades"), *table("grade_costs")], ("grade_rules",)),
    # -- who works when
    (keys("periods[].", "start_h end_h"),
     ("partner_reach", "action_problem", "actions", "demand", "hotspots", "existing", "new", "coverage", "covers", "posing", "plan", "second_views", "fairness", "union:hosts", "union:plan", *SERVING)),
    # a name goes with the weight that the goal gives it
    (["periods[].name"], ("partner_reach", *VERBS, "actions", "grades", "demand", "hotspots", "existing", "new", "coverage", "covers", "rules", "worth", "posing", "plan", "second_views", "fairness", "law_of_use", "use", "backtest", "union:hosts", "union:people", "union:plan", *SERVING)),
    (["groups[].name"], (*VERBS, "demand", "ways", "rules", "worth", "posing", "plan", "second_views", "choice", "union:people", "union:plan", *SERVING)),
    (keys("groups[].", "enabled in_headline"), ("union:people", "demand", "ways", "worth", "posing", "plan", "reach:second:ebike", "second_views", "choice")),
    (keys("groups[].", "name_zh name_en"), ("plan",)),
    (keys("groups[].", "source confidence"), ()),
    (keys("groups[].", "rate_per_1000 total totals{} district_rates_per_1000{} band_low band_high profile{} covariates{} "
                       "elasticities{}"), ("demand",)),
    (["groups[].mode"], ("ways",)),  # the group then travels by another stage
    (["groups[].minutes"], ("ways", "second_views")),
    (["groups[].second_mode"], ("reach:second:ebike", "second_views")),
    # -- demand
    (["demand.cell_m"], ("demand", "gaps")),
    (keys("demand.", "cell_origin_m[] piece_m piece_start homes_elsewhere thin_venues min_observed observed_share observed_at_places ensemble level smooth bandwidth_m share_band "
                     "elasticity_band local_sd local_m far_sd far_m field_correlation rate_correlation district_totals{} season hottest_h[] heat_groups[] events[].name events[].polygon[] "
                     "events[].workers events[].group"), ("demand",)),
    # -- the circle
    (["circle.minutes"], ("reach:partners:walk", "actions", "ways", *REACHES, "stand_ins", "confidence", "alternatives", "sensitivity", "area_today", "areas", "fewer_streets")),
    (["circle.walk_kmh"], ("reach:partners:walk", "partner_reach", "actions", *NETWORKS, *REACHES, "existing", "new", "nearest", "stand_ins", "confidence", "alternatives", "sensitivity", "fewer_streets")),
    (["circle.readings_m[]"], ("actions", "coverage", "plan", "against_half", "sensitivity", "fewer_streets")),  # none of the others is the farthest here
    (["circle.snap_limit_m"], ("reach:partners:walk", "actions", "union:reach", *SERVING, "stations", *REACHES, "stand_ins", "reach:second:ebike", "fewer_streets", "hanging")),
    (["circle.open_share"], ("action_problem", "actions", "union:hosts", "union:plan", *SERVING, "coverage", "covers", "grades", "posing", "plan", "against_half", "second_views", "backtest", "fairness")),
    (["circle.speeds_kmh{}"], ("network:ebike",)),  # the one given is the e-bike's
    (["circle.turn_restrictions"], ("network:car", "network:truck")),
    (keys("circle.", "source hours_kept_source"), ()),
    (keys("circle.", "hours_kept hours_kept_band[]"), ("partner_reach", "actions", "existing", "new", "law_of_use", "choice", "use")),
    # -- new stations
    (keys("siting.", "p batches[].name batches[].count"), ("rules", "posing", "plan")),
    (keys("siting.", "quotas quota_min{} quota_max{} kind_min{} kind_max{} budget_yuan final_phase_weight "
                     "forbidden[]"), ("rules", "posing")),
    (["siting.refused{}"], ("action_problem", "action_rules", "rules", "posing")),
    (keys("siting.", "gap work_limit"), ("rules", "posing", "backtest")),
    (["siting.time_limit_s"], (*SOLVING, "rules", "posing", "backtest")),
    (["siting.required[]"], ("candidates", "rules", "posing")),  # a required host is taken before its neighbours
    (["siting.host_kinds[]"], ("words", "candidates")),
    (keys("siting.", "places[].id places[].lng places[].lat places[].open_hours"), ("words", "candidates")),
    (["siting.cost_yuan{}"], ("action_problem", "words", "candidates")),
    (["siting.host_hours{}"], ("words", "candidates", "union:hosts")),
    (keys("siting.", "every_m min_to_open_m"), ("candidates",)),
    (["siting.default_cost_yuan"], ("action_problem", "candidates")),
    (keys("siting.", "street_within_m dedupe_m"), ("candidates", "union:hosts")),
    (["siting.default_hours"], ("partner_reach", "action_places", "actions", "words", "candidates", "existing", "new", "union:hosts", "union:plan", *SERVING)),
    (keys("siting.goal.", "tail credit[] spacing_m spacing_price visits_per_day visits_by_kind{} visits_per_worker relocate "
                          "budget_only fade_m[] open_rule"), (*VERBS, "rules", "posing")),
    (keys("siting.goal.", "group_weights{} period_weights{}"), (*VERBS, "rules", "worth", "posing")),
    (["siting.goal.aim"], (*VERBS, "rules", "posing", "factors")),
    (["siting.scenarios"], ("rules", "confidence")),
    (["siting.curve[]"], ("curve:searched",)),
    (["siting.alternatives"], ("alternatives",)),
    (["siting.replacements"], ("replacements",)),
    (keys("siting.", "sensitivity target_source evidence[]"), ()),
    (["siting.inequality_aversion"], ("actions_fair_front",)),
    # -- the five verbs; the years have the money
    (keys("actions.", "enabled budget_yuan yearly_yuan"), ()),
    (["actions.frontier"], ("money_front",)),
    (keys("actions.", "work_limit gap"), SOLVING),
    (["actions.years[].name"], ("actions",)),
    (keys("actions.years[].", "budget_yuan yearly_yuan"), (*VERBS, "actions")),
    (keys("actions.", "lost_most lost_most_by_district{}"), (*VERBS, "actions_solved")),
    (keys("actions.grades[].", "name name_zh name_en hosts[] one_off_yuan one_off_band[] yearly_yuan yearly_band[] confidence source bonus"), (*VERBS, "actions")),
    ([*keys("actions.hours[].", "name name_zh name_en hosts[] one_off_yuan one_off_band[] yearly_yuan yearly_band[] confidence source hours"),
      *keys("actions.", "least{} most{} open_least spacing_m quota_min{} quota_max{} move_share move_band[] close_yuan close_band[] count_partners "
                        "cobrand_yuan cobrand_band[] cobrand_yearly_yuan"),
      *(f"actions.{k}[].{w}" for k in ("required", "forbidden") for w in ("verb", "place", "hours", "grade"))], VERBS),
    ([k.replace("inputs.", "actions.") for k in table("partners[]")], ("partners",)),
    # -- last year's plan
    (keys("previous.", "run datum"), ("previous",)),
    (["previous.within_m"], ("previous_sites", "previous_actions")),
    (["previous.change_workers"], ("rules", "posing", "action_problem", "site_changes", "action_changes")),
    # -- use
    (keys("use.", "enabled source"), ()),
    (keys("use.", "visits_per_day visits_band[] halving_minutes halving_band[] factor{} factor_band least_counted block_m"), ("law_of_use",)),
    (keys("use.", "share{} idle_minutes{} visit_minutes"), ("law_of_use", "choice", "use")),
    (keys("use.", "idle_band draws"), ("use",)),
    # -- grades
    (keys("grades.", "enabled source"), ()),
    (["grades.subsidy_yuan{}"], ("grade_rules",)),
    (keys("grades.", "reference_date low_visits_per_day complaints least_hours_kept review_months"), ("grades",)),
    # -- trucks
    (["freight.enabled"], ()),
    (keys("freight.", "problem target_drivers target_source max_homes turnover_per_day occupancy stays_sigma stays_spread visits_per_driver_month hourly_local[] hourly_long[] "
                      "night_share_local night_share_long max_bays cost_yuan kind_cost_yuan{} upgrade_cost_yuan upgrade_bays "
                      "budget_yuan min_showers min_washers must_open_24h services[] stars{} gap time_limit_s curve_to"),
     ("homes",)),
    (keys("freight.", "days_per_month catchment_minutes detour_minutes yard_kmh drive_limit_minutes trips_per_driver_day "
                      "outside_trips_per_month through_share outside_share through_min_km beta_per_minute mean_trip_minutes "
                      "multipath_draws multipath_sigma toll_minutes_per_km toll_sigma adjust_to count_slack trips_slack "
                      "gateway_slack gateway_trucks{} gateway_merge_km truck_share generator_merge_m kind_bays{} street_within_m "
                      "dedupe_m spacing_km min_bays"), ("trucks", "homes")),
    (["freight.site_kinds[]"], ("words", "trucks", "homes")),
    # -- the union's networks
    (["union.in_run", "networks[].use", "networks[].source", "networks[].confidence", "networks[].cost_band_yuan[]"], ()),
    (keys("networks[].people.", "band[] source"), ("union:people", "union:plan", *SERVING)),
    (keys("union.", "budget_yuan gap work_limit time_limit_s"), ("union:plan",)),
    (keys("union.", "double_m count_partners"), SERVING),
    # the first network here stands on the second, so that no host is looked for
    (["networks[].name"], ("union:lists", "union:people", "union:judged", "union:places", "union:reach", "union:plan", *SERVING)),
    (keys("networks[].", "title_zh title_en"), ("union:lists", "union:people", "union:judged", "union:places", "union:plan", *SERVING)),
    ([k.replace("inputs.", "networks[].") for k in table("lists[]")], ("union:lists",)),
    (["networks[].reported"], ("union:lists",)),
    (["networks[].only_on"], ("union:lists", "union:judged", "union:places", "union:plan", *SERVING)),
    (["networks[].host_kinds[]"], ("union:judged", "union:places")),
    (keys("networks[].", "near_m{} open_in[]"), ("union:judged",)),
    (keys("networks[].", "cost_yuan kind_cost_yuan{}"), ("union:places",)),
    (["networks[].apart_m"], ("union:judged", "union:places", "union:plan")),
    (keys("networks[].", "wanted budget_yuan shares_budget"), ("union:judged", "union:plan")),
    (keys("networks[].", "directory review"), ("union:judged", "union:places", "union:reach", "union:plan")),  # nothing is wanted then
    (["networks[].planned_by"], ("union:lists", "union:people", "union:elsewhere", "union:judged", "union:reach", "union:plan")),  # nor then
    (keys("networks[].", "mode minutes"), ("union:reach", "union:plan", *SERVING)),
    (["networks[].partner"], SERVING),
    (["networks[].worth"], ("union:plan",)),
    (keys("networks[].people.", "groups{} periods[] per_1000_residents at_hosts{} profile{}"), ("union:people", "union:plan", *SERVING)),
]  # fmt: skip
DIRECT: dict[str, tuple[str, ...]] = {key: stages for group, stages in READ_BY for key in group}

#: Values that another of the same kind would not do for.
OTHER: dict[str, Any] = {
    "study.crs": "EPSG:4547",
    "study.base_maps[]": "amap",
    "study.tianditu_key": "0",
    "inputs.streets.crs": "EPSG:4490",
    **{f"inputs.{role}.crs": "EPSG:4490" for role in
       ("districts", "towns", "stations[]", "hosts", "population", "observations", "visits", "grades", "grade_costs", "truck_counts", "truck_sites", "driver_homes[]")},
    **{f"inputs.{role}.header_row": 2 for role in
       ("districts", "towns", "stations[]", "hosts", "observations", "visits", "grades", "grade_costs", "truck_counts", "truck_sites", "driver_homes[]")},
    "groups[].band_high": 1.6,
    "demand.share_band": 1.7,
    "demand.heat_groups[]": "sweeper",
    "demand.hottest_h[]": 13.0,
    "circle.hours_kept": 0.9,
    "circle.hours_kept_band[]": 0.6,
    "demand.events[].polygon[]": (120.61, 31.31),
    "demand.events[].group": "sweeper",
    "siting.host_hours{}": "09:00-18:00",
    "siting.default_hours": "09:00-18:00",
    "siting.goal.fade_m[]": 450.0,
    "freight.stars{}": {"showers": 3.0},
    "grades.reference_date": "2024-02-01",
    "actions.partners[].crs": "EPSG:4490",
    "actions.partners[].header_row": 2,
    "actions.required[].verb": "move",
    "actions.required[].hours": "24h",
    "actions.required[].grade": "smart",
    "actions.forbidden[].verb": "move",
    "actions.forbidden[].hours": "24h",
    "actions.forbidden[].grade": "smart",
    "actions.hours[].hosts[]": "mall",
    "actions.grades[].hosts[]": "mall",
    "actions.hours[].hours": "09:00-19:00",
    "networks[].lists[].crs": "EPSG:4490",
    "networks[].lists[].header_row": 2,
    "networks[].use": "carnation",
    "networks[].only_on": "third",
    "networks[].planned_by": "freight",
    "networks[].host_kinds[]": "mall",
    "networks[].open_in[]": "10_14",
    "networks[].people.periods[]": "10_14",
}  # fmt: skip


# Keys that cannot change alone: what else changes with them, so that the whole still fits together.
def _with_company(path: str, data: dict[str, Any], value: Any) -> dict[str, Any]:
    made = replaced(data, path, value)
    if path == "siting.batches[].count":
        made = replaced(made, "siting.p", sum(b["count"] for b in made["siting"]["batches"]))
    elif path == "siting.p":
        made["siting"]["batches"][-1]["count"] += value - data["siting"]["p"]
    elif path == "periods[].name":
        old = data["periods"][0]["name"]
        for group in made["groups"]:
            group["profile"] = {value if k == old else k: v for k, v in group["profile"].items()}
        weights = made["siting"]["goal"]["period_weights"]
        made["siting"]["goal"]["period_weights"] = {value if k == old else k: v for k, v in weights.items()}
        first = made["networks"][0]
        first["open_in"], first["people"]["periods"] = (value,), (value,)
        first["people"]["profile"] = {
            value if k == old else k: v for k, v in first["people"]["profile"].items()
        }
    elif path in ("periods[].start_h", "periods[].end_h"):
        side, other = ("start_h", "end_h") if path.endswith("start_h") else ("end_h", "start_h")
        shared = data["periods"][0][side]
        next(p for p in made["periods"] if p[other] == shared)[other] = value
    elif path == "groups[].name":
        made["siting"]["goal"]["group_weights"] = {value: 2.0}
        made["demand"]["events"][0]["group"] = value
        made["demand"]["heat_groups"] = (value,)
        made["networks"][0]["people"]["groups"] = {value: 2.0}
    elif path in ("networks[].directory", "networks[].review", "networks[].planned_by"):
        made["networks"][0] |= {"wanted": None, "budget_yuan": None}
    elif path == "networks[].shares_budget":
        made["networks"][0]["budget_yuan"] = None
    elif path == "networks[].people.profile{}":
        profile = made["networks"][0]["people"]["profile"]
        profile["10_14"] += data["networks"][0]["people"]["profile"]["06_10"] - value
    elif path == "groups[].profile{}":
        first, second, *_ = made["groups"][0]["profile"]
        made["groups"][0]["profile"][second] += data["groups"][0]["profile"][first] - value
    return made


FULL = """
[inputs.population]
kind = "grid"
path = "people.csv"
column = "n"
crs = "EPSG:4326"
total = 10000.0
[inputs.towns]
path = "towns.csv"
{every}
[inputs.observations]
path = "seen.csv"
{every}
[inputs.visits]
path = "visits.csv"
{every}
[inputs.grades]
path = "grades.csv"
{every}
[inputs.grade_costs]
path = "costs.csv"
{every}
[grades]
reference_date = "2024-01-31"
subsidy_yuan = {{ one = 10.0 }}
[inputs.truck_counts]
path = "counts.csv"
{every}
[inputs.truck_sites]
path = "sites.csv"
{every}
[[inputs.driver_homes]]
path = "homes.csv"
{every}
[demand]
observed_share = 0.5
bandwidth_m = 400.0
heat_groups = ["rider"]
district_totals = {{ mid = 90.0 }}
[[demand.events]]
name = "fair"
polygon = [[120.6, 31.3], [120.7, 31.3], [120.7, 31.4]]
workers = 30.0
group = "rider"
[circle]
speeds_kmh = {{ ebike = 15.0 }}
[siting.goal]
fade_m = [400.0, 800.0]
credit = [0.9, 0.5]
spacing_m = 50.0
spacing_price = 2.0
visits_per_day = 80.0
visits_by_kind = {{ bank = 60.0 }}
relocate = 1
group_weights = {{ rider = 2.0 }}
period_weights = {{ "06_10" = 2.0 }}
[actions]
budget_yuan = 9000.0
yearly_yuan = 900.0
least = {{ build = 1 }}
most = {{ build = 9 }}
quota_min = {{ mid = 1 }}
quota_max = {{ mid = 9 }}
lost_most = 5.0
lost_most_by_district = {{ mid = 4.0 }}
required = [{{ verb = "build", place = "H", hours = "day", grade = "standard" }}]
forbidden = [{{ verb = "close", place = "S", hours = "day", grade = "standard" }}]
years = [{{ name = "2025", budget_yuan = 5000.0, yearly_yuan = 500.0 }}]
[[actions.hours]]
name = "own"
hours = "09:00-18:00"
hosts = ["bank"]
one_off_yuan = 100.0
one_off_band = [50.0, 200.0]
yearly_yuan = 1000.0
yearly_band = [500.0, 2000.0]
[[actions.hours]]
name = "day"
hours = "08:00-20:00"
[[actions.hours]]
name = "24h"
hours = "00:00-24:00"
[[actions.grades]]
name = "first"
hosts = ["bank"]
one_off_yuan = 100.0
one_off_band = [50.0, 200.0]
yearly_yuan = 1000.0
yearly_band = [500.0, 2000.0]
[[actions.grades]]
name = "standard"
[[actions.grades]]
name = "smart"
[[actions.partners]]
path = "posts.csv"
{every}
[scenarios.small.circle]
minutes = 9
[previous]
run = "then.csv"
datum = "wgs84"
within_m = 40.0
change_workers = 3.0
[union]
budget_yuan = 1e6
[[networks]]
name = "first"
use = "mothers"
title_zh = "一"
title_en = "one"
reported = 3
host_kinds = ["bank"]
near_m = {{ mall = 500.0 }}
open_in = ["06_10"]
only_on = "second"
apart_m = 50.0
wanted = 2
budget_yuan = 50000.0
kind_cost_yuan = {{ bank = 9000.0 }}
source = "ours"
[[networks.lists]]
path = "others.csv"
{every}
[networks.people]
groups = {{ rider = 2.0 }}
periods = ["06_10"]
per_1000_residents = 5.0
at_hosts = {{ bank = 0.5 }}
profile = {{ "06_10" = 0.5, "10_14" = 0.5 }}
source = "ours"
[[networks]]
name = "second"
[[networks]]
name = "third"
planned_by = "siting"
[use]
factor = {{ toilet = 2.5 }}
share = {{ toilet = 0.5 }}
idle_minutes = {{ sweeper = 50.0 }}
"""
EVERY = 'crs = "EPSG:4326"\ndatum = "wgs84"\nsheet = "a"\nlayer = "b"\nheader_row = 1\nencoding = "utf-8"\ncolumns = { x = "y" }\n'
SITING = """p = 3
target_source = "ours"
batches = [{ name = "one", count = 1 }, { name = "two", count = 2 }]
host_kinds = ["bank"]
every_m = 300.0
places = [{ id = "P", lng = 120.63, lat = 31.3, open_hours = "08:00-18:00" }]
quota_min = { mid = 1 }
quota_max = { mid = 3 }
kind_min = { bank = 1 }
kind_max = { bank = 3 }
required = ["A"]
forbidden = ["B"]
refused = { C = "its host refuses" }
cost_yuan = { bank = 5000.0 }
budget_yuan = 90000.0
host_hours = { bank = "08:00-18:00" }
scenarios = 4
quotas = "none"
evidence = ["pilots"]
"""
FREIGHT = """target_drivers = 100.0
target_source = "ours"
mean_trip_minutes = 30.0
night_share_local = 0.2
night_share_long = 0.3
kind_cost_yuan = { fuel = 1000.0 }
budget_yuan = 1e6
stars = { three = { showers = 2.0 } }
"""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A study that gives every key a value, with a file (and another beside it) for every path."""
    folder = tmp_path_factory.mktemp("full")
    path = street_town(
        folder, stations=[Place("s", 100)], hosts=[Place("A", 500), Place("B", 900)], siting=SITING,
        extra=FREIGHT + FULL.format(every=EVERY),
    )  # fmt: skip
    text = (
        path.read_text("utf-8")
        .replace("curve = []", "curve = [2, 4]")
        .replace("alternatives = 0", "alternatives = 2")
    )
    text = text.replace("replacements = 0", "replacements = 2").replace(
        "sensitivity = false", "sensitivity = true"
    )
    text = text.replace("enabled = false\nmean", "enabled = true\nmean")
    text = text.replace('language = "en"\n', 'language = "en"\nbase_maps = ["osm"]\n', 1)
    for table_path in ("streets.geojson", "districts.geojson", "stations.csv", "hosts.csv"):
        every = EVERY.replace('datum = "wgs84"\n', "") if ".csv" in table_path else EVERY
        every = 'crs = "EPSG:4326"\n' if table_path == "streets.geojson" else every
        text = text.replace(f'path = "{table_path}"\n', f'path = "{table_path}"\n{every}')
    group = (
        'second_mode = "ebike"\nname_zh = "骑手"\nname_en = "riders"\ntotal = 80.0\ntotals = { mid = 80.0 }\nconfidence = "M"\n'
        'district_rates_per_1000 = { mid = 8.0 }\nelasticities = { population = 1.0 }\nsource = "own"\n'
    )
    path.write_text(text.replace("rate_per_1000 = 8.0\n", "rate_per_1000 = 8.0\n" + group, 1), "utf-8")
    for name in (
        "people",
        "then",
        "seen",
        "visits",
        "grades",
        "costs",
        "counts",
        "sites",
        "homes",
        "towns",
        "others",
        "posts",
    ):
        write_table(folder / f"{name}.csv", ["lng", "lat", "n"], [(120.6, 31.3, 1)])
    for file in list(folder.iterdir()):
        file.with_name("other-" + file.name).write_bytes(file.read_bytes() + b"\n")
    return read_settings(path)


def changed(settings: Settings, path: str) -> Settings:
    """The same study with another value at one key, whatever else must go with it."""
    data = settings.model_dump()
    kinds = dict(patterns())
    before = value_at(data, path)
    value = OTHER.get(path)
    if value is None:
        value = another(kinds[path], before)
    made = Settings.model_validate(_with_company(path, data, value))
    assert value_at(made.model_dump(), path) != before or "{}" in path
    return made


# -- the tables themselves ----------------------------------------------------------------------------------------


def test_every_key_of_the_study_file_says_which_stages_read_it() -> None:
    there = {path for path, _ in patterns()}
    missing, gone = there - DIRECT.keys(), DIRECT.keys() - there
    assert not missing, f"say in READ_BY which stages read these keys: {', '.join(sorted(missing))}"
    assert not gone, f"no longer keys of the study file: {', '.join(sorted(gone))}"
    assert len(DIRECT) == sum(len(list(group)) for group, _ in READ_BY), "a key stands in READ_BY twice"


def test_the_tables_name_stages_of_the_graph_and_the_graph_has_no_circle() -> None:
    named = {s for stages in [*DIRECT.values(), *STANDS_ON.values()] for s in stages}
    assert named <= STANDS_ON.keys()
    order: list[str] = []
    while len(order) < len(STANDS_ON):
        ready = [s for s, below in STANDS_ON.items() if s not in order and set(below) <= set(order)]
        assert ready, "a circle of stages"
        order += ready


@pytest.mark.parametrize("path", [path for path, _ in patterns()])
def test_there_is_another_value_for_every_key(full: Settings, path: str) -> None:
    assert changed(full, path) != full


# -- the facade -----------------------------------------------------------------------------------------------------


def standing_on(stages: Iterable[str]) -> set[str]:
    """The stages given and all that stand on them."""
    out = set(stages)
    while more := {s for s, below in STANDS_ON.items() if s not in out and out & set(below)}:
        out |= more
    return out


def stage_keys(settings: Settings, cache: Path) -> dict[str, str]:
    """Stage → key, computed without running anything."""
    return Study(settings, cache=cache).stages.keys()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def base(full: Settings, cache: Path) -> dict[str, str]:
    return stage_keys(full, cache)


def test_the_graph_names_the_stages_there_are(base: dict[str, str], cache: Path) -> None:
    assert set(base) == set(STANDS_ON), "say in STANDS_ON what each stage stands on"
    assert len(set(base.values())) == len(base)
    assert not list(cache.rglob("*.npz")), "telling the keys must not run a stage"


def test_the_same_settings_give_the_same_keys(full: Settings, base: dict[str, str], cache: Path) -> None:
    assert stage_keys(Settings.model_validate(full.model_dump()), cache) == base


@pytest.mark.parametrize("path", [path for path, _ in patterns()])
def test_a_changed_key_changes_the_stages_that_read_it_and_all_on_them_and_no_other(
    full: Settings, base: dict[str, str], cache: Path, path: str
) -> None:
    found = stage_keys(changed(full, path), cache)
    differ = {s for s in base.keys() | found.keys() if base.get(s) != found.get(s)}
    renamed = set(base) ^ set(found)  # another mode or other minutes are other stages
    must = standing_on(DIRECT[path]) - renamed
    assert must <= differ, f"stale: {path} does not change {sorted(must - differ)}"
    assert differ - renamed <= must, f"needless: {path} changes {sorted(differ - renamed - must)}"


@pytest.mark.parametrize(
    ("file", "read_by"),
    [
        ("streets.geojson", (*NETWORKS, "inputs")), ("districts.geojson", ("inputs",)), ("stations.csv", ("inputs",)),
        ("hosts.csv", ("inputs",)), ("people.csv", ("inputs",)), ("seen.csv", ("inputs", "demand")),
        ("visits.csv", ("visits",)), ("grades.csv", ("grade_rules",)), ("costs.csv", ("grade_rules",)),
        ("counts.csv", ("truck_lists",)), ("sites.csv", ("truck_lists",)), ("homes.csv", ("truck_lists",)), ("others.csv", ("union:lists",)), ("posts.csv", ("partners",)), ("then.csv", ("previous",)),
    ],
)  # fmt: skip
def test_a_changed_file_changes_the_stages_that_read_it(
    full: Settings, base: dict[str, str], cache: Path, file: str, read_by: tuple[str, ...]
) -> None:
    path = full.inputs.streets.path.parent / file
    kept = path.read_bytes()
    try:
        path.write_bytes(kept + b"\n")
        found = stage_keys(full, cache)
    finally:
        path.write_bytes(kept)
    differ = {s for s in base if base[s] != found[s]}
    assert differ == standing_on(read_by)
