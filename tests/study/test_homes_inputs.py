"""What `planner check` says of the lists behind driver homes, before any truck is modelled."""

from __future__ import annotations

import planner
from tests.study.test_command import lat, lng
from tests.study.test_rough import command, pattern, town  # noqa: F401  (fixtures)

LISTS = """
[inputs.truck_counts]
path = "counts.csv"
datum = "wgs84"
[inputs.truck_sites]
path = "sites.csv"
datum = "wgs84"
"""


def test_check_judges_counts_and_sites_of_trucks(town, command) -> None:  # noqa: F811
    study = town(extra=LISTS)
    at = f"{lng(300)},{lat(300)}"
    (study.parent / "counts.csv").write_text(
        f"road,lng,lat,trucks_per_day\nG1,{at},900\nG1,{at},-5\nG1,{at},some\n", "utf-8"
    )
    (study.parent / "sites.csv").write_text(
        f"name,kind,lng,lat,bays\n空场,服务区,{at},0\n大场,服务区,{at},40\n", "utf-8"
    )
    opened = planner.open_study(study)
    told = {(f.code, f.source, f.row) for f in opened.judge() if f.code.startswith("FRT")}
    assert told == {("FRT-010", "counts.csv", 3), ("FRT-010", "counts.csv", 4), ("FRT-004", "sites.csv", 2)}
    code, out, said = command("check", study)
    assert code == 0
    assert "FRT-004" in out + said


def test_check_names_a_list_of_trucks_that_is_not_there(town, command) -> None:  # noqa: F811
    study = town(extra=LISTS)
    (study.parent / "sites.csv").write_text("name,kind,lng,lat,bays\n", "utf-8")
    code, _, _ = command("check", study)
    assert code == 1
    assert any(f.severity == "E" and "counts.csv" in f.source for f in planner.open_study(study).judge())
