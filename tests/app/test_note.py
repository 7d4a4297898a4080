"""What is taken away from the page: the note, the printed report, the comparison."""

from __future__ import annotations

from datetime import UTC, datetime

from app import difference, phrases
from app.case import Case, answered
from app.note import note
from app.printed import page

CASE = Case(
    {
        "age": "46",
        "sex": "female",
        "onset": "rapid",
        "saddle_numbness": "present",
        "back_pain": "present",
        "fever_or_flu_symptoms": "absent",
    },
    "emergency_department",
)


def test_the_note_has_what_a_record_needs(table):
    """Story, positives, negatives, red flags asked and not, differential, stamp."""
    text = note(CASE, table.assess(CASE), table)
    lines = text.splitlines()
    assert lines[0] == "46-year-old female with leg weakness: rapid onset (emergency department)."
    assert "New numbness between the legs" in text
    assert "Absent: fever or flu-like illness now." in text
    assert "Red flags asked (1 of 24)" in text
    assert "Cauda equina syndrome" in text
    assert table.knowledge.digest[:12] in text
    assert phrases.PURPOSE in text


def test_the_note_of_a_contradiction_still_has_the_red_flags(table):
    """Without a ranking the screening stands."""
    case = answered(CASE, {"onset": "", "numbness_or_tingling": "absent"})
    text = note(case, table.assess(case), table)
    assert "New numbness between the legs" in text
    assert "No differential (error)" in text


def test_the_report_is_whole_and_quiet(table):
    """Stamped with the time, without scripts and without a request to anywhere."""
    when = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    text = page(CASE, table.assess(CASE), table, when)
    assert "2026-11-21 09:30" in text
    assert table.knowledge.digest[:12] in text
    assert "Cauda equina syndrome" in text
    assert "<script" not in text
    assert "http" not in text


def test_a_move_is_the_difference_of_two_posteriors(table):
    """What moved most stands first, with what it was and is."""
    other = answered(CASE, {"saddle_numbness": "absent"})
    moves = difference.condition_moves(table.assess(CASE), table.assess(other))
    assert moves[0].id == "cauda_equina_syndrome"
    assert moves[0].change < 0
    assert difference.entered_apart(CASE, other) == (("saddle_numbness", "present", "absent"),)


def test_the_note_takes_what_would_change_it(table):
    """Lines that were worked out beside the page stand before the stamp, on paper too."""
    told = ["What would change it: foot drop (if absent then first Stroke 9%)."]
    lines = note(CASE, table.assess(CASE), table, extra=told).splitlines()
    assert lines.index(told[0]) < lines.index(phrases.PURPOSE)
    when = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    assert told[0] in page(CASE, table.assess(CASE), table, when, extra=told)
