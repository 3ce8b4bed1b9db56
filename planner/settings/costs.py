"""What a station costs by the kind of its host, where a study does not say (``costs.csv``): assumptions with bands.

No price by kind is published. What is: the mean of 62,500 new stations, nearly all in shared rooms (7,200 yuan), of
Shandong's (9,874), of all stations of the country, self-built ones among them (17,666), and of single places (6,250 to
26,700). A kind takes the mean of the stations it is most like; ``like`` names the reason printed beside it.
"""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from importlib import resources
from typing import Literal

__all__ = ["COST_BAND_YUAN", "KindCost", "kind_costs"]

#: Least and most that stations have cost in one place or another: the band of a kind that is not in the table.
COST_BAND_YUAN = (6250.0, 26700.0)


@dataclass(frozen=True, slots=True)
class KindCost:
    """Cost of a station in one kind of host (yuan) with its band; ``like``: the kind of reason."""

    yuan: float
    low: float
    high: float
    confidence: Literal["H", "M", "L"]
    like: str


@functools.cache
def kind_costs() -> dict[str, KindCost]:
    """Cost by kind of host."""
    text = resources.files("planner.settings").joinpath("costs.csv").read_text("utf-8")
    return {
        r["kind"]: KindCost(float(r["yuan"]), float(r["low"]), float(r["high"]), r["confidence"], r["like"])  # type: ignore[arg-type]
        for r in csv.DictReader(text.splitlines())
    }
