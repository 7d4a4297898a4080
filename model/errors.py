"""What can go wrong, as one small tree.

ParesisError is never raised itself; its children each carry an exit code for the command line:

    ParesisError
    ├── InputError        10   what was entered about a patient cannot be used as it stands
    ├── KnowledgeError    11   the files of the knowledge base have mistakes (all of them listed)
    ├── TooWideError      --   the evidence needs more steps or bytes than allowed; nothing is
    │                          approximated
    └── StoppedError      --   the caller stopped a long explanation before it had anything to say

Messages never hold a patient's values unless the caller asks for them (`Problem.value`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, where, and what to do.

    Attributes:
        code: stable short name, for programs (`unknown_column`, `bad_value`, ...).
        where: the place, from the outside in ("links.csv row 12 column word").
        message: what is wrong and what is allowed.
        remedy: what to do about it.
        level: "error" stops, "warning" is only said.
        value: the offending text, kept apart because it may be a patient's.
    """

    code: str
    where: str
    message: str
    remedy: str = ""
    level: str = "error"
    value: str = ""

    def __str__(self) -> str:
        """One line for people; the value is left out."""
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} {self.remedy}".rstrip()


class ParesisError(Exception):
    """Base of everything this project raises on purpose."""

    exit_code = 1


class _ProblemsError(ParesisError):
    """Something is wrong, and `problems` says all of it at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[_ProblemsError], tuple[tuple[Problem, ...]]]:
        """Travel between processes whole (by itself an exception takes its text along only)."""
        return type(self), (self.problems,)


class InputError(_ProblemsError):
    """What was entered about a patient cannot be used; `problems` says why."""

    exit_code = 10


class KnowledgeError(_ProblemsError):
    """The knowledge base has mistakes; `problems` lists every one that was found."""

    exit_code = 11


class TooWideError(ParesisError):
    """The cheapest order still needs more than the limit; the posterior is refused, not guessed."""

    def __init__(self, message: str, *, steps: float, bytes_needed: float) -> None:
        self.steps = steps
        self.bytes_needed = bytes_needed
        super().__init__(message)


class StoppedError(ParesisError):
    """The caller stopped a long explanation before it had anything to say."""
