"""How the dashboard says things: probabilities, tiers, who advises what. Words only."""

from __future__ import annotations

from app.report import documents_of, said
from model.knowledge import KnowledgeBase
from model.screening import RuleState, Screening

#: Said once on every page and output.
PURPOSE = (
    "For a professional's judgement: it informs and gives no orders. Its probabilities are "
    "elicited by hand and were not validated on patients."
)

#: Disposition -> (in one word, in a sentence).
DISPOSITIONS = {
    "emergency": ("Emergency", "a rule for emergency care is met"),
    "immediate": ("Prompt attention", "a rule for attention today is met"),
    "appointment": ("Appointment", "a rule for a planned appointment is met"),
    "no_rule_met": ("No red flag met", "every bedside red-flag question was answered"),
    "not_determined": ("No red flag met so far", "not determined: red-flag questions are open"),
}

#: Findings agree poorly from this conflict on: ten times as improbable together as apart.
CONFLICT = 1.0

TIERS = {
    "emergency": "emergency care",
    "immediate": "prompt attention",
    "appointment": "an appointment",
}

#: Tags of findings, as a neurologist groups them.
SENSES = {
    "upper_motor_neuron": "Upper motor neuron",
    "lower_motor_neuron": "Lower motor neuron",
    "sensory": "Sensory",
    "junction": "Nerve-muscle junction",
    "muscle": "Muscle",
    "pain": "Pain",
}


def about(probability: float) -> str:
    """A probability as one would say it.

    >>> about(0.42), about(0.0031)
    ('42%', 'about 3 in 1,000')
    """
    words = said(probability)
    return f"about {words}" if words[0].isdigit() and " in " in words else words


def number(count: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> number(1, "rule"), number(3, "rule")
    ('1 rule', '3 rules')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def lower(label: str) -> str:
    """A label inside a sentence; abbreviations keep their capitals.

    >>> lower("New severe headache"), lower("MRI: demyelinating lesions")
    ('new severe headache', 'MRI: demyelinating lesions')
    """
    first = label.split(maxsplit=1)[0]
    return label if any(c.isupper() for c in first[1:]) else label[0].lower() + label[1:]


def rule_line(state: RuleState) -> str:
    """What a met rule rests on, what is advised, and what it suggests."""
    basis = documents_of(state)
    suggests = f" It suggests {state.rule.suggests}." if state.rule.suggests else ""
    return f"{basis[0].upper()}{basis[1:]}.{suggests}"


def headline(screening: Screening) -> str:
    """The disposition in one short line."""
    word, sentence = DISPOSITIONS[screening.disposition]
    met = [state.rule.label for state in screening.met]
    if not met:
        return f"{word}: {sentence.removeprefix('not determined: ')}"
    more = f" · and {len(met) - 1} more" if len(met) > 1 else ""
    return f"{word}: {met[0]}{more}"


def rising(screening: Screening, unasked: int) -> str:
    """What could still change, and when."""
    questions = number(unasked, "red-flag question")
    if screening.could_rise_to:
        tier = TIERS[screening.could_rise_to]
        if unasked:
            return f"Could still rise to {tier}: {questions} unasked."
        return f"Could still rise to {tier}, by findings in combination."
    if screening.disposition == "emergency":
        return (
            f"It cannot rise further ({questions} unasked)." if unasked else "Cannot rise further."
        )
    return "No bedside answer could raise it further."


def value_words(knowledge: KnowledgeBase, item: str, value: str) -> str:
    """A value as one would say it."""
    bands = {row.id: row.label for row in knowledge.age_band}
    return bands.get(value, value) if item == "age" else value.replace("_", " ")
