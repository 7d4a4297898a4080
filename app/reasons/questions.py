"""The next question, and when to stop, in plain lines."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

from app.report import WIDTH, said
from model.knowledge import KnowledgeBase
from model.reasons.asked import OTHERWISE
from model.reasons.questions import FollowUp, Outcome, Question, Questions
from model.reasons.stopping import Stopping

MEANING: Final = {
    "inform": (
        "How much an answer is expected to tell of each of the {about}, added up, before it is "
        "given (the expected fall of their uncertainty, in bits)."
    ),
    "screen": (
        "How much an answer is expected to tell of each of the conditions that must not be "
        "missed, added up (the expected fall of their uncertainty, in bits)."
    ),
    "raise": (
        "How far an answer is expected to raise {target} (log10 of the odds, averaged over the "
        "answers; one that lowers it counts as nothing)."
    ),
    "lower": (
        "How far an answer is expected to lower {target} (log10 of the odds, averaged over the "
        "answers; one that raises it counts as nothing)."
    ),
    "tell": (
        "How strongly an answer is expected to tell {target} apart, either way (log10 of how many "
        "times likelier it is with one than with the other)."
    ),
}

STOPPING: Final = (
    "Answers not yet known were weighed by how probable they are given what is known. A steady "
    "leader may still be the wrong one: what is not asked, not modelled or wrong is not in this."
)

_WHY: Final = {
    "refused": "too wide",
    "failed": "failed by our fault",
    "stopped": "not reached",
    "read_otherwise": "an answer would make an entry be read in another way",
}

#: Questions shown in each list; JSON has more.
SHOWN = 5


def question_lines(
    found: Questions, knowledge: KnowledgeBase, *, red_flags: int = 6, top: int = SHOWN
) -> list[str]:
    """Red-flag questions first; then the best by gain, by change of the leader, by burden.

    A question stands in the first of these lists that it belongs to.
    """
    labels = _labels(knowledge)
    target = " and ".join(labels[name] for name in found.targets)
    meaning = MEANING[found.mode].format(about=found.about, target=target)
    lines = ["NEXT QUESTION", *_wrap(meaning)]
    lines += red_flag_lines(found.red_flags, labels, most=red_flags)
    if found.red_flag_tests:
        names = [labels[name] for name in found.red_flag_tests]
        lines += _wrap(f"Tests that open red flags also rest on: {_some(names, red_flags)}.")
    if not found.all:
        lines += _wrap("No question is left at this burden that could be weighed.")
    shown: set[tuple[str, ...]] = set()
    for title, rows in (
        ("Tells most", found.by_gain),
        ("Likeliest to change what comes first", [q for q in found.by_change if q.changes_leader]),
        ("Tells most for its burden", found.by_burden),
    ):
        best = rows[:top]
        fresh = [one for one in best if one.items not in shown]
        if best:
            lines.append(f"  {title}{':' if fresh else ': the same'}")
        for one in fresh:
            lines += _question(one, found, labels)
            shown.add(one.items)
        if 0 < len(fresh) < len(best):
            lines.append("    and of those above: " + str(len(best) - len(fresh)))
    for pair in found.pairs:
        least = "" if pair.complete else "at least "
        lines += _wrap(f"Two ahead ({least}{pair.gain:.2f} {found.unit}): {pair.label}.")
        for then in pair.follow_ups:
            lines += _wrap(_follow_up(then, labels), "    ")
    if found.skipped:
        whys = dict.fromkeys(one.why for one in found.skipped)
        for why in whys:
            names = [one.label for one in found.skipped if one.why == why]
            lines += _wrap(f"Not computed ({_WHY[why]}): {_some(names, 2 * red_flags)}.")
    return lines


def red_flag_lines(items: Sequence[str], labels: dict[str, str], *, most: int) -> list[str]:
    """That red-flag questions are open; nothing when none is."""
    if not items:
        return []
    names = [labels[name] for name in items]
    return _wrap(f"Before all of these, for open red flags: {_some(names, most)}.")


def _some(names: Sequence[str], most: int) -> str:
    more = f"; and {len(names) - most} more" if len(names) > most else ""
    return "; ".join(names[:most]) + more


def _question(one: Question, found: Questions, labels: dict[str, str]) -> list[str]:
    """A question with its worth, and what comes of each answer."""
    flag = ", red flag" if one.red_flag else ""
    head = f"{one.label} ({one.step.replace('_', ' ')}{flag}): {one.gain:.2f} {found.unit}"
    if one.changes_leader > 0.0:
        head += f"; changes what comes first in {said(one.changes_leader)}"
    lines = _wrap(head, "    ")
    for answer in one.outcomes:
        lines += _wrap(_outcome(answer, found, labels), "      ")
    return lines


def _outcome(answer: Outcome, found: Questions, labels: dict[str, str]) -> str:
    text = f"{_values(answer.values, labels)} ({said(answer.chance)} likely): "
    moved = [
        f"{labels[name]} {said(share)}"
        for name, share in zip(found.targets, answer.targets, strict=True)
    ]
    if found.leader not in found.targets:
        moved.append(
            f"{labels[found.leader]} {said(found.leader_probability)} -> "
            f"{said(answer.present_leader)}"
        )
    if answer.leader != found.leader:
        moved.append(f"{labels[answer.leader]} would come first, {said(answer.leader_probability)}")
    return text + "; ".join(moved)


def _follow_up(then: FollowUp, labels: dict[str, str]) -> str:
    after = f"{_values(then.values, labels)} ({said(then.chance)} likely): "
    if not then.items:
        return after + ("not computed" if _lost(then) else "nothing more to gain")
    left = [one for one in then.skipped if one.why != OTHERWISE]
    missing = f" ({len(left)} not computed)" if left else ""
    return f"{after}then {then.label}, {then.gain:.2f} more{missing}"


def _lost(then: FollowUp) -> bool:
    return any(one.why != OTHERWISE for one in then.skipped)


def stopping_lines(found: Stopping, knowledge: KnowledgeBase, *, red_flags: int = 6) -> list[str]:
    """Open red flags first; then how likely the leader stays first if more is answered."""
    labels = _labels(knowledge)
    leader = labels[found.leader]
    lines = ["WHEN TO STOP"]
    if found.red_flags:
        names = [labels[name] for name in found.red_flags]
        lines += _wrap(
            "Red-flag questions are open; ask them whatever stands below: "
            f"{_some(names, red_flags)}."
        )
    lines += _wrap(f"{leader} comes first now, at {said(found.leader_probability)}.")
    if not found.asked:
        return [
            *lines,
            *_wrap("No question is left at this burden that could be weighed."),
            *_unasked(found),
        ]
    weighed = "of those weighed " if found.skipped else ""
    lines += _wrap(
        f"One more answer {weighed}changes that in {said(found.single)} at most."
        if found.single > 0.0
        else f"No single answer {weighed}changes that."
    )
    lines += _together(found, labels)
    if found.unanswered:
        lines += _wrap(f"Of these patients {said(found.unanswered)} could not be computed.")
    if found.floor > 0.0:
        lines += _wrap(f"Whatever is answered, it stays first in at least {said(found.floor)}.")
    elif not found.everything:
        lines += _wrap("How often it stays first whatever is answered has no bound above 0.")
    return lines + _unasked(found) + _wrap(STOPPING)


def _together(found: Stopping, labels: dict[str, str]) -> list[str]:
    """What several answers together do."""
    names = "; ".join(" / ".join(labels[item] for item in items) for items in found.asked)
    low, high = found.interval
    error = "exactly computed" if not found.draws else f"{found.draws} patients drawn"
    between = "" if low == high else f", 95% interval {said(low)} to {said(high)}"
    stays = said(found.chance) if found.unanswered < 1.0 else "not known"
    count = len(found.asked)
    answers = f"With {count} answers together" if count > 1 else "With one answer"
    if found.everything:
        answers = f"With everything left answered ({count} questions)"
    which = "" if found.everything else "the likeliest to change it: "
    more = "" if found.everything else " More answers may change it more often."
    return _wrap(f"{answers} it stays first in {stays} ({error}{between}).{more}") + _wrap(
        f"These are {which}{names}."
    )


def _unasked(found: Stopping) -> list[str]:
    lines = []
    lost = found.skipped - found.read_otherwise
    if lost:
        lines += _wrap(f"{lost} questions could not be weighed and were not asked.")
    if found.read_otherwise:
        lines += _wrap(
            f"{found.read_otherwise} more can be answered only so that an entry is read in "
            "another way, and were not asked."
        )
    return lines


def _labels(knowledge: KnowledgeBase) -> dict[str, str]:
    return {**knowledge.labels, **{row.id: row.label for row in knowledge.category}}


def _values(values: Sequence[tuple[str, str]], labels: dict[str, str]) -> str:
    """An answer; for items asked together, those that are not absent."""
    if len(values) == 1:
        return f"if {values[0][1].replace('_', ' ')}"
    there = [
        f"{labels[name]} {value.replace('_', ' ')}" for name, value in values if value != "absent"
    ]
    return f"if {', '.join(there) or 'none of these'}"


def _wrap(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")
