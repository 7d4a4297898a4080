"""Base rates for a table in which one number is another, starting from those of the elicited one.

`model.pretest.solve` looks for Z = P(complaint) from nothing. Near a solved table Z hardly moves:
with it held (`model.pretest.solve_at`) the complaint comes out as Z (1 + g), and the root of g(Z)
is found by a secant whose first slope is that of the elicited table. A last small step is taken on
the tangent; base rates are those of `solve` to about one part in 100,000.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

import numpy as np

from model.parameters import Parameters
from model.pretest import NoSolutionError, solve_at, window

#: Relative step of Z that is taken on the tangent without solving again.
NEAR = 5e-4

#: Steps before a table is held to have no solution.
MOST_STEPS = 20

#: A Z below any that a table has.
FLOOR = 1e-6

#: Relative step of Z at which the first slope is taken.
APART = 1e-3

#: The least that is left of anything in one step.
LEAST = 0.1

#: Solutions kept for one table, and tables for which any are kept.
MOST_KEPT, MOST_TABLES = 8192, 4

_SOUGHT = ("rate", "context_prior", "age_prior", "sex_prior")

#: What is sought, by name.
Fields = dict[str, Any]


@dataclass
class Solver:
    """Solves tables near an elicited one; what was solved is kept, whoever the patient is.

    Attributes:
        base: the elicited table, solved.
        slope, tangent: how g falls with Z there, and how what is sought moves with Z.
    """

    base: Parameters
    slope: float
    tangent: Fields
    _kept: dict[Hashable, Fields | NoSolutionError] = field(default_factory=dict)

    @classmethod
    def of(cls, base: Parameters) -> Solver:
        """For a solved table."""
        step = APART * base.complaint
        gap, found = _at(base, base, base.complaint + step)
        now = {name: getattr(base, name) for name in _SOUGHT}
        return cls(base, gap / step, _per(found, now, step))

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

    def _solve(self, table: Parameters) -> Fields:
        low, high, _ = window(table.pretest, table.unnamed_pretest)
        if not low < table.unnamed_pretest < high:
            raise NoSolutionError("the table lies outside the window of the unnamed row")
        return self._secant(table)

    def _secant(self, table: Parameters) -> Fields:
        """The solution, by steps towards the root of g; NoSolutionError if they lead to none."""
        slope, tangent, z = self.slope, self.tangent, self.base.complaint
        gap, found = _at(table, self.base, z)
        for _ in range(MOST_STEPS):
            step = -gap / slope if slope else math.inf
            if step < -0.5 * z and _at(table, self.base, FLOOR)[0] <= 0.0:
                break  # g is below 0 for every Z: the overlap is less than the links bring about
            step = min(max(step, -0.5 * z), 0.5 * (1.0 - z))
            ahead = {n: found[n] * np.maximum(1.0 + step * tangent[n], LEAST) for n in _SOUGHT}
            if abs(step) < NEAR * z:
                u = table.unnamed_pretest
                unnamed = u * (z + step) / (1.0 - (z + step) * (1.0 - u))
                return {**ahead, "unnamed_prior": unnamed, "complaint": z + step}
            old, before = gap, found
            z += step
            gap, found = _at(table, replace(self.base, **ahead), z)
            slope, tangent = (gap - old) / step, _per(found, before, step)
        raise NoSolutionError("no base rates give this table together with its links")


def _per(there: Fields, here: Fields, step: float) -> Fields:
    """How what is sought moves with Z, relative to what it is."""
    return {name: (there[name] / here[name] - 1.0) / step for name in _SOUGHT}


def _at(table: Parameters, start: Parameters, z: float) -> tuple[float, Fields]:
    """g(Z), and what is sought if Z is the complaint's probability."""
    found = solve_at(table, replace(start, complaint=z))
    return float(found["complaint"]) / z - 1.0, {name: found[name] for name in _SOUGHT}


_solvers: list[Solver] = []
_making = Lock()


def solver_of(base: Parameters) -> Solver:
    """The solver of a solved table, made once for each of the last few."""
    with _making:
        found = next((one for one in _solvers if one.base is base), None) or Solver.of(base)
        others = [one for one in _solvers if one is not found]
        _solvers[:] = [*others[1 - MOST_TABLES :], found]
        return found
