"""Files changed at random, given to every reader: whatever stands in them, reading ends in a value or in words, soon, and in little room."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.campaigns.kills import Tally
from tests.campaigns.seeds import READERS, seeds

__all__ = ["campaign", "mutated"]

#: Seconds that a reader may take; bytes more than it has that a process may ask for; bytes that it may come to hold.
HANG_S, ROOM, MOST_MB = 60, 6 << 30, 2500
#: Inputs that one child reads.
BATCH = 250
TOKENS = [
    b"NaN", b"inf", b"-1e999", b"1e308", b"9" * 5000, b"\0", b"\xff\xfe", b"(" * 400, b'"', b"'", b"\\", b"\r\n" * 50, b";", b"\t",
    "９９９．９".encode(), "夏季".encode() * 60, "\u202e\u2028".encode(), b"=1+1", b"{{7*7}}", b"%s%n", b"</", b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
    b"&a;", b"\x1b]8;;x\x07", b"null", b"true", b"-0", b"0x41", b"1,234,567", b"2025-02-30", b"24:00-99:99", b"00:00", b"\xed\xa0\x80",
    b"../../x", b"/vsicurl/http://127.0.0.1:9/", b"EPSG:0", b"EPSG:4326", b"[[", b"]]", b"{", b"}", b"\xe5", "区".encode("gb18030"),
]  # fmt: skip


def mutated(content: bytes, chance: random.Random) -> bytes:
    """A copy of a file with one to six changes."""
    data = bytearray(content)
    for _ in range(chance.choice([1, 1, 1, 2, 3, 6])):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice([1, 2, 4, 16, 64, 256]))
        match chance.randrange(8):
            case 0 | 1 if data:
                at = min(at, len(data) - 1)
                data[at] ^= 1 << chance.randrange(8)
            case 2:
                data[at:at] = chance.choice(TOKENS)
            case 3:
                data[at:end] = chance.choice(TOKENS)
            case 4:
                del data[at:end]
            case 5:
                data[at:at] = data[at:end] * chance.choice([1, 3, 30])
            case 6:
                del data[at:]
            case _:
                data[at:end] = bytes(chance.randrange(256) for _ in range(end - at))
    return bytes(data)


def _mutated_file(source: Path, target: Path, chance: random.Random) -> None:
    """A mutated copy; of a workbook often a mutated part of it, of a shapefile one of its files."""
    shutil.copyfile(source, target)
    victim = target
    if source.suffix == ".shp":
        for other in source.parent.glob(source.stem + ".*"):
            shutil.copyfile(other, target.with_suffix(other.suffix))
        victim = target.with_suffix(chance.choice([".shp", ".dbf", ".shx", ".prj"]))
    if source.suffix == ".xlsx" and chance.random() < 0.7:
        with zipfile.ZipFile(source) as book:
            parts = {n: book.read(n) for n in book.namelist()}
        part = chance.choice(sorted(parts))
        parts[part] = mutated(parts[part], chance)
        with zipfile.ZipFile(target, "w") as out:
            for name, data in parts.items():
                out.writestr(name, data)
        return
    victim.write_bytes(mutated(victim.read_bytes(), chance))


def _asked(read: Callable[[Path], Any], path: Path) -> str:
    """What a reader made of a file: "read", "refused", or what is wrong."""
    from planner.errors import PlannerError, visible

    try:
        value = read(path)
        said = [str(f) + f.message("zh") for f in _findings(value)]
        outcome = "read"
    except PlannerError as error:
        said, outcome = [str(error), error.message("zh")], "refused"
    except MemoryError:
        return "memory"
    except BaseException as error:
        import traceback

        where = traceback.extract_tb(error.__traceback__)
        mine = [f for f in where if "/planner/" in f.filename][-1:] or where[-1:]
        return f"traceback {type(error).__name__} {mine[0].filename.split('/planner/')[-1]}:{mine[0].lineno}: {str(error)[:120]}"
    try:
        visible(" ".join(said)).encode("utf-8")
    except UnicodeEncodeError:
        return "words that cannot be printed"
    return outcome


def _findings(value: Any) -> list[Any]:
    found = value[1] if isinstance(value, tuple) else getattr(value, "findings", ())
    return list(found)


def _batch(folder: Path, work: list[tuple[str, Path]], first: int, last: int, seed: int, log: Path) -> None:
    """Read the inputs of these numbers, a line of the log for each (child)."""
    import warnings

    warnings.simplefilter("ignore")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, size + ROOM))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    with log.open("a", encoding="utf-8") as out:
        for number in range(first, last):
            kind, source = work[number % len(work)]
            here = folder / "one"
            shutil.rmtree(here, ignore_errors=True)
            here.mkdir()
            path = here / source.name
            _mutated_file(source, path, random.Random(f"{seed}-{number}"))
            print(json.dumps([number, "begun"]), file=out, flush=True)
            signal.alarm(HANG_S)
            begin = time.perf_counter()
            outcome = _asked(READERS[kind], path)
            signal.alarm(0)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            row = [number, outcome, round(time.perf_counter() - begin, 2), peak]
            print(json.dumps(row, ensure_ascii=True), file=out, flush=True)


def _ran(
    folder: Path, work: list[tuple[str, Path]], first: int, last: int, seed: int
) -> tuple[list[list[Any]], int]:
    """Rows of a child's log, and how it ended."""
    log = folder / "log.txt"
    log.unlink(missing_ok=True)
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        try:
            _batch(folder, work, first, last, seed, log)
            os._exit(0)
        finally:
            os._exit(70)
    _, status = os.waitpid(pid, 0)
    rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
    return rows, -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def campaign(home: Path, *, count: int, seed: int, minutes: float) -> Tally:
    """So many mutated inputs, over all readers in turn."""
    until = time.perf_counter() + 60 * minutes
    tally, work = Tally(), seeds(home / "seeds")
    for (
        kind,
        path,
    ) in work:  # loads and compiles all that children need; a seed that is refused would test nothing
        outcome = _asked(READERS[kind], path)
        if outcome != "read":
            tally.fault("seeds", f"{kind} {path.name}: {outcome}")
    longest, most, seen, number = 0.0, 0, dict[str, int](), 0
    while number < count and time.perf_counter() < until:
        rows, code = _ran(home, work, number, min(count, number + BATCH), seed)
        done = [r for r in rows if r[1] != "begun"]
        for at, outcome, seconds, peak in done:
            kind, source = work[at % len(work)]
            longest, most = max(longest, seconds), max(most, peak)
            tally.counts["inputs"] += 1
            if outcome in ("read", "refused"):
                tally.counts[outcome] += 1
                continue
            seen[outcome] = seen.get(outcome, 0) + 1
            if seen[outcome] == 1:
                tally.fault("kinds of faults", f"{kind} {source.name} (input {at}): {outcome}")
        number = done[-1][0] + 1 if done else number
        if code != 0:
            kind, source = work[number % len(work)]
            what = "hang" if code == -signal.SIGALRM else f"process ended with {code}"
            tally.counts["inputs"] += 1
            tally.fault(
                "hangs" if code == -signal.SIGALRM else "processes ended",
                f"{kind} {source.name} (input {number}): {what}",
            )
            number += 1
    if most > MOST_MB:
        tally.fault("memory", f"{most} MB were held")
    tally.counts["faulty inputs"] = sum(seen.values())
    tally.counts["MB held at most"] = most
    tally.counts["seconds at most"] = round(longest)
    return tally
