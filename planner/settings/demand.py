"""How worker density is modelled."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from planner.settings.base import Positive, Section

__all__ = ["Demand", "Event"]


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
    ``field_correlation`` that of what no covariate explains. ``min_observed``: smaller counts are merged or suppressed;
    ``piece_m``: workers stand on pieces of walkable street of at most so many metres, ``piece_start`` (a share of a piece) says
    where the first cut lies; cells of ``cell_m``, their corners whole multiples of it beside ``cell_origin_m``, only draw and
    sum. ``homes_elsewhere``: a metre of a street that is not residential houses so many of those of one that is.
    ``thin_venues``: venues of a kind in a district that weigh as much as what is expected of it by its residents.
    ``observed_share``: how many of the workers the observations hold (unknown if absent);
    ``observed_at_places``: counts at places, so that elsewhere nobody looked.
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
    season: Literal["", "summer", "winter", "spring_festival"] = ""
    events: tuple[Event, ...] = ()
