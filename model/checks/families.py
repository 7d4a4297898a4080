"""Findings and their families: values, what refines and excludes what, and links that fit."""

from __future__ import annotations

import re

from model.checks.places import Found, place
from model.knowledge import KnowledgeBase
from model.parameters import MAX_GRADES
from model.vocabulary import ABSENT, BLANK, PRESENT

MAX_DEPTH = 3


def check_families(knowledge: KnowledgeBase, found: Found) -> None:
    """Values can be entered, families are trees, and every link finds its place in them."""
    _values(knowledge, found)
    _families(knowledge, found)
    _excludes(knowledge, found)
    _links(knowledge, found)


def _values(knowledge: KnowledgeBase, found: Found) -> None:
    for number, row in enumerate(knowledge.finding):
        where = place("finding", number, row.id)
        if len(set(row.values)) < len(row.values) or not 2 <= len(row.values) <= MAX_GRADES:
            message = f"needs 2 to {MAX_GRADES} different values."
            found.add("bad_values", where, message, "Write 'present absent', or grades.")
        elif len(row.values) == 2 and row.values != ("present", "absent"):
            message = "two values must be written 'present absent'."
            found.add("bad_values", where, message, "Write 'present absent', or add a grade.")
        elif len(row.values) > 2:
            for value in row.values:
                if value in BLANK | PRESENT | ABSENT or not re.fullmatch("[a-z][a-z0-9_]*", value):
                    message = f"{value!r} cannot be a grade."
                    remedy = "Use small letters, digits and _, and not yes, no or unknown."
                    found.add("bad_values", where, message, remedy)
        helps = row.grades_help.split(" | ") if row.grades_help else []
        grades = len(row.values) if knowledge.is_graded(row) else 0
        if len(helps) != grades:
            message = f"column grades_help has {len(helps)} texts for {grades} grades."
            found.add("bad_values", where, message, "Give one for each grade, set apart by ' | '.")


def _families(knowledge: KnowledgeBase, found: Found) -> None:
    index = {row.id: row for row in knowledge.finding}
    for number, row in enumerate(knowledge.finding):
        where = place("finding", number, row.id)
        if not row.refines:
            continue
        name, _, wanted = row.refines.partition("=")
        parent = index.get(name)
        if parent is None:
            found.unknown(where, "refines", name, index)
            continue
        if knowledge.is_graded(row):
            message = "a graded finding cannot refine another."
            found.add("bad_refines", where, message, "Leave refines empty.")
        grades = wanted.split("|") if wanted else []
        if knowledge.is_graded(parent) != bool(grades):
            if grades:
                message, remedy = "names grades of a finding that has none.", f"Write {name}."
            else:
                message = f"must name the grades of {name} it specifies."
                remedy = f"Write {name}=grade or {name}=grade|grade."
            found.add("bad_refines", where, message, remedy)
        for grade in grades:
            if grade not in parent.values:
                found.unknown(where, "refines", grade, parent.values)
            elif grade == parent.values[0]:
                message = f"{grade} is the lowest grade and has no children."
                found.add("bad_refines", where, message, "Name higher grades.")
        depth, seen, here = 1, {row.id}, row
        while here.refines and depth <= len(index):
            here = index.get(here.refines.partition("=")[0], here)
            if here.id in seen:
                found.add("cycle", where, "refines itself in a circle.", "Break the circle.")
                break
            seen.add(here.id)
            depth += 1
        if depth > MAX_DEPTH:
            message = f"its family is more than {MAX_DEPTH} deep."
            found.add("too_deep", where, message, "Let it refine a finding higher up.")


def _excludes(knowledge: KnowledgeBase, found: Found) -> None:
    index = {row.id: row for row in knowledge.finding}

    def ancestors(name: str) -> set[str]:
        above: set[str] = set()
        while name in index and (name := knowledge.parent_of(index[name])[0]) not in {"", *above}:
            above.add(name)
        return above

    for number, row in enumerate(knowledge.finding):
        where = place("finding", number, row.id)
        for name in row.excludes.split():
            other = index.get(name)
            if other is None:
                continue  # named by the references
            if other is row:
                found.add("bad_excludes", where, "excludes itself.", "Remove it.")
            elif knowledge.is_graded(row) or knowledge.is_graded(other):
                message = f"excludes {name}; only findings that are present or absent can."
                found.add("bad_excludes", where, message, "Remove it.")
            elif name in ancestors(row.id) or row.id in ancestors(name):
                message = f"excludes {name}, which stands in its own family line."
                found.add("bad_excludes", where, message, "Remove it: they come together.")
            elif row.id not in other.excludes.split():
                message = f"excludes {name}, which does not exclude it in turn."
                found.add("bad_excludes", where, message, f"Write {row.id} there too.")


def _links(knowledge: KnowledgeBase, found: Found) -> None:
    index = {row.id: row for row in knowledge.finding}
    for table in ("link", "context_finding"):
        owner = "condition" if table == "link" else "context"
        rows = getattr(knowledge, table)
        pairs = {(getattr(row, owner), row.finding): row for row in rows}
        for number, row in enumerate(rows):
            finding = index.get(row.finding)
            if finding is None:
                continue
            who = getattr(row, owner)
            where = place(table, number, f"{who}, {row.finding}")
            if knowledge.is_graded(finding):
                message, remedy = "is graded; its row belongs in graded.csv.", "Move it there."
                found.add("graded_link", where, message, remedy)
                continue
            name, grades = knowledge.parent_of(finding)
            if not name or name not in index:
                continue
            if grades:
                if table == "context_finding":
                    message = "a context cannot cause part of a graded finding."
                    found.add("graded_link", where, message, "Remove it.")
                continue
            parent = pairs.get((who, name))
            if parent is None:
                found.add(
                    "orphan_child",
                    where,
                    f"specifies {name}, which has no link from {who}.",
                    f"Add the link to {name}: a child's word is conditional on it.",
                )
            elif row.basis == "documents" and parent.basis != "documents":
                found.add(
                    "orphan_child",
                    where,
                    f"is documented, so its parent {name} is too, by implication.",
                    "Set the parent's basis to documents.",
                )
