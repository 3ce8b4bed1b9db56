"""The plan with five verbs on the map: a layer per verb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.settings.actions import VERBS
from planner.telling.layer import ExtraLayer, PopupField
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.actions.plan import ActionPlan

__all__ = ["actions_layers"]

_STYLE: dict[str, dict[str, Any]] = {
    "build": {"colour": "#1b7f5c", "shape": "circle"}, "retime": {"colour": "#c98a12", "shape": "diamond"},
    "upgrade": {"colour": "#5b4b8a", "shape": "triangle"}, "move": {"colour": "#2f6db3", "shape": "square"},
    "close": {"colour": "#8a8a8a", "shape": "square"}, "cobrand": {"colour": "#a3487f", "shape": "triangle"},
}  # fmt: skip


def _field(column: str, word: str, digits: int | None = None) -> PopupField:
    return PopupField(column, phrase(f"col_{word}", "zh"), phrase(f"col_{word}", "en"), digits)


def actions_layers(plan: ActionPlan | None, language: str = "zh") -> tuple[ExtraLayer, ...]:
    """A layer per verb that the plan uses; none without a plan."""
    if plan is None:
        return ()
    fields = (
        _field("rank", "rank", 0), _field("hours_from", "hours_from"), _field("hours_to", "hours_to"),
        _field("cost_yuan", "action_cost", 0), _field("yearly_yuan", "yearly_yuan", 0), _field("workers_gained", "action_gain", 0),
        _field(f"reason_{language}", "reason"),
    )  # fmt: skip
    columns = ["name", *(f.column for f in fields), "place_id", "to_id", "geometry"]
    made = []
    for verb in VERBS:
        rows = plan.actions[plan.actions["verb"] == verb]
        if len(rows):
            zh, en = (phrase(f"layer_actions_{verb}", k, n=len(rows)) for k in ("zh", "en"))
            made.append(
                ExtraLayer(
                    f"actions_{verb}", zh, en, rows[columns].reset_index(drop=True), name_column="name", fields=fields,
                    width_column="workers_gained", width_px=(4.5, 8.0), searchable=True, **_STYLE[verb],
                )
            )  # fmt: skip
    return tuple(made)
