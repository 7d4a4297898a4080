"""Numbers with their words: shares are those that the engine takes."""

from __future__ import annotations

import math

import pytest

from app.sources import leak_line, links


def test_shares_are_those_of_the_engine(knowledge, reasoner):
    """How often a condition shows a finding counts what the finding refines."""
    shown = reasoner.engine.graph.shown
    conditions, findings = knowledge.condition_index, knowledge.finding_index
    told = [
        (one, float(shown[conditions[one.condition], findings[one.item]]))
        for one in links(knowledge)
        if one.condition in conditions and one.item in findings and not math.isnan(one.share)
    ]
    assert len(told) > 1000
    assert [one.share for one, _ in told] == pytest.approx([share for _, share in told], abs=1e-12)
    assert {one.item for one, _ in told if one.among} >= {"foot_drop"}


def test_a_part_of_them_is_said_to_be_one(knowledge):
    """A number of a finding that refines another says of whom it speaks."""
    assert "of those with: Foot and ankle weakness" in leak_line(knowledge, "foot_drop")
    assert "of those" not in leak_line(knowledge, "back_pain")
