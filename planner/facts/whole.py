"""Every figure of a study, registered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from planner.actions.plan import ActionPlan
from planner.audit.changes import Changes
from planner.demand.ensemble import Ensemble
from planner.equity.fairness import AVERSION, Fairness
from planner.facts.actions import action_facts
from planner.facts.bands import Draws
from planner.facts.changes import change_facts
from planner.facts.coverage import coverage_facts, headline_scope
from planner.facts.districts import district_facts
from planner.facts.evidence import front_facts, knowledge_facts, pilot_facts
from planner.facts.fairness import fairness_facts
from planner.facts.grades import grade_facts
from planner.facts.networks import network_facts
from planner.facts.plan import (
    Parts,
    certificate_facts,
    cost_facts,
    count_facts,
    homes_facts,
    phase_facts,
    question_facts,
    regret_facts,
    steadiness_facts,
)
from planner.facts.register import Fact, Register, Scope
from planner.facts.use import use_facts
from planner.networks.whole import UnionResult
from planner.settings.circle import Circle
from planner.settings.groups import Group

__all__ = ["register_of"]


def register_of(
    parts: Parts, *, demand: gpd.GeoDataFrame, ensemble: Ensemble | None, groups: Sequence[Group], circle: Circle,
    costs: pd.DataFrame, always: int | None = None, homes: dict[str, Any] | None = None,
    fairness: Fairness | None = None, aversion: float = AVERSION, actions: ActionPlan | None = None, weighted: bool = False,
    union: UnionResult | None = None, changes: tuple[Changes | None, Changes | None] = (None, None),
) -> Register:  # fmt: skip
    """The register of a finished study.

    Parameters
    ----------
    parts
        The plan's tables and results.
    demand
        The demand table (n_cells).
    ensemble
        Demand draws on the cells of ``demand``; None: sums have no bands.
    groups
        The headline's groups.
    costs
        Per new site ``cost_yuan`` and its band ``low``, ``high``.
    always
        New sites that stay under every assumption; None where not asked.
    homes
        Driver homes as ``run.json`` has them; None where there are none.
    actions, weighted
        The plan with five verbs (None: not asked), and whether workers of some groups or periods count more in it.
    fairness, aversion
        How evenly coverage falls on districts × groups × periods (None: over districts alone), and the aversion to
        inequality that it is measured with.
    union
        The union's networks; None where not asked.
    changes
        What changes from last year's plan: of the new stations, of the five verbs (None: not asked).
    """
    here = headline_scope(circle.walk_m)
    draws = None
    if ensemble is not None and len(demand):
        draws = Draws(ensemble, demand["district"].astype(str))
    bands = {g.name: (g.band_low, g.band_high) for g in groups}
    covered = coverage_facts(parts.before, parts.after, here, draws=draws, group_bands=bands)
    fair = fairness_facts(parts.before, parts.after, here, draws=draws, found=fairness, aversion=aversion)
    verbs = () if actions is None else action_facts(actions, here, draws=draws, own_goal=weighted)
    others = _others(parts, here, costs, always, homes)
    since = [
        f
        for of, plan in zip(changes, ("proposal", "actions"), strict=True)
        for f in change_facts(of, here, plan)
    ]
    return Register([*covered, *others, *fair, *verbs, *since, *network_facts(union, here)], here)


def _others(
    parts: Parts, here: Scope, costs: pd.DataFrame, always: int | None, homes: dict[str, Any] | None
) -> Iterator[Fact]:
    yield from count_facts(parts, here)
    yield from certificate_facts(parts, here)
    yield from cost_facts(parts, here, costs)
    yield from district_facts(parts, here, costs)
    yield from steadiness_facts(parts, here, always)
    yield from regret_facts(parts, here)
    yield from phase_facts(parts, here)
    yield from question_facts(parts, here)
    yield from use_facts(parts, here)
    yield from front_facts(parts, here)
    yield from knowledge_facts(parts, here)
    yield from pilot_facts(parts, here)
    yield from grade_facts(parts, here)
    if homes is not None:
        yield from homes_facts(homes, here)
