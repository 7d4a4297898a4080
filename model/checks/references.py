"""Ids: defined once, and known wherever they are used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from model.checks.places import Found, file_of, place
from model.knowledge import KnowledgeBase

#: Names with a meaning of their own in rules, assertions, pretest tables and input.
RESERVED = frozenset({"and", "or", "average", "unnamed", "id", "soft"})

#: Tables whose rows have an id of their own.
IDENTIFIED = (
    *("setting", "age_band", "source", "category", "site", "step", "group", "condition"),
    *("context", "finding", "rule", "assertion", "outside", "conflict", "threshold"),
)


def check_references(knowledge: KnowledgeBase, found: Found) -> None:
    """Every id is defined once and every reference leads somewhere."""
    _unique(knowledge, found)
    _known(knowledge, found)
    _cited(knowledge, found)
    _no_duplicates(knowledge, found)


def _unique(knowledge: KnowledgeBase, found: Found) -> None:
    for name in IDENTIFIED:
        counts = Counter(row.id for row in getattr(knowledge, name))
        for number, row in enumerate(getattr(knowledge, name)):
            if counts[row.id] > 1:
                found.add(
                    "duplicate_id",
                    place(name, number, row.id),
                    "this id stands twice.",
                    "Rename one.",
                )
    items: dict[str, str] = {}
    for name in ("condition", "context", "finding", "outside"):
        for number, row in enumerate(getattr(knowledge, name)):
            where = place(name, number, row.id)
            if items.setdefault(row.id, name) != name:
                message = f"this id stands in {file_of(items[row.id])} already."
                found.add("duplicate_id", where, message, "Rename one.")
            if row.id in RESERVED:
                message = f"{row.id} has a meaning of its own and cannot be an id."
                found.add("reserved_id", where, message, "Rename it.")
    # codes and labels by which people and other programs tell rows apart
    for name, column in (
        ("finding", "hpo"),
        *((name, "label") for name in ("category", "site", "condition", "context", "finding")),
        ("rule", "label"),
    ):
        seen: dict[str, str] = {}
        for number, row in enumerate(getattr(knowledge, name)):
            value = getattr(row, column)
            if value and seen.setdefault(value.casefold(), row.id) != row.id:
                found.add(
                    "duplicate_name",
                    place(name, number, row.id),
                    f"column {column}: {value!r} is that of {seen[value.casefold()]} too.",
                    "Give each its own.",
                )


def _known(knowledge: KnowledgeBase, found: Found) -> None:
    conditions = {row.id for row in knowledge.condition}
    binary = {row.id for row in knowledge.binary_contexts}
    findings = {row.id for row in knowledge.finding}
    columns: dict[str, dict[str, Iterable[str]]] = {
        "condition": {"category": {row.id for row in knowledge.category}},
        "finding": {
            "group": {row.id for row in knowledge.group},
            "step": {row.id for row in knowledge.step},
        },
        "link": {"condition": conditions, "finding": findings},
        "graded": {"condition": conditions, "finding": findings},
        "leak": {"finding": findings},
        "graded_leak": {"finding": findings},
        "context_link": {"context": binary, "condition": conditions},
        "context_finding": {"context": binary, "finding": findings},
        "condition_link": {"cause": conditions, "condition": conditions},
        "age_sex": {"condition": conditions},
        "pretest": {"id": conditions | {"unnamed"}},
        "statement": {"document": {row.id for row in knowledge.source}},
    }
    for table, needed in columns.items():
        for number, row in enumerate(getattr(knowledge, table)):
            for column, allowed in needed.items():
                value = getattr(row, column)
                if value not in allowed:
                    found.unknown(place(table, number, str(value)), column, value, allowed)
    sites = [row.id for row in knowledge.site]
    for number, condition in enumerate(knowledge.condition):
        for site in condition.sites:
            if site not in sites:
                found.unknown(place("condition", number, condition.id), "sites", site, sites)
        if not condition.sites:
            where = place("condition", number, condition.id)
            found.add("missing_site", where, "names no site.", f"Use one of {', '.join(sites)}.")
    for number, finding in enumerate(knowledge.finding):
        for other in finding.excludes.split():
            if other not in findings:
                where = place("finding", number, finding.id)
                found.unknown(where, "excludes", other, findings)
    for number, rule in enumerate(knowledge.rule):
        for name in rule.covers:
            if name not in conditions:
                found.unknown(place("rule", number, rule.id), "covers", name, conditions)


def _cited(knowledge: KnowledgeBase, found: Found) -> None:
    """A citation begins with the id of a source: "S1 Key Points item 5"."""
    sources = {row.id for row in knowledge.source}
    cited: list[tuple[str, str, list[str]]] = [
        (place("rule", number, rule.id), "places", list(rule.places))
        for number, rule in enumerate(knowledge.rule)
    ]
    cited += [
        (place("conflict", number, row.id), "place", [said.place for said in row.statements])
        for number, row in enumerate(knowledge.conflict)
    ]
    cited += [
        (place("assertion", number, row.id), "basis", row.basis.split(";"))
        for number, row in enumerate(knowledge.assertion)
    ]
    for where, column, citations in cited:
        for citation in citations:
            source = citation.strip().partition(" ")[0]
            if source not in sources:
                found.unknown(where, column, source, sources)
    if "practice" not in sources and any(row.basis == "supplement" for row in knowledge.link):
        message = "has no row for practice, which supplements rest on."
        found.add("missing_row", "sources.toml", message, "Add it.")


def _no_duplicates(knowledge: KnowledgeBase, found: Found) -> None:
    keys = {
        "link": ("condition", "finding"),
        "graded": ("condition", "finding"),
        "leak": ("finding",),
        "graded_leak": ("finding",),
        "context_link": ("context", "condition"),
        "context_finding": ("context", "finding"),
        "condition_link": ("cause", "condition"),
        "age_sex": ("condition",),
        "pretest": ("id",),
        "prevalence": ("id",),
        "statement": ("kind", "from_id", "to_id", "wording", "document", "locator"),
    }
    for table, columns in keys.items():
        seen: dict[tuple[str, ...], int] = {}
        for number, row in enumerate(getattr(knowledge, table)):
            key = tuple(getattr(row, column) for column in columns)
            if key in seen:
                found.add(
                    "duplicate_row",
                    place(table, number, ", ".join(key[:3])),
                    f"says again what line {seen[key] + 2} says.",
                    "Keep one.",
                )
            seen.setdefault(key, number)
