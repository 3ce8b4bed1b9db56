"""What the union's networks assume: whom each is for, how near, what a place costs, as rows of the assumptions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from planner.settings.networks import NetworkPeople, UnionNetwork, ready_networks
from planner.settings.whole import Settings
from planner.telling.words.names import group_label, host_label, period_labels
from planner.telling.words.numbers import percent
from planner.telling.words.phrases import phrase, translated

__all__ = ["network_assumptions"]

#: (parameter, value, unit, low, high, basis, trust, key)
Row = tuple[str, float | str, str, float | None, float | None, str, str, str]


def network_assumptions(settings: Settings) -> Iterator[Row]:
    """Rates, shares, minutes, distances, costs and numbers of every network of the study, with bands and sources."""
    for one in settings.networks:
        ready = ready_networks().get(one.use, {})
        yield from _people(settings, one, ready.get("people", {}))
        yield from _places(settings, one, ready)


def _basis(source: str, ours: bool, language: str) -> str:
    """Why a value is what it is: the source, where it is the source's value, else that the study says so."""
    return (translated(source, language) if ours and source else "") or phrase("why_user", language)


def _people(settings: Settings, one: UnionNetwork, ready: dict[str, Any]) -> Iterator[Row]:
    """Whom it is for; nothing given: the headline's groups."""
    language, people, key = settings.study.language, one.people, f"networks.{one.name}.people"

    def row(name: str, value: float | str, unit: str = "", band: tuple[float, float] | None = None) -> Row:
        own = _value_of(ready, name) if name in ready else None
        ours = own is not None and own == _value_of(people.model_dump(), name)
        low, high = band or (None, None)
        basis = _basis(
            people.source or one.source, ours or people.source != ready.get("source", ""), language
        )
        words = phrase(f"unit_{unit}", language) if unit else ""
        return (_named(one, f"par_network_{name}", language), value, words, low, high, basis, "L" if ours else "", f"{key}.{name}")  # fmt: skip

    if people == NetworkPeople():
        told = phrase("union_headline_people", language)
        yield (
            _named(one, "par_network_groups", language),
            told,
            "",
            None,
            None,
            phrase("why_network_headline", language),
            "",
            key,
        )
        return
    if people.groups:
        counted = [f"{group_label(g, settings)} {w:g}" for g, w in people.groups.items()]
        yield row("groups", "\n".join(counted))
    if people.per_1000_residents is not None:
        rate = people.per_1000_residents
        yield row(
            "per_1000_residents",
            rate,
            "per_1000",
            (round(rate * people.band[0], 4), round(rate * people.band[1], 4)),
        )
    if people.at_hosts:
        yield row(
            "at_hosts",
            "\n".join(f"{host_label(k, language)} {percent(v, 0)}" for k, v in people.at_hosts.items()),
        )
    labels = period_labels(settings)
    if people.periods:
        yield row("periods", "\n".join(labels.get(p, p) for p in people.periods))
    if people.profile:
        yield row(
            "profile", "\n".join(f"{labels.get(p, p)} {percent(v, 0)}" for p, v in people.profile.items())
        )


def _value_of(section: dict[str, Any], name: str) -> Any:
    """A value of a section, lists as tuples."""
    value = section.get(name)
    return tuple(value) if isinstance(value, list) else value


def _places(settings: Settings, one: UnionNetwork, ready: dict[str, Any]) -> Iterator[Row]:
    """Minutes, distances, costs, numbers, worth."""
    language, given = settings.study.language, one.model_dump()

    def row(
        name: str,
        value: float | str,
        unit: str = "",
        band: tuple[float, float] | None = None,
        trust: str = "L",
    ) -> Row:
        default = UnionNetwork.model_fields[name].get_default(call_default_factory=True)
        preset = name not in ready and given[name] == default
        ours = preset or (name in ready and _value_of(ready, name) == _value_of(given, name))
        low, high = band or (None, None)
        basis = (
            phrase(f"why_network_{name}", language)
            if preset
            else _basis(one.source, ours or one.source != ready.get("source", ""), language)
        )
        words = phrase(f"unit_{unit}", language) if unit else ""
        return (_named(one, f"par_network_{name}", language), value, words, low, high, basis, trust if ours else "", f"networks.{one.name}.{name}")  # fmt: skip

    if one.reported is not None:
        yield row("reported", one.reported, "sites", trust=one.confidence)
    if one.directory:
        return
    if one.planned_by == "here":
        mode = phrase(f"mode_{one.mode}", language)
        yield row("minutes", f"{one.minutes:g} ({mode})", "min")
    if not one.planned:
        return
    if one.wanted is not None:
        yield row("wanted", one.wanted, "sites", trust=one.confidence)
    if one.budget_yuan is not None:
        yield row("budget_yuan", one.budget_yuan, "yuan")
    yield row("cost_yuan", one.cost_yuan, "yuan", _held(one))
    for kind, cost in sorted(one.kind_cost_yuan.items()):
        name = phrase(
            "par_network_kind_cost", language, title=one.title(language), kind=host_label(kind, language)
        )
        why = _basis(one.source, ready.get("kind_cost_yuan", {}).get(kind) == cost, language)
        yield (name, cost, phrase("unit_yuan", language), None, None, why, "", f"networks.{one.name}.kind_cost_yuan.{kind}")  # fmt: skip
    if one.apart_m:
        yield row("apart_m", one.apart_m, "m")
    for kind, metres in sorted(one.near_m.items()):
        name = phrase(
            "par_network_near", language, title=one.title(language), kind=host_label(kind, language)
        )
        why = _basis(one.source, ready.get("near_m", {}).get(kind) == metres, language)
        yield (name, metres, phrase("unit_m", language), None, None, why, "L", f"networks.{one.name}.near_m.{kind}")  # fmt: skip
    if one.shares_budget:
        yield row("worth", one.worth)


def _held(one: UnionNetwork) -> tuple[float, float] | None:
    """The band of what a place costs, where it holds the cost."""
    low, high = one.cost_band_yuan
    return (low, high) if low <= one.cost_yuan <= high else None


def _named(one: UnionNetwork, key: str, language: str) -> str:
    return f"{one.title(language)} · {phrase(key, language)}"
