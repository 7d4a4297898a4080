"""The ledger in plain lines: what speaks for and against, in one reading or the other."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Final

from app.report import WIDTH, said
from model.knowledge import KnowledgeBase
from model.reasons.coverage import Coverage, Missing
from model.reasons.ledger import GIVEN_THE_OTHERS, IN_SEQUENCE, Account, Weight

#: Factors below this are said to make no difference.
LEAST_FACTOR: Final = 1.1

#: Factors above this are not counted out.
MOST_FACTOR: Final = 1000.0

_WHY = {
    "refused": "not weighed: too wide",
    "contradiction": "not weighed: contradiction",
    "stopped": "not weighed: stopped",
    "failed": "not weighed: failed",
}

#: Of an item that changes nothing that is known.
SAID: Final = "already said, or overruled"


def times(weight: float) -> str:
    """A weight of evidence (log10 of a likelihood ratio) as one would say it.

    >>> times(0.78), times(-0.6), times(0.02), times(0.15), times(4.2)
    ('about 6 times likelier', 'about 4 times less likely', 'as likely either way', 'about 1.4 times likelier', 'over 1,000 times likelier')
    """  # noqa: E501 - an example stands on one line
    said_factor = factor(weight)
    if not said_factor:
        return "as likely either way"
    return f"{said_factor} times {'likelier' if weight > 0 else 'less likely'}"


def factor(weight: float) -> str:
    """The factor that a weight stands for, up or down; nothing when it makes no difference.

    >>> factor(-0.6), factor(0.02), factor(2.3)
    ('about 4', '', 'about 200')
    """
    value = 10.0 ** min(abs(weight), 300.0)
    if value < LEAST_FACTOR:
        return ""
    if value > MOST_FACTOR:
        return f"over {MOST_FACTOR:,.0f}"
    digits = 1 - math.floor(math.log10(value))
    rounded = round(value, 1 if value < 2 else 0 if value < 20 else digits)
    return f"about {rounded:,.1f}".removesuffix(".0")


MEANING: Final = {
    GIVEN_THE_OTHERS: (
        "FOR AND AGAINST, GIVEN THE OTHERS: how much likelier each item is if this is there than "
        "if it is not, all other items being what they are, and log10 of that factor. It depends "
        "on no order; the factors do not multiply to the whole."
    ),
    IN_SEQUENCE: (
        "FOR AND AGAINST, IN SEQUENCE: one item after another as in a consultation, each given "
        "those before it: the factor on the odds, its log10, and the probability reached. It "
        "depends on the order; the factors multiply to the whole."
    ),
}


COVERAGE: Final = (
    "EXPLAINED OR NOT: were these the only conditions, which findings would more likely than not "
    "be their doing, and what they would show in most patients but is not there."
)


def value_words(item: str, value: str, knowledge: KnowledgeBase) -> str:
    """A value as one would say it; an age band by its label."""
    bands = {row.id: row.label for row in knowledge.age_band}
    return bands.get(value, value) if item == "age" else value.replace("_", " ")


def account_lines(account: Account, knowledge: KnowledgeBase) -> list[str]:
    """One ledger; `MEANING` has the sentence that says how to read it."""
    if account.known:
        return [f"{account.label}: settled by what was entered, so nothing weighs on it"]
    lines = [f"{account.label}: {said(account.pretest)} -> {said(account.posttest)}"]
    if account.reading == IN_SEQUENCE:
        return lines + _steps(account, knowledge)
    quiet: list[str] = []
    said_already: list[str] = []
    for one in account.weights:
        if one.said:
            said_already.append(one.label)
        elif one.state == "ok" and not factor(one.weight):
            quiet.append(one.label)
        else:
            words = _WHY.get(one.state) or times(one.weight)
            lines += _line(one, knowledge, f"{words:<31}{_number(one)}")
    if quiet:
        lines += wrap(f"As likely either way: {'; '.join(quiet)}")
    if said_already:
        lines += wrap(f"Said by other items, or overruled by them: {'; '.join(said_already)}")
    return lines


def _steps(account: Account, knowledge: KnowledgeBase) -> list[str]:
    """The lines of a ledger in sequence, under the steps of the consultation."""
    labels = {row.id: row.label for row in knowledge.step}
    contexts = {row.id for row in knowledge.context}
    lines, heading = [], ""
    for one in account.weights:
        step = "About the person" if one.item in contexts else labels.get(one.step, "Known already")
        if step != heading:
            heading = step
            lines.append(f"  {heading}")
        words = SAID if one.said else _WHY.get(one.state) or odds(one.weight)
        after = f"-> {said(one.after)}" if one.state == "ok" else "counted below"
        lines += _line(one, knowledge, f"{words:<31}{_number(one)}{after:<15}")
    return lines


def odds(weight: float) -> str:
    """What a weight (log10) does to the odds.

    >>> odds(0.78), odds(-0.6), odds(0.02)
    ('odds about 6 times higher', 'odds about 4 times lower', 'hardly any difference')
    """
    by = factor(weight)
    return (
        f"odds {by} times {'higher' if weight > 0 else 'lower'}" if by else "hardly any difference"
    )


def _number(one: Weight) -> str:
    """The weight itself, in a column of its own."""
    shown = one.state == "ok" and not one.said
    return f"{one.weight:+6.2f}  " if shown and math.isfinite(one.weight) else " " * 8


def _line(one: Weight, knowledge: KnowledgeBase, words: str) -> list[str]:
    """One item behind what is said of it."""
    head = f"  {words}"
    return textwrap.wrap(
        f"{one.label}: {value_words(one.item, one.value, knowledge)}",
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * (len(head) + 2),
    )


def coverage_lines(coverage: Coverage, knowledge: KnowledgeBase) -> list[str]:
    """What some conditions by themselves explain, leave unexplained, and would need."""
    names = " and ".join(knowledge.labels[name] for name in coverage.conditions)
    found = len(coverage.explained) + len(coverage.unexplained)
    told = (
        f"explains {len(coverage.explained)} of {found} findings" if found else "nothing found yet"
    )
    lines = [f"{names or 'No condition'}: {told}"]
    for title, rows in (
        ("Does not explain", [f"{one.label}: {one.value}" for one in coverage.unexplained]),
        (
            "Would also show",
            [
                f"{one.label}{_grade(one)} (in {said(one.probability)}; here {one.value})"
                for one in coverage.missing
            ],
        ),
        ("Not computed", [knowledge.labels[name] for name in coverage.unsaid]),
    ):
        if rows:
            lines += wrap(f"{title}: {'; '.join(rows).replace('_', ' ')}")
    return lines


def _grade(one: Missing) -> str:
    """The grade that would be expected, if there are grades."""
    return "" if one.expected == "present" else f" {one.expected}"


def ledger_text(
    accounts: Sequence[Account], knowledge: KnowledgeBase, coverages: Sequence[Coverage] = ()
) -> str:
    """Ledgers, those of one reading together, and what the leading conditions do not explain."""
    readings = dict.fromkeys(one.reading for one in accounts)
    blocks = []
    for reading in readings:
        blocks.append(textwrap.wrap(MEANING[reading], WIDTH))
        blocks += [account_lines(one, knowledge) for one in accounts if one.reading == reading]
    if coverages:
        blocks.append(textwrap.wrap(COVERAGE, WIDTH))
    blocks += [coverage_lines(one, knowledge) for one in coverages]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def wrap(text: str) -> list[str]:
    """A sentence over several lines, indented."""
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
