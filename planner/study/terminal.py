"""What the commands print, in the language of the study (before one is open: of the locale)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.errors import AbsentError, Finding, InputError, PlannerError, sorted_findings
from planner.facts.networks import UNION
from planner.facts.register import Register
from planner.telling.contents.existing.audit import audit_lines, map_lines
from planner.telling.contents.records import count_line
from planner.telling.words.figures import told, told_band
from planner.telling.words.homes import limited_words
from planner.telling.words.names import source_label
from planner.telling.words.numbers import ceil_number, ceil_percent, number, percent
from planner.telling.words.phrases import phrase, words_of

if TYPE_CHECKING:
    from planner.actions.plan import ActionPlan
    from planner.audit.changes import Changes
    from planner.audit.promised import Audit
    from planner.audit.truth import MapAudit
    from planner.evidence.agreement import Agreement
    from planner.freight.homes import HomesPlan
    from planner.networks.whole import UnionResult
    from planner.siting.coverage import Coverage
    from planner.siting.open_times import TimeReading
    from planner.siting.plan import SitePlan

__all__ = [
    "actions_text", "aligned", "audit_text", "backtest_text", "batch_text", "changes_text", "check_text", "coverage_text", "dry_run_text", "error_text", "finding_line", "homes_text", "map_audit_text", "misuse_text", "networks_text", "noticed_text", "padded",
    "plan_text", "recomputed_text", "refusal_text", "step_label", "summary", "times_text",
]  # fmt: skip

#: Findings of a comparison of travel times that the terminal shows.
_MOST_TOLD = 20
#: Warnings that a run prints.
_MOST_WARNED = 12


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Text filled up to so many columns of a terminal, in which a Chinese character takes two."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    fill = " " * max(0, width - len(text) - wide)
    return fill + text if right else text + fill


def aligned(rows: Sequence[Sequence[str]], *, right: Sequence[bool], indent: int = 0) -> str:
    """Rows of text (heads first) as columns in line; ``right``: columns of numbers."""
    cells = list(zip(*rows, strict=True))
    widths = [
        max(len(padded(c, 0)) + sum(unicodedata.east_asian_width(x) in "WF" for x in c) for c in column)
        for column in cells
    ]
    lines = [
        "  ".join(padded(c, w, right=r) for c, w, r in zip(row, widths, right, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join(" " * indent + line for line in lines)


def step_label(label: str, language: str) -> str:
    """What is being done, as it is called in ``"zh"`` or ``"en"``: a label of progress or the name of a stage."""
    words = words_of("steps", language)
    name = label
    while f"step:{name}" not in words and ":" in name:  # reach:candidates:walk:15
        name = name.rpartition(":")[0]
    if f"step:{name}" in words:
        return words[f"step:{name}"]
    known = max((k for k in words if label.startswith(k.removeprefix("step:") + " ")), key=len, default="")
    return (
        words[known] + label[len(known.removeprefix("step:")) :] if known else label
    )  # looking up Suzhou, China


# -- findings ----------------------------------------------------------------------------------------


def finding_line(f: Finding, language: str) -> str:
    """A finding on one line: severity, code, file, row, field and value, what is wrong and what to do."""
    name = source_label(f.source, language)
    source = name if f.row is None else phrase("say_where_row", language, source=name, row=f.row)
    value = "" if not f.value or f.value in f.message(language) else repr(f.value)
    severity = phrase(f"severity_{f.severity}", language)
    where = " ".join(part for part in (severity, f.code, source, f.field, value) if part)
    return phrase("say_line", language, where=where, message=f.message(language))


def refusal_text(findings: Iterable[Finding], language: str) -> str:
    """Why a study is refused: its errors, a line each."""
    found = sorted_findings(findings)
    errors = [f for f in found if f.severity == "E"] or found
    head = phrase("say_refused_one" if len(errors) == 1 else "say_refused", language, n=number(len(errors)))
    return "\n".join([head, *(f"  {finding_line(f, language)}" for f in errors)])


def error_text(error: PlannerError, language: str) -> str:
    """What went wrong: its findings where inputs are refused, else one line."""
    if isinstance(error, InputError):
        return refusal_text(error.findings, language)
    if isinstance(error, AbsentError):
        return "\n".join(finding_line(f, language) for f in error.findings)
    return error.message(language) if error.told is None else finding_line(error.told, language)


def check_text(findings: Sequence[Finding], checks: Path, language: str) -> str:
    """Every finding, the worst first, how many there are, and where they stand in full."""
    lines = [finding_line(f, language) for f in sorted_findings(findings)]
    many = phrase("say_findings", language, n=number(len(findings)), counts=count_line(findings, language))
    return "\n".join([*lines, many, phrase("say_checks_file", language, path=checks)])


def noticed_text(findings: Sequence[Finding], checks: Path, language: str) -> str:
    """What a run noticed: its warnings (so many of them), how many findings there are, and where they stand in full."""
    found = sorted_findings(findings)
    warned = [f for f in found if f.severity in "EW"]
    shown = [finding_line(f, language) for f in _each_once(warned)[:_MOST_WARNED]]
    many = phrase("say_findings", language, n=number(len(found)), counts=count_line(found, language))
    more = (
        [phrase("say_more_warnings", language, n=number(len(warned) - len(shown)))]
        if len(warned) > len(shown)
        else []
    )
    return "\n".join([*shown, *more, f"{many} {phrase('say_checks_file', language, path=checks)}"])


def _each_once(findings: Sequence[Finding]) -> list[Finding]:
    """Of several findings of one code on one file the first."""
    return list({(f.code, f.source): f for f in reversed(findings)}.values())[::-1]


def times_text(found: Agreement, page: Path, language: str) -> str:
    """How our travel times agree with another router's: what was noticed, a sentence per mode, where it stands in full."""
    from planner.publish.office.times import times_lines

    noticed = [finding_line(f, language) for f in sorted_findings(found.findings)[:_MOST_TOLD]]
    rest = len(found.findings) - len(noticed)
    more = [phrase("say_more_findings", language, n=number(rest))] if rest > 0 else []
    where = phrase("say_checks_file", language, path=page)
    return "\n".join(["", *noticed, *more, *times_lines(found, language), where])


# -- a run -------------------------------------------------------------------------------------------


def summary(run: Mapping[str, Any], out: Path, language: str) -> str:
    """The few lines a run ends with; its figures are those of the register."""
    facts = Register.read(run["facts"])
    rows = [(phrase("say_workers", language), number(facts.shown("workers", plan="")), "")]
    for key, plan in (("before", "today"), ("after", "proposal")):
        backup = phrase("say_backup", language, share=told(facts.fact("share", plan=plan, least=2)))
        share = f"{told(facts.fact('share', plan=plan))}   {backup}"
        rows.append((phrase(f"say_{key}", language), number(facts.shown("covered", plan=plan)), share))
    timed = [facts.find("share", plan=plan, hours="time") for plan in ("today", "proposal")]
    if timed[0] is not None and timed[1] is not None:
        rows.append((phrase("say_time", language), "", f"{told(timed[0])} -> {told(timed[1])}"))
    for radius in sorted({facts.headline.cutoff_m, *facts.along("share", "cutoff_m")}):
        now, then = (told(facts.fact("share", plan=plan, cutoff_m=radius)) for plan in ("today", "proposal"))
        rows.append(("  " + phrase("say_within", language, m=f"{radius:g}"), "", f"{now} -> {then}"))
    band = told_band(facts.fact("share"))
    if band:
        new = facts.fact("newly_covered", plan="gain")
        rows.append(
            (phrase("say_new", language), told(new), phrase("say_band", language, band=told_band(new)))
        )
    synthetic = f"  {phrase('say_synthetic', language)}" if run["synthetic"] else ""
    files = sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file())
    names = phrase("say_between", language).join(files)
    return "\n".join(
        [
            run["title"] + synthetic,
            aligned(rows, right=(False, True, False), indent=2),
            *(f"  {line}" for line in _certificates(run, facts, language)),
            *(f"  {why}" for why in run["absent"].values()),
            f"  {phrase('say_files', language, out=out, files=names)}",
        ]
    )


def _certificates(run: Mapping[str, Any], facts: Register, language: str) -> list[str]:
    """What is chosen, and how far it may be from the best."""
    stations, homes = run["stations"], run.get("driver_homes")
    lines = [
        phrase(
            "say_sites", language, chosen=number(facts.shown("sites_new")), gap=told(facts.fact("gap")),
            existing=number(facts.shown("stations_open", plan="today")), status=_status(stations["status"], language),
        )
    ]  # fmt: skip
    if not stations["repeatable"]:
        lines.append(phrase("say_cut", language))
    if homes:
        of = {"network": "driver_homes", "groups": "truck"}
        lines.append(
            phrase(
                "say_homes" if facts.shown("homes_gap", **of) else "say_homes_best", language, chosen=told(facts.fact("homes_new", **of)), gap=told(facts.fact("homes_gap", **of)),
                drivers=told(facts.fact("drivers_served", **of)), limited=_limited(facts, language), status=_status(homes["status"], language),
            )
        )  # fmt: skip
    return lines


def _limited(facts: Register, language: str) -> str:
    """Whether bays limit the number served."""
    of = {"network": "driver_homes", "groups": "truck"}
    full = facts.find("homes_full", **of)
    return "" if full is None else limited_words(full.shown, facts.shown("homes_new", **of), language)


def _status(status: str, language: str) -> str:
    return phrase(f"say_status_{status}", language)


# -- the other commands ------------------------------------------------------------------------------


def coverage_text(coverage: Coverage, labels: Mapping[str, str], language: str) -> str:
    """Who is covered today, in all and by district; ``labels``: names of the districts."""
    said = phrase(
        "say_coverage", language, workers=f"{coverage.workers:,.0f}", covered=f"{coverage.covered:,.0f}",
        share=percent(coverage.share), backup=percent(coverage.share_backup),
    )  # fmt: skip
    if coverage.by_time is not None:
        said += "\n" + _timed_line(coverage.by_time, language)
    columns = ("district", "workers", "covered", "share", "backup_share")
    rows = [tuple(phrase(f"coverage_{c}", language) for c in columns)]
    rows += [
        (labels.get(r.district, r.district), number(r.workers), number(r.covered), percent(r.share), percent(r.backup_share))
        for r in coverage.by_district.itertuples()
    ]  # fmt: skip
    return f"{said}\n{aligned(rows, right=(False, True, True, True, True))}"


def _timed_line(read: TimeReading, language: str) -> str:
    """Coverage by quarter-hours; on workdays and weekends where they differ."""
    line = phrase("say_coverage_time", language, share=percent(read.share))
    if abs(read.workday - read.weekend) < 5e-4:
        return line
    days = {"workday": percent(read.workday), "weekend": percent(read.weekend)}
    return line + phrase("say_coverage_week", language, **days)


def plan_text(plan: SitePlan, language: str) -> str:
    """How many stations are chosen, and what they do."""
    now, then = plan.before.by_time, plan.after.by_time
    timed = ""
    if now is not None and then is not None:
        timed = "\n" + phrase("say_site_time", language, before=percent(now.share), after=percent(then.share))
    said = phrase(
        "say_site", language, chosen=len(plan.chosen), before=percent(plan.before.share), after=percent(plan.after.share),
        gap=ceil_percent(plan.solution.gap), status=_status(plan.solution.status, language),
    )  # fmt: skip
    return said + timed


def actions_text(plan: ActionPlan, language: str, findings: Iterable[Finding] = ()) -> str:
    """How many actions of each verb, what they cost, what they do; of the ``findings`` that no money is given, where it is so."""
    stop = "、" if language == "zh" else ", "
    verbs = stop.join(f"{phrase(f'verb_{r.verb}', language)} {r.n}" for r in plan.by_verb.itertuples() if r.n)
    noticed = [finding_line(f, language) for f in findings if f.code == "ACT-016"]
    said = phrase(
        "say_actions", language, n=number(len(plan.actions)), verbs=verbs, cost=number(plan.cost_yuan), yearly=number(plan.yearly_yuan),
        before=percent(plan.before.share), after=percent(plan.after.share), gap=ceil_percent(plan.solution.gap),
        status=_status(plan.solution.status, language),
    )  # fmt: skip
    return "\n".join([said, *noticed])


def changes_text(changes: Changes, language: str) -> str:
    """How many sites or actions are kept, dropped, added against last year's plan, and built since."""
    return phrase("say_changes", language, **{k: number(n) for k, n in changes.counts().items()})


def homes_text(plan: HomesPlan, language: str) -> str:
    """How many driver homes are chosen, whom they serve, whether bays limit that, and how many plans serve as many."""
    ties, tied = plan.ties, ""
    if ties.plans > 1:
        tied = phrase(
            "say_homes_tied" if ties.exact else "say_homes_tied_least", language, n=number(ties.plans)
        )
    return phrase(
        "say_homes_plan", language, chosen=len(plan.chosen), existing=len(plan.existing), drivers=f"{plan.drivers:,.0f}",
        bound=number(ceil_number(plan.solution.bound)), gap=ceil_percent(plan.gap),
        limited=limited_words(plan.limited, len(plan.chosen), language), tied=tied,
    )  # fmt: skip


def networks_text(union: UnionResult, facts: Register, language: str) -> str:
    """A line per network, today and with the plan; then the circle of service of all."""
    heads = ("network", "today", "new", "today", "after", "gap")
    rows = [tuple(phrase(f"say_union_{h}", language) for h in heads)]
    for one in union.networks:
        at = {"network": one.name}
        places, then = facts.fact("network_places", plan="today", **at), facts.fact("network_places", **at)
        gap = facts.find("network_gap", **at)
        shares = [told(facts.fact("network_share", plan=plan, **at)) for plan in ("today", "proposal")]
        rows.append(
            (one.title(language), told(places), number(then.shown - places.shown), *shares, "–" if gap is None else told(gap))
        )  # fmt: skip
    both = {
        f"{key}{end}": told(facts.fact(quantity, plan=plan, network=UNION))
        for key, quantity in (("", "network_circle"), ("twice_", "network_twice"))
        for end, plan in (("before", "today"), ("after", "proposal"))
    }
    said = phrase("say_union_circle", language, n=number(len(union.after.counted)), **both)
    return f"{aligned(rows, right=(False, True, True, True, True, True))}\n{said}"


def dry_run_text(table: pd.DataFrame, language: str) -> str:
    """What a run would do, a line per stage; stages and what they take go by the names of the study file."""
    words = words_of("terminal", language)

    def said(text: str) -> str:
        return words.get(f"dry_{text}", text)

    rows = [tuple(said(c) for c in ("stage", "state", "because", "key"))]
    rows += [(r.stage, said(r.state), said(r.because), r.key) for r in table.itertuples()]
    return aligned(rows, right=(False,) * 4)


def recomputed_text(changed: Mapping[str, str], every: int, language: str) -> str:
    """What was made again though it had been kept, and why; "" where nothing was.

    ``changed``: those that do not only follow another (:meth:`planner.study.stages.Stages.recomputed_first`); ``every``: how many in all.
    """
    words = words_of("terminal", language)
    told = [
        phrase(
            "say_made_again_one", language, stage=step_label(name, language), why=words.get(f"dry_{why}", why)
        )
        for name, why in changed.items()
    ]
    if not told:
        return ""
    key = "say_made_again_more" if every > len(told) else "say_made_again"
    return phrase(key, language, n=every - len(told), stages=phrase("say_between", language).join(told))


def batch_text(table: pd.DataFrame, language: str) -> str:
    """A line per study of a batch, then what went wrong where."""
    columns = ["study", "exit_code", "before", "after", "sites", "gap", "folder"]
    rows = [tuple(phrase(f"batch_{c}", language) for c in columns)]
    for r in table.itertuples():
        known = (
            [percent(r.before), percent(r.after), number(r.sites), ceil_percent(r.gap)]
            if r.message == ""
            else ["–"] * 4
        )
        rows.append((str(r.study), str(r.exit_code), *known, str(r.folder)))
    lines = [aligned(rows, right=(False, True, True, True, True, True, False))]
    return "\n".join([*lines, *(f"{r.study}: {r.message}" for r in table.itertuples() if r.message)])


def backtest_text(table: pd.DataFrame, language: str) -> str:
    """A line per snapshot of a dated list: what was opened, planned, drawn."""
    heads = tuple(phrase(f"backtest_{c}", language) for c in table.columns)
    rows = [(str(r[0]), *(number(float(v)) for v in r[1:])) for r in table.itertuples(index=False)]
    right = (False, *[True] * (len(heads) - 1))
    return "\n".join([phrase("say_backtest", language), aligned([heads, *rows], right=right)])


def audit_text(found: Audit, page: Path, table: Path, language: str) -> str:
    """What was promised and what came, what was noticed, and where it is written."""
    noticed = [finding_line(f, language) for f in sorted_findings(found.findings)[:_MOST_TOLD]]
    return "\n".join(
        [*audit_lines(found, language), *noticed, phrase("audit_written", language, page=page, table=table)]
    )


def map_audit_text(found: MapAudit, page: Path, table: Path, language: str) -> str:
    """What a map audit comes to, what was noticed, and where it is written."""
    told_ = [finding_line(f, language) for f in sorted_findings(found.findings)[:_MOST_TOLD]]
    written = phrase("map_audit_written", language, page=page, table=table)
    return "\n".join([*map_lines(found, language), *told_, written])


def misuse_text(error: Any, language: str) -> str:
    """Why the arguments of a command do not fit, in one line; ``error``: typer's own, which speaks English."""
    context, parameter, kind = (
        getattr(error, "ctx", None),
        getattr(error, "param", None),
        type(error).__name__,
    )
    name = next(
        (o for o in getattr(parameter, "opts", ()) if o.startswith("-")), getattr(parameter, "name", "")
    )
    quoted = re.search(r"'([^']*)'", str(getattr(error, "message", "")))
    key = {
        "NoSuchOption": "usage_option", "MissingParameter": "usage_missing", "BadParameter": "usage_value",
        "BadOptionUsage": "usage_missing_value", "UsageError": "usage_command",
    }.get(kind, "usage_other")  # fmt: skip
    if key == "usage_command" and quoted is None:
        key = "usage_other"
    name = getattr(error, "option_name", None) or name or (quoted.group(1) if quoted else "")
    command = "planner" if context is None else str(context.command_path)
    return phrase("usage_help", language, why=phrase(key, language, name=name), command=command)
