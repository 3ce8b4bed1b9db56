"""Existing stations on a street of one kilometre."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.roads.graph import network_from_edges
from planner.siting.existing import snap_stations
from planner.tables import empty

CRS = "EPSG:4549"


def street():
    x, y = np.array([0.0, 1000.0]), np.zeros(2)
    one = np.array([900.0])
    return network_from_edges(
        x, y, np.array([0]), np.array([1]), np.array([1000.0]), one, one, crs=CRS, min_component=1
    )


def stations(**more):
    return gpd.GeoDataFrame(
        {"name": ["near", "far", "planned"], "status": ["open", "open", "planned"], **more},
        geometry=[shapely.Point(100, 30), shapely.Point(100, 301), shapely.Point(100, -500)],
        index=[4, 5, 6],
        crs=CRS,
    )


def test_stations_beyond_the_limit_have_no_street_and_open_ones_are_told_with_their_row():
    given = stations(source=["a.csv", "b.csv", "b.csv"], row=[2, 7, 8])
    snapped = snap_stations(given, street(), limit_m=300)
    np.testing.assert_allclose(snapped.stations["snap_m"], [30, np.nan, np.nan])
    assert snapped.stations.index.tolist() == [4, 5, 6]
    assert [(f.code, f.source, f.row, f.value) for f in snapped.findings] == [("NET-003", "b.csv", 7, "far")]
    assert "300" in snapped.findings[0].message_en
    assert "snap_m" not in given.columns


def test_a_limit_that_reaches_them_tells_nothing():
    snapped = snap_stations(stations(), street(), limit_m=600)
    assert snapped.stations["snap_m"].tolist() == pytest.approx([30, 301, 500])
    assert snapped.findings == ()


def test_no_stations_are_a_table_with_the_column_and_no_row():
    snapped = snap_stations(empty("stations", CRS), street(), limit_m=300)
    pd.testing.assert_series_equal(
        snapped.stations["snap_m"], pd.Series(name="snap_m", dtype=float), check_index=False
    )
