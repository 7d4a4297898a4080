"""Nodes of a discrete network as plain values, and the chains that keep their tables small.

A noisy-OR (or noisy-MAX) of forty causes would need a table of 2^40 columns. Written as a chain, in
which each link takes the larger of what came before and of what one more cause adds, it needs forty
tables of eight entries. The order of the causes does not change the distribution, but decides
whether a general tool can query it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from model.parameters import Floats

BINARY = ("absent", "present")

#: A column of a table may miss 1 by this much (rounding of the last digits).
SUM_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Node:
    """One variable and its table.

    Attributes:
        name: `[a-z][a-z0-9_]*`.
        states: from absent, or the lowest grade, upwards.
        parents: names, in the order of the table's axes.
        table: (states, *states of each parent) P(state | parents).
    """

    name: str
    states: tuple[str, ...]
    parents: tuple[str, ...]
    table: Floats


@dataclass(frozen=True)
class Cause:
    """What one cause does to one variable: P(value it produces | its triggers).

    Attributes:
        name: says who it is, in node names.
        triggers: the nodes that switch it on, in the order of the table's axes.
        table: (states of the variable, *states of each trigger).
    """

    name: str
    triggers: tuple[str, ...]
    table: Floats


def raised(own: Floats) -> Floats:
    """The table of the larger of what came before and of `own`.

    Args:
        own: (states, *triggers) the distribution of one cause's value.

    Returns:
        (states, states before, *triggers)

    >>> raised(np.array([[1.0, 0.7], [0.0, 0.3]]))[1]
    array([[0. , 0.3],
           [1. , 1. ]])
    """
    count = own.shape[0]
    result = np.zeros((count, count, *own.shape[1:]))
    for before in range(count):
        for value in range(count):
            result[max(before, value), before] += own[value]
    return result


def without_idle_parents(node: Node) -> Node:
    """Drop the parents whose value changes nothing (age, where every band has the same leak)."""
    table, kept = node.table, list(node.parents)
    for name in node.parents:
        axis = kept.index(name) + 1
        if (table == np.take(table, [0], axis=axis)).all():
            table = np.take(table, 0, axis=axis)
            kept.remove(name)
    return Node(node.name, node.states, tuple(kept), np.ascontiguousarray(table))


def chain(name: str, states: Sequence[str], causes: Sequence[Cause]) -> list[Node]:
    """The variable `name` as the largest value any of its causes produces.

    Links are called `<name>__upto_<cause>`; the last one is `name` itself.
    """
    if not causes:
        table = np.zeros(len(states))
        table[0] = 1.0
        return [Node(name, tuple(states), (), table)]
    nodes: list[Node] = []
    for place, cause in enumerate(causes):
        title = name if place == len(causes) - 1 else f"{name}__upto_{cause.name}"
        if nodes:
            parents, table = (nodes[-1].name, *cause.triggers), raised(cause.table)
        else:
            parents, table = cause.triggers, cause.table
        nodes.append(without_idle_parents(Node(title, tuple(states), parents, table)))
    return nodes


def switched(cause: str, chance: Sequence[float] | Floats) -> Cause:
    """A binary cause that, when present, produces value v with probability chance[v]."""
    table = np.zeros((len(chance), 2))
    table[0, 0] = 1.0
    table[:, 1] = chance
    return Cause(cause, (cause,), table)


def either(name: str, members: Iterable[str]) -> list[Node]:
    """A deterministic OR of binary nodes."""
    return chain(name, BINARY, [switched(member, (0.0, 1.0)) for member in members])


def ancestors(nodes: Sequence[Node], wanted: Iterable[str]) -> tuple[Node, ...]:
    """The nodes wanted and all they depend on, in the order given.

    Raises:
        KeyError: naming what is wanted and not there.
    """
    named = {node.name: node for node in nodes}
    kept: set[str] = set()
    left = list(wanted)
    while left:
        name = left.pop()
        if name not in kept:
            kept.add(name)
            left.extend(named[name].parents)
    return tuple(node for node in nodes if node.name in kept)


def check(nodes: Sequence[Node]) -> None:
    """Hold what pgmpy's `check_model` is lax about (it lets columns miss 1 by 0.01).

    Raises:
        ValueError: naming the node: its name is taken, its parents do not stand before it, its
            table has the wrong shape, or a column is not a distribution.
    """
    seen: dict[str, int] = {}
    for node in nodes:
        if node.name in seen:
            raise ValueError(f"two nodes are called {node.name}")
        if any(parent not in seen for parent in node.parents):
            raise ValueError(f"{node.name} stands before one of its parents {node.parents}")
        if node.table.shape != (len(node.states), *(seen[parent] for parent in node.parents)):
            raise ValueError(f"the table of {node.name} has the shape {node.table.shape}")
        off = np.abs(node.table.sum(axis=0) - 1.0).max()
        if not (off <= SUM_TOLERANCE and node.table.min() >= 0.0):
            raise ValueError(f"a column of {node.name} is not a distribution (off by {off:.3g})")
        seen[node.name] = len(node.states)
