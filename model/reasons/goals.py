"""What a change is looked for: another or a chosen leader, or a probability past a threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.errors import InputError, Problem
from model.evidence import Evidence
from model.parameters import Floats
from model.reading import nearest
from model.reasoner import Reasoner
from model.reasons.prospects import Belief
from model.reasons.worth import CONDITIONS, Field


@dataclass(frozen=True)
class Goal:
    """What a change is looked for.

    Attributes:
        field: the conditions.
        leader: place of the condition that comes first now.
        condition: place of the chosen condition, -1 for any other than the leader.
        threshold: probability that the condition is to cross; NaN: it is to come first.
        rises: whether it stands below the threshold now.
    """

    field: Field
    leader: int
    condition: int
    threshold: float
    rises: bool

    @classmethod
    def of(
        cls,
        reasoner: Reasoner,
        evidence: Evidence,
        now: Belief,
        *,
        threshold: float | None,
        condition: str | None,
    ) -> Goal:
        """Check what is asked.

        Raises:
            InputError: for a condition that does not exist, that the evidence decides or that leads
                already, or a threshold that is no probability between 0 and 1.
        """
        field = Field.of(reasoner, evidence, CONDITIONS)
        leader = int(field.first(now))
        place = leader if threshold is not None else -1
        problems = []
        if condition is not None:
            if condition not in field.ids:
                remedy = nearest(condition, field.ids)
                problems.append(Problem("unknown_item", condition, "is not a condition.", remedy))
            else:
                place = field.ids.index(condition)
                if not field.open[place]:
                    message = "is decided by the evidence: no change beside it can move it."
                    problems.append(Problem("already_known", condition, message, "Choose another."))
                elif threshold is None and place == leader:
                    message = "comes first already."
                    remedy = "Choose another, or give a threshold."
                    problems.append(Problem("already_first", condition, message, remedy))
        if threshold is not None and not 0.0 < threshold < 1.0:
            message = "is a probability above 0 and below 1."
            problems.append(Problem("bad_threshold", "threshold", message))
        if problems:
            raise InputError(problems)
        limit = np.nan if threshold is None else threshold
        rises = threshold is not None and bool(now.present[place] < threshold)
        return cls(field, leader, place, limit, rises)

    @property
    def wanted(self) -> str:
        """The goal in a word: "another_first", "chosen_first" or "crosses"."""
        if self.crosses:
            return "crosses"
        return "another_first" if self.condition < 0 else "chosen_first"

    @property
    def crosses(self) -> bool:
        """Whether a threshold is to be crossed."""
        return not np.isnan(self.threshold)

    @property
    def ahead(self) -> int:
        """Place of the one whose lead is measured: the chosen condition, or the present leader."""
        return self.leader if self.condition < 0 else self.condition

    @property
    def rivals(self) -> tuple[int, ...]:
        """Places that its lead is measured against."""
        return tuple(i for i in range(len(self.field.ids)) if i != self.ahead)

    def margins(self, present: Floats, absent: Floats, open_: NDArray[np.bool_]) -> Floats:
        """How far the goal is missed or passed, linear in joint probabilities.

        Args:
            present: (..., N) P(condition, e), or P(condition | e).
            absent: (..., N) the complement.
            open_: (..., N) conditions that the evidence does not decide; only they compete.

        Returns:
            (..., 1) how far past the threshold; else (..., rivals) the lead over each rival.
        """
        if self.crosses:
            past = (1.0 - self.threshold) * present[..., [self.condition]]
            past = past - self.threshold * absent[..., [self.condition]]
            return np.asarray(past if self.rises else -past)
        present = np.where(open_, present, -1.0)
        return np.asarray(present[..., [self.ahead]] - present[..., list(self.rivals)])

    def reached(self, margins: Floats) -> NDArray[np.bool_]:
        """(...,) Whether the goal is reached."""
        if self.crosses or self.condition >= 0:
            return np.asarray((margins >= 0.0).all(axis=-1))
        return np.asarray((margins < 0.0).any(axis=-1))

    def distance(self, present: Floats, absent: Floats, open_: NDArray[np.bool_]) -> Floats:
        """How far the goal is away in natural logarithms of odds; 0 or below when it is reached.

        Weights of evidence add up on this scale, so it says which changes come nearest.
        """
        with np.errstate(divide="ignore"):
            odds = np.log(present) - np.log(absent)
        if self.crosses:
            limit = np.log(self.threshold) - np.log1p(-self.threshold)
            gap = limit - odds[..., self.condition]
            return np.asarray(gap if self.rises else -gap)
        odds = np.where(open_, odds, -np.inf)
        behind = odds[..., [self.ahead]] - odds[..., list(self.rivals)]
        return np.asarray(behind.min(axis=-1) if self.condition < 0 else -behind.min(axis=-1))
