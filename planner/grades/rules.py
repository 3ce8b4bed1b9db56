"""The rules of grading as tables: what each grade asks for, what each thing costs; planner's own or the study's."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import Finding, finding
from planner.inputs.tables import headers
from planner.inputs.tables.read import RawTable, read_table
from planner.settings.inputs import Table

__all__ = ["COUNTED", "FACTS", "FACT_WORDS", "GradeRules", "read_rules"]

#: What a grade may ask for: counted things (at least so much), then things that are there or not.
COUNTED = ("area_m2", "seats", "hours_week")
FACTS = (*COUNTED, "water", "microwave", "charging", "tables", "kit", "first_aid", "toilet", "aed", "sign", "mapped")  # fmt: skip
#: What each is called in English and in Chinese.
FACT_WORDS = {
    "area_m2": ("area", "面积"), "seats": ("seats", "座位"), "hours_week": ("opening hours", "开放时间"), "water": ("water", "饮水"),
    "microwave": ("microwave", "微波炉"), "charging": ("charging", "手机充电"), "tables": ("table and chairs", "桌椅"),
    "kit": ("base kit", "基本设备"), "first_aid": ("first-aid box", "急救箱"), "toilet": ("toilet", "厕所"), "aed": ("AED", "除颤仪"),
    "sign": ("common sign", "统一标识"), "mapped": ("on the map", "地图上线"),
}  # fmt: skip
_ROLE = {"seats": "capacity"}  # as station lists call it
_MONEY = ("yuan", "low", "high", "yearly_yuan", "yearly_low", "yearly_high")


@dataclass(frozen=True, eq=False)
class GradeRules:
    """What grades ask for and what that costs.

    Attributes
    ----------
    levels
        A row per grade, lowest first: ``grade``, ``name_zh``, ``name_en``, ``words`` (other ways to write it), a column of
        :data:`FACTS` each (least; NaN: not asked), ``subsidy_yuan`` with ``subsidy_low`` and ``subsidy_high`` (NaN: not known),
        ``inspect_months`` (NaN: never), ``confidence``, ``source_zh``, ``source_en``.
    costs
        Index the facts: ``yuan``, ``low``, ``high`` once, ``yearly_yuan``, ``yearly_low``, ``yearly_high`` (for one unit of a counted
        thing), ``confidence``, ``source_zh``, ``source_en``.
    own
        Whether the grades are planner's own, practice of other cities.
    findings
        Rows that cannot be used (errors), and what is not known.
    """

    levels: pd.DataFrame
    costs: pd.DataFrame
    own: bool
    findings: tuple[Finding, ...]

    @property
    def needs(self) -> NDArray[np.float64]:
        """Least of each fact per grade (n_levels × n_facts), NaN where nothing is asked."""
        return self.levels[list(FACTS)].to_numpy(float)

    def name(self, level: int, language: str) -> str:
        """Name of the grade at a position; "" for -1, below the lowest."""
        return "" if level < 0 else str(self.levels[f"name_{language}"].iloc[level])

    def stated(self, text: str) -> int:
        """Position of the grade that a list's word means; -1 for a word that no grade has.

        >>> read_rules(None, None).stated("五星级")
        4
        """
        return self._words.get(_plain(text), -1)

    @property
    def _words(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for at, row in enumerate(
            self.levels[["grade", "name_zh", "name_en", "words"]].itertuples(index=False)
        ):
            for word in (row.grade, row.name_zh, row.name_en, *str(row.words).split()):
                found.setdefault(_plain(str(word)), at)
        return found


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text).lower())


def read_rules(
    grades: Table | None, costs: Table | None, *, subsidy_yuan: Mapping[str, float] | None = None
) -> GradeRules:
    """The study's tables (``inputs.grades``, ``inputs.grade_costs``), planner's own where it has none.

    ``subsidy_yuan``: by grade (its key or name), before the table's.
    """
    found: list[Finding] = []
    levels = _levels(grades or _own("rules.csv"), found)
    known = {w: g for g, w in zip(levels["grade"], levels["grade"], strict=True)}
    for column in ("name_zh", "name_en"):
        known |= dict(zip(levels[column], levels["grade"], strict=True))
    for name, yuan in (subsidy_yuan or {}).items():
        if name not in known:
            told = ", ".join(levels["grade"])
            found.append(
                finding("GRD-014", source="study.toml", field="grades.subsidy_yuan", value=name, known=told)
            )
        levels.loc[levels["grade"] == known.get(name), ["subsidy_yuan", "subsidy_low", "subsidy_high"]] = yuan
    if len(levels) and levels["subsidy_yuan"].isna().any():
        without = ", ".join(levels.loc[levels["subsidy_yuan"].isna(), "name_en"])
        source = Path((grades or _own("rules.csv")).path).name
        found.append(finding("GRD-010", source=source, field="subsidy_yuan", value=without))
    if grades is None:
        found.append(finding("GRD-009", source="rules.csv", field="inputs.grades"))
    return GradeRules(levels, _costs(costs or _own("costs.csv"), found), grades is None, tuple(found))


def _own(name: str) -> Table:
    return Table(path=Path(str(resources.files("planner.grades").joinpath(name))), encoding="utf-8")


class _Reader:
    """A table's cells as numbers, noting what cannot be read."""

    def __init__(self, raw: RawTable, found: list[Finding]) -> None:
        self.raw, self.found = raw, found

    def note(self, code: str, at: int, role: str, value: object, **more: Any) -> None:
        """Note a finding about the row at a position."""
        row = int(self.raw.rows[at])
        self.found.append(
            finding(
                code,
                source=self.raw.source,
                row=row,
                field=self.raw.roles.get(role, role),
                value=value,
                **more,
            )
        )

    def texts(self, role: str) -> list[str]:
        """A column as text, "" where blank."""
        return [str(t).strip() if isinstance(t, str) else "" for t in self.raw.column(role)]

    def numbers(self, role: str, *, or_words: bool = False) -> NDArray[np.float64]:
        """A column as numbers of at least 0 (NaN where blank); ``or_words``: yes and no too, no asks for nothing."""
        words, out = headers.words("yes"), np.full(len(self.raw.rows), np.nan)
        for at, text in enumerate(self.texts(role)):
            plain = _plain(text).replace(",", "")
            if not plain:
                continue
            m = re.fullmatch(r"([+-]?\d+(?:\.\d+)?)(?:元|m2|平方米|小时|个月|月|个|座)?", plain)
            if or_words and plain in words:
                out[at] = 1.0 if words[plain] == "yes" else np.nan
            elif m is None:
                self.note("GRD-002", at, role, text)
            elif float(m[1]) < 0:
                self.note("GRD-003", at, role, text)
            else:
                out[at] = float(m[1])
        return out

    def sources(self) -> dict[str, list[str]]:
        """Where the rows are from, in both languages."""
        zh, en = self.texts("basis"), self.texts("basis_en")
        return {"confidence": self.texts("trust"), "source_zh": zh, "source_en": [e or z for e, z in zip(en, zh, strict=True)]}  # fmt: skip


def _levels(table: Table, found: list[Finding]) -> pd.DataFrame:
    """The grades, lowest first as the table has them."""
    columns = ["grade", "name_zh", "name_en", "words", *FACTS, "subsidy_yuan", "subsidy_low", "subsidy_high",
               "inspect_months", "confidence", "source_zh", "source_en"]  # fmt: skip
    raw, more = read_table(table, kind="grades")
    found += more
    if raw is None or "grade" not in raw.roles:
        if raw is not None:
            found.append(finding("GRD-001", source=raw.source, field="grade", value="grade"))
        return pd.DataFrame({c: pd.Series(dtype=object) for c in columns})
    read = _Reader(raw, found)
    names = read.texts("grade")
    data: dict[str, Any] = {"grade": names, "words": read.texts("words")}
    for column in ("name_zh", "name_en"):
        data[column] = [t or n for t, n in zip(read.texts(column), names, strict=True)]
    for fact in FACTS:
        data[fact] = read.numbers(_ROLE.get(fact, fact), or_words=fact not in COUNTED)
    for column in ("subsidy_yuan", "subsidy_low", "subsidy_high", "inspect_months"):
        data[column] = read.numbers(column)
    for side in ("subsidy_low", "subsidy_high"):
        data[side] = np.where(np.isnan(data[side]), data["subsidy_yuan"], data[side])
    _judge_bands(read, data, ("subsidy_yuan", "subsidy_low", "subsidy_high"))
    _judge_names(read, names)
    levels = pd.DataFrame(data | read.sources())[columns]
    _judge_steps(read, levels)
    return levels[(levels["grade"] != "") & ~levels["grade"].duplicated()].reset_index(drop=True)


def _judge_bands(read: _Reader, data: Mapping[str, Any], keys: tuple[str, str, str]) -> None:
    value, low, high = (np.asarray(data[k], float) for k in keys)
    for at in np.flatnonzero((low > value) | (value > high)):
        read.note("GRD-015", int(at), keys[0], f"{value[at]:g}", low=f"{low[at]:g}", high=f"{high[at]:g}")


def _judge_names(read: _Reader, names: list[str]) -> None:
    first: dict[str, int] = {}
    for at, name in enumerate(names):
        if not name:
            read.note("GRD-001", at, "grade", "")
        elif name in first:
            read.note("GRD-004", at, "grade", name, other=int(read.raw.rows[first[name]]))
        first.setdefault(name, at)


def _judge_steps(read: _Reader, levels: pd.DataFrame) -> None:
    """A grade that asks less of something than the one below it is told: grades are read from the lowest up."""
    needs = levels[list(FACTS)].to_numpy(float)
    for at in range(1, len(levels)):
        less = np.nan_to_num(needs[at]) < np.nan_to_num(needs[at - 1])
        for k in np.flatnonzero(less):
            role = _ROLE.get(FACTS[k], FACTS[k])
            read.note("GRD-005", at, role, f"{np.nan_to_num(needs[at, k]):g}", below=f"{needs[at - 1, k]:g}")


def _costs(table: Table, found: list[Finding]) -> pd.DataFrame:
    """Costs by fact; what no row names costs an unknown sum (NaN)."""
    raw, more = read_table(table, kind="gradecosts")
    found += more
    columns = [*_MONEY, "confidence", "source_zh", "source_en"]
    if raw is None or "fact" not in raw.roles:
        if raw is not None:
            found.append(finding("GRD-001", source=raw.source, field="fact", value="fact"))
        return pd.DataFrame({c: pd.Series(dtype=object) for c in columns}).reindex(list(FACTS))
    read = _Reader(raw, found)
    names = read.texts("fact")
    data: dict[str, Any] = {k: read.numbers(k) for k in _MONEY}
    for stem, keys in (("", _MONEY[:3]), ("yearly", _MONEY[3:])):
        middle = np.nan_to_num(data[keys[0]]) if stem else data[keys[0]]
        data[keys[0]] = middle
        for side in keys[1:]:
            data[side] = np.where(np.isnan(data[side]), middle, data[side])
        _judge_bands(read, data, keys)
    seen: dict[str, int] = {}
    for at, name in enumerate(names):
        if name not in FACTS:
            near = (difflib.get_close_matches(name, FACTS, n=1, cutoff=0.0) or [""])[0]
            read.note("GRD-006", at, "fact", name, nearest=near, known=", ".join(FACTS))
        elif name in seen:
            read.note("GRD-004", at, "fact", name, other=int(raw.rows[seen[name]]))
        seen.setdefault(name, at)
    made = pd.DataFrame(data | read.sources(), index=names)[columns]
    return made[~made.index.duplicated()].reindex(list(FACTS))
