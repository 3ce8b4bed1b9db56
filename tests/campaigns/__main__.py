"""``python -m tests.campaigns kills --count 200 --seed 0 --minutes 60``; exit code 1 where anything went wrong."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
from pathlib import Path

#: Campaign → the count of a whole one.
COUNTS = {"kills": 200, "fuzz": 20_000, "hostile": 400, "interrupts": 40}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns", description=__doc__)
    parser.add_argument("campaign", choices=sorted(COUNTS))
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60.0)
    given = parser.parse_args(arguments)
    module = importlib.import_module(f"tests.campaigns.{given.campaign}")
    with tempfile.TemporaryDirectory(prefix=f"{given.campaign}-") as folder:
        count = given.count or COUNTS[given.campaign]
        tally = module.campaign(Path(folder), count=count, seed=given.seed, minutes=given.minutes)
    print("\n".join(tally.lines()))
    return int(bool(tally.faults))


if __name__ == "__main__":
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    sys.exit(main())
