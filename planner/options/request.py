"""What a caller asks of options, checked once and put into arrays; nothing downstream checks again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.solvers.request import (
    Partition,
    RequestError,
    check_covered,
    check_covers,
    check_rules,
    check_weights,
    partition,
)

__all__ = ["Limit", "OptionsRequest", "check_options", "relimited"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: A sum that passes its limit by this share of what all places could use at most still keeps it (rounding of sums).
ROUNDING = 1e-12


@dataclass(frozen=True)
class Limit:
    """``least ≤ Σ use over the chosen options ≤ most``.

    ``kind``: a resource, or the number of options chosen in a region; ``name``: of the resource, or the region's label.
    """

    kind: Literal["use", "quota"]
    name: Any
    use: Floats
    least: float
    most: float


@dataclass(frozen=True)
class OptionsRequest:
    """Options and their limits: coverage CSR (structure only), weights, what is covered, places.

    ``place``: code per option; ``labels``: of each code; ``must``: per code whether exactly one of its options is taken
    (else at most one); ``required``, ``forbidden``: positions of options; ``unknown``: labels asked for in ``must`` that no
    option has. ``apart`` (n × 2): codes of places of which no more than one may take an option that ``stands`` (per option).
    """

    covers: Any
    weights: Floats
    covered: Bools
    place: Ints
    labels: tuple[Any, ...]
    must: Bools
    required: Ints
    forbidden: Ints
    limits: tuple[Limit, ...]
    unknown: tuple[Any, ...] = ()
    apart: Ints = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    stands: Bools = field(default_factory=lambda: np.zeros(0, bool))

    @property
    def n_options(self) -> int:
        """How many options there are."""
        return len(self.place)

    def may(self) -> Bools:
        """Options that are not forbidden, and no other option of their place is required."""
        taken = np.full(len(self.labels), -1, np.int64)
        taken[self.place[self.required]] = self.required
        mine = taken[self.place]
        free: Bools = (mine < 0) | (mine == np.arange(self.n_options))
        free[self.forbidden] = False
        return free

    def span(self, limit: Limit) -> float:
        """What all places could use at most, in absolute terms: against it rounding is measured."""
        top = np.zeros(len(self.labels))
        np.maximum.at(top, self.place, np.abs(limit.use))
        return float(top.sum())

    def allows(self, chosen: Ints) -> bool:
        """Whether these options obey every rule, sums within rounding."""
        count = np.bincount(self.place[chosen], minlength=len(self.labels))
        if (count > 1).any() or (self.must & (count != 1)).any() or self.unknown:
            return False
        if not np.isin(self.required, chosen).all() or np.isin(self.forbidden, chosen).any():
            return False
        if len(self.apart):
            standing = np.isin(np.arange(len(self.labels)), self.place[chosen[self.stands[chosen]]])
            if standing[self.apart].all(axis=1).any():
                return False
        for limit in self.limits:
            total, slack = float(limit.use[chosen].sum()), 2 * ROUNDING * self.span(limit)
            if not limit.least - slack <= total <= limit.most + slack:
                return False
        return True


def check_options(
    covers: Any,
    weights: ArrayLike,
    place: ArrayLike,
    *,
    must: Iterable[Any] = (),
    covered: ArrayLike | None = None,
    use: Mapping[Any, ArrayLike] | None = None,
    least: Mapping[Any, float] | None = None,
    most: Mapping[Any, float] | None = None,
    required: Iterable[int] = (),
    forbidden: Iterable[int] = (),
    region: ArrayLike | None = None,
    quota_min: Mapping[Any, int] | None = None,
    quota_max: Mapping[Any, int] | None = None,
    apart: Iterable[tuple[Any, Any]] = (),
    stands: ArrayLike | None = None,
) -> OptionsRequest:
    """The arguments of :func:`planner.maximal_covering_options` as arrays.

    Raises
    ------
    RequestError
        An array of the wrong length, NaN, negative weights, positions out of range, a limit on a resource
        that no option uses, quotas without regions, a place that is to be apart from itself.
    """
    matrix = check_covers(covers)
    m, n = matrix.shape
    rules = check_rules(
        m, None, required=required, forbidden=forbidden, region=region, quota_min=quota_min, quota_max=quota_max,
        needs_count=False,
    )  # fmt: skip
    labels = _per_option(place, m, "place")
    places = partition(labels, name="place")
    code = {label: k for k, label in enumerate(places.labels)}
    asked = [must] if isinstance(must, (str, bytes)) else list(must)
    is_must = np.zeros(len(places.labels), bool)
    is_must[[code[label] for label in asked if label in code]] = True
    return OptionsRequest(
        covers=matrix,
        weights=check_weights(weights, n),
        covered=check_covered(covered, n),
        place=places.of,
        labels=places.labels,
        must=is_must,
        required=rules.required,
        forbidden=rules.forbidden,
        limits=(*_resources(use or {}, least or {}, most or {}, m), *_quotas(rules.partitions[0])),
        unknown=tuple(label for label in asked if label not in code),
        apart=_apart(apart, code),
        stands=_standing(stands, m),
    )


def _apart(pairs: Iterable[tuple[Any, Any]], code: Mapping[Any, int]) -> Ints:
    """Pairs of codes, each once; pairs of which one has no option say nothing."""
    found = [sorted((code[a], code[b])) for a, b in pairs if a in code and b in code]
    if any(a == b for a, b in found):
        raise RequestError("apart names a place with itself")
    return np.unique(np.array(found, np.int64).reshape(-1, 2), axis=0)


def _standing(stands: ArrayLike | None, n: int) -> Bools:
    found = np.ones(n, bool) if stands is None else np.asarray(stands)
    if found.shape != (n,) or found.dtype != np.bool_:
        raise RequestError(f"stands must be True or False for each of {n} options")
    return found


def relimited(
    request: OptionsRequest,
    *,
    least: Mapping[Any, float] | None = None,
    most: Mapping[Any, float] | None = None,
) -> OptionsRequest:
    """The request with other limits on the resources named (another budget); all else stays.

    Raises
    ------
    RequestError
        A resource that has no limit so far, or a limit that is not a number.
    """
    least, most = least or {}, most or {}
    known = {limit.name for limit in request.limits if limit.kind == "use"}
    for name in {**least, **most}:
        if name not in known:
            raise RequestError(f"there is no limit on {name!r} that could be changed")
    return replace(
        request,
        limits=tuple(
            replace(
                limit,
                least=_number(least.get(limit.name, limit.least), "least", limit.name),
                most=_number(most.get(limit.name, limit.most), "most", limit.name),
            )
            if limit.kind == "use"
            else limit
            for limit in request.limits
        ),
    )


def _per_option(labels: ArrayLike, n: int, name: str) -> ArrayLike:
    if np.ndim(labels) != 1 or len(np.asarray(labels, dtype=object)) != n:
        raise RequestError(f"{name} must be one label per option: {n} expected, got shape {np.shape(labels)}")
    return labels


def _resources(
    use: Mapping[Any, ArrayLike], least: Mapping[Any, float], most: Mapping[Any, float], n: int
) -> list[Limit]:
    for side, given in (("least", least), ("most", most)):
        for name in given:
            if name not in use:
                raise RequestError(f"{side} limits {name!r}, but use says nothing of it")
    out = []
    for name, amounts in use.items():
        try:
            a = np.asarray(amounts, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise RequestError(f"use[{name!r}] must be numbers, one per option") from error
        if a.shape != (n,):
            raise RequestError(
                f"use[{name!r}] must be one number per option: {n} expected, got shape {a.shape}"
            )
        if not np.isfinite(a).all():
            at = int(np.flatnonzero(~np.isfinite(a))[0])
            raise RequestError(f"use[{name!r}] must be finite; option {at} has {a[at]}")
        low = _number(least.get(name, -np.inf), "least", name)
        high = _number(most.get(name, np.inf), "most", name)
        if np.isfinite(low) or np.isfinite(high):
            out.append(Limit("use", name, a, low, high))
    return out


def _number(value: float, side: str, name: Any) -> float:
    number = float(value)
    if np.isnan(number) or number == (np.inf if side == "least" else -np.inf):
        raise RequestError(f"{side}[{name!r}] must be a number; got {value!r}")
    return number


def _quotas(regions: Partition) -> list[Limit]:
    """One limit per region that has a least or a most number of chosen options."""
    out = []
    for code, label in enumerate(regions.labels):
        mine = (regions.of == code).astype(np.float64)
        low, high = float(regions.least[code]), float(regions.most[code])
        if low > 0 or high < mine.sum():
            out.append(
                Limit(
                    "quota", label, mine, low if low > 0 else -np.inf, high if high < mine.sum() else np.inf
                )
            )
    return out
