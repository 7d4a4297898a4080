"""Who has a finding, the network around a case, what moved."""

from __future__ import annotations

import math

from app import sources
from app.case import Case
from app.difference import Move
from app.network import FAINT, around
from app.parts.moves import LEAST, move_rows

CASE = Case({"age": "46", "heavy_lifting": "present", "saddle_numbness": "present",
             "fever_or_flu_symptoms": "absent"})  # fmt: skip


def test_who_has_a_finding_is_told_with_the_most_frequent_first(table):
    """Every cause with its word, its place and its reason; none twice."""
    found = sources.who_has(table.numbers, "back_pain")
    shares = [one.share for one in found]
    assert shares == sorted(shares, reverse=True)
    assert len({one.condition for one in found}) == len(found)
    assert all(one.word and one.basis and one.reason for one in found)


def test_who_has_a_grade_or_a_background_is_told_too(table):
    """What has no single frequency comes without one."""
    for name in ("onset", "heavy_lifting"):
        found = sources.who_has(table.numbers, name)
        assert found
        assert any(math.isnan(one.share) for one in found)


def test_a_finding_may_be_there_for_no_reason(table):
    """The leak is told by age; background items have none."""
    assert "65 and over" in sources.leak_line(table.knowledge, "back_pain")
    assert not sources.leak_line(table.knowledge, "heavy_lifting")


def test_the_network_ties_entries_to_the_leading_conditions(table):
    """Everything entered is a box; lines are weights that say something."""
    drawing = around(CASE, table.assess(CASE), table)
    boxes = {node.id: node for node in drawing.nodes}
    assert set(CASE.values) <= set(boxes)
    assert {boxes["age"].column, boxes["heavy_lifting"].column} == {0}
    assert boxes["fever_or_flu_symptoms"].kind == "absent"
    assert {boxes[edge.condition].column for edge in drawing.edges} == {1}
    assert all(abs(edge.weight) >= FAINT and 0 < edge.width <= 1 for edge in drawing.edges)
    saddle = {e.condition: e.weight for e in drawing.edges if e.item == "saddle_numbness"}
    assert max(saddle, key=saddle.__getitem__) == "cauda_equina_syndrome"


def test_no_two_boxes_of_the_network_lie_on_each_other(table):
    """Each has its own column and row."""
    drawing = around(CASE, table.assess(CASE), table)
    places = [(node.column, node.row) for node in drawing.nodes]
    assert len(set(places)) == len(places)
    assert drawing.rows == 1 + max(row for _, row in places)


def test_difference_bars_do_not_blow_small_changes_up():
    """A change of one point in a hundred never fills a bar; smaller ones are left out."""
    rows = move_rows([Move("a", "A", 0.10, 0.11), Move("b", "B", 0.5, 0.5 + LEAST / 2)])
    assert [row["id"] for row in rows] == ["a"]
    assert math.isclose(rows[0]["weight"], 0.1)
    large = move_rows([Move("a", "A", 0.1, 0.6), Move("b", "B", 0.5, 0.25)])
    assert [row["weight"] for row in large] == [1.0, -0.5]
