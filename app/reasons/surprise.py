"""How unusual the findings are, in plain lines."""

from __future__ import annotations

import math
import textwrap
from typing import Final

from app.reasons.ledger import value_words
from app.report import WIDTH, said
from model.knowledge import KnowledgeBase
from model.reasons.surprise import Rank, Surprise

#: Clashing pairs shown.
MOST_CLASHES: Final = 3

MEANING: Final = (
    "HOW UNUSUAL: this patient among simulated patients of the model with the same age, sex, "
    "contexts and diagnoses, of whom the same findings are known. Rare diseases look unusual too, "
    "and so does a patient of whom mostly positive findings are told."
)

_WHY: Final = {
    "rarer": (
        "the findings are unusual, and they made it likelier that nothing modelled explains them"
    ),
    "unexplained": "it is more likely than not that nothing modelled explains them",
}


def surprise_lines(found: Surprise, knowledge: KnowledgeBase) -> list[str]:
    """The percentile, how well the findings agree, the worst pairs, and what to make of it."""
    lines = textwrap.wrap(MEANING, WIDTH)
    if not found.findings:
        return [*lines, "  No finding is known."]
    lines += _wrap(f"Such patients that are as improbable or more: {_share(found.probability)}.")
    lines += _wrap(f"Such patients whose findings agree as badly: {_share(found.conflict)}.")
    if math.isnan(found.probability.percentile):
        lines += _wrap(_unknown(found))
    about = f"From {found.patients} simulated patients"
    if found.effective < 0.99 * found.patients:
        about += f", worth {found.effective:.0f} independent ones"
    if found.uncounted:
        about += f"; {found.uncounted} were not reached or past the limit"
    if found.discarded:
        about += f"; {found.discarded} contradicted themselves and were left out"
    lines += _wrap(f"{about}.")
    if found.left_out:
        names = ", ".join(knowledge.labels[name] for name in found.left_out)
        lines += _wrap(f"Takes no part (known only by a likelihood): {names}.")
    for one in found.clashes[:MOST_CLASHES]:
        first, second = (
            f"{label}: {value_words(item, value, knowledge)}"
            for item, label, value in zip(one.items, one.labels, one.values, strict=True)
        )
        times = 10.0**one.weight
        lines += _wrap(
            f"Seldom together ({times:.2g} times less often than if unrelated): "
            f"{first} and {second}"
        )
    if found.uncompared:
        pairs = f"{found.uncompared} pair{'s' if found.uncompared > 1 else ''}"
        lines += _wrap(
            f"{pairs} of findings could not be compared; one seldom seen together may be missing."
        )
    if found.outside:
        reasons = "; ".join(_WHY[reason] for reason in found.outside)
        lines += _wrap(f"The cause may lie outside what is modelled: {reasons}.")
        lines += _wrap("What is not modelled, with a clue each, stands in outside.csv.")
    elif math.isnan(found.probability.percentile):
        lines += _wrap("So nothing is said here of a cause outside what is modelled.")
    else:
        lines += _wrap(
            "Nothing here says that the cause lies outside what is modelled. That says little: "
            "most such patients look like something that is modelled."
        )
    return lines


def _unknown(found: Surprise) -> str:
    """Why there is no percentile."""
    if found.stopped:
        return "It was stopped, and the patients reached until then are no fair sample."
    return "The simulated patients that could be compared are worth too few to tell."


def _share(rank: Rank) -> str:
    """A share of patients with its standard error, and its bounds where some are not counted."""
    if math.isnan(rank.percentile):
        return "not known"
    text = said(rank.percentile) if rank.percentile > 0 else "none of them"
    text += f" (standard error {100 * rank.error:.1f} %)"
    if rank.high - rank.low > 0.001:
        text += f", between {100 * rank.low:.0f} and {100 * rank.high:.0f} %"
    return text


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
