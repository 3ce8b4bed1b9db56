"""GeoJSON, GeoPackage and Shapefile as text cells with geometry."""

from __future__ import annotations

import codecs
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from planner.errors import Finding, finding
from planner.inputs.tables.spreadsheet import cell_text
from planner.inputs.tables.trusted import untrusted

__all__ = ["Layer", "read_layer"]


@dataclass(frozen=True, slots=True)
class Layer:
    """Text columns, geometries (shapely objects or None) and the CRS text (None if unstated)."""

    cells: pd.DataFrame
    geometry: npt.NDArray[Any] | None
    crs: str | None


def read_layer(
    path: Path, *, layer: str | None, encoding: str | None = None
) -> tuple[Layer | None, list[Finding]]:
    """One layer; rings that are not closed are closed and listed (GEO-001).

    Only files whose first bytes are of the kind their name says are opened, so that no other GDAL
    driver, some of which follow links, ever sees them; nor does GDAL see a file that itself holds a link
    (:mod:`planner.inputs.tables.trusted`).
    """
    import pyogrio

    found = _parts_missing(path)
    found += untrusted(path)
    if any(f.severity == "E" for f in found):
        return None, found
    try:
        names = [str(n) for n, *_ in pyogrio.list_layers(path)]
        if layer is not None and layer not in names:
            return None, [
                finding("TAB-003", source=path.name, field="layer", value=layer, names=", ".join(names))
            ]
        if layer is None and len(names) != 1:
            return None, [
                finding("TAB-001", source=path.name, field="layer", value=", ".join(names), hidden="-")
            ]
        if path.suffix.lower() == ".shp" and encoding is None:
            (meta, _, wkb, fields), more = _any_encoding(path)
            found += more
        else:
            meta, _, wkb, fields = _read(path, layer or names[0], encoding)
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        UnicodeError,
        LookupError,
        ValueError,
        RuntimeError,
        UnboundLocalError,  # pyogrio of a .prj that is damaged
    ) as error:
        return None, [*found, finding("FILE-001", source=path.name, why=str(error))]
    columns = {
        str(n): [cell_text(_scalar(v)) for v in f] for n, f in zip(meta["fields"], fields, strict=True)
    }
    geometry = None if wkb is None else _shapes(wkb, columns, path.name, found)
    size = len(fields[0]) if fields else (0 if wkb is None else len(wkb))
    cells = pd.DataFrame(columns, index=pd.RangeIndex(size), dtype=object)
    return Layer(cells, geometry, meta["crs"] or None), found


def _shapes(
    wkb: Any, columns: dict[str, list[str | None]], source: str, found: list[Finding]
) -> npt.NDArray[Any]:
    """Geometries of a layer; open rings are closed, with a finding each."""
    geometry = shapely.from_wkb(wkb, on_invalid="ignore")
    for i, (data, shape) in enumerate(zip(wkb, geometry, strict=True)):
        if data is not None and shape is None:
            geometry[i] = shapely.from_wkb(data, on_invalid="fix")
            found.append(finding("GEO-001", source=source, row=i + 1, value=_label(columns, i)))
    return geometry


def _read(path: Path, layer: str | None, encoding: str | None) -> Any:
    """``pyogrio.raw.read``: (meta, fids, wkb, columns)."""
    import pyogrio

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Non closed ring")  # closed and listed by the caller
        return pyogrio.raw.read(path, layer=layer, encoding=encoding, force_2d=True)


def _any_encoding(path: Path) -> tuple[Any, list[Finding]]:
    """A shapefile in UTF-8 if that fits, else as its ``.cpg`` says, else in GB18030.

    Read as bytes (Latin-1 keeps them) and decoded here, because column names are cut at ten bytes,
    often within a letter. FILE-009 where letters outside ASCII were read otherwise than the ``.cpg``
    says, or without one.
    """
    beside = next((p for p in path.parent.glob(f"{path.stem}.*") if p.suffix.lower() == ".cpg"), None)
    stated = beside.read_text("ascii", errors="replace").strip() if beside else ""
    meta, fids, wkb, fields = _read(path, None, "ISO-8859-1")
    texts = [v for f in fields if f.dtype == object for v in f if isinstance(v, str)]
    names = [str(n) for n in meta["fields"]]
    if "".join([*names, *texts]).isascii():
        return (meta, fids, wkb, fields), []
    chosen = next((e for e in ("utf-8", stated, "gb18030") if _decodes(texts, names, e)), "latin-1")

    def decoded(value: Any) -> Any:
        return value.encode("latin-1").decode(chosen) if isinstance(value, str) else value

    fields = [np.array([decoded(v) for v in f], dtype=object) if f.dtype == object else f for f in fields]
    meta = {**meta, "fields": [n.encode("latin-1").decode(chosen, errors="ignore") for n in names]}
    said = stated.lower().replace("-", "").replace("936", "gb18030").replace("gbk", "gb18030")
    right = chosen == stated or chosen.replace("-", "") == said
    found = [] if right else [finding("FILE-009", source=path.name, field="encoding", value=chosen)]
    return (meta, fids, wkb, fields), found


def _decodes(texts: list[str], names: list[str], encoding: str) -> bool:
    """Whether every text is good in ``encoding``; of names only what stands before the cut."""
    if encoding.upper().replace("-", "") in ("", "ISO88591", "88591", "LATIN1"):
        return False  # what GDAL writes when it does not know
    try:
        "".join(texts).encode("latin-1").decode(encoding)
        reader = codecs.getincrementaldecoder(encoding)
        for name in names:
            reader().decode(name.encode("latin-1"))
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _scalar(value: Any) -> Any:
    """A numpy value as the Python value a cell would hold; missing is None."""
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else pd.Timestamp(value).to_pydatetime()
    return value.item() if isinstance(value, np.generic) else value


def _label(columns: dict[str, list[str | None]], row: int) -> str:
    return next((str(v[row]) for k, v in columns.items() if "name" in k.lower() or "名" in k), "")


def _parts_missing(path: Path) -> list[Finding]:
    """A shapefile is several files; name those that are absent."""
    if path.suffix.lower() != ".shp":
        return []
    beside = {p.suffix.lower() for p in path.parent.glob(f"{path.stem}.*")}
    missing = [part for part in (".dbf", ".shx") if part not in beside]
    return [finding("FILE-007", source=path.name, value=", ".join(missing))] if missing else []
