"""What the report says, section by section, as plain printed text: ``report.html`` and ``report.docx`` share it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.publish import contents
from planner.publish.contents import Column
from planner.publish.office.homes.lines import homes_lines
from planner.publish.office.homes.tables import homes_tables, is_number, shown
from planner.publish.office.options import options, regret_line
from planner.publish.safe import is_missing
from planner.publish.words.assumptions import Assumption, assumptions, band_text
from planner.publish.words.goal import goal_figures, goal_lines
from planner.publish.words.phrases import ceil_percent, number, percent, period_label, phrase

if TYPE_CHECKING:
    from planner.publish.bundle import Bundle

__all__ = ["Further", "Story", "Table", "printed", "reading_label", "story"]

_MOST_FINDINGS, _MOST_GAPS = 30, 10


@dataclass(frozen=True)
class Table:
    """A printed table: heads, rows of text, which columns are numbers, and how many rows at the end are totals."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    keys: tuple[str, ...] = ()
    totals: int = 0


@dataclass(frozen=True)
class Further:
    """A further section: heading, sentences, table, and the name of the figure above it."""

    heading: str
    lines: tuple[str, ...]
    table: Table
    picture: str = ""


@dataclass(frozen=True)
class Story:
    """The report's content; parts that a study lacks are empty."""

    title: str
    kicker: str
    synthetic: bool
    sentence: str
    figures: tuple[tuple[str, str, str], ...]
    readings: Table
    cost: str
    certificate: tuple[str, ...]
    certificate_figures: tuple[tuple[str, str], ...]
    districts: Table
    bars: tuple[tuple[str, float, float, str], ...]
    groups: Table
    periods: Table
    batches: Table | None
    batches_note: str
    curve: Table | None
    curve_lines: tuple[str, ...]
    further: tuple[Further, ...]
    gaps: Table | None
    hotspots: Table | None
    sites: Table
    method: tuple[str, ...]
    band: str
    profiles: Table
    profiles_note: str
    assumptions: Table
    finding_counts: str
    findings: Table | None
    findings_more: str
    inputs: Table
    synthetic_lines: tuple[str, ...]
    credits: tuple[str, ...]
    footer: str


def printed(value: Any, kind: str) -> str:
    """A value as people read it; missing is an en dash for numbers, nothing for text."""
    if kind == "text":
        return contents.as_text(value)
    if isinstance(value, str):
        return value
    if is_missing(value):
        return "–"
    if kind == "share":
        return percent(float(value))
    if kind == "points":
        return ("+" if value > 0 else "") + number(float(value), 1)
    if kind == "decimal":
        return f"{float(value):,.6g}" if abs(float(value)) < 1000 else number(float(value))
    return number(float(value), 6 if kind == "degrees" else 0)


def _table(columns: Sequence[Column], table: pd.DataFrame, language: str, *, totals: int = 0) -> Table:
    keys = [c.key for c in columns]
    rows = tuple(
        tuple(printed(v, c.kind) for c, v in zip(columns, row, strict=True))
        for row in table[keys].itertuples(index=False)
    )
    heads = tuple(contents.header(columns, language))
    return Table(heads, rows, tuple(c.kind != "text" for c in columns), tuple(keys), totals)


def reading_label(radius_m: float, bundle: Bundle) -> str:
    """What a radius stands for, in words."""
    language = bundle.settings.study.language
    if radius_m in (500, 667, 833) and bundle.settings.circle.walk_kmh == 4.0:
        return phrase(f"reading_{radius_m:g}", language)
    return phrase("reading_m", language, m=f"{radius_m:g}")


READING_COLUMNS = (
    Column("radius", "text", 26), Column("share_before", "share", 11), Column("share_after", "share", 11),
)  # fmt: skip


def reading_rows(bundle: Bundle) -> pd.DataFrame:
    """The same coverage read in other ways: by radius, by two stations, at any hour, at night."""
    language = bundle.settings.study.language
    after = dict(contents.readings(bundle.after))
    rows = [(reading_label(r, bundle), share, after.get(r)) for r, share in contents.readings(bundle.before)]
    rows.append((phrase("reading_backup", language), bundle.before.share_backup, bundle.after.share_backup))
    for name in ("any_hour", "night"):
        if name in bundle.before.readings:
            later = bundle.after.readings.get(name)
            rows.append((phrase(f"reading_{name}", language), bundle.before.readings[name], later))
    return pd.DataFrame(rows, columns=[c.key for c in READING_COLUMNS])


def _headline(bundle: Bundle) -> tuple[str, tuple[tuple[str, str, str], ...]]:
    language, before, after = bundle.settings.study.language, bundle.before, bundle.after
    new = after.covered - before.covered
    stations = int((bundle.stations["status"] == "open").sum())
    sentence = phrase(
        "head_sentence", language, workers=number(before.workers), before=percent(before.share),
        after=percent(after.share), stations=number(stations), sites=number(len(bundle.chosen)), new=number(new),
    )  # fmt: skip
    people = [phrase("head_workers", language, n=number(v)) for v in (before.covered, after.covered, new)]
    return sentence, (
        (phrase("head_now", language), percent(before.share), people[0]),
        (phrase("head_then", language), percent(after.share), people[1]),
        (phrase("head_new", language), f"+{number(100 * (after.share - before.share), 1)}", people[2]),
    )


def _cost(bundle: Bundle) -> str:
    costs = contents.site_rows(bundle)["cost_yuan"]
    if not len(costs) or costs.isna().any():
        return ""
    n = len(costs)
    return phrase(
        "cost_sentence", bundle.settings.study.language, total=number(float(costs.sum())), low=number(6250 * n),
        high=number(26700 * n),
    )  # fmt: skip


def certificate_lines(bundle: Bundle) -> tuple[str, ...]:
    """The certificate in sentences."""
    if bundle.settings.siting.goal.own_measure:
        return goal_lines(bundle)
    language, c = bundle.settings.study.language, contents.certificate(bundle)
    n = number(c.sites)
    if c.proven:
        lines = [phrase("cert_optimal", language, n=n)]
    else:
        lines = [
            phrase("cert_gap", language, n=n, gap=ceil_percent(c.gap)),
            phrase(
                "cert_terms", language, objective=number(c.objective), bound=number(math.ceil(c.bound - 1e-6)),
                missing=number(math.ceil(c.missing - 1e-6)), new_gap=ceil_percent(c.new_gap),
            ),
            phrase("cert_worth", language, worth=number(c.worth)),
            phrase("cert_scope", language),
        ]  # fmt: skip
    return (*lines, *([] if c.repeatable else [phrase("cert_cut", language)]))


def _certificate_figures(bundle: Bundle) -> tuple[tuple[str, str], ...]:
    if bundle.settings.siting.goal.own_measure:
        return goal_figures(bundle)
    language, c = bundle.settings.study.language, contents.certificate(bundle)
    values = {
        "cert_objective": number(c.objective), "cert_bound": number(math.ceil(c.bound - 1e-6)),
        "cert_gap_label": ceil_percent(c.gap), "cert_new_gap_label": ceil_percent(c.new_gap),
    }  # fmt: skip
    return tuple((phrase(k, language), v) for k, v in values.items())


def _districts(bundle: Bundle) -> tuple[Table, tuple[tuple[str, float, float, str], ...]]:
    language, table = bundle.settings.study.language, contents.district_rows(bundle)
    bars = tuple((r.district, float(r.share_before), float(r.share_after), "") for r in table.itertuples())
    whole = pd.concat([table, pd.DataFrame([contents.district_total(bundle)])], ignore_index=True)
    return _table(contents.DISTRICT_COLUMNS, whole, language, totals=1), bars


_SITE_KEYS = ("rank", "name", "district", "host_kind", "workers_gained", "workers_in_reach",
              "nearest_station_m", "confidence", "batch", "reason")  # fmt: skip


def _sites(bundle: Bundle) -> Table:
    table = contents.site_rows(bundle)
    columns = [c for c in contents.site_columns(table) if c.key in _SITE_KEYS]
    return _table(columns, table, bundle.settings.study.language)


CURVE_COLUMNS = (
    Column("n", "count", 10), Column("curve_share", "share", 10), Column("curve_bound", "share", 10),
)  # fmt: skip


def curve_rows(bundle: Bundle) -> pd.DataFrame | None:
    """The curve as shares: n, covered, upper bound; None where it was not computed."""
    curve = bundle.curve
    if curve is None or not len(curve):
        return None
    curve = curve.sort_values("n", kind="stable")
    bound = curve["bound"] / bundle.before.workers if bundle.before.workers > 0 else 0 * curve["bound"]
    return pd.DataFrame({"n": curve["n"], "curve_share": curve["share"], "curve_bound": bound})


def _curve(bundle: Bundle) -> tuple[Table | None, tuple[str, ...]]:
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
        n = number(enough.min()) if len(enough) else ""
        lines.append(phrase(key, language, share=percent(share, 0), n=n))
        if not n:  # the higher shares neither
            break
    return _table(CURVE_COLUMNS, few, language), tuple(lines)


def _further(bundle: Bundle) -> tuple[Further, ...]:
    """Other plans, the price of rules, other assumptions; the long list of replacements stays in the workbook."""
    language = bundle.settings.study.language
    return tuple(
        Further(part.heading, part.lines, _table(part.columns, part.table, language))
        for part in options(bundle)
        if not part.long
    ) + _homes(bundle)


def _homes(bundle: Bundle) -> tuple[Further, ...]:
    """Driver homes: the result in sentences above the first table, then the others."""
    out: list[Further] = []
    homes, language = bundle.homes, bundle.settings.study.language
    for part in homes_tables(homes, language, contents.district_labels(bundle), printed=True):
        heading, table = part.heading, part.table
        rows = tuple(tuple(shown(v) for v in values) for values in table.itertuples(index=False))
        numeric = tuple(is_number(table, c) for c in table.columns)
        lines = homes_lines(homes, language) if not out else ()
        keys = tuple(f"home_{i}" for i in range(len(numeric)))
        made = Table(tuple(str(c) for c in table.columns), rows, numeric, keys)
        out.append(Further(heading, lines or part.lines, made, part.picture))
    return tuple(out)


_GAP_COLUMNS = (
    Column("gap_place", "text", 20),
    Column("district", "text", 12),
    Column("gap_workers", "people", 12),
)
_HOT_COLUMNS = (Column("gap_place", "text", 20), Column("workers", "people", 12), Column("area_km2", "decimal", 10),
                Column("peak_period", "text", 14))  # fmt: skip


def _gaps(bundle: Bundle) -> Table | None:
    names = contents.district_labels(bundle)
    gaps = bundle.gaps.sort_values("workers", ascending=False, kind="stable").head(_MOST_GAPS)
    if not len(gaps):
        return None
    rows = pd.DataFrame({
        "gap_place": gaps["name"], "district": [names.get(str(d), str(d)) for d in gaps["district"]],
        "gap_workers": gaps["workers"],
    })  # fmt: skip
    return _table(_GAP_COLUMNS, rows, bundle.settings.study.language)


def _hotspots(bundle: Bundle) -> Table | None:
    if bundle.hotspots is None or not len(bundle.hotspots):
        return None
    labels = {p.name: period_label(p) for p in bundle.settings.periods}
    hot = bundle.hotspots.sort_values("workers", ascending=False, kind="stable").head(_MOST_GAPS)
    rows = pd.DataFrame({
        "gap_place": hot["name"], "workers": hot["workers"], "area_km2": hot["area_km2"].round(2),
        "peak_period": [labels.get(str(p), str(p)) for p in hot["peak_period"]],
    })  # fmt: skip
    return _table(_HOT_COLUMNS, rows, bundle.settings.study.language)


def _method(bundle: Bundle) -> tuple[str, ...]:
    settings, language = bundle.settings, bundle.settings.study.language
    circle = settings.circle
    values = {
        "cell": f"{settings.demand.cell_m:g}", "speed": f"{circle.walk_kmh:g}", "minutes": f"{circle.minutes:g}",
        "metres": number(circle.walk_kmh * 1000 / 60 * circle.minutes), "open": percent(circle.open_share, 0),
        "candidates": number(len(bundle.candidates)), "sites": number(len(bundle.chosen)),
    }  # fmt: skip
    return tuple(phrase(f"method_{i}", language, **values) for i in range(1, 6))


_ASSUMPTION_COLUMNS = (
    Column("parameter", "text", 24), Column("assumed", "text", 16), Column("band", "text", 12),
    Column("basis", "text", 50), Column("trust", "text", 8),
)  # fmt: skip


def _profiles(bundle: Bundle) -> Table:
    """Share of each group per period of the day."""
    settings, language = bundle.settings, bundle.settings.study.language
    groups = settings.active_groups if bundle.homes is not None else settings.headline_groups
    heads = (phrase("col_group", language), *(period_label(p) for p in settings.periods))
    rows = tuple(
        (g.label(language), *(percent(g.profile.get(p.name, 0.0), 0) for p in settings.periods))
        for g in groups
    )
    keys = ("group", *(f"period_{i}" for i in range(len(settings.periods))))
    return Table(heads, rows, (False, *[True] * len(settings.periods)), keys)


def _assumptions(told: Sequence[Assumption], language: str) -> Table:
    rows = []
    for a in told:
        if a.key.endswith(".profile"):  # a table of their own
            continue
        value = printed(a.assumed, "decimal").replace("\n", "、" if language == "zh" else ", ")
        trust = phrase(f"trust_{a.trust}", language) if a.trust else ""
        rows.append((a.parameter, f"{value} {a.unit}".strip(), band_text(a.low, a.high), a.basis, trust))
    table = pd.DataFrame(rows, columns=[c.key for c in _ASSUMPTION_COLUMNS])
    return _table(_ASSUMPTION_COLUMNS, table, language)


def _findings(bundle: Bundle) -> tuple[str, Table | None, str]:
    language = bundle.settings.study.language
    found = contents.sorted_findings(bundle.findings)
    if not found:
        return phrase("findings_none", language), None, ""
    counts = {severity: number(sum(f.severity == severity for f in found)) for severity in "EWFI"}
    columns = [c for c in contents.FINDING_COLUMNS if c.key != "code"]
    table = _table(columns, contents.finding_rows(found[:_MOST_FINDINGS], language), language)
    rest = len(found) - _MOST_FINDINGS
    more = (
        phrase("findings_more", language, shown=number(_MOST_FINDINGS), rest=number(rest)) if rest > 0 else ""
    )
    return phrase("findings_counts", language, **counts), table, more


def _synthetic(bundle: Bundle) -> tuple[str, ...]:
    study = bundle.settings.study
    if not study.synthetic:
        return (phrase("synthetic_no", study.language),)
    note = study.synthetic_note_zh if study.language == "zh" else study.synthetic_note_en
    return tuple(line for line in (phrase("synthetic_yes", study.language), note) if line)


def _inputs(bundle: Bundle) -> Table:
    table = contents.input_rows(bundle)
    table["sha256"] = [str(v)[:16] for v in table["sha256"]]
    return _table(contents.INPUT_COLUMNS, table, bundle.settings.study.language)


def story(bundle: Bundle) -> Story:
    """The report's content in the study's language."""
    settings, language = bundle.settings, bundle.settings.study.language
    sentence, figures = _headline(bundle)
    districts, bars = _districts(bundle)
    curve, curve_lines = _curve(bundle)
    counts, findings, more = _findings(bundle)
    batches = contents.batch_rows(bundle)
    totals = bundle.before.by_group.set_index("group")["workers"]
    low = sum(float(totals.get(g.name, 0.0)) * g.band_low for g in settings.headline_groups)
    high = sum(float(totals.get(g.name, 0.0)) * g.band_high for g in settings.headline_groups)
    told = assumptions(settings, all_groups=bundle.homes is not None)
    version = str(bundle.run.get("versions", {}).get("planner", ""))
    return Story(
        title=settings.study.title(),
        kicker=phrase("report_kicker", language),
        synthetic=settings.study.synthetic,
        sentence=sentence,
        figures=figures,
        readings=_table(READING_COLUMNS, reading_rows(bundle), language),
        cost=_cost(bundle),
        certificate=certificate_lines(bundle),
        certificate_figures=_certificate_figures(bundle),
        districts=districts,
        bars=bars,
        groups=_table(contents.GROUP_COLUMNS, contents.group_rows(bundle), language),
        periods=_table(contents.PERIOD_COLUMNS, contents.period_rows(bundle), language),
        batches=None if batches is None else _table(contents.batch_columns(batches), batches, language),
        batches_note=regret_line(bundle),
        curve=curve,
        curve_lines=curve_lines,
        further=_further(bundle),
        gaps=_gaps(bundle),
        hotspots=_hotspots(bundle),
        sites=_sites(bundle),
        method=_method(bundle),
        band=phrase("band_people", language, low=number(low), high=number(high)),
        profiles=_profiles(bundle),
        profiles_note="\n".join(sorted({a.basis for a in told if a.key.endswith(".profile")})),
        assumptions=_assumptions(told, language),
        finding_counts=counts,
        findings=findings,
        findings_more=more,
        inputs=_inputs(bundle),
        synthetic_lines=_synthetic(bundle),
        credits=tuple(contents.credit_lines(bundle)),
        footer=phrase("footer", language, version=version).strip(),
    )
