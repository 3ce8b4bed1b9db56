"""Requests that no plan can meet: which rules clash, fewest first, and the nearest way out.

Plain arithmetic comes first (it gives the best sentences); what is left is decided by HiGHS on the
rules alone, and narrowed by a deletion filter: leave one rule out at a time, keep only those without
which the request becomes possible; then the same with the single labels of a rule that counts per label.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.solvers.clash import InfeasibleRequestError, Told, told
from planner.solvers.each_rule import Budget, Count, Listed, PerLabel, Rule, Spacing, each, rule_model
from planner.solvers.effort import LOOKS
from planner.solvers.highs import Block, Outcome, solve_model
from planner.solvers.rules import Rules
from planner.solvers.scale import factor, scaled_money

__all__ = ["any_plan", "most_sites", "refuse_impossible"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: So many labels of a rule are named one by one; of more, only the rule.
NAMED = 4


def refuse_impossible(rules: Rules) -> None:
    """Raise where no set of sites can obey the rules; return quietly otherwise.

    Raises
    ------
    InfeasibleRequestError
        With the smallest clashing set of rules and the nearest relaxation.
    """
    every = each(rules)
    for rule in every:
        for clash, way_out in rule.clashes(rules):
            raise InfeasibleRequestError(list(clash), way_out)
    binding = sum(part.binds(rules.p) for part in rules.partitions)
    combined = rules.limited or rules.spaced or binding > 1
    if combined and not _possible(rules.n_sites, each(scaled_money(rules)[0])):
        raise _by_deletion(rules)


def any_plan(rules: Rules, score: Floats, blocks: Iterable[Block] = ()) -> Ints | None:
    """The plan with the highest Σ ``score`` that obeys the rules, as far as found; None where there is none.

    ``blocks``: further rows that it must obey.
    """
    size = factor(float(np.abs(score).sum()))
    out = _solved(rules.n_sites, each(scaled_money(rules)[0]), cost=-score * size, blocks=blocks, gap=1e-3)
    return None if out.values is None else np.flatnonzero(out.values[: rules.n_sites] > 0.5)


def most_sites(rules: Rules) -> int | None:
    """The largest set of sites that obeys every rule but the count; None where these clash among themselves."""
    others = [rule for rule in each(scaled_money(rules)[0]) if not isinstance(rule, Count)]
    most = _solved(rules.n_sites, others, cost=-np.ones(rules.n_sites))
    return None if most.values is None else int(np.rint(most.values[: rules.n_sites]).sum())


def _solved(
    n: int, rules: Iterable[Rule], *, cost: Floats | None = None, more: int = 0, blocks: Iterable[Block] = (),
    gap: float = 0.0,
) -> Outcome:  # fmt: skip
    """HiGHS on rules over ``n`` sites and ``more`` further variables of any size, least ``cost`` first."""
    size = n + more
    every = [*rule_model(list(rules), size), *blocks]
    if not every:
        every = [Block(sparse.csr_array((1, size)), np.array([-np.inf]), np.array([np.inf]))]
    upper = np.ones(size)
    upper[n:] = np.inf
    price = np.zeros(size) if cost is None else cost
    return solve_model(price, every, np.zeros(size), upper, np.ones(size, bool), looks=LOOKS, gap=gap)


def _possible(n: int, rules: Iterable[Rule]) -> bool:
    """Whether some set of sites obeys these rules."""
    return not _solved(n, rules).infeasible


def _by_deletion(rules: Rules) -> InfeasibleRequestError:
    """Leave out one rule after the other while it stays impossible; what is left is irreducible."""
    n, kept = rules.n_sites, each(scaled_money(rules)[0])
    for rule in list(kept):
        others = [r for r in kept if r is not rule]
        if not _possible(n, others):
            kept = others
    for rule in list(kept):
        if isinstance(rule, PerLabel):
            kept = _narrowed(n, kept, rule)
    keys = tuple(rule.key for rule in kept)
    said = {rule.key: rule for rule in each(rules)}  # in the money of the request
    clash: list[str] = []
    for rule in kept:
        if isinstance(rule, PerLabel) and len(rule.codes) <= NAMED:
            clash += [replace(rule, codes=rule.codes[[k]]).told() for k in range(len(rule.codes))]
        else:
            clash.append((rule if isinstance(rule, PerLabel) else said[rule.key]).told())
    return InfeasibleRequestError(clash, _nearest(rules, kept), rules=keys)


def _narrowed(n: int, kept: list[Rule], rule: PerLabel) -> list[Rule]:
    """``kept`` with only those labels of ``rule`` that the clash needs."""
    others = [r for r in kept if r is not rule]
    for code in list(rule.codes):
        less = replace(rule, codes=rule.codes[rule.codes != code])
        if len(less.codes) and not _possible(n, [*others, less]):
            rule = less
    return [rule if r.key == rule.key else r for r in kept]


def _nearest(rules: Rules, clash: list[Rule]) -> Told:
    """The smallest change of one rule that makes the whole request possible."""
    n, every = rules.n_sites, each(scaled_money(rules)[0])
    keys = {rule.key for rule in clash}
    for rule in sorted((r for r in every if r.key in keys), key=_by_ease):
        way = _way_out(rules, rule, [r for r in every if r is not rule], n)
        if way is not None:
            return way
    return told("", "")


def _by_ease(rule: Rule) -> int:
    """Which rule to change first: money, then the count, then counts per label, then what is left."""
    order = (Budget, Count, PerLabel, Spacing, Listed)
    return next(k for k, kind in enumerate(order) if isinstance(rule, kind))


def _way_out(rules: Rules, rule: Rule, others: list[Rule], n: int) -> Told | None:
    """How ``rule`` would have to read so that it can be met beside ``others``; None where it does not help."""
    if isinstance(rule, Budget):
        out = _solved(n, others, cost=rules.money * factor(float(rules.money.sum())))
        cost = None if out.values is None else float(rules.money @ np.rint(out.values))
        return None if cost is None else Budget(rules.money, cost).told()
    if isinstance(rule, Count):
        return _other_count(rule, others, n)
    if isinstance(rule, PerLabel):
        return _other_labels(rule, others, n)
    zh = {"spacing": "最小间距", "required": "必选站点", "forbidden": "禁选站点"}[rule.key]
    return told("leave out {g}", "去掉 {zh}", g=rule.key, zh=zh) if _possible(n, others) else None


def _other_count(rule: Count, others: list[Rule], n: int) -> Told | None:
    """The number nearest to p: the most that fit, or the fewest that are needed."""
    most = _solved(n, others, cost=-np.ones(n))
    if most.values is None:
        return None
    number = int(np.rint(most.values).sum())
    if number < rule.p:
        return told("p = {p} (the most that fit)", "p = {p}（至多如此）", p=number)
    fewest = _solved(n, others, cost=np.ones(n))
    if fewest.values is None:
        return None
    return told("p = {p} (the fewest)", "p = {p}（至少如此）", p=int(np.rint(fewest.values).sum()))


def _other_labels(rule: PerLabel, others: list[Rule], n: int) -> Told | None:
    """Limits of the rule's labels that differ as little as possible in all."""
    k = len(rule.codes)
    block = rule.rows(n + k)
    give = sparse.csr_array((np.ones(k), (np.arange(k), n + np.arange(k))), shape=(k, n + k))
    eased = block.matrix + (give if rule.side == "min" else -give)
    cost = np.concatenate([np.zeros(n), np.ones(k)])
    out = _solved(n, others, cost=cost, more=k, blocks=[Block(eased, block.lower, block.upper)])
    if out.values is None:
        return None
    by = np.rint(out.values[n:]).astype(int)
    number = rule.number + (-by if rule.side == "min" else by)
    ways = [rule.instead(int(rule.codes[j]), int(number[j])) for j in np.flatnonzero(by)]
    return Told(", ".join(ways), "，".join(way.zh for way in ways)) if ways else None
