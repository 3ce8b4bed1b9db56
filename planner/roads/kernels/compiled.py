"""How the kernels of ``planner.roads`` are compiled: once, kept on disk where a folder can be written.

This module and all ``kernels_*`` import Numba and are therefore only imported inside functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

__all__ = ["jit"]


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """``numba.njit`` without the GIL, cached on disk; uncached where no cache folder can be written."""
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:
        return numba.njit(nogil=True, error_model="numpy")(function)
