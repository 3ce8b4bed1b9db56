"""Requests that no plan can meet: which rules clash, fewest first, and the nearest way out.

Plain arithmetic comes first (it gives the best sentences); what is left is decided by HiGHS on the
rules alone, and narrowed by a deletion filter: leave one rule group out at a time, keep only those
without which the request becomes possible.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy import sparse

from planner.solvers.clash import InfeasibleRequestError, Told, told
from planner.solvers.covering.exact import Block, solve_model
from planner.solvers.effort import LOOKS
from planner.solvers.request import Rules
from planner.solvers.scale import factor, scaled_money

__all__ = ["refuse_impossible", "rules_model"]


def refuse_impossible(rules: Rules) -> None:
    """Raise where no set of sites can obey the rules; return quietly otherwise.

    Raises
    ------
    InfeasibleRequestError
        With the smallest clashing set of rules and the nearest relaxation.
    """
    for clash, suggestion in _arithmetic(rules):
        raise InfeasibleRequestError(clash, suggestion)
    combined = rules.budget is not None or rules.conflicts.nnz > 0
    if combined and not _possible(rules):
        raise _by_deletion(rules)


def _name(label: object) -> str:
    return str(label)


def _arithmetic(rules: Rules) -> Iterator[tuple[list[str], str]]:
    """Clashes that counting alone shows, simplest first."""
    both = np.intersect1d(rules.required, rules.forbidden)
    if len(both):
        names = ", ".join(map(str, both[:10]))
        yield (
            [
                told("site {s} is required", "站点 {s} 为必选", s=both[0]),
                told("site {s} is forbidden", "站点 {s} 为禁选", s=both[0]),
            ],
            told("take site{more} {names} off one of the two lists", "把站点 {names} 从其中一个名单中删去",
                 more="s" if len(both) > 1 else "", names=names),
        )  # fmt: skip
    close = rules.conflicts[rules.required][:, rules.required].tocoo()
    if close.nnz:
        a, b = (int(rules.required[c[0]]) for c in close.coords)
        yield (
            [
                told("sites {a} and {b} are required", "站点 {a} 和 {b} 均为必选", a=a, b=b),
                told("sites {a} and {b} are too close to each other", "站点 {a} 和 {b} 相距过近", a=a, b=b),
            ],
            told("require only one of sites {a} and {b}, or lower the spacing",
                 "站点 {a} 和 {b} 只必选其一，或减小最小间距", a=a, b=b),
        )  # fmt: skip
    open_sites = rules.n_sites - len(rules.forbidden)
    yield from _count_clashes(rules, open_sites)
    yield from _quota_clashes(rules)
    yield from _budget_clashes(rules)


def _sites(p: int | None) -> Told:
    return told("p = {p} sites", "选址 p = {p} 处", p=p)


def _count_clashes(rules: Rules, open_sites: int) -> Iterator[tuple[list[str], str]]:
    p = rules.p
    if p is None:
        return
    if p > rules.n_sites:
        n = rules.n_sites
        yield [_sites(p), told("there are only {n} candidates", "候选点只有 {n} 处", n=n)], f"p = {n}"
    elif p > open_sites:
        banned = told(
            "{k} of {n} candidates are forbidden",
            "{n} 处候选点中有 {k} 处禁选",
            k=len(rules.forbidden),
            n=rules.n_sites,
        )
        way = told("p = {p}, or forbid {k} fewer", "p = {p}，或少禁选 {k} 处", p=open_sites, k=p - open_sites)
        yield [_sites(p), banned], way
    if len(rules.required) > p:
        n = len(rules.required)
        yield (
            [_sites(p), told("{n} sites are required", "必选站点有 {n} 处", n=n)],
            told("p = {n}, or require {k} fewer", "p = {n}，或少必选 {k} 处", n=n, k=n - p),
        )


def _quota_clashes(rules: Rules) -> Iterator[tuple[list[str], str]]:
    usable = np.ones(rules.n_sites, bool)
    usable[rules.forbidden] = False
    have = np.bincount(rules.region[usable], minlength=len(rules.labels))
    fixed = np.bincount(rules.region[rules.required], minlength=len(rules.labels))
    low, high = rules.quota_min, rules.quota_max
    for r, label in enumerate(rules.labels):
        name = _name(label)
        least = told("{d} needs at least {n}", "{d}至少须 {n} 处", d=name, n=low[r])
        most = told("{d} may have at most {n}", "{d}至多 {n} 处", d=name, n=high[r])
        if low[r] > high[r] and (rules.p is None or high[r] < rules.p):
            yield [least, most], f"quota_min of {name} = {high[r]}"
        if low[r] > have[r]:
            there = told("{d} has {n} usable candidates", "{d}可用候选点只有 {n} 处", d=name, n=have[r])
            yield [least, there], told("quota_min of {d} = {n}", "{d}的 quota_min = {n}", d=name, n=have[r])
        if fixed[r] > high[r]:
            there = told("{n} sites required there", "该区必选站点有 {n} 处", n=fixed[r])
            yield [most, there], told("quota_max of {d} = {n}", "{d}的 quota_max = {n}", d=name, n=fixed[r])
    if rules.p is None:
        return
    need = int(np.maximum(low, fixed).sum())
    if need > rules.p:
        plus = " + ".join(str(q) for q in np.maximum(low, fixed) if q > 0)
        alone = (low >= fixed).all()
        en, zh = (
            ("quota_min", "quota_min") if alone else ("quota_min and required sites", "quota_min 与必选站点")
        )
        yield (
            [_sites(rules.p), told("{what} sum to {plus} = {n}", "{zh}合计 {plus} = {n}", what=en, zh=zh, plus=plus, n=need)],
            told("p = {n}, or quotas lower by {k} in total", "p = {n}，或各区配额合计减少 {k} 处", n=need, k=need - rules.p),
        )  # fmt: skip
    room = int(np.minimum(high, have).sum())
    if room < rules.p:
        plus = " + ".join(str(q) for q in np.minimum(high, have))
        yield (
            [_sites(rules.p), told("quota_max (and usable candidates) leave room for {plus} = {n}",
                                   "quota_max（及可用候选点）至多容纳 {plus} = {n} 处", plus=plus, n=room)],
            told("p = {n}, or quotas higher by {k} in total", "p = {n}，或各区配额合计增加 {k} 处", n=room,
                 k=rules.p - room),
        )  # fmt: skip


def _budget_clashes(rules: Rules) -> Iterator[tuple[list[str], str]]:
    if rules.budget is None or rules.cost is None:
        return
    must = float(rules.cost[rules.required].sum())
    money = told("budget {b:g}", "预算 {b:g}", b=rules.budget)
    if must > rules.budget * (1 + 1e-12):
        paid = told("the required sites cost {c:g}", "必选站点共需 {c:g}", c=must)
        yield [money, paid], told("budget {b:g}", "预算 {b:g}", b=must)
        return
    cheapest = _cheapest(rules)
    if cheapest > rules.budget * (1 + 1e-12):
        parts: list[str] = [money]
        if rules.p is not None:
            parts.append(_sites(rules.p))
        plain = replace(rules, quota_min=np.zeros_like(rules.quota_min))
        if (rules.quota_min > 0).any() and _cheapest(plain) <= rules.budget:
            parts.append("quota_min")
        parts.append(told("the cheapest such plan costs {c:g}", "最便宜的此类方案需 {c:g}", c=cheapest))
        yield parts, told("budget {b:g}", "预算 {b:g}", b=cheapest)


def _cheapest(rules: Rules) -> float:
    """Least cost of a set of sites within p and quotas (spacing aside)."""
    usable = np.ones(rules.n_sites, bool)
    usable[rules.forbidden] = False
    usable[rules.required] = False
    price = np.zeros(rules.n_sites) if rules.cost is None else rules.cost
    load = np.bincount(rules.region[rules.required], minlength=len(rules.labels))
    spent, n = float(price[rules.required].sum()), len(rules.required)
    rest: list[float] = []
    for r in range(len(rules.labels)):
        costs = np.sort(price[usable & (rules.region == r)])
        must = max(0, int(rules.quota_min[r] - load[r]))
        may = max(must, int(rules.quota_max[r] - load[r]))
        spent += float(costs[:must].sum())
        n += must
        rest.extend(costs[must:may].tolist())
    if rules.p is not None and rules.p > n:
        spent += float(np.sort(rest)[: rules.p - n].sum())
    return spent


_IN_CHINESE = {
    "spacing": "最小间距", "quota_min": "quota_min", "quota_max": "quota_max", "required": "必选站点",
    "forbidden": "禁选站点",
}  # fmt: skip
_GROUPS = ("p", "required", "forbidden", "quota_min", "quota_max", "budget", "spacing")


def rules_model(rules: Rules) -> tuple[list[Block], np.ndarray, np.ndarray]:
    """Every rule on the choice of sites as model rows, with the sites' lower and upper bounds."""
    return _blocks(rules, frozenset(_GROUPS))


def _blocks(rules: Rules, groups: frozenset[str]) -> tuple[list[Block], np.ndarray, np.ndarray]:
    m, k = rules.n_sites, len(rules.labels)
    lower, upper = np.zeros(m), np.ones(m)
    if "required" in groups:
        lower[rules.required] = 1
    if "forbidden" in groups:
        upper[rules.forbidden] = 0
    by_region = sparse.csr_array((np.ones(m), (rules.region, np.arange(m))), shape=(k, m))
    low = rules.quota_min if "quota_min" in groups else np.zeros(k)
    high = rules.quota_max if "quota_max" in groups else np.full(k, m)
    blocks = [Block(by_region, np.asarray(low, float), np.asarray(high, float))]
    if rules.p is not None and "p" in groups:
        blocks.append(
            Block(sparse.csr_array(np.ones((1, m))), np.array([float(rules.p)]), np.array([float(rules.p)]))
        )
    if rules.budget is not None and rules.cost is not None and "budget" in groups:
        row = sparse.csr_array(rules.cost[None, :])
        blocks.append(Block(row, np.array([-np.inf]), np.array([rules.budget])))
    if rules.conflicts.nnz and "spacing" in groups:
        coo = rules.conflicts.tocoo()
        pair = coo.coords[0] < coo.coords[1]
        a, b = coo.coords[0][pair], coo.coords[1][pair]
        n = len(a)
        matrix = sparse.csr_array((np.ones(2 * n), (np.tile(np.arange(n), 2), np.r_[a, b])), shape=(n, m))
        blocks.append(Block(matrix, np.full(n, -np.inf), np.ones(n)))
    return blocks, lower, upper


def _possible(rules: Rules, groups: frozenset[str] = frozenset(_GROUPS)) -> bool:
    """Whether some set of sites obeys these groups of rules (a feasibility model)."""
    blocks, lower, upper = _blocks(scaled_money(rules)[0], groups)
    outcome = solve_model(
        np.zeros(rules.n_sites), blocks, lower, upper, np.ones(rules.n_sites, bool), looks=LOOKS
    )
    return not outcome.infeasible


def _by_deletion(rules: Rules) -> InfeasibleRequestError:
    """Leave out one group after the other while it stays impossible; what is left is irreducible."""
    groups = frozenset(_GROUPS)
    for group in _GROUPS:
        if not _possible(rules, groups - {group}):
            groups -= {group}
    said: dict[str, str] = {
        "p": _sites(rules.p),
        "required": told("{n} required sites", "{n} 处必选站点", n=len(rules.required)),
        "forbidden": told("{n} forbidden sites", "{n} 处禁选站点", n=len(rules.forbidden)),
        "quota_min": "quota_min",
        "quota_max": "quota_max",
        "budget": told("budget {b:g}", "预算 {b:g}", b=rules.budget or 0.0),
        "spacing": told(
            "{n} pairs of sites too close to each other", "有 {n} 对站点相距过近", n=rules.conflicts.nnz // 2
        ),
    }
    clash = [said[g] for g in _GROUPS if g in groups]
    return InfeasibleRequestError(
        clash, _nearest(rules, groups), rules=tuple(g for g in _GROUPS if g in groups)
    )


def _nearest(rules: Rules, groups: frozenset[str]) -> str:
    """The smallest change of one rule that makes the whole request possible."""
    every = frozenset(_GROUPS)
    m = rules.n_sites
    whole = np.ones(m, bool)
    if "budget" in groups and rules.cost is not None:
        blocks, lower, upper = _blocks(rules, every - {"budget"})
        size = factor(float(rules.cost.sum()))
        out = solve_model(rules.cost * size, blocks, lower, upper, whole, looks=LOOKS)
        if out.values is not None:
            return told("budget {b:g}", "预算 {b:g}", b=float(rules.cost @ np.rint(out.values)))
    if "p" in groups and rules.p is not None:
        blocks, lower, upper = _blocks(rules, every - {"p"})
        out = solve_model(-np.ones(m), blocks, lower, upper, whole, looks=LOOKS)
        if out.values is not None:
            return told(
                "p = {p} (the most that fit)", "p = {p}（至多如此）", p=int(np.rint(out.values).sum())
            )
    for g in ("spacing", "quota_min", "quota_max", "required", "forbidden"):
        if g in groups and _possible(rules, every - {g}):
            return told("leave out {g}", "去掉 {zh}", g=g, zh=_IN_CHINESE[g])
    return ""
