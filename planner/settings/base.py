"""What every section of the study file is made of, and how it refuses a value in the reader's language."""

from __future__ import annotations

import functools
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import ErrorDetails, PydanticCustomError

from planner.errors import Finding, finding

__all__ = ["Count", "Positive", "Section", "Share", "refused", "told"]

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]

#: Finding for each kind of pydantic's own refusals.
_CODES = {
    "missing": "SET-011",
    **dict.fromkeys(("greater_than", "greater_than_equal", "less_than", "less_than_equal"), "SET-012"),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), "SET-013"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "SET-014"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "SET-015"),
    **dict.fromkeys(("string_type", "path_type"), "SET-016"),
    "literal_error": "SET-017",
    "too_short": "SET-018",
    "too_long": "SET-019",
    "string_pattern_mismatch": "SET-020",
    **dict.fromkeys(("tuple_type", "list_type"), "SET-021"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "SET-022"),
}
_LIMITS = {"greater_than": (">", "gt"), "greater_than_equal": ("≥", "ge"), "less_than": ("<", "lt"),
           "less_than_equal": ("≤", "le")}  # fmt: skip


class Section(BaseModel):
    """A part of the study file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)


def refused(code: str, **details: Any) -> PydanticCustomError:
    """What a validator raises: the finding ``code`` with its ``details``."""
    return PydanticCustomError(code, "{why}", {**details, "why": finding(code, **details).message_en})


def told(error: ErrorDetails, *, source: str, field: str) -> Finding:
    """One of pydantic's errors as a finding in both languages; a kind that has no words keeps pydantic's."""
    value = "" if isinstance(error["input"], dict) else error["input"]
    kind, given = error["type"], dict(error.get("ctx", {}))
    say = functools.partial(finding, source=source, field=field, value=value)
    if kind.startswith(("SET-", "UNI-")):
        given.pop("why")
        return say(kind, **given)
    if kind not in _CODES:
        return say("SET-002", why=error["msg"])
    if kind in _LIMITS:
        sign, key = _LIMITS[kind]
        given = {"sign": sign, "limit": format(given[key], "g")}
    if kind == "literal_error":
        given = {"expected": str(given["expected"]).replace(" or ", ", ")}
    return say(_CODES[kind], **given)
