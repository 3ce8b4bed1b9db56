"""The whole study file as one frozen value."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from planner.settings.about import EFFORTS, About
from planner.settings.actions import Actions
from planner.settings.base import Section, refused
from planner.settings.circle import Circle
from planner.settings.demand import Demand
from planner.settings.freight import Freight
from planner.settings.grades import Grading
from planner.settings.groups import Group, Period
from planner.settings.inputs import Inputs, PreviousPlan
from planner.settings.keys.scenarios import Overrides, ScenarioName
from planner.settings.networks import Union, UnionNetwork, in_order
from planner.settings.siting import Siting
from planner.settings.use import Use

__all__ = ["Settings"]


class Settings(Section):
    """The whole study file.

    ``scenarios``: by name, keys of this file with other values (``siting.p = 300``): the same study, changed so. A table is changed key
    by key, a list as a whole; groups, periods and networks go by their name (``groups.rider.total``).
    """

    study: About
    inputs: Inputs
    periods: tuple[Period, ...]
    groups: tuple[Group, ...]
    demand: Demand = Demand()
    circle: Circle = Circle()
    siting: Siting = Siting()
    freight: Freight = Freight()
    use: Use = Use()
    grades: Grading = Grading()
    actions: Actions = Field(default_factory=Actions)
    union: Union = Union()
    networks: tuple[UnionNetwork, ...] = ()
    previous: PreviousPlan | None = None
    scenarios: dict[ScenarioName, Overrides] = Field(default_factory=dict)

    def searching(self, name: str) -> Any:
        """A section with its limits of work, and the clock above them, as the study's ``effort`` has them."""
        own, by = getattr(self, name), EFFORTS[self.study.effort]
        if by == 1 or not hasattr(own, "work_limit"):
            return own
        more = {"time_limit_s": own.time_limit_s * max(1.0, by)} if hasattr(own, "time_limit_s") else {}
        return own.model_copy(update={"work_limit": max(1, round(own.work_limit * by)), **more})

    @model_validator(mode="after")
    def _fits_together(self) -> Settings:
        names = [p.name for p in self.periods]
        if len(set(names)) != len(names):
            raise refused("SET-027")
        if abs(sum(p.hours for p in self.periods) - 24) > 1e-9:
            raise refused("SET-028", hours=format(sum(p.hours for p in self.periods), "g"))
        groups = [g.name for g in self.groups]
        if not groups:
            raise refused("SET-029", names=", ".join(names))
        if len(set(groups)) != len(groups):
            raise refused("SET-030")
        for g in self.groups:
            strange = set(g.profile) - set(names)
            if strange:
                raise refused("SET-031", group=g.name, names=", ".join(sorted(strange)))
        for event in self.demand.events:
            if event.group and event.group not in groups:
                raise refused("SET-035", event=event.name, group=event.group)
        self._names_are_known(groups, names)
        asked, total = self.siting.p, sum(b.count for b in self.siting.batches)
        if self.siting.batches and asked is not None and total != asked:
            raise refused("SET-037", total=total, p=asked)
        return self

    def _names_are_known(self, groups: list[str], periods: list[str]) -> None:
        """Refuse weights and minutes of groups and periods that do not exist."""
        goal = self.siting.goal
        for key, given, known in (
            ("group_weights", goal.group_weights, groups),
            ("period_weights", goal.period_weights, periods),
        ):
            unknown = sorted(set(given) - set(known))
            if unknown:
                raise refused("SET-036", key=key, names=", ".join(unknown), known=", ".join(known))
        strange = sorted(set(self.use.idle_minutes) - set(groups))
        if strange:
            raise refused("SET-048", names=", ".join(strange), known=", ".join(groups))

    @model_validator(mode="after")
    def _names_groups_there_are(self) -> Settings:
        known = [g.name for g in self.groups]
        strange = sorted(set(self.demand.heat_groups) - set(known))
        if strange:
            raise refused("SET-041", names=", ".join(strange), known=", ".join(known))
        return self

    @model_validator(mode="after")
    def _networks_fit_together(self) -> Settings:
        names = [n.name for n in self.networks]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise refused("UNI-002", names=", ".join(twice))
        in_order(self.networks)
        for who in ("siting", "freight"):
            theirs = [n.name for n in self.networks if n.planned_by == who]
            if len(theirs) > 1:
                raise refused("UNI-012", names=", ".join(theirs), value=who)
        groups, periods = [g.name for g in self.groups], [p.name for p in self.periods]
        for n in self.networks:
            for key, given, known in (
                ("people.groups", n.people.groups, groups),
                ("people.periods", n.people.periods, periods),
                ("people.profile", n.people.profile, periods),
                ("open_in", n.open_in, periods),
            ):
                strange = sorted(set(given) - set(known))
                if strange:
                    raise refused(
                        "UNI-007", name=n.name, key=key, names=", ".join(strange), known=", ".join(known)
                    )
            if n.shares_budget and self.union.budget_yuan is None:
                raise refused("UNI-005", name=n.name)
        return self

    @property
    def change_workers(self) -> float:
        """What a change from last year's plan has to be worth, in workers; 0 without one."""
        return 0.0 if self.previous is None else self.previous.change_workers

    @property
    def own_measure(self) -> bool:
        """Whether plans of new stations are compared by something other than covered workers."""
        return self.siting.goal.own_measure or self.change_workers > 0

    @property
    def active_groups(self) -> tuple[Group, ...]:
        """Groups that are switched on."""
        return tuple(g for g in self.groups if g.enabled)

    @property
    def headline_groups(self) -> tuple[Group, ...]:
        """Groups that count in the circle (truck drivers have homes of their own)."""
        return tuple(g for g in self.active_groups if g.in_headline)
