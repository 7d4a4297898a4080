"""Provenance: every number a ledger rests on is named with its row, word, source and reason."""

from __future__ import annotations

import dataclasses
import json
from itertools import pairwise

import numpy as np
import pytest

from app.explaining import Subject, explain
from app.reasons.provenance import provenance_lines
from model.batch import DONE, answer_rows
from model.errors import InputError
from model.evidence import read_evidence
from model.reasoner import open_reasoner
from model.reasons.provenance import ROLES, WAYS, provenance, provenances
from model.reasons.support import documents, pair_of, support
from model.reasons.ties import Ties

TABLES = ("link", "graded", "context_finding", "age_sex", "context_link", "condition_link")


#: No context and no condition leads to it: known, it explains the complaint and ties nobody.
EXPLAINS = "piriformis_syndrome"


def factors(reasoner, **known):
    """Every (item, value) not known, R of them, and log10 of how each moves the odds (R, N)."""
    vocabulary = reasoner.vocabulary
    base = read_evidence(known, vocabulary).codes
    rows, asked = [base], []
    for item in vocabulary.items:
        if item.id not in known:
            for code, value in enumerate(item.values):
                row = base.copy()
                row[item.column] = code
                rows.append(row)
                asked.append((item, value))
    settled = reasoner.closure.settle(np.array(rows))
    assert not settled.bad.any()
    answers = answer_rows(reasoner, settled.engine)
    assert (answers.state == DONE).all()
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.log10(answers.present) - np.log10(answers.absent)
        return asked, odds[1:] - odds[0]


def told(reasoner, names, **known):
    """The part of an explanation, its lines joined into one line, and its view."""
    subject = Subject(reasoner, read_evidence(known, reasoner.vocabulary), tuple(names))
    views, text = explain(subject, ["provenance"])
    return views["provenance"], text, " ".join(text.split())


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
        above = [*by_role(found, "grades"), *by_role(found, "average"), *by_role(found, "parent")]
        numbers = [one.number for one in (*above, link)]
        assert found.shown == pytest.approx(np.prod(numbers), rel=1e-12)
        assert found.shown == pytest.approx(link.whole if above else link.number, rel=1e-12)


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


@pytest.mark.parametrize(
    ("setting", "basis"),
    [("primary_care", "all"), ("neurology_clinic", "documents"), ("even", "all")],
)
def test_tied_is_what_tells_of_each_other_once_the_complaint_is_explained(
    knowledge, setting, basis
):
    """All pairs: a tied item moves the odds; another leaves them alone, but for the complaint."""
    here = open_reasoner(knowledge, setting=setting, basis=basis)
    ties = Ties(here)
    place = knowledge.condition_index[EXPLAINS]
    assert not here.parameters.excess[:, place].any()
    assert not here.parameters.cause[:, place].any()
    asked, moved = factors(here, age=50, sex="female", **{EXPLAINS: "present"})
    wrong = [
        (item.id, value, condition, move)
        for (item, value), moves in zip(asked, moved, strict=True)
        for condition, move in zip(knowledge.condition_index, moves, strict=True)
        if condition not in (item.id, EXPLAINS)
        and ties.tied(item, condition) != (abs(move) > 1e-11)
    ]
    assert wrong == []


def test_what_favours_a_condition_is_tied_to_it(reasoner):
    """With nothing known, whatever is there and speaks for a condition has a tie to name."""
    asked, moved = factors(reasoner)
    favours = [
        (item.id, condition, value)
        for (item, value), moves in zip(asked, moved, strict=True)
        if value != "absent" and item.kind not in ("age", "sex")
        for condition, move in zip(reasoner.knowledge.condition_index, moves, strict=True)
        if condition != item.id and np.log10(1.1) < move
    ]
    found = provenances(reasoner, favours)
    assert len(found) > 1000
    assert [one for one in found if not (one.direct or "age" in one.vary)] == []
    for one in found:
        assert one.direct == bool(one.own or one.ways)


@pytest.mark.parametrize(
    ("item", "condition", "to_item", "to_condition"),
    [
        ("cancer", "chemotherapy_neuropathy", ["cancer"],
         ["cancer", "chemotherapy", "chemotherapy_neuropathy"]),
        ("sodium_high", "hypokalaemia", ["dehydration", "sodium_high"],
         ["dehydration", "hypokalaemia"]),
        ("worse_walking_better_bending", "spinal_cord_compression",
         ["spinal_stenosis", "worse_walking_better_bending"],
         ["spinal_stenosis", "spinal_cord_compression"]),
        ("onset", "spinal_stenosis", ["spinal_stenosis", "spinal_cord_compression", "onset"],
         ["spinal_stenosis"]),
        ("age", "hypocalcaemia", ["age"], ["age", "vitamin_d_deficiency", "hypocalcaemia"]),
    ],
)  # fmt: skip
def test_a_way_is_named(reasoner, item, condition, to_item, to_condition):
    """What ties the two by way of others is listed, with every row on the way."""
    found = provenance(reasoner, item, condition)
    (way,) = [
        one
        for one in found.ways
        if (list(one.to_item), list(one.to_condition)) == (to_item, to_condition)
    ]
    steps = {*pairwise(to_item), *pairwise(to_condition)}
    got = {tuple(name.partition("=")[0] for name in one.of) for one in way.origins}
    assert got == steps
    assert set(way.origins) <= set(by_role(found, "through"))
    assert all(one.used and one.reason for one in way.origins)
    assert found.direct


def test_ways_are_the_strongest(reasoner):
    """Ways stand from the strongest down; those past the limit are counted."""
    found = provenance(reasoner, "sodium_high", "hypokalaemia")
    strengths = [one.strength for one in found.ways]
    assert strengths == sorted(strengths, reverse=True)
    assert len(found.ways) == WAYS
    assert found.more > 0
    assert found.own == 0.0
    text = " ".join(" ".join(provenance_lines(found, reasoner.knowledge)).split())
    assert "No single row ties the two together" in text
    assert "Dehydration -> Low potassium (hypokalaemia): occasionally, 1 in 10" in text


def test_what_a_finding_refines_is_no_tie(reasoner):
    """A condition that shows numbness, but not of the saddle, has no row in its chain."""
    knowledge = reasoner.knowledge
    linked = {pair_of(row) for row in knowledge.link}
    parent = next(
        c.id
        for c in knowledge.condition
        if (c.id, "numbness_or_tingling") in linked and (c.id, "saddle_numbness") not in linked
    )
    found = provenance(reasoner, "saddle_numbness", parent)
    assert found.shown == 0.0
    assert not by_role(found, "link") + by_role(found, "parent")


def test_a_number_that_is_conditional_says_of_whom(reasoner):
    """Foot drop in a disc: what it refines first, then of those, and what it comes to."""
    found = provenance(reasoner, "foot_drop", "lumbar_disc_radiculopathy", "present")
    own = [one for one in found.origins if one.role in ("parent", "link")]
    names = ["objective_weakness", "distal_weakness", "foot_drop"]
    assert [one.of[1] for one in own] == names
    assert own[-1].whole == found.shown == pytest.approx(0.7 * 0.85 * 0.5)
    p, place = reasoner.parameters, reasoner.knowledge.finding_index
    columns = [place[name] for name in names]
    assert found.leaks == pytest.approx(p.leak[:, columns].prod(axis=1))
    assert by_role(found, "unnamed")[-1].whole == pytest.approx(p.unnamed[columns].prod())
    context = reasoner.knowledge.context_index["old_fixed_weakness"]
    background = by_role(found, "background")
    assert background[-1].whole == pytest.approx(p.context_finding[context, columns].prod())
    for role in ("leak", "background", "unnamed"):
        assert [one.of[-1] or one.of[0] for one in by_role(found, role)] == names
    text = " ".join(" ".join(provenance_lines(found, reasoner.knowledge)).split())
    assert "of those, Dragging foot or toe (foot drop): often, 1 in 2" in text
    for whole in ("30 in 100", "12 in 100", "8 in 100"):
        assert f"Altogether about {whole}." in text
    assert "Altogether Under 16: about 1 in 1,000; 16 to 39: about 4 in 1,000;" in text


def test_a_finding_that_refines_grades_counts_those(reasoner):
    """Of a row of grades above a finding, the share that may show it is the number."""
    found = provenance(reasoner, "rapidly_worsening", "stroke", "present")
    (row,) = by_role(found, "grades")
    assert row.number == pytest.approx(0.98)
    (link,) = by_role(found, "link")
    assert link.whole == pytest.approx(row.number * link.number)
    text = " ".join(provenance_lines(found, reasoner.knowledge))
    assert "(rapid or sudden 98)" in text


def test_a_grade_has_its_share(reasoner):
    """A row of grades gives the share of the grade asked about, and its documents."""
    found = provenance(reasoner, "onset", "stroke", "sudden")
    (row,) = by_role(found, "grades")
    assert row.number == found.shown == pytest.approx(0.88)
    assert {place.document for place in row.places} == {"S0", "S1", "S2", "S4"}
    assert {place.grade for place in row.places} <= {"sudden", "rapid", "gradual"}
    assert "sudden 88" in row.said


def test_grades_are_read_out_in_words(reasoner):
    """No underscore is on screen, and no place stands twice."""
    found = provenance(reasoner, "laterality", "spinal_stenosis", "one_leg")
    lines = provenance_lines(found, reasoner.knowledge)
    assert "_" not in " ".join(lines).replace("age_sex.csv", "").replace("graded_leaks.csv", "")
    (said,) = [
        line for line in " ".join(" ".join(lines).split()).split("S1, ")[1:] if "row 3" in line
    ]
    assert said.startswith('Comparison of Leg Weakness Causes row 3, of a wider group: "Typically"')
    assert "(one leg, both legs)" in said


def test_words_of_ours_stand_outside_quotation_marks(knowledge, reasoner):
    """How a statement was read is told apart from what it says."""
    places = [one for some in support(knowledge)[0].values() for one in some]
    tags = {"class": "class: ", "implied": "implied: ", "definition": "definition: ", "": ""}
    written = {statement.wording for statement in knowledge.statement}
    assert {one.tag for one in places} == set(tags)
    for one in places:
        assert not one.wording.startswith(("class:", "implied:", "definition:"))
        assert tags[one.tag] + one.wording in written
    found = provenance(reasoner, "cancer", "spinal_cord_compression", "present")
    text = " ".join(" ".join(provenance_lines(found, knowledge)).split())
    assert 'by implication: "From tumor"' in text
    assert '"implied' not in text
    found = provenance(reasoner, "potassium_low", "hypokalaemia", "present")
    text = " ".join(" ".join(provenance_lines(found, knowledge)).split())
    assert ': definition, "regular monitoring"' in text
    assert ": listed test" in text


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


@pytest.mark.parametrize("item", ["age", "sex"])
def test_where_age_changes_no_rate_it_is_said(knowledge, item):
    """In the even setting the rows of age and sex take no part, and are said not to."""
    even = open_reasoner(knowledge, setting="even")
    assert (even.parameters.multiplier == 1.0).all()
    found = provenance(even, item, "stroke")
    rates = by_role(found, "rate")
    assert rates
    assert not any(one.used for one in rates)
    assert not found.direct
    text = " ".join(" ".join(provenance_lines(found, knowledge)).split())
    assert text.count("takes no part: in this setting age and sex change no rate") == len(rates)


def test_a_row_that_gives_every_age_the_same_rate_is_no_tie(reasoner):
    """It takes part and changes nothing."""
    found = provenance(reasoner, "sex", "lumbar_disc_radiculopathy", "male")
    assert all(one.used and one.number == 1.0 for one in by_role(found, "rate"))
    assert not any(one.places for one in by_role(found, "rate"))  # they speak of age
    assert not found.direct
    lines = " ".join(provenance_lines(found, reasoner.knowledge))
    assert "The rate is the same whatever the sex" in lines


def test_a_context_that_implies_another_is_counted_among_those(reasoner):
    """Chemotherapy is stated of people with cancer, and read out so."""
    found = provenance(reasoner, "chemotherapy", "chemotherapy_neuropathy", "present")
    (common,) = by_role(found, "prevalence")
    assert common.said == "280 in 1,000 of those with Cancer (now or before)"


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
    assert by_role(found, "grades")[0].note == "supplements are left out"
    assert by_role(found, "average")[0].used
    assert found.direct  # the average row ties them, and is said to be the average


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
        if one.role != "through":
            assert " ".join(one.reason.split()) in text
    assert ("tells of the condition only" in text) == (not found.direct)
    assert dataclasses.is_dataclass(found)


def test_everything_entered_is_followed(reasoner):
    """Diagnoses and uncertain items have rows too; how common a condition is stands once."""
    known = {"age": 66, "dehydration": "present", "soft": {"sodium_high": 4}}
    view, text, line = told(reasoner, ["hypokalaemia"], **known)
    assert [one["item"] for one in view] == ["age", "sodium_high", "dehydration"]
    assert [one["value"] for one in view] == ["65_and_over", "", "present"]
    assert "High serum sodium (uncertain) and Low potassium (hypokalaemia)" in line
    assert "One brings the other about in: occasionally, 1 in 10" in line
    assert line.count("10 in 1,000 [Low potassium (hypokalaemia)]") == 1
    assert max(map(len, text.splitlines())) <= 78


def test_a_category_is_told_by_its_leading_conditions(reasoner):
    """A group has no rows; those of its likeliest conditions that are open stand for it."""
    name = "brain_and_spinal_cord"
    view, _, line = told(
        reasoner, [name, "stroke", "unexplained"], foot_drop="present", stroke="yes"
    )
    assert "is a group and has no rows of its own; its likeliest conditions stand" in line
    members = {row.id for row in reasoner.knowledge.condition if row.category == name}
    conditions = list(dict.fromkeys(one["condition"] for one in view))
    assert len(conditions) == 3
    assert set(conditions) < members - {"stroke"}
    assert "Stroke was entered as settled, so nothing bears on it." in line
    assert "this has no rows of its own" in line


@pytest.mark.parametrize(
    ("names", "known", "said"),
    [
        (["stroke"], {}, "Nothing else was entered that could bear on Stroke."),
        (["stroke"], {"stroke": "present"}, "Stroke was entered as settled"),
        (["brain_and_spinal_cord"], {}, "nothing was entered that could bear on its conditions"),
        (["unexplained"], {"foot_drop": "present"}, "has no rows of its own"),
    ],
)
def test_it_is_never_blank(reasoner, names, known, said):
    """Where there is nothing to name, it is said why."""
    view, _, line = told(reasoner, names, **known)
    assert view == []
    assert said in line


def test_a_whole_category_that_was_entered_says_so(reasoner):
    """Every member settled: nothing bears on them."""
    name = "brain_and_spinal_cord"
    members = [row.id for row in reasoner.knowledge.condition if row.category == name]
    view, _, line = told(
        reasoner, [name], age=50, **dict.fromkeys(members[1:], "no"), **{members[0]: "yes"}
    )
    assert view == []
    assert "every one of its conditions was entered as settled" in line
