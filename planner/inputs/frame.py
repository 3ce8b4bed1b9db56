"""What the inputs must know of the streets: their CRS, where they lie, and points to tell a datum by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from planner.inputs.places.datum import StreetDistance

__all__ = ["StreetFrame"]


@dataclass(frozen=True, eq=False)
class StreetFrame:
    """The streets that count, as far as other inputs are judged by them.

    Attributes
    ----------
    crs
        Metric CRS of the streets, which is the study's.
    box
        Box around the streets that count (in ``crs``); None where none does.
    hull
        Their convex hull and 200 m around it (in ``crs``): the area of a study that names no districts.
    sample
        n × 2 WGS84 degrees (lng, lat) along streets: the datum of a list is told by them where ``metres`` is not given.
    metres
        Metres from places (lng, lat, WGS84 degrees) to the nearest street line.
    """

    crs: str
    box: shapely.Geometry | None
    hull: shapely.Geometry
    sample: npt.NDArray[np.float64]
    metres: StreetDistance | None = None

    @property
    def streets(self) -> npt.NDArray[np.float64] | StreetDistance:
        """What the datum of a list is told by."""
        return self.sample if self.metres is None else self.metres
