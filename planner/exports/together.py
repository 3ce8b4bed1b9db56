"""``sites.parquet``: the chosen sites of many studies in one table, for DuckDB, GDAL, pandas."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from planner.exports.parquet import write_parquet

__all__ = ["write_all_sites"]

LAYER = "chosen"


def write_all_sites(studies: Iterable[tuple[str, Path]], path: Path) -> Path | None:
    """Write the layer ``chosen`` of the ``plan.gpkg`` of each study (its name, its folder), in their order; the file's path.

    A row is a site: ``study``, then the columns of the layer, text in any of them, the point in WGS84. The same plans give the same
    bytes. None, and nothing is written, where no study chose a site.

    Raises
    ------
    OutputError
        The file could not be written; the old one is untouched.
    """
    found = [(name, folder / "plan.gpkg") for name, folder in studies]
    layers = [
        _sites(file).assign(study=name)
        for name, file in found
        if file.is_file() and LAYER in pyogrio.list_layers(file)[:, 0]
    ]
    layers = [layer for layer in layers if len(layer)]
    if not layers:
        return None
    table = gpd.GeoDataFrame(pd.concat(layers, ignore_index=True), geometry="geometry", crs=4326)
    write_parquet(table[["study", *(c for c in table.columns if c != "study")]], path)
    return path


def _sites(file: Path) -> gpd.GeoDataFrame:
    """The chosen sites of one study; a column without a value is text, whatever it is in other studies."""
    layer = gpd.read_file(file, layer=LAYER)
    return layer[[c for c in layer.columns if layer[c].notna().any()]]
