"""Imports point one way: a room may only import the rooms before it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PLANNER = Path(__file__).resolve().parents[1] / "planner"
#: Room (a file or a folder of ``planner``) → the rooms it may import, besides itself. The one table.
BASE = {"errors", "folders", "jit", "language", "leaving", "progress", "tables", "threads", "version"}
MAY_IMPORT: dict[str, set[str]] = {
    **dict.fromkeys(sorted(BASE), BASE),
    "settings": BASE,
    "solvers": BASE,
    "medians": BASE | {"solvers"},
    "options": BASE | {"solvers"},
    "hours": BASE | {"settings"},
    "inputs": BASE | {"settings", "hours"},
    "fetch": BASE | {"settings", "hours", "inputs"},
    "example": BASE | {"settings", "hours", "inputs"},
    "demand": BASE | {"settings", "hours", "inputs"},
    "roads": BASE | {"settings", "hours", "inputs"},
    "use": BASE,
    "siting": BASE | {"settings", "hours", "solvers", "inputs", "demand", "roads", "use"},
    "evidence": BASE | {"siting", "settings", "hours", "solvers", "inputs", "demand", "roads", "use"},
    "equity": BASE | {"siting", "settings", "hours", "solvers", "inputs", "demand", "roads", "use"},
    "grades": BASE | {"settings", "hours", "inputs", "demand", "siting"},
    "audit": BASE | {"settings", "hours", "inputs"},
    "actions": BASE
    | {"settings", "hours", "solvers", "options", "inputs", "demand", "roads", "siting", "equity"},
    "freight": BASE | {"settings", "hours", "solvers", "inputs", "demand", "roads"},
    "networks": BASE | {"settings", "hours", "solvers", "inputs", "demand", "roads", "use", "siting"},
    "facts": BASE
    | {
        "actions",
        "audit",
        "evidence",
        "networks",
        "equity",
        "grades",
        "settings",
        "hours",
        "solvers",
        "demand",
        "siting",
        "freight",
    },
    "telling": BASE
    | {
        "actions",
        "equity",
        "evidence",
        "grades",
        "audit",
        "settings",
        "hours",
        "solvers",
        "inputs",
        "demand",
        "roads",
        "siting",
        "freight",
        "facts",
        "networks",
    },
    "publish": BASE
    | {
        "actions",
        "equity",
        "evidence",
        "grades",
        "audit",
        "settings",
        "solvers",
        "inputs",
        "demand",
        "roads",
        "siting",
        "freight",
        "facts",
        "telling",
        "networks",
    },
}
MAY_IMPORT["exports"] = MAY_IMPORT["publish"] | {"hours", "publish"}
MAY_IMPORT["workbook"] = MAY_IMPORT["publish"] | {"publish"}
FACADE = {"study", "cli", "__init__", "__main__"}


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


def files_of(room: str) -> list[Path]:
    """The Python files of a room."""
    alone = PLANNER / f"{room}.py"
    return [alone] if alone.is_file() else sorted((PLANNER / room).rglob("*.py"))


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_rooms_before_it(room: str) -> None:
    files = files_of(room)
    assert files
    for path in files:
        strange = imported_rooms(path) - MAY_IMPORT[room] - {room}
        assert not strange, f"{path.relative_to(PLANNER.parent)} imports {sorted(strange)}"


def test_every_module_has_a_room() -> None:
    loose = {p.stem for p in PLANNER.glob("*.py")} | {
        p.name for p in PLANNER.iterdir() if p.is_dir() and any(p.glob("*.py"))
    }
    assert loose == set(MAY_IMPORT) | FACADE


def imported_files(path: Path) -> set[Path]:
    """Files of planner that a file imports anywhere: inside functions and for type checking too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            there = PLANNER.parent.joinpath(*name.split(".")).with_suffix(".py")
            if name.startswith("planner.") and there.is_file():
                found.add(there)
    return found - {path}


def test_no_files_import_each_other_in_a_circle() -> None:
    import networkx as nx

    arrows = nx.DiGraph((a, b) for a in sorted(PLANNER.rglob("*.py")) for b in sorted(imported_files(a)))
    circles = [
        sorted(str(p.relative_to(PLANNER)) for p in c) for c in nx.strongly_connected_components(arrows)
    ]
    assert arrows.number_of_edges() > 300
    assert [c for c in circles if len(c) > 1] == []


def test_no_room_and_no_folder_outgrows_a_reader() -> None:
    for room in sorted(MAY_IMPORT.keys() | FACADE):
        lines = sum(p.read_text("utf-8").count("\n") for p in files_of(room))
        assert lines <= 6300, f"{room} holds {lines} lines"
    for folder in {p.parent for p in PLANNER.rglob("*.py")}:
        files = [p for p in folder.glob("*.py") if p.name != "__init__.py"]
        assert len(files) <= 15, f"{folder.relative_to(PLANNER)} holds {len(files)} files"


def test_a_class_name_stands_once() -> None:
    where: dict[str, list[str]] = {}
    for path in PLANNER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                where.setdefault(node.name, []).append(str(path.relative_to(PLANNER)))
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}


def test_only_the_facade_reaches_into_a_study() -> None:
    for path in [*PLANNER.rglob("*.py"), *(PLANNER.parent / "benchmarks").glob("*.py")]:
        if "study" not in path.parts[-3:-1]:
            found = re.findall(r"\bstudy\._[a-z]\w*", path.read_text("utf-8"))
            assert not found, f"{path.name}: {found}"


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
