"""Which elicited numbers a result leans on most: one at a time, all other rows kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from model.evidence import Evidence
from model.numbers import rounded
from model.parameters import Floats
from model.pretest import NoSolutionError
from model.reasoner import Reasoner
from model.reasons.numbers import KINDS, NOT_VARIED, Number
from model.reasons.sensitivity import Bench, Variation, each, variations
from model.reasons.variants import Cancelled, Progress
from model.reasons.worth import CONDITIONS, Field

#: Leading conditions whose numbers are looked at.
LEADING = 5


@dataclass(frozen=True, slots=True)
class Shift:
    """What comes of one other value of a number.

    Attributes:
        word: the next word of its scale; empty where a number without a word was varied: then its
            odds were halved or doubled, or taken as far as the table has base rates.
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
        lower, higher: one word down and one word up; None at the end of the scale, or where the
            next word has no base rates.
        moved: by how much the farther of them moves the leader, in natural logarithms of odds.
    """

    number: Number
    slope: float
    lower: Shift | None
    higher: Shift | None
    moved: float


@dataclass(frozen=True, slots=True)
class Leans:
    """The numbers that take part, those that the leader leans on most first.

    Attributes:
        conditions: whose numbers were varied: the leading ones.
        all: every number varied, those first that move the leader most by one word (or by half or
            double the odds of a number without a word).
        skipped: numbers that could not be varied, and why ("refused", "no_solution" or "stopped").
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
                    "moved": rounded(one.moved),
                }
                for one in self.most
            ],
            "varied": len(self.all),
            "not_varied": list(NOT_VARIED),
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

    Of diagnoses that are confirmed the links are varied too.

    Args:
        reasoner: the knowledge base in one setting and basis.
        evidence: the patient.
        first: how many numbers to show.
        progress: told (done, total) numbers; once for the lines, once for all.
        cancelled: asked before every number; those left then are skipped as "stopped".

    Raises:
        ValueError: if `first` is below 1.
        InputError: if the evidence contradicts itself.
        TooWideError: if its posterior is past the limit.
    """
    if first < 1:
        raise ValueError("first is 1 or more")
    bench = Bench.of(reasoner, evidence)
    field = Field.of(reasoner, evidence, CONDITIONS)
    places = leading(field, bench.now.present)
    leader = places[0]
    confirmed = [int(i) for i in np.flatnonzero(bench.case.condition == 1)]
    varied, skipped = variations(
        bench, places, others=confirmed, kinds=KINDS, progress=progress, cancelled=cancelled
    )
    lean = partial(_lean, reasoner, field, leader)
    found, late = each(lean, varied, lambda one: one.number, progress, cancelled)
    return Leans(
        leader=field.ids[leader],
        leader_probability=float(bench.now.probability[leader]),
        conditions=tuple(field.ids[place] for place in places),
        all=tuple(sorted(found, key=lambda one: -one.moved)),
        skipped=(*skipped, *late),
        first=first,
    )


def _words(reasoner: Reasoner, number: Number) -> dict[str, float]:
    """The words of the scale that a number is said in, with their values."""
    scale = reasoner.knowledge.scale
    if number.kind == "rate":
        return {word: entry.rate for word, entry in scale.rate.items()}
    if number.kind == "age_sex":
        return {word: entry.rate for word, entry in scale.multiplier.items()}
    return {word: entry.probability for word, entry in scale.frequency.items()}


def _beside(reasoner: Reasoner, one: Variation) -> list[tuple[str, float] | None]:
    """The next lower and the next higher value, each with its word; None past the scale."""
    if not one.number.word:
        low, high = one.ends
        steps = (one.back(one.step(one.x) + sign * math.log(2.0)) for sign in (-1.0, 1.0))
        return [("", value if one.line else min(max(value, low), high)) for value in steps]
    ranked = sorted(_words(reasoner, one.number).items(), key=lambda pair: pair[1])
    at = [word for word, _ in ranked].index(one.number.word)
    return [ranked[n] if 0 <= n < len(ranked) else None for n in (at - 1, at + 1)]


def _lean(reasoner: Reasoner, field: Field, leader: int, one: Variation) -> Lean:
    now = one.at(one.x).log_odds(leader)
    shifts: list[Shift | None] = []
    moved = 0.0
    for to in _beside(reasoner, one):
        try:
            joint = None if to is None else one.at(to[1])
        except NoSolutionError:
            joint = None
        if to is None or joint is None:
            shifts.append(None)
            continue
        first = int(np.where(field.open, joint.present, -1.0).argmax())
        share = float(joint.probability[leader])
        shifts.append(Shift(to[0], one.value(to[1]), share, field.ids[first]))
        moved = max(moved, abs(joint.log_odds(leader) - now))
    return Lean(one.number, one.slope(leader), shifts[0], shifts[1], moved)
