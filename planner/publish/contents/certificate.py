"""How far from the best possible the plan can be: in covered workers, or in a goal of its own (``siting.goal``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planner.publish.contents.sites import ranked
from planner.publish.words.numbers import Kind, ceil_number, ceil_percent, ceil_share, number, percent
from planner.publish.words.phrases import phrase
from planner.siting.goal.words import measure_in_words

if TYPE_CHECKING:
    from planner.publish.bundle import Bundle

__all__ = ["Certificate", "Figure", "certificate", "certificate_figures", "certificate_lines"]


@dataclass(frozen=True, slots=True)
class Certificate:
    """How far from the best possible the plan can be.

    Attributes
    ----------
    sites
        Number of new sites.
    objective, bound
        Workers covered by the plan, and the most that any plan of as many sites could cover.
    gap, new_gap
        (bound − objective) over objective, and over the newly covered workers alone.
    missing
        bound − objective, workers.
    worth
        How many of the last-ranked sites bring as many workers together as are missing.
    proven
        Whether the plan is proven to be the best.
    repeatable
        False when a time limit cut the search.
    """

    sites: int
    objective: float
    bound: float
    gap: float
    new_gap: float
    missing: float
    worth: int
    proven: bool
    repeatable: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the certificate: label, value for a workbook's cell and its kind, and the value in print.

    ``text`` is empty for a figure that only the workbook shows.
    """

    label: str
    value: float
    kind: Kind
    text: str


def certificate(bundle: Bundle) -> Certificate:
    """The certificate of the bundle's solution, in workers."""
    solution = bundle.solution
    missing = max(float(solution.bound) - float(solution.objective), 0.0)
    new = bundle.after.covered - bundle.before.covered
    gains = ranked(bundle)["workers_gained"].to_numpy(dtype=float)
    from_the_end = np.cumsum(gains[::-1])
    worth = int(np.searchsorted(from_the_end, missing - 1e-6 * max(missing, 1.0))) + 1 if missing > 0 else 0
    return Certificate(
        sites=len(gains),
        objective=float(solution.objective),
        bound=float(solution.bound),
        gap=float(solution.gap),
        new_gap=missing / new if new > 0 else 0.0,
        missing=missing,
        worth=min(worth, len(gains)),
        proven=solution.status == "optimal",
        repeatable=bool(solution.repeatable),
    )


def certificate_lines(bundle: Bundle) -> tuple[str, ...]:
    """The certificate in sentences."""
    own = bundle.settings.siting.goal.own_measure
    lines = _goal_lines(bundle) if own else _worker_lines(bundle)
    cut = () if bundle.solution.repeatable else (phrase("cert_cut", bundle.settings.study.language),)
    return (*lines, *cut)


def certificate_figures(bundle: Bundle) -> tuple[Figure, ...]:
    """The certificate's figures; those of the kind "not more than" are rounded up in print."""
    own = bundle.settings.siting.goal.own_measure
    return _goal_figures(bundle) if own else _worker_figures(bundle)


def _worker_lines(bundle: Bundle) -> list[str]:
    language, c = bundle.settings.study.language, certificate(bundle)
    n = number(c.sites)
    if c.proven:
        return [phrase("cert_optimal", language, n=n)]
    return [
        phrase("cert_gap", language, n=n, gap=ceil_percent(c.gap)),
        phrase(
            "cert_terms", language, objective=number(c.objective), bound=number(ceil_number(c.bound)),
            missing=number(ceil_number(c.missing)), new_gap=ceil_percent(c.new_gap),
        ),
        phrase("cert_worth", language, worth=number(c.worth)),
        phrase("cert_scope", language),
    ]  # fmt: skip


def _worker_figures(bundle: Bundle) -> tuple[Figure, ...]:
    language, c = bundle.settings.study.language, certificate(bundle)
    bound = ceil_number(c.bound)
    return (
        Figure(phrase("cert_objective", language), c.objective, "people", number(c.objective)),
        Figure(phrase("cert_bound", language), bound, "people", number(bound)),
        _gap(phrase("cert_gap_label", language), c.gap),
        _gap(phrase("cert_new_gap_label", language), c.new_gap),
        Figure(phrase("cert_worth_label", language), c.worth, "count", ""),
    )


def _gap(label: str, gap: float) -> Figure:
    return Figure(label, ceil_share(gap), "gap", ceil_percent(gap))


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
    en, zh = measure_in_words(bundle.settings.siting.goal)
    value, bound, gap = _goal_value(bundle), _goal_bound(bundle), ceil_percent(found.gap)
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
    return (
        Figure(phrase("cert_goal_value", language), found.objective, kind, _goal_value(bundle)),
        Figure(phrase("cert_goal_bound", language), found.bound, kind, _goal_bound(bundle)),
        _gap(phrase("cert_gap_label", language), found.gap),
    )
