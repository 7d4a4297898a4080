"""Families, grades, shares and cycles: whether the tables describe a network at all."""

from __future__ import annotations

from model.checks.places import Found, place
from model.knowledge import SETTINGS, KnowledgeBase
from model.parameters import MAX_GRADES
from model.pretest import window
from model.vocabulary import MAX_AGE

#: Shares must add up to this closeness.
SLACK = 1e-6
MAX_DEPTH = 3


def check_shapes(knowledge: KnowledgeBase, found: Found) -> None:
    """Families are trees, rows are distributions, and nothing causes itself."""
    _families(knowledge, found)
    _links(knowledge, found)
    _graded(knowledge, found)
    _shares(knowledge, found)
    _contexts(knowledge, found)
    _cycles(knowledge, found)
    _windows(knowledge, found)


def _families(knowledge: KnowledgeBase, found: Found) -> None:
    index = {row.id: row for row in knowledge.finding}
    for number, row in enumerate(knowledge.finding):
        where = place("finding", number, row.id)
        if len(set(row.values)) < len(row.values) or not 2 <= len(row.values) <= MAX_GRADES:
            found.add("bad_values", where, f"needs 2 to {MAX_GRADES} different values.")
        elif len(row.values) == 2 and row.values != ("present", "absent"):
            found.add("bad_values", where, "two values must be written 'present absent'.")
        if not row.refines:
            continue
        name, _, wanted = row.refines.partition("=")
        parent = index.get(name)
        if parent is None:
            found.unknown(where, "refines", name, index)
            continue
        if knowledge.is_graded(row):
            found.add("bad_refines", where, "a graded finding cannot refine another.")
        grades = wanted.split("|") if wanted else []
        if knowledge.is_graded(parent) != bool(grades):
            found.add(
                "bad_refines",
                where,
                "names grades of a finding that has none."
                if grades
                else f"must name the grades of {name} it specifies ({name}=grade|grade).",
            )
        for grade in grades:
            if grade not in parent.values:
                found.unknown(where, "refines", grade, parent.values)
            elif grade == parent.values[0]:
                found.add("bad_refines", where, f"{grade} is the lowest grade and has no children.")
        depth, seen, here = 1, {row.id}, row
        while here.refines and depth <= len(index):
            here = index.get(here.refines.partition("=")[0], here)
            if here.id in seen:
                found.add("cycle", where, "refines itself in a circle.", "Break the circle.")
                break
            seen.add(here.id)
            depth += 1
        if depth > MAX_DEPTH:
            found.add("too_deep", where, f"its family is more than {MAX_DEPTH} deep.")


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
                found.add("graded_link", where, "is graded; its row belongs in graded.csv.")
                continue
            name, grades = knowledge.parent_of(finding)
            if not name or name not in index:
                continue
            if grades:
                if table == "context_finding":
                    found.add("graded_link", where, "a context cannot cause part of a graded finding.")
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


def _graded(knowledge: KnowledgeBase, found: Found) -> None:
    index = {row.id: row for row in knowledge.finding}
    for table in ("graded", "graded_leak"):
        for number, row in enumerate(getattr(knowledge, table)):
            finding = index.get(row.finding)
            where = place(table, number, row.finding)
            if finding is None:
                continue
            if not knowledge.is_graded(finding):
                found.add("not_graded", where, "is present or absent; it belongs in links.csv.")
            elif len(row.frequencies) != len(finding.values):
                message = f"has {len(row.frequencies)} frequencies for {len(finding.values)} grades."
                found.add("bad_share", where, message, "Give one for each grade, lowest first.")
            elif abs(sum(row.frequencies) - 100) > SLACK:
                message = f"its frequencies add to {sum(row.frequencies):g}, not 100."
                found.add("bad_share", where, message, "Make them add to 100.")
    for finding in index.values():
        stated = any(row.finding == finding.id for row in knowledge.graded)
        if knowledge.is_graded(finding) and not stated:
            message = f"has no row for {finding.id}: no average row could stand in."
            found.add("missing_row", "graded.csv", message, "State it for at least one condition.")


def _shares(knowledge: KnowledgeBase, found: Found) -> None:
    for setting in SETTINGS:
        for prefix in ("age=", "sex="):
            rows = [row for row in knowledge.prevalence if row.id.startswith(prefix)]
            total = sum(getattr(row, setting) for row in rows)
            if rows and abs(total - 1000) > SLACK:
                message = f"column {setting}: the {prefix[:-1]} rows add to {total:g}, not 1,000."
                found.add("bad_share", "prevalence.csv", message, "Make them add to 1,000.")
    expected = 0
    for number, band in enumerate(knowledge.age_band):
        if band.start != expected or band.end <= band.start:
            message = f"must start at {expected} and end later."
            found.add("bad_bands", place("age_band", number, band.id), message, "Close the gap.")
        expected = band.end
    if knowledge.age_band and expected != MAX_AGE:
        found.add("bad_bands", "settings.toml", f"the age bands must end at {MAX_AGE}.")


def _contexts(knowledge: KnowledgeBase, found: Found) -> None:
    index = {row.id: row for row in knowledge.binary_contexts}
    for number, row in enumerate(knowledge.context):
        if not row.implies:
            continue
        where = place("context", number, row.id)
        other = index.get(row.implies)
        if other is None:
            found.unknown(where, "implies", row.implies, index)
        elif other.implies:
            found.add("too_deep", where, f"{other.id} implies another itself; one step is allowed.")
    for number, link in enumerate(knowledge.context_link):
        rate = knowledge.scale.rate.get(link.word)
        if link.basis == "supplement" and rate is not None and rate.rate < 3:
            found.add(
                "weak_supplement",
                place("context_link", number, f"{link.context}, {link.condition}"),
                "a rate below 3 that no document states costs more than it says.",
                "Remove it.",
            )


def _cycles(knowledge: KnowledgeBase, found: Found) -> None:
    causes: dict[str, set[str]] = {}
    for row in knowledge.condition_link:
        causes.setdefault(row.condition, set()).add(row.cause)
    for number, row in enumerate(knowledge.condition_link):
        seen: set[str] = set()
        front = {row.cause}
        while front:
            seen |= front
            front = set().union(*(causes.get(one, set()) for one in front)) - seen
        if row.condition in seen:
            where = place("condition_link", number, f"{row.cause}, {row.condition}")
            found.add("cycle", where, "leads back to its own cause.", "Break the circle.")


def _windows(knowledge: KnowledgeBase, found: Found) -> None:
    import numpy as np

    for setting in SETTINGS:
        rows = {row.id: getattr(row, setting) / 1000 for row in knowledge.pretest}
        unnamed = rows.pop("unnamed", None)
        if unnamed is None or not rows:
            continue
        low, high, overlap = window(np.array(list(rows.values())), unnamed)
        where = f"pretest.csv column {setting}"
        if not low < unnamed < high:
            largest = max(rows, key=lambda name: rows[name])
            remedy = f"Move the unnamed row inside, or lower the largest row ({largest})."
            message = (
                f"no base rates exist: the unnamed row is {1000 * unnamed:g} and must lie between "
                f"{1000 * low:.4g} and {1000 * high:.4g}."
            )
            found.add("no_solution", where, message, remedy)
        elif setting != "even" and not 0.05 <= overlap <= 0.25:
            message = f"the overlap is {1000 * overlap:.0f} of 1,000; 50 to 250 was aimed for."
            found.add("odd_overlap", where, message, "Check the largest rows.", level="warning")
