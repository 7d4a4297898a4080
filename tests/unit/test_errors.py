"""Errors travel between processes with everything they say."""

from __future__ import annotations

import pickle

import pytest

from model.errors import InputError, KnowledgeError, Problem


@pytest.mark.parametrize("kind", [InputError, KnowledgeError])
def test_an_error_survives_the_way_between_processes(kind):
    """Its problems and its text are the same at the other end."""
    problems = [Problem("bad", "row 1", "is wrong.", "Mend it."), Problem("worse", "", "is not.")]
    error = kind(problems)
    there = pickle.loads(pickle.dumps(error))
    assert type(there) is kind
    assert there.problems == error.problems
    assert str(there) == str(error)
