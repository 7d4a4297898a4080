"""Joint explanations and explaining away on the shipped knowledge base."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from app.reasons.together import away_lines, together_lines
from model.errors import InputError, TooWideError
from model.evidence import read_evidence
from model.reasons.rivals import explaining_away, rivals
from model.reasons.together import together
from tests.vignettes import read

PATIENTS = [*read("documents")[:4], *read("ordinary")[:3]]


@pytest.mark.parametrize("patient", PATIENTS, ids=lambda one: one.id)
def test_a_set_has_the_probability_of_its_full_assignment(patient, reasoner):
    """Each probability is that of the evidence with every condition known, by the engine."""
    v = reasoner.vocabulary
    evidence = read_evidence(patient.evidence, v)
    found = together(reasoner, evidence)
    assert found.proven
    settled = reasoner.closure.settle(evidence.codes[None, :]).engine[0]
    whole = reasoner.engine.log_probability(reasoner.case(settled))
    for one in found.explanations:
        codes = settled.copy()
        codes[v.columns("condition")] = [
            row.id in one.conditions for row in reasoner.knowledge.condition
        ]
        log = reasoner.engine.log_probability(reasoner.case(codes)) - whole
        assert one.probability == pytest.approx(math.exp(log), rel=1e-9)
    shares = [one.probability for one in found.explanations]
    assert shares == sorted(shares, reverse=True)
    assert found.covered + found.bound <= 1 + 1e-9


def test_nothing_modelled_is_the_empty_set(reasoner):
    """The empty set has the probability that nothing modelled explains it."""
    evidence = read_evidence({"age": "50"}, reasoner.vocabulary)
    found = together(reasoner, evidence, first=3)
    (empty,) = [one for one in found.explanations if not one.conditions]
    expected = reasoner.assess(evidence).unexplained
    assert empty.probability == pytest.approx(expected, rel=1e-9)
    assert "nothing modelled" in " ".join(together_lines(found, reasoner.knowledge))


def test_a_diagnosis_made_holds_in_every_set(reasoner):
    """What is confirmed is in every set and what is excluded in none."""
    cells = {"age": "70", "stroke": "present", "dehydration": "absent", "foot_drop": "present"}
    found = together(reasoner, read_evidence(cells, reasoner.vocabulary), first=8)
    for one in found.explanations:
        assert "stroke" in one.conditions
        assert "dehydration" not in one.conditions


def test_a_search_that_is_stopped_says_so(reasoner):
    """Stopped, the sets are not proven best, and the words say how much another may have."""
    evidence = read_evidence(PATIENTS[0].evidence, reasoner.vocabulary)
    told = []
    found = together(
        reasoner,
        evidence,
        first=30,
        cancelled=lambda: True,
        progress=lambda done, total: told.append((done, total)),
    )
    assert not found.proven
    assert found.explanations
    assert len(told) == 1
    assert "Not proven best" in " ".join(together_lines(found, reasoner.knowledge))
    view = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert view["proven"] is False


def test_what_is_past_the_limit_is_refused(reasoner):
    """Without a posterior of the evidence there are no sets and no pairs."""
    narrow = dataclasses.replace(reasoner, max_steps=1.0)
    evidence = read_evidence(PATIENTS[0].evidence, reasoner.vocabulary)
    with pytest.raises(TooWideError):
        together(narrow, evidence)
    with pytest.raises(TooWideError):
        rivals(narrow, evidence)


def test_a_shared_finding_is_explained_away(reasoner):
    """Of two diseases that explain one finding, confirming one lowers the other."""
    cells = {"age": "60", "laterality": "one_leg", "radiating_leg_pain": "present"}
    cells |= {"creatine_kinase_very_high": "present", "dark_urine": "present"}
    evidence = read_evidence(cells, reasoner.vocabulary)
    found = explaining_away(reasoner, evidence, "rhabdomyolysis", "inflammatory_myopathy")
    assert found.pull < 0
    assert found.given_present[1] < found.now[1] < found.given_absent[1]
    lines = away_lines([found], reasoner.knowledge)
    assert "explain each other away" in " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= 78
    assert np.isfinite(list(found.to_dict()["now"])).all()


@pytest.mark.parametrize("pair", [("stroke", "strok"), ("stroke", "stroke"), ("stroke", "anaemia")])
def test_only_two_open_conditions_can_be_paired(reasoner, pair):
    """A name that is no condition, is known already, or stands twice is an input error."""
    evidence = read_evidence({"anaemia": "absent"}, reasoner.vocabulary)
    with pytest.raises(InputError) as caught:
        explaining_away(reasoner, evidence, *pair)
    assert caught.value.problems[0].where == pair[1]


@pytest.mark.parametrize("first", [-1, 0, 1])
def test_a_pair_needs_two(reasoner, first):
    """Fewer than two leading conditions make no pair."""
    with pytest.raises(ValueError, match="2 conditions or more"):
        rivals(reasoner, read_evidence({"age": "50"}, reasoner.vocabulary), first=first)


def test_contradictory_evidence_has_no_explanation(reasoner):
    """Evidence that contradicts itself is an input error here as everywhere."""
    evidence = read_evidence({"tsh_high": "present", "tsh_low": "present"}, reasoner.vocabulary)
    for ask in (together, rivals):
        with pytest.raises(InputError):
            ask(reasoner, evidence)
