"""The search box: what a clinician types, and what it means."""

from __future__ import annotations

import pytest

from app.search import find


@pytest.mark.parametrize(
    ("query", "item", "value", "absent"),
    [
        ("brisk", "reflexes_increased", "", False),
        ("-brisk", "reflexes_increased", "", True),
        ("no foot drop", "foot_drop", "", True),
        ("saddle", "saddle_numbness", "", False),
        ("incontinence", "bladder_or_bowel_loss", "", False),
        ("fasciculations", "muscle_twitching", "", False),
        ("ptosis", "double_vision_or_drooping_lids", "", False),
        ("HP:0001347", "reflexes_increased", "", False),
        ("sudden", "onset", "sudden", False),
        ("onset=rapid", "onset", "rapid", False),
        ("statin", "statin", "", False),
        ("ck raised", "creatine_kinase_raised", "", False),
        ("aching muscles", "muscle_pain_or_tenderness", "", False),
        ("-fever", "fever_or_flu_symptoms", "", True),
        ("foot_drop", "foot_drop", "", False),
        ("saddle anaesthesia", "saddle_numbness", "", False),
        ("perianal numbness", "saddle_numbness", "", False),
        ("can\u2019t pee", "urinary_retention", "", False),
        ("can't walk", "difficulty_walking", "", False),
        ("faecal incontinence", "bladder_or_bowel_loss", "", False),
        ("no incontinence", "bladder_or_bowel_loss", "", True),
        ("no weight loss", "weight_loss", "", True),
    ],
)
def test_words_find_their_item(table, query, item, value, absent):
    """A label, a plain word, a clinician's word or a code sets the item it means."""
    found = find(query, table.candidates)
    assert found.best is not None
    assert (found.best.item, found.best.value, found.absent) == (item, value, absent)


@pytest.mark.parametrize(
    "query",
    [
        "numb",
        "pain",
        "vitamin d",
        "ankle jerks",
        "leg weakness",
        "stroke",
        "cauda equina",
        "G83.4",
        "-sudden",
        "falls",
        "tired",
        "pulses",
    ],
)
def test_what_is_not_clear_is_offered_and_not_entered(table, query):
    """Several items, a diagnosis, or the absence of a grade have to be chosen."""
    found = find(query, table.candidates)
    assert found.best is None
    assert found.offers


@pytest.mark.parametrize("query", ["", "   ", "-", "xyzzy", "the of"])
def test_nothing_is_found_for_nothing(table, query):
    """Empty and strange queries find nothing."""
    found = find(query, table.candidates)
    assert found.best is None
    assert not found.offers


@pytest.mark.parametrize(
    "query", ["no pulses", "no power", "no reflexes", "no feeling", "not strong"]
)
def test_no_something_is_not_taken_for_a_denial_of_its_loss(table, query):
    """Whoever types "no pulses" means weak pulses; nothing is entered before one is chosen."""
    assert find(query, table.candidates).best is None
