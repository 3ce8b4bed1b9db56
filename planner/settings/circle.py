"""What "within ten minutes" means."""

from __future__ import annotations

from pydantic import Field

from planner.settings.base import Positive, Section, Share

__all__ = ["Circle"]


class Circle(Section):
    """What "within ten minutes" means, and the readings printed beside it."""

    minutes: Positive = 10
    walk_kmh: Positive = 4.0
    readings_m: tuple[Positive, ...] = Field(default=(500, 667, 833), min_length=1)
    snap_limit_m: Positive = 100
    open_share: Share = 0.5
    speeds_kmh: dict[str, Positive] = Field(default_factory=lambda: {"ebike": 15.0})
    turn_restrictions: bool = True  # of the street file, for cars and trucks
    source: str = ""

    @property
    def cutoff_s(self) -> float:
        """The circle's minutes in seconds."""
        return self.minutes * 60.0

    @property
    def metres(self) -> float:
        """How far one walks in the circle's minutes."""
        return self.cutoff_s * self.walk_kmh / 3.6
