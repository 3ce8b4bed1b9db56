"""Every assumption of a study as a row: value, band, source, confidence, and its key in the study file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from planner.equity.fairness import AVERSION_BAND
from planner.settings.base import Section
from planner.settings.costs import COST_BAND_YUAN, kind_costs
from planner.settings.groups import Group
from planner.settings.reading import defaults
from planner.settings.whole import Settings
from planner.telling.contents.actions.costs import action_assumptions
from planner.telling.contents.columns import Column
from planner.telling.contents.existing.networks import network_assumptions
from planner.telling.contents.use import use_assumptions
from planner.telling.words.names import group_label, host_label, period_labels
from planner.telling.words.numbers import percent
from planner.telling.words.phrases import phrase, translated

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = [
    "ASSUMPTION_COLUMNS",
    "Assumption",
    "assumption_rows",
    "assumption_table",
    "assumptions",
    "network_rows",
]

ASSUMPTION_COLUMNS = (
    Column("part", "text", 12),
    Column("parameter", "text", 30),
    Column("assumed", "decimal", 16),
    Column("unit", "text", 12),
    Column("low", "decimal", 10),
    Column("high", "decimal", 10),
    Column("basis", "text", 60),
    Column("trust", "text", 9),
    Column("key", "text", 34),
)


@dataclass(frozen=True, slots=True)
class Assumption:
    """One assumption; ``low`` and ``high`` are its band where it has one."""

    part: str
    parameter: str
    assumed: float | str
    unit: str
    low: float | None
    high: float | None
    basis: str
    trust: str
    key: str


def _is_default(section: Section, name: str) -> bool:
    """Whether the study left this setting as it comes, so that our reason for it holds."""
    return bool(getattr(section, name) == type(section).model_fields[name].default)


def _circle(settings: Settings) -> Iterator[Assumption]:
    language, circle = settings.study.language, settings.circle

    def row(name: str, value: float | str, unit: str, low: float | None = None, high: float | None = None,
            trust: str = "", basis: str = "") -> Assumption:  # fmt: skip
        own = not basis and not _is_default(circle, name)
        words = (
            translated(basis, language) if basis else phrase("why_user" if own else f"why_{name}", language)
        )
        low, high, trust = (None, None, "") if own else (low, high, trust)
        unit = phrase(f"unit_{unit}", language) if unit else ""
        parameter = phrase(f"par_{name}", language)
        return Assumption(
            phrase("part_circle", language), parameter, value, unit, low, high, words, trust, f"circle.{name}"
        )

    yield row("minutes", circle.minutes, "min", trust="H")
    yield row("walk_kmh", circle.walk_kmh, "kmh", 3.0, 5.0, "H", circle.source)
    yield row("readings_m", " / ".join(f"{r:g}" for r in circle.readings_m), "m", trust="H")
    yield row("snap_limit_m", circle.snap_limit_m, "m", trust="M")
    yield row("open_share", percent(circle.open_share, 0), "", trust="L")
    (kept_low, kept_high), kept = circle.hours_kept_band, circle.hours_kept
    own = not (_is_default(circle, "hours_kept") and _is_default(circle, "hours_kept_band"))
    why = translated(circle.hours_kept_source, language) or phrase(
        "why_user" if own else "why_hours_kept", language
    )
    yield Assumption(
        phrase("part_circle", language), phrase("par_hours_kept", language), kept, "", kept_low, kept_high, why,
        "" if own else "L", "circle.hours_kept",
    )  # fmt: skip
    for mode, speed in sorted(circle.speeds_kmh.items()):
        name = phrase(
            "par_speed", language, mode=phrase(f"mode_{mode}", language) if mode in _MODES else mode
        )
        why = phrase("why_ebike", language) if mode == "ebike" else phrase("why_user", language)
        low, high = (15.0, 20.0) if mode == "ebike" else (None, None)
        yield Assumption(
            phrase("part_circle", language), name, speed, phrase("unit_kmh", language), low, high, why,
            "L", f"circle.speeds_kmh.{mode}",
        )  # fmt: skip


_MODES = ("walk", "ebike", "car", "truck")


def _amounts(group: Group) -> Iterator[tuple[str, float, str, str]]:
    """(label key, value, unit, key) of what says how many workers a group has."""
    if group.total is not None:
        yield "par_total", group.total, "people", "total"
    elif not group.totals and group.rate_per_1000 is not None:
        yield "par_rate", group.rate_per_1000, "per_1000", "rate_per_1000"
    for district, value in group.totals.items():
        yield district, value, "people", f"totals.{district}"
    for district, value in group.district_rates_per_1000.items():
        yield district, value, "per_1000", f"district_rates_per_1000.{district}"


def _groups(settings: Settings, *, all_groups: bool) -> Iterator[Assumption]:
    language = settings.study.language
    periods = period_labels(settings)
    part, preset = phrase("part_workers", language), {g["name"]: g for g in defaults()["groups"]}
    for group in settings.active_groups if all_groups else settings.headline_groups:
        label, key = group_label(group.name, settings), f"groups.{group.name}"
        known = preset.get(group.name, {})
        source = translated(group.source, language) or phrase("why_user", language)
        for name, value, unit, field in _amounts(group):
            what = phrase(name, language) if name.startswith("par_") else name
            yield Assumption(
                part, f"{label} · {what}", value, phrase(f"unit_{unit}", language),
                round(value * group.band_low, 4), round(value * group.band_high, 4), source,
                group.confidence, f"{key}.{field}",
            )  # fmt: skip
        shares = [f"{periods.get(p, p)} {percent(s, 0)}" for p, s in group.profile.items()]
        yield Assumption(
            part, f"{label} · {phrase('par_profile', language)}", "\n".join(shares), "", None, None,
            phrase("why_profile" if group.profile == known.get("profile") else "why_user", language),
            "L" if group.profile == known.get("profile") else "", f"{key}.profile",
        )  # fmt: skip
        weights = [
            f"{phrase(f'cov_{c}', language) if c in _COVARIATES else c} {percent(w, 0)}"
            for c, w in group.covariates.items()
        ]
        if weights:
            yield Assumption(
                part, f"{label} · {phrase('par_covariates', language)}", "\n".join(weights), "", None, None,
                phrase("why_covariates", language), "L", f"{key}.covariates",
            )  # fmt: skip


_COVARIATES = ("restaurants", "malls", "offices", "population", "depots", "hubs", "chargers", "streets",
               "main_streets", "construction", "logistics", "ports", "industry")  # fmt: skip


def _demand(settings: Settings) -> Iterator[Assumption]:
    language = settings.study.language
    part, people = phrase("part_workers", language), settings.inputs.population
    yield Assumption(part, phrase("par_cell_m", language), settings.demand.cell_m, phrase("unit_m", language),
                     None, None, phrase("why_cell_m", language), "M", "demand.cell_m")  # fmt: skip
    for name, unit, low, high in (
        ("piece_m", "unit_m", 50.0, 200.0), ("homes_elsewhere", "unit_share_of", 0.1, 0.5),
        ("thin_venues", "unit_venues", 5.0, 50.0),
    ):  # fmt: skip
        own = name in settings.demand.model_fields_set
        yield Assumption(
            part, phrase(f"par_{name}", language), getattr(settings.demand, name), phrase(unit, language),
            None if own else low, None if own else high, phrase("why_user" if own else f"why_{name}", language),
            "" if own else "L", f"demand.{name}",
        )  # fmt: skip
    yield Assumption(part, phrase("par_population", language), phrase(f"pop_{people.kind}", language), "",
                     None, None, phrase("why_population", language), "M", "inputs.population.kind")  # fmt: skip
    season = settings.demand.season
    if season:
        why = phrase(f"why_season_{season}" if season.startswith("hot") else "why_season", language)
        yield Assumption(part, phrase("par_season", language), phrase(f"season_{season}", language), "", None, None, why,
                         "L", "demand.season")  # fmt: skip
    if people.total is not None:
        yield Assumption(part, phrase("par_residents", language), people.total, phrase("unit_people", language),
                         None, None, phrase("why_user", language), "", "inputs.population.total")  # fmt: skip


def _costs(settings: Settings, kinds: Iterable[str]) -> Iterator[Assumption]:
    """What a station costs: a row per kind of host, those that the study prices itself besides."""
    language, rules = settings.study.language, settings.siting
    for kind in sorted({*kinds, *rules.cost_yuan} & {*kind_costs(), *rules.cost_yuan}):
        own = kind in rules.cost_yuan
        value, low, high = rules.cost_of(kind)
        why = "why_user" if own else f"why_cost_{kind_costs()[kind].like}"
        yield Assumption(
            phrase("part_siting", language), phrase("par_cost_of", language, kind=host_label(kind, language)), value,
            phrase("unit_yuan", language), None if own else low, None if own else high, phrase(why, language),
            "" if own else kind_costs()[kind].confidence, f"siting.cost_yuan.{kind}",
        )  # fmt: skip


def _siting(settings: Settings, kinds: Iterable[str]) -> Iterator[Assumption]:
    language, rules = settings.study.language, settings.siting
    part = phrase("part_siting", language)

    def row(name: str, value: float | str, unit: str = "", low: float | None = None,
            high: float | None = None, trust: str = "M") -> Assumption:  # fmt: skip
        own = not _is_default(rules, name)
        words = phrase(f"unit_{unit}", language) if unit else ""
        low, high, trust = (None, None, "") if own else (low, high, trust)
        why = phrase("why_user" if own else f"why_{name}", language)
        return Assumption(part, phrase(f"par_{name}", language), value, words, low, high, why, trust,
                          f"siting.{name}")  # fmt: skip

    number = phrase("p_own", language) if rules.p is None else rules.p
    target = row("p", number, "" if rules.p is None else "sites", trust="L")
    known = translated(rules.target_source, language) or phrase("why_user", language)
    given = "p" in rules.model_fields_set or bool(rules.target_source)
    yield replace(target, basis=known, trust="") if given else target
    quotas = rules.quotas if not rules.quota_min else "own"
    yield row("quotas", phrase(f"quotas_{quotas}", language))
    yield row("min_to_open_m", rules.min_to_open_m, "m")
    yield row("dedupe_m", rules.dedupe_m, "m")
    yield row("street_within_m", rules.street_within_m, "m")
    yield row("default_hours", rules.default_hours, trust="L")
    yield from _costs(settings, kinds)
    yield row("default_cost_yuan", rules.default_cost_yuan, "yuan", *COST_BAND_YUAN, trust="L")
    if rules.budget_yuan is not None:
        yield row("budget_yuan", rules.budget_yuan, "yuan")
    yield row("inequality_aversion", rules.inequality_aversion, "", *AVERSION_BAND, trust="L")
    yield row("gap", percent(rules.gap, 3), trust="")
    yield Assumption(part, phrase("par_seed", language), str(settings.study.seed), "", None, None,
                     phrase("why_seed", language), "", "study.seed")  # fmt: skip


def _use(settings: Settings) -> Iterator[Assumption]:
    """How workers choose among stations, where use is asked for."""
    part = phrase("part_use", settings.study.language)
    for parameter, value, unit, low, high, basis, trust, key in (
        use_assumptions(settings) if settings.use.enabled else ()
    ):
        yield Assumption(part, parameter, value, unit, low, high, basis, trust, key)


def assumptions(
    settings: Settings, *, all_groups: bool = False, kinds: Iterable[str] = (), networks: bool = False
) -> list[Assumption]:
    """Every assumption behind the plan, in the study's language.

    ``all_groups`` adds the groups outside the headline (truck drivers), whose turn comes with the
    driver homes; ``kinds``: the kinds of host there are, whose costs are listed; ``networks``: with those of the union's networks.
    """
    return [
        *_circle(settings),
        *_groups(settings, all_groups=all_groups),
        *_demand(settings),
        *_siting(settings, kinds),
        *_use(settings),
        *(
            Assumption(phrase("part_actions", settings.study.language), *row)
            for row in action_assumptions(settings)
        ),
        *(network_rows(settings) if networks else ()),
    ]


def network_rows(settings: Settings) -> list[Assumption]:
    """The assumptions of the union's networks."""
    part = phrase("part_networks", settings.study.language)
    return [Assumption(part, *row) for row in network_assumptions(settings)]


def assumption_rows(bundle: Bundle) -> pd.DataFrame:
    """:func:`assumptions` behind a plan as rows of :data:`ASSUMPTION_COLUMNS`; the trust in words."""
    language = bundle.settings.study.language
    kinds = [str(kind) for kind in bundle.candidates["host_kind"].unique()]
    told = assumptions(
        bundle.settings,
        all_groups=bundle.homes is not None,
        kinds=kinds,
        networks=bundle.networks is not None,
    )
    return assumption_table(told, language)


def assumption_table(told: Iterable[Assumption], language: str) -> pd.DataFrame:
    """Assumptions as rows of :data:`ASSUMPTION_COLUMNS`; the trust in words."""
    rows = [astuple(a) for a in told]
    table = pd.DataFrame(rows, columns=[c.key for c in ASSUMPTION_COLUMNS], dtype=object)
    table["trust"] = [phrase(f"trust_{t}", language) if t else "" for t in table["trust"]]
    return table
