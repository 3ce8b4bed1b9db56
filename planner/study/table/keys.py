"""Which keys of a section concern what: a stage takes only those it reads."""

from __future__ import annotations

from planner.settings.siting import Siting

#: Settings of siting that only say what is asked of a finished plan, and in whose words.
ASKED = (
    "curve",
    "alternatives",
    "replacements",
    "sensitivity",
    "target_source",
    "inequality_aversion",
    "evidence",
)


#: Settings of siting that only say where a station could stand, and when it is open.
PLACES = ("host_kinds", "every_m", "places", "street_within_m", "dedupe_m", "min_to_open_m", "cost_yuan", "default_cost_yuan",
           "default_hours", "host_hours")  # fmt: skip


#: Settings of siting that rule on sites; the number of demand scenarios is in their factors.
RULES = tuple(k for k in Siting.model_fields if k not in (*ASKED, *PLACES, "scenarios"))


#: What worker density asks of a group.
DENSITY = ("name", "enabled", "in_headline", "rate_per_1000", "total", "totals", "district_rates_per_1000", "band_low", "band_high",
            "profile", "covariates", "elasticities")  # fmt: skip


#: What a rule on sites asks of a group: whether it counts.
COUNTS = ("name", "enabled", "in_headline")
