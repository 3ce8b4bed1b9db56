"""A study's goal in words: what it asks for that cannot be had together, and what plans are compared by."""

from __future__ import annotations

from planner.errors import Finding, finding
from planner.settings.siting import Goal, Siting

__all__ = ["adds_up", "judge_goal", "judge_stability", "measure_in_words"]


def judge_goal(siting: Siting) -> list[Finding]:
    """What a study's goal asks for that cannot be had together (GOAL-001 to GOAL-003)."""
    goal, rules, found = siting.goal, siting, list[Finding]()

    def clash(a: str, b: str, en: str, zh: str) -> None:
        found.append(
            finding("GOAL-001", source="study.toml", field=f"goal.{a}", value=b, a=a, b=b, en=en, zh=zh)
        )

    if goal.limits_visits:
        en = "a worker takes up the room of the one station that serves them"
        zh = "容量按每名劳动者只占用一个站点计算"
        others = {
            "credit": goal.credit, "fade_m": goal.fade_m, "aim": goal.aim != "covered",
            "group_weights": goal.group_weights, "period_weights": goal.period_weights,
            "open_rule": goal.open_rule != "half",
        }  # fmt: skip
        for other, on in others.items():
            if on:
                clash("visits_per_day", other, en, zh)
    if goal.aim == "use":
        en = "visits follow from walking time, hours and kit, of each station beside all others"
        zh = "使用人次由步行时间、开放时间和设施以及全部站点间的竞争决定"
        for other in (
            "credit",
            "fade_m",
            "visits_per_day",
            "relocate",
            "spacing_price",
            "group_weights",
            "period_weights",
        ):
            if getattr(goal, other):
                clash("aim", other, en, zh)
    for name, on, en, zh in (
        ("budget_only", goal.budget_only, "batches count sites, and their number is open", "分期按站点数量划分，而数量尚未确定"),
        ("relocate", goal.relocate > 0, "nothing says in which batch a station closes", "无法确定站点在哪一期关闭"),
    ):  # fmt: skip
        if on and len(rules.batches) > 1:
            clash(name, "batches", en, zh)
    needs = (
        (goal.budget_only and rules.budget_yuan is None, "budget_only", "siting.budget_yuan"),
        (bool(goal.spacing_price) and goal.spacing_m == 0, "spacing_price", "siting.goal.spacing_m"),
        (goal.aim in ("mean", "cvar", "worst") and rules.scenarios < 1, "aim", "siting.scenarios ≥ 1"),
        (bool(goal.visits_by_kind) and goal.visits_per_day is None, "visits_by_kind", "siting.goal.visits_per_day"),
    )  # fmt: skip
    found += [
        finding("GOAL-002", source="study.toml", field=f"goal.{key}", value=getattr(goal, key), other=other)
        for missing, key, other in needs
        if missing
    ]
    return found


def adds_up(goal: Goal) -> bool:
    """Whether plans are compared by a sum over demand points, each covered or not: then a site may count workers besides."""
    priced = goal.spacing_m > 0 and bool(goal.spacing_price)
    return goal.aim == "covered" and not (goal.credit or priced or goal.limits_visits)


def judge_stability(goal: Goal, change_workers: float) -> list[Finding]:
    """PRV-003 where a change from last year's plan has a price in workers, and plans are not compared by workers."""
    if change_workers <= 0 or adds_up(goal):
        return []
    en, zh = measure_in_words(goal)
    return [finding("PRV-003", source="study.toml", field="previous.change_workers", value=f"{change_workers:g}", en=en, zh=zh)]  # fmt: skip


_AIMS = {
    "use": ("visits a day to expect", "预计日均使用人次"),
    "mean": ("workers covered on average over the demand scenarios", "各需求情景下平均覆盖的劳动者人数"),
    "worst": ("workers covered in the worst demand scenario", "最不利需求情景下覆盖的劳动者人数"),
    "cvar": ("workers covered on average in the worst {tail} of the demand scenarios", "最不利的 {tail} 需求情景下平均覆盖的劳动者人数"),
    "fair": ("the least covered share of a district", "覆盖率最低区县的覆盖率"),
    "lexicographic": (
        "the least covered share of a district, then the second least, and so on",
        "覆盖率最低区县的覆盖率，其次为第二低者，依此类推",
    ),
}  # fmt: skip


def measure_in_words(goal: Goal, change_workers: float = 0.0) -> tuple[str, str]:
    """What plans are compared by, in English and Chinese."""
    en, zh = _AIMS.get(goal.aim, ("workers covered", "覆盖的劳动者人数"))
    en, zh = (text.format(tail=f"{goal.tail:.0%}") for text in (en, zh))
    if goal.limits_visits:
        en, zh = "workers served within the stations' room", "在站点接待容量内得到服务的劳动者人数"
    parts = []
    if goal.fade_m:
        near, far = (f"{m:g}" for m in goal.fade_m)
        parts.append(
            (
                f"in full up to {near} m, fading to nothing at {far} m",
                f"{near} 米内按全额计，至 {far} 米递减为零",
            )
        )
    if goal.credit:
        shares = [f"{c:.0%}" for c in goal.credit]
        parts.append(
            (
                f"the first, second … station in reach counting {', '.join(shares)}",
                f"可达的第一、第二……个站点分别计 {'、'.join(shares)}",
            )
        )
    if goal.group_weights or goal.period_weights:
        given = (goal.group_weights | goal.period_weights).items()
        listed = ", ".join(f"{k} {v:g}" for k, v in given)
        parts.append((f"each worker counting as stated ({listed})", f"各类劳动者按给定权重计（{listed}）"))
    if goal.open_rule == "time":
        parts.append(
            (
                "each for the quarter-hours in which a station in reach is open",
                "每人按可达站点开放的时间（以一刻钟计）所占比例计",
            )
        )
    if goal.spacing_m > 0 and goal.spacing_price:
        m, price = f"{goal.spacing_m:g}", f"{goal.spacing_price:g}"
        parts.append(
            (
                f"less {price} for each pair of new stations within {m} m",
                f"每有一对新站点相距不足 {m} 米扣减 {price} 人",
            )
        )
    if change_workers > 0:
        worth = f"{change_workers:,g}"
        parts.append(
            (
                f"each site that last year's plan had counting {worth} workers more",
                f"上年方案已有的站点各多计 {worth} 人",
            )
        )
    return "; ".join([en, *(p[0] for p in parts)]), "；".join([zh, *(p[1] for p in parts)])
