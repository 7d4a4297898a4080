"""The assessment as a note for the record: plain text, short, with what was not asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app import phrases
from app.assessing import Desk
from app.case import Case
from model.assessment import Assessment

#: Conditions named.
NAMED = 6


def story(case: Case, desk: Desk) -> str:
    """Who, and the pattern, in one line."""
    values = case.values
    who = " ".join(
        part
        for part in (f"{values['age']}-year-old" if "age" in values else "", values.get("sex", ""))
        if part
    )
    pattern = []
    for item, words in (
        ("onset", "{} onset"),
        ("laterality", "{}"),
        ("severity", "{} at worst"),
        ("duration", "for {}"),
    ):
        if item in values:
            pattern.append(words.format(values[item].replace("_", " ")))
    setting = next(row.label for row in desk.knowledge.setting if row.id == case.setting)
    line = f"{who or 'Patient'} with leg weakness"
    return f"{line}{': ' + ', '.join(pattern) if pattern else ''} ({setting.lower()})."


def _entered(case: Case, desk: Desk, value: str) -> str:
    labels = desk.knowledge.labels
    names = [phrases.lower(labels[item]) for item, told in case.values.items() if told == value]
    return "; ".join(names)


def note(case: Case, assessment: Assessment, desk: Desk, *, extra: Sequence[str] = ()) -> str:
    """A note to copy: story, positives, negatives, red flags, differential, what would change it.

    Args:
        case: what was entered.
        assessment: what is said of it.
        desk: the knowledge base.
        extra: further lines, such as what would change the ranking.
    """
    screening = assessment.screening
    labels = desk.knowledge.labels
    lines = [story(case, desk)]
    present, absent = _entered(case, desk, "present"), _entered(case, desk, "absent")
    lines.append(f"Present: {present or 'nothing entered'}.")
    lines.append(f"Absent: {absent or 'nothing entered'}.")
    lines.append(f"Red flags: {phrases.headline(screening)}.")
    lines += [f"  - {state.rule.label}: {phrases.rule_line(state)}" for state in screening.met]
    known = {item for item, _ in assessment.evidence}
    flags = [entry.id for entry in desk.sections[0].entries]
    asked = [phrases.lower(labels[item]) for item in flags if item in known]
    unasked = [phrases.lower(labels[item]) for item in flags if item not in known]
    lines.append(f"Red flags asked ({len(asked)} of {len(flags)}): {'; '.join(asked) or 'none'}.")
    if unasked:
        lines.append(f"Not asked: {'; '.join(unasked)}.")
    if screening.could_rise_to:
        lines.append(phrases.rising(screening, len(desk.unasked(screening))))
    if assessment.has_differential:
        named = [
            f"{one.label} {phrases.about(one.probability)}" for one in assessment.ranking[:NAMED]
        ]
        lines.append(f"Differential (several may be present): {'; '.join(named)}.")
        shown = frozenset(one.id for one in assessment.ranking[:NAMED])
        rest = desk.pinned(assessment, shown)[:4]
        if rest:
            said = "; ".join(f"{o.label} {phrases.about(o.probability)}" for o in rest)
            lines.append(f"Must not be missed, not excluded: {said}.")
        lines.append(f"Nothing modelled explains it: {phrases.about(assessment.unexplained)}.")
    else:
        lines.append(f"No differential ({assessment.status}).")
    lines += extra
    lines.append(stamp(assessment, desk))
    lines.append(phrases.PURPOSE)
    return "\n".join(lines) + "\n"


def stamp(assessment: Assessment, desk: Desk, when: datetime | None = None) -> str:
    """By what this was computed: version, knowledge, setting, basis, and when if told."""
    setting = next(row.label for row in desk.knowledge.setting if row.id == assessment.setting)
    basis = "all sources" if assessment.basis == "all" else "documents only"
    time = f" · {when:%Y-%m-%d %H:%M}" if when else ""
    return (
        f"paresis {assessment.engine_version} · knowledge {assessment.knowledge_digest[:12]} · "
        f"{setting} · {basis}{time}"
    )
