"""The study file: every choice and assumption of a plan, in one TOML file.

Models are frozen and refuse unknown keys. Every rate, speed and share carries its source beside
it; what a study leaves out comes from ``planner/defaults.toml``, which is written the same way.
"""

from __future__ import annotations

import difflib
import functools
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from planner.errors import Finding, SettingsError, finding
from planner.settings_base import Positive, Section, Share, refused, told
from planner.settings_freight import Freight
from planner.settings_siting import Batch, Goal, Siting

__all__ = [
    "About", "Batch", "Circle", "Datum", "Demand", "Event", "Freight", "Goal", "Group", "Inputs", "Mode", "Period",
    "Population", "Section", "Settings", "Siting", "Streets", "Table", "defaults", "parse_settings", "read_settings",
]  # fmt: skip

Datum = Literal["wgs84", "cgcs2000", "gcj02", "bd09", "column"]
Mode = Literal["walk", "ebike", "car", "truck"]


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


class About(Section):
    """What the study is called, its language, its CRS and its seed."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$")
    title_zh: str = ""
    title_en: str = ""
    language: Literal["zh", "en"] = "zh"
    crs: Crs = "auto"
    seed: int = Field(default=20240124, ge=0)
    accept_gap: float = Field(default=0.002, ge=0)
    synthetic: bool = False
    synthetic_note_zh: str = ""
    synthetic_note_en: str = ""
    map_approval_no: str = ""

    @field_validator("name")
    @classmethod
    def _name_is_a_folder(cls, value: str) -> str:
        devices = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}
        if value.lower() in devices:
            raise refused("SET-025", name=value)
        return value

    def title(self) -> str:
        """The title in the study's language, or its name."""
        return (self.title_zh if self.language == "zh" else self.title_en) or self.name


class Table(Section):
    """A file with rows: where it is, how to read it, which datum its coordinates are in."""

    path: Path
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

    path: Path
    crs: FileCrs = None
    margin_m: float = Field(default=1000, ge=0)


class Population(Section):
    """Residents: a grid of points or cells, the buildings of an OSM file, or district totals alone."""

    kind: Literal["grid", "buildings", "districts"] = "districts"
    path: Path | None = None
    column: str = "population"
    crs: FileCrs = None
    total: float | None = Field(default=None, gt=0)


class Inputs(Section):
    """The files of a study; only streets and an area (districts) are needed to begin."""

    streets: Streets
    districts: Table | None = None
    stations: tuple[Table, ...] = ()
    hosts: Table | None = None
    population: Population = Population()
    observations: Table | None = None
    truck_counts: Table | None = None
    truck_sites: Table | None = None
    driver_homes: tuple[Table, ...] = ()


class Period(Section):
    """A part of the day, ``[start_h, end_h)``; the night may pass midnight (22 to 6)."""

    name: str = Field(pattern=r"^[a-z0-9_]{1,20}$")
    start_h: float = Field(ge=0, lt=24)
    end_h: float = Field(gt=0, le=24)

    @property
    def hours(self) -> float:
        """Length in hours."""
        return (self.end_h - self.start_h) % 24 or 24.0


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


class Event(Section):
    """Workers who come on top: a new industrial park, a fair. ``polygon`` is (lng, lat) pairs in WGS84."""

    name: str
    polygon: tuple[tuple[float, float], ...] = Field(min_length=3)
    workers: float = Field(ge=0)
    group: str = ""


class Demand(Section):
    """How worker density is modelled; docs/worker-density.md explains each key and where it is from.

    Bands are the distance (``elasticity_band``) or factor (``share_band``) from the middle to the 95 %
    point; ``local_sd`` is the standard deviation of what no covariate explains, on the log scale, alike
    within about ``local_m`` metres. ``min_observed``: smaller counts are merged or suppressed;
    ``observed_share``: how many of the workers the observations hold (unknown if absent);
    ``observed_at_places``: counts at places, so that elsewhere nobody looked.
    """

    cell_m: Positive = 200
    min_observed: int = Field(default=3, ge=1)
    observed_share: float | None = Field(default=None, gt=0, le=1)
    observed_at_places: bool = False
    ensemble: int = Field(default=40, ge=2)
    level: Literal["auto", "weights", "regression", "surface"] = "auto"
    smooth: bool = True
    bandwidth_m: float | None = Field(default=None, ge=0)
    share_band: float = Field(default=1.5, ge=1)
    elasticity_band: float = Field(default=0.33, ge=0, le=0.9)
    local_sd: float = Field(default=0.5, ge=0, le=3)
    local_m: Positive = 1000
    district_totals: dict[str, float] = Field(default_factory=dict)
    season: Literal["", "summer", "winter", "spring_festival"] = ""
    events: tuple[Event, ...] = ()


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


class Settings(Section):
    """The whole study file."""

    study: About
    inputs: Inputs
    periods: tuple[Period, ...]
    groups: tuple[Group, ...]
    demand: Demand = Demand()
    circle: Circle = Circle()
    siting: Siting = Siting()
    freight: Freight = Freight()

    @model_validator(mode="after")
    def _fits_together(self) -> Settings:
        names = [p.name for p in self.periods]
        if len(set(names)) != len(names):
            raise refused("SET-027")
        if abs(sum(p.hours for p in self.periods) - 24) > 1e-9:
            raise refused("SET-028", hours=format(sum(p.hours for p in self.periods), "g"))
        groups = [g.name for g in self.groups]
        if not groups:
            raise refused("SET-029", names=", ".join(names))
        if len(set(groups)) != len(groups):
            raise refused("SET-030")
        for g in self.groups:
            strange = set(g.profile) - set(names)
            if strange:
                raise refused("SET-031", group=g.name, names=", ".join(sorted(strange)))
        for event in self.demand.events:
            if event.group and event.group not in groups:
                raise refused("SET-035", event=event.name, group=event.group)
        goal = self.siting.goal
        for key, given, known in (
            ("group_weights", goal.group_weights, groups),
            ("period_weights", goal.period_weights, names),
        ):
            unknown = sorted(set(given) - set(known))
            if unknown:
                raise refused("SET-036", key=key, names=", ".join(unknown), known=", ".join(known))
        if self.siting.batches and sum(b.count for b in self.siting.batches) != self.siting.p:
            raise refused("SET-037", total=sum(b.count for b in self.siting.batches), p=self.siting.p)
        return self

    @property
    def active_groups(self) -> tuple[Group, ...]:
        """Groups that are switched on."""
        return tuple(g for g in self.groups if g.enabled)

    @property
    def headline_groups(self) -> tuple[Group, ...]:
        """Groups that count in the circle (truck drivers have homes of their own)."""
        return tuple(g for g in self.active_groups if g.in_headline)


@functools.cache
def _defaults_text() -> str:
    return resources.files("planner").joinpath("defaults.toml").read_text("utf-8")


def defaults() -> dict[str, Any]:
    """``planner/defaults.toml``: periods and groups with their sources."""
    return tomllib.loads(_defaults_text())


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The section that an annotation is, or holds in a list, table or choice."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _known_keys(location: tuple[str | int, ...]) -> list[str]:
    """Keys allowed in the section that ``location`` (of pydantic's error) points into."""
    model: type[BaseModel] | None = Settings
    for part in location[:-1]:
        if isinstance(part, int) or model is None:
            continue
        field = model.model_fields.get(part)
        model = _model_in(field.annotation) if field else None
    return list(model.model_fields) if model else []


def _place(location: tuple[str | int, ...], raw: dict[str, Any]) -> str:
    """Where in the study file an error is: lists count from 1, groups and the like go by their name."""
    parts, node = list[str](), raw
    for part in location:
        try:
            node = node[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            node = {}
        named = node.get("name") if isinstance(part, int) and isinstance(node, dict) else None
        parts.append(str(named or (part + 1 if isinstance(part, int) else part)))
    return ".".join(parts)


def _findings(error: ValidationError, source: str, raw: dict[str, Any]) -> list[Finding]:
    found = []
    for e in error.errors():
        path = _place(e["loc"], raw)
        if e["type"] == "extra_forbidden":
            known = _known_keys(e["loc"])
            near = difflib.get_close_matches(str(e["loc"][-1]), known, n=1, cutoff=0.0) or [", ".join(known)]
            found.append(finding("SET-001", source=source, field=path, value=e["input"], nearest=near[0]))
        else:
            found.append(told(e, source=source, field=path))
    return found


def parse_settings(text: str, *, source: str = "study.toml", folder: Path | None = None) -> Settings:
    """Read a study from TOML text; relative paths are taken from ``folder``.

    Groups of the study replace the default group of the same name key by key; a study that names no
    periods or groups gets the defaults.

    Raises
    ------
    SettingsError
        Not TOML, unknown keys (with the nearest right one) or impossible values, all at once.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([finding("SET-003", source=source, why=str(error))]) from error
    base = defaults()
    raw.setdefault("periods", base["periods"])
    named = raw.get("groups", [])
    if isinstance(named, list) and all(isinstance(g, dict) and isinstance(g.get("name"), str) for g in named):
        own: dict[str, dict[str, Any]] = {}
        twice = [g for g in named if own.setdefault(g["name"], g) is not g]
        known = {g["name"]: g for g in base["groups"]} if raw["periods"] == base["periods"] else {}
        merged = [{**g, **own.pop(name, {})} for name, g in known.items()]
        raw["groups"] = [*merged, *own.values(), *({**known.get(g["name"], {}), **g} for g in twice)]
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        raise SettingsError(_findings(error, source, raw)) from error
    return _resolved(settings, folder) if folder is not None else settings


def _resolved(settings: Settings, folder: Path) -> Settings:
    """The same settings with every path made absolute from the study file's folder."""

    def walk(node: Any) -> Any:
        if isinstance(node, Path):
            return node if node.is_absolute() else (folder / node).resolve()
        if isinstance(node, BaseModel):
            return node.model_copy(update={k: walk(getattr(node, k)) for k in type(node).model_fields})
        if isinstance(node, tuple):
            return tuple(walk(item) for item in node)
        return node

    return settings.model_copy(update={"inputs": walk(settings.inputs)})


def read_settings(path: Path | str) -> Settings:
    """Read ``study.toml``; paths inside it are relative to it.

    Raises
    ------
    SettingsError
        The file is missing, not UTF-8 TOML, or its content is refused.
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError([finding("SET-004", source=path.name, value=str(path))]) from error
    except OSError as error:
        raise SettingsError([finding("SET-005", source=path.name, value=str(path))]) from error
    except UnicodeDecodeError as error:
        why = f"byte {error.start + 1} is not UTF-8; save the file as UTF-8"
        raise SettingsError([finding("SET-003", source=path.name, why=why)]) from error
    return parse_settings(text, source=path.name, folder=path.resolve().parent)
