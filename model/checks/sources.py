"""Every number has a source: documented links rest on a statement, statements lead somewhere."""

from __future__ import annotations

import re

from model.checks.places import Found, place
from model.knowledge import KnowledgeBase

_MAPPED = re.compile(r"\b(from|to)=([a-z0-9_]+(?:=[a-z0-9_]+)?)")


def ends(statement: object) -> tuple[str, str]:
    """The ids a statement is about, after mapping those that are not in the vocabulary."""
    left, right = statement.from_id, statement.to_id  # type: ignore[attr-defined]
    for side, name in _MAPPED.findall(statement.note):  # type: ignore[attr-defined]
        if side == "from":
            left = name
        else:
            right = name
    return left, right


def check_sources(knowledge: KnowledgeBase, found: Found) -> None:
    """Documented links have statements, and statements to be used as links have links."""
    conditions = set(knowledge.condition_index)
    findings = {row.id: row for row in knowledge.finding}
    contexts = set(knowledge.context_index)
    stated: set[tuple[str, str]] = set()
    implied: set[tuple[str, str]] = set()
    graded: set[tuple[str, str]] = set()
    aged: set[str] = set()
    for number, row in enumerate(knowledge.statement):
        left, right = ends(row)
        where = place("statement", number, f"{left}, {right}")
        if row.use == "left_out":
            if not row.note:
                found.add("missing_reason", where, "is left out without a reason.", "Say why.")
            continue
        if row.use == "age_sex":
            aged.add(right)
            continue
        target, _, grade = right.partition("=")
        known = left in conditions | contexts and target in conditions | set(findings)
        if not known:
            if row.use != "assertion":
                found.add(
                    "unknown_id", where, "names an id that does not exist.", "Map it or leave it out."
                )
            continue
        if grade:
            graded.add((left, target))
        elif row.use in ("link", "mapped"):
            stated.add((left, right))
            here = findings.get(target)
            while here is not None and here.refines:
                name, grades = knowledge.parent_of(here)
                if grades:
                    graded.add((left, name))
                else:
                    implied.add((left, name))
                here = findings.get(name)
    linked: dict[tuple[str, str], tuple[str, int, str]] = {}
    for table, columns in (
        ("link", ("condition", "finding")),
        ("context_link", ("context", "condition")),
        ("condition_link", ("cause", "condition")),
        ("context_finding", ("context", "finding")),
    ):
        for number, row in enumerate(getattr(knowledge, table)):
            pair = (getattr(row, columns[0]), getattr(row, columns[1]))
            linked[pair] = (table, number, row.basis)
            where = place(table, number, ", ".join(pair))
            if row.basis == "documents" and pair not in stated | implied:
                found.add(
                    "missing_source",
                    where,
                    "is said to be documented, but statements.csv has no such statement.",
                    "Add the statement with its place, or mark the link as a supplement.",
                )
            if row.basis == "supplement" and pair in stated:
                found.add(
                    "wrong_basis",
                    where,
                    "is marked as a supplement although a document states it.",
                    "Set its basis to documents.",
                )
    for number, row in enumerate(knowledge.statement):
        if row.use in ("link", "mapped") and ends(row) in stated and ends(row) not in linked:
            found.add(
                "missing_link",
                place("statement", number, ", ".join(ends(row))),
                "is to be used as a link, but there is none.",
                "Add the link, or mark the statement as left out with a reason.",
            )
    for number, row in enumerate(knowledge.graded):
        if row.basis == "documents" and (row.condition, row.finding) not in graded:
            found.add(
                "missing_source",
                place("graded", number, f"{row.condition}, {row.finding}"),
                "is said to be documented, but no statement names a grade.",
                "Add the statement, or mark the row as a supplement.",
            )
    for number, row in enumerate(knowledge.age_sex):
        if row.basis == "documents" and row.condition not in aged:
            found.add(
                "missing_source",
                place("age_sex", number, row.condition),
                "is said to be documented, but no statement names age or sex for it.",
                "Add the statement, or mark the row as a supplement.",
            )
