"""What goes into the kernel and what stands between its parts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Kinds of steps in a program.
#: Constants are typed, here and below: numba compiles a function again for each plain one.
OPEN_FACTOR, OPEN_VERTEX, CONDITION, CONTEXT, CLOSE_FACTOR = (np.int64(n) for n in range(5))

#: What a node of a family says: nothing; absent; a bit that must (or may) be switched on.
FREE, ABSENT, BIT = range(3)

#: What became of a row.
DONE, TOO_WIDE, FAILED = range(3)

#: Kinds of edges, seen from the vertex whose list they stand in.
WITH_CONTEXT, FROM_CAUSE, TO_EFFECT, TO_CONDITION = range(4)

#: What a number is that hangs on age and sex: an effect, a hold on a rate, a factor.
ACT, HOLD, SCALE = (np.int64(n) for n in range(3))

#: Directions, and whether contexts are folded.
FORWARD = np.bool_(False)
BACKWARD = np.bool_(True)
ALWAYS = np.bool_(True)

#: No groups asked for, and any stored order.
NOT_GROUPED = np.bool_(False)
ANY_ORDER = np.int64(-1)

#: Settings of a bit.
OFF, ON = np.int64(0), np.int64(1)

#: Bits a single family may need; the largest family shipped needs six.
MAX_FAMILY_BITS = 10

#: Entries that one operation takes at a time, and the bits that differ among them.
BLOCK = 8
LOW_BITS = 3

#: Rescale when the entries together fall below this power of two.
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


class Demand(NamedTuple):
    """What the evidence asks of any order.

    Attributes:
        start, member: the vertices linked to factor j are member[start[j] : start[j + 1]].
        early, late: pairs of vertices; where the first is passed first, the second needs a bit.
        work: (V,) multiply-adds at each vertex for every entry of a lane; 0 where none is passed.
    """

    start: NDArray[np.int64]
    member: NDArray[np.int64]
    early: NDArray[np.int64]
    late: NDArray[np.int64]
    work: NDArray[np.float64]


class Program(NamedTuple):
    """One order made into steps.

    Attributes:
        steps: (S, 5) kind, item (a factor or a vertex), base bit, bits, width before.
        weights: (S, 2) of a vertex absent and present, evidence and priors included.
        needs: (S,) bit of the open context that a context implies, -1 for none.
        brought: (S,) P(a condition is brought about by known ones).
        act_start, act: what a vertex that is present acts on: act[act_start[n] : act_start[n + 1]]
            rows of base bit, states, place of its effect in `coefficient`, and grade field.
        hold_start, hold: open contexts that hold a condition's rate: bit, and place of the factor.
        varied: (L, 4) what hangs on age and sex: ACT, HOLD or SCALE, place, context, condition.
        coefficient: numbers that acts and holds point to.
    """

    steps: NDArray[np.int64]
    weights: NDArray[np.float64]
    needs: NDArray[np.int64]
    brought: NDArray[np.float64]
    act_start: NDArray[np.int64]
    act: NDArray[np.int64]
    hold_start: NDArray[np.int64]
    hold: NDArray[np.int64]
    varied: NDArray[np.int64]
    coefficient: NDArray[np.float64]


class Lane(NamedTuple):
    """A program for one age band and sex.

    Attributes:
        off, on: (S,) for a condition P(it stays absent) and P(it comes about) by itself, every open
            context absent; for a context 1 and the factor on its presence.
    """

    off: NDArray[np.float64]
    on: NDArray[np.float64]


class Result(NamedTuple):
    """What one run gives, in units of 2**exponent.

    Attributes:
        total, unexplained: P(evidence, complaint), and its part with no condition.
        lanes: (B, 2) the total by age band and sex.
        present, absent: (N,); group (M,); context: (K,) present.
    """

    exponent: int
    total: float
    unexplained: float
    lanes: NDArray[np.float64]
    present: NDArray[np.float64]
    absent: NDArray[np.float64]
    group: NDArray[np.float64]
    context: NDArray[np.float64]


class Cases(NamedTuple):
    """Hard evidence of many patients, a row each, and soft evidence that all of them share.

    Codes and likelihoods as in `Case`: finding (R, F), context (R, K), condition (R, N), band and
    sex (R,).
    """

    finding: NDArray[np.int8]
    context: NDArray[np.int8]
    condition: NDArray[np.int8]
    band: NDArray[np.int64]
    sex: NDArray[np.int64]
    is_soft: NDArray[np.int8]
    soft_finding: NDArray[np.float64]
    soft_context: NDArray[np.float64]
    soft_condition: NDArray[np.float64]


class Answers(NamedTuple):
    """Posteriors by row, filled in place; NaN where `state` is not DONE or it was not asked for.

    Attributes:
        state: DONE, TOO_WIDE or FAILED.
        present, absent: (R, N); group: (R, M); context: (R, K); age: (R, B); sex: (R, 2).
        unexplained: (R,).
        log_probability: (R,) log P(evidence, complaint).
        log_given, log_alone: (R,) see `model.kernel.alone`.
        steps, bytes: (R,) what the chosen order needs; width, order: its widest point, its number.
    """

    state: NDArray[np.int64]
    present: NDArray[np.float64]
    absent: NDArray[np.float64]
    group: NDArray[np.float64]
    context: NDArray[np.float64]
    age: NDArray[np.float64]
    sex: NDArray[np.float64]
    unexplained: NDArray[np.float64]
    log_probability: NDArray[np.float64]
    log_given: NDArray[np.float64]
    log_alone: NDArray[np.float64]
    steps: NDArray[np.float64]
    bytes: NDArray[np.float64]
    width: NDArray[np.int64]
    order: NDArray[np.int64]


class Asked(NamedTuple):
    """What is asked of every row.

    Attributes:
        marginals: posteriors, not only P(evidence).
        contexts: those of unknown contexts too (a wider pass).
        fit: log_given and log_alone.
        order: the one stored order to use, -1 for the cheapest.
        max_steps, max_bytes: limits; a row past either is TOO_WIDE.
    """

    marginals: bool
    contexts: bool
    fit: bool
    order: int
    max_steps: float
    max_bytes: float
