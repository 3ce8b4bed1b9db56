"""The page's board read by other code than the page's: plain loops over what ``planner/publish/page/board`` describes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Integers = Callable[[bytes, Sequence[int]], list[int]]


def _unzigzag(step: int) -> int:
    return -(step + 1) // 2 if step % 2 else step // 2


def _counts(way: dict[str, Any], blob: bytes, integers: Integers) -> list[list[int]]:
    """Workers of each column per group, in units of 1/per."""
    told = [integers(blob, ref) for ref in way["workers"]]
    base = told[way["base"]]
    out = [base if g == way["base"] else [] for g in range(len(told))]
    for g, own in enumerate(told):
        if g == way["base"]:
            continue
        before, before_base = 0, 0
        for off, b in zip(own, base, strict=True):
            before = off + int(b * (before / max(before_base, 1)) + 0.5)
            before_base = b
            out[g].append(before)
    return out


def covered_shares(head: dict[str, Any], blob: bytes, integers: Integers) -> dict[str, float]:
    """Share of the workers who have an open station in the headline's state, today and with the proposal."""
    board = head["board"]
    n_old = len(board["stations"]["id"])
    open_in = [board["open"]["kinds"][k] for k in integers(blob, board["open"]["of"])]
    closed, order = set(integers(blob, board["closed"])), integers(blob, board["order"])
    chosen = {n_old + i for i in integers(blob, board["chosen"])}
    plans = {"today": set(range(n_old)), "proposal": set(range(n_old)) - closed | chosen}
    covered, whole = dict.fromkeys(plans, 0.0), 0.0
    groups = [g["name"] for g in board["groups"]]
    for way in board["ways"]:
        workers = _counts(way, blob, integers)
        shares = [board["shares"][groups.index(g)] for g in way["groups"]]
        back, count, changes = (integers(blob, way[k]) for k in ("back", "count", "changes"))
        columns: list[dict[int, int]] = []
        at = before = 0
        for j, (by, n) in enumerate(zip(back, count, strict=True)):
            reach = dict(columns[j - by]) if by else {}
            last = before
            for k in range(n):
                step, level = divmod(changes[at], way["levels"] + 1)
                at += 1
                last += _unzigzag(step) if k == 0 else step
                before = last if k == 0 else before
                if level:
                    reach[last] = level
                else:
                    del reach[last]
            columns.append(reach)
            if j >= 16:
                columns[j - 16] = {}
            near = [order[s] for s, level in reach.items() if level >= way["own"]]
            for plan, sites in plans.items():
                bits = 0
                for s in near:
                    if s in sites:
                        bits |= open_in[s]
                if bits:
                    covered[plan] += sum(
                        own[j] / way["per"] * sum(v for t, v in enumerate(share) if bits >> t & 1)
                        for own, share in zip(workers, shares, strict=True)
                    )
    for row in board["workers"]:
        whole += sum(v * sum(share) for v, share in zip(row, board["shares"], strict=True))
    return {plan: v / whole for plan, v in covered.items()}
