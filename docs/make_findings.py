"""Writes ``docs/findings.md`` from the catalogue: ``python docs/make_findings.py``."""

from __future__ import annotations

import csv
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).resolve().parent
CATALOGUE = HERE.parent / "planner" / "findings.csv"
#: Prefix of the codes → what they are about.
THEMES = {
    "SET": "The study file · 研究文件", "FILE": "Files · 文件", "TAB": "Tables · 表格", "CSV": "CSV files · CSV 文件",
    "ID": "Numbers of stations · 站点编号", "NAM": "Names · 名称", "XY": "Coordinates · 坐标", "DAT": "Datums · 坐标基准",
    "CRS": "Coordinate systems · 坐标系", "GEO": "Shapes · 几何", "LOC": "Places · 位置", "HRS": "Opening hours · 开放时间",
    "DATE": "Dates · 日期", "STA": "Stations · 站点", "HOST": "Host venues · 依托场所", "DIS": "Districts · 分区", "POP": "Residents · 人口",
    "DEM": "Demand · 需求", "SUR": "Field records · 实地记录", "NET": "Streets · 路网", "OSM": "OpenStreetMap", "CAN": "Candidates · 候选点",
    "GOAL": "The goal · 目标", "PLN": "The plan · 方案", "PAGE": "Plans of the page · 页面方案", "PRV": "Last year's plan · 上年方案",
    "ACT": "Five verbs · 五类行动", "GRD": "Grades · 分级", "UNI": "The union's networks · 工会服务阵地", "VIS": "Visits · 使用记录",
    "USE": "Use · 使用", "AUD": "Audit · 核对", "TIM": "Times of another router · 其他路径工具的时间", "FRT": "Trucks and driver homes · 货车与司机之家",
    "GEC": "Addresses · 地址", "EVA": "Lists to evaluate · 待评估清单", "OUT": "Products · 成果文件", "RUN": "Runs · 运行", "SOL": "Solver · 求解",
}  # fmt: skip
SEVERITIES = {
    "E": "error: nothing is written · 错误：不写出成果", "W": "warning: it goes on · 警告：继续",
    "F": "mended and told · 已修正并告知", "I": "information · 提示",
}  # fmt: skip


def page(catalogue: Path = CATALOGUE) -> str:
    """The page: every code once, theme by theme, in both languages.

    Raises
    ------
    ValueError
        A theme without a name.
    """
    rows = list(csv.DictReader(catalogue.read_text("utf-8").splitlines()))
    out = [
        "# Findings · 提示目录",
        "",
        "Whatever planner notices about an input has a code. `checks.html`, the workbook, the report and the command print it with file, row and",
        "value; `{places}` below are filled in then. Written by `python docs/make_findings.py` from `planner/findings.csv`.",
        "",
        "planner 对输入数据的每条意见都有编号，连同文件、行号与数值印在 `checks.html`、工作簿、报告和命令行里；下文 `{places}` 届时填入。",
        "",
        *(f"- **{key}** {meaning}" for key, meaning in SEVERITIES.items()),
    ]
    rows.sort(key=lambda r: (list(THEMES).index(r["code"].split("-")[0]), r["code"]))
    for theme, found in groupby(rows, key=lambda r: r["code"].split("-")[0]):
        out += ["", f"## {THEMES[theme]}", "", "| code | | English | 中文 |", "|---|---|---|---|"]
        for row in found:
            cells = (
                row[k].replace("|", "\\|").replace("<", "&lt;") for k in ("code", "severity", "en", "zh")
            )
            out.append(f"| {' | '.join(cells)} |")
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    (HERE / "findings.md").write_text(page(), "utf-8")
