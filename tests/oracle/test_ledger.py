"""Ledger and coverage against sums over the whole joint distribution of a small network."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from model.evidence import read_evidence
from model.reasons.coverage import coverages
from model.reasons.ledger import IN_SEQUENCE, READINGS, accounts
from tests.oracle.small import brute_force
from tests.oracle.small_base import Small, small_base

CELLS = {
    "age": "70",
    "diuretic": "present",
    "onset": "rapid",
    "laterality": "both_legs",
    "foot_drop": "present",
    "muscle_cramps": "present",
    "back_pain": "absent",
}


@pytest.fixture(scope="module")
def small() -> Small:
    """A small knowledge base."""
    return small_base()


@pytest.fixture(scope="module")
def sets(small):
    """P(exactly these conditions | items), by brute force, once for each group of items."""

    @cache
    def found(pairs):
        return small.sets(read_evidence(dict(pairs), small.reasoner.vocabulary))

    return lambda cells: found(tuple(cells.items()))


def odds(small: Small, sets: dict[tuple[str, ...], float], name: str) -> float:
    """log10 odds of a condition, a category or nothing modelled."""
    knowledge = small.reasoner.knowledge
    if name == "unexplained":
        share = sets[()]
    else:
        members = {row.id for row in knowledge.condition if name in (row.id, row.category)}
        share = sum(p for present, p in sets.items() if members & set(present))
    return math.log10(share) - math.log10(1 - share)


@pytest.mark.parametrize("reading", READINGS)
def test_every_weight_equals_brute_force(small, sets, reading):
    """A weight is the difference of two sums over every joint state, in both readings."""
    category = small.reasoner.knowledge.category[0].id
    evidence = read_evidence(CELLS, small.reasoner.vocabulary)
    names = ("hypokalaemia", category, "unexplained")
    for account in accounts(small.reasoner, evidence, names, reading=reading):
        known: dict[str, str] = {}
        before = odds(small, sets({}), account.id)
        assert account.pretest_log_odds == pytest.approx(before, abs=1e-9)
        whole = odds(small, sets(CELLS), account.id)
        for one in account.weights:
            if reading == IN_SEQUENCE:
                known[one.item] = CELLS[one.item]
                after = odds(small, sets(known), account.id)
            else:
                rest = {name: value for name, value in CELLS.items() if name != one.item}
                before, after = odds(small, sets(rest), account.id), whole
            assert one.weight == pytest.approx(after - before, abs=1e-9)
            before = after


@pytest.mark.parametrize("names", [("hypokalaemia",), ("stroke", "lumbar_disc_radiculopathy")])
def test_coverage_equals_cutting_the_links(small, names):
    """A share is what is left when the conditions' own links to a finding are cut."""
    reasoner, net = small.reasoner, small.reasoner.engine.net
    evidence = read_evidence(CELLS, reasoner.vocabulary)
    members = [reasoner.knowledge.condition_index[name] for name in names]
    strength, row = net.strength.copy(), net.row.copy()
    strength[members] = 0.0
    row[members] = 0.0
    row[members, :, 0] = 1.0
    cut = net._replace(strength=strength, row=row)
    base = small.case(evidence)._replace(
        finding=np.full(net.parent.size, -1, np.int8),
        condition=np.isin(np.arange(net.rate.size), members).astype(np.int8),
    )

    def chance(one, finding, code):
        codes = base.finding.copy()
        codes[finding] = code
        up = net.parent[finding]
        while up >= 0 and code == 1 and net.graded[up] < 0:
            codes[up] = 1
            up = net.parent[up]
        whole = brute_force(one, base)["total"]
        return brute_force(one, base._replace(finding=codes))["total"] / whole

    (found,) = coverages(reasoner, evidence, [names])
    for covered in found.explained + found.unexplained:
        finding = reasoner.knowledge.finding_index[covered.item]
        values = reasoner.vocabulary.index[covered.item].values
        code = values.index(covered.value)
        here, there = ([chance(one, finding, g) for g in range(code + 1)] for one in (net, cut))
        assert covered.probability == pytest.approx(here[code], abs=1e-9)
        # the members stay below: they did not produce it, and the others alone did
        below = sum(here[:code]) / sum(there[:code])
        share = 1 - below * there[code] / here[code]
        assert covered.share == pytest.approx(share, abs=1e-9)
