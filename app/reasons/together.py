"""Joint explanations and explaining away, in plain lines."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

from app.reasons.ledger import wrap
from app.report import WIDTH, said
from model.knowledge import KnowledgeBase
from model.reasons.rivals import ExplainingAway
from model.reasons.together import Explanation, Together

MEANING: Final = (
    "TOGETHER: the most probable complete explanations. Each names every modelled condition that "
    "is there; a cause that is not modelled may be there beside them."
)

MEANING_AWAY: Final = (
    "EXPLAINING AWAY: what becomes of one condition when the other is confirmed or excluded."
)

#: A pull smaller than this (log10 of the odds ratio) is not spoken of as one.
LEAST_PULL: Final = 0.05


def together_lines(found: Together, knowledge: KnowledgeBase) -> list[str]:
    """The sets with their probabilities, what each covers, and whether they are proven best."""
    lines = textwrap.wrap(MEANING, WIDTH)
    for one in found.explanations:
        lines += _explanation(one, knowledge)
    lines += wrap(f"These {len(found.explanations)} together: {said(found.covered)}.")
    if found.proven:
        lines += wrap(f"No other is more probable than {said(found.bound)}.")
    else:
        lines += wrap(
            f"Not proven best: the search was stopped after {found.calls} steps; another may have "
            f"up to {said(found.bound)}."
        )
    return lines


def _explanation(one: Explanation, knowledge: KnowledgeBase) -> list[str]:
    names = " and ".join(knowledge.labels[name] for name in one.conditions)
    covered = len(one.coverage.explained)
    whole = covered + len(one.coverage.unexplained)
    tail = f"; explains {covered} of {whole} findings" if one.conditions and whole else ""
    alone = " alone" if len(one.conditions) == 1 else ""
    lines = wrap(f"{said(one.probability)}: {names or 'nothing modelled'}{alone}{tail}")
    if one.conditions and one.coverage.unexplained:
        rest = "; ".join(found.label for found in one.coverage.unexplained)
        lines += textwrap.wrap(
            f"not explained: {rest}", WIDTH, initial_indent="      ", subsequent_indent="        "
        )
    return lines


def away_lines(pairs: Sequence[ExplainingAway], knowledge: KnowledgeBase) -> list[str]:
    """What knowing of one condition does to the other, for each pair and in both directions."""
    lines = textwrap.wrap(MEANING_AWAY, WIDTH)
    for pair in pairs:
        first, second = (knowledge.labels[name] for name in pair.conditions)
        if pair.state != "ok":
            lines += wrap(f"{first} and {second}: not computed ({pair.state})")
            continue
        if abs(pair.pull) < LEAST_PULL:
            lines += wrap(f"{first} and {second} hardly bear on each other.")
            continue
        verb = "explain each other away" if pair.pull < 0 else "make each other likelier"
        lines += wrap(f"{first} and {second} {verb}; both are there in {said(pair.both)}.")
        for here, (name, other) in enumerate(((first, second), (second, first))):
            lines += textwrap.wrap(
                f"{name}: {said(pair.now[here])} now; {said(pair.given_present[here])} if {other} "
                f"is confirmed; {said(pair.given_absent[here])} if it is excluded",
                WIDTH,
                initial_indent="      ",
                subsequent_indent="        ",
            )
    return lines
