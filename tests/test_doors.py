"""The public names open, whatever room they live in."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import planner
from planner import demand


@pytest.mark.parametrize("room", [planner, demand], ids=lambda m: m.__name__)
def test_every_public_name_of_a_room_opens(room) -> None:
    for name in room.__all__:
        assert getattr(room, name) is not None, name
    assert set(room.__all__) <= set(dir(room))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = room.nothing


@pytest.mark.parametrize(
    "name",
    [m.name for m in pkgutil.walk_packages(planner.__path__, "planner.") if not m.name.endswith("__main__")],
)
def test_every_module_can_be_imported_alone(name: str) -> None:
    module = importlib.import_module(name)
    for public in getattr(module, "__all__", ()):
        assert hasattr(module, public), f"{name}.__all__ names {public}, which is not there"
