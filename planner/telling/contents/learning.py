"""What to find out first, in words and as a table for a notebook, in either language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import geopandas as gpd
import pandas as pd

from planner.settings.whole import Settings
from planner.siting.questions.knowledge import Knowledge
from planner.siting.questions.learn import PilotSites
from planner.telling.words.numbers import ceil_number, number, percent
from planner.telling.words.phrases import phrase

__all__ = ["KnowledgeTold", "LearningNames", "PilotsTold", "names_of"]


@dataclass(frozen=True)
class LearningNames:
    """Names of groups and districts: language → key → name."""

    groups: Mapping[str, Mapping[str, str]]
    districts: Mapping[str, Mapping[str, str]]

    def group(self, key: str, language: str) -> str:
        """A group's name; "" is all of them."""
        return self.groups[language].get(key, key) if key else phrase("all_groups_learn", language)

    def district(self, key: str, language: str) -> str:
        """A district's name; "" is all of them."""
        if not key:
            return phrase("all_districts_learn", language)
        return self.districts[language].get(key, key)


def names_of(settings: Settings, districts: gpd.GeoDataFrame) -> LearningNames:
    """The names of a study's groups and districts in both languages."""
    keys = districts["district"].astype(str)
    return LearningNames(
        {to: {g.name: g.label(to) for g in settings.groups} for to in ("zh", "en")},
        {to: _filled(keys, districts[f"name_{to}"]) for to in ("zh", "en")},
    )


def _filled(keys: pd.Series, names: pd.Series) -> dict[str, str]:
    """Key → name, the key itself where there is none."""
    return {k: k if pd.isna(n) or not str(n) else str(n) for k, n in zip(keys, names, strict=True)}


def _html(lines: list[str], heads: list[str], rows: list[Any]) -> str:
    """Sentences and a table, everything escaped."""
    said = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return said + pd.DataFrame(rows, columns=heads).to_html(index=False, escape=True)


@dataclass(frozen=True, eq=False)
class KnowledgeTold:
    """What to find out first: the value of each unknown, told in the study's language (``to_html`` in either).

    ``knowledge``: the figures (:class:`planner.siting.questions.knowledge.Knowledge`).
    """

    knowledge: Knowledge
    names: LearningNames
    language: str

    @property
    def table(self) -> pd.DataFrame:
        """One row per unknown, most first, unrounded."""
        return self.knowledge.table

    def lines(self, language: str | None = None) -> list[str]:
        """What there is to know, in sentences."""
        to, k = language or self.language, self.knowledge
        said = [
            phrase(
                "learn_regret",
                to,
                regret=number(k.regret),
                ceiling=number(max(ceil_number(k.ceiling), round(k.regret))),
                known=k.known,
            )
        ]
        if k.replan >= 0.5:
            said.append(phrase("learn_replan", to, workers=number(k.replan)))
        said.append(phrase("learn_chance", to, draws=k.draws, classes=k.classes))
        clear = int(k.table["clear"].sum())
        said.append(
            phrase(
                "learn_clear" if clear else "learn_none",
                to,
                clear=clear,
                n=len(k.table),
                about=round(len(k.table) / 20),
            )
        )
        if k.scale < 1:
            said.append(phrase("learn_scaled", to, scale=percent(k.scale, 0)))
        said.append(phrase("learn_left_out", to))
        return said

    def to_html(self, language: str | None = None, *, rows: int = 20) -> str:
        """The sentences and the first ``rows`` unknowns."""
        to = language or self.language
        heads = ["unknown", "removes", "chance", "part", "clear"]
        told = [tuple(self._row(row, to)) for row in self.table.head(rows).itertuples()]
        return _html(self.lines(to), [phrase(f"col_learn_{h}", to) for h in heads], told)

    def label(self, row: Any, to: str) -> str:
        """What an unknown (a row of ``table``) is called."""
        district = self.names.district(row.district, to)
        if row.kind == "site":
            return phrase("learn_site", to, name=row.name, rank=row.rank, district=district)
        return phrase("learn_district", to, group=self.names.group(row.group, to), district=district)

    def _row(self, row: Any, to: str) -> Iterator[str]:
        yield self.label(row, to)
        yield from (number(v) for v in (row.removes, row.chance, row.part))
        yield phrase("yes_learn" if row.clear else "no_learn", to)

    def __repr__(self) -> str:
        return repr(self.knowledge)

    def _repr_html_(self) -> str:
        return self.to_html()


@dataclass(frozen=True, eq=False)
class PilotsTold:
    """Which sites to build first, told in the study's language (``to_html`` in either).

    ``pilots``: the figures (:class:`planner.siting.questions.learn.PilotSites`).
    """

    pilots: PilotSites
    names: LearningNames
    language: str

    @property
    def table(self) -> pd.DataFrame:
        """One row per pilot, in order of choice, unrounded."""
        return self.pilots.table

    @property
    def simulated(self) -> pd.DataFrame:
        """Regret left: a row per simulated truth, a column per order of building."""
        return self.pilots.simulated

    def lines(self, language: str | None = None) -> list[str]:
        """What piloting is worth, in sentences; no order is praised that is not clearly better."""
        to, p = language or self.language, self.pilots
        left = {f"{name}_left": number(v) for name, v in p.regret["mean"].items()}
        said = [
            phrase(
                "pilots_regret",
                to,
                k=len(p.table),
                truths=len(p.simulated),
                noise=percent(p.noise, 0),
                **left,
            )
        ]
        for other in ("plan", "rank", "random"):
            gap, half = p.margin("taught", other)
            word = "better" if gap < -half else "worse" if gap > half else "alike"
            said.append(
                phrase(f"pilots_{word}", to, other=phrase(f"pilots_{other}", to), gap=number(abs(gap)), half=number(half))
            )  # fmt: skip
        return said

    def to_html(self, language: str | None = None) -> str:
        """The sentences and the pilots."""
        to = language or self.language
        heads = [phrase(f"col_{h}", to) for h in ("place", "rank", "site_id", "name", "district")]
        heads += [phrase(f"col_pilots_{h}", to) for h in ("workers", "explained")]
        rows = [
            (str(r.place), str(r.rank), r.site_id, r.name, self.names.district(r.district, to),
             f"{number(r.workers)} ({number(r.workers_low)}–{number(r.workers_high)})", percent(r.explained, 0))
            for r in self.table.itertuples()
        ]  # fmt: skip
        return _html(self.lines(to), heads, rows)

    def __repr__(self) -> str:
        return repr(self.pilots)

    def _repr_html_(self) -> str:
        return self.to_html()
