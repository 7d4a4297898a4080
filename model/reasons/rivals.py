"""Explaining away: what knowing of one condition does to another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from model.batch import DONE
from model.errors import InputError, Problem
from model.evidence import Evidence
from model.numbers import rounded
from model.reasoner import Reasoner
from model.reasons.variants import STATES, answer_variants, changed, need
from model.vocabulary import UNKNOWN


@dataclass(frozen=True, slots=True)
class ExplainingAway:
    """Two conditions, and what knowing of one does to the other.

    Attributes:
        conditions: the two ids.
        now: P(each | evidence).
        given_present: P(the first | evidence, the second confirmed), and the other way round.
        given_absent: the same with the other one excluded.
        both: P(both | evidence).
        pull: log10 odds ratio of the two: how much larger the odds of one are when the other is
            there. Below 0 they explain each other away; above 0 they come together.
        state: "ok", or why something could not be computed (the numbers are then NaN).
    """

    conditions: tuple[str, str]
    now: tuple[float, float]
    given_present: tuple[float, float]
    given_absent: tuple[float, float]
    both: float
    pull: float
    state: str = "ok"

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready view with six significant digits."""
        return {
            "conditions": list(self.conditions),
            "now": [rounded(one) for one in self.now],
            "given_present": [rounded(one) for one in self.given_present],
            "given_absent": [rounded(one) for one in self.given_absent],
            "both": rounded(self.both),
            "pull": rounded(self.pull),
            "state": self.state,
        }


def explaining_away(reasoner: Reasoner, evidence: Evidence, a: str, b: str) -> ExplainingAway:
    """The posterior of each of two conditions before and after the other is known.

    Raises:
        InputError: if a name is no condition or known already, or the evidence contradicts itself.
        TooWideError: if its posterior is past the limit.
    """
    return _pairs(reasoner, evidence, [(a, b)])[0]


def rivals(reasoner: Reasoner, evidence: Evidence, *, first: int = 5) -> tuple[ExplainingAway, ...]:
    """Every pair of the `first` leading conditions that are not known, the strongest pull first.

    Raises:
        ValueError: if `first` is below 2.
        InputError: if the evidence contradicts itself.
        TooWideError: if its posterior is past the limit.
    """
    if first < 2:
        raise ValueError(f"first is {first}, but a pair needs 2 conditions or more.")
    found = answer_variants(reasoner, [evidence], groups=reasoner.engine.groups[:0])
    need(reasoner, evidence, int(found.state[0]))
    told = found.codes[0, reasoner.vocabulary.columns("condition")]
    order = [int(i) for i in np.argsort(found.absent[0], kind="stable") if told[i] == UNKNOWN]
    names = [reasoner.knowledge.condition[place].id for place in order[:first]]
    pairs = _pairs(reasoner, evidence, list(combinations(names, 2)))
    return tuple(sorted(pairs, key=lambda one: -abs(one.pull) if one.state == "ok" else 0.0))


def _pairs(
    reasoner: Reasoner, evidence: Evidence, pairs: Sequence[tuple[str, str]]
) -> list[ExplainingAway]:
    index = reasoner.knowledge.condition_index
    first = reasoner.vocabulary.columns("condition").start
    settled = reasoner.closure.settle(evidence.codes[None, :]).engine[0]
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    problems = []
    for name in names:
        if name not in index:
            remedy = reasoner.vocabulary.suggest(name)
            problems.append(Problem("unknown_item", name, "is not a condition.", remedy))
        elif settled[first + index[name]] != UNKNOWN or any(a == b for a, b in pairs):
            message = "is known already, or is named twice."
            problems.append(Problem("bad_value", name, message, "Name two that are open."))
    if problems:
        raise InputError(problems)
    places = {name: index[name] for name in names}
    variants = [evidence]
    for place in places.values():
        variants += [changed(evidence, first + place, 1), changed(evidence, first + place, 0)]
    found = answer_variants(reasoner, variants, groups=reasoner.engine.groups[:0])
    need(reasoner, evidence, int(found.state[0]))
    rows = {name: 1 + 2 * n for n, name in enumerate(names)}
    result = []
    for a, b in pairs:
        if_a, if_b, i, j = rows[a], rows[b], places[a], places[b]
        states = {int(found.state[row + no]) for row in (if_a, if_b) for no in (0, 1)} - {DONE}
        there = found.present
        with np.errstate(divide="ignore"):
            odds = np.log10(there[:, i]) - np.log10(found.absent[:, i])
        result.append(
            ExplainingAway(
                conditions=(a, b),
                now=(float(there[0, i]), float(there[0, j])),
                given_present=(float(there[if_b, i]), float(there[if_a, j])),
                given_absent=(float(there[if_b + 1, i]), float(there[if_a + 1, j])),
                both=float(there[if_b, i] * there[0, j]),
                pull=float(odds[if_b] - odds[if_b + 1]) if not states else math.nan,
                state=STATES[max(states)] if states else "ok",
            )
        )
    return result
