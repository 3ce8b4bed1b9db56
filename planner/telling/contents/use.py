"""What is expected of use: how many come, how that is known, by district; for run.json, report and workbook."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.inputs.kit import TRAITS
from planner.settings.use import TRAIT_PRIORS, Use
from planner.settings.whole import Settings
from planner.telling.contents.columns import Column
from planner.telling.contents.coverage import district_labels
from planner.telling.words.figures import told, told_band
from planner.telling.words.names import group_label
from planner.telling.words.numbers import number
from planner.telling.words.phrases import phrase, translated

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["USE_COLUMNS", "use_assumptions", "use_lines", "use_rows", "use_run"]

USE_COLUMNS = (
    Column("district", "text", 22), Column("use_today", "people", 12), Column("use_after", "people", 12),
    Column("use_low", "people", 10), Column("use_high", "people", 10),
)  # fmt: skip


def use_lines(bundle: Bundle) -> tuple[str, ...]:
    """How many come today and with the plan, and how that is known; "" where use is not known."""
    facts, language, law = bundle.facts, bundle.settings.study.language, bundle.law_of_use
    today, after = facts.find("visits_day", plan="today"), facts.find("visits_day")
    share = facts.find("use_share", plan="today")
    if today is None or after is None or share is None or law is None:
        return ()
    figures = {
        "share": told(share), "share_band": told_band(share), "visits": told(today), "band": told_band(today),
        "each": told(facts.fact("visits_station", plan="today")), "after": told(after), "after_band": told_band(after),
        "more": told(facts.fact("visits_more", plan="gain")), "more_band": told_band(facts.fact("visits_more", plan="gain")),
    }  # fmt: skip
    return (phrase("use_sentence", language, **figures), _how(bundle))


def _how(bundle: Bundle) -> str:
    """Where the law comes from, and how well it foretells stations that were withheld."""
    law, use, language = bundle.law_of_use, bundle.settings.use, bundle.settings.study.language
    if law is None:
        return ""
    if law.how == "assumed":
        low, high = use.visits_band
        band = {"n": f"{use.visits_per_day:g}", "low": f"{low:g}", "high": f"{high:g}"}
        return phrase("use_assumed", language, why=_basis(use, "visits_per_day", language), **band)
    tried = law.withheld
    if tried is None:
        return phrase("use_few", language, n=number(law.counted))
    errors = {k: f"{getattr(tried, k):.2f}" for k in ("fitted", "level", "mean")}
    return phrase(f"use_{law.how}", language, n=number(law.counted), **errors)


def use_rows(bundle: Bundle) -> pd.DataFrame:
    """Visits a day by the district of the workers, as printed; columns of :data:`USE_COLUMNS`."""
    facts, names = bundle.facts, district_labels(bundle)
    rows = []
    for key, then in facts.along("visits_day", "district").items():
        low, high = then.shown_band() or (float("nan"), float("nan"))
        rows.append(
            (
                names.get(key, key),
                facts.shown("visits_day", plan="today", district=key),
                then.shown,
                low,
                high,
            )
        )
    return pd.DataFrame(rows, columns=[c.key for c in USE_COLUMNS])


def use_run(bundle: Bundle) -> dict[str, Any] | None:
    """The part ``use`` of run.json; None where use is not known."""
    law, use = bundle.law_of_use, bundle.use
    if law is None or law.law is None or use is None:
        return None
    tried = law.withheld
    factors = {t: round(float(f), 6) for t, f in zip(TRAITS, law.law.factors, strict=True)}
    errors = None if tried is None else {
        "stations": tried.stations, "folds": tried.folds, "fitted": round(tried.fitted, 4),
        "level": round(tried.level, 4), "mean": round(tried.mean, 4),
    }  # fmt: skip
    return {
        "how": law.how, "counted_stations": law.counted, "withheld": errors,
        "law": {"level": round(law.law.level, 8), "slope_per_minute": round(law.law.slope, 6), "factors": factors},
        "visits_today": round(use.today, 3), "visits_after": round(use.after, 3),
    }  # fmt: skip


def _basis(use: Use, key: str, language: str) -> str:
    """Why a value stands: ours where the study left it, else the study's own source."""
    if getattr(use, key) == Use.model_fields[key].default:
        return phrase(f"why_use_{key}", language)
    return translated(use.source, language) or phrase("why_user", language)


def use_assumptions(
    settings: Settings,
) -> Iterator[tuple[str, float, str, float | None, float | None, str, str, str]]:
    """(parameter, value, unit, low, high, basis, trust, key) of each assumption on use."""
    use, language = settings.use, settings.study.language
    for key, unit, band, trust in (
        ("visits_per_day", "visits_day", use.visits_band, "L"),
        ("halving_minutes", "min", use.halving_band, "L"),
        ("visit_minutes", "min", None, "L"),
    ):
        low, high = band or (None, None)
        words = phrase(f"unit_{unit}", language) if unit else ""
        yield (phrase(f"par_use_{key}", language), getattr(use, key), words, low, high, _basis(use, key, language),
               trust, f"use.{key}")  # fmt: skip
    for trait in TRAITS:
        name, known = phrase(f"trait_{trait}", language), TRAIT_PRIORS[trait]
        for key, value, low, high in (
            (
                "factor",
                use.factor_of(trait),
                use.factor_of(trait) / use.factor_band,
                use.factor_of(trait) * use.factor_band,
            ),
            ("share", use.share_of(trait), None, None),
        ):
            own = trait in getattr(use, key)
            basis = (
                (translated(use.source, language) or phrase("why_user", language))
                if own
                else phrase(f"why_use_{key}", language)
            )
            label = phrase(f"par_use_{key}", language, trait=name)
            yield (label, value, "", low and round(low, 3), high and round(high, 3), basis, "" if own else known.trust,
                   f"use.{key}.{trait}")  # fmt: skip
    for group in settings.headline_groups:
        own = group.name in use.idle_minutes
        value, basis = use.idle_of(group.name), phrase("why_user" if own else "why_use_idle", language)
        label = phrase("par_use_idle", language, group=group_label(group.name, settings))
        yield (label, value, phrase("unit_min", language), round(value / use.idle_band, 1), round(value * use.idle_band, 1),
               basis, "" if own else "L", f"use.idle_minutes.{group.name}")  # fmt: skip
