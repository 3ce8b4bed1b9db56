"""A stage's value as files in open formats, and back: Parquet, NPY, NPZ, WKB and JSON, never pickle.

A value is a frame, an array, a sparse matrix, a geometry, plain data, or a frozen dataclass, tuple, list or dict of
such. :func:`write_value` leaves files in a folder and returns a note, plain data that says how to read them again.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import count
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from scipy import sparse

__all__ = ["read_value", "write_value"]

Note = dict[str, Any]


def write_value(value: Any, folder: Path, number: Iterator[int] | None = None) -> Note:
    """Write ``value`` into files of ``folder`` named by ``number``; what :func:`read_value` needs to read it again."""
    number = count() if number is None else number
    if value is None or isinstance(value, (bool, int, float, str)):
        return {"type": "plain", "value": value.item() if isinstance(value, np.generic) else value}
    if isinstance(value, np.generic):
        return {"type": "plain", "value": value.item()}
    if isinstance(value, (tuple, list)):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {"type": kind, "items": [write_value(v, folder, number) for v in value]}
    if isinstance(value, Mapping):
        items = [[write_value(k, folder, number), write_value(v, folder, number)] for k, v in value.items()]
        return {"type": "dict", "items": items}
    if hasattr(value, "save") and hasattr(type(value), "load"):
        name = f"{next(number):02d}.own.npz"
        value.save(folder / name)
        return {"type": "own", "class": _address(type(value)), "file": name}
    if is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: write_value(getattr(value, f.name), folder, number) for f in fields(value) if f.init}
        return {"type": "record", "class": _address(type(value)), "parts": parts}
    return _write_file(value, folder, f"{next(number):02d}")


def _write_file(value: Any, folder: Path, stem: str) -> Note:
    """One file for one table, matrix, array or geometry."""
    if isinstance(value, gpd.GeoSeries):
        value.to_frame("geometry").to_parquet(folder / f"{stem}.geoparquet")
        return {"type": "geoseries", "file": f"{stem}.geoparquet", "name": value.name}
    if isinstance(value, gpd.GeoDataFrame):
        value.to_parquet(folder / f"{stem}.geoparquet")
        return {"type": "geoframe", "file": f"{stem}.geoparquet"}
    if isinstance(value, pd.DataFrame):
        value.to_parquet(folder / f"{stem}.parquet")
        return {"type": "frame", "file": f"{stem}.parquet"}
    if sparse.issparse(value):
        sparse.save_npz(folder / f"{stem}.npz", sparse.csr_array(value), compressed=False)
        return {"type": "csr", "file": f"{stem}.npz"}
    if isinstance(value, np.ndarray):
        np.save(folder / f"{stem}.npy", value, allow_pickle=False)
        return {"type": "array", "file": f"{stem}.npy"}
    if isinstance(value, shapely.Geometry):
        (folder / f"{stem}.wkb").write_bytes(shapely.to_wkb(value))
        return {"type": "geometry", "file": f"{stem}.wkb"}
    raise TypeError(f"a stage cannot keep a {type(value).__name__}")


def _address(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _class_at(address: str) -> Any:
    """A class of planner's own by its address; nothing else is ever made from a file."""
    module, _, name = address.partition(":")
    if not module.startswith("planner."):
        raise ValueError(f"{address} is not planner's")
    found = getattr(importlib.import_module(module), name)
    if not isinstance(found, type) or not (is_dataclass(found) or hasattr(found, "load")):
        raise ValueError(f"{address} is no value")
    return found


def read_value(note: Mapping[str, Any], folder: Path) -> Any:
    """The value that :func:`write_value` left in ``folder``.

    Raises
    ------
    Exception
        Whatever a damaged file makes its reader say.
    """
    match note["type"]:
        case "plain":
            return note["value"]
        case "tuple":
            return tuple(read_value(n, folder) for n in note["items"])
        case "list":
            return [read_value(n, folder) for n in note["items"]]
        case "dict":
            return {read_value(k, folder): read_value(v, folder) for k, v in note["items"]}
        case "record":
            return _class_at(note["class"])(**{k: read_value(n, folder) for k, n in note["parts"].items()})
        case "own":
            return _class_at(note["class"]).load(folder / note["file"])
        case _:
            return _read_file(note, folder / note["file"])


def _read_file(note: Mapping[str, Any], path: Path) -> Any:
    match note["type"]:
        case "geoframe":
            return _named_crs(gpd.read_parquet(path))
        case "geoseries":
            return _named_crs(gpd.read_parquet(path))["geometry"].rename(note["name"])
        case "frame":
            return pd.read_parquet(path)
        case "csr":
            return sparse.csr_array(sparse.load_npz(path))
        case "array":
            return np.load(path, allow_pickle=False)
        case "geometry":
            return shapely.from_wkb(path.read_bytes())
    raise ValueError(f"a kept part of type {note['type']!r}")


def _named_crs(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The frame with each CRS under its code again: GeoParquet spells it out, and every product that prints it would too."""
    for name in frame.columns[frame.dtypes == "geometry"]:
        given = frame[name].crs
        known = given.to_authority() if given is not None else None
        if known is not None and pyproj.CRS(":".join(known)) == given:
            frame[name] = frame[name].set_crs(":".join(known))
    return frame
