"""The plan with five verbs as a table with reasons, its certificate, and coverage before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import geopandas as gpd
import pandas as pd
from numpy.typing import NDArray

from planner.actions.places import CANDIDATE, EXISTING, Places
from planner.actions.pose import ActionProblem
from planner.actions.reasons import reason
from planner.actions.sequence import Change, Substitute
from planner.settings.actions import VERBS
from planner.siting.coverage import Coverage
from planner.solvers.solution import Solution, gap_text

__all__ = ["ActionPlan", "actions_table", "verbs_table"]

Array = NDArray[Any]


@dataclass(frozen=True)
class ActionPlan:
    """What to do to which place under one budget.

    Attributes
    ----------
    actions
        rank, verb, place_id, name, district, hours_from, hours_to, grade_from, grade_to, cost_yuan, yearly_yuan (each with
        ``_low`` and ``_high``), workers_gained (in its turn; they sum to what the plan adds), workers_alone (on top of today),
        workers_refused (whom the plan loses without it), to_id, to_name (of a move), substitute_id, substitute_name, substitute_m,
        substitute_loss, year, reason, reason_zh, reason_en; geometry: where the station stands then.
    solution
        Options with their bound. ``objective`` is worth: covered workers, unless the study counts them otherwise.
    before, after
        Coverage measured afresh on all demand points.
    by_verb
        A row per verb: n, cost_yuan, yearly_yuan, workers.
    build_only
        The plan that only builds for the same money; None where there is none.
    lost
        Of the workers covered today, those who lose the circle.
    options
        Positions of the options taken, in the problem's table.
    """

    actions: gpd.GeoDataFrame
    solution: Solution
    before: Coverage
    after: Coverage
    by_verb: pd.DataFrame
    build_only: Solution | None
    lost: float
    open_after: int

    @property
    def cost_yuan(self) -> float:
        """What it costs once."""
        return float(self.by_verb["cost_yuan"].sum())

    @property
    def yearly_yuan(self) -> float:
        """What it costs every year, over what is spent today."""
        return float(self.by_verb["yearly_yuan"].sum())

    @property
    def new_gap(self) -> float:
        """The gap as a share of what is newly covered."""
        new = self.after.covered - self.before.covered
        return (self.solution.bound - self.solution.objective) / new if new > 0 else 0.0

    def __repr__(self) -> str:
        done = ", ".join(f"{r.verb} {r.n}" for r in self.by_verb.itertuples() if r.n)
        return (
            f"ActionPlan({len(self.actions)} actions: {done or 'none'}; {self.before.share:.1%} → {self.after.share:.1%} of "
            f"{self.after.workers:,.0f} workers; {self.cost_yuan:,.0f} yuan once, {self.yearly_yuan:,.0f} a year; "
            f"gap {gap_text(self.solution.gap)}, {self.solution.status})"
        )

    def _repr_html_(self) -> str:
        shown = self.actions[
            ["rank", "verb", "name", "district", "workers_gained", "cost_yuan", "yearly_yuan", "reason"]
        ]
        return f"<p>{escape(repr(self))}</p>" + shown.head(20).to_html(
            index=False, escape=True, float_format="%.0f"
        )


def actions_table(
    problem: ActionProblem, changes: Sequence[Change], order: Sequence[int], done: tuple[Array, Array, Array],
    instead: Sequence[Substitute], *, language: str, titles: tuple[dict[str, str], dict[str, str]], years: Sequence[str] = (),
) -> gpd.GeoDataFrame:  # fmt: skip
    """Table ``actions``, best first.

    ``done``: gained, alone and refused per change (:func:`planner.actions.sequence.in_order`); ``titles``: the study's names
    of grades in Chinese and English.
    """
    gained, alone, refused = done
    places, table = problem.places.table, problem.options.table
    rows = []
    for rank, n in enumerate(order):
        c = changes[n]
        new, at, to = table.iloc[c.into[-1]], places.iloc[c.place], places.iloc[c.to]
        money = {
            f"{k}{end}": float(sum(table[f"{k}{end}"].iloc[o] for o in c.into))
            for k in ("cost_yuan", "yearly_yuan") for end in ("", "_low", "_high")
        }  # fmt: skip
        other = instead[n]
        sub = None if other.option < 0 else places.iloc[int(problem.place[other.option])]
        rows.append(
            {
                "rank": rank + 1, "verb": c.verb, "place_id": at["place_id"], "name": at["name"], "district": at["district"],
                "host_kind": to["host_kind"],
                "hours_from": "" if c.verb == "build" else at["open_hours"], "hours_to": "" if c.verb == "close" else new["open_hours"],
                "grade_from": "" if c.verb == "build" else at["grade"], "grade_to": "" if c.verb == "close" else new["grade_to"],
                **money, "workers_gained": gained[n], "workers_alone": alone[n], "workers_refused": refused[n],
                "to_id": to["place_id"] if c.verb == "move" else "", "to_name": to["name"] if c.verb == "move" else "",
                "substitute_id": "" if sub is None else sub["place_id"], "substitute_name": "" if sub is None else sub["name"],
                "substitute_verb": "" if sub is None else str(table["verb"].iloc[other.option]),
                "substitute_m": other.metres, "substitute_loss": other.loss, "year": years[n] if len(years) else "",
                "geometry": to.geometry,
            }
        )  # fmt: skip
    columns = [
        "rank", "verb", "place_id", "name", "district", "host_kind", "hours_from", "hours_to", "grade_from", "grade_to", "cost_yuan",
        "cost_yuan_low", "cost_yuan_high", "yearly_yuan", "yearly_yuan_low", "yearly_yuan_high", "workers_gained",
        "workers_alone", "workers_refused", "to_id", "to_name", "substitute_id", "substitute_name", "substitute_verb", "substitute_m",
        "substitute_loss", "year", "geometry",
    ]  # fmt: skip
    frame = gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=places.crs)
    for k, lang in enumerate(("zh", "en")):
        frame[f"reason_{lang}"] = [reason(r, lang, titles[k]) for r in frame.to_dict("records")]
    frame["reason"] = frame[f"reason_{language}"]
    return frame


def verbs_table(actions: pd.DataFrame) -> pd.DataFrame:
    """What each verb does: verb, n, cost_yuan, yearly_yuan, workers; every verb has its row."""
    rows = [actions[actions["verb"] == v] for v in VERBS]
    return pd.DataFrame(
        {
            "verb": list(VERBS), "n": [len(r) for r in rows],
            **{k: [float(r[k].sum()) for r in rows] for k in ("cost_yuan", "yearly_yuan")},
            "workers": [float(r["workers_gained"].sum()) for r in rows],
        }
    )  # fmt: skip


def open_stations(places: Places, problem: ActionProblem, chosen: Array) -> int:
    """Stations open when the plan stands; partners' posts are not among them."""
    source = places.table["source"].to_numpy(object)[problem.place[chosen]]
    verb = problem.options.table["verb"].to_numpy(object)[chosen]
    stays = (source == EXISTING) & (verb != "close")
    return int((stays | (source == CANDIDATE)).sum())
