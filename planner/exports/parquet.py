"""GeoParquet 1.1: a table in WGS84 with the box of each shape beside, for DuckDB, GDAL, pandas."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd

from planner.publish.safe import atomic_path

__all__ = ["write_parquet"]


def write_parquet(table: gpd.GeoDataFrame, path: Path) -> None:
    """Write a table; the same table gives the same bytes.

    Raises
    ------
    OutputError
        The file could not be written; the old one is untouched.
    """
    with atomic_path(path) as temporary:
        table.to_parquet(
            temporary, index=False, compression="zstd", geometry_encoding="WKB", schema_version="1.1.0",
            write_covering_bbox=True,
        )  # fmt: skip
