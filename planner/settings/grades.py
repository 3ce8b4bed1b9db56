"""Grades, subsidy and inspection of the stations there are: what is flagged, and from which day is counted."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field, field_validator

from planner.settings.base import Positive, Section, Share, refused

__all__ = ["Grading"]


class Grading(Section):
    """How stations are graded and reviewed; the rules themselves are a table, ``inputs.grades`` (else planner's own).

    ``enabled``: whether a run's products tell it. ``reference_date``: the day from which inspections are counted (2024-01-31);
    without it, the latest ``snapshot_date`` of the station lists. ``low_visits_per_day``: a station with fewer is flagged, as is one
    with ``complaints`` or more, or that keeps less than ``least_hours_kept`` of its posted hours; it is inspected within
    ``review_months``. ``subsidy_yuan``: by grade, before the table's; ``source``: whose sums these are.
    """

    enabled: bool = False
    reference_date: str = ""
    low_visits_per_day: float = Field(default=1.0, ge=0)
    complaints: int = Field(default=3, ge=1)
    least_hours_kept: Share = 0.8
    review_months: Positive = 1.0
    subsidy_yuan: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    source: str = ""

    @field_validator("reference_date")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        try:
            return value and dt.date.fromisoformat(value).isoformat()
        except ValueError as error:
            raise refused("GRD-013", day=value) from error
