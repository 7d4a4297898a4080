"""The ledger: each item's weight is what leaving it out does to the odds, and nothing else."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

from app.reasons.ledger import account_lines, times
from model.errors import InputError, StoppedError, TooWideError
from model.evidence import read_evidence
from model.reasons.ledger import IN_SEQUENCE, READINGS, accounts
from tests.vignettes import read

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
            assert ledger[ranked.id].pretest == pytest.approx(ranked.pretest, rel=1e-9)
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


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"foot_drop": "present", "distal_weakness": "present"}, {"distal_weakness"}),
        ({"foot_drop": "absent", "distal_weakness": "absent"}, {"foot_drop"}),
        ({"foot_drop": "present", "reflexes_increased": "absent"}, set()),
    ],
)
def test_what_is_said_already_is_told_apart(cells, said, reasoner, knowledge):
    """An item that another implies is not called as likely either way: it adds nothing."""
    (account,) = ledgers(reasoner, cells, ["stroke"]).values()
    assert {one.item for one in account.weights if one.said} == said
    lines = "\n".join(account_lines(account, knowledge))
    assert ("Said by other items" in lines) == bool(said)


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


EVERYTHING = (*NAMES, "nerve_root_compression", "brain_and_spinal_cord", "unexplained")


def probability(assessment, name):
    """Probability and complement of a condition, a category or nothing modelled."""
    if name == "unexplained":
        return assessment.unexplained, 1 - assessment.unexplained
    for ranked in assessment.conditions + assessment.categories:
        if ranked.id == name:
            return ranked.probability, ranked.complement
    raise KeyError(name)


@pytest.fixture(scope="module")
def sequence(reasoner):
    """The ledgers of one patient in sequence, soft evidence and a diagnosis made included."""
    cells = {**CELLS, "spinal_stenosis": "absent", "soft": {"muscle_wasting": 4}}
    evidence = read_evidence(cells, reasoner.vocabulary)
    return cells, accounts(reasoner, evidence, EVERYTHING, reading=IN_SEQUENCE)


def test_in_sequence_the_parts_add_up_to_the_whole(sequence, reasoner):
    """Pretest log odds and the weights of all lines are the posterior log odds."""
    cells, found = sequence
    one = reasoner.assess(read_evidence(cells, reasoner.vocabulary))
    for account in found:
        present, absent = probability(one, account.id)
        whole = math.log10(present) - math.log10(absent)
        start = math.log10(account.pretest) - math.log10(1 - account.pretest)
        assert start + sum(w.weight for w in account.weights) == pytest.approx(whole, abs=1e-9)


@pytest.mark.parametrize("patient", read("ordinary")[:8], ids=lambda one: one.id)
def test_in_sequence_the_parts_of_any_patient_add_up(patient, reasoner):
    """So they do for any patient, whatever was entered."""
    evidence = read_evidence(patient.evidence, reasoner.vocabulary, lenient=True)
    first = reasoner.assess(evidence).ranking[0].id
    for account in accounts(reasoner, evidence, (first, "unexplained"), reading=IN_SEQUENCE):
        parts = account.pretest_log_odds + sum(one.weight for one in account.weights)
        assert parts == pytest.approx(account.log_odds, abs=1e-9)
        assert account.weights[-1].after == account.posttest


def test_in_sequence_each_line_is_an_assessment(sequence, reasoner):
    """The probability after a line is that of an assessment of the items up to it."""
    cells, found = sequence
    known = {}
    for number, one in enumerate(found[0].weights):
        if one.value == "soft":
            known["soft"] = {**known.get("soft", {}), one.item: cells["soft"][one.item]}
        else:
            known[one.item] = cells[one.item]
        assessment = reasoner.assess(read_evidence(known, reasoner.vocabulary))
        for account in found:
            line = account.weights[number]
            assert line.item == one.item
            assert line.after == pytest.approx(probability(assessment, account.id)[0], rel=1e-9)
            assert line.before == (account.weights[number - 1].after if number else account.pretest)


def test_in_sequence_items_stand_as_in_a_consultation(sequence, knowledge):
    """Age, sex, contexts; then history, examination and tests; then diagnoses already made."""
    order = [one.item for one in sequence[1][0].weights]
    assert order[:3] == ["age", "sex", "diabetes"]
    assert order[-1] == "spinal_stenosis"
    steps = {row.id: row.order for row in knowledge.step}
    middle = [steps[knowledge.item_step[name]] for name in order[3:-1]]
    assert middle == sorted(middle)


@pytest.mark.parametrize("item", ["foot_drop", "age"])
def test_categories_and_the_unexplained_are_weighed_too(item, reasoner):
    """Given the others, their weights are differences of two assessments as well."""
    evidence = read_evidence(CELLS, reasoner.vocabulary)
    rest = {name: value for name, value in CELLS.items() if name != item}
    both = [reasoner.assess(read_evidence(c, reasoner.vocabulary)) for c in (CELLS, rest)]
    for account in accounts(reasoner, evidence, EVERYTHING):
        odds = [
            math.log10(p) - math.log10(q) for p, q in (probability(a, account.id) for a in both)
        ]
        weight = next(one for one in account.weights if one.item == item)
        assert weight.weight == pytest.approx(odds[0] - odds[1], abs=1e-9)
        assert weight.before == pytest.approx(probability(both[1], account.id)[0], rel=1e-9)
        assert weight.after == account.posttest


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize(
    ("name", "posttest"), [("stroke", 1.0), ("brain_and_spinal_cord", 1.0), ("unexplained", 0.0)]
)
def test_what_a_diagnosis_decides_is_known(name, posttest, reading, reasoner):
    """A confirmed diagnosis decides its category and that something modelled is there."""
    evidence = read_evidence({**CELLS, "stroke": "present"}, reasoner.vocabulary)
    (account,) = accounts(reasoner, evidence, (name,), reading=reading)
    assert account.known
    assert account.posttest == pytest.approx(posttest, abs=1e-12)
    assert {one.weight for one in account.weights} == {0.0}


@pytest.mark.parametrize("reading", READINGS)
def test_what_cannot_be_weighed_says_so(reading, reasoner):
    """A posterior past the limit has no weight; in sequence the next line makes up for it."""
    denied = {row.id: "absent" for row in reasoner.knowledge.condition if row.id != "stroke"}
    wide = ("radiating_leg_pain", "numbness_or_tingling", "leg_pain", "difficulty_walking")
    later = dict.fromkeys(wide, "present") | denied if reading == IN_SEQUENCE else {}
    cells = CELLS | later
    evidence = read_evidence(cells, reasoner.vocabulary)
    steps = [reasoner.assess(read_evidence(c, reasoner.vocabulary)).steps for c in (cells, {})]
    narrow = dataclasses.replace(reasoner, max_steps=max(steps))
    (account,) = accounts(narrow, evidence, ("stroke",), reading=reading)
    refused = [one for one in account.weights if one.state == "refused"]
    assert refused
    assert all(math.isnan(one.weight) for one in refused)
    (free,) = accounts(reasoner, evidence, ("stroke",), reading=reading)
    if reading == IN_SEQUENCE:
        parts = sum(one.weight for one in account.weights if one.state == "ok")
        assert account.pretest_log_odds + parts == pytest.approx(account.log_odds, abs=1e-9)
    else:
        weights = {one.item: one.weight for one in free.weights}
        for one in account.weights:
            assert one.state == "refused" or one.weight == weights[one.item]


def test_a_reading_that_does_not_exist_is_refused(reasoner):
    """There are two readings and no mixture of them."""
    with pytest.raises(ValueError, match="reading is one of"):
        accounts(reasoner, read_evidence({}, reasoner.vocabulary), NAMES, reading="both")


def test_a_ledger_can_be_stopped(reasoner):
    """Stopped before anything was computed there is no ledger; progress is told otherwise."""
    evidence = read_evidence(CELLS, reasoner.vocabulary)
    with pytest.raises(StoppedError):
        accounts(reasoner, evidence, NAMES, cancelled=lambda: True)
    told = []
    accounts(reasoner, evidence, NAMES, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(CELLS) + 2, len(CELLS) + 2)


def test_a_ledger_as_json_has_every_line(reasoner):
    """The JSON view is plain and complete."""
    evidence = read_evidence(CELLS, reasoner.vocabulary)
    for account in accounts(reasoner, evidence, EVERYTHING, reading=IN_SEQUENCE):
        view = json.loads(json.dumps(account.to_dict(), allow_nan=False))
        assert [one["item"] for one in view["weights"]] == [w.item for w in account.weights]
        assert view["reading"] == IN_SEQUENCE


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (0.0, "as likely either way"),
        (0.04, "as likely either way"),
        (0.1, "about 1.3 times likelier"),
        (math.log10(6), "about 6 times likelier"),
        (-math.log10(17), "about 17 times less likely"),
        (math.log10(140), "about 140 times likelier"),
        (math.log10(996), "about 1,000 times likelier"),
        (-5.0, "over 1,000 times less likely"),
        (400.0, "over 1,000 times likelier"),
    ],
)
def test_a_weight_is_said_as_a_factor(weight, words):
    """A weight is said in round numbers of times."""
    assert times(weight) == words
