"""``planner audit-map`` and :meth:`Study.audit_map` on the town of one street."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.errors import InputError
from planner.inputs.places.datum import convert
from planner.study.study import open_study
from tests.study.town import Place, at, street_town, write_table

STATIONS = [
    Place(f"石路街道第{n}社区户外劳动者服务站点", 300.0 + 400 * k, "08:00-20:00")
    for k, n in enumerate("一二三四五六七")
]


def town(folder: Path, language: str = "en") -> Path:
    path = street_town(folder, stations=STATIONS, hosts=[Place("h", 2000)])
    path.write_text(path.read_text("utf-8").replace('language = "en"', f'language = "{language}"'), "utf-8")
    rows = []
    for k, s in enumerate(STATIONS):
        if k == 0:
            continue  # missing
        x = s.x_m + (150 if k == 1 else 5)  # shifted
        lng, lat = (float(v[0]) for v in convert([at(x)[0]], [at(x)[1]], source="wgs84", target="gcj02"))
        rows.append(
            [
                s.name.replace("户外劳动者服务站点", "工会驿站"),
                f"{lng:.6f}",
                f"{lat:.6f}",
                "9:00-12:00" if k == 2 else s.hours,
            ]
        )
    lng, lat = (float(v[0]) for v in convert([at(3900)[0]], [at(3900)[1]], source="wgs84", target="gcj02"))
    rows.append(["=cmd|'/c calc'!A1 旧货市场爱心驿站<b>", f"{lng:.6f}", f"{lat:.6f}", ""])
    write_table(folder / "map.csv", ["名称", "经度", "纬度", "营业时间"], rows)
    return path


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_command_tells_and_writes_every_fault(tmp_path: Path, language: str) -> None:
    study = town(tmp_path, language)
    result = CliRunner().invoke(
        app, ["audit-map", str(study), str(tmp_path / "map.csv"), "--out", str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    said = {
        "zh": "1 个站点地图上没有，1 个位置偏移，1 个开放时间不符，1 个地点",
        "en": "1 stations are missing, 1 shifted, 1 have wrong hours, 1 places",
    }
    assert said[language] in result.output
    with (tmp_path / "out" / "map_audit.csv").open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [(r["fault"], r["station_id"][:7]) for r in rows] == [
        ("missing", "石路街道第一社"), ("shifted", "石路街道第二社"), ("hours", "石路街道第三社"), ("ghost", ""),
    ]  # fmt: skip
    assert abs(float(rows[1]["distance_m"]) - 150) < 2
    assert rows[3]["map_name"].startswith("'=cmd")
    page = (tmp_path / "out" / "map_audit.html").read_text("utf-8")
    assert "&lt;b&gt;" in page
    assert "<b>" not in page


def test_an_export_in_another_datum_is_told(tmp_path: Path) -> None:
    study = open_study(town(tmp_path))
    told = [f for f in study.audit_map(tmp_path / "map.csv", datum="wgs84").findings if f.code == "AUD-003"]
    assert len(told) == 1
    assert "--datum gcj02" in told[0].message_en
    assert not [f for f in study.audit_map(tmp_path / "map.csv").findings if f.code == "AUD-003"]


def test_an_export_without_places_is_refused(tmp_path: Path) -> None:
    study = open_study(town(tmp_path))
    write_table(tmp_path / "none.csv", ["名称", "经度", "纬度"], [["a", "", ""], ["b", "", ""]])
    with pytest.raises(InputError) as caught:
        study.audit_map(tmp_path / "none.csv")
    assert "AUD-001" in {f.code for f in caught.value.findings}
    assert not (tmp_path / "map_audit.html").exists()
