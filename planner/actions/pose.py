"""The plan with five verbs as arrays: options, what each covers, what it uses, and the limits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner.actions.options import KEEP, Options
from planner.actions.places import CANDIDATE, EXISTING, PARTNER, ActionPlaces
from planner.settings.actions import VERBS, Actions, WantedAction
from planner.settings.groups import Period
from planner.settings.siting import Goal
from planner.siting.coverage import Access, cover_weights, worker_cube
from planner.solvers.variants import conflicts_within

__all__ = ["ActionProblem", "Earlier", "option_covers", "pose_actions"]

Array = NDArray[Any]
#: (place, verbs) of actions of last year's plan.
Earlier = Sequence[tuple[int, tuple[str, ...]]]
#: What a worker counts more who has an upgraded station in reach, where upgrades must be made that are worth nothing: who goes first.
TIE = 1e-4


@dataclass(frozen=True, eq=False)
class ActionProblem:
    """Maximal covering with options.

    Attributes
    ----------
    places, options
        The places and what can be done to each.
    covers
        csr bool-like (n_options × n_columns); columns run over ways of travelling × periods × classes of demand points, and behind
        them once more for each grade that counts more.
    weights
        Worth of a column; the first ``n_workers`` columns are workers.
    district, period
        District (code of ``districts``) and period (position) of each column.
    use
        Resource → what each option uses of it.
    least, most
        Limits of resources.
    wished
        ActionPlaces of which an option must be taken (with the existing stations and the partners' posts).
    closing
        Of these the stations that have to close, not to move.
    forbidden
        Options that may not be taken, of wished places all but what is wished.
    today
        bool per column: covered by the stations as they are.
    apart, stands
        Pairs of places (rows) too near each other for both to be open, and per option whether a station of ours stands there under it.
    n_earlier
        How many columns at the end are no workers but actions of last year's plan, each covered by the options that come to it.
    """

    places: ActionPlaces
    options: Options
    covers: sparse.csr_array
    weights: Array
    n_workers: int
    district: Array
    period: Array
    districts: tuple[str, ...]
    use: dict[str, Array]
    least: dict[str, float]
    most: dict[str, float]
    wished: Array
    closing: Array
    forbidden: Array
    today: Array
    apart: Array
    stands: Array
    n_earlier: int = 0

    @property
    def place(self) -> Array:
        """Place of each option."""
        return self.options.table["place"].to_numpy()

    @property
    def must(self) -> Array:
        """ActionPlaces of which exactly one option is taken."""
        return np.unique(np.concatenate([self.places.rows(EXISTING), self.places.rows(PARTNER), self.wished]))

    @property
    def keep(self) -> Array:
        """The options that leave places as they are."""
        return np.flatnonzero((self.options.table["verb"] == KEEP).to_numpy())

    def only(self, verbs: Sequence[str]) -> ActionProblem:
        """The same with other verbs than these forbidden."""
        allowed = {KEEP, *verbs, *(("close",) if "move" in verbs else ())}
        shut = np.flatnonzero(~self.options.table["verb"].isin(allowed).to_numpy())
        return replace(self, forbidden=np.union1d(self.forbidden, shut))

    def unpriced(self) -> ActionProblem:
        """The same whatever last year's plan had."""
        n = len(self.weights) - self.n_earlier
        return replace(
            self, covers=sparse.csr_array(self.covers[:, :n]), weights=self.weights[:n], district=self.district[:n], period=self.period[:n],
            today=self.today[:n], n_earlier=0,
        )  # fmt: skip

    def within(self, budget_yuan: float | None, yearly_yuan: float | None) -> ActionProblem:
        """The same under other money."""
        most = {k: v for k, v in self.most.items() if k not in ("one_off", "yearly")}
        given = (("one_off", budget_yuan), ("yearly", yearly_yuan))
        return replace(self, most=most | {k: v for k, v in given if v is not None})

    def workers(self, chosen: Array) -> float:
        """Workers covered by a choice of options, counted afresh."""
        got = np.asarray(self.covers[chosen].sum(axis=0)).ravel()[: self.n_workers] > 0
        return float(self.weights[: self.n_workers][got].sum())


def option_covers(access: Sequence[Access], place: Array, is_open: Array) -> sparse.csr_array:
    """What each option covers (way, period, class): csr int8 (n_options × n_columns)."""
    blocks = []
    for part in access:
        near = part.seconds
        keep = near.data <= part.cutoff_s
        ends = np.concatenate([[0], np.cumsum(keep)])[near.indptr]
        reach = sparse.csr_array(
            (np.ones(int(keep.sum()), np.int8), near.indices[keep], ends), shape=near.shape
        )
        for t in range(is_open.shape[1]):
            on = np.flatnonzero(is_open[:, t])
            pick = sparse.csr_array(
                (np.ones(len(on), np.int8), (on, place[on])), shape=(len(place), reach.shape[0])
            )
            blocks.append(sparse.csr_array(pick @ reach))
    return sparse.csr_array(sparse.hstack(blocks, format="csr"))


def _weights(goal: Goal, periods: Sequence[Period], places: ActionPlaces) -> Array:
    """Worth of each column: workers, times how much a worker of the group and in the period counts."""
    names = [t.name for t in periods]
    if not (goal.group_weights or goal.period_weights):
        return cover_weights(places.demand, places.reach.access, names)
    by_period = np.array([goal.period_weights.get(t, 1.0) for t in names])
    blocks = []
    for part in places.reach.access:
        each = np.array([goal.group_weights.get(g, 1.0) for g in part.groups])
        cube = worker_cube(places.demand, part.groups, names)
        blocks.append((np.tensordot(each, cube, axes=1) * by_period).T.ravel())
    return np.concatenate(blocks)


def pose_actions(
    actions: Actions,
    goal: Goal,
    periods: Sequence[Period],
    places: ActionPlaces,
    options: Options,
    districts: Sequence[str],
    *,
    refused: Collection[str] = (),
    earlier: Earlier = (),
    change_workers: float = 0.0,
) -> ActionProblem:
    """The problem as arrays; its settings were judged before (:mod:`planner.actions.judge`).

    ``refused``: candidates that cannot be had: nothing is built at them and nothing moves to them. ``earlier``: (place, verbs) of each action of last year's plan that could still be done, worth ``change_workers`` more.
    """
    table, place = options.table, options.table["place"].to_numpy()
    covers = option_covers(places.reach.access, place, options.is_open)
    weights = _weights(goal, periods, places)
    code = {d: k for k, d in enumerate(districts)}
    of_class = places.demand["district"].astype("str").map(code).fillna(-1).to_numpy(np.int64)
    n_classes, live = max(1, len(of_class)), weights > 0
    district = np.tile(of_class, len(weights) // n_classes)
    period = np.arange(len(weights)) // n_classes % max(1, len(periods))
    covers, weights = sparse.csr_array(covers[:, live]), weights[live]
    n_workers = len(weights)
    covers, weights, times = _with_grades(actions, options, covers, weights)
    use, least, most = _limits(actions, places, options, districts)
    keep = np.flatnonzero((table["verb"] == KEEP).to_numpy())
    wanted = _wished(actions.required, places, options)
    wished = np.unique(place[wanted])
    others = np.setdiff1d(np.flatnonzero(np.isin(place, wished)), wanted)
    own = (
        _earlier_columns(table, earlier)
        if change_workers > 0
        else sparse.csr_array((len(table), 0), dtype=np.int8)
    )
    n_earlier = own.shape[1]
    covers = sparse.csr_array(sparse.hstack([covers, own], format="csr")) if n_earlier else covers
    weights = np.append(weights, np.full(n_earlier, change_workers))
    nowhere = np.full(n_earlier, -1)
    return ActionProblem(
        places, options, covers, weights, n_workers, np.append(np.tile(district[live], times), nowhere),
        np.append(np.tile(period[live], times), nowhere), tuple(districts), use, least, most,
        wished=wished, closing=_places_to_close(actions, places), forbidden=np.unique(np.concatenate([others, _wished(actions.forbidden, places, options), _refused(refused, places, options)])),
        today=np.asarray(covers[keep].sum(axis=0)).ravel() > 0, apart=_too_near(actions.spacing_m, goal.spacing_m, places),
        stands=(table["verb"] != "close").to_numpy() & (places.table["source"].to_numpy(object)[place] != PARTNER), n_earlier=n_earlier,
    )  # fmt: skip


def _too_near(every_m: float, new_m: float, places: ActionPlaces) -> Array:
    """Pairs of places of which no more than one may have a station: nearer than ``every_m``, or two new ones nearer than ``new_m``.

    Two stations of today may stay, however near they are.
    """
    new, old = places.rows(CANDIDATE), places.rows(EXISTING)
    xy = np.column_stack([places.table.geometry.x, places.table.geometry.y])

    def pairs(rows: Array, metres: float) -> Array:
        found = conflicts_within(xy[rows, 0], xy[rows, 1], metres) if metres > 0 else np.zeros((0, 2), int)
        return rows[found] if len(found) else np.zeros((0, 2), np.int64)

    near = np.concatenate([pairs(np.concatenate([old, new]), every_m), pairs(new, new_m)])
    near = near[~np.isin(near, old).all(axis=1)]
    return np.unique(np.sort(near, axis=1), axis=0)


def _earlier_columns(table: pd.DataFrame, earlier: Earlier) -> sparse.csr_array:
    """A column per earlier action: the options that come to it."""
    place, verb = table["place"].to_numpy(), table["verb"].to_numpy(object)
    every = [np.flatnonzero((place == at) & np.isin(verb, verbs)) for at, verbs in earlier]
    rows = [r for r in every if len(r)]
    option = np.concatenate([*rows, np.zeros(0, np.int64)]).astype(np.int64)
    column = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
    return sparse.csr_array((np.ones(len(option), np.int8), (option, column)), shape=(len(table), len(rows)))


def _with_grades(
    actions: Actions, options: Options, covers: sparse.csr_array, weights: Array
) -> tuple[sparse.csr_array, Array, int]:
    """Columns once more for each grade at which a worker counts more; how many times they stand there."""
    forced = actions.least.get("upgrade", 0) > 0
    names = [g.name for g in actions.grades]
    level = options.table["grade_to"].map({g: k for k, g in enumerate(names)}).fillna(0).to_numpy(int)
    blocks, worth = [covers], [weights]
    for k, g in enumerate(actions.grades):
        bonus = g.bonus or (TIE if forced and k == 1 else 0.0)
        if bonus > 0 and k > 0:
            pick = sparse.dia_array(((level >= k).astype(np.int8)[None, :], [0]), shape=(len(level),) * 2)
            own = sparse.csr_array(pick @ covers)
            own.eliminate_zeros()
            blocks.append(own)
            worth.append(weights * bonus)
    joined = sparse.csr_array(sparse.hstack(blocks, format="csr"))
    return joined, np.concatenate(worth), len(blocks)


def _limits(
    actions: Actions, places: ActionPlaces, options: Options, districts: Sequence[str]
) -> tuple[dict[str, Array], dict[str, float], dict[str, float]]:
    """Resources: money once and a year, number per verb, stations open, new stations per district.

    A station moves by closing here and opening elsewhere in its district: there no more open so than close.
    """
    table = options.table
    verb = table["verb"].to_numpy(object)
    source = places.table["source"].to_numpy(object)[table["place"].to_numpy()]
    of = places.table["district"].to_numpy(object)[table["place"].to_numpy()]
    use: dict[str, Array] = {
        "one_off": table["cost_yuan"].to_numpy(float),
        "yearly": table["yearly_yuan"].to_numpy(float),
    }
    moved = (verb == "move").astype(float) - (verb == "close")
    least: dict[str, float] = {}
    most: dict[str, float] = {}
    most |= {k: v for k, v in (("one_off", actions.budget), ("yearly", actions.yearly)) if v is not None}
    for name in VERBS:
        if name in actions.least or name in actions.most:
            use[name] = (verb == name).astype(float) if name != "close" else -moved
            least |= {name: float(actions.least[name])} if actions.least.get(name, 0) else {}
            most |= {name: float(actions.most[name])} if name in actions.most else {}
    opened = np.isin(verb, ("build", "move"))
    if actions.open_least:
        stays = (source == EXISTING) & (verb != "close")
        use["open"] = (opened | stays).astype(float)
        least["open"] = float(actions.open_least)
    for d in sorted(set(actions.quota_min) | set(actions.quota_max)):
        use[f"new:{d}"] = (opened & (of == d)).astype(float)
        least |= {f"new:{d}": float(actions.quota_min[d])} if d in actions.quota_min else {}
        most |= {f"new:{d}": float(actions.quota_max[d])} if d in actions.quota_max else {}
    if (verb == "move").any():
        for d in districts:
            more = np.where(of == d, moved, 0.0)
            if more.any():
                use[f"moves:{d}"], most[f"moves:{d}"] = more, 0.0
    return use, least, most


def _wished(wishes: Sequence[WantedAction], places: ActionPlaces, options: Options) -> Array:
    """Options that wishes name. Of a station that is to move, its closing here."""
    table = options.table
    at = {p: n for n, p in enumerate(places.table["place_id"].astype("str"))}
    mask = np.zeros(len(table), dtype=bool)
    for w in wishes:
        own = (table["place"] == at.get(w.place, -1)) & table["verb"].isin(
            [w.verb] if w.verb != "move" else ["move", "close"]
        )
        own &= (table["hours"] == w.hours) if w.hours else True
        own &= (table["grade"] == w.grade) if w.grade else True
        mask |= own.to_numpy(dtype=bool)
    return np.flatnonzero(mask)


def _refused(refused: Collection[str], places: ActionPlaces, options: Options) -> Array:
    """Options at candidates that cannot be had."""
    gone = places.table["place_id"].astype("str").isin(list(refused)) & (places.table["source"] == CANDIDATE)
    return np.flatnonzero(gone.to_numpy(dtype=bool)[options.table["place"].to_numpy()])


def _places_to_close(actions: Actions, places: ActionPlaces) -> Array:
    """Rows of the stations whose closing is required."""
    wanted = {w.place for w in actions.required if w.verb == "close"}
    return np.flatnonzero(places.table["place_id"].astype("str").isin(wanted).to_numpy())
