"""Which conditions together: the most probable sets.

An explanation is a set of conditions: those present, all others absent. Its probability

    P(exactly these conditions | evidence)

sums out contexts, age and sex as far as unknown, and the unnamed cause, which may be there beside
them. The empty set is "nothing modelled": there the unnamed cause is present, since the complaint
is. All sets together have probability 1.

The best sets are found by best-first search. A partial set says of some conditions that they are
present or absent; P(partial | evidence) is the sum over every way to complete it, so no completion
is more probable. One posterior of a partial set bounds every way to go on, and one more row is its
completion with everything left open absent.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.batch import DONE
from model.evidence import Evidence
from model.numbers import rounded
from model.reasoner import Reasoner
from model.reasons.coverage import Coverage, coverages
from model.reasons.variants import Cancelled, Progress, answer_variants, need
from model.vocabulary import UNKNOWN

Codes = NDArray[np.int8]

#: Posteriors one search may take.
MOST_CALLS = 4000

#: Partial sets answered together.
BATCH = 32


@dataclass(frozen=True, slots=True)
class Explanation:
    """A set of conditions as the whole explanation.

    Attributes:
        conditions: ids of those present, in file order; none for "nothing modelled".
        probability: P(exactly these | evidence).
        coverage: what they account for.
    """

    conditions: tuple[str, ...]
    probability: float
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class Together:
    """The most probable explanations.

    Attributes:
        explanations: most probable first; ties in the order in which they were found.
        proven: whether no set that is not listed is more probable than one that is, and as many
            are listed as were asked for (or as there are).
        bound: the most that a set not listed can have.
        covered: the sum of the listed probabilities.
        calls: posteriors the search took.
    """

    explanations: tuple[Explanation, ...]
    proven: bool
    bound: float
    covered: float
    calls: int

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready view with six significant digits."""
        return {
            "explanations": [
                {
                    "conditions": list(one.conditions),
                    "probability": rounded(one.probability),
                    "coverage": one.coverage.to_dict(),
                }
                for one in self.explanations
            ],
            "proven": self.proven,
            "bound": rounded(self.bound),
            "covered": rounded(self.covered),
            "calls": self.calls,
        }


def together(
    reasoner: Reasoner,
    evidence: Evidence,
    *,
    first: int = 5,
    most_calls: int = MOST_CALLS,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Together:
    """The `first` most probable sets of conditions, and what each accounts for.

    Args:
        reasoner: the knowledge base in one setting and basis.
        evidence: one patient; a diagnosis made or excluded holds in every set.
        first: how many sets.
        most_calls: posteriors the search may take; past that the best sets found are `not proven`.
        progress: told (posteriors taken, most_calls) after every batch.
        cancelled: asked after every batch; stopping is like reaching `most_calls`.

    Raises:
        InputError: if the evidence contradicts itself.
        TooWideError: if its posterior is past the limit.
    """
    search = _Search(reasoner, evidence)
    while len(search.found) < first and search.open:
        search.advance(first)
        if progress is not None:
            progress(min(search.calls, most_calls), most_calls)
        if search.calls >= most_calls or (cancelled is not None and cancelled()):
            break
    best = search.best(first)
    names = [row.id for row in reasoner.knowledge.condition]
    sets = [tuple(names[i] for i in np.flatnonzero(one.present)) for one in best]
    covered = coverages(reasoner, evidence, sets)
    return Together(
        explanations=tuple(
            Explanation(chosen, math.exp(one.log), coverage)
            for chosen, one, coverage in zip(sets, best, covered, strict=True)
        ),
        proven=bool(best)
        and search.bound(best) <= best[-1].log
        and (len(best) == first or not search.open),
        bound=math.exp(search.bound(best)),
        covered=math.fsum(math.exp(one.log) for one in best),
        calls=search.calls,
    )


@dataclass(frozen=True, slots=True)
class _Whole:
    """A set that says of every condition whether it is there, with its exact probability."""

    present: NDArray[np.bool_]
    log: float


@dataclass(frozen=True, slots=True)
class _Part:
    """A partial set: `base` (N,) codes, `absent` more, and one more that is present."""

    base: Codes
    absent: NDArray[np.int64]
    present: int

    def codes(self) -> Codes:
        """(N,) codes, -1 where nothing is said."""
        codes = self.base.copy()
        codes[self.absent] = 0
        if self.present >= 0:
            codes[self.present] = 1
        return codes


class _Search:
    """Best-first search over partial sets; the largest bound is looked at first.

    Attributes:
        open: heap of (-log bound, is partial, number, set); the bound of a whole set is exact.
        found: whole sets no other is more probable than, most probable first.
        stuck: the largest log bound of a partial set that could not be answered.
        calls: posteriors taken.
    """

    def __init__(self, reasoner: Reasoner, evidence: Evidence) -> None:
        self._reasoner, self._evidence = reasoner, evidence
        self._span = reasoner.vocabulary.columns("condition")
        settled = reasoner.closure.settle(evidence.codes[None, :])
        (first,) = answer_variants(reasoner, [evidence], groups=reasoner.engine.groups[:0]).state
        need(reasoner, evidence, int(first))
        root = _Part(settled.engine[0, self._span], np.zeros(0, np.int64), -1)
        self.open: list[tuple[float, bool, int, _Whole | _Part]] = [(0.0, True, 0, root)]
        self.found: list[_Whole] = []
        self.stuck = -math.inf
        self.calls = 1
        self._number = 0

    def _push(self, log: float, one: _Whole | _Part) -> None:
        self._number += 1
        heapq.heappush(self.open, (-log, isinstance(one, _Part), self._number, one))

    def advance(self, first: int) -> None:
        """Take whole sets off the top; then look at the best partial ones together."""
        parts: list[tuple[float, _Part]] = []
        while self.open and len(parts) < BATCH:
            minus, _, _, one = self.open[0]
            if isinstance(one, _Part):
                parts.append((-minus, one))
            elif parts or len(self.found) == first:
                break
            else:
                self.found.append(one)
            heapq.heappop(self.open)
        if parts and len(self.found) < first:
            self._look(parts)
        else:
            for log, part in parts:
                self._push(log, part)

    def _look(self, parts: Sequence[tuple[float, _Part]]) -> None:
        """Answer partial sets, and each with everything left open absent."""
        codes = [part.codes() for _, part in parts]
        rows = [self._told(one) for one in codes]
        rows += [self._told(np.where(one == UNKNOWN, 0, one)) for one in codes]
        # the evidence itself stands first: beside it a soft condition counts in every row
        found = answer_variants(
            self._reasoner, [self._evidence, *rows], groups=self._reasoner.engine.groups[:0]
        )
        self.calls += len(rows)
        log = found.log_probability - found.log_probability[0]
        for n, ((bound, _), one) in enumerate(zip(parts, codes, strict=True), start=1):
            whole = n + len(parts)
            if found.state[n] != DONE or found.state[whole] != DONE:
                self.stuck = max(self.stuck, bound)
                continue
            self._push(float(log[whole]), _Whole(one == 1, float(log[whole])))
            left = np.flatnonzero(one == UNKNOWN)
            share = found.present[n, left]
            order = np.argsort(-share, kind="stable")
            for place, at in enumerate(order):
                if share[at] > 0.0:
                    part = _Part(one, left[order[:place]], int(left[at]))
                    self._push(float(log[n] + math.log(share[at])), part)

    def _told(self, codes: Codes) -> Evidence:
        """The evidence with some conditions known."""
        known = self._evidence.codes.copy()
        known[self._span] = codes
        return replace(self._evidence, codes=known)

    def best(self, first: int) -> list[_Whole]:
        """The sets found, filled up with the most probable whole ones still open."""
        wholes = sorted(
            (entry for entry in self.open if isinstance(entry[3], _Whole)),
            key=lambda entry: entry[:3],
        )
        more = [entry[3] for entry in wholes if isinstance(entry[3], _Whole)]
        return (self.found + more)[:first]

    def bound(self, listed: Sequence[_Whole]) -> float:
        """The largest log probability that a set not listed can have."""
        known = {id(one) for one in listed}
        left = (-minus for minus, _, _, one in self.open if id(one) not in known)
        return max([self.stuck, *left])
