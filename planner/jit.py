"""Compiled loops with a cache where one can be kept, and without one where not.

Numba's ``cache=True`` raises where no cache folder can be written (a read-only install); the same
function is then compiled once per run instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

__all__ = ["compiled"]


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """``numba.njit`` without the GIL, kept on disk; not kept where no folder can be written.

    Division by zero gives inf or NaN as in NumPy: a test for it in every loop costs time.
    """
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # "no locator available": nowhere to write
        return numba.njit(nogil=True, error_model="numpy")(function)
