"""Groups of outdoor workers and the periods of their day."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from planner.settings.base import Positive, Section, Share, refused

__all__ = ["Group", "Mode", "Period"]


Mode = Literal["walk", "ebike", "car", "truck"]


class Period(Section):
    """A part of the day, ``[start_h, end_h)``; the night may pass midnight (22 to 6)."""

    name: str = Field(pattern=r"^[a-z0-9_]{1,20}$")
    start_h: float = Field(ge=0, lt=24)
    end_h: float = Field(gt=0, le=24)

    @property
    def hours(self) -> float:
        """Length in hours."""
        return (self.end_h - self.start_h) % 24 or 24.0

    @property
    def label(self) -> str:
        """``"06:00–10:00"``."""
        return "–".join(f"{int(h):02d}:{round(h % 1 * 60):02d}" for h in (self.start_h, self.end_h))


class Group(Section):
    """A group of outdoor workers and what is assumed of it, with the source of each figure."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")
    name_zh: str = ""
    name_en: str = ""
    enabled: bool = True
    rate_per_1000: float | None = Field(default=None, ge=0)
    total: float | None = Field(default=None, ge=0)
    totals: dict[str, float] = Field(default_factory=dict)
    district_rates_per_1000: dict[str, float] = Field(default_factory=dict)
    band_low: float = Field(default=0.7, ge=0, le=1)
    band_high: float = Field(default=1.3, ge=1)
    mode: Mode = "walk"
    second_mode: Mode | None = None
    minutes: Positive = 10
    in_headline: bool = True
    profile: dict[str, Share]
    covariates: dict[str, float] = Field(default_factory=dict)
    elasticities: dict[str, float] = Field(default_factory=dict)
    source: str = ""
    confidence: Literal["H", "M", "L", ""] = ""

    @field_validator("profile")
    @classmethod
    def _profile_sums_to_one(cls, value: dict[str, float]) -> dict[str, float]:
        if abs(sum(value.values()) - 1) > 1e-6:
            raise refused("SET-026", total=format(sum(value.values()), ".6g"))
        return value

    def label(self, language: str) -> str:
        """Name of the group in the language asked for."""
        return (self.name_zh if language == "zh" else self.name_en) or self.name
