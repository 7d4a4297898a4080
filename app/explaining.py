"""The parts of an explanation by name: what computes each, and its plain lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from model.assessment import Assessment
from model.evidence import Evidence
from model.reasoner import Reasoner
from model.vocabulary import UNKNOWN

Progress = Callable[[int, int], None]

#: How many leading conditions the parts speak of unless some are named.
LEADERS = 3


@dataclass(frozen=True)
class Subject:
    """Who is explained: the patient, the conditions or categories spoken of, and what is wanted.

    Attributes:
        names: conditions, categories or "unexplained".
        mode, target, about, burden: of the next question (see `model.reasons.questions`).
        answers: how many questions are answered together to see whether to stop.
        ahead: whether to look two questions ahead.
        goal, threshold: the condition that a change is to put first, or across a threshold (see
            `model.reasons.changes`).
        progress: told (done, total) of long work.
    """

    reasoner: Reasoner
    evidence: Evidence
    names: tuple[str, ...]
    mode: str = "inform"
    target: tuple[str, ...] = ()
    about: str = "conditions"
    burden: float | None = None
    answers: int | None = None
    ahead: bool = False
    goal: str | None = None
    threshold: float | None = None
    progress: Progress | None = None


def leaders(reasoner: Reasoner, evidence: Evidence, assessment: Assessment) -> tuple[str, ...]:
    """The leading conditions that the evidence does not decide by itself."""
    columns = reasoner.vocabulary.index
    ranked = [one.id for one in assessment.ranking]
    return tuple(n for n in ranked if evidence.codes[columns[n].column] == UNKNOWN)[:LEADERS]


#: What a part gives: a JSON-ready view, and lines for people.
Told = tuple[Any, list[str]]


def _conditions(subject: Subject) -> tuple[str, ...]:
    known = subject.reasoner.knowledge.condition_index
    return tuple(name for name in subject.names if name in known)


def _ledger(subject: Subject, reading: str) -> Told:
    from app.reasons.ledger import ledger_text
    from model.reasons.coverage import Coverage, coverages
    from model.reasons.ledger import IN_SEQUENCE, accounts

    reasoner, evidence = subject.reasoner, subject.evidence
    found = accounts(reasoner, evidence, subject.names, reading=reading, progress=subject.progress)
    covered: tuple[Coverage, ...] = ()
    if reading != IN_SEQUENCE:
        covered = coverages(reasoner, evidence, [[name] for name in _conditions(subject)])
    text = ledger_text(found, reasoner.knowledge, covered)
    view = [one.to_dict() for one in found]
    for account in view:
        for one in covered:
            if one.conditions == (account["id"],):
                account["coverage"] = one.to_dict()
    return view, text.splitlines()


def _given_the_others(subject: Subject) -> Told:
    from model.reasons.ledger import GIVEN_THE_OTHERS

    return _ledger(subject, GIVEN_THE_OTHERS)


def _in_sequence(subject: Subject) -> Told:
    from model.reasons.ledger import IN_SEQUENCE

    return _ledger(subject, IN_SEQUENCE)


def _questions(subject: Subject) -> Told:
    from app.reasons.questions import question_lines
    from model.reasons.questions import next_questions

    found = next_questions(
        subject.reasoner,
        subject.evidence,
        mode=subject.mode,
        target=subject.target,
        about=subject.about,
        burden=subject.burden,
        pairs=subject.ahead,
        progress=subject.progress,
    )
    return found.to_dict(), question_lines(found, subject.reasoner.knowledge)


def _stopping(subject: Subject) -> Told:
    from app.reasons.questions import stopping_lines
    from model.reasons.stopping import QUESTIONS, stopping

    found = stopping(
        subject.reasoner,
        subject.evidence,
        about=subject.about,
        burden=subject.burden,
        questions=subject.answers or QUESTIONS,
        progress=subject.progress,
    )
    return found.to_dict(), stopping_lines(found, subject.reasoner.knowledge)


def _doubt(subject: Subject) -> Told:
    from app.reasons.doubt import doubt_lines
    from model.reasons.doubt import doubt

    found = doubt(subject.reasoner, subject.evidence, progress=subject.progress)
    return found.to_dict(), doubt_lines(found)


def _surprise(subject: Subject) -> Told:
    from app.reasons.surprise import surprise_lines
    from model.reasons.surprise import surprise

    found = surprise(subject.reasoner, subject.evidence, progress=subject.progress)
    return found.to_dict(), surprise_lines(found, subject.reasoner.knowledge)


def _together(subject: Subject) -> Told:
    from app.reasons.together import away_lines, together_lines
    from model.reasons.rivals import rivals
    from model.reasons.together import together

    reasoner, evidence = subject.reasoner, subject.evidence
    found = together(reasoner, evidence, progress=subject.progress)
    pairs = rivals(reasoner, evidence, first=LEADERS)
    lines = together_lines(found, reasoner.knowledge)
    if pairs:
        lines += ["", *away_lines(pairs, reasoner.knowledge)]
    return {**found.to_dict(), "explaining_away": [pair.to_dict() for pair in pairs]}, lines


def _changes(subject: Subject) -> Told:
    from app.reasons.changes import changes_lines
    from model.reasons.changes import what_would_change

    found = what_would_change(
        subject.reasoner,
        subject.evidence,
        threshold=subject.threshold,
        condition=subject.goal,
        progress=subject.progress,
    )
    return found.to_dict(), changes_lines(found, subject.reasoner.knowledge)


def _leans(subject: Subject) -> Told:
    from app.reasons.changes import leans_lines
    from model.reasons.leans import leans_on

    found = leans_on(subject.reasoner, subject.evidence, progress=subject.progress)
    return found.to_dict(), leans_lines(found, subject.reasoner.knowledge)


def _sources(subject: Subject) -> Told:
    from app.reasons.sources import side_by_side_lines
    from model.reasons.sources import without_sources

    reasoner = subject.reasoner
    found = without_sources(
        reasoner.knowledge,
        subject.evidence,
        setting=reasoner.parameters.setting,
        basis=reasoner.parameters.basis,
        progress=subject.progress,
    )
    return found.to_dict(), side_by_side_lines(found, reasoner.knowledge)


def _provenance(subject: Subject) -> Told:
    import textwrap

    from app.reasons.provenance import MEANING, several_lines, standing_for
    from app.report import WIDTH
    from model.reasons.provenance import Provenance, provenances
    from model.reasons.variants import consultation, items_of, value_of

    reasoner, evidence = subject.reasoner, subject.evidence
    items = reasoner.vocabulary.items
    entered = {
        items[column].id: value_of(reasoner, evidence, column)
        for column in consultation(reasoner, items_of(evidence))
    }
    soft = {item for item, value in entered.items() if value == "soft"}
    told: dict[str, tuple[Provenance, ...]] = {}
    blocks = [textwrap.wrap(MEANING, WIDTH)]
    for name in subject.names:
        conditions, sentence = standing_for(reasoner, evidence, name, entered, most=LEADERS)
        if sentence:
            blocks.append(textwrap.wrap(sentence, WIDTH))
        for condition in conditions:
            if condition not in told:
                asked = [
                    (item, condition, None if item in soft else value)
                    for item, value in entered.items()
                    if item != condition
                ]
                told[condition] = provenances(reasoner, asked)
                blocks.append(several_lines(told[condition], reasoner.knowledge, soft=soft))
    views = [one.to_dict() for found in told.values() for one in found]
    return views, [line for block in blocks for line in (*block, "")][:-1]


#: Every part, in the order in which they are shown.
PARTS: dict[str, Callable[[Subject], Told]] = {
    "ledger": _given_the_others,
    "sequence": _in_sequence,
    "together": _together,
    "questions": _questions,
    "stopping": _stopping,
    "doubt": _doubt,
    "surprise": _surprise,
    "changes": _changes,
    "leans": _leans,
    "sources": _sources,
    "provenance": _provenance,
}


def explain(subject: Subject, parts: Sequence[str]) -> tuple[dict[str, Any], str]:
    """The parts asked for, in their usual order: a JSON-ready view of each, and one text.

    Raises:
        InputError: for a name that does not exist, whether or not a part speaks of it.
    """
    from model.reasons.ledger import subjects_of

    subjects_of(subject.reasoner, subject.names)
    views: dict[str, Any] = {}
    blocks: list[str] = []
    for name, part in PARTS.items():
        if name in parts:
            views[name], lines = part(subject)
            blocks.append("\n".join(lines))
    return views, "\n\n".join(blocks) + "\n"
