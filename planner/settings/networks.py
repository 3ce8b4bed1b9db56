"""The union's other networks of places: what each has, where it may stand, whom it is for, and how many are wanted.

A network that is common in the unions is a ready entry of ``networks.toml``: ``use = "mothers"`` takes it, and every
key given beside ``use`` takes the place of the entry's own.
"""

from __future__ import annotations

import difflib
import functools
import tomllib
from collections.abc import Sequence
from importlib import resources
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from planner.settings.base import Count, Positive, Section, Share, refused
from planner.settings.groups import Mode
from planner.settings.inputs import Table
from planner.tables import HOST_KINDS

__all__ = ["NetworkPeople", "Union", "UnionNetwork", "in_order", "named", "ready_networks"]

Weight = Annotated[float, Field(ge=0)]


@functools.cache
def ready_networks() -> dict[str, dict[str, Any]]:
    """The ready entries by name, as the study file would say them."""
    text = resources.files("planner.settings").joinpath("networks.toml").read_text("utf-8")
    return {entry["name"]: entry for entry in tomllib.loads(text)["networks"]}


class NetworkPeople(Section):
    """Whom a network is for; nothing given: the headline's groups, each worker once.

    ``groups``: how much a worker of each group of the study counts (those not named: not at all); ``periods``: only
    those of the day (empty: all). Instead, or beside them, a mix of its own: ``per_1000_residents`` people per 1,000 residents, a
    share of whom stands at hosts of a kind (``at_hosts``), the others at home; ``profile``: their share per period (empty:
    they come at any hour, and opening hours do not count). ``band``: low and high of their number, as factors.
    """

    groups: dict[str, Weight] = Field(default_factory=dict)
    periods: tuple[str, ...] = ()
    per_1000_residents: float | None = Field(default=None, ge=0)
    at_hosts: dict[str, Share] = Field(default_factory=dict)
    profile: dict[str, Share] = Field(default_factory=dict)
    band: tuple[Positive, Positive] = (0.7, 1.3)
    source: str = ""

    @field_validator("at_hosts")
    @classmethod
    def _no_more_than_all(cls, value: dict[str, float]) -> dict[str, float]:
        if sum(value.values()) > 1 + 1e-9:
            raise refused("UNI-010", total=format(sum(value.values()), "g"))
        return _known_kinds(value)

    @field_validator("profile")
    @classmethod
    def _profile_sums_to_one(cls, value: dict[str, float]) -> dict[str, float]:
        if value and abs(sum(value.values()) - 1) > 1e-6:
            raise refused("SET-026", total=format(sum(value.values()), ".6g"))
        return value

    @field_validator("band")
    @classmethod
    def _band_holds_one(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not value[0] <= 1 <= value[1]:
            raise refused("UNI-011", low=format(value[0], "g"), high=format(value[1], "g"))
        return value


class UnionNetwork(Section):
    """A network of places of the union, or of a partner.

    ``use``: the ready entry it is taken from. ``planned_by``: ``here``; ``siting`` or ``freight`` where the study's own
    plan of stations or of driver homes says what is built. ``directory``: only shown and counted. ``review``: an existing
    list is looked through for places that are redundant or alone. ``partner``: another body's, counted in the circle where ``union.count_partners`` says so.
    ``lists``: files of the places there are; ``reported``: how many there are said to be.
    ``host_kinds`` a new place may stand in, ``near_m``: only with a venue of a kind this near (straight line), ``open_in``: only
    where the host is open in these periods, ``only_on``: only on a place of another network (its name or title), ``apart_m``:
    so far (straight line) from the network's other places. ``wanted``: new places; exactly so many, or at most with a budget:
    ``budget_yuan`` of its own, or ``shares_budget``: of ``union.budget_yuan``, in which a person of this network counts ``worth``.
    ``cost_yuan`` of a place, ``kind_cost_yuan`` by kind of host. ``minutes`` by ``mode`` at most, from its people to a place.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")
    use: str = ""
    title_zh: str = ""
    title_en: str = ""
    planned_by: Literal["here", "siting", "freight"] = "here"
    directory: bool = False
    review: bool = False
    partner: bool = False
    lists: tuple[Table, ...] = ()
    reported: Count | None = None
    host_kinds: tuple[str, ...] = ()
    near_m: dict[str, Positive] = Field(default_factory=dict)
    open_in: tuple[str, ...] = ()
    only_on: str = ""
    apart_m: float = Field(default=0, ge=0)
    wanted: Count | None = None
    people: NetworkPeople = NetworkPeople()
    mode: Mode = "walk"
    minutes: Positive = 10
    worth: Weight = 1.0
    cost_yuan: Positive = 8000
    cost_band_yuan: tuple[Positive, Positive] = (6250, 26700)
    kind_cost_yuan: dict[str, Positive] = Field(default_factory=dict)
    budget_yuan: float | None = Field(default=None, ge=0)
    shares_budget: bool = False
    source: str = ""
    confidence: Literal["H", "M", "L", ""] = ""

    @model_validator(mode="before")
    @classmethod
    def _from_ready(cls, given: Any) -> Any:
        """The ready entry of ``use``, with what is given in the place of its own."""
        if not isinstance(given, dict) or not isinstance(given.get("use"), str) or not given["use"]:
            return given
        ready, wanted = ready_networks(), given["use"]
        if wanted not in ready:
            titles = {t: n for n, e in ready.items() for t in (n, e["title_zh"], e["title_en"])}
            near = difflib.get_close_matches(wanted, titles, n=1, cutoff=0.0)
            raise refused("UNI-001", value=wanted, nearest=titles[near[0]], known=", ".join(ready))
        return {**ready[wanted], **given}

    @field_validator("host_kinds", "near_m", "kind_cost_yuan")
    @classmethod
    def _kinds_there_are(cls, value: Any) -> Any:
        return _known_kinds(value)

    @model_validator(mode="after")
    def _fits_together(self) -> UnionNetwork:
        asked = self.wanted is not None or self.budget_yuan is not None or self.shares_budget
        if asked and (self.directory or self.review or self.planned_by != "here"):
            raise refused("UNI-008", name=self.name)
        if self.shares_budget and self.budget_yuan is not None:
            raise refused("UNI-006", name=self.name)
        if asked and not self.host_kinds and not self.only_on:
            raise refused("UNI-009", name=self.name)
        low, high = self.cost_band_yuan
        if low > high:
            raise refused("UNI-011", low=format(low, "g"), high=format(high, "g"))
        return self

    @property
    def planned(self) -> bool:
        """Whether new places are planned here."""
        return self.wanted is not None or self.budget_yuan is not None or self.shares_budget

    @property
    def exact(self) -> bool:
        """Whether exactly ``wanted`` places are planned: no budget limits them."""
        return self.wanted is not None and self.budget_yuan is None and not self.shares_budget

    def title(self, language: str) -> str:
        """What it is called in ``"zh"`` or ``"en"``."""
        return (self.title_zh if language == "zh" else self.title_en) or self.name

    def cost_of(self, kind: str) -> float:
        """Cost of a place in a kind of host (yuan)."""
        return self.kind_cost_yuan.get(kind, self.cost_yuan)


class Union(Section):
    """What all networks of the union share.

    ``in_run``: whether ``planner run`` plans and shows them too (else only ``planner networks`` does). ``budget_yuan``: of all networks
    that share it. ``double_m``: places of two networks this near are told as double service. ``count_partners``: whether partners'
    places count in the circle. ``gap``, ``work_limit``, ``time_limit_s``: how hard to look, as in ``[siting]``.
    """

    in_run: bool = False
    budget_yuan: float | None = Field(default=None, ge=0)
    double_m: Positive = 100
    count_partners: bool = False
    gap: float = Field(default=1e-4, ge=0)
    work_limit: int = Field(default=40, ge=1)
    time_limit_s: Positive = 120.0


def _known_kinds(value: Any) -> Any:
    """The same kinds of hosts, if there are such."""
    for kind in value:
        if kind not in HOST_KINDS:
            near = difflib.get_close_matches(kind, HOST_KINDS, n=1, cutoff=0.0)[0]
            raise refused("UNI-013", kind=kind, nearest=near)
    return value


def named(networks: Sequence[UnionNetwork], name: str) -> UnionNetwork | None:
    """The network of a name or title; None where there is none."""
    return next((n for n in networks if name in (n.name, n.title_zh, n.title_en)), None)


def in_order(networks: Sequence[UnionNetwork]) -> tuple[UnionNetwork, ...]:
    """The networks, each after the one it may only stand on.

    Raises
    ------
    PydanticCustomError
        A network of that name does not exist (UNI-003), or they stand on each other in a circle (UNI-004).
    """
    done: list[UnionNetwork] = []
    for start in networks:
        path: list[UnionNetwork] = []
        one: UnionNetwork | None = start
        while one is not None and one not in done:
            if one in path:
                names = [n.name for n in path[path.index(one) :]]
                raise refused("UNI-004", names=" → ".join([*names, one.name]))
            path.append(one)
            if not one.only_on:
                break
            below = named(networks, one.only_on)
            if below is None:
                others = [n for n in networks if n is not one]
                known = {t: n.name for n in others for t in (n.name, n.title_zh, n.title_en) if t} or {
                    "–": "–"
                }
                near = difflib.get_close_matches(one.only_on, known, n=1, cutoff=0.0)[0]
                raise refused("UNI-003", name=one.name, value=one.only_on, nearest=known[near])
            one = below
        done += reversed(path)
    return tuple(done)
