"""The reduced problem: what is left to decide, each place with its options as sets of pieces.

Options of one place mostly cover the same demand (longer hours cover what shorter ones do, and more). A *piece* is
a set of rows that the same options of a place cover: stored once, walked once, however many options share it;
changing a place's option touches only the pieces in which the two differ.

What is optimal here is optimal for the request: options that are decided count in ``base`` and in the limits, demand
points that the same options cover are one row, an option that another of its place betters in everything is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.jit import compiled
from planner.options.request import ROUNDING, OptionsRequest
from planner.solvers.merge import equal_columns, fill_rows
from planner.solvers.scale import factor, step_of

__all__ = ["LimitRows", "OptionsCore", "load_of", "reduce_options", "shrink"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class LimitRows:
    """``least − slack ≤ Σ use ≤ most + slack`` over the chosen options, in units of ordinary size.

    ``use``: (n_options × n_limits); ``by``: factor per limit from the request's units to these; ``row``: the limit's
    position in the request.
    """

    use: Floats
    least: Floats
    most: Floats
    slack: Floats
    by: Floats
    row: Ints

    def only(self, options: Ints, taken: Floats) -> LimitRows:
        """The limits of ``options`` alone, once others have used ``taken``."""
        return LimitRows(
            np.ascontiguousarray(self.use[options]), self.least - taken, self.most - taken, self.slack, self.by, self.row
        )  # fmt: skip


@dataclass(frozen=True)
class OptionsCore:
    """What is left to decide; options stand in the order of their places.

    ``place_ptr``: place → options; ``must``: whether one of them has to be taken; ``option_ptr``, ``piece``: option →
    pieces (ascending); ``piece_ptr``, ``row``: piece → rows of demand; ``weight`` per row; ``option``: position in the
    request; ``decided``: options of the request taken beforehand; ``base``: weight covered whatever is chosen; ``unit``:
    every weight is a multiple of it (0: of nothing); ``row_of``: row of each demand point (-1: none). ``stands`` (per option),
    ``apart_ptr``, ``apart`` (place → places): of such places no two take an option that stands; they are never decided beforehand.
    """

    place_ptr: Ints
    must: Bools
    option_ptr: Ints
    piece: Ints
    piece_ptr: Ints
    row: NDArray[np.int32]
    weight: Floats
    limits: LimitRows
    option: Ints
    decided: Ints
    base: float
    unit: float
    row_of: Ints
    stands: Bools
    apart_ptr: Ints
    apart: Ints

    @property
    def n_places(self) -> int:
        """Places left to decide."""
        return len(self.must)

    @property
    def n_options(self) -> int:
        """Options left."""
        return len(self.option)

    @property
    def n_rows(self) -> int:
        """Rows of demand left."""
        return len(self.weight)

    @property
    def place(self) -> Ints:
        """The place of each option."""
        return np.repeat(np.arange(self.n_places), np.diff(self.place_ptr))

    def conflicts(self, options: Ints) -> Ints:
        """Places with one of these options that stands, too near to another such place."""
        standing = np.zeros(self.n_places, bool)
        standing[self.place[options[self.stands[options]]]] = True
        own = np.repeat(np.arange(self.n_places), np.diff(self.apart_ptr))
        return np.unique(own[standing[own] & standing[self.apart]])

    @property
    def arrays(self) -> tuple[Ints, Bools, Ints, Ints, Ints, NDArray[np.int32]]:
        """What the compiled loops walk: places, options, pieces."""
        return self.place_ptr, self.must, self.option_ptr, self.piece, self.piece_ptr, self.row

    def without_rows(self) -> OptionsCore:
        """The same choice, nothing to cover."""
        none, nobody = np.zeros(0, np.int64), np.zeros(0, np.int32)
        nothing = np.zeros(self.n_options + 1, np.int64)
        return replace(
            self, option_ptr=nothing, piece=none, piece_ptr=np.zeros(1, np.int64), row=nobody, weight=np.zeros(0),
        )  # fmt: skip

    def covers(self) -> sparse.csr_array:
        """(n_options × n_rows) of ones."""
        of = sparse.csr_array(
            (np.ones(len(self.piece)), self.piece, self.option_ptr),
            shape=(self.n_options, len(self.piece_ptr) - 1),
        )
        rows = sparse.csr_array(
            (np.ones(len(self.row)), self.row, self.piece_ptr),
            shape=(len(self.piece_ptr) - 1, self.n_rows),
        )
        return sparse.csr_array(of @ rows)


def reduce_options(request: OptionsRequest, may: Bools | None = None) -> OptionsCore:
    """The core of a request that can be obeyed; ``may``: only these options (default: all that are allowed).

    A place that must take an option and has one left is decided.
    """
    limits = _limit_rows(request)
    free = request.may() if may is None else may
    must = request.must.copy()
    must[request.place[request.required]] = True
    options = np.flatnonzero(free)
    options = options[np.argsort(request.place[options], kind="stable")]
    wanted = ~request.covered & (request.weights > 0)
    row_of = np.where(wanted, np.cumsum(wanted) - 1, -1).astype(np.int32)
    ptr, idx = fill_rows(request.covers.indptr, request.covers.indices, options, row_of)
    code, place = np.unique(request.place[options], return_inverse=True)
    starts = _pointer(place, len(code))
    option_ptr, piece, piece_ptr, row = _pieces(starts, ptr, idx, int(wanted.sum()))
    core = OptionsCore(
        place_ptr=starts, must=must[code], option_ptr=option_ptr, piece=piece, piece_ptr=piece_ptr, row=row,
        weight=request.weights[wanted], limits=limits.only(options, np.zeros(len(request.limits))), option=options,
        decided=np.empty(0, np.int64), base=float(request.weights[request.covered].sum()), unit=0.0,
        row_of=row_of.astype(np.int64), stands=request.stands[options] if len(request.apart) else np.zeros(len(options), bool),
        **_places_apart(request.apart, code, len(request.labels)),
    )  # fmt: skip
    return shrink(core, ~_bettered(core), core.must)


def _places_apart(pairs: Ints, code: Ints, n: int) -> dict[str, Ints]:
    """Place → the places it must be apart from, in the numbers of those that are left (``code``)."""
    number = np.full(n, -1, np.int64)
    number[code] = np.arange(len(code))
    both = number[pairs]
    both = both[(both >= 0).all(axis=1)]
    own, other = np.concatenate([both, both[:, ::-1]]).T if len(both) else np.zeros((2, 0), np.int64)
    order = np.lexsort((other, own))
    return {"apart_ptr": _pointer(own[order], len(code)), "apart": other[order].astype(np.int64)}


def shrink(core: OptionsCore, keep: Bools, must: Bools) -> OptionsCore:
    """The core with only the options marked in ``keep``, places marked in ``must`` bound to take one of these."""
    place = core.place
    held = np.bincount(place[keep], minlength=core.n_places)
    alone = must & (held == 1) & (np.diff(core.apart_ptr) == 0)
    taken = np.flatnonzero(keep & alone[place])
    left = np.flatnonzero(keep & ~alone[place])
    places = np.flatnonzero((held > 0) & ~alone)
    starts = np.concatenate([[0], np.cumsum(held[places])]).astype(np.int64)
    served = np.zeros(core.n_rows, np.bool_)
    _mark_rows(core.option_ptr, core.piece, core.piece_ptr, core.row, taken, served)
    row_of = np.where(served, -1, np.cumsum(~served) - 1).astype(np.int32)
    ptr, old = fill_rows(
        core.option_ptr, core.piece.astype(np.int32), left, np.arange(len(core.piece_ptr) - 1, dtype=np.int32)
    )
    option_ptr, piece, group_ptr, olds = _pieces(starts, ptr, old, len(core.piece_ptr) - 1)
    parts_ptr, rows = fill_rows(core.piece_ptr, core.row, olds.astype(np.int64), row_of)
    piece_ptr, rows, weight, merged = _merged(parts_ptr[group_ptr], rows, core.weight[~served])
    own = np.repeat(np.arange(core.n_places), np.diff(core.apart_ptr))
    pairs = np.column_stack([own, core.apart])[own < core.apart]
    number = np.full(core.n_rows + 1, -1, np.int64)
    number[np.flatnonzero(~served)] = merged
    return OptionsCore(
        place_ptr=starts, must=must[places], option_ptr=option_ptr, piece=piece, piece_ptr=piece_ptr, row=rows,
        weight=weight, limits=core.limits.only(left, load_of(core, taken)), option=core.option[left],
        decided=np.concatenate([core.decided, core.option[taken]]), base=core.base + float(core.weight[served].sum()),
        unit=step_of(weight), row_of=number[core.row_of], stands=core.stands[left], **_places_apart(pairs, places, core.n_places),
    )  # fmt: skip


@compiled
def _mark_rows(option_ptr, piece, piece_ptr, row, options, served):  # type: ignore[no-untyped-def]
    """Mark the rows that these options cover."""
    for o in options:
        for e in range(option_ptr[o], option_ptr[o + 1]):
            for f in range(piece_ptr[piece[e]], piece_ptr[piece[e] + 1]):
                served[row[f]] = True


def _pointer(of: Ints, n: int) -> Ints:
    """Row pointers of a CSR whose entries belong to ``of``, which is sorted."""
    return np.concatenate([[0], np.cumsum(np.bincount(of, minlength=n))]).astype(np.int64)


def load_of(core: OptionsCore, options: Ints) -> Floats:
    """What these core options use of each limit."""
    total: Floats = core.limits.use[options].sum(axis=0)
    return total


def _limit_rows(request: OptionsRequest) -> LimitRows:
    """The limits in units of ordinary size: steps of one where there are steps, else powers of two."""
    count, n = len(request.limits), request.n_options
    use, by = np.zeros((n, count)), np.ones(count)
    least, most, slack = np.zeros(count), np.zeros(count), np.zeros(count)
    for r, limit in enumerate(request.limits):
        size = np.abs(limit.use)
        step = step_of(size[size > 0])
        by[r] = 1.0 / step if step > 0 else factor(float(size.max(initial=0.0)))
        use[:, r] = limit.use * by[r]
        slack[r] = ROUNDING * request.span(limit) * by[r]
        low, high = limit.least * by[r] - slack[r], limit.most * by[r] + slack[r]
        least[r] = np.ceil(low) if step > 0 and np.isfinite(low) else limit.least * by[r]
        most[r] = np.floor(high) if step > 0 and np.isfinite(high) else limit.most * by[r]
    return LimitRows(use, least, most, slack, by, np.arange(count))


def _merged(ptr: Ints, idx: NDArray[np.int32], weight: Floats) -> tuple[Ints, NDArray[np.int32], Floats, Ints]:  # fmt: skip
    """Equal rows become one, rows that no option covers go; also the new row of each old one (-1: gone)."""
    m, n = len(ptr) - 1, len(weight)
    if n == 0:
        return ptr, idx, weight, np.empty(0, np.int64)
    first, which = equal_columns(sparse.csr_array((np.ones(len(idx), np.int8), idx, ptr), shape=(m, n)))
    hit = np.zeros(n, bool)
    hit[idx] = True
    live = hit[first]
    number = np.where(live, np.cumsum(live) - 1, -1)
    row_of = np.full(n, -1, np.int32)
    row_of[first[live]] = np.arange(int(live.sum()), dtype=np.int32)
    ptr, idx = fill_rows(ptr, idx, np.arange(m), row_of)
    summed = np.bincount(which, weights=weight, minlength=len(first))[live].astype(np.float64)
    return ptr, idx, summed, number[which]


@compiled
def _renumber(ptr, idx, start, end, now, piece_of, begun, pieces, number):  # type: ignore[no-untyped-def]
    """Pieces of the entries of options ``start`` … ``end``, numbers of those that were split up whole used again; how many."""
    number[begun:pieces] = -1
    used = 0
    for e in range(ptr[start], ptr[end]):
        q = now[idx[e]]
        if number[q] < 0:
            number[q] = begun + used
            used += 1
        piece_of[e] = number[q]
    return used


@compiled
def _refine(place_ptr, ptr, idx, n_rows, piece_of, first):  # type: ignore[no-untyped-def]
    """Number of pieces of all places; per entry its piece in ``piece_of``, whether it is its row's first in ``first``.

    Per place: rows start in no piece; each option in turn splits every piece into the rows it covers and the others.
    """
    seen = np.full(n_rows, -1, np.int32)
    now = np.zeros(n_rows, np.int32)
    split = np.full(len(idx) + 1, -1, np.int32)
    stamp = np.full(len(idx) + 1, -1, np.int32)
    pieces = 0
    for p in range(len(place_ptr) - 1):
        begun = pieces
        for o in range(place_ptr[p], place_ptr[p + 1]):
            fresh = -1
            for e in range(ptr[o], ptr[o + 1]):
                j = idx[e]
                if seen[j] != p:
                    seen[j] = p
                    first[e] = True
                    if fresh < 0:
                        fresh = pieces
                        pieces += 1
                    now[j] = fresh
                    continue
                q = now[j]
                if stamp[q] != o:
                    stamp[q] = o
                    split[q] = pieces
                    pieces += 1
                now[j] = split[q]
        pieces = begun + _renumber(
            ptr, idx, place_ptr[p], place_ptr[p + 1], now, piece_of, begun, pieces, split
        )
        stamp[begun:pieces] = -1
    return pieces


@compiled
def _gather(ptr, piece_of, first, idx, count, stamp, piece_ptr, rows, option_ptr, piece):  # type: ignore[no-untyped-def]
    """Fill the CSRs piece → rows and option → pieces (``piece``: as long as there are entries; returns how many it takes)."""
    for e in range(len(idx)):
        if first[e]:
            piece_ptr[piece_of[e] + 1] += 1
    for q in range(count):
        piece_ptr[q + 1] += piece_ptr[q]
    at = piece_ptr[:-1].copy()
    for e in range(len(idx)):
        if first[e]:
            rows[at[piece_of[e]]] = idx[e]
            at[piece_of[e]] += 1
    used = 0
    for o in range(len(ptr) - 1):
        begun = used
        for e in range(ptr[o], ptr[o + 1]):
            if stamp[piece_of[e]] != o:
                stamp[piece_of[e]] = o
                piece[used] = piece_of[e]
                used += 1
        piece[begun:used].sort()
        option_ptr[o + 1] = used
    return used


def _pieces(
    place_ptr: Ints, ptr: Ints, idx: NDArray[np.int32], n_rows: int
) -> tuple[Ints, Ints, Ints, NDArray[np.int32]]:
    """CSR option → pieces and piece → rows."""
    piece_of, first = np.zeros(len(idx), np.int32), np.zeros(len(idx), np.bool_)
    count = int(_refine(place_ptr, ptr, idx, n_rows, piece_of, first))
    piece_ptr, option_ptr = np.zeros(count + 1, np.int64), np.zeros(len(ptr), np.int64)
    rows, piece = np.zeros(int(first.sum()), np.int32), np.zeros(len(idx), np.int32)
    stamp = np.full(count, -1, np.int64)
    used = _gather(ptr, piece_of, first, idx, count, stamp, piece_ptr, rows, option_ptr, piece)
    return option_ptr, piece[:used].astype(np.int64), piece_ptr, rows


@compiled
def _within(option_ptr, piece, a, b):  # type: ignore[no-untyped-def]
    """Whether option ``b`` has all pieces of option ``a``."""
    f, end = option_ptr[b], option_ptr[b + 1]
    for e in range(option_ptr[a], option_ptr[a + 1]):
        while f < end and piece[f] < piece[e]:
            f += 1
        if f == end or piece[f] != piece[e]:
            return False
    return True


@compiled
def _no_dearer(use, low, high, a, b):  # type: ignore[no-untyped-def]
    """Whether taking option ``b`` (-1: none) for ``a`` keeps every limit that ``a`` kept."""
    for r in range(use.shape[1]):
        theirs = use[b, r] if b >= 0 else 0.0
        if (high[r] and theirs > use[a, r]) or (low[r] and theirs < use[a, r]):
            return False
    return True


@compiled
def _mark_bettered(place_ptr, must, option_ptr, piece, use, low, high, stands, out):  # type: ignore[no-untyped-def]
    """Mark options that another of their place (or none, where none may be) betters or equals in everything.

    An option that stands, where others may not then, betters only those that stand too.
    """
    for p in range(len(must)):
        for a in range(place_ptr[p], place_ptr[p + 1]):
            if not must[p] and option_ptr[a] == option_ptr[a + 1] and _no_dearer(use, low, high, a, -1):
                out[a] = True
                continue
            for b in range(place_ptr[p], place_ptr[p + 1]):
                if (
                    a != b
                    and not out[b]
                    and (stands[a] or not stands[b])
                    and _no_dearer(use, low, high, a, b)
                    and _within(option_ptr, piece, a, b)
                ):
                    out[a] = True
                    break


def _bettered(core: OptionsCore) -> Bools:
    out = np.zeros(core.n_options, np.bool_)
    low, high = np.isfinite(core.limits.least), np.isfinite(core.limits.most)
    _mark_bettered(
        core.place_ptr, core.must, core.option_ptr, core.piece, core.limits.use, low, high, core.stands, out
    )
    return out
