"""Imports point one way: a room may only import the rooms before it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PLANNER = Path(__file__).resolve().parents[1] / "planner"
BASE = {
    "errors", "folders", "progress", "settings", "settings_base", "settings_freight", "settings_siting", "tables",
}  # fmt: skip
MAY_IMPORT = {
    "inputs": BASE,
    "demand": BASE | {"inputs"},
    "roads": BASE | {"inputs"},
    "siting": BASE | {"inputs", "demand", "roads"},
    "publish": BASE | {"inputs", "demand", "roads", "siting"},
}
FACADE = {
    "stages",
    "groundwork",
    "proposal",
    "study",
    "study_inputs",
    "store",
    "products",
    "evaluate",
    "questions",
    "closures",
    "batch",
    "cli",
    "__init__",
    "__main__",
}


def imported_rooms(path: Path) -> set[str]:
    """Rooms of planner that a file imports anywhere, also inside functions."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "planner":
                rooms |= {alias.name for alias in node.names}
            elif node.module and node.module.startswith("planner."):
                rooms.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            rooms |= {a.name.split(".")[1] for a in node.names if a.name.startswith("planner.")}
    return rooms


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_rooms_before_it(room: str) -> None:
    files = sorted((PLANNER / room).rglob("*.py"))
    assert files
    for path in files:
        strange = imported_rooms(path) - MAY_IMPORT[room] - {room}
        assert not strange, f"{path.relative_to(PLANNER.parent)} imports {sorted(strange)}"


def test_the_base_imports_nothing_of_ours_but_the_base() -> None:
    for name in BASE:
        assert imported_rooms(PLANNER / f"{name}.py") <= BASE


def test_every_module_has_a_room() -> None:
    loose = {p.stem for p in PLANNER.glob("*.py")}
    assert loose <= BASE | FACADE
    assert {p.name for p in PLANNER.iterdir() if p.is_dir() and any(p.glob("*.py"))} == set(MAY_IMPORT)


def test_nothing_is_pickled() -> None:
    for path in PLANNER.rglob("*.py"):
        text = path.read_text("utf-8")
        for word in (
            "import pickle",
            "import joblib",
            "import dill",
            "read_pickle",
            "to_pickle",
            "allow_pickle=True",
        ):
            assert word not in text, f"{path}: {word}"


def test_import_planner_loads_no_heavy_library() -> None:
    import subprocess
    import sys

    code = "import sys, planner; print([m for m in ('numba','osmnx','folium','geopandas','sklearn') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
