"""The small language of red-flag rules: items, grades, `and`, `or`, brackets; three-valued.

    sudden_weakness:  onset = sudden
    cord_syndrome:    (sensory_level or (reflexes_increased and laterality = both_legs))
                      and onset = rapid

Truth is +1 (met), 0 (pending: something unanswered decides it) and -1 (not met), so that `and` is
the minimum and `or` the maximum (Kleene's strong logic). Values may be numbers or arrays of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

_TOKEN = re.compile(r"\s*(?:(?P<word>[a-z][a-z0-9_]*)|(?P<sign>[()=]))")

#: Deeper nesting than any clinician can read is a mistake, not a rule.
MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Atom:
    """An item that is present, or has a given grade."""

    item: str
    value: str = "present"

    def __str__(self) -> str:
        """The atom as it is written."""
        return self.item if self.value == "present" else f"{self.item} = {self.value}"


@dataclass(frozen=True, slots=True)
class All:
    """Every part must hold."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One part is enough."""

    parts: tuple[Expression, ...]


Expression = Atom | All | Either
Truth = Any  # a number or an array of -1, 0, +1


def parse(text: str) -> Expression:
    """Parse a rule; ValueError says at which character it stops making sense.

    >>> parse("a and (b or onset = sudden)").parts[0]
    Atom(item='a', value='present')
    """
    tokens: list[tuple[str, int]] = []
    place = 0
    stripped = text.rstrip()
    while place < len(stripped):
        match = _TOKEN.match(stripped, place)
        if match is None:
            wrong = stripped[place:].lstrip()
            at = len(stripped) - len(wrong) + 1
            raise ValueError(f"character {at}: {wrong[0]!r} is not allowed here")
        kind = match.lastgroup or "sign"
        tokens.append((match.group(kind), match.start(kind) + 1))
        place = match.end()
    parser = _Parser(tokens)
    expression = parser.any_of(0)
    if parser.left():
        word, at = parser.left()[0]
        raise ValueError(f"character {at}: {word!r} was not expected")
    return expression


class _Parser:
    def __init__(self, tokens: list[tuple[str, int]]) -> None:
        self._tokens = tokens
        self._next = 0

    def left(self) -> list[tuple[str, int]]:
        return self._tokens[self._next :]

    def _peek(self) -> str:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else ""

    def _take(self) -> str:
        word = self._peek()
        if not word:
            raise ValueError("the rule ends too early")
        self._next += 1
        return word

    def any_of(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise ValueError(f"brackets are nested more than {MAX_DEPTH} deep")
        parts = [self._all_of(depth)]
        while self._peek() == "or":
            self._take()
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _all_of(self, depth: int) -> Expression:
        parts = [self._one(depth)]
        while self._peek() == "and":
            self._take()
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self, depth: int) -> Expression:
        word = self._take()
        if word == "(":
            inner = self.any_of(depth + 1)
            if self._take() != ")":
                raise ValueError("a bracket is not closed")
            return inner
        if not word[0].isalpha() or word in {"and", "or"}:
            raise ValueError(f"{word!r} stands where an item should")
        if self._peek() == "=":
            self._take()
            value = self._take()
            if not value[0].isalpha():
                raise ValueError(f"{value!r} stands where a grade should")
            return Atom(word, value)
        return Atom(word)


def atoms(expression: Expression) -> tuple[Atom, ...]:
    """Every atom, in the order written."""
    if isinstance(expression, Atom):
        return (expression,)
    return tuple(atom for part in expression.parts for atom in atoms(part))


def truth(expression: Expression, of: Callable[[Atom], Truth]) -> Truth:
    """Evaluate in three-valued logic, given the truth of each atom."""
    if isinstance(expression, Atom):
        return of(expression)
    combine = np.minimum if isinstance(expression, All) else np.maximum
    return reduce(combine, (truth(part, of) for part in expression.parts))


def undecided(expression: Expression, of: Callable[[Atom], Truth]) -> tuple[Atom, ...]:
    """The unanswered atoms that can still decide a pending expression (single values only)."""
    if truth(expression, of) != 0:
        return ()
    if isinstance(expression, Atom):
        return (expression,)
    return tuple(atom for part in expression.parts for atom in undecided(part, of))


def alternatives(expression: Expression) -> tuple[frozenset[Atom], ...]:
    """The smallest sets of atoms any of which meets the rule (its disjunctive normal form)."""
    if isinstance(expression, Atom):
        return (frozenset({expression}),)
    if isinstance(expression, Either):
        sets = [one for part in expression.parts for one in alternatives(part)]
    else:
        sets = [frozenset()]
        for part in expression.parts:
            sets = [left | right for left in sets for right in alternatives(part)]
    unique = list(dict.fromkeys(sets))
    return tuple(one for one in unique if not any(other < one for other in unique))
