"""From coverage to use: what is assumed of workers' choices, each with a band and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, field_validator, model_validator

from planner.settings.base import Count, Positive, Section, Share, refused

__all__ = ["IDLE_MINUTES", "TRAIT_PRIORS", "TraitPrior", "Use"]


@dataclass(frozen=True, slots=True)
class TraitPrior:
    """What is assumed of a trait of stations: the factor on the odds of going there, how many have it where not stated."""

    factor: float
    share: float
    trust: Literal["M", "L"]


#: By trait (:data:`planner.inputs.kit.TRAITS`). That toilets matter most is known (Suzhou's call for remarks, 2025: their lack is the
#: first complaint), by how much is our own assumption, as are the others. Shares: kit of the federation's standard (water; toilet
#: where possible), battery swap at 2,000 of 186,100 stations (CCTV 2025-01), signs as for public toilets in Nanjing (38 %).
TRAIT_PRIORS = {
    "toilet": TraitPrior(2.0, 0.4, "M"),
    "water": TraitPrior(1.3, 0.95, "L"),
    "parking": TraitPrior(1.3, 0.5, "L"),
    "battery": TraitPrior(1.5, 0.01, "L"),
    "findable": TraitPrior(3.0, 0.38, "L"),
}
#: Idle minutes a day by group, and of any other: own assumptions (riders wait for orders; sweepers rest between rounds).
IDLE_MINUTES = {"rider": 60.0, "courier": 40.0, "ride_hail": 60.0, "sanitation": 90.0, "traffic_police": 45.0}
OTHER_IDLE_MINUTES = 60.0


class Use(Section):
    """How workers choose among the stations in reach, and staying away.

    ``visits_per_day``: of an open station today, where none are counted (``visits_band``: its 5 % and 95 % points).
    ``halving_minutes`` (``halving_band``): so many more minutes on foot halve the odds of going. The share of
    its posted hours that a station is really open is the circle's (``circle.hours_kept``), where the list does not say. ``factor``: by trait, what it multiplies the odds by (``factor_band``: up and down by so much); ``share``: of the
    stations that have it where the list does not say. ``idle_minutes`` a day by group (``idle_band`` up and down), of
    ``visit_minutes`` each: so many occasions to come. ``least_counted``: stations with visits from which on a fit is
    tried; ``block_m``: stations of a square of so many metres are withheld together. ``draws``: of the bands.
    """

    enabled: bool = True
    visits_per_day: Positive = 3.1
    visits_band: tuple[Positive, Positive] = (0.8, 12.4)
    halving_minutes: Positive = 4.0
    halving_band: tuple[Positive, Positive] = (2.0, 8.0)
    factor: dict[str, Positive] = Field(default_factory=dict)
    factor_band: float = Field(default=1.6, ge=1)
    share: dict[str, Share] = Field(default_factory=dict)
    idle_minutes: dict[str, Positive] = Field(default_factory=dict)
    idle_band: float = Field(default=1.5, ge=1)
    visit_minutes: Positive = 20.0
    least_counted: int = Field(default=20, ge=4)
    block_m: Positive = 2000.0
    draws: Count = 30
    source: str = ""

    @field_validator("factor", "share")
    @classmethod
    def _traits_are_known(cls, value: dict[str, float]) -> dict[str, float]:
        strange = sorted(set(value) - set(TRAIT_PRIORS))
        if strange:
            raise refused("SET-046", names=", ".join(strange), known=", ".join(TRAIT_PRIORS))
        return value

    @model_validator(mode="after")
    def _bands_hold_their_values(self) -> Use:
        for key, (low, high), value in (
            ("visits_band", self.visits_band, self.visits_per_day),
            ("halving_band", self.halving_band, self.halving_minutes),
        ):
            if not low <= value <= high:
                raise refused(
                    "SET-047", key=f"use.{key}", value=f"{value:g}", low=f"{low:g}", high=f"{high:g}"
                )
        return self

    def factor_of(self, trait: str) -> float:
        """What a trait multiplies the odds by."""
        return self.factor.get(trait, TRAIT_PRIORS[trait].factor)

    def share_of(self, trait: str) -> float:
        """Share of the stations with a trait, where the list does not say."""
        return self.share.get(trait, TRAIT_PRIORS[trait].share)

    def idle_of(self, group: str) -> float:
        """Idle minutes a day of a group."""
        return self.idle_minutes.get(group, IDLE_MINUTES.get(group, OTHER_IDLE_MINUTES))

    def occasions_of(self, group: str) -> float:
        """Occasions a day to come to a station, of a worker of a group."""
        return self.idle_of(group) / self.visit_minutes
