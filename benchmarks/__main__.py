"""All figures beside their peers, in one run: ``make bench`` (full) or ``python -m benchmarks --quick``.

Prints the tables and writes ``benchmarks/RESULTS.md``; a quick run (small town, few sources) only prints.
A run of some modules, or of some parts of one, puts its rows in the place of those of the same name.

    python -m benchmarks [--quick] [reading] [reach | reach:walk,memory] [areas] [siting] [options] [actions] [demand] [streets] [freight]

``python -m benchmarks run [NAME …] [--warm]`` times whole runs stage by stage (benchmarks/run.py);
``python -m benchmarks same OLD NEW`` compares the products of two checkouts (benchmarks/same_products.py);
``python -m benchmarks page [MAP.html] [--shots DIR]`` weighs the page and takes pictures of ten states (benchmarks/page.py);
``python -m benchmarks province [--cities 1 4 13]`` plans a made-up province as one batch (benchmarks/province.py).
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

MODULES = ("reading", "reach", "areas", "siting", "options", "actions", "demand", "streets", "freight")
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


def shown(value: Any) -> str:
    """A cell: four digits of a measured number, text as it is, – for nothing."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return "–" if value is None else str(value).replace("|", "/")


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Rows as a Markdown table."""
    out = ["| what | planner | peer | ratio | peer is | unit | note |", "|---|---:|---:|---:|---|---|---|"]
    for r in rows:
        cells = [r["what"], r["ours"], r["peer"], r["ratio"], r["peer_name"], r["unit"], r.get("note", "")]
        out.append("| " + " | ".join(shown(c) for c in cells) + " |")
    return out


def merged(old: str, name: str, rows: list[dict[str, Any]]) -> str:
    """``old`` results with ``rows`` in section ``name``, in the place of rows of the same name and peer."""
    head, *sections = old.split("\n## ")
    pages = {s.split("\n", 1)[0].strip(): s.split("\n", 1)[1] for s in sections}
    before, new = pages.get(name, "").splitlines(), table(rows)

    def key(line: str) -> tuple[str, ...]:
        cells = [c.strip() for c in line.split("|")]
        return cells[1], cells[5], cells[6]

    kept = {key(line): line for line in before if line.startswith("| ") and line not in new[:2]}
    kept.update({key(line): line for line in new[2:]})
    pages[name] = "\n".join(["", *new[:2], *kept.values(), ""])
    return head + "".join(f"\n## {title}\n{page}" for title, page in pages.items())


def main(arguments: list[str]) -> int:
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return 0
    if arguments[:1] == ["run"]:
        from benchmarks import run

        return run.main(arguments[1:])
    if arguments[:1] == ["same"]:
        from benchmarks import same_products

        return same_products.main(arguments[1:])
    if arguments[:1] == ["page"]:
        from benchmarks import page

        return page.main(arguments[1:])
    if arguments[:1] == ["province"]:
        from benchmarks import province

        return province.main(arguments[1:])
    quick = "--quick" in arguments
    wanted = dict(a.partition(":")[::2] for a in arguments if not a.startswith("-")) or dict.fromkeys(
        MODULES, ""
    )
    unknown = set(wanted) - set(MODULES)
    if unknown:
        print(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(MODULES)}", file=sys.stderr)
        return 2
    whole = set(wanted) == set(MODULES) and not any(wanted.values())
    head = f"# Results of `make bench`\n\nMachine: {machine()}.\n\nVersions: {versions()}.\n"
    for name, parts in wanted.items():
        module = importlib.import_module(f"benchmarks.{name}")
        start, done = time.time(), list[dict[str, Any]]()
        rows = module.lines if parts or hasattr(module, "lines") else module.run
        print(f"## {name}", "", *table([]), sep="\n", flush=True)
        for row in rows(quick, parts.split(",")) if parts else rows(quick):
            print(table([row])[-1], flush=True)
            done.append(row)
            if not (whole or quick):
                old = RESULTS.read_text("utf-8") if RESULTS.exists() else head
                RESULTS.write_text(merged(old, name, [row]), "utf-8")
        print(f"\n({time.time() - start:.0f} s)\n", flush=True)
        head += "\n".join([f"\n## {name}", "", *table(done), ""])
    if whole and not quick:
        RESULTS.write_text(head, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
