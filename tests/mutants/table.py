"""Which files get faults, and which tests must notice them (each list runs in seconds; first the likeliest killers)."""

from __future__ import annotations

#: Pattern of files below the checkout → their tests. The first pattern that fits holds; a file may be mutated by none.
TESTS: dict[str, tuple[str, ...]] = {
    "planner/siting/coverage.py": ("tests/siting/test_glue_coverage.py", "tests/siting/test_coverage.py"),
    "planner/siting/candidates.py": ("tests/siting/test_glue_candidates.py",),
    "planner/siting/questions/robust.py": ("tests/siting/test_glue_robust.py", "tests/siting/test_curve.py"),
    "planner/siting/explain.py": ("tests/siting/test_glue_explain.py", "tests/siting/test_reasons.py"),
    "planner/publish/page/data*.py": ("tests/publish/test_glue_page.py",),
    "planner/publish/**/contents.py": ("tests/publish/test_glue_contents.py",),
    "planner/publish/contents.py": ("tests/publish/test_glue_contents.py",),
    "planner/publish/runfile.py": ("tests/publish/test_glue_runfile.py",),
    "planner/inputs/hours.py": ("tests/inputs/test_glue_hours.py", "tests/inputs/test_hours.py"),
    "planner/facts/*.py": ("tests/facts",),
    "planner/study/*.py": (
        "tests/study/test_glue.py",
        "tests/study/test_stage_keys.py",
        "tests/study/test_what_if.py",
    ),
}

#: What is mutated when nothing is asked for: all of the table but these, which wait for their tests.
WAITING = ("planner/facts/*.py", "planner/study/*.py")
