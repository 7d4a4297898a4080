"""Intervals against brute force, drawn sets against their own tables, coverage by simulation."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest

from model.engine import Engine, asked_of, blank_case, net_of, single
from model.evidence import read_evidence
from model.kernel import DONE, Net
from model.reasoner import build_reasoner
from model.reasons.doubt import doubt, drawn_answers
from model.reasons.draws import BLOCK, drawn, one_set, parameter_sets, sureness_of
from model.simulate import patients
from tests.oracle.small import brute_force, random_net
from tests.oracle.small_base import Small, small_base

CELLS = {
    "plain": {"age": "70", "onset": "sudden", "foot_drop": "present"},
    "unknown_age": {"muscle_cramps": "present", "distal_weakness": "absent", "diabetes": "present"},
    "soft": {"laterality": "both_legs", "soft": {"potassium_low": 6.0}, "stroke": "absent"},
}

#: Draws that brute force can follow.
FEW = 8


@pytest.fixture(scope="module", autouse=True)
def _store(tmp_path_factory):
    """Drawn sets are kept in a folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARESIS_CACHE_DIR", str(tmp_path_factory.mktemp("store")))
        yield


@pytest.fixture(scope="module")
def small() -> Small:
    """Five conditions, three contexts, ten findings."""
    return small_base()


@pytest.mark.parametrize("name", CELLS)
def test_intervals_equal_brute_force(small, name):
    """Points and shares are those of the joint distribution summed anew for every set."""
    reasoner = small.reasoner
    evidence = read_evidence(CELLS[name], reasoner.vocabulary)
    case = small.case(evidence)
    sureness = sureness_of(reasoner.knowledge, reasoner.parameters)
    truth = []
    for number in range(FEW):
        solved, _ = one_set(reasoner.knowledge, reasoner.parameters, sureness, number)
        truth.append(brute_force(net_of(solved), case))
    present = np.array([one["condition"] for one in truth])
    found = doubt(reasoner, evidence, draws=FEW)
    assert found.draws == FEW

    def points(values):
        return np.quantile(values, (0.05, 0.5, 0.95), axis=0).T

    ours = [(one.low, one.median, one.high) for one in found.conditions]
    assert np.array(ours) == pytest.approx(points(present), abs=1e-9)
    nothing = points(np.array([one["unexplained"] for one in truth]))
    one = found.unexplained
    assert [one.low, one.median, one.high] == pytest.approx(nothing, abs=1e-9)
    free = np.flatnonzero(case.condition < 0)
    order = free[np.argsort(-present[:, free], axis=1)]
    for place in free:
        assert found.conditions[place].first == np.mean(order[:, 0] == place)
        assert found.conditions[place].first_three == np.mean((order[:, :3] == place).any(axis=1))


def _shaken(net: Net, rng: np.random.Generator) -> Net:
    """Other numbers in the same places; some contexts lose their bearing altogether."""

    def times(array, low, high):
        return array * rng.uniform(low, high, array.shape)

    row = np.where(net.row < 1, times(net.row, 0.5, 1.5), net.row)
    return net._replace(
        strength=times(net.strength, 0.1, 1.1),
        row=row / row.sum(axis=2, keepdims=True).clip(1e-300),
        excess=times(net.excess, 0, 2) * (rng.random(net.excess.shape) < 0.8),
        cause=times(net.cause, 0.1, 1.5),
        rate=times(net.rate, 0.2, 2),
        context_prior=times(net.context_prior, 0.5, 1.5),
        unnamed_prior=net.unnamed_prior * float(rng.uniform(0.5, 1.5)),
    )


@pytest.mark.parametrize("seed", range(12))
def test_other_numbers_need_no_other_graph(seed):
    """With the graph of one network every other in the same places is answered exactly."""
    rng = np.random.default_rng(seed)
    base = random_net(rng)
    count = base.rate.size
    groups = np.ones((1, count), bool)
    groups[0, -1] = False
    engine = Engine(base, np.array([np.arange(count)]), groups)
    case = blank_case(base)
    for f in range(base.parent.size):
        if base.parent[f] < 0:
            case.finding[f] = rng.integers(-1, base.grades[f])
    nets = [_shaken(base, rng) for _ in range(4)]
    found = drawn_answers(engine, nets.__getitem__, len(nets), single(case), asked_of())
    assert (found.state == DONE).all()
    for row, net in enumerate(nets):
        truth = brute_force(net, case)
        assert found.present[row] == pytest.approx(truth["condition"], abs=1e-9)
        assert found.unexplained[row] == pytest.approx(truth["unexplained"], abs=1e-9)
        assert found.group[row, 0] == pytest.approx(truth["group"][0], abs=1e-9)


@pytest.mark.parametrize("basis", ["all", "documents"])
def test_a_solved_set_gives_back_its_own_table(reasoner, knowledge, basis):
    """Given the complaint alone the engine says the set's own rows, and every prevalence."""
    own = reasoner if basis == "all" else build_reasoner(knowledge, basis=basis)
    base = own.parameters
    sureness = sureness_of(knowledge, base)
    for number in (0, 1, 2):
        solved, again = one_set(knowledge, base, sureness, number)
        net = net_of(solved)
        found = Engine(net, own.engine.orders, own.engine.groups).posterior(
            blank_case(net), contexts=True
        )
        assert found.condition == pytest.approx(solved.pretest, rel=1e-9)
        assert found.unexplained == pytest.approx(solved.unnamed_pretest, rel=1e-9)
        assert found.age == pytest.approx(base.age, rel=1e-9)
        assert found.sex == pytest.approx(base.sex, rel=1e-9)
        implied = base.structure.implied
        given = np.where(implied >= 0, found.context[implied], 1.0)
        assert found.context / given == pytest.approx(base.prevalence, rel=1e-9)
        # the rows are those that were drawn, all multiplied by one factor
        seed = _seed(knowledge, base, number, again)
        rows = drawn(base, sureness, np.random.default_rng(seed)).pretest
        assert found.condition / rows == pytest.approx(
            np.full(len(rows), base.complaint / solved.complaint), rel=1e-9
        )


def _seed(knowledge, parameters, number, attempt):
    """The seed as the documentation states it."""
    name = f"{knowledge.digest} {parameters.setting} {parameters.basis}"
    words = np.frombuffer(hashlib.sha256(name.encode()).digest(), np.uint32)
    return [*words, number, attempt]


def test_a_stored_set_is_the_set_that_was_solved(small):
    """Packed, stored, read and unpacked, a set is the network it was."""
    reasoner = small.reasoner
    knowledge, base = reasoner.knowledge, reasoner.parameters
    sureness = sureness_of(knowledge, base)
    for _ in range(2):  # made, then read
        sets = parameter_sets(knowledge, base, BLOCK)
        for number in (0, BLOCK - 1):
            wanted = net_of(one_set(knowledge, base, sureness, number)[0])
            for name, value in wanted._asdict().items():
                assert np.all(getattr(sets.net(number), name) == value), name


def test_intervals_cover_what_they_should(small):
    """Numbers drawn apart from the stored ones fall inside nine times in ten.

    Each of many further sets is taken for the truth in turn; its patients are simulated, and its
    own posteriors are looked up in the intervals of all the other draws. Posteriors of one set go
    together, so the standard error is taken between sets.
    """
    reasoner, truths, each = small.reasoner, 150, 6
    knowledge, base = reasoner.knowledge, reasoner.parameters
    sureness, engine = sureness_of(knowledge, base), reasoner.engine
    sets = parameter_sets(knowledge, base, 500)
    rng = np.random.default_rng(8)
    people = patients(engine.net, each * 4, rng)
    cases = []
    for n in range(each):
        seen = rng.random(people.finding.shape[1]) < 0.5
        finding = np.where((people.finding[n] > 0) | seen, people.finding[n], -1)
        cases.append(
            blank_case(engine.net)._replace(
                finding=finding.astype(np.int8), context=people.context[n], band=int(people.band[n])
            )
        )
    points = []
    for case in cases:
        found = drawn_answers(engine, sets.net, len(sets), single(case), asked_of())
        values = np.column_stack([found.present, found.unexplained])
        points.append(np.quantile(values, (0.05, 0.95), axis=0))
    inside = np.zeros((truths, each))
    for truth in range(truths):
        solved, _ = one_set(knowledge, base, sureness, 100_000 + truth)
        own = Engine(net_of(solved), engine.orders, engine.groups)
        for n, case in enumerate(cases):
            here = own.posterior(case)
            values = np.append(here.condition, here.unexplained)
            inside[truth, n] = ((values >= points[n][0]) & (values <= points[n][1])).mean()
    by_truth = inside.mean(axis=1)
    error = by_truth.std(ddof=1) / math.sqrt(truths)
    assert error < 0.02
    # the points themselves rest on 500 draws, which adds about as much again
    assert by_truth.mean() == pytest.approx(0.9, abs=3.5 * math.hypot(error, 0.01))
