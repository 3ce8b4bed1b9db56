"""The part of the study file on the plan with five verbs: what each may cost, how many, under which limits."""

from __future__ import annotations

import csv
import functools
from importlib import resources
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from planner.settings.base import Count, Section, Share, refused
from planner.settings.inputs import Table

__all__ = ["VERBS", "Actions", "GradeClass", "HourClass", "Verb", "WantedAction", "Year"]

#: What may be done to a place: build 新建, re-time 调时, upgrade 提档, move 迁址, close 撤并, co-brand 共建.
Verb = Literal["build", "retime", "upgrade", "move", "close", "cobrand"]
VERBS: tuple[Verb, ...] = get_args(Verb)

NotNegative = Annotated[float, Field(ge=0)]
Band = tuple[NotNegative, NotNegative]


class _Class(Section):
    """What a class of hours or a grade is called, costs once and every year, with bands and their source."""

    name: str = Field(min_length=1, max_length=30)
    name_zh: str = ""
    name_en: str = ""
    hosts: tuple[str, ...] = ()
    one_off_yuan: NotNegative = 0.0
    one_off_band: Band | None = None
    yearly_yuan: NotNegative = 0.0
    yearly_band: Band | None = None
    confidence: Literal["H", "M", "L"] = "L"
    source: str = ""

    @model_validator(mode="after")
    def _bands_hold(self) -> _Class:
        for key, value, band in (
            ("one_off_band", self.one_off_yuan, self.one_off_band), ("yearly_band", self.yearly_yuan, self.yearly_band),
        ):  # fmt: skip
            if band is not None and not band[0] <= value <= band[1]:
                raise refused(
                    "ACT-001",
                    key=key,
                    name=self.name,
                    value=f"{value:g}",
                    low=f"{band[0]:g}",
                    high=f"{band[1]:g}",
                )
        return self

    def title(self, language: str) -> str:
        """Its name in a language."""
        return (self.name_zh if language == "zh" else self.name_en) or self.name


class HourClass(_Class):
    """Hours that a station may be given. ``hosts``: kinds of host that can keep them (none named: every kind)."""

    hours: str


class GradeClass(_Class):
    """A grade, dearer than the one before it in the list.

    ``bonus``: how much more a worker counts who has a station of this grade or a higher one in reach (0: the headline).
    """

    bonus: Share = 0.0


class WantedAction(Section):
    """One action: the verb, the place (``station_id`` or ``site_id``), and to which hours and grade where that is meant."""

    verb: Verb
    place: str
    hours: str = ""
    grade: str = ""


class Year(Section):
    """A year of the plan, with the money that is there for it."""

    name: str
    budget_yuan: NotNegative
    yearly_yuan: NotNegative


@functools.cache
def _table() -> tuple[dict[str, str], ...]:
    text = resources.files("planner.settings").joinpath("action_costs.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _given(row: dict[str, str]) -> dict[str, object]:
    """Fields of a class from a row of the table."""
    return {
        **{k: row[k] for k in ("name", "name_zh", "name_en", "confidence", "source")},
        "hosts": tuple(row["hosts"].split()), "one_off_yuan": float(row["one_off_yuan"]),
        "one_off_band": (float(row["one_off_low"]), float(row["one_off_high"])), "yearly_yuan": float(row["yearly_yuan"]),
        "yearly_band": (float(row["yearly_low"]), float(row["yearly_high"])),
    }  # fmt: skip


def _hours() -> tuple[HourClass, ...]:
    return tuple(HourClass(**_given(r), hours=r["hours"]) for r in _table() if r["kind"] == "hours")  # type: ignore[arg-type]


def _grades() -> tuple[GradeClass, ...]:
    return tuple(GradeClass(**_given(r)) for r in _table() if r["kind"] == "grade")  # type: ignore[arg-type]


class Actions(Section):
    """Build, re-time, upgrade, move, close and co-brand under one budget; README, "Five verbs", explains each key.

    ``budget_yuan`` once and ``yearly_yuan`` every year, over what is spent today (None: no limit); ``least``, ``most``: number per verb;
    ``open_least``: stations open at the end; ``spacing_m``: none opens nearer than this (straight line) to another that is
    open then (two of today may stay); ``quota_min``, ``quota_max``: new stations (built or moved there) per district.
    ``lost_most``: of the workers covered today, how many may lose the circle, in all and (``lost_most_by_district``) per district.
    ``hours``, ``grades``: classes with their costs (``action_costs.csv`` where a study does not say), grades from the lowest on.
    ``move_share``: what fitting out a place costs where a station moves there, over building it; a station moves within its
    district. ``close_yuan``: what closing one costs. ``partners``: lists of other bodies' posts, which ``count_partners`` counts as
    stations already and which can be co-branded for ``cobrand_yuan`` and ``cobrand_yearly_yuan``. ``years``: batches with their own money.
    ``frontier``: how many budgets the frontier has.
    """

    enabled: bool = False
    budget_yuan: NotNegative | None = None
    yearly_yuan: NotNegative | None = None
    least: dict[Verb, Count] = Field(default_factory=dict)
    most: dict[Verb, Count] = Field(default_factory=dict)
    open_least: Count = 0
    spacing_m: NotNegative = 0.0
    quota_min: dict[str, Count] = Field(default_factory=dict)
    quota_max: dict[str, Count] = Field(default_factory=dict)
    lost_most: NotNegative | None = None
    lost_most_by_district: dict[str, NotNegative] = Field(default_factory=dict)
    required: tuple[WantedAction, ...] = ()
    forbidden: tuple[WantedAction, ...] = ()
    hours: tuple[HourClass, ...] = Field(default_factory=_hours)
    grades: tuple[GradeClass, ...] = Field(default_factory=_grades)
    move_share: Share = 0.6
    move_band: tuple[Share, Share] = (0.3, 1.0)
    close_yuan: NotNegative = 1000.0
    close_band: Band = (0.0, 5000.0)
    partners: tuple[Table, ...] = ()
    count_partners: bool = False
    cobrand_yuan: NotNegative = 2000.0
    cobrand_band: Band = (500.0, 6250.0)
    cobrand_yearly_yuan: NotNegative = 1200.0
    years: tuple[Year, ...] = ()
    work_limit: int = Field(default=60, ge=1)
    gap: float = Field(default=1e-4, ge=0)
    frontier: int = Field(default=20, ge=2, le=100)

    @model_validator(mode="after")
    def _fits_together(self) -> Actions:
        for verb in VERBS:
            low, high = self.least.get(verb, 0), self.most.get(verb)
            if high is not None and low > high:
                raise refused("ACT-002", what=f"{verb}", low=low, high=high)
        for district in sorted(set(self.quota_min) & set(self.quota_max)):
            if self.quota_min[district] > self.quota_max[district]:
                raise refused(
                    "ACT-002", what=district, low=self.quota_min[district], high=self.quota_max[district]
                )
        for key, classes in (("hours", self.hours), ("grades", self.grades)):
            names = [c.name for c in classes]
            if len(set(names)) != len(names):
                raise refused(
                    "ACT-003", key=key, names=", ".join(sorted({n for n in names if names.count(n) > 1}))
                )
        places = [w.place for w in self.required]
        if len(set(places)) != len(places):
            raise refused("ACT-004", places=", ".join(sorted({p for p in places if places.count(p) > 1})))
        self._wishes_are_known()
        return self

    def _wishes_are_known(self) -> None:
        """Refuse hours and grades that no class has."""
        for wish in (*self.required, *self.forbidden):
            for key, given, known in (("hours", wish.hours, self.hours), ("grade", wish.grade, self.grades)):
                names = [c.name for c in known]
                if given and given not in names:
                    raise refused("ACT-006", key=key, place=wish.place, given=given, known=", ".join(names))

    @property
    def budget(self) -> float | None:
        """Money there is once: its own, or that of all years."""
        return self.budget_yuan if not self.years else sum(y.budget_yuan for y in self.years)

    @property
    def yearly(self) -> float | None:
        """Money there is every year, at the end."""
        return self.yearly_yuan if not self.years else sum(y.yearly_yuan for y in self.years)
