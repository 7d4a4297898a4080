"""What follows from what was entered: design section 2, "one fact is counted once".

Families used here (child < parent):
    foot_drop < distal_weakness < objective_weakness              all examined
    dermatomal_numbness (examined) < numbness_or_tingling (told)
    rapidly_spreading < rapidly_worsening < onset = rapid | sudden
    symmetrical < laterality = both_legs;  arm_weakness < laterality = both_legs | one_side_of_body
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations, product

import numpy as np
import pytest

from model.closure import Closure, Settled
from model.vocabulary import UNKNOWN, Vocabulary


@dataclass(frozen=True)
class Reading:
    """One settled patient in words."""

    rules: dict[str, str]
    engine: dict[str, str]
    notes: dict[str, list[tuple[str, ...]]]
    bad: bool


@pytest.fixture(scope="module")
def closure(knowledge, vocabulary) -> Closure:
    """The relations of the shipped knowledge base."""
    return Closure.of(knowledge, vocabulary)


@pytest.fixture(scope="module")
def columns(closure) -> list[int]:
    """Columns of a family of three: grandparent, parent, child."""
    family = ("objective_weakness", "distal_weakness", "foot_drop")
    return [closure.vocabulary.index[name].column for name in family]


@pytest.fixture(scope="module")
def people(closure) -> np.ndarray:
    """Ten thousand odd patients, densest where items are related."""
    vocabulary, rng = closure.vocabulary, np.random.default_rng(20)
    codes = vocabulary.blank(10_000)
    related = {column for child, parent, _ in closure.parents for column in (child, parent)}
    related |= {column for pair in closure.implies + closure.excludes for column in pair}
    for item in vocabulary.items:
        share = 0.15 if item.column in related else 0.02
        known = rng.random(len(codes)) < share
        codes[known, item.column] = rng.integers(0, len(item.values), known.sum())
    return codes


def coded(vocabulary: Vocabulary, words: dict[str, str]) -> np.ndarray:
    """Codes of one patient, (1, I)."""
    codes = vocabulary.blank()
    for name, value in words.items():
        item = vocabulary.index[name]
        codes[0, item.column] = item.values.index(value)
    return codes


def worded(vocabulary: Vocabulary, codes: np.ndarray) -> dict[str, str]:
    """The known items of one row."""
    return {
        item.id: item.values[codes[item.column]]
        for item in vocabulary.items
        if codes[item.column] != UNKNOWN
    }


def read(settled: Settled, vocabulary: Vocabulary, row: int = 0) -> Reading:
    """Put one row of a settlement in words; quiet "implied" notes are left out."""
    notes: dict[str, list[tuple[str, ...]]] = {}
    for note in settled.notes:
        if note.rows[row] and note.code != "implied":
            names = tuple(vocabulary.items[column].id for column in note.items)
            notes.setdefault(note.code, []).append(names)
    return Reading(
        worded(vocabulary, settled.rules[row]),
        worded(vocabulary, settled.engine[row]),
        notes,
        bool(settled.bad[row]),
    )


def settle(closure: Closure, **words: str) -> Reading:
    """Settle one patient given in words."""
    vocabulary = closure.vocabulary
    return read(closure.settle(coded(vocabulary, words)), vocabulary)


YES, NO = "present", "absent"


class TestFillingUp:
    """A child that is present speaks for its blank parent."""

    def test_a_specific_finding_shows_the_general_one(self, closure):
        """Saddle numbness is numbness."""
        found = settle(closure, saddle_numbness=YES)
        assert found.rules == found.engine == {"saddle_numbness": YES, "numbness_or_tingling": YES}
        assert not found.notes

    def test_it_goes_up_through_three_generations(self, closure):
        """Foot drop is distal weakness is loss of power."""
        found = settle(closure, foot_drop=YES)
        expected = {"foot_drop": YES, "distal_weakness": YES, "objective_weakness": YES}
        assert found.rules == found.engine == expected

    def test_a_grade_is_not_filled_in(self, closure):
        """Worsening within days leaves open whether the onset was rapid or sudden."""
        assert settle(closure, rapidly_spreading=YES).rules == {
            "rapidly_spreading": YES,
            "rapidly_worsening": YES,
        }
        assert "laterality" not in settle(closure, symmetrical=YES).rules

    def test_an_absent_child_leaves_its_parent_open(self, closure):
        """No foot drop says nothing of power."""
        assert settle(closure, foot_drop=NO).rules == {"foot_drop": NO}


class TestFillingDown:
    """A parent that is absent speaks for its blank children."""

    def test_no_numbness_is_no_numbness_anywhere(self, closure):
        """Every child of an absent finding is absent."""
        found = settle(closure, numbness_or_tingling=NO)
        assert {name for name, value in found.rules.items() if value == NO} == {
            "numbness_or_tingling",
            "severe_numbness",
            "one_sided_numbness",
            "sensory_loss_feet_first",
            "hand_numbness",
            "saddle_numbness",
            "dermatomal_numbness",
        }
        assert found.rules == found.engine

    def test_it_goes_down_through_three_generations(self, closure):
        """Full power leaves no foot drop."""
        assert settle(closure, objective_weakness=NO).rules == dict.fromkeys(
            (
                "objective_weakness",
                "proximal_weakness",
                "distal_weakness",
                "foot_drop",
                "cannot_stand_on_toes",
            ),
            NO,
        )

    def test_a_present_parent_leaves_its_children_open(self, closure):
        """Loss of power does not say where."""
        assert settle(closure, objective_weakness=YES).rules == {"objective_weakness": YES}

    def test_one_child_present_leaves_its_siblings_open(self, closure):
        """Foot drop does not answer the question about the toes."""
        assert "cannot_stand_on_toes" not in settle(closure, foot_drop=YES).rules

    def test_a_grade_fills_no_child(self, closure):
        """A gradual onset is no entered answer about worsening."""
        assert settle(closure, onset="gradual").rules == {"onset": "gradual"}


class TestImplies:
    """A context may imply another."""

    @pytest.mark.parametrize(
        ("one", "other"), [("poor_glucose_control", "diabetes"), ("chemotherapy", "cancer")]
    )
    def test_present_fills_forward_and_absent_backward(self, closure, one, other):
        """Poor control is diabetes; without diabetes there is no poor control."""
        assert settle(closure, **{one: YES}).engine == {one: YES, other: YES}
        assert settle(closure, **{other: NO}).engine == {one: NO, other: NO}
        assert settle(closure, **{one: NO}).engine == {one: NO}
        assert settle(closure, **{other: YES}).engine == {other: YES}

    def test_a_context_against_what_it_implies_is_an_error(self, closure):
        """Poorly controlled diabetes without diabetes cannot be."""
        found = settle(closure, poor_glucose_control=YES, diabetes=NO)
        assert found.bad
        assert found.notes == {"contradiction": [("poor_glucose_control", "diabetes")]}


class TestExcludes:
    """One test gives one answer."""

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("sodium_low", "sodium_high"),
            ("calcium_low", "calcium_high"),
            ("tsh_low", "tsh_high"),
            ("potassium_low", "potassium_very_high"),
            ("progressive", "resolved_within_a_day"),
        ],
    )
    def test_both_present_is_an_error(self, closure, one, other):
        """Both present is an error; one of them, or both absent, is not."""
        both = settle(closure, **{one: YES, other: YES})
        assert both.bad
        assert [set(pair) for pair in both.notes["contradiction"]] == [{one, other}]
        for values in ((YES, NO), (NO, YES), (NO, NO)):
            assert not settle(closure, **dict(zip((one, other), values, strict=True))).bad

    def test_one_present_does_not_fill_the_other(self, closure):
        """A low sodium is not entered as "high: absent"; the blank stays blank."""
        assert settle(closure, sodium_low=YES).rules == {"sodium_low": YES}

    def test_what_is_implied_is_excluded_too(self, closure):
        """A very low potassium is low, so it cannot be very high."""
        assert settle(closure, potassium_very_low=YES, potassium_very_high=YES).bad


class TestContradictions:
    """A child present with its binary parent absent."""

    @pytest.mark.parametrize(
        ("child", "parent"),
        [
            ("saddle_numbness", "numbness_or_tingling"),
            ("difficulty_rising", "difficulty_stairs"),
            ("foot_drop", "distal_weakness"),
            ("creatine_kinase_very_high", "creatine_kinase_raised"),
            ("mri_cord_compression", "mri_spine_compression"),
            ("rapidly_spreading", "rapidly_worsening"),
        ],
    )
    def test_in_one_step_it_is_an_error(self, closure, child, parent):
        """The same examiner cannot find the part without the whole."""
        found = settle(closure, **{child: YES, parent: NO})
        assert found.bad
        assert (child, parent) in found.notes["contradiction"]

    def test_it_is_seen_across_a_blank_generation(self, closure):
        """Foot drop with full power is an error although nobody recorded the distal weakness."""
        found = settle(closure, foot_drop=YES, objective_weakness=NO)
        assert found.bad
        assert found.notes["contradiction"] == [("foot_drop", "objective_weakness")]

    def test_the_message_holds_labels_and_no_values_of_the_patient(self, closure):
        """The sentence is about the items; it can be logged."""
        notes = closure.settle(
            coded(closure.vocabulary, {"foot_drop": YES, "distal_weakness": NO})
        ).notes
        (error,) = [note for note in notes if note.level == "error"]
        assert error.text == (
            "Dragging foot or toe (foot drop) is present but Foot and ankle weakness, "
            "which it implies, is absent."
        )

    def test_a_diagnosis_contradicts_nothing(self, closure):
        """A known diagnosis with evidence against it is odd, not an error."""
        assert not settle(closure, stroke=YES, objective_weakness=NO, mri_brain_infarct=NO).bad


class TestLaterStepWins:
    """Across steps the later one is believed, with a note."""

    def test_examination_corrects_history(self, closure):
        """Numbness found in one root is numbness, although the patient denied any."""
        found = settle(closure, dermatomal_numbness=YES, numbness_or_tingling=NO)
        assert not found.bad
        assert found.engine == {"dermatomal_numbness": YES, "numbness_or_tingling": YES}
        assert found.notes == {"later_step_wins": [("dermatomal_numbness", "numbness_or_tingling")]}

    def test_nothing_entered_is_overwritten_for_the_rules(self, closure):
        """The rules still see that numbness was denied."""
        found = settle(closure, dermatomal_numbness=YES, numbness_or_tingling=NO)
        assert found.rules == {"dermatomal_numbness": YES, "numbness_or_tingling": NO}

    def test_a_denial_that_was_corrected_fills_nothing_down(self, closure):
        """Once numbness is found, the saddle is a question again."""
        found = settle(closure, dermatomal_numbness=YES, numbness_or_tingling=NO)
        assert "saddle_numbness" not in found.rules

    def test_a_later_normal_parent_corrects_an_earlier_child(self, closure):
        """If the parent were answered later and absent, the child reported before is not used."""
        vocabulary = closure.vocabulary
        child = vocabulary.index["severe_numbness"].column
        parent = vocabulary.index["numbness_or_tingling"].column
        rank = list(closure.rank)
        rank[child], rank[parent] = 0, 1
        found = settle(
            replace(closure, rank=tuple(rank)), severe_numbness=YES, numbness_or_tingling=NO
        )
        assert not found.bad
        assert found.rules["severe_numbness"] == YES
        assert found.engine["severe_numbness"] == NO
        assert found.notes == {"later_step_wins": [("numbness_or_tingling", "severe_numbness")]}

    def test_tests_of_every_kind_stand_on_one_level(self, closure):
        """History comes before examination, examination before tests; tests are equals."""
        place = closure.vocabulary.index
        ranks = [
            closure.rank[place[name].column]
            for name in ("onset", "reflexes_reduced", "potassium_low", "mri_brain_infarct")
        ]
        assert ranks == [0, 1, 2, 2]


class TestGradesAndWhatSpecifiesThem:
    """Given the grade, the child says only what the grade did not."""

    def test_an_absent_child_outside_its_grades_is_already_said(self, closure):
        """A gradual onset says that it does not worsen within days: said once, and reported."""
        found = settle(closure, onset="gradual", rapidly_worsening=NO)
        assert found.engine == {"onset": "gradual"}
        assert found.rules["rapidly_worsening"] == NO
        assert found.notes == {"already_said": [("rapidly_worsening", "onset")]}

    def test_what_refines_that_child_is_said_as_well(self, closure):
        """Nor does it spread within days; that too was said by the grade."""
        found = settle(closure, onset="gradual", rapidly_worsening=NO, rapidly_spreading=NO)
        assert found.engine == {"onset": "gradual"}
        assert found.notes == {
            "already_said": [("rapidly_worsening", "onset"), ("rapidly_spreading", "onset")]
        }

    def test_an_implied_absence_is_dropped_without_a_word(self, closure):
        """Only what was entered is reported as already said."""
        found = settle(closure, onset="gradual", rapidly_worsening=NO)
        assert ("rapidly_spreading", "onset") not in found.notes["already_said"]

    def test_an_absent_child_within_its_grades_counts(self, closure):
        """Both legs, but not the same: a finding."""
        found = settle(closure, laterality="both_legs", symmetrical=NO)
        assert found.engine == {"laterality": "both_legs", "symmetrical": NO}
        assert not found.notes

    @pytest.mark.parametrize("grade", ["rapid", "sudden"])
    def test_a_present_child_within_its_grades_stands_beside_the_grade(self, closure, grade):
        """A rapid onset that worsens by the day is no conflict."""
        found = settle(closure, onset=grade, rapidly_worsening=YES)
        assert found.engine == {"onset": grade, "rapidly_worsening": YES}
        assert not found.notes

    def test_a_present_child_outside_its_grades_stands_and_the_grade_gives_way(self, closure):
        """Slow at first and then fast is real: the grade is read as the child's, with a note."""
        found = settle(closure, onset="gradual", rapidly_worsening=YES)
        assert not found.bad
        assert found.engine == {"rapidly_worsening": YES}
        assert found.rules == {"onset": "gradual", "rapidly_worsening": YES}
        assert found.notes == {"grade_read_as_child": [("rapidly_worsening", "onset")]}

    def test_a_grandchild_makes_the_grade_give_way_too(self, closure):
        """Spreading within hours is worsening within hours, whatever the onset was called."""
        found = settle(closure, onset="gradual", rapidly_spreading=YES)
        assert found.engine == {"rapidly_spreading": YES, "rapidly_worsening": YES}
        assert found.notes == {"grade_read_as_child": [("rapidly_worsening", "onset")]}

    def test_a_grade_that_gave_way_says_nothing_any_more(self, closure):
        """Read as both legs because symmetrical, "arms not weak" is news and is kept."""
        found = settle(closure, laterality="one_leg", symmetrical=YES, arm_weakness=NO)
        assert found.engine == {"symmetrical": YES, "arm_weakness": NO}
        assert found.notes == {"grade_read_as_child": [("symmetrical", "laterality")]}

    def test_difficulty_walking_is_said_by_the_severity(self, closure):
        """Walking as usual and no difficulty walking are one fact."""
        found = settle(closure, severity="mild", difficulty_walking=NO)
        assert found.engine == {"severity": "mild"}
        assert not settle(closure, severity="severe", difficulty_walking=NO).notes


class TestThreeDeep:
    """Every way to fill in a family of three, in every order of steps."""

    @pytest.mark.parametrize("steps", list(product((0, 1, 2), repeat=3)))
    def test_the_engine_never_sees_a_contradiction(self, closure, columns, steps):
        """Whatever is entered in whatever step, a settled family is consistent or an error."""
        rank = list(closure.rank)
        for column, step in zip(columns, steps, strict=True):
            rank[column] = step
        entries = np.array(list(product((UNKNOWN, 0, 1), repeat=3)), np.int8)
        codes = closure.vocabulary.blank(len(entries))
        codes[:, columns] = entries
        settled = replace(closure, rank=tuple(rank)).settle(codes)
        top, middle, low = (settled.engine[:, column] for column in columns)
        fine = ~settled.bad
        assert not (fine & (low == 1) & (middle != 1)).any()
        assert not (fine & (middle == 1) & (top != 1)).any()
        assert not (fine & (top == 0) & (middle != 0)).any()
        assert not (fine & (middle == 0) & (low != 0)).any()
        kept = entries != UNKNOWN
        assert (settled.rules[:, columns][kept] == entries[kept]).all()

    def test_in_one_step_every_contradiction_is_an_error(self, closure, columns):
        """In one step, exactly the fillings with a present item below an absent one are errors."""
        entries = list(product((UNKNOWN, 0, 1), repeat=3))
        codes = closure.vocabulary.blank(len(entries))
        codes[:, columns] = entries
        expected = [
            any(entry[low] == 1 and entry[high] == 0 for high in range(3) for low in range(high, 3))
            for entry in entries
        ]
        assert closure.settle(codes).bad.tolist() == expected


class TestManyPatients:
    """Rows are settled together and do not touch one another."""

    def test_together_is_as_alone(self, closure, people):
        """A row's answer does not depend on the rows settled with it."""
        together = closure.settle(people)
        for row in range(60):
            alone = closure.settle(people[row : row + 1])
            assert read(together, closure.vocabulary, row) == read(alone, closure.vocabulary)

    def test_the_argument_is_left_alone(self, closure, people):
        """Settling returns new codes."""
        before = people.copy()
        closure.settle(people)
        assert (people == before).all()

    def test_what_was_entered_stands_for_the_rules(self, closure, people):
        """No entered value of anybody is changed before the rules see it."""
        known = people != UNKNOWN
        assert (closure.settle(people).rules[known] == people[known]).all()

    def test_what_the_engine_sees_is_free_of_contradictions(self, closure, people):
        """No implied, excluded or graded relation is broken in any row that is not an error."""
        settled = closure.settle(people)
        fine = settled.engine[~settled.bad]
        assert len(fine) > 1000
        for child, parent, reach in closure.parents:
            low, high = fine[:, child], fine[:, parent]
            if reach:
                graded = high != UNKNOWN
                inside = (reach >> np.maximum(high, 0)) & 1 == 1
                assert (inside | (low == UNKNOWN))[graded].all()
            else:
                assert (high[low == 1] == 1).all()
                assert (low[high == 0] != 1).all()
        for one, other in closure.implies:
            assert (fine[fine[:, one] == 1, other] == 1).all()
        for one, other in closure.excludes:
            assert not ((fine[:, one] == 1) & (fine[:, other] == 1)).any()

    def test_settling_what_is_settled_changes_nothing(self, closure, people):
        """Closure is reached in one go: what the engine sees is already closed."""
        settled = closure.settle(people)
        fine = settled.engine[~settled.bad]
        again = closure.settle(fine)
        assert not again.bad.any()
        assert {note.code for note in again.notes} <= {"implied"}
        assert (again.rules[fine != UNKNOWN] == fine[fine != UNKNOWN]).all()

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    def test_columns_have_no_order(self, closure, order):
        """Three relations in one row are settled alike whichever was entered first."""
        parts = [{"foot_drop": YES}, {"onset": "gradual"}, {"rapidly_worsening": YES}]
        words: dict[str, str] = {}
        for place in order:
            words |= parts[place]
        assert settle(closure, **words) == settle(
            closure, foot_drop=YES, onset="gradual", rapidly_worsening=YES
        )
