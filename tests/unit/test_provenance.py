"""Provenance: every number a ledger rests on is named with its row, word, source and reason."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from app.reasons.provenance import provenance_lines
from model.errors import InputError
from model.reasoner import open_reasoner
from model.reasons.provenance import ROLES, provenance
from model.reasons.support import documents, pair_of, support

TABLES = ("link", "graded", "context_finding", "age_sex", "context_link", "condition_link")


def by_role(found, role):
    """The origins of one role."""
    return [one for one in found.origins if one.role == role]


def test_a_row_is_documented_where_a_statement_supports_it(knowledge):
    """Exactly the rows marked as documented have statements behind them."""
    known = documents(knowledge)
    for table in TABLES:
        for row in getattr(knowledge, table):
            assert (pair_of(row) in known) == (row.basis == "documents"), (table, pair_of(row))


def test_every_statement_supports_a_row_or_stands_aside(knowledge):
    """No statement is lost: it supports a row or is kept with what became of it."""
    supporting, aside = support(knowledge)
    own = [p for pair, places in supporting.items() for p in places if p.of == pair]
    others = [p for places in aside.values() for p in places]
    assert len(own) + len(others) == len(knowledge.statement)
    assert {p.use for p in others} <= {"left_out", "assertion"}


@pytest.mark.parametrize("start", range(4))
def test_every_link_is_found_with_its_number(reasoner, start):
    """A link, its word and its number stand in the provenance of its two ends."""
    p, knowledge = reasoner.parameters, reasoner.knowledge
    for row in knowledge.link[start * 17 :: 68]:
        found = provenance(reasoner, row.finding, row.condition)
        (link,) = by_role(found, "link")
        place = knowledge.condition_index[row.condition], knowledge.finding_index[row.finding]
        assert link.number == p.link[place]
        assert (link.word, link.basis, link.reason) == (row.word, row.basis, row.reason)
        assert bool(link.places) == (row.basis == "documents")
        assert found.direct
        numbers = [one.number for one in (link, *by_role(found, "parent"))]
        if not by_role(found, "grades") + by_role(found, "average"):
            assert found.shown == pytest.approx(np.prod(numbers), rel=1e-12)


def test_every_context_link_is_found_with_its_number(reasoner):
    """A relative rate, its word and its documents stand in the provenance of its two ends."""
    p, knowledge = reasoner.parameters, reasoner.knowledge
    for row in knowledge.context_link:
        found = provenance(reasoner, row.context, row.condition)
        rate = next(one for one in by_role(found, "rate"))
        place = knowledge.context_index[row.context], knowledge.condition_index[row.condition]
        assert rate.number == pytest.approx(p.excess[place] + 1)
        assert bool(rate.places) == (row.basis == "documents")
        assert len(by_role(found, "prevalence")) == 1


@pytest.mark.parametrize("condition", ["stroke", "hypokalaemia", "dehydration"])
def test_a_finding_is_tied_exactly_where_it_can_be_shown(reasoner, condition):
    """A finding is tied to a condition that shows it, or that brings about one that does."""
    place = reasoner.knowledge.condition_index[condition]
    effects = np.flatnonzero(reasoner.parameters.cause[place])
    for finding in reasoner.knowledge.finding:
        column = reasoner.knowledge.finding_index[finding.id]
        if reasoner.knowledge.is_graded(finding):
            continue
        found = provenance(reasoner, finding.id, condition)
        parents = by_role(found, "parent") + by_role(found, "grades")
        through = (reasoner.parameters.link[effects, column] > 0).any()
        assert bool(by_role(found, "through")) == through
        assert found.direct == (found.shown > 0 or through or bool(parents))
        assert by_role(found, "leak")[0].of == (finding.id, "")
        assert len(by_role(found, "unnamed")) == len(by_role(found, "pretest")) == 1


def test_a_grade_has_its_share(reasoner):
    """A row of grades gives the share of the grade asked about, and its documents."""
    found = provenance(reasoner, "onset", "stroke", "sudden")
    (row,) = by_role(found, "grades")
    assert row.number == found.shown == pytest.approx(0.88)
    assert {place.document for place in row.places} == {"S0", "S1", "S2", "S4"}
    assert "sudden 88" in row.said


def test_an_age_picks_its_word(reasoner):
    """Age and sex give the multiplier of the value asked about, or of all of them."""
    (old,) = by_role(provenance(reasoner, "age", "stroke", "65_and_over"), "rate")
    assert (old.of, old.word, old.number) == (("age=65_and_over", "stroke"), "more", 3.0)
    assert len(by_role(provenance(reasoner, "age", "stroke"), "rate")) == 4
    assert len(by_role(provenance(reasoner, "sex", "stroke"), "rate")) == 2


def test_one_condition_brings_another_about(reasoner):
    """Two conditions are tied by the link between them, or only through what both explain."""
    found = provenance(reasoner, "dehydration", "hypokalaemia")
    assert [one.of for one in by_role(found, "cause")] == [("dehydration", "hypokalaemia")]
    assert not provenance(reasoner, "stroke", "spinal_stenosis").direct


def test_supplements_that_are_switched_off_say_so(knowledge):
    """Under the documents alone a supplement is named but takes no part; the average row does."""
    alone = open_reasoner(knowledge, basis="documents")
    found = provenance(alone, "foot_drop", "stroke")
    (link,) = by_role(found, "link")
    assert (link.basis, link.used) == ("supplement", False)
    assert found.shown == 0.0
    row = next(row for row in knowledge.graded if row.basis == "supplement")
    found = provenance(alone, row.finding, row.condition)
    assert not by_role(found, "grades")[0].used
    assert by_role(found, "average")[0].used
    assert not found.direct


@pytest.mark.parametrize(
    ("item", "condition", "value", "where"),
    [
        ("foot_dropp", "stroke", None, "foot_dropp"),
        ("foot_drop", "strok", None, "strok"),
        ("stroke", "stroke", None, "stroke"),
        ("onset", "stroke", "quick", "onset"),
    ],
)
def test_what_does_not_exist_is_an_input_error(reasoner, item, condition, value, where):
    """An item, condition or value that does not exist is named with what does."""
    with pytest.raises(InputError) as caught:
        provenance(reasoner, item, condition, value)
    assert [problem.where for problem in caught.value.problems] == [where]
    assert caught.value.problems[0].remedy


@pytest.mark.parametrize("item", ["foot_drop", "symmetrical", "diabetes", "age", "dehydration"])
def test_provenance_in_words_and_json(reasoner, item):
    """Every row stands in both views; lines are not wide; roles keep their order."""
    found = provenance(reasoner, item, "hypokalaemia")
    view = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert len(view["origins"]) == len(found.origins)
    roles = [ROLES.index(one.role) for one in found.origins]
    assert roles == sorted(roles)
    shown = provenance_lines(found, reasoner.knowledge)
    assert max(map(len, shown)) <= 78
    text = " ".join(" ".join(shown).split())
    for one in found.origins:
        assert " ".join(one.reason.split()) in text
    assert ("No row ties" in text) == (not found.direct)
    assert dataclasses.is_dataclass(found)
