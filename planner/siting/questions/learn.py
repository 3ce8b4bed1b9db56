"""What to find out first, asked of a finished plan: what each unknown is worth knowing, and which sites to pilot.

Unknown are the workers of each district (and group, where the demand draws tell groups apart) and those in reach of each of the
first sites of the plan. How far stations keep their stated hours is unknown too, but has no draws: it is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import AbsentError, finding
from planner.progress import Progress
from planner.siting.proposal import AGAIN, drawn_weights
from planner.siting.questions.ask import Finished
from planner.siting.questions.draws import contested
from planner.siting.questions.knowledge import Knowledge, learn_what
from planner.siting.questions.pilots import choose_pilots, in_reach, simulate
from planner.siting.solve import solve
from planner.solvers.problems import Solution

__all__ = ["MOST_SOLVES", "PILOTED", "PilotSites", "pilots", "value_of_information"]

Array = NDArray[Any]
#: Quick solves at most for the value of information.
MOST_SOLVES = 150
#: DrawnWeights that pilots are chosen and judged by, and how many of them are the truth in turn (four plans each).
PILOT_DRAWS, TRUTHS = 60, 30
#: How many sites, in rank order, are asked what a pilot there would be worth.
PILOTED = 50


def _plain(of: Finished) -> None:
    """Refuses plans that are compared by more than covered workers: they are not linear in the demand."""
    if of.problem.goal is not None:
        raise AbsentError([finding("GOAL-010", source="study.toml", field="siting.goal")])


def value_of_information(of: Finished, factors: Array, *, progress: Progress | None = None) -> Knowledge:
    """The regret that knowing each unknown removes, most first (:class:`planner.siting.questions.knowledge.Knowledge`).

    Columns of the table besides: ``kind`` ("district" or "site"), ``group`` ("" for all), ``district`` ("": all of them, where
    the draws know their total alone), ``rank`` and ``site_id`` of a
    site (0 and "" else), ``name``.

    Raises
    ------
    AbsentError
        The study compares plans by a goal of its own (GOAL-010).
    """
    _plain(of)
    problem, draws = of.problem, drawn_weights(of.posing, factors)
    first = of.chosen[:PILOTED]
    counts = _apart(draws.of_labels(of.district))
    candidates = of.posing.candidates
    rows = [("district", group, name, 0, "", name) for group, name, _ in counts]
    rows += [
        ("site", "", str(candidates["district"].iloc[i]), rank, str(candidates["site_id"].iloc[i]), str(of.labels[i]))
        for rank, i in enumerate(first, start=1)
    ]  # fmt: skip
    values = np.column_stack(
        [*(v for _, _, v in counts), in_reach(draws, problem.covers, problem.covered, first)]
    )
    hung = contested(draws, problem.covers, problem.covered, of.chosen, problem.rules)

    def quick(weights: Array) -> Solution:
        return solve(problem, of.posing.look(AGAIN), weights=weights, known=of.plan.solution)

    return learn_what(
        quick, draws, problem.covers, problem.covered, of.chosen,
        unknowns=pd.DataFrame(rows, columns=["kind", "group", "district", "rank", "site_id", "name"]),
        values=values, teaches=hung.explained(values), most_solves=MOST_SOLVES, seed=of.posing.seed, progress=progress,
    )  # fmt: skip


def _apart(counts: list[tuple[str, str, Array]]) -> list[tuple[str, str, Array]]:
    """Workers per group and district; one row for all districts (label "") of a group that the draws move in proportion."""
    found: list[tuple[str, str, Array]] = []
    for group in dict.fromkeys(g for g, _, _ in counts):
        own = [(d, v) for g, d, v in counts if g == group]
        whole = np.sum([v for _, v in own], axis=0)
        level = whole / whole.mean() if whole.mean() > 0 else np.ones_like(whole)
        alike = all(np.allclose(v, level * v.mean(), rtol=1e-3) for _, v in own)
        found += [(group, "", whole)] if alike and len(own) > 1 else [(group, d, v) for d, v in own]
    return found


@dataclass(frozen=True, eq=False)
class PilotSites:
    """Which sites of the plan to build first so that what they show betters the rest.

    Attributes
    ----------
    table
        In order of choice: ``place`` (1 …), ``rank`` (in the plan), ``site_id``, ``name``, ``district``, ``workers`` (in reach, whom no
        station of today serves: mean of the draws), ``workers_low``, ``workers_high`` (5 and 95 % of the draws: what the count will tell
        apart), ``explained`` (share of the decisive variance explained by the pilots so far).
    simulated
        A row per simulated truth: regret left with the plan as it stands (``plan``), and with as many pilots chosen so
        (``taught``), the first of the plan (``rank``), or any (``random``), and the rest chosen anew.
    noise
        Relative error of what a pilot shows.
    draws
        How many draws the pilots were chosen by.
    """

    table: pd.DataFrame
    simulated: pd.DataFrame
    noise: float
    draws: int

    @property
    def regret(self) -> pd.DataFrame:
        """Per order of building: ``mean`` regret left, and ``margin``, half its 90 % interval over the truths."""
        n = max(1, len(self.simulated))
        spread = self.simulated.std(ddof=1) if n > 1 else self.simulated.iloc[:1].sum() * np.nan
        return pd.DataFrame({"mean": self.simulated.mean(), "margin": 1.6448536 * spread / np.sqrt(n)})

    def margin(self, one: str, other: str) -> tuple[float, float]:
        """Mean regret of ``one`` order less that of ``other``, and half its 90 % interval (truth by truth)."""
        gap = self.simulated[one] - self.simulated[other]
        return float(gap.mean()), float(1.6448536 * gap.std(ddof=1) / np.sqrt(max(1, len(gap))))

    def __repr__(self) -> str:
        told = ", ".join(f"{k} {v:,.0f}" for k, v in self.simulated.mean().items())
        return f"PilotSites({len(self.table)} sites; regret left over {len(self.simulated)} simulated truths: {told} workers)"


def pilots(
    of: Finished, factors: Array, *, k: int, noise: float, progress: Progress | None = None
) -> PilotSites:
    """The ``k`` sites of the plan that teach most about the rest, and what that is worth in simulation.

    ``noise``: standard deviation of the relative error of what a pilot shows.

    Raises
    ------
    AbsentError
        The study compares plans by a goal of its own (GOAL-010).
    """
    _plain(of)
    problem, draws, chosen = of.problem, drawn_weights(of.posing, factors).first(PILOT_DRAWS), of.chosen
    shown = in_reach(draws, problem.covers, problem.covered, chosen)
    hung = contested(draws, problem.covers, problem.covered, chosen, problem.rules)
    sites, explained = choose_pilots(shown, chosen, hung, k=k, noise=noise)
    at = {int(site): n for n, site in enumerate(chosen)}
    taught = np.array([at[int(s)] for s in sites], dtype=np.int64)
    rng = np.random.default_rng([of.posing.seed, 22])
    truths = min(len(draws), TRUTHS)
    chance = np.stack([rng.permutation(len(chosen))[: len(taught)] for _ in range(truths)])
    orders = {"taught": taught, "rank": np.arange(len(taught)), "random": chance}

    def expand(weights: Array, must: Array) -> Solution:
        rules = replace(problem.rules, required=np.union1d(problem.required, must).astype(np.int64))
        posed = problem.with_rules(rules)
        return solve(posed, of.posing.look(AGAIN), weights=weights, known=of.plan.solution)

    simulated = simulate(
        expand, draws, problem.covers, problem.covered, chosen, shown, orders,
        truths=truths, noise=noise, seed=of.posing.seed, progress=progress,
    )  # fmt: skip
    candidates = of.posing.candidates
    workers = shown[:, taught]
    table = pd.DataFrame(
        {
            "place": np.arange(1, len(taught) + 1),
            "rank": taught + 1,
            "site_id": candidates["site_id"].astype(str).to_numpy()[sites],
            "name": of.labels[sites].astype(str),
            "district": candidates["district"].astype(str).to_numpy()[sites],
            "workers": workers.mean(axis=0),
            "workers_low": np.quantile(workers, 0.05, axis=0),
            "workers_high": np.quantile(workers, 0.95, axis=0),
            "explained": explained,
        }
    )
    return PilotSites(table, simulated, float(noise), len(draws))
