"""Grades, subsidy and inspection in words and rows: for workbook, report, map and run.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.grades.rules import FACT_WORDS, FACTS
from planner.telling.contents.columns import Column
from planner.telling.contents.coverage import district_labels
from planner.telling.words.figures import told, told_band
from planner.telling.words.numbers import number
from planner.telling.words.phrases import phrase, translated

if TYPE_CHECKING:
    from planner.grades.whole import Grades
    from planner.telling.bundle import Bundle

__all__ = [
    "EXIT_COLUMNS", "GRADE_COLUMNS", "LEVEL_COLUMNS", "PRICE_COLUMNS", "RULE_COLUMNS", "exit_rows", "grade_lines", "grade_rows",
    "grade_words", "grades_run", "level_rows", "price_rows", "rule_rows",
]  # fmt: skip

LEVEL_COLUMNS = (
    Column("grade", "text", 14), Column("grade_certain", "count", 12), Column("grade_possible", "count", 12),
    Column("grade_stated", "count", 12), Column("subsidy_each", "yuan", 12), Column("inspect_months", "decimal", 12),
)  # fmt: skip
GRADE_COLUMNS = (
    Column("station_id", "text", 14), Column("name", "text", 30), Column("district", "text", 12), Column("grade_stated_text", "text", 10),
    Column("grade", "text", 10), Column("grade_may_be", "text", 10), Column("grade_agrees", "text", 14), Column("grade_lacks", "text", 26),
    Column("grade_asks", "text", 26), Column("next_yuan", "yuan", 12), Column("next_low", "yuan", 10), Column("next_high", "yuan", 10),
    Column("next_yearly_yuan", "yuan", 12), Column("subsidy_each", "yuan", 10), Column("inspect_due", "text", 12),
    Column("inspect_since", "text", 22), Column("flagged", "text", 22), Column("workers_in_reach", "people", 11),
    Column("workers_only", "people", 11),
)  # fmt: skip
EXIT_COLUMNS = (
    Column("station_id", "text", 14), Column("name", "text", 30), Column("district", "text", 12), Column("grade", "text", 10),
    Column("exit_why", "text", 26), Column("next_yuan", "yuan", 12), Column("workers_only", "people", 12), Column("workers_lost", "people", 14),
)  # fmt: skip
RULE_COLUMNS = (
    Column("grade", "text", 12), Column("grade_asked", "text", 80), Column("trust", "text", 8), Column("basis", "text", 60),
)  # fmt: skip
PRICE_COLUMNS = (
    Column("grade_fact", "text", 20), Column("next_yuan", "yuan", 12), Column("next_low", "yuan", 10), Column("next_high", "yuan", 10),
    Column("next_yearly_yuan", "yuan", 12), Column("trust", "text", 8), Column("basis", "text", 60),
)  # fmt: skip


def _fact(key: str, language: str) -> str:
    return FACT_WORDS[key][language == "zh"]


def _facts(text: str, language: str) -> str:
    """``"toilet, sign"`` in words."""
    return phrase("grade_comma", language).join(_fact(k, language) for k in text.split(", ") if k)


def _words(text: str, stem: str, language: str) -> str:
    return phrase("grade_comma", language).join(
        phrase(f"{stem}_{k}", language) for k in text.split(", ") if k
    )


def _level(grades: Grades, at: int, language: str) -> str:
    return grades.rules.name(at, language) or phrase("grade_none", language)


def _trust(key: str, language: str) -> str:
    return phrase(f"trust_{key}", language) if key in ("H", "M", "L") else key


def grade_words(grades: Grades, language: str, labels: dict[str, str]) -> pd.DataFrame:
    """The stations with their grades in words; the columns of :data:`GRADE_COLUMNS`, in the table's order."""
    t = grades.table
    since = [
        "" if day is None else phrase("inspect_from_last" if last else "inspect_from_list", language, day=day)
        for day, last in zip(
            t["since"].astype(object).where(t["since"].notna(), None), t["inspected"], strict=True
        )
    ]
    late = phrase("inspect_late", language)
    due = [
        ("" if pd.isna(d) else str(d)) + (late if o else "")
        for d, o in zip(t["due"], t["overdue"], strict=True)
    ]
    rows = {
        "station_id": t["station_id"], "name": t["name"],
        "district": [labels.get(str(d), "" if pd.isna(d) else str(d)) for d in t["district"]],
        "grade_stated_text": t["stated"], "grade": [_level(grades, v, language) for v in t["level"]],
        "grade_may_be": [_level(grades, p, language) if p > v else "" for p, v in zip(t["possible"], t["level"], strict=True)],
        "grade_agrees": [phrase(f"grade_agrees_{a or 'none'}", language) for a in t["agrees"]],
        "grade_lacks": [_facts(v, language) for v in t["lacks"]], "grade_asks": [_facts(v, language) for v in t["asks"]],
        "next_yuan": t["cost_yuan"], "next_low": t["cost_low"], "next_high": t["cost_high"], "next_yearly_yuan": t["yearly_yuan"],
        "subsidy_each": t["subsidy_yuan"], "inspect_due": due, "inspect_since": since,
        "flagged": [_words(v, "flag", language) for v in t["flags"]],
        "workers_in_reach": t["workers"].round(), "workers_only": t["workers_alone"].round(),
    }  # fmt: skip
    return pd.DataFrame(rows)[[c.key for c in GRADE_COLUMNS]]


def grade_rows(bundle: Bundle) -> pd.DataFrame:
    """Every open station with its grade, as the workbook lists them; none where grades are not asked."""
    if bundle.grades is None:
        return pd.DataFrame(columns=[c.key for c in GRADE_COLUMNS])
    return grade_words(bundle.grades, bundle.settings.study.language, district_labels(bundle))


def level_rows(bundle: Bundle) -> pd.DataFrame:
    """Stations per grade, highest first."""
    grades, language = bundle.grades, bundle.settings.study.language
    if grades is None:
        return pd.DataFrame(columns=[c.key for c in LEVEL_COLUMNS])
    rows = []
    for r in grades.by_grade().iloc[::-1].itertuples(index=False):
        own = grades.rules.levels.iloc[r.level] if r.level >= 0 else {}
        key = str(own["grade"]) if r.level >= 0 else "0"
        certain = bundle.facts.shown("grade_stations", plan="today", case=key)
        rows.append((_level(grades, r.level, language), certain, r.possible, r.stated if r.level >= 0 else np.nan,
                     own.get("subsidy_yuan", np.nan), own.get("inspect_months", np.nan)))  # fmt: skip
    return pd.DataFrame(rows, columns=[c.key for c in LEVEL_COLUMNS])


def exit_rows(bundle: Bundle) -> pd.DataFrame:
    """Who may go, fewest workers lost first."""
    grades, language = bundle.grades, bundle.settings.study.language
    if grades is None or not len(grades.exits):
        return pd.DataFrame(columns=[c.key for c in EXIT_COLUMNS])
    labels, out = district_labels(bundle), grades.exits
    return pd.DataFrame(
        {
            "station_id": out["station_id"], "name": out["name"],
            "district": [labels.get(str(d), "" if pd.isna(d) else str(d)) for d in out["district"]],
            "grade": [_level(grades, v, language) for v in out["level"]], "exit_why": [_words(w, "flag", language) for w in out["why"]],
            "next_yuan": out["cost_yuan"],
            "workers_only": out["workers_alone"].round(), "workers_lost": out["workers_lost"].round(),
        }
    )  # fmt: skip


def rule_rows(grades: Grades, language: str) -> pd.DataFrame:
    """What each grade asks for, highest first, with its source."""
    rows = []
    for at in range(len(grades.rules.levels) - 1, -1, -1):
        level = grades.rules.levels.iloc[at]
        asked = []
        for k in FACTS:
            if np.isfinite(level[k]):
                least = (
                    phrase(f"grade_least_{k}", language, n=f"{level[k]:g}")
                    if k in ("area_m2", "seats", "hours_week")
                    else ""
                )
                asked.append(least or _fact(k, language))
        rows.append(
            (
                _level(grades, at, language),
                phrase("grade_comma", language).join(asked),
                _trust(level["confidence"], language),
                level[f"source_{language}"],
            )
        )
    return pd.DataFrame(rows, columns=[c.key for c in RULE_COLUMNS])


def price_rows(grades: Grades, language: str) -> pd.DataFrame:
    """What each thing costs, with its band and source."""
    c = grades.rules.costs
    c = c[c["yuan"].notna()]
    rows = {
        "grade_fact": [_fact(k, language) for k in c.index], "next_yuan": c["yuan"], "next_low": c["low"], "next_high": c["high"],
        "next_yearly_yuan": c["yearly_yuan"], "trust": [_trust(v, language) for v in c["confidence"]], "basis": c[f"source_{language}"],
    }  # fmt: skip
    return pd.DataFrame(rows)[[x.key for x in PRICE_COLUMNS]].reset_index(drop=True)


def grade_lines(bundle: Bundle) -> tuple[str, ...]:
    """What grades come to, in sentences; none where they are not asked."""
    grades, language, facts = bundle.grades, bundle.settings.study.language, bundle.facts
    if grades is None or facts.find("grades_certain", plan="today") is None:
        return ()

    def shown(key: str) -> str:
        return number(facts.shown(key, plan="today"))

    lines = [phrase("grades_sentence", language, n=number(len(grades.table)), certain=shown("grades_certain"), higher=shown("grades_stated_higher"))]  # fmt: skip
    asked = grades.asked_facts()
    if len(asked):
        first = phrase("grade_comma", language).join(
            phrase("grades_ask_item", language, fact=_fact(str(k), language), n=number(int(n)))
            for k, n in asked.head(4).items()
        )
        lines.append(phrase("grades_ask", language, facts=first))
    once, yearly = facts.find("upgrade_yuan", plan="today"), facts.find("upgrade_yearly_yuan", plan="today")
    if once is not None and yearly is not None:
        lines.append(phrase("grades_cost", language, once=told(once), once_band=told_band(once), yearly=told(yearly), yearly_band=told_band(yearly)))  # fmt: skip
    subsidy = facts.find("subsidy_yuan", plan="today")
    blank = grades.rules.levels["subsidy_yuan"].isna().to_numpy()
    without = phrase("grade_comma", language).join(
        grades.rules.name(int(k), language) for k in np.flatnonzero(blank)
    )
    lines.append(phrase("grades_no_subsidy", language, grades=without) if subsidy is None else phrase("grades_subsidy", language, sum=told(subsidy), band=told_band(subsidy) or told(subsidy)))  # fmt: skip
    source = bundle.settings.grades.source
    if source and subsidy is not None:
        lines.append(phrase("grades_subsidy_source", language, source=translated(source, language)))
    if grades.reference is not None:
        lines.append(phrase("grades_inspection", language, day=grades.reference, late=shown("inspections_overdue"), flagged=shown("stations_flagged"), exits=shown("stations_exit")))  # fmt: skip
    if grades.rules.own:
        lines.append(phrase("grades_elsewhere", language))
    return tuple(lines)


def grades_run(bundle: Bundle) -> dict[str, Any] | None:
    """The block ``grades`` of run.json; None where grades are not asked."""
    grades = bundle.grades
    if grades is None:
        return None
    t, levels = grades.table, grades.rules.levels
    counts = [
        {"grade": None if r.level < 0 else str(levels["grade"].iloc[r.level]), "certain": int(r.certain), "possible": int(r.possible),
         "stated": int(r.stated) if r.level >= 0 else None}
        for r in grades.by_grade().itertuples(index=False)
    ]  # fmt: skip
    return {
        "rules": "planner" if grades.rules.own else "study", "reference_date": grades.reference, "stations": len(t),
        "certain": int((t["level"] == t["possible"]).sum()), "by_grade": counts,
        "stated": {k: int((t["agrees"] == k).sum()) for k in ("same", "higher", "lower", "open")},
        "ask": {str(k): int(n) for k, n in grades.asked_facts().items()},
        "flagged": int((t["flags"] != "").sum()), "overdue": int(t["overdue"].sum()), "exits": len(grades.exits),
    }  # fmt: skip
