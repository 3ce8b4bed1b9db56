"""The part of the study file on driver homes and trucks, each figure with its band and source beside it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from planner.settings.base import Positive, Section, Share, refused

__all__ = ["Freight"]

#: Weights of the hours 0 to 23; they sum to 100 (see :class:`Freight` for what they assume).
HOURLY_LOCAL = (1.8, 1.6, 1.6, 2.0, 2.8, 4.0, 4.8, 4.4, 5.4, 6.6, 6.6, 5.8,
                4.8, 5.8, 6.4, 6.2, 5.8, 4.6, 4.2, 3.6, 3.0, 2.0, 3.4, 2.8)  # fmt: skip
HOURLY_LONG = (4.6, 4.3, 4.0, 3.9, 4.1, 4.3, 4.2, 3.6, 3.7, 4.1, 4.3, 4.2,
               4.0, 4.1, 4.3, 4.3, 4.1, 3.6, 3.6, 4.0, 4.4, 4.5, 4.9, 4.9)  # fmt: skip


def _hours_of_a_day(weights: tuple[float, ...]) -> tuple[float, ...]:
    """24 weights, none negative, not all 0."""
    if len(weights) != 24 or min(weights) < 0 or sum(weights) <= 0:
        raise refused("SET-034")
    return weights


HourWeights = Annotated[tuple[float, ...], AfterValidator(_hours_of_a_day)]


class Freight(Section):
    """Driver homes: how many drivers they are to serve, what a home must have, what trucks are assumed to do.

    ``target_drivers`` are distinct drivers a month served by new homes, on top of what existing ones serve;
    without a target, the plan serves as many as ``max_homes`` homes can. ``target_source`` says whose target it is.
    Each figure's band and source stand beside it; "own" marks an assumption of this model that no
    published figure was found for.
    """

    enabled: bool = True
    # "fewest": fewest new homes for the target, then most drivers with that number; "cheapest": least cost for it
    # (without a target: for the most drivers that max_homes homes can serve)
    problem: Literal["fewest", "cheapest"] = "fewest"
    target_drivers: float | None = Field(default=None, ge=0)  # a promise of the place: none by default
    target_source: str = ""
    max_homes: int = Field(default=40, ge=1)  # no plan larger than this is looked at; own
    # -- what a home serves
    turnover_per_day: Positive = 12.0  # stays a day of a bay in use all day; own, band 6-18 (two hours each)
    # of the bays' hours at most so many are in use: more, and who comes at the wrong hour finds no bay; own, band 0.5-0.85
    # (car parks count as full at 0.85)
    occupancy: Positive = Field(default=0.7, le=1)
    # homes with counted visits and stated bays move stays per bay (planner/freight/room.py): spread of the assumption (log
    # scale: its band 6-18 as 5 and 95 %) and between homes; own, band 0.2-0.5 and 0.3-0.8
    stays_sigma: Positive = 0.33
    stays_spread: Positive = 0.5
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
