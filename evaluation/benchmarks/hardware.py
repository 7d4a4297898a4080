"""What one core of this machine can do at most: multiply-adds on a vector of a given size."""

from __future__ import annotations

from typing import Any

import numpy as np

from evaluation.benchmarks.apart import timed
from model.compiled import entry

#: Widths (open bits) of the vectors measured; the engine keeps four lanes of 2 to the width.
WIDTHS = tuple(range(0, 23, 2))

#: Bytes moved by one multiply-add: two numbers read, one written.
BYTES = 24

#: Multiply-adds of one measurement, and measurements of which the fastest counts.
LENGTH, TURNS = 2e8, 5


def _multiply_add(x: Any, y: Any, factors: Any) -> None:
    """Y += a x, for each factor a in turn."""
    for a in factors:
        for s in range(x.size):
            y[s] += a * x[s]


#: With the flags of the engine's own kernel.
multiply_add = entry(_multiply_add)


def rate(width: int, *, length: float = LENGTH, turns: int = TURNS) -> float:
    """Multiply-adds per second of one core, on a vector as the engine's at this width."""
    entries = 4 * 2**width
    x, y = np.ones(entries), np.zeros(entries)
    factors = np.full(max(1, round(length / entries)), 1e-9)
    multiply_add(x, y, factors[:1])
    fastest = min(timed(lambda: multiply_add(x, y, factors))[1] for _ in range(turns))
    return float(entries * factors.size / fastest)


def rates(*, length: float = LENGTH, turns: int = TURNS) -> dict[int, float]:
    """The same for all widths."""
    return {width: rate(width, length=length, turns=turns) for width in WIDTHS}


def bound(steps: float, width: int, kept: float, rates: dict[int, float]) -> float:
    """The least seconds in which one core can do it.

    Args:
        steps: multiply-adds, each on numbers that are read and written again.
        width: open bits of the widest vector.
        kept: bytes written on the way forward and read on the way back.
        rates: multiply-adds per second by width.
    """
    near = min(rates, key=lambda one: abs(one - width))
    slowest = min(rates.values())
    return max(steps / rates[near], 2 * kept / (BYTES * slowest))
