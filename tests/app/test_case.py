"""A case as a value: answers, files, links."""

from __future__ import annotations

import json

import pytest

from app import sheet
from app.case import Case, answered, from_json, from_link, from_row, rest_absent, to_json, to_link
from model.errors import InputError

CASE = Case({"age": "66", "foot_drop": "present", "back_pain": "absent"}, "neurology_clinic", "all")


def test_what_is_not_entered_is_unknown(table):
    """An empty answer clears; nothing that was not answered has a code."""
    blank = answered(CASE, dict.fromkeys(CASE.values, ""))
    assert not blank.values
    assert (blank.evidence(table.vocabulary).codes == -1).all()


def test_the_rest_is_absent_only_where_nothing_is_known():
    """Entered and implied items stay as they are."""
    closed = rest_absent(
        CASE, ["foot_drop", "distal_weakness", "muscle_wasting"], ["distal_weakness"]
    )
    assert closed.values["foot_drop"] == "present"
    assert "distal_weakness" not in closed.values
    assert closed.values["muscle_wasting"] == "absent"


def test_a_case_comes_back_from_its_file_and_its_link(table):
    """Saving and loading change nothing."""
    assert from_json(to_json(CASE), table.vocabulary) == CASE
    assert from_link(to_link(CASE), table.vocabulary) == CASE


def test_a_patient_of_the_command_line_can_be_loaded(table):
    """Bare values, with true and yes, are read as the command line reads them."""
    read = from_json('{"age": 71, "statin": true, "foot_drop": "yes"}', table.vocabulary)
    assert read.values == {"age": "71", "statin": "present", "foot_drop": "present"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"values": {"foot_dropp": "present"}}',
        '{"values": {"foot_drop": "perhaps"}}',
        '{"values": {}, "setting": "mars"}',
        '{"soft": {"foot_drop": 3}}',
        json.dumps({"values": {"age": "x" * 30_000}}),
    ],
)
def test_what_is_no_case_is_refused_without_repeating_it(table, text):
    """Errors name the item and never a value."""
    with pytest.raises(InputError) as caught:
        from_json(text, table.vocabulary)
    assert "perhaps" not in str(caught.value)
    assert "xxx" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "abc", "%%%", "eJw" + "A" * 50, "A" * 30_000])
def test_a_link_that_was_cut_is_refused(table, text):
    """A broken link is an error, not half a case."""
    with pytest.raises(InputError):
        from_link(text, table.vocabulary)


def test_a_row_of_a_table_becomes_a_case(table):
    """Cells that cannot be read are left out."""
    cells = {"id": "a", "age": "66", "foot_drop": "1", "back_pain": "perhaps", "note": "x"}
    read = from_row(cells, table.vocabulary, CASE)
    assert read.values == {"age": "66", "foot_drop": "present"}
    assert read.setting == CASE.setting


def test_chips_show_what_was_entered_in_order(table):
    """A measurement of several items is one chip; absent ones read as absent."""
    values = {"age": "66", "sodium_low": "absent", "sodium_high": "absent", "back_pain": "absent"}
    chips = sheet.chips(values, table.knowledge, table.sections)
    assert [(one, value) for one, _, value, _ in chips] == [
        ("age", "66"),
        ("sodium_low", "normal"),
        ("back_pain", "absent"),
    ]
