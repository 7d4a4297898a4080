"""The smallest change of one elicited number that reaches a goal, all other numbers kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.batch import TOO_WIDE
from model.errors import TooWideError
from model.parameters import Floats
from model.reasons.goals import Goal
from model.reasons.sensitivity import Bench, Joint, Number, Variation, variations
from model.reasons.variants import STATES, STOPPED, Cancelled, Progress

#: Halvings of a search; what is left is a millionth of the range.
HALVINGS = 30


@dataclass(frozen=True, slots=True)
class Tip:
    """One number, and how little it would have to change.

    Attributes:
        to: the value at which the goal is just reached.
        size: how far that is on the number's scale (natural logarithm of the odds, or of a relative
            rate); sizes of different numbers are comparable in these units.
        first: the condition that then comes first (or stands level with the present leader).
        leader_probability, first_probability: of the present leader and of that one, then.
        condition_probability: of the chosen condition, then (the leader if none was chosen).
    """

    number: Number
    to: float
    size: float
    first: str
    leader_probability: float
    first_probability: float
    condition_probability: float


def tips(
    bench: Bench,
    goal: Goal,
    conditions: Sequence[int],
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> tuple[tuple[Tip, ...], int, tuple[tuple[Number, str], ...]]:
    """Every number that can reach the goal by itself, the smallest change first.

    On a line the value is exact. A relative rate or pretest row is looked for by halving between
    its value and the ends of its range, in each direction in which the end reaches the goal.

    Returns:
        The tips, how many numbers were varied, and those that could not be, each with why.
    """
    varied, skipped = variations(bench, conditions, progress=progress, cancelled=cancelled)
    found: list[Tip] = []
    left = list(skipped)
    for one in varied:
        if cancelled is not None and cancelled():
            left.append((one.number, STATES[STOPPED]))
            continue
        try:
            places = _on_line(one, goal) if one.line else _on_curve(one, goal)
            found += [_tip(one, goal, x) for x in places]
        except TooWideError:
            left.append((one.number, STATES[TOO_WIDE]))
    best: dict[Number, Tip] = {}
    for tip in sorted(found, key=lambda tip: tip.size):
        best.setdefault(tip.number, tip)
    return tuple(best.values()), len(varied), tuple(left)


def _margins(joint: Joint, goal: Goal) -> Floats:
    return goal.margins(joint.present, joint.absent, goal.field.open)


def _on_line(one: Variation, goal: Goal) -> list[float]:
    """Where the goal begins to be reached, among the values from 0 to 1 without the ends.

    Every margin is a line a + b x, so "none is negative" holds on one interval.
    """
    a, b = _margins(one.at(0.0), goal), _margins(one.at(1.0), goal) - _margins(one.at(0.0), goal)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = -a / b
    low = max([0.0, *root[b > 0.0]])
    high = min([1.0, *root[b < 0.0]])
    if bool((a[b == 0.0] < 0.0).any()) or low > high:
        return []
    if goal.wanted == "another_first":
        return [x for x in (low, high) if 0.0 < x < 1.0]
    near = low if one.x < low else high
    return [near] if 0.0 < near < 1.0 else []


def _on_curve(one: Variation, goal: Goal) -> list[float]:
    """The same by halving, between the present value and each end that reaches the goal."""

    def reached(step: float) -> bool:
        return bool(goal.reached(_margins(one.at(one.back(step)), goal)))

    found = []
    for end in one.ends:
        missed, hit = one.step(one.x), one.step(end)
        if missed == hit or not reached(hit):
            continue
        for _ in range(HALVINGS):
            middle = 0.5 * (missed + hit)
            if reached(middle):
                hit = middle
            else:
                missed = middle
        found.append(one.back(hit))
    return found


def _tip(one: Variation, goal: Goal, x: float) -> Tip:
    joint = one.at(x)
    share = joint.probability
    ids = goal.field.ids
    rivals = list(goal.rivals)
    ranked = np.where(goal.field.open, joint.present, -1.0)
    first = int(ranked.argmax())
    if goal.wanted == "another_first":
        first = rivals[int(ranked[rivals].argmax())]
    elif goal.wanted == "chosen_first":
        first = goal.condition
    to = one.value(x)
    return Tip(
        number=one.number,
        to=to,
        size=abs(one.number.coordinate(to) - one.number.coordinate(one.number.value)),
        first=ids[first],
        leader_probability=float(share[goal.leader]),
        first_probability=float(share[first]),
        condition_probability=float(share[goal.ahead]),
    )
