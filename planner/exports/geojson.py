"""GeoJSON after RFC 7946: WGS84 longitude and latitude, outer rings counter-clockwise, no ``crs`` member."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import shapely

from planner.exports.gis.layers import gdal_written

__all__ = ["write_geojson"]

#: Seven decimals of a degree are a centimetre.
_DIGITS = 7


def write_geojson(table: gpd.GeoDataFrame, path: Path, *, title: str) -> None:
    """Write a layer (WGS84) with all its columns; missing values are null; ``title``: the collection's name.

    Raises
    ------
    OutputError
        The file could not be written; the old one is untouched.
    """
    import pyogrio

    flat = table.set_geometry(shapely.force_2d(table.geometry.to_numpy()), crs=4326)
    numbers = flat.select_dtypes("float").columns
    flat = flat.astype(dict.fromkeys(numbers, "Float64"))  # NaN is no JSON: missing
    with gdal_written(path) as temporary:
        pyogrio.write_dataframe(
            flat, temporary, driver="GeoJSON", layer=title, RFC7946="YES", COORDINATE_PRECISION=_DIGITS,
            WRITE_BBOX="NO", geometry_type="Unknown",
        )  # fmt: skip
