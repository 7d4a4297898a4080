"""The next question: what asking it is expected to be worth, before it is asked.

Every unknown finding and context is weighed by what its answers would make of the posterior
(`model.reasons.prospects`). `docs/reasons/next_question.md` has the definitions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model.batch import DONE, TOO_WIDE
from model.errors import TooWideError
from model.evidence import Evidence
from model.numbers import rounded
from model.reasoner import Reasoner
from model.reasons.prospects import (
    Belief,
    Prospect,
    Prospects,
    asked_together,
    open_items,
    prospects,
    with_answer,
)
from model.reasons.variants import STATES, Cancelled, Progress
from model.reasons.worth import MODES, Aim

#: Questions that are followed two steps ahead.
FOLLOWED = 4

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
        red_flag: whether a pending red-flag rule asks for it.
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
    """A question that could not be weighed, and why ("refused", "failed" or "stopped")."""

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
        gain: expected gain of both together.
        first_gain: that of the first alone.
    """

    items: tuple[str, ...]
    label: str
    gain: float
    first_gain: float
    follow_ups: tuple[FollowUp, ...]


@dataclass(frozen=True, slots=True)
class Questions:
    """Every question that is left, weighed.

    Attributes:
        mode, targets, about, limit: as asked.
        leader, leader_probability: what comes first now.
        red_flags: items that pending red-flag rules ask for, the most useful first; they are to be
            asked before anything else, whatever they weigh here.
        all: every question weighed, in order of gain.
        pairs: two steps ahead, in order of gain; empty unless asked for.
        skipped: questions that could not be weighed.
        rows: posteriors computed.
        first: how many to show.
    """

    mode: str
    targets: tuple[str, ...]
    about: str
    limit: float
    leader: str
    leader_probability: float
    red_flags: tuple[str, ...]
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


def next_questions(
    reasoner: Reasoner,
    evidence: Evidence,
    *,
    mode: str = "inform",
    target: Sequence[str] = (),
    about: str = "conditions",
    burden: float | None = None,
    first: int = 12,
    pairs: bool = False,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Questions:
    """Weigh every question that is left.

    Args:
        reasoner: the knowledge base in one setting and basis.
        evidence: the patient.
        mode: "inform" (about everything in the field), "screen" (about cannot-miss conditions),
            "raise" or "lower" (one target), "tell" (two targets apart).
        target: ids of the field.
        about: the field: "conditions" or "categories".
        burden: the most a question may cost (`priors/steps.csv`); anything when omitted.
        first: how many to show.
        pairs: also look two steps ahead from the best few (costs some thousand posteriors).
        progress: told (done, total) posteriors after every block; starts anew for each part.
        cancelled: asked before every block; questions left then are skipped as "stopped".

    Raises:
        ValueError: for a mode or field that does not exist.
        InputError: for targets that cannot be, or evidence that contradicts itself.
        TooWideError: if the posterior of the patient is past the limit.
    """
    aim = Aim.of(reasoner, evidence, mode, target, about)
    limit = math.inf if burden is None else burden
    weigher = _Weigher(reasoner, aim, limit, red_flag_items(reasoner, evidence))
    found = weigher.look(evidence, progress, cancelled)
    now, field = found.now, aim.field
    leader = int(field.first(now))
    weighed = weigher.weigh(found, now, now)
    return Questions(
        mode=mode,
        targets=tuple(field.ids[place] for place in aim.targets),
        about=about,
        limit=limit,
        leader=field.ids[leader],
        leader_probability=float(field.shares(now)[0][leader]),
        red_flags=weigher.red_flags,
        all=tuple(question for question, _ in weighed),
        pairs=weigher.pairs(evidence, now, weighed, progress, cancelled) if pairs else (),
        skipped=weigher.skipped(found),
        rows=found.rows,
        first=first,
    )


def red_flag_items(reasoner: Reasoner, evidence: Evidence) -> tuple[str, ...]:
    """Items that pending red-flag rules ask for at the bedside, the most useful first."""
    settled = reasoner.closure.settle(evidence.codes[None, :])
    vocabulary = reasoner.vocabulary
    return reasoner.screener.screen(settled.rules[0]).questions(
        lambda item: bool(vocabulary.bedside[vocabulary.index[item].column])
    )


@dataclass(frozen=True)
class _Weigher:
    """Weighs questions of one patient for one aim."""

    reasoner: Reasoner
    aim: Aim
    limit: float
    red_flags: tuple[str, ...]

    def burden(self, column: int) -> tuple[float, str]:
        """What the step of an item costs, and its id."""
        step = self.reasoner.vocabulary.items[column].step
        return next(row.burden for row in self.reasoner.knowledge.step if row.id == step), step

    def look(
        self, evidence: Evidence, progress: Progress | None, cancelled: Cancelled | None
    ) -> Prospects:
        """The prospect of every question within the limit."""
        columns = open_items(self.reasoner, evidence)
        columns = tuple(one for one in columns if self.burden(one)[0] <= self.limit)
        questions = asked_together(self.reasoner, columns)
        return prospects(self.reasoner, evidence, questions, progress=progress, cancelled=cancelled)

    def label(self, prospect: Prospect) -> str:
        items = self.reasoner.vocabulary.items
        return " / ".join(items[column].label for column in prospect.columns)

    def items(self, prospect: Prospect) -> tuple[str, ...]:
        items = self.reasoner.vocabulary.items
        return tuple(items[column].id for column in prospect.columns)

    def values(self, prospect: Prospect, answer: int) -> Values:
        items = [self.reasoner.vocabulary.items[column] for column in prospect.columns]
        codes = prospect.codes[answer]
        return tuple((item.id, item.values[code]) for item, code in zip(items, codes, strict=True))

    def weigh(
        self, found: Prospects, now: Belief, before: Belief
    ) -> list[tuple[Question, Prospect]]:
        """Questions by gain, then the lighter, then file order; log odds count from `before`."""
        done = [one for one in found.each if one.state == DONE]
        weighed = [(self.question(one, now, before), one) for one in done]
        return sorted(weighed, key=lambda pair: (-pair[0].gain, pair[0].burden))

    def question(self, prospect: Prospect, now: Belief, before: Belief) -> Question:
        field = self.aim.field
        leader, leaders = int(field.first(now)), field.first(prospect)
        share = field.shares(prospect)[0]
        outcomes = tuple(
            Outcome(
                values=self.values(prospect, answer),
                chance=float(chance),
                leader=field.ids[then],
                leader_probability=float(share[answer, then]),
                present_leader=float(share[answer, leader]),
                targets=tuple(float(share[answer, place]) for place in self.aim.targets),
            )
            for answer, (chance, then) in enumerate(zip(prospect.chance, leaders, strict=True))
        )
        burden, step = max(self.burden(column) for column in prospect.columns)
        items = self.items(prospect)
        return Question(
            items=items,
            label=self.label(prospect),
            step=step,
            burden=burden,
            red_flag=not set(items).isdisjoint(self.red_flags),
            gain=self.aim.gain(prospect, before),
            changes_leader=float(prospect.chance[leaders != leader].sum()),
            outcomes=outcomes,
            lost=prospect.lost,
        )

    def skipped(self, found: Prospects) -> tuple[Skipped, ...]:
        return tuple(
            Skipped(self.items(one), self.label(one), one.why)
            for one in found.each
            if one.state != DONE
        )

    def pairs(
        self,
        evidence: Evidence,
        now: Belief,
        weighed: Sequence[tuple[Question, Prospect]],
        progress: Progress | None,
        cancelled: Cancelled | None,
    ) -> tuple[Pair, ...]:
        """The best few questions, each with the best second one for each of its answers."""
        found = []
        for question, prospect in weighed[:FOLLOWED]:
            follow_ups = tuple(
                self.follow(evidence, now, prospect, answer, progress, cancelled)
                for answer in range(len(prospect.chance))
            )
            added = sum(one.chance * one.gain for one in follow_ups)
            gain = question.gain + added
            found.append(Pair(question.items, question.label, gain, question.gain, follow_ups))
        return tuple(sorted(found, key=lambda one: -one.gain))

    def follow(
        self,
        evidence: Evidence,
        now: Belief,
        prospect: Prospect,
        answer: int,
        progress: Progress | None,
        cancelled: Cancelled | None,
    ) -> FollowUp:
        """The best second question after one answer."""
        values, chance = self.values(prospect, answer), float(prospect.chance[answer])
        after = with_answer(evidence, prospect.columns, prospect.codes[answer])
        try:
            found = self.look(after, progress, cancelled)
        except TooWideError:  # this answer itself was had as a difference
            why = Skipped(self.items(prospect), self.label(prospect), STATES[TOO_WIDE])
            return FollowUp(values, chance, (), "", 0.0, (why,))
        so_far = 0.0 if self.aim.additive else float(self.aim.worth(prospect, now)[answer])
        for question, _ in self.weigh(found, found.now, now)[:1]:
            if question.gain > so_far:
                gain = question.gain - so_far
                skipped = self.skipped(found)
                return FollowUp(values, chance, question.items, question.label, gain, skipped)
        return FollowUp(values, chance, (), "", 0.0, self.skipped(found))
