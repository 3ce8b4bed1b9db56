"""A small one of each campaign: what the long ones look for does not come back unseen."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.campaigns.fuzz import mutated
from tests.campaigns.interrupts import LIMIT_S, interrupted
from tests.study.town import Place, street_town

ROOT = Path(__file__).resolve().parents[2]


#: Campaign → how much of it: all in one process, which loads the program once. Fuzzing forks, so it comes before any thread.
SMALL = {"fuzz": 80, "kills": 1, "hostile": 5}
CODE = """
import contextlib, io, json
from tests.campaigns.__main__ import main
told = {}
for name, count in %r.items():
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = main([name, "--count", str(count)])
    told[name] = (code, said.getvalue())
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told() -> dict[str, tuple[int, str]]:
    """Campaign → whether it found anything, and what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", CODE % SMALL], capture_output=True, text=True, check=False, cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_a_killed_run_leaves_a_set_and_the_next_one_makes_the_same_products(told) -> None:
    code, said = told["kills"]
    assert code == 0, said
    assert "1 kills at points" in said
    assert "1 reruns identical" in said


def test_changed_files_end_in_a_value_or_in_words(told) -> None:
    code, said = told["fuzz"]
    assert code == 0, said
    assert "80 inputs" in said
    assert "0 faulty inputs" in said


def test_names_that_want_to_be_run_are_shown(told) -> None:
    code, said = told["hostile"]
    assert code == 0, said
    assert "payloads in channels" in said
    assert "products judged" in said or "refused" in said


def test_an_interrupted_command_is_gone_soon(tmp_path: Path) -> None:
    study = street_town(tmp_path / "town", stations=[Place("s", 500)], hosts=[Place("h", 1500)])
    code, seconds = interrupted(
        ["run", study, "--out", tmp_path / "out"], cache=tmp_path / "cache", said=tmp_path / "said", after_s=2.5, group=True
    )  # fmt: skip
    assert seconds < LIMIT_S
    if seconds >= 0:  # else it was done before
        assert code == 130
        assert "Traceback" not in (tmp_path / "said").read_text("utf-8")


@pytest.mark.parametrize("seed", range(3))
def test_a_mutation_is_the_same_each_time_and_another_with_another_seed(seed: int) -> None:
    content = bytes(range(256)) * 4
    made = mutated(content, random.Random(seed))
    assert made == mutated(content, random.Random(seed))
    assert made != content
    assert made != mutated(content, random.Random(seed + 99))
