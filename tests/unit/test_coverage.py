"""Coverage: what a condition by itself explains of a patient, leaves open, and would also show."""

from __future__ import annotations

import dataclasses
import json

import pytest

from app.reasons.ledger import coverage_lines, ledger_text
from model.errors import InputError
from model.evidence import read_evidence
from model.reasons.coverage import coverages
from model.reasons.ledger import IN_SEQUENCE, READINGS, accounts

CELLS = {
    "age": "70",
    "onset": "sudden",
    "laterality": "one_side_of_body",
    "facial_weakness": "present",
    "varicose_veins_or_skin_change": "present",
    "arm_weakness": "absent",
    "spinal_stenosis": "absent",
}


@pytest.fixture(scope="module")
def evidence(reasoner):
    """One patient with a stroke, something else, and something missing."""
    return read_evidence(CELLS, reasoner.vocabulary)


def test_findings_are_explained_or_not(reasoner, evidence):
    """A stroke explains what it brings about, not what it has no link to, and lacks the arm."""
    (found,) = coverages(reasoner, evidence, [["stroke"]])
    names = {"onset", "laterality", "facial_weakness"}
    assert {one.item for one in found.explained} == names
    assert [one.item for one in found.unexplained] == ["varicose_veins_or_skin_change"]
    assert found.unexplained[0].share == 0.0
    assert [one.item for one in found.missing] == ["arm_weakness"]


def test_a_second_condition_explains_more(reasoner, evidence):
    """A set of conditions explains at least what each of its members does."""
    finding = "varicose_veins_or_skin_change"
    name = next(row.condition for row in reasoner.knowledge.link if row.finding == finding)
    sets = [["stroke"], [name], ["stroke", name], []]
    one, other, both, none = coverages(reasoner, evidence, sets)
    shares = [{row.item: row.share for row in c.explained + c.unexplained} for c in (one, other)]
    for row in both.explained + both.unexplained:
        assert row.share >= max(share[row.item] for share in shares) - 0.05
    assert not both.unexplained
    assert not none.explained
    assert {row.share for row in none.unexplained} == {0.0}
    assert not none.missing


def test_a_grade_lower_than_expected_is_missing(reasoner):
    """A stroke that began gradually lacks its sudden onset; the lowest grade needs no cause."""
    evidence = read_evidence({"onset": "gradual"}, reasoner.vocabulary)
    (found,) = coverages(reasoner, evidence, [["stroke"]])
    assert not found.explained + found.unexplained
    assert [(one.item, one.value) for one in found.missing] == [("onset", "gradual")]


def test_an_unknown_condition_is_an_input_error(reasoner, evidence):
    """Every name that is no condition is listed."""
    with pytest.raises(InputError) as caught:
        coverages(reasoner, evidence, [["strok"], ["stroke", "gout_of_the_knee"]])
    assert [one.where for one in caught.value.problems] == ["strok", "gout_of_the_knee"]


def test_what_is_refused_is_said(reasoner, evidence):
    """Past the limit no finding is called explained or not."""
    (found,) = coverages(dataclasses.replace(reasoner, max_steps=1.0), evidence, [["stroke"]])
    assert set(found.unsaid) == set(CELLS) - {"age", "spinal_stenosis"}
    assert not found.explained + found.unexplained


def test_coverage_as_json_and_text(reasoner, evidence):
    """Both views name what is not explained and what is missing."""
    (found,) = coverages(reasoner, evidence, [["stroke"]])
    view = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert view["missing"][0]["item"] == "arm_weakness"
    shown = " ".join(" ".join(coverage_lines(found, reasoner.knowledge)).split())
    labels = reasoner.knowledge.labels
    assert "explains 3 of 4 findings" in shown
    assert f"Does not explain: {labels['varicose_veins_or_skin_change']}: present" in shown
    assert f"Would also show: {labels['arm_weakness']} (in 8" in shown


def test_the_ledger_in_words_never_mixes_its_readings(reasoner, evidence):
    """Each reading stands under its own sentence, in lines that are not wide."""
    both = [
        one
        for reading in READINGS
        for one in accounts(reasoner, evidence, ["stroke"], reading=reading)
    ]
    shown = ledger_text(both, reasoner.knowledge, coverages(reasoner, evidence, [["stroke"]]))
    heads = ("GIVEN THE OTHERS", "IN SEQUENCE", "EXPLAINED OR NOT")
    places = [shown.index(words) for words in heads]
    assert places == sorted(places)
    assert max(len(line) for line in shown.splitlines()) <= 78
    assert "65 and over" in " ".join(shown.split())
    (last,) = accounts(reasoner, evidence, ["stroke"], reading=IN_SEQUENCE)
    assert "Known already" in shown[places[1] :]
    assert last.weights[-1].item == "spinal_stenosis"
