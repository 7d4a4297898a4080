"""Red-flag rules: they parse, can fire, matter, and cover what must not be missed."""

from __future__ import annotations

from itertools import combinations
from math import prod

from model.checks.places import Found, place
from model.expression import All, Atom, Expression, alternatives, atoms, parse
from model.knowledge import KnowledgeBase
from model.screening import TIERS

#: A rule that can be met in more ways than this is no rule a clinician can read.
MAX_WAYS = 1000


def check_rules(knowledge: KnowledgeBase, found: Found) -> None:
    """Lint the rules."""
    parsed = {}
    for number, rule in enumerate(knowledge.rule):
        where = place("rule", number, rule.id)
        if rule.basis == "documents" and not rule.places:
            found.add(
                "missing_source", where, "is documented but names no place.", "Add the place."
            )
        if rule.basis == "supplement" and not rule.reason:
            found.add("missing_reason", where, "is a supplement without a reason.", "Say why.")
        try:
            expression = parse(rule.when)
        except ValueError as error:
            found.add("bad_rule", where, f"cannot be read: {error}.", "Correct the expression.")
            continue
        if _ways(expression) > MAX_WAYS:
            message = f"can be met in more than {MAX_WAYS:,} ways."
            found.add("bad_rule", where, message, "Split it into rules that can be read.")
        elif _atoms_known(knowledge, expression, where, found):
            parsed[rule.id] = expression
    sets = {name: alternatives(expression) for name, expression in parsed.items()}
    first: dict[tuple[str, frozenset[frozenset[Atom]]], str] = {}
    for number, rule in enumerate(knowledge.rule):
        if rule.id not in sets:
            continue
        where = place("rule", number, rule.id)
        same = first.setdefault((rule.tier, frozenset(sets[rule.id])), rule.id)
        if same != rule.id:
            message = f"is met whenever {same} is, and only then."
            remedy = "Correct its expression, or keep one rule."
            found.add("repeated_rule", where, message, remedy, level="warning")
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
    _cover(knowledge, found, sets)


def _ways(expression: Expression) -> int:
    """In how many ways a rule can be met, counted without listing them."""
    if isinstance(expression, Atom):
        return 1
    parts = [_ways(part) for part in expression.parts]
    return prod(parts) if isinstance(expression, All) else sum(parts)


def _atoms_known(
    knowledge: KnowledgeBase, expression: Expression, where: str, found: Found
) -> bool:
    findings = {row.id: row for row in knowledge.finding}
    contexts = set(knowledge.context_index)
    known = set(findings) | contexts
    good = True
    for atom in atoms(expression):
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
        frozenset((row.id, other)) for row in knowledge.finding for other in row.excludes.split()
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
                atom.item in contexts or atom.item in graded or (condition.id, atom.item) in linked
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
