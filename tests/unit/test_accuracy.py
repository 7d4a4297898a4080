"""Accuracy on labelled vignettes: ranks and intervals that can be counted by hand."""

from __future__ import annotations

import dataclasses
import math

import pandas as pd
import pytest

from app.summary import accuracy_json, accuracy_text
from evaluation.accuracy import Share, measure
from evaluation.measured import PAGE
from model.errors import InputError
from model.evidence import read_evidence

# A known condition has probability 1 and an excluded one 0, so ranks are known without arithmetic:
# two known ones tie and stand in file order (stroke before cauda_equina_syndrome).
ROWS = (
    ("first", "stroke", {"stroke": "present"}),
    ("second", "cauda_equina_syndrome", {"stroke": "present", "cauda_equina_syndrome": "present"}),
    ("last", "stroke", {"stroke": "absent"}),
    ("outside", "", {"stroke": "absent"}),
    ("broken", "stroke", {"stroke": "present", "fatigue": "Zaphod77"}),
)


def table(rows=ROWS):
    """Labelled vignettes as text."""
    frame = pd.DataFrame([{"id": name, "label": label, **cells} for name, label, cells in rows])
    return frame.fillna("")


@pytest.fixture(scope="module")
def found(reasoner):
    """The accuracy on those rows."""
    return measure(table(), reasoner)


def test_ranks_are_those_counted_by_hand(found, knowledge):
    """A vignette counts as found in the first k when its condition's rank is at most k."""
    assert {k: (share.hits, share.of) for k, share in found.top.items()} == {
        1: (1, 3),
        3: (2, 3),
        5: (2, 3),
    }
    last = len(knowledge.condition)
    assert found.mean_reciprocal_rank == pytest.approx((1 + 1 / 2 + 1 / last) / 3)
    assert found.missed == (("last", "stroke", last, found.missed[0][3]),)


def test_ranks_are_those_of_the_assessment(reasoner):
    """The rank of the true condition is its place in the assessment's own ranking."""
    cells = {"age": "70", "onset": "gradual", "reflexes_reduced": "present"}
    ranking = [one.id for one in reasoner.assess(read_evidence(cells, reasoner.vocabulary)).ranking]
    for place in (0, 2, 4, 20):
        one = measure(table([("a", ranking[place], cells)]), reasoner)
        assert one.mean_reciprocal_rank == pytest.approx(1 / (place + 1))
        assert {k: share.hits for k, share in one.top.items()} == {
            k: int(place < k) for k in (1, 3, 5)
        }


def test_the_category_is_that_of_the_true_condition(found, reasoner):
    """A vignette's category is right when the one with the highest posterior holds its truth."""
    assert found.category.of == 3
    right = measure(table(ROWS[:1]), reasoner).category
    assert (right.hits, right.of) == (1, 1)


def test_a_truth_outside_the_model_is_counted_apart(found, reasoner):
    """A blank truth is in no share; what nothing modelled explains is given beside the others."""
    assert found.outside == 1
    outside = reasoner.assess(read_evidence({"stroke": "absent"}, reasoner.vocabulary))
    assert found.unexplained_outside == pytest.approx(outside.unexplained, rel=1e-5)


def test_a_vignette_that_was_not_scored_is_counted_apart(found):
    """A row with an error is in no share, and the report says how many there were."""
    assert found.unscored == 1
    assert "not scored (an error, or too wide): 1 vignettes" in accuracy_text("x", [found])


def test_dispositions_cover_every_row(found):
    """Red flags are summarised for every row, those with errors included."""
    assert sum(found.disposition.values()) == len(ROWS)


def test_a_label_that_is_no_condition_is_an_error(reasoner):
    """A misspelt truth is an error that names the row and offers the nearest, not a silent loss."""
    rows = [ROWS[0], ("typo", "strok", {"stroke": "present"})]
    with pytest.raises(InputError) as caught:
        measure(table(rows), reasoner)
    (problem,) = caught.value.problems
    assert (problem.code, problem.where) == ("unknown_label", "column 'label' row 2")
    assert problem.remedy == "Did you mean stroke?"


def test_a_table_without_rows_has_no_accuracy(reasoner):
    """A header alone is an input error, not a failure of ours."""
    with pytest.raises(InputError) as caught:
        measure(table().head(0), reasoner)
    assert [problem.code for problem in caught.value.problems] == ["no_rows"]


def test_the_truth_column_must_be_there(reasoner):
    """A truth column that is not in the file is an input error."""
    with pytest.raises(InputError) as caught:
        measure(table(), reasoner, truth="diagnosis", keep=["label"])
    assert caught.value.problems[0].code == "missing_column"


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    # (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n) with z = 1.959964
    [(9, 10, 0.595850, 0.982124), (0, 10, 0.0, 0.277533), (10, 10, 0.722467, 1.0)],
)
def test_the_interval_is_wilsons(hits, of, low, high):
    """The 95 % interval of a share is Wilson's, as worked by hand."""
    share = Share(hits, of)
    assert share.value == hits / of
    assert (share.low, share.high) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))


def test_a_share_of_nothing_is_no_number():
    """Nothing out of nothing has neither a value nor an interval."""
    share = Share(0, 0)
    assert all(math.isnan(number) for number in (share.value, share.low, share.high))


def test_vignettes_that_are_all_outside_have_no_shares(reasoner):
    """With no modelled truth there is nothing to rank, and the text says so."""
    one = measure(table([("a", "", {"stroke": "absent"})]), reasoner)
    assert math.isnan(one.mean_reciprocal_rank)
    assert "true condition in the first 1: none" in accuracy_text("x", [one])


def test_the_page_of_measurements_is_of_this_knowledge(knowledge):
    """docs/measured.md was measured with the knowledge that is here."""
    assert f"\nKnowledge `{knowledge.digest[:12]}`.\n" in PAGE.read_text("utf-8")


def test_json_has_no_nan(found):
    """What cannot be measured is null for programs, never NaN."""
    nothing = dataclasses.replace(
        found, top={1: Share(0, 0)}, mean_reciprocal_rank=math.nan, unexplained_outside=math.nan
    )
    (record,) = accuracy_json([nothing])
    assert record["mean_reciprocal_rank"] is None
    assert record["unexplained_outside"] is None
    assert record["top"]["1"] == {"hits": 0, "of": 0, "value": None, "low": None, "high": None}
