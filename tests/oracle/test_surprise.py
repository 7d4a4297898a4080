"""Percentiles and clashes against a list of everything a patient of a small network can show."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from model.evidence import read_evidence
from model.reasons.peers import fixed, leaning, likelihood, ratio
from model.reasons.surprise import surprise
from model.simulate import patients
from tests.oracle.small_base import Small, small_base

#: Given, then the findings looked at, all of one patient.
PATIENTS = (
    ({"age": "50"}, {"onset": "sudden", "foot_drop": "present", "potassium_low": "absent"}),
    (
        {"age": "70", "sex": "male", "diuretic": "present", "poor_glucose_control": "absent"},
        {"muscle_cramps": "present", "glucose_or_hba1c_high": "present", "back_pain": "absent"},
    ),
    (
        {"age": "30", "hypomagnesaemia": "present", "stroke": "absent", "diuretic": "absent"},
        {"laterality": "both_legs", "muscle_cramps": "present", "potassium_low": "present"},
    ),
    (
        {"hypokalaemia": "present", "stroke": "present"},
        {"glucose_or_hba1c_high": "present", "onset": "sudden", "foot_drop": "absent"},
    ),
    (
        {"age": "50", "stroke": "absent"},
        {"foot_drop": "present", "objective_weakness": "present", "back_pain": "absent"},
    ),
)

#: What is known of causes when patients are weighed.
KNOWN = (
    {"hypokalaemia": "present"},
    {"hypokalaemia": "present", "stroke": "present", "diabetes": "absent"},
    {"hypomagnesaemia": "present", "stroke": "absent", "age": "30", "diabetes": "present"},
)


@pytest.fixture(scope="module")
def small() -> Small:
    """A small knowledge base."""
    return small_base()


def chance(small: Small, cells: dict[str, str]) -> float:
    """P(items, complaint) by brute force."""
    total = small.brute(read_evidence(cells, small.reasoner.vocabulary))["total"]
    return float(total)  # type: ignore[arg-type]


def patterns(small: Small, given: dict[str, str], items: tuple[str, ...]):
    """Every way the items can turn out, with P(it | complaint, given)."""
    whole = chance(small, given)
    values = [small.reasoner.vocabulary.index[name].values for name in items]
    for chosen in product(*values):
        cells = dict(zip(items, chosen, strict=True))
        codes = read_evidence(cells, small.reasoner.vocabulary).codes
        if small.reasoner.closure.settle(codes[None, :]).bad.any():
            continue  # it cannot be
        yield cells, chance(small, {**given, **cells}) / whole


def implied_by(cells: dict[str, str]) -> set[tuple[str, str]]:
    """What a present foot drop says of the findings it refines, and the absent ones of it."""
    said = set()
    if cells.get("foot_drop") == "present":
        said |= {("distal_weakness", "present"), ("objective_weakness", "present")}
    if "absent" in (cells.get("distal_weakness"), cells.get("objective_weakness")):
        said.add(("foot_drop", "absent"))
    return said


@pytest.mark.parametrize(("given", "findings"), PATIENTS)
def test_percentiles_equal_those_of_every_pattern(small, given, findings):
    """The share of simulated patients below this one is that of all patterns below it."""
    evidence = read_evidence({**given, **findings}, small.reasoner.vocabulary)
    found = surprise(small.reasoner, evidence, n=20_000, seed=3)
    single = {}
    for name in findings:
        for cells, share in patterns(small, given, (name,)):
            single[name, cells[name]] = share

    def alone_of(cells):
        """The product over what no other finding of these implies."""
        kept = [item for item in cells.items() if item not in implied_by(cells)]
        return math.log(math.prod(single[item] for item in kept))

    listed = [
        (math.log(share), alone_of(cells), share, cells)
        for cells, share in patterns(small, given, tuple(findings))
    ]
    assert sum(one[2] for one in listed) == pytest.approx(1.0, abs=1e-9)
    log, alone = next(one[:2] for one in listed if one[3] == findings)
    assert found.probability.value == pytest.approx(log, abs=1e-9)
    below = sum(one[2] for one in listed if one[0] <= log + 1e-9)
    assert found.probability.percentile == pytest.approx(
        below, abs=5 * found.probability.error + 1e-9
    )
    conflict = (alone - log) / math.log(10)
    assert found.conflict.value == pytest.approx(conflict, abs=1e-9)
    worse = sum(one[2] for one in listed if one[1] - one[0] >= (alone - log) - 1e-9)
    assert found.conflict.percentile == pytest.approx(worse, abs=5 * found.conflict.error + 1e-9)
    assert 0 < found.probability.error < 0.01
    assert (found.uncounted, found.discarded) == (0, 0)
    diagnosed = any(row.id in given for row in small.reasoner.knowledge.condition)
    assert (found.effective < 0.999 * found.patients) == diagnosed
    assert found.effective > 0.7 * found.patients


def test_clashes_equal_brute_force(small):
    """A clash is how much less often two findings are together than if they were unrelated."""
    given, findings = PATIENTS[1][0], {"onset": "sudden", "muscle_cramps": "present"}
    evidence = read_evidence({**given, **findings}, small.reasoner.vocabulary)
    knowledge = small.reasoner.knowledge
    low = tuple(
        row.model_copy(update={"value": 1e-9}) if row.id == "clash" else row
        for row in knowledge.threshold
    )
    reasoner = replace(small.reasoner, knowledge=replace(knowledge, threshold=low))
    whole = chance(small, given)
    one, other = (chance(small, {**given, name: value}) / whole for name, value in findings.items())
    both = chance(small, {**given, **findings}) / whole
    weight = math.log10(one * other / both)
    (clash,) = surprise(reasoner, evidence, n=50).clashes
    assert clash.items == tuple(findings)
    assert clash.weight == pytest.approx(weight, abs=1e-9)
    assert weight > 0


@pytest.mark.parametrize("denied", [("poor_glucose_control",), ()])
def test_what_is_fixed_gives_the_rest_its_probability(small, denied):
    """A context denied makes the one that it would imply less likely, as brute force says."""
    net, v = small.reasoner.engine.net, small.reasoner.vocabulary
    evidence = read_evidence(dict.fromkeys(denied, "absent"), v)
    contexts = evidence.codes[v.columns("context")]
    conditions = evidence.codes[v.columns("condition")]
    prior = fixed(net, contexts, conditions, -1, -1).context_prior
    diabetes = small.reasoner.knowledge.context_index["diabetes"]
    poor = small.reasoner.knowledge.context_index["poor_glucose_control"]
    p, q = net.context_prior[diabetes], net.context_prior[poor]
    expected = p * (1 - q) / (1 - p * q) if denied else p
    assert prior[diabetes] == pytest.approx(expected, rel=1e-12)
    assert prior[poor] == (0.0 if denied else q)
    assert np.isfinite(prior).all()


@pytest.mark.parametrize("cells", KNOWN)
def test_weighed_patients_are_those_of_the_posterior(small, cells):
    """Drawn near their posterior and weighed, contexts, age and sex have that of brute force."""
    net, v = small.reasoner.engine.net, small.reasoner.vocabulary
    case = small.case(read_evidence(cells, v))
    truth = small.reasoner.engine.posterior(case, contexts=True)
    base = fixed(net, case.context, case.condition, case.band, case.sex)
    near = leaning(base, truth)
    people = patients(near, 40_000, np.random.default_rng(4))
    corrected = ratio(base, near, people)
    weight = corrected * likelihood(net, people, case.condition)
    assert weight.sum() ** 2 / (weight**2).sum() > 0.2 * len(weight)
    share = weight / weight.sum()
    error = 5 * math.sqrt((share**2).sum())
    assert share @ people.context == pytest.approx(truth.context, abs=error)
    assert share @ people.condition == pytest.approx(truth.condition, abs=error)
    for band, expected in enumerate(truth.age):
        assert share @ (people.band == band) == pytest.approx(expected, abs=error)
    assert share @ (people.sex == 1) == pytest.approx(truth.sex[1], abs=error)
    # every condition known here is certain, so all are kept and the ratio averages to 1
    spread = corrected.std() / math.sqrt(len(corrected))
    assert corrected.mean() == pytest.approx(1.0, abs=5 * spread + 1e-9)
