"""Which elicited numbers a result leans on most: one at a time, all others kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from model.batch import TOO_WIDE
from model.errors import TooWideError
from model.evidence import Evidence
from model.numbers import rounded
from model.parameters import Floats
from model.reasoner import Reasoner
from model.reasons.sensitivity import Bench, Number, Variation, variations
from model.reasons.variants import STATES, Cancelled, Progress
from model.reasons.worth import CONDITIONS, Field

#: Leading conditions whose numbers are looked at.
LEADING = 5


@dataclass(frozen=True, slots=True)
class Shift:
    """What comes of one other value of a number.

    Attributes:
        word: the next word of its scale; empty where a number without a word was varied: then its
            odds (of a pretest row, the base rate) were halved or doubled.
        value: the other value.
        leader_probability: P(the present leader | evidence) with it.
        first: the condition that would then come first.
    """

    word: str
    value: float
    leader_probability: float
    first: str


@dataclass(frozen=True, slots=True)
class Lean:
    """How far the leader leans on one number.

    Attributes:
        slope: d ln odds(leader) / d ln odds(number), or / d ln of a relative rate: 0.5 says that
            doubling the odds of the number multiplies the odds of the leader by about 1.4.
        lower, higher: one word down and one word up; None at the end of the scale.
    """

    number: Number
    slope: float
    lower: Shift | None
    higher: Shift | None


@dataclass(frozen=True, slots=True)
class Leans:
    """The numbers that take part, those that the leader leans on most first.

    Attributes:
        conditions: whose numbers were varied: the leading ones.
        all: every number varied, by the size of its slope.
        skipped: numbers that could not be varied, and why ("refused" or "stopped").
        first: how many to show.
    """

    leader: str
    leader_probability: float
    conditions: tuple[str, ...]
    all: tuple[Lean, ...]
    skipped: tuple[tuple[Number, str], ...]
    first: int

    @property
    def most(self) -> tuple[Lean, ...]:
        """The first of them."""
        return self.all[: self.first]

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready view with six significant digits."""
        return {
            "leader": self.leader,
            "leader_probability": rounded(self.leader_probability),
            "conditions": list(self.conditions),
            "numbers": [
                {
                    **number_view(one.number),
                    "slope": rounded(one.slope),
                    "lower": _shift_view(one.lower),
                    "higher": _shift_view(one.higher),
                }
                for one in self.most
            ],
            "varied": len(self.all),
            "skipped": [{**number_view(one), "why": why} for one, why in self.skipped],
        }


def number_view(one: Number) -> dict[str, Any]:
    """A number for JSON."""
    return {
        "kind": one.kind,
        "file": one.file,
        "of": list(one.of),
        "label": one.label,
        "word": one.word,
        "value": rounded(one.value),
    }


def _shift_view(one: Shift | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "word": one.word,
        "value": rounded(one.value),
        "leader_probability": rounded(one.leader_probability),
        "first": one.first,
    }


def leading(field: Field, present: Floats) -> tuple[int, ...]:
    """Places of the leading conditions that the evidence does not decide, in order."""
    order = np.argsort(-np.where(field.open, present, -1.0), kind="stable")[:LEADING]
    return tuple(int(place) for place in order if field.open[place])


def leans_on(
    reasoner: Reasoner,
    evidence: Evidence,
    *,
    first: int = 10,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Leans:
    """Vary every number through which the leading conditions and what is known meet, one at a time.

    Args:
        reasoner: the knowledge base in one setting and basis.
        evidence: the patient.
        first: how many numbers to show.
        progress: told (done, total) numbers.
        cancelled: asked before every number; those left then are skipped as "stopped".

    Raises:
        InputError: if the evidence contradicts itself.
        TooWideError: if its posterior is past the limit.
    """
    bench = Bench.of(reasoner, evidence)
    field = Field.of(reasoner, evidence, CONDITIONS)
    places = leading(field, bench.now.present)
    leader = places[0]
    varied, skipped = variations(bench, places, progress=progress, cancelled=cancelled)
    found, late = [], []
    for one in varied:
        try:
            found.append(_lean(reasoner, field, one, leader))
        except TooWideError:
            late.append((one.number, STATES[TOO_WIDE]))
    return Leans(
        leader=field.ids[leader],
        leader_probability=float(bench.now.probability[leader]),
        conditions=tuple(field.ids[place] for place in places),
        all=tuple(sorted(found, key=lambda one: -abs(one.slope))),
        skipped=(*skipped, *late),
        first=first,
    )


def _lean(reasoner: Reasoner, field: Field, one: Variation, leader: int) -> Lean:
    number = one.number
    lower: tuple[str, float] | None = ("", one.back(one.step(one.x) - math.log(2.0)))
    higher: tuple[str, float] | None = ("", one.back(one.step(one.x) + math.log(2.0)))
    if number.word:
        scale = reasoner.knowledge.scale
        words = {word: entry.probability for word, entry in scale.frequency.items()}
        if number.is_rate:
            words = {word: entry.rate for word, entry in scale.rate.items()}
        ranked = sorted(words.items(), key=lambda pair: pair[1])
        at = [word for word, _ in ranked].index(number.word)
        lower = ranked[at - 1] if at else None
        higher = ranked[at + 1] if at + 1 < len(ranked) else None

    def shift(to: tuple[str, float] | None) -> Shift | None:
        if to is None:
            return None
        joint = one.at(to[1])
        first = int(np.where(field.open, joint.present, -1.0).argmax())
        share = float(joint.probability[leader])
        return Shift(to[0], one.value(to[1]), share, field.ids[first])

    return Lean(number, one.slope(leader), shift(lower), shift(higher))
