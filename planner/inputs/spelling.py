"""Words of the study file that only the inputs can judge: kinds of hosts, opening hours."""

from __future__ import annotations

import difflib

from planner.errors import Finding, finding
from planner.hours.parse import parse_hours
from planner.settings.freight import Freight
from planner.settings.siting import Siting
from planner.tables import HOST_KINDS

__all__ = ["judge_words"]


def judge_words(siting: Siting, freight: Freight) -> tuple[Finding, ...]:
    """Kinds of hosts that do not exist (SET-006) and hours that cannot be read (SET-007) in the study file."""
    found = []
    kinds = {
        "siting.host_kinds": siting.host_kinds, "siting.cost_yuan": siting.cost_yuan,
        "siting.host_hours": siting.host_hours, "freight.site_kinds": freight.site_kinds,
    }  # fmt: skip
    for field, named in kinds.items():
        for kind in named:
            if kind not in HOST_KINDS:
                near = difflib.get_close_matches(kind, HOST_KINDS, n=1, cutoff=0.0)[0]
                found.append(finding("SET-006", source="study.toml", field=field, value=kind, nearest=near))
    hours = {"siting.default_hours": siting.default_hours}
    hours |= {f"siting.host_hours.{kind}": text for kind, text in siting.host_hours.items()}
    hours |= {f"siting.places.{p.id}": p.open_hours for p in siting.places if p.open_hours}
    for field, text in hours.items():
        if not parse_hours(text).known:
            found.append(finding("SET-007", source="study.toml", field=field, value=text))
    return tuple(found)
