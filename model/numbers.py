"""The one way numbers are written: six significant digits, and never a 0 or 1 that is not one."""

from __future__ import annotations

import math

DIGITS = 6


def text(value: float) -> str:
    """Write a number for CSV: six significant digits, empty for "not there".

    A probability is never rounded to 0 or 1 by writing it: close to 1, its complement keeps two
    digits.

    >>> text(0.25), text(1 / 3), text(float("nan")), text(1 - 2.5e-9)
    ('0.25', '0.333333', '', '0.9999999975')
    """
    if math.isnan(value):
        return ""
    short = f"{value:.{DIGITS}g}"
    if value != 1.0 and short == "1":
        gap = 1.0 - value
        places = max(DIGITS, 1 - math.floor(math.log10(abs(gap))))
        short = f"{value:.{min(places, 16)}f}".rstrip("0")
        if short in ("1.", "1"):
            short = "0.9999999999999999"
    return "0" if short == "-0" else short


def rounded(value: float) -> float | None:
    """The number that `text` writes, for JSON; None for "not there".

    >>> rounded(2 / 3)
    0.666667
    """
    written = text(value)
    return float(written) if written else None
