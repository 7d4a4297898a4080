"""Intervals and steadiness in plain lines."""

from __future__ import annotations

import math
import textwrap

from model.reasons.doubt import Doubt, Interval

WIDTH = 78

#: Below this a probability is told as a natural frequency.
RARE = 0.0095

#: An interval this wide (in per cent) is told in steps of five.
WIDE = 20
COARSE = 5


def step(low: float, high: float) -> int:
    """How finely a probability may be told, in per cent: never finer than its interval bears.

    >>> step(0.15, 0.55), step(0.40, 0.46)
    (5, 1)
    """
    return COARSE if 100 * (high - low) >= WIDE else 1


def shown(p: float, low: float, high: float) -> str:
    """A probability with its interval, in as many digits as the interval bears.

    The ends are rounded outward, so that what is shown holds the interval; those within 5 points of
    0 or 100 in ones.

    >>> shown(0.312, 0.153, 0.548), shown(0.30, 0.176, 0.424)
    ('about 30% (15-55%)', 'about 30% (15-45%)')
    >>> shown(0.93, 0.57, 0.988), shown(0.28, 0.07, 0.55)
    ('about 95% (55-99%)', 'about 30% (5-55%)')
    >>> shown(0.4213, 0.402, 0.449)
    'about 42% (40-45%)'
    >>> shown(0.985, 0.61, 0.999), shown(0.018, 0.002, 0.31)
    ('over 95% (60% to over 99%)', 'under 5% (under 1% to 35%)')
    >>> shown(0.0031, 0.0012, 0.0094), shown(0.0052, 0.0002, 0.41)
    ('about 3 in 1,000 (1 to 10)', 'about 5 in 1,000 (under 1 in 1,000 to 45%)')
    >>> shown(0.62, 0.0021, 0.997)
    'about 60% (under 1% to over 99%)'
    >>> shown(0.00002, 0.000001, 0.0012)
    'under 1 in 10,000 (at most 2 in 1,000)'
    >>> shown(1.0, 1.0, 1.0)
    'as entered'
    """
    if low == high and p in (0.0, 1.0):
        return "as entered"
    if math.isnan(low) or math.isnan(high):
        return f"{_about(p, 1)}, interval not known"
    if p < RARE:
        return _rare(p, low, high)
    return f"{_about(p, step(low, high))} ({between(low, high)})"


def between(low: float, high: float) -> str:
    """An interval in per cent, its ends rounded outward.

    >>> between(0.176, 0.424), between(0.003, 0.04), between(0.9999, 1.0 - 1e-9)
    ('15-45%', 'under 1% to 4%', '99% to over 99%')
    """
    size = step(low, high)
    ends = [_end(low, size, up=False), _end(high, size, up=True)]
    if ends[0] == ends[1]:
        return ends[0]
    plain = all(end[0].isdigit() for end in ends)
    return f"{ends[0][:-1]}-{ends[1]}" if plain else " to ".join(ends)


def _about(p: float, size: int) -> str:
    """The probability itself, to the nearest step; never 0 or 100 per cent."""
    if p < RARE:
        return _rare(p, p, p).partition(" (")[0]
    places = size * round(100 * p / size)
    if places >= 100:
        return f"over {100 - size}%"
    return f"about {places}%" if places else f"under {size}%"


def _end(p: float, size: int, *, up: bool) -> str:
    """An end of an interval in per cent, rounded outward and never to 0 or 100."""
    if not (COARSE <= 100 * p <= 100 - COARSE):
        size = 1
    places = _outward(100 * p / size, up=up) * size
    if places >= 100:
        return "over 99%"
    return f"{places}%" if places >= 1 else "under 1%"


def _outward(number: float, *, up: bool) -> int:
    """The next whole number above or below; what is whole but for rounding stays."""
    near = round(number, 9)
    return math.ceil(near) if up else math.floor(near)


def _rare(p: float, low: float, high: float) -> str:
    """A natural frequency, its ends rounded outward to one digit."""
    for whole in (1000, 10_000):
        if p * whole >= 0.95:
            least, most = _one_digit(low * whole, up=False), _one_digit(high * whole, up=True)
            ends = f"{least} to {most}" if least != most else least
            if 100 * high >= WIDE:
                ends = f"{least} in {whole:,} to {_end(high, COARSE, up=True)}"
            return f"about {round(p * whole)} in {whole:,} ({ends})"
    most = _end(high, 1, up=True) if high >= RARE else ""
    for whole in (1000, 10_000):
        if not most and high * whole >= 0.95:
            most = f"{_one_digit(high * whole, up=True)} in {whole:,}"
    return f"under 1 in 10,000 (at most {most})" if most else "under 1 in 10,000"


def _one_digit(count: float, *, up: bool) -> str:
    if count < 1:
        return "1" if up else "under 1"
    size = 10 ** math.floor(math.log10(count))
    return f"{_outward(count / size, up=up) * size:,}"


def doubt_lines(result: Doubt, *, top: int = 8) -> list[str]:
    """Badge, leading conditions and categories with intervals, and what all of it means."""
    lines = ["HOW FAR THIS DEPENDS ON OUR NUMBERS"]
    ranked = [one for one in result.ranking if not math.isnan(one.first)]
    if result.badge:
        share = _times(ranked[0].first, result.draws)
        lines += _wrap(
            f"{result.badge.upper()}: {result.said} ({ranked[0].label} first in {share})"
        )
    elif result.leader:
        lines += _wrap(f"{result.said[0].upper()}{result.said[1:]}: {result.draws} were answered.")
    for one in ranked[:top]:
        lines += _row(one)
        lines.append(
            f"      first in {_times(one.first, result.draws)}, "
            f"among the first three in {_times(one.first_three, result.draws)}"
        )
    lines.append("  Groups of causes:")
    groups = sorted(result.categories, key=lambda one: -one.probability)
    for one in [one for one in groups if one.high >= 0.01][:top]:
        lines += _row(one)
    if result.unexplained.high == 0.0:
        lines += _wrap("  Nothing modelled explains it: ruled out by the diagnosis entered.")
    else:
        lines += _row(result.unexplained)
    low, high = (round(100 * point) for point in result.points)
    lines += _wrap(
        f"Every number we elicited was drawn anew {result.draws} times, as far as we are unsure of "
        f"it; a range holds the draws from {low}% to {high}%. Range and badge tell how far the "
        "answer depends on our numbers. They do not tell how certain anything is in this patient, "
        "and know nothing of causes that are not modelled."
    )
    words = {
        "refused": "were too wide",
        "failed": "failed by our fault",
        "stopped": "were not reached",
    }
    for word, count in result.states:
        lines += _wrap(f"{count} draws {words.get(word, word)} and are not counted.")
    if result.redrawn:
        lines += _wrap(
            f"{result.redrawn} more sets of numbers had no solution and were drawn again, so the "
            "ranges hold only numbers that fit each other."
        )
    return lines


def _times(share: float, draws: int) -> str:
    return f"{round(share * draws)} of {draws}"


def _row(one: Interval) -> list[str]:
    label = one.label if len(one.label) <= 36 else one.label[:35] + "…"
    return [f"    {label:<37}{shown(one.probability, one.low, one.high)}"]


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ")
