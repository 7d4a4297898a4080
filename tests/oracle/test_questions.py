"""Questions and stopping against sums over the whole joint distribution of small networks."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from model.closure import Closure
from model.evidence import read_evidence
from model.reasons.prospects import (
    asked_together,
    can_be_entered,
    open_items,
    prospects,
    with_answer,
)
from model.reasons.questions import next_questions
from model.reasons.stopping import stopping
from model.vocabulary import UNKNOWN, Vocabulary
from tests.oracle.joint import Joint, joint_of, ruled, shaken, with_net
from tests.oracle.small import brute_force
from tests.oracle.small_base import small_base

EXACT = pytest.approx

#: Evidence of several kinds; the first is tried with every network.
CELLS = (
    {"age": "70", "sex": "male", "foot_drop": "present", "onset": "rapid"},
    {"back_pain": "present", "laterality": "both_legs", "diuretic": "absent", "stroke": "absent"},
    {"sex": "female", "objective_weakness": "absent", "soft": {"muscle_cramps": 6, "diabetes": 3}},
    {"age": "30", "soft": {"foot_drop": 8, "onset": {"gradual": 1, "rapid": 2, "sudden": 5}}},
)
CASES = [(seed, 0) for seed in range(4)] + [(seed, seed) for seed in range(1, 4)]


def excluding(reasoner, other="muscle_cramps"):
    """The same with a finding that back pain excludes."""
    knowledge = replace(
        reasoner.knowledge,
        finding=tuple(
            row.model_copy(update={"excludes": other}) if row.id == "back_pain" else row
            for row in reasoner.knowledge.finding
        ),
    )
    vocabulary = Vocabulary.of(knowledge)
    closure = Closure.of(knowledge, vocabulary)
    return replace(reasoner, knowledge=knowledge, vocabulary=vocabulary, closure=closure)


@pytest.fixture(scope="module")
def small():
    """A small knowledge base."""
    return ruled(small_base().reasoner)


@pytest.fixture(scope="module")
def networks(small):
    """The small network, and three with its structure and random numbers, with their tables."""
    found = [small, *(shaken(small, seed) for seed in range(1, 4))]
    return [(reasoner, joint_of(reasoner)) for reasoner in found]


@pytest.fixture(params=CASES, ids=lambda case: f"network{case[0]}-patient{case[1]}")
def patient(request, networks):
    """A network, its table and a patient."""
    network, cells = request.param
    reasoner, joint = networks[network]
    return reasoner, joint, read_evidence(CELLS[cells], reasoner.vocabulary)


def entropy(p):
    """Binary entropy in bits."""
    p = np.asarray(p, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * np.log2(p), 0) + np.where(p < 1, (1 - p) * np.log2(1 - p), 0)
    return -terms


def answers(reasoner, joint: Joint, evidence, items):
    """(values, P(answer | evidence), sums) of every answer to a question that is possible."""
    columns = [reasoner.vocabulary.index[name].column for name in items]
    values = [range(len(reasoner.vocabulary.items[column].values)) for column in columns]
    excludes = reasoner.closure.excludes
    found = []
    for codes in product(*values):
        after = with_answer(evidence, columns, codes)
        both = any(after.codes[one] == after.codes[other] == 1 for one, other in excludes)
        told = joint.told(after)
        if told.total > 1e-15 and not both:
            found.append((codes, told.total, told))
    total = sum(weight for _, weight, _ in found)
    return [(codes, weight / total, told) for codes, weight, told in found]


def leader(present, evidence, reasoner):
    """The most probable condition that was not entered."""
    codes = evidence.codes[reasoner.vocabulary.columns("condition")]
    return int(np.where(codes == UNKNOWN, present, -1).argmax())


def test_the_table_is_the_brute_force(networks):
    """The table that the other tests rest on gives what summing everything gives."""
    for reasoner, joint in networks[:2]:
        evidence = read_evidence(CELLS[0], reasoner.vocabulary)
        settled = reasoner.closure.settle(evidence.codes[None]).engine[0]
        truth = brute_force(reasoner.engine.net, reasoner.case(settled))
        told = joint.told(evidence)
        net = reasoner.engine.net
        assert told.total == EXACT(truth["total"] * net.age_prior[3] * net.sex_prior[1], rel=1e-9)
        assert told.present == EXACT(truth["condition"], abs=1e-12)
        assert told.unexplained == EXACT(truth["unexplained"], abs=1e-12)


def test_chances_and_posteriors_equal_the_table(patient):
    """Every answer's chance, and every posterior after it, are the sums over the table."""
    reasoner, joint, evidence = patient
    asked = asked_together(reasoner, open_items(reasoner, evidence))
    found = prospects(reasoner, evidence, asked)
    assert found.each
    for one in found.each:
        items = [reasoner.vocabulary.items[column].id for column in one.columns]
        truth = answers(reasoner, joint, evidence, items)
        assert [tuple(codes) for codes in one.codes] == [codes for codes, _, _ in truth]
        assert one.chance == EXACT([chance for _, chance, _ in truth], abs=1e-9)
        for row, (_, _, told) in enumerate(truth):
            assert one.present[row] == EXACT(told.present, abs=1e-9)
            assert one.absent[row] == EXACT(1 - told.present, abs=1e-9)
            assert one.group[row] == EXACT(told.group, abs=1e-9)
            assert one.unexplained[row] == EXACT(told.unexplained, abs=1e-9)


def rare(small):
    """A network in which a finding, or one of two conditions given the other, hardly occurs."""
    net, knowledge = small.engine.net, small.knowledge
    at = {row.id: place for place, row in enumerate(knowledge.finding)}
    i = {row.id: place for place, row in enumerate(knowledge.condition)}
    strength, rate, excess = net.strength.copy(), net.rate.copy(), net.excess.copy()
    strength[:, at["glucose_or_hba1c_high"]] *= 1e-11  # hardly ever high
    n = len(rate)
    for name in ("muscle_cramps", "back_pain"):
        strength[:, at[name]] = 0.0
        strength[n:, at[name]] = 1e-13
        strength[i["stroke"], at[name]] = 0.9
    strength[i["hypokalaemia"], at["muscle_cramps"]] = 0.9  # the other that explains cramps
    rate[[i["stroke"], i["hypokalaemia"]]] = 1e-12
    excess[:, [i["stroke"], i["hypokalaemia"]]] = 0.0
    changed = net._replace(strength=strength, rate=rate, excess=excess, cause=0 * net.cause)
    return with_net(small, changed)


def test_rare_answers_are_computed_and_not_subtracted(small):
    """Where a difference would lose its digits, the second answer has a posterior of its own."""
    reasoner = rare(small)
    joint = joint_of(reasoner)
    cells = {"age": "70", "sex": "male", "muscle_cramps": "present"}
    evidence = read_evidence(cells, reasoner.vocabulary)
    for name in ("glucose_or_hba1c_high", "back_pain"):
        column = reasoner.vocabulary.index[name].column
        one = prospects(reasoner, evidence, [(column,)]).each[0]
        truth = joint.told(with_answer(evidence, [column], (1,)))
        assert one.present[1] == EXACT(truth.present, rel=1e-6)
        chance = truth.total / joint.told(evidence).total
        assert one.chance[1] == EXACT(chance, rel=1e-6)
    # the second is common, and yet makes one of the conditions hardly possible
    assert one.chance[1] > 0.1
    assert one.present[1].min() < 1e-6 * one.present[0].max()


def test_what_is_not_asked_has_one_possible_answer(patient):
    """No open item of two possible answers is left out."""
    reasoner, joint, evidence = patient
    asked = {name for one in next_questions(reasoner, evidence).all for name in one.items}
    for item in reasoner.vocabulary.items:
        if item.kind != "condition" and evidence.codes[item.column] == UNKNOWN:
            possible = answers(reasoner, joint, evidence, [item.id])
            assert (len(possible) > 1) == (item.id in asked)


def test_the_expected_posterior_is_the_present_one(patient):
    """Averaged over the answers to a single item, every posterior is what it is now."""
    reasoner, _, evidence = patient
    found = prospects(reasoner, evidence, [(c,) for c in open_items(reasoner, evidence)])
    for one in found.each:
        assert one.lost == EXACT(0.0, abs=1e-9)
        assert one.chance.sum() == EXACT(1.0, abs=1e-12)
        for after, now in (
            (one.present, found.now.present),
            (one.absent, found.now.absent),
            (one.group, found.now.group),
            (one.unexplained, found.now.unexplained),
        ):
            assert one.chance @ after == EXACT(now, abs=1e-9)


@pytest.mark.parametrize("about", ["conditions", "categories"])
def test_information_is_the_fall_of_entropy(about, patient):
    """The gain is the expected fall of the summed binary entropies, and orders the questions."""
    reasoner, joint, evidence = patient
    found = next_questions(reasoner, evidence, about=about)

    def uncertainty(told):
        return entropy(told.present if about == "conditions" else told.group).sum()

    worth = {}
    for one in found.all:
        truth = answers(reasoner, joint, evidence, one.items)
        now = uncertainty(joint.told(evidence))
        if len(one.items) > 1 and one.lost > 1e-12:
            continue  # a combination that cannot be entered: see below
        worth[one.items] = now - sum(chance * uncertainty(told) for _, chance, told in truth)
        assert one.gain == EXACT(worth[one.items], abs=1e-9)
    gains = [worth[one.items] for one in found.all if one.items in worth]
    assert gains == EXACT(sorted(gains, reverse=True), abs=1e-9)


def test_the_chance_of_another_leader_equals_the_table(patient):
    """The chance that an answer changes the leader is the sum of the chances of those that do."""
    reasoner, joint, evidence = patient
    now = leader(joint.told(evidence).present, evidence, reasoner)
    found = next_questions(reasoner, evidence)
    ids = [row.id for row in reasoner.knowledge.condition]
    assert found.leader == ids[now]
    for one in found.all:
        truth = answers(reasoner, joint, evidence, one.items)
        leaders = [leader(told.present, evidence, reasoner) for _, _, told in truth]
        changes = sum(
            share for (_, share, _), then in zip(truth, leaders, strict=True) if then != now
        )
        assert one.changes_leader == EXACT(changes, abs=1e-9)
        assert [answer.leader for answer in one.outcomes] == [ids[then] for then in leaders]
        assert [answer.present_leader for answer in one.outcomes] == EXACT(
            [told.present[now] for _, _, told in truth], abs=1e-9
        )


@pytest.mark.parametrize("mode", ["raise", "lower", "tell", "screen"])
def test_modes_equal_their_definitions(mode, patient):
    """Each mode's gain is its definition, summed over the answers by hand."""
    reasoner, joint, evidence = patient
    ids = [row.id for row in reasoner.knowledge.condition]
    a, b = ids.index("hypokalaemia"), ids.index("dehydration")
    target = {"raise": ids[a], "lower": ids[a], "tell": (ids[a], ids[b]), "screen": ()}[mode]
    cannot_miss = [row.cannot_miss == "yes" for row in reasoner.knowledge.condition]
    assert any(cannot_miss)
    before = joint.told(evidence).present

    def worth(p):
        if mode == "tell":
            return abs(np.log10(p[a] / p[b]) - np.log10(before[a] / before[b]))
        if mode == "screen":
            return (entropy(before) - entropy(p))[cannot_miss].sum()
        rise = np.log10(p[a] / (1 - p[a])) - np.log10(before[a] / (1 - before[a]))
        return max(0.0, rise if mode == "raise" else -rise)

    for one in next_questions(reasoner, evidence, mode=mode, target=target).all:
        truth = answers(reasoner, joint, evidence, one.items)
        gain = sum(chance * worth(told.present) for _, chance, told in truth)
        assert one.gain == EXACT(gain, abs=1e-9)


def test_items_that_exclude_each_other_are_one_question(networks):
    """They have three answers; both at once cannot be entered, and its probability is told."""
    reasoner, joint = networks[1]
    reasoner = excluding(reasoner)
    evidence = read_evidence(CELLS[0], reasoner.vocabulary)
    one = next(q for q in next_questions(reasoner, evidence).all if "back_pain" in q.items)
    assert one.items == ("back_pain", "muscle_cramps")
    assert [tuple(value for _, value in answer.values) for answer in one.outcomes] == [
        ("absent", "absent"),
        ("absent", "present"),
        ("present", "absent"),
    ]
    columns = [reasoner.vocabulary.index[name].column for name in one.items]
    both = joint.told(with_answer(evidence, columns, (1, 1)))
    whole = joint.told(evidence)
    assert one.lost == EXACT(both.total / whole.total, abs=1e-9)
    # the information is that of the answer once the impossible combination is left out
    rest = (whole.present * whole.total - both.present * both.total) / (whole.total - both.total)
    truth = answers(reasoner, joint, evidence, one.items)
    after = sum(chance * entropy(told.present) for _, chance, told in truth)
    assert one.gain == EXACT((entropy(rest) - after).sum(), abs=1e-9)
    # and one of them known settles the other
    known = read_evidence({**CELLS[0], "back_pain": "present"}, reasoner.vocabulary)
    asked = {name for q in next_questions(reasoner, known).all for name in q.items}
    assert "muscle_cramps" not in asked


def test_a_question_costs_what_its_dearest_item_costs(networks):
    """Asked with a blood test, a question of the history is as dear; within a limit it is alone."""
    reasoner = excluding(networks[1][0], "glucose_or_hba1c_high")
    evidence = read_evidence(CELLS[0], reasoner.vocabulary)
    burden = {row.id: row.burden for row in reasoner.knowledge.step}
    one = next(q for q in next_questions(reasoner, evidence).all if "back_pain" in q.items)
    assert one.items == ("back_pain", "glucose_or_hba1c_high")
    assert (one.step, one.burden) == ("blood_test", burden["blood_test"])
    assert one.gain_per_burden == one.gain / burden["blood_test"]
    cheap = next_questions(reasoner, evidence, burden=burden["history"]).all
    assert ("back_pain",) in [q.items for q in cheap]


def test_a_context_and_the_one_it_implies_are_one_question(networks):
    """Diabetes and its poor control have three answers, as likely as the table says."""
    reasoner, joint = networks[1]
    evidence = read_evidence(CELLS[0], reasoner.vocabulary)
    one = next(q for q in next_questions(reasoner, evidence).all if "diabetes" in q.items)
    assert one.items == ("diabetes", "poor_glucose_control")
    truth = answers(reasoner, joint, evidence, one.items)
    assert [answer.chance for answer in one.outcomes] == EXACT([c for _, c, _ in truth], abs=1e-9)
    assert len(truth) == 3
    assert one.lost == EXACT(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("network", "mode", "target"), [(2, "inform", ()), (0, "raise", ("hypokalaemia",))]
)
def test_two_steps_ahead_equal_the_table(network, mode, target, networks):
    """A pair's gain is the best that a second question can do after each answer to the first."""
    reasoner, joint = networks[network]
    cells = {**CELLS[0], "diuretic": "absent", "diabetes": "absent"}
    evidence = read_evidence(cells, reasoner.vocabulary)
    found = next_questions(reasoner, evidence, mode=mode, target=target, pairs=True)
    ids = [row.id for row in reasoner.knowledge.condition]
    before = joint.told(evidence).present
    place = ids.index("hypokalaemia")

    def worth(p):
        if mode == "inform":
            return (entropy(before) - entropy(p)).sum()
        return max(
            0.0, np.log10(p[place] / (1 - p[place])) - np.log10(before[place] / (1 - before[place]))
        )

    assert len(found.pairs) == 4
    for pair in found.pairs:
        best = 0.0
        columns = [reasoner.vocabulary.index[name].column for name in pair.items]
        for codes, chance, told in answers(reasoner, joint, evidence, pair.items):
            after = with_answer(evidence, columns, codes)
            seconds = [worth(told.present)]
            for one in found.all:
                if one.items != pair.items:
                    truth = answers(reasoner, joint, after, one.items)
                    seconds.append(sum(share * worth(then.present) for _, share, then in truth))
            best += chance * max(seconds)
        assert pair.gain == EXACT(best, abs=1e-9)
        assert pair.first_gain <= pair.gain
    gains = [pair.gain for pair in found.pairs]
    assert gains == sorted(gains, reverse=True)
    # where a second answer can only take away, nothing is asked
    then = [one for pair in found.pairs for one in pair.follow_ups]
    assert all((one.gain > 0) == bool(one.items) for one in then)
    assert all(one.items for one in then) == (mode == "inform")


def stays(reasoner, joint, evidence, asked):
    """P(the leader stands first after all of some answers), by going through all of them.

    Answers that cannot be entered together are left out, and a finding that only specifies a grade
    says nothing beside another grade, as everywhere.
    """
    now = leader(joint.told(evidence).present, evidence, reasoner)
    columns = [reasoner.vocabulary.index[name].column for items in asked for name in items]
    values = [range(len(reasoner.vocabulary.items[column].values)) for column in columns]
    total = kept = 0.0
    possible = [with_answer(evidence, columns, codes) for codes in product(*values)]
    fits = can_be_entered(reasoner, evidence, possible)
    for after in [one for one, fit in zip(possible, fits, strict=True) if fit]:
        codes = reasoner.closure.settle(after.codes[None]).engine[0]
        told = joint.told(replace(after, codes=codes))
        total += told.total
        if told.total > 0 and leader(told.present, evidence, reasoner) == now:
            kept += told.total
    return kept / total


def test_stopping_equals_going_through_all_answers(networks):
    """After 0, 1, 2, ... answers the leader stands first as often as the table says."""
    for reasoner, joint in networks:
        evidence = read_evidence(CELLS[0], reasoner.vocabulary)
        found = stopping(reasoner, evidence, questions=5, draws=10**6)
        assert found.draws == 0
        assert len(found.asked) == 5
        for count, share in enumerate(found.stays):
            assert share == EXACT(stays(reasoner, joint, evidence, found.asked[:count]), abs=1e-9)
        assert found.interval == EXACT((found.chance, found.chance), abs=1e-12)
        assert found.single == EXACT(1 - found.stays[1], abs=1e-9)


def test_drawn_stopping_agrees_with_all_answers(networks):
    """A draw of patients gives the share that all combinations give, within its error."""
    reasoner, _ = networks[0]
    evidence = read_evidence(CELLS[0], reasoner.vocabulary)
    whole = stopping(reasoner, evidence, questions=5, draws=10**6)
    drawn = [stopping(reasoner, evidence, questions=5, draws=20, seed=seed) for seed in range(30)]
    assert all(one.draws == 20 for one in drawn)
    assert 0.05 < whole.chance < 0.95
    error = np.sqrt(whole.chance * (1 - whole.chance) / (20 * len(drawn)))
    assert np.mean([one.chance for one in drawn]) == EXACT(whole.chance, abs=4 * error)
    inside = [one.interval[0] <= whole.chance <= one.interval[1] for one in drawn]
    assert np.mean(inside) > 0.8


def test_the_floor_holds_for_everything_that_can_be_answered(networks):
    """The leader stays first at least as often as the floor says, whatever is asked."""
    floors = []
    for reasoner, joint in networks:
        for cells in (CELLS[0], {**CELLS[0], "potassium_low": "present"}):
            more = {**cells, "diabetes": "absent", "laterality": "one_leg"}
            evidence = read_evidence(more, reasoner.vocabulary)
            found = stopping(reasoner, evidence, questions=1)
            told = joint.told(evidence)
            now = leader(told.present, evidence, reasoner)
            rivals = np.delete(joint.condition, now, axis=1)
            other = told_any(joint, evidence, rivals)
            assert found.floor == EXACT(max(0.0, told.present[now] - other), abs=1e-9)
            everything = [q.items for q in next_questions(reasoner, evidence).all]
            floors.append(found.floor)
            if found.floor > 0:
                assert stays(reasoner, joint, evidence, everything) >= found.floor
    assert max(floors) > 0.1


def told_any(joint, evidence, members):
    """P(any of some conditions | evidence)."""
    table = Joint.__new__(Joint)
    table.__dict__.update(joint.__dict__)
    table.groups = np.ones((1, members.shape[1]), bool)
    table.condition = members
    table.columns = {**joint.columns, "condition": slice(0, 0)}
    assert (evidence.codes[joint.columns["condition"]] == UNKNOWN).all()
    return float(table.told(evidence).group[0])
