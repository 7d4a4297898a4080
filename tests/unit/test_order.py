"""Work on a stream in threads."""

from __future__ import annotations

import time

import pytest

from evaluation.order import in_order


def slow(number):
    """A number, the later the smaller it is."""
    time.sleep(0.02 / (1 + number))
    return number


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_answers_come_in_order(threads):
    """Whichever is ready first, answers come in the order of the stream."""
    assert list(in_order(slow, range(10), threads=threads)) == list(range(10))


def test_only_a_few_are_on_the_way():
    """No more is read of a stream than the threads can work on, and one ahead."""
    read = []

    def stream():
        for number in range(100):
            read.append(number)
            yield number

    answers = in_order(slow, stream(), threads=2)
    assert next(answers) == 0
    assert len(read) == 3
    answers.close()
    assert len(read) == 3


def test_what_came_before_a_failure_is_answered():
    """A stream that fails is answered up to there, then its error is raised."""

    def stream():
        yield from range(3)
        raise ValueError("broken")

    answers = in_order(slow, stream())
    assert [next(answers) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="broken"):
        next(answers)


def test_the_first_error_ends_it():
    """An answer that fails is raised in its place, and nothing comes after it."""

    def work(number):
        return 1 / (2 - number)

    answers = in_order(work, range(10))
    assert [next(answers), next(answers)] == [0.5, 1.0]
    with pytest.raises(ZeroDivisionError):
        next(answers)
    with pytest.raises(StopIteration):
        next(answers)
