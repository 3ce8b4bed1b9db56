"""Plans from below: the relaxed selection mended to the limits, then annealed changes of options (fixed work, one seed)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.options import kernels
from planner.options.core import OptionsCore
from planner.solvers.effort import random_state

__all__ = ["OptionsSearch", "Selection", "choice_of", "mended", "menu_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


#: Room within a limit, as a share of it, from which on what it takes is charged less.
SPARE = 0.01


@dataclass(frozen=True)
class Selection:
    """Per place the core option taken (-1: none), and the core weight that all of them cover."""

    options: Ints
    value: float

    @property
    def taken(self) -> Ints:
        """The core options in force."""
        return self.options[self.options >= 0]


def menu_of(core: OptionsCore) -> kernels.Menu:
    """The arrays of a core as the search walks them."""
    limits = core.limits
    low, high = limits.least - limits.slack, limits.most + limits.slack
    return kernels.Menu(
        *core.arrays, core.weight, core.place, limits.use, low, high, core.stands, core.apart_ptr, core.apart
    )


def _empty(core: OptionsCore) -> kernels.Taken:
    return kernels.Taken(
        np.full(core.n_places, -1, np.int64),
        np.zeros(core.n_rows, np.int32),
        np.zeros(len(core.limits.least)),
    )


def choice_of(core: OptionsCore, options: Ints) -> Selection:
    """The choice made of these core options (at most one of a place)."""
    start = np.full(core.n_places, -1, np.int64)
    start[core.place[options]] = options
    return Selection(start, float(kernels.take(menu_of(core), _empty(core), start)))


def mended(core: OptionsCore, start: Ints, net: Floats) -> Selection | None:
    """The choice ``start`` brought within the limits at little loss of worth (``net`` per option); None where that fails."""
    menu, choice = menu_of(core), start.copy()
    for p in np.flatnonzero(core.must & (choice < 0)):
        choice[p] = core.place_ptr[p] + int(np.argmax(net[core.place_ptr[p] : core.place_ptr[p + 1]]))
    if not _spread(core, choice, net):
        return None
    load = core.limits.use[choice[choice >= 0]].sum(axis=0)
    size = np.maximum(np.abs(core.limits.use).max(axis=0, initial=0.0), 1e-300)
    if not kernels.mend(menu, choice, load, net, size, 2 * core.n_places + 10):
        return None
    return choice_of(core, choice[choice >= 0])


def _spread(core: OptionsCore, choice: Ints, net: Floats) -> bool:
    """Let places that stand too near to a better one take their best option that does not stand (in place); False where one has none."""
    clash = core.conflicts(choice[choice >= 0])
    kept = np.zeros(core.n_places, bool)
    order = clash[np.lexsort((clash, -net[choice[clash]]))]
    stuck = order[[_must_stand(core, p) for p in order]] if len(order) else order
    for p in np.concatenate([stuck, np.setdiff1d(order, stuck, assume_unique=True)]).astype(np.int64):
        others = core.apart[core.apart_ptr[p] : core.apart_ptr[p + 1]]
        if not kept[others].any():
            kept[p] = True
            continue
        own = np.arange(core.place_ptr[p], core.place_ptr[p + 1])
        free = own[~core.stands[own]]
        if not len(free) and core.must[p]:
            return False
        best = free[np.argmax(net[free])] if len(free) else -1
        choice[p] = -1 if not core.must[p] and (best < 0 or net[best] <= 0) else best
    return True


def _must_stand(core: OptionsCore, p: int) -> bool:
    """Whether a place has no option but those that stand."""
    return bool(core.must[p] and core.stands[core.place_ptr[p] : core.place_ptr[p + 1]].all())


class OptionsSearch:
    """Annealed changes of options; the temperature falls from ``hot`` to a fifth of it (shares of the mean worth of a taken option).

    Same seed, same work: same plan.
    """

    def __init__(
        self,
        core: OptionsCore,
        start: Selection,
        *,
        seed: int,
        toll: Floats,
        net: Floats,
        best: Floats,
        hot: float,
    ) -> None:
        self.core, self.menu, self.taken = core, menu_of(core), _empty(core)
        self.best = start.options.copy()
        self.now = self.best_value = float(kernels.take(self.menu, self.taken, start.options))
        self.toll, self.dearest = 0.7 * toll, 1.1 * np.abs(toll)
        self.random = random_state(seed)
        worth = net[start.taken] + core.limits.use[start.taken] @ toll
        scale = float(np.mean(worth[worth > 0])) if (worth > 0).any() else 0.0
        self.hot, self.cold = hot * scale, 0.2 * hot * scale
        behind = (best[core.place] - net) / max(scale, 1e-300)
        often = np.where(behind < 0.05, 8, np.where(behind < 0.2, 3, 1))
        often[behind > 0.8] = 0
        often[start.taken] = np.maximum(often[start.taken], 1)
        self.pool = np.repeat(np.arange(core.n_options), often)
        self.entries = 0

    def run(self, entries: int, *, heat: float | None, tries: int = 8) -> float:
        """Look at ``entries`` coverage entries; ``heat`` from 0 (hot) to 1 (cold), None: only what gains."""
        if len(self.pool) == 0:
            return self.best_value
        warmth = 0.0 if heat is None or self.hot <= 0 else self.hot * (self.cold / self.hot) ** heat
        if heat is None:
            self.now = float(kernels.take(self.menu, self.taken, self.best))
            self.best_value = self.now
        self.now, self.best_value, done = kernels.anneal(
            self.menu, self.taken, self.pool, self.toll, warmth, entries, tries, self.random, self.best, self.now,
            self.best_value,
        )  # fmt: skip
        self.taken.load[:] = self.core.limits.use[self.taken.choice[self.taken.choice >= 0]].sum(axis=0)
        if heat is not None:
            self._haggle()
        self.entries += int(done)
        return float(self.best_value)

    def _haggle(self) -> None:
        """Lower the toll of a limit with room to spare, raise that of one that is met."""
        limits, load = self.core.limits, self.taken.load
        edge = np.where(self.toll > 0, limits.most, limits.least)
        room = np.where(self.toll != 0, np.abs(edge - load), 0.0)
        used = np.abs(limits.use[self.taken.choice[self.taken.choice >= 0]]).sum(axis=0)
        wide = room > SPARE * np.maximum(used, np.maximum(np.abs(edge), np.abs(load)))
        moved = self.toll * np.where(wide, 0.9, 1.05)
        self.toll = np.clip(moved, -self.dearest, self.dearest)

    def choice(self) -> Selection:
        """The best choice seen, its value summed afresh."""
        return choice_of(self.core, self.best[self.best >= 0])
