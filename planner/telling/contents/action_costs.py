"""What the plan with five verbs assumes that things cost, as rows of the assumptions."""

from __future__ import annotations

from collections.abc import Iterator

from planner.settings.actions import Actions, GradeClass, HourClass
from planner.settings.whole import Settings
from planner.telling.words.phrases import phrase, translated

__all__ = ["action_assumptions"]

#: (parameter, value, unit, low, high, basis, trust, key)
Row = tuple[str, float, str, float | None, float | None, str, str, str]


def action_assumptions(settings: Settings) -> Iterator[Row]:
    """Costs of hours, grades, moving, closing and co-branding; none where the verbs are not asked for."""
    actions, language = settings.actions, settings.study.language
    if not actions.enabled:
        return
    shipped = {(type(c), c.name): c for c in (*Actions().hours, *Actions().grades)}
    classes: tuple[HourClass | GradeClass, ...] = (*actions.hours, *actions.grades)
    for c in classes:
        ours = shipped.get((type(c), c.name)) == c
        kind = "hours" if isinstance(c, HourClass) else "grades"
        basis = (
            phrase(f"why_action_{kind}", language)
            if ours
            else translated(c.source, language) or phrase("why_user", language)
        )
        for field in ("one_off", "yearly"):
            value, band = getattr(c, f"{field}_yuan"), getattr(c, f"{field}_band")
            low, high = band if band is not None else (None, None)
            name = phrase(f"par_action_{kind}_{field}", language, name=c.title(language))
            unit = phrase("unit_yuan" if field == "one_off" else "unit_yuan_a_year", language)
            yield (name, value, unit, low, high, basis, c.confidence, f"actions.{kind}.{c.name}.{field}_yuan")
    preset = Actions()
    for key, band_key, unit in (
        ("move_share", "move_band", "unit_of_build"), ("close_yuan", "close_band", "unit_yuan"), ("cobrand_yuan", "cobrand_band", "unit_yuan"),
    ):  # fmt: skip
        own = getattr(actions, key) != getattr(preset, key)
        low, high = getattr(actions, band_key)
        basis = phrase("why_user" if own else f"why_action_{key}", language)
        yield (phrase(f"par_action_{key}", language), getattr(actions, key), phrase(unit, language), low, high, basis,
               "" if own else "L", f"actions.{key}")  # fmt: skip
