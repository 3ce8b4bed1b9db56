"""A product from a cache is the product of a fresh run, byte for byte."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from planner.errors import finding
from planner.exports.gis.layers import write_layers
from planner.publish import runfile
from planner.publish.office.csvfile import write_csv, write_table
from planner.publish.office.document import write_checks, write_docx, write_report
from planner.publish.office.figures import write_figures
from planner.publish.page.write import write_page
from planner.telling import run as told
from planner.telling.bundle import Bundle, ExtraLayer, PopupField
from planner.workbook.whole import write_workbook
from tests.publish.stored import from_files
from tests.publish.test_options import with_questions
from tests.publish.toy import CRS, X0, Y0, toy_bundle

FINDINGS = (
    finding("CAN-003", source="站点.xlsx", row=7, field="名称", value="石路"),
    finding("SET-004", source="study.toml", value="x.csv"),
)
NOTES = told.RunNotes(
    inputs=[{"name": "streets", "path": "toy.osm.pbf", "sha256": "ab" * 32, "rows": 12}],
    nodes=7,
    edges=12,
    new_gap=0.0123,
    absent={"driver_homes": "not asked for"},
    stages=[{"name": "siting", "seconds": 0.1, "peak_mb": 100}],
    version="1.2.3",
)
SECOND_VIEWS = pd.DataFrame(
    {"group": ["rider"], "mode": ["ebike"], "minutes": [10.0], "before": [0.4], "after": [0.9]}
)


def full_bundle(language: str) -> Bundle:
    """The toy town with every question answered, a further layer of each kind, and findings."""
    corner = shapely.Point(X0 + 700, Y0 + 700)
    shapes = {
        "point": corner,
        "line": shapely.LineString([corner, (X0 + 900, Y0)]),
        "area": corner.buffer(90),
    }
    extra = tuple(
        ExtraLayer(
            key, f"层{key}", f"layer {key}", gpd.GeoDataFrame({"n": [3.25], "what": [None]}, geometry=[shape], crs=CRS),
            fields=(PopupField("n", "数", "n", 1, "个", "of them"), PopupField("what", "何", "what")),
        )
        for key, shape in shapes.items()
    )  # fmt: skip
    bundle = with_questions(toy_bundle(language, findings=FINDINGS, extra_layers=extra))
    return dataclasses.replace(bundle, run=told.run_content(bundle, NOTES))


def write_all(bundle: Any, folder: Path) -> dict[str, bytes]:
    """Every product of a bundle: file name → its bytes."""
    folder.mkdir()
    write_csv(bundle, folder / "recommendations.csv")
    write_table(bundle.stations, folder / "stations.csv")
    write_workbook(bundle, folder / "recommendations.xlsx")
    write_layers(bundle, folder / "plan.gpkg")
    write_page(bundle, folder / "map.html")
    pictures = write_figures(bundle, folder / "figures")
    write_report(bundle, folder / "report.html", pictures)
    write_docx(bundle, folder / "report.docx", pictures)
    write_checks(bundle.findings, folder / "checks.html", bundle.settings.study.language)
    runfile.write_run(bundle.run, folder / "run.json")
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_product_of_a_stored_bundle_is_that_of_a_fresh_one(language: str, tmp_path: Path) -> None:
    bundle = full_bundle(language)
    store = tmp_path / "store"
    store.mkdir()
    again = from_files(bundle, store)
    assert str(again.districts.crs) != str(bundle.districts.crs)  # the file spells it out
    again = dataclasses.replace(again, run=told.run_content(again, NOTES))
    fresh, stored = write_all(bundle, tmp_path / "fresh"), write_all(again, tmp_path / "stored")
    assert len(fresh) >= 9
    assert list(fresh) == list(stored)
    assert [name for name in fresh if fresh[name] != stored[name]] == []


def test_a_study_in_a_grid_without_a_code_gives_the_same_page_from_a_store(tmp_path: Path) -> None:
    own = "+proj=tmerc +lat_0=0 +lon_0=120.5 +k=1 +x_0=500000 +y_0=0 +ellps=GRS80 +units=m +no_defs"
    bundle = toy_bundle("en")
    tables = {
        f.name: getattr(bundle, f.name).set_crs(own, allow_override=True)
        for f in dataclasses.fields(bundle)
        if isinstance(getattr(bundle, f.name), gpd.GeoDataFrame)
    }
    tables["demand"]["point"] = tables["demand"]["point"].set_crs(own, allow_override=True)
    bundle = dataclasses.replace(bundle, **tables)
    pages = [
        write_page(b, tmp_path / f"{i}.html") for i, b in enumerate((bundle, from_files(bundle, tmp_path)))
    ]
    assert pages[0].read_bytes() == pages[1].read_bytes()
