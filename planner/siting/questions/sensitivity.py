"""What the plan is worth under other assumptions, which sites stay, and what each rule costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from planner.progress import Progress, silent
from planner.siting.phases import lack
from planner.siting.problem import SitingProblem
from planner.solvers.merge import equal_columns
from planner.threads import at_once

Array = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """One assumption changed: its key and the siting problem under it (the same candidate sites).

    Keys: ``base``, ``radius:500``, ``group:rider:+30``, ``hours:any``, ``streets:20`` (per cent of the
    footways missing), ``cell:400``.
    """

    key: str
    problem: SitingProblem


@dataclass(frozen=True)
class Sensitivity:
    """How the plan fares when an assumption changes.

    Attributes
    ----------
    table
        One row per case: ``case``, ``workers``, ``share_before``, ``share_plan`` (the proposed sites under
        the case), ``share_best`` (the best plan known under it), ``lost`` (share of the newly covered
        workers that the proposed sites lack of that best) and ``lost_most`` (of what no plan can exceed), ``same`` and ``near`` (how many proposed sites a
        plan made anew under the case takes again, exactly and within ``within_m``).
    kept
        bool, one row per proposed site in rank order, one column per case: the site is near one chosen anew.
    within_m
        What counts as the same place, metres.
    """

    table: pd.DataFrame
    kept: pd.DataFrame
    within_m: float

    @property
    def steady(self) -> Array:
        """Per proposed site: whether it stays in every case."""
        return np.asarray(self.kept.to_numpy(dtype=bool).all(axis=1))

    def __repr__(self) -> str:
        return (
            f"Sensitivity({len(self.table)} cases; {int(self.steady.sum())} of {len(self.kept)} sites stay "
            f"within {self.within_m:g} m in all of them)"
        )

    def _repr_html_(self) -> str:
        shares = {c: "{:.1%}".format for c in self.table if str(c).startswith(("share", "lost"))}
        return f"<p>{escape(repr(self))}</p>" + self.table.to_html(
            index=False, escape=True, float_format="{:,.0f}".format, formatters=shares
        )


def stress(
    cases: Sequence[Case], chosen: Array, solve: Callable[[SitingProblem], Any], *, xy_m: Array, within_m: float,
    value: Callable[[SitingProblem, Array], float] | None = None, progress: Progress | None = None,
) -> Sensitivity:  # fmt: skip
    """Put the plan ``chosen`` (site positions, rank order) through every case.

    Parameters
    ----------
    solve
        ``solve(problem)`` → Solution of as many sites, under the plan's rules. The plan itself is a plan
        under each case too, so the best known is the better of the two.
    xy_m
        Coordinates of the candidates (n_sites × 2), metres.
    value
        What plans are compared by under a case (as the solution's objective); covered weight when None.
    """
    say, rows, kept, worth = progress or silent, [], {}, value or SitingProblem.reached
    answers = at_once(lambda case: solve(case.problem), cases)
    for n, (case, found) in enumerate(zip(cases, answers, strict=True)):
        say("other assumptions", n / len(cases))
        problem = case.problem
        whole, before = float(problem.weights.sum()), float(problem.weights[problem.covered].sum())
        again = np.asarray(found.chosen, dtype=np.int64)
        plan = problem.reached(chosen)
        share_best = max(plan, problem.reached(again))
        none, mine = worth(problem, np.zeros(0, dtype=np.int64)), worth(problem, chosen)
        best = max(mine, float(found.objective))
        far = cKDTree(xy_m[again]).query(xy_m[chosen])[0] if len(again) else np.full(len(chosen), np.inf)
        kept[case.key] = far <= within_m
        scale = whole if whole > 0 else 1.0
        rows.append(
            {
                "case": case.key,
                "workers": whole,
                "share_before": before / scale,
                "share_plan": plan / scale,
                "share_best": share_best / scale,
                "lost": lack(mine - none, best - none),
                "lost_most": lack(mine - none, max(best, float(found.bound)) - none),
                "same": int(np.isin(chosen, again).sum()),
                "near": int(kept[case.key].sum()),
            }
        )
    return Sensitivity(pd.DataFrame(rows), pd.DataFrame(kept), float(within_m))


def district_shares(problem: SitingProblem, sites: Array, district: Array) -> pd.Series:
    """Covered share per district; ``district``: a label per cell (columns run over blocks of cells)."""
    reached = problem.covered.copy()
    reached[problem.covers[np.asarray(sites, dtype=np.int64)].indices] = True
    by_cell = [v.reshape(-1, len(district)).sum(axis=0) for v in (problem.weights, problem.weights * reached)]
    sums = pd.DataFrame(dict(zip(("all", "got"), by_cell, strict=True))).groupby(np.asarray(district)).sum()
    sums = sums[sums["all"] > 0]
    return sums["got"] / sums["all"]


def _best_shares(problem: SitingProblem, mine: Array, sites: Array, p: int) -> Array:
    """Covered share of the points ``mine`` (bool) with 0, 1, … of ``sites``, greedily; stops where nothing is gained."""
    whole = float(problem.weights[mine].sum())
    rows = sparse.csr_array(problem.covers[sites])
    left = np.where(mine & ~problem.covered, problem.weights, 0.0)
    shares = [float(problem.weights[mine & problem.covered].sum()) / whole if whole > 0 else 1.0]
    for _ in range(min(p, len(sites)) if whole > 0 else 0):
        gain = rows @ left
        best = int(np.argmax(gain))
        if gain[best] <= 0:
            break
        shares.append(shares[-1] + float(gain[best]) / whole)
        left[rows.indices[rows.indptr[best] : rows.indptr[best + 1]]] = 0.0
    return np.array(shares)


def levelling_quotas(problem: SitingProblem, district: Array, p: int) -> dict[str, int]:
    """Sites per district that lift the least covered share of a district as far as ``p`` sites go.

    Each district's own sites are taken greedily (what neighbours cover across the border comes on top), and
    the worst-off district gets the next site until there are ``p``. ``district``: a label per cell.
    """
    labels = np.tile(np.asarray(district), len(problem.weights) // max(1, len(district)))
    free = np.ones(len(problem.region), dtype=bool)
    free[problem.forbidden] = False
    names = [str(d) for d in np.unique(district)]
    shares = {
        d: _best_shares(problem, labels == d, np.flatnonzero(free & (problem.region == d)), p) for d in names
    }
    number = dict.fromkeys(names, 0)
    for _ in range(p):
        open_ = [d for d in names if number[d] + 1 < len(shares[d])]
        if not open_:
            break
        worst = min(open_, key=lambda d: (shares[d][number[d]], d))
        number[worst] += 1
    return {d: n for d, n in number.items() if n > 0}


def merged(problem: SitingProblem, group: Array) -> tuple[SitingProblem, Array]:
    """The same problem with fewer points: those of one group that the same sites cover become one.

    ``group``: a label per point. Covered weights of every group stay what they are for any set of sites; points
    covered already and points that no site covers become one per group each.
    """
    matrix = sparse.csr_array(problem.covers)
    ones = sparse.csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)
    ones = sparse.csr_array(
        ones @ sparse.dia_array((~problem.covered[None, :] * 1.0, [0]), shape=(matrix.shape[1],) * 2)
    )
    ones.eliminate_zeros()  # what is covered already is in reach of nobody here
    code = np.unique(group, return_inverse=True)[1]
    first, which = equal_columns(ones, apart=2 * code + problem.covered)
    weights = np.bincount(which, problem.weights, len(first))
    live = weights > 0
    keep = first[live]
    small = replace(
        problem, covers=sparse.csr_array(ones[:, keep]), weights=weights[live], covered=problem.covered[keep]
    )
    return small, np.asarray(group)[keep]


def price_rules(
    problem: SitingProblem, plan: Array, reference: tuple[float, float], found: Mapping[str, tuple[bool, Any]],
    *, district: Array, between: str = "phases",
) -> pd.DataFrame:  # fmt: skip
    """What each rule costs in covered workers.

    Parameters
    ----------
    plan
        The proposed sites.
    reference
        Objective and bound of the best plan under all rules but ``between`` (phases, or the study's goal).
    found
        rule → (whether the plan obeys it, the Solution with the rule switched over: without a rule in
        force, with one that is not).

    Returns
    -------
    One row per rule, the plan itself first (rule ``plan``), then ``between``: ``in_force``, ``covered`` (with
    the rule switched over), ``price`` (workers that the rule costs, at least), ``price_most`` (by the
    bounds, at most), ``least_district``, ``least_share`` (the worst-off district), ``least_share_bound`` (of rule
    ``fair``: no plan lifts the worst-off district above it).
    """
    top, bound = reference
    own = problem.reached(plan)

    def row(
        rule: str,
        in_force: bool,
        covered: float,
        price: float,
        most: float,
        sites: Any,
        top_share: float = np.nan,
    ) -> dict[str, Any]:
        shares = pd.Series(dtype=float) if sites is None else district_shares(problem, sites, district)
        return {
            "rule": rule, "in_force": in_force, "covered": covered, "price": max(0.0, price),
            "price_most": max(0.0, price, most),
            "least_district": str(shares.idxmin()) if len(shares) else "",
            "least_share": float(shares.min()) if len(shares) else np.nan,
            "least_share_bound": top_share,
        }  # fmt: skip

    rows = [row("plan", True, own, 0.0, 0.0, plan)]
    if top > own * (1 + 1e-12):
        rows.append(row(between, True, top, top - own, bound - own, None))
    for rule, (in_force, other) in found.items():
        if in_force:  # without the rule one does at least as well as with it
            best = max(top, float(other.objective))
            rows.append(row(rule, True, best, best - top, float(other.bound) - top, other.chosen))
        else:
            covered = problem.reached(other.chosen)
            share = float(other.bound) if rule == "fair" else np.nan
            rows.append(row(rule, False, covered, top - covered, bound - covered, other.chosen, share))
    return pd.DataFrame(rows)
