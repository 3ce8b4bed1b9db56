"""Driver homes on the map: layers as plain data, with the attributes the map page asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.siting.map_layer import ExtraLayer, PopupField

if TYPE_CHECKING:
    from planner.freight.homes import HomesPlan


def _site_fields(language: str) -> tuple[PopupField, ...]:
    return (
        PopupField("bays", "货车泊位", "truck bays", 0),
        PopupField("drivers_in_catchment", "可达本地司机", "drivers based in reach", 0, "人", "drivers"),
        PopupField("drivers_passing", "经过的外来司机", "passing drivers", 0, "人/月", "a month"),
        PopupField("trucks_passing", "经过货车", "trucks passing", 0, "辆/日", "a day"),
        PopupField(f"lacks_{language}", "欠缺", "lacks"),
    )


def extra_layers(plan: HomesPlan, language: str = "zh") -> tuple[ExtraLayer, ...]:
    """Flow widths, catchments, candidates with what they lack, existing homes, new homes."""
    site_fields = _site_fields(language)
    flow, minutes = plan.flows[plan.flows["trucks_per_day"] >= 500], f"{plan.settings.catchment_minutes:g}"
    site = [
        "site_id",
        "name",
        "bays",
        "drivers_in_catchment",
        "drivers_passing",
        "trucks_passing",
        "lacks_zh",
        "lacks_en",
    ]
    return (
        ExtraLayer(
            "truck_flows", "货车流量（模型）", "Truck flows (modelled)", flow[["trucks_per_day", "night_share", "per_hour_peak", "geometry"]],
            colour="#b5651d", width_column="trucks_per_day", width_px=(0.5, 8.0), widths_zh="辆/日", widths_en="trucks a day",
            fields=(PopupField("trucks_per_day", "货车", "trucks", 0, "辆/日", "a day"),
                    PopupField("per_hour_peak", "最忙一小时", "in the busiest hour", 0, "辆", "trucks"),
                    PopupField("night_share", "夜间比例（22–6 时）", "share at night (22 to 6)", 2)), fill_opacity=0.6,
        ),
        ExtraLayer(
            "home_catchments", f"司机之家 {minutes} 分钟车程", f"Within {minutes} minutes of a driver home", plan.catchments, colour="#7a5ea8",
            name_column="name", fill_opacity=0.12, dashed=True,
        ),
        ExtraLayer(
            "home_candidates", f"司机之家候选点（{len(plan.candidates)}）", f"Candidates for driver homes ({len(plan.candidates)})",
            plan.candidates[[*site, "geometry"]], colour="#8a8a8a", name_column="name", fields=site_fields, shape="square",
            width_column="bays", width_px=(2.5, 4.5),
        ),
        ExtraLayer(
            "homes_existing", f"现有司机之家（{len(plan.existing)}）", f"Existing driver homes ({len(plan.existing)})",
            plan.existing[[*site, "relation_zh", "relation_en", "geometry"]], colour="#3d7ab8", name_column="name",
            fields=(*site_fields, PopupField(f"relation_{language}", "与方案的关系", "in the plan")), shape="triangle", searchable=True,
            width_column="bays", width_px=(6.5, 8.5),
        ),
        ExtraLayer(
            "homes_new", f"新建司机之家（{len(plan.chosen)}）", f"New driver homes ({len(plan.chosen)})",
            plan.chosen[[*site, "rank", "drivers", "reason_zh", "reason_en", "geometry"]], colour="#8e2a5b",
            name_column="name", shape="diamond", searchable=True, width_column="drivers", width_px=(8.0, 10.0),
            fields=(PopupField("rank", "序号", "rank", 0), PopupField("drivers", "服务司机", "drivers served", 0, "人/月", "a month"),
                    *site_fields, PopupField(f"reason_{language}", "理由", "reason")),
        ),
    )  # fmt: skip
