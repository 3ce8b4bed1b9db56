"""How far from the best possible the plan can be: in covered workers, or in a goal of its own (``siting.goal``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.siting.goal.words import measure_in_words
from planner.telling.contents.intervals import hindsight_line
from planner.telling.words.numbers import (
    Kind,
    ceil_number,
    ceil_percent,
    ceil_share,
    number,
    percent,
    printed,
)
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["Figure", "certificate_figures", "certificate_lines"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the certificate: label, value for a workbook's cell and its kind, and the value in print.

    ``text`` is empty for a figure that only the workbook shows.
    """

    label: str
    value: float
    kind: Kind
    text: str


def certificate_lines(bundle: Bundle) -> tuple[str, ...]:
    """The certificate in sentences."""
    own = bundle.settings.own_measure
    lines = _goal_lines(bundle) if own else _worker_lines(bundle)
    regret = () if own or not hindsight_line(bundle) else (hindsight_line(bundle),)
    cut = () if bundle.solution.repeatable else (phrase("cert_cut", bundle.settings.study.language),)
    return (*lines, *regret, *cut)


def certificate_figures(bundle: Bundle) -> tuple[Figure, ...]:
    """The certificate's figures; those of the kind "not more than" are rounded up in print."""
    own = bundle.settings.own_measure
    return _goal_figures(bundle) if own else _worker_figures(bundle)


def _worker_lines(bundle: Bundle) -> list[str]:
    language, facts = bundle.settings.study.language, bundle.facts
    n, worth = number(facts.shown("sites_new")), facts.shown("worth_sites")
    if bundle.solution.status == "optimal":
        return [phrase("cert_optimal", language, n=n)]
    return [
        phrase("cert_gap", language, n=n, gap=_share_of(bundle, "gap")),
        phrase(
            "cert_terms", language, objective=number(facts.shown("covered")), bound=number(facts.shown("bound")),
            missing=number(facts.shown("missing")), new_gap=_share_of(bundle, "gap_of_new"),
        ),
        phrase("cert_worth" if worth != 1 else "cert_worth_one", language, worth=number(worth)),
        phrase("cert_scope", language),
    ]  # fmt: skip


def _share_of(bundle: Bundle, quantity: str) -> str:
    return printed(bundle.facts.shown(quantity), "gap")


def _figure(bundle: Bundle, label: str, quantity: str, kind: Kind, *, told: bool = True) -> Figure:
    value = bundle.facts.shown(quantity)
    return Figure(
        phrase(label, bundle.settings.study.language), value, kind, printed(value, kind) if told else ""
    )


def _worker_figures(bundle: Bundle) -> tuple[Figure, ...]:
    return (
        _figure(bundle, "cert_objective", "covered", "people"),
        _figure(bundle, "cert_bound", "bound", "people"),
        _figure(bundle, "cert_gap_label", "gap", "gap"),
        _figure(bundle, "cert_new_gap_label", "gap_of_new", "gap"),
        _figure(bundle, "cert_worth_label", "worth_sites", "count", told=False),
        *(
            _figure(bundle, label, quantity, "people")
            for label, quantity in (
                ("cert_regret_label", "regret"),
                ("cert_regret_most_label", "regret_most"),
            )
            if bundle.facts.find(quantity) is not None
        ),
    )


def _is_share(bundle: Bundle) -> bool:
    return bundle.settings.siting.goal.aim in ("fair", "lexicographic")


def _goal_value(bundle: Bundle) -> str:
    """The goal's value in print: a share, or a number (of workers, weighted)."""
    value = bundle.solution.objective
    return percent(value, 2) if _is_share(bundle) else number(value)


def _goal_bound(bundle: Bundle) -> str:
    bound = bundle.solution.bound
    return ceil_percent(bound, 2, slack=1e-6) if _is_share(bundle) else number(ceil_number(bound))


def _goal_lines(bundle: Bundle) -> list[str]:
    language, found = bundle.settings.study.language, bundle.solution
    en, zh = measure_in_words(bundle.settings.siting.goal, bundle.settings.change_workers)
    value, bound, gap = _goal_value(bundle), _goal_bound(bundle), _share_of(bundle, "gap")
    return [
        phrase("cert_goal", language, measure=zh if language == "zh" else en),
        phrase("cert_goal_optimal", language, value=value)
        if found.status == "optimal"
        else phrase("cert_goal_gap", language, value=value, bound=bound, gap=gap),
        phrase("cert_scope", language),
    ]


def _goal_figures(bundle: Bundle) -> tuple[Figure, ...]:
    language, found = bundle.settings.study.language, bundle.solution
    kind: Kind = "share" if _is_share(bundle) else "people"
    value = round(found.objective, 4) if _is_share(bundle) else round(found.objective)
    bound = ceil_share(found.bound, 2, slack=1e-6) if _is_share(bundle) else ceil_number(found.bound)
    return (
        Figure(phrase("cert_goal_value", language), value, kind, _goal_value(bundle)),
        Figure(phrase("cert_goal_bound", language), bound, kind, _goal_bound(bundle)),
        _figure(bundle, "cert_gap_label", "gap", "gap"),
    )
