"""Base rates for a table in which one number is another, starting from those of the elicited one.

`model.pretest.solve` looks for Z = P(complaint) from nothing. Near a solved table Z hardly moves:
with it held (`model.pretest.solve_at`) the complaint comes out as Z (1 + g), and the root of g(Z)
is found by a secant whose first slope is that of the elicited table. The result is that of `solve`.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from model.parameters import Parameters
from model.pretest import NoSolutionError, solve, solve_at, window

#: Relative step of Z below which it is found.
TOLERANCE = 1e-10

#: Steps before the search from nothing takes over.
MOST_STEPS = 12

#: Relative step of Z at which the first slope is taken.
APART = 1e-3

#: Solutions kept for one table, and tables for which any are kept.
MOST_KEPT, MOST_TABLES = 8192, 4

_SOUGHT = ("rate", "context_prior", "age_prior", "sex_prior")


@dataclass
class Solver:
    """Solves tables near an elicited one; what was solved is kept, whoever the patient is.

    Attributes:
        base: the elicited table, solved.
        slope: how g falls with Z there.
    """

    base: Parameters
    slope: float
    _kept: dict[Hashable, dict[str, Any] | NoSolutionError] = field(default_factory=dict)

    @classmethod
    def of(cls, base: Parameters) -> Solver:
        """For a solved table."""
        step = APART * base.complaint
        return cls(base, _at(base, base, base.complaint + step)[0] / step)

    def solved(self, key: Hashable, table: Parameters) -> Parameters:
        """A table with its base rates.

        Args:
            key: what differs from the elicited table; equal keys are solved once.
            table: the other table.

        Raises:
            NoSolutionError: if no base rates give this table.
        """
        found = self._kept.get(key)
        if found is None:
            try:
                found = self._solve(table)
            except NoSolutionError as error:
                found = error
            while len(self._kept) >= MOST_KEPT:
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[key] = found
        if isinstance(found, NoSolutionError):
            raise NoSolutionError(found.reason, found.rows)
        return replace(table, **found)

    def _solve(self, table: Parameters) -> dict[str, Any]:
        low, high, _ = window(table.pretest, table.unnamed_pretest)
        if not low < table.unnamed_pretest < high:
            raise NoSolutionError("the table lies outside the window of the unnamed row")
        try:
            found = self._secant(table)
        except NoSolutionError as error:
            if error.rows:
                raise
            found = None
        return solve(table) if found is None else found

    def _secant(self, table: Parameters) -> dict[str, Any] | None:
        """The solution, or None if the steps do not lead to one."""
        slope, z, start = self.slope, self.base.complaint, self.base
        gap, found = _at(table, start, z)
        before, last = z, found
        for _ in range(MOST_STEPS):
            step = -gap / slope if slope else math.inf
            if abs(step) < TOLERANCE * z:
                return found
            if not 0.0 < z + step < 1.0:
                return None
            ahead = {name: found[name] for name in _SOUGHT}
            if before != z:  # a first guess on the line through the last two
                part = step / (z - before)
                for name in _SOUGHT:
                    guess = found[name] + part * (found[name] - last[name])
                    ahead[name] = guess if (guess > 0.0).all() else found[name]
            before, last, old = z, found, gap
            z += step
            gap, found = _at(table, replace(start, **ahead), z)
            slope = (gap - old) / step if abs(step) > APART * TOLERANCE else slope
        return None


def _at(table: Parameters, start: Parameters, z: float) -> tuple[float, dict[str, Any]]:
    """g(Z), and the fields to put into `Parameters` if it is 0."""
    found = solve_at(table, replace(start, complaint=z))
    gap = float(found["complaint"]) / z - 1.0
    fields = {name: found[name] for name in (*_SOUGHT, "unnamed_prior")}
    return gap, {**fields, "complaint": z}


_solvers: list[Solver] = []
_making = Lock()


def solver_of(base: Parameters) -> Solver:
    """The solver of a solved table, made once for each of the last few."""
    with _making:
        found = next((one for one in _solvers if one.base is base), None) or Solver.of(base)
        others = [one for one in _solvers if one is not found]
        _solvers[:] = [*others[1 - MOST_TABLES :], found]
        return found
