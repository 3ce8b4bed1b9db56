"""``plan.gpkg``: every layer of the plan in WGS84, styled for QGIS, with GCJ-02 and BD-09 columns beside."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.exports.gis.qgis import LINES, STYLES, LayerStyle, extra_style, qml
from planner.publish.safe import atomic_path, plain_text, safe_name
from planner.publish.zipped import FIXED_DATE
from planner.tables import is_missing
from planner.telling.contents.records import credit_lines
from planner.telling.contents.sites import coordinates, ranked
from planner.telling.words.names import column_label
from planner.telling.words.numbers import number
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle
    from planner.telling.layer import ExtraLayer

__all__ = [
    "MOST_CELLS",
    "cell_table",
    "gdal_written",
    "layer_tables",
    "write_extra_layers",
    "write_layers",
    "write_tables",
]

_STATIONS = ("station_id", "name", "kind", "status", "grade", "open_hours", "area_m2", "host", "district",
             "snapshot_date", "covers", "snap_m", "source", "row")  # fmt: skip
_CHOSEN = ("rank", "site_id", "name", "district", "host_kind", "open_hours", "workers_gained", "workers_in_reach",
           "nearest_station_m", "cost_yuan", "confidence", "batch", "reason", "reason_zh", "reason_en")  # fmt: skip
_CANDIDATES = ("site_id", "host_id", "name", "host_kind", "open_hours", "cost_yuan", "district")
_DISTRICTS = ("district", "name_zh", "name_en", "adcode", "population", "quota_min", "quota_max")
#: Of more cells than this those with few workers are summed (a large city's layer would be three times the rest of the file).
MOST_CELLS = 50_000
#: Side of the squares over which they are summed, in cells.
BLOCK = 5
#: What belongs to one cell and is never summed.
_CELL_ALONE = ("workers_low", "workers_high", "stations_before", "stations_after", "nearest_m_after")
_DEMAND = ("cell_id", "district", "workers", "workers_low", "workers_high")


def _clean(column: pd.Series) -> pd.Series:
    """Text that SQLite holds to the last character (it would stop at a NUL); numbers stay, missing is null."""
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return column
    values = [None if is_missing(v) else plain_text(v) for v in column.to_numpy(dtype=object)]
    return pd.Series(values, index=column.index, dtype=object, name=column.name)


def _layer(table: gpd.GeoDataFrame, columns: tuple[str, ...], *, shifted: bool = False) -> gpd.GeoDataFrame:
    """The wanted columns that exist, text cleaned, geometry in WGS84; points with their shifted coordinates."""
    kept = {c: _clean(table[c]) for c in columns if c in table}
    if shifted:
        kept |= {str(c): v for c, v in coordinates(table.geometry).items()}
    geometry = table.geometry.to_crs(4326)
    return gpd.GeoDataFrame(kept, geometry=geometry.to_numpy(), crs=4326, index=table.index).reset_index(
        drop=True
    )


def cell_table(bundle: Bundle) -> gpd.GeoDataFrame:
    """Cells with workers (WGS84): totals per group, stations in reach and workers covered, both times."""
    demand, settings = bundle.demand, bundle.settings
    periods = [p.name for p in settings.periods]
    groups = [g.name for g in settings.active_groups]
    extra: dict[str, Any] = {}
    for group in groups:
        own = [f"{group}__{p}" for p in periods if f"{group}__{p}" in demand]
        extra[group] = demand[own].sum(axis=1)
    for name, coverage in (("before", bundle.before), ("after", bundle.after)):
        for column in ("covered", "stations"):
            extra[f"{column}_{name}"] = coverage.cells[column].reindex(demand.index)
    extra["nearest_m_after"] = bundle.after.cells["nearest_m"].reindex(demand.index)
    extra = {k: v.round(3) for k, v in extra.items()}
    table = demand[[*(c for c in _DEMAND if c in demand), demand.geometry.name]].assign(**extra)
    table = table[table["workers"] > 0]
    rounded = table.assign(**{c: table[c].round(3) for c in _DEMAND[2:] if c in table})
    return _layer(rounded, (*_DEMAND, *extra))


def _demand(bundle: Bundle) -> gpd.GeoDataFrame:
    """The cells as a layer; of more than :data:`MOST_CELLS`, those below the mean are summed over squares of :data:`BLOCK` cells a side.

    Such a row stands for ``cells`` cells of one district (its square lies under the other cells) and has no band and no station of its
    own; sums over the layer are those over all cells. No cell of a gap is among them: those are above the mean.
    """
    cells = cell_table(bundle).assign(cells=1)
    if len(cells) <= MOST_CELLS:
        return cells
    corners = bundle.demand.geometry.bounds.to_numpy()[(bundle.demand["workers"] > 0).to_numpy()]
    side = BLOCK * float(bundle.settings.demand.cell_m)
    blocks = np.floor((corners[:, :2] + corners[:, 2:]) / 2 / side).astype(np.int64)
    key = pd.MultiIndex.from_arrays([cells["district"], blocks[:, 1], blocks[:, 0]])
    thin = cells["workers"].to_numpy() < _mean(cells)
    thin &= pd.Series(thin).groupby(key.factorize()[0]).transform("sum").to_numpy() > 1
    numbers = [
        str(c) for c in cells.columns if c not in ("cell_id", "district", cells.geometry.name, *_CELL_ALONE)
    ]
    order = key[thin].factorize()[0]
    found = cells[thin].groupby(order)
    west, south = (pd.Series(corners[thin, k]).groupby(order).min().to_numpy() for k in (0, 1))
    east, north = (pd.Series(corners[thin, k]).groupby(order).max().to_numpy() for k in (2, 3))
    squares = gpd.GeoSeries(shapely.box(west, south, east, north), crs=bundle.demand.crs).to_crs(4326)
    ids = [f"{side:g}mN{r}E{c}-{d}" for d, r, c in key[thin].unique()]
    sums = found[numbers].sum().round(3).assign(cell_id=ids, district=found["district"].first())
    merged = gpd.GeoDataFrame(
        sums.reindex(columns=[c for c in cells.columns if c != "geometry"]),
        geometry=squares.to_numpy(),
        crs=4326,
    )
    return gpd.GeoDataFrame(pd.concat([merged, cells[~thin]], ignore_index=True), crs=4326)


def _mean(cells: gpd.GeoDataFrame) -> float:
    """Mean workers of a cell where anybody works."""
    return float(cells["workers"].mean())


def _area(geometry: Any, bundle: Bundle) -> gpd.GeoDataFrame:
    one = gpd.GeoSeries([geometry], crs=bundle.demand.crs)
    minutes = [float(bundle.settings.circle.minutes)]
    frame = {"minutes": minutes, "area_km2": [round(one.area.iloc[0] / 1e6, 3)]}
    return gpd.GeoDataFrame(frame, geometry=one.to_crs(4326).to_numpy(), crs=4326)


def layer_tables(bundle: Bundle, *, cells: bool = True) -> dict[str, gpd.GeoDataFrame]:
    """Layer name → table in WGS84, in the order they are to lie: areas below, points on top; ``cells``: with the demand."""
    layers = {
        "districts": _layer(bundle.districts, _DISTRICTS),
        **({"demand": _demand(bundle)} if cells else {}),
        "circle_after": _area(bundle.area_after, bundle),
        "circle_before": _area(bundle.area_before, bundle),
        "gaps": _layer(bundle.gaps, ("name", "district", "workers")),
    }
    if bundle.hotspots is not None:
        layers["hotspots"] = _layer(bundle.hotspots, ("name", "workers", "area_km2", "peak_period"))
    layers["candidates"] = _layer(bundle.candidates, _CANDIDATES, shifted=True)
    layers["stations"] = _layer(bundle.stations, _STATIONS, shifted=True)
    layers["chosen"] = _layer(ranked(bundle), _CHOSEN, shifted=True)
    return layers | _extra_tables(bundle.extra_layers)


def _extra_tables(extras: Sequence[ExtraLayer]) -> dict[str, gpd.GeoDataFrame]:
    """Further layers with every column of theirs; points with their shifted coordinates."""
    layers = {}
    for extra in extras:
        columns = [str(c) for c in extra.table.columns if c != extra.table.geometry.name]
        plain = tuple(c for c in columns if c != "fid" and extra.table[c].dtype != "geometry")
        points = bool((extra.table.geometry.geom_type == "Point").all()) and len(extra.table) > 0
        layers[safe_name(extra.key)] = _layer(extra.table, plain, shifted=points)
    return layers


def write_extra_layers(extras: Sequence[ExtraLayer], path: Path) -> None:
    """A GeoPackage of further layers alone (WGS84), without styles; the same layers give the same bytes.

    Raises
    ------
    OutputError
        The file could not be written; the old one is untouched.
    """
    with gdal_written(path) as temporary:
        for i, (name, table) in enumerate(_extra_tables(extras).items()):
            _write_layer(_as_multi(table), temporary, name, append=i > 0)


def layer_styles(bundle: Bundle) -> dict[str, tuple[LayerStyle, str]]:
    """Layer name → its style and its title in the study's language."""
    language = bundle.settings.study.language
    styles = {name: (style, phrase(f"layer_{name}", language)) for name, style in STYLES.items()}
    extras = {e.key: (extra_style(e), e.zh if language == "zh" else e.en) for e in bundle.extra_layers}
    return styles | extras


def _as_multi(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """One geometry type per layer, so that QGIS and GDAL give it one: points stay, the rest becomes multi."""
    kinds = table.geometry.geom_type.dropna().unique()
    if len(kinds) == 0 or set(kinds) == {"Point"}:
        return table
    wrap = shapely.multipolygons if all("Polygon" in k for k in kinds) else shapely.multilinestrings
    parts, of = shapely.get_parts(table.geometry.to_numpy(), return_index=True)
    whole = np.full(len(table), None, dtype=object)
    whole[np.unique(of)] = wrap(parts, indices=np.unique(of, return_inverse=True)[1])
    return table.set_geometry(gpd.GeoSeries(whole, index=table.index, crs=table.crs))


_STYLE_TABLE = """
CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
 f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30),
 styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
 update_on DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))
"""


def _style(
    path: Path,
    layers: Mapping[str, gpd.GeoDataFrame],
    styles: Mapping[str, tuple[LayerStyle, str]],
    bundle: Bundle,
) -> None:
    """Add QGIS's ``layer_styles`` (with the columns' names in the study's language), the layers' titles and the credits."""
    settings, credit = bundle.settings, " · ".join(credit_lines(bundle))
    language = settings.study.language
    with contextlib.closing(sqlite3.connect(path)) as base, base:
        base.execute("PRAGMA journal_mode = MEMORY")
        base.execute(_STYLE_TABLE)
        base.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
            [FIXED_DATE],
        )
        for name, table in layers.items():
            style, title = styles[name]
            columns = [str(c) for c in table.columns if c != table.geometry.name]
            own = _extra_labels(name, bundle)
            names = {c: plain_text(own.get(c) or column_label(c, settings)) for c in columns}
            base.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
                "styleName, styleQML, styleSLD, useAsDefault, description, owner, ui, update_on) "
                "VALUES ('', '', ?, 'geom', ?, ?, '', 1, '', 'planner', NULL, ?)",
                [name, name, qml(style, plain_text(title), language, names), FIXED_DATE],
            )
            base.execute(
                "UPDATE gpkg_contents SET identifier = ?, description = ?, last_change = ? WHERE table_name = ?",
                [f"{plain_text(title)} ({name})", _note(name, table, language) + credit, FIXED_DATE, name],
            )


def _extra_labels(name: str, bundle: Bundle) -> dict[str, str]:
    """What a further layer calls its columns in its popups."""
    chinese = bundle.settings.study.language == "zh"
    found = (e for e in bundle.extra_layers if e.key == name)
    return {f.column: f.zh if chinese else f.en for e in found for f in e.fields}


def _note(name: str, table: gpd.GeoDataFrame, language: str) -> str:
    """What must be known of a layer before it is summed."""
    if name != "demand":
        return ""
    merged = table[table["cells"] > 1]
    least = number(table["workers"].sum() / table["cells"].sum(), 2)
    told = phrase("layer_rest_note", language, least=least, cells=number(merged["cells"].sum()), squares=number(len(merged)),
                  workers=number(merged["workers"].sum())) + " " if len(merged) else ""  # fmt: skip
    return told + phrase("layer_demand_note", language) + " "


@contextlib.contextmanager
def _set_gdal() -> Iterator[None]:
    """GDAL writes a fixed date instead of the time of writing, and waits for the disk at no step: the file only counts when it is whole."""
    import pyogrio

    options = {"OGR_CURRENT_DATE": FIXED_DATE, "OGR_SQLITE_SYNCHRONOUS": "OFF"}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(dict.fromkeys(options))


@contextlib.contextmanager
def gdal_written(path: Path) -> Iterator[Path]:
    """A name beside ``path`` that GDAL or SQLite write to, without the time of writing; it takes ``path``'s place at the end.

    Raises
    ------
    OutputError
        The file could not be written; the old one is untouched.
    """
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

    with atomic_path(path) as temporary:
        try:
            with _set_gdal():
                yield temporary
        except (DataLayerError, DataSourceError, FeatureError, sqlite3.Error) as error:
            raise OSError(errno.EIO, str(error)) from error


def write_layers(bundle: Bundle, path: Path) -> None:
    """Write the GeoPackage; the same bundle gives the same bytes.

    Layers: districts, demand, circle_before, circle_after, gaps, hotspots (if any), candidates,
    stations, chosen; the table ``facts`` has every registered figure with its band.

    Raises
    ------
    OutputError
        The file could not be written (disk full, open in QGIS); the old one is untouched.
    """
    layers = layer_tables(bundle)
    with gdal_written(path) as temporary:
        for i, (name, table) in enumerate(layers.items()):
            _write_layer(_as_multi(table), temporary, name, append=i > 0)
        _write_facts(bundle, temporary)
        _style(temporary, layers, layer_styles(bundle), bundle)


def write_tables(
    layers: Mapping[str, gpd.GeoDataFrame], path: Path, bundle: Bundle, *, titles: Mapping[str, str]
) -> None:
    """A GeoPackage of some lines (WGS84 is made), titled, with the columns' names in the study's language.

    Raises
    ------
    OutputError
        The file could not be written; the old one is untouched.
    """
    made = {
        name: _layer(t, tuple(str(c) for c in t.columns if c != t.geometry.name))
        for name, t in layers.items()
    }
    with gdal_written(path) as temporary:
        for i, (name, table) in enumerate(made.items()):
            _write_layer(table, temporary, name, append=i > 0, empty="LineString")
        _style(temporary, made, {name: (LINES, titles[name]) for name in made}, bundle)


def _write_facts(bundle: Bundle, path: Path) -> None:
    """Every registered figure with its band as a table without shapes; the bands of cells are not for summing."""
    import pyogrio

    language = bundle.settings.study.language
    rows = [
        (f.id, f.definition.name(language), f.value, f.shown, f.low, f.high, f.json()["unit"],
         ", ".join(f"{k}={v}" for k, v in f.scope.json().items() if v != ""), f.definition.meaning(language))
        for f in bundle.facts.values()
    ]  # fmt: skip
    heads = ("id", "name", "value", "shown", "low", "high", "unit", "scope", "meaning")
    table = pd.DataFrame(rows, columns=list(heads)).astype(
        dict.fromkeys(("value", "shown", "low", "high"), float)
    )
    table["scope"] = [plain_text(v) for v in table["scope"]]
    pyogrio.write_dataframe(table, path, layer="facts", driver="GPKG", append=True)


def _write_layer(table: gpd.GeoDataFrame, path: Path, name: str, *, append: bool, empty: str = "") -> None:
    """``empty``: the kind of a layer without rows; else that of its style."""
    point = name in STYLES and STYLES[name].kind == "point"
    kind = {} if len(table) else {"geometry_type": empty or ("Point" if point else "MultiPolygon")}
    table.to_file(
        path, layer=name, driver="GPKG", engine="pyogrio", mode="a" if append else "w",
        GEOMETRY_NAME="geom", SPATIAL_INDEX="YES", **kind,
    )  # fmt: skip
