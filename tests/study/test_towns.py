"""Outlines of towns as an input: the list of sites names the town in which each lies."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import planner
from planner.telling.words.phrases import phrase
from tests.study.town import Place, at, street_town

HOSTS = (Place("west", 500), Place("middle", 2000), Place("east", 3500))
TOWNS = '[inputs.towns]\npath = "towns.geojson"\n'


def outline(name: str, west: float, east: float) -> dict[str, Any]:
    ring = [(west, -100), (east, -100), (east, 100), (west, 100), (west, -100)]
    geometry = {"type": "Polygon", "coordinates": [[at(*corner) for corner in ring]]}
    return {"type": "Feature", "properties": {"district": name}, "geometry": geometry}


def town(
    folder: Path, extra: str = TOWNS, outlines: tuple[Any, ...] = (("上镇", 0, 1000), ("下街道", 1000, 3000))
) -> Path:
    path = street_town(folder, hosts=HOSTS, siting="p = 3", extra=extra)
    features = [outline(*o) for o in outlines]
    (folder / "towns.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": features}), "utf-8"
    )
    return path


def listed(out: Path) -> dict[str, str | None]:
    with (out / "recommendations.csv").open(encoding="utf-8-sig", newline="") as handle:
        return {
            row[phrase("col_name", "en")]: row.get(phrase("col_town", "en")) for row in csv.DictReader(handle)
        }


def test_each_site_is_named_with_the_town_in_which_it_lies(tmp_path: Path) -> None:
    run = planner.open_study(town(tmp_path / "t")).run(tmp_path / "out")
    assert listed(tmp_path / "out") == {"west": "上镇", "middle": "下街道", "east": ""}
    (read,) = [i for i in run["inputs"] if i["name"] == "towns"]
    assert read["rows"] == 2
    assert len(read["sha256"]) == 64
    book = openpyxl.load_workbook(tmp_path / "out" / "recommendations.xlsx")
    texts = {str(c.value) for row in book[phrase("sheet_inputs", "en")].iter_rows() for c in row}
    assert phrase("input_towns", "en") in texts
    plain = street_town(tmp_path / "p", hosts=HOSTS, siting="p = 3")
    without = planner.open_study(plain).run(tmp_path / "plain")
    assert set(listed(tmp_path / "plain").values()) == {None}  # no place is known: no column
    assert without["coverage"] == run["coverage"]  # towns only name


def test_towns_that_cannot_be_read_refuse_the_run(tmp_path: Path) -> None:
    path = town(tmp_path / "t")
    (tmp_path / "t" / "towns.geojson").unlink()
    with pytest.raises(planner.PlannerError, match=r"towns\.geojson"):
        planner.open_study(path).run(tmp_path / "out")
