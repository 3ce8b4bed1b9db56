"""The plan of new stations: from coverage and candidates to a ranked, explained list with a certificate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.demand.ensemble import band
from planner.settings.siting import Batch
from planner.settings.whole import Settings
from planner.siting.coverage import Coverage
from planner.siting.explain import first_cover, gains_by_group, gains_by_period, reasons, toilets_within
from planner.siting.problem import Ground, SitingProblem
from planner.siting.questions.alternatives import StandIns
from planner.siting.questions.robust import Hindsight
from planner.solvers.solution import Solution, gap_text

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
            f"{self.after.workers:,.0f} workers; gap {gap_text(self.solution.gap)}, {self.solution.status})"
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


def _first_stand_in(found: StandIns, candidates: gpd.GeoDataFrame, order: Array) -> dict[str, Any]:
    """The best replacement of each chosen site: name, id, kind of host, how far off it is, what it loses."""
    rows = found.best(1).set_index("site").reindex(order)
    has = rows["replacement"].notna().to_numpy()
    at = rows["replacement"].fillna(0).astype(int).to_numpy()

    def of(column: str) -> Array:
        values = candidates[column].to_numpy(dtype=object)
        return np.where(has, values[at], "").astype(str)

    return {
        "alternative": of("name"),
        "alternative_id": of("site_id"),
        "alternative_kind": of("host_kind"),
        "alternative_m": rows["distance_m"].to_numpy(dtype=float),
        "alternative_loss": rows["loss"].to_numpy(dtype=float),
    }


def _in_hindsight(found: Hindsight | None) -> dict[str, Any]:
    """How often each site is chosen again (with a margin), and the band of what only it covers; empty without draws."""
    if found is None:
        return dict.fromkeys(("confidence", "confidence_margin", "alone_low", "alone_high"), np.nan)
    low, high = band(found.alone) if len(found.alone) else (np.nan, np.nan)
    return {
        "confidence": found.kept, "confidence_margin": found.kept_margin, "alone_low": low, "alone_high": high,
    }  # fmt: skip


def chosen_table(
    settings: Settings,
    ground: Ground,
    hosts: gpd.GeoDataFrame,
    problem: SitingProblem,
    order: Array,
    *,
    around: Mapping[str, Array],
    any_station: bool,
    stand_ins: StandIns,
    hindsight: Hindsight | None = None,
) -> gpd.GeoDataFrame:
    """Table ``chosen`` for the candidate positions ``order``, best first, with reasons in both languages.

    ``around`` (per site of ``order``): nearest_station_m, nearest_station (its name), nearest_station_id, street, place; ``any_station``: whether one is open
    today. Beside these and
    the contract's columns: name, host_kind, open_hours, cost_yuan, toilet_near, required, confidence_margin, workers_alone (in reach of
    no other station or site), alone_low and alone_high (its 5 % and 95 % points over the demand draws), alternative (the best of ``stand_ins``: its name), alternative_id, alternative_kind,
    alternative_m, alternative_loss, reason_zh, reason_en, one ``gained__{group}`` per group.
    """
    periods, candidates = [t.name for t in settings.periods], ground.candidates
    table = candidates.iloc[order].reset_index(drop=True)
    first = first_cover(problem.covers, order, problem.covered)
    gains = gains_by_group(ground.demand, ground.new, periods, first, len(order))
    by_period = gains_by_period(ground.demand, ground.new, periods, first, len(order))
    reach = problem.covers[order] @ problem.weights
    table = table.assign(
        rank=np.arange(1, len(order) + 1),
        workers_gained=gains.sum(axis=1).to_numpy(),
        workers_in_reach=np.asarray(reach, dtype=float),
        workers_alone=stand_ins.alone,
        **around,
        **_in_hindsight(hindsight),
        batch=batch_names(settings.siting.batches, len(order)),
        toilet_near=toilets_within(table.geometry, hosts),
        **_first_stand_in(stand_ins, candidates, order),
        required=np.isin(order, problem.required),
    )
    for language in ("zh", "en"):
        table[f"reason_{language}"] = reasons(
            table, gains, by_period, groups=settings.headline_groups, periods=settings.periods,
            any_station=any_station, within_m=stand_ins.within_m, language=language,
        )  # fmt: skip
    table["reason"] = table[f"reason_{settings.study.language}"]
    return table.join(gains.add_prefix("gained__"))
