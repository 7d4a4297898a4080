"""The next question and when to stop, on the shipped knowledge base."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from app.reasons.questions import question_lines, stopping_lines
from model.errors import InputError, TooWideError
from model.evidence import read_evidence
from model.reasons.prospects import (
    ON_ODDS,
    ON_POSTERIOR,
    answer_entered,
    asked_together,
    believed,
    open_items,
    prospects,
    with_answer,
)
from model.reasons.questions import next_questions
from model.reasons.stopping import stopping
from model.reasons.worth import Aim, information

CELLS = {
    "age": "66",
    "sex": "male",
    "onset": "rapid",
    "laterality": "one_leg",
    "foot_drop": "present",
    "back_pain": "present",
    "diabetes": "absent",
    "cancer": "absent",
}


@pytest.fixture(scope="module")
def evidence(vocabulary):
    """One patient."""
    return read_evidence(CELLS, vocabulary)


@pytest.fixture(scope="module")
def found(reasoner, evidence):
    """Every question about this patient."""
    return next_questions(reasoner, evidence)


@pytest.fixture(scope="module")
def narrow(reasoner, evidence):
    """The same engine, with the limit at what this patient needs."""
    settled = reasoner.closure.settle(evidence.codes[None]).engine[0]
    steps = reasoner.posterior(reasoner.case(settled)).steps
    return dataclasses.replace(reasoner, max_steps=steps)


def test_every_open_item_is_asked_once(reasoner, evidence, found):
    """Each finding and context not known stands in one question; conditions in none."""
    asked = [name for one in found.all for name in one.items]
    assert len(asked) == len(set(asked))
    items = reasoner.vocabulary.items
    closed = {"symmetrical", "arm_weakness", "poor_glucose_control", "chemotherapy"}
    closed |= {"distal_weakness", "objective_weakness"}
    wanted = {items[column].id for column in open_items(reasoner, evidence)}
    assert set(asked) == wanted - {"symmetrical", "arm_weakness"}
    assert not closed & set(asked)
    skipped = {(name, one.why) for one in found.skipped for name in one.items}
    assert skipped == {("symmetrical", "read_otherwise"), ("arm_weakness", "read_otherwise")}


def test_what_reads_otherwise_is_no_prospect(reasoner, evidence, vocabulary):
    """Beside one leg, weakness the same on both sides would make the leg be read otherwise."""
    columns = [vocabulary.index[name].column for name in ("symmetrical", "muscle_twitching")]
    result = prospects(reasoner, evidence, [(column,) for column in columns])
    assert [one.columns for one in result.each] == [(columns[1],)]
    assert (result.impossible, result.read_otherwise, result.left) == (0, 1, ((columns[0],),))


def test_one_blood_test_is_one_question(found):
    """Low, very low and very high potassium are answers to one question."""
    one = next(q for q in found.all if "potassium_low" in q.items)
    assert set(one.items) == {"potassium_low", "potassium_very_low", "potassium_very_high"}
    assert len(one.outcomes) == 4
    assert sum(answer.chance for answer in one.outcomes) == pytest.approx(1.0, abs=1e-12)
    assert one.lost > 0


def test_the_second_answer_is_as_good_as_computed(reasoner, evidence):
    """Posteriors had as a difference keep the digits promised, rare answers included."""
    asked = [
        one for one in asked_together(reasoner, open_items(reasoner, evidence)) if len(one) == 1
    ]
    result = prospects(reasoner, evidence, asked)
    binary = [one for one in result.each if len(one.codes) == 2]
    after = [with_answer(evidence, one.columns, one.codes[1]) for one in binary]
    direct = answer_entered(reasoner, after)
    assert min(one.chance[1] for one in binary) < 0.002
    for row, one in enumerate(binary):
        assert one.present[1] == pytest.approx(direct.present[row], abs=ON_POSTERIOR)
        assert one.group[1] == pytest.approx(direct.group[row], abs=ON_POSTERIOR)
        for had, computed in ((one.present, direct.present), (one.absent, direct.absent)):
            assert had[1] == pytest.approx(computed[row], rel=ON_ODDS)
    assert result.rows < len(asked) * 1.5


def test_the_expected_posterior_is_the_present_one(reasoner, vocabulary):
    """With likelihoods and a diagnosis among the evidence too, answers average to what is now."""
    soft = {"foot_drop": 4, "smoking": 2, "onset": {"gradual": 1, "rapid": 3, "sudden": 2}}
    cells = {"age": "50", "back_pain": "present", "stroke": "absent", "soft": soft}
    evidence = read_evidence(cells, vocabulary)
    columns = [(column,) for column in open_items(reasoner, evidence)]
    result = prospects(reasoner, evidence, columns)
    assert {vocabulary.index[name].column for name in soft} < {c for (c,) in columns}
    for one in result.each:
        assert one.lost == 0.0
        assert one.chance @ one.present == pytest.approx(result.now.present, abs=1e-9)
        assert one.chance @ one.group == pytest.approx(result.now.group, abs=1e-9)


def test_red_flag_questions_come_first(reasoner, evidence, found):
    """What pending red-flag rules ask for stands before everything, in the screening's order."""
    screening = reasoner.screener.screen(reasoner.closure.settle(evidence.codes[None]).rules[0])
    index, bedside = reasoner.vocabulary.index, reasoner.vocabulary.bedside
    wanted = screening.questions(lambda item: bool(bedside[index[item].column]))
    assert found.red_flags == wanted
    assert wanted
    for one in found.all:
        assert one.red_flag == bool(set(one.items) & set(wanted))


def test_three_orders(found):
    """By gain, by the chance of another leader, and by gain for each unit of burden."""
    for rows, key in (
        (found.by_gain, lambda one: one.gain),
        (found.by_change, lambda one: one.changes_leader),
        (found.by_burden, lambda one: one.gain / one.burden),
    ):
        assert len(rows) == found.first == 12
        values = [key(one) for one in rows]
        assert values == sorted(values, reverse=True)
        assert max(key(one) for one in found.all) == values[0]
    assert found.largest_change == found.by_change[0].changes_leader


def test_the_burden_limits_what_is_asked(reasoner, evidence, found, knowledge):
    """Questions dearer than the limit are not asked; the others are worth the same."""
    burden = {row.id: row.burden for row in knowledge.step}
    near = next_questions(reasoner, evidence, burden=burden["examination"])
    assert {one.step for one in near.all} == {"history", "examination"}
    dear = {one.items: one.gain for one in found.all if one.burden <= burden["examination"]}
    assert {one.items: one.gain for one in near.all} == pytest.approx(dear)
    assert next_questions(reasoner, evidence, burden=0.5).all == ()


def test_raising_and_lowering_ask_for_opposites(reasoner, evidence):
    """A question that can only lower a condition gains nothing when it is to be raised."""
    for mode, sign in (("raise", 1), ("lower", -1)):
        best = next_questions(reasoner, evidence, mode=mode, target="stroke").all[0]
        now = believed(reasoner, evidence).present[reasoner.knowledge.condition_index["stroke"]]
        assert best.gain > 0
        assert any(sign * (answer.targets[0] - now) > 0 for answer in best.outcomes)


def test_categories_have_leaders_of_their_own(reasoner, evidence):
    """About categories the leader is a category, and information is about categories."""
    result = next_questions(reasoner, evidence, about="categories")
    ids = {row.id for row in reasoner.knowledge.category}
    assert result.leader in ids
    assert {answer.leader for one in result.all for answer in one.outcomes} <= ids


def test_a_diagnosis_made_does_not_lead(reasoner, vocabulary):
    """A condition that was entered is out of the contest, and nobody asks about it."""
    evidence = read_evidence({**CELLS, "lumbar_disc_radiculopathy": "present"}, vocabulary)
    result = next_questions(reasoner, evidence)
    assert result.leader != "lumbar_disc_radiculopathy"
    with pytest.raises(InputError) as caught:
        next_questions(reasoner, evidence, mode="raise", target="lumbar_disc_radiculopathy")
    assert [problem.code for problem in caught.value.problems] == ["already_known"]


@pytest.mark.parametrize(
    ("mode", "target", "codes"),
    [
        ("raise", (), ["wrong_targets"]),
        ("tell", ("stroke",), ["wrong_targets"]),
        ("tell", ("stroke", "stroke"), ["wrong_targets"]),
        ("inform", ("stroke",), ["wrong_targets"]),
        ("raise", ("strok",), ["unknown_item"]),
        ("tell", ("strok", "foot_drop"), ["unknown_item", "unknown_item"]),
    ],
)
def test_targets_that_cannot_be(mode, target, codes, reasoner, evidence):
    """Targets are conditions, as many as the mode takes; everything wrong is said at once."""
    with pytest.raises(InputError) as caught:
        next_questions(reasoner, evidence, mode=mode, target=target)
    assert [problem.code for problem in caught.value.problems] == codes
    if "strok" in target:
        assert caught.value.problems[0].remedy == "Did you mean stroke?"


def test_unknown_modes_and_fields(reasoner, evidence):
    """A mode or field that does not exist is refused by name."""
    with pytest.raises(ValueError, match="mode is one of inform, screen, raise, lower, tell"):
        next_questions(reasoner, evidence, mode="guess")
    with pytest.raises(ValueError, match="conditions or categories"):
        next_questions(reasoner, evidence, about="sites")


def test_contradictory_evidence_has_no_questions(reasoner, vocabulary):
    """Evidence that contradicts itself is an input error."""
    evidence = read_evidence({"tsh_high": "present", "tsh_low": "present"}, vocabulary)
    with pytest.raises(InputError) as caught:
        next_questions(reasoner, evidence)
    assert [problem.code for problem in caught.value.problems] == ["contradiction"]


@pytest.mark.parametrize("about", ["conditions", "categories"])
def test_with_every_condition_entered_nothing_leads(about, reasoner, knowledge, vocabulary):
    """Where every condition is known there is no leader to ask about."""
    cells = {row.id: "absent" for row in knowledge.condition}
    with pytest.raises(InputError) as caught:
        next_questions(reasoner, read_evidence(cells, vocabulary), about=about)
    assert [problem.code for problem in caught.value.problems] == ["nothing_open"]


def test_past_the_limit_there_are_no_questions(reasoner, evidence):
    """Without a posterior of its own a patient has no questions."""
    with pytest.raises(TooWideError):
        next_questions(dataclasses.replace(reasoner, max_steps=1.0), evidence)


def test_refused_answers_are_reported(narrow, evidence, found):
    """A question with an answer past the limit is skipped by name; the others stand as they are."""
    result = next_questions(narrow, evidence)
    assert result.skipped
    assert {one.why for one in result.skipped} == {"refused", "read_otherwise"}
    together = [one.items for one in (*result.all, *result.skipped)]
    assert sorted(together) == sorted(one.items for one in (*found.all, *found.skipped))
    full = {one.items: one for one in found.all}
    for one in result.all:
        assert one.gain == pytest.approx(full[one.items].gain, abs=1e-12)
    # an item's absence never costs more than the patient, so the single ones are all there
    assert {"severity", "duration"} <= {name for one in result.skipped for name in one.items}
    assert any(one.items == ("muscle_twitching",) for one in result.all)


def test_what_is_stopped_is_reported(reasoner, evidence):
    """When it is cancelled, questions not reached are named as stopped."""
    result = next_questions(reasoner, evidence, cancelled=lambda: True)
    assert result.all == ()
    assert {one.why for one in result.skipped} == {"stopped", "read_otherwise"}


def test_progress_is_told(reasoner, evidence):
    """Progress grows to its total."""
    told = []
    next_questions(reasoner, evidence, progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1] > 100


def test_two_steps_ahead_report_what_was_refused(narrow, evidence):
    """A second question that could not be weighed is counted with the answer it follows."""
    result = next_questions(narrow, evidence, pairs=True, burden=2)
    assert len(result.pairs) == 4
    then = [one for pair in result.pairs for one in pair.follow_ups]
    assert any(one.skipped and not one.items for one in then)
    assert any(not pair.complete for pair in result.pairs)
    assert result.rows > next_questions(narrow, evidence, burden=2).rows
    lines = "\n".join(question_lines(result, narrow.knowledge))
    assert "not computed" in lines
    assert "too wide" in lines


def test_the_json_view_is_json(found):
    """The view has six significant digits and names every question it lists."""
    view = found.to_dict()
    assert json.loads(json.dumps(view)) == view
    best = found.by_gain[0]
    shown = view["questions"]["+".join(best.items)]
    assert shown["gain"] == float(f"{best.gain:.6g}")
    for name in (*view["by_gain"], *view["by_change"], *view["by_burden"]):
        assert name in view["questions"]
    assert view["burden_limit"] is None


def test_questions_in_words(reasoner, evidence, found):
    """The lines name the red flags, the best question and what its answers would do."""
    lines = "\n".join(question_lines(found, reasoner.knowledge))
    assert "Before all of these, for open red flags" in lines
    flat = " ".join(lines.split())
    assert found.by_gain[0].label in flat
    assert "if present" in flat
    assert max(map(len, lines.splitlines())) <= 78
    none = question_lines(next_questions(reasoner, evidence, burden=0.5), reasoner.knowledge)
    assert any("No question is left" in line for line in none)
    tell = next_questions(reasoner, evidence, mode="tell", target=("stroke", "myasthenia_gravis"))
    assert "tell Stroke and Myasthenia gravis apart" in " ".join(
        "\n".join(question_lines(tell, reasoner.knowledge)).split()
    )


def test_stopping_begins_with_the_single_answer(reasoner, evidence, found):
    """After one answer the leader stays unless that answer is one of those that change it."""
    result = stopping(reasoner, evidence, questions=2)
    assert result.single == pytest.approx(found.largest_change, abs=1e-12)
    assert result.stays[0] == 1.0
    assert result.stays[1] == pytest.approx(1 - found.largest_change, abs=1e-9)
    assert result.asked[0] == found.by_change[0].items
    assert not result.everything
    assert result.draws == 0
    view = result.to_dict()
    assert json.loads(json.dumps(view)) == view
    text = " ".join("\n".join(stopping_lines(result, reasoner.knowledge)).split())
    assert "exactly computed" in text


def test_stopping_counts_what_was_refused(narrow, evidence):
    """Patients past the limit widen the interval both ways and are said."""
    result = stopping(narrow, evidence, questions=3, burden=2)
    assert 0 < result.unanswered < 1
    low, high = result.interval
    kept = result.chance * (1 - result.unanswered)
    assert low == pytest.approx(kept)
    assert high == pytest.approx(kept + result.unanswered)
    assert result.skipped > 0
    text = " ".join("\n".join(stopping_lines(result, narrow.knowledge)).split())
    assert "could not be computed" in text


def test_stopping_with_a_seed(reasoner, evidence):
    """A draw depends on its seed and on nothing else."""
    one, same, other = (
        stopping(reasoner, evidence, questions=3, draws=5, burden=2, seed=seed)
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one.draws == 5
    assert one.interval[0] < one.chance < one.interval[1] or one.chance in (0, 1)
    assert (one.stays, one.seed) != (other.stays, other.seed)


def test_nothing_left_to_ask(reasoner, evidence):
    """With no question left at the burden the leader stays, and all is asked."""
    result = stopping(reasoner, evidence, burden=0.5)
    assert result.stays == (1.0,)
    assert result.everything
    assert result.asked == ()
    assert any("No question" in line for line in stopping_lines(result, reasoner.knowledge))


def test_a_stop_leaves_stopping_unknown(reasoner, evidence):
    """Cancelled at once, nothing is asked and that is said."""
    result = stopping(reasoner, evidence, cancelled=lambda: True)
    assert result.asked == ()
    assert not result.everything
    assert result.skipped > 50


def test_information_of_a_noisy_answer():
    """An answer right in 9 of 10 tells 1 - H(0.1) bits of an even thing, and 0 of another."""
    present = np.array([[0.9, 0.5], [0.1, 0.5]])
    h = -(0.1 * math.log2(0.1) + 0.9 * math.log2(0.9))
    found = information(np.array([0.5, 0.5]), present, 1 - present)
    assert found == pytest.approx([1 - h, 0.0])


def test_an_aim_takes_one_name_as_it_is(reasoner, evidence):
    """A target may be given as a name instead of a list of one."""
    one = Aim.of(reasoner, evidence, "raise", "stroke", "conditions")
    other = Aim.of(reasoner, evidence, "raise", ["stroke"], "conditions")
    assert one.targets == other.targets


@pytest.mark.parametrize("burden", [math.nan, -1.0])
@pytest.mark.parametrize("ask", [next_questions, stopping])
def test_a_burden_that_cannot_be(ask, burden, reasoner, evidence):
    """A burden is a number of 0 or more; nothing is answered for another."""
    with pytest.raises(InputError, match="burden"):
        ask(reasoner, evidence, burden=burden)


@pytest.mark.parametrize("asked", [{"questions": 0}, {"draws": 0}, {"draws": -5}])
def test_counts_that_cannot_be(asked, reasoner, evidence):
    """Questions, draws and rows shown are at least 1."""
    with pytest.raises(ValueError, match="1 or more"):
        stopping(reasoner, evidence, **asked)
    with pytest.raises(ValueError, match="first is 1 or more"):
        next_questions(reasoner, evidence, first=0)


def test_when_to_stop_begins_with_the_red_flags(reasoner, evidence, found):
    """Open red-flag questions stand before anything about stopping, on screen and in JSON."""
    result = stopping(reasoner, evidence, questions=2)
    assert result.red_flags == found.red_flags != ()
    assert result.to_dict()["red_flags"] == list(found.red_flags)
    lines = stopping_lines(result, reasoner.knowledge)
    assert "Red-flag questions are open; ask them whatever stands below" in lines[1]
    text = " ".join(" ".join(lines).split())
    assert "More answers may change it more often" in text


def test_nothing_asked_has_no_chance(reasoner, evidence):
    """When nothing was asked there is no chance to tell, and JSON says so."""
    result = stopping(reasoner, evidence, burden=0.5)
    assert math.isnan(result.chance)
    view = result.to_dict()
    assert (view["chance"], view["interval"]) == (None, [None, None])


def test_not_everything_is_asked_while_some_read_otherwise(reasoner, evidence):
    """Questions that can be answered only by reading an entry otherwise keep it from being all."""
    result = stopping(reasoner, evidence, questions=1, cancelled=lambda: True)
    assert result.read_otherwise == 2
    assert not result.everything


def test_tests_of_open_red_flags_are_listed_apart(reasoner, evidence, found):
    """What only a test answers of a pending rule is no bedside question, and is told."""
    bedside = reasoner.vocabulary.bedside
    index = reasoner.vocabulary.index
    assert found.red_flag_tests
    assert not set(found.red_flag_tests) & set(found.red_flags)
    assert not any(bedside[index[name].column] for name in found.red_flag_tests)


def test_the_text_is_short_and_repeats_nothing(reasoner, found):
    """Five questions of each list, each question once; labels and no ids."""
    lines = question_lines(found, reasoner.knowledge)
    text = " ".join("\n".join(lines).split())
    shown = [one for one in found.all if f" {one.label} ({one.step.replace('_', ' ')}" in text]
    assert 5 <= len(shown) <= 15
    assert all(text.count(f" {one.label} ({one.step.replace('_', ' ')}") == 1 for one in shown)
    assert len(lines) < 110
    assert "potassium_low" not in " ".join(lines)
    assert not any("potassium low" in line for line in lines)
