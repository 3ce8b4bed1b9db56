"""Turn restrictions as they stand in an OSM file: a street to come from, a node to pass, a street to go to.

https://wiki.openstreetmap.org/wiki/Relation:restriction; what they mean to a mode is in
:mod:`planner.roads.turns`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from planner.inputs.osm.protobuf import StringTable, UnusualError, few_varints, message_fields, signed

__all__ = ["RESTRICTION_KEYS", "RawTurn", "TurnRule", "relations_of", "turn_of_text", "turn_rules"]

_VEHICLES = ("vehicle", "motor_vehicle", "motorcar", "hgv", "goods", "bicycle", "psv", "bus", "caravan")
#: Keys by which a relation is a turn restriction.
RESTRICTION_KEYS = (
    "restriction", "restriction:conditional", *(f"restriction:{v}" for v in _VEHICLES),
    *(f"restriction:{v}:conditional" for v in _VEHICLES),
)  # fmt: skip
#: Further keys of such a relation that matter.
_KEPT = {*RESTRICTION_KEYS, "type", "except", "day_on", "day_off", "hour_on", "hour_off"}
_WORDS = {k.encode() for k in RESTRICTION_KEYS}
_KINDS = "nwr"


@dataclass(frozen=True)
class RawTurn:
    """A restriction as read: relation, tags, and members as (``n``, ``w`` or ``r``; id; role)."""

    relation: int
    tags: Mapping[str, str]
    members: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True)
class TurnRule:
    """A restriction on streets that were read.

    Attributes
    ----------
    relation, tags
        As in the file.
    from_ways, to_ways
        OSM ways to come from and to go to.
    via
        Vertex of the streets at which it holds; -1 if it names none of them, or several.
    along
        Whether it passes along ways instead of a node.
    """

    relation: int
    tags: Mapping[str, str]
    from_ways: tuple[int, ...]
    to_ways: tuple[int, ...]
    via: int
    along: bool


def turn_rules(raw: Iterable[RawTurn], vertex: np.ndarray) -> tuple[TurnRule, ...]:
    """Restrictions with the vertex they hold at; ``vertex``: ids of the streets' nodes, ascending."""
    made = []
    for turn in sorted(raw, key=lambda t: t.relation):
        named = {
            (kind, role): tuple(m for k, m, r in turn.members if (k, r) == (kind, role))
            for kind, role in (("w", "from"), ("w", "to"), ("n", "via"), ("w", "via"))
        }
        nodes, at = named["n", "via"], -1
        if len(nodes) == 1 and vertex.size:
            near = min(int(np.searchsorted(vertex, nodes[0])), vertex.size - 1)
            at = near if vertex[near] == nodes[0] else -1
        made.append(
            TurnRule(
                turn.relation, turn.tags, named["w", "from"], named["w", "to"], at, bool(named["w", "via"])
            )
        )
    return tuple(made)


def _judged(relation: int, tags: Mapping[str, str], members: Iterable[tuple[str, int, str]]) -> list[RawTurn]:
    """The relation if it is a restriction."""
    kept = {k: v for k, v in tags.items() if k in _KEPT}
    if not kept.get("type", "").startswith("restriction") or not kept.keys() & set(RESTRICTION_KEYS):
        return []
    return [RawTurn(relation, kept, tuple(members))]


def relations_of(group: bytes, table: bytes) -> list[RawTurn]:
    """The restrictions among a group of relations of a ``.osm.pbf``; ``table``: the block's strings.

    https://wiki.openstreetmap.org/wiki/PBF_Format#Relations
    """
    if b"restriction" not in table:
        return []
    strings = StringTable(table)
    wanted = [_varint_bytes(i) for i in strings.starting(b"restriction") if strings[i] in _WORDS]
    made: list[RawTurn] = []
    for number, message in message_fields(group):
        if number != 4 or not isinstance(message, bytes):
            raise UnusualError
        if any(key in message for key in wanted):  # perhaps: its keys decide
            made += _relation(dict(message_fields(message)), strings)
    return made


def _varint_bytes(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _relation(fields: Mapping[int, bytes | int], strings: StringTable) -> list[RawTurn]:
    """One relation, if it is a restriction."""
    keys, values, roles, steps, kinds = (_packed(fields, n) for n in (2, 3, 8, 9, 10))
    relation = fields.get(1)
    if not isinstance(relation, int):
        raise UnusualError

    def text(numbers: list[int]) -> list[str]:
        return [strings[i].decode("utf-8", "replace") for i in numbers]

    ids = accumulate((n >> 1) ^ -(n & 1) for n in steps)
    members = zip([_KINDS[k] for k in kinds], ids, text(roles), strict=True)
    return _judged(signed(relation), dict(zip(text(keys), text(values), strict=True)), members)


def _packed(fields: Mapping[int, bytes | int], number: int) -> list[int]:
    run = fields.get(number, b"")
    if not isinstance(run, bytes):
        raise UnusualError
    return few_varints(run)


def turn_of_text(relation: int, tags: Mapping[str, str], members: Iterable[str]) -> list[RawTurn]:
    """A restriction from osmium's OPL form, whose members read ``w12@from``; [] if it is none."""
    parts = [(m[:1], *m[1:].partition("@")[::2]) for m in members if m]
    return _judged(relation, tags, [(kind, int(number), role) for kind, number, role in parts])
