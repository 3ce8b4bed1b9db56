"""Names that a file might hold to make somebody's program do something."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from planner.errors import Finding
from planner.telling.bundle import Bundle
from tests.publish.toy import toy_bundle

FORMULAS = [
    "=1+1", "=cmd|' /C calc'!A0", "+49", "-2+3", "@SUM(A1:A9)", "\t=1+1", "\r=1+1", "\0=1+1", " =1+1", "＝1+1",
    '=HYPERLINK("http://evil.example/","x")', "_x003D_1+1",
]  # fmt: skip
MARKUP = [
    "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "</title><svg onload=alert(1)>", "${7*7}",
    "`${7*7}`", "{{ 7*7 }}", "{% raw %}{{7*7}}{% endraw %}", "{{ cycler.__init__.__globals__ }}", "#{7*7}",
    "a\u2028b", "\u202eevil", "&lt;b&gt;", "]]>", "$\\frac{1}{0}$", "%s %(x)s {0} {x}", "\x00\x07\x1b[31m",
    "'; DROP TABLE chosen;--", '" onmouseover="alert(1)', "<!--", "&xxe;", "javascript:alert(1)",
]  # fmt: skip
HOSTILE = FORMULAS + MARKUP
#: Two that stand where only one text fits (the study's title): a formula that is markup, a template with unseen letters.
WORST = [
    "=1+1</title></style><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}${7*7}`\0\x1b\u202e\u2028&xxe;",
]


def _rows(table: Any, *columns: str) -> Any:
    """The table with one row per hostile text, which stands in each of ``columns``."""
    many = table.iloc[np.arange(len(HOSTILE)) % len(table)].reset_index(drop=True)
    return many.assign(**dict.fromkeys(columns, HOSTILE))


def hostile_bundle(title: str, language: str = "zh") -> Bundle:
    """The toy town with hostile text wherever a file's text can arrive, ``title`` where there is one place."""
    b = toy_bundle(language)
    study = b.settings.study.model_copy(
        update={"title_zh": title, "title_en": title, "synthetic_note_zh": title, "synthetic_note_en": title,
                "map_approval_no": title}
    )  # fmt: skip
    groups = tuple(
        g.model_copy(update={"name_zh": title, "name_en": title, "source": title, "totals": {title: 5.0}})
        for g in b.settings.groups
    )
    chosen = _rows(b.chosen, "name", "host_kind", "open_hours", "batch", "reason", "reason_zh", "reason_en")
    chosen = chosen.assign(rank=range(1, len(HOSTILE) + 1), site_id=[f"N{i}" for i in range(len(HOSTILE))])
    names = {key: [title, HOSTILE[1]] for key in ("name_zh", "name_en", "adcode")}
    return dataclasses.replace(
        b,
        settings=b.settings.model_copy(update={"study": study, "groups": groups}),
        districts=b.districts.assign(**names),
        stations=_rows(b.stations, "name", "kind", "grade", "open_hours", "host", "snapshot_date"),
        chosen=chosen,
        candidates=_rows(b.candidates, "host_id", "host_kind"),
        gaps=_rows(b.gaps, "name"),
        hotspots=_rows(b.hotspots, "name", "peak_period"),
        findings=tuple(Finding("XY-001", "W", t, 3, t, t, t, t) for t in HOSTILE),
        run=b.run
        | {
            "inputs": [{"name": t, "path": t, "sha256": t, "rows": 3} for t in HOSTILE],
            "versions": {"planner": title},
        },
    )
