"""Every figure of a study, registered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.equity.fairness import AVERSION, Fairness
from planner.facts.bands import Draws
from planner.facts.coverage import coverage_facts, headline_scope
from planner.facts.fairness import fairness_facts
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
    parts: Parts, *, demand: gpd.GeoDataFrame, surfaces: NDArray[Any] | None, groups: Sequence[Group], circle: Circle,
    costs: pd.DataFrame, always: int | None = None, homes: dict[str, Any] | None = None,
    fairness: Fairness | None = None, aversion: float = AVERSION, union: UnionResult | None = None,
) -> Register:  # fmt: skip
    """The register of a finished study.

    Parameters
    ----------
    parts
        The plan's tables and results.
    demand
        The demand table (n_cells).
    surfaces
        Demand draws (n_draws × n_cells); None: sums have no bands.
    groups
        The headline's groups.
    costs
        Per new site ``cost_yuan`` and its band ``low``, ``high``.
    always
        New sites that stay under every assumption; None where not asked.
    homes
        Driver homes as ``run.json`` has them; None where there are none.
    fairness, aversion
        How evenly coverage falls on districts × groups × periods (None: over districts alone), and the aversion to
        inequality that it is measured with.
    union
        The union's networks; None where not asked.
    """
    here = headline_scope(circle.walk_m)
    draws = None
    if surfaces is not None and len(demand):
        draws = Draws(
            np.asarray(surfaces), parts.before.cells["workers"].reindex(demand.index).to_numpy(dtype=float)
        )
    bands = {g.name: (g.band_low, g.band_high) for g in groups}
    covered = coverage_facts(
        parts.before,
        parts.after,
        here,
        district=demand["district"].astype(str),
        draws=draws,
        group_bands=bands,
    )
    fair = fairness_facts(
        parts.before, parts.after, here, district=demand["district"].astype(str), draws=draws, found=fairness,
        aversion=aversion,
    )  # fmt: skip
    others = _others(parts, here, costs, always, homes)
    return Register([*covered, *others, *fair, *network_facts(union, here)], here)


def _others(
    parts: Parts, here: Scope, costs: pd.DataFrame, always: int | None, homes: dict[str, Any] | None
) -> Iterator[Fact]:
    yield from count_facts(parts, here)
    yield from certificate_facts(parts, here)
    yield from cost_facts(here, costs)
    yield from steadiness_facts(parts, here, always)
    yield from regret_facts(parts, here)
    yield from phase_facts(parts, here)
    yield from question_facts(parts, here)
    yield from use_facts(parts, here)
    if homes is not None:
        yield from homes_facts(homes, here)
