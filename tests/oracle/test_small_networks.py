"""Random small networks: the engine against brute force, pgmpy and pyAgrum, to 1e-9.

Set PARESIS_EXAMPLES for a longer run than the handful done by default.
"""

import math
import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluation.benchmarks.networks import Pgmpy, PyAgrum, known_weight, question
from model.engine import Engine, blank_case
from model.kernel import Case, Net
from model.reference import ANY, generic_names, reference_network
from tests.oracle.small import brute_force, consistent, random_net

EXAMPLES = int(os.environ.get("PARESIS_EXAMPLES", "0"))
TOLERANCE = 1e-9

few = settings(
    derandomize=not EXAMPLES,
    max_examples=EXAMPLES or 40,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
many = settings(few, max_examples=EXAMPLES or 300)


@st.composite
def networks(draw) -> Net:
    """A small network; in some, children of a graded finding hang under its lowest grade too."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    net = random_net(rng, conditions=draw(st.integers(2, 4)))
    if draw(st.booleans()):
        graded_parent = (net.parent >= 0) & (net.graded[net.parent] >= 0)
        net = net._replace(reach=np.where(graded_parent, net.reach | 1, net.reach))
    return net


def _likelihoods(draw, count: int) -> list[float]:
    return draw(st.lists(st.floats(0.05, 1.0), min_size=count, max_size=count))


@st.composite
def cases(draw, net: Net) -> Case:
    """Evidence of every kind, free of contradictions."""
    findings, conditions, contexts = net.parent.size, net.rate.size, net.context_prior.size
    codes = [draw(st.integers(-1, int(net.grades[f]) - 1)) for f in range(findings)]
    soft = [draw(st.integers(0, 3)) == 0 for _ in range(findings)]
    codes = [-1 if soft[f] else codes[f] for f in range(findings)]
    codes = consistent(net, consistent(net, codes))
    is_soft = np.array([soft[f] and codes[f] < 0 for f in range(findings)], np.int8)
    soft_finding = np.ones((findings, net.row.shape[2]))
    for f in np.flatnonzero(is_soft):
        soft_finding[f, : net.grades[f]] = _likelihoods(draw, int(net.grades[f]))
    context = np.array([draw(st.sampled_from((-1, -1, 0, 1))) for _ in range(contexts)], np.int8)
    for k in np.flatnonzero(net.implied >= 0):
        if context[k] == 1:
            context[net.implied[k]] = 1
        if context[net.implied[k]] == 0:
            context[k] = 0
    soft_context = np.ones((contexts, 2))
    for k in np.flatnonzero(context < 0):
        if draw(st.integers(0, 2)) == 0:
            soft_context[k] = _likelihoods(draw, 2)
    condition = np.array(
        [draw(st.sampled_from((-1, -1, -1, 0, 1))) for _ in range(conditions)], np.int8
    )
    soft_condition = np.ones((conditions, 2))
    for i in np.flatnonzero(condition < 0):
        if draw(st.integers(0, 4)) == 0:
            soft_condition[i] = _likelihoods(draw, 2)
    return blank_case(net)._replace(
        finding=np.array(codes, np.int8),
        is_soft=is_soft,
        soft_finding=soft_finding,
        context=context,
        soft_context=soft_context,
        condition=condition,
        soft_condition=soft_condition,
        band=draw(st.integers(-1, net.age_prior.size - 1)),
        sex=draw(st.integers(-1, 1)),
    )


@st.composite
def problems(draw) -> tuple[Net, Case]:
    """A network and evidence for it."""
    net = draw(networks())
    return net, draw(cases(net))


def engine_of(net: Net) -> Engine:
    """An engine with one order, causes first, and two groups."""
    count = net.rate.size
    groups = np.zeros((2, count), bool)
    groups[0, :2] = groups[1, 1:] = True
    return Engine(net, np.array([np.arange(count)]), groups)


@many
@given(problems())
def test_engine_equals_brute_force(problem):
    """Every posterior and P(evidence) equal the sums over the whole joint distribution."""
    net, case = problem
    truth = brute_force(net, case)
    for contexts in (False, True):
        ours = engine_of(net).posterior(case, contexts=contexts)
        assert ours.condition == pytest.approx(truth["condition"], abs=TOLERANCE)
        assert ours.without == pytest.approx(1 - truth["condition"], abs=TOLERANCE)
        assert ours.group == pytest.approx(truth["group"], abs=TOLERANCE)
        assert ours.age == pytest.approx(truth["age"], abs=TOLERANCE)
        assert ours.sex == pytest.approx(truth["sex"], abs=TOLERANCE)
        assert ours.unexplained == pytest.approx(truth["unexplained"], abs=TOLERANCE)
        if contexts:
            assert ours.context == pytest.approx(truth["context"], abs=TOLERANCE)
        # brute force counts the prior of known contexts, but not that of known age and sex
        unseen = case._replace(band=-1, sex=-1)
        expected = math.log(truth["total"]) - math.log(known_weight(net, unseen))
        assert ours.log_probability == pytest.approx(expected, abs=TOLERANCE)
    assert engine_of(net).log_probability(case) == pytest.approx(expected, abs=TOLERANCE)


@few
@given(problems())
def test_engine_equals_pgmpy_and_pyagrum(problem):
    """The reference network gives the engine's answers in two libraries that know nothing of it."""
    net, case = problem
    ours = engine_of(net).posterior(case, contexts=True)
    names = replace(
        generic_names(net),
        group=(("group_0", (0, 1)), ("group_1", tuple(range(1, net.rate.size)))),
    )
    asked = question(net, names, case, order=range(net.rate.size), asked=("group_0", "group_1"))
    weight = math.log(known_weight(net, case))
    for theirs in (Pgmpy(asked), PyAgrum(asked)):
        for i, name in enumerate(names.condition):
            assert theirs.posterior(name)[1] == pytest.approx(ours.condition[i], abs=TOLERANCE)
        for k, name in enumerate(names.context):
            assert theirs.posterior(name)[1] == pytest.approx(ours.context[k], abs=TOLERANCE)
        for m, (name, _) in enumerate(names.group):
            assert theirs.posterior(name)[1] == pytest.approx(ours.group[m], abs=TOLERANCE)
        assert theirs.posterior(ANY)[0] == pytest.approx(ours.unexplained, abs=TOLERANCE)
        assert theirs.posterior("age") == pytest.approx(ours.age, abs=TOLERANCE)
        assert theirs.posterior("sex") == pytest.approx(ours.sex, abs=TOLERANCE)
        both = theirs.log_probability()
        assert both == pytest.approx(ours.log_probability + weight, abs=TOLERANCE)


@few
@given(problems(), st.randoms(use_true_random=False))
def test_order_does_not_change_the_answer(problem, random):
    """Any order of the conditions in which causes come first gives the same posteriors."""
    net, case = problem
    order = list(range(net.rate.size))
    random.shuffle(order)
    # causes run from lower to higher numbers: sort those that take part, leave the others shuffled
    linked = [i for i in order if net.cause[i].any() or net.cause[:, i].any()]
    places = [order.index(i) for i in linked]
    for place, i in zip(sorted(places), sorted(linked), strict=True):
        order[place] = i
    engine = engine_of(net)
    other = replace(engine, orders=np.array([order]))
    first, second = (one.posterior(case, contexts=True) for one in (engine, other))
    assert first.condition == pytest.approx(second.condition, abs=1e-12)
    assert first.context == pytest.approx(second.context, abs=1e-12)
    assert first.group == pytest.approx(second.group, abs=1e-12)
    assert first.log_probability == pytest.approx(second.log_probability, abs=1e-12)


@few
@given(networks())
def test_order_of_the_chains_does_not_change_the_network(net):
    """Chains in another order are other tables of the same distribution."""
    names = generic_names(net)
    case = blank_case(net)._replace(
        finding=np.array(consistent(net, [1] * net.parent.size), np.int8)
    )
    orders = list(range(net.rate.size)), list(range(net.rate.size))[::-1]
    if net.cause.any():
        # causes must stand first, so only the conditions between them can move
        orders[1].sort(key=lambda i: (net.cause[i].any() < net.cause[:, i].any(), i))
    first, second = (Pgmpy(question(net, names, case, order=order)) for order in orders)
    for name in names.condition:
        assert first.posterior(name) == pytest.approx(second.posterior(name), abs=1e-12)
    assert first.log_probability() == pytest.approx(second.log_probability(), abs=1e-12)


@few
@given(networks())
def test_pruning_leaves_the_rest_alone(net):
    """A network built for a few items is the whole one with barren nodes left out."""
    names = generic_names(net)
    whole = reference_network(net, names)
    part = reference_network(net, names, only=(names.finding[-1],))
    assert set(names.condition) <= set(part.nodes()) <= set(whole.nodes())
    assert set(part.nodes()) & set(names.finding) < set(whole.nodes()) & set(names.finding)
    for name in names.condition:
        left, right = part.get_cpds(name), whole.get_cpds(name)
        assert left.variables == right.variables
        assert (left.values == right.values).all()
