"""Every written-out patient in every setting, from every basis."""

from __future__ import annotations

import math

import pytest

from model.evidence import read_evidence
from model.knowledge import BASES, SETTINGS
from model.reasoner import build_reasoner
from tests.vignettes import read

FILES = ("documents", "ordinary", "emergencies")
VIGNETTES = [vignette for name in FILES for vignette in read(name)]


def test_the_files_hold_what_they_promise(knowledge):
    """Every id is unique, and every diagnosis and rule named exists."""
    names = [vignette.id for vignette in VIGNETTES]
    assert len(set(names)) == len(names)
    diagnoses = {row.id for row in knowledge.condition}
    rules = {row.id for row in knowledge.rule}
    for vignette in VIGNETTES:
        about = vignette.about
        assert set(about.get("label", "").split()) <= diagnoses
        assert set(about.get("rule", "").split() + about.get("rules", "").split()) <= rules


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("setting", SETTINGS)
def test_every_vignette_is_assessed(knowledge, setting, basis):
    """No written-out patient is contradictory, too wide or beyond us, wherever they are seen."""
    reasoner = build_reasoner(knowledge, setting=setting, basis=basis)
    for vignette in VIGNETTES:
        evidence = read_evidence(vignette.evidence, reasoner.vocabulary)
        found = reasoner.assess(evidence)
        assert found.status in {"ok", "warning"}, f"{vignette.id}: {found.message}"
        assert all(0 < row.probability < 1 for row in found.conditions), vignette.id
        assert 0 < found.unexplained < 1
        assert math.isfinite(found.log_evidence)
        assert math.isfinite(found.conflict)


@pytest.mark.parametrize(
    "vignette", [one for one in read("documents") if one.about["rule"]], ids=lambda one: one.id
)
def test_a_vignette_written_for_a_rule_meets_it(vignette, vocabulary, reasoner):
    """A patient of the documents who is there for a rule meets that rule."""
    found = reasoner.assess(read_evidence(vignette.evidence, vocabulary))
    assert set(vignette.about["rule"].split()) <= {one.rule.id for one in found.screening.met}
