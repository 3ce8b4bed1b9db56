"""Runs that are killed, starved of room, kept from writing, doubled, or given a damaged cache: what is left, and what a second run makes."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.campaigns.children import Ended, Point, start, warm_up, watched
from tests.study.town import Place, street_town

__all__ = ["Grounds", "Tally", "campaign"]

#: Keys of run.json that hold times and peaks.
_TIMES = frozenset({"seconds", "stages", "peak_mb"})
#: A file of the user's own in the folder of products.
OWN = "my notes.txt"


@dataclass
class Tally:
    """What was counted, and what went wrong in words."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def fault(self, kind: str, text: str) -> None:
        self.counts[kind] += 1
        self.faults.append(f"{kind}: {text}")

    def lines(self) -> list[str]:
        told = ", ".join(f"{n} {k}" for k, n in sorted(self.counts.items()))
        return [told, *(f"  {f}" for f in self.faults[:40])]


def products(folder: Path) -> dict[str, bytes]:
    """Every file of a folder of products, run.json without times; temporary folders and the user's own file left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith(".planner-") and name != OWN:
            found[name] = _timeless(path) if name == "run.json" else path.read_bytes()
    return found


def _timeless(path: Path) -> bytes:
    def without(node: Any) -> Any:
        if isinstance(node, dict):
            return {k: without(v) for k, v in node.items() if k not in _TIMES}
        return [without(v) for v in node] if isinstance(node, list) else node

    try:
        return json.dumps(without(json.loads(path.read_text("utf-8")))).encode()
    except ValueError:
        return path.read_bytes()


class Grounds:
    """A tiny town as it was last year and as it is now, both planned; trials begin from copies.

    Attributes
    ----------
    old, new
        Products of the two.
    points
        The moments at which a run of ``new`` over ``old`` touches a file.
    seconds
        How long that run takes.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        hosts = [Place(f"h{i}", 200.0 + 500 * i) for i in range(7)]
        town = partial(street_town, hosts=hosts, siting="p = 1")
        self.last_year = town(home / "last", stations=[Place("s", 500)])
        self.study = town(home / "now", stations=[Place("s", 500), Place("t", 3000)])
        warm_up(self.last_year, home / "out-old", home / "cache-old")
        warm_up(self.study, home / "out-new", home / "cache-new")
        (home / "out-old" / OWN).write_text("mine", "utf-8")
        self.old, self.new = products(home / "out-old"), products(home / "out-new")
        if self.old.keys() != self.new.keys() or sum(self.old[k] != self.new[k] for k in self.old) < 4:
            raise AssertionError("the two towns have the same products")
        self.points: list[Point] = []
        self.seconds = self._record()

    def _record(self) -> float:
        here, log = self.fresh("recorded"), self.home / "points.txt"

        def before() -> None:
            handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            watched(here, lambda _, point: os.write(handle, f"{point.event}\t{point.path}\n".encode()))

        ended = self.run(here, before=before)
        if ended.code not in (0, 3):
            raise AssertionError(ended.said)
        self.points = [Point(*line.split("\t")) for line in log.read_text("utf-8").splitlines()]
        shutil.rmtree(here)
        return ended.seconds

    def fresh(self, name: str, *, cache: str = "old") -> Path:
        """A folder with last year's products in ``out`` and the cache that they left."""
        here = self.home / name
        shutil.rmtree(here, ignore_errors=True)
        shutil.copytree(self.home / "out-old", here / "out")
        shutil.copytree(self.home / f"cache-{cache}", here / "cache")
        return here

    def run(
        self, here: Path, *, study: Path | None = None, kill_after_s: float | None = None, **more: Any
    ) -> Ended:
        """Plan the town (as it is now) into ``here``."""
        child = self.start(here, study=study, **more)
        return child.end(kill_after_s=kill_after_s)

    def start(self, here: Path, *, study: Path | None = None, said: str = "said.txt", **more: Any) -> Any:
        """As :meth:`run`, without waiting."""
        arguments: list[object] = ["run", study or self.study, "--out", here / "out"]
        return start(arguments, cache=here / "cache", said=self.home / f"{here.name}-{said}", **more)

    def left(self, out: Path) -> str:
        """Which set a folder holds: "old", "new", "unfinished" (whole files of both, no run.json), else what is wrong."""
        if not (out / OWN).is_file():
            return "lost: the user's own file"
        held = products(out)
        half = [k for k, v in held.items() if v not in (self.old.get(k), self.new.get(k))]
        if half:
            return f"half: {half}"
        if held == self.old:
            return "old"
        if held == self.new:
            return "new"
        if "run.json" in held:
            return f"mixed: {sorted(k for k in held if held[k] != self.new.get(k))} beside a run.json"
        lost = sorted(self.new.keys() - held.keys() - {"run.json"})
        return f"lost: {lost}" if lost else "unfinished"


def _judge(grounds: Grounds, here: Path, what: str, tally: Tally) -> None:
    """Count what a killed run left, and whether a second run makes what an undisturbed one does."""
    state = grounds.left(here / "out")
    if state in ("old", "new", "unfinished"):
        tally.counts[f"left {state}"] += 1
    else:
        tally.fault(state.split(":")[0], f"{what}: {state}")
    again = grounds.run(here)
    if again.code not in (0, 3) or "Traceback" in again.said:
        tally.fault("reruns failed", f"{what}: {again.code} {again.said[-400:]}")
    elif products(here / "out") != grounds.new or not (here / "out" / OWN).is_file():
        differ = [k for k, v in products(here / "out").items() if v != grounds.new.get(k)]
        tally.fault("reruns differ", f"{what}: {differ}")
    else:
        tally.counts["reruns identical"] += 1
    shutil.rmtree(here)


def kill_at_points(grounds: Grounds, count: int, tally: Tally, until: float) -> None:
    """Kill runs just before a file is touched; ``count`` moments spread over all, those of the swap first."""
    swap = [
        i for i, p in enumerate(grounds.points, 1) if p.path.startswith("out/") and ".planner-" not in p.path
    ]
    others = [i for i in range(1, len(grounds.points) + 1) if i not in set(swap)]
    step = max(1, len(others) // max(1, count - len(swap)))
    for number in [*swap, *others[::step]][:count]:
        if time.perf_counter() > until:
            return
        here = grounds.fresh("point")

        def reached(at: int, _point: Point, number: int = number) -> None:
            if at == number:
                os.kill(os.getpid(), signal.SIGKILL)

        ended = grounds.run(here, before=partial(watched, here, reached))
        point = grounds.points[number - 1]
        tally.counts["kills at points" if ended.killed else "points not reached"] += 1
        _judge(grounds, here, f"before {point.event} {point.path}", tally)


def kill_at_times(grounds: Grounds, count: int, tally: Tally, until: float, chance: random.Random) -> None:
    """Kill runs after a time, until so many were killed; one that ended before has said how long a run takes just now."""
    longest, killed = grounds.seconds, 0
    while killed < count and time.perf_counter() < until:
        here = grounds.fresh("time")
        after_s = chance.uniform(0.02, longest)
        ended = grounds.run(here, kill_after_s=after_s)
        if ended.killed:
            killed += 1
        else:
            longest = min(longest, max(ended.seconds, 0.1))
        tally.counts["kills at times" if ended.killed else "ended before the kill"] += 1
        _judge(grounds, here, f"after {after_s:.3f} s", tally)


def damage_cache(grounds: Grounds, count: int, tally: Tally, until: float, chance: random.Random) -> None:
    """Cut a file of the cache, or flip a bit of it; the products must not change."""
    for _ in range(count):
        if time.perf_counter() > until:
            return
        here = grounds.fresh("damaged", cache="new")
        path = chance.choice(sorted(p for p in (here / "cache").rglob("*") if p.is_file()))
        content = bytearray(path.read_bytes())
        how = chance.choice(["flipped", "flipped", "cut", "gone"])
        if how == "flipped" and content:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content if how == "flipped" else content[: chance.randrange(len(content) + 1)])
        if how == "gone":
            path.unlink()
        tally.counts[f"cache files {how}"] += 1
        what = f"{how} {path.parent.name}/{path.name}"
        ended = grounds.run(here)
        if ended.code not in (0, 3) or "Traceback" in ended.said:
            tally.fault("damaged caches failed", f"{what}: {ended.said[-300:]}")
        elif products(here / "out") != grounds.new:
            tally.fault("damaged caches believed", what)
        else:
            tally.counts["damaged caches seen through"] += 1
        shutil.rmtree(here)


@contextlib.contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[bool]:
    """A disk of so much room at ``folder``; False where none may be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(folder)]
    done = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield done
    finally:
        if done:
            subprocess.run(["umount", str(folder)], capture_output=True, check=False)


def fill_disk(grounds: Grounds, count: int, tally: Tally, until: float) -> None:
    """No room for the products, or for the cache: the old set stays whole and it is said; room only in the cache does no harm."""
    held = sum(4 * -(-p.stat().st_size // 4096) for p in (grounds.home / "out-old").rglob("*")) + 32
    for k in range(count):
        if time.perf_counter() > until:
            return
        here = grounds.home / "full"
        shutil.rmtree(here, ignore_errors=True)
        room = held + held * k // max(1, count)
        with small_disk(here, room) as mounted:
            grounds_here = here if mounted else grounds.fresh("full")
            if mounted:
                shutil.copytree(grounds.home / "out-old", here / "out")
                (here / "cache").mkdir()
            ended = grounds.run(grounds_here, most_bytes=None if mounted else 40_000 + 20_000 * k)
            tally.counts["disks full"] += 1
            state = grounds.left(here / "out")
            fine = (ended.code in (0, 3) and state == "new") or (
                ended.code == 1
                and state == "old"
                and "OUT-00" in ended.said
                and "Traceback" not in ended.said
            )
            if fine:
                tally.counts[f"full disks left {state}"] += 1
            else:
                tally.fault("full disks", f"{room} kB: exit {ended.code}, {state}: {ended.said[-300:]}")
        shutil.rmtree(here, ignore_errors=True)


def read_only(grounds: Grounds, tally: Tally) -> None:
    """A folder of products, and a cache, that may not be written to."""
    if os.geteuid() != 0:
        return
    for where, wanted in (("out", "old"), ("cache", "new")):
        here = grounds.fresh("readonly")
        for path in [here, *here.rglob("*")]:
            writable = path.is_relative_to(here / ("cache" if where == "out" else "out"))
            path.chmod((0o777 if writable else 0o555) if path.is_dir() else (0o666 if writable else 0o444))
        for folder in (grounds.home, *grounds.home.parents):
            folder.chmod(folder.stat().st_mode | 0o055)
        ended = grounds.run(here, as_nobody=True)
        state = grounds.left(here / "out")
        fine = (
            state == wanted and ended.code == (1 if where == "out" else 0) and "Traceback" not in ended.said
        )
        if fine:
            tally.counts[f"read-only {where}"] += 1
        else:
            tally.fault(f"read-only {where}", f"exit {ended.code}, {state}: {ended.said[-300:]}")
        shutil.rmtree(here)


def two_at_once(grounds: Grounds, count: int, tally: Tally, until: float, chance: random.Random) -> None:
    """Two runs into one folder from one cache: of one study, and of two."""
    for k in range(count):
        if time.perf_counter() > until:
            return
        here = grounds.fresh("twice")
        other = grounds.study if k % 2 else grounds.last_year
        first = grounds.start(here, said="first.txt")
        time.sleep(chance.uniform(0, grounds.seconds / 4))
        second = grounds.start(here, study=other, said="second.txt")
        ends = [first.end(), second.end()]
        state = grounds.left(here / "out")
        said = " ".join(e.said for e in ends)
        codes = sorted(e.code for e in ends)
        if state in ("old", "new") and codes[0] == 0 and codes[1] in (0, 1) and "Traceback" not in said:
            tally.counts["two at once: one refused" if codes[1] else "two at once: both done"] += 1
        else:
            tally.fault("two at once", f"exits {codes}, {state}: {said[-300:]}")
        shutil.rmtree(here)


def campaign(home: Path, *, count: int, seed: int, minutes: float) -> Tally:
    """So many kills (three in five at recorded points), and a share of them of each other fault (from ten on)."""
    until = time.perf_counter() + 60 * minutes
    chance, tally = random.Random(seed), Tally()
    grounds = Grounds(home)
    print(f"{len(grounds.points)} points in a run of {grounds.seconds:.1f} s", flush=True)
    at_points = min(len(grounds.points), -(-count * 3 // 5))
    few = count // 10
    if few:
        read_only(grounds, tally)
    fill_disk(grounds, few, tally, until)
    two_at_once(grounds, few, tally, until, chance)
    kill_at_points(grounds, at_points, tally, until)
    kill_at_times(grounds, count - at_points, tally, until, chance)
    damage_cache(grounds, 6 * few, tally, until, chance)
    return tally
