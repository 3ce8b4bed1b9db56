"""The tests of the page's model in its own language."""

from __future__ import annotations

import re

from planner.publish.page.scripts import assets, model_script, view_script


def test_the_model_by_itself(node):
    shown = node("model.test.mjs", options=("--test", "--test-reporter=tap"))
    assert int(re.search(r"^# pass (\d+)$", shown, re.MULTILINE)[1]) >= 11
    assert re.search(r"^# fail 0$", shown, re.MULTILINE)


def test_the_modules_become_one_script_with_nothing_left_to_import():
    text = model_script()
    assert not re.search(r"^\s*(import|export)\b", text, re.MULTILINE)
    exported = re.findall(
        r"^export (?:async )?(?:function|const|class) (\w+)",
        "\n".join(assets("model").values()),
        re.MULTILINE,
    )
    assert len(exported) > 25
    for name in exported:
        assert re.search(rf"\breturn \{{.*\b{name}\b.*\}};", text)
        assert name in view_script().splitlines()[1]
