"""The union's networks of a study: the plan, and the circle of service of any of them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from planner.errors import PlannerError, finding
from planner.networks.circle import ServiceCircle, Serving
from planner.networks.plan import NetworksPlan
from planner.networks.whole import UnionResult
from planner.settings.networks import named
from planner.study.stages import Stages

__all__ = ["circle_of", "plan_of", "require_networks", "serving_of", "union_of"]


def require_networks(stages: Stages) -> None:
    """Refuse a study that names no networks.

    Raises
    ------
    PlannerError
        There are none (UNI-020).
    """
    if not stages.settings.networks:
        raise PlannerError.of(finding("UNI-020", source="study.toml", field="networks"))


def plan_of(stages: Stages) -> NetworksPlan:
    """What is planned and found for the networks (UNI-020 where there are none)."""
    require_networks(stages)
    plan: NetworksPlan = stages.value("union:plan")
    return plan


def serving_of(stages: Stages, *, planned: bool) -> Serving:
    """Who is served by which network, today or with every plan."""
    require_networks(stages)
    found: Serving = stages.value("union:after" if planned else "union:today")
    return found


def union_of(stages: Stages) -> UnionResult:
    """Everything that the products tell of the networks (UNI-020 where there are none)."""
    plan = plan_of(stages)
    places = stages.value("union:lists").places
    today, after = (serving_of(stages, planned=planned) for planned in (False, True))
    return UnionResult(stages.settings.networks, places, plan, today, after)


def circle_of(stages: Stages, networks: str | Sequence[str] | None, *, planned: bool) -> ServiceCircle:
    """The circle of some networks, by name or title.

    Raises
    ------
    PlannerError
        There is none of that name (UNI-019).
    """
    require_networks(stages)
    wanted = [networks] if isinstance(networks, str) else networks
    if wanted is None:
        return serving_of(stages, planned=planned).circle()
    known = stages.settings.networks
    names = []
    for name in wanted:
        found = named(known, name)
        if found is None:
            titles = {t: n.name for n in known for t in (n.name, n.title_zh, n.title_en) if t}
            near = titles[difflib.get_close_matches(name, titles, n=1, cutoff=0.0)[0]]
            raise PlannerError.of(
                finding("UNI-019", source="study.toml", field="networks", value=name, nearest=near,
                        known=", ".join(n.name for n in known))
            )  # fmt: skip
        names.append(found.name)
    return serving_of(stages, planned=planned).circle(list(dict.fromkeys(names)))
