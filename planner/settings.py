"""The study file: every choice and assumption of a plan, in one TOML file.

Models are frozen and refuse unknown keys. Every rate, speed and share carries its source beside
it; what a study leaves out comes from ``planner/defaults.toml``, which is written the same way.
"""

from __future__ import annotations

import difflib
import functools
import itertools
import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from planner.errors import Finding, SettingsError, finding

Datum = Literal["wgs84", "cgcs2000", "gcj02", "bd09", "column"]
Mode = Literal["walk", "ebike", "car", "truck"]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]


class Section(BaseModel):
    """A part of the study file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)


def _known_crs(name: str | None) -> str | None:
    """The name of a CRS that PROJ knows."""
    import pyproj

    try:
        pyproj.CRS.from_user_input(name) if name not in (None, "auto") else None
    except pyproj.exceptions.CRSError as error:
        raise ValueError(f"unknown CRS {name!r}: write a code such as EPSG:4549") from error
    return name


def _metric_crs(name: str) -> str:
    """The word auto, or the name of a projected CRS in metres."""
    import pyproj

    if _known_crs(name) == "auto":
        return name
    crs = pyproj.CRS.from_user_input(name)
    if not crs.is_projected or {axis.unit_name for axis in crs.axis_info} != {"metre"}:
        raise ValueError(
            f"{name} does not count in metres; write auto, or a projected CRS such as EPSG:4549 "
            "(the CRS of a file stands in that file's section)"
        )
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
            raise ValueError(f"{value} cannot be the name of a folder: Windows keeps it for a device")
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
            raise ValueError(f"the shares of a profile must sum to 1, these sum to {sum(value.values()):.6g}")
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
    source: str = ""

    @property
    def cutoff_s(self) -> float:
        """The circle's minutes in seconds."""
        return self.minutes * 60.0


class Batch(Section):
    """A phase of building: the first ``count`` sites of the plan belong to the first batch."""

    name: str
    count: int = Field(ge=1)


class Goal(Section):
    """What the plan is after, beyond the most workers in the circle; README, "Rules on siting", explains each key.

    ``aim``: ``covered`` workers; ``mean``, ``worst`` or ``cvar`` (mean of the worst ``tail`` share) over the
    demand scenarios; ``fair`` (the least covered share of a district as great as can be) or ``lexicographic``
    (then the second least, and so on). ``fade_m``: a station counts in full up to the first distance on foot
    and fades in five steps to nothing at the second. ``credit``: worth of the first, second … station in reach.
    ``spacing_m``: no two new stations nearer than this (straight line) or, with ``spacing_price``, each such
    pair costs so many workers. ``visits_per_day``: room of a new station (``visits_by_kind``: by kind of host),
    a worker coming ``visits_per_worker`` times a day. ``relocate``: so many open stations may close and open
    elsewhere. ``budget_only``: the budget alone limits the number, ``p`` is not in force. ``group_weights``,
    ``period_weights``: how much a worker of a group, or in a period of the day, counts (1 where not named).
    """

    aim: Literal["covered", "mean", "cvar", "worst", "fair", "lexicographic"] = "covered"
    tail: float = Field(default=0.2, gt=0, le=1)
    fade_m: tuple[Positive, Positive] | None = None
    credit: tuple[Share, ...] = ()
    spacing_m: float = Field(default=0, ge=0)
    spacing_price: float | None = Field(default=None, ge=0)
    visits_per_day: float | None = Field(default=None, gt=0)
    visits_by_kind: dict[str, Positive] = Field(default_factory=dict)
    visits_per_worker: Positive = 1.0
    relocate: Count = 0
    budget_only: bool = False
    group_weights: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    period_weights: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)

    @field_validator("fade_m")
    @classmethod
    def _fades_outwards(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and value[0] >= value[1]:
            raise ValueError(f"the first distance must be the shorter one; got {value[0]:g} and {value[1]:g}")
        return value

    @field_validator("credit")
    @classmethod
    def _credit_falls(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(a < b for a, b in itertools.pairwise(value)) or (value and value[0] == 0):
            raise ValueError("the first station in reach must be worth the most, each further one no more")
        return value

    @property
    def limits_visits(self) -> bool:
        """Whether new stations have only so much room."""
        return self.visits_per_day is not None or bool(self.visits_by_kind)

    @property
    def own_measure(self) -> bool:
        """Whether plans are compared by something other than covered workers."""
        priced = self.spacing_m > 0 and bool(self.spacing_price)
        counted = bool(self.group_weights or self.period_weights)
        return bool(
            self.aim != "covered" or self.fade_m or self.credit or priced or self.limits_visits or counted
        )

    @property
    def plain(self) -> bool:
        """Whether nothing is asked beyond the most workers in the circle."""
        return not (self.own_measure or self.spacing_m > 0 or self.relocate or self.budget_only)


class Siting(Section):
    """How many sites, from which hosts, under which rules, and how hard to look."""

    p: int = Field(default=200, ge=1)
    batches: tuple[Batch, ...] = ()
    host_kinds: tuple[str, ...] = ()
    every_m: float | None = Field(default=None, gt=0)
    street_within_m: Positive = 60
    dedupe_m: float = Field(default=40, ge=0)
    min_to_open_m: float = Field(default=100, ge=0)
    quotas: Literal["half_proportional", "none"] = "half_proportional"
    quota_min: dict[str, Count] = Field(default_factory=dict)
    quota_max: dict[str, Count] = Field(default_factory=dict)
    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    cost_yuan: dict[str, Positive] = Field(default_factory=dict)
    default_cost_yuan: Positive = 8000
    budget_yuan: float | None = Field(default=None, gt=0)
    goal: Goal = Goal()
    default_hours: str = "08:00-20:00"
    host_hours: dict[str, str] = Field(default_factory=dict)
    gap: float = Field(default=1e-4, ge=0)
    work_limit: int = Field(default=100, ge=1)
    time_limit_s: Positive = 300.0
    final_phase_weight: Positive = 2.0
    scenarios: int = Field(default=20, ge=0)
    curve: tuple[int, ...] = (25, 50, 100, 150, 200, 250, 300, 400, 500)
    alternatives: int = Field(default=3, ge=0)
    replacements: int = Field(default=3, ge=0)
    sensitivity: bool = True


#: Weights of the hours 0 to 23; they sum to 100 (see :class:`Freight` for what they assume).
HOURLY_LOCAL = (1.8, 1.6, 1.6, 2.0, 2.8, 4.0, 4.8, 4.4, 5.4, 6.6, 6.6, 5.8,
                4.8, 5.8, 6.4, 6.2, 5.8, 4.6, 4.2, 3.6, 3.0, 2.0, 3.4, 2.8)  # fmt: skip
HOURLY_LONG = (4.6, 4.3, 4.0, 3.9, 4.1, 4.3, 4.2, 3.6, 3.7, 4.1, 4.3, 4.2,
               4.0, 4.1, 4.3, 4.3, 4.1, 3.6, 3.6, 4.0, 4.4, 4.5, 4.9, 4.9)  # fmt: skip


def _hours_of_a_day(weights: tuple[float, ...]) -> tuple[float, ...]:
    """24 weights, none negative, not all 0."""
    if len(weights) != 24 or min(weights) < 0 or sum(weights) <= 0:
        raise ValueError("24 weights are needed, one for each hour from 0 to 23, none negative, not all 0")
    return weights


HourWeights = Annotated[tuple[float, ...], AfterValidator(_hours_of_a_day)]


class Freight(Section):
    """Driver homes: what "reach 10,000 drivers" means, what a home must have, what trucks are assumed to do.

    ``target_drivers`` are distinct drivers a month served by new homes, on top of what existing ones serve.
    Each figure's band and source stand beside it; "own" marks an assumption of this model that no
    published figure was found for.
    """

    enabled: bool = True
    # "fewest": fewest new homes for the target, then most drivers with that number; "cheapest": least cost for it
    problem: Literal["fewest", "cheapest"] = "fewest"
    target_drivers: float = Field(default=10000, ge=0)  # Suzhou work report 2024: 10,000+ truck drivers
    max_homes: int = Field(default=40, ge=1)  # no plan larger than this is looked at; own
    # -- what a home serves
    turnover_per_day: Positive = 12.0  # stays per bay and day; own, band 6-18 (two hours each, day and night)
    visits_per_driver_month: Positive = 4.0  # own, band 2-8 (about one a week)
    days_per_month: Positive = 30.0
    # -- who is in reach
    catchment_minutes: Positive = 30.0  # truck drive of drivers based nearby to a home; FACTS 7, user's
    detour_minutes: Positive = 10.0  # extra time of a passing driver; own, band 5-15
    yard_kmh: Positive = 10.0  # between a site and its street; own, band 5-15
    drive_limit_minutes: Positive = (
        240.0  # no longer without a stop: Road Traffic Safety Law rules, art. 62(7)
    )
    # -- trips
    trips_per_driver_day: Positive = 1.2  # one-way trips of a based driver, idle days counted; own, 0.8-1.6
    outside_trips_per_month: Positive = 10.0  # one-way trips of an outside driver through here; own, 6-16
    through_share: Share = 0.4  # of the trucks at a gateway that only pass through; own, 0.25-0.55
    outside_share: Share = 0.5  # of trips between here and elsewhere by drivers based elsewhere; own, 0.3-0.7
    through_min_km: float = Field(default=20.0, ge=0)  # gateways nearer than this exchange no traffic; own
    beta_per_minute: float = Field(default=0.04, ge=0)  # deterrence exp(-beta x minutes); own, 0.02-0.08
    mean_trip_minutes: float | None = Field(default=None, gt=0)  # given: beta is fitted to it
    multipath_draws: int = Field(default=4, ge=0)  # kinds of drivers; 0: every trip takes the shortest way
    multipath_sigma: float = Field(default=0.2, ge=0, le=1)  # spread of perceived times (log scale); own
    # what a kilometre of motorway toll is worth in driving time; own: about CNY 1 a km (0.45 for light trucks to
    # over 2 for six axles) at CNY 120 an hour of truck and driver, band 0-1; and its spread over trucks (log scale)
    toll_minutes_per_km: float = Field(default=0.5, ge=0)
    toll_sigma: float = Field(default=0.7, ge=0, le=2)
    # -- departures in each hour from 0 to 23, as weights: own, local trips in working hours and 20 % at night
    # (22-6; band 10-30 %), trips through a gateway nearly even with 35 % at night (band 25-45 %)
    hourly_local: HourWeights = HOURLY_LOCAL
    hourly_long: HourWeights = HOURLY_LONG
    night_share_local: Share | None = None  # given: the weights are scaled to this share between 22 and 6
    night_share_long: Share | None = None
    # -- counts: which of inputs.truck_counts the trips are adjusted to ("trucks": those that tell trucks apart;
    # "all": also vehicles x truck_share), and how loosely counts, the trips of generators and of gateways are kept
    adjust_to: Literal["trucks", "all", "none"] = "trucks"
    count_slack: Positive = 0.02  # of a count asking for twice the model, 0.02 x ln 2 is left; own, 0.01-0.1
    trips_slack: Positive = 0.5  # trips of a generator; own, 0.1-2
    gateway_slack: Positive = 1.0  # trucks at a gateway without a count; own, 0.2-4
    # -- gateways: trucks a day, both directions together, where no count is given. Own, from 30,000+ vehicles
    # a day on G204 (Taicang) and 56,000 on G50 (Fenhu, over 30 % of those entering the area trucks); +-50 %
    gateway_trucks: dict[str, float] = Field(
        default_factory=lambda: {"motorway": 15000.0, "trunk": 6000.0, "primary": 2500.0}
    )
    gateway_merge_km: float = Field(default=2.0, ge=0)
    truck_share: Share = 0.25  # of all vehicles, for counts that do not tell trucks apart; own, 0.15-0.35
    generator_merge_m: float = Field(default=800.0, ge=0)
    # -- sites
    site_kinds: tuple[str, ...] = ("service_area", "truck_parking", "logistics", "port", "fuel", "charging")
    kind_bays: dict[str, float] = Field(
        default_factory=lambda: {
            "service_area": 40.0,
            "truck_parking": 40.0,
            "logistics": 40.0,
            "port": 40.0,
            "fuel": 0.0,
            "fuel_hgv": 20.0,
            "charging": 0.0,
            "driver_home": 20.0,
        }
    )  # truck bays where the site's own are not known (0: no room known, no candidate); own
    max_bays: Positive = 60.0  # of a site's bays, at most so many belong to the home; own, 20-100
    street_within_m: Positive = 300.0
    dedupe_m: float = Field(default=400.0, ge=0)
    spacing_km: float = Field(
        default=5.0, ge=0
    )  # between homes; own (the ministry spaces main lines by far more)
    cost_yuan: Positive = 300000.0  # Shanxi: CNY 12m+ for 40 homes; one in Nantong cost CNY 5m
    kind_cost_yuan: dict[str, Positive] = Field(default_factory=dict)  # by kind of host, where it differs
    upgrade_cost_yuan: Positive = (
        150000.0  # an existing home brought up to the checklist; own, half of a new one
    )
    upgrade_bays: Positive = 20.0  # bays an upgrade adds; own, the ministry's minimum
    budget_yuan: float | None = Field(default=None, gt=0)
    # -- the checklist: the ministry's minimum (briefing of 28 July 2025); stars are the user's own rows
    min_bays: Positive = 20.0
    min_showers: float = Field(default=2.0, ge=0)
    min_washers: float = Field(default=2.0, ge=0)
    must_open_24h: bool = True
    services: tuple[str, ...] = ("parking", "hot_water", "food_heating", "shower", "laundry")
    stars: dict[str, dict[str, float]] = Field(default_factory=dict)
    # -- how hard to look
    gap: float = Field(default=1e-3, ge=0)
    time_limit_s: Positive = 60.0
    curve_to: int = Field(default=12, ge=1)


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
            raise ValueError("two periods have the same name")
        if abs(sum(p.hours for p in self.periods) - 24) > 1e-9:
            raise ValueError(
                "the periods must cover the day: their hours sum to "
                f"{sum(p.hours for p in self.periods):g}, not 24"
            )
        groups = [g.name for g in self.groups]
        if not groups:
            raise ValueError(
                "no groups: a study with periods of its own must list its groups too, each with a profile "
                f"over these periods ({', '.join(names)})"
            )
        if len(set(groups)) != len(groups):
            raise ValueError("two groups have the same name")
        for g in self.groups:
            strange = set(g.profile) - set(names)
            if strange:
                raise ValueError(
                    f"group {g.name}: its profile names periods that do not exist: {sorted(strange)}"
                )
        for event in self.demand.events:
            if event.group and event.group not in groups:
                raise ValueError(f"event {event.name}: there is no group called {event.group}")
        goal = self.siting.goal
        for key, given, known in (
            ("group_weights", goal.group_weights, groups),
            ("period_weights", goal.period_weights, names),
        ):
            unknown = sorted(set(given) - set(known))
            if unknown:
                raise ValueError(f"siting.goal.{key} names {', '.join(unknown)}; there is {', '.join(known)}")
        if self.siting.batches and sum(b.count for b in self.siting.batches) != self.siting.p:
            raise ValueError("the batches' counts must sum to siting.p")
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


def _known_keys(location: tuple[str | int, ...]) -> list[str]:
    """Keys allowed in the section that ``location`` (of pydantic's error) points into."""
    model: Any = Settings
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        found = re.findall(r"planner\.settings\.(\w+)", repr(annotation))
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
        elif found:
            model = globals()[found[0]]
        else:
            return []
    return list(model.model_fields)


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
            why = e["msg"].removeprefix("Value error, ")
            value = "" if isinstance(e["input"], dict) else e["input"]
            found.append(finding("SET-002", source=source, field=path, value=value, why=why))
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
    if isinstance(raw.get("groups", []), list) and all(isinstance(g, dict) for g in raw.get("groups", [])):
        own = {g.get("name"): g for g in raw.get("groups", [])}
        known = {g["name"]: g for g in base["groups"]} if raw["periods"] == base["periods"] else {}
        merged = [{**g, **own.pop(name, {})} for name, g in known.items()]
        raw["groups"] = merged + list(own.values())
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
