"""Requests that no choice of options can meet: which rules clash, fewest first, and the nearest way out.

What arithmetic alone refuses comes first (it gives the best sentences); the rest is decided by HiGHS on the rules
without any demand, and narrowed by a deletion filter: leave one rule out at a time, keep only those without which
the request becomes possible.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from planner.options.exact import apart_constraint, limit_constraint, place_constraint
from planner.options.request import ROUNDING, Limit, OptionsRequest
from planner.solvers.clash import InfeasibleRequestError, Told, told
from planner.solvers.effort import LOOKS
from planner.solvers.highs import Outcome, solve_model
from planner.solvers.scale import factor

__all__ = ["any_choice", "refuse_clash", "refuse_impossible"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: So many places, or options, are named one by one; of more, only the number.
NAMED = 4


@dataclass(frozen=True)
class _Side:
    """One side of a limit."""

    limit: Limit
    side: Literal["least", "most"]

    @property
    def key(self) -> str:
        """How refusals call it, as the argument that sets it."""
        name = (
            {"least": "quota_min", "most": "quota_max"}[self.side]
            if self.limit.kind == "quota"
            else self.side
        )
        return f"{name}[{self.limit.name!r}]"

    @property
    def number(self) -> float:
        """Its limit."""
        return self.limit.least if self.side == "least" else self.limit.most

    def told(self, number: float | None = None) -> Told:
        """What it asks for (with another ``number``: what it would have to ask for)."""
        n = _figure(self.number if number is None else number)
        if self.limit.kind == "quota":
            en = "{k}: at least {n} options in region {g}", "{k}: at most {n} options in region {g}"
            zh = "{k}：区域 {g} 至少选 {n} 项", "{k}：区域 {g} 至多选 {n} 项"
        else:
            en = "{k}: at least {n} of {g} in all", "{k}: at most {n} of {g} in all"
            zh = "{k}：{g} 合计至少 {n}", "{k}：{g} 合计至多 {n}"
        at = 0 if self.side == "least" else 1
        return told(en[at], zh[at], k=self.key, n=n, g=self.limit.name)

    def eased(self, value: float) -> float:
        """The nearest number that a sum of ``value`` keeps, in few digits."""
        if self.limit.kind == "quota":
            return float(np.rint(value))
        unit = 10.0 ** np.floor(np.log10(max(abs(value), 1e-290)) - 11)
        steps = np.floor(value / unit) if self.side == "least" else np.ceil(value / unit)
        return value if abs(value / unit - np.rint(value / unit)) < 1e-3 else float(steps * unit)


@dataclass(frozen=True)
class _Bound:
    """Places that must take an option, options that must be taken, options that must not, places that must be apart."""

    key: Literal["must", "required", "forbidden", "apart"]
    who: tuple[Any, ...]

    def told(self) -> Told:
        """What it asks for."""
        some = ", ".join(str(w) for w in self.who[:NAMED]) + (" …" if len(self.who) > NAMED else "")
        en = {
            "must": "must: {n} place(s) take an option ({some})", "required": "required: {n} option(s) ({some})",
            "forbidden": "forbidden: {n} option(s) ({some})", "apart": "apart: {n} pair(s) of places ({some})",
        }  # fmt: skip
        zh = {
            "must": "must：{n} 个地点须各取一项（{some}）",
            "required": "required：{n} 项必选（{some}）",
            "forbidden": "forbidden：{n} 项禁选（{some}）",
            "apart": "apart：{n} 对地点不得同时设站（{some}）",
        }
        return told(en[self.key], zh[self.key], n=len(self.who), some=some)


Rule = _Side | _Bound


def refuse_impossible(request: OptionsRequest) -> None:
    """Raise where arithmetic alone shows that no choice obeys the rules.

    Raises
    ------
    InfeasibleRequestError
        With the clash and the nearest way out.
    """
    if request.unknown:
        rule = _Bound("must", request.unknown)
        there = told("no option has this place", "没有任何选项属于该地点")
        raise InfeasibleRequestError([rule.told(), there], _without(rule), rules=("must",))
    both = np.intersect1d(request.required, request.forbidden)
    if len(both):
        clash: list[str] = [_Bound(key, tuple(both.tolist())).told() for key in ("required", "forbidden")]
        raise InfeasibleRequestError(
            clash, _without(_Bound("forbidden", tuple(both.tolist()))), rules=("required", "forbidden")
        )
    home = request.place[request.required]
    twice = np.flatnonzero(np.bincount(home, minlength=len(request.labels)) > 1)
    if len(twice):
        same = tuple(request.required[home == twice[0]].tolist())
        one = told("at most one option of place {g}", "地点 {g} 至多取一项", g=request.labels[twice[0]])
        raise InfeasibleRequestError(
            [_Bound("required", same).told(), one],
            told("require one of them", "只保留其中一项"),
            rules=("required",),
        )
    bare = request.must & (np.bincount(request.place[request.may()], minlength=len(request.must)) == 0)
    if bare.any():
        places = tuple(request.labels[k] for k in np.flatnonzero(bare))
        lost = tuple(i for i in request.forbidden.tolist() if bare[request.place[i]])
        clash = [_Bound("must", places).told(), _Bound("forbidden", lost).told()]
        way = told("forbid one option fewer of each of these places", "这些地点各少禁选一项")
        raise InfeasibleRequestError(clash, way, rules=("must", "forbidden"))
    for limit in request.limits:
        if limit.least > limit.most:
            sides = [_Side(limit, "least"), _Side(limit, "most")]
            raise InfeasibleRequestError(
                [s.told() for s in sides], sides[0].told(limit.most), rules=tuple(s.key for s in sides)
            )


def any_choice(request: OptionsRequest, score: Floats) -> Ints | None:
    """The options with a high Σ ``score`` that obey the rules; None where HiGHS finds none."""
    out = _solved(request, _rules(request), cost=-score * factor(float(np.abs(score).sum())), gap=0.01)
    return None if out.values is None else np.flatnonzero(out.values > 0.5)


def refuse_clash(request: OptionsRequest) -> None:
    """Raise where HiGHS shows that no choice obeys the rules; the smallest clash is looked for.

    Raises
    ------
    InfeasibleRequestError
        With the smallest clashing set of rules and the nearest relaxation.
    """
    kept = _rules(request)
    if not _solved(request, kept).infeasible:
        return
    for rule in list(kept):
        others = [r for r in kept if r is not rule]
        if _solved(request, others).infeasible:
            kept = others
    raise InfeasibleRequestError(
        [rule.told() for rule in kept], _nearest(request, kept), rules=tuple(r.key for r in kept)
    )


def _rules(request: OptionsRequest) -> list[Rule]:
    """Every rule in force, those that are least likely to clash first."""
    out: list[Rule] = []
    if len(request.forbidden):
        out.append(_Bound("forbidden", tuple(request.forbidden.tolist())))
    if len(request.required):
        out.append(_Bound("required", tuple(request.required.tolist())))
    if len(request.apart):
        pairs = tuple(f"{request.labels[a]} – {request.labels[b]}" for a, b in request.apart)
        out.append(_Bound("apart", pairs))
    if request.must.any():
        out.append(_Bound("must", tuple(request.labels[k] for k in np.flatnonzero(request.must))))
    for limit in sorted(request.limits, key=lambda one: one.kind == "use"):
        out += [_Side(limit, "least")] if np.isfinite(limit.least) else []
        out += [_Side(limit, "most")] if np.isfinite(limit.most) else []
    return out


def _solved(
    request: OptionsRequest, rules: Iterable[Rule], *, cost: Floats | None = None, gap: float = 0.0
) -> Outcome:
    """HiGHS on these rules alone, least ``cost`` first."""
    n, rules = request.n_options, list(rules)
    low, high, must = np.zeros(n), np.ones(n), np.zeros(len(request.must), bool)
    for rule in rules:
        if isinstance(rule, _Bound):
            low[request.required] = 1.0 if rule.key == "required" else low[request.required]
            high[request.forbidden] = 0.0 if rule.key == "forbidden" else high[request.forbidden]
            must = request.must if rule.key == "must" else must
    blocks = [place_constraint(request.place, must, n)]
    if any(rule.key == "apart" for rule in rules):
        blocks.append(apart_constraint(request.place, request.stands, request.apart, n))
    sides = [rule for rule in rules if isinstance(rule, _Side)]
    if sides:
        by = np.array([factor(float(np.abs(s.limit.use).max())) for s in sides])
        use = np.column_stack([s.limit.use for s in sides]) * by
        slack = np.array([ROUNDING * request.span(s.limit) for s in sides])
        edge = np.array([s.number for s in sides])
        least = np.where([s.side == "least" for s in sides], (edge - slack) * by, -np.inf)
        most = np.where([s.side == "most" for s in sides], (edge + slack) * by, np.inf)
        blocks.append(limit_constraint(use, least, most, n))
    price = np.zeros(n) if cost is None else cost
    return solve_model(price, blocks, low, high, np.ones(n, bool), looks=LOOKS, gap=gap)


def _nearest(request: OptionsRequest, clash: list[Rule]) -> Told:
    """The change of one rule of the clash that makes the whole request possible: money first, then counts, then lists."""
    keys = {rule.key for rule in clash}
    every = _rules(request)
    order = sorted((r for r in every if r.key in keys), key=_by_ease)
    for rule in order:
        others = [r for r in every if r is not rule]
        if isinstance(rule, _Bound):
            if not _solved(request, others).infeasible:
                return _without(rule)
            continue
        sign = 1.0 if rule.side == "most" else -1.0
        amount = rule.limit.use * factor(float(np.abs(rule.limit.use).max()))
        out = _solved(request, others, cost=sign * amount)
        if out.values is not None:
            return rule.told(rule.eased(float(rule.limit.use @ np.rint(out.values))))
    return told("relax more than one of them", "需同时放宽其中几项")


def _by_ease(rule: Rule) -> int:
    """Which rule to change first."""
    if isinstance(rule, _Side):
        return (0 if rule.side == "most" else 1) + (2 if rule.limit.kind == "quota" else 0)
    return {"apart": 4, "forbidden": 5, "required": 6, "must": 7}[rule.key]


def _without(rule: _Bound) -> Told:
    return (
        told("leave out {k}", "去掉 {k}", k=rule.key)
        if len(rule.who) > NAMED
        else told(
            "leave out {k} {some}", "去掉 {k} {some}", k=rule.key, some=", ".join(str(w) for w in rule.who)
        )
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1 and float(value).is_integer() else f"{value:,.12g}"
