"""Descriptions of a patient compared, in plain lines."""

from __future__ import annotations

import math
import textwrap
from typing import Final

from app.reasons.ledger import odds, value_words, wrap
from app.report import WIDTH, said
from model.knowledge import KnowledgeBase
from model.reasons.scenarios import Attribution, Comparison, Shift

#: Conditions and categories shown.
MOST_SHIFTS: Final = 5

#: The least change of a probability that is shown.
LEAST_CHANGE: Final = 0.005

MEANING: Final = (
    "WHAT IF: what differs, what becomes of the red flags and the probabilities, and which item "
    "did it. Items are changed one after another as in a consultation; that depends on the order. "
    "Beside it: what the item does given all the others as they end up."
)


def comparison_lines(found: Comparison, knowledge: KnowledgeBase) -> list[str]:
    """One description against the first."""
    lines = textwrap.wrap(MEANING, WIDTH)
    if not found.items:
        return [*lines, "  Nothing differs."]
    for item in found.items:
        before, after = (
            value_words(item.item, value, knowledge) for value in (item.before, item.after)
        )
        lines += wrap(f"{item.label}: {before} -> {after}")
    lines += _flags(found, knowledge)
    if found.unexplained is None:
        return lines + wrap(f"No probabilities to compare ({' and '.join(found.states)}).")
    for title, shifts in (("Causes by group", found.categories), ("Conditions", found.conditions)):
        moved = [one for one in shifts[:MOST_SHIFTS] if abs(one.after - one.before) >= LEAST_CHANGE]
        lines.append(f"  {title}{'' if moved else ': hardly anything moves'}")
        for one in moved:
            lines += _indent(_shift(one))
    lines += wrap(_shift(found.unexplained))
    for attribution in found.attributions:
        lines += _attribution(attribution, knowledge)
    return lines


def _shift(one: Shift) -> str:
    return f"{one.label}: {said(one.before)} -> {said(one.after)}"


def _flags(found: Comparison, knowledge: KnowledgeBase) -> list[str]:
    """What becomes of the disposition, and which items do it."""
    before, after = (name.replace("_", " ") for name in found.dispositions)
    text = f"stays {after}" if before == after else f"{before} -> {after}"
    lines = wrap(f"Red flags: {text}")
    labels = {row.id: row.label for row in knowledge.rule}
    for item in found.items:
        for verb, rules in (("now meets", item.gained), ("no longer meets", item.lost)):
            for rule in rules:
                lines += _indent(f"{item.label}: {verb} {labels[rule]}")
    return lines


def _attribution(one: Attribution, knowledge: KnowledgeBase) -> list[str]:
    """What each item did to one probability."""
    lines = wrap(f"{_shift(one.shift)}, by")
    if one.known:
        return lines + _indent("what is entered of it")
    for line in one.items:
        words = odds(line.weight) if line.state == "ok" else f"not weighed ({line.state})"
        alone = (
            f"; given all the others {odds(line.given_the_others)}"
            if math.isfinite(line.given_the_others)
            else ""
        )
        reached = f" -> {said(line.after)}" if line.state == "ok" else ""
        lines += _indent(f"{knowledge.labels[line.item]}: {words}{reached}{alone}")
    return lines


def _indent(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="      ", subsequent_indent="        ")
