"""The files of a study: where each is, how to read it, which datum and CRS it is in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from planner.settings.base import Positive, Section, Share, refused

__all__ = ["Crs", "Datum", "FileCrs", "Inputs", "Population", "PreviousPlan", "Streets", "Table"]


Datum = Literal["wgs84", "cgcs2000", "gcj02", "bd09", "column"]


def _known_crs(name: str | None) -> str | None:
    """The name of a CRS that PROJ knows."""
    import pyproj

    try:
        pyproj.CRS.from_user_input(name) if name not in (None, "auto") else None
    except pyproj.exceptions.CRSError as error:
        raise refused("SET-023", name=str(name)) from error
    return name


def _metric_crs(name: str) -> str:
    """The word auto, or the name of a projected CRS in metres."""
    import pyproj

    if _known_crs(name) == "auto":
        return name
    crs = pyproj.CRS.from_user_input(name)
    if not crs.is_projected or {axis.unit_name for axis in crs.axis_info} != {"metre"}:
        raise refused("SET-024", name=name)
    return name


Crs = Annotated[str, AfterValidator(_metric_crs)]


FileCrs = Annotated[str | None, AfterValidator(_known_crs)]


def _whole_path(path: Path) -> Path:
    """A path without NUL, which no system takes."""
    if "\x00" in str(path):
        raise refused("SET-005", value=str(path))
    return path


FilePath = Annotated[Path, AfterValidator(_whole_path)]


class Table(Section):
    """A file with rows: where it is, how to read it, which datum its coordinates are in."""

    path: FilePath
    crs: FileCrs = None
    datum: Datum | None = None
    sheet: str | None = None
    layer: str | None = None
    header_row: int | None = Field(default=None, ge=1)
    encoding: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    swap: bool = False
    max_missing_share: Share = 0.05


class Streets(Section):
    """The street file: .osm, .osm.pbf, .graphml, or lines (.geojson, .gpkg, .shp)."""

    path: FilePath
    crs: FileCrs = None
    margin_m: float = Field(default=1000, ge=0)


class Population(Section):
    """Residents: a grid of points or cells, the buildings of an OSM file, or district totals alone."""

    kind: Literal["grid", "buildings", "districts"] = "districts"
    path: FilePath | None = None
    column: str = "population"
    crs: FileCrs = None
    total: float | None = Field(default=None, gt=0)


class Inputs(Section):
    """The files of a study; only streets and an area (districts) are needed to begin."""

    streets: Streets
    districts: Table | None = None
    towns: Table | None = None
    stations: tuple[Table, ...] = ()
    hosts: Table | None = None
    population: Population = Population()
    observations: Table | None = None
    visits: Table | None = None
    grades: Table | None = None
    grade_costs: Table | None = None
    truck_counts: Table | None = None
    truck_sites: Table | None = None
    driver_homes: tuple[Table, ...] = ()


class PreviousPlan(Section):
    """Last year's plan; README, "The year after", explains each key.

    ``run``: a run's folder, its ``run.json``, or a list of sites read like stations (``datum``: of its coordinates); ``within_m``: an
    earlier site stands where a candidate, or a station opened since, is so near (straight line). ``change_workers``: what the plan
    did before counts so many workers more than what it did not, so that a change has to be worth that.
    """

    run: Path
    datum: Datum = "wgs84"
    within_m: Positive = 50.0
    change_workers: float = Field(default=0.0, ge=0)

    @property
    def files(self) -> tuple[Path, ...]:
        """The file that is read, first; beside a ``run.json`` the layers of the same run, where an older one has them."""
        run = self.run / "run.json" if self.run.is_dir() else self.run
        beside = run.with_name("plan.gpkg")
        return (run, beside) if run.suffix.lower() == ".json" and beside.is_file() else (run,)
