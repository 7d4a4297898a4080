"""Intervals and steadiness in plain lines."""

from __future__ import annotations

import math
import textwrap

from model.reasons.doubt import Doubt, Interval

WIDTH = 78

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

    >>> shown(0.312, 0.153, 0.548)
    'about 30% (15-55%)'
    >>> shown(0.93, 0.57, 0.988), shown(0.28, 0.07, 0.55)
    ('about 93% (55-99%)', 'about 30% (7-55%)')
    >>> shown(0.4213, 0.402, 0.449)
    'about 42% (40-45%)'
    >>> shown(0.0031, 0.0012, 0.0094)
    'about 3 in 1,000 (1 to 9)'
    >>> shown(0.62, 0.0021, 0.997)
    'about 60% (under 1% to over 99%)'
    >>> shown(0.00002, 0.000001, 0.0012)
    'under 1 in 10,000 (at most 1 in 1,000)'
    >>> shown(1.0, 1.0, 1.0)
    'as entered'
    """
    if low == high and p in (0.0, 1.0):
        return "as entered"
    if math.isnan(low) or math.isnan(high):
        return f"{_about(p, 1)}, interval not known"
    if p < 0.0095:
        return _rare(p, low, high)
    size = step(low, high)
    ends = [_per_cent(low, size), _per_cent(high, size)]
    plain = all(end[0].isdigit() for end in ends)
    between = f"{ends[0][:-1]}-{ends[1]}" if plain else " to ".join(ends)
    return f"{_about(p, size)} ({between if ends[0] != ends[1] else ends[0]})"


def _about(p: float, size: int) -> str:
    if p < 0.0095:
        return _rare(p, p, p).partition(" (")[0]
    text = _per_cent(p, size)
    return f"about {text}" if text[0].isdigit() else text


def _per_cent(p: float, size: int) -> str:
    """A whole number of per cent, in steps; near the ends in ones, and never 0 or 100."""
    if p >= 0.995:
        return "over 99%"
    if p < 0.005:
        return "under 1%"
    if not 0.1 <= p <= 0.9:
        size = 1
    return f"{min(max(size * round(100 * p / size), 1), 99)}%"


def _rare(p: float, low: float, high: float) -> str:
    """A natural frequency of one digit."""
    for whole in (1000, 10_000):
        if p * whole >= 0.95:
            counts = [_one_digit(end * whole) for end in (low, high)]
            between = " to ".join(counts) if counts[0] != counts[1] else counts[0]
            return f"about {round(p * whole)} in {whole:,} ({between})"
    most = _per_cent(high, 1) if high >= 0.0095 else ""
    for whole in (1000, 10_000):
        if not most and high * whole >= 0.95:
            most = f"{_one_digit(high * whole)} in {whole:,}"
    return f"under 1 in 10,000 (at most {most})" if most else "under 1 in 10,000"


def _one_digit(count: float) -> str:
    if count < 0.95:
        return "under 1"
    size = 10 ** math.floor(math.log10(count))
    return f"{size * round(count / size):,}"


def doubt_lines(result: Doubt, *, top: int = 8) -> list[str]:
    """Badge, leading conditions and categories with intervals, and what all of it means."""
    lines = ["HOW FAR THIS DEPENDS ON OUR NUMBERS"]
    ranked = [one for one in result.ranking if not math.isnan(one.first)]
    if result.badge:
        share = _times(ranked[0].first, result.draws)
        lines += _wrap(
            f"{result.badge.upper()}: {result.said} ({ranked[0].label} first in {share})"
        )
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
    return lines


def _times(share: float, draws: int) -> str:
    return f"{round(share * draws)} of {draws}"


def _row(one: Interval) -> list[str]:
    label = one.label if len(one.label) <= 36 else one.label[:35] + "…"
    return [f"    {label:<37}{shown(one.probability, one.low, one.high)}"]


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ")
