"""The freight model as parts that a store can keep, and back: whoever changes only the choice need not wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from planner.errors import Finding
from planner.freight.flows import Trips
from planner.freight.gates import Gateways
from planner.freight.model import Model
from planner.freight.need import Need
from planner.freight.start import Inputs
from planner.settings.freight import Freight

#: Settings that say which homes to choose, not what trucks do.
CHOICE_ONLY = frozenset({
    "enabled", "problem", "target_drivers", "max_homes", "turnover_per_day", "visits_per_driver_month", "max_bays",
    "cost_yuan", "kind_cost_yuan", "upgrade_cost_yuan", "upgrade_bays", "budget_yuan", "min_showers", "min_washers",
    "must_open_24h", "services", "stars", "gap", "time_limit_s", "curve_to", "hourly_local", "hourly_long",
    "night_share_local", "night_share_long",
})  # fmt: skip


def depends_on(f: Freight) -> dict[str, Any]:
    """The settings the model depends on, as plain data."""
    return f.model_dump(mode="json", exclude=set(CHOICE_ONLY))


def parts_of(model: Model, found: list[Finding]) -> dict[str, Any]:
    """Tables, arrays and plain data of a model and what was noticed on the way."""
    i, t, n = model.inputs, model.trips, model.need
    return {
        "generators": i.generators, "drivers": i.drivers, "gateways": i.gateways.table, "doors": i.gateways.doors,
        "sites": i.sites, "counts": i.counts, "direct": model.direct, "local": t.local, "exchange": t.exchange,
        "through": t.through, "gravity": [t.beta, t.scaled], "loads": model.loads, "under_way": model.under_way,
        "counted": model.counted, "reach": n.reach, "need_drivers": n.drivers, "first": n.first, "second": n.second,
        "passing_trips": n.passing_trips, "lost": n.lost, "stops": n.stops, "long_trips": n.long_trips,
        "long_ends": n.long_ends, "noticed": list(found),
    }  # fmt: skip


def model_of(parts: Mapping[str, Any]) -> tuple[Model, list[Finding]]:
    """The model and findings kept by :func:`parts_of`."""
    p = parts
    doors = tuple((tuple(map(int, come)), tuple(map(int, leave))) for come, leave in p["doors"])
    need = Need(
        p["reach"].astype(bool), p["need_drivers"], p["first"], p["second"], p["passing_trips"], p["lost"],
        p["stops"].astype(bool), p["long_trips"], p["long_ends"],
    )  # fmt: skip
    inputs = Inputs(p["generators"], p["drivers"], Gateways(p["gateways"], doors), p["sites"], p["counts"])
    trips = Trips(p["local"], p["exchange"], p["through"], *(float(x) for x in p["gravity"]))
    model = Model(inputs, p["direct"], trips, p["loads"], np.asarray(p["under_way"]), need, p["counted"])
    return model, list(p["noticed"])
