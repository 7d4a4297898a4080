"""What would change the result, and which numbers it leans on, in plain lines."""

from __future__ import annotations

import math
import textwrap
from typing import Final

from app.report import WIDTH, said
from model.knowledge import KnowledgeBase
from model.reasons.changes import Change, Changes
from model.reasons.leans import Lean, Leans, Shift
from model.reasons.numbers import NOT_VARIED, Number
from model.reasons.tipping import Tip

#: Rows shown of each list; JSON has them all.
SHOWN = 5

CHANGING: Final = (
    "The smallest changes that would be enough, everything else as it is. A change tells what the "
    "result rests on; it is no advice to doubt what was found."
)

LEANING: Final = (
    "One number was varied at a time, all other rows kept, and the base rates solved again where "
    "they depend on it; numbers wrong together are not in this."
)

_KIND: Final = {
    "link": "How often it shows by itself",
    "context_finding": "How often the context shows it by itself",
    "leak": "How often it is there",
    "grade": "Share of this grade",
    "rate": "How many times as often with the context",
    "age_sex": "How many times as often at this age or in this sex",
    "condition_link": "How often one brings about the other",
    "pretest": "Of people with weak legs, in how many",
    "unnamed": "Of people with weak legs, in how many nothing else",
}

_WHY: Final = {
    "refused": "too wide",
    "failed": "failed by our fault",
    "stopped": "not reached",
    "no_solution": "no base rates give that table",
}


def changes_lines(found: Changes, knowledge: KnowledgeBase, *, top: int = SHOWN) -> list[str]:
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
    edits = [what for what, _ in found.skipped if not isinstance(what, Number)]
    missing = {
        "single": any(len(one) == 1 for one in edits),
        "pairs": bool(edits),
        "numbers": len(edits) < len(found.skipped),
    }
    for title, rows, tried, left in (
        ("One item", found.single, f"{found.singles_tried} tried", missing["single"]),
        (
            "Two items",
            found.pairs,
            f"{found.pairs_tried} pairs of the nearest single changes",
            missing["pairs"],
        ),
    ):
        lines.append(f"  {title} ({tried}):")
        lines += [line for one in rows[:top] for line in _change(one, found, labels)]
        if not rows:
            lines.append(f"    {_none(left)}")
        elif len(rows) > top:
            lines.append(f"    and {len(rows) - top} more")
    if found.searched and not found.pairs:
        names = [f"{one.label} {_value(one.after)}" for one in found.searched]
        lines += _wrap(f"Pairs were searched among: {'; '.join(names)}.")
    lines.append(f"  One of our numbers ({found.numbers_varied} varied):")
    lines += [line for one in found.numbers[:top] for line in _tip(one, found, knowledge)]
    if not found.numbers:
        lines.append(f"    {_none(missing['numbers'])} by itself")
    elif len(found.numbers) > top:
        lines.append(f"    and {len(found.numbers) - top} more")
    lines += _wrap(
        f"Rates, pretest rows and links of conditions were varied for {len(found.conditions)} "
        f"leading conditions, links to findings for all. {not_varied()}"
    )
    if found.impossible:
        lines += _wrap(f"{found.impossible} changes contradict what is known and were left out.")
    if found.read_otherwise:
        lines += _wrap(
            f"{found.read_otherwise} changes were tried that make something else entered be read "
            "in another way; how likely these are was not computed."
        )
    return lines + _not_computed([why for _, why in found.skipped], "changes or numbers")


def not_varied() -> str:
    """What is elicited and was not varied, in a sentence."""
    return f"Not varied: {'; '.join(NOT_VARIED)}."


def _none(left: bool) -> str:  # noqa: FBT001 - whether anything could not be computed
    return "none of those computed is enough" if left else "none is enough"


def _change(one: Change, found: Changes, labels: dict[str, str]) -> list[str]:
    edits = " and ".join(
        f"{edit.label}: {_value(edit.before)} -> {_value(edit.after)}" for edit in one.edits
    )
    if math.isnan(one.chance):
        chance = " (chance not computed)"
    else:
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
    return _wrap(f"{kind_words(one.number)}: {one.number.label}, {to}: {came}", "    ")


def leans_lines(found: Leans, knowledge: KnowledgeBase, *, top: int = SHOWN) -> list[str]:
    """The numbers that the leader leans on most, and what one word up or down does."""
    labels = knowledge.labels
    lines = ["WHAT IT LEANS ON"]
    lines += _wrap(
        f"{labels[found.leader]} comes first at {said(found.leader_probability)}. {LEANING}"
    )
    for one in found.most[:top]:
        lines += _lean(one, found, knowledge)
    lines += _wrap(
        f"{len(found.all)} numbers of the {len(found.conditions)} leading conditions. "
        f"{not_varied()}"
    )
    return lines + _not_computed([why for _, why in found.skipped], "numbers")


def _lean(one: Lean, found: Leans, knowledge: KnowledgeBase) -> list[str]:
    number = one.number
    words = number_words(number, knowledge)
    lines = _wrap(f"{kind_words(number)}: {number.label}, {words}", "  ")
    shifts = [_shift(number, shift, found, knowledge) for shift in (one.lower, one.higher) if shift]
    return lines + _wrap("; ".join(shifts) or "no other word has base rates", "    ")


def _shift(number: Number, shift: Shift, found: Leans, knowledge: KnowledgeBase) -> str:
    to = f"{'with' if shift.word else 'at'} {_word(number, shift.word, shift.value)}"
    first = (
        "" if shift.first == found.leader else f" and {knowledge.labels[shift.first]} comes first"
    )
    came = f"{said(found.leader_probability)} -> {said(shift.leader_probability)}"
    return f"{to} {came}{first}"


def kind_words(number: Number) -> str:
    """What a number tells; of a finding that refines another, given that one."""
    text = _KIND[number.kind]
    if not number.child:
        return text
    return f"{text.replace(' by itself', '')} where what it specifies is there"


def number_words(number: Number, knowledge: KnowledgeBase) -> str:  # noqa: ARG001 - callers hand it over
    """A number with its word."""
    return _word(number, number.word, number.value)


def _word(number: Number, word: str, value: float) -> str:
    """A value with its word, if it has one; always counted in the same way."""
    return f"{word.replace('_', ' ')} ({amount(number, value)})" if word else amount(number, value)


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
