"""Tables to import into the map platforms: Amap in GCJ-02, Baidu in BD-09."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import geopandas as gpd
import pandas as pd

from planner.inputs.places.datum import convert
from planner.publish.office.csvfile import write_table

__all__ = ["Platform", "import_table", "write_import"]

Platform = Literal["amap", "baidu"]
#: Our column → the platform's, in its order; ``lng`` and ``lat`` are in its own datum.
_HEADS: dict[Platform, dict[str, str]] = {
    "amap": {"name": "名称", "lng": "经度", "lat": "纬度", "address": "地址", "district": "区县", "state": "状态", "kind": "类型",
             "open_hours": "开放时间", "place_id": "编号", "note": "备注"},
    "baidu": {"name": "title", "address": "address", "lng": "longitude", "lat": "latitude", "coord_type": "coord_type", "state": "tags",
              "district": "district", "kind": "kind", "open_hours": "open_hours", "place_id": "place_id", "note": "note"},
}  # fmt: skip
#: Baidu's number for coordinates in BD-09.
_BD09 = 3


def import_table(
    places: gpd.GeoDataFrame, states: pd.Series, platform: Platform, *, note: str = ""
) -> pd.DataFrame:
    """The places (WGS84) as the platform reads them: degrees to seven decimals (1 cm) in its datum; ``states``: each place's in words.

    ``note``: what stands beside every place (made-up data).
    """
    x, y = places.geometry.x.to_numpy(), places.geometry.y.to_numpy()
    lng, lat = convert(x, y, source="wgs84", target="gcj02" if platform == "amap" else "bd09")
    full = pd.DataFrame(places.drop(columns=places.geometry.name)).assign(
        lng=lng.round(7), lat=lat.round(7), coord_type=_BD09, state=states.to_numpy(), note=note
    )
    heads = _HEADS[platform]
    return full[list(heads)].rename(columns=heads)


def write_import(table: pd.DataFrame, path: Path) -> None:
    """Write it as csv with a byte order mark; text that a spreadsheet would run is made harmless.

    Raises
    ------
    OutputError
        The file could not be written; the old one is untouched.
    """
    write_table(table, path)
