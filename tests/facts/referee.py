"""A referee of the products: opens every file of a run, finds the registered figures, and names what does not agree.

It shares no code with the products: files are opened with openpyxl, lxml, python-docx, pyogrio and json, numbers are
printed here again, and the register's own laws (differences subtract, parts add up, shares are their parts) are checked
on the numbers of ``run.json`` alone.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docx
import geopandas as gpd
import numpy as np
import openpyxl
import pyogrio
from lxml import html

from planner.publish.page.pack import unlettered
from tests.facts.board import covered_shares

#: How far a printed number of each unit may be from the number itself.
HALF = {
    "people": 0.5,
    "count": 0,
    "share": 0.0005,
    "points": 0.05,
    "gap": 1e-5,
    "yuan": 0.5,
    "decimal": 0.005,
    "index": 0.0005,
    "spread": 0.05,
}
Key = tuple[str, tuple[tuple[str, Any], ...]]
Table = list[list[str]]


@dataclass(frozen=True)
class Disagreement:
    """What a product says and what the register holds."""

    product: str
    what: str
    said: str
    registered: str

    def __str__(self) -> str:
        return f"{self.product}: {self.what}: {self.said}, registered {self.registered}"


def printed(value: float, unit: str) -> str:
    """A number as people read it, by its unit; written here again, on purpose."""
    if unit == "share":
        return f"{100 * value:.1f}%"
    if unit == "gap":
        return f"{100 * value:.3f}%"
    if unit == "points":
        return f"{value:+.1f}" if value else "0.0"
    if unit in ("index", "spread"):
        return f"{value:.3f}" if unit == "index" else f"{value:.1f}"
    return f"{value:,.0f}"


class Facts:
    """The facts of ``run.json``."""

    def __init__(self, run: dict[str, Any]) -> None:
        self.rows: dict[Key, dict[str, Any]] = {}
        self.twice: list[Key] = []
        for row in run["facts"]:
            key = (row["id"], tuple(sorted(row["scope"].items())))
            if key in self.rows:
                self.twice.append(key)
            self.rows[key] = row
        first = next(r for r in run["facts"] if r["id"] == "sites_new")
        self.headline: dict[str, Any] = {
            k: v for k, v in first["scope"].items() if k not in ("district", "batch")
        }

    def find(self, id_: str, **scope: Any) -> dict[str, Any] | None:
        wanted = {k: v for k, v in {**self.headline, **scope}.items() if v != "" or k == "plan"}
        return self.rows.get((id_, tuple(sorted(wanted.items()))))

    def text(self, id_: str, **scope: Any) -> str | None:
        row = self.find(id_, **scope)
        return None if row is None else printed(row["shown"], row["unit"])

    def along(self, id_: str, part: str, **scope: Any) -> list[dict[str, Any]]:
        base = {**self.headline, **scope}
        return [
            r for r in self.rows.values()
            if r["id"] == id_ and part in r["scope"] and r["scope"][part] != self.headline.get(part)
            and all(r["scope"].get(k) == v for k, v in base.items() if k != part)
            and set(r["scope"]) - {part} == set(base) - {part}
        ]  # fmt: skip


# -- the register's own laws --------------------------------------------------------------------------------------


def laws(run: dict[str, Any]) -> Iterator[Disagreement]:
    """What must hold between the figures of ``run.json``."""
    facts = Facts(run)
    if len(facts.rows) < 40:
        yield Disagreement("run.json", "number of facts", str(len(facts.rows)), "at least 40")
    for key in facts.twice:
        yield Disagreement("run.json", "registered twice", str(key), "once")
    yield from _rounding(facts)
    yield from _differences(facts)
    yield from _groups_apart(facts)
    yield from _parts(facts)
    yield from _verbs(facts)
    yield from _coverage(run, facts)


def _rounding(facts: Facts) -> Iterator[Disagreement]:
    for (id_, scope), r in facts.rows.items():
        off = abs(r["shown"] - r["value"])
        derived = id_ in (
            "newly_covered", "share_gain", "missing", "fewer", "phase_covered", "visits_more", "district_gap",
            "actions_new", "actions_points", "sites_gain",
        )  # fmt: skip
        of_a_sum = (
            "workers",
            "covered",
            "visits_day",
            "actions_gain",
            *(("gap_workers",) if "district" in dict(scope) else ()),
        )
        part = id_ in of_a_sum and off <= 1  # parts of a printed sum round to fit it
        # a difference of two printed numbers is off by twice a half, of parts of printed sums by twice one
        room = {True: 2 if r["unit"] == "people" else 2 * HALF[r["unit"]], False: HALF[r["unit"]]}[derived]
        room = 1 if r["unit"] == "people" and id_ in ("bound", "drivers_bound", "regret_most") else room
        room = 2 * HALF["share"] if id_ == "curve_bound" else room  # rounded up
        if off > room + 1e-6 and not part:
            yield Disagreement(
                "run.json", f"rounding of {id_} {dict(scope)}", str(r["shown"]), str(r["value"])
            )
        if r["low"] is not None and not r["low"] <= r["high"]:
            yield Disagreement("run.json", f"band of {id_} {dict(scope)}", str(r["low"]), str(r["high"]))


def _groups_apart(facts: Facts) -> Iterator[Disagreement]:
    """Where the whole has its 5, 50 and 95 % points, so has every group, and groups together span the whole."""
    for id_, plan in (("workers", ""), ("covered", "today"), ("covered", "proposal"), ("share", "today"), ("share", "proposal"),
                      ("newly_covered", "gain")):  # fmt: skip
        whole, groups = facts.find(id_, plan=plan), facts.along(id_, "groups", plan=plan)
        if whole is None or whole["middle"] is None or not groups:
            continue
        bare = [r["scope"]["groups"] for r in groups if r["middle"] is None]
        yield from [
            Disagreement("run.json", f"{id_} {plan} of {g}", "no band", "5, 50 and 95 %") for g in bare
        ]
        if bare or id_ == "share":
            continue
        low, high = (sum(r[k] for r in groups) for k in ("low", "high"))
        if not low - 0.5 <= whole["middle"] <= high + 0.5:
            yield Disagreement(
                "run.json", f"{id_} {plan} of all groups", f"{low} {high}", str(whole["middle"])
            )


def _differences(facts: Facts) -> Iterator[Disagreement]:
    for (id_, scope), r in facts.rows.items():
        state = dict(scope)
        if id_ in ("newly_covered", "share_gain", "visits_more"):
            of = {"newly_covered": "covered", "share_gain": "share", "visits_more": "visits_day"}[id_]
            times = 100 if id_ == "share_gain" else 1
            ends = [facts.find(of, **{**state, "plan": plan}) for plan in ("today", "proposal")]
            if None in ends:
                yield Disagreement("run.json", f"{id_} {state}", "no ends", "two ends")
                continue
            gained = times * (ends[1]["shown"] - ends[0]["shown"])  # type: ignore[index]
            if abs(gained - r["shown"]) > 1e-6:
                yield Disagreement("run.json", f"{id_} {state}", str(r["shown"]), str(gained))
        if id_ == "fewer":
            other = facts.find("covered", **state)
            plan = facts.find("covered")
            if other is None or plan is None or plan["shown"] - other["shown"] != r["shown"]:
                yield Disagreement("run.json", f"fewer {state}", str(r["shown"]), "the difference as printed")
    bound, plan, missing = (facts.find(k) for k in ("bound", "covered", "missing"))
    if bound and plan and missing and bound["shown"] - plan["shown"] != missing["shown"]:
        yield Disagreement("run.json", "missing", str(missing["shown"]), str(bound["shown"] - plan["shown"]))


def _verbs(facts: Facts) -> Iterator[Disagreement]:
    """The plan with five verbs: what is new is a difference as printed, verbs and districts add up to the whole."""
    new = facts.find("actions_new", plan="actions")
    if new is None:
        return
    today, then, bound, missing = (
        facts.find(k, plan=p) for k, p in (("covered", "today"), ("covered", "actions"), ("bound", "actions"), ("missing", "actions"))
    )  # fmt: skip
    sums = {
        "actions_new": (new, then["shown"] - today["shown"]),  # type: ignore[index]
        "verbs": (new, sum(r["shown"] for r in facts.along("actions_gain", "case", plan="actions"))),
        "covered by district": (
            then,
            sum(r["shown"] for r in facts.along("covered", "district", plan="actions")),
        ),
    }
    if bound and missing:
        sums["missing"] = (missing, bound["shown"] - then["shown"])  # type: ignore[index]
    for key in ("actions_n", "actions_cost_yuan", "actions_yearly_yuan"):
        parts = [r["value"] for r in facts.along(key, "case", plan="actions")]
        whole = facts.find(key, plan="actions")
        if whole is None or abs(sum(parts) - whole["value"]) > 1e-6 * max(1.0, abs(whole["value"])):
            yield Disagreement("run.json", f"{key} by verb", str(sum(parts)), str(whole))
    for name, (row, should) in sums.items():
        if row is None or row["shown"] != should:
            yield Disagreement("run.json", name, str(row and row["shown"]), str(should))


def _parts(facts: Facts) -> Iterator[Disagreement]:
    for part in ("district", "groups", "periods"):
        for id_, plan in (
            ("workers", ""),
            ("covered", "today"),
            ("covered", "proposal"),
            ("newly_covered", "gain"),
            ("visits_day", "today"),
            ("visits_day", "proposal"),
        ):
            for hours in ("time",) if id_ != "workers" else ():
                timed = facts.along(id_, part, plan=plan, hours=hours)
                total = facts.find(id_, plan=plan, hours=hours)
                if timed and total and sum(r["shown"] for r in timed) != total["shown"]:
                    yield Disagreement(
                        "run.json", f"{id_} {plan} by time and {part}", str(len(timed)), str(total["shown"])
                    )
            rows = [
                r for r in facts.along(id_, part, plan=plan) if r["scope"][part] not in ("any_hour", "night")
            ]
            whole = facts.find(id_, plan=plan)
            if rows and whole and sum(r["shown"] for r in rows) != whole["shown"]:
                total = str(sum(r["shown"] for r in rows))
                yield Disagreement("run.json", f"{id_} {plan} by {part}", total, str(whole["shown"]))
    for (id_, scope), r in facts.rows.items():
        state = dict(scope)
        if id_ == "share" and "case" not in state:
            covered = facts.find("covered", **state)
            workers = facts.find(
                "workers",
                **{**state, "plan": "", "least": 1, "cutoff_m": facts.headline["cutoff_m"], "hours": ""},
            )
            if state.get("periods") == "any_hour":
                workers = facts.find("workers", plan="")
            if (
                covered
                and workers
                and workers["value"]
                and abs(covered["value"] / workers["value"] - r["value"]) > 1e-6
            ):
                yield Disagreement("run.json", f"share {state}", str(r["value"]), "covered over workers")
    sums = facts.along("phase_covered", "batch")
    new = facts.find("newly_covered", plan="gain")
    if sums and new and abs(sum(r["shown"] for r in sums) - new["shown"]) > 0:
        yield Disagreement("run.json", "phases", str(sum(r["shown"] for r in sums)), str(new["shown"]))


def _coverage(run: dict[str, Any], facts: Facts) -> Iterator[Disagreement]:
    """The older parts of ``run.json`` say the same."""
    for side, plan in (("before", "today"), ("after", "proposal")):
        said = run["coverage"][side]
        pairs = [
            ("workers", said["workers"], facts.find("workers", plan=""), 0.05),
            ("covered", said["covered"], facts.find("covered", plan=plan), 0.05),
            ("share", said["share"], facts.find("share", plan=plan), 1e-6),
            ("share_backup", said["share_backup"], facts.find("share", plan=plan, least=2), 1e-6),
        ]
        pairs += [
            (f"{m} m", v, facts.find("share", plan=plan, cutoff_m=float(m)), 1e-6)
            for m, v in said["by_radius_m"].items()
        ]
        pairs += [
            (n, v, facts.find("share", plan=plan, periods=n), 1e-6) for n, v in said["readings"].items()
        ]
        pairs += [(g, v, facts.find("share", plan=plan, groups=g), 1e-6) for g, v in said["by_group"].items()]
        timed = said["by_time"] or {}
        if timed:
            here = {"plan": plan, "hours": "time"}
            pairs += [("by time", timed["share"], facts.find("share", **here), 1e-6),
                      ("kept", timed["kept"][1], facts.find("share_kept", plan=plan), 1e-6)]  # fmt: skip
            pairs += [
                (d, v, facts.find("share", district=d, **here), 1e-6) for d, v in timed["by_district"].items()
            ]
            pairs += [
                (t, v, facts.find("share", periods=t, **here), 1e-6) for t, v in timed["by_period"].items()
            ]
        for what, value, row, room in pairs:
            if row is None or abs(row["value"] - value) > room:
                yield Disagreement(
                    "run.json", f"coverage.{side}.{what}", str(value), str(row and row["value"])
                )
    for name, quantity in (
        ("existing", "stations_open"),
        ("chosen", "sites_new"),
        ("total", "stations_total"),
    ):
        row = facts.find(quantity, plan="today" if name == "existing" else "proposal")
        if row is None or row["shown"] != run["stations"][name]:
            yield Disagreement(
                "run.json", f"stations.{name}", str(run["stations"][name]), str(row and row["shown"])
            )


# -- the page -----------------------------------------------------------------------------------------------------


def island(path: Path) -> tuple[dict[str, Any], bytes]:
    """The page's data: header and packed numbers."""
    page = html.fromstring(path.read_text("utf-8"))
    text = max(
        (s.text or "" for s in page.iter("script") if s.get("type", "").startswith("application/")), key=len
    )
    whole = gzip.decompress(unlettered(text.strip()))
    size = int.from_bytes(whole[:4], "little")
    return json.loads(whole[4 : 4 + size]), whole[4 + size :]


def integers(blob: bytes, place: Sequence[int]) -> list[int]:
    """Zigzag varints."""
    out, value, shift = list[int](), 0, 0
    for byte in blob[place[0] : place[0] + place[1]]:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            out.append((value >> 1) ^ -(value & 1))
            value, shift = 0, 0
    return out


def page(out: Path, facts: Facts) -> Iterator[Disagreement]:
    """``map.html``: headline, readings, districts, the states of the cells."""
    head, blob = island(out / "map.html")
    h = head["headline"]

    def same(what: str, said: Any, row: dict[str, Any] | None) -> Iterator[Disagreement]:
        if row is None or said is None or printed(said, row["unit"]) != printed(row["shown"], row["unit"]):
            yield Disagreement("map.html", what, str(said), str(row and row["shown"]))

    plans = ("today", "proposal")
    yield from same("workers", h["workers"], facts.find("workers", plan=""))
    yield from same("new", h["new"], facts.find("newly_covered", plan="gain"))
    yield from same("points", h["points"], facts.find("share_gain", plan="gain"))
    yield from same("gap", h["gap"], facts.find("gap"))
    known = [f["shown"] for f in (facts.find("regret"), facts.find("regret_most")) if f is not None]
    yield from [Disagreement("map.html", "regret", str(h["regret"]), str(known))] * (h["regret"] != known)
    yield from same("stations", h["stations"], facts.find("stations_open", plan="today"))
    yield from same("sites", h["sites"], facts.find("sites_new"))
    for n, plan in enumerate(plans):
        yield from same(f"covered {plan}", h["covered"][n], facts.find("covered", plan=plan))
        yield from same(f"share {plan}", h["share"][n], facts.find("share", plan=plan))
        yield from same(f"backup {plan}", h["backup"][n], facts.find("share", plan=plan, least=2))
        for m, *shares in h["by_radius"]:
            yield from same(f"{m} m {plan}", shares[n], facts.find("share", plan=plan, cutoff_m=float(m)))
        for name, shares in h["readings"].items():
            yield from same(f"{name} {plan}", shares[n], facts.find("share", plan=plan, periods=name))
        for name, shares in h["hours"].items():
            yield from same(f"{name} {plan}", shares[n], facts.find("share", plan=plan, hours=name))
        for d in h["by_district"]:
            side = ("before", "after")[n]
            yield from same(
                f"{d['district']} {plan}", d[side], facts.find("share", plan=plan, district=d["district"])
            )
    for d in h["by_district"]:
        yield from same(
            f"{d['district']} workers", d["workers"], facts.find("workers", plan="", district=d["district"])
        )
    for key, row in (
        ("new", facts.find("newly_covered", plan="gain")),
        ("workers", facts.find("workers", plan="")),
    ):
        band = h["bands"][key]
        if row and row["low"] is not None and band != [round(row["low"]), round(row["high"])]:
            yield Disagreement("map.html", f"band of {key}", str(band), f"{row['low']} {row['high']}")
    yield from _cells(head, blob, facts)
    if sum(v or 0 for v in head["sites"]["gain"]) - h["new"] > 0.5 * len(head["sites"]["gain"]):
        yield Disagreement("map.html", "gains of the sites", str(sum(head["sites"]["gain"])), str(h["new"]))


def _cells(head: dict[str, Any], blob: bytes, facts: Facts) -> Iterator[Disagreement]:
    """The cells add up to the headline, opening hours counted: what the page counts them from, or their cards."""
    cells = head["cells"]
    if cells is None:
        return
    if head.get("board"):
        for plan, share in covered_shares(head, blob, integers).items():
            row = facts.find("share", plan=plan)
            if row is None or abs(share - row["value"]) > 1e-4:
                yield Disagreement("map.html", f"cells {plan}", f"{share:.5f}", str(row and row["value"]))
        return
    workers = np.array(integers(blob, cells["workers"])) / cells["per"]
    for name, plan in (("now", "today"), ("then", "proposal")):
        if name not in cells:
            yield Disagreement("map.html", f"cells {plan}", "no share per cell", "covered, hours counted")
            continue
        share = (workers * np.array(integers(blob, cells[name])) / 1000).sum() / workers.sum()
        row = facts.find("share", plan=plan)
        if row is None or abs(share - row["value"]) > 0.001:
            yield Disagreement("map.html", f"cells {plan}", f"{share:.4f}", str(row and row["value"]))


# -- tables of the workbook and of both reports ---------------------------------------------------------------------


def _cell(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    form = cell.number_format
    if form.startswith("+"):
        return printed(value, "points")
    if form.endswith("%"):
        return f"{100 * value:.{len(form.partition('.')[2]) - 1}f}%"
    return f"{value:,.0f}" if float(value).is_integer() or form == "#,##0" else f"{value:,.6g}"


def workbook_tables(path: Path) -> list[Table]:
    """Every run of rows of every sheet that begins with a row of heads, as printed."""
    tables: list[Table] = []
    for sheet in openpyxl.load_workbook(path).worksheets:
        current: Table = []
        for row in sheet.iter_rows():
            texts = [_cell(c) for c in row]
            while texts and not texts[-1]:
                texts.pop()
            if len(texts) > 1 and row[0].font.color is not None and row[0].font.color.rgb == "00FFFFFF":
                current = [texts]
                tables.append(current)
            elif texts and current and len(texts) > 1:
                current.append(texts)
            elif not texts:
                current = []
    return tables


def html_tables(path: Path) -> tuple[list[Table], str]:
    """Tables and text of ``report.html``."""
    tree = html.fromstring(path.read_text("utf-8"))
    tables = [
        [[c.text_content().strip() for c in tr.xpath("th|td")] for tr in t.iter("tr")]
        for t in tree.iter("table")
    ]
    return tables, " ".join(p.text_content() for p in tree.xpath("//p|//li|//div[@class='numbers']/div"))


def docx_tables(path: Path) -> tuple[list[Table], str]:
    """Tables and text of ``report.docx``."""
    document = docx.Document(str(path))
    tables = [[[c.text.strip() for c in row.cells] for row in t.rows] for t in document.tables]
    return tables, " ".join(p.text for p in document.paragraphs)


#: Head of a column (zh, en) → the figure, and how its state differs from the headline's.
COLUMNS: dict[str, tuple[str, dict[str, Any]]] = {
    "户外劳动者": ("workers", {"plan": ""}), "Outdoor workers": ("workers", {"plan": ""}),
    "现有开放站点": ("stations_open", {"plan": "today"}), "Open stations": ("stations_open", {"plan": "today"}),
    "新增站点": ("sites_new", {}), "New sites": ("sites_new", {}),
    "现状覆盖率": ("share", {"plan": "today"}), "Covered today": ("share", {"plan": "today"}),
    "建成后覆盖率": ("share", {}), "Covered after": ("share", {}),
    "现状覆盖率（按时间）": ("share", {"plan": "today", "hours": "time"}),
    "Covered today, by time": ("share", {"plan": "today", "hours": "time"}),
    "建成后覆盖率（按时间）": ("share", {"hours": "time"}), "Covered after, by time": ("share", {"hours": "time"}),
    "提升（百分点）": ("share_gain", {"plan": "gain"}), "Change (points)": ("share_gain", {"plan": "gain"}),
    "新增覆盖人数": ("newly_covered", {"plan": "gain"}), "Newly covered": ("newly_covered", {"plan": "gain"}),
    "交叉覆盖率（≥2 站）": ("share", {"least": 2}), "Covered by two or more": ("share", {"least": 2}),
}  # fmt: skip
FIRST = {"区县": "district", "District": "district", "劳动者群体": "groups", "Group": "groups", "时段": "periods",
         "Period": "periods", "口径": "reading", "Reading": "reading", "批次": "batch", "Phase": "batch"}  # fmt: skip


def _state(part: str, label: str, names: dict[str, str]) -> dict[str, Any] | None:
    """How the state of a row differs from the headline's; None for a row that is not known."""
    if label in ("合计", "Total"):
        return {}
    if part == "reading":
        metres = re.match(r"([\d.]+) (?:米|m)", label)
        if metres:
            return {"cutoff_m": float(metres[1])}
        words = {"两站及以上可达": {"least": 2}, "two or more stations": {"least": 2}, "不计开放时间": {"periods": "any_hour"},
                 "at any hour": {"periods": "any_hour"}, "仅夜间": {"periods": "night"}, "at night only": {"periods": "night"},
                 "按开放时间（一刻钟）计": {"hours": "time"}, "by the quarter-hours a station is open": {"hours": "time"},
                 "按开放时间计，周一至周五": {"hours": "workday"}, "by quarter-hours, Monday to Friday": {"hours": "workday"},
                 "按开放时间计，周六、周日": {"hours": "weekend"}, "by quarter-hours, Saturday and Sunday": {"hours": "weekend"}}  # fmt: skip
        return words.get(label)
    if part == "periods":
        hours = re.match(r"(\d\d):00–(\d\d):00", label)
        return {"periods": f"{hours[1]}_{hours[2]}"} if hours else None
    return {part: names.get(label, label)}


def tables_agree(
    product: str, tables: list[Table], facts: Facts, names: dict[str, str]
) -> Iterator[Disagreement]:
    """Every table whose heads are known says what is registered; a product without any is named."""
    seen = 0
    for table in tables:
        part = FIRST.get(table[0][0])
        if part is None or not any(head in COLUMNS for head in table[0]):
            continue
        for row in table[1:]:
            state = _state(part, row[0], names)
            if state is None:
                continue
            for head, said in zip(table[0], row, strict=False):
                id_, scope = COLUMNS.get(head, ("", {}))
                if part == "batch":
                    id_, scope = (
                        {
                            "newly_covered": "phase_covered",
                            "share": "phase_share",
                            "sites_new": "phase_sites",
                        }.get(id_, ""),
                        {},
                    )
                wanted = facts.text(id_, **{**scope, **state}) if id_ else None
                seen += wanted is not None
                if wanted is not None and said != wanted:
                    yield Disagreement(product, f"{row[0]} · {head}", said, wanted)
    for table in tables:
        if table[0][:3] in (["规则", "本方案采用", "覆盖人数"], ["Rule", "In force", "Workers covered"]):
            yield from _prices(product, table)
    if seen < 20:
        yield Disagreement(product, "figures found in tables", str(seen), "at least 20")


def _prices(product: str, table: Table) -> Iterator[Disagreement]:
    """What a rule costs is the difference of what is printed: from the row of phases or of the goal, else from the plan."""
    named = [row[0] for row in table[1:]]
    covered = [int(row[2].replace(",", "")) for row in table[1:]]
    between = len(named) > 1 and named[1].startswith(("分期建设", "Phases", "规划目标", "The study's goal"))
    for n, row in enumerate(table[2:], start=1):
        top = covered[1] if between and n > 1 else covered[0]
        price = int(row[3].replace(",", "")) if row[3][:1].isdigit() else None
        if price and price != abs(top - covered[n]):
            yield Disagreement(product, f"price of {row[0]}", str(price), str(abs(top - covered[n])))


#: Sentences with their figures: pattern (zh, en) → places and the figures that stand there.
SENTENCES: list[tuple[str, dict[str, tuple[str, dict[str, Any]]]]] = [
    (r"研究范围内约 (?P<w>[\d,]+) 名户外劳动者.*?由 (?P<b>[\d.]+%) 提高到 (?P<a>[\d.]+%)：在现有 (?P<s>[\d,]+) 个开放站点之外新增 (?P<p>[\d,]+) 个，再覆盖约 (?P<n>[\d,]+) 人",
     {"w": ("workers", {"plan": ""}), "b": ("share", {"plan": "today"}), "a": ("share", {}), "s": ("stations_open", {"plan": "today"}),
      "p": ("sites_new", {}), "n": ("newly_covered", {"plan": "gain"})}),
    (r"Of about (?P<w>[\d,]+) outdoor workers.*?rises from (?P<b>[\d.]+%) to (?P<a>[\d.]+%): (?P<p>[\d,]+) new sites beside the (?P<s>[\d,]+) open today bring about (?P<n>[\d,]+) more",
     {"w": ("workers", {"plan": ""}), "b": ("share", {"plan": "today"}), "a": ("share", {}), "s": ("stations_open", {"plan": "today"}),
      "p": ("sites_new", {}), "n": ("newly_covered", {"plan": "gain"})}),
    (r"本方案覆盖 (?P<c>[\d,]+) 人，理论上界 (?P<u>[\d,]+) 人，差距不超过 (?P<m>[\d,]+) 人；以新增覆盖计，差距不超过 (?P<g>[\d.]+%)",
     {"c": ("covered", {}), "u": ("bound", {}), "m": ("missing", {}), "g": ("gap_of_new", {})}),
    (r"This plan covers (?P<c>[\d,]+) workers; the upper bound is (?P<u>[\d,]+), (?P<m>[\d,]+) more at most.*?that is (?P<g>[\d.]+%) at most",
     {"c": ("covered", {}), "u": ("bound", {}), "m": ("missing", {}), "g": ("gap_of_new", {})}),
    (r"不会比本方案多出 (?P<g>[\d.]+%) 以上", {"g": ("gap", {})}),
    (r"covers more than (?P<g>[\d.]+%) above this one", {"g": ("gap", {})}),
    (r"SitePlan\((?P<p>\d+) sites; (?P<b>[\d.]+%) → (?P<a>[\d.]+%) of (?P<w>[\d,]+) workers; gap (?P<g>[\d.]+%)",
     {"p": ("sites_new", {}), "b": ("share", {"plan": "today"}), "a": ("share", {}), "w": ("workers", {"plan": ""}), "g": ("gap", {})}),
    (r"(?P<w>[\d,]+) outdoor workers, (?P<b>[\d.]+ %) of them in the circle today and (?P<a>[\d.]+ %) with (?P<p>\d+) new stations beside (?P<s>[\d,]+) open ones; no plan of \d+ covers more than (?P<g>[\d.]+ %) above",
     {"w": ("workers", {"plan": ""}), "b": ("share", {"plan": "today"}), "a": ("share", {}), "p": ("sites_new", {}),
      "s": ("stations_open", {"plan": "today"}), "g": ("gap", {})}),
    (r"一刻钟）计，由 (?P<b>[\d.]+%) 提高到 (?P<a>[\d.]+%)", {"b": ("share", {"plan": "today", "hours": "time"}), "a": ("share", {"hours": "time"})}),
    (r"a station in reach is open, it rises from (?P<b>[\d.]+%) to (?P<a>[\d.]+%)",
     {"b": ("share", {"plan": "today", "hours": "time"}), "a": ("share", {"hours": "time"})}),
    (r"区县覆盖率的基尼系数由 (?P<b>[\d.]+) (?:降|升)至 (?P<a>[\d.]+)：", {"b": ("gini_districts", {"plan": "today"}), "a": ("gini_districts", {})}),
    (r"Gini of the districts' shares (?:falls|rises) from (?P<b>[\d.]+) to (?P<a>[\d.]+):", {"b": ("gini_districts", {"plan": "today"}), "a": ("gini_districts", {})}),
    (r"覆盖率最高与最低的区县之差由 (?P<b>[\d.]+) (?:缩小|扩大)到 (?P<a>[\d.]+) 个百分点", {"b": ("district_gap", {"plan": "today"}), "a": ("district_gap", {})}),
    (r"gap between the best- and the worst-covered district (?:narrows|widens) from (?P<b>[\d.]+) to (?P<a>[\d.]+) points",
     {"b": ("district_gap", {"plan": "today"}), "a": ("district_gap", {})}),
    (r"serve (?P<d>[\d,]+) drivers a month", {"d": ("drivers_served", {"network": "driver_homes", "groups": "truck"})}),
    (r"serve [\d,]+ drivers a month beside.*?All (?P<k>\d+) are limited\s+by bays.*?; (?P<t>[\d,]+) choices of",
     {"k": ("homes_full", {"network": "driver_homes", "groups": "truck"}), "t": ("homes_tied", {"network": "driver_homes", "groups": "truck"})}),
    (r"平均还能多覆盖 (?P<r>[\d,]+) 人（.*?占新增覆盖的 (?P<n>[\d.]+%)、全部劳动者的 (?P<s>[\d.]+%)；数据再准，平均也多覆盖不了 (?P<m>[\d,]+) 人以上",
     {"r": ("regret", {}), "n": ("regret_of_new", {}), "s": ("regret_share", {}), "m": ("regret_most", {})}),
    (r"would cover (?P<r>[\d,]+) more workers on average \(.*?\), (?P<n>[\d.]+%) of the newly covered and (?P<s>[\d.]+%) of all; however good the data, no more than (?P<m>[\d,]+) on average",
     {"r": ("regret", {}), "n": ("regret_of_new", {}), "s": ("regret_share", {}), "m": ("regret_most", {})}),
    (r"建设投入合计约 (?P<c>[\d,]+) 元", {"c": ("cost_yuan", {})}),
    (r"new sites cost about CNY (?P<c>[\d,]+) in all", {"c": ("cost_yuan", {})}),
]  # fmt: skip


#: The table of intervals: three columns each, and the figure whose 5, 50 and 95 % points they are.
INTERVALS = [("share", {"plan": "today"}), ("share", {}), ("newly_covered", {"plan": "gain"})]


def intervals_agree(
    product: str, tables: list[Table], facts: Facts, names: dict[str, str]
) -> Iterator[Disagreement]:
    """The table of intervals holds the registered points of the whole, every district and every period."""
    whole = facts.find("share", plan="today")
    made = [t for t in tables if t[0][1:2] in (["现状 5%"], ["Today 5 %"])]
    if whole is None or whole.get("middle") is None:
        return
    if not made:
        yield Disagreement(product, "table of intervals", "none", "one")
    for table in made:
        known = 0
        for row in table[1:]:
            for part in ("district", "groups", "periods"):
                state = {} if row[0] in ("合计", "Total") else _state(part, row[0], names)
                found = [state is not None and facts.find(id_, **{**s, **state}) for id_, s in INTERVALS]
                if not all(found):
                    continue
                known += 1
                wanted = [(f[k], HALF[f["unit"]]) for f in found for k in ("low", "middle", "high")]
                said = [float(v.replace(",", "").rstrip("%")) / (100 if "%" in v else 1) for v in row[1:10]]
                off = [abs(s - v) > half + 2e-6 for s, (v, half) in zip(said, wanted, strict=True)]
                if any(off):
                    yield Disagreement(product, f"intervals of {row[0]}", str(row[1:10]), str(wanted))
                break
        if known < len(table) - 1 or known < 3:
            yield Disagreement(product, "rows of intervals known", str(known), str(len(table) - 1))


#: Columns of the page's evidence and of tables that are only there where asked: head (zh, en) → figure.
MEASURES = {
    "区县覆盖率基尼系数": "gini_districts", "Gini of districts": "gini_districts", "区县最高与最低之差": "district_gap",
    "Best minus worst district": "district_gap", "等效均等覆盖率": "ede_share", "Equally-distributed equivalent": "ede_share",
}  # fmt: skip
FRONT = {"覆盖人数": "covered", "Workers covered": "covered", "理论上界": "bound", "Upper bound": "bound", "优化间隙": "gap",
         "Gap": "gap", "该区县覆盖率": "least_share", "Its share covered": "least_share"}  # fmt: skip
UNKNOWN = {"查清后可多覆盖（人）": "learn_removes", "Workers gained, known alone": "learn_removes", "折算后（人）": "learn_part",
           "Part of the whole": "learn_part"}  # fmt: skip


def asked_agree(product: str, tables: list[Table], facts: Facts) -> Iterator[Disagreement]:
    """The front and the unknowns, where the register has them, stand in the product row by row as registered."""
    for first, words, known, scope in (
        ("front_price", ("方案", "Plan"), FRONT, {"plan": "front {n}"}),
        ("learn_removes", ("未知量", "Unknown"), UNKNOWN, {"plan": "known", "case": "unknown {n}"}),
    ):
        if not any(id_ == first for id_, _ in facts.rows):
            continue
        own = [head for head, id_ in known.items() if id_ in ("least_share", "learn_removes")]
        made = [t for t in tables if t[0][0] in words and set(own) & set(t[0])]
        if not made:
            yield Disagreement(product, f"table of {first}", "none", "one")
        for table in made:
            for n, row in enumerate(table[1:], start=1):
                for head, said in zip(table[0], row, strict=False):
                    where = {k: v.format(n=n) for k, v in scope.items()}
                    wanted = facts.text(known[head], **where) if head in known else None
                    if wanted is not None and said != wanted:
                        yield Disagreement(product, f"{row[0]} · {head}", said, wanted)


#: Columns of the sites and of what kinds of host come to: head (zh, en) → figure.
MONEY = {
    "新增站点": "sites_new", "New sites": "sites_new", "投入估算（元）": "cost_yuan", "Cost (CNY)": "cost_yuan",
    "新增覆盖人数": "sites_gain", "Workers newly covered": "sites_gain",
    "每新增覆盖一人投入（元）": "yuan_per_worker", "Cost per worker newly covered (CNY)": "yuan_per_worker",
}  # fmt: skip


def money_agree(product: str, tables: list[Table], facts: Facts) -> Iterator[Disagreement]:
    """What kinds of host come to is registered, row by row, and so are the totals there and under the sites."""
    plans = {"sites_gain": "gain"}

    def said(table: Table, row: list[str]) -> dict[str, str]:
        whole = [*row, *[""] * (len(table[0]) - len(row))]
        return {MONEY[h]: v for h, v in zip(table[0], whole, strict=True) if h in MONEY}

    def wanted(**scope: Any) -> dict[str, str]:
        told = {
            k: facts.text(k, **scope, **({"plan": plans[k]} if k in plans else {})) for k in MONEY.values()
        }
        return {k: v or "" for k, v in told.items()}

    sites = [t for t in tables if t[0][:2] in (["序号", "站点编号"], ["Rank", "Site ID"])]
    kinds = [t for t in tables if t[0][0] in ("依托场所", "Host venue") and set(t[0]) & set(MONEY)]
    if not sites or not kinds:
        yield Disagreement(product, "tables of sites and costs", f"{len(sites)} {len(kinds)}", "one each")
    for table in (*sites, *kinds):
        found, whole = said(table, table[-1]), wanted()
        if table[-1][0] not in ("合计", "Total") or any(whole[k] != v for k, v in found.items()):
            yield Disagreement(product, f"total under {table[0][0]}", str(found), str(whole))
    cases = {r["scope"]["case"] for (k, _), r in facts.rows.items()
             if k == "sites_new" and str(r["scope"].get("case", "")).startswith("host ")}  # fmt: skip
    for table in kinds:
        rows = sorted(str(sorted(said(table, row).items())) for row in table[1:-1])
        registered = sorted(str(sorted(wanted(case=case).items())) for case in cases)
        if rows != registered:
            yield Disagreement(product, "costs by kind of host", str(rows), str(registered))
    for id_, plan in (("sites_new", "proposal"), ("cost_yuan", "proposal"), ("sites_gain", "gain")):
        parts, whole = [facts.find(id_, plan=plan, case=case) for case in cases], facts.find(id_, plan=plan)
        if whole is None or sum(r["shown"] for r in parts if r) != whole["shown"]:
            yield Disagreement("run.json", f"{id_} by kind of host", str(parts), str(whole))


def evidence(parts: list[dict[str, Any]], facts: Facts, names: dict[str, str]) -> Iterator[Disagreement]:
    """The page's evidence: intervals of every part, use by district, fairness, and what was asked besides."""
    tables = {p["key"]: [p["heads"], *p["rows"]] for p in parts}
    for key, id_, scope in (
        ("intervals", "share", {"plan": "today"}), ("use", "visits_day", {}), ("fairness", "gini_districts", {}),
    ):  # fmt: skip
        row = facts.find(id_, **scope)
        if row is not None and (key != "intervals" or row["middle"] is not None) and key not in tables:
            yield Disagreement("map.html", key, "not a word", id_)
    for row in tables.get("intervals", [[]])[1:]:
        yield from _spans(row, facts, names)
    expected = 1 + sum(len(facts.along("share", p, plan="today")) for p in ("district", "groups"))
    if "intervals" in tables and len(tables["intervals"]) - 1 < expected:
        yield Disagreement(
            "map.html", "rows of intervals", str(len(tables["intervals"]) - 1), f"at least {expected}"
        )
    for label, today, _, then, *_ in tables.get("fairness", [[]])[1:]:
        id_ = MEASURES.get(label, "")
        for said, plan in ((today, "today"), (then, "proposal")):
            wanted = facts.text(id_, plan=plan) if id_ else None
            if wanted is not None and said != wanted:
                yield Disagreement("map.html", f"{label} {plan}", said, wanted)
    for label, today, then, low, high in tables.get("use", [[]])[1:]:
        place = {"district": names.get(label, label)}
        after = facts.find("visits_day", **place)
        wanted = None if after is None else [
            facts.text("visits_day", plan="today", **place), printed(after["shown"], "people"),
            printed(after["low"], "people"), printed(after["high"], "people"),
        ]  # fmt: skip
        if wanted is not None and [today, then, low, high] != wanted:
            yield Disagreement("map.html", f"use in {label}", str([today, then, low, high]), str(wanted))
    yield from asked_agree("map.html", [t for t in tables.values() if t[0]], facts)


def _spans(row: list[str], facts: Facts, names: dict[str, str]) -> Iterator[Disagreement]:
    """A row of the page's intervals: the middle and both ends of three figures, whatever the part is called."""
    for part in ("district", "groups", "periods"):
        state = {} if row[0] in ("合计", "Total") else _state(part, row[0], names)
        found = [state is not None and facts.find(id_, **{**s, **state}) for id_, s in INTERVALS]
        if not all(found):
            continue
        for said, f in zip(row[1:], found, strict=True):
            values = [float(v.replace(",", "")) for v in re.findall(r"-?[\d,.]*\d", said)]
            scale, room = (100 if f["unit"] == "share" else 1), HALF[f["unit"]]
            wanted = [f["middle"] * scale, f["low"] * scale, f["high"] * scale]
            if len(values) != 3 or any(
                abs(a - b) > scale * room + 1e-3 for a, b in zip(values, wanted, strict=True)
            ):
                yield Disagreement("map.html", f"intervals of {row[0]}", said, str(wanted))
        return
    yield Disagreement("map.html", "row of intervals", row[0], "a district, group or period")


def sentences_agree(product: str, text: str, facts: Facts) -> Iterator[Disagreement]:
    """Every sentence that is known says what is registered."""
    for pattern, places in SENTENCES:
        for match in re.finditer(pattern, text, re.DOTALL):
            for name, (id_, scope) in places.items():
                wanted = facts.text(id_, **scope)
                if wanted is not None and match[name].replace(" ", "") != wanted:
                    yield Disagreement(product, f"“{match[0][:40]}…” {id_}", match[name], wanted)


# -- the list of sites and the layers -------------------------------------------------------------------------------


def lists(out: Path, facts: Facts) -> Iterator[Disagreement]:
    """``recommendations.csv`` and ``plan.gpkg``: sums, sites, cells."""
    with (out / "recommendations.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    head, body = rows[0], rows[1:]
    at = next(i for i, h in enumerate(head) if h in ("新增覆盖人数", "Workers newly covered"))
    new, sites = facts.find("newly_covered", plan="gain"), facts.find("sites_new")
    total = sum(float(r[at]) for r in body)
    if new is None or abs(total - new["value"]) > 0.05 * len(body) + 0.1:
        yield Disagreement(
            "recommendations.csv", "sum of the gains", f"{total:.1f}", str(new and new["value"])
        )
    if sites is None or len(body) != sites["shown"]:
        yield Disagreement("recommendations.csv", "sites", str(len(body)), str(sites and sites["shown"]))
    yield from _steady(head, body, facts)
    cells = pyogrio.read_dataframe(out / "plan.gpkg", layer="demand")
    yield from _bands(cells, facts)
    for column, row in (("workers", facts.find("workers", plan="")), ("covered_before", facts.find("covered", plan="today")),
                        ("covered_after", facts.find("covered"))):  # fmt: skip
        said = float(cells[column].sum())
        if row is None or abs(said - row["value"]) > 0.0005 * len(cells) + 0.1:
            yield Disagreement("plan.gpkg", f"sum of {column}", f"{said:.1f}", str(row and row["value"]))
    yield from _gaps(out, cells, facts)
    layers = {name for name, _ in pyogrio.list_layers(out / "plan.gpkg")}
    if "facts" not in layers:
        yield Disagreement("plan.gpkg", "table of facts", "none", "the sums and their bands")
        return
    table = pyogrio.read_dataframe(out / "plan.gpkg", layer="facts")
    if len(table) != len(facts.rows):
        yield Disagreement("plan.gpkg", "facts", str(len(table)), str(len(facts.rows)))


def _steady(head: list[str], body: list[list[str]], facts: Facts) -> Iterator[Disagreement]:
    """One notion of steadiness: the column of the list, its mean, and how many are at a half or above."""
    known = [i for i, h in enumerate(head) if h in ("稳健度", "Steadiness")]
    other = [h for h in head if h in ("其他假设下保留", "Stays under other assumptions", "Confidence")]
    if other:
        yield Disagreement("recommendations.csv", "a second notion of steadiness", other[0], "one")
    if not known:
        return
    values = [float(r[known[0]]) for r in body]
    for id_, said in (
        ("steadiness", sum(values) / len(values)),
        ("sites_steady", sum(v >= 0.5 for v in values)),
    ):
        row = facts.find(id_)
        if row is None or abs(row["value"] - said) > 1e-3:
            yield Disagreement("recommendations.csv", id_, f"{said:.4f}", str(row and row["value"]))


def _bands(cells: gpd.GeoDataFrame, facts: Facts) -> Iterator[Disagreement]:
    """The band of all workers is not that of the cells, added up (which is far wider)."""
    row = facts.find("workers", plan="")
    if row is None or row["low"] is None:
        return
    low, high = float(cells["workers_low"].sum()), float(cells["workers_high"].sum())
    if row["low"] <= low * 1.001 or row["high"] >= high * 0.999:
        yield Disagreement(
            "run.json", "band of all workers", f"{row['low']} {row['high']}", f"within {low:.0f} {high:.0f}"
        )


def _gaps(out: Path, cells: gpd.GeoDataFrame, facts: Facts) -> Iterator[Disagreement]:
    """No cell of a gap is covered for all its workers, and a gap holds those of its cells who are not."""
    gaps = pyogrio.read_dataframe(out / "plan.gpkg", layer="gaps")
    if not len(gaps):
        return
    cells = cells[cells["cells"] == 1]  # what is summed over larger squares is no gap's
    middle = gpd.GeoSeries.from_xy(cells.geometry.bounds[["minx", "maxx"]].mean(axis=1),
                                   cells.geometry.bounds[["miny", "maxy"]].mean(axis=1), crs=cells.crs)  # fmt: skip
    hit = gpd.sjoin(cells.assign(geometry=middle), gaps[["geometry"]], predicate="within")
    missing = hit["workers"] - hit["covered_after"]
    both = int((missing < 1e-6).sum())
    if both:
        yield Disagreement("plan.gpkg", "cells in a gap and fully covered at once", str(both), "0")
    row = facts.find("gap_workers")
    if row is None or abs(missing.sum() - row["value"]) > 0.02 * row["value"] + 1:
        yield Disagreement("plan.gpkg", "workers in gaps", f"{missing.sum():.1f}", str(row and row["value"]))


def replacements_near(product: str, tables: list[Table], facts: Facts) -> Iterator[Disagreement]:
    """No replacement is farther on the street than the circle reaches."""
    for table in tables:
        at = [i for i, h in enumerate(table[0]) if h.startswith(("与原站点", "Distance from the site"))]
        for row in table[1:] if at else ():
            metres = float(row[at[0]].replace(",", "")) if len(row) > at[0] and row[at[0]] else 0.0
            if metres > facts.headline["cutoff_m"]:
                yield Disagreement(
                    product,
                    f"replacement of {row[0]}",
                    f"{metres:.0f} m",
                    f"{facts.headline['cutoff_m']:g} m",
                )


def absent_told(out: Path, run: dict[str, Any]) -> Iterator[Disagreement]:
    """What is absent has a reason, and every product that misses it says so."""
    reasons = dict(run["absent"])
    if run["driver_homes"] is None and "driver_homes" not in reasons:
        yield Disagreement("run.json", "absent", "no word of the driver homes", "why there are none")
    if not list((out / "figures").glob("*.png")) and "figures" not in reasons:
        yield Disagreement("run.json", "absent", "no word of the figures", "why there are none")
    book = openpyxl.load_workbook(out / "recommendations.xlsx")
    texts = {
        "recommendations.xlsx": "\n".join(str(c.value) for s in book.worksheets for r in s.iter_rows() for c in r if c.value),
        "report.html": html.fromstring((out / "report.html").read_text("utf-8")).text_content(),
        "report.docx": docx_tables(out / "report.docx")[1],
        "map.html": "\n".join(island(out / "map.html")[0]["headline"]["absent"]),
    }  # fmt: skip
    for why in reasons.values():
        for product, text in texts.items():
            if why not in text:
                yield Disagreement(product, "absent", "not a word", why)


def judge(out: Path, *, terminal: str = "", names: dict[str, str] | None = None) -> list[Disagreement]:
    """Everything in the folder of a run that does not agree with its register.

    ``names``: label in the products → key of a district or group, where they differ.
    """
    run = json.loads((out / "run.json").read_text("utf-8"))
    facts, names = Facts(run), names or {}
    found = [*laws(run), *page(out, facts), *lists(out, facts)]
    found += evidence(island(out / "map.html")[0]["evidence"], facts, names)
    book = workbook_tables(out / "recommendations.xlsx")
    found += tables_agree("recommendations.xlsx", book, facts, names)
    found += intervals_agree("recommendations.xlsx", book, facts, names)
    found += asked_agree("recommendations.xlsx", book, facts)
    found += replacements_near("recommendations.xlsx", book, facts)
    found += money_agree("recommendations.xlsx", book, facts)
    found += absent_told(out, run)
    for name, read in (("report.html", html_tables), ("report.docx", docx_tables)):
        tables, text = read(out / name)
        found += tables_agree(name, tables, facts, names)
        found += intervals_agree(name, tables, facts, names)
        found += asked_agree(name, tables, facts)
        found += sentences_agree(name, text, facts)
        if facts.find("regret") is not None and facts.text("regret_most") not in text:
            found.append(Disagreement(name, "regret", "not a word", str(facts.text("regret_most"))))
    return [*found, *sentences_agree("terminal", terminal, facts), *_terminal(terminal, facts)]


def _terminal(text: str, facts: Facts) -> Iterator[Disagreement]:
    """The summary holds the headline's figures, each in its line."""
    if not text:
        return
    for words, id_, scope in (
        (("户外劳动者", "outdoor workers"), "workers", {"plan": ""}), (("现状", "in the circle, before"), "covered", {"plan": "today"}),
        (("建成后", "in the circle, after"), "covered", {}), (("现状", "in the circle, before"), "share", {"plan": "today"}), (("建成后", "in the circle, after"), "share", {}),
    ):  # fmt: skip
        line = next((x for x in text.splitlines() if any(x.strip().startswith(w) for w in words)), "")
        wanted = facts.text(id_, **scope)
        if wanted is not None and wanted not in re.findall(r"[\d,.]+%?", line):
            yield Disagreement("terminal", f"{words[1]} {id_}", line.strip(), wanted)
