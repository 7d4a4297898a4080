"""The evidence sheet: what stands where, and what an answer sets."""

from __future__ import annotations

import pytest

from app import sheet
from model.screening import Screener


def test_every_item_can_be_entered(table):
    """Each item of the vocabulary stands on the first screen or on the sheet."""
    members = {item for entry in table.entries.values() for item in entry.members}
    assert {item.id for item in table.vocabulary.items} <= members | set(sheet.FIRST)


def test_each_item_of_the_red_flag_card_meets_an_urgent_rule_alone(table):
    """Pressing any of them raises a rule for emergency care or prompt attention."""
    screener = Screener(table.knowledge, table.vocabulary)
    for item in sheet.red_flag_items(table.knowledge, table.vocabulary):
        codes = table.vocabulary.blank()[0]
        codes[table.vocabulary.index[item].column] = 1
        assert screener.screen(codes).disposition in ("emergency", "immediate"), item


def test_the_red_flag_card_has_six_rows_that_can_be_closed(table):
    """Six themes, each with none of these."""
    lines = table.sections[0].lines
    assert len(lines) == 6
    assert {line.closing for line in lines} == {"none of these"}


@pytest.mark.parametrize(
    ("entry", "answer", "sets"),
    [
        ("sodium_low", "low", {"sodium_low": "present", "sodium_high": "absent"}),
        ("sodium_low", "normal", {"sodium_low": "absent", "sodium_high": "absent"}),
        ("sodium_low", "high", {"sodium_low": "absent", "sodium_high": "present"}),
        ("sodium_low", "", {"sodium_low": "", "sodium_high": ""}),
        (
            "potassium_low",
            "very_low",
            {
                "potassium_low": "present",
                "potassium_very_low": "present",
                "potassium_very_high": "absent",
            },
        ),
        ("foot_drop", "absent", {"foot_drop": "absent"}),
    ],
)
def test_an_answer_sets_its_items(table, entry, answer, sets):
    """A blood test with two ends is one answer."""
    assert table.entries[entry].changes(answer) == sets
    values = {item: value for item, value in sets.items() if value}
    assert table.entries[entry].answer(values) == answer


def test_every_answer_of_a_measurement_can_be_entered(table):
    """No answer of the sheet contradicts itself."""
    for entry in table.entries.values():
        for option in entry.options:
            codes = table.vocabulary.blank()
            for item, value in option.sets:
                found = table.vocabulary.index[item]
                codes[0, found.column] = found.values.index(value)
            assert not table.closure.settle(codes).bad.any(), (entry.id, option.value)


def test_being_alike_on_both_sides_is_not_normal(table):
    """Rest normal leaves out what only specifies a grade."""
    assert not table.entries["symmetrical"].closes
    assert table.entries["foot_drop"].closes
