"""Results of stages, kept under the hash of everything they depend on.

A value is a dict of parts; each part is written in an open format (Parquet, NPY/NPZ, JSON) chosen by
its type, never pickled. A folder appears whole (written beside, then renamed) or not at all.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from planner.errors import Finding

KEEP_FOLDERS = 200


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@functools.cache
def code_digest() -> str:
    """SHA-256 over planner's own sources and tables: another version never reuses a result."""
    total = hashlib.sha256()
    root = Path(__file__).parents[1]
    for path in sorted(root.rglob("*")):
        if path.suffix in {".py", ".csv", ".toml"} and path.is_file():
            total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def key_of(name: str, *parts: Any) -> str:
    """Key of a stage: its name, the code, and whatever it depends on (JSON-able)."""
    text = json.dumps([name, code_digest(), parts], sort_keys=True, ensure_ascii=False, default=str)
    return f"{name.replace(':', '_')}-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def _write_part(value: Any, stem: Path) -> dict[str, Any]:
    """Write one part beside ``stem``; what is needed to read it again."""
    if isinstance(value, gpd.GeoDataFrame):
        value.to_parquet(stem.with_suffix(".geoparquet"))
        return {"type": "geoframe"}
    if isinstance(value, pd.DataFrame):
        value.to_parquet(stem.with_suffix(".parquet"))
        return {"type": "frame"}
    if sparse.issparse(value):
        sparse.save_npz(stem.with_suffix(".npz"), sparse.csr_array(value), compressed=False)
        return {"type": "csr"}
    if isinstance(value, np.ndarray):
        np.save(stem.with_suffix(".npy"), value, allow_pickle=False)
        return {"type": "array"}
    if isinstance(value, shapely.Geometry):
        stem.with_suffix(".wkb").write_bytes(shapely.to_wkb(value))
        return {"type": "geometry"}
    if isinstance(value, (list, tuple)) and all(isinstance(v, Finding) for v in value):
        return {"type": "findings", "value": [asdict(v) for v in value]}
    if hasattr(value, "save") and hasattr(type(value), "load"):
        value.save(stem.with_suffix(".store.npz"))
        return {"type": "own"}
    return {"type": "json", "value": value}


def _read_part(note: Mapping[str, Any], stem: Path, own: Any) -> Any:
    match note["type"]:
        case "geoframe":
            return gpd.read_parquet(stem.with_suffix(".geoparquet"))
        case "frame":
            return pd.read_parquet(stem.with_suffix(".parquet"))
        case "csr":
            return sparse.csr_array(sparse.load_npz(stem.with_suffix(".npz")))
        case "array":
            return np.load(stem.with_suffix(".npy"), allow_pickle=False)
        case "geometry":
            return shapely.from_wkb(stem.with_suffix(".wkb").read_bytes())
        case "findings":
            return [Finding(**v) for v in note["value"]]
        case "own":
            return own.load(stem.with_suffix(".store.npz"))
        case _:
            return note["value"]


def flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    """Parts of a (nested) dataclass of tables and numbers, keyed ``field.field``."""
    parts: dict[str, Any] = {}
    for f in fields(value):
        item = getattr(value, f.name)
        name = prefix + f.name
        if is_dataclass(item) and not isinstance(item, type):
            parts |= flatten(item, name + ".")
        else:
            parts[name] = item
    return parts


class Store:
    """A folder of finished stages.

    Parameters
    ----------
    folder
        Made when first written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str, own: Any = None) -> dict[str, Any] | None:
        """The parts kept under ``key``, or None when absent or unreadable (it is then made again)."""
        home = self.folder / key
        try:
            notes = json.loads((home / "parts.json").read_text("utf-8"))
            parts = {
                name: _read_part(note, home / f"{i:02d}", own) for i, (name, note) in enumerate(notes.items())
            }
            os.utime(home)
            if "_record" not in parts:
                raise KeyError("_record")
        except FileNotFoundError:
            return None
        except Exception:  # whatever a damaged file makes a reader say (BadZipFile, ArrowInvalid, EOFError …)
            shutil.rmtree(home, ignore_errors=True)
            return None
        return parts

    def put(self, key: str, parts: Mapping[str, Any]) -> None:
        """Keep ``parts``; a store that cannot be written (read-only, full) is left as it was."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            beside = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder))
        except OSError:
            return
        try:
            notes = {name: _write_part(v, beside / f"{i:02d}") for i, (name, v) in enumerate(parts.items())}
            (beside / "parts.json").write_text(json.dumps(notes, ensure_ascii=False), "utf-8")
            shutil.rmtree(self.folder / key, ignore_errors=True)
            beside.replace(self.folder / key)
            self._forget_oldest()
        except OSError:
            shutil.rmtree(beside, ignore_errors=True)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise

    def _forget_oldest(self) -> None:
        homes = sorted((p for p in self.folder.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
        for old in homes[:-KEEP_FOLDERS]:
            shutil.rmtree(old, ignore_errors=True)
