"""How worker density is modelled."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from planner.settings.base import Positive, Section, refused

__all__ = ["Demand", "Event"]


Hour = Annotated[float, Field(ge=0, le=24)]


class Event(Section):
    """Workers who come on top: a new industrial park, a fair. ``polygon`` is (lng, lat) pairs in WGS84."""

    name: str
    polygon: tuple[tuple[float, float], ...] = Field(min_length=3)
    workers: float = Field(ge=0)
    group: str = ""


class Demand(Section):
    """How worker density is modelled; docs/worker-density.md explains each key and where it is from.

    ``ensemble`` draws say how sure the density is. Bands are the distance (``elasticity_band``) or factor (``share_band``)
    from the middle to the 95 % point; ``local_sd`` is the standard deviation of what no covariate explains, on the log
    scale, alike within about ``local_m`` metres, ``far_sd`` that of what is alike within ``far_m``;
    ``rate_correlation`` is the share of the variance of a rate's error that all rates have in common,
    ``field_correlation`` that of what no covariate explains. ``min_observed``: smaller counts are merged or suppressed (of people where
    the records have ``worker_id``, else of records); ``observed_share``: how many of the workers the observations
    hold, where no column ``sampling_share`` says it row by row (unknown if absent); ``observed_at_places``: counts at places, so that
    elsewhere nobody looked. ``piece_m``: workers stand on pieces of walkable street of at most so many metres,
    ``piece_start`` (a share of a piece) says where the first cut lies; cells of ``cell_m``, their corners whole multiples of it
    beside ``cell_origin_m``, only draw and sum. ``homes_elsewhere``: a metre of a street that is not residential houses so many
    of those of one that is. ``thin_venues``: venues of a kind in a district that weigh as much as what is expected of it by its
    residents. ``season``: a season of ``defaults.toml``; on a ``hot`` day (37 to 40 °C) nobody works outdoors in the hours
    ``hottest_h``, on a ``hot_40`` day (40 °C and more) not at all, of the groups ``heat_groups`` (none named: those that count in
    the circle).
    """

    cell_m: Positive = 200
    cell_origin_m: tuple[float, float] = (0.0, 0.0)
    piece_m: float = Field(default=100.0, ge=5)
    piece_start: float = Field(default=0.0, ge=0, lt=1)
    homes_elsewhere: float = Field(default=0.2, ge=0)
    thin_venues: float = Field(default=20.0, ge=0)
    min_observed: int = Field(default=3, ge=1)
    observed_share: float | None = Field(default=None, gt=0, le=1)
    observed_at_places: bool = False
    ensemble: int = Field(default=100, ge=2)
    level: Literal["auto", "weights", "regression", "surface"] = "auto"
    smooth: bool = True
    bandwidth_m: float | None = Field(default=None, ge=0)
    share_band: float = Field(default=1.5, ge=1)
    elasticity_band: float = Field(default=0.2, ge=0, le=0.9)
    local_sd: float = Field(default=0.5, ge=0, le=3)
    local_m: Positive = 1000
    far_sd: float = Field(default=0.5, ge=0, le=3)
    far_m: Positive = 6000
    field_correlation: float = Field(default=0.15, ge=0, le=1)
    rate_correlation: float = Field(default=0.6, ge=0, le=1)
    district_totals: dict[str, float] = Field(default_factory=dict)
    season: Literal["", "summer", "winter", "spring_festival", "hot", "hot_40"] = ""
    hottest_h: tuple[Hour, Hour] = (12.0, 15.0)
    heat_groups: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()

    @field_validator("hottest_h")
    @classmethod
    def _begins_before_it_ends(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[0] >= value[1]:
            raise refused("SET-040", first=format(value[0], "g"), second=format(value[1], "g"))
        return value

    @property
    def off_h(self) -> tuple[float, float] | None:
        """Hours in which nobody of the circle is out: the hottest of a hot day, where all its groups keep the heat rule."""
        return self.hottest_h if self.season == "hot" and not self.heat_groups else None
