"""Which statements of the documents each row of the tables rests on.

A row is named by the two ids it ties together: condition and finding, context and condition, cause
and condition, context and finding; a row of age and sex by ("age", condition).
A statement about a finding that refines another supports the row of that one too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from model.checks.sources import ends
from model.knowledge import KnowledgeBase
from model.tables import AgeSex, ConditionLink, ContextFinding, ContextLink, GradedRow, Link

Pair = tuple[str, str]
Row = Link | GradedRow | ContextFinding | AgeSex | ContextLink | ConditionLink

#: Uses of a statement that make it support a row.
SUPPORTS = ("link", "grade", "mapped", "age_sex")

#: How a statement was read, in front of its words where they do not say it outright.
_TAG = re.compile(r"(class|implied|definition): *")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document says something.

    Attributes:
        document: id of the source.
        locator: the place in it.
        wording: what it says there, in its own words; pieces of it are parted by semicolons.
        of: the two ids it speaks of; for a row supported by a refining finding, that one.
        use: what became of it ("link", "left_out", ...); note: why, where that is said.
        tag: "class" if it speaks of a wider group, "implied" if it says so only indirectly,
            "definition" if it follows from what a word means; "" if it says so outright.
        grade: the grade it names, or the age or sex; "" for none.
    """

    document: str
    locator: str
    wording: str
    of: Pair
    use: str
    note: str
    tag: str = ""
    grade: str = ""


def refined(knowledge: KnowledgeBase, finding: str) -> tuple[str, ...]:
    """The findings that a finding refines, near and far; none for other ids."""
    found: list[str] = []
    here = finding
    while here in knowledge.finding_index:
        here, _ = knowledge.parent_of(knowledge.finding[knowledge.finding_index[here]])
        found += [here] if here else []
    return tuple(found)


def pair_of(row: Row) -> Pair:
    """The two ids a row ties together."""
    match row:
        case Link() | GradedRow():
            return row.condition, row.finding
        case ContextLink():
            return row.context, row.condition
        case ContextFinding():
            return row.context, row.finding
        case ConditionLink():
            return row.cause, row.condition
        case AgeSex():
            return "age", row.condition


def support(knowledge: KnowledgeBase) -> tuple[dict[Pair, list[Place]], dict[Pair, list[Place]]]:
    """What the documents say of each pair: what supports its row, and what became something else.

    Statements of the second kind were left out with a reason, or became an assertion.
    """
    supporting: dict[Pair, list[Place]] = {}
    aside: dict[Pair, list[Place]] = {}
    for statement in knowledge.statement:
        (left, _, early), (right, _, late) = (end.partition("=") for end in ends(statement))
        if statement.use == "age_sex":
            left = "age"  # one row holds both
        tag = _TAG.match(statement.wording)
        place = Place(
            document=statement.document,
            locator=statement.locator,
            wording=statement.wording[tag.end() :] if tag else statement.wording,
            of=(left, right),
            use=statement.use,
            note=statement.note,
            tag=tag[1] if tag else "",
            grade=late or early,
        )
        if statement.use not in SUPPORTS:
            aside.setdefault((left, right), []).append(place)
            continue
        for target in (right, *refined(knowledge, right)):
            supporting.setdefault((left, target), []).append(place)
    return supporting, aside


def documents(knowledge: KnowledgeBase) -> dict[Pair, frozenset[str]]:
    """The documents that support the row of each pair."""
    found = support(knowledge)[0]
    return {pair: frozenset(one.document for one in places) for pair, places in found.items()}
