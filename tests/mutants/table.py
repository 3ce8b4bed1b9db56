"""Which files get faults, and which tests must notice them (each list runs in seconds; first the likeliest killers)."""

from __future__ import annotations

#: Pattern of files below the checkout → their tests. The first pattern that fits holds; a file may be mutated by none.
TESTS: dict[str, tuple[str, ...]] = {
    "planner/options/[!k_]*.py": ("tests/options/test_options_refusals.py", "tests/options/test_options_brute.py", "tests/options/test_options_known.py"),
    "planner/actions/frontier.py": ("tests/actions/test_money_front.py",),
    "planner/actions/*.py": ("tests/actions/test_five_verbs.py", "tests/actions/test_products.py"),
    "planner/facts/actions.py": ("tests/actions/test_products.py",),
    "planner/telling/contents/actions/*.py": ("tests/actions/test_products.py",),
    "planner/siting/coverage.py": ("tests/siting/test_glue_coverage.py", "tests/siting/test_coverage.py"),
    "planner/siting/gaps.py": ("tests/siting/test_glue_coverage.py", "tests/siting/test_coverage.py"),
    "planner/siting/candidates.py": ("tests/siting/test_glue_candidates.py",),
    "planner/siting/questions/robust.py": ("tests/siting/test_glue_robust.py", "tests/siting/test_curve.py"),
    "planner/siting/explain.py": ("tests/siting/test_glue_explain.py", "tests/siting/test_reasons.py"),
    "planner/siting/reach.py": ("tests/siting/test_glue_reach.py", "tests/siting/test_whereabouts.py", "tests/study/test_glue.py", "tests/study/test_second_time.py", "tests/study/test_what_if.py"),
    "planner/siting/proposal.py": ("tests/siting/test_glue_reach.py", "tests/study/test_glue.py", "tests/study/test_second_time.py", "tests/study/test_what_if.py"),
    "planner/publish/page/data.py": ("tests/publish/test_glue_page.py", "tests/publish/test_known_page.py", "tests/publish/test_glue_tables.py"),
    "planner/publish/page/layers.py": ("tests/publish/test_glue_page.py", "tests/publish/test_known_page.py"),
    "planner/publish/page/values.py": ("tests/publish/test_glue_page.py", "tests/publish/test_known_page.py"),
    "planner/telling/contents/assumptions.py": ("tests/publish/test_glue_tables.py", "tests/publish/test_glue_assumptions.py", "tests/publish/test_known_tables.py"),
    "planner/telling/contents/certificate.py": ("tests/publish/test_glue_tables.py", "tests/publish/test_glue_assumptions.py", "tests/publish/test_glue_contents.py"),
    "planner/telling/contents/decision.py": ("tests/publish/test_decision.py", "tests/publish/test_glue_tables.py"),
    "planner/telling/contents/places.py": ("tests/publish/test_glue_tables.py", "tests/publish/test_decision.py", "tests/publish/test_known_tables.py"),
    "planner/telling/contents/questions.py": ("tests/publish/test_options.py", "tests/publish/test_known_tables.py", "tests/publish/test_glue_tables.py"),
    "planner/telling/contents/*.py": ("tests/publish/test_glue_contents.py", "tests/publish/test_glue_tables.py", "tests/publish/test_known_tables.py",
                                      "tests/publish/test_known_reports.py", "tests/publish/test_decision.py"),
    "planner/telling/run.py": ("tests/publish/test_glue_runfile.py", "tests/publish/test_known_tables.py"),
    "planner/facts/*.py": ("tests/facts/test_glue_facts.py", "tests/facts/test_register.py"),
    "planner/hours/parse.py": ("tests/inputs/test_glue_hours.py", "tests/inputs/test_hours.py"),
    "planner/study/parts.py": ("tests/study/test_stages.py",),
    "planner/study/takes.py": ("tests/study/test_stages.py", "tests/study/test_stage_keys.py"),
    "planner/study/stages.py": ("tests/study/test_glue_engine.py", "tests/study/test_stages.py", "tests/study/test_second_time.py"),
    "planner/study/store.py": ("tests/study/test_glue_facade.py", "tests/study/test_stages.py", "tests/study/test_glue_words.py", "tests/study/test_second_time.py"),
    "planner/study/table/whole.py": ("tests/study/test_terminal_pieces.py", "tests/study/test_stage_keys.py"),
    "planner/study/table/*.py": ("tests/study/test_glue_table.py", "tests/study/test_stage_keys.py", "tests/study/test_second_time.py", "tests/study/test_glue.py",
                                 "tests/study/test_what_if.py"),
    "planner/study/terminal.py": ("tests/study/test_terminal_pieces.py", "tests/study/test_terminal.py"),
    "planner/study/closures.py": ("tests/study/test_what_if.py", "tests/study/test_glue_words.py", "tests/study/test_glue.py"),
    "planner/study/[!bj_]*.py": (  # a batch (processes of its own) and the judge (48 studies) are too slow for this
        "tests/study/test_glue_facade.py", "tests/study/test_what_if.py", "tests/study/test_glue.py", "tests/study/test_second_time.py", "tests/study/test_glue_words.py"),
}  # fmt: skip
