"""The siting problem of a study: the ground it stands on, and who covers whom as arrays."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.errors import Finding, finding, refuse_if_errors
from planner.settings.groups import Period
from planner.settings.siting import Siting
from planner.siting.coverage import Access, cover_matrix, cover_weights
from planner.siting.goal.pose import Ground, PosedGoal, pose_goal, worker_counts
from planner.siting.rules import judge_rules, study_rules
from planner.solvers.merge import MergedPoints
from planner.solvers.request import check_covers
from planner.solvers.rules import Rules
from planner.solvers.score import covered_weight

__all__ = ["Ground", "SitingProblem", "ceiling", "covered_by_open", "nothing_to_gain", "pose", "reachable"]

Array = NDArray[Any]


@dataclass(frozen=True)
class SitingProblem:
    """The MCLP of a study: who covers whom, what it is worth, what is covered already, under which rules.

    Columns run over ways of travelling × periods × cells (:func:`planner.siting.coverage.cover_matrix`). The first
    partition of ``rules`` are the districts. ``goal``: what plans are compared by, where that is more than the
    covered workers. ``kept``: workers that each candidate counts besides, as last year's plan had it.
    """

    covers: Any
    weights: Array
    covered: Array
    rules: Rules
    goal: PosedGoal | None = None
    kept: Array | None = None

    @functools.cached_property
    def lean(self) -> MergedPoints:
        """The points merged; made once, and handed on where only weights or rules change."""
        return MergedPoints.of(check_covers(self.covers), self.covered)

    def changed(self, **changes: Any) -> SitingProblem:
        """The same with other weights, rules or goal."""
        out = replace(self, **changes)
        if "lean" in self.__dict__ and not {"covers", "covered"} & changes.keys():
            out.__dict__["lean"] = self.lean
        return out

    @property
    def region(self) -> Array:
        """District of each candidate."""
        first = self.rules.partitions[0]
        return np.asarray(first.labels, dtype=str)[first.of]

    @property
    def required(self) -> Array:
        """Positions that must be chosen."""
        return self.rules.required

    @property
    def forbidden(self) -> Array:
        """Positions that must not."""
        return self.rules.forbidden

    def reached(self, sites: Array) -> float:
        """Weight covered by the existing stations and ``sites`` (positions), counted afresh."""
        return covered_weight(self.covers, self.weights, sites, self.covered)

    def with_rules(self, rules: Rules) -> SitingProblem:
        """The same under other rules."""
        return self.changed(rules=rules)

    def without_goal(self) -> SitingProblem:
        """The same, compared by covered workers alone, near sites side by side, whatever last year's plan had."""
        return self.changed(goal=None, rules=self.rules.without("spacing"), kept=None)

    def with_quotas(self, least: dict[str, int]) -> SitingProblem:
        """The same with other minima per district."""
        first, *rest = self.rules.partitions
        number = np.array([least.get(str(d), 0) for d in first.labels], np.int64)
        return self.with_rules(replace(self.rules, partitions=(replace(first, least=number), *rest)))


def pose(siting: Siting, periods: Sequence[Period], ground: Ground) -> SitingProblem:
    """Pose the study's MCLP.

    Raises
    ------
    InputError
        What :func:`judge_rules` finds: sites or districts that do not exist, fewer candidates than p.
    """
    refuse_if_errors(judge_rules(siting, ground.candidates, ground.districts))
    weights = cover_weights(ground.demand, ground.new, [t.name for t in periods])
    counts = worker_counts(siting.goal, periods, ground, weights)
    return SitingProblem(
        covers=cover_matrix(ground.new, ground.new_open),
        weights=weights,
        covered=covered_by_open(ground.existing, ground.existing_open),
        rules=study_rules(siting, ground.candidates, ground.districts),
        goal=pose_goal(siting.goal, ground, weights, counts),
    )


def covered_by_open(access: Sequence[Access], is_open: Array, *, closed: Array | None = None) -> Array:
    """Which points the open stations cover (bool), those at the positions ``closed`` left out."""
    covers = cover_matrix(access, is_open)
    if closed is not None and len(closed):
        covers = covers[np.delete(np.arange(covers.shape[0]), closed)]
    return np.asarray(covers.sum(axis=0)).ravel() > 0


def nothing_to_gain(problem: SitingProblem) -> list[Finding]:
    """CAN-003 where no candidate reaches demand that the open stations do not cover already."""
    worth = (problem.weights > 0) & ~problem.covered
    if np.asarray(problem.covers @ worth.astype(float)).any():
        return []
    return [finding("CAN-003", source="candidates")]


def reachable(problem: SitingProblem) -> Array:
    """Which points the open stations and all candidates together cover (bool)."""
    return np.asarray(problem.covered | (np.asarray(problem.covers.sum(axis=0)).ravel() > 0))


def ceiling(problem: SitingProblem, ground: Ground) -> tuple[float, float, float]:
    """Shares of the workers that all candidates and open stations together cover; that have only closed ones in reach; that have none."""
    whole = float(problem.weights.sum())
    can = reachable(problem)
    new, old = (np.ones_like(t, dtype=bool) for t in (ground.new_open, ground.existing_open))
    near = covered_by_open(ground.existing, old) | covered_by_open(ground.new, new) | can
    covered, near_share = (float(problem.weights[mask].sum()) / whole for mask in (can, near))
    return covered, near_share - covered, 1.0 - near_share
