"""What is said of changes: the items that would be otherwise, and what would come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from model.numbers import rounded
from model.reasons.leans import number_view
from model.reasons.numbers import NOT_VARIED, Number
from model.reasons.tipping import Tip


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
            would merely be unknown; NaN if it could not be computed.
        first, first_probability: what would then come first.
        leader_probability: what the present leader would then have.
        condition_probability: what the chosen condition would then have (the leader if none was).
        read_otherwise: whether something else entered would then be read in another way than it
            says; the chance of such a change is not computed.
    """

    edits: tuple[Edit, ...]
    chance: float
    first: str
    first_probability: float
    leader_probability: float
    condition_probability: float
    read_otherwise: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """The smallest changes that reach a goal.

    Attributes:
        goal: "another_first", "chosen_first" or "crosses" (a threshold).
        condition: the chosen condition, or the leader; threshold: NaN when none was given.
        leader, leader_probability; condition_probability: as things are.
        single: every change of one item that is enough, the likeliest first; those without a chance
            next, those of age or sex last.
        pairs: changes of two items that are enough together and not alone, likewise, among those
            searched.
        searched: the single changes whose pairs were searched: those that come nearest.
        numbers: every elicited number that would do by itself, the smallest change first.
        singles_tried, pairs_tried, numbers_varied: how many were looked at.
        conditions: those all of whose numbers were varied, the leading ones; of the others only
            links and grades.
        impossible: changes left out, since they contradict what is known.
        read_otherwise: changes tried that make something else entered be read in another way.
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
    conditions: tuple[str, ...]
    impossible: int
    read_otherwise: int
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
            "conditions": list(self.conditions),
            "not_varied": list(NOT_VARIED),
            "impossible": self.impossible,
            "read_otherwise": self.read_otherwise,
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
        "read_otherwise": one.read_otherwise,
    }
