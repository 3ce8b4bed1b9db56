"""Put faults into the code, one at a time, and count how many the tests notice.

    python -m tests.mutants [--only PATTERN]... [--count N] [--jobs 2] [--seed 0] [--all] [--list] [--key KEY]

Takes ``--count`` mutants spread over the files of tests/mutants/table.py, runs each file's tests against each in a
scratch copy, and prints what survived as a diff.
Mutants that change nothing anybody could see stand in tests/mutants/equivalent.txt with the reason and do not count.
The same seed, count and code give the same mutants. Exit code 1 where fewer than 95 % are noticed.
"""

from __future__ import annotations

import argparse
import difflib
import fnmatch
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.mutate import Mutant, mutants_of
from tests.mutants.run import Result, Scratch, load_libraries, run_all
from tests.mutants.table import TESTS

ROOT = Path(__file__).resolve().parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
#: Least share of mutants that must be noticed.
LEAST = 0.95


def equivalents() -> dict[str, str]:
    """Key of every mutant that changes nothing, and why (``key | what | reason``)."""
    lines = EQUIVALENT.read_text("utf-8").splitlines() if EQUIVALENT.exists() else []
    parts = [line.split(" | ") for line in lines if line.strip() and not line.startswith("#")]
    return {p[0].strip(): p[-1].strip() for p in parts}


def files(only: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """File → its tests, for what is asked for."""
    out: dict[str, tuple[str, ...]] = {}
    for pattern, tests in TESTS.items():
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            wanted = not only or any(
                name == o or fnmatch.fnmatch(name, o) or name.startswith(o) for o in only
            )
            there = tuple(t for t in tests if (ROOT / t).exists())
            if wanted and there and path.name != "__init__.py":
                out.setdefault(name, there)
    return out


def chosen(names: Sequence[str], count: int | None, seed: int) -> list[Mutant]:
    """``count`` mutants of these files, by chance but always the same; each file its share by size, at least one."""
    known = equivalents()
    every = {
        n: [m for m in mutants_of(n, (ROOT / n).read_text("utf-8")) if m.key not in known] for n in names
    }
    if count is None:
        return [m for ms in every.values() for m in ms]
    total = sum(map(len, every.values()))
    out = []
    for name, mutants in every.items():
        share = min(len(mutants), max(1, round(count * len(mutants) / max(total, 1))))
        picked = random.Random(f"{seed} {name.rsplit('/', 1)[-1]}").sample(mutants, share)
        out += sorted(picked, key=lambda m: (m.line, m.key))
    return out


def shown(mutant: Mutant) -> str:
    """The mutant as a diff without context."""
    old = (ROOT / mutant.path).read_text("utf-8").splitlines()
    lines = list(difflib.unified_diff(old, mutant.source.splitlines(), lineterm="", n=0))[3:]
    few = lines if len(lines) <= 8 else [*lines[:3], "…", *lines[-3:]]
    return "\n".join("    " + (line if len(line) < 160 else line[:160] + "…") for line in few)


def baseline(
    asked: dict[str, tuple[str, ...]], scratches: Sequence[Scratch]
) -> dict[tuple[str, ...], float] | None:
    """Seconds of each list of tests on the code as it is; None where one fails."""
    files_s: dict[str, float] = {}
    for file in dict.fromkeys(file for tests in asked.values() for file in tests):
        for scratch in scratches:  # each copy compiles for itself
            run = scratch.start((file,), None)
            result = None
            while result is None:
                time.sleep(0.05)
                result = run.poll(600)
            if result.outcome != "survived":
                print(run.log[-3000:], file=sys.stderr)
                print(f"the tests fail without any fault: {file}", file=sys.stderr)
                return None
            files_s[file] = result.seconds
    return {tests: sum(files_s[file] for file in tests) for tests in dict.fromkeys(asked.values())}


def _report(results: Sequence[Result], names: Sequence[str], known: dict[str, str]) -> int:
    print("\nfile                                        mutants  killed  survived")
    for name in names:
        own = [r for r in results if r.mutant is not None and r.mutant.path == name]
        if own:
            killed = sum(r.outcome != "survived" for r in own)
            print(f"{name:<45} {len(own):>5}   {killed:>5}     {len(own) - killed:>5}")
    killed = sum(r.outcome != "survived" for r in results)
    late = sum(r.outcome == "timeout" for r in results)
    share = killed / len(results) if results else 1.0
    print(
        f"\n{len(results)} mutants, {killed} noticed ({share:.1%}; {late} by running on); {len(known)} equivalent ones known"
    )
    return int(share < LEAST)


def main(arguments: Sequence[str]) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__.split("\n")[0])
    parser.add_argument(
        "--only", action="append", default=[], help="file, folder or pattern; may be repeated"
    )
    parser.add_argument("--count", type=int, default=240)
    parser.add_argument("--all", action="store_true", help="every mutant, not a choice of them")
    parser.add_argument("--key", action="append", default=[], help="these mutants alone")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", action="store_true", help="name the mutants, run nothing")
    asked = parser.parse_args(arguments)
    names = files(asked.only)
    mutants = chosen(list(names), None if asked.all or asked.key else asked.count, asked.seed)
    mutants = [m for m in mutants if not asked.key or m.key in asked.key]
    if asked.list or not mutants:
        print(*(m.describe() for m in mutants), sep="\n")
        return 0 if mutants else 2
    names = {n: t for n, t in names.items() if any(m.path == n for m in mutants)}
    load_libraries()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        scratches = [Scratch(ROOT, Path(folder) / str(n)) for n in range(asked.jobs)]
        took = baseline(names, scratches)
        if took is None:
            return 2
        for name, tests in names.items():
            print(f"{name}: {took[tests]:.1f} s")
        begun = time.monotonic()
        jobs = [(m, names[m.path], 10 + 5 * took[names[m.path]]) for m in mutants]
        results = []
        for result in run_all(jobs, scratches):
            results.append(result)
            if len(results) % 20 == 0:
                print(f"{len(results)} of {len(jobs)}", file=sys.stderr, flush=True)
            if result.mutant is not None and result.outcome == "survived":
                print(f"survived {result.mutant.describe()}\n{shown(result.mutant)}", flush=True)
        print(f"({time.monotonic() - begun:.0f} s)")
    return _report(results, list(names), equivalents())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
