"""What is said of questions: their answers, their worth, and what could not be weighed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from model.numbers import rounded
from model.reasons.worth import MODES

#: Why a question is not weighed although it can be answered.
OTHERWISE = "read_otherwise"

Values = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One answer and what it would make of the posterior.

    Attributes:
        values: (item, value) of every item asked for.
        chance: P(this answer | evidence), among those that can be entered.
        leader, leader_probability: what would then come first.
        present_leader: what the present leader would then have.
        targets: what each target would then have.
    """

    values: Values
    chance: float
    leader: str
    leader_probability: float
    present_leader: float
    targets: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One question and its worth.

    Attributes:
        items: what it asks for; more than one when one look answers them all.
        label: their labels.
        step, burden: the stage of the consultation that answers it, and what that costs.
        red_flag: whether a pending red-flag rule asks for it, at the bedside.
        gain: expected gain of the mode; `MODES` has the unit.
        changes_leader: P(the answer puts something else first), 0-1.
        outcomes: its answers.
        lost: what the chances lacked to 1 before they were made to add up: the probability of
            combinations that cannot be entered (see `model.reasons.prospects.Prospect`).
    """

    items: tuple[str, ...]
    label: str
    step: str
    burden: float
    red_flag: bool
    gain: float
    changes_leader: float
    outcomes: tuple[Outcome, ...]
    lost: float

    @property
    def gain_per_burden(self) -> float:
        """Gain for each unit of burden."""
        return self.gain / self.burden


@dataclass(frozen=True, slots=True)
class Skipped:
    """A question that could not be weighed, and why.

    "refused", "failed", "stopped", or "read_otherwise": it can be answered, but with all answers
    but one something entered would be read in another way (a finding that another grade shows).
    """

    items: tuple[str, ...]
    label: str
    why: str


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The best second question after one answer to the first.

    Attributes:
        values: the answer, with its chance.
        items, label: the second question; none when nothing is left to ask or to gain.
        gain: what it adds to the first (to what the first answer gave, for log odds).
        skipped: second questions that could not be weighed, all of them if the posterior after the
            answer could not be had.
    """

    values: Values
    chance: float
    items: tuple[str, ...]
    label: str
    gain: float
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A first question and the best second one for each of its answers.

    Attributes:
        gain: expected gain of both together; at least this where a second question could not be
            weighed, which then counts as none.
        first_gain: that of the first alone.
        complete: whether every second question was weighed.
    """

    items: tuple[str, ...]
    label: str
    gain: float
    first_gain: float
    follow_ups: tuple[FollowUp, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Questions:
    """Every question that is left, weighed.

    Attributes:
        mode, targets, about, limit: as asked.
        leader, leader_probability: what comes first now.
        red_flags: items that pending red-flag rules ask for, the most useful first; they are to be
            asked before anything else, whatever they weigh here.
        red_flag_tests: items of the same rules that only a test answers, likewise.
        all: every question weighed, in order of gain.
        pairs: two steps ahead, in order of gain; empty unless asked for.
        skipped: questions that could not be weighed.
        rows: posteriors computed, those of the pairs included.
        first: how many to show.
    """

    mode: str
    targets: tuple[str, ...]
    about: str
    limit: float
    leader: str
    leader_probability: float
    red_flags: tuple[str, ...]
    red_flag_tests: tuple[str, ...]
    all: tuple[Question, ...]
    pairs: tuple[Pair, ...]
    skipped: tuple[Skipped, ...]
    rows: int
    first: int

    @property
    def unit(self) -> str:
        """Unit of the gain."""
        return MODES[self.mode][0]

    @property
    def by_gain(self) -> tuple[Question, ...]:
        """The first of them by expected gain."""
        return self.all[: self.first]

    @property
    def by_change(self) -> tuple[Question, ...]:
        """The first of them by the chance that the answer changes the leader."""
        return tuple(sorted(self.all, key=lambda one: -one.changes_leader))[: self.first]

    @property
    def by_burden(self) -> tuple[Question, ...]:
        """The first of them by expected gain for each unit of burden."""
        return tuple(sorted(self.all, key=lambda one: -one.gain_per_burden))[: self.first]

    @property
    def largest_change(self) -> float:
        """The largest chance that one more answer changes the leader."""
        return max((one.changes_leader for one in self.all), default=0.0)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready view with six significant digits."""
        shown = dict.fromkeys((*self.by_gain, *self.by_change, *self.by_burden))
        return {
            "mode": self.mode,
            "targets": list(self.targets),
            "about": self.about,
            "unit": self.unit,
            "burden_limit": rounded(self.limit) if math.isfinite(self.limit) else None,
            "leader": self.leader,
            "leader_probability": rounded(self.leader_probability),
            "red_flags": list(self.red_flags),
            "red_flag_tests": list(self.red_flag_tests),
            "by_gain": ["+".join(one.items) for one in self.by_gain],
            "by_change": ["+".join(one.items) for one in self.by_change],
            "by_burden": ["+".join(one.items) for one in self.by_burden],
            "questions": {"+".join(one.items): _question_view(one) for one in shown},
            "pairs": [_pair_view(one) for one in self.pairs],
            "largest_change": rounded(self.largest_change),
            "weighed": len(self.all),
            "skipped": [{"items": list(one.items), "why": one.why} for one in self.skipped],
            "posteriors": self.rows,
        }


def _question_view(one: Question) -> dict[str, Any]:
    return {
        "label": one.label,
        "step": one.step,
        "burden": rounded(one.burden),
        "red_flag": one.red_flag,
        "gain": rounded(one.gain),
        "gain_per_burden": rounded(one.gain_per_burden),
        "changes_leader": rounded(one.changes_leader),
        "lost": rounded(one.lost),
        "answers": [
            {
                "values": dict(answer.values),
                "chance": rounded(answer.chance),
                "leader": answer.leader,
                "leader_probability": rounded(answer.leader_probability),
                "present_leader": rounded(answer.present_leader),
                "targets": [rounded(number) for number in answer.targets],
            }
            for answer in one.outcomes
        ],
    }


def _pair_view(one: Pair) -> dict[str, Any]:
    return {
        "items": list(one.items),
        "gain": rounded(one.gain),
        "first_gain": rounded(one.first_gain),
        "complete": one.complete,
        "then": [
            {
                "after": dict(then.values),
                "chance": rounded(then.chance),
                "items": list(then.items),
                "gain": rounded(then.gain),
                "skipped": len(then.skipped),
            }
            for then in one.follow_ups
        ],
    }
