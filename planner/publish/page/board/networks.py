"""The union's networks as states of the page: who has a place of one of them in reach, as the study counts it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.facts.networks import UNION
from planner.publish.page.values import place_of, texts_of
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.networks.circle import Serving
    from planner.publish.page.board.towns import Towns
    from planner.publish.page.cells import GridCells
    from planner.publish.page.pack import Island
    from planner.telling.bundle import Bundle

__all__ = ["networks_part"]

#: Steps in which a cell's covered share is told: it colours the map; sums are told apart.
PER = 10
#: The network that the page's own state counts.
STATIONS = "stations"


def networks_part(
    bundle: Bundle, island: Island, districts: Sequence[str], grid: GridCells, towns: Towns | None = None
) -> list[dict[str, Any]]:
    """Every network, and the circle of all that count: workers, covered in all, by district (and town) and per cell, today and with the plan.

    Empty where the study's run does not ask for networks. A state of a network is that of the whole day and all headline groups.
    """
    union, language = bundle.networks, bundle.settings.study.language
    if union is None or bundle.board is None:
        return []
    points = bundle.board.points
    cell = np.full(points.n_cells, -1, np.int64)
    cell[grid.held] = np.searchsorted(grid.keys, grid.key)
    cell = cell[points.cell]
    groups = [g.name for g in bundle.settings.headline_groups]
    whole = np.bincount(cell[cell >= 0], points.of_groups(groups).sum(axis=1)[cell >= 0], len(grid.keys))
    others = [n for n in union.networks if n.name != STATIONS]
    named: list[tuple[str, str, tuple[str, ...]]] = [(n.name, n.title(language), (n.name,)) for n in others]
    named.append((UNION, phrase("page_network_all", language), union.today.counted))
    sides = (("today", union.today), ("proposal", union.after))
    return [
        {
            "name": key,
            "label": title,
            **{plan: _served(serving, names, districts, towns) for plan, serving in sides},
            **_cells([serving for _, serving in sides], names, cell, whole, island),
            "with": [n.name for n in others if n.name in names] if key == UNION else [],
            "places": _places(
                union.after, (STATIONS,) if key == UNION else names, bundle, island, districts, towns
            ),
        }
        for key, title, names in named
    ]


def _served(
    serving: Serving, names: Sequence[str], districts: Sequence[str], towns: Towns | None
) -> dict[str, Any]:
    """Headline workers with an open place of one of the networks in reach."""
    circle = serving.circle(names)
    by = circle.by_district.set_index("district")
    known = [
        (float(by.loc[d, "workers"]), float(by.loc[d, "covered"])) if d in by.index else (0.0, 0.0)
        for d in districts
    ]
    return {
        "workers": circle.workers,
        "covered": circle.covered,
        "places": int(circle.table["places"].sum()),
        "by_district": [[round(w, 3), round(c, 3)] for w, c in known],
        **({} if towns is None else {"by_town": _by_town(serving, names, towns)}),
    }


def _by_town(serving: Serving, names: Sequence[str], towns: Towns) -> list[float]:
    """Covered workers of each town."""
    hit = _met(serving, names)
    at = towns.point[serving.point[hit]]
    sums = np.bincount(at[at >= 0], serving.weights[hit][at >= 0], len(towns.table))
    return [round(float(v), 3) for v in sums]


def _met(serving: Serving, names: Sequence[str]) -> Any:
    """Columns with an open place of the networks in reach."""
    rows = [serving.names.index(n) for n in names]
    met = np.bincount(serving.served[rows].indices, minlength=serving.served.shape[1]) > 0
    return np.asarray(met)


def _cells(
    sides: Sequence[Serving], names: Sequence[str], cell: Any, whole: Any, island: Island
) -> dict[str, Any]:
    """Cells with a place of the networks in reach: the share of their workers today, and how much more with the plan."""
    steps = []
    for serving in sides:
        hit = _met(serving, names)
        at = cell[serving.point[hit]]
        covered = np.bincount(at[at >= 0], serving.weights[hit][at >= 0], len(whole))
        share = np.divide(covered, whole, out=np.zeros(len(whole)), where=whole > 0)
        steps.append(np.rint(PER * share).astype(np.int64))
    now, then = steps
    some = np.flatnonzero(now + then)
    return {
        "cells": island.integers(some, delta=True),
        "now": island.integers(now[some]),
        "more": island.integers((then - now)[some]),
        "per": PER,
    }


def _places(
    after: Serving,
    names: Sequence[str],
    bundle: Bundle,
    island: Island,
    districts: Sequence[str],
    towns: Towns | None,
) -> dict[str, Any]:
    """The networks' places, the new ones first (of the union's circle the stations' alone: the others are told with their network): where, what, and whom they reach while they are open."""
    table = after.places[after.places["network"].isin(list(names))]
    table = table.sort_values(["new", "workers"], ascending=False, kind="stable").reset_index(drop=True)
    inside = table[["geometry"]].sjoin(bundle.districts[["district", "geometry"]], how="left")
    inside = inside[~inside.index.duplicated()]
    wgs = table.geometry.to_crs(4326)
    return {
        "at": island.points(wgs.x, wgs.y),
        "name": texts_of(table, "name"),
        "new": island.integers(table["new"].to_numpy(int)),
        "workers": island.integers(np.rint(table["workers"].to_numpy(float))),
        "district": island.integers(place_of(inside, districts)),
        **({} if towns is None else {"town": island.integers(towns.at(table.geometry))}),
    }
