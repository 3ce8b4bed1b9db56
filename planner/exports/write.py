"""Every export of a plan into one folder, with ``exports.json``: what each file holds and in which datum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.exports.allocation import COLUMNS, Plan, allocation, allocation_lines
from planner.exports.formats import Format
from planner.exports.geojson import write_geojson
from planner.exports.gis.layers import cell_table, layer_tables, write_layers, write_tables
from planner.exports.imports import Platform, import_table, write_import
from planner.exports.kml import Folder, write_kml
from planner.exports.parquet import write_parquet
from planner.exports.places import home_places, places
from planner.exports.servicemap import kept_ids, read_earlier, service_map, write_service_map
from planner.progress import Progress, silent
from planner.publish.office.csvfile import synthetic_badge, write_table
from planner.publish.safe import plain_text, whole_set, write_text
from planner.telling.contents.records import credit_lines, synthetic_lines
from planner.telling.contents.sites import coordinates
from planner.telling.words.names import column_label
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["write_exports"]

MANIFEST = "exports.json"
_PLANS: tuple[Plan, ...] = ("today", "proposal")
_COLOURS = {"sites": "#c8321e", "stations": "#2f6f8f", "circle": "#dc781e", "districts": "#5a6873"}


@dataclass
class _Job:
    """What is to be written, and what has been: ``files`` as the manifest lists them."""

    bundle: Bundle
    folder: Path
    earlier: Path | None
    qr: str
    files: list[dict[str, Any]] = field(default_factory=list)

    def wrote(self, name: str, *, datum: str, rows: int, holds: str) -> None:
        """Note a file."""
        digest = hashlib.sha256((self.folder / name).read_bytes()).hexdigest()
        self.files.append({"file": name, "holds": holds, "datum": datum, "rows": rows, "sha256": digest})


def _rounded(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Numbers to three decimals, those that are none missing; degrees stay."""
    numbers = [c for c in table.select_dtypes("float").columns if not str(c).startswith(("lng_", "lat_"))]
    return table.assign(**{c: table[c].where(np.isfinite(table[c])).round(3) for c in numbers})


def _map_layers(bundle: Bundle) -> dict[str, gpd.GeoDataFrame]:
    """Sites, stations, the circle of both plans, districts (WGS84)."""
    tables = layer_tables(bundle, cells=False)
    circle = pd.concat(
        [tables["circle_before"].assign(plan="today"), tables["circle_after"].assign(plan="proposal")]
    )
    circle = gpd.GeoDataFrame(circle[["plan", "minutes", "area_km2", "geometry"]], crs=4326)
    return {
        "sites": _rounded(tables["chosen"]), "stations": _rounded(tables["stations"]), "circle": circle.reset_index(drop=True),
        "districts": tables["districts"],
    }  # fmt: skip


def _geojson(job: _Job) -> None:
    for name, table in _map_layers(job.bundle).items():
        write_geojson(table, job.folder / f"{name}.geojson", title=name)
        job.wrote(f"{name}.geojson", datum="wgs84", rows=len(table), holds=name)


def _title(name: str, language: str) -> str:
    return phrase(f"layer_{'chosen' if name == 'sites' else name}", language)


def _kml(job: _Job) -> None:
    settings, layers = job.bundle.settings, _map_layers(job.bundle)
    language = settings.study.language
    names = {"sites": "name", "stations": "name", "circle": "plan", "districts": f"name_{language}"}
    layers["circle"] = layers["circle"].assign(
        plan=[phrase(f"plan_{p}", language) for p in layers["circle"]["plan"]]
    )
    folders = [
        Folder(name, _title(name, language), layers[name], names[name],
               {c: column_label(c, settings) for c in map(str, layers[name].columns) if c != "geometry"},
               _COLOURS[name], fill=70 if name == "circle" else 0)
        for name in ("districts", "circle", "stations", "sites")
    ]  # fmt: skip
    notes = [*synthetic_lines(job.bundle.settings), *credit_lines(job.bundle)]
    write_kml(folders, job.folder / "plan.kml", title=settings.study.title(), notes=notes)
    rows = sum(len(f.table) for f in folders)
    job.wrote("plan.kml", datum="wgs84", rows=rows, holds="districts, circle, stations, sites")


def _geoparquet(job: _Job) -> None:
    for name, table in (
        ("sites", _rounded(layer_tables(job.bundle, cells=False)["chosen"])), ("cells", cell_table(job.bundle)),
    ):  # fmt: skip
        write_parquet(table, job.folder / f"{name}.parquet")
        job.wrote(f"{name}.parquet", datum="wgs84", rows=len(table), holds=name)


def _allocation(job: _Job) -> None:
    bundle, language = job.bundle, job.bundle.settings.study.language
    lines = dict[str, gpd.GeoDataFrame]()
    for plan in _PLANS:
        table = allocation(bundle, plan)
        spots = coordinates(gpd.GeoSeries(table["point"])).add_prefix("cell_")
        flat = pd.DataFrame(table[list(COLUMNS)]).assign(
            minutes=table["minutes"].round(2), workers=table["workers"].round(3)
        )
        write_table(
            flat.join(spots),
            job.folder / f"allocation_{plan}.csv",
            synthetic=synthetic_badge(bundle.settings),
        )
        job.wrote(f"allocation_{plan}.csv", datum=" ".join(sorted({c.rpartition("_")[2] for c in spots})), rows=len(table),
                  holds=f"allocation, {plan}")  # fmt: skip
        drawn = allocation_lines(table)
        lines[f"allocation_{plan}"] = drawn.assign(
            minutes=drawn["minutes"].round(2), workers=drawn["workers"].round(3)
        )
    titles = {name: phrase(f"layer_{name}", language) for name in lines}
    write_tables(lines, job.folder / "allocation.gpkg", bundle, titles=titles)
    job.wrote("allocation.gpkg", datum="wgs84", rows=sum(map(len, lines.values())), holds="allocation lines")


def _states(table: gpd.GeoDataFrame, language: str) -> pd.Series:
    """Each place's state in words."""
    keys = table["status"].where(~table["is_new"], "new").where(~table["closes"], "closes")
    return keys.map(lambda key: phrase(f"place_{key}", language))


def _import(job: _Job, platform: Platform) -> None:
    table = places(job.bundle)
    study = job.bundle.settings.study
    note = " ".join(synthetic_lines(job.bundle.settings)) if study.synthetic else ""
    made = import_table(table, _states(table, study.language), platform, note=note)
    write_import(made, job.folder / f"{platform}.csv")
    datum = "gcj02" if platform == "amap" else "bd09"
    job.wrote(f"{platform}.csv", datum=datum, rows=len(made), holds="stations, sites")


def _service_map(job: _Job) -> None:
    stations, homes = places(job.bundle), home_places(job.bundle)
    ids = list[str]()
    for table, kind in ((stations, "station"), (homes, "driver_home")):
        earlier = {} if job.earlier is None else read_earlier(job.earlier, kind)
        ids += kept_ids(table, earlier, job.bundle.stations.crs)
    every = gpd.GeoDataFrame(pd.concat([stations, homes], ignore_index=True)) if len(homes) else stations
    write_service_map(service_map(job.bundle, every, ids, qr=job.qr), job.folder)
    holds = "stations, sites, driver homes" if len(homes) else "stations, sites"
    job.wrote("service_map.json", datum="wgs84 gcj02 bd09", rows=len(every), holds=holds)


def _gpkg(job: _Job) -> None:
    write_layers(job.bundle, job.folder / "plan.gpkg")
    rows = len(job.bundle.chosen) + len(job.bundle.stations)
    job.wrote("plan.gpkg", datum="wgs84", rows=rows, holds="every layer, styled for QGIS")


_WRITERS: dict[Format, Callable[[_Job], None]] = {
    "geojson": _geojson,
    "kml": _kml,
    "geoparquet": _geoparquet,
    "allocation": _allocation,
    "amap": lambda job: _import(job, "amap"),
    "baidu": lambda job: _import(job, "baidu"),
    "service-map": _service_map,
    "gpkg": _gpkg,
}


def write_exports(
    bundle: Bundle, formats: Sequence[Format], out: Path, *, earlier: Path | None = None, qr: str = "",
    progress: Progress | None = None,
) -> list[Path]:  # fmt: skip
    """Write the formats into ``out``, all of them or none; the files' paths, ``exports.json`` last.

    ``earlier``: last year's ``service_map.json``, whose ids stay; ``qr``: what the QR codes say, ``{id}`` being the station's id.

    Raises
    ------
    OutputError
        A file could not be written; the old ones are untouched.
    InputError
        ``earlier`` is no service map (OUT-009).
    """
    say, study = progress or silent, bundle.settings.study
    with whole_set(out, last=MANIFEST) as folder:
        job = _Job(bundle, folder, earlier, qr)
        for n, name in enumerate(formats):
            say(phrase("say_writing", study.language, name=name), n / len(formats))
            _WRITERS[name](job)
        about = {
            "study": study.name, "title": plain_text(study.title()), "synthetic": study.synthetic,
            "notes": [plain_text(t) for t in (*synthetic_lines(bundle.settings), *credit_lines(bundle))], "files": job.files,
        }  # fmt: skip
        write_text(folder / MANIFEST, json.dumps(about, ensure_ascii=False, indent=1) + "\n")
    say("done", 1.0)
    return [out / f["file"] for f in job.files] + [out / MANIFEST]
