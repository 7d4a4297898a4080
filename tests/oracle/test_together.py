"""Joint explanations and explaining away against every set of conditions of a small network."""

from __future__ import annotations

import math

import pytest

from model.evidence import read_evidence
from model.reasons.rivals import explaining_away, rivals
from model.reasons.together import together
from tests.oracle.small_base import CONDITIONS, Small, small_base

PATIENTS = (
    {},
    {"age": "70", "onset": "rapid", "foot_drop": "present", "muscle_cramps": "present"},
    {"age": "70", "diuretic": "present", "potassium_low": "present", "hypokalaemia": "absent"},
    {"age": "50", "stroke": "present", "muscle_cramps": "present", "back_pain": "present"},
    {
        "age": "30",
        "muscle_cramps": "present",
        "soft": {"stroke": 6, "hypomagnesaemia": 0.4, "back_pain": 3},
    },
)


@pytest.fixture(scope="module")
def small() -> Small:
    """A small knowledge base."""
    return small_base()


@pytest.mark.parametrize("cells", PATIENTS)
def test_the_best_sets_equal_enumeration(small, cells):
    """The sets, their probabilities and their order are those of a list of all sets."""
    evidence = read_evidence(cells, small.reasoner.vocabulary)
    every = {one: share for one, share in small.sets(evidence).items() if share > 0}
    listed = sorted(every.items(), key=lambda pair: -pair[1])
    for first in (1, 5, len(listed), len(listed) + 7):
        found = together(small.reasoner, evidence, first=first)
        assert found.proven
        assert len(found.explanations) == min(first, len(listed))
        for one, (_, share) in zip(found.explanations, listed, strict=False):
            assert one.probability == pytest.approx(share, abs=1e-12)
            assert every[one.conditions] == pytest.approx(one.probability, abs=1e-12)
        assert found.covered == pytest.approx(sum(p for _, p in listed[:first]), abs=1e-12)
        rest = listed[first][1] if first < len(listed) else 0.0
        assert rest - 1e-12 <= found.bound <= found.explanations[-1].probability
    assert found.covered == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("most_calls", [1, 20, 60])
@pytest.mark.parametrize("cells", PATIENTS[:3])
def test_what_is_not_proven_says_so(small, cells, most_calls):
    """Stopped early, the sets listed are true, and none that is left out beats the bound."""
    evidence = read_evidence(cells, small.reasoner.vocabulary)
    every = small.sets(evidence)
    found = together(small.reasoner, evidence, first=20, most_calls=most_calls)
    for one in found.explanations:
        assert one.probability == pytest.approx(every[one.conditions], abs=1e-12)
    listed = {one.conditions for one in found.explanations}
    left = max(share for one, share in every.items() if one not in listed)
    assert left <= found.bound + 1e-12
    if found.proven:
        assert left <= found.explanations[-1].probability + 1e-12
    assert most_calls > 1 or not found.proven


def test_two_common_diseases_can_beat_one_rare_one(small):
    """Two findings, each of a common disease, are best explained by both."""
    cells = {"age": "70", "potassium_low": "present", "laterality": "one_side_of_body"}
    cells |= {"onset": "sudden"}
    evidence = read_evidence(cells, small.reasoner.vocabulary)
    best = together(small.reasoner, evidence, first=1).explanations[0]
    assert set(best.conditions) == {"hypokalaemia", "stroke"}
    assert not best.coverage.unexplained


@pytest.mark.parametrize("cells", [PATIENTS[1], PATIENTS[4]])
def test_explaining_away_equals_enumeration(small, cells):
    """Before and after are conditional probabilities; the pull is the odds ratio of the two."""
    evidence = read_evidence(cells, small.reasoner.vocabulary)
    every = small.sets(evidence)

    def share(*, there=(), away=()):
        return sum(
            p for one, p in every.items() if set(there) <= set(one) and not set(away) & set(one)
        )

    for a, b in (("hypokalaemia", "hypomagnesaemia"), ("stroke", "lumbar_disc_radiculopathy")):
        found = explaining_away(small.reasoner, evidence, a, b)
        both, neither = share(there=(a, b)), share(away=(a, b))
        one, other = share(there=(a,), away=(b,)), share(there=(b,), away=(a,))
        assert found.now == pytest.approx((share(there=(a,)), share(there=(b,))), abs=1e-12)
        assert found.both == pytest.approx(both, abs=1e-12)
        expected = both / share(there=(b,)), both / share(there=(a,))
        assert found.given_present == pytest.approx(expected, abs=1e-12)
        expected = one / share(away=(b,)), other / share(away=(a,))
        assert found.given_absent == pytest.approx(expected, abs=1e-12)
        assert found.pull == pytest.approx(math.log10(both * neither / (one * other)), abs=1e-9)


def test_rivals_are_all_pairs_of_the_leading(small):
    """The pairs of the leading conditions are all there, the strongest pull first."""
    evidence = read_evidence(PATIENTS[3], small.reasoner.vocabulary)
    found = rivals(small.reasoner, evidence, first=3)
    assert len(found) == 3
    pulls = [abs(one.pull) for one in found]
    assert pulls == sorted(pulls, reverse=True)
    named = {name for one in found for name in one.conditions}
    assert "stroke" not in named
    assert named <= set(CONDITIONS)
