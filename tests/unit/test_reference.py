"""Building the reference network: chains, what is left out, and what is refused."""

import re

import numpy as np
import pytest

from model.reference import as_pgmpy, generic_names, names_of, network_nodes, reference_network
from model.reference_nodes import (
    BINARY,
    Node,
    ancestors,
    chain,
    check,
    either,
    raised,
    switched,
    without_idle_parents,
)
from tests.oracle.shipped import shipped
from tests.oracle.small import random_net

COIN = Node("coin", BINARY, (), np.array([0.5, 0.5]))


def test_a_chain_takes_the_larger_value():
    """What came before stays unless a cause adds something higher."""
    table = raised(np.array([0.2, 0.3, 0.5]))
    assert table[:, 0] == pytest.approx([0.2, 0.3, 0.5])
    assert table[:, 1] == pytest.approx([0.0, 0.5, 0.5])
    assert table[:, 2] == pytest.approx([0.0, 0.0, 1.0])


def test_a_chain_of_two_is_a_noisy_or():
    """P(absent) is the product of what each cause leaves."""
    first, last = chain("finding", BINARY, [switched("a", (0.7, 0.3)), switched("b", (0.4, 0.6))])
    assert (first.name, last.name) == ("finding__upto_a", "finding")
    absent = np.einsum("pa,pb->ab", first.table, last.table[0])
    assert absent == pytest.approx(np.array([[1.0, 0.4], [0.7, 0.28]]))


def test_a_deterministic_or_needs_one_member():
    """An OR is present when any member is."""
    (only,) = either("group", ["coin"])
    assert (only.table == np.eye(2)).all()


def test_nothing_causes_nothing():
    """A variable without a cause is surely at its lowest value."""
    (node,) = chain("finding", ("low", "high"), [])
    assert node.table.tolist() == [1.0, 0.0]


def test_parents_that_change_nothing_are_dropped():
    """Age is no parent of a leak that is the same at every age."""
    table = np.array([[[0.1, 0.1], [0.6, 0.6]], [[0.9, 0.9], [0.4, 0.4]]])
    node = without_idle_parents(Node("leak", BINARY, ("coin", "age"), table))
    assert node.parents == ("coin",)
    assert node.table.tolist() == [[0.1, 0.6], [0.9, 0.4]]


def test_ancestors_are_all_that_matters():
    """What bears on nothing asked for is left out."""
    nodes = [COIN, *either("copy", ["coin"]), *either("other", ["coin"])]
    assert [node.name for node in ancestors(nodes, {"copy"})] == ["coin", "copy"]
    with pytest.raises(KeyError, match="nowhere"):
        ancestors(nodes, {"nowhere"})


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([COIN, COIN], "two nodes are called coin"),
        (either("copy", ["coin"]), "stands before one of its parents"),
        ([COIN, Node("bad", BINARY, ("coin",), np.array([0.5, 0.5]))], "has the shape"),
        ([Node("bad", BINARY, (), np.array([0.5, 0.501]))], "is not a distribution"),
        ([Node("bad", BINARY, (), np.array([1.5, -0.5]))], "is not a distribution"),
        ([Node("bad", BINARY, (), np.array([np.nan, 1.0]))], "is not a distribution"),
    ],
)
def test_what_is_no_network_is_refused(nodes, message):
    """Mistakes that pgmpy would let pass, or report badly, name the node."""
    with pytest.raises(ValueError, match=message):
        check(nodes)


def test_shipped_network_has_the_vocabulary_for_names():
    """Every item is a node under its own id, names suit BIF, and no table is large."""
    ours = shipped()
    names = ours.names
    nodes = {
        node.name: node for node in network_nodes(ours.net, names, order=ours.parameters.order)
    }
    groups = [name for name, _ in names.group]
    expected = {"age", "sex", "complaint", "unnamed_cause", "any_condition", *groups}
    assert expected | {*names.condition, *names.context, *names.finding} <= set(nodes)
    assert all(re.fullmatch("[a-z][a-z0-9_]*", name) for name in nodes)
    assert all(re.fullmatch("[a-z][a-z0-9_]*", s) for node in nodes.values() for s in node.states)
    assert max(node.table.size for node in nodes.values()) <= 64
    for name, values in zip(names.finding, names.values, strict=True):
        assert nodes[name].states == values


def test_groups_can_be_left_out():
    """Categories and sites are only built when wanted."""
    ours = shipped()
    order = ours.parameters.order
    nodes = {node.name for node in network_nodes(ours.net, ours.names, order=order, groups=False)}
    assert not any(name.startswith(("category_", "site_")) for name in nodes)


def test_pgmpy_accepts_the_network():
    """The pgmpy network has the nodes, edges and tables of the plain one."""
    net = random_net(np.random.default_rng(5))
    nodes = network_nodes(net, generic_names(net))
    network = reference_network(net, generic_names(net))
    assert set(network.nodes()) == {node.name for node in nodes}
    for node in nodes:
        table = network.get_cpds(node.name)
        assert table.variables == [node.name, *node.parents]
        assert table.state_names[node.name] == list(node.states)
        assert (table.values == node.table).all()
    assert as_pgmpy(nodes, "other").name == "other"


def test_names_follow_the_knowledge_base():
    """Age bands get a letter in front, since BIF wants one."""
    names = names_of(shipped().knowledge)
    assert all(name.startswith("age_") for name in names.age)
    assert len(set(names.finding)) == len(names.values)
