"""All figures beside their peers, in one run: ``make bench`` (full) or ``python -m benchmarks --quick``.

Prints the tables and writes ``benchmarks/RESULTS.md``; a quick run (small town, few sources) only prints.

    python -m benchmarks [--quick] [reading] [reach] [areas] [siting] [demand]
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

MODULES = ("reading", "reach", "areas", "siting", "demand")
PACKAGES = (
    "numpy", "scipy", "numba", "shapely", "geopandas", "networkx", "osmnx", "osmium", "pyrosm", "highspy", "spopt",
)  # fmt: skip
RESULTS = Path(__file__).with_name("RESULTS.md")


def machine() -> str:
    """Processor, number of them, memory, system."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip()
            for line in info.read_text().splitlines()
            if line.startswith("model name")
        ]
        name = names[0] if names else name
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30 if hasattr(os, "sysconf") else 0
    return f"{name}, {os.cpu_count()} processors, {memory:.0f} GB, {platform.system()}, Python {platform.python_version()}"


def versions() -> str:
    """Versions of what is compared."""
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Rows as a Markdown table."""
    out = ["| what | planner | peer | ratio | peer is | unit | note |", "|---|---:|---:|---:|---|---|---|"]
    for r in rows:
        cells = [r["what"], r["ours"], r["peer"], r["ratio"], r["peer_name"], r["unit"], r.get("note", "")]
        out.append("| " + " | ".join("–" if c is None else str(c).replace("|", "/") for c in cells) + " |")
    return out


def main(arguments: list[str]) -> int:
    quick = "--quick" in arguments
    wanted = [a for a in arguments if not a.startswith("-")] or list(MODULES)
    unknown = set(wanted) - set(MODULES)
    if unknown:
        print(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(MODULES)}", file=sys.stderr)
        return 2
    pages = [f"Machine: {machine()}.", "", f"Versions: {versions()}.", ""]
    for name in wanted:
        if not Path(__file__).with_name(f"{name}.py").exists():
            continue
        module = importlib.import_module(f"benchmarks.{name}")
        if not hasattr(module, "run"):
            continue
        start = time.time()
        page = [f"## {name}", "", *table(list(module.run(quick))), ""]
        print("\n".join(page), f"({time.time() - start:.0f} s)\n", sep="\n", flush=True)
        pages += page
    if not quick and set(wanted) == set(MODULES):
        RESULTS.write_text("\n".join(["# Results of `make bench`", "", *pages]), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
