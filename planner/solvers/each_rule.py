"""The rules on sites one by one: what each admits, its rows in a model, how it clashes, its words.

A new rule is a class here and a line in :func:`each`; one on counts per label needs neither, a partition is
enough. Sentences come in both languages (:class:`~planner.solvers.clash.Told`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.solvers.clash import Told, told
from planner.solvers.highs import Block
from planner.solvers.rules import Partition, Rules

__all__ = ["Rule", "allowed", "cheapest", "each", "rule_model"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Clash = tuple[list[Told], Told]


class Rule(Protocol):
    """One rule; ``key`` names it in refusals."""

    @property
    def key(self) -> str:
        """Its name: p, required, quota_min …."""

    def admits(self, sites: Ints) -> bool:
        """Whether a set of sites obeys it."""

    def rows(self, n: int) -> Block:
        """Its rows in a model whose first ``n`` variables are the sites (1: chosen)."""

    def told(self) -> Told:
        """What it asks for."""

    def clashes(self, rules: Rules) -> Iterator[Clash]:
        """What it cannot be together with, by counting alone: the clash and the nearest way out."""


def each(rules: Rules) -> list[Rule]:
    """Every rule in force, in the order in which refusals name them."""
    out: list[Rule] = [] if rules.p is None else [Count(rules.p, rules.n_sites)]
    out += [Listed("required", rules.required)] if len(rules.required) else []
    out += [Listed("forbidden", rules.forbidden)] if len(rules.forbidden) else []
    for part in rules.partitions:
        codes = np.arange(len(part.labels))
        top = part.size if rules.p is None else np.minimum(part.size, rules.p)
        for side, on in (("min", part.least > 0), ("max", part.most < top)):
            if on.any():
                out.append(PerLabel(part, "min" if side == "min" else "max", codes[on]))
    if rules.budget is not None and rules.cost is not None:
        out.append(Budget(rules.cost, rules.budget))
    return [*out, Spacing(rules.conflicts)] if rules.spaced else out


def allowed(rules: Rules, sites: Ints) -> bool:
    """Whether a set of sites obeys all rules."""
    return all(rule.admits(sites) for rule in each(rules))


def rule_model(rules: list[Rule], n: int) -> list[Block]:
    """The rows of rules over ``n`` variables, sites first."""
    return [rule.rows(n) for rule in rules]


def _row(columns: Ints, n: int, low: float, high: float, values: Floats | None = None) -> Block:
    ones = np.ones(len(columns)) if values is None else values
    matrix = sparse.csr_array((ones, (np.zeros(len(columns), np.int64), columns)), shape=(1, n))
    return Block(matrix, np.array([low]), np.array([high]))


@dataclass(frozen=True)
class Count:
    """``Σ_i x_i = p``: exactly p of ``among`` sites."""

    p: int
    among: int
    key = "p"

    def admits(self, sites: Ints) -> bool:
        """Whether there are p."""
        return len(sites) == self.p

    def rows(self, n: int) -> Block:
        """One row."""
        return _row(np.arange(self.among), n, self.p, self.p)

    def told(self) -> Told:
        """How many."""
        return told("p = {p} sites", "选址 p = {p} 处", p=self.p)

    def clashes(self, rules: Rules) -> Iterator[Clash]:
        """Too few candidates, or too many required ones."""
        p, n, banned, must = self.p, rules.n_sites, len(rules.forbidden), len(rules.required)
        if p > n:
            yield (
                [self.told(), told("there are only {n} candidates", "候选点只有 {n} 处", n=n)],
                told("p = {n}", "p = {n}", n=n),
            )
        elif p > n - banned:
            there = told("{k} of {n} candidates are forbidden", "{n} 处候选点中有 {k} 处禁选", k=banned, n=n)
            way = "p = {p}, or forbid {k} fewer", "p = {p}，或少禁选 {k} 处"
            yield [self.told(), there], told(*way, p=n - banned, k=p - n + banned)
        if must > p:
            asked = told("{n} sites are required", "必选站点有 {n} 处", n=must)
            way = "p = {n}, or require {k} fewer", "p = {n}，或少必选 {k} 处"
            yield [self.told(), asked], told(*way, n=must, k=must - p)


@dataclass(frozen=True)
class Listed:
    """Sites that must be chosen (``Σ x_i = their number``), or must not (``Σ x_i = 0``)."""

    key: Literal["required", "forbidden"]
    sites: Ints

    def admits(self, sites: Ints) -> bool:
        """Whether all of them are there, or none."""
        inside = np.isin(self.sites, sites)
        return bool(inside.all() if self.key == "required" else not inside.any())

    def rows(self, n: int) -> Block:
        """One row."""
        number = float(len(self.sites)) if self.key == "required" else 0.0
        return _row(self.sites, n, number, number)

    def told(self) -> Told:
        """How many there are."""
        zh = "必选" if self.key == "required" else "禁选"
        return told("{n} {key} sites", "{n} 处{zh}站点", n=len(self.sites), key=self.key, zh=zh)

    def clashes(self, rules: Rules) -> Iterator[Clash]:
        """A site on both lists, or two required ones too close to each other."""
        if self.key == "forbidden":
            return
        both = np.intersect1d(rules.required, rules.forbidden)
        if len(both):
            names = ", ".join(map(str, both[:10]))
            yield (
                [told("site {s} is required", "站点 {s} 为必选", s=both[0]),
                 told("site {s} is forbidden", "站点 {s} 为禁选", s=both[0])],
                told("take site{more} {names} off one of the two lists", "把站点 {names} 从其中一个名单中删去",
                     more="s" if len(both) > 1 else "", names=names),
            )  # fmt: skip
        close = rules.conflicts[rules.required][:, rules.required].tocoo()
        if close.nnz:
            a, b = (int(rules.required[c[0]]) for c in close.coords)
            yield (
                [told("sites {a} and {b} are required", "站点 {a} 和 {b} 均为必选", a=a, b=b),
                 told("sites {a} and {b} are too close to each other", "站点 {a} 和 {b} 相距过近", a=a, b=b)],
                told("require only one of sites {a} and {b}, or lower the spacing",
                     "站点 {a} 和 {b} 只必选其一，或减小最小间距", a=a, b=b),
            )  # fmt: skip


@dataclass(frozen=True)
class PerLabel:
    """``Σ_{i in r} x_i ≥ least_r``, or ``≤ most_r``, for the labels ``codes`` of a partition."""

    part: Partition
    side: Literal["min", "max"]
    codes: Ints

    @property
    def key(self) -> str:
        """The partition's name and the side."""
        return f"{self.part.name}_{self.side}"

    @property
    def number(self) -> Ints:
        """What is asked per label of ``codes``."""
        return (self.part.least if self.side == "min" else self.part.most)[self.codes]

    def admits(self, sites: Ints) -> bool:
        """Whether every label has enough, or no more."""
        load = self.part.load(sites)[self.codes]
        return bool((load >= self.number).all() if self.side == "min" else (load <= self.number).all())

    def rows(self, n: int) -> Block:
        """A row per label."""
        inside = np.flatnonzero(np.isin(self.part.of, self.codes))
        row = np.searchsorted(self.codes, self.part.of[inside])
        matrix = sparse.csr_array((np.ones(len(inside)), (row, inside)), shape=(len(self.codes), n))
        number, none = self.number.astype(float), np.full(len(self.codes), np.inf)
        return Block(matrix, number, none) if self.side == "min" else Block(matrix, -none, number)

    def told(self) -> Told:
        """The label's limit; of several only what the rule is called."""
        if len(self.codes) > 1:
            return told(self.key, self.key)
        return self._asks(int(self.codes[0]))

    def _name(self, code: int) -> Told:
        label = self.part.labels[code]
        en, zh = self.part.words.get(label, (str(label), str(label)))
        return Told(en, zh)

    def _asks(self, code: int) -> Told:
        name = self._name(code)
        if self.side == "min":
            en, zh, n = "{d} needs at least {n}", "{d}至少须 {n} 处", self.part.least[code]
        else:
            en, zh, n = "{d} may have at most {n}", "{d}至多 {n} 处", self.part.most[code]
        return Told(en.format(d=name, n=n), zh.format(d=name.zh, n=n))

    def instead(self, code: int, n: int) -> Told:
        """Another limit for one label."""
        name, key = self._name(code), self.key
        return Told(f"{key} of {name} = {n}", f"{name.zh}的 {key} = {n}")

    def clashes(self, rules: Rules) -> Iterator[Clash]:
        """With the other side, with the candidates there are, with required sites, with the count."""
        part = self.part
        have, fixed = part.load(np.flatnonzero(rules.usable())), part.load(rules.required)
        for code in map(int, self.codes):
            yield from self._one(code, int(have[code]), int(fixed[code]), rules.p)
        if rules.p is not None:
            yield from self._summed(have, fixed, rules.p)

    def _one(self, code: int, have: int, fixed: int, p: int | None) -> Iterator[Clash]:
        part = self.part
        low, high = int(part.least[code]), int(part.most[code])
        if self.side == "min" and low > high and (p is None or high < p):
            yield [self._asks(code), replace(self, side="max")._asks(code)], self.instead(code, high)
        if self.side == "min" and low > have:
            name = self._name(code)
            there = Told(f"{name} has {have} usable candidates", f"{name.zh}可用候选点只有 {have} 处")
            yield [self._asks(code), there], self.instead(code, have)
        if self.side == "max" and fixed > high:
            there = told("{n} sites required there", "其中必选站点有 {n} 处", n=fixed)
            yield [self._asks(code), there], self.instead(code, fixed)

    def _summed(self, have: Ints, fixed: Ints, p: int) -> Iterator[Clash]:
        part, key = self.part, self.key
        owed, room = np.maximum(part.least, fixed), np.minimum(part.most, have)
        if self.side == "min" and owed.sum() > p:
            terms, n = [str(q) for q in owed if q > 0], int(owed.sum())
            plus = " + ".join(terms) if len(terms) > 1 else ""
            alone = (part.least >= fixed).all()
            en, zh = (key, key) if alone else (f"{key} and required sites", f"{key} 与必选站点")
            yield (
                [Count(p, len(part.of)).told(), _total(en, zh, plus, n)],
                told("p = {n}, or {key} lower by {k} in total", "p = {n}，或 {key} 合计减少 {k} 处", n=n, k=n - p, key=key),
            )  # fmt: skip
        if self.side == "max" and room.sum() < p:
            plus, n = " + ".join(str(q) for q in room), int(room.sum())
            yield (
                [Count(p, len(part.of)).told(), told("{key} (and usable candidates) leave room for {plus} = {n}",
                                       "{key}（及可用候选点）至多容纳 {plus} = {n} 处", key=key, plus=plus, n=n)],
                told("p = {n}, or {key} higher by {k} in total", "p = {n}，或 {key} 合计增加 {k} 处", n=n, k=p - n, key=key),
            )  # fmt: skip


def _total(en: str, zh: str, plus: str, n: int) -> Told:
    """What the limits come to: a sum, or the one there is."""
    return (
        Told(f"{en} sum to {plus} = {n}", f"{zh}合计 {plus} = {n}")
        if plus
        else Told(f"{en} = {n}", f"{zh} = {n}")
    )


@dataclass(frozen=True)
class Budget:
    """``Σ_i cost_i x_i ≤ budget``: what all chosen sites may cost together."""

    cost: Floats
    limit: float
    key = "budget"

    def admits(self, sites: Ints) -> bool:
        """Whether they can be paid, rounding aside."""
        return float(self.cost[sites].sum()) <= self.limit * (1 + 1e-9)

    def rows(self, n: int) -> Block:
        """One row."""
        return _row(np.arange(len(self.cost)), n, -np.inf, self.limit, self.cost)

    def told(self) -> Told:
        """How much there is."""
        return told("budget {b:g}", "预算 {b:g}", b=self.limit)

    def clashes(self, rules: Rules) -> Iterator[Clash]:
        """Not enough for the required sites, or for the cheapest plan."""
        must = float(self.cost[rules.required].sum())
        if must > self.limit * (1 + 1e-12):
            paid = told("the required sites cost {c:g}", "必选站点共需 {c:g}", c=must)
            yield [self.told(), paid], Budget(self.cost, must).told()
            return
        least = [cheapest(rules, part) for part in rules.partitions]
        part, total = rules.partitions[int(np.argmax(least))], max(least)
        if total > self.limit * (1 + 1e-12):
            parts = [self.told()]
            if rules.p is not None:
                parts.append(Count(rules.p, rules.n_sites).told())
            loose = replace(part, least=np.zeros_like(part.least))
            if (part.least > 0).any() and cheapest(rules, loose) <= self.limit:
                parts.append(told(f"{part.name}_min", f"{part.name}_min"))
            parts.append(told("the cheapest such plan costs {c:g}", "最便宜的此类方案需 {c:g}", c=total))
            yield parts, Budget(self.cost, total).told()


def cheapest(rules: Rules, part: Partition) -> float:
    """Least cost of a set of sites within the count and one partition (spacing and the others aside)."""
    usable, price = rules.usable(), rules.money
    usable[rules.required] = False
    load = part.load(rules.required)
    spent, n = float(price[rules.required].sum()), len(rules.required)
    rest: list[float] = []
    for r in range(len(part.labels)):
        costs = np.sort(price[usable & (part.of == r)])
        must = max(0, int(part.least[r] - load[r]))
        may = max(must, int(part.most[r] - load[r]))
        spent += float(costs[:must].sum())
        n += must
        rest.extend(costs[must:may].tolist())
    if rules.p is not None and rules.p > n:
        spent += float(np.sort(rest)[: rules.p - n].sum())
    return spent


@dataclass(frozen=True)
class Spacing:
    """``x_i + x_k ≤ 1`` for every pair that is too close."""

    conflicts: sparse.csr_array
    key = "spacing"

    def _pairs(self) -> tuple[Ints, Ints]:
        a, b = self.conflicts.tocoo().coords
        return a[a < b], b[a < b]

    def admits(self, sites: Ints) -> bool:
        """Whether no pair is among them."""
        return not self.conflicts[sites][:, sites].nnz

    def rows(self, n: int) -> Block:
        """A row per pair."""
        a, b = self._pairs()
        k = len(a)
        where = (np.tile(np.arange(k), 2), np.concatenate([a, b]))
        return Block(sparse.csr_array((np.ones(2 * k), where), shape=(k, n)), np.full(k, -np.inf), np.ones(k))

    def told(self) -> Told:
        """How many pairs."""
        return told(
            "{n} pairs of sites too close to each other", "有 {n} 对站点相距过近", n=self.conflicts.nnz // 2
        )

    def clashes(self, rules: Rules) -> Iterator[Clash]:  # noqa: ARG002
        """Nothing that counting alone shows."""
        yield from ()
