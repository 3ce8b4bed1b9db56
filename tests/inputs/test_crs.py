"""The metric CRS of a study."""

import numpy as np
import pyproj
import pytest

from planner.errors import PlannerError
from planner.inputs.places.crs import auto_crs, plausible, suggest, transform


@pytest.mark.parametrize(
    ("lng", "lat", "code"),
    [(120.6, 31.3, "EPSG:4549"), (113.95, 22.54, "EPSG:4547"), (113.6, 34.8, "EPSG:4547"), (121.47, 31.23, "EPSG:4549"),
     (87.6, 43.8, "EPSG:4538"), (9.52, 47.14, "EPSG:32632"), (139.7, 35.7, "EPSG:32654"), (-70.6, -33.4, "EPSG:32719"),
     (127.0, 37.5, "EPSG:32652")],
)  # fmt: skip
def test_known_cities(lng, lat, code):
    assert auto_crs([lng], [lat]) == code


def test_every_chinese_zone_is_the_one_whose_area_of_use_holds_the_place():
    rng = np.random.default_rng(0)
    for lng, lat in zip(rng.uniform(98, 121, 60), rng.uniform(27, 40, 60), strict=True):
        crs = pyproj.CRS(auto_crs(lng, lat))
        assert "CGCS2000 / 3-degree Gauss-Kruger CM" in crs.name
        assert crs.area_of_use.west - 0.02 <= lng <= crs.area_of_use.east + 0.02


def test_the_middle_of_the_extent_decides_and_gaps_do_not_matter():
    assert auto_crs([119.92, 121.33, np.nan], [30.78, 32.03, 31.0]) == "EPSG:4549"


def test_nothing_finite_or_metres_are_refused():
    with pytest.raises(ValueError, match="finite"):
        auto_crs([np.nan], [np.nan])
    with pytest.raises(ValueError, match="degrees"):
        auto_crs([558000.0], [3464000.0])
    with pytest.raises(PlannerError, match="unknown CRS"):
        transform([0], [0], source="EPSG:999999", target="EPSG:4326")


def test_coordinates_without_a_place_become_nan_never_infinity():
    x, y = transform(
        [31.3, 120.6, np.nan, np.inf], [120.6, 31.3, 1.0, 1.0], source="EPSG:4326", target="EPSG:4549"
    )
    assert not np.isinf(x).any()
    assert not np.isinf(y).any()
    assert np.isnan(x).tolist() == [True, False, True, True]


def test_plausible_and_suggested():
    assert plausible([120.6], [31.3], "EPSG:4326")
    assert not plausible([120.6], [31.3], "EPSG:4549")
    assert plausible([558000], [3464000], "EPSG:4549")
    assert not plausible([558000], [3464000], "EPSG:4326")
    assert not plausible([40558000], [3464000], "EPSG:4549")
    assert plausible([np.nan], [np.nan], "EPSG:4549")
    assert suggest([120.6], [31.3], study_crs="EPSG:4549") == "EPSG:4326"
    assert suggest([558000], [3464000], study_crs="EPSG:4549") == "EPSG:4549"
    assert suggest([40558000], [3464000], study_crs="EPSG:4549") == "EPSG:4528"
    assert suggest([13426000], [3672000], study_crs="EPSG:4549") == "EPSG:3857"
    assert suggest([1e12], [1e12], study_crs="EPSG:4549") == ""
