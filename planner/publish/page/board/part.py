"""The board's part of the island: everything the page needs to count, change and certify a plan."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from planner.publish.page.board.columns import Columns, columns_of, cutoffs_of
from planner.publish.page.board.encode import differences, predicted, whole_numbers
from planner.publish.page.board.networks import networks_part
from planner.publish.page.board.plans import actions_plan, last_plan
from planner.publish.page.board.towns import Towns, towns_part
from planner.publish.page.cells import GridCells, grid_cells
from planner.publish.page.values import numbers_of, place_of, texts_of, with_shape
from planner.siting.reach import ways_of
from planner.telling.words.names import host_label, period_labels

if TYPE_CHECKING:
    from planner.publish.page.pack import Island
    from planner.settings.whole import Settings
    from planner.siting.coverage import Access
    from planner.solvers.rules import Rules
    from planner.telling.board import Board
    from planner.telling.bundle import Bundle

__all__ = ["board_part"]

Array = NDArray[Any]
#: Units of a degree in which candidates stand: 0.1 m, so that they are found again.
_FINE = 1_000_000
#: Steps of a packed price.
PRICE_STEPS = 20
#: Periods that a set of open periods is told for.
_MOST_PERIODS = 30


def board_part(
    bundle: Bundle,
    island: Island,
    districts: Sequence[str],
    towns: Towns | None = None,
    *,
    drawn: bool = True,
) -> dict[str, Any] | None:
    """Everything the page needs to count any plan; None for a bundle without, or where nobody stands anywhere.

    ``towns``: those it counts apart; ``drawn``: whether their outlines may be told.
    """
    board, s = bundle.board, bundle.settings
    grid = grid_cells(bundle.demand, s.demand.cell_m)
    if board is None or grid is None or len(s.periods) > _MOST_PERIODS:
        return None
    readings = s.circle.readings_m
    made = [
        columns_of(
            board,
            k,
            grid,
            cell_m=s.demand.cell_m,
            readings_m=readings,
            apart=None if towns is None else towns.point,
        )
        for k in range(len(board.new.access))
    ]
    rank = _ranks(made[0], len(board.existing.open_share) + len(board.new.open_share))
    made = [_renumbered(c, rank) for c in made]
    code = {name: i for i, name in enumerate(districts)}
    of_code = [code.get(str(d), -1) for d in board.points.table["district"].cat.categories]
    return {
        **_state_part(bundle, board),
        "districts": list(districts),
        "price_steps": PRICE_STEPS,
        "key": _key(bundle),
        "workers": _totals(board, of_code, len(districts), bundle.settings),
        "ways": [
            _way(board, c, k, of_code, island, readings, grid, towns, s.circle.speeds_kmh.get(way.mode, 0.0))
            for k, (c, way) in enumerate(zip(made, ways_of(s.headline_groups, s.circle), strict=True))
        ],
        "order": island.integers(np.argsort(rank)),
        "open": _opening(board, s.circle.open_share, island),
        "stations": _open_stations(bundle, island),
        "candidates": _candidates(bundle, island, districts),
        "chosen": island.integers(board.chosen),
        "closed": island.integers(board.closed),
        "actions": actions_plan(bundle),
        "last": last_plan(bundle),
        "rules": _rules(board.rules, island),
        "networks": networks_part(bundle, island, districts, grid, towns),
        **(
            {}
            if towns is None
            else {"towns": towns_part(towns, bundle, board, island, districts, drawn=drawn)}
        ),
    }


def _key(bundle: Bundle) -> str:
    """A name for what a changed plan belongs to: other candidates or another plan are another key."""
    ids = [*texts_of(bundle.candidates, "site_id"), "", *texts_of(bundle.chosen, "site_id")]
    return hashlib.sha256("\n".join(ids).encode("utf-8", "replace")).hexdigest()[:16]


def _state_part(bundle: Bundle, board: Board) -> dict[str, Any]:
    """What a state can be made of: periods, groups and how they are spread, distances."""
    s, language = bundle.settings, bundle.settings.study.language
    names = [t.name for t in s.periods]
    groups = [g.name for g in s.headline_groups]
    hours = period_labels(s)
    return {
        "periods": [
            {"name": t.name, "label": hours[t.name], "from": t.start_h, "to": t.end_h} for t in s.periods
        ],
        "night": [t.name for t in s.periods if t.start_h >= 20 or t.end_h <= 6],
        "groups": [{"name": g.name, "label": g.label(language)} for g in s.headline_groups],
        "shares": board.points.shares(groups, names).tolist(),
        "own_m": bundle.facts.headline.cutoff_m,
        "cutoffs_m": sorted({bundle.facts.headline.cutoff_m, *map(float, s.circle.readings_m)}),
        "need_open": s.circle.open_share,
        "default_hours": s.siting.default_hours,
        "place_yuan": s.siting.cost_of("street")[0],
    }


def _totals(board: Board, of_code: Sequence[int], n_districts: int, settings: Settings) -> list[list[float]]:
    """Workers per district of the page and group."""
    table = board.points.table
    code = np.asarray(of_code, np.int64)[table["district"].cat.codes.to_numpy(np.int64)]
    inside = code >= 0
    sums = [
        np.bincount(code[inside], table[g.name].to_numpy(float)[inside], n_districts)
        for g in settings.headline_groups
    ]
    return [[round(float(v), 6) for v in row] for row in np.column_stack(sums)]


def _ranks(columns: Columns, n_sites: int) -> Array:
    """A number per site along the curve, so that sites near each other have numbers near each other."""
    of = np.repeat(np.arange(len(columns.cell)), np.diff(columns.ptr))
    reached = np.bincount(columns.site, minlength=n_sites)
    middle = np.bincount(columns.site, of, n_sites) / np.maximum(reached, 1)
    rank = np.empty(n_sites, np.int64)
    rank[np.argsort(middle, kind="stable")] = np.arange(n_sites)
    return rank


def _renumbered(columns: Columns, rank: Array) -> Columns:
    """The same under other numbers of sites, ascending in each column."""
    site = rank[columns.site]
    of = np.repeat(np.arange(len(columns.cell)), np.diff(columns.ptr))
    order = np.lexsort((site, of))
    return replace(columns, site=site[order], level=columns.level[order])


def _way(
    board: Board, columns: Columns, way: int, of_code: Sequence[int], island: Island, readings_m: Any,
    grid: GridCells, towns: Towns | None, speed_kmh: float,
) -> dict[str, Any]:  # fmt: skip
    """Reach and workers of one way of travelling."""
    part = board.new.access[way]
    cutoffs = cutoffs_of(part, readings_m)
    back, count, changes = differences(columns.ptr, columns.site, columns.level, len(cutoffs))
    per = _units(columns)
    numbers = whole_numbers(columns.workers, per)
    base = int(numbers.sum(axis=0).argmax()) if numbers.size else 0
    code = np.asarray(of_code, np.int64)[columns.district]
    first = np.flatnonzero(np.diff(columns.cell, prepend=-1))
    return {
        "groups": list(columns.groups),
        "levels": len(cutoffs),
        "own": cutoffs.index(part.cutoff_s) + 1,
        "metres": _metres(cutoffs, part, speed_kmh),
        "level_of": {f"{float(r):g}": cutoffs.index(part.cutoff_for(r)) + 1 for r in readings_m},
        "columns": len(columns.cell),
        "entries": len(columns.site),
        "columns_in_cell": island.integers(np.diff(np.append(first, len(columns.cell)))),
        "cells": _cells(columns.cell[first], grid, island),
        "district": island.integers(code, delta=True),
        "back": island.integers(back),
        "count": island.integers(count),
        "changes": island.integers(changes),
        "per": per,
        "base": base,
        "workers": [island.integers(v) for v in predicted(numbers, base).T],
        "prices": _prices(board, columns, way, island),
        **({} if towns is None else {"town": island.integers(towns.point[columns.point], delta=True)}),
    }


def _metres(cutoffs: Sequence[float], part: Access, speed_kmh: float) -> list[float]:
    """How far each cutoff is in a straight line; 0 where nothing says how fast one travels."""
    speed = speed_kmh / 3.6 if part.metres_per_s is None else part.metres_per_s
    return [round(c * speed, 1) for c in cutoffs]


def _cells(cell: Array, grid: GridCells, island: Island) -> list[int]:
    """Which of the cells along the curve have columns: how many are passed over before each."""
    from planner.publish.page.board.columns import hilbert

    bits = max(1, int(max(grid.columns, grid.rows) - 1).bit_length())
    along = np.argsort(hilbert(grid.keys % grid.columns, grid.keys // grid.columns, bits), kind="stable")
    rank = np.empty(len(along), np.int64)
    rank[along] = np.arange(len(along))
    return island.integers(np.diff(rank[cell], prepend=-1) - 1)


def _units(columns: Columns) -> int:
    """Parts of a worker that are counted: sums of any columns are good to a fraction of a worker."""
    n = max(1, columns.workers.size)
    return int(10 ** max(3, np.rint(np.log10(np.sqrt(n)))))


def _prices(board: Board, columns: Columns, way: int, island: Island) -> list[list[int]]:
    """The bound's prices per period, in steps of the weight."""
    if board.prices is None:
        return []
    return [
        island.integers(np.rint(PRICE_STEPS * row[columns.point].astype(float))) for row in board.prices[way]
    ]


def _opening(board: Board, need_open: float, island: Island) -> dict[str, Any]:
    """In which periods each site is open for long enough: bits, the first period the lowest."""
    is_open = np.vstack([board.existing.open_share, board.new.open_share]) >= need_open
    bits = is_open @ (1 << np.arange(is_open.shape[1]))
    kinds, of = np.unique(bits, return_inverse=True)
    return {"kinds": [int(k) for k in kinds], "of": island.integers(of)}


def _open_stations(bundle: Bundle, island: Island) -> dict[str, Any]:
    """The open stations: their ids, and where each stands in the page's list of stations (-1: it has no place)."""
    table = bundle.stations
    drawn = {key: i for i, key in enumerate(with_shape(table).index)}
    there = table[table["status"] == "open"]
    return {
        "id": texts_of(there, "station_id"),
        "at": island.integers([drawn.get(k, -1) for k in there.index]),
    }


def _candidates(bundle: Bundle, island: Island, districts: Sequence[str]) -> dict[str, Any]:
    """The candidates: where, what and in whose hours."""
    table, language = bundle.candidates, bundle.settings.study.language
    wgs = table.geometry.to_crs(4326)
    xy = np.rint(np.column_stack([wgs.x, wgs.y]) * _FINE).astype(np.int64)
    hosts, hours = _listed(texts_of(table, "host_kind")), _listed(texts_of(table, "open_hours"))
    return {
        "at": island.integers(np.diff(xy, axis=0, prepend=0).ravel()),
        "id": texts_of(table, "site_id"),
        "name": texts_of(table, "name"),
        "hosts": [host_label(kind, language) for kind in hosts[0]],
        "host": island.integers(hosts[1]),
        "hours": hours[0],
        "hours_of": island.integers(hours[1]),
        "district": island.integers(place_of(table, districts)),
        "cost": island.integers([int(v or 0) for v in numbers_of(table, "cost_yuan")]),
    }


def _listed(values: list[str]) -> tuple[list[str], list[int]]:
    """The different texts, and which of them each value is."""
    known = list(dict.fromkeys(values))
    at = {v: i for i, v in enumerate(known)}
    return known, [at[v] for v in values]


def _rules(rules: Rules, island: Island) -> dict[str, Any]:
    """The study's rules on new sites."""
    pairs = rules.conflicts.tocoo()
    once = pairs.row < pairs.col
    return {
        "p": rules.p,
        "budget": rules.budget,
        "required": [int(v) for v in rules.required],
        "forbidden": [int(v) for v in rules.forbidden],
        "partitions": [
            {
                "name": q.name,
                "labels": [str(v) for v in q.labels],
                "of": island.integers(q.of),
                "least": [int(v) for v in q.least],
                "most": [int(min(v, rules.n_sites)) for v in q.most],
            }
            for q in rules.partitions
        ],
        "conflicts": island.integers(np.column_stack([pairs.row[once], pairs.col[once]]).ravel()),
    }
