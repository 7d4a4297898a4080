"""The smallest change of one elicited number that reaches a goal, all other rows kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from model.parameters import Floats
from model.reasons.goals import Goal
from model.reasons.numbers import KINDS, Number
from model.reasons.sensitivity import Bench, Joint, Variation, each, variations
from model.reasons.variants import Cancelled, Progress

#: A root is found when the goal is reached by no more than this (natural logarithm of odds).
LEVEL = 1e-7

#: Steps of a search; a bracket that is halved as often is a billionth of the range.
STEPS = 30

#: A value of a probability nearer to 0 or 1 than this is no other value.
EDGE = 1e-9

#: A value with which what is known is this much less probable than now is none either.
LEAST = 1e-9


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
    others: Sequence[int] = (),
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> tuple[tuple[Tip, ...], int, tuple[tuple[Number, str], ...]]:
    """Every number that can reach the goal by itself, the smallest change first.

    On a line the value is exact. A number that the base rates depend on is looked for between its
    value and the ends of its range, in each direction in which the end reaches the goal.

    Args:
        bench: the patient.
        goal: what is to be reached.
        conditions: places of conditions all of whose numbers are varied.
        others: of which less is varied (see `model.reasons.sensitivity.variations`).
        progress: told (done, total) numbers; once for the lines, once for the search.
        cancelled: asked before every number; those left then are skipped as "stopped".

    Returns:
        The tips, how many numbers were varied, and those that could not be, each with why.
    """
    varied, skipped = variations(
        bench, conditions, others=others, kinds=KINDS, progress=progress, cancelled=cancelled
    )
    found, left = each(partial(_tips, goal=goal), varied, _number, progress, cancelled)
    best: dict[Number, Tip] = {}
    for tip in sorted((tip for some in found for tip in some), key=lambda tip: tip.size):
        best.setdefault(tip.number, tip)
    return tuple(best.values()), len(found), (*skipped, *left)


def _number(one: Variation) -> Number:
    return one.number


def _tips(one: Variation, goal: Goal) -> list[Tip]:
    places = _on_line(one, goal) if one.line else _on_curve(one, goal)
    return [_tip(one, goal, x) for x in places]


def _margins(joint: Joint, goal: Goal) -> Floats:
    return goal.margins(joint.present, joint.absent, goal.field.open)


def _on_line(one: Variation, goal: Goal) -> list[float]:
    """Where the goal begins to be reached, among the values from 0 to 1 without the ends.

    Every margin is a line a + b x, so "none is negative" holds on one interval. Where what is known
    would be all but impossible the margins are 0 but for rounding, and nothing is reached.
    """
    a, b = _margins(one.at(0.0), goal), _margins(one.at(1.0), goal) - _margins(one.at(0.0), goal)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = -a / b
    low = max([0.0, *root[b > 0.0]])
    high = min([1.0, *root[b < 0.0]])
    if bool((a[b == 0.0] < 0.0).any()) or low > high:
        return []
    wanted = [low, high] if goal.wanted == "another_first" else [low if one.x < low else high]
    least = LEAST * one.at(one.x).mass
    return [x for x in wanted if EDGE < x < 1.0 - EDGE and one.at(x).mass > least]


def _on_curve(one: Variation, goal: Goal) -> list[float]:
    """The same between the present value and each end that reaches the goal."""

    def away(step: float) -> float:
        joint = one.at(one.back(step))
        return float(goal.distance(joint.present, joint.absent, goal.field.open))

    found = []
    for end in one.ends:
        missed, hit = one.step(one.x), one.step(end)
        if missed != hit and away(missed) > 0.0 >= away(hit):
            found.append(one.back(_reached(away, missed, hit)))
    return found


def _reached(away: Callable[[float], float], missed: float, hit: float) -> float:
    """Where a falling function first is 0 or below, from the side where it is.

    By false position, the value at an end that stays halved (Illinois); every third step halves the
    bracket.
    """
    above, below = away(missed), away(hit)
    past, side = below, 0
    for turn in range(STEPS):
        if past >= -LEVEL:
            break
        at = missed + (hit - missed) * above / (above - below)
        if turn % 3 == 2 or not min(missed, hit) < at < max(missed, hit):
            at = 0.5 * (missed + hit)
        value = away(at)
        if value > 0.0:
            below *= 0.5 if side > 0 else 1.0
            missed, above, side = at, value, 1
        else:
            above *= 0.5 if side < 0 else 1.0
            hit, below, past, side = at, value, value, -1
    return hit


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
