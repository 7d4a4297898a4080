"""An assessment as plain text, for a terminal or a record."""

from __future__ import annotations

import math

from model.assessment import Assessment, Ranked
from model.knowledge import BEDSIDE, KnowledgeBase
from model.screening import RuleState

WIDTH = 78
BAR = 24

PURPOSE = "For a professional's judgement; it informs and gives no orders."

_DISPOSITION = {
    "emergency": "EMERGENCY: a rule for emergency care is met",
    "immediate": "IMMEDIATE: a rule for prompt attention is met",
    "appointment": "APPOINTMENT: a rule for a planned appointment is met",
    "no_rule_met": "No red-flag rule is met; every bedside question was answered",
    "not_determined": "Not determined: no rule is met yet, and questions are open",
}
_MARK = {"emergency": "!!", "immediate": "! ", "appointment": "- "}


def said(probability: float) -> str:
    """A probability as one would say it: per cent, or a natural frequency when small.

    A half is rounded up, a hair below it too: what comes to the same is said the same.

    >>> said(0.42), said(0.0031), said(0.00001), said(0.9996)
    ('42%', '3 in 1,000', 'under 1 in 10,000', 'over 99%')
    >>> said(0.075), said(0.075 - 1e-12), said(0.0096)
    ('8%', '8%', '1%')
    >>> said(math.nan)
    'not known'
    """
    if math.isnan(probability):
        return "not known"
    if probability >= 0.995:
        return "over 99%"
    if probability >= 0.0095:
        return f"{_whole(probability * 100)}%"
    if probability >= 0.00095:
        return f"{_whole(probability * 1000)} in 1,000"
    if probability >= 0.0001:
        return f"{_whole(probability * 10000)} in 10,000"
    return "under 1 in 10,000"


def _whole(value: float) -> int:
    return math.floor(round(value, 6) + 0.5)


def bar(probability: float) -> str:
    """A bar of fixed width.

    >>> bar(0.5).count("#")
    12
    """
    filled = round(probability * BAR)
    return "#" * filled + "." * (BAR - filled)


def documents_of(state: RuleState) -> str:
    """Which of the five articles advise what, in words."""
    names = sorted({place.split()[0] for place in state.rule.places})
    if not names:
        return "supplement: good practice"
    count = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}[len(names)]
    verb = "advises" if len(names) == 1 else "advise"
    advice = f" {verb} {state.rule.advice}" if state.rule.advice else ""
    return f"{count} of five lay articles ({', '.join(names)}){advice}"


def _wrap(text: str, indent: str = "") -> list[str]:
    import textwrap

    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")


def red_flags(assessment: Assessment, knowledge: KnowledgeBase, *, pending: int = 6) -> list[str]:
    """The red flags: rules met, and the questions that could still change the disposition."""
    screening = assessment.screening
    lines = ["RED FLAGS", f"  {_DISPOSITION[screening.disposition]}"]
    labels = knowledge.labels
    for state in screening.met:
        lines += _wrap(f"{_MARK[state.rule.tier]} {state.rule.label}", "  ")
        detail = f"rule {state.rule.id} ({state.rule.tier}); {documents_of(state)}"
        if state.rule.suggests:
            detail += f"; suggests {state.rule.suggests}"
        lines += _wrap(detail, "     ")
    if screening.could_rise_to:
        lines.append(f"  Could still rise to {screening.could_rise_to}.")
    ordered = screening.questions(lambda item: knowledge.item_step[item] in BEDSIDE)
    if ordered:
        shown = "; ".join(labels.get(name, name) for name in ordered[:pending])
        more = f"; and {len(ordered) - pending} more" if len(ordered) > pending else ""
        count = len(screening.pending)
        plural = "rule is" if count == 1 else "rules are"
        lines += _wrap(f"{count} more {plural} undecided. Ask: {shown}{more}.", "  ")
    return lines


def _row(one: Ranked, *, mark: str = " ") -> str:
    label = one.label if len(one.label) <= 40 else one.label[:39] + "…"
    return f"  {mark}{label:<41}{bar(one.probability)} {said(one.probability):>17}"


def differential(assessment: Assessment, knowledge: KnowledgeBase, *, top: int = 8) -> list[str]:
    """Categories and leading conditions, with what is not explained."""
    cannot_miss = {row.id for row in knowledge.condition if row.cannot_miss == "yes"}
    lines = ["CAUSES BY GROUP (several may be present: they need not add to 100%)"]
    groups = sorted(assessment.categories, key=lambda one: one.complement)
    lines += [_row(one) for one in groups if one.probability >= 0.01][:top]
    lines += ["", "LEADING CONDITIONS (pretest -> now; * must not be missed)"]
    ranking = assessment.ranking
    for one in ranking[:top]:
        mark = "*" if one.id in cannot_miss else " "
        lines.append(_row(one, mark=mark))
        lines.append(f"     {said(one.pretest)} -> {said(one.probability)}")
    rest = [one for one in ranking[top:] if one.id in cannot_miss and one.probability >= 0.001]
    if rest:
        others = "; ".join(f"{one.label} {said(one.probability)}" for one in rest[:6])
        lines += _wrap(f"Also not excluded: {others}", "  ")
    lines += ["", f"  Nothing modelled explains it: {said(assessment.unexplained)}"]
    if assessment.conflict > 1:
        lines += _wrap(
            "The findings agree poorly with each other under this model "
            f"(conflict {assessment.conflict:.1f}).",
            "  ",
        )
    return lines


def text(assessment: Assessment, knowledge: KnowledgeBase) -> str:
    """The whole assessment."""
    setting = next(row.label for row in knowledge.setting if row.id == assessment.setting)
    basis = "all sources" if assessment.basis == "all" else "documents only"
    lines = [
        (
            f"paresis {assessment.engine_version} | {setting} | {basis} | "
            f"knowledge {assessment.knowledge_digest[:12]}"
        ),
        PURPOSE,
        "",
        *red_flags(assessment, knowledge),
        "",
    ]
    if assessment.remarks:
        lines.append("HOW IT WAS READ")
        for remark in assessment.remarks:
            lines += _wrap(f"{'! ' if remark.level != 'note' else ''}{remark.text}", "  ")
        lines.append("")
    if assessment.has_differential:
        lines += differential(assessment, knowledge)
    else:
        lines += _wrap(f"No differential ({assessment.status}). {assessment.message}")
    return "\n".join(lines) + "\n"
