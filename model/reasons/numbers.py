"""One elicited number that takes part in a patient's posterior, and the scale it is measured on."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: Probabilities in which every joint probability is linear.
LINES = ("link", "context_finding", "leak", "grade")

#: Numbers that the base rates depend on: another value is another table, and it is solved again.
SOLVED_AGAIN = ("rate", "age_sex", "condition_link", "pretest", "unnamed")

#: Every kind that is varied.
KINDS = (*LINES, *SOLVED_AGAIN)

#: What is elicited too and is not varied.
NOT_VARIED = ("prevalences of contexts, age and sex", "chance grades of graded findings")


@dataclass(frozen=True, slots=True)
class Number:
    """One elicited number that takes part in a patient's posterior.

    Attributes:
        kind: "link", "context_finding", "leak", "grade" (share of the grade found), "rate"
            (relative rate of a context), "age_sex" (relative rate of an age band or sex),
            "condition_link" (one condition brings about another), "pretest", or "unnamed" (the
            pretest row of what is not modelled).
        file: where it stands.
        of: the ids it ties together: cause and finding, context and condition, condition and age
            band or sex, two conditions, or the condition; of a leak the finding and the age band;
            of a grade the third is the grade.
        label: the same in labels.
        word: as written there; empty where a number is written.
        value: a probability, or a relative rate (one of a context is at least 1).
        child: whether it is the link of a finding that refines another: how often it shows given
            that the same cause shows the other.
    """

    kind: str
    file: str
    of: tuple[str, ...]
    label: str
    word: str
    value: float
    child: bool = False

    @property
    def is_rate(self) -> bool:
        """Whether it is a relative rate and not a probability."""
        return self.kind in {"rate", "age_sex"}

    def coordinate(self, value: float) -> float:
        """Where a value stands on the scale on which changes are measured.

        The natural logarithm of the odds of a probability, infinite at 0 and 1; of a relative rate
        itself.
        """
        if value <= 0.0:
            return -math.inf
        if self.is_rate:
            return math.log(value)
        return math.inf if value >= 1.0 else math.log(value) - math.log1p(-value)

    def at_coordinate(self, place: float) -> float:
        """The value at a place of that scale.

        >>> one = Number("link", "links.csv", (), "", "", 0.5)
        >>> round(one.at_coordinate(one.coordinate(0.2)), 12)
        0.2
        """
        return math.exp(place) if self.is_rate else 1.0 / (1.0 + math.exp(-place))
