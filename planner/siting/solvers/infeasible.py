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

from planner.siting.solvers.clash import InfeasibleRequestError
from planner.siting.solvers.exact import Block, solve_model
from planner.siting.solvers.request import Rules

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
        yield (
            [f"site {both[0]} is required", f"site {both[0]} is forbidden"],
            f"take site{'s' if len(both) > 1 else ''} {', '.join(map(str, both[:10]))} off one of the two lists",
        )
    close = rules.conflicts[rules.required][:, rules.required].tocoo()
    if close.nnz:
        a, b = (rules.required[c[0]] for c in close.coords)
        yield (
            [f"sites {a} and {b} are required", f"sites {a} and {b} are too close to each other"],
            f"require only one of sites {a} and {b}, or lower the spacing",
        )
    open_sites = rules.n_sites - len(rules.forbidden)
    yield from _count_clashes(rules, open_sites)
    yield from _quota_clashes(rules)
    yield from _budget_clashes(rules)


def _count_clashes(rules: Rules, open_sites: int) -> Iterator[tuple[list[str], str]]:
    p = rules.p
    if p is None:
        return
    if p > rules.n_sites:
        yield [f"p = {p} sites", f"there are only {rules.n_sites} candidates"], f"p = {rules.n_sites}"
    elif p > open_sites:
        yield (
            [f"p = {p} sites", f"{len(rules.forbidden)} of {rules.n_sites} candidates are forbidden"],
            f"p = {open_sites}, or forbid {p - open_sites} fewer",
        )
    if len(rules.required) > p:
        yield (
            [f"p = {p} sites", f"{len(rules.required)} sites are required"],
            f"p = {len(rules.required)}, or require {len(rules.required) - p} fewer",
        )


def _quota_clashes(rules: Rules) -> Iterator[tuple[list[str], str]]:
    usable = np.ones(rules.n_sites, bool)
    usable[rules.forbidden] = False
    have = np.bincount(rules.region[usable], minlength=len(rules.labels))
    fixed = np.bincount(rules.region[rules.required], minlength=len(rules.labels))
    low, high = rules.quota_min, rules.quota_max
    for r, label in enumerate(rules.labels):
        name = _name(label)
        if low[r] > high[r] and (rules.p is None or high[r] < rules.p):
            yield (
                [f"{name} needs at least {low[r]}", f"{name} may have at most {high[r]}"],
                (f"quota_min of {name} = {high[r]}"),
            )
        if low[r] > have[r]:
            yield (
                [f"{name} needs at least {low[r]}", f"{name} has {have[r]} usable candidates"],
                (f"quota_min of {name} = {have[r]}"),
            )
        if fixed[r] > high[r]:
            yield (
                [f"{name} may have at most {high[r]}", f"{fixed[r]} sites required there"],
                (f"quota_max of {name} = {fixed[r]}"),
            )
    if rules.p is None:
        return
    need = int(np.maximum(low, fixed).sum())
    if need > rules.p:
        plus = " + ".join(str(q) for q in np.maximum(low, fixed) if q > 0)
        what = "quota_min" if (low >= fixed).all() else "quota_min and required sites"
        yield (
            [f"p = {rules.p} sites", f"{what} sum to {plus} = {need}"],
            f"p = {need}, or quotas lower by {need - rules.p} in total",
        )
    room = int(np.minimum(high, have).sum())
    if room < rules.p:
        plus = " + ".join(str(q) for q in np.minimum(high, have))
        yield (
            [f"p = {rules.p} sites", f"quota_max (and usable candidates) leave room for {plus} = {room}"],
            f"p = {room}, or quotas higher by {rules.p - room} in total",
        )


def _budget_clashes(rules: Rules) -> Iterator[tuple[list[str], str]]:
    if rules.budget is None or rules.cost is None:
        return
    must = float(rules.cost[rules.required].sum())
    if must > rules.budget * (1 + 1e-12):
        yield [f"budget {rules.budget:g}", f"the required sites cost {must:g}"], f"budget {must:g}"
        return
    cheapest = _cheapest(rules)
    if cheapest > rules.budget * (1 + 1e-12) + 1e-12:
        parts = [f"budget {rules.budget:g}"]
        if rules.p is not None:
            parts.append(f"p = {rules.p} sites")
        plain = replace(rules, quota_min=np.zeros_like(rules.quota_min))
        if (rules.quota_min > 0).any() and _cheapest(plain) <= rules.budget:
            parts.append("quota_min")
        yield [*parts, f"the cheapest such plan costs {cheapest:g}"], f"budget {cheapest:g}"


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
    blocks, lower, upper = _blocks(rules, groups)
    outcome = solve_model(
        np.zeros(rules.n_sites), blocks, lower, upper, np.ones(rules.n_sites, bool), seconds=20
    )
    return not outcome.infeasible


def _by_deletion(rules: Rules) -> InfeasibleRequestError:
    """Leave out one group after the other while it stays impossible; what is left is irreducible."""
    groups = frozenset(_GROUPS)
    for group in _GROUPS:
        if not _possible(rules, groups - {group}):
            groups -= {group}
    said = {
        "p": f"p = {rules.p} sites",
        "required": f"{len(rules.required)} required sites",
        "forbidden": f"{len(rules.forbidden)} forbidden sites",
        "quota_min": "quota_min",
        "quota_max": "quota_max",
        "budget": f"budget {rules.budget}",
        "spacing": f"{rules.conflicts.nnz // 2} pairs of sites too close to each other",
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
        out = solve_model(rules.cost, blocks, lower, upper, whole, seconds=20)
        if out.values is not None:
            return f"budget {float(rules.cost @ np.rint(out.values)):g}"
    if "p" in groups and rules.p is not None:
        blocks, lower, upper = _blocks(rules, every - {"p"})
        out = solve_model(-np.ones(m), blocks, lower, upper, whole, seconds=20)
        if out.values is not None:
            return f"p = {int(np.rint(out.values).sum())} (the most that fit)"
    for g in ("spacing", "quota_min", "quota_max", "required", "forbidden"):
        if g in groups and _possible(rules, every - {g}):
            return f"leave out {g}"
    return ""
