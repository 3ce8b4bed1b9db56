"""What is asked of an installed planner, outside the tree: a town planned, evaluated and checked; run by the matrix with the environment's own Python.

python smoke.py FOLDER [--example]     # town.py lies beside this file
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

PRODUCTS = ["map.html", "recommendations.xlsx", "recommendations.csv", "plan.gpkg", "report.html", "report.docx", "checks.html", "run.json"]  # fmt: skip


def command(*arguments: object, codes: tuple[int, ...] = (0,)) -> str:
    """What the installed command prints; nothing but its own words on standard output."""
    tool = Path(sys.executable).with_name("planner")
    done = subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode in codes, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "HiGHS" not in done.stdout, f"{arguments}: a solver printed its banner"
    own = [line for line in done.stderr.splitlines() if "Warning" in line and "/planner/" in line]
    assert not own, f"{arguments}: {own}"  # what old libraries say of newer ones is theirs
    return done.stdout


def main(folder: Path, *, example: bool) -> None:
    from town import Place, site_list, street_town

    import planner

    assert "site-packages" in planner.__file__, planner.__file__
    assert command("--version").strip() == f"planner {planner.__version__}"
    study = street_town(
        folder / "town",
        stations=[Place("s", 500)],
        hosts=[Place(f"h{i}", 200.0 + 400 * i) for i in range(9)],
        siting="p = 2",
    )
    command("check", study, "--out", folder / "out")
    command("run", study, "--out", folder / "out")
    for name in PRODUCTS:
        assert (folder / "out" / name).stat().st_size > 500, name
    run = json.loads((folder / "out" / "run.json").read_text("utf-8"))
    assert run["stations"]["chosen"] == 2
    assert run["stations"]["gap"] == 0
    assert zipfile.is_zipfile(folder / "out" / "recommendations.xlsx")
    sites = site_list(folder / "sites.csv", [Place("a", 1500), Place("b", 2900)])
    assert "%" in command("evaluate", study, sites, "--out", folder / "evaluated")
    if example:
        command("run", "--out", folder / "suzhou", codes=(0, 3))
        assert json.loads((folder / "suzhou" / "run.json").read_text("utf-8"))["stations"]["chosen"] == 200
    print("smoke: fine")


if __name__ == "__main__":
    main(Path(sys.argv[1]), example="--example" in sys.argv)
