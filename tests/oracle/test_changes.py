"""Changes and numbers against sums over the whole joint distribution of small networks.

Where the base rates depend on a number, the table with another value is solved from nothing.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from model.engine import net_of
from model.evidence import read_evidence
from model.parameters import graded_rows, solved, unnamed_rows
from model.pretest import NoSolutionError
from model.reasons import tipping
from model.reasons.changes import what_would_change
from model.reasons.goals import Goal
from model.reasons.leans import leans_on
from model.reasons.numbers import KINDS, LINES, SOLVED_AGAIN
from model.reasons.prospects import believed
from model.reasons.sensitivity import STEP, USUAL, Bench, each, variations
from model.reasons.variants import changed, items_of
from model.vocabulary import UNKNOWN
from tests.oracle.joint import Joint, joint_of, ruled, shaken, with_net
from tests.oracle.small_base import small_base

EXACT = pytest.approx

#: A seed with which one number changes the leader both when it is more and when it is less.
TIPS_BOTH_WAYS = 230

CELLS = (
    {"age": "70", "sex": "male", "foot_drop": "present", "onset": "rapid", "diuretic": "present"},
    {"age": "30", "back_pain": "present", "laterality": "both_legs", "stroke": "absent"},
    {"sex": "female", "potassium_low": "present", "objective_weakness": "absent"},
    {"age": "50", "laterality": "one_leg", "soft": {"foot_drop": 8, "muscle_cramps": 0.2}},
)


def drawn(reasoner, seed):
    """The same tables with every number drawn at random (what is 0 stays 0), and solved."""
    rng, base = np.random.default_rng(seed), reasoner.parameters

    def uniform(low, high, like):
        return np.where(like > 0.0, rng.uniform(low, high, like.shape), 0.0)

    written = base.written.copy()
    for i, g in zip(*np.nonzero(written.any(axis=2)), strict=True):
        there = written[i, g] > 0.0
        written[i, g, there] = rng.dirichlet(np.ones(there.sum()))
    link, row = uniform(0.02, 0.95, base.link), graded_rows(written, base.stated, base.pretest)
    unnamed, unnamed_row = unnamed_rows(base.structure, link, row, base.pretest)
    table = replace(
        base,
        link=link,
        written=written,
        row=row,
        unnamed=unnamed,
        unnamed_row=unnamed_row,
        context_finding=uniform(0.02, 0.95, base.context_finding),
        leak=uniform(0.005, 0.3, base.leak),
        excess=uniform(0.5, 9.0, base.excess),
        cause=uniform(0.05, 0.3, base.cause),
        prevalence=rng.uniform(0.05, 0.6, base.prevalence.shape),
    )
    parameters = solved(table)
    return replace(with_net(reasoner, net_of(parameters)), parameters=parameters)


@pytest.fixture(scope="module")
def networks():
    """The small network, and three with its structure and random numbers, with their tables."""
    small = ruled(small_base().reasoner)
    found = [small, *(drawn(small, seed) for seed in range(1, 4))]
    return [(reasoner, joint_of(reasoner)) for reasoner in found]


@pytest.fixture(params=range(4), ids=lambda place: f"patient{place}")
def patient(request, networks):
    """A network, its table and a patient."""
    reasoner, joint = networks[request.param]
    return reasoner, joint, read_evidence(CELLS[request.param], reasoner.vocabulary)


def told(reasoner, joint: Joint, evidence):
    """Sums over the table given the evidence as closed; None if it contradicts itself."""
    settled = reasoner.closure.settle(evidence.codes[None])
    if settled.bad.any():
        return None
    return joint.told(replace(evidence, codes=settled.engine[0]))


def first(present, evidence, reasoner):
    """The most probable condition that was not entered."""
    codes = evidence.codes[reasoner.vocabulary.columns("condition")]
    return int(np.where(codes == UNKNOWN, present, -1).argmax())


def single_changes(reasoner, evidence):
    """(column, code) of every change of one item, by the definition in the documentation."""
    known = reasoner.closure.settle(evidence.codes[None]).rules[0] != UNKNOWN
    found = []
    for item in reasoner.vocabulary.items:
        values = range(len(item.values))
        entered = evidence.codes[item.column]
        if item.kind == "condition":
            if entered != UNKNOWN:
                found.append((item.column, 0 if entered == 1 else UNKNOWN))
        elif item.column in items_of(evidence):
            others = [code for code in values if code != entered]
            found += [(item.column, code) for code in (UNKNOWN, *others)]
        elif not known[item.column]:
            found += [(item.column, code) for code in values]
    return found


def applied(evidence, settings):
    """The patient with some items changed."""
    for column, code in settings:
        evidence = changed(evidence, column, code)
    return evidence


def named(reasoner, settings):
    """A change by names: a set of (item, value)."""
    items = reasoner.vocabulary.items
    return frozenset(
        (items[column].id, "unknown" if code == UNKNOWN else items[column].values[code])
        for column, code in settings
    )


def views(changes):
    """Changes by names."""
    return {frozenset((edit.item, edit.after) for edit in one.edits): one for one in changes}


def check_change(reasoner, joint, evidence, settings, one):
    """Posteriors and chance of one change equal the table's."""
    after = applied(evidence, settings)
    truth = told(reasoner, joint, after)
    ids = [row.id for row in reasoner.knowledge.condition]
    now = first(told(reasoner, joint, evidence).present, evidence, reasoner)
    assert one.first == ids[first(truth.present, after, reasoner)]
    assert one.first_probability == EXACT(truth.present[ids.index(one.first)], abs=1e-9)
    assert one.leader_probability == EXACT(truth.present[now], abs=1e-9)
    settled = reasoner.closure.settle(after.codes[None])
    assert one.read_otherwise == any(note.level == "warning" for note in settled.notes)
    if one.read_otherwise:
        assert math.isnan(one.chance)
        return
    rest = applied(evidence, [(column, UNKNOWN) for column, _ in settings])
    chance = truth.total / told(reasoner, joint, rest).total
    assert one.chance == EXACT(chance, abs=1e-9)


def test_single_changes_equal_brute_force(patient):
    """Exactly the changes of one item that put another condition first are reported."""
    reasoner, joint, evidence = patient
    found = what_would_change(reasoner, evidence)
    now = first(told(reasoner, joint, evidence).present, evidence, reasoner)
    expected = {}
    settings = single_changes(reasoner, evidence)
    truths = [told(reasoner, joint, applied(evidence, [setting])) for setting in settings]
    possible = [pair for pair in zip(settings, truths, strict=True) if pair[1] is not None]
    # an unknown item that can only have one value has it already
    columns = [setting[0] for setting, _ in possible]
    sole = [c for c in columns if columns.count(c) == 1 and c not in items_of(evidence)]
    possible = [pair for pair in possible if pair[0][0] not in sole]
    for setting, truth in possible:
        after = applied(evidence, [setting])
        if first(truth.present, after, reasoner) != now:
            expected[named(reasoner, [setting])] = setting
    assert set(views(found.single)) == set(expected)
    for name, one in views(found.single).items():
        check_change(reasoner, joint, evidence, [expected[name]], one)
    assert found.singles_tried == len(possible)
    assert found.impossible == sum(truth is None for truth in truths)
    fixed = [one.edits[0].item in ("age", "sex") for one in found.single]
    assert fixed == sorted(fixed)
    for wanted in (False, True):
        rows = zip(found.single, fixed, strict=True)
        chances = [np.nan_to_num(one.chance, nan=-1.0) for one, late in rows if late == wanted]
        assert chances == sorted(chances, reverse=True)
    assert found.skipped == ()


def test_the_changes_that_come_nearest_are_paired(patient):
    """Pairs are searched among the changes that bring another closest to the leader."""
    reasoner, joint, evidence = patient
    found = what_would_change(reasoner, evidence)
    present = told(reasoner, joint, evidence).present
    now = first(present, evidence, reasoner)
    index = reasoner.vocabulary.index
    place = reasoner.vocabulary.columns("condition")

    def gap(one, patient):
        odds = np.log(one.present) - np.log(1 - one.present)
        odds = np.where(patient.codes[place] == UNKNOWN, odds, -np.inf)
        return odds[now] - np.delete(odds, now).max()

    with np.errstate(divide="ignore"):
        far = gap(told(reasoner, joint, evidence), evidence)
        gaps = {}
        for setting in single_changes(reasoner, evidence):
            after = applied(evidence, [setting])
            truth = told(reasoner, joint, after)
            if truth is not None and 0 < gap(truth, after) < far - 1e-9:
                gaps[named(reasoner, [setting])] = gap(truth, after)
    nearest = sorted(gaps.values())[: len(found.searched)]
    assert len(found.searched) == min(12, len(gaps))
    assert [gaps[frozenset({(edit.item, edit.after)})] for edit in found.searched] == EXACT(
        nearest, abs=1e-9
    )
    assert all(edit.item in index for edit in found.searched)


def test_pairs_equal_brute_force(patient):
    """Of the pairs searched, exactly those that are enough are reported, and they are enough."""
    reasoner, joint, evidence = patient
    found = what_would_change(reasoner, evidence)
    now = first(told(reasoner, joint, evidence).present, evidence, reasoner)
    index = reasoner.vocabulary.index
    near = []
    for edit in found.searched:
        item = index[edit.item]
        code = UNKNOWN if edit.after == "unknown" else item.values.index(edit.after)
        near.append((item.column, code))
    expected = {}
    for settings in combinations(near, 2):
        if settings[0][0] == settings[1][0]:
            continue
        after = applied(evidence, settings)
        truth = told(reasoner, joint, after)
        if truth is not None and first(truth.present, after, reasoner) != now:
            expected[named(reasoner, settings)] = settings
    assert set(views(found.pairs)) == set(expected)
    for name, one in views(found.pairs).items():
        check_change(reasoner, joint, evidence, expected[name], one)


@pytest.mark.parametrize("threshold", [0.2, 0.6])
def test_crossing_a_threshold_equals_brute_force(threshold, patient):
    """Exactly the single changes that take a condition across a threshold are reported."""
    reasoner, joint, evidence = patient
    name = "hypokalaemia"
    found = what_would_change(reasoner, evidence, condition=name, threshold=threshold)
    place = [row.id for row in reasoner.knowledge.condition].index(name)
    below = told(reasoner, joint, evidence).present[place] < threshold
    expected = set()
    for setting in single_changes(reasoner, evidence):
        truth = told(reasoner, joint, applied(evidence, [setting]))
        if truth is not None and (truth.present[place] < threshold) != below:
            expected.add(named(reasoner, [setting]))
    assert set(views(found.single)) == expected
    for one in (*found.single, *found.pairs):
        assert (one.condition_probability < threshold) != below
    for one in found.numbers:
        assert one.condition_probability == EXACT(threshold, abs=1e-6)


def test_a_chosen_condition_equals_brute_force(patient):
    """Exactly the single changes that put a chosen condition first are reported."""
    reasoner, joint, evidence = patient
    ids = [row.id for row in reasoner.knowledge.condition]
    now = first(told(reasoner, joint, evidence).present, evidence, reasoner)
    other = next(i for i in range(len(ids)) if i != now and ids[i] != "stroke")
    found = what_would_change(reasoner, evidence, condition=ids[other])
    expected = set()
    for setting in single_changes(reasoner, evidence):
        after = applied(evidence, [setting])
        truth = told(reasoner, joint, after)
        if truth is not None and first(truth.present, after, reasoner) == other:
            expected.add(named(reasoner, [setting]))
    assert set(views(found.single)) == expected
    assert all(one.first == ids[other] for one in (*found.single, *found.pairs, *found.numbers))


def table(base, knowledge, number, value):
    """The tables with one number set, by what the number says of itself; solved from nothing."""
    conditions, contexts = knowledge.condition_index, knowledge.context_index
    findings = knowledge.finding_index
    bands = [row.id for row in knowledge.age_band]
    of, kind = number.of, number.kind

    def put(name, *place):
        array = getattr(base, name).copy()
        array[place] = value - 1 if name == "excess" else value
        return replace(base, **{name: array})

    if kind == "grade":
        f = findings[of[1]]
        row, place = base.row.copy(), (conditions[of[0]], base.structure.graded[f])
        grade = knowledge.finding[f].values.index(of[2])
        row[place] *= (1 - value) / (1 - row[place][grade])
        row[place][grade] = value
        return replace(base, row=row)
    if kind == "leak":
        return put("leak", bands.index(of[1]), findings[of[0]])
    if kind == "link":
        return put("link", conditions[of[0]], findings[of[1]])
    if kind == "context_finding":
        return put("context_finding", contexts[of[0]], findings[of[1]])
    if kind == "rate":
        return solved(put("excess", contexts[of[0]], conditions[of[1]]))
    if kind == "condition_link":
        return solved(put("cause", conditions[of[0]], conditions[of[1]]))
    if kind == "age_sex":
        i, array = conditions[of[0]], base.multiplier.copy()
        if of[1] in bands:
            array[bands.index(of[1]), :, i] *= value / number.value
        else:
            array[:, ("female", "male").index(of[1]), i] *= value / number.value
        return solved(replace(base, multiplier=array))
    if kind == "unnamed":
        return solved(replace(base, unnamed_pretest=value))
    changed = put("pretest", conditions[of[0]])
    row = graded_rows(base.written, base.stated, changed.pretest)
    unnamed, unnamed_row = unnamed_rows(base.structure, base.link, row, changed.pretest)
    return solved(replace(changed, row=row, unnamed=unnamed, unnamed_row=unnamed_row))


class Varied:
    """Sums over the table of a network with one number changed, built anew each time."""

    def __init__(self, reasoner, evidence):
        self.reasoner, self.evidence = reasoner, evidence
        self.columns = joint_of(reasoner).columns
        settled = reasoner.closure.settle(evidence.codes[None])
        self.settled = replace(evidence, codes=settled.engine[0])

    def net(self, number, value):
        """The network with the number set."""
        return net_of(table(self.reasoner.parameters, self.reasoner.knowledge, number, value))

    def told(self, number, value):
        """P(condition | evidence) with another value."""
        net, groups = self.net(number, value), self.reasoner.engine.groups
        joint = Joint(net, groups, self.columns, self.settled)
        return joint.told(self.settled).present


@pytest.mark.parametrize(
    "asked", [{}, {"condition": "hypokalaemia", "threshold": 0.3}, {"condition": "dehydration"}]
)
def test_every_number_that_can_tip_is_told(asked, patient):
    """A number is told if, and only if, some value of it reaches the goal."""
    reasoner, _, evidence = patient
    bench, now = Bench.of(reasoner, evidence), believed(reasoner, evidence)
    if asked == {"condition": "dehydration"}:  # or another, where it comes first already
        ids = [row.id for row in reasoner.knowledge.condition]
        asked = {"condition": next(name for name in ids[2:] if name != ids[now.present.argmax()])}
    found = what_would_change(reasoner, evidence, **asked)
    asked = {"threshold": None, "condition": None, **asked}
    goal = Goal.of(reasoner, evidence, now, **asked)
    told_of = {one.number.of: one for one in found.numbers if one.number.kind != "leak"}
    for one in variations(bench, range(5))[0]:
        if not one.line or one.number.kind == "leak":
            continue

        def reached(x, one=one):
            joint = one.at(x)
            margins = goal.margins(joint.present, joint.absent, goal.field.open)
            return bool(goal.reached(margins))

        some = any(reached(x) for x in np.linspace(1e-6, 1 - 1e-6, 201))
        assert some == (one.number.of in told_of)
        if some:
            tip = told_of[one.number.of]
            back = 1e-6 * (one.x - tip.to)
            assert reached(tip.to - back)
            assert not reached(tip.to + back)


@pytest.mark.parametrize("place", [0, 1])
def test_numbers_vary_as_the_table_does(place, networks):
    """For other values of a number the posterior is that of tables with them, solved again."""
    reasoner, _ = networks[place]
    evidence = read_evidence({**CELLS[place], "diabetes": "present"}, reasoner.vocabulary)
    bench = Bench.of(reasoner, evidence)
    varied, left = variations(bench, range(5), kinds=KINDS)
    assert left == ()
    assert {"link", "leak", "grade", *SOLVED_AGAIN} <= {one.number.kind for one in varied}
    assert {one.number.kind for one in variations(bench, range(5))[0]} <= set(USUAL)
    truth = Varied(reasoner, evidence)
    rng = np.random.default_rng(7)
    for kind in KINDS:
        chosen = [one for one in varied if one.number.kind == kind]
        for at in rng.permutation(len(chosen))[:3]:
            one = chosen[at]
            low, high = (
                (one.step(end) for end in (1e-3, 0.999)) if one.line else map(one.step, one.ends)
            )
            other = one.back(low + (high - low) * rng.uniform(0.05, 0.95))
            close = 1e-9 if one.line else 1e-5
            assert one.at(other).probability == EXACT(truth.told(one.number, other), abs=close)


def test_a_context_denied_tells_of_a_base_rate(networks):
    """With the table kept, a higher rate for a context means a lower one without it."""
    reasoner, _ = networks[0]
    evidence = read_evidence({**CELLS[0], "diuretic": "absent"}, reasoner.vocabulary)
    varied, _ = variations(Bench.of(reasoner, evidence), range(5))
    one = next(one for one in varied if one.number.of == ("diuretic", "hypokalaemia"))
    at = reasoner.knowledge.condition_index["hypokalaemia"]
    now, higher = (one.at(value).probability[at] for value in (one.x, 2 * one.x))
    assert higher < now - 1e-3
    truth = Varied(reasoner, evidence).told(one.number, 2 * one.x)
    assert higher == EXACT(truth[at], abs=1e-5)


def test_where_no_base_rates_are_nothing_is_said(networks):
    """A value whose table has no base rates ends the range, and is not taken for an answer."""
    reasoner, _ = networks[0]
    evidence = read_evidence(CELLS[0], reasoner.vocabulary)
    varied, _ = variations(Bench.of(reasoner, evidence), range(5), kinds=("pretest", "unnamed"))
    for one in varied:
        low, high = one.ends
        assert low < one.x < high
        for end in (low, high):
            assert np.isfinite(one.at(end).probability).all()
    one = next(one for one in varied if one.number.kind == "unnamed")
    with pytest.raises(NoSolutionError):
        one.at(0.999)
    found, left = each(lambda one: one.at(0.999), [one], lambda one: one.number, None, None)
    assert (found, left) == ((), ((one.number, "no_solution"),))


def test_impossible_evidence_tips_nothing(networks):
    """A root where what is known would be all but impossible is none, nor is one next to 0 or 1."""
    reasoner, _ = networks[0]
    cells = {**CELLS[0], "back_pain": "absent", "muscle_cramps": "absent"}
    evidence = read_evidence(cells, reasoner.vocabulary)
    for condition in ("hypomagnesaemia", "hypokalaemia"):
        for one in what_would_change(reasoner, evidence, condition=condition).numbers:
            assert one.size < 20
            assert 0 < one.first_probability <= 1


def test_slopes_equal_finite_differences(networks):
    """A slope is the change of the log odds for a small step, by tables with both values."""
    reasoner, _ = networks[1]
    evidence = read_evidence(CELLS[0], reasoner.vocabulary)
    found = leans_on(reasoner, evidence, first=100)
    truth = Varied(reasoner, evidence)
    leader = [row.id for row in reasoner.knowledge.condition].index(found.leader)
    moved = [one.moved for one in found.all]
    assert moved == sorted(moved, reverse=True)
    for kind in KINDS:
        for one in [one for one in found.all if one.number.kind == kind][:3]:
            x = one.number.coordinate(one.number.value)
            odds = []
            for sign in (-1, 1):
                p = truth.told(one.number, one.number.at_coordinate(x + sign * STEP))[leader]
                odds.append(math.log(p / (1 - p)))
            close = 1e-6 if kind in LINES else 1e-3
            assert one.slope == EXACT((odds[1] - odds[0]) / (2 * STEP), abs=close)


def test_a_lean_moves_as_far_as_its_farther_shift(networks):
    """The order of numbers is by how far one word moves the log odds of the leader."""
    reasoner, _ = networks[0]
    evidence = read_evidence(CELLS[0], reasoner.vocabulary)
    found = leans_on(reasoner, evidence, first=100)

    def odds(p):
        return math.log(p / (1 - p))

    now = odds(found.leader_probability)
    for one in found.all:
        shifts = [shift for shift in (one.lower, one.higher) if shift]
        farthest = max(abs(odds(shift.leader_probability) - now) for shift in shifts)
        assert one.moved == EXACT(farthest, abs=1e-9)


@pytest.mark.parametrize("place", [0, 1, 3])
def test_numbers_tip_where_the_table_does(place, networks):
    """At the value told the leader and the other stand level; short of it the leader leads."""
    reasoner, _ = networks[place]
    evidence = read_evidence(CELLS[place], reasoner.vocabulary)
    found = what_would_change(reasoner, evidence)
    truth = Varied(reasoner, evidence)
    ids = [row.id for row in reasoner.knowledge.condition]
    leader = ids.index(found.leader)
    sizes = [one.size for one in found.numbers]
    assert sizes == sorted(sizes)
    for one in found.numbers[:12]:
        close = 1e-9 if one.number.kind in LINES else 1e-5
        at = truth.told(one.number, one.to)
        assert at[leader] == EXACT(at[ids.index(one.first)], abs=close)
        assert at[leader] == EXACT(one.leader_probability, abs=close)
        for part, leads in ((0.99, True), (1.01, False)):
            value = one.number.value + part * (one.to - one.number.value)
            if 0 < value < 1:
                assert (first(truth.told(one.number, value), evidence, reasoner) == leader) == leads
    # and a number that is not told does not tip: at 0 and 1 the same condition leads
    bench = Bench.of(reasoner, evidence)
    goal = Goal.of(reasoner, evidence, believed(reasoner, evidence), threshold=None, condition=None)
    told_of = {one.number for one in found.numbers}
    quiet = [
        one for one in variations(bench, range(5))[0] if one.line and one.number not in told_of
    ]
    for one in quiet:
        for x in (1e-9, 0.5, 1 - 1e-9):
            joint = one.at(x)
            margins = goal.margins(joint.present, joint.absent, goal.field.open)
            assert not goal.reached(margins)


def test_a_number_that_tips_both_ways_tells_the_nearer(networks):
    """Where a number more and a number less both change the leader, the smaller change is told."""
    reasoner = shaken(networks[0][0], TIPS_BOTH_WAYS)
    names = ("potassium_low", "muscle_cramps", "back_pain")
    cells = {**dict.fromkeys(names, "present"), "age": "50", "sex": "male"}
    evidence = read_evidence(cells, reasoner.vocabulary)
    numbers = what_would_change(reasoner, evidence).numbers
    assert len({one.number for one in numbers}) == len(numbers)
    bench, now = Bench.of(reasoner, evidence), believed(reasoner, evidence)
    goal = Goal.of(reasoner, evidence, now, threshold=None, condition=None)
    of = ("lumbar_disc_radiculopathy", "muscle_cramps")
    varied = next(one for one in variations(bench, range(5), kinds=LINES)[0] if one.number.of == of)
    low, high = sorted(tipping._on_line(varied, goal))
    assert low < varied.x < high
    leaders = [
        first(varied.at(value).probability, evidence, reasoner)
        for value in (varied.x, 0.99 * low, 1.001 * high)
    ]
    assert leaders[0] not in leaders[1:]
    told_of = next(one for one in numbers if one.number.of == of)
    sizes = [abs(varied.step(value) - varied.step(varied.x)) for value in (low, high)]
    assert told_of.size == EXACT(min(sizes))


def test_a_pretest_row_tips_when_it_is_changed(networks):
    """Base rates at which the leader changes are found to a millionth, from both sides."""
    reasoner, _ = networks[0]
    evidence = read_evidence(CELLS[0], reasoner.vocabulary)
    rows = [
        one for one in what_would_change(reasoner, evidence).numbers if one.number.kind == "pretest"
    ]
    assert rows
    for one in rows:
        assert one.leader_probability == EXACT(one.first_probability, abs=1e-6)
        assert one.number.value == EXACT(
            reasoner.parameters.pretest[
                [row.id for row in reasoner.knowledge.condition].index(one.number.of[0])
            ],
            abs=1e-9,
        )
        raised = one.to > one.number.value
        assert raised == (one.number.of[0] == one.first)
