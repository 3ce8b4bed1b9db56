"""What every product is made from, gathered from the stages: the bundle, and what ``run.json`` says beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from planner.errors import AbsentError
from planner.evidence.use import ExpectedUse, LawOfUse
from planner.freight.homes import HomesPlan
from planner.grades.whole import Grades
from planner.progress import Progress, silent
from planner.publish.page.actions import actions_layers
from planner.publish.page.grades import grade_layers
from planner.publish.page.homes import homes_layers
from planner.publish.page.networks import networks_layers
from planner.publish.page.previous import previous_layers
from planner.settings.inputs import Inputs
from planner.settings.whole import Settings
from planner.study.stages import Stages
from planner.study.table.whole import asked
from planner.study.union import union_of
from planner.telling.board import Board, prices_at_points
from planner.telling.bundle import Bundle
from planner.telling.context import Context
from planner.telling.layer import ExtraLayer
from planner.telling.run import RunNotes, run_content
from planner.telling.words.names import in_language
from planner.telling.words.phrases import phrase
from planner.version import VERSION

__all__ = ["driver_homes", "input_paths", "make_bundle"]


def network_paths(settings: Settings) -> dict[str, Path]:
    """Files of the union's networks by role, where a run shows them."""
    wanted = settings.networks if settings.union.in_run else ()
    lists = [(one.name, n, table) for one in wanted for n, table in enumerate(one.lists)]
    return {f"network_{name}" if n == 0 else f"network_{name}_{n + 1}": t.path for name, n, t in lists}


def input_paths(inputs: Inputs) -> dict[str, Path]:
    """A study's input files by role."""
    files: dict[str, Path | None] = {"streets": inputs.streets.path, "population": inputs.population.path}
    for role in (
        "districts",
        "towns",
        "hosts",
        "observations",
        "visits",
        "grades",
        "grade_costs",
        "truck_counts",
        "truck_sites",
    ):
        table = getattr(inputs, role)
        files[role] = table.path if table else None
    for role, tables in (("stations", inputs.stations), ("driver_homes", inputs.driver_homes)):
        for n, table in enumerate(tables):
            files[role if n == 0 else f"{role}_{n + 1}"] = table.path
    return {role: path for role, path in files.items() if path is not None}


def _paths(settings: Settings) -> dict[str, Path]:
    """Every file that a run reads, by role."""
    before = {} if settings.previous is None else {"previous": settings.previous.files[0]}
    return input_paths(settings.inputs) | network_paths(settings) | before


def make_bundle(stages: Stages, *, progress: Progress | None = None, networks: bool = False) -> Bundle:
    """Everything the products show, computed; ``networks``: with the union's networks, whatever a run shows."""
    say = progress or silent
    s, want = stages.settings, asked(stages.settings)
    stages.ahead(want)
    plan = stages.value("plan").plan
    say("service areas", 0.0)
    areas, inputs = stages.value("areas"), stages.value("inputs")
    say("driver homes", 0.0)
    homes, absent = _homes(stages)
    absent.update(("figures", f.message(s.study.language)) for f in stages.value("font"))
    say("other plans and assumptions", 0.0)
    law, use = _use(stages, absent)
    actions = stages.value("actions") if "actions" in want else None
    more = _evidence(stages, absent)
    grades = stages.value("grades") if "grades" in want else None
    union = union_of(stages) if s.networks and (networks or s.union.in_run) else None
    changes, action_changes = (
        stages.value(k) if k in want else None for k in ("site_changes", "action_changes")
    )
    found = stages.value("sensitivity") if "sensitivity" in want else None
    bundle = Bundle(
        settings=s,
        districts=inputs.districts,
        stations=stages.value("covers"),
        hosts=inputs.hosts,
        demand=stages.value("demand").demand,
        candidates=stages.value("candidates").candidates,
        chosen=plan.chosen,
        before=plan.before,
        after=plan.after,
        area_before=areas.before,
        area_after=areas.after,
        gaps=stages.value("gaps"),
        hotspots=stages.value("hotspots"),
        water=in_language(inputs.lakes, s.study.language),
        main_roads=inputs.main_roads,
        findings=stages.findings(),
        solution=plan.solution,
        curve=stages.value("curve"),
        homes=homes,
        extra_layers=(
            *actions_layers(actions, s.study.language),
            *previous_layers(changes, "previous", s.study.language),
            *previous_layers(action_changes, "previous_actions", s.study.language),
            *_layers(stages, homes, grades),
            *networks_layers(union, s.study.language),
        ),
        networks=union,
        phases=plan.phases if len(plan.phases) else None,
        alternatives=stages.value("alternatives") if "alternatives" in want else None,
        replacements=stages.value("replacements") if "replacements" in want else None,
        sensitivity=None if found is None else found.table,
        rule_prices=stages.value("rule_prices") if "rule_prices" in want else None,
        kept=None if found is None else found.kept,
        always=None if found is None else int(found.steady.sum()),
        ensemble=stages.value("demand").ensemble,
        second_views=stages.value("second_views"),
        closed=plan.closed,
        hindsight=stages.value("confidence"),
        use=use,
        law_of_use=law,
        fairness=stages.value("fairness"),
        hanging=stages.value("hanging").workers if "hanging" in want else None,
        actions=actions,
        **more,
        grades=grades,
        board=_board(stages),
        context=Context(inputs.streets, inputs.main_roads, inputs.places, inputs.landuse, inputs.hosts),
        towns=inputs.towns if len(inputs.towns) else None,
        changes=changes,
        action_changes=action_changes,
    )
    return bundle.with_run(run_content(bundle, _notes(stages, absent)))


def _board(stages: Stages) -> Board:
    """What any plan can be counted from."""
    posing, sited = stages.value("posing"), stages.value("siting")
    prices = prices_at_points(
        sited.solution.prices, posing.merged.of, len(posing.new.access), len(posing.periods)
    )
    whole, rules = posing.whole, stages.value("problem").problem.rules
    return Board(whole.points, whole.existing, whole.new, sited.solution.chosen, sited.closed, rules, prices)


def _layers(stages: Stages, homes: HomesPlan | None, grades: Grades | None) -> tuple[ExtraLayer, ...]:
    """Further layers of the map: driver homes, grades of stations."""
    language = stages.settings.study.language
    drawn = homes_layers(homes, language) if homes is not None else ()
    if grades is None:
        return drawn
    table = stages.value("inputs").districts
    names = dict(zip(table["district"].astype(str), table[f"name_{language}"].astype(str), strict=True))
    return (*drawn, *grade_layers(grades, language, names))


def _homes(stages: Stages) -> tuple[HomesPlan | None, dict[str, str]]:
    """The driver homes, or why there are none, in the study's language: the stations' plan stands without them.

    Homes that were asked for and cannot be planned are a warning among the findings; those not asked for are none.
    The command ends with 0 in both cases (``planner homes`` alone, which makes nothing then, with 1).
    """
    language = stages.settings.study.language
    if "homes" not in asked(stages.settings):
        return None, {"driver_homes": phrase("homes_not_asked", language)}
    try:
        return driver_homes(stages), {}
    except AbsentError as error:
        return None, {"driver_homes": error.message(language)}


def _use(stages: Stages, absent: dict[str, str]) -> tuple[LawOfUse | None, ExpectedUse | None]:
    """How workers choose and the visits to expect; ``absent`` is told why there are none."""
    language = stages.settings.study.language
    if "use" not in asked(stages.settings):
        absent["use"] = phrase("use_not_asked", language)
        return None, None
    law: LawOfUse = stages.value("law_of_use")
    if law.law is None:
        absent["use"] = " ".join(f.message(language) for f in law.findings)
    return law, stages.value("use")


def _evidence(stages: Stages, absent: dict[str, str]) -> dict[str, Any]:
    """What was asked in ``siting.evidence``, by the bundle's fields; ``absent`` is told why a question has no answer."""
    found: dict[str, Any] = {}
    for name in ("fair_front", "knowledge", "pilots"):
        if name not in asked(stages.settings):
            continue
        try:
            found[name] = stages.value(name)
        except AbsentError as error:
            absent[name] = error.message(stages.settings.study.language)
    return found


def driver_homes(stages: Stages) -> HomesPlan:
    """The truck drivers' homes.

    Raises
    ------
    AbsentError
        They cannot be planned here: no trips to model, no room anywhere, a target out of reach.
    """
    plan: HomesPlan = stages.value("homes")
    return plan


def _notes(stages: Stages, absent: dict[str, str]) -> RunNotes:
    """What ``run.json`` says beside the products; ``absent``: what was not made, and why."""
    plan, network = stages.value("plan").plan, stages.value("network:walk")
    rows = {**stages.value("inputs").rows, "streets": int(network.n_edges)}
    rows |= {"visits": len(stages.value("visits").table)} if stages.settings.inputs.visits is not None else {}
    return RunNotes(
        inputs=[
            {"name": role, "path": path.name, "sha256": stages.files.get(path), "rows": rows.get(role)}
            for role, path in _paths(stages.settings).items()
        ],
        nodes=int(network.n_nodes),
        edges=int(network.n_edges),
        new_gap=plan.new_gap,
        absent=absent,
        stages=[
            {"name": r.name, "seconds": r.seconds, "cpu_s": r.cpu_s, "peak_mb": r.peak_mb}
            for r in stages.records.values()
        ],
        version=VERSION,
        station_rows=stages.value("inputs").station_rows,
    )
