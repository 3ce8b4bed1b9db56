"""Why an action is on the list, in one sentence of Chinese or English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.siting.explain import HOST_WORDS

__all__ = ["VERB_WORDS", "reason"]

#: verb → (zh, en)
VERB_WORDS: dict[str, tuple[str, str]] = {
    "build": ("新建", "build"), "retime": ("调时", "re-time"), "upgrade": ("提档", "upgrade"), "move": ("迁址", "move"),
    "close": ("撤并", "close"), "cobrand": ("共建", "co-brand"),
}  # fmt: skip

_DONE = {
    "build": ("在{host}新建，开放 {hours_to}", "Build in a {host}, open {hours_to}"),
    "retime": ("开放时间由 {hours_from} 调整为 {hours_to}", "Open {hours_to} instead of {hours_from}"),
    "upgrade": ("等级由{grade_from}提升为{grade_to}", "Raise the grade from {grade_from} to {grade_to}"),
    "move": ("迁至 {to_name}（{host}），开放 {hours_to}", "Move to {to_name} ({host}), open {hours_to}"),
    "close": ("撤并", "Close"),
    "cobrand": ("与合作单位共建挂牌，开放 {hours_to}", "Co-brand with the partner, open {hours_to}"),
}
_GAIN = {
    "more": ("；新增覆盖 {gained} 人", "; {gained} more workers in the circle"),
    "none": ("；覆盖人数不变", "; as many workers in the circle"),
    "less": (
        "；{gained} 人不再被覆盖，省下的经费另有更大用处",
        "; {gained} workers leave the circle, and the money does more elsewhere",
    ),
}
_REFUSED = {
    "lost": ("；若不实施，少覆盖 {refused} 人", "; without it the plan covers {refused} fewer"),
    "instead": (
        "，可由 {metres} 米内的 {name}（{verb}）替代，仍少覆盖 {loss} 人",
        ", or {loss} fewer with {name} ({verb}) within {metres} m instead",
    ),
    "alone": ("，步行可达范围内无可替代", ", and nothing within reach can replace it"),
}


def _always(hours: str, k: int) -> str:
    return ("24 小时", "round the clock")[k] if hours == "00:00-24:00" else hours


def reason(row: Mapping[Any, Any], language: str, grades: Mapping[str, str]) -> str:
    """The sentence for a row of the table ``actions``; ``grades``: their names in the language."""
    k = 0 if language == "zh" else 1
    host = HOST_WORDS.get(str(row["host_kind"]), ("场所", "venue"))[k]

    def grade(name: str) -> str:
        return grades.get(name, name) or next(iter(grades.values()), "")

    said = _DONE[row["verb"]][k].format(
        host=host, hours_from=_always(row["hours_from"], k), hours_to=_always(row["hours_to"], k),
        grade_from=grade(row["grade_from"]), grade_to=grade(row["grade_to"]), to_name=row["to_name"],
    )  # fmt: skip
    gained = round(row["workers_gained"])
    which = "more" if gained > 0 else "less" if gained < 0 else "none"
    said += _GAIN[which][k].format(gained=f"{abs(gained):,}")
    if row["workers_refused"] >= 0.5 and row["verb"] != "close":
        said += _REFUSED["lost"][k].format(refused=f"{round(row['workers_refused']):,}")
        if row["substitute_id"]:
            said += _REFUSED["instead"][k].format(
                metres=f"{row['substitute_m']:,.0f}", name=row["substitute_name"], loss=f"{round(row['substitute_loss']):,}",
                verb=VERB_WORDS[row["substitute_verb"]][k],
            )  # fmt: skip
        elif row["verb"] != "upgrade":
            said += _REFUSED["alone"][k]
    return said + ("。" if k == 0 else ".")
