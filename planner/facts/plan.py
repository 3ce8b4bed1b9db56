"""Figures of the plan: counts, certificate, cost, steadiness, phases, the curve, other plans, rules and assumptions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.facts.bands import Draws
from planner.facts.definitions import parts
from planner.facts.register import Fact, Scope, fact, own

if TYPE_CHECKING:
    from planner.equity.front import FairFront
    from planner.evidence.use import ExpectedUse
    from planner.grades.whole import Grades
    from planner.siting.coverage import Coverage
    from planner.siting.questions.knowledge import Knowledge
    from planner.siting.questions.learn import PilotSites
    from planner.siting.questions.robust import Hindsight
    from planner.solvers.solution import Solution

__all__ = [
    "STEADY", "Parts", "certificate_facts", "cost_facts", "count_facts", "homes_facts", "phase_facts", "question_facts",
    "regret_facts", "steadiness_facts",
]  # fmt: skip

#: From this steadiness on a site counts as steady.
STEADY = 0.5


@dataclass(frozen=True)
class Parts:
    """What the figures of a plan are taken from; see :class:`planner.telling.bundle.Bundle` for each."""

    stations: pd.DataFrame
    candidates: pd.DataFrame
    chosen: pd.DataFrame
    before: Coverage
    after: Coverage
    gaps: pd.DataFrame
    solution: Solution
    closed: int = 0
    own_goal: bool = False
    phases: pd.DataFrame | None = None
    curve: pd.DataFrame | None = None
    alternatives: pd.DataFrame | None = None
    rule_prices: pd.DataFrame | None = None
    sensitivity: pd.DataFrame | None = None
    second_views: pd.DataFrame | None = None
    hindsight: Hindsight | None = None
    use: ExpectedUse | None = None
    hanging: float | None = None
    fair_front: FairFront | None = None
    knowledge: Knowledge | None = None
    pilots: PilotSites | None = None
    grades: Grades | None = None


def count_facts(p: Parts, here: Scope) -> Iterator[Fact]:
    """Stations today, new, closed and in all, candidates, gap areas."""
    is_open = p.stations[p.stations["status"] == "open"]
    yield fact("stations_open", here.at(plan="today"), len(is_open), source="stations")
    yield fact("sites_new", here, len(p.chosen), source="chosen")
    yield fact("stations_closed", here, p.closed, source="siting")
    yield fact("stations_total", here, len(is_open) - p.closed + len(p.chosen), source="siting")
    yield fact("candidates", here, len(p.candidates), source="candidates")
    old, new = is_open["district"].value_counts(), p.chosen["district"].value_counts()
    for district in p.before.by_district["district"]:
        yield fact("stations_open", here.at(plan="today", district=str(district)), int(old.get(district, 0)),
                   source="stations")  # fmt: skip
        yield fact("sites_new", here.at(district=str(district)), int(new.get(district, 0)), source="chosen")
    yield fact("gap_areas", here, len(p.gaps), source="gaps")
    yield fact("gap_workers", here, float(p.gaps["workers"].sum()), source="gaps")


def certificate_facts(p: Parts, here: Scope) -> Iterator[Fact]:
    """How far from the best possible the plan can be, in workers; a goal of its own has its own words."""
    found, source = p.solution, "siting"
    yield fact("gap", here, found.gap, source=source)
    if p.own_goal:
        return
    noise = abs(float(found.objective) - p.after.covered) < 0.5  # one number, computed twice
    covered = round(p.after.covered if noise else float(found.objective))
    bound = fact("bound", here, max(float(found.bound), float(found.objective)), source=source)
    yield bound
    missing = max(float(found.bound) - float(found.objective), 0.0)
    yield fact("missing", here, missing, shown=bound.shown - covered, source=source)
    new = p.after.covered - p.before.covered
    yield fact("gap_of_new", here, missing / new if new > 0 else 0.0, source=source)
    yield fact("worth_sites", here, _worth(p.chosen, missing), source=source)


def _worth(chosen: pd.DataFrame, missing: float) -> int:
    """How many of the last-ranked sites bring as many workers together as are missing."""
    if missing <= 0:
        return 0
    gains = chosen.sort_values("rank", kind="stable")["workers_gained"].to_numpy(dtype=float)
    from_the_end = np.cumsum(gains[::-1])
    worth = int(np.searchsorted(from_the_end, missing - 1e-6 * max(missing, 1.0))) + 1
    return min(worth, len(gains))


def cost_facts(p: Parts, here: Scope, costs: pd.DataFrame) -> Iterator[Fact]:
    """What the sites bring, as printed in a list of them, and cost, with its band; per kind of host and per worker.

    ``costs``: one row per new site (``cost_yuan``, ``low``, ``high``), empty if not known.
    """
    known = len(costs) > 0 and not costs["cost_yuan"].isna().any()
    by_kind = p.chosen.reset_index(drop=True).groupby("host_kind", sort=True).indices
    gained = p.chosen["workers_gained"].to_numpy(dtype=float)
    whole = _brought(p, float(gained.sum()))
    sums = {str(kind): float(gained[at].sum()) for kind, at in by_kind.items()}
    scale = (
        whole / gained.sum() if gained.sum() > 0 else 1.0
    )  # printed figures subtract: they may be off the sum by one
    shown = dict(zip(sums, parts([scale * v for v in sums.values()], whole), strict=True))
    yield from _prices(here, float(gained.sum()), whole, costs if known else None)
    for kind, at in by_kind.items():
        scope = here.at(case=f"host {kind}")
        yield fact("sites_new", scope, len(at), source="chosen")
        yield from _prices(scope, sums[str(kind)], shown[str(kind)], costs.iloc[at] if known else None)


def _brought(p: Parts, gained: float) -> float:
    """What all sites bring, as printed: what the plan adds, but where stations close or workers count otherwise."""
    more = p.after.covered - p.before.covered
    same = not p.closed and abs(gained - more) < 0.5
    return float(round(p.after.covered) - round(p.before.covered) if same else round(gained))


def _prices(here: Scope, gained: float, shown: float, costs: pd.DataFrame | None) -> Iterator[Fact]:
    """What some sites bring and cost, and what a worker newly covered then costs, where they are printed as bringing any."""
    yield fact("sites_gain", here.at(plan="gain"), gained, shown=shown, source="chosen")
    if costs is None:
        return
    cost = fact(
        "cost_yuan", here, float(costs["cost_yuan"].sum()),
        band=(float(costs["low"].sum()), float(costs["high"].sum())), source="candidates",
    )  # fmt: skip
    yield cost
    if shown > 0:
        yield fact("yuan_per_worker", here, cost.value / gained, source="candidates")


def regret_facts(p: Parts, here: Scope) -> Iterator[Fact]:
    """What the plan lacks of those that would have been chosen had the demand been known; none without draws to compare."""
    found = p.hindsight
    if found is None or not len(found.draws) or found.draws["best"].isna().any():
        return
    best, before = found.draws["best"], found.draws["before"]
    regret, most, source = found.regret, found.regret_most, "confidence"
    yield fact("regret", here, float(regret.mean()), band=Draws.of(regret), source=source)
    new = float((best - before).mean())
    yield fact("regret_of_new", here, float(regret.mean()) / new if new > 0 else 0.0, source=source)
    workers = found.draws["workers"].to_numpy(dtype=float)
    share = regret / np.where(workers > 0, workers, np.inf)
    yield fact("regret_share", here, float(share.mean()), band=Draws.of(share), source=source)
    yield fact("regret_most", here, float(most.mean()), source=source)


def steadiness_facts(p: Parts, here: Scope, always: int | None) -> Iterator[Fact]:
    """How many sites are steady, and how many stay under every assumption (None: not asked)."""
    known = p.chosen["confidence"] if "confidence" in p.chosen else pd.Series(dtype=float)
    if known.notna().any():
        yield fact("steadiness", here, float(known.mean()), source="confidence")
        yield fact("sites_steady", here, int((known >= STEADY).sum()), source="confidence")
    if always is not None:
        yield fact("sites_always", here, always, source="sensitivity")


def phase_facts(p: Parts, here: Scope) -> Iterator[Fact]:
    """Phases in rank order: sites, what each adds as printed, the share once it stands, its regret."""
    chosen = p.chosen.sort_values("rank", kind="stable")
    batch = chosen["batch"].fillna("").astype(str) if "batch" in chosen else pd.Series("", index=chosen.index)
    if (batch == "").all():
        return
    sums = chosen.groupby(batch, sort=False)["workers_gained"].agg(["size", "sum"])
    regret = pd.Series(dtype=float)
    if p.phases is not None and len(p.phases):
        regret = p.phases.drop_duplicates("name").set_index("name")["regret"]
    before, covered = round(p.before.covered), p.before.covered + sums["sum"].cumsum()
    for n, (name, now) in enumerate(covered.items()):
        scope = here.at(batch=str(name) or "–")
        last = n == len(covered) - 1  # it ends at the plan, whatever the sum of its gains rounds to
        shown = round(p.after.covered) if last and abs(now - p.after.covered) < 0.5 else round(now)
        yield fact("phase_sites", scope, int(sums["size"].iloc[n]), source="chosen")
        for district, count in chosen.loc[batch == name, "district"].value_counts(sort=False).items():
            yield fact("sites_new", scope.at(district=str(district)), int(count), source="chosen")
        yield fact("phase_covered", scope, float(sums["sum"].iloc[n]), shown=shown - before, source="chosen")
        before = shown
        yield fact(
            "phase_share", scope, now / p.before.workers if p.before.workers > 0 else 0.0, source="chosen"
        )
        if name in regret.index:
            yield fact("phase_regret", scope, float(regret[name]), source="phases")


def question_facts(p: Parts, here: Scope) -> Iterator[Fact]:
    """The curve, other plans, what rules cost, other assumptions, second ways of travelling."""
    whole, covered = p.before.workers if p.before.workers > 0 else 1.0, round(p.after.covered)
    for r in _rows(p.curve):
        scope = here.at(plan="curve", sites=int(r.n))
        yield fact("curve_share", scope, float(r.share), source="curve")
        yield fact("curve_bound", scope, float(r.bound) / whole, source="curve")
    for r in _rows(p.alternatives):
        yield from _another(here.at(plan=f"alternative {int(r.plan)}"), float(r.covered), whole, covered)
    for r in _rows(p.rule_prices):
        yield from _another(here.at(plan=f"rule {r.rule}"), float(r.covered), whole, covered)
    for r in _rows(p.sensitivity):
        for plan, value in (("today", r.share_before), ("proposal", r.share_plan), ("best", r.share_best)):
            yield fact("share", here.at(plan=plan, case=str(r.case)), float(value), source="sensitivity")
    if p.hanging is not None:
        yield fact("hanging", here.at(plan="today"), p.hanging, source="hanging")
    for r in _rows(p.second_views):
        for plan, value in (("today", r.before), ("proposal", r.after)):
            scope = here.at(plan=plan, groups=own("groups", str(r.group)), mode=str(r.mode))
            yield fact("second_share", scope, float(value), source="second_views")


def _rows(table: pd.DataFrame | None) -> Any:
    return () if table is None else table.itertuples()


def _another(scope: Scope, covered: float, whole: float, plan: float) -> Iterator[Fact]:
    """What another plan covers, and the proposal more than it, as printed."""
    yield fact("covered", scope, covered, source="questions")
    yield fact("share", scope, covered / whole, source="questions")
    yield fact("fewer", scope, plan - covered, shown=plan - round(covered), source="questions")


def homes_facts(run: dict[str, Any], here: Scope) -> Iterator[Fact]:
    """Driver homes, from their content of ``run.json``."""
    scope = here.at(network="driver_homes", groups="truck")
    low, high = run.get("served_if_drivers_low"), run.get("served_if_drivers_high")
    known = None if low is None or high is None else (float(low), float(high))
    yield fact("homes_new", scope, run["chosen"], source="homes")
    yield fact("homes_existing", scope.at(plan="today"), run["existing"], source="homes")
    yield fact("drivers_served", scope, run["drivers"], band=known, source="homes")
    yield fact("drivers_bound", scope, run["bound"], source="homes")
    if "homes_limited_by_bays" in run:
        yield fact("homes_full", scope, run["homes_limited_by_bays"], source="homes")
        yield fact("homes_tied", scope, run["tied_plans"], source="homes")
    yield fact("homes_gap", scope, run["gap"], source="homes")
    yield fact("homes_cost_yuan", scope, run["cost_yuan"], source="homes")
