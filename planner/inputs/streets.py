"""The names of streets, where the street file is a table of lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.settings.inputs import Streets

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["named_lines"]


def named_lines(streets: Streets, *, crs: str) -> gpd.GeoDataFrame:
    """Lines of a table of streets that have a ``name``, in ``crs``; none where it has no such column (a graph neither).

    Only for files that were read as streets already: nothing is judged here.
    """
    import geopandas as gpd

    table = streets.path.is_file() and not streets.path.name.lower().endswith(".graphml")
    lines = _read(streets) if table else None
    if lines is None or (lines.crs is None and streets.crs is None):
        return gpd.GeoDataFrame({"name": []}, geometry=[], crs=crs)
    if lines.crs is None:
        lines = lines.set_crs(streets.crs)
    lines["name"] = lines["name"].fillna("").astype("str").str.strip()
    kept = (lines["name"] != "") & lines.geom_type.isin(["LineString", "MultiLineString"])
    return lines.loc[kept, ["name", "geometry"]].to_crs(crs).reset_index(drop=True)


def _read(streets: Streets) -> Any:
    """The table's names and lines; None without names."""
    import geopandas as gpd
    import pyogrio

    path = streets.path
    if path.name.lower().endswith(".parquet"):
        lines = gpd.read_parquet(path)
        found = [c for c in lines.columns if str(c).lower() == "name"]
        return lines.rename(columns={found[0]: "name"}) if found else None
    found = [c for c in pyogrio.read_info(path)["fields"] if str(c).lower() == "name"]
    if not found:
        return None
    return gpd.read_file(path, columns=found[:1]).rename(columns={found[0]: "name"})
