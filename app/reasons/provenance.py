"""Where a number comes from, in plain lines: each row with its word, basis, place and reason."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Final

from app.report import WIDTH
from model.knowledge import KnowledgeBase
from model.reasons.provenance import Origin, Provenance
from model.reasons.support import Place

MEANING: Final = (
    "WHERE IT COMES FROM: every row of the tables through which this item can bear on this "
    "condition. A weight is the work of all of them, and of everything else entered."
)

_ROLE: Final = {
    "link": "By itself it shows this in",
    "parent": "First it must show",
    "grades": "By itself it shows grades",
    "average": "Grades: no source, so the average stands in",
    "rate": "How often it comes is multiplied by",
    "cause": "One brings the other about in",
    "through": "By way of",
    "rival": "The context shows by itself",
    "leak": "For no reason modelled",
    "background": "Shown because of a context",
    "unnamed": "A cause that is not modelled would show it in",
    "pretest": "In this setting, before anything is known",
    "prevalence": "Of people with weak legs",
}


def provenance_lines(found: Provenance, knowledge: KnowledgeBase) -> list[str]:
    """The rows behind one line of a ledger."""
    labels = {**knowledge.labels, "unnamed": "a cause that is not modelled"}
    value = f" ({found.value.replace('_', ' ')})" if found.value else ""
    lines = [f"{labels[found.item]}{value} and {labels[found.condition]}"]
    if not found.direct:
        lines += _wrap(
            "No row ties the two together: the item speaks of the condition only through what else "
            "would explain it.",
        )
    for one in found.origins:
        lines += _origin(one, labels)
    for place in found.aside:
        lines += _wrap(f"Also said, but no link: {_place(place)}")
    return lines


def _origin(one: Origin, labels: Mapping[str, str]) -> list[str]:
    names = [name.partition("=") for name in one.of if name]
    said = " -> ".join(
        f"{labels.get(name, name)}{f' ({value})' if value else ''}".replace("_", " ")
        for name, _, value in names
    )
    word = f"{one.word.replace('_', ' ')}, " if one.word.isidentifier() else ""
    lines = _wrap(f"{_ROLE[one.role]}: {word}{one.said} [{said}]")
    rest = [one.file, one.basis, f"confidence {one.confidence}" if one.confidence else ""]
    if not one.used:
        rest.append("switched off")
    about = "; ".join(part for part in rest if part)
    lines += _wrap(f"{about}: {one.reason}" if about else one.reason, "    ")
    for place in one.places:
        lines += _wrap(_place(place), "    ")
    return lines


def _place(place: Place) -> str:
    """A document, the place in it, its words, and what became of them."""
    text = f'{place.document}, {place.locator}: "{place.wording}"'
    if place.use in ("left_out", "assertion"):
        became = "left out" if place.use == "left_out" else "kept as an assertion"
        text += f" ({became}{f': {place.note}' if place.note else ''})"
    return text


def _wrap(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")
