"""Workers covered against money: the plan with five verbs at many budgets, every point with its bound and its mix of verbs."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.actions.pose import ActionProblem
from planner.actions.sequence import changes_of
from planner.errors import InfeasibleError
from planner.options.request import OptionsRequest, check_options, relimited
from planner.options.solve import PricedSolution, solve_options
from planner.progress import Progress, silent
from planner.settings.actions import VERBS, Actions
from planner.solvers.effort import effort
from planner.solvers.score import covered_weight

__all__ = ["MoneyFront", "money_front", "options_request"]

Array = NDArray[Any]
#: The greatest budget, over the study's own.
WIDEST = 2.0
#: Rounds of work of one point: its neighbour's plan and prices are where it begins.
ROUNDS = 6


@dataclass(frozen=True)
class MoneyFront:
    """Workers covered against money.

    Attributes
    ----------
    table
        A row per budget, the least first: ``share`` (of the study's own money), ``budget_yuan``, ``yearly_yuan`` (what there
        is), ``cost_yuan``, ``yearly_used_yuan`` (what the plan spends), ``covered``, ``bound`` (no plan for this money covers
        more), ``gap``, ``new`` (newly covered), a column per verb with its number of actions, ``per_1000_once`` and
        ``per_1000_yearly`` (workers that 1,000 yuan more would bring, by the bound).
    """

    table: pd.DataFrame

    def __repr__(self) -> str:
        if not len(self.table):
            return "MoneyFront(no budget)"
        first, last = self.table.iloc[0], self.table.iloc[-1]
        return (
            f"MoneyFront({len(self.table)} budgets: {first['budget_yuan']:,.0f} to {last['budget_yuan']:,.0f} yuan once; "
            f"{first['new']:,.0f} to {last['new']:,.0f} more workers; largest gap {self.table['gap'].max():.3%})"
        )

    def _repr_html_(self) -> str:
        formats: dict[Any, Any] = {
            "share": "{:.0%}".format, "gap": "{:.3%}".format, "per_1000_once": "{:.2f}".format, "per_1000_yearly": "{:.2f}".format,
        }  # fmt: skip
        table = self.table.to_html(
            index=False, escape=True, float_format="{:,.0f}".format, formatters=formats
        )
        return f"<p>{escape(repr(self))}</p>{self.picture()}{table}"

    def picture(self) -> str:
        """Money to the right, newly covered workers upwards; the band up to the bound is what could be missing. SVG text."""
        t = self.table
        if not len(t):
            return ""
        base = float((t["covered"] - t["new"]).iloc[0])
        x1, y1 = float(t["budget_yuan"].max()) or 1.0, float((t["bound"] - base).max()) or 1.0

        def at(x: float, y: float) -> str:
            return f"{70 + 420 * x / x1:.1f},{240 - 210 * y / y1:.1f}"

        rows = list(t.itertuples(index=False))
        line = " ".join(at(r.budget_yuan, r.new) for r in rows)
        above = " ".join(at(r.budget_yuan, r.bound - base) for r in reversed(rows))
        dots = "".join(
            f'<circle cx="{at(r.budget_yuan, r.new).split(",")[0]}" cy="{at(r.budget_yuan, r.new).split(",")[1]}" r="3.5" fill="#c8452b">'
            f"<title>{r.budget_yuan:,.0f}: {r.new:,.0f}</title></circle>"
            for r in rows
        )
        ticks = "".join(
            f'<text x="{70 + 420 * k:.0f}" y="258" font-size="11" text-anchor="middle">{x1 * k:,.0f}</text>'
            f'<text x="64" y="{244 - 210 * k:.0f}" font-size="11" text-anchor="end">{y1 * k:,.0f}</text>'
            for k in (0.0, 0.5, 1.0)
        )
        return (
            '<svg width="520" height="270" viewBox="0 0 520 270"><rect x="70" y="30" width="420" height="210" fill="none" '
            f'stroke="#ccc"/><polygon points="{line} {above}" fill="#c8452b" fill-opacity="0.2"/><polyline points="{line}" '
            f'fill="none" stroke="#c8452b" stroke-width="2"/>{dots}{ticks}</svg>'
        )


def money_front(
    problem: ActionProblem,
    actions: Actions,
    *,
    points: int,
    time_limit_s: float,
    seed: int,
    progress: Progress | None = None,
) -> MoneyFront:
    """The plan at ``points`` budgets, whatever last year's plan had, from a tenth to twice the study's own, once and a year alike, from the dearest down.

    What covers more for less money holds for more money too, and a bound for more money for less: both are carried along.
    Limits on who loses the circle are not in force here. Without limited money there is nothing to ask: no rows.
    """
    say, problem = progress or silent, problem.unpriced()
    money: dict[str, float] = {k: problem.most[k] for k in ("one_off", "yearly") if k in problem.most}
    if not money:
        return MoneyFront(pd.DataFrame())
    request = options_request(problem)
    shares = np.linspace(WIDEST / points, WIDEST, points)[::-1]
    found: list[tuple[float, PricedSolution]] = []
    known: PricedSolution | None = None
    for n, share in enumerate(shares.tolist()):
        say("actions", n / points)
        rounds = actions.work_limit if known is None else ROUNDS
        asked = relimited(request, most={k: v * share for k, v in money.items()})
        try:
            known = solve_options(asked, effort(time_limit_s, actions.gap, rounds, seed, None), known)
        except InfeasibleError:
            break  # less money is not enough for what must be done
        found.append((share, known))
    return MoneyFront(_table(problem, money, found[::-1]))


def options_request(problem: ActionProblem) -> OptionsRequest:
    """The problem as the solver checks it, once for many limits or weights."""
    return check_options(
        problem.covers, problem.weights, problem.place, must=problem.must, covered=None, use=problem.use, least=problem.least,
        most=problem.most, required=(), forbidden=problem.forbidden, region=None, quota_min=None, quota_max=None, apart=problem.apart.tolist(), stands=problem.stands,
    )  # fmt: skip


def _table(
    problem: ActionProblem, money: dict[str, float], found: list[tuple[float, PricedSolution]]
) -> pd.DataFrame:
    """Rows from the least money on: the best plan that this money can pay, the least bound of as much money or more."""
    base = covered_weight(
        problem.covers, problem.weights, problem.keep, np.zeros(problem.covers.shape[1], bool)
    )
    bounds = np.minimum.accumulate([s.solution.bound for _, s in reversed(found)])[::-1]
    rows, best = [], None
    for (share, priced), bound in zip(found, bounds, strict=True):
        plan = priced.solution
        best = plan if best is None or plan.objective > best.objective else best
        chosen, worth = best.chosen, best.objective
        verbs = [c.verb for c in changes_of(problem, chosen)]
        tolls: dict[str, float] = {
            k: 1000.0 * max(priced.per_unit.get(k, 0.0), 0.0) for k in ("one_off", "yearly")
        }
        rows.append(
            {
                "share": share, "budget_yuan": money.get("one_off", np.nan) * share, "yearly_yuan": money.get("yearly", np.nan) * share,
                "cost_yuan": float(problem.use["one_off"][chosen].sum()), "yearly_used_yuan": float(problem.use["yearly"][chosen].sum()),
                "covered": worth, "bound": max(float(bound), worth), "gap": (max(float(bound), worth) - worth) / worth if worth else 0.0,
                "new": worth - base, **dict(zip(map(str, VERBS), map(verbs.count, VERBS), strict=True)),
                "per_1000_once": tolls["one_off"], "per_1000_yearly": tolls["yearly"],
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
