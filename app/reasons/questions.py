"""The next question, and when to stop, in plain lines."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

from app.report import WIDTH, said
from model.knowledge import KnowledgeBase
from model.reasons.questions import FollowUp, Outcome, Question, Questions
from model.reasons.stopping import Stopping

MEANING: Final = {
    "inform": (
        "How much an answer is expected to tell of all {about} together, before it is given "
        "(the expected fall of their uncertainty, in bits)."
    ),
    "screen": (
        "How much an answer is expected to tell of the conditions that must not be missed "
        "(the expected fall of their uncertainty, in bits)."
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
}


def question_lines(found: Questions, knowledge: KnowledgeBase, *, red_flags: int = 6) -> list[str]:
    """Red-flag questions first; then the best by gain, by change of the leader, by burden."""
    labels = _labels(knowledge)
    target = " and ".join(labels[name] for name in found.targets)
    meaning = MEANING[found.mode].format(about=found.about, target=target)
    lines = ["NEXT QUESTION", *_wrap(meaning)]
    if found.red_flags:
        names = [labels[name] for name in found.red_flags]
        more = f"; and {len(names) - red_flags} more" if len(names) > red_flags else ""
        lines += _wrap(
            f"Before all of these, for open red flags: {'; '.join(names[:red_flags])}{more}."
        )
    if not found.all:
        lines += _wrap("No question is left at this burden.")
    shown: set[tuple[str, ...]] = set()
    for title, rows in (
        ("Tells most", found.by_gain),
        ("Likeliest to change what comes first", [q for q in found.by_change if q.changes_leader]),
        ("Tells most for its burden", found.by_burden),
    ):
        if rows:
            lines.append(f"  {title}:")
        for one in rows:
            lines += _question(one, found, labels, answers=one.items not in shown)
            shown.add(one.items)
    for pair in found.pairs:
        lines += _wrap(f"Two ahead ({pair.gain:.2f} {found.unit}): {pair.label}.")
        for then in pair.follow_ups:
            lines += _wrap(_follow_up(then), "    ")
    if found.skipped:
        names = [f"{one.label} ({_WHY[one.why]})" for one in found.skipped]
        lines += _wrap(f"Not computed: {'; '.join(names)}.")
    return lines


def _question(
    one: Question, found: Questions, labels: dict[str, str], *, answers: bool
) -> list[str]:
    """A question with its worth, and what comes of each answer (told once)."""
    flag = ", red flag" if one.red_flag else ""
    head = f"{one.label} ({one.step.replace('_', ' ')}{flag}): {one.gain:.2f} {found.unit}"
    if one.changes_leader > 0.0:
        head += f"; changes what comes first in {said(one.changes_leader)}"
    lines = _wrap(head, "    ")
    for answer in one.outcomes if answers else ():
        lines += _wrap(_outcome(answer, found, labels), "      ")
    return lines


def _outcome(answer: Outcome, found: Questions, labels: dict[str, str]) -> str:
    text = f"{_values(answer.values)} ({said(answer.chance)} likely): "
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


def _follow_up(then: FollowUp) -> str:
    after = f"{_values(then.values)} ({said(then.chance)} likely): "
    if not then.items:
        return after + ("not computed" if then.skipped else "nothing more to gain")
    missing = f" ({len(then.skipped)} not computed)" if then.skipped else ""
    return f"{after}then {then.label}, {then.gain:.2f} more{missing}"


def stopping_lines(found: Stopping, knowledge: KnowledgeBase) -> list[str]:
    """How likely the leader stays first if more is answered."""
    labels = _labels(knowledge)
    leader = labels[found.leader]
    lines = ["WHEN TO STOP"]
    lines += _wrap(f"{leader} comes first now, at {said(found.leader_probability)}.")
    if not found.asked:
        return lines + _wrap("No question is left at this burden that could be weighed.")
    lines += _wrap(
        f"One more answer changes that in {said(found.single)} at most."
        if found.single > 0.0
        else "No single answer changes that."
    )
    names = "; ".join(" / ".join(labels[item] for item in items) for items in found.asked)
    which = "all that is left" if found.everything else "the likeliest to change it"
    low, high = found.interval
    error = "exactly computed" if not found.draws else f"{found.draws} patients drawn"
    between = "" if low == high else f", 95% interval {said(low)} to {said(high)}"
    stays = said(found.chance) if found.unanswered < 1.0 else "not known"
    lines += _wrap(
        f"With {len(found.asked)} answers together ({which}: {names}) it stays first in {stays} "
        f"({error}{between})."
    )
    if found.unanswered:
        lines += _wrap(f"Of these patients {said(found.unanswered)} could not be computed.")
    if found.floor > 0.0:
        lines += _wrap(f"Whatever is answered, it stays first in at least {said(found.floor)}.")
    if found.skipped:
        lines += _wrap(f"{found.skipped} questions could not be weighed and were not asked.")
    return lines + _wrap(STOPPING)


def _labels(knowledge: KnowledgeBase) -> dict[str, str]:
    return {**knowledge.labels, **{row.id: row.label for row in knowledge.category}}


def _values(values: Sequence[tuple[str, str]]) -> str:
    """An answer; for items asked together, those that are not absent."""
    if len(values) == 1:
        return f"if {values[0][1].replace('_', ' ')}"
    there = [f"{name} {value}" for name, value in values if value != "absent"]
    return f"if {', '.join(there) or 'none of these'}".replace("_", " ")


def _wrap(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")
