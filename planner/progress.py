"""How long work tells what it is doing: a callable taking (what, share done 0..1)."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]


def silent(_label: str, _share: float) -> None:
    """Say nothing."""
