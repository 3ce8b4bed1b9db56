"""Which sets of sites are allowed: one value, posed once and passed whole.

Counts per label come as partitions: each gives every site a label and every label a least and a most number of
sites. District quotas are one partition, kinds of host another; without any there is one with a single label.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["Limits", "Partition", "Rules"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Partition:
    """Labels of sites, and how many sites of each label a plan has.

    ``of``: code per site; ``least``, ``most``: per code; ``name``: what refusals call it (``quota``:
    ``quota_min`` and ``quota_max``); ``words``: label → its name in English and Chinese.
    """

    name: str
    of: Ints
    labels: tuple[Any, ...]
    least: Ints
    most: Ints
    words: dict[Any, tuple[str, str]] = field(default_factory=dict)

    @property
    def size(self) -> Ints:
        """Sites of each label."""
        return np.bincount(self.of, minlength=len(self.labels))

    @functools.cached_property
    def members(self) -> list[Ints]:
        """The sites of each label."""
        return np.split(np.argsort(self.of, kind="stable"), np.cumsum(self.size)[:-1])

    def load(self, sites: Ints) -> Ints:
        """How many of ``sites`` each label has."""
        return np.bincount(self.of[sites], minlength=len(self.labels))

    def binds(self, p: int | None) -> bool:
        """Whether its limits exclude any plan of ``p`` sites (None: of any number)."""
        top = self.size if p is None else np.minimum(self.size, p)
        return bool((self.least > 0).any() or (self.most < top).any())

    def left(self, sites: Ints, taken: Ints) -> Partition:
        """The same for ``sites`` alone, once ``taken`` are chosen."""
        load, of = self.load(taken), self.of[sites]
        room = np.minimum(self.most - load, np.bincount(of, minlength=len(self.labels)))
        return replace(self, of=of, least=np.maximum(self.least - load, 0), most=room)


class Limits(NamedTuple):
    """The rules as the compiled searches take them.

    ``labels`` (n_partitions × n_sites): codes that run on from partition to partition, as ``least``, ``most``
    and ``load`` (what the plan has now, changed by the searches) do; ``kind``: sites of one kind share all
    labels; ``conflict_ptr``, ``conflict_idx``: excluding pairs; ``fixed``: sites that may not leave;
    ``counted``: the number of sites is fixed.
    """

    labels: Ints
    kind: Ints
    least: Ints
    most: Ints
    load: Ints
    conflict_ptr: Ints
    conflict_idx: Ints
    fixed: Bools
    cost: Floats
    budget: float
    counted: bool


@dataclass(frozen=True)
class Rules:
    """Positions and codes, never labels.

    ``p`` is None where only a budget limits the count; ``conflicts`` is a symmetric CSR of pairs that exclude
    each other. The first partition is the one that bounds keep exactly.
    """

    n_sites: int
    p: int | None
    required: Ints
    forbidden: Ints
    partitions: tuple[Partition, ...]
    cost: Floats | None
    budget: float | None
    conflicts: Any

    @property
    def limited(self) -> bool:
        """Whether a budget applies."""
        return self.budget is not None

    @property
    def spaced(self) -> bool:
        """Whether pairs of sites exclude each other."""
        return bool(self.conflicts.nnz)

    @property
    def money(self) -> Floats:
        """Cost per site; 0 where none is known."""
        return np.zeros(self.n_sites) if self.cost is None else self.cost

    @property
    def kind(self) -> Ints:
        """A code per site: sites of one kind have all labels in common, so that any may stand for another."""
        code = np.zeros(self.n_sites, np.int64)
        for part in self.partitions:
            code = np.unique(code * len(part.labels) + part.of, return_inverse=True)[1]
        return code

    def usable(self) -> Bools:
        """Sites that are not forbidden."""
        out = np.ones(self.n_sites, bool)
        out[self.forbidden] = False
        return out

    def open(self) -> Ints:
        """Sites to choose among: not forbidden, not required, not too close to a required one."""
        out = self.usable()
        out[self.required] = False
        out[self.conflicts[self.required].indices] = False
        return np.flatnonzero(out)

    def left(self, sites: Ints, taken: Ints) -> Rules:
        """The rules on ``sites`` once ``taken`` are chosen (``sites`` hold none of those, nor forbidden ones)."""
        none, cost = np.empty(0, np.int64), self.cost
        return Rules(
            n_sites=len(sites), p=None if self.p is None else self.p - len(taken), required=none, forbidden=none,
            partitions=tuple(part.left(sites, taken) for part in self.partitions),
            cost=None if cost is None else cost[sites],
            budget=None if self.budget is None or cost is None else self.budget - float(cost[taken].sum()),
            conflicts=self.conflicts[sites][:, sites].tocsr(),
        )  # fmt: skip

    def uncounted(self) -> Rules:
        """The same without a count; a label that only the count limited is limited by its sites."""
        p = self.p or 0
        free = tuple(replace(q, most=np.where(q.most >= p, q.size, q.most)) for q in self.partitions)
        return replace(self, p=None, partitions=free)

    def counted(self, p: int | None) -> Rules:
        """The same for another number of sites; more required ones than that are not required any more."""
        must = self.required if p is None or p >= len(self.required) else np.empty(0, np.int64)
        return replace(self, p=p, required=must)

    def barring(self, sites: Ints) -> Rules:
        """The same with further sites forbidden."""
        return replace(self, forbidden=np.union1d(self.forbidden, sites).astype(np.int64))

    def without(self, *names: str) -> Rules:
        """The same without some rules: required, forbidden, budget, spacing, or partitions by their names."""
        none, n = np.empty(0, np.int64), self.n_sites
        kept = tuple(q for q in self.partitions if q.name not in names)
        free = Partition("quota", np.zeros(n, np.int64), ("all",), np.zeros(1, np.int64), np.full(1, n))
        return replace(
            self,
            required=none if "required" in names else self.required,
            forbidden=none if "forbidden" in names else self.forbidden,
            cost=None if "budget" in names else self.cost,
            budget=None if "budget" in names else self.budget,
            conflicts=sparse.csr_array((n, n), dtype=bool) if "spacing" in names else self.conflicts,
            partitions=kept or (free,),
        )

    def may_swap(self, chosen: Ints, site: int) -> Bools:
        """Per chosen site whether ``site`` may take its place: every count holds, no required one leaves."""
        fine = ~np.isin(chosen, self.required)
        for q in self.partitions:
            load, home, theirs = q.load(chosen), q.of[site], q.of[chosen]
            room = load[home] < q.most[home]
            fine &= (theirs == home) | (room & (load[theirs] > q.least[theirs]))
        return fine

    def may_replace(self, chosen: Ints, site: int) -> Bools:
        """Per site whether it may take the place of the chosen ``site``: not chosen, every count holds."""
        fine = self.usable()
        fine[chosen] = False
        for q in self.partitions:
            load, home = q.load(chosen), q.of[site]
            room = (load < q.most)[q.of] & (load[home] > q.least[home])
            fine &= (q.of == home) | room
        return fine

    def limits(self, chosen: Ints) -> Limits:
        """The rules as the searches take them, beginning from ``chosen``."""
        ends = np.concatenate([[0], np.cumsum([len(q.labels) for q in self.partitions])])
        fixed = np.zeros(self.n_sites, bool)
        fixed[self.required] = True
        parts = list(zip(self.partitions, ends[:-1], strict=True))
        return Limits(
            labels=np.stack([q.of + start for q, start in parts]).astype(np.int64),
            kind=self.kind,
            least=np.concatenate([q.least for q in self.partitions]).astype(np.int64),
            most=np.concatenate([q.most for q in self.partitions]).astype(np.int64),
            load=np.concatenate([q.load(chosen) for q in self.partitions]).astype(np.int64),
            conflict_ptr=self.conflicts.indptr.astype(np.int64),
            conflict_idx=self.conflicts.indices.astype(np.int64),
            fixed=fixed,
            cost=self.money,
            budget=np.inf if self.budget is None else float(self.budget),
            counted=self.p is not None,
        )
