"""What else could be decided: other plans, what rules cost, other assumptions, replacements; as printed tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from planner.telling.contents.columns import Column, Option
from planner.telling.contents.coverage import district_labels, reading_label
from planner.telling.contents.evidence import front_option, knowledge_option, pilots_option
from planner.telling.contents.use import USE_COLUMNS, use_lines, use_rows
from planner.telling.words.names import group_label, host_label
from planner.telling.words.numbers import ceil_number, ceil_percent, number, percent
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["Option", "case_label", "irreplaceable_line", "options", "use_option"]


ALTERNATIVE_COLUMNS = (
    Column("option", "text", 22), Column("covered_all", "people", 11), Column("share_after", "share", 11),
    Column("fewer", "people", 12), Column("same", "count", 12), Column("near", "count", 12),
)  # fmt: skip
RULE_COLUMNS = (
    Column("rule", "text", 30), Column("in_force", "text", 10), Column("covered_all", "people", 12),
    Column("price", "people", 11), Column("price_most", "people", 11), Column("least_district", "text", 14),
    Column("least_share", "share", 11),
)  # fmt: skip
CASE_COLUMNS = (
    Column("case", "text", 30), Column("workers", "people", 11), Column("share_before", "share", 11),
    Column("share_plan", "share", 11), Column("share_best", "share", 11), Column("lost", "share", 11),
    Column("same", "count", 12), Column("near", "count", 12),
)  # fmt: skip
REPLACEMENT_COLUMNS = (
    Column("name", "text", 26), Column("rank", "count", 8), Column("district", "text", 12),
    Column("place", "count", 8), Column("replacement", "text", 26), Column("host_kind", "text", 13),
    Column("distance_m", "metres", 11), Column("loss", "people", 11), Column("site_id", "text", 14),
    Column("replacement_id", "text", 14),
)  # fmt: skip


def case_label(key: str, bundle: Bundle) -> str:
    """What a case of the sensitivity table assumes, in words."""
    language = bundle.settings.study.language
    kind, _, rest = key.partition(":")
    if kind == "radius":
        return reading_label(float(rest), bundle)
    if kind == "group":  # a group's name may hold a colon itself
        name, _, change = rest.rpartition(":")
        return phrase("case_group", language, group=group_label(name, bundle.settings), change=change)
    if kind == "streets":
        return phrase("case_streets", language, share=rest)
    if kind == "cell":
        return phrase("case_cell", language, m=rest)
    return phrase(f"case_{kind}", language)


def _alternatives(bundle: Bundle) -> Option | None:
    table, language, facts = bundle.alternatives, bundle.settings.study.language, bundle.facts
    if table is None or not len(table):
        return None
    plans = [f"alternative {int(n)}" for n in table["plan"]]
    rows = pd.DataFrame(
        {
            "option": [phrase("option_n", language, n=int(n)) for n in table["plan"]],
            "covered_all": [facts.shown("covered", plan=plan) for plan in plans],
            "share_after": [facts.shown("share", plan=plan) for plan in plans],
            "fewer": [facts.shown("fewer", plan=plan) for plan in plans],
            "same": table["same"],
            "near": table["near"],
        }
    )
    least, most = float(table["loss"].min()), float(table["loss"].max())
    lines = (
        phrase("intro_alternatives", language, k=len(table)),
        phrase(
            "alternatives_line", language, n=number(len(bundle.chosen) - float(table["same"].max())),
            low=percent(max(0.0, least), 2), high=percent(max(0.0, most), 2),
        ),
    )  # fmt: skip
    return Option("alternatives", phrase("sec_alternatives", language), lines, ALTERNATIVE_COLUMNS, rows)


def _rules(bundle: Bundle) -> Option | None:
    table, language = bundle.rule_prices, bundle.settings.study.language
    if table is None or len(table) < 2:  # the plan alone: no rule to price
        return None
    names = district_labels(bundle)
    is_plan = table["rule"] == "plan"
    covered = [bundle.facts.shown("covered", plan=f"rule {r}") for r in table["rule"]]
    rows = pd.DataFrame(
        {
            "rule": [phrase(f"rule_{r}", language) for r in table["rule"]],
            "in_force": [
                "" if plan else phrase("yes" if on else "no", language)
                for plan, on in zip(is_plan, table["in_force"], strict=True)
            ],
            "covered_all": covered,
            "price": _prices(table, covered),
            "price_most": [
                float("nan") if plan or pd.isna(v) else ceil_number(v)
                for plan, v in zip(is_plan, table["price_most"], strict=True)
            ],
            "least_district": [names.get(str(d), str(d)) for d in table["least_district"]],
            "least_share": table["least_share"],
        }
    )
    return Option(
        "rules", phrase("sec_rules", language), (phrase("intro_rules", language),), RULE_COLUMNS, rows
    )


def _prices(table: pd.DataFrame, covered: list[float]) -> list[float]:
    """What each rule costs as printed: counted from the row of phases or of the goal where there is one, else from the plan."""
    between = table["rule"].iloc[1] in ("phases", "goal")
    top = covered[between]
    prices = [max(0.0, c - top if on else top - c) for on, c in zip(table["in_force"], covered, strict=True)]
    return [float("nan"), *([top - covered[0]] if between else []), *prices[1 + between :]]


def _cases(bundle: Bundle) -> Option | None:
    table, language, facts = bundle.sensitivity, bundle.settings.study.language, bundle.facts
    if table is None or not len(table):
        return None

    def share(plan: str) -> list[float]:
        return [facts.shown("share", plan=plan, case=str(key)) for key in table["case"]]

    rows = table.assign(
        case=[case_label(str(key), bundle) for key in table["case"]],
        share_before=share("today"), share_plan=share("proposal"), share_best=share("best"),
    )  # fmt: skip
    lines = tuple(_case_lines(table, bundle))
    return Option("sensitivity", phrase("sec_sensitivity", language), lines, CASE_COLUMNS, rows)


def _case_lines(table: pd.DataFrame, bundle: Bundle) -> Iterator[str]:
    """What the cases come to: how many sites stay, the noise of the search, what moves the plan most."""
    language, sites = bundle.settings.study.language, number(len(bundle.chosen))
    yield phrase("intro_sensitivity", language, m=number(bundle.settings.circle.walk_m))
    always = bundle.facts.find("sites_always")
    if always is not None:
        yield phrase("sensitivity_steady", language, n=number(always.shown), sites=sites)
    base = table[table["case"] == "base"]
    if len(base):
        yield phrase("sensitivity_noise", language, n=number(int(base["near"].iloc[0])), sites=sites)
    hanging = bundle.facts.find("hanging", plan="today")
    if hanging is not None and hanging.shown > 0:
        yield phrase("sensitivity_hanging", language, n=number(hanging.shown))
    groups = table[table["case"].str.startswith("group:")]
    if len(groups):
        most = float(groups["lost_most"].max())
        yield phrase("sensitivity_groups", language, lost=ceil_percent(most, 1))
    others = table[~table["case"].str.startswith(("group:", "base"))]
    if len(others):
        worst = others.loc[others["lost"].idxmax()]
        label, lost = case_label(str(worst["case"]), bundle), percent(float(worst["lost"]))
        yield phrase("sensitivity_worst", language, case=label, lost=lost)


def _replacements(bundle: Bundle) -> Option | None:
    table, language = bundle.replacements, bundle.settings.study.language
    if table is None:
        return None
    names = district_labels(bundle)
    rows = table.assign(
        district=[names.get(str(d), str(d)) for d in table["district"]],
        host_kind=[host_label(kind, language) for kind in table["host_kind"]],
    )
    none = irreplaceable_line(bundle)
    lines = (
        phrase("intro_replacements", language, m=number(bundle.settings.circle.walk_m)),
        *([none] if none else []),
    )
    return Option(
        "replacements", phrase("sec_replacements", language), lines, REPLACEMENT_COLUMNS, rows, long=True
    )


def irreplaceable_line(bundle: Bundle) -> str:
    """Which sites nothing in reach could replace; "" where there is none, or replacements were not asked for."""
    if bundle.replacements is None:
        return ""
    ranks = sorted(set(bundle.chosen["rank"].astype(int)) - set(bundle.replacements["rank"].astype(int)))
    if not ranks:
        return ""
    language = bundle.settings.study.language
    return phrase(
        "replacements_none", language, m=number(bundle.settings.circle.walk_m), n=number(len(ranks)),
        sites=number(len(bundle.chosen)), ranks=("、" if language == "zh" else ", ").join(map(str, ranks)),
    )  # fmt: skip


def use_option(bundle: Bundle) -> Option | None:
    """Visits to expect, in sentences and by district; why there are none; None where use was not asked for."""
    why = bundle.run.get("absent", {}).get("use", "")
    lines = use_lines(bundle) or ((str(why),) if why else ())
    if not lines:
        return None
    return Option(
        "use", phrase("sec_use", bundle.settings.study.language), lines, USE_COLUMNS, use_rows(bundle)
    )


def options(bundle: Bundle) -> Sequence[Option]:
    """The sections a study has, in order."""
    parts = (
        use_option(bundle), _alternatives(bundle), _rules(bundle), front_option(bundle), _cases(bundle),
        knowledge_option(bundle), pilots_option(bundle), _replacements(bundle),
    )  # fmt: skip
    return [part for part in parts if part is not None]
