"""What moved between two assessments of one patient."""

from __future__ import annotations

from dataclasses import dataclass

from app.case import Case
from model.assessment import Assessment, Ranked


@dataclass(frozen=True, slots=True)
class Move:
    """One condition or category in both.

    Attributes:
        id, label: of what.
        before, after: its posterior in the first and in the second.
    """

    id: str
    label: str
    before: float
    after: float

    @property
    def change(self) -> float:
        """After less before."""
        return self.after - self.before


def _moves(one: tuple[Ranked, ...], other: tuple[Ranked, ...]) -> tuple[Move, ...]:
    after = {row.id: row.probability for row in other}
    found = [Move(row.id, row.label, row.probability, after[row.id]) for row in one]
    return tuple(sorted(found, key=lambda move: -abs(move.change)))


def condition_moves(one: Assessment, other: Assessment) -> tuple[Move, ...]:
    """Conditions, those that moved most first (by percentage points, ties in file order)."""
    return _moves(one.conditions, other.conditions) if other.has_differential else ()


def category_moves(one: Assessment, other: Assessment) -> tuple[Move, ...]:
    """Categories, those that moved most first."""
    return _moves(one.categories, other.categories) if other.has_differential else ()


def entered_apart(one: Case, other: Case) -> tuple[tuple[str, str, str], ...]:
    """Items in which two cases differ: (item, in the first, in the second), "" for unknown."""
    names = dict.fromkeys([*one.values, *other.values])
    return tuple(
        (name, one.values.get(name, ""), other.values.get(name, ""))
        for name in names
        if one.values.get(name, "") != other.values.get(name, "")
    )
