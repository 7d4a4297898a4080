"""Surprise: where a patient stands among simulated ones, and what may be made of it."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from app.reasons.surprise import surprise_lines
from model.errors import InputError, StoppedError, TooWideError
from model.evidence import Evidence, read_evidence
from model.reasons.surprise import surprise
from model.simulate import patients
from tests.vignettes import read

CELLS = {
    "age": "70",
    "sex": "female",
    "onset": "sudden",
    "laterality": "one_side_of_body",
    "facial_weakness": "present",
    "foot_drop": "absent",
}
#: A diagnosis behind which stands a context that few simulated patients have.
RARE = {
    "age": "60",
    "chemotherapy_neuropathy": "present",
    "fatigue": "absent",
    "back_pain": "present",
    "laterality": "both_legs",
}
PATIENTS = {one.id: one.evidence for one in read("outside")}


def of(reasoner, cells, **options):
    """The surprise of one patient."""
    return surprise(reasoner, read_evidence(cells, reasoner.vocabulary), **{"n": 150, **options})


def test_the_same_seed_gives_the_same_answer(reasoner):
    """Equal seeds give equal answers; another seed differs by chance alone."""
    one, again, other = (of(reasoner, CELLS, seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one.probability.value == other.probability.value
    gap = abs(one.probability.percentile - other.probability.percentile)
    assert gap <= 6 * max(one.probability.error, other.probability.error)


def test_with_a_rare_diagnosis_the_seed_matters_as_little_as_is_said(reasoner):
    """The spread between seeds is the standard error, and the sample is worth most of its size."""
    found = [of(reasoner, RARE, n=400, seed=seed) for seed in range(8)]
    shares = np.array([one.probability.percentile for one in found])
    errors = np.array([one.probability.error for one in found])
    assert (abs(shares - 0.12) < 4 * errors).all()
    assert (errors < 0.025).all()
    assert min(one.effective for one in found) > 200
    assert {one.patients for one in found} == {400}
    assert not any(one.outside for one in found)


def test_a_diagnosis_with_a_rare_cause_leaves_enough_patients(reasoner):
    """The sample is worth enough where another condition stands behind what was diagnosed."""
    least = reasoner.knowledge.thresholds["surprise_least"]
    for name in sorted({row.condition for row in reasoner.knowledge.condition_link}):
        found = of(reasoner, {name: "present", "back_pain": "absent"})
        assert found.effective > 2 * least, name
        assert 0 <= found.probability.percentile <= 1, name


def test_too_few_patients_give_no_percentile(reasoner):
    """Below the least sample it is not known, and no cause outside is told from it."""
    cells = PATIENTS["brain_tumour_or_subdural"]
    assert of(reasoner, cells, n=60).outside == ("rarer",)
    found = of(reasoner, cells, n=20)
    for rank in (found.probability, found.conflict):
        assert math.isnan(rank.percentile)
        assert math.isnan(rank.error)
        assert (rank.low, rank.high) == (0.0, 1.0)
    assert found.outside == ()
    text = " ".join(" ".join(surprise_lines(found, reasoner.knowledge)).split())
    assert "as improbable or more: not known" in text
    assert "worth too few" in text
    assert "Nothing here says" not in text
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize("n", [0, -3])
def test_without_patients_there_is_nothing_to_compare(reasoner, n):
    """At least one simulated patient has to be asked for."""
    with pytest.raises(ValueError, match="at least 1 simulated patient"):
        of(reasoner, CELLS, n=n)


def test_a_share_of_none_is_not_certain(reasoner):
    """That none of the patients is as improbable has a standard error too."""
    found = of(reasoner, PATIENTS["brain_tumour_or_subdural"])
    assert found.probability.percentile == 0.0
    assert 0.25 / 150 < found.probability.error < 2 / 150


def test_one_fact_is_counted_once(reasoner):
    """What a finding implies adds no agreement, and is no item of its own in the conflict."""
    for cells in (
        {"foot_drop": "present"},
        {"objective_weakness": "absent"},
        {"foot_drop": "present", "distal_weakness": "present", "objective_weakness": "present"},
    ):
        assert of(reasoner, cells).conflict.value == pytest.approx(0.0, abs=1e-9)
    for cells in (CELLS, {**CELLS, "foot_drop": "present"}, PATIENTS["brain_tumour_or_subdural"]):
        evidence = read_evidence(cells, reasoner.vocabulary)
        conflict = reasoner.assess(evidence).conflict
        assert of(reasoner, cells).conflict.value == pytest.approx(conflict, abs=1e-9)


def test_pairs_that_were_not_compared_are_told(reasoner):
    """Stopped before the pairs, or where one is past the limit, clashes may be missing."""
    cells = {"laterality": "both_legs", "symmetrical": "absent", "onset": "sudden"}
    whole = of(reasoner, cells)
    assert (whole.uncompared, whole.stopped, len(whole.clashes)) == (0, False, 1)
    told = []
    found = of(
        reasoner,
        cells,
        progress=lambda done, total: told.append(done == total),
        cancelled=lambda: any(told),
    )
    assert found.probability == whole.probability
    assert (found.uncounted, found.uncompared, found.stopped) == (0, 3, True)
    assert found.clashes == ()
    text = " ".join(" ".join(surprise_lines(found, reasoner.knowledge)).split())
    assert "3 pairs of findings could not be compared" in text
    assert found.to_dict()["uncompared"] == 3


def test_what_is_compared_is_said(reasoner):
    """Findings are compared, age, sex, contexts and diagnoses given, soft items left out."""
    cells = {**CELLS, "diabetes": "present", "stroke": "absent", "soft": {"back_pain": 3}}
    found = of(reasoner, cells)
    names = {"onset", "laterality", "facial_weakness", "foot_drop"}
    assert {name for name, _ in found.findings} == names
    assert set(found.given) == {"age", "sex", "diabetes", "stroke"}
    assert found.left_out == ("back_pain",)
    assert found.patients == 150


def test_patients_of_the_model_stand_anywhere(reasoner):
    """Of the model's own patients about a share s stands at or below the percentile s."""
    rng = np.random.default_rng(11)
    people = patients(reasoner.engine.net, 60, rng)
    v = reasoner.vocabulary
    seen = rng.choice(v.columns("finding").stop, 8, replace=False)
    ranks = []
    for n in range(60):
        codes = v.blank()[0]
        codes[v.index["age"].column] = people.band[n]
        codes[v.columns("context")] = people.context[n]
        codes[seen] = people.finding[n, seen]
        try:
            ranks.append(surprise(reasoner, Evidence(codes), n=60).probability.percentile)
        except InputError:
            continue
    for share in (0.25, 0.5, 0.75):
        # at least: equal patterns are counted as unusual together
        assert np.mean(np.array(ranks) <= share) <= share + 4 * np.sqrt(0.25 / len(ranks))
    assert 0.4 < np.mean(ranks) < 0.9


def test_a_diagnosis_made_is_no_surprise(reasoner):
    """The findings of a rare disease are usual once it is confirmed."""
    cells = {"age": "60", "urinary_retention": "present", "saddle_numbness": "present"}
    before = of(reasoner, cells)
    after = of(reasoner, {**cells, "cauda_equina_syndrome": "present"})
    assert before.probability.percentile < 0.05
    assert after.probability.percentile > 0.2


def test_findings_that_clash_are_named(reasoner):
    """Two findings that are seldom together are a clash; two of one disease are none."""
    cells = {"laterality": "both_legs", "symmetrical": "absent"}
    (clash,) = of(reasoner, cells).clashes
    assert set(clash.items) == set(cells)
    assert clash.weight >= reasoner.knowledge.thresholds["clash"]
    assert not of(reasoner, {"onset": "sudden", "laterality": "one_side_of_body"}).clashes


def test_without_findings_nothing_is_unusual(reasoner):
    """A patient of whom only the age is known is like every other."""
    found = of(reasoner, {"age": "50"})
    assert found.findings == ()
    assert found.probability.percentile == 1.0
    assert not found.clashes + found.outside


def test_the_cause_may_lie_outside(reasoner):
    """Unusual findings that speak for nothing modelled say so; so does denying everything."""
    assert of(reasoner, PATIENTS["brain_tumour_or_subdural"]).outside == ("rarer",)
    denied = {row.id: "absent" for row in reasoner.knowledge.condition}
    assert "unexplained" in of(reasoner, {**CELLS, **denied}).outside
    assert of(reasoner, CELLS).outside == ()


@pytest.mark.parametrize("name", ["ordinary", "emergencies"])
def test_modelled_patients_are_seldom_said_to_lie_outside(reasoner, name):
    """Written-out patients with modelled causes raise at most one false alarm in twenty."""
    alarms = [bool(of(reasoner, one.evidence, n=100).outside) for one in read(name)]
    assert sum(alarms) <= len(alarms) / 20


def test_what_is_not_modelled_has_a_vignette_for_each_clue(reasoner):
    """Every cause of outside.csv is written out in the items of the vocabulary, with its clue."""
    rows = {one.id: one for one in read("outside")}
    assert list(rows) == [row.id for row in reasoner.knowledge.outside]
    for row in reasoner.knowledge.outside:
        assert rows[row.id].about["story"] == row.clue
        read_evidence(rows[row.id].evidence, reasoner.vocabulary)


def test_what_is_not_reached_widens_the_bounds(reasoner):
    """Stopped, or past the limit, simulated patients are neither usual nor unusual."""
    asked = []

    def later():
        asked.append(True)
        return len(asked) > 1

    found = of(reasoner, CELLS, cancelled=later)
    assert (found.uncounted, found.patients) == (150, 150)
    assert (found.probability.low, found.probability.high) == (0.0, 1.0)
    assert found.stopped
    assert math.isnan(found.probability.percentile)
    assert "no fair sample" in " ".join(surprise_lines(found, reasoner.knowledge))
    with pytest.raises(StoppedError):
        of(reasoner, CELLS, cancelled=lambda: True)
    quiet = {"age": "70", "sex": "female"} | dict.fromkeys(
        ("back_pain", "leg_pain", "numbness_or_tingling", "fatigue", "muscle_cramps"), "absent"
    )
    steps = reasoner.assess(read_evidence(quiet, reasoner.vocabulary)).steps
    narrow = dataclasses.replace(reasoner, max_steps=1.2 * steps)
    found = of(narrow, quiet)
    assert 0 < found.uncounted < found.patients
    assert found.probability.high - found.probability.low > 0


def test_errors_are_those_of_an_assessment(reasoner):
    """Contradictory evidence and evidence past the limit have no percentile."""
    with pytest.raises(InputError):
        of(reasoner, {"tsh_high": "present", "tsh_low": "present"})
    with pytest.raises(TooWideError):
        of(dataclasses.replace(reasoner, max_steps=1.0), CELLS)


def test_surprise_in_words_and_json(reasoner):
    """Both views give the percentile with its error; progress reaches its end."""
    told = []
    found = of(reasoner, CELLS, progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1]
    view = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert view["probability"]["percentile"] == pytest.approx(
        found.probability.percentile, rel=1e-5
    )
    lines = surprise_lines(found, reasoner.knowledge)
    assert max(map(len, lines)) <= 78
    assert "From 150 simulated patients" in " ".join(lines)
    assert "Nothing here says" in " ".join(lines)
    outside = of(reasoner, PATIENTS["brain_tumour_or_subdural"])
    assert "may lie outside" in " ".join(surprise_lines(outside, reasoner.knowledge))
    assert "No finding" in " ".join(surprise_lines(of(reasoner, {}), reasoner.knowledge))
