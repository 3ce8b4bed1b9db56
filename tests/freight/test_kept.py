"""The freight model kept in files: the same plan again, bit for bit; and which settings it depends on."""

from __future__ import annotations

import dataclasses
import json
from itertools import count
from typing import Any, get_type_hints

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from scipy import sparse

from planner.errors import Finding
from planner.freight.homes import HomesPlan, plan_homes
from planner.freight.model import CHOICE_ONLY, FreightModel, run_model
from planner.inputs.truck_lists import TruckLists
from planner.settings.freight import Freight
from tests.freight.county import County, lnglat, table


def counted(tmp_path) -> County:
    (a, b), (c, d), (e, f) = lnglat(17.5, 0), lnglat(20.5, 0), lnglat(45, 0.05)
    files = table(
        tmp_path, "truck_counts.csv", f"road,lng,lat,vehicles_per_day,trucks_per_day\nG1,{a},{b},,9000\n"
    )
    files += table(
        tmp_path, "driver_homes.csv", f"站点编号,站点名称,经度,纬度,状态\nH1,一号之家,{c},{d},运营\n"
    )
    files += table(tmp_path, "truck_sites.csv", f"名称,类型,经度,纬度,货车泊位\n大场,服务区,{e},{f},50\n")
    return County("target_drivers = 3000", files, tmp_path)


def counties(tmp_path, name: str) -> County:
    hosts = County.usual_hosts()
    return {
        "plain": lambda: County("target_drivers = 3000", draws=2), "counted": lambda: counted(tmp_path),
        "empty": lambda: County("target_drivers = 3000", hosts=hosts.iloc[[3, 4]]),
    }[name]()  # fmt: skip


def kept(value: Any, kind: Any, folder, number=None) -> Any:
    """A value written to open files by the annotations of its fields, and read again."""
    number = number or count()
    name = folder / f"{next(number):03d}"
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        parts = {f.name: getattr(value, f.name) for f in dataclasses.fields(kind)}
        return kind(**{k: kept(v, hints[k], folder, number) for k, v in parts.items()})
    if kind in (gpd.GeoDataFrame, pd.DataFrame):
        value.to_parquet(name)
        return gpd.read_parquet(name) if kind is gpd.GeoDataFrame else pd.read_parquet(name)
    if kind is sparse.csr_array:
        sparse.save_npz(name.with_suffix(".npz"), value)
        return sparse.csr_array(sparse.load_npz(name.with_suffix(".npz")))
    if isinstance(value, np.ndarray):
        np.save(name.with_suffix(".npy"), value, allow_pickle=False)
        return np.load(name.with_suffix(".npy"), allow_pickle=False)
    if kind == tuple[Finding, ...]:
        plain = json.loads(json.dumps([dataclasses.asdict(f) for f in value]))
        return tuple(Finding(**f) for f in plain)
    return json.loads(json.dumps(value))


def assert_same(one: Any, two: Any, where: str = "") -> None:
    """Equal to the last bit, types and column types included."""
    assert type(one) is type(two), where
    if dataclasses.is_dataclass(one):
        for f in dataclasses.fields(one):
            if f.name != "seconds":
                assert_same(getattr(one, f.name), getattr(two, f.name), f"{where}.{f.name}")
    elif isinstance(one, pd.DataFrame):
        assert_frame_equal(pd.DataFrame(one), pd.DataFrame(two), check_exact=True, obj=where)
        assert getattr(one, "crs", None) == getattr(two, "crs", None)
    elif sparse.issparse(one):
        assert one.shape == two.shape
        for part in ("data", "indices", "indptr"):
            assert_same(getattr(one, part), getattr(two, part), f"{where}.{part}")
    elif isinstance(one, np.ndarray):
        assert one.dtype == two.dtype, where
        assert np.array_equal(one, two, equal_nan=one.dtype.kind == "f"), where
    elif isinstance(one, dict):
        assert list(one) == list(two), where
        for key in one:
            assert_same(one[key], two[key], f"{where}[{key}]")
    else:
        assert one == two or (one != one and two != two), where  # NaN twice


@pytest.mark.parametrize("name", ["plain", "counted", "empty"])
def test_lists_model_and_plan_come_back_from_files_as_they_were(tmp_path, name):
    county = counties(tmp_path, name)
    lists = county.lists()
    model = county.model()
    plan = plan_homes(county.settings.freight, model, county.network)
    for value, kind in ((lists, TruckLists), (model, FreightModel), (plan, HomesPlan)):
        (tmp_path / kind.__name__).mkdir()
        assert_same(value, kept(value, kind, tmp_path / kind.__name__), kind.__name__)


@pytest.mark.parametrize("name", ["plain", "counted", "empty"])
def test_a_kept_model_gives_the_plan_of_a_fresh_one(tmp_path, name):
    county = counties(tmp_path, name)
    model = county.model()
    again = kept(model, FreightModel, tmp_path)
    first, second = (plan_homes(county.settings.freight, m, county.network) for m in (model, again))
    assert_same(first, second, "HomesPlan")


OTHER = {
    "enabled": False, "problem": "cheapest", "target_drivers": 5.0, "target_source": "a report", "max_homes": 3, "turnover_per_day": 1.0, "occupancy": 0.5, "stays_sigma": 0.2, "stays_spread": 0.2,
    "visits_per_driver_month": 1.0, "max_bays": 5.0, "cost_yuan": 1.0, "kind_cost_yuan": {"port": 1.0}, "upgrade_cost_yuan": 1.0,
    "upgrade_bays": 1.0, "budget_yuan": 1.0, "min_showers": 9.0, "min_washers": 9.0, "must_open_24h": False, "services": ("tea",),
    "stars": {"one": {"bays": 1.0}}, "gap": 0.5, "time_limit_s": 1.0, "curve_to": 2, "hourly_local": (1.0,) * 24,
    "hourly_long": (1.0,) * 24, "night_share_local": 0.9, "night_share_long": 0.9,
}  # fmt: skip


def test_settings_of_the_choice_leave_the_model_alone(tmp_path):
    assert set(OTHER) == CHOICE_ONLY
    county = counted(tmp_path)
    before = county.model()
    freight = county.settings.freight.model_copy(update=OTHER)
    assert all(getattr(freight, k) != getattr(Freight(), k) for k in OTHER)
    county.settings = county.settings.model_copy(update={"freight": freight})
    assert_same(before, county.model(), "FreightModel")


class Watched:
    """The settings, and which of them are read."""

    def __init__(self, freight: Freight) -> None:
        self._freight, self.read = freight, set[str]()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self._freight, name)


def test_the_model_reads_every_setting_that_is_not_the_choices_and_no_other(tmp_path):
    read = set[str]()
    for county in (counted(tmp_path), County()):
        watched = Watched(county.settings.freight)
        ground = county.ground(county.lists())
        run_model(watched, county.network, ground, seed=1)
        read |= watched.read
    assert read == set(Freight.model_fields) - CHOICE_ONLY
