"""Ctrl+C at random times in commands on real streets: the exit code, how long it takes, what is left, and what the next run makes."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.campaigns.kills import Tally, products
from tests.study.town import Place, street_town

__all__ = ["LIMIT_S", "campaign"]

#: Seconds within which an interrupted command must be gone.
LIMIT_S = 2.0
CITIES = Path(__file__).resolve().parents[3] / "shared" / "data"
#: Real streets beside the checkout, where there are any.
REAL = {
    "gusu": ("gusu/roads.geojson", "gusu/old_city.geojson", 157_600, 20),
    "porto-alegre": ("cities/porto-alegre.osm.pbf", None, 600_000, 200),
}


def _real_study(home: Path, name: str) -> Path | None:
    streets, districts, total, p = REAL[name]
    if not (CITIES / streets).exists():
        return None
    area = f'[inputs.districts]\npath = "{CITIES / districts}"\n' if districts else ""
    (home / f"{name}.toml").write_text(
        f'[study]\nname = "{name}"\nlanguage = "en"\n[inputs.streets]\npath = "{CITIES / streets}"\n{area}'
        f'[inputs.population]\nkind = "districts"\ntotal = {total}\n[siting]\np = {p}\nevery_m = 200\nquotas = "none"\n'
        "[freight]\nenabled = false\n",
        "utf-8",
    )
    return home / f"{name}.toml"


def _begun(arguments: list[object], cache: Path, said: Path) -> subprocess.Popen[bytes]:
    """The command in a process group of its own, as a terminal starts it."""
    with said.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "planner", *map(str, arguments)], stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "PLANNER_CACHE": str(cache), "LC_ALL": "en_US.UTF-8"},
        )  # fmt: skip


def interrupted(
    arguments: list[object], *, cache: Path, said: Path, after_s: float, group: bool
) -> tuple[int, float]:
    """Exit code, and the seconds from Ctrl+C (of the whole group, as a terminal sends it, or of the process alone) to the end."""
    process = _begun(arguments, cache, said)
    try:
        code = process.wait(timeout=after_s)
    except subprocess.TimeoutExpired:
        sent = time.perf_counter()
        (os.killpg if group else os.kill)(process.pid, signal.SIGINT)
        try:
            code = process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        return code, time.perf_counter() - sent
    return code, -1.0


def _judge(code: int, seconds: float, said: str, what: str, tally: Tally, slowest: list[float]) -> None:
    if seconds < 0:
        tally.counts["ended before"] += 1
        return
    tally.counts["interruptions"] += 1
    slowest.append(seconds)
    if code != 130:
        tally.fault("exit codes", f"{what}: {code}: {said[-300:]}")
    if seconds > LIMIT_S:
        tally.fault("late", f"{what}: {seconds:.1f} s")
    if "Traceback" in said:
        tally.fault("tracebacks", f"{what}: {said[said.index('Traceback') :][:600]}")


def campaign(home: Path, *, count: int, seed: int, minutes: float, real: bool = True) -> Tally:
    """So many interruptions: of a tiny town, of real streets, of a batch."""
    until = time.perf_counter() + 60 * minutes
    chance, tally, slowest = random.Random(seed), Tally(), list[float]()
    town = street_town(
        home / "town", stations=[Place("s", 500)], hosts=[Place(f"h{i}", 300.0 + 500 * i) for i in range(7)]
    )
    studies = [("town", town), *((n, s) for n in REAL if real and (s := _real_study(home, n)) is not None)]
    begin = time.perf_counter()
    _begun(["run", town, "--out", home / "town-whole"], home / "town-first", home / "said").wait()
    lengths = {"town": time.perf_counter() - begin}
    for number in range(count):
        if time.perf_counter() > until:
            break
        name, study = studies[number % len(studies)]
        batch = number % 7 == 6
        cache = home / f"{name}-cache"
        if name == "town" or number < len(
            studies
        ):  # on real streets each run goes on where the last one was interrupted
            shutil.rmtree(cache, ignore_errors=True)
        out, said = home / f"{name}-out", home / "said"
        second = study.with_name("second.toml")
        text = re.sub(r'name = "[\w-]+"', 'name = "second"', study.read_text("utf-8"), count=1)
        second.write_text(text, "utf-8")
        arguments: list[object] = (
            ["batch", study, second, "--out", out] if batch else ["run", study, "--out", out]
        )
        after_s = chance.uniform(0.3, lengths.get(name, 40.0))
        code, seconds = interrupted(
            arguments, cache=cache, said=said, after_s=after_s, group=chance.random() < 0.5
        )
        what = f"{arguments[0]} {name} after {after_s:.1f} s"
        _judge(code, seconds, said.read_text("utf-8", "replace"), what, tally, slowest)
        left = [p for p in (*out.rglob(".planner-*"), *cache.rglob(".new-*")) if seconds >= 0 and not batch]
        if left:
            tally.fault("folders left", f"{what}: {left[0].name}")
        if name == "town" and not batch and seconds >= 0:
            _begun(arguments, cache, said).wait()
            whole, again = products(home / "town-whole"), products(out)
            if again == whole:
                tally.counts["reruns identical"] += 1
            else:
                tally.fault("reruns differ", f"{what}: {[k for k in whole if again.get(k) != whole[k]]}")
    tally.counts["ms at most"] = round(1000 * max(slowest, default=0.0))
    return tally
