"""What would change the result, and what it leans on, on the shipped knowledge base."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

from app.reasons.changes import amount, changes_lines, kind_words, leans_lines, number_words
from model.engine import net_of
from model.errors import InputError, TooWideError
from model.evidence import read_evidence
from model.parameters import elicited, solved
from model.reasoner import open_reasoner
from model.reasons.changes import what_would_change
from model.reasons.leans import leans_on
from model.reasons.numbers import LINES
from model.reasons.sensitivity import Bench, variations
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


def test_what_reads_otherwise_is_tried_without_a_chance(reasoner, evidence, found):
    """Beside one leg the same weakness on both sides can be entered; its chance is not computed."""
    both = [
        one
        for one in (*found.single, *found.pairs)
        if ("symmetrical", "present") in [(edit.item, edit.after) for edit in one.edits]
    ]
    assert both
    assert all(one.read_otherwise and math.isnan(one.chance) for one in both)
    assert found.read_otherwise > 0
    text = " ".join("\n".join(changes_lines(found, reasoner.knowledge, top=99)).split())
    assert text.count("(chance not computed)") == sum(
        math.isnan(one.chance) for one in (*found.single, *found.pairs)
    )
    views = found.to_dict()
    assert all(
        (view["chance"] is None) == math.isnan(one.chance)
        for view, one in zip(views["single"], found.single, strict=True)
    )


def test_what_contradicts_is_left_out(reasoner, vocabulary):
    """What excludes something entered is counted and not tried."""
    evidence = read_evidence({"tsh_high": "present", "age": "50"}, vocabulary)
    found = what_would_change(reasoner, evidence)
    edits = [(e.item, e.after) for one in found.single for e in one.edits]
    assert ("tsh_low", "present") not in edits
    assert found.impossible > 0


def solved_again(reasoner, evidence, **tables):
    """P(condition | evidence) with other tables, solved from nothing."""
    knowledge = dataclasses.replace(reasoner.knowledge, **tables)
    parameters = solved(elicited(knowledge, setting="primary_care", basis="all"))
    return Bench.of(reasoner, evidence).joint(net_of(parameters)).probability


def test_a_rate_moves_a_result_as_its_table_solved_again(reasoner, vocabulary):
    """With the row of neuropathy kept, a rate of an unknown context hardly moves it."""
    cells = {"age": "66", "numbness_or_tingling": "present", "distal_weakness": "present"}
    evidence = read_evidence({**cells, "symmetrical": "present"}, vocabulary)
    found = leans_on(reasoner, evidence, first=100)
    of = ("diabetes", "diabetic_neuropathy")
    one = next(one for one in found.all if one.number.of == of)
    assert found.leader == "diabetic_neuropathy"
    assert abs(one.slope) < 0.02
    rows = tuple(
        row.model_copy(update={"word": one.lower.word})
        if (row.context, row.condition) == of
        else row
        for row in reasoner.knowledge.context_link
    )
    truth = solved_again(reasoner, evidence, context_link=rows)
    place = reasoner.knowledge.condition_index[found.leader]
    assert one.lower.leader_probability == pytest.approx(truth[place], abs=1e-5)


def test_links_of_conditions_and_the_unnamed_row_count(reasoner, vocabulary):
    """Where dehydration is known, how often it brings low sodium is what the result leans on."""
    cells = {"age": "80", "dehydration": "present", "confusion": "present"}
    found = leans_on(reasoner, read_evidence(cells, vocabulary), first=100)
    assert found.leader == "hyponatraemia"
    assert found.all[0].number.of == ("dehydration", "hyponatraemia")
    assert found.all[0].slope > 0.8
    kinds = {one.number.kind for one in found.all}
    assert {"condition_link", "age_sex", "unnamed", "rate", "pretest"} <= kinds
    text = " ".join("\n".join(leans_lines(found, reasoner.knowledge)).split())
    assert "Not varied: prevalences of contexts, age and sex" in text


def test_a_stop_is_no_result(reasoner, evidence):
    """What was stopped is not said to be not enough, and numbers not reached are not counted."""
    found = what_would_change(reasoner, evidence, cancelled=lambda: True)
    assert found.numbers_varied == 0
    text = " ".join("\n".join(changes_lines(found, reasoner.knowledge)).split())
    assert text.count("none of those computed is enough") == 3
    assert "none is enough" not in text
    leans = leans_on(reasoner, evidence, cancelled=lambda: True)
    assert leans.all == ()
    assert {number.kind for number, _ in leans.skipped} >= {"link", "rate", "pretest", "unnamed"}


def test_the_link_of_a_child_is_told_as_given_its_parent(reasoner, evidence, leans):
    """Foot drop specifies distal weakness: its links count where that is there."""
    numbers = {one.number.of: one.number for one in leans.all if one.number.kind == "link"}
    number = numbers["lumbar_disc_radiculopathy", "foot_drop"]
    assert number.child
    assert kind_words(number) == "How often it shows where what it specifies is there"
    assert not numbers["lumbar_disc_radiculopathy", "back_pain"].child


def test_numbers_of_every_open_condition_may_tip(reasoner, evidence, found):
    """Links to findings are varied for conditions far behind too."""
    leading = set(found.conditions)
    bench = Bench.of(reasoner, evidence)
    every = range(len(reasoner.knowledge.condition))
    lines = variations(bench, [], others=every, kinds=LINES)[0]
    assert {one.number.of[0] for one in lines} - leading
    assert found.numbers_varied > len(lines)


def test_a_number_at_its_end_has_a_place(leans):
    """0 and 1 stand at the ends of the scale of a probability."""
    number = next(one.number for one in leans.all if one.number.kind == "link")
    assert (number.coordinate(0.0), number.coordinate(1.0)) == (-math.inf, math.inf)


def test_age_and_sex_stand_last(found):
    """Changes of age or sex come after the others, however likely."""
    late = [one.edits[0].item in {"age", "sex"} for one in found.single]
    assert late == sorted(late)


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
    """No link of a context that was denied is varied; those of one confirmed or unknown are."""
    cells = {"age": "66", "exertional_leg_cramp": "present", "ankle_brachial_index_low": "present"}
    for value, there in (("absent", False), ("present", True), ("", True)):
        # the rate of a context denied still bears on the base rate
        known = {"cardiovascular_disease": value, "diabetes": value}
        found = leans_on(reasoner, read_evidence({**cells, **known}, vocabulary))
        of = {one.number.of for one in found.all}
        assert ("diabetes", "peripheral_artery_disease") in of
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
