"""What to find out first: how much regret each unknown would remove if it were known before the plan is made.

The expected value of partial perfect information (Raiffa & Schlaifer 1961). Covered workers are linear in the demand, so
that the best plan once an unknown is known is the best for the mean of the draws in which it has that value; draws are
sorted by the unknown and cut into classes of equal size. Few draws in a class make any cut look useful: what cuts at random seem to
remove is measured in the same way and taken off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.progress import Progress, silent
from planner.siting.questions.draws import DrawnWeights
from planner.solvers.problems import Solution

__all__ = ["CLASSES", "Knowledge", "classes_of", "learn_what", "removed"]

Array = NDArray[Any]
Solve = Callable[[Array], Solution]
#: Classes that an unknown is cut into.
CLASSES = 3
#: DrawnWeights that plans of their own are made for: they say how much there is to know at all.
KNOWN_DRAWS = 40
#: Cuts at random, each with plans of its own; and cuts that only choose among all plans found.
CUTS, MORE_CUTS = 4, 200
#: The 95 % point of a standard normal.
ONE_SIDED = 1.6448536


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What knowing each unknown would be worth, in covered workers.

    Attributes
    ----------
    table
        One row per unknown, most first: the columns of the unknowns as given (``kind``, ``group``, ``district``,
        ``site``, ``name``), and ``seems`` (regret removed on these draws), ``chance`` (what cuts at random seem to
        remove), ``removes`` (the difference, at least 0), ``part`` (``removes``, scaled so that all parts together are
        no more than the regret), ``clear`` (beyond chance at 95 %), ``teaches`` (share of the decisive variance that it
        explains), ``solved`` (plans were made for its classes; else chosen among those found for the others).
    draws, known, solves, classes
        How many draws there are, how many of them plans were made for, how many plans in all, classes per unknown.
    replan
        Workers that the mean of the draws alone, with nothing found out, gains over the plan (the estimate is not that mean).
    regret
        Mean over the ``known`` draws of what the best plan found covers more than one plan for all draws: all that can be
        removed.
    ceiling
        What it can be at most, by the bounds.
    """

    table: pd.DataFrame
    draws: int
    known: int
    solves: int
    classes: int
    replan: float
    regret: float
    ceiling: float

    @property
    def scale(self) -> float:
        """What ``removes`` is multiplied by to give ``part``; below 1 where unknowns overlap."""
        whole = float(self.table["removes"].sum())
        return float(self.table["part"].sum()) / whole if whole > 0 else 1.0

    def __repr__(self) -> str:
        return (
            f"Knowledge({len(self.table)} unknowns, {int(self.table['clear'].sum())} beyond chance; regret {self.regret:,.0f} "
            f"workers, at most {self.ceiling:,.0f}; {self.draws} draws, {self.solves} plans)"
        )


def classes_of(values: Array, classes: int) -> Array:
    """Class (0 …) of each draw: sorted by the value, cut into classes as equal as can be, equal values together."""
    order = np.argsort(values, kind="stable")
    out = np.empty(len(values), dtype=np.int64)
    out[order] = np.arange(len(values)) * classes // max(1, len(values))
    lowest = pd.Series(out).groupby(np.asarray(values)).transform("min")
    return np.unique(lowest.to_numpy(), return_inverse=True)[1].reshape(-1)


def removed(worth: Array, classes: Array) -> float:
    """Mean workers gained by choosing a plan per class, over one plan for all: ``worth`` n_draws × n_plans, at least 0."""
    if not worth.size:
        return 0.0
    counts = np.bincount(classes).astype(float)
    sums = np.zeros((len(counts), worth.shape[1]))
    np.add.at(sums, classes, worth)
    return max(0.0, float(sums.max(axis=1).sum() - worth.sum(axis=0).max()) / len(worth))


def learn_what(
    solve: Solve, draws: DrawnWeights, covers: Any, covered: Array, chosen: Array, *, unknowns: pd.DataFrame, values: Array,
    teaches: Array, classes: int = CLASSES, most_solves: int = 150, seed: int = 0, progress: Progress | None = None,
) -> Knowledge:  # fmt: skip
    """The regret that knowing each unknown removes.

    Parameters
    ----------
    solve
        ``solve(weights)`` → Solution under the plan's rules.
    covers, covered
        Sparse (n_sites × n_points); points that existing stations serve (bool).
    chosen
        The plan's sites.
    unknowns
        A row per unknown, returned with its value.
    values
        float (n_draws × n_unknowns): what each unknown is in each draw.
    teaches
        float (n_unknowns): reported beside the value. Plans are made for the classes of the unknowns that remove most with
        the plans of draws and random cuts alone; among equals, of those that teach most.
    most_solves
        At most so many plans: one for each of 40 draws, one for their mean, those of cuts at random, the rest for unknowns.

    Examples
    --------
    >>> learn_what(solve, DrawnWeights.of(weights, factors), covers, covered, chosen,
    ...            unknowns=pd.DataFrame({"district": names}), values=workers, teaches=share)      # doctest: +SKIP
    Knowledge(12 unknowns, 3 beyond chance; regret 310 workers, at most 340; 40 draws, 77 plans)
    """
    say, n = progress or silent, len(draws)
    known = min(n, KNOWN_DRAWS)
    plans, bounds, count = [np.asarray(chosen)], np.zeros(known), 0

    def add(weights: Array) -> Solution:
        nonlocal count
        say("what to find out first", min(1.0, count / most_solves))
        found = solve(weights)
        plans.append(np.asarray(found.chosen))
        count += 1
        return found

    def cut(of: Array) -> None:
        for c in range(int(of.max()) + 1):
            add(draws.mixed((of == c) / (of == c).sum()))

    add(draws.mixed(np.full(n, 1 / n)))
    for d in range(known):
        bounds[d] = add(draws.one(d)).bound
    rng = np.random.default_rng([seed, 20])
    even = np.arange(n) * classes // n
    at_random = [rng.permutation(even) for _ in range(CUTS)]
    for of in at_random:
        cut(of)
    cuts = [classes_of(values[:, u], classes) for u in range(values.shape[1])]
    solved = np.zeros(len(cuts), dtype=bool)
    looks = draws.of_plans(covers, covered, plans)
    first = np.array([removed(looks, of) for of in cuts])
    for u in np.lexsort((-teaches, -first)):
        k = int(cuts[u].max(initial=0)) + 1
        if k > 1 and count + k <= most_solves:
            cut(cuts[u])
            solved[u] = True
    worth = draws.of_plans(covers, covered, plans)
    told = _table(worth, cuts, solved, at_random, [rng.permutation(even) for _ in range(MORE_CUTS)])
    one = int(worth.mean(axis=0).argmax())
    best, of_one = worth[:known].max(axis=1), worth[:known, one]
    regret = float((best - of_one).mean())
    told["removes"] = np.minimum(told["removes"], regret)
    whole = float(told["removes"].sum())
    told["part"] = told["removes"] * min(1.0, regret / whole if whole > 0 else 1.0)
    told["teaches"], told["solved"] = teaches, solved
    table = pd.concat([unknowns.reset_index(drop=True), told], axis=1)
    table = table.sort_values(["removes", "seems", "teaches"], ascending=False, kind="stable").reset_index(
        drop=True
    )
    return Knowledge(
        table, draws=n, known=known, solves=count, classes=classes, replan=float((worth[:, one] - worth[:, 0]).mean()),
        regret=regret, ceiling=float((np.maximum(best, bounds) - of_one).mean()),
    )  # fmt: skip


def _table(
    worth: Array, cuts: list[Array], solved: Array, with_plans: list[Array], without: list[Array]
) -> pd.DataFrame:
    """``seems``, ``chance``, ``removes``, ``clear`` per unknown; chance as its cut was treated: with plans or without."""
    seems = np.array([removed(worth, of) for of in cuts])
    own, none = (np.array([removed(worth, of) for of in some]) for some in (with_plans, without))
    fewer = np.array([of.max(initial=0) for of in cuts]) == 0  # the same in every draw: nothing to learn
    chance = np.where(fewer, 0.0, np.where(solved, own.mean(), none.mean()))
    removes = np.where(fewer, 0.0, np.maximum(0.0, seems - chance))
    clear = removes > ONE_SIDED * max(float(none.std()), float(own.std()), 1e-12)
    return pd.DataFrame({"seems": seems, "chance": chance, "removes": removes, "clear": clear})
