"""The result of an estimate, with everything that explains it."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import geopandas as gpd
import pandas as pd

from planner.demand.ensemble import Ensemble, Singles
from planner.errors import Finding
from planner.settings.groups import Group

_LEVELS = {
    "weights": ("(a) weights, no observations", "（a）协变量权重，无观测"),
    "regression": ("(b) regression on observations", "（b）基于观测的回归"),
    "surface": ("(c) observed surface, smoothed", "（c）观测面，经平滑"),
}
_WORDS = {
    "en": {"district": "district", "all": "all groups", "sum": "total", "level": "how it is known", "low": "5 %",
           "high": "95 %", "title": "Worker density"},
    "zh": {"district": "区", "all": "全部群体", "sum": "合计", "level": "依据", "low": "5%", "high": "95%",
           "title": "劳动者密度"},
}  # fmt: skip


@dataclass(frozen=True)
class Estimate:
    """Worker density of a study, and how it came about.

    Attributes
    ----------
    demand
        The demand table (see :func:`planner.demand.estimate.estimate`).
    controls
        Districts × groups: the totals that the table sums to.
    levels
        Level chosen per group: ``weights`` (a), ``regression`` (b) or ``surface`` (c).
    bandwidths_m
        Bandwidth of each smoothed covariate, chosen by likelihood.
    ensemble
        Draws of the headline groups on the rows of ``demand``.
    scores
        Cross-validation per group with observations.
    findings
        What was noticed.
    groups
        The groups, for their labels.
    """

    demand: gpd.GeoDataFrame
    controls: pd.DataFrame
    levels: Mapping[str, str]
    bandwidths_m: Mapping[str, float]
    ensemble: Ensemble
    scores: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    groups: tuple[Group, ...] = ()

    @cached_property
    def surfaces(self) -> Singles:
        """float32, draws × rows of ``demand``: headline workers draw by draw, for siting under uncertainty."""
        return self.ensemble.surfaces()

    def totals(self) -> pd.DataFrame:
        """Workers per district and group, as the demand table has them."""
        return totals(self.demand)

    def __repr__(self) -> str:
        d = self.demand
        head = f"Estimate({len(d):,} cells, {d['workers'].sum():,.0f} workers"
        levels = ", ".join(f"{g} {level}" for g, level in self.levels.items())
        return f"{head} in {d['district'].nunique()} districts; {levels}; {len(self.ensemble)} draws)"

    def _repr_html_(self) -> str:
        return self.to_html("en")

    def to_html(self, language: str = "en") -> str:
        """Totals per district and group as an HTML table, every text escaped."""
        words, table = _WORDS[language], self.totals()
        labels = {g.name: g.label(language) for g in self.groups}
        which = 1 if language == "zh" else 0
        levels = [_LEVELS[self.levels[g]][which] if g in self.levels else "" for g in table.columns]
        head = "".join(f"<th>{html.escape(labels.get(g, g))}</th>" for g in table.columns)
        rows = [_row(str(name), row) for name, row in zip(table.index, table.to_numpy(), strict=True)]
        rows.append(_row(words["sum"], table.sum().to_numpy()))
        rows.append(f"<tr><td>{words['level']}</td>" + "".join(f"<td>{v}</td>" for v in levels) + "</tr>")
        body = "".join(rows)
        return (
            f"<table><caption>{words['title']}</caption><thead><tr><th>{words['district']}</th>{head}</tr>"
            f"</thead><tbody>{body}</tbody></table>"
        )


def _row(name: str, values: object) -> str:
    cells = "".join(f"<td style='text-align:right'>{v:,.0f}</td>" for v in values)  # type: ignore[attr-defined]
    return f"<tr><td>{html.escape(name)}</td>{cells}</tr>"


def group_columns(demand: pd.DataFrame) -> dict[str, list[str]]:
    """The ``{group}__{period}`` columns of a demand table, by group."""
    columns: dict[str, list[str]] = {}
    for name in demand.columns:
        group, mark, _ = str(name).partition("__")
        if mark:
            columns.setdefault(group, []).append(str(name))
    return columns


def totals(demand: pd.DataFrame) -> pd.DataFrame:
    """Workers per district and group of a demand table (all periods together)."""
    sums = {g: demand[cols].sum(axis=1) for g, cols in group_columns(demand).items()}
    return pd.DataFrame(sums).groupby(demand["district"]).sum()
