"""What would change the result, and which numbers it leans on, in plain lines."""

from __future__ import annotations

import textwrap
from typing import Final

from app.report import WIDTH, said
from model.knowledge import KnowledgeBase
from model.reasons.changes import Change, Changes
from model.reasons.leans import Lean, Leans, Shift
from model.reasons.numbers import Number
from model.reasons.tipping import Tip

CHANGING: Final = (
    "The smallest changes that would be enough, everything else as it is. A change tells what the "
    "result rests on; it is no advice to doubt what was found."
)

LEANING: Final = (
    "One number was varied at a time, all others kept, the base rates and the averages for causes "
    "not modelled among them; numbers wrong together are not in this."
)

_KIND: Final = {
    "link": "How often it shows by itself",
    "context_finding": "How often the context shows it by itself",
    "leak": "How often it is there",
    "grade": "Share of this grade",
    "rate": "How many times as often with the context",
    "pretest": "Of people with weak legs, in how many",
}

_WHY: Final = {
    "refused": "too wide",
    "failed": "failed by our fault",
    "stopped": "not reached",
}


def changes_lines(found: Changes, knowledge: KnowledgeBase, *, top: int = 6) -> list[str]:
    """Changes of one item, of two, and of one number."""
    labels = knowledge.labels
    goal = {
        "another_first": f"put another condition before {labels[found.leader]}",
        "chosen_first": f"put {labels[found.condition]} first",
        "crosses": (
            f"take {labels[found.condition]} from {said(found.condition_probability)} across "
            f"{said(found.threshold)}"
        ),
    }[found.goal]
    lines = ["WHAT WOULD CHANGE IT", *_wrap(f"What would {goal}. {CHANGING}")]
    for title, rows, tried in (
        ("One item", found.single, f"{found.singles_tried} tried"),
        ("Two items", found.pairs, f"{found.pairs_tried} pairs of the nearest single changes"),
    ):
        lines.append(f"  {title} ({tried}):")
        lines += [line for one in rows[:top] for line in _change(one, found, labels)]
        if not rows:
            lines.append("    none is enough")
        elif len(rows) > top:
            lines.append(f"    and {len(rows) - top} more")
    if found.searched:
        names = [f"{one.label} {_value(one.after)}" for one in found.searched]
        lines += _wrap(f"Pairs were searched among: {'; '.join(names)}.")
    lines.append(f"  One of our numbers ({found.numbers_varied} varied):")
    lines += [line for one in found.numbers[:top] for line in _tip(one, found, knowledge)]
    if not found.numbers:
        lines.append("    none is enough by itself")
    if found.impossible:
        lines += _wrap(f"{found.impossible} changes contradict what is known and were left out.")
    lines += _not_computed([why for _, why in found.skipped], "changes or numbers")
    return lines


def _change(one: Change, found: Changes, labels: dict[str, str]) -> list[str]:
    edits = " and ".join(
        f"{edit.label}: {_value(edit.before)} -> {_value(edit.after)}" for edit in one.edits
    )
    chance = "" if one.chance == 1.0 else f" ({said(one.chance)} likely given the rest)"
    return _wrap(f"{edits}{chance}: {_came(one, found, labels)}", "    ")


def _came(one: Change | Tip, found: Changes, labels: dict[str, str]) -> str:
    """What came of a change."""
    if found.goal == "crosses":
        return f"{labels[found.condition]} {said(one.condition_probability)}"
    return (
        f"{labels[one.first]} {said(one.first_probability)}, "
        f"{labels[found.leader]} {said(one.leader_probability)}"
    )


def _tip(one: Tip, found: Changes, knowledge: KnowledgeBase) -> list[str]:
    to = f"from {number_words(one.number, knowledge)} to {amount(one.number, one.to)}"
    came = _came(one, found, knowledge.labels)
    return _wrap(f"{_KIND[one.number.kind]}: {one.number.label}, {to}: {came}", "    ")


def leans_lines(found: Leans, knowledge: KnowledgeBase) -> list[str]:
    """The numbers that the leader leans on most, and what one word up or down does."""
    labels = knowledge.labels
    lines = ["WHAT IT LEANS ON"]
    lines += _wrap(
        f"{labels[found.leader]} comes first at {said(found.leader_probability)}. {LEANING}"
    )
    for one in found.most:
        lines += _lean(one, found, knowledge)
    lines += _wrap(f"{len(found.all)} numbers of the {len(found.conditions)} leading conditions.")
    return lines + _not_computed([why for _, why in found.skipped], "numbers")


def _lean(one: Lean, found: Leans, knowledge: KnowledgeBase) -> list[str]:
    number = one.number
    words = number_words(number, knowledge)
    lines = _wrap(f"{_KIND[number.kind]}: {number.label}, {words}", "  ")
    shifts = [_shift(number, shift, found, knowledge) for shift in (one.lower, one.higher) if shift]
    return lines + _wrap("; ".join(shifts), "    ")


def _shift(number: Number, shift: Shift, found: Leans, knowledge: KnowledgeBase) -> str:
    to = amount(number, shift.value)
    to = f"with {shift.word.replace('_', ' ')} ({to})" if shift.word else f"at {to}"
    first = (
        "" if shift.first == found.leader else f" and {knowledge.labels[shift.first]} comes first"
    )
    came = f"{said(found.leader_probability)} -> {said(shift.leader_probability)}"
    return f"{to} {came}{first}"


def number_words(number: Number, knowledge: KnowledgeBase) -> str:
    """A number with its word, as it is read out."""
    scale = knowledge.scale
    if not number.word:
        return amount(number, number.value)
    said_so = (scale.rate if number.is_rate else scale.frequency)[number.word].said
    return f"{number.word.replace('_', ' ')} ({said_so})"


def amount(number: Number, value: float) -> str:
    """A value of a number: how many of 1,000, or how many times."""
    if number.is_rate:
        return f"{value:.2g} times" if value < 10 else f"{value:.0f} times"
    count = 1000.0 * value
    return f"{count:.0f} in 1,000" if count >= 1.0 else f"{count:.2g} in 1,000"


def _not_computed(why: list[str], what: str) -> list[str]:
    if not why:
        return []
    counts = "; ".join(f"{why.count(one)} {_WHY[one]}" for one in dict.fromkeys(why))
    return _wrap(f"Not computed: {len(why)} {what} ({counts}).")


def _value(value: str) -> str:
    return {"soft": "a likelihood"}.get(value, value.replace("_", " "))


def _wrap(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")
