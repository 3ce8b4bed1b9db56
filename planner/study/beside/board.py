"""The page in Jupyter, as a widget: what is changed on it arrives here, and what is set here is drawn on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anywidget
import geopandas as gpd
import numpy as np
import pandas as pd
import traitlets

from planner.errors import PlannerError, finding
from planner.publish.page.scripts import assets
from planner.publish.page.write import Shown, show
from planner.study.evaluate import Evaluation, evaluate_sites, on_candidates
from planner.study.gather import make_bundle
from planner.study.plan_file import ESTIMATED, FORMAT, PlanFile, plan_of_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from planner.study.stages import Stages

__all__ = ["PlanBoard", "board_of"]


class PlanBoard(anywidget.AnyWidget):
    """``map.html`` in a notebook cell.

    Attributes
    ----------
    sites
        The new sites of the plan on the page (study CRS): ``site_id``, ``name``, ``host_kind``, ``open_hours``, ``district``,
        ``cost_yuan``; a place clicked on that is no candidate has the ``host_kind`` "street" and no cost. Setting it draws these instead; ``board.observe(f, "sites")`` calls ``f`` after each edit.
    closed, hours
        Ids of the open stations that somebody closed, and other hours of those that stay.
    view
        The page's state: ``plan``, ``periods``, ``groups``, ``cutoff_m``, ``least``; setting some of it changes these.
    """

    _esm = assets("notebook")["board.mjs"]
    html = traitlets.Unicode().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    height = traitlets.Int(640).tag(sync=True)
    #: The page's plan as its ``plan.json``, "" for the proposal; its state as JSON; the last that it could not do.
    plan = traitlets.Unicode("").tag(sync=True)
    state = traitlets.Unicode("").tag(sync=True)
    refused = traitlets.Unicode("").tag(sync=True)
    sites = traitlets.Any()
    closed = traitlets.Tuple()
    hours = traitlets.Dict()

    def __init__(self, stages: Stages, page: Shown) -> None:
        self._stages = stages
        self._candidates: gpd.GeoDataFrame = stages.value("candidates").candidates
        self._proposal = tuple(stages.value("plan").plan.chosen["site_id"].astype(str))
        self._evaluated: tuple[str, Evaluation] | None = None
        self._places: dict[str, tuple[float, float]] = {}  # clicked on, no candidates: lng and lat by id
        start = {"html": page.html, "title": page.title, "height": page.height}
        super().__init__(**start, sites=self._table(dict.fromkeys(self._proposal, "")))

    @property
    def evaluation(self) -> Evaluation:
        """What exactly the plan on the page would cover, beside today and the proposal."""
        if self._evaluated is None or self._evaluated[0] != self.plan:
            self._evaluated = (self.plan, evaluate_sites(self._stages, self._on_page()))
        return self._evaluated[1]

    @property
    def view(self) -> dict[str, Any]:
        """The page's state; empty before it was shown."""
        return json.loads(self.state) if self.state else {}

    @view.setter
    def view(self, changes: dict[str, Any]) -> None:
        self.state = json.dumps(self.view | changes, ensure_ascii=False)

    def _on_page(self) -> PlanFile:
        """The page's plan."""
        plan = plan_of_text(self.plan or _plan_text(self.sites, self._places), "board")
        rows = [row for row in plan.sites if row.get("origin") == ESTIMATED]
        self._places |= {str(row["site_id"]): (row["lng"], row["lat"]) for row in rows}
        return plan

    def _table(self, hours: dict[str, str]) -> gpd.GeoDataFrame:
        """The candidates and places clicked on of these ids, at the hours given with them where there are any."""
        there = self._candidates.set_index(self._candidates["site_id"].astype(str))
        there = pd.concat(
            [there, *(self._place(k) for k in hours if k in self._places and k not in there.index)]
        )
        rows = there.loc[list(hours)]
        own = [given or text for given, text in zip(hours.values(), rows["open_hours"], strict=True)]
        kept = ["site_id", "name", "host_kind", "open_hours", "district", "cost_yuan"]
        return rows.assign(open_hours=own)[[*kept, "geometry"]].reset_index(drop=True)

    def _place(self, key: str) -> gpd.GeoDataFrame:
        """A place clicked on as a row of the candidates' table."""
        lng, lat = self._places[key]
        frame = {
            "site_id": [key],
            "name": "",
            "host_kind": "street",
            "open_hours": "",
            "district": "",
            "cost_yuan": float("nan"),
        }
        point = gpd.points_from_xy([lng], [lat], crs=4326)
        return gpd.GeoDataFrame(frame, geometry=point, index=[key]).to_crs(self._candidates.crs)

    @traitlets.observe("plan")
    def _plan_came(self, _change: Any) -> None:
        """The page's plan has changed: its sites are told to whoever observes them."""
        plan = self._on_page() if self.plan else None
        given = dict.fromkeys(self._proposal, "") if plan is None else _hours_of(plan)
        self.closed, self.hours = (plan.closed, dict(plan.hours)) if plan else ((), {})
        table = self._table(given)
        if not _same(table, self.sites):
            self.set_trait("sites", table)

    @traitlets.validate("sites")
    def _taken(self, proposal: Any) -> gpd.GeoDataFrame:
        """Sites as the candidates that they are.

        Raises
        ------
        PlannerError
            PAGE-004: some are none of the study's candidates.
        """
        return self._table(self._ids_of(proposal["value"]))

    @traitlets.observe("sites")
    def _sites_came(self, change: Any) -> None:
        """Sites set here go to the page, with the stations' part of the plan that is there."""
        shown = self._on_page() if self.plan else PlanFile(())
        given = dict.fromkeys(self._proposal, "") if not self.plan else _hours_of(shown)
        if not _same(self._table(given), change["new"]):
            self.plan = _plan_text(change["new"], self._places, shown)

    def _ids_of(self, sites: Any) -> dict[str, str]:
        """Candidates' ids of the rows of a table, by ``site_id`` or by place, with the hours given."""
        if not isinstance(sites, gpd.GeoDataFrame):
            raise PlannerError.of(finding("PAGE-003", source="board.sites", value=type(sites).__name__))
        known = pd.Series([*self._candidates["site_id"].astype(str), *self._places])
        ids = sites["site_id"].astype(str).to_numpy() if "site_id" in sites else np.full(len(sites), "")
        lost = ~np.isin(ids, known)
        if lost.any() and sites.crs is not None:
            points = sites.geometry[lost].to_crs(self._candidates.crs)
            at = on_candidates(points, self._candidates.geometry)[1]
            found = np.where(at >= 0, known.to_numpy()[at], "")
            ids = ids.astype(object)
            ids[lost] = found
            lost = ~np.isin(ids.astype(str), known)
        if lost.any():
            rows = ", ".join(map(str, sites.index[lost][:20]))
            raise PlannerError.of(finding("PAGE-004", source="board.sites", value=rows))
        hours = sites["open_hours"].fillna("").astype(str) if "open_hours" in sites else [""] * len(sites)
        return dict(zip(map(str, ids), hours, strict=True))

    def _repr_html_(self) -> str:
        """The page without Python behind it, where no widget is shown."""
        return Shown(self.html, self.height, self.title)._repr_html_()

    def __repr__(self) -> str:
        return f"PlanBoard({len(self.sites)} new sites, {len(self.html) / 1e6:.2f} MB page)"


def _hours_of(plan: PlanFile) -> dict[str, str]:
    return {str(row["site_id"]): str(row.get("open_hours") or "") for row in plan.sites}


def _same(a: gpd.GeoDataFrame, b: gpd.GeoDataFrame) -> bool:
    """Whether two tables hold the same sites at the same hours, in whatever order."""
    pairs = [set(zip(t["site_id"].astype(str), t["open_hours"], strict=True)) for t in (a, b)]
    return pairs[0] == pairs[1]


def _plan_text(sites: gpd.GeoDataFrame, places: Collection[str], stations: PlanFile | None = None) -> str:
    """The text of a plan's file with these sites; ``places``: which are no candidates; ``stations``: whose closed stations and other hours stay."""
    wgs = sites.geometry.to_crs(4326)
    rows = [
        {
            "site_id": str(i),
            "lng": round(x, 6),
            "lat": round(y, 6),
            "open_hours": h,
            "origin": ESTIMATED if str(i) in places else "",
        }
        for i, x, y, h in zip(sites["site_id"], wgs.x, wgs.y, sites["open_hours"], strict=True)
    ]
    kept = stations or PlanFile(())
    plan = {"format": FORMAT, "sites": rows, "closed": list(kept.closed), "hours": dict(kept.hours)}
    return json.dumps(plan, ensure_ascii=False)


def board_of(stages: Stages, height: int = 640) -> PlanBoard:
    """The study's page as a widget, ``height`` px high."""
    return PlanBoard(stages, show(make_bundle(stages, progress=stages.progress), height))
