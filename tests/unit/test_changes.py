"""What would change the result, and what it leans on, on the shipped knowledge base."""

from __future__ import annotations

import dataclasses
import json

import pytest

from app.reasons.changes import amount, changes_lines, leans_lines, number_words
from model.errors import InputError, TooWideError
from model.evidence import read_evidence
from model.reasoner import open_reasoner
from model.reasons.changes import what_would_change
from model.reasons.leans import leans_on
from model.reasons.variants import changed

CELLS = {
    "age": "66",
    "sex": "male",
    "onset": "rapid",
    "laterality": "one_leg",
    "foot_drop": "present",
    "back_pain": "present",
    "reflexes_increased": "absent",
    "diabetes": "absent",
    "heavy_lifting": "present",
}


@pytest.fixture(scope="module")
def evidence(vocabulary):
    """One patient."""
    return read_evidence(CELLS, vocabulary)


@pytest.fixture(scope="module")
def found(reasoner, evidence):
    """What would put another condition first."""
    return what_would_change(reasoner, evidence)


@pytest.fixture(scope="module")
def leans(reasoner, evidence):
    """The numbers that the result leans on."""
    return leans_on(reasoner, evidence)


@pytest.fixture(scope="module")
def narrow(reasoner, evidence):
    """The same engine, with the limit at what this patient needs."""
    settled = reasoner.closure.settle(evidence.codes[None]).engine[0]
    steps = reasoner.posterior(reasoner.case(settled)).steps
    return dataclasses.replace(reasoner, max_steps=steps)


def applied(reasoner, evidence, edits):
    """The assessment of a patient with some edits."""
    for edit in edits:
        item = reasoner.vocabulary.index[edit.item]
        code = -1 if edit.after == "unknown" else item.values.index(edit.after)
        evidence = changed(evidence, item.column, code)
    return reasoner.assess(evidence)


def test_changes_are_what_an_assessment_says(reasoner, evidence, found):
    """A changed patient is assessed as the change says, for single changes and pairs."""
    assert found.single
    assert found.pairs
    for one in (*found.single[:5], *found.pairs[:5]):
        then = applied(reasoner, evidence, one.edits)
        share = {ranked.id: ranked.probability for ranked in then.conditions}
        assert then.ranking[0].id == one.first != found.leader
        assert share[one.first] == pytest.approx(one.first_probability, abs=1e-9)
        assert share[found.leader] == pytest.approx(one.leader_probability, abs=1e-9)


def test_no_change_alone_is_part_of_a_pair(found):
    """A pair holds no change that is enough by itself."""
    alone = {one.edits for one in found.single}
    for pair in found.pairs:
        assert len(pair.edits) == 2
        assert all((edit,) not in alone for edit in pair.edits)
        assert set(pair.edits) <= set(found.searched)


def test_what_cannot_be_entered_is_left_out(found):
    """Beside one leg the same weakness on both sides is no change."""
    edits = {edit.item for one in (*found.single, *found.pairs) for edit in one.edits}
    assert "symmetrical" not in edits
    assert found.impossible > 0


def test_diagnoses_are_taken_back_only(reasoner, vocabulary):
    """A diagnosis excluded may be reopened; none is made."""
    cells = {**CELLS, "lumbar_disc_radiculopathy": "absent"}
    found = what_would_change(reasoner, read_evidence(cells, vocabulary))
    conditions = {row.id for row in reasoner.knowledge.condition}
    edits = {
        (edit.item, edit.before, edit.after)
        for one in found.single
        for edit in one.edits
        if edit.item in conditions
    }
    assert edits == {("lumbar_disc_radiculopathy", "absent", "unknown")}
    back = next(one for one in found.single if one.edits[0].item == "lumbar_disc_radiculopathy")
    assert back.first == "lumbar_disc_radiculopathy"
    assert back.chance == 1.0


def test_a_confirmed_diagnosis_may_be_wrong(reasoner, vocabulary):
    """Of a diagnosis confirmed it is tried that it is absent: others must explain the findings."""
    cells = {**CELLS, "lumbar_disc_radiculopathy": "present"}
    evidence = read_evidence(cells, vocabulary)
    found = what_would_change(reasoner, evidence, condition="spinal_stenosis", threshold=0.15)
    one = next(c for c in found.single if c.edits[0].item == "lumbar_disc_radiculopathy")
    assert (one.edits[0].before, one.edits[0].after) == ("present", "absent")
    then = applied(reasoner, evidence, one.edits)
    share = {ranked.id: ranked.probability for ranked in then.conditions}
    assert one.condition_probability == pytest.approx(share["spinal_stenosis"], abs=1e-9)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"condition": "strok"}, "unknown_item"),
        ({"condition": "lumbar_disc_radiculopathy"}, "already_first"),
        ({"condition": "multiple_sclerosis"}, "already_known"),
        ({"threshold": 0.0}, "bad_threshold"),
        ({"threshold": 1.5}, "bad_threshold"),
    ],
)
def test_goals_that_cannot_be(asked, code, reasoner, vocabulary):
    """A goal names an open condition that does not lead, or a threshold between 0 and 1."""
    evidence = read_evidence({**CELLS, "multiple_sclerosis": "absent"}, vocabulary)
    with pytest.raises(InputError) as caught:
        what_would_change(reasoner, evidence, **asked)
    assert [problem.code for problem in caught.value.problems] == [code]


def test_refused_changes_are_reported(narrow, evidence, found):
    """Changes past the limit are named; those within it are the same as without one."""
    result = what_would_change(narrow, evidence)
    assert result.skipped
    assert {why for _, why in result.skipped} == {"refused"}
    skipped = {what for what, _ in result.skipped}
    assert {one.edits for one in found.single} <= {one.edits for one in result.single} | skipped
    assert {one.edits for one in result.single} <= {one.edits for one in found.single}
    assert "too wide" in "\n".join(changes_lines(result, narrow.knowledge))


def test_past_the_limit_nothing_is_said(reasoner, evidence):
    """Without a posterior there is nothing to change and nothing to lean on."""
    tight = dataclasses.replace(reasoner, max_steps=1.0)
    for ask in (what_would_change, leans_on):
        with pytest.raises(TooWideError):
            ask(tight, evidence)


def test_contradictory_evidence_is_an_input_error(reasoner, vocabulary):
    """Evidence that contradicts itself has no posterior to change."""
    evidence = read_evidence({"tsh_high": "present", "tsh_low": "present"}, vocabulary)
    for ask in (what_would_change, leans_on):
        with pytest.raises(InputError):
            ask(reasoner, evidence)


def test_what_is_stopped_is_reported(reasoner, evidence):
    """When it is cancelled, changes and numbers not reached are named as stopped."""
    result = what_would_change(reasoner, evidence, cancelled=lambda: True)
    assert result.single == result.pairs == result.numbers == ()
    assert len(result.skipped) > 300
    assert {why for _, why in result.skipped} == {"stopped"}
    assert {why for _, why in leans_on(reasoner, evidence, cancelled=lambda: True).skipped} == {
        "stopped"
    }


def test_progress_is_told(reasoner, evidence):
    """Every part of the search tells its progress to its end."""
    told = []
    leans_on(reasoner, evidence, progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] > 20
    told.clear()
    what_would_change(reasoner, evidence, progress=lambda done, total: told.append((done, total)))
    assert sum(done == total for done, total in told) >= 4


def test_numbers_are_those_of_the_tables(reasoner, leans):
    """Each number stands in its file with its word, and its value is the word's."""
    knowledge = reasoner.knowledge
    links = {(row.condition, row.finding): row.word for row in knowledge.link}
    rates = {(row.context, row.condition): row.word for row in knowledge.context_link}
    pretest = {row.id: row.primary_care / 1000 for row in knowledge.pretest}
    kinds = set()
    for one in leans.all:
        number = one.number
        kinds.add(number.kind)
        if number.kind == "link":
            assert number.word == links[number.of]
            assert number.value == knowledge.scale.frequency[number.word].probability
        elif number.kind == "rate":
            assert number.word == rates[number.of]
            assert number.value == pytest.approx(knowledge.scale.rate[number.word].rate)
        elif number.kind == "pretest":
            assert number.value == pytest.approx(pretest[number.of[0]], rel=1e-9)
    assert {"link", "leak", "grade", "rate", "pretest"} <= kinds


def test_a_word_up_or_down_is_the_next_of_the_scale(reasoner, leans, vocabulary):
    """The other values of a number with a word are its neighbours, and the leader follows."""
    scale = sorted(entry.probability for entry in reasoner.knowledge.scale.frequency.values())
    ends = set()
    edge = read_evidence({"sensory_level": "present", "mri_canal_narrowing": "present"}, vocabulary)
    far = leans_on(reasoner, edge)
    for one in (*leans.all, *far.all):
        if one.number.kind not in ("link", "leak"):
            continue
        at = scale.index(one.number.value)
        ends |= {at} & {0, len(scale) - 1}
        lower = None if at == 0 else scale[at - 1]
        higher = None if at == len(scale) - 1 else scale[at + 1]
        assert (one.lower.value if one.lower else None) == lower
        assert (one.higher.value if one.higher else None) == higher
        for shift, sign in ((one.lower, -1), (one.higher, 1)):
            found = leans if one in leans.all else far
            moved = shift.leader_probability - found.leader_probability if shift else 0.0
            assert sign * moved * one.slope >= -1e-12
    assert ends == {0, len(scale) - 1}


def test_a_context_known_to_be_absent_plays_no_part(reasoner, vocabulary):
    """No number of a context that was denied is varied; those of one confirmed or unknown are."""
    cells = {"age": "66", "exertional_leg_cramp": "present", "ankle_brachial_index_low": "present"}
    for value, there in (("absent", False), ("present", True), ("", True)):
        known = {"cardiovascular_disease": value, "diabetes": value}
        found = leans_on(reasoner, read_evidence({**cells, **known}, vocabulary))
        of = {one.number.of for one in found.all}
        assert (("diabetes", "peripheral_artery_disease") in of) == there
        assert (("cardiovascular_disease", "ankle_brachial_index_low") in of) == there


def test_what_supplements_say_is_not_leant_on_without_them(knowledge, vocabulary, evidence):
    """Under the documents alone only links and grades that a document states are varied."""
    reasoner = open_reasoner(knowledge, basis="documents")
    stated = {(row.condition, row.finding) for row in knowledge.link if row.basis == "documents"}
    stated |= {(row.condition, row.finding) for row in knowledge.graded if row.basis == "documents"}
    found = leans_on(reasoner, evidence)
    numbers = [one.number for one in found.all if one.number.kind in ("link", "grade")]
    assert numbers
    assert {number.of[:2] for number in numbers} <= stated


def test_the_json_views_are_json(found, leans):
    """The views have six significant digits."""
    for view in (found.to_dict(), leans.to_dict()):
        assert json.loads(json.dumps(view)) == view
    assert found.to_dict()["threshold"] is None
    assert leans.to_dict()["numbers"][0]["slope"] == float(f"{leans.all[0].slope:.6g}")
    assert len(leans.most) == leans.first == 10


def test_changes_in_words(reasoner, evidence, found):
    """The lines tell what would be what, from what to what, and what came of it."""
    labels = reasoner.knowledge.labels
    lines = changes_lines(found, reasoner.knowledge)
    text = " ".join("\n".join(lines).split())
    assert f"What would put another condition before {labels[found.leader]}" in text
    edit = found.single[0].edits[0]
    assert f"{edit.label}: {edit.before} -> {edit.after}" in text
    assert "from " in text
    assert max(map(len, lines)) <= 78
    crossing = what_would_change(reasoner, evidence, threshold=0.9999)
    text = " ".join("\n".join(changes_lines(crossing, reasoner.knowledge)).split())
    assert "none is enough" in text
    chosen = what_would_change(reasoner, evidence, condition="stroke")
    assert "put Stroke first" in " ".join(changes_lines(chosen, reasoner.knowledge))


def test_leans_in_words(reasoner, leans):
    """The lines tell which number, its word, and what the next words would do."""
    lines = leans_lines(leans, reasoner.knowledge)
    text = " ".join("\n".join(lines).split())
    worded = next(one for one in leans.most if one.number.kind == "link")
    assert worded.number.label in text
    assert number_words(worded.number, reasoner.knowledge) in text
    assert max(map(len, lines)) <= 78
    number = worded.number
    assert amount(number, 0.35) == "350 in 1,000"
    assert amount(number, 0.0004) == "0.4 in 1,000"
    rate = dataclasses.replace(number, kind="rate")
    assert amount(rate, 2.5) == "2.5 times"
    assert amount(rate, 31.2) == "31 times"
