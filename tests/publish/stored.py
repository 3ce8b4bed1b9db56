"""A bundle as it comes back from a cache: every part written to an open format and read again.

The formats are those of the stages' store (GeoParquet, Parquet, NPY, NPZ, WKB, JSON), written here by the
libraries themselves, so that a change of the store cannot hide what a file does to a value.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pydantic
import shapely
from scipy import sparse

_COUNT = itertools.count()


def from_files(value: Any, folder: Path) -> Any:
    """``value`` read back from files in ``folder``; settings stay, they are read from the study file."""
    path = folder / f"{next(_COUNT):04d}"
    match value:
        case pydantic.BaseModel():
            return value
        case gpd.GeoDataFrame():
            value.to_parquet(path)
            return gpd.read_parquet(path)
        case pd.DataFrame():
            value.to_parquet(path)
            return pd.read_parquet(path)
        case np.ndarray():
            np.save(path.with_suffix(".npy"), value, allow_pickle=False)
            return np.load(path.with_suffix(".npy"), allow_pickle=False)
        case shapely.Geometry():
            path.write_bytes(shapely.to_wkb(value))
            return shapely.from_wkb(path.read_bytes())
        case tuple() | list():
            return type(value)(from_files(item, folder) for item in value)
    if sparse.issparse(value):
        sparse.save_npz(path.with_suffix(".npz"), value)
        return sparse.csr_array(sparse.load_npz(path.with_suffix(".npz")))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {
            f.name: from_files(getattr(value, f.name), folder) for f in dataclasses.fields(value) if f.init
        }
        return dataclasses.replace(value, **parts)
    return json.loads(json.dumps(value))
