"""The search graph of a network: chains of streets, and the arcs that searches run along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

__all__ = ["ARC", "Arcs", "SearchGraph"]

#: An arc as a search reads it: the node it comes from and its seconds.
ARC = np.dtype([("seconds", "f8"), ("node", "u4"), ("pad", "u4")])


class Arcs(NamedTuple):
    """Arcs into each search node: ``arc[ptr[x]:ptr[x + 1]]`` (:data:`ARC`) reach x.

    Arcs from dead ends are left out: no shortest way leads through one. ``leaf`` marks dead ends.
    """

    ptr: np.ndarray
    arc: np.ndarray
    leaf: np.ndarray


@dataclass(frozen=True, eq=False)
class SearchGraph:
    """Chains of a network and their arcs.

    Attributes
    ----------
    arcs
        For the searches.
    a, b
        End nodes (search numbering) of each chain, int32: where who comes along the chain arrives.
    from_a, from_b
        Where who goes along it departs: the same nodes, but where turns are forbidden
        (:mod:`planner.roads.turns`).
    total
        float64 ``[n_chains, 3]``: metres, seconds a→b, seconds b→a (inf: not allowed).
    chain, step, flip, behind
        Per edge of the network, and ``before``: see :func:`planner.roads.kernels.graph.chains`.
    mean_s
        Mean seconds of an arc.
    """

    arcs: Arcs
    a: np.ndarray
    b: np.ndarray
    from_a: np.ndarray
    from_b: np.ndarray
    total: np.ndarray
    chain: np.ndarray
    step: np.ndarray
    flip: np.ndarray
    behind: np.ndarray
    before: np.ndarray
    mean_s: float

    @property
    def n_nodes(self) -> int:
        """Number of search nodes."""
        return int(self.arcs.leaf.size)
