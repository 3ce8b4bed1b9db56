"""What the report says, section by section, as plain printed text: ``report.html`` and ``report.docx`` share it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from planner.errors import sorted_findings
from planner.publish.office.homes.lines import absent_lines, homes_lines
from planner.publish.office.homes.tables import homes_tables, is_number, shown
from planner.publish.office.printed import PrintedTable, printed_table
from planner.telling.contents.actions.told import (
    ACTION_COLUMNS,
    ACTION_DISTRICT_COLUMNS,
    VERB_COLUMNS,
    action_district_rows,
    action_lines,
    action_rows,
    verb_rows,
)
from planner.telling.contents.assumptions import assumption_rows
from planner.telling.contents.certificate import certificate_figures, certificate_lines
from planner.telling.contents.columns import Column
from planner.telling.contents.coverage import (
    CURVE_COLUMNS,
    DISTRICT_COLUMNS,
    GROUP_COLUMNS,
    PERIOD_COLUMNS,
    READING_COLUMNS,
    curve_rows,
    district_labels,
    district_rows,
    district_total,
    group_rows,
    period_rows,
    reading_rows,
    timed_columns,
)
from planner.telling.contents.decision import Decision, decision
from planner.telling.contents.existing.changes import (
    CHANGE_COLUMNS,
    change_lines,
    change_parts,
    change_rows,
)
from planner.telling.contents.existing.grades import (
    EXIT_COLUMNS,
    LEVEL_COLUMNS,
    exit_rows,
    grade_lines,
    level_rows,
)
from planner.telling.contents.fairness import FAIRNESS_COLUMNS, fairness_lines, fairness_rows
from planner.telling.contents.intervals import interval_columns, interval_rows
from planner.telling.contents.places import GAP_COLUMNS, HOTSPOT_COLUMNS, gap_rows, hotspot_rows
from planner.telling.contents.questions import irreplaceable_line, options
from planner.telling.contents.records import (
    FINDING_COLUMNS,
    INPUT_COLUMNS,
    count_line,
    credit_lines,
    finding_rows,
    input_rows,
    station_line,
    synthetic_lines,
)
from planner.telling.contents.sites import batch_columns, batch_rows, regret_line, site_columns, site_rows
from planner.telling.words.figures import told, told_band
from planner.telling.words.names import period_label
from planner.telling.words.numbers import band_text, number, percent, printed
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["Further", "Story", "story"]

_MOST_FINDINGS = 30
_MOST_EXITS = 20


@dataclass(frozen=True)
class Further:
    """A further section: heading, sentences, table (None: only said), the name of the figure above it, paragraphs below."""

    heading: str
    lines: tuple[str, ...]
    table: PrintedTable | None
    picture: str = ""
    anchor: str = ""  # the sheet that it explains
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Story:
    """The report's content; parts that a study lacks are empty.

    ``first_sites`` and their ``reasons`` stand in the text; ``annex`` lists every site where they are not all.
    """

    title: str
    kicker: str
    synthetic: bool
    decision: Decision
    decided: PrintedTable
    decided_sites: PrintedTable
    sentence: str
    figures: tuple[tuple[str, str, str], ...]
    readings: PrintedTable
    cost: str
    certificate: tuple[str, ...]
    certificate_figures: tuple[tuple[str, str], ...]
    districts: PrintedTable
    bars: tuple[tuple[str, float, float, str], ...]
    groups: PrintedTable
    periods: PrintedTable
    batches: PrintedTable | None
    batches_note: str
    curve: PrintedTable | None
    curve_lines: tuple[str, ...]
    further: tuple[Further, ...]
    gaps: PrintedTable | None
    hotspots: PrintedTable | None
    first_sites: PrintedTable
    reasons: tuple[str, ...]
    sites_note: str
    sites_more: str
    annex: PrintedTable | None
    method: tuple[str, ...]
    band: str
    profiles: PrintedTable
    profiles_note: str
    assumptions: PrintedTable
    finding_counts: str
    findings: PrintedTable | None
    findings_more: str
    inputs: PrintedTable
    stations: str
    synthetic_lines: tuple[str, ...]
    credits: tuple[str, ...]
    footer: str


def _headline(bundle: Bundle) -> tuple[str, tuple[tuple[str, str, str], ...]]:
    language, facts = bundle.settings.study.language, bundle.facts
    today, then = facts.fact("share", plan="today"), facts.fact("share")
    covered = [facts.shown("covered", plan=plan) for plan in ("today", "proposal")]
    new = facts.shown("newly_covered", plan="gain")
    sentence = phrase(
        "head_sentence", language, workers=number(facts.shown("workers", plan="")), before=percent(today.shown),
        after=percent(then.shown), stations=number(facts.shown("stations_open", plan="today")),
        sites=number(facts.shown("sites_new")), new=number(new),
    )  # fmt: skip
    timed = [facts.find("share", plan=plan, hours="time") for plan in ("today", "proposal")]
    if timed[0] is not None and timed[1] is not None:
        sentence += phrase(
            "head_time", language, before=percent(timed[0].shown), after=percent(timed[1].shown)
        )
    people = [phrase("head_workers", language, n=number(v)) for v in (*covered, new)]
    return sentence, (
        (phrase("head_now", language), percent(today.shown), people[0]),
        (phrase("head_then", language), percent(then.shown), people[1]),
        (
            phrase("head_new", language),
            told(facts.fact("share_gain", plan="gain")),
            phrase("head_gain", language, n=number(new)),
        ),
    )


def _cost(bundle: Bundle) -> str:
    cost = bundle.facts.find("cost_yuan")
    if cost is None:
        return ""
    low, high = (number(v) for v in cost.shown_band() or ())
    key = "cost_sentence_own" if low == high else "cost_sentence"
    return phrase(key, bundle.settings.study.language, total=number(cost.shown), low=low, high=high)


def _districts(bundle: Bundle) -> tuple[PrintedTable, tuple[tuple[str, float, float, str], ...]]:
    language, table = bundle.settings.study.language, district_rows(bundle)
    bars = tuple((r.district, float(r.share_before), float(r.share_after), "") for r in table.itertuples())
    whole = pd.concat([table, pd.DataFrame([district_total(bundle)])], ignore_index=True)
    return printed_table(timed_columns(DISTRICT_COLUMNS, bundle), whole, language, totals=1), bars


_SITE_KEYS = ("rank", "name", "district", "host_kind", "workers_gained", "workers_in_reach",
              "nearest_station_m", "confidence", "batch")  # fmt: skip
#: Sites in the text, with their reasons; a longer list is an annex.
_FIRST_SITES = 10


def _sites(bundle: Bundle) -> tuple[PrintedTable, tuple[str, ...], PrintedTable | None]:
    """The first sites, their reasons, and the list of all where it is longer."""
    table, language = site_rows(bundle), bundle.settings.study.language
    columns = [c for c in site_columns(bundle, table) if c.key in _SITE_KEYS]
    every = printed_table(columns, table, language)
    why = tuple(
        phrase("site_reason", language, n=number(r.rank), name=r.name, reason=r.reason)
        for r in table.head(_FIRST_SITES)[["rank", "name", "reason"]].itertuples(index=False)
    )
    return every.first(_FIRST_SITES), why, every if len(every.rows) > _FIRST_SITES else None


def _curve(bundle: Bundle) -> tuple[PrintedTable | None, tuple[str, ...]]:
    """Coverage against the number of sites, at most a dozen rows, and how many reach 80, 90, 95 %."""
    language, curve = bundle.settings.study.language, curve_rows(bundle)
    if curve is None:
        return None, ()
    step = max(1, math.ceil((len(curve) - 1) / 11))
    few = curve.iloc[sorted({*range(0, len(curve), step), len(curve) - 1})]
    lines = []
    for share in (0.8, 0.9, 0.95):
        enough = curve.loc[curve["curve_share"] >= share, "n"]
        key = "curve_reach" if len(enough) else "curve_not_reached"
        n = enough.min() if len(enough) else curve["n"].iloc[-1]
        most = percent(float(curve["curve_share"].iloc[-1]))
        lines.append(phrase(key, language, share=percent(share, 0), n=number(n), most=most))
        if not len(enough):  # the higher shares neither
            break
    return printed_table(CURVE_COLUMNS, few, language), tuple(lines)


def _further(bundle: Bundle) -> tuple[Further, ...]:
    """Other plans, the price of rules, other assumptions; the long list of replacements stays in the workbook."""
    language = bundle.settings.study.language
    parts = (
        Further(
            part.heading,
            part.lines,
            printed_table(part.columns, part.table, language) if len(part.table) else None,
        )
        for part in options(bundle)
        if not part.long
    )
    return (*_fairness(bundle), *parts, *_grades(bundle), *_homes(bundle))


def _fairness(bundle: Bundle) -> tuple[Further, ...]:
    """How evenly coverage falls; nothing where there are no two districts."""
    language, rows = bundle.settings.study.language, fairness_rows(bundle)
    if rows.empty:
        return ()
    table = printed_table(FAIRNESS_COLUMNS, rows, language)
    return (Further(phrase("sec_fairness", language), tuple(fairness_lines(bundle)), table),)


def _grades(bundle: Bundle) -> tuple[Further, ...]:
    """Grades of the stations and the head of the exit list; nothing where they are not asked."""
    lines, language = grade_lines(bundle), bundle.settings.study.language
    if not lines:
        return ()
    levels = printed_table(LEVEL_COLUMNS, level_rows(bundle), language)
    found = [Further(phrase("sec_grades", language), lines, levels, anchor="grades")]
    exits = exit_rows(bundle).head(_MOST_EXITS)
    if len(exits):
        note = (phrase("grades_exit_note", language),)
        found.append(
            Further(phrase("sec_grade_exits", language), note, printed_table(EXIT_COLUMNS, exits, language))
        )
    return tuple(found)


def _actions(bundle: Bundle) -> tuple[Further, ...]:
    """The plan with five verbs: sentences, what each verb does, districts; the list of actions. Nothing where it was not asked for."""
    lines, language = action_lines(bundle), bundle.settings.study.language
    if not lines:
        return ()
    columns = tuple(c for c in ACTION_COLUMNS if c.key in _ACTION_KEYS)
    every = action_rows(bundle)
    more = phrase("actions_list_note", language, shown=number(_MOST_ACTIONS), n=number(len(every)))
    note = (more,) if len(every) > _MOST_ACTIONS else ()
    return (
        Further(phrase("sec_actions", language), lines, printed_table(VERB_COLUMNS, verb_rows(bundle), language, totals=1),
                anchor="actions"),
        Further(phrase("head_actions_districts", language), (),
                printed_table(ACTION_DISTRICT_COLUMNS, action_district_rows(bundle), language)),
        Further(phrase("actions_list", language), note, printed_table(columns, every.head(_MOST_ACTIONS), language)),
    )  # fmt: skip


def _previous(bundle: Bundle) -> tuple[Further, ...]:
    """What changes from last year's plan to this one; nothing where the study goes on from none."""
    language, out = bundle.settings.study.language, list[Further]()
    for plan, changes in change_parts(bundle):
        rows, lines = change_rows(bundle, changes), change_lines(bundle, plan)
        if len(rows) > _MOST_ACTIONS:
            lines += (phrase("previous_more", language, shown=number(_MOST_ACTIONS), n=number(len(rows))),)
        head = phrase("sec_previous" if plan == "proposal" else "sec_previous_actions", language)
        columns = tuple(c for c in CHANGE_COLUMNS if c.key != "place_id")
        table = printed_table(columns, rows.head(_MOST_ACTIONS), language)
        out.append(Further(head, lines, table, anchor="" if out else "previous"))
    return tuple(out)


#: Columns of the list of actions in the report; all stand in the workbook.
_MOST_ACTIONS = 50
_ACTION_KEYS = (
    "rank",
    "verb",
    "place_name",
    "district",
    "action_cost",
    "yearly_yuan",
    "action_gain",
    "reason",
)


def _intervals(bundle: Bundle) -> tuple[Further, ...]:
    """How sure the figures are, where draws tell it."""
    language, table = bundle.settings.study.language, interval_rows(bundle)
    if table is None:
        return ()
    intro = phrase("intro_intervals", language, draws=number(bundle.settings.demand.ensemble))
    made = printed_table(interval_columns(language), table, language)
    return (Further(phrase("sec_intervals", language), (intro,), made),)


def _homes(bundle: Bundle) -> tuple[Further, ...]:
    """Driver homes: the result in sentences above the first table, then the others; without them, why."""
    out: list[Further] = []
    homes, language = bundle.homes, bundle.settings.study.language
    if homes is None:
        return tuple(
            Further(phrase("sec_homes", language), (why,), None, anchor="homes")
            for why in absent_lines(bundle.run)
        )
    for part in homes_tables(homes, language, district_labels(bundle), printed=True):
        heading, table = part.heading, part.table
        rows = tuple(tuple(shown(v) for v in values) for values in table.itertuples(index=False))
        numeric = tuple(is_number(table, c) for c in table.columns)
        lines = homes_lines(homes, language) if not out else ()
        made = PrintedTable(tuple(str(c) for c in table.columns), rows, numeric, part.keys)
        anchor = "" if out else "homes"
        out.append(Further(heading, (*lines, *part.lines), made, part.picture, anchor, part.notes))
    return tuple(out)


def _method(bundle: Bundle) -> tuple[str, ...]:
    settings, language = bundle.settings, bundle.settings.study.language
    circle = settings.circle
    values = {
        "cell": f"{settings.demand.cell_m:g}", "speed": f"{circle.walk_kmh:g}", "minutes": f"{circle.minutes:g}",
        "metres": number(circle.walk_m), "open": percent(circle.open_share, 0),
        "candidates": number(bundle.facts.shown("candidates")), "sites": number(bundle.facts.shown("sites_new")),
    }  # fmt: skip
    return tuple(phrase(f"method_{i}", language, **values) for i in range(1, 6))


_ASSUMPTION_COLUMNS = (
    Column("parameter", "text", 24), Column("assumed", "text", 16), Column("band", "text", 12),
    Column("basis", "text", 50), Column("trust", "text", 8),
)  # fmt: skip


def _profiles(bundle: Bundle) -> PrintedTable:
    """Share of each group per period of the day."""
    settings, language = bundle.settings, bundle.settings.study.language
    groups = settings.active_groups if bundle.homes is not None else settings.headline_groups
    heads = (phrase("col_group", language), *(period_label(p) for p in settings.periods))
    rows = tuple(
        (g.label(language), *(percent(g.profile.get(p.name, 0.0), 0) for p in settings.periods))
        for g in groups
    )
    keys = ("group", *(f"period_{i}" for i in range(len(settings.periods))))
    return PrintedTable(heads, rows, (False, *[True] * len(settings.periods)), keys)


def _assumptions(told: pd.DataFrame, language: str) -> PrintedTable:
    stop = "、" if language == "zh" else ", "
    rows = []
    for a in told.itertuples(index=False):
        value = printed(a.assumed, "decimal").replace("\n", stop)
        rows.append((a.parameter, f"{value} {a.unit}".strip(), band_text(a.low, a.high), a.basis, a.trust))
    table = pd.DataFrame(rows, columns=[c.key for c in _ASSUMPTION_COLUMNS])
    return printed_table(_ASSUMPTION_COLUMNS, table, language)


def _findings(bundle: Bundle) -> tuple[str, PrintedTable | None, str]:
    language = bundle.settings.study.language
    found = sorted_findings(bundle.findings)
    if not found:
        return phrase("findings_none", language), None, ""
    columns = [c for c in FINDING_COLUMNS if c.key != "code"]
    table = printed_table(columns, finding_rows(found[:_MOST_FINDINGS], language), language)
    rest = len(found) - _MOST_FINDINGS
    more = (
        phrase("findings_more", language, shown=number(_MOST_FINDINGS), rest=number(rest)) if rest > 0 else ""
    )
    return count_line(found, language), table, more


def _inputs(bundle: Bundle) -> PrintedTable:
    table = input_rows(bundle)
    table["sha256"] = [str(v)[:16] for v in table["sha256"]]
    return printed_table(INPUT_COLUMNS, table, bundle.settings.study.language)


def _band(bundle: Bundle) -> str:
    """The headline's bands, and where they come from."""
    language, facts = bundle.settings.study.language, bundle.facts
    figures = {
        "workers": facts.fact("workers", plan=""), "before": facts.fact("share", plan="today"),
        "after": facts.fact("share"), "new": facts.fact("newly_covered", plan="gain"),
    }  # fmt: skip
    bands = {name: told_band(f) for name, f in figures.items()}
    if not all(bands.values()):
        return ""
    return phrase("band_people", language, draws=number(bundle.settings.demand.ensemble), **bands)


def _decided(page: Decision, language: str) -> PrintedTable:
    """The figures of the decision page, each with the sheet of the workbook that explains it."""
    heads = tuple(phrase(f"decision_{k}", language) for k in ("figure", "value", "band", "more"))
    rows = tuple((r.label, r.value, r.band, phrase(f"sheet_{r.sheet}", language)) for r in page.rows)
    keys = ("decision_label", "decision_value", "decision_band", "decision_more")
    return PrintedTable(heads, rows, (False,) * 4, keys)


def story(bundle: Bundle) -> Story:
    """The report's content in the study's language."""
    settings, language = bundle.settings, bundle.settings.study.language
    sentence, figures = _headline(bundle)
    page = decision(bundle)
    districts, bars = _districts(bundle)
    curve, curve_lines = _curve(bundle)
    counts, findings, more = _findings(bundle)
    batches = batch_rows(bundle)
    gaps, hotspots = gap_rows(bundle), hotspot_rows(bundle)
    first_sites, reasons, annex = _sites(bundle)
    told = assumption_rows(bundle)
    profiles = told["key"].str.endswith(".profile")  # a table of their own
    version = str(bundle.run.get("versions", {}).get("planner", ""))
    return Story(
        title=settings.study.title(),
        kicker=phrase("report_kicker", language),
        synthetic=settings.study.synthetic,
        decision=page,
        decided=_decided(page, language),
        decided_sites=printed_table(page.columns, page.sites, language, totals=1),
        sentence=sentence,
        figures=figures,
        readings=printed_table(READING_COLUMNS, reading_rows(bundle), language),
        cost=_cost(bundle),
        certificate=certificate_lines(bundle),
        certificate_figures=tuple((f.label, f.text) for f in certificate_figures(bundle) if f.text),
        districts=districts,
        bars=bars,
        groups=printed_table(timed_columns(GROUP_COLUMNS, bundle), group_rows(bundle), language),
        periods=printed_table(timed_columns(PERIOD_COLUMNS, bundle), period_rows(bundle), language),
        batches=None if batches is None else printed_table(batch_columns(batches), batches, language),
        batches_note=regret_line(bundle),
        curve=curve,
        curve_lines=curve_lines,
        further=(*_intervals(bundle), *_actions(bundle), *_previous(bundle), *_further(bundle)),
        gaps=None if gaps is None else printed_table(GAP_COLUMNS, gaps, language),
        hotspots=None if hotspots is None else printed_table(HOTSPOT_COLUMNS, hotspots, language),
        first_sites=first_sites,
        reasons=reasons,
        sites_note=irreplaceable_line(bundle),
        sites_more=""
        if annex is None
        else phrase("sites_more", language, first=number(_FIRST_SITES), n=number(len(annex.rows))),
        annex=annex,
        method=_method(bundle),
        band=_band(bundle),
        profiles=_profiles(bundle),
        profiles_note="\n".join(sorted(set(told["basis"][profiles]))),
        assumptions=_assumptions(told[~profiles], language),
        finding_counts=counts,
        findings=findings,
        findings_more=more,
        inputs=_inputs(bundle),
        stations=station_line(bundle),
        synthetic_lines=synthetic_lines(bundle.settings),
        credits=tuple(credit_lines(bundle)),
        footer=phrase("footer", language, version=version).strip(),
    )
