"""Whether two checkouts make the same products, and what differs where they do not.

    python -m benchmarks same OLD NEW [--studies a.toml b.toml ...] [--no-suzhou] [--warm] [--out DIR]

OLD and NEW are checkouts, each run by its own code with a cache of its own on the embedded Suzhou and on the
studies given; with ``--warm`` every run is repeated from the cache it left, which must change nothing. Two
folders of products (or of folders of them) are compared as they are. Every file: same, same content (other
bytes), or differs and in what. ``run.json`` is compared without times, peaks and versions. Exit code 1 where
anything differs, 2 where a run failed.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import difflib
import gzip
import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from planner.publish.page.pack import unlettered

__all__ = ["Compared", "compare_folders", "main"]

#: Keys of run.json that hold times, peaks and versions, wherever they stand.
NOT_COMPARED = frozenset({"seconds", "stages", "peak_mb", "versions"})
#: Differences shown of a file; the rest is counted.
SHOWN = 8
#: Characters shown around the first difference of a line.
AROUND = 60
#: Exit codes of a run that wrote its products (3: a gap above what the study accepts).
DONE = (0, 3)


@dataclass(frozen=True)
class Compared:
    """A file of two folders; ``why`` says what differs, and is empty where the content is the same."""

    name: str
    same_bytes: bool
    why: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        return bool(self.why)

    def lines(self) -> list[str]:
        """What is printed of it."""
        word = "differs" if self.why else "same" if self.same_bytes else "same content, other bytes"
        rest = len(self.why) - SHOWN
        more = [f"      … and {rest} more"] if rest > 0 else []
        return [f"  {word:<10} {self.name}", *(f"      {w}" for w in self.why[:SHOWN]), *more]


def _pairs(old: Mapping[Any, Any], new: Mapping[Any, Any], what: str = "") -> list[str]:
    """Keys on one side only, and keys whose values differ."""
    out = []
    for key in [*old, *(k for k in new if k not in old)]:
        label = f"{what}{key}"
        if key not in new:
            out.append(f"{label}: only in the old ({_short(old[key])})")
        elif key not in old:
            out.append(f"{label}: only in the new ({_short(new[key])})")
        elif old[key] != new[key]:
            out.append(f"{label}: {_change(old[key], new[key])}")
    return out


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 2 * AROUND else text[: 2 * AROUND] + "…"


def _change(old: object, new: object) -> str:
    """``old → new``, long texts cut to what surrounds their first difference."""
    a, b = str(old), str(new)
    if max(len(a), len(b)) > 2 * AROUND:
        at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
        start = max(0, at - AROUND // 2)
        a, b = (f"…{t[start : at + AROUND]}…" for t in (a, b))
        return f"at character {at}: {a!r} → {b!r}"
    return f"{a!r} → {b!r}"


# -- one kind of file after the other: its content as a mapping ------------------------------------------


def _flat(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((f"{where} keys", tuple(value)) for _ in "." if not value)
        for key, item in value.items():
            if key not in NOT_COMPARED:
                yield from _flat(item, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list):
        yield f"{where}[]", len(value)
        for i, item in enumerate(value):
            yield from _flat(item, f"{where}[{i}]")
    else:
        yield where, value


def _json(path: Path) -> dict[str, Any]:
    return dict(_flat(json.loads(path.read_text("utf-8"))))


def _xlsx(path: Path) -> dict[str, Any]:
    """Cells by sheet and address, with the format of each and the sheet's own settings."""
    import openpyxl

    book, out = openpyxl.load_workbook(path), dict[str, Any]()
    for sheet in book.worksheets:
        out[f"{sheet.title} size"] = sheet.dimensions
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None:
                    out[f"{sheet.title}!{cell.coordinate}"] = (cell.value, cell.number_format)
    return out | _members(path)


def _members(path: Path) -> dict[str, Any]:
    """Names and digests of a zip's members: what the cells alone do not say (styles, pictures)."""
    with zipfile.ZipFile(path) as z:
        return {f"member {n}": hashlib.sha256(z.read(n)).hexdigest()[:12] for n in sorted(z.namelist())}


def _docx(path: Path) -> dict[str, Any]:
    """Paragraphs in order, then the members."""
    word = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    with zipfile.ZipFile(path) as z:
        tree = ET.fromstring(z.read("word/document.xml"))
    texts = ["".join(t.text or "" for t in p.iter(word + "t")) for p in tree.iter(word + "p")]
    return {f"paragraph {i}": t for i, t in enumerate(texts, start=1)} | _members(path)


def _gpkg(path: Path) -> dict[str, Any]:
    """Rows by table; blobs by digest."""
    out: dict[str, Any] = {}
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
        tables = base.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        for (table,) in tables:
            if table.startswith("rtree_"):
                continue
            rows = base.execute(f'SELECT * FROM "{table}" ORDER BY rowid')
            names = [c[0] for c in rows.description]
            out[f"{table} columns"] = tuple(names)
            for n, row in enumerate(rows, start=1):
                for name, value in zip(names, row, strict=True):
                    blob = isinstance(value, bytes)
                    out[f"{table} row {n} {name}"] = (
                        "blob " + hashlib.sha256(value).hexdigest()[:12] if blob else value
                    )
    return out


def _png(path: Path) -> dict[str, Any]:
    import matplotlib.image
    import numpy as np

    pixels = np.ascontiguousarray(matplotlib.image.imread(path))
    return {"size": pixels.shape, "pixels": hashlib.sha256(pixels.tobytes()).hexdigest()[:12]}


READERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    ".json": _json, ".xlsx": _xlsx, ".docx": _docx, ".gpkg": _gpkg, ".png": _png,
}  # fmt: skip


def _island(packed: str) -> dict[str, Any]:
    """The header of a page's data island (planner/publish/page/pack.py), its streams as digests.

    Two whole numbers within the blob are taken for a stream's place, but for the headline's, which has none;
    what that hides is said by the caller.
    """
    letters = base64.b64decode if packed.startswith("H4sI") else unlettered  # older pages
    whole = gzip.decompress(letters(packed))
    size = int.from_bytes(whole[:4], "little")
    blob = whole[4 + size :]

    def shown(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: v if k == "headline" else shown(v) for k, v in value.items()}
        if isinstance(value, list):
            if len(value) == 2 and all(type(v) is int and v >= 0 for v in value) and sum(value) <= len(blob):
                start, length = value
                return f"{length} bytes " + hashlib.sha256(blob[start : start + length]).hexdigest()[:12]
            return [shown(v) for v in value]
        return value

    return dict(_flat(shown(json.loads(whole[4 : 4 + size]))))


def _by_page(old: Path, new: Path) -> list[str]:
    """A page by lines; its packed data by what is in them."""
    pattern = re.compile(r">((?:H4sI|ABzY8)[!-;=-~]{20,})<")
    texts = [_text(p) for p in (old, new)]
    packed = [pattern.findall(t) for t in texts]
    out = _lines(*(pattern.sub("><", t) for t in texts))
    if len(packed[0]) != len(packed[1]):
        out.append(f"data islands: {len(packed[0])} → {len(packed[1])}")
    for a, b in zip(*packed, strict=False):
        if a != b:
            out += _pairs(_island(a), _island(b), "data: ") or ["data: the same, packed otherwise"]
    return out


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "backslashreplace")


def _lines(old: str, new: str) -> list[str]:
    """Lines that differ, each with what surrounds its first difference."""
    a, b = old.split("\n"), new.split("\n")
    out = []
    for tag, i, k, j, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        for n in range(max(k - i, m - j)):
            here = a[i + n] if i + n < k else None
            there = b[j + n] if j + n < m else None
            if here is None:
                out.append(f"line {j + n + 1}: only in the new ({_short(there)!r})")
            elif there is None:
                out.append(f"line {i + n + 1}: only in the old ({_short(here)!r})")
            else:
                out.append(f"line {i + n + 1}: {_change(here, there)}")
    return out


def compare_files(old: Path, new: Path, name: str) -> Compared:
    """Two files of one name."""
    if old.read_bytes() == new.read_bytes():
        return Compared(name, same_bytes=True)
    reader = READERS.get(old.suffix.lower())
    if reader is None:
        found = _by_page(old, new) if old.suffix == ".html" else _lines(_text(old), _text(new))
        return Compared(name, same_bytes=False, why=tuple(found or ["other bytes that are no text"]))
    return Compared(name, same_bytes=False, why=tuple(_pairs(reader(old), reader(new))))


def compare_folders(old: Path, new: Path) -> list[Compared]:
    """Every file of two folders, by name; one that a side lacks differs."""
    here, there = ({p.relative_to(f).as_posix() for p in f.rglob("*") if p.is_file()} for f in (old, new))
    out = []
    for name in sorted(here | there):
        if name not in here or name not in there:
            side = "new" if name in there else "old"
            out.append(Compared(name, same_bytes=False, why=(f"only in the {side}",)))
        else:
            out.append(compare_files(old / name, new / name, name))
    return out


# -- runs -------------------------------------------------------------------------------------------------


class RunFailed(Exception):
    """A run that wrote no products; its words."""


def run_study(checkout: Path, study: Path | None, out: Path, cache: Path) -> None:
    """``planner run`` by the code of ``checkout``.

    Raises
    ------
    RunFailed
        Another planner than the checkout's would run, or it ended without products.
    """
    env = {**os.environ, "PYTHONPATH": str(checkout), "PLANNER_CACHE": str(cache)}
    ask = [sys.executable, "-c", "import planner; print(planner.__file__)"]
    where = subprocess.run(ask, cwd=checkout, env=env, capture_output=True, text=True, check=False)
    if Path(where.stdout.strip() or ".").resolve().parents[1] != checkout.resolve():
        raise RunFailed(f"{checkout} would run {where.stdout.strip() or where.stderr.strip()}")
    command = [
        sys.executable,
        "-m",
        "planner",
        "run",
        *([] if study is None else [str(study)]),
        "--out",
        str(out),
    ]
    done = subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, check=False)
    if done.returncode not in DONE:
        raise RunFailed(f"{checkout}, {study or 'Suzhou'}: exit {done.returncode}\n{done.stderr[-2000:]}")


def _compare_checkouts(old: Path, new: Path, studies: Sequence[Path | None], work: Path, warm: bool) -> bool:
    """Run and compare each study; whether anything differs."""
    differs = False
    for study in studies:
        name = "suzhou" if study is None else study.resolve().parent.name + "-" + study.stem
        for side, checkout in (("old", old), ("new", new)):
            out, cache = work / side / name, work / f"cache-{side}"
            run_study(checkout, study, out, cache)
            if warm:
                again = work / f"{side}-warm" / name
                run_study(checkout, study, again, cache)
                differs |= report(f"{name}: {side}, cold and warm", compare_folders(out, again))
        differs |= report(f"{name}: old and new", compare_folders(work / "old" / name, work / "new" / name))
    return differs


def report(title: str, compared: Sequence[Compared]) -> bool:
    """Print a comparison; whether anything differs."""
    print(title)
    for one in compared:
        print(*one.lines(), sep="\n", flush=True)
    wrong = sum(one.differs for one in compared)
    print(f"  {len(compared)} files, {wrong} differ\n", flush=True)
    return wrong > 0


def _is_checkout(folder: Path) -> bool:
    return (folder / "planner" / "__init__.py").is_file()


def main(arguments: Sequence[str]) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks same", description=__doc__.split("\n")[0])
    parser.add_argument("old", type=Path, help="checkout, or folder of products")
    parser.add_argument("new", type=Path, help="checkout, or folder of products")
    parser.add_argument("--studies", type=Path, nargs="*", default=[], help="study files beside the Suzhou")
    parser.add_argument("--no-suzhou", action="store_true", help="the given studies alone")
    parser.add_argument("--warm", action="store_true", help="repeat every run from the cache it left")
    parser.add_argument("--out", type=Path, help="where runs and caches are kept; a temporary folder")
    asked = parser.parse_args(arguments)
    missing = [str(p) for p in (asked.old, asked.new, *asked.studies) if not p.exists()]
    kinds = {_is_checkout(p) for p in (asked.old, asked.new)}
    if missing or len(kinds) > 1:
        print(
            f"not there: {', '.join(missing)}" if missing else "a checkout beside a folder", file=sys.stderr
        )
        return 2
    old, new = asked.old.resolve(), asked.new.resolve()
    if kinds == {False}:
        return int(report(f"{old.name} and {new.name}", compare_folders(old, new)))
    studies = [*([] if asked.no_suzhou else [None]), *(s.resolve() for s in asked.studies)]
    with tempfile.TemporaryDirectory(prefix="same-products-") as folder:
        try:
            return int(
                _compare_checkouts(old, new, studies, (asked.out or Path(folder)).resolve(), asked.warm)
            )
        except RunFailed as failed:
            print(failed, file=sys.stderr)
            return 2
