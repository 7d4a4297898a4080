"""Lint a knowledge base: everything an editor of its files can get wrong, all shown at once.

`check_tables` is fast and guards every load. `check` adds what needs the network: base rates in
every setting and basis, and the assertions of order and direction.
"""

from __future__ import annotations

from pathlib import Path

from model.checks.coverage import check_coverage
from model.checks.families import check_families
from model.checks.places import Found
from model.checks.references import check_references
from model.checks.rules import check_rules
from model.checks.shapes import check_shapes
from model.checks.sources import check_sources
from model.checks.words import check_words
from model.errors import Problem
from model.knowledge import BASES, SETTINGS, SHIPPED, KnowledgeBase, read


def check_tables(knowledge: KnowledgeBase) -> list[Problem]:
    """What the tables say about each other; no network is built."""
    found = Found()
    check_references(knowledge, found)
    check_words(knowledge, found)
    check_coverage(knowledge, found)
    check_families(knowledge, found)
    check_shapes(knowledge, found)
    if not any(problem.level == "error" for problem in found.problems):
        check_sources(knowledge, found)
    check_rules(knowledge, found)
    return found.problems


def check(folder: Path | None = None) -> tuple[KnowledgeBase | None, list[Problem]]:
    """Check a whole knowledge base, network included.

    Returns:
        The knowledge base (None if it could not be read) and every problem found.
    """
    knowledge, problems = read(folder or SHIPPED)
    if knowledge is None:
        return None, problems
    problems = problems + check_tables(knowledge)
    if not any(problem.level == "error" for problem in problems):
        problems = problems + check_network(knowledge)
    return knowledge, problems


def check_network(knowledge: KnowledgeBase) -> list[Problem]:
    """Base rates exist in every setting and basis, and every assertion holds."""
    from model.checks.assertions import check_assertions
    from model.parameters import elicited, solved
    from model.pretest import NoSolutionError

    found = Found()
    for setting in SETTINGS:
        for basis in BASES:
            try:
                solved(elicited(knowledge, setting=setting, basis=basis))
            except NoSolutionError as error:
                rows = ", ".join(knowledge.condition[row].id for row in error.rows) or "unnamed"
                found.add(
                    "no_solution",
                    f"pretest.csv column {setting} row {rows} (basis {basis})",
                    f"no base rates exist: {error.reason}.",
                    "Raise this row, or weaken the links that lead to it in condition_links.csv.",
                )
    if not found.problems:
        check_assertions(knowledge, found)
    return found.problems
