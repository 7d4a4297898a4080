"""What is remembered of evidence that was answered before."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from evaluation.memo import Memo
from model.batch import DONE, TOO_WIDE


@pytest.fixture
def ages(vocabulary):
    """Codes of patients of whom only the age band is known: two alike, and one more."""
    codes = vocabulary.blank(3)
    codes[:, vocabulary.index["age"].column] = (2, 2, 3)
    return codes


def test_equal_rows_have_one_answer(ages, reasoner):
    """Equal rows share an answer; a last one says nothing."""
    rows, place = Memo(reasoner).rows(ages)
    assert place.tolist() == [0, 0, 1]
    assert rows.state.tolist() == [DONE] * 3
    assert np.isfinite(rows.condition[:2]).all()
    assert np.isnan(rows.condition[2]).all()
    assert np.isnan(rows.unexplained).tolist() == [False, False, True]


def test_what_is_known_is_not_computed_again(ages, reasoner):
    """Evidence that was answered before needs no inference, not even one that would refuse it."""
    memo = Memo(reasoner)
    before, _ = memo.rows(ages[:1])
    memo._reasoner = dataclasses.replace(reasoner, max_steps=1.0)
    rows, place = memo.rows(ages)
    assert rows.state[place].tolist() == [DONE, DONE, TOO_WIDE]
    for field in dataclasses.fields(before):
        one, other = (getattr(found, field.name)[0] for found in (before, rows))
        assert np.array_equal(one, other), field.name


def test_the_oldest_makes_room(ages, reasoner):
    """No more is remembered than there is room for; the newest stays."""
    memo = Memo(reasoner, capacity=1)
    memo.rows(ages)
    memo._reasoner = dataclasses.replace(reasoner, max_steps=1.0)
    rows, place = memo.rows(ages)
    assert rows.state[place].tolist() == [TOO_WIDE, TOO_WIDE, DONE]


def test_no_rows_have_no_answers(ages, reasoner):
    """Of no rows there is nothing but the answer that says nothing."""
    rows, place = Memo(reasoner).rows(ages[:0])
    assert (len(rows.state), len(place)) == (1, 0)
