"""What holds of an assessment for every patient, however odd."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from model.assessment import Assessment
from model.engine import Engine, Posterior
from model.evidence import read_evidence
from model.knowledge import KnowledgeBase
from model.reasoner import Reasoner, build_reasoner
from model.screening import TIERS
from model.vocabulary import UNKNOWN, Vocabulary
from tests.property import patients

STATUSES = {"ok", "warning", "error", "refused", "failed"}

#: The widest cases are refused rather than waited for.
STEPS = 2e7


@pytest.fixture(scope="module")
def quick(reasoner: Reasoner) -> Reasoner:
    """The reasoner with a limit that keeps every example short."""
    return replace(reasoner, max_steps=STEPS)


def assess(reasoner: Reasoner, values: dict, *, sites: bool = False) -> Assessment:
    """Read and assess, keeping what is valid."""
    evidence = read_evidence(values, reasoner.vocabulary, lenient=True)
    return reasoner.assess(evidence, sites=sites)


def numbers(assessment: Assessment) -> np.ndarray:
    """Every probability of an assessment."""
    rows = assessment.conditions + assessment.categories + assessment.sites
    return np.array([row.probability for row in rows] + [assessment.unexplained])


class UnforeseenError(Exception):
    """What nobody thought of."""


@dataclass(frozen=True)
class Broken(Engine):
    """An engine that fails whatever it is asked."""

    def posterior(self, *_: object, **__: object) -> Posterior:
        """Fail, with a patient's value in the message."""
        raise UnforeseenError("Smith, 71")


@dataclass(frozen=True)
class Contrary(Engine):
    """An engine that answers the opposite of what is true."""

    def posterior(self, *args: object, **options: object) -> Posterior:
        """Swap present and absent."""
        true = super().posterior(*args, **options)
        return replace(true, condition=true.without, without=true.condition, group=1 - true.group)


def with_engine(reasoner: Reasoner, kind: type[Engine]) -> Reasoner:
    """The reasoner with another kind of engine over the same numbers."""
    engine = reasoner.engine
    return replace(reasoner, engine=kind(engine.net, engine.orders, engine.groups))


# ------------------------------------------------------------------ always an answer


@given(data=st.data())
def test_anything_at_all_is_answered(quick, data):
    """Any input gives an assessment with a known status, its screening and valid JSON."""
    values = data.draw(patients.odd(quick.vocabulary))
    found = assess(quick, values)
    assert found.status in STATUSES - {"failed"}
    assert found.has_differential == (found.status in {"ok", "warning"})
    assert (found.message == "") == (found.status == "ok")
    assert len(found.screening.rules) == len(quick.knowledge.rule)
    assert found.screening.disposition
    json.dumps(found.to_dict(), allow_nan=False)


@given(data=st.data())
def test_no_number_is_missing_or_certain(quick, data):
    """A condition that is not itself known is neither 0 nor 1, and nothing is NaN."""
    values = data.draw(patients.values(quick.vocabulary, conditions=False))
    values["soft"] = data.draw(patients.soft(quick.vocabulary))
    for name in set(values) & set(values["soft"]):
        del values["soft"][name]
    found = assess(quick, values)
    assume(found.has_differential)
    for row in found.conditions:
        assert 0 < row.probability <= 1
        assert 0 < row.complement <= 1
        assert math.isclose(row.probability + row.complement, 1, abs_tol=1e-12)
        assert 0 < row.pretest < 1
    for row in found.categories + found.sites:
        assert -1e-12 <= row.complement <= 1
        assert 0 < row.probability <= 1 + 1e-12
    assert 0 < found.unexplained < 1
    assert math.isfinite(found.log_evidence)
    assert math.isfinite(found.conflict)


@given(data=st.data())
def test_a_known_diagnosis_is_certain_and_no_other_is(quick, data):
    """Confirmed is 1, excluded is 0, and the rest stay open, whatever else is said."""
    vocabulary = quick.vocabulary
    diagnoses = vocabulary.items[vocabulary.columns("condition")]
    chosen = data.draw(
        st.dictionaries(
            st.sampled_from([item.id for item in diagnoses]),
            st.sampled_from(["present", "absent"]),
            max_size=6,
        )
    )
    found = assess(quick, data.draw(patients.consistent(vocabulary, most=8)) | chosen)
    assume(found.has_differential)
    for row in found.conditions:
        if row.id in chosen:
            certain = 1.0 if chosen[row.id] == "present" else 0.0
            assert (row.probability, row.complement) == (certain, 1 - certain)
            assert row.known == int(certain)
        else:
            assert 0 < row.probability <= 1
            assert row.complement > 0
            assert row.known == -1
    if "present" in chosen.values():
        assert found.unexplained == 0


def test_every_diagnosis_excluded_leaves_the_unexplained(quick):
    """With all conditions excluded the cause is unnamed, and nothing breaks."""
    diagnoses = quick.vocabulary.items[quick.vocabulary.columns("condition")]
    found = assess(quick, {item.id: "absent" for item in diagnoses})
    assert found.status == "ok"
    assert found.unexplained == pytest.approx(1, abs=1e-12)


def test_every_question_denied_is_answered(quick):
    """A patient who denies everything that can be denied has a differential."""
    denied = {
        item.id: "absent"
        for item in quick.vocabulary.items
        if item.kind in ("finding", "context") and not item.graded
    }
    assert assess(quick, denied).status == "ok"


def test_soft_evidence_gives_way_to_what_is_implied(quick):
    """A ratio for an item that a hard one implies is not used, and the item is shown as implied."""
    plain = assess(quick, {"foot_drop": "present"})
    found = assess(quick, {"foot_drop": "present", "soft": {"objective_weakness": 0.01}})
    assert found.evidence == plain.evidence
    assert numbers(found).tobytes() == numbers(plain).tobytes()


# ------------------------------------------------------------------ what does not matter


@given(data=st.data())
def test_the_order_of_entry_does_not_matter(quick, data):
    """The same facts in any order give the same bytes."""
    values = data.draw(patients.consistent(quick.vocabulary))
    likely = data.draw(patients.soft(quick.vocabulary))
    values["soft"] = {name: ratio for name, ratio in likely.items() if name not in values}
    one = assess(quick, values)
    names = data.draw(st.permutations(list(values)))
    turned = {name: values[name] for name in names}
    turned["soft"] = dict(reversed(values["soft"].items()))
    other = assess(quick, turned)
    assert one.to_dict() == other.to_dict()
    assert numbers(one).tobytes() == numbers(other).tobytes()


@given(data=st.data())
def test_an_unknown_item_changes_nothing(quick, data):
    """A blank, "unknown", "n/a" or null is the same as no entry."""
    vocabulary = quick.vocabulary
    values = data.draw(patients.consistent(vocabulary))
    names = st.sampled_from([item.id for item in vocabulary.items])
    blanks = data.draw(
        st.dictionaries(names, st.sampled_from(["", " ", "unknown", "NA", "n/a", None]), max_size=9)
    )
    one, other = assess(quick, values), assess(quick, {**blanks, **values})
    assert one.to_dict() == other.to_dict()
    assert numbers(one).tobytes() == numbers(other).tobytes()


@given(data=st.data())
def test_a_likelihood_ratio_of_one_changes_nothing(quick, data):
    """Soft evidence that is equally likely either way moves no probability."""
    vocabulary = quick.vocabulary
    values = data.draw(patients.consistent(vocabulary, most=15))
    one = assess(quick, values)
    likely = data.draw(patients.soft(vocabulary))
    weight = data.draw(st.sampled_from([1, 1.0]))
    values["soft"] = {
        name: dict.fromkeys(ratio, 0.37) if isinstance(ratio, dict) else weight
        for name, ratio in likely.items()
        if name not in values
    }
    other = assess(quick, values)
    assume(one.has_differential and other.has_differential)
    assert np.abs(numbers(one) - numbers(other)).max() <= 1e-12
    assert other.log_evidence == pytest.approx(one.log_evidence, abs=1e-9)
    assert other.conflict == pytest.approx(one.conflict, abs=1e-9)
    assert other.screening == one.screening


# ------------------------------------------------------------------ red flags first


@given(data=st.data())
def test_more_evidence_never_silences_a_red_flag(quick, data):
    """An answer to a blank question cannot turn a met rule into one not met."""
    vocabulary = quick.vocabulary
    values = data.draw(patients.values(vocabulary, most=15))
    evidence = read_evidence(values, vocabulary)
    closed = quick.closure.settle(evidence.codes[None, :]).rules[0]
    blank = [item for item in vocabulary.items if closed[item.column] == UNKNOWN]
    assume(blank)
    item = data.draw(st.sampled_from(blank))
    more = read_evidence({**values, item.id: data.draw(patients.cells(item))}, vocabulary)
    before = quick.screener.screen(closed)
    after = quick.screener.screen(quick.closure.settle(more.codes[None, :]).rules[0])
    for one, other in zip(before.rules, after.rules, strict=True):
        if one.state != "pending":
            assert other.state == one.state
    rank = {tier: place for place, tier in enumerate(TIERS)}
    assert rank.get(after.disposition, -1) >= rank.get(before.disposition, -1)
    highest = max(rank.get(before.disposition, -1), rank.get(before.could_rise_to, -1))
    if vocabulary.bedside[item.column] and highest >= 1:
        assert rank.get(after.disposition, -1) <= highest


@given(seed=st.integers(0, 2**32 - 1))
def test_more_evidence_never_silences_a_red_flag_of_many(quick, seed):
    """The same, for a thousand patients at once."""
    vocabulary, rng = quick.vocabulary, np.random.default_rng(seed)
    codes = vocabulary.blank(1000)
    for item in vocabulary.items:
        asked = rng.random(len(codes)) < 0.1
        codes[asked, item.column] = rng.integers(0, len(item.values), asked.sum())
    closed = quick.closure.settle(codes).rules
    more = codes.copy()
    for row in range(len(codes)):
        column = rng.choice(np.flatnonzero(closed[row] == UNKNOWN))
        more[row, column] = rng.integers(0, len(vocabulary.items[column].values))
    before = quick.screener.screen_many(closed)
    after = quick.screener.screen_many(quick.closure.settle(more).rules)
    decided = before.state != 0
    assert (after.state[decided] == before.state[decided]).all()


@given(data=st.data())
def test_the_screening_stands_when_inference_refuses(quick, data):
    """A refused posterior leaves the screening as it is, and says so with a stable code."""
    values = data.draw(patients.values(quick.vocabulary, most=15))
    whole = assess(quick, values)
    refused = assess(replace(quick, max_steps=0), values)
    assert refused.screening == whole.screening
    if whole.status != "error":
        assert refused.status == "refused"
        assert refused.message.startswith("too_wide: ")
        assert not refused.has_differential
        assert math.isnan(refused.unexplained)


@given(data=st.data())
def test_the_screening_stands_when_inference_fails(quick, data):
    """A failure of ours leaves the screening as it is, and no value leaks into the message."""
    values = data.draw(patients.values(quick.vocabulary, most=15))
    whole = assess(quick, values)
    failed = assess(with_engine(quick, Broken), values)
    assert failed.screening == whole.screening
    if whole.status != "error":
        assert failed.status == "failed"
        assert failed.message.startswith("inference_failed: ")
        assert "Smith" not in failed.message
        assert not failed.has_differential


@given(data=st.data())
def test_the_disposition_never_depends_on_the_posterior(quick, data):
    """An engine that says the opposite changes every number and no red flag."""
    values = data.draw(patients.consistent(quick.vocabulary, most=15))
    true, false = assess(quick, values), assess(with_engine(quick, Contrary), values)
    assume(true.has_differential)
    assert false.screening == true.screening
    assert not np.allclose(numbers(true), numbers(false))


@given(data=st.data())
def test_the_screening_is_that_of_no_setting(quick, elsewhere, data):
    """The same patient meets the same rules wherever they are seen."""
    values = data.draw(patients.values(quick.vocabulary, most=15))
    assert assess(elsewhere, values).screening == assess(quick, values).screening


@pytest.fixture(scope="module")
def elsewhere(knowledge: KnowledgeBase) -> Reasoner:
    """A neurology clinic that reads the documents alone."""
    there = build_reasoner(knowledge, setting="neurology_clinic", basis="documents")
    return replace(there, max_steps=STEPS)


# ------------------------------------------------------------------ numbers that belong together


@given(data=st.data())
def test_a_category_is_at_least_its_likeliest_condition(quick, data):
    """Categories and sites lie between the greatest and the sum of their conditions."""
    values = data.draw(patients.consistent(quick.vocabulary, most=15))
    found = assess(quick, values, sites=True)
    assume(found.has_differential)
    assert found.sites
    each = {row.id: row.probability for row in found.conditions}
    # a category and a site may share an id, so each kind has its own members
    members = {("category", row.id): [] for row in found.categories}
    members |= {("site", row.id): [] for row in found.sites}
    for condition in quick.knowledge.condition:
        members["category", condition.category].append(each[condition.id])
        for site in condition.sites:
            members["site", site].append(each[condition.id])
    groups = [("category", row) for row in found.categories]
    for kind, row in groups + [("site", row) for row in found.sites]:
        inside = members[kind, row.id]
        assert max(inside) - 1e-12 <= row.probability <= sum(inside) + 1e-12
        assert row.probability + row.complement == pytest.approx(1, abs=1e-12)
        # where nothing modelled is the cause, nobody of the group is
        assert row.probability <= 1 - found.unexplained + 1e-12


@given(data=st.data())
def test_ages_and_sexes_add_up(quick, data):
    """The posterior over age bands and over the sexes adds to 1, and a known one is certain."""
    values = data.draw(patients.consistent(quick.vocabulary, most=12))
    assume(assess(quick, values).has_differential)
    settled = quick.closure.settle(read_evidence(values, quick.vocabulary).codes[None, :])
    case = quick.case(settled.engine[0])
    posterior = quick.posterior(case)
    assert posterior.age.sum() == pytest.approx(1, abs=1e-12)
    assert posterior.sex.sum() == pytest.approx(1, abs=1e-12)
    assert (posterior.age >= 0).all()
    if case.band >= 0:
        assert posterior.age[case.band] == pytest.approx(1, abs=1e-15)
    else:
        assert (posterior.age > 0).all()
    if case.sex >= 0:
        assert posterior.sex[case.sex] == pytest.approx(1, abs=1e-15)


@given(data=st.data())
def test_one_answer_averages_out(quick, data):
    """Averaged over the answers to one more question, the posterior is what it was."""
    vocabulary: Vocabulary = quick.vocabulary
    values = data.draw(patients.consistent(vocabulary, most=8))
    before = assess(quick, values)
    assume(before.has_differential)
    given_only = {item.id for item in vocabulary.items if item.kind in ("context", "sex", "age")}
    closed = quick.closure.settle(read_evidence(values, vocabulary).codes[None, :]).engine[0]
    roots = [
        item
        for item in vocabulary.items[vocabulary.columns("finding")]
        if closed[item.column] == UNKNOWN
        and item.id not in given_only
        and not quick.knowledge.finding[item.column].refines
        and all(item.column not in pair for pair in quick.closure.excludes)
    ]
    item = data.draw(st.sampled_from(roots))
    total, mixed = 0.0, np.zeros_like(numbers(before))
    for value in item.values:
        after = assess(quick, {**values, item.id: value})
        # an answer against one of its own parts is an error, of probability 0
        if after.status == "error":
            continue
        assume(after.has_differential)
        # a note means that the answer was not taken as it stands
        assume(after.status == "ok" or before.status == "warning")
        weight = math.exp(after.log_evidence - before.log_evidence)
        total += weight
        mixed += weight * numbers(after)
    assert total == pytest.approx(1, abs=1e-9)
    assert np.abs(mixed - numbers(before)).max() <= 1e-9
