"""The language of red-flag rules."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.expression import (
    MAX_DEPTH,
    All,
    Atom,
    Either,
    Expression,
    alternatives,
    atoms,
    parse,
    truth,
    undecided,
)

A, B, C = Atom("a"), Atom("b"), Atom("c")


def expressions() -> st.SearchStrategy[Expression]:
    """Any expression over four items, parts of two or three."""
    return st.recursive(
        st.sampled_from([A, B, C, Atom("d", "sudden"), Atom("d", "rapid")]),
        lambda inner: st.builds(
            lambda kind, parts: kind(tuple(parts)),
            st.sampled_from([All, Either]),
            st.lists(inner, min_size=2, max_size=3),
        ),
        max_leaves=8,
    )


def written(expression: Expression) -> str:
    """Write an expression with every bracket."""
    if isinstance(expression, Atom):
        return str(expression)
    word = " and " if isinstance(expression, All) else " or "
    return "(" + word.join(written(part) for part in expression.parts) + ")"


class TestParse:
    """Text to expression."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a", A),
            ("  a  ", A),
            ("((a))", A),
            ("onset = sudden", Atom("onset", "sudden")),
            ("onset=sudden", Atom("onset", "sudden")),
            ("a and b", All((A, B))),
            ("a or b or c", Either((A, B, C))),
            ("a or b and c", Either((A, All((B, C))))),
            ("a and b or c", Either((All((A, B)), C))),
            ("(a or b) and c", All((Either((A, B)), C))),
            ("a and(b or c)", All((A, Either((B, C))))),
            ("android or orange", Either((Atom("android"), Atom("orange")))),
            ("a\n  and b", All((A, B))),
        ],
    )
    def test_reads_what_a_clinician_would_write(self, text, expected):
        """And binds tighter than or, brackets bind tightest, blanks do not matter."""
        assert parse(text) == expected

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "ends too early"),
            ("   ", "ends too early"),
            ("a and", "ends too early"),
            ("a or (b", "ends too early"),
            ("a =", "ends too early"),
            ("and a", "'and' stands where an item should"),
            ("a and or b", "'or' stands where an item should"),
            ("= sudden", "'=' stands where an item should"),
            ("()", r"'\)' stands where an item should"),
            ("a = (b)", r"'\(' stands where a grade should"),
            ("(a or b c)", "a bracket is not closed"),
            ("a b", "character 3: 'b' was not expected"),
            ("a) or b", r"character 2: '\)' was not expected"),
            ("a = b = c", "character 7: '=' was not expected"),
            ("a and Fever", "character 7: 'F' is not allowed here"),
            ("a  & b", "character 4: '&' is not allowed here"),
            ("not-a", "character 4: '-' is not allowed here"),
            ("1a", "character 1: '1' is not allowed here"),
            ("a > 3", "character 3: '>' is not allowed here"),
            ("_a", "character 1: '_' is not allowed here"),
        ],
    )
    def test_says_where_it_stops_making_sense(self, text, message):
        """A mistake is a ValueError that names the character or what is missing."""
        with pytest.raises(ValueError, match=message):
            parse(text)

    def test_limits_the_nesting(self):
        """Twenty brackets are read, twenty-one are a mistake and not a crash."""
        assert parse("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH) == A
        for depth in (MAX_DEPTH + 1, 100_000):
            with pytest.raises(ValueError, match="nested more than"):
                parse("(" * depth + "a" + ")" * depth)

    @given(expressions())
    def test_reads_back_what_it_writes(self, expression):
        """An expression written with every bracket parses to itself."""
        assert parse(written(expression)) == expression


class TestTruth:
    """Kleene's three-valued logic."""

    @pytest.mark.parametrize(("a", "b"), list(product((-1, 0, 1), repeat=2)))
    def test_and_is_the_least_and_or_the_greatest(self, a, b):
        """And is only as true as its weakest part, or as true as its strongest."""
        of = {"a": a, "b": b}
        assert truth(parse("a and b"), lambda atom: of[atom.item]) == min(a, b)
        assert truth(parse("a or b"), lambda atom: of[atom.item]) == max(a, b)

    def test_an_answer_may_settle_it_whatever_else_is_unknown(self):
        """One part present meets an or, one part absent refutes an and, the rest unknown."""
        assert truth(parse("a or b"), lambda atom: 1 if atom == A else 0) == 1
        assert truth(parse("a and b"), lambda atom: -1 if atom == A else 0) == -1

    @given(expressions(), st.integers(0, 2**32 - 1))
    def test_many_patients_at_once_are_as_one_at_a_time(self, expression, seed):
        """Truth of arrays is the array of truths."""
        rng = np.random.default_rng(seed)
        columns = {atom: rng.integers(-1, 2, 30) for atom in atoms(expression)}
        together = truth(expression, columns.__getitem__)
        alone = [truth(expression, lambda atom, n=n: int(columns[atom][n])) for n in range(30)]
        assert together.tolist() == alone


class TestUndecided:
    """What is still to be asked."""

    @pytest.mark.parametrize(
        ("text", "known", "expected"),
        [
            ("a", {}, ["a"]),
            ("a and b", {}, ["a", "b"]),
            ("a and b", {"a": 1}, ["b"]),
            ("a and b", {"a": -1}, []),
            ("a or b", {"a": -1}, ["b"]),
            ("a or b", {"a": 1}, []),
            ("a or (b and c)", {"b": -1}, ["a"]),
            ("a or (b and c)", {"b": 1}, ["a", "c"]),
            ("(a or b) and c", {"a": 1}, ["c"]),
            ("(a or b) and c", {"a": -1}, ["b", "c"]),
            ("onset = sudden or a", {"a": -1}, ["onset = sudden"]),
        ],
    )
    def test_names_only_what_can_still_decide(self, text, known, expected):
        """A pending rule names the unanswered parts that matter, in the order written."""
        found = undecided(parse(text), lambda atom: known.get(atom.item, 0))
        assert [str(atom) for atom in found] == expected

    @given(expressions(), st.data())
    def test_a_pending_rule_always_names_something(self, expression, data):
        """Atoms are named exactly when the rule is pending, and each is unanswered."""
        of = {
            atom: data.draw(st.integers(-1, 1)) for atom in dict.fromkeys(atoms(expression))
        }.__getitem__
        found = undecided(expression, of)
        assert bool(found) == (truth(expression, of) == 0)
        assert all(of(atom) == 0 for atom in found)


class TestAlternatives:
    """The smallest sets that meet a rule."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a", [{A}]),
            ("a and b", [{A, B}]),
            ("a or b", [{A}, {B}]),
            ("(a or b) and c", [{A, C}, {B, C}]),
            ("a or (a and b)", [{A}]),
            ("(a or b) and (a or c)", [{A}, {B, C}]),
            ("a or a", [{A}]),
        ],
    )
    def test_are_the_smallest_ones(self, text, expected):
        """A set that holds another is left out, and no set stands twice."""
        assert list(alternatives(parse(text))) == [frozenset(one) for one in expected]

    @given(expressions(), st.data())
    def test_say_what_the_rule_says(self, expression, data):
        """The rule is met exactly when all of some alternative is."""
        every = list(dict.fromkeys(atoms(expression)))
        there = set(data.draw(st.lists(st.sampled_from(every), unique=True)))
        met = truth(expression, lambda atom: 1 if atom in there else -1) == 1
        assert met == any(one <= there for one in alternatives(expression))


def test_atoms_stand_in_the_order_written():
    """Every atom is listed as often as it is written, in that order."""
    assert [str(atom) for atom in atoms(parse("b and (a or onset = rapid) and b"))] == [
        "b",
        "a",
        "onset = rapid",
        "b",
    ]
