"""The words numbers are said in: each is on the scale, and the scale says one thing by each."""

from __future__ import annotations

import re
from collections.abc import Iterable

from model.checks.places import Found, place
from model.knowledge import KnowledgeBase


def check_words(knowledge: KnowledgeBase, found: Found) -> None:
    """Every word is one of the scale's, and no two words mean the same."""
    _words(knowledge, found)
    _scale(knowledge, found)


def _words(knowledge: KnowledgeBase, found: Found) -> None:
    scale = knowledge.scale
    bands = ("under_16", "age_16_39", "age_40_64", "age_65_and_over")
    used: dict[str, tuple[tuple[str, ...], Iterable[str]]] = {
        "link": (("word",), scale.frequency),
        "leak": (bands, scale.frequency),
        "context_finding": (("word",), scale.frequency),
        "condition_link": (("word",), scale.frequency),
        "context_link": (("word",), scale.rate),
        "age_sex": ((*bands, "female", "male"), scale.multiplier),
    }
    for table, (columns, words) in used.items():
        for number, row in enumerate(getattr(knowledge, table)):
            for column in columns:
                value = getattr(row, column)
                if value not in words:
                    name = column.removeprefix("age_")
                    found.add(
                        "unknown_word",
                        place(table, number, str(next(iter(row))[1])),
                        f"column {name}: {value!r} is not a word of scale.toml.",
                        f"Use one of {', '.join(words)}.",
                    )


def _scale(knowledge: KnowledgeBase, found: Found) -> None:
    scale = knowledge.scale
    for level in ("high", "moderate", "low"):
        if level not in scale.confidence:
            message = f"has no table [confidence.{level}]."
            found.add("missing_row", "scale.toml", message, "Add it.")
    for word, entry in scale.frequency.items():
        said = re.fullmatch(r"([0-9,]+) in ([0-9,]+)", entry.said)
        if said is None:
            continue
        some, all_ = (float(part.replace(",", "") or 0) for part in said.groups())
        if abs(some - entry.probability * all_) > 1e-9 * all_:
            found.add(
                "bad_scale",
                f"scale.toml [frequency.{word}]",
                f"probability {entry.probability:g} is said as {entry.said}.",
                "Correct one of them.",
            )
    badge = scale.badge
    if not badge.steady.share > badge.leaning.share > badge.open.share == 0.0:
        message = "the shares must fall from steady over leaning to open, which has 0."
        found.add("bad_scale", "scale.toml [badge]", message, "Correct the shares.")
    if scale.doubt.least > scale.doubt.draws:
        message = f"least is {scale.doubt.least}, but only {scale.doubt.draws} sets are drawn."
        found.add("bad_scale", "scale.toml [doubt]", message, "Lower least, or draw more.")
    numbers = {
        "frequency": {word: one.probability for word, one in scale.frequency.items()},
        "rate": {word: one.rate for word, one in scale.rate.items()},
        "multiplier": {word: one.rate for word, one in scale.multiplier.items()},
    }
    for table, values in numbers.items():
        first: dict[float, str] = {}
        for word, value in values.items():
            if first.setdefault(value, word) != word:
                message = f"stands for {value:g}, as {first[value]} does."
                found.add("bad_scale", f"scale.toml [{table}.{word}]", message, "Keep one word.")
