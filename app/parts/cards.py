"""Cards about the case at hand, one function each; what takes a while comes when it is ready."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, TypeVar, cast

import streamlit as st

from app import later, phrases
from app.assessing import Desk
from app.case import Case
from app.parts import state
from app.parts.checklist import checklist, part_of, unheard
from app.sheet import Entry, Line, Option, Section
from model.assessment import Assessment
from model.reasons.doubt import Doubt, doubt
from model.reasons.questions import Outcome, Question, Questions, next_questions
from model.reasons.surprise import Rank, Surprise, surprise

T = TypeVar("T")

#: Questions shown.
SHOWN = 4

#: Questions named in a note.
NOTED = 3

#: Chances below this read as nought.
SELDOM = 0.005

NONE_CHANGES = "no single answer that is left is likely to put another cause first."

#: Seconds between two looks at work that is not ready.
LOOK = 0.4

#: Seconds a case stands still before slow work is begun on it.
REST = 0.7

#: Mode on screen -> mode of the engine.
MODES = {
    "Tell the causes apart": "inform",
    "Must not be missed": "screen",
    "For or against the open condition": "raise",
}

#: The most a question may cost (priors/steps.csv): the bedside alone.
BEDSIDE = 2.0


def key_of(case: Case) -> tuple[Any, ...]:
    """What an answer about a case depends on."""
    return (*sorted(case.values.items()), case.setting, case.basis)


def shown_for() -> tuple[Any, ...]:
    """What the page as it is drawn shows."""
    return key_of(state.case()), state.opened(), state.opened_finding()


def _slot(name: str) -> later.Slot[Any]:
    slots: dict[str, later.Slot[Any]] = st.session_state.setdefault("slots", {})
    return slots.setdefault(name, later.Slot())


def _ask(name: str, key: tuple[Any, ...], work: later.Work[T]) -> later.Task[T]:
    return cast("later.Task[T]", _slot(name).ask(key, work))


def waited(name: str, key: tuple[Any, ...], work: later.Work[T], said: str) -> T | None:
    """What is worked out beside the page, once it is there; until then how far it is.

    Args:
        name: of the card.
        key: what the work depends on; another key stops it and begins anew.
        work: told how to see whether it was cancelled, and how to tell its progress.
        said: what is being done, in words.
    """
    task = _ask(name, key, work)
    if task.ready:
        if task.result is None:
            st.caption("This cannot be computed for these entries.")
        return task.result

    @st.fragment(run_every=LOOK)
    def look() -> None:
        if task.ready:
            st.rerun()
        share = f" ({task.done:,} of {task.total:,})" if task.total else ""
        st.caption(f"{said}{share} …")

    look()
    return None


def the_doubt(case: Case, desk: Desk) -> later.Task[Doubt]:
    """Intervals around the posteriors; solved once for each setting, which takes a while."""

    def work(cancelled: later.Cancelled, progress: later.Progress) -> Doubt:
        evidence = case.evidence(desk.vocabulary)
        return doubt(
            desk.reasoner(case), evidence, workers=1, progress=progress, cancelled=cancelled
        )

    return _ask("doubt", key_of(case), work)


def the_surprise(case: Case, desk: Desk) -> later.Task[Surprise]:
    """How unusual the findings are."""

    def work(cancelled: later.Cancelled, progress: later.Progress) -> Surprise:
        evidence = case.evidence(desk.vocabulary)
        return surprise(desk.reasoner(case), evidence, progress=progress, cancelled=cancelled)

    return _ask("surprise", key_of(case), work)


def _questions_key(case: Case) -> tuple[Any, ...]:
    """What the next questions depend on: the case, the mode, its target, the most they may cost."""
    mode = MODES.get(st.session_state.get("q_mode") or "", "inform")
    target = state.opened() if mode == "raise" else ""
    if mode == "raise" and target not in state.the_desk().knowledge.condition_index:
        mode, target = "inform", ""
    burden = None if st.session_state.get("q_tests") else BEDSIDE
    return (key_of(case), mode, (target,) if target else (), burden)


def the_questions(case: Case, desk: Desk) -> later.Task[Questions]:
    """The next questions, in the mode chosen."""
    key = _questions_key(case)
    _, mode, target, burden = key

    def work(cancelled: later.Cancelled, progress: later.Progress) -> Questions:
        return next_questions(
            desk.reasoner(case), case.evidence(desk.vocabulary), mode=mode, target=target,
            burden=burden, first=SHOWN, progress=progress, cancelled=cancelled,
        )  # fmt: skip

    return _ask("questions", key, work)


def work_beside(case: Case, assessment: Assessment, desk: Desk) -> None:
    """Begin what takes a while once the case stands still, and draw the page when it is there.

    While the case changes only the ranking counts. The page is drawn again twice: with questions
    and fit, and with the intervals.
    """
    if not assessment.has_differential:
        return
    wanted = _questions_key(case)
    beside = st.session_state.get("beside")
    if beside is None or beside["wanted"] != wanted:
        beside = {"wanted": wanted, "since": time.monotonic(), "drawn": 0}
        st.session_state["beside"] = beside
    if beside["drawn"] == 2:
        return
    shown = shown_for()

    @st.fragment(run_every=LOOK)
    def look() -> None:
        if unheard() or shown_for() != shown:
            st.rerun()  # an answer that came in while only this part was drawn
        if time.monotonic() - beside["since"] < REST:
            return
        quick = the_questions(case, desk).ready and the_surprise(case, desk).ready
        stage = 2 if the_doubt(case, desk).ready and quick else int(quick)
        if stage > beside["drawn"]:
            beside["drawn"] = stage
            st.rerun()

    look()


def known_doubt(case: Case) -> Doubt | None:
    """Intervals of this case, if they are there."""
    task = _slot("doubt").task
    return cast("Doubt | None", task.result if task and task.key == key_of(case) else None)


def steadiness(case: Case, found: Doubt | None) -> None:
    """Whether the lead hangs on our numbers, in a word and a sentence."""
    task = _slot("doubt").task
    if found is not None and found.badge:
        said = f"{found.said[0].upper()}{found.said[1:]}."
        st.caption(
            f"**The lead is {found.badge}.** {said} Thin lines, and the figures to the right below "
            "a bar, show where it lies under 5 to 95 % of such numbers."
        )
    elif task is None or not task.ready or task.key != key_of(case):
        share = f" ({task.done * 100 // task.total} %)" if task and task.total else ""
        st.caption(f"How steady the lead is: being worked out{share}.")
    else:
        st.caption("How steady the lead is cannot be said for these entries.")


def next_question(case: Case, assessment: Assessment, desk: Desk) -> None:
    """The questions that would move the ranking most, to be answered in place."""
    if not assessment.has_differential:
        return
    with st.container(border=True, key="questions_card"):
        st.subheader("Next question", anchor=False)
        row = st.container(horizontal=True, vertical_alignment="bottom")
        row.selectbox(
            "What for", list(MODES), key="q_mode", persist_state="session",
            label_visibility="collapsed",
        )  # fmt: skip
        row.toggle("Tests too", key="q_tests", persist_state="session")
        slot = _slot("questions")
        current = slot.task is not None and slot.task.key == _questions_key(case)
        now = slot.task.result if slot.task else None
        found = cast("Questions | None", now or slot.last)
        fresh = current and now is not None
        if found is None:
            st.caption("Being weighed …")
            return
        urgent = desk.unasked(assessment.screening)
        if urgent:
            count = phrases.number(len(urgent), "red-flag question")
            st.caption(f"Red flags come first: {count} unasked, whatever they weigh here.")
        if fresh and found.mode == "inform" and found.largest_change < SELDOM:
            st.caption(f"**{NONE_CHANGES[0].upper()}{NONE_CHANGES[1:]}**")
        lines = [_question(one, desk, len(found.all)) for one in found.by_gain]
        shown = [line for line in lines if line is not None and not _answered(line, case)]
        if not shown:
            st.caption("No question left would move the ranking.")
            return
        section = Section("next", "", "", tuple(line for line, _ in shown))
        part = part_of(section, case.values, {}, folded=False)
        if not fresh:
            st.caption("Of before the last change; being weighed anew …")
        for drawn, (_, note) in zip(part["lines"], shown, strict=True):
            drawn["note"] = note if fresh else ""
        checklist("next", [part], [line for line, _ in shown])


def would_change(case: Case, assessment: Assessment, desk: Desk) -> list[str]:
    """What would change the ranking, in a line for a note; none while it is being weighed."""
    task = _slot("questions").task
    found = cast("Questions | None", task.result if task else None)
    if not assessment.has_differential or found is None or found.mode != "inform":
        return []
    if task is None or task.key != _questions_key(case):
        return []
    labels = desk.knowledge.labels
    parts = []
    for one in [one for one in found.by_change if one.changes_leader >= SELDOM][:NOTED]:
        turns = [
            f"if {_values(outcome, one, labels)} then first {labels.get(outcome.leader, '')} "
            f"{phrases.about(outcome.leader_probability)}"
            for outcome in one.outcomes
            if outcome.leader != found.leader
        ]
        parts.append(f"{phrases.lower(one.label)} ({'; '.join(turns)})")
    if not parts:
        return [f"What would change it: {NONE_CHANGES}"]
    return [f"What would change it: {'; '.join(parts)}."]


def _answered(line: tuple[Line, str], case: Case) -> bool:
    return all(item in case.values for entry in line[0].entries for item in entry.members)


def _entry(item: str, desk: Desk) -> Entry:
    """The line of the sheet for an item; the first screen's fields have none."""
    if item in desk.entries:
        return desk.entries[item]
    for entry in desk.entries.values():
        if item in entry.members:
            return entry
    one = desk.vocabulary.index[item]
    options = tuple(
        Option(value, phrases.value_words(desk.knowledge, item, value), ((item, value),))
        for value in one.values
    )
    return Entry(item, one.label, one.label, options, (item,), closes=False)


def _question(one: Question, desk: Desk, total: int) -> tuple[Line, str] | None:
    """A question with what its answers would do; None for what cannot be answered in place."""
    if not total or one.gain <= 0 or "age" in one.items:
        return None
    entries = tuple(dict.fromkeys(_entry(item, desk) for item in one.items))
    labels = desk.knowledge.labels
    parts = []
    for outcome in sorted(one.outcomes, key=lambda o: -o.chance)[:3]:
        said = _values(outcome, one, labels)
        leader = labels.get(outcome.leader, outcome.leader)
        parts.append(
            f"{said} ({phrases.about(outcome.chance)}): first {leader}, "
            f"{phrases.about(outcome.leader_probability)}"
        )
    step = next((row.label for row in desk.knowledge.step if row.id == one.step), one.step)
    turns = phrases.about(one.changes_leader) if one.changes_leader >= SELDOM else "hardly any"
    parts.insert(0, f"{step}. Another cause first after {turns} of answers")
    return Line("next_" + one.items[0], _asked(one, desk), entries), " · ".join(parts)


def _values(outcome: Outcome, one: Question, labels: Mapping[str, str]) -> str:
    """An answer as one would say it."""
    return ", ".join(
        value.replace("_", " ") if len(one.items) == 1 else f"{labels[item]} {value}"
        for item, value in outcome.values
    )


def _asked(one: Question, desk: Desk) -> str:
    """The question as one would put it."""
    item = one.items[0]
    return desk.questions.get(item, one.label)


def _rank(rank: Rank) -> str:
    """A share of simulated patients."""
    return phrases.about(rank.percentile) if rank.percentile > 0 else "none"


def fit(case: Case, assessment: Assessment, desk: Desk) -> None:
    """Whether the findings go together under this model."""
    if not assessment.has_differential:
        return
    task = _slot("surprise").task
    found = task.result if task and task.key == key_of(case) else None
    if found is None or not found.findings:
        return
    share = found.probability.percentile
    unusual = desk.knowledge.thresholds["unusual"]
    if not (share <= unusual or found.conflict.percentile <= unusual):
        return  # also where a share is not known
    with st.container(border=True, key="fit_card"):
        st.subheader("Does it fit together?", anchor=False)
        if share <= unusual:
            st.markdown(
                "These findings are unusual: among patients of this model with the same "
                f"background, {_rank(found.probability)} show findings as improbable."
            )
        if found.conflict.percentile <= unusual:
            st.markdown(
                "They agree poorly with each other: among such patients, "
                f"{_rank(found.conflict)} have findings that agree as badly."
            )
        if found.outside:
            st.markdown(
                "**The cause may lie outside the model**: nothing modelled explains them in "
                f"{phrases.about(found.unexplained)}, {phrases.about(found.before)} before the "
                "findings. Knowledge lists what is outside, with a clue each."
            )
        else:
            st.markdown("An entry may be wrong, or two causes may be present.")
        for clash in found.clashes[:2]:
            st.markdown(f"- {clash.labels[0]} goes badly with {clash.labels[1]}.")
