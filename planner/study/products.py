"""From a finished study to files: the bundle every product is made of, ``run.json``, and the folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import planner
from planner.errors import InputError, PlannerError
from planner.progress import Progress, silent
from planner.publish.bundle import Bundle
from planner.publish.runfile import RunNotes, run_content

if TYPE_CHECKING:
    from planner.siting.coverage import Coverage
    from planner.siting.plan import SitePlan
    from planner.study.study import Study


def run_notes(study: Study, *, absent: dict[str, str]) -> RunNotes:
    """What ``run.json`` says beside the products; ``absent`` says what was not made and why."""
    plan, network = study.site_stations(), study.network("walk")
    rows = {**study._loaded()["rows"], "streets": int(network.n_edges)}
    return RunNotes(
        inputs=[
            {"name": role, "path": path.name, "sha256": study._digests.get(str(path)), "rows": rows.get(role)}
            for role, path in study.input_paths().items()
        ],
        nodes=int(network.n_nodes),
        edges=int(network.n_edges),
        second_views=study.second_views(),
        closed=list(plan.closed),
        new_gap=plan.new_gap,
        absent=absent,
        stages=[{"name": r.name, "seconds": r.seconds, "peak_mb": r.peak_mb} for r in study.records.values()],
        version=planner.__version__,
    )


def make_bundle(study: Study, *, progress: Progress | None = None) -> Bundle:
    """Everything the products show, computed."""
    from planner.publish.page.homes import homes_layers
    from planner.siting.coverage import gap_areas
    from planner.study.study_inputs import lakes

    say = progress or silent
    s, absent = study.settings, dict[str, str]()
    plan = study.site_stations()
    say("service areas", 0.0)
    area_before, area_after = study.circle_areas()
    layers = study.layers
    gaps = gap_areas(study.demand, plan.after, cell_m=s.demand.cell_m, places=layers["places"])
    homes = None
    if not s.freight.enabled:
        absent["driver_homes"] = "freight.enabled is false in the study file"
    else:
        say("driver homes", 0.0)
        try:
            homes = study.site_driver_homes()
        except InputError:
            raise
        except PlannerError as error:  # the stations' plan stands without them; run.json says why
            absent["driver_homes"] = str(error)
    rules = s.siting
    say("other plans and assumptions", 0.0)
    found = study.sensitivity() if rules.sensitivity else None
    chosen = plan.chosen if found is None else plan.chosen.assign(kept=found.kept.mean(axis=1).to_numpy())
    bundle = Bundle(
        settings=s,
        districts=study.districts,
        stations=study.stations_with_cover(),
        hosts=study.hosts,
        demand=study.demand,
        candidates=study.candidates,
        chosen=chosen,
        before=plan.before,
        after=plan.after,
        area_before=area_before,
        area_after=area_after,
        gaps=gaps,
        hotspots=study.hotspots(),
        water=lakes(layers["water"]),
        main_roads=layers["main_roads"],
        findings=study.all_findings(),
        solution=plan.solution,
        curve=study.curve(),
        homes=homes,
        extra_layers=homes_layers(homes, s.study.language) if homes is not None else (),
        phases=plan.phases if len(plan.phases) else None,
        alternatives=study.alternatives(k=rules.alternatives) if rules.alternatives else None,
        replacements=study.replacements(k=rules.replacements) if rules.replacements else None,
        sensitivity=None if found is None else found.table,
        rule_prices=study.rule_prices() if rules.sensitivity else None,
    )
    return replace(bundle, run=run_content(bundle, run_notes(study, absent=absent)))


def require_folder(out: Path) -> None:
    """Refuse, before anything is computed, a folder that products cannot be written into.

    Raises
    ------
    OutputError
        It is a file, lies below one, or is on a read-only place.
    """
    from planner.errors import finding
    from planner.publish.safe import OutputError

    there = out.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    why = "" if os.access(there, os.W_OK) else "it may not be written to"
    if not there.is_dir():
        why = f"{there.name} is not a folder"
    if why:
        raise OutputError(finding("OUT-002", source=out.name, value=str(out), why=why))


def write_products(study: Study, out: Path, *, progress: Progress | None = None) -> dict[str, Any]:
    """Write every product of a study into the folder ``out``; each file appears whole or not at all.

    Returns the content of ``run.json``, which is written last; one of an earlier run goes before the first
    product is replaced, so that a folder with ``run.json`` holds the products of one finished run.
    """
    from planner.publish import runfile
    from planner.publish.gis import layers
    from planner.publish.office import csvfile as tablesout
    from planner.publish.office import document, figures, workbook
    from planner.publish.page import write as page

    say = progress or silent
    require_folder(out)
    bundle = make_bundle(study, progress=progress)
    out.mkdir(parents=True, exist_ok=True)
    (out / "run.json").unlink(missing_ok=True)
    steps: list[tuple[str, Callable[[], Any]]] = [
        ("recommendations.csv", lambda: tablesout.write_csv(bundle, out / "recommendations.csv")),
        ("recommendations.xlsx", lambda: workbook.write_workbook(bundle, out / "recommendations.xlsx")),
        ("plan.gpkg", lambda: layers.write_layers(bundle, out / "plan.gpkg")),
        ("map.html", lambda: page.write_page(bundle, out / "map.html")),
    ]
    for n, (name, write) in enumerate(steps):
        say(f"writing {name}", n / 8)
        write()
    say("writing figures", 0.6)
    pictures = figures.write_figures(bundle, out / "figures")
    say("writing reports", 0.8)
    document.write_report(bundle, out / "report.html", pictures)
    document.write_docx(bundle, out / "report.docx", pictures)
    write_checks(study, out)
    runfile.write_run(bundle.run, out / "run.json")
    say("done", 1.0)
    return bundle.run


def write_checks(study: Study, out: Path) -> None:
    """``checks.html``, and ``to_geocode.csv`` where rows have an address but no coordinates."""
    from planner.publish.office import csvfile as tablesout
    from planner.publish.office import document

    require_folder(out)
    out.mkdir(parents=True, exist_ok=True)
    document.write_checks(study.all_findings(), out / "checks.html", study.settings.study.language)
    rows = study.to_geocode()
    if len(rows):
        tablesout.write_table(rows, out / "to_geocode.csv")


def write_coverage(study: Study, out: Path) -> Coverage:
    """``coverage.csv`` (by district) and ``checks.html``; the coverage by the existing stations."""
    from planner.publish.office import csvfile as tablesout

    require_folder(out)
    coverage = study.coverage()
    write_checks(study, out)
    tablesout.write_table(coverage.by_district, out / "coverage.csv")
    return coverage


def write_site_list(study: Study, out: Path) -> SitePlan:
    """``recommendations.csv`` and ``.xlsx`` and ``checks.html``; the plan of new stations."""
    from planner.publish.office import csvfile as tablesout
    from planner.publish.office import workbook

    require_folder(out)
    bundle = make_bundle(study)
    write_checks(study, out)
    tablesout.write_csv(bundle, out / "recommendations.csv")
    workbook.write_workbook(bundle, out / "recommendations.xlsx")
    return study.site_stations()


def write_homes(study: Study, out: Path) -> Any:
    """``driver_homes.csv`` and ``.xlsx`` and ``checks.html``; the plan of driver homes."""
    from planner.publish.office import csvfile as tablesout
    from planner.publish.office.homes import sheets
    from planner.publish.words.homes import chosen_in_words

    require_folder(out)
    plan = study.site_driver_homes()
    write_checks(study, out)
    tablesout.write_table(chosen_in_words(plan), out / "driver_homes.csv")
    about = study.settings.study
    names = dict(zip(study.districts["district"], study.districts[f"name_{about.language}"], strict=True))
    sheets.write_homes_workbook(
        plan, out / "driver_homes.xlsx", language=about.language, districts=names, title=about.title()
    )
    return plan
