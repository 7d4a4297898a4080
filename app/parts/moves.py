"""Bars of what moved between two sets of posteriors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app import phrases
from app.difference import Move

#: Rows shown.
ROWS = 10

#: Changes of a probability below this are not shown.
LEAST = 0.005

#: A change of this much, or the largest if it is larger, fills a bar.
FULL = 0.1

NOTE = (
    "To the right, solid: likelier then. To the left, striped: less likely. A full bar is "
    "10 percentage points, or the largest change if that is more."
)


def move_rows(moves: Sequence[Move]) -> list[dict[str, Any]]:
    """Difference bars, the largest change first: to the right when likelier after."""
    shown = sorted(moves, key=lambda one: -abs(one.change))
    shown = [one for one in shown if abs(one.change) >= LEAST][:ROWS]
    largest = max([FULL, *(abs(one.change) for one in shown)])
    return [
        {
            "id": one.id,
            "label": one.label,
            "weight": one.change / largest,
            "value": f"{phrases.about(one.before)} → {phrases.about(one.after)}",
        }
        for one in shown
    ]
