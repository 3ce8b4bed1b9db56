"""What "within ten minutes" means."""

from __future__ import annotations

from pydantic import Field, model_validator

from planner.settings.base import Positive, Section, Share, refused

__all__ = ["Circle"]


class Circle(Section):
    """What "within ten minutes" means, and the readings printed beside it.

    ``open_share``: a station serves a period of the day that it is open for at least this share of. ``hours_kept``: share of
    the stated hours in which a door is found open, with its band, where the list of stations (its column ``hours_kept``)
    does not say; ``hours_kept_source``: whose figure that is.
    """

    minutes: Positive = 10
    walk_kmh: Positive = 4.0
    readings_m: tuple[Positive, ...] = Field(default=(500, 667, 833), min_length=1)
    snap_limit_m: Positive = 100
    open_share: Share = 0.5
    hours_kept: Share = 1.0
    hours_kept_band: tuple[Share, Share] = (0.7, 1.0)
    hours_kept_source: str = ""
    speeds_kmh: dict[str, Positive] = Field(default_factory=lambda: {"ebike": 15.0})
    turn_restrictions: bool = True  # of the street file, for cars and trucks
    source: str = ""

    @model_validator(mode="after")
    def _band_holds_the_share(self) -> Circle:
        low, high = self.hours_kept_band
        if not low <= self.hours_kept <= high:
            low_, value, high_ = (format(v, "g") for v in (low, self.hours_kept, high))
            raise refused("SET-039", low=low_, value=value, high=high_)
        return self

    @property
    def cutoff_s(self) -> float:
        """The circle's minutes in seconds."""
        return self.minutes * 60.0

    @property
    def walk_m(self) -> float:
        """The circle's minutes in metres on foot."""
        return self.walk_kmh * 1000 / 60 * self.minutes
