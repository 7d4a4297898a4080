"""Red-flag rules: they parse, can fire, matter, and cover what must not be missed."""

from __future__ import annotations

from itertools import combinations

from model.checks.places import Found, place
from model.expression import Atom, alternatives, atoms, parse
from model.knowledge import KnowledgeBase
from model.screening import TIERS



def check_rules(knowledge: KnowledgeBase, found: Found) -> None:
    """Lint the rules."""
    parsed = {}
    for number, rule in enumerate(knowledge.rule):
        where = place("rule", number, rule.id)
        if rule.basis == "documents" and not rule.places:
            found.add("missing_source", where, "is documented but names no place.", "Add the place.")
        if rule.basis == "supplement" and not rule.reason:
            found.add("missing_reason", where, "is a supplement without a reason.", "Say why.")
        try:
            expression = parse(rule.when)
        except ValueError as error:
            found.add("bad_rule", where, f"cannot be read: {error}.", "Correct the expression.")
            continue
        if _atoms_known(knowledge, expression, where, found):
            parsed[rule.id] = expression
    sets = {name: alternatives(expression) for name, expression in parsed.items()}
    for number, rule in enumerate(knowledge.rule):
        if rule.id not in sets:
            continue
        where = place("rule", number, rule.id)
        possible = [one for one in sets[rule.id] if not _contradictory(knowledge, one)]
        if not possible:
            message = "can never fire: every way to meet it contradicts itself."
            found.add("never_fires", where, message, "Correct the expression.")
            continue
        higher = [
            one
            for other in knowledge.rule
            if other.id in sets
            and other.id != rule.id
            and TIERS.index(other.tier) > TIERS.index(rule.tier)
            for one in sets[other.id]
        ]
        if all(any(one <= mine for one in higher) for mine in possible):
            found.add(
                "never_matters",
                where,
                "never changes a disposition: a higher rule is met whenever it is.",
                "Remove it, or narrow the other.",
                level="warning",
            )
    _cover(knowledge, found, {name: one for name, one in sets.items()})


def _atoms_known(knowledge: KnowledgeBase, expression: object, where: str, found: Found) -> bool:
    findings = {row.id: row for row in knowledge.finding}
    contexts = set(knowledge.context_index)
    known = set(findings) | contexts
    good = True
    for atom in atoms(expression):  # type: ignore[arg-type]
        if atom.item not in known:
            found.unknown(where, "when", atom.item, known)
            good = False
            continue
        values: tuple[str, ...] = ("present",)
        if atom.item in findings and knowledge.is_graded(findings[atom.item]):
            values = findings[atom.item].values
        if atom.value not in values:
            message = f"{atom.item} cannot be {atom.value!r}."
            found.add("bad_rule", where, message, f"Use one of {', '.join(values)}.")
            good = False
    return good


def _contradictory(knowledge: KnowledgeBase, one: frozenset[Atom]) -> bool:
    by_item: dict[str, set[str]] = {}
    for atom in one:
        by_item.setdefault(atom.item, set()).add(atom.value)
    if any(len(values) > 1 for values in by_item.values()):
        return True
    excluded = {
        frozenset((row.id, other))
        for row in knowledge.finding
        for other in row.excludes.split()
    }
    return any(frozenset(pair) in excluded for pair in combinations(by_item, 2))


def _cover(
    knowledge: KnowledgeBase, found: Found, sets: dict[str, tuple[frozenset[Atom], ...]]
) -> None:
    """Every cannot-miss condition has an urgent rule that a patient showing it can meet.

    A rule counts when it names the condition and one way to meet it consists of findings the
    condition is linked to (or contexts); so it fires for patients who show the condition plainly.
    """
    linked = {(row.condition, row.finding) for row in knowledge.link}
    graded = {row.id for row in knowledge.finding if knowledge.is_graded(row)}
    contexts = set(knowledge.context_index)
    for number, condition in enumerate(knowledge.condition):
        if condition.cannot_miss != "yes":
            continue
        met = any(
            all(
                atom.item in contexts
                or atom.item in graded
                or (condition.id, atom.item) in linked
                for atom in one
            )
            for rule in knowledge.rule
            if condition.id in rule.covers and TIERS.index(rule.tier) > 0 and rule.id in sets
            for one in sets[rule.id]
        )
        if not met:
            found.add(
                "uncovered",
                place("condition", number, condition.id),
                "must not be missed, but no emergency or immediate rule covers it.",
                "Add a rule that its typical patient meets, or name it in one.",
            )
