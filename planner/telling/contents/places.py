"""Places that need attention: gap areas and hot spots, those with most workers first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from planner.telling.contents.columns import Column
from planner.telling.contents.coverage import district_labels
from planner.telling.words.names import period_labels

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.telling.bundle import Bundle

__all__ = ["GAP_COLUMNS", "HOTSPOT_COLUMNS", "fullest_first", "gap_rows", "hotspot_rows"]

GAP_COLUMNS = (
    Column("gap_place", "text", 20),
    Column("district", "text", 12),
    Column("gap_workers", "people", 12),
)
HOTSPOT_COLUMNS = (
    Column("gap_place", "text", 20),
    Column("workers", "people", 12),
    Column("area_km2", "decimal", 10),
    Column("peak_period", "text", 14),
)
#: Rows of each printed table.
_MOST = 10


def fullest_first(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Areas by their workers, the most first."""
    return table.sort_values("workers", ascending=False, kind="stable") if len(table) else table


def gap_rows(bundle: Bundle) -> pd.DataFrame | None:
    """The ten gap areas with most workers as rows of :data:`GAP_COLUMNS`; None where there are none."""
    names, gaps = district_labels(bundle), fullest_first(bundle.gaps).head(_MOST)
    if not len(gaps):
        return None
    districts = [names.get(str(d), str(d)) for d in gaps["district"]]
    return pd.DataFrame({"gap_place": gaps["name"], "district": districts, "gap_workers": gaps["workers"]})


def hotspot_rows(bundle: Bundle) -> pd.DataFrame | None:
    """The ten hot spots with most workers as rows of :data:`HOTSPOT_COLUMNS`; None where there are none."""
    if bundle.hotspots is None or not len(bundle.hotspots):
        return None
    labels, hot = period_labels(bundle.settings), fullest_first(bundle.hotspots).head(_MOST)
    return pd.DataFrame(
        {
            "gap_place": hot["name"],
            "workers": hot["workers"],
            "area_km2": hot["area_km2"].round(2),
            "peak_period": [labels.get(str(p), str(p)) for p in hot["peak_period"]],
        }
    )
