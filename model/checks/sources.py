"""Every number has a source: documented links rest on a statement, statements lead somewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from model.checks.places import Found, place
from model.knowledge import KnowledgeBase
from model.reading import nearest
from model.tables import Statement

_MAPPED = re.compile(r"\b(from|to)=([a-z0-9_]+(?:=[a-z0-9_]+)?)")

Pair = tuple[str, str]


@dataclass
class Stated:
    """What the statements say, as pairs of ids.

    Attributes:
        links: from a condition or context to what it leads to.
        implied: the parents of findings so linked.
        grades: condition and graded finding of which a statement names a grade.
        aged: conditions of which a statement names age or sex.
    """

    links: set[Pair] = field(default_factory=set)
    implied: set[Pair] = field(default_factory=set)
    grades: set[Pair] = field(default_factory=set)
    aged: set[str] = field(default_factory=set)


def ends(statement: Statement) -> Pair:
    """The ids a statement is about, after mapping those that are not in the vocabulary."""
    left, right = statement.from_id, statement.to_id
    for side, name in _MAPPED.findall(statement.note):
        if side == "from":
            left = name
        else:
            right = name
    return left, right


def check_sources(knowledge: KnowledgeBase, found: Found) -> None:
    """Documented links have statements, and statements to be used as links have links."""
    stated = Stated()
    for number, row in enumerate(knowledge.statement):
        left, right = ends(row)
        where = place("statement", number, f"{left}, {right}")
        if row.use == "left_out":
            if not row.note:
                found.add("missing_reason", where, "is left out without a reason.", "Say why.")
        elif _well_used(knowledge, row, where, found):
            _take(knowledge, row, stated)
    _links(knowledge, stated, found)
    _rows(knowledge, stated, found)


def _well_used(knowledge: KnowledgeBase, row: Statement, where: str, found: Found) -> bool:
    """Whether a statement names things that exist and is used as one of its kind can be."""
    conditions = knowledge.condition_index
    left, right = ends(row)
    if row.use == "age_sex":
        if right not in conditions:
            found.unknown(where, "to_id", right, conditions)
        return right in conditions
    if row.use != "assertion" and row.direction != "raises":
        message = "something that lowers a finding becomes an assertion, never a link."
        found.add("wrong_use", where, message, "Set use to assertion, or leave it out.")
        return False
    target, _, grade = right.partition("=")
    for wrong, known in (
        (left, {**conditions, **knowledge.context_index}),
        (target, {**conditions, **knowledge.finding_index}),
    ):
        if wrong not in known:
            message = f"{wrong!r} is not in the vocabulary."
            remedy = nearest(wrong, known) or "Map it in the note (from=, to=), or leave it out."
            found.add("unknown_id", where, message, remedy)
            return False
    place_of = knowledge.finding_index.get(target)
    values = knowledge.finding[place_of].values if place_of is not None else ()
    if grade and (grade not in values or values == ("present", "absent")):
        found.unknown(where, "to_id", grade, values)
        return False
    if row.use in {"grade", "link"} and (row.use == "grade") != bool(grade):
        message = f"has use {row.use} but names {'a' if grade else 'no'} grade."
        remedy = f"Set use to {'grade' if grade else 'link'}, or correct to_id."
        found.add("wrong_use", where, message, remedy)
        return False
    if row.use == "assertion":
        sides = {side for one in knowledge.assertion for side in (one.left, one.right)}
        if f"{right}|{left}" not in sides:
            message = "is to be kept by an assertion, but none compares it."
            remedy = f"Add an assertion on {right}|{left}, or leave it out with a reason."
            found.add("missing_assertion", where, message, remedy)
        return False
    return True


def _take(knowledge: KnowledgeBase, row: Statement, stated: Stated) -> None:
    """Add what a statement says, and what that implies of parents."""
    left, right = ends(row)
    if row.use == "age_sex":
        stated.aged.add(right)
        return
    target, _, grade = right.partition("=")
    if grade:
        stated.grades.add((left, target))
        return
    stated.links.add((left, right))
    here = target
    while here in knowledge.finding_index:
        here, grades = knowledge.parent_of(knowledge.finding[knowledge.finding_index[here]])
        if grades:
            stated.grades.add((left, here))
        elif here:
            stated.implied.add((left, here))


def _links(knowledge: KnowledgeBase, stated: Stated, found: Found) -> None:
    linked: set[Pair] = set()
    for table, columns in (
        ("link", ("condition", "finding")),
        ("context_link", ("context", "condition")),
        ("condition_link", ("cause", "condition")),
        ("context_finding", ("context", "finding")),
    ):
        for number, row in enumerate(getattr(knowledge, table)):
            pair = (getattr(row, columns[0]), getattr(row, columns[1]))
            linked.add(pair)
            where = place(table, number, ", ".join(pair))
            if row.basis == "documents" and pair not in stated.links and pair not in stated.implied:
                found.add(
                    "missing_source",
                    where,
                    "is said to be documented, but statements.csv has no such statement.",
                    "Add the statement with its place, or mark the link as a supplement.",
                )
            if row.basis == "supplement" and pair in stated.links:
                found.add(
                    "wrong_basis",
                    where,
                    "is marked as a supplement although a document states it.",
                    "Set its basis to documents.",
                )
    rows = {(row.condition, row.finding) for row in knowledge.graded}
    for number, statement in enumerate(knowledge.statement):
        left, right = ends(statement)
        target, _, grade = right.partition("=")
        pair = (left, target)
        known = pair in (stated.grades if grade else stated.links)
        if known and statement.use != "left_out" and pair not in (rows if grade else linked):
            found.add(
                "missing_link",
                place("statement", number, f"{left}, {right}"),
                f"is to be used, but there is no {'row in graded.csv' if grade else 'link'}.",
                "Add it, or mark the statement as left out with a reason.",
            )


def _rows(knowledge: KnowledgeBase, stated: Stated, found: Found) -> None:
    """Graded rows, and rows of age and sex, rest on statements as links do."""
    rows = [
        (place("graded", number, f"{row.condition}, {row.finding}"), row.basis, known, "a grade")
        for number, row in enumerate(knowledge.graded)
        for known in [(row.condition, row.finding) in stated.grades]
    ]
    rows += [
        (place("age_sex", number, row.condition), row.basis, known, "age or sex")
        for number, row in enumerate(knowledge.age_sex)
        for known in [row.condition in stated.aged]
    ]
    for where, basis, known, what in rows:
        if basis == "documents" and not known:
            message = f"is said to be documented, but no statement names {what} for it."
            remedy = "Add the statement, or mark the row as a supplement."
            found.add("missing_source", where, message, remedy)
        if basis == "supplement" and known:
            message = f"is marked as a supplement although a statement names {what} for it."
            found.add("wrong_basis", where, message, "Set its basis to documents.")
