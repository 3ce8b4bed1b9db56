"""The stages of the plan with five verbs, each a function of what it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner.actions.judge import judge_actions
from planner.actions.options import write_options
from planner.actions.partners import Posts
from planner.actions.places import CANDIDATE, EXISTING, PARTNER, ActionPlaces, gather_places
from planner.actions.plan import ActionPlan, actions_table, open_stations, verbs_table
from planner.actions.pose import ActionProblem, Earlier, pose_actions
from planner.actions.sequence import changes_of, in_order, substitutes
from planner.actions.solve import ActionLook, Solved, solve_actions
from planner.actions.years import spread
from planner.demand.streets.standing import DemandPoints
from planner.errors import Finding, InfeasibleError, InputError, finding, refuse_if_errors
from planner.progress import Progress
from planner.roads.network import Network
from planner.settings.actions import Actions
from planner.settings.circle import Circle
from planner.settings.groups import Period
from planner.settings.siting import Siting
from planner.siting.classes import ReachClasses
from planner.siting.coverage import Coverage
from planner.siting.reach import SiteReach, Way, joined, measure, site_reach, street_metres
from planner.tables import HOST_KINDS

__all__ = ["judge", "make_action_plan", "places_of_actions", "pose_action_problem", "solve_action_problem"]

Array = NDArray[Any]


def places_of_actions(
    stations: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame, classes: ReachClasses, *, default_hours: str,
    partners: Posts | None = None,
) -> ActionPlaces:  # fmt: skip
    """Open stations, candidates, partners' posts, with who reaches them."""
    posts = None if partners is None else partners.posts
    return gather_places(stations, candidates, classes, default_hours=default_hours, partners=posts)


def judge(
    actions: Actions, siting: Siting, stations: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, *,
    partners: Posts | None = None,
) -> tuple[Finding, ...]:  # fmt: skip
    """What the settings name that is not there, or ask for that cannot be meant (ACT-…). ``stations``: the open ones."""
    posts = [] if partners is None else partners.posts["station_id"].astype("str").tolist()
    places = {
        **dict.fromkeys(posts, PARTNER),
        **dict.fromkeys(candidates["site_id"].astype("str"), CANDIDATE),
        **dict.fromkeys(stations["station_id"].astype("str"), EXISTING),
    }
    return judge_actions(actions, siting.goal, places, districts, candidates, siting.refused)


def pose_action_problem(
    actions: Actions, siting: Siting, periods: tuple[Period, ...], places: ActionPlaces, districts: gpd.GeoDataFrame, *,
    need_open: float, judged: tuple[Finding, ...], earlier: Earlier = (), change_workers: float = 0.0,
) -> ActionProblem:  # fmt: skip
    """The options written and posed.

    ``siting``: costs of building, goal, hosts that refuse; ``judged``: the settings, in which no error was found; ``earlier``: what last year's plan had.
    """
    refuse_if_errors(judged)
    bands = {kind: siting.cost_of(kind) for kind in HOST_KINDS}
    options = write_options(actions, places, periods, need_open=need_open, cost_bands=bands)
    names = [str(d) for d in districts["district"]]
    return pose_actions(
        actions, siting.goal, periods, places, options, names, refused=siting.refused, earlier=earlier,
        change_workers=change_workers,
    )  # fmt: skip


def solve_action_problem(
    problem: ActionProblem,
    actions: Actions,
    *,
    time_limit_s: float,
    seed: int,
    progress: Progress | None = None,
) -> Solved:
    """The best actions within the limits, and the plan that only builds.

    Raises
    ------
    InputError
        No plan keeps the limits (ACT-015).
    """
    look = ActionLook(actions.work_limit, actions.gap, time_limit_s, seed)
    try:
        return solve_actions(problem, actions, look, progress=progress)
    except InfeasibleError as error:
        raise InputError(
            [finding("ACT-015", source="study.toml", field="actions", why=str(error))]
        ) from error


def make_action_plan(
    problem: ActionProblem, solved: Solved, actions: Actions, before: Coverage, *, existing: SiteReach, new: SiteReach,
    partners: SiteReach | None, stations: gpd.GeoDataFrame, ways: Sequence[Way], demand: gpd.GeoDataFrame,
    points: DemandPoints, districts: gpd.GeoDataFrame, periods: tuple[Period, ...], circle: Circle, network: Network,
    default_hours: str, off_h: tuple[float, float] | None, language: str, snap_limit_m: float,
) -> ActionPlan:  # fmt: skip
    """The plan as a table with reasons; coverage measured afresh on every demand point under the hours that places then have.

    ``existing``, ``new``, ``partners``: who reaches what, a column per demand point.
    """
    chosen = solved.solution.chosen
    changes = changes_of(problem, chosen)
    order, *done = in_order(problem, changes)
    where = problem.places.table.geometry
    to = where.iloc[[c.to for c in changes]]
    near = (
        street_metres(network, to, where, within_m=circle.walk_m, walk_kmh=circle.walk_kmh, snap_limit_m=snap_limit_m)
        if len(changes) else sparse.csr_array((0, len(where)))
    )  # fmt: skip
    instead = substitutes(problem, chosen, changes, done[2], near)
    table = problem.options.table
    spent = [
        np.array([sum(table[k].iloc[o] for o in c.into) for c in changes], float) for k in ("cost_yuan", "yearly_yuan")
    ]  # fmt: skip
    years = spread(order, spent[0], spent[1], actions.years)
    titles = (
        {g.name: g.title("zh") for g in actions.grades},
        {g.name: g.title("en") for g in actions.grades},
    )
    listed = actions_table(
        problem,
        changes,
        order,
        (done[0], done[1], done[2]),
        instead,
        language=language,
        titles=titles,
        years=years,
    )
    reach = _reach_after(problem, chosen, joined(joined(existing, new), partners) if partners else joined(existing, new),
                         stations, ways, periods=periods, circle=circle, default_hours=default_hours, off_h=off_h)  # fmt: skip
    after = measure(demand, reach, districts, points=points, periods=periods, circle=circle)
    return ActionPlan(
        listed, solved.solution, before, after, verbs_table(listed), solved.build_only, solved.lost,
        open_stations(problem.places, problem, chosen),
    )  # fmt: skip


def _reach_after(
    problem: ActionProblem, chosen: Array, every: SiteReach, stations: gpd.GeoDataFrame, ways: Sequence[Way], *,
    periods: tuple[Period, ...], circle: Circle, default_hours: str, off_h: tuple[float, float] | None,
) -> SiteReach:  # fmt: skip
    """Who reaches the places that are open when the plan stands, under the hours that they then have."""
    options = problem.options.table
    taken = np.sort(chosen)
    taken = taken[(options["open_hours"].to_numpy(object)[taken] != "closed")]
    place = problem.place[taken]
    hours = options["open_hours"].to_numpy(object)[taken]
    source = problem.places.table["source"].to_numpy(object)[place]
    same = (options["verb"].to_numpy(object)[taken] == "keep") & (source == EXISTING)
    listed = pd.DataFrame({"open_hours": hours.astype(str)})
    for column in ("week_hours", "hours_kept"):  # what is known of a station that stays as it is
        if column in stations:
            own = stations[column].reset_index(drop=True)
            known = own.reindex(np.where(source == EXISTING, place, -1)).reset_index(drop=True)
            listed[column] = known.where(same | (column == "hours_kept"))
    if "week_hours" in listed:
        listed["week_hours"] = listed["week_hours"].fillna("").astype("str")
    seconds = [a.seconds[place] for a in every.access]
    return site_reach(
        ways, seconds, listed, default_hours=default_hours, periods=periods, circle=circle, off_h=off_h
    )
