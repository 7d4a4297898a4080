"""Name the place of a row in the files, and collect problems about it."""

from __future__ import annotations

from collections.abc import Iterable

from model.errors import Problem
from model.reading import nearest
from model.tables import FILES

#: So many names are listed when none is near what was written.
MAX_LISTED = 12

_FILE = {attribute: name for name, kinds in FILES.items() for attribute, _ in kinds}


def file_of(attribute: str) -> str:
    """The file of a table."""
    return _FILE[attribute]


def place(attribute: str, number: int, what: str = "") -> str:
    """The file and row of the n-th record (from 0) of a table."""
    name = _FILE[attribute]
    where = f"{name} line {number + 2}" if name.endswith(".csv") else f"{name} [[{attribute}]]"
    return f"{where} ({what})" if what else where


class Found:
    """A growing list of problems."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(
        self, code: str, where: str, message: str, remedy: str = "", *, level: str = "error"
    ) -> None:
        """Add one problem."""
        self.problems.append(Problem(code, where, message, remedy, level))

    def unknown(self, where: str, column: str, value: str, known: Iterable[str]) -> None:
        """Add the problem of a reference to nothing."""
        names = sorted(known)
        few = f"Use one of {', '.join(names)}." if 0 < len(names) <= MAX_LISTED else ""
        remedy = nearest(value, names) or few or "Define it or correct the reference."
        self.add("unknown_id", where, f"column {column}: {value!r} does not exist.", remedy)
