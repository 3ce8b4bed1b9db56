"""The part of the study file on new stations: how many, from which hosts, under which rules, and what for."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

from pydantic import Field, field_validator

from planner.settings.base import Count, Positive, Section, Share, refused
from planner.settings.costs import COST_BAND_YUAN, kind_costs

__all__ = ["Batch", "Goal", "OwnPlace", "Siting"]


class Batch(Section):
    """A phase of building: the first ``count`` sites of the plan belong to the first batch."""

    name: str
    count: int = Field(ge=1)


class OwnPlace(Section):
    """A place where a station could stand though no host is known there, in WGS84; ``open_hours``: ``siting.default_hours`` where not given."""

    id: str = Field(min_length=1)
    lng: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    open_hours: str = ""


class Goal(Section):
    """What the plan is after, beyond the most workers in the circle; README, "Rules on siting", explains each key.

    ``aim``: ``covered`` workers; ``mean``, ``worst`` or ``cvar`` (mean of the worst ``tail`` share) over the
    demand scenarios; ``fair`` (the least covered share of a district as great as can be) or ``lexicographic``
    (then the second least, and so on); ``use``: visits a day to expect (:mod:`planner.settings.use`). ``fade_m``: a station counts in full up to the first distance on foot
    and fades in five steps to nothing at the second. ``credit``: worth of the first, second … station in reach.
    ``spacing_m``: no two new stations nearer than this (straight line) or, with ``spacing_price``, each such
    pair costs so many workers. ``visits_per_day``: room of a new station (``visits_by_kind``: by kind of host),
    a worker coming ``visits_per_worker`` times a day. ``relocate``: so many open stations may close and open
    elsewhere. ``budget_only``: the budget alone limits the number, ``p`` is not in force. ``group_weights``,
    ``period_weights``: how much a worker of a group, or in a period of the day, counts (1 where not named).
    ``open_rule``: ``half``, who has a station open for at least ``circle.open_share`` of the period counts in full, or
    ``time``, each counts for the quarter-hours in which one is open.
    """

    aim: Literal["covered", "mean", "cvar", "worst", "fair", "lexicographic", "use"] = "covered"
    tail: float = Field(default=0.2, gt=0, le=1)
    fade_m: tuple[Positive, Positive] | None = None
    credit: tuple[Share, ...] = ()
    spacing_m: float = Field(default=0, ge=0)
    spacing_price: float | None = Field(default=None, ge=0)
    visits_per_day: float | None = Field(default=None, gt=0)
    visits_by_kind: dict[str, Positive] = Field(default_factory=dict)
    visits_per_worker: Positive = 1.0
    relocate: Count = 0
    budget_only: bool = False
    group_weights: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    period_weights: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    open_rule: Literal["half", "time"] = "half"

    @field_validator("fade_m")
    @classmethod
    def _fades_outwards(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and value[0] >= value[1]:
            raise refused("SET-032", first=format(value[0], "g"), second=format(value[1], "g"))
        return value

    @field_validator("credit")
    @classmethod
    def _credit_falls(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(a < b for a, b in itertools.pairwise(value)) or (value and value[0] == 0):
            raise refused("SET-033")
        return value

    @property
    def limits_visits(self) -> bool:
        """Whether new stations have only so much room."""
        return self.visits_per_day is not None or bool(self.visits_by_kind)

    @property
    def own_measure(self) -> bool:
        """Whether plans are compared by something other than covered workers."""
        priced = self.spacing_m > 0 and bool(self.spacing_price)
        counted = bool(self.group_weights or self.period_weights or self.open_rule != "half")
        return bool(
            self.aim != "covered" or self.fade_m or self.credit or priced or self.limits_visits or counted
        )

    @property
    def plain(self) -> bool:
        """Whether nothing is asked beyond the most workers in the circle."""
        return not (self.own_measure or self.spacing_m > 0 or self.relocate or self.budget_only)


class Siting(Section):
    """How many sites, from which hosts, under which rules, and how hard to look.

    ``p``: how many new sites; not given, a fifth of the candidates and 200 at most (CAN-009). ``target_source`` says whose number
    ``p`` is. ``every_m``: points along the streets, so far apart, are candidates beside the hosts (not within half of it of a host).
    ``places``: places of one's own, candidates beside the hosts (a plan of the page names those clicked on).
    ``refused``: candidates that cannot be had, each with the reason (its host refuses, say): forbidden, and told in every product.
    ``quota_min``, ``quota_max``: new sites per district; ``kind_min``, ``kind_max``: per kind of host.
    ``cost_yuan``: a station's cost by kind of host, before the table of :mod:`planner.settings.costs`;
    ``default_cost_yuan``: of the kinds in neither. ``inequality_aversion``: how much an even cover is worth in the
    Kolm–Pollak measure that is printed (1; from 0.5 to 2); it moves no site. ``evidence``: questions that take minutes on a
    large city and are answered in run.json, workbook, report and page where named: ``fair_front`` (workers against the
    worst-off district), ``value_of_information`` (what to find out first), ``pilots`` (which sites to build first to learn).
    """

    p: int | None = Field(default=None, ge=1)
    target_source: str = ""
    batches: tuple[Batch, ...] = ()
    host_kinds: tuple[str, ...] = ()
    every_m: float | None = Field(default=None, gt=0)
    places: tuple[OwnPlace, ...] = ()
    street_within_m: Positive = 60
    dedupe_m: float = Field(default=40, ge=0)
    min_to_open_m: float = Field(default=100, ge=0)
    quotas: Literal["half_proportional", "none"] = "half_proportional"
    quota_min: dict[str, Count] = Field(default_factory=dict)
    quota_max: dict[str, Count] = Field(default_factory=dict)
    kind_min: dict[str, Count] = Field(default_factory=dict)
    kind_max: dict[str, Count] = Field(default_factory=dict)
    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    refused: dict[str, str] = Field(default_factory=dict)
    cost_yuan: dict[str, Positive] = Field(default_factory=dict)
    default_cost_yuan: Positive = 8000
    budget_yuan: float | None = Field(default=None, gt=0)
    goal: Goal = Goal()
    default_hours: str = "08:00-20:00"
    host_hours: dict[str, str] = Field(default_factory=dict)
    gap: float = Field(default=1e-4, ge=0)
    work_limit: int = Field(default=60, ge=1)
    time_limit_s: Positive = 300.0
    final_phase_weight: Positive = 2.0
    scenarios: int = Field(default=20, ge=0)
    curve: tuple[Count, ...] = (25, 50, 100, 150, 200, 250, 300, 400, 500)
    alternatives: int = Field(default=3, ge=0)
    replacements: int = Field(default=3, ge=0)
    sensitivity: bool = True
    evidence: tuple[Literal["fair_front", "value_of_information", "pilots"], ...] = ()
    inequality_aversion: float = Field(default=1.0, gt=0, le=20)

    def cost_of(self, kind: str) -> tuple[float, float, float]:
        """What a station in this kind of host costs (yuan), and the band: a cost of the study's own has none but itself."""
        own = self.cost_yuan.get(kind)
        if own is not None:
            return own, own, own
        if kind in kind_costs():
            known = kind_costs()[kind]
            return known.yuan, known.low, known.high
        own = self.default_cost_yuan
        usual = own == type(self).model_fields["default_cost_yuan"].default
        return (own, *COST_BAND_YUAN) if usual else (own, own, own)
