"""What goes into the kernel and what stands between its parts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Kinds of steps in a program.
OPEN_FACTOR, OPEN_VERTEX, CONDITION, CONTEXT, CLOSE_FACTOR = range(5)

#: What a node of a family says: nothing; absent; a bit that must (or may) be switched on.
FREE, ABSENT, BIT = range(3)

#: Kinds of edges, seen from the vertex whose list they stand in.
WITH_CONTEXT, FROM_CAUSE, TO_EFFECT, TO_CONDITION = range(4)

#: Directions, as numba's plain booleans: a Python constant would compile each function twice.
FORWARD = np.bool_(False)
BACKWARD = np.bool_(True)
ALWAYS = np.bool_(True)

#: Bits opened beneath a bit since its place was noted, typed for the same reason.
NONE_BENEATH = np.int64(0)
ONE_BENEATH = np.int64(1)

#: Lanes acted on: those with some condition so far, or all.
TWO_LANES = np.int64(2)
FOUR_LANES = np.int64(4)

#: Bits a single family may need; the largest family shipped needs six.
MAX_FAMILY_BITS = 10

#: Rescale when the largest entry falls below this power of two.
TINY = 2.0**-200

#: Conditions passed between two looks at the size of the entries.
RESCALE_EVERY = 6


class Net(NamedTuple):
    """A parameter set as the kernel reads it (see `model.parameters` for the axes).

    Causes are numbered: conditions 0..N-1, contexts N..N+K-1, the unnamed cause N+K, the leak in
    age band b N+K+1+b.
    """

    parent: NDArray[np.int64]
    grades: NDArray[np.int64]
    graded: NDArray[np.int64]
    reach: NDArray[np.int64]
    family_start: NDArray[np.int64]
    family_nodes: NDArray[np.int64]
    strength: NDArray[np.float64]
    row: NDArray[np.float64]
    multiplier: NDArray[np.float64]
    excess: NDArray[np.float64]
    cause: NDArray[np.float64]
    rate: NDArray[np.float64]
    implied: NDArray[np.int64]
    context_prior: NDArray[np.float64]
    age_prior: NDArray[np.float64]
    sex_prior: NDArray[np.float64]
    unnamed_prior: float


class Graph(NamedTuple):
    """Who has to do with whom, derived from a `Net`; the same for every case.

    Vertices: conditions 0..N-1, contexts N..N+K-1. `other[start[v]:start[v + 1]]` are the
    neighbours of v, `kind` says in which role. `causes[cause_start[f]:cause_start[f + 1]]` are the
    conditions and contexts that can produce anything of family f. `shown` (causes, F) is the
    probability that a cause shows a finding, `below` (causes, G, grades) that it stays at or below
    a grade.
    """

    start: NDArray[np.int64]
    other: NDArray[np.int64]
    kind: NDArray[np.int64]
    cause_start: NDArray[np.int64]
    causes: NDArray[np.int64]
    shown: NDArray[np.float64]
    below: NDArray[np.float64]


class Library(NamedTuple):
    """Stored orders of the vertices.

    Attributes:
        order: (O, V) vertices in the order in which they are passed.
        place: (O, V) the place of each vertex.
        cover: (O, V) how many of the engine's groups are open at each place.
    """

    order: NDArray[np.int64]
    place: NDArray[np.int64]
    cover: NDArray[np.int64]


class Case(NamedTuple):
    """One patient's evidence as codes: -1 unknown, 0 absent (or lowest grade), 1 present, grade.

    soft_finding (F, 4), soft_context (K, 2) and soft_condition (N, 2) are likelihoods; a finding
    uses its soft row only where `is_soft` is 1 (its code is then -1).
    """

    finding: NDArray[np.int8]
    is_soft: NDArray[np.int8]
    soft_finding: NDArray[np.float64]
    context: NDArray[np.int8]
    soft_context: NDArray[np.float64]
    condition: NDArray[np.int8]
    soft_condition: NDArray[np.float64]
    band: int
    sex: int


class Parts(NamedTuple):
    """Evidence broken into factors, independent of the order of the vertices.

    Families with open bits ("factors") come with their effect vectors; everything else is weights.
    """

    bits: NDArray[np.int64]  # (J,) bits of each factor
    start: NDArray[np.int64]  # (J + 1,) where its effect vectors start; (N + K) vectors each
    effect: NDArray[np.float64]  # flat effect vectors
    first_state: NDArray[np.int64]  # (J + 1,) where its opening and closing vectors start
    opening: NDArray[np.float64]  # (B, 2, states) by age band and unnamed cause present
    closing: NDArray[np.float64]  # (states,)
    lowest: NDArray[np.int64]  # (J,) bit field of a soft grade (-1 for none): take the maximum
    linked: NDArray[np.bool_]  # (J, V)
    weight: NDArray[np.float64]  # (V,) factor on the present branch
    constant: NDArray[np.float64]  # (B, 2) factor on everything
    active: NDArray[np.bool_]  # (V,) passed as a vertex: conditions, and contexts still unknown
    live: NDArray[np.bool_]  # (E,) edges of the graph that need a bit when one end is passed
    fold_into: NDArray[np.int64]  # (K,) condition a lonely context is folded into, -1 for none
    too_wide: bool
