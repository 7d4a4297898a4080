"""Plain loops: numba makes many times the code of a slice."""

from __future__ import annotations

from model.compiled import njit


@njit
def fill(x, length, value):
    """x[:length] = value."""
    for s in range(length):
        x[s] = value


@njit
def copy(x, length, y):
    """y[:length] = x[:length]."""
    for s in range(length):
        y[s] = x[s]


@njit
def scale(x, length, factor):
    """x[:length] *= factor."""
    for s in range(length):
        x[s] *= factor
