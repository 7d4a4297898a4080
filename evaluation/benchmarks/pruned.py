"""The smallest network that still answers a case: what a careful user would hand to another tool.

It is the reference network of `model.reference` with five things done that no tool does by itself.
Chains and eliminations follow the order in which the engine passes conditions and contexts.
Families of which nothing is present are no nodes: that a cause shows none of their absent findings
is a likelihood of that cause. What is known of age, sex and contexts is written into the tables. A
link of a chain that only one other node depends on is summed out when that makes no table larger.
And nothing is built that bears neither on a condition nor on the evidence.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from evaluation.benchmarks.exclusion import silent_families
from evaluation.benchmarks.networks import lowest_links, said
from model.kernel import Case, Net
from model.parameters import SEXES, Floats, Ints
from model.reference import COMPLAINT, UNNAMED, Names
from model.reference_findings import Source, family_nodes
from model.reference_nodes import BINARY, Cause, Node, ancestors, chain, check, either, switched


@dataclass(frozen=True)
class Pruned:
    """A case as a small network.

    Attributes:
        nodes: tables, parents before children.
        hard: node -> state.
        soft: node -> likelihood of each of its states.
        conditions: names of the conditions, in the order of the chains.
        elimination: all nodes, in an order that a tool may be given.
        log_constant: to be added to ln P(hard, soft) for ln P(findings, complaint | what is known).
    """

    nodes: tuple[Node, ...]
    hard: dict[str, str]
    soft: dict[str, tuple[float, ...]]
    conditions: tuple[str, ...]
    elimination: tuple[str, ...]
    log_constant: float


@dataclass(frozen=True)
class Tables:
    """A case as a product of tables, to be summed over everything that is not known.

    Attributes:
        tables: (names of the axes, numbers).
        conditions: their names; index 1 is present.
        elimination: all names, in an order that a tool may be given.
        log_constant: as in `Pruned`.
    """

    tables: list[tuple[tuple[str, ...], Floats]]
    conditions: tuple[str, ...]
    elimination: tuple[str, ...]
    log_constant: float


def pruned(net: Net, names: Names, case: Case, order: Sequence[int] | Ints) -> Pruned:
    """Translate a case; `order` is that of all conditions and contexts, causes first."""
    finding, weight = silent_families(net, case)
    told = said(net, names, case._replace(finding=finding))
    findings = {name: told.seen[name] for name in names.finding if name in told.seen}
    soft = {name: np.asarray(values) for name, values in told.soft.items()}
    hard = {**told.known, **told.seen, COMPLAINT: BINARY[1]}
    constant = 0.0
    conditions, contexts = len(names.condition), len(names.context)
    binary = [*names.condition, *names.context, UNNAMED]
    for name, shown in zip(binary, weight, strict=False):
        if name in hard:
            constant += math.log(shown) if hard[name] == BINARY[1] else 0.0
        elif shown != 1.0:
            soft[name] = soft.get(name, np.ones(2)) * [1.0, shown]
    leak = weight[conditions + contexts + 1 :]
    if case.band >= 0:
        constant += math.log(leak[case.band])
    elif (leak != 1.0).any():
        soft["age"] = leak
    wanted = {*hard, *soft, *names.condition}
    nodes: Sequence[Node] = network(net, names, order, {*names.finding} & wanted)
    nodes = ancestors(nodes, wanted)
    hard |= lowest_links(nodes, findings)
    nodes = merged(known(nodes, told.known), {*hard, *soft, *names.condition})
    there = {node.name for node in nodes}
    return Pruned(
        nodes=nodes,
        hard={name: state for name, state in hard.items() if name in there},
        soft={name: tuple(map(float, values)) for name, values in soft.items()},
        conditions=tuple(names.condition[i] for i in order if i < conditions),
        elimination=elimination(nodes, [binary[i] for i in order], names.condition),
        log_constant=constant,
    )


def reduced(asked: Pruned) -> Tables:
    """The same case as tables without any evidence left in them."""
    tables: list[tuple[tuple[str, ...], Floats]] = []
    constant = asked.log_constant
    states = {node.name: node.states for node in asked.nodes}
    for node in asked.nodes:
        axes, table = [node.name, *node.parents], node.table
        for name in [name for name in axes if name in asked.hard]:
            table = np.take(table, states[name].index(asked.hard[name]), axis=axes.index(name))
            axes.remove(name)
        if axes:
            tables.append((tuple(axes), table))
        else:
            constant += math.log(float(table))
    tables += [((name,), np.array(values)) for name, values in asked.soft.items()]
    order = tuple(name for name in asked.elimination if name not in asked.hard)
    return Tables(absorbed(tables), asked.conditions, order, constant)


def absorbed(
    tables: Sequence[tuple[tuple[str, ...], Floats]],
) -> list[tuple[tuple[str, ...], Floats]]:
    """Multiply each table into another one that has all its axes, if there is one."""
    result: list[tuple[tuple[str, ...], Floats]] = []
    for axes, table in sorted(tables, key=lambda one: -len(one[0])):
        for place, (others, product) in enumerate(result):
            if set(axes) <= set(others):
                turned = np.transpose(
                    table, sorted(range(len(axes)), key=lambda n: others.index(axes[n]))
                )
                shape = [
                    size if name in axes else 1
                    for name, size in zip(others, product.shape, strict=True)
                ]
                result[place] = others, product * turned.reshape(shape)
                break
        else:
            result.append((axes, table))
    return result


def network(net: Net, names: Names, order: Sequence[int] | Ints, shown: set[str]) -> list[Node]:
    """The network of all conditions and contexts and the findings shown, chained in this order."""
    conditions, contexts = len(names.condition), len(names.context)
    places = [int(i) for i in order if i < conditions]
    binary = [*names.condition, *names.context]
    nodes = [
        Node("age", names.age, (), net.age_prior),
        Node("sex", SEXES, (), net.sex_prior),
        Node(UNNAMED, BINARY, (), np.array([1.0 - net.unnamed_prior, net.unnamed_prior])),
    ]
    # one that is implied stands first; none that is implied implies another
    for k in sorted(range(contexts), key=lambda k: net.implied[k] >= 0):
        prior = (1.0 - net.context_prior[k], net.context_prior[k])
        if net.implied[k] >= 0:
            nodes += chain(
                names.context[k], BINARY, [switched(names.context[net.implied[k]], prior)]
            )
        else:
            nodes.append(Node(names.context[k], BINARY, (), np.array(prior)))
    for i in places:
        load = net.rate[i] * net.multiplier[:, :, i]
        causes = [Cause("base", ("age", "sex"), np.array([np.exp(-load), -np.expm1(-load)]))]
        for v in map(int, order):
            if v < conditions and net.cause[v, i] > 0:
                causes.append(switched(binary[v], (1.0 - net.cause[v, i], net.cause[v, i])))
            elif v >= conditions and net.excess[v - conditions, i] > 0:
                added = load * net.excess[v - conditions, i]
                table = np.zeros((2, 2, *load.shape))
                table[0, 0] = 1.0
                table[:, 1] = (np.exp(-added), -np.expm1(-added))
                causes.append(Cause(binary[v], (binary[v], "age", "sex"), table))
        nodes += chain(names.condition[i], BINARY, causes)
    nodes += either(COMPLAINT, [UNNAMED, *(names.condition[i] for i in places)])
    sources = [
        Source("leak", tuple(range(conditions + contexts + 1, len(net.strength)))),
        Source(UNNAMED, (conditions + contexts,)),
        *(Source(binary[v], (v,)) for v in map(int, order)),
    ]
    for first, last in zip(net.family_start[:-1], net.family_start[1:], strict=True):
        family: list[int] = []
        kept: set[int] = set()
        for item in map(int, net.family_nodes[first:last][::-1]):
            if item in kept or names.finding[item] in shown:
                kept |= {item, int(net.parent[item])}
                family.insert(0, item)
        nodes += family_nodes(net, family, names.finding, names.values, sources)
    check(nodes)
    return nodes


def elimination(
    nodes: Sequence[Node], vertices: Sequence[str], conditions: Sequence[str]
) -> tuple[str, ...]:
    """An order of elimination that passes the conditions and contexts as the engine does.

    A table is taken up when the last of its vertices is passed, but one of a condition's own chain
    not later than that condition. A node goes as soon as all its tables are taken up; among those
    that go together first the one that was taken up first.
    """
    place = {name: at for at, name in enumerate(vertices)}
    decided: dict[str, int] = {}
    taken: dict[str, int] = {}
    for node in nodes:
        owner = node.name.split("__")[0]
        at = max((decided[name] for name in node.parents), default=-1)
        decided[node.name] = place.get(node.name, at)
        taken[node.name] = min(at, place[owner]) if owner in conditions else decided[node.name]
    for node in reversed(nodes):  # what no vertex decides is taken up with what follows from it
        for name in node.parents:
            if decided[name] < 0:
                taken[name] = (
                    taken[node.name] if taken[name] < 0 else min(taken[name], taken[node.name])
                )
    gone = dict(taken)
    for node in nodes:
        for name in node.parents:
            gone[name] = max(gone[name], taken[node.name])
    names = [node.name for node in reversed(nodes)]
    return tuple(sorted(names, key=lambda name: (gone[name], decided[name])))


def known(nodes: Sequence[Node], states: Mapping[str, str]) -> tuple[Node, ...]:
    """Write what is known into the tables; a known node goes, unless it says something of another.

    The probability of what goes is left out.
    """
    code = {
        node.name: node.states.index(states[node.name]) for node in nodes if node.name in states
    }
    result = []
    for node in nodes:
        parents, table = list(node.parents), node.table
        for name in node.parents:
            if name in code:
                axis = parents.index(name) + 1
                table = np.take(table, code[name], axis=axis)
                del parents[axis - 1]
        if node.name not in code or parents:
            result.append(replace(node, parents=tuple(parents), table=table))
    return tuple(result)


def merged(nodes: Sequence[Node], kept: set[str]) -> tuple[Node, ...]:
    """Sum out nodes with a single child, where the child's new table is no larger than before."""
    children = Counter(name for node in nodes for name in node.parents)
    result: dict[str, Node] = {}
    for node in nodes:
        mine = node
        for name in node.parents:
            other = result.get(name)
            if other is None or name in kept or children[name] != 1:
                continue
            axes = [node.name, *(p for p in mine.parents if p != name)]
            axes += [p for p in other.parents if p not in axes]
            letters = {axis: place for place, axis in enumerate([*axes, name])}
            operands: list[Any] = [
                mine.table,
                [letters[axis] for axis in (node.name, *mine.parents)],
                other.table,
                [letters[axis] for axis in (name, *other.parents)],
                [letters[axis] for axis in axes],
            ]
            table = np.einsum(*operands)
            if table.size <= max(mine.table.size, other.table.size):
                mine = Node(node.name, node.states, tuple(axes[1:]), table)
                del result[name]
        result[node.name] = mine
    return tuple(result.values())
