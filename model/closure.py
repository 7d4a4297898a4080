"""What follows from what was entered, before rules and engine see it; many patients at once.

A finding that refines another implies it; an absent parent makes its children absent; a context may
imply another. What contradicts itself is an error; between steps the later step (examination over
history, tests over both) wins, with a note. Entered values are never overwritten for the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from model.knowledge import KnowledgeBase
from model.parameters import structure_of
from model.vocabulary import UNKNOWN, Vocabulary

Codes = NDArray[np.int8]


@dataclass(frozen=True)
class Note:
    """Something that holds for some rows: an error, or a reading that the user should know of.

    Attributes:
        code: stable short name.
        level: "error", "warning" (changes how something is read) or "note" (follows quietly).
        rows: (R,) which rows.
        items: columns it is about, the decisive one first.
        text: a sentence without any patient's value in it.
    """

    code: str
    level: str
    rows: NDArray[np.bool_]
    items: tuple[int, ...]
    text: str


@dataclass(frozen=True)
class Settled:
    """Codes ready for use.

    Attributes:
        rules: (R, I) what was entered, blanks filled with what it implies.
        engine: (R, I) free of contradictions and of what is said already.
        notes: what happened on the way; rows with an error must not be inferred from.
    """

    rules: Codes
    engine: Codes
    notes: tuple[Note, ...]

    @property
    def bad(self) -> NDArray[np.bool_]:
        """(R,) rows that contradict themselves."""
        rows = np.zeros(len(self.rules), bool)
        for note in self.notes:
            if note.level == "error":
                rows |= note.rows
        return rows


@dataclass(frozen=True)
class Closure:
    """The relations between items, compiled once for a knowledge base."""

    vocabulary: Vocabulary
    parents: tuple[tuple[int, int, int], ...]  # child, parent, reach (0: binary), roots first
    implies: tuple[tuple[int, int], ...]  # context, implied context
    excludes: tuple[tuple[int, int], ...]
    rank: tuple[int, ...]  # order of the step that answers a column

    @classmethod
    def of(cls, knowledge: KnowledgeBase, vocabulary: Vocabulary) -> Closure:
        """Compile the relations of a knowledge base."""
        structure = structure_of(knowledge)
        parents = tuple(
            (int(f), int(structure.parent[f]), int(structure.reach[f]))
            for f in structure.by_depth
            if structure.parent[f] >= 0
        )
        index = vocabulary.index
        implies = tuple(
            (index[row.id].column, index[row.implies].column)
            for row in knowledge.binary_contexts
            if row.implies
        )
        pairs = {
            (min(one, two), max(one, two))
            for row in knowledge.finding
            for other in row.excludes.split()
            for one, two in [(index[row.id].column, index[other].column)]
        }
        order = {row.id: row.order for row in knowledge.step}
        # tests of every kind stand on one level, above history and examination
        levels = sorted(set(order.values()))
        rank = tuple(
            min(levels.index(order[item.step]), 2) if item.step in order else 0
            for item in vocabulary.items
        )
        return cls(vocabulary, parents, implies, tuple(sorted(pairs)), rank)

    @cached_property
    def implied(self) -> tuple[tuple[int, int], ...]:
        """(finding, finding that it implies), near and far; a grade is not implied."""
        above: dict[int, tuple[int, ...]] = {}
        for child, parent, reach in self.parents:
            above[child] = () if reach else (parent, *above.get(parent, ()))
        return tuple((child, one) for child, found in above.items() for one in found)

    def settle(self, entered: Codes) -> Settled:
        """Settle rows of codes (R, I); the argument is not changed."""
        codes = entered.copy()
        notes: list[Note] = []
        label = [item.label for item in self.vocabulary.items]

        def note(
            code: str, level: str, rows: NDArray[np.bool_], items: tuple[int, ...], text: str
        ) -> None:
            if rows.any():
                notes.append(Note(code, level, rows, items, text))

        for child, parent in self.implied:
            clash = (entered[:, child] == 1) & (entered[:, parent] == 0)
            if not clash.any():
                continue
            if self.rank[child] == self.rank[parent]:
                text = (
                    f"{label[child]} is present but {label[parent]}, which it implies, is absent."
                )
                note("contradiction", "error", clash, (child, parent), text)
            elif self.rank[child] > self.rank[parent]:
                codes[clash, parent] = UNKNOWN
                text = (
                    f"{label[child]} was found although {label[parent]} was denied; "
                    "the later step is believed."
                )
                note("later_step_wins", "warning", clash, (child, parent), text)
            else:
                codes[clash, child] = UNKNOWN
                text = (
                    f"{label[parent]} was not found although {label[child]} was reported; "
                    "the later step is believed."
                )
                note("later_step_wins", "warning", clash, (parent, child), text)
        for one, other in self.implies:
            clash = (entered[:, one] == 1) & (entered[:, other] == 0)
            text = f"{label[one]} is present but {label[other]}, which it implies, is absent."
            note("contradiction", "error", clash, (one, other), text)

        # children speak for blank parents, deepest first; absent parents for blank children
        for child, parent, reach in reversed(self.parents):
            if not reach:
                self._fill(codes, notes, codes[:, child] == 1, parent, 1, child)
        for child, parent, reach in self.parents:
            if not reach:
                self._fill(codes, notes, codes[:, parent] == 0, child, 0, parent)
        for one, other in self.implies:
            self._fill(codes, notes, codes[:, one] == 1, other, 1, one)
            self._fill(codes, notes, codes[:, other] == 0, one, 0, other)
        for one, other in self.excludes:
            clash = (codes[:, one] == 1) & (codes[:, other] == 1)
            text = f"{label[one]} and {label[other]} cannot both be present."
            note("contradiction", "error", clash, (one, other), text)
        rules = np.where(entered != UNKNOWN, entered, codes).astype(np.int8)

        # a grade and what specifies it: said once
        engine = codes.copy()
        for child, parent, reach in self.parents:
            if not reach:
                continue
            grade = codes[:, parent]
            outside = (grade >= 0) & ((reach >> np.maximum(grade, 0)) & 1 == 0)
            stands = outside & (codes[:, child] == 1)
            engine[stands, parent] = UNKNOWN
            text = (
                f"{label[child]} is present, so {label[parent]} is read as a grade that fits it; "
                "the rules see the grade as entered."
            )
            note("grade_read_as_child", "warning", stands, (child, parent), text)
        for child, parent, reach in self.parents:
            if not reach:
                continue
            # a grade read as another child's says nothing any more
            grade = engine[:, parent]
            outside = (grade >= 0) & ((reach >> np.maximum(grade, 0)) & 1 == 0)
            said = outside & (codes[:, child] == 0)
            for below in self._family(child):
                dropped = said & (engine[:, below] == 0)
                engine[dropped, below] = UNKNOWN
                entered_too = dropped & (entered[:, below] != UNKNOWN)
                text = f"{label[below]}: absent is already said by {label[parent]}."
                note("already_said", "note", entered_too, (below, parent), text)
        return Settled(rules, engine, tuple(notes))

    def _fill(
        self,
        codes: Codes,
        notes: list[Note],
        where: NDArray[np.bool_],
        column: int,
        value: int,
        because: int,
    ) -> None:
        rows = where & (codes[:, column] == UNKNOWN)
        if rows.any():
            codes[rows, column] = value
            items = self.vocabulary.items
            word = items[column].values[value]
            text = f"{items[column].label}: {word}, implied by {items[because].label}."
            notes.append(Note("implied", "note", rows, (column, because), text))

    def _family(self, node: int) -> list[int]:
        found = [node]
        for child, parent, _ in self.parents:
            if parent in found:
                found.append(child)
        return found
