"""The ledger: each item's weight is what leaving it out does to the odds, and nothing else."""

from __future__ import annotations

import dataclasses
import math

import pytest

from model.errors import InputError, TooWideError
from model.evidence import read_evidence
from model.ledger import accounts

CELLS = {
    "age": "66",
    "sex": "male",
    "onset": "rapid",
    "foot_drop": "present",
    "back_pain": "present",
    "reflexes_increased": "absent",
    "diabetes": "present",
}
NAMES = ("lumbar_disc_radiculopathy", "diabetic_neuropathy", "stroke")


def log_odds(reasoner, cells, name):
    """log10 odds of a condition in an assessment of its own."""
    one = reasoner.assess(read_evidence(cells, reasoner.vocabulary))
    found = next(ranked for ranked in one.conditions if ranked.id == name)
    return math.log10(found.probability) - math.log10(found.complement)


def ledgers(reasoner, cells, names=NAMES):
    """The ledgers of some conditions, by id."""
    found = accounts(reasoner, read_evidence(cells, reasoner.vocabulary), tuple(names))
    return {account.id: account for account in found}


@pytest.fixture(scope="module")
def ledger(reasoner):
    """The ledgers of one patient."""
    return ledgers(reasoner, CELLS)


@pytest.mark.parametrize("item", CELLS)
def test_a_weight_is_the_difference_of_two_assessments(item, ledger, reasoner):
    """An item's weight is the log odds with everything, less those with everything but the item."""
    rest = {name: value for name, value in CELLS.items() if name != item}
    for name in NAMES:
        weight = next(one.weight for one in ledger[name].weights if one.item == item)
        brute = log_odds(reasoner, CELLS, name) - log_odds(reasoner, rest, name)
        assert weight == pytest.approx(brute, abs=1e-9)


def test_every_entered_item_has_a_weight(ledger):
    """Each entered item stands once in each ledger, the strongest in favour first."""
    for account in ledger.values():
        assert sorted(one.item for one in account.weights) == sorted(CELLS)
        weights = [one.weight for one in account.weights]
        assert weights == sorted(weights, reverse=True)


def test_pretest_and_posttest_are_those_of_the_assessment(ledger, reasoner):
    """A ledger starts at the pretest probability and ends at the posterior."""
    one = reasoner.assess(read_evidence(CELLS, reasoner.vocabulary))
    for ranked in one.conditions:
        if ranked.id in ledger:
            assert ledger[ranked.id].pretest == ranked.pretest
            assert ledger[ranked.id].posttest == pytest.approx(ranked.probability, rel=1e-12)


def test_ledgers_come_in_the_order_asked_for(reasoner):
    """Conditions are accounted for in the order they are named."""
    evidence = read_evidence({"age": "70"}, reasoner.vocabulary)
    for names in (NAMES, NAMES[::-1]):
        assert tuple(one.id for one in accounts(reasoner, evidence, names)) == names


def test_what_another_item_implies_weighs_nothing(reasoner):
    """An item that follows from another one entered adds nothing to it."""
    found = ledgers(reasoner, {"foot_drop": "present", "distal_weakness": "present"})
    for account in found.values():
        weights = {one.item: one.weight for one in account.weights}
        assert weights["distal_weakness"] == pytest.approx(0.0, abs=1e-12)
        assert abs(weights["foot_drop"]) > 1e-6


def test_soft_evidence_is_weighed_too(reasoner):
    """Soft evidence has a weight of its own, as two assessments give it."""
    cells = {
        "age": "66",
        "soft": {"foot_drop": 8, "onset": {"gradual": 1, "rapid": 2, "sudden": 3}},
    }
    found = ledgers(reasoner, cells)["lumbar_disc_radiculopathy"]
    for item, other in (("foot_drop", "onset"), ("onset", "foot_drop")):
        weight = next(one for one in found.weights if one.item == item)
        assert weight.value == "soft"
        rest = {"age": "66", "soft": {other: cells["soft"][other]}}
        brute = log_odds(reasoner, cells, found.id) - log_odds(reasoner, rest, found.id)
        assert weight.weight == pytest.approx(brute, abs=1e-9)


def test_a_known_diagnosis_weighs_on_the_others(reasoner):
    """A confirmed diagnosis is evidence about the others: it explains the findings away."""
    cells = {**CELLS, "stroke": "present"}
    found = ledgers(reasoner, cells, NAMES[:2])
    for name, account in found.items():
        weight = next(one.weight for one in account.weights if one.item == "stroke")
        brute = log_odds(reasoner, cells, name) - log_odds(reasoner, CELLS, name)
        assert weight == pytest.approx(brute, abs=1e-9)
        assert weight < 0


@pytest.mark.parametrize(("value", "posttest"), [("present", 1.0), ("absent", 0.0)])
def test_nothing_weighs_on_what_is_known(value, posttest, reasoner):
    """A condition that is known stays known whatever else is left out."""
    account = ledgers(reasoner, {**CELLS, "stroke": value}, ["stroke"])["stroke"]
    assert account.posttest == posttest
    assert [one.weight for one in account.weights] == [0.0] * len(CELLS)


def test_an_unknown_condition_is_an_input_error(reasoner):
    """Every name that is no condition is listed, with the nearest one."""
    evidence = read_evidence({"age": "70"}, reasoner.vocabulary)
    with pytest.raises(InputError) as caught:
        accounts(reasoner, evidence, ("strok", "stroke", "foot_drop_disease"))
    assert [problem.where for problem in caught.value.problems] == ["strok", "foot_drop_disease"]
    assert caught.value.problems[0].remedy == "Did you mean stroke?"


def test_contradictory_evidence_is_an_input_error(reasoner):
    """Evidence that contradicts itself has no ledger."""
    with pytest.raises(InputError) as caught:
        ledgers(reasoner, {"tsh_high": "present", "tsh_low": "present"})
    assert [problem.code for problem in caught.value.problems] == ["contradiction"]


def test_past_the_limit_there_is_no_ledger(reasoner):
    """A posterior past the limit is refused here as well."""
    with pytest.raises(TooWideError):
        ledgers(dataclasses.replace(reasoner, max_steps=1.0), CELLS)


def test_no_evidence_has_an_empty_ledger(reasoner):
    """With nothing entered nothing weighs, and the posterior is the pretest."""
    for account in ledgers(reasoner, {}).values():
        assert account.weights == ()
        assert account.posttest == pytest.approx(account.pretest, abs=1e-6)
