"""Ids: unique, known wherever they are used, and complete where a table must cover everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from model.checks.places import Found, place
from model.knowledge import SETTINGS, KnowledgeBase


def check_references(knowledge: KnowledgeBase, found: Found) -> None:
    """Every id is defined once and every reference leads somewhere."""
    _unique(knowledge, found)
    _known(knowledge, found)
    _words(knowledge, found)
    _complete(knowledge, found)
    _no_duplicates(knowledge, found)


def _unique(knowledge: KnowledgeBase, found: Found) -> None:
    tables = ("setting", "age_band", "source", "category", "site", "step", "group", "condition")
    tables += ("context", "finding", "rule", "assertion", "outside", "conflict")
    for name in tables:
        counts = Counter(row.id for row in getattr(knowledge, name))
        for number, row in enumerate(getattr(knowledge, name)):
            if counts[row.id] > 1:
                found.add(
                    "duplicate_id", place(name, number, row.id), "this id stands twice.", "Rename one."
                )
    items = Counter(
        row.id for group in (knowledge.condition, knowledge.context, knowledge.finding) for row in group
    )
    for name, count in items.items():
        if count > 1:
            message = f"{name!r} names two of a condition, a context and a finding."
            found.add("duplicate_id", "conditions.csv, contexts.csv, findings.csv", message, "Rename.")


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
    sites = {row.id for row in knowledge.site}
    for number, condition in enumerate(knowledge.condition):
        for site in condition.sites:
            if site not in sites:
                found.unknown(place("condition", number, condition.id), "sites", site, sites)
        if not condition.sites:
            found.add("missing_site", place("condition", number, condition.id), "names no site.")
    for number, finding in enumerate(knowledge.finding):
        for other in finding.excludes.split():
            if other not in findings:
                where = place("finding", number, finding.id)
                found.unknown(where, "excludes", other, findings)
    for number, rule in enumerate(knowledge.rule):
        for name in rule.covers:
            if name not in conditions:
                found.unknown(place("rule", number, rule.id), "covers", name, conditions)


def _words(knowledge: KnowledgeBase, found: Found) -> None:
    scale = knowledge.scale
    bands = ("under_16", "age_16_39", "age_40_64", "age_65_and_over")
    used = {
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
                        place(table, number),
                        f"column {name}: {value!r} is not a word of scale.toml.",
                        f"Use one of {', '.join(words)}.",
                    )


def _complete(knowledge: KnowledgeBase, found: Found) -> None:
    conditions = [row.id for row in knowledge.condition]
    binary = [row.id for row in knowledge.finding if not knowledge.is_graded(row)]
    graded = [row.id for row in knowledge.finding if knowledge.is_graded(row)]
    prevalence = [row.id for row in knowledge.binary_contexts]
    prevalence += [f"age={row.id}" for row in knowledge.age_band]
    prevalence += ["sex=female", "sex=male"]
    needed = (
        ("pretest.csv", [*conditions, "unnamed"], [row.id for row in knowledge.pretest]),
        ("age_sex.csv", conditions, [row.condition for row in knowledge.age_sex]),
        ("leaks.csv", binary, [row.finding for row in knowledge.leak]),
        ("graded_leaks.csv", graded, [row.finding for row in knowledge.graded_leak]),
        ("prevalence.csv", prevalence, [row.id for row in knowledge.prevalence]),
        ("settings.toml", list(SETTINGS), [row.id for row in knowledge.setting]),
    )
    for name, wanted, there in needed:
        for one in wanted:
            if one not in there:
                found.add("missing_row", name, f"has no row for {one}.", "Add it.")
        for one in there:
            if one not in wanted:
                found.add("extra_row", name, f"has a row for {one}, which needs none.", "Remove it.")
    for table in (knowledge.condition, knowledge.context, knowledge.finding, knowledge.rule):
        if not table:
            found.add("empty_table", type(table).__name__, "a table has no rows at all.")
    for kind in ("age", "sex"):
        if sum(row.kind == kind for row in knowledge.context) != 1:
            found.add("missing_row", "contexts.csv", f"needs exactly one context of kind {kind}.")
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
    ruled = " ".join(row.when for row in knowledge.rule).split()
    for number, finding in enumerate(knowledge.finding):
        if finding.id not in caused:
            level = "warning" if any(finding.id == word.strip("()") for word in ruled) else "error"
            found.add(
                "unused_finding",
                place("finding", number, finding.id),
                "no condition is linked to it.",
                "Link it, or remove it.",
                level=level,
            )


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
    }
    for table, columns in keys.items():
        seen: dict[tuple[str, ...], int] = {}
        for number, row in enumerate(getattr(knowledge, table)):
            key = tuple(getattr(row, column) for column in columns)
            if key in seen:
                found.add(
                    "duplicate_row",
                    place(table, number, ", ".join(key)),
                    f"says again what line {seen[key] + 2} says.",
                    "Keep one.",
                )
            seen.setdefault(key, number)
