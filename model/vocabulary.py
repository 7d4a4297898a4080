"""The items a patient may be described by, their columns in a code matrix, and how cells are read.

A row of codes is int8: -1 unknown, 0 absent (or the lowest grade), 1 present, g the g-th grade.
Columns stand in this order: findings, binary contexts, conditions, sex, age band.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from model.knowledge import BEDSIDE, KnowledgeBase
from model.parameters import SEXES
from model.reading import nearest

UNKNOWN = -1

#: Cells that mean "not known", after trimming and folding case.
BLANK = frozenset({"", "unknown", "na", "n/a"})

PRESENT = frozenset({"present", "yes", "true", "1", "1.0"})
ABSENT = frozenset({"absent", "no", "false", "0", "0.0"})

#: How alike (0 to 1) a name and an id are at least, for the id to be offered; and how alike when
#: every word of the name is one of the id's.
ALIKE, WORDS_ALIKE = 0.78, 0.6

#: Ages are accepted from 0 up to, not including, this many years.
MAX_AGE = 121


class CellError(ValueError):
    """A cell that is not one of the allowed values; the message never repeats the cell."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that can be known of a patient.

    Attributes:
        id, label: as in the knowledge base.
        kind: "finding", "context", "condition", "sex" or "age".
        column: its place in a row of codes.
        values: what it can be; for age the bands.
        step: the step of the consultation that answers it.
    """

    id: str
    label: str
    kind: str
    column: int
    values: tuple[str, ...]
    step: str

    @property
    def graded(self) -> bool:
        """Whether it has grades instead of present and absent."""
        return self.kind == "finding" and self.values != ("absent", "present")


@dataclass(frozen=True)
class Vocabulary:
    """Every item of a knowledge base, in column order."""

    items: tuple[Item, ...]
    bands: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, knowledge: KnowledgeBase) -> Vocabulary:
        """Lay the items of a knowledge base out in columns."""
        binary = ("absent", "present")
        items: list[Item] = []
        for row in knowledge.finding:
            values = row.values if knowledge.is_graded(row) else binary
            items.append(Item(row.id, row.label, "finding", len(items), values, row.step))
        for context in knowledge.binary_contexts:
            items.append(Item(context.id, context.label, "context", len(items), binary, "history"))
        for condition in knowledge.condition:
            items.append(
                Item(condition.id, condition.label, "condition", len(items), binary, "known")
            )
        for context in knowledge.context:
            if context.kind != "binary":
                values = SEXES if context.kind == "sex" else tuple(b.id for b in knowledge.age_band)
                items.append(
                    Item(context.id, context.label, context.kind, len(items), values, "history")
                )
        items[-2:] = sorted(items[-2:], key=lambda item: item.kind == "age")
        items[-2:] = [
            Item(item.id, item.label, item.kind, len(items) - 2 + n, item.values, item.step)
            for n, item in enumerate(items[-2:])
        ]
        return cls(tuple(items), tuple((band.start, band.end) for band in knowledge.age_band))

    @cached_property
    def index(self) -> dict[str, Item]:
        """Id -> item."""
        return {item.id: item for item in self.items}

    def columns(self, kind: str) -> slice:
        """The columns of one kind of item."""
        places = [item.column for item in self.items if item.kind == kind]
        return slice(places[0], places[-1] + 1)

    @cached_property
    def bedside(self) -> NDArray[np.bool_]:
        """Which columns history or examination can answer."""
        return np.array([item.step in BEDSIDE for item in self.items])

    def blank(self, rows: int = 1) -> NDArray[np.int8]:
        """Codes of patients about whom nothing is known."""
        return np.full((rows, len(self.items)), UNKNOWN, np.int8)

    def suggest(self, name: str) -> str:
        """A sentence offering the nearest known id, or nothing where none is near enough."""
        spelt = {item.casefold(): item for item in self.index}
        said = name.strip().casefold()
        close = difflib.get_close_matches(said, spelt, n=1, cutoff=WORDS_ALIKE)
        if not close:
            return ""
        alike = difflib.SequenceMatcher(None, close[0], said).ratio() >= ALIKE
        words = set(said.replace("-", "_").split("_")) <= set(close[0].split("_"))
        return f"Did you mean {spelt[close[0]]}?" if alike or words else ""

    def code(self, item: Item, text: str) -> int:
        """Read one cell.

        Raises:
            CellError: with a stable code, saying what is allowed (the cell itself is not repeated).
        """
        cell = text.strip().casefold()
        if cell in BLANK:
            return UNKNOWN
        if item.kind == "age":
            return self._band(cell)
        if item.kind == "sex" or item.graded:
            if cell in item.values:
                return item.values.index(cell)
            close = nearest(cell, item.values)
            if item.graded and cell in ABSENT | PRESENT:
                close = "A graded finding has no present or absent."
            raise CellError(
                "bad_value", f"is not one of {', '.join(item.values)}. {close}".rstrip()
            )
        if cell in PRESENT:
            return 1
        if cell in ABSENT:
            return 0
        try:
            number = float(cell)
        except ValueError:
            number = math.nan
        if 0 < number < 1:
            raise CellError(
                "soft_value",
                "is a number between 0 and 1; soft evidence is a likelihood ratio, given in JSON.",
            )
        close = nearest(cell, ("present", "absent", "unknown"))
        raise CellError("bad_value", f"is not present, absent or blank. {close}".rstrip())

    def _band(self, cell: str) -> int:
        try:
            years = float(cell)
        except ValueError:
            years = math.nan
        if not 0 <= years < MAX_AGE or not set(cell) <= set("0123456789.e+-"):
            raise CellError("bad_age", f"is not an age in years from 0 to under {MAX_AGE}.")
        for place, (start, end) in enumerate(self.bands):
            if start <= years < end:
                return place
        raise CellError("bad_age", "lies in no age band of the knowledge base.")

    def say(self, items: Iterable[int], codes: NDArray[np.int8]) -> str:
        """Name items with their values, for people ("Foot drop present")."""
        parts = []
        for column in items:
            item = self.items[column]
            parts.append(f"{item.label}: {item.values[codes[column]]}")
        return "; ".join(parts)
