"""What lifting the worst-off district costs: the most workers covered for each least share, every point with its bound.

With a price μ_d ≥ 0 on each district's share, a plan whose shares are all ℓ or more covers at most
``max_x [total(x) + Σ μ_d share_d(x)] − ℓ Σ μ_d``: maximal covering with other weights, whose own bound holds for
every ℓ at once. Prices follow the districts that stay below ℓ (subgradient, step by Polyak); what is found on the way
are the plans, and the lowest of all those lines is the bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.progress import Progress, silent
from planner.siting.problem import SitingProblem
from planner.siting.proposal import AGAIN
from planner.siting.questions.ask import Finished
from planner.siting.questions.sensitivity import merged
from planner.siting.solve import Look, solve
from planner.solvers.covering.composed import Worth, searched, solve_composed
from planner.solvers.each_rule import allowed
from planner.solvers.effort import effort
from planner.solvers.request import Request, check_covered, check_covers, check_weights
from planner.solvers.solution import Solution

__all__ = ["POINTS", "FairFront", "Front", "fair_front", "front_of", "front_rows", "raised"]

Array = NDArray[Any]
Known = TypeVar("Known")
#: Points of the front, both ends among them.
POINTS = 6
#: Plans sought per point between the ends.
TURNS = 6
#: What the share of all counts beside the least one in the plans sought between the ends.
LEANS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
#: Shares nearer than this count as equal.
SAME = 1e-9


@dataclass(frozen=True)
class FairFront:
    """The most workers covered against the worst-off district's share.

    Attributes
    ----------
    table
        One row per plan, from the most workers to the best-off worst district: ``level`` (every district is covered
        to this share or more), ``covered`` (workers), ``bound`` (no plan of that level covers more), ``gap``,
        ``share``, ``least_share`` and ``least_district`` of the plan, ``price`` and ``price_most`` (workers fewer
        than the first row's plan, at least and at most, by the bounds), ``same`` (sites shared with the proposal),
        ``sites`` (ids joined by ``;``).
    least_bound
        No plan lifts the worst-off district above this share.
    repeatable
        False when the clock, not the amount of work, ended a search.
    """

    table: pd.DataFrame
    least_bound: float
    repeatable: bool = True

    def __repr__(self) -> str:
        if not len(self.table):
            return "FairFront(no plans)"
        first, last = self.table.iloc[0], self.table.iloc[-1]
        return (
            f"FairFront({len(self.table)} plans: from {first['covered']:,.0f} workers with {first['least_share']:.1%} in the "
            f"worst-off district to {last['covered']:,.0f} with {last['least_share']:.1%}; "
            f"above {self.least_bound:.1%} no plan lifts it{'' if self.repeatable else '; cut by the clock'})"
        )

    def _repr_html_(self) -> str:
        shares = dict.fromkeys(("level", "share", "least_share"), "{:.1%}".format) | {"gap": "{:.3%}".format}
        table = self.table.drop(columns="sites", errors="ignore").to_html(
            index=False, escape=True, float_format="{:,.0f}".format, formatters=shares
        )
        return f"<p>{escape(repr(self))}</p>{table}{self.picture()}"

    def picture(self) -> str:
        """Workers to the right, the worst-off district's share upwards; bars show what no plan exceeds."""
        t = self.table
        if not len(t):
            return ""
        x0, x1 = float(t["covered"].min()), float(t["bound"].max())
        y0, y1 = float(t["level"].min()), self.least_bound

        def at(x: float, y: float) -> tuple[float, float]:
            wide, high = max(x1 - x0, 1e-9), max(y1 - y0, 1e-9)
            return 60 + 380 * (x - x0) / wide, 230 - 200 * (y - y0) / high

        parts = []
        for r in t.itertuples(index=False):
            (x, y), (right, level) = at(r.covered, r.least_share), at(r.bound, r.level)
            parts.append(
                f'<path d="M{x:.1f} {level:.1f} H{right:.1f}" stroke="#9aa7b1" stroke-width="2"/>'
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#c8102e"><title>{r.covered:,.0f}: {r.least_share:.1%}</title></circle>'
            )
        ends = [
            f'<text x="{60 + 380 * k}" y="252" font-size="11" text-anchor="middle">{v:,.0f}</text>'
            for k, v in ((0, x0), (1, x1))
        ] + [
            f'<text x="54" y="{230 - 200 * k + 4}" font-size="11" text-anchor="end">{v:.1%}</text>'
            for k, v in ((0, y0), (1, y1))
        ]
        frame = '<rect x="60" y="30" width="380" height="200" fill="none" stroke="#ccc"/>'
        return f'<svg width="470" height="262" viewBox="0 0 470 262">{frame}{"".join(parts + ends)}</svg>'


@dataclass
class Front:
    """Plans seen and the lines that bound every plan; ``names``, ``totals``: districts and their workers; ``score``: of a plan the covered workers and each district's share, counted afresh."""

    names: Array
    totals: Array
    score: Callable[[Array], tuple[float, Array]]
    plans: list[Array] = field(default_factory=list)
    ends: list[tuple[float, Array]] = field(default_factory=list)  # (covered, share per district)
    lines: list[tuple[float, float]] = field(default_factory=list)  # covered ≤ a − b · level
    repeatable: bool = True

    def add(self, plan: Array) -> tuple[float, Array]:
        """Keep a plan; its score."""
        self.plans.append(np.asarray(plan, dtype=np.int64))
        self.ends.append(self.score(self.plans[-1]))
        return self.ends[-1]

    def best(self, level: float) -> int:
        """Position of the plan that covers most among those of this level."""
        worth = [covered if shares.min() >= level - SAME else -np.inf for covered, shares in self.ends]
        return int(np.argmax(worth))

    def bound(self, level: float) -> float:
        """No plan of this level covers more."""
        return min(a - b * level for a, b in self.lines)

    def priced(self, mu: Array, found: Solution) -> None:
        """Keep the answer to maximal covering with ``mu`` workers paid for the whole share of each district."""
        self.lines.append((max(float(found.bound), float(found.objective)), float(mu.sum())))
        self.add(found.chosen)
        self.repeatable &= found.repeatable


@dataclass
class _Sites:
    """The siting problem with equal points merged, the district (code) of each point, and the front."""

    problem: SitingProblem
    code: Array
    front: Front

    @classmethod
    def of(cls, problem: SitingProblem, label: Array) -> _Sites:
        names, code = np.unique(label, return_inverse=True)
        totals = np.bincount(code, problem.weights)

        def score(sites: Array) -> tuple[float, Array]:
            reached = problem.covered.copy()
            reached[problem.covers[sites].indices] = True
            got = np.bincount(code, problem.weights * reached, len(totals))
            return float(got.sum()), got / totals

        return cls(problem, code, Front(names, totals, score))

    def priced(self, mu: Array, look: Look, known: Solution | None) -> Solution:
        """Maximal covering with ``mu`` workers paid for the whole share of each district."""
        weights = self.problem.weights * (1.0 + (mu / self.front.totals)[self.code])
        found = solve(self.problem, look, weights=weights, known=known)
        self.front.priced(mu, found)
        return found


def fair_front(
    of: Finished, *, points: int = POINTS, quotas: bool = True, time_limit_s: float = 300.0,
    progress: Progress | None = None,
) -> FairFront:  # fmt: skip
    """The Pareto front of covered workers against the worst-off district's share, from a finished plan on.

    Parameters
    ----------
    points
        Levels of the least share, evenly from that of the plan which covers most to the highest known; at least 2.
    quotas
        Keep the study's counts per district; False: without them. All other rules hold in any case; the study's
        goal and its phases do not.
    time_limit_s
        Safety for each solve.

    Raises
    ------
    ValueError
        Fewer than two points.
    """
    problem = of.kept.without_goal()
    problem = problem.with_rules(problem.rules.counted(of.settled.p))
    if not quotas:
        problem = problem.with_rules(problem.rules.without(problem.rules.partitions[0].name))
    look = replace(of.posing.look(progress=progress), time_limit_s=time_limit_s)
    ids = of.posing.candidates["site_id"].to_numpy(dtype=str)
    return front_of(problem, of.district, plan=of.plan.solution, ids=ids, look=look, points=points)


def front_of(
    problem: SitingProblem, district: Array, *, plan: Solution, ids: Array, look: Look, points: int = POINTS
) -> FairFront:
    """The front of a posed problem.

    Parameters
    ----------
    district
        A label per cell (the problem's points run over blocks of cells).
    plan
        A plan to set out from; it is on the front only if it obeys the problem's rules.
    ids
        Id of each site.
    look
        How hard to look for the ends; points between take a round each.
    """
    if points < 2:
        raise ValueError(f"a front has two ends: points must be 2 or more, not {points}")
    say, quick = look.progress or silent, replace(look, work_limit=AGAIN, progress=None)
    small, label = merged(problem, np.tile(district, len(problem.weights) // len(district)))
    own = _Sites.of(small, label)
    front = own.front
    say("the worst-off district", 0.0)
    known, highest = _both_ends(own, plan, replace(look, progress=None))
    first = front.ends[front.best(0.0)]
    last = max(float(shares.min()) for _, shares in front.ends)
    levels, mu = np.linspace(float(first[1].min()), last, points), np.zeros(len(front.names))
    for n, level in enumerate(levels[1:]):
        say("the worst-off district", (n + 1) / points)
        known, mu = raised(front, float(level), mu, known, lambda mu, known: own.priced(mu, quick, known))

    def sites(at: Array) -> dict[str, Any]:
        return {"same": int(np.isin(plan.chosen, at).sum()), "sites": ";".join(ids[at])}

    table = pd.DataFrame(list(front_rows(front, levels, sites)))
    return FairFront(table, max(highest, last), front.repeatable)


def _both_ends(of: _Sites, plan: Solution, look: Look) -> tuple[Solution, float]:
    """The plan of most workers, the one with the greatest least share and some between, all kept in the front.

    The first comes back, and the share above which no plan lifts the worst-off district.
    """
    problem, front = of.problem, of.front
    k = len(front.totals)
    most = of.priced(np.zeros(k), look, replace(plan, prices=None))
    if allowed(problem.rules, np.sort(plan.chosen)):
        front.add(plan.chosen)
    covers = check_covers(problem.covers)
    n = covers.shape[1]
    request = Request(
        covers, check_weights(problem.weights, n), check_covered(problem.covered, n), problem.rules
    )
    shares = np.zeros((k, n))
    shares[of.code, np.arange(n)] = problem.weights / front.totals[of.code]
    hard = effort(look.time_limit_s, look.gap, look.work_limit, look.seed, look.progress)
    worth = Worth(scenarios=shares, tail=1.0 / k)
    fair = solve_composed(request, worth, [np.sort(most.chosen)], hard)
    front.add(fair.chosen)
    front.repeatable &= fair.repeatable
    for lean in LEANS:  # plans between the ends: the least share plus so many times the share of all
        between = replace(worth, straight=lean * front.totals / front.totals.sum())
        own = effort(look.time_limit_s, look.gap, look.work_limit, look.seed)
        found = searched(request, between, np.sort(front.plans[-1]), own)
        front.repeatable &= own.repeatable
        if allowed(problem.rules, found):
            front.add(found)
    return most, max(float(fair.bound), float(fair.objective))


def raised(
    front: Front,
    level: float,
    mu: Array,
    known: Known,
    priced: Callable[[Array, Known], Known],
    *,
    turns: int = TURNS,
) -> tuple[Known, Array]:
    """Prices that make plans keep the level, by subgradient; the last solution and the prices of the lowest bound.

    ``priced``: solves with prices from the solution known, and keeps the answer in the front.
    """
    lowest, best_mu, close = np.inf, mu, 1.0
    for _ in range(turns):
        known = priced(mu, known)
        _, shares = front.ends[-1]
        here = front.lines[-1][0] - front.lines[-1][1] * level
        lowest, best_mu, close = (here, mu, close) if here < lowest else (lowest, best_mu, close / 2)
        top = front.ends[front.best(level)][0]
        short = level - shares
        step = np.where((mu > 0) | (short > 0), short, 0.0)
        if not step.any() or here - top <= 1e-6 * max(top, 1.0):
            break
        mu = np.maximum(0.0, mu + close * max(here - top, 0.1) * step / float(step @ step))
    return known, best_mu


def front_rows(
    front: Front, levels: Array, more: Callable[[Array], dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """A row per level (the columns of :class:`FairFront`); ``more``: further columns of a plan."""
    whole = float(front.totals.sum())
    first = front.ends[front.best(0.0)][0]
    top = front.bound(float(levels[0]))
    for level in levels:
        at = front.best(float(level))
        covered, shares = front.ends[at]
        bound = max(front.bound(float(level)), covered)
        yield {
            "level": float(level),
            "covered": covered,
            "bound": bound,
            "gap": (bound - covered) / covered if covered > 0 else 0.0,
            "share": covered / whole if whole > 0 else 0.0,
            "least_share": float(shares.min()),
            "least_district": str(front.names[int(shares.argmin())]),
            "price": max(0.0, first - bound),
            "price_most": max(0.0, top - covered),
            **more(front.plans[at]),
        }
