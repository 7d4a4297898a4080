"""Reading one patient from names and values."""

from __future__ import annotations

import numpy as np
import pytest

from model.errors import InputError
from model.evidence import MAX_RATIO, read_evidence
from model.vocabulary import UNKNOWN


def value(evidence, vocabulary, name: str) -> int:
    """The code of one item."""
    return int(evidence.codes[vocabulary.index[name].column])


def problems_of(values, vocabulary) -> list[tuple[str, str]]:
    """Code and place of everything wrong with some values."""
    with pytest.raises(InputError) as caught:
        read_evidence(values, vocabulary)
    return [(problem.code, problem.where) for problem in caught.value.problems]


class TestHard:
    """Items that are known."""

    def test_nothing_entered_is_nothing_known(self, vocabulary):
        """An empty patient is blank, not normal."""
        evidence = read_evidence({}, vocabulary)
        assert (evidence.codes == UNKNOWN).all()
        assert evidence.entered == ()
        assert (evidence.soft, evidence.id, evidence.problems) == ((), "", ())

    def test_a_patient_is_read_from_cells(self, vocabulary):
        """Present, absent, a grade, a sex, an age and a diagnosis each get their code."""
        cells = {
            "id": "A-7",
            "age": "71",
            "sex": "Female",
            "onset": "sudden",
            "facial_weakness": "yes",
            "severe_headache": "no",
            "diabetes": "1",
            "stroke": "absent",
            "confusion": "",
        }
        evidence = read_evidence(cells, vocabulary)
        got = {name: value(evidence, vocabulary, name) for name in cells if name != "id"}
        assert got == {
            "age": 3,
            "sex": 0,
            "onset": 2,
            "facial_weakness": 1,
            "severe_headache": 0,
            "diabetes": 1,
            "stroke": 0,
            "confusion": UNKNOWN,
        }
        assert evidence.id == "A-7"
        assert len(evidence.entered) == 7

    @pytest.mark.parametrize(
        ("entry", "code"),
        [(True, 1), (False, 0), (1, 1), (0, 0), (1.0, 1), (0.0, 0), (None, UNKNOWN)],
    )
    def test_json_values_are_read_as_their_text(self, vocabulary, entry, code):
        """Booleans, numbers and null from JSON mean what they mean in a cell."""
        evidence = read_evidence({"back_pain": entry}, vocabulary)
        assert value(evidence, vocabulary, "back_pain") == code

    @pytest.mark.parametrize(("age", "band"), [(71, 3), (15.9, 0), (16, 1), (0, 0), (1e2, 3)])
    def test_an_age_may_be_a_number(self, vocabulary, age, band):
        """An age from JSON is a number."""
        assert value(read_evidence({"age": age}, vocabulary), vocabulary, "age") == band

    @pytest.mark.parametrize(("given", "name"), [(None, ""), ("", ""), (17, "17"), (0, "0")])
    def test_the_name_of_a_patient_is_passed_through(self, vocabulary, given, name):
        """Any id is kept as text; null is no id."""
        assert read_evidence({"id": given}, vocabulary).id == name

    @pytest.mark.parametrize("entry", [["present"], {"value": 1}, ("yes",), {"yes"}])
    def test_an_item_has_one_value(self, vocabulary, entry):
        """A list or an object where a value should be is an input error."""
        assert problems_of({"back_pain": entry}, vocabulary) == [("bad_value", "back_pain")]

    def test_the_same_values_give_the_same_codes_in_any_order(self, vocabulary):
        """Evidence has no order."""
        values = {"age": "50", "onset": "rapid", "fatigue": "yes", "cancer": "no"}
        one = read_evidence(values, vocabulary)
        other = read_evidence(dict(reversed(values.items())), vocabulary)
        assert np.array_equal(one.codes, other.codes)


class TestProblems:
    """What cannot be read."""

    def test_an_unknown_item_is_named_with_the_nearest(self, vocabulary):
        """A misspelt name is an error that offers the right one."""
        with pytest.raises(InputError, match=r"back_pian: .* Did you mean back_pain\?"):
            read_evidence({"back_pian": "yes"}, vocabulary)

    def test_everything_wrong_is_listed_at_once(self, vocabulary):
        """Nobody has to fix one cell to learn of the next."""
        values = {
            "age": "six",
            "onset": "present",
            "bakc_pain": "yes",
            "fatigue": "0.5",
            "cancer": "perhaps",
            "sex": "female",
            "soft": {"foot_drop": -1, "nothing": 2},
        }
        assert problems_of(values, vocabulary) == [
            ("bad_age", "age"),
            ("bad_value", "onset"),
            ("unknown_item", "bakc_pain"),
            ("soft_value", "fatigue"),
            ("bad_value", "cancer"),
            ("bad_soft", "soft foot_drop"),
            ("bad_soft", "soft nothing"),
        ]

    def test_messages_leave_the_value_out(self, vocabulary):
        """The text of an error can be logged; the cell stands apart for who asks."""
        with pytest.raises(InputError) as caught:
            read_evidence({"age": "133", "onset": "Tuesday", "cancer": "of the lung"}, vocabulary)
        text = str(caught.value)
        assert "133" not in text
        assert "Tuesday" not in text
        assert "lung" not in text
        values = [problem.value for problem in caught.value.problems]
        assert values == ["133", "Tuesday", "of the lung"]

    def test_an_error_carries_the_exit_code_of_bad_input(self):
        """The command line leaves with 10."""
        assert InputError([]).exit_code == 10

    def test_lenient_reading_keeps_what_is_valid(self, vocabulary):
        """A bad cell is unknown, the others stand, and the problems come along."""
        evidence = read_evidence(
            {"onset": "suden", "back_pain": "yes", "colour": "red"}, vocabulary, lenient=True
        )
        assert value(evidence, vocabulary, "onset") == UNKNOWN
        assert value(evidence, vocabulary, "back_pain") == 1
        assert [problem.code for problem in evidence.problems] == ["bad_value", "unknown_item"]


class TestSoft:
    """Items known only by a likelihood."""

    def test_a_ratio_is_for_present_against_absent(self, vocabulary):
        """A likelihood ratio becomes the likelihoods of absent and present."""
        evidence = read_evidence({"soft": {"foot_drop": 4, "cancer": 0.5}}, vocabulary)
        place = vocabulary.index
        assert evidence.soft == (
            (place["foot_drop"].column, (1.0, 4.0)),
            (place["cancer"].column, (1.0, 0.5)),
        )
        assert evidence.entered == ()

    def test_a_grade_needs_a_likelihood_for_each_value(self, vocabulary):
        """Likelihoods are taken by name and put in the order of the grades."""
        evidence = read_evidence(
            {"soft": {"onset": {"sudden": 1, "gradual": 0.1, "rapid": 0.5}}}, vocabulary
        )
        assert evidence.soft == ((vocabulary.index["onset"].column, (0.1, 0.5, 1.0)),)

    def test_a_binary_item_may_have_both_likelihoods(self, vocabulary):
        """Likelihoods of present and absent say the same as their ratio."""
        evidence = read_evidence(
            {"soft": {"foot_drop": {"present": 0.8, "absent": 0.2}}}, vocabulary
        )
        assert evidence.soft == ((vocabulary.index["foot_drop"].column, (0.2, 0.8)),)

    @pytest.mark.parametrize("ratio", [1, 1.0, 1 / MAX_RATIO, MAX_RATIO, 1e-5])
    def test_ratios_within_reason_are_taken(self, vocabulary, ratio):
        """A ratio of one in a million either way is the most that is taken."""
        assert len(read_evidence({"soft": {"foot_drop": ratio}}, vocabulary).soft) == 1

    @pytest.mark.parametrize(
        "ratio",
        [
            0,
            -2,
            float("nan"),
            float("inf"),
            1e7,
            1e-7,
            True,
            "2",
            None,
            [1, 2],
            {},
            {"present": 1},
            {"present": 1, "absent": 0},
            {"present": 1, "absent": 1, "maybe": 1},
            {"present": float("nan"), "absent": 1},
        ],
    )
    def test_no_other_ratio_is(self, vocabulary, ratio):
        """Nothing that could make an item certain, or is no number, is taken as soft evidence."""
        assert problems_of({"soft": {"foot_drop": ratio}}, vocabulary) == [
            ("bad_soft", "soft foot_drop")
        ]

    def test_a_ratio_for_a_grade_is_refused_with_what_is_needed(self, vocabulary):
        """A grade has no "present": the message asks for a likelihood of each grade."""
        with pytest.raises(InputError, match="a likelihood for each of gradual, rapid, sudden"):
            read_evidence({"soft": {"onset": 3}}, vocabulary)

    @pytest.mark.parametrize("name", ["age", "sex"])
    def test_age_and_sex_are_known_or_not(self, vocabulary, name):
        """There is no soft age."""
        assert problems_of({"soft": {name: 2}}, vocabulary) == [("bad_soft", f"soft {name}")]

    def test_an_unknown_item_is_named_with_the_nearest(self, vocabulary):
        """A misspelt soft item is offered the right name."""
        with pytest.raises(InputError, match=r"Did you mean foot_drop\?"):
            read_evidence({"soft": {"foot_drp": 2}}, vocabulary)

    @pytest.mark.parametrize("entry", [3, "foot_drop", ["foot_drop"], None])
    def test_soft_maps_items_to_ratios(self, vocabulary, entry):
        """Anything but an object under "soft" is an error."""
        assert problems_of({"soft": entry}, vocabulary) == [("bad_soft", "soft")]

    def test_hard_and_soft_at_once_is_an_error(self, vocabulary):
        """An item is known or likely, not both."""
        values = {"foot_drop": "present", "soft": {"foot_drop": 2}}
        assert problems_of(values, vocabulary) == [("hard_and_soft", "foot_drop")]

    def test_a_blank_cell_beside_a_ratio_is_no_clash(self, vocabulary):
        """A blank says nothing, so the ratio stands."""
        values = {"foot_drop": "", "soft": {"foot_drop": 2}}
        assert len(read_evidence(values, vocabulary).soft) == 1
