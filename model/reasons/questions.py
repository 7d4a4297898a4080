"""The next question: what asking it is expected to be worth, before it is asked.

Every unknown finding and context is weighed by what its answers would make of the posterior
(`model.reasons.prospects`). `docs/reasons/next_question.md` has the definitions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from model.batch import DONE, TOO_WIDE
from model.errors import InputError, Problem, TooWideError
from model.evidence import Evidence
from model.reasoner import Reasoner
from model.reasons.asked import (
    OTHERWISE,
    FollowUp,
    Outcome,
    Pair,
    Question,
    Questions,
    Skipped,
    Values,
)
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
from model.reasons.worth import Aim

__all__ = ["FollowUp", "Outcome", "Pair", "Question", "Questions", "Skipped", "next_questions"]

#: Questions that are followed two steps ahead.
FOLLOWED = 4


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
        ValueError: for a mode or field that does not exist, or `first` below 1.
        InputError: for targets or a burden that cannot be, or evidence that contradicts itself.
        TooWideError: if the posterior of the patient is past the limit.
    """
    if first < 1:
        raise ValueError("first is 1 or more")
    aim = Aim.of(reasoner, evidence, mode, target, about)
    flags, tests = (
        red_flag_items(reasoner, evidence),
        red_flag_items(reasoner, evidence, tests=True),
    )
    weigher = _Weigher(reasoner, aim, burden_limit(burden), flags)
    found = weigher.look(evidence, progress, cancelled)
    now, field = found.now, aim.field
    leader = int(field.first(now))
    weighed = weigher.weigh(found, now, now)
    ahead = weigher.pairs(evidence, now, weighed, progress, cancelled) if pairs else ()
    return Questions(
        mode=mode,
        targets=tuple(field.ids[place] for place in aim.targets),
        about=about,
        limit=weigher.limit,
        leader=field.ids[leader],
        leader_probability=float(field.shares(now)[0][leader]),
        red_flags=flags,
        red_flag_tests=tests,
        all=tuple(question for question, _ in weighed),
        pairs=tuple(pair for pair, _ in ahead),
        skipped=weigher.skipped(found),
        rows=found.rows + sum(rows for _, rows in ahead),
        first=first,
    )


def burden_limit(burden: float | None) -> float:
    """The most a question may cost; infinite when nothing is said.

    Raises:
        InputError: for a burden that is not a number of 0 or more.
    """
    if burden is None:
        return math.inf
    if math.isnan(burden) or burden < 0.0:
        message = "is not a burden."
        remedy = "Give a number of 0 or more (priors/steps.csv), or leave it out."
        raise InputError([Problem("bad_value", "burden", message, remedy)])
    return burden


def red_flag_items(
    reasoner: Reasoner, evidence: Evidence, *, tests: bool = False
) -> tuple[str, ...]:
    """Items that pending red-flag rules ask for at the bedside, the most useful first.

    With `tests`, those that only a test answers.
    """
    settled = reasoner.closure.settle(evidence.codes[None, :])
    vocabulary = reasoner.vocabulary
    return reasoner.screener.screen(settled.rules[0]).questions(
        lambda item: bool(vocabulary.bedside[vocabulary.index[item].column]) != tests
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

    def label(self, columns: Sequence[int]) -> str:
        items = self.reasoner.vocabulary.items
        return " / ".join(items[column].label for column in columns)

    def items(self, columns: Sequence[int]) -> tuple[str, ...]:
        items = self.reasoner.vocabulary.items
        return tuple(items[column].id for column in columns)

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
        items = self.items(prospect.columns)
        return Question(
            items=items,
            label=self.label(prospect.columns),
            step=step,
            burden=burden,
            red_flag=not set(items).isdisjoint(self.red_flags),
            gain=self.aim.gain(prospect, before),
            changes_leader=float(prospect.chance[leaders != leader].sum()),
            outcomes=outcomes,
            lost=prospect.lost,
        )

    def skipped(self, found: Prospects) -> tuple[Skipped, ...]:
        """Questions without a prospect, and those of whose answers all but one read otherwise."""
        why = [(one.columns, one.why) for one in found.each if one.state != DONE]
        why += [(columns, OTHERWISE) for columns in found.left]
        return tuple(
            Skipped(self.items(columns), self.label(columns), word) for columns, word in why
        )

    def pairs(
        self,
        evidence: Evidence,
        now: Belief,
        weighed: Sequence[tuple[Question, Prospect]],
        progress: Progress | None,
        cancelled: Cancelled | None,
    ) -> tuple[tuple[Pair, int], ...]:
        """The best few questions, each with the best second one for each of its answers.

        And the posteriors that each took.
        """
        found = []
        for question, prospect in weighed[:FOLLOWED]:
            followed = [
                self.follow(evidence, now, prospect, answer, progress, cancelled)
                for answer in range(len(prospect.chance))
            ]
            then = tuple(one for one, _ in followed)
            pair = Pair(
                items=question.items,
                label=question.label,
                gain=question.gain + sum(one.chance * one.gain for one in then),
                first_gain=question.gain,
                follow_ups=then,
                complete=all(left.why == OTHERWISE for one in then for left in one.skipped),
            )
            found.append((pair, sum(rows for _, rows in followed)))
        return tuple(sorted(found, key=lambda one: -one[0].gain))

    def follow(
        self,
        evidence: Evidence,
        now: Belief,
        prospect: Prospect,
        answer: int,
        progress: Progress | None,
        cancelled: Cancelled | None,
    ) -> tuple[FollowUp, int]:
        """The best second question after one answer, and the posteriors it took."""
        values, chance = self.values(prospect, answer), float(prospect.chance[answer])
        after = with_answer(evidence, prospect.columns, prospect.codes[answer])
        nothing = FollowUp(values, chance, (), "", 0.0, ())
        try:
            found = self.look(after, progress, cancelled)
        except TooWideError:  # this answer itself was had as a difference
            items, label = self.items(prospect.columns), self.label(prospect.columns)
            return replace(nothing, skipped=(Skipped(items, label, STATES[TOO_WIDE]),)), 0
        nothing = replace(nothing, skipped=self.skipped(found))
        so_far = 0.0 if self.aim.additive else float(self.aim.worth(prospect, now)[answer])
        for question, _ in self.weigh(found, found.now, now)[:1]:
            if question.gain > so_far:
                more = question.gain - so_far
                then = replace(nothing, items=question.items, label=question.label, gain=more)
                return then, found.rows
        return nothing, found.rows
