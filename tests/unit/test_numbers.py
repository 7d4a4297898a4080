"""The one way numbers are written."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.numbers import rounded, text

probabilities = st.floats(0, 1, exclude_min=True, exclude_max=True)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.25, "0.25"),
        (1 / 3, "0.333333"),
        (2 / 3, "0.666667"),
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (1.5, "1.5"),
        (-12.3456789, "-12.3457"),
        (1234567.0, "1.23457e+06"),
        (1e-9, "1e-09"),
        (5e-324, "4.94066e-324"),
        (0.9999, "0.9999"),
        (0.999999, "0.999999"),
        (0.9999999, "0.9999999"),
        (1 - 2.5e-9, "0.9999999975"),
        (math.nextafter(1.0, 0.0), "0.9999999999999999"),
        (float("nan"), ""),
    ],
)
def test_numbers_are_written_with_six_digits(value, written):
    """Six significant digits, an empty cell for "not there", and no minus zero."""
    assert text(value) == written


@given(probabilities)
def test_a_probability_is_never_written_as_certain(value):
    """What is neither 0 nor 1 is not written as 0 or 1."""
    assert 0 < float(text(value)) < 1


@given(probabilities)
def test_what_is_written_is_close(value):
    """Reading back gives the probability to six digits, and near 1 its complement to one."""
    back = float(text(value))
    assert math.isclose(back, value, rel_tol=5.1e-6, abs_tol=5e-324)
    assert math.isclose(1 - back, 1 - value, rel_tol=0.5, abs_tol=1e-15) or value < 0.999999


@given(probabilities, probabilities)
def test_writing_keeps_the_order(one, other):
    """The likelier condition is never written as the less likely."""
    low, high = sorted((one, other))
    assert float(text(low)) <= float(text(high))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_json_and_csv_say_the_same(value):
    """The number in JSON is the one written in CSV, and a second rounding changes nothing."""
    once = rounded(value)
    assert once == float(text(value))
    assert rounded(once) == once
    assert json.loads(json.dumps(once)) == once


def test_not_there_is_null_in_json():
    """NaN, which JSON does not have, is null."""
    assert rounded(float("nan")) is None
