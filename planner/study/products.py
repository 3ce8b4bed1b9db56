"""From a finished study to files in a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.errors import refuse_if_errors
from planner.progress import Progress, silent
from planner.settings.inputs import Datum
from planner.study.gather import driver_homes, make_bundle
from planner.study.judge import judge, refuse_what_cannot_run
from planner.study.stages import Stages
from planner.study.written import find_written, note_written

if TYPE_CHECKING:
    from planner.actions.plan import ActionPlan
    from planner.evidence.agreement import Agreement
    from planner.facts.register import Register
    from planner.freight.homes import HomesPlan
    from planner.networks.whole import UnionResult
    from planner.siting.coverage import Coverage
    from planner.siting.plan import SitePlan

__all__ = [
    "compare_times", "export_plan", "require_folder", "rows_to_geocode", "write_action_fronts", "write_actions", "write_checks", "write_coverage",
    "write_district_handouts", "write_homes", "write_networks", "write_products", "write_site_list", "write_times",
]  # fmt: skip


#: The page without boundaries; what a run leaves last.
PUBLIC, RUN = "map-public.html", "run.json"
#: Products that a run need not have.
MAY_LACK = ("actions.csv", "to_geocode.csv", PUBLIC)


def require_folder(out: Path) -> None:
    """Refuse, before anything is computed, a folder that products cannot be written into.

    Raises
    ------
    OutputError
        It is a file, lies below one, or is on a read-only place.
    """
    from planner.errors import finding, told
    from planner.publish.safe import OutputError

    there = out.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    why = None if os.access(there, os.W_OK) else told("it may not be written to", "没有写入权限")
    if not there.is_dir():
        why = told("{name} is not a folder", "{name} 不是文件夹", name=there.name)
    if why is not None:
        raise OutputError(finding("OUT-002", source=out.name, value=str(out), why=why))


def write_products(
    stages: Stages, out: Path, *, public: bool = False, progress: Progress | None = None
) -> dict[str, Any]:
    """Write every product of a study into the folder ``out``, all of them or none.

    ``public``: ``map-public.html`` too, the page without boundaries.

    Where nothing has changed since the same run wrote them there, they stay as they are.

    Returns the content of ``run.json``; a folder with it holds the products of one finished run.
    """
    from planner.exports.gis import layers
    from planner.publish.office import csvfile, document, figures
    from planner.publish.page import write as page
    from planner.publish.runfile import read_run, write_run
    from planner.publish.safe import whole_set
    from planner.telling.words.phrases import phrase
    from planner.workbook.whole import write_workbook

    say, language = progress or silent, stages.settings.study.language
    require_folder(out)
    written = find_written(stages, out, public=public, gone=MAY_LACK)
    if written is not None:
        say(phrase("say_unchanged", language), 1.0)
        stages.told = written.findings
        return read_run(out / RUN)
    refuse_what_cannot_run(stages)
    bundle = make_bundle(stages, progress=progress)
    with whole_set(out, last=RUN, gone=MAY_LACK) as folder:
        steps: list[tuple[str, Callable[[Path], Any]]] = [
            ("recommendations.csv", lambda path: csvfile.write_csv(bundle, path)),
            ("recommendations.xlsx", lambda path: write_workbook(bundle, path)),
            ("plan.gpkg", lambda path: layers.write_layers(bundle, path)),
            ("map.html", lambda path: page.write_page(bundle, path)),
        ]
        if public:
            steps.append((PUBLIC, lambda path: page.write_page(bundle, path, public=True)))
        for n, (name, write) in enumerate(steps):
            say(phrase("say_writing", language, name=name), n / 8)
            write(folder / name)
        say(phrase("say_writing_figures", language), 0.6)
        if bundle.actions is not None:
            badge = csvfile.synthetic_badge(bundle.settings)
            csvfile.write_table(bundle.actions.actions, folder / "actions.csv", synthetic=badge)
        pictures = figures.write_figures(bundle, folder / "figures")
        say(phrase("say_writing_reports", language), 0.8)
        document.write_report(bundle, folder / "report.html", pictures)
        document.write_docx(bundle, folder / "report.docx", pictures)
        write_checks(stages, folder)
        write_run(bundle.run, folder / RUN)
        note_written(stages, folder, public=public)
    say("done", 1.0)
    return read_run(out / RUN)


def export_plan(
    stages: Stages, formats: str | Sequence[str], out: Path, *, earlier: Path | None = None, qr: str = "",
    progress: Progress | None = None,
) -> list[Path]:  # fmt: skip
    """The plan in the formats of :data:`planner.exports.formats.FORMATS`; the files' paths."""
    from planner.exports.formats import read_formats
    from planner.exports.write import write_exports

    asked = read_formats(formats)
    require_folder(out)
    refuse_what_cannot_run(stages)
    return write_exports(make_bundle(stages, progress=progress), asked, out, earlier=earlier, qr=qr, progress=progress)  # fmt: skip


def write_district_handouts(stages: Stages, out: Path, *, progress: Progress | None = None) -> list[Path]:
    """A Word document and a workbook for each district, and ``districts.xlsx`` with all of them; the files' paths."""
    from planner.exports.handouts.write import write_handouts

    require_folder(out)
    refuse_what_cannot_run(stages)
    return write_handouts(make_bundle(stages, progress=progress), out, progress=progress)


def rows_to_geocode(stages: Stages) -> pd.DataFrame:
    """Rows of the station lists that have an address but no coordinates."""
    from planner.inputs.stations import to_geocode

    tables = [to_geocode(t) for t in stages.settings.inputs.stations]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def write_checks(stages: Stages, out: Path) -> None:
    """``checks.html``, and ``to_geocode.csv`` where rows have an address but no coordinates."""
    from planner.publish.office import csvfile, document

    require_folder(out)
    out.mkdir(parents=True, exist_ok=True)
    document.write_checks(stages.findings(), out / "checks.html", stages.settings.study.language)
    rows = rows_to_geocode(stages)
    if len(rows):
        csvfile.write_table(rows, out / "to_geocode.csv")


def write_times(stages: Stages, file: Path, out: Path, *, datum: Datum = "wgs84") -> Agreement:
    """``times.html`` and ``times.csv``: our travel times beside those of another router in ``file``."""
    from planner.publish.office import csvfile, times

    require_folder(out)
    found = compare_times(stages, file, datum=datum)
    districts = stages.value("inputs").districts
    out.mkdir(parents=True, exist_ok=True)
    times.write_times(found, districts, out / "times.html", stages.settings.study.language)
    columns = ("row", "mode", "ours_min", "theirs_min", "difference_min")
    ends = ("from_lng", "from_lat", "to_lng", "to_lat")
    csvfile.write_table(found.rows[[c for c in (*columns, *ends) if c in found.rows]], out / "times.csv")
    return found


def compare_times(stages: Stages, file: Path, *, datum: Datum = "wgs84") -> Agreement:
    """Our travel times beside those of another router in ``file``; only networks that it names are made."""
    from planner.evidence.agreement import agreement
    from planner.inputs.times import read_times

    given = read_times(file, crs=str(stages.value("network:walk").crs), datum=datum)
    return agreement(
        given, lambda mode: stages.value(f"network:{mode}"), source=file.name,
        snap_limit_m=stages.settings.circle.snap_limit_m, progress=stages.progress,
    )  # fmt: skip


def write_coverage(stages: Stages, out: Path) -> Coverage:
    """``coverage.csv`` (by district) and ``checks.html``; the coverage by the existing stations."""
    from planner.publish.office import csvfile

    require_folder(out)
    coverage: Coverage = stages.value("coverage")
    write_checks(stages, out)
    badge = csvfile.synthetic_badge(stages.settings)
    csvfile.write_table(coverage.by_district, out / "coverage.csv", synthetic=badge)
    return coverage


def write_site_list(stages: Stages, out: Path) -> SitePlan:
    """``recommendations.csv`` and ``.xlsx`` and ``checks.html``; the plan of new stations."""
    from planner.publish.office import csvfile
    from planner.workbook.whole import write_workbook

    require_folder(out)
    refuse_what_cannot_run(stages)
    bundle = make_bundle(stages)
    write_checks(stages, out)
    csvfile.write_csv(bundle, out / "recommendations.csv")
    write_workbook(bundle, out / "recommendations.xlsx")
    plan: SitePlan = stages.value("plan").plan
    return plan


def write_actions(stages: Stages, out: Path) -> ActionPlan:
    """``actions.csv`` and ``checks.html``; the plan with five verbs."""
    from planner.publish.office import csvfile

    require_folder(out)
    refuse_what_cannot_run(stages)
    plan: ActionPlan = stages.value("actions")
    write_checks(stages, out)
    badge = csvfile.synthetic_badge(stages.settings)
    csvfile.write_table(plan.actions, out / "actions.csv", synthetic=badge)
    return plan


def write_action_fronts(stages: Stages, out: Path) -> Path:
    """``frontiers.html`` with its tables: workers against money and against the worst-off district; the page's path."""
    from planner.publish.fronts import write_fronts
    from planner.publish.office.csvfile import synthetic_badge
    from planner.telling.words.phrases import phrase

    about, districts = stages.settings.study, stages.value("inputs").districts
    names = dict(
        zip(districts["district"].astype(str), districts[f"name_{about.language}"].astype(str), strict=True)
    )
    title = phrase("fronts_title", about.language, title=about.title())
    found = stages.value("money_front"), stages.value("actions_fair_front")
    return write_fronts(
        *found, out, title=title, language=about.language, districts=names, synthetic=synthetic_badge(stages.settings)
    )  # fmt: skip


def write_homes(stages: Stages, out: Path) -> HomesPlan:
    """``driver_homes.csv`` and ``.xlsx`` and ``checks.html``; the plan of driver homes."""
    from planner.publish.office import csvfile
    from planner.telling.contents.records import synthetic_notice
    from planner.telling.words.homes import chosen_in_words
    from planner.workbook.homes import write_homes_workbook

    require_folder(out)
    plan = driver_homes(stages)
    write_checks(stages, out)
    badge = csvfile.synthetic_badge(stages.settings)
    csvfile.write_table(chosen_in_words(plan), out / "driver_homes.csv", synthetic=badge)
    about, districts = stages.settings.study, stages.value("inputs").districts
    names = dict(zip(districts["district"], districts[f"name_{about.language}"], strict=True))
    write_homes_workbook(
        plan, out / "driver_homes.xlsx", language=about.language, districts=names, title=about.title(),
        notice=synthetic_notice(stages.settings),
    )  # fmt: skip
    return plan


def write_networks(stages: Stages, out: Path, *, page: bool = True) -> tuple[UnionResult, Register]:
    """``networks.xlsx``, ``networks.gpkg``, ``networks.json`` and ``checks.html``; ``page``: and ``map.html``, on which the whole plan stands.

    Returns the networks and every figure of theirs.
    """
    from planner.exports.gis.layers import write_extra_layers
    from planner.facts.coverage import headline_scope
    from planner.facts.networks import network_facts
    from planner.facts.register import Register
    from planner.publish.page.networks import networks_layers
    from planner.publish.page.write import write_page
    from planner.publish.runfile import write_run
    from planner.study.union import require_networks, union_of
    from planner.telling.contents.networks import union_run
    from planner.workbook.networks import write_networks_workbook

    require_folder(out)
    require_networks(stages)
    refuse_if_errors(judge(stages, networks=True))
    union, settings = union_of(stages), stages.settings
    here, language = headline_scope(settings.circle.walk_m), settings.study.language
    facts = Register(network_facts(union, here), here)
    write_checks(stages, out)
    districts = stages.value("inputs").districts
    names = dict(zip(districts["district"], districts[f"name_{language}"], strict=True))
    write_networks_workbook(union, facts, out / "networks.xlsx", settings=settings, districts=names)
    layers = networks_layers(union, language)
    if layers:
        write_extra_layers(layers, out / "networks.gpkg")
    if page:
        write_page(make_bundle(stages, progress=stages.progress, networks=True), out / "map.html")
    about = {"study": settings.study.name, "synthetic": settings.study.synthetic, "seed": settings.study.seed}
    write_run({**about, "networks": union_run(union, facts), "facts": facts.json()}, out / "networks.json")
    return union, facts
