"""What an answer is worth: information, weight of evidence, and who comes first.

`docs/reasons/next_question.md` has the definitions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.errors import InputError, Problem
from model.evidence import Evidence
from model.parameters import Floats
from model.reading import nearest
from model.reasoner import Reasoner
from model.reasons.prospects import Answered, Belief, Prospect
from model.tables import Category, Condition
from model.vocabulary import UNKNOWN

#: One posterior, or a row of them.
Beliefs = Belief | Prospect | Answered

CONDITIONS, CATEGORIES = "conditions", "categories"

#: What a question may be asked for: the unit of its gain and the number of targets.
MODES = {
    "inform": ("bits", 0),
    "screen": ("bits", 0),
    "raise": ("log10 odds", 1),
    "lower": ("log10 odds", 1),
    "tell": ("log10 odds", 2),
}

#: The least complement of a probability in double precision.
TINY = 2.0**-53


@dataclass(frozen=True)
class Field:
    """Who competes for the first place: the conditions, or the categories.

    Attributes:
        about: "conditions" or "categories".
        ids, labels: (S,) in file order.
        open: (S,) those that the evidence does not decide by itself; only they can lead.
    """

    about: str
    ids: tuple[str, ...]
    labels: tuple[str, ...]
    open: NDArray[np.bool_]

    @classmethod
    def of(cls, reasoner: Reasoner, evidence: Evidence, about: str) -> Field:
        """The field for a patient.

        Raises:
            ValueError: for a field that does not exist.
            InputError: if the evidence decides every one of them.
        """
        if about not in (CONDITIONS, CATEGORIES):
            raise ValueError(f"about is {CONDITIONS} or {CATEGORIES}")
        knowledge = reasoner.knowledge
        codes = evidence.codes[reasoner.vocabulary.columns("condition")]
        known = codes != UNKNOWN
        rows: Sequence[Condition | Category] = knowledge.condition
        if about == CATEGORIES:
            groups, rows = reasoner.engine.groups, knowledge.category
            known = (groups & (codes == 1)).any(axis=1) | (~groups | (codes == 0)).all(axis=1)
        if known.all():
            message = f"decides every one of the {about}: none of them can lead."
            raise InputError([Problem("nothing_open", "the evidence", message, "Leave one open.")])
        ids, labels = tuple(row.id for row in rows), tuple(row.label for row in rows)
        return cls(about, ids, labels, ~known)

    def shares(self, belief: Beliefs) -> tuple[Floats, Floats]:
        """P(present), P(absent), each (S,) of a belief or (A, S) of a prospect."""
        if self.about == CONDITIONS:
            return belief.present, belief.absent
        return belief.group, np.maximum(1.0 - belief.group, TINY)

    def log_odds(self, belief: Beliefs) -> Floats:
        """log10 odds of each; infinite where the evidence decides."""
        present, absent = self.shares(belief)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log10(present) - np.log10(absent))

    def first(self, belief: Beliefs) -> NDArray[np.int64]:
        """Place of the most probable one that is open; ties in file order."""
        present, absent = self.shares(belief)
        rank = absent if self.about == CONDITIONS else -present
        return np.asarray(np.where(self.open, rank, np.inf).argmin(axis=-1))


def information(chance: Floats, present: Floats, absent: Floats) -> Floats:
    """Mutual information in bits between an answer and each of S yes-or-no things.

    I(C; F) = sum over answers a of P(a) [ P(C|a) log2 P(C|a)/P(C) + P(not C|a) log2 ... ], which is
    the expected fall of the binary entropy of C. Never negative.

    Args:
        chance: (A,) P(answer), adding to 1.
        present: (A, S) P(C | answer).
        absent: (A, S) its complement.

    >>> half = np.array([0.5, 0.5])
    >>> information(half, np.eye(2), 1 - np.eye(2)).tolist()
    [1.0, 1.0]
    """
    found = np.zeros(present.shape[1])
    for part in (present, absent):
        whole = chance @ part
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(part > 0.0, part * np.log2(part / whole), 0.0)
        found += chance @ terms
    return np.maximum(found, 0.0)


@dataclass(frozen=True)
class Aim:
    """What questions are asked for.

    Attributes:
        mode: one of `MODES`.
        field: who competes for the first place.
        targets: places of the targets in the field.
        informed: (S,) those whose information counts ("inform" and "screen").
    """

    mode: str
    field: Field
    targets: tuple[int, ...]
    informed: NDArray[np.bool_]

    @classmethod
    def of(
        cls, reasoner: Reasoner, evidence: Evidence, mode: str, target: Sequence[str], about: str
    ) -> Aim:
        """Check what is asked.

        Raises:
            ValueError: for a mode or field that does not exist.
            InputError: for targets that do not exist, are too many or too few, or are known.
        """
        if mode not in MODES:
            raise ValueError(f"mode is one of {', '.join(MODES)}")
        field = Field.of(reasoner, evidence, about)
        names = [target] if isinstance(target, str) else list(target)
        problems = []
        if len(names) != MODES[mode][1] or len(set(names)) < len(names):
            one = "category" if about == CATEGORIES else "condition"
            message = (
                "takes no --target.",
                f"needs one --target: a {one}'s id.",
                f"needs two different --target: each a {one}'s id.",
            )[MODES[mode][1]]
            problems.append(Problem("wrong_targets", f"mode {mode}", message))
        for name in names:
            if name not in field.ids:
                message = f"is not one of the {about}."
                problems.append(Problem("unknown_item", name, message, nearest(name, field.ids)))
            elif not field.open[field.ids.index(name)]:
                message = "is decided by the evidence: no answer can move it."
                problems.append(Problem("already_known", name, message, "Choose another."))
        if problems:
            raise InputError(problems)
        informed = field.open
        if mode == "screen":
            cannot = [row.cannot_miss == "yes" for row in reasoner.knowledge.condition]
            informed = np.array(cannot) & Field.of(reasoner, evidence, CONDITIONS).open
        return cls(mode, field, tuple(field.ids.index(name) for name in names), informed)

    @property
    def additive(self) -> bool:
        """Whether the gains of two questions, one after the other, add up."""
        return MODES[self.mode][0] == "bits"

    def gain(self, prospect: Prospect, before: Belief) -> float:
        """Expected gain of a question, in the unit of the mode; log odds count from `before`."""
        if not self.additive:
            return float(prospect.chance @ self.worth(prospect, before))
        if self.mode == "screen":
            present, absent = prospect.present, prospect.absent
        else:
            present, absent = self.field.shares(prospect)
        bits = information(prospect.chance, present, absent)
        return float(bits[self.informed].sum())

    def worth(self, after: Beliefs, before: Belief) -> Floats:
        """What the log odds did, as far as the mode asks for it; at least 0."""
        if self.mode == "tell":
            return np.abs(self._between(after) - self._between(before))
        target = self.targets[0]
        weight = self.field.log_odds(after)[..., target] - self.field.log_odds(before)[target]
        return np.asarray(np.maximum(weight if self.mode == "raise" else -weight, 0.0))

    def _between(self, belief: Beliefs) -> Floats:
        """log10 of how many times as probable the first target is as the second."""
        present = self.field.shares(belief)[0]
        one, other = self.targets
        return np.asarray(np.log10(present[..., one]) - np.log10(present[..., other]))
