"""What would change the result: the smallest changes of what is known, or of one number.

`docs/reasons/changes.md` has the definitions.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from model.batch import DONE
from model.evidence import Evidence
from model.parameters import Floats
from model.reasoner import Reasoner
from model.reasons.edits import Change, Changes, Edit
from model.reasons.goals import Goal
from model.reasons.leans import leading
from model.reasons.numbers import Number
from model.reasons.prospects import (
    CONTRADICTS,
    FITS,
    READ_OTHERWISE,
    answer_entered,
    believed,
    entering,
    open_items,
    prospects,
)
from model.reasons.sensitivity import Bench
from model.reasons.tipping import Tip, tips
from model.reasons.variants import STATES, Cancelled, Progress, changed, items_of, value_of
from model.vocabulary import UNKNOWN

__all__ = ["Change", "Changes", "Edit", "what_would_change"]

#: Single changes, short of enough by themselves, whose pairs are searched.
PROMISING = 12


#: A change that comes nearer by less than this (natural logarithm of odds) comes no nearer.
LEAST = 1e-9


def what_would_change(
    reasoner: Reasoner,
    evidence: Evidence,
    *,
    threshold: float | None = None,
    condition: str | None = None,
    numbers: bool = True,
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
        numbers: also look for the smallest change of one elicited number; that is most of the work.
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

    places = leading(goal.field, now.present)
    places = (*places, *(i for i in (goal.condition,) if i >= 0 and i not in places))
    found: tuple[Tip, ...] = ()
    left: tuple[tuple[Number, str], ...] = ()
    varied = 0
    if numbers:
        bench = Bench.of(reasoner, evidence)
        others = [int(i) for i in np.flatnonzero(bench.case.condition != 0) if i not in places]
        found, varied, left = tips(
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
        numbers=found,
        singles_tried=len(singles),
        pairs_tried=len(pairs),
        numbers_varied=varied,
        conditions=tuple(goal.field.ids[place] for place in places),
        impossible=search.impossible,
        read_otherwise=search.otherwise,
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
    """The changes that reach the goal, the likeliest first; ties as they were tried.

    Age and sex are no matter of doubt and stand last; before them what has no chance.
    """

    def key(one: Change) -> tuple[bool, bool, float]:
        fixed = any(edit.item in {"age", "sex"} for edit in one.edits)
        unknown = math.isnan(one.chance)
        return fixed, unknown, 0.0 if unknown else -one.chance

    return tuple(sorted((one.change for one in tried if one.reached), key=key))


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
        self.impossible = self.otherwise = 0
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
        *,
        otherwise: bool = False,
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
            read_otherwise=otherwise,
        )
        margins = goal.margins(present, absent, open_)
        reached = bool(goal.reached(margins))
        return _Tried(settings, change, reached, float(goal.distance(present, absent, open_)))

    def unknown_items(self) -> list[_Tried]:
        """Every answer to every open item by itself; not of one known by a likelihood."""
        soft = {column for column, _ in self.evidence.soft}
        columns = [one for one in open_items(self.reasoner, self.evidence) if one not in soft]
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
        return tried + self.alter(self.readings(columns, {one for (one,) in found.left}))

    def readings(
        self, columns: Sequence[int], left: Collection[int]
    ) -> list[tuple[tuple[int, int], ...]]:
        """Values that make something be read in another way; of `left` also those that fit."""
        items = self.reasoner.vocabulary.items
        values = [(column, code) for column in columns for code in range(len(items[column].values))]
        if not values:
            return []
        became = entering(
            self.reasoner, self.evidence, [self.altered((setting,)) for setting in values]
        )
        return [
            (setting,)
            for setting, how in zip(values, became, strict=True)
            if how == READ_OTHERWISE or (how == FITS and setting[0] in left)
        ]

    def entered_items(self) -> list[_Tried]:
        """Every entered item unknown, or with another value."""
        wanted = []
        for column in items_of(self.evidence):
            item, code = self.reasoner.vocabulary.items[column], int(self.evidence.codes[column])
            others = [other for other in range(len(item.values)) if other != code]
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
        became = entering(
            self.reasoner, self.evidence, [self.altered(settings) for settings in wanted]
        )
        self.impossible += int((became == CONTRADICTS).sum())
        self.otherwise += int((became == READ_OTHERWISE).sum())
        kept = [pair for pair in zip(wanted, became, strict=True) if pair[1] != CONTRADICTS]
        bare = {
            settings: tuple((column, UNKNOWN) for column, _ in settings) for settings, _ in kept
        }
        rows = list(dict.fromkeys([*bare, *bare.values()]))
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
        for settings, how in kept:
            row = at[settings]
            if answered.state[row] != DONE:
                edits = tuple(self.edit(*setting) for setting in settings)
                self.skipped.append((edits, STATES[int(answered.state[row])]))
                continue
            chance = math.nan
            if how == FITS:
                chance = math.exp(
                    answered.log_weight[row] - answered.log_weight[at[bare[settings]]]
                )
            present, absent = answered.present[row], answered.absent[row]
            otherwise = bool(how == READ_OTHERWISE)
            tried.append(self.tried(settings, chance, present, absent, otherwise=otherwise))
        return tried

    def altered(self, settings: Sequence[tuple[int, int]]) -> Evidence:
        """The patient with some items changed; a likelihood of theirs is gone."""
        evidence = self.evidence
        for column, code in settings:
            evidence = changed(evidence, column, code)
        return evidence
