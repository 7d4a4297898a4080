"""The items of a patient and how a cell is read."""

from __future__ import annotations

import math
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.vocabulary import ABSENT, BLANK, MAX_AGE, PRESENT, UNKNOWN, CellError

BINARY_ITEMS = ("back_pain", "diabetes", "stroke", "glucose_low")


def spoken(cell: str) -> list[str]:
    """The cell as people and spreadsheets leave it."""
    return [cell, cell.upper(), cell.title(), f"  {cell} ", f"\t{cell}\n", f"\u00a0{cell}"]


class TestLayout:
    """The columns of a code matrix."""

    def test_columns_stand_in_the_order_promised(self, vocabulary):
        """Findings come first, then contexts, conditions, sex, and the age band last."""
        kinds = list(dict.fromkeys(item.kind for item in vocabulary.items))
        assert kinds == ["finding", "context", "condition", "sex", "age"]
        assert [item.column for item in vocabulary.items] == list(range(len(vocabulary.items)))

    @pytest.mark.parametrize("kind", ["finding", "context", "condition", "sex", "age"])
    def test_a_slice_holds_one_kind_and_all_of_it(self, vocabulary, kind):
        """The slice of a kind is that kind and nothing else."""
        place = vocabulary.columns(kind)
        assert {item.kind for item in vocabulary.items[place]} == {kind}
        assert sum(item.kind == kind for item in vocabulary.items) == place.stop - place.start

    def test_findings_and_conditions_keep_the_order_of_their_files(self, vocabulary, knowledge):
        """The kernel's arrays and the columns are the same order."""
        for kind, rows in (
            ("finding", knowledge.finding),
            ("context", knowledge.binary_contexts),
            ("condition", knowledge.condition),
        ):
            items = vocabulary.items[vocabulary.columns(kind)]
            assert [item.id for item in items] == [row.id for row in rows]

    def test_nothing_is_known_of_a_blank_patient(self, vocabulary):
        """Blank codes are unknown everywhere."""
        assert vocabulary.blank(3).shape == (3, len(vocabulary.items))
        assert (vocabulary.blank(3) == UNKNOWN).all()

    def test_only_the_four_scaled_findings_are_graded(self, vocabulary):
        """Onset, extent, severity and duration have grades, everything else is there or not."""
        graded = [item.id for item in vocabulary.items if item.graded]
        assert graded == ["onset", "laterality", "severity", "duration"]

    def test_tests_and_diagnoses_are_not_answered_at_the_bedside(self, vocabulary):
        """History, examination and contexts are bedside; blood tests and diagnoses are not."""
        place = vocabulary.index
        answered = {name: bool(vocabulary.bedside[place[name].column]) for name in place}
        assert answered["onset"]
        assert answered["reflexes_reduced"]
        assert answered["cancer"]
        assert answered["age"]
        assert not answered["potassium_low"]
        assert not answered["mri_brain_infarct"]
        assert not answered["stroke"]


class TestBinary:
    """Cells of what is present or absent."""

    @pytest.mark.parametrize("name", BINARY_ITEMS)
    @pytest.mark.parametrize(
        ("cells", "code"), [(PRESENT, 1), (ABSENT, 0), (BLANK, UNKNOWN)], ids=["yes", "no", "blank"]
    )
    def test_every_accepted_spelling(self, vocabulary, name, cells, code):
        """Each spelling is read the same whatever its case and the blanks round it."""
        for cell in cells:
            for text in spoken(cell):
                assert vocabulary.code(vocabulary.index[name], text) == code

    def test_the_spellings_are_those_documented(self):
        """The accepted spellings are the documented ones and no others."""
        assert set(PRESENT) == {"present", "yes", "true", "1", "1.0"}
        assert set(ABSENT) == {"absent", "no", "false", "0", "0.0"}
        assert set(BLANK) == {"", "unknown", "na", "n/a"}

    @pytest.mark.parametrize("text", ["0.5", ".3", "1e-3", "0.999999", " 0.25 "])
    def test_a_soft_number_is_told_where_it_belongs(self, vocabulary, text):
        """A number between 0 and 1 is no cell: soft evidence is a likelihood ratio."""
        with pytest.raises(CellError, match="likelihood ratio") as caught:
            vocabulary.code(vocabulary.index["back_pain"], text)
        assert caught.value.code == "soft_value"

    @pytest.mark.parametrize(
        "text",
        ["2", "-0.5", "-1", "nan", "inf", "1e300", "01", "y", "n", "presentt", "?", "l", "O"],
    )
    def test_anything_else_is_refused(self, vocabulary, text):
        """What is no accepted spelling is never guessed at."""
        with pytest.raises(CellError) as caught:
            vocabulary.code(vocabulary.index["back_pain"], text)
        assert caught.value.code == "bad_value"

    def test_the_nearest_spelling_is_offered(self, vocabulary):
        """A slip of the finger is answered with the word that was meant."""
        with pytest.raises(CellError, match=r"Did you mean present\?"):
            vocabulary.code(vocabulary.index["back_pain"], "presnt")
        with pytest.raises(CellError, match=r"Did you mean absent\?"):
            vocabulary.code(vocabulary.index["back_pain"], "Abesnt")


class TestGraded:
    """Cells of graded findings and of sex."""

    @pytest.mark.parametrize("name", ["onset", "laterality", "severity", "duration", "sex"])
    def test_every_grade_is_read_by_its_name(self, vocabulary, name):
        """Each grade has the code of its place, in any case, with blanks round it."""
        item = vocabulary.index[name]
        for code, value in enumerate(item.values):
            for text in spoken(value):
                assert vocabulary.code(item, text) == code

    @pytest.mark.parametrize("name", ["onset", "laterality", "severity", "duration", "sex"])
    @pytest.mark.parametrize("cell", sorted(BLANK))
    def test_blank_is_unknown(self, vocabulary, name, cell):
        """A blank grade is not the lowest grade."""
        assert vocabulary.code(vocabulary.index[name], cell) == UNKNOWN

    @pytest.mark.parametrize("cell", sorted(PRESENT | ABSENT))
    def test_a_grade_is_neither_present_nor_absent(self, vocabulary, cell):
        """A graded finding has no "absent": the message says so and lists the grades."""
        with pytest.raises(CellError, match=r"gradual, rapid, sudden.*no present or absent") as no:
            vocabulary.code(vocabulary.index["onset"], cell)
        assert no.value.code == "bad_value"

    @pytest.mark.parametrize("text", ["0.5", "3", "slow", "sudden|rapid", "nan"])
    def test_anything_else_lists_the_grades(self, vocabulary, text):
        """A wrong grade is answered with all the right ones."""
        with pytest.raises(CellError, match="gradual, rapid, sudden"):
            vocabulary.code(vocabulary.index["onset"], text)

    def test_the_nearest_grade_is_offered(self, vocabulary):
        """A slip of the finger is answered with the grade that was meant."""
        with pytest.raises(CellError, match=r"Did you mean both_legs\?"):
            vocabulary.code(vocabulary.index["laterality"], "both legs")

    @pytest.mark.parametrize("text", ["f", "m", "woman", "other", "1"])
    def test_sex_is_female_or_male(self, vocabulary, text):
        """Sex is spelt out; what is neither is left blank by the writer, not guessed by us."""
        with pytest.raises(CellError, match="female, male"):
            vocabulary.code(vocabulary.index["sex"], text)


class TestAge:
    """Cells of age."""

    @pytest.mark.parametrize(
        ("text", "band"),
        [
            ("0", "under_16"),
            ("0.0", "under_16"),
            ("-0", "under_16"),
            ("1e-3", "under_16"),
            ("15.9", "under_16"),
            ("15.999999", "under_16"),
            ("16", "16_39"),
            ("39.99", "16_39"),
            ("40", "40_64"),
            ("64.9", "40_64"),
            ("65", "65_and_over"),
            (" 71 ", "65_and_over"),
            ("+80", "65_and_over"),
            ("1e2", "65_and_over"),
            ("1E2", "65_and_over"),
            ("120.9", "65_and_over"),
        ],
    )
    def test_years_fall_into_bands(self, vocabulary, text, band):
        """A band holds its first year and not the first year of the next."""
        item = vocabulary.index["age"]
        assert item.values[vocabulary.code(item, text)] == band

    @pytest.mark.parametrize(
        "text",
        [
            "-1",
            "-0.001",
            "121",
            "1e3",
            "1e400",
            "-1e400",
            "nan",
            "NaN",
            "inf",
            "-inf",
            "infinity",
            "6O",
            "l6",
            "sixty",
            "60y",
            "6 0",
            "60,5",
            "1_0",
            "0x10",
            "\uff16\uff10",
            "\u00b2",
            "65_and_over",
            "40-64",
            "--5",
            "present",
        ],
    )
    def test_what_is_no_age_is_refused(self, vocabulary, text):
        """Ages outside 0 to 121, words, other alphabets and typing slips are all named bad_age."""
        with pytest.raises(CellError, match=f"from 0 to under {MAX_AGE}") as caught:
            vocabulary.code(vocabulary.index["age"], text)
        assert caught.value.code == "bad_age"

    @pytest.mark.parametrize("cell", sorted(BLANK))
    def test_blank_is_unknown(self, vocabulary, cell):
        """A blank age is not the first band."""
        assert vocabulary.code(vocabulary.index["age"], cell) == UNKNOWN

    @given(st.floats(0, MAX_AGE, exclude_max=True))
    def test_every_age_has_a_band(self, vocabulary, years):
        """Any number of years from 0 to under 121 is in exactly one band."""
        code = vocabulary.code(vocabulary.index["age"], repr(years))
        start, end = vocabulary.bands[code]
        assert start <= years < end

    @given(st.floats().filter(lambda years: not 0 <= years < MAX_AGE or math.isnan(years)))
    def test_no_other_number_has_a_band(self, vocabulary, years):
        """Any other number is refused."""
        with pytest.raises(CellError):
            vocabulary.code(vocabulary.index["age"], repr(years))


class TestPrivacy:
    """A message may be logged, a cell may not."""

    @pytest.mark.parametrize("name", ["age", "sex", "onset", "back_pain", "diabetes", "stroke"])
    @given(marks=st.text(string.ascii_letters + string.digits, min_size=3, max_size=30))
    def test_messages_never_hold_the_cell(self, vocabulary, name, marks):
        """Whatever is wrong with a cell, its text is not in the message."""
        cell = f"Smith {marks} 0123"
        with pytest.raises(CellError) as caught:
            vocabulary.code(vocabulary.index[name], cell)
        assert cell not in str(caught.value)
        assert "Smith" not in str(caught.value)
        assert "smith" not in str(caught.value)

    @pytest.mark.parametrize(
        ("name", "cell"),
        [
            ("age", "6O"),
            ("age", "134"),
            ("onset", "suden"),
            ("back_pain", "presnt"),
            ("sex", "femal"),
        ],
    )
    def test_not_even_a_near_miss_is_repeated(self, vocabulary, name, cell):
        """The right spelling is offered without quoting the wrong one."""
        with pytest.raises(CellError) as caught:
            vocabulary.code(vocabulary.index[name], cell)
        assert cell not in str(caught.value).replace("sudden", "").replace("female", "")

    @given(st.text(max_size=40), st.sampled_from(["age", "sex", "onset", "severity", "fatigue"]))
    def test_any_text_at_all_is_a_code_or_a_cell_error(self, vocabulary, text, name):
        """No cell, whatever its characters, makes anything else happen."""
        item, code, problem = vocabulary.index[name], UNKNOWN, "bad_value"
        try:
            code = vocabulary.code(item, text)
        except CellError as error:
            problem = error.code
        assert -1 <= code < len(item.values)
        assert problem in {"bad_age", "bad_value", "soft_value"}


class TestWords:
    """Names and sentences."""

    @pytest.mark.parametrize(
        ("name", "nearest"),
        [
            ("back_pian", "back_pain"),
            ("foot-drop", "foot_drop"),
            ("diabetis", "diabetes"),
            ("Onset", "onset"),
            ("leg_swollen", "one_leg_swollen"),
            ("weight", "weight_loss"),
            ("numbness", "hand_numbness"),
        ],
    )
    def test_the_nearest_item_is_offered(self, vocabulary, name, nearest):
        """An unknown name is answered with the nearest one."""
        assert vocabulary.suggest(name) == f"Did you mean {nearest}?"

    @pytest.mark.parametrize(
        "name",
        [
            "zzzzzz",
            "status",
            "setting",
            "message",
            "condition_1",
            "probability_1",
            "date",
            "patient",
        ],
    )
    def test_nothing_is_offered_for_what_is_like_nothing(self, vocabulary, name):
        """A name that resembles nothing gets no suggestion rather than a silly one."""
        assert vocabulary.suggest(name) == ""

    def test_items_are_said_with_their_values(self, vocabulary):
        """A list of items is said in words, with grades by name."""
        codes = vocabulary.blank()[0]
        onset, drop = vocabulary.index["onset"].column, vocabulary.index["foot_drop"].column
        codes[[onset, drop]] = 2, 1
        assert vocabulary.say([drop, onset], codes) == (
            "Dragging foot or toe (foot drop): present; "
            "Speed of onset, from first notice to worst: sudden"
        )
