"""What would change the result: the smallest changes of what is known, or of one number.

`docs/reasons/changes.md` has the definitions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from model.batch import DONE
from model.evidence import Evidence
from model.numbers import rounded
from model.parameters import Floats
from model.reasoner import Reasoner
from model.reasons.goals import Goal
from model.reasons.leans import leading, number_view
from model.reasons.numbers import Number
from model.reasons.prospects import (
    answer_entered,
    believed,
    can_be_entered,
    open_items,
    prospects,
)
from model.reasons.sensitivity import Bench
from model.reasons.tipping import Tip, tips
from model.reasons.variants import STATES, Cancelled, Progress, changed, items_of, value_of
from model.vocabulary import UNKNOWN

#: Single changes, short of enough by themselves, whose pairs are searched.
PROMISING = 12


#: A change that comes nearer by less than this (natural logarithm of odds) comes no nearer.
LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Edit:
    """One item that would be known to be something else.

    Attributes:
        before, after: a value, "unknown" or "soft" (known by a likelihood only).
    """

    item: str
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """A change of what is known, and what would come of it.

    Attributes:
        edits: one or two items.
        chance: P(the items have these values | everything else that is known); 1 for an item that
            would merely be unknown.
        first, first_probability: what would then come first.
        leader_probability: what the present leader would then have.
        condition_probability: what the chosen condition would then have (the leader if none was).
    """

    edits: tuple[Edit, ...]
    chance: float
    first: str
    first_probability: float
    leader_probability: float
    condition_probability: float


@dataclass(frozen=True, slots=True)
class Changes:
    """The smallest changes that reach a goal.

    Attributes:
        goal: "another_first", "chosen_first" or "crosses" (a threshold).
        condition: the chosen condition, or the leader; threshold: NaN when none was given.
        leader, leader_probability; condition_probability: as things are.
        single: every change of one item that is enough, the likeliest first.
        pairs: changes of two items that are enough together and not alone, likewise, among those
            searched.
        searched: the single changes whose pairs were searched: those that come nearest.
        numbers: every elicited number that would do by itself, the smallest change first.
        singles_tried, pairs_tried, numbers_varied: how many were looked at.
        impossible: changes left out, since they contradict what is known or make it be read in
            another way.
        skipped: changes and numbers that could not be computed, and why.
    """

    goal: str
    condition: str
    threshold: float
    leader: str
    leader_probability: float
    condition_probability: float
    single: tuple[Change, ...]
    pairs: tuple[Change, ...]
    searched: tuple[Edit, ...]
    numbers: tuple[Tip, ...]
    singles_tried: int
    pairs_tried: int
    numbers_varied: int
    impossible: int
    skipped: tuple[tuple[tuple[Edit, ...] | Number, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready view with six significant digits."""
        return {
            "goal": self.goal,
            "condition": self.condition,
            "threshold": rounded(self.threshold),
            "leader": self.leader,
            "leader_probability": rounded(self.leader_probability),
            "condition_probability": rounded(self.condition_probability),
            "single": [_change_view(one) for one in self.single],
            "pairs": [_change_view(one) for one in self.pairs],
            "searched": [_edit_view(one) for one in self.searched],
            "numbers": [
                {
                    **number_view(one.number),
                    "to": rounded(one.to),
                    "size": rounded(one.size),
                    "first": one.first,
                    "first_probability": rounded(one.first_probability),
                    "leader_probability": rounded(one.leader_probability),
                    "condition_probability": rounded(one.condition_probability),
                }
                for one in self.numbers
            ],
            "singles_tried": self.singles_tried,
            "pairs_tried": self.pairs_tried,
            "numbers_varied": self.numbers_varied,
            "impossible": self.impossible,
            "skipped": [
                {
                    **(
                        number_view(what)
                        if isinstance(what, Number)
                        else {"edits": [_edit_view(edit) for edit in what]}
                    ),
                    "why": why,
                }
                for what, why in self.skipped
            ],
        }


def _edit_view(one: Edit) -> dict[str, str]:
    return {"item": one.item, "label": one.label, "before": one.before, "after": one.after}


def _change_view(one: Change) -> dict[str, Any]:
    return {
        "edits": [_edit_view(edit) for edit in one.edits],
        "chance": rounded(one.chance),
        "first": one.first,
        "first_probability": rounded(one.first_probability),
        "leader_probability": rounded(one.leader_probability),
        "condition_probability": rounded(one.condition_probability),
    }


def what_would_change(
    reasoner: Reasoner,
    evidence: Evidence,
    *,
    threshold: float | None = None,
    condition: str | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Changes:
    """Look for the smallest changes that put another condition first or cross a threshold.

    Every change of one item is tried: an unknown one known, an entered one another value or
    unknown. Of a diagnosis entered it is tried that a confirmed one is absent and an excluded one
    unknown; no other diagnosis is set. Pairs are tried among the single changes that come nearest.

    Args:
        reasoner: the knowledge base in one setting and basis.
        evidence: the patient.
        threshold: probability to be crossed by the condition, from whichever side it stands on.
        condition: the condition to come first, or to cross; any other than the leader, or the
            leader itself, when omitted.
        progress: told (done, total); starts anew for each part of the search.
        cancelled: asked before every block; what is left then is skipped as "stopped".

    Raises:
        InputError: if the evidence contradicts itself, or for a condition or threshold that cannot
            be (see `model.reasons.goals.Goal`).
        TooWideError: if the posterior of the patient is past the limit.
    """
    now = believed(reasoner, evidence)
    goal = Goal.of(reasoner, evidence, now, threshold=threshold, condition=condition)
    search = _Search(reasoner, evidence, goal, progress, cancelled)
    singles = [*search.unknown_items(), *search.entered_items()]
    told = evidence.codes[reasoner.vocabulary.columns("condition")] == UNKNOWN
    far = float(goal.distance(now.present, now.absent, told))
    near = [one for one in singles if not one.reached and one.distance < far - LEAST]
    near = sorted(near, key=lambda one: one.distance)[:PROMISING]
    pairs = search.pairs(near)

    bench = Bench.of(reasoner, evidence)
    places = leading(goal.field, now.present)
    places = (*places, *(i for i in (goal.condition,) if i >= 0 and i not in places))
    others = [int(i) for i in np.flatnonzero(bench.case.condition != 0) if i not in places]
    numbers, varied, left = tips(
        bench, goal, places, others=others, progress=progress, cancelled=cancelled
    )
    return Changes(
        goal=goal.wanted,
        condition=goal.field.ids[goal.ahead],
        threshold=goal.threshold,
        leader=goal.field.ids[goal.leader],
        leader_probability=float(now.present[goal.leader]),
        condition_probability=float(now.present[goal.ahead]),
        single=_enough(singles),
        pairs=_enough(pairs),
        searched=tuple(one.change.edits[0] for one in near),
        numbers=numbers,
        singles_tried=len(singles),
        pairs_tried=len(pairs),
        numbers_varied=varied,
        impossible=search.impossible,
        skipped=(*search.skipped, *left),
    )


@dataclass(frozen=True)
class _Tried:
    """A change that was tried: (column, code) of each item, and what came of it."""

    settings: tuple[tuple[int, int], ...]
    change: Change
    reached: bool
    distance: float


def _enough(tried: Sequence[_Tried]) -> tuple[Change, ...]:
    """The changes that reach the goal, the likeliest first; ties as they were tried."""
    found = [one.change for one in tried if one.reached]
    return tuple(sorted(found, key=lambda one: -np.nan_to_num(one.chance)))


class _Search:
    """Tries changes of what is known of one patient."""

    def __init__(
        self,
        reasoner: Reasoner,
        evidence: Evidence,
        goal: Goal,
        progress: Progress | None,
        cancelled: Cancelled | None,
    ) -> None:
        self.reasoner = reasoner
        self.evidence = evidence
        self.goal = goal
        self.progress = progress
        self.cancelled = cancelled
        self.impossible = 0
        self.skipped: list[tuple[tuple[Edit, ...], str]] = []

    def edit(self, column: int, code: int) -> Edit:
        item = self.reasoner.vocabulary.items[column]
        after = "unknown" if code == UNKNOWN else item.values[code]
        return Edit(item.id, item.label, value_of(self.reasoner, self.evidence, column), after)

    def tried(
        self,
        settings: tuple[tuple[int, int], ...],
        chance: float,
        present: Floats,
        absent: Floats,
    ) -> _Tried:
        """What came of a change, from its posteriors (N,)."""
        goal = self.goal
        place = self.reasoner.vocabulary.columns("condition")
        open_ = self.evidence.codes[place] == UNKNOWN
        for column, code in settings:
            if place.start <= column < place.stop:
                open_[column - place.start] = code == UNKNOWN
        first = int(np.where(open_, absent, np.inf).argmin())
        change = Change(
            edits=tuple(self.edit(*setting) for setting in settings),
            chance=chance,
            first=goal.field.ids[first],
            first_probability=float(present[first]),
            leader_probability=float(present[goal.leader]),
            condition_probability=float(present[goal.ahead]),
        )
        margins = goal.margins(present, absent, open_)
        reached = bool(goal.reached(margins))
        return _Tried(settings, change, reached, float(goal.distance(present, absent, open_)))

    def unknown_items(self) -> list[_Tried]:
        """Every answer to every open item by itself."""
        columns = open_items(self.reasoner, self.evidence)
        found = prospects(
            self.reasoner,
            self.evidence,
            [(column,) for column in columns],
            progress=self.progress,
            cancelled=self.cancelled,
        )
        tried = []
        for one in found.each:
            answers = [int(code) for code in one.codes[:, 0]]
            if one.state != DONE:
                edits = [self.edit(one.columns[0], code) for code in answers]
                self.skipped += [((edit,), one.why) for edit in edits]
                continue
            tried += [
                self.tried(
                    ((one.columns[0], code),),
                    float(one.chance[row]),
                    one.present[row],
                    one.absent[row],
                )
                for row, code in enumerate(answers)
            ]
        self.impossible += found.impossible
        return tried

    def entered_items(self) -> list[_Tried]:
        """Every entered item unknown, or with another value."""
        wanted = []
        for column in items_of(self.evidence):
            item, code = self.reasoner.vocabulary.items[column], int(self.evidence.codes[column])
            others = [c for c in range(len(item.values)) if c != code] if code != UNKNOWN else []
            if item.kind == "condition":
                wanted += [((column, 0 if code == 1 else UNKNOWN),)]
            else:
                wanted += [((column, other),) for other in (UNKNOWN, *others)]
        return self.alter(wanted)

    def pairs(self, near: Sequence[_Tried]) -> list[_Tried]:
        """Two single changes at once, of different items."""
        return self.alter(
            [
                (*one.settings, *other.settings)
                for one, other in combinations(near, 2)
                if one.settings[0][0] != other.settings[0][0]
            ]
        )

    def alter(self, wanted: Sequence[tuple[tuple[int, int], ...]]) -> list[_Tried]:
        """Try changes, each with its chance given the evidence without the items it changes."""
        if not wanted:
            return []
        fits = can_be_entered(
            self.reasoner, self.evidence, [self.altered(settings) for settings in wanted]
        )
        self.impossible += int((~fits).sum())
        kept = [settings for settings, fit in zip(wanted, fits, strict=True) if fit]
        bare = [tuple((column, UNKNOWN) for column, _ in settings) for settings in kept]
        rows = list(dict.fromkeys([*kept, *bare]))
        if not rows:
            return []
        answered = answer_entered(
            self.reasoner,
            [self.altered(settings) for settings in rows],
            progress=self.progress,
            cancelled=self.cancelled,
        )
        at = {settings: row for row, settings in enumerate(rows)}
        tried = []
        for settings, rest in zip(kept, bare, strict=True):
            row = at[settings]
            if answered.state[row] != DONE:
                edits = tuple(self.edit(*setting) for setting in settings)
                self.skipped.append((edits, STATES[int(answered.state[row])]))
                continue
            chance = math.exp(answered.log_weight[row] - answered.log_weight[at[rest]])
            tried.append(self.tried(settings, chance, answered.present[row], answered.absent[row]))
        return tried

    def altered(self, settings: Sequence[tuple[int, int]]) -> Evidence:
        """The patient with some items changed; a likelihood of theirs is gone."""
        evidence = self.evidence
        for column, code in settings:
            evidence = changed(evidence, column, code)
        return evidence
