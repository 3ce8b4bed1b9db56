"""A study of one's own out of a few files: looked at, what is missing asked for, written with its reasons, judged."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from planner.errors import Finding, InputError
from planner.inputs.osm.layers import is_osm
from planner.inputs.stations import read_list
from planner.inputs.tables.local import check_file
from planner.inputs.tables.read import read_table
from planner.progress import Progress
from planner.settings.inputs import Table
from planner.settings.reading import parse_settings
from planner.study.study import Study
from planner.study.terminal import check_text
from planner.telling.words.numbers import number
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.siting.problem import SitingProblem

__all__ = ["Begun", "begin", "begun_text"]

#: What is asked: a question and what an empty answer means; the answer.
Ask = Callable[[str, str], str]
#: New stations where nobody says how many: a tenth of the listed ones, and at least this many.
LEAST = 5
#: Metres between points along streets where the street file holds no host.
EVERY_M = 200
#: A street file may be larger than a table.
_STREETS_MAX = 4 * 2**30


@dataclass(frozen=True)
class Begun:
    """A study that was begun: its file, the file that it replaces (None: none), and everything that the check found."""

    path: Path
    replaced: Path | None
    study: Study
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _List:
    """A list of stations as the study file names it; ``why`` of the datum as a comment."""

    path: Path
    rows: int
    sheet: str = ""
    datum: str = ""
    why: str = ""


@dataclass(frozen=True)
class _Draft:
    """What goes into the study file; comments are texts in the study's language."""

    folder: Path
    language: Literal["zh", "en"]
    streets: Path
    districts: Path | None = None
    lists: tuple[_List, ...] = ()
    kind: str = "districts"
    grid: Path | None = None
    total: float | None = None
    why_total: str = ""
    p: int | None = None
    why_p: str = ""
    every_m: int | None = None
    notes: tuple[str, ...] = field(default=())


def begin(
    folder: Path,
    *,
    streets: Path,
    stations: Sequence[Path] = (),
    districts: Path | None = None,
    population: str | None = None,
    language: Literal["zh", "en"] = "zh",
    ask: Ask | None = None,
    progress: Progress | None = None,
) -> Begun:
    """Write ``study.toml`` into ``folder`` from the files, and judge it.

    Parameters
    ----------
    population
        The number of residents, or a file with a grid of them.
    ask
        How to ask for what the files do not say (residents, how many stations, a datum that the streets cannot tell); None:
        nothing is asked, and the file names what was assumed.

    Raises
    ------
    InputError
        A file that cannot be opened, or streets that cannot be read; nothing is written.
    """
    grid, total = _people(population)
    _refuse_missing(streets, [*stations, *([districts] if districts else []), *([grid] if grid else [])])
    draft = _Draft(folder, language, streets, districts, grid=grid, total=total)
    if grid is not None:
        draft = replace(draft, kind="grid")
    elif is_osm(streets):
        draft = replace(draft, kind="buildings")
    look = _study(draft, progress)
    frame = look.stages.value("frame")  # refuses streets that cannot be read
    lists = tuple(_listed(path, frame, language, ask) for path in stations)
    draft = _settled(replace(draft, lists=lists), look, ask)
    draft = _counted(draft, ask, progress)
    folder.mkdir(parents=True, exist_ok=True)
    path, kept = folder / "study.toml", None
    text = _text(draft)
    if path.exists() and path.read_text("utf-8", errors="replace") != text:
        kept = path.with_name("study.before.toml")
        path.replace(kept)
    path.write_text(text, "utf-8", newline="\n")
    study = _study(draft, progress)
    return Begun(path, kept, study, study.judge())


def _people(population: str | None) -> tuple[Path | None, float | None]:
    """A file of residents, or their number."""
    if population is None:
        return None, None
    plain = population.replace(",", "").replace("_", "").strip()
    return (
        (None, float(plain))
        if re.fullmatch(r"\d+(\.\d+)?", plain) and float(plain) > 0
        else (Path(population), None)
    )


def _refuse_missing(streets: Path, others: Sequence[Path]) -> None:
    found = check_file(streets, max_bytes=_STREETS_MAX)
    found += [f for path in others for f in check_file(path)]
    if found:
        raise InputError(found)


def _study(draft: _Draft, progress: Progress | None) -> Study:
    """The study that a draft describes, as its file would be read."""
    folder = draft.folder.absolute()
    return Study(parse_settings(_text(draft), folder=folder), progress=progress, source=folder / "study.toml")


# -- what the files say --------------------------------------------------------------------------------


def _listed(path: Path, frame: Any, language: str, ask: Ask | None) -> _List:
    """A list of stations: its sheet, how many rows, and the datum as the streets tell it."""
    table = Table(path=path.absolute())
    raw, found = read_table(table, kind="stations")
    sheet = ""
    if raw is None and any(f.code == "TAB-001" and f.field == "sheet" for f in found):
        sheet = _best_sheet(table)
        table = table.model_copy(update={"sheet": sheet or None})
    read = read_list(table, crs=frame.crs, streets=frame.streets)
    made = _List(path, read.listed, sheet)
    by_code = {f.code: f for f in read.findings}
    sure = {"DAT-001": "bd09", "DAT-002": "gcj02", "DAT-008": "wgs84"}
    for code, datum in sure.items():
        if code in by_code:
            why = phrase("new_datum_sure", language, confidence=_share(by_code[code]))
            return replace(made, datum=datum, why=why)
    if "DAT-011" in by_code or "DAT-006" in by_code:
        answer = ask(phrase("new_ask_datum", language, file=path.name), "") if ask else ""
        if answer.strip().lower() in ("wgs84", "gcj02", "bd09"):
            return replace(made, datum=answer.strip().lower(), why=phrase("new_datum_said", language))
        unsure = by_code.get("DAT-011")
        best = re.search(r"fit (\w+) best", unsure.message_en) if unsure else None
        why = phrase("new_datum_unsure", language, best=best[1] if best else "?", confidence=_share(unsure))
        return replace(made, why=why)
    return made


def _share(told: Finding | None) -> str:
    """The confidence that a finding names."""
    said = re.search(r"confidence (\d+%)", told.message_en) if told else None
    return said[1] if said else "0%"


def _best_sheet(table: Table) -> str:
    """The sheet of a workbook with the most columns that planner knows, by name."""
    from python_calamine import load_workbook

    with load_workbook(table.path) as book:
        names = list(book.sheet_names)
    known = {}
    for name in names:
        raw, _ = read_table(table.model_copy(update={"sheet": name}), kind="stations")
        known[name] = 0 if raw is None else len(raw.roles)
    return max(names, key=lambda n: known[n], default="")


def _settled(draft: _Draft, look: Study, ask: Ask | None) -> _Draft:
    """Residents and hosts: what the files hold, what is asked for."""
    say = functools.partial(phrase, language=draft.language)
    inputs = look.stages.peek("inputs")
    if not len(inputs.hosts):
        draft = replace(draft, every_m=EVERY_M)
    if draft.kind == "grid":
        return draft
    own = draft.districts is not None and "districts" in inputs.rows and _counted_districts(draft, inputs.crs)
    people = float(inputs.population["population"].sum()) if draft.kind == "buildings" else 0.0
    if own and draft.total is None:
        return replace(draft, kind="districts", why_total="")
    if draft.kind == "buildings" and people <= 0:
        draft = replace(draft, kind="districts")
    if draft.total is not None:
        return replace(draft, why_total=say("new_total"))
    shown = number(round(people, -2)) if people > 0 else ""
    if ask is not None:
        question = say("new_ask_total", n=shown) if shown else say("new_ask_total_bare")
        _, total = _people(ask(question, "") or None)
        if total is not None:
            return replace(draft, total=total, why_total=say("new_total"))
    why = say("new_total_unknown", n=shown) if shown else say("new_total_missing")
    return replace(draft, why_total=why)


def _counted_districts(draft: _Draft, crs: str) -> bool:
    """Whether the districts' table states the residents of every district."""
    from planner.inputs.districts import read_districts

    if draft.districts is None:
        return False
    table, _ = read_districts(Table(path=draft.districts.absolute()), crs=crs)
    return bool(len(table) and table["population"].notna().all())


def _counted(draft: _Draft, ask: Ask | None, progress: Progress | None) -> _Draft:
    """How many stations: asked, or a tenth of the listed ones, never beyond what the candidates can do."""
    say = functools.partial(phrase, language=draft.language)
    wanted, why = max(LEAST, round(sum(one.rows for one in draft.lists) / 10)), say("new_p_listed")
    try:
        study = _study(draft, progress)
        n = len(study.candidates)
        if n < 1:
            return replace(draft, p=wanted, why_p=why)
        if wanted > n:
            wanted, why = n, say("new_p_few", n=n)
        enough = _enough(replace_p(study, wanted).problem(), wanted)
        if enough < wanted:
            wanted, why = max(1, enough), say("new_p_saturated", n=enough)
    except InputError:
        pass  # the check says what is wrong; the number stands
    if ask is not None:
        answer = ask(say("new_ask_p"), str(wanted)).strip()
        if answer.isdigit() and int(answer) > 0 and int(answer) != wanted:
            wanted, why = int(answer), say("new_p_said")
    return replace(draft, p=wanted, why_p=why)


def replace_p(study: Study, p: int) -> Study:
    """The study with another number of stations."""
    return study.with_(siting__p=p)


def _enough(problem: SitingProblem, p: int) -> int:
    """After how many sites, each the best next one, no candidate gains anybody; ``p`` if that is later."""
    weights = np.where(problem.covered, 0.0, problem.weights)
    covers = problem.covers.tocsr()
    for n in range(p):
        gain = covers @ weights
        best = int(np.argmax(gain))
        if gain[best] < 0.05:
            return n
        weights[covers.indices[covers.indptr[best] : covers.indptr[best + 1]]] = 0.0
    return p


# -- the file ------------------------------------------------------------------------------------------


def _quoted(text: str) -> str:
    """Text as a TOML string."""
    return json.dumps("".join(c if c.isprintable() else " " for c in text), ensure_ascii=False)


def _path(draft: _Draft, path: Path) -> str:
    """A path as the study file names it: relative where that is possible, with forward slashes."""
    try:
        return json.dumps(
            Path(os.path.relpath(path.absolute(), draft.folder.absolute())).as_posix(), ensure_ascii=False
        )
    except ValueError:  # another drive
        return json.dumps(path.absolute().as_posix(), ensure_ascii=False)


def _text(draft: _Draft) -> str:
    """The study file, with only what this place has and the reason beside what was chosen."""
    say = functools.partial(phrase, language=draft.language)
    title = draft.folder.absolute().name or "study"
    name = re.sub(r"[^A-Za-z0-9]+", "_", title).strip("_").lower()[:60] or "study"
    lines = [
        f"# {say('new_head')}", "", "[study]", f'name = "{name}"', f"title_zh = {_quoted(title)}", f"title_en = {_quoted(title)}",
        f'language = "{draft.language}"', "", f"[inputs.streets]  # {say('new_streets')}", f"path = {_path(draft, draft.streets)}", "",
    ]  # fmt: skip
    if draft.districts is not None:
        lines += ["[inputs.districts]", f"path = {_path(draft, draft.districts)}", ""]
    else:
        lines += [
            f"# {say('new_districts_none')}",
            "# [inputs.districts]",
            '# path = "districts.geojson"',
            "",
        ]
    for one in draft.lists:
        lines += _list_lines(draft, one)
    if not draft.lists:
        lines += [
            f"# {say('new_stations_none')}",
            "# [[inputs.stations]]",
            '# path = "stations.xlsx"',
            '# datum = "wgs84"',
            "",
        ]
    return "\n".join([*lines, *_people_lines(draft), *_siting_lines(draft)]) + "\n"


def _list_lines(draft: _Draft, one: _List) -> list[str]:
    say = functools.partial(phrase, language=draft.language)
    lines = [f"[[inputs.stations]]  # {say('new_rows', n=one.rows)}", f"path = {_path(draft, one.path)}"]
    if one.sheet:
        lines.append(f"sheet = {_quoted(one.sheet)}  # {say('new_sheet')}")
    if one.datum:
        lines.append(f'datum = "{one.datum}"  # {one.why}')
    elif one.why:
        lines.append(f'# datum = "gcj02"  # {one.why}')
    return [*lines, ""]


def _people_lines(draft: _Draft) -> list[str]:
    say = functools.partial(phrase, language=draft.language)
    stated = draft.kind == "districts" and draft.total is None and not draft.why_total
    why = {"buildings": "new_people_buildings", "grid": "new_people_grid"}.get(draft.kind, "new_people_even")
    lines = [
        "[inputs.population]",
        f'kind = "{draft.kind}"  # {say("new_people_districts" if stated else why)}',
    ]
    if draft.grid is not None:
        lines.append(f"path = {_path(draft, draft.grid)}")
    if draft.total is not None:
        lines.append(f"total = {draft.total:.0f}" + (f"  # {draft.why_total}" if draft.why_total else ""))
    elif draft.why_total:
        lines += [f"# {draft.why_total}", "# total = 100000"]
    return [*lines, ""]


def _siting_lines(draft: _Draft) -> list[str]:
    say = functools.partial(phrase, language=draft.language)
    lines = ["[siting]"]
    if draft.p is not None:
        lines.append(f"p = {draft.p}  # {draft.why_p}")
    if draft.every_m is not None:
        lines.append(f"every_m = {draft.every_m}  # {say('new_every')}")
    lines += [
        f'quotas = "none"  # {say("new_quotas_none")}',
        "",
        f"[freight]  # {say('new_freight')}",
        "enabled = false",
    ]
    return lines


def begun_text(begun: Begun, checks: Path, language: str) -> str:
    """What the check of a new study found, where its file stands, and what to do next."""
    wrong = any(f.severity == "E" for f in begun.findings)
    kept = [phrase("new_kept", language, path=begun.replaced)] if begun.replaced is not None else []
    return "\n".join(
        [
            check_text(begun.findings, checks, language),
            *kept,
            phrase("new_written", language, path=begun.path),
            phrase("new_mend" if wrong else "new_next", language, path=begun.path),
        ]
    )
