"""Names that want to be run, put wherever a file's text comes in; every product is then held against one of a harmless town.

A product may show a name. It may not have gained an element, an attribute, a formula, a link, a file, a step of a path, or a letter that
acts on a terminal.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import shutil
import sqlite3
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from planner.publish.page.pack import unlettered
from tests.campaigns.children import start, warm_up
from tests.campaigns.kills import Tally
from tests.publish.hostile import FORMULAS, MARKUP
from tests.study.town import Place, at, street_town, write_table

__all__ = ["CHANNELS", "PAYLOADS", "campaign"]

PRODUCT = 1337 * 7331  # what a template would make of the sums below
PAYLOADS = [
    *FORMULAS, *MARKUP, "{{1337*7331}}", "${1337*7331}", "{% print(1337*7331) %}", "#{1337*7331}", "<%= 1337*7331 %>", "../../x", "/etc/passwd", "..\\x",
    "CON", "x" * 300, "\x1b]8;;http://evil.example\x07link\x1b]8;;\x07", "\x9b31m", "\u202e\u2066", "a\r\nb: c", "http://evil.example/a.png",
    "![x](http://evil.example/a.png)", "url(http://evil.example/a)", "<!ENTITY x SYSTEM 'file:///etc/passwd'>", "&x;", "]]><x>", "<?xml?>",
    "\ud7ff\ue000", "\U0001f468\u200d\U0001f469", "null", "NaN", "-1", "1e999", "0x41",
]  # fmt: skip


def _toml(text: str) -> str:
    return json.dumps(text)


def _in_study(key: str) -> Callable[[Path, str], None]:
    def put(folder: Path, payload: str) -> None:
        path = folder / "study.toml"
        path.write_text(
            path.read_text("utf-8").replace("[study]\n", f"[study]\n{key} = {_toml(payload)}\n", 1), "utf-8"
        )

    return put


def _in_layer(name: str, *keys: str) -> Callable[[Path, str], None]:
    def put(folder: Path, payload: str) -> None:
        layer = json.loads((folder / name).read_text("utf-8"))
        for feature in layer["features"]:
            feature["properties"].update(dict.fromkeys(keys, payload))
        (folder / name).write_text(json.dumps(layer), "utf-8")

    return put


def _in_list(name: str, column: str) -> Callable[[Path, str], None]:
    def put(folder: Path, payload: str) -> None:
        with (folder / name).open(encoding="utf-8", newline="") as handle:
            head, *rows = list(csv.reader(handle))
        at_ = head.index(column)
        write_table(folder / name, head, [[*r[:at_], payload, *r[at_ + 1 :]] for r in rows])

    return put


def _in_group(folder: Path, payload: str) -> None:
    path = folder / "study.toml"
    text = path.read_text("utf-8").replace('name = "rider"\n', f'name = "rider"\nname_zh = {_toml(payload)}\nname_en = {_toml(payload)}\nsource = {_toml(payload)}\n', 1)  # fmt: skip
    path.write_text(text, "utf-8")


#: Where a file's text comes in.
CHANNELS: dict[str, Callable[[Path, str], None]] = {
    "title": _in_study("title_en"), "note": _in_study("synthetic_note_en"), "approval": _in_study("map_approval_no"), "group": _in_group,
    "district": _in_layer("districts.geojson", "name_zh", "name_en"), "street": _in_layer("streets.geojson", "name"),
    "station": _in_list("stations.csv", "站点名称"), "hours": _in_list("stations.csv", "开放时间"), "status": _in_list("stations.csv", "状态"),
    "host": _in_list("hosts.csv", "name"), "host hours": _in_list("hosts.csv", "open_hours"), "kind": _in_list("stations.csv", "类型"),
    "address": _in_list("stations.csv", "地址"),
}  # fmt: skip


def _town(folder: Path) -> Path:
    """The harmless town; its last station has an address and no place."""
    path = street_town(
        folder, stations=[Place("s", 500)], hosts=[Place(f"h{i}", 300.0 + 600 * i) for i in range(6)]
    )
    path.write_text(
        path.read_text("utf-8").replace('datum = "wgs84"\n', 'datum = "wgs84"\nmax_missing_share = 0.9\n', 1),
        "utf-8",
    )
    CHANNELS["street"](folder, "路")  # a site then has an address in the harmless town too
    rows = [
        ("s", "站", *at(500), "08:00-20:00", "正常", "银行", "路 1 号"),
        ("t", "点", "", "", "08:00-20:00", "正常", "银行", "路 2 号"),
    ]
    write_table(
        folder / "stations.csv",
        ["编号", "站点名称", "经度", "纬度", "开放时间", "状态", "类型", "地址"],
        rows,
    )
    return path


class _Elements(HTMLParser):
    """Elements with the names of their attributes, and every address that a page would load or run."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: set[str] = set()
        self.scripts = 0
        self.addresses: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {f"{tag}[{name}]" for name, _ in attrs} | {tag}
        self.scripts += tag == "script"
        self.addresses |= {v or "" for n, v in attrs if n in ("src", "href", "action", "data", "style", "formaction", "poster") and not (v or "").startswith("data:")}  # fmt: skip

    def handle_decl(self, decl: str) -> None:
        self.found.add(f"!{decl}")

    def handle_pi(self, data: str) -> None:
        self.found.add(f"?{data}")


def _of_html(path: Path) -> dict[str, Any]:
    page = _Elements(path.read_text("utf-8"))
    return {
        "elements": page.found,
        "scripts": page.scripts,
        "addresses": {a for a in page.addresses if re.match(r"\s*(\w+:|//)|.*url\(", a)},
    }


def _of_zip(path: Path) -> dict[str, Any]:
    """Parts of a workbook or document, kinds of elements in each, links that leave it, cells that are formulas."""
    elements, links = set(), set()
    with zipfile.ZipFile(path) as book:
        names = {re.sub(r"\d+", "", n) for n in book.namelist()}
        for name in book.namelist():
            if name.endswith((".xml", ".rels")):
                data = book.read(name)
                __import__("xml.dom.minidom").dom.minidom.parseString(data)  # well-formed
                elements |= {m.decode() for m in re.findall(rb"<([A-Za-z:]+)", data)}
                links |= {m.decode() for m in re.findall(rb'Target="([^"]*)" TargetMode="External"', data)}
    return {"parts": names, "formulas": int("f" in elements), "links": links}


def _of_csv(path: Path) -> dict[str, Any]:
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    number = re.compile(r"[+-]?[\d.,]+(e[+-]?\d+)?%?$")
    live = [
        c
        for r in rows
        for c in r
        if c.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "＝")) and not number.match(c)
    ]
    widths = {len(r) for r in rows}
    # as wide as its head in every row, and no column more than the harmless one (fewer where less is known of a site)
    return {"ragged": int(len(widths) > 1), "columns": set(range(max(widths, default=0))), "live": live}


def _of_gpkg(path: Path) -> dict[str, Any]:
    with sqlite3.connect(path) as base:
        layers = {r[0] for r in base.execute("SELECT table_name FROM gpkg_contents")}
        views = {r[0] for r in base.execute("SELECT name FROM sqlite_master WHERE type IN ('view')")}
    base.close()
    return {"layers": layers, "views": views}


_READ = {".html": _of_html, ".xlsx": _of_zip, ".docx": _of_zip, ".csv": _of_csv, ".gpkg": _of_gpkg}


def described(out: Path) -> dict[str, dict[str, Any]]:
    """What each product is made of, by its name."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(p for p in out.rglob("*") if p.is_file()):
        read = _READ.get(path.suffix)
        found[path.relative_to(out).as_posix()] = read(path) if read else {}
    return found


def _texts(out: Path) -> str:
    """Everything that the products say, unpacked."""
    said = []
    for path in out.rglob("*"):
        if path.suffix in (".html", ".csv", ".json"):
            text = path.read_text("utf-8", "replace")
            said.append(text)
            for packed in re.findall(r"[!-~]{200,}", text):
                try:
                    said.append(
                        gzip.decompress(unlettered(packed.split(">", 1)[-1].split("<", 1)[0])).decode(
                            "utf-8", "replace"
                        )
                    )
                except (ValueError, OSError, EOFError):
                    continue
        elif path.suffix in (".xlsx", ".docx"):
            with zipfile.ZipFile(path) as book:
                said += [
                    book.read(n).decode("utf-8", "replace") for n in book.namelist() if n.endswith(".xml")
                ]
    return "\n".join(said)


def _more(now: dict[str, Any], usual: dict[str, Any]) -> list[str]:
    """What a product has that the harmless one has not."""
    out = []
    for key, value in now.items():
        before = usual.get(key)
        if isinstance(value, set):
            gained = value - (before or set())
            out += [f"{key} {sorted(map(str, gained))[:4]}"] if gained else []
        elif isinstance(value, list):
            out += [f"{key} {value[:3]}"] if value else []
        elif value != before:
            out.append(f"{key} {before} → {value}")
    return out


def _no_network(folder: Path) -> None:
    """Write down every connection that is asked for (child)."""

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.getaddrinfo", "os.system", "subprocess.Popen"):
            (folder / "asked").write_text(f"{event} {given!r}", "utf-8")

    sys.addaudithook(hook)


def _judge(
    here: Path, usual: dict[str, dict[str, Any]], code: int, said: str, what: str, tally: Tally
) -> None:
    acts = sorted(
        {
            c
            for c in said
            if (ord(c) < 32 and c != "\n")
            or 127 <= ord(c) < 160
            or c in "\u202e\u202a\u202b\u202d\u2066\u2067\u2068\u2069"
        }
    )
    if acts:
        tally.fault("letters that act on a terminal", f"{what}: {acts}")
    if "Traceback" in said or code not in (0, 1, 3):
        tally.fault("tracebacks", f"{what}: exit {code}: {said[-400:]}")
    if (here / "asked").exists():
        tally.fault("connections", f"{what}: {(here / 'asked').read_text('utf-8')}")
    made = {p.relative_to(here).parts[0] for p in here.rglob("*")} - {
        "town",
        "out",
        "cache",
        "said.txt",
        "asked",
    }
    if made:
        tally.fault("files elsewhere", f"{what}: {made}")
    tally.counts["refused" if code == 1 else "planned"] += 1
    if not (here / "out").exists():
        return
    for name, now in described(here / "out").items():
        if name not in usual:
            tally.fault("products", f"{what}: {name}")
            continue
        tally.counts["products judged"] += 1
        for gained in _more(now, usual[name]):
            tally.fault("products", f"{what}: {name} has gained {gained}")
    if str(PRODUCT) in _texts(here / "out"):
        tally.fault("templates", f"{what}: the sum was worked out")


def campaign(home: Path, *, count: int, seed: int, minutes: float) -> Tally:
    """So many pairs of a payload and a channel, all channels in each run; payloads go round."""
    until = time.perf_counter() + 60 * minutes
    tally = Tally()
    town = _town(home / "usual" / "town")
    warm_up(town, home / "usual" / "out", home / "usual" / "cache")
    usual = described(home / "usual" / "out")
    done, turn = 0, seed
    while done < count and time.perf_counter() < until:
        here = home / "run"
        shutil.rmtree(here, ignore_errors=True)
        study = _town(here / "town")
        pairs = Counter[str]()
        for k, (channel, put) in enumerate(CHANNELS.items()):
            payload = PAYLOADS[(turn + 5 * k) % len(PAYLOADS)]
            if channel in ("hours", "status") and turn % 3:
                continue  # a list that can be read more often
            put(here / "town", payload)
            pairs[f"{channel}={payload[:30]!r}"] += 1
        arguments: list[object] = ["run", study, "--out", here / "out"]
        ended = start(
            arguments,
            cache=here / "cache",
            said=here / "said.txt",
            before=lambda here=here: _no_network(here),
        ).end()  # type: ignore[misc]
        _judge(here, usual, ended.code, ended.said, f"turn {turn}", tally)
        tally.counts["payloads in channels"] += len(pairs)
        done, turn = done + len(pairs), turn + 1
    return tally
