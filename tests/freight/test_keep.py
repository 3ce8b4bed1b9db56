"""The freight model kept in a store: the same plan again, and not computed again for another choice."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from scipy import sparse

from planner.freight import keep as keep
from planner.freight.homes import plan_homes
from planner.freight.model import run_model
from planner.settings.freight import Freight
from planner.study.store import Store
from tests.freight.test_plan import County, lnglat, table


def counted(tmp_path) -> County:
    (a, b), (c, d) = lnglat(17.5, 0), lnglat(20.5, 0)
    files = table(
        tmp_path, "truck_counts.csv", f"road,lng,lat,vehicles_per_day,trucks_per_day\nG1,{a},{b},,9000\n"
    )
    files += table(
        tmp_path, "driver_homes.csv", f"站点编号,站点名称,经度,纬度,状态\nH1,一号之家,{c},{d},运营\n"
    )
    return County("target_drivers = 3000", files, tmp_path)


def same(one, two) -> bool:
    if isinstance(one, pd.DataFrame):
        assert_frame_equal(pd.DataFrame(one), pd.DataFrame(two), check_dtype=False)
        return isinstance(one, gpd.GeoDataFrame) == isinstance(two, gpd.GeoDataFrame)
    if sparse.issparse(one):
        return one.shape == two.shape and one.dtype == two.dtype and (one != two).nnz == 0
    if isinstance(one, np.ndarray):
        return np.array_equal(one, two)
    return one == two


@pytest.mark.parametrize("county", ["plain", "counted", "empty"])
def test_a_model_comes_back_from_the_store_as_it_was(tmp_path, county):
    hosts = County.usual_hosts()
    study = {"plain": lambda: County("target_drivers = 3000"), "counted": lambda: counted(tmp_path),
             "empty": lambda: County("target_drivers = 3000", hosts=hosts.iloc[[3, 4]])}[county]()  # fmt: skip
    model, found = run_model(study)
    store, made = Store(tmp_path / "stages"), keep.parts_of(model, found)
    store.put("trucks-1", {**made, "_record": {}})
    again, noticed = keep.model_of(store.get("trucks-1"))
    assert noticed == found
    for name, part in keep.parts_of(again, noticed).items():
        assert same(made[name], part), name
    first, second = plan_homes(study), plan_homes(study, modelled=(again, noticed))
    assert first.run_json() == second.run_json()
    for language in ("zh", "en"):
        for one, two in zip(first.tables(language).values(), second.tables(language).values(), strict=True):
            assert_frame_equal(one, two, check_dtype=False)


OTHER = {
    "enabled": False, "problem": "cheapest", "target_drivers": 5.0, "max_homes": 3, "turnover_per_day": 1.0,
    "visits_per_driver_month": 1.0, "max_bays": 5.0, "cost_yuan": 1.0, "kind_cost_yuan": {"port": 1.0}, "upgrade_cost_yuan": 1.0,
    "upgrade_bays": 1.0, "budget_yuan": 1.0, "min_showers": 9.0, "min_washers": 9.0, "must_open_24h": False, "services": ("tea",),
    "stars": {"one": {"bays": 1.0}}, "gap": 0.5, "time_limit_s": 1.0, "curve_to": 2, "hourly_local": (1.0,) * 24,
    "hourly_long": (1.0,) * 24, "night_share_local": 0.9, "night_share_long": 0.9,
}  # fmt: skip


def test_settings_of_the_choice_leave_the_model_alone(tmp_path):
    assert set(OTHER) == keep.CHOICE_ONLY
    study = counted(tmp_path)
    model, found = run_model(study)
    before = keep.parts_of(model, found)
    freight = study.settings.freight.model_copy(update=OTHER)
    assert all(getattr(freight, k) != getattr(Freight(), k) for k in OTHER)
    study.settings = study.settings.model_copy(update={"freight": freight})
    after = keep.parts_of(*run_model(study))
    assert all(same(part, after[name]) for name, part in before.items())
    assert keep.depends_on(freight) == keep.depends_on(Freight(multipath_draws=0))


def test_settings_of_the_model_are_part_of_its_key():
    usual = keep.depends_on(Freight())
    for name, value in {
        "toll_minutes_per_km": 0.1,
        "detour_minutes": 7.0,
        "adjust_to": "all",
        "drive_limit_minutes": 60.0,
    }.items():
        assert keep.depends_on(Freight(**{name: value})) != usual
