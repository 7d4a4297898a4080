"""Coverage: tables that must speak of everything do, and nothing stands there unused."""

from __future__ import annotations

import re

from model.checks.places import Found, file_of, place
from model.knowledge import BEDSIDE, SETTINGS, THRESHOLDS, KnowledgeBase
from model.reading import nearest


def check_coverage(knowledge: KnowledgeBase, found: Found) -> None:
    """Every condition, finding and context has its rows; what nothing refers to is named."""
    _complete(knowledge, found)
    _used(knowledge, found)


def _complete(knowledge: KnowledgeBase, found: Found) -> None:
    conditions = [row.id for row in knowledge.condition]
    binary = [row.id for row in knowledge.finding if not knowledge.is_graded(row)]
    graded = [row.id for row in knowledge.finding if knowledge.is_graded(row)]
    prevalence = [row.id for row in knowledge.binary_contexts]
    prevalence += [f"age={row.id}" for row in knowledge.age_band]
    prevalence += ["sex=female", "sex=male"]
    needed: tuple[tuple[str, str, list[str]], ...] = (
        ("pretest", "id", [*conditions, "unnamed"]),
        ("age_sex", "condition", conditions),
        ("leak", "finding", binary),
        ("graded_leak", "finding", graded),
        ("prevalence", "id", prevalence),
        ("setting", "id", list(SETTINGS)),
        ("threshold", "id", list(THRESHOLDS)),
    )
    for table, column, wanted in needed:
        there = [getattr(row, column) for row in getattr(knowledge, table)]
        for one in wanted:
            if one not in there:
                found.add("missing_row", file_of(table), f"has no row for {one}.", "Add it.")
        for number, one in enumerate(there):
            if one not in wanted:
                message = f"has a row for {one}, which needs none."
                remedy = nearest(one, set(wanted) - set(there)) or "Remove it."
                found.add("extra_row", place(table, number, one), message, remedy)
    for table in ("condition", "context", "finding", "rule"):
        if not getattr(knowledge, table):
            found.add("empty_table", file_of(table), "has no rows at all.", "Restore its rows.")
    for kind in ("age", "sex"):
        ids = [row.id for row in knowledge.context if row.kind == kind]
        if ids != [kind]:
            message = f"needs exactly one context of kind {kind}, with the id {kind}."
            found.add("missing_row", "contexts.csv", message, "Restore it.")
    steps = sorted(knowledge.step, key=lambda row: row.order)
    orders = {row.order for row in steps}
    if tuple(row.id for row in steps[:2]) != BEDSIDE or len(orders) < len(steps):
        message = f"in order, {' and '.join(BEDSIDE)} come first, and no two are equal."
        found.add("bad_steps", "steps.csv column order", message, "Correct the orders.")


def _used(knowledge: KnowledgeBase, found: Found) -> None:
    linked = {row.condition for row in knowledge.link}
    for number, row in enumerate(knowledge.condition):
        if row.id not in linked:
            found.add(
                "no_links",
                place("condition", number, row.id),
                "has no finding: nothing could tell it from the others.",
                "Add links, or remove the condition.",
            )
    caused = {row.finding for row in knowledge.link} | {row.finding for row in knowledge.graded}
    ruled = set(re.findall(r"\w+", " ".join(row.when for row in knowledge.rule)))
    for number, finding in enumerate(knowledge.finding):
        if finding.id not in caused:
            found.add(
                "unused_finding",
                place("finding", number, finding.id),
                "no condition is linked to it.",
                "Link it, or remove it.",
                level="warning" if finding.id in ruled else "error",
            )
    used: dict[str, set[str]] = {
        "category": {row.category for row in knowledge.condition},
        "site": {site for row in knowledge.condition for site in row.sites},
        "group": {row.group for row in knowledge.finding},
        "step": {row.step for row in knowledge.finding} | set(BEDSIDE),
        "source": {row.document for row in knowledge.statement} | {"practice"},
        "context": ruled
        | {"age", "sex"}
        | {link.context for link in knowledge.context_link}
        | {link.context for link in knowledge.context_finding},
    }
    for table, names in used.items():
        for number, row in enumerate(getattr(knowledge, table)):
            if row.id not in names:
                where = place(table, number, row.id)
                remedy = "Use it, or remove it."
                found.add("unused_id", where, "nothing refers to it.", remedy, level="warning")
