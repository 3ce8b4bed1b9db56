"""A whole run, stage by stage: seconds, CPU and peak of the embedded Suzhou and of real cities.

    python -m benchmarks run [NAME …] [--warm]

Each study runs in a process of its own from an empty cache, after one small run that compiles what is compiled once per
install. ``--warm`` runs each a second time with nothing changed, and a third time with one rule changed (Suzhou: no quotas,
a city: one site more). Streets of real cities are read beside the project (``../shared/data``); a city whose file is not
there is left out. Names: suzhou, suzhou-stations (without the five verbs), and those of ``CITIES``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
#: Name → streets, number of stations, residents in all, spacing of street candidates (m).
CITIES = {
    "porto-alegre": ("cities/porto-alegre.osm.pbf", 200, 600_000, 200),
    "monaco": ("cities/monaco.osm", 10, 38_000, 150),
    "sao-paulo": ("cities/sao-paulo.osm.pbf", 100, 500_000, 150),
    "andorra": ("cities/andorra.osm.pbf", 20, 80_000, 200),
    "nanshan": ("nanshan/nanshan.osm", 10, 100_000, 150),
}
SUZHOU = ("suzhou", "suzhou-stations")
#: Stages that took less are not printed by name (s).
LEAST_S = 0.5


@dataclass(frozen=True)
class Taken:
    """What a process took: wall and CPU seconds, peak MB, and its run.json (None where it failed)."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    run: dict | None


def study_of(name: str, folder: Path, *, rule: bool = False) -> list[str]:
    """The argument of ``planner run`` for a study, ``rule``: with one rule changed; nothing for the embedded Suzhou as it is."""
    path = folder / f"{name}.toml"
    if name in SUZHOU:
        if name == "suzhou" and not rule:
            return []
        example = _example(folder / f"cache-{name}")
        path = shutil.copytree(example, folder / name, dirs_exist_ok=True) / "study.toml"
        text = (example / "study.toml").read_text("utf-8")
        if name == "suzhou-stations":
            text = re.sub(r"(?m)^(\[actions\].*\n)enabled = true", r"\1enabled = false", text)
        path.write_text(
            text.replace('quotas = "half_proportional"', 'quotas = "none"') if rule else text, "utf-8"
        )
        return [str(path)]
    streets, p, residents, every_m = CITIES[name]
    path.write_text(
        f'[study]\nname = "{name}"\ntitle_zh = "{name}"\ntitle_en = "{name}"\nlanguage = "en"\n'
        f'[inputs.streets]\npath = "{SHARED / streets}"\n'
        f'[inputs.population]\nkind = "districts"\ntotal = {residents}\n'
        f'[siting]\np = {p + rule}\nevery_m = {every_m}\nquotas = "none"\n[freight]\nenabled = false\n',
        "utf-8",
    )
    return [str(path)]


def _example(cache: Path) -> Path:
    """The folder of the embedded Suzhou in a cache, built where it is not there."""
    code = "from planner.example.build import build; print(build())"
    env = {**os.environ, "PLANNER_CACHE": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, check=True, stdout=subprocess.PIPE, text=True
    )
    return Path(done.stdout.strip().splitlines()[-1])


def timed(name: str, folder: Path, cache: Path, *, rule: bool = False) -> Taken:
    """Run a study in a process of its own."""
    out, study = folder / f"out-{name}", study_of(name, folder, rule=rule)
    command = [sys.executable, "-m", "planner", "run", *study, "--out", str(out)]
    begun = time.perf_counter()
    child = subprocess.Popen(
        command,
        env={**os.environ, "PLANNER_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, _, used = os.wait4(child.pid, 0)
    wall, run = time.perf_counter() - begun, out / "run.json"
    told = json.loads(run.read_text("utf-8")) if run.is_file() else None
    return Taken(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, told)


def lines(name: str, how: str, taken: Taken) -> list[str]:
    """The rows of one run, slowest stage first."""
    if taken.run is None:
        return [f"| {name} | {how} | refused or failed | | | |"]
    stages = sorted(taken.run["stages"], key=lambda s: -s["seconds"])
    gap = 100 * taken.run["stations"]["gap"]
    head = f"| {name} | {how} | all | {taken.wall_s:.1f} | {taken.cpu_s:.1f} | {taken.peak_mb:,.0f} | gap {gap:.3f} % |"
    rows = [
        f"| {name} | {how} | {s['name']} | {s['seconds']:.1f} | {s['cpu_s']:.1f} | {s['peak_mb']:,.0f} | |"
        for s in stages
        if s["seconds"] >= LEAST_S and how == "cold"
    ]
    return [head, *rows]


def main(arguments: list[str]) -> int:
    """Print the table."""
    warm = "--warm" in arguments
    asked = [a for a in arguments if not a.startswith("--")] or [*SUZHOU, *CITIES]
    names = [n for n in asked if n in SUZHOU or (SHARED / CITIES[n][0]).is_file()]
    print(
        "| study | cache | stage | wall s | CPU s | peak MB | |\n|---|---|---|---:|---:|---:|---|", flush=True
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if (SHARED / CITIES["nanshan"][0]).is_file():
            timed("nanshan", folder, folder / "compile")  # what is compiled once is compiled now
        for name in names:
            cache = folder / f"cache-{name}"
            if name in SUZHOU:
                begun = time.perf_counter()
                _example(cache)
                example = time.perf_counter() - begun
                print(f"| {name} | – | building the example | {example:.1f} | | | |", flush=True)
            print("\n".join(lines(name, "cold", timed(name, folder, cache))), flush=True)
            if warm:
                print("\n".join(lines(name, "warm", timed(name, folder, cache))), flush=True)
                again = timed(name, folder, cache, rule=True)
                print("\n".join(lines(name, "one rule changed", again)), flush=True)
            shutil.rmtree(cache, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
