"""The plan of new stations: from coverage and candidates to a ranked, explained list with a certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.settings.siting import Batch
from planner.settings.whole import Settings
from planner.siting.coverage import Coverage
from planner.siting.explain import first_cover, gains_by_group, reasons, toilets_within
from planner.siting.problem import Ground, SitingProblem
from planner.siting.questions.alternatives import replacements
from planner.solvers.solution import Solution

__all__ = ["SitePlan", "batch_names", "chosen_table"]

Array = NDArray[Any]


@dataclass(frozen=True)
class SitePlan:
    """New stations: the chosen table, the solution with its bound, and coverage before and after.

    ``phases``: one row per batch (cumulative sites, covered, regret); empty without batches. ``closed``: the
    open stations that move, by their ``station_id``.
    """

    chosen: gpd.GeoDataFrame
    solution: Solution
    before: Coverage
    after: Coverage
    phases: pd.DataFrame = field(default_factory=pd.DataFrame)
    closed: tuple[str, ...] = ()

    @property
    def new_gap(self) -> float:
        """Gap of what the plan adds alone: (bound − objective) / (objective − what there is today)."""
        new = self.solution.objective - self.solution.base
        return (self.solution.bound - self.solution.objective) / new if new > 0 else 0.0

    def __repr__(self) -> str:
        return (
            f"SitePlan({len(self.chosen)} sites; {self.before.share:.1%} → {self.after.share:.1%} of "
            f"{self.after.workers:,.0f} workers; gap {self.solution.gap:.3%}, {self.solution.status})"
        )

    def _repr_html_(self) -> str:
        shown = self.chosen[["rank", "name", "district", "workers_gained", "reason"]]
        return f"<p>{escape(repr(self))}</p>" + shown.head(20).to_html(
            index=False, escape=True, float_format="%.0f"
        )


def batch_names(batches: Sequence[Batch], n: int) -> list[str]:
    """Batch of each rank, from the study's batches ("" without them)."""
    names = [b.name for b in batches for _ in range(b.count)]
    return (names + [names[-1] if names else ""] * n)[:n]


def _stand_ins(problem: SitingProblem, candidates: gpd.GeoDataFrame, order: Array) -> dict[str, Any]:
    """Best replacement of each chosen site within its district: name, id, kind of host, what it loses."""
    found = replacements(
        problem.covers, problem.weights, order, covered=problem.covered, rules=problem.rules, k=1
    ).set_index("site")
    rows = found.reindex(order)
    has = rows["replacement"].notna().to_numpy()
    at = rows["replacement"].fillna(0).astype(int).to_numpy()

    def of(column: str) -> Array:
        values = candidates[column].to_numpy(dtype=object)
        return np.where(has, values[at], "").astype(str)

    return {
        "alternative": of("name"),
        "alternative_id": of("site_id"),
        "alternative_kind": of("host_kind"),
        "alternative_loss": rows["loss"].to_numpy(dtype=float),
    }


def chosen_table(
    settings: Settings,
    ground: Ground,
    hosts: gpd.GeoDataFrame,
    problem: SitingProblem,
    order: Array,
    *,
    nearest_station_m: Array,
    confidence: Array | None = None,
    before: Coverage,
    after: Coverage,
) -> gpd.GeoDataFrame:
    """Table ``chosen`` for the candidate positions ``order``, best first, with reasons in both languages.

    ``nearest_station_m`` is per candidate. Beside the contract's columns: name, host_kind, open_hours,
    cost_yuan, toilet_near, required, alternative (name), alternative_id, alternative_kind, alternative_loss,
    reason_zh, reason_en, one ``gained__{group}`` per group.
    """
    periods, candidates = [t.name for t in settings.periods], ground.candidates
    table = candidates.iloc[order].reset_index(drop=True)
    first = first_cover(problem.covers, order, problem.covered)
    gains = gains_by_group(ground.demand, ground.new, periods, first, len(order))
    reach = problem.covers[order] @ problem.weights
    table = table.assign(
        rank=np.arange(1, len(order) + 1),
        workers_gained=gains.sum(axis=1).to_numpy(),
        workers_in_reach=np.asarray(reach, dtype=float),
        nearest_station_m=nearest_station_m[order],
        confidence=np.nan if confidence is None else confidence,
        batch=batch_names(settings.siting.batches, len(order)),
        toilet_near=toilets_within(table.geometry, hosts),
        **_stand_ins(problem, candidates, order),
        required=np.isin(order, problem.required),
    )
    shares = pd.DataFrame(
        {
            "before": before.by_district.set_index("district")["share"],
            "after": after.by_district.set_index("district")["share"],
        }
    )
    names = ground.districts.set_index("district")
    for language in ("zh", "en"):
        labelled = shares.assign(label=names[f"name_{language}"].reindex(shares.index))
        table[f"reason_{language}"] = reasons(
            table, gains, labelled, groups=settings.headline_groups, language=language
        )
    table["reason"] = table[f"reason_{settings.study.language}"]
    return table.join(gains.add_prefix("gained__"))
